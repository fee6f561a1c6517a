/* Control commands that are a person's hands: events of the virtual input devices. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "platform_internal.h"

enum {
	/* A reader's socket holds some 250 packets: typing must not outrun it. */
	TYPE_PAUSE_US = 2000,
	PIXELS_MAX = 65535,
	NOTCHES_MAX = 100,
	HI_RES_PER_NOTCH = 120, /* REL_WHEEL_HI_RES, linux/input-event-codes.h */
};

static void send_key(struct evdev_device *dev, uint16_t code, bool down)
{
	evdev_emit(dev, EV_KEY, code, down);
	evdev_sync(dev);
}

/* word: "down", "up" or NULL = both. False: something else. */
static bool send_edges(struct evdev_device *dev, uint16_t code, const char *word)
{
	if (word && strcmp(word, "down") != 0 && strcmp(word, "up") != 0)
		return false;
	if (!word || strcmp(word, "down") == 0)
		send_key(dev, code, true);
	if (!word || strcmp(word, "up") == 0)
		send_key(dev, code, false);
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
	if (!send_edges(platform->keyboard, code, argc == 3 ? argv[2] : NULL))
		return control_refuse(out, "'%s' is neither down nor up", argv[2]);
	return answer_ok(out);
}

static void type_char(struct platform *platform, uint16_t code, bool shift)
{
	if (shift)
		send_key(platform->keyboard, KEY_LEFTSHIFT, true);
	send_key(platform->keyboard, code, true);
	send_key(platform->keyboard, code, false);
	if (shift)
		send_key(platform->keyboard, KEY_LEFTSHIFT, false);
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
static bool type_word(struct platform *platform, const char *word, bool really, char *bad)
{
	uint16_t code;
	bool shift;

	while (*word) {
		*bad = next_char(&word);
		if (!platform_key_of_char(*bad, &code, &shift))
			return false;
		if (really)
			type_char(platform, code, shift);
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
	for (int i = 1; i < argc; i++) {
		if (!type_word(platform, argv[i], false, &bad))
			return control_refuse(out, "character 0x%02x is on no key of a US keyboard",
				(unsigned char)bad);
	}
	for (int i = 1; i < argc; i++) {
		if (i > 1)
			type_char(platform, KEY_SPACE, false);
		type_word(platform, argv[i], true, &bad);
	}
	return answer_ok(out);
}

static int move(void *data, int argc, char **argv, FILE *out)
{
	struct platform *platform = data;
	long dx, dy;

	if (argc != 3 || !platform_parse_int(argv[1], -PIXELS_MAX, PIXELS_MAX, &dx) ||
			!platform_parse_int(argv[2], -PIXELS_MAX, PIXELS_MAX, &dy))
		return control_refuse(out, "usage: move DX DY");
	evdev_emit(platform->pointer, EV_REL, REL_X, dx);
	evdev_emit(platform->pointer, EV_REL, REL_Y, dy);
	evdev_sync(platform->pointer);
	return answer_ok(out);
}

/* What crtc 0 shows, or would show: its mode, else the first connector's preferred one. */
static bool screen_size(struct kms_device *kms, unsigned *width, unsigned *height)
{
	const struct drm_mode_modeinfo *mode = NULL;

	pthread_mutex_lock(&kms->lock);
	if (kms->crtcs[0].state.active)
		mode = &kms->crtcs[0].state.mode;
	else if (kms->connectors[0].mode_count > 0)
		mode = &kms->connectors[0].modes[0];
	if (mode) {
		*width = mode->hdisplay;
		*height = mode->vdisplay;
	}
	pthread_mutex_unlock(&kms->lock);
	return mode != NULL;
}

/*
 * The smallest position that libinput's transformation (value * size / (max + 1))
 * puts onto this pixel.
 */
static int tablet_position(long pixel, unsigned size)
{
	long range = PLATFORM_TABLET_MAX + 1;

	return (pixel * range + size - 1) / size;
}

static int move_to(void *data, int argc, char **argv, FILE *out)
{
	struct platform *platform = data;
	unsigned width, height;
	long x, y;

	if (!screen_size(platform->card->kms, &width, &height))
		return control_refuse(out, "no screen");
	if (argc != 3 || !platform_parse_int(argv[1], 0, width - 1, &x) ||
			!platform_parse_int(argv[2], 0, height - 1, &y))
		return control_refuse(out, "usage: move-to X Y, on a screen of %ux%u", width,
			height);
	evdev_emit(platform->tablet, EV_ABS, ABS_X, tablet_position(x, width));
	evdev_emit(platform->tablet, EV_ABS, ABS_Y, tablet_position(y, height));
	evdev_sync(platform->tablet);
	return answer_ok(out);
}

static int button(void *data, int argc, char **argv, FILE *out)
{
	static const struct {
		const char *name;
		uint16_t code;
	} buttons[] = {{"left", BTN_LEFT}, {"right", BTN_RIGHT}, {"middle", BTN_MIDDLE}};
	struct platform *platform = data;

	for (unsigned i = 0; argc >= 2 && argc <= 3 && i < GEM_ARRAY_SIZE(buttons); i++) {
		if (strcmp(argv[1], buttons[i].name) == 0 && send_edges(platform->pointer,
				buttons[i].code, argc == 3 ? argv[2] : NULL))
			return answer_ok(out);
	}
	return control_refuse(out, "usage: button left|right|middle [down|up]");
}

static int scroll(void *data, int argc, char **argv, FILE *out)
{
	struct platform *platform = data;
	long notches;

	if (argc != 2 || !platform_parse_int(argv[1], -NOTCHES_MAX, NOTCHES_MAX, &notches))
		return control_refuse(out, "usage: scroll N");
	/* A mouse sends single notches. Ours count down as positive, evdev up. */
	for (long i = 0; i < (notches < 0 ? -notches : notches); i++) {
		int step = notches < 0 ? 1 : -1;
		evdev_emit(platform->pointer, EV_REL, REL_WHEEL, step);
		evdev_emit(platform->pointer, EV_REL, REL_WHEEL_HI_RES, step * HI_RES_PER_NOTCH);
		evdev_sync(platform->pointer);
	}
	return answer_ok(out);
}

int platform_add_input_commands(struct platform *platform)
{
	static const struct {
		const char *name, *help;
		control_handler handler;
	} commands[] = {
		{"key", "CODE|NAME [down|up]: a key by number or KEY_ name", key},
		{"type", "TEXT...: types on a US keyboard; \\n Enter, \\t Tab, \\\\ backslash", type},
		{"move", "DX DY: relative pointer motion", move},
		{"move-to", "X Y: absolute pointer position in pixels", move_to},
		{"button", "left|right|middle [down|up]: both edges by default", button},
		{"scroll", "N: wheel notches, positive is down", scroll},
	};

	if (!platform->keyboard)
		return 0;
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(commands); i++) {
		int ret = control_add(platform->control, commands[i].name, commands[i].help,
			commands[i].handler, platform);
		if (ret < 0)
			return ret;
	}
	return 0;
}
