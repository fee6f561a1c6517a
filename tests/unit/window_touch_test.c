/*
 * The host's fingers on a window, as the touchscreen's readers see them. The host is the
 * other end of a socketpair, which says what a test writes and hears nothing.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform_client.h"
#include "test.h"
#include "window_internal.h"

enum { TOUCH = WL_SEAT_CAPABILITY_TOUCH, AXIS_UNITS = 32768 };

/* A window, as far as its seat needs one: half the size of the screen. */
struct desk {
	int host;
	struct wl_display *display;
	struct wl_registry *registry;
	struct wl_compositor *compositor;
	struct wl_surface *surface, *other;
	struct window_seat seat;
};

static struct platform *platform;
static struct kms_device *kms;
static int card, reader;
static uint32_t width, height;

static void set_crtc(bool on)
{
	uint32_t connector = kms->connectors[0].base.id;
	struct drm_mode_crtc set = {.crtc_id = kms->crtcs[0].base.id};

	set.mode = kms->connectors[0].modes[0];
	width = set.mode.hdisplay;
	height = set.mode.vdisplay;
	if (on) {
		set.fb_id = client_add_fb(platform, card, width, height).fb_id;
		set.count_connectors = set.mode_valid = 1;
		set.set_connectors_ptr = (uintptr_t)&connector;
	}
	CHECK_INT(client_ioctl(platform, card, DRM_IOCTL_MODE_SETCRTC, &set), 0);
}

static void platform_up(const char *input)
{
	const struct platform_options options = {.input = input};

	CHECK_INT(platform_create(&options, &platform), 0);
	kms = platform->card->kms;
	card = client_open(platform, "/dev/dri/card0", O_RDWR);
	reader = strstr(input, "touch") ? client_open(platform, "/dev/input/event0", O_RDONLY) : -1;
	set_crtc(true);
}

static void platform_down(void)
{
	close(card);
	if (reader >= 0)
		close(reader);
	platform_destroy(platform);
}

/* ---- the host ---- */

/* One event; it is handled on return. */
static void say(struct desk *desk, void *object, uint32_t opcode, const uint32_t *words,
	uint32_t count)
{
	uint32_t event[8] = {wl_proxy_get_id(object), (8 + 4 * count) << 16 | opcode};

	memcpy(event + 2, words, 4 * count);
	CHECK_INT(write(desk->host, event, 8 + 4 * count), 8 + 4 * count);
	CHECK_INT(wl_display_dispatch(desk->display), 1);
}

#define SAY(desk, object, opcode, ...)                                              \
	say(desk, object, opcode, (const uint32_t[]){__VA_ARGS__},                  \
		sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void host_offers(struct desk *desk, uint32_t capabilities)
{
	SAY(desk, desk->seat.seat, 0, capabilities);
}

static void down_on(struct desk *desk, struct wl_surface *surface, int id, int x, int y)
{
	SAY(desk, desk->seat.touch, 0, 1, 2, wl_proxy_get_id((struct wl_proxy *)surface), id,
		wl_fixed_from_int(x), wl_fixed_from_int(y));
}

static void down(struct desk *desk, int id, int x, int y)
{
	down_on(desk, desk->surface, id, x, y);
}

static void up(struct desk *desk, int id)
{
	SAY(desk, desk->seat.touch, 1, 1, 2, id);
}

static void motion(struct desk *desk, int id, int x, int y)
{
	SAY(desk, desk->seat.touch, 2, 2, id, wl_fixed_from_int(x), wl_fixed_from_int(y));
}

static void frame(struct desk *desk)
{
	say(desk, desk->seat.touch, 3, (uint32_t[1]){0}, 0);
}

static void cancel(struct desk *desk)
{
	say(desk, desk->seat.touch, 4, (uint32_t[1]){0}, 0);
}

static void desk_init(struct desk *desk)
{
	int ends[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	desk->host = ends[1];
	desk->display = wl_display_connect_to_fd(ends[0]);
	desk->registry = wl_display_get_registry(desk->display);
	desk->compositor = wl_registry_bind(desk->registry, 1, &wl_compositor_interface, 4);
	desk->surface = wl_compositor_create_surface(desk->compositor);
	desk->other = wl_compositor_create_surface(desk->compositor);
	window_seat_init(&desk->seat, platform, &kms->crtcs[0]);
	desk->seat.surface = desk->surface;
	desk->seat.surface_width = width / 2;
	desk->seat.surface_height = height / 2;
	window_seat_bind(&desk->seat, desk->registry, 2, 8);
	host_offers(desk, TOUCH);
	CHECK(desk->seat.touch != NULL);
}

static void desk_finish(struct desk *desk)
{
	window_seat_unbind(&desk->seat);
	CHECK(desk->seat.touch == NULL && desk->seat.touchscreen == NULL);
	wl_surface_destroy(desk->other);
	wl_surface_destroy(desk->surface);
	wl_compositor_destroy(desk->compositor);
	wl_registry_destroy(desk->registry);
	wl_display_disconnect(desk->display);
	close(desk->host);
}

/* ---- the touchscreen ---- */

/* All that is there to be read is these events, SYN_REPORTs as {0}. */
static void check_events(const struct evdev_value *want, int count)
{
	struct input_event events[64];
	long got = client_read_input(platform, reader, events, sizeof(events));

	for (int i = 0; i < count && i < got / (long)sizeof(*events); i++)
		if (events[i].type != want[i].type || events[i].code != want[i].code ||
		    events[i].value != want[i].value)
			test_fail(__FILE__, __LINE__, "event %d: %d %d %d, want %d %d %d", i,
				events[i].type, events[i].code, events[i].value, want[i].type,
				want[i].code, want[i].value);
	CHECK_INT(got / (long)sizeof(*events), count);
}

#define CHECK_EVENTS(...)                                                                 \
	check_events((const struct evdev_value[]){__VA_ARGS__},                           \
		sizeof((const struct evdev_value[]){__VA_ARGS__}) / sizeof(struct evdev_value))
#define ABS(code, value) {EV_ABS, ABS_##code, value}
#define KEY(value) {EV_KEY, BTN_TOUCH, value}
#define SYN {EV_SYN, SYN_REPORT, 0}

static void check_silence(void)
{
	check_events(NULL, 0);
}

static void forget_events(void)
{
	struct input_event events[64];

	while (client_read_input(platform, reader, events, sizeof(events)) > 0)
		;
}

/* Position of the centre of a pixel of the screen: the window's are two of them wide. */
static int at_x(int window_x)
{
	return (4 * (int64_t)window_x + 1) * AXIS_UNITS / (2 * width);
}

static int at_y(int window_y)
{
	return (4 * (int64_t)window_y + 1) * AXIS_UNITS / (2 * height);
}

static int count_down(void)
{
	struct {
		uint32_t code;
		int32_t ids[EVDEV_SLOTS];
	} slots = {.code = ABS_MT_TRACKING_ID};
	unsigned long keys[KEY_CNT / 64 + 1] = {0};
	int count = 0;

	CHECK_INT(client_ioctl(platform, reader, EVIOCGMTSLOTS(sizeof(slots)), &slots), 0);
	for (int i = 0; i < EVDEV_SLOTS; i++)
		count += slots.ids[i] >= 0;
	CHECK(client_ioctl(platform, reader, EVIOCGKEY(sizeof(keys)), keys) > 0);
	CHECK_INT(keys[BTN_TOUCH / 64] >> (BTN_TOUCH % 64) & 1, count > 0);
	return count;
}

/* ---- tests ---- */

TEST(fingers_have_slots_and_places)
{
	struct desk desk;

	platform_up("touch");
	desk_init(&desk);
	down(&desk, 100, 30, 40);
	check_silence(); /* not before the frame's end */
	frame(&desk);
	CHECK_EVENTS(ABS(MT_TRACKING_ID, 0), ABS(MT_POSITION_X, at_x(30)),
		ABS(MT_POSITION_Y, at_y(40)), ABS(X, at_x(30)), ABS(Y, at_y(40)), KEY(1), SYN);
	down(&desk, -7, 200, 10);
	frame(&desk);
	CHECK_EVENTS(ABS(MT_SLOT, 1), ABS(MT_TRACKING_ID, 1), ABS(MT_POSITION_X, at_x(200)),
		ABS(MT_POSITION_Y, at_y(10)), SYN);
	motion(&desk, -7, 201, 10);
	motion(&desk, 100, 30, 41);
	motion(&desk, -7, 202, 10);
	frame(&desk);
	CHECK_EVENTS(ABS(MT_SLOT, 0), ABS(MT_POSITION_Y, at_y(41)), ABS(Y, at_y(41)),
		ABS(MT_SLOT, 1), ABS(MT_POSITION_X, at_x(202)), SYN);
	up(&desk, 100);
	frame(&desk);
	CHECK_EVENTS(ABS(MT_SLOT, 0), ABS(MT_TRACKING_ID, -1), SYN);
	/* The same number is another finger, in the slot that is free. */
	down(&desk, 100, 30, 41);
	frame(&desk);
	CHECK_EVENTS(ABS(MT_TRACKING_ID, 2), SYN);
	up(&desk, 100);
	up(&desk, -7);
	frame(&desk);
	CHECK_EVENTS(ABS(MT_TRACKING_ID, -1), ABS(MT_SLOT, 1), ABS(MT_TRACKING_ID, -1), KEY(0), SYN);
	desk_finish(&desk);
	platform_down();
}

/* Outside of the window, where a finger may move to, is its edge. */
TEST(edges)
{
	struct desk desk;

	platform_up("touch");
	int right = (2 * (int64_t)width - 1) * AXIS_UNITS / (2 * width);
	int bottom = (2 * (int64_t)height - 1) * AXIS_UNITS / (2 * height);
	desk_init(&desk);
	down(&desk, 0, 5, 5);
	frame(&desk);
	forget_events();
	motion(&desk, 0, 100000, 100000);
	frame(&desk);
	CHECK_EVENTS(ABS(MT_POSITION_X, right), ABS(MT_POSITION_Y, bottom), ABS(X, right),
		ABS(Y, bottom), SYN);
	motion(&desk, 0, -100000, -3);
	frame(&desk);
	CHECK_EVENTS(ABS(MT_POSITION_X, at_x(0)), ABS(MT_POSITION_Y, at_y(0)), ABS(X, at_x(0)),
		ABS(Y, at_y(0)), SYN);
	desk_finish(&desk);
	platform_down();
}

/* What a host tells at once is told one after the other where readers would lose it. */
TEST(a_tap_in_one_frame)
{
	struct desk desk;

	platform_up("touch");
	desk_init(&desk);
	down(&desk, 3, 1, 1);
	motion(&desk, 3, 2, 1);
	up(&desk, 3);
	down(&desk, 3, 2, 1);
	frame(&desk);
	CHECK_EVENTS(ABS(MT_TRACKING_ID, 0), ABS(MT_POSITION_X, at_x(2)), ABS(MT_POSITION_Y, at_y(1)),
		ABS(X, at_x(2)), ABS(Y, at_y(1)), KEY(1), SYN,
		ABS(MT_TRACKING_ID, -1), KEY(0), SYN,
		ABS(MT_TRACKING_ID, 1), KEY(1), SYN);
	motion(&desk, 3, 3, 1);
	up(&desk, 3);
	frame(&desk);
	CHECK_EVENTS(ABS(MT_POSITION_X, at_x(3)), ABS(X, at_x(3)), SYN,
		ABS(MT_TRACKING_ID, -1), KEY(0), SYN);
	desk_finish(&desk);
	platform_down();
}

static void lose_by_cancel(struct desk *desk)
{
	cancel(desk);
}

static void lose_capability(struct desk *desk)
{
	host_offers(desk, 0);
	CHECK(desk->seat.touch == NULL);
	host_offers(desk, TOUCH);
}

static void lose_seat(struct desk *desk)
{
	window_seat_unbind(&desk->seat);
	window_seat_bind(&desk->seat, desk->registry, 5, 1);
	host_offers(desk, TOUCH);
}

static const struct loss {
	const char *name;
	void (*lose)(struct desk *desk);
} losses[] = {
	{"cancel", lose_by_cancel},
	{"the capability goes", lose_capability},
	{"the seat or the window goes", lose_seat},
};

/* One down, one moving, one whose coming or going the host has not finished telling. */
TEST_ROWS(all_fingers_go_up, struct loss, losses)
{
	struct desk desk;

	platform_up("touch");
	desk_init(&desk);
	for (int id = 0; id < 3; id++)
		down(&desk, id, 10 * id, 10);
	frame(&desk);
	CHECK_INT(count_down(), 3);
	forget_events();
	motion(&desk, 1, 11, 11);
	up(&desk, 2);
	row->lose(&desk);
	CHECK_EVENTS(ABS(MT_SLOT, 0), ABS(MT_TRACKING_ID, -1), ABS(MT_SLOT, 1),
		ABS(MT_TRACKING_ID, -1), ABS(MT_SLOT, 2), ABS(MT_TRACKING_ID, -1), KEY(0), SYN);
	down(&desk, 4, 1, 1);
	row->lose(&desk);
	check_silence();
	motion(&desk, 1, 12, 12);
	up(&desk, 0);
	up(&desk, 4);
	frame(&desk);
	check_silence();
	down(&desk, 0, 1, 1);
	frame(&desk);
	CHECK_INT(count_down(), 1);
	desk_finish(&desk);
	CHECK_INT(count_down(), 0);
	platform_down();
}

TEST(what_is_no_finger_of_ours)
{
	struct desk desk;

	platform_up("touch");
	desk_init(&desk);
	down_on(&desk, desk.other, 1, 10, 10);
	motion(&desk, 1, 11, 11);
	motion(&desk, 2, 11, 11);
	up(&desk, 1);
	SAY(&desk, desk.seat.touch, 5, 1, 256, 256); /* shape */
	SAY(&desk, desk.seat.touch, 6, 1, 256);      /* orientation */
	frame(&desk);
	cancel(&desk);
	desk.seat.surface_width = 0; /* not mapped */
	down(&desk, 1, 10, 10);
	frame(&desk);
	desk.seat.surface_width = width / 2;
	up(&desk, 1);
	frame(&desk);
	check_silence();
	set_crtc(false);
	down(&desk, 1, 10, 10);
	frame(&desk);
	check_silence();
	/* Amid a touch: it does not move, but goes up. */
	set_crtc(true);
	down(&desk, 2, 10, 10);
	frame(&desk);
	forget_events();
	set_crtc(false);
	motion(&desk, 2, 20, 20);
	frame(&desk);
	check_silence();
	up(&desk, 2);
	frame(&desk);
	CHECK_EVENTS(ABS(MT_TRACKING_ID, -1), KEY(0), SYN);
	desk_finish(&desk);
	platform_down();
}

TEST(more_fingers_than_slots)
{
	struct desk desk;

	platform_up("touch");
	desk_init(&desk);
	for (int id = 0; id < EVDEV_SLOTS + 3; id++)
		down(&desk, id, id, id);
	frame(&desk);
	CHECK_INT(count_down(), EVDEV_SLOTS);
	for (int id = 0; id < EVDEV_SLOTS + 3; id++) {
		motion(&desk, id, id, 50);
		up(&desk, id);
		frame(&desk);
		CHECK_INT(count_down(), id < EVDEV_SLOTS ? EVDEV_SLOTS - 1 - id : 0);
	}
	desk_finish(&desk);
	platform_down();
}

/* Two windows and the control socket: each has its fingers, the touchscreen has all. */
TEST(slots_are_shared)
{
	struct desk left, right;
	struct evdev_finger scripted = {.act = EVDEV_FINGER_DOWN, .slot = 0};

	platform_up("touch");
	desk_init(&left);
	desk_init(&right);
	struct evdev_device *screen = platform_input_get(platform, EVDEV_TOUCH);
	evdev_emit_fingers(screen, &scripted, 1);
	down(&left, 0, 1, 1);
	frame(&left);
	down(&right, 0, 2, 2);
	frame(&right);
	CHECK_INT(count_down(), 3);
	forget_events();
	motion(&right, 0, 3, 2);
	frame(&right);
	CHECK_EVENTS(ABS(MT_POSITION_X, at_x(3)), SYN);
	motion(&left, 0, 4, 1);
	frame(&left);
	CHECK_EVENTS(ABS(MT_SLOT, 1), ABS(MT_POSITION_X, at_x(4)), SYN);
	cancel(&left);
	CHECK_EVENTS(ABS(MT_TRACKING_ID, -1), SYN);
	scripted.act = EVDEV_FINGER_UP;
	evdev_emit_fingers(screen, &scripted, 1);
	CHECK_EVENTS(ABS(MT_SLOT, 0), ABS(MT_TRACKING_ID, -1), SYN);
	/* One that is not down, and none at all. */
	for (int act = EVDEV_FINGER_MOVE; act <= EVDEV_FINGER_UP; act++) {
		for (int slot = -1; slot <= EVDEV_SLOTS; slot++) {
			scripted = (struct evdev_finger){.act = act, .slot = slot, .x = 9, .y = 9};
			if (slot != 2)
				evdev_emit_fingers(screen, &scripted, 1);
		}
	}
	check_silence();
	up(&right, 0);
	frame(&right);
	CHECK_EVENTS(ABS(MT_SLOT, 2), ABS(MT_TRACKING_ID, -1), KEY(0), SYN);
	evdev_put(screen);
	desk_finish(&left);
	desk_finish(&right);
	platform_down();
}

TEST(the_touchscreen_comes_and_goes)
{
	struct desk desk;
	unsigned index;

	platform_up("keyboard");
	desk_init(&desk);
	down(&desk, 0, 1, 1);
	frame(&desk);
	CHECK(desk.seat.touchscreen == NULL);
	CHECK_INT(platform_input_add(platform, EVDEV_TOUCH, NULL, &index), 0);
	/* It came down on nothing. */
	motion(&desk, 0, 2, 2);
	down(&desk, 1, 1, 1);
	frame(&desk);
	CHECK_INT(platform_input_remove(platform, index), 0);
	CHECK_INT(platform_input_add(platform, EVDEV_TOUCH, NULL, &index), 0);
	reader = client_open(platform, "/dev/input/event1", O_RDONLY);
	motion(&desk, 1, 3, 3);
	down(&desk, 2, 4, 4);
	frame(&desk);
	up(&desk, 1);
	up(&desk, 2);
	frame(&desk);
	CHECK_INT(count_down(), 0);
	check_silence();
	down(&desk, 1, 1, 1);
	frame(&desk);
	CHECK_INT(count_down(), 1);
	desk_finish(&desk);
	platform_down();
}
