/* Extended attributes by path: "ls -l" asks for them. */
#include <fcntl.h>
#include <sys/xattr.h>

#include "preload_path.h"
#include "preload_real.h"
#include "preload_symbols.h"

static const char *place(const char *path, bool follow, struct preload_path *at)
{
	return preload_path_resolve(AT_FDCWD, path, follow, at) == PRELOAD_PASS ? path : at->path;
}

PRELOAD_EXPORT ssize_t getxattr(const char *path, const char *name, void *value, size_t size)
{
	struct preload_path at;

	return preload_real_getxattr(place(path, true, &at), name, value, size);
}

PRELOAD_EXPORT ssize_t lgetxattr(const char *path, const char *name, void *value, size_t size)
{
	struct preload_path at;

	return preload_real_lgetxattr(place(path, false, &at), name, value, size);
}

PRELOAD_EXPORT ssize_t listxattr(const char *path, char *list, size_t size)
{
	struct preload_path at;

	return preload_real_listxattr(place(path, true, &at), list, size);
}

PRELOAD_EXPORT ssize_t llistxattr(const char *path, char *list, size_t size)
{
	struct preload_path at;

	return preload_real_llistxattr(place(path, false, &at), list, size);
}
