/* open and its family, fopen, chdir, inotify_add_watch. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "preload_door.h"
#include "preload_fdinfo.h"
#include "preload_node.h"
#include "preload_path.h"
#include "preload_read.h"
#include "preload_real.h"
#include "preload_symbols.h"

static int fail(int error)
{
	errno = error;
	return -1;
}

static int open_node(const struct preload_node *node, int flags)
{
	int fd;

	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return fail(EEXIST);
	if (flags & O_DIRECTORY)
		return fail(ENOTDIR);
	fd = preload_door_current()->open(node->path, flags);
	if (fd < 0)
		return fail(-fd);
	preload_fd_note_device();
	return fd;
}

/*
 * "/proc/self/fd/N" of a device file: a new file of the same node, which is
 * what the kernel makes of it. The machine's own open says ENXIO (a socket).
 */
static int open_again(const char *path, int flags)
{
	int fd = path[0] == '/' ? preload_path_parse_fd(path) : -1;
	struct preload_node node;

	if (fd < 0 || !preload_node_of_fd(fd, &node) || preload_node_is_anonymous(&node))
		return fail(ENXIO);
	return open_node(&node, flags);
}

/* The tree is the device's word, not a place to keep things. */
static int refuse_write(const struct preload_path *at, int flags)
{
	if (!(flags & O_CREAT) && preload_real_faccessat(AT_FDCWD, at->path, F_OK, 0) < 0)
		return -1;
	return fail(EACCES);
}

/* The door renders the text; -1 and errno as of open(2). */
static int open_text(const char *name, int flags)
{
	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return fail(EEXIST);
	int fd = preload_door_current()->open(name, flags);
	if (fd < 0)
		return fail(-fd);
	preload_fd_note_device(); /* some have a driver behind them */
	return fd;
}

static int open_tree(const struct preload_path *at, int flags, mode_t mode)
{
	char name[PATH_MAX];

	if (flags & O_PATH)
		return preload_real_openat(AT_FDCWD, at->path, flags, mode);
	if (preload_path_text(at, name))
		return open_text(name, flags);
	if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT))
		return refuse_write(at, flags);
	return preload_real_openat(AT_FDCWD, at->path, flags, mode);
}

static int open_passed(int dirfd, const char *path, int flags, mode_t mode)
{
	int fd;

	if (preload_fdinfo_open(dirfd, path, flags, &fd))
		return fd;
	fd = preload_real_openat(dirfd, path, flags, mode);
	return fd < 0 && errno == ENXIO ? open_again(path, flags) : fd;
}

static int open_at(int dirfd, const char *path, int flags, mode_t mode)
{
	struct preload_path at;

	switch (preload_path_resolve(dirfd, path, !(flags & O_NOFOLLOW), &at)) {
	case PRELOAD_NODE:
		if (!(flags & O_PATH))
			return open_node(&at.node, flags);
		break;
	case PRELOAD_TREE:
		return open_tree(&at, flags, mode);
	case PRELOAD_PASS:
		return open_passed(dirfd, path, flags, mode);
	}
	return preload_real_openat(AT_FDCWD, at.path, flags, mode);
}

/* The mode is there only when the flags say so. */
#define TAKE_MODE(flags, mode)                                          \
	do {                                                            \
		if (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE) { \
			va_list args_;                                  \
			va_start(args_, flags);                         \
			mode = va_arg(args_, mode_t);                   \
			va_end(args_);                                  \
		}                                                       \
	} while (0)

PRELOAD_EXPORT int open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(flags, mode);
	return open_at(AT_FDCWD, path, flags, mode);
}

PRELOAD_EXPORT int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(flags, mode);
	return open_at(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

PRELOAD_EXPORT int openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(flags, mode);
	return open_at(dirfd, path, flags, mode);
}

PRELOAD_EXPORT int openat64(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(flags, mode);
	return open_at(dirfd, path, flags | O_LARGEFILE, mode);
}

PRELOAD_EXPORT int __open_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags, 0);
}

PRELOAD_EXPORT int __open64_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags | O_LARGEFILE, 0);
}

PRELOAD_EXPORT int __openat_2(int dirfd, const char *path, int flags)
{
	return open_at(dirfd, path, flags, 0);
}

PRELOAD_EXPORT int __openat64_2(int dirfd, const char *path, int flags)
{
	return open_at(dirfd, path, flags | O_LARGEFILE, 0);
}

PRELOAD_EXPORT int creat(const char *path, mode_t mode)
{
	return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

PRELOAD_EXPORT int creat64(const char *path, mode_t mode)
{
	return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC | O_LARGEFILE, mode);
}

/* The mode's flags that the door has to know. */
static int stream_flags(const char *mode)
{
	int flags = strchr(mode, '+') ? O_RDWR : mode[0] == 'r' ? O_RDONLY : O_WRONLY;

	return flags | (strchr(mode, 'e') ? O_CLOEXEC : 0);
}

/* A stream on fd, which may be -1. */
static FILE *make_stream(int fd, const char *mode)
{
	FILE *stream;

	if (fd < 0)
		return NULL;
	stream = fdopen(fd, mode);
	if (!stream)
		close(fd);
	return stream;
}

static ssize_t writer_write(void *cookie, const char *text, size_t size)
{
	ssize_t ret = preload_write_any((int)(intptr_t)cookie, text, size);

	return ret < 0 ? 0 : ret; /* 0 is a stream's error */
}

static int writer_close(void *cookie)
{
	return close((int)(intptr_t)cookie);
}

/*
 * A stream that writes to a driver: through our write, which the C library's own streams
 * pass by. fileno has nothing to say of it.
 */
static FILE *make_writer(int fd)
{
	const cookie_io_functions_t functions = {.write = writer_write, .close = writer_close};
	FILE *stream;

	if (fd < 0)
		return NULL;
	stream = fopencookie((void *)(intptr_t)fd, "w", functions);
	if (!stream)
		close(fd);
	return stream;
}

static FILE *open_tree_stream(const struct preload_path *at, const char *mode)
{
	char name[PATH_MAX];

	if (preload_path_text(at, name)) {
		int flags = stream_flags(mode), fd = open_text(name, flags);
		return (flags & O_ACCMODE) == O_WRONLY ? make_writer(fd) : make_stream(fd, mode);
	}
	if (mode[0] != 'r' || strchr(mode, '+')) {
		errno = EACCES;
		return NULL;
	}
	return preload_real_fopen(at->path, mode);
}

static FILE *open_stream(const char *path, const char *mode)
{
	struct preload_path at;
	int fd;

	switch (preload_path_resolve(AT_FDCWD, path, true, &at)) {
	case PRELOAD_NODE:
		return make_stream(open_node(&at.node, stream_flags(mode)), mode);
	case PRELOAD_TREE:
		return open_tree_stream(&at, mode);
	case PRELOAD_PASS:
		if (preload_fdinfo_open(AT_FDCWD, path, stream_flags(mode), &fd))
			return make_stream(fd, mode);
		break;
	}
	return preload_real_fopen(path, mode);
}

PRELOAD_EXPORT FILE *fopen(const char *path, const char *mode)
{
	return open_stream(path, mode);
}

PRELOAD_EXPORT FILE *fopen64(const char *path, const char *mode)
{
	return open_stream(path, mode);
}

PRELOAD_EXPORT int chdir(const char *path)
{
	struct preload_path at;

	if (preload_path_resolve(AT_FDCWD, path, true, &at) == PRELOAD_PASS)
		return preload_real_chdir(path);
	return preload_real_chdir(at.path);
}

PRELOAD_EXPORT int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	struct preload_path at;

	if (preload_path_resolve(AT_FDCWD, path, !(mask & IN_DONT_FOLLOW), &at) == PRELOAD_PASS)
		return preload_real_inotify_add_watch(fd, path, mask);
	return preload_real_inotify_add_watch(fd, at.path, mask);
}
