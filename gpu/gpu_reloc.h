/* Inside of gpu/: relocations of a list whose objects have their addresses. */
#ifndef GPU_RELOC_H
#define GPU_RELOC_H

#include "gpu_submit.h"

/* offset of each object is where it is. */
struct gpu_reloc {
	struct gpu_exec *exec;
	bool *todo; /* by object: some of its relocations have to be written */
	bool any;   /* of todo */
};

/* Bit 47 extended to the left: what clients see of an address. */
static inline uint64_t gpu_canonical(uint64_t address)
{
	return (uint64_t)((int64_t)(address << 16) >> 16);
}

/*
 * Checks all, marks targets that are written (EXEC_OBJECT_WRITE), and finds out
 * what there is to do. todo has room for each object. -EINVAL; -ENOENT; -ENOMEM.
 */
int gpu_reloc_check(struct gpu_reloc *reloc, struct gpu_exec *exec, bool *todo);
/* An object that has to be written and is busy, NULL = none. */
struct gem_object *gpu_reloc_busy(const struct gpu_reloc *reloc);
/*
 * Writes, waiting for busy objects. Errors of gem_object_pin_pages, -EFAULT for
 * a purged object among them; -ENOMEM.
 */
int gpu_reloc_write(struct gpu_reloc *reloc);

#endif
