/*
 * Requests of dma-bufs (kernel: dma-buf.c). A dma-buf of ours is a sealed memfd: its
 * ioctl comes to a door as one of a descriptor that is none of our files, and from
 * there by vfs_dma_buf.
 */
#include <errno.h>
#include <unistd.h>

#include <linux/dma-buf.h>

#include "gem_fence_array.h"
#include "gem_interrupt.h"
#include "gem_prime.h"
#include "gem_resv.h"
#include "uapi_sync.h"

/* Who wants to write waits for all, who wants to read for writers; new reference. */
static int pending(struct gem_object *obj, uint32_t flags, struct gem_fence **fence)
{
	struct gem_fence_set set = {0};
	int ret = gem_object_pending(obj, flags & DMA_BUF_SYNC_WRITE, &set);

	if (ret == 0)
		ret = gem_fence_array_create(set.fences, set.count, fence);
	gem_fence_set_finish(&set);
	return ret;
}

static int wait_for(struct gem_object *obj, uint32_t flags)
{
	struct gem_fence *fence;
	int ret;

	if (flags & DMA_BUF_SYNC_END || !gem_object_busy_for(obj, flags & DMA_BUF_SYNC_WRITE))
		return 0;
	ret = pending(obj, flags, &fence);
	if (ret)
		return ret;
	ret = gem_fence_wait_interruptible(fence);
	gem_fence_put(fence);
	return ret;
}

static int export(struct vfs *vfs, struct gem_object *obj, uint32_t flags, int *fd)
{
	struct gem_fence *fence;
	int ret = pending(obj, flags, &fence);

	if (ret)
		return ret;
	ret = uapi_sync_file_create(vfs, fence, NULL, fd);
	gem_fence_put(fence);
	return ret;
}

static int import(struct vfs *vfs, struct gem_object *obj, uint32_t flags, int sync_file)
{
	struct gem_fence *const *parts;
	struct gem_fence *fence;
	int ret = uapi_sync_file_own_fence(vfs, sync_file, &fence);

	if (ret)
		return ret;
	unsigned count = gem_fence_parts(&fence, &parts);
	for (unsigned i = 0; i < count && ret == 0; i++)
		ret = gem_object_add_fence(obj, parts[i], flags & DMA_BUF_SYNC_WRITE);
	gem_fence_put(fence);
	return ret;
}

static int check_flags(const struct vfs_dma_buf_request *request)
{
	uint32_t known = request->request == DMA_BUF_IOCTL_SYNC ? DMA_BUF_SYNC_VALID_FLAGS_MASK :
		DMA_BUF_SYNC_RW;

	return request->flags & ~known || !(request->flags & DMA_BUF_SYNC_RW) ? -EINVAL : 0;
}

static int run(struct vfs *vfs, struct gem_object *obj, const struct vfs_dma_buf_request *request,
	int *fd)
{
	switch (request->request) {
	case DMA_BUF_IOCTL_SYNC:
		return wait_for(obj, request->flags);
	case DMA_BUF_IOCTL_EXPORT_SYNC_FILE:
		return export(vfs, obj, request->flags, fd);
	default:
		return import(vfs, obj, request->flags, request->sync_file);
	}
}

int uapi_dma_buf(struct vfs *vfs, const struct vfs_dma_buf_request *request, int *fd)
{
	struct gem_object *obj;

	*fd = -1;
	if (request->request != DMA_BUF_IOCTL_SYNC &&
	    request->request != DMA_BUF_IOCTL_EXPORT_SYNC_FILE &&
	    request->request != DMA_BUF_IOCTL_IMPORT_SYNC_FILE)
		return -ENOTTY;
	int ret = check_flags(request);
	if (ret == 0)
		ret = gem_prime_lookup(request->fd, &obj);
	if (ret)
		return ret;
	ret = run(vfs, obj, request, fd);
	gem_object_put(obj);
	return ret;
}
