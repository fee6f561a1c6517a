/*
 * Fence registers: windows of the mappable aperture through which a tiled
 * object looks linear to the CPU, and tell the blitter of gen3 what is tiled.
 * There are few: the least recently used that nobody has pinned is taken away
 * from its object.
 *
 * The rules of gen3 for sizes and strides are in gem_tiling.h.
 */
#ifndef GEM_FENCE_REG_H
#define GEM_FENCE_REG_H

#include "gem_vma.h"

enum { GEM_FENCE_REGS_DEFAULT = 16, GEM_FENCE_REGS_MAX = 32 };

/* What a register describes. */
struct gem_fence_window {
	uint64_t start, size;   /* bytes of the global GTT */
	enum gem_tiling tiling; /* X or Y */
	uint32_t stride;        /* bytes */
};

struct gem_fence_reg {
	struct gem_vma *vma; /* NULL = off */
	struct gem_fence_window window;
	unsigned pin_count;
	struct gem_list link; /* gem_fence_regs.lru */
};

/* All under dev->vm_lock. */
struct gem_fence_regs {
	unsigned count;
	struct gem_fence_reg regs[GEM_FENCE_REGS_MAX];
	struct gem_list lru; /* least recently used first */
	uint64_t steals;     /* since the start: an object lost its register to another one */
};

/* count 0 = default. On the heap, freed by free(). -EINVAL more than GEM_FENCE_REGS_MAX. */
int gem_fence_regs_create(unsigned count, struct gem_fence_regs **out);

/*
 * A register for vma, which the caller has pinned with GEM_PIN_MAPPABLE, set to
 * its object's tiling and pinned until gem_fence_reg_put. A linear object needs
 * none: 0, and vma->fence_reg stays -1.
 *
 * Waits for the work of an object that is to lose its register, calls the
 * stolen hook and takes mm.lock: no lock may be held.
 * -EINVAL not in the aperture or misaligned; -EBUSY the register is pinned with
 * another tiling; -EDEADLK all registers are pinned; -ENOMEM.
 */
int gem_fence_reg_get(struct gem_vma *vma);
/* Nothing to do for a vma without a register. vma still pinned. */
void gem_fence_reg_put(struct gem_vma *vma);

/*
 * Before a change of tiling; mm.lock may be held. Turns obj's register off.
 * -EBUSY: it is pinned, or work is pending on obj.
 */
int gem_object_drop_fence_reg(struct gem_object *obj);

/*
 * What the page fault of a client's access through the aperture does on a
 * kernel: binds obj there and gives it a register if it is tiled, taking it
 * from another. Nobody notices when there is no room: the client's view does
 * not need the place (gem_view.h). No lock held; may wait as above.
 */
void gem_object_use_aperture(struct gem_object *obj);

/* The window that holds address of the global GTT: false = linear there. */
bool gem_fence_reg_lookup(struct gem_device *dev, uint64_t address,
	struct gem_fence_window *window);

/* Calls visit for each register, under dev->vm_lock (text nodes). */
void gem_fence_regs_walk(struct gem_device *dev,
	void (*visit)(unsigned index, const struct gem_fence_reg *reg, void *data), void *data);

#endif
