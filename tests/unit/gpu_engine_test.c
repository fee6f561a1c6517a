/* The streamer: registers, MI packets, chaining, budgets, and everything that must fault. */
#include <stdlib.h>
#include <string.h>

#include "gpu_fixture.h"
#include "test.h"

enum { DATA_AT = 0x1000000, DATA_SIZE = 8192, CONST_AT = 0x1100000, NEXT_AT = 0x1200000 };

static void init_card(struct gpu_card *card, enum gpu_engine_id id)
{
	gpu_card_init(card, id);
	memset(gpu_card_add(card, DATA_AT, DATA_SIZE), 0, DATA_SIZE);
	gpu_card_add(card, CONST_AT, 4096);
	card->objects[card->object_count - 1].read_only = true;
	gpu_card_add(card, NEXT_AT, 4096);
}

static uint32_t data(struct gpu_card *card, uint64_t address)
{
	struct gpu_place *place = gpu_card_find(card, address);
	uint32_t value;

	memcpy(&value, place->host + (address - place->address), 4);
	return value;
}

/* Every register: reset value, and what a write of all ones and of zero leaves. */
TEST(registers)
{
	struct gpu_card card;

	init_card(&card, GPU_ENGINE_RENDER);
	for (unsigned i = 0; i < GPU_REG_COUNT; i++) {
		const struct gpu_reg_info *info = &gpu_reg_infos[i];

		CHECK_INT(gpu_card_reg(&card, i), info->reset);
		for (unsigned k = 0; k < i; k++)
			CHECK(gpu_reg_infos[k].offset != info->offset);
	}
	for (unsigned i = 0; i < GPU_REG_COUNT; i++) {
		const struct gpu_reg_info *info = &gpu_reg_infos[i];

		if (i == GPU_REG_HEAD)
			gpu_card_set_reg(&card, GPU_REG_CTL, 0);
		gpu_card_set_reg(&card, i, UINT32_MAX);
		CHECK_INT(gpu_card_reg(&card, i), info->access == GPU_RW ? info->writable : info->reset);
		gpu_card_set_reg(&card, i, 0);
		CHECK_INT(gpu_card_reg(&card, i), info->access == GPU_RW ? 0 : info->reset);
	}
	CHECK_INT(gpu_engine_read(card.engine, 0xfc), 0);
	gpu_engine_write(card.engine, 0xfc, 1);
	CHECK_INT(gpu_engine_read(card.engine, 0xfc), 0);
	/* HEAD is the streamer's while the ring is enabled. */
	gpu_card_set_reg(&card, GPU_REG_CTL, GPU_CTL_ENABLE);
	gpu_card_set_reg(&card, GPU_REG_HEAD, 64);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_HEAD), 0);
	gpu_card_finish(&card);
}

TEST(memory_and_noops)
{
	struct gpu_card card;

	init_card(&card, GPU_ENGINE_BLT);
	GPU_EMIT(&card, GPU_MI_NOOP, GPU_MI_NOOP | 1 << 22 | 0x1234, GPU_MI_FLUSH, GPU_MI_ARB_CHECK,
		GPU_MI_USER_INTERRUPT, GPU_MI_STORE_DWORD_IMM, DATA_AT + 4, 0xcafe,
		GPU_MI_STORE_DWORD_IMM + 1, DATA_AT + 8, 1, 2,
		GPU_MI_STORE_DWORD_IMM | 1 << 22, DATA_AT + DATA_SIZE - 4, 77);
	CHECK_INT(gpu_card_run(&card), GPU_RUN_IDLE);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_NOPID), 0x1234);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_INSTDONE), GPU_INSTDONE_IDLE);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_IIR), 0);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_HEAD), 8);
	CHECK_INT(data(&card, DATA_AT), 0);
	CHECK_INT(data(&card, DATA_AT + 4), 0xcafe);
	CHECK_INT(data(&card, DATA_AT + 8), 1);
	CHECK_INT(data(&card, DATA_AT + 12), 2);
	CHECK_INT(data(&card, DATA_AT + DATA_SIZE - 4), 77);
	gpu_card_finish(&card);
}

static void on_interrupt(struct gpu_engine *engine, uint32_t bits)
{
	struct gpu_card *card = gem_container_of(engine->global, struct gpu_card, bus);

	card->interrupts |= bits;
}

/* A batch, then the breadcrumb of a driver: seqno into the status page, interrupt. */
TEST(seqno_and_interrupt)
{
	static const uint32_t ring[] = {GPU_MI_BATCH_BUFFER_START, GPU_BATCH_AT | 1, GPU_MI_FLUSH,
		GPU_MI_STORE_DWORD_INDEX, 0xc0, 41, GPU_MI_USER_INTERRUPT, GPU_MI_NOOP};
	struct gpu_card card;

	init_card(&card, GPU_ENGINE_RENDER);
	card.engine->interrupt = on_interrupt;
	GPU_EMIT(&card, GPU_MI_STORE_DWORD_IMM, DATA_AT, 5, GPU_MI_BATCH_BUFFER_END);
	gpu_card_submit(&card, ring, 8);
	CHECK_INT(gpu_card_go_on(&card), GPU_RUN_IDLE);
	CHECK_INT(card.status[0x30], 41);
	CHECK_INT(data(&card, DATA_AT), 5);
	CHECK_INT(card.interrupts, 0); /* masked */
	CHECK_INT(gpu_card_reg(&card, GPU_REG_IIR), GPU_INT_USER);
	gpu_card_set_reg(&card, GPU_REG_IIR, GPU_INT_USER);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_IIR), 0);

	gpu_card_submit(&card, ring, 8);
	gpu_card_set_reg(&card, GPU_REG_IMR, GPU_INT_ERROR);
	CHECK_INT(gpu_card_go_on(&card), GPU_RUN_IDLE);
	CHECK_INT(card.interrupts, GPU_INT_USER);
	gpu_card_finish(&card);
}

/* HEAD goes round the ring's end. */
TEST(ring_wraps)
{
	struct gpu_card card;

	init_card(&card, GPU_ENGINE_RENDER);
	memset(card.ring, 0, 4096);
	card.ring[1022] = GPU_MI_FLUSH;
	card.ring[0] = GPU_MI_STORE_DWORD_IMM;
	card.ring[1] = DATA_AT;
	card.ring[2] = 9;
	gpu_card_set_reg(&card, GPU_REG_START, GPU_RING_AT);
	gpu_card_set_reg(&card, GPU_REG_HEAD, 4088);
	gpu_card_set_reg(&card, GPU_REG_TAIL, 16);
	CHECK_INT(gpu_engine_run(card.engine, 100), GPU_RUN_IDLE); /* not enabled */
	gpu_card_set_reg(&card, GPU_REG_CTL, GPU_CTL_ENABLE);
	CHECK_INT(gpu_engine_run(card.engine, 100), GPU_RUN_IDLE);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_HEAD), 16);
	CHECK_INT(data(&card, DATA_AT), 9);
	gpu_card_finish(&card);
}

/* A packet over a page of the batch, and a chain to another object. */
TEST(chain)
{
	struct gpu_card card;
	uint32_t *next;

	init_card(&card, GPU_ENGINE_RENDER);
	next = (uint32_t *)gpu_card_find(&card, NEXT_AT)->host;
	memcpy(next + 1023 - 3, (uint32_t[]){GPU_MI_STORE_DWORD_IMM, DATA_AT + 4, 12,
		GPU_MI_BATCH_BUFFER_END}, 16);
	for (unsigned i = 0; i < 1023; i++)
		GPU_EMIT(&card, GPU_MI_NOOP);
	GPU_EMIT(&card, GPU_MI_STORE_DWORD_IMM, DATA_AT, 11, GPU_MI_BATCH_BUFFER_START,
		NEXT_AT + 1020 * 4);
	CHECK_INT(gpu_card_run(&card), GPU_RUN_IDLE);
	CHECK_INT(data(&card, DATA_AT), 11);
	CHECK_INT(data(&card, DATA_AT + 4), 12);
	gpu_card_finish(&card);
}

/* A batch that starts itself is bounded in each call, seen in work, and ended by a reset. */
TEST(endless_chain)
{
	static const uint32_t ring[] = {GPU_MI_BATCH_BUFFER_START, GPU_BATCH_AT};
	struct gpu_card card;

	init_card(&card, GPU_ENGINE_RENDER);
	GPU_EMIT(&card, GPU_MI_NOOP, GPU_MI_BATCH_BUFFER_START, GPU_BATCH_AT);
	gpu_card_submit(&card, ring, 2);
	for (unsigned i = 1; i <= 100; i++) {
		CHECK_INT(gpu_engine_run(card.engine, 1000), GPU_RUN_MORE);
		CHECK(card.engine->work >= i * 1000 && card.engine->work <= i * 1003);
		CHECK_INT(gpu_card_reg(&card, GPU_REG_INSTDONE), 0);
		CHECK_INT(gpu_card_reg(&card, GPU_REG_ACTHD) & ~7u, GPU_BATCH_AT);
	}
	card.emitted = 0;
	GPU_EMIT(&card, GPU_MI_STORE_DWORD_IMM, DATA_AT, 3);
	CHECK_INT(gpu_card_run(&card), GPU_RUN_IDLE);
	CHECK_INT(data(&card, DATA_AT), 3);
	gpu_card_finish(&card);
}

/* Batches see the space that is set; the ring and its status page the global one. */
TEST(space_of_a_context)
{
	struct gpu_card card, context;

	init_card(&card, GPU_ENGINE_RENDER);
	init_card(&context, GPU_ENGINE_RENDER);
	GPU_EMIT(&context, GPU_MI_STORE_DWORD_IMM, DATA_AT, 21, GPU_MI_BATCH_BUFFER_END);
	gpu_engine_set_space(card.engine, &context.bus);
	GPU_EMIT(&card, GPU_MI_STORE_DWORD_IMM, DATA_AT, 22);
	CHECK_INT(gpu_card_run(&card), GPU_RUN_IDLE);
	CHECK_INT(data(&card, DATA_AT), 0);
	CHECK_INT(data(&context, DATA_AT), 21);
	gpu_engine_set_space(card.engine, NULL);
	GPU_EMIT(&card, GPU_MI_STORE_DWORD_IMM, DATA_AT, 22);
	CHECK_INT(gpu_card_run(&card), GPU_RUN_IDLE);
	CHECK_INT(data(&card, DATA_AT), 22);
	gpu_card_finish(&card);
	gpu_card_finish(&context);
}

struct bad {
	const char *name;
	enum gpu_fault_code code;
	uint32_t address; /* PGTBL_ER */
	uint32_t dwords[10];
	unsigned count;
	enum gpu_engine_id id;
};

#define BAD(name, code, address, ...) {name, code, address, {__VA_ARGS__}, \
	sizeof((uint32_t[]){__VA_ARGS__}) / 4, GPU_ENGINE_RENDER}
#define COLOR (GPU_XY_COLOR_BLT | 3 << 20)
#define COPY (GPU_XY_SRC_COPY_BLT | 3 << 20)
#define CONTROL(pitch) (GPU_BLT_DEPTH_32 | GPU_BLT_ROP(0xcc) | (pitch))
#define FILL(pitch) (GPU_BLT_DEPTH_32 | GPU_BLT_ROP(0xf0) | (pitch))
#define LAYOUT GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8R8G8B8, 64)

static const struct bad bads[] = {
	BAD("MI opcode", GPU_FAULT_OPCODE, 0, GPU_MI(0x0f)),
	BAD("long MI opcode", GPU_FAULT_OPCODE, 0, GPU_MI(0x22) | 1, 0x2080, 0),
	BAD("class 1", GPU_FAULT_OPCODE, 0, 1u << 29),
	BAD("class 7", GPU_FAULT_OPCODE, 0, 0xffffffff),
	BAD("2D opcode", GPU_FAULT_OPCODE, 0, GPU_2D(0x51, 2), 0),
	BAD("3D opcode", GPU_FAULT_OPCODE, 0, 0x7d000000, 0),
	BAD("COMPOSITE 0", GPU_FAULT_OPCODE, 0, GPU_COMPOSITE(0, 2), 0),
	BAD("COMPOSITE 8", GPU_FAULT_OPCODE, 0, GPU_COMPOSITE(8, 2), 0),
	BAD("COMPOSITE, bits 15:8", GPU_FAULT_OPCODE, 0, GPU_COMPOSITE_SOLID | 0x100, 0),
	BAD("STORE_DWORD_IMM of one dword", GPU_FAULT_LENGTH, 0, GPU_MI(0x20), DATA_AT),
	BAD("STORE_DWORD_IMM of five", GPU_FAULT_LENGTH, 0, GPU_MI(0x20) | 3, DATA_AT, 0, 0, 0),
	BAD("BATCH_BUFFER_START of three", GPU_FAULT_LENGTH, 0, GPU_MI_BATCH_BUFFER_START | 1, 0, 0),
	BAD("COLOR_BLT of five", GPU_FAULT_LENGTH, 0, COLOR - 1, FILL(64), 0, 0, DATA_AT),
	BAD("SRC_COPY of seven", GPU_FAULT_LENGTH, 0, COPY - 1, 0, 0, 0, 0, 0, 0),
	BAD("SETUP_CLIP of two", GPU_FAULT_LENGTH, 0, GPU_XY_SETUP_CLIP_BLT - 1, 0),
	BAD("COMPOSITE_SOLID of three", GPU_FAULT_LENGTH, 0, GPU_COMPOSITE_SOLID + 1, 0, 0),
	BAD("half a scissor", GPU_FAULT_LENGTH, 0, GPU_COMPOSITE_SCISSOR(0) + 1, 0, 0),
	BAD("STORE_DWORD_INDEX", GPU_FAULT_PRIVILEGED, 0, GPU_MI_STORE_DWORD_INDEX, 0xc0, 1),
	BAD("misaligned dword", GPU_FAULT_FIELD, 0, GPU_MI_STORE_DWORD_IMM, DATA_AT + 2, 0),
	BAD("misaligned qword", GPU_FAULT_FIELD, 0, GPU_MI_STORE_DWORD_IMM + 1, DATA_AT + 4, 0, 0),
	BAD("store to nowhere", GPU_FAULT_UNMAPPED, 0, GPU_MI_STORE_DWORD_IMM, 0, 0),
	BAD("store behind the end", GPU_FAULT_UNMAPPED, DATA_AT + DATA_SIZE,
		GPU_MI_STORE_DWORD_IMM, DATA_AT + DATA_SIZE, 0),
	BAD("store to the read-only", GPU_FAULT_UNMAPPED, CONST_AT, GPU_MI_STORE_DWORD_IMM,
		CONST_AT, 0),
	BAD("batch nowhere", GPU_FAULT_UNMAPPED, 0x40, GPU_MI_BATCH_BUFFER_START, 0x40),
	BAD("packet over its object's end", GPU_FAULT_UNMAPPED, NEXT_AT + 4092,
		GPU_MI_STORE_DWORD_IMM, NEXT_AT + 4092, GPU_MI_STORE_DWORD_IMM,
		GPU_MI_BATCH_BUFFER_START, NEXT_AT + 4092),
	BAD("color over the end", GPU_FAULT_UNMAPPED, DATA_AT, COLOR, FILL(64), 0,
		GPU_XY(16, 129), DATA_AT, 0),
	BAD("color by one pixel", GPU_FAULT_UNMAPPED, DATA_AT + 4, COLOR, FILL(64), 0,
		GPU_XY(16, 128), DATA_AT + 4, 0),
	BAD("color before the start", GPU_FAULT_UNMAPPED, DATA_AT - 4, COLOR, FILL(64),
		GPU_XY(-1, 0), GPU_XY(15, 8), DATA_AT, 0),
	BAD("color below 0", GPU_FAULT_UNMAPPED, 0, COLOR, FILL(64), GPU_XY(0, -9),
		GPU_XY(16, 8), 0, 0),
	BAD("color to the read-only", GPU_FAULT_UNMAPPED, CONST_AT, COLOR, FILL(64), 0,
		GPU_XY(1, 1), CONST_AT, 0),
	BAD("largest rectangle", GPU_FAULT_UNMAPPED, 0, COLOR, FILL(0x7ffc),
		GPU_XY(-32768, -32768), GPU_XY(-32768 + 8191, 32767), DATA_AT, 0),
	BAD("copy from nowhere", GPU_FAULT_UNMAPPED, 0x500000, COPY, CONTROL(64), 0,
		GPU_XY(4, 4), DATA_AT, 0, 64, 0x500000),
	BAD("copy from over the end", GPU_FAULT_UNMAPPED, CONST_AT + 4, COPY, CONTROL(64), 0,
		GPU_XY(16, 64), DATA_AT, 0, 64, CONST_AT + 4),
	BAD("target of format 8", GPU_FAULT_FIELD, 0, GPU_COMPOSITE_TARGET, DATA_AT,
		GPU_COMPOSITE_LAYOUT(8, 64), GPU_XY(4, 4)),
	BAD("target too wide for its pitch", GPU_FAULT_FIELD, 0, GPU_COMPOSITE_TARGET, DATA_AT,
		LAYOUT, GPU_XY(17, 4)),
	BAD("target of no height", GPU_FAULT_FIELD, 0, GPU_COMPOSITE_TARGET, DATA_AT, LAYOUT, 16),
	BAD("target too large", GPU_FAULT_FIELD, 0, GPU_COMPOSITE_TARGET, DATA_AT,
		GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8, 65532), GPU_XY(16385, 1)),
	BAD("target at an odd address", GPU_FAULT_FIELD, 0, GPU_COMPOSITE_TARGET, DATA_AT + 2,
		LAYOUT, GPU_XY(4, 4)),
	BAD("target of odd pitch", GPU_FAULT_FIELD, 0, GPU_COMPOSITE_TARGET, DATA_AT, LAYOUT + 2,
		GPU_XY(4, 4)),
	BAD("target with reserved bits", GPU_FAULT_FIELD, 0, GPU_COMPOSITE_TARGET, DATA_AT,
		LAYOUT | 1 << 25, GPU_XY(4, 4)),
	BAD("target of tiling 3", GPU_FAULT_FIELD, 0, GPU_COMPOSITE_TARGET, DATA_AT,
		GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8, 512) | 3 << 18, GPU_XY(4, 4)),
	BAD("target of half a tile", GPU_FAULT_FIELD, 0, GPU_COMPOSITE_TARGET, DATA_AT,
		GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8, 256) | GPU_COMPOSITE_TILED_X, GPU_XY(4, 4)),
	BAD("tiled target in a page", GPU_FAULT_FIELD, 0, GPU_COMPOSITE_TARGET, DATA_AT + 512,
		GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8, 128) | GPU_COMPOSITE_TILED_Y, GPU_XY(4, 4)),
	BAD("mask not a8", GPU_FAULT_FIELD, 0, GPU_COMPOSITE_MASK, DATA_AT, LAYOUT, GPU_XY(4, 4)),
	BAD("scissor, reserved", GPU_FAULT_FIELD, 0, GPU_COMPOSITE_SCISSOR(0), 1),
	BAD("draw without a target", GPU_FAULT_FIELD, 0, GPU_COMPOSITE_SOLID, 0,
		GPU_COMPOSITE_DRAW, 255, 0, GPU_XY(4, 4), 0, 0),
	BAD("draw without a source", GPU_FAULT_FIELD, 0, GPU_COMPOSITE_TARGET, DATA_AT, LAYOUT,
		GPU_XY(4, 4), GPU_COMPOSITE_DRAW, 255, 0, GPU_XY(4, 4), 0, 0),
	{"COMPOSITE on the blitter's ring", GPU_FAULT_OPCODE, 0, {GPU_COMPOSITE_SOLID, 0}, 2,
		GPU_ENGINE_BLT},
};

TEST_ROWS(faults, struct bad, bads)
{
	struct gpu_card card;

	init_card(&card, row->id);
	memcpy(gpu_card_find(&card, NEXT_AT)->host + 4092, &(uint32_t){GPU_MI_STORE_DWORD_IMM}, 4);
	card.engine->interrupt = on_interrupt;
	gpu_emit(&card, row->dwords, row->count);
	/* What comes after must not run. */
	GPU_EMIT(&card, GPU_MI_STORE_DWORD_IMM, DATA_AT + 64, 1, GPU_MI_BATCH_BUFFER_END);
	gpu_card_submit(&card, (uint32_t[]){GPU_MI_BATCH_BUFFER_START, GPU_BATCH_AT}, 2);
	gpu_card_set_reg(&card, GPU_REG_IMR, 0);
	CHECK_INT(gpu_card_go_on(&card), GPU_RUN_FAULT);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_IPEIR), row->code);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_PGTBL_ER), row->address);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_EIR), row->code == GPU_FAULT_UNMAPPED ?
		GPU_ERROR_PAGE_TABLE : GPU_ERROR_INSTRUCTION);
	CHECK_INT(card.interrupts, GPU_INT_ERROR);
	CHECK_INT(gpu_engine_run(card.engine, 100), GPU_RUN_FAULT);
	for (unsigned i = 0; i < DATA_SIZE; i += 4)
		CHECK_INT(data(&card, DATA_AT + i), 0);

	/* After a reset the error is still told, and the next batch runs. */
	card.emitted = 0;
	GPU_EMIT(&card, GPU_MI_STORE_DWORD_IMM, DATA_AT, 3);
	CHECK_INT(gpu_card_run(&card), GPU_RUN_IDLE);
	CHECK_INT(data(&card, DATA_AT), 3);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_IPEIR), row->code);
	gpu_card_set_reg(&card, GPU_REG_EIR, UINT32_MAX);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_EIR), 0);
	gpu_card_finish(&card);
}

TEST(ring_faults)
{
	struct gpu_card card;

	init_card(&card, GPU_ENGINE_RENDER);
	/* The packet is longer than what TAIL says is there. */
	gpu_card_submit(&card, (uint32_t[]){GPU_MI_NOOP, GPU_MI_STORE_DWORD_IMM}, 2);
	CHECK_INT(gpu_card_go_on(&card), GPU_RUN_FAULT);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_IPEIR), GPU_FAULT_RING);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_IPEHR), GPU_MI_STORE_DWORD_IMM);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_ACTHD), GPU_RING_AT + 4);
	/* TAIL outside of the ring. */
	gpu_card_submit(&card, (uint32_t[]){0}, 1);
	gpu_card_set_reg(&card, GPU_REG_TAIL, 4096);
	CHECK_INT(gpu_card_go_on(&card), GPU_RUN_FAULT);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_IPEIR), GPU_FAULT_RING);
	/* No ring there. */
	gpu_card_submit(&card, (uint32_t[]){0, 0}, 2);
	gpu_card_set_reg(&card, GPU_REG_START, 0x7000);
	CHECK_INT(gpu_card_go_on(&card), GPU_RUN_FAULT);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_IPEIR), GPU_FAULT_UNMAPPED);
	/* A batch's end that is in no batch. */
	gpu_card_submit(&card, (uint32_t[]){GPU_MI_BATCH_BUFFER_END, 0}, 2);
	CHECK_INT(gpu_card_go_on(&card), GPU_RUN_FAULT);
	CHECK_INT(gpu_card_reg(&card, GPU_REG_IPEIR), GPU_FAULT_OPCODE);
	gpu_card_finish(&card);
}

/* Random dwords: whatever happens, it ends or is bounded, and stays in the objects (ASan). */
TEST(noise)
{
	static const uint32_t heads[] = {GPU_XY_COLOR_BLT, GPU_XY_SRC_COPY_BLT,
		GPU_MI_STORE_DWORD_IMM, GPU_COMPOSITE_TARGET, GPU_COMPOSITE_SURFACE,
		GPU_COMPOSITE_MASK, GPU_COMPOSITE_DRAW, GPU_COMPOSITE_SOLID, GPU_XY_SETUP_CLIP_BLT};
	struct gpu_card card;

	init_card(&card, GPU_ENGINE_RENDER);
	gpu_card_window(&card, NEXT_AT, 1 << 20, GEM_TILING_X, 512);
	for (unsigned run = 0; run < 3000; run++) {
		uint32_t ring[] = {GPU_MI_BATCH_BUFFER_START, GPU_BATCH_AT};

		card.emitted = 0;
		for (unsigned i = 0; i < 12; i++) {
			uint32_t dwords[10];

			for (unsigned k = 0; k < 10; k++)
				dwords[k] = gpu_random(0, 2) ? (uint32_t)gpu_random(0, 40) *
					GPU_XY(1, 1) : DATA_AT + gpu_random(-2, 40) * 4;
			dwords[0] = heads[gpu_random(0, 8)];
			if (dwords[0] >> 16 == 0x7f01 || dwords[0] >> 16 == 0x7f04)
				dwords[2] = GPU_COMPOSITE_LAYOUT(gpu_random(0, 5), gpu_random(0, 99) * 4);
			if (!gpu_random(0, 40))
				dwords[gpu_random(0, 9)] = random();
			gpu_emit(&card, dwords, (dwords[0] & 0xff) < 9 ? (dwords[0] & 0xff) + 2 : 10);
		}
		GPU_EMIT(&card, GPU_MI_BATCH_BUFFER_END);
		gpu_card_submit(&card, ring, 2);
		gpu_engine_run(card.engine, 10000);
	}
	gpu_card_finish(&card);
}
