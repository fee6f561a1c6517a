/*
 * Composition against the obvious one (kms_reference.c), byte for byte: all formats,
 * linear and tiled, all rotations, scaling, alpha, blend modes, colour pipelines, random
 * scenes, any number of threads.
 */
#include <stdlib.h>
#include <string.h>

#include <drm_mode.h>
#include <libdeflate.h>

#include "gem_pool.h"
#include "kms_device.h"
#include "kms_pixel.h"
#include "kms_reference.h"
#include "kms_yuv.h"
#include "test.h"

enum { GUARD = 64 };

/* A framebuffer of random pixels, in exactly its bytes: sanitizers see a read beyond them. */
struct source {
	struct kms_framebuffer fb;
	const struct reference_format *format;
	uint8_t *memory[3];
};

static uint32_t random_below(uint32_t limit)
{
	return (uint32_t)random() % limit;
}

static void source_init(struct source *source, const struct reference_format *format,
	uint32_t width, uint32_t height, uint32_t extra_pitch, bool tiled)
{
	*source = (struct source) {.format = format};
	source->fb.width = width;
	source->fb.height = height;
	source->fb.format = kms_format_find(format->fourcc);
	CHECK(source->fb.format != NULL);
	source->fb.modifier = tiled ? I915_FORMAT_MOD_X_TILED : DRM_FORMAT_MOD_LINEAR;
	for (unsigned i = 0; i < reference_planes(format); i++) {
		bool packed = format->kind == 'y' && !format->cpp[1];
		uint32_t w = i || packed ? (width + format->hsub - 1) / format->hsub : width;
		uint32_t h = i ? (height + format->vsub - 1) / format->vsub : height;
		uint32_t row = w * format->cpp[i] * (packed ? 2 : 1), pitch = row + extra_pitch;
		size_t size = (size_t)pitch * (h - 1) + row;
		if (tiled) {
			pitch = (row + 511) / 512 * 512;
			size = (size_t)pitch * ((h + 7) / 8 * 8);
		}
		source->memory[i] = malloc(size);
		for (size_t at = 0; at < size; at++)
			source->memory[i][at] = random() >> 3;
		source->fb.planes[i].pixels = source->memory[i];
		source->fb.planes[i].pitch = pitch;
	}
}

static void source_finish(struct source *source)
{
	for (unsigned i = 0; i < 3; i++)
		free(source->memory[i]);
}

static uint32_t random_rotation(void)
{
	return DRM_MODE_ROTATE_0 << random_below(4) | random_below(4) * DRM_MODE_REFLECT_X;
}

/* All of fb at x, y, as it is. */
static struct kms_compose_plane whole(const struct source *source, int32_t x, int32_t y)
{
	const struct kms_framebuffer *fb = &source->fb;

	return (struct kms_compose_plane) {
		.fb = fb, .alpha = 0xffff, .rotation = DRM_MODE_ROTATE_0,
		.crtc_x = x, .crtc_y = y, .crtc_w = fb->width, .crtc_h = fb->height,
		.src_w = fb->width << 16, .src_h = fb->height << 16,
	};
}

enum { SCALE = 1, TURN = 2, BLEND = 4 };

/* Anywhere, also off the screen; the source rectangle inside the framebuffer. */
static struct kms_compose_plane random_plane(const struct source *source, uint32_t width,
	uint32_t height, unsigned what)
{
	const struct kms_framebuffer *fb = &source->fb;
	uint32_t w = 1 + random_below(fb->width), h = 1 + random_below(fb->height);
	struct kms_compose_plane plane = whole(source, 0, 0);

	plane.src_w = w << 16;
	plane.src_h = h << 16;
	plane.src_x = random_below(fb->width - w + 1) << 16;
	plane.src_y = random_below(fb->height - h + 1) << 16;
	/* A fraction that still fits: the kernel's clients send such offsets. */
	if (plane.src_x + plane.src_w < fb->width << 16)
		plane.src_x += random_below(65536);
	if (plane.src_y + plane.src_h < fb->height << 16)
		plane.src_y += random_below(65536);
	if (what & TURN)
		plane.rotation = random_rotation();
	bool turned = plane.rotation & (DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_270);
	plane.crtc_w = what & SCALE ? 1 + random_below(2 * w) : turned ? h : w;
	plane.crtc_h = what & SCALE ? 1 + random_below(2 * h) : turned ? w : h;
	plane.crtc_x = (int32_t)random_below(width + 2 * w) - (int32_t)w;
	plane.crtc_y = (int32_t)random_below(height + 2 * h) - (int32_t)h;
	if (what & BLEND) {
		plane.alpha = random_below(3) ? random_below(65536) : random_below(2) * 65535;
		plane.blend = random_below(3);
	}
	plane.encoding = random_below(3);
	plane.range = random_below(2);
	return plane;
}

static void compare(const char *name, const uint8_t *out, uint32_t pitch, uint32_t width,
	uint32_t height, const uint8_t *want, unsigned cpp)
{
	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width * cpp; x++) {
			if (out[y * pitch + x] != want[y * width * cpp + x])
				test_fail(__FILE__, __LINE__, "%s: byte %u of (%u,%u) of %ux%u: "
					"%02x, want %02x", name, x % cpp, x / cpp, y, width, height,
					out[y * pitch + x], want[y * width * cpp + x]);
		}
	}
}

/* Composes into memory with guards around it and between the rows. */
static void check_target(const char *name, uint32_t width, uint32_t height, bool deep,
	const struct kms_compose_plane *planes, unsigned count,
	const struct kms_compose_color *color, struct gem_pool *pool)
{
	unsigned cpp = deep ? 8 : 4;
	uint32_t pitch = (width + random_below(4)) * cpp, crc, want_crc = 0;
	size_t size = (size_t)pitch * height + 2 * GUARD;
	uint8_t *memory = malloc(size), *out = memory + GUARD;
	uint8_t *want = malloc((size_t)width * height * cpp);
	const struct kms_compose_target target = {out, width, height, pitch, deep, &crc};

	memset(memory, 0x5a, size);
	CHECK_INT(kms_compose_to(&target, pool, planes, count, color), 0);
	reference_compose(want, width, height, deep, planes, count, color);
	compare(name, out, pitch, width, height, want, cpp);
	for (int i = 0; i < GUARD; i++)
		CHECK(memory[i] == 0x5a && memory[size - 1 - i] == 0x5a);
	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t i = width * cpp; i < pitch; i++)
			CHECK_INT(out[y * pitch + i], 0x5a);
	}
	want_crc = libdeflate_crc32(0, want, (size_t)width * height * cpp);
	CHECK_INT(crc, want_crc);
	free(want);
	free(memory);
}

static void check_scene(const char *name, uint32_t width, uint32_t height,
	const struct kms_compose_plane *planes, unsigned count)
{
	check_target(name, width, height, false, planes, count, NULL, NULL);
}

TEST(nothing_is_black)
{
	check_scene("nothing", 33, 17, NULL, 0);
	check_target("nothing", 33, 17, true, NULL, 0, NULL, NULL);
}

/* All 65536 values, and products of the divisions. */
TEST(divisions_round_to_the_nearest)
{
	for (uint32_t value = 0; value < 65536; value++)
		CHECK_INT(kms_pixel_narrow(value), (value * 2 + 257) / 514);
	for (uint64_t a = 0; a < 65536; a += a < 300 || a > 65200 ? 1 : 97) {
		for (uint64_t b = 0; b < 65536; b += b < 300 || b > 65200 ? 1 : 89)
			CHECK_INT(kms_pixel_divide(a * b), (2 * a * b + 65535) / (2 * 65535));
	}
}

TEST(every_format_full_screen)
{
	for (unsigned i = 0; i < reference_format_count; i++) {
		struct source source;
		source_init(&source, &reference_formats[i], 61, 37, 4, false);
		struct kms_compose_plane plane = whole(&source, 0, 0);
		check_scene(reference_formats[i].name, 61, 37, &plane, 1);
		source_finish(&source);
	}
}

static void check_places(unsigned rounds, unsigned what, bool tiled)
{
	for (unsigned i = 0; i < reference_format_count; i++) {
		const struct reference_format *format = &reference_formats[i];
		srandom(format->fourcc + what);
		for (unsigned round = 0; round < rounds; round++) {
			struct source source;
			/* Several tiles across and down, also for the narrow formats. */
			if (tiled)
				source_init(&source, format, 1 + random_below(1200 / format->cpp[0]),
					1 + random_below(40), 0, true);
			else
				source_init(&source, format, 1 + random_below(70),
					1 + random_below(50), random_below(3) * 4, false);
			struct kms_compose_plane plane = random_plane(&source, tiled ? 300 : 64,
				tiled ? 30 : 48, round % 3 == 2 ? what : what & ~SCALE);
			check_scene(format->name, tiled ? 300 : 64, tiled ? 30 : 48, &plane, 1);
			source_finish(&source);
		}
	}
}

TEST(every_format_anywhere)
{
	check_places(30, SCALE, false);
}

TEST(every_format_turned)
{
	check_places(20, SCALE | TURN, false);
}

TEST(every_format_blended)
{
	check_places(20, SCALE | TURN | BLEND, false);
}

TEST(every_format_tiled)
{
	check_places(20, SCALE | TURN | BLEND, true);
}

/* Not by the reference: what the kernel's drawings of rotation and reflection say. */
TEST(rotations_as_drawn)
{
	static const struct {
		uint32_t rotation;
		const char *rows;
	} turns[] = {
		{0, "abc/def"},
		{DRM_MODE_ROTATE_0, "abc/def"},
		{DRM_MODE_ROTATE_90, "cf/be/ad"},
		{DRM_MODE_ROTATE_180, "fed/cba"},
		{DRM_MODE_ROTATE_270, "da/eb/fc"},
		{DRM_MODE_ROTATE_0 | DRM_MODE_REFLECT_X, "cba/fed"},
		{DRM_MODE_ROTATE_0 | DRM_MODE_REFLECT_Y, "def/abc"},
		{DRM_MODE_ROTATE_90 | DRM_MODE_REFLECT_X, "ad/be/cf"},
		{DRM_MODE_ROTATE_90 | DRM_MODE_REFLECT_Y, "fc/eb/da"},
		{DRM_MODE_ROTATE_270 | DRM_MODE_REFLECT_X, "fc/eb/da"},
		{DRM_MODE_ROTATE_180 | DRM_MODE_REFLECT_X | DRM_MODE_REFLECT_Y, "abc/def"},
	};
	struct source source;
	uint32_t out[3 * 3];

	source_init(&source, reference_format_find(DRM_FORMAT_XRGB8888), 3, 2, 0, false);
	for (unsigned i = 0; i < 6; i++)
		((uint32_t *)source.memory[0])[i] = "abcdef"[i];
	for (unsigned i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		const char *at = turns[i].rows;
		uint32_t width = strcspn(at, "/"), height = width == 3 ? 2 : 3;
		struct kms_compose_plane plane = whole(&source, 0, 0);
		plane.rotation = turns[i].rotation;
		plane.crtc_w = width;
		plane.crtc_h = height;
		kms_compose((uint8_t *)out, width, height, width * 4, &plane, 1, NULL);
		for (uint32_t n = 0; n < 6; n++) {
			if (*at == '/')
				at++;
			CHECK_INT(out[n], 0xff000000 | *at++);
		}
	}
	source_finish(&source);
}

/* The standards' own corner points, within a step of 8 bits. */
TEST(yuv_known_colors)
{
	static const struct {
		enum kms_color_encoding encoding;
		enum kms_color_range range;
		int y, u, v, r, g, b;
	} rows[] = {
		{KMS_BT601, KMS_RANGE_LIMITED, 16, 128, 128, 0, 0, 0},
		{KMS_BT601, KMS_RANGE_LIMITED, 235, 128, 128, 255, 255, 255},
		{KMS_BT601, KMS_RANGE_LIMITED, 81, 90, 240, 255, 0, 0},
		{KMS_BT601, KMS_RANGE_LIMITED, 145, 54, 34, 0, 255, 0},
		{KMS_BT601, KMS_RANGE_LIMITED, 41, 240, 110, 0, 0, 255},
		{KMS_BT601, KMS_RANGE_FULL, 255, 128, 128, 255, 255, 255},
		{KMS_BT601, KMS_RANGE_FULL, 76, 85, 255, 254, 0, 0},
		{KMS_BT709, KMS_RANGE_LIMITED, 63, 102, 240, 255, 0, 0},
		{KMS_BT709, KMS_RANGE_LIMITED, 173, 42, 26, 0, 255, 0},
		{KMS_BT709, KMS_RANGE_LIMITED, 32, 240, 118, 0, 0, 255},
		{KMS_BT2020, KMS_RANGE_LIMITED, 74, 97, 240, 255, 0, 0},
		{KMS_BT2020, KMS_RANGE_LIMITED, 29, 240, 119, 0, 0, 255},
	};
	struct kms_yuv yuv;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned bits = 8; bits <= 16; bits += 2) {
			unsigned more = bits - 8;
			/* Full range ends at all ones. */
			int y = rows[i].y == 255 ? (1 << bits) - 1 : rows[i].y << more;
			kms_yuv_init(&yuv, rows[i].encoding, rows[i].range, bits);
			struct kms_pixel got = kms_yuv_pixel(&yuv, y, rows[i].u << more,
				rows[i].v << more);
			CHECK(abs(got.r - rows[i].r * 257) <= 514);
			CHECK(abs(got.g - rows[i].g * 257) <= 514);
			CHECK(abs(got.b - rows[i].b * 257) <= 514);
		}
	}
}

/* The kernel's formulas for one pixel, by hand: half red over white. */
TEST(blend_modes_as_documented)
{
	static const struct {
		uint32_t pixel;
		uint16_t alpha;
		enum kms_blend blend;
		uint32_t want;
	} rows[] = {
		{0x80800000, 0xffff, KMS_BLEND_PREMULTI, 0xffff7f7f},
		{0x80ff0000, 0xffff, KMS_BLEND_COVERAGE, 0xffff7f7f},
		{0x80800000, 0xffff, KMS_BLEND_NONE, 0xff800000},
		{0x80800000, 0x8080, KMS_BLEND_PREMULTI, 0xffffbfbf},
		{0x80ff0000, 0x8080, KMS_BLEND_COVERAGE, 0xffffbfbf},
		{0x80800000, 0x8080, KMS_BLEND_NONE, 0xffbf7f7f},
		{0x00000000, 0xffff, KMS_BLEND_PREMULTI, 0xffffffff},
		{0xff0000ff, 0, KMS_BLEND_NONE, 0xffffffff},
		/* Not premultiplied at all: sums end at white. */
		{0x00ffffff, 0xffff, KMS_BLEND_PREMULTI, 0xffffffff},
	};
	struct source white, red;
	uint32_t out;

	source_init(&white, reference_format_find(DRM_FORMAT_XRGB8888), 1, 1, 0, false);
	source_init(&red, reference_format_find(DRM_FORMAT_ARGB8888), 1, 1, 0, false);
	memset(white.memory[0], 0xff, 4);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kms_compose_plane planes[2] = {whole(&white, 0, 0), whole(&red, 0, 0)};
		memcpy(red.memory[0], &rows[i].pixel, 4);
		planes[1].alpha = rows[i].alpha;
		planes[1].blend = rows[i].blend;
		kms_compose((uint8_t *)&out, 1, 1, 4, planes, 2, NULL);
		CHECK_INT(out, rows[i].want);
	}
	source_finish(&white);
	source_finish(&red);
}

/* ---- colour ---- */

struct color_memory {
	struct drm_color_lut degamma[4096], gamma[4096];
	struct drm_color_ctm ctm;
};

static unsigned random_lut(struct drm_color_lut *lut)
{
	static const unsigned sizes[] = {1, 2, 17, 256, 1024, 4096};
	unsigned size = sizes[random_below(6)];

	for (unsigned i = 0; i < size; i++)
		lut[i] = (struct drm_color_lut) {random_below(65536), random_below(65536),
			random_below(65536), random_below(65536)};
	return size;
}

static struct kms_compose_color random_color(struct color_memory *memory)
{
	struct kms_compose_color color = {0};

	if (random_below(2)) {
		color.degamma_size = random_lut(memory->degamma);
		color.degamma = memory->degamma;
	}
	if (random_below(2)) {
		for (int i = 0; i < 9; i++) {
			/* Mostly around 1, sometimes anything. */
			uint64_t value = (uint64_t)random() << 33 ^ (uint64_t)random() << 16 ^ random();
			memory->ctm.matrix[i] = random_below(8) ? value & 0x80000001ffffffffull :
				value;
		}
		color.ctm = &memory->ctm;
	}
	if (random_below(2)) {
		color.gamma_size = random_lut(memory->gamma);
		color.gamma = memory->gamma;
	}
	return color;
}

static struct drm_color_lut grey(uint16_t value)
{
	return (struct drm_color_lut) {value, value, value, 0};
}

/* A pipeline that changes nothing changes nothing. */
TEST(identity_pipeline)
{
	struct drm_color_lut lut[256];
	struct drm_color_ctm ctm = {{1ull << 32, 0, 0, 0, 1ull << 32, 0, 0, 0, 1ull << 32}};
	struct kms_compose_color color = {lut, lut, 256, 2, &ctm};
	struct source source;
	uint8_t plain[64 * 32 * 4], corrected[64 * 32 * 4];

	for (unsigned i = 0; i < 256; i++)
		lut[i] = grey(i * 257);
	source_init(&source, reference_format_find(DRM_FORMAT_XRGB8888), 64, 32, 0, false);
	struct kms_compose_plane plane = whole(&source, 0, 0);
	color.gamma_size = 256;
	kms_compose(plain, 64, 32, 64 * 4, &plane, 1, NULL);
	kms_compose(corrected, 64, 32, 64 * 4, &plane, 1, &color);
	CHECK(memcmp(plain, corrected, sizeof(plain)) == 0);
	source_finish(&source);
}

/* Swapped channels, negative and large coefficients, by hand. */
TEST(ctm_by_hand)
{
	const uint64_t one = 1ull << 32, minus = 1ull << 63;
	struct drm_color_ctm ctm = {{0, 0, one, one / 2, one / 2, 0, one, minus | one, 0}};
	struct kms_compose_color color = {.ctm = &ctm};
	struct source source;
	uint32_t out;

	source_init(&source, reference_format_find(DRM_FORMAT_XRGB8888), 1, 1, 0, false);
	struct kms_compose_plane plane = whole(&source, 0, 0);
	memcpy(source.memory[0], &(uint32_t){0x00406020}, 4);
	kms_compose((uint8_t *)&out, 1, 1, 4, &plane, 1, &color);
	CHECK_INT(out, 0xff205000); /* 0x40 - 0x60 < 0 */
	source_finish(&source);
}

/* C8: the gamma LUT is the palette. */
TEST(c8_palette)
{
	struct drm_color_lut palette[256];
	struct kms_compose_color color = {.gamma = palette, .gamma_size = 256};
	struct source source;
	uint32_t out[16 * 16];

	source_init(&source, reference_format_find(DRM_FORMAT_C8), 16, 16, 0, false);
	for (unsigned i = 0; i < 256; i++) {
		palette[i] = (struct drm_color_lut) {random_below(256) * 257,
			random_below(256) * 257, random_below(256) * 257, 0};
		source.memory[0][i] = 255 - i;
	}
	struct kms_compose_plane plane = whole(&source, 0, 0);
	kms_compose((uint8_t *)out, 16, 16, 16 * 4, &plane, 1, &color);
	for (unsigned i = 0; i < 256; i++) {
		const struct drm_color_lut *want = &palette[255 - i];
		CHECK_INT(out[i], 0xff000000u | (want->red & 0xff) << 16 |
			(want->green & 0xff) << 8 | (want->blue & 0xff));
	}
	source_finish(&source);
}

/* ---- scenes ---- */

struct scene {
	struct source sources[6];
	struct kms_compose_plane planes[6];
	unsigned count;
};

static void scene_init(struct scene *scene, uint32_t width, uint32_t height)
{
	scene->count = 1 + random_below(6);
	for (unsigned i = 0; i < scene->count; i++) {
		/* Deep formats make the whole scene deep: mostly without. */
		unsigned formats = random_below(4) ? 20 : reference_format_count;
		const struct reference_format *format = &reference_formats[random_below(formats)];
		source_init(&scene->sources[i], format, 8 + random_below(width),
			8 + random_below(height), 0, random_below(3) == 0);
		scene->planes[i] = random_plane(&scene->sources[i], width, height,
			random_below(8));
	}
}

static void scene_finish(struct scene *scene)
{
	for (unsigned i = 0; i < scene->count; i++)
		source_finish(&scene->sources[i]);
}

TEST(random_scenes)
{
	struct color_memory *memory = malloc(sizeof(*memory));
	struct scene scene;

	srandom(7);
	for (int i = 0; i < 300; i++) {
		scene_init(&scene, 60, 44);
		struct kms_compose_color color = random_color(memory);
		check_target("scene", 50, 40, i % 5 == 4, scene.planes, scene.count, &color, NULL);
		scene_finish(&scene);
	}
	free(memory);
}

/* Wide rows are worked on in pieces, tall pictures in bands: bigger scenes, with helpers. */
TEST(threads_give_the_same_bytes)
{
	static const unsigned threads[] = {0, 1, 3};
	struct color_memory *memory = malloc(sizeof(*memory));
	struct gem_pool *pools[3];
	struct scene scene;

	for (unsigned i = 0; i < 3; i++)
		CHECK_INT(gem_pool_create(threads[i], "compose-test", &pools[i]), 0);
	srandom(8);
	for (int i = 0; i < 12; i++) {
		scene_init(&scene, 700, 200);
		struct kms_compose_color color = random_color(memory);
		for (unsigned p = 0; p < 3; p++)
			check_target("threads", 600, 150, i % 4 == 3, scene.planes, scene.count,
				i % 2 ? &color : NULL, pools[p]);
		scene_finish(&scene);
	}
	for (unsigned i = 0; i < 3; i++)
		gem_pool_destroy(pools[i]);
	free(memory);
}

TEST(crc_tells_pictures_apart)
{
	struct source source;
	uint32_t out[64 * 48], first, second, third;
	struct kms_compose_target target = {(uint8_t *)out, 64, 48, 64 * 4, false, &first};

	source_init(&source, reference_format_find(DRM_FORMAT_XRGB8888), 64, 48, 0, false);
	struct kms_compose_plane plane = whole(&source, 0, 0);
	CHECK_INT(kms_compose_to(&target, NULL, &plane, 1, NULL), 0);
	source.memory[0][3] ^= 0x55; /* X: nobody sees it */
	target.crc = &second;
	CHECK_INT(kms_compose_to(&target, NULL, &plane, 1, NULL), 0);
	CHECK_INT(first, second);
	source.memory[0][64 * 48 * 4 - 2] ^= 1;
	target.crc = &third;
	CHECK_INT(kms_compose_to(&target, NULL, &plane, 1, NULL), 0);
	CHECK(third != first);
	source_finish(&source);
}

/* A hidden plane of more bits changes nothing at all. */
TEST(opaque_plane_hides_what_is_below)
{
	struct source below, cover, above;

	srandom(11);
	source_init(&below, reference_format_find(DRM_FORMAT_ARGB16161616), 40, 30, 0, false);
	source_init(&cover, reference_format_find(DRM_FORMAT_XRGB8888), 50, 40, 0, false);
	source_init(&above, reference_format_find(DRM_FORMAT_ARGB8888), 10, 10, 0, false);
	struct kms_compose_plane planes[3] = {
		random_plane(&below, 40, 30, 0), whole(&cover, -5, -5), whole(&above, 35, 25),
	};
	check_scene("hidden", 40, 30, planes, 3);
	source_finish(&below);
	source_finish(&cover);
	source_finish(&above);
}

TEST(far_off_the_screen)
{
	static const int32_t far[] = {INT32_MIN, -1000000, -10, 64, 1000000, INT32_MAX};
	struct source source;

	source_init(&source, reference_format_find(DRM_FORMAT_ARGB8888), 10, 10, 0, false);
	for (unsigned i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		struct kms_compose_plane plane = whole(&source, far[i], 0);
		check_scene("far", 64, 48, &plane, 1);
		plane.crtc_y = far[i];
		plane.crtc_x = 5;
		check_scene("far", 64, 48, &plane, 1);
		plane.crtc_x = INT32_MIN;
		plane.crtc_y = 0;
		plane.crtc_w = UINT32_MAX;
		check_scene("far", 64, 48, &plane, 1);
	}
	source_finish(&source);
}

/* Check refuses such states; should one come through, nothing is read outside. */
TEST(source_outside_the_framebuffer_is_harmless)
{
	uint8_t out[64 * 48 * 4];

	for (unsigned i = 0; i < 2 * reference_format_count; i++) {
		struct source source;
		source_init(&source, &reference_formats[i / 2], 9, 9, 0, i % 2);
		struct kms_compose_plane plane = whole(&source, 0, 0);
		plane.crtc_w = 64;
		plane.crtc_h = 48;
		plane.src_w = 64 << 16;
		plane.src_h = 48 << 16;
		kms_compose(out, 64, 48, 64 * 4, &plane, 1, NULL);
		plane.rotation = DRM_MODE_ROTATE_270 | DRM_MODE_REFLECT_Y;
		plane.src_x = plane.src_y = UINT32_MAX;
		plane.src_w = plane.src_h = UINT32_MAX;
		kms_compose(out, 64, 48, 64 * 4, &plane, 1, NULL);
		source_finish(&source);
	}
}
