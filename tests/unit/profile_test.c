/* Descriptions of devices: what is right in them arrives, what is wrong is named. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "kms_device.h"
#include "kms_mode.h"
#include "profile.h"
#include "test.h"

static char why[512];

static int parse(const char *text, struct profile **out)
{
	why[0] = '\0';
	return profile_parse(text, strlen(text), "x.json", out, why, sizeof(why));
}

/* The smallest device, with more members for the text's objects. */
static const char *device(const char *root, const char *crtc, const char *plane,
	const char *connector)
{
	static char text[4096];

	snprintf(text, sizeof(text), "{\"testcard\": 1, %s\n\"crtcs\": [{%s}],\n\"planes\": ["
		"{\"type\": \"primary\", \"formats\": [\"XRGB8888\", \"NV12\"] %s}],\n"
		"\"connectors\": [{\"type\": \"HDMI-A\", \"modes\": [\"1024x768\"] %s}]}", root,
		crtc, plane, connector);
	return text;
}

static void expect_wrong(const char *text, const char *expected)
{
	struct profile *profile;

	CHECK_INT(parse(text, &profile), -EINVAL);
	if (!strstr(why, expected))
		test_fail(__FILE__, __LINE__, "'%s' instead of '%s'", why, expected);
	CHECK(strncmp(why, "x.json: ", 8) == 0);
	CHECK(!strchr(why, '\n'));
}

/* ---- what is right ---- */

TEST(smallest)
{
	struct profile *profile;
	struct kms_device *dev;

	CHECK_INT(parse(device("", "", "", ""), &profile), 0);
	const struct kms_device_desc *desc = profile_desc(profile);
	CHECK_INT(desc->crtc_count, 1);
	CHECK_INT(desc->plane_count, 1);
	CHECK_INT(desc->connector_count, 1);
	CHECK_INT(desc->planes[0].possible_crtcs, 1);
	CHECK_INT(desc->planes[0].formats[1], DRM_FORMAT_NV12);
	CHECK_INT(desc->connectors[0].possible_crtcs, 1);
	CHECK(desc->connectors[0].connected);
	CHECK_INT(desc->connectors[0].modes[0].hdisplay, 1024);
	CHECK_INT(desc->connectors[0].modes[0].clock, 65000);
	CHECK_INT(kms_device_create(desc, &dev), 0);
	/* The device has copies. */
	profile_destroy(profile);
	CHECK(kms_plane_takes(&dev->planes[0], DRM_FORMAT_NV12, DRM_FORMAT_MOD_LINEAR));
	CHECK(strcmp(dev->connectors[0].monitor, "Testcard") == 0);
	kms_device_destroy(dev);
}

TEST(plane_fields)
{
	struct profile *profile;

	CHECK_INT(parse(device("", "", ", \"zpos\": {\"first\": 2, \"min\": 1, \"max\": 7},"
		"\"modifiers\": [\"LINEAR\", {\"modifier\": 72057594037927937, \"formats\": "
		"[\"XRGB8888\"]}], \"rotation\": [\"rotate-0\", \"reflect-y\"], \"alpha\": true,"
		"\"blend\": [\"Pre-multiplied\", \"Coverage\"], \"color_encoding\": [\"BT.2020\", "
		"\"BT.601\"], \"color_range\": [\"full\"], \"scale\": {\"enlarge\": 3, \"reduce\": "
		"2.5}, \"max_source\": [640, 480], \"positionable\": true, \"damage_clips\": true,"
		"\"async_flip\": true, \"size_hints\": [[64, 32]]", ""), &profile), 0);
	const struct kms_plane_desc *plane = &profile_desc(profile)->planes[0];
	CHECK(plane->zpos_mutable && plane->zpos == 2 && plane->zpos_min == 1 &&
		plane->zpos_max == 7);
	CHECK_INT(plane->modifier_count, 2);
	CHECK_INT(plane->modifiers[0].modifier, DRM_FORMAT_MOD_LINEAR);
	CHECK_INT(plane->modifiers[0].formats, 0);
	CHECK(plane->modifiers[1].modifier == I915_FORMAT_MOD_X_TILED);
	CHECK_INT(plane->modifiers[1].formats, 1);
	CHECK_INT(plane->rotations, DRM_MODE_ROTATE_0 | DRM_MODE_REFLECT_Y);
	CHECK_INT(plane->blends, 1 << KMS_BLEND_PREMULTI | 1 << KMS_BLEND_COVERAGE);
	CHECK_INT(plane->color_encodings, 1 << KMS_BT2020 | 1 << KMS_BT601);
	CHECK_INT(plane->color_encoding, KMS_BT2020);
	CHECK_INT(plane->color_ranges, 1 << KMS_RANGE_FULL);
	CHECK_INT(plane->color_range, KMS_RANGE_FULL);
	CHECK_INT(plane->min_scale, KMS_SCALE_ONE / 3);
	CHECK_INT(plane->max_scale, KMS_SCALE_ONE * 5 / 2);
	CHECK(plane->max_src_width == 640 && plane->max_src_height == 480);
	CHECK(plane->alpha && plane->positionable && plane->damage_clips && plane->async_flip);
	CHECK(plane->size_hint_count == 1 && plane->size_hints[0].height == 32);
	profile_destroy(profile);
}

TEST(crtc_and_device_fields)
{
	struct profile *profile;

	CHECK_INT(parse(device("\"framebuffer\": {\"min\": [4, 5], \"max\": [4096, 2160]}, "
		"\"cursor\": [128, 96], \"async_flip\": true, /* a comment */", "\"gamma_size\": 256,"
		"\"degamma_size\": 33, \"ctm\": true, \"vrr\": true, \"needs_primary\": true,"
		"\"max_planes\": 3, \"max_scalers\": 2, \"max_clock\": 300000, \"max_pixel_rate\": "
		"5000000000", "", ""), &profile), 0);
	const struct kms_device_desc *desc = profile_desc(profile);
	CHECK(desc->min_width == 4 && desc->min_height == 5);
	CHECK(desc->max_width == 4096 && desc->max_height == 2160);
	CHECK(desc->cursor_width == 128 && desc->cursor_height == 96 && desc->async_page_flip);
	const struct kms_crtc_desc *crtc = &desc->crtcs[0];
	CHECK(crtc->gamma_size == 256 && crtc->degamma_size == 33 && crtc->ctm && crtc->vrr);
	CHECK(crtc->needs_primary && crtc->max_planes == 3 && crtc->max_scalers == 2);
	CHECK(crtc->max_clock == 300000 && crtc->max_pixel_rate == 5000000000);
	profile_destroy(profile);
}

TEST(connector_fields)
{
	struct profile *profile;

	CHECK_INT(parse(device("", "", "", ", \"encoder\": \"TMDS\", \"clones\": \"all\", \"monitor\":"
		"\"Thirteen char\", \"size_mm\": [300, 200], \"subpixel\": \"vertical-bgr\","
		"\"non_desktop\": true, \"panel_orientation\": \"Left Side Up\", \"tile\":"
		"\"1:1:2:1:0:0:512:768\", \"content_type\": true, \"max_bpc\": [8, 12],"
		"\"hdr_metadata\": true, \"colorspaces\": [\"Default\", \"BT2020_RGB\"],"
		"\"vrr_capable\": false"), &profile), 0);
	const struct kms_connector_desc *connector = &profile_desc(profile)->connectors[0];
	CHECK_INT(connector->type, DRM_MODE_CONNECTOR_HDMIA);
	CHECK_INT(connector->encoder_type, DRM_MODE_ENCODER_TMDS);
	CHECK_INT(connector->possible_clones, 1);
	CHECK(strcmp(connector->monitor, "Thirteen char") == 0);
	CHECK(connector->mm_width == 300 && connector->mm_height == 200);
	CHECK_INT(connector->subpixel, 4);
	CHECK_INT(connector->panel_orientation, KMS_PANEL_LEFT_UP);
	CHECK(strcmp(connector->tile, "1:1:2:1:0:0:512:768") == 0);
	CHECK(connector->non_desktop && connector->content_type && connector->hdr_metadata);
	CHECK(connector->min_bpc == 8 && connector->max_bpc == 12);
	CHECK_INT(connector->colorspaces, 1 | 1 << 9);
	CHECK(connector->vrr && !connector->vrr_capable);
	profile_destroy(profile);
}

TEST(modes)
{
	struct profile *profile;

	CHECK_INT(parse(device("", "", "", ", \"modes\": [\"1920x1080\", \"1920x1080@144\", "
		"\"721x401@75\", {\"clock\": 25175, \"hdisplay\": 640, \"hsync_start\": 656, "
		"\"hsync_end\": 752, \"htotal\": 800, \"vdisplay\": 480, \"vsync_start\": 490, "
		"\"vsync_end\": 492, \"vtotal\": 525, \"flags\": 10, \"vrefresh\": 60, \"type\": 72,"
		"\"name\": \"vga\"}]"), &profile), 0);
	const struct kms_connector_desc *connector = &profile_desc(profile)->connectors[0];
	CHECK_INT(connector->mode_count, 4);
	CHECK_INT(connector->modes[0].clock, 148500);
	CHECK_INT(connector->modes[1].vrefresh, 144);
	CHECK_INT(connector->modes[2].hdisplay, 721);
	CHECK_INT(connector->modes[2].vrefresh, 75);
	CHECK_INT(connector->modes[3].clock, 25175);
	CHECK(strcmp(connector->modes[3].name, "vga") == 0);
	profile_destroy(profile);
}

/* What is connected and has an EDID has its modes, unless the description has others. */
TEST(edid)
{
	const struct kms_connector_desc *model = kms_device_desc_default()->connectors;
	char hex[2 * KMS_EDID_SIZE + 1], member[512];
	uint8_t edid[KMS_EDID_SIZE];
	struct profile *profile;

	kms_edid_build(edid, "Given", 3, model->modes, 3);
	for (unsigned i = 0; i < sizeof(edid); i++)
		snprintf(hex + 2 * i, 3, "%02x", edid[i]);
	snprintf(member, sizeof(member), ", \"modes\": [], \"edid\": \"%.64s\\n\\t %s\"", hex,
		hex + 64);
	CHECK_INT(parse(device("", "", "", member), &profile), 0);
	const struct kms_connector_desc *connector = profile_desc(profile)->connectors;
	CHECK_INT(connector->edid_size, KMS_EDID_SIZE);
	CHECK(memcmp(connector->edid, edid, sizeof(edid)) == 0);
	CHECK_INT(connector->mode_count, 3);
	CHECK(kms_mode_equal(&connector->modes[0], &model->modes[0]));
	CHECK_INT(connector->mm_width, 271);
	profile_destroy(profile);

	snprintf(member, sizeof(member), ", \"edid\": \"%s\"", hex);
	CHECK_INT(parse(device("", "", "", member), &profile), 0);
	CHECK_INT(profile_desc(profile)->connectors[0].mode_count, 1);
	profile_destroy(profile);
	member[40]++; /* no longer adds up */
	expect_wrong(device("", "", "", member), "connectors[0].edid: is no EDID");
}

/* "like" copies an entry; what is said then counts, and nothing else changes. */
TEST(like)
{
	struct profile *profile;

	CHECK_INT(parse("{\"testcard\": 1, \"crtcs\": [{\"gamma_size\": 16}, {\"like\": 0, \"ctm\": "
		"true}], \"planes\": [{\"type\": \"primary\", \"crtcs\": [0], \"formats\": "
		"[\"RGB565\"], \"modifiers\": [\"X_TILED\"]}, {\"like\": 0, \"crtcs\": [1]}, {\"like\": "
		"1, \"type\": \"overlay\", \"crtcs\": \"all\", \"formats\": [\"XR24\"]}], "
		"\"connectors\": [{\"type\": \"DP\", \"modes\": [\"640x480\"]}, {\"like\": 0, "
		"\"connected\": false}]}", &profile), 0);
	const struct kms_device_desc *desc = profile_desc(profile);
	CHECK(desc->crtcs[1].gamma_size == 16 && desc->crtcs[1].ctm && !desc->crtcs[0].ctm);
	CHECK_INT(desc->planes[1].type, KMS_PLANE_PRIMARY);
	CHECK_INT(desc->planes[1].possible_crtcs, 2);
	CHECK(desc->planes[1].modifiers[0].modifier == I915_FORMAT_MOD_X_TILED);
	CHECK_INT(desc->planes[2].possible_crtcs, 3);
	CHECK_INT(desc->planes[2].formats[0], DRM_FORMAT_XRGB8888);
	CHECK_INT(desc->planes[2].modifier_count, 0);
	CHECK_INT(desc->connectors[1].mode_count, 1);
	CHECK(!desc->connectors[1].connected);
	profile_destroy(profile);
}

/* ---- what is wrong ---- */

TEST(syntax)
{
	expect_wrong("", "unexpected end of data");
	expect_wrong("{\"testcard\": 1,\n  \"crtcs\": [}", "line 2, column");
	expect_wrong("{\"testcard\": 1} {}", "there is more after the end");
	expect_wrong("{\"testcard\": 1", "end");
	expect_wrong("{\"testcard\": 1, \"comment\": \"\xff\"}", "line 1");
	expect_wrong("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "line 1");
	expect_wrong("[]", "neither a description");
	expect_wrong("12", "neither a description");
	expect_wrong("null", "neither a description");
	expect_wrong("{\"testcard\": 2}", "testcard: 2 is not within 1 and 1");
	expect_wrong("{\"testcard\": 1}", "no list \"crtcs\"");
	expect_wrong("{\"testcard\": 1, \"crtcs\": {}}", "crtcs: is not a list");
	expect_wrong("{\"testcard\": 1, \"crtcs\": [1]}", "crtcs[0]: is not an object");
}

static const struct wrong_row {
	const char *name; /* a part of what is said */
	const char *root, *crtc, *plane, *connector;
} wrong_rows[] = {
	{"colour: there is no such field", "\"colour\": 1,", "", "", ""},
	{"cursor: is not a list of 2 numbers", "\"cursor\": 64,", "", "", ""},
	{"cursor[1]: -1 is not within 1 and 4096", "\"cursor\": [64, -1],", "", "", ""},
	{"framebuffer.most: there is no", "\"framebuffer\": {\"most\": 1},", "", "", ""},
	{"async_flip: is neither true nor false", "\"async_flip\": 1,", "", "", ""},
	{"crtcs[0].gamma_size: 5000 is not within", "", "\"gamma_size\": 5000", "", ""},
	{"crtcs[0].gamma_size: is not a whole number", "", "\"gamma_size\": 1.5", "", ""},
	{"is not a whole number", "", "\"gamma_size\": \"16\"", "", ""},
	{"crtcs[0].like: 0 is no earlier entry", "", "\"like\": 0", "", ""},
	{"crtcs[0].max_clock: 99999999999 is not", "", "\"max_clock\": 99999999999", "", ""},
	{"planes[0].type: \"sprite\" is no plane type", "", "", ", \"type\": \"sprite\"", ""},
	{"planes[0].formats[0]: \"NV99\" is no format", "", "", ", \"formats\": [\"NV99\"]", ""},
	{"formats[1]: is there twice", "", "", ", \"formats\": [\"NV12\", \"NV12\"]", ""},
	{"planes[0]: no \"formats\"", "", "", ", \"formats\": []", ""},
	{"planes[0].crtcs[0]: there are only 1 crtcs", "", "", ", \"crtcs\": [1]", ""},
	{"planes[0].crtcs[0]: 99 is not within", "", "", ", \"crtcs\": [99]", ""},
	{"modifiers[0]: \"AFBC\" is no modifier", "", "", ", \"modifiers\": [\"AFBC\"]", ""},
	{"modifiers[0]: is no layout that we can read", "", "", ", \"modifiers\": [5]", ""},
	{"modifiers[0].formats[0]: is not among the plane's formats",
		"", "", ", \"modifiers\": [{\"modifier\": 0, \"formats\": [\"R8\"]}]", ""},
	{"modifiers[0].formats: is empty",
		"", "", ", \"modifiers\": [{\"modifier\": 0, \"formats\": []}]", ""},
	{"zpos.from: there is no such field", "", "", ", \"zpos\": {\"from\": 0}", ""},
	{"rotation[0]: \"rotate-45\" is no", "", "", ", \"rotation\": [\"rotate-45\"]", ""},
	{"scale.enlarge: 0.5 is not within", "", "", ", \"scale\": {\"enlarge\": 0.5}", ""},
	{"scale.reduce: NaN is not within", "", "", ", \"scale\": {\"reduce\": NaN}", ""},
	{"scale: is not an object", "", "", ", \"scale\": 2", ""},
	{"connectors[0].type: \"HDMI\" is no connector", "", "", "", ", \"type\": \"HDMI\""},
	{"connectors[0]: no \"modes\"", "", "", "", ", \"modes\": []"},
	{"modes[0]: \"big\" is no mode", "", "", "", ", \"modes\": [\"big\"]"},
	{"is no mode", "", "", "", ", \"modes\": [\"1024x768@\"]"},
	{"is no mode", "", "", "", ", \"modes\": [\"1024x768@60Hz\"]"},
	{"is no mode", "", "", "", ", \"modes\": [\"1024x768 60\"]"},
	{"there are no timings", "", "", "", ", \"modes\": [\"1x1\"]"},
	{"modes[0]: timings that no screen", "", "", "", ", \"modes\": [{\"clock\": 1000}]"},
	{"hdisplay: 70000", "", "", "", ", \"modes\": [{\"clock\": 1000, \"hdisplay\": 70000}]"},
	{"more than 13 characters", "", "", "", ", \"monitor\": \"Fourteen chars\""},
	{"has a NUL in it", "", "", "", ", \"monitor\": \"a\\u0000b\""},
	{"edid: is not pairs of hexadecimal digits", "", "", "", ", \"edid\": \"00f\""},
	{"edid: is not pairs of hexadecimal digits", "", "", "", ", \"edid\": \"00zz\""},
	{"clones[0]: there are only 1 connectors", "", "", "", ", \"clones\": [3]"},
	{"tile: is not eight numbers", "", "", "", ", \"tile\": \"1:2\""},
	{"max_bpc[0]: 0 is not within", "", "", "", ", \"max_bpc\": [0, 8]"},
	/* Each for itself is right, together they are no device: kms_desc says so. */
	{"there can be no such device", "", "", ", \"type\": \"overlay\"", ""},
	{"there can be no such device", "", "", ", \"zpos\": {\"first\": 9, \"max\": 3}", ""},
	{"edid: is no EDID", "", "", "", ", \"edid\": \"00\""},
};

TEST_ROWS(wrong_field, struct wrong_row, wrong_rows)
{
	expect_wrong(device(row->root, row->crtc, row->plane, row->connector), row->name);
}

/* Any byte of a good description lost, doubled or changed: refused or read, never worse. */
TEST(damaged)
{
	char text[4096], damaged[4096];
	struct profile *profile;
	unsigned random = 1, read = 0;

	gem_log_set_level(GEM_LOG_ERROR);
	strcpy(text, device("\"cursor\": [64, 64],", "\"gamma_size\": 16", ", \"zpos\": {\"first\": 1, "
		"\"min\": 0, \"max\": 4}, \"modifiers\": [{\"modifier\": \"LINEAR\", \"formats\": "
		"[\"NV12\"]}], \"scale\": {\"enlarge\": 2}", ", \"tile\": \"1:1:2:1:0:0:1:1\""));
	size_t length = strlen(text);
	for (unsigned i = 0; i < 4 * length; i++) {
		size_t at = i % length;

		random = random * 1103515245 + 12345;
		memcpy(damaged, text, length + 1);
		damaged[at] = "0\"}],:-"[random >> 16 & 7 ? (random >> 16) % 7 : 0];
		if (i >= 3 * length) /* cut off */
			memset(damaged + at, ' ', length - at);
		if (profile_parse(damaged, length, "x.json", &profile, why, sizeof(why)) == 0) {
			profile_destroy(profile);
			read++;
		} else {
			CHECK(strncmp(why, "x.json: ", 8) == 0);
		}
	}
	/* Digits became other digits. */
	CHECK(read > 0 && read < length);
}

/* ---- files ---- */

TEST(files)
{
	char dir[] = "/tmp/profile-test-XXXXXX", path[64];
	struct profile *profile;

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/d.json", dir);
	CHECK_INT(profile_load(path, &profile, why, sizeof(why)), -ENOENT);
	CHECK(strstr(why, path) && strstr(why, "No such file"));
	CHECK_INT(profile_load(dir, &profile, why, sizeof(why)), -EISDIR);
	CHECK_INT(profile_load("nosuchdevice", &profile, why, sizeof(why)), -ENOENT);
	CHECK(strstr(why, "no such device is shipped"));
	CHECK_INT(profile_load("", &profile, why, sizeof(why)), -ENOENT);

	FILE *file = fopen(path, "w");
	fputs(device("", "", "", ""), file);
	fclose(file);
	CHECK_INT(profile_load(path, &profile, why, sizeof(why)), 0);
	profile_destroy(profile);
	CHECK_INT(truncate(path, (16 << 20) + 1), 0);
	CHECK_INT(profile_load(path, &profile, why, sizeof(why)), -EFBIG);
	unlink(path);
	rmdir(dir);
}

/* Those beside us make devices. */
TEST(shipped)
{
	static const char *const names[] = {"minimal", "desktop", "soc"};
	static const unsigned planes[] = {1, 16, 6};

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(names); i++) {
		const char *build = getenv("TESTCARD_BUILD");
		struct profile *profile;
		struct kms_device *dev;
		char path[4096];

		snprintf(path, sizeof(path), "%s/protocols/profile/%s.json", build ? build : ".",
			names[i]);
		if (profile_load(path, &profile, why, sizeof(why)) < 0)
			test_fail(__FILE__, __LINE__, "%s", why);
		CHECK_INT(kms_device_create(profile_desc(profile), &dev), 0);
		CHECK_INT(dev->plane_count, planes[i]);
		kms_device_destroy(dev);
		profile_destroy(profile);
	}
}
