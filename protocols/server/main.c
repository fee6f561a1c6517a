/*
 * testcard-device: a platform without a compositor. Other processes use its
 * device nodes through the preload library.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kms_oops.h"
#include "platform_internal.h"
#include "profile.h"
#include "window.h"

/* How long a window shows why we die. */
#define OOPS_WINDOW_MS 5000

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

struct device_options {
	struct platform_options platform;
	const char *device;      /* of --device, NULL = the default one */
	struct profile *profile; /* platform.kms is its */
	struct platform_rights rights;
	bool window, png;        /* --display */
	pid_t close_parent;      /* 0 = ourselves */
	int ready_fd;
};

static bool parse_display(const char *word, struct device_options *options)
{
	options->window = strcmp(word, "window") == 0;
	options->png = strcmp(word, "png") == 0;
	return options->window || options->png || strcmp(word, "none") == 0;
}

/* 0 = go on, 1 = help was asked for, -1 = wrong usage, -2 = wrong, and said. */
static int parse(int argc, char **argv, struct device_options *options)
{
	enum { DEVICE = 256, DRIVER, CARDS, MEMORY, GPU_ENGINES, GPU_HANG, CLOCK, RENDER_NODE,
		RENDER_DUMB, INPUT, NO_INPUT, FRAMES, VIDEO, TRACE, FBDEV, NO_FBDEV, CONSOLE_FONT, WATCHDOG,
		NO_OOPS, READY_FD, MODE, DISPLAY, CLOSE_PARENT };
	static const struct option long_options[] = {
		{"dir", required_argument, NULL, 'd'},
		{"device", required_argument, NULL, DEVICE},
		{"driver", required_argument, NULL, DRIVER},
		{"cards", required_argument, NULL, CARDS},
		{"memory", required_argument, NULL, MEMORY},
		{"gpu-engines", required_argument, NULL, GPU_ENGINES},
		{"gpu-hang-ms", required_argument, NULL, GPU_HANG},
		{"clock", required_argument, NULL, CLOCK},
		{"render-node", no_argument, NULL, RENDER_NODE},
		{"render-dumb", no_argument, NULL, RENDER_DUMB},
		{"input", required_argument, NULL, INPUT},
		{"no-input", no_argument, NULL, NO_INPUT},
		{"display", required_argument, NULL, DISPLAY},
		{"close-parent", no_argument, NULL, CLOSE_PARENT},
		{"frames", required_argument, NULL, FRAMES},
		{"video", required_argument, NULL, VIDEO},
		{"trace", required_argument, NULL, TRACE},
		{"fbdev", no_argument, NULL, FBDEV},
		{"no-fbdev", no_argument, NULL, NO_FBDEV},
		{"console-font", required_argument, NULL, CONSOLE_FONT},
		{"watchdog", required_argument, NULL, WATCHDOG},
		{"no-oops", no_argument, NULL, NO_OOPS},
		{"mode", required_argument, NULL, MODE},
		{"ready-fd", required_argument, NULL, READY_FD},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const char *why;
	long number;

	*options = (struct device_options) {
		.platform = {.input = PLATFORM_INPUT_DEFAULT, .seat = true,
			.oops = {.on = true, .version = TESTCARD_VERSION}},
		.ready_fd = -1,
	};
	for (;;) {
		switch (getopt_long(argc, argv, "d:h", long_options, NULL)) {
		case -1:
			return optind == argc ? 0 : -1;
		case 'd':
			options->platform.dir = optarg;
			break;
		case DEVICE:
			options->device = optarg;
			break;
		case DRIVER:
			options->platform.driver_name = optarg;
			break;
		case CARDS:
			if (!platform_parse_int(optarg, 1, PLATFORM_CARDS_MAX, &number))
				return -1;
			options->platform.cards = number;
			break;
		case MEMORY:
			if (gem_memory_parse_options(optarg, &options->platform.memory) < 0)
				return -1;
			break;
		case GPU_ENGINES:
			if (!platform_parse_int(optarg, 1, GPU_RENDER_ENGINES_MAX, &number))
				return -1;
			options->platform.gpu.render_engines = number;
			break;
		case GPU_HANG:
			if (!platform_parse_int(optarg, 1, GPU_HANG_MS_MAX, &number))
				return -1;
			options->platform.gpu.hang_ms = number;
			break;
		case CLOCK:
			if (!platform_parse_clock(optarg, &options->platform.clock))
				return -1;
			break;
		case RENDER_NODE:
			options->platform.render_node = true;
			break;
		case RENDER_DUMB:
			options->platform.render_dumb = true;
			break;
		case NO_INPUT:
			options->platform.input = NULL;
			break;
		case INPUT:
			if (!platform_inputs_valid(optarg))
				return -1;
			options->platform.input = optarg;
			break;
		case MODE:
			if (!platform_parse_rights(optarg, &options->rights, &why)) {
				fprintf(stderr, "testcard-device: --mode %s: %s\n", optarg, why);
				return -2;
			}
			options->platform.rights = &options->rights;
			break;
		case DISPLAY:
			if (!parse_display(optarg, options))
				return -1;
			break;
		case CLOSE_PARENT:
			options->close_parent = getppid();
			break;
		case FRAMES:
			options->platform.frames_dir = optarg;
			break;
		case VIDEO:
			options->platform.video_path = optarg;
			break;
		case TRACE:
			options->platform.trace_path = optarg;
			break;
		case FBDEV:
			options->platform.fbdev = true;
			break;
		case NO_FBDEV:
			options->platform.fbdev = false;
			break;
		case CONSOLE_FONT:
			options->platform.console_font = optarg;
			break;
		case WATCHDOG:
			if (!platform_parse_int(optarg, 1, PLATFORM_WATCHDOG_MAX, &number))
				return -1;
			options->platform.oops.watchdog_ms = number * 1000;
			break;
		case NO_OOPS:
			options->platform.oops.on = false;
			break;
		case READY_FD:
			if (!platform_parse_int(optarg, 0, 65535, &number))
				return -1;
			options->ready_fd = number;
			break;
		case 'h':
			return 1;
		default:
			return -1;
		}
	}
}

/* Before anything is started: what is wrong is said, and that is all. */
static int load_device(struct device_options *options)
{
	char why[512];

	if (!options->device)
		return 0;
	int ret = profile_load(options->device, &options->profile, why, sizeof(why));
	if (ret < 0)
		fprintf(stderr, "testcard-device: %s\n", why);
	else
		options->platform.kms = profile_desc(options->profile);
	return ret;
}

/* The main thread waits for this signal; the reply goes out before the server ends. */
static int quit(void *data, int argc, char **argv, FILE *out)
{
	kill(getpid(), SIGTERM);
	fputs("{\"ok\":true}", out);
	return 0;
}

static int tell_ready(int fd, const char *dir)
{
	int ret = 0;

	if (fd < 0)
		return 0;
	if (dprintf(fd, "%s\n", dir) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* On a window's thread. A parent that is gone has nothing to end any more. */
static void handle_window_close(void *data)
{
	const struct device_options *options = data;
	bool parent = options->close_parent != 0 && getppid() == options->close_parent;

	kill(parent ? options->close_parent : getpid(), SIGTERM);
}

static int open_windows(struct device_options *options, struct platform *platform,
	struct window_screens **windows)
{
	const struct window_options window_options = {
		.on_close = handle_window_close,
		.data = options,
	};

	*windows = NULL;
	if (!options->window)
		return 0;
	int ret = window_screens_create(platform, &window_options, windows);
	if (ret == 0)
		kms_oops_set_hold(OOPS_WINDOW_MS);
	else
		fprintf(stderr, "testcard-device: no window on the host (%s)\n",
			getenv("WAYLAND_DISPLAY") ? getenv("WAYLAND_DISPLAY") : "WAYLAND_DISPLAY is unset");
	return ret;
}

static int run(struct device_options *options, const sigset_t *ends)
{
	struct platform *platform;
	struct window_screens *windows = NULL;
	int signal_number;

	int ret = platform_create(&options->platform, &platform);
	if (ret < 0)
		return ret;
	ret = control_add(platform->control, "quit", "ends the device", quit, NULL);
	if (ret == 0)
		ret = control_server_start(platform->control, platform->dir);
	if (ret == 0)
		ret = open_windows(options, platform, &windows);
	if (ret == 0)
		ret = tell_ready(options->ready_fd, platform->dir);
	if (ret == 0)
		sigwait(ends, &signal_number);
	if (windows)
		window_screens_destroy(windows);
	platform_destroy(platform);
	return ret;
}

int main(int argc, char **argv)
{
	struct device_options options;
	sigset_t ends;

	int parsed = parse(argc, argv, &options);
	if (parsed != 0) {
		if (parsed != -2)
			fputs(usage, parsed > 0 ? stdout : stderr);
		return parsed > 0 ? EXIT_SUCCESS : 2;
	}
	if (load_device(&options) < 0)
		return 2;
	if (options.png && !options.platform.frames_dir)
		options.platform.frames_dir = "frames";
	/* Blocked before there are threads, which inherit it. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	int ret = run(&options, &ends);
	if (options.profile)
		profile_destroy(options.profile);
	if (ret < 0)
		fprintf(stderr, "testcard-device: %s\n", strerror(-ret));
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
