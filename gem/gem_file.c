/* Handles. Each is a reference, and counts in gem_object.handle_count. */
#include <errno.h>
#include <stdlib.h>

#include "gem_private.h"

int gem_file_init(struct gem_file *file, struct gem_device *dev)
{
	*file = (struct gem_file){.dev = dev};
	int ret = gem_contexts_init(&file->contexts);
	if (ret)
		return ret;
	gem_idr_init(&file->handles, 1);
	pthread_mutex_init(&file->table_lock, NULL);
	gem_syncobjs_init(&file->syncobjs);
	file->handle_changes = gem_publish_alloc();
	return 0;
}

int gem_handle_create_locked(struct gem_file *file, struct gem_object *obj, uint32_t *handle)
{
	int ret = gem_file_objects_reserve(&file->objects);

	if (ret == 0)
		ret = gem_idr_alloc(&file->handles, obj, handle);
	if (ret)
		return ret;
	struct gem_file_object *entry = gem_file_objects_find(&file->objects, obj);
	if (!entry)
		entry = gem_file_objects_add(&file->objects, obj);
	entry->handle_count++;
	obj->handle_count++;
	if (obj->handle_moves++ == 0)
		obj->creator = file->pid;
	gem_object_get(obj);
	return 0;
}

int gem_handle_create(struct gem_file *file, struct gem_object *obj, uint32_t *handle)
{
	pthread_mutex_lock(&file->table_lock);
	pthread_mutex_lock(&file->dev->object_name_lock);
	int ret = gem_handle_create_locked(file, obj, handle);
	pthread_mutex_unlock(&file->dev->object_name_lock);
	pthread_mutex_unlock(&file->table_lock);
	return ret;
}

/*
 * The last handle is gone: the flink name is free again, and the loop object ->
 * dma-buf -> object is cut. The dma-buf's reference goes to the caller.
 */
static struct gem_dma_buf *drop_handle_locked(struct gem_object *obj)
{
	struct gem_dma_buf *dma_buf = NULL;

	obj->handle_moves++;
	if (--obj->handle_count == 0) {
		if (obj->name)
			gem_idr_remove(&obj->dev->name_idr, obj->name);
		obj->name = 0;
		dma_buf = obj->dma_buf;
		obj->dma_buf = NULL;
	}
	return dma_buf;
}

int gem_handle_delete(struct gem_file *file, uint32_t handle)
{
	struct gem_dma_buf *dma_buf;

	pthread_mutex_lock(&file->table_lock);
	struct gem_object *obj = gem_idr_remove(&file->handles, handle);
	if (!obj) {
		pthread_mutex_unlock(&file->table_lock);
		return -EINVAL;
	}
	gem_publish_move(file->handle_changes);
	struct gem_file_object *entry = gem_file_objects_find(&file->objects, obj);
	if (entry->prime_handle == handle)
		entry->prime_handle = 0;
	if (--entry->handle_count == 0)
		gem_file_objects_remove(&file->objects, entry);
	pthread_mutex_lock(&file->dev->object_name_lock);
	dma_buf = drop_handle_locked(obj);
	pthread_mutex_unlock(&file->dev->object_name_lock);
	pthread_mutex_unlock(&file->table_lock);
	gem_dma_buf_put(dma_buf);
	gem_object_put(obj);
	return 0;
}

void gem_file_finish(struct gem_file *file)
{
	uint32_t handle = 0;

	gem_contexts_finish(&file->contexts);
	gem_syncobjs_finish(&file->syncobjs);
	while (gem_idr_next(&file->handles, &handle))
		gem_handle_delete(file, handle);
	gem_idr_finish(&file->handles);
	free(file->objects.slots);
	pthread_mutex_destroy(&file->table_lock);
	gem_publish_free(file->handle_changes);
}

int gem_object_lookup(struct gem_file *file, uint32_t handle, struct gem_object **out)
{
	pthread_mutex_lock(&file->table_lock);
	*out = gem_idr_find(&file->handles, handle);
	if (*out)
		gem_object_get(*out);
	pthread_mutex_unlock(&file->table_lock);
	return *out ? 0 : -ENOENT;
}

bool gem_file_owns(struct gem_file *file, struct gem_object *obj)
{
	pthread_mutex_lock(&file->table_lock);
	bool owns = gem_file_objects_find(&file->objects, obj) != NULL;
	pthread_mutex_unlock(&file->table_lock);
	return owns;
}
