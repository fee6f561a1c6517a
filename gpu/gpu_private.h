/*
 * For gpu_device.c, gpu_request.c, gpu_schedule.c, gpu_worker.c, gpu_reset.c and
 * gpu_error.c only: what a device and its workers are.
 */
#ifndef GPU_PRIVATE_H
#define GPU_PRIVATE_H

#include "gem_fence.h"
#include "gpu_device.h"
#include "gpu_engine.h"
#include "gpu_patience.h"
#include "gpu_request.h"
#include "gpu_rest.h"

/* Where an engine's own memory is in its global space; no batch can see it. */
enum {
	GPU_RING_AT = 0x10000, GPU_RING_SIZE = 4096,
	GPU_STATUS_AT = GPU_RING_AT + GPU_RING_SIZE, GPU_STATUS_SIZE = 4096,
	GPU_STATUS_SEQNO = 0xc0, /* offset of the seqno in the status page */
};

/*
 * An engine and its thread. Members without a word about it are of who has the
 * worker: its thread, or while that rests who took it out of gpu->idle (under
 * gpu->lock) until it wakes the thread or puts the worker back.
 *
 * An engine that is in a long batch when a request of a higher priority is ready
 * turns to that one, as parts do that save and restore their state: the worker has
 * a second engine for it, which is a worker without a thread of its own.
 */
struct gpu_worker {
	struct gpu_device *gpu;  /* immutable */
	enum gpu_class class;    /* immutable */
	unsigned index;          /* in its class; immutable */
	char name[16];           /* "render0", its second "render0+"; immutable */
	struct gpu_worker *second; /* NULL = it is one itself; immutable */
	pthread_t thread;
	bool started;            /* has a thread; set by who creates the device */
	struct gpu_engine *engine;
	struct gpu_bus global;   /* over memory; immutable */
	uint32_t *memory;        /* ring, status page */
	uint32_t seqno;          /* last one that was put into the ring */
	uint32_t completed;      /* last one that an interrupt told of */
	struct gpu_rest rest;    /* woken after it was taken out of gpu->idle, or to exit */
	struct gem_list link;    /* gpu->idle of its class; gpu->lock */
	struct gpu_request *request; /* that it runs, or is to run when it wakes; gpu->lock */
	bool begun;              /* gpu_worker_start has begun the request; to be gone on with */
	atomic_bool reset;       /* its engine is to be reset before it goes on */
	atomic_bool blame;       /* the request that it runs now is hung; set under gpu->lock */
	uint64_t executed;       /* requests so far; gpu->lock */
};

struct gpu_device {
	struct gem_device *gem;
	unsigned hang_ms, fence_ms; /* immutable */
	struct gem_pool *pool;
	unsigned worker_count;   /* immutable once the threads run */
	struct gpu_worker *workers; /* those with a thread, then in that order their seconds */
	/* Held by who takes requests off the fences that they wait for; outside of lock. */
	pthread_mutex_t off_lock;
	pthread_mutex_t lock;
	struct gpu_patience patience;
	struct gem_list waiting;   /* for their fences, in the order of submits; lock */
	struct gem_list cancelling; /* to be taken off the fence that they wait for; lock */
	struct gem_list cancelled; /* wait for their turn in their timeline only; lock */
	struct {
		struct gem_list ready; /* by priority, then submit_ns */
		unsigned ready_count;
		atomic_int best;       /* priority of the first, INT_MIN = none; read without lock */
		/* Workers that rest: who was the last to begin it last, behind it who looks out. */
		struct gem_list idle;
		atomic_bool watched;   /* one of them looks out: set under lock */
		unsigned looking;      /* awake workers that will look into ready before they sleep */
	} classes[GPU_CLASS_COUNT]; /* lock */
	unsigned pending;        /* submitted and not retired; lock */
	pthread_cond_t all_retired; /* pending became 0 */
	pthread_cond_t room;     /* a context's queue became half full */
	unsigned room_waiters;   /* lock */
	bool stopping;           /* nothing is executed any more; lock */
	bool exiting;            /* workers end when they wake; lock */
	atomic_uint entered;     /* threads inside that hold nothing that keeps the device */
	atomic_bool wedged;      /* changed under lock */
	atomic_bool hang[GPU_CLASS_COUNT]; /* the next batch that looks is hung */
	atomic_uint reset_count;
	uint64_t note;           /* number of the last gpu_reset_note; lock */
	pthread_mutex_t error_lock; /* innermost */
	char *error;             /* text, NULL = none; error_lock */
};

int64_t gpu_now_ns(void); /* CLOCK_MONOTONIC */
/*
 * Waits under gpu->lock for cond, until deadline (as gpu_now_ns, INT64_MAX = for
 * ever). False when that is over.
 */
bool gpu_device_sleep_locked(struct gpu_device *gpu, pthread_cond_t *cond, int64_t deadline);
/*
 * Unpins and puts all that the request has but its fence. Objects may go with
 * their last reference: no lock held, and never from a fence's release.
 */
void gpu_request_retire(struct gpu_request *request);

#endif
