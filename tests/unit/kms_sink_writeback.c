/* CRCs and writebacks of what a sink is given. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kms_sink_fixture.h"
#include "kms_writeback.h"
#include "test.h"

TEST(crc_for_those_who_want_it)
{
	struct watcher with = {.sink.wants_crc = true, .sink.every_vblank = true}, without = {0};
	struct picture red, blue;
	uint32_t first;

	device_init();
	picture_init(&red, RED);
	picture_init(&blue, BLUE);
	show(1, &red, 0);
	watcher_attach(&without);
	run_vblank(1, 1);
	CHECK_INT(without.last.crc, 0);
	watcher_attach(&with);
	run_vblank(2, 2);
	first = with.last.crc;
	CHECK(first != 0);
	show(1, &blue, 0);
	run_vblank(3, 3);
	CHECK(with.last.crc != first);
	/* Another way to the same picture. */
	show(0, &red, 0);
	run_vblank(4, 4);
	CHECK_INT(with.last.crc, first);
	kms_sink_detach(&with.sink);
	kms_sink_detach(&without.sink);
}

struct writeback {
	struct kms_framebuffer fb;
	struct gem_fence *fence;
	uint8_t *memory;
};

static void writeback_queue(struct writeback *writeback, uint32_t fourcc, uint32_t width,
	uint64_t modifier)
{
	struct kms_writeback_job *job = calloc(1, sizeof(*job));
	const struct kms_format *format = kms_format_find(fourcc);

	memset(writeback, 0, sizeof(*writeback));
	writeback->fb.base.dev = &device;
	CHECK_INT(kms_object_add(&device, &writeback->fb.base, DRM_MODE_OBJECT_FB, picture_free), 0);
	writeback->fb.width = width;
	writeback->fb.height = HEIGHT;
	writeback->fb.format = format;
	writeback->fb.modifier = modifier;
	writeback->fb.planes[0].pitch = modifier ? 512 : width * format->cpp[0] + 8;
	writeback->memory = malloc(modifier ? 4096 : writeback->fb.planes[0].pitch * HEIGHT);
	writeback->fb.planes[0].pixels = writeback->memory;
	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, GEM_FENCE_NO_ENGINE,
		&writeback->fence), 0);
	*job = (struct kms_writeback_job) {.crtc = crtc, .fb = &writeback->fb,
		.out_fence = gem_fence_get(writeback->fence)};
	kms_object_get(&writeback->fb.base);
	pthread_mutex_lock(&device.lock);
	kms_writeback_due_locked(crtc, job);
	pthread_mutex_unlock(&device.lock);
}

static void writeback_finish(struct writeback *writeback)
{
	CHECK_INT(atomic_load(&writeback->fb.base.refcount), 1);
	gem_fence_put(writeback->fence);
	free(writeback->memory);
}

/* What pixel of the writeback has, as 8 bits a channel; -1: alpha or X is not all ones. */
static long writeback_pixel(const struct writeback *writeback, unsigned x, unsigned y)
{
	const uint8_t *row = writeback->memory + y * writeback->fb.planes[0].pitch;
	uint16_t words[4];
	uint32_t word;

	if (writeback->fb.modifier) /* of X tiles, 512 bytes wide */
		row = writeback->memory + y % 8 * 512;
	switch (writeback->fb.format->cpp[0]) {
	case 2:
		memcpy(words, row + 2 * x, 2);
		return (words[0] >> 11) * 255 / 31 << 16 | (words[0] >> 5 & 63) * 255 / 63 << 8 |
			(words[0] & 31) * 255 / 31;
	case 4:
		memcpy(&word, row + 4 * x, 4);
		return word >> 24 == 0xff ? (long)(word & 0xffffff) : -1;
	default:
		memcpy(words, row + 8 * x, 8);
		return words[3] == 0xffff ?
			(long)(words[2] / 257 << 16 | words[1] / 257 << 8 | words[0] / 257) : -1;
	}
}

static void check_writeback(uint32_t fourcc, uint64_t modifier, bool watched)
{
	struct watcher watcher = {0};
	struct writeback writeback;
	struct picture red, blue;
	uint32_t width, height;
	uint64_t sequence;
	uint8_t *pixels;

	picture_init(&red, RED);
	picture_init(&blue, BLUE);
	show(0, &blue, 3);
	show(1, &red, 0);
	if (watched)
		watcher_attach(&watcher);
	writeback_queue(&writeback, fourcc, WIDTH, modifier);
	CHECK_INT(gem_fence_status(writeback.fence), 0);
	run_vblank(1, 1);
	CHECK_INT(gem_fence_status(writeback.fence), 1);
	CHECK(crtc->writebacks == NULL);
	CHECK_INT(watcher.frames, watched);
	CHECK_INT(kms_screenshot(crtc, &pixels, &width, &height, &sequence), 0);
	for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
		CHECK_INT(writeback_pixel(&writeback, i % WIDTH, i / WIDTH),
			((uint32_t *)pixels)[i] & 0xffffff);
	free(pixels);
	/* Once only. */
	memset(writeback.memory, 0, 8);
	show(0, NULL, 0);
	run_vblank(2, 2);
	CHECK_INT(writeback.memory[0], 0);
	writeback_finish(&writeback);
	if (watched)
		kms_sink_detach(&watcher.sink);
	show(1, NULL, 0);
}

TEST(writeback_equals_the_screen)
{
	static const uint32_t formats[] = {DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888,
		DRM_FORMAT_XRGB16161616, DRM_FORMAT_ARGB16161616, DRM_FORMAT_RGB565};

	device_init();
	for (unsigned i = 0; i < 4 * GEM_ARRAY_SIZE(formats); i++)
		check_writeback(formats[i / 4], i & 1 ? I915_FORMAT_MOD_X_TILED :
			DRM_FORMAT_MOD_LINEAR, i & 2);
	CHECK(crtc->sink_pixels == NULL);
}

TEST(writeback_that_cannot_be)
{
	struct writeback small, yuv, late;

	device_init();
	writeback_queue(&small, DRM_FORMAT_XRGB8888, WIDTH / 2, DRM_FORMAT_MOD_LINEAR);
	run_vblank(1, 1);
	CHECK_INT(gem_fence_status(small.fence), -EINVAL);
	writeback_finish(&small);
	writeback_queue(&yuv, DRM_FORMAT_YUYV, WIDTH, DRM_FORMAT_MOD_LINEAR);
	run_vblank(2, 2);
	CHECK_INT(gem_fence_status(yuv.fence), -EINVAL);
	writeback_finish(&yuv);
	/* Turned off before it was its turn. */
	writeback_queue(&late, DRM_FORMAT_XRGB8888, WIDTH, DRM_FORMAT_MOD_LINEAR);
	pthread_mutex_lock(&device.lock);
	kms_writeback_cancel_locked(crtc);
	pthread_mutex_unlock(&device.lock);
	turn(false);
	run_vblank(3, 3);
	CHECK_INT(gem_fence_status(late.fence), -ECANCELED);
	writeback_finish(&late);
}
