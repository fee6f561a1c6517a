#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "uapi_card.h"
#include "uapi_fixture.h"

enum { EVENT_SIZE = 32, EVENT_WAIT_MS = 2000 };

struct uapi_device *card;
static struct uapi_fixture fixture;

void card_start(void)
{
	fixture_init(&fixture);
	fixture.caller.uid = 0; /* SET_MASTER is for root */
	card = fixture.dev;
}

void card_stop(void)
{
	vfs_reap(fixture.vfs);
	CHECK_INT(card->open_count, 0);
	fixture_finish(&fixture);
}

int card_open(void)
{
	return fixture_open_card(&fixture);
}

void card_close(int fd)
{
	close(fd);
	vfs_reap(fixture.vfs);
}

int card_ioctl(int fd, unsigned long request, void *arg)
{
	return fixture_ioctl(&fixture, fd, request, arg);
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
