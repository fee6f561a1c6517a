#include "seat_client.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Socket memory that may lie unread, some twenty messages: descriptors in there
 * count against a limit that all programs of the user share.
 */
enum { UNREAD_MAX = 16 << 10 };

/*
 * One message; never waits. A client that does not read is broken; it is dropped by
 * the server's thread, since events come from others'.
 */
static int send_message(struct seat_client *client, uint16_t opcode, const void *body, size_t size,
	int fd)
{
	struct {
		struct seat_header header;
		uint8_t body[16];
	} message = {.header = {opcode, size}};
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec vec = {&message, sizeof(message.header) + size};
	struct msghdr packet = {.msg_iov = &vec, .msg_iovlen = 1};
	int unread = 0;

	_Static_assert(sizeof(uint16_t) + sizeof(SEAT_NAME) <= sizeof(message.body), "room");
	memcpy(message.body, body, size);
	if (fd >= 0) {
		packet.msg_control = control.space;
		packet.msg_controllen = sizeof(control.space);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(int));
	}
	if (ioctl(client->fd, SIOCOUTQ, &unread) == 0 && unread <= UNREAD_MAX &&
	    sendmsg(client->fd, &packet, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)vec.iov_len)
		return 0;
	atomic_store(&client->broken, true);
	/* Its hang-up wakes the server's thread. */
	shutdown(client->fd, SHUT_RDWR);
	return -EPIPE;
}

static int send_empty(struct seat_client *client, uint16_t opcode)
{
	return send_message(client, opcode, "", 0, -1);
}

static int send_number(struct seat_client *client, uint16_t opcode, int32_t number, int fd)
{
	return send_message(client, opcode, &number, sizeof(number), fd);
}

static void tell_enable(void *data)
{
	send_empty(data, SEAT_EVENT_ENABLE);
}

static bool tell_disable(void *data)
{
	return send_empty(data, SEAT_EVENT_DISABLE) == 0;
}

static const struct seat_session_ops session_ops = {
	.enable = tell_enable,
	.disable = tell_disable,
};

static int open_seat(struct seat_client *client)
{
	uint8_t body[sizeof(uint16_t) + sizeof(SEAT_NAME) - 1];
	uint16_t length = sizeof(SEAT_NAME) - 1;

	if (client->opened)
		return -EPROTO;
	/* It reads this, and hangs up; libseat looks for the end before it reads. */
	if (client->refused)
		return send_number(client, SEAT_EVENT_ERROR, client->refused, -1);
	memcpy(body, &length, sizeof(length));
	memcpy(body + sizeof(length), SEAT_NAME, length);
	/* The reply first: the first event may come with the session. */
	int ret = send_message(client, SEAT_EVENT_SEAT_OPENED, body, sizeof(body), -1);
	if (ret)
		return ret;
	ret = seat_session_open(client->seat, &session_ops, client, client->peer.pid, 0,
		&client->session);
	if (ret)
		gem_warn("seat", "process %d gets no session: %s", (int)client->peer.pid,
			strerror(-ret));
	client->opened = ret == 0;
	return ret;
}

static int close_seat(struct seat_client *client)
{
	seat_session_close(client->session);
	client->session = NULL;
	return send_empty(client, SEAT_EVENT_SEAT_CLOSED);
}

static int open_device(struct seat_client *client, const uint8_t *body, size_t size)
{
	char path[SEAT_PATH_MAX];
	uint16_t length;
	int id, fd;

	if (size < sizeof(length))
		return -EPROTO;
	memcpy(&length, body, sizeof(length));
	if (size != sizeof(length) + length || length < 2 || length > sizeof(path))
		return -EPROTO;
	memcpy(path, body + sizeof(length), length);
	if (memchr(path, 0, length) != path + length - 1)
		return -EPROTO;
	int ret = seat_device_open(client->session, path, &id, &fd);
	if (ret)
		return send_number(client, SEAT_EVENT_ERROR, -ret, -1);
	return send_number(client, SEAT_EVENT_DEVICE_OPENED, id, fd);
}

static int close_device(struct seat_client *client, const uint8_t *body)
{
	int32_t id;

	memcpy(&id, body, sizeof(id));
	int ret = seat_device_close(client->session, id);
	if (ret)
		return send_number(client, SEAT_EVENT_ERROR, -ret, -1);
	return send_empty(client, SEAT_EVENT_DEVICE_CLOSED);
}

/* Without an answer, an error is none either: libseat takes it for another request's. */
static int answer_ack(struct seat_client *client, uint16_t opcode, int ret)
{
	if (!client->waits)
		return 0;
	return ret ? send_number(client, SEAT_EVENT_ERROR, -ret, -1) : send_empty(client, opcode);
}

static int switch_session(struct seat_client *client, const uint8_t *body)
{
	int32_t number;

	memcpy(&number, body, sizeof(number));
	int ret = seat_session_switch(client->session, number);
	if (ret)
		gem_info("seat", "session %u may not switch to %d: %s",
			seat_session_number(client->session), number, strerror(-ret));
	return answer_ack(client, SEAT_EVENT_SWITCHED, ret);
}

/* Too late, or twice: no harm. But who has the seat was not asked to leave it. */
static int leave_seat(struct seat_client *client)
{
	bool asked = true;

	if (client->session)
		asked = seat_session_ack(client->session) ||
			seat_session_is_paused(client->session);
	return answer_ack(client, SEAT_EVENT_DISABLED, asked ? 0 : -EBUSY);
}

/* libseat hands out the events it has read when it has closed the seat. */
static bool is_late_answer(const struct seat_client *client, uint16_t opcode)
{
	return opcode == SEAT_REQUEST_DISABLED && client->opened;
}

/* body: size bytes. -errno: the connection is to end. */
static int handle(struct seat_client *client, uint16_t opcode, const uint8_t *body, size_t size)
{
	static const struct {
		bool known, session;
		size_t size; /* checked but for OPEN_DEVICE's */
	} rules[] = {
		[SEAT_REQUEST_OPEN_SEAT] = {true, false, 0},
		[SEAT_REQUEST_CLOSE_SEAT] = {true, true, 0},
		[SEAT_REQUEST_OPEN_DEVICE] = {true, true, 0},
		[SEAT_REQUEST_CLOSE_DEVICE] = {true, true, sizeof(int32_t)},
		[SEAT_REQUEST_DISABLED] = {true, true, 0},
		[SEAT_REQUEST_SWITCH] = {true, true, sizeof(int32_t)},
		[SEAT_REQUEST_PING] = {true, false, 0},
	};

	if (opcode >= GEM_ARRAY_SIZE(rules) || !rules[opcode].known ||
	    (rules[opcode].session && !client->session && !is_late_answer(client, opcode)) ||
	    (opcode != SEAT_REQUEST_OPEN_DEVICE && size != rules[opcode].size))
		return -EPROTO;
	switch (opcode) {
	case SEAT_REQUEST_OPEN_SEAT:
		return open_seat(client);
	case SEAT_REQUEST_CLOSE_SEAT:
		return close_seat(client);
	case SEAT_REQUEST_OPEN_DEVICE:
		return open_device(client, body, size);
	case SEAT_REQUEST_CLOSE_DEVICE:
		return close_device(client, body);
	case SEAT_REQUEST_DISABLED:
		return leave_seat(client);
	case SEAT_REQUEST_SWITCH:
		return switch_session(client, body);
	}
	return send_empty(client, SEAT_EVENT_PONG);
}

/* Whole messages of the buffer; keeps the begun one at its front. */
static int handle_buffer(struct seat_client *client)
{
	struct seat_header header;
	size_t at = 0;
	int ret = 0;

	while (ret == 0 && client->used - at >= sizeof(header)) {
		memcpy(&header, client->buffer + at, sizeof(header));
		if (header.size > SEAT_REQUEST_MAX - sizeof(header))
			return -EPROTO;
		if (client->used - at < sizeof(header) + header.size)
			break;
		ret = handle(client, header.opcode, client->buffer + at + sizeof(header),
			header.size);
		at += sizeof(header) + header.size;
	}
	memmove(client->buffer, client->buffer + at, client->used - at);
	client->used -= at;
	return ret;
}

int seat_client_serve(struct seat_client *client)
{
	/* Nothing comes with descriptors: recv drops those that do. */
	ssize_t got = recv(client->fd, client->buffer + client->used,
		sizeof(client->buffer) - client->used, MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (got == 0)
		return -EPIPE;
	client->used += got;
	return handle_buffer(client);
}

int seat_client_create(struct seat *seat, int fd, const struct ucred *peer,
	struct seat_client **out)
{
	struct seat_client *client = calloc(1, sizeof(*client));

	if (!client)
		return -ENOMEM;
	client->seat = seat;
	client->fd = fd;
	client->peer = *peer;
	gem_list_init(&client->link);
	*out = client;
	return 0;
}

void seat_client_destroy(struct seat_client *client)
{
	if (client->session)
		seat_session_close(client->session);
	close(client->fd);
	free(client);
}
