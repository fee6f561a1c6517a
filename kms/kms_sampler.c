#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <drm_mode.h>

#include "gem_tiling.h"
#include "kms_sampler.h"

/* One axis of the framebuffer, and the axis of the screen that it lies along. */
struct axis {
	uint32_t src, src_size;   /* 16.16 */
	uint32_t limit;           /* of the framebuffer, pixels */
	uint32_t crtc_size, skip; /* pixels */
	uint32_t count;           /* visible ones */
	bool flipped;
};

static bool is_transposed(uint32_t rotation)
{
	return rotation & (DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_270);
}

static struct axis x_axis(const struct kms_compose_plane *plane, const struct kms_visible *visible)
{
	bool turned = is_transposed(plane->rotation);
	bool back = plane->rotation & (DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_180);

	return (struct axis) {
		.src = plane->src_x, .src_size = plane->src_w, .limit = plane->fb->width,
		.crtc_size = turned ? plane->crtc_h : plane->crtc_w,
		.skip = turned ? visible->skip_y : visible->skip_x,
		.count = turned ? visible->height : visible->width,
		.flipped = back != !!(plane->rotation & DRM_MODE_REFLECT_X),
	};
}

static struct axis y_axis(const struct kms_compose_plane *plane, const struct kms_visible *visible)
{
	bool turned = is_transposed(plane->rotation);
	bool back = plane->rotation & (DRM_MODE_ROTATE_180 | DRM_MODE_ROTATE_270);

	return (struct axis) {
		.src = plane->src_y, .src_size = plane->src_h, .limit = plane->fb->height,
		.crtc_size = turned ? plane->crtc_w : plane->crtc_h,
		.skip = turned ? visible->skip_x : visible->skip_y,
		.count = turned ? visible->width : visible->height,
		.flipped = back != !!(plane->rotation & DRM_MODE_REFLECT_Y),
	};
}

/*
 * The source pixel under the centre of the axis' i-th visible one. Without scaling
 * that is the integer part of the 16.16 offset plus the distance.
 */
static uint32_t source_index(const struct axis *axis, uint32_t i)
{
	uint64_t at, place = axis->skip + (uint64_t)i;

	if (axis->flipped)
		place = axis->crtc_size - 1 - place;
	if (axis->src_size == (uint64_t)axis->crtc_size << 16)
		at = (axis->src >> 16) + place;
	else
		at = (axis->src + (2 * place + 1) * axis->src_size /
			(2 * (uint64_t)axis->crtc_size)) >> 16;
	return at < axis->limit ? at : axis->limit - 1;
}

static uint32_t column_offset(const struct kms_sampler *sampler, const struct kms_stream *stream,
	uint32_t x)
{
	uint32_t sample = stream->subsampled ? x / sampler->layout->hsub : x;
	uint32_t at = sample * stream->step + stream->offset;

	return sampler->tiled ? gem_tile_offset(GEM_TILING_X, 0, at, 0) : at;
}

static uint32_t row_offset(const struct kms_sampler *sampler, const struct kms_stream *stream,
	uint32_t y, uint32_t pitch)
{
	if (stream->subsampled)
		y /= sampler->layout->vsub;
	return sampler->tiled ? gem_tile_offset(GEM_TILING_X, pitch, 0, y) : y * pitch;
}

/* Tiled addresses too are a sum of one that x gives and one that y gives. */
static void fill_tables(struct kms_sampler *sampler, unsigned i,
	const struct kms_framebuffer *fb, const struct axis *x, const struct axis *y, bool turned)
{
	const struct kms_stream *stream = &sampler->layout->streams[i];
	uint32_t *of_x = turned ? sampler->rows[i] : sampler->columns[i];
	uint32_t *of_y = turned ? sampler->columns[i] : sampler->rows[i];

	sampler->base[i] = fb->planes[stream->plane].pixels;
	for (uint32_t n = 0; n < x->count; n++)
		of_x[n] = column_offset(sampler, stream, source_index(x, n));
	for (uint32_t n = 0; n < y->count; n++)
		of_y[n] = row_offset(sampler, stream, source_index(y, n),
			fb->planes[stream->plane].pitch);
}

int kms_sampler_init(struct kms_sampler *sampler, const struct kms_layout *layout,
	const struct kms_compose_plane *plane, const struct kms_visible *visible)
{
	struct axis x = x_axis(plane, visible), y = y_axis(plane, visible);
	size_t each = (size_t)visible->width + visible->height;

	*sampler = (struct kms_sampler) {
		.layout = layout, .tiled = plane->fb->modifier == I915_FORMAT_MOD_X_TILED,
		.memory = malloc(each * layout->stream_count * sizeof(uint32_t)),
	};
	if (!sampler->memory)
		return -ENOMEM;
	sampler->plain = !sampler->tiled && kms_sampler_is_plain(plane, visible);
	for (unsigned i = 0; i < layout->stream_count; i++) {
		sampler->columns[i] = sampler->memory + i * each;
		sampler->rows[i] = sampler->columns[i] + visible->width;
		fill_tables(sampler, i, plane->fb, &x, &y, is_transposed(plane->rotation));
	}
	if (layout->kind == KMS_LAYOUT_YUV)
		kms_yuv_init(&sampler->yuv, plane->encoding, plane->range, layout->sample_bits);
	return 0;
}

void kms_sampler_finish(struct kms_sampler *sampler)
{
	free(sampler->memory);
}

bool kms_sampler_is_plain(const struct kms_compose_plane *plane,
	const struct kms_visible *visible)
{
	const struct kms_framebuffer *fb = plane->fb;
	uint64_t right = (plane->src_x >> 16) + (uint64_t)visible->skip_x + visible->width;
	uint64_t bottom = (plane->src_y >> 16) + (uint64_t)visible->skip_y + visible->height;

	return (plane->rotation & ~DRM_MODE_ROTATE_0) == 0 &&
		plane->src_w == (uint64_t)plane->crtc_w << 16 &&
		plane->src_h == (uint64_t)plane->crtc_h << 16 &&
		right <= fb->width && bottom <= fb->height;
}

/* ---- reading ---- */

static uint16_t widen(uint32_t word, struct kms_channel channel)
{
	uint32_t value = word >> channel.shift & ((1u << channel.bits) - 1);
	unsigned to = channel.bits > 8 ? 16 : 8, bits = channel.bits;

	value <<= to - bits;
	for (; bits < to; bits *= 2)
		value |= value >> bits;
	return to == 8 ? value * 257 : value;
}

/* Three bytes that may lie in two tiles. */
static uint32_t read24(const struct kms_sampler *sampler, uint32_t at)
{
	uint32_t word = 0;

	for (unsigned i = 0; i < 3; i++) {
		bool next = sampler->tiled && (at & 511) + i > 511;
		word |= (uint32_t)sampler->base[0][at + i + (next ? 4096 - 512 : 0)] << 8 * i;
	}
	return word;
}

static uint32_t read_word(const struct kms_sampler *sampler, uint32_t at, unsigned cpp)
{
	uint32_t word = 0;

	if (cpp == 3)
		return read24(sampler, at);
	memcpy(&word, sampler->base[0] + at, cpp == 2 ? 2 : 4);
	return word;
}

static void read_rgb(const struct kms_sampler *sampler, uint32_t row, const uint32_t *columns,
	unsigned count, struct kms_pixel *pixels)
{
	const struct kms_layout *layout = sampler->layout;

	for (unsigned i = 0; i < count; i++) {
		uint32_t word = read_word(sampler, row + columns[i], layout->cpp);

		pixels[i].b = widen(word, layout->b);
		pixels[i].g = widen(word, layout->g);
		pixels[i].r = widen(word, layout->r);
		pixels[i].a = layout->alpha ? widen(word, layout->a) : 0xffff;
	}
}

/* Eight bits a channel: the common case, without loops in the loop. */
static void read_rgb8(const struct kms_sampler *sampler, uint32_t row, const uint32_t *columns,
	unsigned count, struct kms_pixel *pixels)
{
	const struct kms_layout *layout = sampler->layout;
	const uint8_t *base = sampler->base[0] + row;
	unsigned b = layout->b.shift, g = layout->g.shift, r = layout->r.shift;
	unsigned a = layout->a.shift, opaque = layout->alpha ? 0 : 0xff;
	uint32_t word;

	for (unsigned i = 0; i < count; i++) {
		memcpy(&word, base + columns[i], 4);
		pixels[i].b = (word >> b & 0xff) * 257;
		pixels[i].g = (word >> g & 0xff) * 257;
		pixels[i].r = (word >> r & 0xff) * 257;
		pixels[i].a = ((word >> a & 0xff) | opaque) * 257;
	}
}

static void swap_red_and_blue(struct kms_pixel *pixels, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint16_t low = pixels[i].b;

		pixels[i].b = pixels[i].r;
		pixels[i].r = low;
	}
}

/* A float of 16 bits as a share of 65535: below 0 and no number are 0, above 1 is 1. */
static uint16_t from_half(uint16_t half)
{
	unsigned exponent = half >> 10 & 31, fraction = half & 1023;

	if (half & 0x8000 || (exponent == 31 && fraction))
		return 0;
	if (half >= 0x3c00)
		return 65535;
	unsigned shift = 25 - (exponent ? exponent : 1);
	fraction |= exponent ? 1024 : 0;
	return (fraction * 65535 + (1u << (shift - 1))) >> shift;
}

static void read_words(const struct kms_sampler *sampler, uint32_t row, const uint32_t *columns,
	unsigned count, struct kms_pixel *pixels)
{
	const struct kms_layout *layout = sampler->layout;
	const uint8_t *base = sampler->base[0] + row;
	uint16_t *channel = (uint16_t *)pixels;

	for (unsigned i = 0; i < count; i++)
		memcpy(&pixels[i], base + columns[i], sizeof(*pixels));
	for (unsigned i = 0; layout->kind == KMS_LAYOUT_HALF && i < 4 * count; i++)
		channel[i] = from_half(channel[i]);
	if (layout->swap)
		swap_red_and_blue(pixels, count);
	for (unsigned i = 0; !layout->alpha && i < count; i++)
		pixels[i].a = 0xffff;
}

static void read_bytes(const struct kms_sampler *sampler, uint32_t row, const uint32_t *columns,
	unsigned count, struct kms_pixel *pixels)
{
	const uint8_t *base = sampler->base[0] + row;
	bool grey = sampler->layout->kind == KMS_LAYOUT_GREY;

	for (unsigned i = 0; i < count; i++) {
		uint16_t value = base[columns[i]] * 257, rest = grey ? value : 0;

		pixels[i] = (struct kms_pixel) {.b = rest, .g = rest, .r = value, .a = 0xffff};
	}
}

static void read_yuv8(const struct kms_sampler *sampler, uint32_t y, uint32_t x, unsigned count,
	struct kms_pixel *pixels)
{
	const uint8_t *base[3];

	for (unsigned i = 0; i < 3; i++)
		base[i] = sampler->base[i] + sampler->rows[i][y];
	for (unsigned i = 0; i < count; i++)
		pixels[i] = kms_yuv_pixel(&sampler->yuv, base[0][sampler->columns[0][x + i]],
			base[1][sampler->columns[1][x + i]], base[2][sampler->columns[2][x + i]]);
}

static void read_yuv16(const struct kms_sampler *sampler, uint32_t y, uint32_t x, unsigned count,
	struct kms_pixel *pixels)
{
	unsigned shift = 16 - sampler->layout->sample_bits;
	uint16_t sample[3];

	for (unsigned i = 0; i < count; i++) {
		for (unsigned s = 0; s < 3; s++)
			memcpy(&sample[s], sampler->base[s] + sampler->rows[s][y] +
				sampler->columns[s][x + i], 2);
		pixels[i] = kms_yuv_pixel(&sampler->yuv, sample[0] >> shift, sample[1] >> shift,
			sample[2] >> shift);
	}
}

void kms_sampler_read(const struct kms_sampler *sampler, uint32_t x, uint32_t y, unsigned count,
	struct kms_pixel *pixels)
{
	const struct kms_layout *layout = sampler->layout;
	const uint32_t *columns = sampler->columns[0] + x;
	uint32_t row = sampler->rows[0][y];

	switch (layout->kind) {
	case KMS_LAYOUT_RGB:
		if (layout->cpp == 4 && !layout->deep)
			read_rgb8(sampler, row, columns, count, pixels);
		else
			read_rgb(sampler, row, columns, count, pixels);
		break;
	case KMS_LAYOUT_RGB16:
	case KMS_LAYOUT_HALF:
		read_words(sampler, row, columns, count, pixels);
		break;
	case KMS_LAYOUT_GREY:
	case KMS_LAYOUT_RED:
		read_bytes(sampler, row, columns, count, pixels);
		break;
	case KMS_LAYOUT_YUV:
		if (layout->sample_bits == 8)
			read_yuv8(sampler, y, x, count, pixels);
		else
			read_yuv16(sampler, y, x, count, pixels);
		break;
	}
}
