/* The references that states hold. All under dev->lock. */
#ifndef KMS_STATE_H
#define KMS_STATE_H

#include "kms_device.h"

/* A state was copied: the copy's references. */
void kms_plane_state_get(const struct kms_plane_state *state);
void kms_crtc_state_get(const struct kms_crtc_state *state);
void kms_connector_state_get(const struct kms_connector_state *state);
/* A state ends. */
void kms_plane_state_put(const struct kms_plane_state *state);
void kms_crtc_state_put(const struct kms_crtc_state *state);
void kms_connector_state_put(const struct kms_connector_state *state);

/* *slot becomes blob (NULL = none): a new reference, the old one's is dropped. */
void kms_state_set_blob(struct kms_blob **slot, struct kms_blob *blob);

#endif
