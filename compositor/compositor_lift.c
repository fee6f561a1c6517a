#include <errno.h>
#include <stdlib.h>

#include <libliftoff.h>

#include "compositor_lift.h"
#include "compositor_log.h"
#include "gem_base.h"

/* A sheet's place with libliftoff, which compares it with the last frame's. */
struct layer {
	struct wl_list link; /* compositor_lift.layers */
	const void *key;
	struct liftoff_layer *liftoff;
	bool used; /* by the request being made */
};

struct compositor_lift {
	struct liftoff_output *output;
	struct liftoff_layer *picture, *cursor;
	struct wl_list layers;
	/* Keys of the layers that are not sheets. */
	char all;
};

/* ---- planes and pipes ---- */

int compositor_lift_pipe_init(struct compositor_pipe *pipe)
{
	pipe->liftoff = liftoff_device_create(pipe->backend->fd); /* duplicates it */
	if (!pipe->liftoff)
		return -ENOMEM;
	if (!liftoff_plane_create(pipe->liftoff, pipe->primary.id) ||
	    (pipe->cursor.id && !liftoff_plane_create(pipe->liftoff, pipe->cursor.id)))
		return -ENOMEM;
	return 0;
}

void compositor_lift_pipe_finish(struct compositor_pipe *pipe)
{
	if (pipe->liftoff)
		liftoff_device_destroy(pipe->liftoff);
	pipe->liftoff = NULL;
}

static unsigned overlays_of(struct compositor_pipe *pipe)
{
	struct compositor_overlay *overlay;
	unsigned count = 0;

	wl_list_for_each(overlay, &pipe->backend->overlays, link)
		count += overlay->pipe == pipe;
	return count;
}

/* The one with an output that has the fewest, among those that can use the plane. */
static struct compositor_pipe *neediest(struct compositor_overlay *overlay,
	struct compositor_backend *backend)
{
	struct compositor_pipe *pipe, *found = NULL;

	wl_list_for_each(pipe, &backend->pipes, link) {
		if (pipe->output && overlay->possible_crtcs & 1u << pipe->crtc_index &&
		    (!found || overlays_of(pipe) < overlays_of(found)))
			found = pipe;
	}
	return found;
}

static void give(struct compositor_overlay *overlay, struct compositor_pipe *pipe)
{
	overlay->liftoff = liftoff_plane_create(pipe->liftoff, overlay->plane.id);
	if (overlay->liftoff)
		overlay->pipe = pipe;
}

static void take_away(struct compositor_overlay *overlay)
{
	liftoff_plane_destroy(overlay->liftoff);
	overlay->liftoff = NULL;
	overlay->pipe = NULL;
}

/* What is on the screen stays there: a plane changes hands only while it shows nothing. */
void compositor_lift_share(struct compositor_backend *backend)
{
	struct compositor_overlay *overlay;
	struct compositor_pipe *pipe;

	wl_list_for_each(overlay, &backend->overlays, link) {
		if (overlay->pipe && !overlay->in_use)
			take_away(overlay);
	}
	/* With their layers anew they search anew, with the planes that there are now. */
	wl_list_for_each(pipe, &backend->pipes, link) {
		if (pipe->output)
			compositor_lift_forget(pipe->output);
	}
	wl_list_for_each(overlay, &backend->overlays, link) {
		pipe = overlay->pipe ? NULL : neediest(overlay, backend);
		if (pipe)
			give(overlay, pipe);
	}
}

/* ---- layers ---- */

int compositor_lift_create(struct compositor_output *out)
{
	struct compositor_lift *lift = calloc(1, sizeof(*lift));

	if (!lift)
		return -ENOMEM;
	wl_list_init(&lift->layers);
	lift->output = liftoff_output_create(out->pipe->liftoff, out->pipe->crtc_id);
	lift->picture = lift->output ? liftoff_layer_create(lift->output) : NULL;
	if (!lift->picture) {
		liftoff_output_destroy(lift->output);
		free(lift);
		return -ENOMEM;
	}
	liftoff_output_set_composition_layer(lift->output, lift->picture);
	out->lift = lift;
	return 0;
}

static void layer_destroy(struct layer *layer)
{
	liftoff_layer_destroy(layer->liftoff);
	wl_list_remove(&layer->link);
	free(layer);
}

void compositor_lift_forget(struct compositor_output *out)
{
	struct compositor_lift *lift = out->lift;
	struct layer *layer, *next;

	wl_list_for_each_safe(layer, next, &lift->layers, link)
		layer_destroy(layer);
	if (lift->cursor)
		liftoff_layer_destroy(lift->cursor);
	lift->cursor = NULL;
}

void compositor_lift_destroy(struct compositor_output *out)
{
	struct compositor_lift *lift = out->lift;

	compositor_lift_forget(out);
	liftoff_layer_destroy(lift->picture);
	liftoff_output_destroy(lift->output);
	free(lift);
	out->lift = NULL;
}

static struct layer *obtain_layer(struct compositor_lift *lift, const void *key)
{
	struct layer *layer;

	wl_list_for_each(layer, &lift->layers, link) {
		if (layer->key == key)
			return layer;
	}
	layer = calloc(1, sizeof(*layer));
	if (!layer)
		return NULL;
	layer->key = key;
	layer->liftoff = liftoff_layer_create(lift->output);
	if (!layer->liftoff) {
		free(layer);
		return NULL;
	}
	wl_list_insert(lift->layers.prev, &layer->link);
	return layer;
}

static int set_place(struct liftoff_layer *layer, const struct wlr_box *box, unsigned zpos)
{
	int err = liftoff_layer_set_property(layer, "CRTC_X", (int64_t)box->x);

	if (err == 0)
		err = liftoff_layer_set_property(layer, "CRTC_Y", (int64_t)box->y);
	if (err == 0)
		err = liftoff_layer_set_property(layer, "CRTC_W", box->width);
	if (err == 0)
		err = liftoff_layer_set_property(layer, "CRTC_H", box->height);
	return err == 0 ? liftoff_layer_set_property(layer, "zpos", zpos) : err;
}

static uint64_t fixed(double value)
{
	return (uint64_t)(value * 65536);
}

static int set_picture(struct liftoff_layer *layer, const struct compositor_framebuffer *fb,
	const struct wlr_fbox *source)
{
	int err = liftoff_layer_set_property(layer, "FB_ID", fb->id);

	if (err == 0)
		err = liftoff_layer_set_property(layer, "SRC_X", fixed(source->x));
	if (err == 0)
		err = liftoff_layer_set_property(layer, "SRC_Y", fixed(source->y));
	if (err == 0)
		err = liftoff_layer_set_property(layer, "SRC_W", fixed(source->width));
	return err == 0 ? liftoff_layer_set_property(layer, "SRC_H", fixed(source->height)) : err;
}

/* All of a framebuffer, at its own size. */
static int set_whole(struct liftoff_layer *layer, const struct compositor_framebuffer *fb, int x,
	int y, unsigned zpos)
{
	const struct wlr_box box = {x, y, fb->buffer->width, fb->buffer->height};
	const struct wlr_fbox source = {0, 0, box.width, box.height};
	int err = set_place(layer, &box, zpos);

	return err == 0 ? set_picture(layer, fb, &source) : err;
}

static int set_sheet(struct compositor_lift *lift, struct compositor_sheet *sheet, unsigned zpos)
{
	struct layer *layer = obtain_layer(lift, sheet->key);

	if (!layer)
		return -ENOMEM;
	layer->used = true;
	int err = set_place(layer->liftoff, &sheet->box, zpos);
	if (err < 0)
		return err;
	if (sheet->fb)
		return set_picture(layer->liftoff, sheet->fb, &sheet->source);
	liftoff_layer_set_fb_composited(layer->liftoff);
	return 0;
}

static int set_cursor(struct compositor_output *out, const struct compositor_framebuffer *cursor,
	unsigned zpos)
{
	struct compositor_lift *lift = out->lift;

	if (!cursor) {
		if (lift->cursor)
			liftoff_layer_destroy(lift->cursor);
		lift->cursor = NULL;
		return 0;
	}
	if (!lift->cursor)
		lift->cursor = liftoff_layer_create(lift->output);
	return lift->cursor ? set_whole(lift->cursor, cursor, out->cursor.x - out->cursor.hotspot_x,
		out->cursor.y - out->cursor.hotspot_y, zpos) : -ENOMEM;
}

static int set_layers(struct compositor_output *out, const struct compositor_framebuffer *picture,
	const struct compositor_framebuffer *cursor)
{
	struct compositor_lift *lift = out->lift;
	struct compositor_sheet all = {.key = &lift->all,
		.box = {0, 0, picture->buffer->width, picture->buffer->height}};
	struct layer *layer, *next;
	unsigned zpos = 0;

	int err = set_whole(lift->picture, picture, 0, 0, zpos++);
	if (!out->sheets && err == 0)
		err = set_sheet(lift, &all, zpos++);
	for (unsigned i = 0; out->sheets && i < out->sheet_count && err == 0; i++)
		err = set_sheet(lift, &out->sheets[i], zpos++);
	if (err == 0)
		err = set_cursor(out, cursor, zpos);
	wl_list_for_each_safe(layer, next, &lift->layers, link) {
		if (!layer->used)
			layer_destroy(layer);
		else
			layer->used = false;
	}
	return err;
}

/* Framebuffers for the sheets that may be on planes: the uppermost ones. */
static void find_framebuffers(struct compositor_output *out)
{
	unsigned tried = 0;

	for (unsigned i = out->sheets ? out->sheet_count : 0; i-- > 0;) {
		struct compositor_sheet *sheet = &out->sheets[i];
		sheet->plane_id = 0;
		sheet->fb = sheet->buffer && tried < COMPOSITOR_LIFT_MAX ?
			compositor_framebuffer_get(out->pipe->backend, sheet->buffer) : NULL;
		tried += sheet->fb != NULL;
		if (sheet->fb && sheet->surface)
			compositor_framebuffer_tell_client(sheet->fb, sheet->surface);
	}
}

static uint32_t plane_of(struct liftoff_layer *layer)
{
	struct liftoff_plane *plane = layer ? liftoff_layer_get_plane(layer) : NULL;

	return plane ? liftoff_plane_get_id(plane) : 0;
}

/* Writes down which plane each sheet has; true when one has none. */
static bool take_planes(struct compositor_output *out)
{
	bool left = !out->sheets;
	struct layer *layer;

	for (unsigned i = 0; out->sheets && i < out->sheet_count; i++) {
		struct compositor_sheet *sheet = &out->sheets[i];
		wl_list_for_each(layer, &out->lift->layers, link) {
			if (layer->key == sheet->key)
				sheet->plane_id = plane_of(layer->liftoff);
		}
		left |= sheet->plane_id == 0;
	}
	return left;
}

int compositor_lift_apply(struct compositor_output *out,
	const struct compositor_framebuffer *picture, const struct compositor_framebuffer *cursor,
	drmModeAtomicReq *req, uint32_t flags, bool *composited)
{
	struct compositor_lift *lift = out->lift;

	find_framebuffers(out);
	int err = set_layers(out, picture, cursor);
	if (err == 0)
		err = liftoff_output_apply(lift->output, req, flags);
	if (err < 0)
		return err;
	/* liftoff_output_needs_composition would count the picture itself. */
	out->cursor_refused = cursor && !plane_of(lift->cursor);
	*composited = take_planes(out) || out->cursor_refused;
	return *composited && !plane_of(lift->picture) ? -EINVAL : 0;
}

static bool shows(struct compositor_output *out, uint32_t plane_id)
{
	struct layer *layer;

	wl_list_for_each(layer, &out->lift->layers, link) {
		if (plane_of(layer->liftoff) == plane_id)
			return true;
	}
	return plane_of(out->lift->cursor) == plane_id;
}

void compositor_lift_applied(struct compositor_output *out, bool active)
{
	struct compositor_overlay *overlay;

	wl_list_for_each(overlay, &out->pipe->backend->overlays, link) {
		if (overlay->pipe == out->pipe)
			overlay->in_use = active && shows(out, overlay->plane.id);
	}
}

uint32_t compositor_lift_picture_plane(struct compositor_output *out)
{
	return plane_of(out->lift->picture);
}

uint32_t compositor_lift_cursor_plane(struct compositor_output *out)
{
	return plane_of(out->lift->cursor);
}
