/*
 * YUV to RGB: the matrices of BT.601, BT.709 and BT.2020 (non-constant luminance)
 * from their luma weights, in fixed point of 13 bits behind the point:
 *
 *   R = round((y * (Y - y_zero) + rv * (V - c_zero)) / 8192), between 0 and 65535
 *
 * with whole samples Y, U, V of their own number of bits, and each coefficient the
 * nearest whole number to its exact value. Limited range has black at 16 and white
 * at 235 (of 8 bits; more bits: shifted), chroma from 16 to 240 around 128.
 */
#ifndef KMS_YUV_H
#define KMS_YUV_H

#include <stdint.h>

#include "kms_color.h"
#include "kms_pixel.h"

struct kms_yuv {
	int32_t y, rv, gu, gv, bu;
	int32_t y_zero, c_zero;
};

void kms_yuv_init(struct kms_yuv *yuv, enum kms_color_encoding encoding,
	enum kms_color_range range, unsigned bits);

static inline uint16_t kms_yuv_clamp(int32_t sum)
{
	int32_t value = (sum + 4096) >> 13;

	return value < 0 ? 0 : value > 65535 ? 65535 : value;
}

static inline struct kms_pixel kms_yuv_pixel(const struct kms_yuv *yuv, int32_t y, int32_t u,
	int32_t v)
{
	int32_t luma = (y - yuv->y_zero) * yuv->y;

	u -= yuv->c_zero;
	v -= yuv->c_zero;
	return (struct kms_pixel) {
		.r = kms_yuv_clamp(luma + v * yuv->rv),
		.g = kms_yuv_clamp(luma + u * yuv->gu + v * yuv->gv),
		.b = kms_yuv_clamp(luma + u * yuv->bu),
		.a = 0xffff,
	};
}

#endif
