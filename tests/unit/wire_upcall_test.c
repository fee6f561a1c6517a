/*
 * The server's questions: what an honest client sees of them, and what becomes of
 * one that lies, keeps silent or dies.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "test.h"
#include "wire_fixture.h"

enum { LONG = 100000, NUMBER = 1234, HERE = 4321 };
#define ADDRESS 0x700000000000ull /* in no segment */

struct session {
	struct fixture fixture;
	int socket, fd;
	uint32_t id;
};

static struct packet packet, reply;

static const struct wire_header *reply_header(void)
{
	return (const struct wire_header *)reply.data;
}

static void begin(struct session *session)
{
	fixture_begin(&session->fixture);
	session->socket = client_greeted(&session->fixture);
	session->fd = client_open(session->socket, &session->id);
}

static void end(struct session *session)
{
	close(session->fd);
	close(session->socket);
	check_fds(&session->fixture, session->fixture.socket_fds);
	check_alive(&session->fixture);
	fixture_end(&session->fixture);
}

static void start(struct session *session, unsigned request, struct driver_arg *arg)
{
	client_ioctl_packet(&packet, session->id, arg, NULL, 0);
	((struct wire_ioctl *)packet.data)->request = request;
	client_send(session->socket, &packet);
}

/* The next packet is that question. */
static const struct wire_upcall *expect(struct session *session, unsigned kind, uint64_t address,
	uint32_t length)
{
	const struct wire_upcall *question = (const struct wire_upcall *)reply.data;

	CHECK(client_receive(session->socket, &reply));
	CHECK_INT(question->header.op, WIRE_UPCALL);
	CHECK_INT(question->kind, kind);
	CHECK(question->address == address);
	CHECK_INT(question->length, length);
	return question;
}

static void make_answer(int result, const void *data, size_t size, int fd)
{
	packet_begin(&packet, WIRE_UPCALL, sizeof(struct wire_header))->result = result;
	packet_add(&packet, data, size);
	if (fd >= 0)
		packet.fds[packet.fd_count++] = fd;
	packet_finish(&packet);
}

static void answer(struct session *session, int result, const void *data, size_t size, int fd)
{
	make_answer(result, data, size, fd);
	client_send(session->socket, &packet);
}

static int finish(struct session *session)
{
	CHECK(client_receive(session->socket, &reply));
	CHECK_INT(reply_header()->op, WIRE_IOCTL);
	return reply_header()->result;
}

TEST(memory_is_asked_for)
{
	static uint8_t bytes[LONG];
	struct session session;
	struct driver_arg arg = {ADDRESS, ADDRESS + LONG, LONG, 1, -1, 0};

	begin(&session);
	for (int i = 0; i < LONG; i++)
		bytes[i] = i * 7 + i / 256;
	start(&session, DRIVER_ASK, &arg);
	/* In pieces that fit in a packet. */
	for (uint32_t at = 0, now; at < LONG; at += now) {
		now = LONG - at < WIRE_INLINE_MAX ? LONG - at : WIRE_INLINE_MAX;
		expect(&session, WIRE_UPCALL_READ, ADDRESS + at, now);
		answer(&session, 0, bytes + at, now, -1);
	}
	for (uint32_t at = 0, now; at < LONG; at += now) {
		now = LONG - at < WIRE_INLINE_MAX ? LONG - at : WIRE_INLINE_MAX;
		const struct wire_upcall *question =
			expect(&session, WIRE_UPCALL_WRITE, ADDRESS + LONG + at, now);
		CHECK_INT(reply.size, sizeof(*question) + now);
		CHECK(!memcmp(question + 1, bytes + at, now));
		answer(&session, 0, NULL, 0, -1);
	}
	CHECK_INT(finish(&session), 0);
	CHECK_INT(((struct wire_ioctl_reply *)reply.data)->extent_count, 1);
	end(&session);
}

TEST(memory_that_is_not_there)
{
	struct session session;
	struct driver_arg arg = {ADDRESS, ADDRESS + 64, 64, 1, -1, 0};
	uint8_t bytes[64] = {0};

	begin(&session);
	start(&session, DRIVER_ASK, &arg);
	expect(&session, WIRE_UPCALL_READ, ADDRESS, 64);
	answer(&session, -EFAULT, NULL, 0, -1);
	CHECK_INT(finish(&session), -EFAULT);
	/* The channel is in order. */
	start(&session, DRIVER_ASK, &arg);
	expect(&session, WIRE_UPCALL_READ, ADDRESS, 64);
	answer(&session, 0, bytes, 64, -1);
	expect(&session, WIRE_UPCALL_WRITE, ADDRESS + 64, 64);
	answer(&session, -EFAULT, NULL, 0, -1);
	CHECK_INT(finish(&session), -EFAULT);
	end(&session);
}

TEST(descriptors_are_asked_for)
{
	struct session session;
	struct driver_arg arg = {.fd = NUMBER}, back;
	struct stat sent, got;

	begin(&session);
	int memfd = memfd_create("test", MFD_CLOEXEC);
	CHECK_INT(fstat(memfd, &sent), 0);
	start(&session, DRIVER_ASK, &arg);
	expect(&session, WIRE_UPCALL_FETCH, NUMBER, 0);
	answer(&session, 0, NULL, 0, memfd);
	expect(&session, WIRE_UPCALL_INSTALL, 0, 1);
	CHECK_INT(reply.fd_count, 1);
	CHECK_INT(fstat(reply.fds[0], &got), 0);
	CHECK(sent.st_ino == got.st_ino && sent.st_dev == got.st_dev);
	close(reply.fds[0]);
	answer(&session, HERE, NULL, 0, -1);
	CHECK_INT(finish(&session), 0);
	CHECK_INT(reply.fd_count, 0);
	memcpy(&back, reply.data + sizeof(struct wire_ioctl_reply) + sizeof(struct wire_extent),
		sizeof(back));
	CHECK_INT(back.fd, HERE);

	start(&session, DRIVER_ASK, &arg);
	expect(&session, WIRE_UPCALL_FETCH, NUMBER, 0);
	answer(&session, -EBADF, NULL, 0, -1);
	CHECK_INT(finish(&session), -EBADF);
	/* The client's table is full. */
	start(&session, DRIVER_ASK, &arg);
	expect(&session, WIRE_UPCALL_FETCH, NUMBER, 0);
	answer(&session, 0, NULL, 0, memfd);
	expect(&session, WIRE_UPCALL_INSTALL, 0, 1);
	close(reply.fds[0]);
	answer(&session, -EMFILE, NULL, 0, -1);
	CHECK_INT(finish(&session), -EMFILE);
	close(memfd);
	end(&session);
}

TEST(only_where_both_tables_allow_it)
{
	struct session session;
	struct driver_arg arg = {ADDRESS, ADDRESS, 8, 1, -1, 0}, descriptor = {.fd = NUMBER};

	begin(&session);
	start(&session, DRIVER_COPY, &arg);
	CHECK_INT(finish(&session), -EFAULT);
	start(&session, DRIVER_ASK_IN_VAIN, &arg);
	CHECK_INT(finish(&session), -EFAULT);
	start(&session, DRIVER_ASK_IN_VAIN, &descriptor);
	CHECK_INT(finish(&session), -EBADF);
	end(&session);
}

/* What else a client may send in an answer's place. The question: read 64 bytes. */
struct lie {
	const char *name;
	bool fetch; /* the question is for a descriptor */
	int op, result;
	unsigned size; /* of the data */
	unsigned fds;
	int extra;     /* claimed beyond the packet's size */
};
static const struct lie lies[] = {
	{"no data", false, WIRE_UPCALL, 0, 0, 0, 0},
	{"too few", false, WIRE_UPCALL, 0, 63, 0, 0},
	{"too many", false, WIRE_UPCALL, 0, 65, 0, 0},
	{"far too many", false, WIRE_UPCALL, 0, WIRE_INLINE_MAX + 4096, 0, 0},
	{"an error with data", false, WIRE_UPCALL, -EFAULT, 64, 0, 0},
	{"no errno", false, WIRE_UPCALL, -5000, 0, 0, 0},
	{"a descriptor nobody asked for", false, WIRE_UPCALL, 0, 64, 1, 0},
	{"an error with a descriptor", false, WIRE_UPCALL, -EFAULT, 0, 1, 0},
	{"another request", false, WIRE_UEVENT, 0, 0, 0, 0},
	{"hello", false, WIRE_HELLO, 0, 16, 0, 0},
	{"a size that is wrong", false, WIRE_UPCALL, 0, 64, 0, 8},
	{"no descriptor", true, WIRE_UPCALL, 0, 0, 0, 0},
	{"two descriptors", true, WIRE_UPCALL, 0, 0, 2, 0},
	{"a flood of descriptors", true, WIRE_UPCALL, 0, 0, WIRE_FDS_MAX + 1, 0},
	{"data for a descriptor", true, WIRE_UPCALL, 0, 4, 1, 0},
};

TEST_ROWS(answer_that_is_none, struct lie, lies)
{
	static const uint8_t zeros[WIRE_INLINE_MAX + 4096];
	struct session session;
	struct driver_arg read = {ADDRESS, ADDRESS, 64, 1, -1, 0}, fetch = {.fd = NUMBER};

	begin(&session);
	start(&session, DRIVER_ASK, row->fetch ? &fetch : &read);
	CHECK(client_receive(session.socket, &reply));
	packet_begin(&packet, row->op, sizeof(struct wire_header))->result = row->result;
	packet_add(&packet, zeros, row->size);
	packet.fd_count = row->fds;
	memset(packet.fds, 0, sizeof(packet.fds));
	packet_finish(&packet);
	((struct wire_header *)packet.data)->size += row->extra;
	client_send(session.socket, &packet);
	CHECK(!client_receive(session.socket, &reply));
	CHECK_INT(atomic_load(&driver_result), -EFAULT);
	end(&session);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

TEST(silence_has_an_end)
{
	struct session session;
	struct driver_arg arg = {ADDRESS, ADDRESS, 64, 1, -1, 0};

	begin(&session);
	wire_server_set_patience(session.fixture.server, 100);
	double before = seconds();
	start(&session, DRIVER_ASK, &arg);
	expect(&session, WIRE_UPCALL_READ, ADDRESS, 64);
	CHECK(!client_receive(session.socket, &reply));
	CHECK(seconds() - before >= 0.09);
	CHECK_INT(atomic_load(&driver_result), -EFAULT);
	end(&session);
}

TEST(dies_with_the_question)
{
	struct session session;
	struct driver_arg arg = {ADDRESS, ADDRESS, 64, 1, -1, 0};

	begin(&session);
	start(&session, DRIVER_ASK, &arg);
	expect(&session, WIRE_UPCALL_READ, ADDRESS, 64);
	close(session.socket);
	for (int i = 0; i < 400 && atomic_load(&driver_result) > 0; i++)
		usleep(5000);
	CHECK_INT(atomic_load(&driver_result), -EFAULT);
	session.socket = client_greeted(&session.fixture);
	end(&session);
}

/* The server's questions would fill the socket and hold the handler up. */
TEST(answers_without_reading)
{
	struct session session;
	struct driver_arg arg = {ADDRESS, ADDRESS, 64, 1, -1, 0};
	uint8_t bytes[64] = {0};

	begin(&session);
	start(&session, DRIVER_ASK, &arg);
	answer(&session, 0, bytes, 64, -1);
	/* By now the server may have seen enough. */
	make_answer(0, NULL, 0, -1);
	client_try_send(session.socket, &packet);
	struct pollfd hung_up = {session.socket, 0, 0};
	CHECK_INT(poll(&hung_up, 1, 10000), 1);
	CHECK_INT(atomic_load(&driver_result), -EFAULT);
	end(&session);
}

TEST(the_server_ends_with_a_question_open)
{
	struct session session;
	struct driver_arg arg = {ADDRESS, ADDRESS, 64, 1, -1, 0};

	begin(&session);
	start(&session, DRIVER_ASK, &arg);
	expect(&session, WIRE_UPCALL_READ, ADDRESS, 64);
	wire_server_destroy(session.fixture.server);
	CHECK_INT(atomic_load(&driver_result), -EFAULT);
	CHECK(!client_receive(session.socket, &reply));
	close(session.fd);
	close(session.socket);
	vfs_destroy(session.fixture.vfs);
	CHECK_INT(rmdir(session.fixture.dir), 0);
}

/* A list as long as a request takes; the look-ups go by address. */
TEST(a_thousand_segments)
{
	enum { COUNT = WIRE_SEGMENTS_MAX - 1, EACH = 32 };
	static uint8_t memory[COUNT * EACH];
	static struct segment segments[COUNT];
	struct session session;
	struct driver_arg arg = {0, 0, 16, 1, -1, 0};

	begin(&session);
	for (int i = 0; i < COUNT; i++) {
		/* Not in order, half of them for writing only. */
		uint8_t *at = memory + i * 7 % COUNT * EACH;
		memset(at, i, EACH);
		segments[i] = (struct segment){at, EACH, i % 2 ? WIRE_SEG_OUT :
			WIRE_SEG_IN | WIRE_SEG_OUT};
	}
	for (int i = 0; i < COUNT; i += 214) {
		arg.from = (uintptr_t)segments[i].data + 3;
		arg.to = (uintptr_t)segments[COUNT - 2 - i].data + 5;
		client_ioctl_packet(&packet, session.id, &arg, segments, COUNT);
		client_send(session.socket, &packet);
		CHECK_INT(finish(&session), 0);
		const struct wire_ioctl_reply *head = (const struct wire_ioctl_reply *)reply.data;
		const struct wire_extent *extents = (const struct wire_extent *)(head + 1);
		CHECK_INT(head->extent_count, 2);
		unsigned mine = extents[0].segment ? 0 : 1;
		CHECK_INT(extents[mine].segment, COUNT - 1 - i);
		CHECK_INT(extents[mine].offset, 5);
		CHECK_INT(extents[mine].length, 16);
		CHECK_INT(reply.data[sizeof(*head) + 2 * sizeof(*extents) +
			(mine ? sizeof(arg) : 0)], (uint8_t)i);
	}
	/* Between two of them, and past the last. */
	arg.from = (uintptr_t)memory + EACH - 8;
	client_ioctl_packet(&packet, session.id, &arg, segments, COUNT);
	client_send(session.socket, &packet);
	CHECK_INT(finish(&session), -EFAULT);
	arg.from = (uintptr_t)memory + sizeof(memory);
	client_ioctl_packet(&packet, session.id, &arg, segments, COUNT);
	client_send(session.socket, &packet);
	CHECK_INT(finish(&session), -EFAULT);
	end(&session);
}
