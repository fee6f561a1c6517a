/*
 * The part of a device that GEM owns: names, dma-buf identities and the
 * device address space that blends all objects (fake mmap offsets).
 */
#ifndef GEM_DEVICE_H
#define GEM_DEVICE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gem_idr.h"
#include "gem_memory.h"
#include "gem_range.h"

struct gem_fence_regs;
struct gem_vm;

/* Fake offsets start here, so that they never look like a plain file offset. */
#define GEM_MMAP_OFFSET_BASE (4ull << 30)
#define GEM_MMAP_OFFSET_END (1ull << 46)

/* Allocator of the device address space: ranges of pages, first fit. */
struct gem_vma_manager {
	pthread_mutex_t lock;
	struct gem_range range; /* guarded by lock */
};

void gem_vma_manager_init(struct gem_vma_manager *manager);
/* All nodes must be gone. */
void gem_vma_manager_finish(struct gem_vma_manager *manager);
/* Places node (size set) at the lowest hole, if it has no place yet. -ENOSPC. */
int gem_vma_add(struct gem_vma_manager *manager, struct gem_range_node *node);
void gem_vma_remove(struct gem_vma_manager *manager, struct gem_range_node *node);
/* Under manager->lock: the node that starts exactly at start, or NULL. */
struct gem_range_node *gem_vma_lookup_locked(struct gem_vma_manager *manager, uint64_t start);

struct gem_device {
	/*
	 * Guards gem_object.handle_count, .name, .dma_buf of every object of
	 * this device, and name_idr. Taken inside gem_file.table_lock, never
	 * the other way round.
	 */
	pthread_mutex_t object_name_lock;
	struct gem_idr name_idr; /* flink names from 1 (seed: "per-device global names") */
	struct gem_vma_manager vma_manager;
	struct gem_memory memory;
	pthread_mutex_t vm_lock; /* address spaces, bindings, fence registers: gem_vm.h */
	struct gem_vm *ggtt;     /* reference; immutable */
	struct gem_fence_regs *fence_regs; /* guarded by vm_lock */
	atomic_uint_fast64_t object_count; /* live objects */
	atomic_uint_fast64_t object_bytes; /* sum of their sizes */
	atomic_uint_fast64_t object_serial; /* the last one's gem_object.serial */
	unsigned card;     /* number of its primary node, for reports; set before it has files */
	uint64_t instance; /* random; marks this device's memfds */
};

/* memory NULL = defaults. -EINVAL sizes of the GTT that do not fit together. */
int gem_device_init(struct gem_device *dev, const struct gem_memory_options *memory);
/* All objects must be gone; logs an error naming the count otherwise. */
void gem_device_finish(struct gem_device *dev);

#endif
