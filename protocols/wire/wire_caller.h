/*
 * A client as a handler sees it (struct vfs_caller): memory is the segments
 * that came with the request, descriptors are those that came with it.
 */
#ifndef WIRE_CALLER_H
#define WIRE_CALLER_H

#include "vfs.h"
#include "wire_packet.h"

struct wire_caller {
	struct vfs_caller base; /* first */
	const struct wire_segment *segments;
	unsigned segment_count;
	uint64_t positions[WIRE_SEGMENTS_MAX]; /* of each segment in image or memfd */
	uint8_t *image; /* WIRE_INLINE_MAX bytes, the channel's; unused with memfd */
	int memfd;      /* the packet's, or -1 */

	struct wire_extent extents[WIRE_EXTENTS_MAX];
	unsigned extent_count;

	struct wire_packet *packet; /* the client's descriptors */
	const int32_t *numbers;     /* the client's numbers for them */
	unsigned number_count;

	int new_fds[WIRE_FDS_MAX]; /* for the client */
	unsigned new_fd_count;
	uint32_t cloexec_mask;
};

/* For requests without memory (open, stat); also the first step of the other. */
void wire_caller_init(struct wire_caller *caller, const struct ucred *credentials);

/*
 * Checks an ioctl packet to the last byte and lays out its memory. -EPROTO when
 * the channel must end; -ENOMEM when the segments are more than WIRE_DATA_MAX.
 */
int wire_caller_set_ioctl(struct wire_caller *caller, struct wire_packet *packet, uint8_t *image);

/* Before the reply: what wire.h promises for a request with one segment. */
void wire_caller_close_extents(struct wire_caller *caller);

/* Closes the descriptors meant for the client. */
void wire_caller_drop_fds(struct wire_caller *caller);

#endif
