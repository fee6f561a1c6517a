#include "preload_ticket.h"

#include <linux/ioctl.h>
#include <string.h>

#include "preload_memory.h"

static uint64_t field(const uint8_t *data, uint16_t offset, uint8_t size)
{
	uint64_t wide;
	uint32_t narrow;

	if (size == sizeof(wide)) {
		memcpy(&wide, data + offset, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, data + offset, sizeof(narrow));
	return narrow;
}

/* An address becomes whether there is one. False: the array is not the answer's alone. */
static bool take_array(struct preload_ticket *ticket, const struct wire_array *array)
{
	uint32_t size = ticket->key_size;

	if (array->direction != WIRE_SEG_OUT || array->inner || array->when.mask ||
	    (array->kind != WIRE_COUNT_FIELD && array->kind != WIRE_COUNT_ONE) ||
	    array->pointer + array->pointer_size > size || array->count + array->count_size > size)
		return false;
	uint64_t address = field(ticket->key, array->pointer, array->pointer_size);
	uint64_t count = array->kind == WIRE_COUNT_ONE ? 1 :
		field(ticket->key, array->count, array->count_size);
	if (count > PRELOAD_KEEP_BYTES)
		return false;
	if (address && count)
		ticket->segments[ticket->segment_count++] = (struct wire_segment){address,
			(uint32_t)count * array->element, WIRE_SEG_OUT};
	ticket->pointers[ticket->pointer_count++] = (struct preload_pointer){array->pointer,
		array->pointer_size, address};
	memset(ticket->key + array->pointer, 0, array->pointer_size);
	ticket->key[array->pointer] = address != 0;
	return true;
}

static bool disjoint(const struct preload_ticket *ticket)
{
	for (unsigned i = 1; i < ticket->segment_count; i++) {
		const struct wire_segment *one = &ticket->segments[i];

		for (unsigned k = 0; k < i; k++) {
			const struct wire_segment *other = &ticket->segments[k];

			if (one->address < other->address + other->length &&
			    other->address < one->address + one->length)
				return false;
		}
	}
	return true;
}

static uint64_t hash_of(const struct preload_ticket *ticket)
{
	const uint64_t odd = 0x9e3779b97f4a7c15ull;
	uint64_t hash = ticket->request * odd;
	uint32_t at = 0;

	for (; at + sizeof(uint64_t) <= ticket->key_size; at += sizeof(uint64_t))
		hash = (hash ^ field(ticket->key, at, sizeof(uint64_t))) * odd, hash ^= hash >> 32;
	for (; at < ticket->key_size; at++)
		hash = (hash ^ ticket->key[at]) * odd;
	return hash | 1;
}

bool preload_ticket_open(struct preload_ticket *ticket, uint32_t request, uint64_t arg)
{
	const struct wire_layout *layout = wire_layout_find(request);
	uint32_t direction = wire_layout_direction(request), size = _IOC_SIZE(request);

	if (!direction || size > PRELOAD_KEEP_ARGUMENT || (layout && (layout->value ||
	    layout->maps || layout->upcalls || layout->chain || layout->fd_in != WIRE_NO_FIELD ||
	    layout->fd_out != WIRE_NO_FIELD)))
		return false;
	ticket->request = request;
	ticket->arg = arg;
	ticket->segments[0] = (struct wire_segment){arg, size, direction};
	ticket->segment_count = 1;
	ticket->pointer_count = 0;
	ticket->key_size = direction & WIRE_SEG_IN ? size : 0;
	if (arg + size < arg || (ticket->key_size && preload_memory_read(ticket->key, arg, size)))
		return false;
	for (unsigned i = 0; layout && i < layout->array_count; i++) {
		if (!take_array(ticket, &layout->arrays[i]))
			return false;
	}
	ticket->hash = hash_of(ticket);
	return disjoint(ticket);
}

void preload_ticket_put_pointers(const struct preload_ticket *ticket, const struct wire_extent *extent,
	uint8_t *data, bool own_ones)
{
	for (unsigned i = 0; i < ticket->pointer_count; i++) {
		const struct preload_pointer *pointer = &ticket->pointers[i];
		uint64_t value = own_ones ? pointer->value : 0;

		if (pointer->offset >= extent->offset &&
		    pointer->offset + pointer->size <= extent->offset + extent->length)
			memcpy(data + pointer->offset - extent->offset, &value, pointer->size);
	}
}
