#include <wlr/types/wlr_keyboard.h>

#include "compositor_log.h"
#include "compositor_server.h"

static void give_keyboard(struct compositor_server *server, struct wlr_surface *surface)
{
	struct wlr_seat *seat = server->seat;
	struct wlr_keyboard *keyboard = wlr_seat_get_keyboard(seat);
	struct wlr_seat_client *holder = seat->keyboard_state.focused_client;

	/* Open menus hold the keyboard for their client: another one's turn closes them. */
	if (surface && holder && wl_resource_get_client(surface->resource) != holder->client &&
	    wlr_seat_keyboard_has_grab(seat) && !seat->drag)
		wlr_seat_pointer_end_grab(seat);
	if (!surface)
		wlr_seat_keyboard_notify_clear_focus(seat);
	else if (keyboard)
		wlr_seat_keyboard_notify_enter(seat, surface, keyboard->keycodes,
			keyboard->num_keycodes, &keyboard->modifiers);
	else
		wlr_seat_keyboard_notify_enter(seat, surface, NULL, 0, NULL);
}

struct compositor_view *compositor_focused_view(struct compositor_server *server)
{
	struct wlr_surface *surface = server->seat->keyboard_state.focused_surface;

	return surface ? compositor_view_of(server, surface) : NULL;
}

static void show_active(struct compositor_server *server, struct compositor_view *active)
{
	struct compositor_view *view;

	wl_list_for_each(view, &server->views, link) {
		if (view->xdg->toplevel->scheduled.activated != (view == active))
			wlr_xdg_toplevel_set_activated(view->xdg, view == active);
	}
}

void compositor_focus_view(struct compositor_server *server, struct compositor_view *view)
{
	if (view) {
		wl_list_remove(&view->link);
		wl_list_insert(&server->views, &view->link);
		wlr_scene_node_raise_to_top(view->node);
	}
	if (server->exclusive)
		return;
	show_active(server, view);
	struct wlr_surface *surface = view ? view->xdg->surface : NULL;
	if (server->seat->keyboard_state.focused_surface == surface)
		return;
	if (view)
		compositor_debug("focus: window %u '%s'", view->id, compositor_view_title(view));
	give_keyboard(server, surface);
}

void compositor_focus_layer(struct compositor_server *server,
	struct compositor_layer_surface *surface)
{
	if (server->exclusive && server->exclusive != surface)
		return;
	show_active(server, NULL);
	give_keyboard(server, surface->layer->surface);
}

/* The newest mapped surface above the windows that wants the keyboard for itself. */
static struct compositor_layer_surface *find_exclusive(struct compositor_server *server)
{
	struct compositor_layer_surface *s;

	wl_list_for_each_reverse(s, &server->surfaces, link) {
		if (s->mapped && s->layer->current.layer >= ZWLR_LAYER_SHELL_V1_LAYER_TOP &&
		    s->layer->current.keyboard_interactive ==
		    ZWLR_LAYER_SURFACE_V1_KEYBOARD_INTERACTIVITY_EXCLUSIVE)
			return s;
	}
	return NULL;
}

void compositor_focus_update(struct compositor_server *server)
{
	struct wlr_surface *focused = server->seat->keyboard_state.focused_surface;
	struct compositor_layer_surface *layer =
		focused ? compositor_layer_of(server, focused) : NULL;

	server->exclusive = find_exclusive(server);
	if (server->exclusive) {
		if (layer != server->exclusive)
			compositor_focus_layer(server, server->exclusive);
		return;
	}
	if (layer && layer->mapped && layer->layer->current.keyboard_interactive !=
			ZWLR_LAYER_SURFACE_V1_KEYBOARD_INTERACTIVITY_NONE)
		return;
	struct compositor_view *first = wl_list_empty(&server->views) ? NULL :
		wl_container_of(server->views.next, first, link);
	compositor_focus_view(server, first);
}

void compositor_focus_next(struct compositor_server *server)
{
	if (wl_list_empty(&server->views))
		return;
	struct compositor_view *last = wl_container_of(server->views.prev, last, link);
	compositor_focus_view(server, last);
}
