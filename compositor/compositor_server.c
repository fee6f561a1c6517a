#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wlr/backend.h>
#include <wlr/render/wlr_renderer.h>
#include <wlr/types/wlr_compositor.h>
#include <wlr/types/wlr_data_control_v1.h>
#include <wlr/types/wlr_data_device.h>
#include <wlr/types/wlr_gamma_control_v1.h>
#include <wlr/types/wlr_presentation_time.h>
#include <wlr/types/wlr_primary_selection.h>
#include <wlr/types/wlr_primary_selection_v1.h>
#include <wlr/types/wlr_screencopy_v1.h>
#include <wlr/types/wlr_viewporter.h>
#include <wlr/types/wlr_xdg_output_v1.h>

#include "compositor_backend.h"
#include "compositor_exchange.h"
#include "compositor_hint.h"
#include "compositor_inspect.h"
#include "compositor_log.h"
#include "compositor_peer.h"
#include "compositor_server.h"
#include "compositor_share.h"
#include "compositor_wl_drm.h"

/* ---- selections and drag and drop ---- */

static void handle_request_set_selection(struct wl_listener *listener, void *data)
{
	struct compositor_server *server =
		wl_container_of(listener, server, request_set_selection);
	struct wlr_seat_request_set_selection_event *event = data;

	wlr_seat_set_selection(server->seat, event->source, event->serial);
}

static void handle_request_set_primary(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, request_set_primary);
	struct wlr_seat_request_set_primary_selection_event *event = data;

	wlr_seat_set_primary_selection(server->seat, event->source, event->serial);
}

static void handle_request_start_drag(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, request_start_drag);
	struct wlr_seat_request_start_drag_event *event = data;

	if (wlr_seat_validate_pointer_grab_serial(server->seat, event->origin, event->serial))
		wlr_seat_start_pointer_drag(server->seat, event->drag, event->serial);
	else
		wlr_data_source_destroy(event->drag->source);
}

struct drag_icon {
	struct wlr_scene_tree *tree;
	struct wl_listener destroy;
};

static void handle_drag_icon_destroy(struct wl_listener *listener, void *data)
{
	struct drag_icon *icon = wl_container_of(listener, icon, destroy);

	wlr_scene_node_destroy(&icon->tree->node);
	wl_list_remove(&icon->destroy.link);
	free(icon);
}

static void handle_start_drag(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, start_drag);
	struct wlr_drag *drag = data;
	struct drag_icon *icon = drag->icon ? calloc(1, sizeof(*icon)) : NULL;

	if (!icon)
		return;
	icon->tree = wlr_scene_tree_create(&server->layers[COMPOSITOR_LAYER_DRAG]->node);
	if (!icon->tree) {
		free(icon);
		return;
	}
	wlr_scene_subsurface_tree_create(&icon->tree->node, drag->icon->surface);
	wlr_scene_node_set_position(&icon->tree->node, server->cursor->x, server->cursor->y);
	drag->icon->data = &icon->tree->node;
	compositor_listen(&drag->icon->events.destroy, &icon->destroy, handle_drag_icon_destroy);
}

static void init_seat(struct compositor_server *server)
{
	server->seat = wlr_seat_create(server->display, "seat0");
	compositor_listen(&server->seat->events.request_set_selection, &server->request_set_selection,
		handle_request_set_selection);
	compositor_listen(&server->seat->events.request_set_primary_selection, &server->request_set_primary,
		handle_request_set_primary);
	compositor_listen(&server->seat->events.request_start_drag, &server->request_start_drag,
		handle_request_start_drag);
	compositor_listen(&server->seat->events.start_drag, &server->start_drag, handle_start_drag);
}

static void finish_seat(struct compositor_server *server)
{
	wl_list_remove(&server->request_set_selection.link);
	wl_list_remove(&server->request_set_primary.link);
	wl_list_remove(&server->request_start_drag.link);
	wl_list_remove(&server->start_drag.link);
	/* wlroots 0.15: the seat leaves its listeners on the keyboard it had. */
	wlr_seat_set_keyboard(server->seat, NULL);
	wlr_seat_destroy(server->seat);
}

/* ---- the parts ---- */

static int init_scene(struct compositor_server *server)
{
	static const enum compositor_layer_index order[] = {
		COMPOSITOR_LAYER_BACKGROUND, COMPOSITOR_LAYER_BOTTOM, COMPOSITOR_LAYER_WINDOWS,
		COMPOSITOR_LAYER_TOP, COMPOSITOR_LAYER_FULLSCREEN, COMPOSITOR_LAYER_OVERLAY,
		COMPOSITOR_LAYER_DRAG, COMPOSITOR_LAYER_INSPECT,
	};
	static const float slate[4] = {0.16f, 0.20f, 0.25f, 1.0f};

	server->scene = wlr_scene_create();
	if (!server->scene)
		return -ENOMEM;
	server->backdrop = wlr_scene_rect_create(&server->scene->node, 0, 0, slate);
	if (!server->backdrop)
		return -ENOMEM;
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(order); i++) {
		server->layers[order[i]] = wlr_scene_tree_create(&server->scene->node);
		if (!server->layers[order[i]])
			return -ENOMEM;
	}
	return 0;
}

static void init_globals(struct compositor_server *server)
{
	struct wl_display *display = server->display;

	compositor_render_init_display(&server->render, display);
	wlr_compositor_create(display, server->render.renderer);
	wlr_data_device_manager_create(display);
	wlr_data_control_manager_v1_create(display);
	wlr_primary_selection_v1_device_manager_create(display);
	wlr_viewporter_create(display);
	wlr_screencopy_manager_v1_create(display);
	wlr_xdg_output_manager_v1_create(display, server->layout);
	wlr_gamma_control_manager_v1_create(display);
	compositor_power_init(server);
	wlr_scene_set_presentation(server->scene,
		wlr_presentation_create(display, server->wlr_backend));
}

/* What goes from client to client, and to us, as objects of the device. */
static int init_sharing(struct compositor_server *server)
{
	struct wlr_renderer *renderer = server->render.renderer;
	int err = compositor_exchange_create(server->backend->fd, &server->exchange);

	if (err == 0 && wlr_renderer_get_dmabuf_texture_formats(renderer))
		err = compositor_wl_drm_create(server->display, renderer, server->exchange,
			&server->wl_drm);
	if (err == 0 && server->render.dmabuf)
		err = compositor_hints_create(server, &server->hints);
	if (err == 0)
		err = compositor_shares_create(server, server->exchange, &server->shares);
	return err;
}

/* ---- a device that is pulled out and put back ---- */

static void handle_device_lost(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, device_lost);

	compositor_leases_lose_device(server->leases);
	compositor_shares_revoke(server->shares);
	compositor_peers_forget_device(server->display);
	compositor_exchange_lose_device(server->exchange);
	compositor_render_lose_device(&server->render);
}

static void handle_device_found(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, device_found);
	int fd = server->backend->fd;

	int err = compositor_render_find_device(&server->render, fd);
	if (err == 0)
		err = compositor_exchange_find_device(server->exchange, fd);
	if (err == 0)
		err = compositor_leases_find_device(server->leases);
	if (err < 0)
		compositor_error("the device is back, but not all of it: %s", strerror(-err));
}

static void listen_to_device(struct compositor_server *server)
{
	compositor_listen(&server->backend->lost, &server->device_lost, handle_device_lost);
	compositor_listen(&server->backend->found, &server->device_found, handle_device_found);
}

/* ---- the whole ---- */

static int open_socket(struct compositor_server *server)
{
	const char *name = server->options->socket;

	if (!name) {
		server->socket = wl_display_add_socket_auto(server->display);
	} else if (wl_display_add_socket(server->display, name) == 0) {
		server->socket = name;
	}
	if (!server->socket) {
		compositor_error("no Wayland socket %s in XDG_RUNTIME_DIR", name ? name : "");
		return -EADDRINUSE;
	}
	return 0;
}

int compositor_server_create(struct wl_display *display, struct wlr_backend *wlr_backend,
	struct compositor_backend *backend, const struct compositor_server_options *options,
	struct compositor_server **out)
{
	struct compositor_server *server = calloc(1, sizeof(*server));

	if (!server)
		return -ENOMEM;
	server->display = display;
	server->wlr_backend = wlr_backend;
	server->backend = backend;
	server->options = options;
	server->use_planes = !options->no_planes;
	server->adaptive_sync = options->adaptive_sync;
	int err = compositor_render_init(&server->render, backend->fd, options->renderer);
	if (err < 0) {
		free(server);
		return err;
	}
	/* From here on memory failure ends the program: nothing of a shell is optional. */
	err = init_scene(server);
	if (err < 0)
		return err;
	compositor_screens_init(server);
	init_globals(server);
	init_seat(server);
	compositor_views_init(server);
	compositor_layers_init(server);
	err = compositor_pointer_init(server);
	if (err < 0)
		return err;
	compositor_keyboards_init(server);
	err = compositor_leases_create(server, &server->leases);
	if (err == 0)
		err = init_sharing(server);
	if (err == 0)
		err = compositor_inspect_create(server, &server->inspect);
	if (err == 0)
		err = open_socket(server);
	listen_to_device(server);
	if (err == 0 && !wlr_backend_start(wlr_backend))
		err = -EIO;
	if (err < 0) {
		compositor_server_destroy(server);
		return err;
	}
	compositor_inspect_set(server->inspect, options->inspect);
	*out = server;
	return 0;
}

void compositor_server_destroy(struct compositor_server *server)
{
	wl_list_remove(&server->device_lost.link);
	wl_list_remove(&server->device_found.link);
	wl_display_destroy_clients(server->display);
	compositor_inspect_destroy(server->inspect);
	compositor_leases_destroy(server->leases);
	compositor_shares_destroy(server->shares);
	compositor_wl_drm_destroy(server->wl_drm);
	compositor_exchange_destroy(server->exchange);
	compositor_power_finish(server);
	compositor_keyboards_finish(server);
	compositor_pointer_finish(server);
	compositor_layers_finish(server);
	compositor_views_finish(server);
	finish_seat(server);
	compositor_screens_finish(server);
	/* The outputs go with the backend, and the screens with the outputs. */
	wlr_backend_destroy(server->wlr_backend);
	compositor_heads_finish(server);
	compositor_hints_destroy(server->hints);
	/* wlroots 0.15: what ties the scene to the layout looks at the scene when that goes. */
	wlr_output_layout_destroy(server->layout);
	wlr_scene_node_destroy(&server->scene->node);
	compositor_render_finish(&server->render);
	free(server);
}
