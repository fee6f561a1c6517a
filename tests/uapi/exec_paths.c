/*
 * EXECBUFFER2 as a client uses it: relocations, addresses, contexts. One source,
 * run in process (preload_self.c) and in another process (preload_client.c).
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "exec_list.h"
#include "gpu_packet.h"
#include "test.h"

enum { PAGE = 4096, SIZE = 8192 };

TEST(a_batch_stores_a_value)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, SIZE);
	struct list list;

	list_init(&list, fd, 0);
	list_store(&list, list_add(&list, handle, 0), 4100, 0x12345678);
	list_run(&list);
	CHECK_INT(exec_wait(fd, handle, -1), 0);
	CHECK(!exec_busy(fd, handle));
	CHECK_INT(exec_read_dword(fd, handle, 4100), 0x12345678);
	CHECK_INT(exec_read_dword(fd, handle, 4096), 0);
	list_finish(&list);
	exec_end(fd);
}

/* ---- relocations ---- */

struct way {
	const char *name;
	uint64_t flags;
	unsigned long request;
};

static const struct way ways[] = {
	{"by handle", 0, DRM_IOCTL_I915_GEM_EXECBUFFER2},
	{"by index", I915_EXEC_HANDLE_LUT, DRM_IOCTL_I915_GEM_EXECBUFFER2},
	{"by handle, WR", 0, DRM_IOCTL_I915_GEM_EXECBUFFER2_WR},
	{"by index, WR", I915_EXEC_HANDLE_LUT, DRM_IOCTL_I915_GEM_EXECBUFFER2_WR},
};

/* The values in the batch, the presumed offsets and the objects' offsets say the same. */
TEST_ROWS(relocations, struct way, ways)
{
	enum { OBJECTS = 5, RELOCS = 40 };
	int fd = exec_begin();
	uint32_t batch[RELOCS + 1];
	struct list list;

	list_init(&list, fd, row->flags);
	list_dword(&list, GPU_MI_BATCH_BUFFER_END);
	for (unsigned i = 0; i < OBJECTS; i++)
		list_add(&list, exec_create(fd, SIZE), 0);
	for (unsigned i = 0; i < RELOCS; i++)
		list_reloc(&list, i % OBJECTS, i == 7 ? -12u : i * 4, false);
	list_close(&list);
	CHECK_INT(ioctl(fd, row->request, &list.args), 0);
	exec_read(fd, list.batch, 0, batch, sizeof(batch));
	for (unsigned i = 0; i < RELOCS; i++) {
		uint64_t offset = list.objects[i % OBJECTS].offset;

		CHECK(offset < 512 << 20 && offset % PAGE == 0);
		CHECK(list.relocs[i].presumed_offset == offset);
		CHECK_INT(batch[i + 1], (uint32_t)offset + list.relocs[i].delta);
	}
	for (unsigned i = 0; i < OBJECTS; i++) {
		for (unsigned j = 0; j < i; j++)
			CHECK(list.objects[i].offset >= list.objects[j].offset + SIZE ||
				list.objects[j].offset >= list.objects[i].offset + SIZE);
	}
	exec_end(fd);
}

/* A presumed offset that is right: what the batch has there is left alone. */
TEST(right_presumed_offset_writes_nothing)
{
	enum { WRONG = 0xbad00bad };
	int fd = exec_begin();
	uint32_t wrong = WRONG;
	struct list list;

	list_init(&list, fd, 0);
	list_dword(&list, GPU_MI_BATCH_BUFFER_END);
	list_add(&list, exec_create(fd, SIZE), 0);
	list_reloc(&list, 0, 4, false);
	list_reloc(&list, 0, 8, false);
	list_close(&list);
	CHECK_INT(list_submit(&list), 0);
	CHECK_INT(exec_read_dword(fd, list.batch, 4), list.objects[0].offset + 4);
	exec_write(fd, list.batch, 4, &wrong, sizeof(wrong));
	exec_write(fd, list.batch, 8, &wrong, sizeof(wrong));
	list.relocs[1].presumed_offset ^= PAGE;
	CHECK_INT(list_submit(&list), 0);
	CHECK_INT(exec_read_dword(fd, list.batch, 4), WRONG);
	CHECK_INT(exec_read_dword(fd, list.batch, 8), list.objects[0].offset + 8);
	exec_end(fd);
}

/* Relocations are not even looked at unless an object is not where it was presumed. */
TEST(no_reloc)
{
	int fd = exec_begin();
	struct list list;

	list_init(&list, fd, I915_EXEC_NO_RELOC);
	list_dword(&list, GPU_MI_BATCH_BUFFER_END);
	list_add(&list, exec_create(fd, SIZE), 0);
	list_reloc(&list, 0, 4, false);
	list_close(&list);
	CHECK_INT(list_submit(&list), 0);
	CHECK(list.objects[0].offset != UINT64_MAX && list.objects[1].offset != UINT64_MAX);
	CHECK_INT(exec_read_dword(fd, list.batch, 4), list.objects[0].offset + 4);
	list.relocs[0].target_handle = 9999;
	CHECK_INT(list_submit(&list), 0);
	list.objects[0].offset ^= PAGE;
	CHECK_ERRNO(list_submit(&list), ENOENT);
	exec_end(fd);
}

/* Not in the batch, and of an object into itself. */
TEST(relocations_in_any_object)
{
	int fd = exec_begin();
	struct drm_i915_gem_relocation_entry relocs[2];
	struct list list;

	list_init(&list, fd, I915_EXEC_HANDLE_LUT);
	list_add(&list, exec_create(fd, SIZE), 0);
	list_add(&list, exec_create(fd, SIZE), 0);
	list_close(&list);
	for (unsigned i = 0; i < 2; i++) {
		relocs[i] = (struct drm_i915_gem_relocation_entry){.target_handle = i, .delta = i,
			.offset = PAGE + i * 4, .presumed_offset = UINT64_MAX};
	}
	list.objects[0].relocation_count = 2;
	list.objects[0].relocs_ptr = (uintptr_t)relocs;
	CHECK_INT(list_submit(&list), 0);
	CHECK_INT(exec_read_dword(fd, list.objects[0].handle, PAGE), list.objects[0].offset);
	CHECK_INT(exec_read_dword(fd, list.objects[0].handle, PAGE + 4),
		list.objects[1].offset + 1);
	CHECK_INT(exec_read_dword(fd, list.objects[0].handle, PAGE + 8), 0);
	exec_end(fd);
}

/* ---- batches ---- */

TEST(first_object_is_the_batch)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, SIZE);
	struct drm_i915_gem_exec_object2 batch;
	struct list list;

	list_init(&list, fd, I915_EXEC_BATCH_FIRST);
	list_store(&list, list_add(&list, handle, 0), 0, 77);
	list_close(&list);
	batch = list.objects[1];
	list.objects[1] = list.objects[0];
	list.objects[0] = batch;
	CHECK_INT(list_submit(&list), 0);
	CHECK_INT(exec_read_dword(fd, handle, 0), 77);
	exec_end(fd);
}

TEST(batch_starts_at_its_offset)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, SIZE);
	struct list list;

	list_init(&list, fd, 0);
	list_add(&list, handle, 0);
	list_store(&list, 0, 0, 1);
	list_dword(&list, GPU_MI_NOOP);
	list_store(&list, 0, 4, 2);
	list_close(&list);
	list.args.batch_start_offset = 16;
	CHECK_INT(list_submit(&list), 0);
	CHECK_INT(exec_read_dword(fd, handle, 0), 0);
	CHECK_INT(exec_read_dword(fd, handle, 4), 2);
	exec_end(fd);
}

TEST(batch_chains_to_another)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, SIZE);
	struct list second, list;

	list_init(&second, fd, 0);
	list_init(&list, fd, 0);
	/* The second one's batch is an object of the first one's list, relocations included. */
	list_store(&second, list_add(&second, handle, 0), 8, 99);
	list_close(&second);
	list_add(&list, handle, 0);
	list_add(&list, second.batch, 0);
	list.objects[1].relocation_count = second.reloc_count;
	list.objects[1].relocs_ptr = (uintptr_t)second.relocs;
	list_dword(&list, GPU_MI_BATCH_BUFFER_START);
	list_reloc(&list, 1, 0, false);
	list_run(&list);
	CHECK_INT(exec_read_dword(fd, handle, 8), 99);
	exec_end(fd);
}

static uint32_t guilty(int fd, uint32_t context)
{
	struct drm_i915_reset_stats args = {.ctx_id = context};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GET_RESET_STATS, &args), 0);
	return args.batch_active;
}

/* Addresses of what is not in the list mean nothing, even in the space that all share. */
TEST(object_that_is_not_in_the_list)
{
	int fd = exec_begin();
	uint32_t listed = exec_create(fd, PAGE), other = exec_create(fd, PAGE);
	struct list list;

	list_init(&list, fd, 0);
	list_add(&list, other, 0);
	list_run(&list);
	uint32_t address = list.objects[0].offset;
	CHECK_INT(exec_wait(fd, other, -1), 0);
	list_finish(&list);
	list_init(&list, fd, 0);
	list_add(&list, listed, 0);
	list_dword(&list, GPU_MI_STORE_DWORD_IMM);
	list_dword(&list, address);
	list_dword(&list, 0x666);
	list_store(&list, 0, 0, 0x777);
	list_run(&list);
	CHECK_INT(exec_wait(fd, listed, -1), 0);
	CHECK_INT(exec_read_dword(fd, other, 0), 0);
	CHECK_INT(exec_read_dword(fd, listed, 0), 0);
	CHECK_INT(guilty(fd, 0), 1);
	exec_end(fd);
}

/* ---- addresses ---- */

TEST(pinned_where_the_client_says)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, SIZE);
	struct list list;

	for (uint64_t at = 16 << 20; at < 20 << 20; at += 1 << 20) {
		list_init(&list, fd, 0);
		list_add(&list, handle, EXEC_OBJECT_PINNED | EXEC_OBJECT_WRITE);
		list.objects[0].offset = at;
		list_dword(&list, GPU_MI_STORE_DWORD_IMM);
		list_dword(&list, at + 12);
		list_dword(&list, at);
		list_run(&list);
		CHECK_INT(list.objects[0].offset, at);
		CHECK_INT(exec_read_dword(fd, handle, 12), at);
		list_finish(&list);
	}
	exec_end(fd);
}

TEST(aligned_and_padded)
{
	int fd = exec_begin();
	struct list list;

	list_init(&list, fd, 0);
	for (unsigned i = 0; i < 3; i++) {
		list_add(&list, exec_create(fd, PAGE), EXEC_OBJECT_PAD_TO_SIZE);
		list.objects[i].pad_to_size = 64 << 10;
	}
	list.objects[2].alignment = 1 << 20;
	list_run(&list);
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned j = 0; j < i; j++)
			CHECK(list.objects[i].offset >= list.objects[j].offset + (64 << 10) ||
				list.objects[j].offset >= list.objects[i].offset + (64 << 10));
	}
	CHECK_INT(list.objects[2].offset % (1 << 20), 0);
	exec_end(fd);
}

/* Each context has its own space: one address, two objects. */
TEST(contexts_have_their_own_addresses)
{
	enum { CONTEXTS = 2, AT = 48 << 20 };
	int fd = exec_begin();
	uint32_t handles[CONTEXTS], contexts[CONTEXTS];
	struct list list;

	for (unsigned i = 0; i < CONTEXTS; i++) {
		handles[i] = exec_create(fd, PAGE);
		contexts[i] = exec_context(fd);
	}
	for (unsigned round = 0; round < 4; round++) {
		unsigned i = round % CONTEXTS;

		list_init(&list, fd, 0);
		list.args.rsvd1 = contexts[i];
		list_add(&list, handles[i], EXEC_OBJECT_PINNED);
		list.objects[0].offset = AT;
		list_store(&list, 0, 0, 100 + round);
		list_run(&list);
		list_finish(&list);
	}
	for (unsigned i = 0; i < CONTEXTS; i++)
		CHECK_INT(exec_read_dword(fd, handles[i], 0), 102 + i);
	exec_end(fd);
}

/* Beyond 4 GiB is nothing that a packet could name. */
TEST(high_addresses)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, PAGE);
	struct list list;

	list_init(&list, fd, 0);
	list.args.rsvd1 = exec_context(fd);
	list_add(&list, handle, EXEC_OBJECT_PINNED);
	list_close(&list);
	list.objects[0].offset = 1ull << 40;
	CHECK_ERRNO(list_submit(&list), EINVAL);
	list.objects[0].flags |= EXEC_OBJECT_SUPPORTS_48B_ADDRESS;
	CHECK_INT(list_submit(&list), 0);
	/* As signed numbers of 48 bits. */
	list.objects[0].offset = 0xffff800000000000;
	CHECK_INT(list_submit(&list), 0);
	CHECK(list.objects[0].offset == 0xffff800000000000);
	list.objects[0].flags = EXEC_OBJECT_SUPPORTS_48B_ADDRESS;
	list.objects[1].flags = EXEC_OBJECT_PINNED | EXEC_OBJECT_SUPPORTS_48B_ADDRESS;
	list.objects[1].offset = 1ull << 40;
	CHECK_ERRNO(list_submit(&list), EINVAL);
	exec_end(fd);
}

/* ---- room ---- */

/* Twice the space, one object after the other, twice: all of it is right. */
TEST(working_set_larger_than_the_space)
{
	enum { OBJECTS = 16, ROUNDS = 2 };
	const uint64_t size = 64 << 20;
	int fd = exec_begin();
	uint32_t handles[OBJECTS];
	struct list list;

	for (unsigned i = 0; i < OBJECTS; i++)
		handles[i] = exec_create(fd, size);
	for (unsigned n = 0; n < OBJECTS * ROUNDS; n++) {
		list_init(&list, fd, n & 1 ? I915_EXEC_BLT : I915_EXEC_RENDER);
		unsigned a = list_add(&list, handles[n % OBJECTS], 0);
		unsigned b = list_add(&list, handles[(n + 5) % OBJECTS], 0);
		list_store(&list, a, n * 4, n + 1);
		list_store(&list, b, size - 4 - n * 4, n + 1);
		list_run(&list);
		list_finish(&list);
	}
	for (unsigned n = 0; n < OBJECTS * ROUNDS; n++) {
		CHECK_INT(exec_read_dword(fd, handles[n % OBJECTS], n * 4), n + 1);
		CHECK_INT(exec_read_dword(fd, handles[(n + 5) % OBJECTS], size - 4 - n * 4), n + 1);
	}
	exec_end(fd);
}

/* More tiled pictures than fence registers, in turns. */
TEST(fence_registers_in_turns)
{
	enum { PICTURES = 20, ROUNDS = 3, WIDTH = 130, HEIGHT = 20 };
	static uint32_t got[WIDTH * HEIGHT];
	struct picture pictures[PICTURES];
	int fd = exec_begin();
	struct list list;

	for (unsigned i = 0; i < PICTURES; i++)
		pictures[i] = picture_create(fd, WIDTH, HEIGHT,
			i & 1 ? I915_TILING_X : I915_TILING_Y);
	for (unsigned n = 0; n < PICTURES * ROUNDS; n++) {
		list_init(&list, fd, 0);
		unsigned to = list_add_picture(&list, &pictures[n % PICTURES], true);
		list_fill(&list, to, pictures[n % PICTURES].pitch, 0, 0, WIDTH, HEIGHT, n);
		list_fill(&list, to, pictures[n % PICTURES].pitch, 1, 2, 129, 5, n * 1000);
		list_run(&list);
		list_finish(&list);
	}
	for (unsigned i = 0; i < PICTURES; i++) {
		unsigned n = PICTURES * (ROUNDS - 1) + i;

		picture_get(fd, &pictures[i], got);
		for (unsigned y = 0; y < HEIGHT; y++) {
			for (unsigned x = 0; x < WIDTH; x++) {
				bool inside = x >= 1 && x < 129 && y >= 2 && y < 5;

				CHECK_INT(got[y * WIDTH + x], inside ? n * 1000 : n);
			}
		}
	}
	exec_end(fd);
}

/* ---- what the part says it can ---- */

struct param_row {
	const char *name;
	int param, want;
};

static const struct param_row params[] = {
	{"blitter", I915_PARAM_HAS_BLT, 1},
	{"execbuf2", I915_PARAM_HAS_EXECBUF2, 1},
	{"no reloc", I915_PARAM_HAS_EXEC_NO_RELOC, 1},
	{"lut", I915_PARAM_HAS_EXEC_HANDLE_LUT, 1},
	{"softpin", I915_PARAM_HAS_EXEC_SOFTPIN, 1},
	{"async", I915_PARAM_HAS_EXEC_ASYNC, 1},
	{"batch first", I915_PARAM_HAS_EXEC_BATCH_FIRST, 1},
	{"fences", I915_PARAM_HAS_EXEC_FENCE, 1},
	{"fence array", I915_PARAM_HAS_EXEC_FENCE_ARRAY, 1},
	{"timeline fences", I915_PARAM_HAS_EXEC_TIMELINE_FENCES, 1},
	{"submit fence", I915_PARAM_HAS_EXEC_SUBMIT_FENCE, 0},
	{"reset", I915_PARAM_HAS_GPU_RESET, 2},
	{"scheduler", I915_PARAM_HAS_SCHEDULER,
		I915_SCHEDULER_CAP_ENABLED | I915_SCHEDULER_CAP_PRIORITY | I915_SCHEDULER_CAP_PREEMPTION},
	{"semaphores", I915_PARAM_HAS_SEMAPHORES, 0},
	{"secure", I915_PARAM_HAS_SECURE_BATCHES, 0},
};

TEST_ROWS(exec_param, struct param_row, params)
{
	int fd = exec_begin(), value = -1;
	struct drm_i915_getparam args = {.param = row->param, .value = &value};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GETPARAM, &args), 0);
	CHECK_INT(value, row->want);
	exec_end(fd);
}

/* Runs what no engine can in a context that is not to go on after that; its id. */
static uint32_t banned_context(int fd, uint32_t handle)
{
	uint32_t context = exec_context(fd);
	struct drm_i915_gem_context_param args = {.ctx_id = context,
		.param = I915_CONTEXT_PARAM_RECOVERABLE, .value = 0};
	struct list list;

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_CONTEXT_SETPARAM, &args), 0);
	list_init(&list, fd, 0);
	list_add(&list, handle, EXEC_OBJECT_WRITE);
	list_dword(&list, 0x7fffffff); /* no such packet */
	list_close(&list);
	list.args.rsvd1 = context;
	CHECK_INT(list_submit(&list), 0);
	CHECK_INT(exec_wait(fd, handle, -1), 0);
	CHECK_INT(guilty(fd, context), 1);
	list_finish(&list);
	return context;
}

/* The context that is not to go on after a hang is banned by it; the others are not. */
TEST(banned_context)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, PAGE), good = exec_context(fd);
	uint32_t banned = banned_context(fd, handle);
	struct list list;

	CHECK_INT(guilty(fd, good), 0);
	list_init(&list, fd, 0);
	list_store(&list, list_add(&list, handle, 0), 0, 3);
	list_close(&list);
	list.args.rsvd1 = banned;
	CHECK_ERRNO(list_submit(&list), EIO);
	CHECK_INT(exec_read_dword(fd, handle, 0), 0);
	list.args.rsvd1 = good;
	CHECK_INT(list_submit(&list), 0);
	CHECK_INT(exec_read_dword(fd, handle, 0), 3);
	exec_end(fd);
}

/* Who makes a new context for each hang has none at the end, and no other file suffers. */
TEST(banned_file)
{
	int fd = exec_begin(), other = exec_open();
	uint32_t handle = exec_create(fd, PAGE), mine = exec_create(other, PAGE);
	struct drm_i915_gem_context_create create = {0};
	struct list list;

	for (unsigned i = 0; i < 3; i++)
		banned_context(fd, handle);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GEM_CONTEXT_CREATE, &create), EIO);
	list_init(&list, fd, 0);
	list_store(&list, list_add(&list, handle, 0), 0, 3);
	list_close(&list);
	CHECK_ERRNO(list_submit(&list), EIO);
	list_finish(&list);
	CHECK_INT(ioctl(other, DRM_IOCTL_I915_GEM_CONTEXT_CREATE, &create), 0);
	list_init(&list, other, 0);
	list_store(&list, list_add(&list, mine, 0), 0, 3);
	list_close(&list);
	CHECK_INT(list_submit(&list), 0);
	CHECK_INT(exec_read_dword(other, mine, 0), 3);
	close(other);
	exec_end(fd);
}
