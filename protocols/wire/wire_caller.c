#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire_caller.h"

/*
 * The segment that holds [address, address + len) whole; one struct may be
 * reachable through several segments, so direction is part of the search.
 */
static int find_segment(const struct wire_caller *caller, uint64_t address, size_t len,
	uint32_t direction)
{
	for (unsigned i = 0; i < caller->segment_count; i++) {
		const struct wire_segment *segment = &caller->segments[i];

		if ((segment->flags & direction) && address >= segment->address &&
		    address - segment->address <= segment->length &&
		    len <= segment->length - (address - segment->address))
			return i;
	}
	gem_debug("wire", "pid %d: no memory at 0x%llx + %zu", (int)caller->base.pid,
		(unsigned long long)address, len);
	return -EFAULT;
}

static int copy_from(struct vfs_caller *base, void *dst, uint64_t src, size_t len)
{
	struct wire_caller *caller = (struct wire_caller *)base;
	int segment = find_segment(caller, src, len, WIRE_SEG_IN);

	if (segment < 0)
		return segment;
	uint64_t position = caller->positions[segment] + (src - caller->segments[segment].address);
	if (caller->memfd < 0) {
		memcpy(dst, caller->image + position, len);
		return 0;
	}
	return pread(caller->memfd, dst, len, position) == (ssize_t)len ? 0 : -EFAULT;
}

/* Extents of a segment that touch become one; the list stays disjoint. */
static int note_extent(struct wire_caller *caller, unsigned segment, uint32_t offset, uint32_t length)
{
	uint32_t start = offset, end = offset + length;
	unsigned kept = 0;

	for (unsigned i = 0; i < caller->extent_count; i++) {
		struct wire_extent old = caller->extents[i];

		if (old.segment == segment && old.offset <= end &&
		    old.offset + old.length >= start) {
			start = old.offset < start ? old.offset : start;
			end = old.offset + old.length > end ? old.offset + old.length : end;
		} else {
			caller->extents[kept++] = old;
		}
	}
	caller->extent_count = kept;
	if (kept == WIRE_EXTENTS_MAX)
		return -ENOMEM;
	caller->extents[caller->extent_count++] = (struct wire_extent){segment, start, end - start};
	return 0;
}

static int copy_to(struct vfs_caller *base, uint64_t dst, const void *src, size_t len)
{
	struct wire_caller *caller = (struct wire_caller *)base;
	int segment = find_segment(caller, dst, len, WIRE_SEG_OUT);

	if (segment < 0)
		return segment;
	uint64_t offset = dst - caller->segments[segment].address;
	uint64_t position = caller->positions[segment] + offset;
	if (caller->memfd < 0)
		memcpy(caller->image + position, src, len);
	else if (pwrite(caller->memfd, src, len, position) != (ssize_t)len)
		return -EFAULT;
	return note_extent(caller, segment, offset, len);
}

static int install_fd(struct vfs_caller *base, int fd, bool cloexec)
{
	struct wire_caller *caller = (struct wire_caller *)base;
	unsigned i = caller->new_fd_count;

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
	return -EBADF;
}

static const struct vfs_caller_ops ops = {copy_from, copy_to, install_fd, fetch_fd};

void wire_caller_init(struct wire_caller *caller, const struct ucred *credentials)
{
	caller->base = (struct vfs_caller){&ops, credentials->pid, credentials->uid,
		credentials->gid};
	caller->segments = NULL;
	caller->segment_count = 0;
	caller->image = NULL;
	caller->memfd = -1;
	caller->extent_count = 0;
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

void wire_caller_close_extents(struct wire_caller *caller)
{
	uint32_t end = 0;

	if (caller->segment_count != 1 || caller->memfd >= 0 || !caller->extent_count)
		return;
	for (unsigned i = 0; i < caller->extent_count; i++) {
		const struct wire_extent *extent = &caller->extents[i];

		if (extent->offset + extent->length > end)
			end = extent->offset + extent->length;
	}
	caller->extents[0] = (struct wire_extent){0, 0, end};
	caller->extent_count = 1;
}

/* Bounds and positions; *in is the number of bytes that must come inline. */
static int lay_out(struct wire_caller *caller, uint64_t *total, uint64_t *in)
{
	*total = *in = 0;
	for (unsigned i = 0; i < caller->segment_count; i++) {
		const struct wire_segment *segment = &caller->segments[i];

		if (segment->flags & ~(uint32_t)(WIRE_SEG_IN | WIRE_SEG_OUT) || !segment->flags ||
		    segment->address + segment->length < segment->address)
			return -EPROTO;
		caller->positions[i] = *total;
		*total += segment->length;
		if (segment->flags & WIRE_SEG_IN)
			*in += segment->length;
	}
	return 0;
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

static void fill_image(struct wire_caller *caller, const uint8_t *data)
{
	for (unsigned i = 0; i < caller->segment_count; i++) {
		if (!(caller->segments[i].flags & WIRE_SEG_IN))
			continue;
		memcpy(caller->image + caller->positions[i], data, caller->segments[i].length);
		data += caller->segments[i].length;
	}
}

int wire_caller_set_ioctl(struct wire_caller *caller, struct wire_packet *packet, uint8_t *image)
{
	const struct wire_ioctl *request = (const struct wire_ioctl *)packet->data;
	uint64_t total, in;

	if (packet->size < sizeof(*request) || request->segment_count > WIRE_SEGMENTS_MAX ||
	    request->fd_count > packet->fd_count || packet->fd_count - request->fd_count > 1)
		return -EPROTO;
	size_t size = sizeof(*request) + request->segment_count * sizeof(struct wire_segment) +
		request->fd_count * sizeof(int32_t);
	if (packet->size < size)
		return -EPROTO;
	caller->segments = (const struct wire_segment *)(request + 1);
	caller->segment_count = request->segment_count;
	caller->numbers = (const int32_t *)(caller->segments + caller->segment_count);
	caller->number_count = request->fd_count;
	caller->packet = packet;
	int ret = lay_out(caller, &total, &in);
	if (ret)
		return ret;

	if (packet->fd_count > request->fd_count) {
		caller->memfd = packet->fds[request->fd_count];
		if (packet->size != size || check_memfd(caller->memfd))
			return -EPROTO;
		return total > WIRE_DATA_MAX ? -ENOMEM : 0;
	}
	if (total > WIRE_INLINE_MAX || packet->size != size + in)
		return -EPROTO;
	caller->image = image;
	/* Gaps may go back to the client: they hold nothing of another request. */
	if (caller->segment_count == 1)
		memset(image, 0, total);
	fill_image(caller, packet->data + size);
	return 0;
}
