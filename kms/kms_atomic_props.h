/* The rooms of kms_atomic_set_property and kms_object_get_property, one a kind of object. */
#ifndef KMS_ATOMIC_PROPS_H
#define KMS_ATOMIC_PROPS_H

#include "kms_atomic.h"

/*
 * prop is attached to the object and not immutable. Values of blob and object
 * properties are looked up here; of others they were checked. -EINVAL.
 */
int kms_plane_set_property(struct kms_atomic_state *state, struct kms_plane *plane,
	const struct kms_property *prop, uint64_t value);
int kms_crtc_set_property(struct kms_atomic_state *state, struct kms_crtc *crtc,
	const struct kms_property *prop, uint64_t value);
int kms_connector_set_property(struct kms_atomic_state *state, struct kms_connector *connector,
	const struct kms_property *prop, uint64_t value);

/* What state says of kind; false when it is not a view of state. */
bool kms_plane_get_property(const struct kms_plane_state *state, enum kms_property_kind kind,
	uint64_t *value);
bool kms_crtc_get_property(const struct kms_crtc_state *state, enum kms_property_kind kind,
	uint64_t *value);
bool kms_connector_get_property(const struct kms_connector_state *state,
	enum kms_property_kind kind, uint64_t *value);

/* What value of an object property names. *out without a reference, NULL for 0. -EINVAL. */
int kms_props_find_crtc(struct kms_device *dev, uint64_t id, struct kms_crtc **out);
/* *out is a new reference, NULL for 0. -EINVAL. */
int kms_props_find_fb(struct kms_device *dev, uint64_t id, struct kms_framebuffer **out);
int kms_props_find_blob(struct kms_device *dev, uint64_t id, struct kms_blob **out);
/*
 * *slot becomes the blob value names (kernel: drm_property_replace_blob_from_id),
 * of whole elements of element bytes, size bytes long (0 = any number). -EINVAL.
 */
int kms_props_replace_blob(struct kms_device *dev, struct kms_blob **slot, uint64_t value,
	size_t size, size_t element);

#endif
