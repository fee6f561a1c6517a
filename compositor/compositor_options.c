#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compositor_options.h"
#include "compositor_server.h"
#include "gpu_device.h"
#include "platform.h"

static const char help[] =
	"Usage: testcard-compositor [OPTION]...\n"
	"A Wayland compositor on a graphics device that exists only in this process.\n"
	"\n"
	"Where its screen is:\n"
	"  --nested             a window on the host compositor; closing it ends us, and\n"
	"                       resizing it offers a new mode (default when\n"
	"                       WAYLAND_DISPLAY is set)\n"
	"  --headless           nowhere: look with --screenshot, --frames or testcardctl\n"
	"  --size WxH           preferred mode (default: 1024x768, or the device's)\n"
	"  --device NAME|FILE   what the display can: minimal, desktop, soc or a file that\n"
	"                       describes it (see README)\n"
	"  --renderer gpu|pixman who draws: batches on the simulated GPU (default), or\n"
	"                       wlroots' pixman renderer\n"
	"  --no-planes          composite everything, the cursor too, instead of giving what\n"
	"                       can be scanned out planes of its own\n"
	"  --inspect            with labels that say whose buffer is on which plane (Alt+I)\n"
	"  --adaptive-sync      outputs that can follow the frames in time, instead of\n"
	"                       refreshing at a steady rate\n"
	"  --gpu-engines N      render engines of the device's GPU (default: one a core, at\n"
	"                       most 4)\n"
	"  --gpu-hang-ms N      a batch that runs longer is a hang (default: 3000)\n"
	"  --clock WORD         time of the screen: real (default), virtual (stands still, once\n"
	"                       the screen is on, until testcardctl time steps it) or fast (a vblank that is waited for\n"
	"                       comes at once)\n"
	"\n"
	"Programs on it:\n"
	"  --run CMD            start CMD through the shell; may be given several times\n"
	"  --preload-clients    let them use the device too: LD_PRELOAD of our library\n"
	"                       (without it they get only WAYLAND_DISPLAY and TESTCARD_DIR)\n"
	"  --render-node        the device also has /dev/dri/renderD128\n"
	"\n"
	"When it ends (also: SIGINT, SIGTERM, `testcardctl quit`):\n"
	"  --exit-after SECONDS\n"
	"  --exit-with-client   when the last --run program ends, with its status\n"
	"\n"
	"What it leaves:\n"
	"  --screenshot FILE    PNG of the screen (what is scanned out) when the end begins\n"
	"  --frames DIR         PNG of every frame that differs from the one before\n"
	"  --video FILE         records the screen as FILE, NAME.y4m or NAME.raw (XRGB8888)\n"
	"  --trace FILE         records what happens (requests, frames, GPU jobs, flips) for\n"
	"                       ui.perfetto.dev, as JSON\n"
	"\n"
	"When it dies (SIGSEGV and its like) every screen shows why, in the window and as\n"
	"oops-crtcN.png in the folder of --frames:\n"
	"  --watchdog SECONDS   not to answer for so long is such a death (default: no watchdog)\n"
	"  --no-oops            nothing shows why\n"
	"\n"
	"Names and messages:\n"
	"  --dir DIR            runtime folder with the device's and the control socket\n"
	"                       (default: a new private one)\n"
	"  --socket NAME        Wayland socket (default: the first free wayland-N)\n"
	"  --log LEVEL          error, warn, info (default) or debug\n"
	"  --help, --version\n"
	"\n";

static const char environment_help[] =
	"\n"
	"Environment: XDG_RUNTIME_DIR (when unset, the runtime folder is used),\n"
	"WAYLAND_DISPLAY (the host), WLR_RENDERER (gpu or pixman), XCURSOR_THEME, XKB_DEFAULT_LAYOUT and its like,\n"
	"TESTCARD_LOG (level of the device's own messages, default warn).\n"
	"\n"
	"Control commands of its own, beside the device's (testcardctl help):\n"
	"windows, focus WHICH, close WHICH, place WHICH X Y, renderer, planes [on|off],\n"
	"inspect [on|off],\n"
	"adaptive-sync [on|off], quit. WHICH is an id from windows, an\n"
	"app_id or a title.\n";

enum option_id {
	OPTION_NESTED = 256, OPTION_WATCHDOG, OPTION_NO_OOPS, OPTION_HEADLESS, OPTION_SIZE, OPTION_DEVICE,
	OPTION_RENDERER, OPTION_NO_PLANES, OPTION_INSPECT, OPTION_ADAPTIVE_SYNC,
	OPTION_RUN, OPTION_PRELOAD,
	OPTION_RENDER_NODE, OPTION_GPU_ENGINES, OPTION_GPU_HANG, OPTION_CLOCK, OPTION_EXIT_AFTER,
	OPTION_EXIT_WITH_CLIENT, OPTION_SCREENSHOT,
	OPTION_FRAMES, OPTION_VIDEO, OPTION_TRACE, OPTION_DIR, OPTION_SOCKET, OPTION_LOG, OPTION_HELP,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{"nested", no_argument, NULL, OPTION_NESTED},
	{"headless", no_argument, NULL, OPTION_HEADLESS},
	{"size", required_argument, NULL, OPTION_SIZE},
	{"device", required_argument, NULL, OPTION_DEVICE},
	{"renderer", required_argument, NULL, OPTION_RENDERER},
	{"no-planes", no_argument, NULL, OPTION_NO_PLANES},
	{"inspect", no_argument, NULL, OPTION_INSPECT},
	{"adaptive-sync", no_argument, NULL, OPTION_ADAPTIVE_SYNC},
	{"run", required_argument, NULL, OPTION_RUN},
	{"preload-clients", no_argument, NULL, OPTION_PRELOAD},
	{"render-node", no_argument, NULL, OPTION_RENDER_NODE},
	{"gpu-engines", required_argument, NULL, OPTION_GPU_ENGINES},
	{"gpu-hang-ms", required_argument, NULL, OPTION_GPU_HANG},
	{"clock", required_argument, NULL, OPTION_CLOCK},
	{"exit-after", required_argument, NULL, OPTION_EXIT_AFTER},
	{"exit-with-client", no_argument, NULL, OPTION_EXIT_WITH_CLIENT},
	{"screenshot", required_argument, NULL, OPTION_SCREENSHOT},
	{"frames", required_argument, NULL, OPTION_FRAMES},
	{"video", required_argument, NULL, OPTION_VIDEO},
	{"trace", required_argument, NULL, OPTION_TRACE},
	{"watchdog", required_argument, NULL, OPTION_WATCHDOG},
	{"no-oops", no_argument, NULL, OPTION_NO_OOPS},
	{"dir", required_argument, NULL, OPTION_DIR},
	{"socket", required_argument, NULL, OPTION_SOCKET},
	{"log", required_argument, NULL, OPTION_LOG},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{0},
};

static bool parse_size(const char *text, uint32_t *width, uint32_t *height)
{
	char rest;

	return sscanf(text, "%5ux%5u%c", width, height, &rest) == 2 && *width > 0 && *height > 0;
}

static bool parse_count(const char *text, unsigned max, unsigned *count)
{
	char rest;

	return sscanf(text, "%9u%c", count, &rest) == 1 && *count > 0 && *count <= max;
}

static bool parse_seconds(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	return end != text && *end == '\0' && *seconds > 0 && *seconds < 1e6;
}

static bool parse_level(const char *text, enum gem_log_level *level)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*level = i;
			return true;
		}
	}
	return false;
}

/* Options with a value that can be wrong; false when it is. */
static bool take_value(struct compositor_options *options, int option, const char *value)
{
	switch (option) {
	case OPTION_SIZE:
		return parse_size(value, &options->width, &options->height);
	case OPTION_RENDERER:
		return compositor_render_parse(value, &options->renderer);
	case OPTION_GPU_ENGINES:
		return parse_count(value, GPU_RENDER_ENGINES_MAX, &options->gpu_engines);
	case OPTION_GPU_HANG:
		return parse_count(value, GPU_HANG_MS_MAX, &options->gpu_hang_ms);
	case OPTION_CLOCK:
		return platform_parse_clock(value, &options->clock);
	case OPTION_WATCHDOG:
		return parse_count(value, PLATFORM_WATCHDOG_MAX, &options->watchdog);
	case OPTION_EXIT_AFTER:
		return parse_seconds(value, &options->exit_after);
	case OPTION_LOG:
		options->log_level_given = true;
		return parse_level(value, &options->log_level);
	case OPTION_RUN:
		if (options->command_count == COMPOSITOR_COMMANDS_MAX)
			return false;
		options->commands[options->command_count++] = value;
		return true;
	}
	return false;
}

static bool take(struct compositor_options *options, int option, const char *value)
{
	switch (option) {
	case OPTION_NESTED:
	case OPTION_HEADLESS:
		options->nested = option == OPTION_NESTED;
		return true;
	case OPTION_ADAPTIVE_SYNC:
		options->adaptive_sync = true;
		return true;
	case OPTION_INSPECT:
		options->inspect = true;
		return true;
	case OPTION_NO_PLANES:
		options->no_planes = true;
		return true;
	case OPTION_PRELOAD:
		options->preload_clients = true;
		return true;
	case OPTION_RENDER_NODE:
		options->render_node = true;
		return true;
	case OPTION_EXIT_WITH_CLIENT:
		options->exit_with_client = true;
		return true;
	case OPTION_NO_OOPS:
		options->no_oops = true;
		return true;
	case OPTION_DEVICE:
		options->device = value;
		return true;
	case OPTION_SCREENSHOT:
		options->screenshot = value;
		return true;
	case OPTION_FRAMES:
		options->frames_dir = value;
		return true;
	case OPTION_VIDEO:
		options->video_path = value;
		return true;
	case OPTION_TRACE:
		options->trace_path = value;
		return true;
	case OPTION_DIR:
		options->dir = value;
		return true;
	case OPTION_SOCKET:
		options->socket = value;
		return true;
	default:
		return take_value(options, option, value);
	}
}

static int wrong(const char *what, const char *value)
{
	fprintf(stderr, "testcard-compositor: wrong %s '%s'; see --help\n", what, value);
	return 2;
}

int compositor_options_parse(struct compositor_options *options, int argc, char **argv)
{
	const char *host = getenv("WAYLAND_DISPLAY"), *renderer = getenv("WLR_RENDERER");
	int option, index;

	*options = (struct compositor_options){
		.nested = host && *host,
		.log_level = GEM_LOG_INFO,
	};
	/* It may be meant for another compositor, and name what only that one has. */
	if (renderer)
		compositor_render_parse(renderer, &options->renderer);
	while ((option = getopt_long(argc, argv, "", long_options, &index)) >= 0) {
		if (option == '?')
			return 2;
		if (option == OPTION_HELP) {
			printf("%s%s%s", help, compositor_keyboard_help, environment_help);
			return 0;
		}
		if (option == OPTION_VERSION) {
			printf("testcard-compositor %s\n", TESTCARD_VERSION);
			return 0;
		}
		if (!take(options, option, optarg))
			return wrong(long_options[index].name, optarg);
	}
	if (optind < argc)
		return wrong("argument", argv[optind]);
	if (options->exit_with_client && options->command_count == 0)
		return wrong("option without --run", "--exit-with-client");
	return -1;
}
