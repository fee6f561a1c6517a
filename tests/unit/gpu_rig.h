/*
 * A whole GPU for tests of its scheduler: a device, a file's contexts, and
 * requests that are put together by hand, without gpu_submit.
 */
#ifndef GPU_RIG_H
#define GPU_RIG_H

#include "gem_context.h"
#include "gem_file.h"
#include "gpu_packet.h"
#include "gpu_request.h"

enum { RIG_BATCH_AT = 0x100000, RIG_DATA_AT = 0x200000 };

struct gpu_rig {
	struct gem_device dev;
	struct gem_file file;
	struct gpu_device *gpu;
};

/* A context and its timelines: what order there is between its requests. */
struct gpu_rig_context {
	struct gem_context *context;
	struct {
		uint64_t timeline, seqno;
		struct gem_fence *last; /* reference */
	} classes[GPU_CLASS_COUNT];
};

/* A request that grows. */
struct gpu_rig_job {
	struct gpu_request *request;
	struct gpu_rig_context *context;
	uint32_t *batch;
	unsigned emitted;
};

void gpu_rig_init(struct gpu_rig *rig, const struct gpu_options *options);
/* Nothing may be left of objects. */
void gpu_rig_finish(struct gpu_rig *rig);
void gpu_rig_context_init(struct gpu_rig *rig, struct gpu_rig_context *context);
void gpu_rig_context_finish(struct gpu_rig_context *context);

/* Zeroed; pinned until gpu_rig_object_put. */
struct gem_object *gpu_rig_object(struct gpu_rig *rig, uint64_t size, void **pages);
void gpu_rig_object_put(struct gem_object *obj);

/*
 * Its batch is an object of its own; objects (NULL-terminated) are at
 * RIG_DATA_AT and every MiB behind.
 */
void gpu_rig_job_init(struct gpu_rig *rig, struct gpu_rig_job *job,
	struct gpu_rig_context *context, enum gpu_class class, struct gem_object **objects);
void gpu_rig_emit(struct gpu_rig_job *job, const uint32_t *dwords, unsigned count);
#define RIG_EMIT(job, ...)                                                      \
	gpu_rig_emit(job, (const uint32_t[]){__VA_ARGS__},                      \
		sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))
/* A jump to its own start. */
void gpu_rig_emit_endless(struct gpu_rig_job *job);
void gpu_rig_job_wait_for(struct gpu_rig_job *job, struct gem_fence *fence);
/* Ends the batch, submits it in the context's order; the fence, new reference. */
struct gem_fence *gpu_rig_submit(struct gpu_rig_job *job);
/* Waits for at most 20 s; the status. Puts the fence. */
int gpu_rig_wait(struct gem_fence *fence);

/* Requests of one packet. */
struct gem_fence *gpu_rig_store(struct gpu_rig *rig, struct gpu_rig_context *context,
	enum gpu_class class, struct gem_object *obj, uint32_t offset, uint32_t value);
struct gem_fence *gpu_rig_endless(struct gpu_rig *rig, struct gpu_rig_context *context,
	enum gpu_class class);

/* Until a worker executes what has this fence: at most 20 s. */
void gpu_rig_wait_running(struct gpu_rig *rig, unsigned count);

#endif
