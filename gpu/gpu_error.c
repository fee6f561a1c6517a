#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "gem_context.h"
#include "gem_vm.h"
#include "gpu_error.h"
#include "gpu_worker.h"

enum {
	BEFORE = 1024, AFTER = 32, /* dwords of the batch on both sides of ACTHD */
	RANGES_MAX = 512,        /* that are listed */
	NS_PER_S = 1000000000, NS_PER_MS = 1000000,
};

static const char *const fault_names[] = {
	[GPU_FAULT_NONE] = "none", [GPU_FAULT_OPCODE] = "OPCODE", [GPU_FAULT_LENGTH] = "LENGTH",
	[GPU_FAULT_FIELD] = "FIELD", [GPU_FAULT_UNMAPPED] = "UNMAPPED",
	[GPU_FAULT_PRIVILEGED] = "PRIVILEGED", [GPU_FAULT_RING] = "RING",
	[GPU_FAULT_MEMORY] = "MEMORY",
};

static void print_time(FILE *out)
{
	struct timespec now;
	struct tm parts;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts);
	fprintf(out, "Time: %s.%03ld UTC\n", text, now.tv_nsec / NS_PER_MS);
	clock_gettime(CLOCK_MONOTONIC, &now);
	fprintf(out, "Boottime: %lld.%06ld\n", (long long)now.tv_sec, now.tv_nsec / 1000);
}

static void print_cause(FILE *out, const struct gpu_worker *worker,
	const struct gpu_request *request, bool hung)
{
	uint32_t code = gpu_worker_reg(worker, GPU_REG_IPEIR);
	int64_t ran = gpu_now_ns() - request->start_ns;

	fprintf(out, "GPU HANG: ecode 3:%u:%08x, in context %u [%s]\n", worker->class,
		hung ? gpu_worker_reg(worker, GPU_REG_ACTHD) :
			gpu_worker_reg(worker, GPU_REG_IPEHR), request->context->id, worker->name);
	print_time(out);
	if (hung)
		fprintf(out, "Cause: hang, ran for %lld ms\n", (long long)(ran / NS_PER_MS));
	else
		fprintf(out, "Cause: fault %s\n", code < GEM_ARRAY_SIZE(fault_names) ?
			fault_names[code] : "?");
}

static void print_engine(FILE *out, const struct gpu_worker *worker,
	const struct gpu_request *request)
{
	fprintf(out, "%s command stream:\n", worker->name);
	for (unsigned i = 0; i < GPU_REG_COUNT; i++)
		fprintf(out, "  %s: 0x%08x\n", gpu_reg_infos[i].name, gpu_worker_reg(worker, i));
	fprintf(out, "  seqno: 0x%08x\n  completed: 0x%08x\n", request->seqno, worker->completed);
	fprintf(out, "  batch: 0x%08" PRIx64 "\n  replays: %u\n", request->batch,
		request->replays);
}

static void print_context(FILE *out, struct gpu_request *request)
{
	const struct gem_context *context = request->context;

	fprintf(out, "Active context: id %u, space %" PRIu64 "%s, prio %d, guilty %u active %u\n",
		context->id, context->vm->id, context->vm->global ? " (global)" : "",
		request->priority, context->guilty_count, context->active_count);
	fprintf(out, "Active request: timeline %" PRIu64 " seqno %" PRIu64 "\n",
		request->fence.context, request->fence.seqno);
}

static void print_ranges(FILE *out, const struct gpu_request *request)
{
	fprintf(out, "Active (%s) [%u]:\n", request->context->vm->global ? "GTT" : "PPGTT",
		request->range_count);
	for (unsigned i = 0; i < request->range_count && i < RANGES_MAX; i++) {
		const struct gpu_range *range = &request->ranges[i];

		fprintf(out, "  %08x_%08x %8" PRIu64 " %s", (unsigned)(range->start >> 32),
			(unsigned)range->start, range->size, range->write ? "W" : "R");
		if (range->window.size)
			fprintf(out, " %s stride %u",
				range->window.tiling == GEM_TILING_X ? "X" : "Y",
				range->window.stride);
		fputc('\n', out);
	}
}

/*
 * From its start, if that is near: intel_error_decode takes it apart from the first
 * dword on. The memory is a client's, and may change or go (it reads as zero then)
 * meanwhile.
 */
static void print_batch(FILE *out, const struct gpu_worker *worker, struct gpu_request *request)
{
	uint32_t at = gpu_worker_reg(worker, GPU_REG_ACTHD) & ~3u;
	uint64_t from = request->batch;

	if (at < from || at - from > BEFORE * 4)
		from = at > BEFORE * 4 ? at - BEFORE * 4 : 0;
	while (from < at && !request->bus.translate(&request->bus, from, 4, false))
		from += 4;
	fprintf(out, "%s --- gtt_offset = 0x%08x %08x\n", worker->name, (unsigned)(from >> 32),
		(unsigned)from);
	for (uint64_t address = from; address < (uint64_t)at + AFTER * 4; address += 4) {
		const uint32_t *dword = request->bus.translate(&request->bus, address, 4, false);

		if (!dword)
			break;
		fprintf(out, "%08x :  %08x\n", (unsigned)(address - from),
			__atomic_load_n(dword, __ATOMIC_RELAXED));
	}
}

bool gpu_device_has_error(struct gpu_device *gpu)
{
	pthread_mutex_lock(&gpu->error_lock);
	bool there = gpu->error;
	pthread_mutex_unlock(&gpu->error_lock);
	return there;
}

void gpu_error_capture(struct gpu_worker *worker, struct gpu_request *request, bool hung)
{
	struct gpu_device *gpu = worker->gpu;
	char *text = NULL;
	size_t size;

	if (request->context->no_error_capture || gpu_device_has_error(gpu))
		return;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return;
	print_cause(out, worker, request, hung);
	print_engine(out, worker, request);
	print_context(out, request);
	print_ranges(out, request);
	print_batch(out, worker, request);
	if (fclose(out) != 0) {
		free(text);
		return;
	}
	pthread_mutex_lock(&gpu->error_lock);
	if (!gpu->error) {
		gpu->error = text;
		text = NULL;
	}
	pthread_mutex_unlock(&gpu->error_lock);
	free(text);
}

int gpu_device_print_error(struct gpu_device *gpu, FILE *out)
{
	pthread_mutex_lock(&gpu->error_lock);
	int ret = fputs(gpu->error ? gpu->error : "No error state collected\n", out);
	pthread_mutex_unlock(&gpu->error_lock);
	return ret < 0 ? -EIO : 0;
}

void gpu_device_clear_error(struct gpu_device *gpu)
{
	pthread_mutex_lock(&gpu->error_lock);
	free(gpu->error);
	gpu->error = NULL;
	pthread_mutex_unlock(&gpu->error_lock);
}
