#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "uapi_fixture.h"

enum { ORDINARY_USER = 1000 };

void fixture_init(struct uapi_fixture *fixture)
{
	fixture_init_desc(fixture, kms_device_desc_default());
}

void fixture_init_desc(struct uapi_fixture *fixture, const struct kms_device_desc *desc)
{
	CHECK_INT(vfs_create(&fixture->vfs), 0);
	CHECK_INT(uapi_device_create(desc, NULL, NULL, &fixture->dev), 0);
	uapi_node_init(&fixture->card, fixture->dev, UAPI_NODE_PRIMARY, 0);
	uapi_node_init(&fixture->render, fixture->dev, UAPI_NODE_RENDER, 0);
	CHECK_INT(vfs_add_node(fixture->vfs, &fixture->card), 0);
	CHECK_INT(vfs_add_node(fixture->vfs, &fixture->render), 0);
	vfs_caller_init_self(&fixture->caller);
	fixture->caller.uid = fixture->caller.gid = ORDINARY_USER;
}

void fixture_finish(struct uapi_fixture *fixture)
{
	vfs_destroy(fixture->vfs);
	uapi_device_stop(fixture->dev);
	CHECK_INT(fixture->dev->open_count, 0);
	CHECK(fixture->dev->master == NULL);
	CHECK_INT(fixture->dev->gem.object_count, 0);
	uapi_device_destroy(fixture->dev);
}

static int result(long ret)
{
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

int fixture_open(struct uapi_fixture *fixture, const char *path, int flags)
{
	int fd = -1;

	int ret = vfs_open(fixture->vfs, path, flags, &fixture->caller, &fd);
	return result(ret ? ret : fd);
}

int fixture_open_card(struct uapi_fixture *fixture)
{
	int fd = fixture_open(fixture, "/dev/dri/card0", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	CHECK(fd >= 0);
	return fd;
}

int fixture_open_render(struct uapi_fixture *fixture)
{
	int fd = fixture_open(fixture, "/dev/dri/renderD128", O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

int fixture_ioctl(struct uapi_fixture *fixture, int fd, unsigned long request, void *arg)
{
	struct vfs_file *file;

	long ret = vfs_file_from_fd(fixture->vfs, fd, &file);
	if (ret == 0) {
		struct vfs_caller caller = fixture->caller; /* of this call: others may run */

		ret = file->ops->ioctl(file, request, (uintptr_t)arg, &caller);
		vfs_file_put(file);
	}
	return result(ret);
}

void *fixture_mmap(struct uapi_fixture *fixture, int fd, uint64_t offset, size_t length, int prot)
{
	struct vfs_file *file;
	uint64_t fd_offset;
	int map_fd;

	int ret = vfs_file_from_fd(fixture->vfs, fd, &file);
	if (ret == 0) {
		ret = file->ops->mmap(file, offset, length, prot, &map_fd, &fd_offset);
		vfs_file_put(file);
	}
	if (ret) {
		result(ret);
		return MAP_FAILED;
	}
	void *memory = mmap(NULL, length, prot, MAP_SHARED, map_fd, fd_offset);
	close(map_fd);
	return memory;
}
