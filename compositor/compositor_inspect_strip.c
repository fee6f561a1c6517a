/*
 * The strip: a line about the pointer; a lane of the output's crtc with its vblanks (ticks)
 * and flips (from their commit to the vblank that showed them), and one for each engine
 * with its jobs. Now is at the right.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compositor_inspect_draw.h"

#define SECOND_NS 1000000000ull
#define LANE 1.5     /* height in font sizes */
#define NAMES 5.5    /* width of the lanes' names */
#define PADDING 0.6
#define FLIP_COLOUR 0x4dd0e1u
#define LATE_COLOUR 0xef5350u
#define TICK_COLOUR 0x78909cu

static void find_engine(struct compositor_inspect_strip *strip, const struct gem_trace_event *event)
{
	unsigned i = 0;

	while (i < strip->engine_count && (strip->engines[i].name != event->name ||
	       strip->engines[i].card != event->card || strip->engines[i].index != event->index))
		i++;
	if (i < strip->engine_count || i == COMPOSITOR_INSPECT_LANES)
		return;
	strip->engines[i].name = event->name;
	strip->engines[i].card = event->card;
	strip->engines[i].index = event->index;
	strip->engine_count++;
}

static unsigned events_of(struct compositor_inspect_strip *strip, enum gem_trace_kind kind,
	uint64_t now_ns)
{
	return gem_trace_recent(kind, now_ns > SECOND_NS ? now_ns - SECOND_NS : 0, strip->events,
		GEM_TRACE_RECENT);
}

bool compositor_inspect_strip_changed(struct compositor_inspect_strip *strip, uint64_t now_ns)
{
	bool changed = false;

	for (unsigned kind = 0; kind < GEM_TRACE_RECENT_COUNT; kind++) {
		unsigned count = events_of(strip, kind, now_ns);
		for (unsigned i = 0; i < count && kind == GEM_TRACE_JOB; i++)
			find_engine(strip, &strip->events[i]);
		changed |= count > 0;
	}
	/* Once more when the last event has left at the other end. */
	changed |= strip->latest_ns != 0;
	strip->latest_ns = changed ? now_ns : 0;
	return changed;
}

void compositor_inspect_strip_box(const struct compositor_inspect_strip *strip, double font,
	int width, int height, struct wlr_box *box)
{
	int rows = 3 + strip->engine_count;

	box->height = ceil((rows * LANE + 2 * PADDING) * font);
	box->width = width - 16 > 900 ? 900 : width - 16;
	box->x = (width - box->width) / 2;
	box->y = height - box->height - 8;
}

struct lane {
	cairo_t *cr;
	double left, width, top, height;
	uint64_t now_ns;
};

static double x_of(const struct lane *lane, uint64_t time_ns)
{
	double ago = time_ns >= lane->now_ns ? 0 : lane->now_ns - time_ns;

	return ago >= SECOND_NS ? lane->left : lane->left + lane->width * (1 - ago / SECOND_NS);
}

static void bar(const struct lane *lane, uint64_t begin_ns, uint64_t end_ns, double from, double to,
	uint32_t colour, double alpha)
{
	double x1 = x_of(lane, begin_ns), x2 = x_of(lane, end_ns);

	cairo_rectangle(lane->cr, x1, lane->top + from * lane->height, x2 - x1 < 1 ? 1 : x2 - x1,
		(to - from) * lane->height);
	compositor_inspect_set_colour(lane->cr, colour, alpha);
	cairo_fill(lane->cr);
}

/* Of different clients, as different as few colours can be. */
static uint32_t client_colour(int32_t pid)
{
	static const uint32_t colours[] = {0xffb74d, 0x81c784, 0xba8cf0, 0xfff176, 0xf48fb1,
		0x4fc3f7, 0xa1887f, 0xdce775};

	return colours[(uint32_t)pid % (sizeof(colours) / sizeof(colours[0]))];
}

static uint64_t shortest_period(const struct gem_trace_event *events, unsigned count,
	unsigned crtc_index)
{
	uint64_t shortest = 0, last = 0;

	for (unsigned i = 0; i < count; i++) {
		if (events[i].index != crtc_index || events[i].card != 0)
			continue;
		uint64_t period = last ? events[i].b - last : 0;
		if (period > 0 && (!shortest || period < shortest))
			shortest = period;
		last = events[i].b;
	}
	return shortest;
}

/* A tick a vblank; a red one where it was handled more than half a period late. */
static uint64_t draw_vblanks(struct compositor_inspect_strip *strip, const struct lane *lane,
	unsigned crtc_index)
{
	unsigned count = events_of(strip, GEM_TRACE_VBLANK, lane->now_ns);
	uint64_t period = shortest_period(strip->events, count, crtc_index);

	for (unsigned i = 0; i < count; i++) {
		const struct gem_trace_event *event = &strip->events[i];
		if (event->index != crtc_index || event->card != 0)
			continue;
		/* In real time b is of the same clock. */
		bool late = period && event->end_ns > event->b && event->b > event->end_ns / 2 &&
			event->end_ns - event->b > period / 2;
		bar(lane, event->end_ns, event->end_ns, 0.55, 1, late ? LATE_COLOUR : TICK_COLOUR,
			late ? 1 : 0.8);
	}
	return period;
}

/* A flip that had to wait for two vblanks and more is red. */
static void draw_flips(struct compositor_inspect_strip *strip, const struct lane *lane,
	unsigned crtc_index, uint64_t period)
{
	unsigned count = events_of(strip, GEM_TRACE_FLIP, lane->now_ns);

	strip->flips = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct gem_trace_event *event = &strip->events[i];
		if (event->index != crtc_index || event->card != 0)
			continue;
		bool late = period && event->end_ns - event->begin_ns > 2 * period + period / 4;
		strip->flips++;
		bar(lane, event->begin_ns, event->end_ns, 0.08, 0.48, late ? LATE_COLOUR : FLIP_COLOUR,
			0.75);
		bar(lane, event->end_ns, event->end_ns, 0, 0.55, 0xffffff, 0.9);
	}
}

static void draw_jobs(struct compositor_inspect_strip *strip, const struct lane *lane,
	unsigned engine)
{
	unsigned count = events_of(strip, GEM_TRACE_JOB, lane->now_ns);

	for (unsigned i = 0; i < count; i++) {
		const struct gem_trace_event *event = &strip->events[i];
		if (event->name != strip->engines[engine].name ||
		    event->card != strip->engines[engine].card ||
		    event->index != strip->engines[engine].index)
			continue;
		bar(lane, event->begin_ns, event->end_ns, 0.1, 0.95,
			event->result ? LATE_COLOUR : client_colour(event->pid), 0.9);
	}
}

static void lane_name(const struct lane *lane, double font, double left, const char *text)
{
	compositor_inspect_set_font(lane->cr, font * 0.85, false);
	compositor_inspect_set_colour(lane->cr, 0xd5dbe3, 1);
	cairo_move_to(lane->cr, left, lane->top + lane->height * 0.75);
	cairo_show_text(lane->cr, text);
}

static void draw_pointer(const struct compositor_inspect_strip *strip, const struct lane *lane,
	double font, double left)
{
	char line[COMPOSITOR_INSPECT_LINE];

	lane_name(lane, font, left, "pointer");
	memcpy(line, strip->pointer, sizeof(line));
	compositor_inspect_fit(lane->cr, line, lane->width);
	cairo_move_to(lane->cr, lane->left, lane->top + lane->height * 0.75);
	cairo_show_text(lane->cr, line);
}

static void draw_grid(const struct lane *lane, double bottom)
{
	for (unsigned i = 0; i <= 10; i++) {
		double x = floor(lane->left + lane->width * i / 10) + 0.5;
		cairo_move_to(lane->cr, x, lane->top);
		cairo_line_to(lane->cr, x, bottom);
	}
	compositor_inspect_set_colour(lane->cr, 0xffffff, 0.10);
	cairo_set_line_width(lane->cr, 1);
	cairo_stroke(lane->cr);
}

static double swatch(cairo_t *cr, double font, double x, double y, uint32_t colour,
	const char *text)
{
	double before, after;

	cairo_rectangle(cr, x, y - font * 0.65, font * 0.65, font * 0.65);
	compositor_inspect_set_colour(cr, colour, 1);
	cairo_fill(cr);
	compositor_inspect_set_colour(cr, 0xd5dbe3, 1);
	cairo_move_to(cr, x + font * 0.9, y);
	cairo_show_text(cr, text);
	cairo_get_current_point(cr, &after, &before);
	return after + font;
}

static void draw_header(struct compositor_inspect_strip *strip, cairo_t *cr, double font,
	const struct wlr_box *box, const char *title)
{
	double x = box->x + PADDING * font, y = box->y + (PADDING + LANE * 0.65) * font;
	double ignored;
	char text[96];

	snprintf(text, sizeof(text), "%s  %u flips/s", title, strip->flips);
	compositor_inspect_set_font(cr, font, true);
	compositor_inspect_set_colour(cr, 0xffffff, 1);
	cairo_move_to(cr, x, y);
	cairo_show_text(cr, text);
	cairo_get_current_point(cr, &x, &ignored);
	x += 1.5 * font;
	compositor_inspect_set_font(cr, font * 0.85, false);
	x = swatch(cr, font, x, y, COMPOSITOR_INSPECT_COMPOSITED, "composited");
	x = swatch(cr, font, x, y, COMPOSITOR_INSPECT_OVERLAY, "overlay");
	x = swatch(cr, font, x, y, FLIP_COLOUR, "flip");
	x = swatch(cr, font, x, y, TICK_COLOUR, "vblank");
	swatch(cr, font, x, y, LATE_COLOUR, "late");
}

void compositor_inspect_strip_draw(struct compositor_inspect_strip *strip, cairo_t *cr,
	double font, const struct wlr_box *box, const char *title, unsigned crtc_index,
	uint64_t now_ns)
{
	double left = box->x + PADDING * font;
	struct lane lane = {cr, left + NAMES * font, 0, box->y + (PADDING + LANE) * font,
		LANE * font * 0.85, now_ns};
	char name[32];

	lane.width = box->x + box->width - PADDING * font - lane.left;
	compositor_inspect_fill_panel(cr, box, font / 3);
	draw_pointer(strip, &lane, font, left);
	lane.top += LANE * font;
	draw_grid(&lane, box->y + box->height - PADDING * font);
	snprintf(name, sizeof(name), "crtc %u", crtc_index);
	lane_name(&lane, font, left, name);
	draw_flips(strip, &lane, crtc_index, draw_vblanks(strip, &lane, crtc_index));
	for (unsigned i = 0; i < strip->engine_count; i++) {
		lane.top += LANE * font;
		if (strip->engines[i].card)
			snprintf(name, sizeof(name), "%s %u.%u", strip->engines[i].name,
				strip->engines[i].card, strip->engines[i].index);
		else
			snprintf(name, sizeof(name), "%s %u", strip->engines[i].name,
				strip->engines[i].index);
		lane_name(&lane, font, left, name);
		draw_jobs(strip, &lane, i);
	}
	draw_header(strip, cr, font, box, title);
}
