#include <errno.h>
#include <stdlib.h>

#include "gem_fence_array.h"
#include "gem_fence_relay.h"

struct part {
	struct gem_fence_callback callback;
	struct fence_array *array;
};

struct fence_array {
	struct gem_fence fence; /* first */
	struct gem_fence_relay relay;
	atomic_uint pending; /* parts, and one while the callbacks are added */
	atomic_int error;    /* of the first part that failed */
	unsigned count;
	struct part *parts;          /* count; behind fences */
	struct gem_fence *fences[]; /* count, references */
};

static void release(struct gem_fence *fence)
{
	struct fence_array *array = gem_container_of(fence, struct fence_array, fence);

	for (unsigned i = 0; i < array->count; i++)
		gem_fence_put(array->fences[i]);
	free(array);
}

static struct fence_array *to_array(struct gem_fence *fence)
{
	return fence->release == release ? gem_container_of(fence, struct fence_array, fence) : NULL;
}

unsigned gem_fence_parts(struct gem_fence *const *fence, struct gem_fence *const **parts)
{
	struct fence_array *array = to_array(*fence);

	*parts = array ? array->fences : fence;
	return array ? array->count : 1;
}

bool gem_fence_is_foreign(struct gem_fence *fence)
{
	struct gem_fence *const *parts;
	unsigned count = gem_fence_parts(&fence, &parts);

	for (unsigned i = 0; i < count; i++) {
		if (parts[i]->engine == GEM_FENCE_NO_ENGINE && !gem_fence_signalled(parts[i]))
			return true;
	}
	return false;
}

/* ---- the fence that is done ---- */

static struct gem_fence stub;

static void init_stub(void)
{
	gem_fence_init(&stub, gem_fence_context_alloc(), 1, GEM_FENCE_NO_ENGINE, NULL);
	gem_fence_signal(&stub, 0);
}

struct gem_fence *gem_fence_stub(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init_stub);
	return gem_fence_get(&stub);
}

/* ---- making an array ---- */

static void part_done(struct fence_array *array, int status)
{
	int none = 0;

	if (status < 0)
		atomic_compare_exchange_strong(&array->error, &none, status);
	if (atomic_fetch_sub(&array->pending, 1) == 1)
		gem_fence_relay(&array->relay, &array->fence, atomic_load(&array->error));
}

static void part_signalled(struct gem_fence *fence, struct gem_fence_callback *callback)
{
	part_done(gem_container_of(callback, struct part, callback)->array,
		gem_fence_status(fence));
}

/*
 * Adds fence, which is no array; a later one of its context takes its place. Of
 * those that are done without error only the last one matters: for its time.
 */
static void add_part(struct fence_array *array, struct gem_fence *fence, struct gem_fence **done)
{
	if (gem_fence_status(fence) == 1) {
		if (!*done || fence->signalled_ns > (*done)->signalled_ns)
			*done = fence;
		return;
	}
	for (unsigned i = 0; i < array->count; i++) {
		struct gem_fence *known = array->fences[i];

		if (known->context != fence->context)
			continue;
		if (gem_fence_is_later(fence, known)) {
			array->fences[i] = gem_fence_get(fence);
			gem_fence_put(known);
		}
		return;
	}
	array->fences[array->count++] = gem_fence_get(fence);
}

/* From here on the array holds itself, until it is signalled. */
static void watch_parts(struct fence_array *array)
{
	unsigned count = array->count;

	gem_fence_get(&array->fence);
	atomic_init(&array->pending, count + 1);
	for (unsigned i = 0; i < count; i++) {
		struct gem_fence *fence = array->fences[i];

		array->parts[i].array = array;
		if (gem_fence_add_callback(fence, &array->parts[i].callback, part_signalled))
			part_done(array, gem_fence_status(fence));
	}
	part_done(array, 1);
}

static struct fence_array *alloc_array(unsigned capacity)
{
	struct fence_array *array = malloc(sizeof(*array) +
		capacity * (sizeof(array->fences[0]) + sizeof(*array->parts)));

	if (!array)
		return NULL;
	array->count = 0;
	atomic_init(&array->error, 0);
	array->parts = (struct part *)&array->fences[capacity];
	return array;
}

int gem_fence_array_create(struct gem_fence *const *fences, unsigned count,
	struct gem_fence **out)
{
	struct gem_fence *done = NULL, *const *parts;
	unsigned total = 0;

	for (unsigned i = 0; i < count && total <= GEM_FENCE_ARRAY_MAX; i++)
		total += gem_fence_parts(&fences[i], &parts);
	if (total > GEM_FENCE_ARRAY_MAX)
		return -ENOMEM;
	struct fence_array *array = alloc_array(total);
	if (!array)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++) {
		unsigned part_count = gem_fence_parts(&fences[i], &parts);

		for (unsigned j = 0; j < part_count; j++)
			add_part(array, parts[j], &done);
	}
	if (array->count <= 1) {
		*out = array->count ? array->fences[0] :
			done ? gem_fence_get(done) : gem_fence_stub();
		free(array);
		return 0;
	}
	gem_fence_init(&array->fence, gem_fence_context_alloc(), 1, GEM_FENCE_NO_ENGINE, release);
	*out = &array->fence;
	watch_parts(array);
	return 0;
}
