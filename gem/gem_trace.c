#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gem_lock.h"
#include "gem_trace.h"

atomic_bool gem_trace_is_on;

/* ---- who ---- */

static _Thread_local int32_t client, thread;

void gem_trace_set_client(int32_t pid)
{
	client = pid;
}

int32_t gem_trace_client(void)
{
	if (!client)
		client = getpid();
	return client;
}

int32_t gem_trace_tid(void)
{
	if (!thread)
		thread = gettid();
	return thread;
}

static _Thread_local uint64_t submitted;

void gem_trace_set_submitted(uint64_t fence)
{
	submitted = fence;
}

uint64_t gem_trace_take_submitted(void)
{
	uint64_t fence = submitted;

	submitted = 0;
	return fence;
}

uint64_t gem_trace_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* ---- the recent past ---- */

static struct {
	pthread_mutex_t lock; /* innermost */
	uint64_t count;       /* lock, as all below */
	struct gem_trace_event events[GEM_TRACE_RECENT];
} recent[GEM_TRACE_RECENT_COUNT] = {
	[0 ... GEM_TRACE_RECENT_COUNT - 1] = {.lock = GEM_LOCK_INITIALIZER},
};

static void remember(const struct gem_trace_event *event)
{
	pthread_mutex_lock(&recent[event->kind].lock);
	recent[event->kind].events[recent[event->kind].count++ % GEM_TRACE_RECENT] = *event;
	pthread_mutex_unlock(&recent[event->kind].lock);
}

unsigned gem_trace_recent(enum gem_trace_kind kind, uint64_t since_ns,
	struct gem_trace_event *events, unsigned max)
{
	unsigned found = 0;

	pthread_mutex_lock(&recent[kind].lock);
	uint64_t count = recent[kind].count;
	uint64_t first = count > GEM_TRACE_RECENT ? count - GEM_TRACE_RECENT : 0;
	uint64_t at = count;

	/* They come in the order of their ends, but for threads that overtake each other. */
	while (at > first && found < max &&
	       recent[kind].events[(at - 1) % GEM_TRACE_RECENT].end_ns >= since_ns) {
		at--;
		found++;
	}
	for (unsigned i = 0; i < found; i++)
		events[i] = recent[kind].events[(at + i) % GEM_TRACE_RECENT];
	pthread_mutex_unlock(&recent[kind].lock);
	return found;
}

/* ---- the recording: a queue of many writers and one reader ---- */

struct slot {
	/* at: free for the at-th event; at + 1: holds it; for slots below the queue's size. */
	atomic_uint_fast64_t turn;
	struct gem_trace_event event;
};

/* Made at the first start and kept: a writer may still be on its way into it. */
static struct slot *_Atomic slots;
static atomic_uint_fast64_t head; /* events that have a slot */
static uint64_t tail;             /* events that were taken; the reader's */
static atomic_uint_fast64_t dropped;

static void enqueue(struct slot *queue, const struct gem_trace_event *event)
{
	uint_fast64_t at = atomic_load_explicit(&head, memory_order_relaxed);
	struct slot *slot;

	for (;;) {
		slot = &queue[at % GEM_TRACE_QUEUE];
		int64_t ahead = atomic_load_explicit(&slot->turn, memory_order_acquire) - at;
		if (ahead < 0) { /* the reader has not been there since the last round */
			atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
			return;
		}
		if (ahead > 0)
			at = atomic_load_explicit(&head, memory_order_relaxed);
		else if (atomic_compare_exchange_weak_explicit(&head, &at, at + 1,
				memory_order_relaxed, memory_order_relaxed))
			break;
	}
	slot->event = *event;
	atomic_store_explicit(&slot->turn, at + 1, memory_order_release);
}

bool gem_trace_take(struct gem_trace_event *event)
{
	struct slot *queue = atomic_load(&slots);
	struct slot *slot = queue ? &queue[tail % GEM_TRACE_QUEUE] : NULL;

	if (!slot || atomic_load_explicit(&slot->turn, memory_order_acquire) != tail + 1)
		return false;
	*event = slot->event;
	atomic_store_explicit(&slot->turn, tail + GEM_TRACE_QUEUE, memory_order_release);
	tail++;
	return true;
}

void gem_trace_add(const struct gem_trace_event *event)
{
	if (event->kind < GEM_TRACE_RECENT_COUNT)
		remember(event);
	if (gem_trace_recording())
		enqueue(atomic_load(&slots), event);
}

int gem_trace_start(void)
{
	struct gem_trace_event stale;

	if (atomic_load(&gem_trace_is_on))
		return -EALREADY;
	if (!atomic_load(&slots)) {
		struct slot *queue = malloc(GEM_TRACE_QUEUE * sizeof(*queue));
		if (!queue)
			return -ENOMEM;
		for (unsigned i = 0; i < GEM_TRACE_QUEUE; i++)
			atomic_init(&queue[i].turn, i);
		atomic_store(&slots, queue);
	}
	/* Of who was late for the last recording's end. */
	while (gem_trace_take(&stale))
		continue;
	atomic_store(&dropped, 0);
	atomic_store(&gem_trace_is_on, true);
	return 0;
}

void gem_trace_stop(void)
{
	atomic_store(&gem_trace_is_on, false);
}

uint64_t gem_trace_dropped(void)
{
	return atomic_load(&dropped);
}
