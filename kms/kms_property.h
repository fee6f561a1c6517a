/*
 * Properties and blobs (kernel: drm_property.c). A property describes values;
 * who stores the value depends on the property: see kms_atomic.h.
 */
#ifndef KMS_PROPERTY_H
#define KMS_PROPERTY_H

#include "kms_object.h"

struct kms_file;

/*
 * Which value of an object's state a property is a view of: what setting and
 * getting switch over. VALUE = kms_object.values, for the device to change only.
 */
enum kms_property_kind {
	KMS_PROPERTY_VALUE,
	/* planes */
	KMS_PROPERTY_FB_ID, KMS_PROPERTY_IN_FENCE_FD, KMS_PROPERTY_PLANE_CRTC_ID,
	KMS_PROPERTY_CRTC_X, KMS_PROPERTY_CRTC_Y, KMS_PROPERTY_CRTC_W, KMS_PROPERTY_CRTC_H,
	KMS_PROPERTY_SRC_X, KMS_PROPERTY_SRC_Y, KMS_PROPERTY_SRC_W, KMS_PROPERTY_SRC_H,
	KMS_PROPERTY_ROTATION, KMS_PROPERTY_ENCODING, KMS_PROPERTY_RANGE, KMS_PROPERTY_ALPHA,
	KMS_PROPERTY_BLEND, KMS_PROPERTY_ZPOS, KMS_PROPERTY_DAMAGE_CLIPS,
	/* crtcs */
	KMS_PROPERTY_ACTIVE, KMS_PROPERTY_MODE_ID, KMS_PROPERTY_OUT_FENCE_PTR,
	KMS_PROPERTY_VRR_ENABLED, KMS_PROPERTY_DEGAMMA_LUT, KMS_PROPERTY_CTM,
	KMS_PROPERTY_GAMMA_LUT,
	/* connectors */
	KMS_PROPERTY_DPMS, KMS_PROPERTY_LINK_STATUS, KMS_PROPERTY_CONNECTOR_CRTC_ID,
	KMS_PROPERTY_CONTENT_TYPE, KMS_PROPERTY_MAX_BPC, KMS_PROPERTY_HDR_METADATA,
	KMS_PROPERTY_COLORSPACE, KMS_PROPERTY_WRITEBACK_OUT_FENCE_PTR,
	KMS_PROPERTY_WRITEBACK_FB_ID,
};

struct kms_property_enum {
	uint64_t value; /* for bitmasks: the bit's number */
	char name[DRM_PROP_NAME_LEN];
};

struct kms_property {
	struct kms_object base; /* DRM_MODE_OBJECT_PROPERTY */
	uint32_t flags;         /* DRM_MODE_PROP_* */
	enum kms_property_kind kind; /* set by kms_standard.c */
	char name[DRM_PROP_NAME_LEN];
	/* range: min, max (signed for SIGNED_RANGE); object: type; enum, bitmask: see enums */
	unsigned value_count;
	uint64_t values[2];
	unsigned enum_count;
	struct kms_property_enum enums[16];
};

struct kms_blob {
	struct kms_object base; /* DRM_MODE_OBJECT_BLOB */
	/* Who may destroy it; NULL = the device, or destroyed already. dev->lock. */
	struct kms_file *owner;
	struct gem_list file_link; /* owner's kms_file.blobs; dev->lock */
	size_t length;
	uint8_t data[];
};

/* The device frees its properties: kms_property_destroy_all. *out is no reference. */
int kms_property_create_range(struct kms_device *dev, const char *name, uint32_t flags,
	uint64_t min, uint64_t max, struct kms_property **out);
int kms_property_create_signed_range(struct kms_device *dev, const char *name, uint32_t flags,
	int64_t min, int64_t max, struct kms_property **out);
int kms_property_create_enum(struct kms_device *dev, const char *name, uint32_t flags,
	const struct kms_property_enum *enums, unsigned count, struct kms_property **out);
int kms_property_create_bitmask(struct kms_device *dev, const char *name, uint32_t flags,
	const struct kms_property_enum *enums, unsigned count, struct kms_property **out);
int kms_property_create_object(struct kms_device *dev, const char *name, uint32_t flags,
	uint32_t object_type, struct kms_property **out);
int kms_property_create_blob(struct kms_device *dev, const char *name, uint32_t flags,
	struct kms_property **out);

/* Device destruction, after every object that has properties stopped using them. */
void kms_property_destroy_all(struct kms_device *dev);

/* Adds prop to obj with a first value. Only during device creation. */
void kms_object_attach_property(struct kms_object *obj, struct kms_property *prop, uint64_t value);
/* Index of prop in obj, -ENOENT. */
int kms_object_property_index(const struct kms_object *obj, const struct kms_property *prop);

/*
 * The device's own blob that is obj's value of prop: drops the reference of its
 * creation. Nothing when obj does not have prop, or 0. For device destruction.
 */
void kms_object_put_blob_value(struct kms_object *obj, struct kms_property *prop);

/*
 * Whether value may be set (kernel: drm_property_change_valid_get): range,
 * enum membership, that the object or blob exists and has the type. -EINVAL.
 */
int kms_property_check_value(struct kms_device *dev, const struct kms_property *prop,
	uint64_t value);

/* What the blobs of one file may take in the server, so that a flood ends in -ENOMEM. */
#define KMS_FILE_MAX_BLOB_BYTES (64u << 20)

/*
 * Copies length bytes; *out is a reference. creator NULL = made by the device;
 * otherwise creator's list holds a reference of its own, and takes dev->lock.
 * -EINVAL length 0 or beyond INT_MAX; -ENOMEM, also beyond KMS_FILE_MAX_BLOB_BYTES.
 */
int kms_blob_create(struct kms_device *dev, struct kms_file *creator, const void *data,
	size_t length, struct kms_blob **out);
/*
 * DESTROYPROPBLOB: drops the list's reference. As in the kernel the id goes
 * with the last reference, so that a mode in use can still be read by its id.
 * -ENOENT no blob; -EPERM another file's, the device's or destroyed already.
 */
int kms_blob_destroy(struct kms_file *file, uint32_t id);
/* Drops what creator's list holds, under dev->lock. For kms_file_finish. */
void kms_blob_release_all_locked(struct kms_file *file);
/* New reference or NULL. */
struct kms_blob *kms_blob_lookup(struct kms_device *dev, uint32_t id);

#endif
