/*
 * Contiguous memory: what old parts need for cursors, since they get a physical
 * address there. place.start is that address in the simulated physical space.
 */
#include "gem_private.h"

const struct gem_object_ops gem_phys_ops = {
	.name = "phys",
	.free = gem_storage_free,
	.populate = gem_storage_make,
	.get_pages = gem_storage_map,
	.put_pages = gem_storage_unmap,
	/* no shrink: the hardware knows the address */
};
