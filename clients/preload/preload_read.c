/*
 * read and write of device files, exactly as the kernel's drivers do them.
 *
 * The socket behind a device file gives one packet a read, cuts it when the
 * buffer is short, and eats it when the buffer is bad. The drivers:
 *  - DRM gives as many whole events as fit, 0 when not even the first fits, and
 *    keeps an event that it could not copy out;
 *  - evdev's events are not in the socket: preload_input.c.
 * A device that is gone shows as the end of the stream: ENODEV.
 *
 * All other descriptors go straight through, at the price of one flag until
 * this process has met its first device file.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "preload_door.h"
#include "preload_input.h"
#include "preload_node.h"
#include "preload_read.h"
#include "preload_real.h"
#include "preload_symbols.h"
#include "preload_turn.h"
#include "wire_uapi.h"

/* Bytes left of the first packet; 0 at the end of the stream; -1. */
static ssize_t first_packet(int fd, int flags)
{
	return recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC | flags);
}

static void drop_first_packet(int fd)
{
	recv(fd, NULL, 0, MSG_DONTWAIT);
}

/* What is there now, without waiting: whole packets. -1 with EAGAIN when there is none. */
static ssize_t read_packets(int fd, char *buf, size_t count)
{
	size_t done = 0;

	for (;;) {
		ssize_t len = first_packet(fd, MSG_DONTWAIT);

		if (len < 0)
			return done ? (ssize_t)done : -1;
		if (len == 0) {
			errno = ENODEV;
			return done ? (ssize_t)done : -1;
		}
		if ((size_t)len > count - done)
			return done;
		if (recv(fd, buf + done, len, MSG_PEEK | MSG_DONTWAIT) < 0)
			return done ? (ssize_t)done : -1;
		drop_first_packet(fd);
		done += len;
	}
}

static ssize_t read_device(int fd, char *buf, size_t count)
{
	ssize_t ret;
	int saved_errno;
	bool taken;

	for (;;) {
		/* Waits, or says EAGAIN, EINTR, as the descriptor is set. */
		if (first_packet(fd, 0) < 0)
			return -1;
		taken = preload_turn_take();
		ret = read_packets(fd, buf, count);
		saved_errno = errno;
		preload_turn_give(taken);
		errno = saved_errno;
		/* Another reader was faster: wait again, if waiting is wanted. */
		if (ret >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
			return ret;
	}
}

/*
 * A debugfs file that gives lines as they come: one a read, whole or, for a buffer
 * that is too small, not at all (kernel: crtc_crc_read).
 */
static ssize_t read_line(int fd, void *buf, size_t count)
{
	for (;;) {
		/* Waits, or says EAGAIN, EINTR, as the descriptor is set. */
		ssize_t len = first_packet(fd, 0);

		if (len <= 0)
			return len;
		if ((size_t)len > count) {
			errno = EINVAL;
			return -1;
		}
		len = recv(fd, buf, count, MSG_DONTWAIT);
		/* Another reader was faster: wait again, if waiting is wanted. */
		if (len >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
			return len;
	}
}

static bool is_debugfs(const struct preload_node *node)
{
	static const char folder[] = "/sys/kernel/debug/dri/";

	return strncmp(node->path, folder, sizeof(folder) - 1) == 0;
}

/* A framebuffer's memory, through the server, which knows where the file is. */
static ssize_t transfer_fb(int fd, const void *buf, size_t count, unsigned int request)
{
	struct wire_fb_io io = {
		.address = (uintptr_t)buf,
		.length = count < WIRE_FB_IO_MAX ? count : WIRE_FB_IO_MAX,
	};
	long ret = preload_door_current()->ioctl(fd, request, &io);

	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

ssize_t preload_read_any(int fd, void *buf, size_t count)
{
	struct preload_node node;

	if (!preload_fd_device_seen() || !preload_node_of_fd(fd, &node))
		return preload_real_read(fd, buf, count);
	/* sync_files and sw_sync have no read; what makes them poll readable stays. */
	if (node.major == 0 && !is_debugfs(&node)) {
		errno = EINVAL;
		return -1;
	}
	if ((uintptr_t)buf >= PRELOAD_USER_END || count > PRELOAD_USER_END - (uintptr_t)buf) {
		errno = EFAULT;
		return -1;
	}
	if (node.major == 0)
		return read_line(fd, buf, count);
	if (node.major == PRELOAD_MAJOR_FB)
		return transfer_fb(fd, buf, count, WIRE_FB_READ);
	if (node.major == PRELOAD_MAJOR_INPUT)
		return preload_input_read(fd, buf, count);
	return read_device(fd, buf, count);
}

PRELOAD_EXPORT ssize_t read(int fd, void *buf, size_t count)
{
	return preload_read_any(fd, buf, count);
}

PRELOAD_EXPORT ssize_t __read_chk(int fd, void *buf, size_t count, size_t buf_size)
{
	if (count > buf_size)
		__chk_fail();
	return preload_read_any(fd, buf, count);
}

static ssize_t write_text(int fd, const void *buf, size_t count)
{
	struct wire_write args = {
		.text = (uintptr_t)buf,
		.length = count < WIRE_WRITE_MAX ? count : WIRE_WRITE_MAX,
	};
	long ret = preload_door_current()->ioctl(fd, WIRE_WRITE, &args);

	if (ret >= 0)
		return ret;
	errno = ret == -ENOTTY ? EINVAL : -ret; /* has no write */
	return -1;
}

ssize_t preload_write_any(int fd, const void *buf, size_t count)
{
	struct preload_node node;

	if (!preload_fd_device_seen() || !preload_node_of_fd(fd, &node))
		return preload_real_write(fd, buf, count);
	if (node.major == PRELOAD_MAJOR_INPUT)
		return preload_input_write(fd, buf, count);
	if (node.major == 0 && is_debugfs(&node))
		return write_text(fd, buf, count);
	if (node.major == PRELOAD_MAJOR_FB)
		return transfer_fb(fd, buf, count, WIRE_FB_WRITE);
	/* DRM and anonymous files have no write. */
	errno = EINVAL;
	return -1;
}

PRELOAD_EXPORT ssize_t write(int fd, const void *buf, size_t count)
{
	return preload_write_any(fd, buf, count);
}
