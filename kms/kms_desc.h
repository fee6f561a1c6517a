/* Descriptions of devices: the default one, and what makes one acceptable. */
#ifndef KMS_DESC_H
#define KMS_DESC_H

#include "kms_device.h"

/*
 * -EINVAL: counts beyond the limits or zero, a crtc without a primary plane of
 * its own, a plane or connector that reaches no crtc, an unknown format, a bad
 * mode. The log names what is wrong.
 */
int kms_device_desc_check(const struct kms_device_desc *desc);

#endif
