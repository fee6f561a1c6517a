/* Flips to what the GPU still draws, and modesets. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <drm_mode.h>

#include "exec_list.h"
#include "test.h"

enum { WIDTH = 640, HEIGHT = 480, PITCH = WIDTH * 4, LATER_MS = 50, DONE = 0x00c0ffee };

struct screen {
	uint32_t crtc, connector;
	struct drm_mode_modeinfo mode;
	uint32_t handles[2], fbs[2];
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void find_mode(int fd, struct screen *screen)
{
	struct drm_mode_modeinfo modes[64];
	struct drm_mode_card_res res = {.crtc_id_ptr = (uintptr_t)&screen->crtc, .count_crtcs = 1,
		.connector_id_ptr = (uintptr_t)&screen->connector, .count_connectors = 1};
	struct drm_mode_get_connector connector = {.modes_ptr = (uintptr_t)modes,
		.count_modes = 64};

	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), 0);
	connector.connector_id = screen->connector;
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETCONNECTOR, &connector), 0);
	CHECK(connector.count_modes > 0 && connector.count_modes <= 64);
	for (unsigned i = 0; i < connector.count_modes; i++) {
		if (modes[i].hdisplay == WIDTH && modes[i].vdisplay == HEIGHT)
			screen->mode = modes[i];
	}
	CHECK_INT(screen->mode.hdisplay, WIDTH);
}

static void add_buffers(int fd, struct screen *screen)
{
	for (int i = 0; i < 2; i++) {
		struct drm_mode_fb_cmd fb = {.width = WIDTH, .height = HEIGHT, .pitch = PITCH,
			.bpp = 32, .depth = 24, .handle = exec_create(fd, PITCH * HEIGHT)};

		CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_ADDFB, &fb), 0);
		screen->handles[i] = fb.handle;
		screen->fbs[i] = fb.fb_id;
	}
}

static int set_crtc(int fd, struct screen *screen, uint32_t fb)
{
	struct drm_mode_crtc args = {.crtc_id = screen->crtc, .fb_id = fb, .mode_valid = 1,
		.mode = screen->mode, .set_connectors_ptr = (uintptr_t)&screen->connector,
		.count_connectors = 1};

	return ioctl(fd, DRM_IOCTL_MODE_SETCRTC, &args);
}

static int page_flip(int fd, const struct screen *screen, uint32_t fb)
{
	struct drm_mode_crtc_page_flip args = {.crtc_id = screen->crtc, .fb_id = fb,
		.flags = DRM_MODE_PAGE_FLIP_EVENT};

	return ioctl(fd, DRM_IOCTL_MODE_PAGE_FLIP, &args);
}

/* A batch that fills the whole of handle, once its spin has ended. */
static void draw(struct list *list, int fd, uint32_t handle)
{
	spin_init(list, fd, I915_EXEC_RENDER, 1);
	list_fill(list, list_add(list, handle, EXEC_OBJECT_WRITE), PITCH, 0, 0, WIDTH, HEIGHT,
		DONE);
	list_run(list);
}

static void check_drawn(int fd, uint32_t handle)
{
	CHECK_INT(exec_read_dword(fd, handle, 0), DONE);
	CHECK_INT(exec_read_dword(fd, handle, PITCH * HEIGHT - 4), DONE);
}

TEST(flip_waits_for_the_batch)
{
	int fd = exec_begin();
	struct pollfd poll_fd = {fd, POLLIN, 0};
	struct drm_event_vblank event;
	struct screen screen = {0};
	struct list list;

	find_mode(fd, &screen);
	add_buffers(fd, &screen);
	CHECK_INT(set_crtc(fd, &screen, screen.fbs[0]), 0);
	draw(&list, fd, screen.handles[1]);
	CHECK_INT(page_flip(fd, &screen, screen.fbs[1]), 0);
	CHECK_INT(poll(&poll_fd, 1, LATER_MS), 0);
	CHECK_ERRNO(page_flip(fd, &screen, screen.fbs[0]), EBUSY);
	int64_t end = now_ns();
	spin_end(&list);
	CHECK_INT(poll(&poll_fd, 1, 5000), 1);
	CHECK_INT(exec_busy(fd, screen.handles[1]), false);
	CHECK_INT(read(fd, &event, sizeof(event)), sizeof(event));
	CHECK_INT(event.base.type, DRM_EVENT_FLIP_COMPLETE);
	CHECK(event.tv_sec * 1000000000ll + event.tv_usec * 1000ll + 1000 > end);
	check_drawn(fd, screen.handles[1]);
	list_finish(&list);
	exec_end(fd);
}

TEST(modeset_waits_for_the_batch)
{
	int fd = exec_begin();
	struct screen screen = {0};
	struct list list;

	find_mode(fd, &screen);
	add_buffers(fd, &screen);
	draw(&list, fd, screen.handles[0]);
	spin_end_later(&list, LATER_MS);
	CHECK_INT(set_crtc(fd, &screen, screen.fbs[0]), 0);
	CHECK_INT(exec_busy(fd, screen.handles[0]), false);
	check_drawn(fd, screen.handles[0]);
	spin_join(&list);
	list_finish(&list);
	exec_end(fd);
}
