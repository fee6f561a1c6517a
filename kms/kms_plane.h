/* Making and ending planes; parts of kms_device_create and kms_device_destroy. */
#ifndef KMS_PLANE_H
#define KMS_PLANE_H

#include "kms_device.h"

/*
 * Fills in the next plane of dev, gives it an id and its properties. On error
 * dev has no further plane. -ENOMEM.
 */
int kms_plane_init(struct kms_device *dev, const struct kms_plane_desc *desc);
void kms_plane_finish(struct kms_plane *plane);
/* The state of a plane that nobody has used yet. */
struct kms_plane_state kms_plane_first_state(const struct kms_plane *plane);
/* "primary", "overlay", "cursor" of a kms_plane.type. Static. */
const char *kms_plane_type_name(uint32_t type);

#endif
