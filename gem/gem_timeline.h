/*
 * The order of a context's work on one class of engines: fences of one fence
 * context, numbered in the order of submission, each waiting for the one before.
 */
#ifndef GEM_TIMELINE_H
#define GEM_TIMELINE_H

#include <pthread.h>
#include <stdint.h>

#include "gem_fence.h"

/* Fences kept to tell how far the work is behind: one each GEM_TIMELINE_STEP_NS at most. */
enum { GEM_TIMELINE_MARKS = 16, GEM_TIMELINE_STEP_NS = 2000000 };

struct gem_timeline {
	/*
	 * Held from the choice of a seqno until its fence is in the
	 * reservations and in last. Outside of the reservations' locks.
	 */
	pthread_mutex_t lock;
	uint64_t context;       /* gem_fence.context; immutable */
	uint64_t seqno;         /* of last; lock */
	struct gem_fence *last; /* reference, NULL = none yet; lock */
	struct {
		struct gem_fence *fence; /* reference */
		int64_t ns;
	} marks[GEM_TIMELINE_MARKS]; /* a ring; lock */
	unsigned newest;        /* in marks; lock */
};

void gem_timeline_init(struct gem_timeline *timeline);
void gem_timeline_finish(struct gem_timeline *timeline);

/*
 * timeline->lock held: fence, with seqno + 1, is the last one now. now_ns:
 * CLOCK_MONOTONIC. Takes references.
 */
void gem_timeline_push_locked(struct gem_timeline *timeline, struct gem_fence *fence,
	int64_t now_ns);
/*
 * Adds the latest fence from before before_ns (not exactly: some from up to
 * GEM_TIMELINE_STEP_NS before are left out) that is not signalled. -ENOMEM.
 */
int gem_timeline_add_older(struct gem_timeline *timeline, int64_t before_ns,
	struct gem_fence_set *set);

#endif
