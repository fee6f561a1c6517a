#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "profile_value.h"

struct allocation {
	struct gem_list link;
	_Alignas(max_align_t) char bytes[];
};

void *profile_alloc(struct profile *profile, size_t count, size_t size)
{
	struct allocation *allocation;
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(*allocation), &bytes))
		return NULL;
	allocation = calloc(1, bytes);
	if (!allocation)
		return NULL;
	gem_list_add_tail(&profile->memory, &allocation->link);
	return allocation->bytes;
}

void profile_destroy(struct profile *profile)
{
	while (!gem_list_empty(&profile->memory)) {
		struct allocation *allocation = gem_list_entry(profile->memory.next,
			struct allocation, link);
		gem_list_del(&allocation->link);
		free(allocation);
	}
	json_object_put(profile->json);
	free(profile);
}

const struct kms_device_desc *profile_desc(const struct profile *profile)
{
	return &profile->desc;
}

/* ---- where, and what is wrong ---- */

static void append(struct profile_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What does not fit is cut off. */
static void append(struct profile_reader *reader, const char *format, ...)
{
	size_t used = strnlen(reader->why, reader->why_size);
	va_list args;

	if (used >= reader->why_size)
		return;
	va_start(args, format);
	vsnprintf(reader->why + used, reader->why_size - used, format, args);
	va_end(args);
}

static void append_place(const struct profile_value *at)
{
	if (!at->parent)
		return;
	append_place(at->parent);
	if (at->key)
		append(at->reader, "%s%s", at->parent->parent ? "." : "", at->key);
	else
		append(at->reader, "[%u]", at->index);
}

int profile_wrong(const struct profile_value *at, const char *format, ...)
{
	struct profile_reader *reader = at->reader;
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (reader->why_size > 0)
		reader->why[0] = '\0';
	append(reader, "%s: ", reader->file_name);
	append_place(at);
	append(reader, "%s%s", at->parent ? ": " : "", text);
	return -EINVAL;
}

int profile_no_memory(const struct profile_value *at)
{
	profile_wrong(at, "no memory for it");
	return -ENOMEM;
}

/* ---- values ---- */

bool profile_member(const struct profile_value *object, const char *key,
	struct profile_value *out)
{
	struct json_object *json;

	if (!json_object_is_type(object->json, json_type_object) ||
	    !json_object_object_get_ex(object->json, key, &json) || !json)
		return false;
	*out = (struct profile_value) {object->reader, object, key, 0, json};
	return true;
}

struct profile_value profile_item(const struct profile_value *list, unsigned index)
{
	return (struct profile_value) {list->reader, list, NULL, index,
		json_object_array_get_idx(list->json, index)};
}

int profile_list(const struct profile_value *value, unsigned max, unsigned *count)
{
	if (!json_object_is_type(value->json, json_type_array))
		return profile_wrong(value, "is not a list");
	if (json_object_array_length(value->json) > max)
		return profile_wrong(value, "has more than %u entries", max);
	*count = json_object_array_length(value->json);
	return 0;
}

int profile_number(const struct profile_value *value, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t number;

	if (!json_object_is_type(value->json, json_type_int))
		return profile_wrong(value, "is not a whole number");
	number = json_object_get_uint64(value->json);
	if (json_object_get_int64(value->json) < 0 || number < min || number > max)
		return profile_wrong(value, "%s is not within %llu and %llu",
			json_object_get_string(value->json), (unsigned long long)min,
			(unsigned long long)max);
	*out = number;
	return 0;
}

int profile_real(const struct profile_value *value, double min, double max, double *out)
{
	if (!json_object_is_type(value->json, json_type_int) &&
	    !json_object_is_type(value->json, json_type_double))
		return profile_wrong(value, "is not a number");
	*out = json_object_get_double(value->json);
	/* The other way round NaN would pass. */
	if (!(*out >= min && *out <= max))
		return profile_wrong(value, "%s is not within %g and %g",
			json_object_get_string(value->json), min, max);
	return 0;
}

int profile_bool(const struct profile_value *value, bool *out)
{
	if (!json_object_is_type(value->json, json_type_boolean))
		return profile_wrong(value, "is neither true nor false");
	*out = json_object_get_boolean(value->json);
	return 0;
}

int profile_string(const struct profile_value *value, const char **out)
{
	if (!json_object_is_type(value->json, json_type_string))
		return profile_wrong(value, "is not a text in quotes");
	*out = json_object_get_string(value->json);
	if (strlen(*out) != (size_t)json_object_get_string_len(value->json))
		return profile_wrong(value, "has a NUL in it");
	return 0;
}

int profile_numbers(const struct profile_value *value, uint64_t min, uint64_t max,
	uint64_t *out, unsigned count)
{
	unsigned there;
	int ret;

	if (!json_object_is_type(value->json, json_type_array) ||
	    json_object_array_length(value->json) != count)
		return profile_wrong(value, "is not a list of %u numbers", count);
	ret = profile_list(value, count, &there);
	for (unsigned i = 0; i < count && ret == 0; i++) {
		struct profile_value item = profile_item(value, i);

		ret = profile_number(&item, min, max, &out[i]);
	}
	return ret;
}

/* ---- fields ---- */

int profile_read_bool(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	return profile_bool(value, (bool *)((char *)to + field->offset));
}

int profile_read_u32(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	uint64_t number;
	int ret = profile_number(value, field->min, field->max, &number);

	if (ret == 0)
		*(uint32_t *)((char *)to + field->offset) = number;
	return ret;
}

int profile_read_u64(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	return profile_number(value, field->min, field->max,
		(uint64_t *)((char *)to + field->offset));
}

int profile_read_nothing(const struct profile_value *value, const struct profile_field *field,
	void *to)
{
	return 0;
}

static const struct profile_field *find_field(const char *name,
	const struct profile_field *fields, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	}
	return NULL;
}

int profile_read_fields(const struct profile_value *object, const struct profile_field *fields,
	unsigned count, void *to)
{
	if (!json_object_is_type(object->json, json_type_object))
		return profile_wrong(object, "is not an object in braces");
	json_object_object_foreach(object->json, key, json) {
		const struct profile_field *field = find_field(key, fields, count);
		struct profile_value value = {object->reader, object, key, 0, json};
		int ret = field ? field->read(&value, field, to) :
			profile_wrong(&value, "there is no such field");

		if (ret < 0)
			return ret;
	}
	return 0;
}
