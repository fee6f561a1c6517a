/*
 * Many threads submit batches over the same objects, on several files and
 * contexts, on both rings; others look, throttle, take contexts away meanwhile.
 * In process, for the thread sanitizer, too.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "gpu_packet.h"
#include "i915_drm.h"
#include "uapi_fixture.h"

enum { THREADS = 6, OBJECTS = 4, ROUNDS = 60, SIZE = 4096, ENTRIES = OBJECTS + 1 };

static struct uapi_fixture fixture;

struct worker {
	pthread_t thread;
	unsigned index;
	int fd;
	uint32_t handles[OBJECTS]; /* of the shared objects in its file */
	uint32_t batch, context;
};

static int call(int fd, unsigned long request, void *arg)
{
	return fixture_ioctl(&fixture, fd, request, arg);
}

static uint32_t create(int fd, uint64_t size)
{
	struct drm_i915_gem_create args = {.size = size};

	CHECK_INT(call(fd, DRM_IOCTL_I915_GEM_CREATE, &args), 0);
	return args.handle;
}

/* Slot i of an object is thread i's: the last value that it stored there. */
static void store_all(struct worker *worker, uint32_t value)
{
	struct drm_i915_gem_relocation_entry relocs[OBJECTS] = {0};
	struct drm_i915_gem_exec_object2 entries[ENTRIES] = {0};
	struct drm_i915_gem_execbuffer2 args = {.buffers_ptr = (uintptr_t)entries,
		.buffer_count = ENTRIES, .rsvd1 = worker->context,
		.flags = value & 1 ? I915_EXEC_BLT : I915_EXEC_RENDER};
	uint32_t dwords[3 * OBJECTS + 2] = {0};
	struct drm_i915_gem_pwrite write = {.handle = worker->batch, .size = sizeof(dwords),
		.data_ptr = (uintptr_t)dwords};

	for (unsigned i = 0; i < OBJECTS; i++) {
		dwords[3 * i] = GPU_MI_STORE_DWORD_IMM;
		dwords[3 * i + 2] = value;
		relocs[i] = (struct drm_i915_gem_relocation_entry){
			.target_handle = worker->handles[i], .delta = worker->index * 4,
			.offset = (3 * i + 1) * 4, .presumed_offset = UINT64_MAX,
			.write_domain = I915_GEM_DOMAIN_RENDER};
		entries[i].handle = worker->handles[(i + value) % OBJECTS];
	}
	dwords[3 * OBJECTS] = GPU_MI_BATCH_BUFFER_END;
	entries[OBJECTS].handle = worker->batch;
	entries[OBJECTS].relocation_count = OBJECTS;
	entries[OBJECTS].relocs_ptr = (uintptr_t)relocs;
	CHECK_INT(call(worker->fd, DRM_IOCTL_I915_GEM_PWRITE, &write), 0);
	CHECK_INT(call(worker->fd, DRM_IOCTL_I915_GEM_EXECBUFFER2, &args), 0);
}

static void look(struct worker *worker, unsigned round)
{
	struct drm_i915_gem_busy busy = {.handle = worker->handles[round % OBJECTS]};
	struct drm_i915_gem_wait wait = {.bo_handle = busy.handle, .timeout_ns = 100000};

	CHECK_INT(call(worker->fd, DRM_IOCTL_I915_GEM_BUSY, &busy), 0);
	CHECK_INT(call(worker->fd, DRM_IOCTL_I915_GEM_THROTTLE, NULL), 0);
	if (call(worker->fd, DRM_IOCTL_I915_GEM_WAIT, &wait))
		CHECK_INT(errno, ETIME);
}

static void change_context(struct worker *worker)
{
	struct drm_i915_gem_context_destroy destroy = {.ctx_id = worker->context};
	struct drm_i915_gem_context_create args = {0};

	if (worker->context)
		CHECK_INT(call(worker->fd, DRM_IOCTL_I915_GEM_CONTEXT_DESTROY, &destroy), 0);
	worker->context = 0;
	if (worker->index & 1) {
		CHECK_INT(call(worker->fd, DRM_IOCTL_I915_GEM_CONTEXT_CREATE, &args), 0);
		worker->context = args.ctx_id;
	}
}

static void *work(void *data)
{
	struct worker *worker = data;

	for (unsigned round = 0; round < ROUNDS; round++) {
		if (round % 16 == 0)
			change_context(worker);
		store_all(worker, round + 1);
		if (round % 4 == 3)
			look(worker, round);
	}
	return NULL;
}

static void open_worker(struct worker *worker, unsigned index, const uint32_t *names)
{
	worker->index = index;
	worker->context = 0;
	worker->fd = fixture_open_card(&fixture);
	worker->batch = create(worker->fd, SIZE);
	for (unsigned i = 0; i < OBJECTS; i++) {
		struct drm_gem_open args = {.name = names[i]};

		CHECK_INT(call(worker->fd, DRM_IOCTL_GEM_OPEN, &args), 0);
		worker->handles[i] = args.handle;
	}
}

TEST(threads)
{
	static struct worker workers[THREADS];
	uint32_t names[OBJECTS], handles[OBJECTS], got[THREADS];

	fixture_init(&fixture);
	fixture.caller.uid = 0;
	int fd = fixture_open_card(&fixture);
	for (unsigned i = 0; i < OBJECTS; i++) {
		struct drm_gem_flink flink = {.handle = handles[i] = create(fd, SIZE)};

		CHECK_INT(call(fd, DRM_IOCTL_GEM_FLINK, &flink), 0);
		names[i] = flink.name;
	}
	for (unsigned i = 0; i < THREADS; i++)
		open_worker(&workers[i], i, names);
	for (unsigned i = 0; i < THREADS; i++)
		CHECK_INT(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	for (unsigned i = 0; i < THREADS; i++)
		CHECK_INT(pthread_join(workers[i].thread, NULL), 0);
	for (unsigned i = 0; i < OBJECTS; i++) {
		struct drm_i915_gem_pread args = {.handle = handles[i], .size = sizeof(got),
			.data_ptr = (uintptr_t)got};

		CHECK_INT(call(fd, DRM_IOCTL_I915_GEM_PREAD, &args), 0);
		for (unsigned j = 0; j < THREADS; j++)
			CHECK_INT(got[j], ROUNDS);
	}
	for (unsigned i = 0; i < THREADS; i++)
		close(workers[i].fd);
	close(fd);
	vfs_reap(fixture.vfs);
	fixture_finish(&fixture);
}
