#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <drm_fourcc.h>
#include <wlr/render/wlr_renderer.h>
#include <wlr/types/wlr_buffer.h>
#include <wlr/types/wlr_linux_dmabuf_v1.h>
#include <wlr/types/wlr_surface.h>

#include "linux-dmabuf-unstable-v1-protocol.h"

#include "compositor_frame.h"
#include "compositor_hint.h"
#include "compositor_log.h"
#include "gem_base.h"

struct compositor_hints {
	struct wlr_linux_dmabuf_v1 *dmabuf;
	struct wlr_renderer *renderer;
	dev_t device;
};

enum hope {
	HOPE_NONE,
	HOPE_OVERLAY, /* a part of the screen: the overlays' formats */
	HOPE_WHOLE,   /* all of it: the primary plane's, too */
};

/* What a surface was told last. */
struct hint {
	struct wlr_addon addon; /* of the surface */
	enum hope hope;
	struct compositor_pipe *pipe;
};

static void addon_destroy(struct wlr_addon *addon)
{
	struct hint *hint = gem_container_of(addon, struct hint, addon);

	wlr_addon_finish(addon);
	free(hint);
}

static const struct wlr_addon_interface addon_impl = {
	.name = "compositor_hint",
	.destroy = addon_destroy,
};

/* NULL: never told, and nothing to tell now; or no memory. */
static struct hint *hint_of(struct wlr_surface *surface, bool create)
{
	struct wlr_addon *addon = wlr_addon_find(&surface->addons, &addon_impl, &addon_impl);
	struct hint *hint;

	if (addon)
		return gem_container_of(addon, struct hint, addon);
	hint = create ? calloc(1, sizeof(*hint)) : NULL;
	if (hint)
		wlr_addon_init(&hint->addon, &surface->addons, &addon_impl, &addon_impl);
	return hint;
}

/* ---- formats ---- */

static bool has(const struct wlr_drm_format_set *set, uint32_t fourcc, uint64_t modifier)
{
	const struct wlr_drm_format *format = wlr_drm_format_set_get(set, fourcc);

	for (size_t i = 0; format && i < format->len; i++) {
		if (format->modifiers[i] == modifier)
			return true;
	}
	return false;
}

/*
 * wlroots 0.15 counts an implicit modifier before those of each format of its table, and
 * forgets that it did when it looks one up: asked for one, it tells the one before it. (And
 * one it is told twice is too many for its memory.) So it is asked for the next one. A
 * format's last one can not be told that way; the implicit one always is.
 */
static bool add_modifiers(struct wlr_drm_format_set *to, const struct wlr_drm_format_set *plane,
	const struct wlr_drm_format *format)
{
	bool ok = true, some = false;

	for (size_t i = 0; i + 1 < format->len; i++) {
		uint64_t next = format->modifiers[i + 1];
		if (next == DRM_FORMAT_MOD_INVALID ||
		    !has(plane, format->format, format->modifiers[i]))
			continue;
		some = true;
		if (!has(to, format->format, next))
			ok &= wlr_drm_format_set_add(to, format->format, next);
	}
	/* Its first one stands for the implicit one. */
	if (!some && format->len > 0 && !wlr_drm_format_set_get(to, format->format))
		ok &= wlr_drm_format_set_add(to, format->format, format->modifiers[0]);
	return ok;
}

/* A client must be able to be composited at any time: what the renderer has not is left out. */
static bool add_formats(struct wlr_drm_format_set *to, const struct wlr_drm_format_set *plane,
	const struct wlr_drm_format_set *renderer)
{
	bool ok = true;

	for (size_t i = 0; i < renderer->len; i++) {
		if (wlr_drm_format_set_get(plane, renderer->formats[i]->format))
			ok &= add_modifiers(to, plane, renderer->formats[i]);
	}
	return ok;
}

static bool collect(struct wlr_drm_format_set *to, struct compositor_pipe *pipe, enum hope hope,
	const struct wlr_drm_format_set *renderer)
{
	struct compositor_overlay *overlay;
	bool ok = true;

	if (hope == HOPE_WHOLE)
		ok &= add_formats(to, &pipe->primary.formats, renderer);
	wl_list_for_each(overlay, &pipe->backend->overlays, link) {
		if (overlay->possible_crtcs & 1u << pipe->crtc_index)
			ok &= add_formats(to, &overlay->plane.formats, renderer);
	}
	return ok;
}

static void tell(struct compositor_hints *hints, struct wlr_surface *surface,
	struct compositor_pipe *pipe, enum hope hope)
{
	const struct wlr_drm_format_set *all =
		wlr_renderer_get_dmabuf_texture_formats(hints->renderer);
	struct wlr_drm_format_set formats = {0};
	/* The last one is wlroots' fallback, and has to have the formats of all. */
	const struct wlr_linux_dmabuf_feedback_v1_tranche tranches[] = {
		{hints->device, ZWP_LINUX_DMABUF_FEEDBACK_V1_TRANCHE_FLAGS_SCANOUT, &formats},
		{hints->device, 0, all},
	};
	const struct wlr_linux_dmabuf_feedback_v1 feedback = {
		.main_device = hints->device,
		.tranches = tranches,
		.tranches_len = GEM_ARRAY_SIZE(tranches),
	};
	bool some = hope != HOPE_NONE && collect(&formats, pipe, hope, all) && formats.len > 0;

	if (!wlr_linux_dmabuf_v1_set_surface_feedback(hints->dmabuf, surface,
			some ? &feedback : NULL))
		compositor_warn("a surface could not be told of formats for planes");
	wlr_drm_format_set_finish(&formats);
}

/* ---- candidates ---- */

static bool is_whole(const struct compositor_screen *screen, const struct wlr_box *box)
{
	return box->x <= 0 && box->y <= 0 && box->x + box->width >= screen->output->width &&
		box->y + box->height >= screen->output->height;
}

/*
 * Who covers the screen; and who hands over buffers of the device already. The rest
 * would have to change its ways first, and may be small and many.
 */
static enum hope hope_of(struct compositor_screen *screen, const struct compositor_sheet *sheet)
{
	struct wlr_surface *surface = sheet->surface;
	struct wlr_client_buffer *client = surface->buffer;
	struct wlr_dmabuf_attributes attribs;

	if (!screen->server->use_planes ||
	    screen->output->transform != WL_OUTPUT_TRANSFORM_NORMAL ||
	    surface->current.transform != WL_OUTPUT_TRANSFORM_NORMAL)
		return HOPE_NONE;
	if (is_whole(screen, &sheet->box))
		return HOPE_WHOLE;
	return client && client->source && wlr_buffer_get_dmabuf(client->source, &attribs) ?
		HOPE_OVERLAY : HOPE_NONE;
}

void compositor_hints_update(struct compositor_screen *screen)
{
	struct compositor_hints *hints = screen->server->hints;
	struct compositor_output *out =
		gem_container_of(screen->output, struct compositor_output, base);

	for (unsigned i = 0; hints && i < screen->frame.count; i++) {
		const struct compositor_sheet *sheet = &screen->frame.sheets[i];
		/* On two screens at once: the one that it is on most. */
		if (!sheet->surface ||
		    wlr_scene_surface_from_node(sheet->node)->primary_output != screen->output)
			continue;
		enum hope hope = hope_of(screen, sheet);
		struct hint *hint = hint_of(sheet->surface, hope != HOPE_NONE);
		if (!hint || (hint->hope == hope && hint->pipe == out->pipe))
			continue;
		hint->hope = hope;
		hint->pipe = out->pipe;
		tell(hints, sheet->surface, out->pipe, hope);
	}
}

/* ---- coming and going ---- */

int compositor_hints_create(struct compositor_server *server, struct compositor_hints **out)
{
	struct compositor_hints *hints = calloc(1, sizeof(*hints));
	struct stat stat;

	if (!hints)
		return -ENOMEM;
	if (fstat(wlr_renderer_get_drm_fd(server->render.renderer), &stat) != 0) {
		free(hints);
		return -ENODEV;
	}
	hints->dmabuf = server->render.dmabuf;
	hints->renderer = server->render.renderer;
	hints->device = stat.st_rdev;
	*out = hints;
	return 0;
}

void compositor_hints_destroy(struct compositor_hints *hints)
{
	free(hints);
}
