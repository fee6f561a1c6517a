#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device_options.h"
#include "platform_internal.h"

static const char usage[] =
	"usage: testcard-device [OPTIONS]\n"
	"\n"
	"Runs a virtual graphics card with a display and input devices until SIGTERM,\n"
	"SIGINT or the control command \"quit\". Programs use it under `testcard exec --join\n"
	"DIR`, or with TESTCARD_DIR and LD_PRELOAD set as that does.\n"
	"\n"
	"  -d, --dir DIR        runtime folder, made if missing (default: a new private\n"
	"                       one in $XDG_RUNTIME_DIR, /dev/shm or /tmp)\n"
	"      --device NAME|FILE\n"
	"                       what the display can: minimal, desktop or soc, or a file that\n"
	"                       describes it (README has how; a name with '/' or '.' in it)\n"
	"      --driver NAME    driver name that clients see (default: testcard)\n"
	"      --cards N        that many cards, /dev/dri/card0 and so on (default: 1, at\n"
	"                       most 4)\n"
	"      --memory WORDS   of a card, with commas in between: budget=SIZE of RAM (default:\n"
	"                       half of it; what is idle beyond goes to a swap file),\n"
	"                       swap=SIZE, noswap, vram=SIZE (default: none), stolen=SIZE,\n"
	"                       phys=SIZE, strict (caches are not coherent); SIZE as 64M\n"
	"      --gpu-engines N  render engines of a card's GPU (default: one a core, at most\n"
	"                       4): so many batches at a time\n"
	"      --gpu-hang-ms N  a batch that runs longer is a hang (default: 3000)\n"
	"      --clock WORD     time of its vblanks: real (default), virtual (it begins at one\n"
	"                       second and stands still until testcardctl time steps it) or\n"
	"                       fast (virtual; each vblank that somebody waits for comes at once)\n"
	"      --render-node    also offer /dev/dri/renderD128, one a card\n"
	"      --render-dumb    it takes requests about dumb buffers, too, as Mesa's software driver\n"
	"                       (MESA_LOADER_DRIVER_OVERRIDE=kms_swrast) needs; a kernel's does not\n"
	"      --input KINDS    input devices, with commas in between, of: keyboard, pointer,\n"
	"                       tablet (absolute pointer), touch, pen, pad, switch, gamepad\n"
	"                       (default: keyboard,pointer,tablet); more by testcardctl input\n"
	"      --no-input       none\n"
	"      --mode WORDS     who may open the nodes: udev (card 0660 root:video, input 0660\n"
	"                       root:input, ... as Debian's udev makes them), or with commas in\n"
	"                       between KIND=MODE[:USER[:GROUP]] of card, render, input, fb and\n"
	"                       tty (default: 0666, of the user who runs this)\n"
	"      --display WORD   none (default); window: each screen that is on as a window on the\n"
	"                       Wayland host of WAYLAND_DISPLAY, whose keyboard and pointer are\n"
	"                       the card's, and whose size is a mode (closing it, as losing the\n"
	"                       host, ends the device); png: as --frames, by default to \"frames\"\n"
	"      --frames DIR     write every frame that changed as DIR/crtc0-SEQUENCE.png\n"
	"                       (of card 1: DIR/card1-crtc0-SEQUENCE.png)\n"
	"      --video FILE     record what is shown as FILE, NAME.y4m or NAME.raw (XRGB8888);\n"
	"                       of other crtcs and cards NAME-crtc1.y4m, NAME-card1-crtc0.y4m\n"
	"      --trace FILE     record what happens (requests, GPU jobs, flips) for\n"
	"                       ui.perfetto.dev, as JSON\n"
	"      --fbdev          a text console on the screens while no program has the card\n"
	"                       open, and /dev/fb0\n"
	"      --no-fbdev       neither; \"testcard device\" has them, \"testcard exec\" has not\n"
	"      --console-font F a PSF font file for it\n"
	"      --watchdog SEC   a device whose locks can not be had for so long is an oops, and\n"
	"                       ends (default: no watchdog)\n"
	"      --no-oops        nothing shows why when this process dies\n"
	"      --close-parent   a window that is closed sends SIGTERM to the process that started\n"
	"                       this one, and does not end the device\n"
	"      --ready-fd N     write the runtime folder's path and a newline to this\n"
	"                       descriptor when everything is up, then close it\n"
	"  -h, --help           this text\n"
	"\n"
	"TESTCARD_LOG=error|warn|info|debug chooses what is logged to stderr.\n";

/* ---- values that are more than a word or a number; false: that is no such value ---- */

static bool take_memory(struct device_options *options, const char *text)
{
	return gem_memory_parse_options(text, &options->platform.memory) == 0;
}

static bool take_clock(struct device_options *options, const char *text)
{
	return platform_parse_clock(text, &options->platform.clock);
}

static bool take_input(struct device_options *options, const char *text)
{
	options->platform.input = text;
	return platform_inputs_valid(text);
}

static bool take_no_input(struct device_options *options, const char *text)
{
	options->platform.input = NULL;
	return true;
}

static bool take_mode(struct device_options *options, const char *text)
{
	const char *why;

	if (!platform_parse_rights(text, &options->rights, &why)) {
		fprintf(stderr, "testcard-device: --mode %s: %s\n", text, why);
		exit(DEVICE_WRONG_USAGE);
	}
	options->platform.rights = &options->rights;
	return true;
}

static bool take_display(struct device_options *options, const char *word)
{
	options->window = strcmp(word, "window") == 0;
	options->png = strcmp(word, "png") == 0;
	return options->window || options->png || strcmp(word, "none") == 0;
}

static bool take_close_parent(struct device_options *options, const char *text)
{
	options->close_parent = getppid();
	return true;
}

static bool take_watchdog(struct device_options *options, const char *text)
{
	long seconds;

	if (!platform_parse_int(text, 1, PLATFORM_WATCHDOG_MAX, &seconds))
		return false;
	options->platform.oops.watchdog_ms = seconds * 1000;
	return true;
}

static bool take_ready_fd(struct device_options *options, const char *text)
{
	long fd;

	if (!platform_parse_int(text, 0, 65535, &fd))
		return false;
	options->ready_fd = fd;
	return true;
}

/* ---- the options ---- */

static const struct row {
	const char *name;
	enum { TEXT, NUMBER, ON, OFF, TAKE, TAKE_FLAG } kind;
	size_t member; /* of the first four: const char *, unsigned, bool */
	long most;     /* of a number, which is at least 1 */
	bool (*take)(struct device_options *options, const char *text);
} rows[] = {
#define MEMBER(name) offsetof(struct device_options, name)
	{"dir", TEXT, MEMBER(platform.dir)},
	{"device", TEXT, MEMBER(device)},
	{"driver", TEXT, MEMBER(platform.driver_name)},
	{"cards", NUMBER, MEMBER(platform.cards), PLATFORM_CARDS_MAX},
	{"memory", TAKE, .take = take_memory},
	{"gpu-engines", NUMBER, MEMBER(platform.gpu.render_engines), GPU_RENDER_ENGINES_MAX},
	{"gpu-hang-ms", NUMBER, MEMBER(platform.gpu.hang_ms), GPU_HANG_MS_MAX},
	{"clock", TAKE, .take = take_clock},
	{"render-node", ON, MEMBER(platform.render_node)},
	{"render-dumb", ON, MEMBER(platform.render_dumb)},
	{"input", TAKE, .take = take_input},
	{"no-input", TAKE_FLAG, .take = take_no_input},
	{"mode", TAKE, .take = take_mode},
	{"display", TAKE, .take = take_display},
	{"frames", TEXT, MEMBER(platform.frames_dir)},
	{"video", TEXT, MEMBER(platform.video_path)},
	{"trace", TEXT, MEMBER(platform.trace_path)},
	{"fbdev", ON, MEMBER(platform.fbdev)},
	{"no-fbdev", OFF, MEMBER(platform.fbdev)},
	{"console-font", TEXT, MEMBER(platform.console_font)},
	{"watchdog", TAKE, .take = take_watchdog},
	{"no-oops", OFF, MEMBER(platform.oops.on)},
	{"close-parent", TAKE_FLAG, .take = take_close_parent},
	{"ready-fd", TAKE, .take = take_ready_fd},
#undef MEMBER
};
enum { ROWS = GEM_ARRAY_SIZE(rows), HELP = ROWS };

static bool take(struct device_options *options, const struct row *row, const char *text)
{
	void *member = (char *)options + row->member;
	long number;

	switch (row->kind) {
	case TEXT:
		*(const char **)member = text;
		return true;
	case NUMBER:
		if (!platform_parse_int(text, 1, row->most, &number))
			return false;
		*(unsigned *)member = number;
		return true;
	case ON:
	case OFF:
		*(bool *)member = row->kind == ON;
		return true;
	default:
		return row->take(options, text);
	}
}

/* Of getopt_long: a row's index, HELP, -1 behind the last, or '?' with a message. */
static int next_option(int argc, char **argv)
{
	struct option known[ROWS + 2] = {0};

	for (int i = 0; i < ROWS; i++) {
		bool flag = rows[i].kind == ON || rows[i].kind == OFF || rows[i].kind == TAKE_FLAG;

		known[i] = (struct option){rows[i].name, flag ? no_argument : required_argument,
			NULL, i};
	}
	known[HELP] = (struct option){"help", no_argument, NULL, HELP};
	int option = getopt_long(argc, argv, "d:h", known, NULL);
	return option == 'd' ? 0 /* --dir */ : option == 'h' ? HELP : option;
}

bool device_options_parse(int argc, char **argv, struct device_options *options, int *status)
{
	int option;

	*options = (struct device_options) {
		.platform = {.input = PLATFORM_INPUT_DEFAULT, .seat = true,
			.oops = {.on = true, .version = TESTCARD_VERSION}},
		.ready_fd = -1,
	};
	while ((option = next_option(argc, argv)) >= 0 && option < ROWS)
		if (!take(options, &rows[option], optarg))
			break;
	if (option == -1 && optind == argc)
		return true;
	fputs(usage, option == HELP ? stdout : stderr);
	*status = option == HELP ? EXIT_SUCCESS : DEVICE_WRONG_USAGE;
	return false;
}
