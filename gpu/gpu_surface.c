#include "gem_base.h"
#include "gpu_surface.h"

static const struct gpu_fault ok = {GPU_FAULT_NONE, 0};
static const struct gpu_fault bad_field = {GPU_FAULT_FIELD, 0};

static const struct gpu_format formats[GPU_FORMAT_COUNT] = {
	[GPU_FORMAT_X8R8G8B8] = {PIXMAN_x8r8g8b8, 4, true, false},
	[GPU_FORMAT_A8R8G8B8] = {PIXMAN_a8r8g8b8, 4, false, false},
	[GPU_FORMAT_X8B8G8R8] = {PIXMAN_x8b8g8r8, 4, true, false},
	[GPU_FORMAT_A8B8G8R8] = {PIXMAN_a8b8g8r8, 4, false, false},
	[GPU_FORMAT_R5G6B5] = {PIXMAN_r5g6b5, 2, true, false},
	[GPU_FORMAT_A8] = {PIXMAN_a8, 1, false, false},
	[GPU_FORMAT_X2R10G10B10] = {PIXMAN_x2r10g10b10, 4, true, true},
	[GPU_FORMAT_A2R10G10B10] = {PIXMAN_a2r10g10b10, 4, false, true},
};

struct gpu_fault gpu_surface_parse(struct gpu_surface *surface, const uint32_t *dwords,
	uint32_t allowed_bits)
{
	struct gpu_surface new = {
		.address = dwords[0],
		.pitch = dwords[1] & 0x3ffff,
		.tiling = dwords[1] >> 18 & 3,
		.format = dwords[1] >> 20 & 0xf,
		.width = dwords[2] & 0xffff,
		.height = dwords[2] >> 16,
	};

	if (dwords[1] & ~(allowed_bits | 0x00ffffff) || new.format >= GPU_FORMAT_COUNT ||
		new.address % 4 || new.pitch % 4 || !new.width || !new.height ||
		new.width > GPU_COMPOSITE_MAX_SIZE || new.height > GPU_COMPOSITE_MAX_SIZE ||
		new.pitch < new.width * formats[new.format].cpp || new.tiling > GEM_TILING_Y)
		return bad_field;
	if (new.tiling && (new.address % GEM_TILE_SIZE || new.pitch % gem_tile_width(new.tiling)))
		return bad_field;
	*surface = new;
	return ok;
}

/* A surface that says that it is tiled is the object's memory itself: windows do not count. */
static bool behind_a_window(const struct gpu_surface *surface, const struct gpu_bus *bus,
	uint64_t size)
{
	struct gem_fence_window window;

	return !surface->tiling && bus->fence && (bus->fence(bus, surface->address, &window) ||
		bus->fence(bus, surface->address + size - 1, &window));
}

struct gpu_fault gpu_surface_find(const struct gpu_surface *surface, const struct gpu_bus *bus,
	bool write, struct gpu_pixels *pixels)
{
	uint64_t rows = surface->tiling ?
		GEM_ALIGN(surface->height, gem_tile_height(surface->tiling)) : surface->height;
	uint64_t size = surface->pitch * rows;
	void *host;

	if (behind_a_window(surface, bus, size))
		return bad_field;
	host = bus->translate(bus, surface->address, size, write);
	if (!host)
		return (struct gpu_fault){GPU_FAULT_UNMAPPED, surface->address};
	*pixels = (struct gpu_pixels){
		.host = host, .size = size, .pitch = surface->pitch,
		.width = surface->width, .height = surface->height,
		.format = &formats[surface->format], .tiling = surface->tiling,
	};
	return ok;
}

bool gpu_pixels_overlap(const struct gpu_pixels *a, const struct gpu_pixels *b)
{
	return a->host < b->host + b->size && b->host < a->host + a->size;
}

bool gpu_pixels_same(const struct gpu_pixels *a, const struct gpu_pixels *b)
{
	return a->host == b->host && a->pitch == b->pitch && a->width == b->width &&
		a->height == b->height && a->format == b->format && a->tiling == b->tiling;
}

void gpu_pixels_detile(const struct gpu_pixels *pixels, const pixman_box32_t *box,
	uint8_t *linear, uint32_t pitch, int32_t x, int32_t y)
{
	uint32_t cpp = pixels->format->cpp;

	gem_tile_to_linear(linear + (size_t)(box->y1 - y) * pitch + (box->x1 - x) * cpp, pitch,
		pixels->host, pixels->pitch, pixels->tiling, box->x1 * cpp, box->y1,
		(box->x2 - box->x1) * cpp, box->y2 - box->y1);
}

void gpu_pixels_retile(const struct gpu_pixels *pixels, const pixman_box32_t *box,
	const uint8_t *linear, uint32_t pitch, int32_t x, int32_t y)
{
	uint32_t cpp = pixels->format->cpp;

	gem_linear_to_tile(pixels->host, pixels->pitch, pixels->tiling,
		linear + (size_t)(box->y1 - y) * pitch + (box->x1 - x) * cpp, pitch,
		box->x1 * cpp, box->y1, (box->x2 - box->x1) * cpp, box->y2 - box->y1);
}
