/*
 * testcard-logind's devices on a seat server of our own, which says two things at once: a device is
 * open, and the session is to leave. The answer must come, though nothing else is ever said.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "logind.h"
#include "seat_protocol.h"
#include "test.h"

enum { DRM = 226, PATIENCE_US = 20000000, ID = 1 };

#define SEAT "seat0"

static unsigned left; /* times that the session was told to */

/* What logind_device.c calls of the rest of testcard-logind. */
void logind_control_activated(struct logind *logind)
{
	logind->active = true;
}

void logind_control_deactivated(struct logind *logind)
{
	logind->active = false;
	left++;
}

/* ---- the seat server, a process ---- */

struct reply {
	char bytes[64];
	size_t used;
};

static void add(struct reply *reply, uint16_t opcode, const void *body, uint16_t size)
{
	const struct seat_header header = {opcode, size};

	memcpy(reply->bytes + reply->used, &header, sizeof(header));
	memcpy(reply->bytes + reply->used + sizeof(header), body, size);
	reply->used += sizeof(header) + size;
}

/* fd: -1, or it goes with the reply. */
static void send_reply(int client, const struct reply *reply, int fd)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec vec = {(char *)reply->bytes, reply->used};
	struct msghdr message = {.msg_iov = &vec, .msg_iovlen = 1};

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.space);
	}
	CHECK_INT(sendmsg(client, &message, MSG_NOSIGNAL), reply->used);
}

static void answer(int client, uint16_t opcode)
{
	const uint16_t length = sizeof(SEAT) - 1;
	char opened[sizeof(length) + sizeof(SEAT)];
	struct reply reply = {.used = 0};
	int32_t id = ID;
	int fd = -1;

	switch (opcode) {
	case SEAT_REQUEST_OPEN_SEAT:
		memcpy(opened, &length, sizeof(length));
		memcpy(opened + sizeof(length), SEAT, length);
		add(&reply, SEAT_EVENT_SEAT_OPENED, opened, sizeof(length) + length);
		add(&reply, SEAT_EVENT_ENABLE, "", 0);
		break;
	case SEAT_REQUEST_OPEN_DEVICE:
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		add(&reply, SEAT_EVENT_DEVICE_OPENED, &id, sizeof(id));
		add(&reply, SEAT_EVENT_DISABLE, "", 0);
		break;
	case SEAT_REQUEST_CLOSE_DEVICE:
		add(&reply, SEAT_EVENT_DEVICE_CLOSED, "", 0);
		break;
	case SEAT_REQUEST_CLOSE_SEAT:
		add(&reply, SEAT_EVENT_SEAT_CLOSED, "", 0);
		break;
	}
	if (reply.used)
		send_reply(client, &reply, fd);
	if (fd >= 0)
		close(fd);
}

static void serve(int listener)
{
	int client = accept(listener, NULL, NULL);
	struct seat_header header;
	char body[SEAT_REQUEST_MAX];

	CHECK(client >= 0);
	while (recv(client, &header, sizeof(header), MSG_WAITALL) == sizeof(header)) {
		CHECK(header.size <= sizeof(body));
		if (header.size)
			CHECK_INT(recv(client, body, header.size, MSG_WAITALL), header.size);
		answer(client, header.opcode);
	}
	_exit(0);
}

static pid_t start_server(struct sockaddr_un *address)
{
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address->sun_path, sizeof(address->sun_path), "%s/seat-%d", P_tmpdir, getpid());
	CHECK_INT(bind(listener, (struct sockaddr *)address, sizeof(*address)), 0);
	CHECK_INT(listen(listener, 1), 0);
	setenv("LIBSEAT_BACKEND", "seatd", 1);
	setenv("SEATD_SOCK", address->sun_path, 1);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		serve(listener);
	close(listener);
	return pid;
}

/* As a request of a desktop comes: from the loop. */
static int take(sd_event_source *source, void *data)
{
	struct logind_device *device;

	CHECK_INT(logind_device_take(data, makedev(DRM, 0), &device), 0);
	return 0;
}

TEST(a_device_and_the_news_that_the_seat_is_lost_come_at_once)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	pid_t server = start_server(&address);
	struct logind logind = {0};
	sd_event_source *request;
	int status;

	CHECK(sd_event_new(&logind.event) >= 0);
	CHECK_INT(logind_device_open_seat(&logind), 0);
	CHECK(logind.active);
	CHECK(sd_event_add_defer(logind.event, &request, take, &logind) >= 0);
	while (left == 0)
		CHECK(sd_event_run(logind.event, PATIENCE_US) > 0);
	CHECK(!logind.active);
	sd_event_source_unref(request);
	logind_device_release(&logind, &logind.devices[0]);
	logind_device_close_seat(&logind);
	sd_event_unref(logind.event);
	CHECK_INT(waitpid(server, &status, 0), server);
	CHECK_INT(status, 0);
	unlink(address.sun_path);
}
