/* Rows of pixels against pixman, bit by bit: every kind, all lengths and places. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu_span.h"
#include "test.h"

enum { MOST = 70, GUARD = 8, PIXELS = MOST + 2 * GUARD };

static const pixman_format_code_t formats[] = {PIXMAN_x8r8g8b8, PIXMAN_a8r8g8b8, PIXMAN_x8b8g8r8,
	PIXMAN_a8b8g8r8};
static const uint8_t alphas[] = {255, 254, 128, 1, 0};

/* Anything, with runs of opaque and of empty pixels; also colours above their alpha. */
static void randomize(uint32_t *pixels)
{
	unsigned kind = 0;

	for (unsigned i = 0; i < PIXELS; i++) {
		if (random() % 7 == 0)
			kind = random() % 3;
		pixels[i] = kind == 0 ? (uint32_t)random() * 2 + random() % 2 :
			kind == 1 ? 0xff000000 | (uint32_t)random() : 0;
	}
}

static pixman_image_t *solid(uint32_t color)
{
	return pixman_image_create_solid_fill(&(pixman_color_t){.alpha = (color >> 24) * 257,
		.red = (color >> 16 & 255) * 257, .green = (color >> 8 & 255) * 257,
		.blue = (color & 255) * 257});
}

static void reference(pixman_op_t op, pixman_format_code_t from, pixman_format_code_t to,
	uint32_t color, uint8_t alpha, uint32_t *target, uint32_t *source, unsigned n)
{
	pixman_image_t *s = from ? pixman_image_create_bits(from, n, 1, source, n * 4) :
		solid(color);
	pixman_image_t *t = pixman_image_create_bits(to, n, 1, target, n * 4);
	pixman_image_t *mask = alpha < 255 ? solid((uint32_t)alpha << 24) : NULL;

	pixman_image_composite32(op, s, mask, t, 0, 0, 0, 0, 0, 0, n, 1);
	pixman_image_unref(s);
	pixman_image_unref(t);
	if (mask)
		pixman_image_unref(mask);
}

static void compare(pixman_op_t op, pixman_format_code_t from, pixman_format_code_t to,
	uint8_t alpha, bool stream)
{
	uint32_t used = PIXMAN_FORMAT_A(to) ? UINT32_MAX : 0xffffff;
	uint32_t color = (uint32_t)random() * 2;
	struct gpu_span span;

	if (!gpu_span_choose(&span, op, from, to, color, alpha) || (stream && !span.stream))
		return;
	for (unsigned n = 1; n <= MOST; n++) {
		uint32_t source[PIXELS], target[PIXELS], want[PIXELS];
		unsigned at = random() % GUARD, source_at = random() % GUARD;

		randomize(source);
		randomize(target);
		memcpy(want, target, sizeof(want));
		reference(op, from, to, color, alpha, want + at, source + source_at, n);
		(stream ? span.stream : span.row)(&span, target + at, source + source_at, n,
			n % 3 ? 0 : 64);
		gpu_span_settle();
		for (unsigned i = 0; i < PIXELS; i++)
			if ((target[i] ^ want[i]) & (i < at || i >= at + n ? UINT32_MAX : used))
				test_fail(__FILE__, __LINE__, "op %d, %x to %x, alpha %u, %u pixels:"
					" %d is %x, want %x", op, from, to, alpha, n,
					(int)i - (int)at, target[i], want[i]);
	}
}

TEST(against_pixman)
{
	struct gpu_span span;

	srandom(5);
	if (!gpu_span_choose(&span, PIXMAN_OP_OVER, PIXMAN_a8r8g8b8, PIXMAN_a8r8g8b8, 0, 255))
		printf("# only copies: the processor has no AVX2\n");
	for (unsigned round = 0; round < 20; round++)
		for (unsigned to = 0; to < 4; to++)
			for (unsigned from = 0; from < 5; from++)
				for (unsigned a = 0; a < sizeof(alphas); a++) {
					pixman_format_code_t format = from < 4 ? formats[from] : 0;

					for (unsigned kind = 0; kind < 4; kind++)
						compare(kind & 1 ? PIXMAN_OP_SRC : PIXMAN_OP_OVER,
							format, formats[to], alphas[a], kind & 2);
				}
}

/* Every product: each alpha of a source over each value of a target. */
TEST(every_product)
{
	struct gpu_span span;

	if (!gpu_span_choose(&span, PIXMAN_OP_OVER, PIXMAN_a8r8g8b8, PIXMAN_a8r8g8b8, 0, 255))
		SKIP("no AVX2");
	for (uint32_t a = 0; a < 256; a++) {
		uint32_t source[256], target[256], want[256];

		for (uint32_t i = 0; i < 256; i++) {
			source[i] = a << 24 | a;
			target[i] = want[i] = i * 0x01010101;
		}
		reference(PIXMAN_OP_OVER, PIXMAN_a8r8g8b8, PIXMAN_a8r8g8b8, 0, 255, want, source,
			256);
		span.row(&span, target, source, 256, 0);
		for (uint32_t i = 0; i < 256; i++)
			CHECK_INT(target[i], want[i]);
	}
}

TEST(others_are_pixmans)
{
	struct gpu_span span;

	CHECK(!gpu_span_choose(&span, PIXMAN_OP_SRC, PIXMAN_r5g6b5, PIXMAN_x8r8g8b8, 0, 255));
	CHECK(!gpu_span_choose(&span, PIXMAN_OP_SRC, PIXMAN_x8r8g8b8, PIXMAN_r5g6b5, 0, 255));
	CHECK(!gpu_span_choose(&span, PIXMAN_OP_SRC, 0, PIXMAN_x2r10g10b10, 0, 255));
	CHECK(!gpu_span_choose(&span, PIXMAN_OP_OVER, PIXMAN_a8, PIXMAN_a8r8g8b8, 0, 255));
}
