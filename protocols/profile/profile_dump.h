/*
 * What `drm_info -j` prints, as a description: properties by their names, with
 * ranges and values. It is of a real device, so what we cannot be is left out
 * instead of refused:
 * - formats and modifiers that composition does not read (a buffer like that could
 *   be neither shown nor filled); a format that has no other modifier goes with them;
 * - properties of one driver;
 * - beyond our limits: LUTs become KMS_MAX_LUT_SIZE long, modes after KMS_MAX_MODES go.
 * What a dump does not say is assumed: overlays and primary planes scale as the
 * default device's overlays do, nothing is limited. drm_info 2.4 leaves EDIDs out:
 * they are built from the modes, unless the connector has an "edid" member, ours.
 */
#ifndef PROFILE_DUMP_H
#define PROFILE_DUMP_H

#include "profile_value.h"

bool profile_is_dump(const struct profile_value *root);
/* The first node that has crtcs, into profile->desc. */
int profile_read_dump(const struct profile_value *root);

/* Its parts; objects of a node. */
int profile_dump_plane(const struct profile_value *value, struct kms_plane_desc *plane);
int profile_dump_connectors(const struct profile_value *node, struct kms_device_desc *desc);

/* A number that may be missing, or of another type: then fallback. */
uint64_t profile_dump_number(const struct profile_value *object, const char *key,
	uint64_t fallback);
/* "properties"."name". */
bool profile_dump_property(const struct profile_value *object, const char *name,
	struct profile_value *out);
/* Its value, or fallback. */
uint64_t profile_dump_value(const struct profile_value *object, const char *name,
	uint64_t fallback);
/* The bound of a range, "min" or "max". */
uint64_t profile_dump_bound(const struct profile_value *property, const char *bound,
	uint64_t fallback);
/* Mask of the values whose names an enum or bitmask property has; bit = index in names. */
uint32_t profile_dump_choices(const struct profile_value *object, const char *name,
	const char *const *names, unsigned count);
/* Its value, as an index in names; 0 for none of them. */
unsigned profile_dump_choice(const struct profile_value *object, const char *name,
	const char *const *names, unsigned count);
/* A list of fourccs: those that we know, at most KMS_MAX_FORMATS. */
int profile_dump_formats(const struct profile_value *list, uint32_t formats[KMS_MAX_FORMATS],
	unsigned *count);

#endif
