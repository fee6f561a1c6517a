/*
 * How a worker without work waits for some. To wake a thread that sleeps takes
 * several microseconds of who wakes it, more than many a batch takes: a worker
 * whose next request has come soon so far looks out for it for a while before it
 * sleeps. One that gets its work at a screen's rate, or whose core somebody else
 * needs, sleeps at once.
 */
#ifndef GPU_REST_H
#define GPU_REST_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct gpu_rest {
	sem_t wake;
	int64_t woken_ns; /* of who posts, before it does */
	int eager;        /* the thread's: how sure it is that to look out is worth it */
};

void gpu_rest_init(struct gpu_rest *rest);
void gpu_rest_finish(struct gpu_rest *rest);

/* The resting thread's: whether it would look out now. */
bool gpu_rest_wants_watch(const struct gpu_rest *rest);
/*
 * Until somebody wakes it. *watched is set by the caller if the thread is to look
 * out, and cleared once it does so no longer; NULL = sleep.
 */
void gpu_rest_wait(struct gpu_rest *rest, atomic_bool *watched);
/* Once for each wait, before it or while it lasts. now: CLOCK_MONOTONIC, about. */
void gpu_rest_wake(struct gpu_rest *rest, int64_t now);

#endif
