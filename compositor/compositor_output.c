#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>
#include <xf86drm.h>

#include "compositor_backend.h"
#include "compositor_lift.h"
#include "compositor_log.h"
#include "gem_base.h"
#include "kms_mode.h"

static struct compositor_output *output_from(struct wlr_output *base)
{
	return gem_container_of(base, struct compositor_output, base);
}

/* ---- modes ---- */

static int32_t refresh_mhz(const drmModeModeInfo *info)
{
	uint64_t period = kms_mode_period_ns((const struct drm_mode_modeinfo *)info);

	return period ? (1000000000000ull + period / 2) / period : 0;
}

static struct compositor_mode *find_mode(struct wl_list *list, const drmModeModeInfo *info)
{
	struct compositor_mode *mode;

	wl_list_for_each(mode, list, base.link) {
		if (kms_mode_equal((const struct drm_mode_modeinfo *)&mode->info,
				(const struct drm_mode_modeinfo *)info))
			return mode;
	}
	return NULL;
}

static struct compositor_mode *new_mode(const drmModeModeInfo *info)
{
	struct compositor_mode *mode = calloc(1, sizeof(*mode));

	if (!mode)
		return NULL;
	mode->info = *info;
	mode->base.width = info->hdisplay;
	mode->base.height = info->vdisplay;
	mode->base.refresh = refresh_mhz(info);
	wl_list_init(&mode->base.link);
	return mode;
}

/* From the list or the retired ones (which it leaves), or new. */
static struct compositor_mode *obtain_mode(struct compositor_output *out,
	const drmModeModeInfo *info)
{
	struct compositor_mode *mode = find_mode(&out->base.modes, info);

	if (!mode)
		mode = find_mode(&out->retired_modes, info);
	return mode ? mode : new_mode(info);
}

struct compositor_mode *compositor_output_mode(struct compositor_output *out,
	const drmModeModeInfo *info)
{
	struct compositor_mode *mode = find_mode(&out->base.modes, info);

	if (mode)
		return mode;
	if (wl_list_length(&out->base.modes) >= COMPOSITOR_MODES_MAX)
		return NULL;
	mode = obtain_mode(out, info);
	if (mode) {
		wl_list_remove(&mode->base.link);
		wl_list_insert(out->base.modes.prev, &mode->base.link);
		mode->base.preferred = false;
		wl_signal_emit(&out->pipe->backend->mode_added, &out->base);
	}
	return mode;
}

bool compositor_output_update_modes(struct compositor_output *out,
	const drmModeConnector *connector)
{
	struct wl_list fresh, *old = &out->base.modes;
	struct wlr_output_mode *last = NULL;
	bool changed = false;

	out->base.phys_width = connector->mmWidth;
	out->base.phys_height = connector->mmHeight;
	wl_list_init(&fresh);
	for (int i = 0; i < connector->count_modes; i++) {
		const drmModeModeInfo *info = &connector->modes[i];
		struct compositor_mode *mode = find_mode(&fresh, info);
		if (mode)
			continue;
		bool known = find_mode(old, info) != NULL;
		bool preferred = info->type & DRM_MODE_TYPE_PREFERRED;
		mode = obtain_mode(out, info);
		if (!mode)
			break;
		changed |= !known || mode->base.preferred != preferred;
		mode->base.preferred = preferred;
		wl_list_remove(&mode->base.link);
		wl_list_insert(fresh.prev, &mode->base.link);
	}
	/* The running mode stays on offer until another one runs. */
	if (out->base.current_mode && !wl_list_empty(old)) {
		struct wlr_output_mode *mode;
		wl_list_for_each(mode, old, link)
			last = mode == out->base.current_mode ? mode : last;
	}
	if (last) {
		changed |= last->preferred;
		last->preferred = false;
		wl_list_remove(&last->link);
		wl_list_insert(fresh.prev, &last->link);
	}
	changed |= !wl_list_empty(old);
	wl_list_insert_list(&out->retired_modes, old);
	wl_list_init(old);
	wl_list_insert_list(old, &fresh);
	return changed;
}

static void free_modes(struct wl_list *list)
{
	struct compositor_mode *mode, *next;

	wl_list_for_each_safe(mode, next, list, base.link) {
		wl_list_remove(&mode->base.link);
		free(mode);
	}
}

/* ---- what wlroots asks of an output ---- */

static bool output_set_cursor(struct wlr_output *base, struct wlr_buffer *buffer, int hotspot_x,
	int hotspot_y)
{
	struct compositor_output *out = output_from(base);
	struct compositor_backend *backend = out->pipe->backend;

	if (!out->pipe->cursor.id)
		return false;
	if (buffer && (buffer->width != backend->cursor_width ||
			buffer->height != backend->cursor_height ||
			!compositor_framebuffer_get(backend, buffer)))
		return false;
	struct wlr_buffer *old = out->cursor.buffer;
	out->cursor.buffer = buffer ? wlr_buffer_lock(buffer) : NULL;
	if (old)
		wlr_buffer_unlock(old);
	out->cursor.hotspot_x = hotspot_x;
	out->cursor.hotspot_y = hotspot_y;
	wlr_output_update_needs_frame(base);
	return true;
}

static bool output_move_cursor(struct wlr_output *base, int x, int y)
{
	struct compositor_output *out = output_from(base);

	if (!out->pipe->cursor.id)
		return false;
	if (out->cursor.x == x && out->cursor.y == y)
		return true;
	out->cursor.x = x;
	out->cursor.y = y;
	/* The next commit carries it; without damage it redraws nothing. */
	if (out->cursor.buffer)
		wlr_output_update_needs_frame(base);
	return true;
}

static bool output_test(struct wlr_output *base)
{
	return compositor_commit_test(output_from(base));
}

static bool output_commit(struct wlr_output *base)
{
	return compositor_commit_run(output_from(base));
}

static void output_destroy(struct wlr_output *base)
{
	struct compositor_output *out = output_from(base);

	compositor_commit_off(out);
	if (out->gamma_blob)
		drmModeDestroyPropertyBlob(out->pipe->backend->fd, out->gamma_blob);
	if (out->cursor.buffer)
		wlr_buffer_unlock(out->cursor.buffer);
	free_modes(&base->modes);
	free_modes(&out->retired_modes);
	compositor_lift_destroy(out);
	out->pipe->output = NULL;
	compositor_lift_share(out->pipe->backend);
	free(out);
}

static const struct wlr_drm_format_set *output_get_cursor_formats(struct wlr_output *base,
	uint32_t buffer_caps)
{
	const struct compositor_plane *plane = &output_from(base)->pipe->cursor;

	return plane->id && buffer_caps & WLR_BUFFER_CAP_DMABUF ? &plane->formats : NULL;
}

static void output_get_cursor_size(struct wlr_output *base, int *width, int *height)
{
	struct compositor_backend *backend = output_from(base)->pipe->backend;

	*width = backend->cursor_width;
	*height = backend->cursor_height;
}

static const struct wlr_drm_format_set *output_get_primary_formats(struct wlr_output *base,
	uint32_t buffer_caps)
{
	return buffer_caps & WLR_BUFFER_CAP_DMABUF ?
		&output_from(base)->pipe->primary.formats : NULL;
}

static size_t output_get_gamma_size(struct wlr_output *base)
{
	return output_from(base)->pipe->gamma_size;
}

static const struct wlr_output_impl output_impl = {
	.get_gamma_size = output_get_gamma_size,
	.set_cursor = output_set_cursor,
	.move_cursor = output_move_cursor,
	.destroy = output_destroy,
	.test = output_test,
	.commit = output_commit,
	.get_cursor_formats = output_get_cursor_formats,
	.get_cursor_size = output_get_cursor_size,
	.get_primary_formats = output_get_primary_formats,
};

/* ---- life ---- */

/* Maker, model and serial as a person knows them, from a 128-byte EDID block. */
static void read_edid(struct wlr_output *base, const uint8_t *edid, size_t size)
{
	if (size < 128)
		return;
	uint16_t vendor = edid[8] << 8 | edid[9];
	for (int i = 0; i < 3; i++)
		base->make[i] = '@' + (vendor >> (10 - 5 * i) & 0x1f);
	base->make[3] = '\0';
	uint32_t serial = edid[12] | edid[13] << 8 | edid[14] << 16 | (uint32_t)edid[15] << 24;
	snprintf(base->serial, sizeof(base->serial), "%u", serial);
	for (int at = 54; at <= 108; at += 18) {
		const uint8_t *d = edid + at;
		if (d[0] || d[1] || d[3] != 0xfc)
			continue;
		unsigned len = 0;
		while (len < 13 && d[5 + len] != '\n' && d[5 + len] >= ' ')
			len++;
		snprintf(base->model, sizeof(base->model), "%.*s", len, (const char *)d + 5);
	}
}

static void describe(struct compositor_output *out, const drmModeConnector *connector)
{
	struct wlr_output *base = &out->base;
	const char *type = drmModeGetConnectorTypeName(connector->connector_type);
	char text[160];

	snprintf(text, sizeof(text), "%s-%u", type ? type : "Unknown",
		connector->connector_type_id);
	wlr_output_set_name(base, text);
	for (int i = 0; i < connector->count_props; i++) {
		if (connector->props[i] == out->pipe->props.vrr_capable)
			out->vrr_capable = connector->prop_values[i];
		if (connector->props[i] != out->pipe->props.edid || !connector->prop_values[i])
			continue;
		drmModePropertyBlobRes *blob =
			drmModeGetPropertyBlob(out->pipe->backend->fd, connector->prop_values[i]);
		if (blob)
			read_edid(base, blob->data, blob->length);
		drmModeFreePropertyBlob(blob);
	}
	snprintf(text, sizeof(text), "%s %s %s (%s)", base->make, base->model, base->serial,
		base->name);
	wlr_output_set_description(base, text);
}

int compositor_output_create(struct compositor_pipe *pipe, const drmModeConnector *connector,
	struct compositor_output **out_output)
{
	struct compositor_output *out = calloc(1, sizeof(*out));

	if (!out)
		return -ENOMEM;
	out->pipe = pipe;
	int err = compositor_lift_create(out);
	if (err < 0) {
		free(out);
		return err;
	}
	wl_list_init(&out->retired_modes);
	wlr_output_init(&out->base, &pipe->backend->base, &output_impl, pipe->backend->display);
	describe(out, connector);
	compositor_output_update_modes(out, connector);
	*out_output = out;
	return 0;
}

void compositor_output_flipped(struct compositor_output *out, unsigned sequence,
	const struct timespec *when)
{
	struct timespec time = *when;
	struct wlr_output_event_present event = {
		.commit_seq = out->flip_commit_seq,
		.presented = true,
		.when = &time,
		.seq = sequence,
		.refresh = kms_mode_period_ns((const struct drm_mode_modeinfo *)&out->info),
		.flags = WLR_OUTPUT_PRESENT_VSYNC | WLR_OUTPUT_PRESENT_HW_CLOCK |
			WLR_OUTPUT_PRESENT_HW_COMPLETION,
	};

	out->flip_pending = false;
	if (out->queued.count > 0) {
		compositor_shown_release(&out->front);
		out->front = out->queued;
		out->queued.count = 0;
	}
	wlr_output_send_present(&out->base, &event);
	if (out->pipe->backend->session->active)
		wlr_output_send_frame(&out->base);
}

void compositor_output_restore(struct compositor_output *out)
{
	struct wlr_output *base = &out->base;

	/* Someone else may have had the crtc: the next commit sets the mode again. */
	out->active = false;
	if (!base->enabled || !base->current_mode)
		return;
	base->frame_pending = false;
	wlr_output_set_mode(base, base->current_mode);
	wlr_output_enable(base, true);
	if (!wlr_output_commit(base)) {
		wlr_output_rollback(base);
		compositor_warn("output %s could not be restored", base->name);
	}
	wlr_output_damage_whole(base);
}
