/*
 * testcard-device: a platform without a compositor. Other processes use its
 * device nodes through the preload library.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device_options.h"
#include "kms_oops.h"
#include "platform.h"
#include "profile.h"
#include "window.h"

/* How long a window shows why we die. */
#define OOPS_WINDOW_MS 5000

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
	int status;

	if (!device_options_parse(argc, argv, &options, &status))
		return status;
	if (load_device(&options) < 0)
		return DEVICE_WRONG_USAGE;
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
