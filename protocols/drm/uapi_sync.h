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
#include "vfs.h"

/*
 * New sync_file of fence (takes a reference of its own), not yet anybody's
 * descriptor: *fd is the server's, to be given to install_fd. name: at most 31
 * characters. -ENOMEM; -EMFILE.
 */
int uapi_sync_file_create(struct vfs *vfs, struct gem_fence *fence, const char *name, int *fd);
/*
 * The fence behind the caller's descriptor, new reference. A dead or merged one
 * gives a fence that is signalled when all of its parts are. -EBADF not open;
 * -EINVAL not a sync_file.
 */
int uapi_sync_file_fence(struct vfs *vfs, struct vfs_caller *caller, int fd,
	struct gem_fence **fence);

#endif
