#include <errno.h>
#include <stdlib.h>

#include "gem_interrupt.h"
#include "gem_lock.h"
#include "gem_object.h"
#include "gem_publish.h"
#include "gem_resv.h"

struct entry {
	struct gem_fence *fence; /* reference */
	bool write;
};

struct gem_resv {
	atomic_uint refcount;
	/* Inside of every other lock but gem_fence.lock; guards the rest. */
	pthread_mutex_t lock;
	struct entry *entries; /* oldest first */
	unsigned count, capacity;
	unsigned reserved; /* capacity >= count + reserved */
};

/* Gives batches their order: held from the first look to the last fence. */
static pthread_mutex_t submit_lock = GEM_LOCK_INITIALIZER;

static struct gem_resv *resv_create(void)
{
	struct gem_resv *resv = calloc(1, sizeof(*resv));

	if (!resv)
		return NULL;
	atomic_init(&resv->refcount, 1);
	gem_lock_init(&resv->lock);
	return resv;
}

struct gem_resv *gem_resv_get(struct gem_resv *resv)
{
	atomic_fetch_add_explicit(&resv->refcount, 1, memory_order_relaxed);
	return resv;
}

void gem_resv_put(struct gem_resv *resv)
{
	if (!resv || atomic_fetch_sub_explicit(&resv->refcount, 1, memory_order_acq_rel) != 1)
		return;
	for (unsigned i = 0; i < resv->count; i++)
		gem_fence_put(resv->entries[i].fence);
	free(resv->entries);
	pthread_mutex_destroy(&resv->lock);
	free(resv);
}

static struct gem_resv *resv_of(struct gem_object *obj)
{
	return atomic_load_explicit(&obj->resv, memory_order_acquire);
}

struct gem_resv *gem_object_resv(struct gem_object *obj)
{
	struct gem_resv *resv = resv_of(obj), *made;

	if (resv)
		return resv;
	made = resv_create();
	if (!made || atomic_compare_exchange_strong(&obj->resv, &resv, made))
		return made;
	gem_resv_put(made); /* another thread was faster */
	return resv;
}

int gem_object_share_resv(struct gem_object *importer, struct gem_object *exporter)
{
	struct gem_resv *resv = gem_object_resv(exporter);

	if (!resv)
		return -ENOMEM;
	atomic_store_explicit(&importer->resv, gem_resv_get(resv), memory_order_release);
	return 0;
}

/* ---- entries ---- */

static void remove_entry_locked(struct gem_resv *resv, unsigned index)
{
	gem_fence_put(resv->entries[index].fence);
	resv->count--;
	for (unsigned i = index; i < resv->count; i++)
		resv->entries[i] = resv->entries[i + 1];
}

static void prune_locked(struct gem_resv *resv)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < resv->count; i++) {
		if (gem_fence_signalled(resv->entries[i].fence))
			gem_fence_put(resv->entries[i].fence);
		else
			resv->entries[kept++] = resv->entries[i];
	}
	resv->count = kept;
}

/* Promises one add. */
static int reserve_locked(struct gem_resv *resv)
{
	enum { FIRST_CAPACITY = 2 };

	if (resv->count + resv->reserved == resv->capacity)
		prune_locked(resv);
	if (resv->count + resv->reserved == resv->capacity) {
		unsigned capacity = resv->capacity ? resv->capacity * 2 : FIRST_CAPACITY;
		struct entry *entries = realloc(resv->entries, capacity * sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		resv->entries = entries;
		resv->capacity = capacity;
	}
	resv->reserved++;
	return 0;
}

/*
 * Uses up what reserve_locked promised. A later fence says all that an earlier
 * one of its context did, except that a read does not speak for a write.
 */
static void add_locked(struct gem_resv *resv, struct gem_fence *fence, bool write)
{
	resv->reserved--;
	gem_publish_move(gem_publish_busy());
	prune_locked(resv);
	for (unsigned i = resv->count; i-- > 0;) {
		struct entry *entry = &resv->entries[i];

		if (entry->fence->context != fence->context)
			continue;
		if (gem_fence_is_later(entry->fence, fence) && (entry->write || !write))
			return;
		if (gem_fence_is_later(fence, entry->fence) && (write || !entry->write))
			remove_entry_locked(resv, i);
	}
	resv->entries[resv->count++] = (struct entry){gem_fence_get(fence), write};
}

int gem_object_add_fence(struct gem_object *obj, struct gem_fence *fence, bool write)
{
	struct gem_resv *resv = gem_object_resv(obj);

	if (!resv)
		return -ENOMEM;
	pthread_mutex_lock(&resv->lock);
	if (resv->count >= GEM_RESV_MAX)
		prune_locked(resv);
	int ret = resv->count >= GEM_RESV_MAX ? -ENOMEM : reserve_locked(resv);
	if (ret == 0)
		add_locked(resv, fence, write);
	pthread_mutex_unlock(&resv->lock);
	return ret;
}

unsigned gem_object_fence_count(struct gem_object *obj)
{
	struct gem_resv *resv = resv_of(obj);

	if (!resv)
		return 0;
	pthread_mutex_lock(&resv->lock);
	unsigned count = resv->count;
	pthread_mutex_unlock(&resv->lock);
	return count;
}

/* ---- busy and wait ---- */

bool gem_object_busy(struct gem_object *obj, uint32_t *readers, uint32_t *writer)
{
	struct gem_resv *resv = resv_of(obj);
	uint32_t read = 0, written = 0;
	bool busy = false;

	if (resv) {
		pthread_mutex_lock(&resv->lock);
		for (unsigned i = 0; i < resv->count; i++) {
			const struct entry *entry = &resv->entries[i];

			if (gem_fence_signalled(entry->fence))
				continue;
			busy = true;
			if (entry->fence->engine == GEM_FENCE_NO_ENGINE)
				continue;
			read |= 1u << entry->fence->engine;
			if (entry->write)
				written = entry->fence->engine + 1;
		}
		pthread_mutex_unlock(&resv->lock);
	}
	if (readers)
		*readers = read;
	if (writer)
		*writer = written;
	return busy;
}

bool gem_object_busy_for(struct gem_object *obj, bool write)
{
	struct gem_resv *resv = resv_of(obj);
	bool busy = false;

	if (!resv)
		return false;
	pthread_mutex_lock(&resv->lock);
	for (unsigned i = 0; i < resv->count && !busy; i++) {
		busy = (write || resv->entries[i].write) &&
			!gem_fence_signalled(resv->entries[i].fence);
	}
	pthread_mutex_unlock(&resv->lock);
	return busy;
}

struct gem_fence *gem_object_last_written(struct gem_object *obj)
{
	struct gem_resv *resv = resv_of(obj);
	struct gem_fence *last = NULL;

	if (!resv)
		return NULL;
	pthread_mutex_lock(&resv->lock);
	for (unsigned i = 0; i < resv->count; i++) {
		struct gem_fence *fence = resv->entries[i].fence;

		if (resv->entries[i].write && fence->engine != GEM_FENCE_NO_ENGINE &&
		    gem_fence_signalled(fence) &&
		    (!last || fence->signalled_ns > last->signalled_ns))
			last = fence;
	}
	if (last)
		gem_fence_get(last);
	pthread_mutex_unlock(&resv->lock);
	return last;
}

static int pending_locked(struct gem_resv *resv, bool for_write, struct gem_fence_set *set)
{
	int ret = 0;

	for (unsigned i = 0; i < resv->count && ret == 0; i++) {
		if (for_write || resv->entries[i].write)
			ret = gem_fence_set_add(set, resv->entries[i].fence);
	}
	return ret;
}

int gem_object_pending(struct gem_object *obj, bool for_write, struct gem_fence_set *set)
{
	struct gem_resv *resv = resv_of(obj);

	if (!resv)
		return 0;
	pthread_mutex_lock(&resv->lock);
	int ret = pending_locked(resv, for_write, set);
	pthread_mutex_unlock(&resv->lock);
	return ret;
}

int gem_object_wait(struct gem_object *obj, bool for_write, int64_t timeout_ns,
	int64_t *remaining)
{
	struct gem_fence_set set = {0};
	int ret = gem_object_pending(obj, for_write, &set);

	if (remaining)
		*remaining = timeout_ns;
	if (ret == 0)
		ret = gem_fence_set_wait(&set, timeout_ns, remaining);
	gem_fence_set_finish(&set);
	return ret;
}

int gem_object_wait_interruptible(struct gem_object *obj)
{
	struct gem_fence_set set = {0};
	int ret = gem_object_pending(obj, true, &set);

	if (ret == 0)
		ret = gem_fence_set_wait_interruptible(&set);
	gem_fence_set_finish(&set);
	return ret;
}

/* ---- batches ---- */

static void unreserve(struct gem_object *obj)
{
	struct gem_resv *resv = resv_of(obj);

	pthread_mutex_lock(&resv->lock);
	resv->reserved--;
	pthread_mutex_unlock(&resv->lock);
}

/* What a use of an object waits for; a context's own batches run in order anyway. */
static int collect_locked(const struct gem_resv *resv, const struct gem_resv_use *use,
	uint64_t context, struct gem_fence_set *waits)
{
	int ret = 0;

	if (use->async)
		return 0;
	for (unsigned i = 0; i < resv->count && ret == 0; i++) {
		const struct entry *entry = &resv->entries[i];

		if ((use->write || entry->write) && entry->fence->context != context)
			ret = gem_fence_set_add(waits, entry->fence);
	}
	return ret;
}

/* Promises one add, and collects what it has to wait for. */
static int reserve(const struct gem_resv_use *use, uint64_t context, struct gem_fence_set *waits)
{
	struct gem_resv *resv = gem_object_resv(use->obj);

	if (!resv)
		return -ENOMEM;
	pthread_mutex_lock(&resv->lock);
	int ret = collect_locked(resv, use, context, waits);
	if (ret == 0)
		ret = reserve_locked(resv);
	pthread_mutex_unlock(&resv->lock);
	return ret;
}

int gem_resv_submit(const struct gem_resv_use *uses, unsigned count, struct gem_fence *fence,
	struct gem_fence_set *waits)
{
	unsigned reserved;
	int ret = 0;

	pthread_mutex_lock(&submit_lock);
	for (reserved = 0; reserved < count && ret == 0; reserved += ret == 0)
		ret = reserve(&uses[reserved], fence->context, waits);
	for (unsigned i = 0; i < reserved; i++) {
		struct gem_resv *resv = resv_of(uses[i].obj);

		if (ret) {
			unreserve(uses[i].obj);
			continue;
		}
		pthread_mutex_lock(&resv->lock);
		add_locked(resv, fence, uses[i].write);
		pthread_mutex_unlock(&resv->lock);
	}
	pthread_mutex_unlock(&submit_lock);
	return ret;
}
