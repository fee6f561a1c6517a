/*
 * testcard-consumer: accepts what another process offers by testcard-share, opens
 * it by its flink name or imports its dma-buf, and has the GPU put it into a frame
 * of its own, picture by picture. The two processes' batches on the one buffer
 * come one after the other by themselves.
 *
 * Frame n: MARGIN pixels of a frame around the other's picture, green, red once it
 * was revoked (what was accepted goes on to work, that is the point), and a mark in
 * the lower margin at 3n.
 */
#include <unistd.h>

#include "demo_intel.h"
#include "demo_options.h"
#include "demo_share.h"

enum { MARGIN = 24, MARK = 8, BUFFERS = 3 };

static const uint32_t frame_color = 0xff207040, revoked_color = 0xff902020, mark_color = 0xffffffff;

static struct {
	const char *name, *device;
	bool by_fd;
	int frames; /* 0 = for ever */
} options = {.name = "picture", .device = "/dev/dri/card0"};

struct canvas {
	struct picture *picture;
	struct demo_image image;
};

static void canvas_init(struct canvas *canvas, struct demo_window *window,
	struct demo_buffer *buffer, drm_intel_bufmgr *manager, const struct picture *theirs)
{
	canvas->picture = demo_picture_create(manager, theirs->width + 2 * MARGIN,
		theirs->height + 2 * MARGIN, I915_TILING_X);
	canvas->image = demo_image_of(canvas->picture, options.by_fd);
	demo_buffer_init(window, buffer, &canvas->image);
}

static void canvas_finish(struct canvas *canvas, struct demo_buffer *buffer)
{
	demo_buffer_finish(buffer);
	if (options.by_fd)
		close(canvas->image.fd);
	picture_destroy(canvas->picture);
}

static void compose(struct brush *brush, struct picture *to, struct picture *theirs, uint32_t frame,
	bool revoked)
{
	brush_fill(brush, to, 0, 0, to->width, to->height, revoked ? revoked_color : frame_color);
	brush_copy(brush, to, MARGIN, MARGIN, theirs->width, theirs->height, theirs, 0, 0);
	brush_fill(brush, to, frame * 3 % (to->width - MARK), to->height - MARGIN / 2 - MARK / 2,
		MARK, MARK, mark_color);
	TRY(brush_run(brush));
}

static void consume(struct demo_window *window, drm_intel_bufmgr *manager,
	struct demo_share *share, struct picture *theirs)
{
	struct demo_buffer buffers[BUFFERS], *buffer;
	struct canvas canvases[BUFFERS];
	struct brush brush;
	bool alive = true;

	demo_open(window, options.by_fd ? "testcard-consumer: dma-buf" :
		"testcard-consumer: flink", false);
	for (unsigned i = 0; i < BUFFERS; i++)
		canvas_init(&canvases[i], window, &buffers[i], manager, theirs);
	brush_init(&brush, manager, I915_EXEC_RENDER);
	for (int frame = 0; alive;) {
		buffer = demo_buffer_free(buffers, BUFFERS);
		if (!buffer || (options.frames && frame == options.frames)) {
			alive = demo_dispatch(window);
			continue;
		}
		compose(&brush, canvases[buffer - buffers].picture, theirs, frame++,
			share->revoked);
		demo_show(window, buffer);
		alive = demo_pace(window);
	}
	brush_finish(&brush);
	for (unsigned i = 0; i < BUFFERS; i++)
		canvas_finish(&canvases[i], &buffers[i]);
}

/* A name lives no longer than its owner, who may be gone by now: then the next offer will do. */
static struct picture *accept_picture(struct demo_share *share, struct demo_window *window,
	drm_intel_bufmgr *manager)
{
	for (;;) {
		demo_share_init(share, window, options.name, options.by_fd);
		struct picture *picture = demo_picture_open(manager, &share->image);
		if (options.by_fd)
			close(share->image.fd); /* the picture has it */
		if (picture)
			return picture;
		demo_share_finish(share);
	}
}

static void run(void)
{
	struct demo_window window;
	struct demo_share share;
	struct picture *theirs;
	int card;
	drm_intel_bufmgr *manager = paint_open(options.device, &card);

	demo_connect(&window);
	if (!options.by_fd)
		demo_authenticate(&window, card);
	theirs = accept_picture(&share, &window, manager);
	printf("accepted %s: %ux%u\n", options.name, theirs->width, theirs->height);
	fflush(stdout);
	consume(&window, manager, &share, theirs);
	picture_destroy(theirs);
	demo_share_finish(&share);
	demo_disconnect(&window);
	drm_intel_bufmgr_destroy(manager);
	close(card);
}

int main(int argc, char **argv)
{
	const struct demo_option table[] = {
		{"name", "of the offer, waited for (default: picture)", .text = &options.name},
		{"dma-buf", "takes a dma-buf (default: a flink name)", .flag = &options.by_fd},
		{"frames", "draws so many, then leaves the last one (default: for ever)",
			.number = &options.frames, .least = 1, .most = 1000000},
		{"device", "draws there (default: /dev/dri/card0)", .text = &options.device},
		{0},
	};

	demo_options(argc, argv,
		"Shows what another client offers, within a frame of its own.",
		table);
	run();
	return EXIT_SUCCESS;
}
