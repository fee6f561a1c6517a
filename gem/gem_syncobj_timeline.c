/*
 * Points (kernel: dma_fence_chain). Each has a fence of its own, signalled when
 * the fence that was given for it is and all earlier points' fences are: links
 * leave the list at its head only. No recursion, however long or nested (a
 * point's fence may be another timeline's point).
 */
#include <errno.h>
#include <stdlib.h>

#include "gem_fence_array.h"
#include "gem_syncobj_private.h"

/* One fence that the points from here on wait for. */
struct link {
	struct gem_list link; /* timeline->lock */
	struct gem_fence_callback callback;
	struct gem_syncobj_timeline *timeline; /* reference */
	struct gem_fence *waits_for;           /* reference */
	struct gem_syncobj_point *point; /* that ends with it; or NULL, and it holds ... */
	struct gem_syncobj_point *first; /* ... this one, which has its memory */
	bool done;                       /* waits_for is signalled; timeline->lock */
};

struct gem_syncobj_point {
	struct gem_fence fence; /* first */
	struct gem_fence_relay relay;
	struct link self;
	struct link before; /* for what a binary object held before its first point */
	uint64_t value;
	uint64_t previous; /* value of the point before, 0 = none; immutable once added */
	bool searchable;   /* false: an unordered one came after it; timeline->lock */
	struct gem_syncobj_timeline *spare; /* for the first one of a timeline; else NULL */
};

static atomic_uint pending_points; /* memory for new ones included */

static void release(struct gem_fence *fence)
{
	free(gem_container_of(fence, struct gem_syncobj_point, fence));
}

struct gem_syncobj_point *gem_syncobj_point_alloc(void)
{
	struct gem_syncobj_point *point;

	if (atomic_fetch_add(&pending_points, 1) >= GEM_SYNCOBJ_POINTS_MAX)
		goto too_many;
	point = calloc(1, sizeof(*point));
	if (!point)
		goto too_many;
	point->spare = calloc(1, sizeof(*point->spare));
	if (point->spare)
		return point;
	free(point);
too_many:
	atomic_fetch_sub(&pending_points, 1);
	return NULL;
}

void gem_syncobj_point_free(struct gem_syncobj_point *memory)
{
	if (!memory)
		return;
	free(memory->spare);
	free(memory);
	atomic_fetch_sub(&pending_points, 1);
}

/* ---- timelines ---- */

static void init_timeline(struct gem_syncobj_timeline *timeline)
{
	atomic_init(&timeline->refcount, 1);
	pthread_mutex_init(&timeline->lock, NULL);
	gem_list_init(&timeline->links);
	timeline->context = gem_fence_context_alloc();
}

static struct gem_syncobj_timeline *get_timeline(struct gem_syncobj_timeline *timeline)
{
	atomic_fetch_add_explicit(&timeline->refcount, 1, memory_order_relaxed);
	return timeline;
}

void gem_syncobj_timeline_put(struct gem_syncobj_timeline *timeline)
{
	if (!timeline ||
	    atomic_fetch_sub_explicit(&timeline->refcount, 1, memory_order_acq_rel) != 1)
		return;
	gem_fence_put(timeline->fence);
	pthread_mutex_destroy(&timeline->lock);
	free(timeline);
}

/* The oldest point that is not signalled and can be asked for, from value on. */
static struct gem_syncobj_point *first_from_locked(struct gem_syncobj_timeline *timeline,
	uint64_t value)
{
	struct link *link;

	gem_list_for_each(link, &timeline->links, link) {
		if (link->point && link->point->searchable && link->point->value >= value)
			return link->point;
	}
	return NULL;
}

int gem_syncobj_timeline_find(struct gem_syncobj_timeline *timeline, uint64_t point,
	struct gem_fence **fence)
{
	int ret = 0;

	pthread_mutex_lock(&timeline->lock);
	if (point == 0) {
		*fence = gem_fence_get(timeline->fence);
	} else if (point > timeline->last) {
		ret = -EINVAL;
	} else {
		struct gem_syncobj_point *found = first_from_locked(timeline, point);

		*fence = found ? gem_fence_get(&found->fence) : gem_fence_stub();
	}
	pthread_mutex_unlock(&timeline->lock);
	return ret;
}

uint64_t gem_syncobj_timeline_query(struct gem_syncobj_timeline *timeline, bool submitted)
{
	pthread_mutex_lock(&timeline->lock);
	struct gem_syncobj_point *pending = first_from_locked(timeline, 0);
	uint64_t value = pending && !submitted ? pending->previous : timeline->last;
	pthread_mutex_unlock(&timeline->lock);
	return value;
}

/* ---- progress ---- */

/* References of a link that has left the list; its point is signalled. */
static void finish_link(struct link *link)
{
	struct gem_syncobj_timeline *timeline = link->timeline;
	struct gem_syncobj_point *point = link->point;
	int status = gem_fence_status(link->waits_for);

	/* Before the signal: nothing that is done keeps a chain of others. */
	gem_fence_put(link->waits_for);
	if (point) {
		atomic_fetch_sub(&pending_points, 1);
		gem_fence_relay(&point->relay, &point->fence, status < 0 ? status : 0);
	} else {
		gem_fence_put(&link->first->fence);
	}
	gem_syncobj_timeline_put(timeline);
}

static void advance(struct gem_syncobj_timeline *timeline)
{
	struct gem_list ready;
	struct link *link, *next;

	gem_list_init(&ready);
	pthread_mutex_lock(&timeline->lock);
	gem_list_for_each_safe(link, next, &timeline->links, link) {
		if (!link->done)
			break;
		gem_list_del(&link->link);
		gem_list_add_tail(&ready, &link->link);
	}
	pthread_mutex_unlock(&timeline->lock);
	gem_list_for_each_safe(link, next, &ready, link)
		finish_link(link);
}

static void link_done(struct link *link)
{
	struct gem_syncobj_timeline *timeline = get_timeline(link->timeline);

	pthread_mutex_lock(&timeline->lock);
	link->done = true;
	pthread_mutex_unlock(&timeline->lock);
	advance(timeline);
	gem_syncobj_timeline_put(timeline);
}

static void waits_for_signalled(struct gem_fence *fence, struct gem_fence_callback *callback)
{
	(void)fence;
	link_done(gem_container_of(callback, struct link, callback));
}

/* ---- adding ---- */

static void append_locked(struct gem_syncobj_timeline *timeline, struct link *link,
	struct gem_fence *fence)
{
	link->timeline = get_timeline(timeline);
	link->waits_for = gem_fence_get(fence);
	gem_list_add_tail(&timeline->links, &link->link);
}

static void watch(struct link *link)
{
	struct gem_fence *fence = gem_fence_get(link->waits_for);

	/* The callback may have ended the link by the time this returns. */
	if (gem_fence_add_callback(fence, &link->callback, waits_for_signalled))
		link_done(link);
	gem_fence_put(fence);
}

/*
 * Starts another context, as a kernel does: what came before can not be asked
 * for any more, but is waited for.
 */
static void note_unordered_locked(struct gem_syncobj_timeline *timeline, uint64_t value)
{
	struct link *link;

	gem_debug("syncobj", "point %llu is not beyond %llu", (unsigned long long)value,
		(unsigned long long)timeline->last);
	gem_list_for_each(link, &timeline->links, link) {
		if (link->point)
			link->point->searchable = false;
	}
	timeline->context = gem_fence_context_alloc();
}

/* The new point's fence; its first reference is the chain's. */
static void init_point_locked(struct gem_syncobj_timeline *timeline,
	struct gem_syncobj_point *point, uint64_t value)
{
	bool ordered = value > timeline->last;

	if (!ordered)
		note_unordered_locked(timeline, value);
	point->value = ordered ? value : timeline->last;
	point->previous = ordered ? timeline->last : 0;
	point->searchable = true;
	gem_fence_init(&point->fence, timeline->context, point->value, GEM_FENCE_NO_ENGINE,
		release);
	gem_fence_put(timeline->fence);
	timeline->fence = gem_fence_get(&point->fence);
	timeline->last = point->value;
}

/* before: what a binary object held, or NULL. */
static void add_links_locked(struct gem_syncobj_timeline *timeline,
	struct gem_syncobj_point *point, struct gem_fence *fence, struct gem_fence *before)
{
	if (before) {
		point->before.first = point;
		gem_fence_get(&point->fence);
		append_locked(timeline, &point->before, before);
	}
	point->self.point = point;
	append_locked(timeline, &point->self, fence);
}

/* Memory for the timeline of a first point; what is not needed of it is the caller's. */
static struct gem_syncobj_timeline *begin_timeline_locked(struct gem_syncobj *syncobj,
	struct gem_syncobj_timeline *spare)
{
	if (syncobj->timeline)
		return spare;
	init_timeline(spare);
	syncobj->timeline = spare;
	return NULL;
}

void gem_syncobj_add_point(struct gem_syncobj *syncobj, struct gem_syncobj_point *memory,
	struct gem_fence *fence, uint64_t point)
{
	struct gem_syncobj_timeline *spare = memory->spare;

	memory->spare = NULL;
	pthread_mutex_lock(&syncobj->lock);
	spare = begin_timeline_locked(syncobj, spare);
	struct gem_fence *before = syncobj->fence;
	syncobj->fence = NULL;
	struct gem_syncobj_timeline *timeline = syncobj->timeline;
	pthread_mutex_lock(&timeline->lock);
	init_point_locked(timeline, memory, point);
	add_links_locked(timeline, memory, fence, before);
	pthread_mutex_unlock(&timeline->lock);
	gem_syncobj_notify_locked(syncobj);
	pthread_mutex_unlock(&syncobj->lock);
	free(spare);
	/* memory lives until its last link is done: nobody else can tell it. */
	if (before)
		watch(&memory->before);
	watch(&memory->self);
	gem_fence_put(before);
}
