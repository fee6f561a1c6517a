/* A dump: the device and its crtcs, and how values are found in it. */
#include <errno.h>
#include <string.h>

#include <json-c/json.h>

#include "kms_format.h"
#include "profile_dump.h"

/* ---- values ---- */

uint64_t profile_dump_number(const struct profile_value *object, const char *key,
	uint64_t fallback)
{
	struct profile_value value;

	if (!profile_member(object, key, &value) ||
	    !json_object_is_type(value.json, json_type_int))
		return fallback;
	return json_object_get_uint64(value.json);
}

bool profile_dump_property(const struct profile_value *object, const char *name,
	struct profile_value *out)
{
	struct json_object *properties;

	if (!json_object_is_type(object->json, json_type_object) ||
	    !json_object_object_get_ex(object->json, "properties", &properties) ||
	    !json_object_is_type(properties, json_type_object))
		return false;
	/* In messages the name alone says enough. */
	*out = (struct profile_value) {object->reader, object, name, 0, NULL};
	return json_object_object_get_ex(properties, name, &out->json) && out->json;
}

uint64_t profile_dump_value(const struct profile_value *object, const char *name,
	uint64_t fallback)
{
	struct profile_value property;

	if (!profile_dump_property(object, name, &property))
		return fallback;
	return profile_dump_number(&property, "value", fallback);
}

uint64_t profile_dump_bound(const struct profile_value *property, const char *bound,
	uint64_t fallback)
{
	struct profile_value spec;

	return profile_member(property, "spec", &spec) ?
		profile_dump_number(&spec, bound, fallback) : fallback;
}

static int find_name(const char *name, const char *const *names, unsigned count)
{
	for (unsigned i = 0; name && i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return -1;
}

/* Entry i of an enum or bitmask property: the index of its name, or -1, and its value. */
static int enum_entry(const struct profile_value *spec, unsigned i, const char *const *names,
	unsigned count, uint64_t *number)
{
	struct profile_value entry = profile_item(spec, i), name;

	*number = profile_dump_number(&entry, "value", UINT64_MAX);
	if (!profile_member(&entry, "name", &name))
		return -1;
	return find_name(json_object_get_string(name.json), names, count);
}

/* The entries of an enum or bitmask property; false: there are none. */
static bool find_spec(const struct profile_value *object, const char *name,
	struct profile_value *property, struct profile_value *spec, unsigned *entries)
{
	if (!profile_dump_property(object, name, property) ||
	    !profile_member(property, "spec", spec) ||
	    !json_object_is_type(spec->json, json_type_array))
		return false;
	*entries = json_object_array_length(spec->json);
	return true;
}

uint32_t profile_dump_choices(const struct profile_value *object, const char *name,
	const char *const *names, unsigned count)
{
	struct profile_value property, spec;
	unsigned entries;
	uint32_t mask = 0;

	if (!find_spec(object, name, &property, &spec, &entries))
		return 0;
	for (unsigned i = 0; i < entries; i++) {
		uint64_t number;
		int index = enum_entry(&spec, i, names, count, &number);

		if (index >= 0)
			mask |= 1u << index;
	}
	return mask;
}

unsigned profile_dump_choice(const struct profile_value *object, const char *name,
	const char *const *names, unsigned count)
{
	uint64_t value = profile_dump_value(object, name, UINT64_MAX);
	struct profile_value property, spec;
	unsigned entries;

	if (!find_spec(object, name, &property, &spec, &entries))
		return 0;
	for (unsigned i = 0; i < entries; i++) {
		uint64_t number;
		int index = enum_entry(&spec, i, names, count, &number);

		if (index >= 0 && number == value)
			return index;
	}
	return 0;
}

static bool has_format(const uint32_t *formats, unsigned count, uint32_t fourcc)
{
	for (unsigned i = 0; i < count; i++) {
		if (formats[i] == fourcc)
			return true;
	}
	return false;
}

int profile_dump_formats(const struct profile_value *list, uint32_t formats[KMS_MAX_FORMATS],
	unsigned *count)
{
	unsigned entries;
	int ret = profile_list(list, UINT16_MAX, &entries);

	*count = 0;
	for (unsigned i = 0; ret == 0 && i < entries && *count < KMS_MAX_FORMATS; i++) {
		struct profile_value item = profile_item(list, i);
		uint64_t fourcc;

		ret = profile_number(&item, 0, UINT32_MAX, &fourcc);
		if (ret == 0 && kms_format_find(fourcc) && !has_format(formats, *count, fourcc))
			formats[(*count)++] = fourcc;
	}
	return ret;
}

/* ---- crtcs ---- */

static uint32_t lut_size(const struct profile_value *value, const char *name, uint64_t fallback)
{
	uint64_t size = profile_dump_value(value, name, fallback);

	/* One entry is no table. */
	return size > KMS_MAX_LUT_SIZE ? KMS_MAX_LUT_SIZE : size == 1 ? 0 : size;
}

static int read_crtc(const struct profile_value *value, struct kms_crtc_desc *crtc)
{
	struct profile_value property;

	if (!json_object_is_type(value->json, json_type_object))
		return profile_wrong(value, "is not an object in braces");
	crtc->degamma_size = lut_size(value, "DEGAMMA_LUT_SIZE", 0);
	/* Drivers without the property have the legacy table only. */
	crtc->gamma_size = lut_size(value, "GAMMA_LUT_SIZE",
		profile_dump_number(value, "gamma_size", 0));
	crtc->ctm = profile_dump_property(value, "CTM", &property);
	crtc->vrr = profile_dump_property(value, "VRR_ENABLED", &property);
	return 0;
}

static int read_crtcs(const struct profile_value *node, struct kms_device_desc *desc)
{
	struct profile_value list;
	struct kms_crtc_desc *crtcs;
	int ret;

	if (!profile_member(node, "crtcs", &list))
		return profile_wrong(node, "no crtcs");
	ret = profile_list(&list, KMS_MAX_CRTCS, &desc->crtc_count);
	if (ret < 0)
		return ret;
	crtcs = profile_alloc(node->reader->profile, desc->crtc_count, sizeof(crtcs[0]));
	if (!crtcs)
		return profile_no_memory(&list);
	desc->crtcs = crtcs;
	for (unsigned i = 0; ret == 0 && i < desc->crtc_count; i++) {
		struct profile_value item = profile_item(&list, i);

		ret = read_crtc(&item, &crtcs[i]);
	}
	return ret;
}

/* ---- planes ---- */

/* Some drivers call more planes primary than they have crtcs: our crtcs have one each. */
static void demote_primaries(const struct kms_device_desc *desc, struct kms_plane_desc *planes)
{
	int own[KMS_MAX_CRTCS];

	kms_device_desc_match(desc, KMS_PLANE_PRIMARY, own);
	for (unsigned i = 0; i < desc->plane_count; i++) {
		bool is_own = false;

		for (unsigned j = 0; j < desc->crtc_count; j++)
			is_own |= own[j] == (int)i;
		if (planes[i].type == KMS_PLANE_PRIMARY && !is_own)
			planes[i].type = KMS_PLANE_OVERLAY;
	}
}

static int read_planes(const struct profile_value *node, struct kms_device_desc *desc)
{
	struct profile_value list;
	struct kms_plane_desc *planes;
	unsigned entries;
	int ret;

	if (!profile_member(node, "planes", &list))
		return profile_wrong(node, "no planes");
	ret = profile_list(&list, KMS_MAX_PLANES, &entries);
	if (ret < 0)
		return ret;
	planes = profile_alloc(node->reader->profile, entries, sizeof(planes[0]));
	if (!planes)
		return profile_no_memory(&list);
	desc->planes = planes;
	for (unsigned i = 0; ret == 0 && i < entries; i++) {
		struct profile_value item = profile_item(&list, i);
		struct kms_plane_desc *plane = &planes[desc->plane_count];

		/* Drivers without zpos: in the order of the kernel's list. */
		*plane = (struct kms_plane_desc) {.zpos = i, .async_flip = desc->async_page_flip};
		ret = profile_dump_plane(&item, plane);
		/* One of formats that we do not know at all is not there. */
		desc->plane_count += ret == 0 && plane->format_count > 0;
	}
	if (ret == 0)
		demote_primaries(desc, planes);
	return ret;
}

/* ---- the device ---- */

/* 0, missing and what does not fit become fallback. */
static uint32_t limit(const struct profile_value *object, const char *key, uint32_t fallback,
	uint32_t max)
{
	uint64_t number = profile_dump_number(object, key, fallback);

	return number == 0 ? fallback : number > max ? max : number;
}

static void read_limits(const struct profile_value *node, struct kms_device_desc *desc)
{
	struct profile_value part, caps = *node;

	desc->max_width = desc->max_height = 8192;
	desc->cursor_width = desc->cursor_height = 64;
	if (profile_member(node, "fb_size", &part)) {
		desc->max_width = limit(&part, "max_width", 8192, INT32_MAX);
		desc->max_height = limit(&part, "max_height", 8192, INT32_MAX);
		desc->min_width = limit(&part, "min_width", 0, desc->max_width);
		desc->min_height = limit(&part, "min_height", 0, desc->max_height);
	}
	if (!profile_member(node, "driver", &part) || !profile_member(&part, "caps", &caps))
		return;
	desc->cursor_width = limit(&caps, "CURSOR_WIDTH", 64, 4096);
	desc->cursor_height = limit(&caps, "CURSOR_HEIGHT", 64, 4096);
	desc->async_page_flip = profile_dump_number(&caps, "ASYNC_PAGE_FLIP", 0) != 0;
}

static bool has_crtcs(struct json_object *node)
{
	struct json_object *crtcs;

	return json_object_is_type(node, json_type_object) &&
		json_object_object_get_ex(node, "crtcs", &crtcs) &&
		json_object_is_type(crtcs, json_type_array) &&
		json_object_array_length(crtcs) > 0;
}

/* Keys of a dump are the nodes' paths. */
bool profile_is_dump(const struct profile_value *root)
{
	if (!json_object_is_type(root->json, json_type_object))
		return false;
	json_object_object_foreach(root->json, key, node) {
		if (node && key[0] == '/')
			return true;
	}
	return false;
}

int profile_read_dump(const struct profile_value *root)
{
	struct kms_device_desc *desc = &root->reader->profile->desc;

	json_object_object_foreach(root->json, key, json) {
		struct profile_value node = {root->reader, root, key, 0, json};
		int ret;

		if (!has_crtcs(json))
			continue;
		read_limits(&node, desc);
		ret = read_crtcs(&node, desc);
		if (ret == 0)
			ret = read_planes(&node, desc);
		if (ret == 0)
			ret = profile_dump_connectors(&node, desc);
		return ret;
	}
	return profile_wrong(root, "no node of this drm_info dump has a crtc");
}
