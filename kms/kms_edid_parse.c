/* Reading an EDID's base block. Byte offsets are the standard's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gem_base.h"
#include "kms_edid.h"
#include "kms_mode.h"

#define POSITIVE_H DRM_MODE_FLAG_PHSYNC
#define NEGATIVE_H DRM_MODE_FLAG_NHSYNC
#define POSITIVE_V DRM_MODE_FLAG_PVSYNC
#define NEGATIVE_V DRM_MODE_FLAG_NVSYNC

enum { BLOCK = 128, DESCRIPTOR = 18 };

/* ---- modes ---- */

void kms_edid_add_mode(struct kms_edid_info *info, const struct drm_mode_modeinfo *mode)
{
	struct drm_mode_modeinfo *added = &info->modes[info->mode_count];

	if (info->mode_count == KMS_MAX_MODES || kms_mode_check(mode) < 0)
		return;
	for (unsigned i = 0; i < info->mode_count; i++) {
		if (kms_mode_equal(&info->modes[i], mode))
			return;
	}
	*added = *mode;
	added->vrefresh = kms_mode_vrefresh(mode);
	added->type = DRM_MODE_TYPE_DRIVER;
	snprintf(added->name, sizeof(added->name), "%ux%u%s", mode->hdisplay, mode->vdisplay,
		mode->flags & DRM_MODE_FLAG_INTERLACE ? "i" : "");
	info->mode_count++;
}

void kms_edid_add_detailed(struct kms_edid_info *info, const uint8_t *d)
{
	unsigned hfront = d[8] | (d[11] >> 6 & 3) << 8, hsync = d[9] | (d[11] >> 4 & 3) << 8;
	unsigned vfront = d[10] >> 4 | (d[11] >> 2 & 3) << 4;
	unsigned vsync = (d[10] & 15) | (d[11] & 3) << 4;
	bool interlaced = d[17] & 0x80, digital = (d[17] >> 3 & 3) == 3;
	struct drm_mode_modeinfo mode = {.clock = (d[0] | d[1] << 8) * 10};
	unsigned fields = interlaced ? 2 : 1;

	mode.hdisplay = d[2] | (d[4] >> 4) << 8;
	mode.htotal = mode.hdisplay + (d[3] | (d[4] & 15) << 8);
	mode.hsync_start = mode.hdisplay + hfront;
	mode.hsync_end = mode.hsync_start + hsync;
	mode.vdisplay = (d[5] | (d[7] >> 4) << 8) * fields;
	mode.vtotal = mode.vdisplay + (d[6] | (d[7] & 15) << 8) * fields;
	mode.vsync_start = mode.vdisplay + vfront * fields;
	mode.vsync_end = mode.vsync_start + vsync * fields;
	/* A frame of two fields has the half line between them. */
	mode.vtotal |= interlaced;
	/* Other kinds of sync do not say how theirs is: as most screens'. */
	mode.flags = !digital || d[17] & 2 ? POSITIVE_H : NEGATIVE_H;
	mode.flags |= !digital || d[17] & 4 ? POSITIVE_V : NEGATIVE_V;
	mode.flags |= interlaced ? DRM_MODE_FLAG_INTERLACE : 0;
	/* No picture, or no sync: the standard demands both. */
	if (!mode.hdisplay || !mode.vdisplay || !hsync || !vsync)
		return;
	kms_edid_add_mode(info, &mode);
}

#define TIMING(hd, hss, hse, ht, vd, vss, vse, vt, khz, flags_)                             \
	{.clock = khz, .hdisplay = hd, .hsync_start = hss, .hsync_end = hse, .htotal = ht, \
		.vdisplay = vd, .vsync_start = vss, .vsync_end = vse, .vtotal = vt,        \
		.flags = flags_}

/* Established timings I, II and the manufacturer's one: bytes 35 to 37 from the highest bit. */
static const struct drm_mode_modeinfo established[17] = {
	TIMING(720, 738, 846, 900, 400, 412, 414, 449, 28320, NEGATIVE_H | POSITIVE_V),
	TIMING(720, 738, 846, 900, 400, 421, 423, 449, 35500, NEGATIVE_H | NEGATIVE_V),
	TIMING(640, 656, 752, 800, 480, 490, 492, 525, 25175, NEGATIVE_H | NEGATIVE_V),
	TIMING(640, 704, 768, 864, 480, 483, 486, 525, 30240, NEGATIVE_H | NEGATIVE_V),
	TIMING(640, 664, 704, 832, 480, 489, 492, 520, 31500, NEGATIVE_H | NEGATIVE_V),
	TIMING(640, 656, 720, 840, 480, 481, 484, 500, 31500, NEGATIVE_H | NEGATIVE_V),
	TIMING(800, 824, 896, 1024, 600, 601, 603, 625, 36000, POSITIVE_H | POSITIVE_V),
	TIMING(800, 840, 968, 1056, 600, 601, 605, 628, 40000, POSITIVE_H | POSITIVE_V),
	TIMING(800, 856, 976, 1040, 600, 637, 643, 666, 50000, POSITIVE_H | POSITIVE_V),
	TIMING(800, 816, 896, 1056, 600, 601, 604, 625, 49500, POSITIVE_H | POSITIVE_V),
	TIMING(832, 864, 928, 1152, 624, 625, 628, 667, 57284, NEGATIVE_H | NEGATIVE_V),
	TIMING(1024, 1032, 1208, 1264, 768, 768, 776, 817, 44900,
		POSITIVE_H | POSITIVE_V | DRM_MODE_FLAG_INTERLACE),
	TIMING(1024, 1048, 1184, 1344, 768, 771, 777, 806, 65000, NEGATIVE_H | NEGATIVE_V),
	TIMING(1024, 1048, 1184, 1328, 768, 771, 777, 806, 75000, NEGATIVE_H | NEGATIVE_V),
	TIMING(1024, 1040, 1136, 1312, 768, 769, 772, 800, 78750, POSITIVE_H | POSITIVE_V),
	TIMING(1280, 1296, 1440, 1688, 1024, 1025, 1028, 1066, 135000, POSITIVE_H | POSITIVE_V),
	TIMING(1152, 1216, 1344, 1600, 864, 865, 868, 900, 108000, POSITIVE_H | POSITIVE_V),
};

static void add_established(struct kms_edid_info *info, const uint8_t *edid)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(established); i++) {
		if (edid[35 + i / 8] & 0x80 >> i % 8)
			kms_edid_add_mode(info, &established[i]);
	}
}

/* Two bytes: width in eights, shape, rate. The monitors' own timings at 60 Hz, else CVT's. */
static void add_standard(struct kms_edid_info *info, const uint8_t *d)
{
	static const uint8_t shapes[4][2] = {{16, 10}, {4, 3}, {5, 4}, {16, 9}};
	unsigned width = (d[0] + 31) * 8, refresh = (d[1] & 63) + 60;
	const uint8_t *shape = shapes[d[1] >> 6];
	struct drm_mode_modeinfo mode;
	/* 1360x768 and its like are as wide as their cells. */
	unsigned height = width * shape[1] / shape[0];

	if ((d[0] == 1 && d[1] == 1) || d[0] == 0)
		return;
	if ((refresh == 60 ? kms_mode_standard(width, height, &mode) :
			kms_mode_cvt(width, height, refresh, &mode)) == 0)
		kms_edid_add_mode(info, &mode);
}

/* ---- descriptors ---- */

/* 13 characters, ended by a line feed. */
static void take_text(char text[14], const uint8_t *from)
{
	unsigned length = 0;

	for (unsigned i = 0; i < 13 && from[i] != '\n'; i++)
		text[length++] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	while (length > 0 && text[length - 1] == ' ')
		length--;
	text[length] = '\0';
}

static void take_range(struct kms_edid_info *info, const uint8_t *d)
{
	unsigned min_hz = d[5] + ((d[4] & 3) == 3 ? 255 : 0);
	unsigned max_hz = d[6] + (d[4] & 2 ? 255 : 0);
	unsigned min_line = d[7] + ((d[4] >> 2 & 3) == 3 ? 255 : 0);
	unsigned max_line = d[8] + (d[4] & 8 ? 255 : 0);

	if (!min_hz || min_hz > max_hz || !min_line || min_line > max_line)
		return;
	info->min_hz = min_hz;
	info->max_hz = max_hz;
	info->min_line_khz = min_line;
	info->max_line_khz = max_line;
	info->max_clock = d[9] * 10000;
}

static void take_descriptor(struct kms_edid_info *info, const uint8_t *d)
{
	if (d[0] || d[1]) {
		kms_edid_add_detailed(info, d);
		return;
	}
	switch (d[3]) {
	case 0xff:
		take_text(info->serial_text, d + 5);
		break;
	case 0xfc:
		take_text(info->name, d + 5);
		break;
	case 0xfd:
		take_range(info, d);
		break;
	case 0xfa:
		for (unsigned i = 0; i < 6; i++)
			add_standard(info, d + 5 + 2 * i);
		break;
	}
}

/* ---- the block ---- */

static void take_vendor(struct kms_edid_info *info, const uint8_t *edid)
{
	unsigned letters = edid[8] << 8 | edid[9];

	for (unsigned i = 0; i < 3; i++) {
		unsigned letter = letters >> (10 - 5 * i) & 31;
		info->vendor[i] = letter >= 1 && letter <= 26 ? 'A' + letter - 1 : '?';
	}
	info->product = edid[10] | edid[11] << 8;
	info->serial = edid[12] | edid[13] << 8 | edid[14] << 16 | (uint32_t)edid[15] << 24;
	info->year = 1990 + edid[17];
}

static void take_screen(struct kms_edid_info *info, const uint8_t *edid)
{
	static const uint8_t depths[8] = {0, 6, 8, 10, 12, 14, 16, 0};
	bool is_14 = edid[18] == 1 && edid[19] >= 4;

	if (edid[20] & 0x80 && is_14)
		info->bpc = depths[edid[20] >> 4 & 7];
	/* With one of them 0 the other is a shape, not a size. */
	if (edid[21] && edid[22]) {
		info->mm_width = edid[21] * 10;
		info->mm_height = edid[22] * 10;
	}
	info->continuous = edid[24] & 1 && is_14;
	for (unsigned i = 0; i < 8; i++)
		info->chromaticity[i] = edid[27 + i] << 2 | (edid[25 + i / 4] >> (6 - 2 * (i % 4)) & 3);
}

/* The preferred timing has the size in millimetres. */
static void take_exact_size(struct kms_edid_info *info, const uint8_t *d)
{
	unsigned width = d[12] | (d[14] >> 4) << 8, height = d[13] | (d[14] & 15) << 8;

	if ((d[0] || d[1]) && width && height) {
		info->mm_width = width;
		info->mm_height = height;
	}
}

static bool adds_up(const uint8_t *block)
{
	uint8_t sum = 0;

	for (unsigned i = 0; i < BLOCK; i++)
		sum += block[i];
	return sum == 0;
}

int kms_edid_parse(const void *bytes, size_t size, struct kms_edid_info *info)
{
	static const uint8_t header[8] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0};
	const uint8_t *edid = bytes;

	memset(info, 0, sizeof(*info));
	if (size < BLOCK || memcmp(edid, header, sizeof(header)) != 0 || !adds_up(edid))
		return -EINVAL;
	take_vendor(info, edid);
	take_screen(info, edid);
	take_exact_size(info, edid + 54);
	/* The order of preference: the base block's own, extensions', what lists mean. */
	for (unsigned i = 0; i < 4; i++)
		take_descriptor(info, edid + 54 + i * DESCRIPTOR);
	for (size_t at = BLOCK; at + BLOCK <= size && at / BLOCK <= edid[126]; at += BLOCK) {
		if (edid[at] == 0x02 && adds_up(edid + at))
			kms_edid_parse_cta(info, edid + at);
	}
	for (unsigned i = 0; i < 8; i++)
		add_standard(info, edid + 38 + 2 * i);
	add_established(info, edid);
	return 0;
}
