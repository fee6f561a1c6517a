/* Shared by the files of protocols/control. */
#ifndef CONTROL_INTERNAL_H
#define CONTROL_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "control.h"
#include "gem_base.h"

struct control_command {
	struct gem_list link; /* control_server.commands; lock */
	const char *name, *help;
	control_handler handler;
	void *data;
	bool waiting; /* runs without handler_lock */
};

struct control_server {
	int listen_fd, wake_fd; /* wake_fd: eventfd, ends the accept thread's poll */
	char path[108];    /* of the socket */
	pthread_t thread;  /* accepts */
	bool started;      /* the owner's: listen_fd, path and thread are there */
	atomic_bool ending;
	pthread_mutex_t handler_lock; /* one handler at a time; outside lock */
	pthread_mutex_t lock;
	pthread_cond_t client_gone;
	struct gem_list commands; /* lock; entries stay until the server goes */
	struct gem_list clients;  /* lock */
	unsigned client_count;    /* lock */
};

/* Takes fd on success. -EBUSY too many clients, -ENOMEM, -EAGAIN no thread. */
int control_client_start(struct control_server *server, int fd);
/* Ends all clients and waits for their threads. No new ones may start. */
void control_clients_end(struct control_server *server);

#endif
