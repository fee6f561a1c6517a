/*
 * What a batch sees of memory: the ranges of its request and nothing else,
 * whatever else is bound in the same address space. In the global space it sees
 * the fence registers that its objects had when it was submitted too; they keep
 * them while they are busy.
 *
 * A device in strict mode (gem_memory_options.strict) faults writes to objects
 * that the client has not declared as written.
 */
#ifndef GPU_SPACE_H
#define GPU_SPACE_H

#include "gpu_request.h"

/* Makes request->bus; the ranges may come later. context is there. */
void gpu_space_init(struct gpu_request *request);
/* Sorts the ranges by start. -EINVAL: one is empty, wraps, or overlaps another. */
int gpu_space_sort(struct gpu_request *request);

#endif
