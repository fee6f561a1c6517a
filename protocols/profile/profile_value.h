/*
 * Values of a JSON text that know where they are, so that what is wrong with one
 * can be said; objects are read by tables of their fields.
 */
#ifndef PROFILE_VALUE_H
#define PROFILE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gem_base.h"
#include "profile.h"

struct json_object;

struct profile {
	struct kms_device_desc desc;
	struct gem_list memory;   /* profile_alloc's */
	struct json_object *json; /* the text's: its strings are in desc */
};

/* Zeroed, the profile's; NULL: no memory. count 0 is something, too. */
void *profile_alloc(struct profile *profile, size_t count, size_t size);

/* One text being read. */
struct profile_reader {
	struct profile *profile;
	const char *file_name;
	char *why;
	size_t why_size;
};

struct profile_value {
	struct profile_reader *reader;
	const struct profile_value *parent; /* NULL: the whole text */
	const char *key;                    /* in an object; NULL in a list */
	unsigned index;                     /* in a list */
	struct json_object *json;
};

/* Says what is wrong: "FILE: planes[2].zpos: TEXT". -EINVAL, for the caller to return. */
int profile_wrong(const struct profile_value *at, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same for memory. -ENOMEM. */
int profile_no_memory(const struct profile_value *at);

/* False when object has no such member, or null as one. Not an object: false. */
bool profile_member(const struct profile_value *object, const char *key,
	struct profile_value *out);
/* index below what profile_list said. */
struct profile_value profile_item(const struct profile_value *list, unsigned index);

/* These refuse other types, and what is not within the bounds. */
int profile_list(const struct profile_value *value, unsigned max, unsigned *count);
int profile_number(const struct profile_value *value, uint64_t min, uint64_t max, uint64_t *out);
int profile_real(const struct profile_value *value, double min, double max, double *out);
int profile_bool(const struct profile_value *value, bool *out);
/* Without NUL inside; the text lives as long as the profile. */
int profile_string(const struct profile_value *value, const char **out);
/* A list of exactly count numbers. */
int profile_numbers(const struct profile_value *value, uint64_t min, uint64_t max,
	uint64_t *out, unsigned count);

/* A field of an object that is read into a struct. */
struct profile_field {
	const char *name;
	int (*read)(const struct profile_value *value, const struct profile_field *field,
		void *to);
	size_t offset;     /* of the member, for the readers below */
	uint64_t min, max;
};

/* Readers of a bool, and of a uint32_t or uint64_t within min and max. */
int profile_read_bool(const struct profile_value *value, const struct profile_field *field,
	void *to);
int profile_read_u32(const struct profile_value *value, const struct profile_field *field,
	void *to);
int profile_read_u64(const struct profile_value *value, const struct profile_field *field,
	void *to);
/* For comments. */
int profile_read_nothing(const struct profile_value *value, const struct profile_field *field,
	void *to);

/* Every member of an object by its field; one without a field is refused. */
int profile_read_fields(const struct profile_value *object, const struct profile_field *fields,
	unsigned count, void *to);

#endif
