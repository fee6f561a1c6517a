/*
 * EXECBUFFER2's and MODE_ATOMIC's shapes through both doors, over a driver that
 * does with a list what the GPU's does, and no more: whatever the list says, the
 * driver gets the same bytes and the program sees the same result.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <drm.h>
#include <drm_mode.h>
#include <i915_drm.h>

#include "preload_door.h"
#include "preload_memory.h"
#include "test.h"
#include "vfs.h"
#include "wire_server.h"

#define NODE "/dev/dri/card0"
#define PAGE 4096

enum { OBJECTS_MAX = 1 << 16, CHAIN_MAX = 4 };

/* MODE_ATOMIC of this driver: flags say what to do with user_data and reserved. */
enum { SUM_BYTES = 1, FILL_BYTES, INSTALL_AT, INSTALL_AND_FAIL, FETCH };

static int exec_relocs(struct vfs_caller *caller, const struct drm_i915_gem_exec_object2 *object,
	uint64_t *sum)
{
	struct drm_i915_gem_relocation_entry *relocs =
		calloc(object->relocation_count + 1, sizeof(*relocs));
	int ret = vfs_copy_from(caller, relocs, object->relocs_ptr,
		object->relocation_count * sizeof(*relocs));

	for (unsigned i = 0; i < object->relocation_count && !ret; i++) {
		uint64_t presumed = relocs[i].delta * 2ull;

		*sum += relocs[i].target_handle;
		if (relocs[i].presumed_offset != presumed)
			ret = vfs_copy_to(caller, object->relocs_ptr + i * sizeof(*relocs) +
				offsetof(struct drm_i915_gem_relocation_entry, presumed_offset),
				&presumed, sizeof(presumed));
	}
	free(relocs);
	return ret;
}

static int exec_objects(struct vfs_caller *caller, const struct drm_i915_gem_execbuffer2 *args,
	uint64_t *sum)
{
	struct drm_i915_gem_exec_object2 *objects = calloc(args->buffer_count + 1, sizeof(*objects));
	int ret = vfs_copy_from(caller, objects, args->buffers_ptr,
		args->buffer_count * sizeof(*objects));

	for (unsigned i = 0; i < args->buffer_count && !ret; i++) {
		uint64_t offset = 4096ull * (i + 1) + objects[i].handle;

		*sum += objects[i].handle;
		ret = exec_relocs(caller, &objects[i], sum);
		if (!ret)
			ret = vfs_copy_to(caller, args->buffers_ptr + i * sizeof(*objects) +
				offsetof(struct drm_i915_gem_exec_object2, offset),
				&offset, sizeof(offset));
	}
	free(objects);
	return ret;
}

static int exec_fences(struct vfs_caller *caller, uint64_t handles, uint64_t values,
	uint64_t count, uint64_t *sum)
{
	int ret = 0;

	for (uint64_t i = 0; i < count && !ret; i++) {
		struct drm_i915_gem_exec_fence fence;
		uint64_t value = 0;

		ret = vfs_copy_from(caller, &fence, handles + i * sizeof(fence), sizeof(fence));
		if (!ret && values)
			ret = vfs_copy_from(caller, &value, values + i * sizeof(value),
				sizeof(value));
		*sum += fence.handle + value;
	}
	return ret;
}

static int exec_chain(struct vfs_caller *caller, uint64_t at, uint64_t *sum)
{
	int ret = 0;

	for (int i = 0; at && i < CHAIN_MAX && !ret; i++) {
		struct drm_i915_gem_execbuffer_ext_timeline_fences link;

		ret = vfs_copy_from(caller, &link, at, sizeof(link));
		if (!ret)
			ret = exec_fences(caller, link.handles_ptr, link.values_ptr,
				link.fence_count, sum);
		at = link.base.next_extension;
	}
	return ret;
}

static int exec_descriptors(struct vfs_caller *caller, struct drm_i915_gem_execbuffer2 *args,
	uint64_t *sum)
{
	if (args->flags & I915_EXEC_FENCE_IN) {
		struct stat st;
		int fd = caller->ops->fetch_fd(caller, (int32_t)args->rsvd2);

		if (fd < 0)
			return fd;
		fstat(fd, &st);
		close(fd);
		*sum += st.st_ino;
	}
	if (args->flags & I915_EXEC_FENCE_OUT) {
		int fd = caller->ops->install_fd(caller, eventfd(77, EFD_CLOEXEC), true);

		if (fd < 0)
			return fd;
		args->rsvd2 = (uint32_t)args->rsvd2 | (uint64_t)fd << 32;
	}
	return 0;
}

static int driver_exec(struct vfs_caller *caller, unsigned int request, uint64_t address)
{
	struct drm_i915_gem_execbuffer2 args;
	uint64_t sum = 0;
	int ret = vfs_copy_from(caller, &args, address, sizeof(args));

	if (ret || args.buffer_count > OBJECTS_MAX)
		return ret ? ret : -EINVAL;
	ret = exec_objects(caller, &args, &sum);
	if (!ret && args.flags & I915_EXEC_FENCE_ARRAY)
		ret = exec_fences(caller, args.cliprects_ptr, 0, args.num_cliprects, &sum);
	if (!ret && args.flags & I915_EXEC_USE_EXTENSIONS)
		ret = exec_chain(caller, args.cliprects_ptr, &sum);
	if (!ret)
		ret = exec_descriptors(caller, &args, &sum);
	if (!ret && _IOC_DIR(request) & _IOC_READ)
		ret = vfs_copy_to(caller, address, &args, sizeof(args));
	return ret ? ret : (int)(sum & 0x3fffffff);
}

static int sum_bytes(struct vfs_caller *caller, uint64_t address, size_t length)
{
	uint8_t *bytes = calloc(1, length + 1);
	int ret = vfs_copy_from(caller, bytes, address, length), sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += bytes[i];
	free(bytes);
	return ret ? ret : sum;
}

static int fill_bytes(struct vfs_caller *caller, uint64_t address, size_t length)
{
	uint8_t *bytes = malloc(length + 1);

	memset(bytes, 0x5a, length);
	int ret = vfs_copy_to(caller, address, bytes, length);
	free(bytes);
	return ret;
}

static int install_at(struct vfs_caller *caller, uint64_t address, bool cloexec)
{
	int32_t fd = caller->ops->install_fd(caller, eventfd(77, EFD_CLOEXEC), cloexec);

	return fd < 0 ? fd : vfs_copy_to(caller, address, &fd, sizeof(fd));
}

static int fetch(struct vfs_caller *caller, int number)
{
	int fd = caller->ops->fetch_fd(caller, number);
	uint64_t value;

	if (fd < 0)
		return fd;
	ssize_t size = read(fd, &value, sizeof(value));
	close(fd);
	return size == sizeof(value) ? (int)value : -EINVAL;
}

static int driver_atomic(struct vfs_caller *caller, uint64_t address)
{
	struct drm_mode_atomic args;
	int ret = vfs_copy_from(caller, &args, address, sizeof(args));

	if (ret)
		return ret;
	switch (args.flags) {
	case SUM_BYTES:
		return sum_bytes(caller, args.user_data, args.reserved);
	case FILL_BYTES:
		return fill_bytes(caller, args.user_data, args.reserved);
	case INSTALL_AT:
		return install_at(caller, args.user_data, args.reserved);
	case INSTALL_AND_FAIL:
		ret = install_at(caller, args.user_data, true);
		return ret ? ret : -EINVAL;
	case FETCH:
		return fetch(caller, args.user_data);
	}
	return -EINVAL;
}

static long driver_ioctl(struct vfs_file *file, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	caller->may_ask = true;
	if (_IOC_NR(request) == _IOC_NR(DRM_IOCTL_I915_GEM_EXECBUFFER2))
		return driver_exec(caller, request, arg);
	return request == DRM_IOCTL_MODE_ATOMIC ? driver_atomic(caller, arg) : -ENOTTY;
}

static void driver_release(struct vfs_file *file)
{
	vfs_file_finish(file);
	free(file);
}

static const struct vfs_file_ops driver_ops = {.ioctl = driver_ioctl, .release = driver_release};

static int driver_open(const struct vfs_node *node, int flags, struct vfs_caller *caller,
	struct vfs_file **out)
{
	*out = malloc(sizeof(**out));
	vfs_file_init(*out, &driver_ops);
	return 0;
}

static const struct vfs_node node = {.path = NODE, .major = 226, .minor = 0, .mode = 0666,
	.open = driver_open};

struct door {
	const char *name;
	bool wire;
};
static const struct door doors[] = {{"in process", false}, {"over the wire", true}};

static struct world {
	const struct door *door;
	struct vfs *vfs;
	struct wire_server *server;
	char dir[64];
	int fd;
} world;

static void begin(const struct door *door)
{
	struct vfs_caller self;

	world.door = door;
	strcpy(world.dir, "/tmp/upcall-test-XXXXXX");
	CHECK(mkdtemp(world.dir));
	setenv("TESTCARD_DIR", world.dir, 1);
	CHECK_INT(vfs_create(&world.vfs), 0);
	CHECK_INT(vfs_add_node(world.vfs, &node), 0);
	CHECK_INT(wire_server_create(world.vfs, world.dir, NULL, NULL, &world.server), 0);
	vfs_caller_init_self(&self);
	CHECK_INT(vfs_open(world.vfs, NODE, O_RDWR | O_CLOEXEC, &self, &world.fd), 0);
}

static void end(void)
{
	close(world.fd);
	wire_server_destroy(world.server);
	vfs_destroy(world.vfs);
	CHECK_INT(rmdir(world.dir), 0);
}

struct wire_call {
	unsigned long request;
	void *arg;
	long result;
};

static void *call_over_wire(void *data)
{
	struct wire_call *wire = data;

	wire->result = preload_wire_door.ioctl(world.fd, wire->request, wire->arg);
	return NULL;
}

static long call(unsigned long request, void *arg)
{
	struct wire_call wire = {request, arg, 0};
	struct vfs_caller self;
	struct vfs_file *file;
	pthread_t thread;

	/* A thread takes its channel along when it ends: the runner counts descriptors. */
	if (world.door->wire) {
		CHECK_INT(pthread_create(&thread, NULL, call_over_wire, &wire), 0);
		CHECK_INT(pthread_join(thread, NULL), 0);
		return wire.result;
	}
	vfs_caller_init_self(&self);
	CHECK_INT(vfs_file_from_fd(world.vfs, world.fd, &file), 0);
	long ret = file->ops->ioctl(file, request, (uintptr_t)arg, &self);
	vfs_file_put(file);
	return ret;
}

/* The server closes what a channel had when it sees its end: a moment later. */
static void check_fds(int expected)
{
	for (int i = 0; i < 400 && test_count_fds() != expected; i++)
		usleep(5000);
	CHECK_INT(test_count_fds(), expected);
}

static int count_fds(void)
{
	int now = test_count_fds(), before;

	do {
		before = now;
		usleep(20000);
		now = test_count_fds();
	} while (now != before);
	return now;
}

struct list {
	struct drm_i915_gem_execbuffer2 args;
	struct drm_i915_gem_exec_object2 *objects;
	struct drm_i915_gem_relocation_entry *relocs; /* each of each object */
	unsigned each;
	long want;
};

static void list_init(struct list *list, unsigned objects, unsigned each)
{
	*list = (struct list){.each = each};
	list->objects = calloc(objects + 1, sizeof(*list->objects));
	list->relocs = calloc(objects * each + 1, sizeof(*list->relocs));
	list->args.buffers_ptr = (uintptr_t)list->objects;
	list->args.buffer_count = objects;
	for (unsigned i = 0; i < objects; i++) {
		list->objects[i] = (struct drm_i915_gem_exec_object2){.handle = i + 1,
			.relocation_count = each,
			.relocs_ptr = each ? (uintptr_t)&list->relocs[i * each] : 0,
			.offset = 7, .alignment = 9};
		list->want += i + 1;
	}
	for (unsigned i = 0; i < objects * each; i++) {
		list->relocs[i] = (struct drm_i915_gem_relocation_entry){.delta = i,
			.target_handle = i % 5, .presumed_offset = i % 3 ? i * 2 : 1, .offset = i};
		list->want += i % 5;
	}
}

static void list_check(const struct list *list)
{
	for (unsigned i = 0; i < list->args.buffer_count; i++) {
		CHECK_INT(list->objects[i].offset, 4096ull * (i + 1) + i + 1);
		CHECK_INT(list->objects[i].handle, i + 1);
		CHECK_INT(list->objects[i].alignment, 9);
	}
	for (unsigned i = 0; i < list->args.buffer_count * list->each; i++) {
		CHECK_INT(list->relocs[i].presumed_offset, i * 2);
		CHECK_INT(list->relocs[i].offset, i);
	}
}

static void list_finish(struct list *list)
{
	free(list->objects);
	free(list->relocs);
}

struct size {
	unsigned objects, each;
};
/*
 * One packet; without relocations; by way of the scratch; in a memfd; as many arrays as
 * segments; a tail that is asked for.
 */
static const struct size sizes[] = {{0, 0}, {1, 0}, {3, 4}, {100, 2}, {1, 3000}, {1000, 1},
	{1000, 40}, {2000, 3}, {5000, 0}};

TEST(lists_of_every_size)
{
	for (unsigned i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct list list;

		begin(&doors[i % 2]);
		list_init(&list, sizes[i / 2].objects, sizes[i / 2].each);
		CHECK_INT(call(i & 2 ? DRM_IOCTL_I915_GEM_EXECBUFFER2_WR :
			DRM_IOCTL_I915_GEM_EXECBUFFER2, &list.args), list.want);
		list_check(&list);
		/* Again, with everything where it was said to be. */
		CHECK_INT(call(DRM_IOCTL_I915_GEM_EXECBUFFER2, &list.args), list.want);
		list_check(&list);
		list_finish(&list);
		end();
	}
}

/* Two objects with one array, and arrays in each other: what is written last stays. */
TEST(relocations_shared_by_objects)
{
	for (int i = 0; i < 2; i++) {
		struct list list;

		begin(&doors[i]);
		list_init(&list, 20, 3);
		list.objects[4].relocs_ptr = list.objects[5].relocs_ptr = list.objects[0].relocs_ptr;
		CHECK(call(DRM_IOCTL_I915_GEM_EXECBUFFER2, &list.args) > 0);
		for (unsigned k = 0; k < 3; k++)
			CHECK_INT(list.relocs[k].presumed_offset, k * 2);
		list_finish(&list);
		end();
	}
}

TEST_ROWS(fences, struct door, doors)
{
	struct drm_i915_gem_exec_fence fences[3] = {{10, 0}, {20, 0}, {30, 0}}, more[1] = {{5, 0}};
	uint64_t values[3] = {100, 200, 300};
	struct drm_i915_gem_execbuffer_ext_timeline_fences second = {.fence_count = 1,
		.handles_ptr = (uintptr_t)more}, first = {
		.base.next_extension = (uintptr_t)&second, .fence_count = 3,
		.handles_ptr = (uintptr_t)fences, .values_ptr = (uintptr_t)values};
	struct drm_i915_gem_execbuffer2 args = {.cliprects_ptr = (uintptr_t)fences,
		.num_cliprects = 3};

	begin(row);
	CHECK_INT(call(DRM_IOCTL_I915_GEM_EXECBUFFER2, &args), 0);
	args.flags = I915_EXEC_FENCE_ARRAY;
	CHECK_INT(call(DRM_IOCTL_I915_GEM_EXECBUFFER2, &args), 60);
	args = (struct drm_i915_gem_execbuffer2){.cliprects_ptr = (uintptr_t)&first,
		.flags = I915_EXEC_USE_EXTENSIONS};
	CHECK_INT(call(DRM_IOCTL_I915_GEM_EXECBUFFER2, &args), 665);
	end();
}

TEST_ROWS(descriptors_by_flags, struct door, doors)
{
	struct drm_i915_gem_execbuffer2 args = {0};
	struct stat st;
	uint64_t value = 0;

	begin(row);
	int memfd = memfd_create("test", MFD_CLOEXEC);
	CHECK_INT(fstat(memfd, &st), 0);
	int before = count_fds();
	/* Numbers without flags are left alone; any value is the program's. */
	args.rsvd2 = 0x40000001ull << 32 | 12345;
	CHECK_INT(call(DRM_IOCTL_I915_GEM_EXECBUFFER2_WR, &args), 0);
	CHECK(args.rsvd2 == (0x40000001ull << 32 | 12345));
	args.flags = I915_EXEC_FENCE_IN;
	CHECK_INT(call(DRM_IOCTL_I915_GEM_EXECBUFFER2, &args), -EBADF);
	args.rsvd2 = memfd;
	CHECK_INT(call(DRM_IOCTL_I915_GEM_EXECBUFFER2, &args), st.st_ino & 0x3fffffff);
	check_fds(before);
	args.flags |= I915_EXEC_FENCE_OUT;
	CHECK_INT(call(DRM_IOCTL_I915_GEM_EXECBUFFER2_WR, &args), st.st_ino & 0x3fffffff);
	CHECK_INT((int32_t)args.rsvd2, memfd);
	int out = args.rsvd2 >> 32;
	CHECK_INT(read(out, &value, sizeof(value)), sizeof(value));
	CHECK_INT(value, 77);
	CHECK_INT(fcntl(out, F_GETFD), FD_CLOEXEC);
	check_fds(before + 1);
	close(out);
	close(memfd);
	end();
}

TEST_ROWS(memory_beyond_the_table, struct door, doors)
{
	enum { LENGTH = 200000 };
	static uint8_t bytes[LENGTH];
	struct drm_mode_atomic args = {.flags = SUM_BYTES, .reserved = LENGTH,
		.user_data = (uintptr_t)bytes};
	int sum = 0;

	begin(row);
	for (int i = 0; i < LENGTH; i++) {
		bytes[i] = i * 3 + i / 256;
		sum += bytes[i];
	}
	CHECK_INT(call(DRM_IOCTL_MODE_ATOMIC, &args), sum);
	args.flags = FILL_BYTES;
	args.reserved = LENGTH - 1;
	CHECK_INT(call(DRM_IOCTL_MODE_ATOMIC, &args), 0);
	for (int i = 0; i < LENGTH - 1; i++)
		CHECK_INT(bytes[i], 0x5a);
	CHECK(bytes[LENGTH - 1] == (uint8_t)((LENGTH - 1) * 3 + (LENGTH - 1) / 256));
	/* The two bad addresses that both doors know. */
	args.user_data = 8;
	CHECK_INT(call(DRM_IOCTL_MODE_ATOMIC, &args), -EFAULT);
	args.user_data = -4096ull;
	CHECK_INT(call(DRM_IOCTL_MODE_ATOMIC, &args), -EFAULT);
	args.flags = SUM_BYTES;
	CHECK_INT(call(DRM_IOCTL_MODE_ATOMIC, &args), -EFAULT);
	end();
}

TEST_ROWS(descriptors_beyond_the_table, struct door, doors)
{
	int32_t number = -1;
	struct drm_mode_atomic args = {.flags = INSTALL_AT, .user_data = (uintptr_t)&number};

	begin(row);
	int before = count_fds();
	for (int cloexec = 0; cloexec < 2; cloexec++) {
		args.flags = INSTALL_AT;
		args.reserved = cloexec;
		args.user_data = (uintptr_t)&number;
		CHECK_INT(call(DRM_IOCTL_MODE_ATOMIC, &args), 0);
		CHECK_INT(fcntl(number, F_GETFD), cloexec ? FD_CLOEXEC : 0);
		args.flags = FETCH;
		args.user_data = number;
		CHECK_INT(call(DRM_IOCTL_MODE_ATOMIC, &args), 77);
		close(number);
		CHECK_INT(call(DRM_IOCTL_MODE_ATOMIC, &args), -EBADF);
	}
	args.user_data = -1;
	CHECK_INT(call(DRM_IOCTL_MODE_ATOMIC, &args), -EBADF);
	check_fds(before);
	end();
}

/* Over the wire there is nothing that a failed request leaves behind. */
TEST(a_failed_request_brings_no_descriptor)
{
	int32_t number = -1;
	struct drm_mode_atomic args = {.flags = INSTALL_AND_FAIL, .user_data = (uintptr_t)&number};

	begin(&doors[1]);
	int before = count_fds();
	CHECK_INT(call(DRM_IOCTL_MODE_ATOMIC, &args), -EINVAL);
	CHECK(number >= 0);
	check_fds(before);
	args.flags = INSTALL_AT;
	args.user_data = 0;
	CHECK_INT(call(DRM_IOCTL_MODE_ATOMIC, &args), -EFAULT);
	check_fds(before);
	end();
}

/* Two pages, of which the second cannot be touched. */
static uint8_t *edge(void)
{
	uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);

	CHECK(pages != MAP_FAILED);
	CHECK_INT(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	return pages;
}

/* To the last byte, for the lengths that are touched and those that are not. */
TEST(memory_to_its_last_byte)
{
	uint8_t *pages = edge(), *end = pages + PAGE, bytes[64], from[64];

	memset(from, 7, sizeof(from));
	for (unsigned length = 1; length <= sizeof(bytes); length++) {
		for (unsigned beyond = 0; beyond < length + 2; beyond++) {
			uint64_t address = (uintptr_t)end - length + beyond;
			int want = beyond ? -EFAULT : 0;

			memset(pages, 1, PAGE);
			memset(bytes, 0, sizeof(bytes));
			CHECK_INT(preload_memory_read(bytes, address, length), want);
			CHECK(want || bytes[length - 1] == 1);
			CHECK_INT(preload_memory_write(address, from, length), want);
			CHECK(want || !memcmp(end - length, from, length));
			CHECK_INT(pages[PAGE - 1 - length], 1);
		}
	}
	CHECK_INT(mprotect(pages, PAGE, PROT_READ), 0);
	for (unsigned length = 1; length <= sizeof(bytes); length++) {
		CHECK_INT(preload_memory_read(bytes, (uintptr_t)pages, length), 0);
		CHECK_INT(preload_memory_write((uintptr_t)pages, from, length), -EFAULT);
	}
	/* The kernel's half, and round the end. */
	CHECK_INT(preload_memory_read(bytes, 1ull << 63, 16), -EFAULT);
	CHECK_INT(preload_memory_read(bytes, -8ull, 16), -EFAULT);
	CHECK_INT(preload_memory_write(-8ull, bytes, 16), -EFAULT);
	munmap(pages, 2 * PAGE);
}

/* In process such memory is a crash, as in any call. */
TEST(memory_that_cannot_be_touched)
{
	uint8_t *pages = edge();
	uint64_t bad = (uintptr_t)(pages + PAGE);
	struct list list;

	begin(&doors[1]);
	list_init(&list, 3, 4);
	list.objects[1].relocs_ptr = bad - 2 * sizeof(list.relocs[0]);
	CHECK_INT(call(DRM_IOCTL_I915_GEM_EXECBUFFER2, &list.args), -EFAULT);
	list.objects[1].relocation_count = 2;
	CHECK(call(DRM_IOCTL_I915_GEM_EXECBUFFER2, &list.args) > 0);
	list.args.buffers_ptr = bad;
	CHECK_INT(call(DRM_IOCTL_I915_GEM_EXECBUFFER2, &list.args), -EFAULT);
	list.args.buffer_count = 0;
	list.args.cliprects_ptr = bad;
	CHECK_INT(call(DRM_IOCTL_I915_GEM_EXECBUFFER2, &list.args), 0);
	list.args.flags = I915_EXEC_USE_EXTENSIONS;
	CHECK_INT(call(DRM_IOCTL_I915_GEM_EXECBUFFER2, &list.args), -EFAULT);
	list_finish(&list);

	struct drm_mode_atomic args = {.flags = SUM_BYTES, .reserved = 100, .user_data = bad - 99};
	CHECK_INT(call(DRM_IOCTL_MODE_ATOMIC, &args), -EFAULT);
	args.user_data--;
	CHECK_INT(call(DRM_IOCTL_MODE_ATOMIC, &args), 0);
	args.flags = FILL_BYTES;
	CHECK_INT(mprotect(pages, PAGE, PROT_READ), 0);
	CHECK_INT(call(DRM_IOCTL_MODE_ATOMIC, &args), -EFAULT);
	munmap(pages, 2 * PAGE);
	end();
}

/* An exec list whose relocations cannot be written back. */
TEST(relocations_in_read_only_memory)
{
	uint8_t *pages = edge();
	struct list list;

	begin(&doors[1]);
	list_init(&list, 2, 4);
	memcpy(pages, list.relocs, 4 * sizeof(list.relocs[0]));
	CHECK_INT(mprotect(pages, PAGE, PROT_READ), 0);
	list.objects[0].relocs_ptr = (uintptr_t)pages;
	CHECK_INT(call(DRM_IOCTL_I915_GEM_EXECBUFFER2, &list.args), -EFAULT);
	/* Nothing to write: all is where it was said to be. */
	CHECK_INT(mprotect(pages, PAGE, PROT_READ | PROT_WRITE), 0);
	for (int i = 0; i < 4; i++)
		((struct drm_i915_gem_relocation_entry *)pages)[i].presumed_offset = i * 2;
	CHECK_INT(mprotect(pages, PAGE, PROT_READ), 0);
	CHECK_INT(call(DRM_IOCTL_I915_GEM_EXECBUFFER2, &list.args), list.want);
	munmap(pages, 2 * PAGE);
	list_finish(&list);
	end();
}

static struct {
	sem_t has, go_on; /* it has a channel; it ends */
} holder;

static void *hold_channel(void *data)
{
	struct drm_mode_atomic atomic = {0};

	/* The driver's own word. */
	CHECK_INT(preload_wire_door.ioctl(world.fd, DRM_IOCTL_MODE_ATOMIC, &atomic), -EINVAL);
	sem_post(&holder.has);
	while (sem_wait(&holder.go_on) < 0)
		;
	return NULL;
}

static void *ask_without_channel(void *data)
{
	struct drm_mode_atomic atomic = {0};
	struct preload_node found;
	long *result = data;

	*result = preload_wire_door.ioctl(world.fd, DRM_IOCTL_MODE_ATOMIC, &atomic);
	CHECK_INT(preload_wire_door.open(NODE, O_RDWR), *result);
	CHECK_INT(preload_wire_door.stat_node(NODE, &found), *result);
	return NULL;
}

/* A program that has its share is told so by the call that wanted more. */
TEST(a_thread_that_gets_no_channel)
{
	static const struct vfs_share processes[] = {{16, 1, 1}, {1, 16, 16}};
	pthread_t first, second;
	long result;

	for (int i = 0; i < 2; i++) {
		begin(&doors[1]);
		wire_server_set_share(world.server, &processes[i]);
		sem_init(&holder.has, 0, 0);
		sem_init(&holder.go_on, 0, 0);
		CHECK_INT(pthread_create(&first, NULL, hold_channel, NULL), 0);
		while (sem_wait(&holder.has) < 0)
			;
		for (int times = 0; times < 3; times++) {
			CHECK_INT(pthread_create(&second, NULL, ask_without_channel, &result), 0);
			CHECK_INT(pthread_join(second, NULL), 0);
			CHECK_INT(result, i == 0 ? -EMFILE : -ENFILE);
		}
		sem_post(&holder.go_on);
		CHECK_INT(pthread_join(first, NULL), 0);
		end();
	}
}
