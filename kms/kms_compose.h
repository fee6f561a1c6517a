/*
 * Composition of a crtc's scanout planes into pixels: what the monitor would
 * show, in the order given over black; formats, scaling, rotation and blending
 * as the plane says, then the crtc's colour pipeline. Pure: it reads snapshots,
 * takes no device lock.
 */
#ifndef KMS_COMPOSE_H
#define KMS_COMPOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "kms_color.h"
#include "kms_framebuffer.h"

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

/*
 * planes: bottom first, at most KMS_MAX_PLANES. out (4-byte aligned): height
 * rows of pitch bytes, XRGB8888, X = 0xff. color NULL = none.
 */
void kms_compose(uint8_t *out, uint32_t width, uint32_t height, uint32_t pitch,
	const struct kms_compose_plane *planes, unsigned count,
	const struct kms_compose_color *color);

#endif
