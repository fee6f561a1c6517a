#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <wlr/render/dmabuf.h>
#include <wlr/render/drm_format_set.h>
#include <wlr/render/wlr_renderer.h>
#include <wlr/render/wlr_texture.h>
#include <xf86drm.h>

#include "wl-drm-protocol.h"

#include "compositor_census.h"
#include "compositor_exchange.h"
#include "compositor_log.h"
#include "compositor_peer.h"
#include "compositor_wl_drm.h"
#include "gem_base.h"
#include "kms_format.h"

#define VERSION 2
/* The XML, as Mesa has it, does not say. */
#define CAPABILITIES_SINCE 2

struct compositor_wl_drm {
	struct wl_display *display;
	struct wl_global *global;
	struct wlr_renderer *renderer;
	struct compositor_exchange *exchange;
	char *path; /* of the device's file, as clients open it */
};

/* ---- buffers ---- */

struct buffer {
	struct wlr_buffer base;
	struct wl_resource *resource; /* NULL once the client destroyed it */
	struct compositor_peer *peer; /* it counts among peer->buffers */
	struct wlr_dmabuf_attributes dmabuf;
	struct wl_listener release;
};

static const struct wlr_buffer_impl buffer_impl;

static struct buffer *buffer_from(struct wlr_buffer *base)
{
	return base->impl == &buffer_impl ? gem_container_of(base, struct buffer, base) : NULL;
}

static void buffer_destroy(struct wlr_buffer *base)
{
	struct buffer *buffer = buffer_from(base);

	wl_list_remove(&buffer->release.link);
	wlr_dmabuf_attributes_finish(&buffer->dmabuf);
	buffer->peer->buffers--;
	compositor_peer_put(buffer->peer);
	free(buffer);
}

static bool buffer_get_dmabuf(struct wlr_buffer *base, struct wlr_dmabuf_attributes *attribs)
{
	*attribs = buffer_from(base)->dmabuf;
	return true;
}

static const struct wlr_buffer_impl buffer_impl = {
	.destroy = buffer_destroy,
	.get_dmabuf = buffer_get_dmabuf,
};

static void handle_buffer_destroy(struct wl_client *client, struct wl_resource *resource)
{
	wl_resource_destroy(resource);
}

static const struct wl_buffer_interface buffer_requests = {.destroy = handle_buffer_destroy};

static void buffer_resource_destroyed(struct wl_resource *resource)
{
	struct buffer *buffer = wl_resource_get_user_data(resource);

	buffer->resource = NULL;
	wlr_buffer_drop(&buffer->base);
}

static bool is_our_buffer(struct wl_resource *resource)
{
	return wl_resource_instance_of(resource, &wl_buffer_interface, &buffer_requests);
}

static struct wlr_buffer *buffer_of_resource(struct wl_resource *resource)
{
	struct buffer *buffer = wl_resource_get_user_data(resource);

	return &buffer->base;
}

static const struct wlr_buffer_resource_interface resource_interface = {
	.name = "compositor_wl_drm",
	.is_instance = is_our_buffer,
	.from_resource = buffer_of_resource,
};

static void handle_release(struct wl_listener *listener, void *data)
{
	struct buffer *buffer = wl_container_of(listener, buffer, release);

	if (buffer->resource)
		wl_buffer_send_release(buffer->resource);
}

/* dmabuf and the reference to peer are the buffer's on success. */
static struct buffer *buffer_create(struct compositor_peer *peer, uint32_t id,
	const struct wlr_dmabuf_attributes *dmabuf)
{
	struct buffer *buffer = calloc(1, sizeof(*buffer));

	if (!buffer)
		return NULL;
	buffer->resource = wl_resource_create(peer->client, &wl_buffer_interface, 1, id);
	if (!buffer->resource) {
		free(buffer);
		return NULL;
	}
	buffer->dmabuf = *dmabuf;
	buffer->peer = peer;
	peer->buffers++;
	wlr_buffer_init(&buffer->base, &buffer_impl, dmabuf->width, dmabuf->height);
	wl_list_init(&buffer->release.link);
	wl_resource_set_implementation(buffer->resource, &buffer_requests, buffer,
		buffer_resource_destroyed);
	return buffer;
}

/* ---- making them ---- */

static bool is_format(const struct compositor_wl_drm *drm, uint32_t format)
{
	const struct wlr_drm_format_set *formats =
		wlr_renderer_get_dmabuf_texture_formats(drm->renderer);

	return wlr_drm_format_set_get(formats, format);
}

static void fail(struct wl_resource *resource, enum compositor_fault fault,
	const struct compositor_mention *mention)
{
	if (fault == COMPOSITOR_FAULT_MEMORY) {
		wl_client_post_no_memory(wl_resource_get_client(resource));
		return;
	}
	compositor_peer_fail(resource, fault == COMPOSITOR_FAULT_FORMAT ||
		fault == COMPOSITOR_FAULT_PLANES ? WL_DRM_ERROR_INVALID_FORMAT :
		WL_DRM_ERROR_INVALID_NAME, "%s %d: %s", mention->fd < 0 ? "flink name" :
		"descriptor", mention->fd < 0 ? (int)mention->name : mention->fd,
		compositor_fault_text(fault));
}

/* What no renderer takes is refused here, where the client can be told. */
static bool is_drawable(struct compositor_wl_drm *drm, struct buffer *buffer)
{
	struct wlr_texture *texture = wlr_texture_from_buffer(drm->renderer, &buffer->base);

	wlr_texture_destroy(texture);
	return texture;
}

static enum compositor_fault make_attributes(struct compositor_wl_drm *drm,
	struct compositor_layout *layout, const struct compositor_mention *mention,
	struct wlr_dmabuf_attributes *dmabuf)
{
	const struct compositor_mention mentions[COMPOSITOR_LAYOUT_PLANES] = {
		*mention, *mention, *mention, *mention};
	struct compositor_bo *bos[COMPOSITOR_LAYOUT_PLANES];

	if (!is_format(drm, layout->format))
		return COMPOSITOR_FAULT_FORMAT;
	enum compositor_fault fault = compositor_exchange_take(drm->exchange, layout, mentions, bos);
	if (fault)
		return fault;
	if (!compositor_exchange_describe(layout, bos, dmabuf))
		fault = COMPOSITOR_FAULT_MEMORY;
	for (unsigned i = 0; i < layout->plane_count; i++)
		compositor_bo_put(bos[i]);
	return fault;
}

static void create_buffer(struct wl_resource *resource, uint32_t id,
	struct compositor_layout *layout, const struct compositor_mention *mention)
{
	struct compositor_wl_drm *drm = wl_resource_get_user_data(resource);
	struct compositor_peer *peer = compositor_peer_of(wl_resource_get_client(resource));
	struct wlr_dmabuf_attributes dmabuf;
	enum compositor_fault fault = COMPOSITOR_FAULT_MEMORY;

	/* Who may not open names must not have us show what they stand for. */
	if (peer && mention->fd < 0 && !peer->authenticated) {
		compositor_peer_fail(resource, WL_DRM_ERROR_AUTHENTICATE_FAIL,
			"flink name %u from a client that is not authenticated", mention->name);
		compositor_peer_put(peer);
		return;
	}
	if (peer && peer->buffers < COMPOSITOR_PEER_BUFFERS)
		fault = make_attributes(drm, layout, mention, &dmabuf);
	if (fault) {
		fail(resource, fault, mention);
		compositor_peer_put(peer);
		return;
	}
	struct buffer *buffer = buffer_create(peer, id, &dmabuf);
	if (!buffer) {
		wlr_dmabuf_attributes_finish(&dmabuf);
		compositor_peer_put(peer);
		wl_resource_post_no_memory(resource);
		return;
	}
	if (mention->name)
		compositor_census_set_name(&buffer->base, mention->name);
	if (!is_drawable(drm, buffer))
		fail(resource, COMPOSITOR_FAULT_BOUNDS, mention);
	/* From now on: that was no use of it. */
	buffer->release.notify = handle_release;
	wl_signal_add(&buffer->base.events.release, &buffer->release);
}

/* ---- requests ---- */

static void handle_authenticate(struct wl_client *client, struct wl_resource *resource,
	uint32_t magic)
{
	struct compositor_wl_drm *drm = wl_resource_get_user_data(resource);
	struct compositor_peer *peer = compositor_peer_of(client);

	if (!peer) {
		wl_client_post_no_memory(client);
		return;
	}
	int err = compositor_exchange_authenticate(drm->exchange, magic);
	if (err < 0) {
		compositor_peer_fail(resource, WL_DRM_ERROR_AUTHENTICATE_FAIL, "magic %u: %s", magic,
			strerror(-err));
	} else {
		compositor_info("client %d is authenticated", (int)peer->pid);
		peer->authenticated = true;
		wl_drm_send_authenticated(resource);
	}
	compositor_peer_put(peer);
}

/* Numbers come as signed ones here: negative ones are too large. */
static void set_planes(struct compositor_layout *layout, const int32_t planes[3][2])
{
	const struct kms_format *format = kms_format_find(layout->format);

	layout->plane_count = format && format->planes <= 3 ? format->planes : 0;
	for (unsigned i = 0; i < layout->plane_count; i++) {
		layout->planes[i].offset = planes[i][0];
		layout->planes[i].stride = planes[i][1];
	}
}

static void handle_create_buffer(struct wl_client *client, struct wl_resource *resource,
	uint32_t id, uint32_t name, int32_t width, int32_t height, uint32_t stride, uint32_t format)
{
	const struct compositor_mention mention = {.name = name, .fd = -1};
	struct compositor_layout layout = {
		.width = width, .height = height, .format = format,
		.modifier = DRM_FORMAT_MOD_INVALID,
		.plane_count = 1,
		.planes = {{.stride = stride}},
	};

	create_buffer(resource, id, &layout, &mention);
}

static void handle_create_planar_buffer(struct wl_client *client, struct wl_resource *resource,
	uint32_t id, uint32_t name, int32_t width, int32_t height, uint32_t format,
	int32_t offset0, int32_t stride0, int32_t offset1, int32_t stride1, int32_t offset2,
	int32_t stride2)
{
	const struct compositor_mention mention = {.name = name, .fd = -1};
	const int32_t planes[3][2] = {{offset0, stride0}, {offset1, stride1}, {offset2, stride2}};
	struct compositor_layout layout = {
		.width = width, .height = height, .format = format,
		.modifier = DRM_FORMAT_MOD_INVALID,
	};

	set_planes(&layout, planes);
	create_buffer(resource, id, &layout, &mention);
}

static void handle_create_prime_buffer(struct wl_client *client, struct wl_resource *resource,
	uint32_t id, int32_t fd, int32_t width, int32_t height, uint32_t format, int32_t offset0,
	int32_t stride0, int32_t offset1, int32_t stride1, int32_t offset2, int32_t stride2)
{
	const struct compositor_mention mention = {.fd = fd};
	const int32_t planes[3][2] = {{offset0, stride0}, {offset1, stride1}, {offset2, stride2}};
	struct compositor_layout layout = {
		.width = width, .height = height, .format = format,
		.modifier = DRM_FORMAT_MOD_INVALID,
	};

	set_planes(&layout, planes);
	create_buffer(resource, id, &layout, &mention);
	close(fd);
}

static const struct wl_drm_interface drm_requests = {
	.authenticate = handle_authenticate,
	.create_buffer = handle_create_buffer,
	.create_planar_buffer = handle_create_planar_buffer,
	.create_prime_buffer = handle_create_prime_buffer,
};

/* ---- the global ---- */

static void handle_bind(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
	struct compositor_wl_drm *drm = data;
	const struct wlr_drm_format_set *formats =
		wlr_renderer_get_dmabuf_texture_formats(drm->renderer);
	struct wl_resource *resource =
		wl_resource_create(client, &wl_drm_interface, version, id);

	if (!resource) {
		wl_client_post_no_memory(client);
		return;
	}
	wl_resource_set_implementation(resource, &drm_requests, drm, NULL);
	wl_drm_send_device(resource, drm->path);
	for (size_t i = 0; i < formats->len; i++)
		wl_drm_send_format(resource, formats->formats[i]->format);
	if (version >= CAPABILITIES_SINCE)
		wl_drm_send_capabilities(resource, WL_DRM_CAPABILITY_PRIME);
}

/* compositor_peer.c says why. */
static bool is_visible(const struct wl_client *client, const struct wl_global *global, void *data)
{
	const struct compositor_wl_drm *drm = data;

	if (global != drm->global)
		return true;
	struct compositor_peer *peer = compositor_peer_of((struct wl_client *)client);
	bool visible = peer && peer->has_device;
	compositor_peer_put(peer);
	return visible;
}

int compositor_wl_drm_create(struct wl_display *display, struct wlr_renderer *renderer,
	struct compositor_exchange *exchange, struct compositor_wl_drm **out)
{
	struct compositor_wl_drm *drm = calloc(1, sizeof(*drm));

	if (!drm)
		return -ENOMEM;
	drm->display = display;
	drm->renderer = renderer;
	drm->exchange = exchange;
	drm->path = drmGetRenderDeviceNameFromFd(exchange->bos.fd);
	if (!drm->path)
		drm->path = drmGetDeviceNameFromFd2(exchange->bos.fd);
	if (drm->path)
		drm->global = wl_global_create(display, &wl_drm_interface, VERSION, drm, handle_bind);
	if (!drm->global) {
		free(drm->path);
		free(drm);
		return -ENOMEM;
	}
	wl_display_set_global_filter(display, is_visible, drm);
	wlr_buffer_register_resource_interface(&resource_interface);
	compositor_info("wl_drm on %s", drm->path);
	*out = drm;
	return 0;
}

void compositor_wl_drm_destroy(struct compositor_wl_drm *drm)
{
	if (!drm)
		return;
	wl_display_set_global_filter(drm->display, NULL, NULL);
	wl_global_destroy(drm->global);
	free(drm->path);
	free(drm);
}
