#include <errno.h>
#include <stdlib.h>

#include "gem_context.h"
#include "gem_vm.h"
#include "gpu_space.h"

enum { FEW = 16 };

static bool covers(const struct gpu_range *range, uint64_t address)
{
	return address >= range->start && address - range->start < range->size;
}

/* The last range that starts at or below address, NULL = none. */
static const struct gpu_range *find_start(const struct gpu_request *request, uint64_t address)
{
	unsigned low = 0, high = request->range_count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (request->ranges[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &request->ranges[low - 1] : NULL;
}

static const struct gpu_range *find(struct gpu_request *request, uint64_t address)
{
	const struct gpu_range *range;
	unsigned last = atomic_load_explicit(&request->last_range, memory_order_relaxed);

	if (last < request->range_count && covers(&request->ranges[last], address))
		return &request->ranges[last];
	range = find_start(request, address);
	if (!range || !covers(range, address))
		return NULL;
	atomic_store_explicit(&request->last_range, range - request->ranges,
		memory_order_relaxed);
	return range;
}

static void *translate(const struct gpu_bus *bus, uint64_t address, uint64_t length, bool write)
{
	struct gpu_request *request = gem_container_of(bus, struct gpu_request, bus);
	const struct gpu_range *range = find(request, address);
	uint64_t offset;

	if (!range)
		return NULL;
	offset = address - range->start;
	if (length > range->size - offset)
		return NULL;
	if (write && !range->write && request->context->dev->memory.strict)
		return NULL;
	return range->pages + offset;
}

/* A register may cover more than its object: what is behind is in no range, and faults. */
static bool fence(const struct gpu_bus *bus, uint64_t address, struct gem_fence_window *window)
{
	struct gpu_request *request = gem_container_of(bus, struct gpu_request, bus);
	const struct gpu_range *range = find_start(request, address);

	if (!range || !range->window.size || address < range->window.start ||
		address - range->window.start >= range->window.size)
		return false;
	*window = range->window;
	return true;
}

void gpu_space_init(struct gpu_request *request)
{
	request->bus = (struct gpu_bus){translate, request->context->vm->global ? fence : NULL};
}

static int compare(const void *a, const void *b)
{
	const struct gpu_range *one = a, *other = b;

	return one->start < other->start ? -1 : one->start > other->start;
}

/* As they come in any order but mostly nearly sorted, and are few. */
static void sort_few(struct gpu_range *ranges, unsigned count)
{
	for (unsigned i = 1; i < count; i++) {
		struct gpu_range range = ranges[i];
		unsigned at = i;

		for (; at && ranges[at - 1].start > range.start; at--)
			ranges[at] = ranges[at - 1];
		ranges[at] = range;
	}
}

int gpu_space_sort(struct gpu_request *request)
{
	struct gpu_range *ranges = request->ranges;

	if (request->range_count <= FEW)
		sort_few(ranges, request->range_count);
	else
		qsort(ranges, request->range_count, sizeof(*ranges), compare);
	for (unsigned i = 0; i < request->range_count; i++) {
		const struct gpu_range *range = &ranges[i];

		if (range->size == 0 || range->size > UINT64_MAX - range->start)
			return -EINVAL;
		if (i && range[-1].start + range[-1].size > range->start)
			return -EINVAL;
	}
	return 0;
}
