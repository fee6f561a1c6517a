/*
 * Properties and blobs (kernel: drm_property.c). A property describes values;
 * who stores the value depends on the property: see kms_atomic.h.
 */
#ifndef KMS_PROPERTY_H
#define KMS_PROPERTY_H

#include "kms_object.h"

struct kms_file;

struct kms_property_enum {
	uint64_t value; /* for bitmasks: the bit's number */
	char name[DRM_PROP_NAME_LEN];
};

struct kms_property {
	struct kms_object base; /* DRM_MODE_OBJECT_PROPERTY */
	uint32_t flags;         /* DRM_MODE_PROP_* */
	char name[DRM_PROP_NAME_LEN];
	/* range: min, max (signed for SIGNED_RANGE); object: type; enum, bitmask: see enums */
	unsigned value_count;
	uint64_t values[2];
	unsigned enum_count;
	struct kms_property_enum enums[8];
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
