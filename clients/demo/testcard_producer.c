/*
 * testcard-producer: draws with the GPU, by batches of libdrm_intel, into one
 * X-tiled buffer, and lets other processes have it: offered under a name by
 * testcard-share, as a flink name or as a dma-buf. Whoever has accepted it sees
 * every later frame, for it is the same memory; nobody waits for anybody but the
 * batches, and that is the device's business.
 *
 * Frame n: eight bars, and a square at (4n, 2n) that comes in again on the other
 * side.
 */
#include <unistd.h>

#include "demo_intel.h"
#include "demo_options.h"
#include "demo_share.h"

enum { WIDTH = 256, HEIGHT = 192, BARS = 8, SQUARE = 48 };

static const uint32_t square_color = 0xffffc000;

static struct {
	const char *name, *device;
	bool by_fd, hidden;
	int frames; /* 0 = for ever */
} options = {.name = "picture", .device = "/dev/dri/card0"};

static void draw(struct brush *brush, struct picture *picture, uint32_t frame)
{
	uint32_t bar = WIDTH / BARS;

	for (uint32_t i = 0; i < BARS; i++)
		brush_fill(brush, picture, i * bar, 0, bar, HEIGHT, 0xff102040 + i * 0x101008);
	brush_fill(brush, picture, frame * 4 % (WIDTH - SQUARE), frame * 2 % (HEIGHT - SQUARE),
		SQUARE, SQUARE, square_color);
	TRY(brush_run(brush));
}

static void produce(struct demo_window *window, drm_intel_bufmgr *manager, struct picture *picture)
{
	struct demo_image image = demo_image_of(picture, options.by_fd);
	struct demo_buffer buffer;
	struct demo_offer offer;
	struct brush brush;
	bool alive = true;

	brush_init(&brush, manager, I915_EXEC_RENDER);
	draw(&brush, picture, 0);
	demo_offer_init(&offer, window, options.name, &image);
	printf("offers %s as a %s\n", options.name, options.by_fd ? "dma-buf" : "flink name");
	fflush(stdout);
	if (!options.hidden) {
		demo_open(window, "testcard-producer", false);
		demo_buffer_init(window, &buffer, &image);
		demo_show(window, &buffer);
	}
	for (int frame = 1; alive; frame++) {
		if (options.frames && frame >= options.frames) {
			alive = demo_dispatch(window);
			continue;
		}
		alive = demo_pace(window);
		draw(&brush, picture, frame);
		if (!options.hidden)
			demo_show(window, &buffer);
	}
	if (!options.hidden)
		demo_buffer_finish(&buffer);
	demo_offer_finish(&offer);
	brush_finish(&brush);
	if (options.by_fd)
		close(image.fd);
}

static void run(void)
{
	struct demo_window window;
	int card;
	drm_intel_bufmgr *manager = paint_open(options.device, &card);

	demo_connect(&window);
	if (!options.by_fd)
		demo_authenticate(&window, card);
	struct picture *picture = demo_picture_create(manager, WIDTH, HEIGHT, I915_TILING_X);
	produce(&window, manager, picture);
	picture_destroy(picture);
	demo_disconnect(&window);
	drm_intel_bufmgr_destroy(manager);
	close(card);
}

int main(int argc, char **argv)
{
	const struct demo_option table[] = {
		{"name", "of the offer (default: picture)", .text = &options.name},
		{"dma-buf", "offers a dma-buf (default: a flink name)", .flag = &options.by_fd},
		{"no-window", "only offers it", .flag = &options.hidden},
		{"frames", "draws so many, then leaves the last one (default: for ever)",
			.number = &options.frames, .least = 1, .most = 1000000},
		{"device", "draws there (default: /dev/dri/card0)", .text = &options.device},
		{0},
	};

	demo_options(argc, argv,
		"Draws with the GPU into a buffer, shows it and offers it to other clients.",
		table);
	run();
	return EXIT_SUCCESS;
}
