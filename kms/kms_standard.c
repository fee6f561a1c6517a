/*
 * The standard properties (kernel: drm_mode_config.c, drm_blend.c,
 * drm_color_mgmt.c, drm_connector.c, drm_writeback.c, drm_plane.c). Atomic ones
 * are seen by atomic clients only.
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>

#include "kms_standard.h"

#define ATOMIC DRM_MODE_PROP_ATOMIC
#define IMMUTABLE DRM_MODE_PROP_IMMUTABLE

static const struct kms_property_enum plane_types[] = {
	{KMS_PLANE_OVERLAY, "Overlay"},
	{KMS_PLANE_PRIMARY, "Primary"},
	{KMS_PLANE_CURSOR, "Cursor"},
};
static const struct kms_property_enum dpms_states[] = {
	{DRM_MODE_DPMS_ON, "On"},
	{DRM_MODE_DPMS_STANDBY, "Standby"},
	{DRM_MODE_DPMS_SUSPEND, "Suspend"},
	{DRM_MODE_DPMS_OFF, "Off"},
};
static const struct kms_property_enum link_states[] = {
	{DRM_MODE_LINK_STATUS_GOOD, "Good"},
	{DRM_MODE_LINK_STATUS_BAD, "Bad"},
};
static const struct kms_property_enum orientations[] = {
	{KMS_PANEL_NORMAL - 1, "Normal"},
	{KMS_PANEL_UPSIDE_DOWN - 1, "Upside Down"},
	{KMS_PANEL_LEFT_UP - 1, "Left Side Up"},
	{KMS_PANEL_RIGHT_UP - 1, "Right Side Up"},
};
static const struct kms_property_enum content_types[] = {
	{DRM_MODE_CONTENT_TYPE_NO_DATA, "No Data"},
	{DRM_MODE_CONTENT_TYPE_GRAPHICS, "Graphics"},
	{DRM_MODE_CONTENT_TYPE_PHOTO, "Photo"},
	{DRM_MODE_CONTENT_TYPE_CINEMA, "Cinema"},
	{DRM_MODE_CONTENT_TYPE_GAME, "Game"},
};
/* The bit numbers of DRM_MODE_ROTATE_* and DRM_MODE_REFLECT_*. */
static const struct kms_property_enum rotations[] = {
	{0, "rotate-0"}, {1, "rotate-90"}, {2, "rotate-180"}, {3, "rotate-270"},
	{4, "reflect-x"}, {5, "reflect-y"},
};
static const struct kms_property_enum blends[] = {
	{KMS_BLEND_NONE, "None"},
	{KMS_BLEND_PREMULTI, "Pre-multiplied"},
	{KMS_BLEND_COVERAGE, "Coverage"},
};
static const struct kms_property_enum encodings[] = {
	{KMS_BT601, "ITU-R BT.601 YCbCr"},
	{KMS_BT709, "ITU-R BT.709 YCbCr"},
	{KMS_BT2020, "ITU-R BT.2020 YCbCr"},
};
static const struct kms_property_enum ranges[] = {
	{KMS_RANGE_LIMITED, "YCbCr limited range"},
	{KMS_RANGE_FULL, "YCbCr full range"},
};
/* DRM_MODE_COLORIMETRY_*: no uAPI header has them. */
static const struct kms_property_enum colorspaces[] = {
	{0, "Default"}, {1, "SMPTE_170M_YCC"}, {2, "BT709_YCC"}, {3, "XVYCC_601"},
	{4, "XVYCC_709"}, {5, "SYCC_601"}, {6, "opYCC_601"}, {7, "opRGB"}, {8, "BT2020_CYCC"},
	{9, "BT2020_RGB"}, {10, "BT2020_YCC"}, {11, "DCI-P3_RGB_D65"},
	{12, "DCI-P3_RGB_Theater"}, {13, "RGB_Wide_Gamut_Fixed_Point"},
	{14, "RGB_Wide_Gamut_Floating_Point"}, {15, "BT601_YCC"},
};

/* How a shared property is made; slot says which member of kms_standard_props. */
struct property_row {
	size_t slot;
	enum kms_property_kind kind;
	const char *name;
	uint32_t flags; /* with the type */
	uint64_t min, max; /* ranges; object properties: min = the type */
	const struct kms_property_enum *enums;
	unsigned enum_count;
};

#define SLOT(member) offsetof(struct kms_standard_props, member)
#define RANGE(member, kind, name, flags, min, max) \
	{SLOT(member), KMS_PROPERTY_##kind, name, DRM_MODE_PROP_RANGE | (flags), min, max, NULL, 0}
#define SIGNED(member, kind, name, flags, min, max)                                           \
	{SLOT(member), KMS_PROPERTY_##kind, name, DRM_MODE_PROP_SIGNED_RANGE | (flags),       \
		(uint64_t)(min), (uint64_t)(max), NULL, 0}
#define OBJECT(member, kind, name, flags, type)                                               \
	{SLOT(member), KMS_PROPERTY_##kind, name, DRM_MODE_PROP_OBJECT | (flags),             \
		DRM_MODE_OBJECT_##type, 0, NULL, 0}
#define BLOB(member, kind, name, flags) \
	{SLOT(member), KMS_PROPERTY_##kind, name, DRM_MODE_PROP_BLOB | (flags), 0, 0, NULL, 0}
#define ENUM(member, kind, name, flags, list)                                                 \
	{SLOT(member), KMS_PROPERTY_##kind, name, DRM_MODE_PROP_ENUM | (flags), 0, 0, list,   \
		GEM_ARRAY_SIZE(list)}

static const struct property_row shared_properties[] = {
	ENUM(plane_type, VALUE, "type", IMMUTABLE, plane_types),
	OBJECT(fb_id, FB_ID, "FB_ID", ATOMIC, FB),
	SIGNED(in_fence_fd, IN_FENCE_FD, "IN_FENCE_FD", ATOMIC, -1, INT_MAX),
	OBJECT(plane_crtc_id, PLANE_CRTC_ID, "CRTC_ID", ATOMIC, CRTC),
	SIGNED(crtc_x, CRTC_X, "CRTC_X", ATOMIC, INT_MIN, INT_MAX),
	SIGNED(crtc_y, CRTC_Y, "CRTC_Y", ATOMIC, INT_MIN, INT_MAX),
	RANGE(crtc_w, CRTC_W, "CRTC_W", ATOMIC, 0, INT_MAX),
	RANGE(crtc_h, CRTC_H, "CRTC_H", ATOMIC, 0, INT_MAX),
	RANGE(src_x, SRC_X, "SRC_X", ATOMIC, 0, UINT_MAX),
	RANGE(src_y, SRC_Y, "SRC_Y", ATOMIC, 0, UINT_MAX),
	RANGE(src_w, SRC_W, "SRC_W", ATOMIC, 0, UINT_MAX),
	RANGE(src_h, SRC_H, "SRC_H", ATOMIC, 0, UINT_MAX),
	BLOB(in_formats, VALUE, "IN_FORMATS", IMMUTABLE),
	BLOB(damage_clips, DAMAGE_CLIPS, "FB_DAMAGE_CLIPS", ATOMIC),
	BLOB(size_hints, VALUE, "SIZE_HINTS", IMMUTABLE),

	RANGE(active, ACTIVE, "ACTIVE", ATOMIC, 0, 1),
	BLOB(mode_id, MODE_ID, "MODE_ID", ATOMIC),
	RANGE(out_fence_ptr, OUT_FENCE_PTR, "OUT_FENCE_PTR", ATOMIC, 0, UINT64_MAX),
	RANGE(vrr_enabled, VRR_ENABLED, "VRR_ENABLED", 0, 0, 1),
	BLOB(degamma_lut, DEGAMMA_LUT, "DEGAMMA_LUT", 0),
	RANGE(degamma_lut_size, VALUE, "DEGAMMA_LUT_SIZE", IMMUTABLE, 0, UINT_MAX),
	BLOB(ctm, CTM, "CTM", 0),
	BLOB(gamma_lut, GAMMA_LUT, "GAMMA_LUT", 0),
	RANGE(gamma_lut_size, VALUE, "GAMMA_LUT_SIZE", IMMUTABLE, 0, UINT_MAX),

	BLOB(edid, VALUE, "EDID", IMMUTABLE),
	ENUM(dpms, DPMS, "DPMS", 0, dpms_states),
	ENUM(link_status, LINK_STATUS, "link-status", 0, link_states),
	RANGE(non_desktop, VALUE, "non-desktop", IMMUTABLE, 0, 1),
	BLOB(tile, VALUE, "TILE", IMMUTABLE),
	OBJECT(connector_crtc_id, CONNECTOR_CRTC_ID, "CRTC_ID", ATOMIC, CRTC),
	ENUM(panel_orientation, VALUE, "panel orientation", IMMUTABLE, orientations),
	ENUM(content_type, CONTENT_TYPE, "content type", 0, content_types),
	BLOB(hdr_metadata, HDR_METADATA, "HDR_OUTPUT_METADATA", 0),
	RANGE(vrr_capable, VALUE, "vrr_capable", IMMUTABLE, 0, 1),
	RANGE(writeback_out_fence_ptr, WRITEBACK_OUT_FENCE_PTR, "WRITEBACK_OUT_FENCE_PTR", ATOMIC,
		0, UINT64_MAX),
	OBJECT(writeback_fb_id, WRITEBACK_FB_ID, "WRITEBACK_FB_ID", ATOMIC, FB),
	BLOB(writeback_pixel_formats, VALUE, "WRITEBACK_PIXEL_FORMATS", ATOMIC | IMMUTABLE),
};

static int create_shared(struct kms_device *dev, const struct property_row *row,
	struct kms_property **out)
{
	uint32_t flags = row->flags & (ATOMIC | IMMUTABLE);

	switch (row->flags & ~(ATOMIC | IMMUTABLE)) {
	case DRM_MODE_PROP_RANGE:
		return kms_property_create_range(dev, row->name, flags, row->min, row->max, out);
	case DRM_MODE_PROP_SIGNED_RANGE:
		return kms_property_create_signed_range(dev, row->name, flags, (int64_t)row->min,
			(int64_t)row->max, out);
	case DRM_MODE_PROP_OBJECT:
		return kms_property_create_object(dev, row->name, flags, (uint32_t)row->min, out);
	case DRM_MODE_PROP_BLOB:
		return kms_property_create_blob(dev, row->name, flags, out);
	default:
		return kms_property_create_enum(dev, row->name, flags, row->enums, row->enum_count,
			out);
	}
}

int kms_standard_create(struct kms_device *dev)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(shared_properties); i++) {
		const struct property_row *row = &shared_properties[i];
		struct kms_property **slot = (void *)((char *)&dev->props + row->slot);
		int ret = create_shared(dev, row, slot);

		if (ret < 0)
			return ret;
		(*slot)->kind = row->kind;
	}
	return 0;
}

/* ---- of one object ---- */

/* Enum, or bitmask, of those values whose bit mask has; nothing for an empty mask. */
static int create_choice(struct kms_device *dev, const char *name, uint32_t mask,
	const struct kms_property_enum *all, unsigned count, enum kms_property_kind kind,
	struct kms_property **out)
{
	struct kms_property_enum some[16];
	unsigned used = 0;
	int ret;

	if (!mask)
		return 0;
	for (unsigned i = 0; i < count; i++) {
		if (mask >> all[i].value & 1)
			some[used++] = all[i];
	}
	ret = kind == KMS_PROPERTY_ROTATION
		? kms_property_create_bitmask(dev, name, 0, some, used, out)
		: kms_property_create_enum(dev, name, 0, some, used, out);
	if (ret == 0)
		(*out)->kind = kind;
	return ret;
}

static int create_range(struct kms_device *dev, const char *name, uint32_t flags, uint64_t min,
	uint64_t max, enum kms_property_kind kind, struct kms_property **out)
{
	int ret = kms_property_create_range(dev, name, flags, min, max, out);

	if (ret == 0)
		(*out)->kind = kind;
	return ret;
}

#define CHOICE(name, mask, list, kind, out) \
	create_choice(dev, name, mask, list, GEM_ARRAY_SIZE(list), KMS_PROPERTY_##kind, out)

int kms_standard_create_plane(struct kms_device *dev, unsigned index,
	const struct kms_plane_desc *desc)
{
	typeof(dev->plane_props[0]) *props = &dev->plane_props[index];
	int ret = CHOICE("rotation", desc->rotations, rotations, ROTATION, &props->rotation);

	if (ret == 0)
		ret = CHOICE("COLOR_ENCODING", desc->color_encodings, encodings, ENCODING,
			&props->encoding);
	if (ret == 0)
		ret = CHOICE("COLOR_RANGE", desc->color_ranges, ranges, RANGE, &props->range);
	if (ret == 0 && desc->alpha)
		ret = create_range(dev, "alpha", 0, 0, 0xffff, KMS_PROPERTY_ALPHA, &props->alpha);
	if (ret == 0)
		ret = CHOICE("pixel blend mode", desc->blends, blends, BLEND, &props->blend);
	if (ret < 0)
		return ret;
	if (desc->zpos_mutable)
		return create_range(dev, "zpos", 0, desc->zpos_min, desc->zpos_max,
			KMS_PROPERTY_ZPOS, &props->zpos);
	return create_range(dev, "zpos", IMMUTABLE, desc->zpos, desc->zpos, KMS_PROPERTY_ZPOS,
		&props->zpos);
}

int kms_standard_create_connector(struct kms_device *dev, unsigned index,
	const struct kms_connector_desc *desc)
{
	typeof(dev->connector_props[0]) *props = &dev->connector_props[index];
	int ret = 0;

	if (desc->max_bpc)
		ret = create_range(dev, "max bpc", 0, desc->min_bpc, desc->max_bpc,
			KMS_PROPERTY_MAX_BPC, &props->max_bpc);
	if (ret == 0)
		ret = CHOICE("Colorspace", desc->colorspaces, colorspaces, COLORSPACE,
			&props->colorspace);
	return ret;
}
