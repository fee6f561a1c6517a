/* Making a connector from its description; part of kms_device_create. */
#ifndef KMS_CONNECTOR_H
#define KMS_CONNECTOR_H

#include "kms_device.h"

/*
 * Fills in the next connector of dev and its encoder, gives both ids and
 * attaches the properties. On error what was published is the device's to
 * destroy (what init has counted). -ENOMEM, -EINVAL modes.
 */
int kms_connector_init(struct kms_device *dev, const struct kms_connector_desc *desc);
/* The state of a connector that nobody has used yet. */
struct kms_connector_state kms_connector_first_state(const struct kms_connector *connector);
/* Gives back what init and kms_connector_set made. For device destruction. */
void kms_connector_finish(struct kms_connector *connector);
/* "HDMI-A" for a DRM_MODE_CONNECTOR_*, as in the kernel's connector names. */
const char *kms_connector_type_name(uint32_t type);

#endif
