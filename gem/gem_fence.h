/*
 * Completion: a fence is signalled once, by who does the work, and tells
 * whether it failed. The maker of a fence promises that it will be signalled,
 * whatever happens: waits have no other end.
 *
 * Fences of one context are signalled in the order of their seqno.
 */
#ifndef GEM_FENCE_H
#define GEM_FENCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gem_base.h"

/* Engine class of a fence that no engine signals: I915_GEM_BUSY does not name it. */
#define GEM_FENCE_NO_ENGINE 0xffffu

struct gem_fence {
	atomic_uint refcount;
	uint64_t context; /* timeline, from gem_fence_context_alloc; immutable */
	uint64_t seqno;   /* place in it; immutable */
	unsigned engine;  /* uAPI engine class (0 to 15) or GEM_FENCE_NO_ENGINE; immutable */
	atomic_int state; /* 0 = pending, 1 = done, negative errno = failed */
	int64_t signalled_ns; /* CLOCK_MONOTONIC; valid once state is not 0 */
	/*
	 * Frees the fence's memory at its last put; NULL = free(). Immutable.
	 * May run with locks held: takes none, and drops nothing that could be
	 * an object's last reference (that belongs to retiring the work).
	 */
	void (*release)(struct gem_fence *fence);
	pthread_mutex_t lock; /* innermost; guards the members below */
	struct gem_list callbacks;
	struct gem_fence_callback *running;
};

struct gem_fence_callback {
	struct gem_list link; /* fence->lock */
	void (*run)(struct gem_fence *fence, struct gem_fence_callback *callback);
};

/* A new timeline; never twice in this process. */
uint64_t gem_fence_context_alloc(void);

/* In the caller's memory (a GPU request), with the first reference. */
void gem_fence_init(struct gem_fence *fence, uint64_t context, uint64_t seqno, unsigned engine,
	void (*release)(struct gem_fence *fence));
/* On the heap. -ENOMEM. */
int gem_fence_create(uint64_t context, uint64_t seqno, unsigned engine, struct gem_fence **out);
struct gem_fence *gem_fence_get(struct gem_fence *fence);
void gem_fence_put(struct gem_fence *fence); /* NULL is fine */

/*
 * error: 0 or negative errno. Wakes waiters and runs the callbacks, in the
 * order they were added, with no lock of the fence held. A second call does
 * nothing. The caller holds a reference.
 */
void gem_fence_signal(struct gem_fence *fence, int error);
/* 0 = pending, 1 = done, negative errno = failed (as dma_fence_get_status). */
int gem_fence_status(const struct gem_fence *fence);
bool gem_fence_signalled(const struct gem_fence *fence);
/* a is later than b, or the same; both of one context. */
bool gem_fence_is_later(const struct gem_fence *a, const struct gem_fence *b);

/*
 * run is called once, from the thread that signals. 0, or -ENOENT when the
 * fence is signalled already: run is not called then.
 */
int gem_fence_add_callback(struct gem_fence *fence, struct gem_fence_callback *callback,
	void (*run)(struct gem_fence *fence, struct gem_fence_callback *callback));
/*
 * True: taken back, it will not run. False: it has run and returned (waits for
 * that), or was never there. Not from inside of the callback itself.
 */
bool gem_fence_remove_callback(struct gem_fence *fence, struct gem_fence_callback *callback);

/*
 * Waits until fence is signalled, with or without error: 0. -ETIME after
 * timeout_ns (0 = only look, negative = no limit). *remaining (may be NULL) is
 * what is left of a timeout >= 0, as I915_GEM_WAIT gives it back; a negative
 * one stays as it is. No lock of gem_device or gem_object may be held.
 */
int gem_fence_wait(struct gem_fence *fence, int64_t timeout_ns, int64_t *remaining);

/* References to fences of different contexts: of one context the latest. */
struct gem_fence_set {
	struct gem_fence **fences;
	unsigned count, capacity;
};

/* Zeroed = empty. Puts the fences and frees the array; the set is empty again. */
void gem_fence_set_finish(struct gem_fence_set *set);
/* Room for one more. -ENOMEM. */
int gem_fence_set_reserve(struct gem_fence_set *set);
/* Takes a reference of its own. Signalled fences are left out. -ENOMEM. */
int gem_fence_set_add(struct gem_fence_set *set, struct gem_fence *fence);
/* As gem_fence_wait, for all of them. */
int gem_fence_set_wait(const struct gem_fence_set *set, int64_t timeout_ns, int64_t *remaining);

#endif
