#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform_internal.h"
#include "wire.h"

static int make_private(struct platform *platform)
{
	const char *base = getenv("XDG_RUNTIME_DIR");

	/* Some hundred small files: memory is faster than a disk. */
	if (!base || base[0] != '/')
		base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
	if (snprintf(platform->dir, sizeof(platform->dir), "%s/testcard-XXXXXX", base) >=
			(int)sizeof(platform->dir))
		return -ENAMETOOLONG;
	/* mkdtemp makes it 0700. */
	if (!mkdtemp(platform->dir))
		return -errno;
	platform->owns_dir = true;
	return 0;
}

/* Clients get the path in TESTCARD_DIR and have working directories of their own. */
static int make_named(struct platform *platform, const char *dir)
{
	char *full;

	if (mkdir(dir, 0700) == 0)
		platform->owns_dir = true;
	else if (errno != EEXIST)
		return -errno;
	full = realpath(dir, NULL);
	int ret = full ? 0 : -errno;
	if (full && snprintf(platform->dir, sizeof(platform->dir), "%s", full) >=
			(int)sizeof(platform->dir))
		ret = -ENAMETOOLONG;
	free(full);
	if (ret < 0 && platform->owns_dir)
		rmdir(dir);
	return ret;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

/* Names that only a platform makes; the folder's other content is not ours. */
static void remove_stale(const struct platform *platform)
{
	static const char *const sockets[] = {WIRE_SOCKET_NAME, CONTROL_SOCKET_NAME,
		SEAT_SOCKET_NAME, SEAT_ACK_SOCKET_NAME};
	char path[sizeof(platform->dir) + 32];

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(sockets); i++) {
		struct stat st;
		if (fstatat(platform->dir_fd, sockets[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
				S_ISSOCK(st.st_mode))
			unlinkat(platform->dir_fd, sockets[i], 0);
	}
	snprintf(path, sizeof(path), "%s/" WIRE_TREE_NAME, platform->dir);
	if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT)
		gem_warn("platform", "%s: %s", path, strerror(errno));
}

int platform_dir_open(struct platform *platform, const char *dir)
{
	int ret = dir ? make_named(platform, dir) : make_private(platform);

	if (ret < 0)
		return ret;
	platform->dir_fd = open(platform->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (platform->dir_fd < 0) {
		ret = -errno;
		goto remove_dir;
	}
	/* A lock ends with its process, however that ended. */
	if (flock(platform->dir_fd, LOCK_EX | LOCK_NB) < 0) {
		ret = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
		goto close_dir;
	}
	remove_stale(platform);
	return 0;

close_dir:
	close(platform->dir_fd);
remove_dir:
	if (platform->owns_dir)
		rmdir(platform->dir);
	return ret;
}

void platform_dir_close(struct platform *platform)
{
	if (platform->owns_dir && rmdir(platform->dir) < 0)
		gem_warn("platform", "%s stays: %s", platform->dir, strerror(errno));
	close(platform->dir_fd);
}
