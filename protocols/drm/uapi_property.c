/* Properties and blobs (kernel: drm_property.c, drm_mode_object.c). */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "kms_atomic.h"
#include "uapi_handlers.h"
#include "uapi_lease.h"
#include "uapi_property.h"

struct property_list {
	uint32_t ids[KMS_OBJECT_MAX_PROPERTIES];
	uint64_t values[KMS_OBJECT_MAX_PROPERTIES];
	uint32_t count;
};

static int collect_properties_locked(struct kms_object *obj, bool atomic,
	struct property_list *list)
{
	list->count = 0;
	for (unsigned i = 0; i < obj->property_count; i++) {
		struct kms_property *prop = obj->properties[i];
		if ((prop->flags & DRM_MODE_PROP_ATOMIC) && !atomic)
			continue;
		int ret = kms_object_get_property(obj, prop, &list->values[list->count]);
		if (ret < 0)
			return ret;
		list->ids[list->count++] = prop->base.id;
	}
	return 0;
}

int uapi_copy_properties(struct uapi_call *call, struct kms_object *obj, uint64_t ids_ptr,
	uint64_t values_ptr, uint32_t *count)
{
	struct kms_file *file = &call->file->kms;
	struct property_list list;

	pthread_mutex_lock(&file->dev->lock);
	int ret = collect_properties_locked(obj, file->atomic, &list);
	pthread_mutex_unlock(&file->dev->lock);
	if (ret < 0)
		return ret;
	uint32_t fit = *count < list.count ? *count : list.count;
	*count = list.count;
	if (vfs_copy_to(call->caller, values_ptr, list.values, fit * sizeof(list.values[0])) ||
		vfs_copy_to(call->caller, ids_ptr, list.ids, fit * sizeof(list.ids[0])))
		return -EFAULT;
	return 0;
}

int uapi_mode_obj_getproperties(struct uapi_call *call, void *data)
{
	struct drm_mode_obj_get_properties *req = data;
	struct kms_object *obj = uapi_object_lookup(call->file, req->obj_id, req->obj_type);
	int ret;

	if (!obj)
		return -ENOENT;
	/* Encoders, framebuffers, blobs and properties have no property list at all. */
	ret = obj->property_count == 0 ? -EINVAL : uapi_copy_properties(call, obj, req->props_ptr,
		req->prop_values_ptr, &req->count_props);
	kms_object_put(obj);
	return ret;
}

static bool has_enums(const struct kms_property *prop)
{
	return prop->flags & (DRM_MODE_PROP_ENUM | DRM_MODE_PROP_BITMASK);
}

/* What values_ptr gets: the range, the object type, or the enums' values. */
static uint32_t collect_values(const struct kms_property *prop,
	uint64_t values[GEM_ARRAY_SIZE(prop->enums)])
{
	if (!has_enums(prop)) {
		memcpy(values, prop->values, prop->value_count * sizeof(values[0]));
		return prop->value_count;
	}
	for (unsigned i = 0; i < prop->enum_count; i++)
		values[i] = prop->enums[i].value;
	return prop->enum_count;
}

_Static_assert(sizeof(struct kms_property_enum) == sizeof(struct drm_mode_property_enum),
	"enums go to the caller as they are");

int uapi_mode_getproperty(struct uapi_call *call, void *data)
{
	struct drm_mode_get_property *req = data;
	struct kms_object *obj = kms_object_lookup(call->file->dev->kms, req->prop_id,
		DRM_MODE_OBJECT_PROPERTY);
	const struct kms_property *prop = gem_container_of(obj, struct kms_property, base);
	uint64_t values[GEM_ARRAY_SIZE(prop->enums)];

	if (!obj)
		return -ENOENT;
	uint32_t count = collect_values(prop, values);
	uint32_t fit = req->count_values < count ? req->count_values : count;
	if (vfs_copy_to(call->caller, req->values_ptr, values, fit * sizeof(values[0])))
		return -EFAULT;
	req->count_values = count;
	strncpy(req->name, prop->name, sizeof(req->name));
	req->flags = prop->flags;
	if (has_enums(prop)) {
		count = prop->enum_count;
		fit = req->count_enum_blobs < count ? req->count_enum_blobs : count;
		if (vfs_copy_to(call->caller, req->enum_blob_ptr, prop->enums,
			fit * sizeof(prop->enums[0])))
			return -EFAULT;
		req->count_enum_blobs = count;
	} else if (prop->flags & DRM_MODE_PROP_BLOB) {
		req->count_enum_blobs = 0;
	}
	return 0;
}

int uapi_mode_getpropblob(struct uapi_call *call, void *data)
{
	struct drm_mode_get_blob *req = data;
	struct kms_blob *blob = kms_blob_lookup(call->file->dev->kms, req->blob_id);
	int ret = 0;

	if (!blob)
		return -ENOENT;
	/* All of it or nothing. */
	if (req->length == blob->length)
		ret = vfs_copy_to(call->caller, req->data, blob->data, blob->length);
	req->length = (uint32_t)blob->length;
	kms_object_put(&blob->base);
	return ret ? -EFAULT : 0;
}

int uapi_mode_createpropblob(struct uapi_call *call, void *data)
{
	struct drm_mode_create_blob *req = data;
	struct kms_blob *blob;
	void *content;
	int ret;

	if (req->length == 0 || req->length > INT_MAX - sizeof(*blob))
		return -EINVAL;
	if (req->length > KMS_FILE_MAX_BLOB_BYTES)
		return -ENOMEM;
	content = malloc(req->length);
	if (!content)
		return -ENOMEM;
	ret = vfs_copy_from(call->caller, content, req->data, req->length) ? -EFAULT : 0;
	if (ret == 0)
		ret = kms_blob_create(call->file->dev->kms, &call->file->kms, content, req->length,
			&blob);
	free(content);
	if (ret < 0)
		return ret;
	req->blob_id = blob->base.id;
	kms_object_put(&blob->base);
	return 0;
}

int uapi_mode_destroypropblob(struct uapi_call *call, void *data)
{
	struct drm_mode_destroy_blob *req = data;

	return kms_blob_destroy(&call->file->kms, req->blob_id);
}
