/*
 * Fences that are not the GPU's own may never be signalled: a program has made
 * them, or forgotten them. What waits for one has its objects in memory, and others
 * wait for it in turn; so its patience ends, and it runs as if the fence were
 * signalled (kernel: CONFIG_DRM_I915_FENCE_TIMEOUT). A thread looks, now and then.
 */
#ifndef GPU_PATIENCE_H
#define GPU_PATIENCE_H

#include <pthread.h>
#include <stdbool.h>

struct gpu_device;

/* Of a gpu_device; its lock guards all but thread. */
struct gpu_patience {
	pthread_t thread;
	bool started;        /* the thread is there */
	bool asleep;         /* until it is woken: nothing waits */
	bool ending;
	pthread_cond_t wake;
};

int gpu_patience_init(struct gpu_device *gpu); /* -EAGAIN no thread; wants a finish then too */
void gpu_patience_finish(struct gpu_device *gpu);

#endif
