/*
 * Mode objects: everything with an id (planes, crtcs, connectors, encoders,
 * framebuffers, properties, blobs) lives in one id space per device, from 1,
 * as in the kernel (drm_mode_object.c).
 */
#ifndef KMS_OBJECT_H
#define KMS_OBJECT_H

#include <stdatomic.h>
#include <stdint.h>

#include <drm.h>
#include <drm_mode.h>

#include "gem_base.h"

struct kms_device;
struct kms_property;

#define KMS_OBJECT_MAX_PROPERTIES 32

struct kms_object {
	uint32_t id;
	uint32_t type; /* DRM_MODE_OBJECT_* */
	struct kms_device *dev;
	/*
	 * Framebuffers and blobs only: counted, destroyed at 0 by free. NULL =
	 * lives as long as the device, get and put do nothing.
	 */
	void (*free)(struct kms_object *obj);
	atomic_uint refcount;
	/* Attached properties; fixed after device creation. */
	unsigned property_count;
	struct kms_property *properties[KMS_OBJECT_MAX_PROPERTIES];
	uint32_t property_ids[KMS_OBJECT_MAX_PROPERTIES]; /* theirs, close together to be searched */
	/*
	 * Values of properties that are not part of atomic state (immutable
	 * ones, EDID, TILE...), same index. dev->lock.
	 */
	uint64_t values[KMS_OBJECT_MAX_PROPERTIES];
};

/* Takes an id and publishes obj under it. -ENOMEM, -ENOSPC. */
int kms_object_add(struct kms_device *dev, struct kms_object *obj, uint32_t type,
	void (*free)(struct kms_object *obj));
/* Takes the id away; later lookups miss. References stay valid. */
void kms_object_remove(struct kms_object *obj);
struct kms_object *kms_object_get(struct kms_object *obj);
void kms_object_put(struct kms_object *obj);
/*
 * New reference, or NULL. type DRM_MODE_OBJECT_ANY matches all. Takes
 * dev->object_lock, which is innermost: safe under any other lock.
 */
struct kms_object *kms_object_lookup(struct kms_device *dev, uint32_t id, uint32_t type);

#endif
