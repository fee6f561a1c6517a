/* Between gem_vm*.c, gem_vma*.c and gem_fence_reg.c. */
#ifndef GEM_VM_PRIVATE_H
#define GEM_VM_PRIVATE_H

#include "gem_fence_reg.h"
#include "gem_resv.h"

/* What a binding has to be like; made from the arguments of gem_vma_pin. */
struct gem_placement {
	uint64_t size, align, offset;
	uint64_t low, high; /* of the addresses, low <= a < high */
	unsigned flags;     /* GEM_PIN_* */
};

/* -EINVAL, -E2BIG. Takes obj->mm.lock to see its tiling. */
int gem_vma_placement(struct gem_object *obj, struct gem_vm *vm, uint64_t align,
	uint64_t offset, unsigned flags, struct gem_placement *placement);
/*
 * As gem_vma_pin, but waits for nobody: -EAGAIN, the work in *waits (not empty) has
 * to end first.
 */
int gem_vma_pin_placement(struct gem_object *obj, struct gem_vm *vm,
	const struct gem_placement *placement, struct gem_fence_set *waits, struct gem_vma **out);
/* As gem_vma_pin, but only where obj is bound already; -ENOENT when it would have to move. */
int gem_vma_pin_bound(struct gem_object *obj, struct gem_vm *vm,
	const struct gem_placement *placement, struct gem_vma **out);

/* Unbinds what is neither pinned nor busy; adds the work of the busy ones to *waits. -ENOMEM. */
int gem_vm_evict_idle(struct gem_vm *vm, struct gem_fence_set *waits);

/* ---- under dev->vm_lock ---- */

/* obj's binding in vm, or NULL. */
struct gem_vma *gem_vma_find_locked(struct gem_object *obj, const struct gem_vm *vm);
/* vma is not pinned; frees it. */
void gem_vma_unbind_locked(struct gem_vma *vma);

/*
 * gem_vma_evict.c. Makes room for vma and gives it its place, evicting as
 * placement allows. -ENOSPC; -EAGAIN: the pending work in *waits (not empty)
 * has to end first; -ENOMEM.
 */
int gem_vma_place_locked(struct gem_vma *vma, const struct gem_placement *placement,
	struct gem_fence_set *waits);

/* Turns vma's register off; it is not pinned. */
void gem_fence_reg_revoke_locked(struct gem_vma *vma);

#endif
