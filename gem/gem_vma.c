/* Bindings: an object's treap of them, pin and unbind. */
#include <errno.h>
#include <stdlib.h>

#include "gem_vm_private.h"

/* ---- the treap of an object: few entries mostly, but a shared object can have one per context ---- */

static struct gem_vma *merge(struct gem_vma *a, struct gem_vma *b)
{
	if (!a || !b)
		return a ? a : b;
	if (a->priority > b->priority) {
		a->right = merge(a->right, b);
		return a;
	}
	b->left = merge(a, b->left);
	return b;
}

/* *below: ids < id; *above: the others. */
static void split(struct gem_vma *vma, uint64_t id, struct gem_vma **below, struct gem_vma **above)
{
	if (!vma) {
		*below = *above = NULL;
	} else if (vma->vm->id < id) {
		split(vma->right, id, &vma->right, above);
		*below = vma;
	} else {
		split(vma->left, id, below, &vma->left);
		*above = vma;
	}
}

static void tree_add(struct gem_vma *vma)
{
	struct gem_vma *below, *above;

	/* Ids come in sequence; this hash of them makes heap order random. */
	vma->priority = (uint32_t)((vma->vm->id * 0x9e3779b97f4a7c15ull) >> 32);
	vma->left = vma->right = NULL;
	split(vma->obj->vmas, vma->vm->id, &below, &above);
	vma->obj->vmas = merge(merge(below, vma), above);
}

static void tree_remove(struct gem_vma *vma)
{
	struct gem_vma *below, *self, *above;

	split(vma->obj->vmas, vma->vm->id, &below, &above);
	split(above, vma->vm->id + 1, &self, &above);
	vma->obj->vmas = merge(below, above);
}

struct gem_vma *gem_vma_find_locked(struct gem_object *obj, const struct gem_vm *vm)
{
	struct gem_vma *vma = obj->vmas;

	while (vma && vma->vm != vm)
		vma = vm->id < vma->vm->id ? vma->left : vma->right;
	return vma;
}

/* ---- placement ---- */

int gem_vma_placement(struct gem_object *obj, struct gem_vm *vm, uint64_t align,
	uint64_t offset, unsigned flags, struct gem_placement *placement)
{
	*placement = (struct gem_placement){.size = obj->size, .offset = offset, .flags = flags,
		.align = align > GEM_PAGE_SIZE ? align : GEM_PAGE_SIZE,
		.low = vm->range.base, .high = vm->size};
	if (obj->dev != vm->dev || align & (align - 1))
		return -EINVAL;
	if (flags & GEM_PIN_MAPPABLE) {
		if (!vm->mappable_end)
			return -EINVAL;
		pthread_mutex_lock(&obj->mm.lock);
		placement->size = gem_fence_size(obj->size, obj->tiling);
		if (obj->tiling != GEM_TILING_NONE && placement->size > placement->align)
			placement->align = placement->size; /* a window starts at a multiple of its size */
		pthread_mutex_unlock(&obj->mm.lock);
		placement->high = vm->mappable_end;
	}
	if (flags & GEM_PIN_ZONE_4G && placement->high > 1ull << 32)
		placement->high = 1ull << 32;
	if (placement->size > placement->high - placement->low)
		return -E2BIG;
	if (flags & GEM_PIN_FIXED) {
		if (offset & (placement->align - 1))
			return -EINVAL;
		if (offset < placement->low || offset > placement->high - placement->size)
			return -ENOSPC;
	}
	return 0;
}

static bool fits(const struct gem_vma *vma, const struct gem_placement *placement)
{
	const struct gem_range_node *node = &vma->node;

	if (node->start & (placement->align - 1) || node->size < placement->size)
		return false;
	if (node->start < placement->low || node->start + placement->size > placement->high)
		return false;
	return !(placement->flags & GEM_PIN_FIXED) || node->start == placement->offset;
}

/* ---- bind and unbind: dev->vm_lock ---- */

void gem_vma_unbind_locked(struct gem_vma *vma)
{
	struct gem_vm *vm = vma->vm;

	gem_fence_reg_revoke_locked(vma);
	gem_range_remove(&vm->range, &vma->node);
	gem_list_del(&vma->link);
	vm->bound_count--;
	tree_remove(vma);
	free(vma);
}

static int bind_locked(struct gem_object *obj, struct gem_vm *vm,
	const struct gem_placement *placement, struct gem_fence_set *waits, struct gem_vma **out)
{
	struct gem_vma *vma = calloc(1, sizeof(*vma));

	if (!vma)
		return -ENOMEM;
	vma->obj = obj;
	vma->vm = vm;
	vma->node.size = placement->size;
	vma->fence_reg = -1;
	int ret = gem_vma_place_locked(vma, placement, waits);
	if (ret) {
		free(vma);
		return ret;
	}
	gem_list_add_tail(&vm->bound, &vma->link);
	vm->bound_count++;
	tree_add(vma);
	*out = vma;
	return 0;
}

/* Takes the references and makes it the most recently used one. */
static void pin_locked(struct gem_vma *vma)
{
	struct gem_vm *vm = vma->vm;

	gem_object_get(vma->obj);
	gem_vm_get(vm);
	if (vma->pin_count++ == 0)
		vm->pinned += vma->node.size;
	gem_list_del(&vma->link);
	gem_list_add_tail(&vm->bound, &vma->link);
}

/* A binding in the wrong place leaves, if it may. */
static int unbind_misplaced_locked(struct gem_vma *vma, const struct gem_placement *placement,
	struct gem_fence_set *waits)
{
	if (vma->pin_count)
		return -EBUSY;
	int ret = gem_object_pending(vma->obj, true, waits);
	if (ret)
		return ret;
	if (waits->count) {
		return placement->flags & (GEM_PIN_NOEVICT | GEM_PIN_NONBLOCK) ? -ENOSPC : -EAGAIN;
	}
	gem_vma_unbind_locked(vma);
	return 0;
}

static int try_pin_locked(struct gem_object *obj, struct gem_vm *vm,
	const struct gem_placement *placement, struct gem_fence_set *waits, struct gem_vma **out)
{
	struct gem_vma *vma = gem_vma_find_locked(obj, vm);
	int ret = 0;

	if (vma && !fits(vma, placement)) {
		ret = unbind_misplaced_locked(vma, placement, waits);
		vma = NULL;
	}
	if (ret == 0 && !vma)
		ret = bind_locked(obj, vm, placement, waits, &vma);
	if (ret)
		return ret;
	pin_locked(vma);
	*out = vma;
	return 0;
}

/* ---- pin ---- */

int gem_vma_pin(struct gem_object *obj, struct gem_vm *vm, uint64_t align, uint64_t offset,
	unsigned flags, struct gem_vma **out)
{
	struct gem_placement placement;
	int ret = gem_vma_placement(obj, vm, align, offset, flags, &placement);

	if (ret)
		return ret;
	do {
		struct gem_fence_set waits = {0};

		ret = gem_vma_pin_placement(obj, vm, &placement, &waits, out);
		if (ret == -EAGAIN)
			gem_fence_set_wait(&waits, -1, NULL);
		gem_fence_set_finish(&waits);
	} while (ret == -EAGAIN);
	return ret;
}

int gem_vma_pin_placement(struct gem_object *obj, struct gem_vm *vm,
	const struct gem_placement *placement, struct gem_fence_set *waits, struct gem_vma **out)
{
	void *pages;
	int ret = gem_object_pin_pages(obj, &pages);

	if (ret)
		return ret;
	pthread_mutex_lock(&vm->dev->vm_lock);
	ret = try_pin_locked(obj, vm, placement, waits, out);
	pthread_mutex_unlock(&vm->dev->vm_lock);
	if (ret)
		gem_object_unpin_pages(obj);
	return ret;
}

int gem_vma_pin_bound(struct gem_object *obj, struct gem_vm *vm,
	const struct gem_placement *placement, struct gem_vma **out)
{
	void *pages;
	int ret = gem_object_pin_pages(obj, &pages);

	if (ret)
		return ret;
	pthread_mutex_lock(&vm->dev->vm_lock);
	struct gem_vma *vma = gem_vma_find_locked(obj, vm);
	if (vma && fits(vma, placement))
		pin_locked(vma);
	else
		ret = -ENOENT;
	pthread_mutex_unlock(&vm->dev->vm_lock);
	if (ret)
		gem_object_unpin_pages(obj);
	else
		*out = vma;
	return ret;
}

void gem_vma_unpin(struct gem_vma *vma)
{
	struct gem_object *obj = vma->obj;
	struct gem_vm *vm = vma->vm;

	pthread_mutex_lock(&vm->dev->vm_lock);
	if (--vma->pin_count == 0)
		vm->pinned -= vma->node.size;
	pthread_mutex_unlock(&vm->dev->vm_lock);
	gem_object_unpin_pages(obj);
	gem_vm_put(vm);
	gem_object_put(obj);
}

/* ---- unbind everywhere ---- */

static bool any_pinned(const struct gem_vma *vma)
{
	return vma && (vma->pin_count || any_pinned(vma->left) || any_pinned(vma->right));
}

int gem_object_unbind_all(struct gem_object *obj)
{
	int ret = 0;

	pthread_mutex_lock(&obj->dev->vm_lock);
	if (any_pinned(obj->vmas) || gem_object_busy(obj, NULL, NULL))
		ret = -EBUSY;
	while (ret == 0 && obj->vmas)
		gem_vma_unbind_locked(obj->vmas);
	pthread_mutex_unlock(&obj->dev->vm_lock);
	return ret;
}

void gem_object_finish_vmas(struct gem_object *obj)
{
	pthread_mutex_lock(&obj->dev->vm_lock);
	while (obj->vmas)
		gem_vma_unbind_locked(obj->vmas);
	pthread_mutex_unlock(&obj->dev->vm_lock);
}

static void walk(const struct gem_vma *vma, void (*visit)(const struct gem_vma *vma, void *data),
	void *data)
{
	if (!vma)
		return;
	walk(vma->left, visit, data);
	visit(vma, data);
	walk(vma->right, visit, data);
}

void gem_object_walk_vmas(struct gem_object *obj,
	void (*visit)(const struct gem_vma *vma, void *data), void *data)
{
	pthread_mutex_lock(&obj->dev->vm_lock);
	walk(obj->vmas, visit, data);
	pthread_mutex_unlock(&obj->dev->vm_lock);
}
