/*
 * What waits for what: BUSY, WAIT, THROTTLE, implicit order between files. One
 * source, run in process (preload_self.c) and in another process
 * (preload_client.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "exec_list.h"
#include "gpu_packet.h"
#include "test.h"

enum { PAGE = 4096, LATER_MS = 60 };

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

struct ring_row {
	const char *name;
	uint64_t ring;
	uint32_t class;
};

static const struct ring_row rings[] = {
	{"render", I915_EXEC_RENDER, 0},
	{"blitter", I915_EXEC_BLT, 1},
};

TEST_ROWS(busy_and_wait, struct ring_row, rings)
{
	int fd = exec_begin();
	uint32_t written = exec_create(fd, PAGE), read = exec_create(fd, PAGE);
	struct drm_i915_gem_busy busy = {.handle = written};
	struct drm_i915_gem_wait wait = {.bo_handle = written, .timeout_ns = 20000000};
	struct list list;

	spin_init(&list, fd, row->ring, 1);
	list_store(&list, list_add(&list, written, EXEC_OBJECT_WRITE), 0, 5);
	list_add(&list, read, 0);
	list_run(&list);
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_BUSY, &busy), 0);
	CHECK_INT(busy.busy, 1u << row->class << 16 | (row->class + 1));
	busy.handle = read;
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_BUSY, &busy), 0);
	CHECK_INT(busy.busy, 1u << row->class << 16);
	CHECK_ERRNO(exec_wait(fd, written, 0), ETIME);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GEM_WAIT, &wait), ETIME);
	CHECK_INT(wait.timeout_ns, 0);
	spin_end(&list);
	wait.timeout_ns = 10000000000;
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_WAIT, &wait), 0);
	CHECK(wait.timeout_ns > 0);
	CHECK(!exec_busy(fd, written) && !exec_busy(fd, read));
	CHECK_INT(exec_read_dword(fd, written, 0), 5);
	list_finish(&list);
	exec_end(fd);
}

/* Reading does not wait for readers; writing does, and set_domain is no other. */
TEST(domains_wait_as_they_should)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, PAGE);
	struct drm_i915_gem_set_domain read = {handle, I915_GEM_DOMAIN_GTT, 0},
		write = {handle, I915_GEM_DOMAIN_GTT, I915_GEM_DOMAIN_GTT};
	struct list list;

	spin_init(&list, fd, 0, 1);
	list_add(&list, handle, 0);
	list_run(&list);
	CHECK_INT(exec_read_dword(fd, handle, 0), 0);
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_SET_DOMAIN, &read), 0);
	CHECK(exec_busy(fd, handle));
	spin_end_later(&list, LATER_MS);
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_SET_DOMAIN, &write), 0);
	CHECK(!exec_busy(fd, handle));
	spin_join(&list);
	list_finish(&list);
	exec_end(fd);
}

TEST(relocation_of_a_busy_object_waits)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, PAGE);
	struct drm_i915_gem_relocation_entry reloc = {.target_handle = handle, .delta = 3,
		.presumed_offset = UINT64_MAX};
	struct list spin, list;

	spin_init(&spin, fd, I915_EXEC_BLT, 1);
	list_add(&spin, handle, 0);
	list_run(&spin);
	list_init(&list, fd, I915_EXEC_RENDER);
	list_add(&list, handle, 0);
	list_close(&list);
	/* Nothing to be written: it is not waited for. */
	CHECK_INT(list_submit(&list), 0);
	CHECK(exec_busy(fd, handle));
	list.objects[0].relocation_count = 1;
	list.objects[0].relocs_ptr = (uintptr_t)&reloc;
	spin_end_later(&spin, LATER_MS);
	CHECK_INT(list_submit(&list), 0);
	CHECK(*(volatile uint32_t *)spin.spin == GPU_MI_NOOP);
	CHECK_INT(exec_read_dword(fd, handle, 0), list.objects[0].offset + 3);
	spin_join(&spin);
	list_finish(&spin);
	exec_end(fd);
}

/* Older than 20 ms: waited for. Younger: not. */
TEST(throttle)
{
	int fd = exec_begin(), other = exec_open();
	struct list list;

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_THROTTLE, NULL), 0);
	spin_init(&list, fd, 0, 1);
	list_run(&list);
	int64_t start = now_ms();
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_THROTTLE, NULL), 0);
	/* On a machine that is so busy that the batch was old already, it hung. */
	if (now_ms() - start >= 1000)
		SKIP("too slow");
	CHECK(exec_busy(fd, list.batch));
	usleep(30000);
	/* Of another file it is none of our business. */
	CHECK_INT(ioctl(other, DRM_IOCTL_I915_GEM_THROTTLE, NULL), 0);
	CHECK(exec_busy(fd, list.batch));
	spin_end_later(&list, LATER_MS);
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_THROTTLE, NULL), 0);
	CHECK(!exec_busy(fd, list.batch));
	spin_join(&list);
	list_finish(&list);
	close(other);
	exec_end(fd);
}

/* ---- between files ---- */

static uint32_t share_by_name(int fd, uint32_t handle, int other)
{
	struct drm_gem_flink flink = {.handle = handle};

	CHECK_INT(ioctl(fd, DRM_IOCTL_GEM_FLINK, &flink), 0);
	struct drm_gem_open args = {.name = flink.name};
	CHECK_INT(ioctl(other, DRM_IOCTL_GEM_OPEN, &args), 0);
	return args.handle;
}

static uint32_t share_by_prime(int fd, uint32_t handle, int other)
{
	struct drm_prime_handle args = {.handle = handle, .flags = O_CLOEXEC | O_RDWR};

	CHECK_INT(ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args), 0);
	args.handle = 0;
	CHECK_INT(ioctl(other, DRM_IOCTL_PRIME_FD_TO_HANDLE, &args), 0);
	close(args.fd);
	return args.handle;
}

struct share_row {
	const char *name;
	uint32_t (*share)(int fd, uint32_t handle, int other);
	uint64_t flags; /* of the other file's use */
	bool waits;
};

static const struct share_row shares[] = {
	{"by name", share_by_name, 0, true},
	{"by PRIME", share_by_prime, 0, true},
	{"by name, asynchronous", share_by_name, EXEC_OBJECT_ASYNC, false},
};

/*
 * One file's batch writes 1 and then 2 (the second after a while), the other's,
 * on the other ring, copies: what it gets is the 2, unless it did not want to wait.
 */
TEST_ROWS(order_between_files, struct share_row, shares)
{
	enum { WIDTH = 16, HEIGHT = 16 };
	static uint32_t got[WIDTH * HEIGHT];
	int fd = exec_begin(), other = exec_open();
	struct picture from = picture_create(fd, WIDTH, HEIGHT, 0), seen = from;
	struct picture to = picture_create(other, WIDTH, HEIGHT, 0);
	struct list spin, list;

	seen.handle = row->share(fd, from.handle, other);
	picture_fill(fd, &from, 3);
	spin_init(&spin, fd, I915_EXEC_RENDER, 1);
	list_fill(&spin, list_add_picture(&spin, &from, true), from.pitch, 0, 0, WIDTH, HEIGHT, 2);
	list_run(&spin);
	list_init(&list, other, I915_EXEC_BLT);
	unsigned target = list_add_picture(&list, &to, true);
	unsigned source = list_add(&list, seen.handle, row->flags);
	list_copy(&list, target, to.pitch, 0, 0, WIDTH, HEIGHT, source, seen.pitch, 0, 0);
	list_run(&list);
	if (row->waits) {
		CHECK_ERRNO(exec_wait(other, to.handle, 20000000), ETIME);
		spin_end(&spin);
		CHECK_INT(exec_wait(other, to.handle, -1), 0);
	} else {
		CHECK_INT(exec_wait(other, to.handle, -1), 0);
		CHECK(exec_busy(fd, spin.batch));
		spin_end(&spin);
	}
	picture_get(other, &to, got);
	for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
		CHECK_INT(got[i], row->waits ? 2 : picture_pixel(3, i % WIDTH, i / WIDTH));
	CHECK_INT(exec_wait(fd, spin.batch, -1), 0);
	list_finish(&spin);
	close(other);
	exec_end(fd);
}

/* Within a context: in the order of submission, though nothing is shared. */
TEST(order_within_a_context)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, PAGE), free_one = exec_create(fd, PAGE);
	struct list spin, list, other;

	spin_init(&spin, fd, 0, 1);
	list_run(&spin);
	list_init(&list, fd, 0);
	list_store(&list, list_add(&list, handle, 0), 0, 1);
	list_run(&list);
	/* Another context has another order; an engine is free if there are two. */
	list_init(&other, fd, I915_EXEC_BLT);
	other.args.rsvd1 = exec_context(fd);
	list_store(&other, list_add(&other, free_one, 0), 0, 1);
	list_run(&other);
	CHECK_INT(exec_wait(fd, free_one, -1), 0);
	CHECK_ERRNO(exec_wait(fd, handle, 20000000), ETIME);
	spin_end(&spin);
	CHECK_INT(exec_wait(fd, handle, -1), 0);
	CHECK_INT(exec_read_dword(fd, handle, 0), 1);
	CHECK(!exec_busy(fd, spin.batch));
	list_finish(&spin);
	exec_end(fd);
}

/* The file goes while its batches wait: they are executed, nobody else is hurt. */
TEST(close_with_work_under_way)
{
	int fd = exec_begin(), other = exec_open();
	uint32_t handle = exec_create(fd, PAGE);
	struct list spin, list;

	spin_init(&spin, fd, 0, 1);
	list_add(&spin, handle, EXEC_OBJECT_WRITE);
	list_run(&spin);
	list_init(&list, other, 0);
	list_store(&list, list_add(&list, share_by_name(fd, handle, other), 0), 8, 42);
	list_run(&list);
	uint32_t mine = share_by_name(other, list.objects[0].handle, fd);
	close(other);
	spin_end(&spin);
	CHECK_INT(exec_wait(fd, mine, -1), 0);
	CHECK_INT(exec_read_dword(fd, handle, 8), 42);
	list_finish(&spin);
	exec_end(fd);
}
