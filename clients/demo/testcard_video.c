/*
 * testcard-video: a Wayland client that plays something like a video: a few
 * dumb buffers of /dev/dri/card0, handed over as dma-bufs, drawn and shown in
 * turn, a new one for every frame callback; in RGB, or as decoders give them, in
 * NV12. It counts what presentation-time says about them. The compositor has to
 * have the same device.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <wayland-client.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "linux-dmabuf-unstable-v1-client-protocol.h"
#include "nv12.h"
#include "pattern.h"
#include "presentation-time-client-protocol.h"
#include "xdg-shell-client-protocol.h"

#define BUFFERS 4

struct client;

struct picture {
	struct client *client;
	struct wl_buffer *buffer;
	void *memory;
	uint32_t handle, pitch;
	size_t size;
	bool busy; /* the compositor has it */
};

struct client {
	int width, height, frames;
	uint32_t *canvas; /* of NV12: the picture in RGB; else NULL */
	bool nv12, fullscreen, configured, refused, closed, waiting, told, resized;
	int card;
	struct wl_display *display;
	struct wl_compositor *compositor;
	struct xdg_wm_base *wm_base;
	struct zwp_linux_dmabuf_v1 *dmabuf;
	struct wp_presentation *presentation;
	struct wl_surface *surface;
	struct picture pictures[BUFFERS];
	int drawn, presented, zero_copy, discarded;
};

/* ---- pictures ---- */

static void buffer_release(void *data, struct wl_buffer *buffer)
{
	struct picture *picture = data;

	picture->busy = false;
}

static const struct wl_buffer_listener buffer_listener = {.release = buffer_release};

static void params_created(void *data, struct zwp_linux_buffer_params_v1 *params,
	struct wl_buffer *buffer)
{
	struct picture *picture = data;

	picture->buffer = buffer;
	wl_buffer_add_listener(buffer, &buffer_listener, picture);
}

static void params_failed(void *data, struct zwp_linux_buffer_params_v1 *params)
{
	struct picture *picture = data;

	picture->client->refused = true;
}

static const struct zwp_linux_buffer_params_v1_listener params_listener = {
	.created = params_created,
	.failed = params_failed,
};

static bool map_picture(struct picture *picture)
{
	struct client *client = picture->client;
	/* NV12 is luma in so many rows, and chroma in half as many more. */
	struct drm_mode_create_dumb create = {.width = client->width,
		.height = client->nv12 ? client->height * 3 / 2 : client->height,
		.bpp = client->nv12 ? 8 : 32};
	struct drm_mode_map_dumb map = {0};

	if (drmIoctl(client->card, DRM_IOCTL_MODE_CREATE_DUMB, &create) != 0)
		return false;
	picture->handle = map.handle = create.handle;
	picture->pitch = create.pitch;
	picture->size = create.size;
	if (drmIoctl(client->card, DRM_IOCTL_MODE_MAP_DUMB, &map) != 0)
		return false;
	void *memory = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, client->card,
		map.offset);
	picture->memory = memory == MAP_FAILED ? NULL : memory;
	return picture->memory != NULL;
}

static bool make_picture(struct client *client, struct picture *picture)
{
	int fd;

	picture->client = client;
	if (!map_picture(picture) ||
	    drmPrimeHandleToFD(client->card, picture->handle, DRM_CLOEXEC | DRM_RDWR, &fd) != 0)
		return false;
	struct zwp_linux_buffer_params_v1 *params =
		zwp_linux_dmabuf_v1_create_params(client->dmabuf);
	zwp_linux_buffer_params_v1_add_listener(params, &params_listener, picture);
	for (int plane = 0; plane < (client->nv12 ? 2 : 1); plane++)
		zwp_linux_buffer_params_v1_add(params, fd, plane,
			plane * picture->pitch * client->height, picture->pitch,
			DRM_FORMAT_MOD_LINEAR >> 32, DRM_FORMAT_MOD_LINEAR & 0xffffffff);
	zwp_linux_buffer_params_v1_create(params, client->width, client->height,
		client->nv12 ? DRM_FORMAT_NV12 : DRM_FORMAT_XRGB8888, 0);
	while (!picture->buffer && !client->refused) {
		if (wl_display_dispatch(client->display) < 0)
			break;
	}
	zwp_linux_buffer_params_v1_destroy(params);
	close(fd);
	return picture->buffer != NULL;
}

static void drop_pictures(struct client *client)
{
	for (int i = 0; i < BUFFERS; i++) {
		struct picture *picture = &client->pictures[i];
		if (picture->buffer)
			wl_buffer_destroy(picture->buffer);
		if (picture->memory)
			munmap(picture->memory, picture->size);
		if (picture->handle)
			drmCloseBufferHandle(client->card, picture->handle);
		*picture = (struct picture){0};
	}
	free(client->canvas);
	client->canvas = NULL;
}

static bool make_pictures(struct client *client)
{
	drop_pictures(client);
	if (client->nv12) {
		client->canvas = calloc((size_t)client->width * client->height, 4);
		if (!client->canvas)
			return false;
	}
	for (int i = 0; i < BUFFERS; i++) {
		if (!make_picture(client, &client->pictures[i])) {
			fprintf(stderr, "testcard-video: %s\n", client->refused ?
				"the compositor refuses the dma-buf" : strerror(errno));
			return false;
		}
	}
	return true;
}

/* ---- playing ---- */

static void feedback_sync(void *data, struct wp_presentation_feedback *feedback,
	struct wl_output *output)
{
}

static void feedback_presented(void *data, struct wp_presentation_feedback *feedback,
	uint32_t tv_sec_hi, uint32_t tv_sec_lo, uint32_t tv_nsec, uint32_t refresh,
	uint32_t seq_hi, uint32_t seq_lo, uint32_t flags)
{
	struct client *client = data;

	client->presented++;
	client->zero_copy += (flags & WP_PRESENTATION_FEEDBACK_KIND_ZERO_COPY) != 0;
	wp_presentation_feedback_destroy(feedback);
}

static void feedback_discarded(void *data, struct wp_presentation_feedback *feedback)
{
	struct client *client = data;

	client->discarded++;
	wp_presentation_feedback_destroy(feedback);
}

static const struct wp_presentation_feedback_listener feedback_listener = {
	.sync_output = feedback_sync,
	.presented = feedback_presented,
	.discarded = feedback_discarded,
};

static void frame_done(void *data, struct wl_callback *callback, uint32_t time)
{
	struct client *client = data;

	wl_callback_destroy(callback);
	client->waiting = false;
}

static const struct wl_callback_listener frame_listener = {.done = frame_done};

static struct picture *free_picture(struct client *client)
{
	for (int i = 0; i < BUFFERS; i++) {
		if (client->pictures[i].buffer && !client->pictures[i].busy)
			return &client->pictures[i];
	}
	return NULL;
}

static void draw(struct client *client, struct picture *picture)
{
	uint32_t *pixels = client->nv12 ? client->canvas : picture->memory;
	size_t stride = client->nv12 ? (size_t)client->width : picture->pitch / 4;
	struct pattern_rect rects[2];

	/* Its last frame is still on it: begin with the still picture. */
	pattern_draw_still(pixels, stride, client->width, client->height);
	pattern_draw_frame(pixels, stride, client->width, client->height, client->drawn++, rects);
	if (client->nv12)
		nv12_convert(pixels, client->width, client->height, picture->memory,
			(uint8_t *)picture->memory + (size_t)picture->pitch * client->height,
			picture->pitch);
}

static void play(struct client *client, struct picture *picture)
{
	draw(client, picture);
	picture->busy = true;
	client->waiting = true;
	wl_callback_add_listener(wl_surface_frame(client->surface), &frame_listener, client);
	if (client->presentation)
		wp_presentation_feedback_add_listener(
			wp_presentation_feedback(client->presentation, client->surface),
			&feedback_listener, client);
	wl_surface_attach(client->surface, picture->buffer, 0, 0);
	wl_surface_damage_buffer(client->surface, 0, 0, client->width, client->height);
	wl_surface_commit(client->surface);
}

/* ---- the window ---- */

static void toplevel_configure(void *data, struct xdg_toplevel *toplevel, int32_t width,
	int32_t height, struct wl_array *states)
{
	struct client *client = data;

	/* Fullscreen has a size; else ours stays. */
	if (client->nv12) {
		width &= ~1;
		height &= ~1;
	}
	if (!client->fullscreen || width <= 0 || height <= 0 ||
	    (width == client->width && height == client->height))
		return;
	client->width = width;
	client->height = height;
	client->resized = client->pictures[0].buffer != NULL;
}

static void toplevel_close(void *data, struct xdg_toplevel *toplevel)
{
	struct client *client = data;

	client->closed = true;
}

static const struct xdg_toplevel_listener toplevel_listener = {
	.configure = toplevel_configure,
	.close = toplevel_close,
};

static void surface_configure(void *data, struct xdg_surface *surface, uint32_t serial)
{
	struct client *client = data;

	xdg_surface_ack_configure(surface, serial);
	client->configured = true;
}

static const struct xdg_surface_listener surface_listener = {.configure = surface_configure};

static void wm_base_ping(void *data, struct xdg_wm_base *wm_base, uint32_t serial)
{
	xdg_wm_base_pong(wm_base, serial);
}

static const struct xdg_wm_base_listener wm_base_listener = {.ping = wm_base_ping};

static int show(struct client *client)
{
	client->surface = wl_compositor_create_surface(client->compositor);
	struct xdg_surface *xdg = xdg_wm_base_get_xdg_surface(client->wm_base, client->surface);
	xdg_surface_add_listener(xdg, &surface_listener, client);
	struct xdg_toplevel *toplevel = xdg_surface_get_toplevel(xdg);
	xdg_toplevel_add_listener(toplevel, &toplevel_listener, client);
	xdg_toplevel_set_title(toplevel, "testcard-video");
	xdg_toplevel_set_app_id(toplevel, "testcard-video");
	if (client->fullscreen)
		xdg_toplevel_set_fullscreen(toplevel, NULL);
	wl_surface_commit(client->surface);
	while (!client->configured) {
		if (wl_display_dispatch(client->display) < 0)
			return 1;
	}
	if (!make_pictures(client))
		return 1;
	while (!client->closed) {
		if (client->resized && !make_pictures(client))
			return 1;
		client->resized = false;
		struct picture *picture = free_picture(client);
		bool more = client->frames == 0 || client->drawn < client->frames;

		if (!client->waiting && picture && more) {
			play(client, picture);
			continue;
		}
		if (wl_display_dispatch(client->display) < 0)
			break;
		/* The last picture stays; all has been said when its feedback is there. */
		if (!more && !client->told &&
		    client->presented + client->discarded == client->drawn) {
			printf("%d frames, %d presented, %d of them zero-copy, %d discarded\n",
				client->drawn, client->presented, client->zero_copy,
				client->discarded);
			fflush(stdout);
			client->told = true;
		}
	}
	drop_pictures(client);
	xdg_toplevel_destroy(toplevel);
	xdg_surface_destroy(xdg);
	wl_surface_destroy(client->surface);
	return 0;
}

/* ---- the compositor ---- */

static void registry_global(void *data, struct wl_registry *registry, uint32_t name,
	const char *interface, uint32_t version)
{
	struct client *client = data;

	if (strcmp(interface, wl_compositor_interface.name) == 0 && version >= 4) {
		client->compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 4);
	} else if (strcmp(interface, xdg_wm_base_interface.name) == 0) {
		client->wm_base = wl_registry_bind(registry, name, &xdg_wm_base_interface, 1);
		xdg_wm_base_add_listener(client->wm_base, &wm_base_listener, client);
	} else if (strcmp(interface, zwp_linux_dmabuf_v1_interface.name) == 0 && version >= 3) {
		client->dmabuf = wl_registry_bind(registry, name, &zwp_linux_dmabuf_v1_interface,
			3);
	} else if (strcmp(interface, wp_presentation_interface.name) == 0) {
		client->presentation = wl_registry_bind(registry, name, &wp_presentation_interface,
			1);
	}
}

static void registry_global_remove(void *data, struct wl_registry *registry, uint32_t name)
{
}

static const struct wl_registry_listener registry_listener = {
	.global = registry_global,
	.global_remove = registry_global_remove,
};

static void disconnect(struct client *client)
{
	if (client->presentation)
		wp_presentation_destroy(client->presentation);
	if (client->dmabuf)
		zwp_linux_dmabuf_v1_destroy(client->dmabuf);
	if (client->wm_base)
		xdg_wm_base_destroy(client->wm_base);
	if (client->compositor)
		wl_compositor_destroy(client->compositor);
	wl_display_disconnect(client->display);
}

static int run(struct client *client)
{
	client->display = wl_display_connect(NULL);
	if (!client->display) {
		fprintf(stderr, "testcard-video: no Wayland display\n");
		return 1;
	}
	struct wl_registry *registry = wl_display_get_registry(client->display);
	wl_registry_add_listener(registry, &registry_listener, client);
	wl_display_roundtrip(client->display);
	wl_registry_destroy(registry);
	int status = 1;
	if (client->compositor && client->wm_base && client->dmabuf)
		status = show(client);
	else
		fprintf(stderr, "testcard-video: the compositor lacks linux-dmabuf or xdg-shell\n");
	disconnect(client);
	return status;
}

/* ---- the command line ---- */

static const char help[] =
	"Usage: testcard-video [OPTION]...\n"
	"Plays a test picture from dma-bufs of /dev/dri/card0, a new one each frame.\n"
	"\n"
	"  --size WxH     the window's (default: 640x480)\n"
	"  --fullscreen\n"
	"  --nv12         pictures as video decoders give them (default: XRGB8888)\n"
	"  --frames N     stop after N, leave the last one and print how they were presented\n"
	"                 (default: play for ever)\n"
	"  --help\n";

static bool parse_options(struct client *client, int argc, char **argv)
{
	static const struct option options[] = {
		{"size", required_argument, NULL, 's'}, {"fullscreen", no_argument, NULL, 'F'},
		{"nv12", no_argument, NULL, 'n'},
		{"frames", required_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'}, {0}};
	bool good = true;
	int option;
	char end;

	while (good && (option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 's':
			good = sscanf(optarg, "%dx%d%c", &client->width, &client->height, &end) == 2 &&
				client->width > 0 && client->width <= 4096 && client->height > 0 &&
				client->height <= 4096;
			break;
		case 'F':
			client->fullscreen = true;
			break;
		case 'n':
			client->nv12 = true;
			break;
		case 'f':
			good = sscanf(optarg, "%d%c", &client->frames, &end) == 1 &&
				client->frames > 0;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			good = false;
		}
	}
	/* Chroma is for two by two pixels. */
	return good && optind == argc &&
		!(client->nv12 && (client->width % 2 || client->height % 2));
}

int main(int argc, char **argv)
{
	struct client client = {.width = 640, .height = 480};

	if (!parse_options(&client, argc, argv)) {
		fputs(help, stderr);
		return 2;
	}
	client.card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	if (client.card < 0) {
		fprintf(stderr, "testcard-video: /dev/dri/card0: %s\n", strerror(errno));
		return 1;
	}
	int status = run(&client);
	close(client.card);
	return status;
}
