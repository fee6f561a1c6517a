#include <errno.h>
#include <math.h>
#include <string.h>

#include <linux/input-event-codes.h>
#include <wlr/types/wlr_data_device.h>
#include <wlr/types/wlr_keyboard.h>
#include <wlr/types/wlr_virtual_pointer_v1.h>
#include <wlr/types/wlr_xcursor_manager.h>
#include <wlr/util/edges.h>

#include "compositor_log.h"
#include "compositor_place.h"
#include "compositor_server.h"

#define CURSOR_SIZE 24

static void show_cursor(struct compositor_server *server, const char *name)
{
	if (server->cursor_name && strcmp(server->cursor_name, name) == 0)
		return;
	server->cursor_name = name;
	wlr_xcursor_manager_set_cursor_image(server->xcursors, name, server->cursor);
}

/* The surface under the cursor and the position in it; NULL over the backdrop. */
static struct wlr_surface *surface_at_cursor(struct compositor_server *server, double *x, double *y)
{
	struct wlr_scene_node *inspector = &server->layers[COMPOSITOR_LAYER_INSPECT]->node;
	struct wlr_scene_node *node;

	/* Behind the back of wlr_scene_node_set_enabled, which would damage it. */
	inspector->state.enabled = false;
	node = wlr_scene_node_at(&server->scene->node, server->cursor->x, server->cursor->y, x, y);
	inspector->state.enabled = true;

	if (!node || node->type != WLR_SCENE_NODE_SURFACE)
		return NULL;
	return wlr_scene_surface_from_node(node)->surface;
}

static uint32_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pass_motion(struct compositor_server *server, uint32_t time)
{
	double x, y;
	struct wlr_surface *surface = surface_at_cursor(server, &x, &y);

	if (!surface) {
		wlr_seat_pointer_notify_clear_focus(server->seat);
		show_cursor(server, "left_ptr");
		return;
	}
	wlr_seat_pointer_notify_enter(server->seat, surface, x, y);
	wlr_seat_pointer_notify_motion(server->seat, time, x, y);
}

static void drag_view(struct compositor_server *server)
{
	struct compositor_view *view = server->grab.view;
	/* Absolute devices come in as fractions of the screen: 281.99 is 282. */
	int dx = lround(server->cursor->x - server->grab.x);
	int dy = lround(server->cursor->y - server->grab.y);

	if (server->grab.mode == COMPOSITOR_GRAB_MOVE) {
		view->resize_edges = 0;
		compositor_view_move(view, server->grab.box.x + dx, server->grab.box.y + dy);
		return;
	}
	const struct wlr_xdg_toplevel_state *state = &view->xdg->toplevel->current;
	const struct compositor_limits limits = {state->min_width, state->min_height,
		state->max_width, state->max_height};
	struct wlr_box box;
	compositor_place_resize(&server->grab.box, server->grab.edges, dx, dy, &limits, &box);
	compositor_view_resize(view, &box, server->grab.edges);
}

static void moved(struct compositor_server *server, uint32_t time)
{
	struct wlr_drag *drag = server->seat->drag;

	if (drag && drag->icon && drag->icon->data)
		wlr_scene_node_set_position(drag->icon->data, server->cursor->x,
			server->cursor->y);
	if (server->grab.mode != COMPOSITOR_GRAB_NONE)
		drag_view(server);
	else
		pass_motion(server, time);
}

void compositor_pointer_update(struct compositor_server *server)
{
	if (server->grab.mode == COMPOSITOR_GRAB_NONE)
		pass_motion(server, now_ms());
}

void compositor_pointer_reset(struct compositor_server *server)
{
	wlr_seat_pointer_notify_clear_focus(server->seat);
	server->cursor_name = NULL;
	show_cursor(server, "left_ptr");
	compositor_pointer_update(server);
}

/* ---- moving and resizing windows ---- */

void compositor_pointer_begin(struct compositor_server *server, struct compositor_view *view,
	enum compositor_grab mode, uint32_t edges)
{
	if (view->fullscreen || server->grab.mode != COMPOSITOR_GRAB_NONE)
		return;
	/* A dragged window is an ordinary one again, at the size it has. */
	if (view->maximized) {
		struct wlr_box box = view->box;
		view->maximized = false;
		wlr_xdg_toplevel_set_maximized(view->xdg, false);
		view->saved = box;
	}
	server->grab.mode = mode;
	server->grab.view = view;
	server->grab.edges = edges;
	/* A client asks some time after the press; the window is held where it was pressed. */
	server->grab.x = server->press_x;
	server->grab.y = server->press_y;
	server->grab.box = view->box;
	wlr_seat_pointer_notify_clear_focus(server->seat);
	if (mode == COMPOSITOR_GRAB_RESIZE)
		wlr_xdg_toplevel_set_resizing(view->xdg, true);
	show_cursor(server, mode == COMPOSITOR_GRAB_MOVE ? "grabbing" :
		wlr_xcursor_get_resize_name(edges));
	drag_view(server);
}

static void end_grab(struct compositor_server *server)
{
	struct compositor_view *view = server->grab.view;

	if (server->grab.mode == COMPOSITOR_GRAB_RESIZE)
		wlr_xdg_toplevel_set_resizing(view->xdg, false);
	compositor_info("window '%s' %dx%d at %d,%d", compositor_view_title(view),
		view->box.width, view->box.height, view->box.x, view->box.y);
	server->grab.mode = COMPOSITOR_GRAB_NONE;
	server->grab.view = NULL;
	show_cursor(server, "left_ptr");
	compositor_pointer_update(server);
}

void compositor_pointer_forget(struct compositor_server *server, struct compositor_view *view)
{
	if (server->grab.view != view)
		return;
	server->grab.mode = COMPOSITOR_GRAB_NONE;
	server->grab.view = NULL;
	show_cursor(server, "left_ptr");
}

/* ---- events of the cursor ---- */

static void handle_motion(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, motion);
	struct wlr_event_pointer_motion *event = data;

	wlr_cursor_move(server->cursor, event->device, event->delta_x, event->delta_y);
	moved(server, event->time_msec);
}

static void handle_motion_absolute(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, motion_absolute);
	struct wlr_event_pointer_motion_absolute *event = data;

	wlr_cursor_warp_absolute(server->cursor, event->device, event->x, event->y);
	moved(server, event->time_msec);
}

/* A press focuses what it hits. True when it began a drag of the window itself. */
static bool press(struct compositor_server *server, uint32_t button)
{
	double x, y;
	struct wlr_surface *surface = surface_at_cursor(server, &x, &y);

	server->press_x = server->cursor->x;
	server->press_y = server->cursor->y;
	struct compositor_view *view = surface ? compositor_view_of(server, surface) : NULL;
	struct compositor_layer_surface *layer = surface ?
		compositor_layer_of(server, wlr_surface_get_root_surface(surface)) : NULL;

	if (layer && layer->layer->current.keyboard_interactive !=
			ZWLR_LAYER_SURFACE_V1_KEYBOARD_INTERACTIVITY_NONE)
		compositor_focus_layer(server, layer);
	if (!view)
		return false;
	compositor_focus_view(server, view);
	if (!(compositor_modifiers(server) & WLR_MODIFIER_ALT))
		return false;
	if (button == BTN_LEFT)
		compositor_pointer_begin(server, view, COMPOSITOR_GRAB_MOVE, 0);
	else if (button == BTN_RIGHT)
		compositor_pointer_begin(server, view, COMPOSITOR_GRAB_RESIZE,
			compositor_place_edges(&view->box, server->cursor->x,
				server->cursor->y));
	return server->grab.mode != COMPOSITOR_GRAB_NONE;
}

static void handle_button(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, button);
	struct wlr_event_pointer_button *event = data;

	if (server->grab.mode != COMPOSITOR_GRAB_NONE) {
		/* The seat must see the release of a press that it saw (client's request). */
		wlr_seat_pointer_notify_button(server->seat, event->time_msec, event->button,
			event->state);
		if (event->state == WLR_BUTTON_RELEASED)
			end_grab(server);
		return;
	}
	if (event->state == WLR_BUTTON_PRESSED && press(server, event->button))
		return;
	wlr_seat_pointer_notify_button(server->seat, event->time_msec, event->button,
		event->state);
}

static void handle_axis(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, axis);
	struct wlr_event_pointer_axis *event = data;

	wlr_seat_pointer_notify_axis(server->seat, event->time_msec, event->orientation,
		event->delta, event->delta_discrete, event->source);
}

static void handle_frame(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, frame);

	wlr_seat_pointer_notify_frame(server->seat);
}

static void handle_request_set_cursor(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, request_set_cursor);
	struct wlr_seat_pointer_request_set_cursor_event *event = data;

	if (server->grab.mode != COMPOSITOR_GRAB_NONE ||
	    server->seat->pointer_state.focused_client != event->seat_client)
		return;
	server->cursor_name = NULL;
	wlr_cursor_set_surface(server->cursor, event->surface, event->hotspot_x,
		event->hotspot_y);
}

static void handle_new_virtual_pointer(struct wl_listener *listener, void *data)
{
	struct compositor_server *server =
		wl_container_of(listener, server, new_virtual_pointer);
	struct wlr_virtual_pointer_v1_new_pointer_event *event = data;

	compositor_pointer_add(server, &event->new_pointer->input_device);
}

void compositor_pointer_add(struct compositor_server *server, struct wlr_input_device *device)
{
	wlr_cursor_attach_input_device(server->cursor, device);
}

int compositor_pointer_init(struct compositor_server *server)
{
	server->cursor = wlr_cursor_create();
	server->xcursors = wlr_xcursor_manager_create(NULL, CURSOR_SIZE);
	struct wlr_virtual_pointer_manager_v1 *manager =
		wlr_virtual_pointer_manager_v1_create(server->display);
	if (!server->cursor || !server->xcursors || !manager)
		return -ENOMEM;
	wlr_cursor_attach_output_layout(server->cursor, server->layout);
	compositor_listen(&server->cursor->events.motion, &server->motion, handle_motion);
	compositor_listen(&server->cursor->events.motion_absolute, &server->motion_absolute,
		handle_motion_absolute);
	compositor_listen(&server->cursor->events.button, &server->button, handle_button);
	compositor_listen(&server->cursor->events.axis, &server->axis, handle_axis);
	compositor_listen(&server->cursor->events.frame, &server->frame, handle_frame);
	compositor_listen(&server->seat->events.request_set_cursor, &server->request_set_cursor,
		handle_request_set_cursor);
	compositor_listen(&manager->events.new_virtual_pointer, &server->new_virtual_pointer,
		handle_new_virtual_pointer);
	return 0;
}

void compositor_pointer_finish(struct compositor_server *server)
{
	wl_list_remove(&server->motion.link);
	wl_list_remove(&server->motion_absolute.link);
	wl_list_remove(&server->button.link);
	wl_list_remove(&server->axis.link);
	wl_list_remove(&server->frame.link);
	wl_list_remove(&server->request_set_cursor.link);
	wl_list_remove(&server->new_virtual_pointer.link);
	wlr_xcursor_manager_destroy(server->xcursors);
	wlr_cursor_destroy(server->cursor);
}
