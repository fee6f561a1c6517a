#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "test.h"
#include "uapi_card.h"

enum { EVENT_SIZE = 32, EVENT_WAIT_MS = 2000 };

struct uapi_device *card;
static struct vfs *vfs;
static struct vfs_node node;

void card_start(void)
{
	CHECK_INT(vfs_create(&vfs), 0);
	CHECK_INT(uapi_device_create(kms_device_desc_default(), NULL, &card), 0);
	uapi_node_init(&node, card, UAPI_NODE_PRIMARY, 0);
	CHECK_INT(vfs_add_node(vfs, &node), 0);
}

void card_stop(void)
{
	vfs_reap(vfs);
	CHECK_INT(card->open_count, 0);
	vfs_destroy(vfs);
	uapi_device_destroy(card);
}

int card_open(void)
{
	struct vfs_caller caller;
	int fd;

	vfs_caller_init_self(&caller);
	CHECK_INT(vfs_open(vfs, "/dev/dri/card0", O_RDWR | O_NONBLOCK, &caller, &fd), 0);
	return fd;
}

void card_close(int fd)
{
	close(fd);
	vfs_reap(vfs);
}

int card_ioctl(int fd, unsigned long request, void *arg)
{
	struct vfs_caller caller;
	struct vfs_file *file;
	long ret;

	vfs_caller_init_self(&caller);
	ret = vfs_file_from_fd(vfs, fd, &file);
	if (!ret) {
		ret = file->ops->ioctl(file, (unsigned)request, (uintptr_t)arg, &caller);
		vfs_file_put(file);
	}
	if (ret >= 0)
		return (int)ret;
	errno = (int)-ret;
	return -1;
}

uint32_t card_dumb(int fd, uint32_t width, uint32_t height)
{
	struct drm_mode_create_dumb create = {.width = width, .height = height, .bpp = 32};

	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create), 0);
	return create.handle;
}

uint32_t card_fb(int fd, uint32_t width, uint32_t height, uint32_t fourcc)
{
	struct drm_mode_create_dumb create = {.width = width, .height = height, .bpp = 32};
	struct drm_mode_fb_cmd2 cmd = {.width = width, .height = height, .pixel_format = fourcc};

	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create), 0);
	cmd.handles[0] = create.handle;
	cmd.pitches[0] = create.pitch;
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_ADDFB2, &cmd), 0);
	return cmd.fb_id;
}

uint32_t card_light(int fd)
{
	uint32_t connector = card->kms->connectors[0].base.id;
	struct drm_mode_crtc set = {
		.crtc_id = card->kms->crtcs[0].base.id,
		.fb_id = card_fb(fd, 1024, 768, DRM_FORMAT_XRGB8888),
		.set_connectors_ptr = (uintptr_t)&connector,
		.count_connectors = 1,
		.mode_valid = 1,
		.mode = card->kms->connectors[0].modes[0],
	};

	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_SETCRTC, &set), 0);
	return set.fb_id;
}

bool card_has_event(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1 && poll_fd.revents & POLLIN;
}

void card_read_event(int fd, void *event)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	CHECK_INT(poll(&poll_fd, 1, EVENT_WAIT_MS), 1);
	CHECK_INT(read(fd, event, EVENT_SIZE), EVENT_SIZE);
}
