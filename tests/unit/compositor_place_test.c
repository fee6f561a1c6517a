/* Where windows and layer surfaces go: compositor/compositor_place.h. */
#include <wlr/util/edges.h>

#include "compositor_place.h"
#include "test.h"
#include "wlr-layer-shell-unstable-v1-protocol.h"

enum {
	TOP = ZWLR_LAYER_SURFACE_V1_ANCHOR_TOP,
	BOTTOM = ZWLR_LAYER_SURFACE_V1_ANCHOR_BOTTOM,
	LEFT = ZWLR_LAYER_SURFACE_V1_ANCHOR_LEFT,
	RIGHT = ZWLR_LAYER_SURFACE_V1_ANCHOR_RIGHT,
};

static void check_box(const struct wlr_box *got, int x, int y, int width, int height)
{
	CHECK_INT(got->x, x);
	CHECK_INT(got->y, y);
	CHECK_INT(got->width, width);
	CHECK_INT(got->height, height);
}

TEST(cascade_steps_and_begins_anew)
{
	const struct wlr_box area = {10, 20, 400, 300};
	struct wlr_box box = {.width = 250, .height = 200};
	unsigned step = 0;

	/* 100 free rows: three steps of 32, then the first place again. */
	for (int i = 0; i < 7; i++) {
		compositor_place_cascade(&area, &step, &box);
		check_box(&box, 10 + 32 * (i % 3 + 1), 20 + 32 * (i % 3 + 1), 250, 200);
	}
}

TEST(cascade_never_sticks_out)
{
	const struct wlr_box area = {0, 0, 640, 480};

	for (int size = 1; size <= 480; size += 13) {
		unsigned step = 0;
		for (int i = 0; i < 40; i++) {
			struct wlr_box box = {.width = size, .height = size};
			compositor_place_cascade(&area, &step, &box);
			CHECK(box.x >= 0 && box.y >= 0);
			CHECK(box.x + size <= 640 && box.y + size <= 480);
		}
	}
}

TEST(cascade_puts_a_large_window_at_the_corner)
{
	const struct wlr_box area = {5, 30, 640, 450};
	struct wlr_box box = {.width = 700, .height = 100};
	unsigned step = 2;

	compositor_place_cascade(&area, &step, &box);
	check_box(&box, 5, 30, 700, 100);
}

TEST(into_keeps_what_is_in_and_fetches_what_is_out)
{
	const struct wlr_box area = {0, 0, 800, 600};
	struct wlr_box in = {700, 500, 150, 150}, out = {1500, -900, 200, 100};

	compositor_place_into(&area, &in);
	check_box(&in, 700, 500, 150, 150);
	compositor_place_into(&area, &out);
	check_box(&out, 700, -50, 200, 100);
}

static const struct resize_row {
	const char *name;
	uint32_t edges;
	int dx, dy;
	struct compositor_limits limits;
	int x, y, width, height;
} resize_rows[] = {
	{"right and bottom", WLR_EDGE_RIGHT | WLR_EDGE_BOTTOM, 10, -20, {0}, 100, 100, 210, 130},
	{"left keeps right", WLR_EDGE_LEFT, 30, 99, {0}, 130, 100, 170, 150},
	{"top keeps bottom", WLR_EDGE_TOP, 99, -30, {0}, 100, 70, 200, 180},
	{"no edge", 0, 50, 50, {0}, 100, 100, 200, 150},
	{"not below one", WLR_EDGE_LEFT | WLR_EDGE_TOP, 900, 900, {0}, 299, 249, 1, 1},
	{"minimum", WLR_EDGE_LEFT, 150, 0, {.min_width = 120}, 180, 100, 120, 150},
	{"maximum", WLR_EDGE_BOTTOM, 0, 500, {.max_height = 300}, 100, 100, 200, 300},
};

TEST_ROWS(resize, struct resize_row, resize_rows)
{
	const struct wlr_box box = {100, 100, 200, 150};
	struct wlr_box out;

	compositor_place_resize(&box, row->edges, row->dx, row->dy, &row->limits, &out);
	check_box(&out, row->x, row->y, row->width, row->height);
}

TEST(edges_are_the_nearest_corner)
{
	const struct wlr_box box = {100, 100, 200, 100};

	CHECK_INT(compositor_place_edges(&box, 110, 110), WLR_EDGE_LEFT | WLR_EDGE_TOP);
	CHECK_INT(compositor_place_edges(&box, 290, 110), WLR_EDGE_RIGHT | WLR_EDGE_TOP);
	CHECK_INT(compositor_place_edges(&box, 199, 190), WLR_EDGE_LEFT | WLR_EDGE_BOTTOM);
	CHECK_INT(compositor_place_edges(&box, 200, 150), WLR_EDGE_RIGHT | WLR_EDGE_BOTTOM);
}

static const struct layer_row {
	const char *name;
	struct compositor_layer_wish wish;
	int x, y, width, height;      /* of the surface */
	int ux, uy, uwidth, uheight;  /* what is left, of 0,30 1000x570 */
} layer_rows[] = {
	{"centred", {.width = 100, .height = 50}, 450, 290, 100, 50, 0, 30, 1000, 570},
	{"top bar", {.anchor = TOP | LEFT | RIGHT, .height = 20, .exclusive_zone = 20},
		0, 30, 1000, 20, 0, 50, 1000, 550},
	{"top bar with margin", {.anchor = TOP | LEFT | RIGHT, .height = 20, .exclusive_zone = 20,
			.margin_top = 5, .margin_left = 10, .margin_right = 30},
		10, 35, 960, 20, 0, 55, 1000, 545},
	{"bottom bar", {.anchor = BOTTOM, .width = 300, .height = 40, .exclusive_zone = 40},
		350, 560, 300, 40, 0, 30, 1000, 530},
	{"left dock", {.anchor = LEFT | TOP | BOTTOM, .width = 64, .exclusive_zone = 64},
		0, 30, 64, 570, 64, 30, 936, 570},
	{"right dock", {.anchor = RIGHT, .width = 64, .height = 100, .exclusive_zone = 60},
		936, 265, 64, 100, 0, 30, 940, 570},
	{"corner has no zone", {.anchor = TOP | RIGHT, .width = 200, .height = 80,
			.exclusive_zone = 80, .margin_right = 10, .margin_top = 10},
		790, 40, 200, 80, 0, 30, 1000, 570},
	{"background over others' zones", {.anchor = TOP | BOTTOM | LEFT | RIGHT,
			.exclusive_zone = -1}, 0, 0, 1000, 600, 0, 30, 1000, 570},
	{"zone larger than the screen", {.anchor = TOP | LEFT | RIGHT, .height = 20,
			.exclusive_zone = 5000}, 0, 30, 1000, 20, 0, 600, 1000, 0},
};

TEST_ROWS(layer, struct layer_row, layer_rows)
{
	const struct wlr_box full = {0, 0, 1000, 600};
	struct wlr_box usable = {0, 30, 1000, 570}, box;

	CHECK(compositor_place_layer(&full, &usable, &row->wish, &box));
	check_box(&box, row->x, row->y, row->width, row->height);
	check_box(&usable, row->ux, row->uy, row->uwidth, row->uheight);
}

TEST(layer_without_room)
{
	const struct wlr_box full = {0, 0, 100, 100};
	const struct compositor_layer_wish wish = {.anchor = TOP | LEFT | RIGHT, .height = 10,
		.margin_left = 60, .margin_right = 60, .exclusive_zone = 10};
	struct wlr_box usable = full, box;

	CHECK(!compositor_place_layer(&full, &usable, &wish, &box));
	check_box(&usable, 0, 0, 100, 100);
}
