/* Inside of the sync objects: gem_syncobj*.c. */
#ifndef GEM_SYNCOBJ_PRIVATE_H
#define GEM_SYNCOBJ_PRIVATE_H

#include "gem_fence_relay.h"
#include "gem_syncobj.h"

/*
 * The points of a sync object since it was last empty or binary. It outlives the
 * object while points are not signalled.
 */
struct gem_syncobj_timeline {
	atomic_uint refcount; /* the object's, and one of each link */
	pthread_mutex_t lock; /* inside of gem_syncobj.lock; guards the rest */
	struct gem_list links;  /* not signalled, oldest first */
	uint64_t context;       /* of its points' fences; new after an unordered point */
	uint64_t last;          /* point added last */
	struct gem_fence *fence; /* of that point; reference */
};

struct gem_syncobj {
	atomic_uint refcount;
	pthread_mutex_t lock; /* guards the rest */
	struct gem_fence *fence;               /* binary: reference, or NULL */
	struct gem_syncobj_timeline *timeline; /* reference; NULL = binary */
	struct gem_list waiters; /* gem_syncobj_waiter.link: want to know of new content */
};

/* Told of every new content, with syncobj->lock held: only to wake who looks then. */
struct gem_syncobj_waiter {
	struct gem_list link; /* gem_syncobj.lock */
	void (*changed)(struct gem_syncobj *syncobj, struct gem_syncobj_waiter *waiter);
};

/* gem_syncobj_find_fence under syncobj->lock. */
int gem_syncobj_find_fence_locked(struct gem_syncobj *syncobj, uint64_t point,
	struct gem_fence **fence);
void gem_syncobj_notify_locked(struct gem_syncobj *syncobj);

/* gem_syncobj_timeline.c; the last reference goes outside of gem_syncobj.lock or inside. */
void gem_syncobj_timeline_put(struct gem_syncobj_timeline *timeline); /* NULL is fine */
int gem_syncobj_timeline_find(struct gem_syncobj_timeline *timeline, uint64_t point,
	struct gem_fence **fence);
uint64_t gem_syncobj_timeline_query(struct gem_syncobj_timeline *timeline, bool submitted);

/* gem_syncobj_eventfd.c: registrations of an object that goes. */
void gem_syncobj_eventfds_finish(struct gem_syncobj *syncobj);

#endif
