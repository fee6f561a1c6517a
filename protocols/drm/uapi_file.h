/* Inside of protocols/drm: the vfs side of a DRM file. */
#ifndef UAPI_FILE_H
#define UAPI_FILE_H

#include "uapi.h"

/* struct vfs_node.open */
int uapi_file_open(const struct vfs_node *node, int flags, struct vfs_caller *caller,
	struct vfs_file **out);
/* struct vfs_node.opened: the file knows its id, pid and node, and may be listed. */
int uapi_file_opened(struct vfs_file *base);
/* struct vfs_file_ops.ioctl */
long uapi_file_ioctl(struct vfs_file *base, unsigned int request, uint64_t arg,
	struct vfs_caller *caller);

/* uapi_auth.c: what open and close of a primary node do (kernel: drm_auth.c). */
int uapi_master_open(struct uapi_file *file);
void uapi_master_release(struct uapi_file *file);

#endif
