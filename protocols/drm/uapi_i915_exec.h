/* Between uapi_i915_exec.c and uapi_i915_exec_fences.c: one EXECBUFFER2 on its way. */
#ifndef UAPI_I915_EXEC_H
#define UAPI_I915_EXEC_H

#include "gem_syncobj.h"
#include "gpu_submit.h"
#include "uapi_i915.h"

/* A sync object that the batch waits for, or signals. */
struct uapi_exec_fence {
	struct gem_syncobj *syncobj; /* reference */
	struct gem_fence *wait;      /* reference, NULL = only to be signalled */
	struct gem_syncobj_point *memory; /* of the point to be signalled; NULL = binary, or used */
	uint64_t point;
	bool signal;
};

/* A sync_file that is there before its request is, so that the request can not fail late. */
struct uapi_exec_out {
	struct gem_fence *fence; /* signalled when the request's is */
	struct gem_fence_callback callback;
	int fd; /* not yet the client's */
};

struct uapi_exec {
	struct uapi_call *call;
	struct drm_i915_gem_execbuffer2 *args;
	struct uapi_exec_few *few;
	struct drm_i915_gem_exec_object2 *list; /* as the client gave it */
	struct uapi_exec_fence *fences;
	unsigned fence_count;
	struct gem_fence *in_fence;  /* reference, or NULL */
	struct uapi_exec_out *out;   /* or NULL */
	struct gpu_exec gpu;
};

/*
 * What the flags and cliprects_ptr say of fences; fills in gpu.waits. -EINVAL;
 * -ENOENT no such sync object; -EFAULT; -ENOMEM.
 */
int uapi_exec_get_fences(struct uapi_exec *exec);
/* With FENCE_OUT: exec->out. -ENOMEM; -EMFILE. */
int uapi_exec_prepare_out(struct uapi_exec *exec);
/* The request is on its way with fence: who is to be told will be. -EMFILE. */
int uapi_exec_signal_fences(struct uapi_exec *exec, struct gem_fence *fence);
/* Whatever of the above has been done. */
void uapi_exec_put_fences(struct uapi_exec *exec);

#endif
