#include "seat_server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "gem_thread.h"
#include "seat_client.h"
#include "vfs_share.h"

enum {
	BACKLOG = 32,
	GREET_SECONDS = 10,     /* a connection that opens no seat is dropped */
	REFUSED_SECONDS = 2,    /* the same of one that is to be told why it can not */
	REFUSED_MAX = 16,       /* of those at once; more are told nothing */
	RETRY_MILLISECONDS = 50, /* out of descriptors: not a busy loop */
};

/* In the poll's list, before the clients. */
enum { LISTENERS = 2 };
enum { POLL_STOP, POLL_WAKE, POLL_LISTENERS, POLL_CLIENTS = POLL_LISTENERS + LISTENERS };

struct seat_listener {
	struct sockaddr_un address;
	int fd;
	bool waits; /* who connects there waits for answers (seat_client.h) */
};

struct seat_server {
	struct seat *seat;
	struct seat_listener listeners[LISTENERS];
	int stop; /* eventfd, readable when the thread is to end */
	pthread_t thread;
	/* The thread's. */
	struct gem_list clients;
	unsigned refused_count; /* of clients */
	pid_t refused; /* who was refused last, and it was said */
	bool starved; /* accept failed: not polled for a moment */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void drop(struct seat_server *server, struct seat_client *client)
{
	gem_list_del(&client->link);
	server->refused_count -= client->refused != 0;
	seat_client_destroy(client);
}

static int check_share(struct seat_server *server, const struct ucred *peer)
{
	static const struct vfs_share share = {SEAT_CLIENTS_MAX, SEAT_CLIENTS_OF_PROCESS,
		SEAT_CLIENTS_SCARCE};
	struct vfs_share_taken taken = {0};
	struct seat_client *client;

	gem_list_for_each(client, &server->clients, link)
		if (!client->refused)
			vfs_share_count(&taken, peer, &client->peer);
	return vfs_share_check(&share, &taken);
}

/* Who tries on and on is told of once. */
static void say_refused(struct seat_server *server, pid_t pid, int ret)
{
	if (server->refused != pid)
		gem_warn("seat", "refused process %d a connection: %s", (int)pid, strerror(-ret));
	server->refused = pid;
}

/* fd becomes the new client's. */
static int add_client(struct seat_server *server, int fd, const struct ucred *peer, bool waits)
{
	int refused = check_share(server, peer);
	struct seat_client *client;

	if (refused)
		say_refused(server, peer->pid, refused);
	else
		server->refused = -1;
	if (refused && server->refused_count == REFUSED_MAX)
		return refused;
	int ret = seat_client_create(server->seat, fd, peer, &client);
	if (ret)
		return ret;
	client->waits = waits;
	client->refused = -refused;
	client->greet_ns = now_ns() + (refused ? REFUSED_SECONDS : GREET_SECONDS) * 1000000000ull;
	gem_list_add_tail(&server->clients, &client->link);
	server->refused_count += refused != 0;
	return 0;
}

static void accept_client(struct seat_server *server, const struct seat_listener *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (fd < 0) {
		server->starved = errno != ECONNABORTED && errno != EINTR && errno != EAGAIN;
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
	    add_client(server, fd, &peer, listener->waits))
		close(fd);
}

/* Fills polls; the number of them. */
static unsigned list_polls(struct seat_server *server, struct pollfd *polls)
{
	struct seat_client *client;
	unsigned count = POLL_CLIENTS;

	polls[POLL_STOP] = (struct pollfd){server->stop, POLLIN};
	polls[POLL_WAKE] = (struct pollfd){seat_wake_fd(server->seat), POLLIN};
	for (unsigned i = 0; i < LISTENERS; i++)
		polls[POLL_LISTENERS + i] = (struct pollfd){
			server->starved ? -1 : server->listeners[i].fd, POLLIN};
	gem_list_for_each(client, &server->clients, link)
		polls[count++] = (struct pollfd){client->fd, POLLIN};
	return count;
}

static void shorten(int *timeout, int milliseconds)
{
	if (*timeout < 0 || milliseconds < *timeout)
		*timeout = milliseconds;
}

static int choose_timeout(struct seat_server *server)
{
	int timeout = seat_timeout(server->seat);
	struct seat_client *client;
	uint64_t now = now_ns();

	if (server->starved)
		shorten(&timeout, RETRY_MILLISECONDS);
	gem_list_for_each(client, &server->clients, link) {
		if (!client->opened)
			shorten(&timeout, client->greet_ns <= now ? 0 :
				(client->greet_ns - now) / 1000000 + 1);
	}
	return timeout;
}

/* polls: as list_polls made it, with nothing added to the list since. */
static void serve_clients(struct seat_server *server, const struct pollfd *polls)
{
	struct seat_client *client, *tmp;
	uint64_t now = now_ns();
	unsigned i = POLL_CLIENTS;

	gem_list_for_each_safe(client, tmp, &server->clients, link) {
		int ret = polls[i++].revents ? seat_client_serve(client) : 0;

		if (ret == 0 && atomic_load(&client->broken))
			ret = -EPIPE;
		if (ret == 0 && !client->opened && client->greet_ns <= now)
			ret = -ETIMEDOUT;
		if (ret == 0)
			continue;
		if (ret != -EPIPE && ret != -ECONNRESET)
			gem_info("seat", "connection of process %d ended: %s", (int)client->peer.pid,
				strerror(-ret));
		drop(server, client);
	}
}

static void *server_main(void *data)
{
	struct pollfd polls[POLL_CLIENTS + SEAT_CLIENTS_MAX + REFUSED_MAX];
	struct seat_server *server = data;

	for (;;) {
		unsigned count = list_polls(server, polls);

		if (poll(polls, count, choose_timeout(server)) < 0)
			continue;
		if (polls[POLL_STOP].revents)
			break;
		server->starved = false;
		serve_clients(server, polls);
		seat_expire(server->seat);
		for (unsigned i = 0; i < LISTENERS; i++)
			if (polls[POLL_LISTENERS + i].revents)
				accept_client(server, &server->listeners[i]);
	}
	while (!gem_list_empty(&server->clients))
		drop(server, gem_list_entry(server->clients.next, struct seat_client, link));
	/* What was abandoned meanwhile. */
	seat_expire(server->seat);
	return NULL;
}

static int listen_at(struct seat_listener *listener, const char *dir, const char *name)
{
	const struct sockaddr *address = (const struct sockaddr *)&listener->address;

	listener->address.sun_family = AF_UNIX;
	if (snprintf(listener->address.sun_path, sizeof(listener->address.sun_path), "%s/%s", dir,
		name) >= (int)sizeof(listener->address.sun_path))
		return -ENAMETOOLONG;
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return -errno;
	unlink(listener->address.sun_path);
	if (bind(listener->fd, address, sizeof(listener->address)) == 0 &&
	    chmod(listener->address.sun_path, 0660) == 0 && listen(listener->fd, BACKLOG) == 0)
		return 0;
	int ret = -errno;
	unlink(listener->address.sun_path);
	close(listener->fd);
	return ret;
}

static void stop_listening(struct seat_listener *listener)
{
	unlink(listener->address.sun_path);
	close(listener->fd);
}

int seat_server_create(struct seat *seat, const char *dir, struct seat_server **out)
{
	struct seat_server *server = calloc(1, sizeof(*server));
	int ret;

	if (!server)
		return -ENOMEM;
	server->seat = seat;
	server->refused = -1;
	gem_list_init(&server->clients);
	server->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->stop < 0) {
		ret = -errno;
		goto free_server;
	}
	ret = listen_at(&server->listeners[0], dir, SEAT_SOCKET_NAME);
	if (ret)
		goto close_stop;
	ret = listen_at(&server->listeners[1], dir, SEAT_ACK_SOCKET_NAME);
	if (ret)
		goto close_listener;
	server->listeners[1].waits = true;
	ret = gem_thread_start(&server->thread, NULL, server_main, server);
	if (ret)
		goto close_ack_listener;
	*out = server;
	return 0;

close_ack_listener:
	stop_listening(&server->listeners[1]);
close_listener:
	stop_listening(&server->listeners[0]);
close_stop:
	close(server->stop);
free_server:
	free(server);
	return ret;
}

void seat_server_destroy(struct seat_server *server)
{
	for (unsigned i = 0; i < LISTENERS; i++)
		unlink(server->listeners[i].address.sun_path);
	eventfd_write(server->stop, 1);
	pthread_join(server->thread, NULL);
	for (unsigned i = 0; i < LISTENERS; i++)
		close(server->listeners[i].fd);
	close(server->stop);
	free(server);
}
