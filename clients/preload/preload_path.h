/*
 * Which paths a program means when it names the device, and where they are.
 *
 * The generated tree (protocols/tree) has parts of /dev, /sys and /run/udev. A
 * path whose place exists in the tree is the tree's, and so is everything
 * below the folders the tree owns (/dev/dri, /dev/input, /run/udev, ...: see
 * preload_path.c), whether it exists there or not. Folders that exist in both
 * and are not owned are decided thus: /sys and its subfolders are the tree's,
 * so that a walk through /sys/class and /sys/bus sees our devices and no other;
 * a full path to something the tree lacks (/sys/devices/system/cpu) is the
 * machine's. /dev and /run themselves are the machine's.
 */
#ifndef PRELOAD_PATH_H
#define PRELOAD_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "preload_door.h"

enum preload_place {
	PRELOAD_PASS, /* not ours: use what the program gave */
	PRELOAD_TREE, /* a file or folder of the tree, or a missing one */
	PRELOAD_NODE, /* a device node; its placeholder is in the tree */
};

struct preload_path {
	char path[PATH_MAX];      /* where it is: <tree>/sys/class/drm */
	const char *name;         /* inside path: what the program calls it, /sys/class/drm */
	struct preload_node node; /* of PRELOAD_NODE */
};

/*
 * What (dirfd, path) of an *at call means. follow: the call follows a symbolic
 * link at the end of path. at is only filled for TREE and NODE. Leaves errno.
 */
enum preload_place preload_path_resolve(int dirfd, const char *path, bool follow,
	struct preload_path *at);

/* The tree's folder, without links in it, or NULL when there is none. Leaves errno. */
const char *preload_path_tree(void);
/*
 * Turns a path inside the tree to what the program calls it, in place; len is
 * its length, the new one is returned. Other paths stay.
 */
size_t preload_path_strip(char *path, size_t len);
/*
 * What fd was opened as, stripped: "/sys/class/drm"; false when fd is no file
 * of the tree, and name is where that is, or empty.
 */
bool preload_path_of_fd(int fd, char name[PATH_MAX]);
/*
 * What the door calls the debugfs file that at (PRELOAD_TREE) is: a text below
 * /sys/kernel/debug/dri, or sw_sync; its placeholder in the tree is empty. False: it
 * is none.
 */
bool preload_path_text(const struct preload_path *at, char name[PATH_MAX]);
/* N of "/proc/self/fdinfo/N" and the like of this process, else -1. */
int preload_path_parse_fdinfo(const char *path);
/* N of "/proc/self/fd/N", "/dev/fd/N" and the like, else -1. */
int preload_path_parse_fd(const char *path);

#endif
