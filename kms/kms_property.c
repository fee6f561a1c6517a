#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kms_device.h"

static int property_create(struct kms_device *dev, const char *name, uint32_t flags,
	const struct kms_property *content, struct kms_property **out)
{
	struct kms_property *prop = malloc(sizeof(*prop));

	assert(strlen(name) < DRM_PROP_NAME_LEN);
	if (!prop)
		return -ENOMEM;
	*prop = *content;
	prop->flags = flags;
	strcpy(prop->name, name);
	int ret = kms_object_add(dev, &prop->base, DRM_MODE_OBJECT_PROPERTY, NULL);
	if (ret < 0) {
		free(prop);
		return ret;
	}
	*out = prop;
	return 0;
}

int kms_property_create_range(struct kms_device *dev, const char *name, uint32_t flags,
	uint64_t min, uint64_t max, struct kms_property **out)
{
	const struct kms_property content = {.value_count = 2, .values = {min, max}};

	return property_create(dev, name, flags | DRM_MODE_PROP_RANGE, &content, out);
}

int kms_property_create_signed_range(struct kms_device *dev, const char *name, uint32_t flags,
	int64_t min, int64_t max, struct kms_property **out)
{
	const struct kms_property content = {
		.value_count = 2,
		.values = {(uint64_t)min, (uint64_t)max},
	};

	return property_create(dev, name, flags | DRM_MODE_PROP_SIGNED_RANGE, &content, out);
}

static int enum_create(struct kms_device *dev, const char *name, uint32_t flags,
	const struct kms_property_enum *enums, unsigned count, struct kms_property **out)
{
	struct kms_property content = {.enum_count = count};

	assert(count <= GEM_ARRAY_SIZE(content.enums));
	memcpy(content.enums, enums, count * sizeof(enums[0]));
	return property_create(dev, name, flags, &content, out);
}

int kms_property_create_enum(struct kms_device *dev, const char *name, uint32_t flags,
	const struct kms_property_enum *enums, unsigned count, struct kms_property **out)
{
	return enum_create(dev, name, flags | DRM_MODE_PROP_ENUM, enums, count, out);
}

int kms_property_create_bitmask(struct kms_device *dev, const char *name, uint32_t flags,
	const struct kms_property_enum *enums, unsigned count, struct kms_property **out)
{
	return enum_create(dev, name, flags | DRM_MODE_PROP_BITMASK, enums, count, out);
}

int kms_property_create_object(struct kms_device *dev, const char *name, uint32_t flags,
	uint32_t object_type, struct kms_property **out)
{
	const struct kms_property content = {.value_count = 1, .values = {object_type}};

	return property_create(dev, name, flags | DRM_MODE_PROP_OBJECT, &content, out);
}

int kms_property_create_blob(struct kms_device *dev, const char *name, uint32_t flags,
	struct kms_property **out)
{
	const struct kms_property content = {0};

	return property_create(dev, name, flags | DRM_MODE_PROP_BLOB, &content, out);
}

void kms_property_destroy_all(struct kms_device *dev)
{
	struct kms_object *obj;

	for (uint32_t id = 0; (obj = gem_idr_next(&dev->objects, &id)); id++) {
		if (obj->type != DRM_MODE_OBJECT_PROPERTY)
			continue;
		kms_object_remove(obj);
		free(gem_container_of(obj, struct kms_property, base));
	}
}

void kms_object_attach_property(struct kms_object *obj, struct kms_property *prop, uint64_t value)
{
	assert(obj->property_count < KMS_OBJECT_MAX_PROPERTIES);
	obj->properties[obj->property_count] = prop;
	obj->property_ids[obj->property_count] = prop->base.id;
	obj->values[obj->property_count] = value;
	obj->property_count++;
}

int kms_object_property_index(const struct kms_object *obj, const struct kms_property *prop)
{
	for (unsigned i = 0; i < obj->property_count; i++) {
		if (obj->properties[i] == prop)
			return (int)i;
	}
	return -ENOENT;
}

void kms_object_put_blob_value(struct kms_object *obj, struct kms_property *prop)
{
	int index = kms_object_property_index(obj, prop);
	struct kms_blob *blob = index < 0 || !obj->values[index] ? NULL :
		kms_blob_lookup(obj->dev, (uint32_t)obj->values[index]);

	if (!blob)
		return;
	obj->values[index] = 0;
	kms_object_put(&blob->base); /* of this lookup */
	kms_object_put(&blob->base);
}

/* 0 stands for "none" and is always allowed. */
static bool object_exists(struct kms_device *dev, uint64_t id, uint32_t type)
{
	if (id == 0)
		return true;
	if (id > UINT32_MAX)
		return false;
	struct kms_object *obj = kms_object_lookup(dev, (uint32_t)id, type);
	if (obj)
		kms_object_put(obj);
	return obj != NULL;
}

static bool is_enum_value(const struct kms_property *prop, uint64_t value)
{
	for (unsigned i = 0; i < prop->enum_count; i++) {
		if (prop->enums[i].value == value)
			return true;
	}
	return false;
}

static bool is_bitmask_value(const struct kms_property *prop, uint64_t value)
{
	uint64_t valid = 0;

	for (unsigned i = 0; i < prop->enum_count; i++)
		valid |= 1ull << prop->enums[i].value;
	return (value & ~valid) == 0;
}

static bool is_valid(struct kms_device *dev, const struct kms_property *prop, uint64_t value)
{
	switch (prop->flags & (DRM_MODE_PROP_LEGACY_TYPE | DRM_MODE_PROP_EXTENDED_TYPE)) {
	case DRM_MODE_PROP_RANGE:
		return value >= prop->values[0] && value <= prop->values[1];
	case DRM_MODE_PROP_SIGNED_RANGE:
		return (int64_t)value >= (int64_t)prop->values[0] &&
			(int64_t)value <= (int64_t)prop->values[1];
	case DRM_MODE_PROP_ENUM:
		return is_enum_value(prop, value);
	case DRM_MODE_PROP_BITMASK:
		return is_bitmask_value(prop, value);
	case DRM_MODE_PROP_BLOB:
		return object_exists(dev, value, DRM_MODE_OBJECT_BLOB);
	case DRM_MODE_PROP_OBJECT:
		return object_exists(dev, value, (uint32_t)prop->values[0]);
	}
	return false;
}

int kms_property_check_value(struct kms_device *dev, const struct kms_property *prop,
	uint64_t value)
{
	if (prop->flags & DRM_MODE_PROP_IMMUTABLE) {
		gem_debug("kms", "property %s is immutable", prop->name);
		return -EINVAL;
	}
	if (!is_valid(dev, prop, value)) {
		gem_debug("kms", "property %s does not take 0x%llx", prop->name,
			(unsigned long long)value);
		return -EINVAL;
	}
	return 0;
}
