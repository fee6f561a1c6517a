/* EDIDs: what is written is what is read, edid-decode finds no fault, and hostile bytes do none. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gem_base.h"
#include "kms_edid.h"
#include "kms_mode.h"
#include "test.h"

struct monitor {
	const char *name;
	uint32_t type;
	uint16_t modes[6][3]; /* width, height, Hz */
	bool vrr, hdr, extension;
};

static const struct monitor monitors[] = {
	{"plain", DRM_MODE_CONNECTOR_VGA, {{1024, 768, 60}, {800, 600, 60}, {640, 480, 60}}},
	{"CVT only", DRM_MODE_CONNECTOR_DVID, {{1360, 700, 75}, {1100, 800, 50}}},
	{"TV", DRM_MODE_CONNECTOR_HDMIA, {{1920, 1080, 60}, {1280, 720, 60}, {1024, 768, 60},
		{640, 480, 60}}, .hdr = true, .extension = true},
	{"TV of odd modes", DRM_MODE_CONNECTOR_HDMIA, {{1366, 768, 60}, {1000, 700, 75},
		{900, 900, 70}, {1111, 711, 60}, {800, 480, 60}}, .extension = true},
	{"fast", DRM_MODE_CONNECTOR_DisplayPort, {{1920, 1080, 144}, {2560, 1440, 60},
		{1920, 1080, 120}, {1920, 1080, 60}, {1280, 720, 60}}, .vrr = true, .hdr = true,
		.extension = true},
	{"panel", DRM_MODE_CONNECTOR_eDP, {{1920, 1200, 60}, {1920, 1200, 50}}, .vrr = true},
};

static struct drm_mode_modeinfo modes[6];

static struct kms_edid_wish wish_for(const struct monitor *monitor)
{
	unsigned count = 0;

	for (; count < 6 && monitor->modes[count][0]; count++) {
		const uint16_t *m = monitor->modes[count];
		CHECK_INT(m[2] == 60 ? kms_mode_standard(m[0], m[1], &modes[count]) :
			kms_mode_cvt(m[0], m[1], m[2], &modes[count]), 0);
	}
	return (struct kms_edid_wish) {
		.name = monitor->name, .serial = 77, .modes = modes, .mode_count = count,
		.mm_width = 520, .mm_height = 290, .connector_type = monitor->type,
		.vrr = monitor->vrr, .hdr = monitor->hdr, .extension = monitor->extension,
	};
}

TEST_ROWS(written_and_read, struct monitor, monitors)
{
	const struct kms_edid_wish wish = wish_for(row);
	uint8_t edid[KMS_EDID_MADE_MAX];
	struct kms_edid_info info;
	unsigned size = kms_edid_make(edid, &wish);

	CHECK_INT(size, row->extension ? 256 : 128);
	CHECK_INT(kms_edid_parse(edid, size, &info), 0);
	CHECK(strncmp(info.name, row->name, 13) == 0);
	CHECK(strcmp(info.vendor, "TCD") == 0 && info.serial == 77 && info.year == 2026);
	CHECK(info.mm_width == 520 && info.mm_height == 290);
	CHECK(kms_mode_equal(&info.modes[0], &modes[0]));
	for (unsigned i = 0; i < wish.mode_count; i++) {
		unsigned j = 0;

		while (j < info.mode_count && !kms_mode_equal(&info.modes[j], &modes[i]))
			j++;
		if (j == info.mode_count)
			test_fail(__FILE__, __LINE__, "no %s@%u", modes[i].name, modes[i].vrefresh);
		CHECK(info.min_hz <= modes[i].vrefresh && modes[i].vrefresh <= info.max_hz);
		CHECK(modes[i].clock <= info.max_clock);
	}
	/* 640x480 is every CTA-861 sink's. */
	CHECK(info.mode_count <= wish.mode_count + row->extension);
	CHECK_INT(info.continuous, row->vrr);
	CHECK(!row->vrr || info.min_hz == 48);
	CHECK_INT(info.hdmi, row->type == DRM_MODE_CONNECTOR_HDMIA);
	CHECK_INT(info.eotfs, row->hdr ? 5 : 0);
	CHECK_INT(info.bpc, row->type == DRM_MODE_CONNECTOR_HDMIA ? 0 : row->hdr ? 10 : 8);
	/* sRGB's red: x 0.64, of 1024. */
	CHECK_INT(info.chromaticity[0], 655);
}

TEST_ROWS(edid_decode_agrees, struct monitor, monitors)
{
	const struct kms_edid_wish wish = wish_for(row);
	uint8_t edid[KMS_EDID_MADE_MAX];
	char line[256], report[4096] = "";
	unsigned size = kms_edid_make(edid, &wish);

	if (system("command -v edid-decode >/dev/null 2>&1") != 0)
		SKIP("no edid-decode");
	char path[] = "/tmp/edid-decode-XXXXXX", command[64];
	int fd = mkstemp(path);
	CHECK(fd >= 0);
	snprintf(command, sizeof(command), "edid-decode -c - >%s 2>&1", path);
	FILE *pipe = popen(command, "w");
	CHECK(pipe != NULL);
	CHECK_INT(fwrite(edid, 1, size, pipe), size);
	int status = pclose(pipe);
	FILE *file = fdopen(fd, "r");
	CHECK(file != NULL);
	while (fgets(line, sizeof(line), file) && strlen(report) < 3500)
		strcat(report, line);
	fclose(file);
	unlink(path);
	const char *why = strstr(report, "Failures:");
	if (status != 0 || why)
		test_fail(__FILE__, __LINE__, "%s", why ? why : report);
}

/* ---- others' ---- */

static uint8_t edid[256];
static struct kms_edid_info info;

static void begin(void)
{
	const struct kms_edid_wish wish = wish_for(&monitors[0]);

	kms_edid_make(edid, &wish);
	memset(edid + 35, 0, 3);
	memset(edid + 38, 1, 16);
}

static void parse(unsigned size)
{
	for (unsigned at = 0; at < size; at += 128)
		kms_edid_put_sum(edid + at);
	CHECK_INT(kms_edid_parse(edid, size, &info), 0);
}

static void expect_mode(unsigned width, unsigned height, unsigned refresh, uint32_t clock)
{
	for (unsigned i = 0; i < info.mode_count; i++) {
		const struct drm_mode_modeinfo *mode = &info.modes[i];
		if (mode->hdisplay == width && mode->vdisplay == height &&
		    mode->vrefresh == refresh && (clock == 0 || mode->clock == clock))
			return;
	}
	test_fail(__FILE__, __LINE__, "no %ux%u@%u", width, height, refresh);
}

TEST(established)
{
	begin();
	edid[35] = edid[36] = 0xff;
	edid[37] = 0x80;
	parse(128);
	CHECK_INT(info.mode_count, 17);
	expect_mode(720, 400, 70, 28320);
	expect_mode(800, 600, 56, 36000);
	expect_mode(1024, 768, 87, 44900);
	expect_mode(1280, 1024, 75, 135000);
	expect_mode(1152, 864, 75, 108000);
}

TEST(standard)
{
	begin();
	edid[38] = 1920 / 8 - 31;
	edid[39] = 3 << 6;      /* 16:9, 60 Hz */
	edid[40] = 1280 / 8 - 31;
	edid[41] = 2 << 6 | 15; /* 5:4, 75 Hz */
	edid[42] = 0;           /* reserved */
	edid[43] = 7;
	/* Six more in a descriptor, the last of the four. */
	memcpy(edid + 108, "\0\0\0\xfa\0", 5);
	memset(edid + 113, 1, 13);
	edid[113] = 1440 / 8 - 31;
	edid[114] = 0;          /* 16:10, 60 Hz */
	parse(128);
	CHECK_INT(info.mode_count, 4);
	expect_mode(1920, 1080, 60, 148500);
	expect_mode(1280, 1024, 75, 0);
	expect_mode(1440, 900, 60, 106500);
}

/* 1080i as a detailed timing is 1080i by its code: one mode. */
TEST(interlaced)
{
	static const uint8_t full_hd_i[18] = {
		0x01, 0x1d, 0x80, 0x18, 0x71, 0x1c, 0x16, 0x20, 0x58, 0x2c, 0x25, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x9e,
	};

	begin();
	memcpy(edid + 54, full_hd_i, 18);
	edid[126] = 1;
	memcpy(edid + 128, "\x02\x03\x07\x00\x42\x85\x90", 7); /* codes 5 and 16, native */
	parse(256);
	CHECK_INT(info.mode_count, 2);
	CHECK(kms_mode_equal(&info.modes[0], kms_vic_mode(5)));
	CHECK_INT(info.modes[0].vtotal, 1125);
	CHECK_INT(info.modes[0].vrefresh, 60);
	CHECK(strcmp(info.modes[0].name, "1920x1080i") == 0);
	CHECK(kms_mode_equal(&info.modes[1], kms_vic_mode(16)));
}

TEST(texts_and_ranges)
{
	begin();
	memcpy(edid + 72, "\0\0\0\xfc\0\x01 name\xff\n    ", 17);
	memcpy(edid + 108, "\0\0\0\xff\0ABC 123   \n  ", 18);
	memcpy(edid + 90, "\0\0\0\xfd\x0f\x01\x02\x03\x04\x0a\x01\n      ", 18);
	edid[21] = 0; /* a shape only */
	memset(edid + 66, 0, 3);
	parse(128);
	CHECK(strcmp(info.name, "? name?") == 0);
	CHECK(strcmp(info.serial_text, "ABC 123") == 0);
	CHECK(info.min_hz == 256 && info.max_hz == 257);
	CHECK(info.min_line_khz == 258 && info.max_line_khz == 259 && info.max_clock == 100000);
	CHECK(info.mm_width == 0 && info.mm_height == 0);
	edid[95] = 9; /* the lowest above the highest: none is believed */
	parse(128);
	CHECK_INT(info.max_hz, 0);
}

/* Every code that we have is found again by its timings, or by the first of equal ones. */
TEST(vics)
{
	unsigned known = 0;

	for (unsigned vic = 0; vic < 256; vic++) {
		const struct drm_mode_modeinfo *mode = kms_vic_mode(vic);
		if (!mode)
			continue;
		known++;
		CHECK_INT(kms_mode_check(mode), 0);
		CHECK(kms_mode_equal(kms_vic_mode(kms_vic_of_mode(mode)), mode));
		CHECK(kms_vic_of_mode(mode) == vic || vic == 3 || vic == 18);
	}
	CHECK_INT(known, 33);
}

/* ---- hostile ---- */

TEST(refused)
{
	begin();
	parse(128);
	CHECK_INT(kms_edid_parse(edid, 127, &info), -EINVAL);
	CHECK_INT(kms_edid_parse(edid, 0, &info), -EINVAL);
	edid[20]++;
	CHECK_INT(kms_edid_parse(edid, 128, &info), -EINVAL);
	edid[20]--;
	edid[0]++;
	edid[127]--;
	CHECK_INT(kms_edid_parse(edid, 128, &info), -EINVAL);
	/* Promised extensions that are not there; one that does not add up; none of ours. */
	begin();
	edid[126] = 255;
	parse(128);
	unsigned count = info.mode_count;
	memcpy(edid + 128, "\x02\x03\x07\x00\x42\x85\x90", 7);
	parse(256);
	CHECK_INT(info.mode_count, count + 2);
	edid[255]++;
	CHECK_INT(kms_edid_parse(edid, 256, &info), 0);
	CHECK_INT(info.mode_count, count);
	edid[128] = 0x70;
	parse(256);
	CHECK_INT(info.mode_count, count);
}

/* Random bytes in all blocks but the header: what comes out is sane, whatever went in. */
TEST(random_bytes)
{
	uint32_t random = 12345;

	for (unsigned round = 0; round < 20000; round++) {
		uint8_t *exact = malloc(256); /* so that a sanitizer sees its ends */

		begin();
		for (unsigned i = 8; i < 256; i++) {
			random = random * 1664525 + 1013904223;
			if (round % 4 == 0 || random >> 29 == 0)
				edid[i] = random >> 16;
		}
		edid[126] = 1;
		edid[128] = 2;
		kms_edid_put_sum(edid);
		kms_edid_put_sum(edid + 128);
		memcpy(exact, edid, 256);
		CHECK_INT(kms_edid_parse(exact, 256, &info), 0);
		free(exact);
		CHECK(info.mode_count <= KMS_MAX_MODES);
		for (unsigned i = 0; i < info.mode_count; i++)
			CHECK_INT(kms_mode_check(&info.modes[i]), 0);
		CHECK(strlen(info.name) < 14 && strlen(info.serial_text) < 14);
		CHECK(info.min_hz <= info.max_hz);
	}
}
