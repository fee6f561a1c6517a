/* Time of a device: frozen, stepped, leaping; late and lost flips; variable refresh. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kms_fixture.h"
#include "kms_mode.h"
#include "kms_sink.h"
#include "kms_time.h"
#include "test.h"

enum { MS = 1000000 };

static struct fixture fixture;
static struct kms_framebuffer *front, *back;

/* Lit and frozen, at a time that is always the same. */
static void start(void)
{
	fixture_init(&fixture);
	kms_time_start(fixture.dev, KMS_TIME_FAST);
	front = fixture_screen(&fixture);
	back = fixture_screen(&fixture);
	CHECK_INT(fixture_on(&fixture, front), 0);
	kms_time_set(fixture.dev, KMS_TIME_FROZEN);
}

static void lock(void)
{
	pthread_mutex_lock(&fixture.dev->lock);
}

static void unlock(void)
{
	pthread_mutex_unlock(&fixture.dev->lock);
}

static uint64_t count_of(struct kms_crtc *crtc)
{
	lock();
	uint64_t count = crtc->vblank->count;
	unlock();
	return count;
}

static uint64_t now(void)
{
	return kms_time_now(fixture.dev);
}

/* Of crtc 0's first vblank plus n periods, from the mode alone. */
static uint64_t grid(const struct drm_mode_modeinfo *mode, uint64_t n)
{
	unsigned __int128 pixels = (unsigned __int128)mode->htotal * mode->vtotal;

	return KMS_TIME_FIRST_NS + (uint64_t)(n * pixels * 1000000 / mode->clock);
}

static int flip(struct kms_framebuffer *fb, unsigned flags, uint64_t user_data)
{
	struct kms_atomic_state *state;

	lock();
	CHECK_INT(kms_atomic_state_create(fixture.dev, &state), 0);
	kms_atomic_set_plane_fb(state, fixture.primary, fb);
	int ret = kms_atomic_reserve_events(state, &fixture.file, user_data);
	if (!ret)
		ret = kms_atomic_commit(state, flags);
	kms_atomic_state_destroy(state);
	unlock();
	return ret;
}

static int step(struct kms_crtc *crtc, uint64_t vblanks)
{
	const struct kms_time_step wanted = {.crtc = crtc, .vblanks = vblanks};
	uint64_t left;

	int ret = kms_time_step_vblanks(&wanted, &left);
	CHECK_INT(left, ret ? vblanks : 0);
	return ret;
}

TEST(frozen_time_stands_still_until_it_is_stepped)
{
	start();
	CHECK_INT(now(), grid(&fixture.mode, 1));
	CHECK_INT(flip(back, KMS_COMMIT_NONBLOCK, 5), 0);
	uint64_t count = count_of(fixture.crtc);
	fixture_sleep(60 * MS);
	CHECK_INT(count_of(fixture.crtc), count);
	CHECK_INT(now(), grid(&fixture.mode, 1));
	CHECK_INT(fixture.event_count, 0);
	CHECK(fixture.primary->scanout.fb == front);
	CHECK_INT(flip(front, KMS_COMMIT_NONBLOCK, 6), -EBUSY);
	CHECK_INT(step(fixture.crtc, 1), 0);
	CHECK_INT(count_of(fixture.crtc), count + 1);
	CHECK_INT(now(), grid(&fixture.mode, 2));
	CHECK(fixture.primary->scanout.fb == back);
	CHECK_INT(fixture.event_count, 1);
	CHECK_INT(fixture.events[0].user_data, 5);
	CHECK_INT(fixture.events[0].sequence, count + 1);
	CHECK_INT(fixture.events[0].time_ns, grid(&fixture.mode, 2) / 1000 * 1000);
	fixture_finish(&fixture);
}

TEST(steps_are_exact)
{
	start();
	uint64_t count = count_of(fixture.crtc), at = now();
	CHECK_INT(step(fixture.crtc, 1000), 0);
	CHECK_INT(count_of(fixture.crtc), count + 1000);
	CHECK_INT(now(), grid(&fixture.mode, 1001));
	/* Between vblanks, up to the last nanosecond before one, to it, over three. */
	at = grid(&fixture.mode, 1002) - now();
	CHECK_INT(kms_time_step_ns(fixture.dev, at - 1), 0);
	CHECK_INT(count_of(fixture.crtc), count + 1000);
	CHECK_INT(now(), grid(&fixture.mode, 1002) - 1);
	CHECK_INT(kms_time_step_ns(fixture.dev, 1), 0);
	CHECK_INT(count_of(fixture.crtc), count + 1001);
	CHECK_INT(kms_time_step_ns(fixture.dev, grid(&fixture.mode, 1005) - now()), 0);
	CHECK_INT(count_of(fixture.crtc), count + 1004);
	CHECK_INT(fixture.crtc->vblank->late_count, 0);
	CHECK_INT(fixture.crtc->vblank->late_max_ns, 0);
	fixture_finish(&fixture);
}

static void *flip_blocking(void *ret)
{
	*(int *)ret = flip(back, 0, 9);
	return NULL;
}

TEST(blocking_commit_waits_for_a_step)
{
	pthread_t thread;
	int ret = 1;

	start();
	CHECK_INT(pthread_create(&thread, NULL, flip_blocking, &ret), 0);
	const struct kms_time_step wanted = {
		.crtc = fixture.crtc, .vblanks = 1, .commits = true, .timeout_ns = 10000000000ull,
	};
	uint64_t left;
	CHECK_INT(kms_time_step_vblanks(&wanted, &left), 0);
	pthread_join(thread, NULL);
	CHECK_INT(ret, 0);
	CHECK_INT(fixture.event_count, 1);
	CHECK_INT(now(), grid(&fixture.mode, 2));
	fixture_finish(&fixture);
}

static void *flip_many(void *unused)
{
	for (unsigned i = 0; i < 50; i++) {
		CHECK_INT(flip(i % 2 ? front : back, KMS_COMMIT_NONBLOCK, i), 0);
		fixture_wait_events(&fixture, i + 1);
	}
	return NULL;
}

/* However slow the client is: each vblank waits for its commit. */
TEST(steps_by_commits)
{
	struct kms_time_step steps = {
		.vblanks = 50, .commits = true, .timeout_ns = 10000000000ull,
	};
	pthread_t thread;
	uint64_t left;

	start();
	steps.crtc = fixture.crtc;
	CHECK_INT(pthread_create(&thread, NULL, flip_many, NULL), 0);
	CHECK_INT(kms_time_step_vblanks(&steps, &left), 0);
	CHECK_INT(left, 0);
	pthread_join(thread, NULL);
	for (unsigned i = 0; i < 50; i++) {
		CHECK_INT(fixture.events[i].user_data, i);
		CHECK_INT(fixture.events[i].sequence, fixture.events[0].sequence + i);
		CHECK_INT(fixture.events[i].time_ns, grid(&fixture.mode, i + 2) / 1000 * 1000);
	}
	/* No more of them: it says so, and which are left. */
	steps.vblanks = 3;
	steps.timeout_ns = 20 * MS;
	CHECK_INT(kms_time_step_vblanks(&steps, &left), -EAGAIN);
	CHECK_INT(left, 3);
	fixture_finish(&fixture);
}

static void *run_again(void *unused)
{
	fixture_sleep(30 * MS);
	kms_time_set(fixture.dev, KMS_TIME_REAL);
	return NULL;
}

TEST(steps_that_cannot_be)
{
	pthread_t thread;

	start();
	CHECK_INT(step(fixture.crtc1, 2), -EAGAIN);
	const struct kms_time_step off = {
		.crtc = fixture.crtc1, .vblanks = 1, .timeout_ns = 10000000000ull,
	};
	uint64_t left;
	CHECK_INT(pthread_create(&thread, NULL, run_again, NULL), 0);
	CHECK_INT(kms_time_step_vblanks(&off, &left), -ECANCELED);
	pthread_join(thread, NULL);
	CHECK_INT(step(fixture.crtc, 1), -EINVAL);
	CHECK_INT(kms_time_step_ns(fixture.dev, 1), -EINVAL);
	kms_time_set(fixture.dev, KMS_TIME_FAST);
	CHECK_INT(step(fixture.crtc, 1), -EINVAL);
	fixture_finish(&fixture);
}

TEST(limit_of_a_wait_is_real_time)
{
	start();
	lock();
	CHECK_INT(kms_vblank_wait_locked(fixture.crtc, fixture.crtc->vblank->count + 1, 30 * MS),
		-EBUSY);
	unlock();
	fixture_finish(&fixture);
}

/* As much virtual time as there were vblanks, however long it took; none without a reason. */
TEST(fast_time_leaps_to_what_is_waited_for)
{
	start();
	kms_time_set(fixture.dev, KMS_TIME_FAST);
	for (unsigned i = 0; i < 300; i++) {
		CHECK_INT(flip(i % 2 ? front : back, KMS_COMMIT_NONBLOCK, i), 0);
		fixture_wait_events(&fixture, i + 1);
		CHECK_INT(fixture.events[i].time_ns, grid(&fixture.mode, i + 2) / 1000 * 1000);
	}
	uint64_t count = count_of(fixture.crtc);
	fixture_sleep(40 * MS);
	CHECK_INT(count_of(fixture.crtc), count);
	lock();
	CHECK_INT(kms_vblank_wait_locked(fixture.crtc, count + 100000, 10000000000ull), 0);
	unlock();
	CHECK_INT(count_of(fixture.crtc), count + 100000);
	CHECK_INT(now(), grid(&fixture.mode, 301 + 100000));
	fixture_finish(&fixture);
}

static int light_second(const struct drm_mode_modeinfo *mode)
{
	struct kms_connector *connector = &fixture.dev->connectors[1];
	struct kms_framebuffer *fb = fixture_fb(&fixture, mode->hdisplay, mode->vdisplay,
		front->format->fourcc);

	return kms_set_crtc(&(struct kms_mode_set) {
		.crtc = fixture.crtc1, .fb = fb, .mode = mode, .connectors = &connector,
		.connector_count = 1,
	});
}

static void queue(struct kms_crtc *crtc, uint64_t vblanks, uint64_t user_data)
{
	struct kms_event *event;

	lock();
	CHECK_INT(kms_event_reserve_locked(&fixture.file, DRM_EVENT_CRTC_SEQUENCE, user_data,
		&event), 0);
	CHECK_INT(kms_vblank_queue_event_locked(crtc, crtc->vblank->count + vblanks, event), 0);
	unlock();
}

/* 60 Hz and 85 Hz: in the order of their times, each on its own grid. */
TEST(two_rates_in_one_time)
{
	struct drm_mode_modeinfo other;

	start();
	CHECK_INT(kms_mode_cvt(800, 600, 85, &other), 0);
	kms_time_set(fixture.dev, KMS_TIME_FAST);
	CHECK_INT(light_second(&other), 0);
	kms_time_set(fixture.dev, KMS_TIME_FROZEN);
	uint64_t start0 = fixture.crtc->vblank->start_ns, start1 = fixture.crtc1->vblank->start_ns;
	uint64_t count0 = count_of(fixture.crtc) - fixture.crtc->vblank->start_count;
	uint64_t count1 = count_of(fixture.crtc1) - fixture.crtc1->vblank->start_count;
	for (unsigned i = 1; i <= 60; i++)
		queue(fixture.crtc, i, 0);
	for (unsigned i = 1; i <= 60; i++)
		queue(fixture.crtc1, i, 1);
	CHECK_INT(step(fixture.crtc, 60), 0);
	CHECK_INT(fixture.event_count, 120);
	unsigned seen[2] = {0, 0};
	for (unsigned i = 0; i < 120; i++) {
		const struct fixture_event *event = &fixture.events[i];
		unsigned which = event->user_data;
		uint64_t n = ++seen[which] + (which ? count1 : count0);

		CHECK_INT(event->time_ns, which ? start1 - KMS_TIME_FIRST_NS + grid(&other, n) :
			start0 - KMS_TIME_FIRST_NS + grid(&fixture.mode, n));
		CHECK(i == 0 || event->time_ns >= fixture.events[i - 1].time_ns);
	}
	fixture_finish(&fixture);
}

TEST(back_to_real_time)
{
	start();
	CHECK_INT(step(fixture.crtc, 5), 0);
	uint64_t count = count_of(fixture.crtc), before = kms_clock_now();
	CHECK_INT(flip(back, KMS_COMMIT_NONBLOCK, 1), 0);
	kms_time_set(fixture.dev, KMS_TIME_REAL);
	CHECK(now() >= before && now() <= kms_clock_now());
	fixture_wait_events(&fixture, 1);
	/* The next number, a period after the leap, unless the machine was late. */
	CHECK(fixture.events[0].sequence > count && fixture.events[0].sequence < count + 60);
	CHECK(fixture.events[0].time_ns > before);
	CHECK(fixture.events[0].time_ns <= fixture.events[0].sent_ns);
	fixture_finish(&fixture);
}

/* Time does not go back: virtual time that is ahead stays ahead. */
TEST(real_time_after_a_long_step)
{
	const uint64_t far = 100000ull * 1000 * MS;

	start();
	kms_time_set(fixture.dev, KMS_TIME_REAL);
	kms_time_set(fixture.dev, KMS_TIME_FROZEN);
	CHECK_INT(fixture_off(&fixture), 0);
	CHECK_INT(kms_time_step_ns(fixture.dev, far), 0);
	uint64_t ahead = now();
	kms_time_set(fixture.dev, KMS_TIME_REAL);
	CHECK(now() >= ahead);
	CHECK_INT(fixture_on(&fixture, front), 0);
	CHECK(fixture.crtc->vblank->time_ns >= ahead);
	CHECK(fixture.crtc->vblank->late_max_ns < far / 2);
	fixture_finish(&fixture);
}

TEST(late_flip)
{
	start();
	kms_flip_delay(fixture.crtc, 3);
	CHECK_INT(step(fixture.crtc, 4), 0); /* nothing to put off yet */
	uint64_t count = count_of(fixture.crtc);
	CHECK_INT(flip(back, KMS_COMMIT_NONBLOCK, 1), 0);
	CHECK_INT(step(fixture.crtc, 3), 0);
	CHECK_INT(fixture.event_count, 0);
	CHECK(fixture.primary->scanout.fb == front);
	CHECK_INT(flip(front, KMS_COMMIT_NONBLOCK, 2), -EBUSY);
	CHECK_INT(step(fixture.crtc, 1), 0);
	CHECK(fixture.primary->scanout.fb == back);
	CHECK_INT(fixture.event_count, 1);
	CHECK_INT(fixture.events[0].sequence, count + 4);
	/* Only that one. */
	CHECK_INT(flip(front, KMS_COMMIT_NONBLOCK, 3), 0);
	CHECK_INT(step(fixture.crtc, 1), 0);
	CHECK_INT(fixture.event_count, 2);
	fixture_finish(&fixture);
}

TEST(lost_flip)
{
	start();
	kms_flip_lose(fixture.crtc);
	CHECK_INT(flip(back, KMS_COMMIT_NONBLOCK, 1), 0);
	CHECK_INT(step(fixture.crtc, 1), 0);
	CHECK(fixture.primary->scanout.fb == back);
	CHECK_INT(fixture.event_count, 0);
	CHECK_INT(fixture.file.event_reserved, 0);
	CHECK_INT(flip(front, KMS_COMMIT_NONBLOCK, 2), 0);
	CHECK_INT(step(fixture.crtc, 1), 0);
	CHECK_INT(fixture.event_count, 1);
	CHECK_INT(fixture.events[0].user_data, 2);
	fixture_finish(&fixture);
}

struct watcher {
	struct kms_sink sink;
	unsigned frames;
	uint64_t sequence, time_ns;
};

static void watch(struct kms_sink *sink, const struct kms_frame *frame)
{
	struct watcher *watcher = gem_container_of(sink, struct watcher, sink);

	fixture_sleep(2 * MS); /* a step that did not wait would be back before */
	watcher->frames++;
	watcher->sequence = frame->sequence;
	watcher->time_ns = frame->time_ns;
}

TEST(step_answers_after_the_sinks)
{
	struct watcher watcher = {.sink = {.every_vblank = true, .frame = watch}};

	start();
	kms_sink_attach(&watcher.sink, fixture.crtc);
	for (unsigned i = 1; i <= 10; i++) {
		CHECK_INT(step(fixture.crtc, 1), 0);
		CHECK_INT(watcher.frames, i);
		CHECK_INT(watcher.sequence, count_of(fixture.crtc));
		CHECK_INT(watcher.time_ns, now());
	}
	kms_sink_detach(&watcher.sink);
	fixture_finish(&fixture);
}

/* ---- variable refresh ---- */

static int set_vrr(bool on)
{
	struct kms_atomic_state *state;

	lock();
	CHECK_INT(kms_atomic_state_create(fixture.dev, &state), 0);
	kms_atomic_crtc(state, fixture.crtc)->vrr_enabled = on;
	int ret = kms_atomic_commit(state, KMS_COMMIT_NONBLOCK);
	kms_atomic_state_destroy(state);
	unlock();
	return ret;
}

static void start_vrr(void)
{
	start();
	fixture.crtc->desc.vrr = true;
	fixture.dev->connectors[0].desc.vrr_capable = true;
	CHECK_INT(set_vrr(true), 0);
	CHECK_INT(step(fixture.crtc, 1), 0);
}

/* Up to a nanosecond: both ends are rounded down. */
static bool is_periods(uint64_t ns, unsigned n)
{
	uint64_t exact = grid(&fixture.mode, n) - KMS_TIME_FIRST_NS;

	return ns == exact || ns == exact + 1;
}

TEST(variable_refresh_shows_a_flip_when_it_comes)
{
	const uint64_t longest = 1000000000 / 48;

	start_vrr();
	uint64_t count = count_of(fixture.crtc), at = now();
	uint64_t period = fixture.crtc->vblank->period_ns;
	/* In the stretched porch: at once, that is one nanosecond after the commit. */
	CHECK_INT(kms_time_step_ns(fixture.dev, 18 * MS), 0);
	CHECK_INT(count_of(fixture.crtc), count);
	CHECK_INT(flip(back, KMS_COMMIT_NONBLOCK, 1), 0);
	CHECK_INT(step(fixture.crtc, 1), 0);
	CHECK_INT(now(), at + 18 * MS + 1);
	CHECK_INT(fixture.events[0].sequence, count + 1);
	CHECK_INT(fixture.events[0].time_ns, (at + 18 * MS + 1) / 1000 * 1000);
	/* Too soon after that: at the mode's period. */
	at = now();
	CHECK_INT(kms_time_step_ns(fixture.dev, 5 * MS), 0);
	CHECK_INT(flip(front, KMS_COMMIT_NONBLOCK, 2), 0);
	CHECK_INT(step(fixture.crtc, 1), 0);
	CHECK_INT(now(), at + period);
	/* Nothing to show: at the lowest rate. */
	at = now();
	CHECK_INT(step(fixture.crtc, 1), 0);
	CHECK(now() - at >= longest && now() - at <= longest + 1);
	CHECK_INT(count_of(fixture.crtc), count + 3);
	/* And back to a fixed rate. */
	CHECK_INT(set_vrr(false), 0);
	CHECK_INT(step(fixture.crtc, 1), 0);
	at = now();
	CHECK_INT(step(fixture.crtc, 600), 0);
	CHECK(is_periods(now() - at, 600));
	fixture_finish(&fixture);
}

/* A client that is always in time gets the mode's rate, without drift. */
TEST(variable_refresh_at_full_rate_does_not_drift)
{
	start_vrr();
	uint64_t at = now();
	for (unsigned i = 0; i < 200; i++) {
		CHECK_INT(flip(i % 2 ? front : back, KMS_COMMIT_NONBLOCK, i), 0);
		CHECK_INT(step(fixture.crtc, 1), 0);
	}
	CHECK(is_periods(now() - at, 200));
	fixture_finish(&fixture);
}

TEST(variable_refresh_needs_a_monitor_that_can)
{
	start();
	CHECK_INT(set_vrr(true), 0);
	CHECK_INT(step(fixture.crtc, 10), 0);
	CHECK_INT(now(), grid(&fixture.mode, 11));
	fixture_finish(&fixture);
}

/* In real time the thread wakes for the flip, not for the end of the porch. */
TEST(variable_refresh_in_real_time)
{
	start_vrr();
	kms_time_set(fixture.dev, KMS_TIME_REAL);
	for (unsigned i = 0; i < 20; i++) {
		struct kms_vblank *vblank = fixture.crtc->vblank;

		fixture_sleep(18 * MS);
		lock();
		uint64_t last = vblank->time_ns;
		unlock();
		CHECK_INT(flip(i % 2 ? front : back, KMS_COMMIT_NONBLOCK, i), 0);
		fixture_wait_events(&fixture, i + 1);
		CHECK(fixture.events[i].time_ns >= last / 1000 * 1000);
		CHECK(fixture.events[i].time_ns <= fixture.events[i].sent_ns);
	}
	fixture_finish(&fixture);
}
