/*
 * EXECBUFFER2 without user space: objects, relocations and fences come in as
 * plain memory (protocols/drm has copied and checked the shapes), a request goes
 * to the GPU (kernel: i915_gem_execbuffer.c).
 */
#ifndef GPU_SUBMIT_H
#define GPU_SUBMIT_H

#include <i915_drm.h>

#include "gem_context.h"
#include "gem_fence.h"
#include "gem_object.h"
#include "gpu_device.h"

/* An entry of the list. Addresses are canonical: bit 47 is extended to the left. */
struct gpu_exec_object {
	struct gem_object *obj;      /* caller's reference; each object once */
	uint32_t handle;
	uint64_t flags;              /* EXEC_OBJECT_* */
	uint64_t alignment, pad_to_size;
	uint64_t offset;             /* in: presumed (or PINNED) address; out: where it is */
	struct drm_i915_gem_relocation_entry *relocs; /* presumed_offset is updated */
	unsigned reloc_count;
	bool relocated;              /* out: some of relocs were written, presumed_offsets are new */
};

struct gpu_exec {
	struct gem_context *context;
	enum gpu_class class;
	uint64_t flags;              /* I915_EXEC_*: NO_RELOC, HANDLE_LUT, BATCH_FIRST, ... */
	struct gpu_exec_object *objects;
	unsigned object_count;
	uint32_t batch_start, batch_len; /* bytes; multiples of 8; len 0 = to the end */
	struct gem_fence **waits;    /* in-fences */
	unsigned wait_count;
	bool moved;                  /* out: without NO_RELOC, or some offset is not the presumed one */
};

/*
 * *fence: of the request, new reference (out-fences). Errors: -EINVAL alignment,
 * offset, flags, an object twice, relocation (offset beyond the object or not a
 * multiple of 4, domains, more than one write domain, a tiled object), batch
 * beyond its object; -ENOENT a relocation's target is not in the list, or the
 * context was destroyed; -ENOSPC does not fit; -EDEADLK fence registers; -EIO
 * banned or wedged; -EINTR (gem_interrupt.h); -EFAULT purged object; -EAGAIN the
 * context has too much queued; -ENOMEM.
 * May wait for the GPU (room, relocations in busy objects).
 *
 * Relocations are checked before the first one is written; those that were
 * written stay so when there is an error afterwards: see relocated.
 */
int gpu_submit(struct gpu_device *gpu, struct gpu_exec *exec, struct gem_fence **fence);

#endif
