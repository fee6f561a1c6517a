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
#include "gem_tiling.h"

struct gem_dma_buf;
struct gem_dma_buf_attachment;
struct gem_file;
struct gem_object;
struct gem_resv;
struct gem_view;
struct gem_vma;

enum gem_madv { GEM_MADV_WILLNEED, GEM_MADV_DONTNEED, GEM_MADV_PURGED }; /* = I915_MADV_* */
enum gem_cache_level { GEM_CACHE_NONE, GEM_CACHE_LLC };                  /* = I915_CACHING_* */

/*
 * Which memory the object is, for the process-wide table of dma-bufs
 * (gem_prime.c). Guarded by that table's lock; st_ino, 0 before, may be read without.
 */
struct gem_identity {
	bool listed;
	uint64_t st_dev; /* of filp */
	_Atomic uint64_t st_ino;
	struct gem_object *next;
};

/* Backend of an object. Each op says what it must do and which lock is held. */
struct gem_object_ops {
	const char *name; /* "shmem", "phys", "stolen", "local", "imported": logs and debugfs */
	/*
	 * Required. The last reference is gone: release the backing store and
	 * the object's own memory. No lock held.
	 */
	void (*free)(struct gem_object *obj);
	/*
	 * Required. memory.lock and mm.lock held, not purged. Makes the bytes
	 * resident where they belong: filp, place, contents from swap. Nothing
	 * to do when they are. -ENOMEM; -ENOSPC the region is full of what
	 * cannot leave it; -EIO swap file.
	 */
	int (*populate)(struct gem_object *obj);
	/*
	 * Required. After a populate, same locks, mm.pages is NULL: maps the
	 * bytes readable and writable at *ptr, obj->size bytes, under the
	 * SIGBUS guard. Undone by put_pages. -ENOMEM.
	 */
	int (*get_pages)(struct gem_object *obj, void **ptr);
	/* Required. mm.lock held, pages_pin_count 0. Unmaps; the contents stay in filp. */
	void (*put_pages)(struct gem_object *obj, void *ptr);
	/*
	 * Optional. memory.lock and mm.lock held; the object is resident,
	 * unpinned, idle and not exported. Gives back its memory of ->region:
	 * by a purge when madv is DONTNEED, or to swap or (local) to system
	 * memory, contents kept.
	 * -EBUSY a client has it mapped; -ENOSPC, -ENOMEM no room there; -EIO.
	 */
	int (*shrink)(struct gem_object *obj);
};

struct gem_object {
	/* One cache line, all that look-ups, handles and names need: from here ... */
	atomic_uint refcount;
	unsigned handle_count; /* dev->object_name_lock; each handle is also a reference */
	struct gem_device *dev;
	const struct gem_object_ops *ops;
	uint64_t size; /* bytes, page aligned, immutable */
	_Atomic uint32_t name; /* flink name, 0 = unnamed; changed with dev->object_name_lock */
	/*
	 * memfd with the bytes; -1 = none (yet): never needed, swapped out,
	 * purged. mm.lock; immutable once mm.shared or import_attach is set.
	 */
	int filp;
	/*
	 * Export side: set on the first export or at import; the reference
	 * object -> dma_buf -> object is broken when handle_count drops to 0.
	 * dev->object_name_lock.
	 */
	struct gem_dma_buf *dma_buf;
	struct gem_dma_buf_attachment *import_attach; /* invariant over the lifetime; NULL = own pages */
	uint32_t handle_moves; /* handles made and deleted so far; dev->object_name_lock */
	int32_t creator; /* process of the first handle's file, then immutable; dev->object_name_lock */
	/* ... to here. */
	uint64_t serial; /* never another object's of this device, from 1; immutable */
	struct gem_range_node vma_node; /* vma_manager.lock; size immutable */
	/* GEM_DOMAIN bits as in i915_drm.h. mm.lock. */
	uint32_t read_domains, write_domain;
	uint32_t pending_read_domains, pending_write_domain;
	struct gem_identity identity;
	/*
	 * Where the bytes count; NULL = nowhere: never needed, swapped out,
	 * purged, foreign. memory.lock.
	 */
	struct gem_region *region;
	struct gem_range_node place; /* in region->places; phys, stolen, local; memory.lock */
	enum gem_region_id home;     /* the preferred region; memory.lock */
	unsigned placements;         /* 1 << enum gem_region_id: the allowed ones; memory.lock */
	struct gem_resv *_Atomic resv; /* gem_resv.h; made at the first need, then immutable */
	struct gem_vma *vmas; /* bindings: treap by address space; dev->vm_lock (gem_vm.h) */
	/* Tiling and coherency, owned by gem_view.h; mm.lock. */
	enum gem_tiling tiling;
	uint32_t stride; /* bytes; 0 while linear */
	enum gem_cache_level cache_level;
	bool cache_coherent, cache_dirty;
	unsigned pat_index;
	unsigned framebuffers; /* made of it: gem_domain.h; mm.lock */
	struct gem_view *cpu_view, *gtt_view; /* NULL = clients map the memory itself */
	/* Clients may have the memory itself mapped, as the GTT's view of it or as what it is. */
	bool mapped_gtt, mapped_memory;
	struct {
		pthread_mutex_t lock; /* the seeds' pages_lock */
		unsigned pages_pin_count; /* guarded by lock */
		void *pages; /* server mapping, NULL until first need; guarded by lock */
		/* In region->lru or ->purgeable while the bytes could leave; memory.lock. */
		struct gem_list link;
		uint64_t lru_stamp;     /* last_use when it was put there; memory.lock */
		atomic_uint_fast64_t last_use; /* of the device's clock: the last need of pages */
		bool shared;            /* exported or imported: stays in place; guarded by lock */
		bool claimed;           /* filp is sealed against writing, to be replaced; memory.lock */
		enum gem_madv madv;     /* changed with memory.lock and lock held */
		bool evicted;           /* was in local memory before; memory.lock */
		/* How the bytes were tiled before the eviction made them linear; memory.lock. */
		enum gem_tiling evicted_tiling;
		uint32_t evicted_stride;
		struct gem_range_node swap; /* placed = bytes are in the swap file; memory.lock */
		atomic_bool faulted;    /* the guard put zero pages into .pages */
		bool fault_logged;      /* guarded by lock */
	} mm;
};

/*
 * Fills in the generic part. size is rounded up to pages by the caller
 * (-EINVAL when 0 or unaligned). The caller holds the first reference.
 */
int gem_object_init(struct gem_object *obj, struct gem_device *dev,
	const struct gem_object_ops *ops, uint64_t size);
/* Undoes gem_object_init, pages, filp and swap included; called by ops->free. */
void gem_object_finish(struct gem_object *obj);

struct gem_object *gem_object_get(struct gem_object *obj);
void gem_object_put(struct gem_object *obj);
/*
 * For tables that do not hold references: false when the last reference is
 * gone and the object is about to leave the table.
 */
bool gem_object_try_get(struct gem_object *obj);

/*
 * Pages pinned and reachable at *ptr until gem_object_unpin_pages. Clients may
 * write to them meanwhile, and may even truncate them: they read as zero then.
 * Errors: as get_pages.
 */
int gem_object_pin_pages(struct gem_object *obj, void **ptr);
void gem_object_unpin_pages(struct gem_object *obj);

/*
 * New descriptor of the memory itself, for a client's mmap (read-write).
 * A purged object's has size 0: accesses of its mapping get SIGBUS.
 * Errors: as get_pages; -EMFILE.
 *
 * An object that nobody has mapped yet may be swapped out before the mmap(2):
 * the descriptor has F_SEAL_WRITE then. Who maps it has to look for the seal
 * after the mmap, and ask again.
 */
int gem_object_open_memory(struct gem_object *obj, int *fd);

/*
 * i915 GEM_MADVISE. DONTNEED: contents may go under pressure (at once when
 * there are no pages). *retained = the contents are still there.
 */
int gem_object_madvise(struct gem_object *obj, enum gem_madv want, bool *retained);

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
 * An object of the system region, in a memfd that comes with the first need.
 * Creating it needs memory for the struct only. When descriptors run short (the
 * last GEM_RESERVED_FDS are kept for files and channels) idle objects are
 * swapped out as when memory does.
 */
#define GEM_RESERVED_FDS 256
int gem_shmem_create(struct gem_device *dev, uint64_t size, struct gem_object **out);

#endif
