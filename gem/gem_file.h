/*
 * An open file of the device: its 32-bit handles. "Userspace references are
 * associated with the drm fd and get reaped on close" (seed).
 */
#ifndef GEM_FILE_H
#define GEM_FILE_H

#include <pthread.h>
#include <stdint.h>

#include "gem_context.h"
#include "gem_idr.h"
#include "gem_object.h"
#include "gem_publish.h"
#include "gem_syncobj.h"

/* What a file knows about an object it has handles for. */
struct gem_file_object {
	struct gem_object *obj;
	uint32_t handle_count; /* of this file; > 0 */
	/*
	 * The handle that its dma-buf has in this file, 0 = none: what import
	 * gives again (kernel: drm_prime_file_private).
	 */
	uint32_t prime_handle;
};

/* Object -> struct gem_file_object, open addressing. */
struct gem_file_objects {
	struct gem_file_object *slots;
	uint32_t capacity; /* 0 or a power of two */
	uint32_t count;
};

struct gem_file {
	struct gem_device *dev;
	int32_t pid; /* of the process that opened it, for reports; set before the first handle */
	pthread_mutex_t table_lock;
	struct gem_idr handles; /* handle -> object, from 1; guarded by table_lock */
	struct gem_file_objects objects; /* guarded by table_lock */
	struct gem_contexts contexts;    /* own lock */
	struct gem_syncobjs syncobjs;    /* own lock */
	/* Moves, under table_lock, when a handle stops being what it was. */
	gem_counter *handle_changes;
};

int gem_file_init(struct gem_file *file, struct gem_device *dev);
/* Drops every handle and context that is left. */
void gem_file_finish(struct gem_file *file);

/* New handle for obj (takes a reference of its own). Errors: -ENOMEM, -ENOSPC. */
int gem_handle_create(struct gem_file *file, struct gem_object *obj, uint32_t *handle);
/* -EINVAL when the handle is not in use. */
int gem_handle_delete(struct gem_file *file, uint32_t handle);
/* New reference; -ENOENT when the handle is not in use. */
int gem_object_lookup(struct gem_file *file, uint32_t handle, struct gem_object **out);
/* True when file holds at least one handle for obj. */
bool gem_file_owns(struct gem_file *file, struct gem_object *obj);

/*
 * Flink: the object's global name (made at the first call), and a new handle
 * for a name. -ENOENT no such handle or name; -ENOMEM; -ENOSPC.
 */
int gem_flink(struct gem_file *file, uint32_t handle, uint32_t *name);
int gem_open(struct gem_file *file, uint32_t name, uint32_t *handle, uint64_t *size);

/*
 * Dumb buffers (kernel: drm_mode_create_dumb). width, height, bpp in; pitch
 * (bytes, aligned to 64), size (bytes, page aligned) and handle out.
 * Errors: -EINVAL for zero or overflowing sizes, -ENOMEM.
 */
int gem_dumb_create(struct gem_file *file, uint32_t width, uint32_t height, uint32_t bpp,
	uint32_t *pitch, uint64_t *size, uint32_t *handle);
/* Fake offset for mmap. -ENOENT for a bad handle; -EINVAL for imported objects. */
int gem_dumb_map_offset(struct gem_file *file, uint32_t handle, uint64_t *offset);

#endif
