/* Memory that exists: of another device, of a client, or our own come back. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "gem_private.h"

static int imported_populate(struct gem_object *obj)
{
	return 0; /* whoever made it takes care of it */
}

static const struct gem_object_ops imported_ops = {
	.name = "imported",
	.free = gem_storage_free,
	.populate = imported_populate,
	.get_pages = gem_storage_map,
	.put_pages = gem_storage_unmap,
	/* no shrink: what is shared stays in place */
};

int gem_imported_create(struct gem_device *dev, int filp, uint64_t size,
	struct gem_dma_buf_attachment *attach, struct gem_object **out)
{
	struct gem_object *obj = malloc(sizeof(*obj));
	int ret = -ENOMEM;

	if (!obj)
		goto close_filp;
	ret = gem_object_init(obj, dev, &imported_ops, size);
	if (ret)
		goto free_obj;
	obj->home = GEM_REGION_SYSTEM;
	obj->placements = 1u << GEM_REGION_SYSTEM;
	obj->filp = filp;
	obj->mm.shared = true;
	obj->import_attach = attach;
	*out = obj;
	return 0;

free_obj:
	free(obj);
close_filp:
	close(filp);
	return ret;
}
