/*
 * A request: one batch, its way through the GPU, and all that has to stay while
 * it is on that way. Made and filled in by gpu_submit.c, executed and retired by
 * the scheduler and the workers.
 *
 *   created -> submitted (waits for its fences) -> ready -> running -> retired
 */
#ifndef GPU_REQUEST_H
#define GPU_REQUEST_H

#include "gem_fence.h"
#include "gem_object.h"
#include "gpu_bus.h"
#include "gpu_device.h"

/*
 * An object that the batch may reach, and where: the whole of what its
 * addresses can mean. A batch that names any other address faults, so that no
 * client sees what others have bound in the same address space.
 */
struct gpu_range {
	uint64_t start;         /* address */
	uint64_t size;          /* bytes of the object, not of its binding */
	uint8_t *pages;         /* pinned until the request retires */
	struct gem_object *obj; /* reference, dropped then */
	/* Fence register that it had at submit (it keeps it while busy); .size 0 = none. */
	struct gem_fence_window window;
	bool write;             /* declared by the client; known to the strict mode only */
};

struct gpu_request {
	struct gem_fence fence; /* first; its release frees the request */
	struct gpu_device *gpu;
	struct gem_context *context; /* reference, until retired */
	enum gpu_class class;
	uint64_t batch;              /* address of the first packet, 8-byte aligned */
	int priority;                /* of the context at submit */
	struct gpu_range *ranges;    /* by start, disjoint */
	unsigned range_count;
	struct gem_fence_set waits;  /* to be signalled before it may run */
	struct gpu_bus bus;          /* over ranges: gpu_space.h */
	uint64_t submit_ns, start_ns; /* CLOCK_MONOTONIC; 0 = not yet */

	/* The scheduler's; gpu_device.lock. */
	struct gem_list link;
	struct gem_fence_callback *callbacks; /* one for each of waits */
	atomic_uint unready;                  /* fences of waits still pending, + 1 during submit */
	bool innocent;                        /* a reset interrupted it: run it anew */
};

/*
 * Empty: fence is initialised with context's timeline for class only by
 * gpu_request_submit's caller (see gem_context.timelines). Everything that ranges
 * and waits get belongs to the request. -ENOMEM.
 */
int gpu_request_create(struct gpu_device *gpu, struct gem_context *context, enum gpu_class class,
	unsigned range_count, struct gpu_request **out);
/* One that was never submitted: unpins and puts what it has so far. */
void gpu_request_destroy(struct gpu_request *request);

/*
 * Memory that the later, infallible submit needs, once waits is complete.
 * -ENOMEM.
 */
int gpu_request_prepare(struct gpu_request *request);
/*
 * From here on its fence will be signalled, whatever happens: 0 done; -EIO hung,
 * faulted, its context is banned or the device wedged. The GPU takes a reference
 * of its own; the caller's stays. When it is signalled the pages are unpinned
 * and the references dropped (retired) already or soon after, by the worker.
 */
void gpu_request_submit(struct gpu_request *request);

#endif
