/* For the tests of address spaces: a device with a small GTT, objects without memory. */
#ifndef GEM_GTT_H
#define GEM_GTT_H

#include <errno.h>
#include <stdlib.h>

#include "gem_fence_reg.h"
#include "gem_memory.h"
#include "gem_resv.h"
#include "gem_vma.h"
#include "test.h"

#define PAGE GEM_PAGE_SIZE

static inline void fake_free(struct gem_object *obj)
{
	gem_object_finish(obj);
	free(obj);
}

static inline int fake_populate(struct gem_object *obj)
{
	(void)obj;
	return 0;
}

static inline int fake_get_pages(struct gem_object *obj, void **ptr)
{
	*ptr = obj;
	return 0;
}

static inline void fake_put_pages(struct gem_object *obj, void *ptr)
{
	CHECK(ptr == obj);
}

static const struct gem_object_ops fake_ops = {
	.name = "fake",
	.free = fake_free,
	.populate = fake_populate,
	.get_pages = fake_get_pages,
	.put_pages = fake_put_pages,
};

static inline void gtt_init(struct gem_device *dev, uint64_t size, uint64_t mappable)
{
	struct gem_memory_options options = {.gtt = size, .mappable = mappable};

	CHECK_INT(gem_device_init(dev, &options), 0);
}

/* Everything must have been given back. */
static inline void gtt_finish(struct gem_device *dev)
{
	CHECK_INT(dev->object_count, 0);
	CHECK_INT(dev->ggtt->range.used, 0);
	CHECK_INT(dev->ggtt->pinned, 0);
	CHECK_INT(dev->ggtt->bound_count, 0);
	CHECK_INT(dev->ggtt->refcount, 1);
	gem_device_finish(dev);
}

static inline struct gem_object *fake_object(struct gem_device *dev, uint64_t size)
{
	struct gem_object *obj = malloc(sizeof(*obj));

	CHECK_INT(gem_object_init(obj, dev, &fake_ops, size), 0);
	return obj;
}

static inline struct gem_object *tiled_object(struct gem_device *dev, uint64_t size)
{
	struct gem_object *obj = fake_object(dev, size);

	obj->tiling = GEM_TILING_X;
	obj->stride = 512;
	return obj;
}

/* Binds and leaves it unpinned; the address. */
static inline uint64_t bind(struct gem_object *obj, struct gem_vm *vm, unsigned flags)
{
	struct gem_vma *vma;

	CHECK_INT(gem_vma_pin(obj, vm, 0, 0, flags, &vma), 0);
	uint64_t start = vma->node.start;
	gem_vma_unpin(vma);
	return start;
}

static inline struct gem_vma *pin(struct gem_object *obj, struct gem_vm *vm, unsigned flags)
{
	struct gem_vma *vma = NULL;

	CHECK_INT(gem_vma_pin(obj, vm, 0, 0, flags, &vma), 0);
	return vma;
}

static inline void count_binding(const struct gem_vma *vma, void *data)
{
	(void)vma;
	++*(unsigned *)data;
}

/* In how many spaces obj is. */
static inline unsigned bindings(struct gem_object *obj)
{
	unsigned count = 0;

	gem_object_walk_vmas(obj, count_binding, &count);
	return count;
}

static inline struct gem_fence *make_busy(struct gem_object *obj)
{
	struct gem_fence *fence;

	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, 0, &fence), 0);
	CHECK_INT(gem_object_add_fence(obj, fence, true), 0);
	return fence;
}

static inline void end_work(struct gem_fence *fence)
{
	gem_fence_signal(fence, 0);
	gem_fence_put(fence);
}

#endif
