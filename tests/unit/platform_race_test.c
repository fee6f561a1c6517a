/*
 * The commands that look at a platform (state, history, trace, ioctls) while clients
 * flip, make and drop framebuffers, share buffers and close: a thread sanitizer's test.
 * Replies must be whole all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "platform_client.h"
#include "test.h"

enum { CLIENTS = 2, ROUNDS = 4, WIDTH = 64, HEIGHT = 64 };

static struct platform *platform;
static atomic_bool ending;
static atomic_uint flipped; /* times that a client lit the screen, flipped, closed */

/* A framebuffer that alone keeps its object, which has a name. */
static uint32_t make_framebuffer(int fd, uint32_t width, uint32_t height)
{
	struct drm_mode_fb_cmd2 fb = client_add_fb(platform, fd, width, height);
	struct drm_gem_flink flink = {.handle = fb.handles[0]};
	struct drm_mode_destroy_dumb destroy = {fb.handles[0]};

	CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_GEM_FLINK, &flink), 0);
	CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy), 0);
	return fb.fb_id;
}

static int open_card(void)
{
	return client_open(platform, "/dev/dri/card0", O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

/* A client that comes, makes things and goes, with its framebuffers left to its close. */
static void *come_and_go(void *unused)
{
	while (!atomic_load(&ending)) {
		int fd = open_card();

		for (int i = 0; i < 4; i++) {
			uint32_t fb = make_framebuffer(fd, WIDTH, HEIGHT);
			if (i % 2)
				CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_MODE_RMFB, &fb), 0);
		}
		close(fd);
		vfs_reap(platform->vfs);
	}
	return unused;
}

/* Whatever is on its socket: events of flips. */
static void drain(int fd)
{
	char bytes[1024];

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		continue;
}

/* Lights the screen, flips new framebuffers and removes the old ones; its end is a close. */
static void flip(int fd, uint32_t crtc, uint32_t connector)
{
	struct drm_mode_modeinfo modes[64] = {0};
	struct drm_mode_get_connector get = {
		.connector_id = connector, .modes_ptr = (uintptr_t)modes, .count_modes = 64,
	};

	CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_MODE_GETCONNECTOR, &get), 0);
	CHECK(get.count_modes > 0 && get.count_modes <= 64);
	uint32_t width = modes[0].hdisplay, height = modes[0].vdisplay;
	uint32_t shown = make_framebuffer(fd, width, height);
	struct drm_mode_crtc set = {
		.crtc_id = crtc, .fb_id = shown, .count_connectors = 1,
		.set_connectors_ptr = (uintptr_t)&connector, .mode_valid = 1, .mode = modes[0],
	};
	CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_MODE_SETCRTC, &set), 0);
	for (int i = 0; i < 10 && !atomic_load(&ending); i++) {
		uint32_t next = make_framebuffer(fd, width, height);
		struct drm_mode_crtc_page_flip page_flip = {
			.crtc_id = crtc, .fb_id = next, .flags = DRM_MODE_PAGE_FLIP_EVENT,
		};
		long ret;

		while ((ret = client_ioctl(platform, fd, DRM_IOCTL_MODE_PAGE_FLIP, &page_flip)) == -EBUSY)
			usleep(1000);
		CHECK_INT(ret, 0);
		CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_MODE_RMFB, &shown), 0);
		shown = next;
		drain(fd);
	}
}

static void *flip_on(void *unused)
{
	while (!atomic_load(&ending)) {
		int fd = open_card();
		uint32_t crtcs[8], connectors[8];
		struct drm_mode_card_res res = {
			.crtc_id_ptr = (uintptr_t)crtcs, .count_crtcs = 8,
			.connector_id_ptr = (uintptr_t)connectors, .count_connectors = 8,
		};

		CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_MODE_GETRESOURCES, &res), 0);
		int ret = client_ioctl(platform, fd, DRM_IOCTL_SET_MASTER, NULL);
		if (ret == 0)
			flip(fd, crtcs[0], connectors[0]);
		close(fd);
		atomic_fetch_add(&flipped, ret == 0);
		vfs_reap(platform->vfs);
	}
	return unused;
}

static void look(int fd, const char *line)
{
	static char reply[1 << 20];
	size_t used = 0;

	CHECK_INT(send(fd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
	while (used == 0 || reply[used - 1] != '\n') {
		CHECK(used < sizeof(reply));
		ssize_t got = recv(fd, reply + used, sizeof(reply) - used, 0);
		CHECK(got > 0);
		used += got;
	}
	reply[used - 1] = '\0';
	if (strncmp(reply, "{\"ok\":true", 10) != 0 || reply[used - 2] != '}')
		test_fail(__FILE__, __LINE__, "%s: %.200s", line, reply);
}

TEST(looked_at_while_clients_come_and_go)
{
	static const char *const lines[] = {
		"trace start /dev/null\n", "state\n", "history\n", "ioctls reset\n", "state\n",
		"history 1\n", "trace stop\n",
	};
	const struct platform_options options = {.input = PLATFORM_INPUT_DEFAULT,
		.render_node = true};
	pthread_t clients[CLIENTS], flipper;

	CHECK_INT(platform_create(&options, &platform), 0);
	CHECK_INT(control_server_start(platform->control, platform->dir), 0);
	CHECK_INT(pthread_create(&flipper, NULL, flip_on, NULL), 0);
	for (int i = 0; i < CLIENTS; i++)
		CHECK_INT(pthread_create(&clients[i], NULL, come_and_go, NULL), 0);
	int fd = client_connect_control(platform);
	while (atomic_load(&flipped) < ROUNDS)
		for (unsigned k = 0; k < GEM_ARRAY_SIZE(lines); k++)
			look(fd, lines[k]);
	close(fd);
	atomic_store(&ending, true);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(clients[i], NULL);
	pthread_join(flipper, NULL);
	platform_destroy(platform);
}
