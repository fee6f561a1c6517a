#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>
#include <wlr/interfaces/wlr_output.h>
#include <wlr/render/wlr_texture.h>
#include <wlr/types/wlr_buffer.h>
#include <wlr/types/wlr_output_damage.h>

#include "control.h"

#include "compositor_allocator.h"
#include "compositor_census.h"
#include "compositor_frame.h"
#include "compositor_inspect_draw.h"
#include "compositor_log.h"

enum {
	INTERVAL_MS = 150,
	BUFFERS = 3,   /* one shown, one on its way, one to draw in */
	LABELS_MAX = 32,
};

/* What lies over one screen. */
struct overlay {
	struct wl_list link; /* compositor_inspect.overlays */
	struct compositor_screen *screen; /* compared, followed only when it is in the server's list */
	struct wlr_buffer *buffers[BUFFERS];
	struct wlr_scene_buffer *node; /* NULL = nothing was drawn yet */
	struct compositor_inspect_strip strip;
	struct wlr_box strip_box;
	struct compositor_inspect_spot spots[LABELS_MAX];
	struct compositor_inspect_text texts[LABELS_MAX];
	uint32_t colours[LABELS_MAX], surfaces[LABELS_MAX];
	pid_t pids[LABELS_MAX];
	unsigned count, missing; /* labels; of them without a place */
	bool seen;
};

struct compositor_inspect {
	struct compositor_server *server;
	struct compositor_census census;
	struct wl_event_source *timer;
	struct wl_list overlays;
	struct wlr_drm_format *format; /* ARGB8888, linear */
	bool on;
};

/* ---- overlays ---- */

static void drop_buffers(struct overlay *overlay)
{
	for (unsigned i = 0; i < BUFFERS; i++) {
		if (overlay->buffers[i])
			wlr_buffer_drop(overlay->buffers[i]);
		overlay->buffers[i] = NULL;
	}
}

static void overlay_destroy(struct overlay *overlay)
{
	if (overlay->node)
		wlr_scene_node_destroy(&overlay->node->node);
	drop_buffers(overlay);
	wl_list_remove(&overlay->link);
	free(overlay->strip.events);
	free(overlay);
}

static struct overlay *obtain_overlay(struct compositor_inspect *inspect,
	struct compositor_screen *screen)
{
	struct overlay *overlay;

	wl_list_for_each(overlay, &inspect->overlays, link) {
		if (overlay->screen == screen)
			return overlay;
	}
	overlay = calloc(1, sizeof(*overlay));
	if (overlay)
		overlay->strip.events = calloc(GEM_TRACE_RECENT, sizeof(*overlay->strip.events));
	if (!overlay || !overlay->strip.events) {
		free(overlay);
		return NULL;
	}
	overlay->screen = screen;
	wl_list_insert(&inspect->overlays, &overlay->link);
	return overlay;
}

/* One that neither the scene nor the device uses; NULL = none now. */
static struct wlr_buffer *free_buffer(struct compositor_inspect *inspect, struct overlay *overlay,
	int width, int height)
{
	for (unsigned i = 0; i < BUFFERS; i++) {
		struct wlr_buffer **buffer = &overlay->buffers[i];

		/* Of another mode. Who still shows it keeps it. */
		if (*buffer && ((*buffer)->width != width || (*buffer)->height != height)) {
			wlr_buffer_drop(*buffer);
			*buffer = NULL;
		}
		if (!*buffer)
			*buffer = wlr_allocator_create_buffer(inspect->server->render.allocator, width,
				height, inspect->format);
		if (*buffer && (*buffer)->n_locks == 0)
			return *buffer;
	}
	return NULL;
}

/* ---- into the scene ---- */

static bool on_plane(const struct overlay *overlay)
{
	const struct compositor_frame *frame = &overlay->screen->frame;

	for (unsigned i = 0; i < frame->shown_count; i++) {
		if (frame->shown[i].node == &overlay->node->node)
			return true;
	}
	return false;
}

/*
 * wlroots 0.15 has no other picture for a node that is there. A new node would be damage
 * to all below it, which is composited again then, and a new search for a plane.
 */
static void change_buffer(struct overlay *overlay, struct wlr_buffer *buffer)
{
	struct wlr_scene_buffer *node = overlay->node;

	wlr_buffer_unlock(node->buffer);
	node->buffer = wlr_buffer_lock(buffer);
	if (on_plane(overlay))
		wlr_output_update_needs_frame(overlay->screen->output);
	else
		wlr_output_damage_whole(overlay->screen->output);
}

static void show(struct compositor_inspect *inspect, struct overlay *overlay,
	struct wlr_buffer *buffer)
{
	struct wlr_output *output = overlay->screen->output;
	struct wlr_box *place = wlr_output_layout_get_box(inspect->server->layout, output);
	/* wlroots 0.15 would make it as it draws, and asserts that nobody does then. */
	struct wlr_texture *texture = place ?
		wlr_texture_from_buffer(inspect->server->render.renderer, buffer) : NULL;

	if (!texture)
		return;
	if (!overlay->node) {
		overlay->node = wlr_scene_buffer_create(
			&inspect->server->layers[COMPOSITOR_LAYER_INSPECT]->node, buffer);
		if (!overlay->node) {
			wlr_texture_destroy(texture);
			return;
		}
	} else {
		change_buffer(overlay, buffer);
	}
	wlr_texture_destroy(overlay->node->texture);
	overlay->node->texture = texture;
	wlr_scene_node_set_position(&overlay->node->node, place->x, place->y);
	if (output->scale != 1 || output->transform != WL_OUTPUT_TRANSFORM_NORMAL)
		wlr_scene_buffer_set_dest_size(overlay->node, place->width, place->height);
}

/* ---- what it says ---- */

/* False, and for how many others its label stands; true: another one's stands for it. */
static bool is_spoken_for(const struct compositor_census_output *output,
	const struct compositor_census_surface *surface, unsigned *extras)
{
	for (unsigned i = 0; i < output->count; i++) {
		if (compositor_inspect_stands_for(&output->surfaces[i], surface))
			return true;
		*extras += compositor_inspect_stands_for(surface, &output->surfaces[i]);
	}
	return false;
}

static void take_labels(struct overlay *overlay, const struct compositor_census_output *output)
{
	overlay->count = 0;
	memset(overlay->texts, 0, sizeof(overlay->texts));
	/* The uppermost ones choose their places first, and are the first to have one. */
	for (unsigned i = output->count; i-- > 0 && overlay->count < LABELS_MAX;) {
		const struct compositor_census_surface *surface = &output->surfaces[i];
		unsigned extras = 0, at = overlay->count;

		if (surface->is_cursor || is_spoken_for(output, surface, &extras))
			continue;
		overlay->count++;
		compositor_inspect_describe(output, surface, extras, &overlay->texts[at]);
		overlay->colours[at] = compositor_inspect_colour(surface);
		overlay->surfaces[at] = surface->surface;
		overlay->pids[at] = surface->pid;
		overlay->spots[at] = (struct compositor_inspect_spot){.about = surface->box};
	}
}

static void place_labels(struct overlay *overlay, cairo_t *cr, double font, int width, int height)
{
	for (unsigned i = 0; i < overlay->count; i++)
		compositor_inspect_measure(cr, font, &overlay->texts[i], &overlay->spots[i].width,
			&overlay->spots[i].height);
	overlay->missing = compositor_inspect_place(width, height, &overlay->strip_box,
		overlay->spots, overlay->count);
}

static void paint(struct overlay *overlay, cairo_t *cr, unsigned crtc_index, uint64_t now_ns)
{
	const struct wlr_output *output = overlay->screen->output;
	double font = compositor_inspect_font(output->height);
	char title[64];

	compositor_inspect_strip_box(&overlay->strip, font, output->width, output->height,
		&overlay->strip_box);
	place_labels(overlay, cr, font, output->width, output->height);
	for (unsigned i = overlay->count; i-- > 0;)
		compositor_inspect_draw_outline(cr, &overlay->spots[i].about, overlay->colours[i]);
	for (unsigned i = 0; i < overlay->count; i++) {
		if (overlay->spots[i].box.width > 0)
			compositor_inspect_draw_label(cr, font, &overlay->spots[i],
				&overlay->texts[i], overlay->colours[i]);
	}
	snprintf(title, sizeof(title), "%s %dx%d", output->name, output->width, output->height);
	compositor_inspect_strip_draw(&overlay->strip, cr, font, &overlay->strip_box, title,
		crtc_index, now_ns);
}

/* False = no memory. */
static bool draw(struct overlay *overlay, struct wlr_buffer *buffer, unsigned crtc_index,
	uint64_t now_ns)
{
	uint32_t format;
	size_t stride;
	void *data;

	if (!wlr_buffer_begin_data_ptr_access(buffer, WLR_BUFFER_DATA_PTR_ACCESS_WRITE, &data,
			&format, &stride))
		return false;
	memset(data, 0, stride * buffer->height);
	cairo_surface_t *surface = cairo_image_surface_create_for_data(data, CAIRO_FORMAT_ARGB32,
		buffer->width, buffer->height, stride);
	cairo_t *cr = cairo_create(surface);
	paint(overlay, cr, crtc_index, now_ns);
	bool ok = cairo_status(cr) == CAIRO_STATUS_SUCCESS;
	cairo_destroy(cr);
	cairo_surface_destroy(surface);
	wlr_buffer_end_data_ptr_access(buffer);
	return ok;
}

/* ---- keeping it true ---- */

static void refresh(struct compositor_inspect *inspect, struct compositor_screen *screen,
	const struct compositor_census_output *output)
{
	struct overlay *overlay = obtain_overlay(inspect, screen);
	struct compositor_inspect_text before[LABELS_MAX];
	char pointer[COMPOSITOR_INSPECT_LINE];
	struct compositor_inspect_spot spots[LABELS_MAX];
	struct wlr_buffer *buffer;
	uint64_t now_ns = gem_trace_now();
	unsigned count;

	if (!overlay)
		return;
	overlay->seen = true;
	/* None is free or there is no memory: the next time, and till then it says what is drawn. */
	buffer = free_buffer(inspect, overlay, screen->output->width, screen->output->height);
	if (!buffer)
		return;
	count = overlay->count;
	memcpy(before, overlay->texts, sizeof(before));
	memcpy(spots, overlay->spots, sizeof(spots));
	take_labels(overlay, output);
	memcpy(pointer, overlay->strip.pointer, sizeof(pointer));
	compositor_inspect_describe_pointer(output, overlay->strip.pointer);
	bool changed = !overlay->node || count != overlay->count ||
		memcmp(before, overlay->texts, sizeof(before)) != 0 ||
		strcmp(pointer, overlay->strip.pointer) != 0;
	for (unsigned i = 0; i < count && !changed; i++)
		changed = memcmp(&spots[i].about, &overlay->spots[i].about,
			sizeof(spots[i].about)) != 0;
	changed |= compositor_inspect_strip_changed(&overlay->strip, now_ns);
	if (!changed)
		memcpy(overlay->spots, spots, sizeof(spots));
	else if (draw(overlay, buffer, output->crtc_index, now_ns))
		show(inspect, overlay, buffer);
}

static void update(struct compositor_inspect *inspect)
{
	struct overlay *overlay, *next;
	struct compositor_screen *screen;
	unsigned i = 0;

	if (!compositor_census_take(inspect->server, &inspect->census))
		return;
	wl_list_for_each(overlay, &inspect->overlays, link)
		overlay->seen = false;
	wl_list_for_each(screen, &inspect->server->screens, link) {
		if (screen->output->enabled && i < inspect->census.count)
			refresh(inspect, screen, &inspect->census.outputs[i]);
		i++;
	}
	wl_list_for_each_safe(overlay, next, &inspect->overlays, link) {
		if (!overlay->seen)
			overlay_destroy(overlay);
	}
}

static int handle_timer(void *data)
{
	struct compositor_inspect *inspect = data;

	if (!inspect->on)
		return 0;
	update(inspect);
	wl_event_source_timer_update(inspect->timer, INTERVAL_MS);
	return 0;
}

void compositor_inspect_set(struct compositor_inspect *inspect, bool on)
{
	struct overlay *overlay, *next;

	if (inspect->on == on)
		return;
	inspect->on = on;
	wl_event_source_timer_update(inspect->timer, on ? INTERVAL_MS : 0);
	if (on) {
		update(inspect);
		return;
	}
	wl_list_for_each_safe(overlay, next, &inspect->overlays, link)
		overlay_destroy(overlay);
}

bool compositor_inspect_is_on(const struct compositor_inspect *inspect)
{
	return inspect->on;
}

/* ---- reports ---- */

static void print_label(const struct overlay *overlay, unsigned i, FILE *out)
{
	const struct wlr_box *box = &overlay->spots[i].box, *about = &overlay->spots[i].about;

	fprintf(out, "{\"pid\":%d,\"surface\":%u,\"about\":[%d,%d,%d,%d],\"box\":",
		(int)overlay->pids[i], overlay->surfaces[i], about->x, about->y, about->width,
		about->height);
	if (box->width > 0)
		fprintf(out, "[%d,%d,%d,%d]", box->x, box->y, box->width, box->height);
	else
		fputs("null", out);
	fputs(",\"lines\":[", out);
	for (unsigned line = 0; line < overlay->texts[i].count; line++) {
		fputs(line ? "," : "", out);
		control_json_string(out, overlay->texts[i].lines[line]);
	}
	fputs("]}", out);
}

static void print_overlay(struct overlay *overlay, FILE *out)
{
	const struct wlr_box *strip = &overlay->strip_box;

	fputs("{\"name\":", out);
	control_json_string(out, overlay->screen->output->name);
	fprintf(out, ",\"on_plane\":%s,\"strip\":[%d,%d,%d,%d],\"flips\":%u,\"without_place\":%u,"
		"\"pointer\":", on_plane(overlay) ? "true" : "false", strip->x, strip->y,
		strip->width, strip->height, overlay->strip.flips, overlay->missing);
	control_json_string(out, overlay->strip.pointer);
	fputs(",\"labels\":[", out);
	for (unsigned i = 0; i < overlay->count; i++) {
		fputs(i ? "," : "", out);
		print_label(overlay, i, out);
	}
	fputs("]}", out);
}

void compositor_inspect_print(struct compositor_inspect *inspect, FILE *out)
{
	struct compositor_screen *screen;
	struct overlay *overlay;
	const char *separator = "";

	fprintf(out, "\"on\":%s,\"outputs\":[", inspect->on ? "true" : "false");
	wl_list_for_each(screen, &inspect->server->screens, link) {
		wl_list_for_each(overlay, &inspect->overlays, link) {
			if (overlay->screen != screen || !overlay->node)
				continue;
			fputs(separator, out);
			print_overlay(overlay, out);
			separator = ",";
		}
	}
	fputs("]", out);
}

/* ---- the whole ---- */

int compositor_inspect_create(struct compositor_server *server, struct compositor_inspect **out)
{
	struct compositor_inspect *inspect = calloc(1, sizeof(*inspect));

	if (!inspect)
		return -ENOMEM;
	inspect->server = server;
	wl_list_init(&inspect->overlays);
	inspect->timer = wl_event_loop_add_timer(wl_display_get_event_loop(server->display),
		handle_timer, inspect);
	inspect->format = calloc(1, sizeof(*inspect->format) + sizeof(uint64_t));
	if (!inspect->timer || !inspect->format) {
		compositor_inspect_destroy(inspect);
		return -ENOMEM;
	}
	*inspect->format = (struct wlr_drm_format){DRM_FORMAT_ARGB8888, .len = 1, .capacity = 1};
	inspect->format->modifiers[0] = DRM_FORMAT_MOD_LINEAR;
	*out = inspect;
	return 0;
}

void compositor_inspect_destroy(struct compositor_inspect *inspect)
{
	if (!inspect)
		return;
	compositor_inspect_set(inspect, false);
	if (inspect->timer)
		wl_event_source_remove(inspect->timer);
	free(inspect->format);
	compositor_census_finish(&inspect->census);
	free(inspect);
}
