#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gem_thread.h"
#include "wire_channel.h"
#include "wire_server.h"

enum {
	BACKLOG = 128,
	STACK_SIZE = 1 << 20,
	RETRY_MILLISECONDS = 50, /* out of descriptors or memory: not a busy loop */
};

struct wire_server {
	struct vfs *vfs;
	int (*subscribe)(void *data, int *fd);
	void *subscribe_data;
	struct sockaddr_un address;
	int listener;
	atomic_int patience; /* ms */
	int stop; /* eventfd, readable from the start of destroy on */
	pthread_t acceptor, reaper;

	pthread_mutex_t lock;
	pthread_cond_t empty;     /* channel_count reached 0 */
	struct gem_list channels; /* lock */
	unsigned channel_count;   /* lock */
	bool stopping;            /* lock */
	struct vfs_share share;   /* lock */
	pid_t refused;            /* the acceptor's: who was refused last, and it was said */
};

struct vfs *wire_server_vfs(struct wire_server *server)
{
	return server->vfs;
}

int wire_server_patience(struct wire_server *server)
{
	return atomic_load_explicit(&server->patience, memory_order_relaxed);
}

void wire_server_set_patience(struct wire_server *server, int milliseconds)
{
	atomic_store_explicit(&server->patience, milliseconds, memory_order_relaxed);
}

void wire_server_set_share(struct wire_server *server, const struct vfs_share *share)
{
	pthread_mutex_lock(&server->lock);
	server->share = *share;
	pthread_mutex_unlock(&server->lock);
}

int wire_server_subscribe(struct wire_server *server, int *fd)
{
	return server->subscribe ? server->subscribe(server->subscribe_data, fd) : -ENODEV;
}

static int start_thread(pthread_t *thread, void *(*run)(void *), void *data, bool detached)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	if (detached)
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	int ret = gem_thread_start(thread, &attr, run, data);
	pthread_attr_destroy(&attr);
	return ret;
}

static void *channel_main(void *data)
{
	struct wire_channel *channel = data;
	struct wire_server *server = channel->server;

	wire_channel_run(channel);
	pthread_mutex_lock(&server->lock);
	gem_list_del(&channel->link);
	/* Under the lock: destroy shuts listed sockets down. */
	close(channel->socket);
	free(channel->groups);
	free(channel);
	if (--server->channel_count == 0)
		pthread_cond_signal(&server->empty);
	pthread_mutex_unlock(&server->lock);
	return NULL;
}

static int get_groups(struct wire_channel *channel)
{
	socklen_t size = 0;

	/* The kernel tells how much room it wants. */
	if (getsockopt(channel->socket, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0)
		return 0;
	if (errno != ERANGE)
		return -errno;
	channel->groups = malloc(size);
	if (!channel->groups)
		return -ENOMEM;
	if (getsockopt(channel->socket, SOL_SOCKET, SO_PEERGROUPS, channel->groups, &size) < 0)
		return -errno;
	channel->group_count = size / sizeof(gid_t);
	return 0;
}

static int check_share_locked(struct wire_server *server, const struct ucred *peer)
{
	struct vfs_share_taken taken = {0};
	struct wire_channel *channel;

	gem_list_for_each(channel, &server->channels, link)
		vfs_share_count(&taken, peer, &channel->credentials);
	return vfs_share_check(&server->share, &taken);
}

/*
 * The answer to a hello that is not waited for. What the client may say meanwhile is
 * lost, and it looks for this all the same (wire.h).
 */
static void refuse(struct wire_server *server, int socket, const struct ucred *peer, int error)
{
	struct wire_header reply = {.magic = WIRE_MAGIC, .op = WIRE_HELLO, .size = sizeof(reply),
		.result = error};

	/* Who tries on and on is told of once. */
	if (server->refused != peer->pid)
		gem_warn("wire", "refused process %d a channel: %s", (int)peer->pid,
			strerror(-error));
	server->refused = peer->pid;
	send(socket, &reply, sizeof(reply), MSG_DONTWAIT | MSG_NOSIGNAL);
	close(socket);
}

/* socket becomes the channel's. */
static int add_channel(struct wire_server *server, int socket, const struct ucred *peer)
{
	struct wire_channel *channel = calloc(1, sizeof(*channel));
	pthread_t thread;
	int ret;

	if (!channel)
		return -ENOMEM;
	channel->server = server;
	channel->socket = socket;
	channel->credentials = *peer;
	ret = get_groups(channel);
	if (ret)
		goto free_channel;
	pthread_mutex_lock(&server->lock);
	ret = server->stopping ? -ENODEV : check_share_locked(server, peer);
	/* EAGAIN of a thread that can not be is memory's, too. */
	if (!ret && start_thread(&thread, channel_main, channel, true))
		ret = -ENOMEM;
	if (!ret) {
		gem_list_add_tail(&server->channels, &channel->link);
		server->channel_count++;
	}
	pthread_mutex_unlock(&server->lock);
	if (!ret)
		return 0;
free_channel:
	free(channel->groups);
	free(channel);
	return ret;
}

static void accept_channel(struct wire_server *server, int socket)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
		close(socket);
		return;
	}
	int ret = add_channel(server, socket, &peer);
	if (ret)
		refuse(server, socket, &peer, ret);
	else
		server->refused = -1;
}

static void *acceptor_main(void *data)
{
	struct wire_server *server = data;
	struct pollfd polls[2] = {{server->listener, POLLIN}, {server->stop, POLLIN}};

	for (;;) {
		poll(polls, 2, -1);
		if (polls[1].revents)
			return NULL;
		int socket = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
		if (socket < 0) {
			if (errno != ECONNABORTED && errno != EINTR && errno != EAGAIN)
				poll(&polls[1], 1, RETRY_MILLISECONDS);
			continue;
		}
		accept_channel(server, socket);
	}
}

static void *reaper_main(void *data)
{
	struct wire_server *server = data;
	struct pollfd polls[2] = {{vfs_reap_fd(server->vfs), POLLIN}, {server->stop, POLLIN}};

	for (;;) {
		poll(polls, 2, -1);
		if (polls[1].revents)
			return NULL;
		vfs_reap(server->vfs);
	}
}

/* A socket file of a server that died is replaced; a living server's is not. */
static int bind_socket(struct wire_server *server)
{
	const struct sockaddr *address = (const struct sockaddr *)&server->address;

	if (bind(server->listener, address, sizeof(server->address)) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	int probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return -errno;
	bool dead = connect(probe, address, sizeof(server->address)) < 0 && errno == ECONNREFUSED;
	close(probe);
	if (!dead)
		return -EADDRINUSE;
	unlink(server->address.sun_path);
	return bind(server->listener, address, sizeof(server->address)) < 0 ? -errno : 0;
}

static int listen_at(struct wire_server *server, const char *dir)
{
	int ret;

	server->address.sun_family = AF_UNIX;
	if (snprintf(server->address.sun_path, sizeof(server->address.sun_path), "%s/%s", dir,
		WIRE_SOCKET_NAME) >= (int)sizeof(server->address.sun_path))
		return -ENAMETOOLONG;
	server->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->listener < 0)
		return -errno;
	ret = bind_socket(server);
	if (ret)
		goto close_listener;
	/* Who may use a device is decided by its node's mode, at open. */
	if (chmod(server->address.sun_path, 0666) < 0 || listen(server->listener, BACKLOG) < 0) {
		ret = -errno;
		goto unlink_socket;
	}
	return 0;

unlink_socket:
	unlink(server->address.sun_path);
close_listener:
	close(server->listener);
	return ret;
}

static void stop_threads(struct wire_server *server, bool with_acceptor)
{
	eventfd_write(server->stop, 1);
	pthread_join(server->reaper, NULL);
	if (with_acceptor)
		pthread_join(server->acceptor, NULL);
}

int wire_server_create(struct vfs *vfs, const char *dir,
	int (*subscribe_uevents)(void *data, int *fd), void *data, struct wire_server **out)
{
	struct wire_server *server = calloc(1, sizeof(*server));
	int ret;

	if (!server)
		return -ENOMEM;
	server->vfs = vfs;
	server->share = (struct vfs_share){WIRE_CHANNELS_MAX, WIRE_CHANNELS_OF_PROCESS,
		WIRE_CHANNELS_SCARCE};
	server->refused = -1;
	atomic_init(&server->patience, WIRE_PATIENCE_SECONDS * 1000);
	server->subscribe = subscribe_uevents;
	server->subscribe_data = data;
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->empty, NULL);
	gem_list_init(&server->channels);
	server->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->stop < 0) {
		ret = -errno;
		goto free_server;
	}
	ret = listen_at(server, dir);
	if (ret)
		goto close_stop;
	ret = start_thread(&server->reaper, reaper_main, server, false);
	if (ret)
		goto close_listener;
	ret = start_thread(&server->acceptor, acceptor_main, server, false);
	if (ret)
		goto stop_reaper;
	*out = server;
	return 0;

stop_reaper:
	stop_threads(server, false);
close_listener:
	unlink(server->address.sun_path);
	close(server->listener);
close_stop:
	close(server->stop);
free_server:
	pthread_cond_destroy(&server->empty);
	pthread_mutex_destroy(&server->lock);
	free(server);
	return ret;
}

void wire_server_destroy(struct wire_server *server)
{
	struct wire_channel *channel;

	unlink(server->address.sun_path);
	pthread_mutex_lock(&server->lock);
	server->stopping = true;
	gem_list_for_each(channel, &server->channels, link)
		shutdown(channel->socket, SHUT_RDWR);
	while (server->channel_count)
		pthread_cond_wait(&server->empty, &server->lock);
	pthread_mutex_unlock(&server->lock);
	stop_threads(server, true);
	close(server->listener);
	close(server->stop);
	pthread_cond_destroy(&server->empty);
	pthread_mutex_destroy(&server->lock);
	free(server);
}
