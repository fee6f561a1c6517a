/* A description's connectors, with their modes and EDIDs. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kms_edid.h"
#include "kms_mode.h"
#include "profile_internal.h"
#include "profile_names.h"

#define CONNECTOR(member) offsetof(struct kms_connector_desc, member)
#define MODE(member) offsetof(struct drm_mode_modeinfo, member)

/* ---- modes ---- */

static int read_u16(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	uint64_t number;
	int ret = profile_number(value, 0, UINT16_MAX, &number);

	if (ret == 0)
		*(uint16_t *)((char *)to + field->offset) = number;
	return ret;
}

static int read_timings(const struct profile_value *value, struct drm_mode_modeinfo *mode)
{
	static const struct profile_field fields[] = {
		{"clock", profile_read_u32, MODE(clock), 1, INT_MAX},
		{"hdisplay", read_u16, MODE(hdisplay)},
		{"hsync_start", read_u16, MODE(hsync_start)},
		{"hsync_end", read_u16, MODE(hsync_end)},
		{"htotal", read_u16, MODE(htotal)},
		{"hskew", read_u16, MODE(hskew)},
		{"vdisplay", read_u16, MODE(vdisplay)},
		{"vsync_start", read_u16, MODE(vsync_start)},
		{"vsync_end", read_u16, MODE(vsync_end)},
		{"vtotal", read_u16, MODE(vtotal)},
		{"vscan", read_u16, MODE(vscan)},
		{"flags", profile_read_u32, MODE(flags), 0, UINT32_MAX},
		/* What follows from the others, and from the place in the list. */
		{"vrefresh", profile_read_nothing},
		{"type", profile_read_nothing},
		{"name", profile_read_nothing},
	};
	struct profile_value name;
	const char *text;
	int ret;

	memset(mode, 0, sizeof(*mode));
	ret = profile_read_fields(value, fields, GEM_ARRAY_SIZE(fields), mode);
	if (ret < 0 || !profile_member(value, "name", &name))
		return ret;
	ret = profile_string(&name, &text);
	if (ret == 0)
		snprintf(mode->name, sizeof(mode->name), "%s", text);
	return ret;
}

static int read_size_and_rate(const struct profile_value *value, const char *text,
	struct drm_mode_modeinfo *mode)
{
	unsigned width, height, refresh = 60;
	int length = 0;

	if (sscanf(text, "%5ux%5u%n", &width, &height, &length) < 2 ||
	    (text[length] && (sscanf(text + length, "@%4u%n", &refresh, &length) < 1 ||
			strchr(text, '@')[length])))
		return profile_wrong(value, "\"%s\" is no mode, as \"1920x1080@60\"", text);
	/* 60 Hz: the monitors' own timings of well-known sizes, else CVT's. */
	if ((refresh == 60 ? kms_mode_standard(width, height, mode) :
			kms_mode_cvt(width, height, refresh, mode)) < 0)
		return profile_wrong(value, "there are no timings for \"%s\"", text);
	return 0;
}

int profile_read_mode(const struct profile_value *value, struct drm_mode_modeinfo *mode)
{
	struct profile_value member;
	const char *text;
	int ret = profile_member(value, "clock", &member) ? read_timings(value, mode) :
		profile_string(value, &text);

	if (ret == 0 && !profile_member(value, "clock", &member))
		ret = read_size_and_rate(value, text, mode);
	if (ret < 0)
		return ret;
	return kms_mode_check(mode) < 0 ? profile_wrong(value, "timings that no screen takes") : 0;
}

static int read_modes(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	struct kms_connector_desc *connector = to;
	struct drm_mode_modeinfo *modes;
	unsigned count;
	int ret = profile_list(value, KMS_MAX_MODES, &count);

	if (ret < 0)
		return ret;
	modes = profile_alloc(value->reader->profile, count, sizeof(modes[0]));
	if (!modes)
		return profile_no_memory(value);
	for (unsigned i = 0; ret == 0 && i < count; i++) {
		struct profile_value item = profile_item(value, i);

		ret = profile_read_mode(&item, &modes[i]);
	}
	connector->modes = modes;
	connector->mode_count = count;
	return ret;
}

/* ---- EDID ---- */

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

int profile_read_edid(const struct profile_value *value, struct kms_connector_desc *connector)
{
	const char *text;
	uint8_t *bytes;
	unsigned count = 0;
	int ret = profile_string(value, &text);

	if (ret < 0)
		return ret;
	bytes = profile_alloc(value->reader->profile, strlen(text) / 2, 1);
	if (!bytes)
		return profile_no_memory(value);
	while (*text) {
		if (isspace((unsigned char)*text)) {
			text++;
			continue;
		}
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
			return profile_wrong(value, "is not pairs of hexadecimal digits");
		bytes[count++] = hex_digit(text[0]) << 4 | hex_digit(text[1]);
		text += 2;
	}
	connector->edid = bytes;
	connector->edid_size = count;
	return 0;
}

static int read_edid_file(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	struct kms_connector_desc *connector = to;
	const char *name, *own = value->reader->file_name;
	const char *slash = strrchr(own, '/');
	char path[PATH_MAX], *bytes;
	size_t size;
	void *copy;
	int ret = profile_string(value, &name);

	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "%.*s%s", slash && name[0] != '/' ? (int)(slash + 1 - own) : 0,
		own, name);
	ret = profile_read_file(path, KMS_MAX_EDID_SIZE, &bytes, &size);
	if (ret < 0) {
		profile_wrong(value, "%s: %s", path, strerror(-ret));
		return ret;
	}
	copy = profile_alloc(value->reader->profile, size, 1);
	if (copy)
		memcpy(copy, bytes, size);
	free(bytes);
	connector->edid = copy;
	connector->edid_size = size;
	return copy ? 0 : profile_no_memory(value);
}

/* Its modes where the description has none of its own, and its size. */
int profile_take_edid(const struct profile_value *value, struct kms_connector_desc *connector)
{
	struct kms_edid_info *info = profile_alloc(value->reader->profile, 1, sizeof(*info));

	if (!info)
		return profile_no_memory(value);
	if (kms_edid_parse(connector->edid, connector->edid_size, info) < 0)
		return profile_wrong(value, "is no EDID");
	if (connector->mode_count == 0) {
		connector->modes = info->modes;
		connector->mode_count = info->mode_count;
	}
	if (connector->mm_width == 0 && connector->mm_height == 0) {
		connector->mm_width = info->mm_width;
		connector->mm_height = info->mm_height;
	}
	return 0;
}

/* ---- fields ---- */

static int read_type(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	struct kms_connector_desc *connector = to;

	return profile_connector_type(value, &connector->type);
}

static int read_encoder(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	struct kms_connector_desc *connector = to;

	return profile_encoder_type(value, &connector->encoder_type);
}

static int read_monitor(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	struct kms_connector_desc *connector = to;
	int ret = profile_string(value, &connector->monitor);

	if (ret == 0 && strlen(connector->monitor) > 13)
		ret = profile_wrong(value, "has more than 13 characters");
	return ret;
}

static int read_edid(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	return profile_read_edid(value, to);
}

static int read_clones(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	struct kms_connector_desc *connector = to;

	return profile_read_indices(value, value->reader->profile->desc.connector_count,
		"connectors", &connector->possible_clones);
}

static int read_subpixel(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	static const struct profile_name subpixels[] = {
		{"unknown", 0}, {"horizontal-rgb", 1}, {"horizontal-bgr", 2},
		{"vertical-rgb", 3}, {"vertical-bgr", 4}, {"none", 5},
	};
	struct kms_connector_desc *connector = to;
	uint64_t subpixel;
	int ret = profile_name(value, subpixels, GEM_ARRAY_SIZE(subpixels),
		"order of subpixels (as \"horizontal-rgb\")", &subpixel);

	if (ret == 0)
		connector->subpixel = subpixel;
	return ret;
}

static int read_orientation(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	static const struct profile_name orientations[] = {
		{"Normal", KMS_PANEL_NORMAL}, {"Upside Down", KMS_PANEL_UPSIDE_DOWN},
		{"Left Side Up", KMS_PANEL_LEFT_UP}, {"Right Side Up", KMS_PANEL_RIGHT_UP},
	};
	struct kms_connector_desc *connector = to;
	uint64_t orientation;
	int ret = profile_name(value, orientations, GEM_ARRAY_SIZE(orientations),
		"panel orientation (as \"Right Side Up\")", &orientation);

	if (ret == 0)
		connector->panel_orientation = orientation;
	return ret;
}

static int read_tile(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	struct kms_connector_desc *connector = to;
	unsigned numbers[8];
	int length = 0, ret = profile_string(value, &connector->tile);

	if (ret == 0 && (sscanf(connector->tile, "%9u:%9u:%9u:%9u:%9u:%9u:%9u:%9u%n", &numbers[0],
			&numbers[1], &numbers[2], &numbers[3], &numbers[4], &numbers[5],
			&numbers[6], &numbers[7], &length) < 8 || connector->tile[length]))
		ret = profile_wrong(value, "is not eight numbers, as \"1:1:2:1:0:0:1920:2160\"");
	return ret;
}

static int read_bpc(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	struct kms_connector_desc *connector = to;
	uint64_t range[2];
	int ret = profile_numbers(value, 1, 64, range, 2);

	if (ret == 0) {
		connector->min_bpc = range[0];
		connector->max_bpc = range[1];
	}
	return ret;
}

static int read_colorspaces(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	/* The kernel's names, by DRM_MODE_COLORIMETRY_*. */
	static const struct profile_name colorspaces[] = {
		{"Default", 0}, {"SMPTE_170M_YCC", 1}, {"BT709_YCC", 2}, {"XVYCC_601", 3},
		{"XVYCC_709", 4}, {"SYCC_601", 5}, {"opYCC_601", 6}, {"opRGB", 7},
		{"BT2020_CYCC", 8}, {"BT2020_RGB", 9}, {"BT2020_YCC", 10}, {"DCI-P3_RGB_D65", 11},
		{"DCI-P3_RGB_Theater", 12}, {"RGB_Wide_Gamut_Fixed_Point", 13},
		{"RGB_Wide_Gamut_Floating_Point", 14}, {"BT601_YCC", 15},
	};
	struct kms_connector_desc *connector = to;
	uint64_t mask;
	int ret = profile_name_mask(value, colorspaces, GEM_ARRAY_SIZE(colorspaces),
		"colour space (as \"BT2020_RGB\")", &mask, NULL);

	if (ret == 0)
		connector->colorspaces = mask;
	return ret;
}

static int read_vrr(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	struct kms_connector_desc *connector = to;

	connector->vrr = true;
	return profile_bool(value, &connector->vrr_capable);
}

static int read_formats(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	struct kms_connector_desc *connector = to;

	return profile_formats(value, &connector->formats, &connector->format_count);
}

static const struct profile_field connector_fields[] = {
	{"comment", profile_read_nothing},
	{"like", profile_read_nothing},
	{"type", read_type},
	{"crtcs", profile_read_crtcs, CONNECTOR(possible_crtcs)},
	{"encoder", read_encoder},
	{"clones", read_clones},
	{"connected", profile_read_bool, CONNECTOR(connected)},
	{"monitor", read_monitor},
	{"modes", read_modes},
	{"edid", read_edid},
	{"edid_file", read_edid_file},
	{"size_mm", profile_read_size, CONNECTOR(mm_width), 0, 100000},
	{"subpixel", read_subpixel},
	{"non_desktop", profile_read_bool, CONNECTOR(non_desktop)},
	{"panel_orientation", read_orientation},
	{"tile", read_tile},
	{"content_type", profile_read_bool, CONNECTOR(content_type)},
	{"max_bpc", read_bpc},
	{"hdr_metadata", profile_read_bool, CONNECTOR(hdr_metadata)},
	{"colorspaces", read_colorspaces},
	{"vrr_capable", read_vrr},
	{"formats", read_formats},
};

int profile_read_connector(const struct profile_value *value,
	struct kms_connector_desc *connector)
{
	struct profile_value member;
	int ret;

	if (!profile_member(value, "like", &member)) {
		connector->connected = true;
		connector->possible_crtcs = profile_all_crtcs(value);
		connector->monitor = "Testcard";
		if (!profile_member(value, "type", &member))
			return profile_wrong(value, "no \"type\"");
	}
	ret = profile_read_fields(value, connector_fields, GEM_ARRAY_SIZE(connector_fields),
		connector);
	if (ret < 0)
		return ret;
	if (connector->type == DRM_MODE_CONNECTOR_WRITEBACK)
		connector->connected = false;
	if (connector->edid && (profile_member(value, "edid", &member) ||
			profile_member(value, "edid_file", &member))) {
		ret = profile_take_edid(&member, connector);
		if (ret < 0)
			return ret;
	}
	if (connector->connected && connector->mode_count == 0)
		return profile_wrong(value, "no \"modes\" for what is connected");
	return 0;
}
