#include <wlr/util/edges.h>

#include "compositor_place.h"
#include "wlr-layer-shell-unstable-v1-protocol.h"

enum {
	TOP = ZWLR_LAYER_SURFACE_V1_ANCHOR_TOP,
	BOTTOM = ZWLR_LAYER_SURFACE_V1_ANCHOR_BOTTOM,
	LEFT = ZWLR_LAYER_SURFACE_V1_ANCHOR_LEFT,
	RIGHT = ZWLR_LAYER_SURFACE_V1_ANCHOR_RIGHT,
};

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

void compositor_place_cascade(const struct wlr_box *area, unsigned *step, struct wlr_box *box)
{
	int room_x = area->width - box->width, room_y = area->height - box->height;
	int room = room_x < room_y ? room_x : room_y;
	/* The first one has a step of air around it where there is room. */
	unsigned places = room < COMPOSITOR_CASCADE_STEP ? 1 : room / COMPOSITOR_CASCADE_STEP;
	int offset = room < COMPOSITOR_CASCADE_STEP ? 0 :
		(int)(*step % places + 1) * COMPOSITOR_CASCADE_STEP;

	box->x = area->x + clamp(offset, 0, room_x > 0 ? room_x : 0);
	box->y = area->y + clamp(offset, 0, room_y > 0 ? room_y : 0);
	(*step)++;
}

void compositor_place_into(const struct wlr_box *area, struct wlr_box *box)
{
	box->x = clamp(box->x, area->x - box->width / 2,
		area->x + area->width - box->width / 2);
	box->y = clamp(box->y, area->y - box->height / 2,
		area->y + area->height - box->height / 2);
}

/* A length changed by delta, within [min, max]; 0 = no limit. */
static int resized(int length, int delta, int min, int max)
{
	int result = length + delta;

	if (max > 0 && result > max)
		result = max;
	if (result < min)
		result = min;
	return result < 1 ? 1 : result;
}

void compositor_place_resize(const struct wlr_box *box, uint32_t edges, int dx, int dy,
	const struct compositor_limits *limits, struct wlr_box *out)
{
	int grow_x = edges & WLR_EDGE_LEFT ? -dx : edges & WLR_EDGE_RIGHT ? dx : 0;
	int grow_y = edges & WLR_EDGE_TOP ? -dy : edges & WLR_EDGE_BOTTOM ? dy : 0;

	*out = *box;
	if (edges & (WLR_EDGE_LEFT | WLR_EDGE_RIGHT))
		out->width = resized(box->width, grow_x, limits->min_width, limits->max_width);
	if (edges & (WLR_EDGE_TOP | WLR_EDGE_BOTTOM))
		out->height = resized(box->height, grow_y, limits->min_height,
			limits->max_height);
	if (edges & WLR_EDGE_LEFT)
		out->x = box->x + box->width - out->width;
	if (edges & WLR_EDGE_TOP)
		out->y = box->y + box->height - out->height;
}

uint32_t compositor_place_edges(const struct wlr_box *box, double x, double y)
{
	uint32_t edges = x < box->x + box->width / 2.0 ? WLR_EDGE_LEFT : WLR_EDGE_RIGHT;

	return edges | (y < box->y + box->height / 2.0 ? WLR_EDGE_TOP : WLR_EDGE_BOTTOM);
}

/*
 * One axis: [low, low + length) bounds; anchored to its low and high side with
 * margins; size 0 stretches. Returns the position, and the size in *size.
 */
static int place_axis(int low, int length, bool at_low, bool at_high, int margin_low,
	int margin_high, int *size)
{
	if (*size == 0) {
		*size = length - margin_low - margin_high;
		return low + margin_low;
	}
	if (at_low && !at_high)
		return low + margin_low;
	if (at_high && !at_low)
		return low + length - *size - margin_high;
	return low + (length - *size) / 2;
}

/* The one edge that an exclusive zone belongs to; 0 when the anchors name none. */
static uint32_t exclusive_edge(uint32_t anchor)
{
	uint32_t horizontal = anchor & (LEFT | RIGHT), vertical = anchor & (TOP | BOTTOM);

	if ((vertical == TOP || vertical == BOTTOM) &&
	    (horizontal == 0 || horizontal == (LEFT | RIGHT)))
		return vertical;
	if ((horizontal == LEFT || horizontal == RIGHT) &&
	    (vertical == 0 || vertical == (TOP | BOTTOM)))
		return horizontal;
	return 0;
}

static void reserve(struct wlr_box *usable, const struct compositor_layer_wish *wish)
{
	int zone = wish->exclusive_zone;

	switch (exclusive_edge(wish->anchor)) {
	case TOP:
		zone = clamp(zone + wish->margin_top, 0, usable->height);
		usable->y += zone;
		usable->height -= zone;
		break;
	case BOTTOM:
		usable->height -= clamp(zone + wish->margin_bottom, 0, usable->height);
		break;
	case LEFT:
		zone = clamp(zone + wish->margin_left, 0, usable->width);
		usable->x += zone;
		usable->width -= zone;
		break;
	case RIGHT:
		usable->width -= clamp(zone + wish->margin_right, 0, usable->width);
		break;
	}
}

bool compositor_place_layer(const struct wlr_box *full, struct wlr_box *usable,
	const struct compositor_layer_wish *wish, struct wlr_box *out)
{
	const struct wlr_box *bounds = wish->exclusive_zone == -1 ? full : usable;
	uint32_t anchor = wish->anchor;

	out->width = wish->width;
	out->height = wish->height;
	out->x = place_axis(bounds->x, bounds->width, anchor & LEFT, anchor & RIGHT,
		wish->margin_left, wish->margin_right, &out->width);
	out->y = place_axis(bounds->y, bounds->height, anchor & TOP, anchor & BOTTOM,
		wish->margin_top, wish->margin_bottom, &out->height);
	if (out->width <= 0 || out->height <= 0)
		return false;
	if (wish->exclusive_zone > 0)
		reserve(usable, wish);
	return true;
}
