/*
 * Local memory (VRAM), managed in the manner of TTM: an object is in it while it
 * is used; when there is no room, the least recently used ones go to system
 * memory (from where they may be swapped out), and return with their next use.
 * Tiled objects are linear meanwhile.
 *
 * The memfd stays the same unless the layout changes: what a client has mapped
 * can be evicted, but not when it is tiled.
 */
#include <errno.h>
#include <string.h>

#include "gem_private.h"
#include "gem_tiling.h"

enum { TILE_HEIGHT_X = 8, TILE_HEIGHT_Y = 32 };

/* Whole rows of tiles; the rest of an object has no layout. */
static uint32_t tiled_rows(uint64_t size, enum gem_tiling tiling, uint32_t stride)
{
	uint32_t height = tiling == GEM_TILING_X ? TILE_HEIGHT_X : TILE_HEIGHT_Y;

	return size / stride / height * height;
}

static void to_linear(const struct gem_object *obj, uint8_t *to, const uint8_t *from)
{
	uint32_t rows = tiled_rows(obj->size, obj->tiling, obj->stride);
	uint64_t done = (uint64_t)rows * obj->stride;

	gem_tile_to_linear(to, obj->stride, from, obj->stride, obj->tiling, 0, 0,
		obj->stride, rows);
	memcpy(to + done, from + done, obj->size - done);
}

static void to_tiled(const struct gem_object *obj, uint8_t *to, const uint8_t *from)
{
	uint32_t stride = obj->mm.evicted_stride;
	uint32_t rows = tiled_rows(obj->size, obj->mm.evicted_tiling, stride);
	uint64_t done = (uint64_t)rows * stride;

	gem_linear_to_tile(to, stride, obj->mm.evicted_tiling, from, stride, 0, 0, stride, rows);
	memcpy(to + done, from + done, obj->size - done);
}

/* As it was before the eviction. SET_TILING in between changed only what the bytes mean. */
static int restore_layout(struct gem_object *obj)
{
	if (obj->mm.evicted_tiling == GEM_TILING_NONE)
		return 0;
	int ret = gem_storage_claim(obj);
	if (ret == 0)
		ret = gem_storage_replace(obj, to_tiled);
	if (ret == 0)
		obj->mm.evicted_tiling = GEM_TILING_NONE;
	return ret;
}

static int linearize(struct gem_object *obj)
{
	if (obj->tiling == GEM_TILING_NONE || obj->mm.evicted_tiling != GEM_TILING_NONE)
		return 0;
	int ret = gem_storage_claim(obj);
	if (ret == 0)
		ret = gem_storage_replace(obj, to_linear);
	if (ret)
		return ret;
	obj->mm.evicted_tiling = obj->tiling;
	obj->mm.evicted_stride = obj->stride;
	return 0;
}

static int use_in_system(struct gem_object *obj)
{
	int ret = gem_shmem_populate(obj);

	return ret ? ret : restore_layout(obj);
}

static int move_in(struct gem_object *obj)
{
	int ret = gem_storage_make(obj);

	if (ret) {
		gem_range_remove(&obj->dev->memory.regions[GEM_REGION_LOCAL].places, &obj->place);
		return ret;
	}
	gem_region_leave(obj); /* system memory, if it was there */
	gem_region_enter(obj, GEM_REGION_LOCAL);
	obj->dev->memory.stats.returned += obj->mm.evicted;
	obj->mm.evicted = false;
	return restore_layout(obj);
}

static bool is_home(const struct gem_object *obj)
{
	return obj->region && obj->region->id == GEM_REGION_LOCAL;
}

static int local_populate(struct gem_object *obj)
{
	if (is_home(obj)) {
		int ret = gem_storage_make(obj);
		return ret ? ret : restore_layout(obj);
	}
	int ret = gem_region_place(obj, GEM_REGION_LOCAL, GEM_PAGE_SIZE);
	if (ret == 0)
		return move_in(obj);
	return obj->placements & 1u << GEM_REGION_SYSTEM ? use_in_system(obj) : ret;
}

static void enter_system(struct gem_object *obj)
{
	gem_region_leave(obj);
	gem_region_enter(obj, GEM_REGION_SYSTEM);
}

static int evict(struct gem_object *obj)
{
	int ret = gem_memory_make_room(&obj->dev->memory, obj->size);

	if (ret == 0)
		ret = linearize(obj);
	if (ret)
		return ret;
	gem_storage_drop_pages(obj);
	enter_system(obj);
	obj->mm.evicted = true;
	obj->dev->memory.stats.evicted++;
	return 0;
}

static int local_shrink(struct gem_object *obj)
{
	if (obj->mm.madv == GEM_MADV_DONTNEED)
		return gem_storage_purge(obj);
	return is_home(obj) ? evict(obj) : gem_storage_swap_out(obj);
}

int gem_local_to_system(struct gem_object *obj)
{
	if (!is_home(obj)) {
		int ret = use_in_system(obj);
		if (ret)
			return ret;
	} else {
		int ret = gem_memory_make_room(&obj->dev->memory, obj->size);
		if (ret)
			return ret;
		enter_system(obj);
	}
	obj->mm.evicted = false;
	obj->ops = &gem_shmem_ops;
	return 0;
}

const struct gem_object_ops gem_local_ops = {
	.name = "local",
	.free = gem_storage_free,
	.populate = local_populate,
	.get_pages = gem_storage_map,
	.put_pages = gem_storage_unmap,
	.shrink = local_shrink,
};
