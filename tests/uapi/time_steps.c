/*
 * The device's time as its clients see it: frozen, stepped, fast. One source, run in
 * process (preload_self.c) and in another process (preload_client.c), which must see
 * the same events byte for byte; with TESTCARD_TEST_EVENTS=FILE in the environment
 * they are also written there.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "preload_test.h"
#include "test.h"

enum { MS = 1000000 };

static int fd;
static uint32_t crtc, connector, fbs[2];
static drmModeModeInfo mode;
static uint64_t lit_ns, lit_count; /* when the screen went on */

static uint32_t framebuffer(void)
{
	uint32_t handles[4] = {0}, pitches[4] = {0}, offsets[4] = {0}, id;
	uint64_t size;

	CHECK_INT(drmModeCreateDumbBuffer(fd, mode.hdisplay, mode.vdisplay, 32, 0, handles, pitches,
		&size), 0);
	CHECK_INT(drmModeAddFB2(fd, mode.hdisplay, mode.vdisplay, DRM_FORMAT_XRGB8888, handles,
		pitches, offsets, &id, 0), 0);
	return id;
}

static void find_objects(void)
{
	drmModeRes *res = drmModeGetResources(fd);

	CHECK(res && res->count_crtcs == 1 && res->count_connectors >= 1);
	crtc = res->crtcs[0];
	connector = res->connectors[0];
	drmModeConnector *info = drmModeGetConnector(fd, connector);
	CHECK(info && info->count_modes > 0);
	mode = info->modes[0];
	drmModeFreeConnector(info);
	drmModeFreeResources(res);
}

/* Of the last vblank. */
static void read_count(uint64_t *count, uint64_t *ns)
{
	CHECK_INT(drmCrtcGetSequence(fd, crtc, count, ns), 0);
}

/* n vblanks after the screen went on. */
static uint64_t grid(uint64_t n)
{
	unsigned __int128 pixels = (unsigned __int128)mode.htotal * mode.vtotal;

	return lit_ns + (uint64_t)(n * pixels * 1000000 / mode.clock);
}

/* A lit screen in frozen time, one vblank after it went on. */
static void start(void)
{
	preload_test_begin();
	preload_test_time("fast");
	fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	CHECK(fd >= 0);
	find_objects();
	fbs[0] = framebuffer();
	fbs[1] = framebuffer();
	CHECK_INT(drmModeSetCrtc(fd, crtc, fbs[0], 0, 0, &connector, 1, &mode), 0);
	preload_test_time("frozen");
	lit_ns = 0;
	uint64_t period = grid(1);
	read_count(&lit_count, &lit_ns);
	lit_ns -= period;
	lit_count--;
}

static void finish(void)
{
	close(fd);
	preload_test_time("real");
	preload_test_end();
}

static bool has_event(void)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1;
}

static int flip(unsigned n, uint64_t user_data)
{
	return drmModePageFlip(fd, crtc, fbs[n % 2], DRM_MODE_PAGE_FLIP_EVENT,
		(void *)(uintptr_t)user_data);
}

static void queue_vblank(unsigned vblanks, unsigned long user_data)
{
	drmVBlank args = {.request = {
		.type = DRM_VBLANK_RELATIVE | DRM_VBLANK_EVENT, .sequence = vblanks,
		.signal = user_data,
	}};

	CHECK_INT(drmWaitVBlank(fd, &args), 0);
}

static void queue_sequence(unsigned vblanks, uint64_t user_data)
{
	CHECK_INT(drmCrtcQueueSequence(fd, crtc, DRM_CRTC_SEQUENCE_RELATIVE, vblanks, NULL,
		user_data), 0);
}

/* ---- the script ---- */

struct stream {
	size_t size;
	uint8_t bytes[16384];
};

static void read_events(struct stream *stream)
{
	while (has_event()) {
		ssize_t got = read(fd, stream->bytes + stream->size,
			sizeof(stream->bytes) - stream->size);

		CHECK(got > 0);
		stream->size += got;
	}
}

static void expect_vblank(struct stream *stream, uint32_t type, uint64_t user_data, uint64_t n)
{
	const struct drm_event_vblank event = {
		.base = {type, sizeof(event)}, .user_data = user_data,
		.tv_sec = grid(n) / 1000000000, .tv_usec = grid(n) % 1000000000 / 1000,
		.sequence = (uint32_t)(lit_count + n), .crtc_id = crtc,
	};

	memcpy(stream->bytes + stream->size, &event, sizeof(event));
	stream->size += sizeof(event);
}

static void expect_sequence(struct stream *stream, uint64_t user_data, uint64_t n)
{
	const struct drm_event_crtc_sequence event = {
		.base = {DRM_EVENT_CRTC_SEQUENCE, sizeof(event)}, .user_data = user_data,
		.time_ns = (int64_t)grid(n), .sequence = lit_count + n,
	};

	memcpy(stream->bytes + stream->size, &event, sizeof(event));
	stream->size += sizeof(event);
}

/* Forty vblanks with flips in every second one, some events between, and long steps. */
static void play(struct stream *got, struct stream *want)
{
	uint64_t n = 1;

	for (unsigned i = 0; i < 40; i++) {
		queue_vblank(1, 1000 + i);
		if (i % 2)
			CHECK_INT(flip(i / 2, i), 0);
		if (i % 5 == 0)
			queue_sequence(1, 2000 + i);
		unsigned vblanks = i % 7 == 0 ? 3 : 1;
		preload_test_step(vblanks);
		read_events(got);
		if (i % 2)
			expect_vblank(want, DRM_EVENT_FLIP_COMPLETE, i, n + 1);
		expect_vblank(want, DRM_EVENT_VBLANK, 1000 + i, n + 1);
		if (i % 5 == 0)
			expect_sequence(want, 2000 + i, n + 1);
		n += vblanks;
	}
}

static void keep(const struct stream *stream)
{
	const char *path = getenv("TESTCARD_TEST_EVENTS");

	if (!path)
		return;
	FILE *file = fopen(path, "w");
	CHECK(file && fwrite(stream->bytes, stream->size, 1, file) == 1);
	CHECK_INT(fclose(file), 0);
}

/* The first test: only then is time, too, the same each time that it runs. */
TEST(events_are_the_same_byte_for_byte)
{
	static struct stream got, want;

	start();
	play(&got, &want);
	CHECK_INT(got.size, want.size);
	CHECK(memcmp(got.bytes, want.bytes, want.size) == 0);
	keep(&got);
	finish();
}

TEST(nothing_happens_in_frozen_time)
{
	uint64_t count, ns, later, later_ns;

	start();
	read_count(&count, &ns);
	CHECK_INT(flip(1, 7), 0);
	queue_vblank(1, 8);
	usleep(60000);
	read_count(&later, &later_ns);
	CHECK(later == count && later_ns == ns);
	CHECK(!has_event());
	CHECK_INT(flip(0, 9), -EBUSY);
	preload_test_step_ns(grid(2) - grid(1) - 1);
	CHECK(!has_event());
	preload_test_step_ns(1);
	CHECK(has_event());
	read_count(&later, &later_ns);
	CHECK_INT(later, count + 1);
	CHECK_INT(later_ns, grid(2));
	finish();
}

static void *step_soon(void *unused)
{
	usleep(30000);
	preload_test_step(2);
	return NULL;
}

TEST(waits_end_with_the_step)
{
	drmVBlank args = {.request = {.type = DRM_VBLANK_RELATIVE, .sequence = 2}};
	pthread_t thread;

	start();
	CHECK_INT(pthread_create(&thread, NULL, step_soon, NULL), 0);
	CHECK_INT(drmWaitVBlank(fd, &args), 0);
	pthread_join(thread, NULL);
	CHECK_INT(args.reply.sequence, (uint32_t)(lit_count + 3));
	CHECK_INT(args.reply.tval_sec * 1000000ull + args.reply.tval_usec, grid(3) / 1000);
	finish();
}

/* Each flip has the next number, however fast they come. */
TEST(fast_time_has_a_vblank_for_every_flip)
{
	struct drm_event_vblank event;
	struct pollfd poll_fd;

	start();
	preload_test_time("fast");
	for (unsigned i = 0; i < 500; i++) {
		CHECK_INT(flip(i + 1, i), 0);
		poll_fd = (struct pollfd) {.fd = fd, .events = POLLIN};
		CHECK_INT(poll(&poll_fd, 1, 5000), 1);
		CHECK_INT(read(fd, &event, sizeof(event)), sizeof(event));
		CHECK_INT(event.sequence, (uint32_t)(lit_count + 2 + i));
		CHECK_INT(event.tv_sec * 1000000ull + event.tv_usec, grid(2 + i) / 1000);
	}
	finish();
}

static void set_vrr(bool on)
{
	drmModeObjectProperties *list = drmModeObjectGetProperties(fd, crtc, DRM_MODE_OBJECT_CRTC);
	uint32_t id = 0;

	CHECK(list);
	for (uint32_t i = 0; i < list->count_props && !id; i++) {
		drmModePropertyRes *prop = drmModeGetProperty(fd, list->props[i]);

		id = strcmp(prop->name, "VRR_ENABLED") == 0 ? prop->prop_id : 0;
		drmModeFreeProperty(prop);
	}
	drmModeFreeObjectProperties(list);
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	CHECK(drmModeAtomicAddProperty(req, crtc, id, on) > 0);
	CHECK_INT(drmModeAtomicCommit(fd, req, DRM_MODE_ATOMIC_NONBLOCK, NULL), 0);
	drmModeAtomicFree(req);
}

TEST(variable_refresh_follows_the_flips)
{
	struct drm_event_vblank event;
	uint64_t at, count;

	start();
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1), 0);
	set_vrr(true);
	preload_test_step(1);
	read_count(&count, &at);
	for (unsigned i = 1; i <= 10; i++) {
		preload_test_step_ns(17 * MS + i * 100000);
		CHECK(!has_event());
		CHECK_INT(flip(i, i), 0);
		preload_test_step(1);
		at += 17 * MS + i * 100000 + 1;
		CHECK_INT(read(fd, &event, sizeof(event)), sizeof(event));
		CHECK_INT(event.sequence, (uint32_t)(count + i));
		CHECK_INT(event.tv_sec * 1000000ull + event.tv_usec, at / 1000);
	}
	/* Nothing to show: 48 Hz. */
	preload_test_step(1);
	read_count(&count, &lit_ns);
	CHECK(lit_ns - at >= 1000000000 / 48 && lit_ns - at <= 1000000000 / 48 + 1);
	finish();
}
