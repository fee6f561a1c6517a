/*
 * testcard-video: a Wayland client that plays something like a video: a few
 * dumb buffers of /dev/dri/card0, handed over as dma-bufs, drawn and shown in
 * turn, a new one for every frame callback; in RGB, or as decoders give them, in
 * NV12. It counts what presentation-time says about them. The compositor has to
 * have the same device.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "demo_options.h"
#include "demo_window.h"
#include "nv12.h"
#include "pattern.h"
#include "presentation-time-client-protocol.h"

enum { BUFFERS = 4, SIDE_MAX = 4096 };

struct picture {
	void *memory;
	uint32_t handle, pitch;
	size_t size;
};

struct client {
	int width, height, frames;
	uint32_t *canvas; /* of NV12: the picture in RGB; else NULL */
	bool nv12, fullscreen, told;
	int card;
	struct demo_window window;
	struct picture pictures[BUFFERS];
	struct demo_buffer buffers[BUFFERS]; /* of the pictures */
	int drawn, presented, zero_copy, discarded;
};

/* ---- pictures ---- */

static void map_picture(struct client *client, struct picture *picture)
{
	/* NV12 is luma in so many rows, and chroma in half as many more. */
	struct drm_mode_create_dumb create = {.width = client->width,
		.height = client->nv12 ? client->height * 3 / 2 : client->height,
		.bpp = client->nv12 ? 8 : 32};
	struct drm_mode_map_dumb map = {0};

	if (drmIoctl(client->card, DRM_IOCTL_MODE_CREATE_DUMB, &create) != 0)
		demo_die("no buffer: %s", strerror(errno));
	picture->handle = map.handle = create.handle;
	picture->pitch = create.pitch;
	picture->size = create.size;
	if (drmIoctl(client->card, DRM_IOCTL_MODE_MAP_DUMB, &map) != 0)
		demo_die("can not map a buffer: %s", strerror(errno));
	picture->memory = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, client->card,
		map.offset);
	if (picture->memory == MAP_FAILED)
		demo_die("can not map a buffer: %s", strerror(errno));
}

static void make_picture(struct client *client, struct picture *picture,
	struct demo_buffer *buffer)
{
	struct demo_image image = {
		.width = client->width,
		.height = client->height,
		.format = client->nv12 ? DRM_FORMAT_NV12 : DRM_FORMAT_XRGB8888,
		.modifier = DRM_FORMAT_MOD_LINEAR,
	};

	map_picture(client, picture);
	image.stride = picture->pitch;
	image.chroma = client->nv12 ? picture->pitch * client->height : 0;
	if (drmPrimeHandleToFD(client->card, picture->handle, DRM_CLOEXEC | DRM_RDWR,
			&image.fd) != 0)
		demo_die("no dma-buf: %s", strerror(errno));
	demo_buffer_init(&client->window, buffer, &image);
	close(image.fd);
}

static void drop_pictures(struct client *client)
{
	for (int i = 0; i < BUFFERS; i++) {
		struct picture *picture = &client->pictures[i];

		if (!picture->memory)
			continue;
		demo_buffer_finish(&client->buffers[i]);
		munmap(picture->memory, picture->size);
		drmCloseBufferHandle(client->card, picture->handle);
		*picture = (struct picture){0};
	}
	free(client->canvas);
	client->canvas = NULL;
}

static void make_pictures(struct client *client)
{
	drop_pictures(client);
	if (client->nv12) {
		client->canvas = calloc((size_t)client->width * client->height, 4);
		if (!client->canvas)
			demo_die("no memory");
	}
	for (int i = 0; i < BUFFERS; i++)
		make_picture(client, &client->pictures[i], &client->buffers[i]);
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

static void play(struct client *client, struct demo_buffer *buffer)
{
	struct demo_window *window = &client->window;

	draw(client, &client->pictures[buffer - client->buffers]);
	if (window->presentation)
		wp_presentation_feedback_add_listener(
			wp_presentation_feedback(window->presentation, window->surface),
			&feedback_listener, client);
	demo_show(window, buffer);
}

/* Chroma is for two by two pixels. */
static bool resize(struct client *client)
{
	return demo_resize(&client->window, client->nv12 ? 2 : 1, &client->width, &client->height);
}

/* The last picture stays; all has been said when its feedback is there. */
static void tell(struct client *client)
{
	if (client->told || client->drawn != client->frames ||
	    client->presented + client->discarded != client->drawn)
		return;
	printf("%d frames, %d presented, %d of them zero-copy, %d discarded\n", client->drawn,
		client->presented, client->zero_copy, client->discarded);
	fflush(stdout);
	client->told = true;
}

static void run(struct client *client)
{
	struct demo_window *window = &client->window;
	bool alive = true;

	demo_connect(window);
	demo_open(window, "testcard-video", client->fullscreen);
	resize(client);
	make_pictures(client);
	while (alive) {
		if (resize(client))
			make_pictures(client);
		struct demo_buffer *buffer = demo_buffer_free(client->buffers, BUFFERS);
		bool more = client->frames == 0 || client->drawn < client->frames;

		if (!window->frame && buffer && more)
			play(client, buffer);
		else
			alive = demo_dispatch(window);
		tell(client);
	}
	drop_pictures(client);
	demo_disconnect(window);
}

int main(int argc, char **argv)
{
	struct client client = {0};
	const char *size = "640x480";
	const struct demo_option table[] = {
		{"size", "WxH, the window's (default: 640x480)", .text = &size},
		{"fullscreen", "as large as the screen", .flag = &client.fullscreen},
		{"nv12", "pictures as video decoders give them (default: XRGB8888)",
			.flag = &client.nv12},
		{"frames", "stop after N, leave the last one and print how they were presented\n"
			"                    (default: play for ever)",
			.number = &client.frames, .least = 1, .most = 1000000},
		{0},
	};

	demo_options(argc, argv,
		"Plays a test picture from dma-bufs of /dev/dri/card0, a new one each frame.",
		table);
	if (!demo_size(size, SIDE_MAX, &client.width, &client.height) ||
	    (client.nv12 && (client.width % 2 || client.height % 2))) {
		fprintf(stderr, "testcard-video: --size WxH, even numbers for NV12\n");
		return 2;
	}
	client.card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	if (client.card < 0)
		demo_die("/dev/dri/card0: %s", strerror(errno));
	run(&client);
	close(client.card);
	return EXIT_SUCCESS;
}
