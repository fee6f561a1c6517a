/*
 * The gamma table of before colour properties (kernel: drm_color_mgmt.c): SETGAMMA
 * is a commit of GAMMA_LUT without DEGAMMA_LUT and CTM, GETGAMMA reads it back.
 * Tables have kms_crtc_gamma_size entries. Both take dev->lock.
 */
#ifndef KMS_GAMMA_H
#define KMS_GAMMA_H

#include "kms_device.h"

/* Blocking. lut: kms_crtc_gamma_size entries. -ENOMEM. */
int kms_gamma_set(struct kms_crtc *crtc, const struct drm_color_lut *lut);
/* The table in use, or the straight line when none of that size is. */
void kms_gamma_get(struct kms_crtc *crtc, struct drm_color_lut *lut);

#endif
