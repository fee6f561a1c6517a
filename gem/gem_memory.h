/*
 * The memory of a device: regions, the budget, the LRU, the shrinker and the
 * swap file.
 *
 * The bytes of an object are in a memfd, made by the first need. A region gives
 * it a place besides, and may have none left:
 *
 *   system   RAM within the budget; the least recently used objects go to the
 *            swap file when it is exceeded
 *   phys     contiguous ranges of a simulated physical space (RAM, counts in
 *            the budget; cursors of old parts): placed at creation, stays
 *   stolen   what the firmware set aside (framebuffers, cursors, boot splash):
 *            placed at creation, stays; not RAM of the budget
 *   local    VRAM in the manner of TTM: placed when used; evicts its least
 *            recently used objects to system, and they return on their next
 *            use. A tiled object is linear while it is evicted.
 *
 * An object leaves its region only while it is unpinned, idle and not exported.
 * When its memfd changes too (swap, retiling) no client may have it mapped; that
 * is proved by F_SEAL_WRITE on the old one, which no one can map any more then.
 */
#ifndef GEM_MEMORY_H
#define GEM_MEMORY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gem_base.h"
#include "gem_range.h"

struct gem_device;
struct gem_object;

enum gem_region_id {
	GEM_REGION_SYSTEM,
	GEM_REGION_PHYS,
	GEM_REGION_STOLEN,
	GEM_REGION_LOCAL,
	GEM_REGION_COUNT,
};

struct gem_region {
	enum gem_region_id id;   /* immutable */
	const char *name;        /* "system", "phys", "stolen", "local0"; immutable */
	uint64_t size;           /* bytes, 0 = there is none; immutable */
	uint64_t used;           /* bytes of the objects in it; memory.lock */
	struct gem_range places; /* system: unused; memory.lock */
	/*
	 * Objects that have pages here, least recently used first. A use only
	 * stamps the object; the shrinker moves it when it comes across it.
	 * memory.lock.
	 */
	struct gem_list lru;
	struct gem_list purgeable; /* the same, with DONTNEED; memory.lock */
};

struct gem_memory_options {
	uint64_t budget;     /* bytes of system + phys; 0 = half of the RAM */
	uint64_t phys;       /* bytes; 0 = 64 MiB */
	uint64_t stolen;     /* bytes; 0 = 8 MiB */
	uint64_t local;      /* bytes of VRAM; 0 = no such region */
	uint64_t swap_limit; /* bytes in the swap file; 0 = 4 times the budget */
	bool no_swap;
	bool strict;         /* caches are not coherent: gem_view.h */
	/* The global GTT (gem_vm.h), 0 = default: bytes, the mappable part, fence registers. */
	uint64_t gtt, mappable;
	unsigned fence_regs;
};

/*
 * Text of a command line: words with commas in between, "budget=256M", "phys=",
 * "stolen=", "vram=", "swap=" (bytes, or with K, M, G; whole pages), "noswap",
 * "strict". -EINVAL: nothing written.
 */
int gem_memory_parse_options(const char *text, struct gem_memory_options *options);

/* Counters since the start; memory.lock. */
struct gem_memory_stats {
	uint64_t swapped_out, swapped_in; /* objects */
	uint64_t purged;
	uint64_t evicted, returned;       /* local memory: to system and back */
};

struct gem_swap {
	int fd;                  /* unlinked file; -1 until the first swap-out; memory.lock */
	uint64_t limit;          /* bytes; immutable */
	struct gem_range places; /* .used = bytes in it; memory.lock */
	bool keeps_bytes;        /* no holes can be punched: a range may have old bytes */
};

struct gem_memory {
	/*
	 * Regions, LRU lists, places, swap. Outside of gem_object.mm.lock; held
	 * while pages are made, brought in or given back, not for a use of
	 * pages that are there.
	 */
	pthread_mutex_t lock;
	struct gem_region regions[GEM_REGION_COUNT];
	uint64_t budget;   /* immutable */
	uint64_t resident; /* bytes that count in the budget; memory.lock */
	atomic_uint_fast64_t clock; /* of gem_object.mm.last_use */
	struct gem_swap swap;
	struct gem_memory_stats stats;
	bool strict;       /* immutable */
};

/* options NULL = defaults. */
int gem_memory_init(struct gem_memory *memory, const struct gem_memory_options *options);
/* All objects must be gone. */
void gem_memory_finish(struct gem_memory *memory);

/*
 * New object, first reference to the caller; size as in gem_object_init.
 * Its bytes are zero. Errors: -EINVAL size; -ENODEV no such region; -ENOSPC no
 * place left (phys, stolen: now; local: at the first use); -ENOMEM.
 */
int gem_object_create(struct gem_device *dev, uint64_t size, enum gem_region_id where,
	struct gem_object **out);
/*
 * The same with several allowed regions, the preferred one first (as
 * I915_GEM_CREATE_EXT_MEMORY_REGIONS): a later one serves when the earlier have
 * no place. -EINVAL for none or one twice.
 */
int gem_object_create_placed(struct gem_device *dev, uint64_t size,
	const enum gem_region_id *regions, unsigned count, struct gem_object **out);
/*
 * Moves the bytes; where is the preferred region from now on. For system <->
 * local and system -> phys (the "attach_phys" of cursors). Errors: -EINVAL any
 * other pair; -EBUSY pinned, busy, exported, or mapped by a client and to be
 * laid out anew; -ENOSPC; -ENOMEM; -EFAULT purged.
 */
int gem_object_migrate(struct gem_object *obj, enum gem_region_id where);

/* Gives back at least target bytes if possible: purges first, then swaps. Bytes given back. */
uint64_t gem_memory_shrink(struct gem_device *dev, uint64_t target);

#endif
