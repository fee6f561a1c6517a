/* Between uapi_i915_exec.c and uapi_i915_exec_fences.c: one EXECBUFFER2 on its way. */
#ifndef UAPI_I915_EXEC_H
#define UAPI_I915_EXEC_H

#include "gpu_submit.h"
#include "uapi_i915.h"

struct uapi_exec {
	struct uapi_call *call;
	struct drm_i915_gem_execbuffer2 *args;
	struct drm_i915_gem_exec_object2 *list; /* as the client gave it */
	struct gpu_exec gpu;
};

#endif
