#include "kms_yuv.h"

/* Luma weights of red and blue. */
static const struct {
	double r, b;
} weights[] = {
	[KMS_BT601] = {0.299, 0.114},
	[KMS_BT709] = {0.2126, 0.0722},
	[KMS_BT2020] = {0.2627, 0.0593},
};

static int32_t fixed(double value)
{
	return value < 0 ? -(int32_t)(0.5 - value) : (int32_t)(value + 0.5);
}

void kms_yuv_init(struct kms_yuv *yuv, enum kms_color_encoding encoding,
	enum kms_color_range range, unsigned bits)
{
	double r = weights[encoding].r, b = weights[encoding].b, g = 1 - r - b;
	double unit = 1 << (bits - 8), all = (1 << bits) - 1, white = 65535.0 * 8192;
	double luma = white / (range == KMS_RANGE_FULL ? all : 219 * unit);
	double chroma = white / (range == KMS_RANGE_FULL ? all : 224 * unit);

	*yuv = (struct kms_yuv) {
		.y = fixed(luma),
		.rv = fixed(chroma * 2 * (1 - r)),
		.gu = fixed(-chroma * 2 * (1 - b) * b / g),
		.gv = fixed(-chroma * 2 * (1 - r) * r / g),
		.bu = fixed(chroma * 2 * (1 - b)),
		.y_zero = range == KMS_RANGE_FULL ? 0 : 16 << (bits - 8),
		.c_zero = 1 << (bits - 1),
	};
}
