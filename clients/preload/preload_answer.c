/*
 * The server's questions about this program's memory and descriptors while an ioctl
 * is under way (wire.h, WIRE_UPCALL): answered as a kernel would find out for itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload_channel.h"
#include "preload_memory.h"

static int send_answer(struct preload_channel *channel, int32_t result, const struct iovec *data,
	int fd)
{
	struct wire_header header = {.op = WIRE_UPCALL, .result = result};
	struct iovec vec[2] = {{&header, sizeof(header)}};

	if (data)
		vec[1] = *data;
	return preload_channel_send(channel, vec, data ? 2 : 1, &fd, fd >= 0);
}

/* Out of the program's memory, or with its descriptor; or error when the kernel finds none. */
static int answer_or(struct preload_channel *channel, const struct iovec *data, int fd, int error)
{
	int ret = send_answer(channel, 0, data, fd);

	return ret == error ? send_answer(channel, error, NULL, -1) : ret;
}

static int answer_install(struct preload_channel *channel, const struct wire_upcall *question,
	struct preload_reply *reply)
{
	/* The table of descriptors was full: the kernel dropped it. */
	if (reply->fd_count != 1 || reply->installed_count == WIRE_FDS_MAX)
		return send_answer(channel, -EMFILE, NULL, -1);
	int fd = reply->fds[0];
	if (!question->length)
		fcntl(fd, F_SETFD, 0);
	reply->installed[reply->installed_count++] = fd;
	reply->fd_count = 0;
	return send_answer(channel, fd, NULL, -1);
}

static int answer(struct preload_channel *channel, const struct wire_upcall *question,
	struct preload_reply *reply)
{
	uint32_t length = question->length, size = question->header.size - sizeof(*question);
	struct iovec data = {(void *)(uintptr_t)question->address, length};

	switch (question->kind) {
	case WIRE_UPCALL_READ:
		return answer_or(channel, &data, -1, -EFAULT);
	case WIRE_UPCALL_WRITE:
		if (size != length)
			return -ENODEV;
		return send_answer(channel,
			preload_memory_write(question->address, question + 1, length), NULL, -1);
	case WIRE_UPCALL_FETCH:
		return answer_or(channel, NULL, (int)question->address, -EBADF);
	case WIRE_UPCALL_INSTALL:
		return answer_install(channel, question, reply);
	}
	return -ENODEV;
}

int preload_channel_answer(struct preload_channel *channel, struct preload_reply *reply)
{
	/* In the reply's memory, which no answer is built in. */
	const struct wire_upcall *question = (const struct wire_upcall *)reply->header;
	int ret = -ENODEV;

	if (question->header.size >= sizeof(*question))
		ret = answer(channel, question, reply);
	preload_reply_close_fds(reply);
	return ret < 0 ? -ENODEV : 0;
}
