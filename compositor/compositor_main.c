/*
 * testcard-compositor: a platform and a Wayland compositor on it, in one
 * process. This file starts the parts in order and ends them in reverse.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <wlr/backend/libinput.h>
#include <wlr/backend/multi.h>
#include <wlr/backend/session.h>

#include "kms_mode.h"
#include "kms_oops.h"
#include "kms_sink.h"
#include "platform.h"
#include "profile.h"
#include "window.h"

#include "compositor_backend.h"
#include "compositor_call.h"
#include "compositor_client.h"
#include "compositor_control.h"
#include "compositor_door.h"
#include "compositor_log.h"
#include "compositor_options.h"
#include "compositor_preload.h"
#include "compositor_quirks.h"
#include "compositor_server.h"
#include "compositor_share.h"

/* How long clients have between SIGTERM and SIGKILL. */
#define CLIENT_GRACE_MS 2000
/* How long a window shows why we die. */
#define OOPS_WINDOW_MS 5000

struct program {
	struct compositor_options options;
	struct platform *platform;
	struct window_screens *windows;
	struct wl_display *display;
	struct wl_event_loop *loop;
	struct wl_event_source *signals[2], *timer, *pulse; /* pulse: of the watchdog, or NULL */
	struct wlr_session *session;
	struct wlr_backend *wlr_backend;
	struct compositor_backend *backend;
	struct compositor_server_options server_options;
	struct compositor_server *server;
	struct compositor_clients clients;
	struct compositor_calls calls;
	struct compositor_control control;
	bool ending;
	int status; /* of the process */
};

/* ---- the end ---- */

static void save_screenshot(struct program *program)
{
	const char *path = program->options.screenshot;
	uint32_t width, height;
	uint64_t sequence;
	uint8_t *pixels;

	int err = kms_screenshot(&program->platform->card->kms->crtcs[0], &pixels, &width, &height,
		&sequence);
	if (err == 0) {
		err = kms_png_write(path, pixels, width, height, width * 4);
		free(pixels);
	}
	if (err < 0) {
		compositor_error("screenshot %s: %s", path, strerror(-err));
		program->status = EXIT_FAILURE;
		return;
	}
	compositor_info("screenshot %s %ux%u", path, width, height);
}

/* Clients are asked to end; the loop ends with the last of them. */
static void begin_end(struct program *program)
{
	if (program->ending)
		return;
	program->ending = true;
	if (program->options.screenshot)
		save_screenshot(program);
	if (!compositor_clients_running(&program->clients)) {
		wl_display_terminate(program->display);
		return;
	}
	compositor_clients_signal(&program->clients, SIGTERM);
	wl_event_source_timer_update(program->timer, CLIENT_GRACE_MS);
}

static int handle_timer(void *data)
{
	struct program *program = data;

	if (program->ending) {
		compositor_warn("clients did not end when asked to: killed");
		wl_display_terminate(program->display);
		return 0;
	}
	compositor_info("--exit-after %g", program->options.exit_after);
	begin_end(program);
	return 0;
}

static int handle_signal(int signal_number, void *data)
{
	compositor_info("%s", signal_number == SIGINT ? "SIGINT" : "SIGTERM");
	begin_end(data);
	return 0;
}

static void handle_quit(void *data)
{
	begin_end(data);
}

static void handle_last_client(void *data)
{
	struct program *program = data;

	if (program->ending) {
		wl_display_terminate(program->display);
	} else if (program->options.exit_with_client) {
		program->status = program->clients.status;
		begin_end(program);
	}
}

static int end_by_window(void *data)
{
	struct program *program = data;

	compositor_info("the host closed our window");
	begin_end(program);
	return 0;
}

/* On the window's thread. */
static void handle_nested_close(void *data)
{
	struct program *program = data;

	compositor_call(&program->calls, end_by_window, program);
}

/* ---- the platform ---- */

/* The device's description, with --size's mode before the others of its first connector. */
struct description {
	struct profile *profile; /* of --device; NULL: none */
	struct kms_device_desc desc;
	struct kms_connector_desc connectors[KMS_MAX_CONNECTORS];
	struct drm_mode_modeinfo modes[KMS_MAX_MODES];
};

static int prefer_size(const struct compositor_options *options, struct description *description)
{
	struct kms_device_desc *desc = &description->desc;
	struct kms_connector_desc *connector = &description->connectors[0];
	struct drm_mode_modeinfo *modes = description->modes;
	unsigned count = 1;

	int err = options->width > desc->max_width || options->height > desc->max_height ?
		-ERANGE : kms_mode_standard(options->width, options->height, &modes[0]);
	if (err < 0 || desc->connector_count == 0) {
		compositor_error("--size %ux%u is no mode: %s", options->width, options->height,
			strerror(err < 0 ? -err : ENXIO));
		return err < 0 ? err : -ENXIO;
	}
	memcpy(description->connectors, desc->connectors,
		desc->connector_count * sizeof(description->connectors[0]));
	for (unsigned i = 0; i < connector->mode_count && count < KMS_MAX_MODES; i++) {
		if (!kms_mode_equal(&connector->modes[i], &modes[0]))
			modes[count++] = connector->modes[i];
	}
	connector->modes = modes;
	connector->mode_count = count;
	/* A given EDID does not know that mode: one is built. */
	connector->edid = NULL;
	desc->connectors = description->connectors;
	return 0;
}

/* description->profile is the caller's to destroy, in any case. */
static int describe_device(const struct compositor_options *options,
	struct description *description)
{
	const struct kms_device_desc *desc = kms_device_desc_default();
	char why[512];

	description->profile = NULL;
	if (options->device) {
		int err = profile_load(options->device, &description->profile, why, sizeof(why));
		if (err < 0) {
			compositor_error("%s", why);
			return err;
		}
		desc = profile_desc(description->profile);
	}
	description->desc = *desc;
	return options->width ? prefer_size(options, description) : 0;
}

static int create_platform(struct program *program, const struct kms_device_desc *desc)
{
	const struct compositor_options *options = &program->options;
	const struct platform_options platform_options = {
		.kms = desc,
		.gpu = {.render_engines = options->gpu_engines, .hang_ms = options->gpu_hang_ms},
		.render_node = options->render_node,
		.input = PLATFORM_INPUT_DEFAULT,
		.frames_dir = options->frames_dir,
		.video_path = options->video_path,
		.trace_path = options->trace_path,
		/* Our first commit waits for a vblank that nobody could step yet. */
		.clock = options->clock == KMS_TIME_FROZEN ? KMS_TIME_FAST : options->clock,
		.dir = options->dir,
		.oops = {
			.on = !options->no_oops, .version = TESTCARD_VERSION,
			.watchdog_ms = options->watchdog * 1000,
		},
	};

	int err = platform_create(&platform_options, &program->platform);
	if (err < 0) {
		compositor_error("no device in %s: %s", options->dir ? options->dir :
			"a folder of its own", strerror(-err));
		return err;
	}
	compositor_info("device in %s", program->platform->dir);
	compositor_door_open(program->platform);
	return 0;
}

static int start_platform(struct program *program)
{
	struct description description;
	int err = describe_device(&program->options, &description);

	if (err == 0)
		err = create_platform(program, &description.desc);
	if (description.profile)
		profile_destroy(description.profile);
	return err;
}

/* What libseat, libwayland and our own forked children look at. */
static void set_environment(struct program *program)
{
	setenv("TESTCARD_DIR", program->platform->dir, 1);
	/* The seat server that libseat forks, without a virtual terminal. */
	setenv("LIBSEAT_BACKEND", "builtin", 1);
	setenv("SEATD_VTBOUND", "0", 1);
	/* llvmpipe, ours or a client's: threads of its would draw in what is shown already. */
	setenv("LP_NUM_THREADS", "0", 0);
	if (!getenv("XDG_RUNTIME_DIR"))
		setenv("XDG_RUNTIME_DIR", program->platform->dir, 1);
}

/* ---- the compositor ---- */

/* The main loop turns. */
static int handle_pulse(void *data)
{
	struct program *program = data;

	kms_oops_beat(KMS_OOPS_MAIN);
	wl_event_source_timer_update(program->pulse,
		platform_pulse_ms(program->options.watchdog * 1000));
	return 0;
}

static int start_loop(struct program *program)
{
	static const int numbers[] = {SIGINT, SIGTERM};

	program->display = wl_display_create();
	if (!program->display)
		return -ENOMEM;
	struct wl_event_loop *loop = wl_display_get_event_loop(program->display);
	int err = compositor_calls_init(&program->calls, loop);
	if (err < 0) {
		wl_display_destroy(program->display);
		return err;
	}
	program->loop = loop;
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(numbers); i++)
		program->signals[i] = wl_event_loop_add_signal(program->loop, numbers[i],
			handle_signal, program);
	program->timer = wl_event_loop_add_timer(program->loop, handle_timer, program);
	if (program->options.watchdog && !program->options.no_oops)
		program->pulse = wl_event_loop_add_timer(program->loop, handle_pulse, program);
	return 0;
}

static void stop_loop(struct program *program)
{
	compositor_calls_close(&program->calls);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(program->signals); i++)
		wl_event_source_remove(program->signals[i]);
	wl_event_source_remove(program->timer);
	if (program->pulse)
		wl_event_source_remove(program->pulse);
	wl_display_destroy(program->display);
}

/*
 * libseat's builtin server is a fork of us that holds what we had open, our own end of
 * its socket among it: it would outlive our death for ever, and keep the runtime folder.
 */
static bool forking_seat;

static void end_seat_with_us(void)
{
	if (forking_seat)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static struct wlr_session *create_session(struct wl_display *display)
{
	pthread_atfork(NULL, NULL, end_seat_with_us);
	forking_seat = true;
	struct wlr_session *session = wlr_session_create(display);
	forking_seat = false;
	return session;
}

/* Session, our output backend, libinput: all of them behind one wlr_backend. */
static int start_backends(struct program *program)
{
	program->session = create_session(program->display);
	if (!program->session) {
		compositor_error("libseat gives no session");
		return -EACCES;
	}
	program->wlr_backend = wlr_multi_backend_create(program->display);
	struct wlr_backend *input = NULL;
	int err = program->wlr_backend ? compositor_backend_create(program->display,
		program->session, "/dev/dri/card0", &program->backend) : -ENOMEM;
	if (err == 0) {
		wlr_multi_backend_add(program->wlr_backend, &program->backend->base);
		if (compositor_quirks_init(program->platform->dir) < 0)
			compositor_warn("libinput will debounce our buttons");
		input = wlr_libinput_backend_create(program->display, program->session);
		if (input)
			wlr_multi_backend_add(program->wlr_backend, input);
		else
			err = -ENODEV;
	}
	if (err < 0) {
		compositor_error("no backend: %s", strerror(-err));
		compositor_quirks_finish(program->platform->dir);
		if (program->wlr_backend)
			wlr_backend_destroy(program->wlr_backend);
		wlr_session_destroy(program->session);
	}
	return err;
}

static int start_server(struct program *program)
{
	program->server_options = (struct compositor_server_options){
		.socket = program->options.socket,
		.renderer = program->options.renderer,
		.no_planes = program->options.no_planes,
		.inspect = program->options.inspect,
		.adaptive_sync = program->options.adaptive_sync,
		.on_quit = handle_quit,
		.data = program,
	};
	int err = compositor_server_create(program->display, program->wlr_backend,
		program->backend, &program->server_options, &program->server);
	if (err < 0) {
		compositor_error("no compositor: %s", strerror(-err));
		return err;
	}
	compositor_info("Wayland socket %s", program->server->socket);
	return 0;
}

static int start_nested(struct program *program)
{
	const struct window_options options = {
		.on_close = handle_nested_close,
		.data = program,
	};

	if (!program->options.nested)
		return 0;
	int err = window_screens_create(program->platform, &options, &program->windows);
	if (err < 0)
		compositor_error("no window on the host (%s): %s", getenv("WAYLAND_DISPLAY") ?
			getenv("WAYLAND_DISPLAY") : "WAYLAND_DISPLAY is unset", strerror(-err));
	else
		kms_oops_set_hold(OOPS_WINDOW_MS);
	return err;
}

static int start_control(struct program *program)
{
	struct control_server *control = program->platform->control;

	program->control = (struct compositor_control){program->server, &program->calls};
	int err = compositor_control_add(&program->control, program->platform);
	if (err == 0)
		err = compositor_share_control_add(&program->control, control);
	if (err == 0)
		err = control_server_start(control, program->platform->dir);
	if (err < 0)
		compositor_error("no control socket: %s", strerror(-err));
	else if (program->options.clock == KMS_TIME_FROZEN)
		kms_time_set(program->platform->card->kms, KMS_TIME_FROZEN);
	return err;
}

static int start_clients(struct program *program)
{
	const struct compositor_options *options = &program->options;
	char display[128], preload[4096 + 16] = "LD_PRELOAD";
	const char *const environment[] = {
		display, preload, "LIBSEAT_BACKEND", "SEATD_VTBOUND", NULL,
	};

	snprintf(display, sizeof(display), "WAYLAND_DISPLAY=%s", program->server->socket);
	if (options->preload_clients &&
	    compositor_preload_find(preload, sizeof(preload)) < 0) {
		compositor_error("--preload-clients: the library is not where it should be");
		return -ENOENT;
	}
	program->clients.files_limit = program->platform->files_limit;
	program->clients.on_last_end = handle_last_client;
	program->clients.data = program;
	int err = compositor_clients_init(&program->clients, program->loop, environment);
	if (err < 0)
		return err;
	for (unsigned i = 0; i < options->command_count && err == 0; i++)
		err = compositor_client_start(&program->clients, options->commands[i]);
	if (err < 0)
		compositor_clients_finish(&program->clients);
	return err;
}

static int run_clients(struct program *program)
{
	int err = start_clients(program);

	if (err < 0)
		return err;
	if (program->pulse)
		handle_pulse(program);
	if (program->options.exit_after > 0)
		wl_event_source_timer_update(program->timer, program->options.exit_after * 1000);
	wl_display_run(program->display);
	/* The last commits are blocking ones. */
	kms_time_set(program->platform->card->kms, KMS_TIME_REAL);
	kms_oops_beat_end(KMS_OOPS_MAIN);
	compositor_clients_finish(&program->clients);
	return 0;
}

/* Everything that needs the session's backends. They are gone on return. */
static int run_server(struct program *program)
{
	int err = start_nested(program);
	if (err < 0) {
		compositor_quirks_finish(program->platform->dir);
		wlr_backend_destroy(program->wlr_backend);
		return err;
	}
	err = start_server(program); /* takes the backends and starts them */
	compositor_quirks_finish(program->platform->dir);
	if (err < 0) {
		compositor_calls_close(&program->calls);
		goto destroy_windows;
	}
	err = start_control(program);
	if (err == 0)
		err = run_clients(program);
	compositor_calls_close(&program->calls);
	compositor_server_destroy(program->server);
destroy_windows:
	if (program->windows)
		window_screens_destroy(program->windows);
	return err;
}

static int run(struct program *program)
{
	int err = start_platform(program);
	if (err < 0)
		return err;
	set_environment(program);
	err = start_loop(program);
	if (err < 0)
		goto destroy_platform;
	err = start_backends(program);
	if (err == 0) {
		err = run_server(program);
		wlr_session_destroy(program->session);
	}
	stop_loop(program);
destroy_platform:
	compositor_door_close();
	platform_destroy(program->platform);
	if (program->loop)
		compositor_calls_finish(&program->calls);
	return err;
}

/* Before there are threads, which inherit it: these signals are the loop's. */
static void block_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int main(int argc, char **argv)
{
	struct program program = {0};
	int status = compositor_options_parse(&program.options, argc, argv);

	if (status >= 0)
		return status;
	compositor_log_init(program.options.log_level);
	if (program.options.log_level_given)
		gem_log_set_level(program.options.log_level);
	block_signals();
	if (run(&program) < 0)
		return EXIT_FAILURE;
	compositor_info("end");
	return program.status;
}
