/* Open files of a card: open, mmap, events, close (kernel: drm_file.c). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gem_journal.h"
#include "gem_view.h"
#include "kms_atomic.h"
#include "uapi_debugfs.h"
#include "uapi_file.h"

static void send_event(struct kms_file *kms, const void *event, size_t len)
{
	struct uapi_file *file = gem_container_of(kms, struct uapi_file, kms);

	/* A holder that is gone or stuffed its socket loses it: its own loss. */
	int ret = vfs_file_send(&file->base, event, len);
	if (ret)
		gem_debug("event", "file %u loses an event: %s", file->base.id,
			strerrorname_np(-ret));
}

static size_t unread_bytes(struct kms_file *kms)
{
	struct uapi_file *file = gem_container_of(kms, struct uapi_file, kms);

	/* All events there are have this size. */
	_Static_assert(sizeof(struct drm_event_vblank) == sizeof(struct drm_event_crtc_sequence),
		"vfs_file_unread counts packets of one size");
	return vfs_file_unread(&file->base, sizeof(struct drm_event_vblank)) *
		sizeof(struct drm_event_vblank);
}

static const struct kms_event_ops event_ops = {
	.send = send_event,
	.unread = unread_bytes,
};

static int file_mmap(struct vfs_file *base, uint64_t offset, uint64_t length, int prot, int *fd,
	uint64_t *fd_offset)
{
	struct uapi_file *file = gem_container_of(base, struct uapi_file, base);
	int access = base->flags & O_ACCMODE;
	struct gem_object *obj;

	if (uapi_file_unplugged(file))
		return -ENODEV;
	/* As mmap(2) of any file: shared memory needs the file open for it. */
	if (access == O_WRONLY || (prot & PROT_WRITE && access != O_RDWR))
		return -EACCES;
	uint64_t way = offset >> UAPI_MAP_WAY_SHIFT;
	if (way > UAPI_MAP_CPU)
		return -EINVAL;
	int ret = gem_mmap_lookup(&file->gem, offset & (GEM_MMAP_OFFSET_END - 1), length, &obj);
	if (ret)
		return ret;
	if (way == UAPI_MAP_MEMORY)
		ret = gem_object_open_memory(obj, fd);
	else
		ret = gem_object_map_fd(obj, way == UAPI_MAP_GTT ? GEM_VIEW_GTT : GEM_VIEW_CPU, fd);
	*fd_offset = 0;
	gem_object_put(obj);
	return ret;
}

static void file_watches(struct vfs_file *base, uint32_t places[VFS_WATCHES])
{
	const struct uapi_file *file = gem_container_of(base, struct uapi_file, base);
	const struct uapi_device *dev = file->dev;

	places[VFS_WATCH_LIFE] = gem_publish_place(dev->kms->life);
	places[VFS_WATCH_ACCESS] = gem_publish_place(dev->access_changes);
	places[VFS_WATCH_STATE] = gem_publish_place(dev->kms->state_changes);
	places[VFS_WATCH_VBLANK] = gem_publish_place(dev->kms->vblank_changes);
	places[VFS_WATCH_BUSY] = gem_publish_place(gem_publish_busy());
	places[VFS_WATCH_FILE] = gem_publish_place(file->kms.changes);
	places[VFS_WATCH_HANDLES] = gem_publish_place(file->gem.handle_changes);
}

static void file_release(struct vfs_file *base)
{
	struct uapi_file *file = gem_container_of(base, struct uapi_file, base);
	struct uapi_device *dev = file->dev;

	/* Who walks the list uses the file's parts: unlisted first. */
	pthread_mutex_lock(&dev->master_lock);
	if (!gem_list_empty(&file->link))
		gem_journal_add("%s: closed by process %d", dev->node_paths[file->kind],
			(int)base->pid);
	gem_list_del(&file->link);
	pthread_mutex_unlock(&dev->master_lock);
	kms_file_finish(&file->kms);
	gem_file_finish(&file->gem);
	uapi_master_release(file);
	pthread_mutex_lock(&dev->master_lock);
	/* Under the lock, so that it can not hit who opens the card anew meanwhile. */
	if (!uapi_file_unplugged(file) && --dev->open_count == 0) {
		kms_atomic_shutdown(dev->kms);
		if (dev->on_last_close)
			dev->on_last_close(dev, dev->on_last_close_data);
	}
	pthread_mutex_unlock(&dev->master_lock);
	vfs_file_finish(base);
	free(file);
}

static const struct vfs_file_ops file_ops = {
	.ioctl = uapi_file_ioctl,
	.mmap = file_mmap,
	.watches = file_watches,
	.fdinfo = uapi_file_fdinfo,
	.release = file_release,
};

int uapi_file_open(const struct vfs_node *node, int flags, struct vfs_caller *caller,
	struct vfs_file **out)
{
	struct uapi_device *dev = node->data;
	struct uapi_file *file;

	if (flags & O_EXCL) /* the kernel's: "No exclusive opens" */
		return -EBUSY;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	vfs_file_init(&file->base, &file_ops);
	file->dev = dev;
	file->generation = atomic_load(&dev->generation);
	file->kind = node->path == dev->node_paths[UAPI_NODE_RENDER] ? UAPI_NODE_RENDER :
		UAPI_NODE_PRIMARY;
	file->authenticated = caller->uid == 0;
	int ret = gem_file_init(&file->gem, &dev->gem);
	if (ret)
		goto free_file;
	file->gem.pid = caller->pid;
	kms_file_init(&file->kms, dev->kms, &event_ops);
	if (file->kind == UAPI_NODE_PRIMARY)
		ret = uapi_master_open(file);
	if (ret)
		goto finish_parts;
	gem_list_init(&file->link);
	pthread_mutex_lock(&dev->master_lock);
	if (!uapi_file_unplugged(file))
		dev->open_count++;
	pthread_mutex_unlock(&dev->master_lock);
	*out = &file->base;
	return 0;

finish_parts:
	kms_file_finish(&file->kms);
	gem_file_finish(&file->gem);
free_file:
	vfs_file_finish(&file->base);
	free(file);
	return ret;
}

int uapi_file_opened(struct vfs_file *base)
{
	struct uapi_file *file = gem_container_of(base, struct uapi_file, base);

	pthread_mutex_lock(&file->dev->master_lock);
	gem_list_add_tail(&file->dev->files, &file->link);
	gem_journal_add("%s: opened by process %d", file->dev->node_paths[file->kind],
		(int)base->pid);
	pthread_mutex_unlock(&file->dev->master_lock);
	return 0;
}
