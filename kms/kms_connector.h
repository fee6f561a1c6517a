/* Making a connector from its description; part of kms_device_create. */
#ifndef KMS_CONNECTOR_H
#define KMS_CONNECTOR_H

#include "kms_device.h"

/*
 * Fills in the next connector of dev and its encoder, gives both ids and
 * attaches the properties. On error what was published is the device's to
 * destroy. -ENOMEM, -EINVAL modes.
 */
int kms_connector_init(struct kms_device *dev, const struct kms_connector_desc *desc);
/* "HDMI-A" for a DRM_MODE_CONNECTOR_*, as in the kernel's connector names. */
const char *kms_connector_type_name(uint32_t type);

#endif
