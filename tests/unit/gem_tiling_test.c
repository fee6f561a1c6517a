/* Tiled layouts against a walk through the tiles, byte by byte. */
#include <stdlib.h>
#include <string.h>

#include "gem_tiling.h"
#include "test.h"

struct layout {
	const char *name;
	enum gem_tiling tiling;
	uint32_t stride;
};

static const struct layout layouts[] = {
	{"X 512", GEM_TILING_X, 512}, {"X 2048", GEM_TILING_X, 2048},
	{"X 8192", GEM_TILING_X, 8192}, {"X 1536, of no fence", GEM_TILING_X, 1536},
	{"Y 128", GEM_TILING_Y, 128}, {"Y 1024", GEM_TILING_Y, 1024},
	{"Y 8192", GEM_TILING_Y, 8192},
};

static uint32_t random_below(uint32_t limit)
{
	return (uint32_t)random() % limit;
}

/*
 * where[y * stride + x] = offset in memory, by counting memory's bytes up and
 * saying which pixel each of them is, as the layout's definition does.
 */
static uint32_t *walk(const struct layout *layout, uint32_t rows)
{
	uint32_t tile_w = layout->tiling == GEM_TILING_X ? 512 : 128;
	uint32_t tile_h = layout->tiling == GEM_TILING_X ? 8 : 32;
	uint32_t column = layout->tiling == GEM_TILING_X ? 512 : 16, offset = 0;
	uint32_t *where = malloc((size_t)layout->stride * rows * sizeof(*where));

	for (uint32_t top = 0; top < rows; top += tile_h)
		for (uint32_t left = 0; left < layout->stride; left += tile_w)
			for (uint32_t col = 0; col < tile_w; col += column)
				for (uint32_t row = 0; row < tile_h; row++)
					for (uint32_t byte = 0; byte < column; byte++)
						where[(top + row) * layout->stride + left + col + byte] =
							offset++;
	return where;
}

TEST_ROWS(offsets, struct layout, layouts)
{
	uint32_t *where = walk(row, 64);

	for (uint32_t y = 0; y < 64; y++)
		for (uint32_t x = 0; x < row->stride; x++)
			CHECK_INT(gem_tile_offset(row->tiling, row->stride, x, y),
				where[y * row->stride + x]);
	free(where);
}

static void fill(uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = random();
}

struct rect {
	uint32_t x, y, width, height;
};

static struct rect random_rect(uint32_t stride, uint32_t rows)
{
	struct rect rect = {.x = random_below(stride), .y = random_below(rows)};

	rect.width = 1 + random_below(stride - rect.x);
	rect.height = 1 + random_below(rows - rect.y);
	if (random_below(4) == 0) { /* whole tiles, the fast way */
		rect.x = 0;
		rect.width = stride;
	}
	return rect;
}

enum { ROWS = 96, GUARD = 32 };

TEST_ROWS(detile_rectangles, struct layout, layouts)
{
	uint32_t stride = row->stride, *where = walk(row, ROWS);
	uint8_t *tiled = malloc(stride * ROWS);

	srandom(stride);
	fill(tiled, stride * ROWS);
	for (int i = 0; i < 60; i++) {
		struct rect rect = random_rect(stride, ROWS);
		uint32_t pitch = rect.width + random_below(40);
		size_t size = (size_t)pitch * rect.height + GUARD;
		uint8_t *linear = malloc(size);

		memset(linear, 0x5a, size);
		gem_tile_to_linear(linear, pitch, tiled, stride, row->tiling, rect.x, rect.y,
			rect.width, rect.height);
		for (size_t at = 0; at < size; at++) {
			uint32_t x = at % pitch, y = at / pitch;
			bool inside = y < rect.height && x < rect.width;
			uint8_t want = inside ?
				tiled[where[(rect.y + y) * stride + rect.x + x]] : 0x5a;

			if (linear[at] != want)
				test_fail(__FILE__, __LINE__, "byte %u,%u of %ux%u at %u,%u: %02x, "
					"want %02x", x, y, rect.width, rect.height, rect.x, rect.y,
					linear[at], want);
		}
		free(linear);
	}
	free(tiled);
	free(where);
}

TEST_ROWS(tile_rectangles, struct layout, layouts)
{
	uint32_t stride = row->stride, *where = walk(row, ROWS);
	size_t size = stride * ROWS;
	uint8_t *tiled = malloc(size), *want = malloc(size);

	srandom(stride + 1);
	fill(tiled, size);
	memcpy(want, tiled, size);
	for (int i = 0; i < 40; i++) {
		struct rect rect = random_rect(stride, ROWS);
		uint32_t pitch = rect.width + random_below(40);
		uint8_t *linear = malloc((size_t)pitch * rect.height);

		fill(linear, (size_t)pitch * rect.height);
		gem_linear_to_tile(tiled, stride, row->tiling, linear, pitch, rect.x, rect.y,
			rect.width, rect.height);
		for (uint32_t y = 0; y < rect.height; y++)
			for (uint32_t x = 0; x < rect.width; x++)
				want[where[(rect.y + y) * stride + rect.x + x]] =
					linear[y * pitch + x];
		CHECK(memcmp(tiled, want, size) == 0);
		free(linear);
	}
	free(tiled);
	free(want);
	free(where);
}

struct stride_row {
	const char *name;
	uint32_t tiling, stride;
	bool ok;
};

static const struct stride_row stride_rows[] = {
	{"linear, any stride", GEM_TILING_NONE, 0, true},
	{"linear, odd stride", GEM_TILING_NONE, 12345, true},
	{"X of one tile", GEM_TILING_X, 512, true},
	{"X of less than a tile", GEM_TILING_X, 256, false},
	{"X of no power of two", GEM_TILING_X, 1536, false},
	{"X widest", GEM_TILING_X, 8192, true},
	{"X too wide", GEM_TILING_X, 16384, false},
	{"X no stride", GEM_TILING_X, 0, false},
	{"X stride ~0", GEM_TILING_X, UINT32_MAX, false},
	{"X stride 2^31", GEM_TILING_X, 1u << 31, false},
	{"Y of one tile", GEM_TILING_Y, 128, true},
	{"Y of half a tile", GEM_TILING_Y, 64, false},
	{"Y of three tiles", GEM_TILING_Y, 384, false},
	{"Y widest", GEM_TILING_Y, 8192, true},
	{"unknown tiling", 3, 512, false},
	{"tiling ~0", UINT32_MAX, 512, false},
};

TEST_ROWS(stride_rules, struct stride_row, stride_rows)
{
	CHECK_INT(gem_tiling_ok(row->tiling, row->stride), row->ok);
}

TEST(fence_sizes)
{
	CHECK_INT(gem_fence_size(4096, GEM_TILING_NONE), 4096);
	CHECK_INT(gem_fence_size(5000, GEM_TILING_NONE), 8192);
	CHECK_INT(gem_fence_size(4096, GEM_TILING_X), 1 << 20);
	CHECK_INT(gem_fence_size(1 << 20, GEM_TILING_Y), 1 << 20);
	CHECK_INT(gem_fence_size((1 << 20) + 1, GEM_TILING_X), 2 << 20);
	CHECK_INT(gem_fence_size(100 << 20, GEM_TILING_X), 128 << 20);
	CHECK_INT(gem_fence_size(UINT64_MAX, GEM_TILING_X), INT64_MIN); /* 2^63: ends */
}
