/*
 * Host seat to evdev. Wayland key codes are evdev codes already; pointer
 * positions are absolute, so they go to the tablet: what the host shows under
 * its pointer is what the compositor inside has under its own.
 */
#include <string.h>
#include <unistd.h>

#include "window_internal.h"
#include "platform.h"

static void seat_emit(struct window_seat *seat, enum evdev_kind kind, uint16_t type,
	uint16_t code, int32_t value)
{
	struct evdev_device *dev = platform_input_get(seat->platform, kind);

	/* The person has a device that nobody wants. */
	if (!dev)
		return;
	evdev_emit(dev, type, code, value);
	evdev_put(dev);
}

static void seat_sync(struct window_seat *seat, enum evdev_kind kind)
{
	seat_emit(seat, kind, EV_SYN, SYN_REPORT, 0);
}

static void seat_emit_key(struct window_seat *seat, enum evdev_kind kind, uint32_t code,
	bool pressed)
{
	if (code >= KEY_CNT || seat->held[code] == pressed)
		return;
	seat->held[code] = pressed;
	seat_emit(seat, kind, EV_KEY, code, pressed);
}

static void seat_release_held(struct window_seat *seat, enum evdev_kind kind, uint32_t first,
	uint32_t end)
{
	bool any = false;

	for (uint32_t code = first; code < end; code++) {
		any = any || seat->held[code];
		seat_emit_key(seat, kind, code, false);
	}
	if (any)
		seat_sync(seat, kind);
}

/* Codes below BTN_MISC and from KEY_OK on are keys, those between are buttons. */
static void seat_release_keys(struct window_seat *seat)
{
	seat_release_held(seat, EVDEV_KEYBOARD, 0, BTN_MISC);
	seat_release_held(seat, EVDEV_KEYBOARD, KEY_OK, KEY_CNT);
}

static void seat_release_buttons(struct window_seat *seat)
{
	seat_release_held(seat, EVDEV_TABLET, BTN_MISC, KEY_OK);
}

/* ---- keyboard ---- */

static void keyboard_keymap(void *data, struct wl_keyboard *keyboard, uint32_t format, int32_t fd,
	uint32_t size)
{
	/* Layouts are the inner compositor's business: codes pass as they are. */
	close(fd);
}

static bool is_modifier(uint32_t code)
{
	return code == KEY_LEFTSHIFT || code == KEY_RIGHTSHIFT || code == KEY_LEFTCTRL ||
		code == KEY_RIGHTCTRL || code == KEY_LEFTALT || code == KEY_RIGHTALT ||
		code == KEY_LEFTMETA || code == KEY_RIGHTMETA;
}

static void keyboard_enter(void *data, struct wl_keyboard *keyboard, uint32_t serial,
	struct wl_surface *surface, struct wl_array *keys)
{
	struct window_seat *seat = data;
	bool any = false;
	uint32_t *code;

	/* A letter held while the focus came was not typed here; modifiers count. */
	wl_array_for_each(code, keys) {
		if (!is_modifier(*code))
			continue;
		seat_emit_key(seat, EVDEV_KEYBOARD, *code, true);
		any = true;
	}
	if (any)
		seat_sync(seat, EVDEV_KEYBOARD);
}

static void keyboard_leave(void *data, struct wl_keyboard *keyboard, uint32_t serial,
	struct wl_surface *surface)
{
	seat_release_keys(data);
}

static void keyboard_key(void *data, struct wl_keyboard *keyboard, uint32_t serial, uint32_t time,
	uint32_t key, uint32_t state)
{
	struct window_seat *seat = data;

	if (key >= BTN_MISC && key < KEY_OK)
		return;
	seat_emit_key(seat, EVDEV_KEYBOARD, key,
		state == WL_KEYBOARD_KEY_STATE_PRESSED);
	seat_sync(seat, EVDEV_KEYBOARD);
}

static void keyboard_modifiers(void *data, struct wl_keyboard *keyboard, uint32_t serial,
	uint32_t depressed, uint32_t latched, uint32_t locked, uint32_t group)
{
}

static void keyboard_repeat_info(void *data, struct wl_keyboard *keyboard, int32_t rate,
	int32_t delay)
{
}

static const struct wl_keyboard_listener keyboard_listener = {
	.keymap = keyboard_keymap,
	.enter = keyboard_enter,
	.leave = keyboard_leave,
	.key = keyboard_key,
	.modifiers = keyboard_modifiers,
	.repeat_info = keyboard_repeat_info,
};

/* ---- pointer ---- */

/*
 * The centre of the pixel under the pointer on an axis of 0..max: libinput
 * scales by width / (max + 1), so a centre stays in its pixel whatever the
 * rounding.
 */
static int32_t axis_value(uint32_t pixel, uint32_t size, int max)
{
	return ((2 * (int64_t)pixel + 1) * ((int64_t)max + 1)) / (2 * (int64_t)size);
}

/* The pixel of size in all that the host means by a position on a surface of surface_size. */
static uint32_t pixel_at(wl_fixed_t position, uint32_t surface_size, uint32_t size)
{
	int64_t pixel = (int64_t)wl_fixed_to_int(position) * size / surface_size;

	if (position < 0)
		return 0;
	return pixel < size ? pixel : size - 1;
}

/* Where seat's screen is among those that are on. */
struct place {
	uint32_t left, width, height;    /* pixels */
	uint32_t all_width, all_height;
};

/*
 * The tablet's area is all screens, and only the program knows how it placed them. Unless
 * told otherwise compositors put them side by side, in their order.
 */
static void find_place(const struct window_seat *seat, struct place *place)
{
	*place = (struct place) {0};
	for (unsigned i = 0; i < seat->platform->card_count; i++) {
		struct kms_device *kms = seat->platform->cards[i].dev->kms;

		pthread_mutex_lock(&kms->lock);
		for (unsigned j = 0; j < kms->crtc_count; j++) {
			const struct kms_crtc_state *state = &kms->crtcs[j].state;
			bool ours = &kms->crtcs[j] == seat->crtc;

			if (!state->active)
				continue;
			if (ours) {
				place->left = place->all_width;
				place->width = state->mode.hdisplay;
				place->height = state->mode.vdisplay;
			}
			place->all_width += state->mode.hdisplay;
			if (state->mode.vdisplay > place->all_height)
				place->all_height = state->mode.vdisplay;
		}
		pthread_mutex_unlock(&kms->lock);
	}
}

bool window_seat_place(const struct window_seat *seat, const struct evdev_device *dev,
	wl_fixed_t x, wl_fixed_t y, int *dev_x, int *dev_y)
{
	struct place place;
	int max_x, max_y;

	if (seat->surface_width == 0)
		return false;
	find_place(seat, &place);
	if (place.width == 0)
		return false; /* off */
	evdev_get_abs_max(dev, &max_x, &max_y);
	uint32_t pixel_x = place.left + pixel_at(x, seat->surface_width, place.width);
	uint32_t pixel_y = pixel_at(y, seat->surface_height, place.height);
	*dev_x = axis_value(pixel_x, place.all_width, max_x);
	*dev_y = axis_value(pixel_y, place.all_height, max_y);
	return true;
}

static void pointer_move(struct window_seat *seat, wl_fixed_t x, wl_fixed_t y)
{
	struct evdev_device *tablet = platform_input_get(seat->platform, EVDEV_TABLET);
	int tablet_x, tablet_y;

	if (!tablet)
		return;
	if (window_seat_place(seat, tablet, x, y, &tablet_x, &tablet_y)) {
		evdev_emit(tablet, EV_ABS, ABS_X, tablet_x);
		evdev_emit(tablet, EV_ABS, ABS_Y, tablet_y);
		seat->tablet_dirty = true;
	}
	evdev_put(tablet);
}

/* Rounds towards zero; the rest stays for the next event. */
static void emit_wheel(struct window_seat *seat, uint32_t axis, int32_t units)
{
	bool vertical = axis == WL_POINTER_AXIS_VERTICAL_SCROLL;

	if (units == 0)
		return;
	/* Wayland: down is positive. evdev: up is. */
	if (vertical)
		units = -units;
	seat_emit(seat, EVDEV_POINTER, EV_REL, vertical ? REL_WHEEL_HI_RES : REL_HWHEEL_HI_RES, units);
	seat->axes[axis].rest120 += units;
	int32_t notches = seat->axes[axis].rest120 / 120;
	if (notches != 0)
		seat_emit(seat, EVDEV_POINTER, EV_REL, vertical ? REL_WHEEL : REL_HWHEEL, notches);
	seat->axes[axis].rest120 -= notches * 120;
	seat->wheel_dirty = true;
}

static void pointer_flush(struct window_seat *seat)
{
	for (uint32_t axis = 0; axis < 2; axis++) {
		int32_t units = seat->axes[axis].discrete120;
		/* libinput's and most hosts' notch is 15 axis units: 8/120 each. */
		if (units == 0)
			units = wl_fixed_to_double(seat->axes[axis].continuous) * 8;
		emit_wheel(seat, axis, units);
		seat->axes[axis].discrete120 = 0;
		seat->axes[axis].continuous = 0;
	}
	if (seat->tablet_dirty)
		seat_sync(seat, EVDEV_TABLET);
	if (seat->wheel_dirty)
		seat_sync(seat, EVDEV_POINTER);
	seat->tablet_dirty = seat->wheel_dirty = false;
}

/* Hosts before wl_pointer.frame (version 5): every event is a frame. */
static void pointer_event_done(struct window_seat *seat)
{
	if (wl_pointer_get_version(seat->pointer) < WL_POINTER_FRAME_SINCE_VERSION)
		pointer_flush(seat);
}

static void pointer_enter(void *data, struct wl_pointer *pointer, uint32_t serial,
	struct wl_surface *surface, wl_fixed_t x, wl_fixed_t y)
{
	struct window_seat *seat = data;

	/* The device's own cursor plane is in the picture. */
	wl_pointer_set_cursor(pointer, serial, NULL, 0, 0);
	seat->pointer_inside = surface == seat->surface;
	if (seat->pointer_inside)
		pointer_move(seat, x, y);
	pointer_event_done(seat);
}

static void pointer_leave(void *data, struct wl_pointer *pointer, uint32_t serial,
	struct wl_surface *surface)
{
	struct window_seat *seat = data;

	seat->pointer_inside = false;
	seat_release_buttons(seat);
	pointer_event_done(seat);
}

static void pointer_motion(void *data, struct wl_pointer *pointer, uint32_t time, wl_fixed_t x,
	wl_fixed_t y)
{
	struct window_seat *seat = data;

	if (seat->pointer_inside)
		pointer_move(seat, x, y);
	pointer_event_done(seat);
}

static void pointer_button(void *data, struct wl_pointer *pointer, uint32_t serial, uint32_t time,
	uint32_t button, uint32_t state)
{
	struct window_seat *seat = data;

	if (button < BTN_MISC || button >= KEY_OK)
		return;
	seat_emit_key(seat, EVDEV_TABLET, button,
		state == WL_POINTER_BUTTON_STATE_PRESSED);
	seat->tablet_dirty = true;
	pointer_event_done(seat);
}

static void pointer_axis(void *data, struct wl_pointer *pointer, uint32_t time, uint32_t axis,
	wl_fixed_t value)
{
	struct window_seat *seat = data;

	if (axis < 2)
		seat->axes[axis].continuous += value;
	pointer_event_done(seat);
}

static void pointer_frame(void *data, struct wl_pointer *pointer)
{
	pointer_flush(data);
}

static void pointer_axis_source(void *data, struct wl_pointer *pointer, uint32_t source)
{
}

static void pointer_axis_stop(void *data, struct wl_pointer *pointer, uint32_t time,
	uint32_t axis)
{
}

static void pointer_axis_discrete(void *data, struct wl_pointer *pointer, uint32_t axis,
	int32_t discrete)
{
	struct window_seat *seat = data;

	if (axis < 2 && discrete > -100 && discrete < 100)
		seat->axes[axis].discrete120 += discrete * 120;
}

static void pointer_axis_value120(void *data, struct wl_pointer *pointer, uint32_t axis,
	int32_t value)
{
	struct window_seat *seat = data;

	if (axis < 2 && value > -12000 && value < 12000)
		seat->axes[axis].discrete120 += value;
}

static const struct wl_pointer_listener pointer_listener = {
	.enter = pointer_enter,
	.leave = pointer_leave,
	.motion = pointer_motion,
	.button = pointer_button,
	.axis = pointer_axis,
	.frame = pointer_frame,
	.axis_source = pointer_axis_source,
	.axis_stop = pointer_axis_stop,
	.axis_discrete = pointer_axis_discrete,
	.axis_value120 = pointer_axis_value120,
};

/* ---- seat ---- */

static void seat_drop_keyboard(struct window_seat *seat)
{
	if (!seat->keyboard)
		return;
	seat_release_keys(seat);
	if (wl_keyboard_get_version(seat->keyboard) >= WL_KEYBOARD_RELEASE_SINCE_VERSION)
		wl_keyboard_release(seat->keyboard);
	else
		wl_keyboard_destroy(seat->keyboard);
	seat->keyboard = NULL;
}

static void seat_drop_pointer(struct window_seat *seat)
{
	if (!seat->pointer)
		return;
	seat_release_buttons(seat);
	seat->pointer_inside = false;
	if (wl_pointer_get_version(seat->pointer) >= WL_POINTER_RELEASE_SINCE_VERSION)
		wl_pointer_release(seat->pointer);
	else
		wl_pointer_destroy(seat->pointer);
	seat->pointer = NULL;
}

static void seat_capabilities(void *data, struct wl_seat *wl_seat, uint32_t capabilities)
{
	struct window_seat *seat = data;

	if (!(capabilities & WL_SEAT_CAPABILITY_KEYBOARD)) {
		seat_drop_keyboard(seat);
	} else if (!seat->keyboard) {
		seat->keyboard = wl_seat_get_keyboard(wl_seat);
		wl_keyboard_add_listener(seat->keyboard, &keyboard_listener, seat);
	}
	if (!(capabilities & WL_SEAT_CAPABILITY_POINTER)) {
		seat_drop_pointer(seat);
	} else if (!seat->pointer) {
		seat->pointer = wl_seat_get_pointer(wl_seat);
		wl_pointer_add_listener(seat->pointer, &pointer_listener, seat);
	}
	if (capabilities & WL_SEAT_CAPABILITY_TOUCH)
		window_touch_take(seat);
	else
		window_touch_drop(seat);
}

static void seat_name(void *data, struct wl_seat *wl_seat, const char *name)
{
}

static const struct wl_seat_listener seat_listener = {
	.capabilities = seat_capabilities,
	.name = seat_name,
};

void window_seat_init(struct window_seat *seat, struct platform *platform, struct kms_crtc *crtc)
{
	memset(seat, 0, sizeof(*seat));
	seat->platform = platform;
	seat->crtc = crtc;
}

void window_seat_bind(struct window_seat *seat, struct wl_registry *registry, uint32_t name,
	uint32_t version)
{
	if (seat->seat)
		return; /* one seat inside */
	seat->name = name;
	/* 8: axis_value120 */
	seat->seat = wl_registry_bind(registry, name, &wl_seat_interface, version < 8 ? version : 8);
	wl_seat_add_listener(seat->seat, &seat_listener, seat);
}

void window_seat_unbind(struct window_seat *seat)
{
	if (!seat->seat)
		return;
	seat_drop_keyboard(seat);
	seat_drop_pointer(seat);
	window_touch_drop(seat);
	if (wl_seat_get_version(seat->seat) >= WL_SEAT_RELEASE_SINCE_VERSION)
		wl_seat_release(seat->seat);
	else
		wl_seat_destroy(seat->seat);
	seat->seat = NULL;
	seat->name = 0;
}
