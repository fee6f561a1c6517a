/*
 * A crtc as a window on a host Wayland compositor: the connection, the
 * window, its thread, and what size means.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "window_internal.h"
#include "gem_thread.h"
#include "kms_mode.h"
#include "platform.h"
#include "viewporter-client-protocol.h"
#include "xdg-decoration-unstable-v1-client-protocol.h"
#include "xdg-shell-client-protocol.h"

/* A resize by hand is many sizes; a mode is made when the hand rests. */
#define RESIZE_DELAY_NS 100000000ull
/* No mode is made for less: the window is about to vanish, or never was one. */
#define SMALLEST_MODE 64u

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void wake(struct window *window)
{
	uint64_t one = 1;

	/* A full counter is awake enough. */
	if (write(window->wake_fd, &one, sizeof(one)) < 0)
		return;
}

static void tell_closed(struct window *window)
{
	if (window->closed)
		return;
	window->closed = true;
	if (window->on_close)
		window->on_close(window->data);
}

/* ---- sizes ---- */

/* The monitor that the crtc shows on; else the one it showed on last. May be NULL. */
static struct kms_connector *find_connector_locked(struct window *window)
{
	for (unsigned i = 0; i < window->kms->connector_count; i++) {
		struct kms_connector *connector = &window->kms->connectors[i];

		if (connector->state.crtc == window->crtc &&
		    connector->type != DRM_MODE_CONNECTOR_WRITEBACK)
			window->connector = connector;
	}
	return window->connector;
}

/* Before a program has chosen: as many monitors as crtcs, in order. */
static struct kms_connector *guess_connector(struct kms_device *kms, unsigned index)
{
	for (unsigned i = 0; i < kms->connector_count; i++) {
		struct kms_connector *connector = &kms->connectors[i];

		if (connector->type != DRM_MODE_CONNECTOR_WRITEBACK && index-- == 0)
			return connector;
	}
	return NULL;
}

static uint32_t clamp_size(uint32_t value, uint32_t low, uint32_t high)
{
	return value < low ? low : value > high ? high : value;
}

/*
 * CVT timings have widths in steps of 8; the display part may be less than
 * that, the rest is front porch. So the window's own size is the mode's.
 */
static int make_mode(uint32_t width, uint32_t height, struct drm_mode_modeinfo *mode)
{
	int ret = kms_mode_cvt((width + 7) & ~7u, height, 60, mode);
	if (ret < 0)
		return ret;
	mode->hdisplay = width;
	mode->vdisplay = height;
	snprintf(mode->name, sizeof(mode->name), "%ux%u", width, height);
	return kms_mode_check(mode);
}

/* mode first; then the modes there were, without it and without the one we made before. */
static int offer_modes(struct window *window, const struct drm_mode_modeinfo *mode)
{
	struct drm_mode_modeinfo modes[KMS_MAX_MODES];
	unsigned count = 0;

	modes[count++] = *mode;
	pthread_mutex_lock(&window->kms->lock);
	struct kms_connector *connector = find_connector_locked(window);
	if (!connector || !connector->connected) {
		pthread_mutex_unlock(&window->kms->lock);
		return -ENODEV;
	}
	for (unsigned i = 0; i < connector->mode_count && count < KMS_MAX_MODES; i++) {
		const struct drm_mode_modeinfo *old = &connector->modes[i];
		if (kms_mode_equal(old, mode) || kms_mode_equal(old, &window->own_mode))
			continue;
		modes[count] = *old;
		modes[count++].type &= ~DRM_MODE_TYPE_PREFERRED;
	}
	pthread_mutex_unlock(&window->kms->lock);
	modes[0].type = DRM_MODE_TYPE_DRIVER | DRM_MODE_TYPE_PREFERRED;
	return kms_connector_set(connector, true, modes, count);
}

/* The connector's own mode of this size at 60 Hz, if it has one. */
static bool find_mode(struct window *window, uint32_t width, uint32_t height,
	struct drm_mode_modeinfo *mode)
{
	bool found = false;

	pthread_mutex_lock(&window->kms->lock);
	const struct kms_connector *connector = find_connector_locked(window);
	for (unsigned i = 0; connector && i < connector->mode_count && !found; i++) {
		const struct drm_mode_modeinfo *old = &connector->modes[i];
		found = old->hdisplay == width && old->vdisplay == height &&
			kms_mode_vrefresh(old) == 60;
		if (found)
			*mode = *old;
	}
	pthread_mutex_unlock(&window->kms->lock);
	return found;
}

static void offer_window_size(struct window *window)
{
	const struct kms_device *kms = window->kms;
	struct drm_mode_modeinfo mode;
	bool own = false;
	int ret = 0;

	window->resize_deadline = 0;
	if (window->asked_width < SMALLEST_MODE || window->asked_height < SMALLEST_MODE)
		return;
	uint32_t width = clamp_size(window->asked_width, kms->min_width, kms->max_width);
	uint32_t height = clamp_size(window->asked_height, kms->min_height, kms->max_height);
	/* Back to the size of the last offer's frames, or of what is on now. */
	bool shown = width == window->shown_width && height == window->shown_height;
	bool offered = window->offered_width == 0 ||
		(width == window->offered_width && height == window->offered_height);
	if (shown && offered) {
		window->resizing = false;
		return;
	}
	if (!find_mode(window, width, height, &mode)) {
		own = true;
		ret = make_mode(width, height, &mode);
	}
	if (ret == 0)
		ret = offer_modes(window, &mode);
	if (ret < 0) {
		gem_warn("window", "no mode for %ux%u: %s", width, height, strerror(-ret));
		return;
	}
	if (own)
		window->own_mode = mode;
	window->offered_width = width;
	window->offered_height = height;
	gem_info("window", "window is %ux%u: offered mode %s", window->asked_width,
		window->asked_height, mode.name);
}

/* What the host's pointer positions are relative to. */
static void update_surface_size(struct window *window)
{
	bool scaled = window->viewport && window->asked_width != 0 &&
		(window->asked_width != window->shown_width ||
		 window->asked_height != window->shown_height);

	window->seat.surface_width = scaled ? window->asked_width : window->shown_width;
	window->seat.surface_height = scaled ? window->asked_height : window->shown_height;
	if (window->viewport && scaled)
		wp_viewport_set_destination(window->viewport, window->asked_width,
			window->asked_height);
	else if (window->viewport)
		wp_viewport_set_destination(window->viewport, -1, -1);
}

static void update_title(struct window *window)
{
	char title[96];

	pthread_mutex_lock(&window->kms->lock);
	uint32_t refresh = kms_mode_vrefresh(&window->crtc->state.mode);
	const struct kms_connector *connector = find_connector_locked(window);
	pthread_mutex_unlock(&window->kms->lock);
	snprintf(title, sizeof(title), "Testcard — %s %ux%u@%u",
		connector ? connector->name : "no monitor", window->shown_width,
		window->shown_height, refresh);
	xdg_toplevel_set_title(window->toplevel, title);
}

/* ---- showing frames ---- */

static void frame_size_changed(struct window *window,
	const struct window_memory *memory)
{
	window->shown_width = memory->width;
	window->shown_height = memory->height;
	/* The answer to our offer, whatever it is, unless another one is due. */
	if (window->resize_deadline == 0)
		window->resizing = false;
	/* A mode set from inside: a window that is free to, follows. */
	if (window->floating && !window->resizing) {
		window->asked_width = memory->width;
		window->asked_height = memory->height;
	}
	update_title(window);
}

static void frame_done(void *data, struct wl_callback *callback, uint32_t time)
{
	struct window *window = data;

	wl_callback_destroy(callback);
	window->frame_callback = NULL;
}

static const struct wl_callback_listener frame_callback_listener = {
	.done = frame_done,
};

static void show_newest(struct window *window)
{
	struct window_memory *memory = NULL;

	if (!window->configured)
		return;
	if (!window->frame_callback)
		memory = window_buffers_take(&window->buffers, window->shm);
	if (memory) {
		if (memory->width != window->shown_width || memory->height != window->shown_height)
			frame_size_changed(window, memory);
		window->frame_callback = wl_surface_frame(window->surface);
		wl_callback_add_listener(window->frame_callback, &frame_callback_listener, window);
		wl_surface_attach(window->surface, memory->buffer, 0, 0);
		wl_surface_damage_buffer(window->surface, 0, 0, memory->width, memory->height);
	}
	/* Without a frame yet there is nothing to map. */
	if (!memory && (!window->commit_needed || window->shown_width == 0))
		return;
	update_surface_size(window);
	wl_surface_commit(window->surface);
	window->commit_needed = false;
}

/* On the vblank thread. */
static void sink_frame(struct kms_sink *sink, const struct kms_frame *frame)
{
	struct window *window = gem_container_of(sink, struct window, sink);

	if (window_buffers_push(&window->buffers, frame))
		wake(window);
}

/* ---- the window ---- */

static void toplevel_configure(void *data, struct xdg_toplevel *toplevel, int32_t width,
	int32_t height, struct wl_array *states)
{
	struct window *window = data;
	uint32_t *state;

	window->pending_width = width;
	window->pending_height = height;
	window->pending_floating = true;
	wl_array_for_each(state, states) {
		if (*state != XDG_TOPLEVEL_STATE_RESIZING && *state != XDG_TOPLEVEL_STATE_ACTIVATED)
			window->pending_floating = false;
	}
}

static void toplevel_close(void *data, struct xdg_toplevel *toplevel)
{
	struct window *window = data;

	gem_info("window", "the window was closed");
	window->close_asked = true;
}

static void toplevel_configure_bounds(void *data, struct xdg_toplevel *toplevel, int32_t width,
	int32_t height)
{
}

static void toplevel_wm_capabilities(void *data, struct xdg_toplevel *toplevel,
	struct wl_array *capabilities)
{
}

static const struct xdg_toplevel_listener toplevel_listener = {
	.configure = toplevel_configure,
	.close = toplevel_close,
	.configure_bounds = toplevel_configure_bounds,
	.wm_capabilities = toplevel_wm_capabilities,
};

static void surface_configure(void *data, struct xdg_surface *xdg_surface, uint32_t serial)
{
	struct window *window = data;
	uint32_t width = window->pending_width, height = window->pending_height;

	xdg_surface_ack_configure(xdg_surface, serial);
	window->configured = true;
	window->commit_needed = true;
	window->floating = window->pending_floating;
	if (window->pending_width <= 0 || window->pending_height <= 0)
		return;
	if (width == window->asked_width && height == window->asked_height)
		return;
	window->asked_width = width;
	window->asked_height = height;
	window->resizing = true;
	window->resize_deadline = now_ns() + RESIZE_DELAY_NS;
}

static const struct xdg_surface_listener surface_listener = {
	.configure = surface_configure,
};

static void wm_base_ping(void *data, struct xdg_wm_base *wm_base, uint32_t serial)
{
	xdg_wm_base_pong(wm_base, serial);
}

static const struct xdg_wm_base_listener wm_base_listener = {
	.ping = wm_base_ping,
};

static void open_window(struct window *window)
{
	window->surface = wl_compositor_create_surface(window->compositor);
	window->seat.surface = window->surface;
	if (window->viewporter)
		window->viewport = wp_viewporter_get_viewport(window->viewporter, window->surface);
	window->xdg_surface = xdg_wm_base_get_xdg_surface(window->wm_base, window->surface);
	xdg_surface_add_listener(window->xdg_surface, &surface_listener, window);
	window->toplevel = xdg_surface_get_toplevel(window->xdg_surface);
	xdg_toplevel_add_listener(window->toplevel, &toplevel_listener, window);
	xdg_toplevel_set_app_id(window->toplevel, "testcard");
	xdg_toplevel_set_title(window->toplevel, "Testcard");
	xdg_toplevel_set_min_size(window->toplevel, SMALLEST_MODE, SMALLEST_MODE);
	if (window->decorations) {
		window->decoration = zxdg_decoration_manager_v1_get_toplevel_decoration(
			window->decorations, window->toplevel);
		zxdg_toplevel_decoration_v1_set_mode(window->decoration,
			ZXDG_TOPLEVEL_DECORATION_V1_MODE_SERVER_SIDE);
	}
	wl_surface_commit(window->surface);
}

static void close_window(struct window *window)
{
	if (window->frame_callback)
		wl_callback_destroy(window->frame_callback);
	if (window->decoration)
		zxdg_toplevel_decoration_v1_destroy(window->decoration);
	if (window->toplevel)
		xdg_toplevel_destroy(window->toplevel);
	if (window->xdg_surface)
		xdg_surface_destroy(window->xdg_surface);
	if (window->viewport)
		wp_viewport_destroy(window->viewport);
	if (window->surface)
		wl_surface_destroy(window->surface);
}

/* ---- the connection ---- */

static uint32_t lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void registry_global(void *data, struct wl_registry *registry, uint32_t name,
	const char *interface, uint32_t version)
{
	struct window *window = data;

	/* 4: damage_buffer */
	if (strcmp(interface, wl_compositor_interface.name) == 0 && version >= 4 &&
	    !window->compositor) {
		window->compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 4);
	} else if (strcmp(interface, wl_shm_interface.name) == 0 && !window->shm) {
		window->shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
	} else if (strcmp(interface, xdg_wm_base_interface.name) == 0 && !window->wm_base) {
		window->wm_base = wl_registry_bind(registry, name, &xdg_wm_base_interface,
			lower(version, 5));
		xdg_wm_base_add_listener(window->wm_base, &wm_base_listener, window);
	} else if (strcmp(interface, wp_viewporter_interface.name) == 0 && !window->viewporter) {
		window->viewporter = wl_registry_bind(registry, name, &wp_viewporter_interface, 1);
	} else if (strcmp(interface, zxdg_decoration_manager_v1_interface.name) == 0 &&
		   !window->decorations) {
		window->decorations = wl_registry_bind(registry, name,
			&zxdg_decoration_manager_v1_interface, 1);
	} else if (strcmp(interface, wl_seat_interface.name) == 0) {
		window_seat_bind(&window->seat, registry, name, version);
	}
}

static void registry_global_remove(void *data, struct wl_registry *registry, uint32_t name)
{
	struct window *window = data;

	if (window->seat.seat && window->seat.name == name)
		window_seat_unbind(&window->seat);
}

static const struct wl_registry_listener registry_listener = {
	.global = registry_global,
	.global_remove = registry_global_remove,
};

/* Connected, bound, and the window asked for and configured. */
static int connect_host(struct window *window, const char *name)
{
	window->display = wl_display_connect(name);
	if (!window->display)
		return errno ? -errno : -ECONNREFUSED;
	window->registry = wl_display_get_registry(window->display);
	wl_registry_add_listener(window->registry, &registry_listener, window);
	if (wl_display_roundtrip(window->display) < 0)
		return -errno;
	if (!window->compositor || !window->shm || !window->wm_base)
		return -EPROTONOSUPPORT;
	open_window(window);
	while (!window->configured) {
		if (wl_display_dispatch(window->display) < 0)
			return -errno;
	}
	/* The first size needs no rest of the hand. */
	if (window->resize_deadline != 0)
		offer_window_size(window);
	return 0;
}

static void disconnect_host(struct window *window)
{
	if (!window->display)
		return;
	window_seat_unbind(&window->seat);
	close_window(window);
	window_buffers_finish(&window->buffers);
	if (window->decorations)
		zxdg_decoration_manager_v1_destroy(window->decorations);
	if (window->viewporter)
		wp_viewporter_destroy(window->viewporter);
	if (window->wm_base)
		xdg_wm_base_destroy(window->wm_base);
	if (window->shm)
		wl_shm_destroy(window->shm);
	if (window->compositor)
		wl_compositor_destroy(window->compositor);
	wl_registry_destroy(window->registry);
	wl_display_flush(window->display);
	wl_display_disconnect(window->display);
}

/* ---- the thread ---- */

static int poll_timeout_ms(const struct window *window)
{
	if (window->resize_deadline == 0)
		return -1;
	uint64_t now = now_ns();
	if (window->resize_deadline <= now)
		return 0;
	return (window->resize_deadline - now) / 1000000 + 1;
}

/* Sends, waits, receives. false: the connection is gone. */
static bool wait_host(struct window *window)
{
	struct wl_display *display = window->display;
	struct pollfd fds[2] = {
		{.fd = wl_display_get_fd(display), .events = POLLIN},
		{.fd = window->wake_fd, .events = POLLIN},
	};
	uint64_t count;

	while (wl_display_prepare_read(display) < 0) {
		if (wl_display_dispatch_pending(display) < 0)
			return false;
	}
	if (wl_display_flush(display) < 0) {
		if (errno != EAGAIN) {
			wl_display_cancel_read(display);
			return false;
		}
		fds[0].events |= POLLOUT;
	}
	if (poll(fds, 2, poll_timeout_ms(window)) < 0) {
		wl_display_cancel_read(display);
		return errno == EINTR;
	}
	if (fds[1].revents && read(window->wake_fd, &count, sizeof(count)) < 0)
		gem_debug("window", "wake: %s", strerror(errno));
	if (fds[0].revents & (POLLIN | POLLERR | POLLHUP)) {
		if (wl_display_read_events(display) < 0)
			return false;
	} else {
		wl_display_cancel_read(display);
	}
	return wl_display_dispatch_pending(display) >= 0;
}

static void log_lost(struct window *window)
{
	const struct wl_interface *interface = NULL;
	int error = wl_display_get_error(window->display);
	uint32_t id = 0, code = 0;

	if (error == EPROTO) {
		code = wl_display_get_protocol_error(window->display, &interface, &id);
		gem_error("window", "host: protocol error %u on %s@%u", code,
			interface ? interface->name : "?", id);
	} else {
		gem_info("window", "the host is gone: %s", strerror(error));
	}
}

static void *window_thread(void *data)
{
	struct window *window = data;

	while (!atomic_load(&window->stop)) {
		/* Here and not in the event's handler: _create dispatches events too. */
		if (window->close_asked)
			tell_closed(window);
		if (!wait_host(window)) {
			log_lost(window);
			tell_closed(window);
			break;
		}
		if (window->resize_deadline != 0 && now_ns() >= window->resize_deadline)
			offer_window_size(window);
		show_newest(window);
	}
	return NULL;
}

int window_create(struct platform *platform, struct kms_crtc *crtc,
	const struct window_options *options, struct window **out)
{
	struct window *window = calloc(1, sizeof(*window));
	int ret;

	if (!window)
		return -ENOMEM;
	window->platform = platform;
	window->kms = crtc->base.dev;
	window->crtc = crtc;
	window->connector = guess_connector(window->kms, crtc->index);
	window->on_close = options->on_close;
	window->data = options->data;
	window->sink.frame = sink_frame;
	window_buffers_init(&window->buffers);
	window_seat_init(&window->seat, platform, crtc);
	window->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (window->wake_fd < 0) {
		ret = -errno;
		goto free_window;
	}
	ret = connect_host(window, options->display);
	if (ret < 0)
		goto disconnect;
	ret = gem_thread_start(&window->thread, NULL, window_thread, window);
	if (ret < 0)
		goto disconnect;
	kms_sink_attach(&window->sink, window->crtc);
	*out = window;
	return 0;

disconnect:
	disconnect_host(window);
	close(window->wake_fd);
free_window:
	free(window);
	return ret;
}

void window_destroy(struct window *window)
{
	kms_sink_detach(&window->sink);
	atomic_store(&window->stop, true);
	wake(window);
	pthread_join(window->thread, NULL);
	disconnect_host(window);
	close(window->wake_fd);
	free(window);
}
