/*
 * What a state must fulfil (kernel: drm_atomic.c's checks, then those of
 * drm_atomic_helper.c, in their order, since the first one to fail gives the
 * errno). Nothing here changes the device.
 */
#include <errno.h>
#include <limits.h>

#include "kms_atomic_internal.h"

/* ---- planes ---- */

static bool range_overflows(int32_t start, uint32_t length)
{
	return length > INT_MAX || start > INT_MAX - (int32_t)length;
}

/* start and length in 16.16, size in pixels. */
static bool range_outside(uint32_t start, uint32_t length, uint32_t size)
{
	return (uint64_t)start + length > (uint64_t)size << 16;
}

static int check_damage(const struct kms_plane *plane, const struct kms_plane_state *want)
{
	const struct drm_mode_rect *clips = (const void *)want->damage->data;
	size_t count = want->damage->length / sizeof(clips[0]);
	const struct kms_framebuffer *fb = want->fb;

	for (size_t i = 0; i < count; i++) {
		const struct drm_mode_rect *clip = &clips[i];

		if (clip->x1 < 0 || clip->y1 < 0 || clip->x1 >= clip->x2 ||
		    clip->y1 >= clip->y2 || clip->x2 > (int64_t)fb->width ||
		    clip->y2 > (int64_t)fb->height)
			return kms_refuse(EINVAL, "plane %u: damage %d,%d-%d,%d of a %ux%u fb",
				plane->base.id, clip->x1, clip->y1, clip->x2, clip->y2, fb->width,
				fb->height);
	}
	return 0;
}

static int check_picture(const struct kms_plane *plane, const struct kms_plane_state *want)
{
	uint32_t id = plane->base.id;

	if (!kms_plane_takes(plane, want->fb->format->fourcc, want->fb->modifier))
		return kms_refuse(EINVAL, "plane %u does not take format %.4s, modifier 0x%llx",
			id, (const char *)&want->fb->format->fourcc,
			(unsigned long long)want->fb->modifier);
	if (range_overflows(want->crtc_x, want->crtc_w) ||
	    range_overflows(want->crtc_y, want->crtc_h))
		return kms_refuse(ERANGE, "plane %u at %d,%d size %ux%u", id, want->crtc_x,
			want->crtc_y, want->crtc_w, want->crtc_h);
	if (range_outside(want->src_x, want->src_w, want->fb->width) ||
	    range_outside(want->src_y, want->src_h, want->fb->height))
		return kms_refuse(ENOSPC, "plane %u reads outside of its %ux%u fb", id,
			want->fb->width, want->fb->height);
	return want->damage ? check_damage(plane, want) : 0;
}

static int check_plane(const struct kms_plane *plane, const struct kms_plane_state *want)
{
	uint32_t id = plane->base.id;
	int ret;

	if (!want->crtc != !want->fb)
		return kms_refuse(EINVAL, "plane %u has a crtc without an fb, or the reverse", id);
	if (!want->crtc)
		return 0;
	if (!(plane->possible_crtcs >> want->crtc->index & 1))
		return kms_refuse(EINVAL, "plane %u can not be on crtc %u", id,
			want->crtc->base.id);
	ret = check_picture(plane, want);
	if (ret)
		return ret;
	if (plane->state.crtc && plane->state.crtc != want->crtc)
		return kms_refuse(EINVAL, "plane %u changes crtcs without being off between", id);
	return 0;
}

/* ---- crtcs ---- */

/* A LUT of the size that its property tells, or of the legacy requests. */
static int check_lut(const struct kms_crtc *crtc, const struct kms_blob *lut, uint32_t size,
	const char *name)
{
	size_t entries = lut ? lut->length / sizeof(struct drm_color_lut) : 0;

	if (!lut || entries == size || entries == kms_crtc_gamma_size(crtc))
		return 0;
	return kms_refuse(EINVAL, "crtc %u: %s of %zu entries, not %u", crtc->base.id, name,
		entries, size);
}

static int check_crtc(const struct kms_atomic_state *state, const struct kms_crtc *crtc)
{
	const struct kms_crtc_state *want = &state->crtcs[crtc->index];
	const struct kms_device *dev = crtc->base.dev;
	uint32_t id = crtc->base.id;
	int ret;

	if (want->active && !want->enable)
		return kms_refuse(EINVAL, "crtc %u active without a mode", id);
	if (want->mode_blob && (want->mode.hdisplay > dev->max_width ||
				want->mode.vdisplay > dev->max_height))
		return kms_refuse(EINVAL, "crtc %u can not show %ux%u", id, want->mode.hdisplay,
			want->mode.vdisplay);
	if (want->mode_blob && crtc->desc.max_clock && want->mode.clock > crtc->desc.max_clock)
		return kms_refuse(EINVAL, "crtc %u: pixel clock of %u kHz", id, want->mode.clock);
	if (state->events[crtc->index] && !want->active && !crtc->state.active)
		return kms_refuse(EINVAL, "crtc %u: event asked for, but it is off and stays off",
			id);
	ret = check_lut(crtc, want->degamma_lut, crtc->desc.degamma_size, "DEGAMMA_LUT");
	return ret ? ret : check_lut(crtc, want->gamma_lut, crtc->desc.gamma_size, "GAMMA_LUT");
}

/* ---- connectors: writeback is all that the core checks (drm_atomic_connector_check) ---- */

static int check_writeback(const struct kms_atomic_state *state,
	const struct kms_connector *connector, const struct kms_connector_state *want)
{
	const struct kms_framebuffer *fb = want->writeback_fb;
	uint32_t id = connector->base.id;
	const struct kms_crtc_state *crtc;

	if (!want->crtc)
		return kms_refuse(EINVAL, "writeback connector %u has an fb, but no crtc", id);
	crtc = kms_atomic_new_crtc(state, want->crtc);
	if (!crtc->active)
		return kms_refuse(EINVAL, "writeback connector %u has an fb, but crtc %u is off",
			id, want->crtc->base.id);
	/* From here on: the hardware's (kernel: the drivers' own, vkms_wb_atomic_check). */
	if (fb->width != crtc->mode.hdisplay || fb->height != crtc->mode.vdisplay)
		return kms_refuse(EINVAL, "writeback connector %u: fb of %ux%u, mode of %ux%u", id,
			fb->width, fb->height, crtc->mode.hdisplay, crtc->mode.vdisplay);
	for (unsigned i = 0; i < connector->desc.format_count; i++) {
		if (connector->desc.formats[i] == fb->format->fourcc && fb->modifier == 0)
			return 0;
	}
	return kms_refuse(EINVAL, "writeback connector %u does not write format %.4s, modifier "
		"0x%llx", id, (const char *)&fb->format->fourcc, (unsigned long long)fb->modifier);
}

static int check_connector(const struct kms_atomic_state *state,
	const struct kms_connector *connector)
{
	const struct kms_connector_state *want = &state->connectors[connector->index];

	if (want->writeback_fb)
		return check_writeback(state, connector, want);
	if (want->writeback_fence)
		return kms_refuse(EINVAL, "writeback connector %u: out-fence without an fb",
			connector->base.id);
	return 0;
}

/* ---- all of it ---- */

static int check_core(const struct kms_atomic_state *state)
{
	uint64_t planes = state->plane_mask;
	uint32_t crtcs = state->crtc_mask, connectors = state->connector_mask;
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
	kms_for_each_bit(i, connectors) {
		ret = check_connector(state, &state->dev->connectors[i]);
		if (ret)
			return ret;
	}
	return 0;
}

/* A flip that is not to wait for a vblank can not wait for a modeset either. */
static int check_async_flip(const struct kms_atomic_state *state)
{
	if (state->modeset_mask)
		return kms_refuse(EINVAL, "async flip with a modeset");
	return 0;
}

int kms_atomic_check(struct kms_atomic_state *state)
{
	int ret = check_core(state);

	if (!ret)
		ret = kms_atomic_check_modeset(state);
	if (ret)
		return ret;
	kms_atomic_normalize_zpos(state);
	ret = kms_atomic_check_hardware(state);
	if (!ret && state->async_flip)
		ret = check_async_flip(state);
	if (!ret && state->modeset_mask && !state->allow_modeset)
		return kms_refuse(EINVAL, "needs a modeset, which the request does not allow");
	return ret;
}
