#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vfs_text.h"

enum { TEXT_SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL };

/* Locks of the engine are held while it is rendered, so it goes to memory first. */
static int render_text(vfs_text_render render, void *data, char **text, size_t *size)
{
	FILE *out = open_memstream(text, size);

	if (!out)
		return -ENOMEM;
	int ret = render(data, out);
	if (fclose(out) != 0 && ret >= 0)
		ret = -ENOMEM;
	if (ret < 0)
		free(*text);
	return ret < 0 ? ret : 0;
}

static int write_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, text, size);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			text += written;
			size -= written;
		}
	}
	return 0;
}

/* A file of its own on the same memory, which can only be read. */
static int open_read_only(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int copy = open(path, O_RDONLY | (flags & O_CLOEXEC));
	return copy < 0 ? -errno : copy;
}

static int make_file(const char *name, const char *text, size_t size, int flags)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	int ret = write_all(fd, text, size);
	if (ret == 0 && fcntl(fd, F_ADD_SEALS, TEXT_SEALS) < 0)
		ret = -errno;
	if (ret == 0)
		ret = open_read_only(fd, flags);
	close(fd);
	return ret;
}

int vfs_text_open(const char *name, vfs_text_render render, void *data, int flags, int *fd)
{
	size_t size;
	char *text;

	if ((flags & O_ACCMODE) != O_RDONLY)
		return -EACCES;
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	int ret = render_text(render, data, &text, &size);
	if (ret < 0)
		return ret;
	ret = make_file(name, text, size, flags);
	free(text);
	if (ret < 0)
		return ret;
	*fd = ret;
	return 0;
}

int vfs_text_open_node(const struct vfs_node *node, int flags, int *fd)
{
	if ((flags & O_ACCMODE) == O_RDONLY || !node->text_sink)
		return vfs_text_open(strrchr(node->path, '/') + 1, node->text, node->data, flags,
			fd);
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	int ret = node->text_sink(node->data);
	if (ret < 0)
		return ret;
	*fd = open("/dev/null", flags & (O_ACCMODE | O_CLOEXEC));
	return *fd < 0 ? -errno : 0;
}

void vfs_text_node_init(struct vfs_node *node, const char *path, vfs_text_render render,
	void *data)
{
	*node = (struct vfs_node){
		.path = path,
		.mode = 0444,
		.uid = geteuid(),
		.gid = getegid(),
		.text = render,
		.data = data,
	};
}

static int render_fdinfo(void *data, FILE *out)
{
	struct vfs_file *file = data;

	return file->ops->fdinfo(file, out);
}

int vfs_file_fdinfo(struct vfs_file *file, int *fd)
{
	if (!file->ops->fdinfo)
		return -ENODEV;
	return vfs_text_open("fdinfo", render_fdinfo, file, O_RDONLY | O_CLOEXEC, fd);
}
