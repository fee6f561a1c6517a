/* Lists of objects: a batch has all of them in its address space, or none. */
#include <errno.h>
#include <stdlib.h>

#include "gem_vm_private.h"

struct item {
	struct gem_bind *bind;
	struct gem_placement placement;
};

/* Those with the least choice come first: fixed, then by alignment, then by size. */
static int compare(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	unsigned rank_a = a->placement.flags & (GEM_PIN_FIXED | GEM_PIN_MAPPABLE);
	unsigned rank_b = b->placement.flags & (GEM_PIN_FIXED | GEM_PIN_MAPPABLE);

	if (rank_a != rank_b)
		return rank_a < rank_b ? 1 : -1;
	if (a->placement.align != b->placement.align)
		return a->placement.align < b->placement.align ? 1 : -1;
	if (a->placement.size != b->placement.size)
		return a->placement.size < b->placement.size ? 1 : -1;
	return a->bind < b->bind ? -1 : a->bind > b->bind;
}

/* Checks the list and sorts it into items. */
static int prepare(struct gem_vm *vm, struct gem_bind *binds, unsigned count, struct item *items)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < count; i++) {
		struct gem_bind *bind = &binds[i];
		unsigned flags = bind->flags | (bind->fence_reg ? GEM_PIN_MAPPABLE : 0);
		struct gem_placement *placement = &items[i].placement;

		bind->vma = NULL;
		items[i].bind = bind;
		int ret = gem_vma_placement(bind->obj, vm, bind->align, bind->offset, flags,
			placement);
		if (ret)
			return ret == -E2BIG ? -ENOSPC : ret;
		if (bind->pad_to_size > placement->high - placement->low)
			return -ENOSPC;
		if (placement->size < bind->pad_to_size)
			placement->size = bind->pad_to_size;
		total += placement->size; /* no overflow: each is at most the space */
		if (total > vm->size - vm->range.base)
			return -ENOSPC;
	}
	qsort(items, count, sizeof(*items), compare);
	return 0;
}

static void unpin_all(struct gem_bind *binds, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (binds[i].vma)
			gem_vma_unpin(binds[i].vma);
		binds[i].vma = NULL;
	}
}

/* What is in a good place already is pinned first: the others cannot push it out. */
static int pin_all(struct gem_vm *vm, struct item *items, unsigned count)
{
	int ret;

	for (unsigned i = 0; i < count; i++) {
		ret = gem_vma_pin_bound(items[i].bind->obj, vm, &items[i].placement,
			&items[i].bind->vma);
		if (ret && ret != -ENOENT)
			return ret;
	}
	for (unsigned i = 0; i < count; i++) {
		struct gem_bind *bind = items[i].bind;

		if (bind->vma)
			continue;
		ret = gem_vma_pin_placement(bind->obj, vm, &items[i].placement, &bind->vma);
		if (ret)
			return ret;
	}
	return 0;
}

static void put_fence_regs(struct gem_bind *binds, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (binds[i].fence_reg)
			gem_fence_reg_put(binds[i].vma);
	}
}

static int get_fence_regs(struct gem_bind *binds, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		int ret = binds[i].fence_reg ? gem_fence_reg_get(binds[i].vma) : 0;

		if (ret) {
			put_fence_regs(binds, i);
			return ret;
		}
	}
	return 0;
}

int gem_vm_acquire(struct gem_vm *vm, struct gem_bind *binds, unsigned count)
{
	struct item *items = calloc(count ? count : 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	int ret = prepare(vm, binds, count, items);
	if (ret)
		goto free_items;
	pthread_mutex_lock(&vm->turn);
	ret = pin_all(vm, items, count);
	if (ret == -ENOSPC) {
		unpin_all(binds, count);
		ret = gem_vm_evict(vm);
		if (ret == 0)
			ret = pin_all(vm, items, count);
	}
	if (ret == 0)
		ret = get_fence_regs(binds, count);
	if (ret) {
		unpin_all(binds, count);
		pthread_mutex_unlock(&vm->turn);
	}
free_items:
	free(items);
	return ret;
}

void gem_vm_release(struct gem_vm *vm, struct gem_bind *binds, unsigned count)
{
	put_fence_regs(binds, count);
	unpin_all(binds, count);
	pthread_mutex_unlock(&vm->turn);
}
