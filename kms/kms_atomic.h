/*
 * Atomic mode setting (kernel: drm_atomic.c, drm_atomic_uapi.c,
 * drm_atomic_helper.c). A kms_atomic_state is a private copy of the objects a
 * request names; properties are set on the copy, the copy is checked, and only
 * then swapped in. Check never mutates the device; a commit that was checked
 * does not fail.
 *
 * The legacy requests (SETCRTC, PAGE_FLIP, SETPLANE, CURSOR, RMFB's cleanup)
 * build such a state too: kms_legacy.h.
 */
#ifndef KMS_ATOMIC_H
#define KMS_ATOMIC_H

#include "kms_device.h"
#include "kms_event.h"
#include "kms_framebuffer.h"

struct kms_atomic_state {
	struct kms_device *dev;
	bool allow_modeset;
	/* Cursor updates and RMFB's cleanup: no EBUSY, no wait, no event. */
	bool async;
	/*
	 * DRM_MODE_PAGE_FLIP_ASYNC: shown at once, not at a vblank. Set before
	 * properties are, as it says what they may change.
	 */
	bool async_flip;
	uint64_t serial; /* dev->commit_serial that the copies are of */
	uint64_t plane_mask; /* which of planes[] is copied; bit = kms_plane.index */
	uint32_t crtc_mask, connector_mask; /* likewise */
	uint32_t modeset_mask; /* crtcs that must go off and on for it; set by check */
	/* Not cleared: only what the masks name is valid. After commit: the old states. */
	struct kms_plane_state planes[KMS_MAX_PLANES];
	struct kms_crtc_state crtcs[KMS_MAX_CRTCS];
	struct kms_connector_state connectors[KMS_MAX_CONNECTORS];
	struct kms_event *events[KMS_MAX_CRTCS]; /* PAGE_FLIP_EVENT, reserved; as crtc_mask */
	struct gem_fence *out_fences[KMS_MAX_CRTCS]; /* OUT_FENCE_PTR, references; as crtc_mask */
	struct kms_writeback_job *writebacks;    /* list, made for the commit */
	struct kms_fence_wait *waits;            /* likewise: what holds it up (kms_fence.h) */
};

/* All functions below run under dev->lock unless said otherwise. */
int kms_atomic_state_create(struct kms_device *dev, struct kms_atomic_state **out);
/* Drops copies and events that were not committed. */
void kms_atomic_state_destroy(struct kms_atomic_state *state);

/*
 * The copy to change; made from the committed state at first use. A plane or
 * connector brings the crtc with it that it is on. Links between objects are
 * changed by the functions below only, as they keep references and masks right.
 */
struct kms_plane_state *kms_atomic_plane(struct kms_atomic_state *state, struct kms_plane *plane);
struct kms_crtc_state *kms_atomic_crtc(struct kms_atomic_state *state, struct kms_crtc *crtc);
struct kms_connector_state *kms_atomic_connector(struct kms_atomic_state *state,
	struct kms_connector *connector);
/* NULL = off. fb's reference stays the caller's. */
void kms_atomic_set_plane_crtc(struct kms_atomic_state *state, struct kms_plane *plane,
	struct kms_crtc *crtc);
void kms_atomic_set_plane_fb(struct kms_atomic_state *state, struct kms_plane *plane,
	struct kms_framebuffer *fb);
void kms_atomic_set_connector_crtc(struct kms_atomic_state *state,
	struct kms_connector *connector, struct kms_crtc *crtc);
/* MODE_ID; blob's reference stays the caller's; NULL = no mode. -EINVAL no valid mode. */
int kms_atomic_set_mode_blob(struct kms_atomic_state *state, struct kms_crtc *crtc,
	struct kms_blob *blob);

/* What plane's fb waits for. fence's reference stays the caller's. -EINVAL: has one already. */
int kms_atomic_set_in_fence(struct kms_atomic_state *state, struct kms_plane *plane,
	struct gem_fence *fence);
/* What says that connector's frame is written (WRITEBACK_OUT_FENCE_PTR). As above. */
int kms_atomic_set_writeback_fence(struct kms_atomic_state *state,
	struct kms_connector *connector, struct gem_fence *fence);

/*
 * One property of a MODE_ATOMIC request on a plane, crtc or connector. -ENOENT
 * no such property on obj; -EINVAL value, immutable property, blob of wrong
 * size, other kinds of object.
 */
int kms_atomic_set_property(struct kms_atomic_state *state, struct kms_object *obj,
	uint32_t property_id, uint64_t value);
/* Current value of any attached property (OBJ_GETPROPERTIES). -EINVAL not attached. */
int kms_object_get_property(struct kms_object *obj, struct kms_property *prop, uint64_t *value);

/* Reference of the caller's; at most one of a crtc: -EINVAL. */
int kms_atomic_set_out_fence(struct kms_atomic_state *state, struct kms_crtc *crtc,
	struct gem_fence *fence);

/* PAGE_FLIP_EVENT: one event a crtc of the state. -EINVAL it has none; -ENOMEM. */
int kms_atomic_reserve_events(struct kms_atomic_state *state, struct kms_file *file,
	uint64_t user_data);

/* -EINVAL, -ERANGE, -ENOSPC as the kernel core's checks. Logs why at debug level. */
int kms_atomic_check(struct kms_atomic_state *state);

enum {
	KMS_COMMIT_NONBLOCK = 1 << 0,
};
/*
 * Check, then commit. Non-blocking: -EBUSY while a crtc it touches still has a
 * commit pending; returns at once, the planes change at the next vblank.
 * Blocking: waits for the pending one, for the fences of its framebuffers, then
 * for its own vblank, dropping dev->lock meanwhile. Turning a crtc on or off acts at
 * once; while a non-blocking commit's fences are not signalled, what it turned on
 * is black.
 *
 * -EAGAIN (blocking only): another commit came in while this one waited for its
 * turn, so the copies are stale. Nothing was changed; the caller builds the
 * state anew from its request and tries again. -EINTR (blocking only): gem_interrupt.h.
 */
int kms_atomic_commit(struct kms_atomic_state *state, unsigned flags);

/*
 * After the last file was closed, without dev->lock: turns every crtc off and
 * drops what planes still hold (cursor images, which are no file's).
 */
void kms_atomic_shutdown(struct kms_device *dev);

/* ---- for the vblank thread ---- */

/* What left the screen at a vblank; its memory is released outside dev->lock. */
struct kms_latch_bin {
	unsigned count;
	struct kms_framebuffer *fbs[KMS_MAX_PLANES];
};

/*
 * crtc's newest vblank: what was committed before its grid time becomes
 * scanout, the pending commit completes and its event is sent.
 */
void kms_atomic_latch_locked(struct kms_crtc *crtc, struct kms_latch_bin *bin);
/* Not under dev->lock. */
void kms_latch_bin_empty(struct kms_latch_bin *bin);

#endif
