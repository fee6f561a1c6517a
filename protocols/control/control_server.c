#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "control_internal.h"
#include "gem_thread.h"

static bool command_exists(struct control_server *server, const char *name)
{
	struct control_command *command;

	gem_list_for_each(command, &server->commands, link) {
		if (strcmp(command->name, name) == 0)
			return true;
	}
	return false;
}

static int add(struct control_server *server, const char *name, const char *help,
	control_handler handler, void *data, bool waiting)
{
	struct control_command *command = calloc(1, sizeof(*command));
	int ret = 0;

	if (!command)
		return -ENOMEM;
	command->name = name;
	command->help = help;
	command->handler = handler;
	command->data = data;
	command->waiting = waiting;
	pthread_mutex_lock(&server->lock);
	if (command_exists(server, name))
		ret = -EEXIST;
	else
		gem_list_add_tail(&server->commands, &command->link);
	pthread_mutex_unlock(&server->lock);
	if (ret < 0)
		free(command);
	return ret;
}

int control_add(struct control_server *server, const char *command, const char *help,
	control_handler handler, void *data)
{
	return add(server, command, help, handler, data, false);
}

int control_add_waiting(struct control_server *server, const char *command, const char *help,
	control_handler handler, void *data)
{
	return add(server, command, help, handler, data, true);
}

bool control_ending(struct control_server *server)
{
	return atomic_load(&server->ending);
}

/* The command that lists the others. */
static int handle_help(void *data, int argc, char **argv, FILE *out)
{
	struct control_server *server = data;
	struct control_command *command;
	const char *comma = "";

	fputs("{\"ok\":true,\"commands\":[", out);
	pthread_mutex_lock(&server->lock);
	gem_list_for_each(command, &server->commands, link) {
		fprintf(out, "%s{\"command\":", comma);
		control_json_string(out, command->name);
		fputs(",\"help\":", out);
		control_json_string(out, command->help);
		fputc('}', out);
		comma = ",";
	}
	pthread_mutex_unlock(&server->lock);
	fputs("]}", out);
	return 0;
}

/* A client gets its thread, or a refusal. */
static void take_client(struct control_server *server, int fd)
{
	/* A client that does not read its replies is given up after this time. */
	const struct timeval send_limit = {.tv_sec = 2};
	static const char full[] = "{\"ok\":false,\"error\":\"too many clients\"}\n";

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send_limit, sizeof(send_limit));
	if (control_client_start(server, fd) == 0)
		return;
	if (send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		gem_debug("control", "refused client is gone");
	close(fd);
}

static void *accept_thread(void *data)
{
	struct control_server *server = data;

	while (!control_ending(server)) {
		struct pollfd fds[2] = {
			{.fd = server->listen_fd, .events = POLLIN},
			{.fd = server->wake_fd, .events = POLLIN},
		};
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (!(fds[0].revents & POLLIN))
			continue;
		int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			take_client(server, fd);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
			/* The connection stays in the queue: do not spin on it. */
			gem_warn("control", "accept: %s", strerror(errno));
			poll(&fds[1], 1, 100);
		}
	}
	return NULL;
}

/*
 * Bound beside and renamed when it listens: whoever waits for the path would
 * otherwise be refused between bind and listen.
 */
static int publish_socket(int fd, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s.new", path) >=
			(int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	unlink(address.sun_path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	/* Who may connect rules the platform: the owner only, whatever the umask. */
	if (chmod(address.sun_path, 0600) < 0 || listen(fd, 16) < 0 ||
			rename(address.sun_path, path) < 0) {
		int ret = -errno;
		unlink(address.sun_path);
		return ret;
	}
	return 0;
}

static void free_server(struct control_server *server)
{
	struct control_command *command, *next;

	gem_list_for_each_safe(command, next, &server->commands, link)
		free(command);
	pthread_cond_destroy(&server->client_gone);
	pthread_mutex_destroy(&server->handler_lock);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

int control_server_create(struct control_server **out)
{
	struct control_server *server = calloc(1, sizeof(*server));

	if (!server)
		return -ENOMEM;
	pthread_mutex_init(&server->lock, NULL);
	pthread_mutex_init(&server->handler_lock, NULL);
	pthread_cond_init(&server->client_gone, NULL);
	gem_list_init(&server->commands);
	gem_list_init(&server->clients);
	int ret = control_add_waiting(server, "help", "list of commands", handle_help, server);
	if (ret < 0)
		goto free_all;
	server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->wake_fd < 0) {
		ret = -errno;
		goto free_all;
	}
	*out = server;
	return 0;

free_all:
	free_server(server);
	return ret;
}

int control_server_start(struct control_server *server, const char *dir)
{
	int ret;

	if (snprintf(server->path, sizeof(server->path), "%s/" CONTROL_SOCKET_NAME, dir) >=
			(int)sizeof(server->path))
		return -ENAMETOOLONG;
	server->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->listen_fd < 0)
		return -errno;
	ret = publish_socket(server->listen_fd, server->path);
	if (ret < 0)
		goto close_listen;
	ret = gem_thread_start(&server->thread, NULL, accept_thread, server);
	if (ret < 0)
		goto remove_path;
	server->started = true;
	return 0;

remove_path:
	unlink(server->path);
close_listen:
	close(server->listen_fd);
	return ret;
}

static void stop(struct control_server *server)
{
	unlink(server->path);
	atomic_store(&server->ending, true);
	/* The counter is 0, so this cannot fail. */
	eventfd_write(server->wake_fd, 1);
	pthread_join(server->thread, NULL);
	control_clients_end(server);
	close(server->listen_fd);
}

void control_server_destroy(struct control_server *server)
{
	if (server->started)
		stop(server);
	close(server->wake_fd);
	free_server(server);
}
