#include <math.h>
#include <string.h>

#include "compositor_inspect_draw.h"

#define FAMILY "DejaVu Sans"
/* Of a label, in font sizes. */
#define LINE_HEIGHT 1.35
#define PADDING 0.5
#define BAR 0.35       /* the coloured bar at its left */
#define TEXT_MAX 28.0  /* longer lines are cut */
#define DETAIL 0.88    /* lines below the first are smaller */

double compositor_inspect_font(int height)
{
	double font = round(height / 68.0);

	return font < 11 ? 11 : font > 20 ? 20 : font;
}

void compositor_inspect_set_colour(cairo_t *cr, uint32_t colour, double alpha)
{
	cairo_set_source_rgba(cr, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
		(colour & 255) / 255.0, alpha);
}

void compositor_inspect_set_font(cairo_t *cr, double font, bool bold)
{
	cairo_select_font_face(cr, FAMILY, CAIRO_FONT_SLANT_NORMAL,
		bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(cr, font);
}

static double text_width(cairo_t *cr, const char *text)
{
	cairo_text_extents_t extents;

	cairo_text_extents(cr, text, &extents);
	return extents.x_advance;
}

void compositor_inspect_fit(cairo_t *cr, char *text, double width)
{
	static const char ellipsis[] = "…";
	size_t length = strlen(text);

	if (text_width(cr, text) <= width)
		return;
	/* Characters go until there is room for the ellipsis, in bytes too. */
	while (length > 0) {
		do
			length--;
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80);
		text[length] = '\0';
		if (strlen(text) + sizeof(ellipsis) > COMPOSITOR_INSPECT_LINE)
			continue;
		strcat(text, ellipsis);
		if (text_width(cr, text) <= width)
			return;
		text[length] = '\0';
	}
}

static void set_line_font(cairo_t *cr, double font, unsigned line)
{
	compositor_inspect_set_font(cr, line ? font * DETAIL : font, line == 0);
}

void compositor_inspect_measure(cairo_t *cr, double font, const struct compositor_inspect_text *text,
	int *width, int *height)
{
	double widest = 0;

	for (unsigned i = 0; i < text->count; i++) {
		set_line_font(cr, font, i);
		double line = text_width(cr, text->lines[i]);
		widest = line > widest ? line : widest;
	}
	if (widest > TEXT_MAX * font)
		widest = TEXT_MAX * font;
	*width = ceil(widest + (2 * PADDING + BAR) * font);
	*height = ceil(text->count * LINE_HEIGHT * font + PADDING * font);
}

static void round_box(cairo_t *cr, double x, double y, double width, double height, double radius)
{
	cairo_new_sub_path(cr);
	cairo_arc(cr, x + width - radius, y + radius, radius, -M_PI / 2, 0);
	cairo_arc(cr, x + width - radius, y + height - radius, radius, 0, M_PI / 2);
	cairo_arc(cr, x + radius, y + height - radius, radius, M_PI / 2, M_PI);
	cairo_arc(cr, x + radius, y + radius, radius, M_PI, 3 * M_PI / 2);
	cairo_close_path(cr);
}

void compositor_inspect_fill_panel(cairo_t *cr, const struct wlr_box *box, double radius)
{
	round_box(cr, box->x, box->y, box->width, box->height, radius);
	cairo_set_source_rgba(cr, 0.05, 0.06, 0.08, 0.92);
	cairo_fill(cr);
}

void compositor_inspect_draw_outline(cairo_t *cr, const struct wlr_box *box, uint32_t colour)
{
	cairo_rectangle(cr, box->x + 1, box->y + 1, box->width - 2, box->height - 2);
	compositor_inspect_set_colour(cr, colour, 0.9);
	cairo_set_line_width(cr, 2);
	cairo_stroke(cr);
}

void compositor_inspect_draw_label(cairo_t *cr, double font, const struct compositor_inspect_spot *spot,
	const struct compositor_inspect_text *text, uint32_t colour)
{
	const struct wlr_box *box = &spot->box;
	char line[COMPOSITOR_INSPECT_LINE];

	compositor_inspect_fill_panel(cr, box, font / 3);
	cairo_save(cr);
	round_box(cr, box->x, box->y, box->width, box->height, font / 3);
	cairo_clip(cr);
	cairo_rectangle(cr, box->x, box->y, BAR * font, box->height);
	compositor_inspect_set_colour(cr, colour, 1);
	cairo_fill(cr);
	for (unsigned i = 0; i < text->count; i++) {
		set_line_font(cr, font, i);
		memcpy(line, text->lines[i], sizeof(line));
		compositor_inspect_fit(cr, line, box->width - (2 * PADDING + BAR) * font + 1);
		/* The last line says what shows it: in the colour of that. */
		compositor_inspect_set_colour(cr, i == 0 ? 0xffffff :
			i + 1 == text->count ? colour : 0xd5dbe3, 1);
		cairo_move_to(cr, box->x + (PADDING + BAR) * font,
			box->y + (i + 1) * LINE_HEIGHT * font);
		cairo_show_text(cr, line);
	}
	cairo_restore(cr);
}
