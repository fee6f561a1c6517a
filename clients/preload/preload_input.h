/* read and write of input devices, whose events stay with the server until they are read. */
#ifndef PRELOAD_INPUT_H
#define PRELOAD_INPUT_H

#include <stddef.h>
#include <sys/types.h>

/* As read(2) and write(2), of an input device's fd. */
ssize_t preload_input_read(int fd, void *buf, size_t count);
ssize_t preload_input_write(int fd, const void *buf, size_t count);
/*
 * After an evdev ioctl that may have taken back what could be read: then fd shall not
 * poll readable any more. errno stays.
 */
void preload_input_settle(int fd, unsigned int request);

#endif
