/* What a client says about the contents (kernel: i915_gem_madvise_ioctl). */
#include <errno.h>

#include "gem_private.h"

/* The list says who goes first. */
static void relist(struct gem_object *obj)
{
	struct gem_region *region = obj->region;

	if (!region || gem_list_empty(&obj->mm.link))
		return; /* nowhere, or never to go */
	gem_list_del(&obj->mm.link);
	gem_list_add_tail(obj->mm.madv == GEM_MADV_DONTNEED ? &region->purgeable : &region->lru,
		&obj->mm.link);
}

int gem_object_madvise(struct gem_object *obj, enum gem_madv want, bool *retained)
{
	struct gem_memory *memory = &obj->dev->memory;

	if (want != GEM_MADV_WILLNEED && want != GEM_MADV_DONTNEED)
		return -EINVAL;
	pthread_mutex_lock(&memory->lock);
	pthread_mutex_lock(&obj->mm.lock);
	if (obj->mm.madv != GEM_MADV_PURGED) {
		obj->mm.madv = want;
		relist(obj);
		/* No pages: what is in the swap file is not worth to be kept. */
		if (want == GEM_MADV_DONTNEED && obj->filp < 0 && obj->ops->shrink)
			gem_storage_purge(obj);
	}
	*retained = obj->mm.madv != GEM_MADV_PURGED;
	pthread_mutex_unlock(&obj->mm.lock);
	pthread_mutex_unlock(&memory->lock);
	return 0;
}
