/* Inside of gem/: not for other folders. */
#ifndef GEM_PRIVATE_H
#define GEM_PRIVATE_H

#include <sys/stat.h>

#include "gem_file.h"
#include "gem_object.h"

/* ---- gem_file_objects.c: all under gem_file.table_lock ---- */

/* NULL when the file has no handle for obj. Valid until the next add or remove. */
struct gem_file_object *gem_file_objects_find(struct gem_file_objects *objects,
	const struct gem_object *obj);
/* Room for one more, so that the next add does not fail. -ENOMEM. */
int gem_file_objects_reserve(struct gem_file_objects *objects);
struct gem_file_object *gem_file_objects_add(struct gem_file_objects *objects,
	struct gem_object *obj);
void gem_file_objects_remove(struct gem_file_objects *objects, struct gem_file_object *entry);

/* ---- gem_file.c ---- */

/* Under file->table_lock and dev->object_name_lock. Otherwise gem_handle_create. */
int gem_handle_create_locked(struct gem_file *file, struct gem_object *obj, uint32_t *handle);

/* ---- gem_prime.c ---- */

/*
 * A dma-buf as seen by the engine. It keeps its exporter alive; whoever keeps
 * it has a reference: the exporter while it has handles, importing objects.
 * Descriptors held by clients cannot be counted: they keep the memory, and an
 * object is made for it again when one comes back (gem_shmem_is_own).
 */
struct gem_dma_buf {
	atomic_uint refcount;
	struct gem_object *exporter; /* reference; NULL = foreign memory */
};

struct gem_dma_buf_attachment {
	struct gem_dma_buf *dma_buf; /* reference */
};

void gem_dma_buf_put(struct gem_dma_buf *dma_buf); /* NULL is fine */
void gem_dma_buf_detach(struct gem_dma_buf_attachment *attach); /* NULL is fine */

/* ---- gem_prime_table.c: memory -> object, one table for the process ---- */

/* New reference to dev's object over this memory, or NULL. */
struct gem_object *gem_prime_table_find(struct gem_device *dev, const struct stat *st);
/* New reference to the object of any device that exported this memory, or NULL. */
struct gem_object *gem_prime_table_find_exporter(const struct stat *st);
/*
 * Lists obj. When dev has another object for this memory already, that one is
 * returned (new reference) and obj stays unlisted; else NULL.
 */
struct gem_object *gem_prime_table_add(struct gem_object *obj, const struct stat *st);
void gem_prime_table_remove(struct gem_object *obj);

#endif
