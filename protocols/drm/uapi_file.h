/* Inside of protocols/drm: the vfs side of a DRM file. */
#ifndef UAPI_FILE_H
#define UAPI_FILE_H

#include "uapi.h"

/*
 * A fake offset is the object's place in the device address space, with the way
 * to its bytes in the bits above (gem_view.h).
 */
enum uapi_map_way {
	UAPI_MAP_MEMORY, /* uncached, write-combining; dumb buffers */
	UAPI_MAP_GTT,    /* through the aperture, detiled */
	UAPI_MAP_CPU,    /* through the CPU's cache */
};
#define UAPI_MAP_WAY_SHIFT 46
_Static_assert(GEM_MMAP_OFFSET_END == 1ull << UAPI_MAP_WAY_SHIFT, "ways start where places end");

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
struct uapi_master *uapi_master_create(void);
/* One that nobody ever knew. */
void uapi_master_free(struct uapi_master *master);
/* All _locked ones: dev->master_lock. */
struct uapi_master *uapi_master_get_locked(struct uapi_master *master);
void uapi_master_put_locked(struct uapi_device *dev, struct uapi_master *master);
/* file no longer looks to its master, nor is it master. */
void uapi_master_leave_locked(struct uapi_file *file);
/* There is no master from now on. */
void uapi_master_drop(struct uapi_device *dev);
/* Lets go of dev->master_lock, and tells dev->on_lease_end what has happened meanwhile. */
void uapi_master_unlock(struct uapi_device *dev);

#endif
