/*
 * An object's place in an address space.
 *
 * While it is bound the object has its pages; only pins keep them: the
 * shrinker, or whoever else takes pages away, calls gem_object_unbind_all
 * before. A struct gem_vma may be used as long as it is pinned; unpinned ones
 * go with an eviction, the object or the address space.
 */
#ifndef GEM_VMA_H
#define GEM_VMA_H

#include "gem_object.h"
#include "gem_vm.h"

struct gem_vma {
	struct gem_object *obj; /* no reference, a pin has one; immutable */
	struct gem_vm *vm;      /* no reference, a pin has one; immutable */
	/* .start = address, .size >= obj->size (a fence's size); constant while pinned */
	struct gem_range_node node;
	/* dev->vm_lock: */
	unsigned pin_count;
	int fence_reg;          /* index, -1 = none */
	struct gem_list link;   /* vm->bound */
	struct gem_vma *left, *right; /* obj->vmas, by vm->id */
	uint32_t priority;
	/* While it is taken out in a search for room: where it was, and the next one. */
	uint64_t victim_start;
	struct gem_vma *next_victim;
};

enum {
	GEM_PIN_MAPPABLE = 1, /* inside the aperture, with a tiled object's fence size and alignment */
	GEM_PIN_FIXED = 2,    /* at offset; what is there leaves */
	GEM_PIN_NOEVICT = 4,  /* only free room */
	GEM_PIN_NONBLOCK = 8, /* evict only what is idle */
	GEM_PIN_ZONE_4G = 16, /* below 4 GiB */
};

/*
 * Binds obj into vm, or finds it bound, and pins it: place and pages stay.
 * One that is bound against align, offset or flags moves.
 * -ENOSPC no room (or, when FIXED, a pinned neighbour); -E2BIG larger than the
 * space or aperture; -EBUSY bound and pinned elsewhere in vm; -EINVAL align,
 * offset or flags make no sense; errors of gem_object_pin_pages.
 *
 * Unless NONBLOCK or NOEVICT is set it may wait for the GPU: no lock of
 * gem_device or gem_object may be held. gem_object.mm.lock is taken.
 */
int gem_vma_pin(struct gem_object *obj, struct gem_vm *vm, uint64_t align, uint64_t offset,
	unsigned flags, struct gem_vma **out);
void gem_vma_unpin(struct gem_vma *vma);

/*
 * Unbinds obj everywhere, for who takes its pages away. mm.lock may be held.
 * -EBUSY: pinned somewhere, or work is pending on it; nothing changed.
 */
int gem_object_unbind_all(struct gem_object *obj);
/* The same for an object that nobody can reach any more. */
void gem_object_finish_vmas(struct gem_object *obj);

/* Calls visit for each binding of obj, under dev->vm_lock (text nodes). */
void gem_object_walk_vmas(struct gem_object *obj,
	void (*visit)(const struct gem_vma *vma, void *data), void *data);

#endif
