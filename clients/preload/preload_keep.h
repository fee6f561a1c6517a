/*
 * Answers that stay true (wire.h): a thread keeps what it was told, and tells the program
 * again without a message while the server's counters stand still. One system call is left:
 * which file a descriptor is, only the kernel knows.
 *
 * TESTCARD_HOT=off in the environment: everything is asked. TESTCARD_HOT=check: everything
 * is asked, and a program that gets another answer than the one kept for it is aborted.
 */
#ifndef PRELOAD_KEEP_H
#define PRELOAD_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "preload_channel.h"
#include "wire_layout.h"

struct preload_gather;

#define PRELOAD_KEEP_ARGUMENT 256 /* larger ones are always asked */

/* A request on its way to the server, whose answer may be kept. */
struct preload_ticket {
	bool open; /* else nothing of it is kept, and the rest is not set */
	bool watched; /* counters and seen are */
	uint32_t request, file_id;
	uint64_t arg, instance;
	/* The argument with 0 and 1 for the addresses in it: what else can differ between two
	 * requests with the same answer is not in it. */
	uint8_t key[PRELOAD_KEEP_ARGUMENT] __attribute__((aligned(8)));
	uint32_t key_size;
	uint64_t hash;
	/* The addresses, which come back as they were. */
	struct preload_pointer {
		uint16_t offset, size;
		uint64_t value;
	} pointers[WIRE_ARRAYS_MAX];
	uint32_t pointer_count;
	/* What goes along, as preload_gather has it. */
	struct wire_segment segments[1 + WIRE_ARRAYS_MAX];
	uint32_t segment_count;
	/* The file's counters, and what they were before the request was sent. */
	const _Atomic uint64_t *counters[WIRE_WATCHES];
	uint64_t seen[WIRE_WATCHES];
};

/* True: *result is the ioctl's. Else the request is to be sent, and ticket goes with it. */
bool preload_keep_answer(int fd, uint32_t request, uint64_t arg, struct preload_ticket *ticket,
	long *result);
/* Just before it is sent: channel is attached to the file. */
void preload_keep_watch(struct preload_ticket *ticket, struct preload_channel *channel,
	uint32_t file_id);
/* The reply, before it is used; fd as in preload_keep_answer. */
void preload_keep_store(const struct preload_ticket *ticket, int fd,
	const struct preload_gather *gather, const struct preload_reply *reply);
/* The thread ends. */
void preload_keep_finish(void);

/* How often requests with that _IOC_NR were answered here since this was asked last. */
uint32_t preload_keep_take_count(unsigned number);
/* Of all of them together. */
uint32_t preload_keep_untold(void);

/* preload_kept.c: what the server is told of that, now; or when it is time. */
void preload_kept_tell(struct preload_channel *channel);
void preload_kept_tell_in_time(struct preload_channel *channel);
/* The next request is to go to the server, which must be told. */
bool preload_kept_wait(uint32_t untold);

#endif
