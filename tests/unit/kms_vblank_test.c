/* The vblank grid, its thread, and who waits for it. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kms_fixture.h"
#include "test.h"

static struct fixture fixture;

static void start(void)
{
	fixture_init(&fixture);
	CHECK_INT(fixture_on(&fixture, fixture_screen(&fixture)), 0);
}

/* Grid time, from the mode alone, of n vblanks after the start. */
static uint64_t expected_time(uint64_t n)
{
	unsigned __int128 pixels = (unsigned __int128)fixture.mode.htotal * fixture.mode.vtotal;

	return fixture.crtc->vblank->start_ns + (uint64_t)(n * pixels * 1000000 / fixture.mode.clock);
}

static void queue(uint64_t target, uint64_t user_data)
{
	struct kms_event *event;

	CHECK_INT(kms_event_reserve_locked(&fixture.file, DRM_EVENT_CRTC_SEQUENCE, user_data,
		&event), 0);
	CHECK_INT(kms_vblank_queue_event_locked(fixture.crtc, target, event), 0);
}

TEST(sixty_frames_take_a_second_on_an_exact_grid)
{
	struct kms_vblank *vblank;
	uint64_t first;

	start();
	vblank = fixture.crtc->vblank;
	pthread_mutex_lock(&fixture.dev->lock);
	first = vblank->count + 1;
	for (unsigned i = 0; i <= 60; i++)
		queue(first + i, i);
	pthread_mutex_unlock(&fixture.dev->lock);
	fixture_wait_events(&fixture, 61);
	for (unsigned i = 0; i <= 60; i++) {
		const struct fixture_event *event = &fixture.events[i];

		CHECK_INT(event->user_data, i);
		CHECK_INT(event->type, DRM_EVENT_CRTC_SEQUENCE);
		CHECK(event->sequence >= first + i);
		CHECK_INT(event->time_ns, expected_time(event->sequence - vblank->start_count));
		CHECK(event->sent_ns >= event->time_ns);
	}
	/* Sixty of them, whichever numbers a loaded machine let the thread see. */
	uint64_t frames = fixture.events[60].sequence - fixture.events[0].sequence;
	uint64_t took = (fixture.events[60].time_ns - fixture.events[0].time_ns) * 60 / frames;
	CHECK(frames >= 59);
	CHECK(took > 980000000ull && took < 1020000000ull);
	fixture_finish(&fixture);
}

/* 59.94 Hz is no whole number of nanoseconds: a rounded period would drift. */
TEST(grid_does_not_drift)
{
	const uint64_t hour = 60 * 60 * 60;

	start();
	pthread_mutex_lock(&fixture.dev->lock);
	struct kms_vblank *vblank = fixture.crtc->vblank;
	uint64_t count = vblank->count;
	CHECK((uint64_t)fixture.mode.htotal * fixture.mode.vtotal * 1000000 % fixture.mode.clock);
	vblank->count = vblank->start_count + hour - 1;
	CHECK_INT(kms_vblank_next_ns_locked(fixture.crtc), expected_time(hour));
	CHECK(expected_time(hour) != vblank->start_ns + hour * vblank->period_ns);
	vblank->count = count;
	/* Any time of a frame's length leads to that frame, its first one included. */
	for (uint64_t n = hour; n < hour + 10; n++) {
		kms_vblank_advance_locked(fixture.crtc, expected_time(n));
		CHECK_INT(vblank->count, vblank->start_count + n);
		CHECK_INT(vblank->time_ns, expected_time(n));
		kms_vblank_advance_locked(fixture.crtc, expected_time(n + 1) - 1);
		CHECK_INT(vblank->count, vblank->start_count + n);
	}
	vblank->count = count;
	pthread_mutex_unlock(&fixture.dev->lock);
	fixture_finish(&fixture);
}

TEST(late_thread_skips_numbers_and_stays_on_the_grid)
{
	start();
	struct kms_vblank *vblank = fixture.crtc->vblank;
	pthread_mutex_lock(&fixture.dev->lock);
	uint64_t before = vblank->count;
	queue(before + 1, 7);
	fixture_sleep(60000000);
	pthread_mutex_unlock(&fixture.dev->lock);
	fixture_wait_events(&fixture, 1);
	pthread_mutex_lock(&fixture.dev->lock);
	CHECK(fixture.events[0].sequence >= before + 3);
	CHECK_INT(fixture.events[0].time_ns,
		expected_time(fixture.events[0].sequence - vblank->start_count));
	CHECK(vblank->late_count >= 2);
	pthread_mutex_unlock(&fixture.dev->lock);
	fixture_finish(&fixture);
}

TEST(wait_reaches_its_target_or_times_out)
{
	start();
	struct kms_vblank *vblank = fixture.crtc->vblank;
	pthread_mutex_lock(&fixture.dev->lock);
	uint64_t before = vblank->count;
	CHECK_INT(kms_vblank_wait_locked(fixture.crtc, before + 3, 1000000000), 0);
	CHECK(vblank->count >= before + 3);
	CHECK(kms_clock_now() >= vblank->time_ns);
	CHECK_INT(kms_vblank_wait_locked(fixture.crtc, before, 0), 0);
	CHECK_INT(kms_vblank_wait_locked(fixture.crtc, vblank->count + 100, 30000000), -EBUSY);
	pthread_mutex_unlock(&fixture.dev->lock);
	CHECK_INT(kms_vblank_wait_locked(fixture.crtc1, 0, 0), -EINVAL);
	fixture_finish(&fixture);
}

static void *turn_off_soon(void *unused)
{
	fixture_sleep(50000000);
	CHECK_INT(fixture_off(&fixture), 0);
	return NULL;
}

TEST(turning_off_ends_waits_and_sends_events)
{
	pthread_t thread;

	start();
	pthread_mutex_lock(&fixture.dev->lock);
	uint64_t far = fixture.crtc->vblank->count + 100000;
	queue(far, 1);
	CHECK_INT(pthread_create(&thread, NULL, turn_off_soon, NULL), 0);
	CHECK_INT(kms_vblank_wait_locked(fixture.crtc, far, 5000000000), 0);
	CHECK_INT(fixture.event_count, 1);
	CHECK_INT(fixture.events[0].sequence, fixture.crtc->vblank->count);
	CHECK(fixture.events[0].time_ns <= fixture.events[0].sent_ns);
	struct kms_event *event;
	CHECK_INT(kms_event_reserve_locked(&fixture.file, DRM_EVENT_VBLANK, 0, &event), 0);
	CHECK_INT(kms_vblank_queue_event_locked(fixture.crtc, 0, event), -EINVAL);
	CHECK_INT(fixture.file.event_reserved, 0);
	uint64_t count = fixture.crtc->vblank->count, time = fixture.crtc->vblank->time_ns;
	pthread_mutex_unlock(&fixture.dev->lock);
	pthread_join(thread, NULL);
	/* On again: the count goes on, the time too. */
	CHECK_INT(fixture_on(&fixture, fixture_screen(&fixture)), 0);
	pthread_mutex_lock(&fixture.dev->lock);
	CHECK(fixture.crtc->vblank->count > count);
	CHECK(fixture.crtc->vblank->time_ns > time);
	pthread_mutex_unlock(&fixture.dev->lock);
	fixture_finish(&fixture);
}

TEST(event_space_is_4096_bytes)
{
	struct kms_event *event;

	start();
	pthread_mutex_lock(&fixture.dev->lock);
	uint64_t far = fixture.crtc->vblank->count + 100000;
	for (int i = 0; i < 128; i++)
		queue(far, i);
	CHECK_INT(kms_event_reserve_locked(&fixture.file, DRM_EVENT_VBLANK, 0, &event), -ENOMEM);
	pthread_mutex_unlock(&fixture.dev->lock);
	CHECK_INT(fixture_off(&fixture), 0);
	CHECK_INT(fixture.event_count, 128);
	pthread_mutex_lock(&fixture.dev->lock);
	CHECK_INT(fixture.file.event_reserved, 0);
	fixture.unread = KMS_EVENT_SPACE - 32;
	CHECK_INT(kms_event_reserve_locked(&fixture.file, DRM_EVENT_VBLANK, 0, &event), 0);
	kms_event_cancel_locked(event);
	fixture.unread = KMS_EVENT_SPACE - 31;
	CHECK_INT(kms_event_reserve_locked(&fixture.file, DRM_EVENT_VBLANK, 0, &event), -ENOMEM);
	pthread_mutex_unlock(&fixture.dev->lock);
	fixture_finish(&fixture);
}

/* One line of /proc/self/task/TID/status of the vblank thread. */
static unsigned long long thread_status(const char *key, int base)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned long long value = 0;
	bool found = false;
	struct dirent *task;

	while (tasks && (task = readdir(tasks)) && !found) {
		char path[300], line[256];
		bool named = false;

		snprintf(path, sizeof(path), "/proc/self/task/%s/status", task->d_name);
		FILE *status = fopen(path, "r");
		while (status && fgets(line, sizeof(line), status)) {
			if (strcmp(line, "Name:\ttc-vblank\n") == 0)
				named = true;
			if (named && strncmp(line, key, strlen(key)) == 0) {
				value = strtoull(line + strlen(key) + 1, NULL, base);
				found = true;
			}
		}
		if (status)
			fclose(status);
	}
	if (tasks)
		closedir(tasks);
	CHECK(found);
	return value;
}

TEST(thread_takes_no_signal_and_sleeps_while_all_is_off)
{
	start();
	unsigned long long blocked = thread_status("SigBlk:", 16);
	/* Not SIGKILL, SIGSTOP, nor glibc's own two. */
	blocked |= 1ull << 8 | 1ull << 18 | 1ull << 31 | 1ull << 32;
	/* Those of its own faults reach it: SIGILL, SIGBUS, SIGFPE, SIGSEGV. */
	CHECK_INT(blocked, ~(1ull << 3 | 1ull << 6 | 1ull << 7 | 1ull << 10));
	unsigned long long running = thread_status("voluntary_ctxt_switches:", 10);
	fixture_sleep(100000000);
	CHECK(thread_status("voluntary_ctxt_switches:", 10) > running);
	CHECK_INT(fixture_off(&fixture), 0);
	fixture_sleep(20000000);
	unsigned long long asleep = thread_status("voluntary_ctxt_switches:", 10);
	fixture_sleep(200000000);
	CHECK_INT(thread_status("voluntary_ctxt_switches:", 10), asleep);
	fixture_finish(&fixture);
}

TEST(passed_is_the_kernels_comparison)
{
	CHECK(kms_vblank_passed(10, 10));
	CHECK(kms_vblank_passed(10, 9));
	CHECK(!kms_vblank_passed(10, 11));
	CHECK(kms_vblank_passed(0, (uint64_t)-1));
	CHECK(kms_vblank_passed(1 << 23, 0));
	CHECK(!kms_vblank_passed((1 << 23) + 1, 0));
}
