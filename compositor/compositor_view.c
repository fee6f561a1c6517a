#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wlr/types/wlr_xdg_decoration_v1.h>
#include <wlr/util/edges.h>

#include "compositor_log.h"
#include "compositor_place.h"
#include "compositor_server.h"

pid_t compositor_view_pid(struct compositor_view *view)
{
	pid_t pid;

	wl_client_get_credentials(wl_resource_get_client(view->xdg->surface->resource), &pid,
		NULL, NULL);
	return pid;
}

const char *compositor_view_title(struct compositor_view *view)
{
	return view->xdg->toplevel->title ? view->xdg->toplevel->title : "";
}

const char *compositor_view_app_id(struct compositor_view *view)
{
	return view->xdg->toplevel->app_id ? view->xdg->toplevel->app_id : "";
}

/* The name of a client's program, for the log. */
static void program_name(pid_t pid, char *name, size_t size)
{
	char path[64];

	snprintf(name, size, "?");
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(name, size, file))
		name[strcspn(name, "\n")] = '\0';
	fclose(file);
}

struct compositor_view *compositor_view_of(struct compositor_server *server,
	struct wlr_surface *surface)
{
	struct compositor_view *view;

	/* A popup's root is itself: climb to the window it hangs on. */
	while (surface) {
		surface = wlr_surface_get_root_surface(surface);
		struct wlr_xdg_surface *xdg = wlr_surface_is_xdg_surface(surface) ?
			wlr_xdg_surface_from_wlr_surface(surface) : NULL;
		if (!xdg || xdg->role != WLR_XDG_SURFACE_ROLE_POPUP)
			break;
		surface = xdg->popup->parent;
	}
	wl_list_for_each(view, &server->views, link) {
		if (view->xdg->surface == surface)
			return view;
	}
	return NULL;
}

/* ---- position and size ---- */

void compositor_view_move(struct compositor_view *view, int x, int y)
{
	view->box.x = x;
	view->box.y = y;
	wlr_scene_node_set_position(view->node, x, y);
}

void compositor_view_resize(struct compositor_view *view, const struct wlr_box *box,
	uint32_t edges)
{
	view->resize_edges = edges;
	view->resize_box = *box;
	wlr_xdg_toplevel_set_size(view->xdg, box->width, box->height);
	if (edges == 0)
		compositor_view_move(view, box->x, box->y);
}

static struct compositor_screen *view_screen(struct compositor_view *view)
{
	return compositor_screen_at(view->server, view->box.x + view->box.width / 2.0,
		view->box.y + view->box.height / 2.0);
}

/* Puts the window where its state (fullscreen, maximized, neither) wants it. */
static void apply_state(struct compositor_view *view)
{
	struct compositor_server *server = view->server;
	struct compositor_screen *screen = view_screen(view);
	struct wlr_box box = view->saved;

	wlr_scene_node_reparent(view->node, &server->layers[view->fullscreen ?
		COMPOSITOR_LAYER_FULLSCREEN : COMPOSITOR_LAYER_WINDOWS]->node);
	if (screen && view->fullscreen)
		compositor_screen_box(screen, &box);
	else if (screen && view->maximized)
		box = screen->usable;
	compositor_view_resize(view, &box, 0);
	compositor_pointer_update(server);
}

static void save_box(struct compositor_view *view)
{
	if (!view->maximized && !view->fullscreen)
		view->saved = view->box;
}

void compositor_view_set_maximized(struct compositor_view *view, bool maximized)
{
	if (view->maximized != maximized && view->mapped) {
		save_box(view);
		view->maximized = maximized;
		apply_state(view);
	}
	wlr_xdg_toplevel_set_maximized(view->xdg, maximized);
}

static void set_fullscreen(struct compositor_view *view, bool fullscreen)
{
	if (view->fullscreen != fullscreen && view->mapped) {
		save_box(view);
		view->fullscreen = fullscreen;
		apply_state(view);
	}
	wlr_xdg_toplevel_set_fullscreen(view->xdg, fullscreen);
}

void compositor_views_arrange(struct compositor_server *server)
{
	struct compositor_view *view;

	wl_list_for_each(view, &server->views, link) {
		struct compositor_screen *screen = view_screen(view);
		if (!screen)
			continue;
		if (view->maximized || view->fullscreen) {
			apply_state(view);
			continue;
		}
		struct wlr_box box = view->box;
		compositor_place_into(&screen->usable, &box);
		compositor_view_move(view, box.x, box.y);
	}
}

/* ---- life of a window ---- */

static void place_new(struct compositor_view *view)
{
	struct compositor_server *server = view->server;
	struct compositor_screen *screen =
		compositor_screen_at(server, server->cursor->x, server->cursor->y);
	struct wlr_box box;

	wlr_xdg_surface_get_geometry(view->xdg, &box);
	view->box.width = box.width;
	view->box.height = box.height;
	if (screen)
		compositor_place_cascade(&screen->usable, &server->cascade, &view->box);
	compositor_view_move(view, view->box.x, view->box.y);
	view->saved = view->box;
}

static void handle_map(struct wl_listener *listener, void *data)
{
	struct compositor_view *view = wl_container_of(listener, view, map);
	char name[32];

	view->mapped = true;
	wl_list_insert(&view->server->views, &view->link);
	place_new(view);
	wlr_scene_node_set_enabled(view->node, true);
	program_name(compositor_view_pid(view), name, sizeof(name));
	compositor_info("client %s (%d) mapped window '%s' %dx%d at %d,%d", name,
		(int)compositor_view_pid(view), compositor_view_title(view), view->box.width,
		view->box.height, view->box.x, view->box.y);
	if (view->xdg->toplevel->requested.fullscreen)
		set_fullscreen(view, true);
	else if (view->xdg->toplevel->requested.maximized)
		compositor_view_set_maximized(view, true);
	compositor_focus_view(view->server, view);
	compositor_pointer_update(view->server);
}

static void handle_unmap(struct wl_listener *listener, void *data)
{
	struct compositor_view *view = wl_container_of(listener, view, unmap);

	compositor_info("window '%s' unmapped", compositor_view_title(view));
	compositor_pointer_forget(view->server, view);
	view->mapped = view->maximized = view->fullscreen = false;
	view->resize_edges = 0;
	wlr_scene_node_set_enabled(view->node, false);
	wlr_scene_node_reparent(view->node,
		&view->server->layers[COMPOSITOR_LAYER_WINDOWS]->node);
	wl_list_remove(&view->link);
	wl_list_init(&view->link);
	compositor_focus_update(view->server);
	compositor_pointer_update(view->server);
}

static void handle_commit(struct wl_listener *listener, void *data)
{
	struct compositor_view *view = wl_container_of(listener, view, commit);
	struct wlr_box geometry;

	if (!view->mapped)
		return;
	wlr_xdg_surface_get_geometry(view->xdg, &geometry);
	if (geometry.width == view->box.width && geometry.height == view->box.height)
		return;
	view->box.width = geometry.width;
	view->box.height = geometry.height;
	/* Dragged by its left or top edge, the opposite one stays where it is. */
	if (view->resize_edges & WLR_EDGE_LEFT)
		view->box.x = view->resize_box.x + view->resize_box.width - geometry.width;
	if (view->resize_edges & WLR_EDGE_TOP)
		view->box.y = view->resize_box.y + view->resize_box.height - geometry.height;
	compositor_view_move(view, view->box.x, view->box.y);
	if (view->server->grab.view != view)
		view->resize_edges = 0;
}

static void handle_request_move(struct wl_listener *listener, void *data)
{
	struct compositor_view *view = wl_container_of(listener, view, request_move);
	struct wlr_xdg_toplevel_move_event *event = data;

	if (wlr_seat_validate_pointer_grab_serial(view->server->seat, view->xdg->surface,
			event->serial))
		compositor_pointer_begin(view->server, view, COMPOSITOR_GRAB_MOVE, 0);
}

static void handle_request_resize(struct wl_listener *listener, void *data)
{
	struct compositor_view *view = wl_container_of(listener, view, request_resize);
	struct wlr_xdg_toplevel_resize_event *event = data;

	if (wlr_seat_validate_pointer_grab_serial(view->server->seat, view->xdg->surface,
			event->serial))
		compositor_pointer_begin(view->server, view, COMPOSITOR_GRAB_RESIZE,
			event->edges);
}

static void handle_request_maximize(struct wl_listener *listener, void *data)
{
	struct compositor_view *view = wl_container_of(listener, view, request_maximize);

	compositor_view_set_maximized(view, view->xdg->toplevel->requested.maximized);
}

static void handle_request_fullscreen(struct wl_listener *listener, void *data)
{
	struct compositor_view *view = wl_container_of(listener, view, request_fullscreen);

	set_fullscreen(view, view->xdg->toplevel->requested.fullscreen);
}

static void handle_request_minimize(struct wl_listener *listener, void *data)
{
	struct compositor_view *view = wl_container_of(listener, view, request_minimize);

	/* There is nowhere to minimize to: the client learns that nothing changed. */
	wlr_xdg_surface_schedule_configure(view->xdg);
}

static void handle_destroy(struct wl_listener *listener, void *data)
{
	struct compositor_view *view = wl_container_of(listener, view, destroy);

	view->xdg->surface->data = NULL;
	wl_list_remove(&view->map.link);
	wl_list_remove(&view->unmap.link);
	wl_list_remove(&view->destroy.link);
	wl_list_remove(&view->commit.link);
	wl_list_remove(&view->request_move.link);
	wl_list_remove(&view->request_resize.link);
	wl_list_remove(&view->request_maximize.link);
	wl_list_remove(&view->request_fullscreen.link);
	wl_list_remove(&view->request_minimize.link);
	free(view);
}

static void view_create(struct compositor_server *server, struct wlr_xdg_surface *xdg)
{
	struct compositor_view *view = calloc(1, sizeof(*view));
	struct wlr_xdg_toplevel *toplevel = xdg->toplevel;

	if (!view) {
		wl_resource_post_no_memory(xdg->resource);
		return;
	}
	view->server = server;
	view->xdg = xdg;
	view->id = ++server->next_view_id;
	wl_list_init(&view->link);
	view->node = wlr_scene_xdg_surface_create(
		&server->layers[COMPOSITOR_LAYER_WINDOWS]->node, xdg);
	if (!view->node) {
		wl_resource_post_no_memory(xdg->resource);
		free(view);
		return;
	}
	wlr_scene_node_set_enabled(view->node, false);
	xdg->surface->data = view->node;
	compositor_listen(&xdg->events.map, &view->map, handle_map);
	compositor_listen(&xdg->events.unmap, &view->unmap, handle_unmap);
	compositor_listen(&xdg->events.destroy, &view->destroy, handle_destroy);
	compositor_listen(&xdg->surface->events.commit, &view->commit, handle_commit);
	compositor_listen(&toplevel->events.request_move, &view->request_move, handle_request_move);
	compositor_listen(&toplevel->events.request_resize, &view->request_resize, handle_request_resize);
	compositor_listen(&toplevel->events.request_maximize, &view->request_maximize,
		handle_request_maximize);
	compositor_listen(&toplevel->events.request_fullscreen, &view->request_fullscreen,
		handle_request_fullscreen);
	compositor_listen(&toplevel->events.request_minimize, &view->request_minimize,
		handle_request_minimize);
}

static void handle_new_surface(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, new_xdg_surface);
	struct wlr_xdg_surface *xdg = data;

	if (xdg->role == WLR_XDG_SURFACE_ROLE_TOPLEVEL)
		view_create(server, xdg);
	else if (xdg->role == WLR_XDG_SURFACE_ROLE_POPUP)
		compositor_popup_create(server, xdg);
}

/*
 * Windows decorate themselves: a title bar to drag, resize and close by is
 * worth more than the bare frame that we could draw.
 */
struct decoration {
	struct wl_listener request_mode, destroy;
};

static void handle_decoration_mode(struct wl_listener *listener, void *data)
{
	wlr_xdg_toplevel_decoration_v1_set_mode(data,
		WLR_XDG_TOPLEVEL_DECORATION_V1_MODE_CLIENT_SIDE);
}

static void handle_decoration_destroy(struct wl_listener *listener, void *data)
{
	struct decoration *decoration = wl_container_of(listener, decoration, destroy);

	wl_list_remove(&decoration->request_mode.link);
	wl_list_remove(&decoration->destroy.link);
	free(decoration);
}

static void handle_new_decoration(struct wl_listener *listener, void *data)
{
	struct wlr_xdg_toplevel_decoration_v1 *wlr_decoration = data;
	struct decoration *decoration = calloc(1, sizeof(*decoration));

	if (!decoration) {
		wl_resource_post_no_memory(wlr_decoration->resource);
		return;
	}
	compositor_listen(&wlr_decoration->events.request_mode, &decoration->request_mode,
		handle_decoration_mode);
	compositor_listen(&wlr_decoration->events.destroy, &decoration->destroy, handle_decoration_destroy);
	handle_decoration_mode(&decoration->request_mode, wlr_decoration);
}

void compositor_views_init(struct compositor_server *server)
{
	struct wlr_xdg_decoration_manager_v1 *decorations =
		wlr_xdg_decoration_manager_v1_create(server->display);

	wl_list_init(&server->views);
	server->xdg_shell = wlr_xdg_shell_create(server->display);
	compositor_listen(&server->xdg_shell->events.new_surface, &server->new_xdg_surface,
		handle_new_surface);
	compositor_listen(&decorations->events.new_toplevel_decoration, &server->new_decoration,
		handle_new_decoration);
}

void compositor_views_finish(struct compositor_server *server)
{
	wl_list_remove(&server->new_xdg_surface.link);
	wl_list_remove(&server->new_decoration.link);
}
