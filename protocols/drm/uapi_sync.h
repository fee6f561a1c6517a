/*
 * Fences as descriptors: sync_file (kernel: drivers/dma-buf/sync_file.c). A
 * sync_file is an open file without a node: its holder's end of the pair polls
 * readable from the fence's signal on (one packet, which nobody reads: read(2)
 * of it is -EINVAL), and answers SYNC_IOC_MERGE, SYNC_IOC_FILE_INFO and
 * SYNC_IOC_SET_DEADLINE on every door.
 */
#ifndef UAPI_SYNC_H
#define UAPI_SYNC_H

#include "gem_fence.h"
#include "gem_syncobj.h"
#include "uapi.h"
#include "wire_uapi.h"

/*
 * New sync_file of fence (takes a reference of its own), not yet anybody's
 * descriptor: *fd is the server's, to be given to install_fd. name: at most 31
 * characters; NULL = made from the fence's timeline and seqno. -ENOMEM; -EMFILE.
 */
int uapi_sync_file_create(struct vfs *vfs, struct gem_fence *fence, const char *name, int *fd);
/*
 * The fence behind the caller's descriptor, new reference. A dead or merged one
 * gives a fence that is signalled when all of its parts are. -EBADF not open;
 * -EINVAL not a sync_file.
 */
int uapi_sync_file_fence(struct vfs *vfs, struct vfs_caller *caller, int fd,
	struct gem_fence **fence);

/* As above, of a descriptor of the server's own, which stays the caller's. */
int uapi_sync_file_own_fence(struct vfs *vfs, int fd, struct gem_fence **fence);

/*
 * For vfs_set_dma_bufs: DMA_BUF_IOCTL_SYNC waits for the object's work,
 * EXPORT_SYNC_FILE and IMPORT_SYNC_FILE take fences from its reservation and put them
 * there. -EINVAL flags, or no sync_file; -EINTR; -ENOMEM; -EMFILE.
 */
int uapi_dma_buf(struct vfs *vfs, const struct vfs_dma_buf_request *request, int *fd);

/*
 * The caller's descriptor, when it is a file of ours with these operations, new
 * reference. -EBADF not open; -EINVAL anything else.
 */
int uapi_fetch_file(struct vfs *vfs, struct vfs_caller *caller, int fd,
	const struct vfs_file_ops *ops, struct vfs_file **out);

/* Sync objects that a request names, in the caller's arrays. References. */
struct uapi_syncobj_list {
	struct gem_syncobj **syncobjs; /* count */
	unsigned count;
};
/* More in one request is -ENOMEM: a client can not make the server hold any number. */
#define UAPI_SYNCOBJS_MAX 65536u
/* handles: user address of count u32. -EFAULT; -ENOENT; -ENOMEM. Then nothing is held. */
int uapi_syncobj_list_init(struct uapi_syncobj_list *list, struct uapi_call *call,
	uint64_t handles, uint32_t count);
void uapi_syncobj_list_finish(struct uapi_syncobj_list *list);
/* count u64 from user address from, 0 each when that is 0; free() it. -EFAULT; -ENOMEM. */
int uapi_syncobj_copy_points(struct vfs_caller *caller, uint64_t from, uint32_t count,
	uint64_t **points);

/*
 * Fences of programs, for tests (kernel: sw_sync.c): the node of
 * /sys/kernel/debug/sync/sw_sync, for vfs_add_node. Each open file is a timeline;
 * its owner only.
 */
#define UAPI_SW_SYNC_PATH "/sys/kernel/debug/sync/sw_sync"
void uapi_sw_sync_node_init(struct vfs_node *node);
/* The timeline's name, or NULL when fence is none of these. Lives as long as fence. */
const char *uapi_sw_sync_name(const struct gem_fence *fence);

#endif
