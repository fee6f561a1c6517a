/* Inside of the vfs: shared by its own .c files only. */
#ifndef VFS_PRIVATE_H
#define VFS_PRIVATE_H

#include "vfs.h"

#define VFS_SHARDS 256 /* power of two */

/*
 * Files by inode of the holder's end. One lock a shard, each on a cache line
 * of its own: calls on different files do not meet.
 */
struct vfs_shard {
	pthread_mutex_t lock;
	struct vfs_file *first; /* vfs_file.shard_next */
} __attribute__((aligned(64)));

struct vfs {
	pthread_mutex_t lock;      /* nodes, files, next_id */
	/*
	 * One reaper at a time, and whoever asks meanwhile waits until the
	 * release of what was found is done. Outermost lock.
	 */
	pthread_mutex_t reap_lock;
	uint64_t instance;
	const struct vfs_node **nodes;
	unsigned node_count;
	struct gem_list files;     /* open ones; vfs_file.link */
	uint32_t next_id;
	dev_t socket_dev;          /* st_dev of every socket of this machine */
	int epoll_fd;              /* server ends; reports hang-ups only */
	/* vfs_file_unread's last calibration: size << 32 | cost in SIOCOUTQ. */
	_Atomic uint64_t packet_cost;
	struct vfs_shard shards[VFS_SHARDS];
};

static inline struct vfs_shard *vfs_shard_of(struct vfs *vfs, ino_t ino)
{
	return &vfs->shards[ino & (VFS_SHARDS - 1)];
}

void vfs_shard_add(struct vfs *vfs, struct vfs_file *file);
void vfs_shard_remove(struct vfs *vfs, struct vfs_file *file);

#endif
