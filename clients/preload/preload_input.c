/*
 * Input devices: the socket only says that there is something to read, by a token
 * (evdev_file.c has the rules); the events come, and go, as requests. What the program
 * sees is the kernel's: whole events, as many as fit, in the middle of a frame too;
 * EINVAL for less than one; ENODEV of a device that is gone or was revoked.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "preload_door.h"
#include "preload_input.h"
#include "preload_turn.h"
#include "wire_uapi.h"

static bool is_newer(uint32_t token, uint32_t than)
{
	return (int32_t)(token - than) > 0;
}

static long request_read(int fd, struct wire_input_io *io)
{
	return preload_door_current()->ioctl(fd, WIRE_INPUT_READ, io);
}

/* Tokens up to last go. One that another process's reader let us take too early comes again. */
static void drop_tokens(int fd, uint32_t last)
{
	uint32_t token, taken;

	while (recv(fd, &token, sizeof(token), MSG_PEEK | MSG_DONTWAIT) == sizeof(token) &&
			!is_newer(token, last)) {
		if (recv(fd, &taken, sizeof(taken), MSG_DONTWAIT) != sizeof(taken))
			return;
		if (is_newer(taken, last)) {
			struct wire_input_io io = {.token = taken};

			request_read(fd, &io);
			return;
		}
	}
}

/* What is there now: bytes, 0 for nothing, or -errno. */
static long read_now(int fd, void *buf, size_t count, bool *readable)
{
	struct wire_input_io io = {
		.address = (uintptr_t)buf,
		.length = count < WIRE_INPUT_IO_MAX ? count : WIRE_INPUT_IO_MAX,
	};
	bool taken = preload_turn_take();
	long ret = request_read(fd, &io);

	if (ret >= 0 && io.token)
		drop_tokens(fd, io.token);
	preload_turn_give(taken);
	*readable = ret >= 0 && (io.readable || ret > 0);
	return ret;
}

static ssize_t fail(int error)
{
	errno = error;
	return -1;
}

/* No data is wanted, only what would be wrong. */
static ssize_t read_nothing(int fd)
{
	bool readable;
	long ret = read_now(fd, NULL, 0, &readable);

	if (ret < 0)
		return fail(-ret);
	if (!readable && (fcntl(fd, F_GETFL) & O_NONBLOCK))
		return fail(EAGAIN);
	return 0;
}

ssize_t preload_input_read(int fd, void *buf, size_t count)
{
	bool readable;

	if (count == 0)
		return read_nothing(fd);
	if (count < sizeof(struct input_event))
		return fail(EINVAL);
	for (;;) {
		/* Waits, or says EAGAIN, EINTR, as the descriptor is set. */
		ssize_t len = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);

		if (len < 0)
			return -1;
		if (len == 0)
			return fail(ENODEV);
		long ret = read_now(fd, buf, count, &readable);
		if (ret < 0)
			return fail(-ret);
		/* 0: another reader was faster, or it was taken back. */
		if (ret > 0)
			return ret;
	}
}

ssize_t preload_input_write(int fd, const void *buf, size_t count)
{
	struct wire_input_io io = {
		.address = (uintptr_t)buf,
		.length = count < WIRE_INPUT_IO_MAX ? count : WIRE_INPUT_IO_MAX,
	};
	long ret = preload_door_current()->ioctl(fd, WIRE_INPUT_WRITE, &io);

	return ret < 0 ? fail(-ret) : ret;
}

void preload_input_settle(int fd, unsigned int request)
{
	int saved_errno = errno;
	bool readable;

	switch (_IOC_NR(request)) {
	case _IOC_NR(EVIOCGKEY(0)):
	case _IOC_NR(EVIOCGLED(0)):
	case _IOC_NR(EVIOCGSND(0)):
	case _IOC_NR(EVIOCGSW(0)):
	case _IOC_NR(EVIOCSCLOCKID):
		if (recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT) > 0)
			read_now(fd, NULL, 0, &readable);
	}
	errno = saved_errno;
}
