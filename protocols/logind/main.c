/* testcard-logind: a bus, login1 on it, and a program that finds both. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "logind.h"
#include "wire.h"

enum { EXIT_OURS = 125, EXIT_NO_EXEC = 126, EXIT_NOT_FOUND = 127 }; /* as env(1)'s */

static const char usage[] =
	"usage: testcard-logind [--] PROGRAM [ARGS...]\n"
	"\n"
	"Runs PROGRAM in a session of its own, on a message bus of its own (the system's and\n"
	"the session's, DBUS_SYSTEM_BUS_ADDRESS and DBUS_SESSION_BUS_ADDRESS), where\n"
	"org.freedesktop.login1 hands out the devices of the virtual graphics card: for\n"
	"desktops that open none themselves. Use it as testcard exec --logind -- PROGRAM.\n"
	"The exit code is PROGRAM's.\n";

/* What a person or a supervisor sends us is meant for the program. */
static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT,
	SIGWINCH};

static int fail(const char *what, int error)
{
	fprintf(stderr, "testcard-logind: %s: %s\n", what, strerror(-error));
	return error;
}

static void run_program(char **argv, const struct logind *logind,
	const struct logind_bus *bus, const sigset_t *mask, pid_t parent)
{
	char vt[16];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_OURS);
	snprintf(vt, sizeof(vt), "%u", logind->number);
	/*
	 * What pam_systemd sets for a session. The user's own session bus, if there is one,
	 * has its own desktop on it: ours is not to be another.
	 */
	if (setenv("DBUS_SYSTEM_BUS_ADDRESS", bus->address, 1) ||
	    setenv("DBUS_SESSION_BUS_ADDRESS", bus->address, 1) ||
	    setenv("XDG_SESSION_ID", logind->id, 1) ||
	    setenv("XDG_SESSION_TYPE", logind->type, 1) ||
	    setenv("XDG_SEAT", LOGIND_SEAT_ID, 1) || setenv("XDG_VTNR", vt, 1))
		_exit(EXIT_OURS);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	fprintf(stderr, "testcard-logind: %s: %m\n", argv[0]);
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NO_EXEC);
}

/* What the loop's callbacks know. */
struct run {
	struct logind *logind;
	const struct logind_bus *bus;
	char **argv;
	const sigset_t *mask;
	pid_t program; /* 0: not yet */
};

static int program_ended(sd_event_source *source, const siginfo_t *info, void *data)
{
	int code = info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;

	return sd_event_exit(sd_event_source_get_event(source), code);
}

static int signal_came(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
	const struct run *run = data;

	if (!run->program && (info->ssi_signo == SIGTERM || info->ssi_signo == SIGINT))
		return sd_event_exit(run->logind->event, 128 + info->ssi_signo);
	/* The terminal's signals have reached the program already. */
	if (run->program && info->ssi_code != SI_KERNEL)
		kill(run->program, info->ssi_signo);
	return 0;
}

/*
 * After whatever happened. Desktops take it that they have the seat when they start: with
 * real logind somebody switches to their terminal first.
 */
static int start_when_active(sd_event_source *source, void *data)
{
	struct run *run = data;
	pid_t self = getpid();

	if (run->logind->gone)
		return sd_event_exit(run->logind->event, -EPIPE);
	if (!run->logind->active)
		return 0;
	sd_event_source_set_enabled(source, SD_EVENT_OFF); /* a program runs once */
	run->program = fork();
	if (run->program == 0)
		run_program(run->argv, run->logind, run->bus, run->mask, self);
	int ret = run->program < 0 ? -errno : sd_event_add_child(run->logind->event, NULL,
		run->program, WEXITED, program_ended, NULL);
	return ret < 0 ? sd_event_exit(run->logind->event, ret) : 0;
}

/* The program's exit code, or -errno. */
static int watch(struct run *run)
{
	sd_event *event = run->logind->event;
	sd_event_source *starter = NULL;
	int ret = 0;

	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]) && ret >= 0; i++)
		ret = sd_event_add_signal(event, NULL, forwarded[i], signal_came, run);
	if (ret >= 0)
		ret = sd_event_add_post(event, &starter, start_when_active, run);
	if (ret >= 0)
		ret = start_when_active(starter, run);
	if (ret >= 0 && !run->program)
		fputs("testcard-logind: another session has the seat; waiting for it\n", stderr);
	if (ret >= 0)
		ret = sd_event_loop(event);
	sd_event_source_unref(starter);
	return ret;
}

static int connect_bus(struct logind *logind, const struct logind_bus *bus)
{
	int ret = sd_bus_new(&logind->bus);

	if (ret >= 0)
		ret = sd_bus_set_address(logind->bus, bus->address);
	if (ret >= 0)
		ret = sd_bus_set_bus_client(logind->bus, true);
	if (ret >= 0)
		ret = sd_bus_start(logind->bus);
	if (ret >= 0)
		ret = logind_manager_add(logind);
	if (ret >= 0)
		ret = logind_session_add(logind);
	if (ret >= 0)
		ret = logind_seat_add(logind);
	if (ret >= 0)
		ret = sd_bus_request_name(logind->bus, LOGIND_NAME, 0);
	if (ret >= 0)
		ret = sd_bus_attach_event(logind->bus, logind->event, 0);
	return ret < 0 ? ret : 0;
}

static int serve(struct logind *logind, const struct logind_bus *bus, char **argv,
	const sigset_t *mask)
{
	struct run run = {logind, bus, argv, mask, 0};
	int ret = logind_device_open_seat(logind);

	if (ret)
		return fail("the seat", ret);
	ret = connect_bus(logind, bus);
	if (ret)
		return fail("login1", ret);
	ret = logind_files_write(logind);
	if (ret)
		return fail(logind->run, ret);
	ret = watch(&run);
	if (ret < 0)
		fail("the program", ret);
	logind_control_release(logind);
	return ret;
}

static int run(const char *dir, char **argv)
{
	struct logind logind = {0};
	const char *type = getenv("XDG_SESSION_TYPE");
	struct logind_bus bus;
	sigset_t handled, mask;

	sigemptyset(&handled);
	sigaddset(&handled, SIGCHLD);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		sigaddset(&handled, forwarded[i]);
	sigprocmask(SIG_BLOCK, &handled, &mask);
	snprintf(logind.type, sizeof(logind.type), "%s", type ? type : "wayland");
	snprintf(logind.run, sizeof(logind.run), "%s/" WIRE_TREE_NAME "/run/systemd", dir);
	int ret = logind_files_claim(&logind);
	if (ret) {
		fail(logind.run, ret);
		return EXIT_OURS;
	}
	ret = logind_bus_start(&bus, &logind);
	if (ret) {
		fail("the message bus", ret);
		goto remove_files;
	}
	ret = sd_event_new(&logind.event);
	if (ret >= 0)
		ret = serve(&logind, &bus, argv, &mask);
	logind_device_close_seat(&logind);
	sd_bus_flush_close_unref(logind.bus);
	sd_event_unref(logind.event);
	logind_bus_stop(&bus);
remove_files:
	logind_files_remove(&logind);
	return ret < 0 ? EXIT_OURS : ret;
}

int main(int argc, char **argv)
{
	const char *dir = getenv(WIRE_ENV_DIR);

	argv++;
	if (*argv && !strcmp(*argv, "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	if (*argv && !strcmp(*argv, "--"))
		argv++;
	if (!*argv) {
		fputs(usage, stderr);
		return EXIT_OURS;
	}
	if (!dir) {
		fputs("testcard-logind: no card: use testcard exec --logind\n", stderr);
		return EXIT_OURS;
	}
	return run(dir, argv);
}
