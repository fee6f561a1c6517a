/* read and write of descriptors that may be device files. */
#ifndef PRELOAD_READ_H
#define PRELOAD_READ_H

#include <stddef.h>
#include <sys/types.h>

/* Addresses from here up are the kernel's own on 64-bit machines (x86-64, arm64). */
#define PRELOAD_USER_END (1ull << 47)

/* What read(2) and write(2) of the program's do. */
ssize_t preload_read_any(int fd, void *buf, size_t count);
ssize_t preload_write_any(int fd, const void *buf, size_t count);

#endif
