/*
 * Mad clients against the seat's socket: right messages, whose answers are checked, and
 * wrong ones: of wrong sizes, in pieces, many at once, with descriptors, for devices that
 * are none or were closed, after the end of the seat, from too many connections; clients
 * that go in the middle of a message, or do not read; and sessions that are switched
 * meanwhile, by others.
 *
 *   fuzz_seat --seed 1 --calls 1000000 --threads 8     each thread has several clients
 *
 * Worth it for long in builds with -Db_sanitize=address,undefined and =thread.
 * Ends with 0, or by abort with what is wrong.
 */
#include <errno.h>
#include <linux/input.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "evdev.h"
#include "fuzz.h"
#include "seat_protocol.h"
#include "seat_server.h"

enum { CLIENTS = 4, FDS = 6, DIR_SIZE = 64, ANSWER_MS = 20000, ACK_MS = 1, WAITING_MAX = 8,
	/* Who leaves so many unread may be dropped. */
	UNREAD_MANY = 10, SESSIONS = 8, INPUTS = 2 };

/* What a request may be answered with. */
enum answer { ANSWER_SEAT, ANSWER_CLOSED, ANSWER_DEVICE, ANSWER_NO_DEVICE, ANSWER_DEVICE_CLOSED,
	ANSWER_PONG, ANSWER_SWITCHED, ANSWER_LEFT };

struct client {
	int fd; /* -1 = none */
	/* It sent something wrong: its end may come at any time, and anything before. */
	bool wild;
	bool waits; /* for all answers (SEAT_ACK_SOCKET_NAME) */
	bool asked, opened, closed; /* the seat: asked for; got; closed again */
	bool enabled, disabled;     /* has it; is told that it has not, and has not answered */
	enum answer waiting[WAITING_MAX];
	unsigned waiting_count;
	int32_t last_id; /* of a device */
	uint8_t buffer[4096];
	size_t used;
	int fds[FDS]; /* that came, whose message did not yet */
	unsigned fd_count;
};

struct mad {
	pthread_t thread;
	struct fuzz_cards *cards;
	struct seat *seat;
	struct fuzz_rng rng;
	const char *dir;
	uint64_t calls, answers, devices, refused, ended;
	struct client clients[CLIENTS];
	int fds[FDS]; /* device files, -1 = none */
};

static const char *const good_paths[] = {
	"/dev/dri/card0", "/dev/dri/card1", "/dev/dri/renderD128", "/dev/input/event0",
	"/dev/input/event1",
};
static const char *const bad_paths[] = {
	"/dev/null", "/etc/passwd", "/dev/dri/../../etc/passwd", "/dev/dri/card9", "/dev/dri/",
	"/dev/input/../dri/card0", "card0", "/dev/tty1", "/dev/dri/card0/", "//dev/dri/card0",
	"/dev/input/event", "/sys/kernel/debug/dri/0/state", "/dev/dri/card0 ",
};

static int connect_to(const char *dir, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, name);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fuzz_fail("connect: %s", strerror(errno));
	return fd;
}

static void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	while (client->fd_count > 0)
		close(client->fds[--client->fd_count]);
	memset(client, 0, sizeof(*client));
	client->fd = -1;
}

/* ---- what comes ---- */

static void keep_fd(struct mad *mad, int fd)
{
	int *slot = &mad->fds[fuzz_below(&mad->rng, FDS)];
	struct vfs_file *file;

	if (vfs_file_from_fd(mad->cards->vfs, fd, &file))
		fuzz_fail("a device that is none of the seat's");
	vfs_file_put(file);
	if (*slot >= 0)
		close(*slot);
	*slot = fd;
	mad->devices++;
}

static void take_device(struct mad *mad, struct client *client, const uint8_t *body)
{
	if (client->fd_count == 0)
		fuzz_fail("a device without descriptor");
	memcpy(&client->last_id, body, sizeof(client->last_id));
	if (client->last_id < 1)
		fuzz_fail("device %d", client->last_id);
	keep_fd(mad, client->fds[0]);
	memmove(client->fds, client->fds + 1, --client->fd_count * sizeof(int));
}

static void take_error(struct mad *mad, struct client *client, enum answer want,
	const uint8_t *body)
{
	int32_t error;

	memcpy(&error, body, sizeof(error));
	if (error <= 0 || error > 200)
		fuzz_fail("error %d", error);
	if (want == ANSWER_SEAT) {
		if (error != EMFILE && error != ENFILE)
			fuzz_fail("no seat: %s", strerror(error));
		mad->refused++;
		/* What it has sent meanwhile, or sends now, ends it. */
		client->wild = true;
	} else if (want == ANSWER_CLOSED || want == ANSWER_PONG) {
		fuzz_fail("an error: %s", strerror(error));
	}
}

static void take_answer(struct mad *mad, struct client *client, const struct seat_header *header,
	const uint8_t *body)
{
	static const struct {
		uint16_t opcode, size;
	} answers[] = {
		[ANSWER_SEAT] = {SEAT_EVENT_SEAT_OPENED, 2 + sizeof(SEAT_NAME) - 1},
		[ANSWER_CLOSED] = {SEAT_EVENT_SEAT_CLOSED, 0},
		[ANSWER_DEVICE] = {SEAT_EVENT_DEVICE_OPENED, 4},
		[ANSWER_NO_DEVICE] = {SEAT_EVENT_ERROR, 4},
		[ANSWER_DEVICE_CLOSED] = {SEAT_EVENT_DEVICE_CLOSED, 0},
		[ANSWER_PONG] = {SEAT_EVENT_PONG, 0},
		[ANSWER_SWITCHED] = {SEAT_EVENT_SWITCHED, 0},
		[ANSWER_LEFT] = {SEAT_EVENT_DISABLED, 0},
	};

	if (client->waiting_count == 0)
		fuzz_fail("message %#x without being asked", header->opcode);
	enum answer want = client->waiting[0];
	memmove(client->waiting, client->waiting + 1,
		--client->waiting_count * sizeof(client->waiting[0]));
	mad->answers++;
	if (header->opcode == SEAT_EVENT_ERROR && header->size == 4) {
		take_error(mad, client, want, body);
		return;
	}
	if (header->opcode != answers[want].opcode || header->size != answers[want].size)
		fuzz_fail("answer %#x of %u bytes to %d", header->opcode, header->size, want);
	client->opened |= want == ANSWER_SEAT;
	if (want == ANSWER_DEVICE)
		take_device(mad, client, body);
}

static void take_message(struct mad *mad, struct client *client, const struct seat_header *header,
	const uint8_t *body)
{
	if (client->wild)
		return;
	if (header->opcode != SEAT_EVENT_ENABLE && header->opcode != SEAT_EVENT_DISABLE) {
		take_answer(mad, client, header, body);
		return;
	}
	if (header->size || !client->opened)
		fuzz_fail("event %#x of %u bytes", header->opcode, header->size);
	client->enabled = header->opcode == SEAT_EVENT_ENABLE;
	client->disabled = !client->enabled;
}

/* The number of whole messages. */
static unsigned take_messages(struct mad *mad, struct client *client)
{
	struct seat_header header;
	unsigned count = 0;
	size_t at = 0;

	while (client->used - at >= sizeof(header)) {
		memcpy(&header, client->buffer + at, sizeof(header));
		if (header.size > 64)
			fuzz_fail("message of %u bytes", header.size);
		if (client->used - at < sizeof(header) + header.size)
			break;
		take_message(mad, client, &header, client->buffer + at + sizeof(header));
		at += sizeof(header) + header.size;
		count++;
	}
	memmove(client->buffer, client->buffer + at, client->used - at);
	client->used -= at;
	return count;
}

static void take_fds(struct client *client, struct msghdr *message)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);

	if (!control || control->cmsg_type != SCM_RIGHTS)
		return;
	unsigned count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (unsigned i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof(int));
		if (client->wild || client->fd_count == FDS)
			close(fd);
		else
			client->fds[client->fd_count++] = fd;
	}
}

/* Bytes; 0: the server hung up; -1: nothing is there. */
static ssize_t receive(struct client *client)
{
	char space[CMSG_SPACE(sizeof(int) * FDS)] __attribute__((aligned(8)));
	struct iovec vec = {client->buffer + client->used, sizeof(client->buffer) - client->used};
	struct msghdr message = {.msg_iov = &vec, .msg_iovlen = 1, .msg_control = space,
		.msg_controllen = sizeof(space)};
	ssize_t got = recvmsg(client->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? -1 : 0;
	take_fds(client, &message);
	client->used += got;
	return got;
}

/* What is there. False: the server hung up, and the client is gone. */
static bool drain(struct mad *mad, struct client *client)
{
	unsigned unread = 0;
	ssize_t got;

	while ((got = receive(client)) > 0)
		unread += take_messages(mad, client);
	if (got < 0)
		return true;
	/* Before it has a seat, its time may be over. */
	if (!client->wild && client->opened && unread < UNREAD_MANY)
		fuzz_fail("the server hung up on somebody who did nothing wrong");
	mad->ended++;
	client_close(client);
	return false;
}

static void wait_readable(struct client *client, const char *what)
{
	struct pollfd poll_fd = {client->fd, POLLIN};
	int ret;

	do {
		ret = poll(&poll_fd, 1, ANSWER_MS);
	} while (ret < 0 && errno == EINTR);
	if (ret != 1)
		fuzz_fail("%s: nothing in %d ms", what, ANSWER_MS);
}

static void await_answers(struct mad *mad, struct client *client)
{
	while (drain(mad, client) && client->waiting_count > 0 && !client->wild)
		wait_readable(client, "an answer");
}

/* No more is said to the server: it hangs up, too. */
static void end_and_wait(struct mad *mad, struct client *client)
{
	client->wild = true;
	shutdown(client->fd, SHUT_WR);
	while (drain(mad, client))
		wait_readable(client, "the end");
}

/* ---- what goes ---- */

struct message {
	uint8_t bytes[1024];
	size_t size;
};

static void append(struct message *message, uint16_t opcode, const void *body, size_t size)
{
	struct seat_header header = {opcode, size};

	if (message->size + sizeof(header) + size > sizeof(message->bytes))
		return;
	memcpy(message->bytes + message->size, &header, sizeof(header));
	memcpy(message->bytes + message->size + sizeof(header), body, size);
	message->size += sizeof(header) + size;
}

static void append_open(struct message *message, const char *path)
{
	uint8_t body[sizeof(uint16_t) + SEAT_PATH_MAX];
	uint16_t length = strlen(path) + 1;

	memcpy(body, &length, sizeof(length));
	memcpy(body + sizeof(length), path, length);
	append(message, SEAT_REQUEST_OPEN_DEVICE, body, sizeof(length) + length);
}

static void append_number(struct message *message, uint16_t opcode, int32_t number)
{
	append(message, opcode, &number, sizeof(number));
}

static void expect(struct client *client, enum answer answer)
{
	if (client->waiting_count < WAITING_MAX)
		client->waiting[client->waiting_count++] = answer;
}

/* Answered on one of the sockets only. */
static void append_leave(struct client *client, struct message *message)
{
	append(message, SEAT_REQUEST_DISABLED, "", 0);
	client->disabled = false;
	if (client->waits)
		expect(client, ANSWER_LEFT);
}

static void append_device(struct mad *mad, struct client *client, struct message *message)
{
	char path[SEAT_PATH_MAX];
	bool good = !fuzz_one_in(&mad->rng, 4);

	if (good) {
		strcpy(path, good_paths[fuzz_below(&mad->rng, GEM_ARRAY_SIZE(good_paths))]);
	} else if (fuzz_one_in(&mad->rng, 4)) {
		memset(path, 'x', sizeof(path));
		path[1 + fuzz_below(&mad->rng, sizeof(path) - 1)] = '\0';
	} else {
		strcpy(path, bad_paths[fuzz_below(&mad->rng, GEM_ARRAY_SIZE(bad_paths))]);
	}
	append_open(message, path);
	expect(client, good ? ANSWER_DEVICE : ANSWER_NO_DEVICE);
}

/* A request of a session's. */
static void append_of_session(struct mad *mad, struct client *client, struct message *message)
{
	switch (fuzz_below(&mad->rng, 8)) {
	case 0: case 1: case 2: case 3:
		append_device(mad, client, message);
		break;
	case 4:
		append_number(message, SEAT_REQUEST_CLOSE_DEVICE, fuzz_one_in(&mad->rng, 3) ?
			(int32_t)fuzz_odd(&mad->rng) : client->last_id);
		expect(client, ANSWER_DEVICE_CLOSED);
		break;
	case 5:
		append_number(message, SEAT_REQUEST_SWITCH, fuzz_one_in(&mad->rng, 3) ?
			(int32_t)fuzz_odd(&mad->rng) : 1 + fuzz_below(&mad->rng, SESSIONS));
		if (client->waits)
			expect(client, ANSWER_SWITCHED);
		break;
	case 6:
		append_leave(client, message);
		break;
	case 7:
		if (!fuzz_one_in(&mad->rng, 4))
			break;
		append(message, SEAT_REQUEST_CLOSE_SEAT, "", 0);
		client->closed = true;
		expect(client, ANSWER_CLOSED);
		break;
	}
}

/* A right one, as things are. */
static void append_right(struct mad *mad, struct client *client, struct message *message)
{
	if (client->waiting_count < WAITING_MAX && client->disabled && !fuzz_one_in(&mad->rng, 4))
		append_leave(client, message);
	if (client->waiting_count == WAITING_MAX)
		return;
	if (!client->asked && !fuzz_one_in(&mad->rng, 5)) {
		append(message, SEAT_REQUEST_OPEN_SEAT, "", 0);
		client->asked = true;
		expect(client, ANSWER_SEAT);
	} else if (client->asked && !client->closed && !fuzz_one_in(&mad->rng, 5)) {
		append_of_session(mad, client, message);
	} else {
		append(message, SEAT_REQUEST_PING, "", 0);
		expect(client, ANSWER_PONG);
	}
}

static void append_wrong(struct mad *mad, struct client *client, struct message *message)
{
	uint8_t body[64];
	uint16_t length = fuzz_odd(&mad->rng);

	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = fuzz_next(&mad->rng);
	switch (fuzz_below(&mad->rng, 4)) {
	case 0: /* of a wrong size, or no request */
		append(message, fuzz_below(&mad->rng, 10), body, fuzz_below(&mad->rng, sizeof(body)));
		break;
	case 1: /* a path that is none, or longer than it says */
		memcpy(body, &length, sizeof(length));
		append(message, SEAT_REQUEST_OPEN_DEVICE, body, fuzz_below(&mad->rng, sizeof(body)));
		break;
	case 2: /* a size that does not come */
		append(message, fuzz_below(&mad->rng, 10), body, 4);
		memcpy(message->bytes + message->size - 6, &length, sizeof(length));
		break;
	case 3:
		append_right(mad, client, message);
		append_device(mad, client, message);
		fuzz_mutate(&mad->rng, message->bytes, message->size);
		break;
	}
	client->wild = true;
	client->waiting_count = 0;
}

/* With descriptors that nobody asked for: files, devices, and the connection itself. */
static ssize_t send_with_fds(struct mad *mad, struct client *client, const void *bytes, size_t size)
{
	char space[CMSG_SPACE(sizeof(int) * 4)] __attribute__((aligned(8))) = {0};
	struct iovec vec = {(void *)bytes, size};
	struct msghdr message = {.msg_iov = &vec, .msg_iovlen = 1, .msg_control = space};
	int fds[4] = {client->fd, client->fd, client->fd, client->fd};
	int memory = memfd_create("fuzz", MFD_CLOEXEC);
	unsigned count = 1 + fuzz_below(&mad->rng, 4);
	struct cmsghdr *control = (struct cmsghdr *)space;

	fds[0] = memory;
	fds[1] = mad->fds[0] >= 0 ? mad->fds[0] : memory;
	message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(control), fds, count * sizeof(int));
	ssize_t sent = sendmsg(client->fd, &message, MSG_NOSIGNAL);
	close(memory);
	return sent;
}

/* In one piece, or in several. False: the server has hung up. */
static bool transmit(struct mad *mad, struct client *client, const struct message *message)
{
	size_t at = 0;

	while (at < message->size) {
		size_t size = message->size - at;
		ssize_t sent;

		if (fuzz_one_in(&mad->rng, 6))
			size = 1 + fuzz_below(&mad->rng, size);
		if (fuzz_one_in(&mad->rng, 30))
			sent = send_with_fds(mad, client, message->bytes + at, size);
		else
			sent = send(client->fd, message->bytes + at, size, MSG_NOSIGNAL);
		if (sent < 0)
			return false;
		at += sent;
	}
	return true;
}

/* Goes in the middle of a message. */
static void leave(struct mad *mad, struct client *client)
{
	struct message message = {.size = 0};

	append_device(mad, client, &message);
	if (fuzz_one_in(&mad->rng, 2))
		send(client->fd, message.bytes, 1 + fuzz_below(&mad->rng, message.size - 1), MSG_NOSIGNAL);
	if (fuzz_one_in(&mad->rng, 2))
		end_and_wait(mad, client);
	else
		client_close(client);
}

static void talk(struct mad *mad, struct client *client)
{
	struct message message = {.size = 0};
	unsigned count = fuzz_one_in(&mad->rng, 3) ? 1 + fuzz_below(&mad->rng, 4) : 1;

	for (unsigned i = 0; i < count; i++)
		append_right(mad, client, &message);
	if (fuzz_one_in(&mad->rng, 20))
		append_wrong(mad, client, &message);
	if (!transmit(mad, client, &message) || fuzz_one_in(&mad->rng, 3) ||
	    client->waiting_count == WAITING_MAX)
		await_answers(mad, client);
}

/* ---- what else happens ---- */

static void use_device(struct mad *mad)
{
	static const unsigned int requests[] = {DRM_IOCTL_SET_MASTER, DRM_IOCTL_DROP_MASTER,
		EVIOCREVOKE, EVIOCGRAB};
	int *fd = &mad->fds[fuzz_below(&mad->rng, FDS)];
	struct vfs_caller caller;
	struct vfs_file *file;

	if (*fd < 0)
		return;
	if (fuzz_one_in(&mad->rng, 3)) {
		close(*fd);
		*fd = -1;
		return;
	}
	if (vfs_file_from_fd(mad->cards->vfs, *fd, &file))
		fuzz_fail("a device file that is none any more");
	vfs_caller_init_self(&caller);
	file->ops->ioctl(file, requests[fuzz_below(&mad->rng, GEM_ARRAY_SIZE(requests))], 0, &caller);
	vfs_file_put(file);
}

static void switch_sessions(struct mad *mad)
{
	FILE *out;
	bool late;

	switch (fuzz_below(&mad->rng, 6)) {
	case 0:
		seat_disable(mad->seat, &late);
		seat_enable(mad->seat);
		break;
	case 1:
		seat_switch(mad->seat, 1 + fuzz_below(&mad->rng, SESSIONS), &late);
		break;
	case 2:
		seat_switch_terminal(mad->seat, 1 + fuzz_below(&mad->rng, 2 * SESSIONS));
		break;
	case 3:
		out = fopen("/dev/null", "we");
		seat_print(mad->seat, out);
		fclose(out);
		break;
	default:
		seat_enable(mad->seat);
	}
}

/* Who has the seat can do more than the others. */
static struct client *choose(struct mad *mad)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		if (mad->clients[i].enabled && fuzz_one_in(&mad->rng, 2))
			return &mad->clients[i];
	}
	return &mad->clients[fuzz_below(&mad->rng, CLIENTS)];
}

static void step(struct mad *mad)
{
	struct client *client = choose(mad);

	if (fuzz_one_in(&mad->rng, 40))
		switch_sessions(mad);
	if (fuzz_one_in(&mad->rng, 8))
		use_device(mad);
	if (client->fd < 0) {
		client->waits = fuzz_one_in(&mad->rng, 2);
		client->fd = connect_to(mad->dir, client->waits ? SEAT_ACK_SOCKET_NAME :
			SEAT_SOCKET_NAME);
	} else if (!fuzz_one_in(&mad->rng, 10) && !drain(mad, client)) {
		return;
	}
	if (fuzz_one_in(&mad->rng, client->wild ? 4 : 40))
		leave(mad, client);
	else
		talk(mad, client);
}

static void *mad_main(void *data)
{
	struct mad *mad = data;

	for (uint64_t i = 0; i < mad->calls; i++)
		step(mad);
	for (unsigned i = 0; i < CLIENTS; i++)
		client_close(&mad->clients[i]);
	for (unsigned i = 0; i < FDS; i++) {
		if (mad->fds[i] >= 0)
			close(mad->fds[i]);
	}
	return NULL;
}

static void mad_init(struct mad *mad, struct fuzz_cards *cards, struct seat *seat, const char *dir,
	uint64_t seed, uint64_t calls)
{
	mad->cards = cards;
	mad->seat = seat;
	mad->dir = dir;
	mad->calls = calls;
	fuzz_rng_init(&mad->rng, seed);
	for (unsigned i = 0; i < CLIENTS; i++)
		mad->clients[i].fd = -1;
	for (unsigned i = 0; i < FDS; i++)
		mad->fds[i] = -1;
}

/* Somebody who is right in his head gets what there is. */
static void check_alive(struct mad *mad)
{
	static struct client client;
	struct message message = {.size = 0};

	client.fd = connect_to(mad->dir, SEAT_SOCKET_NAME);
	append(&message, SEAT_REQUEST_OPEN_SEAT, "", 0);
	expect(&client, ANSWER_SEAT);
	append_open(&message, good_paths[0]);
	expect(&client, ANSWER_DEVICE);
	append(&message, SEAT_REQUEST_CLOSE_SEAT, "", 0);
	expect(&client, ANSWER_CLOSED);
	mad->devices = 0;
	if (!transmit(mad, &client, &message))
		fuzz_fail("the server does not live");
	await_answers(mad, &client);
	if (client.fd < 0 || client.wild || mad->devices != 1)
		fuzz_fail("no seat, or no device");
	end_and_wait(mad, &client);
	for (unsigned i = 0; i < FDS; i++) {
		if (mad->fds[i] >= 0)
			close(mad->fds[i]);
		mad->fds[i] = -1;
	}
}

/* The server has seen all ends, and the files are gone; nobody else reaps here. */
static void settle(struct fuzz_cards *cards, struct seat *seat)
{
	for (unsigned ms = 0; seat_terminals(seat); ms++) {
		if (ms == ANSWER_MS)
			fuzz_fail("sessions are left");
		usleep(1000);
	}
	vfs_reap(cards->vfs);
}

static void run(struct fuzz_cards *cards, struct seat *seat, const char *dir, struct mad *mads,
	const struct fuzz_options *options)
{
	struct mad total = {.answers = 0};
	struct fuzz_counts before;

	fuzz_count(&before);
	for (unsigned i = 0; i < options->threads; i++) {
		mad_init(&mads[i], cards, seat, dir, options->seed * 64 + i,
			options->calls / options->threads);
		if (pthread_create(&mads[i].thread, NULL, mad_main, &mads[i]))
			fuzz_fail("pthread_create");
	}
	for (unsigned i = 0; i < options->threads; i++) {
		pthread_join(mads[i].thread, NULL);
		total.answers += mads[i].answers;
		total.devices += mads[i].devices;
		total.refused += mads[i].refused;
		total.ended += mads[i].ended;
	}
	settle(cards, seat);
	fuzz_check_counts("connections", &before);
	if (seat_active(seat))
		fuzz_fail("session %u is active", seat_active(seat));
	seat_enable(seat);
	mad_init(&mads[0], cards, seat, dir, options->seed, 0);
	check_alive(&mads[0]);
	printf("seed %llu: %llu answers, %llu devices, %llu refused, %llu connections ended\n",
		(unsigned long long)options->seed, (unsigned long long)total.answers,
		(unsigned long long)total.devices, (unsigned long long)total.refused,
		(unsigned long long)total.ended);
}

static void *nothing(void *data)
{
	return data;
}

int main(int argc, char **argv)
{
	const struct seat_options seat_options = {.ack_ms = ACK_MS};
	struct fuzz_options options = {.seed = 1, .calls = 5000, .threads = 4};
	static struct fuzz_cards cards;
	struct evdev_device *inputs[INPUTS];
	char dir[DIR_SIZE] = "/tmp/fuzz-seat-XXXXXX";
	struct seat_server *server;
	struct seat *seat;
	struct fuzz_counts before;

	/* Who is refused is said; there are many. */
	setenv("TESTCARD_LOG", "error", 0);
	fuzz_options_parse(&options, argc, argv);
	struct mad *mads = calloc(options.threads, sizeof(*mads));
	pthread_create(&mads[0].thread, NULL, nothing, NULL);
	pthread_join(mads[0].thread, NULL);
	fuzz_count(&before);
	fuzz_cards_start(&cards, options.seed);
	for (unsigned i = 0; i < INPUTS; i++) {
		const struct evdev_options input = {.kind = i ? EVDEV_POINTER : EVDEV_KEYBOARD,
			.index = i};
		if (evdev_create(cards.vfs, &input, &inputs[i]))
			fuzz_fail("input");
	}
	if (!mkdtemp(dir) || seat_create(cards.vfs, &seat_options, &seat) ||
	    seat_server_create(seat, dir, &server))
		fuzz_fail("server");
	run(&cards, seat, dir, mads, &options);
	seat_server_destroy(server);
	seat_destroy(seat);
	rmdir(dir);
	for (unsigned i = 0; i < INPUTS; i++)
		evdev_destroy(inputs[i]);
	fuzz_cards_stop(&cards);
	fuzz_check_counts("at the end", &before);
	free(mads);
	return 0;
}
