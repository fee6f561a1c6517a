/*
 * The GPU of a card as its driver sees it: engines, each with a worker thread,
 * what waits for them, and their state of health.
 *
 * Engines come in two classes. There are as many render engines as cores (at
 * most GPU_RENDER_ENGINES_MAX), so that batches of contexts that have nothing to
 * do with each other run side by side; a request goes to any engine of its class
 * that is free. Order within a context is by fences, not by the engine. When none
 * is free, one with a batch of a lower priority is interrupted for it.
 *
 * Locks: gpu_device.lock guards the queues and everything that says so. It is
 * inside of all locks of gem/ but gem_resv's and gem_fence's, which may be taken
 * under it. Nobody waits for the GPU while holding it.
 */
#ifndef GPU_DEVICE_H
#define GPU_DEVICE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "gem_device.h"

struct gem_context;
struct gem_fence;
struct gpu_device;
struct gpu_request;

#define GPU_RENDER_ENGINES_MAX 4

/* = enum drm_i915_gem_engine_class; also gem_fence.engine. */
enum gpu_class { GPU_CLASS_RENDER, GPU_CLASS_COPY, GPU_CLASS_COUNT };

struct gpu_options {
	unsigned render_engines; /* 0 = one a core, at most GPU_RENDER_ENGINES_MAX */
	/* That help all engines with their tiles; 0 = cores - 1, or GPU_TILE_THREADS_NONE. */
	unsigned tile_threads;
	unsigned hang_ms;        /* a batch that runs longer hangs; 0 = GPU_HANG_MS */
	/* Fences that are no batch's are not waited for any longer; 0 = GPU_FENCE_MS. */
	unsigned fence_ms;
};
#define GPU_TILE_THREADS_NONE UINT32_MAX
#define GPU_HANG_MS 3000
#define GPU_FENCE_MS 10000
#define GPU_HANG_MS_MAX (3600 * 1000) /* for command lines */

/* options NULL = defaults. -EINVAL; -ENOMEM; -EAGAIN no thread. */
int gpu_device_create(struct gem_device *gem, const struct gpu_options *options,
	struct gpu_device **out);
/* Every file is closed. What is still queued is cancelled (-EIO). NULL is fine. */
void gpu_device_destroy(struct gpu_device *gpu);

/* Wedged: no engine works any more; submits get -EIO, what was queued has failed. */
bool gpu_device_wedged(const struct gpu_device *gpu);
/*
 * Resets so far: of the device, and of an engine that hung
 * (I915_GET_RESET_STATS reset_count, "all resets since boot").
 */
unsigned gpu_device_reset_count(const struct gpu_device *gpu);

/*
 * Trouble on demand (debugfs i915_wedged, control socket). hang: what the class
 * runs now, or runs next, is treated as hung. blame: whatever runs now is, if
 * anything does. reset: every engine is reset; what runs is innocent and executed
 * anew from its start. wedge: for good, until gpu_device_unwedge. All return at
 * once.
 */
void gpu_device_hang(struct gpu_device *gpu, enum gpu_class class);
void gpu_device_blame(struct gpu_device *gpu);
void gpu_device_reset(struct gpu_device *gpu);
void gpu_device_wedge(struct gpu_device *gpu);
void gpu_device_unwedge(struct gpu_device *gpu);

/* Nothing is queued or runs. -ETIME. timeout_ns as gem_fence_wait. */
int gpu_device_wait_idle(struct gpu_device *gpu, int64_t timeout_ns);

/*
 * What the first hang since the last clear left behind: time, engine, registers,
 * context, the batch's dwords around ACTHD, the address space (text; the debugfs
 * and sysfs file "error"). "No error state collected" when there was none.
 */
bool gpu_device_has_error(struct gpu_device *gpu);
int gpu_device_print_error(struct gpu_device *gpu, FILE *out);
void gpu_device_clear_error(struct gpu_device *gpu);
/* Engines, what they run, what waits: the debugfs file "i915_engine_info". */
int gpu_device_print_engines(struct gpu_device *gpu, FILE *out);

#endif
