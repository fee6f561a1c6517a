/*
 * An engine: registers, a ring, the command streamer that executes it and the
 * batches that it starts, and the units that draw (gpu_blt.h, gpu_composite.h).
 *
 * Threads: gpu_engine_run, _try, _set_space and _reset are called by one thread at a
 * time (who has the engine's worker). gpu_engine_read and _write may be called by any
 * thread: TAIL is how a driver submits while the engine runs. START and CTL are
 * to be written, and HEAD is taken from a write, only while the ring is
 * disabled. No lock is taken; none may be held that bus->translate takes.
 */
#ifndef GPU_ENGINE_H
#define GPU_ENGINE_H

#include "gem_pool.h"
#include "gpu_blt.h"
#include "gpu_composite.h"
#include "gpu_regs.h"

enum gpu_engine_id { GPU_ENGINE_RENDER, GPU_ENGINE_BLT };

enum gpu_run {
	GPU_RUN_IDLE,  /* HEAD is TAIL, or the ring is disabled */
	GPU_RUN_MORE,  /* the budget is used up: call again */
	GPU_RUN_FAULT, /* stopped; the registers tell why; gpu_engine_reset goes on */
};

/* Work units: see budget of gpu_engine_run. */
enum { GPU_WORK_BYTES = 64 };
/* What a dword of a packet counts for gpu_engine_try: to look at it is what takes the time. */
enum { GPU_TRY_DWORD = 8 };

struct gpu_engine {
	enum gpu_engine_id id;
	struct gpu_regs regs;
	const struct gpu_bus *global; /* ring, status page; immutable */
	/*
	 * Interrupts that IMR lets through, after IIR has the bit; on the
	 * engine's thread. NULL = nobody. Set before the first run.
	 */
	void (*interrupt)(struct gpu_engine *engine, uint32_t bits);
	/*
	 * Helps with the tiles; NULL = the engine's thread alone. The caller's, set
	 * before the first run, outlives the engine.
	 */
	struct gem_pool *pool;
	/* The streamer; the engine's thread. */
	const struct gpu_bus *space; /* what batches see */
	bool in_batch, stopped;
	uint64_t batch_at;           /* next packet of the batch, in space */
	uint64_t work;               /* units since the last packet of the ring began */
	struct gpu_fault fault;      /* why stopped */
	struct gpu_blt blt;
	struct gpu_composite composite;
};

/* The bus stays the caller's and must outlive the engine. -ENOMEM. */
int gpu_engine_create(enum gpu_engine_id id, const struct gpu_bus *global,
	struct gpu_engine **out);
void gpu_engine_destroy(struct gpu_engine *engine); /* NULL is fine */

/* Batches started from now on are in space (a context's); NULL = global. Not inside a batch. */
void gpu_engine_set_space(struct gpu_engine *engine, const struct gpu_bus *space);

/*
 * Executes from HEAD to TAIL until budget units of work are done: one for each
 * dword of a packet, one for each GPU_WORK_BYTES bytes written (as many more as
 * it takes more time for: gpu_draw.cost). Draws count in engine->work when their
 * packet is executed, and for the budget when they are done; whatever is returned,
 * all that was executed is done. A packet is never split, nor are draws that are
 * done at once, so that a call may exceed its budget by the largest packet (its
 * target: at most an object) or GPU_TILES_MAX_COST. An endless batch is one whose
 * engine->work grows over all bounds.
 */
enum gpu_run gpu_engine_run(struct gpu_engine *engine, uint64_t budget);
/*
 * As gpu_engine_run, if that is short for sure: nothing is begun that may exceed the
 * budget, and no blit. MORE: draws that are recorded are not done; the next call of
 * either goes on with them.
 */
enum gpu_run gpu_engine_try(struct gpu_engine *engine, uint64_t budget);

/* All but the error registers as after create; no batch, nothing stopped. */
void gpu_engine_reset(struct gpu_engine *engine);

/* offset from the engine's base. Nothing there, or RO: as SPEC.md says. */
uint32_t gpu_engine_read(const struct gpu_engine *engine, uint32_t offset);
void gpu_engine_write(struct gpu_engine *engine, uint32_t offset, uint32_t value);

#endif
