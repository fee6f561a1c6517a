/* The scene as a screen sees it: its nodes from the lowest to the highest, hidden ones left out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wlr/types/wlr_buffer.h>

#include "compositor_frame.h"
#include "kms_format.h"

struct walk {
	struct compositor_screen *screen;
	struct wlr_scene_output *scene_output;
	bool ok;
};

/* As wlroots' scene rounds: edges, so that neighbours stay neighbours. */
static void scale_box(struct wlr_box *box, float scale)
{
	int right = round((box->x + box->width) * (double)scale);
	int bottom = round((box->y + box->height) * (double)scale);

	box->x = round(box->x * (double)scale);
	box->y = round(box->y * (double)scale);
	box->width = right - box->x;
	box->height = bottom - box->y;
}

static bool has_alpha(uint32_t fourcc)
{
	const struct kms_format *format = kms_format_find(fourcc);

	return !format || format->has_alpha;
}

static void describe_surface(struct compositor_sheet *sheet, struct wlr_surface *surface)
{
	struct wlr_client_buffer *client = surface->buffer;
	struct wlr_dmabuf_attributes attribs;
	pixman_box32_t all = {0, 0, surface->current.width, surface->current.height};

	sheet->surface = surface;
	sheet->box.width = all.x2;
	sheet->box.height = all.y2;
	if (!client)
		return;
	sheet->opaque = pixman_region32_contains_rectangle(&surface->opaque_region, &all) ==
		PIXMAN_REGION_IN;
	if (!client->source || surface->current.transform != WL_OUTPUT_TRANSFORM_NORMAL ||
	    !wlr_buffer_get_dmabuf(client->source, &attribs))
		return;
	sheet->opaque |= !has_alpha(attribs.format);
	/* The source outlives its resource for as long as client, which has its texture, is held. */
	sheet->buffer = client->source;
	sheet->hold = &client->base;
	wlr_surface_get_buffer_source_box(surface, &sheet->source);
}

static void describe_buffer(struct compositor_sheet *sheet, struct wlr_scene_buffer *buffer)
{
	bool turned = buffer->transform & WL_OUTPUT_TRANSFORM_90;
	struct wlr_dmabuf_attributes attribs;
	int width = buffer->buffer ? buffer->buffer->width : 0;
	int height = buffer->buffer ? buffer->buffer->height : 0;

	sheet->box.width = buffer->dst_width ? buffer->dst_width : turned ? height : width;
	sheet->box.height = buffer->dst_height ? buffer->dst_height : turned ? width : height;
	if (!buffer->buffer || buffer->transform != WL_OUTPUT_TRANSFORM_NORMAL ||
	    !wlr_buffer_get_dmabuf(buffer->buffer, &attribs))
		return;
	sheet->buffer = sheet->hold = buffer->buffer;
	sheet->opaque = !has_alpha(attribs.format);
	sheet->source = buffer->src_box;
	if (wlr_fbox_empty(&sheet->source))
		sheet->source = (struct wlr_fbox){0, 0, width, height};
}

static bool describe(struct compositor_sheet *sheet, struct wlr_scene_node *node)
{
	switch (node->type) {
	case WLR_SCENE_NODE_SURFACE:
		describe_surface(sheet, wlr_scene_surface_from_node(node)->surface);
		return true;
	case WLR_SCENE_NODE_RECT: {
		struct wlr_scene_rect *rect = wl_container_of(node, rect, node);
		sheet->box.width = rect->width;
		sheet->box.height = rect->height;
		sheet->opaque = rect->color[3] >= 1;
		return true;
	}
	case WLR_SCENE_NODE_BUFFER:
		describe_buffer(sheet, wl_container_of(node, (struct wlr_scene_buffer *)NULL, node));
		return true;
	default:
		return false;
	}
}

static void add_sheet(struct walk *walk, const struct compositor_sheet *sheet)
{
	struct compositor_frame *frame = &walk->screen->frame;

	if (frame->count == frame->room) {
		unsigned room = frame->room ? 2 * frame->room : 16;
		void *larger = realloc(frame->sheets, room * sizeof(*frame->sheets));
		if (!larger) {
			walk->ok = false;
			return;
		}
		frame->sheets = larger;
		frame->room = room;
	}
	frame->sheets[frame->count++] = *sheet;
}

static void visit(struct walk *walk, struct wlr_scene_node *node, int x, int y)
{
	struct wlr_output *output = walk->screen->output;
	const struct wlr_box all = {0, 0, output->width, output->height};
	struct compositor_sheet sheet = {.key = node, .node = node};
	struct wlr_scene_node *child;
	struct wlr_box visible;

	if (!node->state.enabled)
		return;
	x += node->state.x;
	y += node->state.y;
	if (describe(&sheet, node)) {
		sheet.box.x = x - walk->scene_output->x;
		sheet.box.y = y - walk->scene_output->y;
		scale_box(&sheet.box, output->scale);
		if (wlr_box_intersection(&visible, &sheet.box, &all))
			add_sheet(walk, &sheet);
	}
	wl_list_for_each(child, &node->state.children, state.link)
		visit(walk, child, x, y);
}

/* What wlroots draws of the cursor itself is above everything, and in no buffer of its own. */
static void add_software_cursors(struct walk *walk)
{
	struct wlr_output *output = walk->screen->output;
	struct wlr_output_cursor *cursor;

	wl_list_for_each(cursor, &output->cursors, link) {
		if (!cursor->enabled || !cursor->visible || cursor == output->hardware_cursor)
			continue;
		add_sheet(walk, &(struct compositor_sheet){.key = cursor,
			.box = {floor(cursor->x) - cursor->hotspot_x,
				floor(cursor->y) - cursor->hotspot_y,
				cursor->width + 1, cursor->height + 1}});
	}
}

/* From the top down, those go that opaque ones above hide. */
static void drop_hidden(struct compositor_screen *screen)
{
	struct compositor_frame *frame = &screen->frame;
	pixman_region32_t opaque;
	unsigned kept = frame->count;

	pixman_region32_init(&opaque);
	for (unsigned i = frame->count; i-- > 0;) {
		const struct compositor_sheet sheet = frame->sheets[i];
		int x1 = sheet.box.x < 0 ? 0 : sheet.box.x, y1 = sheet.box.y < 0 ? 0 : sheet.box.y;
		int x2 = sheet.box.x + sheet.box.width, y2 = sheet.box.y + sheet.box.height;
		pixman_box32_t visible = {x1, y1,
			x2 < screen->output->width ? x2 : screen->output->width,
			y2 < screen->output->height ? y2 : screen->output->height};

		if (pixman_region32_contains_rectangle(&opaque, &visible) == PIXMAN_REGION_IN)
			continue;
		frame->sheets[--kept] = sheet;
		if (sheet.opaque)
			pixman_region32_union_rect(&opaque, &opaque, visible.x1, visible.y1,
				visible.x2 - visible.x1, visible.y2 - visible.y1);
	}
	pixman_region32_fini(&opaque);
	frame->count -= kept;
	memmove(frame->sheets, frame->sheets + kept, frame->count * sizeof(*frame->sheets));
}

bool compositor_sheets_collect(struct compositor_screen *screen)
{
	struct wlr_scene *scene = screen->server->scene;
	struct walk walk = {.screen = screen, .ok = true,
		.scene_output = wlr_scene_get_scene_output(scene, screen->output)};

	screen->frame.count = 0;
	if (!walk.scene_output)
		return false;
	visit(&walk, &scene->node, 0, 0);
	add_software_cursors(&walk);
	if (walk.ok && screen->frame.count > 0)
		drop_hidden(screen);
	return walk.ok;
}
