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

#define VFS_FD_SLOTS 64 /* power of two */

/* What a descriptor number was found to be; vfs_fds.c. */
struct vfs_fd_slot {
	/*
	 * Low half: closes of a number of this slot that are under way. High
	 * half: counts everything that can make the entry wrong.
	 */
	_Atomic uint64_t state;
	atomic_flag busy;      /* held for a moment around the rest, never waited for by lookups */
	int fd;
	struct vfs_file *file; /* no reference: it leaves the slots before it goes */
	uint64_t found_in;     /* the state in which this was found; good in no other */
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
	/*
	 * vfs_open calls that may be using a node, counted where open_phase says as they
	 * begin: vfs_remove_node changes it and waits for those of before only. lock.
	 */
	unsigned opens[2], open_phase;
	pthread_cond_t opens_done; /* one of opens reached 0 */
	struct gem_list files;     /* open ones; vfs_file.link */
	uint32_t next_id;
	dev_t socket_dev;          /* st_dev of every socket of this machine */
	int epoll_fd;              /* server ends; reports hang-ups only */
	/* vfs_file_unread's last calibration: size << 32 | cost in SIOCOUTQ. */
	_Atomic uint64_t packet_cost;
	void (*note_kept)(unsigned number, uint32_t times);
	int (*answer_dma_buf)(struct vfs *vfs, const struct vfs_dma_buf_request *request, int *out);
	const struct vfs_rule *rules; /* fixed from when there are callers, as rule_count */
	unsigned rule_count;
	struct vfs_shard shards[VFS_SHARDS];
	struct vfs_fd_slot fds[VFS_FD_SLOTS]; /* by number */
};

static inline struct vfs_shard *vfs_shard_of(struct vfs *vfs, ino_t ino)
{
	return &vfs->shards[ino & (VFS_SHARDS - 1)];
}

void vfs_shard_add(struct vfs *vfs, struct vfs_file *file);
void vfs_shard_remove(struct vfs *vfs, struct vfs_file *file);

/* fd is new: whatever that number was before, it is something else now. */
void vfs_fds_born(struct vfs *vfs, int fd);
/* file is about to lose the reference for being open. Not in a signal handler. */
void vfs_fds_forget(struct vfs *vfs, const struct vfs_file *file);

#endif
