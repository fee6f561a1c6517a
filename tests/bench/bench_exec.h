/* Batches for the benches of EXECBUFFER2, whatever the door to the device. */
#ifndef BENCH_EXEC_H
#define BENCH_EXEC_H

#include <stdint.h>

#include <drm.h>
#include <i915_drm.h>

/* ioctl(2) of the door; by bench_exec_self.c, bench_exec_wire.c. */
int bench_ioctl(int fd, unsigned long request, void *arg);
/* Ends the bench when it fails. */
void bench_call(int fd, unsigned long request, void *arg, const char *what);

struct bench_batch {
	int fd;
	struct drm_i915_gem_exec_object2 objects[2]; /* [target,] batch */
	struct drm_i915_gem_execbuffer2 args;
	uint32_t handle; /* of the batch */
};

uint32_t bench_object(int fd, uint64_t size);
uint32_t bench_context(int fd);
/* Just an end. flags: I915_EXEC_* ring. */
void bench_batch_nop(struct bench_batch *batch, int fd, uint64_t flags);
/* dwords name the target at address BENCH_TARGET. */
#define BENCH_TARGET (64u << 20)
void bench_batch_draw(struct bench_batch *batch, int fd, uint64_t flags, uint32_t context,
	uint32_t target, const uint32_t *dwords, unsigned count);
void bench_submit(struct bench_batch *batch);
void bench_wait(const struct bench_batch *batch);

/* Each in ns for one batch: submitted and waited for; submitted in a row of many. */
double bench_round_trip(struct bench_batch *batch, unsigned calls);
double bench_throughput(struct bench_batch *batch, unsigned calls);

#endif
