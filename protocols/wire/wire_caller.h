/*
 * A client as a handler sees it (struct vfs_caller): memory is the segments
 * that came with the request, descriptors are those that came with it; what did
 * not come is asked for where that is allowed, and -EFAULT or -EBADF elsewhere.
 */
#ifndef WIRE_CALLER_H
#define WIRE_CALLER_H

#include "vfs.h"
#include "wire_memory.h"
#include "wire_packet.h"
#include "wire_upcall.h"

struct wire_caller {
	struct vfs_caller base; /* first */
	struct wire_memory memory;
	struct wire_upcalls upcalls;
	uint32_t request;

	struct wire_packet *packet; /* the client's descriptors */
	const int32_t *numbers;     /* the client's numbers for them */
	unsigned number_count;

	int new_fds[WIRE_FDS_MAX]; /* for the client */
	unsigned new_fd_count;
	uint32_t cloexec_mask;
};

/*
 * For requests without memory (open, stat); also the first step of the other.
 * socket and patience_ms: for upcalls.
 */
void wire_caller_init(struct wire_caller *caller, const struct ucred *credentials, int socket,
	int patience_ms);

/*
 * Checks an ioctl packet to the last byte and lays out its memory. -EPROTO when
 * the channel must end; -ENOMEM when the segments are more than WIRE_DATA_MAX.
 */
int wire_caller_set_ioctl(struct wire_caller *caller, struct wire_packet *packet, uint8_t *image);

/* Closes the descriptors meant for the client. */
void wire_caller_drop_fds(struct wire_caller *caller);

#endif
