#include <string.h>

#include "gem_base.h"
#include "gem_tiling.h"

/* Spans of a constant size are copied inline; the odd ones are at the rectangle's sides. */
static inline void copy_span(uint8_t *to, const uint8_t *from, uint32_t len, uint32_t span)
{
	if (len == span)
		memcpy(to, from, span);
	else
		memcpy(to, from, len);
}

static inline uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/*
 * One row of a rectangle, span by span. Inlined into loops in which tiling is
 * known, so that span is, too.
 */
static inline __attribute__((always_inline)) void copy_row(uint8_t *linear, uint8_t *tiled,
	uint32_t stride, enum gem_tiling tiling, bool to_tile, uint32_t x, uint32_t y,
	uint32_t width)
{
	uint32_t span = gem_tile_span(tiling), end = x + width;

	while (x < end) {
		uint32_t len = min_u32(span - (x & (span - 1)), end - x);
		uint8_t *in_tile = tiled + gem_tile_offset(tiling, stride, x, y);

		if (to_tile)
			copy_span(in_tile, linear, len, span);
		else
			copy_span(linear, in_tile, len, span);
		linear += len;
		x += len;
	}
}

/* A row that goes through all eight columns of a Y tile. */
static inline __attribute__((always_inline)) void copy_y_row(uint8_t *linear, uint8_t *tiled,
	bool to_tile)
{
	for (unsigned column = 0; column < 8; column++) {
		uint8_t *in_tile = tiled + column * 512, *in_row = linear + column * 16;

		memcpy(to_tile ? in_tile : in_row, to_tile ? in_row : in_tile, 16);
	}
}

/*
 * Y tiles tile by tile: a row's neighbours are 512 bytes apart in memory, so that
 * whole rows would touch each cache line four times, far apart in time.
 */
static inline __attribute__((always_inline)) void copy_y(uint8_t *linear, uint32_t pitch,
	uint8_t *tiled, uint32_t stride, bool to_tile, uint32_t x, uint32_t y, uint32_t width,
	uint32_t height)
{
	uint32_t bottom = y + height, right = x + width;

	for (uint32_t top = y, rows; top < bottom; top += rows) {
		rows = min_u32(32 - (top & 31), bottom - top);
		for (uint32_t left = x, len; left < right; left += len) {
			uint8_t *at = linear + (size_t)(top - y) * pitch + (left - x);
			uint8_t *tile = tiled + gem_tile_offset(GEM_TILING_Y, stride, left, top);

			len = min_u32(128 - (left & 127), right - left);
			for (uint32_t row = 0; row < rows; row++, at += pitch) {
				if (len == 128)
					copy_y_row(at, tile + row * 16, to_tile);
				else
					copy_row(at, tiled, stride, GEM_TILING_Y, to_tile, left,
						top + row, len);
			}
		}
	}
}

void gem_tile_to_linear(uint8_t *linear, uint32_t pitch, const uint8_t *tiled, uint32_t stride,
	enum gem_tiling tiling, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
	if (tiling == GEM_TILING_Y) {
		copy_y(linear, pitch, (uint8_t *)tiled, stride, false, x, y, width, height);
		return;
	}
	for (uint32_t row = 0; row < height; row++)
		copy_row(linear + (size_t)row * pitch, (uint8_t *)tiled, stride, GEM_TILING_X,
			false, x, y + row, width);
}

void gem_linear_to_tile(uint8_t *tiled, uint32_t stride, enum gem_tiling tiling,
	const uint8_t *linear, uint32_t pitch, uint32_t x, uint32_t y, uint32_t width,
	uint32_t height)
{
	if (tiling == GEM_TILING_Y) {
		copy_y((uint8_t *)linear, pitch, tiled, stride, true, x, y, width, height);
		return;
	}
	for (uint32_t row = 0; row < height; row++)
		copy_row((uint8_t *)linear + (size_t)row * pitch, tiled, stride, GEM_TILING_X,
			true, x, y + row, width);
}

bool gem_tiling_ok(uint32_t tiling, uint32_t stride)
{
	if (tiling == GEM_TILING_NONE)
		return true;
	if (tiling > GEM_TILING_Y || stride == 0 || stride > GEM_TILING_MAX_STRIDE)
		return false;
	return (stride & (stride - 1)) == 0 && stride % gem_tile_width(tiling) == 0;
}

uint64_t gem_fence_size(uint64_t size, enum gem_tiling tiling)
{
	uint64_t fence = GEM_FENCE_MIN_SIZE;

	if (tiling == GEM_TILING_NONE)
		return GEM_ALIGN(size, GEM_PAGE_SIZE);
	while (fence < size && fence << 1)
		fence <<= 1;
	return fence;
}
