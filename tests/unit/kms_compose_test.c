/*
 * Composition against the obvious: for every screen pixel, every plane from the
 * bottom up, fetch, convert, blend. Random scenes, all formats.
 */
#include <stdlib.h>
#include <string.h>

#include "kms_compose.h"
#include "kms_device.h"
#include "test.h"

enum { GUARD = 64 };

struct format_row {
	const char *name;
	uint32_t fourcc;
	uint8_t cpp;
	/* position and width of each channel; a width 0 = no alpha */
	uint8_t r, rw, g, gw, b, bw, a, aw;
};

static const struct format_row format_rows[] = {
	{"XRGB8888", DRM_FORMAT_XRGB8888, 4, 16, 8, 8, 8, 0, 8, 0, 0},
	{"ARGB8888", DRM_FORMAT_ARGB8888, 4, 16, 8, 8, 8, 0, 8, 24, 8},
	{"XBGR8888", DRM_FORMAT_XBGR8888, 4, 0, 8, 8, 8, 16, 8, 0, 0},
	{"ABGR8888", DRM_FORMAT_ABGR8888, 4, 0, 8, 8, 8, 16, 8, 24, 8},
	{"RGBX8888", DRM_FORMAT_RGBX8888, 4, 24, 8, 16, 8, 8, 8, 0, 0},
	{"RGBA8888", DRM_FORMAT_RGBA8888, 4, 24, 8, 16, 8, 8, 8, 0, 8},
	{"BGRX8888", DRM_FORMAT_BGRX8888, 4, 8, 8, 16, 8, 24, 8, 0, 0},
	{"BGRA8888", DRM_FORMAT_BGRA8888, 4, 8, 8, 16, 8, 24, 8, 0, 8},
	{"RGB888", DRM_FORMAT_RGB888, 3, 16, 8, 8, 8, 0, 8, 0, 0},
	{"BGR888", DRM_FORMAT_BGR888, 3, 0, 8, 8, 8, 16, 8, 0, 0},
	{"RGB565", DRM_FORMAT_RGB565, 2, 11, 5, 5, 6, 0, 5, 0, 0},
	{"BGR565", DRM_FORMAT_BGR565, 2, 0, 5, 5, 6, 11, 5, 0, 0},
	{"XRGB1555", DRM_FORMAT_XRGB1555, 2, 10, 5, 5, 5, 0, 5, 0, 0},
	{"ARGB1555", DRM_FORMAT_ARGB1555, 2, 10, 5, 5, 5, 0, 5, 15, 1},
	{"XRGB2101010", DRM_FORMAT_XRGB2101010, 4, 20, 10, 10, 10, 0, 10, 0, 0},
	{"ARGB2101010", DRM_FORMAT_ARGB2101010, 4, 20, 10, 10, 10, 0, 10, 30, 2},
	{"XBGR2101010", DRM_FORMAT_XBGR2101010, 4, 0, 10, 10, 10, 20, 10, 0, 0},
	{"ABGR2101010", DRM_FORMAT_ABGR2101010, 4, 0, 10, 10, 10, 20, 10, 30, 2},
};

struct source {
	struct kms_framebuffer fb;
	struct kms_format format;
	const struct format_row *row;
	uint8_t *memory; /* linear */
	uint32_t pitch;
	uint8_t *tiled;  /* what the framebuffer has instead; NULL = memory */
};

static uint32_t random_below(uint32_t limit)
{
	return (uint32_t)random() % limit;
}

/* n bits of colour to 8: the top bits, or repeated to fill. */
static unsigned widen(unsigned value, unsigned bits)
{
	unsigned wide = 0;

	if (bits >= 8)
		return value >> (bits - 8);
	for (int have = 8; have > 0; have -= bits)
		wide |= have >= (int)bits ? value << (have - bits) : value >> (bits - have);
	return wide;
}

static uint32_t raw_pixel(const struct source *source, uint32_t x, uint32_t y)
{
	const uint8_t *at = source->memory + y * source->pitch + x * source->row->cpp;
	uint32_t value = 0;

	for (int i = source->row->cpp - 1; i >= 0; i--)
		value = value << 8 | at[i];
	return value;
}

static unsigned channel(uint32_t raw, unsigned shift, unsigned bits)
{
	return widen(raw >> shift & ((1u << bits) - 1), bits);
}

struct color {
	unsigned a, r, g, b;
};

static struct color fetch(const struct source *source, uint32_t x, uint32_t y)
{
	const struct format_row *row = source->row;
	uint32_t raw = raw_pixel(source, x, y);

	return (struct color) {
		.a = row->aw ? channel(raw, row->a, row->aw) : 255,
		.r = channel(raw, row->r, row->rw),
		.g = channel(raw, row->g, row->gw),
		.b = channel(raw, row->b, row->bw),
	};
}

static unsigned blend(unsigned src, unsigned dst, unsigned alpha)
{
	unsigned sum = src + (dst * (255 - alpha) + 127) / 255;

	return sum > 255 ? 255 : sum;
}

/* Nearest: the source pixel under the centre of destination pixel i. */
static uint32_t sample(uint32_t src, uint32_t src_size, uint32_t crtc_size, int64_t i)
{
	if (src_size == crtc_size << 16)
		return (src >> 16) + i;
	return (uint32_t)((src + (i * 2 + 1) * (double)src_size / (2.0 * crtc_size)) / 65536);
}

static struct color reference(const struct kms_compose_plane *planes, unsigned count, uint32_t x,
	uint32_t y)
{
	struct color out = {255, 0, 0, 0};

	for (unsigned i = 0; i < count; i++) {
		const struct kms_compose_plane *plane = &planes[i];
		int64_t px = (int64_t)x - plane->crtc_x, py = (int64_t)y - plane->crtc_y;
		if (px < 0 || py < 0 || px >= plane->crtc_w || py >= plane->crtc_h)
			continue;
		struct color in = fetch((const struct source *)plane->fb,
			sample(plane->src_x, plane->src_w, plane->crtc_w, px),
			sample(plane->src_y, plane->src_h, plane->crtc_h, py));
		out.r = blend(in.r, out.r, in.a);
		out.g = blend(in.g, out.g, in.a);
		out.b = blend(in.b, out.b, in.a);
	}
	return out;
}

/* Random pixels; those of alpha formats are premultiplied (no channel above alpha). */
static void fill(struct source *source)
{
	const struct format_row *row = source->row;

	for (uint32_t y = 0; y < source->fb.height; y++) {
		uint8_t *at = source->memory + y * source->fb.planes[0].pitch;
		for (uint32_t x = 0; x < source->fb.width; x++, at += row->cpp) {
			uint32_t raw = (uint32_t)random() << 1 ^ random();
			if (row->aw) {
				uint32_t alpha_max = (1u << row->aw) - 1;
				uint32_t alpha = random_below(4) ? random_below(alpha_max + 1) :
					random_below(2) * alpha_max;
				uint32_t most = alpha * ((1u << row->rw) - 1) / alpha_max;
				raw = alpha << row->a | random_below(most + 1) << row->r |
					random_below(most + 1) << row->g |
					random_below(most + 1) << row->b;
			}
			memcpy(at, &raw, row->cpp);
		}
	}
}

static void source_init(struct source *source, const struct format_row *row, uint32_t width,
	uint32_t height, uint32_t extra_pitch)
{
	uint32_t pitch = width * row->cpp + extra_pitch;

	*source = (struct source) {.row = row, .pitch = pitch};
	source->format = (struct kms_format) {
		.fourcc = row->fourcc, .planes = 1, .cpp = {row->cpp}, .has_alpha = row->aw > 0,
	};
	/* Exactly the framebuffer's bytes: sanitizers see a read beyond them. */
	source->memory = calloc(1, (size_t)pitch * height);
	source->fb.width = width;
	source->fb.height = height;
	source->fb.format = &source->format;
	source->fb.planes[0].pixels = source->memory;
	source->fb.planes[0].pitch = pitch;
	fill(source);
}

/* The framebuffer becomes an X-tiled one of the same pixels, in exactly its tiles. */
static void tile(struct source *source)
{
	uint32_t stride = (source->pitch + 511) / 512 * 512;
	uint32_t rows = (source->fb.height + 7) / 8 * 8;

	source->tiled = calloc(1, (size_t)stride * rows);
	for (uint32_t y = 0; y < source->fb.height; y++)
		for (uint32_t x = 0; x < source->fb.width * source->row->cpp; x++)
			source->tiled[y / 8 * 8 * stride + x / 512 * 4096 + y % 8 * 512 + x % 512] =
				source->memory[y * source->pitch + x];
	source->fb.modifier = I915_FORMAT_MOD_X_TILED;
	source->fb.planes[0].pixels = source->tiled;
	source->fb.planes[0].pitch = stride;
}

static void source_finish(struct source *source)
{
	free(source->memory);
	free(source->tiled);
}

/* Anywhere, also off the screen; the source rectangle inside the framebuffer. */
static struct kms_compose_plane random_plane(const struct source *source, uint32_t width,
	uint32_t height, bool scale)
{
	const struct kms_framebuffer *fb = &source->fb;
	uint32_t w = 1 + random_below(fb->width), h = 1 + random_below(fb->height);
	struct kms_compose_plane plane = {
		.fb = fb, .crtc_w = w, .crtc_h = h, .src_w = w << 16, .src_h = h << 16,
		.crtc_x = (int32_t)random_below(width + 2 * w) - (int32_t)w,
		.crtc_y = (int32_t)random_below(height + 2 * h) - (int32_t)h,
		.src_x = random_below(fb->width - w + 1) << 16,
		.src_y = random_below(fb->height - h + 1) << 16,
	};

	/* A fraction that still fits: the kernel's clients send such offsets. */
	if (plane.src_x + plane.src_w < fb->width << 16)
		plane.src_x += random_below(65536);
	if (plane.src_y + plane.src_h < fb->height << 16)
		plane.src_y += random_below(65536);
	if (scale) {
		plane.crtc_w = 1 + random_below(2 * w);
		plane.crtc_h = 1 + random_below(2 * h);
	}
	return plane;
}

static void compare(const uint8_t *out, uint32_t pitch, uint32_t width, uint32_t height,
	const struct kms_compose_plane *planes, unsigned count, int tolerance)
{
	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width; x++) {
			const uint8_t *got = out + y * pitch + x * 4;
			struct color want = reference(planes, count, x, y);
			int worst = abs(got[2] - (int)want.r);
			if (abs(got[1] - (int)want.g) > worst)
				worst = abs(got[1] - (int)want.g);
			if (abs(got[0] - (int)want.b) > worst)
				worst = abs(got[0] - (int)want.b);
			if (worst > tolerance || got[3] != 0xff)
				test_fail(__FILE__, __LINE__, "(%u,%u) of %ux%u: %02x%02x%02x%02x, want "
					"%02x%02x%02x", x, y, width, height, got[3], got[2], got[1], got[0],
					want.r, want.g, want.b);
		}
	}
}

/* Composes into memory with guards around it and between the rows. */
static void check_scene(uint32_t width, uint32_t height, const struct kms_compose_plane *planes,
	unsigned count, int tolerance)
{
	uint32_t pitch = (width + 3) * 4;
	size_t size = (size_t)pitch * height + 2 * GUARD;
	uint8_t *memory = malloc(size), *out = memory + GUARD;

	memset(memory, 0x5a, size);
	kms_compose(out, width, height, pitch, planes, count, NULL);
	compare(out, pitch, width, height, planes, count, tolerance);
	for (int i = 0; i < GUARD; i++)
		CHECK(memory[i] == 0x5a && memory[size - 1 - i] == 0x5a);
	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t i = width * 4; i < pitch; i++)
			CHECK_INT(out[y * pitch + i], 0x5a);
	}
	free(memory);
}

TEST(nothing_is_black)
{
	check_scene(33, 17, NULL, 0, 0);
}

TEST_ROWS(full_screen, struct format_row, format_rows)
{
	struct source source;

	source_init(&source, row, 61, 37, 4);
	struct kms_compose_plane plane = {
		.fb = &source.fb, .crtc_w = 61, .crtc_h = 37, .src_w = 61 << 16, .src_h = 37 << 16,
	};
	/* Pitches that no 32-bit word divides are legal for 16 and 24 bpp. */
	check_scene(61, 37, &plane, 1, row->aw ? 1 : 0);
	source_finish(&source);
}

TEST_ROWS(random_places, struct format_row, format_rows)
{
	srandom(row->fourcc);
	for (int i = 0; i < 60; i++) {
		struct source source;
		source_init(&source, row, 1 + random_below(70), 1 + random_below(50),
			random_below(3) * 4);
		struct kms_compose_plane plane = random_plane(&source, 64, 48, i % 3 == 2);
		check_scene(64, 48, &plane, 1, row->aw ? 1 : 0);
		source_finish(&source);
	}
}

TEST_ROWS(tiled_random_places, struct format_row, format_rows)
{
	srandom(row->fourcc + 1);
	for (int i = 0; i < 60; i++) {
		struct source source;
		/* Several tiles across and down, also for the narrow formats. */
		source_init(&source, row, 1 + random_below(1200 / row->cpp),
			1 + random_below(40), 0);
		tile(&source);
		struct kms_compose_plane plane = random_plane(&source, 300, 30, i % 3 == 2);
		check_scene(300, 30, &plane, 1, row->aw ? 1 : 0);
		source_finish(&source);
	}
}

TEST(random_stacks)
{
	srandom(7);
	for (int i = 0; i < 150; i++) {
		unsigned count = 2 + random_below(4);
		struct source sources[6];
		struct kms_compose_plane planes[6];
		int alphas = 0;
		for (unsigned p = 0; p < count; p++) {
			const struct format_row *row =
				&format_rows[random_below(sizeof(format_rows) / sizeof(format_rows[0]))];
			alphas += row->aw > 0;
			source_init(&sources[p], row, 8 + random_below(60), 8 + random_below(60), 0);
			if (random_below(3) == 0)
				tile(&sources[p]);
			planes[p] = random_plane(&sources[p], 50, 40, random_below(3) == 0);
		}
		/* Each blend may be one off, and hands that on. */
		check_scene(50, 40, planes, count, alphas);
		for (unsigned p = 0; p < count; p++)
			source_finish(&sources[p]);
	}
}

TEST(opaque_plane_hides_what_is_below)
{
	struct source below, cover, above;

	srandom(11);
	source_init(&below, &format_rows[1], 40, 30, 0);
	source_init(&cover, &format_rows[0], 50, 40, 0);
	source_init(&above, &format_rows[1], 10, 10, 0);
	struct kms_compose_plane planes[3] = {
		random_plane(&below, 40, 30, false),
		{.fb = &cover.fb, .crtc_x = -5, .crtc_y = -5, .crtc_w = 50, .crtc_h = 40,
			.src_w = 50 << 16, .src_h = 40 << 16},
		{.fb = &above.fb, .crtc_x = 35, .crtc_y = 25, .crtc_w = 10, .crtc_h = 10,
			.src_w = 10 << 16, .src_h = 10 << 16},
	};
	check_scene(40, 30, planes, 3, 1);
	source_finish(&below);
	source_finish(&cover);
	source_finish(&above);
}

TEST(far_off_the_screen)
{
	static const int32_t far[] = {INT32_MIN, -1000000, -10, 64, 1000000, INT32_MAX};
	struct source source;

	source_init(&source, &format_rows[1], 10, 10, 0);
	for (unsigned i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		struct kms_compose_plane plane = {
			.fb = &source.fb, .crtc_x = far[i], .crtc_w = 10, .crtc_h = 10,
			.src_w = 10 << 16, .src_h = 10 << 16,
		};
		check_scene(64, 48, &plane, 1, 0);
		plane.crtc_y = far[i];
		plane.crtc_x = 5;
		check_scene(64, 48, &plane, 1, 0);
	}
	source_finish(&source);
}

/* Check refuses such states; should one come through, nothing is read outside. */
TEST(source_outside_the_framebuffer_is_harmless)
{
	struct source source;
	uint8_t out[64 * 48 * 4];

	source_init(&source, &format_rows[0], 10, 10, 0);
	struct kms_compose_plane plane = {
		.fb = &source.fb, .crtc_w = 64, .crtc_h = 48, .src_w = 64 << 16, .src_h = 48 << 16,
	};
	kms_compose(out, 64, 48, 64 * 4, &plane, 1, NULL);
	plane.src_x = plane.src_y = UINT32_MAX;
	plane.src_w = plane.src_h = UINT32_MAX;
	kms_compose(out, 64, 48, 64 * 4, &plane, 1, NULL);
	tile(&source);
	kms_compose(out, 64, 48, 64 * 4, &plane, 1, NULL);
	source_finish(&source);
}
