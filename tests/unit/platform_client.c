#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <drm_fourcc.h>

#include "platform_client.h"
#include "test.h"
#include "wire_uapi.h"

int client_open(struct platform *platform, const char *path, int flags)
{
	struct vfs_caller caller;
	int fd;

	vfs_caller_init_self(&caller);
	CHECK_INT(vfs_open(platform->vfs, path, flags, &caller, &fd), 0);
	return fd;
}

long client_ioctl(struct platform *platform, int fd, unsigned int request, void *arg)
{
	struct vfs_caller caller;
	struct vfs_file *file;

	vfs_caller_init_self(&caller);
	CHECK_INT(vfs_file_from_fd(platform->vfs, fd, &file), 0);
	long ret = file->ops->ioctl(file, request, (uintptr_t)arg, &caller);
	vfs_file_put(file);
	return ret;
}

long client_read_input(struct platform *platform, int fd, void *buf, size_t size)
{
	struct wire_input_io io = {.address = (uintptr_t)buf, .length = size};
	struct vfs_caller caller;
	struct vfs_file *file;
	uint32_t token;

	CHECK_INT(vfs_file_from_fd(platform->vfs, fd, &file), 0);
	vfs_caller_init_self(&caller);
	long ret = file->ops->ioctl(file, WIRE_INPUT_READ, (uintptr_t)&io, &caller);
	vfs_file_put(file);
	if (ret >= 0 && io.token)
		CHECK_INT(recv(fd, &token, sizeof(token), MSG_DONTWAIT), sizeof(token));
	return ret;
}

struct drm_mode_fb_cmd2 client_add_fb(struct platform *platform, int fd, uint32_t width,
	uint32_t height)
{
	struct drm_mode_create_dumb dumb = {.width = width, .height = height, .bpp = 32};

	CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	struct drm_mode_fb_cmd2 fb = {
		.width = width, .height = height, .pixel_format = DRM_FORMAT_XRGB8888,
		.handles = {dumb.handle}, .pitches = {dumb.pitch},
	};
	CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_MODE_ADDFB2, &fb), 0);
	return fb;
}

int client_connect_control(struct platform *platform)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(snprintf(address.sun_path, sizeof(address.sun_path), "%s/" CONTROL_SOCKET_NAME,
		platform->dir) < (int)sizeof(address.sun_path));
	CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}
