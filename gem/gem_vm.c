/* Address spaces as a whole. */
#include <errno.h>
#include <stdlib.h>

#include "gem_vm_private.h"

int gem_vm_create(struct gem_device *dev, uint64_t size, uint64_t mappable_end, bool global,
	struct gem_vm **out)
{
	static atomic_uint_fast64_t last_id;

	if ((size | mappable_end) & (GEM_PAGE_SIZE - 1) || size <= GEM_PAGE_SIZE ||
	    mappable_end > size || (mappable_end && !global))
		return -EINVAL;
	struct gem_vm *vm = calloc(1, sizeof(*vm));
	if (!vm)
		return -ENOMEM;
	atomic_init(&vm->refcount, 1);
	vm->dev = dev;
	vm->id = atomic_fetch_add(&last_id, 1) + 1;
	vm->size = size;
	vm->mappable_end = mappable_end;
	vm->global = global;
	gem_range_init(&vm->range, global ? 0 : GEM_PAGE_SIZE, size);
	gem_list_init(&vm->bound);
	pthread_mutex_init(&vm->turn, NULL);
	*out = vm;
	return 0;
}

struct gem_vm *gem_vm_get(struct gem_vm *vm)
{
	atomic_fetch_add_explicit(&vm->refcount, 1, memory_order_relaxed);
	return vm;
}

void gem_vm_put(struct gem_vm *vm)
{
	if (!vm || atomic_fetch_sub_explicit(&vm->refcount, 1, memory_order_acq_rel) != 1)
		return;
	/* Pins have references: none is left. */
	pthread_mutex_lock(&vm->dev->vm_lock);
	while (!gem_list_empty(&vm->bound))
		gem_vma_unbind_locked(gem_list_entry(vm->bound.next, struct gem_vma, link));
	pthread_mutex_unlock(&vm->dev->vm_lock);
	pthread_mutex_destroy(&vm->turn);
	free(vm);
}

struct gem_object *gem_vm_lookup(struct gem_vm *vm, uint64_t address, uint64_t *offset)
{
	struct gem_object *obj = NULL;

	pthread_mutex_lock(&vm->dev->vm_lock);
	const struct gem_range_node *node = gem_range_find(&vm->range, address);
	if (node) {
		obj = gem_container_of(node, struct gem_vma, node)->obj;
		*offset = address - node->start;
		/* One that is being freed is as good as gone. */
		if (*offset >= obj->size || !gem_object_try_get(obj))
			obj = NULL;
	}
	pthread_mutex_unlock(&vm->dev->vm_lock);
	return obj;
}

int gem_vm_evict_idle(struct gem_vm *vm, struct gem_fence_set *waits)
{
	struct gem_vma *vma, *next;
	int ret = 0;

	pthread_mutex_lock(&vm->dev->vm_lock);
	gem_list_for_each_safe(vma, next, &vm->bound, link) {
		if (vma->pin_count)
			continue;
		if (gem_object_busy(vma->obj, NULL, NULL)) {
			ret = gem_object_pending(vma->obj, true, waits);
			if (ret)
				break;
		} else {
			vm->evictions++;
			gem_vma_unbind_locked(vma);
		}
	}
	pthread_mutex_unlock(&vm->dev->vm_lock);
	return ret;
}

void gem_vm_aperture(struct gem_vm *vm, uint64_t *size, uint64_t *available)
{
	pthread_mutex_lock(&vm->dev->vm_lock);
	*size = vm->size;
	*available = vm->size - vm->range.base - vm->pinned;
	pthread_mutex_unlock(&vm->dev->vm_lock);
}

void gem_vm_walk(struct gem_vm *vm, void (*visit)(const struct gem_vma *vma, void *data),
	void *data)
{
	struct gem_range_node *node;
	uint64_t address = 0;

	pthread_mutex_lock(&vm->dev->vm_lock);
	while ((node = gem_range_next(&vm->range, address))) {
		visit(gem_container_of(node, struct gem_vma, node), data);
		address = node->start + node->size;
	}
	pthread_mutex_unlock(&vm->dev->vm_lock);
}
