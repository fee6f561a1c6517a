/* Between the files of protocols/profile. */
#ifndef PROFILE_INTERNAL_H
#define PROFILE_INTERNAL_H

#include "profile_value.h"

/* A whole text into profile->desc. */
int profile_read_device(const struct profile_value *root);

int profile_read_plane(const struct profile_value *value, struct kms_plane_desc *plane);
int profile_read_connector(const struct profile_value *value,
	struct kms_connector_desc *connector);

/* "1920x1080", "1920x1080@60", or the members of struct drm_mode_modeinfo, as drm_info has them. */
int profile_read_mode(const struct profile_value *value, struct drm_mode_modeinfo *mode);
/* Hexadecimal digits, with white space between bytes */
int profile_read_edid(const struct profile_value *value, struct kms_connector_desc *connector);

/* What connector->edid says where connector has nothing yet; value: for messages. */
int profile_take_edid(const struct profile_value *value, struct kms_connector_desc *connector);

/* Indices below count, or "all", as a mask; what: of which list. */
int profile_read_indices(const struct profile_value *value, unsigned count, const char *what,
	uint32_t *mask);
uint32_t profile_all_crtcs(const struct profile_value *value);
/* Field reader: "crtcs", possible crtcs, to the uint32_t at the field's offset. */
int profile_read_crtcs(const struct profile_value *value, const struct profile_field *field,
	void *to);
/* Field reader: [width, height] to two uint32_t. */
int profile_read_size(const struct profile_value *value, const struct profile_field *field,
	void *to);

/* All bytes of a file and a NUL, from malloc. -EFBIG beyond max; errors of open and read. */
int profile_read_file(const char *path, size_t max, char **out, size_t *length);

#endif
