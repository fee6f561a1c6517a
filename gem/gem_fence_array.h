/*
 * A fence over several fences (kernel: dma_fence_array): signalled when all of
 * them are, with the error of the one that failed first.
 */
#ifndef GEM_FENCE_ARRAY_H
#define GEM_FENCE_ARRAY_H

#include "gem_fence.h"

/* Parts of one array: as many as a client may hold descriptors, more or less. */
#define GEM_FENCE_ARRAY_MAX 4096u

/*
 * New fence, of a timeline of its own. Takes references of its own; arrays among
 * the fences are replaced by their parts, of one context only the latest is
 * kept, those that are done without error are left out. What one fence says is
 * that fence: *out may be one of fences. None: a signalled one. -ENOMEM, also for
 * more than GEM_FENCE_ARRAY_MAX.
 */
int gem_fence_array_create(struct gem_fence *const *fences, unsigned count,
	struct gem_fence **out);
/*
 * What fence is made of: the parts of an array, or itself. They live as long as
 * the caller's reference to fence.
 */
unsigned gem_fence_parts(struct gem_fence *const *fence, struct gem_fence *const **parts);

/* A fence that is done, since ever; new reference. Never fails. */
struct gem_fence *gem_fence_stub(void);

/*
 * Whether it is somebody's that nobody knows of when it ends: no engine's, whose
 * batches end, if need be by a hang. Of a merged one: a part that is not signalled.
 */
bool gem_fence_is_foreign(struct gem_fence *fence);

#endif
