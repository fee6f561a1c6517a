/* readlink and realpath families: what comes out never names the tree's real place. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload_node.h"
#include "preload_path.h"
#include "preload_real.h"
#include "preload_symbols.h"

/* "/proc/self/fd/N": what the descriptor was opened as. */
static ssize_t read_fd_link(int fd, const char *path, char *buf, size_t size)
{
	struct preload_node node;
	char name[PATH_MAX];
	const char *shown;
	size_t len;

	if (preload_node_of_fd(fd, &node))
		shown = node.path;
	else if (preload_path_of_fd(fd, name))
		shown = name;
	else
		return preload_real_readlinkat(AT_FDCWD, path, buf, size);
	len = strlen(shown);
	if (len > size)
		len = size;
	memcpy(buf, shown, len);
	return len;
}

static ssize_t read_link(int dirfd, const char *path, char *buf, size_t size)
{
	struct preload_path at;
	int fd;

	if (preload_path_resolve(dirfd, path, false, &at) != PRELOAD_PASS)
		return preload_real_readlinkat(AT_FDCWD, at.path, buf, size);
	fd = path && path[0] == '/' && size > 0 ? preload_path_parse_fd(path) : -1;
	if (fd >= 0)
		return read_fd_link(fd, path, buf, size);
	return preload_real_readlinkat(dirfd, path, buf, size);
}

PRELOAD_EXPORT ssize_t readlink(const char *path, char *buf, size_t size)
{
	return read_link(AT_FDCWD, path, buf, size);
}

PRELOAD_EXPORT ssize_t readlinkat(int dirfd, const char *path, char *buf, size_t size)
{
	return read_link(dirfd, path, buf, size);
}

PRELOAD_EXPORT ssize_t __readlink_chk(const char *path, char *buf, size_t size, size_t buf_size)
{
	if (size > buf_size)
		__chk_fail();
	return read_link(AT_FDCWD, path, buf, size);
}

PRELOAD_EXPORT ssize_t __readlinkat_chk(int dirfd, const char *path, char *buf, size_t size,
	size_t buf_size)
{
	if (size > buf_size)
		__chk_fail();
	return read_link(dirfd, path, buf, size);
}

static char *real_path(const char *path, char *resolved)
{
	struct preload_path at;
	char *result;

	if (preload_path_resolve(AT_FDCWD, path, true, &at) == PRELOAD_PASS)
		result = preload_real_realpath(path, resolved);
	else
		result = preload_real_realpath(at.path, resolved);
	/* Also after PASS: a relative path from a working folder inside the tree. */
	if (result)
		result[preload_path_strip(result, strlen(result))] = '\0';
	return result;
}

PRELOAD_EXPORT char *realpath(const char *path, char *resolved)
{
	return real_path(path, resolved);
}

PRELOAD_EXPORT char *__realpath_chk(const char *path, char *resolved, size_t resolved_size)
{
	if (resolved_size < PATH_MAX)
		__chk_fail();
	return real_path(path, resolved);
}

PRELOAD_EXPORT char *canonicalize_file_name(const char *path)
{
	return real_path(path, NULL);
}
