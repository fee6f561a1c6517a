/* Where a client maps an object: fake offsets, one for each way to the bytes. */
#include <errno.h>

#include "uapi_file.h"
#include "uapi_handlers.h"
#include "uapi_i915.h"

static int map_offset(struct gem_file *file, uint32_t handle, enum uapi_map_way way,
	bool fixed, uint64_t *offset)
{
	bool local = file->dev->memory.regions[GEM_REGION_LOCAL].size > 0;
	struct gem_object *obj;

	int ret = gem_object_lookup(file, handle, &obj);
	if (ret)
		return ret;
	/*
	 * Foreign memory is reached through the aperture or by its own means.
	 * FIXED, "as the placement says", is for devices with a choice of places.
	 */
	if ((obj->import_attach && way != UAPI_MAP_GTT) || (fixed && !local))
		ret = -ENODEV;
	else
		ret = gem_object_create_mmap_offset(obj, offset);
	gem_object_put(obj);
	if (ret == 0)
		*offset |= (uint64_t)way << UAPI_MAP_WAY_SHIFT;
	return ret;
}

/*
 * MMAP_GTT too: its struct is the first half of this one. Fields of it that the
 * kernel never checked (pad, offset) can hold anything.
 */
int uapi_i915_gem_mmap_offset(struct uapi_call *call, void *data)
{
	struct drm_i915_gem_mmap_offset *args = data;
	enum uapi_map_way way;

	int ret = uapi_walk_extensions(call, args->extensions, NULL, 0, NULL);
	if (ret)
		return ret;
	switch (args->flags) {
	case I915_MMAP_OFFSET_GTT:
		way = UAPI_MAP_GTT;
		break;
	case I915_MMAP_OFFSET_WB:
		way = UAPI_MAP_CPU;
		break;
	case I915_MMAP_OFFSET_WC:
	case I915_MMAP_OFFSET_UC:
		way = UAPI_MAP_MEMORY;
		break;
	case I915_MMAP_OFFSET_FIXED:
		/* Local memory is never cached. */
		way = UAPI_MAP_MEMORY;
		break;
	default:
		return -EINVAL;
	}
	uint64_t offset;
	ret = map_offset(&call->file->gem, args->handle, way,
		args->flags == I915_MMAP_OFFSET_FIXED, &offset);
	if (ret == 0)
		args->offset = offset;
	return ret;
}

static int check_range(const struct drm_i915_gem_mmap *args, uint64_t size)
{
	if (args->offset >= size || args->size > size - args->offset)
		return -EINVAL;
	/* What mmap(2) says. */
	return args->size == 0 || args->offset & (GEM_PAGE_SIZE - 1) ? -EINVAL : 0;
}

/*
 * The kernel maps here. We say where in the device the object is, and the shim
 * maps that in the client (protocols/wire/wire_layout.h).
 */
int uapi_i915_gem_mmap(struct uapi_call *call, void *data)
{
	struct drm_i915_gem_mmap *args = data;
	struct gem_object *obj;
	uint64_t offset;

	if (args->flags & ~(uint64_t)I915_MMAP_WC)
		return -EINVAL;
	int ret = gem_object_lookup(&call->file->gem, args->handle, &obj);
	if (ret)
		return ret;
	/* "prime objects have no backing filp to GEM mmap pages from" */
	if (obj->import_attach)
		ret = -ENXIO;
	if (ret == 0)
		ret = check_range(args, obj->size);
	if (ret == 0)
		ret = gem_object_create_mmap_offset(obj, &offset);
	gem_object_put(obj);
	if (ret)
		return ret;
	enum uapi_map_way way = args->flags & I915_MMAP_WC ? UAPI_MAP_MEMORY : UAPI_MAP_CPU;
	args->addr_ptr = offset | (uint64_t)way << UAPI_MAP_WAY_SHIFT;
	return 0;
}
