/* The trace's part of a flip: when it was shown, and which batch had drawn it. */
#include "gem_resv.h"
#include "gem_trace.h"
#include "kms_atomic_internal.h"
#include "kms_plane.h"
#include "kms_vblank.h"

static void note_drawn(const struct kms_framebuffer *fb, struct gem_trace_event *event)
{
	for (int i = 0; i < fb->format->planes; i++) {
		struct gem_fence *fence = gem_object_last_written(fb->planes[i].object);

		/* Another batch may be drawing to it already: that one is not to be seen yet. */
		if (fence && (uint64_t)fence->signalled_ns <= event->end_ns &&
		    (uint64_t)fence->signalled_ns > event->fence_ns) {
			event->fence = gem_trace_fence(fence->context, fence->seqno);
			event->fence_ns = fence->signalled_ns;
		}
		gem_fence_put(fence);
	}
}

void kms_trace_flip_locked(struct kms_crtc *crtc, uint64_t time_ns)
{
	const struct kms_pending_commit *pending = &crtc->pending;
	struct gem_trace_event event = {
		.kind = GEM_TRACE_FLIP,
		.card = crtc->base.dev->card,
		.index = crtc->index,
		.pid = pending->client,
		.begin_ns = pending->traced_ns,
		.end_ns = gem_trace_now(),
		.a = crtc->vblank->count,
		.b = time_ns,
	};
	uint64_t planes = pending->plane_mask;
	unsigned i;

	if (gem_trace_recording()) {
		kms_for_each_bit(i, planes) {
			if (crtc->base.dev->planes[i].scanout.fb)
				note_drawn(crtc->base.dev->planes[i].scanout.fb, &event);
		}
		if (event.fence == crtc->traced_fence)
			event.fence = 0;
		else if (event.fence)
			crtc->traced_fence = event.fence;
	}
	gem_trace_add(&event);
}
