#include <fcntl.h>
#include <unistd.h>

#include "intel_paint.h"

/* gen3's blitter: numbers of the programmer's reference manual. */
enum {
	MI_BATCH_BUFFER_END = 0x0a << 23,
	XY_COLOR = 0x50 << 22 | 4,
	XY_COPY = 0x53 << 22 | 6,
	WRITE_ALL = 1 << 21 | 1 << 20,
	DEPTH_32 = 3 << 24,
	ROP_COPY = 0xcc << 16,
	ROP_FILL = 0xf0 << 16,
	MANAGER_BATCH = 16 << 10,
};
#define CLASS_2D (2u << 29)

drm_intel_bufmgr *paint_open(const char *path, int *fd)
{
	drm_intel_bufmgr *manager;

	*fd = open(path, O_RDWR | O_CLOEXEC);
	if (*fd < 0) {
		fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, path,
			strerror(errno));
		exit(EXIT_FAILURE);
	}
	manager = drm_intel_bufmgr_gem_init(*fd, MANAGER_BATCH);
	if (!manager) {
		fprintf(stderr, "%s: %s: no i915 requests on this card\n",
			program_invocation_short_name, path);
		exit(EXIT_FAILURE);
	}
	drm_intel_bufmgr_gem_enable_reuse(manager);
	return manager;
}

/* ---- pictures ---- */

static struct picture *new_picture(uint32_t width, uint32_t height)
{
	struct picture *picture = calloc(1, sizeof(*picture));

	REQUIRE(picture);
	picture->width = width;
	picture->height = height;
	picture->want = calloc((size_t)width * height, sizeof(uint32_t));
	REQUIRE(picture->want);
	return picture;
}

struct picture *picture_create(drm_intel_bufmgr *manager, uint32_t width, uint32_t height,
	uint32_t tiling)
{
	struct picture *picture = new_picture(width, height);

	picture->tiling = tiling;
	picture->bo = drm_intel_bo_alloc_tiled(manager, "picture", width, height, 4,
		&picture->tiling, &picture->pitch, BO_ALLOC_FOR_RENDER);
	REQUIRE(picture->bo && picture->tiling == tiling);
	return picture;
}

struct picture *picture_of(drm_intel_bo *bo, uint32_t width, uint32_t height,
	unsigned long pitch)
{
	struct picture *picture = new_picture(width, height);
	uint32_t swizzle;

	REQUIRE(bo);
	picture->pitch = pitch;
	picture->bo = bo;
	TRY(drm_intel_bo_get_tiling(bo, &picture->tiling, &swizzle));
	return picture;
}

struct picture *picture_open(drm_intel_bufmgr *manager, uint32_t name, uint32_t width,
	uint32_t height, unsigned long pitch)
{
	return picture_of(drm_intel_bo_gem_create_from_name(manager, "picture", name), width,
		height, pitch);
}

void picture_forget(struct picture *picture)
{
	free(picture->want);
	picture->want = NULL;
}

void picture_destroy(struct picture *picture)
{
	drm_intel_bo_unreference(picture->bo);
	free(picture->want);
	free(picture);
}

uint32_t picture_name(struct picture *picture)
{
	uint32_t name;

	TRY(drm_intel_bo_flink(picture->bo, &name));
	return name;
}

static uint32_t *row_of(struct picture *picture, void *base, uint32_t y)
{
	return (uint32_t *)((char *)base + y * picture->pitch);
}

void picture_draw(struct picture *picture, unsigned seed)
{
	for (uint32_t y = 0; y < picture->height; y++) {
		for (uint32_t x = 0; x < picture->width; x++)
			picture->want[y * picture->width + x] =
				(x + seed * 17) * 2654435761u ^ y * 40503u * (seed + 1);
	}
	if (picture->tiling == I915_TILING_NONE) {
		for (uint32_t y = 0; y < picture->height; y++)
			TRY(drm_intel_bo_subdata(picture->bo, y * picture->pitch,
				picture->width * 4, picture->want + y * picture->width));
		return;
	}
	TRY(drm_intel_gem_bo_map_gtt(picture->bo));
	for (uint32_t y = 0; y < picture->height; y++)
		memcpy(row_of(picture, picture->bo->virtual, y),
			picture->want + y * picture->width, picture->width * 4);
	TRY(drm_intel_gem_bo_unmap_gtt(picture->bo));
}

static void check_row(struct picture *picture, const uint32_t *got, uint32_t y, uint32_t x1,
	uint32_t x2)
{
	for (uint32_t x = x1; x < x2; x++) {
		uint32_t want = picture->want[y * picture->width + x];

		if (got[x] == want)
			continue;
		fprintf(stderr, "%s: pixel %u, %u is %08x, should be %08x\n",
			program_invocation_short_name, x, y, got[x], want);
		exit(EXIT_FAILURE);
	}
}

void picture_check(struct picture *picture, uint32_t x1, uint32_t x2)
{
	uint32_t *row = malloc(picture->width * 4);

	REQUIRE(row);
	if (picture->tiling == I915_TILING_NONE) {
		for (uint32_t y = 0; y < picture->height; y++) {
			TRY(drm_intel_bo_get_subdata(picture->bo, y * picture->pitch,
				picture->width * 4, row));
			check_row(picture, row, y, x1, x2);
		}
	} else {
		TRY(drm_intel_gem_bo_map_gtt(picture->bo));
		for (uint32_t y = 0; y < picture->height; y++)
			check_row(picture, row_of(picture, picture->bo->virtual, y), y, x1, x2);
		TRY(drm_intel_gem_bo_unmap_gtt(picture->bo));
	}
	free(row);
}

/* ---- the brush ---- */

void brush_init(struct brush *brush, drm_intel_bufmgr *manager, unsigned ring)
{
	*brush = (struct brush){.manager = manager, .ring = ring};
}

void brush_finish(struct brush *brush)
{
	if (brush->batch)
		drm_intel_bo_unreference(brush->batch);
	if (brush->last)
		drm_intel_bo_unreference(brush->last);
}

static void emit(struct brush *brush, uint32_t value)
{
	REQUIRE(brush->count < BRUSH_DWORDS);
	brush->dwords[brush->count++] = value;
}

/* Room for the largest packet and the end. */
static void begin_packet(struct brush *brush)
{
	const unsigned largest = 10;

	if (brush->count + largest > BRUSH_DWORDS)
		TRY(brush_run(brush));
	if (!brush->batch) {
		brush->batch = drm_intel_bo_alloc(brush->manager, "batch",
			sizeof(brush->dwords), 4096);
		REQUIRE(brush->batch);
	}
}

static void emit_address(struct brush *brush, struct picture *picture, bool write)
{
	uint32_t domain = I915_GEM_DOMAIN_RENDER, offset = brush->count * 4;

	if (picture->tiling != I915_TILING_NONE)
		TRY(drm_intel_bo_emit_reloc_fence(brush->batch, offset, picture->bo, 0, domain,
			write ? domain : 0));
	else
		TRY(drm_intel_bo_emit_reloc(brush->batch, offset, picture->bo, 0, domain,
			write ? domain : 0));
	emit(brush, picture->bo->offset64);
}

void brush_fill(struct brush *brush, struct picture *to, uint32_t x, uint32_t y, uint32_t width,
	uint32_t height, uint32_t color)
{
	begin_packet(brush);
	emit(brush, CLASS_2D | XY_COLOR | WRITE_ALL);
	emit(brush, DEPTH_32 | ROP_FILL | to->pitch);
	emit(brush, x | y << 16);
	emit(brush, (x + width) | (y + height) << 16);
	emit_address(brush, to, true);
	emit(brush, color);
	for (uint32_t row = y; to->want && row < y + height; row++) {
		for (uint32_t column = x; column < x + width; column++)
			to->want[row * to->width + column] = color;
	}
}

void brush_copy(struct brush *brush, struct picture *to, uint32_t x, uint32_t y, uint32_t width,
	uint32_t height, struct picture *from, uint32_t from_x, uint32_t from_y)
{
	begin_packet(brush);
	emit(brush, CLASS_2D | XY_COPY | WRITE_ALL);
	emit(brush, DEPTH_32 | ROP_COPY | to->pitch);
	emit(brush, x | y << 16);
	emit(brush, (x + width) | (y + height) << 16);
	emit_address(brush, to, true);
	emit(brush, from_x | from_y << 16);
	emit(brush, from->pitch);
	emit_address(brush, from, false);
	for (uint32_t row = 0; to->want && row < height; row++)
		memcpy(to->want + (y + row) * to->width + x,
			from->want + (from_y + row) * from->width + from_x, width * 4);
}

int brush_run(struct brush *brush)
{
	if (!brush->batch)
		return 0;
	emit(brush, MI_BATCH_BUFFER_END);
	if (brush->count & 1)
		emit(brush, 0);
	TRY(drm_intel_bo_subdata(brush->batch, 0, brush->count * 4, brush->dwords));
	int ret = drm_intel_bo_mrb_exec(brush->batch, brush->count * 4, NULL, 0, 0, brush->ring);
	if (brush->last)
		drm_intel_bo_unreference(brush->last);
	brush->last = brush->batch;
	brush->batch = NULL;
	brush->count = 0;
	return ret;
}
