#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire_memory.h"

/* Fewer segments are looked through one by one. */
enum { SORT_FROM = 16 };

void wire_memory_init(struct wire_memory *memory)
{
	memory->segments = NULL;
	memory->count = 0;
	memory->image = NULL;
	memory->memfd = -1;
	memory->extent_count = 0;
	memory->sorted = false;
}

int wire_memory_set(struct wire_memory *memory, const struct wire_segment *segments,
	unsigned count, uint64_t *total, uint64_t *in)
{
	memory->segments = segments;
	memory->count = count;
	*total = *in = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct wire_segment *segment = &segments[i];

		if (segment->flags & ~(uint32_t)(WIRE_SEG_IN | WIRE_SEG_OUT) || !segment->flags ||
		    segment->address + segment->length < segment->address)
			return -EPROTO;
		memory->positions[i] = *total;
		memory->first[i] = memory->end[i] = 0;
		*total += segment->length;
		if (segment->flags & WIRE_SEG_IN)
			*in += segment->length;
	}
	return 0;
}

void wire_memory_fill(struct wire_memory *memory, uint8_t *image, const uint8_t *data)
{
	memory->image = image;
	/* Gaps may go back to the client: they hold nothing of another request. */
	if (memory->count == 1)
		memset(image, 0, memory->segments[0].length);
	for (unsigned i = 0; i < memory->count; i++) {
		if (!(memory->segments[i].flags & WIRE_SEG_IN))
			continue;
		memcpy(image + memory->positions[i], data, memory->segments[i].length);
		data += memory->segments[i].length;
	}
}

static int compare(const void *a, const void *b, void *data)
{
	const struct wire_segment *segments = data;
	unsigned i = *(const uint16_t *)a, k = *(const uint16_t *)b;

	if (segments[i].address != segments[k].address)
		return segments[i].address < segments[k].address ? -1 : 1;
	return i < k ? -1 : 1;
}

static void sort(struct wire_memory *memory)
{
	uint64_t reach = 0;

	for (unsigned i = 0; i < memory->count; i++)
		memory->order[i] = i;
	qsort_r(memory->order, memory->count, sizeof(memory->order[0]), compare,
		(void *)memory->segments);
	for (unsigned i = 0; i < memory->count; i++) {
		const struct wire_segment *segment = &memory->segments[memory->order[i]];

		if (segment->address + segment->length > reach)
			reach = segment->address + segment->length;
		memory->reach[i] = reach;
	}
	memory->sorted = true;
}

static bool holds(const struct wire_segment *segment, uint64_t address, size_t size,
	uint32_t direction)
{
	return (segment->flags & direction) && address >= segment->address &&
		address - segment->address <= segment->length &&
		size <= segment->length - (address - segment->address);
}

static int find_sorted(struct wire_memory *memory, uint64_t address, size_t size,
	uint32_t direction)
{
	unsigned low = 0, high = memory->count;

	if (!memory->sorted)
		sort(memory);
	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (memory->segments[memory->order[middle]].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	while (low-- > 0 && memory->reach[low] >= address) {
		unsigned i = memory->order[low];
		if (holds(&memory->segments[i], address, size, direction))
			return i;
	}
	return -EFAULT;
}

/*
 * Segments may overlap, and one struct may be reachable through several; the same
 * question always finds the same one.
 */
static int find(struct wire_memory *memory, uint64_t address, size_t size, uint32_t direction)
{
	if (memory->count >= SORT_FROM)
		return find_sorted(memory, address, size, direction);
	for (unsigned i = 0; i < memory->count; i++) {
		if (holds(&memory->segments[i], address, size, direction))
			return i;
	}
	return -EFAULT;
}

int wire_memory_read(struct wire_memory *memory, void *dst, uint64_t address, size_t size)
{
	int segment = find(memory, address, size, WIRE_SEG_IN);

	if (segment < 0)
		return segment;
	uint64_t position = memory->positions[segment] +
		(address - memory->segments[segment].address);
	if (memory->memfd < 0) {
		memcpy(dst, memory->image + position, size);
		return 0;
	}
	return pread(memory->memfd, dst, size, position) == (ssize_t)size ? 0 : -EFAULT;
}

static void note_span(struct wire_memory *memory, unsigned segment, uint32_t first, uint32_t end)
{
	bool none = memory->first[segment] == memory->end[segment];

	if (none || first < memory->first[segment])
		memory->first[segment] = first;
	if (none || end > memory->end[segment])
		memory->end[segment] = end;
}

/* Extents of a segment that touch become one; the list stays disjoint. */
static int note_extent(struct wire_memory *memory, unsigned segment, uint32_t first, uint32_t end)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < memory->extent_count; i++) {
		struct wire_extent old = memory->extents[i];

		if (old.segment == segment && old.offset <= end &&
		    old.offset + old.length >= first) {
			first = old.offset < first ? old.offset : first;
			end = old.offset + old.length > end ? old.offset + old.length : end;
		} else {
			memory->extents[kept++] = old;
		}
	}
	memory->extent_count = kept;
	if (kept == WIRE_GAPS_MAX)
		return -ENOSPC;
	memory->extents[memory->extent_count++] = (struct wire_extent){segment, first, end - first};
	return 0;
}

int wire_memory_write(struct wire_memory *memory, uint64_t address, const void *src, size_t size)
{
	int segment = find(memory, address, size, WIRE_SEG_OUT);

	if (segment < 0)
		return segment;
	uint64_t offset = address - memory->segments[segment].address;
	uint64_t position = memory->positions[segment] + offset;
	if (memory->memfd < 0)
		memcpy(memory->image + position, src, size);
	else if (pwrite(memory->memfd, src, size, position) != (ssize_t)size)
		return -EFAULT;
	if (!(memory->segments[segment].flags & WIRE_SEG_IN))
		return note_extent(memory, segment, offset, offset + size);
	note_span(memory, segment, offset, offset + size);
	return 0;
}

/* One segment, inline: its extent begins at 0. */
static void close_single(struct wire_memory *memory)
{
	uint32_t end = 0;

	for (unsigned i = 0; i < memory->extent_count; i++) {
		const struct wire_extent *extent = &memory->extents[i];

		if (extent->offset + extent->length > end)
			end = extent->offset + extent->length;
	}
	memory->extents[0] = (struct wire_extent){0, 0, end};
	memory->extent_count = 1;
}

void wire_memory_close(struct wire_memory *memory)
{
	for (unsigned i = 0; i < memory->count; i++) {
		if (memory->first[i] != memory->end[i])
			memory->extents[memory->extent_count++] = (struct wire_extent){i,
				memory->first[i], memory->end[i] - memory->first[i]};
	}
	if (memory->count == 1 && memory->memfd < 0 && memory->extent_count)
		close_single(memory);
}
