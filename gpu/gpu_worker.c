#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gem_context.h"
#include "gem_thread.h"
#include "gem_trace.h"
#include "gpu_packet.h"
#include "gpu_reset.h"
#include "gpu_schedule.h"
#include "gpu_worker.h"

enum {
	/* Dwords of what a request puts into the ring; the ring's end is never inside of one. */
	BLOCK = 8,
	/*
	 * Units of work (gpu_engine_run) between two looks at what may have come
	 * up: a few thousand a second for most batches.
	 */
	BUDGET = 16384,
	HANG_PARTS = 16, /* the fewest that a batch has which hangs */
	/*
	 * Likewise of what is short: 1 MiB to be drawn, for which no helper would be
	 * woken either. Most take less than the thread would to wake and say so.
	 */
	SHORT = 16384,
	NS_PER_MS = 1000000,
};
static const char *const class_names[] = {"render", "copy"};

_Static_assert(GPU_RING_SIZE % (BLOCK * 4) == 0, "blocks go round the ring whole");

uint32_t gpu_worker_reg(const struct gpu_worker *worker, enum gpu_reg reg)
{
	return gpu_engine_read(worker->engine, gpu_reg_infos[reg].offset);
}

static void set_reg(struct gpu_worker *worker, enum gpu_reg reg, uint32_t value)
{
	gpu_engine_write(worker->engine, gpu_reg_infos[reg].offset, value);
}

void gpu_worker_reset_engine(struct gpu_worker *worker)
{
	gpu_engine_reset(worker->engine);
	/* The error registers outlive a reset: nobody shall take them for the next error's. */
	set_reg(worker, GPU_REG_EIR, UINT32_MAX);
	set_reg(worker, GPU_REG_IIR, UINT32_MAX);
	set_reg(worker, GPU_REG_HWS_PGA, GPU_STATUS_AT);
	set_reg(worker, GPU_REG_START, GPU_RING_AT);
	set_reg(worker, GPU_REG_HEAD, 0);
	set_reg(worker, GPU_REG_TAIL, 0);
	set_reg(worker, GPU_REG_IMR, ~(GPU_INT_USER | GPU_INT_ERROR));
	set_reg(worker, GPU_REG_CTL, GPU_CTL_SIZE(GPU_RING_SIZE) | GPU_CTL_ENABLE);
}

/* Ring and status page: all that is in the engine's global space. */
static void *translate(const struct gpu_bus *bus, uint64_t address, uint64_t length, bool write)
{
	struct gpu_worker *worker = gem_container_of(bus, struct gpu_worker, global);
	const uint64_t size = GPU_RING_SIZE + GPU_STATUS_SIZE;

	(void)write;
	if (address < GPU_RING_AT || address - GPU_RING_AT >= size ||
		length > size - (address - GPU_RING_AT))
		return NULL;
	return (uint8_t *)worker->memory + (address - GPU_RING_AT);
}

/* Inside of gpu_engine_run. */
static void interrupt(struct gpu_engine *engine, uint32_t bits)
{
	struct gpu_worker *worker = gem_container_of(engine->global, struct gpu_worker, global);

	if (bits & GPU_INT_USER)
		worker->completed = __atomic_load_n(worker->memory +
			(GPU_RING_SIZE + GPU_STATUS_SEQNO) / 4, __ATOMIC_ACQUIRE);
	set_reg(worker, GPU_REG_IIR, bits);
}

/* The batch, then the breadcrumb that tells that it is done. */
static void emit(struct gpu_worker *worker, struct gpu_request *request)
{
	uint32_t tail = gpu_worker_reg(worker, GPU_REG_TAIL);
	const uint32_t block[BLOCK] = {
		GPU_MI_BATCH_BUFFER_START, (uint32_t)request->batch | GPU_MI_BATCH_NON_SECURE,
		GPU_MI_FLUSH,
		GPU_MI_STORE_DWORD_INDEX, GPU_STATUS_SEQNO, ++worker->seqno,
		GPU_MI_USER_INTERRUPT,
		GPU_MI_NOOP,
	};

	request->seqno = worker->seqno;
	memcpy((uint8_t *)worker->memory + tail, block, sizeof(block));
	gpu_engine_set_space(worker->engine, &request->bus);
	set_reg(worker, GPU_REG_TAIL, (tail + sizeof(block)) % GPU_RING_SIZE);
}

/* A hang that was asked for: the batch has begun when it is caught. */
static enum gpu_verdict run_to_hang(struct gpu_worker *worker)
{
	/* The batch's start; what follows has a budget of its own. */
	gpu_engine_run(worker->engine, 1);
	return gpu_engine_run(worker->engine, 1) == GPU_RUN_FAULT ? GPU_FAULTED : GPU_HUNG;
}

static bool is_to_hang(struct gpu_worker *worker)
{
	atomic_bool *next = &worker->gpu->hang[worker->class];

	return atomic_load(&worker->blame) || (atomic_load(next) && atomic_exchange(next, false));
}

static int execute(struct gpu_worker *worker, struct gpu_request *request);

/* Turns to one request that cannot wait for this one's end. */
static void serve_better(struct gpu_worker *worker, const struct gpu_request *request)
{
	struct gpu_worker *second = worker->second;
	struct gpu_request *better = second ?
		gpu_schedule_take_better(second, request->priority) : NULL;

	if (better)
		gpu_schedule_finish(second, better, execute(second, better));
}

/*
 * How long a part of a batch took, of which it takes thousands to hang. One that took a good part
 * of that time stood still with the thread, on a machine that stalls: no batch's fault.
 */
static int64_t part_ns(const struct gpu_device *gpu, int64_t begin)
{
	int64_t took = gpu_now_ns() - begin, most = (int64_t)gpu->hang_ms * NS_PER_MS / HANG_PARTS;

	return took < most ? took : most;
}

static enum gpu_verdict run(struct gpu_worker *worker, struct gpu_request *request)
{
	struct gpu_device *gpu = worker->gpu;
	int64_t left = (int64_t)gpu->hang_ms * NS_PER_MS, begin = request->start_ns;

	for (;;) {
		if (atomic_load(&request->cancelled))
			return GPU_CANCELLED;
		if (atomic_load(&worker->reset))
			return GPU_INTERRUPTED;
		if (is_to_hang(worker))
			return run_to_hang(worker);
		switch (gpu_engine_run(worker->engine, BUDGET)) {
		case GPU_RUN_IDLE:
			return worker->completed == request->seqno ? GPU_DONE : GPU_FAULTED;
		case GPU_RUN_FAULT:
			return GPU_FAULTED;
		case GPU_RUN_MORE:
			left -= part_ns(gpu, begin);
			if (left <= 0)
				return GPU_HUNG;
			serve_better(worker, request);
			begin = gpu_now_ns();
		}
	}
}

/* Before its fence is signalled: who waits for that finds it in the trace. */
static int traced(const struct gpu_worker *worker, const struct gpu_request *request, int result)
{
	gem_trace_add(&(struct gem_trace_event){
		.kind = GEM_TRACE_JOB,
		.card = worker->gpu->gem->card,
		.index = worker->index,
		.pid = request->client,
		.result = result,
		.begin_ns = request->start_ns,
		.end_ns = gpu_now_ns(),
		.a = request->fence.context,
		.b = request->fence.seqno,
		.fence = gem_trace_fence(request->fence.context, request->fence.seqno),
		.name = class_names[worker->class],
	});
	return result;
}

static void begin(struct gpu_worker *worker, struct gpu_request *request, int64_t now)
{
	emit(worker, request);
	request->start_ns = now;
	worker->begun = true;
}

static bool is_cancelled(const struct gpu_request *request)
{
	return atomic_load(&request->cancelled) || gem_context_is_banned(request->context);
}

static int execute(struct gpu_worker *worker, struct gpu_request *request)
{
	enum gpu_verdict verdict;

	do {
		if (!worker->begun) {
			if (atomic_exchange(&worker->reset, false))
				gpu_worker_reset_engine(worker);
			if (is_cancelled(request))
				return -EIO;
			begin(worker, request, gpu_now_ns());
		}
		worker->begun = false;
		verdict = run(worker, request);
		if (verdict == GPU_INTERRUPTED)
			request->replays++;
	} while (verdict == GPU_INTERRUPTED);
	return traced(worker, request, verdict == GPU_DONE ? 0 :
		gpu_reset_after(worker, request, verdict));
}

/* Whatever does not go as it should is left to the thread, which finds it so. */
static bool execute_short(struct gpu_worker *worker, struct gpu_request *request, int64_t now)
{
	if (is_cancelled(request) || atomic_load(&worker->reset) || atomic_load(&worker->blame) ||
		atomic_load(&worker->gpu->hang[worker->class]))
		return false;
	begin(worker, request, now);
	if (gpu_engine_try(worker->engine, SHORT) != GPU_RUN_IDLE ||
		worker->completed != request->seqno)
		return false;
	worker->begun = false;
	return true;
}

void gpu_worker_start(struct gpu_worker *worker, int64_t now)
{
	struct gpu_request *request = worker->request;
	/* A thread that looks out for work does not need to be woken. */
	bool looks_out = atomic_load(&worker->gpu->classes[worker->class].watched);

	if (!looks_out && execute_short(worker, request, now)) {
		gpu_schedule_finish(worker, request, traced(worker, request, 0));
		if (gpu_schedule_rest(worker))
			return;
	}
	gpu_rest_wake(&worker->rest, now);
}

static void *work(void *data)
{
	struct gpu_worker *worker = data;
	struct gpu_request *request;

	while ((request = gpu_schedule_take(worker)))
		gpu_schedule_finish(worker, request, execute(worker, request));
	return NULL;
}

static int start(struct gpu_worker *worker)
{
	int ret = gem_thread_start(&worker->thread, NULL, work, worker);

	if (ret)
		return ret;
	worker->started = true;
	pthread_setname_np(worker->thread, worker->name);
	return 0;
}

int gpu_worker_init(struct gpu_worker *worker, struct gpu_device *gpu, enum gpu_class class,
	unsigned index, struct gpu_worker *second)
{
	worker->gpu = gpu;
	worker->class = class;
	worker->index = index;
	worker->second = second;
	snprintf(worker->name, sizeof(worker->name), "%s%u%s", class_names[class], index,
		second ? "" : "+");
	worker->global = (struct gpu_bus){translate, NULL};
	gem_list_init(&worker->link);
	gpu_rest_init(&worker->rest);
	worker->memory = calloc(1, GPU_RING_SIZE + GPU_STATUS_SIZE);
	if (!worker->memory)
		return -ENOMEM;
	int ret = gpu_engine_create(class == GPU_CLASS_RENDER ? GPU_ENGINE_RENDER : GPU_ENGINE_BLT,
		&worker->global, &worker->engine);
	if (ret)
		return ret;
	worker->engine->interrupt = interrupt;
	worker->engine->pool = gpu->pool;
	gpu_worker_reset_engine(worker);
	return second ? start(worker) : 0;
}

void gpu_worker_finish(struct gpu_worker *worker)
{
	if (worker->started)
		pthread_join(worker->thread, NULL);
	if (worker->gpu)
		gpu_rest_finish(&worker->rest);
	gpu_engine_destroy(worker->engine);
	free(worker->memory);
}
