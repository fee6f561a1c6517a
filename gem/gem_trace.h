/*
 * The trace: what happened when, in this process's devices. Two readers:
 *
 *   the recording (gem_trace_start to gem_trace_stop): all kinds, through a bounded queue
 *   without locks to one reader, which writes a file; what finds it full is dropped and
 *   counted. While there is none, a place that records costs a branch.
 *
 *   the recent past (gem_trace_recent): the last flips, vblanks and GPU jobs, always.
 *
 * Times are CLOCK_MONOTONIC, whatever the device's own time is (kms_time.h).
 */
#ifndef GEM_TRACE_H
#define GEM_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What a kind's members mean; others are 0. */
enum gem_trace_kind {
	/*
	 * index: crtc; begin: committed, end: shown; a: vblank count, b: device's time of it;
	 * fence: of the last batch that drew what it shows, unless an earlier flip had that.
	 */
	GEM_TRACE_FLIP,
	/* index: crtc; begin = end: when it was handled; a, b as above. */
	GEM_TRACE_VBLANK,
	/*
	 * name: engine class, index: engine in it; begin, end: executed; a, b: fence's context
	 * and seqno; fence; result.
	 */
	GEM_TRACE_JOB,
	GEM_TRACE_RECENT_COUNT,
	/*
	 * name; begin, end; result: what ioctl(2) returned or -errno; a: vfs_file.id; fence: of
	 * the last batch that was submitted in it.
	 */
	GEM_TRACE_IOCTL = GEM_TRACE_RECENT_COUNT,
	/* A compositor made a frame: name: static; index: crtc; begin, end. */
	GEM_TRACE_FRAME,
};

/* Of flips and vblanks some seconds of four screens, of jobs the last so many. */
#define GEM_TRACE_RECENT 1024
/* Events between two looks of the recording's reader. */
#define GEM_TRACE_QUEUE 65536

struct gem_trace_event {
	enum gem_trace_kind kind;
	uint32_t card;     /* /dev/dri/card<card>; of devices that no platform has: 0 */
	uint32_t index;
	int32_t pid, tid;  /* whose doing: the client's process, the thread that serves it */
	int32_t result;    /* 0 or -errno, of an ioctl what it returned */
	uint64_t begin_ns, end_ns;
	uint64_t a, b;
	uint64_t fence;    /* gem_trace_fence(), or 0 */
	uint64_t fence_ns; /* when it was signalled; of flips */
	const char *name;  /* static storage, or NULL */
};

/* For gem_trace_recording() only. */
extern atomic_bool gem_trace_is_on;

static inline bool gem_trace_recording(void)
{
	return __builtin_expect(atomic_load_explicit(&gem_trace_is_on, memory_order_relaxed), 0);
}

/* CLOCK_MONOTONIC. */
uint64_t gem_trace_now(void);
/*
 * Any thread, with any lock; not in a signal handler. The first three kinds go to the
 * recent past in any case. Others: look at gem_trace_recording() first.
 */
void gem_trace_add(const struct gem_trace_event *event);

/*
 * The calling thread serves a client from now on: gem_trace_client() says so until it
 * serves the next. Before, it is this process.
 */
void gem_trace_set_client(int32_t pid);
int32_t gem_trace_client(void);
/* gettid(), asked once a thread. */
int32_t gem_trace_tid(void);

/* What tells a batch's fence from all others. */
static inline uint64_t gem_trace_fence(uint64_t context, uint64_t seqno)
{
	return context << 32 | (uint32_t)seqno;
}

/* The calling thread has submitted that batch. */
void gem_trace_set_submitted(uint64_t fence);
/* The last one since it was asked, or 0. */
uint64_t gem_trace_take_submitted(void);

/* -EALREADY; -ENOMEM. */
int gem_trace_start(void);
void gem_trace_stop(void);
/* The oldest event that is waiting; false = none. One thread at a time. */
bool gem_trace_take(struct gem_trace_event *event);
/* Events lost since gem_trace_start for want of room. */
uint64_t gem_trace_dropped(void);

/*
 * Copies the latest events of one of the first three kinds that ended at since_ns or
 * later, at most max, the oldest first. Their number. Any thread; waits for nobody for long.
 */
unsigned gem_trace_recent(enum gem_trace_kind kind, uint64_t since_ns,
	struct gem_trace_event *events, unsigned max);

#endif
