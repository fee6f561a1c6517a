/*
 * The blitter: XY_* packets. Part of an engine; on its thread, without locks.
 * The packet's dwords are a private copy whose length the streamer has checked.
 */
#ifndef GPU_BLT_H
#define GPU_BLT_H

#include "gpu_bus.h"

struct gpu_blt {
	int16_t clip_x1, clip_y1, clip_x2, clip_y2; /* XY_SETUP_CLIP_BLT; x2, y2 exclusive */
	uint8_t *lines[2];                          /* a row each, of the largest size */
};

/* -ENOMEM. The clip rectangle is empty, as after gpu_blt_reset. */
int gpu_blt_init(struct gpu_blt *blt);
void gpu_blt_finish(struct gpu_blt *blt);
void gpu_blt_reset(struct gpu_blt *blt);

void gpu_blt_setup_clip(struct gpu_blt *blt, const uint32_t *dwords);
/*
 * *written grows by the bytes that the packet wrote. With a fault, nothing was
 * written.
 */
struct gpu_fault gpu_blt_color(struct gpu_blt *blt, const struct gpu_bus *bus,
	const uint32_t *dwords, uint64_t *written);
/* Overlaps are right: as though all of the source were read first. */
struct gpu_fault gpu_blt_copy(struct gpu_blt *blt, const struct gpu_bus *bus,
	const uint32_t *dwords, uint64_t *written);

#endif
