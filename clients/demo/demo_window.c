#include "demo_window.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>

#include "linux-dmabuf-unstable-v1-client-protocol.h"
#include "presentation-time-client-protocol.h"
#include "testcard-share-v1-client-protocol.h"
#include "wl-drm-client-protocol.h"
#include "xdg-shell-client-protocol.h"

enum { FRAME_MILLISECONDS = 16 };

void demo_die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

/* ---- the compositor ---- */

static void wm_base_ping(void *data, struct xdg_wm_base *wm_base, uint32_t serial)
{
	xdg_wm_base_pong(wm_base, serial);
}

static const struct xdg_wm_base_listener wm_base_listener = {.ping = wm_base_ping};

static void drm_device(void *data, struct wl_drm *drm, const char *path)
{
}

static void drm_format(void *data, struct wl_drm *drm, uint32_t format)
{
}

static void drm_authenticated(void *data, struct wl_drm *drm)
{
	struct demo_window *window = data;

	window->authenticated = true;
}

static void drm_capabilities(void *data, struct wl_drm *drm, uint32_t value)
{
}

static const struct wl_drm_listener drm_listener = {
	.device = drm_device,
	.format = drm_format,
	.authenticated = drm_authenticated,
	.capabilities = drm_capabilities,
};

static void registry_global(void *data, struct wl_registry *registry, uint32_t name,
	const char *interface, uint32_t version)
{
	struct demo_window *window = data;
	const struct {
		const struct wl_interface *interface;
		uint32_t version;
		void *object;
	} wanted[] = {
		{&wl_compositor_interface, 4, &window->compositor},
		{&wl_shm_interface, 1, &window->shm},
		{&wl_seat_interface, 1, &window->seat},
		{&xdg_wm_base_interface, 1, &window->wm_base},
		{&zwp_linux_dmabuf_v1_interface, 4, &window->dmabuf},
		{&wl_drm_interface, 2, &window->drm},
		{&testcard_share_manager_v1_interface, 1, &window->share},
		{&wp_presentation_interface, 1, &window->presentation},
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (strcmp(interface, wanted[i].interface->name) || version < wanted[i].version)
			continue;
		void *object = wl_registry_bind(registry, name, wanted[i].interface,
			wanted[i].version);
		memcpy(wanted[i].object, &object, sizeof(object));
	}
}

static void registry_global_remove(void *data, struct wl_registry *registry, uint32_t name)
{
}

static const struct wl_registry_listener registry_listener = {
	.global = registry_global,
	.global_remove = registry_global_remove,
};

void demo_connect(struct demo_window *window)
{
	*window = (struct demo_window){.display = wl_display_connect(NULL)};
	if (!window->display)
		demo_die("no Wayland display");
	struct wl_registry *registry = wl_display_get_registry(window->display);
	wl_registry_add_listener(registry, &registry_listener, window);
	wl_display_roundtrip(window->display);
	wl_registry_destroy(registry);
	if (!window->compositor || !window->wm_base || !window->shm)
		demo_die("the compositor lacks xdg-shell or shared memory");
	xdg_wm_base_add_listener(window->wm_base, &wm_base_listener, window);
	if (window->drm)
		wl_drm_add_listener(window->drm, &drm_listener, window);
}

void demo_disconnect(struct demo_window *window)
{
	if (window->frame)
		wl_callback_destroy(window->frame);
	if (window->surface) {
		xdg_toplevel_destroy(window->toplevel);
		xdg_surface_destroy(window->xdg);
		wl_surface_destroy(window->surface);
	}
	if (window->presentation)
		wp_presentation_destroy(window->presentation);
	if (window->share)
		testcard_share_manager_v1_destroy(window->share);
	if (window->drm)
		wl_drm_destroy(window->drm);
	if (window->dmabuf)
		zwp_linux_dmabuf_v1_destroy(window->dmabuf);
	if (window->seat)
		wl_seat_destroy(window->seat);
	xdg_wm_base_destroy(window->wm_base);
	wl_shm_destroy(window->shm);
	wl_compositor_destroy(window->compositor);
	wl_display_disconnect(window->display);
}

void demo_authenticate(struct demo_window *window, int card)
{
	drm_magic_t magic;

	if (!window->drm)
		demo_die("the compositor has no wl_drm: is it on another device?");
	if (drmGetMagic(card, &magic))
		demo_die("no magic: %s", strerror(errno));
	wl_drm_authenticate(window->drm, magic);
	if (wl_display_roundtrip(window->display) < 0 || !window->authenticated)
		demo_die("the compositor does not authenticate us");
}

/* ---- buffers ---- */

static void buffer_release(void *data, struct wl_buffer *wl)
{
	struct demo_buffer *buffer = data;

	buffer->busy = false;
}

static const struct wl_buffer_listener buffer_listener = {.release = buffer_release};

static struct wl_buffer *buffer_by_fd(struct demo_window *window, const struct demo_image *image)
{
	if (!window->dmabuf)
		demo_die("the compositor has no linux-dmabuf");
	struct zwp_linux_buffer_params_v1 *params =
		zwp_linux_dmabuf_v1_create_params(window->dmabuf);
	for (uint32_t plane = 0; plane < (image->chroma ? 2 : 1); plane++)
		zwp_linux_buffer_params_v1_add(params, image->fd, plane, plane * image->chroma,
			image->stride, image->modifier >> 32, image->modifier & 0xffffffff);
	struct wl_buffer *wl = zwp_linux_buffer_params_v1_create_immed(params, image->width,
		image->height, image->format, 0);
	zwp_linux_buffer_params_v1_destroy(params);
	return wl;
}

void demo_buffer_take(struct demo_buffer *buffer, struct wl_buffer *wl)
{
	buffer->wl = wl;
	buffer->busy = false;
	wl_buffer_add_listener(wl, &buffer_listener, buffer);
}

void demo_buffer_init(struct demo_window *window, struct demo_buffer *buffer,
	const struct demo_image *image)
{
	if (image->name && !window->drm)
		demo_die("the compositor has no wl_drm");
	demo_buffer_take(buffer, !image->name ? buffer_by_fd(window, image) :
		wl_drm_create_buffer(window->drm, image->name, image->width, image->height,
			image->stride, image->format));
	/* What is wrong with it is a protocol error. */
	if (wl_display_roundtrip(window->display) < 0)
		demo_die("the compositor refuses the buffer");
}

void demo_buffer_finish(struct demo_buffer *buffer)
{
	wl_buffer_destroy(buffer->wl);
}

struct demo_buffer *demo_buffer_free(struct demo_buffer *buffers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!buffers[i].busy)
			return &buffers[i];
	}
	return NULL;
}

/* ---- the window ---- */

static void toplevel_configure(void *data, struct xdg_toplevel *toplevel, int32_t width,
	int32_t height, struct wl_array *states)
{
	struct demo_window *window = data;

	window->width = width;
	window->height = height;
}

static void toplevel_close(void *data, struct xdg_toplevel *toplevel)
{
	struct demo_window *window = data;

	window->closed = true;
}

static const struct xdg_toplevel_listener toplevel_listener = {
	.configure = toplevel_configure,
	.close = toplevel_close,
};

static void surface_configure(void *data, struct xdg_surface *xdg, uint32_t serial)
{
	struct demo_window *window = data;

	xdg_surface_ack_configure(xdg, serial);
	window->configured = true;
}

static const struct xdg_surface_listener surface_listener = {.configure = surface_configure};

void demo_open(struct demo_window *window, const char *title, bool fullscreen)
{
	window->surface = wl_compositor_create_surface(window->compositor);
	window->xdg = xdg_wm_base_get_xdg_surface(window->wm_base, window->surface);
	xdg_surface_add_listener(window->xdg, &surface_listener, window);
	window->toplevel = xdg_surface_get_toplevel(window->xdg);
	xdg_toplevel_add_listener(window->toplevel, &toplevel_listener, window);
	xdg_toplevel_set_title(window->toplevel, title);
	xdg_toplevel_set_app_id(window->toplevel, program_invocation_short_name);
	window->fullscreen = fullscreen;
	if (fullscreen)
		xdg_toplevel_set_fullscreen(window->toplevel, NULL);
	wl_surface_commit(window->surface);
	while (!window->configured) {
		if (!demo_dispatch(window))
			demo_die("the compositor is gone");
	}
}

bool demo_resize(const struct demo_window *window, int step, int *width, int *height)
{
	int wide = window->width / step * step, high = window->height / step * step;

	if (!window->fullscreen || wide <= 0 || high <= 0 || (wide == *width && high == *height))
		return false;
	*width = wide;
	*height = high;
	return true;
}

static void frame_done(void *data, struct wl_callback *callback, uint32_t time)
{
	struct demo_window *window = data;

	wl_callback_destroy(callback);
	window->frame = NULL;
}

static const struct wl_callback_listener frame_listener = {.done = frame_done};

void demo_show(struct demo_window *window, struct demo_buffer *buffer)
{
	buffer->busy = true;
	if (!window->frame) {
		window->frame = wl_surface_frame(window->surface);
		wl_callback_add_listener(window->frame, &frame_listener, window);
	}
	wl_surface_attach(window->surface, buffer->wl, 0, 0);
	wl_surface_damage_buffer(window->surface, 0, 0, INT32_MAX, INT32_MAX);
	wl_surface_commit(window->surface);
}

/* ---- events ---- */

bool demo_dispatch(struct demo_window *window)
{
	return wl_display_dispatch(window->display) >= 0 && !window->closed;
}

/* No longer than so many milliseconds. */
static bool dispatch_for(struct demo_window *window, int milliseconds)
{
	struct pollfd poller = {.fd = wl_display_get_fd(window->display), .events = POLLIN};

	if (wl_display_prepare_read(window->display) == 0) {
		wl_display_flush(window->display);
		if (poll(&poller, 1, milliseconds) <= 0)
			wl_display_cancel_read(window->display);
		else if (wl_display_read_events(window->display) < 0)
			return false;
	}
	return wl_display_dispatch_pending(window->display) >= 0 && !window->closed;
}

bool demo_pace(struct demo_window *window)
{
	bool alive = true;

	if (!window->surface)
		return dispatch_for(window, FRAME_MILLISECONDS);
	while (alive && window->frame)
		alive = demo_dispatch(window);
	return alive;
}
