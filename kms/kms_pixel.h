/*
 * Arithmetic on rows of pixels. A channel has 16 bits while it is worked with; what
 * has fewer is widened by repeating its bits, those of up to 8 to 8 first, so that
 * an 8-bit picture stays exactly what pixman makes of it. Every division rounds to
 * the nearest.
 */
#ifndef KMS_PIXEL_H
#define KMS_PIXEL_H

#include <stdint.h>

#include "kms_color.h"

/* In memory as ARGB16161616. */
struct kms_pixel {
	uint16_t b, g, r, a;
};

/* Pixels that are worked on at once: rows of them stay in the first cache. */
enum { KMS_PIXEL_CHUNK = 256 };

/* t / 65535 for t up to 65535 * 65535. */
static inline uint32_t kms_pixel_divide(uint32_t t)
{
	t += 32768;
	return (t + (t >> 16)) >> 16;
}

/* 16 bits to 8. */
static inline uint32_t kms_pixel_narrow(uint32_t value)
{
	return (value * 255 + 32895) >> 16;
}

/*
 * What plane alpha and blend mode make of pixels: premultiplied ones. With
 * KMS_BLEND_NONE their own alpha does not count.
 */
void kms_pixel_modulate(struct kms_pixel *pixels, unsigned count, uint16_t alpha,
	enum kms_blend blend);
/* Premultiplied pixels over what is in to; sums end at white. */
void kms_pixel_over(struct kms_pixel *to, const struct kms_pixel *from, unsigned count);
/* The same on XRGB8888: as if it were widened, blended, and rounded to 8 bits again. */
void kms_pixel_over8(uint8_t *to, const struct kms_pixel *from, unsigned count);
/* Without alpha: rounded to XRGB8888. */
void kms_pixel_store8(uint8_t *to, const struct kms_pixel *from, unsigned count);

#endif
