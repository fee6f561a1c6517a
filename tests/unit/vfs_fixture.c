#include <poll.h>
#include <stdlib.h>

#include "test.h"
#include "vfs_fixture.h"

atomic_int opened, released;
struct vfs *vfs;
struct vfs_caller self;

static long driver_ioctl(struct vfs_file *file, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	return request;
}

static void driver_release(struct vfs_file *file)
{
	atomic_fetch_add(&released, 1);
	vfs_file_finish(file);
	free(file);
}

const struct vfs_file_ops driver_ops = {
	.ioctl = driver_ioctl,
	.release = driver_release,
};

int driver_open(const struct vfs_node *node, int flags, struct vfs_caller *caller,
	struct vfs_file **out)
{
	if (node->data)
		return -(int)(intptr_t)node->data;
	struct vfs_file *file = malloc(sizeof(*file));
	vfs_file_init(file, &driver_ops);
	atomic_fetch_add(&opened, 1);
	*out = file;
	return 0;
}

const struct vfs_node plain_node = {
	.path = "/dev/test", .mode = 0666, .open = driver_open,
};

void setup(const struct vfs_node *node)
{
	CHECK_INT(vfs_create(&vfs), 0);
	vfs_caller_init_self(&self);
	CHECK_INT(vfs_add_node(vfs, node), 0);
}

void teardown(void)
{
	vfs_destroy(vfs);
	CHECK_INT(opened, released);
}

int open_fd(int flags)
{
	int fd = -1;

	CHECK_INT(vfs_open(vfs, "/dev/test", flags, &self, &fd), 0);
	CHECK(fd >= 0);
	return fd;
}

bool reap_is_due(void)
{
	struct pollfd poll_fd = {.fd = vfs_reap_fd(vfs), .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1;
}
