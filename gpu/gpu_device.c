#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gem_context.h"
#include "gem_lock.h"
#include "gpu_schedule.h"
#include "gpu_worker.h"

enum { NS_PER_S = 1000000000, NS_PER_US = 1000 };

int64_t gpu_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * (int64_t)NS_PER_S + now.tv_nsec;
}

static unsigned core_count(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count > 0 ? count : 1;
}

static void init_locks(struct gpu_device *gpu)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&gpu->off_lock, NULL);
	gem_lock_init(&gpu->lock);
	pthread_mutex_init(&gpu->error_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&gpu->all_retired, &attr);
	pthread_cond_init(&gpu->room, &attr);
	pthread_cond_init(&gpu->patience.wake, &attr);
	pthread_condattr_destroy(&attr);
	gem_list_init(&gpu->waiting);
	gem_list_init(&gpu->cancelling);
	gem_list_init(&gpu->cancelled);
	for (unsigned i = 0; i < GPU_CLASS_COUNT; i++) {
		gem_list_init(&gpu->classes[i].ready);
		gpu->classes[i].best = INT_MIN;
		gem_list_init(&gpu->classes[i].idle);
	}
}

/* Render engines first; one that copies. */
static int start_workers(struct gpu_device *gpu)
{
	unsigned threads = gpu->worker_count / 2;
	int ret = 0;

	for (unsigned i = 0; i < threads && ret == 0; i++) {
		enum gpu_class class = i + 1 == threads ? GPU_CLASS_COPY : GPU_CLASS_RENDER;
		unsigned index = class == GPU_CLASS_COPY ? 0 : i;

		ret = gpu_worker_init(&gpu->workers[threads + i], gpu, class, index, NULL);
		if (ret == 0)
			ret = gpu_worker_init(&gpu->workers[i], gpu, class, index,
				&gpu->workers[threads + i]);
	}
	return ret;
}

static void free_device(struct gpu_device *gpu)
{
	/* Who signalled the last fence may still be on its way out, with a worker. */
	while (atomic_load(&gpu->entered))
		sched_yield();
	gpu_schedule_exit(gpu);
	gpu_patience_finish(gpu);
	for (unsigned i = 0; i < gpu->worker_count; i++)
		gpu_worker_finish(&gpu->workers[i]);
	gem_pool_destroy(gpu->pool);
	pthread_cond_destroy(&gpu->patience.wake);
	pthread_cond_destroy(&gpu->room);
	pthread_cond_destroy(&gpu->all_retired);
	pthread_mutex_destroy(&gpu->error_lock);
	pthread_mutex_destroy(&gpu->lock);
	pthread_mutex_destroy(&gpu->off_lock);
	free(gpu->workers);
	free(gpu->error);
	free(gpu);
}

int gpu_device_create(struct gem_device *gem, const struct gpu_options *options,
	struct gpu_device **out)
{
	const struct gpu_options defaults = {0};
	unsigned cores = core_count(), engines, helpers;
	struct gpu_device *gpu;

	options = options ? options : &defaults;
	engines = options->render_engines ? options->render_engines :
		cores < GPU_RENDER_ENGINES_MAX ? cores : GPU_RENDER_ENGINES_MAX;
	helpers = options->tile_threads ? options->tile_threads :
		cores - 1 < GEM_POOL_MAX ? cores - 1 : GEM_POOL_MAX;
	if (helpers == GPU_TILE_THREADS_NONE)
		helpers = 0;
	if (engines > GPU_RENDER_ENGINES_MAX || helpers > GEM_POOL_MAX)
		return -EINVAL;
	gpu = calloc(1, sizeof(*gpu));
	if (!gpu)
		return -ENOMEM;
	init_locks(gpu);
	gpu->gem = gem;
	gpu->hang_ms = options->hang_ms ? options->hang_ms : GPU_HANG_MS;
	gpu->fence_ms = options->fence_ms ? options->fence_ms : GPU_FENCE_MS;
	gpu->workers = calloc((engines + 1) * 2, sizeof(*gpu->workers));
	gpu->worker_count = gpu->workers ? (engines + 1) * 2 : 0;
	int ret = gpu->workers ? gem_pool_create(helpers, "gpu-tiles", &gpu->pool) : -ENOMEM;
	if (ret == 0)
		ret = start_workers(gpu);
	if (ret == 0)
		ret = gpu_patience_init(gpu);
	if (ret) {
		free_device(gpu);
		return ret;
	}
	*out = gpu;
	return 0;
}

void gpu_device_destroy(struct gpu_device *gpu)
{
	if (!gpu)
		return;
	pthread_mutex_lock(&gpu->lock);
	gpu->stopping = true;
	pthread_mutex_unlock(&gpu->lock);
	gpu_schedule_cancel(gpu, true);
	gpu_device_wait_idle(gpu, -1);
	free_device(gpu);
}

bool gpu_device_sleep_locked(struct gpu_device *gpu, pthread_cond_t *cond, int64_t deadline)
{
	struct timespec end = {deadline / NS_PER_S, deadline % NS_PER_S};

	if (deadline == INT64_MAX)
		return pthread_cond_wait(cond, &gpu->lock) == 0;
	return pthread_cond_timedwait(cond, &gpu->lock, &end) == 0;
}

int gpu_device_wait_idle(struct gpu_device *gpu, int64_t timeout_ns)
{
	int64_t now = gpu_now_ns();
	int64_t deadline = timeout_ns < 0 || timeout_ns > INT64_MAX - now ? INT64_MAX :
		now + timeout_ns;

	pthread_mutex_lock(&gpu->lock);
	while (gpu->pending && gpu_device_sleep_locked(gpu, &gpu->all_retired, deadline))
		continue;
	int ret = gpu->pending ? -ETIME : 0;
	pthread_mutex_unlock(&gpu->lock);
	return ret;
}

/* ---- i915_engine_info ---- */

/* What a worker was at one moment, taken under the lock, printed without. */
struct snapshot {
	const struct gpu_worker *worker;
	uint64_t executed;
	bool running;
	uint32_t context;
	uint64_t timeline, seqno, batch;
	int priority;
	int64_t submit_ns;
};

static void snapshot_locked(const struct gpu_worker *worker, struct snapshot *snapshot)
{
	const struct gpu_request *request = worker->request;

	*snapshot = (struct snapshot){.worker = worker, .executed = worker->executed};
	if (!request)
		return;
	snapshot->running = true;
	snapshot->context = request->context->id;
	snapshot->timeline = request->fence.context;
	snapshot->seqno = request->fence.seqno;
	snapshot->batch = request->batch;
	snapshot->priority = request->priority;
	snapshot->submit_ns = request->submit_ns;
}

static void print_snapshot(FILE *out, const struct snapshot *snapshot)
{
	static const enum gpu_reg regs[] = {GPU_REG_START, GPU_REG_HEAD, GPU_REG_TAIL, GPU_REG_CTL,
		GPU_REG_ACTHD, GPU_REG_INSTDONE, GPU_REG_IPEIR, GPU_REG_IPEHR, GPU_REG_EIR};
	const struct gpu_worker *worker = snapshot->worker;

	fprintf(out, "%s\n\tRequests: %" PRIu64 "\n", worker->name, snapshot->executed);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(regs); i++)
		fprintf(out, "\t%s: 0x%08x\n", gpu_reg_infos[regs[i]].name,
			gpu_worker_reg(worker, regs[i]));
	if (!snapshot->running) {
		fprintf(out, "\tIDLE\n");
		return;
	}
	fprintf(out, "\tActive %" PRIu64 ":%" PRIu64 " context %u prio %d batch 0x%08" PRIx64
		" @ %lld us\n", snapshot->timeline, snapshot->seqno, snapshot->context,
		snapshot->priority, snapshot->batch,
		(long long)((gpu_now_ns() - snapshot->submit_ns) / NS_PER_US));
}

static unsigned length_locked(const struct gem_list *list)
{
	unsigned count = 0;

	for (const struct gem_list *at = list->next; at != list; at = at->next)
		count++;
	return count;
}

int gpu_device_print_engines(struct gpu_device *gpu, FILE *out)
{
	struct snapshot snapshots[(GPU_RENDER_ENGINES_MAX + 1) * 2];
	unsigned ready[GPU_CLASS_COUNT], waiting, pending;

	pthread_mutex_lock(&gpu->lock);
	for (unsigned i = 0; i < gpu->worker_count; i++)
		snapshot_locked(&gpu->workers[i], &snapshots[i]);
	for (unsigned i = 0; i < GPU_CLASS_COUNT; i++)
		ready[i] = gpu->classes[i].ready_count;
	waiting = length_locked(&gpu->waiting);
	pending = gpu->pending;
	pthread_mutex_unlock(&gpu->lock);

	fprintf(out, "GT awake? %s [%u]\nWedged? %s\nGlobal reset count: %u\nHang timeout: %u ms\n",
		pending ? "yes" : "no", pending, gpu->wedged ? "yes" : "no",
		gpu_device_reset_count(gpu), gpu->hang_ms);
	fprintf(out, "Ready: render %u, copy %u; waiting for fences: %u\n",
		ready[GPU_CLASS_RENDER], ready[GPU_CLASS_COPY], waiting);
	for (unsigned i = 0; i < gpu->worker_count; i++)
		if (snapshots[i].worker->second || snapshots[i].executed || snapshots[i].running)
			print_snapshot(out, &snapshots[i]);
	return ferror(out) ? -EIO : 0;
}
