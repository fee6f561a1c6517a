#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xf86drm.h>

#include "compositor_backend.h"
#include "compositor_lift.h"
#include "compositor_log.h"
#include "gem_base.h"

static struct compositor_backend *backend_from(struct wlr_backend *base)
{
	return gem_container_of(base, struct compositor_backend, base);
}

static void handle_flip(int fd, unsigned sequence, unsigned seconds, unsigned microseconds,
	unsigned crtc_id, void *data)
{
	const struct compositor_ticket *ticket = data;
	struct compositor_pipe *pipe = ticket->pipe;
	struct timespec when = {.tv_sec = seconds, .tv_nsec = (long)microseconds * 1000};

	/* A commit has followed, and waited for this one. */
	if (ticket != &pipe->tickets[pipe->ticket])
		return;
	/* An event may outlive its output. */
	if (pipe->output && pipe->output->flip_pending)
		compositor_output_flipped(pipe->output, sequence, &when);
	else if (!pipe->output && pipe->off_wanted)
		compositor_commit_pipe_off(pipe);
}

static int handle_device(int fd, uint32_t mask, void *data)
{
	struct compositor_backend *backend = data;
	drmEventContext context = {.version = 3, .page_flip_handler2 = handle_flip};

	/* Its server died: that is our end. What is pulled out is told of by lose_device. */
	if (mask & (WL_EVENT_HANGUP | WL_EVENT_ERROR)) {
		compositor_error("the device is gone");
		wl_event_source_remove(backend->events);
		backend->events = NULL;
		wl_display_terminate(backend->display);
		return 0;
	}
	if (drmHandleEvent(fd, &context) != 0)
		compositor_warn("reading the device's events failed");
	return 1;
}

/* 0 without such a property, too. */
static uint64_t connector_value(const drmModeConnector *connector, uint32_t prop)
{
	for (int i = 0; prop && i < connector->count_props; i++) {
		if (connector->props[i] == prop)
			return connector->prop_values[i];
	}
	return 0;
}

static void update_pipe(struct compositor_pipe *pipe)
{
	struct compositor_backend *backend = pipe->backend;
	drmModeConnector *connector = drmModeGetConnector(backend->fd, pipe->connector_id);

	if (!connector)
		return;
	bool connected = connector->connection == DRM_MODE_CONNECTED && connector->count_modes > 0;
	bool desktop = connector_value(connector, pipe->props.non_desktop) == 0;
	if (pipe->offered != (connected && !desktop)) {
		pipe->offered = connected && !desktop;
		wl_signal_emit(&backend->leases_changed, pipe);
	}
	connected &= desktop;
	if (connected && !pipe->output) {
		if (compositor_output_create(pipe, connector, &pipe->output) == 0) {
			compositor_info("output %s connected", pipe->output->base.name);
			compositor_lift_share(backend);
			wl_signal_emit(&backend->base.events.new_output, &pipe->output->base);
		}
	} else if (!connected && pipe->output) {
		compositor_info("output %s disconnected", pipe->output->base.name);
		wlr_output_destroy(&pipe->output->base);
	} else if (connected && compositor_output_update_modes(pipe->output, connector)) {
		wl_signal_emit(&backend->modes_changed, &pipe->output->base);
	}
	drmModeFreeConnector(connector);
}

static void update_pipes(struct compositor_backend *backend)
{
	struct compositor_pipe *pipe;

	wl_list_for_each(pipe, &backend->pipes, link)
		update_pipe(pipe);
}

/* Leases end by their owner's hand, too: then they are no longer on the list. */
static void update_lessees(struct compositor_backend *backend)
{
	drmModeLesseeListPtr list = drmModeListLessees(backend->fd);
	struct compositor_pipe *pipe;

	wl_list_for_each(pipe, &backend->pipes, link) {
		bool there = !list && pipe->lessee;
		for (uint32_t i = 0; list && i < list->count; i++)
			there |= list->lessees[i] == pipe->lessee;
		if (pipe->lessee && !there) {
			pipe->lessee = 0;
			wl_signal_emit(&backend->leases_changed, pipe);
		}
	}
	drmFree(list);
}

static void handle_device_change(struct wl_listener *listener, void *data)
{
	struct compositor_backend *backend =
		wl_container_of(listener, backend, device_change);
	struct wlr_device_change_event *event = data;

	if (event->type == WLR_DEVICE_HOTPLUG && backend->started)
		update_pipes(backend);
	if (event->type == WLR_DEVICE_LEASE)
		update_lessees(backend);
}

static int read_capabilities(struct compositor_backend *backend)
{
	uint64_t value;

	if (drmSetClientCap(backend->fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1) != 0 ||
	    drmSetClientCap(backend->fd, DRM_CLIENT_CAP_ATOMIC, 1) != 0) {
		compositor_error("the device has no atomic mode setting");
		return -ENOTSUP;
	}
	if (drmGetCap(backend->fd, DRM_CAP_TIMESTAMP_MONOTONIC, &value) != 0 || !value ||
	    drmGetCap(backend->fd, DRM_CAP_CRTC_IN_VBLANK_EVENT, &value) != 0 || !value) {
		compositor_error("the device's flip events lack monotonic time or crtc");
		return -ENOTSUP;
	}
	backend->cursor_width = drmGetCap(backend->fd, DRM_CAP_CURSOR_WIDTH, &value) == 0 ?
		value : 64;
	backend->cursor_height = drmGetCap(backend->fd, DRM_CAP_CURSOR_HEIGHT, &value) == 0 ?
		value : 64;
	return 0;
}

/* ---- a device that goes and comes ---- */

static void handle_device_remove(struct wl_listener *listener, void *data);

static int open_device(struct compositor_backend *backend)
{
	backend->device = wlr_session_open_file(backend->session, backend->path);
	if (!backend->device) {
		compositor_error("%s cannot be opened through the session", backend->path);
		return -ENODEV;
	}
	backend->fd = backend->device->fd;
	backend->device_change.notify = handle_device_change;
	wl_signal_add(&backend->device->events.change, &backend->device_change);
	backend->device_remove.notify = handle_device_remove;
	wl_signal_add(&backend->device->events.remove, &backend->device_remove);
	backend->events = wl_event_loop_add_fd(wl_display_get_event_loop(backend->display),
		backend->fd, WL_EVENT_READABLE, handle_device, backend);
	return backend->events ? 0 : -ENOMEM;
}

static void close_device(struct compositor_backend *backend)
{
	if (!backend->device)
		return;
	wl_list_remove(&backend->device_change.link);
	wl_list_remove(&backend->device_remove.link);
	if (backend->events)
		wl_event_source_remove(backend->events);
	backend->events = NULL;
	wlr_session_close_file(backend->session, backend->device);
	backend->device = NULL;
	backend->fd = -1;
}

static void destroy_outputs(struct compositor_backend *backend)
{
	struct compositor_pipe *pipe;

	wl_list_for_each(pipe, &backend->pipes, link) {
		if (pipe->output)
			wlr_output_destroy(&pipe->output->base);
	}
}

static void destroy_framebuffers(struct compositor_backend *backend)
{
	struct compositor_framebuffer *fb, *next;

	wl_list_for_each_safe(fb, next, &backend->framebuffers, link)
		compositor_framebuffer_destroy(fb);
}

/* Before the file is closed, of which all that was made is. */
static void handle_device_remove(struct wl_listener *listener, void *data)
{
	struct compositor_backend *backend =
		wl_container_of(listener, backend, device_remove);

	compositor_warn("%s was pulled out: there is no screen until it is back", backend->path);
	backend->gone = true;
	destroy_outputs(backend);
	destroy_framebuffers(backend);
	wl_signal_emit(&backend->lost, backend);
	close_device(backend);
}

static void handle_device_add(struct wl_listener *listener, void *data)
{
	struct compositor_backend *backend =
		wl_container_of(listener, backend, device_add);
	struct wlr_session_add_event *event = data;

	if (backend->device || strcmp(event->path, backend->path) != 0)
		return;
	/* It may have been pulled out since: then another one comes. */
	int err = open_device(backend);
	if (err == 0)
		err = read_capabilities(backend);
	if (err == 0)
		err = compositor_pipes_renew(backend);
	if (err < 0) {
		compositor_error("%s is back, but of no use: %s", backend->path, strerror(-err));
		close_device(backend);
		return;
	}
	compositor_info("%s is back", backend->path);
	backend->gone = false;
	wl_signal_emit(&backend->found, backend);
	if (backend->started)
		update_pipes(backend);
}

static void handle_session_active(struct wl_listener *listener, void *data)
{
	struct compositor_backend *backend =
		wl_container_of(listener, backend, session_active);
	struct compositor_pipe *pipe;

	compositor_info("session %s", backend->session->active ? "active" : "paused");
	if (!backend->session->active || !backend->started || !backend->device)
		return;
	update_pipes(backend);
	wl_list_for_each(pipe, &backend->pipes, link) {
		if (pipe->output)
			compositor_output_restore(pipe->output);
	}
}

static void handle_session_destroy(struct wl_listener *listener, void *data)
{
	struct compositor_backend *backend =
		wl_container_of(listener, backend, session_destroy);

	wlr_backend_destroy(&backend->base);
}

static bool backend_start(struct wlr_backend *base)
{
	struct compositor_backend *backend = backend_from(base);

	backend->started = true;
	update_pipes(backend);
	return true;
}

static void backend_destroy(struct wlr_backend *base)
{
	struct compositor_backend *backend = backend_from(base);
	struct compositor_pipe *pipe, *next_pipe;

	destroy_outputs(backend);
	wlr_backend_finish(base);
	destroy_framebuffers(backend);
	wl_list_for_each_safe(pipe, next_pipe, &backend->pipes, link)
		compositor_pipe_destroy(pipe);
	compositor_overlays_destroy(backend);
	wl_list_remove(&backend->device_add.link);
	wl_list_remove(&backend->session_active.link);
	wl_list_remove(&backend->session_destroy.link);
	close_device(backend);
	free(backend->path);
	free(backend);
}

static struct wlr_session *backend_get_session(struct wlr_backend *base)
{
	return backend_from(base)->session;
}

static int backend_get_drm_fd(struct wlr_backend *base)
{
	return backend_from(base)->fd;
}

static uint32_t backend_get_buffer_caps(struct wlr_backend *base)
{
	return WLR_BUFFER_CAP_DMABUF;
}

static const struct wlr_backend_impl backend_impl = {
	.start = backend_start,
	.destroy = backend_destroy,
	.get_session = backend_get_session,
	.get_drm_fd = backend_get_drm_fd,
	.get_buffer_caps = backend_get_buffer_caps,
};

static void listen(struct compositor_backend *backend)
{
	backend->device_add.notify = handle_device_add;
	wl_signal_add(&backend->session->events.add_drm_card, &backend->device_add);
	backend->session_active.notify = handle_session_active;
	wl_signal_add(&backend->session->events.active, &backend->session_active);
	backend->session_destroy.notify = handle_session_destroy;
	wl_signal_add(&backend->session->events.destroy, &backend->session_destroy);
}

int compositor_backend_create(struct wl_display *display, struct wlr_session *session,
	const char *path, struct compositor_backend **out)
{
	struct compositor_backend *backend = calloc(1, sizeof(*backend));

	if (!backend)
		return -ENOMEM;
	backend->display = display;
	backend->session = session;
	wl_list_init(&backend->pipes);
	wl_list_init(&backend->overlays);
	wl_list_init(&backend->framebuffers);
	wl_signal_init(&backend->modes_changed);
	wl_signal_init(&backend->mode_added);
	wl_signal_init(&backend->leases_changed);
	wl_signal_init(&backend->lost);
	wl_signal_init(&backend->found);
	backend->path = strdup(path);
	backend->fd = -1;
	wlr_backend_init(&backend->base, &backend_impl);
	listen(backend);

	int err = backend->path ? open_device(backend) : -ENOMEM;
	if (err == 0)
		err = read_capabilities(backend);
	if (err == 0)
		err = compositor_pipes_create(backend);
	if (err < 0) {
		wlr_backend_destroy(&backend->base);
		return err;
	}
	*out = backend;
	return 0;
}
