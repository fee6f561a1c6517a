/*
 * The shell: windows, layers, screens, input. All of it runs on the main
 * thread, which owns the Wayland display's event loop.
 *
 * Files: compositor_server.c puts it together; compositor_screen.c outputs;
 * compositor_frame.c their frames;
 * compositor_heads.c output management; compositor_view.c windows; compositor_popup.c popups;
 * compositor_layer.c layer shell; compositor_focus.c keyboard focus;
 * compositor_keyboard.c keyboards and key bindings; compositor_pointer.c
 * cursor, moving and resizing; compositor_control.c control commands.
 */
#ifndef COMPOSITOR_SERVER_H
#define COMPOSITOR_SERVER_H

#include <sys/types.h>

#include <pixman.h>
#include <wayland-server-core.h>
#include <wlr/types/wlr_cursor.h>
#include <wlr/types/wlr_layer_shell_v1.h>
#include <wlr/types/wlr_output_layout.h>
#include <wlr/types/wlr_scene.h>
#include <wlr/types/wlr_seat.h>
#include <wlr/types/wlr_xdg_shell.h>

#include "compositor_render.h"

struct compositor_backend;
struct compositor_exchange;
struct compositor_hints;
struct compositor_inspect;
struct compositor_leases;
struct compositor_shares;
struct compositor_sheet;
struct compositor_wl_drm;
struct control_server;

/* The first four as zwlr_layer_shell_v1.layer; the order on screen is in compositor_server.c. */
enum compositor_layer_index {
	COMPOSITOR_LAYER_BACKGROUND,
	COMPOSITOR_LAYER_BOTTOM,
	COMPOSITOR_LAYER_TOP,
	COMPOSITOR_LAYER_OVERLAY,
	COMPOSITOR_LAYER_WINDOWS,
	COMPOSITOR_LAYER_FULLSCREEN,
	COMPOSITOR_LAYER_DRAG,
	COMPOSITOR_LAYER_INSPECT, /* above all; no pointer sees it */
	COMPOSITOR_LAYER_COUNT,
};

static inline void compositor_listen(struct wl_signal *signal, struct wl_listener *listener,
	wl_notify_func_t notify)
{
	listener->notify = notify;
	wl_signal_add(signal, listener);
}

enum compositor_grab {
	COMPOSITOR_GRAB_NONE,
	COMPOSITOR_GRAB_MOVE,
	COMPOSITOR_GRAB_RESIZE,
};

struct compositor_server_options {
	const char *socket; /* NULL = the first free wayland-N */
	enum compositor_render_kind renderer;
	bool adaptive_sync;
	bool no_planes; /* composite everything, the cursor too */
	bool inspect;   /* the inspector is on from the start */
	/* Someone asked for the end (key binding); the owner begins it. */
	void (*on_quit)(void *data);
	void *data;
};

struct compositor_server {
	struct wl_display *display;
	struct wlr_backend *wlr_backend; /* the one that is started */
	struct compositor_backend *backend;
	const struct compositor_server_options *options;
	struct compositor_render render;
	const char *socket; /* the display's */
	struct compositor_exchange *exchange; /* what clients share */
	struct compositor_wl_drm *wl_drm;     /* NULL = the renderer takes no dma-bufs */
	struct compositor_shares *shares;
	struct compositor_hints *hints; /* NULL without linux-dmabuf */
	struct compositor_leases *leases;
	struct compositor_inspect *inspect;
	bool adaptive_sync; /* of outputs that can */
	bool use_planes;    /* what can be on planes of its own is */
	uint64_t copied_bytes; /* compositor_usage.bytes of all surfaces that ever were */

	struct wlr_scene *scene;
	struct wlr_scene_tree *layers[COMPOSITOR_LAYER_COUNT];
	struct wlr_scene_rect *backdrop; /* lowest of all, as large as the layout */
	struct wlr_output_layout *layout;
	struct wlr_output_manager_v1 *output_manager;
	/* compositor_heads.c: ids kept from use; clients have not seen every mode */
	struct wl_list held_ids;
	bool heads_outdated;
	struct wlr_xdg_shell *xdg_shell;
	struct wlr_layer_shell_v1 *layer_shell;
	struct wlr_seat *seat;
	struct wlr_cursor *cursor;
	struct wlr_xcursor_manager *xcursors;

	struct wl_list screens;   /* compositor_screen.link */
	struct wl_list views;     /* compositor_view.link: mapped, last used first */
	struct wl_list surfaces;  /* compositor_layer_surface.link, oldest first */
	struct wl_list keyboards; /* compositor_keyboard.link */
	unsigned cascade, next_view_id;

	struct compositor_layer_surface *exclusive; /* has the keyboard for itself */
	const char *cursor_name; /* of the theme; NULL = a client's */
	double press_x, press_y; /* where a button last went down */
	struct {
		enum compositor_grab mode;
		struct compositor_view *view;
		uint32_t edges;
		double x, y; /* the point of the window that follows the cursor */
		struct wlr_box box;
	} grab;

	/* Listeners; one function in the file that each belongs to. */
	struct wl_listener device_lost, device_found;
	struct wl_listener new_output, modes_changed, mode_added, layout_change, output_apply, output_test;
	struct wl_listener set_power;
	struct wl_listener new_xdg_surface, new_decoration, new_layer_surface;
	struct wl_listener new_input, new_virtual_keyboard, new_virtual_pointer;
	struct wl_listener motion, motion_absolute, button, axis, frame;
	struct wl_listener request_set_cursor, request_set_selection, request_set_primary;
	struct wl_listener request_start_drag, start_drag;
};

/* A screen's pictures: compositor_frame.c. */
struct compositor_frame {
	struct compositor_sheet *sheets; /* of the frame being made, lowest first */
	unsigned count, room;
	/* Of the last frame: what was on planes, and where planes hide what is below. */
	struct compositor_sheet *shown;
	unsigned shown_count, shown_room;
	pixman_region32_t covered;
	struct wl_list feedbacks; /* compositor_feedback.c */
	struct wl_listener present;
	struct wl_listener output_commit;
	bool anew;            /* the next frame draws everything */
	bool software_cursor; /* a lock on it is ours: the device had no plane for it */
	struct wl_event_source *retry; /* after a frame that the device refused */
};

struct compositor_screen {
	struct compositor_server *server;
	struct wlr_output *output;
	struct wl_list link;
	struct wlr_box usable; /* layout coordinates; what layers leave to windows */
	bool new_modes;        /* switch to the preferred one at the next frame */
	struct compositor_frame frame;
	struct wl_listener new_frame, mode, destroy;
};

struct compositor_view {
	struct compositor_server *server;
	struct wlr_xdg_surface *xdg;
	struct wl_list link; /* compositor_server.views, or itself while not mapped */
	struct wlr_scene_node *node; /* its origin is the window geometry's corner */
	unsigned id;
	bool mapped, maximized, fullscreen;
	struct wlr_box box;   /* window geometry, layout coordinates */
	struct wlr_box saved; /* before it was maximized or fullscreen */
	uint32_t resize_edges; /* 0, or edges of a resize that the client still follows */
	struct wlr_box resize_box; /* the size asked for: its far edges stay */
	struct wl_listener map, unmap, destroy, commit;
	struct wl_listener request_move, request_resize, request_maximize, request_fullscreen;
	struct wl_listener request_minimize;
};

struct compositor_layer_surface {
	struct compositor_server *server;
	struct wlr_layer_surface_v1 *layer;
	struct wl_list link;
	struct wlr_scene_tree *tree;
	struct wlr_box box;
	bool mapped;
	struct wl_listener map, unmap, destroy, commit;
};

/* ---- compositor_server.c ---- */

/*
 * Renderer, globals, shell and seat on a display; the backend is started last.
 * Clients may connect to server->socket afterwards. 0 or negative errno.
 */
int compositor_server_create(struct wl_display *display, struct wlr_backend *wlr_backend,
	struct compositor_backend *backend, const struct compositor_server_options *options,
	struct compositor_server **out);
/* Ends every client first. The backend is destroyed too. */
void compositor_server_destroy(struct compositor_server *server);

/* ---- compositor_screen.c ---- */

void compositor_screens_init(struct compositor_server *server);
void compositor_screens_finish(struct compositor_server *server);
/* The screen at a point, else any; NULL when there is none. */
struct compositor_screen *compositor_screen_at(struct compositor_server *server, double x,
	double y);
struct compositor_screen *compositor_screen_of(struct compositor_server *server,
	struct wlr_output *output);
void compositor_screen_box(struct compositor_screen *screen, struct wlr_box *box);

/*
 * wlroots brings a picture of its own when an output is turned on, but not with
 * a new mode: the old picture has the wrong size then. Attaches a black one if
 * the pending state needs it. False = no memory.
 */
bool compositor_screen_attach_empty(struct compositor_server *server, struct wlr_output *output);

/* ---- compositor_heads.c ---- */

void compositor_heads_init(struct compositor_server *server);
void compositor_heads_finish(struct compositor_server *server);
/* Tells output-management clients what there is. heads_outdated: all of it anew. */
void compositor_heads_tell(struct compositor_server *server);

/* ---- compositor_power.c ---- */

/* Outputs off and on by clients. */
void compositor_power_init(struct compositor_server *server);
void compositor_power_finish(struct compositor_server *server);
/* Adaptive sync of all outputs, and of those that come. */
void compositor_set_adaptive_sync(struct compositor_server *server, bool on);

/* ---- compositor_lease.c ---- */

/* drm-lease-v1: what is no part of a desktop, a headset, goes to clients that drive it. */
int compositor_leases_create(struct compositor_server *server, struct compositor_leases **out);
/* Ends every lease. NULL does nothing. */
void compositor_leases_destroy(struct compositor_leases *leases);
/* The device was pulled out: every lease ends. It is back. */
void compositor_leases_lose_device(struct compositor_leases *leases);
int compositor_leases_find_device(struct compositor_leases *leases);

/* ---- compositor_view.c ---- */

void compositor_views_init(struct compositor_server *server);
void compositor_views_finish(struct compositor_server *server);
/* The window that surface (any of its tree) belongs to, or NULL. */
struct compositor_view *compositor_view_of(struct compositor_server *server,
	struct wlr_surface *surface);
void compositor_view_move(struct compositor_view *view, int x, int y);
void compositor_view_resize(struct compositor_view *view, const struct wlr_box *box,
	uint32_t edges);
void compositor_view_set_maximized(struct compositor_view *view, bool maximized);
/* The screens changed: windows follow them. */
void compositor_views_arrange(struct compositor_server *server);
pid_t compositor_view_pid(struct compositor_view *view);
const char *compositor_view_title(struct compositor_view *view);
const char *compositor_view_app_id(struct compositor_view *view);

/* ---- compositor_popup.c ---- */

/* surface->data of what may have popups is the scene node they go under. */
void compositor_popup_create(struct compositor_server *server, struct wlr_xdg_surface *xdg);

/* ---- compositor_layer.c ---- */

void compositor_layers_init(struct compositor_server *server);
void compositor_layers_finish(struct compositor_server *server);
/* Places a screen's layer surfaces and works out its usable area. */
void compositor_layers_arrange(struct compositor_screen *screen);
/* The screen goes away, and its layer surfaces with it. */
void compositor_layers_close(struct compositor_screen *screen);
struct compositor_layer_surface *compositor_layer_of(struct compositor_server *server,
	struct wlr_surface *surface);

/* ---- compositor_focus.c ---- */

/* Raises view and gives it the keyboard. NULL = nobody has it. */
void compositor_focus_view(struct compositor_server *server, struct compositor_view *view);
void compositor_focus_layer(struct compositor_server *server,
	struct compositor_layer_surface *surface);
/* After something went away or a layer changed: whoever should have the keyboard. */
void compositor_focus_update(struct compositor_server *server);
struct compositor_view *compositor_focused_view(struct compositor_server *server);
/* Alt+Tab: the window used longest ago. */
void compositor_focus_next(struct compositor_server *server);

/* ---- compositor_keyboard.c ---- */

void compositor_keyboards_init(struct compositor_server *server);
void compositor_keyboards_finish(struct compositor_server *server);
/* WLR_MODIFIER_* held on the seat's keyboard. */
uint32_t compositor_modifiers(struct compositor_server *server);
/* The part of --help about key bindings. */
extern const char compositor_keyboard_help[];

/* ---- compositor_pointer.c ---- */

int compositor_pointer_init(struct compositor_server *server);
void compositor_pointer_finish(struct compositor_server *server);
void compositor_pointer_add(struct compositor_server *server, struct wlr_input_device *device);
void compositor_pointer_begin(struct compositor_server *server, struct compositor_view *view,
	enum compositor_grab mode, uint32_t edges);
/* The view goes away: no grab may keep it. */
void compositor_pointer_forget(struct compositor_server *server, struct compositor_view *view);
/* A screen is new or has another scale: it has no cursor image yet. */
void compositor_pointer_reset(struct compositor_server *server);
/* What is under the cursor may have changed. */
void compositor_pointer_update(struct compositor_server *server);

#endif
