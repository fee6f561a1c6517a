/* Blits, pixel by pixel, on both rings: linear, and tiled through fence registers. */
#include <stdlib.h>
#include <string.h>

#include "exec_list.h"
#include "test.h"

enum { WIDTH = 133, HEIGHT = 75 };

struct row {
	const char *name;
	uint64_t ring;
	uint32_t from, to; /* tilings */
};

static const struct row rows[] = {
	{"render, linear", I915_EXEC_RENDER, I915_TILING_NONE, I915_TILING_NONE},
	{"render, to X", I915_EXEC_RENDER, I915_TILING_NONE, I915_TILING_X},
	{"render, from X", I915_EXEC_RENDER, I915_TILING_X, I915_TILING_NONE},
	{"render, X", I915_EXEC_DEFAULT, I915_TILING_X, I915_TILING_X},
	{"render, Y to X", I915_EXEC_RENDER, I915_TILING_Y, I915_TILING_X},
	{"blitter, linear", I915_EXEC_BLT, I915_TILING_NONE, I915_TILING_NONE},
	{"blitter, to X", I915_EXEC_BLT, I915_TILING_NONE, I915_TILING_X},
	{"blitter, from X", I915_EXEC_BLT, I915_TILING_X, I915_TILING_NONE},
	{"blitter, X", I915_EXEC_BLT, I915_TILING_X, I915_TILING_X},
	{"blitter, to Y", I915_EXEC_BLT, I915_TILING_X, I915_TILING_Y},
};

/* A part of the source into the target, and a filled rectangle over a part of that. */
TEST_ROWS(blit, struct row, rows)
{
	enum { X = 20, Y = 11, FROM_X = 3, FROM_Y = 30, W = 90, H = 41, COLOR = 0x80c0ffee };
	static uint32_t got[WIDTH * HEIGHT];
	int fd = exec_begin();
	struct picture from = picture_create(fd, WIDTH, HEIGHT, row->from);
	struct picture to = picture_create(fd, WIDTH, HEIGHT, row->to);
	struct list list;

	picture_fill(fd, &from, 1);
	picture_fill(fd, &to, 2);
	list_init(&list, fd, row->ring);
	unsigned source = list_add_picture(&list, &from, false);
	unsigned target = list_add_picture(&list, &to, true);
	list_copy(&list, target, to.pitch, X, Y, W, H, source, from.pitch, FROM_X, FROM_Y);
	list_fill(&list, target, to.pitch, X + 5, Y + 6, X + 7, Y + 9, COLOR);
	list_run(&list);
	picture_get(fd, &to, got);
	for (int y = 0; y < HEIGHT; y++) {
		for (int x = 0; x < WIDTH; x++) {
			uint32_t want = picture_pixel(2, x, y);

			if (x >= X && x < X + W && y >= Y && y < Y + H)
				want = picture_pixel(1, x - X + FROM_X, y - Y + FROM_Y);
			if (x >= X + 5 && x < X + 7 && y >= Y + 6 && y < Y + 9)
				want = COLOR;
			if (got[y * WIDTH + x] != want)
				test_fail(__FILE__, __LINE__, "%d, %d: %08x, want %08x", x, y,
					got[y * WIDTH + x], want);
		}
	}
	list_finish(&list);
	exec_end(fd);
}
