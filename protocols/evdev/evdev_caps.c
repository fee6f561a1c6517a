/* What each kind of device can do, and who it says it is. */
#include <stdio.h>
#include <string.h>

#include "evdev_private.h"

static const struct {
	const char *word, *name, *phys;
} kinds[EVDEV_KINDS] = {
	[EVDEV_KEYBOARD] = {"keyboard", "Testcard Keyboard", "testcard/keyboard"},
	[EVDEV_POINTER] = {"pointer", "Testcard Pointer", "testcard/pointer"},
	[EVDEV_TABLET] = {"tablet", "Testcard Tablet", "testcard/tablet"},
	[EVDEV_TOUCH] = {"touch", "Testcard Touchscreen", "testcard/touch"},
	[EVDEV_PEN] = {"pen", "Testcard Pen", "testcard/pen"},
	[EVDEV_PAD] = {"pad", "Testcard Pad", "testcard/pad"},
	[EVDEV_SWITCH] = {"switch", "Testcard Switches", "testcard/switch"},
	[EVDEV_GAMEPAD] = {"gamepad", "Testcard Gamepad", "testcard/gamepad"},
};

const char *evdev_kind_name(enum evdev_kind kind)
{
	return kind < EVDEV_KINDS ? kinds[kind].word : NULL;
}

bool evdev_kind_by_name(const char *name, enum evdev_kind *kind)
{
	for (unsigned i = 0; i < EVDEV_KINDS; i++) {
		if (strcmp(name, kinds[i].word))
			continue;
		*kind = i;
		return true;
	}
	return false;
}

/* An id of no real maker; products by kind. */
#define VENDOR 0x7c0d
#define VERSION 0x0001

static void set_range(unsigned long *bits, unsigned first, unsigned last)
{
	for (unsigned bit = first; bit <= last; bit++)
		evdev_set_bit(bits, bit, true);
}

static void set_list(unsigned long *bits, const unsigned short *codes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		evdev_set_bit(bits, codes[i], true);
}

static void add_axis(struct evdev_device *dev, unsigned code, int minimum, int maximum,
	int resolution)
{
	evdev_set_bit(dev->caps.ev, EV_ABS, true);
	evdev_set_bit(dev->caps.abs, code, true);
	dev->abs[code] = (struct input_absinfo){
		.minimum = minimum,
		.maximum = maximum,
		.resolution = resolution,
	};
}

static void init_keyboard(struct evdev_device *dev)
{
	struct evdev_caps *caps = &dev->caps;
	static const unsigned short extra[] = {
		KEY_COMPOSE, KEY_STOP, KEY_COPY, KEY_PASTE, KEY_CUT, KEY_FIND, KEY_UNDO, KEY_HELP,
		KEY_MENU, KEY_CALC, KEY_SLEEP, KEY_WAKEUP, KEY_BACK, KEY_FORWARD, KEY_NEXTSONG,
		KEY_PLAYPAUSE, KEY_PREVIOUSSONG, KEY_STOPCD, KEY_HOMEPAGE, KEY_REFRESH, KEY_F13,
		KEY_F14, KEY_F15, KEY_F16, KEY_F17, KEY_F18, KEY_F19, KEY_F20, KEY_F21, KEY_F22,
		KEY_F23, KEY_F24, KEY_MAIL, KEY_SEARCH, KEY_BRIGHTNESSDOWN, KEY_BRIGHTNESSUP,
		KEY_MEDIA,
	};

	set_list(caps->ev, (const unsigned short[]){EV_SYN, EV_KEY, EV_MSC, EV_LED, EV_REP}, 5);
	/* Esc to the keypad and the edit keys: the whole AT set, without gaps libinput minds. */
	set_range(caps->key, KEY_ESC, KEY_RIGHTMETA);
	set_list(caps->key, extra, GEM_ARRAY_SIZE(extra));
	evdev_set_bit(caps->msc, MSC_SCAN, true);
	set_range(caps->led, LED_NUML, LED_SCROLLL);
	caps->keymap = true;
}

static void init_pointer(struct evdev_device *dev)
{
	struct evdev_caps *caps = &dev->caps;

	set_list(caps->ev, (const unsigned short[]){EV_SYN, EV_KEY, EV_REL, EV_MSC}, 4);
	set_range(caps->key, BTN_LEFT, BTN_TASK);
	set_list(caps->rel, (const unsigned short[]){REL_X, REL_Y, REL_WHEEL, REL_HWHEEL,
		REL_WHEEL_HI_RES, REL_HWHEEL_HI_RES}, 6);
	evdev_set_bit(caps->msc, MSC_SCAN, true);
}

static void init_tablet(struct evdev_device *dev, int abs_max_x, int abs_max_y)
{
	struct evdev_caps *caps = &dev->caps;

	set_list(caps->ev, (const unsigned short[]){EV_SYN, EV_KEY, EV_REL, EV_MSC}, 4);
	set_range(caps->key, BTN_LEFT, BTN_EXTRA);
	set_list(caps->rel, (const unsigned short[]){REL_WHEEL, REL_HWHEEL, REL_WHEEL_HI_RES,
		REL_HWHEEL_HI_RES}, 4);
	evdev_set_bit(caps->msc, MSC_SCAN, true);
	add_axis(dev, ABS_X, 0, abs_max_x, 0);
	add_axis(dev, ABS_Y, 0, abs_max_y, 0);
}

/* Units per millimetre, which libinput asks for: SCREEN_MM is as good a width as any. */
enum { SCREEN_MM = 320 };

static int resolution(int abs_max)
{
	return abs_max < SCREEN_MM ? 1 : abs_max / SCREEN_MM;
}

static void init_touch(struct evdev_device *dev, int abs_max_x, int abs_max_y)
{
	enum { TRACKING_ID_MAX = 65535, PRESSURE_MAX = 255 };
	struct evdev_caps *caps = &dev->caps;

	set_list(caps->ev, (const unsigned short[]){EV_SYN, EV_KEY}, 2);
	evdev_set_bit(caps->key, BTN_TOUCH, true);
	evdev_set_bit(caps->props, INPUT_PROP_DIRECT, true);
	add_axis(dev, ABS_X, 0, abs_max_x, resolution(abs_max_x));
	add_axis(dev, ABS_Y, 0, abs_max_y, resolution(abs_max_y));
	add_axis(dev, ABS_MT_SLOT, 0, EVDEV_SLOTS - 1, 0);
	add_axis(dev, ABS_MT_POSITION_X, 0, abs_max_x, resolution(abs_max_x));
	add_axis(dev, ABS_MT_POSITION_Y, 0, abs_max_y, resolution(abs_max_y));
	add_axis(dev, ABS_MT_TRACKING_ID, 0, TRACKING_ID_MAX, 0);
	add_axis(dev, ABS_MT_PRESSURE, 0, PRESSURE_MAX, 0);
	caps->slots = EVDEV_SLOTS;
	/* No finger is down: tracking id -1 (kernel: input_mt_init_slots). */
	for (int slot = 0; slot < EVDEV_SLOTS; slot++)
		dev->mt[slot][ABS_MT_TRACKING_ID - EVDEV_MT_FIRST] = -1;
}

static void init_pen(struct evdev_device *dev, int abs_max_x, int abs_max_y)
{
	/* Tilt in degrees: 57 a radian. */
	enum { PRESSURE_MAX = 4095, DISTANCE_MAX = 63, TILT_MAX = 64, TILT_RESOLUTION = 57 };
	struct evdev_caps *caps = &dev->caps;

	set_list(caps->ev, (const unsigned short[]){EV_SYN, EV_KEY}, 2);
	set_list(caps->key, (const unsigned short[]){BTN_TOOL_PEN, BTN_TOOL_RUBBER, BTN_TOUCH,
		BTN_STYLUS, BTN_STYLUS2}, 5);
	evdev_set_bit(caps->props, INPUT_PROP_DIRECT, true);
	add_axis(dev, ABS_X, 0, abs_max_x, resolution(abs_max_x));
	add_axis(dev, ABS_Y, 0, abs_max_y, resolution(abs_max_y));
	add_axis(dev, ABS_PRESSURE, 0, PRESSURE_MAX, 0);
	add_axis(dev, ABS_DISTANCE, 0, DISTANCE_MAX, 0);
	add_axis(dev, ABS_TILT_X, -TILT_MAX, TILT_MAX - 1, TILT_RESOLUTION);
	add_axis(dev, ABS_TILT_Y, -TILT_MAX, TILT_MAX - 1, TILT_RESOLUTION);
}

/* As real ones: a stylus button and a position say that it belongs to a tablet. */
static void init_pad(struct evdev_device *dev)
{
	enum { RING_MAX = 71 };
	struct evdev_caps *caps = &dev->caps;

	set_list(caps->ev, (const unsigned short[]){EV_SYN, EV_KEY}, 2);
	set_range(caps->key, BTN_0, BTN_9);
	evdev_set_bit(caps->key, BTN_STYLUS, true);
	add_axis(dev, ABS_X, 0, 1, 0);
	add_axis(dev, ABS_Y, 0, 1, 0);
	add_axis(dev, ABS_WHEEL, 0, RING_MAX, 0);
	add_axis(dev, ABS_MISC, 0, 0, 0);
}

static void init_switch(struct evdev_device *dev)
{
	set_list(dev->caps.ev, (const unsigned short[]){EV_SYN, EV_SW}, 2);
	set_list(dev->caps.sw, (const unsigned short[]){SW_LID, SW_TABLET_MODE}, 2);
}

static void init_gamepad(struct evdev_device *dev)
{
	static const unsigned short sticks[] = {ABS_X, ABS_Y, ABS_RX, ABS_RY};
	enum { STICK_MAX = 32767, STICK_FUZZ = 16, STICK_FLAT = 128, TRIGGER_MAX = 255 };
	struct evdev_caps *caps = &dev->caps;

	set_list(caps->ev, (const unsigned short[]){EV_SYN, EV_KEY}, 2);
	set_list(caps->key, (const unsigned short[]){BTN_SOUTH, BTN_EAST, BTN_NORTH, BTN_WEST,
		BTN_TL, BTN_TR, BTN_SELECT, BTN_START, BTN_MODE, BTN_THUMBL, BTN_THUMBR}, 11);
	for (size_t i = 0; i < GEM_ARRAY_SIZE(sticks); i++) {
		add_axis(dev, sticks[i], -STICK_MAX - 1, STICK_MAX, 0);
		dev->abs[sticks[i]].fuzz = STICK_FUZZ;
		dev->abs[sticks[i]].flat = STICK_FLAT;
	}
	add_axis(dev, ABS_Z, 0, TRIGGER_MAX, 0);
	add_axis(dev, ABS_RZ, 0, TRIGGER_MAX, 0);
	add_axis(dev, ABS_HAT0X, -1, 1, 0);
	add_axis(dev, ABS_HAT0Y, -1, 1, 0);
}

void evdev_caps_init(struct evdev_device *dev, const struct evdev_options *options)
{
	int abs_max_x = options->abs_max_x, abs_max_y = options->abs_max_y;

	snprintf(dev->name, sizeof(dev->name), "%s",
		options->name ? options->name : kinds[dev->kind].name);
	dev->caps.phys = kinds[dev->kind].phys;
	dev->caps.id = (struct input_id){
		.bustype = BUS_VIRTUAL,
		.vendor = VENDOR,
		.product = dev->kind + 1,
		.version = VERSION,
	};
	switch (dev->kind) {
	case EVDEV_KEYBOARD:
		init_keyboard(dev);
		break;
	case EVDEV_POINTER:
		init_pointer(dev);
		break;
	case EVDEV_TABLET:
		init_tablet(dev, abs_max_x, abs_max_y);
		break;
	case EVDEV_TOUCH:
		init_touch(dev, abs_max_x, abs_max_y);
		break;
	case EVDEV_PEN:
		init_pen(dev, abs_max_x, abs_max_y);
		break;
	case EVDEV_PAD:
		init_pad(dev);
		break;
	case EVDEV_SWITCH:
		init_switch(dev);
		break;
	case EVDEV_GAMEPAD:
		init_gamepad(dev);
		break;
	case EVDEV_KINDS:
		break;
	}
	/* The kernel's defaults (input_enable_softrepeat). */
	dev->rep[REP_DELAY] = 250;
	dev->rep[REP_PERIOD] = 33;
}

const unsigned long *evdev_caps_bits(const struct evdev_caps *caps, unsigned type,
	unsigned *max_bit)
{
	/* Sounds and force feedback: no device of ours has any. */
	static const unsigned long none[EVDEV_LONGS(FF_CNT)];

	switch (type) {
	case 0:
		*max_bit = EV_MAX;
		return caps->ev;
	case EV_KEY:
		*max_bit = KEY_MAX;
		return caps->key;
	case EV_REL:
		*max_bit = REL_MAX;
		return caps->rel;
	case EV_ABS:
		*max_bit = ABS_MAX;
		return caps->abs;
	case EV_MSC:
		*max_bit = MSC_MAX;
		return caps->msc;
	case EV_LED:
		*max_bit = LED_MAX;
		return caps->led;
	case EV_SND:
		*max_bit = SND_MAX;
		return none;
	case EV_SW:
		*max_bit = SW_MAX;
		return caps->sw;
	case EV_FF:
		*max_bit = FF_MAX;
		return none;
	}
	return NULL;
}
