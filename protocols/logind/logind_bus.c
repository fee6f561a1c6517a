/* A dbus-daemon of our own: nobody else's programs are on it, nothing is activated. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "logind.h"

enum { START_MILLISECONDS = 15000 };

static int write_config(const struct logind_bus *bus)
{
	FILE *file = fopen(bus->config, "we");

	if (!file)
		return -errno;
	fprintf(file,
		"<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
		" \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
		"<busconfig>\n"
		"  <listen>unix:path=%s</listen>\n"
		"  <auth>EXTERNAL</auth>\n"
		"  <policy context=\"default\">\n"
		"    <allow send_destination=\"*\" eavesdrop=\"true\"/>\n"
		"    <allow receive_sender=\"*\"/>\n"
		"    <allow own=\"*\"/>\n"
		"  </policy>\n"
		"</busconfig>\n", bus->socket);
	return fclose(file) ? -errno : 0;
}

/* In the child. Signals are blocked in the parent; the daemon wants its own. */
static void run_daemon(const struct logind_bus *bus, int ready, pid_t parent)
{
	char config[sizeof(bus->config) + 32], print[64];
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	setpgid(0, 0); /* the terminal's ^C is for the program */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	unsetenv("LD_PRELOAD"); /* it has nothing to do with the device */
	fcntl(ready, F_SETFD, 0);
	snprintf(config, sizeof(config), "--config-file=%s", bus->config);
	snprintf(print, sizeof(print), "--print-address=%d", ready);
	execlp("dbus-daemon", "dbus-daemon", config, "--nofork", "--nopidfile", "--nosyslog", print,
		NULL);
	fprintf(stderr, "testcard-logind: dbus-daemon: %m\n");
	_exit(1);
}

int logind_bus_start(struct logind_bus *bus, const struct logind *logind)
{
	struct pollfd waiting = {.events = POLLIN};
	char address[256];
	int ready[2], ret;
	pid_t self = getpid();

	snprintf(bus->socket, sizeof(bus->socket), "%s/bus-%s", logind->run, logind->id);
	snprintf(bus->config, sizeof(bus->config), "%s/bus-%s.conf", logind->run, logind->id);
	snprintf(bus->address, sizeof(bus->address), "unix:path=%s", bus->socket);
	ret = write_config(bus);
	if (ret)
		return ret;
	if (pipe2(ready, O_CLOEXEC) < 0) {
		ret = -errno;
		goto remove_config;
	}
	bus->pid = fork();
	if (bus->pid == 0)
		run_daemon(bus, ready[1], self);
	ret = bus->pid < 0 ? -errno : 0;
	close(ready[1]);
	waiting.fd = ready[0];
	/* It says its address when it listens. */
	if (ret == 0 && (poll(&waiting, 1, START_MILLISECONDS) <= 0 ||
	    read(ready[0], address, sizeof(address)) <= 0))
		ret = -ECONNREFUSED;
	close(ready[0]);
	if (ret == 0)
		return 0;
	if (bus->pid > 0) {
		logind_bus_stop(bus);
		return ret;
	}
remove_config:
	unlink(bus->config);
	return ret;
}

void logind_bus_stop(struct logind_bus *bus)
{
	kill(bus->pid, SIGTERM);
	while (waitpid(bus->pid, NULL, 0) < 0 && errno == EINTR)
		;
	unlink(bus->socket);
	unlink(bus->config);
}
