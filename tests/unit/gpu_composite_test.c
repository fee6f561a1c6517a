/*
 * COMPOSITE against pixman itself, tolerance 0: the same draw as one call of
 * pixman on copies of the surfaces, with the mask and the alpha multiplied
 * beforehand for the whole picture.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu_fixture.h"
#include "test.h"

enum { TARGET_AT = 0x1000000, SOURCE_AT = 0x1400000, MASK_AT = 0x1800000 };

static const pixman_format_code_t formats[] = {PIXMAN_x8r8g8b8, PIXMAN_a8r8g8b8, PIXMAN_x8b8g8r8,
	PIXMAN_a8b8g8r8, PIXMAN_r5g6b5, PIXMAN_a8};

struct surface {
	uint32_t address, pitch, format, width, height;
	uint8_t *host;
};

struct scene {
	struct surface target, source, mask;
	bool solid, masked, bilinear;
	uint32_t color, op, alpha;
	int32_t transform[6];
	unsigned scissors;
	pixman_box32_t scissor[6];
	int32_t x1, y1, x2, y2, source_x, source_y, mask_x, mask_y;
};

static struct surface random_surface(struct gpu_card *card, uint32_t address, uint32_t format)
{
	struct surface surface = {.address = address + gpu_random(0, 3) * 4, .format = format,
		.width = gpu_random(1, 130), .height = gpu_random(1, 150)};

	surface.pitch = (surface.width * PIXMAN_FORMAT_BPP(formats[format]) / 8 + 3) / 4 * 4 +
		gpu_random(0, 5) * 4;
	surface.host = gpu_card_add(card, address,
		surface.address - address + surface.pitch * surface.height) +
		(surface.address - address);
	return surface;
}

static void random_transform(struct scene *scene)
{
	static const int32_t one = 65536;
	int32_t *t = scene->transform;

	t[0] = t[4] = one;
	switch (gpu_random(0, 4)) {
	case 0:
		break;
	case 1: /* whole pixels */
		t[2] = gpu_random(-20, 20) * one;
		t[5] = gpu_random(-20, 20) * one;
		break;
	case 2: /* scaled */
		t[0] = gpu_random(one / 4, one * 3);
		t[4] = gpu_random(one / 4, one * 3);
		t[2] = gpu_random(-one * 9, one * 9);
		break;
	case 3: /* turned by 90 degrees */
		t[0] = t[4] = 0;
		t[1] = gpu_random(0, 1) ? one : -one;
		t[3] = -t[1];
		t[2] = gpu_random(-5, 60) * one;
		t[5] = gpu_random(-5, 60) * one;
		break;
	default:
		for (unsigned i = 0; i < 6; i++)
			t[i] = i % 3 == 2 ? gpu_random(-one * 60, one * 60) :
				gpu_random(-one * 2, one * 2);
	}
}

static struct scene random_scene(struct gpu_card *card)
{
	struct scene scene = {
		.target = random_surface(card, TARGET_AT, gpu_random(0, 5)),
		.source = random_surface(card, SOURCE_AT, gpu_random(0, 5)),
		.mask = random_surface(card, MASK_AT, GPU_FORMAT_A8),
		.solid = gpu_random(0, 3) == 0, .masked = gpu_random(0, 1),
		.bilinear = gpu_random(0, 1), .color = (uint32_t)random() * 2,
		.op = gpu_random(0, 1) << 8, .alpha = gpu_random(0, 1) ? 255 : gpu_random(0, 255),
		.scissors = gpu_random(0, 1) ? 0 : gpu_random(1, 6),
		.x1 = gpu_random(-40, 60), .y1 = gpu_random(-40, 60),
		.source_x = gpu_random(-20, 20), .source_y = gpu_random(-20, 20),
		.mask_x = gpu_random(-9, 20), .mask_y = gpu_random(-9, 20),
	};

	scene.x2 = scene.x1 + gpu_random(-1, 150);
	scene.y2 = scene.y1 + gpu_random(-1, 200);
	random_transform(&scene);
	for (unsigned i = 0; i < scene.scissors; i++) {
		pixman_box32_t *box = &scene.scissor[i];

		box->x1 = gpu_random(-10, 90);
		box->y1 = gpu_random(-10, 90);
		box->x2 = box->x1 + gpu_random(0, 60);
		box->y2 = box->y1 + gpu_random(0, 90);
	}
	return scene;
}

static void emit_scene(struct gpu_card *card, const struct scene *scene)
{
	const struct surface *s = &scene->source, *t = &scene->target, *m = &scene->mask;
	const int32_t *f = scene->transform;

	GPU_EMIT(card, GPU_COMPOSITE_TARGET, t->address, GPU_COMPOSITE_LAYOUT(t->format, t->pitch),
		GPU_XY(t->width, t->height));
	GPU_EMIT(card, GPU_COMPOSITE_SCISSOR(scene->scissors), 0);
	for (unsigned i = 0; i < scene->scissors; i++)
		GPU_EMIT(card, GPU_XY(scene->scissor[i].x1, scene->scissor[i].y1),
			GPU_XY(scene->scissor[i].x2, scene->scissor[i].y2));
	GPU_EMIT(card, GPU_COMPOSITE_SURFACE, s->address,
		GPU_COMPOSITE_LAYOUT(s->format, s->pitch) |
		(scene->bilinear ? GPU_COMPOSITE_BILINEAR : 0), GPU_XY(s->width, s->height),
		f[0], f[1], f[2], f[3], f[4], f[5]);
	if (scene->solid)
		GPU_EMIT(card, GPU_COMPOSITE_SOLID, scene->color);
	GPU_EMIT(card, GPU_COMPOSITE_MASK, m->address, GPU_COMPOSITE_LAYOUT(m->format, m->pitch),
		GPU_XY(m->width, m->height));
	if (!scene->masked)
		GPU_EMIT(card, GPU_COMPOSITE_NO_MASK, 0);
	GPU_EMIT(card, GPU_COMPOSITE_DRAW, scene->op | scene->alpha, GPU_XY(scene->x1, scene->y1),
		GPU_XY(scene->x2, scene->y2), GPU_XY(scene->source_x, scene->source_y),
		GPU_XY(scene->mask_x, scene->mask_y));
}

static pixman_image_t *image(const struct surface *surface, uint8_t *bytes)
{
	return pixman_image_create_bits(formats[surface->format], surface->width, surface->height,
		(uint32_t *)bytes, surface->pitch);
}

static pixman_image_t *solid(uint32_t color)
{
	pixman_color_t wide = {.alpha = (color >> 24) * 257, .red = (color >> 16 & 255) * 257,
		.green = (color >> 8 & 255) * 257, .blue = (color & 255) * 257};

	return pixman_image_create_solid_fill(&wide);
}

static pixman_image_t *source_image(const struct scene *scene)
{
	const int32_t *f = scene->transform;
	pixman_transform_t transform = {{{f[0], f[1], f[2]}, {f[3], f[4], f[5]}, {0, 0, 65536}}};
	pixman_image_t *made;

	if (scene->solid)
		return solid(scene->color);
	made = image(&scene->source, scene->source.host);
	pixman_image_set_transform(made, &transform);
	pixman_image_set_filter(made, scene->bilinear ? PIXMAN_FILTER_BILINEAR :
		PIXMAN_FILTER_NEAREST, NULL, 0);
	return made;
}

/* The mask's bytes times alpha, rounded; or the alpha alone. */
static pixman_image_t *mask_image(const struct scene *scene, uint8_t *product)
{
	if (!scene->masked)
		return scene->alpha == 255 ? NULL : solid(scene->alpha << 24);
	for (uint32_t i = 0; i < scene->mask.pitch * scene->mask.height; i++)
		product[i] = (scene->mask.host[i] * scene->alpha + 127) / 255;
	return image(&scene->mask, product);
}

static void reference(const struct scene *scene, uint8_t *bytes)
{
	uint8_t *product = malloc(scene->mask.pitch * scene->mask.height);
	pixman_image_t *target = image(&scene->target, bytes), *source = source_image(scene);
	pixman_image_t *mask = mask_image(scene, product);

	if (scene->scissors) {
		pixman_region32_t clip;

		pixman_region32_init(&clip);
		for (unsigned i = 0; i < scene->scissors; i++)
			pixman_region32_union_rect(&clip, &clip, scene->scissor[i].x1,
				scene->scissor[i].y1, scene->scissor[i].x2 - scene->scissor[i].x1,
				scene->scissor[i].y2 - scene->scissor[i].y1);
		pixman_image_set_clip_region32(target, &clip);
		pixman_region32_fini(&clip);
	}
	if (scene->x2 > scene->x1 && scene->y2 > scene->y1)
		pixman_image_composite32(scene->op ? PIXMAN_OP_OVER : PIXMAN_OP_SRC, source, mask,
			target, scene->source_x, scene->source_y, scene->mask_x, scene->mask_y,
			scene->x1, scene->y1, scene->x2 - scene->x1, scene->y2 - scene->y1);
	pixman_image_unref(target);
	pixman_image_unref(source);
	if (mask)
		pixman_image_unref(mask);
	free(product);
}

/* The unused byte of these is whatever pixman's choice of a path makes it. */
static bool has_no_alpha(const struct surface *surface)
{
	return surface->format == GPU_FORMAT_X8R8G8B8 || surface->format == GPU_FORMAT_X8B8G8R8;
}

static void compare(const struct scene *scene, const uint8_t *want, const uint8_t *before,
	unsigned *changed)
{
	const struct surface *t = &scene->target;

	*changed += memcmp(want, before, t->pitch * t->height) != 0;
	for (uint32_t i = 0; i < t->pitch * t->height; i++)
		if (t->host[i] != want[i] && !(has_no_alpha(t) && i % 4 == 3))
			test_fail(__FILE__, __LINE__, "byte %u (row %u) is %#x, want %#x: formats %u"
				" to %u, op %x alpha %u solid %d mask %d bilinear %d scissors %u "
				"transform %x %x %x %x %x %x", i, i / t->pitch, t->host[i], want[i],
				scene->source.format, t->format, scene->op, scene->alpha,
				scene->solid, scene->masked, scene->bilinear, scene->scissors,
				scene->transform[0], scene->transform[1], scene->transform[2],
				scene->transform[3], scene->transform[4], scene->transform[5]);
}

TEST(against_pixman)
{
	unsigned changed = 0;

	srandom(42);
	for (unsigned run = 0; run < 3000; run++) {
		struct gpu_card card;
		struct scene scene;
		uint8_t *want, *before;
		size_t size;

		gpu_card_init(&card, GPU_ENGINE_RENDER);
		scene = random_scene(&card);
		size = scene.target.pitch * scene.target.height;
		want = malloc(size);
		before = malloc(size);
		memcpy(want, scene.target.host, size);
		memcpy(before, scene.target.host, size);
		reference(&scene, want);
		emit_scene(&card, &scene);
		CHECK_INT(gpu_card_run(&card), GPU_RUN_IDLE);
		compare(&scene, want, before, &changed);
		free(want);
		free(before);
		gpu_card_finish(&card);
	}
	printf("# %u pictures changed\n", changed);
	CHECK(changed > 1000);
}

/* Known pixels, not pixman's word: half red over blue; and the state is each batch's own. */
TEST(known_pixels)
{
	struct gpu_card card;
	uint32_t *pixels;

	gpu_card_init(&card, GPU_ENGINE_RENDER);
	pixels = (uint32_t *)gpu_card_add(&card, TARGET_AT, 4096);
	for (unsigned i = 0; i < 1024; i++)
		pixels[i] = 0xff0000ff;
	GPU_EMIT(&card, GPU_COMPOSITE_TARGET, TARGET_AT,
		GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8R8G8B8, 128), GPU_XY(32, 32));
	GPU_EMIT(&card, GPU_COMPOSITE_SCISSOR(1), 0, GPU_XY(2, 3), GPU_XY(4, 5));
	GPU_EMIT(&card, GPU_COMPOSITE_SOLID, 0x80800000);
	GPU_EMIT(&card, GPU_COMPOSITE_DRAW, GPU_COMPOSITE_OVER | 255, GPU_XY(-100, -100),
		GPU_XY(3000, 3000), 0, 0);
	CHECK_INT(gpu_card_run(&card), GPU_RUN_IDLE);
	for (unsigned i = 0; i < 1024; i++) {
		unsigned x = i % 32, y = i / 32;

		CHECK_INT(pixels[i], x >= 2 && x < 4 && y >= 3 && y < 5 ? 0xff80007f : 0xff0000ff);
	}
	GPU_EMIT(&card, GPU_COMPOSITE_DRAW, GPU_COMPOSITE_OVER | 255, 0, GPU_XY(1, 1), 0, 0);
	CHECK_INT(gpu_card_run(&card), GPU_RUN_FAULT);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_IPEIR), GPU_FAULT_FIELD);
	gpu_card_finish(&card);
}

/* Surfaces that are not all there, or behind a fence register. */
TEST(surfaces_that_fault)
{
	static const uint32_t missing[] = {TARGET_AT + 4, SOURCE_AT + 4, MASK_AT + 4};
	static const uint32_t sizes[] = {4096, 8192, 2048};
	uint32_t at[3];

	for (unsigned bad = 0; bad < 4; bad++) {
		struct gpu_card card;

		gpu_card_init(&card, GPU_ENGINE_RENDER);
		for (unsigned i = 0; i < 3; i++) {
			at[i] = missing[i] - (bad == i ? 0 : 4);
			gpu_card_add(&card, missing[i] - 4, sizes[i]);
		}
		if (bad == 3)
			gpu_card_window(&card, SOURCE_AT, 1 << 20, GEM_TILING_X, 512);
		GPU_EMIT(&card, GPU_COMPOSITE_TARGET, at[0],
			GPU_COMPOSITE_LAYOUT(GPU_FORMAT_R5G6B5, 64), GPU_XY(32, 64));
		GPU_EMIT(&card, GPU_COMPOSITE_SURFACE, at[1],
			GPU_COMPOSITE_LAYOUT(GPU_FORMAT_X8R8G8B8, 128), GPU_XY(32, 64),
			65536, 0, 0, 0, 65536, 0);
		GPU_EMIT(&card, GPU_COMPOSITE_MASK, at[2],
			GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8, 32), GPU_XY(32, 64));
		GPU_EMIT(&card, GPU_COMPOSITE_DRAW, 255, 0, GPU_XY(32, 64), 0, 0);
		CHECK_INT(gpu_card_run(&card), GPU_RUN_FAULT);
		CHECK_INT(gpu_card_reg(&card, GPU_REG_IPEIR),
			bad == 3 ? GPU_FAULT_FIELD : GPU_FAULT_UNMAPPED);
		CHECK_INT(gpu_card_reg(&card, GPU_REG_PGTBL_ER), bad == 3 ? 0 : at[bad]);
		gpu_card_finish(&card);
	}
}

/* Behind a fence register, a surface that says how it is tiled is what it says. */
TEST(tiled_behind_a_window)
{
	struct gpu_card card;
	uint8_t *target, *source;

	gpu_card_init(&card, GPU_ENGINE_RENDER);
	target = gpu_card_add(&card, TARGET_AT, 4096);
	source = gpu_card_add(&card, SOURCE_AT, 4096);
	gpu_card_window(&card, TARGET_AT, 1 << 20, GEM_TILING_X, 512);
	gpu_card_window(&card, SOURCE_AT, 1 << 20, GEM_TILING_Y, 512);
	GPU_EMIT(&card, GPU_COMPOSITE_TARGET, TARGET_AT, GPU_COMPOSITE_TILED_X |
		GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8, 512), GPU_XY(512, 8), GPU_COMPOSITE_SURFACE,
		SOURCE_AT, GPU_COMPOSITE_TILED_Y | GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8, 128),
		GPU_XY(128, 32), 65536, 0, 0, 0, 65536, 0, GPU_COMPOSITE_DRAW, 255, 0,
		GPU_XY(100, 7), GPU_XY(20, 3), 0);
	CHECK_INT(gpu_card_run(&card), GPU_RUN_IDLE);
	for (uint32_t y = 0; y < 7; y++)
		for (uint32_t x = 0; x < 100; x++)
			CHECK_INT(target[gem_tile_offset(GEM_TILING_X, 512, x, y)],
				source[gem_tile_offset(GEM_TILING_Y, 128, x + 20, y + 3)]);
	gpu_card_finish(&card);
}
