/*
 * Questions to a client while its request's handler runs (wire.h, WIRE_UPCALL).
 * Each waits for the answer, WIRE_PATIENCE_SECONDS at most.
 */
#ifndef WIRE_UPCALL_H
#define WIRE_UPCALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_upcalls {
	int socket;      /* the channel's */
	int patience_ms;
	bool broken;     /* no answer, or none of the protocol's: the channel must end */
};

/* 0 or -EFAULT. */
int wire_upcall_read(struct wire_upcalls *upcalls, void *dst, uint64_t address, size_t size);
int wire_upcall_write(struct wire_upcalls *upcalls, uint64_t address, const void *src,
	size_t size);
/* The client's descriptor as one of ours, or -EBADF; -EFAULT when the channel broke. */
int wire_upcall_fetch(struct wire_upcalls *upcalls, int number);
/* The client's number of fd, which stays the caller's; or -EMFILE, -EFAULT. */
int wire_upcall_install(struct wire_upcalls *upcalls, int fd, bool cloexec);

#endif
