/* Which crtcs a state turns off and on, and how connectors are on them. */
#include <errno.h>

#include "kms_atomic_internal.h"
#include "kms_mode.h"

/* A connector that comes or goes, or whose link is said to be good again. */
static int check_connectors(struct kms_atomic_state *state)
{
	uint32_t connectors = state->connector_mask;
	unsigned i;

	kms_for_each_bit(i, connectors) {
		const struct kms_connector *connector = &state->dev->connectors[i];
		const struct kms_crtc *old = connector->state.crtc;
		const struct kms_crtc *want = state->connectors[i].crtc;

		if (want && !(connector->encoder->possible_crtcs >> want->index & 1))
			return kms_refuse(EINVAL, "connector %u can not be on crtc %u",
				connector->base.id, want->base.id);
		if (old == want && connector->state.link_status ==
				state->connectors[i].link_status)
			continue;
		if (old)
			state->modeset_mask |= 1u << old->index;
		if (want)
			state->modeset_mask |= 1u << want->index;
	}
	return 0;
}

/* Connectors that share a crtc must be clones of each other, both ways. */
static int check_clones(const struct kms_atomic_state *state, const struct kms_crtc *crtc)
{
	const struct kms_device *dev = state->dev;
	uint32_t encoders = 0;

	for (unsigned i = 0; i < dev->connector_count; i++) {
		const struct kms_connector *connector = &dev->connectors[i];

		if (kms_atomic_new_connector(state, connector)->crtc == crtc)
			encoders |= 1u << connector->encoder->index;
	}
	for (unsigned i = 0; i < dev->encoder_count; i++) {
		if (encoders >> i & 1 && (encoders & ~dev->encoders[i].possible_clones))
			return kms_refuse(EINVAL, "crtc %u: encoder %u can not be cloned with all "
				"of 0x%x", crtc->base.id, dev->encoders[i].base.id, encoders);
	}
	return 0;
}

/*
 * Modes are compared by what they say: wlroots and weston make a new blob of
 * the same mode for each frame.
 */
static bool mode_differs(const struct kms_crtc_state *old, const struct kms_crtc_state *want)
{
	if (old->enable != want->enable || old->active != want->active)
		return true;
	return want->mode_blob != old->mode_blob && !kms_mode_equal(&old->mode, &want->mode);
}

int kms_atomic_check_modeset(struct kms_atomic_state *state)
{
	uint32_t crtcs = state->crtc_mask;
	unsigned i;
	int ret;

	state->modeset_mask = 0;
	ret = check_connectors(state);
	if (ret)
		return ret;
	kms_for_each_bit(i, crtcs) {
		struct kms_crtc *crtc = &state->dev->crtcs[i];

		if (mode_differs(&crtc->state, &state->crtcs[i]))
			state->modeset_mask |= 1u << i;
		if (state->crtcs[i].enable != kms_atomic_has_connector(state, crtc))
			return kms_refuse(EINVAL, "crtc %u %s", crtc->base.id,
				state->crtcs[i].enable ? "has a mode but no connector"
						       : "has connectors but no mode");
	}
	crtcs = state->modeset_mask;
	kms_for_each_bit(i, crtcs) {
		ret = check_clones(state, &state->dev->crtcs[i]);
		if (ret)
			return ret;
	}
	return 0;
}
