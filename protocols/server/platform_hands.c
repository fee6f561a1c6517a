/* Control commands that are a person's hands on keyboard and pointer. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform_internal.h"

enum {
	/* A reader's ring holds few keystrokes: typing must not outrun it. */
	TYPE_PAUSE_US = 2000,
	READER_PATIENCE_MS = 10000,
	PIXELS_MAX = 65535,
	NOTCHES_MAX = 100,
	HI_RES_PER_NOTCH = 120, /* REL_WHEEL_HI_RES, linux/input-event-codes.h */
};

/* word: "down", "up" or NULL = both. False: something else. */
static bool send_edges(struct evdev_device *dev, uint16_t code, const char *word)
{
	if (word && strcmp(word, "down") != 0 && strcmp(word, "up") != 0)
		return false;
	if (!word || strcmp(word, "down") == 0)
		evdev_press(dev, code, true);
	if (!word || strcmp(word, "up") == 0)
		evdev_press(dev, code, false);
	return true;
}

static int answer_ok(FILE *out)
{
	fputs("{\"ok\":true}", out);
	return 0;
}

static int key(void *data, int argc, char **argv, FILE *out)
{
	struct platform *platform = data;

	if (argc != 2 && argc != 3)
		return control_refuse(out, "usage: key CODE|NAME [down|up]");
	int code = platform_key_code(argv[1]);
	if (code < 0)
		return control_refuse(out, "no key '%s'", argv[1]);
	struct evdev_device *keyboard = platform_input_take(platform, EVDEV_KEYBOARD, out);
	if (!keyboard)
		return 0;
	bool ok = send_edges(keyboard, code, argc == 3 ? argv[2] : NULL);
	evdev_put(keyboard);
	return ok ? answer_ok(out) :
		control_refuse(out, "'%s' is neither down nor up", argv[2]);
}

/* Types no faster than the readers read, but for one that does not read at all. */
struct typist {
	struct evdev_device *keyboard; /* NULL = only looks whether it could */
	bool hurried;                  /* somebody does not read */
};

static void type_char(struct typist *typist, uint16_t code, bool shift)
{
	struct evdev_device *keyboard = typist->keyboard;

	if (!keyboard)
		return;
	if (!typist->hurried)
		typist->hurried = !evdev_wait_room(keyboard, READER_PATIENCE_MS);
	if (shift)
		evdev_press(keyboard, KEY_LEFTSHIFT, true);
	evdev_press(keyboard, code, true);
	evdev_press(keyboard, code, false);
	if (shift)
		evdev_press(keyboard, KEY_LEFTSHIFT, false);
	usleep(TYPE_PAUSE_US);
}

/* The character at *at, with \n, \t and \\ as written by a shell user; advances. */
static char next_char(const char **at)
{
	char c = *(*at)++;

	if (c != '\\')
		return c;
	switch (**at) {
	case 'n':
		c = '\n';
		break;
	case 't':
		c = '\t';
		break;
	case '\\':
		break;
	default:
		return c;
	}
	(*at)++;
	return c;
}

/* False: a character has no key; it is put to *bad. */
static bool type_word(struct typist *typist, const char *word, char *bad)
{
	uint16_t code;
	bool shift;

	while (*word) {
		*bad = next_char(&word);
		if (!platform_key_of_char(*bad, &code, &shift))
			return false;
		type_char(typist, code, shift);
	}
	return true;
}

static int type(void *data, int argc, char **argv, FILE *out)
{
	struct platform *platform = data;
	char bad;

	if (argc < 2)
		return control_refuse(out, "usage: type TEXT...");
	/* All or nothing: half a line typed is worse than none. */
	struct typist typist = {NULL, false};
	for (int i = 1; i < argc; i++) {
		if (!type_word(&typist, argv[i], &bad))
			return control_refuse(out, "character 0x%02x is on no key of a US keyboard",
				(unsigned char)bad);
	}
	typist.keyboard = platform_input_take(platform, EVDEV_KEYBOARD, out);
	if (!typist.keyboard)
		return 0;
	for (int i = 1; i < argc; i++) {
		if (i > 1)
			type_char(&typist, KEY_SPACE, false);
		type_word(&typist, argv[i], &bad);
	}
	evdev_put(typist.keyboard);
	return answer_ok(out);
}

static int move(void *data, int argc, char **argv, FILE *out)
{
	struct platform *platform = data;
	long dx, dy;

	if (argc != 3 || !platform_parse_int(argv[1], -PIXELS_MAX, PIXELS_MAX, &dx) ||
			!platform_parse_int(argv[2], -PIXELS_MAX, PIXELS_MAX, &dy))
		return control_refuse(out, "usage: move DX DY");
	struct evdev_device *pointer = platform_input_take(platform, EVDEV_POINTER, out);
	if (!pointer)
		return 0;
	const struct evdev_value motion[] = {{EV_REL, REL_X, dx}, {EV_REL, REL_Y, dy}};
	evdev_emit_frame(pointer, motion, GEM_ARRAY_SIZE(motion));
	evdev_put(pointer);
	return answer_ok(out);
}

static int move_to(void *data, int argc, char **argv, FILE *out)
{
	struct platform *platform = data;
	unsigned width, height;
	long x, y;

	if (!platform_screen_size(platform, &width, &height))
		return control_refuse(out, "no screen");
	if (argc != 3 || !platform_parse_int(argv[1], 0, width - 1, &x) ||
			!platform_parse_int(argv[2], 0, height - 1, &y))
		return control_refuse(out, "usage: move-to X Y, on a screen of %ux%u", width,
			height);
	struct evdev_device *tablet = platform_input_take(platform, EVDEV_TABLET, out);
	if (!tablet)
		return 0;
	int max_x, max_y;
	evdev_get_abs_max(tablet, &max_x, &max_y);
	const struct evdev_value place[] = {
		{EV_ABS, ABS_X, platform_axis_position(x, width, max_x)},
		{EV_ABS, ABS_Y, platform_axis_position(y, height, max_y)},
	};
	evdev_emit_frame(tablet, place, GEM_ARRAY_SIZE(place));
	evdev_put(tablet);
	return answer_ok(out);
}

static int button(void *data, int argc, char **argv, FILE *out)
{
	static const struct {
		const char *name;
		uint16_t code;
	} buttons[] = {{"left", BTN_LEFT}, {"right", BTN_RIGHT}, {"middle", BTN_MIDDLE}};
	struct platform *platform = data;

	struct evdev_device *pointer = platform_input_take(platform, EVDEV_POINTER, out);
	bool ok = false;

	if (!pointer)
		return 0;
	for (unsigned i = 0; argc >= 2 && argc <= 3 && i < GEM_ARRAY_SIZE(buttons); i++)
		ok = ok || (strcmp(argv[1], buttons[i].name) == 0 &&
			send_edges(pointer, buttons[i].code, argc == 3 ? argv[2] : NULL));
	evdev_put(pointer);
	return ok ? answer_ok(out) :
		control_refuse(out, "usage: button left|right|middle [down|up]");
}

static int scroll(void *data, int argc, char **argv, FILE *out)
{
	struct platform *platform = data;
	long notches;

	if (argc != 2 || !platform_parse_int(argv[1], -NOTCHES_MAX, NOTCHES_MAX, &notches))
		return control_refuse(out, "usage: scroll N");
	struct evdev_device *pointer = platform_input_take(platform, EVDEV_POINTER, out);
	if (!pointer)
		return 0;
	/* A mouse sends single notches. Ours count down as positive, evdev up. */
	const int step = notches < 0 ? 1 : -1;
	const struct evdev_value notch[] = {
		{EV_REL, REL_WHEEL, step}, {EV_REL, REL_WHEEL_HI_RES, step * HI_RES_PER_NOTCH},
	};
	bool hurried = false;
	for (long i = 0; i < labs(notches); i++) {
		hurried = hurried || !evdev_wait_room(pointer, READER_PATIENCE_MS);
		evdev_emit_frame(pointer, notch, GEM_ARRAY_SIZE(notch));
	}
	evdev_put(pointer);
	return answer_ok(out);
}

int platform_add_hand_commands(struct platform *platform)
{
	static const struct platform_command commands[] = {
		{"key", "CODE|NAME [down|up]: a key by number or KEY_ name", key},
		{"type", "TEXT...: types on a US keyboard; \\n Enter, \\t Tab, \\\\ backslash", type},
		{"move", "DX DY: relative pointer motion", move},
		{"move-to", "X Y: absolute pointer position in pixels", move_to},
		{"button", "left|right|middle [down|up]: both edges by default", button},
		{"scroll", "N: wheel notches, positive is down", scroll},
	};

	return platform_add_commands(platform, commands, GEM_ARRAY_SIZE(commands));
}
