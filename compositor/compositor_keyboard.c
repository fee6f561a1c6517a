#include <stdlib.h>

#include <wlr/backend.h>
#include <wlr/types/wlr_keyboard.h>
#include <wlr/types/wlr_virtual_keyboard_v1.h>
#include <xkbcommon/xkbcommon.h>

#include "compositor_inspect.h"
#include "compositor_log.h"
#include "compositor_server.h"

struct compositor_keyboard {
	struct compositor_server *server;
	struct wlr_input_device *device;
	struct wl_list link; /* compositor_server.keyboards */
	struct wl_listener key, modifiers, destroy;
};

const char compositor_keyboard_help[] =
	"Keys (Alt = Mod1):\n"
	"  Alt+Tab              the window used longest ago gets the focus\n"
	"  Alt+F4               close the focused window\n"
	"  Alt+I                the inspector on or off: whose buffer is on which plane\n"
	"  Alt+Escape           quit\n"
	"  Alt+left drag        move a window; Alt+right drag: resize it\n";

uint32_t compositor_modifiers(struct compositor_server *server)
{
	struct wlr_keyboard *keyboard = wlr_seat_get_keyboard(server->seat);

	return keyboard ? wlr_keyboard_get_modifiers(keyboard) : 0;
}

static bool run_binding(struct compositor_server *server, xkb_keysym_t sym)
{
	struct compositor_view *view;

	switch (sym) {
	case XKB_KEY_Tab:
		compositor_focus_next(server);
		return true;
	case XKB_KEY_F4:
		view = compositor_focused_view(server);
		if (view)
			wlr_xdg_toplevel_send_close(view->xdg);
		return true;
	case XKB_KEY_i:
	case XKB_KEY_I:
		compositor_inspect_set(server->inspect, !compositor_inspect_is_on(server->inspect));
		return true;
	case XKB_KEY_Escape:
		compositor_info("Alt+Escape: quit");
		server->options->on_quit(server->options->data);
		return true;
	}
	return false;
}

static void handle_key(struct wl_listener *listener, void *data)
{
	struct compositor_keyboard *keyboard = wl_container_of(listener, keyboard, key);
	struct wlr_event_keyboard_key *event = data;
	struct compositor_server *server = keyboard->server;
	struct wlr_keyboard *device = keyboard->device->keyboard;
	const xkb_keysym_t *syms;
	bool handled = false;

	wlr_seat_set_keyboard(server->seat, keyboard->device);
	if (event->state == WL_KEYBOARD_KEY_STATE_PRESSED &&
	    wlr_keyboard_get_modifiers(device) & WLR_MODIFIER_ALT) {
		int count = xkb_state_key_get_syms(device->xkb_state, event->keycode + 8, &syms);
		for (int i = 0; i < count; i++)
			handled |= run_binding(server, syms[i]);
	}
	/* The release of a binding's key is harmless: the client never saw it pressed. */
	if (!handled)
		wlr_seat_keyboard_notify_key(server->seat, event->time_msec, event->keycode,
			event->state);
}

static void handle_modifiers(struct wl_listener *listener, void *data)
{
	struct compositor_keyboard *keyboard = wl_container_of(listener, keyboard, modifiers);

	wlr_seat_set_keyboard(keyboard->server->seat, keyboard->device);
	wlr_seat_keyboard_notify_modifiers(keyboard->server->seat,
		&keyboard->device->keyboard->modifiers);
}

static void update_capabilities(struct compositor_server *server)
{
	wlr_seat_set_capabilities(server->seat, WL_SEAT_CAPABILITY_POINTER |
		(wl_list_empty(&server->keyboards) ? 0 : WL_SEAT_CAPABILITY_KEYBOARD));
}

/* The seat has a keyboard whenever there is one with a keymap to send to clients. */
static void use_any_keyboard(struct compositor_server *server)
{
	struct compositor_keyboard *keyboard;

	wl_list_for_each(keyboard, &server->keyboards, link) {
		if (!wlr_seat_get_keyboard(server->seat) && keyboard->device->keyboard->keymap)
			wlr_seat_set_keyboard(server->seat, keyboard->device);
	}
}

static void keyboard_destroy(struct compositor_keyboard *keyboard)
{
	wl_list_remove(&keyboard->link);
	wl_list_remove(&keyboard->key.link);
	wl_list_remove(&keyboard->modifiers.link);
	wl_list_remove(&keyboard->destroy.link);
	free(keyboard);
}

static void handle_destroy(struct wl_listener *listener, void *data)
{
	struct compositor_keyboard *keyboard = wl_container_of(listener, keyboard, destroy);
	struct compositor_server *server = keyboard->server;

	bool current = wlr_seat_get_keyboard(server->seat) == keyboard->device->keyboard;
	keyboard_destroy(keyboard);
	if (current)
		wlr_seat_set_keyboard(server->seat, NULL);
	use_any_keyboard(server);
	update_capabilities(server);
}

/* The user's layout (XKB_DEFAULT_* of the environment); us when that is no layout. */
static void set_keymap(struct wlr_keyboard *keyboard)
{
	struct xkb_context *context = xkb_context_new(XKB_CONTEXT_NO_FLAGS);
	struct xkb_keymap *keymap = context ?
		xkb_keymap_new_from_names(context, NULL, XKB_KEYMAP_COMPILE_NO_FLAGS) : NULL;

	if (context && !keymap) {
		compositor_warn("the keyboard layout of XKB_DEFAULT_* is unknown, using us");
		keymap = xkb_keymap_new_from_names(context,
			&(struct xkb_rule_names){.rules = "evdev", .layout = "us"},
			XKB_KEYMAP_COMPILE_NO_FLAGS);
	}
	if (keymap)
		wlr_keyboard_set_keymap(keyboard, keymap);
	xkb_keymap_unref(keymap);
	xkb_context_unref(context);
}

static void add_keyboard(struct compositor_server *server, struct wlr_input_device *device)
{
	struct compositor_keyboard *keyboard = calloc(1, sizeof(*keyboard));

	if (!keyboard)
		return;
	keyboard->server = server;
	keyboard->device = device;
	/* A virtual keyboard brings its own keymap. */
	if (!wlr_input_device_get_virtual_keyboard(device))
		set_keymap(device->keyboard);
	wlr_keyboard_set_repeat_info(device->keyboard, 25, 600);
	keyboard->key.notify = handle_key;
	wl_signal_add(&device->keyboard->events.key, &keyboard->key);
	keyboard->modifiers.notify = handle_modifiers;
	wl_signal_add(&device->keyboard->events.modifiers, &keyboard->modifiers);
	keyboard->destroy.notify = handle_destroy;
	wl_signal_add(&device->events.destroy, &keyboard->destroy);
	wl_list_insert(&server->keyboards, &keyboard->link);
	use_any_keyboard(server);
	update_capabilities(server);
}

static void handle_new_input(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, new_input);
	struct wlr_input_device *device = data;

	compositor_info("input %s '%s'", device->type == WLR_INPUT_DEVICE_KEYBOARD ? "keyboard" :
		device->type == WLR_INPUT_DEVICE_POINTER ? "pointer" : "device (unused)",
		device->name);
	if (device->type == WLR_INPUT_DEVICE_KEYBOARD)
		add_keyboard(server, device);
	else if (device->type == WLR_INPUT_DEVICE_POINTER)
		compositor_pointer_add(server, device);
}

static void handle_new_virtual_keyboard(struct wl_listener *listener, void *data)
{
	struct compositor_server *server =
		wl_container_of(listener, server, new_virtual_keyboard);
	struct wlr_virtual_keyboard_v1 *keyboard = data;

	add_keyboard(server, &keyboard->input_device);
}

void compositor_keyboards_init(struct compositor_server *server)
{
	struct wlr_virtual_keyboard_manager_v1 *manager =
		wlr_virtual_keyboard_manager_v1_create(server->display);

	wl_list_init(&server->keyboards);
	server->new_input.notify = handle_new_input;
	wl_signal_add(&server->wlr_backend->events.new_input, &server->new_input);
	server->new_virtual_keyboard.notify = handle_new_virtual_keyboard;
	wl_signal_add(&manager->events.new_virtual_keyboard, &server->new_virtual_keyboard);
	update_capabilities(server);
}

void compositor_keyboards_finish(struct compositor_server *server)
{
	struct compositor_keyboard *keyboard, *next;

	wl_list_for_each_safe(keyboard, next, &server->keyboards, link)
		keyboard_destroy(keyboard);
	wl_list_remove(&server->new_input.link);
	wl_list_remove(&server->new_virtual_keyboard.link);
}
