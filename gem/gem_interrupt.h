/*
 * Whether anybody still wants the answer that this thread waits for (a kernel's
 * signal_pending): waits that a client can make as long as it likes look now and
 * then, and end with -EINTR. Set by who runs requests of others; a thread that
 * works for itself is never interrupted.
 */
#ifndef GEM_INTERRUPT_H
#define GEM_INTERRUPT_H

#include <stdbool.h>

#include "gem_fence.h"

/* How often waits look. */
#define GEM_INTERRUPT_LOOK_NS 250000000ll

/* Of this thread; gone NULL = never. */
void gem_interrupt_set(bool (*gone)(void *data), void *data);
bool gem_interrupted(void);

/* gem_fence_wait without limit, but -EINTR when interrupted. */
int gem_fence_wait_interruptible(struct gem_fence *fence);
int gem_fence_set_wait_interruptible(const struct gem_fence_set *set);

#endif
