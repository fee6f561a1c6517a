/*
 * A crtc's colour pipeline on composed pixels: degamma LUT, CTM, gamma LUT, each
 * where it is there (kernel: drm_color_mgmt.c).
 *
 * LUT of n entries: a value v of 16 bits lies at v * (n - 1) / 65535 of it, and is the
 * two entries around that place in proportion, rounded to the nearest. Each channel has
 * its own.
 * CTM: coefficients rounded to the nearest 2^-24 (half away from 0) and kept within
 * +-65536; the sum of a row is rounded to the nearest (half up) and kept within 16 bits.
 */
#ifndef KMS_PIPELINE_H
#define KMS_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "kms_compose.h"
#include "kms_pixel.h"

struct kms_pipeline {
	bool active, matrix;
	unsigned step;       /* input values of the first tables: 0, step, 2 * step.. */
	/*
	 * By channel (r, g, b). before: by value / step; all there is when there is no
	 * matrix. after: by value; NULL = none.
	 */
	uint16_t *before[3], *after[3];
	int64_t coefficients[9]; /* of 2^24 */
	uint16_t *memory;        /* of all tables */
	/* Of pictures of 8 bits without a matrix: all there is, b, g, r. */
	uint8_t bytes[3][256];
};

/*
 * wide: pixels of 16 bits will come, else only those that are widened from 8. color
 * NULL or empty: nothing to do, active is false. -ENOMEM.
 */
int kms_pipeline_init(struct kms_pipeline *pipeline, const struct kms_compose_color *color,
	bool wide);
void kms_pipeline_finish(struct kms_pipeline *pipeline);

void kms_pipeline_run(const struct kms_pipeline *pipeline, struct kms_pixel *pixels,
	unsigned count);
/* XRGB8888 in place; for a pipeline that is not wide. */
void kms_pipeline_run8(const struct kms_pipeline *pipeline, uint8_t *pixels, unsigned count);

#endif
