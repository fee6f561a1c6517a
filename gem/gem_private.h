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
 * object is made for it again when one comes back (gem_storage_is_own).
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

/* ---- gem_storage.c: the memfd of an object; memory.lock and mm.lock held ---- */

/*
 * obj->filp, with the contents that were in swap. -ENOMEM, -EIO. Nothing to do
 * when there is a good one.
 */
int gem_storage_make(struct gem_object *obj);
/* As gem_object_ops.get_pages and .put_pages. */
int gem_storage_map(struct gem_object *obj, void **ptr);
void gem_storage_unmap(struct gem_object *obj, void *ptr);
/* The mapping that no pin needs any more; NULL mm.pages = the next pin populates. */
void gem_storage_drop_pages(struct gem_object *obj);
/*
 * Makes sure that nobody can write to filp any more, the server included.
 * -EBUSY a client has it mapped. Afterwards it is only good for reading.
 */
int gem_storage_claim(struct gem_object *obj);
/* Copies the claimed filp to a new one; translate NULL = plain copy. -ENOMEM, -EIO. */
typedef void gem_translate_fn(const struct gem_object *obj, uint8_t *to, const uint8_t *from);
int gem_storage_replace(struct gem_object *obj, gem_translate_fn *translate);
/*
 * Parts obj from those who map its memory: the memfd is the caller's, obj has a
 * new one of the same bytes. -EBUSY pinned, shared, or none there; -ENOMEM.
 */
int gem_storage_split(struct gem_object *obj, int *filp);
/* Contents to the swap file; filp is gone. -EBUSY, -ENOSPC, -EIO. */
int gem_storage_swap_out(struct gem_object *obj);
/* Contents gone, for clients that have it mapped too. -EBUSY somebody sealed it. */
int gem_storage_purge(struct gem_object *obj);
/* Whatever there is, when the object dies. Nobody else knows it; memory.lock held. */
void gem_storage_discard(struct gem_object *obj);

/* gem_object_open_memory, which notes what the client maps it as. No lock held. */
int gem_storage_open(struct gem_object *obj, bool gtt, int *fd);
/* Seals and pins filp, which is resident from now on. No lock held. As populate; -EINVAL. */
int gem_object_share(struct gem_object *obj);
/* True when fd is a memfd that an object of dev had when it was exported. */
bool gem_storage_is_own(struct gem_device *dev, int fd);
/* The usual gem_object_ops.free. */
void gem_storage_free(struct gem_object *obj);

/* ---- gem_swap.c: memory.lock held ---- */

/* Room for node->size bytes. -ENOSPC none, or no file. */
int gem_swap_reserve(struct gem_swap *swap, struct gem_range_node *node);
/* filp -> file. -EIO; the room stays reserved. */
int gem_swap_write(struct gem_swap *swap, const struct gem_range_node *node, int filp);
/* file -> filp, which reads as zeros. -EIO. */
int gem_swap_read(struct gem_swap *swap, const struct gem_range_node *node, int filp);
/* Gives the room back. Nothing to do when there is none. */
void gem_swap_release(struct gem_swap *swap, struct gem_range_node *node);

/* ---- gem_region.c: memory.lock held ---- */

/* obj's bytes count in region from now on, and can leave it if they can at all. */
void gem_region_enter(struct gem_object *obj, enum gem_region_id id);
/* ... count nowhere. Gives the place back too. */
void gem_region_leave(struct gem_object *obj);
/* The object is used now: last in the LRU. No lock needed. */
void gem_region_touch(struct gem_object *obj);
/* A place for obj in a contiguous region, evicting others. mm.lock held too. -ENOSPC. */
int gem_region_place(struct gem_object *obj, enum gem_region_id id, uint64_t align);

/* ---- gem_shrink.c: memory.lock held ---- */

/* -ENOMEM when bytes more do not fit the budget and nothing more can leave. */
int gem_memory_make_room(struct gem_memory *memory, uint64_t bytes);
/* Lets up to count objects go; how many went. For resources other than bytes. */
unsigned gem_memory_shrink_objects(struct gem_memory *memory, unsigned count);
/* Unmaps what the server has mapped for no one. True when it helped. */
bool gem_memory_unmap_idle(struct gem_memory *memory);
/*
 * Lets the least recently used object of region go that can. Bytes; 0 = none can.
 */
uint64_t gem_region_evict_one(struct gem_region *region);

/* ---- backends ---- */

int gem_shmem_populate(struct gem_object *obj);
extern const struct gem_object_ops gem_shmem_ops, gem_phys_ops, gem_stolen_ops, gem_local_ops;
/*
 * An object over memory that exists: filp (taken over, on error too) has size
 * bytes. attach (taken over on success) NULL = the memory is this device's own.
 */
int gem_imported_create(struct gem_device *dev, int filp, uint64_t size,
	struct gem_dma_buf_attachment *attach, struct gem_object **out);
/* Makes a local object one of system memory, in its own layout. As populate; -EBUSY. */
int gem_local_to_system(struct gem_object *obj);

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
/*
 * Which memory obj is, when it is or was a dma-buf, and how many objects of other devices
 * stand for it, too. False: it never was one.
 */
bool gem_prime_table_identify(struct gem_object *obj, uint64_t *st_dev, uint64_t *st_ino,
	unsigned *others);

#endif
