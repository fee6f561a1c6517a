#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compositor_client.h"
#include "compositor_log.h"

extern char **environ;

struct client {
	struct wl_list link; /* compositor_clients.list */
	pid_t pid;           /* of the command; also its process group and session */
	int status;          /* the command's, as wait() gives it; -1 = it runs */
	char *command;
};

static void client_free(struct client *client)
{
	wl_list_remove(&client->link);
	free(client->command);
	free(client);
}

static int exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Buries every dead child, our programs' orphans among them. */
static void reap(struct compositor_clients *clients)
{
	struct client *client;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		wl_list_for_each(client, &clients->list, link) {
			if (client->pid == pid)
				client->status = status;
		}
	}
}

static bool group_is_empty(const struct client *client)
{
	return client->status != -1 && kill(-client->pid, 0) < 0 && errno == ESRCH;
}

static int handle_child(int signal_number, void *data)
{
	struct compositor_clients *clients = data;
	struct client *client, *next;
	bool ended = false;

	reap(clients);
	wl_list_for_each_safe(client, next, &clients->list, link) {
		if (!group_is_empty(client))
			continue;
		if (WIFSIGNALED(client->status))
			compositor_info("client '%s' (%d) ended by signal %d", client->command,
				(int)client->pid, WTERMSIG(client->status));
		else
			compositor_info("client '%s' (%d) ended with %d", client->command,
				(int)client->pid, WEXITSTATUS(client->status));
		clients->status = exit_code(client->status);
		client_free(client);
		ended = true;
	}
	if (ended && wl_list_empty(&clients->list))
		clients->on_last_end(clients->data);
	return 0;
}

/* True when entry ("NAME=value" or "NAME") is about the same variable as inherited. */
static bool same_name(const char *inherited, const char *entry)
{
	size_t length = strcspn(entry, "=");

	return strncmp(inherited, entry, length) == 0 && inherited[length] == '=';
}

static char **make_environment(const char *const *changes)
{
	size_t inherited = 0, changed = 0, used = 0;

	while (environ[inherited])
		inherited++;
	while (changes[changed])
		changed++;
	char **result = calloc(inherited + changed + 1, sizeof(*result));
	if (!result)
		return NULL;
	for (size_t i = 0; i < inherited; i++) {
		bool replaced = false;
		for (size_t j = 0; j < changed && !replaced; j++)
			replaced = same_name(environ[i], changes[j]);
		if (!replaced)
			result[used++] = strdup(environ[i]);
	}
	for (size_t j = 0; j < changed; j++) {
		if (strchr(changes[j], '='))
			result[used++] = strdup(changes[j]);
	}
	return result;
}

int compositor_clients_init(struct compositor_clients *clients, struct wl_event_loop *loop,
	const char *const *environment)
{
	wl_list_init(&clients->list);
	clients->environment = make_environment(environment);
	if (!clients->environment)
		return -ENOMEM;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	clients->child_signal = wl_event_loop_add_signal(loop, SIGCHLD, handle_child, clients);
	return clients->child_signal ? 0 : -ENOMEM;
}

void compositor_clients_finish(struct compositor_clients *clients)
{
	struct client *client, *next;

	compositor_clients_signal(clients, SIGKILL);
	wl_list_for_each_safe(client, next, &clients->list, link) {
		while (waitpid(-client->pid, NULL, 0) > 0)
			;
		client_free(client);
	}
	wl_event_source_remove(clients->child_signal);
	for (size_t i = 0; clients->environment[i]; i++)
		free(clients->environment[i]);
	free(clients->environment);
}

/* Signals as a program expects them, whatever we block or ignore. */
static int spawn(char *const *argv, char *const *environment, pid_t *pid)
{
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t actions;
	sigset_t none, defaults;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes,
		POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	/* libliftoff keeps a duplicate of the device's file that would be inherited. */
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	int err = posix_spawn(pid, "/bin/sh", &actions, &attributes, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return -err;
}

int compositor_client_start(struct compositor_clients *clients, const char *command)
{
	struct client *client = calloc(1, sizeof(*client));
	char *text = strdup(command);
	char limit[24];
	/* $0 is the limit, $1 the command. */
	char *argv[] = {"sh", "-c", "ulimit -Sn \"$0\"; eval \"$1\"", limit, text, NULL};

	if (!client || !text) {
		free(client);
		free(text);
		return -ENOMEM;
	}
	client->command = text;
	snprintf(limit, sizeof(limit), "%lu", clients->files_limit);
	client->status = -1;
	int err = spawn(argv, clients->environment, &client->pid);
	if (err < 0) {
		compositor_error("client '%s' cannot be started: %s", command, strerror(-err));
		free(text);
		free(client);
		return err;
	}
	wl_list_insert(clients->list.prev, &client->link);
	compositor_info("client '%s' (%d) started", command, (int)client->pid);
	return 0;
}

bool compositor_clients_running(const struct compositor_clients *clients)
{
	return !wl_list_empty(&clients->list);
}

void compositor_clients_signal(struct compositor_clients *clients, int signal_number)
{
	struct client *client;

	wl_list_for_each(client, &clients->list, link)
		kill(-client->pid, signal_number);
}
