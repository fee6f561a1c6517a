/* What planes can, and how many of them at once (kernel: drivers' plane and crtc checks). */
#include <errno.h>

#include "kms_atomic_internal.h"
#include "kms_mode.h"

/* ---- order ---- */

static bool changes_stack(const struct kms_plane_state *old, const struct kms_plane_state *want)
{
	return old->crtc != want->crtc || (want->crtc && old->zpos != want->zpos);
}

/* Crtcs on which the order of planes may become another. */
static uint32_t changed_stacks(const struct kms_atomic_state *state)
{
	uint64_t planes = state->plane_mask;
	uint32_t crtcs = 0;
	unsigned i;

	kms_for_each_bit(i, planes) {
		const struct kms_plane_state *old = &state->dev->planes[i].state;
		const struct kms_plane_state *want = &state->planes[i];

		if (!changes_stack(old, want))
			continue;
		if (old->crtc)
			crtcs |= 1u << old->crtc->index;
		if (want->crtc)
			crtcs |= 1u << want->crtc->index;
	}
	return crtcs;
}

/* Where a plane is in the stack; equal zpos: the older id is below. */
static uint64_t stack_key(const struct kms_atomic_state *state, const struct kms_plane *plane)
{
	return (uint64_t)kms_atomic_new_plane(state, plane)->zpos << 32 | plane->base.id;
}

static void normalize_crtc(struct kms_atomic_state *state, const struct kms_crtc *crtc)
{
	struct kms_device *dev = state->dev;
	struct kms_plane *stack[KMS_MAX_PLANES];
	unsigned count = 0;

	for (unsigned i = 0; i < dev->plane_count; i++) {
		struct kms_plane *plane = &dev->planes[i];
		unsigned at = count;

		if (kms_atomic_new_plane(state, plane)->crtc != crtc)
			continue;
		for (; at > 0 && stack_key(state, stack[at - 1]) > stack_key(state, plane); at--)
			stack[at] = stack[at - 1];
		stack[at] = plane;
		count++;
	}
	for (unsigned i = 0; i < count; i++) {
		if (kms_atomic_new_plane(state, stack[i])->normalized_zpos != i)
			kms_atomic_plane(state, stack[i])->normalized_zpos = i;
	}
}

void kms_atomic_normalize_zpos(struct kms_atomic_state *state)
{
	uint32_t crtcs = changed_stacks(state);
	unsigned i;

	kms_for_each_bit(i, crtcs)
		normalize_crtc(state, &state->dev->crtcs[i]);
}

/* ---- one plane ---- */

static bool is_turned(const struct kms_plane_state *want)
{
	return want->rotation & (DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_270);
}

/* src (16.16) through dst (pixels) in 16.16; reductions round up. 0 for no dst. */
static uint64_t scale_of(uint32_t src, uint32_t dst)
{
	if (dst == 0)
		return 0;
	return src > (uint64_t)dst << 16 ? ((uint64_t)src + dst - 1) / dst : src / dst;
}

static bool out_of_range(const struct kms_plane *plane, uint64_t scale)
{
	uint32_t min = plane->desc.min_scale ? plane->desc.min_scale : KMS_SCALE_ONE;
	uint32_t max = plane->desc.max_scale ? plane->desc.max_scale : KMS_SCALE_ONE;

	return scale < min || scale > max;
}

static int check_size(const struct kms_plane *plane, const struct kms_plane_state *want)
{
	uint32_t src_w = is_turned(want) ? want->src_h : want->src_w;
	uint32_t src_h = is_turned(want) ? want->src_w : want->src_h;
	const struct kms_device *dev = plane->base.dev;
	uint32_t id = plane->base.id;

	if (out_of_range(plane, scale_of(src_w, want->crtc_w)) ||
	    out_of_range(plane, scale_of(src_h, want->crtc_h)))
		return kms_refuse(ERANGE, "plane %u would have to scale %ux%u/65536 to %ux%u", id,
			src_w, src_h, want->crtc_w, want->crtc_h);
	if ((plane->desc.max_src_width && want->src_w >> 16 > plane->desc.max_src_width) ||
	    (plane->desc.max_src_height && want->src_h >> 16 > plane->desc.max_src_height))
		return kms_refuse(EINVAL, "plane %u can not read %ux%u pixels", id,
			want->src_w >> 16, want->src_h >> 16);
	if (plane->type == KMS_PLANE_CURSOR &&
	    (want->crtc_w > dev->cursor_width || want->crtc_h > dev->cursor_height))
		return kms_refuse(EINVAL, "cursor of %ux%u", want->crtc_w, want->crtc_h);
	return 0;
}

static int check_one(const struct kms_atomic_state *state, const struct kms_plane *plane)
{
	const struct kms_plane_state *want = kms_atomic_new_plane(state, plane);
	const struct kms_crtc_state *crtc;
	int ret;

	if (!want->crtc)
		return 0;
	ret = check_size(plane, want);
	if (ret)
		return ret;
	crtc = kms_atomic_new_crtc(state, want->crtc);
	if (!crtc->enable || plane->type != KMS_PLANE_PRIMARY || plane->desc.positionable)
		return 0;
	if (want->crtc_x > 0 || want->crtc_y > 0 ||
	    (int64_t)want->crtc_x + want->crtc_w < crtc->mode.hdisplay ||
	    (int64_t)want->crtc_y + want->crtc_h < crtc->mode.vdisplay)
		return kms_refuse(EINVAL, "primary plane %u does not cover its crtc",
			plane->base.id);
	return 0;
}

/* ---- all planes of a crtc ---- */

static bool scales(const struct kms_plane_state *want)
{
	uint32_t src_w = is_turned(want) ? want->src_h : want->src_w;
	uint32_t src_h = is_turned(want) ? want->src_w : want->src_h;

	return src_w != (uint64_t)want->crtc_w << 16 || src_h != (uint64_t)want->crtc_h << 16;
}

static int check_limits(const struct kms_atomic_state *state, const struct kms_crtc *crtc)
{
	const struct kms_crtc_desc *limits = &crtc->desc;
	const struct kms_crtc_state *want = kms_atomic_new_crtc(state, crtc);
	const struct kms_device *dev = state->dev;
	uint64_t rate = 0, refresh = want->enable ? kms_mode_vrefresh(&want->mode) : 0;
	unsigned planes = 0, scalers = 0;

	for (unsigned i = 0; i < dev->plane_count; i++) {
		const struct kms_plane_state *plane = kms_atomic_new_plane(state, &dev->planes[i]);

		if (plane->crtc != crtc)
			continue;
		planes++;
		scalers += scales(plane);
		rate += (uint64_t)(plane->src_w >> 16) * (plane->src_h >> 16) * refresh;
	}
	if (limits->max_planes && planes > limits->max_planes)
		return kms_refuse(EINVAL, "crtc %u: %u planes, of %u at most", crtc->base.id, planes,
			limits->max_planes);
	if (limits->max_scalers && scalers > limits->max_scalers)
		return kms_refuse(EINVAL, "crtc %u: %u planes scale, of %u at most", crtc->base.id,
			scalers, limits->max_scalers);
	if (limits->max_pixel_rate && rate > limits->max_pixel_rate)
		return kms_refuse(ENOSPC, "crtc %u: planes read %llu pixels a second, of %llu at "
			"most", crtc->base.id, (unsigned long long)rate,
			(unsigned long long)limits->max_pixel_rate);
	return 0;
}

static int check_crtc(const struct kms_atomic_state *state, const struct kms_crtc *crtc)
{
	const struct kms_crtc_desc *limits = &crtc->desc;

	if (limits->needs_primary && state->crtcs[crtc->index].active &&
	    kms_atomic_new_plane(state, crtc->primary)->crtc != crtc)
		return kms_refuse(EINVAL, "crtc %u: active without its primary plane",
			crtc->base.id);
	if (limits->max_planes || limits->max_scalers || limits->max_pixel_rate)
		return check_limits(state, crtc);
	return 0;
}

int kms_atomic_check_hardware(const struct kms_atomic_state *state)
{
	uint64_t planes = state->plane_mask;
	uint32_t crtcs = state->crtc_mask;
	unsigned i;
	int ret;

	/* Also planes the request did not name, where their crtc gets another mode. */
	for (i = 0; state->modeset_mask && i < state->dev->plane_count; i++) {
		const struct kms_crtc *crtc = state->dev->planes[i].state.crtc;

		if (crtc && state->modeset_mask >> crtc->index & 1)
			planes |= 1ull << i;
	}
	kms_for_each_bit(i, planes) {
		ret = check_one(state, &state->dev->planes[i]);
		if (ret)
			return ret;
	}
	kms_for_each_bit(i, crtcs) {
		ret = check_crtc(state, &state->dev->crtcs[i]);
		if (ret)
			return ret;
	}
	return 0;
}
