#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "gem_fence.h"
#include "gem_lock.h"

enum {
	NS_PER_S = 1000000000,
	/* Looked on before one sleeps: what an engine is at may end sooner than a thread wakes. */
	LOOK_ON_NS = 8000,
	LOOK_ON_PAUSE = 64,
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * (int64_t)NS_PER_S + now.tv_nsec;
}

uint64_t gem_fence_context_alloc(void)
{
	static atomic_uint_fast64_t last;

	return atomic_fetch_add(&last, 1) + 1;
}

void gem_fence_init(struct gem_fence *fence, uint64_t context, uint64_t seqno, unsigned engine,
	void (*release)(struct gem_fence *fence))
{
	atomic_init(&fence->refcount, 1);
	fence->context = context;
	fence->seqno = seqno;
	fence->engine = engine;
	atomic_init(&fence->state, 0);
	fence->signalled_ns = 0;
	fence->release = release;
	gem_lock_init(&fence->lock);
	gem_list_init(&fence->callbacks);
	fence->running = NULL;
}

int gem_fence_create(uint64_t context, uint64_t seqno, unsigned engine, struct gem_fence **out)
{
	struct gem_fence *fence = malloc(sizeof(*fence));

	if (!fence)
		return -ENOMEM;
	gem_fence_init(fence, context, seqno, engine, NULL);
	*out = fence;
	return 0;
}

struct gem_fence *gem_fence_get(struct gem_fence *fence)
{
	atomic_fetch_add_explicit(&fence->refcount, 1, memory_order_relaxed);
	return fence;
}

void gem_fence_put(struct gem_fence *fence)
{
	if (!fence || atomic_fetch_sub_explicit(&fence->refcount, 1, memory_order_acq_rel) != 1)
		return;
	/* Who waits for a callback has a reference: nobody is left to be told. */
	if (!gem_fence_signalled(fence))
		gem_error("gem", "fence %llu:%llu freed unsignalled",
			(unsigned long long)fence->context, (unsigned long long)fence->seqno);
	pthread_mutex_destroy(&fence->lock);
	if (fence->release)
		fence->release(fence);
	else
		free(fence);
}

/* ---- signal and callbacks ---- */

void gem_fence_signal(struct gem_fence *fence, int error)
{
	pthread_mutex_lock(&fence->lock);
	if (atomic_load_explicit(&fence->state, memory_order_relaxed) != 0) {
		pthread_mutex_unlock(&fence->lock);
		return;
	}
	fence->signalled_ns = now_ns();
	atomic_store_explicit(&fence->state, error ? error : 1, memory_order_release);
	/* Nothing is added any more; one at a time, so that the others can be taken back. */
	while (!gem_list_empty(&fence->callbacks)) {
		struct gem_fence_callback *callback = gem_list_entry(fence->callbacks.next,
			struct gem_fence_callback, link);

		gem_list_del(&callback->link);
		fence->running = callback;
		pthread_mutex_unlock(&fence->lock);
		callback->run(fence, callback); /* may free callback */
		pthread_mutex_lock(&fence->lock);
		fence->running = NULL;
	}
	pthread_mutex_unlock(&fence->lock);
}

int gem_fence_status(const struct gem_fence *fence)
{
	return atomic_load_explicit(&fence->state, memory_order_acquire);
}

bool gem_fence_signalled(const struct gem_fence *fence)
{
	return gem_fence_status(fence) != 0;
}

bool gem_fence_is_later(const struct gem_fence *a, const struct gem_fence *b)
{
	return a->seqno >= b->seqno;
}

int gem_fence_add_callback(struct gem_fence *fence, struct gem_fence_callback *callback,
	void (*run)(struct gem_fence *fence, struct gem_fence_callback *callback))
{
	int ret = 0;

	gem_list_init(&callback->link);
	callback->run = run;
	pthread_mutex_lock(&fence->lock);
	if (gem_fence_signalled(fence))
		ret = -ENOENT;
	else
		gem_list_add_tail(&fence->callbacks, &callback->link);
	pthread_mutex_unlock(&fence->lock);
	return ret;
}

bool gem_fence_remove_callback(struct gem_fence *fence, struct gem_fence_callback *callback)
{
	pthread_mutex_lock(&fence->lock);
	bool removed = !gem_list_empty(&callback->link);
	gem_list_del(&callback->link);
	while (fence->running == callback) {
		pthread_mutex_unlock(&fence->lock);
		sched_yield();
		pthread_mutex_lock(&fence->lock);
	}
	pthread_mutex_unlock(&fence->lock);
	return removed;
}

/* ---- waiting ---- */

/* On the stack of who waits. */
struct waiter {
	struct gem_fence_callback callback;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool done; /* lock */
};

static void wake(struct gem_fence *fence, struct gem_fence_callback *callback)
{
	struct waiter *waiter = gem_container_of(callback, struct waiter, callback);

	(void)fence;
	pthread_mutex_lock(&waiter->lock);
	waiter->done = true;
	pthread_cond_signal(&waiter->cond);
	pthread_mutex_unlock(&waiter->lock);
}

static void waiter_init(struct waiter *waiter)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&waiter->cond, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&waiter->lock, NULL);
	waiter->done = false;
}

static void waiter_finish(struct waiter *waiter)
{
	pthread_cond_destroy(&waiter->cond);
	pthread_mutex_destroy(&waiter->lock);
}

/* deadline: CLOCK_MONOTONIC ns, INT64_MAX = none. */
static void sleep_until_done(struct waiter *waiter, int64_t deadline)
{
	struct timespec end = {deadline / NS_PER_S, deadline % NS_PER_S};
	int ret = 0;

	pthread_mutex_lock(&waiter->lock);
	while (!waiter->done && ret == 0) {
		ret = deadline == INT64_MAX ?
			pthread_cond_wait(&waiter->cond, &waiter->lock) :
			pthread_cond_timedwait(&waiter->cond, &waiter->lock, &end);
	}
	pthread_mutex_unlock(&waiter->lock);
}

static void wait_until(struct gem_fence *fence, int64_t deadline)
{
	struct waiter waiter;

	waiter_init(&waiter);
	if (gem_fence_add_callback(fence, &waiter.callback, wake) == 0) {
		sleep_until_done(&waiter, deadline);
		gem_fence_remove_callback(fence, &waiter.callback);
	}
	waiter_finish(&waiter);
}

/* As the kernel's i915 does, for about as long (drivers/gpu/drm/i915/i915_request.c). */
static void look_on(const struct gem_fence *fence, int64_t start)
{
	/* After a time in vain not at once again: the engine's thread may need this very core. */
	static _Thread_local unsigned waits_without;

	if (fence->engine == GEM_FENCE_NO_ENGINE)
		return;
	if (waits_without) {
		waits_without--;
		return;
	}
	while (!gem_fence_signalled(fence) && now_ns() - start < LOOK_ON_NS)
		gem_relax();
	if (!gem_fence_signalled(fence))
		waits_without = LOOK_ON_PAUSE;
}

int gem_fence_wait(struct gem_fence *fence, int64_t timeout_ns, int64_t *remaining)
{
	int64_t start = 0, left = timeout_ns;

	if (!gem_fence_signalled(fence) && timeout_ns != 0) {
		start = now_ns();
		if (timeout_ns < 0 || timeout_ns > LOOK_ON_NS)
			look_on(fence, start);
		wait_until(fence, timeout_ns < 0 || timeout_ns > INT64_MAX - start ? INT64_MAX :
			start + timeout_ns);
		if (timeout_ns > 0) {
			left = timeout_ns - (now_ns() - start);
			left = left < 0 ? 0 : left;
		}
	}
	if (remaining)
		*remaining = left;
	return gem_fence_signalled(fence) ? 0 : -ETIME;
}

/* ---- sets ---- */

void gem_fence_set_finish(struct gem_fence_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		gem_fence_put(set->fences[i]);
	free(set->fences);
	*set = (struct gem_fence_set){0};
}

int gem_fence_set_reserve(struct gem_fence_set *set)
{
	enum { FIRST_CAPACITY = 4 };

	if (set->count < set->capacity)
		return 0;
	unsigned capacity = set->capacity ? set->capacity * 2 : FIRST_CAPACITY;
	struct gem_fence **fences = realloc(set->fences, capacity * sizeof(*fences));
	if (!fences)
		return -ENOMEM;
	set->fences = fences;
	set->capacity = capacity;
	return 0;
}

int gem_fence_set_add(struct gem_fence_set *set, struct gem_fence *fence)
{
	/* To have one twice does no harm; to look through all of a client's thousands does. */
	enum { LOOKED_THROUGH = 64 };
	unsigned first = set->count > LOOKED_THROUGH ? set->count - LOOKED_THROUGH : 0;

	if (gem_fence_signalled(fence))
		return 0;
	for (unsigned i = first; i < set->count; i++) {
		if (set->fences[i]->context != fence->context)
			continue;
		if (gem_fence_is_later(fence, set->fences[i])) {
			gem_fence_get(fence);
			gem_fence_put(set->fences[i]);
			set->fences[i] = fence;
		}
		return 0;
	}
	int ret = gem_fence_set_reserve(set);
	if (ret == 0)
		set->fences[set->count++] = gem_fence_get(fence);
	return ret;
}

int gem_fence_set_wait(const struct gem_fence_set *set, int64_t timeout_ns, int64_t *remaining)
{
	int ret = 0;

	for (unsigned i = 0; i < set->count && ret == 0; i++)
		ret = gem_fence_wait(set->fences[i], timeout_ns, &timeout_ns);
	if (remaining)
		*remaining = timeout_ns;
	return ret;
}
