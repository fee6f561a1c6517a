#include <stdlib.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <wlr/types/wlr_surface.h>
#include <xf86drm.h>

#include "compositor_allocator.h"
#include "compositor_backend.h"
#include "compositor_door.h"
#include "compositor_log.h"
#include "gem_base.h"
#include "uapi_census.h"

static void addon_destroy(struct wlr_addon *addon)
{
	compositor_framebuffer_destroy(
		gem_container_of(addon, struct compositor_framebuffer, addon));
}

static const struct wlr_addon_interface addon_impl = {
	.name = "compositor_framebuffer",
	.destroy = addon_destroy,
};

void compositor_framebuffer_destroy(struct compositor_framebuffer *fb)
{
	drmModeRmFB(fb->backend->fd, fb->id);
	wlr_addon_finish(&fb->addon);
	wl_list_remove(&fb->link);
	free(fb);
}

static int add_framebuffer(int fd, const struct wlr_dmabuf_attributes *attribs,
	const uint32_t handles[4], uint32_t *id)
{
	uint64_t modifiers[4] = {0};

	if (attribs->modifier == DRM_FORMAT_MOD_INVALID)
		return drmModeAddFB2(fd, attribs->width, attribs->height, attribs->format, handles,
			attribs->stride, attribs->offset, id, 0);
	for (int i = 0; i < attribs->n_planes; i++)
		modifiers[i] = attribs->modifier;
	return drmModeAddFB2WithModifiers(fd, attribs->width, attribs->height, attribs->format,
		handles, attribs->stride, attribs->offset, modifiers, id, DRM_MODE_FB_MODIFIERS);
}

/*
 * A buffer of someone else's comes in through PRIME. Planes may share one
 * object, which then is one handle, to be closed once; the framebuffer keeps
 * the objects.
 */
static int import_framebuffer(int fd, const struct wlr_dmabuf_attributes *attribs, uint32_t *id)
{
	uint32_t handles[4] = {0};
	int err = 0;

	for (int i = 0; i < attribs->n_planes && err == 0; i++)
		err = drmPrimeFDToHandle(fd, attribs->fd[i], &handles[i]);
	if (err == 0)
		err = add_framebuffer(fd, attribs, handles, id);
	for (int i = 0; i < attribs->n_planes; i++) {
		bool closed = handles[i] == 0;
		for (int j = 0; j < i; j++)
			closed |= handles[j] == handles[i];
		if (!closed)
			drmCloseBufferHandle(fd, handles[i]);
	}
	return err;
}

static void tell_client(struct compositor_framebuffer *fb, pid_t client)
{
	if (fb->client == client)
		return;
	fb->client = client;
	uapi_framebuffer_set_client(compositor_door_card(), fb->id, client);
}

struct compositor_framebuffer *compositor_framebuffer_get(struct compositor_backend *backend,
	struct wlr_buffer *buffer)
{
	struct wlr_addon *addon = wlr_addon_find(&buffer->addons, backend, &addon_impl);
	struct wlr_dmabuf_attributes attribs;

	if (addon)
		return gem_container_of(addon, struct compositor_framebuffer, addon);
	if (!wlr_buffer_get_dmabuf(buffer, &attribs))
		return NULL;
	struct compositor_framebuffer *fb = calloc(1, sizeof(*fb));
	if (!fb)
		return NULL;

	/*
	 * A buffer of our allocator has its handle on this very file: importing
	 * its dma-buf would give the same handle, and closing that would take it
	 * from the allocator.
	 */
	uint32_t handles[4] = {compositor_allocator_handle(buffer, backend->fd)};
	int err = handles[0] ? add_framebuffer(backend->fd, &attribs, handles, &fb->id) :
		import_framebuffer(backend->fd, &attribs, &fb->id);
	if (err != 0) {
		compositor_debug("buffer %dx%d cannot be scanned out", buffer->width,
			buffer->height);
		free(fb);
		return NULL;
	}
	fb->format = attribs.format;
	fb->modifier = attribs.modifier;
	fb->backend = backend;
	fb->buffer = buffer;
	wlr_addon_init(&fb->addon, &buffer->addons, backend, &addon_impl);
	wl_list_insert(&backend->framebuffers, &fb->link);
	/* The file is the session's, who may be another process: our own picture is ours. */
	tell_client(fb, getpid());
	return fb;
}

void compositor_framebuffer_tell_client(struct compositor_framebuffer *fb,
	struct wlr_surface *surface)
{
	pid_t client;

	wl_client_get_credentials(wl_resource_get_client(surface->resource), &client, NULL, NULL);
	tell_client(fb, client);
}
