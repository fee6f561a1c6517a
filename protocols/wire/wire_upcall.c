#include <errno.h>
#include <poll.h>
#include <sys/uio.h>

#include "wire_packet.h"
#include "wire_upcall.h"

static int break_off(struct wire_upcalls *upcalls)
{
	upcalls->broken = true;
	return -EFAULT;
}

static bool wait_for_answer(const struct wire_upcalls *upcalls)
{
	struct pollfd poll_fd = {upcalls->socket, POLLIN};
	int ready;

	do {
		ready = poll(&poll_fd, 1, upcalls->patience_ms);
	} while (ready < 0 && errno == EINTR);
	return ready == 1;
}

/*
 * The answer's result, its size bytes of data in dst and its descriptor, if any, in
 * packet; dst is written to in vain when the client has said no.
 */
static int take_answer(struct wire_upcalls *upcalls, struct wire_packet *packet, void *dst,
	size_t size, bool with_fd)
{
	struct wire_header header;
	struct iovec vec[2] = {{&header, sizeof(header)}, {dst, size}};

	packet->data = (uint8_t *)&header;
	if (!wait_for_answer(upcalls) ||
	    wire_packet_receive_into(upcalls->socket, packet, vec, size ? 2 : 1))
		return break_off(upcalls);
	bool good = header.result >= 0;
	if (header.op != WIRE_UPCALL || header.result < -4095 ||
	    packet->size != sizeof(header) + (good ? size : 0) ||
	    packet->fd_count != (good && with_fd)) {
		wire_packet_close_fds(packet);
		return break_off(upcalls);
	}
	return header.result;
}

static int ask(struct wire_upcalls *upcalls, struct wire_upcall *question, struct iovec *body,
	int fd)
{
	question->header.op = WIRE_UPCALL;
	if (upcalls->broken || wire_packet_check_read(upcalls->socket) ||
	    wire_packet_send(upcalls->socket, &question->header, sizeof(*question), body,
		body ? 1 : 0, &fd, fd >= 0))
		return break_off(upcalls);
	return 0;
}

static size_t piece(size_t size)
{
	return size < WIRE_INLINE_MAX ? size : WIRE_INLINE_MAX;
}

int wire_upcall_read(struct wire_upcalls *upcalls, void *dst, uint64_t address, size_t size)
{
	uint8_t *at = dst;

	for (size_t now; size; at += now, address += now, size -= now) {
		struct wire_packet packet;

		now = piece(size);
		struct wire_upcall question = {.kind = WIRE_UPCALL_READ, .length = now,
			.address = address};
		if (ask(upcalls, &question, NULL, -1) ||
		    take_answer(upcalls, &packet, at, now, false) < 0)
			return -EFAULT;
	}
	return 0;
}

int wire_upcall_write(struct wire_upcalls *upcalls, uint64_t address, const void *src,
	size_t size)
{
	const uint8_t *at = src;

	for (size_t now; size; at += now, address += now, size -= now) {
		struct wire_packet packet;

		now = piece(size);
		struct wire_upcall question = {.kind = WIRE_UPCALL_WRITE, .length = now,
			.address = address};
		struct iovec body = {(void *)at, now};
		if (ask(upcalls, &question, &body, -1) ||
		    take_answer(upcalls, &packet, NULL, 0, false) < 0)
			return -EFAULT;
	}
	return 0;
}

int wire_upcall_fetch(struct wire_upcalls *upcalls, int number)
{
	struct wire_upcall question = {.kind = WIRE_UPCALL_FETCH, .address = (uint32_t)number};
	struct wire_packet packet;

	if (ask(upcalls, &question, NULL, -1))
		return -EFAULT;
	int ret = take_answer(upcalls, &packet, NULL, 0, true);
	if (ret >= 0)
		return packet.fds[0];
	return upcalls->broken ? -EFAULT : -EBADF;
}

int wire_upcall_install(struct wire_upcalls *upcalls, int fd, bool cloexec)
{
	struct wire_upcall question = {.kind = WIRE_UPCALL_INSTALL, .length = cloexec};
	struct wire_packet packet;

	if (ask(upcalls, &question, NULL, fd))
		return -EFAULT;
	int ret = take_answer(upcalls, &packet, NULL, 0, false);
	return ret >= 0 || upcalls->broken ? ret : -EMFILE;
}
