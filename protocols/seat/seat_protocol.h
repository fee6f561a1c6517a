/*
 * What libseat and seatd say to each other: a stream of messages, each a header and
 * size bytes, of this machine's byte order. Numbers and shapes as libseat 0.7 (Debian 12)
 * uses them.
 *
 * That one waits for no answer to DISABLED and SWITCH, and takes one for another
 * request's; newer ones (0.9) wait for ever when there is none. Nothing that they send tells
 * them apart, so each kind has a socket of its own (seat_server.h).
 */
#ifndef SEAT_PROTOCOL_H
#define SEAT_PROTOCOL_H

#include <stdint.h>

#define SEAT_PATH_MAX 256u /* with the NUL */

enum seat_request {
	SEAT_REQUEST_OPEN_SEAT = 1,
	SEAT_REQUEST_CLOSE_SEAT = 2,
	SEAT_REQUEST_OPEN_DEVICE = 3,  /* uint16_t length, path with its NUL */
	SEAT_REQUEST_CLOSE_DEVICE = 4, /* int32_t id */
	SEAT_REQUEST_DISABLED = 5,     /* the answer to SEAT_EVENT_DISABLE */
	SEAT_REQUEST_SWITCH = 6,       /* int32_t session */
	SEAT_REQUEST_PING = 7,
};

enum seat_event {
	SEAT_EVENT_SEAT_OPENED = 0x8001, /* uint16_t length, name without NUL */
	SEAT_EVENT_SEAT_CLOSED = 0x8002,
	SEAT_EVENT_DEVICE_OPENED = 0x8003, /* int32_t id; the descriptor comes along */
	SEAT_EVENT_DEVICE_CLOSED = 0x8004,
	SEAT_EVENT_DISABLE = 0x8005,
	SEAT_EVENT_ENABLE = 0x8006,
	SEAT_EVENT_PONG = 0x8007,
	SEAT_EVENT_SWITCHED = 0x8008, /* these two to who waits for them */
	SEAT_EVENT_DISABLED = 0x8009,
	SEAT_EVENT_ERROR = 0xffff, /* int32_t errno */
};

struct seat_header {
	uint16_t opcode;
	uint16_t size; /* of what follows */
};

#define SEAT_REQUEST_MAX (sizeof(struct seat_header) + sizeof(uint16_t) + SEAT_PATH_MAX)

#endif
