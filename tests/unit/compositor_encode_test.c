/*
 * Batches of the compositor, executed by an engine on memory of the test's: what
 * the draws say, with every object somewhere else than its address was presumed.
 */
#include <stdlib.h>
#include <string.h>

#include <pixman.h>

#include "compositor_bo.h"
#include "compositor_encode.h"
#include "gpu_fixture.h"
#include "test.h"

enum { OBJECTS = 5, AT = 0x1000000, APART = 0x400000, SIZE = 0x20000, DRAWS = 40 };

static const pixman_format_code_t codes[] = {PIXMAN_x8r8g8b8, PIXMAN_a8r8g8b8, PIXMAN_x8b8g8r8,
	PIXMAN_a8b8g8r8, PIXMAN_r5g6b5};

static struct compositor_surface random_surface(struct compositor_bo *bo)
{
	struct compositor_surface surface = {
		.bo = bo,
		.offset = gpu_random(0, 100) * 4,
		.width = gpu_random(1, 120),
		.height = gpu_random(1, 120),
		.format = gpu_random(0, GEM_ARRAY_SIZE(codes) - 1),
	};

	surface.pitch = GEM_ALIGN(surface.width * 4, 64) + gpu_random(0, 3) * 4;
	return surface;
}

/* Two targets, taken by turns; sources are of the other objects. */
static void random_draw(struct compositor_draw *draw, const struct compositor_draw *last,
	const struct compositor_surface targets[2], struct compositor_bo *bos)
{
	bool again = last && gpu_random(0, 2) > 0;

	*draw = (struct compositor_draw){.over = gpu_random(0, 1),
		.alpha = gpu_random(0, 1) ? 255 : gpu_random(1, 254)};
	draw->target = again ? last->target : targets[gpu_random(0, 1)];
	if (gpu_random(0, 3)) {
		draw->source = again && last->source.bo && gpu_random(0, 1) ? last->source :
			random_surface(&bos[gpu_random(2, OBJECTS - 1)]);
		draw->transform[0] = draw->transform[4] = 65536 * gpu_random(1, 2);
		draw->transform[2] = gpu_random(-20, 20) * 65536;
	} else {
		draw->color = (uint32_t)random() * 2;
	}
	draw->x1 = gpu_random(0, draw->target.width - 1);
	draw->y1 = gpu_random(0, draw->target.height - 1);
	draw->x2 = gpu_random(draw->x1 + 1, draw->target.width);
	draw->y2 = gpu_random(draw->y1 + 1, draw->target.height);
	draw->source_x = gpu_random(-10, 60);
	draw->source_y = gpu_random(-10, 60);
}

/* ---- what it should be ---- */

static pixman_image_t *image(const struct compositor_surface *surface, uint8_t *const *memory,
	const struct compositor_bo *bos)
{
	return pixman_image_create_bits_no_clear(codes[surface->format], surface->width,
		surface->height, (uint32_t *)(memory[surface->bo - bos] + surface->offset),
		surface->pitch);
}

static pixman_image_t *solid(uint32_t color)
{
	return pixman_image_create_solid_fill(&(pixman_color_t){
		.alpha = (color >> 24) * 0x101, .red = (color >> 16 & 0xff) * 0x101,
		.green = (color >> 8 & 0xff) * 0x101, .blue = (color & 0xff) * 0x101});
}

static void draw_by_pixman(const struct compositor_draw *draw, uint8_t *const *memory,
	const struct compositor_bo *bos)
{
	const int32_t *t = draw->transform;
	const pixman_transform_t transform = {{
		{t[0], t[1], t[2]}, {t[3], t[4], t[5]}, {0, 0, pixman_fixed_1}}};
	pixman_image_t *target = image(&draw->target, memory, bos);
	pixman_image_t *mask = solid((uint32_t)draw->alpha << 24);
	pixman_image_t *source = draw->source.bo ? image(&draw->source, memory, bos) :
		solid(draw->color);

	if (draw->source.bo)
		CHECK(pixman_image_set_transform(source, &transform));
	pixman_image_composite32(draw->over ? PIXMAN_OP_OVER : PIXMAN_OP_SRC, source,
		draw->alpha < 255 ? mask : NULL, target, draw->source_x, draw->source_y, 0, 0,
		draw->x1, draw->y1, draw->x2 - draw->x1, draw->y2 - draw->y1);
	pixman_image_unref(source);
	pixman_image_unref(mask);
	pixman_image_unref(target);
}

/* The unused byte of x8 targets is undefined: neither side's counts. */
static void clear_unused(const struct compositor_draw *draw, uint8_t *memory)
{
	const struct compositor_surface *target = &draw->target;

	if (codes[target->format] != PIXMAN_x8r8g8b8 && codes[target->format] != PIXMAN_x8b8g8r8)
		return;
	for (int32_t y = draw->y1; y < draw->y2; y++)
		for (int32_t x = draw->x1; x < draw->x2; x++)
			memory[target->offset + y * target->pitch + x * 4 + 3] = 0;
}

/* ---- the batch ---- */

static void relocate(struct compositor_packets *packets, const struct compositor_bo *bos,
	uint32_t moved)
{
	for (unsigned i = 0; i < packets->reloc_count; i++) {
		const struct drm_i915_gem_relocation_entry *reloc = &packets->relocs[i];
		const struct compositor_bo *bo = &bos[reloc->target_handle];
		uint32_t *at = &packets->dwords[reloc->offset / 4];

		CHECK(reloc->target_handle < OBJECTS);
		CHECK_INT(reloc->presumed_offset, bo->address);
		CHECK_INT(*at, bo->address + reloc->delta);
		CHECK(reloc->read_domains == I915_GEM_DOMAIN_RENDER);
		*at += moved;
	}
}

static void check(unsigned seed)
{
	static struct compositor_packets packets;
	struct compositor_draw draws[DRAWS];
	struct compositor_bo bos[OBJECTS] = {0};
	uint8_t *memory[OBJECTS], *copies[OBJECTS];
	struct gpu_card card;
	unsigned count;

	srandom(seed);
	count = gpu_random(1, DRAWS);
	gpu_card_init(&card, GPU_ENGINE_RENDER);
	for (unsigned i = 0; i < OBJECTS; i++) {
		bos[i].slot = i + 1;
		bos[i].address = AT + i * APART;
		memory[i] = gpu_card_add(&card, AT + (i + OBJECTS) * APART, SIZE);
		copies[i] = malloc(SIZE);
		memcpy(copies[i], memory[i], SIZE);
	}
	const struct compositor_surface targets[] = {random_surface(&bos[0]), random_surface(&bos[1])};
	for (unsigned i = 0; i < count; i++)
		random_draw(&draws[i], i ? &draws[i - 1] : NULL, targets, bos);
	compositor_encode(&packets, draws, count);
	CHECK_INT(packets.dword_count % 2, 0);
	CHECK(packets.dword_count <= COMPOSITOR_DWORDS_MAX);
	relocate(&packets, bos, OBJECTS * APART);
	gpu_emit(&card, packets.dwords, packets.dword_count);
	CHECK_INT(gpu_card_run(&card), GPU_RUN_IDLE);
	for (unsigned i = 0; i < count; i++)
		draw_by_pixman(&draws[i], copies, bos);
	for (unsigned i = 0; i < count; i++) {
		clear_unused(&draws[i], memory[draws[i].target.bo - bos]);
		clear_unused(&draws[i], copies[draws[i].target.bo - bos]);
	}
	for (unsigned i = 0; i < OBJECTS; i++) {
		CHECK(memcmp(memory[i], copies[i], SIZE) == 0);
		free(copies[i]);
	}
	gpu_card_finish(&card);
}

TEST(batches_draw_what_the_draws_say)
{
	for (unsigned seed = 1; seed <= 300; seed++)
		check(seed);
}

TEST(the_largest_batch_has_room)
{
	static struct compositor_draw draws[COMPOSITOR_DRAWS_MAX];
	static struct compositor_packets packets;
	struct compositor_bo bos[2] = {{.slot = 1}, {.slot = 2}};

	for (unsigned i = 0; i < COMPOSITOR_DRAWS_MAX; i++) {
		draws[i].target = (struct compositor_surface){.bo = &bos[0], .offset = i * 4};
		draws[i].source = (struct compositor_surface){.bo = &bos[1], .offset = i * 4};
	}
	compositor_encode(&packets, draws, COMPOSITOR_DRAWS_MAX);
	CHECK_INT(packets.dword_count, COMPOSITOR_DWORDS_MAX);
	CHECK_INT(packets.reloc_count, COMPOSITOR_RELOCS_MAX);
}

/* A state that has not changed is not said again. */
TEST(the_same_target_and_source_are_set_once)
{
	static struct compositor_packets packets;
	struct compositor_bo bos[2] = {{.slot = 1}, {.slot = 2}};
	struct compositor_draw draws[3] = {0};

	for (unsigned i = 0; i < 3; i++) {
		draws[i].target.bo = &bos[0];
		draws[i].source.bo = &bos[1];
	}
	compositor_encode(&packets, draws, 3);
	CHECK_INT(packets.reloc_count, 2);
	CHECK_INT(packets.dword_count, 4 + 10 + 3 * 6 + 2);
}
