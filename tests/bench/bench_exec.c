#include <errno.h>

#include "bench.h"
#include "bench_exec.h"
#include "gpu_packet.h"

void bench_call(int fd, unsigned long request, void *arg, const char *what)
{
	bench_require(bench_ioctl(fd, request, arg) ? -errno : 0, what);
}

uint32_t bench_object(int fd, uint64_t size)
{
	struct drm_i915_gem_create args = {.size = size};

	bench_call(fd, DRM_IOCTL_I915_GEM_CREATE, &args, "create");
	return args.handle;
}

uint32_t bench_context(int fd)
{
	struct drm_i915_gem_context_create args = {0};

	bench_call(fd, DRM_IOCTL_I915_GEM_CONTEXT_CREATE, &args, "context");
	return args.ctx_id;
}

static void fill(struct bench_batch *batch, const uint32_t *dwords, unsigned count)
{
	struct drm_i915_gem_pwrite args = {.size = count * sizeof(*dwords),
		.data_ptr = (uintptr_t)dwords};

	batch->handle = args.handle = bench_object(batch->fd, 1 << 16);
	bench_call(batch->fd, DRM_IOCTL_I915_GEM_PWRITE, &args, "pwrite");
	batch->args.buffers_ptr = (uintptr_t)batch->objects;
	batch->objects[batch->args.buffer_count++].handle = batch->handle;
}

void bench_batch_nop(struct bench_batch *batch, int fd, uint64_t flags)
{
	const uint32_t dwords[2] = {GPU_MI_BATCH_BUFFER_END};

	*batch = (struct bench_batch){.fd = fd, .args.flags = flags};
	fill(batch, dwords, 2);
}

void bench_batch_draw(struct bench_batch *batch, int fd, uint64_t flags, uint32_t context,
	uint32_t target, const uint32_t *dwords, unsigned count)
{
	*batch = (struct bench_batch){.fd = fd,
		.args = {.flags = flags, .rsvd1 = context, .buffer_count = 1}};
	batch->objects[0] = (struct drm_i915_gem_exec_object2){.handle = target,
		.offset = BENCH_TARGET, .flags = EXEC_OBJECT_PINNED | EXEC_OBJECT_WRITE};
	fill(batch, dwords, count);
}

void bench_submit(struct bench_batch *batch)
{
	bench_call(batch->fd, DRM_IOCTL_I915_GEM_EXECBUFFER2, &batch->args, "execbuffer2");
}

void bench_wait(const struct bench_batch *batch)
{
	struct drm_i915_gem_wait args = {.bo_handle = batch->handle, .timeout_ns = -1};

	bench_call(batch->fd, DRM_IOCTL_I915_GEM_WAIT, &args, "wait");
}

double bench_round_trip(struct bench_batch *batch, unsigned calls)
{
	double start = bench_now_ns();

	for (unsigned i = 0; i < calls; i++) {
		bench_submit(batch);
		bench_wait(batch);
	}
	return (bench_now_ns() - start) / calls;
}

double bench_throughput(struct bench_batch *batch, unsigned calls)
{
	double start = bench_now_ns();

	for (unsigned i = 0; i < calls; i++)
		bench_submit(batch);
	bench_wait(batch);
	return (bench_now_ns() - start) / calls;
}
