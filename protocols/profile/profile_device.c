/* A description: the device, its crtcs, and its lists. */
#include <string.h>

#include "profile_internal.h"

/* ---- small shapes ---- */

static uint32_t all_of(unsigned count)
{
	return (uint32_t)((1ull << count) - 1);
}

uint32_t profile_all_crtcs(const struct profile_value *value)
{
	return all_of(value->reader->profile->desc.crtc_count);
}

int profile_read_indices(const struct profile_value *value, unsigned count, const char *what,
	uint32_t *mask)
{
	unsigned entries;
	const char *text;
	int ret;

	*mask = all_of(count);
	if (profile_string(value, &text) == 0 && strcmp(text, "all") == 0)
		return 0;
	ret = profile_list(value, 32, &entries);
	*mask = 0;
	for (unsigned i = 0; ret == 0 && i < entries; i++) {
		struct profile_value item = profile_item(value, i);
		uint64_t index;

		ret = profile_number(&item, 0, 31, &index);
		if (ret == 0 && index >= count)
			ret = profile_wrong(&item, "there are only %u %s", count, what);
		if (ret == 0)
			*mask |= 1u << index;
	}
	return ret;
}

int profile_read_crtcs(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	return profile_read_indices(value, value->reader->profile->desc.crtc_count, "crtcs",
		(uint32_t *)((char *)to + field->offset));
}

int profile_read_size(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	uint32_t *size = (uint32_t *)((char *)to + field->offset);
	uint64_t numbers[2];
	int ret = profile_numbers(value, field->min, field->max, numbers, 2);

	if (ret == 0) {
		size[0] = numbers[0];
		size[1] = numbers[1];
	}
	return ret;
}

/* ---- crtcs ---- */

#define CRTC(member) offsetof(struct kms_crtc_desc, member)

static int read_crtc(const struct profile_value *value, struct kms_crtc_desc *crtc)
{
	static const struct profile_field fields[] = {
		{"comment", profile_read_nothing},
		{"like", profile_read_nothing},
		{"degamma_size", profile_read_u32, CRTC(degamma_size), 0, KMS_MAX_LUT_SIZE},
		{"gamma_size", profile_read_u32, CRTC(gamma_size), 0, KMS_MAX_LUT_SIZE},
		{"ctm", profile_read_bool, CRTC(ctm)},
		{"vrr", profile_read_bool, CRTC(vrr)},
		{"needs_primary", profile_read_bool, CRTC(needs_primary)},
		{"max_planes", profile_read_u32, CRTC(max_planes), 0, KMS_MAX_PLANES},
		{"max_scalers", profile_read_u32, CRTC(max_scalers), 0, KMS_MAX_PLANES},
		{"max_clock", profile_read_u32, CRTC(max_clock), 0, UINT32_MAX},
		{"max_pixel_rate", profile_read_u64, CRTC(max_pixel_rate), 0, UINT64_MAX},
	};

	return profile_read_fields(value, fields, GEM_ARRAY_SIZE(fields), crtc);
}

/* ---- lists ---- */

/* "like": begins as a copy of an earlier entry. NULL: as nothing. */
static int find_model(const struct profile_value *value, unsigned own, void **model,
	char *entries, size_t size)
{
	struct profile_value like;
	uint64_t index;
	int ret;

	*model = NULL;
	if (!profile_member(value, "like", &like))
		return 0;
	ret = profile_number(&like, 0, UINT32_MAX, &index);
	if (ret == 0 && index >= own)
		ret = profile_wrong(&like, "%llu is no earlier entry", (unsigned long long)index);
	if (ret == 0)
		*model = entries + index * size;
	return ret;
}

struct list {
	const char *name;
	size_t size; /* of an entry */
	unsigned max;
	int (*read)(const struct profile_value *value, void *entry);
};

static int read_crtc_entry(const struct profile_value *value, void *entry)
{
	return read_crtc(value, entry);
}

static int read_plane_entry(const struct profile_value *value, void *entry)
{
	return profile_read_plane(value, entry);
}

static int read_connector_entry(const struct profile_value *value, void *entry)
{
	return profile_read_connector(value, entry);
}

/* count is there before the entries are read: they may name each other. */
static int read_list(const struct profile_value *root, const struct list *list, const void **out,
	unsigned *count)
{
	struct profile_value value;
	char *entries;
	int ret;

	if (!profile_member(root, list->name, &value))
		return profile_wrong(root, "no list \"%s\"", list->name);
	ret = profile_list(&value, list->max, count);
	if (ret < 0)
		return ret;
	*out = entries = profile_alloc(root->reader->profile, *count, list->size);
	if (!entries)
		return profile_no_memory(&value);
	for (unsigned i = 0; ret == 0 && i < *count; i++) {
		struct profile_value item = profile_item(&value, i);
		void *model;

		ret = find_model(&item, i, &model, entries, list->size);
		if (ret == 0 && model)
			memcpy(entries + i * list->size, model, list->size);
		if (ret == 0)
			ret = list->read(&item, entries + i * list->size);
	}
	return ret;
}

/* ---- the device ---- */

#define DEVICE(member) offsetof(struct kms_device_desc, member)

static int read_framebuffer(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	static const struct profile_field fields[] = {
		{"min", profile_read_size, 0, 0, UINT16_MAX},
		{"max", profile_read_size, 2 * sizeof(uint32_t), 1, UINT16_MAX},
	};
	struct kms_device_desc *desc = to;
	uint32_t sizes[4] = {0, 0, desc->max_width, desc->max_height};
	int ret = profile_read_fields(value, fields, GEM_ARRAY_SIZE(fields), sizes);

	if (ret < 0)
		return ret;
	desc->min_width = sizes[0];
	desc->min_height = sizes[1];
	desc->max_width = sizes[2];
	desc->max_height = sizes[3];
	return 0;
}

/* Where there is no "cursor" the sizes are the kernel's for drivers that say nothing. */
static void set_defaults(struct kms_device_desc *desc)
{
	desc->max_width = desc->max_height = 8192;
	desc->cursor_width = desc->cursor_height = 64;
}

static int check_version(const struct profile_value *root)
{
	struct profile_value version;
	uint64_t number;

	if (!profile_member(root, "testcard", &version))
		return profile_wrong(root, "neither a description (no \"testcard\": 1) nor what "
			"drm_info -j prints");
	return profile_number(&version, 1, 1, &number);
}

int profile_read_device(const struct profile_value *root)
{
	static const struct profile_field fields[] = {
		{"testcard", profile_read_nothing},
		{"comment", profile_read_nothing},
		{"framebuffer", read_framebuffer},
		{"cursor", profile_read_size, DEVICE(cursor_width), 1, 4096},
		{"async_flip", profile_read_bool, DEVICE(async_page_flip)},
		{"crtcs", profile_read_nothing},
		{"planes", profile_read_nothing},
		{"connectors", profile_read_nothing},
	};
	static const struct list crtcs = {"crtcs", sizeof(struct kms_crtc_desc), KMS_MAX_CRTCS,
		read_crtc_entry};
	static const struct list planes = {"planes", sizeof(struct kms_plane_desc),
		KMS_MAX_PLANES, read_plane_entry};
	static const struct list connectors = {"connectors", sizeof(struct kms_connector_desc),
		KMS_MAX_CONNECTORS, read_connector_entry};
	struct kms_device_desc *desc = &root->reader->profile->desc;
	int ret = check_version(root);

	if (ret < 0)
		return ret;
	set_defaults(desc);
	ret = profile_read_fields(root, fields, GEM_ARRAY_SIZE(fields), desc);
	/* In this order: planes and connectors name crtcs. */
	if (ret == 0)
		ret = read_list(root, &crtcs, (const void **)&desc->crtcs, &desc->crtc_count);
	if (ret == 0)
		ret = read_list(root, &planes, (const void **)&desc->planes, &desc->plane_count);
	if (ret == 0)
		ret = read_list(root, &connectors, (const void **)&desc->connectors,
			&desc->connector_count);
	return ret;
}
