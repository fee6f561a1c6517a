/* The kernel's standard properties: names, types, flags and values are its own. */
#ifndef KMS_STANDARD_H
#define KMS_STANDARD_H

#include "kms_device.h"

/* Those that all objects share: fills in dev->props. -ENOMEM. */
int kms_standard_create(struct kms_device *dev);
/*
 * Those whose values depend on what one object can, by dev->plane_props and
 * dev->connector_props: only those that desc asks for. -ENOMEM.
 */
int kms_standard_create_plane(struct kms_device *dev, unsigned index,
	const struct kms_plane_desc *desc);
int kms_standard_create_connector(struct kms_device *dev, unsigned index,
	const struct kms_connector_desc *desc);

#endif
