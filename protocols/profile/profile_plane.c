/* A description's planes. */
#include "profile_internal.h"
#include "profile_names.h"

#define PLANE(member) offsetof(struct kms_plane_desc, member)

static int read_type(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	static const struct profile_name types[] = {
		{"overlay", KMS_PLANE_OVERLAY}, {"primary", KMS_PLANE_PRIMARY},
		{"cursor", KMS_PLANE_CURSOR},
	};
	struct kms_plane_desc *plane = to;
	uint64_t type;
	int ret = profile_name(value, types, GEM_ARRAY_SIZE(types),
		"plane type (\"primary\", \"overlay\", \"cursor\")", &type);

	if (ret == 0)
		plane->type = type;
	return ret;
}

static int read_formats(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	struct kms_plane_desc *plane = to;

	return profile_formats(value, &plane->formats, &plane->format_count);
}

/* ---- modifiers, which name formats: read after those ---- */

/* The plane's formats that a modifier goes with. */
static int read_modifier_formats(const struct profile_value *value,
	const struct kms_plane_desc *plane, uint64_t *mask)
{
	const uint32_t *formats;
	unsigned count;
	int ret = profile_formats(value, &formats, &count);

	*mask = 0;
	for (unsigned i = 0; ret == 0 && i < count; i++) {
		struct profile_value item = profile_item(value, i);
		unsigned j = 0;

		while (j < plane->format_count && plane->formats[j] != formats[i])
			j++;
		if (j == plane->format_count)
			return profile_wrong(&item, "is not among the plane's formats");
		*mask |= 1ull << j;
	}
	return ret == 0 && *mask == 0 ? profile_wrong(value, "is empty") : ret;
}

/* "LINEAR", or {"modifier": "LINEAR", "formats": [...]}. */
static int read_modifier(const struct profile_value *value, const struct kms_plane_desc *plane,
	struct kms_modifier_desc *modifier)
{
	static const struct profile_field fields[] = {
		{"modifier", profile_read_nothing}, {"formats", profile_read_nothing},
	};
	struct profile_value name, formats;
	int ret;

	modifier->formats = 0;
	if (!profile_member(value, "modifier", &name))
		return profile_modifier(value, &modifier->modifier);
	ret = profile_read_fields(value, fields, GEM_ARRAY_SIZE(fields), NULL);
	if (ret == 0)
		ret = profile_modifier(&name, &modifier->modifier);
	if (ret == 0 && profile_member(value, "formats", &formats))
		ret = read_modifier_formats(&formats, plane, &modifier->formats);
	return ret;
}

static int read_modifiers(const struct profile_value *value, struct kms_plane_desc *plane)
{
	struct kms_modifier_desc *list;
	unsigned count;
	int ret = profile_list(value, KMS_MAX_MODIFIERS, &count);

	if (ret < 0)
		return ret;
	list = profile_alloc(value->reader->profile, count, sizeof(list[0]));
	if (!list)
		return profile_no_memory(value);
	for (unsigned i = 0; ret == 0 && i < count; i++) {
		struct profile_value item = profile_item(value, i);

		ret = read_modifier(&item, plane, &list[i]);
	}
	plane->modifiers = list;
	plane->modifier_count = count;
	return ret;
}

/* ---- order, and what can be done to pixels ---- */

/* 3: fixed; {"first": 1, "min": 0, "max": 5}: the client's choice. */
static int read_zpos(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	static const struct profile_field fields[] = {
		{"first", profile_read_u32, PLANE(zpos), 0, UINT32_MAX},
		{"min", profile_read_u32, PLANE(zpos_min), 0, UINT32_MAX},
		{"max", profile_read_u32, PLANE(zpos_max), 0, UINT32_MAX},
	};
	struct kms_plane_desc *plane = to;
	uint64_t zpos;

	plane->zpos_mutable = profile_number(value, 0, UINT32_MAX, &zpos) < 0;
	if (plane->zpos_mutable)
		return profile_read_fields(value, fields, GEM_ARRAY_SIZE(fields), plane);
	plane->zpos = zpos;
	return 0;
}

static int read_rotation(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	static const struct profile_name rotations[] = {
		{"rotate-0", 0}, {"rotate-90", 1}, {"rotate-180", 2}, {"rotate-270", 3},
		{"reflect-x", 4}, {"reflect-y", 5},
	};
	struct kms_plane_desc *plane = to;
	uint64_t mask;
	int ret = profile_name_mask(value, rotations, GEM_ARRAY_SIZE(rotations),
		"rotation (\"rotate-0\" to \"reflect-y\")", &mask, NULL);

	if (ret == 0)
		plane->rotations = mask;
	return ret;
}

static int read_blend(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	static const struct profile_name blends[] = {
		{"None", KMS_BLEND_NONE}, {"Pre-multiplied", KMS_BLEND_PREMULTI},
		{"Coverage", KMS_BLEND_COVERAGE},
	};
	struct kms_plane_desc *plane = to;
	uint64_t mask;
	int ret = profile_name_mask(value, blends, GEM_ARRAY_SIZE(blends), "blend mode "
		"(\"None\", \"Pre-multiplied\", \"Coverage\")", &mask, NULL);

	if (ret == 0)
		plane->blends = mask;
	return ret;
}

static int read_encoding(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	static const struct profile_name encodings[] = {
		{"BT.601", KMS_BT601}, {"BT.709", KMS_BT709}, {"BT.2020", KMS_BT2020},
	};
	struct kms_plane_desc *plane = to;
	uint64_t mask, first = 0;
	int ret = profile_name_mask(value, encodings, GEM_ARRAY_SIZE(encodings),
		"colour encoding (\"BT.601\", \"BT.709\", \"BT.2020\")", &mask, &first);

	if (ret == 0) {
		plane->color_encodings = mask;
		plane->color_encoding = first;
	}
	return ret;
}

static int read_range(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	static const struct profile_name ranges[] = {
		{"limited", KMS_RANGE_LIMITED}, {"full", KMS_RANGE_FULL},
	};
	struct kms_plane_desc *plane = to;
	uint64_t mask, first = 0;
	int ret = profile_name_mask(value, ranges, GEM_ARRAY_SIZE(ranges),
		"colour range (\"limited\", \"full\")", &mask, &first);

	if (ret == 0) {
		plane->color_ranges = mask;
		plane->color_range = first;
	}
	return ret;
}

/* How often a side may become larger, or smaller. */
struct scale {
	double enlarge, reduce;
};

static int read_factor(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	return profile_real(value, field->min, field->max,
		(double *)((char *)to + field->offset));
}

static int read_scale(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	static const struct profile_field fields[] = {
		{"enlarge", read_factor, offsetof(struct scale, enlarge), 1, KMS_SCALE_ONE},
		{"reduce", read_factor, offsetof(struct scale, reduce), 1, 1024},
	};
	struct kms_plane_desc *plane = to;
	struct scale scale = {1, 1};
	int ret = profile_read_fields(value, fields, GEM_ARRAY_SIZE(fields), &scale);

	if (ret == 0) {
		plane->min_scale = KMS_SCALE_ONE / scale.enlarge;
		plane->max_scale = KMS_SCALE_ONE * scale.reduce;
	}
	return ret;
}

static int read_hints(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	struct kms_plane_desc *plane = to;
	struct kms_size_hint *hints;
	unsigned count;
	int ret = profile_list(value, 64, &count);

	if (ret < 0)
		return ret;
	hints = profile_alloc(value->reader->profile, count, sizeof(hints[0]));
	if (!hints)
		return profile_no_memory(value);
	for (unsigned i = 0; ret == 0 && i < count; i++) {
		struct profile_value item = profile_item(value, i);
		uint64_t size[2] = {0};

		ret = profile_numbers(&item, 1, UINT16_MAX, size, 2);
		hints[i] = (struct kms_size_hint) {size[0], size[1]};
	}
	plane->size_hints = hints;
	plane->size_hint_count = count;
	return ret;
}

/* ---- a plane ---- */

static const struct profile_field plane_fields[] = {
	{"comment", profile_read_nothing},
	{"like", profile_read_nothing},
	{"type", read_type},
	{"crtcs", profile_read_crtcs, PLANE(possible_crtcs)},
	{"formats", read_formats},
	{"modifiers", profile_read_nothing},
	{"zpos", read_zpos},
	{"rotation", read_rotation},
	{"alpha", profile_read_bool, PLANE(alpha)},
	{"blend", read_blend},
	{"color_encoding", read_encoding},
	{"color_range", read_range},
	{"scale", read_scale},
	{"max_source", profile_read_size, PLANE(max_src_width), 1, UINT16_MAX},
	{"positionable", profile_read_bool, PLANE(positionable)},
	{"damage_clips", profile_read_bool, PLANE(damage_clips)},
	{"async_flip", profile_read_bool, PLANE(async_flip)},
	{"size_hints", read_hints},
};

int profile_read_plane(const struct profile_value *value, struct kms_plane_desc *plane)
{
	struct profile_value member;
	int ret;

	if (!profile_member(value, "like", &member)) {
		plane->possible_crtcs = profile_all_crtcs(value);
		if (!profile_member(value, "type", &member))
			return profile_wrong(value, "no \"type\"");
	}
	ret = profile_read_fields(value, plane_fields, GEM_ARRAY_SIZE(plane_fields), plane);
	if (ret < 0)
		return ret;
	if (plane->format_count == 0)
		return profile_wrong(value, "no \"formats\"");
	if (profile_member(value, "modifiers", &member))
		return read_modifiers(&member, plane);
	/* Those of another entry are by place in its formats. */
	if (profile_member(value, "formats", &member))
		plane->modifier_count = 0;
	return 0;
}
