/* New objects. */
#include <errno.h>

#include "uapi_handlers.h"
#include "uapi_i915.h"

int uapi_walk_extensions(struct uapi_call *call, uint64_t address,
	const uapi_extension *by_name, unsigned count, void *data)
{
	for (unsigned links = 0; address; links++) {
		struct i915_user_extension link;

		if (links == UAPI_EXTENSIONS_MAX)
			return -E2BIG;
		if (vfs_copy_from(call->caller, &link, address, sizeof(link)))
			return -EFAULT;
		if (link.flags)
			return -EINVAL;
		for (unsigned i = 0; i < GEM_ARRAY_SIZE(link.rsvd); i++) {
			if (link.rsvd[i])
				return -EINVAL;
		}
		if (link.name >= count || !by_name[link.name])
			return -EINVAL;
		int ret = by_name[link.name](call, address, data);
		if (ret)
			return ret;
		address = link.next_extension;
	}
	return 0;
}

/* *size becomes whole pages. */
static int create(struct gem_file *file, const enum gem_region_id *regions, unsigned count,
	uint64_t *size, uint32_t *handle)
{
	struct gem_object *obj;

	/* Rounding up to pages may wrap to 0, which the kernel refuses alike. */
	uint64_t whole = GEM_ALIGN(*size, GEM_PAGE_SIZE);
	if (whole == 0)
		return -EINVAL;
	if (whole / GEM_PAGE_SIZE > INT32_MAX)
		return -E2BIG;
	int ret = gem_object_create_placed(file->dev, whole, regions, count, &obj);
	if (ret)
		return ret;
	ret = gem_handle_create(file, obj, handle);
	gem_object_put(obj); /* the handle has its own */
	if (ret == 0)
		*size = whole;
	return ret;
}

int uapi_i915_gem_create(struct uapi_call *call, void *data)
{
	static const enum gem_region_id system = GEM_REGION_SYSTEM;
	struct drm_i915_gem_create *args = data;
	uint64_t size = args->size;
	uint32_t handle;

	int ret = create(&call->file->gem, &system, 1, &size, &handle);
	if (ret)
		return ret;
	args->size = size;
	args->handle = handle;
	return 0;
}

struct placements {
	enum gem_region_id regions[GEM_REGION_COUNT];
	unsigned count;
	unsigned mask; /* 1 << enum gem_region_id */
};

/* What clients may name: system memory, and what else there is (uapi_i915.h). */
static bool find_region(const struct gem_memory *memory,
	const struct drm_i915_gem_memory_class_instance *wanted, enum gem_region_id *id)
{
	if (wanted->memory_instance != 0)
		return false;
	switch (wanted->memory_class) {
	case I915_MEMORY_CLASS_SYSTEM:
		*id = GEM_REGION_SYSTEM;
		return true;
	case I915_MEMORY_CLASS_DEVICE:
		*id = GEM_REGION_LOCAL;
		return memory->regions[GEM_REGION_LOCAL].size > 0;
	case UAPI_MEMORY_CLASS_STOLEN:
		*id = GEM_REGION_STOLEN;
		return true;
	case UAPI_MEMORY_CLASS_PHYS:
		*id = GEM_REGION_PHYS;
		return true;
	default:
		return false;
	}
}

static int set_regions(struct uapi_call *call, uint64_t address, void *data)
{
	struct drm_i915_gem_create_ext_memory_regions link;
	struct placements found = {0}, *placements = data;

	if (vfs_copy_from(call->caller, &link, address, sizeof(link)))
		return -EFAULT;
	if (link.pad || !link.num_regions || link.num_regions > GEM_REGION_COUNT)
		return -EINVAL;
	for (unsigned i = 0; i < link.num_regions; i++) {
		struct drm_i915_gem_memory_class_instance wanted;
		enum gem_region_id id;

		if (vfs_copy_from(call->caller, &wanted, link.regions + i * sizeof(wanted),
		    sizeof(wanted)))
			return -EFAULT;
		if (!find_region(&call->file->dev->gem.memory, &wanted, &id) ||
		    found.mask & 1u << id)
			return -EINVAL;
		found.mask |= 1u << id;
		found.regions[found.count++] = id;
	}
	if (placements->count)
		return -EINVAL; /* said twice */
	*placements = found;
	return 0;
}

/* Content protection needs an engine that gen3 does not have. */
static int set_protected(struct uapi_call *call, uint64_t address, void *data)
{
	struct drm_i915_gem_create_ext_protected_content link;

	if (vfs_copy_from(call->caller, &link, address, sizeof(link)))
		return -EFAULT;
	return link.flags ? -EINVAL : -ENODEV;
}

int uapi_i915_gem_create_ext(struct uapi_call *call, void *data)
{
	static const uapi_extension extensions[] = {
		[I915_GEM_CREATE_EXT_MEMORY_REGIONS] = set_regions,
		[I915_GEM_CREATE_EXT_PROTECTED_CONTENT] = set_protected,
	};
	struct drm_i915_gem_create_ext *args = data;
	struct placements placements = {0};
	uint64_t size = args->size;
	uint32_t handle;

	if (args->flags & ~I915_GEM_CREATE_EXT_FLAG_NEEDS_CPU_ACCESS)
		return -EINVAL;
	int ret = uapi_walk_extensions(call, args->extensions, extensions,
		GEM_ARRAY_SIZE(extensions), &placements);
	if (ret)
		return ret;
	if (!placements.count)
		placements.regions[placements.count++] = GEM_REGION_SYSTEM;
	/* Who needs the CPU's access allows to go to system memory for it. */
	if (args->flags && (placements.count == 1 ||
	    !(placements.mask & 1u << GEM_REGION_SYSTEM)))
		return -EINVAL;
	ret = create(&call->file->gem, placements.regions, placements.count, &size, &handle);
	if (ret)
		return ret;
	args->size = size;
	args->handle = handle;
	return 0;
}

/*
 * As a kernel without MMU notifiers: the arguments are looked at, then there is
 * no such thing. Another process's memory can not be made ours.
 */
int uapi_i915_gem_userptr(struct uapi_call *call, void *data)
{
	const struct drm_i915_gem_userptr *args = data;

	if (args->flags & ~(I915_USERPTR_READ_ONLY | I915_USERPTR_UNSYNCHRONIZED |
	    I915_USERPTR_PROBE))
		return -EINVAL;
	if (args->user_size / GEM_PAGE_SIZE > INT32_MAX)
		return -E2BIG;
	if (!args->user_size || (args->user_ptr | args->user_size) & (GEM_PAGE_SIZE - 1))
		return -EINVAL;
	if (args->user_size > UAPI_USER_END || args->user_ptr > UAPI_USER_END - args->user_size)
		return -EFAULT;
	return -ENODEV;
}
