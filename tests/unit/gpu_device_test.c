/* The scheduler: order, priorities, engines side by side, what is left at the end. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gem_pool.h"
#include "gem_trace.h"
#include "gpu_rig.h"
#include "test.h"

/* Nothing hangs unless it is told to, however long it stands still. */
static const struct gpu_options one_engine = {.render_engines = 1, .tile_threads = 1,
	.hang_ms = GPU_HANG_MS_MAX};
static const struct gpu_options two_engines = {.render_engines = 2, .tile_threads = 1,
	.hang_ms = GPU_HANG_MS_MAX};

TEST(store)
{
	struct gpu_rig rig;
	struct gpu_rig_context context;
	uint32_t *data;

	gpu_rig_init(&rig, NULL);
	gpu_rig_context_init(&rig, &context);
	struct gem_object *obj = gpu_rig_object(&rig, 8192, (void **)&data);
	CHECK_INT(gpu_rig_wait(gpu_rig_store(&rig, &context, GPU_CLASS_RENDER, obj, 4, 0xcafe)), 1);
	CHECK_INT(data[1], 0xcafe);
	CHECK_INT(gpu_rig_wait(gpu_rig_store(&rig, &context, GPU_CLASS_COPY, obj, 8188, 7)), 1);
	CHECK_INT(data[2047], 7);
	CHECK_INT(gpu_device_wait_idle(rig.gpu, -1), 0);
	CHECK_INT(gpu_device_wait_idle(rig.gpu, 0), 0);
	gpu_rig_object_put(obj);
	gpu_rig_context_finish(&context);
	gpu_rig_finish(&rig);
}

/* A client's fence that never comes holds up its own request, and no other. */
TEST(waiting_holds_up_nobody)
{
	struct gpu_rig rig;
	struct gpu_rig_context a, b;
	struct gpu_rig_job job;
	struct gem_fence *gate, *first, *second;
	uint32_t *data;

	gpu_rig_init(&rig, &one_engine);
	gpu_rig_context_init(&rig, &a);
	gpu_rig_context_init(&rig, &b);
	struct gem_object *obj = gpu_rig_object(&rig, 4096, (void **)&data);
	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, GEM_FENCE_NO_ENGINE, &gate), 0);
	gpu_rig_job_init(&rig, &job, &a, GPU_CLASS_RENDER, (struct gem_object *[]){obj, NULL});
	gpu_rig_job_wait_for(&job, gate);
	RIG_EMIT(&job, GPU_MI_STORE_DWORD_IMM, RIG_DATA_AT, 1);
	first = gpu_rig_submit(&job);
	second = gpu_rig_store(&rig, &a, GPU_CLASS_RENDER, obj, 4, 2);
	CHECK_INT(gpu_rig_wait(gpu_rig_store(&rig, &b, GPU_CLASS_RENDER, obj, 8, 3)), 1);
	CHECK_INT(data[0], 0);
	CHECK_INT(data[1], 0);
	CHECK_INT(data[2], 3);
	CHECK(!gem_fence_signalled(first));
	CHECK(!gem_fence_signalled(second));
	CHECK_INT(gpu_device_wait_idle(rig.gpu, 0), -ETIME);
	CHECK_INT(gpu_device_wait_idle(rig.gpu, 1000000), -ETIME);
	gem_fence_signal(gate, -EINVAL); /* how it ended does not matter */
	CHECK_INT(gpu_rig_wait(second), 1);
	CHECK_INT(gem_fence_status(first), 1);
	CHECK_INT(data[0], 1);
	CHECK_INT(data[1], 2);
	gem_fence_put(first);
	gem_fence_put(gate);
	gpu_rig_object_put(obj);
	gpu_rig_context_finish(&a);
	gpu_rig_context_finish(&b);
	gpu_rig_finish(&rig);
}

/* One word, written by many in turn: the classes and contexts follow their fences. */
TEST(dependencies)
{
	enum { CONTEXTS = 4, ROUNDS = 200 };
	struct gpu_rig rig;
	struct gpu_rig_context contexts[CONTEXTS];
	struct gem_fence *last = NULL;
	uint32_t *data;

	gpu_rig_init(&rig, &two_engines);
	for (unsigned i = 0; i < CONTEXTS; i++)
		gpu_rig_context_init(&rig, &contexts[i]);
	struct gem_object *obj = gpu_rig_object(&rig, 4096, (void **)&data);
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		struct gpu_rig_job job;

		gpu_rig_job_init(&rig, &job, &contexts[i % CONTEXTS], i % 3 ? GPU_CLASS_RENDER :
			GPU_CLASS_COPY, (struct gem_object *[]){obj, NULL});
		if (last)
			gpu_rig_job_wait_for(&job, last);
		RIG_EMIT(&job, GPU_MI_STORE_DWORD_IMM, RIG_DATA_AT, i);
		gem_fence_put(last);
		last = gpu_rig_submit(&job);
	}
	CHECK_INT(gpu_rig_wait(last), 1);
	CHECK_INT(data[0], ROUNDS);
	gpu_rig_object_put(obj);
	for (unsigned i = 0; i < CONTEXTS; i++)
		gpu_rig_context_finish(&contexts[i]);
	gpu_rig_finish(&rig);
}

struct order {
	struct gem_fence_callback callback;
	unsigned *next, place;
};

static void note_order(struct gem_fence *fence, struct gem_fence_callback *callback)
{
	struct order *order = gem_container_of(callback, struct order, callback);

	(void)fence;
	order->place = (*order->next)++;
}

/* Behind one that keeps the only engine busy: by priority, then by age. */
TEST(priorities)
{
	enum { COUNT = 6 };
	static const int priorities[COUNT] = {0, -5, 100, 0, 100, 7};
	static const unsigned places[COUNT] = {3, 5, 0, 4, 1, 2};
	struct gpu_rig rig;
	struct gpu_rig_context busy, contexts[COUNT];
	struct gem_fence *endless, *fences[COUNT];
	struct order orders[COUNT];
	unsigned next = 0;

	gpu_rig_init(&rig, &one_engine);
	gpu_rig_context_init(&rig, &busy);
	busy.context->priority = GEM_PRIORITY_MAX; /* nobody goes between */
	endless = gpu_rig_endless(&rig, &busy, GPU_CLASS_RENDER);
	gpu_rig_wait_running(&rig, 1);
	for (unsigned i = 0; i < COUNT; i++) {
		struct gpu_rig_job job;

		gpu_rig_context_init(&rig, &contexts[i]);
		CHECK_INT(gem_context_set_param(contexts[i].context, GEM_CONTEXT_PRIORITY,
			(uint64_t)(int64_t)priorities[i], true), 0);
		gpu_rig_job_init(&rig, &job, &contexts[i], GPU_CLASS_RENDER, NULL);
		fences[i] = gpu_rig_submit(&job);
		orders[i] = (struct order){.next = &next, .place = COUNT};
		CHECK_INT(gem_fence_add_callback(fences[i], &orders[i].callback, note_order), 0);
	}
	gpu_device_hang(rig.gpu, GPU_CLASS_RENDER);
	CHECK_INT(gpu_rig_wait(endless), -EIO);
	CHECK_INT(gpu_device_wait_idle(rig.gpu, -1), 0);
	for (unsigned i = 0; i < COUNT; i++) {
		CHECK_INT(orders[i].place, places[i]);
		CHECK_INT(gpu_rig_wait(fences[i]), 1);
		gpu_rig_context_finish(&contexts[i]);
	}
	gpu_rig_context_finish(&busy);
	gpu_rig_finish(&rig);
}

/* A higher priority does not wait for a long batch's end; the same one does. */
TEST(higher_priority_goes_between)
{
	struct gpu_rig rig;
	struct gpu_rig_context busy, same, high, bad;
	struct gem_fence *endless, *waits;
	struct gpu_rig_job job;
	uint32_t *data;

	gpu_rig_init(&rig, &one_engine);
	gpu_rig_context_init(&rig, &busy);
	gpu_rig_context_init(&rig, &same);
	gpu_rig_context_init(&rig, &high);
	gpu_rig_context_init(&rig, &bad);
	high.context->priority = bad.context->priority = 1;
	struct gem_object *obj = gpu_rig_object(&rig, 4096, (void **)&data);
	endless = gpu_rig_endless(&rig, &busy, GPU_CLASS_RENDER);
	gpu_rig_wait_running(&rig, 1);
	waits = gpu_rig_store(&rig, &same, GPU_CLASS_RENDER, obj, 4, 1);
	for (uint32_t i = 1; i < 50; i++) {
		CHECK_INT(gpu_rig_wait(gpu_rig_store(&rig, &high, GPU_CLASS_RENDER, obj, 0, i)), 1);
		CHECK_INT(data[0], i);
	}
	/* What goes wrong there is not the interrupted one's fault. */
	gpu_rig_job_init(&rig, &job, &bad, GPU_CLASS_RENDER, NULL);
	RIG_EMIT(&job, 0x7a000000);
	CHECK_INT(gpu_rig_wait(gpu_rig_submit(&job)), -EIO);
	CHECK_INT(bad.context->guilty_count, 1);
	CHECK_INT(busy.context->guilty_count, 0);
	gpu_device_reset(rig.gpu);
	CHECK_INT(gpu_rig_wait(gpu_rig_store(&rig, &high, GPU_CLASS_RENDER, obj, 0, 99)), 1);
	CHECK(!gem_fence_signalled(endless));
	CHECK(!gem_fence_signalled(waits));
	CHECK_INT(data[1], 0);
	gpu_device_hang(rig.gpu, GPU_CLASS_RENDER);
	CHECK_INT(gpu_rig_wait(endless), -EIO);
	CHECK_INT(gpu_rig_wait(waits), 1);
	CHECK_INT(busy.context->guilty_count, 1);
	gpu_rig_object_put(obj);
	gpu_rig_context_finish(&busy);
	gpu_rig_context_finish(&same);
	gpu_rig_context_finish(&high);
	gpu_rig_context_finish(&bad);
	gpu_rig_finish(&rig);
}

/* Two endless ones on one engine, the later on top: the end of the device ends both. */
TEST(two_deep)
{
	struct gpu_rig rig;
	struct gpu_rig_context low, high;
	struct gem_fence *fences[2];

	gpu_rig_init(&rig, &one_engine);
	gpu_rig_context_init(&rig, &low);
	gpu_rig_context_init(&rig, &high);
	high.context->priority = 5;
	fences[0] = gpu_rig_endless(&rig, &low, GPU_CLASS_RENDER);
	gpu_rig_wait_running(&rig, 1);
	fences[1] = gpu_rig_endless(&rig, &high, GPU_CLASS_RENDER);
	gpu_rig_wait_running(&rig, 2);
	gpu_device_reset(rig.gpu);
	gpu_rig_wait_running(&rig, 2);
	gem_file_finish(&rig.file);
	gpu_device_destroy(rig.gpu);
	for (unsigned i = 0; i < 2; i++) {
		CHECK_INT(gem_fence_status(fences[i]), -EIO);
		gem_fence_put(fences[i]);
	}
	gpu_rig_context_finish(&low);
	gpu_rig_context_finish(&high);
	CHECK_INT(rig.dev.object_count, 0);
	gem_device_finish(&rig.dev);
}

/* One burns in an endless batch; the other engine, and the other class, go on. */
TEST(side_by_side)
{
	struct gpu_rig rig;
	struct gpu_rig_context a, b;
	struct gem_fence *endless;
	uint32_t *data;

	gpu_rig_init(&rig, &two_engines);
	gpu_rig_context_init(&rig, &a);
	gpu_rig_context_init(&rig, &b);
	struct gem_object *obj = gpu_rig_object(&rig, 4096, (void **)&data);
	endless = gpu_rig_endless(&rig, &a, GPU_CLASS_RENDER);
	gpu_rig_wait_running(&rig, 1);
	for (uint32_t i = 1; i < 100; i++) {
		CHECK_INT(gpu_rig_wait(gpu_rig_store(&rig, &b, GPU_CLASS_RENDER, obj, 0, i)), 1);
		CHECK_INT(gpu_rig_wait(gpu_rig_store(&rig, &a, GPU_CLASS_COPY, obj, 4, i)), 1);
		CHECK_INT(data[0], i);
		CHECK_INT(data[1], i);
	}
	CHECK(!gem_fence_signalled(endless));
	gpu_device_hang(rig.gpu, GPU_CLASS_RENDER);
	CHECK_INT(gpu_rig_wait(endless), -EIO);
	gpu_rig_object_put(obj);
	gpu_rig_context_finish(&a);
	gpu_rig_context_finish(&b);
	gpu_rig_finish(&rig);
}

/* Objects and contexts that only a request keeps go when it retires. */
TEST(retires)
{
	struct gpu_rig rig;
	struct gpu_rig_context context;
	struct gpu_rig_job job;
	struct gem_object *obj;
	struct gem_fence *fence;

	gpu_rig_init(&rig, &one_engine);
	gpu_rig_context_init(&rig, &context);
	CHECK_INT(gem_object_create(&rig.dev, 4096, GEM_REGION_SYSTEM, &obj), 0);
	gpu_rig_job_init(&rig, &job, &context, GPU_CLASS_RENDER, (struct gem_object *[]){obj, NULL});
	gem_object_put(obj);
	CHECK_INT(rig.dev.object_count, 2);
	fence = gpu_rig_submit(&job);
	CHECK_INT(gem_context_destroy(&rig.file, context.context->id), 0);
	CHECK_INT(gpu_device_wait_idle(rig.gpu, -1), 0);
	CHECK_INT(rig.dev.object_count, 0);
	CHECK_INT(context.context->refcount, 1);
	CHECK_INT(gpu_rig_wait(fence), 1);

	/* One that was never submitted. */
	gpu_rig_job_init(&rig, &job, &context, GPU_CLASS_RENDER, NULL);
	CHECK_INT(rig.dev.object_count, 1);
	CHECK_INT(context.context->refcount, 2);
	gpu_request_destroy(job.request);
	CHECK_INT(rig.dev.object_count, 0);
	gpu_rig_context_finish(&context);
	gpu_rig_finish(&rig);
}

/* Runs, is ready, waits for a fence that nobody signals: all end with -EIO, in order. */
TEST(destroy_with_queue)
{
	enum { COUNT = 6 };
	struct gpu_rig rig;
	struct gpu_rig_context a, b;
	struct gem_fence *gate, *fences[COUNT];
	struct order orders[COUNT];
	unsigned next = 0;

	gpu_rig_init(&rig, &one_engine);
	gpu_rig_context_init(&rig, &a);
	gpu_rig_context_init(&rig, &b);
	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, GEM_FENCE_NO_ENGINE, &gate), 0);
	for (unsigned i = 0; i < COUNT; i++) {
		struct gpu_rig_job job;

		gpu_rig_job_init(&rig, &job, i < 4 ? &a : &b, GPU_CLASS_RENDER, NULL);
		if (i == 2)
			gpu_rig_job_wait_for(&job, gate);
		if (i == 0)
			gpu_rig_emit_endless(&job);
		fences[i] = gpu_rig_submit(&job);
		orders[i] = (struct order){.next = &next, .place = COUNT};
		CHECK_INT(gem_fence_add_callback(fences[i], &orders[i].callback, note_order), 0);
	}
	gpu_rig_wait_running(&rig, 1);
	gem_file_finish(&rig.file);
	gpu_device_destroy(rig.gpu);
	for (unsigned i = 0; i < COUNT; i++) {
		CHECK_INT(gem_fence_status(fences[i]), -EIO);
		CHECK(orders[i].place < COUNT);
		if (i != 0 && i != 4)
			CHECK(orders[i].place > orders[i - 1].place);
		gem_fence_put(fences[i]);
	}
	gem_fence_signal(gate, 0);
	gem_fence_put(gate);
	gpu_rig_context_finish(&a);
	gpu_rig_context_finish(&b);
	CHECK_INT(rig.dev.object_count, 0);
	gem_device_finish(&rig.dev);
}

/* A flood that waits for a fence of its own: the queue has an end. */
TEST(queue_is_bounded)
{
	struct gpu_rig rig;
	struct gpu_rig_context flood, other;
	struct gem_fence *gate;
	struct gpu_rig_job job;
	int ret;

	gpu_rig_init(&rig, &one_engine);
	gpu_rig_context_init(&rig, &flood);
	gpu_rig_context_init(&rig, &other);
	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, GEM_FENCE_NO_ENGINE, &gate), 0);
	for (unsigned i = 0; i < GPU_CONTEXT_QUEUE_MAX; i++) {
		CHECK_INT(gpu_request_wait_room(rig.gpu, flood.context), 0);
		gpu_rig_job_init(&rig, &job, &flood, GPU_CLASS_RENDER, NULL);
		gpu_rig_job_wait_for(&job, gate);
		gem_fence_put(gpu_rig_submit(&job));
	}
	CHECK_INT(gpu_request_wait_room(rig.gpu, flood.context), -EAGAIN);
	CHECK_INT(gpu_request_wait_room(rig.gpu, other.context), 0);
	gem_fence_signal(gate, 0);
	do {
		ret = gpu_request_wait_room(rig.gpu, flood.context);
	} while (ret == -EAGAIN);
	CHECK_INT(ret, 0);
	CHECK_INT(gpu_device_wait_idle(rig.gpu, -1), 0);
	CHECK_INT(flood.context->queued, 0);
	gem_fence_put(gate);
	gpu_rig_context_finish(&flood);
	gpu_rig_context_finish(&other);
	gpu_rig_finish(&rig);
}

enum { THREADS = 8, EACH = 300 };

struct submitter {
	struct gpu_rig *rig;
	pthread_t thread;
	unsigned index;
	bool ok;
};

static void *submit_many(void *data)
{
	struct submitter *submitter = data;
	struct gpu_rig_context context;
	struct gem_fence *last = NULL;
	uint32_t *words;

	gpu_rig_context_init(submitter->rig, &context);
	struct gem_object *obj = gpu_rig_object(submitter->rig, 4096, (void **)&words);
	for (uint32_t i = 0; i < EACH; i++) {
		gem_fence_put(last);
		last = gpu_rig_store(submitter->rig, &context, (i + submitter->index) % 3 ?
			GPU_CLASS_RENDER : GPU_CLASS_COPY, obj, i * 4, i + 1);
	}
	/* The classes are two timelines. */
	for (unsigned i = 0; i < GPU_CLASS_COUNT; i++)
		gem_fence_wait(context.classes[i].last, -1, NULL);
	submitter->ok = gpu_rig_wait(last) == 1;
	for (uint32_t i = 0; i < EACH; i++)
		submitter->ok &= words[i] == i + 1;
	gpu_rig_object_put(obj);
	gpu_rig_context_finish(&context);
	return NULL;
}

TEST(threads)
{
	struct gpu_rig rig;
	struct submitter submitters[THREADS];

	gpu_rig_init(&rig, &two_engines);
	for (unsigned i = 0; i < THREADS; i++) {
		submitters[i] = (struct submitter){.rig = &rig, .index = i};
		CHECK_INT(pthread_create(&submitters[i].thread, NULL, submit_many, &submitters[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(submitters[i].thread, NULL);
		CHECK(submitters[i].ok);
	}
	gpu_rig_finish(&rig);
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

TEST(idle_costs_nothing)
{
	struct gpu_rig rig;
	struct gpu_rig_context context;
	struct gpu_rig_job job;

	gpu_rig_init(&rig, NULL);
	gpu_rig_context_init(&rig, &context);
	gpu_rig_job_init(&rig, &job, &context, GPU_CLASS_RENDER, NULL);
	CHECK_INT(gpu_rig_wait(gpu_rig_submit(&job)), 1);
	CHECK_INT(gpu_device_wait_idle(rig.gpu, -1), 0);
	int64_t before = cpu_ns();
	usleep(300000);
	CHECK(cpu_ns() - before < 30000000);
	gpu_rig_context_finish(&context);
	gpu_rig_finish(&rig);
}

/*
 * While an engine's thread sleeps, who submits something short executes it; the thread
 * may be on its way to sleep for a while. What is not short never takes the submitter's time.
 */
TEST(short_ones)
{
	struct gpu_rig rig;
	struct gpu_rig_context context, other;
	struct gem_fence *fence, *endless;
	uint32_t *data, value = 0;
	bool done;

	gpu_rig_init(&rig, &one_engine);
	gpu_rig_context_init(&rig, &context);
	gpu_rig_context_init(&rig, &other);
	struct gem_object *obj = gpu_rig_object(&rig, 4096, (void **)&data);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t start = gem_trace_now();

		do {
			fence = gpu_rig_store(&rig, &context, GPU_CLASS_RENDER, obj, 0, ++value);
			done = gem_fence_signalled(fence);
			CHECK(!done || __atomic_load_n(data, __ATOMIC_ACQUIRE) == value);
			CHECK_INT(gpu_rig_wait(fence), 1);
			CHECK_INT(data[0], value);
			usleep(done ? 0 : 1000);
		} while (!done && gem_trace_now() - start < 20000000000ull);
		CHECK(done);
		endless = gpu_rig_endless(&rig, &other, GPU_CLASS_RENDER);
		CHECK(!gem_fence_signalled(endless));
		gpu_device_hang(rig.gpu, GPU_CLASS_RENDER);
		CHECK_INT(gpu_rig_wait(endless), -EIO);
	}
	CHECK_INT(other.context->guilty_count, 2);
	CHECK_INT(context.context->guilty_count, 0);
	gpu_rig_object_put(obj);
	gpu_rig_context_finish(&context);
	gpu_rig_context_finish(&other);
	gpu_rig_finish(&rig);
}

TEST(options)
{
	static const struct gpu_options bad[] = {
		{.render_engines = GPU_RENDER_ENGINES_MAX + 1}, {.tile_threads = GEM_POOL_MAX + 1},
	};
	struct gem_device dev;
	struct gpu_device *gpu;

	CHECK_INT(gem_device_init(&dev, NULL), 0);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(bad); i++)
		CHECK_INT(gpu_device_create(&dev, &bad[i], &gpu), -EINVAL);
	gpu_device_destroy(NULL);
	gem_device_finish(&dev);
}
