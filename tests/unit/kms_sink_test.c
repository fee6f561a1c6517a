/*
 * Sinks on a device built by hand, the test being its vblank thread: who gets
 * which frame, what is in it, and that detaching waits for nobody but its own.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kms_sink_fixture.h"
#include "test.h"

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
