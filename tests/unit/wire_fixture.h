/*
 * A wire server over a driver that does what its argument says, and the client's
 * end of a channel by hand: packets as the test wants them, right or wrong.
 */
#ifndef WIRE_FIXTURE_H
#define WIRE_FIXTURE_H

#include <semaphore.h>
#include <sys/ioctl.h>

#include <drm.h>

#include "vfs.h"
#include "wire.h"
#include "wire_server.h"

/* The driver's argument: copies length bytes from -> to, then hands fd back as a copy. */
struct driver_arg {
	uint64_t from, to;
	uint32_t length;
	uint32_t pieces; /* of the copy, each followed by a gap of one byte */
	int32_t fd;      /* in: the caller's, or -1; out: the new one */
	uint32_t waits;  /* the driver stops in the middle: driver_inside, driver_go_on */
};
#define DRIVER_COPY _IOWR('T', 1, struct driver_arg)
/* As DRIVER_COPY, with upcalls: both the driver and the layout of its number allow them. */
#define DRIVER_ASK _IOWR('d', _IOC_NR(DRM_IOCTL_MODE_ATOMIC), struct driver_arg)
/* Upcalls that only the driver would allow. */
#define DRIVER_ASK_IN_VAIN _IOWR('d', _IOC_NR(DRM_IOCTL_MODE_GETPLANE), struct driver_arg)
#define DRIVER_PING _IO('T', 2) /* returns its argument */
#define DRIVER_PATH "/dev/test"

struct fixture {
	struct vfs *vfs;
	struct wire_server *server;
	char dir[64];
	int socket_fds; /* descriptors open before any client */
};

extern atomic_int driver_released;
extern atomic_int driver_result; /* of the last copy */
extern sem_t driver_inside, driver_go_on;

void fixture_begin(struct fixture *fixture);
void fixture_end(struct fixture *fixture);

/* A packet to be sent: bytes, and descriptors beside them. */
struct packet {
	uint8_t data[WIRE_PACKET_MAX + 64] __attribute__((aligned(8)));
	size_t size;
	int fds[16];
	unsigned fd_count;
};

struct wire_header *packet_begin(struct packet *packet, enum wire_op op, size_t size);
/* Appends bytes. */
void *packet_add(struct packet *packet, const void *data, size_t size);
/* Sets header.size and header.fds. */
void packet_finish(struct packet *packet);

int client_connect(const struct fixture *fixture); /* no hello yet */
int client_greeted(const struct fixture *fixture);
void client_send(int socket, const struct packet *packet);
/* False when the server has hung up. */
bool client_try_send(int socket, const struct packet *packet);
/* False when the server hung up. reply->fds are the caller's. */
bool client_receive(int socket, struct packet *reply);
/* Sends, receives, gives the reply's result; the reply must come. */
int client_call(int socket, const struct packet *packet, struct packet *reply);

/* The file's descriptor, opened and attached on the channel. */
int client_open(int socket, uint32_t *file_id);
int client_attach(int socket, int fd, uint32_t file_id);
uint32_t client_file_id(int fd);

struct segment {
	void *data;
	uint32_t length, flags;
};
/* Starts a DRIVER_COPY request whose first segment is arg; in line. */
void client_ioctl_packet(struct packet *packet, uint32_t file_id, struct driver_arg *arg,
	const struct segment *segments, unsigned count);
/* Ping over a fresh channel: the server lives. */
void check_alive(const struct fixture *fixture);
/* The server's descriptors go down to what they were (threads need a moment). */
void check_fds(const struct fixture *fixture, int expected);

#endif
