/*
 * Where things go: plain geometry on boxes, in layout coordinates (pixels at
 * scale 1). Knows nothing of surfaces, so that it can be tested alone.
 */
#ifndef COMPOSITOR_PLACE_H
#define COMPOSITOR_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include <wlr/util/box.h>

#define COMPOSITOR_CASCADE_STEP 32

/*
 * Position of a new window of box->width x box->height: each a step right and
 * down of the one before, from the top left of area, beginning anew where it
 * would stick out. A window larger than area goes to its corner. *step counts
 * the windows placed.
 */
void compositor_place_cascade(const struct wlr_box *area, unsigned *step, struct wlr_box *box);

/* Moves box by as little as brings its centre into area (the screen shrank). */
void compositor_place_into(const struct wlr_box *area, struct wlr_box *box);

/*
 * box, taken at the WLR_EDGE_* edges and dragged by dx, dy. The opposite edges
 * stay; sizes stay within min and max (0 = no limit), at least 1.
 */
struct compositor_limits {
	int min_width, min_height, max_width, max_height;
};
void compositor_place_resize(const struct wlr_box *box, uint32_t edges, int dx, int dy,
	const struct compositor_limits *limits, struct wlr_box *out);

/* The edges nearest to a point of box: quadrants, as Alt+right-drag takes them. */
uint32_t compositor_place_edges(const struct wlr_box *box, double x, double y);

/* A layer-shell surface's wishes; anchor: zwlr_layer_surface_v1.anchor bits. */
struct compositor_layer_wish {
	uint32_t anchor;
	int width, height; /* 0 = stretch between two opposite anchors */
	int margin_top, margin_right, margin_bottom, margin_left;
	int exclusive_zone; /* -1 = does not care about others' zones */
};

/*
 * Box of a layer surface: against full when its zone is -1, else against
 * *usable, from which its own exclusive zone is then taken away. False when the
 * result has no area.
 */
bool compositor_place_layer(const struct wlr_box *full, struct wlr_box *usable,
	const struct compositor_layer_wish *wish, struct wlr_box *out);

#endif
