/* Video formats of CTA-861-G that have a code (VIC), progressive and interlaced. */
#include "gem_base.h"
#include "kms_edid.h"
#include "kms_mode.h"

#define POSITIVE (DRM_MODE_FLAG_PHSYNC | DRM_MODE_FLAG_PVSYNC)
#define NEGATIVE (DRM_MODE_FLAG_NHSYNC | DRM_MODE_FLAG_NVSYNC)

#define VIC(vic, khz, hd, hss, hse, ht, vd, vss, vse, vt, flags_)                           \
	{vic, {.clock = khz, .hdisplay = hd, .hsync_start = hss, .hsync_end = hse,         \
		.htotal = ht, .vdisplay = vd, .vsync_start = vss, .vsync_end = vse,        \
		.vtotal = vt, .flags = flags_}}
#define HD(vic, khz, hss, hse, ht) \
	VIC(vic, khz, 1280, hss, hse, ht, 720, 725, 730, 750, POSITIVE)
#define FULL_HD(vic, khz, hss, hse, ht) \
	VIC(vic, khz, 1920, hss, hse, ht, 1080, 1084, 1089, 1125, POSITIVE)
#define INTERLACED(vic, khz, hss, hse, ht)                                \
	VIC(vic, khz, 1920, hss, hse, ht, 1080, 1084, 1094, 1125,         \
		POSITIVE | DRM_MODE_FLAG_INTERLACE)
#define UHD(vic, khz, hss, hse, ht) \
	VIC(vic, khz, 3840, hss, hse, ht, 2160, 2168, 2178, 2250, POSITIVE)
#define CINEMA(vic, khz, hss, hse, ht) \
	VIC(vic, khz, 4096, hss, hse, ht, 2160, 2168, 2178, 2250, POSITIVE)

static const struct {
	unsigned vic;
	struct drm_mode_modeinfo mode;
} formats[] = {
	VIC(1, 25175, 640, 656, 752, 800, 480, 490, 492, 525, NEGATIVE),
	VIC(2, 27000, 720, 736, 798, 858, 480, 489, 495, 525, NEGATIVE), /* 4:3 */
	VIC(3, 27000, 720, 736, 798, 858, 480, 489, 495, 525, NEGATIVE), /* 16:9 */
	HD(4, 74250, 1390, 1430, 1650),
	INTERLACED(5, 74250, 2008, 2052, 2200),
	FULL_HD(16, 148500, 2008, 2052, 2200),
	VIC(17, 27000, 720, 732, 796, 864, 576, 581, 586, 625, NEGATIVE), /* 4:3 */
	VIC(18, 27000, 720, 732, 796, 864, 576, 581, 586, 625, NEGATIVE), /* 16:9 */
	HD(19, 74250, 1720, 1760, 1980),
	INTERLACED(20, 74250, 2448, 2492, 2640),
	FULL_HD(31, 148500, 2448, 2492, 2640),
	FULL_HD(32, 74250, 2558, 2602, 2750),
	FULL_HD(33, 74250, 2448, 2492, 2640),
	FULL_HD(34, 74250, 2008, 2052, 2200),
	HD(41, 148500, 1720, 1760, 1980),
	HD(47, 148500, 1390, 1430, 1650),
	HD(60, 59400, 3040, 3080, 3300),
	HD(61, 74250, 3700, 3740, 3960),
	HD(62, 74250, 3040, 3080, 3300),
	FULL_HD(63, 297000, 2008, 2052, 2200),
	FULL_HD(64, 297000, 2448, 2492, 2640),
	UHD(93, 297000, 5116, 5204, 5500),
	UHD(94, 297000, 4896, 4984, 5280),
	UHD(95, 297000, 4016, 4104, 4400),
	UHD(96, 594000, 4896, 4984, 5280),
	UHD(97, 594000, 4016, 4104, 4400),
	CINEMA(98, 297000, 5116, 5204, 5500),
	CINEMA(99, 297000, 5064, 5152, 5280),
	CINEMA(100, 297000, 4184, 4272, 4400),
	CINEMA(101, 594000, 5064, 5152, 5280),
	CINEMA(102, 594000, 4184, 4272, 4400),
	UHD(117, 1188000, 4896, 4984, 5280),
	UHD(118, 1188000, 4016, 4104, 4400),
};

const struct drm_mode_modeinfo *kms_vic_mode(unsigned vic)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(formats); i++) {
		if (formats[i].vic == vic)
			return &formats[i].mode;
	}
	return NULL;
}

unsigned kms_vic_of_mode(const struct drm_mode_modeinfo *mode)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(formats); i++) {
		if (kms_mode_equal(&formats[i].mode, mode))
			return formats[i].vic;
	}
	return 0;
}
