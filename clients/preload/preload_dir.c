/*
 * opendir and scandir open inside the C library, where open is not replaced. readdir: a
 * node's placeholder is a character device, and /dev has our folders beside the machine's.
 * scandir's filter is to see the same, so that of our folders is made of these.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preload_path.h"
#include "preload_real.h"
#include "preload_symbols.h"

_Static_assert(sizeof(struct dirent) == sizeof(struct dirent64), "one layout for both");

/* Streams that want more than the C library's readdir. A stream is one thread's at a time. */
static struct listing {
	_Atomic(DIR *) dir; /* NULL = free */
	bool machine;       /* /dev itself, the machine's: more follows from the tree */
	DIR *tree;          /* that more, once it is begun */
} listings[32];
static atomic_uint listing_count;

#define LISTINGS (sizeof(listings) / sizeof(listings[0]))
/* Taken, and not yet filled in. */
#define RESERVED ((DIR *)1)

/* With all taken, the stream is as the C library's. */
static DIR *add_listing(DIR *dir, bool machine)
{
	for (size_t i = 0; dir && i < LISTINGS; i++) {
		DIR *expected = NULL;

		if (!atomic_compare_exchange_strong(&listings[i].dir, &expected, RESERVED))
			continue;
		listings[i].machine = machine;
		listings[i].tree = NULL;
		atomic_store(&listings[i].dir, dir);
		atomic_fetch_add(&listing_count, 1);
		break;
	}
	return dir;
}

static struct listing *find_listing(DIR *dir)
{
	if (atomic_load_explicit(&listing_count, memory_order_relaxed) == 0)
		return NULL;
	for (size_t i = 0; i < LISTINGS; i++)
		if (atomic_load(&listings[i].dir) == dir)
			return &listings[i];
	return NULL;
}

static void end_tree(struct listing *listing)
{
	if (listing->tree)
		preload_real_closedir(listing->tree);
	listing->tree = NULL;
}

static bool is_dev(const char *path)
{
	return !strncmp(path, "/dev", 4) && path[4 + strspn(path + 4, "/")] == '\0';
}

static bool is_below_dev(const char *name)
{
	return !strncmp(name, "/dev/", 5);
}

static DIR *open_ours(const struct preload_path *at)
{
	DIR *dir = preload_real_opendir(at->path);

	return is_below_dev(at->name) ? add_listing(dir, false) : dir;
}

PRELOAD_EXPORT DIR *opendir(const char *path)
{
	struct preload_path at;

	if (preload_path_resolve(AT_FDCWD, path, true, &at) != PRELOAD_PASS)
		return open_ours(&at);
	DIR *dir = preload_real_opendir(path);
	return path && is_dev(path) && preload_path_tree() ? add_listing(dir, true) : dir;
}

PRELOAD_EXPORT DIR *fdopendir(int fd)
{
	char name[PATH_MAX] = "";
	bool ours = preload_path_tree() && preload_path_of_fd(fd, name);
	DIR *dir = preload_real_fdopendir(fd);

	if (ours && is_below_dev(name))
		return add_listing(dir, false);
	/* Not ours, name is where it is. */
	return !ours && is_dev(name) ? add_listing(dir, true) : dir;
}

/* What the machine's /dev lacks. */
static struct dirent *read_tree(struct listing *listing)
{
	char path[PATH_MAX];
	struct dirent *entry;
	struct stat st;

	if (!listing->tree) {
		if (snprintf(path, sizeof(path), "%s/dev", preload_path_tree()) >= (int)sizeof(path))
			return NULL;
		listing->tree = preload_real_opendir(path);
	}
	while (listing->tree && (entry = preload_real_readdir(listing->tree))) {
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    preload_real_fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return entry;
	}
	return NULL;
}

static struct dirent *read_entry(DIR *dir)
{
	struct listing *listing = find_listing(dir);
	struct dirent *entry = listing && listing->tree ? NULL : preload_real_readdir(dir);
	int saved_errno = errno; /* the end is told from an error by it */

	if (!listing || (entry && listing->machine))
		return entry;
	if (listing->machine) {
		entry = read_tree(listing);
		errno = saved_errno;
	}
	if (entry && entry->d_type == DT_REG)
		entry->d_type = DT_CHR;
	return entry;
}

PRELOAD_EXPORT struct dirent *readdir(DIR *dir)
{
	return read_entry(dir);
}

PRELOAD_EXPORT struct dirent64 *readdir64(DIR *dir)
{
	return (struct dirent64 *)read_entry(dir);
}

PRELOAD_EXPORT void rewinddir(DIR *dir)
{
	struct listing *listing = find_listing(dir);

	if (listing)
		end_tree(listing);
	preload_real_rewinddir(dir);
}

static int close_listing(DIR *dir)
{
	struct listing *listing = find_listing(dir);

	if (listing) {
		end_tree(listing);
		/* Before the stream's memory may become another's. */
		atomic_store(&listing->dir, NULL);
		atomic_fetch_sub(&listing_count, 1);
	}
	return preload_real_closedir(dir);
}

PRELOAD_EXPORT int closedir(DIR *dir)
{
	return close_listing(dir);
}

struct scan {
	struct dirent **entries;
	size_t count, room;
};

/* A copy of entry at the end. -1: no memory. */
static int scan_add(struct scan *scan, const struct dirent *entry)
{
	if (scan->count == scan->room) {
		size_t room = scan->room ? scan->room * 2 : 16;
		struct dirent **entries = realloc(scan->entries, room * sizeof(*entries));

		if (!entries)
			return -1;
		scan->entries = entries;
		scan->room = room;
	}
	struct dirent *copy = malloc(entry->d_reclen);
	if (!copy)
		return -1;
	memcpy(copy, entry, entry->d_reclen);
	scan->entries[scan->count++] = copy;
	return 0;
}

static void scan_drop(struct scan *scan)
{
	while (scan->count > 0)
		free(scan->entries[--scan->count]);
	free(scan->entries);
}

typedef int (*scan_filter)(const struct dirent *entry);
typedef int (*scan_compare)(const struct dirent **a, const struct dirent **b);

/* All that filter wants, and closes dir. The filter's errno is no error. */
static int scan_entries(DIR *dir, struct dirent ***list, scan_filter filter, scan_compare compare)
{
	struct scan scan = {0};
	struct dirent *entry;
	int saved_errno = errno, error = 0;

	for (;;) {
		errno = 0;
		entry = read_entry(dir);
		if (!entry)
			error = errno;
		else if ((!filter || filter(entry)) && scan_add(&scan, entry))
			error = ENOMEM;
		if (!entry || error)
			break;
	}
	close_listing(dir);
	if (error) {
		scan_drop(&scan);
		errno = error;
		return -1;
	}
	if (compare && scan.count > 0)
		qsort(scan.entries, scan.count, sizeof(*scan.entries),
			(int (*)(const void *, const void *))compare);
	errno = saved_errno;
	*list = scan.entries;
	return scan.count;
}

/* The stream of one of our folders, or of /dev; *ours false: neither. */
static DIR *open_scan(int dirfd, const char *path, bool *ours)
{
	struct preload_path at;

	*ours = true;
	if (preload_path_resolve(dirfd, path, true, &at) != PRELOAD_PASS)
		return open_ours(&at);
	*ours = path && is_dev(path) && preload_path_tree();
	return *ours ? add_listing(preload_real_opendir(path), true) : NULL;
}

static int scan_folder(const char *path, struct dirent ***list, scan_filter filter,
	scan_compare compare)
{
	bool ours;
	DIR *dir = open_scan(AT_FDCWD, path, &ours);

	if (!ours)
		return preload_real_scandir(path, list, filter, compare);
	return dir ? scan_entries(dir, list, filter, compare) : -1;
}

PRELOAD_EXPORT int scandir(const char *path, struct dirent ***list, scan_filter filter,
	scan_compare compare)
{
	return scan_folder(path, list, filter, compare);
}

PRELOAD_EXPORT int scandir64(const char *path, struct dirent64 ***list,
	int (*filter)(const struct dirent64 *),
	int (*compare)(const struct dirent64 **, const struct dirent64 **))
{
	return scan_folder(path, (struct dirent ***)list, (scan_filter)filter,
		(scan_compare)compare);
}

static int scan_folder_at(int dirfd, const char *path, struct dirent ***list, scan_filter filter,
	scan_compare compare)
{
	bool ours;
	DIR *dir = open_scan(dirfd, path, &ours);

	if (!ours)
		return preload_real_scandirat(dirfd, path, list, filter, compare);
	return dir ? scan_entries(dir, list, filter, compare) : -1;
}

PRELOAD_EXPORT int scandirat(int dirfd, const char *path, struct dirent ***list,
	scan_filter filter, scan_compare compare)
{
	return scan_folder_at(dirfd, path, list, filter, compare);
}

PRELOAD_EXPORT int scandirat64(int dirfd, const char *path, struct dirent64 ***list,
	int (*filter)(const struct dirent64 *),
	int (*compare)(const struct dirent64 **, const struct dirent64 **))
{
	return scan_folder_at(dirfd, path, (struct dirent ***)list, (scan_filter)filter,
		(scan_compare)compare);
}
