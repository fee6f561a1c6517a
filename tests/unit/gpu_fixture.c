#include <stdlib.h>
#include <string.h>

#include "gpu_fixture.h"
#include "test.h"

int32_t gpu_random(int32_t low, int32_t high)
{
	return low + (int32_t)(random() % ((int64_t)high - low + 1));
}

static void *translate(const struct gpu_bus *bus, uint64_t address, uint64_t length, bool write)
{
	struct gpu_card *card = gem_container_of(bus, struct gpu_card, bus);
	struct gpu_place *place = gpu_card_find(card, address);

	CHECK(length > 0);
	if (!place || address + length > place->address + place->size ||
		(write && place->read_only))
		return NULL;
	return place->host + (address - place->address);
}

static bool fence(const struct gpu_bus *bus, uint64_t address, struct gem_fence_window *window)
{
	struct gpu_card *card = gem_container_of(bus, struct gpu_card, bus);

	for (unsigned i = 0; i < card->window_count; i++)
		if (address >= card->windows[i].start &&
			address - card->windows[i].start < card->windows[i].size) {
			*window = card->windows[i];
			return true;
		}
	return false;
}

struct gpu_place *gpu_card_find(struct gpu_card *card, uint64_t address)
{
	for (unsigned i = 0; i < card->object_count; i++)
		if (address >= card->objects[i].address &&
			address - card->objects[i].address < card->objects[i].size)
			return &card->objects[i];
	return NULL;
}

uint8_t *gpu_card_add(struct gpu_card *card, uint64_t address, uint64_t size)
{
	uint8_t *host = malloc(size);

	CHECK(host && card->object_count < GPU_MAX_OBJECTS);
	for (uint64_t i = 0; i < size; i++)
		host[i] = random() >> 8;
	card->objects[card->object_count++] = (struct gpu_place){address, size, host, false};
	return host;
}

void gpu_card_window(struct gpu_card *card, uint64_t start, uint64_t size,
	enum gem_tiling tiling, uint32_t stride)
{
	CHECK(card->window_count < GPU_MAX_WINDOWS);
	card->windows[card->window_count++] =
		(struct gem_fence_window){start, size, tiling, stride};
}

void gpu_card_init(struct gpu_card *card, enum gpu_engine_id id)
{
	*card = (struct gpu_card){.bus = {translate, fence}};
	CHECK_INT(gpu_engine_create(id, &card->bus, &card->engine), 0);
	card->ring = (uint32_t *)gpu_card_add(card, GPU_RING_AT, 4096);
	card->status = (uint32_t *)gpu_card_add(card, GPU_STATUS_AT, 4096);
	card->batch = (uint32_t *)gpu_card_add(card, GPU_BATCH_AT, GPU_BATCH_SIZE);
}

void gpu_card_finish(struct gpu_card *card)
{
	gpu_engine_destroy(card->engine);
	for (unsigned i = 0; i < card->object_count; i++)
		free(card->objects[i].host);
}

void gpu_emit(struct gpu_card *card, const uint32_t *dwords, unsigned count)
{
	CHECK((card->emitted + count) * 4 <= GPU_BATCH_SIZE);
	memcpy(card->batch + card->emitted, dwords, count * 4);
	card->emitted += count;
}

uint32_t gpu_card_reg(struct gpu_card *card, enum gpu_reg reg)
{
	return gpu_engine_read(card->engine, gpu_reg_infos[reg].offset);
}

void gpu_card_set_reg(struct gpu_card *card, enum gpu_reg reg, uint32_t value)
{
	gpu_engine_write(card->engine, gpu_reg_infos[reg].offset, value);
}

void gpu_card_submit(struct gpu_card *card, const uint32_t *dwords, unsigned count)
{
	gpu_engine_reset(card->engine);
	memcpy(card->ring, dwords, count * 4);
	gpu_card_set_reg(card, GPU_REG_START, GPU_RING_AT);
	gpu_card_set_reg(card, GPU_REG_HWS_PGA, GPU_STATUS_AT);
	gpu_card_set_reg(card, GPU_REG_CTL, GPU_CTL_SIZE(4096) | GPU_CTL_ENABLE);
	gpu_card_set_reg(card, GPU_REG_TAIL, count * 4);
}

enum gpu_run gpu_card_go_on(struct gpu_card *card)
{
	enum gpu_run run;

	do {
		run = gpu_engine_run(card->engine, 100000);
	} while (run == GPU_RUN_MORE);
	return run;
}

enum gpu_run gpu_card_run(struct gpu_card *card)
{
	const uint32_t start[] = {GPU_MI_BATCH_BUFFER_START,
		GPU_BATCH_AT | GPU_MI_BATCH_NON_SECURE};

	GPU_EMIT(card, GPU_MI_BATCH_BUFFER_END);
	card->emitted = 0;
	gpu_card_submit(card, start, 2);
	/* As a driver does with what may be short: nothing may tell where that ended. */
	enum gpu_run run = gpu_engine_try(card->engine, gpu_random(0, 4000));
	return run == GPU_RUN_MORE ? gpu_card_go_on(card) : run;
}
