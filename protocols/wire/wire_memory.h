/*
 * The memory that came with a request: segments by the client's addresses, their
 * data in the channel's image or in the client's memfd, and what was written.
 */
#ifndef WIRE_MEMORY_H
#define WIRE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "wire.h"

struct wire_memory {
	const struct wire_segment *segments; /* in the packet */
	unsigned count;
	uint8_t *image; /* WIRE_INLINE_MAX bytes, the channel's; unused with memfd */
	int memfd;      /* the packet's, or -1 */
	uint64_t positions[WIRE_SEGMENTS_MAX]; /* of each segment in image or memfd */

	/* Of IN|OUT segments: what was written lies in [first, end); none when equal. */
	uint32_t first[WIRE_SEGMENTS_MAX], end[WIRE_SEGMENTS_MAX];
	/* Of OUT segments while the handler runs, of all after wire_memory_close. */
	struct wire_extent extents[WIRE_EXTENTS_MAX];
	unsigned extent_count;

	/* Long lists only, from the first look-up on: segments by address, and how far the
	 * first i + 1 of them reach. */
	bool sorted;
	uint16_t order[WIRE_SEGMENTS_MAX];
	uint64_t reach[WIRE_SEGMENTS_MAX];
};

/* None. */
void wire_memory_init(struct wire_memory *memory);

/*
 * Takes count segments (at most WIRE_SEGMENTS_MAX; they stay the caller's) and lays
 * them out: *total bytes in all, *in that come along. -EPROTO: flags, addresses.
 */
int wire_memory_set(struct wire_memory *memory, const struct wire_segment *segments,
	unsigned count, uint64_t *total, uint64_t *in);
/* The data, *in bytes, in image from now on. */
void wire_memory_fill(struct wire_memory *memory, uint8_t *image, const uint8_t *data);

/* -EFAULT: no segment of that direction holds [address, address + size) whole. */
int wire_memory_read(struct wire_memory *memory, void *dst, uint64_t address, size_t size);
/* Also -ENOSPC: written, but the reply has no room to say so. */
int wire_memory_write(struct wire_memory *memory, uint64_t address, const void *src, size_t size);

/* What goes back to the client is in extents, as wire.h promises. */
void wire_memory_close(struct wire_memory *memory);

#endif
