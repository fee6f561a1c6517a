#include <errno.h>
#include <stdlib.h>

#include "gem_fence_array.h"
#include "gem_resv.h"
#include "kms_atomic_internal.h"
#include "kms_fence.h"
#include "kms_time.h"

/* ---- what to wait for ---- */

static int collect_fb(const struct kms_framebuffer *fb, struct gem_fence_set *set)
{
	int ret = 0;

	for (int i = 0; i < fb->format->planes && ret == 0; i++)
		ret = gem_object_pending(fb->planes[i].object, false, set);
	return ret;
}

static int collect_plane(const struct kms_atomic_state *state, unsigned index,
	struct gem_fence_set *set)
{
	const struct kms_plane *plane = &state->dev->planes[index];
	const struct kms_plane_state *want = kms_atomic_new_plane(state, plane);

	if (!want->fb || !kms_atomic_new_crtc(state, want->crtc)->active)
		return 0;
	/* A cursor that only moves is drawn to by nobody that could be waited for. */
	if (state->async && want->fb == plane->scanout.fb && !plane->wait)
		return 0;
	return want->in_fence ? gem_fence_set_add(set, want->in_fence) :
		collect_fb(want->fb, set);
}

static uint64_t planes_to_show(const struct kms_atomic_state *state)
{
	uint64_t planes = state->plane_mask;

	for (unsigned i = 0; state->modeset_mask && i < state->dev->plane_count; i++) {
		const struct kms_crtc *crtc =
			kms_atomic_new_plane(state, &state->dev->planes[i])->crtc;

		if (crtc && state->modeset_mask >> crtc->index & 1)
			planes |= 1ull << i;
	}
	return planes;
}

int kms_fences_collect(const struct kms_atomic_state *state, struct gem_fence **fence)
{
	uint64_t planes = planes_to_show(state);
	struct gem_fence_set set = {0};
	unsigned i;
	int ret = 0;

	*fence = NULL;
	kms_for_each_bit(i, planes) {
		ret = collect_plane(state, i, &set);
		if (ret)
			break;
	}
	if (ret == 0 && set.count)
		ret = gem_fence_array_create(set.fences, set.count, fence);
	gem_fence_set_finish(&set);
	return ret;
}

/* ---- waiting ---- */

static void note_signal(struct gem_fence *fence, struct gem_fence_callback *callback)
{
	struct kms_fence_wait *wait = gem_container_of(callback, struct kms_fence_wait, callback);

	(void)fence;
	atomic_store(&wait->signalled_ns, kms_time_now(wait->dev));
	kms_clock_signalled(wait->dev);
}

static int add_wait(struct kms_atomic_state *state, struct gem_fence *fence, unsigned index)
{
	struct kms_fence_wait *wait = calloc(1, sizeof(*wait));

	if (!wait)
		return -ENOMEM;
	wait->fence = gem_fence_get(fence);
	wait->dev = state->dev;
	wait->begun_ns = kms_clock_now();
	wait->index = index;
	wait->next = state->waits;
	state->waits = wait;
	if (gem_fence_add_callback(fence, &wait->callback, note_signal))
		note_signal(fence, &wait->callback);
	return 0;
}

int kms_fence_waits_prepare(struct kms_atomic_state *state, struct gem_fence *fence)
{
	uint64_t mask = state->async ? state->plane_mask : state->crtc_mask;
	int ret = 0;
	unsigned i;

	kms_for_each_bit(i, mask) {
		ret = add_wait(state, fence, i);
		if (ret)
			break;
	}
	return ret;
}

struct kms_fence_wait *kms_fence_wait_take(struct kms_atomic_state *state, unsigned index)
{
	for (struct kms_fence_wait **at = &state->waits; *at; at = &(*at)->next) {
		struct kms_fence_wait *wait = *at;

		if (wait->index != index)
			continue;
		*at = wait->next;
		return wait;
	}
	return NULL;
}

bool kms_fence_wait_over(const struct kms_fence_wait *wait, uint64_t time_ns)
{
	if (!wait)
		return true;
	uint64_t signalled_ns = atomic_load(&wait->signalled_ns);
	if (signalled_ns)
		return signalled_ns < time_ns;
	/* A vblank is handled late at times: its own time counts. */
	uint64_t now = kms_clock_now();
	uint64_t until = time_ns < now ? time_ns : now;
	return until > wait->begun_ns + wait->dev->fence_patience_ns &&
		gem_fence_is_foreign(wait->fence);
}

void kms_fence_wait_destroy(struct kms_fence_wait *wait)
{
	if (!wait)
		return;
	gem_fence_remove_callback(wait->fence, &wait->callback);
	gem_fence_put(wait->fence);
	free(wait);
}

/* ---- the commit's own fence ---- */

struct out_fence {
	struct gem_fence fence; /* first */
	struct gem_list link;   /* kms_device.done_fences; dev->lock */
};

static void release_out_fence(struct gem_fence *fence)
{
	free(gem_container_of(fence, struct out_fence, fence));
}

int kms_out_fence_create(struct kms_crtc *crtc, struct gem_fence **fence)
{
	struct out_fence *out = malloc(sizeof(*out));

	if (!out)
		return -ENOMEM;
	gem_fence_init(&out->fence, crtc->fence_context, atomic_fetch_add(&crtc->fence_seqno, 1) + 1,
		GEM_FENCE_NO_ENGINE, release_out_fence);
	*fence = &out->fence;
	return 0;
}

void kms_out_fence_done_locked(struct kms_device *dev, struct gem_fence *fence)
{
	if (!fence)
		return;
	gem_list_add_tail(&dev->done_fences,
		&gem_container_of(fence, struct out_fence, fence)->link);
	kms_clock_kick(dev);
}

void kms_out_fences_take_locked(struct kms_device *dev, struct gem_list *list)
{
	gem_list_init(list);
	while (!gem_list_empty(&dev->done_fences)) {
		struct gem_list *link = dev->done_fences.next;

		gem_list_del(link);
		gem_list_add_tail(list, link);
	}
}

void kms_out_fences_signal(struct gem_list *list)
{
	struct out_fence *out, *next;

	gem_list_for_each_safe(out, next, list, link) {
		gem_fence_signal(&out->fence, 0);
		gem_fence_put(&out->fence);
	}
}
