/* stat, statx, access and statfs families. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "preload_node.h"
#include "preload_path.h"
#include "preload_real.h"
#include "preload_symbols.h"

_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "one layout for both");
_Static_assert(sizeof(struct statfs) == sizeof(struct statfs64), "one layout for both");

/* No file system of the machine: those count from the low end. */
enum { DEBUGFS_MINOR = 0xfff00 };

/*
 * debugfs is a mount of its own, and programs that look for it compare it with
 * the folder above (intel-gpu-tools mount it otherwise). name: as the program
 * sees it.
 */
static void fill_mount(const char *name, struct stat *st)
{
	static const char mount_point[] = "/sys/kernel/debug";
	size_t len = sizeof(mount_point) - 1;

	if (!strncmp(name, mount_point, len) && (name[len] == '\0' || name[len] == '/') &&
	    !strstr(name, "/.."))
		st->st_dev = makedev(0, DEBUGFS_MINOR);
}

static int stat_fd(int fd, struct stat *st)
{
	struct preload_node node;
	char name[PATH_MAX];

	if (preload_real_fstat(fd, st) < 0)
		return -1;
	if (S_ISSOCK(st->st_mode) && preload_node_of_fd(fd, &node)) {
		preload_node_placeholder_stat(&node, st);
		preload_node_fill_stat(&node, st);
	} else if (preload_node_of_placeholder(fd, st, &node)) {
		preload_node_fill_stat(&node, st);
	} else if (S_ISDIR(st->st_mode) && preload_path_of_fd(fd, name)) {
		fill_mount(name, st);
	}
	return 0;
}

static int stat_at(int dirfd, const char *path, struct stat *st, int flags)
{
	bool follow = !(flags & AT_SYMLINK_NOFOLLOW);
	struct preload_path at;

	if ((flags & AT_EMPTY_PATH) && path && path[0] == '\0' && dirfd != AT_FDCWD)
		return stat_fd(dirfd, st);
	switch (preload_path_resolve(dirfd, path, follow, &at)) {
	case PRELOAD_NODE:
		if (preload_real_fstatat(AT_FDCWD, at.path, st, flags) < 0)
			return -1;
		preload_node_fill_stat(&at.node, st);
		return 0;
	case PRELOAD_TREE:
		if (preload_real_fstatat(AT_FDCWD, at.path, st, flags) < 0)
			return -1;
		fill_mount(at.name, st);
		return 0;
	case PRELOAD_PASS:
		break;
	}
	if (preload_real_fstatat(dirfd, path, st, flags) < 0)
		return -1;
	/* "/proc/self/fd/N" of a device file */
	if (S_ISSOCK(st->st_mode) && follow && path[0] == '/') {
		int fd = preload_path_parse_fd(path);

		if (fd >= 0)
			return stat_fd(fd, st);
	}
	return 0;
}

PRELOAD_EXPORT int stat(const char *path, struct stat *st)
{
	return stat_at(AT_FDCWD, path, st, 0);
}

PRELOAD_EXPORT int stat64(const char *path, struct stat64 *st)
{
	return stat_at(AT_FDCWD, path, (struct stat *)st, 0);
}

PRELOAD_EXPORT int lstat(const char *path, struct stat *st)
{
	return stat_at(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

PRELOAD_EXPORT int lstat64(const char *path, struct stat64 *st)
{
	return stat_at(AT_FDCWD, path, (struct stat *)st, AT_SYMLINK_NOFOLLOW);
}

PRELOAD_EXPORT int fstat(int fd, struct stat *st)
{
	return stat_fd(fd, st);
}

PRELOAD_EXPORT int fstat64(int fd, struct stat64 *st)
{
	return stat_fd(fd, (struct stat *)st);
}

PRELOAD_EXPORT int fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	return stat_at(dirfd, path, st, flags);
}

PRELOAD_EXPORT int fstatat64(int dirfd, const char *path, struct stat64 *st, int flags)
{
	return stat_at(dirfd, path, (struct stat *)st, flags);
}

/* Binaries from before glibc 2.33. Version: always the kernel's layout on 64-bit machines. */
PRELOAD_EXPORT int __xstat(int version, const char *path, struct stat *st)
{
	return stat_at(AT_FDCWD, path, st, 0);
}

PRELOAD_EXPORT int __xstat64(int version, const char *path, struct stat64 *st)
{
	return stat_at(AT_FDCWD, path, (struct stat *)st, 0);
}

PRELOAD_EXPORT int __lxstat(int version, const char *path, struct stat *st)
{
	return stat_at(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

PRELOAD_EXPORT int __lxstat64(int version, const char *path, struct stat64 *st)
{
	return stat_at(AT_FDCWD, path, (struct stat *)st, AT_SYMLINK_NOFOLLOW);
}

PRELOAD_EXPORT int __fxstat(int version, int fd, struct stat *st)
{
	return stat_fd(fd, st);
}

PRELOAD_EXPORT int __fxstat64(int version, int fd, struct stat64 *st)
{
	return stat_fd(fd, (struct stat *)st);
}

PRELOAD_EXPORT int __fxstatat(int version, int dirfd, const char *path, struct stat *st, int flags)
{
	return stat_at(dirfd, path, st, flags);
}

PRELOAD_EXPORT int __fxstatat64(int version, int dirfd, const char *path, struct stat64 *st,
	int flags)
{
	return stat_at(dirfd, path, (struct stat *)st, flags);
}

static int statx_fd(int fd, int flags, unsigned int mask, struct statx *stx)
{
	struct preload_node node;
	struct stat st;

	if (preload_real_statx(fd, "", flags, mask, stx) < 0)
		return -1;
	memset(&st, 0, sizeof(st));
	st.st_mode = stx->stx_mode;
	st.st_size = stx->stx_size;
	if ((S_ISSOCK(st.st_mode) && preload_node_of_fd(fd, &node)) ||
	    preload_node_of_placeholder(fd, &st, &node))
		preload_node_fill_statx(&node, stx);
	return 0;
}

PRELOAD_EXPORT int statx(int dirfd, const char *path, int flags, unsigned int mask,
	struct statx *stx)
{
	struct preload_path at;

	if ((flags & AT_EMPTY_PATH) && path && path[0] == '\0' && dirfd != AT_FDCWD)
		return statx_fd(dirfd, flags, mask, stx);
	switch (preload_path_resolve(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), &at)) {
	case PRELOAD_NODE:
		if (preload_real_statx(AT_FDCWD, at.path, flags, mask, stx) < 0)
			return -1;
		preload_node_fill_statx(&at.node, stx);
		return 0;
	case PRELOAD_TREE:
		return preload_real_statx(AT_FDCWD, at.path, flags, mask, stx);
	case PRELOAD_PASS:
		break;
	}
	return preload_real_statx(dirfd, path, flags, mask, stx);
}

static int access_at(int dirfd, const char *path, int mode, int flags)
{
	struct preload_path at;
	int ret;

	switch (preload_path_resolve(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), &at)) {
	case PRELOAD_NODE:
		ret = preload_node_access(&at.node, mode, flags & AT_EACCESS);
		if (ret < 0)
			errno = -ret;
		return ret < 0 ? -1 : 0;
	case PRELOAD_TREE:
		return preload_real_faccessat(AT_FDCWD, at.path, mode, flags);
	case PRELOAD_PASS:
		break;
	}
	return preload_real_faccessat(dirfd, path, mode, flags);
}

PRELOAD_EXPORT int access(const char *path, int mode)
{
	return access_at(AT_FDCWD, path, mode, 0);
}

PRELOAD_EXPORT int faccessat(int dirfd, const char *path, int mode, int flags)
{
	return access_at(dirfd, path, mode, flags);
}

PRELOAD_EXPORT int euidaccess(const char *path, int mode)
{
	return access_at(AT_FDCWD, path, mode, AT_EACCESS);
}

PRELOAD_EXPORT int eaccess(const char *path, int mode)
{
	return access_at(AT_FDCWD, path, mode, AT_EACCESS);
}

/* libudev believes in a /sys only when it is a sysfs. */
static void fill_statfs(const char *name, struct statfs *st)
{
	if (!strcmp(name, "/sys") || !strncmp(name, "/sys/", 5))
		st->f_type = SYSFS_MAGIC;
}

static int statfs_path(const char *path, struct statfs *st)
{
	struct preload_path at;

	if (preload_path_resolve(AT_FDCWD, path, true, &at) == PRELOAD_PASS)
		return preload_real_statfs(path, st);
	if (preload_real_statfs(at.path, st) < 0)
		return -1;
	fill_statfs(at.name, st);
	return 0;
}

static int statfs_fd(int fd, struct statfs *st)
{
	char name[PATH_MAX];

	if (preload_real_fstatfs(fd, st) < 0)
		return -1;
	if (preload_path_of_fd(fd, name))
		fill_statfs(name, st);
	return 0;
}

PRELOAD_EXPORT int statfs(const char *path, struct statfs *st)
{
	return statfs_path(path, st);
}

PRELOAD_EXPORT int statfs64(const char *path, struct statfs64 *st)
{
	return statfs_path(path, (struct statfs *)st);
}

PRELOAD_EXPORT int fstatfs(int fd, struct statfs *st)
{
	return statfs_fd(fd, st);
}

PRELOAD_EXPORT int fstatfs64(int fd, struct statfs64 *st)
{
	return statfs_fd(fd, (struct statfs *)st);
}
