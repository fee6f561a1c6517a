/* The processes: the device, the program, and their ends. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testcard.h"
#include "wire.h"

enum {
	START_MILLISECONDS = 15000,
	STOP_SECONDS = 10,
};

struct device {
	pid_t pid; /* 0 = not ours, or gone */
	pid_t group;
	char dir[PATH_MAX];
	bool ended_early;
	bool existed; /* the folder was there before */
};

/* As they were when we came; the program gets them back. */
struct signals {
	sigset_t mask;
	struct sigaction child;
};

/* What a person or a supervisor sends us is meant for the program. */
static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGTSTP,
	SIGCONT, SIGWINCH, SIGALRM};

static int fail(const char *what)
{
	fprintf(stderr, "testcard: %s: %s\n", what, strerror(errno));
	return -1;
}

/* In a child: it ends when the launcher does, even by SIGKILL. */
static void die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(TESTCARD_EXIT_FAILED);
}

/* A card that runs on must not hold the pipes of whoever reads our output. */
static void let_go_of_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; null >= 0 && i <= STDERR_FILENO; i++)
		dup2(null, i);
}

/* In the child. A group of its own: the terminal's ^C is for the program. */
static void run_device(const struct testcard_exec *options, const char *path, int ready,
	pid_t parent, const sigset_t *mask)
{
	const char *argv[sizeof(options->device_args) / sizeof(options->device_args[0]) + 5];
	unsigned count = 0;
	char number[16];

	if (options->keep)
		let_go_of_streams();
	else
		die_with(parent);
	setpgid(0, 0);
	fcntl(ready, F_SETFD, 0);
	snprintf(number, sizeof(number), "%d", ready);
	argv[count++] = path;
	for (unsigned i = 0; i < options->device_arg_count; i++)
		argv[count++] = options->device_args[i];
	/* We end the program, then the card. Without us there is nobody to tell. */
	if (options->window && !options->keep)
		argv[count++] = "--close-parent";
	argv[count++] = "--ready-fd";
	argv[count++] = number;
	argv[count] = NULL;
	sigprocmask(SIG_SETMASK, mask, NULL);
	execv(path, (char **)argv);
	fail(path);
	_exit(TESTCARD_EXIT_FAILED);
}

/* The device's first line is its folder. */
static int read_ready(int fd, char *dir, size_t size)
{
	size_t len = 0;

	while (len + 1 < size) {
		struct pollfd waiting = {fd, POLLIN, 0};
		if (poll(&waiting, 1, START_MILLISECONDS) <= 0)
			return -1;
		ssize_t got = read(fd, dir + len, size - len - 1);
		if (got <= 0)
			return -1;
		len += got;
		if (dir[len - 1] == '\n') {
			dir[len - 1] = '\0';
			return 0;
		}
	}
	return -1;
}

static int wait_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return status;
}

static const char *option_value(const struct testcard_exec *options, const char *name)
{
	for (unsigned i = 0; i < options->device_arg_count; i++) {
		if (!strcmp(options->device_args[i], name))
			return options->device_args[i + 1];
	}
	return NULL;
}

static int start_device(const struct testcard_exec *options, struct device *device,
	const sigset_t *mask)
{
	const char *dir = option_value(options, "--dir");
	char path[PATH_MAX];
	pid_t self = getpid();
	int ready[2];

	device->existed = dir && access(dir, F_OK) == 0;
	if (!testcard_find_device(path))
		return -1;
	if (pipe2(ready, O_CLOEXEC) < 0)
		return fail("pipe");
	device->pid = fork();
	if (device->pid == 0)
		run_device(options, path, ready[1], self, mask);
	close(ready[1]);
	device->group = device->pid;
	if (device->pid < 0) {
		close(ready[0]);
		return fail("fork");
	}
	int ret = read_ready(ready[0], device->dir, sizeof(device->dir));
	close(ready[0]);
	if (ret) {
		fputs("testcard: the card did not start\n", stderr);
		kill(device->pid, SIGKILL);
		wait_status(device->pid);
		device->pid = 0;
	}
	return ret;
}

static int join_device(const char *dir, struct device *device)
{
	char socket[PATH_MAX + 32];

	device->pid = 0;
	if (!realpath(dir, device->dir))
		return fail(dir);
	snprintf(socket, sizeof(socket), "%s/%s", device->dir, WIRE_SOCKET_NAME);
	return access(socket, F_OK) < 0 ? fail(socket) : 0;
}

/* libseat finds the card's seat, unless the program's user has another in mind. */
static int set_seat(const char *dir)
{
	char socket[PATH_MAX + 32];

	snprintf(socket, sizeof(socket), "%s/%s", dir, TESTCARD_SEAT_SOCKET);
	if (getenv("LIBSEAT_BACKEND") || getenv("SEATD_SOCK") || access(socket, F_OK) < 0)
		return 0;
	return setenv("LIBSEAT_BACKEND", "seatd", 1) | setenv("SEATD_SOCK", socket, 1);
}

static int set_environment(const struct testcard_exec *options, const char *dir)
{
	char preload[PATH_MAX], *list;
	const char *old = getenv("LD_PRELOAD");

	if (!testcard_find_preload(preload))
		return -1;
	if (asprintf(&list, "%s%s%s", preload, old && *old ? ":" : "", old ? old : "") < 0)
		return -1;
	int ret = setenv("LD_PRELOAD", list, 1) | setenv(WIRE_ENV_DIR, dir, 1);
	free(list);
	/*
	 * llvmpipe tells nobody when its threads have drawn a buffer (it has no fences on dma-bufs):
	 * without threads, it has been drawn before anybody is told of it.
	 */
	ret |= setenv("LP_NUM_THREADS", "0", 0);
	/* Mesa looks for a driver of our name on a render node and finds none. */
	if (options->render_node)
		ret |= setenv("MESA_LOADER_DRIVER_OVERRIDE", "kms_swrast", 0);
	ret |= set_seat(dir);
	/* The host's: a compositor would open a window there and not look at the card. */
	if (options->window)
		ret |= unsetenv("WAYLAND_DISPLAY") | unsetenv("WAYLAND_SOCKET") |
			unsetenv("DISPLAY");
	return ret ? fail("environment") : 0;
}

/* The program, or testcard-logind with the program behind it. Returns errno. */
static int exec_program(char **program, const char *logind)
{
	unsigned count = 0;

	if (!logind) {
		execvp(program[0], program);
		return errno;
	}
	while (program[count])
		count++;
	char **argv = calloc(count + 3, sizeof(*argv));
	if (!argv)
		return ENOMEM;
	argv[0] = (char *)logind;
	argv[1] = "--";
	memcpy(argv + 2, program, count * sizeof(*argv));
	execv(logind, argv);
	int error = errno;
	free(argv);
	return error;
}

/* In the child; failure is reported through the pipe. */
static void run_program(const struct testcard_exec *options, const struct device *device,
	int report, pid_t parent, const struct signals *signals)
{
	char logind[PATH_MAX];
	int error;

	die_with(parent);
	sigaction(SIGCHLD, &signals->child, NULL);
	sigprocmask(SIG_SETMASK, &signals->mask, NULL);
	if (set_environment(options, device->dir) ||
	    (options->logind && !testcard_find_logind(logind)))
		_exit(TESTCARD_EXIT_FAILED);
	error = exec_program(options->program, options->logind ? logind : NULL);
	if (write(report, &error, sizeof(error)) < 0)
		_exit(TESTCARD_EXIT_FAILED);
	_exit(error == ENOENT ? TESTCARD_EXIT_NOT_FOUND : TESTCARD_EXIT_NO_EXEC);
}

static pid_t start_program(const struct testcard_exec *options, const struct device *device,
	const struct signals *signals)
{
	pid_t self = getpid();
	int report[2], error;

	if (pipe2(report, O_CLOEXEC) < 0)
		return fail("pipe");
	pid_t pid = fork();
	if (pid == 0)
		run_program(options, device, report[1], self, signals);
	close(report[1]);
	if (pid < 0) {
		fail("fork");
	} else if (read(report[0], &error, sizeof(error)) == sizeof(error)) {
		errno = error;
		fail(options->program[0]);
	}
	close(report[0]);
	return pid;
}

static int exit_code(int status)
{
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : TESTCARD_EXIT_FAILED;
}

/*
 * A shell that waits for us is to see that its job has stopped. Whoever continues us, by fg or
 * SIGCONT, continues the program: that is forwarded. It may be on its way already.
 */
static void stop_too(void)
{
	sigset_t pending;

	if (sigpending(&pending) < 0 || !sigismember(&pending, SIGCONT))
		raise(SIGSTOP);
}

/* True and the code once the program has ended; notes the device's end. */
static bool reap(struct device *device, pid_t program, int *code)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (WIFSTOPPED(status)) {
			if (pid == program)
				stop_too();
		} else if (pid == program) {
			*code = exit_code(status);
			ended = true;
		} else if (pid == device->pid) {
			device->pid = 0;
			device->ended_early = true;
			fprintf(stderr, "testcard: the card ended before the program (%s %d)\n",
				WIFSIGNALED(status) ? "signal" : "exit code",
				WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		}
	}
	return ended;
}

static int wait_program(struct device *device, pid_t program, const sigset_t *handled)
{
	int code = TESTCARD_EXIT_FAILED;
	siginfo_t info;

	while (!reap(device, program, &code)) {
		if (sigwaitinfo(handled, &info) < 0)
			continue;
		/* The terminal's signals have reached the program already. */
		if (info.si_signo != SIGCHLD && info.si_code != SI_KERNEL)
			kill(program, info.si_signo);
	}
	return code;
}

/* 0 when the device ended as it should and left nothing behind. */
static int stop_device(struct device *device)
{
	struct timespec limit = {STOP_SECONDS, 0};
	sigset_t child;
	int status;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	kill(device->pid, SIGTERM);
	for (;;) {
		pid_t pid = waitpid(device->pid, &status, WNOHANG);
		if (pid == device->pid)
			break;
		if (sigtimedwait(&child, NULL, &limit) < 0 && errno == EAGAIN) {
			fputs("testcard: the card does not end; killed\n", stderr);
			kill(device->pid, SIGKILL);
		}
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "testcard: the card ended badly (%s %d)\n",
			WIFSIGNALED(status) ? "signal" : "exit code",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		return -1;
	}
	if (!device->existed && access(device->dir, F_OK) == 0) {
		fprintf(stderr, "testcard: the card left %s behind\n", device->dir);
		return -1;
	}
	return 0;
}

int testcard_exec(const struct testcard_exec *options)
{
	const struct sigaction wait_for_children = {.sa_handler = SIG_DFL};
	struct device device = {0};
	struct signals signals;
	sigset_t handled;
	int code = TESTCARD_EXIT_FAILED;

	/* Who ignores SIGCHLD, and left us that, has no children to wait for. */
	sigaction(SIGCHLD, &wait_for_children, &signals.child);

	sigemptyset(&handled);
	sigaddset(&handled, SIGCHLD);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		sigaddset(&handled, forwarded[i]);
	sigprocmask(SIG_BLOCK, &handled, &signals.mask);

	if (options->join ? join_device(options->join, &device)
			  : start_device(options, &device, &signals.mask))
		return TESTCARD_EXIT_FAILED;
	testcard_check_program(options->program[0]);
	/* A card of our own ends with the program, and what the program started with it. */
	bool ends = device.pid && !options->keep;
	if (ends)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid_t program = start_program(options, &device, &signals);
	if (program > 0)
		code = wait_program(&device, program, &handled);
	if (options->keep && device.pid) {
		fprintf(stderr, "testcard: the card runs on in %s, process %d\n", device.dir,
			(int)device.pid);
		return code;
	}
	if (ends)
		testcard_end_orphans(device.pid, device.group);
	if (device.ended_early && !device.existed)
		testcard_remove_folder(device.dir);
	if (device.ended_early || (device.pid && stop_device(&device)))
		return code ? code : TESTCARD_EXIT_FAILED;
	return code;
}
