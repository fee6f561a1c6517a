/* One packet with its descriptors, on the server's side of a channel. */
#ifndef WIRE_PACKET_H
#define WIRE_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct wire_packet {
	uint8_t *data; /* WIRE_PACKET_MAX bytes, the owner's */
	size_t size;
	int fds[WIRE_FDS_MAX]; /* -1 = taken by a handler */
	unsigned fd_count;
};

/*
 * Waits for the next packet. 0, or -errno when the channel has ended or must
 * end: -EPIPE hang-up, -EPROTO when it is no packet of the protocol (header,
 * size, number of descriptors). On error no descriptor is left open.
 */
int wire_packet_receive(int socket, struct wire_packet *packet);
struct iovec;
/* As above into vec, whose first part is packet->data and holds a header. */
int wire_packet_receive_into(int socket, struct wire_packet *packet, struct iovec *vec,
	unsigned count);
void wire_packet_close_fds(struct wire_packet *packet);

/*
 * 0 when the peer has read all that was sent, else -EPROTO: it asks or answers
 * without reading, which no client of the protocol does. A send then never blocks.
 */
int wire_packet_check_read(int socket);

/*
 * Sends header and the iovecs after it as one packet; fills in header's magic,
 * size and fds. The descriptors stay the caller's. 0 or -errno.
 */
int wire_packet_send(int socket, struct wire_header *header, size_t header_size,
	const struct iovec *body, unsigned body_count, const int *fds, unsigned fd_count);

#endif
