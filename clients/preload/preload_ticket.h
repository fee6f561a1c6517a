/*
 * A request as what its answer depends on: two that are equal here, on one file, get one
 * answer while the server's counters stand still (preload_keep.h).
 */
#ifndef PRELOAD_TICKET_H
#define PRELOAD_TICKET_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"
#include "wire_layout.h"

#define PRELOAD_KEEP_ARGUMENT 256 /* larger ones are always asked */
#define PRELOAD_KEEP_BYTES 8192   /* larger answers are never kept */

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

/* Reads the argument. False: such a request is always asked. */
bool preload_ticket_open(struct preload_ticket *ticket, uint32_t request, uint64_t arg);
/*
 * data is a piece of an answer's argument struct: the addresses in it become the program's
 * own, or none.
 */
void preload_ticket_put_pointers(const struct preload_ticket *ticket,
	const struct wire_extent *extent, uint8_t *data, bool own_ones);

#endif
