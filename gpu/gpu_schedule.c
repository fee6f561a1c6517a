#include <errno.h>
#include <limits.h>

#include "gem_context.h"
#include "gem_fence_array.h"
#include "gem_trace.h"
#include "gpu_schedule.h"
#include "gpu_worker.h"

static void note_best_locked(struct gpu_device *gpu, enum gpu_class class)
{
	struct gem_list *head = &gpu->classes[class].ready;

	atomic_store(&gpu->classes[class].best, gem_list_empty(head) ? INT_MIN :
		gem_list_entry(head->next, struct gpu_request, link)->priority);
}

/* Best first. There is one ready request per timeline at most: the walk is short. */
static void enqueue_locked(struct gpu_device *gpu, struct gpu_request *request)
{
	struct gem_list *head = &gpu->classes[request->class].ready, *after = head->prev;

	while (after != head) {
		struct gpu_request *other = gem_list_entry(after, struct gpu_request, link);

		if (other->priority > request->priority || (other->priority == request->priority &&
			other->submit_ns <= request->submit_ns))
			break;
		after = after->prev;
	}
	gem_list_add_tail(after->next, &request->link);
	gpu->classes[request->class].ready_count++;
	note_best_locked(gpu, request->class);
}

static struct gpu_request *dequeue_locked(struct gpu_device *gpu, enum gpu_class class)
{
	struct gem_list *head = &gpu->classes[class].ready;
	struct gpu_request *request;

	if (gem_list_empty(head))
		return NULL;
	request = gem_list_entry(head->next, struct gpu_request, link);
	gem_list_del(&request->link);
	gpu->classes[class].ready_count--;
	note_best_locked(gpu, class);
	return request;
}

/*
 * The worker to wake, without the lock (NULL = none): none sleeps, or those that
 * are awake will take what there is.
 */
static struct gpu_worker *ready_locked(struct gpu_request *request)
{
	struct gpu_device *gpu = request->gpu;
	enum gpu_class class = request->class;
	struct gpu_worker *worker;

	gem_list_del(&request->link);
	enqueue_locked(gpu, request);
	if (gem_list_empty(&gpu->classes[class].idle) ||
		gpu->classes[class].ready_count <= gpu->classes[class].looking)
		return NULL;
	/* Who looks out, or fell asleep last: its caches are the warmest. */
	worker = gem_list_entry(gpu->classes[class].idle.prev, struct gpu_worker, link);
	gem_list_del(&worker->link);
	worker->request = dequeue_locked(gpu, class);
	return worker;
}

static void run_wait(struct gem_fence *fence, struct gem_fence_callback *callback);
static void run_order(struct gem_fence *fence, struct gem_fence_callback *callback);

/* Goes on to the first fence that is not signalled; beyond the last one it is ready. */
static struct gpu_worker *advance_locked(struct gpu_request *request)
{
	bool cancelled = request->cancelled;

	for (; request->wait_at < request->waits.count; request->wait_at++) {
		struct gem_fence *fence = request->waits.fences[request->wait_at];

		if (cancelled && fence->context != request->fence.context)
			continue;
		if (gem_fence_add_callback(fence, cancelled ? &request->order : &request->wait,
			cancelled ? run_order : run_wait) == 0)
			return NULL;
	}
	return ready_locked(request);
}

/* now: CLOCK_MONOTONIC, about. */
static void wake(struct gpu_worker *worker, int64_t now)
{
	if (worker)
		gpu_rest_wake(&worker->rest, now);
}

/* Of a thread that signals a fence: it may be anybody's, so it counts as entered. */
static void run_wait(struct gem_fence *fence, struct gem_fence_callback *callback)
{
	struct gpu_request *request = gem_container_of(callback, struct gpu_request, wait);
	struct gpu_device *gpu = request->gpu;
	struct gpu_worker *worker = NULL;

	atomic_fetch_add(&gpu->entered, 1);
	pthread_mutex_lock(&gpu->lock);
	/* Who takes it off takes it on from here, and has to find this callback gone. */
	if (!request->cancelled && !request->gives_up)
		worker = advance_locked(request);
	pthread_mutex_unlock(&gpu->lock);
	wake(worker, fence->signalled_ns);
	atomic_fetch_sub(&gpu->entered, 1);
}

static void run_order(struct gem_fence *fence, struct gem_fence_callback *callback)
{
	struct gpu_request *request = gem_container_of(callback, struct gpu_request, order);
	struct gpu_device *gpu = request->gpu;

	atomic_fetch_add(&gpu->entered, 1);
	pthread_mutex_lock(&gpu->lock);
	struct gpu_worker *worker = advance_locked(request);
	pthread_mutex_unlock(&gpu->lock);
	wake(worker, fence->signalled_ns);
	atomic_fetch_sub(&gpu->entered, 1);
}

int gpu_request_wait_room(struct gpu_device *gpu, struct gem_context *context)
{
	enum { PATIENCE_NS = 100000000 };

	pthread_mutex_lock(&gpu->lock);
	if (context->queued >= GPU_CONTEXT_QUEUE_MAX) {
		int64_t deadline = gpu_now_ns() + PATIENCE_NS;

		gpu->room_waiters++;
		while (context->queued >= GPU_CONTEXT_QUEUE_MAX &&
			gpu_device_sleep_locked(gpu, &gpu->room, deadline))
			continue;
		gpu->room_waiters--;
	}
	int ret = context->queued >= GPU_CONTEXT_QUEUE_MAX ? -EAGAIN : 0;
	pthread_mutex_unlock(&gpu->lock);
	return ret;
}

void gpu_request_submit(struct gpu_request *request)
{
	struct gpu_device *gpu = request->gpu;
	struct gpu_worker *worker;

	gem_fence_get(&request->fence);
	if (!request->submit_ns)
		request->submit_ns = gpu_now_ns();
	request->client = gem_trace_client();
	if (gem_trace_recording())
		gem_trace_set_submitted(gem_trace_fence(request->fence.context,
			request->fence.seqno));
	atomic_fetch_add(&gpu->entered, 1);
	pthread_mutex_lock(&gpu->lock);
	gpu->pending++;
	request->context->queued++;
	request->cancelled = gpu->wedged || gpu->stopping ||
		gem_context_is_banned(request->context);
	gem_list_add_tail(request->cancelled ? &gpu->cancelled : &gpu->waiting, &request->link);
	worker = advance_locked(request);
	if (gpu->patience.asleep && !gem_list_empty(&gpu->waiting)) {
		gpu->patience.asleep = false;
		pthread_cond_signal(&gpu->patience.wake);
	}
	pthread_mutex_unlock(&gpu->lock);
	if (worker)
		gpu_worker_start(worker, request->submit_ns);
	atomic_fetch_sub(&gpu->entered, 1);
}

/* ---- workers ---- */

/* Behind who looks out, if somebody does. True: nobody does. */
static bool enter_idle_locked(struct gpu_worker *worker)
{
	struct gem_list *idle = &worker->gpu->classes[worker->class].idle;
	bool alone = !atomic_load(&worker->gpu->classes[worker->class].watched);

	gem_list_add_tail(alone ? idle : idle->next, &worker->link);
	return alone;
}

/* One that looks out for all of its class is enough. */
static bool rest_locked(struct gpu_worker *worker)
{
	bool watches = enter_idle_locked(worker) && gpu_rest_wants_watch(&worker->rest);

	if (watches)
		atomic_store(&worker->gpu->classes[worker->class].watched, true);
	return watches;
}

bool gpu_schedule_rest(struct gpu_worker *worker)
{
	struct gpu_device *gpu = worker->gpu;

	pthread_mutex_lock(&gpu->lock);
	worker->request = dequeue_locked(gpu, worker->class);
	bool rests = !worker->request;
	if (rests)
		enter_idle_locked(worker);
	pthread_mutex_unlock(&gpu->lock);
	return rests;
}

struct gpu_request *gpu_schedule_take(struct gpu_worker *worker)
{
	struct gpu_device *gpu = worker->gpu;
	struct gpu_request *request;
	bool exiting, watches = false;

	pthread_mutex_lock(&gpu->lock);
	request = worker->request = dequeue_locked(gpu, worker->class);
	exiting = gpu->exiting;
	if (!request && !exiting)
		watches = rest_locked(worker);
	pthread_mutex_unlock(&gpu->lock);
	if (request || exiting)
		return request;
	gpu_rest_wait(&worker->rest, watches ? &gpu->classes[worker->class].watched : NULL);
	/* Who woke it has written it before, or left it NULL to say that this is the end. */
	return worker->request;
}

struct gpu_request *gpu_schedule_take_better(struct gpu_worker *worker, int priority)
{
	struct gpu_device *gpu = worker->gpu;
	struct gpu_request *request = NULL;

	if (atomic_load(&gpu->classes[worker->class].best) <= priority)
		return NULL;
	pthread_mutex_lock(&gpu->lock);
	if (gpu->classes[worker->class].best > priority)
		request = worker->request = dequeue_locked(gpu, worker->class);
	pthread_mutex_unlock(&gpu->lock);
	return request;
}

void gpu_schedule_exit(struct gpu_device *gpu)
{
	pthread_mutex_lock(&gpu->lock);
	gpu->exiting = true;
	for (unsigned i = 0; i < gpu->worker_count; i++) {
		if (!gpu->workers[i].started || gem_list_empty(&gpu->workers[i].link))
			continue;
		gem_list_del(&gpu->workers[i].link);
		gpu_rest_wake(&gpu->workers[i].rest, gpu_now_ns());
	}
	pthread_mutex_unlock(&gpu->lock);
}

void gpu_schedule_finish(struct gpu_worker *worker, struct gpu_request *request, int error)
{
	struct gpu_device *gpu = worker->gpu;
	unsigned looks = worker->second ? 1 : 0;

	pthread_mutex_lock(&gpu->lock);
	worker->request = NULL;
	worker->blame = false;
	worker->executed++;
	gpu->classes[worker->class].looking += looks;
	/* Half of it: not a wakeup for each batch of a client that is faster than the GPU. */
	if (--request->context->queued == GPU_CONTEXT_QUEUE_MAX / 2 && gpu->room_waiters)
		pthread_cond_broadcast(&gpu->room);
	pthread_mutex_unlock(&gpu->lock);
	/* Streaming stores too are in memory before anybody sees the fence signalled. */
	atomic_thread_fence(memory_order_seq_cst);
	gem_fence_signal(&request->fence, error);
	gpu_request_retire(request);
	gem_fence_put(&request->fence);
	pthread_mutex_lock(&gpu->lock);
	gpu->classes[worker->class].looking -= looks;
	if (--gpu->pending == 0)
		pthread_cond_broadcast(&gpu->all_retired);
	pthread_mutex_unlock(&gpu->lock);
}

/* ---- cancelling ---- */

static void cancel_list_locked(struct gem_list *from, bool all, struct gem_list *to)
{
	struct gpu_request *request, *next;

	gem_list_for_each_safe(request, next, from, link) {
		if (!all && !gem_context_is_banned(request->context))
			continue;
		request->cancelled = true;
		if (to) {
			gem_list_del(&request->link);
			gem_list_add_tail(to, &request->link);
		}
	}
}

static void cancel_locked(struct gpu_device *gpu, bool all)
{
	cancel_list_locked(&gpu->waiting, all, &gpu->cancelling);
	for (unsigned i = 0; i < GPU_CLASS_COUNT; i++)
		cancel_list_locked(&gpu->classes[i].ready, all, NULL);
	for (unsigned i = 0; i < gpu->worker_count; i++) {
		struct gpu_request *request = gpu->workers[i].request;

		if (request && (all || gem_context_is_banned(request->context)))
			request->cancelled = true;
	}
}

/*
 * Its callback is on the fence that wait_at says, or runs there, or has run:
 * since it was cancelled nobody else takes it further.
 */
static void take_off_fence(struct gpu_device *gpu, struct gpu_request *request)
{
	struct gpu_worker *worker;

	gem_fence_remove_callback(request->waits.fences[request->wait_at], &request->wait);
	pthread_mutex_lock(&gpu->lock);
	request->wait_at = 0;
	worker = advance_locked(request);
	pthread_mutex_unlock(&gpu->lock);
	wake(worker, gpu_now_ns());
}

void gpu_schedule_cancel(struct gpu_device *gpu, bool all)
{
	struct gpu_request *request;

	pthread_mutex_lock(&gpu->off_lock);
	pthread_mutex_lock(&gpu->lock);
	cancel_locked(gpu, all);
	while (!gem_list_empty(&gpu->cancelling)) {
		request = gem_list_entry(gpu->cancelling.next, struct gpu_request, link);
		gem_list_del(&request->link);
		gem_list_add_tail(&gpu->cancelled, &request->link);
		gem_fence_get(&request->fence);
		pthread_mutex_unlock(&gpu->lock);
		take_off_fence(gpu, request);
		gem_fence_put(&request->fence);
		pthread_mutex_lock(&gpu->lock);
	}
	pthread_mutex_unlock(&gpu->lock);
	pthread_mutex_unlock(&gpu->off_lock);
}

/* ---- giving up ---- */

/* Oldest first: in the order of submits. */
static struct gpu_request *find_impatient_locked(struct gpu_device *gpu, int64_t since_ns)
{
	struct gpu_request *request;

	gem_list_for_each(request, &gpu->waiting, link) {
		if (request->submit_ns >= since_ns)
			break;
		if (gem_fence_is_foreign(request->waits.fences[request->wait_at]))
			return request;
	}
	return NULL;
}

static struct gpu_worker *go_on_without(struct gpu_device *gpu, struct gpu_request *request,
	struct gem_fence *fence)
{
	struct gpu_worker *worker;

	gem_debug("gpu", "batch %llu:%llu no longer waits for fence %llu:%llu",
		(unsigned long long)request->fence.context,
		(unsigned long long)request->fence.seqno,
		(unsigned long long)fence->context, (unsigned long long)fence->seqno);
	gem_fence_remove_callback(fence, &request->wait);
	pthread_mutex_lock(&gpu->lock);
	request->gives_up = false;
	request->wait_at++;
	worker = advance_locked(request);
	pthread_mutex_unlock(&gpu->lock);
	return worker;
}

void gpu_schedule_give_up(struct gpu_device *gpu, int64_t since_ns)
{
	struct gpu_request *request;

	pthread_mutex_lock(&gpu->off_lock);
	pthread_mutex_lock(&gpu->lock);
	while ((request = find_impatient_locked(gpu, since_ns))) {
		struct gem_fence *fence = request->waits.fences[request->wait_at];

		request->gives_up = true;
		gem_fence_get(&request->fence);
		pthread_mutex_unlock(&gpu->lock);
		wake(go_on_without(gpu, request, fence), gpu_now_ns());
		gem_fence_put(&request->fence);
		pthread_mutex_lock(&gpu->lock);
	}
	pthread_mutex_unlock(&gpu->lock);
	pthread_mutex_unlock(&gpu->off_lock);
}
