/* The well-known sizes' timings at 60 Hz (VESA DMT). */
#ifndef KMS_MODE_TABLE_H
#define KMS_MODE_TABLE_H

#include <stdint.h>

#include <drm_mode.h>

/* Timings and flags only, no name, type or vrefresh. NULL for other sizes. */
const struct drm_mode_modeinfo *kms_mode_table_find(uint32_t width, uint32_t height);

#endif
