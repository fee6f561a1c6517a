/* Executions: lists, relocations, batches and fences, most of them nearly right. */
#include <string.h>

#include <i915_drm.h>

#include "fuzz_client.h"
#include "gpu_packet.h"

enum { OBJECTS = 6, RELOCS = 8, FENCES = 3, DWORDS = 64 };

struct list {
	struct drm_i915_gem_exec_object2 *objects;
	struct drm_i915_gem_relocation_entry *relocs;
	uint32_t *dwords;
	unsigned count, reloc_count, dword_count;
	bool lut; /* relocations name indices */
};

/* Lists have to be all right to get far: new objects are there for sure. */
static uint32_t some_handle(struct fuzz_client *client)
{
	struct drm_i915_gem_create args = {.size = 4096u << fuzz_below(&client->rng, 6)};

	if (!fuzz_one_in(&client->rng, 3) ||
	    fuzz_ioctl(client, DRM_IOCTL_I915_GEM_CREATE, &args))
		return fuzz_handle(client);
	return args.handle;
}

static void add_object(struct fuzz_client *client, struct list *list)
{
	static const uint64_t flags[] = {0, 0, 0, EXEC_OBJECT_WRITE, EXEC_OBJECT_NEEDS_FENCE,
		EXEC_OBJECT_PINNED, EXEC_OBJECT_PAD_TO_SIZE, EXEC_OBJECT_ASYNC,
		EXEC_OBJECT_SUPPORTS_48B_ADDRESS, EXEC_OBJECT_WRITE | EXEC_OBJECT_NEEDS_FENCE};
	struct drm_i915_gem_exec_object2 *object = &list->objects[list->count++];

	*object = (struct drm_i915_gem_exec_object2){.handle = some_handle(client),
		.flags = flags[fuzz_below(&client->rng, GEM_ARRAY_SIZE(flags))],
		.offset = (uint64_t)fuzz_below(&client->rng, 64) << 20,
		.pad_to_size = (uint64_t)fuzz_below(&client->rng, 300) << 12};
	if (fuzz_one_in(&client->rng, 8))
		object->alignment = 1ull << fuzz_below(&client->rng, 40);
	if (fuzz_one_in(&client->rng, 30))
		object->offset = fuzz_odd(&client->rng);
}

/* The address of an object, into the batch. */
static void put_address(struct fuzz_client *client, struct list *list)
{
	uint32_t target = fuzz_below(&client->rng, list->count);

	if (list->reloc_count < RELOCS && !fuzz_one_in(&client->rng, 20)) {
		list->relocs[list->reloc_count++] = (struct drm_i915_gem_relocation_entry){
			.target_handle = list->lut ? target :
				list->objects[target].handle,
			.delta = fuzz_below(&client->rng, 16) * 4,
			.offset = list->dword_count * 4,
			.presumed_offset = fuzz_one_in(&client->rng, 3) ? 0 : UINT64_MAX,
			.write_domain = fuzz_one_in(&client->rng, 2) ? I915_GEM_DOMAIN_RENDER : 0};
	}
	list->dwords[list->dword_count++] = fuzz_next(&client->rng) & 0x1ffff000;
}

static uint32_t point(struct fuzz_client *client)
{
	return GPU_XY(fuzz_below(&client->rng, 80), fuzz_below(&client->rng, 80));
}

static void put_packet(struct fuzz_client *client, struct list *list)
{
	uint32_t *dwords = list->dwords;
	uint32_t pitch = 64u << fuzz_below(&client->rng, 6);

	switch (fuzz_below(&client->rng, 6)) {
	case 0:
		dwords[list->dword_count++] = GPU_MI_STORE_DWORD_IMM;
		put_address(client, list);
		break;
	case 1:
		dwords[list->dword_count++] = GPU_XY_COLOR_BLT | GPU_BLT_WRITE_RGB;
		dwords[list->dword_count++] = GPU_BLT_DEPTH_32 | GPU_BLT_ROP(0xf0) | pitch;
		dwords[list->dword_count++] = point(client);
		dwords[list->dword_count++] = point(client);
		put_address(client, list);
		break;
	case 2:
		dwords[list->dword_count++] = GPU_XY_SRC_COPY_BLT | GPU_BLT_WRITE_RGB;
		dwords[list->dword_count++] = GPU_BLT_DEPTH_32 | GPU_BLT_ROP(0xcc) | pitch;
		dwords[list->dword_count++] = point(client);
		dwords[list->dword_count++] = point(client);
		put_address(client, list);
		dwords[list->dword_count++] = point(client);
		dwords[list->dword_count++] = pitch;
		put_address(client, list);
		return;
	case 3:
		/* Round and round, or to anywhere. */
		if (!fuzz_one_in(&client->rng, 30))
			return;
		dwords[list->dword_count++] = GPU_MI_BATCH_BUFFER_START;
		put_address(client, list);
		return;
	case 4:
		if (!fuzz_one_in(&client->rng, 10))
			return;
		break;
	default:
		return;
	}
	dwords[list->dword_count++] = fuzz_next(&client->rng);
}

static void write_batch(struct fuzz_client *client, const struct list *list)
{
	struct drm_i915_gem_pwrite args = {.handle = list->objects[list->count - 1].handle,
		.size = list->dword_count * 4, .data_ptr = (uintptr_t)list->dwords};

	fuzz_ioctl(client, DRM_IOCTL_I915_GEM_PWRITE, &args);
}

static void make_list(struct fuzz_client *client, struct list *list)
{
	*list = (struct list){
		.objects = fuzz_array(client, OBJECTS * sizeof(*list->objects)),
		.relocs = fuzz_array(client, RELOCS * sizeof(*list->relocs)),
		.dwords = fuzz_array(client, DWORDS * sizeof(*list->dwords)),
		.lut = fuzz_one_in(&client->rng, 2),
	};
	for (unsigned i = 1 + fuzz_below(&client->rng, fuzz_one_in(&client->rng, 3) ? OBJECTS : 2);
		i > 0; i--)
		add_object(client, list);
	for (unsigned i = fuzz_below(&client->rng, 6); i > 0; i--)
		put_packet(client, list);
	list->dwords[list->dword_count++] = GPU_MI_BATCH_BUFFER_END;
	struct drm_i915_gem_exec_object2 *batch = &list->objects[list->count - 1];
	batch->flags &= ~(uint64_t)EXEC_OBJECT_WRITE;
	batch->relocation_count = list->reloc_count;
	batch->relocs_ptr = (uintptr_t)list->relocs;
	if (fuzz_one_in(&client->rng, 30))
		fuzz_mutate(&client->rng, list->objects, list->count * sizeof(*list->objects));
	if (fuzz_one_in(&client->rng, 30))
		fuzz_mutate(&client->rng, list->relocs, RELOCS * sizeof(*list->relocs));
}

/* Sync objects from 1 on may be there, or not. */
static void add_fences(struct fuzz_client *client, struct drm_i915_gem_execbuffer2 *args)
{
	struct drm_i915_gem_execbuffer_ext_timeline_fences *link =
		fuzz_array(client, sizeof(*link));
	struct drm_i915_gem_exec_fence *fences = fuzz_array(client, FENCES * sizeof(*fences));
	uint64_t *points = fuzz_array(client, FENCES * sizeof(*points));

	for (unsigned i = 0; i < FENCES; i++) {
		fences[i] = (struct drm_i915_gem_exec_fence){1 + fuzz_below(&client->rng, 4),
			fuzz_below(&client->rng, 4)};
		points[i] = fuzz_below(&client->rng, 100);
	}
	*link = (struct drm_i915_gem_execbuffer_ext_timeline_fences){
		.fence_count = fuzz_below(&client->rng, FENCES + 1),
		.handles_ptr = (uintptr_t)fences, .values_ptr = (uintptr_t)points};
	if (fuzz_one_in(&client->rng, 2)) {
		args->flags |= I915_EXEC_USE_EXTENSIONS;
		args->cliprects_ptr = (uintptr_t)link;
	} else {
		args->flags |= I915_EXEC_FENCE_ARRAY;
		args->cliprects_ptr = (uintptr_t)fences;
		args->num_cliprects = link->fence_count;
	}
}

static void execute(struct fuzz_client *client)
{
	struct drm_i915_gem_execbuffer2 args = {
		.flags = fuzz_one_in(&client->rng, 3) ? I915_EXEC_BLT : I915_EXEC_RENDER};
	struct list list;

	make_list(client, &list);
	write_batch(client, &list);
	args.buffers_ptr = (uintptr_t)list.objects;
	args.buffer_count = list.count;
	if (list.lut != fuzz_one_in(&client->rng, 30))
		args.flags |= I915_EXEC_HANDLE_LUT;
	if (fuzz_one_in(&client->rng, 6))
		args.flags |= I915_EXEC_NO_RELOC;
	if (fuzz_one_in(&client->rng, 12))
		args.flags |= I915_EXEC_BATCH_FIRST;
	if (fuzz_one_in(&client->rng, 6))
		args.rsvd1 = fuzz_below(&client->rng, 8);
	if (fuzz_one_in(&client->rng, 8))
		add_fences(client, &args);
	if (fuzz_one_in(&client->rng, 20)) {
		args.flags |= I915_EXEC_FENCE_IN;
		args.rsvd2 = (uint32_t)fuzz_passed(client);
	}
	if (fuzz_one_in(&client->rng, 8))
		args.flags |= I915_EXEC_FENCE_OUT;
	fuzz_ioctl(client, DRM_IOCTL_I915_GEM_EXECBUFFER2_WR, &args);
}

static void make_syncobj(struct fuzz_client *client)
{
	struct drm_syncobj_create create = {
		.flags = fuzz_below(&client->rng, 2) ? DRM_SYNCOBJ_CREATE_SIGNALED : 0};
	struct drm_syncobj_destroy destroy = {.handle = 1 + fuzz_below(&client->rng, 4)};

	if (fuzz_one_in(&client->rng, 2))
		fuzz_ioctl(client, DRM_IOCTL_SYNCOBJ_CREATE, &create);
	else
		fuzz_ioctl(client, DRM_IOCTL_SYNCOBJ_DESTROY, &destroy);
}

static void throttle(struct fuzz_client *client)
{
	char none;

	fuzz_ioctl(client, DRM_IOCTL_I915_GEM_THROTTLE, &none);
}

const struct fuzz_generator fuzz_exec_generators[] = {
	{execute, 60},
	{make_syncobj, 6},
	{throttle, 3},
	{NULL, 0},
};
