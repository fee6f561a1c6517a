#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "kms_device.h"

static struct kms_blob *to_blob(struct kms_object *obj)
{
	return gem_container_of(obj, struct kms_blob, base);
}

static void blob_free(struct kms_object *obj)
{
	free(to_blob(obj));
}

static size_t blob_cost(const struct kms_blob *blob)
{
	return sizeof(*blob) + blob->length;
}

/* Publishes blob for its owner too. dev->lock held. */
static int add_for_file_locked(struct kms_file *file, struct kms_blob *blob)
{
	if (blob_cost(blob) > KMS_FILE_MAX_BLOB_BYTES - file->blob_bytes) {
		gem_debug("kms", "blobs of one file beyond %u bytes", KMS_FILE_MAX_BLOB_BYTES);
		return -ENOMEM;
	}
	int ret = kms_object_add(file->dev, &blob->base, DRM_MODE_OBJECT_BLOB, blob_free);
	if (ret < 0)
		return ret;
	kms_object_get(&blob->base);
	blob->owner = file;
	gem_list_add_tail(&file->blobs, &blob->file_link);
	file->blob_bytes += blob_cost(blob);
	return 0;
}

int kms_blob_create(struct kms_device *dev, struct kms_file *creator, const void *data,
	size_t length, struct kms_blob **out)
{
	struct kms_blob *blob;
	int ret;

	if (length == 0 || length > INT_MAX - sizeof(*blob))
		return -EINVAL;
	blob = calloc(1, sizeof(*blob) + length);
	if (!blob)
		return -ENOMEM;
	blob->length = length;
	memcpy(blob->data, data, length);
	gem_list_init(&blob->file_link);
	if (creator) {
		pthread_mutex_lock(&dev->lock);
		ret = add_for_file_locked(creator, blob);
		pthread_mutex_unlock(&dev->lock);
	} else {
		ret = kms_object_add(dev, &blob->base, DRM_MODE_OBJECT_BLOB, blob_free);
	}
	if (ret < 0) {
		free(blob);
		return ret;
	}
	*out = blob;
	return 0;
}

/* Takes blob off its owner's list; the list's reference is the caller's now. */
static void disown_locked(struct kms_blob *blob)
{
	blob->owner->blob_bytes -= blob_cost(blob);
	blob->owner = NULL;
	gem_list_del(&blob->file_link);
}

int kms_blob_destroy(struct kms_file *file, uint32_t id)
{
	struct kms_blob *blob = kms_blob_lookup(file->dev, id);
	int ret = 0;

	if (!blob)
		return -ENOENT;
	pthread_mutex_lock(&file->dev->lock);
	if (blob->owner == file)
		disown_locked(blob);
	else
		ret = -EPERM;
	pthread_mutex_unlock(&file->dev->lock);
	if (ret == 0)
		kms_object_put(&blob->base);
	kms_object_put(&blob->base);
	return ret;
}

void kms_blob_release_all_locked(struct kms_file *file)
{
	struct kms_blob *blob, *tmp;

	gem_list_for_each_safe(blob, tmp, &file->blobs, file_link) {
		disown_locked(blob);
		kms_object_put(&blob->base);
	}
}

struct kms_blob *kms_blob_lookup(struct kms_device *dev, uint32_t id)
{
	struct kms_object *obj = kms_object_lookup(dev, id, DRM_MODE_OBJECT_BLOB);

	return obj ? to_blob(obj) : NULL;
}
