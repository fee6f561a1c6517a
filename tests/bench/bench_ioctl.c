/*
 * Cost of a trivial ioctl in process, beside a kernel ioctl of the same run,
 * and of handle look-ups by number of handles. Prints JSON, one line.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "uapi.h"

enum { CALLS = 500000, LOOKUPS = 1000000 };

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static void require(int ret, const char *what)
{
	if (ret == 0)
		return;
	fprintf(stderr, "%s: %d\n", what, ret);
	exit(1);
}

static double kernel_ioctl(void)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_PRIME};
	int fd = eventfd(0, EFD_CLOEXEC);

	double start = now_ns();
	for (int i = 0; i < CALLS; i++)
		ioctl(fd, DRM_IOCTL_GET_CAP, &cap);
	double end = now_ns();
	close(fd);
	return (end - start) / CALLS;
}

/* door: with the look-up by descriptor. */
static double device_ioctl(struct vfs *vfs, int fd, bool door)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_PRIME};
	struct vfs_caller caller;
	struct vfs_file *known, *file;

	vfs_caller_init_self(&caller);
	require(vfs_file_from_fd(vfs, fd, &known), "file");
	double start = now_ns();
	for (int i = 0; i < CALLS; i++) {
		if (door)
			require(vfs_file_from_own_fd(vfs, fd, &file), "file");
		known->ops->ioctl(known, DRM_IOCTL_GET_CAP, (uintptr_t)&cap, &caller);
		if (door)
			vfs_file_put(file);
	}
	double end = now_ns();
	vfs_file_put(known);
	return (end - start) / CALLS;
}

static double lookups(struct gem_file *file, struct gem_object *obj, uint32_t handles)
{
	struct gem_object *found;
	uint32_t handle, random = 1;

	while (file->handles.count < handles)
		require(gem_handle_create(file, obj, &handle), "handle");
	double start = now_ns();
	for (int i = 0; i < LOOKUPS; i++) {
		random = random * 1664525u + 1013904223u;
		require(gem_object_lookup(file, 1 + (random >> 8) % handles, &found), "lookup");
		gem_object_put(found);
	}
	return (now_ns() - start) / LOOKUPS;
}

int main(void)
{
	struct gem_object *obj;
	struct uapi_device *dev;
	struct gem_file file;
	struct vfs_caller caller;
	struct vfs_node node;
	struct vfs *vfs;
	int fd;

	require(vfs_create(&vfs), "vfs");
	require(uapi_device_create(kms_device_desc_default(), NULL, NULL, &dev), "device");
	uapi_node_init(&node, dev, UAPI_NODE_PRIMARY, 0);
	require(vfs_add_node(vfs, &node), "node");
	vfs_caller_init_self(&caller);
	require(vfs_open(vfs, node.path, O_RDWR, &caller, &fd), "open");
	require(gem_file_init(&file, &dev->gem), "gem file");
	require(gem_shmem_create(&dev->gem, GEM_PAGE_SIZE, &obj), "object");
	double few = lookups(&file, obj, 1000);
	printf("{\"kernel_ioctl_ns\": %.1f, \"dispatch_ns\": %.1f, \"door_ns\": %.1f, "
	       "\"lookup_1e3_ns\": %.1f, \"lookup_1e6_ns\": %.1f}\n", kernel_ioctl(),
		device_ioctl(vfs, fd, false), device_ioctl(vfs, fd, true), few,
		lookups(&file, obj, 1000000));
	gem_object_put(obj);
	gem_file_finish(&file);
	close(fd);
	vfs_destroy(vfs);
	uapi_device_destroy(dev);
	return 0;
}
