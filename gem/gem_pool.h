/*
 * Threads that help with work that falls into parts: an engine's tiles, the bands
 * of a picture. Any thread may run work, several at once: who runs takes part, so
 * that work ends however few helpers there are. Idle helpers sleep.
 *
 * A pool's lock is inside of all others and is not held while work runs.
 */
#ifndef GEM_POOL_H
#define GEM_POOL_H

#include <stdbool.h>

struct gem_pool;

enum { GEM_POOL_MAX = 64 };

/*
 * threads: helpers beside the callers, 0 to GEM_POOL_MAX; name: theirs, 15 bytes at
 * most. -EINVAL; -ENOMEM; -EAGAIN no thread.
 */
int gem_pool_create(unsigned threads, const char *name, struct gem_pool **out);
/* Nobody runs anything in it. NULL is fine. */
void gem_pool_destroy(struct gem_pool *pool);

/* From its next job on each helper is, or is not: gem_thread.h. Any thread. NULL is fine. */
void gem_pool_set_urgent(struct gem_pool *pool, bool urgent);

/*
 * work(data, i) once for each i in 0..count-1, in any order, on the helpers and
 * the caller's thread; returns when all are done. What the caller wrote before
 * is seen by work, and what work wrote by the caller afterwards. work must not
 * run anything in a pool. pool NULL = all on the caller's thread.
 */
void gem_pool_run(struct gem_pool *pool, void (*work)(void *data, unsigned i), void *data,
	unsigned count);

#endif
