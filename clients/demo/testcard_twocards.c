/*
 * testcard-twocards: draws with the GPU of one card and shows it on the screen of
 * another: what libdrm_intel has drawn goes over as a dma-buf, is imported there
 * (PRIME) and scanned out, uncopied. The flip waits for the batch by itself.
 *
 * Frame n: eight bars and a square at (8n, 4n). `testcard exec --cards 2` has two.
 */
#include <fcntl.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "demo_intel.h"
#include "demo_options.h"

enum { BARS = 8, SQUARE = 96, BUFFERS = 2 };

struct screen {
	int card;
	uint32_t connector, crtc;
	drmModeModeInfo mode;
	bool flipped;
};

/* A picture of the card that draws, as a framebuffer of the one that shows. */
struct page {
	struct picture *picture;
	uint32_t handle, fb;
};

static bool take_connector(struct screen *screen, drmModeRes *resources, uint32_t id)
{
	drmModeConnector *connector = drmModeGetConnector(screen->card, id);
	bool good = connector && connector->connection == DRM_MODE_CONNECTED &&
		connector->count_modes > 0;

	if (good) {
		screen->connector = id;
		screen->crtc = resources->crtcs[0];
		screen->mode = connector->modes[0];
	}
	drmModeFreeConnector(connector);
	return good;
}

static void screen_init(struct screen *screen, const char *path)
{
	*screen = (struct screen){.card = open(path, O_RDWR | O_CLOEXEC)};
	if (screen->card < 0)
		demo_die("%s: %s", path, strerror(errno));
	drmModeRes *resources = drmModeGetResources(screen->card);
	if (!resources || resources->count_crtcs == 0)
		demo_die("%s has no screen", path);
	for (int i = 0; i < resources->count_connectors; i++) {
		if (take_connector(screen, resources, resources->connectors[i]))
			break;
	}
	if (!screen->connector)
		demo_die("%s: nothing is connected", path);
	drmModeFreeResources(resources);
}

static void page_init(struct page *page, drm_intel_bufmgr *manager, const struct screen *screen)
{
	page->picture = demo_picture_create(manager, screen->mode.hdisplay, screen->mode.vdisplay,
		I915_TILING_NONE);
	struct demo_image image = demo_image_of(page->picture, true);
	uint32_t again;

	TRY(drmPrimeFDToHandle(screen->card, image.fd, &page->handle));
	/* The same object once more is the same handle. */
	TRY(drmPrimeFDToHandle(screen->card, image.fd, &again));
	REQUIRE(again == page->handle);
	close(image.fd);
	uint32_t handles[4] = {page->handle}, pitches[4] = {image.stride}, offsets[4] = {0};
	TRY(drmModeAddFB2(screen->card, image.width, image.height, image.format, handles, pitches,
		offsets, &page->fb, 0));
}

static void page_finish(struct page *page, const struct screen *screen)
{
	TRY(drmModeRmFB(screen->card, page->fb));
	TRY(drmCloseBufferHandle(screen->card, page->handle));
	picture_destroy(page->picture);
}

static void draw(struct brush *brush, struct picture *picture, uint32_t frame)
{
	uint32_t bar = picture->width / BARS;

	for (uint32_t i = 0; i < BARS; i++)
		brush_fill(brush, picture, i * bar, 0, bar, picture->height,
			0xff401020 + i * 0x081010);
	brush_fill(brush, picture, frame * 8 % (picture->width - SQUARE),
		frame * 4 % (picture->height - SQUARE), SQUARE, SQUARE, 0xff00ffc0);
	TRY(brush_run(brush));
}

static void on_flip(int fd, unsigned sequence, unsigned seconds, unsigned microseconds, void *data)
{
	struct screen *screen = data;

	screen->flipped = true;
}

static void flip(struct screen *screen, uint32_t fb)
{
	drmEventContext events = {.version = 2, .page_flip_handler = on_flip};

	screen->flipped = false;
	TRY(drmModePageFlip(screen->card, screen->crtc, fb, DRM_MODE_PAGE_FLIP_EVENT, screen));
	while (!screen->flipped)
		TRY(drmHandleEvent(screen->card, &events));
}

static void run(const char *render, const char *show, int frames)
{
	struct page pages[BUFFERS];
	struct screen screen;
	struct brush brush;
	int card;
	drm_intel_bufmgr *manager = paint_open(render, &card);

	screen_init(&screen, show);
	for (unsigned i = 0; i < BUFFERS; i++)
		page_init(&pages[i], manager, &screen);
	brush_init(&brush, manager, I915_EXEC_RENDER);
	draw(&brush, pages[0].picture, 0);
	TRY(drmModeSetCrtc(screen.card, screen.crtc, pages[0].fb, 0, 0, &screen.connector, 1,
		&screen.mode));
	for (int frame = 1; frame < frames; frame++) {
		draw(&brush, pages[frame % BUFFERS].picture, frame);
		flip(&screen, pages[frame % BUFFERS].fb);
	}
	printf("%d frames of %ux%u drawn on %s, shown on %s\n", frames, screen.mode.hdisplay,
		screen.mode.vdisplay, render, show);
	brush_finish(&brush);
	for (unsigned i = 0; i < BUFFERS; i++)
		page_finish(&pages[i], &screen);
	close(screen.card);
	drm_intel_bufmgr_destroy(manager);
	close(card);
}

int main(int argc, char **argv)
{
	const char *render = "/dev/dri/card0", *show = "/dev/dri/card1";
	int frames = 120;
	const struct demo_option table[] = {
		{"frames", "so many (default: 120)", .number = &frames, .least = 1, .most = 1000000},
		{"render", "draws there (default: /dev/dri/card0)", .text = &render},
		{"show", "shows it there (default: /dev/dri/card1)", .text = &show},
		{0},
	};

	demo_options(argc, argv,
		"Draws on one card and scans it out on another.",
		table);
	run(render, show, frames);
	return EXIT_SUCCESS;
}
