/* What the part is and can (kernel: i915_getparam.c), and what does not depend on objects. */
#include <errno.h>
#include <time.h>

#include "gem_fence_reg.h"
#include "gem_vm.h"
#include "uapi_handlers.h"
#include "uapi_i915.h"
#include "uapi_lease.h"

/* What the kernel says of every part, and we do of ours. */
static bool is_always_there(int param)
{
	switch (param) {
	case I915_PARAM_HAS_GEM:
	case I915_PARAM_HAS_PAGEFLIPPING:
	case I915_PARAM_HAS_EXECBUF2:
	case I915_PARAM_HAS_RELAXED_FENCING:
	case I915_PARAM_HAS_COHERENT_RINGS:
	case I915_PARAM_HAS_RELAXED_DELTA:
	case I915_PARAM_HAS_GEN7_SOL_RESET:
	case I915_PARAM_HAS_WAIT_TIMEOUT:
	case I915_PARAM_HAS_PRIME_VMAP_FLUSH:
	case I915_PARAM_HAS_PINNED_BATCHES:
	case I915_PARAM_HAS_EXEC_NO_RELOC:
	case I915_PARAM_HAS_EXEC_HANDLE_LUT:
	case I915_PARAM_HAS_COHERENT_PHYS_GTT:
	case I915_PARAM_HAS_EXEC_SOFTPIN:
	case I915_PARAM_HAS_BLT:
	case I915_PARAM_HAS_EXEC_ASYNC:
	case I915_PARAM_HAS_EXEC_BATCH_FIRST:
	case I915_PARAM_HAS_EXEC_TIMELINE_FENCES:
	case I915_PARAM_HAS_EXEC_FENCE_ARRAY:
	case I915_PARAM_HAS_EXEC_FENCE:
		return true;
	default:
		return false;
	}
}

/* What later parts have, or this one has not yet. */
static bool is_absent(int param)
{
	switch (param) {
	case I915_PARAM_HAS_OVERLAY:
	case I915_PARAM_HAS_BSD:
	case I915_PARAM_HAS_VEBOX:
	case I915_PARAM_HAS_BSD2:
	case I915_PARAM_HAS_LLC:
	case I915_PARAM_HAS_WT:
	case I915_PARAM_HAS_ALIASING_PPGTT:
	case I915_PARAM_HAS_SEMAPHORES:
	case I915_PARAM_HAS_SECURE_BATCHES:
	case I915_PARAM_CMD_PARSER_VERSION:
	case I915_PARAM_HAS_RESOURCE_STREAMER:
	case I915_PARAM_HAS_POOLED_EU:
	case I915_PARAM_MIN_EU_IN_POOL:
	case I915_PARAM_HAS_EXEC_CAPTURE:
	case I915_PARAM_HAS_CONTEXT_ISOLATION:
	case I915_PARAM_CS_TIMESTAMP_FREQUENCY:
	case I915_PARAM_HAS_EXEC_SUBMIT_FENCE:
	case I915_PARAM_HAS_USERPTR_PROBE:
		return true;
	default:
		return false;
	}
}

static int get_param(const struct uapi_device *dev, int param, int *value)
{
	switch (param) {
	/* From before the kernel set the modes. */
	case I915_PARAM_IRQ_ACTIVE:
	case I915_PARAM_ALLOW_BATCHBUFFER:
	case I915_PARAM_LAST_DISPATCH:
	case I915_PARAM_HAS_EXEC_CONSTANTS:
	/* Counts that this part does not report, firmware that it does not have. */
	case I915_PARAM_SUBSLICE_TOTAL:
	case I915_PARAM_EU_TOTAL:
	case I915_PARAM_SLICE_MASK:
	case I915_PARAM_SUBSLICE_MASK:
	case I915_PARAM_HUC_STATUS:
		return -ENODEV;
	case I915_PARAM_CHIPSET_ID:
		*value = UAPI_PCI_DEVICE;
		return 0;
	case I915_PARAM_REVISION:
		*value = UAPI_PCI_REVISION;
		return 0;
	case I915_PARAM_NUM_FENCES_AVAIL:
		*value = dev->gem.fence_regs->count;
		return 0;
	case I915_PARAM_HAS_GPU_RESET:
		*value = 2; /* of an engine alone, too */
		return 0;
	case I915_PARAM_HAS_SCHEDULER:
		*value = I915_SCHEDULER_CAP_ENABLED | I915_SCHEDULER_CAP_PRIORITY |
			I915_SCHEDULER_CAP_PREEMPTION;
		return 0;
	case I915_PARAM_MMAP_VERSION:
	case I915_PARAM_MMAP_GTT_COHERENT:
		*value = 1;
		return 0;
	case I915_PARAM_MMAP_GTT_VERSION:
		*value = 4; /* MMAP_OFFSET, and maps larger than the aperture */
		return 0;
	default:
		*value = is_always_there(param);
		return *value || is_absent(param) ? 0 : -EINVAL;
	}
}

int uapi_i915_getparam(struct uapi_call *call, void *data)
{
	const struct drm_i915_getparam *args = data;
	int value;

	int ret = get_param(call->file->dev, args->param, &value);
	if (ret)
		return ret;
	return vfs_copy_to(call->caller, (uintptr_t)args->value, &value, sizeof(value));
}

int uapi_i915_gem_get_aperture(struct uapi_call *call, void *data)
{
	struct drm_i915_gem_get_aperture *args = data;
	uint64_t size, available;

	gem_vm_aperture(call->file->dev->gem.ggtt, &size, &available);
	args->aper_size = size;
	args->aper_available_size = available;
	return 0;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/*
 * Not more than 20 ms of batches are to be under way (kernel: i915_gem_throttle.c):
 * waits for the file's older ones.
 */
int uapi_i915_gem_throttle(struct uapi_call *call, void *data)
{
	enum { RECENT_NS = 20000000 };
	struct gem_fence_set older = {0};

	if (gpu_device_wedged(call->file->dev->gpu))
		return -EIO;
	int ret = gem_contexts_add_older(&call->file->gem.contexts, now_ns() - RECENT_NS, &older);
	if (ret == 0)
		ret = gem_fence_set_wait(&older, -1, NULL);
	gem_fence_set_finish(&older);
	return ret;
}

/* The registers that may be read are those of later parts. */
int uapi_i915_reg_read(struct uapi_call *call, void *data)
{
	return -EINVAL;
}

int uapi_i915_get_pipe_from_crtc_id(struct uapi_call *call, void *data)
{
	struct drm_i915_get_pipe_from_crtc_id *args = data;
	const struct kms_device *kms = call->file->dev->kms;

	for (unsigned i = 0; i < kms->crtc_count; i++) {
		if (kms->crtcs[i].base.id != args->crtc_id ||
		    !uapi_lease_holds(call->file, &kms->crtcs[i].base))
			continue;
		args->pipe = i;
		return 0;
	}
	return -ENOENT;
}

/* Memory of before GEM, and pins that only the X server of that time could ask for. */
int uapi_i915_gone(struct uapi_call *call, void *data)
{
	return -ENODEV;
}

int uapi_i915_gem_execbuffer(struct uapi_call *call, void *data)
{
	return -EINVAL; /* removed from the kernel: EXECBUFFER2 came */
}
