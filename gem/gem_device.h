/*
 * The part of a device that GEM owns: names, dma-buf identities and the
 * device address space that blends all objects (fake mmap offsets).
 */
#ifndef GEM_DEVICE_H
#define GEM_DEVICE_H

#include <pthread.h>
#include <stdint.h>

#include "gem_idr.h"

/* Fake offsets start here, so that they never look like a plain file offset. */
#define GEM_MMAP_OFFSET_BASE (4ull << 30)

struct gem_vma_node;

/* Allocator of the device address space: ranges of pages, first fit. */
struct gem_vma_manager {
	pthread_mutex_t lock;
	struct gem_vma_node *root; /* ordered by start; guarded by lock */
};

struct gem_device {
	/*
	 * Guards: gem_object.handle_count, .name, .dma_buf of every object of
	 * this device, and name_idr. Taken inside gem_file.table_lock, never
	 * the other way round.
	 */
	pthread_mutex_t object_name_lock;
	struct gem_idr name_idr; /* flink names from 1 (seed: "per-device global names") */
	struct gem_vma_manager vma_manager;
	uint64_t object_count; /* live objects; atomic */
	uint64_t object_bytes; /* sum of their sizes; atomic */
};

int gem_device_init(struct gem_device *dev);
/* All objects must be gone; logs an error naming the count otherwise. */
void gem_device_finish(struct gem_device *dev);

#endif
