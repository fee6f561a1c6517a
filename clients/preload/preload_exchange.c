/* A gathered ioctl as packets: the request out, the reply's data back into the program. */
#include "preload_gather.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload_memory.h"

/* More segments than that go by way of the scratch: a system call takes IOV_MAX parts. */
enum { PARTS_MAX = 64 };

/* The smallest of all kernels': one with a larger space loses nothing but a copy. */
#define USER_SPACE_END ((1ull << 47) - 4096)

/* Bare system calls: the C library's are cancellation points, an ioctl is not. */
static bool file_read(int fd, void *dst, size_t length, uint64_t position)
{
	return syscall(SYS_pread64, (long)fd, dst, length, position) == (long)length;
}

static bool file_write(int fd, const struct iovec *parts, unsigned count, size_t length,
	uint64_t position)
{
	return syscall(SYS_pwritev, (long)fd, parts, (long)count, position, 0l) == (long)length;
}

/* Cuts what goes along to what can be read. */
static void trim(struct preload_gather *gather)
{
	for (unsigned i = 0; i < gather->head.segment_count; i++) {
		struct wire_segment *segment = &gather->scratch->segments[i];

		if (segment->flags & WIRE_SEG_IN)
			segment->length = preload_memory_span(segment->address, segment->length);
	}
	/* The program unmapped its argument since we looked. */
	if (gather->copy && gather->scratch->segments[0].length < _IOC_SIZE(gather->head.request))
		gather->copy = NULL;
}

static const void *data_of(const struct preload_gather *gather, unsigned i)
{
	if (i == 0 && gather->copy)
		return gather->copy;
	return (const void *)(uintptr_t)gather->scratch->segments[i].address;
}

/* The parts of the segments first to last that go along; returns how many, *length their sum. */
static unsigned in_parts(const struct preload_gather *gather, unsigned first, unsigned last,
	struct iovec *parts, size_t *length)
{
	unsigned count = 0;

	*length = 0;
	for (unsigned i = first; i <= last; i++) {
		const struct wire_segment *segment = &gather->scratch->segments[i];

		if (!(segment->flags & WIRE_SEG_IN) || !segment->length)
			continue;
		parts[count++] = (struct iovec){(void *)data_of(gather, i), segment->length};
		*length += segment->length;
	}
	return count;
}

/* Into the memfd, a segment's data at the sum of the lengths before it. */
static int fill_memfd(struct preload_gather *gather)
{
	uint64_t position = 0;

	for (unsigned i = 0, last; i < gather->head.segment_count; i = last + 1) {
		struct iovec parts[PARTS_MAX];
		size_t length;

		/* As many in a row as one call takes; what is OUT only is skipped. */
		last = i;
		if (gather->scratch->segments[i].flags & WIRE_SEG_IN) {
			while (last + 1 < gather->head.segment_count && last - i < PARTS_MAX - 1 &&
			       gather->scratch->segments[last + 1].flags & WIRE_SEG_IN)
				last++;
		}
		unsigned count = in_parts(gather, i, last, parts, &length);
		if (count && !file_write(gather->memfd, parts, count, length, position))
			return errno == EFAULT ? -EFAULT : -ENOMEM;
		for (unsigned k = i; k <= last; k++)
			position += gather->scratch->segments[k].length;
	}
	return 0;
}

/* 1 when the data fit in the packet, 0 when they are in a memfd, -errno. */
static int store_large(struct preload_gather *gather)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < gather->head.segment_count; i++)
		total += gather->scratch->segments[i].length;
	if (total <= WIRE_INLINE_MAX)
		return 1;
	gather->memfd = memfd_create("testcard-ioctl", MFD_CLOEXEC);
	if (gather->memfd < 0)
		return -errno;
	trim(gather);
	return fill_memfd(gather);
}

/* Many small pieces as one; -EFAULT when one of them cannot be read. */
static int collect_data(struct preload_gather *gather, struct iovec *part)
{
	uint8_t *at = gather->scratch->data;

	for (unsigned i = 0, last; i < gather->head.segment_count; i = last + 1) {
		struct iovec parts[PARTS_MAX];
		size_t length;

		last = i + PARTS_MAX - 1;
		if (last >= gather->head.segment_count)
			last = gather->head.segment_count - 1;
		unsigned count = in_parts(gather, i, last, parts, &length);
		if (count && preload_memory_collect(at, parts, count))
			return -EFAULT;
		at += length;
	}
	*part = (struct iovec){gather->scratch->data, at - gather->scratch->data};
	return 0;
}

/* Appends the parts of the data to vec; -errno. */
static int add_data(struct preload_gather *gather, struct iovec *vec)
{
	size_t length;

	if (!gather->head.segment_count)
		return 0;
	if (gather->head.segment_count <= PARTS_MAX)
		return in_parts(gather, 0, gather->head.segment_count - 1, vec, &length);
	int ret = collect_data(gather, vec);
	return ret ? ret : 1;
}

/*
 * What no program can have there is refused by recvmsg before it takes the packet, which
 * would be the next request's then; all else is found out after that.
 */
static bool can_land(const struct iovec *landing)
{
	uint64_t address = (uintptr_t)landing->iov_base;

	return address < USER_SPACE_END && landing->iov_len <= USER_SPACE_END - address;
}

static int send_once(struct preload_gather *gather, struct preload_channel *channel,
	bool data_inline, struct preload_reply *reply)
{
	struct iovec vec[3 + PARTS_MAX];
	unsigned vec_count = 0, fd_count = 0;
	int fds[2];

	gather->head.fd_count = gather->number >= 0;
	if (gather->number >= 0)
		fds[fd_count++] = gather->number;
	if (gather->memfd >= 0)
		fds[fd_count++] = gather->memfd;
	vec[vec_count++] = (struct iovec){&gather->head, sizeof(gather->head)};
	vec[vec_count++] = (struct iovec){gather->scratch->segments,
		gather->head.segment_count * sizeof(struct wire_segment)};
	if (gather->number >= 0)
		vec[vec_count++] = (struct iovec){&gather->number, sizeof(gather->number)};
	int parts = data_inline ? add_data(gather, vec + vec_count) : 0;
	if (parts < 0)
		return parts;
	/* Whatever has no row in the table neither needs looking at nor patching. */
	gather->landing = (struct iovec){(void *)(uintptr_t)gather->scratch->segments[0].address,
		gather->scratch->segments[0].length};
	reply->landing = data_inline && gather->in_place && !gather->layout &&
		can_land(&gather->landing) &&
		gather->head.segment_count == 1 ?
		&gather->landing : NULL;
	reply->upcalls = gather->layout && gather->layout->upcalls;
	/* What is looked up nowhere brings no descriptors, and was copied when it was easy. */
	reply->plain = !gather->layout && data_inline && (gather->copy || !parts) && !reply->landing;
	int ret = preload_channel_call(channel, vec, vec_count + parts, fds, fd_count, reply);
	reply->landing = ret ? NULL : reply->landing;
	return ret;
}

int preload_gather_call(struct preload_gather *gather, struct preload_channel *channel,
	struct preload_reply *reply)
{
	int data_inline = gather->memfd >= 0 ? 0 : store_large(gather);

	if (data_inline < 0)
		return data_inline;
	int ret = send_once(gather, channel, data_inline, reply);
	if (ret == -EBADF) {
		gather->number = -1;
		ret = send_once(gather, channel, data_inline, reply);
	}
	if (ret == -EFAULT) {
		trim(gather);
		ret = send_once(gather, channel, data_inline, reply);
	}
	return ret;
}

/* The handler wrote WIRE_FD_BASE + i; the program gets its own number. */
static void patch_fd(const struct preload_gather *gather, const struct wire_extent *extent,
	uint8_t *data, const struct preload_reply *reply)
{
	uint16_t offset = gather->fd_out;
	int32_t fd;

	if (extent->segment != 0 || offset == WIRE_NO_FIELD || offset < extent->offset ||
	    offset + sizeof(fd) > (uint64_t)extent->offset + extent->length)
		return;
	data += offset - extent->offset;
	memcpy(&fd, data, sizeof(fd));
	if (fd < WIRE_FD_BASE || fd >= WIRE_FD_BASE + (int)WIRE_FDS_MAX)
		return;
	unsigned i = fd - WIRE_FD_BASE;
	fd = i < reply->fd_count ? reply->fds[i] : -1;
	memcpy(data, &fd, sizeof(fd));
}

static uint64_t position_of(const struct preload_gather *gather, unsigned segment)
{
	uint64_t position = 0;

	for (unsigned i = 0; i < segment; i++)
		position += gather->scratch->segments[i].length;
	return position;
}

/* From the memfd straight into the program's memory, but for the patched struct. */
static int write_large(const struct preload_gather *gather, const struct wire_extent *extent,
	const struct preload_reply *reply)
{
	uint64_t address = gather->scratch->segments[extent->segment].address + extent->offset;
	uint64_t position = position_of(gather, extent->segment) + extent->offset;
	uint8_t data[1 << _IOC_SIZEBITS];

	if (extent->segment != 0 || extent->length > sizeof(data))
		return file_read(gather->memfd, (void *)(uintptr_t)address, extent->length,
			position) ? 0 : -EFAULT;
	if (!file_read(gather->memfd, data, extent->length, position))
		return -EFAULT;
	patch_fd(gather, extent, data, reply);
	return preload_memory_write(address, data, extent->length);
}

static int write_back(const struct preload_gather *gather, const struct preload_reply *reply)
{
	const struct wire_ioctl_reply *head = (const struct wire_ioctl_reply *)reply->header;
	const struct wire_extent *extents = (const struct wire_extent *)(head + 1);
	uint64_t used = sizeof(*head) + (uint64_t)head->extent_count * sizeof(*extents);
	int ret = 0;

	for (uint32_t i = 0; i < head->extent_count && !ret; i++) {
		const struct wire_extent *extent = &extents[i];
		uint8_t *data = (uint8_t *)head + used;

		if (used > head->header.size || extent->segment >= gather->head.segment_count)
			return -ENODEV;
		if (gather->memfd >= 0) {
			ret = write_large(gather, extent, reply);
			continue;
		}
		used += extent->length;
		if (used > head->header.size)
			return -ENODEV;
		patch_fd(gather, extent, data, reply);
		ret = preload_memory_write(gather->scratch->segments[extent->segment].address +
			extent->offset, data, extent->length);
	}
	return ret;
}

long preload_gather_finish_reply(struct preload_gather *gather, struct preload_reply *reply)
{
	const struct wire_ioctl_reply *head = (const struct wire_ioctl_reply *)reply->header;

	if (head->header.size < sizeof(*head)) {
		preload_reply_close_fds(reply);
		return -ENODEV;
	}
	int ret = reply->landing ? 0 : write_back(gather, reply);
	if (ret) {
		preload_reply_close_fds(reply);
		preload_reply_close_installed(reply);
		return ret;
	}
	if (head->header.result < 0)
		preload_reply_close_installed(reply);
	for (unsigned i = 0; i < reply->fd_count; i++) {
		if (!(head->cloexec_mask & 1u << i))
			fcntl(reply->fds[i], F_SETFD, 0);
	}
	return head->header.result;
}
