/*
 * struct gem_object: a buffer, with the words and the rules of the seeds
 * (seeds "struct drm_gem_object(9)").
 */
#ifndef GEM_OBJECT_H
#define GEM_OBJECT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gem_base.h"
#include "gem_device.h"

struct gem_dma_buf;
struct gem_dma_buf_attachment;
struct gem_file;
struct gem_object;

/*
 * An object's range in the device address space: a node of a treap. All but
 * size are guarded by gem_vma_manager.lock.
 */
struct gem_vma_node {
	uint64_t start; /* bytes; 0 = no offset yet */
	uint64_t size;  /* bytes, page aligned, immutable */
	struct gem_vma_node *left, *right;
	uint32_t priority;
	/* Of the subtree: lowest start, highest end, largest hole in between. */
	uint64_t first, last, hole;
};

/*
 * Which memory the object is, for the process-wide table of dma-bufs
 * (gem_prime.c). Guarded by that table's lock.
 */
struct gem_identity {
	bool listed;
	uint64_t st_dev, st_ino; /* of filp */
	struct gem_object *next;
};

/* Backend of an object. Each op says what it must do and which lock is held. */
struct gem_object_ops {
	const char *name; /* "shmem", ... for logs and debugfs */
	/*
	 * Required. The last reference is gone: release the backing store and
	 * the object's own memory. No lock held.
	 */
	void (*free)(struct gem_object *obj);
	/*
	 * Required. Make the backing pages reachable by the server: map them
	 * readable and writable, set *ptr, obj->size bytes. Called once, on the
	 * first need, under obj->pages_lock; undone by put_pages.
	 */
	int (*get_pages)(struct gem_object *obj, void **ptr);
	/* Required. Undo get_pages; pages_pin_count is 0, pages_lock held. */
	void (*put_pages)(struct gem_object *obj, void *ptr);
};

struct gem_object {
	atomic_uint refcount;
	unsigned handle_count; /* dev->object_name_lock; each handle is also a reference */
	struct gem_device *dev;
	const struct gem_object_ops *ops;
	int filp; /* memfd with the pages; -1 = driver-private backing */
	struct gem_vma_node vma_node;
	uint64_t size; /* bytes, page aligned, immutable */
	uint32_t name; /* flink name, 0 = unnamed; dev->object_name_lock */
	/* GEM_DOMAIN bits as in i915_drm.h (0 until the GPU exists). pages_lock. */
	uint32_t read_domains, write_domain;
	uint32_t pending_read_domains, pending_write_domain;
	/*
	 * Export side: set on the first export or at import; the reference
	 * object -> dma_buf -> object is broken when handle_count drops to 0.
	 * dev->object_name_lock.
	 */
	struct gem_dma_buf *dma_buf;
	struct gem_dma_buf_attachment *import_attach; /* invariant over the lifetime; NULL = own pages */
	struct gem_identity identity;
	struct {
		pthread_mutex_t lock; /* "pages_lock" */
		unsigned pages_pin_count; /* guarded by lock */
		void *pages; /* server mapping, NULL until first need; guarded by lock */
	} mm;
};

/*
 * Fills in the generic part. size is rounded up to pages by the caller
 * (-EINVAL when 0 or unaligned). The caller holds the first reference.
 */
int gem_object_init(struct gem_object *obj, struct gem_device *dev,
	const struct gem_object_ops *ops, uint64_t size);
/* Undoes gem_object_init; called by ops->free. */
void gem_object_finish(struct gem_object *obj);

struct gem_object *gem_object_get(struct gem_object *obj);
void gem_object_put(struct gem_object *obj);
/*
 * For tables that do not hold references: false when the last reference is
 * gone and the object is about to leave the table.
 */
bool gem_object_try_get(struct gem_object *obj);

/*
 * Pages pinned and reachable at *ptr until gem_object_unpin_pages.
 * Errors: -ENOMEM, -EFAULT (foreign memory that shrank).
 */
int gem_object_pin_pages(struct gem_object *obj, void **ptr);
void gem_object_unpin_pages(struct gem_object *obj);

/* Gives obj a place in the device address space (idempotent). *offset in bytes. */
int gem_object_create_mmap_offset(struct gem_object *obj, uint64_t *offset);

/*
 * What mmap(2) of the device fd asks (kernel: drm_gem_mmap): the object whose
 * range starts exactly at offset and holds length bytes, new reference.
 * Errors: -EINVAL no such range; -EACCES file has no handle for it.
 */
int gem_mmap_lookup(struct gem_file *file, uint64_t offset, uint64_t length,
	struct gem_object **out);

/*
 * Backend with pages in a sealed memfd (SHRINK|GROW|SEAL), lazily populated.
 * -ENOMEM also when the process is about to run out of descriptors: the last
 * GEM_RESERVED_FDS are kept for files and channels.
 */
#define GEM_RESERVED_FDS 256
int gem_shmem_create(struct gem_device *dev, uint64_t size, struct gem_object **out);
/*
 * An object over memory that exists: filp (taken over, on error too) has size
 * bytes and cannot shrink. attach (taken over on success) NULL = the memory is
 * this device's own.
 */
int gem_shmem_wrap(struct gem_device *dev, int filp, uint64_t size,
	struct gem_dma_buf_attachment *attach, struct gem_object **out);
/* True when fd is a memfd that gem_shmem_create made for dev. */
bool gem_shmem_is_own(struct gem_device *dev, int fd);

#endif
