/* The generic part of an object: references, pages, mmap offset. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "gem_domain.h"
#include "gem_lock.h"
#include "gem_private.h"
#include "gem_resv.h"
#include "gem_view.h"
#include "gem_vma.h"

int gem_object_init(struct gem_object *obj, struct gem_device *dev,
	const struct gem_object_ops *ops, uint64_t size)
{
	if (size == 0 || size & (GEM_PAGE_SIZE - 1))
		return -EINVAL;
	memset(obj, 0, sizeof(*obj));
	atomic_init(&obj->refcount, 1);
	obj->dev = dev;
	obj->ops = ops;
	obj->filp = -1;
	obj->size = size;
	obj->serial = atomic_fetch_add(&dev->object_serial, 1) + 1;
	obj->vma_node.size = size;
	obj->mm.swap.size = size;
	obj->place.size = size;
	gem_list_init(&obj->mm.link);
	gem_lock_init(&obj->mm.lock);
	gem_object_init_domains(obj);
	atomic_fetch_add(&dev->object_count, 1);
	atomic_fetch_add(&dev->object_bytes, size);
	return 0;
}

void gem_object_finish(struct gem_object *obj)
{
	/* Tables that hold no reference come first: nobody may find it any more. */
	gem_vma_remove(&obj->dev->vma_manager, &obj->vma_node);
	gem_prime_table_remove(obj);
	gem_object_finish_vmas(obj);
	pthread_mutex_lock(&obj->dev->memory.lock);
	gem_storage_discard(obj);
	pthread_mutex_unlock(&obj->dev->memory.lock);
	/* The shrinker does not know it any more: no lock is needed. */
	gem_object_destroy_views(obj);
	if (obj->handle_count || obj->mm.pages_pin_count || obj->dma_buf)
		gem_error("gem", "object freed with %u handles, %u pins%s", obj->handle_count,
			obj->mm.pages_pin_count, obj->dma_buf ? ", a dma-buf" : "");
	if (obj->mm.pages)
		obj->ops->put_pages(obj, obj->mm.pages);
	if (obj->filp >= 0)
		close(obj->filp);
	gem_dma_buf_detach(obj->import_attach);
	gem_resv_put(obj->resv);
	pthread_mutex_destroy(&obj->mm.lock);
	atomic_fetch_sub(&obj->dev->object_count, 1);
	atomic_fetch_sub(&obj->dev->object_bytes, obj->size);
}

struct gem_object *gem_object_get(struct gem_object *obj)
{
	atomic_fetch_add_explicit(&obj->refcount, 1, memory_order_relaxed);
	return obj;
}

bool gem_object_try_get(struct gem_object *obj)
{
	unsigned count = atomic_load_explicit(&obj->refcount, memory_order_relaxed);

	while (count > 0) {
		if (atomic_compare_exchange_weak(&obj->refcount, &count, count + 1))
			return true;
	}
	return false;
}

void gem_object_put(struct gem_object *obj)
{
	if (atomic_fetch_sub_explicit(&obj->refcount, 1, memory_order_acq_rel) == 1)
		obj->ops->free(obj);
}

/* memory.lock goes outside of mm.lock, so this is the slow way. */
static int make_pages(struct gem_object *obj)
{
	struct gem_memory *memory = &obj->dev->memory;
	int ret = 0;

	pthread_mutex_lock(&memory->lock);
	pthread_mutex_lock(&obj->mm.lock);
	if (obj->mm.madv == GEM_MADV_PURGED)
		ret = -EFAULT;
	else if (!obj->mm.pages) /* nobody was faster */
		ret = obj->ops->populate(obj);
	if (ret == 0 && !obj->mm.pages)
		ret = obj->ops->get_pages(obj, &obj->mm.pages);
	if (ret == 0)
		obj->mm.pages_pin_count++;
	pthread_mutex_unlock(&obj->mm.lock);
	pthread_mutex_unlock(&memory->lock);
	return ret;
}

int gem_object_pin_pages(struct gem_object *obj, void **ptr)
{
	gem_region_touch(obj);
	pthread_mutex_lock(&obj->mm.lock);
	bool there = obj->mm.pages != NULL;
	if (there)
		obj->mm.pages_pin_count++;
	pthread_mutex_unlock(&obj->mm.lock);
	int ret = there ? 0 : make_pages(obj);
	if (ret == 0)
		*ptr = obj->mm.pages; /* fixed while pinned */
	return ret;
}

void gem_object_unpin_pages(struct gem_object *obj)
{
	bool log = false;

	/* The mapping stays: an fb of a swap chain comes back every frame. */
	pthread_mutex_lock(&obj->mm.lock);
	obj->mm.pages_pin_count--;
	if (atomic_load_explicit(&obj->mm.faulted, memory_order_relaxed) &&
	    !obj->mm.fault_logged)
		log = obj->mm.fault_logged = true;
	pthread_mutex_unlock(&obj->mm.lock);
	if (log)
		gem_info("gem", "a client truncated an object of %" PRIu64 " bytes in use",
			obj->size);
}

int gem_object_create_mmap_offset(struct gem_object *obj, uint64_t *offset)
{
	int ret = gem_vma_add(&obj->dev->vma_manager, &obj->vma_node);

	if (ret == 0)
		*offset = obj->vma_node.start; /* fixed while obj lives */
	return ret;
}

int gem_mmap_lookup(struct gem_file *file, uint64_t offset, uint64_t length,
	struct gem_object **out)
{
	struct gem_vma_manager *manager = &file->dev->vma_manager;
	struct gem_object *obj = NULL;

	pthread_mutex_lock(&manager->lock);
	struct gem_range_node *node = gem_vma_lookup_locked(manager, offset);
	if (node && length > 0 && length <= node->size)
		obj = gem_object_try_get(gem_container_of(node, struct gem_object, vma_node)) ?
			gem_container_of(node, struct gem_object, vma_node) : NULL;
	pthread_mutex_unlock(&manager->lock);
	if (!obj)
		return -EINVAL;
	if (!gem_file_owns(file, obj)) {
		gem_object_put(obj);
		return -EACCES;
	}
	*out = obj;
	return 0;
}
