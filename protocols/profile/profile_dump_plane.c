/* A dump's planes. */
#include <json-c/json.h>
#include <string.h>

#include <drm_fourcc.h>

#include "profile_dump.h"

/* ---- formats and modifiers ---- */

static uint64_t find_formats(const uint32_t *all, unsigned count, const uint32_t *some,
	unsigned some_count)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < count; i++) {
		for (unsigned j = 0; j < some_count; j++)
			mask |= all[i] == some[j] ? 1ull << i : 0;
	}
	return mask;
}

/* Formats whose bits mask has stay; what modifiers say of them moves with them. */
static void keep_formats(struct kms_plane_desc *plane, uint32_t *formats,
	struct kms_modifier_desc *modifiers, uint64_t mask)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < plane->format_count; i++) {
		if (!(mask >> i & 1))
			continue;
		formats[kept] = formats[i];
		for (unsigned j = 0; j < plane->modifier_count; j++) {
			uint64_t bit = modifiers[j].formats >> i & 1;

			modifiers[j].formats &= ~(1ull << kept);
			modifiers[j].formats |= bit << kept;
		}
		kept++;
	}
	plane->format_count = kept;
	for (unsigned j = 0; j < plane->modifier_count; j++)
		modifiers[j].formats &= kept ? ~0ull >> (64 - kept) : 0;
}

static int read_modifiers(const struct profile_value *list, struct kms_plane_desc *plane,
	uint32_t *formats)
{
	struct kms_modifier_desc *modifiers;
	uint64_t usable = 0;
	unsigned entries;
	int ret = profile_list(list, UINT16_MAX, &entries);

	modifiers = profile_alloc(list->reader->profile, KMS_MAX_MODIFIERS, sizeof(modifiers[0]));
	if (ret < 0 || !modifiers)
		return ret < 0 ? ret : profile_no_memory(list);
	for (unsigned i = 0; i < entries && plane->modifier_count < KMS_MAX_MODIFIERS; i++) {
		struct profile_value item = profile_item(list, i), with;
		uint64_t modifier = profile_dump_number(&item, "modifier", DRM_FORMAT_MOD_INVALID);
		uint32_t some[KMS_MAX_FORMATS];
		unsigned count;

		if (modifier != DRM_FORMAT_MOD_LINEAR && modifier != I915_FORMAT_MOD_X_TILED)
			continue;
		if (!profile_member(&item, "formats", &with))
			return profile_wrong(&item, "no formats");
		ret = profile_dump_formats(&with, some, &count);
		if (ret < 0)
			return ret;
		uint64_t mask = find_formats(formats, plane->format_count, some, count);
		if (mask)
			modifiers[plane->modifier_count++] =
				(struct kms_modifier_desc) {modifier, mask};
		usable |= mask;
	}
	plane->modifiers = modifiers;
	keep_formats(plane, formats, modifiers, usable);
	return 0;
}

static int read_formats(const struct profile_value *value, struct kms_plane_desc *plane)
{
	uint32_t *formats = profile_alloc(value->reader->profile, KMS_MAX_FORMATS,
		sizeof(formats[0]));
	struct profile_value list, in_formats, data;
	int ret;

	if (!formats)
		return profile_no_memory(value);
	if (!profile_member(value, "formats", &list))
		return profile_wrong(value, "no formats");
	ret = profile_dump_formats(&list, formats, &plane->format_count);
	plane->formats = formats;
	if (ret == 0 && profile_dump_property(value, "IN_FORMATS", &in_formats) &&
	    profile_member(&in_formats, "data", &data))
		ret = read_modifiers(&data, plane, formats);
	return ret;
}

/* ---- properties ---- */

static void read_zpos(const struct profile_value *value, struct kms_plane_desc *plane)
{
	struct profile_value zpos, immutable;
	uint64_t min, max, number;

	if (!profile_dump_property(value, "zpos", &zpos))
		return;
	number = profile_dump_number(&zpos, "value", 0);
	min = profile_dump_bound(&zpos, "min", number);
	max = profile_dump_bound(&zpos, "max", number);
	if (max > UINT32_MAX || min > max)
		return;
	plane->zpos = number < min ? min : number > max ? max : number;
	plane->zpos_mutable = profile_member(&zpos, "immutable", &immutable) &&
		!json_object_get_boolean(immutable.json);
	plane->zpos_min = min;
	plane->zpos_max = max;
}

static void read_colors(const struct profile_value *value, struct kms_plane_desc *plane)
{
	static const char *const encodings[] = {
		[KMS_BT601] = "ITU-R BT.601 YCbCr",
		[KMS_BT709] = "ITU-R BT.709 YCbCr",
		[KMS_BT2020] = "ITU-R BT.2020 YCbCr",
	};
	static const char *const ranges[] = {
		[KMS_RANGE_LIMITED] = "YCbCr limited range",
		[KMS_RANGE_FULL] = "YCbCr full range",
	};
	uint32_t some_encodings = profile_dump_choices(value, "COLOR_ENCODING", encodings,
		GEM_ARRAY_SIZE(encodings));
	uint32_t some_ranges = profile_dump_choices(value, "COLOR_RANGE", ranges,
		GEM_ARRAY_SIZE(ranges));

	if (!some_encodings || !some_ranges)
		return;
	plane->color_encodings = some_encodings;
	plane->color_ranges = some_ranges;
	plane->color_encoding = profile_dump_choice(value, "COLOR_ENCODING", encodings,
		GEM_ARRAY_SIZE(encodings));
	plane->color_range = profile_dump_choice(value, "COLOR_RANGE", ranges,
		GEM_ARRAY_SIZE(ranges));
	/* A value that is none of ours: the first that is. */
	if (!(some_encodings >> plane->color_encoding & 1))
		plane->color_encoding = __builtin_ctz(some_encodings);
	if (!(some_ranges >> plane->color_range & 1))
		plane->color_range = __builtin_ctz(some_ranges);
}

static void read_drawing(const struct profile_value *value, struct kms_plane_desc *plane)
{
	static const char *const rotations[] = {
		"rotate-0", "rotate-90", "rotate-180", "rotate-270", "reflect-x", "reflect-y",
	};
	static const char *const blends[] = {
		[KMS_BLEND_NONE] = "None",
		[KMS_BLEND_PREMULTI] = "Pre-multiplied",
		[KMS_BLEND_COVERAGE] = "Coverage",
	};
	struct profile_value property;

	plane->rotations = profile_dump_choices(value, "rotation", rotations,
		GEM_ARRAY_SIZE(rotations));
	plane->blends = profile_dump_choices(value, "pixel blend mode", blends,
		GEM_ARRAY_SIZE(blends));
	plane->alpha = profile_dump_property(value, "alpha", &property);
	plane->damage_clips = profile_dump_property(value, "FB_DAMAGE_CLIPS", &property);
}

/* drm_info does not say which sizes: the one that every client must be able to use. */
static int read_hints(const struct profile_value *value, struct kms_plane_desc *plane)
{
	const struct kms_device_desc *desc = &value->reader->profile->desc;
	struct profile_value property;
	struct kms_size_hint *hint;

	if (!profile_dump_property(value, "SIZE_HINTS", &property))
		return 0;
	hint = profile_alloc(value->reader->profile, 1, sizeof(*hint));
	if (!hint)
		return profile_no_memory(value);
	*hint = (struct kms_size_hint) {desc->cursor_width, desc->cursor_height};
	plane->size_hints = hint;
	plane->size_hint_count = 1;
	return 0;
}

int profile_dump_plane(const struct profile_value *value, struct kms_plane_desc *plane)
{
	static const char *const types[] = {
		[KMS_PLANE_OVERLAY] = "Overlay",
		[KMS_PLANE_PRIMARY] = "Primary",
		[KMS_PLANE_CURSOR] = "Cursor",
	};
	int ret = read_formats(value, plane);

	if (ret < 0)
		return ret;
	plane->type = profile_dump_choice(value, "type", types, GEM_ARRAY_SIZE(types));
	plane->possible_crtcs = profile_dump_number(value, "possible_crtcs", 0);
	if (plane->type != KMS_PLANE_CURSOR) {
		plane->min_scale = KMS_SCALE_ONE / 16;
		plane->max_scale = 4 * KMS_SCALE_ONE;
	}
	read_zpos(value, plane);
	read_colors(value, plane);
	read_drawing(value, plane);
	return read_hints(value, plane);
}
