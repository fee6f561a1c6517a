/*
 * The programs of --run: started through the shell, each in a session of its
 * own, reaped when they end, and ended with us. Main thread.
 *
 * A client is its whole process group: it has ended when the last of it has.
 * Orphans come to us (child subreaper), so none is missed and none stays a
 * zombie.
 */
#ifndef COMPOSITOR_CLIENT_H
#define COMPOSITOR_CLIENT_H

#include <stdbool.h>

#include <wayland-server-core.h>

struct compositor_clients {
	struct wl_list list; /* those that run */
	struct wl_event_source *child_signal;
	char **environment; /* of the programs; the clients' */
	unsigned long files_limit; /* their RLIMIT_NOFILE; ours is larger */
	/* Of the one that ended last: the command's exit code, or 128 + signal. */
	int status;
	/* The last one has ended. */
	void (*on_last_end)(void *data);
	void *data;
};

/*
 * environment: NULL-terminated "NAME=value" that replace or (without '=') remove
 * what we inherited. SIGCHLD must be blocked in every thread. 0 or -errno.
 */
int compositor_clients_init(struct compositor_clients *clients, struct wl_event_loop *loop,
	const char *const *environment);
/* Kills what still runs. */
void compositor_clients_finish(struct compositor_clients *clients);

int compositor_client_start(struct compositor_clients *clients, const char *command);
bool compositor_clients_running(const struct compositor_clients *clients);
/* Sends a signal to every program and what it started in its session. */
void compositor_clients_signal(struct compositor_clients *clients, int signal_number);

#endif
