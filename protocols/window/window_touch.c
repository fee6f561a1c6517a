/*
 * Host fingers to evdev. The touchscreen's slots are shared: by all windows and by the
 * control socket's fingers, so a host's finger gets one that is free when it comes down.
 */
#include "window_internal.h"
#include "platform.h"

static struct window_finger *find_finger(struct window_seat *seat, int32_t id)
{
	for (unsigned i = 0; i < EVDEV_SLOTS; i++)
		if (seat->fingers[i].down && seat->fingers[i].id == id)
			return &seat->fingers[i];
	return NULL;
}

static struct window_finger *find_unused(struct window_seat *seat)
{
	for (unsigned i = 0; i < EVDEV_SLOTS; i++)
		if (!seat->fingers[i].down)
			return &seat->fingers[i];
	return NULL;
}

static bool any_down(const struct window_seat *seat)
{
	for (unsigned i = 0; i < EVDEV_SLOTS; i++)
		if (seat->fingers[i].down)
			return true;
	return false;
}

/* The touchscreen of fingers that are down stays theirs, whatever comes and goes. */
static bool take_screen(struct window_seat *seat)
{
	if (!seat->touchscreen)
		seat->touchscreen = platform_input_get(seat->platform, EVDEV_TOUCH);
	return seat->touchscreen != NULL;
}

static void leave_screen(struct window_seat *seat)
{
	if (!seat->touchscreen || any_down(seat))
		return;
	evdev_put(seat->touchscreen);
	seat->touchscreen = NULL;
}

static void touch_flush(struct window_seat *seat)
{
	struct evdev_finger acts[EVDEV_SLOTS];
	struct window_finger *whose[EVDEV_SLOTS];
	unsigned count = 0;

	for (unsigned i = 0; i < EVDEV_SLOTS; i++) {
		if (!seat->fingers[i].down || !seat->fingers[i].changed)
			continue;
		whose[count] = &seat->fingers[i];
		acts[count++] = seat->fingers[i].evdev;
	}
	if (count > 0)
		evdev_emit_fingers(seat->touchscreen, acts, count);
	for (unsigned i = 0; i < count; i++) {
		/* No slot was free, or the touchscreen is gone. */
		bool refused = acts[i].slot < 0;

		whose[i]->down = acts[i].act != EVDEV_FINGER_UP && !refused;
		whose[i]->changed = false;
		whose[i]->evdev.slot = acts[i].slot;
	}
	leave_screen(seat);
}

/* Of one without a slot nobody knows yet: its going up says nothing either. */
static void lift_all(struct window_seat *seat)
{
	for (unsigned i = 0; i < EVDEV_SLOTS; i++) {
		seat->fingers[i].evdev.act = EVDEV_FINGER_UP;
		seat->fingers[i].changed = seat->fingers[i].down;
	}
	touch_flush(seat);
}

/* A slot's finger does not go up and another down in one frame: readers would see one finger. */
static void flush_lifted(struct window_seat *seat)
{
	for (unsigned i = 0; i < EVDEV_SLOTS; i++) {
		const struct window_finger *finger = &seat->fingers[i];

		if (finger->down && finger->changed && finger->evdev.act == EVDEV_FINGER_UP) {
			touch_flush(seat);
			return;
		}
	}
}

static void touch_down(void *data, struct wl_touch *touch, uint32_t serial, uint32_t time,
	struct wl_surface *surface, int32_t id, wl_fixed_t x, wl_fixed_t y)
{
	struct window_seat *seat = data;

	if (surface != seat->surface)
		return;
	flush_lifted(seat);
	struct window_finger *finger = find_unused(seat);
	if (!finger || find_finger(seat, id) || !take_screen(seat))
		return;
	*finger = (struct window_finger){
		.id = id, .evdev = {.act = EVDEV_FINGER_DOWN, .slot = -1},
	};
	finger->down = finger->changed = window_seat_place(seat, seat->touchscreen, x, y,
		&finger->evdev.x, &finger->evdev.y);
	leave_screen(seat);
}

static void touch_up(void *data, struct wl_touch *touch, uint32_t serial, uint32_t time,
	int32_t id)
{
	struct window_seat *seat = data;
	struct window_finger *finger = find_finger(seat, id);

	/* What it did before in this frame is told. */
	if (finger && finger->changed) {
		touch_flush(seat);
		finger = find_finger(seat, id);
	}
	if (!finger)
		return;
	finger->evdev.act = EVDEV_FINGER_UP;
	finger->changed = true;
}

static void touch_motion(void *data, struct wl_touch *touch, uint32_t time, int32_t id,
	wl_fixed_t x, wl_fixed_t y)
{
	struct window_seat *seat = data;
	struct window_finger *finger = find_finger(seat, id);

	if (!finger || (finger->changed && finger->evdev.act == EVDEV_FINGER_UP))
		return;
	if (!window_seat_place(seat, seat->touchscreen, x, y, &finger->evdev.x, &finger->evdev.y))
		return;
	if (!finger->changed)
		finger->evdev.act = EVDEV_FINGER_MOVE;
	finger->changed = true;
}

static void touch_frame(void *data, struct wl_touch *touch)
{
	touch_flush(data);
}

/* The host's gesture; evdev has no word for that. */
static void touch_cancel(void *data, struct wl_touch *touch)
{
	lift_all(data);
}

static void touch_shape(void *data, struct wl_touch *touch, int32_t id, wl_fixed_t major,
	wl_fixed_t minor)
{
}

static void touch_orientation(void *data, struct wl_touch *touch, int32_t id,
	wl_fixed_t orientation)
{
}

static const struct wl_touch_listener touch_listener = {
	.down = touch_down,
	.up = touch_up,
	.motion = touch_motion,
	.frame = touch_frame,
	.cancel = touch_cancel,
	.shape = touch_shape,
	.orientation = touch_orientation,
};

void window_touch_take(struct window_seat *seat)
{
	if (seat->touch)
		return;
	seat->touch = wl_seat_get_touch(seat->seat);
	wl_touch_add_listener(seat->touch, &touch_listener, seat);
}

void window_touch_drop(struct window_seat *seat)
{
	if (!seat->touch)
		return;
	lift_all(seat);
	if (wl_touch_get_version(seat->touch) >= WL_TOUCH_RELEASE_SINCE_VERSION)
		wl_touch_release(seat->touch);
	else
		wl_touch_destroy(seat->touch);
	seat->touch = NULL;
}
