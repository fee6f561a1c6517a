/* The demo clients' test card. */
#include <stdlib.h>
#include <string.h>

#include "pattern.h"
#include "test.h"

TEST(pattern_still_has_its_parts)
{
	CHECK_INT(pattern_still(0, 300, 1024, 768), PATTERN_WHITE);
	CHECK_INT(pattern_still(1023, 5, 1024, 768), PATTERN_WHITE);
	CHECK_INT(pattern_still(32, 5, 1024, 768), PATTERN_LINE);
	CHECK_INT(pattern_still(33, 33, 1024, 768), PATTERN_GROUND);
	/* Radius 336 around 512,384: rim, then bars left to right of the centre. */
	CHECK_INT(pattern_still(512, 384 - 335, 1024, 768), PATTERN_WHITE);
	CHECK_INT(pattern_still(511, 150, 1024, 768), 0xFF00FF00);
	CHECK_INT(pattern_still(512, 150, 1024, 768), 0xFFFF00FF);
	CHECK_INT(pattern_still(512, 384, 1024, 768), 0xFF808080);
	CHECK_INT(pattern_still(401, 600, 1024, 768), PATTERN_WHITE);
	CHECK_INT(pattern_still(402, 600, 1024, 768), PATTERN_BLACK);
	CHECK_INT(pattern_still(602, 601, 1024, 768), PATTERN_WHITE);
	CHECK_INT(pattern_still(601, 600, 1024, 768), PATTERN_BLACK);
}

TEST(pattern_premultiplies)
{
	CHECK_INT(pattern_premultiply(0xFFFFFFFF, 255), 0xFFFFFFFF);
	CHECK_INT(pattern_premultiply(0xFFFF8001, 128), 0x80804001);
	CHECK_INT(pattern_premultiply(0xFFFF8001, 0), 0);
}

/* Any size, any frame: nothing outside the picture is touched, and what is, is in rects. */
TEST(pattern_frames_stay_inside)
{
	static const int sizes[][2] = {{1, 1}, {2, 3}, {17, 1}, {1, 40}, {64, 48}, {641, 479}};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int width = sizes[i][0], height = sizes[i][1];
		size_t bytes = (size_t)width * height * 4;
		/* Exactly as large as it is, for the sanitizer. */
		uint32_t *still = malloc(bytes), *frame = malloc(bytes);
		struct pattern_rect rects[2];

		pattern_draw_still(still, width, width, height);
		for (uint32_t number = 0; number < 3000; number += 777) {
			memcpy(frame, still, bytes);
			pattern_draw_frame(frame, width, width, height, number, rects);
			for (int at = 0; at < width * height; at++) {
				bool inside = false;
				for (int r = 0; r < 2; r++)
					inside = inside || (at % width >= rects[r].x &&
						at % width < rects[r].x + rects[r].width &&
						at / width >= rects[r].y &&
						at / width < rects[r].y + rects[r].height);
				CHECK(inside || frame[at] == still[at]);
			}
		}
		free(still);
		free(frame);
	}
}

TEST(pattern_frames_differ)
{
	static uint32_t one[320 * 240], two[320 * 240];
	struct pattern_rect rects[2];

	pattern_draw_still(one, 320, 320, 240);
	memcpy(two, one, sizeof(one));
	pattern_draw_frame(one, 320, 320, 240, 7, rects);
	pattern_draw_frame(two, 320, 320, 240, 8, rects);
	CHECK(memcmp(one, two, sizeof(one)) != 0);
	CHECK_INT(rects[0].x, 32);
}
