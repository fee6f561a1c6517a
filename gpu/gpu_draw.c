#include <stdlib.h>

#include "gem_base.h"
#include "gpu_draw.h"

/* How far ahead of itself a span asks for its source, in bytes that it draws until then. */
enum { AHEAD_BYTES = 4096 };

uint8_t *gpu_scratch_get(struct gpu_scratch *scratch, enum gpu_scratch_use use, size_t size)
{
	if (scratch->sizes[use] < size) {
		free(scratch->bytes[use]);
		scratch->bytes[use] = aligned_alloc(64, GEM_ALIGN(size, 4096));
		scratch->sizes[use] = scratch->bytes[use] ? size : 0;
	}
	return scratch->bytes[use];
}

void gpu_scratch_trim(struct gpu_scratch *scratch, size_t size)
{
	for (unsigned i = 0; i < GPU_SCRATCH_COUNT; i++) {
		if (scratch->sizes[i] <= size)
			continue;
		free(scratch->bytes[i]);
		scratch->bytes[i] = NULL;
		scratch->sizes[i] = 0;
	}
}

void gpu_scratch_finish(struct gpu_scratch *scratch)
{
	for (unsigned i = 0; i < GPU_SCRATCH_COUNT; i++)
		free(scratch->bytes[i]);
}

void gpu_draw_finish(struct gpu_draw *draw)
{
	pixman_region32_fini(&draw->region);
}

static int32_t min(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

static int32_t max(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static bool is_empty(const pixman_box32_t *box)
{
	return box->x1 >= box->x2 || box->y1 >= box->y2;
}

static pixman_box32_t intersection(const pixman_box32_t *a, const pixman_box32_t *b)
{
	return (pixman_box32_t){max(a->x1, b->x1), max(a->y1, b->y1), min(a->x2, b->x2),
		min(a->y2, b->y2)};
}

static pixman_box32_t bounds(const pixman_box32_t *boxes, unsigned count)
{
	pixman_box32_t all = boxes[0];

	for (unsigned i = 1; i < count; i++)
		all = (pixman_box32_t){min(all.x1, boxes[i].x1), min(all.y1, boxes[i].y1),
			max(all.x2, boxes[i].x2), max(all.y2, boxes[i].y2)};
	return all;
}

/* 16.16, for the centre of the target's pixel. */
static int64_t source_x(const struct gpu_draw *draw, int32_t x, int32_t y)
{
	return (draw->xx * (2 * ((int64_t)x + draw->source_dx) + 1) +
		draw->xy * (2 * ((int64_t)y + draw->source_dy) + 1)) / 2 + draw->x0;
}

static int64_t source_y(const struct gpu_draw *draw, int32_t x, int32_t y)
{
	return (draw->yx * (2 * ((int64_t)x + draw->source_dx) + 1) +
		draw->yy * (2 * ((int64_t)y + draw->source_dy) + 1)) / 2 + draw->y0;
}

struct range {
	int64_t from, to; /* 16.16, both included */
};

static void widen(struct range *range, int64_t value)
{
	range->from = value < range->from ? value : range->from;
	range->to = value > range->to ? value : range->to;
}

/* Where the centres of box's pixels are in the source. */
static void sampled(const struct gpu_draw *draw, const pixman_box32_t *box, struct range *x,
	struct range *y)
{
	*x = *y = (struct range){INT64_MAX, INT64_MIN};
	for (unsigned corner = 0; corner < 4; corner++) {
		int32_t at_x = corner & 1 ? box->x2 - 1 : box->x1;
		int32_t at_y = corner & 2 ? box->y2 - 1 : box->y1;

		widen(x, source_x(draw, at_x, at_y));
		widen(y, source_y(draw, at_x, at_y));
	}
}

static bool in_reach(const struct range *range)
{
	return range->from >= -(int64_t)GPU_DRAW_REACH * 65536 &&
		range->to <= (int64_t)GPU_DRAW_REACH * 65536;
}

static bool side_in_reach(int32_t from, int32_t to)
{
	return from >= -GPU_DRAW_REACH && to <= GPU_DRAW_REACH;
}

static bool reaches(const struct gpu_draw *draw, const pixman_box32_t *box)
{
	pixman_box32_t wide = {box->x1 - 1, box->y1 - 1, box->x2 + 1, box->y2 + 1};
	struct range x, y;

	if (draw->mask.host && (!side_in_reach(wide.x1 + draw->mask_dx, wide.x2 + draw->mask_dx) ||
		!side_in_reach(wide.y1 + draw->mask_dy, wide.y2 + draw->mask_dy)))
		return false;
	if (draw->solid)
		return true;
	sampled(draw, &wide, &x, &y);
	return side_in_reach(wide.x1 + draw->source_dx, wide.x2 + draw->source_dx) &&
		side_in_reach(wide.y1 + draw->source_dy, wide.y2 + draw->source_dy) &&
		in_reach(&x) && in_reach(&y);
}

/* A transform that only moves by whole pixels becomes a part of source_dx, _dy. */
static void simplify(struct gpu_draw *draw)
{
	draw->transformed = draw->xx != pixman_fixed_1 || draw->yy != pixman_fixed_1 ||
		draw->xy || draw->yx || pixman_fixed_frac(draw->x0) || pixman_fixed_frac(draw->y0);
	if (draw->transformed)
		return;
	draw->source_dx += pixman_fixed_to_int(draw->x0);
	draw->source_dy += pixman_fixed_to_int(draw->y0);
	draw->x0 = draw->y0 = 0;
}

/* The pixels of the source that box may need, of those that there are; may be empty. */
static pixman_box32_t needed(const struct gpu_draw *draw, const pixman_box32_t *box)
{
	pixman_box32_t all = {0, 0, draw->source.width, draw->source.height}, part;
	struct range x, y;

	sampled(draw, box, &x, &y);
	part = (pixman_box32_t){(x.from >> 16) - 1, (y.from >> 16) - 1, (x.to >> 16) + 2,
		(y.to >> 16) + 2};
	return intersection(&part, &all);
}

static int64_t floor_div(int64_t a, int64_t b)
{
	int64_t q = a / b;

	return a % b && (a < 0) != (b < 0) ? q - 1 : q;
}

/*
 * Along one axis, of a transform that does not mix them: the pixels of from..to
 * whose samples are wholly within 0..size of the source.
 */
static void shrink(int32_t *from, int32_t *to, int32_t scale, int32_t move, int32_t offset,
	uint32_t size, bool bilinear)
{
	/* Twice the place of the first and last sample; a little inside for rounding. */
	int64_t edge = (bilinear ? 32768 : 0) + 2;
	int64_t low = 2 * (edge - move) - scale;
	int64_t high = 2 * (((int64_t)size << 16) - edge - move) - scale;
	int64_t first, last;

	if (!scale) {
		if (low > 0 || high < 0)
			*to = *from;
		return;
	}
	first = scale > 0 ? -floor_div(-low, 2ll * scale) : -floor_div(-high, 2ll * scale);
	last = scale > 0 ? floor_div(high, 2ll * scale) : floor_div(low, 2ll * scale);
	first -= offset;
	last -= offset;
	*from = first > *from ? (first < *to ? first : *to) : *from;
	*to = last + 1 < *to ? (last + 1 > *from ? last + 1 : *from) : *to;
}

/* The part of box in which every sample is a pixel of the source. */
static pixman_box32_t covered(const struct gpu_draw *draw, pixman_box32_t box)
{
	struct range x, y;
	int64_t edge = (draw->bilinear ? 32768 : 0) + 2;

	if (!draw->transformed) {
		pixman_box32_t all = {-draw->source_dx, -draw->source_dy,
			(int32_t)draw->source.width - draw->source_dx,
			(int32_t)draw->source.height - draw->source_dy};

		return intersection(&box, &all);
	}
	if (!draw->xy && !draw->yx) {
		shrink(&box.x1, &box.x2, draw->xx, draw->x0, draw->source_dx, draw->source.width,
			draw->bilinear);
		shrink(&box.y1, &box.y2, draw->yy, draw->y0, draw->source_dy,
			draw->source.height, draw->bilinear);
		return box;
	}
	sampled(draw, &box, &x, &y);
	if (x.from < edge || x.to > ((int64_t)draw->source.width << 16) - edge || y.from < edge ||
		y.to > ((int64_t)draw->source.height << 16) - edge)
		box.x2 = box.x1;
	return box;
}

static bool source_is_opaque(const struct gpu_draw *draw)
{
	return draw->solid ? draw->color >> 24 == 255 : draw->source.format->opaque;
}

static pixman_box32_t hidden(const struct gpu_draw *draw, const pixman_box32_t *box)
{
	if (draw->op == PIXMAN_OP_SRC)
		return *box;
	if (draw->mask.host || draw->alpha < 255 || !source_is_opaque(draw))
		return (pixman_box32_t){0};
	return draw->solid ? *box : covered(draw, *box);
}

static bool contains(const pixman_box32_t *outer, const pixman_box32_t *inner)
{
	return outer->x1 <= inner->x1 && outer->y1 <= inner->y1 && outer->x2 >= inner->x2 &&
		outer->y2 >= inner->y2;
}

static void choose_span(struct gpu_draw *draw, const struct gpu_pixels *target,
	const pixman_box32_t *box)
{
	pixman_box32_t inside = draw->solid ? *box : covered(draw, *box);

	draw->span.row = NULL;
	if (draw->mask.host || (!draw->solid && (draw->transformed || !contains(&inside, box))))
		return;
	if (!gpu_span_choose(&draw->span, draw->op, draw->solid ? 0 : draw->source.format->pixman,
		target->format->pixman, draw->color, draw->alpha))
		draw->span.row = NULL;
}

/* Slow arithmetic counts as more bytes; a tiled source is copied at first. */
static void count_cost(struct gpu_draw *draw, const struct gpu_pixels *target,
	const pixman_box32_t *box)
{
	draw->pixel_cost = target->format->cpp;
	if (target->format->wide || (!draw->solid && draw->source.format->wide))
		draw->pixel_cost *= 32;
	else if (draw->transformed || draw->mask.host)
		draw->pixel_cost *= 8;
	draw->cost = (uint64_t)(box->x2 - box->x1) * (box->y2 - box->y1) * draw->pixel_cost;
	if (!draw->solid && draw->source.tiling) {
		pixman_box32_t part = needed(draw, box);

		if (!is_empty(&part))
			draw->cost += 2ull * (part.x2 - part.x1) * (part.y2 - part.y1) *
				draw->source.format->cpp;
	}
}

bool gpu_draw_init(struct gpu_draw *draw, const struct gpu_pixels *target,
	const pixman_box32_t *box, const pixman_region32_t *clip)
{
	pixman_box32_t drawn = *box;

	if (!draw->solid)
		simplify(draw);
	if (!reaches(draw, box))
		drawn = (pixman_box32_t){0};
	/* Over with nothing outside of the source: that need not be drawn. */
	else if (draw->op == PIXMAN_OP_OVER && !draw->solid && !draw->transformed)
		drawn = covered(draw, *box);
	if (is_empty(&drawn)) {
		pixman_region32_init(&draw->region);
		draw->hides = (pixman_box32_t){0};
		draw->cost = 0;
		return true;
	}
	pixman_region32_init_rect(&draw->region, drawn.x1, drawn.y1, drawn.x2 - drawn.x1,
		drawn.y2 - drawn.y1);
	if (clip && !pixman_region32_intersect(&draw->region, &draw->region,
		(pixman_region32_t *)clip)) {
		pixman_region32_fini(&draw->region);
		return false;
	}
	draw->hides = hidden(draw, &drawn);
	count_cost(draw, target, &drawn);
	choose_span(draw, target, &drawn);
	return true;
}

static void draw_rows(const struct gpu_draw *draw, const struct gpu_view *view,
	const pixman_box32_t *box, const uint8_t *from, uint32_t from_pitch)
{
	size_t width = box->x2 - box->x1;
	uint8_t *to = view->host + (size_t)(box->y1 - view->y) * view->pitch +
		(size_t)(box->x1 - view->x) * 4;
	int32_t rows = AHEAD_BYTES / (width * 4) + 1;
	void (*row)(const struct gpu_span *span, uint32_t *to, const uint32_t *from, size_t n,
		size_t ahead) = draw->streams ? draw->span.stream : draw->span.row;

	for (int32_t y = box->y1; y < box->y2; y++) {
		row(&draw->span, (uint32_t *)to, (const uint32_t *)from, width,
			y + rows < box->y2 ? (size_t)rows * from_pitch : 0);
		to += view->pitch;
		from += from_pitch;
	}
}

/* Without pixman; the box is all inside of the source. */
static bool draw_span(const struct gpu_draw *draw, const struct gpu_view *view,
	const pixman_box32_t *box, struct gpu_scratch *scratch)
{
	const struct gpu_pixels *source = &draw->source;
	pixman_box32_t part = {box->x1 + draw->source_dx, box->y1 + draw->source_dy,
		box->x2 + draw->source_dx, box->y2 + draw->source_dy};
	uint32_t pitch = (part.x2 - part.x1) * 4;
	uint8_t *copy;

	if (draw->solid) {
		draw_rows(draw, view, box, NULL, 0);
		return true;
	}
	if (!source->tiling) {
		draw_rows(draw, view, box, source->host + (size_t)part.y1 * source->pitch +
			(size_t)part.x1 * 4, source->pitch);
		return true;
	}
	copy = gpu_scratch_get(scratch, GPU_SCRATCH_SOURCE,
		(size_t)pitch * (part.y2 - part.y1));
	if (!copy)
		return false;
	gpu_pixels_detile(source, &part, copy, pitch, part.x1, part.y1);
	draw_rows(draw, view, box, copy, pitch);
	return true;
}

/* Images for pixman, beside the view's. */
struct images {
	pixman_image_t *source, *mask, *alpha;
	int32_t x, y;                               /* a pixel of the target */
	int32_t source_x, source_y, mask_x, mask_y; /* those that lie there */
};

static void finish_images(struct images *images)
{
	pixman_image_t *all[] = {images->source, images->mask, images->alpha};

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(all); i++)
		if (all[i])
			pixman_image_unref(all[i]);
}

static pixman_image_t *solid(uint32_t color)
{
	return pixman_image_create_solid_fill(&(pixman_color_t){
		.alpha = (color >> 24) * 0x101, .red = (color >> 16 & 0xff) * 0x101,
		.green = (color >> 8 & 0xff) * 0x101, .blue = (color & 0xff) * 0x101});
}

static pixman_image_t *bits(const struct gpu_format *format, uint32_t width, uint32_t height,
	const uint8_t *host, uint32_t pitch)
{
	return pixman_image_create_bits_no_clear(format->pixman, width, height, (uint32_t *)host,
		pitch);
}

/* The part of tiled pixels as a linear image; empty = transparent. */
static pixman_image_t *detiled(const struct gpu_pixels *pixels, const pixman_box32_t *part,
	struct gpu_scratch *scratch, enum gpu_scratch_use use)
{
	uint32_t width = part->x2 - part->x1, height = part->y2 - part->y1;
	uint32_t pitch = GEM_ALIGN(width * pixels->format->cpp, 64u);
	uint8_t *copy;

	if (is_empty(part))
		return solid(0);
	copy = gpu_scratch_get(scratch, use, (size_t)pitch * height);
	if (!copy)
		return NULL;
	gpu_pixels_detile(pixels, part, copy, pitch, part->x1, part->y1);
	return bits(pixels->format, width, height, copy, pitch);
}

static bool set_transform(const struct gpu_draw *draw, pixman_image_t *image, int64_t x0, int64_t y0)
{
	pixman_transform_t transform = {{{draw->xx, draw->xy, x0}, {draw->yx, draw->yy, y0},
		{0, 0, pixman_fixed_1}}};

	return pixman_image_set_transform(image, &transform) &&
		pixman_image_set_filter(image, draw->bilinear ? PIXMAN_FILTER_BILINEAR :
			PIXMAN_FILTER_NEAREST, NULL, 0);
}

/*
 * A copy of the part of the source that is needed has another origin. The
 * transform is made to start at the piece's first pixel, so that its numbers
 * stay small whatever the source's are; whole pixels do not change its rounding.
 */
static bool make_tiled_source(const struct gpu_draw *draw, struct images *images,
	const pixman_box32_t *box, struct gpu_scratch *scratch)
{
	pixman_box32_t part = needed(draw, box);
	int64_t sx = box->x1 + draw->source_dx, sy = box->y1 + draw->source_dy;

	images->source = detiled(&draw->source, &part, scratch, GPU_SCRATCH_SOURCE);
	if (!images->source || is_empty(&part))
		return images->source;
	if (!draw->transformed) {
		images->source_x = sx - part.x1;
		images->source_y = sy - part.y1;
		return true;
	}
	images->source_x = images->source_y = 0;
	return set_transform(draw, images->source,
		draw->xx * sx + draw->xy * sy + draw->x0 - (int64_t)part.x1 * 65536,
		draw->yx * sx + draw->yy * sy + draw->y0 - (int64_t)part.y1 * 65536);
}

static bool make_source(const struct gpu_draw *draw, struct images *images,
	const pixman_box32_t *box, struct gpu_scratch *scratch)
{
	const struct gpu_pixels *source = &draw->source;

	images->source_x = box->x1 + draw->source_dx;
	images->source_y = box->y1 + draw->source_dy;
	if (draw->solid)
		images->source = solid(draw->color);
	else if (source->tiling)
		return make_tiled_source(draw, images, box, scratch);
	else
		images->source = bits(source->format, source->width, source->height, source->host,
			source->pitch);
	if (!images->source || draw->solid || !draw->transformed)
		return images->source;
	return set_transform(draw, images->source, draw->x0, draw->y0);
}

static bool make_mask(const struct gpu_draw *draw, struct images *images,
	const pixman_box32_t *box, struct gpu_scratch *scratch)
{
	const struct gpu_pixels *mask = &draw->mask;
	pixman_box32_t all = {0, 0, mask->width, mask->height}, part = {box->x1 + draw->mask_dx,
		box->y1 + draw->mask_dy, box->x2 + draw->mask_dx, box->y2 + draw->mask_dy};

	images->mask_x = part.x1;
	images->mask_y = part.y1;
	if (!mask->tiling) {
		images->mask = bits(mask->format, mask->width, mask->height, mask->host,
			mask->pitch);
		return images->mask;
	}
	part = intersection(&part, &all);
	images->mask = detiled(mask, &part, scratch, GPU_SCRATCH_MASK);
	images->mask_x -= part.x1;
	images->mask_y -= part.y1;
	return images->mask;
}

/* Mask and alpha: their product is the mask. */
static bool make_product(struct images *images, const pixman_box32_t *box,
	struct gpu_scratch *scratch)
{
	uint32_t width = box->x2 - box->x1, height = box->y2 - box->y1;
	uint32_t pitch = GEM_ALIGN(width, 64u);
	uint8_t *host = gpu_scratch_get(scratch, GPU_SCRATCH_PRODUCT, (size_t)pitch * height);
	pixman_image_t *product;

	if (!host)
		return false;
	product = pixman_image_create_bits_no_clear(PIXMAN_a8, width, height, (uint32_t *)host,
		pitch);
	if (!product)
		return false;
	pixman_image_composite32(PIXMAN_OP_SRC, images->mask, images->alpha, product,
		images->mask_x, images->mask_y, 0, 0, 0, 0, width, height);
	pixman_image_unref(images->mask);
	images->mask = product;
	images->mask_x = images->mask_y = 0;
	return true;
}

static bool make_images(const struct gpu_draw *draw, struct gpu_view *view,
	struct images *images, const pixman_box32_t *box, struct gpu_scratch *scratch)
{
	images->x = box->x1;
	images->y = box->y1;
	if (!view->image)
		view->image = bits(view->format, view->width, view->height, view->host,
			view->pitch);
	if (!view->image || !make_source(draw, images, box, scratch))
		return false;
	if (draw->mask.host && !make_mask(draw, images, box, scratch))
		return false;
	if (draw->alpha == 255)
		return true;
	images->alpha = solid((uint32_t)draw->alpha << 24);
	return images->alpha && (!images->mask || make_product(images, box, scratch));
}

static bool draw_images(const struct gpu_draw *draw, struct gpu_view *view,
	const pixman_box32_t *boxes, unsigned count, struct gpu_scratch *scratch)
{
	pixman_box32_t all = bounds(boxes, count);
	struct images images = {0};
	bool done = make_images(draw, view, &images, &all, scratch);

	for (unsigned i = 0; done && i < count; i++) {
		int32_t right = boxes[i].x1 - images.x, down = boxes[i].y1 - images.y;

		pixman_image_composite32(draw->op, images.source,
			images.mask ? images.mask : images.alpha, view->image,
			images.source_x + right, images.source_y + down, images.mask_x + right,
			images.mask_y + down, boxes[i].x1 - view->x, boxes[i].y1 - view->y,
			boxes[i].x2 - boxes[i].x1, boxes[i].y2 - boxes[i].y1);
	}
	finish_images(&images);
	return done;
}

bool gpu_draw_boxes(const struct gpu_draw *draw, struct gpu_view *view,
	const pixman_box32_t *boxes, unsigned count, struct gpu_scratch *scratch)
{
	if (!draw->span.row)
		return draw_images(draw, view, boxes, count, scratch);
	for (unsigned i = 0; i < count; i++)
		if (!draw_span(draw, view, &boxes[i], scratch))
			return false;
	return true;
}
