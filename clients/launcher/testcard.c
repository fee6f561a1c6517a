/* testcard: runs programs on a virtual graphics card. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testcard.h"

static const char usage[] =
	"usage: testcard exec [OPTIONS] [--] PROGRAM [ARGS...]\n"
	"       testcard device [OPTIONS]\n"
	"       testcard --help\n"
	"\n"
	"testcard exec starts a virtual graphics card with a display, a keyboard, a\n"
	"pointer and a tablet, runs PROGRAM on it as if /dev/dri/card0 and /dev/input\n"
	"were there, and stops the card when PROGRAM has ended; before that, with SIGTERM and\n"
	"after 5 seconds SIGKILL, what PROGRAM has left running (not with --join and --keep).\n"
	"\n"
	"      --display WORD  none (default): nothing is shown, so that a run does the same at a\n"
	"                      desk and in CI; window: each screen that is on is a window on the\n"
	"                      Wayland host of WAYLAND_DISPLAY, with its keyboard and pointer,\n"
	"                      and closing it sends PROGRAM SIGTERM; png: as --frames, by default\n"
	"                      to \"frames\"\n"
	"      --frames DIR    write every frame that changed as DIR/crtc0-SEQUENCE.png\n"
	"                      (of card 1: DIR/card1-crtc0-SEQUENCE.png)\n"
	"      --video FILE    record what is shown as FILE, NAME.y4m or NAME.raw\n"
	"      --trace FILE    record what happens, for ui.perfetto.dev\n"
	"      --cards N       that many cards, /dev/dri/card0 and so on (at most 4)\n"
	"      --memory WORDS  as of `testcard device`: budget=64M,vram=32M,strict and more\n"
	"      --gpu-engines N, --gpu-hang-ms N\n"
	"                      of the card's GPU, as of `testcard device`\n"
	"      --clock WORD    real, virtual or fast, as of `testcard device`\n"
	"      --device NAME|FILE\n"
	"                      what the display can: minimal, desktop, soc or a file that\n"
	"                      describes it (see README)\n"
	"      --driver NAME   driver name that PROGRAM sees (default: testcard)\n"
	"      --render-node   also offer /dev/dri/renderD128, and tell Mesa to use its\n"
	"                      software driver on it (MESA_LOADER_DRIVER_OVERRIDE), which it\n"
	"                      lets make dumb buffers\n"
	"      --input KINDS, --no-input\n"
	"                      input devices, as of `testcard device`\n"
	"      --mode WORDS    who may open the nodes: udev, or card=0600 and the like, as of\n"
	"                      `testcard device`\n"
	"      --dir DIR       runtime folder of the card (default: a new private one)\n"
	"      --join DIR      run PROGRAM on the card that already runs in DIR\n"
	"      --logind        run PROGRAM in a session that looks like systemd-logind's, on a\n"
	"                      message bus of its own: for mutter and kwin_wayland\n"
	"      --keep          leave the card running when PROGRAM has ended; its folder\n"
	"                      and process are printed, its log goes nowhere\n"
	"  -h, --help          this text\n"
	"\n"
	"PROGRAM's environment is testcard's, and these variables:\n"
	"  LD_PRELOAD          our library, before what was there\n"
	"  TESTCARD_DIR        the runtime folder; testcardctl uses it, too\n"
	"  LIBSEAT_BACKEND, SEATD_SOCK\n"
	"                      the card's seat, unless one of them is set\n"
	"  LP_NUM_THREADS      0, if not set: Mesa's software renderer has drawn a frame before\n"
	"                      it is shown\n"
	"  MESA_LOADER_DRIVER_OVERRIDE\n"
	"                      kms_swrast, with --render-node\n"
	"  DBUS_SYSTEM_BUS_ADDRESS, DBUS_SESSION_BUS_ADDRESS, XDG_SESSION_ID,\n"
	"  XDG_SESSION_TYPE, XDG_SEAT, XDG_VTNR\n"
	"                      of the session, with --logind\n"
	"With --display window it has no WAYLAND_DISPLAY, WAYLAND_SOCKET and DISPLAY: those are\n"
	"the host's, on which compositors would open a window of their own. Otherwise they stay.\n"
	"\n"
	"Signals sent to testcard go to PROGRAM; when it stops (^Z), so does testcard. Statically\n"
	"linked and set-user-id programs ignore LD_PRELOAD and do not see the card.\n"
	"\n"
	"The exit code is PROGRAM's, 128 + N when signal N ended it, 127 when it was not\n"
	"found, 126 when it could not be run, 125 when testcard or the card failed.\n"
	"\n"
	"testcard device runs a card alone, for --join: see testcard device --help.\n"
	"TESTCARD_LOG=error|warn|info|debug chooses what the card logs to stderr.\n";

static int wrong_usage(void)
{
	fputs("Try `testcard --help`.\n", stderr);
	return TESTCARD_EXIT_FAILED;
}

static void add_device_arg(struct testcard_exec *options, const char *name, const char *value)
{
	const unsigned most = sizeof(options->device_args) / sizeof(options->device_args[0]) - 1;

	/* An option given twice: the last one counts, as everywhere. */
	for (unsigned i = 0; i < options->device_arg_count; i++) {
		if (strcmp(options->device_args[i], name))
			continue;
		if (value)
			options->device_args[i + 1] = value;
		return;
	}
	if (options->device_arg_count + 2 > most)
		return;
	options->device_args[options->device_arg_count++] = name;
	if (value)
		options->device_args[options->device_arg_count++] = value;
}

/* Those up to RENDER_NODE are passed on to the device. */
enum { OF_DEVICE = 256, DISPLAY, RENDER_NODE, JOIN, KEEP, LOGIND };

/* The name is behind the dashes that it goes to the device with. */
#define OF_DEVICE_OPTION(name, argument, value) {&"--" name[2], argument, NULL, value}

static const struct option exec_options[] = {
	OF_DEVICE_OPTION("display", required_argument, DISPLAY),
	OF_DEVICE_OPTION("frames", required_argument, OF_DEVICE),
	OF_DEVICE_OPTION("video", required_argument, OF_DEVICE),
	OF_DEVICE_OPTION("trace", required_argument, OF_DEVICE),
	OF_DEVICE_OPTION("cards", required_argument, OF_DEVICE),
	OF_DEVICE_OPTION("memory", required_argument, OF_DEVICE),
	OF_DEVICE_OPTION("gpu-engines", required_argument, OF_DEVICE),
	OF_DEVICE_OPTION("gpu-hang-ms", required_argument, OF_DEVICE),
	OF_DEVICE_OPTION("clock", required_argument, OF_DEVICE),
	OF_DEVICE_OPTION("device", required_argument, OF_DEVICE),
	OF_DEVICE_OPTION("driver", required_argument, OF_DEVICE),
	OF_DEVICE_OPTION("render-node", no_argument, RENDER_NODE),
	OF_DEVICE_OPTION("input", required_argument, OF_DEVICE),
	OF_DEVICE_OPTION("mode", required_argument, OF_DEVICE),
	OF_DEVICE_OPTION("no-input", no_argument, OF_DEVICE),
	OF_DEVICE_OPTION("dir", required_argument, OF_DEVICE),
	{"join", required_argument, NULL, JOIN},
	{"keep", no_argument, NULL, KEEP},
	{"logind", no_argument, NULL, LOGIND},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* 0 = go on, 1 = help was asked for, -1 = wrong usage. */
static int parse_exec(int argc, char **argv, struct testcard_exec *options)
{
	int option, index;

	/* "+": the program's options are its own. */
	while ((option = getopt_long(argc, argv, "+h", exec_options, &index)) != -1) {
		switch (option) {
		case DISPLAY:
			options->window = strcmp(optarg, "window") == 0;
			break;
		case RENDER_NODE:
			add_device_arg(options, "--render-dumb", NULL);
			options->render_node = true;
			break;
		case JOIN:
			options->join = optarg;
			break;
		case KEEP:
			options->keep = true;
			break;
		case LOGIND:
			options->logind = true;
			break;
		case OF_DEVICE:
			break;
		case 'h':
			return 1;
		default:
			return -1;
		}
		if (option <= RENDER_NODE)
			add_device_arg(options, exec_options[index].name - strlen("--"), optarg);
	}
	options->program = argv + optind;
	if (!*options->program) {
		fputs("testcard: no program\n", stderr);
		return -1;
	}
	if (options->join && (options->device_arg_count || options->keep)) {
		fputs("testcard: --join takes a card as it is, without other options\n", stderr);
		return -1;
	}
	return 0;
}

/* Who starts a device to look at it finds something to see: --fbdev comes first. */
static int run_device(int argc, char **argv)
{
	char path[PATH_MAX], **args = calloc(argc + 2, sizeof(*args));

	if (!args || !testcard_find_device(path))
		return TESTCARD_EXIT_FAILED;
	args[0] = path;
	args[1] = "--fbdev";
	memcpy(args + 2, argv + 1, argc * sizeof(*argv)); /* with the NULL */
	execv(path, args);
	fprintf(stderr, "testcard: %s: %s\n", path, strerror(errno));
	return TESTCARD_EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct testcard_exec options = {0};

	if (argc < 2)
		return wrong_usage();
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs(usage, stdout);
		return 0;
	}
	if (!strcmp(argv[1], "device"))
		return run_device(argc - 1, argv + 1);
	if (strcmp(argv[1], "exec")) {
		fprintf(stderr, "testcard: no command '%s'\n", argv[1]);
		return wrong_usage();
	}
	int parsed = parse_exec(argc - 1, argv + 1, &options);
	if (parsed > 0) {
		fputs(usage, stdout);
		return 0;
	}
	return parsed < 0 ? wrong_usage() : testcard_exec(&options);
}
