/* `testcardctl planes` */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "gem_base.h"

#include "compositor_frame.h"

static const char *separate(bool *first)
{
	const char *separator = *first ? "" : ",";

	*first = false;
	return separator;
}

/* Whose surface it is; every member that a client has chosen is quoted. */
static void print_surface(struct compositor_server *server, struct wlr_surface *surface, FILE *out)
{
	const struct compositor_usage *usage = compositor_usage_of(surface, false);
	struct compositor_view *view = compositor_view_of(server, surface);
	const struct compositor_usage none = {0};
	pid_t pid;

	if (!usage)
		usage = &none;
	wl_client_get_credentials(wl_resource_get_client(surface->resource), &pid, NULL, NULL);
	fprintf(out, "\"pid\":%d,\"surface\":%u", (int)pid, wl_resource_get_id(surface->resource));
	if (view) {
		fputs(",\"app_id\":", out);
		control_json_string(out, compositor_view_app_id(view));
		fputs(",\"title\":", out);
		control_json_string(out, compositor_view_title(view));
	}
	fprintf(out, ",\"scanned_frames\":%" PRIu64 ",\"composited_frames\":%" PRIu64
		",\"copied_bytes\":%" PRIu64, usage->scanned, usage->composited, usage->bytes);
}

static void print_fb(const struct compositor_framebuffer *fb, FILE *out)
{
	fprintf(out, "\"fb\":%u,\"format\":\"%.4s\",\"modifier\":%" PRIu64
		",\"buffer_width\":%d,\"buffer_height\":%d", fb->id, (const char *)&fb->format,
		fb->modifier, fb->buffer->width, fb->buffer->height);
}

static void print_box(const struct wlr_box *box, FILE *out)
{
	fprintf(out, "\"x\":%d,\"y\":%d,\"width\":%d,\"height\":%d", box->x, box->y, box->width,
		box->height);
}

static const struct compositor_sheet *find_live(const struct compositor_frame *frame,
	const void *key)
{
	for (unsigned i = 0; i < frame->count; i++) {
		if (frame->sheets[i].key == key)
			return &frame->sheets[i];
	}
	return NULL;
}

/* One that shows a buffer of our own. */
static void print_own(struct compositor_output *out, uint32_t plane_id, const char *what,
	struct wlr_buffer *buffer, const struct wlr_box *box, bool *first, FILE *to)
{
	struct compositor_framebuffer *fb = plane_id && buffer ?
		compositor_framebuffer_get(out->pipe->backend, buffer) : NULL;

	if (!fb)
		return;
	fprintf(to, "%s{\"plane\":%u,\"shows\":\"%s\",", separate(first), plane_id, what);
	print_fb(fb, to);
	fputs(",", to);
	print_box(box, to);
	fputs("}", to);
}

/* A sheet of the last frame is followed only when what it was made of is there still. */
static void print_planes(struct compositor_screen *screen, struct compositor_output *out, FILE *to)
{
	const struct wlr_box all = {0, 0, screen->output->width, screen->output->height};
	struct wlr_box cursor = {out->cursor.x - out->cursor.hotspot_x,
		out->cursor.y - out->cursor.hotspot_y, 0, 0};
	bool first = true;

	if (out->cursor.buffer) {
		cursor.width = out->cursor.buffer->width;
		cursor.height = out->cursor.buffer->height;
	}
	print_own(out, compositor_lift_picture_plane(out), "composition", out->composed, &all, &first,
		to);
	for (unsigned i = 0; i < screen->frame.shown_count; i++) {
		const struct compositor_sheet *shown = &screen->frame.shown[i];
		const struct compositor_sheet *sheet = find_live(&screen->frame, shown->key);
		struct compositor_framebuffer *fb = sheet && sheet->surface && sheet->buffer ?
			compositor_framebuffer_get(out->pipe->backend, sheet->buffer) : NULL;
		if (!fb)
			continue;
		fprintf(to, "%s{\"plane\":%u,\"shows\":\"client\",", separate(&first),
			shown->plane_id);
		print_fb(fb, to);
		fputs(",", to);
		print_box(&shown->box, to);
		fprintf(to, ",\"source\":[%g,%g,%g,%g],", shown->source.x, shown->source.y,
			shown->source.width, shown->source.height);
		print_surface(screen->server, sheet->surface, to);
		fputs("}", to);
	}
	print_own(out, compositor_lift_cursor_plane(out), "cursor", out->cursor.buffer, &cursor, &first,
		to);
}

static void print_surfaces(struct compositor_screen *screen, FILE *out)
{
	bool first = true;

	for (unsigned i = 0; i < screen->frame.count; i++) {
		const struct compositor_sheet *sheet = &screen->frame.sheets[i];
		if (!sheet->surface)
			continue;
		fprintf(out, "%s{", separate(&first));
		print_surface(screen->server, sheet->surface, out);
		fputs(",", out);
		print_box(&sheet->box, out);
		fputs("}", out);
	}
}

void compositor_report_planes(struct compositor_server *server, FILE *out)
{
	struct compositor_screen *screen;
	bool first = true;

	fprintf(out, "\"enabled\":%s,\"outputs\":[", server->use_planes ? "true" : "false");
	wl_list_for_each(screen, &server->screens, link) {
		struct compositor_output *output =
			gem_container_of(screen->output, struct compositor_output, base);
		fprintf(out, "%s{\"name\":", separate(&first));
		control_json_string(out, screen->output->name);
		fprintf(out, ",\"crtc\":%u,\"planes\":[", output->pipe->crtc_id);
		/* The scene as it is now: what is gone since the last frame is not in it. */
		if (screen->output->enabled && compositor_sheets_collect(screen))
			print_planes(screen, output, out);
		fputs("],\"surfaces\":[", out);
		if (screen->output->enabled)
			print_surfaces(screen, out);
		fputs("]}", out);
	}
	fputs("]", out);
}
