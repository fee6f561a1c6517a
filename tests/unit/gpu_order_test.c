/*
 * Draws of COMPOSITE are done later than their packets: nothing may tell. Other
 * packets, faults, the batch's own memory, surfaces of other draws, pauses.
 */
#include <string.h>

#include "gpu_fixture.h"
#include "test.h"

enum { A_AT = 0x1000000, B_AT = 0x1100000, SIDE = 32, PITCH = SIDE * 4, SIZE = PITCH * SIDE };

struct card {
	struct gpu_card gpu;
	uint32_t *a, *b;
};

static void init(struct card *card)
{
	gpu_card_init(&card->gpu, GPU_ENGINE_RENDER);
	card->a = (uint32_t *)gpu_card_add(&card->gpu, A_AT, SIZE);
	card->b = (uint32_t *)gpu_card_add(&card->gpu, B_AT, SIZE);
	memset(card->a, 0, SIZE);
	memset(card->b, 0, SIZE);
}

static uint32_t layout(void)
{
	return GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8R8G8B8, PITCH);
}

static void target(struct card *card, uint32_t address)
{
	GPU_EMIT(&card->gpu, GPU_COMPOSITE_TARGET, address, layout(), GPU_XY(SIDE, SIDE));
}

static void source(struct card *card, uint32_t address)
{
	GPU_EMIT(&card->gpu, GPU_COMPOSITE_SURFACE, address, layout(), GPU_XY(SIDE, SIDE), 65536, 0,
		0, 0, 65536, 0);
}

static void draw(struct card *card)
{
	GPU_EMIT(&card->gpu, GPU_COMPOSITE_DRAW, GPU_COMPOSITE_SRC | 255, 0, GPU_XY(SIDE, SIDE), 0,
		0);
}

static void fill(struct card *card, uint32_t color)
{
	GPU_EMIT(&card->gpu, GPU_COMPOSITE_SOLID, color);
	draw(card);
}

static void check(const uint32_t *pixels, uint32_t want)
{
	for (unsigned i = 0; i < SIDE * SIDE; i++)
		CHECK_INT(pixels[i], want);
}

TEST(before_and_after_other_packets)
{
	struct card card;

	init(&card);
	GPU_EMIT(&card.gpu, GPU_XY_COLOR_BLT | 3 << 20, GPU_BLT_DEPTH_32 | GPU_BLT_ROP(0xf0) | PITCH,
		0, GPU_XY(SIDE, SIDE), A_AT, 0x11111111);
	target(&card, A_AT);
	GPU_EMIT(&card.gpu, GPU_COMPOSITE_SOLID, 0x22222222, GPU_COMPOSITE_DRAW, 255, 0,
		GPU_XY(SIDE, 8), 0, 0);
	GPU_EMIT(&card.gpu, GPU_XY_SRC_COPY_BLT | 3 << 20,
		GPU_BLT_DEPTH_32 | GPU_BLT_ROP(0xcc) | PITCH, 0, GPU_XY(SIDE, SIDE), B_AT, 0, PITCH,
		A_AT);
	fill(&card, 0x33333333);
	GPU_EMIT(&card.gpu, GPU_MI_STORE_DWORD_IMM, A_AT, 0x44444444);
	CHECK_INT(gpu_card_run(&card.gpu), GPU_RUN_IDLE);
	for (unsigned i = 0; i < SIDE * SIDE; i++)
		CHECK_INT(card.b[i], i < SIDE * 8 ? 0x22222222 : 0x11111111);
	CHECK_INT(card.a[0], 0x44444444);
	CHECK_INT(card.a[1], 0x33333333);
	gpu_card_finish(&card.gpu);
}

TEST(surfaces_of_each_other)
{
	struct card card;

	init(&card);
	target(&card, A_AT);
	fill(&card, 0xff000001);
	target(&card, B_AT);
	source(&card, A_AT);
	draw(&card);
	target(&card, A_AT);
	fill(&card, 0xff000002);
	CHECK_INT(gpu_card_run(&card.gpu), GPU_RUN_IDLE);
	check(card.b, 0xff000001);
	check(card.a, 0xff000002);
	gpu_card_finish(&card.gpu);
}

/* The draw writes MI_BATCH_BUFFER_END over the packets that come next. */
TEST(over_its_own_batch)
{
	struct card card;

	init(&card);
	GPU_EMIT(&card.gpu, GPU_COMPOSITE_TARGET, GPU_BATCH_AT + 64,
		GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8R8G8B8, 64), GPU_XY(16, 1), GPU_COMPOSITE_SOLID,
		GPU_MI_BATCH_BUFFER_END, GPU_COMPOSITE_DRAW, 255, 0, GPU_XY(16, 1), 0, 0);
	while (card.gpu.emitted < 16)
		GPU_EMIT(&card.gpu, GPU_MI_NOOP);
	GPU_EMIT(&card.gpu, GPU_MI_STORE_DWORD_IMM, A_AT, 1);
	CHECK_INT(gpu_card_run(&card.gpu), GPU_RUN_IDLE);
	CHECK_INT(card.a[0], 0);
	CHECK_INT(card.gpu.batch[16], GPU_MI_BATCH_BUFFER_END);
	gpu_card_finish(&card.gpu);
}

struct bad {
	const char *name;
	unsigned count;
	uint32_t dwords[10];
};

static const struct bad bads[] = {
	{"opcode", 1, {0xffffffff}},
	{"packet that is not there", 2, {GPU_MI_BATCH_BUFFER_START, 0x40}},
	{"store to nowhere", 3, {GPU_MI_STORE_DWORD_IMM, 0x40, 0}},
	{"field of a draw", 6, {GPU_COMPOSITE_DRAW, 1 << 9, 0, GPU_XY(SIDE, SIDE), 0, 0}},
	{"target that is not there", 10, {GPU_COMPOSITE_TARGET, 0x40,
		GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8, 4), GPU_XY(1, 1), GPU_COMPOSITE_DRAW, 255, 0,
		GPU_XY(SIDE, SIDE), 0, 0}},
};

TEST_ROWS(before_a_fault, struct bad, bads)
{
	struct card card;

	init(&card);
	target(&card, A_AT);
	fill(&card, 0xff000001);
	gpu_emit(&card.gpu, row->dwords, row->count);
	fill(&card, 0xff000002);
	target(&card, B_AT);
	fill(&card, 0xff000003);
	CHECK_INT(gpu_card_run(&card.gpu), GPU_RUN_FAULT);
	check(card.a, 0xff000001);
	check(card.b, 0);
	gpu_card_finish(&card.gpu);
}

/* Whatever has been executed is done when the engine returns, and counts when executed. */
TEST(pauses)
{
	const uint32_t ring[] = {GPU_MI_BATCH_BUFFER_START, GPU_BATCH_AT};
	struct card card;
	uint64_t work;

	init(&card);
	target(&card, A_AT);
	fill(&card, 0xff000001);
	fill(&card, 0xff000002);
	GPU_EMIT(&card.gpu, GPU_MI_BATCH_BUFFER_END);
	gpu_card_submit(&card.gpu, ring, 2);
	for (unsigned i = 0; i < 3; i++) /* start, target, colour */
		CHECK_INT(gpu_engine_run(card.gpu.engine, 1), GPU_RUN_MORE);
	check(card.a, 0);
	work = card.gpu.engine->work;
	CHECK_INT(gpu_engine_run(card.gpu.engine, 1), GPU_RUN_MORE);
	check(card.a, 0xff000001);
	CHECK(card.gpu.engine->work >= work + SIZE / GPU_WORK_BYTES);
	CHECK_INT(gpu_engine_run(card.gpu.engine, 1), GPU_RUN_MORE);
	gpu_card_set_reg(&card.gpu, GPU_REG_CTL, 0);
	CHECK_INT(gpu_engine_run(card.gpu.engine, 100000), GPU_RUN_IDLE);
	check(card.a, 0xff000001);
	gpu_card_set_reg(&card.gpu, GPU_REG_CTL, GPU_CTL_ENABLE);
	CHECK_INT(gpu_engine_run(card.gpu.engine, 100000), GPU_RUN_IDLE);
	check(card.a, 0xff000002);
	gpu_card_finish(&card.gpu);
}

/* A try leaves what may be too long, recorded draws and blits, to the run that follows. */
TEST(tries)
{
	const uint32_t ring[] = {GPU_MI_BATCH_BUFFER_START, GPU_BATCH_AT};
	/* Start, target, colour, draw; and what the draw costs. */
	const uint64_t packets = (2 + 4 + 2 + 6) * GPU_TRY_DWORD, pixels = SIZE / GPU_WORK_BYTES;
	struct card card;

	init(&card);
	target(&card, A_AT);
	fill(&card, 0xff000001);
	GPU_EMIT(&card.gpu, GPU_MI_BATCH_BUFFER_END);
	gpu_card_submit(&card.gpu, ring, 2);
	CHECK_INT(gpu_engine_try(card.gpu.engine, packets + pixels), GPU_RUN_MORE);
	CHECK_INT(gpu_engine_try(card.gpu.engine, pixels), GPU_RUN_MORE);
	check(card.a, 0);
	CHECK_INT(gpu_engine_run(card.gpu.engine, 100000), GPU_RUN_IDLE);
	check(card.a, 0xff000001);
	memset(card.a, 0, SIZE);
	gpu_card_submit(&card.gpu, ring, 2);
	CHECK_INT(gpu_engine_try(card.gpu.engine, packets), GPU_RUN_MORE);
	gpu_card_submit(&card.gpu, ring, 0); /* a reset: what is recorded is lost */
	CHECK_INT(gpu_engine_run(card.gpu.engine, 100000), GPU_RUN_IDLE);
	check(card.a, 0);
	gpu_card_submit(&card.gpu, ring, 2);
	CHECK_INT(gpu_engine_try(card.gpu.engine, packets + pixels + GPU_TRY_DWORD), GPU_RUN_IDLE);
	check(card.a, 0xff000001);
	gpu_card_finish(&card.gpu);
}

TEST(tries_of_a_blit)
{
	const uint32_t ring[] = {GPU_MI_BATCH_BUFFER_START, GPU_BATCH_AT};
	struct card card;

	init(&card);
	target(&card, A_AT);
	fill(&card, 0xff000001);
	GPU_EMIT(&card.gpu, GPU_XY_COLOR_BLT | 3 << 20, GPU_BLT_DEPTH_32 | GPU_BLT_ROP(0xf0) | PITCH,
		0, GPU_XY(SIDE, SIDE), B_AT, 0x11111111, GPU_MI_BATCH_BUFFER_END);
	gpu_card_submit(&card.gpu, ring, 2);
	for (unsigned i = 0; i < 3; i++)
		CHECK_INT(gpu_engine_try(card.gpu.engine, 1000000), GPU_RUN_MORE);
	check(card.b, 0);
	CHECK_INT(gpu_engine_run(card.gpu.engine, 100000), GPU_RUN_IDLE);
	check(card.a, 0xff000001);
	check(card.b, 0x11111111);
	gpu_card_finish(&card.gpu);
}

TEST(tries_of_an_endless_batch)
{
	const uint32_t ring[] = {GPU_MI_BATCH_BUFFER_START, GPU_BATCH_AT};
	struct card card;

	init(&card);
	target(&card, A_AT);
	fill(&card, 0xff000001);
	GPU_EMIT(&card.gpu, GPU_MI_BATCH_BUFFER_START, GPU_BATCH_AT);
	gpu_card_submit(&card.gpu, ring, 2);
	for (unsigned i = 0; i < 10; i++)
		CHECK_INT(gpu_engine_try(card.gpu.engine, 10000), GPU_RUN_MORE);
	CHECK_INT(gpu_engine_run(card.gpu.engine, 10000), GPU_RUN_MORE);
	check(card.a, 0xff000001);
	gpu_card_finish(&card.gpu);
}

/* More than are recorded: each pixel gets its colour, some of them a second one. */
TEST(many_draws)
{
	enum { DRAWS = GPU_TILES_MAX_DRAWS * 2 - 48 };
	struct card card;

	init(&card);
	target(&card, A_AT);
	for (unsigned i = 0; i < DRAWS; i++) {
		uint32_t at = GPU_XY(i % SIDE, i / SIDE % SIDE);

		GPU_EMIT(&card.gpu, GPU_COMPOSITE_SOLID, 0xff000000 | i, GPU_COMPOSITE_DRAW,
			GPU_COMPOSITE_OVER | 255, at, at + GPU_XY(1, 1), 0, 0);
	}
	CHECK_INT(gpu_card_run(&card.gpu), GPU_RUN_IDLE);
	for (unsigned i = 0; i < SIDE * SIDE; i++)
		CHECK_INT(card.a[i], 0xff000000 | (i + SIDE * SIDE < DRAWS ? i + SIDE * SIDE : i));
	gpu_card_finish(&card.gpu);
}

struct reach {
	const char *name;
	int32_t xx, x0, x, mask_x;
	bool masked, draws;
};

static const struct reach reaches[] = {
	{"as it is", 65536, 0, 0, 0, false, true},
	{"far, but not too far", 65536, 31900 * 65536, 0, 0, false, true},
	{"moved too far", 65536, 32001 * 65536, 0, 0, false, false},
	{"moved too far to the left", 65536, -32001 * 65536, 0, 0, false, false},
	{"begins too far", 65536, 0, 32001, 0, false, false},
	{"scaled too far", 1100 * 65536, 0, 0, 0, false, false},
	{"scaled, but not too far", 900 * 65536, 0, 0, 0, false, true},
	{"mask too far", 65536, 0, 0, -32001, true, false},
	{"mask not too far", 65536, 0, 0, -31990, true, true},
};

/* SRC from outside of the source makes the target transparent, if anything is drawn. */
TEST_ROWS(reach, struct reach, reaches)
{
	struct card card;

	init(&card);
	memset(card.a, 0x55, SIZE);
	target(&card, A_AT);
	GPU_EMIT(&card.gpu, GPU_COMPOSITE_SURFACE, B_AT, layout(), GPU_XY(SIDE, SIDE), row->xx, 0,
		row->x0, 0, 65536, 0);
	if (row->masked)
		GPU_EMIT(&card.gpu, GPU_COMPOSITE_MASK, B_AT,
			GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8, PITCH), GPU_XY(SIDE, SIDE));
	GPU_EMIT(&card.gpu, GPU_COMPOSITE_DRAW, 255, 0, GPU_XY(SIDE, SIDE), GPU_XY(row->x, 0),
		GPU_XY(row->mask_x, 0));
	CHECK_INT(gpu_card_run(&card.gpu), GPU_RUN_IDLE);
	check(card.a, row->draws ? 0 : 0x55555555);
	gpu_card_finish(&card.gpu);
}
