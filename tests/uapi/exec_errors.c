/*
 * Executions that are refused, the kernel's errno for each, and that nothing has
 * changed: lists, offsets, objects. One source, run in process (preload_self.c)
 * and in another process (preload_client.c).
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exec_list.h"
#include "gpu_packet.h"
#include "test.h"

enum { PAGE = 4096, SIZE = 2 * PAGE, KEPT = 0x600d600d };

/* What a row spoils of a list that is right: two objects, the batch, one relocation. */
struct change {
	uint64_t flags;        /* of args, added */
	uint64_t object_flags; /* of the first object, added */
	uint64_t batch_flags;  /* of the batch, added */
	uint64_t alignment, pad_to_size, offset; /* of the first object, unless 0 */
	uint32_t start, len, context, cliprects, dr1, dr4;
	uint64_t cliprects_ptr;
	uint32_t handle;       /* of the first object, unless 0 */
	uint32_t target;       /* of the relocation, unless 0 */
	uint64_t reloc_offset; /* of the relocation, unless 0 */
	uint32_t read, write;  /* of the relocation, unless 0 */
	uint64_t relocs_ptr;   /* of the batch, unless 0 */
	uint32_t relocs;       /* of the batch, unless 0 */
	bool no_list, no_objects, twice, other_handle, tiled;
};

struct row {
	const char *name;
	int want; /* 0 = has to be taken */
	struct change change;
};

#define FLAG(name, want) {#name, want, {.flags = I915_EXEC_##name}}

static const struct row rows[] = {
	{"right", 0, {0}},
	/* the struct */
	{"no object", EINVAL, {.no_objects = true}},
	{"list nowhere", EFAULT, {.no_list = true}},
	{"unknown flag", EINVAL, {.flags = 1ull << 22}},
	{"unknown high flag", EINVAL, {.flags = 1ull << 63}},
	FLAG(CONSTANTS_ABSOLUTE, EINVAL),
	FLAG(CONSTANTS_REL_SURFACE, EINVAL),
	FLAG(RESOURCE_STREAMER, EINVAL),
	FLAG(GEN7_SOL_RESET, EINVAL),
	FLAG(SECURE, EPERM),
	FLAG(IS_PINNED, 0),
	FLAG(RENDER, 0),
	FLAG(BLT, 0),
	FLAG(BSD, EINVAL),
	FLAG(VEBOX, EINVAL),
	FLAG(BSD_RING1, EINVAL),
	{"unknown ring", EINVAL, {.flags = 5}},
	{"last ring", EINVAL, {.flags = I915_EXEC_RING_MASK}},
	{"start not aligned", EINVAL, {.start = 4}},
	{"length not aligned", EINVAL, {.len = 12}},
	{"start at the end", EINVAL, {.start = BATCH_SIZE}},
	{"start beyond the end", EINVAL, {.start = 0xfffffff8}},
	{"length beyond the end", EINVAL, {.len = BATCH_SIZE + 8}},
	{"length beyond the end from the start", EINVAL, {.start = 8, .len = BATCH_SIZE}},
	{"whole length", 0, {.len = BATCH_SIZE}},
	{"clip rectangles", EINVAL, {.cliprects = 1}},
	{"address of clip rectangles", EINVAL, {.cliprects_ptr = 4096}},
	{"DR1", EINVAL, {.dr1 = 1}},
	{"DR4", EINVAL, {.dr4 = 1}},
	{"DR4 of UXA", 0, {.dr4 = 0xffffffff}},
	{"context of nobody", ENOENT, {.context = 77}},
	/* objects */
	{"handle of nothing", ENOENT, {.handle = 9999}},
	{"an object twice", EINVAL, {.twice = true}},
	{"an object by two handles", EINVAL, {.other_handle = true}},
	{"unknown object flag", EINVAL, {.object_flags = EXEC_OBJECT_CAPTURE << 1}},
	{"last object flag", EINVAL, {.object_flags = 1ull << 63}},
	{"captured", 0, {.object_flags = EXEC_OBJECT_CAPTURE}},
	{"asynchronous", 0, {.object_flags = EXEC_OBJECT_ASYNC}},
	{"global", 0, {.object_flags = EXEC_OBJECT_NEEDS_GTT}},
	{"48 bits", 0, {.object_flags = EXEC_OBJECT_SUPPORTS_48B_ADDRESS}},
	{"fence of a linear object", 0, {.object_flags = EXEC_OBJECT_NEEDS_FENCE}},
	{"written batch", EINVAL, {.batch_flags = EXEC_OBJECT_WRITE}},
	{"odd alignment", EINVAL, {.alignment = 3 * PAGE}},
	{"small alignment", 0, {.alignment = 64}},
	{"alignment", 0, {.alignment = 1 << 20}},
	{"alignment beyond the space", 0, {.alignment = 1ull << 40}}, /* 0 is a multiple */
	{"pinned", 0, {.object_flags = EXEC_OBJECT_PINNED, .offset = 16 << 20}},
	{"pinned not to a page", EINVAL, {.object_flags = EXEC_OBJECT_PINNED,
		.offset = (16 << 20) + 64}},
	{"pinned, not canonical", EINVAL, {.object_flags = EXEC_OBJECT_PINNED,
		.offset = 1ull << 47}},
	{"pinned beyond the space", EINVAL, {.object_flags = EXEC_OBJECT_PINNED,
		.offset = 512 << 20}},
	{"pinned over the end", EINVAL, {.object_flags = EXEC_OBJECT_PINNED,
		.offset = (512 << 20) - PAGE}},
	{"padded", 0, {.object_flags = EXEC_OBJECT_PAD_TO_SIZE, .pad_to_size = 1 << 20}},
	{"padded by a part of a page", EINVAL, {.object_flags = EXEC_OBJECT_PAD_TO_SIZE,
		.pad_to_size = 100}},
	{"padding without the flag", 0, {.pad_to_size = 100}},
	{"padded beyond the space", ENOSPC, {.object_flags = EXEC_OBJECT_PAD_TO_SIZE,
		.pad_to_size = 1ull << 40}},
	/* relocations */
	{"target not in the list", ENOENT, {.target = 9999}},
	{"target beyond the list", ENOENT, {.flags = I915_EXEC_HANDLE_LUT, .target = 3}},
	{"last target of the list", 0, {.flags = I915_EXEC_HANDLE_LUT, .target = 1}},
	{"two write domains", EINVAL, {.read = I915_GEM_DOMAIN_RENDER,
		.write = I915_GEM_DOMAIN_RENDER | I915_GEM_DOMAIN_INSTRUCTION}},
	{"read by the CPU", EINVAL, {.read = I915_GEM_DOMAIN_CPU}},
	{"read through the GTT", EINVAL, {.read = I915_GEM_DOMAIN_GTT}},
	{"written by the CPU", EINVAL, {.write = I915_GEM_DOMAIN_CPU}},
	{"unknown domain", EINVAL, {.read = 1u << 31}},
	{"other GPU domains", 0, {.read = I915_GEM_DOMAIN_SAMPLER | I915_GEM_DOMAIN_VERTEX}},
	{"offset not aligned", EINVAL, {.reloc_offset = 6}},
	{"offset at the end", EINVAL, {.reloc_offset = BATCH_SIZE}},
	{"offset before the end", 0, {.reloc_offset = BATCH_SIZE - 4}},
	{"offset far away", EINVAL, {.reloc_offset = UINT64_MAX - 3}},
	{"relocations nowhere", EFAULT, {.relocs_ptr = 1ull << 60}},
	{"relocations at NULL", EFAULT, {.relocs_ptr = 8}},
	{"too many relocations", EINVAL, {.relocs = INT32_MAX / 32 + 1}},
};

static uint32_t reopen(int fd, uint32_t handle)
{
	struct drm_gem_flink flink = {.handle = handle};
	struct drm_gem_open open_args;

	CHECK_INT(ioctl(fd, DRM_IOCTL_GEM_FLINK, &flink), 0);
	open_args = (struct drm_gem_open){.name = flink.name};
	CHECK_INT(ioctl(fd, DRM_IOCTL_GEM_OPEN, &open_args), 0);
	CHECK(open_args.handle != handle);
	return open_args.handle;
}

static void spoil_objects(struct list *list, const struct change *change)
{
	struct drm_i915_gem_exec_object2 *object = &list->objects[0];

	object->flags |= change->object_flags;
	list->objects[2].flags |= change->batch_flags;
	object->alignment = change->alignment;
	object->pad_to_size = change->pad_to_size;
	if (change->offset)
		object->offset = change->offset;
	if (change->handle)
		object->handle = change->handle;
	if (change->twice)
		list->objects[1].handle = object->handle;
	if (change->other_handle)
		list->objects[1].handle = reopen(list->fd, object->handle);
}

static void spoil_relocs(struct list *list, const struct change *change)
{
	struct drm_i915_gem_relocation_entry *reloc = &list->relocs[0];
	struct drm_i915_gem_exec_object2 *batch = &list->objects[2];

	if (change->target)
		reloc->target_handle = change->target;
	if (change->flags & I915_EXEC_HANDLE_LUT && !change->target)
		reloc->target_handle = 0;
	if (change->reloc_offset)
		reloc->offset = change->reloc_offset;
	if (change->read || change->write) {
		reloc->read_domains = change->read;
		reloc->write_domain = change->write;
	}
	if (change->relocs_ptr)
		batch->relocs_ptr = change->relocs_ptr;
	if (change->relocs)
		batch->relocation_count = change->relocs;
}

static void spoil(struct list *list, const struct change *change)
{
	struct drm_i915_gem_execbuffer2 *args = &list->args;

	args->flags |= change->flags;
	args->batch_start_offset = change->start;
	args->batch_len = change->len;
	args->rsvd1 = change->context;
	args->num_cliprects = change->cliprects;
	args->cliprects_ptr = change->cliprects_ptr;
	args->DR1 = change->dr1;
	args->DR4 = change->dr4;
	if (change->no_objects)
		args->buffer_count = 0;
	if (change->no_list)
		args->buffers_ptr = 8;
	spoil_objects(list, change);
	spoil_relocs(list, change);
}

TEST_ROWS(refused, struct row, rows)
{
	int fd = exec_begin();
	uint32_t first = exec_create(fd, SIZE), second = exec_create(fd, SIZE);
	uint32_t value = KEPT, batch[8];
	struct list list, before;

	exec_write(fd, first, 0, &value, sizeof(value));
	list_init(&list, fd, 0);
	list_add(&list, first, 0);
	list_add(&list, second, 0);
	list_dword(&list, GPU_MI_NOOP);
	list_dword(&list, GPU_MI_BATCH_BUFFER_END);
	list_reloc(&list, 0, 16, false);
	list_close(&list);
	spoil(&list, &row->change);
	before = list;
	if (row->want == 0) {
		CHECK_INT(list_submit(&list), 0);
		CHECK(list.objects[1].offset != UINT64_MAX);
		exec_end(fd);
		return;
	}
	CHECK_ERRNO(list_submit(&list), row->want);
	/* Nothing comes back, nothing is under way, nothing was written. */
	CHECK(!memcmp(&list, &before, sizeof(list)));
	CHECK(!exec_busy(fd, first) && !exec_busy(fd, second) && !exec_busy(fd, list.batch));
	CHECK_INT(exec_read_dword(fd, first, 0), KEPT);
	exec_read(fd, list.batch, 0, batch, sizeof(batch));
	CHECK(!memcmp(batch, list.dwords, list.dword_count * sizeof(uint32_t)));
	/* And the next one is taken. */
	list_finish(&list);
	list_init(&list, fd, 0);
	list_store(&list, list_add(&list, first, 0), 4, 1234);
	list_run(&list);
	CHECK_INT(exec_read_dword(fd, first, 4), 1234);
	exec_end(fd);
}

/* Of several relocations only the last is wrong: none was made. */
TEST(relocations_are_all_or_nothing)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, SIZE), batch[64];
	struct list list;

	list_init(&list, fd, 0);
	list_add(&list, handle, 0);
	for (unsigned i = 0; i < 10; i++)
		list_reloc(&list, 0, i, false);
	list_close(&list);
	list.relocs[9].offset = 3;
	CHECK_ERRNO(list_submit(&list), EINVAL);
	exec_read(fd, list.batch, 0, batch, sizeof(batch));
	CHECK(!memcmp(batch, list.dwords, list.dword_count * sizeof(uint32_t)));
	for (unsigned i = 0; i < 10; i++)
		CHECK(list.relocs[i].presumed_offset == UINT64_MAX);
	exec_end(fd);
}

/* The order of its bytes is the tiles': where would the address be? */
TEST(relocation_in_a_tiled_object)
{
	int fd = exec_begin();
	struct picture picture = picture_create(fd, 128, 32, I915_TILING_X);
	struct drm_i915_gem_relocation_entry reloc;
	struct list list;

	list_init(&list, fd, 0);
	list_add(&list, picture.handle, 0);
	list_close(&list);
	reloc = (struct drm_i915_gem_relocation_entry){.target_handle = list.batch,
		.presumed_offset = UINT64_MAX, .read_domains = I915_GEM_DOMAIN_RENDER};
	list.objects[0].relocation_count = 1;
	list.objects[0].relocs_ptr = (uintptr_t)&reloc;
	CHECK_ERRNO(list_submit(&list), EINVAL);
	exec_end(fd);
}

/* The global space belongs to context 0. */
TEST(global_binding_in_another_context)
{
	int fd = exec_begin();
	struct list list;

	list_init(&list, fd, 0);
	list_add(&list, exec_create(fd, SIZE), EXEC_OBJECT_NEEDS_GTT);
	list_close(&list);
	list.args.rsvd1 = exec_context(fd);
	CHECK_ERRNO(list_submit(&list), EINVAL);
	list.objects[0].flags = 0;
	CHECK_INT(list_submit(&list), 0);
	exec_end(fd);
}

TEST(destroyed_context)
{
	int fd = exec_begin();
	struct drm_i915_gem_context_destroy args;
	struct list list;

	list_init(&list, fd, 0);
	list_close(&list);
	list.args.rsvd1 = args.ctx_id = exec_context(fd);
	args.pad = 0;
	CHECK_INT(list_submit(&list), 0);
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_CONTEXT_DESTROY, &args), 0);
	CHECK_ERRNO(list_submit(&list), ENOENT);
	exec_end(fd);
}

/* More than the registers there are in one list; as many as there are is fine. */
TEST(fence_registers_run_out)
{
	enum { REGISTERS = 16, MORE = REGISTERS + 1 };
	int fd = exec_begin();
	struct picture pictures[MORE];
	struct list list;

	for (unsigned i = 0; i < MORE; i++)
		pictures[i] = picture_create(fd, 128, 32, I915_TILING_X);
	for (unsigned count = REGISTERS; count <= MORE; count++) {
		list_init(&list, fd, 0);
		for (unsigned i = 0; i < count; i++)
			list_add_picture(&list, &pictures[i], true);
		list_close(&list);
		if (count > REGISTERS)
			CHECK_ERRNO(list_submit(&list), EDEADLK);
		else
			CHECK_INT(list_submit(&list), 0);
		list_finish(&list);
	}
	/* Those that nobody drew through need none. */
	list_init(&list, fd, 0);
	for (unsigned i = 0; i < MORE; i++)
		list_add(&list, pictures[i].handle, i < REGISTERS ? EXEC_OBJECT_NEEDS_FENCE : 0);
	list_run(&list);
	exec_end(fd);
}

TEST(list_larger_than_the_space)
{
	int fd = exec_begin();
	struct list list;

	list_init(&list, fd, 0);
	for (unsigned i = 0; i < 5; i++)
		list_add(&list, exec_create(fd, 128 << 20), 0);
	list_close(&list);
	CHECK_ERRNO(list_submit(&list), ENOSPC);
	list.objects[4] = list.objects[5]; /* the batch */
	list.args.buffer_count = 5;
	CHECK_ERRNO(list_submit(&list), ENOSPC);
	list.objects[3] = list.objects[4];
	list.args.buffer_count = 4;
	CHECK_INT(list_submit(&list), 0);
	exec_end(fd);
}

TEST(two_pinned_to_one_place)
{
	int fd = exec_begin();
	struct list list;

	list_init(&list, fd, 0);
	for (unsigned i = 0; i < 2; i++) {
		list_add(&list, exec_create(fd, SIZE), EXEC_OBJECT_PINNED);
		list.objects[i].offset = (32 << 20) + i * PAGE;
	}
	list_close(&list);
	CHECK_ERRNO(list_submit(&list), ENOSPC);
	list.objects[1].offset += PAGE;
	CHECK_INT(list_submit(&list), 0);
	CHECK_INT(list.objects[0].offset, 32 << 20);
	CHECK_INT(list.objects[1].offset, (32 << 20) + SIZE);
	exec_end(fd);
}

TEST(purged_object)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, SIZE);
	struct drm_i915_gem_madvise args = {.handle = handle, .madv = I915_MADV_DONTNEED};
	struct list list;

	/* It has no pages yet: its contents go at once. */
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_MADVISE, &args), 0);
	list_init(&list, fd, 0);
	list_add(&list, handle, 0);
	list_close(&list);
	CHECK_ERRNO(list_submit(&list), EFAULT);
	exec_end(fd);
}

TEST(execbuffer_of_old)
{
	int fd = exec_begin();
	struct drm_i915_gem_execbuffer args = {.buffer_count = 1};

	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GEM_EXECBUFFER, &args), EINVAL);
	exec_end(fd);
}
