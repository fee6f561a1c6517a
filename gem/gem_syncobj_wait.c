/* Waiting for many sync objects (kernel: drm_syncobj_array_wait_timeout). */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "gem_interrupt.h"
#include "gem_syncobj_private.h"

enum { NS_PER_S = 1000000000 };

/* Of one call, on its stack. */
struct wait {
	pthread_mutex_t lock; /* innermost */
	pthread_cond_t cond;
	bool poked;           /* something changed since the last look; lock */
	unsigned flags;
	unsigned done;        /* found at the last look */
	unsigned first;       /* of these */
};

struct entry {
	struct gem_syncobj_waiter waiter; /* listed while fence is NULL */
	struct gem_fence_callback callback;
	struct gem_syncobj *syncobj;
	uint64_t point;
	struct gem_fence *fence; /* reference; NULL = not submitted */
	bool watched;            /* callback was given to fence */
	struct wait *wait;
};

static void poke(struct wait *wait)
{
	pthread_mutex_lock(&wait->lock);
	wait->poked = true;
	pthread_cond_signal(&wait->cond);
	pthread_mutex_unlock(&wait->lock);
}

static void content_changed(struct gem_syncobj *syncobj, struct gem_syncobj_waiter *waiter)
{
	(void)syncobj;
	poke(gem_container_of(waiter, struct entry, waiter)->wait);
}

static void fence_signalled(struct gem_fence *fence, struct gem_fence_callback *callback)
{
	(void)fence;
	poke(gem_container_of(callback, struct entry, callback)->wait);
}

/* Asks for the fence; while there is none, listens for it. */
static int look_up(struct entry *entry)
{
	struct gem_syncobj *syncobj = entry->syncobj;

	pthread_mutex_lock(&syncobj->lock);
	int ret = gem_syncobj_find_fence_locked(syncobj, entry->point, &entry->fence);
	if (ret == 0)
		gem_list_del(&entry->waiter.link);
	else if (gem_list_empty(&entry->waiter.link))
		gem_list_add_tail(&syncobj->waiters, &entry->waiter.link);
	pthread_mutex_unlock(&syncobj->lock);
	return ret;
}

static void finish_entry(struct entry *entry)
{
	pthread_mutex_lock(&entry->syncobj->lock);
	gem_list_del(&entry->waiter.link);
	pthread_mutex_unlock(&entry->syncobj->lock);
	if (entry->watched)
		gem_fence_remove_callback(entry->fence, &entry->callback);
	gem_fence_put(entry->fence);
}

static bool is_done(const struct wait *wait, const struct entry *entry)
{
	return entry->fence && (wait->flags & GEM_SYNCOBJ_WAIT_AVAILABLE ||
		gem_fence_signalled(entry->fence));
}

/* True: enough of them are done. */
static bool look(struct wait *wait, struct entry *entries, unsigned count)
{
	wait->done = 0;
	for (unsigned i = 0; i < count; i++) {
		if (!entries[i].fence)
			look_up(&entries[i]);
		if (is_done(wait, &entries[i]) && wait->done++ == 0)
			wait->first = i;
	}
	return wait->done == count || (wait->done && !(wait->flags & GEM_SYNCOBJ_WAIT_ALL));
}

/* One that is signalled by now pokes as well: there is something new to see. */
static void watch(struct wait *wait, struct entry *entries, unsigned count)
{
	if (wait->flags & GEM_SYNCOBJ_WAIT_AVAILABLE)
		return;
	for (unsigned i = 0; i < count; i++) {
		struct entry *entry = &entries[i];

		if (!entry->fence || entry->watched)
			continue;
		entry->watched = true;
		if (gem_fence_add_callback(entry->fence, &entry->callback, fence_signalled))
			poke(wait);
	}
}

/* False: nothing happened until then. */
static bool sleep_until_poked(struct wait *wait, int64_t deadline_ns)
{
	struct timespec end = {deadline_ns / NS_PER_S, deadline_ns % NS_PER_S};
	int ret = 0;

	pthread_mutex_lock(&wait->lock);
	while (!wait->poked && ret == 0)
		ret = pthread_cond_timedwait(&wait->cond, &wait->lock, &end);
	bool poked = wait->poked;
	wait->poked = false;
	pthread_mutex_unlock(&wait->lock);
	return poked;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * (int64_t)NS_PER_S + now.tv_nsec;
}

static int wait_for(struct wait *wait, struct entry *entries, unsigned count, int64_t deadline_ns)
{
	while (!look(wait, entries, count)) {
		int64_t now = now_ns(), until = now + GEM_INTERRUPT_LOOK_NS;

		if (deadline_ns <= now)
			return -ETIME;
		watch(wait, entries, count);
		if (!sleep_until_poked(wait, deadline_ns < until ? deadline_ns : until) &&
		    gem_interrupted())
			return -EINTR;
	}
	return 0;
}

static int begin(struct wait *wait, struct entry *entries, struct gem_syncobj *const *syncobjs,
	const uint64_t *points, unsigned count)
{
	const unsigned may_lack = GEM_SYNCOBJ_WAIT_FOR_SUBMIT | GEM_SYNCOBJ_WAIT_AVAILABLE;
	int ret = 0;

	for (unsigned i = 0; i < count; i++) {
		entries[i].wait = wait;
		entries[i].syncobj = syncobjs[i];
		entries[i].point = points ? points[i] : 0;
		entries[i].waiter.changed = content_changed;
		gem_list_init(&entries[i].waiter.link);
	}
	for (unsigned i = 0; i < count && ret == 0; i++) {
		ret = look_up(&entries[i]);
		if (wait->flags & may_lack)
			ret = 0;
	}
	return ret;
}

static void init_wait(struct wait *wait, unsigned flags)
{
	pthread_condattr_t attr;

	*wait = (struct wait){.flags = flags};
	pthread_mutex_init(&wait->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&wait->cond, &attr);
	pthread_condattr_destroy(&attr);
}

int gem_syncobj_wait(struct gem_syncobj *const *syncobjs, const uint64_t *points, unsigned count,
	unsigned flags, int64_t deadline_ns, unsigned *first)
{
	struct entry *entries = calloc(count + 1, sizeof(*entries));
	struct wait wait;

	if (!entries)
		return -ENOMEM;
	init_wait(&wait, flags);
	int ret = begin(&wait, entries, syncobjs, points, count);
	if (ret == 0)
		ret = wait_for(&wait, entries, count, deadline_ns);
	for (unsigned i = 0; i < count; i++)
		finish_entry(&entries[i]);
	pthread_cond_destroy(&wait.cond);
	pthread_mutex_destroy(&wait.lock);
	free(entries);
	if (ret == 0)
		*first = wait.first;
	return ret;
}
