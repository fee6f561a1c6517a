/* Path redirection; the rules are in preload_path.h. */
#include "preload_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload_real.h"

#define TEXT_FOLDER "/sys/kernel/debug/dri"
#define SYNC_FOLDER "/sys/kernel/debug/sync"

/* The tree has all of these, present or not. Match whole components, unless they end in ':'. */
static const char *const owned[] = {
	"/dev/dri",
	"/dev/input",
	"/run/udev",
	"/sys/class/drm",
	"/sys/class/input",
	"/sys/dev/char/13:",
	"/sys/dev/char/226:",
	"/sys/devices/platform/testcard",
	"/sys/devices/virtual/input",
	TEXT_FOLDER,
};

#define PCI_BUS "/sys/bus/pci/devices"
#define PCI_ROOT "/sys/devices/pci0000:00/"

/*
 * First components of relative paths that may lead to the device from some
 * folder. Anything else is passed on without looking at the folder.
 */
static const char *const relative_starts[] = {
	"..", "0", "1", "2", "3", "by-", "card", "clients", "control", "crc", "crtc-", "data", "dev",
	"dri", "event", "fb", "framebuffer", "gem_names", "i915_", "input", "js", "mouse", "name",
	"renderD", "run", "state", "sys", "tty", "udev",
};

struct tree_root {
	const struct preload_door *door;
	const char *source; /* as the door gave it; it keeps the string */
	char path[PATH_MAX];
};

static struct tree_root roots[4]; /* the wire door, the executable's own, and spare */
static atomic_uint root_count;
static atomic_flag root_busy = ATOMIC_FLAG_INIT;

static const char *add_root(const struct preload_door *door, const char *source)
{
	const char *path = NULL;
	unsigned count;

	/* Contended: another thread, or ourselves below realpath. The next call finds it. */
	if (atomic_flag_test_and_set(&root_busy))
		return source;
	count = atomic_load(&root_count);
	if (count < sizeof(roots) / sizeof(roots[0]) &&
	    preload_real_realpath(source, roots[count].path)) {
		roots[count].door = door;
		roots[count].source = source;
		path = roots[count].path;
		atomic_store(&root_count, count + 1);
	}
	atomic_flag_clear(&root_busy);
	return path;
}

const char *preload_path_tree(void)
{
	const struct preload_door *door = preload_door_current();
	const char *source = door->tree(), *path;
	int saved_errno = errno;
	unsigned count;

	if (!source || source[0] == '\0')
		return NULL;
	count = atomic_load_explicit(&root_count, memory_order_acquire);
	while (count-- > 0)
		if (roots[count].door == door && roots[count].source == source)
			return roots[count].path;
	path = add_root(door, source);
	errno = saved_errno;
	return path;
}

size_t preload_path_strip(char *path, size_t len)
{
	const char *tree = preload_path_tree();
	size_t tree_len;

	if (!tree)
		return len;
	tree_len = strlen(tree);
	if (len < tree_len || memcmp(path, tree, tree_len) ||
	    (len > tree_len && path[tree_len] != '/'))
		return len;
	if (len == tree_len) {
		path[0] = '/';
		return 1;
	}
	memmove(path, path + tree_len, len - tree_len);
	return len - tree_len;
}

/* The length of what fd links to; 0 on failure. buf is NUL-terminated. */
static size_t link_of_fd(int fd, char buf[PATH_MAX])
{
	char proc[32];
	ssize_t len;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	len = preload_real_readlinkat(AT_FDCWD, proc, buf, PATH_MAX - 1);
	if (len < 0)
		len = 0;
	buf[len] = '\0';
	return len;
}

bool preload_path_of_fd(int fd, char name[PATH_MAX])
{
	int saved_errno = errno;
	size_t len = 0, stripped = 0;

	if (preload_path_tree()) {
		len = link_of_fd(fd, name);
		stripped = preload_path_strip(name, len);
		name[stripped] = '\0';
	}
	errno = saved_errno;
	return stripped != len;
}

static int parse_number(const char *text)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	value = strtoul(text, &end, 10);
	return *end == '\0' && value <= INT_MAX ? (int)value : -1;
}

/* N of "/proc/self/<folder>N" */
static int parse_proc(const char *path, const char *folder)
{
	static const char *const selves[] = {"self/", "thread-self/"};
	unsigned long value;
	char *end;

	if (strncmp(path, "/proc/", 6))
		return -1;
	path += 6;
	value = strtoul(path, &end, 10);
	if (end != path && value == (unsigned long)getpid() && *end == '/') {
		path = end + 1;
	} else {
		size_t len = 0;

		for (size_t i = 0; i < sizeof(selves) / sizeof(selves[0]) && !len; i++)
			if (!strncmp(path, selves[i], strlen(selves[i])))
				len = strlen(selves[i]);
		if (!len)
			return -1;
		path += len;
	}
	if (strncmp(path, folder, strlen(folder)))
		return -1;
	return parse_number(path + strlen(folder));
}

int preload_path_parse_fd(const char *path)
{
	return strncmp(path, "/dev/fd/", 8) ? parse_proc(path, "fd/") : parse_number(path + 8);
}

int preload_path_parse_fdinfo(const char *path)
{
	return parse_proc(path, "fdinfo/");
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

bool preload_path_text(const struct preload_path *at, char name[PATH_MAX])
{
	int saved_errno = errno;
	bool found = false;
	struct stat st;

	/*
	 * Whole paths lead there by its name, or by that of sysfs' link to the
	 * error state; a link's target is looked at. A connector's files that follow
	 * the device are told by their names.
	 */
	if (!strstr(at->name, "/debug/dri/") && !strstr(at->name, "/debug/sync/") &&
	    !ends_with(at->name, "/error") && !ends_with(at->name, "/enabled") &&
	    !ends_with(at->name, "/dpms"))
		return false;
	if (preload_real_realpath(at->path, name) &&
	    preload_real_fstatat(AT_FDCWD, name, &st, 0) == 0 && S_ISREG(st.st_mode)) {
		name[preload_path_strip(name, strlen(name))] = '\0';
		found = !strncmp(name, TEXT_FOLDER "/", sizeof(TEXT_FOLDER)) ||
			!strncmp(name, SYNC_FOLDER "/", sizeof(SYNC_FOLDER)) ||
			strstr(name, "/drm/card");
	}
	errno = saved_errno;
	return found;
}

/*
 * Copies path without empty and "." components. *climbs: has "..". -1 when it
 * does not fit or climbs above its own start.
 */
static int clean_path(const char *path, char *clean, size_t size, bool *climbs)
{
	size_t used = 0;
	int depth = 0;

	*climbs = false;
	while (*path) {
		size_t len;

		while (*path == '/')
			path++;
		len = strcspn(path, "/");
		if (len == 0)
			break;
		if (len == 1 && path[0] == '.') {
			path++;
			continue;
		}
		if (len == 2 && path[0] == '.' && path[1] == '.') {
			*climbs = true;
			if (--depth < 0)
				return -1;
		} else {
			depth++;
		}
		if (used + len + 2 > size)
			return -1;
		clean[used++] = '/';
		memcpy(clean + used, path, len);
		used += len;
		path += len;
	}
	if (used == 0)
		clean[used++] = '/';
	clean[used] = '\0';
	return 0;
}

static bool starts_relative(const char *path)
{
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	for (size_t i = 0; i < sizeof(relative_starts) / sizeof(relative_starts[0]); i++)
		if (!strncmp(path, relative_starts[i], strlen(relative_starts[i])))
			return true;
	return false;
}

/* The absolute path behind (dirfd, path), as the program sees it. */
static int make_absolute(int dirfd, const char *path, char abs[PATH_MAX])
{
	size_t len;

	if (dirfd == AT_FDCWD) {
		if (!getcwd(abs, PATH_MAX))
			return -1;
		len = strlen(abs);
	} else {
		len = link_of_fd(dirfd, abs);
	}
	if (len == 0 || abs[0] != '/')
		return -1;
	len = preload_path_strip(abs, len);
	if (len + 1 + strlen(path) + 1 > PATH_MAX)
		return -1;
	abs[len] = '/';
	strcpy(abs + len + 1, path);
	return 0;
}

/* name is clean. Ruled out early: nearly every path a program opens. */
static bool may_be_in_tree(const char *name)
{
	return !strcmp(name, "/sys") || !strncmp(name, "/sys/", 5) || !strncmp(name, "/dev/", 5) ||
		!strncmp(name, "/run/udev", 9) || !strncmp(name, "/run/systemd/", 13);
}

/*
 * A card that is a PCI device takes the bus's list and its own slot; the
 * machine's other devices, which may be disks, stay where they are. A card of
 * another bus takes nothing. at->path is name in the tree and is left so.
 */
static bool is_owned_pci(struct preload_path *at, const char *name)
{
	size_t length = 0;
	struct stat st;

	if (!strncmp(name, PCI_BUS "/", strlen(PCI_BUS "/")))
		length = strlen(PCI_BUS);
	else if (!strncmp(name, PCI_ROOT, strlen(PCI_ROOT)))
		length = strlen(PCI_ROOT) + strcspn(name + strlen(PCI_ROOT), "/");
	if (!length)
		return false;
	char *end = at->path + (at->name - at->path) + length;
	char saved = *end;
	*end = '\0';
	bool there = preload_real_fstatat(AT_FDCWD, at->path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	*end = saved;
	return there;
}

static bool is_owned(struct preload_path *at, const char *name)
{
	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) {
		size_t len = strlen(owned[i]);

		if (strncmp(name, owned[i], len))
			continue;
		if (owned[i][len - 1] == ':' || name[len] == '/' || name[len] == '\0')
			return true;
	}
	return is_owned_pci(at, name);
}

/* at->path is a regular file below <tree>/dev, or a link in there. */
static enum preload_place find_node(struct preload_path *at, bool resolve)
{
	char real[PATH_MAX];

	if (resolve) {
		if (!preload_real_realpath(at->path, real))
			return PRELOAD_TREE;
		real[preload_path_strip(real, strlen(real))] = '\0';
	} else {
		strcpy(real, at->name);
	}
	int ret = preload_door_current()->stat_node(real, &at->node);
	if (ret < 0 && ret != -ENOENT && strlen(real) < sizeof(at->node.path)) {
		/* A server that was killed left its tree, or it lets nobody in: open is to say so. */
		memset(&at->node, 0, sizeof(at->node));
		strcpy(at->node.path, real);
		ret = 0;
	}
	return ret < 0 ? PRELOAD_TREE : PRELOAD_NODE;
}

static enum preload_place resolve_name(const char *name, bool follow, bool climbs,
	struct preload_path *at)
{
	const char *tree = preload_path_tree();
	size_t tree_len = strlen(tree);
	struct stat st;

	if (tree_len + strlen(name) >= PATH_MAX)
		return PRELOAD_PASS;
	memcpy(at->path, tree, tree_len);
	strcpy(at->path + tree_len, name);
	at->name = at->path + tree_len;
	if (preload_real_fstatat(AT_FDCWD, at->path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return !climbs && is_owned(at, name) ? PRELOAD_TREE : PRELOAD_PASS;
	if (strncmp(name, "/dev/", 5))
		return PRELOAD_TREE;
	if (S_ISREG(st.st_mode) || (S_ISLNK(st.st_mode) && follow))
		return find_node(at, climbs || S_ISLNK(st.st_mode));
	return PRELOAD_TREE;
}

static enum preload_place resolve(int dirfd, const char *path, bool follow,
	struct preload_path *at)
{
	char abs[PATH_MAX], name[PATH_MAX];
	bool climbs;

	if (path[0] != '/') {
		if (!starts_relative(path) || !preload_path_tree() ||
		    make_absolute(dirfd, path, abs) < 0)
			return PRELOAD_PASS;
		path = abs;
	} else if (!strchr("dsr./", path[1]) || !preload_path_tree()) {
		return PRELOAD_PASS;
	}
	if (clean_path(path, name, sizeof(name), &climbs) < 0 || !may_be_in_tree(name))
		return PRELOAD_PASS;
	return resolve_name(name, follow, climbs, at);
}

enum preload_place preload_path_resolve(int dirfd, const char *path, bool follow,
	struct preload_path *at)
{
	enum preload_place place;
	int saved_errno = errno;

	if (!path || path[0] == '\0')
		return PRELOAD_PASS;
	place = resolve(dirfd, path, follow, at);
	errno = saved_errno;
	return place;
}
