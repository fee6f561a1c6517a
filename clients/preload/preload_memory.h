/*
 * User memory as a system call sees it: a bad address is -EFAULT, not a crash.
 * The addresses are the program's own; the kernel does the checking.
 */
#ifndef PRELOAD_MEMORY_H
#define PRELOAD_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0 or -EFAULT; part may have been copied. */
int preload_memory_read(void *dst, uint64_t address, size_t length);
int preload_memory_write(uint64_t address, const void *src, size_t length);
/* Both are known to do without a system call: nothing is cheaper. */
bool preload_memory_at_hand(uint64_t address, size_t length);
/* All parts, one after the other, to dst; at most 1024 of them. */
struct iovec;
int preload_memory_collect(void *dst, const struct iovec *parts, unsigned count);
/* How many bytes from address on can be read: at most length. */
uint64_t preload_memory_span(uint64_t address, uint64_t length);

#endif
