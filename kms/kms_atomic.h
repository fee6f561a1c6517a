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
	bool legacy_cursor; /* async cursor update: no EBUSY, no wait, no event */
	uint64_t plane_mask; /* which of planes[] is copied; bit = kms_plane.index */
	uint32_t crtc_mask, connector_mask; /* likewise */
	struct kms_plane_state planes[KMS_MAX_PLANES];
	struct kms_crtc_state crtcs[KMS_MAX_CRTCS];
	struct kms_connector_state connectors[KMS_MAX_CONNECTORS];
	struct kms_event *events[KMS_MAX_CRTCS]; /* PAGE_FLIP_EVENT, reserved */
};

/* All functions below run under dev->lock unless said otherwise. */
int kms_atomic_state_create(struct kms_device *dev, struct kms_atomic_state **out);
/* Drops copies and events that were not committed. */
void kms_atomic_state_destroy(struct kms_atomic_state *state);

/* The copy to change; made from the committed state at first use. */
struct kms_plane_state *kms_atomic_plane(struct kms_atomic_state *state, struct kms_plane *plane);
struct kms_crtc_state *kms_atomic_crtc(struct kms_atomic_state *state, struct kms_crtc *crtc);
struct kms_connector_state *kms_atomic_connector(struct kms_atomic_state *state,
	struct kms_connector *connector);

/*
 * One property of a MODE_ATOMIC request. -ENOENT no such object or property on
 * it; -EINVAL value, immutable property, blob of wrong size.
 */
int kms_atomic_set_property(struct kms_atomic_state *state, uint32_t object_id,
	uint32_t property_id, uint64_t value);
/* Current value of any attached property (OBJ_GETPROPERTIES). */
int kms_object_get_property(struct kms_object *obj, struct kms_property *prop, uint64_t *value);

/* -EINVAL, -ERANGE, -ENOSPC as the kernel core's checks. Logs why at debug level. */
int kms_atomic_check(struct kms_atomic_state *state);

enum {
	KMS_COMMIT_NONBLOCK = 1 << 0,
};
/*
 * Check, then commit. Non-blocking: -EBUSY while a crtc it touches still has a
 * commit pending; returns at once, the planes change at the next vblank.
 * Blocking: waits for the pending one, then for its own vblank, dropping
 * dev->lock meanwhile. Turning a crtc on or off acts at once.
 */
int kms_atomic_commit(struct kms_atomic_state *state, unsigned flags);

#endif
