/*
 * Devices as data: a description (JSON, or what `drm_info -j` prints of a real
 * device) becomes a kms_device_desc. README has the description's fields.
 *
 * A description is what a person wrote: every mistake in it is refused with one
 * line that names file and field, and a field that is not known is a mistake.
 */
#ifndef PROFILE_H
#define PROFILE_H

#include <stddef.h>

#include "kms_desc.h"

struct profile;

/*
 * name: a shipped description's ("desktop": no '/' and no '.'), found beside the
 * program or where it is installed, else a file, relative to the working folder.
 * On error why has a line without newline.
 * -ENOENT and its like: no such file; -EFBIG; -EINVAL: not a description, or not
 * of a possible device; -ENOMEM.
 */
int profile_load(const char *name, struct profile **out, char *why, size_t size);
/*
 * What file_name (for messages and files that it names) would have in it: length
 * bytes, then a NUL. Errors the same.
 */
int profile_parse(const char *text, size_t length, const char *file_name, struct profile **out,
	char *why, size_t size);
void profile_destroy(struct profile *profile);

/* Lives as long as profile, with all that it points to. */
const struct kms_device_desc *profile_desc(const struct profile *profile);

#endif
