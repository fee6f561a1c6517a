/* One channel of the server: a connection, run by a thread of its own. */
#ifndef WIRE_CHANNEL_H
#define WIRE_CHANNEL_H

#include <sched.h>
#include <sys/socket.h>

#include "wire_caller.h"

/* Files the channel has proven; a full set is emptied, the client proves again. */
#define WIRE_ATTACHED_SLOTS 256u

struct wire_attached {
	uint32_t id; /* 0 = free slot */
	ino_t ino;
};

struct wire_channel {
	struct wire_server *server;
	int socket;
	struct ucred credentials; /* when it connected, as groups: from the kernel */
	gid_t *groups;
	unsigned group_count;
	bool greeted;
	cpu_set_t cpus; /* where the server may run */
	unsigned apart; /* requests in a row that came from another CPU than ours */
	struct gem_list link; /* server->lock */
	struct wire_attached attached[WIRE_ATTACHED_SLOTS]; /* open addressing by id */
	unsigned attached_count;
	struct wire_caller caller;
	struct wire_packet packet;
	uint8_t image[WIRE_INLINE_MAX];
	uint8_t data[WIRE_PACKET_MAX] __attribute__((aligned(8)));
};

/* Serves requests until the client hangs up or breaks the protocol. */
void wire_channel_run(struct wire_channel *channel);

/* What a channel needs of its server; constant while a channel lives. */
struct vfs *wire_server_vfs(struct wire_server *server);
int wire_server_patience(struct wire_server *server); /* ms */
int wire_server_subscribe(struct wire_server *server, int *fd);

#endif
