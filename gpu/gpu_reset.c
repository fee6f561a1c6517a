#include <errno.h>

#include "gem_context.h"
#include "gem_journal.h"
#include "gpu_error.h"
#include "gpu_reset.h"
#include "gpu_schedule.h"
#include "gpu_worker.h"

/* context's work was pending; once for each reset. */
static void note_locked(struct gpu_device *gpu, struct gem_context *context)
{
	if (context->reset_noted == gpu->note)
		return;
	context->reset_noted = gpu->note;
	gem_context_note_reset(context, false, 0);
}

static void note_list_locked(struct gpu_device *gpu, struct gem_list *list)
{
	struct gpu_request *request;

	gem_list_for_each(request, list, link)
		note_locked(gpu, request->context);
}

static void note_running_locked(struct gpu_device *gpu)
{
	for (unsigned i = 0; i < gpu->worker_count; i++)
		if (gpu->workers[i].request)
			note_locked(gpu, gpu->workers[i].request->context);
}

/* I915_GET_RESET_STATS: every context with pending work but the guilty one. */
static void note_others(struct gpu_device *gpu, struct gem_context *guilty)
{
	pthread_mutex_lock(&gpu->lock);
	guilty->reset_noted = ++gpu->note;
	note_list_locked(gpu, &gpu->waiting);
	for (unsigned i = 0; i < GPU_CLASS_COUNT; i++)
		note_list_locked(gpu, &gpu->classes[i].ready);
	note_running_locked(gpu);
	pthread_mutex_unlock(&gpu->lock);
}

int gpu_reset_after(struct gpu_worker *worker, struct gpu_request *request,
	enum gpu_verdict verdict)
{
	struct gpu_device *gpu = worker->gpu;
	struct gem_context *context = request->context;

	if (verdict != GPU_CANCELLED) {
		gem_journal_add("GPU: a batch %s, its engine is reset",
			verdict == GPU_HUNG ? "hangs" : "faults");
		gpu_error_capture(worker, request, verdict == GPU_HUNG);
		atomic_fetch_add(&gpu->reset_count, 1);
		note_others(gpu, context);
		if (gem_context_note_reset(context, true, gpu_now_ns()))
			gpu_schedule_cancel(gpu, false);
	}
	gpu_worker_reset_engine(worker);
	return -EIO;
}

/* ---- on demand ---- */

void gpu_device_hang(struct gpu_device *gpu, enum gpu_class class)
{
	atomic_store(&gpu->hang[class], true);
}

void gpu_device_blame(struct gpu_device *gpu)
{
	pthread_mutex_lock(&gpu->lock);
	for (unsigned i = 0; i < gpu->worker_count; i++)
		if (gpu->workers[i].request)
			atomic_store(&gpu->workers[i].blame, true);
	pthread_mutex_unlock(&gpu->lock);
}

void gpu_device_reset(struct gpu_device *gpu)
{
	gem_journal_add("GPU: reset on demand");
	atomic_fetch_add(&gpu->reset_count, 1);
	pthread_mutex_lock(&gpu->lock);
	gpu->note++;
	note_running_locked(gpu);
	/* Each worker resets its own engine: now if it runs, else before its next request. */
	for (unsigned i = 0; i < gpu->worker_count; i++)
		atomic_store(&gpu->workers[i].reset, true);
	pthread_mutex_unlock(&gpu->lock);
}

bool gpu_device_wedged(const struct gpu_device *gpu)
{
	return gpu->wedged;
}

unsigned gpu_device_reset_count(const struct gpu_device *gpu)
{
	return gpu->reset_count;
}

void gpu_device_wedge(struct gpu_device *gpu)
{
	gem_journal_add("GPU: wedged");
	pthread_mutex_lock(&gpu->lock);
	gpu->wedged = true;
	pthread_mutex_unlock(&gpu->lock);
	gpu_schedule_cancel(gpu, true);
}

void gpu_device_unwedge(struct gpu_device *gpu)
{
	gem_journal_add("GPU: no longer wedged");
	pthread_mutex_lock(&gpu->lock);
	gpu->wedged = false;
	pthread_mutex_unlock(&gpu->lock);
}
