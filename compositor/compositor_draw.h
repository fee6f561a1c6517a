/*
 * One draw of the compositor: what COMPOSITE's packets say (gpu/SPEC.md), with
 * objects in the place of addresses. Made by the renderer, gathered in a batch,
 * then encoded for the GPU or, when there is none, done by the processor.
 */
#ifndef COMPOSITOR_DRAW_H
#define COMPOSITOR_DRAW_H

#include <stdbool.h>
#include <stdint.h>

struct compositor_bo;

struct compositor_surface {
	struct compositor_bo *bo;
	uint32_t offset; /* of pixel 0, 0 in bo, bytes; a multiple of 4 */
	uint32_t pitch;  /* bytes, a multiple of 4 */
	uint32_t width, height;
	uint32_t format; /* enum gpu_composite_format */
	uint32_t tiling; /* I915_TILING_*; tiled: offset a multiple of 4096; sources only */
};

struct compositor_draw {
	struct compositor_surface target;
	struct compositor_surface source; /* bo NULL: color instead */
	uint32_t color;                   /* a8r8g8b8, premultiplied */
	/* Source pixel of X, Y: rows xx, xy, x0 and yx, yy, y0 in 16.16. */
	int32_t transform[6];
	bool over;     /* else the source replaces what is there */
	uint8_t alpha; /* 255 = 1.0 */
	int32_t x1, y1, x2, y2;     /* on the target, within it */
	int32_t source_x, source_y; /* X, Y at x1, y1 */
};

#endif
