#include <errno.h>

#include "gem_journal.h"
#include "gem_trace.h"
#include "kms_oops.h"
#include "kms_time.h"
#include "kms_vrr.h"

#define NS_PER_KHZ_TICK 1000000ull
/* A target less than this many vblanks ago has passed; older ones lie ahead (wrap). */
#define PASSED_WINDOW (1ull << 23)

static uint64_t scale(uint64_t value, uint64_t num, uint64_t den)
{
	return (uint64_t)((unsigned __int128)value * num / den);
}

/*
 * One period as a fraction: most modes have no whole number of nanoseconds, and
 * a rounded one would leave the true refresh rate after some minutes.
 */
static void set_period(struct kms_vblank *vblank, const struct drm_mode_modeinfo *mode)
{
	uint64_t pixels = (uint64_t)mode->htotal * mode->vtotal;

	if (mode->flags & DRM_MODE_FLAG_DBLSCAN)
		pixels *= 2;
	if (mode->vscan > 1)
		pixels *= mode->vscan;
	vblank->period_num = pixels * NS_PER_KHZ_TICK;
	vblank->period_den = mode->clock;
	if (mode->flags & DRM_MODE_FLAG_INTERLACE)
		vblank->period_den *= 2;
	vblank->period_ns = vblank->period_num / vblank->period_den;
}

static uint64_t grid_time(const struct kms_vblank *vblank, uint64_t count)
{
	return vblank->start_ns +
	       scale(count - vblank->start_count, vblank->period_num, vblank->period_den);
}

/* For whoever will ask what happened last. */
static void note_mode(struct kms_crtc *crtc)
{
	const struct drm_mode_modeinfo *mode = &crtc->state.mode;

	kms_oops_note_mode_locked(crtc);
	if (crtc->vblank->running)
		gem_journal_add("crtc %u: on, %ux%u, %u Hz", crtc->index, mode->hdisplay,
			mode->vdisplay, mode->vrefresh);
	else
		gem_journal_add("crtc %u: off", crtc->index);
}

void kms_vblank_on_locked(struct kms_crtc *crtc)
{
	struct kms_vblank *vblank = crtc->vblank;

	gem_publish_move(crtc->base.dev->vblank_changes);
	set_period(vblank, &crtc->state.mode);
	vblank->count++;
	vblank->time_ns = kms_time_now(crtc->base.dev);
	vblank->start_count = vblank->count;
	vblank->start_ns = vblank->time_ns;
	vblank->running = true;
	vblank->report_off = false;
	kms_vrr_update_locked(crtc);
	note_mode(crtc);
	kms_clock_kick(crtc->base.dev);
}

void kms_vblank_off_locked(struct kms_crtc *crtc)
{
	struct kms_vblank *vblank = crtc->vblank;
	uint64_t now = kms_time_now(crtc->base.dev);
	struct kms_event *event, *next;

	gem_publish_move(crtc->base.dev->vblank_changes);
	vblank->running = false;
	vblank->report_off = true;
	note_mode(crtc);
	gem_list_for_each_safe(event, next, &vblank->events, vblank_link)
		kms_event_send_locked(event, vblank->count, now, crtc->base.id);
	kms_clock_kick(crtc->base.dev);
}

bool kms_vblank_passed(uint64_t count, uint64_t target)
{
	return count - target <= PASSED_WINDOW;
}

int kms_vblank_wait_locked(struct kms_crtc *crtc, uint64_t target, uint64_t timeout_ns)
{
	struct kms_vblank *vblank = crtc->vblank;
	uint64_t deadline = kms_clock_now() + timeout_ns;
	int ret = 0;

	if (!vblank->running)
		return -EINVAL;
	if (vblank->waiters++ == 0 || kms_vblank_passed(target, vblank->wait_until))
		vblank->wait_until = target;
	kms_clock_attend_locked(crtc);
	while (vblank->running && !kms_vblank_passed(vblank->count, target) && !ret)
		ret = kms_clock_wait_change_locked(crtc->base.dev, deadline);
	vblank->waiters--;
	if (!vblank->running || kms_vblank_passed(vblank->count, target))
		return 0;
	return ret == -ETIMEDOUT ? -EBUSY : ret;
}

int kms_vblank_queue_event_locked(struct kms_crtc *crtc, uint64_t target, struct kms_event *event)
{
	struct kms_vblank *vblank = crtc->vblank;

	if (!vblank->running) {
		kms_event_cancel_locked(event);
		return -EINVAL;
	}
	event->target = target;
	if (kms_vblank_passed(vblank->count, target))
		kms_event_send_locked(event, vblank->count, vblank->time_ns, crtc->base.id);
	else
		gem_list_add_tail(&vblank->events, &event->vblank_link);
	kms_clock_attend_locked(crtc);
	return 0;
}

uint64_t kms_vblank_next_ns_locked(const struct kms_crtc *crtc)
{
	const struct kms_vblank *vblank = crtc->vblank;

	if (!vblank->running)
		return UINT64_MAX;
	uint64_t next = grid_time(vblank, vblank->count + 1);
	return vblank->vrr_max_ns ? kms_vrr_next_ns_locked(crtc, next) : next;
}

/* Late by whole periods: the display went on without us, so do its numbers. */
static void count_up_to(struct kms_vblank *vblank, uint64_t now_ns)
{
	uint64_t count = vblank->start_count +
		scale(now_ns - vblank->start_ns, vblank->period_den, vblank->period_num);

	/* The division rounds down, and so does grid_time: it may name one more. */
	if (grid_time(vblank, count + 1) <= now_ns)
		count++;
	if (count > vblank->count + 1)
		vblank->late_count += count - vblank->count - 1;
	vblank->count = count;
	vblank->time_ns = grid_time(vblank, count);
}

/* A stretched frame begins a grid of its own; ones of the mode's period stay on it. */
static void count_stretched(struct kms_crtc *crtc)
{
	struct kms_vblank *vblank = crtc->vblank;

	vblank->time_ns = kms_vblank_next_ns_locked(crtc);
	vblank->count++;
	if (vblank->time_ns != grid_time(vblank, vblank->count)) {
		vblank->start_ns = vblank->time_ns;
		vblank->start_count = vblank->count;
	}
}

static void trace(const struct kms_crtc *crtc)
{
	uint64_t now = gem_trace_now();

	gem_trace_add(&(struct gem_trace_event){
		.kind = GEM_TRACE_VBLANK,
		.card = crtc->base.dev->card,
		.index = crtc->index,
		.begin_ns = now,
		.end_ns = now,
		.a = crtc->vblank->count,
		.b = crtc->vblank->time_ns,
	});
}

void kms_vblank_advance_locked(struct kms_crtc *crtc, uint64_t now_ns)
{
	struct kms_vblank *vblank = crtc->vblank;

	gem_publish_move(crtc->base.dev->vblank_changes);
	if (vblank->vrr_max_ns)
		count_stretched(crtc);
	else
		count_up_to(vblank, now_ns);
	if (now_ns - vblank->time_ns > vblank->late_max_ns)
		vblank->late_max_ns = now_ns - vblank->time_ns;
	trace(crtc);
}

void kms_vblank_send_events_locked(struct kms_crtc *crtc)
{
	struct kms_vblank *vblank = crtc->vblank;
	struct kms_event *event, *next;

	gem_list_for_each_safe(event, next, &vblank->events, vblank_link) {
		if (kms_vblank_passed(vblank->count, event->target))
			kms_event_send_locked(event, vblank->count, vblank->time_ns, crtc->base.id);
	}
}
