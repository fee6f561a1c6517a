/* Where objects are: regions, their places, moves between them. */
#include <errno.h>
#include <stdlib.h>

#include "gem_private.h"
#include "gem_vma.h"

static struct gem_region *region_of(struct gem_device *dev, enum gem_region_id id)
{
	return &dev->memory.regions[id];
}

static bool counts_in_budget(enum gem_region_id id)
{
	return id == GEM_REGION_SYSTEM || id == GEM_REGION_PHYS;
}

void gem_region_touch(struct gem_object *obj)
{
	uint64_t now = atomic_fetch_add_explicit(&obj->dev->memory.clock, 1, memory_order_relaxed);

	atomic_store_explicit(&obj->mm.last_use, now + 1, memory_order_relaxed);
}

void gem_region_enter(struct gem_object *obj, enum gem_region_id id)
{
	struct gem_region *region = region_of(obj->dev, id);

	obj->region = region;
	region->used += obj->size;
	if (counts_in_budget(id))
		obj->dev->memory.resident += obj->size;
	if (!obj->ops->shrink || obj->mm.shared)
		return;
	obj->mm.lru_stamp = atomic_load_explicit(&obj->mm.last_use, memory_order_relaxed);
	gem_list_add_tail(obj->mm.madv == GEM_MADV_DONTNEED ? &region->purgeable : &region->lru,
		&obj->mm.link);
}

void gem_region_leave(struct gem_object *obj)
{
	struct gem_region *region = obj->region;

	gem_list_del(&obj->mm.link);
	if (!region)
		return;
	/* In system memory the place may be the one to go to. */
	if (region->id != GEM_REGION_SYSTEM)
		gem_range_remove(&region->places, &obj->place);
	region->used -= obj->size;
	if (counts_in_budget(region->id))
		obj->dev->memory.resident -= obj->size;
	obj->region = NULL;
}

int gem_region_place(struct gem_object *obj, enum gem_region_id id, uint64_t align)
{
	struct gem_region *region = region_of(obj->dev, id);

	if (obj->size > region->size)
		return -ENOSPC;
	while (gem_range_insert(&region->places, &obj->place, align, 0, UINT64_MAX) < 0) {
		if (gem_region_evict_one(region) == 0)
			return -ENOSPC;
	}
	return 0;
}

/* ---- creation ---- */

static const struct gem_object_ops *const ops_of[GEM_REGION_COUNT] = {
	[GEM_REGION_SYSTEM] = &gem_shmem_ops,
	[GEM_REGION_PHYS] = &gem_phys_ops,
	[GEM_REGION_STOLEN] = &gem_stolen_ops,
	[GEM_REGION_LOCAL] = &gem_local_ops,
};

/* phys and stolen: the place is taken at once, and kept. */
static int place_for_good(struct gem_object *obj, enum gem_region_id id)
{
	struct gem_memory *memory = &obj->dev->memory;

	pthread_mutex_lock(&memory->lock);
	int ret = counts_in_budget(id) ? gem_memory_make_room(memory, obj->size) : 0;
	if (ret == 0)
		ret = gem_region_place(obj, id, GEM_PAGE_SIZE);
	if (ret == 0)
		gem_region_enter(obj, id);
	pthread_mutex_unlock(&memory->lock);
	return ret;
}

static int create_in(struct gem_device *dev, uint64_t size, enum gem_region_id id,
	unsigned placements, struct gem_object **out)
{
	struct gem_object *obj = malloc(sizeof(*obj));

	if (!obj)
		return -ENOMEM;
	int ret = gem_object_init(obj, dev, ops_of[id], size);
	if (ret) {
		free(obj);
		return ret;
	}
	obj->home = id;
	obj->placements = placements;
	if (id == GEM_REGION_PHYS || id == GEM_REGION_STOLEN)
		ret = place_for_good(obj, id);
	else if (size > region_of(dev, id)->size && placements == 1u << id)
		ret = id == GEM_REGION_SYSTEM ? 0 : -ENOSPC; /* system: asked for at the first need */
	if (ret) {
		gem_storage_free(obj);
		return ret;
	}
	*out = obj;
	return 0;
}

int gem_object_create_placed(struct gem_device *dev, uint64_t size,
	const enum gem_region_id *regions, unsigned count, struct gem_object **out)
{
	unsigned placements = 0;
	int ret = -EINVAL;

	for (unsigned i = 0; i < count; i++) {
		if ((unsigned)regions[i] >= GEM_REGION_COUNT || placements & 1u << regions[i])
			return -EINVAL;
		if (region_of(dev, regions[i])->size == 0)
			return -ENODEV;
		placements |= 1u << regions[i];
	}
	for (unsigned i = 0; i < count; i++) {
		ret = create_in(dev, size, regions[i], placements, out);
		if (ret != -ENOSPC)
			break;
	}
	return ret;
}

int gem_object_create(struct gem_device *dev, uint64_t size, enum gem_region_id where,
	struct gem_object **out)
{
	return gem_object_create_placed(dev, size, &where, 1, out);
}

/* ---- migration ---- */

static int system_to_phys(struct gem_object *obj)
{
	int ret = obj->ops->populate(obj);

	if (ret == 0)
		ret = gem_region_place(obj, GEM_REGION_PHYS, GEM_PAGE_SIZE);
	if (ret)
		return ret;
	gem_region_leave(obj); /* counts in the budget before and after */
	obj->ops = &gem_phys_ops;
	gem_region_enter(obj, GEM_REGION_PHYS);
	return 0;
}

static int system_to_local(struct gem_object *obj)
{
	/* Here and not in populate, which is content with system memory. */
	int ret = gem_region_place(obj, GEM_REGION_LOCAL, GEM_PAGE_SIZE);

	if (ret)
		return ret;
	obj->ops = &gem_local_ops;
	ret = obj->ops->populate(obj);
	if (ret)
		obj->ops = &gem_shmem_ops;
	return ret;
}

static int migrate_locked(struct gem_object *obj, enum gem_region_id where)
{
	enum gem_region_id from = obj->home;

	if (obj->mm.madv == GEM_MADV_PURGED)
		return -EFAULT;
	if (region_of(obj->dev, where)->size == 0)
		return -ENODEV;
	if (obj->mm.pages_pin_count || obj->mm.shared || gem_object_unbind_all(obj))
		return -EBUSY;
	int ret = -EINVAL;
	if (from == GEM_REGION_SYSTEM && where == GEM_REGION_PHYS)
		ret = system_to_phys(obj);
	else if (from == GEM_REGION_SYSTEM && where == GEM_REGION_LOCAL)
		ret = system_to_local(obj);
	else if (from == GEM_REGION_LOCAL && where == GEM_REGION_SYSTEM)
		ret = gem_local_to_system(obj);
	if (ret == 0) {
		obj->home = where;
		obj->placements |= 1u << where;
	}
	return ret;
}

int gem_object_migrate(struct gem_object *obj, enum gem_region_id where)
{
	struct gem_memory *memory = &obj->dev->memory;

	if ((unsigned)where >= GEM_REGION_COUNT || obj->import_attach)
		return -EINVAL;
	pthread_mutex_lock(&memory->lock);
	pthread_mutex_lock(&obj->mm.lock);
	int ret = obj->home == where ? 0 : migrate_locked(obj, where);
	pthread_mutex_unlock(&obj->mm.lock);
	pthread_mutex_unlock(&memory->lock);
	return ret;
}
