/*
 * /sys/kernel/debug/dri/<index>/ of a card: text files (vfs_text.h) in the
 * kernel's formats. A new one is a row of the table in uapi_debugfs.c and a
 * renderer declared here.
 */
#ifndef UAPI_DEBUGFS_H
#define UAPI_DEBUGFS_H

#include "uapi.h"

#define UAPI_DEBUGFS_FOLDER "/sys/kernel/debug/dri"

struct uapi_debugfs;

/* Adds the nodes to vfs. dev and vfs outlive it. -ENOMEM. */
int uapi_debugfs_create(struct uapi_device *dev, struct vfs *vfs, unsigned index,
	struct uapi_debugfs **out);
void uapi_debugfs_destroy(struct uapi_debugfs *debugfs);
/* The i-th node, for the tree; NULL behind the last one. */
const struct vfs_node *uapi_debugfs_node(const struct uapi_debugfs *debugfs, unsigned i);

/*
 * Renderers: 0 or -errno. out is memory, so they may write to it under locks.
 */
int uapi_debugfs_name(struct uapi_device *dev, FILE *out);
int uapi_debugfs_clients(struct uapi_device *dev, FILE *out);
int uapi_debugfs_gem_names(struct uapi_device *dev, FILE *out);
/* uapi_debugfs_gpu.c; the last three are what opening for writing does. */
int uapi_debugfs_drop_caches(struct uapi_device *dev, FILE *out);
int uapi_debugfs_engines(struct uapi_device *dev, FILE *out);
int uapi_debugfs_error(struct uapi_device *dev, FILE *out);
int uapi_debugfs_wedged(struct uapi_device *dev, FILE *out);
int uapi_debugfs_wait_idle(struct uapi_device *dev);
int uapi_debugfs_clear_error(struct uapi_device *dev);
int uapi_debugfs_blame(struct uapi_device *dev);
/* uapi_debugfs_gem.c */
int uapi_debugfs_gem_objects(struct uapi_device *dev, FILE *out);
int uapi_debugfs_gtt(struct uapi_device *dev, FILE *out);
int uapi_debugfs_fence_regs(struct uapi_device *dev, FILE *out);
/* uapi_debugfs_kms.c */
int uapi_debugfs_framebuffer(struct uapi_device *dev, FILE *out);
int uapi_debugfs_state(struct uapi_device *dev, FILE *out);

/* The name of process pid now, "<unknown>" when there is none. size: TASK_COMM_LEN = 16. */
void uapi_debugfs_comm(pid_t pid, char comm[16]);

/* struct vfs_file_ops.fdinfo: the kernel's drm-usage-stats. */
int uapi_file_fdinfo(struct vfs_file *base, FILE *out);

#endif
