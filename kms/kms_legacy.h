/*
 * The pre-atomic requests as atomic states (kernel: drm_atomic_helper_*,
 * drm_plane.c, drm_crtc.c). Same checks and errnos as the kernel's ioctls.
 * All take dev->lock themselves.
 */
#ifndef KMS_LEGACY_H
#define KMS_LEGACY_H

#include "kms_atomic.h"

struct kms_mode_set {
	struct kms_crtc *crtc;
	struct kms_framebuffer *fb; /* NULL = turn off */
	uint32_t x, y;              /* pixels into fb */
	const struct drm_mode_modeinfo *mode; /* NULL = turn off */
	struct kms_connector **connectors;
	unsigned connector_count;
};

/* Blocking. -EINVAL; -ERANGE x, y beyond 16 bits; -ENOSPC fb too small for mode at x,y. */
int kms_set_crtc(const struct kms_mode_set *set);
/*
 * What the kernel looks at before it looks up the crtc: known flags, at most one
 * kind of target, none without sequence, async only where the device can. -EINVAL.
 */
int kms_page_flip_check(const struct kms_device *dev, uint32_t flags, uint32_t sequence);
/*
 * flags DRM_MODE_PAGE_FLIP_*, checked. sequence: with TARGET_ABSOLUTE the vblank
 * to flip at, at most the next one; with TARGET_RELATIVE 0 or 1 from now. ASYNC
 * flips at once, or at the target when that is the next vblank. -EINVAL; -EBUSY
 * also when crtc shows no fb; -ENOENT fb is NULL (a check the kernel makes after
 * that one); -ENOSPC; -ENOMEM.
 */
int kms_page_flip(struct kms_file *file, struct kms_crtc *crtc, struct kms_framebuffer *fb,
	uint32_t flags, uint32_t sequence, uint64_t user_data);
/* fb NULL = plane off. Coordinates as in struct drm_mode_set_plane. */
int kms_set_plane(struct kms_plane *plane, struct kms_crtc *crtc, struct kms_framebuffer *fb,
	const struct drm_mode_set_plane *req);
/* flags DRM_MODE_CURSOR_BO | _MOVE. object NULL with BO = hide. -ENXIO no cursor. */
int kms_set_cursor(struct kms_file *file, struct gem_file *gem, struct kms_crtc *crtc,
	const struct drm_mode_cursor2 *req);
/*
 * OBJ_SETPROPERTY, SETPROPERTY: blocking, modesets allowed. -EINVAL; -ENOENT
 * no such property on obj.
 */
int kms_set_property(struct kms_object *obj, uint32_t property_id, uint64_t value);
/*
 * Takes fb off every plane. Under dev->lock, which is kept: the planes leave the
 * screen with the next vblank. A crtc whose primary plane loses it stays on where it
 * can (kernel: drm_framebuffer_remove), else, and with crtcs, it is off at return.
 */
void kms_framebuffer_unuse_locked(struct kms_device *dev, struct kms_framebuffer *fb,
	bool crtcs);
/* connector DPMS property: On / others = off. -EINVAL. */
int kms_set_dpms(struct kms_connector *connector, uint64_t value);

#endif
