#include "pattern.h"

#include <stdio.h>
#include <string.h>

/* Digits and "x", 3 by 5 dots, a row in three bits, the left dot highest. */
static const char glyph_names[] = "0123456789x";
static const uint8_t glyphs[][5] = {
	{7, 5, 5, 5, 7}, {2, 6, 2, 2, 7}, {7, 1, 7, 4, 7}, {7, 1, 3, 1, 7}, {5, 5, 7, 1, 1},
	{7, 4, 7, 1, 7}, {7, 4, 7, 5, 7}, {7, 1, 2, 2, 2}, {7, 5, 7, 5, 7}, {7, 5, 7, 1, 7},
	{0, 5, 2, 5, 0},
};

struct canvas {
	uint32_t *pixels;
	size_t stride;
	int width, height;
};

static void fill(const struct canvas *canvas, int x, int y, int width, int height, uint32_t color)
{
	for (int row = y < 0 ? 0 : y; row < y + height && row < canvas->height; row++) {
		uint32_t *line = canvas->pixels + (size_t)row * canvas->stride;
		for (int column = x < 0 ? 0 : x; column < x + width && column < canvas->width; column++)
			line[column] = color;
	}
}

static void draw_glyph(const struct canvas *canvas, int x, int y, int dot, char letter)
{
	const char *found = strchr(glyph_names, letter);

	for (int i = 0; found && i < 15; i++) {
		if (glyphs[found - glyph_names][i / 3] >> (2 - i % 3) & 1)
			fill(canvas, x + i % 3 * dot, y + i / 3 * dot, dot, dot, PATTERN_WHITE);
	}
}

/* A line of text in the middle of the width, its top at y. */
static void draw_line(const struct canvas *canvas, int y, int dot, const char *text)
{
	int x = (canvas->width - (int)strlen(text) * 4 * dot + dot) / 2;

	for (; *text; text++, x += 4 * dot)
		draw_glyph(canvas, x, y, dot, *text);
}

void pattern_draw_still(uint32_t *pixels, size_t stride, int width, int height)
{
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++)
			pixels[y * stride + x] = pattern_still(x, y, width, height);
	}
}

static struct pattern_rect clip(const struct canvas *canvas, struct pattern_rect rect)
{
	if (rect.x < 0)
		rect.x = 0;
	if (rect.y < 0)
		rect.y = 0;
	if (rect.x + rect.width > canvas->width)
		rect.width = canvas->width - rect.x;
	if (rect.y + rect.height > canvas->height)
		rect.height = canvas->height - rect.y;
	return rect;
}

void pattern_draw_frame(uint32_t *pixels, size_t stride, int width, int height, uint32_t frame,
	struct pattern_rect rects[2])
{
	struct canvas canvas = {pixels, stride, width, height};
	int dot = (width < height ? width : height) / 120 + 1;
	int block = 4 * dot, x = (int)(frame * 4ull % (unsigned)width);
	char number[16], size[32];

	rects[0] = clip(&canvas, (struct pattern_rect){x, height - 2 * block, block, block});
	fill(&canvas, rects[0].x, rects[0].y, rects[0].width, rects[0].height, PATTERN_BLOCK);

	/* Ten digits wide, two lines of 5 dots and margins high, over the grey ramp. */
	rects[1] = clip(&canvas, (struct pattern_rect){width / 2 - 22 * dot, height / 2 - 8 * dot,
		44 * dot, 15 * dot});
	fill(&canvas, rects[1].x, rects[1].y, rects[1].width, rects[1].height, PATTERN_BLACK);
	snprintf(number, sizeof(number), "%u", frame);
	snprintf(size, sizeof(size), "%dx%d", width, height);
	draw_line(&canvas, height / 2 - 6 * dot, dot, number);
	draw_line(&canvas, height / 2, dot, size);
}
