/*
 * Surfaces of COMPOSITE: what packets say of them, and the memory that is found
 * there when they are drawn with. On the engine's thread; pixels may be read and
 * written on any.
 */
#ifndef GPU_SURFACE_H
#define GPU_SURFACE_H

#include <pixman.h>
#include <stddef.h>

#include "gem_tiling.h"
#include "gpu_bus.h"
#include "gpu_packet.h"

struct gpu_format {
	pixman_format_code_t pixman;
	uint32_t cpp;
	bool opaque; /* without an alpha channel: alpha is 1.0 */
	bool wide;   /* more than 8 bits a channel: pixman's slow arithmetic */
};

/* As the packet's three dwords have it; width 0 = not set. */
struct gpu_surface {
	uint32_t address, pitch;
	uint32_t format; /* enum gpu_composite_format */
	enum gem_tiling tiling;
	uint32_t width, height;
};

/* A surface's memory. host NULL = none. */
struct gpu_pixels {
	uint8_t *host;
	size_t size; /* bytes, whole tiles if tiled */
	uint32_t pitch, width, height;
	const struct gpu_format *format;
	enum gem_tiling tiling;
};

/*
 * FIELD, then *surface is as it was. allowed_bits: those of the layout dword that
 * are not the surface's.
 */
struct gpu_fault gpu_surface_parse(struct gpu_surface *surface, const uint32_t *dwords,
	uint32_t allowed_bits);
/* FIELD a linear surface behind a fence register; UNMAPPED. */
struct gpu_fault gpu_surface_find(const struct gpu_surface *surface, const struct gpu_bus *bus,
	bool write, struct gpu_pixels *pixels);

bool gpu_pixels_overlap(const struct gpu_pixels *a, const struct gpu_pixels *b);
bool gpu_pixels_same(const struct gpu_pixels *a, const struct gpu_pixels *b);

/*
 * box of tiled pixels from or to linear memory, whose first byte is the pixel at
 * x, y (both at most box's).
 */
void gpu_pixels_detile(const struct gpu_pixels *pixels, const pixman_box32_t *box,
	uint8_t *linear, uint32_t pitch, int32_t x, int32_t y);
void gpu_pixels_retile(const struct gpu_pixels *pixels, const pixman_box32_t *box,
	const uint8_t *linear, uint32_t pitch, int32_t x, int32_t y);

#endif
