#include <stddef.h>

#include "gem_base.h"
#include "kms_mode_table.h"

#define POSITIVE_H DRM_MODE_FLAG_PHSYNC
#define NEGATIVE_H DRM_MODE_FLAG_NHSYNC
#define POSITIVE_V DRM_MODE_FLAG_PVSYNC
#define NEGATIVE_V DRM_MODE_FLAG_NVSYNC

#define TIMING(hd, hss, hse, ht, vd, vss, vse, vt, khz, sync)                           \
	{.clock = khz, .hdisplay = hd, .hsync_start = hss, .hsync_end = hse, .htotal = ht, \
		.vdisplay = vd, .vsync_start = vss, .vsync_end = vse, .vtotal = vt,        \
		.flags = sync}

/* 60 Hz timings of VESA DMT 1.13; 1280x720 and 1920x1080 are CTA-861 formats 4 and 16 too. */
static const struct drm_mode_modeinfo timings[] = {
	TIMING(640, 656, 752, 800, 480, 490, 492, 525, 25175, NEGATIVE_H | NEGATIVE_V),
	TIMING(800, 840, 968, 1056, 600, 601, 605, 628, 40000, POSITIVE_H | POSITIVE_V),
	TIMING(1024, 1048, 1184, 1344, 768, 771, 777, 806, 65000, NEGATIVE_H | NEGATIVE_V),
	TIMING(1280, 1390, 1430, 1650, 720, 725, 730, 750, 74250, POSITIVE_H | POSITIVE_V),
	TIMING(1280, 1352, 1480, 1680, 800, 803, 809, 831, 83500, NEGATIVE_H | POSITIVE_V),
	TIMING(1280, 1376, 1488, 1800, 960, 961, 964, 1000, 108000, POSITIVE_H | POSITIVE_V),
	TIMING(1280, 1328, 1440, 1688, 1024, 1025, 1028, 1066, 108000, POSITIVE_H | POSITIVE_V),
	TIMING(1366, 1436, 1579, 1792, 768, 771, 774, 798, 85500, POSITIVE_H | POSITIVE_V),
	TIMING(1440, 1520, 1672, 1904, 900, 903, 909, 934, 106500, NEGATIVE_H | POSITIVE_V),
	TIMING(1600, 1624, 1704, 1800, 900, 901, 904, 1000, 108000, POSITIVE_H | POSITIVE_V),
	TIMING(1600, 1664, 1856, 2160, 1200, 1201, 1204, 1250, 162000, POSITIVE_H | POSITIVE_V),
	TIMING(1680, 1784, 1960, 2240, 1050, 1053, 1059, 1089, 146250, NEGATIVE_H | POSITIVE_V),
	TIMING(1920, 2008, 2052, 2200, 1080, 1084, 1089, 1125, 148500, POSITIVE_H | POSITIVE_V),
};

const struct drm_mode_modeinfo *kms_mode_table_find(uint32_t width, uint32_t height)
{
	for (size_t i = 0; i < GEM_ARRAY_SIZE(timings); i++) {
		if (timings[i].hdisplay == width && timings[i].vdisplay == height)
			return &timings[i];
	}
	return NULL;
}
