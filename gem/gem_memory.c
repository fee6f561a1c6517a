/* Budget and regions as a whole. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "gem_private.h"

enum { DEFAULT_PHYS = 64 << 20, DEFAULT_STOLEN = 8 << 20, SWAP_PER_BUDGET = 4 };
#define SWAP_ADDRESSES (1ull << 43) /* what a file of ext4 may have, nearly */

static uint64_t half_of_ram(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) / 2 * sysconf(_SC_PAGESIZE);
}

static void region_init(struct gem_memory *memory, enum gem_region_id id, const char *name,
	uint64_t size)
{
	struct gem_region *region = &memory->regions[id];

	*region = (struct gem_region){.id = id, .name = name, .size = size};
	gem_range_init(&region->places, 0, size);
	gem_list_init(&region->lru);
	gem_list_init(&region->purgeable);
}

int gem_memory_init(struct gem_memory *memory, const struct gem_memory_options *options)
{
	static const struct gem_memory_options defaults;

	if (!options)
		options = &defaults;
	memset(memory, 0, sizeof(*memory));
	pthread_mutex_init(&memory->lock, NULL);
	memory->budget = options->budget ? options->budget : half_of_ram();
	memory->strict = options->strict;
	region_init(memory, GEM_REGION_SYSTEM, "system", memory->budget);
	region_init(memory, GEM_REGION_PHYS, "phys", options->phys ? options->phys : DEFAULT_PHYS);
	region_init(memory, GEM_REGION_STOLEN, "stolen",
		options->stolen ? options->stolen : DEFAULT_STOLEN);
	region_init(memory, GEM_REGION_LOCAL, "local0", options->local);
	atomic_init(&memory->clock, 0);
	memory->swap.fd = -1;
	gem_range_init(&memory->swap.places, 0, SWAP_ADDRESSES);
	memory->swap.limit = options->no_swap ? 0 :
		options->swap_limit ? options->swap_limit : memory->budget * SWAP_PER_BUDGET;
	return 0;
}

void gem_memory_finish(struct gem_memory *memory)
{
	if (memory->swap.fd >= 0)
		close(memory->swap.fd);
	pthread_mutex_destroy(&memory->lock);
}
