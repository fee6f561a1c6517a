/*
 * testcard-dmabuf: a Wayland client whose picture (pattern.h) is a GEM object of
 * /dev/dri/card0, handed over as a dma-buf (linux-dmabuf): no byte goes through
 * the socket or wl_shm. The compositor has to have the same device.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <i915_drm.h>
#include <xf86drm.h>

#include "demo_options.h"
#include "demo_window.h"
#include "linux-dmabuf-unstable-v1-client-protocol.h"
#include "pattern.h"

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
enum { LAYOUTS = sizeof(layouts) / sizeof(layouts[0]), SIDE_MAX = 2048 };

struct client {
	int width, height, frames;
	const struct layout *layout;
	bool list, fullscreen, short_buffer;
	int card;
	struct demo_window window;
	struct demo_buffer buffer;
	uint32_t handle, pitch;
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

static void make_buffer(struct client *client)
{
	struct demo_image image = {
		.width = client->width,
		/* --short: as many rows again as there are. */
		.height = client->height * (client->short_buffer ? 2 : 1),
		.format = DRM_FORMAT_XRGB8888,
		.modifier = client->layout->modifier,
	};
	uint64_t size;

	if (!create_object(client, &size) || !draw(client, size) ||
	    drmPrimeHandleToFD(client->card, client->handle, DRM_CLOEXEC | DRM_RDWR, &image.fd))
		demo_die("no picture: %s", strerror(errno));
	image.stride = client->pitch;
	demo_buffer_init(&client->window, &client->buffer, &image);
	close(image.fd);
}

static void drop_buffer(struct client *client)
{
	demo_buffer_finish(&client->buffer);
	drmCloseBufferHandle(client->card, client->handle);
}

static bool resize(struct client *client)
{
	return demo_resize(&client->window, 1, &client->width, &client->height);
}

/* The same picture, once, or again and again for as long as frames are wanted. */
static void show(struct client *client)
{
	struct demo_window *window = &client->window;
	bool alive = true;
	int drawn = 0;

	demo_open(window, "testcard-dmabuf", client->fullscreen);
	resize(client);
	make_buffer(client);
	while (alive && !(client->frames > 0 && drawn == client->frames)) {
		if (resize(client)) {
			drop_buffer(client);
			make_buffer(client);
			drawn = 0;
		}
		if (drawn == 0 || client->frames > 0) {
			demo_show(window, &client->buffer);
			drawn++;
			alive = demo_pace(window);
		} else {
			alive = demo_dispatch(window);
		}
	}
	drop_buffer(client);
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

static void list(struct client *client)
{
	struct table table = {0};
	struct zwp_linux_dmabuf_feedback_v1 *feedback =
		zwp_linux_dmabuf_v1_get_default_feedback(client->window.dmabuf);

	zwp_linux_dmabuf_feedback_v1_add_listener(feedback, &feedback_listener, &table);
	while (!table.done) {
		if (!demo_dispatch(&client->window))
			demo_die("the compositor is gone");
	}
	munmap(table.entries, table.size);
	zwp_linux_dmabuf_feedback_v1_destroy(feedback);
}

/* ---- the program ---- */

static const struct layout *find_layout(const char *name)
{
	for (unsigned i = 0; i < LAYOUTS; i++) {
		if (strcmp(layouts[i].name, name) == 0)
			return &layouts[i];
	}
	return NULL;
}

static void run(struct client *client)
{
	demo_connect(&client->window);
	if (!client->window.dmabuf)
		demo_die("zwp_linux_dmabuf_v1 (version 4) is missing");
	if (client->list) {
		list(client);
	} else {
		client->card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
		if (client->card < 0)
			demo_die("/dev/dri/card0: %s", strerror(errno));
		show(client);
		close(client->card);
	}
	demo_disconnect(&client->window);
}

int main(int argc, char **argv)
{
	const char *size = "640x480", *layout = "linear";
	struct client client = {0};
	const struct demo_option table[] = {
		{"size", "WxH, the window's (default: 640x480)", .text = &size},
		{"layout", "linear (default), x-tiled, y-tiled; implicit: X tiles without a\n"
			"                    modifier", .text = &layout},
		{"fullscreen", "as large as the screen", .flag = &client.fullscreen},
		{"frames", "ends after N", .number = &client.frames, .least = 1, .most = 1000000},
		{"short", "says that there are twice as many rows as there are",
			.flag = &client.short_buffer},
		{"list", "only prints the device, formats and modifiers that the compositor wants",
			.flag = &client.list},
		{0},
	};

	demo_options(argc, argv,
		"Shows the test card from a GEM object of /dev/dri/card0, through linux-dmabuf.",
		table);
	client.layout = find_layout(layout);
	if (!client.layout || !demo_size(size, SIDE_MAX, &client.width, &client.height)) {
		fprintf(stderr, "testcard-dmabuf: no such size or layout\n");
		return 2;
	}
	run(&client);
	return EXIT_SUCCESS;
}
