/*
 * The demo clients' picture: a test card in which every pixel is a function of
 * its place and the picture's size, so that a test can say what it must be.
 *
 *   edge      one pixel, white: nothing is cut off or scaled
 *   outside   a grid of light lines every 32 pixels on dark blue
 *   circle    in the middle, diameter 7/8 of the shorter side, with a white rim
 *   in it     top third: eight colour bars; middle third: a grey ramp; bottom
 *             third: stripes of one pixel, upright on the left, level on the right
 *
 * Animated, a block runs along the bottom and digits show the frame's number
 * and the size. Pixels are 0xAARRGGBB, premultiplied.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATTERN_GRID 32
#define PATTERN_RIM 3 /* pixels */

#define PATTERN_WHITE 0xFFFFFFFFu
#define PATTERN_BLACK 0xFF000000u
#define PATTERN_LINE 0xFFC0C0C0u
#define PATTERN_GROUND 0xFF304050u
#define PATTERN_BLOCK 0xFFFF8000u

/* The still picture. 0 <= x < width, 0 <= y < height. */
static inline uint32_t pattern_still(int x, int y, int width, int height)
{
	static const uint32_t bars[8] = {0xFFFFFFFF, 0xFFFFFF00, 0xFF00FFFF, 0xFF00FF00,
		0xFFFF00FF, 0xFFFF0000, 0xFF0000FF, 0xFF000000};

	if (x == 0 || y == 0 || x == width - 1 || y == height - 1)
		return PATTERN_WHITE;
	/* Twice the distance from the centre to the pixel's centre; same for the radius. */
	int64_t dx = 2 * x + 1 - width, dy = 2 * y + 1 - height;
	int64_t radius = (width < height ? width : height) * 7 / 8;
	int64_t inner = radius - 2 * PATTERN_RIM;
	int64_t distance = dx * dx + dy * dy;
	if (inner <= 0 || distance > radius * radius) {
		bool line = x % PATTERN_GRID == 0 || y % PATTERN_GRID == 0;
		return line ? PATTERN_LINE : PATTERN_GROUND;
	}
	if (distance > inner * inner)
		return PATTERN_WHITE;
	int64_t across = dx + radius, down = dy + radius; /* 0 .. 2 * radius */
	switch (down * 3 / (2 * radius)) {
	case 0:
		return bars[across * 8 / (2 * radius)];
	case 1:
		return PATTERN_BLACK | (uint32_t)(across * 256 / (2 * radius)) * 0x010101;
	default:
		return (dx < 0 ? x : y) & 1 ? PATTERN_WHITE : PATTERN_BLACK;
	}
}

/* color (opaque) at opacity alpha/255, premultiplied, rounded to nearest. */
static inline uint32_t pattern_premultiply(uint32_t color, uint32_t alpha)
{
	uint32_t out = alpha << 24;

	for (int shift = 0; shift < 24; shift += 8) {
		uint32_t value = (color >> shift & 0xff) * alpha + 127;
		out |= value / 255 << shift;
	}
	return out;
}

/* ---- pattern.c ---- */

struct pattern_rect {
	int x, y, width, height;
};

/* stride in pixels. */
void pattern_draw_still(uint32_t *pixels, size_t stride, int width, int height);
/* What the frame adds to the still picture; where it drew, to rects. */
void pattern_draw_frame(uint32_t *pixels, size_t stride, int width, int height, uint32_t frame,
	struct pattern_rect rects[2]);

#endif
