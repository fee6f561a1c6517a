#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gem_memory.h"
#include "gpu_rig.h"
#include "test.h"

enum { BATCH_SIZE = 4096, RANGE_STEP = 0x100000 };

void gpu_rig_init(struct gpu_rig *rig, const struct gpu_options *options)
{
	CHECK_INT(gem_device_init(&rig->dev, NULL), 0);
	CHECK_INT(gem_file_init(&rig->file, &rig->dev), 0);
	CHECK_INT(gpu_device_create(&rig->dev, options, &rig->gpu), 0);
}

void gpu_rig_finish(struct gpu_rig *rig)
{
	gem_file_finish(&rig->file);
	gpu_device_destroy(rig->gpu);
	CHECK_INT(rig->dev.object_count, 0);
	gem_device_finish(&rig->dev);
}

void gpu_rig_context_init(struct gpu_rig *rig, struct gpu_rig_context *context)
{
	uint32_t id;

	*context = (struct gpu_rig_context){0};
	CHECK_INT(gem_context_create(&rig->file, &id), 0);
	CHECK_INT(gem_context_lookup(&rig->file, id, &context->context), 0);
	for (unsigned i = 0; i < GPU_CLASS_COUNT; i++)
		context->classes[i].timeline = gem_fence_context_alloc();
}

void gpu_rig_context_finish(struct gpu_rig_context *context)
{
	for (unsigned i = 0; i < GPU_CLASS_COUNT; i++)
		gem_fence_put(context->classes[i].last);
	gem_context_put(context->context);
}

struct gem_object *gpu_rig_object(struct gpu_rig *rig, uint64_t size, void **pages)
{
	struct gem_object *obj;

	CHECK_INT(gem_object_create(&rig->dev, size, GEM_REGION_SYSTEM, &obj), 0);
	CHECK_INT(gem_object_pin_pages(obj, pages), 0);
	return obj;
}

void gpu_rig_object_put(struct gem_object *obj)
{
	gem_object_unpin_pages(obj);
	gem_object_put(obj);
}

void gpu_rig_job_init(struct gpu_rig *rig, struct gpu_rig_job *job,
	struct gpu_rig_context *context, enum gpu_class class, struct gem_object **objects)
{
	unsigned count = 0;

	while (objects && objects[count])
		count++;
	*job = (struct gpu_rig_job){.context = context};
	CHECK_INT(gpu_request_create(rig->gpu, context->context, class, count + 1, &job->request), 0);
	job->request->batch = RIG_BATCH_AT;
	/* The last one first: prepare has to sort. */
	for (unsigned i = 0; i <= count; i++) {
		struct gpu_range *range = &job->request->ranges[count - i];
		void *pages;

		if (i)
			range->obj = gem_object_get(objects[i - 1]);
		else
			CHECK_INT(gem_object_create(&rig->dev, BATCH_SIZE, GEM_REGION_SYSTEM,
				&range->obj), 0);
		range->start = RIG_BATCH_AT + i * RANGE_STEP;
		range->size = range->obj->size;
		range->write = true;
		CHECK_INT(gem_object_pin_pages(range->obj, &pages), 0);
		range->pages = pages;
		if (i == 0)
			job->batch = pages;
	}
}

void gpu_rig_emit(struct gpu_rig_job *job, const uint32_t *dwords, unsigned count)
{
	CHECK((job->emitted + count) * 4 <= BATCH_SIZE);
	memcpy(job->batch + job->emitted, dwords, count * 4);
	job->emitted += count;
}

void gpu_rig_emit_endless(struct gpu_rig_job *job)
{
	RIG_EMIT(job, GPU_MI_BATCH_BUFFER_START, RIG_BATCH_AT + job->emitted * 4);
}

void gpu_rig_job_wait_for(struct gpu_rig_job *job, struct gem_fence *fence)
{
	CHECK_INT(gem_fence_set_add(&job->request->waits, fence), 0);
}

struct gem_fence *gpu_rig_submit(struct gpu_rig_job *job)
{
	struct gpu_request *request = job->request;
	struct gem_fence **last = &job->context->classes[request->class].last;
	uint64_t *seqno = &job->context->classes[request->class].seqno;

	RIG_EMIT(job, GPU_MI_BATCH_BUFFER_END);
	CHECK_INT(gpu_request_prepare(request), 0);
	gpu_request_init_fence(request, job->context->classes[request->class].timeline, ++*seqno);
	if (*last)
		gpu_rig_job_wait_for(job, *last);
	gem_fence_put(*last);
	*last = gem_fence_get(&request->fence);
	gpu_request_submit(request);
	return &request->fence;
}

int gpu_rig_wait(struct gem_fence *fence)
{
	CHECK_INT(gem_fence_wait(fence, 20000000000ll, NULL), 0);
	int status = gem_fence_status(fence);
	gem_fence_put(fence);
	return status;
}

struct gem_fence *gpu_rig_store(struct gpu_rig *rig, struct gpu_rig_context *context,
	enum gpu_class class, struct gem_object *obj, uint32_t offset, uint32_t value)
{
	struct gpu_rig_job job;

	gpu_rig_job_init(rig, &job, context, class, (struct gem_object *[]){obj, NULL});
	RIG_EMIT(&job, GPU_MI_STORE_DWORD_IMM, RIG_DATA_AT + offset, value);
	return gpu_rig_submit(&job);
}

struct gem_fence *gpu_rig_endless(struct gpu_rig *rig, struct gpu_rig_context *context,
	enum gpu_class class)
{
	struct gpu_rig_job job;

	gpu_rig_job_init(rig, &job, context, class, NULL);
	gpu_rig_emit_endless(&job);
	return gpu_rig_submit(&job);
}

static unsigned running(struct gpu_rig *rig)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	unsigned count = 0;

	CHECK_INT(gpu_device_print_engines(rig->gpu, out), 0);
	fclose(out);
	for (const char *at = text; (at = strstr(at, "Active")); at++)
		count++;
	free(text);
	return count;
}

void gpu_rig_wait_running(struct gpu_rig *rig, unsigned count)
{
	for (unsigned i = 0; i < 20000 && running(rig) < count; i++)
		usleep(1000);
	CHECK(running(rig) >= count);
}
