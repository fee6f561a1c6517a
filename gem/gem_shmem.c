/* System memory: swappable. */
#include "gem_private.h"

int gem_shmem_populate(struct gem_object *obj)
{
	bool counted = obj->region != NULL;
	int ret = counted ? 0 : gem_memory_make_room(&obj->dev->memory, obj->size);

	if (ret == 0)
		ret = gem_storage_make(obj);
	if (ret == 0 && !counted)
		gem_region_enter(obj, GEM_REGION_SYSTEM);
	return ret;
}

static int shmem_shrink(struct gem_object *obj)
{
	return obj->mm.madv == GEM_MADV_DONTNEED ? gem_storage_purge(obj) :
		gem_storage_swap_out(obj);
}

const struct gem_object_ops gem_shmem_ops = {
	.name = "shmem",
	.free = gem_storage_free,
	.populate = gem_shmem_populate,
	.get_pages = gem_storage_map,
	.put_pages = gem_storage_unmap,
	.shrink = shmem_shrink,
};

int gem_shmem_create(struct gem_device *dev, uint64_t size, struct gem_object **out)
{
	return gem_object_create(dev, size, GEM_REGION_SYSTEM, out);
}
