#include <errno.h>

#include "kms_device.h"

int kms_object_add(struct kms_device *dev, struct kms_object *obj, uint32_t type,
	void (*free)(struct kms_object *obj))
{
	obj->type = type;
	obj->dev = dev;
	obj->free = free;
	atomic_init(&obj->refcount, 1);

	/* The lock also orders the object's content before its id for who looks it up. */
	pthread_mutex_lock(&dev->object_lock);
	int ret = gem_idr_alloc(&dev->objects, obj, &obj->id);
	pthread_mutex_unlock(&dev->object_lock);
	return ret;
}

void kms_object_remove(struct kms_object *obj)
{
	struct kms_device *dev = obj->dev;

	pthread_mutex_lock(&dev->object_lock);
	/* Removing twice is allowed, and by then the id may be someone else's. */
	if (gem_idr_find(&dev->objects, obj->id) == obj)
		gem_idr_remove(&dev->objects, obj->id);
	pthread_mutex_unlock(&dev->object_lock);
}

struct kms_object *kms_object_get(struct kms_object *obj)
{
	if (obj->free)
		atomic_fetch_add(&obj->refcount, 1);
	return obj;
}

void kms_object_put(struct kms_object *obj)
{
	if (!obj->free || atomic_fetch_sub(&obj->refcount, 1) != 1)
		return;
	kms_object_remove(obj);
	obj->free(obj);
}

/* An object whose last reference is gone is still in the table for a moment. */
static bool get_unless_zero(struct kms_object *obj)
{
	unsigned count = atomic_load(&obj->refcount);

	if (!obj->free)
		return true;
	while (count != 0) {
		if (atomic_compare_exchange_weak(&obj->refcount, &count, count + 1))
			return true;
	}
	return false;
}

struct kms_object *kms_object_lookup(struct kms_device *dev, uint32_t id, uint32_t type)
{
	pthread_mutex_lock(&dev->object_lock);
	struct kms_object *obj = gem_idr_find(&dev->objects, id);
	if (obj && type != DRM_MODE_OBJECT_ANY && obj->type != type)
		obj = NULL;
	if (obj && !get_unless_zero(obj))
		obj = NULL;
	pthread_mutex_unlock(&dev->object_lock);
	return obj;
}
