#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "gem_interrupt.h"
#include "gem_pool.h"
#include "gem_thread.h"
#include "kms_atomic.h"
#include "kms_clock.h"
#include "kms_fence.h"
#include "kms_history.h"
#include "kms_sink.h"

#define NS_PER_SECOND 1000000000ull

/* What one wake-up did, and has left to do without dev->lock. */
struct clock_pass {
	bool any; /* a crtc had a vblank, or went off */
	uint32_t sinks; /* crtcs (bits) whose sinks are to be served */
	struct gem_list out_fences; /* of what was shown */
	struct kms_latch_bin bin;
};

static void report_locked(struct clock_pass *pass, struct kms_crtc *crtc, uint64_t time_ns)
{
	pass->any = true;
	if (kms_sinks_begin_locked(crtc, crtc->vblank->count, time_ns))
		pass->sinks |= 1u << crtc->index;
}

/* Latch before events: who hears of a flip must find it shown. */
static void handle_crtc_locked(struct clock_pass *pass, struct kms_crtc *crtc, uint64_t now)
{
	struct kms_vblank *vblank = crtc->vblank;

	if (kms_vblank_next_ns_locked(crtc) <= now) {
		kms_vblank_advance_locked(crtc, now);
		kms_atomic_latch_locked(crtc, &pass->bin);
		kms_history_add_locked(crtc);
		kms_vblank_send_events_locked(crtc);
		report_locked(pass, crtc, vblank->time_ns);
	} else if (vblank->report_off) {
		vblank->report_off = false;
		report_locked(pass, crtc, now);
	}
}

static uint64_t next_due_locked(const struct kms_device *dev)
{
	uint64_t due = UINT64_MAX;

	for (unsigned i = 0; i < dev->crtc_count; i++) {
		uint64_t next = kms_vblank_next_ns_locked(&dev->crtcs[i]);

		if (next < due)
			due = next;
	}
	return due;
}

static void run_pass_locked(struct kms_clock *clock, struct clock_pass *pass)
{
	struct kms_device *dev = clock->dev;

	kms_out_fences_take_locked(dev, &pass->out_fences);
	pthread_mutex_unlock(&dev->lock);
	/* After the lock, which those that wake take at once. */
	pthread_cond_broadcast(&clock->changed);
	kms_out_fences_signal(&pass->out_fences);
	for (; pass->sinks; pass->sinks &= pass->sinks - 1)
		kms_sinks_run(&dev->crtcs[__builtin_ctz(pass->sinks)]);
	kms_latch_bin_empty(&pass->bin);
	pthread_mutex_lock(&dev->lock);
}

/*
 * A display of real time does not wait for a busy machine, nor for helpers that do;
 * virtual time waits for everybody.
 */
static void follow_mode(const struct kms_clock *clock, bool *urgent)
{
	bool real = atomic_load(&clock->mode) == KMS_TIME_REAL;

	if (*urgent != real) {
		gem_thread_set_urgent(real);
		gem_pool_set_urgent(clock->dev->compose_pool, real);
	}
	*urgent = real;
}

static void *clock_thread(void *data)
{
	struct kms_clock *clock = data;
	struct kms_device *dev = clock->dev;
	struct clock_pass pass = {0};
	struct gem_publish_life life;
	bool urgent = false;

	gem_publish_enter(&life, dev->life);
	prctl(PR_SET_NAME, "tc-vblank");
	prctl(PR_SET_TIMERSLACK, 1);
	pthread_mutex_lock(&dev->lock);
	while (!clock->stop) {
		follow_mode(clock, &urgent);
		uint64_t due = next_due_locked(dev), now = kms_time_advance_locked(clock, due);

		pass.any = !gem_list_empty(&dev->done_fences);
		for (unsigned i = 0; i < dev->crtc_count; i++)
			handle_crtc_locked(&pass, &dev->crtcs[i], now);
		if (pass.any)
			run_pass_locked(clock, &pass);
		else
			kms_time_sleep_locked(clock, due);
	}
	pthread_mutex_unlock(&dev->lock);
	gem_publish_leave(&life);
	return NULL;
}

void kms_clock_kick(struct kms_device *dev)
{
	pthread_cond_signal(&dev->clock->wake);
	pthread_cond_broadcast(&dev->clock->changed);
}

int kms_clock_wait_change_locked(struct kms_device *dev, uint64_t deadline_ns)
{
	uint64_t look = kms_clock_now() + GEM_INTERRUPT_LOOK_NS;
	uint64_t end = deadline_ns < look ? deadline_ns : look;
	struct timespec until = {.tv_sec = end / NS_PER_SECOND, .tv_nsec = end % NS_PER_SECOND};

	int ret = -pthread_cond_timedwait(&dev->clock->changed, &dev->lock, &until);
	if (ret && gem_interrupted())
		return -EINTR;
	return end == deadline_ns ? ret : 0;
}

static void init_conditions(struct kms_clock *clock)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&clock->wake, &attr);
	pthread_cond_init(&clock->changed, &attr);
	pthread_condattr_destroy(&attr);
}

static void free_clock(struct kms_clock *clock)
{
	struct kms_device *dev = clock->dev;

	for (unsigned i = 0; i < dev->crtc_count; i++)
		dev->crtcs[i].vblank = NULL;
	dev->clock = NULL;
	pthread_cond_destroy(&clock->wake);
	pthread_cond_destroy(&clock->changed);
	free(clock);
}

int kms_clock_create(struct kms_device *dev)
{
	struct kms_clock *clock = calloc(1, sizeof(*clock));

	if (!clock)
		return -ENOMEM;
	clock->dev = dev;
	init_conditions(clock);
	for (unsigned i = 0; i < dev->crtc_count; i++) {
		gem_list_init(&clock->vblanks[i].events);
		dev->crtcs[i].vblank = &clock->vblanks[i];
	}
	dev->clock = clock;
	int ret = gem_thread_start(&clock->thread, NULL, clock_thread, clock);
	if (ret)
		free_clock(clock);
	return ret;
}

void kms_clock_destroy(struct kms_device *dev)
{
	struct kms_clock *clock = dev->clock;
	struct gem_list out_fences;

	pthread_mutex_lock(&dev->lock);
	clock->stop = true;
	pthread_cond_signal(&clock->wake);
	pthread_mutex_unlock(&dev->lock);
	pthread_join(clock->thread, NULL);
	/* Events outlive their file; these were never sent. */
	for (unsigned i = 0; i < dev->crtc_count; i++) {
		struct kms_event *event, *next;

		gem_list_for_each_safe(event, next, &clock->vblanks[i].events, vblank_link)
			kms_event_cancel_locked(event);
	}
	kms_out_fences_take_locked(dev, &out_fences);
	kms_out_fences_signal(&out_fences);
	free_clock(clock);
}
