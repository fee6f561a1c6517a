#include <time.h>

#include "kms_clock.h"
#include "kms_fence.h"
#include "kms_sink.h"

#define NS_PER_SECOND 1000000000ull
/*
 * A fence's signal takes no lock, so that the vblank thread may not hear it: where it
 * cannot wait for the next vblank, it looks.
 */
#define LOOK_NS 1000000ull

uint64_t kms_clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

uint64_t kms_time_now(struct kms_device *dev)
{
	struct kms_clock *clock = dev->clock;
	uint64_t virtual_ns = atomic_load(&clock->virtual_ns);

	return virtual_ns ? virtual_ns : kms_clock_now() + atomic_load(&clock->ahead_ns);
}

enum kms_time_mode kms_time_mode(struct kms_device *dev)
{
	return atomic_load(&dev->clock->mode);
}

/* ---- the thread's part ---- */

static bool has_ready_planes(const struct kms_crtc *crtc)
{
	uint64_t planes = crtc->async_planes;

	for (; planes; planes &= planes - 1) {
		const struct kms_plane *plane = &crtc->base.dev->planes[__builtin_ctzll(planes)];

		if (kms_fence_wait_over(plane->wait, UINT64_MAX))
			return true;
	}
	return false;
}

static bool has_ready_commit(const struct kms_crtc *crtc)
{
	return crtc->pending.active && kms_fence_wait_over(crtc->pending.wait, UINT64_MAX);
}

/* every: of those that take every vblank; else of those that have not seen the newest picture. */
static bool has_sink(const struct kms_crtc *crtc, bool every)
{
	const struct kms_sink *sink;

	gem_list_for_each(sink, &crtc->sinks, link) {
		if (every ? sink->every_vblank :
				!sink->served || sink->last_serial != crtc->scanout_serial)
			return true;
	}
	return false;
}

/* Whether anybody waits for a vblank of crtc. */
static bool is_wanted(const struct kms_crtc *crtc)
{
	const struct kms_vblank *vblank = crtc->vblank;

	if (!vblank->running)
		return false;
	/* Who waits may take a while to wake: not beyond what he waits for. */
	if (vblank->waiters && !kms_vblank_passed(vblank->count, vblank->wait_until))
		return true;
	return !gem_list_empty(&vblank->events) || has_ready_commit(crtc) ||
		has_ready_planes(crtc) || has_sink(crtc, false);
}

static bool any_wanted(const struct kms_device *dev)
{
	for (unsigned i = 0; i < dev->crtc_count; i++) {
		if (is_wanted(&dev->crtcs[i]))
			return true;
	}
	return false;
}

static bool any_watched(const struct kms_device *dev)
{
	for (unsigned i = 0; i < dev->crtc_count; i++) {
		if (dev->crtcs[i].vblank->running && has_sink(&dev->crtcs[i], true))
			return true;
	}
	return false;
}

/* Real time at which fast time is at due, when nobody is in a hurry. */
static uint64_t paced_ns(const struct kms_clock *clock, uint64_t due)
{
	uint64_t at = atomic_load(&clock->virtual_ns);

	return clock->leapt_ns + (due > at ? due - at : 0);
}

static bool may_go_on(const struct kms_clock *clock, uint64_t due)
{
	if (due == UINT64_MAX)
		return false;
	if (atomic_load(&clock->mode) == KMS_TIME_FROZEN)
		return due <= clock->step_until_ns;
	return any_wanted(clock->dev) ||
		(any_watched(clock->dev) && paced_ns(clock, due) <= kms_clock_now());
}

uint64_t kms_time_advance_locked(struct kms_clock *clock, uint64_t due)
{
	if (atomic_load(&clock->mode) == KMS_TIME_REAL)
		return kms_time_now(clock->dev);
	if (due > atomic_load(&clock->virtual_ns) && may_go_on(clock, due)) {
		atomic_store(&clock->virtual_ns, due);
		clock->leapt_ns = kms_clock_now();
	}
	return atomic_load(&clock->virtual_ns);
}

/* Something that a signal, and not the time, brings on. */
static bool waits_for_fence(const struct kms_device *dev)
{
	bool fast = atomic_load(&dev->clock->mode) == KMS_TIME_FAST;

	for (unsigned i = 0; i < dev->crtc_count; i++) {
		const struct kms_crtc *crtc = &dev->crtcs[i];

		if (!crtc->vblank->running || !(fast || crtc->vblank->vrr_max_ns))
			continue;
		if ((crtc->pending.active && !has_ready_commit(crtc)) ||
				(fast && crtc->async_planes))
			return true;
	}
	return false;
}

/* When the thread wakes for what is due at due, if nothing wakes it before. */
static uint64_t real_time_of(const struct kms_clock *clock, uint64_t due)
{
	if (due == UINT64_MAX)
		return due;
	switch (atomic_load(&clock->mode)) {
	case KMS_TIME_REAL:
		return due - atomic_load(&clock->ahead_ns);
	case KMS_TIME_FAST:
		return any_watched(clock->dev) ? paced_ns(clock, due) : UINT64_MAX;
	default:
		return UINT64_MAX;
	}
}

void kms_time_sleep_locked(struct kms_clock *clock, uint64_t due)
{
	if (clock->step_until_ns) {
		atomic_store(&clock->virtual_ns, clock->step_until_ns);
		clock->step_until_ns = 0;
		pthread_cond_broadcast(&clock->changed);
	}
	uint64_t until = real_time_of(clock, due);
	if (waits_for_fence(clock->dev)) {
		uint64_t look = kms_clock_now() + LOOK_NS;

		until = look < until ? look : until;
	}
	if (until == UINT64_MAX) {
		pthread_cond_wait(&clock->wake, &clock->dev->lock);
	} else {
		struct timespec at = {
			.tv_sec = until / NS_PER_SECOND, .tv_nsec = until % NS_PER_SECOND,
		};
		pthread_cond_timedwait(&clock->wake, &clock->dev->lock, &at);
	}
}

void kms_clock_attend_locked(struct kms_crtc *crtc)
{
	struct kms_clock *clock = crtc->base.dev->clock;

	if (crtc->vblank->vrr_max_ns || atomic_load(&clock->mode) == KMS_TIME_FAST)
		pthread_cond_signal(&clock->wake);
	if (clock->stepping)
		pthread_cond_broadcast(&clock->changed);
}

void kms_clock_signalled(struct kms_device *dev)
{
	if (atomic_load(&dev->clock->mode) == KMS_TIME_FAST)
		pthread_cond_signal(&dev->clock->wake);
}

/* ---- modes ---- */

static void enter_virtual_locked(struct kms_clock *clock)
{
	if (!atomic_load(&clock->virtual_ns))
		atomic_store(&clock->virtual_ns, kms_time_now(clock->dev));
	clock->leapt_ns = kms_clock_now();
}

static void enter_real_locked(struct kms_clock *clock)
{
	uint64_t was = atomic_load(&clock->virtual_ns), now = kms_clock_now();

	if (!was)
		return;
	atomic_store(&clock->ahead_ns, was > now ? was - now : 0);
	for (unsigned i = 0; i < clock->dev->crtc_count && now > was; i++)
		clock->vblanks[i].start_ns += now - was;
	atomic_store(&clock->virtual_ns, 0);
}

static void set_locked(struct kms_clock *clock, enum kms_time_mode mode)
{
	clock->step_until_ns = 0;
	if (mode == KMS_TIME_REAL)
		enter_real_locked(clock);
	else
		enter_virtual_locked(clock);
	atomic_store(&clock->mode, mode);
	kms_clock_kick(clock->dev);
}

void kms_time_set(struct kms_device *dev, enum kms_time_mode mode)
{
	pthread_mutex_lock(&dev->lock);
	set_locked(dev->clock, mode);
	pthread_mutex_unlock(&dev->lock);
}

void kms_time_start(struct kms_device *dev, enum kms_time_mode mode)
{
	pthread_mutex_lock(&dev->lock);
	if (mode != KMS_TIME_REAL)
		atomic_store(&dev->clock->virtual_ns, KMS_TIME_FIRST_NS);
	set_locked(dev->clock, mode);
	pthread_mutex_unlock(&dev->lock);
}

/* ---- trouble ---- */

void kms_flip_delay(struct kms_crtc *crtc, unsigned vblanks)
{
	pthread_mutex_lock(&crtc->base.dev->lock);
	crtc->vblank->flip_delay = vblanks;
	pthread_mutex_unlock(&crtc->base.dev->lock);
}

void kms_flip_lose(struct kms_crtc *crtc)
{
	pthread_mutex_lock(&crtc->base.dev->lock);
	crtc->vblank->flip_lose = true;
	pthread_mutex_unlock(&crtc->base.dev->lock);
}
