/*
 * Batches of many draws against pixman drawing them one after the other on linear
 * copies, tolerance 0: what is hidden, borders of tiles, helpers, tiled surfaces.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu_fixture.h"
#include "test.h"

enum { TARGET_AT = 0x1000000, SOURCES_AT = 0x2000000, SOURCE_SPACE = 0x400000, MASK_AT = 0x8000000,
	LARGE_AT = 0x10000000, LARGE_SIDE = 2100,
	SOURCES = 5, DRAWS = 14, SCISSORS = 4 };

static const pixman_format_code_t formats[] = {PIXMAN_x8r8g8b8, PIXMAN_a8r8g8b8, PIXMAN_x8b8g8r8,
	PIXMAN_a8b8g8r8, PIXMAN_r5g6b5, PIXMAN_a8, PIXMAN_x2r10g10b10, PIXMAN_a2r10g10b10};

struct surface {
	uint32_t address, pitch, format, width, height, size;
	enum gem_tiling tiling;
	uint8_t *host;   /* the engine's */
	uint8_t *linear; /* pixman's, of the same pitch */
};

struct draw {
	struct surface *source, *mask; /* NULL = solid; no mask */
	uint32_t color, op, alpha;
	bool bilinear;
	int32_t transform[6];
	unsigned scissors;
	pixman_box32_t scissor[SCISSORS];
	pixman_box32_t box;
	int32_t source_x, source_y, mask_x, mask_y;
};

struct scene {
	struct surface target, sources[SOURCES], mask;
	struct draw draws[DRAWS];
	unsigned count;
};

static uint32_t bytes_per_pixel(uint32_t format)
{
	return PIXMAN_FORMAT_BPP(formats[format]) / 8;
}

/* Between the surface's memory and its linear copy, byte by byte. */
static void copy(struct surface *surface, bool to_memory)
{
	uint32_t rows = surface->size / surface->pitch;

	for (uint32_t y = 0; y < rows; y++)
		for (uint32_t x = 0; x < surface->pitch; x++) {
			uint8_t *linear = surface->linear + y * surface->pitch + x;
			uint8_t *memory = surface->host + (surface->tiling ?
				gem_tile_offset(surface->tiling, surface->pitch, x, y) :
				y * surface->pitch + x);

			*(to_memory ? memory : linear) = *(to_memory ? linear : memory);
		}
}

static uint32_t random_format(void)
{
	/* Mostly what compositors have; pixman needs long for the wide ones. */
	return gpu_random(0, 3) ? gpu_random(0, 3) : gpu_random(0, 9) ? gpu_random(4, 5) :
		gpu_random(6, 7);
}

static struct surface random_surface(struct gpu_card *card, uint32_t address, uint32_t format,
	uint32_t most)
{
	struct surface surface = {.address = address, .format = format,
		.tiling = gpu_random(0, 2) ? GEM_TILING_NONE : gpu_random(1, 2),
		.width = gpu_random(1, most), .height = gpu_random(1, most)};
	uint32_t row = surface.width * bytes_per_pixel(format), rows = surface.height;

	if (surface.tiling) {
		surface.pitch = GEM_ALIGN(row, gem_tile_width(surface.tiling)) +
			gpu_random(0, 1) * gem_tile_width(surface.tiling);
		rows = GEM_ALIGN(rows, gem_tile_height(surface.tiling));
	} else {
		surface.pitch = GEM_ALIGN(row, 4u) + gpu_random(0, 5) * 4;
	}
	surface.size = surface.pitch * rows;
	surface.host = gpu_card_add(card, address, surface.size);
	surface.linear = malloc(surface.size);
	copy(&surface, false);
	return surface;
}

static void random_transform(int32_t *t)
{
	static const int32_t one = 65536;

	memset(t, 0, 6 * sizeof(*t));
	t[0] = t[4] = one;
	switch (gpu_random(0, 9)) {
	case 0: /* whole pixels */
		t[2] = gpu_random(-20, 20) * one;
		t[5] = gpu_random(-20, 20) * one;
		break;
	case 1: /* by two, as for screens of few dots */
		t[0] = t[4] = gpu_random(0, 1) ? one / 2 : one * 2;
		break;
	case 2:
		t[0] = gpu_random(-one * 3, one * 3);
		t[4] = gpu_random(-one * 3, one * 3);
		t[2] = gpu_random(-one * 200, one * 200);
		t[5] = gpu_random(-one * 200, one * 200);
		break;
	case 3:
		t[0] = t[4] = 0;
		t[1] = gpu_random(0, 1) ? one : -one;
		t[3] = gpu_random(0, 1) ? one : -one;
		t[2] = gpu_random(-5, 300) * one;
		t[5] = gpu_random(-5, 300) * one;
		break;
	case 4:
		for (unsigned i = 0; i < 6; i++)
			t[i] = i % 3 == 2 ? gpu_random(-one * 300, one * 300) :
				gpu_random(-one * 2, one * 2);
	}
}

static struct draw random_draw(struct scene *scene)
{
	const struct surface *target = &scene->target;
	struct draw draw = {.color = (uint32_t)random() * 2,
		.source = gpu_random(0, 4) ? &scene->sources[gpu_random(0, SOURCES - 1)] : NULL,
		.mask = gpu_random(0, 3) ? NULL : &scene->mask, .op = gpu_random(0, 2) ? 256 : 0,
		.alpha = gpu_random(0, 3) ? 255 : gpu_random(0, 255), .bilinear = gpu_random(0, 1),
		.scissors = gpu_random(0, 1) ? 0 : gpu_random(1, SCISSORS),
		.source_x = gpu_random(-5, 15), .source_y = gpu_random(-5, 15),
		.mask_x = gpu_random(-9, 20), .mask_y = gpu_random(-9, 20)};

	if (gpu_random(0, 2) == 0)
		draw.color |= 0xff000000;
	if (gpu_random(0, 1))
		draw.source_x = draw.source_y = 0;
	draw.box.x1 = gpu_random(-40, target->width);
	draw.box.y1 = gpu_random(-40, target->height);
	draw.box.x2 = draw.box.x1 + gpu_random(-1, target->width * 3 / 2);
	draw.box.y2 = draw.box.y1 + gpu_random(-1, target->height * 3 / 2);
	random_transform(draw.transform);
	for (unsigned i = 0; i < draw.scissors; i++) {
		pixman_box32_t *box = &draw.scissor[i];

		box->x1 = gpu_random(-10, target->width);
		box->y1 = gpu_random(-10, target->height);
		box->x2 = box->x1 + gpu_random(0, target->width);
		box->y2 = box->y1 + gpu_random(0, target->height);
	}
	return draw;
}

static void init_scene(struct scene *scene, struct gpu_card *card)
{
	uint32_t most = gpu_random(0, 3) ? 150 : 700;

	scene->target = random_surface(card, TARGET_AT, random_format(), most);
	for (unsigned i = 0; i < SOURCES; i++)
		scene->sources[i] = random_surface(card, SOURCES_AT + i * SOURCE_SPACE,
			random_format(), most);
	scene->mask = random_surface(card, MASK_AT, GPU_FORMAT_A8, most);
	scene->count = gpu_random(1, DRAWS);
	for (unsigned i = 0; i < scene->count; i++)
		scene->draws[i] = random_draw(scene);
}

static void finish_scene(struct scene *scene)
{
	free(scene->target.linear);
	for (unsigned i = 0; i < SOURCES; i++)
		free(scene->sources[i].linear);
	free(scene->mask.linear);
}

static void emit_surface(struct gpu_card *card, const struct surface *s, uint32_t bits)
{
	GPU_EMIT(card, s->address, GPU_COMPOSITE_LAYOUT(s->format, s->pitch) |
		(uint32_t)s->tiling << 18 | bits, GPU_XY(s->width, s->height));
}

static void emit_draw(struct gpu_card *card, const struct draw *draw)
{
	GPU_EMIT(card, GPU_COMPOSITE_SCISSOR(draw->scissors), 0);
	for (unsigned i = 0; i < draw->scissors; i++)
		GPU_EMIT(card, GPU_XY(draw->scissor[i].x1, draw->scissor[i].y1),
			GPU_XY(draw->scissor[i].x2, draw->scissor[i].y2));
	if (draw->source) {
		GPU_EMIT(card, GPU_COMPOSITE_SURFACE);
		emit_surface(card, draw->source, draw->bilinear ? GPU_COMPOSITE_BILINEAR : 0);
		gpu_emit(card, (const uint32_t *)draw->transform, 6);
	} else {
		GPU_EMIT(card, GPU_COMPOSITE_SOLID, draw->color);
	}
	if (draw->mask) {
		GPU_EMIT(card, GPU_COMPOSITE_MASK);
		emit_surface(card, draw->mask, 0);
	} else {
		GPU_EMIT(card, GPU_COMPOSITE_NO_MASK, 0);
	}
	GPU_EMIT(card, GPU_COMPOSITE_DRAW, draw->op | draw->alpha,
		GPU_XY(draw->box.x1, draw->box.y1), GPU_XY(draw->box.x2, draw->box.y2),
		GPU_XY(draw->source_x, draw->source_y), GPU_XY(draw->mask_x, draw->mask_y));
}

static void emit_target(struct gpu_card *card, const struct surface *target)
{
	GPU_EMIT(card, GPU_COMPOSITE_TARGET);
	emit_surface(card, target, 0);
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

static pixman_image_t *source_image(const struct draw *draw)
{
	const int32_t *f = draw->transform;
	pixman_transform_t transform = {{{f[0], f[1], f[2]}, {f[3], f[4], f[5]}, {0, 0, 65536}}};
	pixman_image_t *made;

	if (!draw->source)
		return solid(draw->color);
	made = image(draw->source, draw->source->linear);
	pixman_image_set_transform(made, &transform);
	pixman_image_set_filter(made, draw->bilinear ? PIXMAN_FILTER_BILINEAR :
		PIXMAN_FILTER_NEAREST, NULL, 0);
	return made;
}

/* The mask's bytes times alpha, rounded; or the alpha alone. */
static pixman_image_t *mask_image(const struct draw *draw, uint8_t **product)
{
	*product = NULL;
	if (!draw->mask)
		return draw->alpha == 255 ? NULL : solid(draw->alpha << 24);
	*product = malloc(draw->mask->size);
	for (uint32_t i = 0; i < draw->mask->size; i++)
		(*product)[i] = (draw->mask->linear[i] * draw->alpha + 127) / 255;
	return image(draw->mask, *product);
}

static void reference(const struct surface *surface, const struct draw *draw)
{
	pixman_image_t *target = image(surface, surface->linear), *source = source_image(draw);
	const pixman_box32_t *box = &draw->box;
	uint8_t *product;
	pixman_image_t *mask = mask_image(draw, &product);
	pixman_region32_t clip;

	pixman_region32_init(&clip);
	for (unsigned i = 0; i < draw->scissors; i++)
		pixman_region32_union_rect(&clip, &clip, draw->scissor[i].x1, draw->scissor[i].y1,
			draw->scissor[i].x2 - draw->scissor[i].x1,
			draw->scissor[i].y2 - draw->scissor[i].y1);
	if (draw->scissors)
		pixman_image_set_clip_region32(target, &clip);
	pixman_region32_fini(&clip);
	if (box->x2 > box->x1 && box->y2 > box->y1)
		pixman_image_composite32(draw->op ? PIXMAN_OP_OVER : PIXMAN_OP_SRC, source, mask,
			target, draw->source_x, draw->source_y, draw->mask_x, draw->mask_y,
			box->x1, box->y1, box->x2 - box->x1, box->y2 - box->y1);
	pixman_image_unref(target);
	pixman_image_unref(source);
	if (mask)
		pixman_image_unref(mask);
	free(product);
}

/* Bits of a format that nobody uses are whatever the path through the code makes them. */
static uint8_t used_bits(const struct surface *surface, uint32_t byte)
{
	if (surface->format == GPU_FORMAT_X8R8G8B8 || surface->format == GPU_FORMAT_X8B8G8R8)
		return byte % 4 == 3 ? 0 : 255;
	return surface->format == GPU_FORMAT_X2R10G10B10 && byte % 4 == 3 ? 63 : 255;
}

static void compare(const struct scene *scene, unsigned run)
{
	const struct surface *t = &scene->target;
	uint8_t *want = t->linear;
	struct surface got = *t;

	got.linear = malloc(t->size);
	copy(&got, false);
	for (uint32_t i = 0; i < t->size; i++)
		if ((got.linear[i] ^ want[i]) & used_bits(t, i)) {
			uint32_t x = i % t->pitch / bytes_per_pixel(t->format), y = i / t->pitch;

			printf("# target %ux%u format %u tiling %d\n", t->width, t->height,
				t->format, t->tiling);
			for (unsigned k = 0; k < scene->count; k++) {
				const struct draw *d = &scene->draws[k];

				printf("# %u: source %d tiling %d color %x op %x alpha %u "
					"bilinear %d mask %d scissors %u box %d,%d-%d,%d at %d,%d "
					"transform %x %x %x %x %x %x\n", k,
					d->source ? (int)d->source->format : -1,
					d->source ? (int)d->source->tiling : 0, d->color, d->op,
					d->alpha, d->bilinear, d->mask != NULL, d->scissors,
					d->box.x1, d->box.y1, d->box.x2, d->box.y2, d->source_x,
					d->source_y, d->transform[0], d->transform[1],
					d->transform[2], d->transform[3], d->transform[4],
					d->transform[5]);
			}
			test_fail(__FILE__, __LINE__, "run %u: byte %u of pixel %u,%u is %#x, "
				"want %#x", run, i % 4, x, y, got.linear[i], want[i]);
		}
	free(got.linear);
}

static void scenes(unsigned threads, unsigned runs)
{
	struct gem_pool *pool;

	CHECK_INT(gem_pool_create(threads, "gpu-tiles", &pool), 0);
	srandom(1000 + threads);
	for (unsigned run = 0; run < runs; run++) {
		struct gpu_card card;
		struct scene scene;

		gpu_card_init(&card, GPU_ENGINE_RENDER);
		card.engine->pool = pool;
		init_scene(&scene, &card);
		emit_target(&card, &scene.target);
		for (unsigned i = 0; i < scene.count; i++) {
			emit_draw(&card, &scene.draws[i]);
			reference(&scene.target, &scene.draws[i]);
		}
		CHECK_INT(gpu_card_run(&card), GPU_RUN_IDLE);
		compare(&scene, run);
		finish_scene(&scene);
		gpu_card_finish(&card);
	}
	gem_pool_destroy(pool);
}

/* So large that what is copied goes past the caches. */
TEST(large_target)
{
	struct gem_pool *pool;

	CHECK_INT(gem_pool_create(1, "gpu-tiles", &pool), 0);
	srandom(9);
	for (unsigned run = 0; run < 2; run++) {
		struct gpu_card card;
		struct scene scene;
		struct surface *t = &scene.target;

		gpu_card_init(&card, GPU_ENGINE_RENDER);
		card.engine->pool = pool;
		init_scene(&scene, &card);
		free(t->linear);
		*t = (struct surface){.address = LARGE_AT, .pitch = LARGE_SIDE * 4 + 4,
			.width = LARGE_SIDE, .height = LARGE_SIDE, .format = run % 4};
		t->size = t->pitch * t->height;
		t->host = gpu_card_add(&card, t->address, t->size);
		t->linear = malloc(t->size);
		copy(t, false);
		emit_target(&card, t);
		for (unsigned i = 0; i < scene.count; i++) {
			struct draw *draw = &scene.draws[i];

			if (i % 3 == 0) {
				draw->source = NULL;
				draw->box = (pixman_box32_t){i, i, LARGE_SIDE - i, LARGE_SIDE};
			}
			draw->scissors = 0;
			emit_draw(&card, draw);
			reference(t, draw);
		}
		CHECK_INT(gpu_card_run(&card), GPU_RUN_IDLE);
		compare(&scene, run);
		finish_scene(&scene);
		gpu_card_finish(&card);
	}
	gem_pool_destroy(pool);
}

TEST(alone)
{
	scenes(0, 60);
}

TEST(one_helper)
{
	scenes(1, 60);
}

TEST(three_helpers)
{
	scenes(3, 60);
}
