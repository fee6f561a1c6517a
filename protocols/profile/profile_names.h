/* Words of descriptions and what they stand for. */
#ifndef PROFILE_NAMES_H
#define PROFILE_NAMES_H

#include "profile_value.h"

struct profile_name {
	const char *name;
	uint64_t value;
};

/* A text that is one of names; what names which list ("format") in the refusal. */
int profile_name(const struct profile_value *value, const struct profile_name *names,
	unsigned count, const char *what, uint64_t *out);
/* A list of such; bit = value below 64. first (may be NULL): the first one's value. */
int profile_name_mask(const struct profile_value *value, const struct profile_name *names,
	unsigned count, const char *what, uint64_t *mask, uint64_t *first);

/*
 * A list of "NV12", "XRGB8888", or a fourcc's letters "XR24"; the profile's memory. -EINVAL for
 * what composition cannot read.
 */
int profile_formats(const struct profile_value *value, const uint32_t **out, unsigned *count);
/* "LINEAR", "X_TILED" or a number. */
int profile_modifier(const struct profile_value *value, uint64_t *out);
/* The kernel's: "HDMI-A"; "TMDS". */
int profile_connector_type(const struct profile_value *value, uint32_t *out);
int profile_encoder_type(const struct profile_value *value, uint32_t *out);

#endif
