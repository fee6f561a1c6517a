/*
 * One draw of COMPOSITE, with all that it needs: checked, found in memory, and
 * then drawn in as many pieces as one likes, on any threads, each giving the
 * pixels that the whole would.
 */
#ifndef GPU_DRAW_H
#define GPU_DRAW_H

#include "gpu_span.h"
#include "gpu_surface.h"

/*
 * A source's coordinates, before and after its transform, and a mask's: a draw
 * whose corners (one pixel further out) are beyond draws nothing. Less than what
 * pixman refuses, so that it never refuses a piece.
 */
enum { GPU_DRAW_REACH = 32000 };

struct gpu_draw {
	pixman_op_t op;
	uint8_t alpha;
	bool solid, bilinear;
	bool transformed; /* not just moved by whole pixels: that is in source_dx, _dy */
	uint32_t color;   /* solid */
	struct gpu_pixels source, mask;         /* host NULL = none */
	int32_t source_dx, source_dy;           /* source's pixel, not yet transformed - target's */
	int32_t mask_dx, mask_dy;
	pixman_fixed_t xx, xy, x0, yx, yy, y0;
	/* The pixels of the target; gpu_draw_finish ends it. */
	pixman_region32_t region;
	/* In these of region, the target does not matter: what was there is hidden. */
	pixman_box32_t hides;
	uint32_t pixel_cost;                    /* bytes that are read and written, about */
	uint64_t cost;                          /* of all of it */
	struct gpu_span span;                   /* row NULL = pixman draws */
	bool streams;                           /* by span.stream, which there is */
};

/* Memory that draws may use for a while; grows, is reused. */
enum gpu_scratch_use { GPU_SCRATCH_TARGET, GPU_SCRATCH_SOURCE, GPU_SCRATCH_MASK,
	GPU_SCRATCH_PRODUCT, GPU_SCRATCH_COUNT };
struct gpu_scratch {
	uint8_t *bytes[GPU_SCRATCH_COUNT];
	size_t sizes[GPU_SCRATCH_COUNT];
};

/* NULL = no memory. What it held is lost. */
uint8_t *gpu_scratch_get(struct gpu_scratch *scratch, enum gpu_scratch_use use, size_t size);
/* Of each use no more than size stays. */
void gpu_scratch_trim(struct gpu_scratch *scratch, size_t size);
void gpu_scratch_finish(struct gpu_scratch *scratch);

/*
 * Of the fields up to y0, box (what is drawn, within target; not empty) and clip
 * (NULL = none): all the others but streams, which is the caller's. False = no memory, nothing to finish. An empty
 * region has nothing to draw.
 */
bool gpu_draw_init(struct gpu_draw *draw, const struct gpu_pixels *target,
	const pixman_box32_t *box, const pixman_region32_t *clip);
void gpu_draw_finish(struct gpu_draw *draw);

/* A target, or a part of it: linear, the pixel x, y first. */
struct gpu_view {
	uint8_t *host;
	uint32_t pitch, width, height;
	int32_t x, y;
	const struct gpu_format *format;
	pixman_image_t *image; /* NULL at first; who made the view puts it */
};

/* Boxes of the draw's region, count >= 1, all inside of view. False = no memory. */
bool gpu_draw_boxes(const struct gpu_draw *draw, struct gpu_view *view,
	const pixman_box32_t *boxes, unsigned count, struct gpu_scratch *scratch);

#endif
