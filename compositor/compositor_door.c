#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

#include "platform.h"
#include "preload_door.h"
#include "vfs_text.h"

#include "compositor_door.h"

static struct platform *platform;
/* Who asks is always us; a forked child has the wire door. Looked up once, not per call. */
static struct vfs_caller self;

static const char *door_tree(void)
{
	return tree_root(platform->tree);
}

static void fill_node(struct preload_node *out, const char *path, const struct vfs_stat *stat)
{
	out->major = stat->major;
	out->minor = stat->minor;
	out->mode = stat->rights.mode;
	out->uid = stat->rights.uid;
	out->gid = stat->rights.gid;
	snprintf(out->path, sizeof(out->path), "%s", path);
}

static void fill_anonymous(struct preload_node *out, const struct vfs_file *file)
{
	*out = (struct preload_node){.mode = PRELOAD_ANONYMOUS_MODE};
	snprintf(out->path, sizeof(out->path), "%s", file->anonymous);
}

static int door_stat_node(const char *path, struct preload_node *out)
{
	struct vfs_stat stat;
	int err = vfs_stat(platform->vfs, path, &stat);

	if (err == 0)
		fill_node(out, path, &stat);
	return err;
}

static int door_fstat_node(int fd, struct preload_node *out)
{
	struct vfs_file *file;
	struct vfs_stat stat;
	int err = vfs_file_from_own_fd(platform->vfs, fd, &file);

	if (err < 0)
		return err;
	if (file->node) {
		vfs_stat_node(platform->vfs, file->node, &stat);
		fill_node(out, file->node->path, &stat);
	} else {
		fill_anonymous(out, file);
	}
	vfs_file_put(file);
	return 0;
}

static int door_open(const char *path, int flags)
{
	int fd;
	int err = vfs_open(platform->vfs, path, flags, &self, &fd);

	return err < 0 ? err : fd;
}

static long door_ioctl(int fd, unsigned long request, void *arg)
{
	struct vfs_file *file;
	int err = vfs_file_from_own_fd(platform->vfs, fd, &file);

	if (err < 0)
		return err;
	long result = file->ops->ioctl(file, request, (uintptr_t)arg, &self);
	vfs_file_put(file);
	return result;
}

static int door_mmap(int fd, uint64_t offset, uint64_t length, int prot, int *map_fd,
	uint64_t *map_offset)
{
	struct vfs_file *file;
	int err = vfs_file_from_own_fd(platform->vfs, fd, &file);

	if (err < 0)
		return err;
	err = file->ops->mmap ?
		file->ops->mmap(file, offset, length, prot, map_fd, map_offset) : -ENODEV;
	vfs_file_put(file);
	return err;
}

static int door_fdinfo(int fd)
{
	struct vfs_file *file;
	int text;
	int err = vfs_file_from_own_fd(platform->vfs, fd, &file);

	if (err < 0)
		return err;
	err = vfs_file_fdinfo(file, &text);
	vfs_file_put(file);
	return err < 0 ? err : text;
}

static int door_dma_buf(int fd, unsigned int request, uint32_t flags, int sync_file)
{
	struct vfs_dma_buf_request args = {fd, sync_file, request, flags};
	int out;
	int err = vfs_dma_buf(platform->vfs, &args, &out);

	return err < 0 ? err : out < 0 ? 0 : out;
}

static int door_uevent(int flags)
{
	int fd;
	int err = tree_uevent_subscribe(platform->tree, &fd);

	if (err < 0)
		return err;
	fcntl(fd, F_SETFD, flags & SOCK_CLOEXEC ? FD_CLOEXEC : 0);
	if (flags & SOCK_NONBLOCK)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}

static void door_closing(unsigned first, unsigned last)
{
	vfs_fds_closing(platform->vfs, first, last);
}

static void door_closed(unsigned first, unsigned last)
{
	vfs_fds_closed(platform->vfs, first, last);
}

static const struct preload_door door = {
	.tree = door_tree,
	.stat_node = door_stat_node,
	.fstat_node = door_fstat_node,
	.open = door_open,
	.ioctl = door_ioctl,
	.mmap = door_mmap,
	.fdinfo = door_fdinfo,
	.uevent = door_uevent,
	.dma_buf = door_dma_buf,
	.closing = door_closing,
	.closed = door_closed,
};

void compositor_door_open(struct platform *p)
{
	platform = p;
	vfs_caller_init_self(&self);
	preload_set_door(&door);
}

void compositor_door_close(void)
{
	/* platform stays: a thread may be on its way through this door. */
	preload_set_door(&preload_wire_door);
}

struct uapi_device *compositor_door_card(void)
{
	return platform ? platform->card : NULL;
}
