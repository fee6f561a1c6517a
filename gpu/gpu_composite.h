/*
 * The COMPOSITE packets of the render ring: state (target, scissors, source,
 * mask) and draws, which are checked and recorded in their order and done later,
 * all at once (gpu_tiles.h). Part of an engine; on its thread, without locks. The
 * dwords are a private copy whose length the streamer has checked.
 */
#ifndef GPU_COMPOSITE_H
#define GPU_COMPOSITE_H

#include "gpu_tiles.h"

/* Not set = zero; a draw without a target or source is a fault. */
struct gpu_composite {
	struct gpu_surface target, source, mask; /* width 0 = not set */
	bool solid;              /* source is color instead */
	uint32_t color;          /* a8r8g8b8, premultiplied */
	bool bilinear;
	int32_t transform[6];    /* 16.16, target to source: xx xy x0, yx yy y0 */
	bool clipped;            /* false = the whole target */
	pixman_region32_t clip;
	struct gpu_tiles tiles;
};

void gpu_composite_init(struct gpu_composite *composite);
void gpu_composite_finish(struct gpu_composite *composite);
/* Back to nothing set, at the start of each batch; what is recorded is forgotten. */
void gpu_composite_reset(struct gpu_composite *composite);

/*
 * Any packet whose header is 0x7fWW00LL. *written grows by the bytes that it is
 * to write, now or later: until gpu_tiles_run. With a fault, nothing of the
 * packet is written; MEMORY: see gpu_tiles_add.
 */
struct gpu_fault gpu_composite_packet(struct gpu_composite *composite, const struct gpu_bus *bus,
	struct gem_pool *pool, const uint32_t *dwords, uint32_t count, uint64_t *written);

#endif
