#include "gem_census.h"
#include "gem_private.h"
#include "gem_resv.h"

const char *gem_residence_name(enum gem_residence residence)
{
	static const char *const names[] = {
		[GEM_RESIDENCE_UNTOUCHED] = "untouched",
		[GEM_RESIDENCE_RESIDENT] = "resident",
		[GEM_RESIDENCE_SWAPPED] = "swapped",
		[GEM_RESIDENCE_PURGED] = "purged",
	};

	return names[residence];
}

const char *gem_tiling_name(enum gem_tiling tiling)
{
	static const char *const names[] = {
		[GEM_TILING_NONE] = "linear",
		[GEM_TILING_X] = "x",
		[GEM_TILING_Y] = "y",
	};

	return names[tiling];
}

/* With memory.lock and mm.lock. */
static enum gem_residence residence_locked(const struct gem_object *obj)
{
	if (obj->mm.madv == GEM_MADV_PURGED)
		return GEM_RESIDENCE_PURGED;
	if (obj->mm.swap.placed)
		return GEM_RESIDENCE_SWAPPED;
	return obj->filp < 0 ? GEM_RESIDENCE_UNTOUCHED : GEM_RESIDENCE_RESIDENT;
}

/* With memory.lock and mm.lock. */
static void take_memory_locked(const struct gem_object *obj, struct gem_census *census)
{
	census->read_domains = obj->read_domains;
	census->write_domain = obj->write_domain;
	census->tiling = obj->tiling;
	census->stride = obj->stride;
	census->cache_level = obj->cache_level;
	census->madv = obj->mm.madv;
	census->pins = obj->mm.pages_pin_count;
	census->framebuffers = obj->framebuffers;
	census->region = obj->region ? obj->region->name : NULL;
	census->residence = residence_locked(obj);
}

/* With object_name_lock. */
static void take_names_locked(struct gem_object *obj, struct gem_census *census)
{
	census->creator = obj->creator;
	census->refcount = atomic_load(&obj->refcount) - 1; /* but for the caller's */
	census->handle_count = obj->handle_count;
	census->handle_moves = obj->handle_moves;
	census->name = obj->name;
	census->exported = obj->dma_buf && !obj->import_attach;
	if (!gem_prime_table_identify(obj, &census->dma_buf_dev, &census->dma_buf_ino,
				      &census->imports))
		census->exported = false;
}

void gem_object_take_census(struct gem_object *obj, struct gem_census *census)
{
	const struct gem_object *exporter = NULL;

	*census = (struct gem_census){.serial = obj->serial, .size = obj->size,
		.backing = obj->ops->name, .imported = obj->import_attach != NULL};
	if (obj->import_attach)
		exporter = obj->import_attach->dma_buf->exporter; /* fixed, as the reference */
	if (exporter) {
		census->exporter = exporter->dev;
		census->exporter_serial = exporter->serial;
	}
	pthread_mutex_lock(&obj->dev->memory.lock);
	pthread_mutex_lock(&obj->mm.lock);
	pthread_mutex_lock(&obj->dev->object_name_lock);
	take_memory_locked(obj, census);
	take_names_locked(obj, census);
	pthread_mutex_unlock(&obj->dev->object_name_lock);
	pthread_mutex_unlock(&obj->mm.lock);
	pthread_mutex_unlock(&obj->dev->memory.lock);
	census->busy = gem_object_busy_for(obj, true);
}

unsigned gem_file_count_handles(struct gem_file *file, const struct gem_object *obj,
	uint32_t *handle)
{
	unsigned looked = 0, count = 0;
	uint32_t at = 0;

	*handle = 0;
	pthread_mutex_lock(&file->table_lock);
	struct gem_file_object *entry = gem_file_objects_find(&file->objects, obj);
	if (entry) {
		count = entry->handle_count;
		*handle = entry->prime_handle;
	}
	/* Handles have no list by object: a file with a great many is not held up for one. */
	while (entry && !*handle && looked++ < GEM_CENSUS_HANDLES) {
		const struct gem_object *found = gem_idr_next(&file->handles, &at);
		if (!found)
			break;
		if (found == obj)
			*handle = at;
		at++;
	}
	pthread_mutex_unlock(&file->table_lock);
	return count;
}
