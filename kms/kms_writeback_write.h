/*
 * What a writeback job does with its frame: the composed picture in the framebuffer's
 * format. XRGB8888, ARGB8888 and RGB565 (each channel the nearest share of 31 or 63) are
 * the picture of the screen; XRGB16161616 and ARGB16161616 are composed in 16 bits. X
 * and alpha are all ones.
 */
#ifndef KMS_WRITEBACK_WRITE_H
#define KMS_WRITEBACK_WRITE_H

#include "kms_snapshot.h"

/*
 * composed: the picture of shot as XRGB8888 without padding, NULL = not there. -EINVAL not
 * the snapshot's size, or another format; -ENOMEM.
 */
int kms_writeback_write(const struct kms_snapshot *shot, const uint8_t *composed,
	const struct kms_framebuffer *fb);

#endif
