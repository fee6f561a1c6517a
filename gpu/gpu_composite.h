/*
 * The COMPOSITE packets of the render ring: state (target, scissors, source,
 * mask) and draws, executed by pixman over translated memory. Part of an
 * engine; on its thread, without locks. The dwords are a private copy whose
 * length the streamer has checked.
 */
#ifndef GPU_COMPOSITE_H
#define GPU_COMPOSITE_H

#include <pixman.h>

#include "gpu_bus.h"
#include "gpu_packet.h"

struct gpu_composite_surface {
	uint32_t address, pitch;
	uint32_t format; /* enum gpu_composite_format */
	uint32_t width, height;
};

/* Not set = zero; a draw without a target or source is a fault. */
struct gpu_composite {
	struct gpu_composite_surface target, source, mask; /* width 0 = not set */
	bool solid;              /* source is color instead */
	uint32_t color;          /* a8r8g8b8, premultiplied */
	bool bilinear;
	int32_t transform[6];    /* 16.16, target to source: xx xy x0, yx yy y0 */
	unsigned scissor_count;  /* 0 = the whole target */
	pixman_box32_t scissors[GPU_COMPOSITE_MAX_SCISSORS];
};

/* Back to nothing set: at the start of each batch. */
void gpu_composite_reset(struct gpu_composite *composite);

/*
 * Any packet whose header is 0x7fWW00LL. *written grows by the bytes that it
 * may have written; nothing is when it faults (except MEMORY).
 */
struct gpu_fault gpu_composite_packet(struct gpu_composite *composite, const struct gpu_bus *bus,
	const uint32_t *dwords, uint32_t count, uint64_t *written);

#endif
