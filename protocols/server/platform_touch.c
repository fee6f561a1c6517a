/* Control commands that are fingers on a touchscreen, a pen, a pad's buttons, a lid. */
#include <errno.h>
#include <string.h>

#include "platform_internal.h"

enum { FRAME_MAX = 16 };

struct frame {
	struct evdev_value values[FRAME_MAX];
	unsigned count;
};

static void put(struct frame *frame, uint16_t type, uint16_t code, int32_t value)
{
	frame->values[frame->count++] = (struct evdev_value){type, code, value};
}

static int send(struct evdev_device *dev, const struct frame *frame, FILE *out)
{
	evdev_emit_frame(dev, frame->values, frame->count);
	evdev_put(dev);
	fputs("{\"ok\":true}", out);
	return 0;
}

/* The words at a place on the screen, as a device's position. False: out says why not. */
static bool parse_place(struct platform *platform, const struct evdev_device *dev, char **words,
	int place[2], FILE *out)
{
	unsigned width, height;
	int max_x, max_y;
	long x, y;

	if (!platform_screen_size(platform, &width, &height)) {
		control_refuse(out, "no screen");
		return false;
	}
	if (!platform_parse_int(words[0], 0, width - 1, &x) ||
			!platform_parse_int(words[1], 0, height - 1, &y)) {
		control_refuse(out, "no place on a screen of %ux%u", width, height);
		return false;
	}
	evdev_get_abs_max(dev, &max_x, &max_y);
	place[0] = platform_axis_position(x, width, max_x);
	place[1] = platform_axis_position(y, height, max_y);
	return true;
}

/* ---- touch ---- */

static int touch_usage(FILE *out)
{
	return control_refuse(out, "usage: touch down|move FINGER X Y | up FINGER (0 to %d)",
		EVDEV_SLOTS - 1);
}

static int touch(void *data, int argc, char **argv, FILE *out)
{
	struct platform *platform = data;
	int place[2] = {0};
	long slot;

	bool down = argc == 5 && strcmp(argv[1], "down") == 0;
	bool move = argc == 5 && strcmp(argv[1], "move") == 0;
	bool up = argc == 3 && strcmp(argv[1], "up") == 0;
	if (!(down || move || up) || !platform_parse_int(argv[2], 0, EVDEV_SLOTS - 1, &slot))
		return touch_usage(out);
	struct evdev_device *dev = platform_input_take(platform, EVDEV_TOUCH, out);
	if (!dev)
		return 0;
	if (up || parse_place(platform, dev, argv + 3, place, out)) {
		struct evdev_finger finger = {
			.act = down ? EVDEV_FINGER_DOWN : move ? EVDEV_FINGER_MOVE : EVDEV_FINGER_UP,
			.slot = slot, .x = place[0], .y = place[1],
		};
		evdev_emit_fingers(dev, &finger, 1);
		fputs("{\"ok\":true}", out);
	}
	evdev_put(dev);
	return 0;
}

/* ---- pen ---- */

struct pen_words {
	int tool;
	long pressure, tilt_x, tilt_y;
	bool tilted;
};

/* The words behind the place. */
static bool parse_pen(int argc, char **argv, struct pen_words *words)
{
	enum { PRESSURE_MAX = 4095, TILT_MIN = -64, TILT_MAX = 63 };

	*words = (struct pen_words){.tool = BTN_TOOL_PEN};
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "eraser") == 0) {
			words->tool = BTN_TOOL_RUBBER;
		} else if (strcmp(argv[i], "pressure") == 0 && i + 1 < argc) {
			if (!platform_parse_int(argv[++i], 0, PRESSURE_MAX, &words->pressure))
				return false;
		} else if (strcmp(argv[i], "tilt") == 0 && i + 2 < argc) {
			words->tilted = true;
			if (!platform_parse_int(argv[++i], TILT_MIN, TILT_MAX, &words->tilt_x) ||
			    !platform_parse_int(argv[++i], TILT_MIN, TILT_MAX, &words->tilt_y))
				return false;
		} else {
			return false;
		}
	}
	return true;
}

/* One of the two is there at a time. */
static void put_tool(struct frame *frame, int tool)
{
	put(frame, EV_KEY, tool == BTN_TOOL_PEN ? BTN_TOOL_RUBBER : BTN_TOOL_PEN, 0);
	put(frame, EV_KEY, tool, 1);
}

static int pen_away(struct evdev_device *dev, FILE *out)
{
	struct frame frame = {.count = 0};

	put(&frame, EV_KEY, BTN_TOUCH, 0);
	put(&frame, EV_ABS, ABS_PRESSURE, 0);
	put(&frame, EV_KEY, BTN_TOOL_PEN, 0);
	put(&frame, EV_KEY, BTN_TOOL_RUBBER, 0);
	return send(dev, &frame, out);
}

static int pen_button(struct evdev_device *dev, int argc, char **argv, FILE *out)
{
	struct frame frame = {.count = 0};
	bool down = argc == 4 && strcmp(argv[3], "down") == 0;
	long number;

	if (argc != 4 || !platform_parse_int(argv[2], 1, 2, &number) ||
			(!down && strcmp(argv[3], "up"))) {
		evdev_put(dev);
		return control_refuse(out, "usage: pen button 1|2 down|up");
	}
	put(&frame, EV_KEY, number == 1 ? BTN_STYLUS : BTN_STYLUS2, down);
	return send(dev, &frame, out);
}

static int pen(void *data, int argc, char **argv, FILE *out)
{
	enum { HOVER_DISTANCE = 20 };
	struct platform *platform = data;
	struct frame frame = {.count = 0};
	struct pen_words words;
	int place[2];

	struct evdev_device *dev = platform_input_take(platform, EVDEV_PEN, out);
	if (!dev)
		return 0;
	if (argc == 2 && strcmp(argv[1], "away") == 0)
		return pen_away(dev, out);
	if (argc >= 2 && strcmp(argv[1], "button") == 0)
		return pen_button(dev, argc, argv, out);
	bool right = argc >= 3 && parse_pen(argc - 3, argv + 3, &words);
	if (!right)
		control_refuse(out, "usage: pen X Y [pressure 0-4095] [tilt DX DY] [eraser] | away "
			"| button 1|2 down|up");
	if (!right || !parse_place(platform, dev, argv + 1, place, out)) {
		evdev_put(dev);
		return 0;
	}
	put_tool(&frame, words.tool);
	put(&frame, EV_ABS, ABS_X, place[0]);
	put(&frame, EV_ABS, ABS_Y, place[1]);
	put(&frame, EV_ABS, ABS_DISTANCE, words.pressure ? 0 : HOVER_DISTANCE);
	put(&frame, EV_ABS, ABS_PRESSURE, words.pressure);
	if (words.tilted) {
		put(&frame, EV_ABS, ABS_TILT_X, words.tilt_x);
		put(&frame, EV_ABS, ABS_TILT_Y, words.tilt_y);
	}
	put(&frame, EV_KEY, BTN_TOUCH, words.pressure > 0);
	return send(dev, &frame, out);
}

/* ---- pad, switches ---- */

static int pad(void *data, int argc, char **argv, FILE *out)
{
	enum { BUTTONS = 10, RING_MAX = 71 };
	struct platform *platform = data;
	struct frame frame = {.count = 0};
	long number;

	if (argc == 4 && strcmp(argv[1], "button") == 0 &&
			platform_parse_int(argv[2], 0, BUTTONS - 1, &number) &&
			(strcmp(argv[3], "down") == 0 || strcmp(argv[3], "up") == 0))
		put(&frame, EV_KEY, BTN_0 + number, strcmp(argv[3], "down") == 0);
	else if (argc == 3 && strcmp(argv[1], "ring") == 0 &&
			platform_parse_int(argv[2], 0, RING_MAX, &number))
		put(&frame, EV_ABS, ABS_WHEEL, number);
	else
		return control_refuse(out, "usage: pad button 0-9 down|up | ring 0-71");
	struct evdev_device *dev = platform_input_take(platform, EVDEV_PAD, out);
	return dev ? send(dev, &frame, out) : 0;
}

static int flip_switch(void *data, int argc, char **argv, FILE *out)
{
	struct platform *platform = data;
	struct frame frame = {.count = 0};

	if (argc != 3 || (strcmp(argv[1], "lid") && strcmp(argv[1], "tablet-mode")) ||
			(strcmp(argv[2], "on") && strcmp(argv[2], "off")))
		return control_refuse(out, "usage: switch lid|tablet-mode on|off");
	put(&frame, EV_SW, strcmp(argv[1], "lid") ? SW_TABLET_MODE : SW_LID,
		strcmp(argv[2], "on") == 0);
	struct evdev_device *dev = platform_input_take(platform, EVDEV_SWITCH, out);
	return dev ? send(dev, &frame, out) : 0;
}

int platform_add_touch_commands(struct platform *platform)
{
	static const struct platform_command commands[] = {
		{"touch", "down|move FINGER X Y | up FINGER: on the touchscreen, pixels", touch},
		{"pen", "X Y [pressure N] [tilt DX DY] [eraser] | away | button 1|2 down|up: a "
			"graphics tablet's pen, pixels; it touches when there is pressure", pen},
		{"pad", "button N down|up | ring N: of a graphics tablet", pad},
		{"switch", "lid|tablet-mode on|off", flip_switch},
	};

	return platform_add_commands(platform, commands, GEM_ARRAY_SIZE(commands));
}
