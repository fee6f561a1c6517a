/*
 * The draws of COMPOSITE that are still to be done, all into one target, and
 * what does them: nothing that is hidden by a later one, tile by tile of a size
 * that stays in a core's cache, on all cores. The pixels are those of drawing in
 * order.
 *
 * Part of an engine; on its thread, without locks. Who reads or writes memory in
 * any other way has to run them before.
 */
#ifndef GPU_TILES_H
#define GPU_TILES_H

#include <stdatomic.h>

#include "gem_pool.h"
#include "gpu_draw.h"

enum { GPU_TILES_MAX_DRAWS = 1024 };
/* Recorded at most, in bytes as gpu_draw.cost counts: what a run takes is bounded. */
#define GPU_TILES_MAX_COST (2ull << 30)

struct gpu_tiles {
	struct gpu_draw *draws;
	pixman_box16_t *extents; /* of the draws, once it is known what is seen */
	unsigned count, room;    /* room: of both */
	struct gpu_pixels target;
	uint64_t cost;  /* of draws */
	uint64_t done;  /* cost of all that was run so far */
	bool alone; /* a source that is the target: with no other draw */
	/* One for each thread of a run; taken by flag. */
	struct gpu_scratch scratch[GEM_POOL_MAX + 1];
	atomic_flag taken[GEM_POOL_MAX + 1];
};

void gpu_tiles_init(struct gpu_tiles *tiles);
void gpu_tiles_finish(struct gpu_tiles *tiles);
/* What is recorded is forgotten. */
void gpu_tiles_drop(struct gpu_tiles *tiles);

/*
 * draw, after gpu_draw_init, becomes tiles'. First it runs what is recorded if
 * the two cannot be done together. MEMORY: draw is finished.
 */
struct gpu_fault gpu_tiles_add(struct gpu_tiles *tiles, struct gem_pool *pool,
	const struct gpu_pixels *target, struct gpu_draw *draw);
/* Does what is recorded. MEMORY: some of it is not drawn, but forgotten. */
struct gpu_fault gpu_tiles_run(struct gpu_tiles *tiles, struct gem_pool *pool);

/* Whether a run will write any of these bytes. */
static inline bool gpu_tiles_write(const struct gpu_tiles *tiles, const void *host, size_t size)
{
	return tiles->count && (const uint8_t *)host < tiles->target.host + tiles->target.size &&
		tiles->target.host < (const uint8_t *)host + size;
}

#endif
