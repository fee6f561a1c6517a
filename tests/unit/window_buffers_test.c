/*
 * What the window window sends when the host is slow. The host is the other
 * end of a socketpair: it never answers, except for the releases a test writes.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "window_internal.h"
#include "test.h"

struct fixture {
	struct wl_display *display;
	struct wl_registry *registry;
	struct wl_shm *shm;
	int host;
	struct window_buffers buffers;
};

static void fixture_init(struct fixture *fixture)
{
	int ends[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	fixture->host = ends[1];
	fixture->display = wl_display_connect_to_fd(ends[0]);
	fixture->registry = wl_display_get_registry(fixture->display);
	fixture->shm = wl_registry_bind(fixture->registry, 1, &wl_shm_interface, 1);
	window_buffers_init(&fixture->buffers);
}

static void fixture_finish(struct fixture *fixture)
{
	window_buffers_finish(&fixture->buffers);
	wl_shm_destroy(fixture->shm);
	wl_registry_destroy(fixture->registry);
	wl_display_disconnect(fixture->display);
	close(fixture->host);
}

/* The host is done with this frame. */
static void release(struct fixture *fixture, struct window_memory *memory)
{
	uint32_t event[2] = {wl_proxy_get_id((struct wl_proxy *)memory->buffer), 8 << 16};

	CHECK(write(fixture->host, event, sizeof(event)) == sizeof(event));
	CHECK(wl_display_dispatch(fixture->display) == 1);
}

/* A frame whose pixels all are value, with a pitch longer than its rows. */
static bool push(struct fixture *fixture, uint32_t width, uint32_t height, uint32_t value)
{
	static uint32_t pixels[64 * 64];
	struct kms_frame frame = {
		.pixels = (const uint8_t *)pixels, .width = width, .height = height,
		.pitch = (width + 3) * 4,
	};

	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width + 3; x++)
			pixels[y * (width + 3) + x] = x < width ? value : 0xDEADBEEF;
	}
	return window_buffers_push(&fixture->buffers, &frame);
}

static struct window_memory *take(struct fixture *fixture)
{
	return window_buffers_take(&fixture->buffers, fixture->shm);
}

static void check_pixels(const struct window_memory *memory, uint32_t width, uint32_t height,
	uint32_t value)
{
	CHECK(memory != NULL);
	CHECK_INT(memory->width, width);
	CHECK_INT(memory->height, height);
	CHECK(memory->buffer != NULL);
	for (uint32_t i = 0; i < width * height; i++)
		CHECK_INT(((const uint32_t *)memory->pixels)[i], value);
}

TEST(window_newest_frame_wins)
{
	struct fixture fixture;

	fixture_init(&fixture);
	CHECK(take(&fixture) == NULL);
	for (uint32_t value = 1; value <= 5; value++)
		CHECK(push(&fixture, 20, 10, value));
	check_pixels(take(&fixture), 20, 10, 5);
	CHECK(take(&fixture) == NULL);
	fixture_finish(&fixture);
}

TEST(window_host_keeps_buffers)
{
	struct fixture fixture;

	fixture_init(&fixture);
	push(&fixture, 20, 10, 1);
	struct window_memory *first = take(&fixture);
	push(&fixture, 20, 10, 2);
	struct window_memory *second = take(&fixture);
	/* It has two: frames go on coming in, none goes out, what it has stays as it was. */
	for (uint32_t value = 3; value < 100; value++) {
		CHECK(push(&fixture, 20, 10, value));
		CHECK(take(&fixture) == NULL);
	}
	check_pixels(first, 20, 10, 1);
	check_pixels(second, 20, 10, 2);
	release(&fixture, first);
	check_pixels(take(&fixture), 20, 10, 99);
	check_pixels(second, 20, 10, 2);
	fixture_finish(&fixture);
}

TEST(window_size_changes_under_way)
{
	struct fixture fixture;

	fixture_init(&fixture);
	push(&fixture, 20, 10, 1);
	struct window_memory *first = take(&fixture);
	push(&fixture, 20, 10, 2);
	push(&fixture, 8, 30, 3);
	push(&fixture, 8, 30, 4);
	check_pixels(first, 20, 10, 1);
	struct window_memory *second = take(&fixture);
	check_pixels(second, 8, 30, 4);
	release(&fixture, first);
	push(&fixture, 8, 30, 5);
	check_pixels(take(&fixture), 8, 30, 5);
	fixture_finish(&fixture);
}

TEST(window_crtc_off_is_black)
{
	struct fixture fixture;

	fixture_init(&fixture);
	CHECK(!push(&fixture, 0, 0, 0)); /* no size known yet */
	CHECK(take(&fixture) == NULL);
	push(&fixture, 20, 10, 0xFFFFFF);
	CHECK(push(&fixture, 0, 0, 0));
	check_pixels(take(&fixture), 20, 10, 0);
	fixture_finish(&fixture);
}
