#include <stdlib.h>

#include "gem_base.h"
#include "gpu_tiles.h"

enum {
	TILE_BYTES = 256 << 10,  /* of the target: it stays in the L2 cache while sources pass */
	LEAST_BYTES = 16 << 10,  /* of a tile, when there would be fewer than TILES otherwise */
	TILES = 8,               /* for helpers to take an equal share of a small area */
	TURNED_PIXELS = 128,     /* a tile's width when a source is read across its rows */
	ALONE_BYTES = 1 << 20,   /* as costs count: less is done before a helper would be awake */
	SMALL_PIXELS = 32 * 32,  /* drawn before one has found out whether they are hidden */
	MAX_HIDING = 128,        /* rectangles of what hides: more take longer than they save */
	BOXES = 64,              /* drawn with the same images */
	STREAM_BYTES = 16 << 20, /* of the target: more does not stay in the last cache anyway */
	KEPT_BYTES = 1 << 20,    /* of scratch, from a run to the next */
};

static const struct gpu_fault ok = {GPU_FAULT_NONE, 0};
static const struct gpu_fault no_memory = {GPU_FAULT_MEMORY, 0};

/* What the tiles of a run share. */
struct run {
	struct gpu_tiles *tiles;
	pixman_box32_t area;     /* of the target; its corner is a tile's corner */
	int32_t width, height;   /* of a tile */
	unsigned columns;
	uint64_t cost;           /* of what is seen */
	/* Tiled targets: pixels that change, and those of them that are read as well. */
	pixman_region32_t changed, read;
	atomic_bool failed;
};

void gpu_tiles_init(struct gpu_tiles *tiles)
{
	*tiles = (struct gpu_tiles){0};
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(tiles->taken); i++)
		atomic_flag_clear(&tiles->taken[i]);
}

void gpu_tiles_finish(struct gpu_tiles *tiles)
{
	gpu_tiles_drop(tiles);
	free(tiles->draws);
	free(tiles->extents);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(tiles->scratch); i++)
		gpu_scratch_finish(&tiles->scratch[i]);
}

void gpu_tiles_drop(struct gpu_tiles *tiles)
{
	for (unsigned i = 0; i < tiles->count; i++)
		gpu_draw_finish(&tiles->draws[i]);
	tiles->count = 0;
	tiles->cost = 0;
	tiles->alone = false;
}

static bool reads_target(const struct gpu_draw *draw, const struct gpu_pixels *target)
{
	return (draw->source.host && gpu_pixels_overlap(&draw->source, target)) ||
		(draw->mask.host && gpu_pixels_overlap(&draw->mask, target));
}

static bool grow(struct gpu_tiles *tiles)
{
	unsigned room = tiles->room ? tiles->room * 2 : 16;
	struct gpu_draw *draws;
	pixman_box16_t *extents;

	if (tiles->count < tiles->room)
		return true;
	draws = realloc(tiles->draws, room * sizeof(*draws));
	if (!draws)
		return false;
	tiles->draws = draws;
	extents = realloc(tiles->extents, room * sizeof(*extents));
	if (!extents)
		return false;
	tiles->extents = extents;
	tiles->room = room;
	return true;
}

struct gpu_fault gpu_tiles_add(struct gpu_tiles *tiles, struct gem_pool *pool,
	const struct gpu_pixels *target, struct gpu_draw *draw)
{
	bool alone = reads_target(draw, target);
	struct gpu_fault fault = ok;

	if (tiles->count && (alone || tiles->alone || !gpu_pixels_same(target, &tiles->target) ||
		tiles->count == GPU_TILES_MAX_DRAWS ||
		tiles->cost + draw->cost > GPU_TILES_MAX_COST))
		fault = gpu_tiles_run(tiles, pool);
	if (!fault.code && !grow(tiles))
		fault = no_memory;
	if (fault.code) {
		gpu_draw_finish(draw);
		return fault;
	}
	tiles->target = *target;
	tiles->alone = alone;
	tiles->cost += draw->cost;
	tiles->draws[tiles->count++] = *draw;
	return ok;
}

/* ---- what is seen ---- */

static bool is_small(const struct gpu_draw *draw)
{
	const pixman_box32_t *box = &draw->region.extents;

	return (int64_t)(box->x2 - box->x1) * (box->y2 - box->y1) < SMALL_PIXELS;
}

/*
 * From the last draw to the first, each loses what later ones hide. To draw what
 * is hidden does no harm: SMALL_PIXELS and MAX_HIDING may leave some.
 */
static bool hide(struct gpu_tiles *tiles, pixman_region32_t *hiding)
{
	bool done = true;

	for (unsigned i = tiles->count; done && i--;) {
		struct gpu_draw *draw = &tiles->draws[i];
		const pixman_box32_t *box = &draw->hides;
		pixman_region32_t more;

		if (is_small(draw))
			continue;
		if (pixman_region32_not_empty(hiding))
			done = pixman_region32_subtract(&draw->region, &draw->region, hiding);
		if (!done || !i || box->x1 >= box->x2 || box->y1 >= box->y2 ||
			pixman_region32_n_rects(hiding) > MAX_HIDING)
			continue;
		pixman_region32_init(&more);
		done = pixman_region32_intersect_rect(&more, &draw->region, box->x1, box->y1,
			box->x2 - box->x1, box->y2 - box->y1) &&
			pixman_region32_union(hiding, hiding, &more);
		pixman_region32_fini(&more);
	}
	return done;
}

/*
 * Of an area that is larger than the caches, what is just copied and not drawn
 * upon again goes past them: it would only be read before it is written.
 */
static bool stream(struct gpu_tiles *tiles)
{
	pixman_region32_t later, both;
	bool done = true;

	pixman_region32_init(&later);
	pixman_region32_init(&both);
	for (unsigned i = tiles->count; done && i--;) {
		struct gpu_draw *draw = &tiles->draws[i];

		done = pixman_region32_intersect(&both, &draw->region, &later) &&
			pixman_region32_union(&later, &later, &draw->region);
		draw->streams = done && draw->span.row && draw->span.stream &&
			!pixman_region32_not_empty(&both);
	}
	pixman_region32_fini(&both);
	pixman_region32_fini(&later);
	return done;
}

/* A tiled target is copied to and fro: only what is drawn, and what of it must be read. */
static bool note_changes(struct run *run)
{
	struct gpu_tiles *tiles = run->tiles;
	bool done = true;

	for (unsigned i = 0; done && i < tiles->count; i++) {
		struct gpu_draw *draw = &tiles->draws[i];
		pixman_region32_t fresh, blind;

		pixman_region32_init(&fresh);
		pixman_region32_init_with_extents(&blind, &draw->hides);
		done = pixman_region32_subtract(&fresh, &draw->region, &run->changed) &&
			pixman_region32_subtract(&fresh, &fresh, &blind) &&
			pixman_region32_union(&run->read, &run->read, &fresh) &&
			pixman_region32_union(&run->changed, &run->changed, &draw->region);
		pixman_region32_fini(&blind);
		pixman_region32_fini(&fresh);
	}
	return done;
}

/* ---- a tile ---- */

static struct gpu_scratch *take_scratch(struct gpu_tiles *tiles, unsigned *slot)
{
	/* As many as there can be threads: one is free, or about to be. */
	for (*slot = 0; atomic_flag_test_and_set(&tiles->taken[*slot]);)
		*slot = (*slot + 1) % GEM_ARRAY_SIZE(tiles->taken);
	return &tiles->scratch[*slot];
}

/* The boxes of region within tile, from *next on, at most BOXES. */
static unsigned boxes_within(const pixman_region32_t *region, const pixman_box32_t *tile, int *next,
	pixman_box32_t *boxes)
{
	int total;
	const pixman_box32_t *all = pixman_region32_rectangles((pixman_region32_t *)region, &total);
	unsigned count = 0;

	for (; *next < total && count < BOXES && all[*next].y1 < tile->y2; ++*next) {
		const pixman_box32_t *box = &all[*next];

		if (box->x1 >= tile->x2 || box->x2 <= tile->x1 || box->y2 <= tile->y1)
			continue;
		boxes[count++] = (pixman_box32_t){
			box->x1 > tile->x1 ? box->x1 : tile->x1,
			box->y1 > tile->y1 ? box->y1 : tile->y1,
			box->x2 < tile->x2 ? box->x2 : tile->x2,
			box->y2 < tile->y2 ? box->y2 : tile->y2};
	}
	return count;
}

static bool draw_tile(const struct gpu_tiles *tiles, const pixman_box32_t *tile,
	struct gpu_view *view, struct gpu_scratch *scratch)
{
	pixman_box32_t boxes[BOXES];
	bool done = true;

	for (unsigned i = 0; i < tiles->count; i++) {
		const struct gpu_draw *draw = &tiles->draws[i];
		const pixman_box16_t *extents = &tiles->extents[i];
		int next = 0;
		unsigned count;

		if (extents->x1 >= tile->x2 || extents->x2 <= tile->x1 ||
			extents->y1 >= tile->y2 || extents->y2 <= tile->y1)
			continue;
		while ((count = boxes_within(&draw->region, tile, &next, boxes)))
			done &= gpu_draw_boxes(draw, view, boxes, count, scratch);
	}
	if (view->image)
		pixman_image_unref(view->image);
	return done;
}

static bool draw_tiled(const struct run *run, const pixman_box32_t *tile,
	struct gpu_scratch *scratch)
{
	const struct gpu_pixels *target = &run->tiles->target;
	uint32_t width = tile->x2 - tile->x1, height = tile->y2 - tile->y1;
	uint32_t pitch = GEM_ALIGN(width * target->format->cpp, 64u);
	struct gpu_view view = {.pitch = pitch, .width = width, .height = height, .x = tile->x1,
		.y = tile->y1, .format = target->format};
	pixman_box32_t boxes[BOXES];
	unsigned count;
	bool done;
	int next;

	view.host = gpu_scratch_get(scratch, GPU_SCRATCH_TARGET, (size_t)pitch * height);
	if (!view.host)
		return false;
	for (next = 0; (count = boxes_within(&run->read, tile, &next, boxes));)
		for (unsigned i = 0; i < count; i++)
			gpu_pixels_detile(target, &boxes[i], view.host, pitch, view.x, view.y);
	done = draw_tile(run->tiles, tile, &view, scratch);
	for (next = 0; (count = boxes_within(&run->changed, tile, &next, boxes));)
		for (unsigned i = 0; i < count; i++)
			gpu_pixels_retile(target, &boxes[i], view.host, pitch, view.x, view.y);
	return done;
}

static void work(void *data, unsigned i)
{
	struct run *run = data;
	const struct gpu_pixels *target = &run->tiles->target;
	pixman_box32_t tile = {.x1 = run->area.x1 + (int32_t)(i % run->columns) * run->width,
		.y1 = run->area.y1 + (int32_t)(i / run->columns) * run->height};
	struct gpu_scratch *scratch;
	unsigned slot;
	bool done;

	tile.x2 = tile.x1 + run->width < run->area.x2 ? tile.x1 + run->width : run->area.x2;
	tile.y2 = tile.y1 + run->height < run->area.y2 ? tile.y1 + run->height : run->area.y2;
	scratch = take_scratch(run->tiles, &slot);
	if (target->tiling)
		done = draw_tiled(run, &tile, scratch);
	else
		done = draw_tile(run->tiles, &tile, &(struct gpu_view){.host = target->host,
			.pitch = target->pitch, .width = target->width, .height = target->height,
			.format = target->format}, scratch);
	gpu_span_settle();
	atomic_flag_clear(&run->tiles->taken[slot]);
	if (!done)
		atomic_store(&run->failed, true);
}

/* ---- a run ---- */

static bool turns(const struct gpu_draw *draw)
{
	return !draw->solid && draw->transformed && (draw->xy || draw->yx);
}

static int64_t area_bytes(const struct run *run)
{
	return (int64_t)(run->area.x2 - run->area.x1) * (run->area.y2 - run->area.y1) *
		run->tiles->target.format->cpp;
}

static int64_t tile_bytes(const struct run *run, bool alone)
{
	int64_t bytes = area_bytes(run) / TILES;

	if (alone || bytes > TILE_BYTES)
		return TILE_BYTES;
	return bytes > LEAST_BYTES ? bytes : LEAST_BYTES;
}

/* Rows as long as they can be: sources are read along them. */
static void cut(struct run *run, bool alone)
{
	const struct gpu_tiles *tiles = run->tiles;
	const struct gpu_pixels *target = &tiles->target;
	int32_t cpp = target->format->cpp, across = 16, down = 8;
	int32_t bytes = tile_bytes(run, alone);
	bool turned = false;

	for (unsigned i = 0; i < tiles->count; i++)
		turned |= turns(&tiles->draws[i]);
	if (target->tiling) {
		across = gem_tile_width(target->tiling) / cpp;
		down = gem_tile_height(target->tiling);
		run->area.x1 -= run->area.x1 % across;
		run->area.y1 -= run->area.y1 % down;
	}
	run->width = turned ? TURNED_PIXELS : run->area.x2 - run->area.x1;
	if (run->width * cpp * down > bytes)
		run->width = bytes / down / cpp;
	run->width = GEM_ALIGN(run->width, across);
	run->height = bytes / cpp / run->width / down * down;
	if (run->height < down)
		run->height = down;
	run->columns = (run->area.x2 - run->area.x1 + run->width - 1) / run->width;
}

static uint64_t seen_cost(const struct gpu_draw *draw)
{
	uint64_t pixels = 0;
	int count;
	const pixman_box32_t *boxes = pixman_region32_rectangles(
		(pixman_region32_t *)&draw->region, &count);

	for (int i = 0; i < count; i++)
		pixels += (uint64_t)(boxes[i].x2 - boxes[i].x1) * (boxes[i].y2 - boxes[i].y1);
	return pixels * draw->pixel_cost;
}

static bool prepare(struct run *run)
{
	struct gpu_tiles *tiles = run->tiles;
	pixman_region32_t hiding;
	bool done = true, first = true;

	if (tiles->count > 1) {
		pixman_region32_init(&hiding);
		done = hide(tiles, &hiding);
		pixman_region32_fini(&hiding);
	}
	for (unsigned i = 0; i < tiles->count; i++) {
		pixman_box32_t *area = &run->area, *one = &tiles->draws[i].region.extents;

		tiles->extents[i] = (pixman_box16_t){0};
		if (!pixman_region32_not_empty(&tiles->draws[i].region))
			continue;
		tiles->extents[i] = (pixman_box16_t){one->x1, one->y1, one->x2, one->y2};
		run->cost += seen_cost(&tiles->draws[i]);
		if (first)
			*area = *one;
		first = false;
		*area = (pixman_box32_t){one->x1 < area->x1 ? one->x1 : area->x1,
			one->y1 < area->y1 ? one->y1 : area->y1,
			one->x2 > area->x2 ? one->x2 : area->x2,
			one->y2 > area->y2 ? one->y2 : area->y2};
	}
	if (tiles->target.tiling)
		return done && note_changes(run);
	return done && (area_bytes(run) < STREAM_BYTES || stream(tiles));
}

struct gpu_fault gpu_tiles_run(struct gpu_tiles *tiles, struct gem_pool *pool)
{
	if (!tiles->count)
		return ok;

	struct run run = {.tiles = tiles};
	unsigned threads = 1; /* that may have used scratch */

	tiles->done += tiles->cost;
	pixman_region32_init(&run.changed);
	pixman_region32_init(&run.read);
	if (!prepare(&run)) {
		atomic_store(&run.failed, true);
	} else if (run.area.x1 < run.area.x2) {
		if (run.cost < ALONE_BYTES)
			pool = NULL;
		if (pool)
			threads = GEM_ARRAY_SIZE(tiles->scratch);
		cut(&run, !pool);
		gem_pool_run(pool, work, &run, run.columns *
			((run.area.y2 - run.area.y1 + run.height - 1) / run.height));
	}
	pixman_region32_fini(&run.read);
	pixman_region32_fini(&run.changed);
	for (unsigned i = 0; i < threads; i++)
		gpu_scratch_trim(&tiles->scratch[i], KEPT_BYTES);
	gpu_tiles_drop(tiles);
	return atomic_load(&run.failed) ? no_memory : ok;
}
