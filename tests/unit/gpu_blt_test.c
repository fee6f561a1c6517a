/* XY_* packets against a reference that goes pixel by pixel, byte by byte, bit by bit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gem_tiling.h"
#include "gpu_fixture.h"
#include "test.h"

enum { LINEAR_AT = 0x1000000, SECOND_AT = 0x1800000, TILED_AT = 0x2000000, TILED_Y_AT = 0x2400000,
	LINEAR_SIZE = 60001, TILED_SIZE = 65536 };

struct blit {
	uint32_t depth; /* 0 to 3, as in BR13 */
	uint8_t rop;
	bool is_copy, clip;
	uint32_t write, color, target, source;
	int32_t pitch, source_pitch;
	int32_t x1, y1, x2, y2, source_x, source_y;
	int32_t clip_x1, clip_y1, clip_x2, clip_y2;
};

/* A byte of the address space, as it was before the blit and as it is to be. */
struct spot {
	unsigned object, window; /* window: 0 = none */
	uint64_t offset;
};

struct picture {
	uint8_t *bytes[GPU_MAX_OBJECTS];
};

static void snapshot(struct gpu_card *card, struct picture *picture)
{
	for (unsigned i = 0; i < card->object_count; i++) {
		picture->bytes[i] = malloc(card->objects[i].size);
		memcpy(picture->bytes[i], card->objects[i].host, card->objects[i].size);
	}
}

static void free_picture(struct gpu_card *card, struct picture *picture)
{
	for (unsigned i = 0; i < card->object_count; i++)
		free(picture->bytes[i]);
}

static bool find_spot(struct gpu_card *card, int64_t address, struct spot *spot)
{
	struct gem_fence_window window;
	struct gpu_place *place;

	spot->window = 0;
	if (address < 0)
		return false;
	for (unsigned i = 0; i < card->window_count; i++)
		if ((uint64_t)address >= card->windows[i].start &&
			(uint64_t)address < card->windows[i].start + card->windows[i].size)
			spot->window = i + 1;
	if (spot->window) {
		window = card->windows[spot->window - 1];
		address -= window.start;
		address = window.start + gem_tile_offset(window.tiling, window.stride,
			address % window.stride, address / window.stride);
	}
	place = gpu_card_find(card, address);
	if (!place)
		return false;
	spot->object = place - card->objects;
	spot->offset = address - place->address;
	return true;
}

static uint8_t rop_byte(uint8_t rop, uint8_t p, uint8_t s, uint8_t d)
{
	uint8_t result = 0;

	for (unsigned bit = 0; bit < 8; bit++) {
		unsigned index = (p >> bit & 1) << 2 | (s >> bit & 1) << 1 | (d >> bit & 1);

		result |= (rop >> index & 1) << bit;
	}
	return result;
}

/* All bytes of a surface must be in one object and one window. */
static bool same_place(struct spot *first, bool *have, const struct spot *spot)
{
	if (!*have)
		*first = *spot;
	*have = true;
	return first->object == spot->object && first->window == spot->window;
}

static bool uses_source(const struct blit *blit)
{
	return blit->is_copy && ((blit->rop >> 2) & 0x33) != (blit->rop & 0x33);
}

/* What the blit makes of old, in new. False = it must fault. */
static bool reference(struct gpu_card *card, const struct blit *blit, const struct picture *old,
	struct picture *new)
{
	static const int cpps[] = {1, 2, 2, 4};
	struct spot d, s = {0}, first_d, first_s;
	bool have_d = false, have_s = false;
	int cpp = cpps[blit->depth];

	for (int y = blit->y1; y < blit->y2; y++)
		for (int x = blit->x1; x < blit->x2; x++) {
			if (blit->clip && (x < blit->clip_x1 || x >= blit->clip_x2 ||
				y < blit->clip_y1 || y >= blit->clip_y2))
				continue;
			for (int i = 0; i < cpp; i++) {
				uint8_t p = blit->is_copy ? 0 : blit->color >> i * 8;
				uint8_t before, from = 0;

				if (!find_spot(card, blit->target + (int64_t)y * blit->pitch +
					x * cpp + i, &d) || !same_place(&first_d, &have_d, &d))
					return false;
				if (uses_source(blit)) {
					if (!find_spot(card, blit->source +
						(int64_t)(y - blit->y1 + blit->source_y) *
						blit->source_pitch +
						(x - blit->x1 + blit->source_x) * cpp + i, &s) ||
						!same_place(&first_s, &have_s, &s))
						return false;
					from = old->bytes[s.object][s.offset];
				}
				before = old->bytes[d.object][d.offset];
				if (cpp == 4 && !(blit->write & (i == 3 ? GPU_BLT_WRITE_ALPHA :
					GPU_BLT_WRITE_RGB)))
					continue;
				new->bytes[d.object][d.offset] =
					rop_byte(blit->rop, p, from, before);
			}
		}
	return true;
}

static void emit_blit(struct gpu_card *card, const struct blit *blit)
{
	uint32_t control = blit->depth << 24 | GPU_BLT_ROP(blit->rop) |
		(blit->clip ? GPU_BLT_CLIP : 0) | (uint16_t)blit->pitch;

	GPU_EMIT(card, GPU_XY_SETUP_CLIP_BLT, GPU_XY(blit->clip_x1, blit->clip_y1),
		GPU_XY(blit->clip_x2, blit->clip_y2));
	if (blit->is_copy)
		GPU_EMIT(card, GPU_XY_SRC_COPY_BLT | blit->write, control,
			GPU_XY(blit->x1, blit->y1), GPU_XY(blit->x2, blit->y2), blit->target,
			GPU_XY(blit->source_x, blit->source_y), (uint16_t)blit->source_pitch,
			blit->source);
	else
		GPU_EMIT(card, GPU_XY_COLOR_BLT | blit->write, control,
			GPU_XY(blit->x1, blit->y1), GPU_XY(blit->x2, blit->y2), blit->target,
			blit->color);
}

/* Runs it and holds all memory against the reference. True = it did not fault. */
static bool check_blit(struct gpu_card *card, const struct blit *blit)
{
	struct picture old, new;
	bool fits;

	emit_blit(card, blit);
	snapshot(card, &old);
	snapshot(card, &new);
	fits = reference(card, blit, &old, &new);
	CHECK_INT(gpu_card_run(card), fits ? GPU_RUN_IDLE : GPU_RUN_FAULT);
	for (unsigned i = 3; i < card->object_count; i++)
		for (uint64_t at = 0; at < card->objects[i].size; at++) {
			uint8_t want = (fits ? new : old).bytes[i][at];

			if (card->objects[i].host[at] != want)
				test_fail(__FILE__, __LINE__, "object %u byte %llu is %#x, want "
					"%#x: copy %d depth %u rop %#x pitch %d %d (%d %d) (%d %d)",
					i, (unsigned long long)at, card->objects[i].host[at], want,
					blit->is_copy, blit->depth, blit->rop, blit->pitch,
					blit->source_pitch, blit->x1, blit->y1, blit->x2, blit->y2);
		}
	free_picture(card, &old);
	free_picture(card, &new);
	return fits;
}

struct kind {
	const char *name;
	bool is_copy;
	uint32_t target, source;
	int tile_pitch, tile_source_pitch; /* 0 = linear, any */
	unsigned least; /* blits of RUNS that must not fault */
};

enum { RUNS = 300 };

static const struct kind kinds[] = {
	{"color, linear", false, LINEAR_AT, 0, 0, 0, RUNS / 2},
	{"color, X", false, TILED_AT, 0, 2048, 0, RUNS / 3},
	{"color, Y", false, TILED_Y_AT, 0, 1024, 0, RUNS / 3},
	{"copy, linear to linear", true, LINEAR_AT, SECOND_AT, 0, 0, RUNS / 4},
	{"copy within linear", true, LINEAR_AT, LINEAR_AT, 0, 0, RUNS / 4},
	{"copy, linear to X", true, TILED_AT, LINEAR_AT, 2048, 0, RUNS / 5},
	{"copy, X to linear", true, LINEAR_AT, TILED_AT, 0, 2048, RUNS / 5},
	{"copy within X", true, TILED_AT, TILED_AT, 2048, 2048, RUNS / 5},
	{"copy, X to Y", true, TILED_Y_AT, TILED_AT, 1024, 2048, RUNS / 5},
	{"copy, Y to X, another pitch", true, TILED_AT, TILED_Y_AT, 1536, 1000, RUNS / 8},
	{"copy within X, pitches differ", true, TILED_AT, TILED_AT, 2048, 1024, RUNS / 8},
};

static uint8_t random_rop(bool is_copy)
{
	static const uint8_t usual[] = {0xcc, 0xf0, 0x00, 0xff, 0xcc, 0xf0, 0x5a, 0x66, 0x88, 0xee};

	if (gpu_random(0, 3) == 0)
		return gpu_random(0, 255);
	return is_copy && gpu_random(0, 1) ? 0xcc : usual[gpu_random(0, 9)];
}

static struct blit random_blit(const struct kind *kind)
{
	struct blit blit = {
		.depth = gpu_random(0, 3), .is_copy = kind->is_copy, .rop = random_rop(kind->is_copy),
		.clip = gpu_random(0, 1), .color = (uint32_t)random() * 2 + gpu_random(0, 1),
		.write = gpu_random(0, 2) ? 3u << 20 : (uint32_t)gpu_random(0, 3) << 20,
		.x1 = gpu_random(-20, 40), .y1 = gpu_random(-10, 12),
		.source_x = gpu_random(-4, 60), .source_y = gpu_random(-3, 12),
		.clip_x1 = gpu_random(-10, 30), .clip_y1 = gpu_random(-5, 8),
		.clip_x2 = gpu_random(20, 90), .clip_y2 = gpu_random(5, 30),
	};

	blit.x2 = blit.x1 + gpu_random(-2, 100);
	blit.y2 = blit.y1 + gpu_random(-2, 30);
	blit.pitch = kind->tile_pitch ? kind->tile_pitch : gpu_random(400, 1100);
	blit.source_pitch = kind->tile_source_pitch ? kind->tile_source_pitch :
		kind->source == kind->target && gpu_random(0, 2) ? blit.pitch : gpu_random(0, 1100);
	blit.target = kind->target;
	blit.source = kind->source;
	if (!kind->tile_pitch || gpu_random(0, 1))
		blit.target += kind->tile_pitch ? 2048 * gpu_random(0, 10) : gpu_random(0, 20000);
	if (!kind->tile_source_pitch || gpu_random(0, 1))
		blit.source += kind->tile_source_pitch ? 2048 * gpu_random(0, 10) :
			gpu_random(0, 20000);
	/* Upwards, from a place further down. */
	if (!kind->tile_pitch && gpu_random(0, 3) == 0) {
		blit.pitch = -blit.pitch;
		blit.target += 30000;
		if (kind->source == kind->target) {
			blit.source_pitch = -blit.source_pitch;
			blit.source += 30000;
		}
	}
	return blit;
}

static void init_card(struct gpu_card *card)
{
	gpu_card_init(card, GPU_ENGINE_BLT);
	gpu_card_add(card, LINEAR_AT, LINEAR_SIZE);
	gpu_card_add(card, SECOND_AT, LINEAR_SIZE);
	gpu_card_add(card, TILED_AT, TILED_SIZE);
	gpu_card_add(card, TILED_Y_AT, TILED_SIZE);
	gpu_card_window(card, TILED_AT, 1 << 20, GEM_TILING_X, 2048);
	gpu_card_window(card, TILED_Y_AT, 1 << 20, GEM_TILING_Y, 1024);
}

TEST_ROWS(against_reference, struct kind, kinds)
{
	struct gpu_card card;
	unsigned drawn = 0;

	srandom(4711);
	init_card(&card);
	for (unsigned i = 0; i < RUNS; i++) {
		struct blit blit = random_blit(row);

		drawn += check_blit(&card, &blit);
	}
	printf("# %u of %u did not fault\n", drawn, RUNS);
	CHECK(drawn >= row->least);
	gpu_card_finish(&card);
}

/* Overlaps of the same layout in all directions, so that the order of rows shows. */
TEST(overlap_directions)
{
	struct gpu_card card;

	srandom(1);
	init_card(&card);
	for (int dy = -3; dy <= 3; dy++)
		for (int dx = -5; dx <= 5; dx++)
			for (unsigned tiled = 0; tiled < 2; tiled++) {
				uint32_t at = tiled ? TILED_AT : LINEAR_AT;
				struct blit blit = {.depth = 3, .rop = 0xcc, .is_copy = true,
					.write = 3u << 20, .target = at, .source = at,
					.pitch = tiled ? 2048 : 1000,
					.source_pitch = tiled ? 2048 : 1000, .x1 = 100, .y1 = 5,
					.x2 = 150, .y2 = 25, .source_x = 100 + dx,
					.source_y = 5 + dy};

				CHECK(check_blit(&card, &blit));
			}
	gpu_card_finish(&card);
}

/* Every ROP, both packets. */
TEST(all_rops)
{
	struct gpu_card card;

	srandom(2);
	init_card(&card);
	for (unsigned rop = 0; rop < 512; rop++) {
		struct blit blit = {.depth = 1, .rop = rop, .is_copy = rop >> 8, .color = 0x12345a3c,
			.target = LINEAR_AT + 10, .source = SECOND_AT, .pitch = 100,
			.source_pitch = 120, .x1 = 3, .y1 = 1, .x2 = 14, .y2 = 4};

		CHECK(check_blit(&card, &blit));
	}
	gpu_card_finish(&card);
}

/* Rows over each other would make a packet without bound. */
TEST(rows_over_each_other)
{
	static const int pitches[] = {0, 1, 39, -39};
	struct gpu_card card;

	init_card(&card);
	for (unsigned i = 0; i < 4; i++) {
		struct blit blit = {.depth = 3, .rop = 0xf0, .write = 3u << 20, .pitch = pitches[i],
			.target = LINEAR_AT + 1000, .x2 = 10, .y2 = 2};

		emit_blit(&card, &blit);
		CHECK_INT(gpu_card_run(&card), GPU_RUN_FAULT);
		CHECK_INT(gpu_card_reg(&card, GPU_REG_IPEIR), GPU_FAULT_FIELD);
		blit.y2 = 1;
		CHECK(check_blit(&card, &blit));
	}
	gpu_card_finish(&card);
}
