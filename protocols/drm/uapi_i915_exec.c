/*
 * EXECBUFFER2: everything comes in from user space before anything is locked,
 * and goes back after all is unlocked (kernel: i915_gem_execbuffer.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gem_vm.h"
#include "uapi_handlers.h"
#include "uapi_i915_exec.h"

/* No batch reaches more objects than the global space has pages, nor needs more relocations. */
enum { OBJECTS_MAX = GEM_GTT_SIZE / GEM_PAGE_SIZE, RELOCS_MAX = 4 << 20 };

#define ILLEGAL_FLAGS \
	((uint64_t)__I915_EXEC_UNKNOWN_FLAGS | I915_EXEC_CONSTANTS_MASK | I915_EXEC_RESOURCE_STREAMER)

/* ---- the struct ---- */

static int check_args(struct drm_i915_gem_execbuffer2 *args)
{
	const uint32_t garbage_of_uxa = 0xffffffff;

	if (args->buffer_count < 1 || args->buffer_count > INT32_MAX)
		return -EINVAL;
	if (args->flags & ILLEGAL_FLAGS)
		return -EINVAL;
	if (!(args->flags & (I915_EXEC_FENCE_ARRAY | I915_EXEC_USE_EXTENSIONS)) &&
	    (args->num_cliprects || args->cliprects_ptr))
		return -EINVAL;
	if (args->DR1 || (args->DR4 && args->DR4 != garbage_of_uxa))
		return -EINVAL;
	return (args->batch_start_offset | args->batch_len) & 7 ? -EINVAL : 0;
}

/* The ring of old (kernel: eb_select_legacy_ring): this part has no BSD and no VEBOX. */
static int select_class(const struct drm_i915_gem_execbuffer2 *args, enum gpu_class *class)
{
	if (args->flags & I915_EXEC_BSD_MASK)
		return -EINVAL;
	switch (args->flags & I915_EXEC_RING_MASK) {
	case I915_EXEC_DEFAULT:
	case I915_EXEC_RENDER:
		*class = GPU_CLASS_RENDER;
		return 0;
	case I915_EXEC_BLT:
		*class = GPU_CLASS_COPY;
		return 0;
	default:
		return -EINVAL;
	}
}

/* ---- lists ---- */

/* Most are short: those lie on the stack. */
struct uapi_exec_few {
	struct drm_i915_gem_exec_object2 list[16];
	struct gpu_exec_object objects[16];
	struct drm_i915_gem_relocation_entry relocs[32];
};

static int copy_list(struct uapi_exec *exec)
{
	uint32_t count = exec->args->buffer_count;
	size_t size = count * sizeof(*exec->list);

	if (count > OBJECTS_MAX)
		return -ENOMEM;
	if (count <= GEM_ARRAY_SIZE(exec->few->list)) {
		exec->list = exec->few->list;
		exec->gpu.objects = exec->few->objects;
		memset(exec->gpu.objects, 0, count * sizeof(*exec->gpu.objects));
	} else {
		exec->list = malloc(size);
		exec->gpu.objects = calloc(count, sizeof(*exec->gpu.objects));
	}
	if (!exec->list || !exec->gpu.objects)
		return -ENOMEM;
	return vfs_copy_from(exec->call->caller, exec->list, exec->args->buffers_ptr, size);
}

static void free_list(struct uapi_exec *exec)
{
	if (exec->list != exec->few->list)
		free(exec->list);
	if (exec->gpu.objects != exec->few->objects)
		free(exec->gpu.objects);
}

static int look_up_objects(struct uapi_exec *exec)
{
	for (uint32_t i = 0; i < exec->args->buffer_count; i++) {
		const struct drm_i915_gem_exec_object2 *entry = &exec->list[i];
		struct gpu_exec_object *object = &exec->gpu.objects[i];

		int ret = gem_object_lookup(&exec->call->file->gem, entry->handle, &object->obj);
		if (ret)
			return ret;
		exec->gpu.object_count = i + 1;
		object->handle = entry->handle;
		object->flags = entry->flags;
		object->alignment = entry->alignment;
		object->pad_to_size = entry->pad_to_size;
		object->offset = entry->offset;
	}
	return 0;
}

/* All of them in one array, which the first object that has some owns. */
static int copy_relocs(struct uapi_exec *exec, struct drm_i915_gem_relocation_entry **relocs)
{
	uint64_t total = 0, done = 0;

	for (uint32_t i = 0; i < exec->args->buffer_count; i++) {
		if (exec->list[i].relocation_count > INT32_MAX / sizeof(**relocs))
			return -EINVAL;
		total += exec->list[i].relocation_count;
	}
	if (total == 0)
		return 0;
	if (total > RELOCS_MAX)
		return -ENOMEM;
	*relocs = total <= GEM_ARRAY_SIZE(exec->few->relocs) ? exec->few->relocs :
		malloc(total * sizeof(**relocs));
	if (!*relocs)
		return -ENOMEM;
	for (uint32_t i = 0; i < exec->args->buffer_count; i++) {
		struct gpu_exec_object *object = &exec->gpu.objects[i];

		object->relocs = *relocs + done;
		object->reloc_count = exec->list[i].relocation_count;
		done += object->reloc_count;
		if (vfs_copy_from(exec->call->caller, object->relocs, exec->list[i].relocs_ptr,
			object->reloc_count * sizeof(**relocs)))
			return -EFAULT;
	}
	return 0;
}

/*
 * What has been done can not be taken back because some of the client's memory
 * is not writable: its own loss, as in the kernel.
 */
static void return_offsets(const struct uapi_exec *exec)
{
	for (unsigned i = 0; i < exec->gpu.object_count; i++) {
		uint64_t offset = exec->gpu.objects[i].offset;
		uint64_t user = exec->args->buffers_ptr + i * sizeof(*exec->list) +
			offsetof(struct drm_i915_gem_exec_object2, offset);

		if (offset != exec->list[i].offset)
			vfs_copy_to(exec->call->caller, user, &offset, sizeof(offset));
	}
}

static void return_relocs(const struct uapi_exec *exec)
{
	const size_t place = offsetof(struct drm_i915_gem_relocation_entry, presumed_offset);

	for (unsigned i = 0; i < exec->gpu.object_count; i++) {
		const struct gpu_exec_object *object = &exec->gpu.objects[i];
		uint64_t user = exec->list[i].relocs_ptr + place;

		for (unsigned j = 0; object->relocated && j < object->reloc_count; j++) {
			vfs_copy_to(exec->call->caller, user + j * sizeof(*object->relocs),
				&object->relocs[j].presumed_offset, sizeof(uint64_t));
		}
	}
}

/* ---- the request ---- */

static int submit(struct uapi_exec *exec)
{
	struct drm_i915_gem_relocation_entry *relocs = NULL;
	struct gem_fence *fence;

	int ret = look_up_objects(exec);
	if (ret == 0)
		ret = copy_relocs(exec, &relocs);
	if (ret == 0)
		ret = uapi_exec_prepare_out(exec);
	if (ret == 0)
		ret = gpu_submit(exec->call->file->dev->gpu, &exec->gpu, &fence);
	if (ret == 0) {
		ret = uapi_exec_signal_fences(exec, fence);
		gem_fence_put(fence);
		if (exec->gpu.moved)
			return_offsets(exec);
	}
	return_relocs(exec);
	for (unsigned i = 0; i < exec->gpu.object_count; i++)
		gem_object_put(exec->gpu.objects[i].obj);
	if (relocs != exec->few->relocs)
		free(relocs);
	return ret;
}

static int in_context(struct uapi_exec *exec)
{
	struct drm_i915_gem_execbuffer2 *args = exec->args;

	int ret = gem_context_lookup(&exec->call->file->gem,
		i915_execbuffer2_get_context_id(*args), &exec->gpu.context);
	if (ret)
		return ret;
	ret = select_class(args, &exec->gpu.class);
	/* It resets registers of gen7. */
	if (ret == 0 && args->flags & I915_EXEC_GEN7_SOL_RESET)
		ret = -EINVAL;
	if (ret == 0)
		ret = submit(exec);
	gem_context_put(exec->gpu.context);
	return ret;
}

int uapi_i915_gem_execbuffer2(struct uapi_call *call, void *data)
{
	struct drm_i915_gem_execbuffer2 *args = data;
	struct uapi_exec_few few;
	struct uapi_exec exec = {.call = call, .args = args, .few = &few, .gpu = {.flags = args->flags,
		.batch_start = args->batch_start_offset, .batch_len = args->batch_len}};

	int ret = check_args(args);
	if (ret)
		return ret;
	ret = copy_list(&exec);
	/* Batches of gen3 have no privileges to be given. */
	if (ret == 0 && args->flags & I915_EXEC_SECURE)
		ret = -EPERM;
	if (ret == 0)
		ret = uapi_exec_get_fences(&exec);
	if (ret == 0)
		ret = in_context(&exec);
	uapi_exec_put_fences(&exec);
	free_list(&exec);
	return ret;
}
