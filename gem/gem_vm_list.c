/* Lists of objects: a batch has all of them in its address space, or none. */
#include <errno.h>
#include <stdlib.h>

#include "gem_interrupt.h"
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

/* Checks the list and makes items of it. */
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
static int pin_all(struct gem_vm *vm, struct item *items, unsigned count,
	struct gem_fence_set *waits)
{
	unsigned missing = 0;
	int ret;

	for (unsigned i = 0; i < count; i++) {
		ret = gem_vma_pin_bound(items[i].bind->obj, vm, &items[i].placement,
			&items[i].bind->vma);
		if (ret && ret != -ENOENT)
			return ret;
		missing += ret != 0;
	}
	if (!missing)
		return 0;
	qsort(items, count, sizeof(*items), compare);
	for (unsigned i = 0; i < count; i++) {
		struct gem_bind *bind = items[i].bind;

		if (bind->vma)
			continue;
		ret = gem_vma_pin_placement(bind->obj, vm, &items[i].placement, waits,
			&bind->vma);
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

/* The whole list or nothing. -EAGAIN: the work in *waits has to end first. */
static int try_list(struct gem_vm *vm, struct gem_bind *binds, struct item *items, unsigned count,
	struct gem_fence_set *waits)
{
	int ret = pin_all(vm, items, count, waits);

	if (ret == -ENOSPC) {
		unpin_all(binds, count);
		ret = gem_vm_evict_idle(vm, waits);
		if (ret == 0)
			ret = waits->count ? -EAGAIN : pin_all(vm, items, count, waits);
	}
	if (ret == 0)
		ret = get_fence_regs(binds, count);
	if (ret)
		unpin_all(binds, count);
	return ret;
}

/*
 * Waits without the turn, so that one list's work holds up nobody else's lists;
 * unless these have filled the space again each time.
 */
static int take_turn(struct gem_vm *vm, struct gem_bind *binds, struct item *items, unsigned count)
{
	enum { FAIR_TRIES = 8 };
	int ret;

	pthread_mutex_lock(&vm->turn);
	for (unsigned tries = 0;; tries++) {
		struct gem_fence_set waits = {0};

		ret = try_list(vm, binds, items, count, &waits);
		if (ret == -EAGAIN) {
			if (tries < FAIR_TRIES)
				pthread_mutex_unlock(&vm->turn);
			ret = gem_fence_set_wait_interruptible(&waits);
			if (tries < FAIR_TRIES)
				pthread_mutex_lock(&vm->turn);
			ret = ret ? ret : -EAGAIN;
		}
		gem_fence_set_finish(&waits);
		if (ret != -EAGAIN)
			break;
	}
	if (ret)
		pthread_mutex_unlock(&vm->turn);
	return ret;
}

int gem_vm_acquire(struct gem_vm *vm, struct gem_bind *binds, unsigned count)
{
	struct item few[16]; /* most lists are short */
	struct item *items = count <= GEM_ARRAY_SIZE(few) ? few : calloc(count, sizeof(*items));

	if (!items)
		return -ENOMEM;
	int ret = prepare(vm, binds, count, items);
	if (ret == 0)
		ret = take_turn(vm, binds, items, count);
	if (items != few)
		free(items);
	return ret;
}

void gem_vm_release(struct gem_vm *vm, struct gem_bind *binds, unsigned count)
{
	put_fence_regs(binds, count);
	unpin_all(binds, count);
	pthread_mutex_unlock(&vm->turn);
}
