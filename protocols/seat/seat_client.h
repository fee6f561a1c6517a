/* A connection to the seat's socket: its messages. All by the server's thread. */
#ifndef SEAT_CLIENT_H
#define SEAT_CLIENT_H

#include <stdatomic.h>
#include <sys/socket.h>

#include "gem_base.h"
#include "seat.h"
#include "seat_protocol.h"

struct seat_client {
	struct gem_list link; /* seat_server.clients */
	struct seat *seat;
	int fd;
	struct ucred peer;            /* from when it connected */
	bool waits;                   /* for answers to DISABLED and SWITCH, as a newer libseat */
	int refused;                  /* errno that it is told; it gets no seat */
	uint64_t greet_ns;            /* until when it must have opened the seat, or be gone */
	struct seat_session *session; /* NULL: not opened, or closed */
	bool opened;                  /* it had one: no second time, as seatd */
	atomic_bool broken;           /* it did not read: to be dropped */
	size_t used;
	uint8_t buffer[SEAT_REQUEST_MAX];
};

/* fd becomes the client's. -ENOMEM. */
int seat_client_create(struct seat *seat, int fd, const struct ucred *peer,
	struct seat_client **out);
void seat_client_destroy(struct seat_client *client);
/* Reads and answers what has come. -errno: the connection is to end. */
int seat_client_serve(struct seat_client *client);

#endif
