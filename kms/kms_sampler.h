/*
 * Reads the pixels of a plane's framebuffer that belong under given pixels of the
 * screen: format, tiling, rotation, reflection and scaling.
 *
 * Scaling takes the nearest pixel: the source pixel under the centre of the screen's
 * pixel (DRM's "Nearest Neighbor" filter). Real engines offer it beside smoother
 * ones; it is the one whose result a test can name, and that of compositors' pixman
 * renderers. Chroma that is shared by pixels is taken as it is, not interpolated.
 *
 * Reflection happens before rotation, which is counter-clockwise, and scaling last
 * (kernel: drm_plane_create_rotation_property).
 */
#ifndef KMS_SAMPLER_H
#define KMS_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "kms_compose.h"
#include "kms_layout.h"
#include "kms_pixel.h"
#include "kms_yuv.h"

/* The part of a plane that is on the screen. */
struct kms_visible {
	int32_t x, y;            /* on the crtc */
	uint32_t width, height;
	uint32_t skip_x, skip_y; /* crtc pixels of the plane cut off left and above */
};

struct kms_sampler {
	const struct kms_layout *layout;
	struct kms_yuv yuv;
	bool tiled;
	bool plain; /* kms_sampler_is_plain, and linear */
	/* Of each stream: where a pixel is = base + row of its y + column of its x. */
	const uint8_t *base[3];
	uint32_t *rows[3], *columns[3]; /* by crtc pixel of the visible part */
	uint32_t *memory;               /* of all tables */
};

/* -ENOMEM. Reads never leave the framebuffer, whatever the source rectangle is. */
int kms_sampler_init(struct kms_sampler *sampler, const struct kms_layout *layout,
	const struct kms_compose_plane *plane, const struct kms_visible *visible);
void kms_sampler_finish(struct kms_sampler *sampler);

/* count pixels from x on in row y of the visible part. Any thread. */
void kms_sampler_read(const struct kms_sampler *sampler, uint32_t x, uint32_t y, unsigned count,
	struct kms_pixel *pixels);

/* Neither rotated nor scaled, and all of it inside of the framebuffer. */
bool kms_sampler_is_plain(const struct kms_compose_plane *plane,
	const struct kms_visible *visible);

#endif
