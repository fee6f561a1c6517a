/* Steps of frozen time: the caller says how far, the vblank thread goes there. */
#include <errno.h>

#include "gem_interrupt.h"
#include "kms_clock.h"

/* Waits for what another step, the thread or a commit does. -EINTR. */
static int wait_locked(struct kms_clock *clock)
{
	return kms_clock_wait_change_locked(clock->dev, UINT64_MAX);
}

static int begin_locked(struct kms_clock *clock)
{
	while (clock->stepping) {
		int ret = wait_locked(clock);

		if (ret)
			return ret;
	}
	if (atomic_load(&clock->mode) != KMS_TIME_FROZEN)
		return -EINVAL;
	clock->stepping = true;
	return 0;
}

static void end_locked(struct kms_clock *clock)
{
	clock->stepping = false;
	pthread_cond_broadcast(&clock->changed);
}

/* The thread is there when it has taken step_until_ns away: with nothing left to do. */
static int go_locked(struct kms_clock *clock, uint64_t until)
{
	clock->step_until_ns = until;
	pthread_cond_signal(&clock->wake);
	while (clock->step_until_ns) {
		int ret = wait_locked(clock);

		if (!ret)
			continue;
		clock->step_until_ns = 0;
		return ret;
	}
	return atomic_load(&clock->mode) == KMS_TIME_FROZEN ? 0 : -ECANCELED;
}

int kms_time_step_ns(struct kms_device *dev, uint64_t ns)
{
	struct kms_clock *clock = dev->clock;

	pthread_mutex_lock(&dev->lock);
	int ret = begin_locked(clock);
	if (!ret) {
		ret = go_locked(clock, atomic_load(&clock->virtual_ns) + ns);
		end_locked(clock);
	}
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

static bool is_ready(const struct kms_time_step *step)
{
	return step->crtc->vblank->running && (!step->commits || step->crtc->pending.active);
}

static int wait_ready_locked(struct kms_clock *clock, const struct kms_time_step *step)
{
	uint64_t deadline = kms_clock_now() + step->timeout_ns;

	while (!is_ready(step)) {
		int ret = kms_clock_wait_change_locked(clock->dev, deadline);

		if (ret)
			return ret == -ETIMEDOUT ? -EAGAIN : ret;
		if (atomic_load(&clock->mode) != KMS_TIME_FROZEN)
			return -ECANCELED;
	}
	return 0;
}

int kms_time_step_vblanks(const struct kms_time_step *step, uint64_t *left)
{
	struct kms_device *dev = step->crtc->base.dev;
	struct kms_clock *clock = dev->clock;

	*left = step->vblanks;
	pthread_mutex_lock(&dev->lock);
	int ret = begin_locked(clock);
	if (ret)
		goto unlock;
	for (; *left && !ret; *left -= !ret) {
		ret = wait_ready_locked(clock, step);
		if (!ret)
			ret = go_locked(clock, kms_vblank_next_ns_locked(step->crtc));
	}
	end_locked(clock);
unlock:
	pthread_mutex_unlock(&dev->lock);
	return ret;
}
