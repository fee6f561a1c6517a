/*
 * The connector as a window on a host Wayland compositor: the connection, the
 * window, its thread, and what size means.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "compositor_nested_internal.h"
#include "gem_guard.h"
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

static void wake(struct compositor_nested *nested)
{
	uint64_t one = 1;

	/* A full counter is awake enough. */
	if (write(nested->wake_fd, &one, sizeof(one)) < 0)
		return;
}

static void tell_closed(struct compositor_nested *nested)
{
	if (nested->closed)
		return;
	nested->closed = true;
	if (nested->on_close)
		nested->on_close(nested->data);
}

/* ---- sizes ---- */

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
static int offer_modes(struct compositor_nested *nested, const struct drm_mode_modeinfo *mode)
{
	struct drm_mode_modeinfo modes[KMS_MAX_MODES];
	struct kms_connector *connector = nested->connector;
	unsigned count = 0;

	modes[count++] = *mode;
	pthread_mutex_lock(&nested->kms->lock);
	for (unsigned i = 0; i < connector->mode_count && count < KMS_MAX_MODES; i++) {
		const struct drm_mode_modeinfo *old = &connector->modes[i];
		if (kms_mode_equal(old, mode) || kms_mode_equal(old, &nested->window_mode))
			continue;
		modes[count] = *old;
		modes[count++].type &= ~DRM_MODE_TYPE_PREFERRED;
	}
	pthread_mutex_unlock(&nested->kms->lock);
	modes[0].type = DRM_MODE_TYPE_DRIVER | DRM_MODE_TYPE_PREFERRED;
	return kms_connector_set(connector, true, modes, count);
}

/* The connector's own mode of this size at 60 Hz, if it has one. */
static bool find_mode(struct compositor_nested *nested, uint32_t width, uint32_t height,
	struct drm_mode_modeinfo *mode)
{
	bool found = false;

	pthread_mutex_lock(&nested->kms->lock);
	for (unsigned i = 0; i < nested->connector->mode_count && !found; i++) {
		const struct drm_mode_modeinfo *old = &nested->connector->modes[i];
		found = old->hdisplay == width && old->vdisplay == height &&
			kms_mode_vrefresh(old) == 60;
		if (found)
			*mode = *old;
	}
	pthread_mutex_unlock(&nested->kms->lock);
	return found;
}

static void offer_window_size(struct compositor_nested *nested)
{
	const struct kms_device *kms = nested->kms;
	struct drm_mode_modeinfo mode;
	bool own = false;
	int ret = 0;

	nested->resize_deadline = 0;
	if (nested->window_width < SMALLEST_MODE || nested->window_height < SMALLEST_MODE)
		return;
	uint32_t width = clamp_size(nested->window_width, kms->min_width, kms->max_width);
	uint32_t height = clamp_size(nested->window_height, kms->min_height, kms->max_height);
	/* Back to the size of the last offer's frames, or of what is on now. */
	bool shown = width == nested->shown_width && height == nested->shown_height;
	bool offered = nested->offered_width == 0 ||
		(width == nested->offered_width && height == nested->offered_height);
	if (shown && offered) {
		nested->resizing = false;
		return;
	}
	if (!find_mode(nested, width, height, &mode)) {
		own = true;
		ret = make_mode(width, height, &mode);
	}
	if (ret == 0)
		ret = offer_modes(nested, &mode);
	if (ret < 0) {
		gem_warn("nested", "no mode for %ux%u: %s", width, height, strerror(-ret));
		return;
	}
	if (own)
		nested->window_mode = mode;
	nested->offered_width = width;
	nested->offered_height = height;
	gem_info("nested", "window is %ux%u: offered mode %s", nested->window_width,
		nested->window_height, mode.name);
}

/* What the host's pointer positions are relative to. */
static void update_surface_size(struct compositor_nested *nested)
{
	bool scaled = nested->viewport && nested->window_width != 0 &&
		(nested->window_width != nested->shown_width ||
		 nested->window_height != nested->shown_height);

	nested->seat.surface_width = scaled ? nested->window_width : nested->shown_width;
	nested->seat.surface_height = scaled ? nested->window_height : nested->shown_height;
	if (nested->viewport && scaled)
		wp_viewport_set_destination(nested->viewport, nested->window_width,
			nested->window_height);
	else if (nested->viewport)
		wp_viewport_set_destination(nested->viewport, -1, -1);
}

static void update_title(struct compositor_nested *nested)
{
	char title[96];

	pthread_mutex_lock(&nested->kms->lock);
	uint32_t refresh = kms_mode_vrefresh(&nested->crtc->state.mode);
	pthread_mutex_unlock(&nested->kms->lock);
	snprintf(title, sizeof(title), "Testcard — %s %ux%u@%u", nested->connector->name,
		nested->shown_width, nested->shown_height, refresh);
	xdg_toplevel_set_title(nested->toplevel, title);
}

/* ---- showing frames ---- */

static void frame_size_changed(struct compositor_nested *nested,
	const struct nested_memory *memory)
{
	nested->shown_width = memory->width;
	nested->shown_height = memory->height;
	/* The answer to our offer, whatever it is, unless another one is due. */
	if (nested->resize_deadline == 0)
		nested->resizing = false;
	/* A mode set from inside: a window that is free to, follows. */
	if (nested->floating && !nested->resizing) {
		nested->window_width = memory->width;
		nested->window_height = memory->height;
	}
	update_title(nested);
}

static void frame_done(void *data, struct wl_callback *callback, uint32_t time)
{
	struct compositor_nested *nested = data;

	wl_callback_destroy(callback);
	nested->frame_callback = NULL;
}

static const struct wl_callback_listener frame_callback_listener = {
	.done = frame_done,
};

static void show_newest(struct compositor_nested *nested)
{
	struct nested_memory *memory = NULL;

	if (!nested->configured)
		return;
	if (!nested->frame_callback)
		memory = nested_buffers_take(&nested->buffers, nested->shm);
	if (memory) {
		if (memory->width != nested->shown_width || memory->height != nested->shown_height)
			frame_size_changed(nested, memory);
		nested->frame_callback = wl_surface_frame(nested->surface);
		wl_callback_add_listener(nested->frame_callback, &frame_callback_listener, nested);
		wl_surface_attach(nested->surface, memory->buffer, 0, 0);
		wl_surface_damage_buffer(nested->surface, 0, 0, memory->width, memory->height);
	}
	/* Without a frame yet there is nothing to map. */
	if (!memory && (!nested->commit_needed || nested->shown_width == 0))
		return;
	update_surface_size(nested);
	wl_surface_commit(nested->surface);
	nested->commit_needed = false;
}

/* On the vblank thread. */
static void sink_frame(struct kms_sink *sink, const struct kms_frame *frame)
{
	struct compositor_nested *nested = gem_container_of(sink, struct compositor_nested, sink);

	if (nested_buffers_push(&nested->buffers, frame))
		wake(nested);
}

/* ---- the window ---- */

static void toplevel_configure(void *data, struct xdg_toplevel *toplevel, int32_t width,
	int32_t height, struct wl_array *states)
{
	struct compositor_nested *nested = data;
	uint32_t *state;

	nested->pending_width = width;
	nested->pending_height = height;
	nested->pending_floating = true;
	wl_array_for_each(state, states) {
		if (*state != XDG_TOPLEVEL_STATE_RESIZING && *state != XDG_TOPLEVEL_STATE_ACTIVATED)
			nested->pending_floating = false;
	}
}

static void toplevel_close(void *data, struct xdg_toplevel *toplevel)
{
	struct compositor_nested *nested = data;

	gem_info("nested", "the window was closed");
	nested->close_asked = true;
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
	struct compositor_nested *nested = data;
	uint32_t width = nested->pending_width, height = nested->pending_height;

	xdg_surface_ack_configure(xdg_surface, serial);
	nested->configured = true;
	nested->commit_needed = true;
	nested->floating = nested->pending_floating;
	if (nested->pending_width <= 0 || nested->pending_height <= 0)
		return;
	if (width == nested->window_width && height == nested->window_height)
		return;
	nested->window_width = width;
	nested->window_height = height;
	nested->resizing = true;
	nested->resize_deadline = now_ns() + RESIZE_DELAY_NS;
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

static void window_create(struct compositor_nested *nested)
{
	nested->surface = wl_compositor_create_surface(nested->compositor);
	nested->seat.surface = nested->surface;
	if (nested->viewporter)
		nested->viewport = wp_viewporter_get_viewport(nested->viewporter, nested->surface);
	nested->xdg_surface = xdg_wm_base_get_xdg_surface(nested->wm_base, nested->surface);
	xdg_surface_add_listener(nested->xdg_surface, &surface_listener, nested);
	nested->toplevel = xdg_surface_get_toplevel(nested->xdg_surface);
	xdg_toplevel_add_listener(nested->toplevel, &toplevel_listener, nested);
	xdg_toplevel_set_app_id(nested->toplevel, "testcard");
	xdg_toplevel_set_title(nested->toplevel, "Testcard");
	xdg_toplevel_set_min_size(nested->toplevel, SMALLEST_MODE, SMALLEST_MODE);
	if (nested->decorations) {
		nested->decoration = zxdg_decoration_manager_v1_get_toplevel_decoration(
			nested->decorations, nested->toplevel);
		zxdg_toplevel_decoration_v1_set_mode(nested->decoration,
			ZXDG_TOPLEVEL_DECORATION_V1_MODE_SERVER_SIDE);
	}
	wl_surface_commit(nested->surface);
}

static void window_destroy(struct compositor_nested *nested)
{
	if (nested->frame_callback)
		wl_callback_destroy(nested->frame_callback);
	if (nested->decoration)
		zxdg_toplevel_decoration_v1_destroy(nested->decoration);
	if (nested->toplevel)
		xdg_toplevel_destroy(nested->toplevel);
	if (nested->xdg_surface)
		xdg_surface_destroy(nested->xdg_surface);
	if (nested->viewport)
		wp_viewport_destroy(nested->viewport);
	if (nested->surface)
		wl_surface_destroy(nested->surface);
}

/* ---- the connection ---- */

static uint32_t lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void registry_global(void *data, struct wl_registry *registry, uint32_t name,
	const char *interface, uint32_t version)
{
	struct compositor_nested *nested = data;

	/* 4: damage_buffer */
	if (strcmp(interface, wl_compositor_interface.name) == 0 && version >= 4 &&
	    !nested->compositor) {
		nested->compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 4);
	} else if (strcmp(interface, wl_shm_interface.name) == 0 && !nested->shm) {
		nested->shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
	} else if (strcmp(interface, xdg_wm_base_interface.name) == 0 && !nested->wm_base) {
		nested->wm_base = wl_registry_bind(registry, name, &xdg_wm_base_interface,
			lower(version, 5));
		xdg_wm_base_add_listener(nested->wm_base, &wm_base_listener, nested);
	} else if (strcmp(interface, wp_viewporter_interface.name) == 0 && !nested->viewporter) {
		nested->viewporter = wl_registry_bind(registry, name, &wp_viewporter_interface, 1);
	} else if (strcmp(interface, zxdg_decoration_manager_v1_interface.name) == 0 &&
		   !nested->decorations) {
		nested->decorations = wl_registry_bind(registry, name,
			&zxdg_decoration_manager_v1_interface, 1);
	} else if (strcmp(interface, wl_seat_interface.name) == 0) {
		nested_seat_bind(&nested->seat, registry, name, version);
	}
}

static void registry_global_remove(void *data, struct wl_registry *registry, uint32_t name)
{
	struct compositor_nested *nested = data;

	if (nested->seat.seat && nested->seat.name == name)
		nested_seat_unbind(&nested->seat);
}

static const struct wl_registry_listener registry_listener = {
	.global = registry_global,
	.global_remove = registry_global_remove,
};

/* Connected, bound, and the window asked for and configured. */
static int connect_host(struct compositor_nested *nested, const char *name)
{
	nested->display = wl_display_connect(name);
	if (!nested->display)
		return errno ? -errno : -ECONNREFUSED;
	nested->registry = wl_display_get_registry(nested->display);
	wl_registry_add_listener(nested->registry, &registry_listener, nested);
	if (wl_display_roundtrip(nested->display) < 0)
		return -errno;
	if (!nested->compositor || !nested->shm || !nested->wm_base)
		return -EPROTONOSUPPORT;
	window_create(nested);
	while (!nested->configured) {
		if (wl_display_dispatch(nested->display) < 0)
			return -errno;
	}
	/* The first size needs no rest of the hand. */
	if (nested->resize_deadline != 0)
		offer_window_size(nested);
	return 0;
}

static void disconnect_host(struct compositor_nested *nested)
{
	if (!nested->display)
		return;
	nested_seat_unbind(&nested->seat);
	window_destroy(nested);
	nested_buffers_finish(&nested->buffers);
	if (nested->decorations)
		zxdg_decoration_manager_v1_destroy(nested->decorations);
	if (nested->viewporter)
		wp_viewporter_destroy(nested->viewporter);
	if (nested->wm_base)
		xdg_wm_base_destroy(nested->wm_base);
	if (nested->shm)
		wl_shm_destroy(nested->shm);
	if (nested->compositor)
		wl_compositor_destroy(nested->compositor);
	wl_registry_destroy(nested->registry);
	wl_display_flush(nested->display);
	wl_display_disconnect(nested->display);
}

/* ---- the thread ---- */

static int poll_timeout_ms(const struct compositor_nested *nested)
{
	if (nested->resize_deadline == 0)
		return -1;
	uint64_t now = now_ns();
	if (nested->resize_deadline <= now)
		return 0;
	return (nested->resize_deadline - now) / 1000000 + 1;
}

/* Sends, waits, receives. false: the connection is gone. */
static bool wait_host(struct compositor_nested *nested)
{
	struct wl_display *display = nested->display;
	struct pollfd fds[2] = {
		{.fd = wl_display_get_fd(display), .events = POLLIN},
		{.fd = nested->wake_fd, .events = POLLIN},
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
	if (poll(fds, 2, poll_timeout_ms(nested)) < 0) {
		wl_display_cancel_read(display);
		return errno == EINTR;
	}
	if (fds[1].revents && read(nested->wake_fd, &count, sizeof(count)) < 0)
		gem_debug("nested", "wake: %s", strerror(errno));
	if (fds[0].revents & (POLLIN | POLLERR | POLLHUP)) {
		if (wl_display_read_events(display) < 0)
			return false;
	} else {
		wl_display_cancel_read(display);
	}
	return wl_display_dispatch_pending(display) >= 0;
}

static void log_lost(struct compositor_nested *nested)
{
	const struct wl_interface *interface = NULL;
	int error = wl_display_get_error(nested->display);
	uint32_t id = 0, code = 0;

	if (error == EPROTO) {
		code = wl_display_get_protocol_error(nested->display, &interface, &id);
		gem_error("nested", "host: protocol error %u on %s@%u", code,
			interface ? interface->name : "?", id);
	} else {
		gem_info("nested", "the host is gone: %s", strerror(error));
	}
}

static void *window_thread(void *data)
{
	struct compositor_nested *nested = data;

	while (!atomic_load(&nested->stop)) {
		/* Here and not in the event's handler: _create dispatches events too. */
		if (nested->close_asked)
			tell_closed(nested);
		if (!wait_host(nested)) {
			log_lost(nested);
			tell_closed(nested);
			break;
		}
		if (nested->resize_deadline != 0 && now_ns() >= nested->resize_deadline)
			offer_window_size(nested);
		show_newest(nested);
	}
	return NULL;
}

/* Signals are the main thread's. */
static int start_thread(struct compositor_nested *nested)
{
	sigset_t all, old;

	gem_guard_fill_signals(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	int ret = -pthread_create(&nested->thread, NULL, window_thread, nested);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}

int compositor_nested_create(struct platform *platform,
	const struct compositor_nested_options *options, struct compositor_nested **out)
{
	struct compositor_nested *nested = calloc(1, sizeof(*nested));
	int ret;

	if (!nested)
		return -ENOMEM;
	nested->platform = platform;
	nested->kms = platform->card->kms;
	nested->crtc = &nested->kms->crtcs[0];
	nested->connector = &nested->kms->connectors[0];
	nested->on_close = options->on_close;
	nested->data = options->data;
	nested->sink.frame = sink_frame;
	nested_buffers_init(&nested->buffers);
	nested_seat_init(&nested->seat, platform);
	nested->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (nested->wake_fd < 0) {
		ret = -errno;
		goto free_nested;
	}
	ret = connect_host(nested, options->display);
	if (ret < 0)
		goto disconnect;
	ret = start_thread(nested);
	if (ret < 0)
		goto disconnect;
	kms_sink_attach(&nested->sink, nested->crtc);
	*out = nested;
	return 0;

disconnect:
	disconnect_host(nested);
	close(nested->wake_fd);
free_nested:
	free(nested);
	return ret;
}

void compositor_nested_destroy(struct compositor_nested *nested)
{
	kms_sink_detach(&nested->sink);
	atomic_store(&nested->stop, true);
	wake(nested);
	pthread_join(nested->thread, NULL);
	disconnect_host(nested);
	close(nested->wake_fd);
	free(nested);
}
