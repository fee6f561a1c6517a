/*
 * Flips and fences (kernel: drm_gem_plane_helper_prepare_fb,
 * drm_atomic_helper_wait_for_fences, drm_crtc_create_fence). A commit waits for
 * the work that still writes to its framebuffers, or for the fence that its
 * client named instead (IN_FENCE_FD); nothing unfinished is ever shown. And it may
 * have a fence of its own that is signalled when it is shown (OUT_FENCE_PTR).
 *
 * The vblank thread only looks; it never waits. A fence that is no engine's may
 * never be signalled: after kms_device.fence_patience_ns it does not count any more
 * (kernel: CONFIG_DRM_I915_FENCE_TIMEOUT), else who shows others' buffers would
 * stand still for ever.
 */
#ifndef KMS_FENCE_H
#define KMS_FENCE_H

#include "gem_fence.h"
#include "kms_atomic.h"

#define KMS_FENCE_PATIENCE_NS 10000000000ull

/* What one pending commit, or one plane of an asynchronous one, waits for. */
struct kms_fence_wait {
	struct gem_fence_callback callback;
	struct gem_fence *fence;       /* reference */
	struct kms_device *dev;
	_Atomic uint64_t signalled_ns; /* of kms_time_now; 0 = not yet */
	uint64_t begun_ns;             /* kms_clock_now */
	unsigned index;                /* of the crtc, or the plane when asynchronous */
	struct kms_fence_wait *next;   /* in kms_atomic_state.waits */
};

/*
 * What state's framebuffers wait for, new reference; NULL = nothing. Also of planes
 * that it does not name, where their crtc goes off and on. After the check. -ENOMEM.
 */
int kms_fences_collect(const struct kms_atomic_state *state, struct gem_fence **fence);
/* Makes state->waits for all of state that fence holds up. -ENOMEM. */
int kms_fence_waits_prepare(struct kms_atomic_state *state, struct gem_fence *fence);
/* That of index, or NULL. */
struct kms_fence_wait *kms_fence_wait_take(struct kms_atomic_state *state, unsigned index);
/* Whether it was over before that time; NULL is. */
bool kms_fence_wait_over(const struct kms_fence_wait *wait, uint64_t time_ns);
void kms_fence_wait_destroy(struct kms_fence_wait *wait); /* NULL is fine */

/*
 * A fence that says that a commit of crtc is shown. Its commit ends in
 * kms_out_fence_done_locked; one that did not come to be is signalled by who made
 * it. -ENOMEM.
 */
int kms_out_fence_create(struct kms_crtc *crtc, struct gem_fence **fence);
/* Takes the reference; NULL is fine. The vblank thread signals it, without dev->lock. */
void kms_out_fence_done_locked(struct kms_device *dev, struct gem_fence *fence);
/* For the vblank thread: moves what is done to list, and signals that without dev->lock. */
void kms_out_fences_take_locked(struct kms_device *dev, struct gem_list *list);
void kms_out_fences_signal(struct gem_list *list);

#endif
