/*
 * testcard-dmabuf: a Wayland client whose picture (pattern.h) is a GEM object of
 * /dev/dri/card0, handed over as a dma-buf (linux-dmabuf): no byte goes through
 * the socket or wl_shm. The compositor has to have the same device.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <i915_drm.h>
#include <wayland-client.h>
#include <xf86drm.h>

#include "linux-dmabuf-unstable-v1-client-protocol.h"
#include "pattern.h"
#include "xdg-shell-client-protocol.h"

static const struct layout {
	const char *name;
	uint64_t modifier;
	uint32_t tiling, rows; /* a tile's */
} layouts[] = {
	{"linear", DRM_FORMAT_MOD_LINEAR, I915_TILING_NONE, 1},
	{"x-tiled", I915_FORMAT_MOD_X_TILED, I915_TILING_X, 8},
	{"y-tiled", I915_FORMAT_MOD_Y_TILED, I915_TILING_Y, 32},
	{"implicit", DRM_FORMAT_MOD_INVALID, I915_TILING_X, 8},
};
#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

struct client {
	int width, height, frames;
	const struct layout *layout;
	bool list, fullscreen, short_buffer;
	int card;
	struct wl_display *display;
	struct wl_compositor *compositor;
	struct xdg_wm_base *wm_base;
	struct zwp_linux_dmabuf_v1 *dmabuf;
	struct wl_surface *surface;
	struct xdg_surface *xdg_surface;
	struct xdg_toplevel *toplevel;
	struct wl_buffer *buffer;
	uint32_t handle, pitch;
	bool configured, resized, refused, closed;
	int drawn;
};

/* ---- the picture ---- */

/* A power of two: tiled rows of gen3 are. */
static uint32_t choose_pitch(uint32_t width)
{
	uint32_t pitch = 512;

	while (pitch < width * 4)
		pitch *= 2;
	return pitch;
}

static bool create_object(struct client *client, uint64_t *size)
{
	const struct layout *layout = client->layout;
	uint32_t rows = (client->height + layout->rows - 1) / layout->rows * layout->rows;
	struct drm_i915_gem_create create = {0};

	client->pitch = choose_pitch(client->width);
	create.size = (uint64_t)client->pitch * rows;
	if (drmIoctl(client->card, DRM_IOCTL_I915_GEM_CREATE, &create) != 0)
		return false;
	client->handle = create.handle;
	*size = create.size;
	struct drm_i915_gem_set_tiling tiling = {
		.handle = create.handle,
		.tiling_mode = layout->tiling,
		.stride = client->pitch,
	};
	return layout->tiling == I915_TILING_NONE ||
		drmIoctl(client->card, DRM_IOCTL_I915_GEM_SET_TILING, &tiling) == 0;
}

/* Through the aperture, which shows tiled objects as rows. */
static bool draw(struct client *client, uint64_t size)
{
	struct drm_i915_gem_mmap_offset map = {
		.handle = client->handle,
		.flags = I915_MMAP_OFFSET_GTT,
	};
	struct drm_i915_gem_set_domain domain = {
		.handle = client->handle,
		.read_domains = I915_GEM_DOMAIN_GTT,
		.write_domain = I915_GEM_DOMAIN_GTT,
	};

	if (drmIoctl(client->card, DRM_IOCTL_I915_GEM_MMAP_OFFSET, &map) != 0 ||
	    drmIoctl(client->card, DRM_IOCTL_I915_GEM_SET_DOMAIN, &domain) != 0)
		return false;
	uint32_t *pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, client->card,
		map.offset);
	if (pixels == MAP_FAILED)
		return false;
	pattern_draw_still(pixels, client->pitch / 4, client->width, client->height);
	munmap(pixels, size);
	/* What was written through a map is on its way until someone asks for another domain. */
	domain.read_domains = I915_GEM_DOMAIN_CPU;
	domain.write_domain = 0;
	return drmIoctl(client->card, DRM_IOCTL_I915_GEM_SET_DOMAIN, &domain) == 0;
}

static void buffer_release(void *data, struct wl_buffer *buffer)
{
}

static const struct wl_buffer_listener buffer_listener = {.release = buffer_release};

static void params_created(void *data, struct zwp_linux_buffer_params_v1 *params,
	struct wl_buffer *buffer)
{
	struct client *client = data;

	client->buffer = buffer;
	wl_buffer_add_listener(buffer, &buffer_listener, client);
}

static void params_failed(void *data, struct zwp_linux_buffer_params_v1 *params)
{
	struct client *client = data;

	client->refused = true;
}

static const struct zwp_linux_buffer_params_v1_listener params_listener = {
	.created = params_created,
	.failed = params_failed,
};

/* Asks for the wl_buffer; the answer comes within this function. */
static bool hand_over(struct client *client)
{
	uint64_t modifier = client->layout->modifier;
	int fd;

	if (drmPrimeHandleToFD(client->card, client->handle, DRM_CLOEXEC | DRM_RDWR, &fd) != 0)
		return false;
	struct zwp_linux_buffer_params_v1 *params =
		zwp_linux_dmabuf_v1_create_params(client->dmabuf);
	zwp_linux_buffer_params_v1_add_listener(params, &params_listener, client);
	zwp_linux_buffer_params_v1_add(params, fd, 0, 0, client->pitch, modifier >> 32,
		modifier & 0xffffffff);
	/* --short: as many rows again as there are. */
	zwp_linux_buffer_params_v1_create(params, client->width,
		client->height * (client->short_buffer ? 2 : 1), DRM_FORMAT_XRGB8888, 0);
	while (!client->buffer && !client->refused) {
		if (wl_display_dispatch(client->display) < 0)
			return false;
	}
	zwp_linux_buffer_params_v1_destroy(params);
	close(fd);
	return client->buffer != NULL;
}

static bool make_buffer(struct client *client)
{
	uint64_t size;

	if (create_object(client, &size) && draw(client, size) && hand_over(client))
		return true;
	fprintf(stderr, "testcard-dmabuf: %s\n", client->refused ?
		"the compositor refuses the dma-buf" : strerror(errno));
	return false;
}

/* ---- the window ---- */

static void drop_buffer(struct client *client)
{
	wl_buffer_destroy(client->buffer);
	drmCloseBufferHandle(client->card, client->handle);
	client->buffer = NULL;
}

static void commit(struct client *client);

static void frame_done(void *data, struct wl_callback *callback, uint32_t time)
{
	struct client *client = data;

	wl_callback_destroy(callback);
	if (client->frames > 0 && client->drawn >= client->frames)
		client->closed = true;
	else
		commit(client);
}

static const struct wl_callback_listener frame_listener = {.done = frame_done};

/* The same picture again, for as long as frames are wanted. */
static void commit(struct client *client)
{
	client->drawn++;
	if (client->frames > 0)
		wl_callback_add_listener(wl_surface_frame(client->surface), &frame_listener, client);
	wl_surface_attach(client->surface, client->buffer, 0, 0);
	wl_surface_damage_buffer(client->surface, 0, 0, client->width, client->height);
	wl_surface_commit(client->surface);
}

static void toplevel_configure(void *data, struct xdg_toplevel *toplevel, int32_t width,
	int32_t height, struct wl_array *states)
{
	struct client *client = data;

	/* Fullscreen has a size; else ours stays. */
	if (!client->fullscreen || width <= 0 || height <= 0 ||
	    (width == client->width && height == client->height))
		return;
	client->width = width;
	client->height = height;
	client->resized = client->buffer != NULL;
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
	if (client->buffer && !client->resized)
		wl_surface_commit(client->surface);
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
	client->xdg_surface = xdg_wm_base_get_xdg_surface(client->wm_base, client->surface);
	xdg_surface_add_listener(client->xdg_surface, &surface_listener, client);
	client->toplevel = xdg_surface_get_toplevel(client->xdg_surface);
	xdg_toplevel_add_listener(client->toplevel, &toplevel_listener, client);
	xdg_toplevel_set_title(client->toplevel, "testcard-dmabuf");
	xdg_toplevel_set_app_id(client->toplevel, "testcard-dmabuf");
	if (client->fullscreen)
		xdg_toplevel_set_fullscreen(client->toplevel, NULL);
	wl_surface_commit(client->surface);
	while (!client->configured) {
		if (wl_display_dispatch(client->display) < 0)
			return 1;
	}
	if (!make_buffer(client))
		return 1;
	commit(client);
	while (!client->closed) {
		if (wl_display_dispatch(client->display) < 0) {
			fprintf(stderr, "testcard-dmabuf: the compositor is gone\n");
			return 1;
		}
		if (!client->resized)
			continue;
		client->resized = false;
		drop_buffer(client);
		if (!make_buffer(client))
			return 1;
		commit(client);
	}
	drop_buffer(client);
	xdg_toplevel_destroy(client->toplevel);
	xdg_surface_destroy(client->xdg_surface);
	wl_surface_destroy(client->surface);
	return 0;
}

/* ---- what the compositor takes ---- */

struct table {
	struct entry {
		uint32_t format, pad;
		uint64_t modifier;
	} *entries;
	uint32_t size;
	bool done;
};

static void feedback_done(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback)
{
	struct table *table = data;

	table->done = true;
}

static void feedback_format_table(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback,
	int32_t fd, uint32_t size)
{
	struct table *table = data;

	table->entries = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	table->size = size;
	close(fd);
}

static void feedback_main_device(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback,
	struct wl_array *device)
{
	dev_t number; /* not aligned in the message */

	memcpy(&number, device->data, sizeof(number));
	printf("main device %u:%u\n", major(number), minor(number));
}

static void feedback_ignore(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback)
{
}

static void feedback_ignore_array(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback,
	struct wl_array *array)
{
}

static void feedback_formats(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback,
	struct wl_array *indices)
{
	const struct table *table = data;
	const uint16_t *index;

	wl_array_for_each(index, indices) {
		if (*index < table->size / sizeof(struct entry))
			printf("%.4s 0x%016llx\n", (const char *)&table->entries[*index].format,
				(unsigned long long)table->entries[*index].modifier);
	}
}

static void feedback_flags(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback,
	uint32_t flags)
{
}

static const struct zwp_linux_dmabuf_feedback_v1_listener feedback_listener = {
	.done = feedback_done,
	.format_table = feedback_format_table,
	.main_device = feedback_main_device,
	.tranche_done = feedback_ignore,
	.tranche_target_device = feedback_ignore_array,
	.tranche_formats = feedback_formats,
	.tranche_flags = feedback_flags,
};

static int list(struct client *client)
{
	struct table table = {0};
	struct zwp_linux_dmabuf_feedback_v1 *feedback =
		zwp_linux_dmabuf_v1_get_default_feedback(client->dmabuf);

	zwp_linux_dmabuf_feedback_v1_add_listener(feedback, &feedback_listener, &table);
	while (!table.done) {
		if (wl_display_dispatch(client->display) < 0)
			return 1;
	}
	munmap(table.entries, table.size);
	zwp_linux_dmabuf_feedback_v1_destroy(feedback);
	return 0;
}

/* ---- the program ---- */

static void registry_global(void *data, struct wl_registry *registry, uint32_t name,
	const char *interface, uint32_t version)
{
	struct client *client = data;

	if (strcmp(interface, wl_compositor_interface.name) == 0) {
		client->compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 4);
	} else if (strcmp(interface, xdg_wm_base_interface.name) == 0) {
		client->wm_base = wl_registry_bind(registry, name, &xdg_wm_base_interface, 1);
		xdg_wm_base_add_listener(client->wm_base, &wm_base_listener, client);
	} else if (strcmp(interface, zwp_linux_dmabuf_v1_interface.name) == 0 && version >= 4) {
		client->dmabuf = wl_registry_bind(registry, name, &zwp_linux_dmabuf_v1_interface, 4);
	}
}

static void registry_global_remove(void *data, struct wl_registry *registry, uint32_t name)
{
}

static const struct wl_registry_listener registry_listener = {
	.global = registry_global,
	.global_remove = registry_global_remove,
};

static int run(struct client *client)
{
	client->display = wl_display_connect(NULL);
	if (!client->display) {
		fprintf(stderr, "testcard-dmabuf: no Wayland display: %s\n", strerror(errno));
		return 1;
	}
	struct wl_registry *registry = wl_display_get_registry(client->display);
	wl_registry_add_listener(registry, &registry_listener, client);
	wl_display_roundtrip(client->display);
	int status = 1;
	if (!client->compositor || !client->wm_base || !client->dmabuf)
		fprintf(stderr, "testcard-dmabuf: wl_compositor, xdg_wm_base or "
			"zwp_linux_dmabuf_v1 (version 4) is missing\n");
	else
		status = client->list ? list(client) : show(client);
	if (client->dmabuf)
		zwp_linux_dmabuf_v1_destroy(client->dmabuf);
	if (client->wm_base)
		xdg_wm_base_destroy(client->wm_base);
	if (client->compositor)
		wl_compositor_destroy(client->compositor);
	wl_registry_destroy(registry);
	wl_display_disconnect(client->display);
	return status;
}

static const char help[] =
	"usage: testcard-dmabuf [options]\n"
	"Shows the test card from a GEM object of /dev/dri/card0, through linux-dmabuf.\n"
	"  --size WxH      window size, 640x480 by default\n"
	"  --layout NAME   linear (default), x-tiled, y-tiled; implicit: X tiles without a\n"
	"                  modifier\n"
	"  --fullscreen\n"
	"  --frames N      end after N frames\n"
	"  --short         say that there are twice as many rows as there are\n"
	"  --list          only print the device, formats and modifiers that the compositor wants\n"
	"  --help\n";

static bool find_layout(struct client *client, const char *name)
{
	for (unsigned i = 0; i < LAYOUTS; i++) {
		if (strcmp(layouts[i].name, name) == 0) {
			client->layout = &layouts[i];
			return true;
		}
	}
	return false;
}

static bool parse_options(struct client *client, int argc, char **argv)
{
	static const struct option names[] = {
		{"size", required_argument, NULL, 's'}, {"layout", required_argument, NULL, 'l'},
		{"fullscreen", no_argument, NULL, 'F'}, {"frames", required_argument, NULL, 'f'},
		{"short", no_argument, NULL, 'S'}, {"list", no_argument, NULL, 'L'},
		{"help", no_argument, NULL, 'h'}, {0},
	};
	bool good = true;
	int option;
	char end;

	while (good && (option = getopt_long(argc, argv, "h", names, NULL)) >= 0) {
		switch (option) {
		case 's':
			good = sscanf(optarg, "%dx%d%c", &client->width, &client->height, &end) == 2 &&
				client->width > 0 && client->width <= 2048 && client->height > 0 &&
				client->height <= 8192;
			break;
		case 'l':
			good = find_layout(client, optarg);
			break;
		case 'f':
			good = sscanf(optarg, "%d%c", &client->frames, &end) == 1 &&
				client->frames > 0;
			break;
		case 'F':
			client->fullscreen = true;
			break;
		case 'S':
			client->short_buffer = true;
			break;
		case 'L':
			client->list = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			good = false;
		}
	}
	return good && optind == argc;
}

int main(int argc, char **argv)
{
	struct client client = {.width = 640, .height = 480, .layout = &layouts[0], .card = -1};

	if (!parse_options(&client, argc, argv)) {
		fputs(help, stderr);
		return 2;
	}
	if (!client.list) {
		client.card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
		if (client.card < 0) {
			fprintf(stderr, "testcard-dmabuf: /dev/dri/card0: %s\n", strerror(errno));
			return 1;
		}
	}
	int status = run(&client);
	if (client.card >= 0)
		close(client.card);
	return status;
}
