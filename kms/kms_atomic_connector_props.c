#include <errno.h>

#include "kms_atomic_internal.h"
#include "kms_atomic_props.h"

static int set_crtc(struct kms_atomic_state *state, struct kms_connector *connector, uint64_t id)
{
	struct kms_crtc *crtc;
	int ret = kms_props_find_crtc(state->dev, id, &crtc);

	if (ret == 0)
		kms_atomic_set_connector_crtc(state, connector, crtc);
	return ret;
}

static int set_writeback_fb(struct kms_atomic_state *state, struct kms_connector *connector,
	uint64_t id)
{
	struct kms_connector_state *copy = kms_atomic_connector(state, connector);
	struct kms_framebuffer *fb, *old = copy->writeback_fb;
	int ret = kms_props_find_fb(state->dev, id, &fb);

	if (ret)
		return ret;
	copy->writeback_fb = fb;
	if (old)
		kms_object_put(&old->base);
	return 0;
}

/* A client may say that a bad link is good again, by a modeset; never the reverse. */
static int set_link_status(struct kms_connector_state *copy, uint64_t value)
{
	if (copy->link_status != DRM_MODE_LINK_STATUS_GOOD)
		copy->link_status = (uint32_t)value;
	return 0;
}

int kms_connector_set_property(struct kms_atomic_state *state, struct kms_connector *connector,
	const struct kms_property *prop, uint64_t value)
{
	struct kms_connector_state *copy = kms_atomic_connector(state, connector);

	switch (prop->kind) {
	case KMS_PROPERTY_CONNECTOR_CRTC_ID:
		return set_crtc(state, connector, value);
	case KMS_PROPERTY_LINK_STATUS:
		return set_link_status(copy, value);
	case KMS_PROPERTY_CONTENT_TYPE:
		copy->content_type = (uint32_t)value;
		return 0;
	case KMS_PROPERTY_MAX_BPC:
		copy->max_bpc = (uint32_t)value;
		return 0;
	case KMS_PROPERTY_COLORSPACE:
		copy->colorspace = (uint32_t)value;
		return 0;
	case KMS_PROPERTY_HDR_METADATA:
		return kms_props_replace_blob(state->dev, &copy->hdr_metadata, value,
			sizeof(struct hdr_output_metadata), 1);
	case KMS_PROPERTY_WRITEBACK_FB_ID:
		return set_writeback_fb(state, connector, value);
	case KMS_PROPERTY_WRITEBACK_OUT_FENCE_PTR:
		/* As a crtc's OUT_FENCE_PTR. */
		return value ? -EINVAL : 0;
	default:
		/* DPMS, too: it is for legacy clients, who come by kms_set_dpms. */
		return -EINVAL;
	}
}

bool kms_connector_get_property(const struct kms_connector_state *state,
	enum kms_property_kind kind, uint64_t *value)
{
	const struct kms_blob *hdr = state->hdr_metadata;

	switch (kind) {
	case KMS_PROPERTY_CONNECTOR_CRTC_ID: *value = state->crtc ? state->crtc->base.id : 0; return true;
	case KMS_PROPERTY_LINK_STATUS: *value = state->link_status; return true;
	case KMS_PROPERTY_CONTENT_TYPE: *value = state->content_type; return true;
	case KMS_PROPERTY_MAX_BPC: *value = state->max_bpc; return true;
	case KMS_PROPERTY_COLORSPACE: *value = state->colorspace; return true;
	case KMS_PROPERTY_HDR_METADATA: *value = hdr ? hdr->base.id : 0; return true;
	/* Of one commit: what was asked for is not to be read back. */
	case KMS_PROPERTY_WRITEBACK_FB_ID:
	case KMS_PROPERTY_WRITEBACK_OUT_FENCE_PTR: *value = 0; return true;
	default: return false;
	}
}
