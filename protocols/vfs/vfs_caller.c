/* The in-process caller. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "vfs.h"

/*
 * No process has memory in the first page or above the user half. Other bad
 * addresses fault, as in any function call: checking costs a system call, and
 * this door is to be cheaper than one.
 */
#define USER_LOWEST 4096ull
#define USER_END (1ull << 47)

static bool plausible(uint64_t address, size_t len)
{
	return address >= USER_LOWEST && address < USER_END && len <= USER_END - address;
}

static int self_copy_from(struct vfs_caller *caller, void *dst, uint64_t src, size_t len)
{
	if (!plausible(src, len))
		return -EFAULT;
	memcpy(dst, (const void *)(uintptr_t)src, len);
	return 0;
}

static int self_copy_to(struct vfs_caller *caller, uint64_t dst, const void *src, size_t len)
{
	if (!plausible(dst, len))
		return -EFAULT;
	memcpy((void *)(uintptr_t)dst, src, len);
	return 0;
}

static int self_install_fd(struct vfs_caller *caller, int fd, bool cloexec)
{
	if (fcntl(fd, F_SETFD, cloexec ? FD_CLOEXEC : 0) < 0) {
		int ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

static int self_fetch_fd(struct vfs_caller *caller, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? -errno : copy;
}

static const struct vfs_caller_ops self_ops = {
	.copy_from = self_copy_from,
	.copy_to = self_copy_to,
	.install_fd = self_install_fd,
	.fetch_fd = self_fetch_fd,
};

void vfs_caller_init_self(struct vfs_caller *caller)
{
	*caller = (struct vfs_caller){
		.ops = &self_ops,
		.pid = getpid(),
		.uid = geteuid(),
		.gid = getegid(),
	};
}
