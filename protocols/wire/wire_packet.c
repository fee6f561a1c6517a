#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <linux/sockios.h>
#include <unistd.h>

#include "wire_packet.h"

enum { BODY_MAX = WIRE_GAPS_MAX + 2 }; /* less than IOV_MAX */

void wire_packet_close_fds(struct wire_packet *packet)
{
	for (unsigned i = 0; i < packet->fd_count; i++) {
		if (packet->fds[i] >= 0)
			close(packet->fds[i]);
	}
	packet->fd_count = 0;
}

static void take_fds(struct msghdr *message, struct wire_packet *packet)
{
	struct cmsghdr *control;

	packet->fd_count = 0;
	for (control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
		if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
			continue;
		/* The buffer has room for WIRE_FDS_MAX; the kernel closed the others. */
		packet->fd_count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(packet->fds, CMSG_DATA(control), packet->fd_count * sizeof(int));
	}
}

static int check(const struct msghdr *message, const struct wire_packet *packet)
{
	const struct wire_header *header = (const struct wire_header *)packet->data;

	if (message->msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return -EPROTO;
	if (packet->size < sizeof(*header) || header->magic != WIRE_MAGIC)
		return -EPROTO;
	if (header->size != packet->size || header->fds != packet->fd_count)
		return -EPROTO;
	return 0;
}

int wire_packet_receive_into(int socket, struct wire_packet *packet, struct iovec *vec,
	unsigned count)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
		struct cmsghdr align;
	} control;
	struct msghdr message = {.msg_iov = vec, .msg_iovlen = count,
		.msg_control = control.space, .msg_controllen = sizeof(control.space)};
	ssize_t size;

	do {
		size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (size < 0 && errno == EINTR);
	if (size < 0)
		return -errno;
	packet->size = size;
	take_fds(&message, packet);
	int ret = size == 0 ? -EPIPE : check(&message, packet);
	if (ret)
		wire_packet_close_fds(packet);
	return ret;
}

int wire_packet_receive(int socket, struct wire_packet *packet)
{
	struct iovec vec = {packet->data, WIRE_PACKET_MAX};

	return wire_packet_receive_into(socket, packet, &vec, 1);
}

/*
 * Descriptors in a packet nobody reads count against a limit that all programs
 * of the user share. A client that asks again without reading its reply is
 * outside the protocol; so at most one reply with descriptors lies unread.
 */
int wire_packet_check_read(int socket)
{
	int unread = 0;

	if (ioctl(socket, SIOCOUTQ, &unread) < 0)
		return -errno;
	return unread ? -EPROTO : 0;
}

enum { PLAIN_MAX = 2048 };

/* One small piece costs the kernel less than a message of several. */
static int send_plain(int socket, const struct iovec *vec, unsigned count, size_t size)
{
	uint8_t packet[PLAIN_MAX];
	size_t at = 0;
	ssize_t sent;

	for (unsigned i = 0; i < count; i++) {
		memcpy(packet + at, vec[i].iov_base, vec[i].iov_len);
		at += vec[i].iov_len;
	}
	do {
		sent = send(socket, packet, size, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

int wire_packet_send(int socket, struct wire_header *header, size_t header_size,
	const struct iovec *body, unsigned body_count, const int *fds, unsigned fd_count)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
		struct cmsghdr align;
	} control;
	struct iovec vec[BODY_MAX + 1];
	struct msghdr message = {.msg_iov = vec, .msg_iovlen = 1};
	ssize_t sent;

	vec[0] = (struct iovec){header, header_size};
	header->magic = WIRE_MAGIC;
	header->fds = fd_count;
	header->size = header_size;
	for (unsigned i = 0; i < body_count; i++) {
		vec[message.msg_iovlen++] = body[i];
		header->size += body[i].iov_len;
	}
	if (!fd_count && header->size <= PLAIN_MAX)
		return send_plain(socket, vec, message.msg_iovlen, header->size);
	if (fd_count) {
		int ret = wire_packet_check_read(socket);
		if (ret)
			return ret;
		memset(&control, 0, sizeof(control));
		message.msg_control = control.space;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(&control.align), fds, sizeof(int) * fd_count);
	}
	do {
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}
