/* opendir and scandir: they open inside the C library, where open is not replaced. */
#include <dirent.h>
#include <fcntl.h>

#include "preload_path.h"
#include "preload_real.h"
#include "preload_symbols.h"

_Static_assert(sizeof(struct dirent) == sizeof(struct dirent64), "one layout for both");

PRELOAD_EXPORT DIR *opendir(const char *path)
{
	struct preload_path at;

	if (preload_path_resolve(AT_FDCWD, path, true, &at) == PRELOAD_PASS)
		return preload_real_opendir(path);
	return preload_real_opendir(at.path);
}

static int scan(const char *path, struct dirent ***list, int (*filter)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **))
{
	struct preload_path at;

	if (preload_path_resolve(AT_FDCWD, path, true, &at) == PRELOAD_PASS)
		return preload_real_scandir(path, list, filter, compare);
	return preload_real_scandir(at.path, list, filter, compare);
}

PRELOAD_EXPORT int scandir(const char *path, struct dirent ***list,
	int (*filter)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **))
{
	return scan(path, list, filter, compare);
}

PRELOAD_EXPORT int scandir64(const char *path, struct dirent64 ***list,
	int (*filter)(const struct dirent64 *),
	int (*compare)(const struct dirent64 **, const struct dirent64 **))
{
	return scan(path, (struct dirent ***)list, (int (*)(const struct dirent *))filter,
		(int (*)(const struct dirent **, const struct dirent **))compare);
}
