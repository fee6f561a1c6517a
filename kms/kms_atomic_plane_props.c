#include <errno.h>

#include "kms_atomic_internal.h"
#include "kms_atomic_props.h"

static int set_fb(struct kms_atomic_state *state, struct kms_plane *plane, uint64_t id)
{
	struct kms_framebuffer *fb;
	int ret = kms_props_find_fb(state->dev, id, &fb);

	if (ret)
		return ret;
	kms_atomic_set_plane_fb(state, plane, fb);
	if (fb)
		kms_object_put(&fb->base);
	return 0;
}

static int set_crtc(struct kms_atomic_state *state, struct kms_plane *plane, uint64_t id)
{
	struct kms_crtc *crtc;
	int ret = kms_props_find_crtc(state->dev, id, &crtc);

	if (ret == 0)
		kms_atomic_set_plane_crtc(state, plane, crtc);
	return ret;
}

/* Exactly one angle, with any reflection. */
static int set_rotation(struct kms_plane_state *copy, uint64_t value)
{
	if (__builtin_popcountll(value & DRM_MODE_ROTATE_MASK) != 1) {
		gem_debug("atomic", "refused: rotation 0x%llx has not one angle",
			(unsigned long long)value);
		return -EINVAL;
	}
	copy->rotation = (uint32_t)value;
	return 0;
}

/* Those that are not just a number to keep. */
static int set_other(struct kms_atomic_state *state, struct kms_plane *plane,
	enum kms_property_kind kind, uint64_t value)
{
	struct kms_plane_state *copy = kms_atomic_plane(state, plane);

	switch (kind) {
	case KMS_PROPERTY_FB_ID:
		return set_fb(state, plane, value);
	case KMS_PROPERTY_PLANE_CRTC_ID:
		return set_crtc(state, plane, value);
	case KMS_PROPERTY_IN_FENCE_FD:
		/* A descriptor means nothing here: kms_atomic_set_in_fence is told its fence. */
		return (int64_t)value == -1 ? 0 : -EINVAL;
	case KMS_PROPERTY_ROTATION:
		return set_rotation(copy, value);
	case KMS_PROPERTY_DAMAGE_CLIPS:
		return kms_props_replace_blob(state->dev, &copy->damage, value, 0,
			sizeof(struct drm_mode_rect));
	default:
		return -EINVAL;
	}
}

int kms_plane_set_property(struct kms_atomic_state *state, struct kms_plane *plane,
	const struct kms_property *prop, uint64_t value)
{
	struct kms_plane_state *copy = kms_atomic_plane(state, plane);

	switch (prop->kind) {
	case KMS_PROPERTY_CRTC_X: copy->crtc_x = (int32_t)(int64_t)value; return 0;
	case KMS_PROPERTY_CRTC_Y: copy->crtc_y = (int32_t)(int64_t)value; return 0;
	case KMS_PROPERTY_CRTC_W: copy->crtc_w = (uint32_t)value; return 0;
	case KMS_PROPERTY_CRTC_H: copy->crtc_h = (uint32_t)value; return 0;
	case KMS_PROPERTY_SRC_X: copy->src_x = (uint32_t)value; return 0;
	case KMS_PROPERTY_SRC_Y: copy->src_y = (uint32_t)value; return 0;
	case KMS_PROPERTY_SRC_W: copy->src_w = (uint32_t)value; return 0;
	case KMS_PROPERTY_SRC_H: copy->src_h = (uint32_t)value; return 0;
	case KMS_PROPERTY_ENCODING: copy->encoding = (enum kms_color_encoding)value; return 0;
	case KMS_PROPERTY_RANGE: copy->range = (enum kms_color_range)value; return 0;
	case KMS_PROPERTY_ALPHA: copy->alpha = (uint16_t)value; return 0;
	case KMS_PROPERTY_BLEND: copy->blend = (enum kms_blend)value; return 0;
	case KMS_PROPERTY_ZPOS: copy->zpos = (uint32_t)value; return 0;
	default: return set_other(state, plane, prop->kind, value);
	}
}

bool kms_plane_get_property(const struct kms_plane_state *state, enum kms_property_kind kind,
	uint64_t *value)
{
	switch (kind) {
	case KMS_PROPERTY_FB_ID: *value = state->fb ? state->fb->base.id : 0; return true;
	case KMS_PROPERTY_IN_FENCE_FD: *value = (uint64_t)-1; return true;
	case KMS_PROPERTY_PLANE_CRTC_ID: *value = state->crtc ? state->crtc->base.id : 0; return true;
	case KMS_PROPERTY_CRTC_X: *value = (uint64_t)(int64_t)state->crtc_x; return true;
	case KMS_PROPERTY_CRTC_Y: *value = (uint64_t)(int64_t)state->crtc_y; return true;
	case KMS_PROPERTY_CRTC_W: *value = state->crtc_w; return true;
	case KMS_PROPERTY_CRTC_H: *value = state->crtc_h; return true;
	case KMS_PROPERTY_SRC_X: *value = state->src_x; return true;
	case KMS_PROPERTY_SRC_Y: *value = state->src_y; return true;
	case KMS_PROPERTY_SRC_W: *value = state->src_w; return true;
	case KMS_PROPERTY_SRC_H: *value = state->src_h; return true;
	case KMS_PROPERTY_ROTATION: *value = state->rotation; return true;
	case KMS_PROPERTY_ENCODING: *value = state->encoding; return true;
	case KMS_PROPERTY_RANGE: *value = state->range; return true;
	case KMS_PROPERTY_ALPHA: *value = state->alpha; return true;
	case KMS_PROPERTY_BLEND: *value = state->blend; return true;
	case KMS_PROPERTY_ZPOS: *value = state->zpos; return true;
	case KMS_PROPERTY_DAMAGE_CLIPS: *value = state->damage ? state->damage->base.id : 0; return true;
	default: return false;
	}
}
