/*
 * Sync objects: containers of a fence that come from one file and go to another
 * (kernel: drm_syncobj.c). Binary: holds one fence or none. Timeline: a chain of
 * points, each with a fence; a point is signalled when its fence and those of
 * all points before it are.
 *
 * Locks: gem_syncobjs.lock guards a file's table; gem_syncobj.lock (inside of
 * it, outside of gem_fence.lock) one object's content. Nobody waits with them.
 *
 * A point takes memory until it is signalled; a signalled one leaves the chain.
 */
#ifndef GEM_SYNCOBJ_H
#define GEM_SYNCOBJ_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gem_fence.h"
#include "gem_idr.h"

struct gem_syncobj;

/* Of a file; struct gem_file has one. */
struct gem_syncobjs {
	pthread_mutex_t lock;
	struct gem_idr idr; /* handle -> syncobj, from 1; guarded by lock */
};

void gem_syncobjs_init(struct gem_syncobjs *syncobjs);
void gem_syncobjs_finish(struct gem_syncobjs *syncobjs);

/* signalled: holds a fence that is done. -ENOMEM. */
int gem_syncobj_create(bool signalled, struct gem_syncobj **out);
struct gem_syncobj *gem_syncobj_get(struct gem_syncobj *syncobj);
void gem_syncobj_put(struct gem_syncobj *syncobj); /* NULL is fine */

/* New handle; takes a reference of its own. -ENOMEM. */
int gem_syncobj_handle_create(struct gem_syncobjs *syncobjs, struct gem_syncobj *syncobj,
	uint32_t *handle);
/* -EINVAL no such handle (as the kernel's DESTROY says). */
int gem_syncobj_handle_delete(struct gem_syncobjs *syncobjs, uint32_t handle);
/* New reference; -ENOENT. */
int gem_syncobj_lookup(struct gem_syncobjs *syncobjs, uint32_t handle, struct gem_syncobj **out);

/*
 * The fence that it holds (point 0) or the one that point needs, new reference;
 * *fence may be a signalled one when the point lies in the past. -EINVAL it has
 * none (yet).
 */
int gem_syncobj_find_fence(struct gem_syncobj *syncobj, uint64_t point, struct gem_fence **fence);
/* Replaces what it holds: binary. NULL = empty (RESET). Wakes who waits for a submit. */
void gem_syncobj_replace_fence(struct gem_syncobj *syncobj, struct gem_fence *fence);
/*
 * Memory that gem_syncobj_add_point needs, so that it can be had before the
 * point of no return. NULL = no memory, or GEM_SYNCOBJ_POINTS_MAX points of this
 * process are not signalled: clients can not fill the server with them.
 */
#define GEM_SYNCOBJ_POINTS_MAX (1u << 18)
struct gem_syncobj_point;
struct gem_syncobj_point *gem_syncobj_point_alloc(void);
/* Of one that was not used; NULL is fine. */
void gem_syncobj_point_free(struct gem_syncobj_point *memory);
/* fence signals point (> 0); a point not beyond the last one makes a log line, as a kernel warns. */
void gem_syncobj_add_point(struct gem_syncobj *syncobj, struct gem_syncobj_point *memory,
	struct gem_fence *fence, uint64_t point);
/* QUERY: the last signalled point; submitted = the last one that has a fence. */
uint64_t gem_syncobj_query(struct gem_syncobj *syncobj, bool submitted);

enum {
	GEM_SYNCOBJ_WAIT_ALL = 1 << 0,
	GEM_SYNCOBJ_WAIT_FOR_SUBMIT = 1 << 1,
	GEM_SYNCOBJ_WAIT_AVAILABLE = 1 << 2,
};
/*
 * Until any (or all) are signalled or, with AVAILABLE, have a fence. points NULL
 * = binary. deadline_ns: CLOCK_MONOTONIC, absolute, as the ioctl's. *first: index
 * of one that is. -ETIME; -EINVAL one has no fence and FOR_SUBMIT is not set;
 * -EINTR (gem_interrupt.h); -ENOMEM.
 */
int gem_syncobj_wait(struct gem_syncobj *const *syncobjs, const uint64_t *points, unsigned count,
	unsigned flags, int64_t deadline_ns, unsigned *first);
/*
 * SYNCOBJ_EVENTFD: adds 1 to eventfd (taken over, on error too) once point is
 * signalled (or available). -ENOMEM; -EINVAL it is no eventfd.
 */
int gem_syncobj_register_eventfd(struct gem_syncobj *syncobj, uint64_t point, bool available,
	int eventfd);

#endif
