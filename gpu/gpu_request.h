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
	/* Fence register that the client asked for (kept while busy); .size 0 = none. */
	struct gem_fence_window window;
	bool write;             /* declared by the client; known to the strict mode only */
};

struct gpu_request {
	struct gem_fence fence; /* its release frees the request */
	struct gpu_device *gpu;
	struct gem_context *context; /* reference, until retired */
	enum gpu_class class;
	uint64_t batch;              /* address of the first packet, 8-byte aligned */
	int priority;                /* of the context at submit */
	struct gpu_range *ranges;    /* from gpu_request_prepare on: by start, disjoint */
	unsigned range_count;
	struct gem_fence_set waits;  /* to be signalled before it may run */
	struct gpu_bus bus;          /* over ranges: gpu_space.h */
	atomic_uint last_range;      /* that translate found last */
	int64_t submit_ns, start_ns; /* CLOCK_MONOTONIC; 0 = not yet */
	int32_t client;              /* whose it is: gem_trace_client at the submit */
	bool ranges_apart;           /* own memory, which goes when the request retires */

	/* The scheduler's: gpu_schedule.c. Under gpu_device.lock, but for cancelled's readers. */
	struct gem_list link;            /* in the list of its state; self-linked while running */
	unsigned wait_at;                /* fence of waits that it waits for now */
	struct gem_fence_callback wait;  /* on that fence */
	bool gives_up;                   /* wait is being taken off it, to go on without */
	struct gem_fence_callback order; /* the same, of a cancelled one that waits for its turn */
	atomic_bool cancelled;           /* ends with -EIO, is not executed (any further) */
	uint32_t seqno;                  /* that its engine is to write, once it runs */
	unsigned replays;                /* times that a reset made it start anew */
};

/*
 * A context has at most about so many batches under way, whatever they wait for:
 * what is queued costs memory and keeps objects in theirs.
 */
#define GPU_CONTEXT_QUEUE_MAX 1024u

/*
 * Before a request of context is made: waits until there is room in its queue.
 * -EAGAIN after a tenth of a second, for the client to ask again: its own fence
 * may be what its batches wait for. No lock held.
 */
int gpu_request_wait_room(struct gpu_device *gpu, struct gem_context *context);

/*
 * With range_count empty ranges, to be filled in. Takes a reference to context.
 * Everything that ranges (obj, pages) and waits get belongs to the request.
 * -ENOMEM.
 */
int gpu_request_create(struct gpu_device *gpu, struct gem_context *context, enum gpu_class class,
	unsigned range_count, struct gpu_request **out);
/*
 * One that was never submitted, whether its fence is initialised or not (nobody
 * else has a reference): unpins and puts what it has so far.
 */
void gpu_request_destroy(struct gpu_request *request);

/* Initialises request->fence; timeline and seqno: see gem_context.timelines. */
void gpu_request_init_fence(struct gpu_request *request, uint64_t timeline, uint64_t seqno);
/* Once all ranges are there: sorts them. -EINVAL two overlap. */
int gpu_request_prepare(struct gpu_request *request);
/*
 * Never fails, needs no memory. From here on its fence will be signalled,
 * whatever happens: 0 done; -EIO hung, faulted, its context is banned or the
 * device wedged. How the fences that it waits for ended does not matter: the
 * error of one client's batch is not another's; nor that one which is no batch's
 * never ends (gpu_options.fence_ms). The GPU takes a reference of its
 * own; the caller's stays. When it is signalled the pages are unpinned and the
 * references dropped (retired) already or soon after, by the worker.
 *
 * A short one (gpu_worker_start) may be executed here, on the caller's thread, and others
 * may find it signalled before this returns: no lock held.
 *
 * Fences of one timeline are signalled in order if each request has the one
 * before it in waits; a cancelled one waits for that too, and for nothing else.
 */
void gpu_request_submit(struct gpu_request *request);

#endif
