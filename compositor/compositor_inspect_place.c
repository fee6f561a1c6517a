#include <stdlib.h>

#include "compositor_inspect.h"

/* Pixels between labels, and from a label to the edge of what it is about. */
enum { GAP = 4, INSET = 6, STEP = 8 };

static bool overlap(const struct wlr_box *a, const struct wlr_box *b)
{
	return a->width > 0 && b->width > 0 && a->x < b->x + b->width + GAP &&
		b->x < a->x + a->width + GAP && a->y < b->y + b->height + GAP &&
		b->y < a->y + a->height + GAP;
}

struct room {
	int width, height;
	const struct wlr_box *taken;
	const struct compositor_inspect_spot *spots;
	unsigned count, placed;
};

static bool is_free(const struct room *room, const struct wlr_box *box)
{
	if (box->x < GAP || box->y < GAP || box->x + box->width > room->width - GAP ||
	    box->y + box->height > room->height - GAP || overlap(box, room->taken))
		return false;
	for (unsigned i = 0; i < room->placed; i++) {
		if (overlap(box, &room->spots[i].box))
			return false;
	}
	return true;
}

/* Free, and on no surface that a label is about. */
static bool is_clear(const struct room *room, const struct wlr_box *box)
{
	if (!is_free(room, box))
		return false;
	for (unsigned i = 0; i < room->count; i++) {
		if (overlap(box, &room->spots[i].about))
			return false;
	}
	return true;
}

static int clamp(int value, int low, int high)
{
	return value > high ? high : value < low ? low : value;
}

/* Beside it where it hides nobody's picture, else in its corners, else beside it. */
static bool try_near(const struct room *room, const struct wlr_box *about, struct wlr_box *box)
{
	const int left = clamp(about->x + INSET, GAP, room->width), top = clamp(about->y + INSET, GAP,
		room->height);
	const int right = clamp(about->x + about->width, 0, room->width - GAP) - INSET - box->width;
	const int bottom = clamp(about->y + about->height, 0, room->height - GAP) - INSET -
		box->height;
	const int places[][2] = {
		{left, top}, {left, bottom}, {right, top}, {right, bottom},
		{about->x, about->y + about->height + GAP}, {about->x + about->width + GAP, about->y},
		{about->x - GAP - box->width, about->y}, {about->x, about->y - GAP - box->height},
	};
	/* One that is smaller than its label has no inside: the label goes beside it first. */
	const bool inside = about->width >= box->width + 2 * INSET &&
		about->height >= box->height + 2 * INSET;
	const unsigned count = sizeof(places) / sizeof(places[0]);

	for (unsigned i = 0; i < count + 4; i++) {
		unsigned at = i < 4 ? i + 4 : inside ? i - 4 : i % count;
		box->x = places[at][0];
		box->y = places[at][1];
		if (i < 4 ? is_clear(room, box) : is_free(room, box))
			return true;
	}
	return false;
}

static long distance(const struct wlr_box *box, const struct wlr_box *about)
{
	long dx = (box->x + box->width / 2) - (about->x + about->width / 2);
	long dy = (box->y + box->height / 2) - (about->y + about->height / 2);

	return dx * dx + dy * dy;
}

/* The free place of a grid whose middle is nearest to the surface's. */
static bool try_anywhere(const struct room *room, const struct wlr_box *about,
	struct wlr_box *box)
{
	struct wlr_box best = {0}, at = *box;
	long nearest = 0;

	for (at.y = GAP; at.y + at.height <= room->height - GAP; at.y += STEP) {
		for (at.x = GAP; at.x + at.width <= room->width - GAP; at.x += STEP) {
			if (best.width > 0 && distance(&at, about) >= nearest)
				continue;
			if (!is_free(room, &at))
				continue;
			best = at;
			nearest = distance(&at, about);
		}
	}
	*box = best;
	return best.width > 0;
}

unsigned compositor_inspect_place(int width, int height, const struct wlr_box *taken,
	struct compositor_inspect_spot *spots, unsigned count)
{
	struct room room = {width, height, taken, spots, count, 0};
	unsigned missing = 0;

	for (; room.placed < count; room.placed++) {
		struct compositor_inspect_spot *spot = &spots[room.placed];
		struct wlr_box box = {0, 0, spot->width, spot->height};

		if (!try_near(&room, &spot->about, &box) && !try_anywhere(&room, &spot->about, &box)) {
			box = (struct wlr_box){0};
			missing++;
		}
		spot->box = box;
	}
	return missing;
}
