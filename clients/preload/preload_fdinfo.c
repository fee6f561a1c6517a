#include "preload_fdinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload_door.h"
#include "preload_path.h"
#include "preload_real.h"

enum { TEXT_MAX = 4096 };

/* The descriptor that the path is about, or -1. */
static int parse(int dirfd, const char *path)
{
	char folder[PATH_MAX + 16];

	if (!path)
		return -1;
	if (path[0] == '/')
		return preload_path_parse_fdinfo(path);
	/* The way of tools that walk the folder; they walk those of others too. */
	if (!preload_fd_device_seen() || dirfd == AT_FDCWD || path[0] < '0' || path[0] > '9' || strlen(path) > 10)
		return -1;
	snprintf(folder, sizeof(folder), "/proc/self/fd/%d", dirfd);
	ssize_t len = preload_real_readlinkat(AT_FDCWD, folder, folder, PATH_MAX);
	if (len < 0)
		return -1;
	folder[len] = '/';
	strcpy(folder + len + 1, path);
	return preload_path_parse_fdinfo(folder);
}

/* The kernel's lines of any file; those about sockets would show what it really is. */
static size_t machine_lines(int fd, char text[TEXT_MAX])
{
	static const char *const keys[] = {"pos:", "flags:", "mnt_id:", "ino:"};
	char path[48], all[TEXT_MAX];
	size_t used = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	int real = preload_real_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (real < 0)
		return 0;
	ssize_t got = preload_real_read(real, all, sizeof(all) - 1);
	close(real);
	all[got < 0 ? 0 : got] = '\0';
	for (const char *line = all; *line;) {
		size_t len = strcspn(line, "\n");

		len += line[len] == '\n';
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			if (strncmp(line, keys[i], strlen(keys[i])))
				continue;
			memcpy(text + used, line, len);
			used += len;
		}
		line += len;
	}
	return used;
}

static int make_file(const char *text, size_t size, int flags)
{
	int fd = memfd_create("fdinfo", MFD_ALLOW_SEALING | (flags & O_CLOEXEC ? MFD_CLOEXEC : 0));

	if (fd < 0)
		return -1;
	if (preload_real_write(fd, text, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static int open_text(int device, int driver, int flags)
{
	char text[2 * TEXT_MAX];

	if ((flags & O_ACCMODE) != O_RDONLY) {
		errno = EACCES;
		return -1;
	}
	size_t size = machine_lines(device, text);
	ssize_t got = preload_real_read(driver, text + size, TEXT_MAX);
	return make_file(text, size + (got > 0 ? got : 0), flags);
}

bool preload_fdinfo_open(int dirfd, const char *path, int flags, int *fd)
{
	const struct preload_door *door = preload_door_current();
	int saved_errno = errno;

	int device = parse(dirfd, path);
	int driver = device < 0 || !door->fdinfo ? -1 : door->fdinfo(device);
	errno = saved_errno;
	if (driver < 0)
		return false;
	*fd = open_text(device, driver, flags);
	saved_errno = errno;
	close(driver);
	errno = saved_errno;
	return true;
}
