/* The node and its files: memory, read, write. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fbdev_private.h"
#include "gem_object.h"
#include "wire_uapi.h"

/* A copy through the server, a piece at a time. */
enum { PIECE = 64 << 10 };

uint32_t fbdev_memory_size(const struct fbdev_device *dev)
{
	const struct kms_canvas *canvas = kms_fbdev_canvas(dev->kms);

	return canvas->pitch * canvas->height;
}

/* ---- read, write, lseek: requests of the preload library (wire_uapi.h) ---- */

static int copy_out(struct fbdev_file *file, struct vfs_caller *caller, uint64_t to, uint32_t count)
{
	const uint8_t *pixels = kms_fbdev_canvas(file->dev->kms)->pixels;

	return vfs_copy_to(caller, to, pixels + file->position, count) ? -EFAULT : 0;
}

static int copy_in(struct fbdev_file *file, struct vfs_caller *caller, uint64_t from, uint32_t count)
{
	uint8_t *pixels = kms_fbdev_canvas(file->dev->kms)->pixels, piece[PIECE / 16];

	for (uint32_t done = 0; done < count; done += sizeof(piece)) {
		uint32_t now = count - done < sizeof(piece) ? count - done : sizeof(piece);

		if (vfs_copy_from(caller, piece, from + done, now))
			return -EFAULT;
		memcpy(pixels + file->position + done, piece, now);
	}
	return 0;
}

/* At the end a read is at the end of the file, and a write has no room left. */
static long transfer(struct fbdev_file *file, struct vfs_caller *caller, uint64_t arg, bool write)
{
	uint64_t size = fbdev_memory_size(file->dev);
	struct wire_fb_io io;
	int access = file->base.flags & O_ACCMODE;

	if (access == (write ? O_RDONLY : O_WRONLY))
		return -EBADF;
	if (file->dev->removed)
		return -ENODEV;
	if (vfs_copy_from(caller, &io, arg, sizeof(io)))
		return -EFAULT;
	pthread_mutex_lock(&file->lock);
	uint64_t room = file->position < size ? size - file->position : 0;
	uint32_t count = io.length < room ? io.length : room;
	long ret = 0;
	if (write && io.length > 0 && room == 0)
		ret = file->position > size ? -EFBIG : -ENOSPC;
	else if (count > 0)
		ret = write ? copy_in(file, caller, io.address, count) :
			copy_out(file, caller, io.address, count);
	if (ret == 0) {
		file->position += count;
		ret = count;
	}
	pthread_mutex_unlock(&file->lock);
	if (write && ret > 0)
		kms_fbdev_dirty(file->dev->kms);
	return ret;
}

static long seek(struct fbdev_file *file, struct vfs_caller *caller, uint64_t arg)
{
	struct wire_fb_seek args;

	if (vfs_copy_from(caller, &args, arg, sizeof(args)))
		return -EFAULT;
	pthread_mutex_lock(&file->lock);
	/* No SEEK_END: a character device has no size. */
	int64_t base = args.whence == SEEK_CUR ? (int64_t)file->position : 0;
	int64_t position;
	int ret = args.whence != SEEK_SET && args.whence != SEEK_CUR ? -EINVAL : 0;
	if (ret == 0 && (__builtin_add_overflow(base, args.offset, &position) || position < 0))
		ret = -EINVAL;
	if (ret == 0)
		args.offset = file->position = position;
	pthread_mutex_unlock(&file->lock);
	if (ret == 0 && vfs_copy_to(caller, arg, &args, sizeof(args)))
		ret = -EFAULT;
	return ret;
}

/* ---- the file ---- */

static void device_put(struct fbdev_device *dev)
{
	if (atomic_fetch_sub(&dev->refcount, 1) > 1)
		return;
	kms_fbdev_destroy(dev->kms);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

static void watch(struct fbdev_device *dev, bool on)
{
	pthread_mutex_lock(&dev->lock);
	if (dev->console)
		kms_console_watch(dev->console, on);
	pthread_mutex_unlock(&dev->lock);
}

static long file_ioctl(struct vfs_file *base, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	struct fbdev_file *file = gem_container_of(base, struct fbdev_file, base);

	switch (request) {
	case WIRE_FB_READ:
		return transfer(file, caller, arg, false);
	case WIRE_FB_WRITE:
		return transfer(file, caller, arg, true);
	case WIRE_FB_SEEK:
		return seek(file, caller, arg);
	}
	if (file->dev->removed)
		return -ENODEV;
	return fbdev_ioctl(file->dev, request, arg, caller);
}

static int file_mmap(struct vfs_file *base, uint64_t offset, uint64_t length, int prot, int *fd,
	uint64_t *fd_offset)
{
	struct fbdev_file *file = gem_container_of(base, struct fbdev_file, base);
	uint64_t size = GEM_ALIGN((uint64_t)fbdev_memory_size(file->dev), GEM_PAGE_SIZE);
	int access = base->flags & O_ACCMODE;

	if (access == O_WRONLY || (prot & PROT_WRITE && access != O_RDWR))
		return -EACCES;
	if (file->dev->removed)
		return -ENODEV;
	if (offset > size || length > size - offset)
		return -EINVAL;
	int ret = gem_object_open_memory(kms_fbdev_object(file->dev->kms), fd);
	if (ret < 0)
		return ret;
	*fd_offset = offset;
	if (!atomic_exchange(&file->watched, true))
		watch(file->dev, true);
	return 0;
}

static void file_release(struct vfs_file *base)
{
	struct fbdev_file *file = gem_container_of(base, struct fbdev_file, base);

	/* Mappings may stay, as the kernel's do; nobody looks at them any more. */
	if (file->watched)
		watch(file->dev, false);
	device_put(file->dev);
	pthread_mutex_destroy(&file->lock);
	vfs_file_finish(base);
	free(file);
}

static const struct vfs_file_ops file_ops = {
	.ioctl = file_ioctl,
	.mmap = file_mmap,
	.release = file_release,
};

static int open_file(const struct vfs_node *node, int flags, struct vfs_caller *caller,
	struct vfs_file **out)
{
	struct fbdev_file *file = calloc(1, sizeof(*file));

	(void)flags;
	(void)caller;
	if (!file)
		return -ENOMEM;
	vfs_file_init(&file->base, &file_ops);
	file->dev = node->data;
	atomic_fetch_add(&file->dev->refcount, 1);
	pthread_mutex_init(&file->lock, NULL);
	*out = &file->base;
	return 0;
}

void fbdev_node_init(struct fbdev_node *node, unsigned index)
{
	snprintf(node->path, sizeof(node->path), "/dev/fb%u", index);
	node->base = (struct vfs_node) {
		.path = node->path, .major = FBDEV_MAJOR, .minor = index, .mode = 0666,
		.uid = geteuid(), .gid = getegid(), .open = open_file,
	};
}

int fbdev_device_create(struct kms_fbdev *kms, struct kms_console *console, const char *driver,
	struct fbdev_device **out)
{
	struct fbdev_device *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return -ENOMEM;
	dev->refcount = 1;
	dev->kms = kms;
	dev->console = console;
	snprintf(dev->name, sizeof(dev->name), "%sdrmfb", driver);
	pthread_mutex_init(&dev->lock, NULL);
	*out = dev;
	return 0;
}

void fbdev_device_remove(struct fbdev_device *dev)
{
	dev->removed = true;
	pthread_mutex_lock(&dev->lock);
	struct kms_console *console = dev->console;
	dev->console = NULL;
	pthread_mutex_unlock(&dev->lock);
	kms_console_destroy(console);
	device_put(dev);
}
