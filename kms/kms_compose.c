#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>
#include <pixman.h>
#include <zlib.h>

#include "gem_base.h"
#include "gem_pool.h"
#include "kms_compose_internal.h"
#include "kms_device.h"

/* Bytes of a band: it is still in a core's cache when its CRC is taken. */
#define BAND_BYTES (128 * 1024)

/* False when nothing of the plane is on the screen. Works in 64 bits: any crtc_x is legal. */
static bool clip(const struct kms_compose_plane *plane, uint32_t width, uint32_t height,
	struct kms_visible *visible)
{
	int64_t left = plane->crtc_x, top = plane->crtc_y;
	int64_t right = left + plane->crtc_w, bottom = top + plane->crtc_h;

	left = left < 0 ? 0 : left;
	top = top < 0 ? 0 : top;
	right = right > width ? width : right;
	bottom = bottom > height ? height : bottom;
	if (left >= right || top >= bottom)
		return false;
	*visible = (struct kms_visible) {
		.x = left, .y = top, .width = right - left, .height = bottom - top,
		.skip_x = left - plane->crtc_x, .skip_y = top - plane->crtc_y,
	};
	return true;
}

static bool is_opaque(const struct kms_compose_plane *plane, const struct kms_layout *layout)
{
	return plane->alpha == 0xffff && (!layout->alpha || plane->blend == KMS_BLEND_NONE);
}

static enum kms_compose_way find_way(const struct kms_compose_source *source)
{
	const struct kms_compose_plane *plane = source->plane;
	const struct kms_framebuffer *fb = plane->fb;
	bool tiled = fb->modifier == I915_FORMAT_MOD_X_TILED;

	if (!source->layout->pixman || plane->alpha != 0xffff ||
			(!source->opaque && plane->blend != KMS_BLEND_PREMULTI) ||
			!kms_sampler_is_plain(plane, &source->visible))
		return KMS_COMPOSE_SAMPLED;
	/* Pixels of three bytes may lie in two tiles; pixman wants its rows at whole words. */
	if (tiled)
		return source->layout->cpp == 3 ? KMS_COMPOSE_SAMPLED : KMS_COMPOSE_PIXMAN_TILED;
	if (((uintptr_t)fb->planes[0].pixels & 3) || (fb->planes[0].pitch & 3))
		return KMS_COMPOSE_SAMPLED;
	return KMS_COMPOSE_PIXMAN;
}

/* ---- what is seen of which plane ---- */

/* Memory of one composition. */
struct work {
	struct kms_compose_scene scene;
	struct kms_compose_source sources[KMS_MAX_PLANES]; /* of the planes on the screen */
	pixman_region32_t seen[KMS_MAX_PLANES];            /* of each source */
	unsigned source_count;
	struct kms_compose_item *items;
	/* Of the bands. */
	uint32_t band_rows, band_count;
	uint32_t *crcs; /* of each band; NULL without */
};

static void add_sources(struct work *work, const struct kms_compose_plane *planes, unsigned count)
{
	const struct kms_compose_target *target = work->scene.target;

	for (unsigned i = 0; i < count; i++) {
		struct kms_compose_source *source = &work->sources[work->source_count];

		source->plane = &planes[i];
		source->layout = kms_layout_find(planes[i].fb->format->fourcc);
		if (!source->layout ||
				!clip(&planes[i], target->width, target->height, &source->visible))
			continue;
		source->opaque = is_opaque(&planes[i], source->layout);
		source->way = find_way(source);
		work->source_count++;
	}
}

/*
 * From the top down: what is left free by opaque planes above. free becomes what none
 * of them covers. False: no memory.
 */
static bool find_seen(struct work *work, pixman_region32_t *free)
{
	bool good = true;

	for (unsigned i = work->source_count; i-- > 0;) {
		const struct kms_visible *visible = &work->sources[i].visible;

		good &= pixman_region32_intersect_rect(&work->seen[i], free, visible->x,
			visible->y, visible->width, visible->height);
		if (work->sources[i].opaque)
			good &= pixman_region32_subtract(free, free, &work->seen[i]);
	}
	return good;
}

static void add_items(struct work *work, const struct kms_compose_source *source,
	const pixman_region32_t *region)
{
	int count;
	pixman_box32_t *boxes = pixman_region32_rectangles((pixman_region32_t *)region, &count);

	for (int i = 0; i < count; i++)
		work->items[work->scene.item_count++] = (struct kms_compose_item) {source, boxes[i]};
}

/* Planes that cannot be seen come into no item, and do not count for the precision either. */
static int make_items(struct work *work, const pixman_region32_t *background)
{
	unsigned count = pixman_region32_n_rects((pixman_region32_t *)background);

	for (unsigned i = 0; i < work->source_count; i++)
		count += pixman_region32_n_rects(&work->seen[i]);
	work->items = malloc((count ? count : 1) * sizeof(*work->items));
	if (!work->items)
		return -ENOMEM;
	work->scene.items = work->items;
	add_items(work, NULL, background);
	for (unsigned i = 0; i < work->source_count; i++) {
		add_items(work, &work->sources[i], &work->seen[i]);
		if (pixman_region32_not_empty(&work->seen[i]))
			work->scene.wide |= work->sources[i].layout->deep;
	}
	return 0;
}

static int find_items(struct work *work)
{
	const struct kms_compose_target *target = work->scene.target;
	pixman_region32_t free;
	int ret = -ENOMEM;

	for (unsigned i = 0; i < work->source_count; i++)
		pixman_region32_init(&work->seen[i]);
	pixman_region32_init_rect(&free, 0, 0, target->width, target->height);
	if (find_seen(work, &free))
		ret = make_items(work, &free);
	pixman_region32_fini(&free);
	return ret;
}

static int make_samplers(struct work *work)
{
	int ret = 0;

	for (unsigned i = 0; i < work->source_count && ret == 0; i++) {
		struct kms_compose_source *source = &work->sources[i];

		if (!pixman_region32_not_empty(&work->seen[i]))
			continue;
		if (work->scene.wide || source->way == KMS_COMPOSE_SAMPLED)
			ret = kms_sampler_init(&source->sampler, source->layout, source->plane,
				&source->visible);
	}
	return ret;
}

/* ---- bands ---- */

static uint32_t band_crc(const struct kms_compose_target *target, uint32_t top, uint32_t bottom)
{
	size_t row = (size_t)target->width * (target->deep ? 8 : 4);
	const uint8_t *pixels = target->pixels + (size_t)top * target->pitch;
	uint32_t crc = 0;

	if (row == target->pitch)
		return libdeflate_crc32(0, pixels, row * (bottom - top));
	for (uint32_t y = top; y < bottom; y++, pixels += target->pitch)
		crc = libdeflate_crc32(crc, pixels, row);
	return crc;
}

static void run_band(void *data, unsigned i)
{
	struct work *work = data;
	const struct kms_compose_target *target = work->scene.target;
	uint32_t top = i * work->band_rows, bottom = top + work->band_rows;

	if (bottom > target->height)
		bottom = target->height;
	kms_compose_draw(&work->scene, top, bottom);
	if (work->crcs)
		work->crcs[i] = band_crc(target, top, bottom);
}

/* A multiple of a tile's height, so that bands share no tile when the plane begins with one. */
static void choose_bands(struct work *work)
{
	const struct kms_compose_target *target = work->scene.target;
	uint32_t rows = BAND_BYTES / (target->width * (target->deep ? 8 : 4) + 1);

	work->band_rows = rows < 8 ? 8 : rows & ~7u;
	work->band_count = (target->height + work->band_rows - 1) / work->band_rows;
}

static uint32_t join_crcs(const struct work *work)
{
	const struct kms_compose_target *target = work->scene.target;
	size_t row = (size_t)target->width * (target->deep ? 8 : 4);
	uLong whole = crc32_combine_gen(row * work->band_rows), crc = 0;

	for (unsigned i = 0; i < work->band_count; i++) {
		uint32_t left = target->height - i * work->band_rows;

		crc = left >= work->band_rows ? crc32_combine_op(crc, work->crcs[i], whole) :
			crc32_combine(crc, work->crcs[i], row * left);
	}
	return crc;
}

static int run_bands(struct work *work, struct gem_pool *pool)
{
	const struct kms_compose_target *target = work->scene.target;

	choose_bands(work);
	if (target->crc) {
		work->crcs = malloc((work->band_count + 1) * sizeof(*work->crcs));
		if (!work->crcs)
			return -ENOMEM;
	}
	gem_pool_run(pool, run_band, work, work->band_count);
	if (target->crc)
		*target->crc = join_crcs(work);
	free(work->crcs);
	return 0;
}

static void finish(struct work *work)
{
	for (unsigned i = 0; i < work->source_count; i++) {
		kms_sampler_finish(&work->sources[i].sampler);
		pixman_region32_fini(&work->seen[i]);
	}
	kms_pipeline_finish(&work->scene.pipeline);
	free(work->items);
	free(work);
}

int kms_compose_to(const struct kms_compose_target *target, struct gem_pool *pool,
	const struct kms_compose_plane *planes, unsigned count,
	const struct kms_compose_color *color)
{
	struct work *work = calloc(1, sizeof(*work));

	if (!work)
		return -ENOMEM;
	work->scene.target = target;
	work->scene.wide = target->deep;
	add_sources(work, planes, count);
	int ret = find_items(work);
	if (ret == 0)
		ret = make_samplers(work);
	if (ret == 0)
		ret = kms_pipeline_init(&work->scene.pipeline, color, work->scene.wide);
	if (ret == 0)
		ret = run_bands(work, pool);
	finish(work);
	return ret;
}

void kms_compose(uint8_t *out, uint32_t width, uint32_t height, uint32_t pitch,
	const struct kms_compose_plane *planes, unsigned count,
	const struct kms_compose_color *color)
{
	const struct kms_compose_target target = {
		.pixels = out, .width = width, .height = height, .pitch = pitch,
	};

	if (kms_compose_to(&target, NULL, planes, count, color) < 0)
		pixman_fill((uint32_t *)out, pitch / 4, 32, 0, 0, width, height, 0xff000000);
}
