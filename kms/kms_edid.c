/* Writing an EDID's base block (EDID 1.4, VESA E-EDID A2). Byte offsets are the standard's. */
#include <string.h>

#include "gem_base.h"
#include "kms_edid.h"
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

static uint8_t centimetres(unsigned mm)
{
	unsigned cm = (mm + 5) / 10;

	return cm == 0 ? 1 : cm > 255 ? 255 : (uint8_t)cm;
}

static uint8_t interface_of(uint32_t connector_type)
{
	switch (connector_type) {
	case DRM_MODE_CONNECTOR_DVII:
	case DRM_MODE_CONNECTOR_DVID:
		return 1;
	case DRM_MODE_CONNECTOR_HDMIA:
		return 2;
	case DRM_MODE_CONNECTOR_HDMIB:
		return 3;
	case DRM_MODE_CONNECTOR_DisplayPort:
	case DRM_MODE_CONNECTOR_eDP:
		return 5;
	default:
		return 0;
	}
}

static void put_display(uint8_t *edid, const struct kms_edid_wish *wish, unsigned mm_width,
	unsigned mm_height)
{
	/* sRGB primaries and white point, 10 bits each as the standard packs them */
	static const uint8_t srgb[10] = {
		0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54,
	};

	/* digital, 8 or 10 bits per colour */
	edid[20] = 0x80 | (wish->hdr ? 3 : 2) << 4 | interface_of(wish->connector_type);
	edid[21] = centimetres(mm_width);
	edid[22] = centimetres(mm_height);
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

/* The modes that the lists say, bit = index. */
static uint64_t put_timing_lists(uint8_t *edid, const struct drm_mode_modeinfo *modes,
	unsigned count)
{
	unsigned used = 0;
	uint64_t said = 0;

	memset(edid + 38, 0x01, 16); /* 01 01 = no standard timing */
	for (unsigned i = 0; i < count; i++) {
		if (!is_known_timing(&modes[i]))
			continue;
		if (put_established(edid, &modes[i])) {
			said |= 1ull << i;
		} else if (used < 8 && put_standard(edid + 38 + 2 * used, &modes[i])) {
			said |= 1ull << i;
			used++;
		}
	}
	return said;
}

bool kms_edid_fits_detailed(const struct drm_mode_modeinfo *mode)
{
	return mode->clock >= 10000 && mode->clock / 10 <= 0xffff &&
		!(mode->flags & (DRM_MODE_FLAG_INTERLACE | DRM_MODE_FLAG_DBLSCAN)) && !mode->vscan &&
		mode->hdisplay < 4096 && mode->htotal - mode->hdisplay < 4096 &&
		mode->vdisplay < 4096 && mode->vtotal - mode->vdisplay < 4096 &&
		mode->hsync_start - mode->hdisplay < 1024 &&
		mode->hsync_end - mode->hsync_start < 1024 &&
		mode->vsync_start - mode->vdisplay < 64 && mode->vsync_end - mode->vsync_start < 64;
}

void kms_edid_put_detailed(uint8_t *out, const struct drm_mode_modeinfo *mode, unsigned mm_width,
	unsigned mm_height)
{
	unsigned hblank = mode->htotal - mode->hdisplay;
	unsigned vblank = mode->vtotal - mode->vdisplay;
	unsigned hfront = mode->hsync_start - mode->hdisplay;
	unsigned hsync = mode->hsync_end - mode->hsync_start;
	unsigned vfront = mode->vsync_start - mode->vdisplay;
	unsigned vsync = mode->vsync_end - mode->vsync_start;
	unsigned width = mm_width < 4095 ? mm_width : 4095;
	unsigned height = mm_height < 4095 ? mm_height : 4095;

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
static bool put_range_limits(uint8_t *out, const struct kms_edid_wish *wish)
{
	enum { VRR_MIN = 48 };
	const struct drm_mode_modeinfo *modes = wish->modes;
	unsigned count = wish->mode_count;
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
	if (wish->extension) { /* has 640x480 in any case */
		widen(&vertical, 59, 60);
		widen(&horizontal, 31, 32);
	}
	if (wish->vrr && vertical.min > VRR_MIN)
		vertical.min = VRR_MIN;
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
		if (kms_edid_fits_detailed(&modes[i]))
			return &modes[i];
	}
	return kms_mode_table_find(1024, 768);
}

/* Of those that nothing says yet, the first that a second detailed timing can; -1: none. */
static int choose_second(const struct kms_edid_wish *wish, uint64_t said)
{
	for (unsigned i = 0; i < wish->mode_count; i++) {
		if (!(said >> i & 1) && kms_edid_fits_detailed(&wish->modes[i]))
			return i;
	}
	return -1;
}

void kms_edid_put_sum(uint8_t *block)
{
	uint8_t sum = 0;

	for (int i = 0; i < 127; i++)
		sum += block[i];
	block[127] = -sum;
}

static void put_descriptors(uint8_t *edid, const struct kms_edid_wish *wish, int second,
	unsigned mm_width, unsigned mm_height)
{
	uint8_t *at = edid + 72;

	/* Timings stand before what else there is. */
	if (second >= 0) {
		kms_edid_put_detailed(at, &wish->modes[second], mm_width, mm_height);
		at += 18;
	}
	put_name(at, wish->name);
	at += 18;
	if (!put_range_limits(at, wish))
		put_dummy(at);
	else if (edid[19] < 4)
		at[10] = 0; /* no other formula than the default one, which is off */
	else if (wish->vrr)
		edid[24] |= 1; /* continuous frequency */
	if (second < 0)
		put_dummy(edid + 108);
}

/* What the older version, which HDMI asks for, says with other bits. */
static void make_13(uint8_t *edid)
{
	edid[19] = 3;
	edid[20] = 0x80; /* digital: neither depth nor interface are said */
	edid[24] |= 1 << 3; /* RGB */
}

unsigned kms_edid_make(uint8_t edid[KMS_EDID_MADE_MAX], const struct kms_edid_wish *wish)
{
	const struct drm_mode_modeinfo *modes = wish->modes;
	const struct drm_mode_modeinfo *detailed = choose_detailed(modes, wish->mode_count);
	unsigned mm_width = wish->mm_width ? wish->mm_width :
		(tenths_of_mm(detailed->hdisplay) + 5) / 10;
	unsigned mm_height = wish->mm_height ? wish->mm_height :
		(tenths_of_mm(detailed->vdisplay) + 5) / 10;

	memset(edid, 0, KMS_EDID_MADE_MAX);
	put_vendor(edid, wish->serial);
	put_display(edid, wish, mm_width, mm_height);
	if (kms_edid_is_hdmi(wish))
		make_13(edid);
	uint64_t said = put_timing_lists(edid, modes, wish->mode_count);
	kms_edid_put_detailed(edid + 54, detailed, mm_width, mm_height);
	if (detailed >= modes && detailed < modes + wish->mode_count)
		said |= 1ull << (detailed - modes);
	int second = choose_second(wish, said);
	if (second >= 0)
		said |= 1ull << second;
	put_descriptors(edid, wish, second, mm_width, mm_height);
	if (wish->extension) {
		edid[126] = 1;
		kms_edid_put_cta(edid + 128, wish, ~said, mm_width, mm_height);
	}
	kms_edid_put_sum(edid);
	return wish->extension ? 256 : 128;
}

void kms_edid_build(uint8_t edid[KMS_EDID_SIZE], const char *name, uint32_t serial,
	const struct drm_mode_modeinfo *modes, unsigned mode_count)
{
	const struct kms_edid_wish wish = {
		.name = name, .serial = serial, .modes = modes, .mode_count = mode_count,
	};
	uint8_t made[KMS_EDID_MADE_MAX];

	kms_edid_make(made, &wish);
	memcpy(edid, made, KMS_EDID_SIZE);
}
