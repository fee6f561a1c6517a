#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gem_thread.h"
#include "control_internal.h"

struct control_client {
	struct control_server *server;
	struct gem_list link; /* server.clients; server.lock */
	int fd;
	bool skipping;        /* in the rest of a line that was too long */
	size_t used;
	char buffer[CONTROL_LINE_MAX];
};

static bool send_all(struct control_client *client, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(client->fd, data, length, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		data += sent;
		length -= sent;
	}
	return true;
}

static struct control_command *find_command(struct control_server *server, const char *name)
{
	struct control_command *command, *found = NULL;

	pthread_mutex_lock(&server->lock);
	gem_list_for_each(command, &server->commands, link) {
		if (strcmp(command->name, name) == 0)
			found = command;
	}
	pthread_mutex_unlock(&server->lock);
	return found;
}

static int run_command(struct control_server *server, int argc, char **argv, FILE *out)
{
	struct control_command *command = find_command(server, argv[0]);

	if (!command)
		return control_refuse(out, "unknown command '%s' (try help)", argv[0]);
	if (command->waiting)
		return command->handler(command->data, argc, argv, out);
	pthread_mutex_lock(&server->handler_lock);
	int ret = command->handler(command->data, argc, argv, out);
	pthread_mutex_unlock(&server->handler_lock);
	return ret;
}

/* Returns false when the client is gone. */
static bool reply_error(struct control_client *client, const char *error)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return false;
	control_refuse(out, "%s", error);
	fputc('\n', out);
	bool sent = fclose(out) == 0 && send_all(client, text, length);
	free(text);
	return sent;
}

static bool run_words(struct control_client *client, int argc, char **argv)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return false;
	int ret = run_command(client->server, argc, argv, out);
	fputc('\n', out);
	if (fclose(out) != 0)
		ret = -ENOMEM;
	else if (ret >= 0 && length > CONTROL_REPLY_MAX)
		ret = -EMSGSIZE;
	bool sent = ret < 0 ? reply_error(client, strerror(-ret)) :
		send_all(client, text, length);
	free(text);
	return sent;
}

/* line is NUL-terminated; length tells of NULs inside it. */
static bool run_line(struct control_client *client, char *line, size_t length)
{
	char *words[CONTROL_WORDS_MAX];

	if (strlen(line) != length)
		return reply_error(client, "NUL in the line");
	int count = control_split(line, words, CONTROL_WORDS_MAX);
	if (count == -E2BIG)
		return reply_error(client, "too many words");
	if (count < 0)
		return reply_error(client, "bad quotes");
	return count == 0 || run_words(client, count, words);
}

/* Runs the whole lines of the buffer; keeps the begun one at its front. */
static bool run_buffer(struct control_client *client)
{
	char *line = client->buffer, *newline;
	size_t left = client->used;

	while ((newline = memchr(line, '\n', left)) && !control_ending(client->server)) {
		size_t length = newline - line;
		*newline = '\0';
		bool skipped = client->skipping;
		client->skipping = false;
		if (!skipped && !run_line(client, line, length))
			return false;
		line = newline + 1;
		left -= length + 1;
	}
	memmove(client->buffer, line, left);
	client->used = left;
	if (left < sizeof(client->buffer))
		return true;
	client->used = 0;
	if (client->skipping)
		return true;
	client->skipping = true;
	return reply_error(client, "line too long");
}

static void remove_client(struct control_client *client)
{
	struct control_server *server = client->server;

	pthread_mutex_lock(&server->lock);
	gem_list_del(&client->link);
	server->client_count--;
	close(client->fd);
	/* Under the lock: afterwards the server may be gone. */
	pthread_cond_signal(&server->client_gone);
	pthread_mutex_unlock(&server->lock);
	free(client);
}

static void *client_thread(void *data)
{
	struct control_client *client = data;

	while (!control_ending(client->server)) {
		ssize_t got = recv(client->fd, client->buffer + client->used,
			sizeof(client->buffer) - client->used, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		client->used += got;
		if (!run_buffer(client))
			break;
	}
	remove_client(client);
	return NULL;
}

static int start_thread(struct control_client *client)
{
	pthread_attr_t attr;
	pthread_t thread;

	int ret = pthread_attr_init(&attr);
	if (ret)
		return -ret;
	/* Nobody joins: control_clients_end waits for client_count instead. */
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	ret = gem_thread_start(&thread, &attr, client_thread, client);
	pthread_attr_destroy(&attr);
	return ret;
}

int control_client_start(struct control_server *server, int fd)
{
	struct control_client *client = calloc(1, sizeof(*client));
	int ret = -EBUSY;

	if (!client)
		return -ENOMEM;
	client->server = server;
	client->fd = fd;
	pthread_mutex_lock(&server->lock);
	if (server->client_count < CONTROL_CLIENTS_MAX)
		ret = start_thread(client);
	if (ret == 0) {
		/* The thread removes itself under the same lock, so not before this. */
		gem_list_add_tail(&server->clients, &client->link);
		server->client_count++;
	}
	pthread_mutex_unlock(&server->lock);
	if (ret < 0)
		free(client);
	return ret;
}

void control_clients_end(struct control_server *server)
{
	struct control_client *client;

	pthread_mutex_lock(&server->lock);
	/* Reading ends; a reply under way still goes out. */
	gem_list_for_each(client, &server->clients, link)
		shutdown(client->fd, SHUT_RD);
	while (server->client_count > 0)
		pthread_cond_wait(&server->client_gone, &server->lock);
	pthread_mutex_unlock(&server->lock);
}
