/*
 * Explicit fences of EXECBUFFER2: sync_files in and out, sync objects, timelines.
 * One source, run in process (preload_self.c) and in another process
 * (preload_client.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "exec_list.h"
#include "gpu_packet.h"
#include "test.h"

enum { PAGE = 4096, SOON_MS = 20 };

static int wr(struct list *list)
{
	return ioctl(list->fd, DRM_IOCTL_I915_GEM_EXECBUFFER2_WR, &list->args);
}

static bool readable(int fd, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, timeout_ms) == 1 && poll_fd.revents & POLLIN;
}

static uint32_t syncobj(int fd, uint32_t flags)
{
	struct drm_syncobj_create args = {.flags = flags};

	CHECK_INT(ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &args), 0);
	return args.handle;
}

static uint64_t query(int fd, uint32_t handle)
{
	uint64_t point = UINT64_MAX;
	struct drm_syncobj_timeline_array args = {.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point, .count_handles = 1};

	CHECK_INT(ioctl(fd, DRM_IOCTL_SYNCOBJ_QUERY, &args), 0);
	return point;
}

/* timeout_ns: absolute. */
static int syncobj_wait(int fd, uint32_t handle, int64_t timeout_ns)
{
	struct drm_syncobj_wait args = {.handles = (uintptr_t)&handle, .count_handles = 1,
		.timeout_nsec = timeout_ns};

	return ioctl(fd, DRM_IOCTL_SYNCOBJ_WAIT, &args);
}

/* Nothing shared, other rings and contexts: only the sync_file gives an order. */
TEST(sync_file_from_one_to_the_other)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, PAGE);
	struct list spin, list;

	spin_init(&spin, fd, I915_EXEC_RENDER | I915_EXEC_FENCE_OUT, 1);
	list_close(&spin);
	spin.args.rsvd2 = 0x1234;
	CHECK_INT(wr(&spin), 0);
	int out = spin.args.rsvd2 >> 32;
	CHECK_INT((uint32_t)spin.args.rsvd2, 0x1234);
	CHECK_INT(fcntl(out, F_GETFD), FD_CLOEXEC);
	CHECK(!readable(out, 0));
	list_init(&list, fd, I915_EXEC_BLT | I915_EXEC_FENCE_IN | I915_EXEC_FENCE_OUT);
	list_store(&list, list_add(&list, handle, 0), 0, 7);
	list_close(&list);
	list.args.rsvd1 = exec_context(fd);
	list.args.rsvd2 = out;
	CHECK_INT(wr(&list), 0);
	int second = list.args.rsvd2 >> 32;
	CHECK_INT((uint32_t)list.args.rsvd2, out);
	CHECK(!readable(second, SOON_MS));
	CHECK(exec_busy(fd, handle));
	/* The submit of it waits as well. */
	list.args.flags = I915_EXEC_BLT | I915_EXEC_FENCE_SUBMIT;
	list.args.rsvd2 = second;
	CHECK_INT(wr(&list), 0);
	spin_end(&spin);
	CHECK(readable(out, 2000) && readable(second, 2000));
	CHECK_INT(exec_wait(fd, handle, -1), 0);
	CHECK_INT(exec_read_dword(fd, handle, 0), 7);
	close(out);
	close(second);
	list_finish(&spin);
	exec_end(fd);
}

TEST(bad_sync_files)
{
	int fd = exec_begin(), pipes[2];
	uint32_t handle = exec_create(fd, PAGE);
	struct list list;

	CHECK_INT(pipe2(pipes, O_CLOEXEC), 0);
	const int bad[] = {-1, 12345, pipes[0], fd};
	list_init(&list, fd, I915_EXEC_FENCE_IN);
	list_store(&list, list_add(&list, handle, 0), 0, 7);
	list_close(&list);
	for (unsigned i = 0; i < 4; i++) {
		list.args.rsvd2 = (uint32_t)bad[i];
		CHECK_ERRNO(list_submit(&list), EINVAL);
	}
	list.args.flags |= I915_EXEC_FENCE_SUBMIT;
	CHECK_ERRNO(list_submit(&list), EINVAL);
	/* What fails leaves no descriptor behind; an open lets the device notice what is closed. */
	close(exec_open());
	int count = test_count_fds();
	list.args.flags = I915_EXEC_FENCE_OUT;
	list.args.buffer_count = 1;
	list.objects[0].handle = 9999;
	CHECK_ERRNO(wr(&list), ENOENT);
	list.objects[0] = (struct drm_i915_gem_exec_object2){.handle = handle,
		.flags = EXEC_OBJECT_WRITE};
	CHECK_ERRNO(wr(&list), EINVAL);
	close(exec_open());
	CHECK_INT(test_count_fds(), count);
	CHECK_INT(exec_read_dword(fd, handle, 0), 0);
	close(pipes[0]);
	close(pipes[1]);
	exec_end(fd);
}

TEST(fence_array)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, PAGE), first = syncobj(fd, 0), second = syncobj(fd, 0);
	struct drm_i915_gem_exec_fence fences[2] = {{first, I915_EXEC_FENCE_SIGNAL}};
	struct list spin, list;

	spin_init(&spin, fd, I915_EXEC_FENCE_ARRAY, 1);
	spin.args.cliprects_ptr = (uintptr_t)fences;
	spin.args.num_cliprects = 1;
	list_run(&spin);
	CHECK_ERRNO(syncobj_wait(fd, first, 0), ETIME);
	fences[0].flags = I915_EXEC_FENCE_WAIT;
	fences[1] = (struct drm_i915_gem_exec_fence){second, I915_EXEC_FENCE_SIGNAL};
	list_init(&list, fd, I915_EXEC_BLT | I915_EXEC_FENCE_ARRAY);
	list_store(&list, list_add(&list, handle, 0), 0, 7);
	list.args.cliprects_ptr = (uintptr_t)fences;
	list.args.num_cliprects = 2;
	list_run(&list);
	CHECK_ERRNO(exec_wait(fd, handle, SOON_MS * 1000000), ETIME);
	CHECK_ERRNO(syncobj_wait(fd, second, 0), ETIME);
	spin_end(&spin);
	CHECK_INT(syncobj_wait(fd, second, INT64_MAX), 0);
	CHECK_INT(syncobj_wait(fd, first, 0), 0);
	CHECK_INT(exec_read_dword(fd, handle, 0), 7);
	list_finish(&spin);
	exec_end(fd);
}

struct bad_row {
	const char *name;
	int want;
	uint32_t flags; /* of the fence */
	uint32_t handle; /* unless 0: else an empty sync object */
	bool nowhere;
};

static const struct bad_row bad_rows[] = {
	{"unknown flag", EINVAL, 1u << 2},
	{"no such object", ENOENT, I915_EXEC_FENCE_SIGNAL, 9999},
	{"empty", EINVAL, I915_EXEC_FENCE_WAIT},
	{"array nowhere", EFAULT, I915_EXEC_FENCE_SIGNAL, 0, true},
};

TEST_ROWS(bad_fence, struct bad_row, bad_rows)
{
	int fd = exec_begin();
	uint32_t good = syncobj(fd, 0);
	struct drm_i915_gem_exec_fence fences[2] = {{good, I915_EXEC_FENCE_SIGNAL},
		{row->handle ? row->handle : syncobj(fd, 0), row->flags}};
	uint64_t points[2] = {0, 0};
	struct drm_i915_gem_execbuffer_ext_timeline_fences link = {.fence_count = 2,
		.handles_ptr = row->nowhere ? 8 : (uintptr_t)fences,
		.values_ptr = (uintptr_t)points};
	struct list list;

	list_init(&list, fd, I915_EXEC_FENCE_ARRAY);
	list_close(&list);
	list.args.cliprects_ptr = link.handles_ptr;
	list.args.num_cliprects = 2;
	CHECK_ERRNO(list_submit(&list), row->want);
	list.args.flags = I915_EXEC_USE_EXTENSIONS;
	list.args.cliprects_ptr = (uintptr_t)&link;
	list.args.num_cliprects = 0;
	CHECK_ERRNO(list_submit(&list), row->want);
	/* The first of them has got no fence. */
	CHECK_ERRNO(syncobj_wait(fd, good, 0), EINVAL);
	CHECK(!exec_busy(fd, list.batch));
	exec_end(fd);
}

TEST(timelines)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, PAGE), line = syncobj(fd, 0), done = syncobj(fd, 0);
	struct drm_i915_gem_exec_fence fences[2] = {{line, I915_EXEC_FENCE_SIGNAL}};
	uint64_t points[2] = {5, 0};
	struct drm_i915_gem_execbuffer_ext_timeline_fences link = {.fence_count = 1,
		.handles_ptr = (uintptr_t)fences, .values_ptr = (uintptr_t)points};
	struct list spin, list;

	spin_init(&spin, fd, I915_EXEC_USE_EXTENSIONS, 1);
	spin.args.cliprects_ptr = (uintptr_t)&link;
	list_run(&spin);
	CHECK_INT(query(fd, line), 0);
	list_init(&list, fd, I915_EXEC_BLT | I915_EXEC_USE_EXTENSIONS);
	list.args.cliprects_ptr = (uintptr_t)&link;
	list_store(&list, list_add(&list, handle, 0), 0, 7);
	list_close(&list);
	/* A point that nobody has promised; one that is waited for and signalled at once. */
	fences[0].flags = I915_EXEC_FENCE_WAIT;
	points[0] = 6;
	CHECK_ERRNO(list_submit(&list), EINVAL);
	fences[0].flags = I915_EXEC_FENCE_WAIT | I915_EXEC_FENCE_SIGNAL;
	CHECK_ERRNO(list_submit(&list), EINVAL);
	fences[0].flags = I915_EXEC_FENCE_WAIT;
	points[0] = 4; /* reached with 5 */
	fences[1] = (struct drm_i915_gem_exec_fence){done, I915_EXEC_FENCE_SIGNAL};
	points[1] = 9;
	link.fence_count = 2;
	CHECK_INT(list_submit(&list), 0);
	CHECK_ERRNO(exec_wait(fd, handle, SOON_MS * 1000000), ETIME);
	CHECK_INT(query(fd, done), 0);
	spin_end(&spin);
	CHECK_INT(exec_wait(fd, handle, -1), 0);
	CHECK_INT(query(fd, line), 5);
	CHECK_INT(query(fd, done), 9);
	CHECK_INT(exec_read_dword(fd, handle, 0), 7);
	list_finish(&spin);
	exec_end(fd);
}

TEST(extensions_and_array_at_once)
{
	int fd = exec_begin();
	struct i915_user_extension unknown = {.name = 99};
	struct list list;

	list_init(&list, fd, I915_EXEC_USE_EXTENSIONS);
	list_close(&list);
	CHECK_INT(list_submit(&list), 0);
	list.args.cliprects_ptr = (uintptr_t)&unknown;
	CHECK_ERRNO(list_submit(&list), EINVAL);
	list.args.cliprects_ptr = 0;
	list.args.num_cliprects = 1;
	CHECK_ERRNO(list_submit(&list), EINVAL);
	list.args.num_cliprects = 0;
	list.args.flags |= I915_EXEC_FENCE_ARRAY;
	CHECK_ERRNO(list_submit(&list), EINVAL);
	exec_end(fd);
}
