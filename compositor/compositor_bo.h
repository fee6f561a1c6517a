/*
 * GEM objects of the renderer's device file. PRIME gives one object of a file
 * the same handle however often it comes in, and a closed handle is closed for
 * all: so a handle has one compositor_bo, with references. Main thread.
 */
#ifndef COMPOSITOR_BO_H
#define COMPOSITOR_BO_H

#include <stdbool.h>
#include <stdint.h>

#include <wayland-util.h>

struct compositor_bos {
	int fd;              /* the owner's; -1 = the device is gone */
	bool gone;           /* it is, whether it was said so already or not */
	struct wl_list list; /* compositor_bo.link */
};

struct compositor_bo {
	struct compositor_bos *bos;
	struct wl_list link;
	unsigned references;
	uint32_t handle;  /* 0 = it was made while the device was gone, or it is gone since */
	bool own;         /* made here, for nobody else to see */
	uint64_t size;    /* bytes; of an imported one those that are known to be there */
	uint64_t address; /* where the GPU had it last: what relocations presume */
	void *map;        /* NULL = not mapped now */
	bool uncached;    /* map is that of compositor_bo_map_uncached, and stays */
	unsigned slot;    /* compositor_batch: 1 + index in the list of objects, 0 = not there */
};

/*
 * A file of our own on the device of device_fd: handles of the backend's file are closed by
 * the backend, and what the GPU does for us is not on the account of the display's master.
 * -ENODEV.
 */
int compositor_bos_open_device(int device_fd);
/* fd stays the caller's. */
void compositor_bos_init(struct compositor_bos *bos, int fd);
/* All of them have been put. */
void compositor_bos_finish(struct compositor_bos *bos);

/*
 * The device was pulled out. Objects of our own keep what was mapped of them in memory of the
 * process, where new ones are made as well; imported ones are good for being put only.
 */
void compositor_bos_lost(struct compositor_bos *bos);
/* It is back: our own become objects of the new file, with what they had. */
void compositor_bos_found(struct compositor_bos *bos, int fd);

/* Zeroed. Negative errno. */
int compositor_bo_create(struct compositor_bos *bos, uint64_t size, struct compositor_bo **out);
/*
 * The object of a dma-buf, which has to have size bytes or more: -EINVAL if it
 * has not. Other errors: those of PRIME_FD_TO_HANDLE, -ENOMEM.
 */
int compositor_bo_import(struct compositor_bos *bos, int dmabuf_fd, uint64_t size,
	struct compositor_bo **out);
/* The object of a flink name; size is all of it. Errors: those of GEM_OPEN, -ENOMEM. */
int compositor_bo_open(struct compositor_bos *bos, uint32_t name, struct compositor_bo **out);
struct compositor_bo *compositor_bo_get(struct compositor_bo *bo);
void compositor_bo_put(struct compositor_bo *bo); /* NULL is fine */

/* It has that many bytes. It may be mapped then, to see. */
bool compositor_bo_reaches(struct compositor_bo *bo, uint64_t size);
/* The GPU still reads or writes it, or will. */
bool compositor_bo_busy(const struct compositor_bo *bo);
/*
 * The object's bytes for the processor, once the GPU does not write them any
 * more and, for writing, not read them either: waits. NULL = no mapping.
 */
void *compositor_bo_access(struct compositor_bo *bo, bool write);
/*
 * What is mapped cannot be swapped out: takes all maps back, but the uncached
 * ones. Who has memory from compositor_bo_access has it no more.
 */
void compositor_bos_unmap(struct compositor_bos *bos);
/* compositor_bo_access when nothing else is in use: unmaps all, if there is no room. */
void *compositor_bo_access_alone(struct compositor_bo *bo, bool write);
void compositor_bo_wait(const struct compositor_bo *bo);
/*
 * For objects that only ever are written by us: bo->map past the processor's
 * cache, so that the GPU sees what is there without any call. False = no mapping.
 */
bool compositor_bo_map_uncached(struct compositor_bo *bo);

#endif
