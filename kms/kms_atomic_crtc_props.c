#include <errno.h>

#include "kms_atomic_internal.h"
#include "kms_atomic_props.h"

static int set_mode(struct kms_atomic_state *state, struct kms_crtc *crtc, uint64_t id)
{
	struct kms_blob *blob;
	int ret = kms_props_find_blob(state->dev, id, &blob);

	if (ret)
		return ret;
	ret = kms_atomic_set_mode_blob(state, crtc, blob);
	if (blob)
		kms_object_put(&blob->base);
	return ret;
}

int kms_crtc_set_property(struct kms_atomic_state *state, struct kms_crtc *crtc,
	const struct kms_property *prop, uint64_t value)
{
	struct kms_crtc_state *copy = kms_atomic_crtc(state, crtc);

	switch (prop->kind) {
	case KMS_PROPERTY_ACTIVE:
		copy->active = value;
		return 0;
	case KMS_PROPERTY_MODE_ID:
		return set_mode(state, crtc, value);
	case KMS_PROPERTY_VRR_ENABLED:
		copy->vrr_enabled = value;
		return 0;
	case KMS_PROPERTY_DEGAMMA_LUT:
		return kms_props_replace_blob(state->dev, &copy->degamma_lut, value, 0,
			sizeof(struct drm_color_lut));
	case KMS_PROPERTY_CTM:
		return kms_props_replace_blob(state->dev, &copy->ctm, value,
			sizeof(struct drm_color_ctm), 1);
	case KMS_PROPERTY_GAMMA_LUT:
		return kms_props_replace_blob(state->dev, &copy->gamma_lut, value, 0,
			sizeof(struct drm_color_lut));
	case KMS_PROPERTY_OUT_FENCE_PTR:
		/* The caller's memory: who can write there sees to it. 0 asks for nothing. */
		return value ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static uint64_t id_of(const struct kms_blob *blob)
{
	return blob ? blob->base.id : 0;
}

bool kms_crtc_get_property(const struct kms_crtc_state *state, enum kms_property_kind kind,
	uint64_t *value)
{
	switch (kind) {
	case KMS_PROPERTY_ACTIVE: *value = state->active; return true;
	case KMS_PROPERTY_MODE_ID: *value = id_of(state->mode_blob); return true;
	case KMS_PROPERTY_VRR_ENABLED: *value = state->vrr_enabled; return true;
	case KMS_PROPERTY_DEGAMMA_LUT: *value = id_of(state->degamma_lut); return true;
	case KMS_PROPERTY_CTM: *value = id_of(state->ctm); return true;
	case KMS_PROPERTY_GAMMA_LUT: *value = id_of(state->gamma_lut); return true;
	case KMS_PROPERTY_OUT_FENCE_PTR: *value = 0; return true;
	default: return false;
	}
}
