/*
 * Composition of a crtc's scanout planes into pixels: what the monitor would
 * show. With pixman, into XRGB8888, in zpos order over black; formats, scaling
 * and blending as the plane says. Pure: it reads snapshots, takes no lock.
 */
#ifndef KMS_COMPOSE_H
#define KMS_COMPOSE_H

#include <stdint.h>

#include "kms_framebuffer.h"

struct kms_compose_plane {
	const struct kms_framebuffer *fb;
	int32_t crtc_x, crtc_y;
	uint32_t crtc_w, crtc_h;
	uint32_t src_x, src_y, src_w, src_h; /* 16.16 */
};

/*
 * planes: bottom first, at most KMS_MAX_PLANES; their alpha is premultiplied.
 * out (4-byte aligned): height rows of pitch bytes, XRGB8888, X = 0xff.
 */
void kms_compose(uint8_t *out, uint32_t width, uint32_t height, uint32_t pitch,
	const struct kms_compose_plane *planes, unsigned count);

#endif
