/*
 * readv and writev of device files. Their drivers know read and write only, so the kernel
 * calls these for one segment after the other, until one is not filled (kernel:
 * do_loop_readv_writev): with a second segment, a blocking read waits again.
 *
 * Of the calls with a position, input devices have none (ESPIPE, as the socket says
 * itself), and the others that are read here do not look at it.
 */
#include <errno.h>
#include <limits.h>
#include <sys/uio.h>

#include "preload_door.h"
#include "preload_memory.h"
#include "preload_node.h"
#include "preload_read.h"
#include "preload_real.h"
#include "preload_symbols.h"

/* What one call transfers at most: MAX_RW_COUNT. */
#define TOTAL_MAX (INT_MAX & ~4095)

/* The whole vector's check, before anything is read. The bytes, or -1. */
static ssize_t check_vector(const struct iovec *vec, int count)
{
	size_t total = 0;

	if (count < 0 || count > UIO_MAXIOV) {
		errno = EINVAL;
		return -1;
	}
	if (preload_memory_span((uintptr_t)vec, count * sizeof(*vec)) < count * sizeof(*vec)) {
		errno = EFAULT;
		return -1;
	}
	for (int i = 0; i < count; i++) {
		uint64_t base = (uintptr_t)vec[i].iov_base, length = vec[i].iov_len;

		if (length > SSIZE_MAX) {
			errno = EINVAL;
			return -1;
		}
		if (base >= PRELOAD_USER_END || length > PRELOAD_USER_END - base) {
			errno = EFAULT;
			return -1;
		}
		total += length < TOTAL_MAX - total ? length : TOTAL_MAX - total;
	}
	return total;
}

static ssize_t each_segment(int fd, const struct iovec *vec, int count,
	ssize_t (*transfer)(int fd, const struct iovec *segment, size_t length))
{
	ssize_t left = check_vector(vec, count), done = 0;

	if (left <= 0)
		return left;
	for (int i = 0; left > 0 && i < count; i++) {
		size_t length = vec[i].iov_len < (size_t)left ? vec[i].iov_len : (size_t)left;

		/* Only at the beginning is a segment of nothing a call. */
		if (length == 0 && i > 0)
			continue;
		ssize_t ret = transfer(fd, &vec[i], length);
		if (ret < 0)
			return done ? done : -1;
		done += ret;
		left -= ret;
		if ((size_t)ret != length)
			break;
	}
	return done;
}

static ssize_t read_segment(int fd, const struct iovec *segment, size_t length)
{
	return preload_read_any(fd, segment->iov_base, length);
}

static ssize_t write_segment(int fd, const struct iovec *segment, size_t length)
{
	return preload_write_any(fd, segment->iov_base, length);
}

static bool is_device(int fd, struct preload_node *node)
{
	return preload_fd_device_seen() && preload_node_of_fd(fd, node);
}

PRELOAD_EXPORT ssize_t readv(int fd, const struct iovec *vec, int count)
{
	struct preload_node node;

	return is_device(fd, &node) ? each_segment(fd, vec, count, read_segment) :
		preload_real_readv(fd, vec, count);
}

PRELOAD_EXPORT ssize_t writev(int fd, const struct iovec *vec, int count)
{
	struct preload_node node;

	return is_device(fd, &node) ? each_segment(fd, vec, count, write_segment) :
		preload_real_writev(fd, vec, count);
}

/* -1 is preadv2's readv. A framebuffer has a position, which only the server knows. */
static bool has_no_position(const struct preload_node *node, off_t offset)
{
	return offset == -1 || (offset >= 0 && node->major != PRELOAD_MAJOR_INPUT &&
		node->major != PRELOAD_MAJOR_FB);
}

static ssize_t read_at(int fd, const struct iovec *vec, int count, off_t offset)
{
	struct preload_node node;

	if (offset == -1 || !is_device(fd, &node) || !has_no_position(&node, offset))
		return preload_real_preadv(fd, vec, count, offset);
	return each_segment(fd, vec, count, read_segment);
}

static ssize_t read_at_flags(int fd, const struct iovec *vec, int count, off_t offset, int flags)
{
	struct preload_node node;

	if (!is_device(fd, &node) || !has_no_position(&node, offset))
		return preload_real_preadv2(fd, vec, count, offset, flags);
	if (flags & ~RWF_HIPRI) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return each_segment(fd, vec, count, read_segment);
}

PRELOAD_EXPORT ssize_t preadv(int fd, const struct iovec *vec, int count, off_t offset)
{
	return read_at(fd, vec, count, offset);
}

PRELOAD_EXPORT ssize_t preadv64(int fd, const struct iovec *vec, int count, off64_t offset)
{
	return read_at(fd, vec, count, offset);
}

PRELOAD_EXPORT ssize_t preadv2(int fd, const struct iovec *vec, int count, off_t offset, int flags)
{
	return read_at_flags(fd, vec, count, offset, flags);
}

PRELOAD_EXPORT ssize_t preadv64v2(int fd, const struct iovec *vec, int count, off64_t offset,
	int flags)
{
	return read_at_flags(fd, vec, count, offset, flags);
}
