/*
 * Rows of an 8-bit picture from the framebuffers that are most of what is seen: RGB of
 * 8 bits a channel, and YUV of 8 bits that covers what is below. The bytes are those that
 * kms_sampler_read, kms_pixel_modulate, kms_pixel_over8 and kms_pixel_store8 make, a
 * pixel at a time; these loops work on whole vectors.
 */
#ifndef KMS_ROWS_H
#define KMS_ROWS_H

#include "kms_sampler.h"

/* opaque: nothing below counts, as plane alpha and blend mode are. */
bool kms_rows_can(const struct kms_layout *layout, bool opaque);
/* Rows y and other of the visible part have the same pixels: a scaled plane's. */
bool kms_rows_alike(const struct kms_sampler *sampler, uint32_t y, uint32_t other);
/*
 * The plane's pixels x to x + count - 1 of row y of its visible part, onto to: XRGB8888,
 * and X = 0xff. Any thread.
 */
void kms_rows_draw(const struct kms_sampler *sampler, const struct kms_compose_plane *plane,
	bool opaque, uint32_t x, uint32_t y, unsigned count, uint32_t *to);

#endif
