/*
 * drm_info's dumps of other drivers' devices: what we can be is taken, what we cannot is
 * left out. The dump is written here after what such drivers have (planes that reach all
 * crtcs, compressed layouts, encoders shared and cloned), in drm_info 2.4's words.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>

#include "kms_device.h"
#include "profile.h"
#include "test.h"

#define PROPERTY(name, immutable, value, spec, data) \
	"\"" name "\": {\"id\": 9, \"immutable\": " immutable ", \"raw_value\": " value \
	", \"value\": " value ", \"spec\": " spec ", \"data\": " data "}"
#define RANGE(name, immutable, value, min, max) \
	PROPERTY(name, immutable, value, "{\"min\": " min ", \"max\": " max "}", "null")
#define TYPE(value) \
	PROPERTY("type", "true", value, "[{\"name\": \"Overlay\", \"value\": 0}, " \
		"{\"name\": \"Primary\", \"value\": 1}, {\"name\": \"Cursor\", \"value\": 2}]", "null")
/* XR24, NV12, and one that no software reads. */
#define PLANE(id, crtcs, more) \
	"{\"id\": " id ", \"possible_crtcs\": " crtcs ", \"formats\": [875713112, 842094158, 7], " \
	"\"properties\": {" more "}}"
#define MODE(flags) \
	"{\"clock\": 25175, \"hdisplay\": 640, \"hsync_start\": 656, \"hsync_end\": 752, " \
	"\"htotal\": 800, \"hskew\": 0, \"vdisplay\": 480, \"vsync_start\": 490, \"vsync_end\": " \
	"492, \"vtotal\": 525, \"vscan\": 0, \"vrefresh\": 60, \"flags\": " flags ", \"type\": 72, " \
	"\"name\": \"640x480\"}"

static const char foreign[] =
	"{\"/dev/dri/renderD129\": null, \"/dev/dri/card1\": {\"crtcs\": [], \"planes\": []},"
	"\"/dev/dri/card0\": {\"driver\": {\"name\": \"other\", \"caps\": {\"CURSOR_WIDTH\": 256, "
	"\"CURSOR_HEIGHT\": null, \"ASYNC_PAGE_FLIP\": 1}}, \"fb_size\": {\"min_width\": 0, "
	"\"max_width\": 16384, \"min_height\": 0, \"max_height\": 16384}, \"connectors\": ["
	"{\"id\": 100, \"type\": 11, \"status\": 1, \"phy_width\": 510, \"phy_height\": 290, "
	"\"subpixel\": 2, \"encoders\": [51, 52], \"modes\": [" MODE("10") ", " MODE("5") "], "
	"\"properties\": {" RANGE("max bpc", "false", "8", "8", "16") ", " RANGE("vrr_capable",
		"true", "1", "0", "1") ", " RANGE("Broadcast RGB", "false", "0", "0", "2") "}},"
	"{\"id\": 101, \"type\": 99, \"status\": 3, \"encoders\": [50], \"modes\": [" MODE("10") "], "
	"\"properties\": {" RANGE("non-desktop", "true", "1", "0", "1") "}},"
	"{\"id\": 102, \"type\": 10, \"status\": 2, \"encoders\": [], \"modes\": []}],"
	"\"encoders\": [{\"id\": 50, \"type\": 1, \"possible_crtcs\": 3, \"possible_clones\": 3},"
	"{\"id\": 51, \"type\": 2, \"possible_crtcs\": 1, \"possible_clones\": 3},"
	"{\"id\": 52, \"type\": 7, \"possible_crtcs\": 2, \"possible_clones\": 4}],"
	"\"crtcs\": [{\"id\": 40, \"gamma_size\": 256, \"properties\": {" RANGE("GAMMA_LUT_SIZE",
		"true", "262145", "0", "4294967295") ", " RANGE("VRR_ENABLED", "false", "0", "0",
		"1") "}}, {\"id\": 41, \"gamma_size\": 256}],"
	"\"planes\": ["
	PLANE("30", "3", TYPE("1")) ","
	PLANE("31", "3", TYPE("1") ", " PROPERTY("IN_FORMATS", "true", "77", "null",
		"[{\"modifier\": 0, \"formats\": [875713112]}, {\"modifier\": 72057594037927944, "
		"\"formats\": [875713112, 842094158]}]")) ","
	PLANE("32", "3", TYPE("1") ", " RANGE("zpos", "false", "9", "1", "4") ", "
		PROPERTY("rotation", "false", "1", "[{\"name\": \"rotate-0\", \"value\": 0}, "
		"{\"name\": \"reflect-y\", \"value\": 5}]", "null") ", "
		PROPERTY("COLOR_ENCODING", "false", "1", "[{\"name\": \"ITU-R BT.709 YCbCr\", "
		"\"value\": 1}]", "null") ", "
		PROPERTY("COLOR_RANGE", "false", "1", "[{\"name\": \"YCbCr limited range\", "
		"\"value\": 0}, {\"name\": \"YCbCr full range\", \"value\": 1}]", "null")) ","
	PLANE("33", "3", TYPE("2") ", " RANGE("zpos", "true", "255", "255", "255")) ","
	"{\"id\": 34, \"possible_crtcs\": 3, \"formats\": [7, 8], \"properties\": {" TYPE("0") "}}"
	"]}}";

static char why[512];

static const struct kms_device_desc *parse(struct profile **profile)
{
	if (profile_parse(foreign, strlen(foreign), "dump", profile, why, sizeof(why)) < 0)
		test_fail(__FILE__, __LINE__, "%s", why);
	return profile_desc(*profile);
}

TEST(device_and_crtcs)
{
	struct profile *profile;
	const struct kms_device_desc *desc = parse(&profile);

	CHECK(desc->max_width == 16384 && desc->max_height == 16384);
	CHECK(desc->cursor_width == 256 && desc->cursor_height == 64);
	CHECK(desc->async_page_flip);
	CHECK_INT(desc->crtc_count, 2);
	CHECK_INT(desc->crtcs[0].gamma_size, KMS_MAX_LUT_SIZE);
	CHECK_INT(desc->crtcs[1].gamma_size, 256);
	CHECK(desc->crtcs[0].vrr && !desc->crtcs[1].vrr && !desc->crtcs[0].ctm);
	profile_destroy(profile);
}

/* Primary planes that reach every crtc: the first is crtc 0's, and the third is nobody's. */
TEST(planes)
{
	struct profile *profile;
	const struct kms_device_desc *desc = parse(&profile);
	const struct kms_plane_desc *plane = desc->planes;
	struct kms_device *dev;

	CHECK_INT(desc->plane_count, 4); /* the fifth has no format that we read */
	CHECK_INT(plane[0].format_count, 2);
	CHECK_INT(plane[0].modifier_count, 0);
	CHECK_INT(plane[1].format_count, 1); /* NV12 was only compressed */
	CHECK_INT(plane[1].modifier_count, 1);
	CHECK_INT(plane[1].modifiers[0].formats, 1);
	CHECK_INT(plane[2].type, KMS_PLANE_OVERLAY);
	CHECK(plane[2].zpos_mutable && plane[2].zpos == 4 && plane[2].zpos_min == 1);
	CHECK_INT(plane[2].rotations, DRM_MODE_ROTATE_0 | DRM_MODE_REFLECT_Y);
	CHECK_INT(plane[2].color_encodings, 1 << KMS_BT709);
	CHECK_INT(plane[2].color_encoding, KMS_BT709);
	CHECK_INT(plane[2].color_range, KMS_RANGE_FULL);
	CHECK(!plane[3].zpos_mutable && plane[3].zpos == 255);
	CHECK_INT(kms_device_create(desc, &dev), 0);
	CHECK(dev->crtcs[0].primary == &dev->planes[0]);
	CHECK(dev->crtcs[1].primary == &dev->planes[1]);
	CHECK(dev->crtcs[0].cursor == &dev->planes[3] && !dev->crtcs[1].cursor);
	kms_device_destroy(dev);
	profile_destroy(profile);
}

TEST(connectors)
{
	struct profile *profile;
	const struct kms_device_desc *desc = parse(&profile);
	const struct kms_connector_desc *connector = desc->connectors;

	CHECK_INT(desc->connector_count, 3);
	CHECK(connector[0].connected && connector[1].connected && !connector[2].connected);
	CHECK_INT(connector[0].possible_crtcs, 3);
	CHECK_INT(connector[0].encoder_type, DRM_MODE_ENCODER_TMDS);
	CHECK_INT(connector[0].possible_clones, 2);
	CHECK_INT(connector[0].subpixel, 1);
	CHECK(connector[0].min_bpc == 8 && connector[0].max_bpc == 16);
	CHECK(connector[0].vrr && connector[0].vrr_capable && !connector[1].vrr);
	CHECK_INT(connector[0].mode_count, 2);
	CHECK_INT(connector[0].modes[1].flags, 5);
	CHECK_INT(connector[1].type, DRM_MODE_CONNECTOR_Unknown);
	CHECK_INT(connector[1].possible_clones, 1);
	CHECK(connector[1].non_desktop);
	CHECK_INT(connector[2].possible_crtcs, 3);
	profile_destroy(profile);
}

/* Damage of every kind: refused with a reason, or a device. */
TEST(damaged)
{
	static const char *const pieces[] = {
		"null", "-1", "[]", "{}", "\"\"", "99999999999999999999", "1e300", "true",
	};
	char text[2 * sizeof(foreign)];
	size_t length = strlen(foreign);
	unsigned devices = 0, refusals = 0;

	gem_log_set_level(GEM_LOG_ERROR);
	freopen("/dev/null", "w", stderr); /* kms_desc says why, each time */
	for (size_t at = 0; at < length; at++) {
		const char *piece = pieces[at % GEM_ARRAY_SIZE(pieces)];
		size_t number = strspn(foreign + at, "0123456789");
		struct profile *profile;

		/* Numbers become other things; in between, characters go. */
		if (number == 0)
			number = 1, piece = "";
		else if (at > 0 && strspn(foreign + at - 1, "0123456789"))
			continue;
		snprintf(text, sizeof(text), "%.*s%s%s", (int)at, foreign, piece,
			foreign + at + number);
		if (profile_parse(text, strlen(text), "dump", &profile, why, sizeof(why)) == 0) {
			profile_destroy(profile);
			devices++;
		} else {
			CHECK(strncmp(why, "dump: ", 6) == 0 && why[6]);
			refusals++;
		}
	}
	CHECK(devices > 100 && refusals > 100);
}
