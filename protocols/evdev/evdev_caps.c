/* What each kind of device can do, and who it says it is. */
#include <string.h>

#include "evdev_private.h"

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

	caps->name = "Testcard Keyboard";
	caps->phys = "testcard/keyboard";
	set_list(caps->ev, (const unsigned short[]){EV_SYN, EV_KEY, EV_MSC, EV_LED, EV_REP}, 5);
	/* Esc to the keypad and the edit keys: the whole AT set, without gaps libinput minds. */
	set_range(caps->key, KEY_ESC, KEY_RIGHTMETA);
	set_list(caps->key, extra, GEM_ARRAY_SIZE(extra));
	evdev_set_bit(caps->msc, MSC_SCAN, true);
	set_range(caps->led, LED_NUML, LED_SCROLLL);
}

static void init_pointer(struct evdev_device *dev)
{
	struct evdev_caps *caps = &dev->caps;

	caps->name = "Testcard Pointer";
	caps->phys = "testcard/pointer";
	set_list(caps->ev, (const unsigned short[]){EV_SYN, EV_KEY, EV_REL, EV_MSC}, 4);
	set_range(caps->key, BTN_LEFT, BTN_TASK);
	set_list(caps->rel, (const unsigned short[]){REL_X, REL_Y, REL_WHEEL, REL_HWHEEL,
		REL_WHEEL_HI_RES, REL_HWHEEL_HI_RES}, 6);
	evdev_set_bit(caps->msc, MSC_SCAN, true);
}

static void init_tablet(struct evdev_device *dev, int abs_max_x, int abs_max_y)
{
	struct evdev_caps *caps = &dev->caps;

	caps->name = "Testcard Tablet";
	caps->phys = "testcard/tablet";
	set_list(caps->ev, (const unsigned short[]){EV_SYN, EV_KEY, EV_REL, EV_MSC}, 4);
	set_range(caps->key, BTN_LEFT, BTN_EXTRA);
	set_list(caps->rel, (const unsigned short[]){REL_WHEEL, REL_HWHEEL, REL_WHEEL_HI_RES,
		REL_HWHEEL_HI_RES}, 4);
	evdev_set_bit(caps->msc, MSC_SCAN, true);
	add_axis(dev, ABS_X, 0, abs_max_x, 0);
	add_axis(dev, ABS_Y, 0, abs_max_y, 0);
}

static void init_touch(struct evdev_device *dev, int abs_max_x, int abs_max_y)
{
	/* Units per millimetre of a 96 dpi screen; libinput asks for one. */
	enum { RESOLUTION = 4, TRACKING_ID_MAX = 65535, PRESSURE_MAX = 255 };
	struct evdev_caps *caps = &dev->caps;

	caps->name = "Testcard Touchscreen";
	caps->phys = "testcard/touch";
	set_list(caps->ev, (const unsigned short[]){EV_SYN, EV_KEY}, 2);
	evdev_set_bit(caps->key, BTN_TOUCH, true);
	evdev_set_bit(caps->props, INPUT_PROP_DIRECT, true);
	add_axis(dev, ABS_X, 0, abs_max_x, RESOLUTION);
	add_axis(dev, ABS_Y, 0, abs_max_y, RESOLUTION);
	add_axis(dev, ABS_MT_SLOT, 0, EVDEV_SLOTS - 1, 0);
	add_axis(dev, ABS_MT_POSITION_X, 0, abs_max_x, RESOLUTION);
	add_axis(dev, ABS_MT_POSITION_Y, 0, abs_max_y, RESOLUTION);
	add_axis(dev, ABS_MT_TRACKING_ID, 0, TRACKING_ID_MAX, 0);
	add_axis(dev, ABS_MT_PRESSURE, 0, PRESSURE_MAX, 0);
	caps->slots = EVDEV_SLOTS;
	/* No finger is down: tracking id -1 (kernel: input_mt_init_slots). */
	for (int slot = 0; slot < EVDEV_SLOTS; slot++)
		dev->mt[slot][ABS_MT_TRACKING_ID - EVDEV_MT_FIRST] = -1;
}

void evdev_caps_init(struct evdev_device *dev, int abs_max_x, int abs_max_y)
{
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
	}
	/* The kernel's defaults (input_enable_softrepeat). */
	dev->rep[REP_DELAY] = 250;
	dev->rep[REP_PERIOD] = 33;
}

const unsigned long *evdev_caps_bits(const struct evdev_caps *caps, unsigned type,
	unsigned *max_bit)
{
	/* Sounds, switches and force feedback: no device of ours has any. */
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
		return none;
	case EV_FF:
		*max_bit = FF_MAX;
		return none;
	}
	return NULL;
}
