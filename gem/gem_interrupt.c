#include <errno.h>

#include "gem_interrupt.h"

static _Thread_local struct {
	bool (*gone)(void *data);
	void *data;
} asker;

void gem_interrupt_set(bool (*gone)(void *data), void *data)
{
	asker.gone = gone;
	asker.data = data;
}

bool gem_interrupted(void)
{
	return asker.gone && asker.gone(asker.data);
}

int gem_fence_wait_interruptible(struct gem_fence *fence)
{
	while (gem_fence_wait(fence, GEM_INTERRUPT_LOOK_NS, NULL)) {
		if (gem_interrupted())
			return -EINTR;
	}
	return 0;
}

int gem_fence_set_wait_interruptible(const struct gem_fence_set *set)
{
	int ret = 0;

	for (unsigned i = 0; i < set->count && ret == 0; i++)
		ret = gem_fence_wait_interruptible(set->fences[i]);
	return ret;
}
