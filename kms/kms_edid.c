/*
 * EDID 1.4 (VESA E-EDID A2), the base block only. Byte offsets below are the
 * standard's.
 */
#include <string.h>

#include "gem_base.h"
#include "kms_mode.h"
#include "kms_mode_table.h"

/* Pixels at 96 dpi in tenths of a millimetre. */
static unsigned tenths_of_mm(unsigned pixels)
{
	return (pixels * 254 + 48) / 96;
}

static void put_vendor(uint8_t *edid, uint32_t serial)
{
	static const uint8_t header[8] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0};
	const unsigned vendor = ('T' - 'A' + 1) << 10 | ('C' - 'A' + 1) << 5 | ('D' - 'A' + 1);

	memcpy(edid, header, sizeof(header));
	edid[8] = vendor >> 8;
	edid[9] = vendor & 0xff;
	edid[10] = 1; /* product code */
	for (int i = 0; i < 4; i++)
		edid[12 + i] = serial >> (8 * i);
	edid[16] = 1;           /* week */
	edid[17] = 2026 - 1990; /* year */
	edid[18] = 1;
	edid[19] = 4;
}

static uint8_t centimetres(unsigned pixels)
{
	unsigned cm = (tenths_of_mm(pixels) + 50) / 100;

	return cm == 0 ? 1 : cm > 255 ? 255 : (uint8_t)cm;
}

static void put_display(uint8_t *edid, const struct drm_mode_modeinfo *preferred)
{
	/* sRGB primaries and white point, 10 bits each as the standard packs them */
	static const uint8_t srgb[10] = {
		0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54,
	};

	edid[20] = 0x80 | 2 << 4; /* digital, 8 bits per colour, interface undefined */
	edid[21] = centimetres(preferred->hdisplay);
	edid[22] = centimetres(preferred->vdisplay);
	edid[23] = 220 - 100; /* gamma 2.2 */
	edid[24] = 1 << 2 | 1 << 1; /* sRGB is the default; the preferred timing is native */
	memcpy(edid + 25, srgb, sizeof(srgb));
}

/* A timing that the two lists below mean by its size alone. */
static bool is_known_timing(const struct drm_mode_modeinfo *mode)
{
	const struct drm_mode_modeinfo *known;

	known = kms_mode_table_find(mode->hdisplay, mode->vdisplay);

	return known && kms_mode_equal(known, mode);
}

static bool put_established(uint8_t *edid, const struct drm_mode_modeinfo *mode)
{
	static const struct {
		uint16_t width, height;
		uint8_t byte, bit;
	} established[] = {{640, 480, 35, 5}, {800, 600, 35, 0}, {1024, 768, 36, 3}};

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(established); i++) {
		if (mode->hdisplay != established[i].width ||
			mode->vdisplay != established[i].height)
			continue;
		edid[established[i].byte] |= 1u << established[i].bit;
		return true;
	}
	return false;
}

/* False when the two bytes cannot say it: width in eights, four aspect ratios. */
static bool put_standard(uint8_t *out, const struct drm_mode_modeinfo *mode)
{
	static const uint8_t ratios[4][2] = {{16, 10}, {4, 3}, {5, 4}, {16, 9}};

	if (mode->hdisplay % 8 || mode->hdisplay < 256 || mode->hdisplay > 2288)
		return false;
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(ratios); i++) {
		if (mode->hdisplay * ratios[i][1] != mode->vdisplay * ratios[i][0])
			continue;
		out[0] = mode->hdisplay / 8 - 31;
		out[1] = i << 6 | (60 - 60);
		return true;
	}
	return false;
}

static void put_timing_lists(uint8_t *edid, const struct drm_mode_modeinfo *modes, unsigned count)
{
	unsigned used = 0;

	memset(edid + 38, 0x01, 16); /* 01 01 = no standard timing */
	for (unsigned i = 0; i < count; i++) {
		if (!is_known_timing(&modes[i]) || put_established(edid, &modes[i]))
			continue;
		if (used < 8 && put_standard(edid + 38 + 2 * used, &modes[i]))
			used++;
	}
}

/* Whether an 18-byte detailed timing can say mode: its bits, and no clock below 10 MHz. */
static bool fits_detailed(const struct drm_mode_modeinfo *mode)
{
	return mode->clock >= 10000 && mode->clock / 10 <= 0xffff &&
		!(mode->flags & (DRM_MODE_FLAG_INTERLACE | DRM_MODE_FLAG_DBLSCAN)) &&
		mode->hdisplay < 4096 && mode->htotal - mode->hdisplay < 4096 &&
		mode->vdisplay < 4096 && mode->vtotal - mode->vdisplay < 4096 &&
		mode->hsync_start - mode->hdisplay < 1024 &&
		mode->hsync_end - mode->hsync_start < 1024 &&
		mode->vsync_start - mode->vdisplay < 64 && mode->vsync_end - mode->vsync_start < 64;
}

static void put_detailed(uint8_t *out, const struct drm_mode_modeinfo *mode)
{
	unsigned hblank = mode->htotal - mode->hdisplay;
	unsigned vblank = mode->vtotal - mode->vdisplay;
	unsigned hfront = mode->hsync_start - mode->hdisplay;
	unsigned hsync = mode->hsync_end - mode->hsync_start;
	unsigned vfront = mode->vsync_start - mode->vdisplay;
	unsigned vsync = mode->vsync_end - mode->vsync_start;
	unsigned width = (tenths_of_mm(mode->hdisplay) + 5) / 10;
	unsigned height = (tenths_of_mm(mode->vdisplay) + 5) / 10;

	out[0] = mode->clock / 10 & 0xff;
	out[1] = mode->clock / 10 >> 8;
	out[2] = mode->hdisplay & 0xff;
	out[3] = hblank & 0xff;
	out[4] = (mode->hdisplay >> 8) << 4 | hblank >> 8;
	out[5] = mode->vdisplay & 0xff;
	out[6] = vblank & 0xff;
	out[7] = (mode->vdisplay >> 8) << 4 | vblank >> 8;
	out[8] = hfront & 0xff;
	out[9] = hsync & 0xff;
	out[10] = (vfront & 0xf) << 4 | (vsync & 0xf);
	out[11] = (hfront >> 8) << 6 | (hsync >> 8) << 4 | (vfront >> 4) << 2 | vsync >> 4;
	out[12] = width & 0xff;
	out[13] = height & 0xff;
	out[14] = (width >> 8) << 4 | height >> 8;
	/* digital separate sync */
	out[17] = 3 << 3 | (mode->flags & DRM_MODE_FLAG_PVSYNC ? 1 << 2 : 0) |
		(mode->flags & DRM_MODE_FLAG_PHSYNC ? 1 << 1 : 0);
}

static void put_name(uint8_t *out, const char *name)
{
	size_t length = strnlen(name, 13);

	out[3] = 0xfc;
	memset(out + 5, ' ', 13);
	memcpy(out + 5, name, length);
	if (length < 13)
		out[5 + length] = '\n';
}

struct rates {
	unsigned min, max;
};

static void widen(struct rates *rates, unsigned low, unsigned high)
{
	if (low < rates->min)
		rates->min = low;
	if (high > rates->max)
		rates->max = high;
}

/* Whole Hz and kHz around every mode. False when a byte (plus 255) cannot hold them. */
static bool put_range_limits(uint8_t *out, const struct drm_mode_modeinfo *modes, unsigned count)
{
	struct rates vertical = {~0u, 0}, horizontal = {~0u, 0};
	unsigned clock = 0;

	for (unsigned i = 0; i < count; i++) {
		uint64_t period = kms_mode_period_ns(&modes[i]);
		uint64_t line = kms_mode_line_ns(&modes[i]);
		if (period == 0 || line == 0)
			continue;
		widen(&vertical, 1000000000 / period, (1000000000 + period - 1) / period);
		widen(&horizontal, 1000000 / line, (1000000 + line - 1) / line);
		if (modes[i].clock > clock)
			clock = modes[i].clock;
	}
	if (vertical.min == 0 || vertical.max > 255 || horizontal.min == 0 ||
		horizontal.max > 255 || clock > 2550000)
		return false;
	out[3] = 0xfd;
	out[5] = vertical.min;
	out[6] = vertical.max;
	out[7] = horizontal.min;
	out[8] = horizontal.max;
	out[9] = (clock + 9999) / 10000;
	out[10] = 0x01; /* limits only: no formula derives other timings */
	out[11] = '\n';
	memset(out + 12, ' ', 6);
	return true;
}

static void put_dummy(uint8_t *out)
{
	memset(out, 0, 18);
	out[3] = 0x10;
}

/*
 * The first descriptor must be a detailed timing. A mode beyond its bits (from
 * 4096 pixels on, or below about 480x270) leaves that place to the next mode
 * that fits: clients still find it in the connector's mode list.
 */
static const struct drm_mode_modeinfo *choose_detailed(const struct drm_mode_modeinfo *modes,
	unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (fits_detailed(&modes[i]))
			return &modes[i];
	}
	return kms_mode_table_find(1024, 768);
}

void kms_edid_build(uint8_t edid[KMS_EDID_SIZE], const char *name, uint32_t serial,
	const struct drm_mode_modeinfo *modes, unsigned mode_count)
{
	const struct drm_mode_modeinfo *detailed = choose_detailed(modes, mode_count);
	uint8_t sum = 0;

	memset(edid, 0, KMS_EDID_SIZE);
	put_vendor(edid, serial);
	put_display(edid, detailed);
	put_timing_lists(edid, modes, mode_count);
	put_detailed(edid + 54, detailed);
	put_name(edid + 72, name);
	if (!put_range_limits(edid + 90, modes, mode_count))
		put_dummy(edid + 90);
	put_dummy(edid + 108);
	for (int i = 0; i < KMS_EDID_SIZE - 1; i++)
		sum += edid[i];
	edid[KMS_EDID_SIZE - 1] = -sum;
}
