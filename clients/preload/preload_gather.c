#include "preload_gather.h"

#include <i915_drm.h>
#include <linux/ioctl.h>
#include <string.h>
#include <unistd.h>

#include "preload_memory.h"

enum {
	SUM_BATCH = 256,
	SUM_COUNTS_MAX = 1 << 20, /* longer lists are cut: no device has so many objects */
	/* Counts are often uninitialised when the handler ignores them: no need for gigabytes. */
	ARRAY_MAX = 64 << 20,
	/* The argument struct counts too. */
	BULK_MAX = WIRE_DATA_MAX - (1 << _IOC_SIZEBITS),
	LINK_MAX = 256,
	BATCH_BYTES = 3584, /* of an array whose elements are looked at */
};

/* The argument struct or a link of its chain, as far as the program's goes. */
struct record {
	const uint8_t *data;
	size_t size;
};

/* A field; 0 when the program's struct ends before it. */
static uint64_t record_field(const struct record *record, uint16_t offset, uint8_t size)
{
	uint64_t wide;
	uint32_t narrow;

	if (!record->data || offset + size > record->size)
		return 0;
	if (size == sizeof(wide)) {
		memcpy(&wide, record->data + offset, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, record->data + offset, sizeof(narrow));
	return narrow;
}

static bool holds(const struct record *record, const struct wire_condition *when)
{
	return !when->mask || record_field(record, when->flags, sizeof(uint32_t)) & when->mask;
}

/* Sum of count u32 numbers at address, as far as they can be read. */
static uint64_t sum_counts(uint64_t address, uint64_t count)
{
	uint32_t batch[SUM_BATCH];
	uint64_t sum = 0;

	count = count < SUM_COUNTS_MAX ? count : SUM_COUNTS_MAX;
	while (count) {
		uint64_t now = count < SUM_BATCH ? count : SUM_BATCH;

		now = preload_memory_span(address, now * sizeof(*batch)) / sizeof(*batch);
		if (!now || preload_memory_read(batch, address, now * sizeof(*batch)))
			break;
		for (uint64_t i = 0; i < now; i++)
			sum += batch[i];
		address += now * sizeof(*batch);
		count -= now;
	}
	return sum;
}

/* What finds no room is left to the server's questions. */
static void add_segment(struct preload_gather *gather, uint64_t address, uint64_t length,
	uint32_t flags)
{
	if (!length || address + length < address ||
	    gather->head.segment_count == WIRE_SEGMENTS_MAX)
		return;
	gather->scratch->segments[gather->head.segment_count++] =
		(struct wire_segment){address, length, flags};
}

/* The array as it is in the program's memory; 0 bytes when there is none. */
static uint64_t array_bytes(const struct record *record, const struct wire_array *array)
{
	uint64_t count = array->kind == WIRE_COUNT_ONE ? 1 :
		record_field(record, array->count, array->count_size);

	if (!holds(record, &array->when))
		return 0;
	if (array->kind == WIRE_COUNT_SUM)
		count = sum_counts(record_field(record, array->counts_pointer, sizeof(uint64_t)),
			count);
	uint64_t most = (array->kind == WIRE_COUNT_BULK ? BULK_MAX : ARRAY_MAX) / array->element;
	return (count < most ? count : most) * array->element;
}

/* The arrays that the elements of an array point to, as far as these can be read. */
static void add_inner(struct preload_gather *gather, uint64_t address, uint64_t bytes,
	const struct wire_array *array)
{
	const uint64_t batch = BATCH_BYTES / array->element * array->element;
	uint8_t elements[BATCH_BYTES];

	while (bytes && gather->head.segment_count < WIRE_SEGMENTS_MAX) {
		uint64_t now = bytes < batch ? bytes : batch;

		if (preload_memory_read(elements, address, now))
			return;
		for (uint64_t at = 0; at < now; at += array->element) {
			struct record record = {elements + at, array->element};
			uint64_t inner = record_field(&record, array->inner->pointer,
				array->inner->pointer_size);

			if (inner)
				add_segment(gather, inner, array_bytes(&record, array->inner),
					array->inner->direction);
		}
		address += now;
		bytes -= now;
	}
}

static void add_array(struct preload_gather *gather, const struct record *record,
	const struct wire_array *array)
{
	uint64_t address = record_field(record, array->pointer, array->pointer_size);
	uint64_t bytes = address ? array_bytes(record, array) : 0;

	if (!bytes)
		return;
	add_segment(gather, address, bytes, array->direction);
	if (array->inner)
		add_inner(gather, address, bytes, array);
}

static const struct wire_extension *find_extension(const struct wire_layout *layout, uint32_t name)
{
	for (unsigned i = 0; i < layout->extension_count; i++) {
		if (layout->extensions[i].name == name)
			return &layout->extensions[i];
	}
	return NULL;
}

static void add_chain(struct preload_gather *gather, uint64_t address)
{
	for (unsigned i = 0; address && i < WIRE_CHAIN_MAX; i++) {
		struct i915_user_extension head;
		uint8_t link[LINK_MAX];

		if (preload_memory_read(&head, address, sizeof(head)))
			return;
		const struct wire_extension *extension = find_extension(gather->layout, head.name);
		struct record record = {link, extension ? extension->size : sizeof(head)};

		add_segment(gather, address, record.size, WIRE_SEG_IN);
		bool known = extension && extension->array_count &&
			!preload_memory_read(link, address, record.size);
		for (unsigned k = 0; known && k < extension->array_count; k++)
			add_array(gather, &record, &extension->arrays[k]);
		address = head.next_extension;
	}
}

static void add_fds(struct preload_gather *gather, const struct record *record)
{
	const struct wire_layout *layout = gather->layout;

	if (layout->fd_in != WIRE_NO_FIELD && layout->fd_in + sizeof(int) <= record->size &&
	    holds(record, &layout->fd_in_when))
		gather->number = (int32_t)record_field(record, layout->fd_in, sizeof(int));
	if (holds(record, &layout->fd_out_when))
		gather->fd_out = layout->fd_out;
}

void preload_gather_init(struct preload_gather *gather, uint32_t file_id, uint32_t request,
	uint64_t arg, struct preload_scratch *scratch)
{
	const struct wire_layout *layout = wire_layout_find(request);
	uint32_t size = _IOC_SIZE(request), direction = wire_layout_direction(request);

	memset(&gather->head, 0, sizeof(gather->head));
	gather->head.header.op = WIRE_IOCTL;
	gather->head.arg = arg;
	gather->head.file_id = file_id;
	gather->head.request = request;
	gather->scratch = scratch;
	gather->layout = layout;
	gather->copy = NULL;
	gather->number = -1;
	gather->fd_out = WIRE_NO_FIELD;
	gather->memfd = -1;
	gather->in_place = true;
	if (layout && layout->value)
		return;
	if (direction)
		add_segment(gather, arg, size, direction);
	bool at_hand = !layout && preload_memory_at_hand(arg, size);
	gather->in_place = !at_hand;
	if ((!layout && !at_hand) || !(direction & WIRE_SEG_IN) ||
	    preload_memory_read(scratch->argument, arg, size))
		return;
	gather->copy = scratch->argument;
	if (!layout)
		return;
	struct record record = {scratch->argument, size};
	add_fds(gather, &record);
	for (unsigned i = 0; i < layout->array_count; i++)
		add_array(gather, &record, &layout->arrays[i]);
	if (layout->chain && holds(&record, &layout->chain_when))
		add_chain(gather, record_field(&record, layout->chain_head, sizeof(uint64_t)));
}

void preload_gather_finish(struct preload_gather *gather)
{
	if (gather->memfd >= 0)
		preload_channel_close_fd(gather->memfd);
}
