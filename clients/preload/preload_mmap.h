/* Mapping a device file, for mmap(2) and for I915_GEM_MMAP, which maps as well. */
#ifndef PRELOAD_MMAP_H
#define PRELOAD_MMAP_H

#include <stddef.h>
#include <stdint.h>

/*
 * As mmap(2) of fd, which is a device file: MAP_FAILED and errno. What the
 * device has at place is mapped from skip bytes after its start on.
 */
void *preload_mmap_device(void *addr, size_t length, int prot, int flags, int fd, uint64_t place,
	uint64_t skip);

#endif
