#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxcvt/libxcvt.h>

#include "gem_base.h"
#include "kms_mode.h"
#include "kms_mode_table.h"

/* Refresh rates the simulated hardware locks to. */
#define MIN_PERIOD_NS 50000ull
#define MAX_PERIOD_NS 1000000000ull
/* Beyond this CVT's blanking wastes a quarter of the clock: reduced blanking. */
#define REDUCED_BLANKING_PIXELS (1920u * 1200u)
/* Smallest and largest size CVT timings make sense for. */
#define CVT_MIN 16
#define CVT_MAX 16384

/*
 * Pixels of one refresh times what the flags make of them, and the pixel rate
 * in kHz: an interlaced mode refreshes with every field.
 */
static void mode_rate(const struct drm_mode_modeinfo *mode, unsigned __int128 *pixels,
	uint64_t *khz)
{
	*pixels = (uint64_t)mode->htotal * mode->vtotal;
	*khz = mode->clock;
	if (mode->flags & DRM_MODE_FLAG_INTERLACE)
		*khz *= 2;
	if (mode->flags & DRM_MODE_FLAG_DBLSCAN)
		*pixels *= 2;
	if (mode->vscan > 1)
		*pixels *= mode->vscan;
}

uint64_t kms_mode_period_ns(const struct drm_mode_modeinfo *mode)
{
	unsigned __int128 pixels;
	uint64_t khz;

	mode_rate(mode, &pixels, &khz);
	if (khz == 0 || pixels == 0)
		return 0;
	unsigned __int128 period = pixels * 1000000 / khz;
	return period > UINT64_MAX ? UINT64_MAX : (uint64_t)period;
}

uint64_t kms_mode_line_ns(const struct drm_mode_modeinfo *mode)
{
	return mode->clock ? mode->htotal * 1000000ull / mode->clock : 0;
}

uint32_t kms_mode_vrefresh(const struct drm_mode_modeinfo *mode)
{
	unsigned __int128 pixels;
	uint64_t khz;

	mode_rate(mode, &pixels, &khz);
	if (pixels == 0)
		return 0;
	return (uint32_t)((khz * 1000 + pixels / 2) / pixels);
}

static bool axis_is_legal(uint16_t display, uint16_t start, uint16_t end, uint16_t total)
{
	return display > 0 && start >= display && end >= start && total >= end;
}

static bool aspect_is_known(uint32_t flags)
{
	return (flags & DRM_MODE_FLAG_PIC_AR_MASK) <= DRM_MODE_FLAG_PIC_AR_256_135;
}

int kms_mode_check(const struct drm_mode_modeinfo *mode)
{
	uint64_t period = kms_mode_period_ns(mode);

	if (mode->clock > INT_MAX || mode->vrefresh > INT_MAX)
		return -ERANGE;
	if (!aspect_is_known(mode->flags) ||
		(mode->flags & ~(DRM_MODE_FLAG_ALL | DRM_MODE_FLAG_PIC_AR_MASK)) ||
		(mode->flags & DRM_MODE_FLAG_3D_MASK) > DRM_MODE_FLAG_3D_SIDE_BY_SIDE_HALF) {
		gem_debug("kms", "mode flags 0x%x", mode->flags);
		return -EINVAL;
	}
	if (!axis_is_legal(mode->hdisplay, mode->hsync_start, mode->hsync_end, mode->htotal) ||
		!axis_is_legal(mode->vdisplay, mode->vsync_start, mode->vsync_end, mode->vtotal)) {
		gem_debug("kms", "mode %ux%u: timings out of order", mode->hdisplay,
			mode->vdisplay);
		return -EINVAL;
	}
	if (period < MIN_PERIOD_NS || period > MAX_PERIOD_NS) {
		gem_debug("kms", "mode %ux%u: refresh not within 1 Hz to 20 kHz", mode->hdisplay,
			mode->vdisplay);
		return -EINVAL;
	}
	return 0;
}

bool kms_mode_equal(const struct drm_mode_modeinfo *a, const struct drm_mode_modeinfo *b)
{
	return a->clock == b->clock && a->flags == b->flags &&
		a->hdisplay == b->hdisplay && a->hsync_start == b->hsync_start &&
		a->hsync_end == b->hsync_end && a->htotal == b->htotal && a->hskew == b->hskew &&
		a->vdisplay == b->vdisplay && a->vsync_start == b->vsync_start &&
		a->vsync_end == b->vsync_end && a->vtotal == b->vtotal && a->vscan == b->vscan;
}

static void mode_finish(struct drm_mode_modeinfo *mode)
{
	mode->vrefresh = kms_mode_vrefresh(mode);
	mode->type = DRM_MODE_TYPE_DRIVER;
	snprintf(mode->name, sizeof(mode->name), "%ux%u", mode->hdisplay, mode->vdisplay);
}

/* kHz, the nearest multiple of 10, not 0. */
static uint32_t exact_clock(const struct drm_mode_modeinfo *mode, uint32_t refresh)
{
	uint64_t hz = (uint64_t)mode->htotal * mode->vtotal * refresh;

	return hz < 10000 ? 10 : (uint32_t)((hz + 5000) / 10000 * 10);
}

/*
 * CVT counts in cells of 8 pixels. The timings are made for the next whole
 * cell, and the pixels that are not wanted become front porch: a window of any
 * width gets a mode of exactly its width.
 */
int kms_mode_cvt(uint32_t width, uint32_t height, uint32_t refresh,
	struct drm_mode_modeinfo *mode)
{
	if (width < CVT_MIN || height < CVT_MIN || width > CVT_MAX || height > CVT_MAX ||
		refresh == 0 || refresh > 1000)
		return -EINVAL;
	/* CVT's reduced blanking is defined for 60 Hz and its multiples. */
	bool reduced = width * height > REDUCED_BLANKING_PIXELS && refresh % 60 == 0;
	struct libxcvt_mode_info *cvt = libxcvt_gen_mode_info((int)GEM_ALIGN(width, 8u),
		(int)height, (float)refresh, reduced, false);
	if (!cvt)
		return -EINVAL;
	*mode = (struct drm_mode_modeinfo){
		.clock = (uint32_t)cvt->dot_clock,
		.hdisplay = (uint16_t)width,
		.hsync_start = cvt->hsync_start,
		.hsync_end = cvt->hsync_end,
		.htotal = cvt->htotal,
		.vdisplay = (uint16_t)height,
		.vsync_start = cvt->vsync_start,
		.vsync_end = cvt->vsync_end,
		.vtotal = cvt->vtotal,
	};
	mode->flags = cvt->mode_flags & LIBXCVT_MODE_FLAG_HSYNC_POSITIVE ?
		DRM_MODE_FLAG_PHSYNC : DRM_MODE_FLAG_NHSYNC;
	mode->flags |= cvt->mode_flags & LIBXCVT_MODE_FLAG_VSYNC_POSITIVE ?
		DRM_MODE_FLAG_PVSYNC : DRM_MODE_FLAG_NVSYNC;
	free(cvt);
	/*
	 * CVT's clock goes in steps of 250 kHz, too coarse for small windows: there,
	 * take the step of an EDID's clock, 10 kHz.
	 */
	if (kms_mode_vrefresh(mode) != refresh)
		mode->clock = exact_clock(mode, refresh);
	mode_finish(mode);
	return kms_mode_check(mode);
}

int kms_mode_standard(uint32_t width, uint32_t height, struct drm_mode_modeinfo *mode)
{
	const struct drm_mode_modeinfo *known = kms_mode_table_find(width, height);

	if (!known)
		return kms_mode_cvt(width, height, 60, mode);
	*mode = *known;
	mode_finish(mode);
	return 0;
}
