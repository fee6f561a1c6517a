/*
 * Painting by libdrm_intel: pictures that know what they should look like, and a
 * brush that fills and copies rectangles by batches. Whatever goes wrong ends the
 * program with a line that says so.
 */
#ifndef INTEL_PAINT_H
#define INTEL_PAINT_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <i915_drm.h>
#include <intel_bufmgr.h>

#define REQUIRE(condition)                                                                 \
	do {                                                                               \
		if (!(condition)) {                                                        \
			fprintf(stderr, "%s: %s:%d: %s is not so (%s)\n",                  \
				program_invocation_short_name, __FILE__, __LINE__,         \
				#condition, strerror(errno));                              \
			exit(EXIT_FAILURE);                                                \
		}                                                                          \
	} while (0)

/* As every function of libdrm: 0 or an error. */
#define TRY(call)                                                                          \
	do {                                                                               \
		int ret_ = call;                                                           \
		if (ret_) {                                                                \
			fprintf(stderr, "%s: %s:%d: %s: %s\n",                             \
				program_invocation_short_name, __FILE__, __LINE__, #call,  \
				strerror(ret_ < 0 ? -ret_ : ret_));                        \
			exit(EXIT_FAILURE);                                                \
		}                                                                          \
	} while (0)

struct picture {
	drm_intel_bo *bo;
	uint32_t width, height, tiling;
	unsigned long pitch; /* bytes */
	uint32_t *want;      /* width * height pixels: what should be in it; NULL: nobody asks */
};

enum { BRUSH_DWORDS = 1024 };

struct brush {
	drm_intel_bufmgr *manager;
	unsigned ring;       /* I915_EXEC_RENDER or _BLT */
	drm_intel_bo *batch; /* that is being made, or NULL */
	uint32_t dwords[BRUSH_DWORDS];
	unsigned count;
	drm_intel_bo *last;  /* the batch that was executed last, or NULL */
};

/* The card at path, with libdrm_intel's manager for it. */
drm_intel_bufmgr *paint_open(const char *path, int *fd);

struct picture *picture_create(drm_intel_bufmgr *manager, uint32_t width, uint32_t height,
	uint32_t tiling);
/* The picture of another process; want is all zero. */
struct picture *picture_open(drm_intel_bufmgr *manager, uint32_t name, uint32_t width,
	uint32_t height, unsigned long pitch);
/* Of a buffer object, which becomes the picture's. */
struct picture *picture_of(drm_intel_bo *bo, uint32_t width, uint32_t height,
	unsigned long pitch);
/* What is drawn on it from now on is not to be checked. */
void picture_forget(struct picture *picture);
void picture_destroy(struct picture *picture);
uint32_t picture_name(struct picture *picture);
/* Pixels by the processor: through the aperture, or by subdata when it is linear. */
void picture_draw(struct picture *picture, unsigned seed);
/* Only what is in the columns from x1 to x2. */
void picture_check(struct picture *picture, uint32_t x1, uint32_t x2);

void brush_init(struct brush *brush, drm_intel_bufmgr *manager, unsigned ring);
void brush_finish(struct brush *brush);
/* Both change want, too. */
void brush_fill(struct brush *brush, struct picture *to, uint32_t x, uint32_t y, uint32_t width,
	uint32_t height, uint32_t color);
void brush_copy(struct brush *brush, struct picture *to, uint32_t x, uint32_t y, uint32_t width,
	uint32_t height, struct picture *from, uint32_t from_x, uint32_t from_y);
/* Executes what was painted so far. 0 or an error of libdrm_intel's. */
int brush_run(struct brush *brush);

#endif
