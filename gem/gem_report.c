#include <sys/stat.h>

#include "gem_private.h"
#include "gem_report.h"
#include "gem_resv.h"

enum { STAT_BLOCK = 512 };

/* mm.lock keeps the memfd. */
static uint64_t resident_locked(const struct gem_object *obj)
{
	struct stat st;

	if (obj->filp < 0 || fstat(obj->filp, &st) < 0)
		return 0;
	uint64_t bytes = (uint64_t)st.st_blocks * STAT_BLOCK;
	return bytes < obj->size ? bytes : obj->size;
}

/* entry is its file's, under table_lock. */
static void add_object(struct gem_file_usage *usage, const struct gem_file_object *entry)
{
	struct gem_object *obj = entry->obj;

	pthread_mutex_lock(&obj->dev->object_name_lock);
	bool shared = obj->handle_count > 1 || obj->dma_buf || obj->import_attach;
	pthread_mutex_unlock(&obj->dev->object_name_lock);
	pthread_mutex_lock(&obj->mm.lock);
	uint64_t resident = resident_locked(obj);
	bool purgeable = obj->mm.madv == GEM_MADV_DONTNEED;
	pthread_mutex_unlock(&obj->mm.lock);

	usage->objects++;
	usage->total += obj->size;
	usage->shared += shared ? obj->size : 0;
	usage->active += gem_object_busy_for(obj, true) ? obj->size : 0;
	usage->resident += resident;
	usage->purgeable += purgeable ? resident : 0;
}

void gem_file_get_usage(struct gem_file *file, struct gem_file_usage *usage)
{
	*usage = (struct gem_file_usage){0};
	pthread_mutex_lock(&file->table_lock);
	for (uint32_t i = 0; i < file->objects.capacity; i++) {
		if (file->objects.slots[i].obj)
			add_object(usage, &file->objects.slots[i]);
	}
	pthread_mutex_unlock(&file->table_lock);
}

void gem_report_names(struct gem_device *dev, FILE *out)
{
	struct gem_object *obj;
	uint32_t name = 0;

	fprintf(out, "  name     size handles refcount\n");
	pthread_mutex_lock(&dev->object_name_lock);
	while ((obj = gem_idr_next(&dev->name_idr, &name))) {
		fprintf(out, "%6u %8llu %7u %8u\n", name, (unsigned long long)obj->size,
			obj->handle_count, atomic_load(&obj->refcount));
		name++;
	}
	pthread_mutex_unlock(&dev->object_name_lock);
}
