#include <string.h>

#include "gpu_composite.h"

static const struct gpu_fault ok = {GPU_FAULT_NONE, 0};
static const struct gpu_fault bad_field = {GPU_FAULT_FIELD, 0};
static const struct gpu_fault bad_length = {GPU_FAULT_LENGTH, 0};
static const struct gpu_fault no_memory = {GPU_FAULT_MEMORY, 0};

void gpu_composite_init(struct gpu_composite *composite)
{
	*composite = (struct gpu_composite){0};
	pixman_region32_init(&composite->clip);
	gpu_tiles_init(&composite->tiles);
}

void gpu_composite_finish(struct gpu_composite *composite)
{
	gpu_tiles_finish(&composite->tiles);
	pixman_region32_fini(&composite->clip);
}

void gpu_composite_reset(struct gpu_composite *composite)
{
	gpu_tiles_drop(&composite->tiles);
	composite->target.width = composite->source.width = composite->mask.width = 0;
	composite->solid = composite->clipped = false;
}

static int32_t x_of(uint32_t point)
{
	return (int16_t)(point & 0xffff);
}

static int32_t y_of(uint32_t point)
{
	return (int16_t)(point >> 16);
}

static struct gpu_fault set_source(struct gpu_composite *composite, const uint32_t *dwords)
{
	struct gpu_fault fault = gpu_surface_parse(&composite->source, dwords + 1,
		GPU_COMPOSITE_BILINEAR);

	if (fault.code)
		return fault;
	composite->bilinear = dwords[2] & GPU_COMPOSITE_BILINEAR;
	composite->solid = false;
	memcpy(composite->transform, dwords + 4, sizeof(composite->transform));
	return ok;
}

static struct gpu_fault set_mask(struct gpu_composite *composite, const uint32_t *dwords)
{
	if ((dwords[2] >> 20 & 0xf) != GPU_FORMAT_A8)
		return bad_field;
	return gpu_surface_parse(&composite->mask, dwords + 1, 0);
}

static struct gpu_fault set_scissors(struct gpu_composite *composite, const uint32_t *dwords,
	uint32_t count)
{
	pixman_box32_t boxes[GPU_COMPOSITE_MAX_SCISSORS];
	unsigned used = 0;

	if (count % 2)
		return bad_length;
	if (dwords[1])
		return bad_field;
	for (uint32_t i = 2; i < count; i += 2) {
		pixman_box32_t box = {x_of(dwords[i]), y_of(dwords[i]), x_of(dwords[i + 1]),
			y_of(dwords[i + 1])};

		if (box.x1 < box.x2 && box.y1 < box.y2)
			boxes[used++] = box;
	}
	composite->clipped = count > 2;
	pixman_region32_fini(&composite->clip);
	if (pixman_region32_init_rects(&composite->clip, boxes, used))
		return ok;
	pixman_region32_init(&composite->clip);
	return no_memory;
}

/* Header, operator and alpha, corners of the target, first pixels of source and mask. */
static void parse_draw(const struct gpu_composite *composite, const uint32_t *dwords,
	struct gpu_draw *draw, pixman_box32_t *box)
{
	const struct gpu_surface *target = &composite->target;
	int32_t x1 = x_of(dwords[2]), y1 = y_of(dwords[2]);
	int32_t x2 = x_of(dwords[3]), y2 = y_of(dwords[3]);
	const int32_t *t = composite->transform;

	*box = (pixman_box32_t){x1 < 0 ? 0 : x1, y1 < 0 ? 0 : y1,
		x2 > (int32_t)target->width ? (int32_t)target->width : x2,
		y2 > (int32_t)target->height ? (int32_t)target->height : y2};
	*draw = (struct gpu_draw){
		.op = dwords[1] & GPU_COMPOSITE_OVER ? PIXMAN_OP_OVER : PIXMAN_OP_SRC,
		.alpha = dwords[1] & 0xff,
		.solid = composite->solid, .color = composite->color,
		.bilinear = composite->bilinear,
		.source_dx = x_of(dwords[4]) - x1, .source_dy = y_of(dwords[4]) - y1,
		.mask_dx = x_of(dwords[5]) - x1, .mask_dy = y_of(dwords[5]) - y1,
		.xx = t[0], .xy = t[1], .x0 = t[2], .yx = t[3], .yy = t[4], .y0 = t[5],
	};
}

static struct gpu_fault draw(struct gpu_composite *composite, const struct gpu_bus *bus,
	struct gem_pool *pool, const uint32_t *dwords, uint64_t *written)
{
	struct gpu_pixels target;
	struct gpu_fault fault;
	struct gpu_draw draw;
	pixman_box32_t box;

	if (dwords[1] & ~0x1ffu || !composite->target.width ||
		(!composite->solid && !composite->source.width))
		return bad_field;
	parse_draw(composite, dwords, &draw, &box);
	if (box.x1 >= box.x2 || box.y1 >= box.y2)
		return ok;
	fault = gpu_surface_find(&composite->target, bus, true, &target);
	if (!fault.code && !composite->solid)
		fault = gpu_surface_find(&composite->source, bus, false, &draw.source);
	if (!fault.code && composite->mask.width)
		fault = gpu_surface_find(&composite->mask, bus, false, &draw.mask);
	if (fault.code)
		return fault;
	if (!gpu_draw_init(&draw, &target, &box, composite->clipped ? &composite->clip : NULL))
		return no_memory;
	if (!pixman_region32_not_empty(&draw.region)) {
		gpu_draw_finish(&draw);
		return ok;
	}
	*written += draw.cost;
	return gpu_tiles_add(&composite->tiles, pool, &target, &draw);
}

struct gpu_fault gpu_composite_packet(struct gpu_composite *composite, const struct gpu_bus *bus,
	struct gem_pool *pool, const uint32_t *dwords, uint32_t count, uint64_t *written)
{
	switch (dwords[0]) {
	case GPU_COMPOSITE_TARGET:
		return gpu_surface_parse(&composite->target, dwords + 1, 0);
	case GPU_COMPOSITE_SOLID:
		composite->solid = true;
		composite->color = dwords[1];
		return ok;
	case GPU_COMPOSITE_SURFACE:
		return set_source(composite, dwords);
	case GPU_COMPOSITE_MASK:
		return set_mask(composite, dwords);
	case GPU_COMPOSITE_NO_MASK:
		if (dwords[1])
			return bad_field;
		composite->mask.width = 0;
		return ok;
	case GPU_COMPOSITE_DRAW:
		return draw(composite, bus, pool, dwords, written);
	}
	if (dwords[0] >> 8 == GPU_COMPOSITE_SCISSOR(0) >> 8)
		return set_scissors(composite, dwords, count);
	for (unsigned what = 1; what <= 7; what++)
		if (dwords[0] >> 8 == GPU_COMPOSITE(what, 2) >> 8)
			return bad_length;
	return (struct gpu_fault){GPU_FAULT_OPCODE, 0};
}
