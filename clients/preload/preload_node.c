/* See preload_node.h. */
#include "preload_node.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "preload_real.h"

/*
 * A file never changes its node, and (instance, id) is never used again, so
 * what the door once said stays true. Direct-mapped by id. Taken by flag, not
 * by mutex: who finds it busy (another thread, or a fork that happened inside)
 * asks the door instead.
 */
static struct {
	uint64_t instance;
	uint32_t file_id;
	struct preload_node node;
} cache[16];
static atomic_flag cache_busy = ATOMIC_FLAG_INIT;

#define CACHE_SIZE (sizeof(cache) / sizeof(cache[0]))

static bool cache_get(uint64_t instance, uint32_t file_id, struct preload_node *node)
{
	size_t slot = file_id % CACHE_SIZE;
	bool hit;

	if (atomic_flag_test_and_set(&cache_busy))
		return false;
	hit = cache[slot].instance == instance && cache[slot].file_id == file_id &&
		cache[slot].node.path[0] != '\0';
	if (hit)
		*node = cache[slot].node;
	atomic_flag_clear(&cache_busy);
	return hit;
}

static void cache_put(uint64_t instance, uint32_t file_id, const struct preload_node *node)
{
	size_t slot = file_id % CACHE_SIZE;

	if (atomic_flag_test_and_set(&cache_busy))
		return;
	cache[slot].instance = instance;
	cache[slot].file_id = file_id;
	cache[slot].node = *node;
	atomic_flag_clear(&cache_busy);
}

bool preload_node_of_fd(int fd, struct preload_node *node)
{
	int saved_errno = errno;
	uint64_t instance;
	uint32_t file_id;
	bool found;

	if (!preload_fd_is_device(fd, &instance, &file_id)) {
		errno = saved_errno;
		return false;
	}
	found = cache_get(instance, file_id, node);
	if (!found && preload_door_current()->fstat_node(fd, node) >= 0) {
		cache_put(instance, file_id, node);
		found = true;
	}
	errno = saved_errno;
	return found;
}

bool preload_node_is_anonymous(const struct preload_node *node)
{
	return node->path[0] != '/';
}

/* Anonymous inodes have no type, debugfs has ordinary files. */
static mode_t mode_of(const struct preload_node *node)
{
	mode_t type = preload_node_is_anonymous(node) ? 0 :
		strncmp(node->path, "/sys/", 5) == 0 ? S_IFREG : S_IFCHR;

	return type | (node->mode & 07777);
}

bool preload_node_of_placeholder(int fd, const struct stat *st, struct preload_node *node)
{
	int saved_errno = errno;
	char name[PATH_MAX];
	bool found = false;

	/* Placeholders are empty; the rest of the check costs a system call more. */
	if (S_ISREG(st->st_mode) && st->st_size == 0 && preload_path_of_fd(fd, name) &&
	    !strncmp(name, "/dev/", 5))
		found = preload_door_current()->stat_node(name, node) >= 0;
	errno = saved_errno;
	return found;
}

void preload_node_placeholder_stat(const struct preload_node *node, struct stat *st)
{
	const char *tree = preload_path_tree();
	char path[PATH_MAX];
	int saved_errno = errno;

	if (preload_node_is_anonymous(node))
		return;
	if (tree && strlen(tree) + strlen(node->path) < sizeof(path)) {
		strcpy(path, tree);
		strcat(path, node->path);
		preload_real_fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
	}
	errno = saved_errno;
}

void preload_node_fill_stat(const struct preload_node *node, struct stat *st)
{
	st->st_mode = mode_of(node);
	st->st_uid = node->uid;
	st->st_gid = node->gid;
	st->st_nlink = 1;
	st->st_rdev = makedev(node->major, node->minor);
	st->st_size = 0;
	st->st_blocks = 0;
}

void preload_node_fill_statx(const struct preload_node *node, struct statx *stx)
{
	stx->stx_mode = mode_of(node);
	stx->stx_uid = node->uid;
	stx->stx_gid = node->gid;
	stx->stx_nlink = 1;
	stx->stx_rdev_major = node->major;
	stx->stx_rdev_minor = node->minor;
	stx->stx_size = 0;
	stx->stx_blocks = 0;
}

static bool in_group(gid_t gid, gid_t own)
{
	gid_t groups[256];
	int count;

	if (gid == own)
		return true;
	count = getgroups(sizeof(groups) / sizeof(groups[0]), groups);
	while (count-- > 0)
		if (groups[count] == gid)
			return true;
	return false;
}

int preload_node_access(const struct preload_node *node, int mode, bool effective)
{
	uid_t uid = effective ? geteuid() : getuid();
	gid_t gid = effective ? getegid() : getgid();
	mode_t bits;

	/* As CAP_DAC_OVERRIDE: everything but executing what nobody may execute. */
	if (uid == 0)
		return (mode & X_OK) && !(node->mode & 0111) ? -EACCES : 0;
	if (uid == node->uid)
		bits = node->mode >> 6;
	else if (in_group(node->gid, gid))
		bits = node->mode >> 3;
	else
		bits = node->mode;
	return (mode & ~bits & 07) ? -EACCES : 0;
}
