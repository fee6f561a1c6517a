/* The device address space: fake offsets for mmap of the device file. */
#include <stddef.h>

#include "gem_device.h"

void gem_vma_manager_init(struct gem_vma_manager *manager)
{
	pthread_mutex_init(&manager->lock, NULL);
	gem_range_init(&manager->range, GEM_MMAP_OFFSET_BASE, GEM_MMAP_OFFSET_END);
}

void gem_vma_manager_finish(struct gem_vma_manager *manager)
{
	pthread_mutex_destroy(&manager->lock);
}

int gem_vma_add(struct gem_vma_manager *manager, struct gem_range_node *node)
{
	pthread_mutex_lock(&manager->lock);
	int ret = gem_range_insert(&manager->range, node, 0, 0, UINT64_MAX);
	pthread_mutex_unlock(&manager->lock);
	return ret;
}

void gem_vma_remove(struct gem_vma_manager *manager, struct gem_range_node *node)
{
	pthread_mutex_lock(&manager->lock);
	gem_range_remove(&manager->range, node);
	pthread_mutex_unlock(&manager->lock);
}

struct gem_range_node *gem_vma_lookup_locked(struct gem_vma_manager *manager, uint64_t start)
{
	struct gem_range_node *node = gem_range_find(&manager->range, start);

	return node && node->start == start ? node : NULL;
}
