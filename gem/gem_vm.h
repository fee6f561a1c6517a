/*
 * Address spaces of the GPU: the global GTT (all of it reachable by engines,
 * its first part also through the mappable aperture, where fence registers
 * detile), and one space per context (PPGTT).
 *
 * What is in an address space is a struct gem_vma (gem_vma.h). When there is no
 * room, the least recently used of those that are not pinned leave: idle ones
 * first; else their work is waited for.
 *
 * Locks: gem_device.vm_lock guards all address spaces, bindings and fence
 * registers of a device. It is inside of memory.lock and gem_object.mm.lock,
 * outside of the reservations' locks. A space's turn (gem_vm_acquire) is
 * outside of all of them.
 */
#ifndef GEM_VM_H
#define GEM_VM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gem_base.h"
#include "gem_range.h"

struct gem_device;
struct gem_object;
struct gem_vma;

#define GEM_GTT_SIZE (512ull << 20)
#define GEM_GTT_MAPPABLE (256ull << 20)
#define GEM_PPGTT_SIZE (1ull << 48)

struct gem_vm {
	atomic_uint refcount;
	struct gem_device *dev;
	uint64_t id;           /* never twice in a process; orders an object's bindings; immutable */
	uint64_t size;         /* bytes; immutable */
	uint64_t mappable_end; /* bytes from 0; 0 = no aperture; immutable */
	bool global;           /* immutable */
	/* dev->vm_lock: */
	struct gem_range range;
	struct gem_list bound; /* struct gem_vma, least recently used first */
	unsigned bound_count;
	uint64_t pinned;       /* bytes */
	uint64_t evictions;    /* bindings that had to leave, since the start */
	/* Whose list of objects is bound now: gem_vm_acquire. */
	pthread_mutex_t turn;
};

/*
 * size and mappable_end page aligned; only the global space has an aperture.
 * The first page of the others stays empty, so that address 0 faults.
 * -EINVAL; -ENOMEM.
 */
int gem_vm_create(struct gem_device *dev, uint64_t size, uint64_t mappable_end, bool global,
	struct gem_vm **out);
struct gem_vm *gem_vm_get(struct gem_vm *vm);
/* The last one unbinds what is left. NULL is fine. */
void gem_vm_put(struct gem_vm *vm);

/*
 * Translation for the GPU: the object at address, new reference; *offset is the
 * byte in it, < object's size. NULL = nothing there: a fault. The padding of a
 * binding that is larger than its object faults too.
 */
struct gem_object *gem_vm_lookup(struct gem_vm *vm, uint64_t address, uint64_t *offset);

/* I915_GEM_GET_APERTURE: size, and what pins leave of it. */
void gem_vm_aperture(struct gem_vm *vm, uint64_t *size, uint64_t *available);

/* Calls visit for every binding, by address, under dev->vm_lock (text nodes). */
void gem_vm_walk(struct gem_vm *vm, void (*visit)(const struct gem_vma *vma, void *data),
	void *data);

/* ---- lists: what a batch needs ---- */

struct gem_bind {
	struct gem_object *obj; /* caller's reference; each object once */
	uint64_t align;         /* power of two, 0 = page */
	uint64_t offset;        /* with GEM_PIN_FIXED */
	uint64_t pad_to_size;   /* bytes of address space at least, whole pages; 0 = the object's */
	unsigned flags;         /* GEM_PIN_*; NOEVICT and NONBLOCK must not be set */
	bool fence_reg;         /* a fence register when tiled; implies GEM_PIN_MAPPABLE */
	struct gem_vma *vma;    /* out: pinned; .node.start is the address */
};

/*
 * Binds and pins the whole list, or nothing. Objects stay where they are if
 * that fits their constraints. If the others find no room, everything unpinned
 * leaves the space, the list too, and it is tried once more, large ones first.
 *
 * On success the caller has the space's turn until gem_vm_release, so that two
 * lists that fit one after the other are not refused. It makes its relocations,
 * puts the fence into the reservations (gem_resv_submit), and releases: the
 * fences keep the objects in place from then on.
 *
 * May wait for the GPU: no lock of gem_device or gem_object may be held. It waits
 * without the turn, but for lists that others are too quick for again and again.
 * -EINTR, nobody wants it any more (gem_interrupt.h); -ENOSPC the list does not fit; -EDEADLK more fence registers are needed than
 * there are; -EBUSY somebody has an object pinned in a place that does not do
 * (scanout); -EINVAL; and the errors of gem_object_pin_pages.
 */
int gem_vm_acquire(struct gem_vm *vm, struct gem_bind *binds, unsigned count);
/* Unpins the list and gives the turn back: same thread, same list. */
void gem_vm_release(struct gem_vm *vm, struct gem_bind *binds, unsigned count);

#endif
