#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>
#include <wlr/types/wlr_buffer.h>

#include "gem_base.h"
#include "kms_plane.h"
#include "uapi_debugfs.h"

#include "compositor_census.h"
#include "compositor_door.h"
#include "compositor_frame.h"

const char *compositor_buffer_kind_name(enum compositor_buffer_kind kind)
{
	static const char *const names[] = {
		[COMPOSITOR_BUFFER_NONE] = "none",
		[COMPOSITOR_BUFFER_SHM] = "shm",
		[COMPOSITOR_BUFFER_FLINK] = "flink",
		[COMPOSITOR_BUFFER_DMABUF] = "dma-buf",
	};

	return names[kind];
}

/* ---- names that buffers came by ---- */

struct named {
	struct wlr_addon addon;
	uint32_t name;
};

static void named_destroy(struct wlr_addon *addon)
{
	struct named *named = gem_container_of(addon, struct named, addon);

	wlr_addon_finish(addon);
	free(named);
}

static const struct wlr_addon_interface named_impl = {
	.name = "compositor_census_name",
	.destroy = named_destroy,
};

void compositor_census_set_name(struct wlr_buffer *buffer, uint32_t name)
{
	struct named *named = calloc(1, sizeof(*named));

	if (!named)
		return; /* it is a dma-buf in reports then */
	named->name = name;
	wlr_addon_init(&named->addon, &buffer->addons, &named_impl, &named_impl);
}

static uint32_t name_of(struct wlr_buffer *buffer)
{
	struct wlr_addon *addon = wlr_addon_find(&buffer->addons, &named_impl, &named_impl);

	return addon ? gem_container_of(addon, struct named, addon)->name : 0;
}

/* ---- one surface ---- */

static void describe_shm(struct compositor_census_surface *out, struct wlr_buffer *source)
{
	uint32_t format;
	size_t stride;
	void *data;

	out->kind = COMPOSITOR_BUFFER_SHM;
	if (!source || !wlr_buffer_begin_data_ptr_access(source,
			WLR_BUFFER_DATA_PTR_ACCESS_READ, &data, &format, &stride))
		return;
	out->format = format;
	wlr_buffer_end_data_ptr_access(source);
}

static void describe_buffer(struct compositor_census_surface *out,
	struct wlr_client_buffer *client)
{
	struct wlr_dmabuf_attributes attribs;

	out->modifier = DRM_FORMAT_MOD_INVALID;
	if (!client)
		return;
	out->width = client->base.width;
	out->height = client->base.height;
	if (!client->source || !wlr_buffer_get_dmabuf(client->source, &attribs)) {
		describe_shm(out, client->source);
		return;
	}
	out->name = name_of(client->source);
	out->kind = out->name ? COMPOSITOR_BUFFER_FLINK : COMPOSITOR_BUFFER_DMABUF;
	out->format = attribs.format;
	out->modifier = attribs.modifier;
	out->has_object = uapi_census_take_dma_buf(attribs.fd[0], &out->object) == 0;
}

/* buffer: what the plane reads; NULL = not known. */
static void describe_plane(struct compositor_census_surface *out, struct compositor_output *output,
	uint32_t plane_id, struct wlr_buffer *buffer)
{
	const struct uapi_device *card = compositor_door_card();
	struct compositor_framebuffer *fb;

	out->plane_id = plane_id;
	for (unsigned i = 0; out->plane_id && i < card->kms->plane_count; i++) {
		const struct kms_plane *plane = &card->kms->planes[i];
		if (plane->base.id != out->plane_id)
			continue;
		out->plane_index = plane->index;
		out->plane_type = kms_plane_type_name(plane->type);
	}
	if (!out->plane_id || !buffer)
		return;
	fb = compositor_framebuffer_get(output->pipe->backend, buffer);
	out->fb_id = fb ? fb->id : 0;
}

static void describe_client(struct compositor_census_surface *out,
	struct compositor_server *server, struct wlr_surface *surface)
{
	const struct compositor_usage *usage = compositor_usage_of(surface, false);
	struct compositor_view *view = compositor_view_of(server, surface);

	wl_client_get_credentials(wl_resource_get_client(surface->resource), &out->pid, NULL, NULL);
	uapi_debugfs_comm(out->pid, out->process);
	out->surface = wl_resource_get_id(surface->resource);
	if (view) {
		snprintf(out->app_id, sizeof(out->app_id), "%s", compositor_view_app_id(view));
		snprintf(out->title, sizeof(out->title), "%s", compositor_view_title(view));
	}
	if (usage) {
		out->scanned_frames = usage->scanned;
		out->composited_frames = usage->composited;
		out->copied_bytes = usage->bytes;
	}
}

/* ---- all of them ---- */

/* One more at the end, zeroed but for what the caller keeps; NULL = no memory. */
static void *grow(void **array, unsigned count, unsigned *room, size_t size)
{
	if (count == *room) {
		unsigned wanted = *room ? 2 * *room : 8;
		char *larger = realloc(*array, wanted * size);
		if (!larger)
			return NULL;
		memset(larger + *room * size, 0, (wanted - *room) * size);
		*array = larger;
		*room = wanted;
	}
	return (char *)*array + count * size;
}

/* NULL = no memory. */
static struct compositor_census_surface *add_surface(struct compositor_census_output *out,
	struct compositor_server *server, struct wlr_surface *surface, const struct wlr_box *box)
{
	struct compositor_census_surface *added =
		grow((void **)&out->surfaces, out->count, &out->room, sizeof(*added));

	if (!added)
		return NULL;
	*added = (struct compositor_census_surface){.box = *box};
	describe_client(added, server, surface);
	describe_buffer(added, surface->buffer);
	out->count++;
	return added;
}

static uint32_t plane_of(const struct compositor_frame *frame, const struct compositor_sheet *sheet)
{
	for (unsigned i = 0; i < frame->shown_count; i++) {
		if (frame->shown[i].key == sheet->key)
			return frame->shown[i].plane_id;
	}
	return 0;
}

static bool take_surfaces(struct compositor_screen *screen, struct compositor_census_output *out)
{
	struct compositor_output *output =
		gem_container_of(screen->output, struct compositor_output, base);
	const struct compositor_frame *frame = &screen->frame;

	for (unsigned i = 0; i < frame->count; i++) {
		const struct compositor_sheet *sheet = &frame->sheets[i];
		struct compositor_census_surface *added;

		if (!sheet->surface)
			continue;
		added = add_surface(out, screen->server, sheet->surface, &sheet->box);
		if (!added)
			return false;
		describe_plane(added, output, plane_of(frame, sheet), sheet->buffer);
	}
	return true;
}

/* What clients have set; the compositor's own is nobody's surface. */
static bool take_cursors(struct compositor_screen *screen, struct compositor_census_output *out)
{
	struct compositor_output *output =
		gem_container_of(screen->output, struct compositor_output, base);
	struct wlr_output_cursor *cursor;

	wl_list_for_each(cursor, &screen->output->cursors, link) {
		const struct wlr_box box = {floor(cursor->x) - cursor->hotspot_x,
			floor(cursor->y) - cursor->hotspot_y, cursor->width, cursor->height};
		struct compositor_census_surface *added;

		if (!cursor->enabled || !cursor->visible || !cursor->surface)
			continue;
		added = add_surface(out, screen->server, cursor->surface, &box);
		if (!added)
			return false;
		added->is_cursor = true;
		if (cursor == screen->output->hardware_cursor)
			describe_plane(added, output, out->cursor_plane, output->cursor.buffer);
	}
	return true;
}

static bool take_output(struct compositor_screen *screen, struct compositor_census_output *out)
{
	struct compositor_output *output =
		gem_container_of(screen->output, struct compositor_output, base);

	out->name = screen->output->name;
	out->crtc_id = output->pipe->crtc_id;
	out->crtc_index = output->pipe->crtc_index;
	out->width = screen->output->width;
	out->height = screen->output->height;
	out->picture_plane = out->cursor_plane = 0;
	out->count = 0;
	if (!screen->output->enabled)
		return true;
	out->picture_plane = output->composed ? compositor_lift_picture_plane(output) : 0;
	out->cursor_plane = output->cursor.buffer ? compositor_lift_cursor_plane(output) : 0;
	return compositor_sheets_collect(screen) && take_surfaces(screen, out) &&
		take_cursors(screen, out);
}

bool compositor_census_take(struct compositor_server *server, struct compositor_census *census)
{
	struct compositor_screen *screen;

	census->count = 0;
	census->copied_bytes = server->copied_bytes;
	wl_list_for_each(screen, &server->screens, link) {
		struct compositor_census_output *out = grow((void **)&census->outputs,
			census->count, &census->room, sizeof(*out));
		if (!out || !take_output(screen, out)) {
			census->count = 0;
			return false;
		}
		census->count++;
	}
	return true;
}

void compositor_census_finish(struct compositor_census *census)
{
	for (unsigned i = 0; i < census->room; i++)
		free(census->outputs[i].surfaces);
	free(census->outputs);
	*census = (struct compositor_census){0};
}
