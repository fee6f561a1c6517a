/*
 * The door behind the interposed symbols. The symbols (open, ioctl, mmap,
 * stat, ...) are the same code in the preload library and in an executable
 * that carries the device itself; only the door differs: preload_wire.c talks
 * to a server, the executable brings a door of its own that calls the ioctl
 * table (preload_set_door before any device is opened). After fork, a child of
 * such an executable has no engine threads: it falls back to the wire door.
 */
#ifndef PRELOAD_DOOR_H
#define PRELOAD_DOOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PRELOAD_NODE_PATH_MAX 256

struct preload_node {
	unsigned major, minor;
	mode_t mode; /* permission bits */
	uid_t uid;
	gid_t gid;
	/*
	 * The node's place, "/dev/dri/card0"; of a device file without a node what the
	 * kernel calls it, "anon_inode:sync_file" (then only mode counts).
	 */
	char path[PRELOAD_NODE_PATH_MAX];
};
#define PRELOAD_ANONYMOUS_MODE 0600u

/* All return >= 0 or -errno, and leave errno alone. */
struct preload_door {
	/* Folder of the generated tree, "" when there is none. */
	const char *(*tree)(void);
	/* 0 and *node when path is a device node, else -ENOENT. */
	int (*stat_node)(const char *path, struct preload_node *node);
	/* The node that device file fd was opened from; -EBADF when fd is no device file. */
	int (*fstat_node)(int fd, struct preload_node *node);
	/* Also text files, which are no device files (preload_path_text). */
	int (*open)(const char *path, int flags);
	/*
	 * Called for every fd with a request of a device's type (DRM, evdev): -EBADF when fd
	 * is no device file, and the C library's ioctl is tried then.
	 */
	long (*ioctl)(int fd, unsigned long request, void *arg);
	/* *map_fd is a new descriptor to map at *map_offset and close. -EBADF as in ioctl. */
	int (*mmap)(int fd, uint64_t offset, uint64_t length, int prot, int *map_fd,
		uint64_t *map_offset);
	/*
	 * A new descriptor of the driver's lines of /proc/self/fdinfo/<fd>; -EBADF when fd is no
	 * device file, -ENODEV when its driver has none. NULL = no driver has any.
	 */
	int (*fdinfo)(int fd);
	/*
	 * A new SEQPACKET descriptor on which each uevent arrives as one packet. flags:
	 * SOCK_CLOEXEC, SOCK_NONBLOCK. Unbound: the caller binds it (preload_netlink.c).
	 */
	int (*uevent)(int flags);
	/*
	 * A request of linux/dma-buf.h on dma-buf fd with its flags; sync_file: what
	 * IMPORT_SYNC_FILE brings, else -1. 0, or EXPORT_SYNC_FILE's new descriptor,
	 * close-on-exec. -ENOENT: fd is no buffer of the device.
	 */
	int (*dma_buf)(int fd, unsigned int request, uint32_t flags, int sync_file);
	/*
	 * Optional, both or none: descriptors first to last of this process are about to be
	 * closed or replaced, and that is done. Only executables are told (preload_close.c).
	 * Async-signal-safe; numbers may be no descriptors at all.
	 */
	void (*closing)(unsigned first, unsigned last);
	void (*closed)(unsigned first, unsigned last);
};

/* door stays the caller's. */
void preload_set_door(const struct preload_door *door);
const struct preload_door *preload_door_current(void);
extern const struct preload_door preload_wire_door;

/*
 * Whether this process may have a device file: it opened one, received
 * descriptors, or asked preload_fd_is_device with success. Never false again.
 */
bool preload_fd_device_seen(void);
void preload_fd_note_device(void);

/* True when fd is a device file of any testcard instance; *file_id from its name. */
bool preload_fd_is_device(int fd, uint64_t *instance, uint32_t *file_id);

#endif
