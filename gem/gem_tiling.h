/*
 * Tiled layouts of gen3 parts from G33 on, without address swizzling. Pure.
 *
 * A tile is 4 KiB of memory; tiles follow each other along a row of stride
 * bytes, then down:
 *   X   512 bytes x 8 rows, row after row
 *   Y   128 bytes x 32 rows, in columns of 16 bytes: 32 rows of a column, then
 *       the next column (915G's Y tile is 512 wide; G33's is not)
 *
 * x is in bytes, y in rows, everywhere.
 */
#ifndef GEM_TILING_H
#define GEM_TILING_H

#include <stdbool.h>
#include <stdint.h>

enum gem_tiling { GEM_TILING_NONE, GEM_TILING_X, GEM_TILING_Y }; /* = I915_TILING_* */

#define GEM_TILE_SIZE 4096u
#define GEM_TILING_MAX_STRIDE 8192u
/* Smallest range that a gen3 fence register covers. */
#define GEM_FENCE_MIN_SIZE (1ull << 20)

/* Bytes across a tile and rows down it; of X or Y. */
static inline uint32_t gem_tile_width(enum gem_tiling tiling)
{
	return tiling == GEM_TILING_X ? 512 : 128;
}

static inline uint32_t gem_tile_height(enum gem_tiling tiling)
{
	return tiling == GEM_TILING_X ? 8 : 32;
}

/* Bytes of a row that are neighbours in memory as well, from a multiple of it on. */
static inline uint32_t gem_tile_span(enum gem_tiling tiling)
{
	return tiling == GEM_TILING_X ? 512 : 16;
}

/* Where the byte is in memory. tiling X or Y; stride a multiple of the tile's width. */
static inline uint64_t gem_tile_offset(enum gem_tiling tiling, uint32_t stride, uint32_t x,
	uint32_t y)
{
	if (tiling == GEM_TILING_X)
		return (uint64_t)(y >> 3) * 8 * stride + (x >> 9) * GEM_TILE_SIZE +
			(y & 7) * 512 + (x & 511);
	return (uint64_t)(y >> 5) * 32 * stride + (x >> 7) * GEM_TILE_SIZE +
		((x & 127) >> 4) * 512 + (y & 31) * 16 + (x & 15);
}

/*
 * Copies the rectangle of width bytes x height rows at x, y of tiled memory
 * (stride bytes a row; X or Y) from or to linear memory (pitch bytes a row,
 * whose first byte is the rectangle's). Any x, y and sizes.
 */
void gem_tile_to_linear(uint8_t *linear, uint32_t pitch, const uint8_t *tiled, uint32_t stride,
	enum gem_tiling tiling, uint32_t x, uint32_t y, uint32_t width, uint32_t height);
void gem_linear_to_tile(uint8_t *tiled, uint32_t stride, enum gem_tiling tiling,
	const uint8_t *linear, uint32_t pitch, uint32_t x, uint32_t y, uint32_t width,
	uint32_t height);

/*
 * What SET_TILING takes on gen3 (kernel: i915_tiling_ok): a power of two, a
 * multiple of the tile's width, at most 8192. NONE takes every stride; tiling
 * may be any number that a client sent.
 */
bool gem_tiling_ok(uint32_t tiling, uint32_t stride);
/*
 * Range of the global GTT that a fence register needs for size bytes (kernel:
 * i915_gem_fence_size): a power of two from 1 MiB on, aligned to itself; just
 * the pages when linear.
 */
uint64_t gem_fence_size(uint64_t size, enum gem_tiling tiling);

#endif
