/*
 * The swap file: unlinked, on a disk. Its offsets are an address space far
 * larger than its limit, so it is never fragmented; what is given back is
 * punched out.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gem_private.h"

enum { CHUNK = 256 << 10 };

static int open_in(const char *folder)
{
	char path[4096];

	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	/* Some file systems know no O_TMPFILE. */
	if (snprintf(path, sizeof(path), "%s/testcard-swap-XXXXXX", folder) >= (int)sizeof(path))
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static int open_file(struct gem_swap *swap)
{
	const char *folder = getenv("TMPDIR");

	if (swap->fd >= 0)
		return 0;
	if (folder)
		swap->fd = open_in(folder);
	if (swap->fd < 0)
		swap->fd = open_in("/var/tmp");
	if (swap->fd < 0) {
		gem_warn("gem", "no swap file: %s", strerror(errno));
		swap->limit = 0; /* not asked again */
		return -ENOSPC;
	}
	return 0;
}

int gem_swap_reserve(struct gem_swap *swap, struct gem_range_node *node)
{
	if (node->size > swap->limit || swap->places.used > swap->limit - node->size ||
	    open_file(swap) < 0)
		return -ENOSPC;
	int ret = gem_range_insert(&swap->places, node, GEM_PAGE_SIZE, 0, UINT64_MAX);
	if (ret)
		return ret;
	/* Now, not in the middle of the write. Where it is not supported, there. */
	if (fallocate(swap->fd, 0, node->start, node->size) < 0 && errno != EOPNOTSUPP) {
		gem_debug("gem", "swap file cannot grow: %s", strerror(errno));
		gem_swap_release(swap, node);
		return -ENOSPC;
	}
	return 0;
}

void gem_swap_release(struct gem_swap *swap, struct gem_range_node *node)
{
	if (!node->placed)
		return;
	if (fallocate(swap->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, node->start,
		    node->size) < 0) {
		gem_debug("gem", "swap file does not shrink: %s", strerror(errno));
		swap->keeps_bytes = true;
	}
	gem_range_remove(&swap->places, node);
}

/* Reads all of size or up to the end of the file; what is missing reads as zeros. */
static int read_chunk(int fd, uint64_t at, uint8_t *chunk, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(fd, chunk + done, size - done, at + done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -EIO;
		if (got == 0)
			break;
		done += got;
	}
	memset(chunk + done, 0, size - done);
	return 0;
}

static int write_chunk(int fd, uint64_t at, const uint8_t *chunk, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t put = pwrite(fd, chunk + done, size - done, at + done);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return -EIO;
		done += put;
	}
	return 0;
}

/* The next offset of from, at or after at, that may have data; end when there is none. */
static uint64_t next_data(int from, uint64_t at, uint64_t end)
{
	off_t data = lseek(from, at, SEEK_DATA);

	if (data < 0)
		return errno == ENXIO ? end : at;
	/* A client may move the size meanwhile: believe no more than is useful. */
	uint64_t page = data & ~(GEM_PAGE_SIZE - 1);
	return page < at ? at : page > end ? end : page;
}

/*
 * Copies size bytes; with holes, these are left out: pages that were never
 * touched cost neither time nor disk. The target reads as zeros there.
 */
static int copy_data(int from, uint64_t from_at, int to, uint64_t to_at, uint64_t size,
	bool holes)
{
	static uint8_t chunk[CHUNK]; /* memory.lock of one device is not that of the other */
	static pthread_mutex_t chunk_lock = PTHREAD_MUTEX_INITIALIZER; /* innermost */
	uint64_t at = 0;
	int ret = 0;

	pthread_mutex_lock(&chunk_lock);
	while (ret == 0) {
		if (holes)
			at = next_data(from, from_at + at, from_at + size) - from_at;
		if (at >= size)
			break;
		size_t step = size - at < CHUNK ? size - at : CHUNK;
		ret = read_chunk(from, from_at + at, chunk, step);
		if (ret == 0)
			ret = write_chunk(to, to_at + at, chunk, step);
		at += step;
	}
	pthread_mutex_unlock(&chunk_lock);
	return ret;
}

int gem_swap_write(struct gem_swap *swap, const struct gem_range_node *node, int filp)
{
	return copy_data(filp, 0, swap->fd, node->start, node->size, !swap->keeps_bytes);
}

int gem_swap_read(struct gem_swap *swap, const struct gem_range_node *node, int filp)
{
	return copy_data(swap->fd, node->start, filp, 0, node->size, true);
}
