/*
 * The seat: what libseat makes of it, who has master and input when sessions change, and what
 * clients can not do to it. Each message of a bad one is written by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <libseat.h>
#include <linux/input.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform.h"
#include "seat_client.h"
#include "seat_vt_private.h"
#include "test.h"
#include "wire_uapi.h"

enum { PATIENCE_SECONDS = 20, SHORT_MS = 50 };

static struct platform *platform;
static struct seat *seat;
static struct seat_server *server;

static void setup(int ack_ms)
{
	const struct platform_options options = {.input = PLATFORM_INPUT_DEFAULT};
	const struct seat_options seat_options = {.ack_ms = ack_ms};
	char path[sizeof(platform->dir) + 32];

	CHECK_INT(platform_create(&options, &platform), 0);
	CHECK_INT(control_server_start(platform->control, platform->dir), 0);
	CHECK_INT(seat_create(platform->vfs, &seat_options, &seat), 0);
	CHECK_INT(seat_server_create(seat, platform->dir, &server), 0);
	snprintf(path, sizeof(path), "%s/%s", platform->dir, SEAT_SOCKET_NAME);
	setenv("LIBSEAT_BACKEND", "seatd", 1);
	setenv("SEATD_SOCK", path, 1);
}

static void teardown(void)
{
	seat_server_destroy(server);
	seat_destroy(seat);
	platform_destroy(platform);
}

static bool in_time(const struct timespec *begin)
{
	const struct timespec pause = {0, 1000000};
	struct timespec now;

	nanosleep(&pause, NULL);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - begin->tv_sec < PATIENCE_SECONDS;
}

#define WAIT(cond)                                           \
	do {                                                 \
		struct timespec begin_;                      \
		clock_gettime(CLOCK_MONOTONIC, &begin_);     \
		while (!(cond) && in_time(&begin_))          \
			;                                    \
		CHECK(cond);                                 \
	} while (0)

/* What the holder of fd gets for a request without memory, as an ordinary user. */
static long request(int fd, unsigned int number, uint64_t arg)
{
	struct vfs_caller caller;
	struct vfs_file *file;

	CHECK_INT(vfs_file_from_fd(platform->vfs, fd, &file), 0);
	vfs_caller_init_self(&caller);
	caller.uid = 1000;
	caller.pid = 1; /* not the seat's own process */
	long ret = file->ops->ioctl(file, number, arg, &caller);
	vfs_file_put(file);
	return ret;
}

static bool is_master(int fd)
{
	struct vfs_file *file;

	CHECK_INT(vfs_file_from_fd(platform->vfs, fd, &file), 0);
	bool master = uapi_file_is_master(gem_container_of(file, struct uapi_file, base));
	vfs_file_put(file);
	return master;
}

static long commit(int fd)
{
	struct drm_mode_atomic atomic = {0};
	struct drm_set_client_cap cap = {DRM_CLIENT_CAP_ATOMIC, 1};

	CHECK_INT(request(fd, DRM_IOCTL_SET_CLIENT_CAP, (uintptr_t)&cap), 0);
	return request(fd, DRM_IOCTL_MODE_ATOMIC, (uintptr_t)&atomic);
}

static long input_version(int fd)
{
	int version;

	return request(fd, EVIOCGVERSION, (uintptr_t)&version);
}

/* ---- libseat ---- */

struct holder {
	struct libseat *libseat;
	unsigned enabled, disabled; /* times */
	bool silent;                /* does not answer */
};

static void on_enable(struct libseat *libseat, void *data)
{
	((struct holder *)data)->enabled++;
}

static void on_disable(struct libseat *libseat, void *data)
{
	struct holder *holder = data;

	holder->disabled++;
	if (!holder->silent)
		CHECK_INT(libseat_disable_seat(libseat), 0);
}

static struct libseat_seat_listener listener = {on_enable, on_disable};

static void holder_open(struct holder *holder)
{
	memset(holder, 0, sizeof(*holder));
	holder->libseat = libseat_open_seat(&listener, holder);
	CHECK(holder->libseat != NULL);
}

static bool dispatch(struct holder *holder)
{
	CHECK(libseat_dispatch(holder->libseat, 0) >= 0);
	return true;
}

/* Devices that libseat hands out are the caller's to close. */
static int holder_device(struct holder *holder, const char *path, int *fd)
{
	int id = libseat_open_device(holder->libseat, path, fd);

	CHECK(id > 0);
	return id;
}

TEST(devices)
{
	struct holder holder;
	int card, key, again, id, key_id;

	setup(0);
	holder_open(&holder);
	CHECK(strcmp(libseat_seat_name(holder.libseat), "seat0") == 0);
	WAIT(dispatch(&holder) && holder.enabled == 1);
	id = holder_device(&holder, "/dev/dri/card0", &card);
	CHECK(is_master(card));
	CHECK_INT(commit(card), 0);
	CHECK(fcntl(card, F_GETFL) & O_NONBLOCK);
	key_id = holder_device(&holder, "/dev/input/event0", &key);
	CHECK(key_id != id);
	CHECK_INT(input_version(key), 0);
	/* Once more: the same file, which stays until it was closed as often. */
	CHECK_INT(holder_device(&holder, "/dev/dri/card0", &again), id);
	CHECK_INT(libseat_close_device(holder.libseat, id), 0);
	CHECK(is_master(card));
	CHECK_INT(libseat_close_device(holder.libseat, id), 0);
	CHECK(!is_master(card));
	CHECK_ERRNO(libseat_close_device(holder.libseat, id), ENOENT);
	CHECK_INT(libseat_close_device(holder.libseat, key_id), 0);
	CHECK_INT(input_version(key), -ENODEV);
	close(again);
	close(card);
	close(key);
	CHECK_INT(libseat_close_seat(holder.libseat), 0);
	teardown();
}

TEST(no_such_device)
{
	static const char *const paths[] = {"/dev/dri/card7", "/etc/passwd", "/dev/input/../dri/card0",
		"/dev/dri/", "card0", "/sys/kernel/debug/dri/0/name", "/dev/dri/card0/"};
	struct holder holder;
	int fd;

	setup(0);
	holder_open(&holder);
	WAIT(dispatch(&holder) && holder.enabled == 1);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(paths); i++)
		CHECK_ERRNO(libseat_open_device(holder.libseat, paths[i], &fd), ENOENT);
	CHECK_INT(libseat_close_seat(holder.libseat), 0);
	teardown();
}

TEST(switch_and_back)
{
	struct holder first, second;
	int card, other, key, fd;

	setup(0);
	holder_open(&first);
	holder_open(&second);
	WAIT(dispatch(&first) && first.enabled == 1);
	holder_device(&first, "/dev/dri/card0", &card);
	int key_id = holder_device(&first, "/dev/input/event0", &key);
	dispatch(&second);
	CHECK_INT(second.enabled, 0);
	CHECK_ERRNO(libseat_open_device(second.libseat, "/dev/dri/card0", &fd), EPERM);

	CHECK_INT(libseat_switch_session(first.libseat, 2), 0);
	WAIT(dispatch(&first) && first.disabled == 1);
	WAIT(dispatch(&second) && second.enabled == 1);
	CHECK_INT(seat_active(seat), 2);
	CHECK_INT(commit(card), -EACCES);
	CHECK_INT(input_version(key), -ENODEV);
	CHECK_INT(request(card, DRM_IOCTL_SET_MASTER, 0), -EACCES);
	holder_device(&second, "/dev/dri/card0", &other);
	CHECK(is_master(other));
	CHECK_INT(commit(other), 0);

	/* Who is not there is not missed, and who is not active has no say. */
	CHECK_INT(libseat_switch_session(second.libseat, 17), 0);
	CHECK_INT(libseat_switch_session(first.libseat, 1), 0);
	CHECK_ERRNO(libseat_open_device(first.libseat, "/dev/dri/card0", &fd), EPERM);
	CHECK_INT(seat_active(seat), 2);

	CHECK_INT(libseat_switch_session(second.libseat, 1), 0);
	WAIT(dispatch(&second) && second.disabled == 1);
	WAIT(dispatch(&first) && first.enabled == 2);
	CHECK_INT(commit(card), 0);
	CHECK_INT(commit(other), -EACCES);
	/* Revoked is revoked: input is opened anew, and closed in any order. */
	CHECK_INT(input_version(key), -ENODEV);
	holder_device(&first, "/dev/input/event0", &fd);
	CHECK_INT(libseat_close_device(first.libseat, key_id), 0);
	CHECK_INT(input_version(fd), 0);
	close(fd);
	close(key);
	close(card);
	close(other);
	CHECK_INT(libseat_close_seat(first.libseat), 0);
	WAIT(dispatch(&second) && second.enabled == 2);
	CHECK_INT(libseat_close_seat(second.libseat), 0);
	teardown();
}

TEST(silent_session_keeps_nothing)
{
	struct holder first, second;
	bool late = false;
	int card, other;

	setup(SHORT_MS);
	holder_open(&first);
	first.silent = true;
	holder_open(&second);
	WAIT(dispatch(&first) && first.enabled == 1);
	holder_device(&first, "/dev/dri/card0", &card);
	CHECK_INT(seat_switch(seat, 2, &late), 0);
	CHECK(late);
	CHECK_INT(seat_active(seat), 2);
	CHECK_INT(commit(card), -EACCES);
	WAIT(dispatch(&second) && second.enabled == 1);
	holder_device(&second, "/dev/dri/card0", &other);
	CHECK_INT(commit(other), 0);
	/* Its answer comes when nobody asks any more, and changes nothing. */
	WAIT(dispatch(&first) && first.disabled == 1);
	CHECK_INT(libseat_disable_seat(first.libseat), 0);
	CHECK_INT(libseat_disable_seat(first.libseat), 0);
	CHECK_ERRNO(libseat_open_device(first.libseat, "/dev/dri/card0", &card), EPERM);
	CHECK_INT(seat_active(seat), 2);
	CHECK_INT(commit(other), 0);
	CHECK_INT(seat_switch(seat, 9, NULL), -ENOENT);
	close(card);
	close(other);
	CHECK_INT(libseat_close_seat(first.libseat), 0);
	CHECK_INT(libseat_close_seat(second.libseat), 0);
	teardown();
}

TEST(disabled_and_enabled)
{
	struct holder holder, late_comer;
	bool late;
	int card;

	setup(SHORT_MS);
	CHECK_INT(seat_enable(seat), -ENOENT);
	holder_open(&holder);
	WAIT(dispatch(&holder) && holder.enabled == 1);
	holder_device(&holder, "/dev/dri/card0", &card);
	seat_disable(seat, &late); /* not dispatched meanwhile */
	CHECK(late);
	CHECK_INT(seat_active(seat), 0);
	CHECK_INT(commit(card), -EACCES);
	/* Nor does a new one get it. */
	holder_open(&late_comer);
	CHECK_INT(seat_active(seat), 0);
	CHECK_INT(seat_enable(seat), 0);
	CHECK_INT(seat_active(seat), 1);
	CHECK_INT(commit(card), 0);
	WAIT(dispatch(&holder) && holder.enabled == 2);
	close(card);
	CHECK_INT(libseat_close_seat(holder.libseat), 0);
	CHECK_INT(libseat_close_seat(late_comer.libseat), 0);
	teardown();
}

/* ---- terminals ---- */

static int open_terminal(void)
{
	struct vfs_caller caller;
	int fd;

	vfs_caller_init_self(&caller);
	CHECK_INT(vfs_open(platform->vfs, "/dev/tty1", O_RDWR | O_CLOEXEC, &caller, &fd), 0);
	return fd;
}

/* Who was there before closes its file: the next one's session is not its own. */
TEST(terminal_taken_over)
{
	enum { ROUNDS = 40 }; /* memory of processes comes again */
	struct vt_mode mode = {.mode = VT_PROCESS};
	struct seat_vts *vts;
	int first, second;

	setup(SHORT_MS);
	CHECK_INT(seat_vts_create(seat, platform->vfs, &vts), 0);
	first = open_terminal();
	CHECK_INT(request(first, WIRE_VT_SETMODE, (uintptr_t)&mode), 0);
	for (int i = 0; i < ROUNDS; i++) {
		second = open_terminal();
		CHECK_INT(request(second, WIRE_VT_SETMODE, (uintptr_t)&mode), 0);
		close(first);
		vfs_reap(platform->vfs);
		/* By its owner's number; the seat's thread may not have heard yet. */
		CHECK(atomic_load(&vts->vts[1].owner) != 0);
		CHECK_INT(seat_active(seat), 1);
		first = second;
	}
	/* And who comes after the last close finds it free at once. */
	for (int i = 0; i < ROUNDS; i++) {
		close(first);
		vfs_reap(platform->vfs);
		first = open_terminal();
		CHECK_INT(request(first, WIRE_VT_SETMODE, (uintptr_t)&mode), 0);
	}
	close(first);
	vfs_reap(platform->vfs);
	WAIT(seat_active(seat) == 0);
	seat_vts_remove(vts, platform->vfs);
	seat_server_destroy(server);
	seat_destroy(seat);
	platform_destroy(platform);
	seat_vts_destroy(vts);
}

static struct {
	unsigned settled, enabled, enabled_at; /* enabled_at: settled of the last one */
} order;

static void note_settled(void *data)
{
	order.settled++;
}

static void note_enabled(void *data)
{
	order.enabled++;
	order.enabled_at = order.settled;
}

static bool leave_at_once(void *data)
{
	return false;
}

/* What was committed is shown before the next one may commit. */
TEST(screens_settle_before_the_next)
{
	static const struct seat_session_ops ops = {.enable = note_enabled, .disable = leave_at_once};
	const struct seat_options options = {.settle = note_settled};
	struct seat_session *one, *two;
	struct vfs *vfs;

	CHECK_INT(vfs_create(&vfs), 0);
	CHECK_INT(seat_create(vfs, &options, &seat), 0);
	CHECK_INT(seat_session_open(seat, &ops, NULL, getpid(), 1, &one), 0);
	CHECK_INT(order.enabled_at, 1);
	CHECK_INT(seat_session_open(seat, &ops, NULL, getpid(), 2, &two), 0);
	CHECK_INT(order.settled, 1);
	CHECK_INT(seat_switch(seat, 2, NULL), 0);
	CHECK_INT(order.enabled, 2);
	CHECK_INT(order.enabled_at, 2);
	seat_session_close(two);
	seat_session_close(one);
	seat_destroy(seat);
	vfs_destroy(vfs);
}

/* ---- clients that are none of libseat's ---- */

static int raw_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval patience = {PATIENCE_SECONDS, 0};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", getenv("SEATD_SOCK"));
	CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* True when the server has ended it. What it said before that does not matter. */
static bool ended(int fd)
{
	char data[512];
	ssize_t got;

	do {
		got = recv(fd, data, sizeof(data), 0);
	} while (got > 0);
	return got == 0 || errno == ECONNRESET;
}

static void check_alive(void)
{
	struct holder holder;
	int fd;

	holder_open(&holder);
	WAIT(dispatch(&holder) && holder.enabled > 0);
	holder_device(&holder, "/dev/dri/card0", &fd);
	CHECK_INT(commit(fd), 0);
	close(fd);
	CHECK_INT(libseat_close_seat(holder.libseat), 0);
}

#define OPEN "\1\0\0\0"

struct bad {
	const char *name;
	const char *bytes;
	size_t size;
};
#define BAD(name, bytes) {name, bytes, sizeof(bytes) - 1}

static const struct bad bads[] = {
	BAD("opcode 0", "\0\0\0\0"),
	BAD("unknown opcode", "\x2a\0\0\0"),
	BAD("an event's opcode", "\1\x80\0\0"),
	BAD("open_seat with a body", "\1\0\1\0x"),
	BAD("seat opened twice", OPEN OPEN),
	BAD("reopened", OPEN "\2\0\0\0" OPEN),
	BAD("close without a seat", "\2\0\0\0"),
	BAD("device without a seat", "\3\0\4\0\2\0a\0"),
	BAD("answer without a seat", "\5\0\0\0"),
	BAD("switch without a seat", "\6\0\4\0\1\0\0\0"),
	BAD("device without length", OPEN "\3\0\0\0"),
	BAD("device with half a length", OPEN "\3\0\1\0\1"),
	BAD("path longer than the message", OPEN "\3\0\4\0\xff\0a\0"),
	BAD("path shorter than the message", OPEN "\3\0\5\0\2\0a\0\0"),
	BAD("empty path", OPEN "\3\0\3\0\1\0\0"),
	BAD("path without NUL", OPEN "\3\0\4\0\2\0ab"),
	BAD("path with two NULs", OPEN "\3\0\5\0\3\0a\0\0"),
	BAD("message of 64 KiB", OPEN "\3\0\xff\xff\xfd\xff/dev"),
	BAD("close_device too short", OPEN "\4\0\2\0\1\0"),
	BAD("close_device too long", OPEN "\4\0\5\0\1\0\0\0\0"),
	BAD("switch too long", OPEN "\6\0\x08\0\1\0\0\0\0\0\0\0"),
	BAD("ping with a body", "\7\0\1\0x"),
};

TEST_ROWS(bad_message, struct bad, bads)
{
	setup(0);
	int fd = raw_connect();
	CHECK_INT(send(fd, row->bytes, row->size, MSG_NOSIGNAL), row->size);
	CHECK(ended(fd));
	close(fd);
	check_alive();
	teardown();
}

TEST(message_in_pieces)
{
	static const char bytes[] = OPEN "\3\0\x11\0\x0f\0/dev/dri/card0";
	uint16_t header[2];
	char data[64];

	setup(0);
	int fd = raw_connect();
	/* With its last NUL. */
	for (size_t i = 0; i < sizeof(bytes); i++)
		CHECK_INT(send(fd, bytes + i, 1, MSG_NOSIGNAL), 1);
	CHECK_INT(recv(fd, data, 11 + 4, MSG_WAITALL), 11 + 4); /* opened, enabled */
	CHECK(memcmp(data, "\1\x80\7\0\5\0seat0\6\x80\0\0", 15) == 0);
	CHECK_INT(recv(fd, header, sizeof(header), MSG_WAITALL), sizeof(header));
	CHECK_INT(header[0], SEAT_EVENT_DEVICE_OPENED);
	CHECK_INT(header[1], 4);
	close(fd);
	check_alive();
	teardown();
}

TEST(answer_after_the_end)
{
	static const char bytes[] = OPEN "\2\0\0\0" "\5\0\0\0" "\7\0\0\0";
	char data[15 + 4 + 4];

	setup(0);
	int fd = raw_connect();
	CHECK_INT(send(fd, bytes, sizeof(bytes) - 1, MSG_NOSIGNAL), sizeof(bytes) - 1);
	CHECK_INT(recv(fd, data, sizeof(data), MSG_WAITALL), sizeof(data));
	CHECK(memcmp(data + 15, "\2\x80\0\0\7\x80\0\0", 8) == 0); /* closed, pong */
	close(fd);
	check_alive();
	teardown();
}

/* ---- a newer libseat, which waits ---- */

static int ack_connect(void)
{
	char path[sizeof(platform->dir) + 32];

	snprintf(path, sizeof(path), "%s/%s", platform->dir, SEAT_ACK_SOCKET_NAME);
	setenv("SEATD_SOCK", path, 1);
	return raw_connect();
}

static void check_bytes(int fd, const char *want, size_t size)
{
	char data[64];

	CHECK_INT(recv(fd, data, size, MSG_WAITALL), size);
	for (size_t i = 0; i < size; i++)
		CHECK_INT((unsigned char)data[i], (unsigned char)want[i]);
}
#define CHECK_BYTES(fd, want) check_bytes(fd, want, sizeof(want) - 1)
#define OPENED "\1\x80\7\0\5\0seat0"
#define ENABLED "\6\x80\0\0"
#define ASKED_TO_LEAVE "\5\x80\0\0"
#define ERROR_OF(number) "\xff\xff\4\0" number "\0\0\0"

static void send_all(int fd, const char *bytes, size_t size)
{
	CHECK_INT(send(fd, bytes, size, MSG_NOSIGNAL), size);
}
#define SEND(fd, bytes) send_all(fd, bytes, sizeof(bytes) - 1)
#define LEFT "\5\0\0\0"
#define SWITCH_TO(number) "\6\0\4\0" number "\0\0\0"

TEST(answers_for_who_waits)
{
	struct holder old;

	setup(0);
	holder_open(&old);
	dispatch(&old);
	int fd = ack_connect();
	SEND(fd, OPEN);
	CHECK_BYTES(fd, OPENED);
	/* It has not got the seat: EPERM, as seatd says. */
	SEND(fd, SWITCH_TO("\1"));
	CHECK_BYTES(fd, ERROR_OF("\1"));
	CHECK_INT(libseat_switch_session(old.libseat, 2), 0);
	WAIT(dispatch(&old) && old.disabled == 1);
	CHECK_BYTES(fd, ENABLED);
	/* Nobody asked it to leave: EBUSY; there is no session 9: EINVAL. */
	SEND(fd, LEFT);
	CHECK_BYTES(fd, ERROR_OF("\x10"));
	SEND(fd, SWITCH_TO("\x09"));
	CHECK_BYTES(fd, ERROR_OF("\x16"));
	SEND(fd, SWITCH_TO("\2")); /* it is there */
	CHECK_BYTES(fd, "\x08\x80\0\0");
	/* The event is there before the answer. */
	SEND(fd, SWITCH_TO("\1"));
	CHECK_BYTES(fd, ASKED_TO_LEAVE "\x08\x80\0\0");
	SEND(fd, LEFT);
	CHECK_BYTES(fd, "\x09\x80\0\0");
	/* libseat 0.7 beside it gets no such answers: its next request would fail. */
	WAIT(dispatch(&old) && old.enabled == 2);
	int device, id = holder_device(&old, "/dev/input/event0", &device);
	CHECK_INT(libseat_close_device(old.libseat, id), 0);
	close(device);
	/* Again, when it has long left: no harm. */
	SEND(fd, LEFT "\2\0\0\0" LEFT);
	CHECK_BYTES(fd, "\x09\x80\0\0\2\x80\0\0\x09\x80\0\0");
	CHECK_INT(libseat_close_seat(old.libseat), 0);
	close(fd);
	teardown();
}

TEST(client_that_does_not_read)
{
	static const char ask[] = "\3\0\x11\0\x0f\0/dev/dri/card0";
	size_t sent = 0;

	setup(0);
	int before = test_count_fds(), fd = raw_connect();
	CHECK_INT(send(fd, OPEN, 4, MSG_NOSIGNAL), 4);
	/* Until it was dropped; blocking, since the server takes its time. */
	while (sent < 100000 && send(fd, ask, sizeof(ask), MSG_NOSIGNAL) == sizeof(ask))
		sent++;
	CHECK(sent < 100000);
	close(fd);
	WAIT(test_count_fds() == before);
	check_alive();
	teardown();
}

TEST(descriptors_of_a_client_are_dropped)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec vec = {(char *)OPEN, 4};
	struct msghdr message = {.msg_iov = &vec, .msg_iovlen = 1, .msg_control = control.space,
		.msg_controllen = sizeof(control.space)};
	int pair[2];
	char byte;

	setup(0);
	CHECK_INT(pipe(pair), 0);
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &pair[1], sizeof(int));
	int fd = raw_connect();
	CHECK_INT(sendmsg(fd, &message, MSG_NOSIGNAL), 4);
	close(pair[1]);
	/* The last writer is gone. */
	CHECK_INT(read(pair[0], &byte, 1), 0);
	close(pair[0]);
	close(fd);
	teardown();
}

TEST(client_dies_with_its_session)
{
	struct holder holder;

	setup(0);
	int fd = raw_connect();
	CHECK_INT(send(fd, OPEN, 4, MSG_NOSIGNAL), 4);
	WAIT(seat_active(seat) == 1);
	holder_open(&holder);
	dispatch(&holder);
	CHECK_INT(holder.enabled, 0);
	close(fd);
	WAIT(dispatch(&holder) && holder.enabled == 1);
	CHECK_INT(seat_active(seat), 2);
	CHECK_INT(libseat_close_seat(holder.libseat), 0);
	WAIT(seat_active(seat) == 0);
	teardown();
}

TEST(more_connections_than_there_may_be)
{
	int fds[SEAT_CLIENTS_MAX + 8];

	setup(0);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(fds); i++)
		fds[i] = raw_connect();
	CHECK(ended(fds[GEM_ARRAY_SIZE(fds) - 1]));
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(fds); i++)
		close(fds[i]);
	/* They are gone when the server has looked, which is before it takes a new one. */
	check_alive();
	teardown();
}

/* A process that takes connections and seats until it gets none, and keeps them. */
struct hog {
	pid_t pid;
	int count, error; /* seats; the refusal's errno */
};

/* 0 and *fd, or the refusal's errno. */
static int raw_open_seat(int *fd)
{
	struct seat_header header;
	uint8_t body[32];
	int32_t error;

	*fd = raw_connect();
	if (send(*fd, OPEN, 4, MSG_NOSIGNAL) != 4 ||
	    recv(*fd, &header, sizeof(header), MSG_WAITALL) != sizeof(header) ||
	    header.size > sizeof(body) || recv(*fd, body, header.size, MSG_WAITALL) != header.size)
		return EPROTO;
	if (header.opcode == SEAT_EVENT_SEAT_OPENED)
		return 0;
	memcpy(&error, body, sizeof(error));
	close(*fd);
	return header.opcode == SEAT_EVENT_ERROR ? error : EPROTO;
}

static void hog_start(struct hog *hog)
{
	int ends[2], fd;

	CHECK_INT(pipe(ends), 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (hog->count = 0; (hog->error = raw_open_seat(&fd)) == 0; hog->count++)
			;
		if (write(ends[1], hog, sizeof(*hog)) != sizeof(*hog))
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	CHECK_INT(read(ends[0], hog, sizeof(*hog)), sizeof(*hog));
	close(ends[0]);
	hog->pid = pid;
}

static void hog_end(const struct hog *hog)
{
	CHECK_INT(kill(hog->pid, SIGKILL), 0);
	CHECK_INT(waitpid(hog->pid, NULL, 0), hog->pid);
}

/* 64 in all: 8 of a process, 1 when 48 are taken; 56 of a user. */
TEST(who_takes_all_leaves_some)
{
	struct hog hogs[14];
	struct holder holder;
	bool had = false;
	int fd;

	setup(1);
	int before = test_count_fds();
	for (int i = 0; i < 6; i++) {
		hog_start(&hogs[i]);
		CHECK_INT(hogs[i].count, 8);
		CHECK_INT(hogs[i].error, EMFILE);
	}
	holder_open(&holder);
	CHECK_INT(libseat_close_seat(holder.libseat), 0);
	WAIT(test_count_fds() == before + 48);
	for (int i = 6; i < 14; i++) {
		hog_start(&hogs[i]);
		CHECK_INT(hogs[i].count, 1);
		CHECK_INT(hogs[i].error, i < 13 ? EMFILE : ENFILE);
	}
	CHECK_INT(raw_open_seat(&fd), ENFILE);
	CHECK(!libseat_open_seat(&listener, &holder)); /* it loses the errno */
	for (int i = 0; i < 14; i++)
		hog_end(&hogs[i]);
	WAIT(had || (had = raw_open_seat(&fd) == 0));
	close(fd);
	teardown();
}

TEST(devices_of_a_session_are_bounded)
{
	struct holder holder;
	int fds[SEAT_DEVICES_MAX], fd;

	setup(1);
	holder_open(&holder);
	WAIT(dispatch(&holder) && holder.enabled == 1);
	/* Revoked ones, which are not given again. */
	for (unsigned i = 0; i < SEAT_DEVICES_MAX; i++) {
		holder_device(&holder, "/dev/input/event0", &fds[i]);
		seat_disable(seat, NULL);
		CHECK_INT(seat_enable(seat), 0);
	}
	CHECK_ERRNO(libseat_open_device(holder.libseat, "/dev/input/event0", &fd), EMFILE);
	for (unsigned i = 0; i < SEAT_DEVICES_MAX; i++)
		close(fds[i]);
	CHECK_INT(libseat_close_seat(holder.libseat), 0);
	teardown();
}
