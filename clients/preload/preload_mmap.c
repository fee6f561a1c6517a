/* mmap: a device file's fake offset stands for an object's memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload_door.h"
#include "preload_mmap.h"
#include "preload_real.h"
#include "preload_symbols.h"

enum { MAP_TRIES = 100 };

/*
 * The server seals memory against writing when it takes it away, and cannot
 * while it is mapped: so a mapping made before the seal was seen to be missing
 * is of the memory that counts.
 */
static bool is_taken_away(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && seals & F_SEAL_WRITE;
}

void *preload_mmap_device(void *addr, size_t length, int prot, int flags, int fd, uint64_t place,
	uint64_t skip)
{
	uint64_t map_offset;
	int map_fd, ret, saved_errno;
	bool taken_away;
	void *map;

	/* A private writable map of device memory is what GEM refuses. */
	if ((flags & MAP_TYPE) == MAP_PRIVATE) {
		errno = EINVAL;
		return MAP_FAILED;
	}
	/* Idle memory may go to swap between the two steps: then there is new memory. */
	for (int tries = 0; tries < MAP_TRIES; tries++) {
		ret = preload_door_current()->mmap(fd, place, skip + length, prot, &map_fd,
			&map_offset);
		if (ret < 0) {
			errno = -ret;
			return MAP_FAILED;
		}
		map = preload_real_mmap(addr, length, prot, flags, map_fd, map_offset + skip);
		saved_errno = errno;
		taken_away = is_taken_away(map_fd);
		close(map_fd);
		errno = saved_errno;
		if (!taken_away)
			return map;
		if (map != MAP_FAILED)
			munmap(map, length);
	}
	errno = EAGAIN;
	return MAP_FAILED;
}

static void *map(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	void *result = preload_real_mmap(addr, length, prot, flags, fd, offset);
	uint64_t instance;
	uint32_t file_id;

	/* A socket says ENODEV. So no other mmap pays for the question whose fd this is. */
	if (result != MAP_FAILED || errno != ENODEV || (flags & MAP_ANONYMOUS))
		return result;
	if (!preload_fd_is_device(fd, &instance, &file_id)) {
		errno = ENODEV;
		return result;
	}
	return preload_mmap_device(addr, length, prot, flags, fd, offset, 0);
}

PRELOAD_EXPORT void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	return map(addr, length, prot, flags, fd, offset);
}

PRELOAD_EXPORT void *mmap64(void *addr, size_t length, int prot, int flags, int fd,
	off64_t offset)
{
	return map(addr, length, prot, flags, fd, offset);
}
