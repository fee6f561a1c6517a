/*
 * Sinks on a device built by hand, the test being its vblank thread: who gets
 * which frame, what is in it, and that detaching waits for nobody but its own.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <png.h>

#include "kms_clock.h"
#include "kms_framebuffer.h"
#include "kms_sink.h"
#include "kms_writeback.h"
#include "test.h"

enum { WIDTH = 8, HEIGHT = 4 };
#define RED 0x00ff0000u
#define BLUE 0x000000ffu

static struct kms_device device;
static struct kms_vblank counter;
static struct kms_clock real_time; /* without a thread */
static struct kms_crtc *const crtc = &device.crtcs[0];
static const struct kms_format xrgb = {.fourcc = DRM_FORMAT_XRGB8888, .planes = 1, .cpp = {4}};
static int freed_fbs;

struct picture {
	struct kms_framebuffer fb;
	uint32_t pixels[WIDTH * HEIGHT];
};

static void picture_free(struct kms_object *obj)
{
	freed_fbs++;
}

static void picture_init(struct picture *picture, uint32_t color)
{
	memset(picture, 0, sizeof(*picture));
	picture->fb.base.dev = &device;
	CHECK_INT(kms_object_add(&device, &picture->fb.base, DRM_MODE_OBJECT_FB, picture_free), 0);
	picture->fb.width = WIDTH;
	picture->fb.height = HEIGHT;
	picture->fb.format = &xrgb;
	picture->fb.planes[0].pixels = (uint8_t *)picture->pixels;
	picture->fb.planes[0].pitch = WIDTH * 4;
	for (int i = 0; i < WIDTH * HEIGHT; i++)
		picture->pixels[i] = color;
}

static void run_vblank(uint64_t sequence, uint64_t time_ns)
{
	pthread_mutex_lock(&device.lock);
	bool due = kms_sinks_begin_locked(crtc, sequence, time_ns);
	pthread_mutex_unlock(&device.lock);
	if (due)
		kms_sinks_run(crtc);
}

/* What a latch does. fb NULL: the plane is off. */
static void show(unsigned plane, struct picture *picture, int32_t x)
{
	struct kms_plane_state *scanout = &device.planes[plane].scanout;

	pthread_mutex_lock(&device.lock);
	uint32_t zpos = scanout->normalized_zpos;

	*scanout = (struct kms_plane_state) {.normalized_zpos = zpos};
	if (picture)
		*scanout = (struct kms_plane_state) {
			.normalized_zpos = zpos,
			.crtc = crtc, .fb = &picture->fb, .crtc_x = x,
			.crtc_w = WIDTH, .crtc_h = HEIGHT,
			.src_w = WIDTH << 16, .src_h = HEIGHT << 16, .alpha = 0xffff,
		};
	crtc->scanout_serial++;
	pthread_mutex_unlock(&device.lock);
}

static void turn(bool on)
{
	pthread_mutex_lock(&device.lock);
	crtc->state.active = on;
	crtc->scanout_serial++;
	pthread_mutex_unlock(&device.lock);
}

static void device_init(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&device.lock, &attr);
	pthread_mutexattr_destroy(&attr);
	pthread_mutex_init(&device.object_lock, NULL);
	gem_idr_init(&device.objects, 1);
	device.crtc_count = 1;
	device.plane_count = 3;
	/* Not in zpos order: the sink must sort. */
	device.planes[0].scanout.normalized_zpos = 1;
	device.planes[1].scanout.normalized_zpos = 0;
	device.planes[2].scanout.normalized_zpos = 2;
	crtc->base.id = 77;
	crtc->base.dev = &device;
	crtc->vblank = &counter;
	device.clock = &real_time;
	gem_list_init(&crtc->sinks);
	crtc->state.mode.hdisplay = WIDTH;
	crtc->state.mode.vdisplay = HEIGHT;
	turn(true);
}

struct watcher {
	struct kms_sink sink;
	int frames;
	struct kms_frame last;
	uint32_t pixel[WIDTH]; /* first row of the last frame */
	sem_t *entered, *leave; /* to hold a frame up */
};

static void watch(struct kms_sink *sink, const struct kms_frame *frame)
{
	struct watcher *watcher = (struct watcher *)sink;

	/* frame() may use the device: the caller does not hold the lock (EDEADLK). */
	CHECK_INT(pthread_mutex_lock(&device.lock), 0);
	pthread_mutex_unlock(&device.lock);
	watcher->last = *frame;
	if (frame->width)
		memcpy(watcher->pixel, frame->pixels, sizeof(watcher->pixel));
	watcher->frames++;
	if (watcher->entered) {
		sem_post(watcher->entered);
		sem_wait(watcher->leave);
	}
}

static void watcher_attach(struct watcher *watcher)
{
	watcher->sink.frame = watch;
	kms_sink_attach(&watcher->sink, crtc);
}

TEST(frame_has_the_planes_in_zpos_order)
{
	struct watcher watcher = {0};
	struct picture red, blue;

	device_init();
	picture_init(&red, RED);
	picture_init(&blue, BLUE);
	show(0, &blue, 3);
	show(1, &red, 0);
	watcher_attach(&watcher);
	run_vblank(5, 1234);
	CHECK_INT(watcher.frames, 1);
	CHECK_INT(watcher.last.width, WIDTH);
	CHECK_INT(watcher.last.height, HEIGHT);
	CHECK_INT(watcher.last.pitch, WIDTH * 4);
	CHECK_INT(watcher.last.sequence, 5);
	CHECK_INT(watcher.last.time_ns, 1234);
	CHECK_INT(watcher.last.crtc_id, 77);
	CHECK_INT(watcher.last.scanout_serial, crtc->scanout_serial);
	CHECK_INT(watcher.pixel[0], 0xff000000 | RED);
	CHECK_INT(watcher.pixel[2], 0xff000000 | RED);
	CHECK_INT(watcher.pixel[3], 0xff000000 | BLUE);
	CHECK_INT(watcher.pixel[7], 0xff000000 | BLUE);
	kms_sink_detach(&watcher.sink);
	CHECK(crtc->sink_pixels == NULL);
	CHECK_INT(atomic_load(&red.fb.base.refcount), 1);
	CHECK_INT(freed_fbs, 0);
}

TEST(only_changes_are_given)
{
	struct watcher calm = {0}, eager = {.sink.every_vblank = true}, late = {0};
	struct picture red;

	device_init();
	picture_init(&red, RED);
	show(1, &red, 0);
	watcher_attach(&calm);
	watcher_attach(&eager);
	for (int i = 0; i < 3; i++)
		run_vblank(i, i);
	CHECK_INT(calm.frames, 1);
	CHECK_INT(eager.frames, 3);
	show(2, &red, 4);
	run_vblank(3, 3);
	CHECK_INT(calm.frames, 2);
	CHECK_INT(eager.frames, 4);
	/* One who comes later gets a first frame of what did not change. */
	watcher_attach(&late);
	run_vblank(4, 4);
	CHECK_INT(late.frames, 1);
	CHECK_INT(calm.frames, 2);
	/* Composed only when somebody wants it. */
	kms_sink_detach(&eager.sink);
	uint64_t composed = device.frames_composed;
	run_vblank(5, 5);
	CHECK_INT(device.frames_composed, composed);
	kms_sink_detach(&calm.sink);
	kms_sink_detach(&late.sink);
	show(1, &red, 1);
	run_vblank(6, 6);
	CHECK_INT(device.frames_composed, composed);
	CHECK_INT(calm.frames, 2);
}

TEST(what_was_latched_is_given)
{
	struct watcher watcher = {0};
	struct picture red;

	device_init();
	picture_init(&red, RED);
	show(0, &red, 0);
	watcher_attach(&watcher);
	pthread_mutex_lock(&device.lock);
	CHECK(kms_sinks_begin_locked(crtc, 1, 1));
	pthread_mutex_unlock(&device.lock);
	/* Off before the sinks' turn: a client that shows one frame and exits. */
	turn(false);
	kms_sinks_run(crtc);
	CHECK_INT(watcher.frames, 1);
	CHECK_INT(watcher.last.width, WIDTH);
	CHECK_INT(watcher.pixel[0], 0xff000000 | RED);
	run_vblank(2, 2);
	CHECK_INT(watcher.frames, 2);
	CHECK_INT(watcher.last.width, 0);
	kms_sink_detach(&watcher.sink);
}

TEST(off_is_one_empty_frame)
{
	struct watcher calm = {0}, eager = {.sink.every_vblank = true};

	device_init();
	watcher_attach(&calm);
	watcher_attach(&eager);
	run_vblank(1, 1);
	turn(false);
	run_vblank(2, 2);
	CHECK_INT(calm.frames, 2);
	CHECK_INT(calm.last.width, 0);
	CHECK_INT(calm.last.height, 0);
	run_vblank(3, 3);
	CHECK_INT(calm.frames, 2);
	CHECK_INT(eager.frames, 2);
	turn(true);
	run_vblank(4, 4);
	CHECK_INT(calm.frames, 3);
	CHECK_INT(calm.last.width, WIDTH);
	CHECK_INT(calm.pixel[0], 0xff000000);
	kms_sink_detach(&calm.sink);
	kms_sink_detach(&eager.sink);
}

static void *run_once(void *data)
{
	run_vblank(1, 1);
	return NULL;
}

static void *detach(void *data)
{
	kms_sink_detach(data);
	return NULL;
}

/* While one sink is busy: others can go, and it can only go when it is done. */
TEST(detach_waits_for_its_own_frame_only)
{
	sem_t entered, leave;
	struct watcher slow = {.entered = &entered, .leave = &leave}, next = {0};
	pthread_t runner, detacher;

	device_init();
	sem_init(&entered, 0, 0);
	sem_init(&leave, 0, 0);
	watcher_attach(&slow);
	watcher_attach(&next);
	pthread_create(&runner, NULL, run_once, NULL);
	sem_wait(&entered);
	/* next was due too; detached before its turn it must not be called. */
	kms_sink_detach(&next.sink);
	pthread_create(&detacher, NULL, detach, &slow.sink);
	usleep(50000);
	CHECK_INT(pthread_tryjoin_np(detacher, NULL), EBUSY);
	sem_post(&leave);
	CHECK_INT(pthread_join(detacher, NULL), 0);
	CHECK_INT(pthread_join(runner, NULL), 0);
	CHECK_INT(slow.frames, 1);
	CHECK_INT(next.frames, 0);
	CHECK(crtc->sink_pixels == NULL);
}

static void *run_many(void *data)
{
	for (int i = 0; i < 20000; i++)
		run_vblank(i, i);
	return NULL;
}

TEST(attach_and_detach_while_it_runs)
{
	pthread_t runner;

	device_init();
	pthread_create(&runner, NULL, run_many, NULL);
	for (int i = 0; i < 2000; i++) {
		struct watcher a = {.sink.every_vblank = true}, b = {0};
		watcher_attach(&a);
		watcher_attach(&b);
		kms_sink_detach(&a.sink);
		int frames = a.frames;
		kms_sink_detach(&b.sink);
		CHECK_INT(a.frames, frames);
	}
	CHECK_INT(pthread_join(runner, NULL), 0);
	CHECK(crtc->sink_pixels == NULL);
}

static void poison_free(struct kms_object *obj)
{
	struct picture *picture = gem_container_of(obj, struct picture, fb.base);

	memset(picture->pixels, 0x77, sizeof(picture->pixels));
	free(picture);
}

static void check_not_poisoned(struct kms_sink *sink, const struct kms_frame *frame)
{
	for (uint32_t i = 0; i < frame->width * frame->height; i++) {
		uint32_t pixel = ((const uint32_t *)frame->pixels)[i] & 0xffffff;
		CHECK(pixel == RED || pixel == 0);
	}
}

/* Framebuffers die (RMFB) while frames are composed: each lives until it is out of use. */
TEST(framebuffer_is_held_while_composed)
{
	struct kms_sink sink = {.frame = check_not_poisoned, .every_vblank = true};
	pthread_t runner;

	device_init();
	kms_sink_attach(&sink, crtc);
	pthread_create(&runner, NULL, run_many, NULL);
	for (int i = 0; i < 5000; i++) {
		struct picture *red = malloc(sizeof(*red));
		picture_init(red, RED);
		red->fb.base.free = poison_free;
		show(1, red, 0);
		show(1, NULL, 0);
		kms_object_put(&red->fb.base);
	}
	CHECK_INT(pthread_join(runner, NULL), 0);
	kms_sink_detach(&sink);
}

TEST(screenshot)
{
	struct picture red;
	uint8_t *pixels = NULL;
	uint32_t width, height;
	uint64_t sequence;

	device_init();
	counter.count = 41;
	picture_init(&red, RED);
	show(1, &red, -6);
	CHECK_INT(kms_screenshot(crtc, &pixels, &width, &height, &sequence), 0);
	CHECK_INT(width, WIDTH);
	CHECK_INT(height, HEIGHT);
	CHECK_INT(sequence, 41);
	CHECK_INT(((uint32_t *)pixels)[1], 0xff000000 | RED);
	CHECK_INT(((uint32_t *)pixels)[2], 0xff000000);
	CHECK_INT(atomic_load(&red.fb.base.refcount), 1);
	free(pixels);
	turn(false);
	CHECK_INT(kms_screenshot(crtc, &pixels, &width, &height, &sequence), -ENODATA);
}

/* Read by libpng's simplified interface, which shares no code path with the writer's. */
static void check_png(const char *path, const uint8_t *want, uint32_t width, uint32_t height,
	uint32_t pitch)
{
	png_image image = {.version = PNG_IMAGE_VERSION};

	CHECK(png_image_begin_read_from_file(&image, path));
	CHECK_INT(image.width, width);
	CHECK_INT(image.height, height);
	image.format = PNG_FORMAT_BGRA;
	uint8_t *got = malloc(PNG_IMAGE_SIZE(image));
	CHECK(png_image_finish_read(&image, NULL, got, 0, NULL));
	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width; x++)
			CHECK(memcmp(got + (y * width + x) * 4, want + y * pitch + x * 4, 3) == 0);
	}
	free(got);
}

static char *make_dir(void)
{
	static char dir[64];

	snprintf(dir, sizeof(dir), "%s/sink-test-XXXXXX", P_tmpdir);
	CHECK(mkdtemp(dir) != NULL);
	return dir;
}

static int count_files(const char *dir)
{
	DIR *stream = opendir(dir);
	int count = 0;
	struct dirent *entry;

	CHECK(stream != NULL);
	while ((entry = readdir(stream)))
		count += entry->d_name[0] != '.';
	closedir(stream);
	return count;
}

TEST(png_round_trip)
{
	enum { W = 129, H = 67, PITCH = W * 4 + 20 };
	static uint8_t pixels[PITCH * H];
	char path[128];
	char *dir = make_dir();

	for (size_t i = 0; i < sizeof(pixels); i++)
		pixels[i] = random();
	snprintf(path, sizeof(path), "%s/a.png", dir);
	CHECK_INT(kms_png_write(path, pixels, W, H, PITCH), 0);
	check_png(path, pixels, W, H, PITCH);
	/* Over an older picture: the new one, whole. */
	CHECK_INT(kms_png_write(path, pixels, W, H / 2, PITCH), 0);
	check_png(path, pixels, W, H / 2, PITCH);
	CHECK_INT(count_files(dir), 1);
	unlink(path);
	rmdir(dir);
	CHECK_INT(kms_png_write(path, pixels, W, H, PITCH), -ENOENT);
	CHECK_INT(kms_png_write("/dev/full/x", pixels, W, H, PITCH), -ENOTDIR);
	CHECK_INT(kms_png_write(path, pixels, 0, 0, 0), -EINVAL);
}

TEST(png_full_disk)
{
	static uint8_t pixels[64 * 64 * 4];
	char path[128];
	char *dir = make_dir();
	char link[160];

	/* What it writes beside the target is /dev/full. */
	snprintf(path, sizeof(path), "%s/a.png", dir);
	snprintf(link, sizeof(link), "%s.part-%d", path, (int)gettid());
	CHECK_INT(symlink("/dev/full", link), 0);
	CHECK_INT(kms_png_write(path, pixels, 64, 64, 256), -ENOSPC);
	CHECK_INT(count_files(dir), 0);
	rmdir(dir);
}

TEST(png_sink_writes_changed_frames)
{
	struct picture red, blue;
	struct kms_sink *sink;
	char path[128], name[192];
	char *dir = make_dir();
	uint32_t want[WIDTH * HEIGHT];

	device_init();
	picture_init(&red, RED);
	picture_init(&blue, BLUE);
	snprintf(path, sizeof(path), "%s/frames", dir);
	CHECK_INT(kms_png_sink_create(crtc, path, "", &sink), 0);
	show(1, &red, 0);
	run_vblank(7, 0);
	run_vblank(8, 0);
	show(1, &blue, 0);
	run_vblank(123456789, 0);
	turn(false);
	run_vblank(123456790, 0);
	kms_queue_sink_destroy(sink);
	CHECK_INT(count_files(path), 2);
	snprintf(name, sizeof(name), "%s/crtc0-00000007.png", path);
	for (int i = 0; i < WIDTH * HEIGHT; i++)
		want[i] = RED;
	check_png(name, (uint8_t *)want, WIDTH, HEIGHT, WIDTH * 4);
	unlink(name);
	snprintf(name, sizeof(name), "%s/crtc0-123456789.png", path);
	for (int i = 0; i < WIDTH * HEIGHT; i++)
		want[i] = BLUE;
	check_png(name, (uint8_t *)want, WIDTH, HEIGHT, WIDTH * 4);
	unlink(name);
	rmdir(path);
	rmdir(dir);
}

/* More than may wait: the vblank thread is not held up, the rest is written. */
TEST(png_sink_drops_when_full)
{
	struct kms_sink *sink;
	char name[192];
	char *dir = make_dir();
	int written = 0;

	device_init();
	crtc->state.mode.hdisplay = 512;
	crtc->state.mode.vdisplay = 512;
	CHECK_INT(kms_png_sink_create(crtc, dir, "", &sink), 0);
	for (int i = 0; i < 200; i++) {
		show(1, NULL, 0);
		run_vblank(i, 0);
	}
	kms_queue_sink_destroy(sink);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "%s/crtc0-%08d.png", dir, i);
		written += unlink(name) == 0;
	}
	CHECK(written >= 32 && written < 200);
	CHECK_INT(rmdir(dir), 0);
}

TEST(png_sink_bad_dir)
{
	struct kms_sink *sink;

	device_init();
	CHECK_INT(kms_png_sink_create(crtc, "/dev/null/frames", "", &sink), -ENOTDIR);
	CHECK(gem_list_empty(&crtc->sinks));
}

/* ---- CRC, writeback ---- */

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

/* ---- videos ---- */

static size_t read_file(const char *path, uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "rb");

	CHECK(file != NULL);
	size_t got = fread(bytes, 1, size, file);
	fclose(file);
	unlink(path);
	return got;
}

/* Three vblanks of red, of which two were not told, one of blue; another size. */
static void record(const char *path, struct picture *red, struct picture *blue)
{
	struct kms_sink *sink;

	device_init();
	picture_init(red, RED);
	picture_init(blue, BLUE);
	counter.period_num = 1344 * 806 * 1000000ull;
	counter.period_den = 65000;
	CHECK_INT(kms_video_sink_create(crtc, path, &sink), 0);
	show(1, red, 0);
	run_vblank(10, 0);
	run_vblank(11, 0);
	show(1, blue, 0);
	run_vblank(13, 0);
	crtc->state.mode.hdisplay = WIDTH / 2;
	show(1, red, 0);
	run_vblank(14, 0);
	kms_queue_sink_destroy(sink);
}

TEST(video_raw)
{
	enum { FRAME = WIDTH * HEIGHT * 4 };
	static uint8_t bytes[8 * FRAME];
	struct picture red, blue;
	char path[128], *dir = make_dir();

	snprintf(path, sizeof(path), "%s/a.raw", dir);
	record(path, &red, &blue);
	CHECK_INT(read_file(path, bytes, sizeof(bytes)), 4 * FRAME);
	for (int i = 0; i < 4; i++)
		CHECK_INT(((uint32_t *)bytes)[i * WIDTH * HEIGHT], 0xff000000 | (i < 3 ? RED : BLUE));
	snprintf(path, sizeof(path), "%s/a-1.raw", dir);
	CHECK_INT(read_file(path, bytes, sizeof(bytes)), FRAME / 2);
	CHECK_INT(rmdir(dir), 0);
}

TEST(video_y4m)
{
	enum { COUNT = WIDTH * HEIGHT, FRAME = 6 + 3 * COUNT };
	static const char head[] = "YUV4MPEG2 W8 H4 F65000000:1083264 Ip A1:1 C444\n";
	static uint8_t bytes[4096];
	struct picture red, blue;
	char path[128], *dir = make_dir();

	snprintf(path, sizeof(path), "%s/a.y4m", dir);
	record(path, &red, &blue);
	CHECK_INT(read_file(path, bytes, sizeof(bytes)), sizeof(head) - 1 + 4 * FRAME);
	CHECK(memcmp(bytes, head, sizeof(head) - 1) == 0);
	for (int i = 0; i < 4; i++) {
		const uint8_t *frame = bytes + sizeof(head) - 1 + i * FRAME;
		/* BT.601's own numbers for red and blue. */
		CHECK(memcmp(frame, "FRAME\n", 6) == 0);
		CHECK_INT(frame[6], i < 3 ? 81 : 41);
		CHECK_INT(frame[6 + COUNT], i < 3 ? 90 : 240);
		CHECK_INT(frame[6 + 2 * COUNT], i < 3 ? 240 : 110);
	}
	snprintf(path, sizeof(path), "%s/a-1.y4m", dir);
	CHECK(read_file(path, bytes, sizeof(bytes)) > 0);
	CHECK(memcmp(bytes, "YUV4MPEG2 W4 H4 ", 16) == 0);
	CHECK_INT(rmdir(dir), 0);
}

TEST(video_bad_place)
{
	struct kms_sink *sink;

	device_init();
	CHECK_INT(kms_video_sink_create(crtc, "/dev/null/a.y4m", &sink), -ENOTDIR);
	CHECK_INT(kms_video_sink_create(crtc, "a.avi", &sink), -EINVAL);
	CHECK_INT(kms_video_sink_create(crtc, "a", &sink), -EINVAL);
	CHECK(gem_list_empty(&crtc->sinks));
}
