/* Hangs, faults, resets, a wedged device: who is told what, and what goes on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gem_fence_array.h"
#include "gpu_rig.h"
#include "test.h"

/* Nothing hangs unless it is told to, however long it stands still. */
static const struct gpu_options one_engine = {.render_engines = 1, .tile_threads = 1,
	.hang_ms = GPU_HANG_MS_MAX};
static const struct gpu_options two_engines = {.render_engines = 2, .tile_threads = 1,
	.hang_ms = GPU_HANG_MS_MAX};
static const struct gpu_options impatient = {.render_engines = 1, .tile_threads = 1,
	.hang_ms = 50};

static char *error_text(struct gpu_rig *rig)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	CHECK_INT(gpu_device_print_error(rig->gpu, out), 0);
	fclose(out);
	return text;
}

static bool error_has(struct gpu_rig *rig, const char *what)
{
	char *text = error_text(rig);
	bool found = strstr(text, what);

	free(text);
	return found;
}

/* What is wrong with a batch, and what the error state says of it. */
struct fault_row {
	const char *name;
	uint32_t dwords[8];
	unsigned count;
	enum gpu_class class;
	const char *cause, *header, *address;
};

static const struct fault_row faults[] = {
	{"no such packet", {0x7a000000}, 1, GPU_CLASS_RENDER, "Cause: fault OPCODE",
		"IPEHR: 0x7a000000", "PGTBL_ER: 0x00000000"},
	{"composite on the blitter", {0x7f060000, 0}, 2, GPU_CLASS_COPY, "Cause: fault OPCODE",
		"IPEHR: 0x7f060000", "PGTBL_ER: 0x00000000"},
	{"ring only", {GPU_MI_STORE_DWORD_INDEX, 0xc0, 1}, 3, GPU_CLASS_RENDER,
		"Cause: fault PRIVILEGED", "IPEHR: 0x10800001", "PGTBL_ER: 0x00000000"},
	{"not in the list", {GPU_MI_STORE_DWORD_IMM, RIG_DATA_AT + 4096, 1}, 3, GPU_CLASS_RENDER,
		"Cause: fault UNMAPPED", "IPEHR: 0x10000001", "PGTBL_ER: 0x00201000"},
	{"between two objects", {GPU_MI_STORE_DWORD_IMM, RIG_BATCH_AT - 4, 1}, 3,
		GPU_CLASS_RENDER, "Cause: fault UNMAPPED", "IPEHR: 0x10000001",
		"PGTBL_ER: 0x000ffffc"},
	/* An engine's own memory is nobody's to write. */
	{"ring's address", {GPU_MI_STORE_DWORD_IMM, 0x10000, 1}, 3, GPU_CLASS_RENDER,
		"Cause: fault UNMAPPED", "IPEHR: 0x10000001", "PGTBL_ER: 0x00010000"},
	{"jump to nowhere", {GPU_MI_BATCH_BUFFER_START, 0xdead0000}, 2, GPU_CLASS_COPY,
		"Cause: fault UNMAPPED", "IPEHR: 0x00000000", "PGTBL_ER: 0xdead0000"},
};

TEST_ROWS(fault, struct fault_row, faults)
{
	struct gpu_rig rig;
	struct gpu_rig_context guilty, other;
	struct gpu_rig_job job;
	uint32_t *data;

	gpu_rig_init(&rig, &one_engine);
	gpu_rig_context_init(&rig, &guilty);
	gpu_rig_context_init(&rig, &other);
	struct gem_object *obj = gpu_rig_object(&rig, 4096, (void **)&data);
	CHECK(error_has(&rig, "No error state collected"));
	gpu_rig_job_init(&rig, &job, &guilty, row->class, (struct gem_object *[]){obj, NULL});
	RIG_EMIT(&job, GPU_MI_STORE_DWORD_IMM, RIG_DATA_AT, 1);
	gpu_rig_emit(&job, row->dwords, row->count);
	RIG_EMIT(&job, GPU_MI_STORE_DWORD_IMM, RIG_DATA_AT + 4, 2);
	CHECK_INT(gpu_rig_wait(gpu_rig_submit(&job)), -EIO);
	CHECK_INT(data[0], 1);
	CHECK_INT(data[1], 0);
	CHECK(error_has(&rig, row->cause));
	CHECK(error_has(&rig, row->header));
	CHECK(error_has(&rig, row->address));
	CHECK_INT(guilty.context->guilty_count, 1);
	CHECK_INT(other.context->active_count, 0);
	CHECK(!guilty.context->banned);
	CHECK_INT(gpu_device_reset_count(rig.gpu), 1);
	/* Both go on. */
	CHECK_INT(gpu_rig_wait(gpu_rig_store(&rig, &other, row->class, obj, 8, 3)), 1);
	CHECK_INT(gpu_rig_wait(gpu_rig_store(&rig, &guilty, row->class, obj, 12, 4)), 1);
	CHECK_INT(data[2], 3);
	CHECK_INT(data[3], 4);
	gpu_device_clear_error(rig.gpu);
	CHECK(error_has(&rig, "No error state collected"));
	gpu_rig_object_put(obj);
	gpu_rig_context_finish(&guilty);
	gpu_rig_context_finish(&other);
	gpu_rig_finish(&rig);
}

/* By time; who waits behind it is counted once, however much it has queued. */
TEST(hang)
{
	struct gpu_rig rig;
	struct gpu_rig_context guilty, other, idle;
	struct gem_fence *fences[4];
	uint32_t *data;

	gpu_rig_init(&rig, &impatient);
	gpu_rig_context_init(&rig, &guilty);
	gpu_rig_context_init(&rig, &other);
	gpu_rig_context_init(&rig, &idle);
	struct gem_object *obj = gpu_rig_object(&rig, 4096, (void **)&data);
	fences[0] = gpu_rig_endless(&rig, &guilty, GPU_CLASS_RENDER);
	fences[1] = gpu_rig_store(&rig, &guilty, GPU_CLASS_RENDER, obj, 0, 1);
	fences[2] = gpu_rig_store(&rig, &other, GPU_CLASS_RENDER, obj, 4, 2);
	fences[3] = gpu_rig_store(&rig, &other, GPU_CLASS_RENDER, obj, 8, 3);
	CHECK_INT(gpu_rig_wait(fences[0]), -EIO);
	for (unsigned i = 1; i < 4; i++)
		CHECK_INT(gpu_rig_wait(fences[i]), 1);
	CHECK_INT(data[0], 1);
	CHECK_INT(data[2], 3);
	CHECK_INT(guilty.context->guilty_count, 1);
	CHECK_INT(guilty.context->active_count, 0);
	CHECK_INT(other.context->guilty_count, 0);
	CHECK_INT(other.context->active_count, 1);
	CHECK_INT(idle.context->active_count, 0);
	CHECK(error_has(&rig, "Cause: hang, ran for "));
	CHECK(error_has(&rig, "ACTHD: 0x00100000"));
	CHECK(error_has(&rig, " --- gtt_offset = 0x00000000 00100000\n00000000 :  18800080"));
	CHECK(error_has(&rig, "batch: 0x00100000"));
	gpu_rig_object_put(obj);
	gpu_rig_context_finish(&guilty);
	gpu_rig_context_finish(&other);
	gpu_rig_context_finish(&idle);
	gpu_rig_finish(&rig);
}

/* The first error stays until it is cleared; some contexts want none kept. */
TEST(error_state)
{
	struct gpu_rig rig;
	struct gpu_rig_context a, b;
	char first[40], second[40];

	gpu_rig_init(&rig, &one_engine);
	gpu_rig_context_init(&rig, &a);
	gpu_rig_context_init(&rig, &b);
	snprintf(first, sizeof(first), "Active context: id %u,", a.context->id);
	snprintf(second, sizeof(second), "Active context: id %u,", b.context->id);
	a.context->no_error_capture = true;
	gpu_device_hang(rig.gpu, GPU_CLASS_RENDER);
	CHECK_INT(gpu_rig_wait(gpu_rig_endless(&rig, &a, GPU_CLASS_RENDER)), -EIO);
	CHECK(error_has(&rig, "No error state collected"));
	a.context->no_error_capture = false;
	for (unsigned i = 0; i < 2; i++) {
		gpu_device_hang(rig.gpu, GPU_CLASS_RENDER);
		CHECK_INT(gpu_rig_wait(gpu_rig_endless(&rig, i ? &b : &a, GPU_CLASS_RENDER)), -EIO);
		CHECK(error_has(&rig, first));
	}
	gpu_device_clear_error(rig.gpu);
	gpu_device_hang(rig.gpu, GPU_CLASS_RENDER);
	CHECK_INT(gpu_rig_wait(gpu_rig_endless(&rig, &b, GPU_CLASS_RENDER)), -EIO);
	CHECK(error_has(&rig, second));
	gpu_rig_context_finish(&a);
	gpu_rig_context_finish(&b);
	gpu_rig_finish(&rig);
}

/* The third hang is one too many: what it has queued fails, in order, and what follows. */
TEST(ban)
{
	enum { QUEUED = 4 };
	struct gpu_rig rig;
	struct gpu_rig_context bad, good;
	struct gem_fence *gate, *endless, *queued[QUEUED], *others;
	struct gpu_rig_job job;
	uint32_t *data;

	gpu_rig_init(&rig, &one_engine);
	gpu_rig_context_init(&rig, &bad);
	gpu_rig_context_init(&rig, &good);
	struct gem_object *obj = gpu_rig_object(&rig, 4096, (void **)&data);
	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, GEM_FENCE_NO_ENGINE, &gate), 0);
	for (unsigned i = 0; i < 2; i++) {
		gpu_device_hang(rig.gpu, GPU_CLASS_RENDER);
		CHECK_INT(gpu_rig_wait(gpu_rig_endless(&rig, &bad, GPU_CLASS_RENDER)), -EIO);
		CHECK(!bad.context->banned);
	}
	endless = gpu_rig_endless(&rig, &bad, GPU_CLASS_RENDER);
	gpu_rig_wait_running(&rig, 1);
	for (unsigned i = 0; i < QUEUED; i++) {
		gpu_rig_job_init(&rig, &job, &bad, i == 3 ? GPU_CLASS_COPY : GPU_CLASS_RENDER,
			(struct gem_object *[]){obj, NULL});
		if (i >= 1)
			gpu_rig_job_wait_for(&job, gate);
		RIG_EMIT(&job, GPU_MI_STORE_DWORD_IMM, RIG_DATA_AT, 1);
		queued[i] = gpu_rig_submit(&job);
	}
	others = gpu_rig_store(&rig, &good, GPU_CLASS_RENDER, obj, 4, 2);
	gpu_device_hang(rig.gpu, GPU_CLASS_RENDER);
	CHECK_INT(gpu_rig_wait(endless), -EIO);
	for (unsigned i = 0; i < QUEUED; i++)
		CHECK_INT(gpu_rig_wait(queued[i]), -EIO);
	CHECK_INT(gpu_rig_wait(others), 1);
	CHECK(bad.context->banned);
	CHECK_INT(bad.context->guilty_count, 3);
	CHECK_INT(good.context->active_count, 1);
	CHECK_INT(gpu_rig_wait(gpu_rig_store(&rig, &bad, GPU_CLASS_RENDER, obj, 0, 1)), -EIO);
	CHECK_INT(gpu_device_wait_idle(rig.gpu, -1), 0);
	CHECK_INT(data[0], 0);
	CHECK_INT(data[1], 2);
	gem_fence_signal(gate, 0);
	gem_fence_put(gate);
	gpu_rig_object_put(obj);
	gpu_rig_context_finish(&bad);
	gpu_rig_context_finish(&good);
	gpu_rig_finish(&rig);
}

/*
 * An engine is not kept by who made many contexts and ended: what it left is gone
 * after three hangs, and others' batches behind it run.
 */
TEST(left_behind)
{
	enum { CONTEXTS = 40 };
	const struct gpu_options options = {.render_engines = 1, .tile_threads = 1, .hang_ms = 50};
	struct gpu_rig rig;
	struct gem_fence *endless[CONTEXTS], *others;
	struct gpu_rig_context left[CONTEXTS], good;
	struct gem_file file;
	uint32_t *data;

	gpu_rig_init(&rig, &options);
	gpu_rig_context_init(&rig, &good);
	file = rig.file;
	CHECK_INT(gem_file_init(&rig.file, &rig.dev), 0);
	struct gem_object *obj = gpu_rig_object(&rig, 4096, (void **)&data);
	for (unsigned i = 0; i < CONTEXTS; i++) {
		gpu_rig_context_init(&rig, &left[i]);
		endless[i] = gpu_rig_endless(&rig, &left[i], GPU_CLASS_RENDER);
	}
	others = gpu_rig_store(&rig, &good, GPU_CLASS_RENDER, obj, 0, 7);
	gem_file_finish(&rig.file);
	CHECK_INT(gpu_rig_wait(others), 1);
	CHECK_INT(data[0], 7);
	CHECK_INT(gpu_device_reset_count(rig.gpu), 3);
	for (unsigned i = 0; i < CONTEXTS; i++) {
		CHECK_INT(gpu_rig_wait(endless[i]), -EIO);
		gpu_rig_context_finish(&left[i]);
	}
	rig.file = file;
	gpu_rig_object_put(obj);
	gpu_rig_context_finish(&good);
	gpu_rig_finish(&rig);
}

static void wait_for_word(const uint32_t *word, uint32_t value)
{
	for (unsigned i = 0; i < 20000 && __atomic_load_n(word, __ATOMIC_ACQUIRE) != value; i++)
		usleep(1000);
	CHECK_INT(__atomic_load_n(word, __ATOMIC_ACQUIRE), value);
}

/* The batch as its client has it: mapped elsewhere, and changed whenever it likes. */
static uint32_t *map_batch(struct gpu_rig_job *job)
{
	int fd;

	for (unsigned i = 0; i < job->request->range_count; i++) {
		struct gpu_range *range = &job->request->ranges[i];

		if (range->start != RIG_BATCH_AT)
			continue;
		CHECK_INT(gem_object_open_memory(range->obj, &fd), 0);
		void *map = mmap(NULL, range->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
		CHECK(map != MAP_FAILED);
		return map;
	}
	return NULL;
}

/*
 * What runs at a reset is executed anew from its start: it writes 1, burns until
 * its jump is taken away, and writes 2.
 */
TEST(reset_replays)
{
	struct gpu_rig rig;
	struct gpu_rig_context context, other;
	struct gpu_rig_job job;
	struct gem_fence *fence, *endless;
	uint32_t *data, *batch, at;

	gpu_rig_init(&rig, &two_engines);
	gpu_rig_context_init(&rig, &context);
	gpu_rig_context_init(&rig, &other);
	struct gem_object *obj = gpu_rig_object(&rig, 4096, (void **)&data);
	gpu_rig_job_init(&rig, &job, &context, GPU_CLASS_RENDER, (struct gem_object *[]){obj, NULL});
	RIG_EMIT(&job, GPU_MI_STORE_DWORD_IMM, RIG_DATA_AT, 1);
	at = job.emitted;
	gpu_rig_emit_endless(&job);
	RIG_EMIT(&job, GPU_MI_STORE_DWORD_IMM, RIG_DATA_AT + 4, 2);
	batch = map_batch(&job);
	fence = gpu_rig_submit(&job);
	wait_for_word(&data[0], 1);
	__atomic_store_n(&data[0], 0, __ATOMIC_RELEASE);
	usleep(20000);
	CHECK_INT(__atomic_load_n(&data[0], __ATOMIC_ACQUIRE), 0);
	gpu_device_reset(rig.gpu);
	wait_for_word(&data[0], 1);
	CHECK(!gem_fence_signalled(fence));
	CHECK_INT(gpu_device_reset_count(rig.gpu), 1);
	CHECK_INT(context.context->active_count, 1);
	CHECK_INT(context.context->guilty_count, 0);
	CHECK_INT(other.context->active_count, 0);
	CHECK(error_has(&rig, "No error state collected"));
	/* An innocent one's neighbour hangs: it does not notice. */
	endless = gpu_rig_endless(&rig, &other, GPU_CLASS_RENDER);
	gpu_rig_wait_running(&rig, 2);
	__atomic_store_n(&batch[at + 1], RIG_BATCH_AT + at * 4 + 8, __ATOMIC_RELEASE);
	CHECK_INT(gpu_rig_wait(fence), 1);
	CHECK_INT(data[0], 1);
	CHECK_INT(data[1], 2);
	munmap(batch, GEM_PAGE_SIZE);
	gpu_device_wedge(rig.gpu);
	CHECK_INT(gpu_rig_wait(endless), -EIO);
	/* Cancelled is not guilty. */
	CHECK_INT(other.context->guilty_count, 0);
	gpu_rig_object_put(obj);
	gpu_rig_context_finish(&context);
	gpu_rig_context_finish(&other);
	gpu_rig_finish(&rig);
}

TEST(wedge)
{
	struct gpu_rig rig;
	struct gpu_rig_context a, b;
	struct gpu_rig_job job;
	struct gem_fence *gate, *endless, *ready, *waiting;
	uint32_t *data;

	gpu_rig_init(&rig, &one_engine);
	gpu_rig_context_init(&rig, &a);
	gpu_rig_context_init(&rig, &b);
	struct gem_object *obj = gpu_rig_object(&rig, 4096, (void **)&data);
	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, GEM_FENCE_NO_ENGINE, &gate), 0);
	endless = gpu_rig_endless(&rig, &a, GPU_CLASS_RENDER);
	gpu_rig_wait_running(&rig, 1);
	ready = gpu_rig_store(&rig, &b, GPU_CLASS_RENDER, obj, 0, 1);
	gpu_rig_job_init(&rig, &job, &b, GPU_CLASS_COPY, NULL);
	gpu_rig_job_wait_for(&job, gate);
	waiting = gpu_rig_submit(&job);
	CHECK(!gpu_device_wedged(rig.gpu));
	gpu_device_wedge(rig.gpu);
	CHECK(gpu_device_wedged(rig.gpu));
	CHECK_INT(gpu_rig_wait(waiting), -EIO);
	CHECK_INT(gpu_rig_wait(ready), -EIO);
	CHECK_INT(gpu_rig_wait(endless), -EIO);
	CHECK_INT(gpu_rig_wait(gpu_rig_store(&rig, &b, GPU_CLASS_RENDER, obj, 0, 1)), -EIO);
	gpu_rig_job_init(&rig, &job, &b, GPU_CLASS_COPY, NULL);
	gpu_rig_job_wait_for(&job, gate);
	CHECK_INT(gpu_rig_wait(gpu_rig_submit(&job)), -EIO);
	CHECK_INT(data[0], 0);
	CHECK_INT(a.context->guilty_count, 0);
	gpu_device_unwedge(rig.gpu);
	CHECK(!gpu_device_wedged(rig.gpu));
	CHECK_INT(gpu_rig_wait(gpu_rig_store(&rig, &b, GPU_CLASS_RENDER, obj, 0, 5)), 1);
	CHECK_INT(data[0], 5);
	gem_fence_signal(gate, 0);
	gem_fence_put(gate);
	gpu_rig_object_put(obj);
	gpu_rig_context_finish(&a);
	gpu_rig_context_finish(&b);
	gpu_rig_finish(&rig);
}

static struct gem_fence *make_gate(unsigned engine)
{
	struct gem_fence *gate;

	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, engine, &gate), 0);
	return gate;
}

/* Fences that nobody signals hold up nothing for ever; a batch's fence does as long as it lasts. */
TEST(patience_ends)
{
	enum { GATES = 3 };
	const struct gpu_options options = {.render_engines = 1, .tile_threads = 1, .fence_ms = 80};
	struct gpu_rig rig;
	struct gpu_rig_context a, b;
	struct gpu_rig_job job;
	struct gem_fence *gates[GATES], *batch, *two[2], *both, *waiting, *behind, *patient;
	uint32_t *data;

	gpu_rig_init(&rig, &options);
	gpu_rig_context_init(&rig, &a);
	gpu_rig_context_init(&rig, &b);
	struct gem_object *obj = gpu_rig_object(&rig, 4096, (void **)&data);
	batch = make_gate(GPU_CLASS_RENDER);
	gpu_rig_job_init(&rig, &job, &b, GPU_CLASS_RENDER, (struct gem_object *[]){obj, NULL});
	gpu_rig_job_wait_for(&job, batch);
	RIG_EMIT(&job, GPU_MI_STORE_DWORD_IMM, RIG_DATA_AT + 8, 3);
	patient = gpu_rig_submit(&job);

	gpu_rig_job_init(&rig, &job, &a, GPU_CLASS_RENDER, (struct gem_object *[]){obj, NULL});
	for (unsigned i = 0; i < GATES; i++) {
		gates[i] = make_gate(GEM_FENCE_NO_ENGINE);
		gpu_rig_job_wait_for(&job, gates[i]);
	}
	two[0] = make_gate(GEM_FENCE_NO_ENGINE);
	two[1] = gates[0];
	CHECK_INT(gem_fence_array_create(two, 2, &both), 0);
	gpu_rig_job_wait_for(&job, both);
	RIG_EMIT(&job, GPU_MI_STORE_DWORD_IMM, RIG_DATA_AT, 1);
	waiting = gpu_rig_submit(&job);
	behind = gpu_rig_store(&rig, &a, GPU_CLASS_RENDER, obj, 4, 2);
	CHECK_INT(gpu_rig_wait(waiting), 1);
	CHECK_INT(gpu_rig_wait(behind), 1);
	CHECK_INT(data[0], 1);
	CHECK_INT(data[1], 2);
	usleep(200000);
	CHECK(!gem_fence_signalled(patient));
	gem_fence_signal(batch, 0);
	CHECK_INT(gpu_rig_wait(patient), 1);
	CHECK_INT(data[2], 3);
	for (unsigned i = 0; i < GATES; i++) {
		gem_fence_signal(gates[i], 0);
		gem_fence_put(gates[i]);
	}
	gem_fence_signal(two[0], 0);
	gem_fence_put(two[0]);
	gem_fence_put(both);
	gem_fence_put(batch);
	gpu_rig_object_put(obj);
	gpu_rig_context_finish(&a);
	gpu_rig_context_finish(&b);
	gpu_rig_finish(&rig);
}

/* A cancelled request's foreign fence is signalled at the very time. */
struct racer {
	pthread_t thread;
	struct gem_fence *gate;
	atomic_bool *go;
};

static void *signal_gate(void *data)
{
	struct racer *racer = data;

	while (!atomic_load(racer->go))
		continue;
	gem_fence_signal(racer->gate, 0);
	return NULL;
}

TEST(cancel_races_fence)
{
	enum { ROUNDS = 100 };
	/* Patience ends at about that time, too. */
	const struct gpu_options options = {.render_engines = 2, .tile_threads = 1, .fence_ms = 1};
	struct gpu_rig rig;
	struct gpu_rig_context context;

	gpu_rig_init(&rig, &options);
	gpu_rig_context_init(&rig, &context);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct gem_fence *fences[3];
		struct racer racers[2];
		atomic_bool go = false;

		for (unsigned k = 0; k < 2; k++) {
			CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1,
				GEM_FENCE_NO_ENGINE, &racers[k].gate), 0);
			racers[k].go = &go;
		}
		for (unsigned k = 0; k < 3; k++) {
			struct gpu_rig_job job;

			gpu_rig_job_init(&rig, &job, &context, GPU_CLASS_RENDER, NULL);
			for (unsigned n = 0; n < 2; n++)
				gpu_rig_job_wait_for(&job, racers[n].gate);
			fences[k] = gpu_rig_submit(&job);
		}
		for (unsigned k = 0; k < 2; k++)
			CHECK_INT(pthread_create(&racers[k].thread, NULL, signal_gate, &racers[k]), 0);
		atomic_store(&go, true);
		gpu_device_wedge(rig.gpu);
		for (unsigned k = 0; k < 3; k++)
			gpu_rig_wait(fences[k]);
		gpu_device_unwedge(rig.gpu);
		for (unsigned k = 0; k < 2; k++) {
			pthread_join(racers[k].thread, NULL);
			gem_fence_put(racers[k].gate);
		}
	}
	gpu_rig_context_finish(&context);
	gpu_rig_finish(&rig);
}
