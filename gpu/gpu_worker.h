/*
 * The thread of an engine: takes what is ready, feeds it to the engine through
 * ring and registers, and sees to how it ends. What takes no longer than to wake
 * the thread would is fed to the engine by who submits it.
 */
#ifndef GPU_WORKER_H
#define GPU_WORKER_H

#include "gpu_private.h"

/*
 * *worker is zeroed. second: initialised, with a NULL there itself. -ENOMEM;
 * -EAGAIN no thread. After an error too it wants a finish.
 */
int gpu_worker_init(struct gpu_worker *worker, struct gpu_device *gpu, enum gpu_class class,
	unsigned index, struct gpu_worker *second);
/* Joins: gpu_schedule_exit was called. */
void gpu_worker_finish(struct gpu_worker *worker);

/*
 * worker was resting and has a request now: executes that if it is short, the rest of it
 * is the thread's. Like gpu_schedule_finish, no lock held. now: CLOCK_MONOTONIC, about.
 */
void gpu_worker_start(struct gpu_worker *worker, int64_t now);

/* The engine as after a start: ring empty and enabled, status page in place. */
void gpu_worker_reset_engine(struct gpu_worker *worker);
uint32_t gpu_worker_reg(const struct gpu_worker *worker, enum gpu_reg reg);

#endif
