#include <libdeflate.h>

#include "gem_domain.h"
#include "kms_oops.h"
#include "kms_snapshot.h"
#include "kms_text.h"

static void add_plane(struct kms_snapshot *shot, uint32_t *zpos, const struct kms_plane *plane)
{
	const struct kms_plane_state *state = &plane->scanout;
	unsigned at = shot->count++;

	for (; at > 0 && zpos[at - 1] > state->normalized_zpos; at--) {
		shot->planes[at] = shot->planes[at - 1];
		zpos[at] = zpos[at - 1];
	}
	kms_object_get(&state->fb->base);
	zpos[at] = state->normalized_zpos;
	shot->planes[at] = (struct kms_compose_plane) {
		.fb = state->fb,
		.crtc_x = state->crtc_x, .crtc_y = state->crtc_y,
		.crtc_w = state->crtc_w, .crtc_h = state->crtc_h,
		.src_x = state->src_x, .src_y = state->src_y,
		.src_w = state->src_w, .src_h = state->src_h,
		.rotation = state->rotation, .alpha = state->alpha, .blend = state->blend,
		.encoding = state->encoding, .range = state->range,
	};
}

static struct kms_blob *get_blob(struct kms_blob *blob)
{
	if (blob)
		kms_object_get(&blob->base);
	return blob;
}

static void put_blob(struct kms_blob *blob)
{
	if (blob)
		kms_object_put(&blob->base);
}

void kms_snapshot_take_locked(struct kms_snapshot *shot, struct kms_crtc *crtc)
{
	struct kms_device *dev = crtc->base.dev;
	uint32_t zpos[KMS_MAX_PLANES];

	shot->dev = dev;
	shot->serial = crtc->scanout_serial;
	shot->since = crtc->scanout_since;
	shot->count = 0;
	shot->width = shot->height = 0;
	shot->degamma_lut = shot->ctm = shot->gamma_lut = NULL;
	if (!crtc->state.active)
		return;
	shot->width = crtc->state.mode.hdisplay;
	shot->height = crtc->state.mode.vdisplay;
	shot->degamma_lut = get_blob(crtc->scanout.degamma_lut);
	shot->ctm = get_blob(crtc->scanout.ctm);
	shot->gamma_lut = get_blob(crtc->scanout.gamma_lut);
	for (unsigned i = 0; i < dev->plane_count; i++) {
		if (dev->planes[i].scanout.crtc == crtc && dev->planes[i].scanout.fb)
			add_plane(shot, zpos, &dev->planes[i]);
	}
}

void kms_snapshot_drop(struct kms_snapshot *shot)
{
	for (unsigned i = 0; i < shot->count; i++)
		kms_object_put((struct kms_object *)&shot->planes[i].fb->base);
	put_blob(shot->degamma_lut);
	put_blob(shot->ctm);
	put_blob(shot->gamma_lut);
}

/* Sizes of the blobs are those that check let through. */
static struct kms_compose_color color_of(const struct kms_snapshot *shot)
{
	struct kms_compose_color color = {0};

	if (shot->degamma_lut) {
		color.degamma = (const void *)shot->degamma_lut->data;
		color.degamma_size = shot->degamma_lut->length / sizeof(struct drm_color_lut);
	}
	if (shot->ctm)
		color.ctm = (const void *)shot->ctm->data;
	if (shot->gamma_lut) {
		color.gamma = (const void *)shot->gamma_lut->data;
		color.gamma_size = shot->gamma_lut->length / sizeof(struct drm_color_lut);
	}
	return color;
}

/* Whatever the planes have: nobody knows any more whether they can be read. */
static void compose_oops(const struct kms_compose_target *target)
{
	const struct kms_canvas canvas = {
		.pixels = target->pixels, .width = target->width, .height = target->height,
		.pitch = target->pitch,
	};

	kms_oops_draw(&canvas);
	if (!target->crc)
		return;
	*target->crc = 0;
	for (uint32_t y = 0; y < target->height; y++)
		*target->crc = libdeflate_crc32(*target->crc,
			target->pixels + (size_t)y * target->pitch, (size_t)target->width * 4);
}

int kms_snapshot_compose(const struct kms_snapshot *shot,
	const struct kms_compose_target *target)
{
	if (!target->deep && kms_oops_active()) {
		compose_oops(target);
		return 0;
	}
	struct kms_compose_color color = color_of(shot);

	for (unsigned i = 0; i < shot->count; i++) {
		const struct kms_framebuffer *fb = shot->planes[i].fb;

		for (int plane = 0; plane < 4; plane++) {
			if (fb->planes[plane].object)
				gem_object_scanout(fb->planes[plane].object);
		}
	}
	__atomic_fetch_add(&shot->dev->frames_composed, 1, __ATOMIC_RELAXED);
	return kms_compose_to(target, shot->dev->compose_pool, shot->planes, shot->count, &color);
}
