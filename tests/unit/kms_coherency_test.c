/*
 * What the display shows of what clients wrote, and when: the CPU's cache in
 * strict mode, tiled objects through the GTT, tiled framebuffers. Pixels are
 * those of a screenshot, which composes what a sink would get.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <i915_drm.h>

#include "gem_domain.h"
#include "gem_view.h"
#include "kms_fixture.h"
#include "kms_sink.h"
#include "test.h"

/* Tiled strides are powers of two. */
enum { PITCH = 4096, BYTES = PITCH * FIXTURE_HEIGHT };

struct screen {
	struct fixture fixture;
	struct gem_object *obj;
	struct kms_framebuffer *fb;
	uint32_t *pixels; /* a client's map */
};

static void screen_init(struct screen *screen, bool strict, enum gem_tiling tiling,
	enum gem_view_kind way)
{
	struct drm_mode_fb_cmd2 cmd = {.width = FIXTURE_WIDTH, .height = FIXTURE_HEIGHT,
		.pixel_format = DRM_FORMAT_XRGB8888, .pitches = {PITCH}};
	struct fixture *fixture = &screen->fixture;
	int fd;

	if (strict)
		fixture_init_strict(fixture);
	else
		fixture_init(fixture);
	CHECK_INT(gem_object_create(&fixture->gem, BYTES, GEM_REGION_SYSTEM, &screen->obj), 0);
	CHECK_INT(gem_object_set_tiling(screen->obj, tiling, PITCH), 0);
	CHECK_INT(gem_handle_create(&fixture->gem_file, screen->obj, &cmd.handles[0]), 0);
	CHECK_INT(kms_framebuffer_create(&fixture->file, &fixture->gem_file, &cmd, &screen->fb), 0);
	CHECK_INT(gem_object_map_fd(screen->obj, way, &fd), 0);
	screen->pixels = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(screen->pixels != MAP_FAILED);
	close(fd);
}

static void screen_finish(struct screen *screen)
{
	munmap(screen->pixels, BYTES);
	kms_object_put(&screen->fb->base);
	gem_object_put(screen->obj);
	fixture_finish(&screen->fixture);
}

static void draw(struct screen *screen, uint32_t color)
{
	for (unsigned i = 0; i < BYTES / 4; i++)
		screen->pixels[i] = color;
}

static void flip(struct screen *screen)
{
	CHECK_INT(fixture_on(&screen->fixture, screen->fb), 0);
}

static uint8_t *screenshot(struct screen *screen)
{
	uint8_t *pixels;
	uint32_t width, height;
	uint64_t sequence;

	CHECK_INT(kms_screenshot(screen->fixture.crtc, &pixels, &width, &height, &sequence), 0);
	CHECK_INT(width, FIXTURE_WIDTH);
	CHECK_INT(height, FIXTURE_HEIGHT);
	return pixels;
}

/* Every pixel of the screen has color. */
static void check_shown(struct screen *screen, uint32_t color)
{
	uint8_t *pixels = screenshot(screen);

	for (unsigned i = 0; i < FIXTURE_WIDTH * FIXTURE_HEIGHT; i++)
		CHECK_INT(((uint32_t *)pixels)[i], color);
	free(pixels);
}

static void own_for_cpu(struct screen *screen)
{
	CHECK_INT(gem_object_set_domain(screen->obj, I915_GEM_DOMAIN_CPU, I915_GEM_DOMAIN_CPU), 0);
}

enum { BLACK = 0xff000000, RED = 0xffff0000, GREEN = 0xff00ff00, BLUE = 0xff0000ff };

/* ---- strict mode, through the CPU's cache ---- */

TEST(wrong_client_draws_and_tells_nobody)
{
	struct screen screen;

	screen_init(&screen, true, GEM_TILING_NONE, GEM_VIEW_CPU);
	flip(&screen);
	draw(&screen, RED);
	check_shown(&screen, BLACK);
	fixture_sleep(100000000); /* time heals nothing */
	check_shown(&screen, BLACK);
	screen_finish(&screen);
}

TEST(wrong_client_flips_without_set_domain)
{
	struct screen screen;

	screen_init(&screen, true, GEM_TILING_NONE, GEM_VIEW_CPU);
	own_for_cpu(&screen);
	draw(&screen, RED);
	flip(&screen);
	check_shown(&screen, RED);
	draw(&screen, GREEN); /* the flip took the CPU's domain away */
	flip(&screen);
	check_shown(&screen, RED);
	CHECK_INT(gem_object_sw_finish(screen.obj), 0);
	check_shown(&screen, RED);
	screen_finish(&screen);
}

TEST(right_client_flips)
{
	struct screen screen;

	screen_init(&screen, true, GEM_TILING_NONE, GEM_VIEW_CPU);
	for (int i = 0; i < 3; i++) {
		uint32_t color = (const uint32_t[]) {RED, GREEN, BLUE}[i];

		own_for_cpu(&screen);
		draw(&screen, color);
		flip(&screen);
		check_shown(&screen, color);
	}
	screen_finish(&screen);
}

TEST(right_client_draws_on_the_front_buffer)
{
	struct screen screen;

	screen_init(&screen, true, GEM_TILING_NONE, GEM_VIEW_CPU);
	flip(&screen);
	own_for_cpu(&screen);
	draw(&screen, RED);
	check_shown(&screen, BLACK);
	CHECK_INT(gem_object_sw_finish(screen.obj), 0);
	check_shown(&screen, RED);
	own_for_cpu(&screen);
	draw(&screen, GREEN);
	CHECK_INT(gem_object_set_domain(screen.obj, I915_GEM_DOMAIN_GTT, 0), 0);
	check_shown(&screen, GREEN);
	own_for_cpu(&screen);
	draw(&screen, BLUE);
	kms_framebuffer_dirty(screen.fb);
	check_shown(&screen, BLUE);
	screen_finish(&screen);
}

TEST(snooped_objects_are_not_snooped_by_the_display)
{
	struct screen screen;

	screen_init(&screen, true, GEM_TILING_NONE, GEM_VIEW_CPU);
	CHECK_INT(gem_object_set_caching(screen.obj, GEM_CACHE_LLC), 0);
	own_for_cpu(&screen);
	draw(&screen, RED);
	flip(&screen); /* flushes, and makes it uncached */
	check_shown(&screen, RED);
	CHECK_INT(screen.obj->cache_level, GEM_CACHE_NONE);
	draw(&screen, GREEN);
	check_shown(&screen, RED);
	screen_finish(&screen);
}

TEST(test_only_flushes_nothing)
{
	struct screen screen;
	struct kms_atomic_state *state;

	screen_init(&screen, true, GEM_TILING_NONE, GEM_VIEW_CPU);
	flip(&screen);
	own_for_cpu(&screen);
	draw(&screen, RED);
	pthread_mutex_lock(&screen.fixture.dev->lock);
	CHECK_INT(kms_atomic_state_create(screen.fixture.dev, &state), 0);
	CHECK(kms_atomic_plane(state, screen.fixture.primary) != NULL);
	CHECK_INT(kms_atomic_check(state), 0);
	kms_atomic_state_destroy(state);
	pthread_mutex_unlock(&screen.fixture.dev->lock);
	check_shown(&screen, BLACK);
	screen_finish(&screen);
}

/* ---- as clients know it from coherent machines ---- */

TEST(not_strict_shows_everything)
{
	struct screen screen;

	screen_init(&screen, false, GEM_TILING_NONE, GEM_VIEW_CPU);
	flip(&screen);
	draw(&screen, RED);
	check_shown(&screen, RED);
	screen_finish(&screen);
}

/* ---- tiled ---- */

static uint32_t pattern(uint32_t x, uint32_t y)
{
	return 0xff000000 | (x * 7919 + y * 104729) % 0xffffff;
}

static void check_pattern(struct screen *screen)
{
	uint8_t *pixels = screenshot(screen);

	for (uint32_t y = 0; y < FIXTURE_HEIGHT; y++)
		for (uint32_t x = 0; x < FIXTURE_WIDTH; x++)
			CHECK_INT(((uint32_t *)pixels)[y * FIXTURE_WIDTH + x], pattern(x, y));
	free(pixels);
}

/* The GTT is no cache: in strict mode it needs no flush either. */
static void draw_through_gtt(bool strict)
{
	struct screen screen;

	screen_init(&screen, strict, GEM_TILING_X, GEM_VIEW_GTT);
	CHECK_INT(screen.fb->modifier, I915_FORMAT_MOD_X_TILED);
	flip(&screen);
	for (uint32_t y = 0; y < FIXTURE_HEIGHT; y++)
		for (uint32_t x = 0; x < FIXTURE_WIDTH; x++)
			screen.pixels[y * PITCH / 4 + x] = pattern(x, y);
	check_pattern(&screen);
	screen.pixels[5 * PITCH / 4 + 100] = RED;
	uint8_t *pixels = screenshot(&screen);
	CHECK_INT(((uint32_t *)pixels)[5 * FIXTURE_WIDTH + 100], RED);
	CHECK_INT(((uint32_t *)pixels)[5 * FIXTURE_WIDTH + 101], pattern(101, 5));
	free(pixels);
	screen_finish(&screen);
}

TEST(x_tiled_scanout_of_gtt_writes)
{
	draw_through_gtt(false);
}

TEST(x_tiled_scanout_of_gtt_writes_strict)
{
	draw_through_gtt(true);
}

/* A client that tiles by hand, in memory or by pwrite. */
TEST(x_tiled_scanout_of_raw_tiles)
{
	struct screen screen;
	uint8_t *tiles = calloc(1, BYTES);

	screen_init(&screen, false, GEM_TILING_X, GEM_VIEW_CPU);
	for (uint32_t y = 0; y < FIXTURE_HEIGHT; y++)
		for (uint32_t x = 0; x < FIXTURE_WIDTH; x++) {
			uint32_t byte = x * 4, pixel = pattern(x, y);

			memcpy(tiles + y / 8 * 8 * PITCH + byte / 512 * 4096 + y % 8 * 512 +
				byte % 512, &pixel, 4);
		}
	flip(&screen);
	memcpy(screen.pixels, tiles, BYTES);
	check_pattern(&screen);
	memset(screen.pixels, 0, BYTES);
	CHECK_INT(gem_object_pwrite(screen.obj, 0, tiles, BYTES), 0);
	check_pattern(&screen);
	free(tiles);
	screen_finish(&screen);
}

/* Frames that sinks get are as fresh as screenshots. */
static atomic_uint shown_color;

static void see(struct kms_sink *sink, const struct kms_frame *frame)
{
	if (frame->width)
		atomic_store(&shown_color, *(const uint32_t *)(frame->pixels + frame->pitch * 77 + 444));
}

TEST(sinks_see_gtt_writes)
{
	struct screen screen;
	struct kms_sink sink = {.frame = see, .every_vblank = true};

	screen_init(&screen, false, GEM_TILING_X, GEM_VIEW_GTT);
	flip(&screen);
	kms_sink_attach(&sink, screen.fixture.crtc);
	draw(&screen, GREEN);
	for (int i = 0; i < 200 && atomic_load(&shown_color) != GREEN; i++)
		fixture_sleep(10000000);
	CHECK_INT(atomic_load(&shown_color), GREEN);
	kms_sink_detach(&sink);
	screen_finish(&screen);
}
