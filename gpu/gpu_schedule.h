/*
 * Which request runs when. A submitted request waits for its fences one after
 * the other: what it needs for that is inside of it, so that no wait can fail
 * for want of memory. Then it is ready, and takes an engine that is free or
 * becomes so; what waits for a client's fence holds up nobody.
 *
 * Cancelled requests go the same way, but wait for their own timeline only, and
 * the worker that takes them just signals them: fences of a timeline keep their
 * order whatever happens.
 */
#ifndef GPU_SCHEDULE_H
#define GPU_SCHEDULE_H

#include "gpu_private.h"

/*
 * The next request for worker, as worker->request; sleeps until there is one.
 * NULL = the device goes away.
 */
struct gpu_request *gpu_schedule_take(struct gpu_worker *worker);
/*
 * For a second worker: the next request of its class if that has a higher priority;
 * NULL = there is none. Cheap when there is none.
 */
struct gpu_request *gpu_schedule_take_better(struct gpu_worker *worker, int priority);
/*
 * worker is done with its request, which is signalled with error and retired.
 * What that makes ready is worker's to take: nobody is woken for it. (Not so with
 * a second worker, whose thread goes back to what it was at.)
 */
void gpu_schedule_finish(struct gpu_worker *worker, struct gpu_request *request, int error);

/*
 * For who has a worker whose thread rests: puts it back among those that rest. False:
 * it has the next request, for its thread to be woken.
 */
bool gpu_schedule_rest(struct gpu_worker *worker);

/*
 * Cancels what is queued or runs: all of it, or that of banned contexts. No lock
 * held, not from a fence's callback.
 */
void gpu_schedule_cancel(struct gpu_device *gpu, bool all);
/*
 * What was submitted before since_ns and still waits for fences that are no
 * batch's goes on without them. No lock held.
 */
void gpu_schedule_give_up(struct gpu_device *gpu, int64_t since_ns);
/* Lets the workers end; nothing is pending. */
void gpu_schedule_exit(struct gpu_device *gpu);

#endif
