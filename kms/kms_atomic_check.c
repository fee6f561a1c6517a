/*
 * What a state must fulfil (kernel: drm_atomic.c's checks, then those of
 * drm_atomic_helper.c, in their order, since the first one to fail gives the
 * errno). Nothing here changes the device.
 */
#include <errno.h>
#include <limits.h>

#include <drm_fourcc.h>

#include "kms_atomic_internal.h"
#include "kms_mode.h"

#define refuse(errno_, ...)                     \
	({                                      \
		gem_debug("atomic", "refused: " __VA_ARGS__); \
		-(errno_);                      \
	})

static bool range_overflows(int32_t start, uint32_t length)
{
	return length > INT_MAX || start > INT_MAX - (int32_t)length;
}

/* start and length in 16.16, size in pixels. */
static bool range_outside(uint32_t start, uint32_t length, uint32_t size)
{
	return (uint64_t)start + length > (uint64_t)size << 16;
}

static int check_plane(const struct kms_plane *plane, const struct kms_plane_state *want)
{
	uint32_t id = plane->base.id;

	if (!want->crtc != !want->fb)
		return refuse(EINVAL, "plane %u has a crtc without an fb, or the reverse", id);
	if (!want->crtc)
		return 0;
	if (!(plane->possible_crtcs >> want->crtc->index & 1))
		return refuse(EINVAL, "plane %u can not be on crtc %u", id, want->crtc->base.id);
	if (!kms_plane_takes(plane, want->fb->format->fourcc, want->fb->modifier))
		return refuse(EINVAL, "plane %u does not take format %.4s, modifier 0x%llx", id,
			(const char *)&want->fb->format->fourcc,
			(unsigned long long)want->fb->modifier);
	if (range_overflows(want->crtc_x, want->crtc_w) ||
	    range_overflows(want->crtc_y, want->crtc_h))
		return refuse(ERANGE, "plane %u at %d,%d size %ux%u", id, want->crtc_x,
			want->crtc_y, want->crtc_w, want->crtc_h);
	if (range_outside(want->src_x, want->src_w, want->fb->width) ||
	    range_outside(want->src_y, want->src_h, want->fb->height))
		return refuse(ENOSPC, "plane %u reads outside of its %ux%u fb", id,
			want->fb->width, want->fb->height);
	if (plane->state.crtc && plane->state.crtc != want->crtc)
		return refuse(EINVAL, "plane %u changes crtcs without being off between", id);
	return 0;
}

static int check_crtc(const struct kms_atomic_state *state, const struct kms_crtc *crtc)
{
	const struct kms_crtc_state *want = &state->crtcs[crtc->index];
	const struct kms_device *dev = crtc->base.dev;
	uint32_t id = crtc->base.id;

	if (want->active && !want->enable)
		return refuse(EINVAL, "crtc %u active without a mode", id);
	if (want->mode_blob && (want->mode.hdisplay > dev->max_width ||
				want->mode.vdisplay > dev->max_height))
		return refuse(EINVAL, "crtc %u can not show %ux%u", id, want->mode.hdisplay,
			want->mode.vdisplay);
	if (state->events[crtc->index] && !want->active && !crtc->state.active)
		return refuse(EINVAL, "crtc %u: event asked for, but it is off and stays off", id);
	return 0;
}

/* A connector that comes or goes makes both its crtcs need a modeset. */
static int check_connectors(struct kms_atomic_state *state)
{
	uint32_t connectors = state->connector_mask;
	unsigned i;

	kms_for_each_bit(i, connectors) {
		const struct kms_connector *connector = &state->dev->connectors[i];
		const struct kms_crtc *old = connector->state.crtc;
		const struct kms_crtc *want = state->connectors[i].crtc;

		if (want && !(connector->encoder->possible_crtcs >> want->index & 1))
			return refuse(EINVAL, "connector %u can not be on crtc %u",
				connector->base.id, want->base.id);
		if (old == want)
			continue;
		if (old)
			state->modeset_mask |= 1u << old->index;
		if (want)
			state->modeset_mask |= 1u << want->index;
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

static int check_modeset(struct kms_atomic_state *state)
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
			return refuse(EINVAL, "crtc %u %s", crtc->base.id,
				state->crtcs[i].enable ? "has a mode but no connector"
						       : "has connectors but no mode");
	}
	return 0;
}

/*
 * The limits of our display engine (kernel: the drivers' plane checks): no
 * scaling; the primary plane fills the screen, others may lie anywhere.
 */
static int check_geometry(const struct kms_atomic_state *state, const struct kms_plane *plane)
{
	const struct kms_plane_state *want = kms_atomic_new_plane(state, plane);
	const struct kms_crtc_state *crtc;
	uint32_t id = plane->base.id;

	if (!want->crtc)
		return 0;
	if (!want->crtc_w || !want->crtc_h ||
	    want->src_w != (uint64_t)want->crtc_w << 16 ||
	    want->src_h != (uint64_t)want->crtc_h << 16)
		return refuse(ERANGE, "plane %u would have to scale %ux%u/65536 to %ux%u", id,
			want->src_w, want->src_h, want->crtc_w, want->crtc_h);
	if (plane->type == KMS_PLANE_CURSOR &&
	    (want->crtc_w > state->dev->cursor_width || want->crtc_h > state->dev->cursor_height))
		return refuse(EINVAL, "cursor of %ux%u", want->crtc_w, want->crtc_h);
	crtc = kms_atomic_new_crtc(state, want->crtc);
	if (!crtc->enable || plane->type != KMS_PLANE_PRIMARY)
		return 0;
	if (want->crtc_x > 0 || want->crtc_y > 0 ||
	    (int64_t)want->crtc_x + want->crtc_w < crtc->mode.hdisplay ||
	    (int64_t)want->crtc_y + want->crtc_h < crtc->mode.vdisplay)
		return refuse(EINVAL, "primary plane %u does not cover its crtc", id);
	return 0;
}

/* Also planes the request did not name, where their crtc gets another mode. */
static int check_all_geometry(const struct kms_atomic_state *state)
{
	uint64_t planes = state->plane_mask;
	unsigned i;
	int ret = 0;

	for (i = 0; state->modeset_mask && i < state->dev->plane_count; i++) {
		const struct kms_crtc *crtc = state->dev->planes[i].state.crtc;

		if (crtc && state->modeset_mask >> crtc->index & 1)
			planes |= 1ull << i;
	}
	kms_for_each_bit(i, planes) {
		ret = check_geometry(state, &state->dev->planes[i]);
		if (ret)
			break;
	}
	return ret;
}

int kms_atomic_check(struct kms_atomic_state *state)
{
	uint64_t planes = state->plane_mask;
	uint32_t crtcs = state->crtc_mask;
	unsigned i;
	int ret;

	kms_for_each_bit(i, planes) {
		ret = check_plane(&state->dev->planes[i], &state->planes[i]);
		if (ret)
			return ret;
	}
	kms_for_each_bit(i, crtcs) {
		ret = check_crtc(state, &state->dev->crtcs[i]);
		if (ret)
			return ret;
	}
	ret = check_modeset(state);
	if (ret)
		return ret;
	ret = check_all_geometry(state);
	if (ret)
		return ret;
	if (state->modeset_mask && !state->allow_modeset)
		return refuse(EINVAL, "needs a modeset, which the request does not allow");
	return 0;
}
