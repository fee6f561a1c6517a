#include <string.h>

#include "gem_tiling.h"
#include "gpu_rows.h"

static const struct gpu_fault ok = {GPU_FAULT_NONE, 0};

static struct gpu_fault unmapped(uint64_t address)
{
	return (struct gpu_fault){GPU_FAULT_UNMAPPED, address};
}

/* Tiles from the first to the last that the bytes low..end of the window are in. */
static struct gpu_fault init_tiled(struct gpu_rows *rows, const struct gpu_bus *bus,
	uint64_t low, uint64_t end, bool write)
{
	uint32_t stride = rows->window.stride;
	uint32_t width = gem_tile_width(rows->window.tiling);
	uint32_t height = gem_tile_height(rows->window.tiling);
	uint64_t start = low - rows->window.start, last = end - 1 - rows->window.start;
	uint64_t x0 = start % stride, x1 = last % stride, y0 = start / stride, y1 = last / stride;
	uint64_t from, to;

	/* Rows of another pitch than the window's go round its sides. */
	if (x0 + rows->size > stride || (rows->height > 1 && rows->pitch % stride)) {
		x0 = 0;
		x1 = stride - 1;
	}
	rows->left = x0 / width * width;
	rows->top = y0 / height * height;
	from = (uint64_t)rows->top * stride + x0 / width * GEM_TILE_SIZE;
	to = y1 / height * height * stride + (x1 / width + 1) * GEM_TILE_SIZE;
	rows->host_size = to - from;
	rows->host = bus->translate(bus, rows->window.start + from, to - from, write);
	return rows->host ? ok : unmapped(rows->window.start + from);
}

struct gpu_fault gpu_rows_init(struct gpu_rows *rows, const struct gpu_bus *bus,
	int64_t address, int64_t pitch, uint32_t size, uint32_t height, bool write)
{
	int64_t across = pitch * (int64_t)(height - 1);
	int64_t low = address + (across < 0 ? across : 0);
	int64_t end = address + (across > 0 ? across : 0) + size;
	struct gem_fence_window other;

	*rows = (struct gpu_rows){.size = size, .height = height, .address = address,
		.pitch = pitch};
	if (low < 0)
		return unmapped(0);
	if (bus->fence && bus->fence(bus, low, &rows->window)) {
		if ((uint64_t)end > rows->window.start + rows->window.size)
			return (struct gpu_fault){GPU_FAULT_FIELD, 0};
		return init_tiled(rows, bus, low, end, write);
	}
	rows->window.tiling = GEM_TILING_NONE;
	if (bus->fence && bus->fence(bus, end - 1, &other))
		return (struct gpu_fault){GPU_FAULT_FIELD, 0};
	rows->host_size = end - low;
	rows->host = bus->translate(bus, low, end - low, write);
	if (!rows->host)
		return unmapped(low);
	rows->first = rows->host + (address - low);
	return ok;
}

/* A row in pieces that do not go round the window's right side. */
static void copy(const struct gpu_rows *rows, uint32_t row, uint8_t *line, bool write)
{
	const struct gem_fence_window *window = &rows->window;
	uint64_t at = rows->address + rows->pitch * (int64_t)row - window->start;
	uint32_t left = rows->size;

	while (left) {
		uint32_t x = at % window->stride, y = at / window->stride;
		uint32_t n = window->stride - x < left ? window->stride - x : left;

		if (write)
			gem_linear_to_tile(rows->host, window->stride, window->tiling, line, n,
				x - rows->left, y - rows->top, n, 1);
		else
			gem_tile_to_linear(line, n, rows->host, window->stride, window->tiling,
				x - rows->left, y - rows->top, n, 1);
		at += n;
		line += n;
		left -= n;
	}
}

void gpu_rows_read(const struct gpu_rows *rows, uint32_t y, uint8_t *line)
{
	if (gpu_rows_tiled(rows))
		copy(rows, y, line, false);
	else
		memcpy(line, gpu_rows_at(rows, y), rows->size);
}

void gpu_rows_write(const struct gpu_rows *rows, uint32_t y, const uint8_t *line)
{
	if (gpu_rows_tiled(rows))
		copy(rows, y, (uint8_t *)line, true);
	else
		memcpy(gpu_rows_at(rows, y), line, rows->size);
}

bool gpu_rows_overlap(const struct gpu_rows *a, const struct gpu_rows *b)
{
	return a->host < b->host + b->host_size && b->host < a->host + a->host_size;
}

bool gpu_rows_alike(const struct gpu_rows *a, const struct gpu_rows *b)
{
	if (a->pitch != b->pitch || gpu_rows_tiled(a) != gpu_rows_tiled(b))
		return false;
	return !gpu_rows_tiled(a) || a->window.start == b->window.start;
}
