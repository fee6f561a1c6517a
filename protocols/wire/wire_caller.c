#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire_caller.h"
#include "wire_layout.h"

/* Both tables' say. Not asked before something is missing. */
static bool may_ask(const struct wire_caller *caller)
{
	const struct wire_layout *layout =
		caller->base.may_ask ? wire_layout_find(caller->request) : NULL;

	return layout && layout->upcalls;
}

/* The reply could not say where the number goes. */
static bool installs_by_upcall(const struct wire_caller *caller)
{
	return may_ask(caller) && wire_layout_find(caller->request)->fd_out == WIRE_NO_FIELD;
}

static int no_memory(const struct wire_caller *caller, uint64_t address, size_t size)
{
	gem_debug("wire", "pid %d: no memory at 0x%llx + %zu", (int)caller->base.pid,
		(unsigned long long)address, size);
	return -EFAULT;
}

static int copy_from(struct vfs_caller *base, void *dst, uint64_t src, size_t size)
{
	struct wire_caller *caller = (struct wire_caller *)base;
	int ret = wire_memory_read(&caller->memory, dst, src, size);

	if (ret && may_ask(caller))
		ret = wire_upcall_read(&caller->upcalls, dst, src, size);
	return ret ? no_memory(caller, src, size) : 0;
}

static int copy_to(struct vfs_caller *base, uint64_t dst, const void *src, size_t size)
{
	struct wire_caller *caller = (struct wire_caller *)base;
	int ret = wire_memory_write(&caller->memory, dst, src, size);

	if (ret && may_ask(caller))
		ret = wire_upcall_write(&caller->upcalls, dst, src, size);
	if (ret == -ENOSPC)
		return -ENOMEM;
	return ret ? no_memory(caller, dst, size) : 0;
}

static int install_by_upcall(struct wire_caller *caller, int fd, bool cloexec)
{
	int number = wire_upcall_install(&caller->upcalls, fd, cloexec);

	close(fd);
	return number;
}

static int install_fd(struct vfs_caller *base, int fd, bool cloexec)
{
	struct wire_caller *caller = (struct wire_caller *)base;
	unsigned i = caller->new_fd_count;

	if (installs_by_upcall(caller))
		return install_by_upcall(caller, fd, cloexec);
	if (i == WIRE_FDS_MAX) {
		close(fd);
		return -EMFILE;
	}
	caller->new_fds[i] = fd;
	caller->new_fd_count++;
	if (cloexec)
		caller->cloexec_mask |= 1u << i;
	return WIRE_FD_BASE + i;
}

static int fetch_fd(struct vfs_caller *base, int fd)
{
	struct wire_caller *caller = (struct wire_caller *)base;

	for (unsigned i = 0; i < caller->number_count; i++) {
		if (caller->numbers[i] != fd)
			continue;
		int copy = fcntl(caller->packet->fds[i], F_DUPFD_CLOEXEC, 0);
		return copy < 0 ? -errno : copy;
	}
	if (fd >= 0 && may_ask(caller))
		return wire_upcall_fetch(&caller->upcalls, fd);
	return -EBADF;
}

static const struct vfs_caller_ops ops = {copy_from, copy_to, install_fd, fetch_fd};

void wire_caller_init(struct wire_caller *caller, const struct ucred *credentials, int socket,
	int patience_ms)
{
	caller->base = (struct vfs_caller){.ops = &ops, .pid = credentials->pid, .remote = true,
		.uid = credentials->uid, .gid = credentials->gid};
	wire_memory_init(&caller->memory);
	caller->upcalls = (struct wire_upcalls){.socket = socket, .patience_ms = patience_ms};
	caller->base.depends = 0;
	caller->request = 0;
	caller->packet = NULL;
	caller->number_count = 0;
	caller->new_fd_count = 0;
	caller->cloexec_mask = 0;
}

void wire_caller_drop_fds(struct wire_caller *caller)
{
	for (unsigned i = 0; i < caller->new_fd_count; i++)
		close(caller->new_fds[i]);
	caller->new_fd_count = 0;
	caller->cloexec_mask = 0;
}

/*
 * Only shared memory may back a request: pread of a pipe or of a file system
 * the client serves itself could hold up a handler for ever.
 */
static int check_memfd(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || (flags & O_ACCMODE) != O_RDWR || (flags & O_APPEND))
		return -EPROTO;
	return fcntl(fd, F_GET_SEALS) < 0 ? -EPROTO : 0;
}

int wire_caller_set_ioctl(struct wire_caller *caller, struct wire_packet *packet, uint8_t *image)
{
	const struct wire_ioctl *request = (const struct wire_ioctl *)packet->data;
	const struct wire_segment *segments = (const struct wire_segment *)(request + 1);
	uint64_t total, in;

	if (packet->size < sizeof(*request) || request->segment_count > WIRE_SEGMENTS_MAX ||
	    request->fd_count > packet->fd_count || packet->fd_count - request->fd_count > 1)
		return -EPROTO;
	size_t size = sizeof(*request) + request->segment_count * sizeof(struct wire_segment) +
		request->fd_count * sizeof(int32_t);
	if (packet->size < size)
		return -EPROTO;
	caller->numbers = (const int32_t *)(segments + request->segment_count);
	caller->number_count = request->fd_count;
	caller->packet = packet;
	int ret = wire_memory_set(&caller->memory, segments, request->segment_count, &total, &in);
	if (ret)
		return ret;
	caller->request = request->request;

	if (packet->fd_count > request->fd_count) {
		caller->memory.memfd = packet->fds[request->fd_count];
		if (packet->size != size || check_memfd(caller->memory.memfd))
			return -EPROTO;
		return total > WIRE_DATA_MAX ? -ENOMEM : 0;
	}
	if (total > WIRE_INLINE_MAX || packet->size != size + in)
		return -EPROTO;
	wire_memory_fill(&caller->memory, image, packet->data + size);
	return 0;
}
