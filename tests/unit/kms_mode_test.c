/* Modes, their timings, and EDID blocks made of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gem_base.h"
#include "kms_device.h"
#include "kms_mode.h"
#include "test.h"

static struct drm_mode_modeinfo xga(void)
{
	struct drm_mode_modeinfo mode;

	CHECK_INT(kms_mode_standard(1024, 768, &mode), 0);
	return mode;
}

/* The published numbers (VESA DMT 1.13), not those of our table. */
static const struct {
	const char *name;
	uint16_t width, height;
	uint32_t khz, millihertz;
} dmt_rows[] = {
	{"640x480", 640, 480, 25175, 59940},
	{"800x600", 800, 600, 40000, 60317},
	{"1024x768", 1024, 768, 65000, 60004},
	{"1280x720", 1280, 720, 74250, 60000},
	{"1280x800", 1280, 800, 83500, 59810},
	{"1280x960", 1280, 960, 108000, 60000},
	{"1280x1024", 1280, 1024, 108000, 60020},
	{"1366x768", 1366, 768, 85500, 59790},
	{"1440x900", 1440, 900, 106500, 59887},
	{"1600x900", 1600, 900, 108000, 60000},
	{"1600x1200", 1600, 1200, 162000, 60000},
	{"1680x1050", 1680, 1050, 146250, 59954},
	{"1920x1080", 1920, 1080, 148500, 60000},
};
typedef __typeof__(dmt_rows[0]) dmt_row;

TEST_ROWS(standard_mode, dmt_row, dmt_rows)
{
	struct drm_mode_modeinfo mode;

	CHECK_INT(kms_mode_standard(row->width, row->height, &mode), 0);
	CHECK_INT(kms_mode_check(&mode), 0);
	CHECK_INT(mode.hdisplay, row->width);
	CHECK_INT(mode.vdisplay, row->height);
	CHECK_INT(mode.clock, row->khz);
	CHECK_INT(mode.vrefresh, 60);
	CHECK(strcmp(mode.name, row->name) == 0);
	/* 1e12 / mHz, to the resolution of the published rate */
	double period = 1e12 / row->millihertz;
	CHECK(kms_mode_period_ns(&mode) > period - 150 && kms_mode_period_ns(&mode) < period + 150);
}

TEST(period_and_refresh)
{
	struct drm_mode_modeinfo mode = xga();

	CHECK_INT(kms_mode_period_ns(&mode), 16665600); /* 1344 * 806 / 65 MHz */
	CHECK_INT(kms_mode_line_ns(&mode), 20676);
	mode.flags |= DRM_MODE_FLAG_INTERLACE;
	CHECK_INT(kms_mode_period_ns(&mode), 16665600 / 2);
	CHECK_INT(kms_mode_vrefresh(&mode), 120);
	mode.flags ^= DRM_MODE_FLAG_INTERLACE | DRM_MODE_FLAG_DBLSCAN;
	CHECK_INT(kms_mode_period_ns(&mode), 16665600 * 2);
	mode.vscan = 2;
	CHECK_INT(kms_mode_vrefresh(&mode), 15);
	mode.clock = 0;
	CHECK_INT(kms_mode_period_ns(&mode), 0);
	CHECK_INT(kms_mode_line_ns(&mode), 0);
}

/* Fields by offset, so that a row says what it spoils. */
#define U16(member) offsetof(struct drm_mode_modeinfo, member), 2
#define U32(member) offsetof(struct drm_mode_modeinfo, member), 4

static const struct bad_row {
	const char *name;
	size_t offset, size;
	uint32_t value;
	int want;
} bad_rows[] = {
	{"clock 0", U32(clock), 0, -EINVAL},
	{"clock beyond int", U32(clock), 0x80000000, -ERANGE},
	{"vrefresh beyond int", U32(vrefresh), 0x80000000, -ERANGE},
	{"vrefresh is only a hint", U32(vrefresh), 12345, 0},
	{"type is only a hint", U32(type), 0xffffffff, 0},
	{"hdisplay 0", U16(hdisplay), 0, -EINVAL},
	{"hsync_start before hdisplay", U16(hsync_start), 1023, -EINVAL},
	{"hsync_start at hdisplay", U16(hsync_start), 1024, 0},
	{"hsync_end before hsync_start", U16(hsync_end), 1047, -EINVAL},
	{"htotal before hsync_end", U16(htotal), 1183, -EINVAL},
	{"vdisplay 0", U16(vdisplay), 0, -EINVAL},
	{"vsync_start before vdisplay", U16(vsync_start), 767, -EINVAL},
	{"vsync_end before vsync_start", U16(vsync_end), 770, -EINVAL},
	{"vtotal before vsync_end", U16(vtotal), 776, -EINVAL},
	{"unknown flag", U32(flags), 1u << 30, -EINVAL},
	{"unknown 3D layout", U32(flags), 9u << 14, -EINVAL},
	{"known 3D layout", U32(flags), DRM_MODE_FLAG_3D_SIDE_BY_SIDE_HALF, 0},
	{"aspect ratio", U32(flags), DRM_MODE_FLAG_PIC_AR_16_9, 0},
	{"unknown aspect ratio", U32(flags), 5u << 19, -EINVAL},
	{"slower than 1 Hz", U32(clock), 1000, -EINVAL},
	{"as fast as 10 kHz", U32(clock), 10832640, 0},
	{"faster than 20 kHz", U32(clock), 22000000, -EINVAL},
	{"slow scan", U16(vscan), 65535, -EINVAL},
};

TEST_ROWS(mode_check, struct bad_row, bad_rows)
{
	struct drm_mode_modeinfo mode = xga();

	memcpy((char *)&mode + row->offset, &row->value, row->size);
	CHECK_INT(kms_mode_check(&mode), row->want);
}

TEST(mode_equal)
{
	struct drm_mode_modeinfo a = xga(), b = xga();

	strcpy(b.name, "other");
	b.type = 0;
	b.vrefresh = 1;
	CHECK(kms_mode_equal(&a, &b));
	b.vsync_end++;
	CHECK(!kms_mode_equal(&a, &b));
	b = a;
	b.flags ^= DRM_MODE_FLAG_PHSYNC;
	CHECK(!kms_mode_equal(&a, &b));
	b = a;
	b.clock++;
	CHECK(!kms_mode_equal(&a, &b));
}

static const struct size_row {
	const char *name;
	uint32_t width, height;
} size_rows[] = {
	{"16x16", 16, 16}, {"100x60", 100, 60}, {"479x270", 479, 270}, {"1000x700", 1000, 700},
	{"1001x701", 1001, 701}, {"1003x1", 1003, 16}, {"1920x1080", 1920, 1080},
	{"2560x1440", 2560, 1440}, {"3840x2160", 3840, 2160}, {"8191x8192", 8191, 8192},
};

TEST_ROWS(cvt_is_exact_and_valid, struct size_row, size_rows)
{
	struct drm_mode_modeinfo mode;

	CHECK_INT(kms_mode_cvt(row->width, row->height, 60, &mode), 0);
	CHECK_INT(mode.hdisplay, row->width);
	CHECK_INT(mode.vdisplay, row->height);
	CHECK_INT(kms_mode_check(&mode), 0);
	/* The smallest ones meet the clock's step of 10 kHz. */
	uint64_t slack = row->width < 100 ? 500000 : 200000;
	CHECK(kms_mode_period_ns(&mode) > 16666667 - slack);
	CHECK(kms_mode_period_ns(&mode) < 16666667 + slack);
}

TEST(cvt_refuses)
{
	struct drm_mode_modeinfo mode;

	CHECK_INT(kms_mode_cvt(0, 768, 60, &mode), -EINVAL);
	CHECK_INT(kms_mode_cvt(1024, 15, 60, &mode), -EINVAL);
	CHECK_INT(kms_mode_cvt(65536, 768, 60, &mode), -EINVAL);
	CHECK_INT(kms_mode_cvt(1024, 768, 0, &mode), -EINVAL);
	CHECK_INT(kms_mode_cvt(1024, 768, 0xffffffff, &mode), -EINVAL);
}

/* The published CVT and CVT-RB numbers. */
TEST(cvt_matches_published_timings)
{
	struct drm_mode_modeinfo mode;

	CHECK_INT(kms_mode_cvt(1024, 768, 60, &mode), 0);
	CHECK_INT(mode.clock, 63500);
	CHECK_INT(mode.htotal, 1328);
	CHECK_INT(mode.vtotal, 798);
	CHECK_INT(mode.flags, DRM_MODE_FLAG_NHSYNC | DRM_MODE_FLAG_PVSYNC);
	CHECK_INT(kms_mode_cvt(2560, 1440, 60, &mode), 0);
	CHECK_INT(mode.clock, 241500);
	CHECK_INT(mode.htotal, 2720);
	CHECK_INT(mode.vtotal, 1481);
	CHECK_INT(mode.flags, DRM_MODE_FLAG_PHSYNC | DRM_MODE_FLAG_NVSYNC);
}

/* ---- EDID ---- */

static void build(uint8_t edid[KMS_EDID_SIZE], uint32_t width, uint32_t height)
{
	const struct kms_connector_desc *desc = kms_device_desc_default()->connectors;
	struct drm_mode_modeinfo modes[KMS_MAX_MODES];

	CHECK_INT(kms_mode_cvt(width, height, 60, &modes[0]), 0);
	memcpy(modes + 1, desc->modes, desc->mode_count * sizeof(modes[0]));
	kms_edid_build(edid, "Thirteen char and more", 7, modes, desc->mode_count + 1);
}

static void check_sum(const uint8_t edid[KMS_EDID_SIZE])
{
	uint8_t sum = 0;

	for (int i = 0; i < KMS_EDID_SIZE; i++)
		sum += edid[i];
	CHECK_INT(sum, 0);
}

/* Reads the 18 bytes as a monitor's reader does. */
static struct drm_mode_modeinfo parse_detailed(const uint8_t *d)
{
	unsigned hfront = d[8] | (d[11] >> 6 & 3) << 8, hsync = d[9] | (d[11] >> 4 & 3) << 8;
	unsigned vfront = d[10] >> 4 | (d[11] >> 2 & 3) << 4;
	unsigned vsync = (d[10] & 15) | (d[11] & 3) << 4;
	struct drm_mode_modeinfo mode = {.clock = (d[0] | d[1] << 8) * 10};

	mode.hdisplay = d[2] | (d[4] >> 4) << 8;
	mode.htotal = mode.hdisplay + (d[3] | (d[4] & 15) << 8);
	mode.vdisplay = d[5] | (d[7] >> 4) << 8;
	mode.vtotal = mode.vdisplay + (d[6] | (d[7] & 15) << 8);
	mode.hsync_start = mode.hdisplay + hfront;
	mode.hsync_end = mode.hsync_start + hsync;
	mode.vsync_start = mode.vdisplay + vfront;
	mode.vsync_end = mode.vsync_start + vsync;
	mode.flags = d[17] & 2 ? DRM_MODE_FLAG_PHSYNC : DRM_MODE_FLAG_NHSYNC;
	mode.flags |= d[17] & 4 ? DRM_MODE_FLAG_PVSYNC : DRM_MODE_FLAG_NVSYNC;
	return mode;
}

TEST(edid_of_default_device)
{
	const struct kms_connector_desc *desc = kms_device_desc_default()->connectors;
	uint8_t edid[KMS_EDID_SIZE];

	kms_edid_build(edid, "Testcard", 7, desc->modes, desc->mode_count);
	check_sum(edid);
	CHECK(memcmp(edid, "\0\xff\xff\xff\xff\xff\xff\0", 8) == 0);
	CHECK_INT(edid[8] << 8 | edid[9], 20 << 10 | 3 << 5 | 4); /* TCD */
	CHECK_INT(edid[12], 7);
	CHECK_INT(edid[18] << 8 | edid[19], 0x104);
	struct drm_mode_modeinfo detailed = parse_detailed(edid + 54);
	CHECK(kms_mode_equal(&detailed, &desc->modes[0]));
	CHECK_INT(edid[35], 1 << 5 | 1);         /* 640x480, 800x600 */
	CHECK_INT(edid[36], 1 << 3);             /* 1024x768 */
	CHECK(memcmp(edid + 75, "\xfc\0Testcard\n    ", 15) == 0);
	/* Range limits: 59-61 Hz, 31-68 kHz, 150 MHz */
	CHECK(memcmp(edid + 93, "\xfd\0\x3b\x3d\x1f\x44\x0f\x01", 8) == 0);
}

TEST_ROWS(edid_of_window_size, struct size_row, size_rows)
{
	uint8_t edid[KMS_EDID_SIZE];
	struct drm_mode_modeinfo mode;

	build(edid, row->width, row->height);
	check_sum(edid);
	CHECK(memcmp(edid + 77, "Thirteen char", 13) == 0);
	CHECK_INT(kms_mode_cvt(row->width, row->height, 60, &mode), 0);
	/* What a detailed timing cannot say leaves the place to the next mode. */
	if (mode.clock < 10000 || row->width > 4095 || row->height > 4095)
		mode = xga();
	struct drm_mode_modeinfo detailed = parse_detailed(edid + 54);
	CHECK(kms_mode_equal(&detailed, &mode));
}

TEST_ROWS(edid_decode_agrees, struct size_row, size_rows)
{
	uint8_t edid[KMS_EDID_SIZE];

	if (system("command -v edid-decode >/dev/null 2>&1") != 0)
		SKIP("no edid-decode");
	build(edid, row->width, row->height);
	FILE *pipe = popen("edid-decode -c - >/dev/null 2>&1", "w");
	CHECK(pipe != NULL);
	CHECK_INT(fwrite(edid, sizeof(edid), 1, pipe), 1);
	CHECK_INT(pclose(pipe), 0);
}
