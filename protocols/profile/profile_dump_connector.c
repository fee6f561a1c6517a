/* A dump's connectors and their encoders. */
#include <string.h>

#include "kms_mode.h"
#include "profile_dump.h"
#include "profile_internal.h"

enum { STATUS_CONNECTED = 1, STATUS_DISCONNECTED = 2, ENCODERS_MAX = 32 };

/* The node's encoders, and which connectors have them. */
struct encoders {
	struct profile_value list;
	unsigned count;
	uint32_t ids[ENCODERS_MAX];
	uint32_t connectors[ENCODERS_MAX]; /* bit = index */
};

static int read_encoders(const struct profile_value *node, struct encoders *encoders)
{
	int ret;

	if (!profile_member(node, "encoders", &encoders->list))
		return profile_wrong(node, "no encoders");
	ret = profile_list(&encoders->list, ENCODERS_MAX, &encoders->count);
	for (unsigned i = 0; ret == 0 && i < encoders->count; i++) {
		struct profile_value encoder = profile_item(&encoders->list, i);

		encoders->ids[i] = profile_dump_number(&encoder, "id", 0);
	}
	return ret;
}

/* Encoders of a connector, bit = index. */
static int encoders_of(const struct profile_value *connector, const struct encoders *encoders,
	uint32_t *mask)
{
	struct profile_value list;
	unsigned count;
	int ret;

	*mask = 0;
	if (!profile_member(connector, "encoders", &list))
		return 0;
	ret = profile_list(&list, ENCODERS_MAX, &count);
	for (unsigned i = 0; ret == 0 && i < count; i++) {
		struct profile_value item = profile_item(&list, i);
		uint64_t id;

		ret = profile_number(&item, 0, UINT32_MAX, &id);
		for (unsigned j = 0; ret == 0 && j < encoders->count; j++)
			*mask |= encoders->ids[j] == id ? 1u << j : 0;
	}
	return ret;
}

/*
 * Ours have one encoder each, of the same index: it can what all those of the dump
 * can, and its clones are the connectors whose encoders theirs may be cloned with.
 */
static void join_encoders(uint32_t mask, const struct encoders *encoders,
	struct kms_connector_desc *connector)
{
	for (unsigned i = 0; i < encoders->count; i++) {
		struct profile_value encoder = profile_item(&encoders->list, i);
		uint32_t clones;

		if (!(mask >> i & 1))
			continue;
		if (!connector->encoder_type)
			connector->encoder_type = profile_dump_number(&encoder, "type", 0);
		connector->possible_crtcs |= profile_dump_number(&encoder, "possible_crtcs", 0);
		clones = profile_dump_number(&encoder, "possible_clones", 0);
		for (unsigned j = 0; j < encoders->count; j++) {
			if (j != i && clones >> j & 1)
				connector->possible_clones |= encoders->connectors[j];
		}
	}
}

/* ---- monitors ---- */

static int read_modes(const struct profile_value *value, struct kms_connector_desc *connector)
{
	struct drm_mode_modeinfo *modes;
	struct profile_value list;
	unsigned entries;
	int ret;

	if (!profile_member(value, "modes", &list))
		return 0;
	ret = profile_list(&list, UINT16_MAX, &entries);
	modes = profile_alloc(value->reader->profile, KMS_MAX_MODES, sizeof(modes[0]));
	if (ret < 0 || !modes)
		return ret < 0 ? ret : profile_no_memory(&list);
	for (unsigned i = 0; i < entries && connector->mode_count < KMS_MAX_MODES; i++) {
		struct profile_value item = profile_item(&list, i);

		ret = profile_read_mode(&item, &modes[connector->mode_count]);
		if (ret < 0)
			return ret;
		connector->mode_count++;
	}
	connector->modes = modes;
	return 0;
}

static void read_properties(const struct profile_value *value,
	struct kms_connector_desc *connector)
{
	static const char *const colorspaces[] = {
		"Default", "SMPTE_170M_YCC", "BT709_YCC", "XVYCC_601", "XVYCC_709", "SYCC_601",
		"opYCC_601", "opRGB", "BT2020_CYCC", "BT2020_RGB", "BT2020_YCC", "DCI-P3_RGB_D65",
		"DCI-P3_RGB_Theater", "RGB_Wide_Gamut_Fixed_Point",
		"RGB_Wide_Gamut_Floating_Point", "BT601_YCC",
	};
	static const char *const orientations[] = {
		[KMS_PANEL_UNKNOWN] = "", [KMS_PANEL_NORMAL] = "Normal",
		[KMS_PANEL_UPSIDE_DOWN] = "Upside Down", [KMS_PANEL_LEFT_UP] = "Left Side Up",
		[KMS_PANEL_RIGHT_UP] = "Right Side Up",
	};
	struct profile_value property;

	connector->non_desktop = profile_dump_value(value, "non-desktop", 0);
	connector->panel_orientation = profile_dump_choice(value, "panel orientation",
		orientations, GEM_ARRAY_SIZE(orientations));
	connector->content_type = profile_dump_property(value, "content type", &property);
	connector->hdr_metadata = profile_dump_property(value, "HDR_OUTPUT_METADATA", &property);
	connector->vrr = profile_dump_property(value, "vrr_capable", &property);
	connector->vrr_capable = profile_dump_value(value, "vrr_capable", 0);
	connector->colorspaces = profile_dump_choices(value, "Colorspace", colorspaces,
		GEM_ARRAY_SIZE(colorspaces));
	if (profile_dump_property(value, "max bpc", &property)) {
		connector->max_bpc = profile_dump_bound(&property, "max", 0);
		connector->min_bpc = profile_dump_bound(&property, "min", 0);
	}
}

static int read_monitor(const struct profile_value *value, struct kms_connector_desc *connector)
{
	uint64_t status = profile_dump_number(value, "status", STATUS_DISCONNECTED);
	struct profile_value edid;
	int ret = read_modes(value, connector);

	if (ret == 0 && profile_member(value, "edid", &edid)) {
		ret = profile_read_edid(&edid, connector);
		if (ret == 0)
			ret = profile_take_edid(&edid, connector);
	}
	connector->monitor = "Testcard";
	/* VGA without a load to detect is of unknown status, and used all the same. */
	connector->connected = status != STATUS_DISCONNECTED && connector->mode_count > 0;
	connector->mm_width = profile_dump_number(value, "phy_width", 0);
	connector->mm_height = profile_dump_number(value, "phy_height", 0);
	/* libdrm counts from 1. */
	connector->subpixel = profile_dump_number(value, "subpixel", 1) - 1;
	read_properties(value, connector);
	return ret;
}

static int read_writeback(const struct profile_value *value, struct kms_connector_desc *connector)
{
	uint32_t *formats = profile_alloc(value->reader->profile, KMS_MAX_FORMATS,
		sizeof(formats[0]));
	struct profile_value property, data;

	if (!formats)
		return profile_no_memory(value);
	connector->formats = formats;
	if (!profile_dump_property(value, "WRITEBACK_PIXEL_FORMATS", &property) ||
	    !profile_member(&property, "data", &data))
		return profile_wrong(value, "no WRITEBACK_PIXEL_FORMATS");
	return profile_dump_formats(&data, formats, &connector->format_count);
}

/* ---- the list ---- */

static int read_connector(const struct profile_value *value, const struct encoders *encoders,
	uint32_t mask, struct kms_connector_desc *connector)
{
	connector->type = profile_dump_number(value, "type", DRM_MODE_CONNECTOR_Unknown);
	if (connector->type > DRM_MODE_CONNECTOR_USB)
		connector->type = DRM_MODE_CONNECTOR_Unknown;
	join_encoders(mask, encoders, connector);
	connector->possible_crtcs &= profile_all_crtcs(value);
	/* One that is made when a monitor appears (DP-MST): any crtc, then. */
	if (!connector->possible_crtcs)
		connector->possible_crtcs = profile_all_crtcs(value);
	return connector->type == DRM_MODE_CONNECTOR_WRITEBACK ? read_writeback(value, connector) :
		read_monitor(value, connector);
}

int profile_dump_connectors(const struct profile_value *node, struct kms_device_desc *desc)
{
	struct encoders encoders = {.count = 0};
	uint32_t masks[KMS_MAX_CONNECTORS];
	struct kms_connector_desc *connectors;
	struct profile_value list;
	int ret = read_encoders(node, &encoders);

	if (ret < 0)
		return ret;
	if (!profile_member(node, "connectors", &list))
		return profile_wrong(node, "no connectors");
	ret = profile_list(&list, KMS_MAX_CONNECTORS, &desc->connector_count);
	if (ret < 0)
		return ret;
	connectors = profile_alloc(node->reader->profile, desc->connector_count,
		sizeof(connectors[0]));
	if (!connectors)
		return profile_no_memory(&list);
	desc->connectors = connectors;
	for (unsigned i = 0; ret == 0 && i < desc->connector_count; i++) {
		struct profile_value item = profile_item(&list, i);

		ret = encoders_of(&item, &encoders, &masks[i]);
		for (unsigned j = 0; ret == 0 && j < encoders.count; j++)
			encoders.connectors[j] |= (masks[i] >> j & 1) << i;
	}
	for (unsigned i = 0; ret == 0 && i < desc->connector_count; i++) {
		struct profile_value item = profile_item(&list, i);

		ret = read_connector(&item, &encoders, masks[i], &connectors[i]);
	}
	return ret;
}
