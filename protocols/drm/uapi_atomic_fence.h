/*
 * MODE_ATOMIC's properties that are descriptors or addresses: IN_FENCE_FD,
 * OUT_FENCE_PTR and WRITEBACK_OUT_FENCE_PTR (kernel: drm_atomic_uapi.c). The caller's
 * memory and descriptors are reached before and after dev->lock, never under it; what
 * the kernel would have said at that property is kept until its turn comes.
 */
#ifndef UAPI_ATOMIC_FENCE_H
#define UAPI_ATOMIC_FENCE_H

#include "kms_atomic.h"
#include "uapi.h"

struct uapi_atomic_fence {
	uint32_t at;             /* place among the request's properties */
	int error;               /* of this property, or 0 */
	uint64_t pointer;        /* out-fences: of an int32_t of the caller's; else 0 */
	struct gem_fence *fence; /* reference; NULL = none was asked for */
	int fd;                  /* out-fences: the sync_file, the server's; else -1 */
};

struct uapi_atomic_fences {
	struct uapi_atomic_fence *list; /* in the order of at */
	uint32_t count, capacity;
	bool test; /* TEST_ONLY: no out-fences are made */
};

/*
 * Looks at one property, which is kept when it is one of these. obj_id: the object it
 * is set on. -ENOMEM; -EMFILE.
 */
int uapi_atomic_fences_add(struct uapi_atomic_fences *fences, struct uapi_call *call, uint32_t at,
	uint32_t obj_id, uint32_t property_id, uint64_t value);
/* The one at that place, or NULL: an ordinary property. */
const struct uapi_atomic_fence *uapi_atomic_fences_find(const struct uapi_atomic_fences *fences,
	uint32_t at);
/* Under dev->lock; as kms_atomic_set_property. */
int uapi_atomic_fence_set(struct kms_atomic_state *state, struct kms_object *obj,
	uint32_t property_id, const struct uapi_atomic_fence *fence);
/* result: the commit's. Hands the out-fences out, or ends them. Frees all. */
void uapi_atomic_fences_finish(struct uapi_atomic_fences *fences, struct vfs_caller *caller,
	int result);

#endif
