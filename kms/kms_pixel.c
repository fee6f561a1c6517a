#include "kms_pixel.h"

static void scale_all(struct kms_pixel *pixels, unsigned count, uint32_t alpha)
{
	uint16_t *channel = (uint16_t *)pixels;

	for (unsigned i = 0; i < 4 * count; i++)
		channel[i] = kms_pixel_divide(channel[i] * alpha);
}

static void scale_coverage(struct kms_pixel *pixels, unsigned count, uint32_t alpha)
{
	for (unsigned i = 0; i < count; i++) {
		struct kms_pixel *pixel = &pixels[i];
		uint32_t cover = kms_pixel_divide(pixel->a * alpha);

		pixel->a = cover;
		pixel->b = kms_pixel_divide(pixel->b * cover);
		pixel->g = kms_pixel_divide(pixel->g * cover);
		pixel->r = kms_pixel_divide(pixel->r * cover);
	}
}

void kms_pixel_modulate(struct kms_pixel *pixels, unsigned count, uint16_t alpha,
	enum kms_blend blend)
{
	if (blend == KMS_BLEND_COVERAGE) {
		scale_coverage(pixels, count, alpha);
		return;
	}
	if (blend == KMS_BLEND_NONE) {
		for (unsigned i = 0; i < count; i++)
			pixels[i].a = 0xffff;
	}
	if (alpha != 0xffff)
		scale_all(pixels, count, alpha);
}

static uint32_t over(uint32_t to, uint32_t from, uint32_t rest)
{
	uint32_t sum = from + kms_pixel_divide(to * rest);

	return sum > 0xffff ? 0xffff : sum;
}

void kms_pixel_over(struct kms_pixel *to, const struct kms_pixel *from, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint32_t rest = 0xffff - from[i].a;

		to[i].b = over(to[i].b, from[i].b, rest);
		to[i].g = over(to[i].g, from[i].g, rest);
		to[i].r = over(to[i].r, from[i].r, rest);
	}
}

void kms_pixel_over8(uint8_t *to, const struct kms_pixel *from, unsigned count)
{
	for (unsigned i = 0; i < count; i++, to += 4) {
		uint32_t rest = 0xffff - from[i].a;

		to[0] = kms_pixel_narrow(over(to[0] * 257, from[i].b, rest));
		to[1] = kms_pixel_narrow(over(to[1] * 257, from[i].g, rest));
		to[2] = kms_pixel_narrow(over(to[2] * 257, from[i].r, rest));
	}
}

void kms_pixel_store8(uint8_t *to, const struct kms_pixel *from, unsigned count)
{
	for (unsigned i = 0; i < count; i++, to += 4) {
		to[0] = kms_pixel_narrow(from[i].b);
		to[1] = kms_pixel_narrow(from[i].g);
		to[2] = kms_pixel_narrow(from[i].r);
		to[3] = 0xff;
	}
}
