#include "nv12.h"

/* Of red, green and blue, in 1/65536. */
static const int luma_weights[3] = {16829, 33039, 6416};
static const int blue_weights[3] = {-9714, -19070, 28784};
static const int red_weights[3] = {28784, -24103, -4681};

static int weigh(const int weights[3], int red, int green, int blue)
{
	return (weights[0] * red + weights[1] * green + weights[2] * blue + 32768) >> 16;
}

/* Two rows of luma, and the row of chroma that they share: the mean of four pixels. */
static void convert_rows(const uint32_t *pixels, int width, uint8_t *luma, uint8_t *chroma,
	size_t pitch)
{
	for (int x = 0; x < width; x += 2) {
		int sum[3] = {0};

		for (int i = 0; i < 4; i++) {
			uint32_t pixel = pixels[i / 2 * width + x + i % 2];
			int red = pixel >> 16 & 0xff, green = pixel >> 8 & 0xff, blue = pixel & 0xff;

			luma[i / 2 * pitch + x + i % 2] = 16 + weigh(luma_weights, red, green, blue);
			sum[0] += red;
			sum[1] += green;
			sum[2] += blue;
		}
		chroma[x] = 128 + weigh(blue_weights, sum[0] / 4, sum[1] / 4, sum[2] / 4);
		chroma[x + 1] = 128 + weigh(red_weights, sum[0] / 4, sum[1] / 4, sum[2] / 4);
	}
}

void nv12_convert(const uint32_t *pixels, int width, int height, uint8_t *luma, uint8_t *chroma,
	size_t pitch)
{
	for (int y = 0; y < height; y += 2)
		convert_rows(pixels + (size_t)y * width, width, luma + y * pitch,
			chroma + y / 2 * pitch, pitch);
}
