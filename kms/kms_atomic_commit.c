#include <errno.h>

#include "gem_domain.h"
#include "gem_interrupt.h"
#include "gem_trace.h"
#include "kms_atomic_internal.h"
#include "kms_connector.h"
#include "kms_fence.h"
#include "kms_plane.h"
#include "kms_state.h"
#include "kms_time.h"
#include "kms_vrr.h"
#include "kms_writeback.h"

/* As the kernel: a commit that is not shown by then is given up waiting for. */
#define SHOWN_TIMEOUT_NS 10000000000ull

/* ---- what is on the screen ---- */

static void bin_add(struct kms_latch_bin *bin, struct kms_framebuffer *fb)
{
	if (fb)
		bin->fbs[bin->count++] = fb;
}

void kms_latch_bin_empty(struct kms_latch_bin *bin)
{
	for (unsigned i = 0; i < bin->count; i++)
		kms_object_put(&bin->fbs[i]->base);
	bin->count = 0;
}

static void clear_scanout(struct kms_plane *plane, struct kms_latch_bin *bin)
{
	bin_add(bin, plane->scanout.fb);
	plane->scanout.fb = NULL;
	plane->scanout.crtc = NULL;
}

static void latch_crtc(struct kms_crtc *crtc)
{
	kms_crtc_state_get(&crtc->state);
	kms_crtc_state_put(&crtc->scanout);
	crtc->scanout = crtc->state;
}

static void clear_crtc(struct kms_crtc *crtc)
{
	kms_crtc_state_put(&crtc->scanout);
	crtc->scanout = (struct kms_crtc_state) {0};
}

/*
 * plane's part of crtc's picture becomes what was committed. A plane that left
 * crtc and is by now another crtc's is not touched beyond leaving.
 */
static void latch_plane(struct kms_crtc *crtc, struct kms_plane *plane, struct kms_latch_bin *bin)
{
	kms_fence_wait_destroy(plane->wait);
	plane->wait = NULL;
	if (plane->state.crtc == crtc) {
		bin_add(bin, plane->scanout.fb);
		plane->scanout = plane->state;
		plane->scanout.damage = NULL;
		plane->scanout.in_fence = NULL;
		kms_object_get(&plane->scanout.fb->base);
	} else if (plane->scanout.crtc == crtc) {
		clear_scanout(plane, bin);
	}
}

/* sequence and time are those of the vblank at which it was shown. */
static void complete_pending(struct kms_crtc *crtc, uint64_t time_ns)
{
	struct kms_event *event = crtc->pending.event;
	bool lost = event && crtc->vblank->flip_lose;

	if (crtc->pending.active)
		kms_trace_flip_locked(crtc, time_ns);
	kms_fence_wait_destroy(crtc->pending.wait);
	kms_out_fence_done_locked(crtc->base.dev, crtc->pending.out_fence);
	if (crtc->pending.active && ++crtc->flip_count == 1)
		gem_info("kms", "crtc %u shows its first frame", crtc->base.id);
	crtc->pending = (struct kms_pending_commit) {0};
	if (lost) {
		crtc->vblank->flip_lose = false;
		kms_event_cancel_locked(event);
	} else if (event) {
		kms_event_send_locked(event, crtc->vblank->count, time_ns, crtc->base.id);
	}
}

/* Planes with an asynchronous update whose fences were signalled before that time. */
static uint64_t ready_async_planes(const struct kms_crtc *crtc, uint64_t time_ns)
{
	uint64_t planes = crtc->async_planes, ready = 0;
	unsigned i;

	kms_for_each_bit(i, planes) {
		if (kms_fence_wait_over(crtc->base.dev->planes[i].wait, time_ns))
			ready |= 1ull << i;
	}
	return ready;
}

/* The vblank of that count is the first that shows it. */
static void scanout_changed(struct kms_crtc *crtc, uint64_t first)
{
	crtc->scanout_serial++;
	crtc->scanout_since = first;
}

static void latch_planes(struct kms_crtc *crtc, uint64_t planes, uint64_t first,
	struct kms_latch_bin *bin)
{
	unsigned i;

	crtc->async_planes &= ~planes;
	if (planes)
		scanout_changed(crtc, first);
	kms_for_each_bit(i, planes)
		latch_plane(crtc, &crtc->base.dev->planes[i], bin);
}

/* After its planes: what else the pending commit set, and who waits for it. */
static void finish_pending(struct kms_crtc *crtc, uint64_t first)
{
	latch_crtc(crtc);
	kms_vrr_update_locked(crtc);
	scanout_changed(crtc, first);
	kms_writeback_due_locked(crtc, crtc->pending.writebacks);
	complete_pending(crtc, crtc->vblank->time_ns);
}

void kms_atomic_latch_locked(struct kms_crtc *crtc, struct kms_latch_bin *bin)
{
	struct kms_pending_commit *pending = &crtc->pending;
	uint64_t time_ns = crtc->vblank->time_ns;
	uint64_t planes = ready_async_planes(crtc, time_ns);
	bool flip = pending->active && pending->time_ns < time_ns &&
		kms_fence_wait_over(pending->wait, time_ns);

	if (flip && crtc->vblank->flip_delay) {
		crtc->vblank->flip_delay--;
		flip = false;
	}
	/* A plane of a commit that is not due yet must not show a part of it. */
	if (flip)
		planes |= pending->plane_mask;
	else if (pending->active)
		planes &= ~pending->plane_mask;
	latch_planes(crtc, planes, crtc->vblank->count, bin);
	if (flip)
		finish_pending(crtc, crtc->vblank->count);
}

/* ---- turning crtcs on and off ---- */

static void turn_off(struct kms_crtc *crtc, struct kms_latch_bin *bin)
{
	struct kms_device *dev = crtc->base.dev;

	kms_vblank_off_locked(crtc);
	kms_writeback_cancel_locked(crtc);
	complete_pending(crtc, kms_time_now(dev));
	crtc->async_planes = 0;
	scanout_changed(crtc, crtc->vblank->count + 1);
	clear_crtc(crtc);
	for (unsigned i = 0; i < dev->plane_count; i++) {
		if (dev->planes[i].scanout.crtc == crtc)
			clear_scanout(&dev->planes[i], bin);
	}
}

/* dark: its planes come with the commit, once their fences are signalled. */
static void turn_on(struct kms_crtc *crtc, bool dark, struct kms_latch_bin *bin)
{
	struct kms_device *dev = crtc->base.dev;

	for (unsigned i = 0; i < dev->plane_count && !dark; i++) {
		if (dev->planes[i].state.crtc == crtc)
			latch_plane(crtc, &dev->planes[i], bin);
	}
	latch_crtc(crtc);
	scanout_changed(crtc, crtc->vblank->count + 1);
	kms_vblank_on_locked(crtc);
}

/* After the swap: legacy clients see by DPMS what an atomic one did. */
static void update_dpms(const struct kms_atomic_state *state)
{
	for (unsigned i = 0; i < state->dev->connector_count; i++) {
		struct kms_connector *connector = &state->dev->connectors[i];
		const struct kms_crtc *crtc = connector->state.crtc;
		bool left = !crtc && state->connector_mask >> i & 1 && state->connectors[i].crtc;

		if (left || (crtc && state->modeset_mask >> crtc->index & 1))
			connector->dpms = crtc && crtc->state.active ? DRM_MODE_DPMS_ON
								     : DRM_MODE_DPMS_OFF;
	}
}

/* ---- the commit ---- */

/* The state keeps the old ones, and drops them with its end. */
static void swap_states(struct kms_atomic_state *state)
{
	struct kms_device *dev = state->dev;
	uint64_t planes = state->plane_mask;
	uint32_t crtcs = state->crtc_mask, connectors = state->connector_mask;
	unsigned i;

	kms_for_each_bit(i, planes) {
		struct kms_plane_state old = dev->planes[i].state;

		dev->planes[i].state = state->planes[i];
		state->planes[i] = old;
	}
	kms_for_each_bit(i, crtcs) {
		struct kms_crtc_state old = dev->crtcs[i].state;

		dev->crtcs[i].state = state->crtcs[i];
		state->crtcs[i] = old;
	}
	kms_for_each_bit(i, connectors) {
		struct kms_connector_state old = dev->connectors[i].state;

		dev->connectors[i].state = state->connectors[i];
		state->connectors[i] = old;
	}
}

/* Planes of the swapped state that are on crtc, or were; when it went on, all of its. */
static uint64_t planes_of(const struct kms_atomic_state *state, const struct kms_crtc *crtc)
{
	uint64_t planes = state->plane_mask, found = 0;
	unsigned i;

	for (i = 0; state->modeset_mask >> crtc->index & 1 && i < state->dev->plane_count; i++) {
		if (state->dev->planes[i].state.crtc == crtc)
			found |= 1ull << i;
	}
	kms_for_each_bit(i, planes) {
		if (state->planes[i].crtc == crtc || state->dev->planes[i].state.crtc == crtc)
			found |= 1ull << i;
	}
	return found;
}

/* Those of state's writebacks that are crtc's; the rest stays. */
static struct kms_writeback_job *take_writebacks(struct kms_atomic_state *state,
	const struct kms_crtc *crtc)
{
	struct kms_writeback_job **at = &state->writebacks, *taken = NULL;

	while (*at) {
		struct kms_writeback_job *job = *at;

		if (job->crtc != crtc) {
			at = &job->next;
			continue;
		}
		*at = job->next;
		job->next = taken;
		taken = job;
	}
	return taken;
}

static void hand_over_async(struct kms_atomic_state *state, struct kms_crtc *crtc)
{
	uint64_t planes = planes_of(state, crtc);
	unsigned i;

	crtc->async_planes |= planes;
	kms_for_each_bit(i, planes) {
		struct kms_plane *plane = &state->dev->planes[i];

		kms_fence_wait_destroy(plane->wait);
		plane->wait = plane->state.fb ? kms_fence_wait_take(state, i) : NULL;
	}
}

/*
 * An asynchronous flip does not wait for the vblank: its event has the last one's
 * time. One that has fences to wait for comes at the first vblank after them.
 */
static void show_now(struct kms_crtc *crtc, struct kms_latch_bin *bin)
{
	const uint64_t next = crtc->vblank->count + 1;

	latch_planes(crtc, crtc->pending.plane_mask, next, bin);
	finish_pending(crtc, next);
	kms_clock_kick(crtc->base.dev);
}

/* After the swap: crtc shows its part at its next vblank. */
static void hand_over(struct kms_atomic_state *state, struct kms_crtc *crtc, uint64_t now,
	struct kms_latch_bin *bin)
{
	struct kms_event *event = state->events[crtc->index];
	struct gem_fence *out_fence = state->out_fences[crtc->index];

	state->events[crtc->index] = NULL;
	state->out_fences[crtc->index] = NULL;
	kms_clock_attend_locked(crtc);
	if (!crtc->state.active) {
		kms_out_fence_done_locked(state->dev, out_fence);
		if (event)
			kms_event_send_locked(event, crtc->vblank->count, now, crtc->base.id);
	} else if (state->async) {
		hand_over_async(state, crtc);
	} else {
		crtc->pending = (struct kms_pending_commit) {
			.active = true,
			.serial = state->serial,
			.time_ns = now,
			.traced_ns = gem_trace_now(),
			.client = gem_trace_client(),
			.plane_mask = planes_of(state, crtc),
			.event = event,
			.writebacks = take_writebacks(state, crtc),
			.wait = kms_fence_wait_take(state, crtc->index),
			.out_fence = out_fence,
		};
		if (state->async_flip && !crtc->pending.wait)
			show_now(crtc, bin);
	}
}

static void apply(struct kms_atomic_state *state)
{
	struct kms_device *dev = state->dev;
	struct kms_latch_bin bin = {0};
	uint32_t crtcs, modeset = state->modeset_mask;
	uint64_t now = kms_time_now(dev);
	unsigned i;

	gem_publish_move(dev->state_changes);
	state->serial = ++dev->commit_serial;
	crtcs = modeset;
	kms_for_each_bit(i, crtcs) {
		if (dev->crtcs[i].state.active)
			turn_off(&dev->crtcs[i], &bin);
	}
	swap_states(state);
	crtcs = modeset;
	kms_for_each_bit(i, crtcs) {
		if (dev->crtcs[i].state.active)
			turn_on(&dev->crtcs[i], state->waits != NULL, &bin);
	}
	update_dpms(state);
	crtcs = state->crtc_mask;
	kms_for_each_bit(i, crtcs)
		hand_over(state, &dev->crtcs[i], now, &bin);
	kms_latch_bin_empty(&bin);
}

static bool any_pending(const struct kms_atomic_state *state)
{
	uint32_t crtcs = state->crtc_mask;
	unsigned i;

	kms_for_each_bit(i, crtcs) {
		if (state->dev->crtcs[i].pending.active)
			return true;
	}
	return false;
}

/*
 * For what a vblank brings. Frozen time has no vblanks until it is stepped: the
 * limit counts from when it last was. -EBUSY at deadline, -EINTR.
 */
static int wait_for_vblank(struct kms_device *dev, uint64_t *deadline)
{
	int ret = kms_clock_wait_change_locked(dev, UINT64_MAX);

	if (ret)
		return ret;
	if (kms_time_mode(dev) == KMS_TIME_FROZEN)
		*deadline = kms_clock_now() + SHOWN_TIMEOUT_NS;
	return kms_clock_now() < *deadline ? 0 : -EBUSY;
}

/* After it, no crtc of state has a commit that waits for its vblank. */
static int wait_for_turn(struct kms_atomic_state *state, unsigned flags)
{
	uint64_t deadline = kms_clock_now() + SHOWN_TIMEOUT_NS;

	if (!any_pending(state))
		return 0;
	if (flags & KMS_COMMIT_NONBLOCK) {
		gem_debug("atomic", "busy: the last commit still waits for its vblank");
		return -EBUSY;
	}
	while (any_pending(state)) {
		int ret = wait_for_vblank(state->dev, &deadline);

		if (ret)
			return ret;
	}
	return state->dev->commit_serial == state->serial ? 0 : -EAGAIN;
}

static bool still_pending(const struct kms_atomic_state *state)
{
	uint32_t crtcs = state->crtc_mask;
	unsigned i;

	kms_for_each_bit(i, crtcs) {
		const struct kms_pending_commit *pending = &state->dev->crtcs[i].pending;

		if (pending->active && pending->serial == state->serial)
			return true;
	}
	return false;
}

static void wait_until_shown(struct kms_atomic_state *state)
{
	uint64_t deadline = kms_clock_now() + SHOWN_TIMEOUT_NS;

	while (still_pending(state)) {
		int ret = wait_for_vblank(state->dev, &deadline);

		if (ret == -EBUSY)
			gem_error("atomic", "a commit was not shown in time");
		if (ret)
			return;
	}
}

/*
 * The display reads memory, not the CPU's cache. With dev->lock held: the pages
 * are pinned, and there is something to copy in strict mode only.
 */
static int prepare_planes(const struct kms_atomic_state *state)
{
	uint64_t planes = state->plane_mask;
	unsigned at;

	kms_for_each_bit(at, planes) {
		const struct kms_framebuffer *fb = state->planes[at].fb;

		for (int i = 0; fb && i < fb->format->planes; i++) {
			int ret = gem_object_flush_for_display(fb->planes[i].object);

			if (ret)
				return ret;
		}
	}
	return 0;
}

/* What the commit needs later and could fail for: made now. */
static int prepare_writebacks(struct kms_atomic_state *state)
{
	uint32_t connectors = state->connector_mask;
	unsigned i;

	kms_for_each_bit(i, connectors) {
		const struct kms_connector_state *want = &state->connectors[i];
		struct kms_writeback_job *job;
		int ret;

		if (!want->writeback_fb)
			continue;
		ret = gem_object_flush_for_writeback(want->writeback_fb->planes[0].object);
		if (ret)
			return ret;
		ret = kms_writeback_create(want->crtc, want, &job);
		if (ret)
			return ret;
		job->next = state->writebacks;
		state->writebacks = job;
	}
	return 0;
}

/* Without dev->lock; other commits may come in meanwhile, which is -EAGAIN. */
static int wait_for_fence(struct kms_atomic_state *state, struct gem_fence *fence)
{
	struct kms_device *dev = state->dev;

	pthread_mutex_unlock(&dev->lock);
	int ret = gem_fence_wait_interruptible(fence);
	pthread_mutex_lock(&dev->lock);
	if (ret)
		return ret;
	return dev->commit_serial == state->serial ? 0 : -EAGAIN;
}

/* A blocking commit waits here, any other one in the hands of the vblank thread. */
static int prepare_fences(struct kms_atomic_state *state, unsigned flags)
{
	struct gem_fence *fence;
	int ret = kms_fences_collect(state, &fence);

	if (ret || !fence)
		return ret;
	if (state->async || flags & KMS_COMMIT_NONBLOCK)
		ret = kms_fence_waits_prepare(state, fence);
	else
		ret = wait_for_fence(state, fence);
	gem_fence_put(fence);
	return ret;
}

int kms_atomic_commit(struct kms_atomic_state *state, unsigned flags)
{
	int ret = kms_atomic_check(state);

	if (ret)
		return ret;
	if (!state->async) {
		ret = wait_for_turn(state, flags);
		if (ret)
			return ret;
	}
	ret = prepare_fences(state, flags);
	if (!ret)
		ret = prepare_planes(state);
	if (!ret)
		ret = prepare_writebacks(state);
	if (ret)
		return ret;
	apply(state);
	if (!state->async && !(flags & KMS_COMMIT_NONBLOCK))
		wait_until_shown(state);
	return 0;
}

static void drop_plane(struct kms_plane *plane, struct kms_latch_bin *bin)
{
	kms_fence_wait_destroy(plane->wait);
	plane->wait = NULL;
	bin_add(bin, plane->state.fb);
	plane->state.fb = NULL;
	kms_plane_state_put(&plane->state);
	plane->state = kms_plane_first_state(plane);
}

static void drop_crtc(struct kms_crtc *crtc, struct kms_latch_bin *bin)
{
	if (crtc->state.active)
		turn_off(crtc, bin);
	kms_crtc_state_put(&crtc->state);
	crtc->state = (struct kms_crtc_state) {0};
}

static void drop_connector(struct kms_connector *connector)
{
	kms_connector_state_put(&connector->state);
	connector->state = kms_connector_first_state(connector);
}

void kms_atomic_shutdown(struct kms_device *dev)
{
	struct kms_latch_bin shown = {0}, committed = {0};

	pthread_mutex_lock(&dev->lock);
	gem_publish_move(dev->state_changes);
	dev->commit_serial++;
	for (unsigned i = 0; i < dev->crtc_count; i++)
		drop_crtc(&dev->crtcs[i], &shown);
	for (unsigned i = 0; i < dev->plane_count; i++)
		drop_plane(&dev->planes[i], &committed);
	for (unsigned i = 0; i < dev->connector_count; i++)
		drop_connector(&dev->connectors[i]);
	pthread_mutex_unlock(&dev->lock);
	kms_latch_bin_empty(&shown);
	kms_latch_bin_empty(&committed);
}
