/*
 * Composition of a crtc's scanout planes into pixels: what the monitor would
 * show, in the order given over black; formats, scaling, rotation and blending
 * as the plane says, then the crtc's colour pipeline. Pure: it reads snapshots,
 * takes no device lock.
 *
 * Blending is that of the kernel (drm_plane_create_blend_mode_property) on the values
 * as they are: crtc properties have no other. Pictures are blended in 8 bits a channel,
 * as a compositor's renderer would have done it, so that moving a surface to a plane
 * changes no pixel; as soon as one plane in sight has more than 8, in 16
 * (kms_pixel.h). Where scaling takes pixels from: kms_sampler.h; YUV: kms_yuv.h;
 * the colour pipeline: kms_pipeline.h. All of it is integers: the same planes give the
 * same bytes, whatever the number of threads.
 */
#ifndef KMS_COMPOSE_H
#define KMS_COMPOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "kms_color.h"
#include "kms_framebuffer.h"

struct gem_pool;

struct kms_compose_plane {
	const struct kms_framebuffer *fb;
	int32_t crtc_x, crtc_y;
	uint32_t crtc_w, crtc_h;
	uint32_t src_x, src_y, src_w, src_h; /* 16.16, before rotation */
	uint32_t rotation; /* DRM_MODE_ROTATE_* | DRM_MODE_REFLECT_*; 0 = ROTATE_0 */
	uint16_t alpha;    /* of the plane; 0xffff = opaque */
	enum kms_blend blend;
	enum kms_color_encoding encoding; /* of YUV formats, as is range */
	enum kms_color_range range;
};

/*
 * What a crtc does with the composed pixels: degamma LUT, then CTM, then gamma
 * LUT (kernel: drm_color_mgmt.c). NULL = not there. LUTs are those of the
 * blobs; ctm is S31.32 sign-magnitude, row by row.
 */
struct kms_compose_color {
	const struct drm_color_lut *degamma, *gamma;
	unsigned degamma_size, gamma_size;
	const struct drm_color_ctm *ctm;
};

struct kms_compose_target {
	uint8_t *pixels;  /* 4-byte aligned (deep: 8), as is pitch */
	uint32_t width, height, pitch;
	bool deep;        /* XRGB16161616 with X = 0xffff, else XRGB8888 with X = 0xff */
	uint32_t *crc;    /* NULL, or gets the CRC-32 of all rows' pixels (not of padding) */
};

/*
 * planes: bottom first, at most KMS_MAX_PLANES. color NULL = none. pool: helpers, NULL =
 * the caller's thread alone. -ENOMEM: the picture is not, or only in part, written.
 */
int kms_compose_to(const struct kms_compose_target *target, struct gem_pool *pool,
	const struct kms_compose_plane *planes, unsigned count,
	const struct kms_compose_color *color);

/* The same to XRGB8888 on the caller's thread; black without memory. */
void kms_compose(uint8_t *out, uint32_t width, uint32_t height, uint32_t pitch,
	const struct kms_compose_plane *planes, unsigned count,
	const struct kms_compose_color *color);

#endif
