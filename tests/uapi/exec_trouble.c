/*
 * Bad batches by EXECBUFFER2, in an ordinary program whose card has a short
 * patience: what the guilty client learns, what others notice (nothing), and
 * what debugfs and sysfs tell.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "exec_list.h"
#include "gpu_packet.h"
#include "test.h"

#define DEBUGFS "/sys/kernel/debug/dri/0/"

static const char *text_of(const char *path)
{
	static char text[1 << 16];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	CHECK(fd >= 0);
	got = read(fd, text, sizeof(text) - 1);
	CHECK(got >= 0);
	text[got] = '\0';
	close(fd);
	return text;
}

static void write_to(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_INT(write(fd, "1", 1), 1);
	close(fd);
}

static struct drm_i915_reset_stats stats_of(int fd, uint32_t context)
{
	struct drm_i915_reset_stats stats = {.ctx_id = context};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GET_RESET_STATS, &stats), 0);
	return stats;
}

static void check_works(int fd)
{
	static uint32_t value;
	uint32_t target = exec_create(fd, 4096);
	struct list list;

	list_init(&list, fd, I915_EXEC_RENDER);
	unsigned index = list_add(&list, target, EXEC_OBJECT_WRITE);
	list_store(&list, index, 8, ++value);
	list_run(&list);
	CHECK_INT(exec_wait(fd, target, -1), 0);
	CHECK_INT(exec_read_dword(fd, target, 8), value);
	list_finish(&list);
	exec_close(fd, target);
}

/* A packet that there is not, in context; the batch is retired on return. */
static int run_bad(int fd, uint32_t context)
{
	struct list list;

	list_init(&list, fd, I915_EXEC_RENDER);
	list_dword(&list, 0x7a000000);
	list_close(&list);
	i915_execbuffer2_set_context_id(list.args, context);
	int ret = list_submit(&list), err = errno;
	if (ret == 0)
		CHECK_INT(exec_wait(fd, list.batch, -1), 0);
	list_finish(&list);
	errno = err;
	return ret;
}

TEST(three_faults_ban)
{
	int fd = exec_begin(), other = exec_open();
	uint32_t bad = exec_context(fd), good = exec_context(fd);
	unsigned before = stats_of(fd, bad).reset_count;

	write_to(DEBUGFS "i915_error_state");
	CHECK(strstr(text_of(DEBUGFS "i915_error_state"), "No error state collected"));
	for (unsigned i = 1; i <= 3; i++) {
		CHECK_INT(run_bad(fd, bad), 0);
		CHECK_INT(stats_of(fd, bad).batch_active, i);
		CHECK_INT(stats_of(fd, bad).batch_pending, 0);
		CHECK_INT(stats_of(fd, good).batch_active, 0);
		check_works(fd);
		check_works(other);
	}
	CHECK_ERRNO(run_bad(fd, bad), EIO);
	CHECK_INT(run_bad(fd, good), 0);
	/* Who is not root is not told of resets. */
	CHECK_INT(stats_of(fd, bad).reset_count - before, geteuid() == 0 ? 4 : 0);
	CHECK(strstr(text_of(DEBUGFS "i915_error_state"), "Cause: fault OPCODE\n"));
	CHECK(strstr(text_of("/sys/class/drm/card0/error"), "IPEHR: 0x7a000000\n"));
	write_to("/sys/class/drm/card0/error");
	CHECK(strstr(text_of("/sys/class/drm/card0/error"), "No error state collected"));
	close(other);
	exec_end(fd);
}

/* An endless batch: by time, and by a write to i915_wedged. */
TEST(hang)
{
	int fd = exec_begin(), other = exec_open();

	for (unsigned i = 1; i <= 2; i++) {
		struct list spin;

		spin_init(&spin, fd, I915_EXEC_RENDER, 1);
		list_run(&spin);
		CHECK(exec_busy(fd, spin.batch));
		check_works(other);
		CHECK(strstr(text_of(DEBUGFS "i915_engine_info"), "Active "));
		if (i == 1)
			write_to(DEBUGFS "i915_wedged");
		CHECK_INT(exec_wait(fd, spin.batch, 20000000000ll), 0);
		CHECK(!exec_busy(fd, spin.batch));
		CHECK_INT(stats_of(fd, 0).batch_active, i);
		list_finish(&spin);
		check_works(fd);
	}
	CHECK(strstr(text_of(DEBUGFS "i915_error_state"), "Cause: hang"));
	CHECK(!strcmp(text_of(DEBUGFS "i915_wedged"), "0\n"));
	write_to(DEBUGFS "i915_gem_drop_caches");
	close(other);
	exec_end(fd);
}
