#include <string.h>

#include "gpu_composite.h"

/* Masks with an alpha are made in bands of so many rows: a bound on their memory. */
enum { BAND_ROWS = 64 };

static const struct gpu_fault ok = {GPU_FAULT_NONE, 0};
static const struct gpu_fault bad_field = {GPU_FAULT_FIELD, 0};
static const struct gpu_fault bad_length = {GPU_FAULT_LENGTH, 0};
static const struct gpu_fault no_memory = {GPU_FAULT_MEMORY, 0};

static const struct {
	pixman_format_code_t pixman;
	uint32_t cpp;
} formats[GPU_FORMAT_COUNT] = {
	[GPU_FORMAT_X8R8G8B8] = {PIXMAN_x8r8g8b8, 4},
	[GPU_FORMAT_A8R8G8B8] = {PIXMAN_a8r8g8b8, 4},
	[GPU_FORMAT_X8B8G8R8] = {PIXMAN_x8b8g8r8, 4},
	[GPU_FORMAT_A8B8G8R8] = {PIXMAN_a8b8g8r8, 4},
	[GPU_FORMAT_R5G6B5] = {PIXMAN_r5g6b5, 2},
	[GPU_FORMAT_A8] = {PIXMAN_a8, 1},
};

/* A draw: the images that it needs, and where it goes. */
struct draw {
	pixman_op_t op;
	uint32_t alpha;
	pixman_box32_t box;   /* of the target, within it */
	int32_t source_x, source_y, mask_x, mask_y; /* at box's first pixel */
	pixman_image_t *target, *source, *mask, *solid_alpha;
};

void gpu_composite_reset(struct gpu_composite *composite)
{
	memset(composite, 0, sizeof(*composite));
}

static int32_t x_of(uint32_t point)
{
	return (int16_t)(point & 0xffff);
}

static int32_t y_of(uint32_t point)
{
	return (int16_t)(point >> 16);
}

/* Three dwords: address, layout, size. */
static struct gpu_fault set_surface(struct gpu_composite_surface *surface, const uint32_t *dwords,
	uint32_t allowed_bits)
{
	struct gpu_composite_surface new = {
		.address = dwords[0],
		.pitch = dwords[1] & 0x3ffff,
		.format = dwords[1] >> 20 & 0xf,
		.width = dwords[2] & 0xffff,
		.height = dwords[2] >> 16,
	};

	if (dwords[1] & ~(allowed_bits | 0x00f3ffff) || new.format >= GPU_FORMAT_COUNT ||
		new.address % 4 || new.pitch % 4 || !new.width || !new.height ||
		new.width > GPU_COMPOSITE_MAX_SIZE || new.height > GPU_COMPOSITE_MAX_SIZE ||
		new.pitch < new.width * formats[new.format].cpp)
		return bad_field;
	*surface = new;
	return ok;
}

static struct gpu_fault set_source(struct gpu_composite *composite, const uint32_t *dwords)
{
	struct gpu_fault fault = set_surface(&composite->source, dwords + 1,
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
	return set_surface(&composite->mask, dwords + 1, 0);
}

static struct gpu_fault set_scissors(struct gpu_composite *composite, const uint32_t *dwords,
	uint32_t count)
{
	if (count % 2)
		return bad_length;
	if (dwords[1])
		return bad_field;
	composite->scissor_count = (count - 2) / 2;
	for (unsigned i = 0; i < composite->scissor_count; i++)
		composite->scissors[i] = (pixman_box32_t){
			x_of(dwords[2 + i * 2]), y_of(dwords[2 + i * 2]),
			x_of(dwords[3 + i * 2]), y_of(dwords[3 + i * 2])};
	return ok;
}

/* The image over surface's memory, if all of it is there. NULL and *fault else. */
static pixman_image_t *image(const struct gpu_composite_surface *surface,
	const struct gpu_bus *bus, bool write, struct gpu_fault *fault)
{
	uint64_t size = (uint64_t)surface->pitch * surface->height;
	struct gem_fence_window window;
	pixman_image_t *made;
	void *host;

	if (bus->fence && (bus->fence(bus, surface->address, &window) ||
		bus->fence(bus, surface->address + size - 1, &window))) {
		*fault = bad_field;
		return NULL;
	}
	host = bus->translate(bus, surface->address, size, write);
	if (!host) {
		*fault = (struct gpu_fault){GPU_FAULT_UNMAPPED, surface->address};
		return NULL;
	}
	made = pixman_image_create_bits_no_clear(formats[surface->format].pixman, surface->width,
		surface->height, host, surface->pitch);
	if (!made)
		*fault = no_memory;
	return made;
}

static pixman_image_t *solid(uint32_t color)
{
	return pixman_image_create_solid_fill(&(pixman_color_t){
		.alpha = (color >> 24) * 0x101, .red = (color >> 16 & 0xff) * 0x101,
		.green = (color >> 8 & 0xff) * 0x101, .blue = (color & 0xff) * 0x101});
}

static bool set_clip(const struct gpu_composite *composite, pixman_image_t *target)
{
	pixman_region32_t region;
	bool done;

	if (!composite->scissor_count)
		return true;
	if (!pixman_region32_init_rects(&region, composite->scissors, composite->scissor_count))
		return false;
	done = pixman_image_set_clip_region32(target, &region);
	pixman_region32_fini(&region);
	return done;
}

static bool set_transform(const struct gpu_composite *composite, pixman_image_t *source)
{
	const int32_t *t = composite->transform;
	pixman_transform_t transform = {{
		{t[0], t[1], t[2]}, {t[3], t[4], t[5]}, {0, 0, pixman_fixed_1}}};

	return pixman_image_set_transform(source, &transform) &&
		pixman_image_set_filter(source, composite->bilinear ? PIXMAN_FILTER_BILINEAR :
			PIXMAN_FILTER_NEAREST, NULL, 0);
}

static void finish_draw(struct draw *draw)
{
	pixman_image_t *images[] = {draw->target, draw->source, draw->mask, draw->solid_alpha};

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(images); i++)
		if (images[i])
			pixman_image_unref(images[i]);
}

/* Images that are made stay in draw for finish_draw, fault or not. */
static struct gpu_fault make_images(const struct gpu_composite *composite,
	const struct gpu_bus *bus, struct draw *draw)
{
	struct gpu_fault fault = ok;

	draw->target = image(&composite->target, bus, true, &fault);
	if (!draw->target)
		return fault;
	if (!set_clip(composite, draw->target))
		return no_memory;
	draw->source = composite->solid ? solid(composite->color) :
		image(&composite->source, bus, false, &fault);
	if (!draw->source)
		return fault.code ? fault : no_memory;
	if (!composite->solid && !set_transform(composite, draw->source))
		return no_memory;
	if (composite->mask.width) {
		draw->mask = image(&composite->mask, bus, false, &fault);
		if (!draw->mask)
			return fault;
	}
	if (draw->alpha < 255) {
		draw->solid_alpha = solid(draw->alpha << 24);
		if (!draw->solid_alpha)
			return no_memory;
	}
	return ok;
}

static void composite_band(const struct draw *draw, pixman_image_t *mask, int32_t mask_x,
	int32_t mask_y, int32_t y, int32_t height)
{
	int32_t down = y - draw->box.y1;

	pixman_image_composite32(draw->op, draw->source, mask, draw->target, draw->source_x,
		draw->source_y + down, mask_x, mask_y, draw->box.x1, y,
		draw->box.x2 - draw->box.x1, height);
}

/* Mask and alpha: their product is the mask, a band at a time. */
static struct gpu_fault composite_bands(const struct draw *draw)
{
	int32_t width = draw->box.x2 - draw->box.x1;
	pixman_image_t *product = pixman_image_create_bits(PIXMAN_a8, width, BAND_ROWS, NULL, 0);

	if (!product)
		return no_memory;
	for (int32_t y = draw->box.y1; y < draw->box.y2; y += BAND_ROWS) {
		int32_t left = draw->box.y2 - y, rows = left < BAND_ROWS ? left : BAND_ROWS;

		pixman_image_composite32(PIXMAN_OP_SRC, draw->mask, draw->solid_alpha, product,
			draw->mask_x, draw->mask_y + y - draw->box.y1, 0, 0, 0, 0, width, rows);
		composite_band(draw, product, 0, 0, y, rows);
	}
	pixman_image_unref(product);
	return ok;
}

/* Header, operator and alpha, corners of the target, first pixels of source and mask. */
static bool parse_draw(struct draw *draw, const struct gpu_composite_surface *target,
	const uint32_t *dwords)
{
	int32_t x1 = x_of(dwords[2]), y1 = y_of(dwords[2]);
	int32_t x2 = x_of(dwords[3]), y2 = y_of(dwords[3]);

	*draw = (struct draw){
		.op = dwords[1] & GPU_COMPOSITE_OVER ? PIXMAN_OP_OVER : PIXMAN_OP_SRC,
		.alpha = dwords[1] & 0xff,
		.box = {x1 < 0 ? 0 : x1, y1 < 0 ? 0 : y1,
			x2 > (int32_t)target->width ? (int32_t)target->width : x2,
			y2 > (int32_t)target->height ? (int32_t)target->height : y2},
	};
	draw->source_x = x_of(dwords[4]) + draw->box.x1 - x1;
	draw->source_y = y_of(dwords[4]) + draw->box.y1 - y1;
	draw->mask_x = x_of(dwords[5]) + draw->box.x1 - x1;
	draw->mask_y = y_of(dwords[5]) + draw->box.y1 - y1;
	return draw->box.x1 < draw->box.x2 && draw->box.y1 < draw->box.y2;
}

static struct gpu_fault execute(const struct gpu_composite *composite, const struct gpu_bus *bus,
	const uint32_t *dwords, uint64_t *written)
{
	struct gpu_fault fault;
	struct draw draw;

	if (dwords[1] & ~0x1ffu || !composite->target.width ||
		(!composite->solid && !composite->source.width))
		return bad_field;
	if (!parse_draw(&draw, &composite->target, dwords))
		return ok;
	fault = make_images(composite, bus, &draw);
	if (!fault.code) {
		*written += (uint64_t)(draw.box.x2 - draw.box.x1) *
			(draw.box.y2 - draw.box.y1) * formats[composite->target.format].cpp;
		if (draw.mask && draw.solid_alpha)
			fault = composite_bands(&draw);
		else
			composite_band(&draw, draw.mask ? draw.mask : draw.solid_alpha,
				draw.mask_x, draw.mask_y, draw.box.y1,
				draw.box.y2 - draw.box.y1);
	}
	finish_draw(&draw);
	return fault;
}

struct gpu_fault gpu_composite_packet(struct gpu_composite *composite, const struct gpu_bus *bus,
	const uint32_t *dwords, uint32_t count, uint64_t *written)
{
	switch (dwords[0]) {
	case GPU_COMPOSITE_TARGET:
		return set_surface(&composite->target, dwords + 1, 0);
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
		return execute(composite, bus, dwords, written);
	}
	if (dwords[0] >> 8 == GPU_COMPOSITE_SCISSOR(0) >> 8)
		return set_scissors(composite, dwords, count);
	for (unsigned what = 1; what <= 7; what++)
		if (dwords[0] >> 8 == GPU_COMPOSITE(what, 2) >> 8)
			return bad_length;
	return (struct gpu_fault){GPU_FAULT_OPCODE, 0};
}
