/*
 * An engine with memory of a test's choosing: objects at GPU addresses, on the
 * heap in exactly their size (so that ASan sees a byte too many), fence
 * windows, a ring, and a batch that grows by gpu_emit.
 */
#ifndef GPU_FIXTURE_H
#define GPU_FIXTURE_H

#include "gpu_engine.h"
#include "gpu_packet.h"

enum {
	GPU_RING_AT = 0x10000, GPU_STATUS_AT = 0x20000, GPU_BATCH_AT = 0x100000,
	GPU_BATCH_SIZE = 65536, GPU_MAX_OBJECTS = 12, GPU_MAX_WINDOWS = 4
};

struct gpu_place {
	uint64_t address, size;
	uint8_t *host;
	bool read_only;
};

struct gpu_card {
	struct gpu_bus bus;
	struct gpu_engine *engine;
	unsigned object_count, window_count;
	struct gpu_place objects[GPU_MAX_OBJECTS];
	struct gem_fence_window windows[GPU_MAX_WINDOWS];
	uint32_t *ring, *status, *batch;
	unsigned emitted; /* dwords in the batch */
	unsigned interrupts;
};

void gpu_card_init(struct gpu_card *card, enum gpu_engine_id id);
void gpu_card_finish(struct gpu_card *card);
/* Filled with random bytes. */
uint8_t *gpu_card_add(struct gpu_card *card, uint64_t address, uint64_t size);
void gpu_card_window(struct gpu_card *card, uint64_t start, uint64_t size,
	enum gem_tiling tiling, uint32_t stride);
struct gpu_place *gpu_card_find(struct gpu_card *card, uint64_t address);

void gpu_emit(struct gpu_card *card, const uint32_t *dwords, unsigned count);
#define GPU_EMIT(card, ...)                                                     \
	gpu_emit(card, (const uint32_t[]){__VA_ARGS__},                         \
		sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* Resets the engine and puts count dwords into the ring. */
void gpu_card_submit(struct gpu_card *card, const uint32_t *dwords, unsigned count);
/* Ends the batch, submits it, runs to the end; the batch is empty again. */
enum gpu_run gpu_card_run(struct gpu_card *card);
enum gpu_run gpu_card_go_on(struct gpu_card *card);
uint32_t gpu_card_reg(struct gpu_card *card, enum gpu_reg reg);
void gpu_card_set_reg(struct gpu_card *card, enum gpu_reg reg, uint32_t value);

int32_t gpu_random(int32_t low, int32_t high); /* both included */

#endif
