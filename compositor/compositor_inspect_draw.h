/* The inspector's drawing, by cairo. Sizes are pixels of the output. */
#ifndef COMPOSITOR_INSPECT_DRAW_H
#define COMPOSITOR_INSPECT_DRAW_H

#include <cairo.h>

#include "compositor_inspect.h"
#include "gem_trace.h"

/* Font size for an output of that height. */
double compositor_inspect_font(int height);
/* The font is set in cr by these. */
void compositor_inspect_measure(cairo_t *cr, double font, const struct compositor_inspect_text *text,
	int *width, int *height);
/* The outline of what a label is about, below all labels. */
void compositor_inspect_draw_outline(cairo_t *cr, const struct wlr_box *box, uint32_t colour);
void compositor_inspect_draw_label(cairo_t *cr, double font, const struct compositor_inspect_spot *spot,
	const struct compositor_inspect_text *text, uint32_t colour);
/* Shortens text in place, with an ellipsis, until it is at most width wide in cr's font. */
void compositor_inspect_fit(cairo_t *cr, char *text, double width);
void compositor_inspect_set_colour(cairo_t *cr, uint32_t colour, double alpha);
void compositor_inspect_set_font(cairo_t *cr, double font, bool bold);
void compositor_inspect_fill_panel(cairo_t *cr, const struct wlr_box *box, double radius);

/* ---- compositor_inspect_strip.c: the last second ---- */

/* Lanes stay while the inspector is on: an engine that rests keeps its own. */
#define COMPOSITOR_INSPECT_LANES 6

struct compositor_inspect_strip {
	struct {
		const char *name; /* of GEM_TRACE_JOB, static */
		uint32_t card, index;
	} engines[COMPOSITOR_INSPECT_LANES];
	unsigned engine_count;
	uint64_t latest_ns; /* of what was drawn last */
	unsigned flips;     /* the crtc's, in the second that was drawn last */
	char pointer[COMPOSITOR_INSPECT_LINE]; /* compositor_inspect_describe_pointer */
	struct gem_trace_event *events; /* GEM_TRACE_RECENT of room */
};

/* What is new since the last drawing counts as a change. Finds engines. */
bool compositor_inspect_strip_changed(struct compositor_inspect_strip *strip, uint64_t now_ns);
/* Its place at the bottom of an output. */
void compositor_inspect_strip_box(const struct compositor_inspect_strip *strip, double font,
	int width, int height, struct wlr_box *box);
/* title: of the output, at the left of the first line. */
void compositor_inspect_strip_draw(struct compositor_inspect_strip *strip, cairo_t *cr,
	double font, const struct wlr_box *box, const char *title, unsigned crtc_index,
	uint64_t now_ns);

#endif
