/* Drawing a band of the screen. */
#include <string.h>

#include <pixman.h>

#include "gem_tiling.h"
#include "kms_compose_internal.h"
#include "kms_rows.h"

static uint8_t *target_at(const struct kms_compose_target *target, uint32_t x, uint32_t y)
{
	return target->pixels + (size_t)y * target->pitch + (size_t)x * (target->deep ? 8 : 4);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* ---- 8 bits: pixman ---- */

/* box is all of the image, so that no read can leave the framebuffer. */
static void draw_image(pixman_image_t *out, const struct kms_compose_source *source,
	const uint8_t *pixels, uint32_t pitch, const pixman_box32_t *box)
{
	int width = box->x2 - box->x1, height = box->y2 - box->y1;
	pixman_image_t *image = pixman_image_create_bits_no_clear(source->opaque ?
		source->layout->pixman_opaque : source->layout->pixman, width, height,
		(uint32_t *)pixels, pitch);

	if (!image)
		return;
	pixman_image_composite32(source->opaque ? PIXMAN_OP_SRC : PIXMAN_OP_OVER, image, NULL,
		out, 0, 0, 0, 0, box->x1, box->y1, width, height);
	pixman_image_unref(image);
}

/* The framebuffer's pixel under the corner of box. */
static void source_corner(const struct kms_compose_source *source, const pixman_box32_t *box,
	uint32_t *x, uint32_t *y)
{
	*x = (source->plane->src_x >> 16) + source->visible.skip_x + box->x1 - source->visible.x;
	*y = (source->plane->src_y >> 16) + source->visible.skip_y + box->y1 - source->visible.y;
}

static void draw_linear(pixman_image_t *out, const struct kms_compose_source *source,
	const pixman_box32_t *box)
{
	const struct kms_framebuffer *fb = source->plane->fb;
	uint32_t x, y, pitch = fb->planes[0].pitch;

	source_corner(source, box, &x, &y);
	draw_image(out, source, fb->planes[0].pixels + (size_t)y * pitch +
		(size_t)x * source->layout->cpp, pitch, box);
}

/* As many rows as a tile has at a time: they are still in the cache when pixman reads them. */
static void draw_tiled(pixman_image_t *out, const struct kms_compose_source *source,
	const pixman_box32_t *box)
{
	enum { PITCH = 4096, ROWS = 8 };
	const struct kms_framebuffer *fb = source->plane->fb;
	uint32_t cpp = source->layout->cpp, left, top;
	uint8_t linear[PITCH * ROWS] __attribute__((aligned(64)));
	pixman_box32_t part;

	source_corner(source, box, &left, &top);
	for (part.y1 = box->y1; part.y1 < box->y2; part.y1 = part.y2) {
		uint32_t y = top + part.y1 - box->y1;

		part.y2 = smaller(part.y1 + ROWS - y % ROWS, box->y2);
		for (part.x1 = box->x1; part.x1 < box->x2; part.x1 = part.x2) {
			part.x2 = smaller(part.x1 + PITCH / cpp, box->x2);
			gem_tile_to_linear(linear, PITCH, fb->planes[0].pixels,
				fb->planes[0].pitch, GEM_TILING_X,
				(left + part.x1 - box->x1) * cpp, y,
				(part.x2 - part.x1) * cpp, part.y2 - part.y1);
			draw_image(out, source, linear, PITCH, &part);
		}
	}
}

/* ---- 8 bits: sampled ---- */

/* Pixels x to x + count - 1 of row y, as the plane's alpha and blend mode want them. */
static void sample(const struct kms_compose_source *source, uint32_t x, uint32_t y,
	unsigned count, struct kms_pixel *pixels)
{
	kms_sampler_read(&source->sampler, x - source->visible.x, y - source->visible.y, count,
		pixels);
	if (!source->opaque || source->layout->alpha) /* X of a deep target is to be 0xffff */
		kms_pixel_modulate(pixels, count, source->plane->alpha, source->plane->blend);
}

static void draw_rows(const struct kms_compose_target *target,
	const struct kms_compose_source *source, const pixman_box32_t *box)
{
	const struct kms_visible *visible = &source->visible;
	uint32_t x = box->x1 - visible->x, width = box->x2 - box->x1;

	for (int32_t line = box->y1; line < box->y2; line++) {
		uint32_t y = line - visible->y;
		uint8_t *to = target_at(target, box->x1, line);

		if (source->opaque && line > box->y1 &&
				kms_rows_alike(&source->sampler, y, y - 1))
			memcpy(to, to - target->pitch, width * 4);
		else
			kms_rows_draw(&source->sampler, source->plane, source->opaque, x, y, width,
				(uint32_t *)to);
	}
}

static void draw_sampled(const struct kms_compose_target *target,
	const struct kms_compose_source *source, const pixman_box32_t *box)
{
	struct kms_pixel pixels[KMS_PIXEL_CHUNK];

	if (kms_rows_can(source->layout, source->opaque)) {
		draw_rows(target, source, box);
		return;
	}
	for (int32_t y = box->y1; y < box->y2; y++) {
		for (int32_t x = box->x1; x < box->x2; x += KMS_PIXEL_CHUNK) {
			unsigned count = smaller(box->x2 - x, KMS_PIXEL_CHUNK);

			sample(source, x, y, count, pixels);
			if (source->opaque)
				kms_pixel_store8(target_at(target, x, y), pixels, count);
			else
				kms_pixel_over8(target_at(target, x, y), pixels, count);
		}
	}
}

static void draw_item(const struct kms_compose_scene *scene, pixman_image_t *out,
	const struct kms_compose_source *source, const pixman_box32_t *box)
{
	const struct kms_compose_target *target = scene->target;

	if (!source)
		pixman_fill((uint32_t *)target->pixels, target->pitch / 4, 32, box->x1, box->y1,
			box->x2 - box->x1, box->y2 - box->y1, 0xff000000);
	else if (source->way == KMS_COMPOSE_PIXMAN)
		draw_linear(out, source, box);
	else if (source->way == KMS_COMPOSE_PIXMAN_TILED)
		draw_tiled(out, source, box);
	else
		draw_sampled(target, source, box);
}

static void draw_narrow(const struct kms_compose_scene *scene, uint32_t top, uint32_t bottom)
{
	const struct kms_compose_target *target = scene->target;
	/* With alpha: pixman then writes X = 0xff, and OVER on it keeps it. */
	pixman_image_t *out = pixman_image_create_bits_no_clear(PIXMAN_a8r8g8b8, target->width,
		target->height, (uint32_t *)target->pixels, target->pitch);

	for (unsigned i = 0; out && i < scene->item_count; i++) {
		pixman_box32_t box = scene->items[i].box;

		box.y1 = box.y1 > (int32_t)top ? box.y1 : (int32_t)top;
		box.y2 = box.y2 < (int32_t)bottom ? box.y2 : (int32_t)bottom;
		if (box.y1 < box.y2)
			draw_item(scene, out, scene->items[i].source, &box);
	}
	if (out)
		pixman_image_unref(out);
	for (uint32_t y = top; scene->pipeline.active && y < bottom; y++)
		kms_pipeline_run8(&scene->pipeline, target_at(target, 0, y), target->width);
}

/* ---- 16 bits ---- */

static void blend_chunk(const struct kms_compose_item *item, uint32_t left, uint32_t right,
	uint32_t y, struct kms_pixel *row)
{
	struct kms_pixel pixels[KMS_PIXEL_CHUNK];
	const pixman_box32_t *box = &item->box;
	uint32_t from = box->x1 > (int32_t)left ? box->x1 : (int32_t)left;
	uint32_t to = box->x2 < (int32_t)right ? box->x2 : (int32_t)right;

	if ((int32_t)y < box->y1 || (int32_t)y >= box->y2 || (int32_t)from >= (int32_t)to)
		return;
	sample(item->source, from, y, to - from, pixels);
	if (item->source->opaque)
		memcpy(row + (from - left), pixels, (to - from) * sizeof(*pixels));
	else
		kms_pixel_over(row + (from - left), pixels, to - from);
}

static void draw_chunk(const struct kms_compose_scene *scene, uint32_t left, uint32_t right,
	uint32_t y)
{
	struct kms_pixel row[KMS_PIXEL_CHUNK];
	unsigned count = right - left;

	for (unsigned i = 0; i < count; i++)
		row[i] = (struct kms_pixel) {.a = 0xffff};
	for (unsigned i = 0; i < scene->item_count; i++) {
		if (scene->items[i].source)
			blend_chunk(&scene->items[i], left, right, y, row);
	}
	if (scene->pipeline.active)
		kms_pipeline_run(&scene->pipeline, row, count);
	if (scene->target->deep)
		memcpy(target_at(scene->target, left, y), row, count * sizeof(*row));
	else
		kms_pixel_store8(target_at(scene->target, left, y), row, count);
}

static void draw_wide(const struct kms_compose_scene *scene, uint32_t top, uint32_t bottom)
{
	uint32_t width = scene->target->width;

	for (uint32_t y = top; y < bottom; y++) {
		for (uint32_t x = 0; x < width; x += KMS_PIXEL_CHUNK)
			draw_chunk(scene, x, smaller(x + KMS_PIXEL_CHUNK, width), y);
	}
}

void kms_compose_draw(const struct kms_compose_scene *scene, uint32_t top, uint32_t bottom)
{
	if (scene->wide)
		draw_wide(scene, top, bottom);
	else
		draw_narrow(scene, top, bottom);
}
