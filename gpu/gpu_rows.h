/*
 * A rectangle of memory as rows of bytes, linear or behind a fence register,
 * translated and checked once for all of it. Caller: the blitter, on its
 * engine's thread.
 */
#ifndef GPU_ROWS_H
#define GPU_ROWS_H

#include <stddef.h>

#include "gpu_bus.h"

struct gpu_rows {
	uint32_t size;   /* bytes of a row */
	uint32_t height;
	int64_t address; /* of row 0's first byte in the address space */
	int64_t pitch;   /* bytes from a row to the next; negative = upwards */
	/* All the memory that the rows may touch. */
	uint8_t *host;
	size_t host_size;
	/* Linear: row 0's first byte. */
	uint8_t *first;
	/* Tiled (window.tiling is not NONE): host is the tile at left, top of the window. */
	struct gem_fence_window window;
	uint32_t left, top;
};

/*
 * size and height >= 1. A range that a fence window covers must be covered
 * wholly: else FIELD. UNMAPPED: nothing of it was touched.
 */
struct gpu_fault gpu_rows_init(struct gpu_rows *rows, const struct gpu_bus *bus,
	int64_t address, int64_t pitch, uint32_t size, uint32_t height, bool write);

static inline bool gpu_rows_tiled(const struct gpu_rows *rows)
{
	return rows->window.tiling != GEM_TILING_NONE;
}

/* Linear rows only: where row y is. */
static inline uint8_t *gpu_rows_at(const struct gpu_rows *rows, uint32_t y)
{
	return rows->first + rows->pitch * (int64_t)y;
}

/* Any rows: row y into or from rows->size bytes of line. */
void gpu_rows_read(const struct gpu_rows *rows, uint32_t y, uint8_t *line);
void gpu_rows_write(const struct gpu_rows *rows, uint32_t y, const uint8_t *line);

bool gpu_rows_overlap(const struct gpu_rows *a, const struct gpu_rows *b);
/* The same layout: byte n of the one is byte n + (a - b) of the other, everywhere. */
bool gpu_rows_alike(const struct gpu_rows *a, const struct gpu_rows *b);

#endif
