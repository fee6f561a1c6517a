#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <wlr/render/wlr_renderer.h>
#include <wlr/types/wlr_output_damage.h>
#include <wlr/types/wlr_presentation_time.h>
#include <wlr/util/region.h>

#include "compositor_frame.h"
#include "compositor_hint.h"
#include "compositor_log.h"
#include "gem_base.h"
#include "gem_trace.h"

/* A frame that was refused is tried again after so long. */
#define RETRY_MS 100

static struct compositor_output *device_output(struct compositor_screen *screen)
{
	return gem_container_of(screen->output, struct compositor_output, base);
}

/* ---- what goes where ---- */

static void composite_all(struct compositor_frame *frame)
{
	for (unsigned i = 0; i < frame->count; i++) {
		frame->sheets[i].plane_id = 0;
		frame->sheets[i].buffer = NULL;
	}
}

/* A plane shows pixels as they are, and what compositing reads back has to be all of them. */
static bool may_use_planes(struct compositor_screen *screen)
{
	struct compositor_output *out = device_output(screen);

	return screen->server->use_planes && screen->output->attach_render_locks == 0 &&
		screen->output->transform == WL_OUTPUT_TRANSFORM_NORMAL && out->composed &&
		out->composed->width == screen->output->width &&
		out->composed->height == screen->output->height;
}

/* True = something is left to composite. */
static bool plan(struct compositor_screen *screen, bool planes)
{
	struct compositor_output *out = device_output(screen);
	struct compositor_frame *frame = &screen->frame;
	bool composite = true;

	out->sheets = frame->sheets;
	out->sheet_count = frame->count;
	if (planes && may_use_planes(screen) && compositor_commit_plan(out, &composite))
		return composite;
	/* A commit with no sheet to find a plane for shows what is composited. */
	composite_all(frame);
	out->sheets = NULL;
	return true;
}

/* ---- damage ---- */

static const struct compositor_sheet *find_shown(const struct compositor_frame *frame,
	const void *key)
{
	for (unsigned i = 0; i < frame->shown_count; i++) {
		if (frame->shown[i].key == key)
			return &frame->shown[i];
	}
	return NULL;
}

static bool same_place(const struct compositor_sheet *a, const struct compositor_sheet *b)
{
	return memcmp(&a->box, &b->box, sizeof(a->box)) == 0;
}

static void add_box(pixman_region32_t *region, const struct wlr_box *box)
{
	pixman_region32_union_rect(region, region, box->x, box->y, box->width, box->height);
}

/* Where the composited picture has other things on it than before because of planes. */
static void damage_changes(struct compositor_frame *frame, pixman_region32_t *damage)
{
	for (unsigned i = 0; i < frame->count; i++) {
		const struct compositor_sheet *sheet = &frame->sheets[i];
		const struct compositor_sheet *before = find_shown(frame, sheet->key);
		if ((before != NULL) != (sheet->plane_id != 0) ||
		    (before && !same_place(before, sheet)))
			add_box(damage, &sheet->box);
	}
}

/*
 * Opaque sheets on planes hide what is below: it need not be composited, until
 * they go. frame->covered becomes what they hide now.
 */
static void hide_covered(struct compositor_screen *screen, pixman_region32_t *damage)
{
	struct compositor_frame *frame = &screen->frame;
	pixman_region32_t covered, uncovered;

	pixman_region32_init(&covered);
	pixman_region32_init(&uncovered);
	for (unsigned i = 0; i < frame->count; i++) {
		if (frame->sheets[i].plane_id && frame->sheets[i].opaque)
			add_box(&covered, &frame->sheets[i].box);
	}
	pixman_region32_subtract(&uncovered, &frame->covered, &covered);
	pixman_region32_union(damage, damage, &uncovered);
	pixman_region32_subtract(damage, damage, &covered);
	pixman_region32_intersect_rect(damage, damage, 0, 0, screen->output->width,
		screen->output->height);
	pixman_region32_copy(&frame->covered, &covered);
	pixman_region32_fini(&covered);
	pixman_region32_fini(&uncovered);
}

/* ---- compositing ---- */

static void clear(struct wlr_output *output, struct wlr_renderer *renderer,
	pixman_region32_t *damage)
{
	static const float black[4] = {0, 0, 0, 1};
	pixman_box32_t *rects;
	int count, width, height;

	rects = pixman_region32_rectangles(damage, &count);
	for (int i = 0; i < count; i++) {
		struct wlr_box box = {rects[i].x1, rects[i].y1, rects[i].x2 - rects[i].x1,
			rects[i].y2 - rects[i].y1};
		wlr_output_transformed_resolution(output, &width, &height);
		wlr_box_transform(&box, &box, wlr_output_transform_invert(output->transform),
			width, height);
		wlr_renderer_scissor(renderer, &box);
		wlr_renderer_clear(renderer, black);
	}
	wlr_renderer_scissor(renderer, NULL);
}

static void count_composited(struct compositor_screen *screen, pixman_region32_t *damage)
{
	const struct compositor_frame *frame = &screen->frame;
	pixman_region32_t part;
	int count;

	pixman_region32_init(&part);
	for (unsigned i = 0; i < frame->count; i++) {
		const struct compositor_sheet *sheet = &frame->sheets[i];
		struct compositor_usage *usage = sheet->surface && !sheet->plane_id ?
			compositor_usage_of(sheet->surface, true) : NULL;
		if (!usage)
			continue;
		pixman_region32_intersect_rect(&part, damage, sheet->box.x, sheet->box.y,
			sheet->box.width, sheet->box.height);
		pixman_box32_t *rects = pixman_region32_rectangles(&part, &count);
		usage->composited += count > 0;
		for (int j = 0; j < count; j++) {
			uint64_t bytes = 4ull * (rects[j].x2 - rects[j].x1) *
				(rects[j].y2 - rects[j].y1);
			usage->bytes += bytes;
			screen->server->copied_bytes += bytes;
		}
	}
	pixman_region32_fini(&part);
}

/*
 * The scene has no way to draw a part of its nodes. Those on planes are
 * switched off for as long as it draws, behind the back of
 * wlr_scene_node_set_enabled, which would damage them.
 */
static void set_plane_nodes(struct compositor_frame *frame, bool enabled)
{
	for (unsigned i = 0; i < frame->count; i++) {
		if (frame->sheets[i].plane_id)
			frame->sheets[i].node->state.enabled = enabled;
	}
}

static void set_frame_damage(struct wlr_output *output, pixman_region32_t *damage)
{
	int width, height;
	pixman_region32_t turned;

	wlr_output_transformed_resolution(output, &width, &height);
	pixman_region32_init(&turned);
	wlr_region_transform(&turned, damage, wlr_output_transform_invert(output->transform),
		width, height);
	wlr_output_set_damage(output, &turned);
	pixman_region32_fini(&turned);
}

/* False = nothing is attached. */
static bool composite(struct compositor_screen *screen, struct wlr_scene_output *scene_output)
{
	struct wlr_output *output = screen->output;
	struct wlr_renderer *renderer = screen->server->render.renderer;
	pixman_region32_t damage;
	bool needs_frame;

	pixman_region32_init(&damage);
	if (!wlr_output_damage_attach_render(scene_output->damage, &needs_frame, &damage)) {
		pixman_region32_fini(&damage);
		return false;
	}
	wlr_renderer_begin(renderer, output->width, output->height);
	clear(output, renderer, &damage);
	set_plane_nodes(&screen->frame, false);
	wlr_scene_render_output(screen->server->scene, output, scene_output->x, scene_output->y,
		&damage);
	set_plane_nodes(&screen->frame, true);
	wlr_output_render_software_cursors(output, &damage);
	wlr_renderer_end(renderer);
	count_composited(screen, &damage);
	pixman_region32_fini(&damage);
	set_frame_damage(output, &scene_output->damage->current);
	return true;
}

/* ---- the frame ---- */

/* What is on planes, for the next frame. */
static void remember(struct compositor_frame *frame)
{
	frame->shown_count = 0;
	if (frame->shown_room < frame->count) {
		void *larger = realloc(frame->shown, frame->count * sizeof(*frame->shown));
		if (!larger)
			return; /* the next frame damages what it need not */
		frame->shown = larger;
		frame->shown_room = frame->count;
	}
	for (unsigned i = 0; i < frame->count; i++) {
		if (frame->sheets[i].plane_id)
			frame->shown[frame->shown_count++] = frame->sheets[i];
	}
}

static bool is_main_screen(struct compositor_screen *screen, const struct compositor_sheet *sheet)
{
	return sheet->surface &&
		wlr_scene_surface_from_node(sheet->node)->primary_output == screen->output;
}

/* Before a commit that draws nothing: drawing tells wlroots which surfaces it shows. */
static void tell_composited(struct compositor_screen *screen)
{
	for (unsigned i = 0; i < screen->frame.count; i++) {
		const struct compositor_sheet *sheet = &screen->frame.sheets[i];
		if (!sheet->plane_id && is_main_screen(screen, sheet))
			wlr_presentation_surface_sampled_on_output(
				screen->server->scene->presentation, sheet->surface,
				screen->output);
	}
}

/* After the commit: only now is it certain that they are on planes. */
static void tell_scanned(struct compositor_screen *screen)
{
	for (unsigned i = 0; i < screen->frame.count; i++) {
		const struct compositor_sheet *sheet = &screen->frame.sheets[i];
		struct compositor_usage *usage = sheet->surface && sheet->plane_id ?
			compositor_usage_of(sheet->surface, true) : NULL;
		if (usage)
			usage->scanned++;
		if (sheet->plane_id && is_main_screen(screen, sheet))
			compositor_feedback_add(screen, sheet->surface);
	}
}

/* What wlroots draws of the cursor itself goes with a rendered picture only. */
static bool has_software_cursor(struct wlr_output *output)
{
	struct wlr_output_cursor *cursor;

	wl_list_for_each(cursor, &output->cursors, link) {
		if (cursor->enabled && cursor->visible && cursor != output->hardware_cursor)
			return true;
	}
	return false;
}

/* The whole of it once: false = the device refused. */
static bool try_frame(struct compositor_screen *screen, struct wlr_scene_output *scene_output,
	bool planes)
{
	struct compositor_output *out = device_output(screen);
	pixman_region32_t *damage = &scene_output->damage->current;
	struct compositor_frame *frame = &screen->frame;

	if (!compositor_sheets_collect(screen))
		return false;
	bool left = plan(screen, planes);
	damage_changes(frame, damage);
	hide_covered(screen, damage);
	/* Below planes that show it all, and when nothing of it changed, the last one will do. */
	bool render = left && (!out->sheets || pixman_region32_not_empty(damage) ||
		has_software_cursor(screen->output));
	if (!render) {
		wlr_output_attach_buffer(screen->output, out->composed);
		tell_composited(screen);
	} else if (!composite(screen, scene_output)) {
		out->sheets = NULL;
		return false;
	}
	bool ok = wlr_output_commit(screen->output);
	out->sheets = NULL;
	if (ok) {
		tell_scanned(screen);
		compositor_hints_update(screen);
		remember(frame);
	}
	return ok;
}

/* A cursor that no plane takes is drawn, for as long as the screen keeps its mode. */
static void check_cursor(struct compositor_screen *screen)
{
	if (!device_output(screen)->cursor_refused || screen->frame.software_cursor)
		return;
	compositor_info("output %s: no plane for the cursor", screen->output->name);
	screen->frame.software_cursor = true;
	wlr_output_lock_software_cursors(screen->output, true);
	device_output(screen)->cursor_refused = false;
	wlr_output_damage_whole(screen->output);
}

static void trace(struct compositor_screen *screen, uint64_t begin)
{
	gem_trace_add(&(struct gem_trace_event){
		.kind = GEM_TRACE_FRAME,
		.index = device_output(screen)->pipe->crtc_index,
		.pid = getpid(),
		.tid = gem_trace_tid(),
		.begin_ns = begin,
		.end_ns = gem_trace_now(),
		.name = "frame",
	});
}

static int handle_retry(void *data)
{
	struct compositor_screen *screen = data;

	/* What was committed meanwhile, a mode, has its own flip. */
	if (!device_output(screen)->flip_pending)
		wlr_output_send_frame(screen->output);
	return 0;
}

void compositor_frame_retry(struct compositor_screen *screen)
{
	wl_event_source_timer_update(screen->frame.retry, RETRY_MS);
}

/*
 * What is damaged has wlroots ask for a frame at once, before it looks at anything else: at
 * the news that the device is gone, for one. Until the timer no frame is asked for.
 */
static void retry_later(struct compositor_screen *screen)
{
	compositor_warn("output %s: no frame", screen->output->name);
	/* An output that ends keeps what was not shown. */
	wlr_output_rollback(screen->output);
	screen->output->frame_pending = true;
	compositor_frame_retry(screen);
}

void compositor_frame_commit(struct compositor_screen *screen)
{
	struct wlr_scene_output *scene_output =
		wlr_scene_get_scene_output(screen->server->scene, screen->output);

	if (!scene_output || !screen->output->enabled)
		return;
	if (screen->frame.anew)
		wlr_output_damage_add_whole(scene_output->damage);
	screen->frame.anew = false;
	if (!screen->output->needs_frame && !screen->output->pending.committed &&
	    !pixman_region32_not_empty(&scene_output->damage->current))
		return;
	uint64_t begin = gem_trace_recording() ? gem_trace_now() : 0;
	if (!try_frame(screen, scene_output, true)) {
		compositor_debug("output %s: all of it composited", screen->output->name);
		screen->frame.shown_count = 0;
		wlr_output_damage_add_whole(scene_output->damage);
		if (!try_frame(screen, scene_output, false))
			retry_later(screen);
	}
	if (begin)
		trace(screen, begin);
	check_cursor(screen);
}

/* Another mode's pictures are composited whole, and planes are free again. */
static void handle_commit(struct wl_listener *listener, void *data)
{
	struct compositor_screen *screen = wl_container_of(listener, screen, frame.output_commit);
	struct wlr_output_event_commit *event = data;

	if (!(event->committed & (WLR_OUTPUT_STATE_MODE | WLR_OUTPUT_STATE_ENABLED)))
		return;
	screen->frame.shown_count = 0;
	pixman_region32_clear(&screen->frame.covered);
	if (screen->frame.software_cursor)
		wlr_output_lock_software_cursors(screen->output, false);
	screen->frame.software_cursor = false;
	/* Not damage at once: wlroots forgets that when the commit has been told to all. */
	screen->frame.anew = true;
}

void compositor_frame_set_planes(struct compositor_server *server, bool use)
{
	struct compositor_screen *screen;

	if (server->use_planes == use)
		return;
	server->use_planes = use;
	wl_list_for_each(screen, &server->screens, link) {
		wlr_output_lock_software_cursors(screen->output, !use);
		wlr_output_damage_whole(screen->output);
	}
	/* wlroots looks for a plane again only for a cursor that is set anew. */
	if (use)
		compositor_pointer_reset(server);
}

void compositor_frame_init(struct compositor_screen *screen)
{
	if (!screen->server->use_planes)
		wlr_output_lock_software_cursors(screen->output, true);
	pixman_region32_init(&screen->frame.covered);
	screen->frame.retry = wl_event_loop_add_timer(
		wl_display_get_event_loop(screen->server->display), handle_retry, screen);
	compositor_feedback_init(screen);
	compositor_listen(&screen->output->events.commit, &screen->frame.output_commit,
		handle_commit);
}

void compositor_frame_finish(struct compositor_screen *screen)
{
	compositor_feedback_finish(screen);
	wl_event_source_remove(screen->frame.retry);
	wl_list_remove(&screen->frame.output_commit.link);
	pixman_region32_fini(&screen->frame.covered);
	free(screen->frame.sheets);
	free(screen->frame.shown);
}
