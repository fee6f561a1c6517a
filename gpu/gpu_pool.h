/*
 * Threads that help engines with their tiles; one pool for all engines of a
 * device. Any thread may run work, several at once: who runs takes part, so that
 * work ends however few helpers there are. Idle helpers sleep.
 *
 * A pool's lock is inside of all others and is not held while work runs.
 */
#ifndef GPU_POOL_H
#define GPU_POOL_H

struct gpu_pool;

enum { GPU_POOL_MAX = 64 };

/* threads: helpers beside the callers, 0 to GPU_POOL_MAX. -EINVAL; -ENOMEM; -EAGAIN no thread. */
int gpu_pool_create(unsigned threads, struct gpu_pool **out);
/* Nobody runs anything in it. NULL is fine. */
void gpu_pool_destroy(struct gpu_pool *pool);

/*
 * work(data, i) once for each i in 0..count-1, in any order, on the helpers and
 * the caller's thread; returns when all are done. What the caller wrote before
 * is seen by work, and what work wrote by the caller afterwards. work must not
 * run anything in a pool. pool NULL = all on the caller's thread.
 */
void gpu_pool_run(struct gpu_pool *pool, void (*work)(void *data, unsigned i), void *data,
	unsigned count);

#endif
