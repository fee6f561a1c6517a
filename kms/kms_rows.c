#include <string.h>

#include "kms_rows.h"

/*
 * The loops are written once, for the compiler to make vectors of: as the processor of
 * the build has them, and for AVX2, which is looked for at run time. They work on whole
 * chunks; what is behind a row's end is computed and not stored.
 */
enum { CHUNK = KMS_PIXEL_CHUNK };

#define LOOP __attribute__((always_inline)) static inline
#if defined(__x86_64__)
#define WIDE __attribute__((target("avx2")))
#else
#define WIDE
#endif

static bool have_wide(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("avx2");
#else
	return false;
#endif
}

/* ---- RGB ---- */

/* Channels to where ARGB8888 has them; without alpha: 0xff. */
LOOP void arrange(const struct kms_layout *layout, uint32_t *words)
{
	unsigned b = layout->b.shift, g = layout->g.shift, r = layout->r.shift;
	unsigned a = layout->a.shift;
	uint32_t opaque = layout->alpha ? 0 : 0xff;

	for (unsigned i = 0; i < CHUNK; i++) {
		uint32_t word = words[i];

		words[i] = (word >> b & 0xff) | (word >> g & 0xff) << 8 |
			(word >> r & 0xff) << 16 | ((word >> a & 0xff) | opaque) << 24;
	}
}

LOOP uint32_t blend_channel(uint32_t below, uint32_t above, uint32_t share, uint32_t rest)
{
	uint32_t sum = kms_pixel_divide(above * 257 * share) + kms_pixel_divide(below * 257 * rest);

	return kms_pixel_narrow(sum < 0xffff ? sum : 0xffff);
}

/* mode: a constant in each use. */
LOOP void blend(uint32_t *to, const uint32_t *from, uint32_t alpha, enum kms_blend mode)
{
	for (unsigned i = 0; i < CHUNK; i++) {
		uint32_t above = from[i], below = to[i];
		uint32_t cover = mode == KMS_BLEND_NONE ? alpha :
			kms_pixel_divide((above >> 24) * 257 * alpha);
		uint32_t share = mode == KMS_BLEND_COVERAGE ? cover : alpha, rest = 0xffff - cover;
		uint32_t b = blend_channel(below & 0xff, above & 0xff, share, rest);
		uint32_t g = blend_channel(below >> 8 & 0xff, above >> 8 & 0xff, share, rest);
		uint32_t r = blend_channel(below >> 16 & 0xff, above >> 16 & 0xff, share, rest);

		to[i] = b | g << 8 | r << 16 | 0xff000000;
	}
}

LOOP void blend_any(uint32_t *to, const uint32_t *from, const struct kms_compose_plane *plane)
{
	if (plane->blend == KMS_BLEND_COVERAGE)
		blend(to, from, plane->alpha, KMS_BLEND_COVERAGE);
	else if (plane->blend == KMS_BLEND_NONE)
		blend(to, from, plane->alpha, KMS_BLEND_NONE);
	else
		blend(to, from, plane->alpha, KMS_BLEND_PREMULTI);
}

static bool is_in_order(const struct kms_layout *layout)
{
	return layout->b.shift == 0 && layout->g.shift == 8 && layout->r.shift == 16;
}

LOOP void rgb(uint32_t *to, uint32_t *words, const struct kms_layout *layout,
	const struct kms_compose_plane *plane, bool opaque)
{
	if (!is_in_order(layout) || !layout->alpha)
		arrange(layout, words);
	if (!opaque)
		blend_any(to, words, plane);
	for (unsigned i = 0; opaque && i < CHUNK; i++)
		to[i] = words[i] | 0xff000000;
}

static void rgb_plain(uint32_t *to, uint32_t *words, const struct kms_layout *layout,
	const struct kms_compose_plane *plane, bool opaque)
{
	rgb(to, words, layout, plane, opaque);
}

WIDE static void rgb_wide(uint32_t *to, uint32_t *words, const struct kms_layout *layout,
	const struct kms_compose_plane *plane, bool opaque)
{
	rgb(to, words, layout, plane, opaque);
}

/* Whatever scaling and turning do, the words are the screen's. */
static void copy_words(uint32_t *to, const uint8_t *base, const uint32_t *columns, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint32_t word;

		memcpy(&word, base + columns[i], 4);
		to[i] = word | 0xff000000;
	}
}

static void draw_rgb(const struct kms_sampler *sampler, const struct kms_compose_plane *plane,
	bool opaque, uint32_t x, uint32_t y, unsigned count, uint32_t *to)
{
	const uint8_t *base = sampler->base[0] + sampler->rows[0][y];
	const uint32_t *columns = sampler->columns[0] + x;
	uint32_t words[CHUNK] __attribute__((aligned(32)));
	uint32_t below[CHUNK] __attribute__((aligned(32)));

	if (opaque && is_in_order(sampler->layout)) {
		copy_words(to, base, columns, count);
		return;
	}
	for (unsigned i = 0; i < count; i++)
		memcpy(&words[i], base + columns[i], 4);
	memset(words + count, 0, (CHUNK - count) * 4);
	memset(below + count, 0, (CHUNK - count) * 4);
	if (!opaque)
		memcpy(below, to, count * 4);
	if (have_wide())
		rgb_wide(below, words, sampler->layout, plane, opaque);
	else
		rgb_plain(below, words, sampler->layout, plane, opaque);
	memcpy(to, below, count * 4);
}

/* ---- YUV ---- */

struct samples {
	uint8_t y[CHUNK], u[CHUNK], v[CHUNK];
};

LOOP void yuv(uint32_t *to, const struct samples *in, const struct kms_yuv *yuv)
{
	struct kms_yuv by = *yuv;

	for (unsigned i = 0; i < CHUNK; i++) {
		int32_t luma = (in->y[i] - by.y_zero) * by.y;
		int32_t u = in->u[i] - by.c_zero, v = in->v[i] - by.c_zero;
		uint32_t r = kms_pixel_narrow(kms_yuv_clamp(luma + v * by.rv));
		uint32_t g = kms_pixel_narrow(kms_yuv_clamp(luma + u * by.gu + v * by.gv));
		uint32_t b = kms_pixel_narrow(kms_yuv_clamp(luma + u * by.bu));

		to[i] = b | g << 8 | r << 16 | 0xff000000;
	}
}

static void yuv_plain(uint32_t *to, const struct samples *in, const struct kms_yuv *by)
{
	yuv(to, in, by);
}

WIDE static void yuv_wide(uint32_t *to, const struct samples *in, const struct kms_yuv *by)
{
	yuv(to, in, by);
}

static void gather(uint8_t *to, const uint8_t *base, const uint32_t *columns, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		to[i] = base[columns[i]];
}

/* Samples that lie one behind the other. Chroma comes in pairs of pixels from an even one on. */
static void gather_plain(struct samples *in, const struct kms_sampler *sampler,
	const uint8_t *const base[3], uint32_t x, unsigned count)
{
	const uint8_t *u = base[1] + sampler->columns[1][x], *v = base[2] + sampler->columns[2][x];
	unsigned step = sampler->layout->streams[1].step;

	memcpy(in->y, base[0] + sampler->columns[0][x], count);
	for (unsigned i = 0; i < count / 2; i++, u += step, v += step) {
		in->u[2 * i] = in->u[2 * i + 1] = *u;
		in->v[2 * i] = in->v[2 * i + 1] = *v;
	}
	if (count & 1) {
		in->u[count - 1] = *u;
		in->v[count - 1] = *v;
	}
}

static bool in_pairs(const struct kms_sampler *sampler, uint32_t x)
{
	return sampler->plain && sampler->layout->hsub == 2 &&
		sampler->layout->streams[0].step == 1 && sampler->columns[0][x] % 2 == 0;
}

static void draw_yuv(const struct kms_sampler *sampler, uint32_t x, uint32_t y, unsigned count,
	uint32_t *to)
{
	uint32_t pixels[CHUNK] __attribute__((aligned(32)));
	const uint8_t *base[3];
	struct samples in;

	if (count < CHUNK)
		memset(&in, 0, sizeof(in));
	for (unsigned i = 0; i < 3; i++)
		base[i] = sampler->base[i] + sampler->rows[i][y];
	if (in_pairs(sampler, x)) {
		gather_plain(&in, sampler, base, x, count);
	} else {
		gather(in.y, base[0], sampler->columns[0] + x, count);
		gather(in.u, base[1], sampler->columns[1] + x, count);
		gather(in.v, base[2], sampler->columns[2] + x, count);
	}
	if (have_wide())
		yuv_wide(pixels, &in, &sampler->yuv);
	else
		yuv_plain(pixels, &in, &sampler->yuv);
	memcpy(to, pixels, count * 4);
}

bool kms_rows_alike(const struct kms_sampler *sampler, uint32_t y, uint32_t other)
{
	for (unsigned i = 0; i < sampler->layout->stream_count; i++) {
		if (sampler->rows[i][y] != sampler->rows[i][other])
			return false;
	}
	return true;
}

bool kms_rows_can(const struct kms_layout *layout, bool opaque)
{
	if (layout->kind == KMS_LAYOUT_YUV)
		return layout->sample_bits == 8 && opaque;
	return layout->kind == KMS_LAYOUT_RGB && layout->cpp == 4 && !layout->deep;
}

void kms_rows_draw(const struct kms_sampler *sampler, const struct kms_compose_plane *plane,
	bool opaque, uint32_t x, uint32_t y, unsigned count, uint32_t *to)
{
	for (unsigned part; count > 0; x += part, to += part, count -= part) {
		part = count < CHUNK ? count : CHUNK;
		if (sampler->layout->kind == KMS_LAYOUT_YUV)
			draw_yuv(sampler, x, y, part, to);
		else
			draw_rgb(sampler, plane, opaque, x, y, part, to);
	}
}
