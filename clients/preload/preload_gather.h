/*
 * An ioctl as a packet: which memory and descriptors of the program go along
 * (by protocols/wire/wire_layout.h), and how the reply is written back.
 */
#ifndef PRELOAD_GATHER_H
#define PRELOAD_GATHER_H

#include <sys/uio.h>

#include "preload_channel.h"
#include "wire_layout.h"

struct preload_gather {
	struct wire_ioctl head;
	struct preload_scratch *scratch;
	const struct wire_layout *layout; /* NULL: the argument struct alone */
	const uint8_t *copy; /* of the argument struct, or NULL; what is sent and was looked at */
	int32_t number;      /* of the descriptor that goes along, or -1 */
	uint16_t fd_out;     /* where the new descriptor's number goes, or WIRE_NO_FIELD */
	int memfd;           /* data too large for a packet, or -1 */
	bool in_place; /* the answer may come straight into the program's memory; set by the caller */
	struct iovec landing; /* the argument struct, when nothing else comes back */
};

/* Chooses the memory and descriptors; scratch stays valid with the gather. */
void preload_gather_init(struct preload_gather *gather, uint32_t file_id, uint32_t request,
	uint64_t arg, struct preload_scratch *scratch);
void preload_gather_finish(struct preload_gather *gather);

/*
 * preload_exchange.c: sends and waits, as preload_channel_call. Memory that cannot be
 * read and a descriptor that is not open stay behind: the handler then says EFAULT or
 * EBADF where the kernel's would, or never looks.
 */
int preload_gather_call(struct preload_gather *gather, struct preload_channel *channel,
	struct preload_reply *reply);

/*
 * Writes back what the handler wrote and hands its descriptors out. The ioctl's
 * result; -EFAULT when the program's memory cannot be written.
 */
long preload_gather_finish_reply(struct preload_gather *gather, struct preload_reply *reply);

#endif
