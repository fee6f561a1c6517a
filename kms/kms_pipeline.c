#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <drm_mode.h>

#include "kms_pipeline.h"

#define UNITY (1ll << 24)
#define MOST (65536 * UNITY)

/* S31.32, sign and magnitude. */
static int64_t coefficient(uint64_t value)
{
	uint64_t magnitude = ((value & ~(1ull << 63)) + (1 << 7)) >> 8;

	if (magnitude > (uint64_t)MOST)
		magnitude = MOST;
	return value >> 63 ? -(int64_t)magnitude : (int64_t)magnitude;
}

static uint16_t entry_channel(const struct drm_color_lut *entry, unsigned channel)
{
	return channel == 0 ? entry->red : channel == 1 ? entry->green : entry->blue;
}

/* lut NULL: the value itself. */
static uint16_t look_up(const struct drm_color_lut *lut, unsigned size, unsigned channel,
	uint16_t value)
{
	if (!lut || size == 0)
		return value;
	uint64_t place = (uint64_t)value * (size - 1);
	unsigned at = place / 65535, share = place % 65535;
	uint32_t low = entry_channel(&lut[at], channel);
	if (share == 0)
		return low;
	uint32_t high = entry_channel(&lut[at + 1], channel);
	return ((uint64_t)low * (65535 - share) + (uint64_t)high * share + 32767) / 65535;
}

static void fill_before(struct kms_pipeline *pipeline, const struct kms_compose_color *color,
	unsigned channel)
{
	for (unsigned value = 0; value < 65536; value += pipeline->step) {
		uint16_t linear = look_up(color->degamma, color->degamma_size, channel, value);

		if (!pipeline->matrix)
			linear = look_up(color->gamma, color->gamma_size, channel, linear);
		pipeline->before[channel][value / pipeline->step] = linear;
	}
}

static void fill_after(struct kms_pipeline *pipeline, const struct kms_compose_color *color,
	unsigned channel)
{
	for (unsigned value = 0; value < 65536; value++)
		pipeline->after[channel][value] = look_up(color->gamma, color->gamma_size, channel,
			value);
}

static void fill_bytes(struct kms_pipeline *pipeline)
{
	for (unsigned channel = 0; channel < 3; channel++) {
		for (unsigned value = 0; value < 256; value++)
			pipeline->bytes[channel][value] =
				kms_pixel_narrow(pipeline->before[2 - channel][value]);
	}
}

int kms_pipeline_init(struct kms_pipeline *pipeline, const struct kms_compose_color *color,
	bool wide)
{
	unsigned count = wide ? 65536 : 256;

	memset(pipeline, 0, sizeof(*pipeline));
	if (!color || (!color->degamma && !color->ctm && !color->gamma))
		return 0;
	bool after = color->ctm && color->gamma;
	pipeline->memory = malloc(3 * sizeof(uint16_t) * (count + (after ? 65536 : 0)));
	if (!pipeline->memory)
		return -ENOMEM;
	pipeline->active = true;
	pipeline->matrix = color->ctm;
	pipeline->step = wide ? 1 : 257;
	for (unsigned i = 0; color->ctm && i < 9; i++)
		pipeline->coefficients[i] = coefficient(color->ctm->matrix[i]);
	for (unsigned i = 0; i < 3; i++) {
		pipeline->before[i] = pipeline->memory + i * count;
		fill_before(pipeline, color, i);
		if (!after)
			continue;
		pipeline->after[i] = pipeline->memory + 3 * count + i * 65536;
		fill_after(pipeline, color, i);
	}
	if (!wide && !pipeline->matrix)
		fill_bytes(pipeline);
	return 0;
}

void kms_pipeline_finish(struct kms_pipeline *pipeline)
{
	free(pipeline->memory);
}

static uint16_t row_sum(const int64_t *row, int64_t r, int64_t g, int64_t b)
{
	int64_t sum = (row[0] * r + row[1] * g + row[2] * b + UNITY / 2) >> 24;

	return sum < 0 ? 0 : sum > 65535 ? 65535 : sum;
}

static void multiply(const struct kms_pipeline *pipeline, struct kms_pixel *pixel)
{
	const int64_t *rows = pipeline->coefficients;
	int64_t r = pixel->r, g = pixel->g, b = pixel->b;

	pixel->r = row_sum(rows, r, g, b);
	pixel->g = row_sum(rows + 3, r, g, b);
	pixel->b = row_sum(rows + 6, r, g, b);
	if (!pipeline->after[0])
		return;
	pixel->r = pipeline->after[0][pixel->r];
	pixel->g = pipeline->after[1][pixel->g];
	pixel->b = pipeline->after[2][pixel->b];
}

void kms_pipeline_run(const struct kms_pipeline *pipeline, struct kms_pixel *pixels,
	unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		pixels[i].r = pipeline->before[0][pixels[i].r];
		pixels[i].g = pipeline->before[1][pixels[i].g];
		pixels[i].b = pipeline->before[2][pixels[i].b];
	}
	for (unsigned i = 0; pipeline->matrix && i < count; i++)
		multiply(pipeline, &pixels[i]);
}

static void look_up_bytes(const struct kms_pipeline *pipeline, uint8_t *pixels, unsigned count)
{
	const uint8_t *b = pipeline->bytes[0], *g = pipeline->bytes[1], *r = pipeline->bytes[2];

	for (unsigned i = 0; i < count; i++, pixels += 4) {
		uint8_t blue = b[pixels[0]], green = g[pixels[1]], red = r[pixels[2]];

		pixels[0] = blue;
		pixels[1] = green;
		pixels[2] = red;
	}
}

void kms_pipeline_run8(const struct kms_pipeline *pipeline, uint8_t *pixels, unsigned count)
{
	if (!pipeline->matrix) {
		look_up_bytes(pipeline, pixels, count);
		return;
	}
	for (unsigned i = 0; i < count; i++, pixels += 4) {
		struct kms_pixel pixel = {
			.b = pipeline->before[2][pixels[0]],
			.g = pipeline->before[1][pixels[1]],
			.r = pipeline->before[0][pixels[2]],
		};
		multiply(pipeline, &pixel);
		pixels[0] = kms_pixel_narrow(pixel.b);
		pixels[1] = kms_pixel_narrow(pixel.g);
		pixels[2] = kms_pixel_narrow(pixel.r);
	}
}
