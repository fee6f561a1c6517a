/* Flink names: global, guessable, no reference; gone with the last handle. */
#include <errno.h>

#include "gem_private.h"

int gem_flink(struct gem_file *file, uint32_t handle, uint32_t *name)
{
	struct gem_object *obj;
	uint32_t fresh;
	int ret = 0;

	/* table_lock keeps the handle, so the name cannot be dropped meanwhile. */
	pthread_mutex_lock(&file->table_lock);
	obj = gem_idr_find(&file->handles, handle);
	if (!obj) {
		pthread_mutex_unlock(&file->table_lock);
		return -ENOENT;
	}
	pthread_mutex_lock(&file->dev->object_name_lock);
	if (!obj->name) {
		ret = gem_idr_alloc(&file->dev->name_idr, obj, &fresh);
		if (ret == 0)
			obj->name = fresh;
	}
	*name = obj->name;
	pthread_mutex_unlock(&file->dev->object_name_lock);
	pthread_mutex_unlock(&file->table_lock);
	return ret;
}

int gem_open(struct gem_file *file, uint32_t name, uint32_t *handle, uint64_t *size)
{
	int ret = -ENOENT;

	pthread_mutex_lock(&file->table_lock);
	pthread_mutex_lock(&file->dev->object_name_lock);
	/* A named object has a handle, hence a reference, while this lock is held. */
	struct gem_object *obj = gem_idr_find(&file->dev->name_idr, name);
	if (obj) {
		*size = obj->size;
		ret = gem_handle_create_locked(file, obj, handle);
	}
	pthread_mutex_unlock(&file->dev->object_name_lock);
	pthread_mutex_unlock(&file->table_lock);
	return ret;
}
