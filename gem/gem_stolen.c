/*
 * Memory that the firmware set aside: few, early, lasting objects as the boot
 * splash, framebuffers and cursors. place.start is the offset in it.
 */
#include "gem_private.h"

const struct gem_object_ops gem_stolen_ops = {
	.name = "stolen",
	.free = gem_storage_free,
	.populate = gem_storage_make,
	.get_pages = gem_storage_map,
	.put_pages = gem_storage_unmap,
	/* no shrink: nothing else could use it */
};
