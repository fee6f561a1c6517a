/*
 * Display modes: the uAPI's own struct drm_mode_modeinfo, timings from CVT
 * (libxcvt) and the VESA table, checks, and the time they stand for.
 */
#ifndef KMS_MODE_H
#define KMS_MODE_H

#include <stdbool.h>
#include <stdint.h>

#include <drm_mode.h>

/* One refresh in nanoseconds; 0 for a mode without timings. */
uint64_t kms_mode_period_ns(const struct drm_mode_modeinfo *mode);
/* One scanline in nanoseconds, rounded down. */
uint64_t kms_mode_line_ns(const struct drm_mode_modeinfo *mode);
/* vrefresh in Hz, rounded to nearest (kernel: drm_mode_vrefresh). */
uint32_t kms_mode_vrefresh(const struct drm_mode_modeinfo *mode);
/*
 * What the kernel refuses of a user's mode (drm_mode_convert_umode and
 * drm_mode_validate_basic): -EINVAL; -ERANGE for clock or refresh above INT_MAX.
 * Our hardware's own limit (the kernel's mode_valid hook): 1 Hz to 20 kHz, so that
 * no client can make the vblank thread spin, or sleep for days. -EINVAL.
 */
int kms_mode_check(const struct drm_mode_modeinfo *mode);
/* Same timings and flags; name, type and vrefresh do not count. */
bool kms_mode_equal(const struct drm_mode_modeinfo *a, const struct drm_mode_modeinfo *b);
/* CVT timings (libxcvt) for a size, e.g. of a resized window. refresh in Hz. */
int kms_mode_cvt(uint32_t width, uint32_t height, uint32_t refresh,
	struct drm_mode_modeinfo *mode);
/* DMT timings of a well-known size at 60 Hz, CVT otherwise. */
int kms_mode_standard(uint32_t width, uint32_t height, struct drm_mode_modeinfo *mode);

/*
 * A 128-byte EDID 1.4 block: vendor "TCD", the name, preferred as its detailed
 * timing, standard and established timings for the others it can express,
 * range limits, correct checksum. Physical size from 96 dpi.
 */
#define KMS_EDID_SIZE 128
void kms_edid_build(uint8_t edid[KMS_EDID_SIZE], const char *name, uint32_t serial,
	const struct drm_mode_modeinfo *modes, unsigned mode_count);

#endif
