/* What makes a description acceptable. */
#include <errno.h>
#include <string.h>

#include <drm_fourcc.h>

#include "gem_base.h"
#include "kms_desc.h"
#include "kms_format.h"
#include "kms_mode.h"

static int refuse(const char *what, unsigned index)
{
	gem_error("kms", "device description: %s %u", what, index);
	return -EINVAL;
}

static bool is_known_modifier(uint64_t modifier)
{
	return modifier == DRM_FORMAT_MOD_LINEAR || modifier == I915_FORMAT_MOD_X_TILED;
}

static int check_formats(const uint32_t *formats, unsigned count)
{
	if (count == 0 || count > KMS_MAX_FORMATS)
		return -EINVAL;
	for (unsigned i = 0; i < count; i++) {
		if (!kms_format_find(formats[i]))
			return -EINVAL;
	}
	return 0;
}

static int check_modifiers(const struct kms_plane_desc *plane)
{
	uint64_t all = ~0ull >> (64 - plane->format_count);

	if (plane->modifier_count > KMS_MAX_MODIFIERS)
		return -EINVAL;
	for (unsigned i = 0; i < plane->modifier_count; i++) {
		if (!is_known_modifier(plane->modifiers[i].modifier) ||
			(plane->modifiers[i].formats & ~all))
			return -EINVAL;
	}
	return 0;
}

/* Masks without unknown bits, and with what a plane has from the start. */
static int check_masks(const struct kms_plane_desc *plane, unsigned i)
{
	if ((plane->rotations & ~(uint32_t)(DRM_MODE_ROTATE_MASK | DRM_MODE_REFLECT_MASK)) ||
		(plane->rotations && !(plane->rotations & DRM_MODE_ROTATE_0)))
		return refuse("rotations of plane", i);
	if ((plane->blends & ~7u) ||
		(plane->blends && !(plane->blends & 1u << KMS_BLEND_PREMULTI)))
		return refuse("blend modes of plane", i);
	if ((plane->color_encodings & ~7u) || (plane->color_ranges & ~3u) ||
		!plane->color_encodings != !plane->color_ranges)
		return refuse("colour encodings and ranges of plane", i);
	if (plane->color_encodings && (!(plane->color_encodings >> plane->color_encoding & 1) ||
		!(plane->color_ranges >> plane->color_range & 1)))
		return refuse("first colour encoding or range of plane", i);
	return 0;
}

static int check_bounds(const struct kms_plane_desc *plane, unsigned i)
{
	if (plane->zpos_mutable &&
		(plane->zpos < plane->zpos_min || plane->zpos > plane->zpos_max))
		return refuse("zpos outside of its range, plane", i);
	if ((plane->min_scale && plane->min_scale > KMS_SCALE_ONE) ||
		(plane->max_scale && plane->max_scale < KMS_SCALE_ONE))
		return refuse("scaling without the factor 1, plane", i);
	if (plane->size_hint_count > 64)
		return refuse("number of size hints of plane", i);
	return 0;
}

static int check_plane(const struct kms_plane_desc *plane, unsigned i, uint32_t all_crtcs)
{
	if (plane->type > KMS_PLANE_CURSOR)
		return refuse("unknown type of plane", i);
	if (plane->possible_crtcs == 0 || (plane->possible_crtcs & ~all_crtcs))
		return refuse("possible crtcs of plane", i);
	if (check_formats(plane->formats, plane->format_count) < 0)
		return refuse("number of formats, or unknown one, of plane", i);
	if (check_modifiers(plane) < 0)
		return refuse("modifiers of plane", i);
	int ret = check_masks(plane, i);
	return ret < 0 ? ret : check_bounds(plane, i);
}

void kms_device_desc_match(const struct kms_device_desc *desc, enum kms_plane_type type,
	int planes[KMS_MAX_CRTCS])
{
	uint32_t without = (uint32_t)((1ull << desc->crtc_count) - 1);

	for (unsigned i = 0; i < KMS_MAX_CRTCS; i++)
		planes[i] = -1;
	for (unsigned i = 0; i < desc->plane_count; i++) {
		uint32_t reached = desc->planes[i].possible_crtcs & without;

		if (desc->planes[i].type != type || !reached)
			continue;
		planes[__builtin_ctz(reached)] = i;
		without &= ~(reached & -reached);
	}
}

static int check_planes(const struct kms_device_desc *desc, uint32_t all_crtcs)
{
	int primaries[KMS_MAX_CRTCS];
	unsigned primary_count = 0;

	for (unsigned i = 0; i < desc->plane_count; i++) {
		const struct kms_plane_desc *plane = &desc->planes[i];
		int ret = check_plane(plane, i, all_crtcs);
		if (ret < 0)
			return ret;
		primary_count += plane->type == KMS_PLANE_PRIMARY;
	}
	if (primary_count > desc->crtc_count)
		return refuse("more primary planes than crtcs:", primary_count);
	kms_device_desc_match(desc, KMS_PLANE_PRIMARY, primaries);
	for (unsigned i = 0; i < desc->crtc_count; i++) {
		if (primaries[i] < 0)
			return refuse("no primary plane for crtc", i);
		if (desc->crtcs && (desc->crtcs[i].degamma_size > KMS_MAX_LUT_SIZE ||
			desc->crtcs[i].gamma_size > KMS_MAX_LUT_SIZE ||
			desc->crtcs[i].degamma_size == 1 || desc->crtcs[i].gamma_size == 1))
			return refuse("LUT size of crtc", i);
	}
	return 0;
}

/* Whole blocks that begin as an EDID does and add up. */
static bool is_edid(const uint8_t *edid, unsigned size)
{
	static const uint8_t header[8] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0};

	if (size == 0 || size % 128 || size > KMS_MAX_EDID_SIZE || memcmp(edid, header, 8) != 0)
		return false;
	for (unsigned block = 0; block < size; block += 128) {
		uint8_t sum = 0;

		for (unsigned i = 0; i < 128; i++)
			sum += edid[block + i];
		if (sum)
			return false;
	}
	return edid[126] + 1u == size / 128;
}

static int check_monitor(const struct kms_connector_desc *connector, unsigned i)
{
	if (connector->mode_count > KMS_MAX_MODES ||
		(connector->connected && connector->mode_count == 0))
		return refuse("number of modes of connector", i);
	for (unsigned j = 0; j < connector->mode_count; j++) {
		if (kms_mode_check(&connector->modes[j]) < 0)
			return refuse("bad mode of connector", i);
	}
	if (connector->edid && !is_edid(connector->edid, connector->edid_size))
		return refuse("bad EDID of connector", i);
	if (connector->panel_orientation > KMS_PANEL_RIGHT_UP)
		return refuse("panel orientation of connector", i);
	if (connector->min_bpc > connector->max_bpc)
		return refuse("range of bpc of connector", i);
	if ((connector->colorspaces & ~0xffffu) ||
		(connector->colorspaces && !(connector->colorspaces & 1)))
		return refuse("colour spaces of connector", i);
	return 0;
}

static int check_connectors(const struct kms_device_desc *desc, uint32_t all_crtcs)
{
	uint32_t all = (uint32_t)((1ull << desc->connector_count) - 1);

	for (unsigned i = 0; i < desc->connector_count; i++) {
		const struct kms_connector_desc *connector = &desc->connectors[i];
		int ret = 0;
		if (connector->possible_crtcs == 0 || (connector->possible_crtcs & ~all_crtcs))
			return refuse("possible crtcs of connector", i);
		if (connector->possible_clones & ~all)
			return refuse("possible clones of connector", i);
		if (connector->type != DRM_MODE_CONNECTOR_WRITEBACK)
			ret = check_monitor(connector, i);
		else if (connector->connected ||
			check_formats(connector->formats, connector->format_count) < 0)
			ret = refuse("writeback without formats, or with a monitor: connector", i);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int kms_device_desc_check(const struct kms_device_desc *desc)
{
	if (desc->crtc_count == 0 || desc->crtc_count > KMS_MAX_CRTCS)
		return refuse("number of crtcs:", desc->crtc_count);
	if (desc->plane_count > KMS_MAX_PLANES)
		return refuse("number of planes:", desc->plane_count);
	if (desc->connector_count > KMS_MAX_CONNECTORS)
		return refuse("number of connectors:", desc->connector_count);
	if (desc->max_width == 0 || desc->min_width > desc->max_width ||
		desc->max_height == 0 || desc->min_height > desc->max_height)
		return refuse("framebuffer limits, up to width", desc->max_width);

	uint32_t all_crtcs = (uint32_t)((1ull << desc->crtc_count) - 1);
	int ret = check_planes(desc, all_crtcs);
	return ret < 0 ? ret : check_connectors(desc, all_crtcs);
}
