/*
 * Views: other representations of an object's bytes, which clients map.
 *
 * "The memory" is what the GPU and the display read: the object's memfd, tiled
 * bytes in tiled order. Clients map the memory itself, but for two cases, in
 * which they get a memfd of the view:
 *
 *   GTT  of a tiled object: linear, as through a fence register
 *   CPU  in strict mode (gem_memory_options.strict): the CPU's cache, of which
 *        nothing reaches the memory, or comes from it, until it is flushed
 *
 * No page fault tells us when a client writes. Instead each view has a twin:
 * view and memory as they were when they last were the same. Where the view
 * differs from the twin a client wrote; where the memory does, someone else
 * did. gem_view_sync brings both to the same bytes:
 *
 *   GTT  byte by byte, like write-combining stores; where both were written the
 *        client wins
 *   CPU  in lines of 64 bytes: a line that was written goes back as a whole,
 *        and takes with it what others wrote to its memory meanwhile, as clflush
 *        does. A view is thus a cache that never evicts a line by itself: what
 *        no flush made coherent stays incoherent for ever, in every run.
 *
 * The GTT view is an address translation and no cache, so it is brought up to
 * date whenever somebody looks at the memory, in strict mode too; real parts
 * need no flush there either ("Writes to it immediately go to main memory as
 * far as we know", kernel: i915_gem_object_flush_write_domain on the GTT domain).
 *
 * A view lives as long as its object. SET_TILING lays the GTT view anew. When
 * clients mapped the object through the GTT while it was linear (libdrm_intel
 * keeps such maps with the buffers it reuses), their memfd becomes the view and
 * the object gets another: unless someone also maps it as the memory it is, or
 * it is shared or pinned; then those maps go on to show the memory, in tiles.
 */
#ifndef GEM_VIEW_H
#define GEM_VIEW_H

#include <stdatomic.h>
#include <stdint.h>

#include "gem_object.h"

enum gem_view_kind { GEM_VIEW_CPU, GEM_VIEW_GTT };

/* Guarded by the object's mm.lock; the bytes at map belong to clients, too. */
struct gem_view {
	enum gem_view_kind kind;
	int fd;              /* memfd of size bytes; -1 = purged */
	size_t size;         /* as the object's */
	uint8_t *map;        /* the server's mapping of fd, under the SIGBUS guard */
	uint8_t *twin;       /* anonymous memory of size bytes */
	atomic_bool faulted; /* a client truncated fd: its own loss */
};

/*
 * New descriptor for a client's mmap of the object through the CPU (I915_GEM_MMAP,
 * MMAP_OFFSET_WB) or the GTT (MMAP_GTT): of the view, which is made if the object
 * needs one, or of the memory. The view starts up to date. Write-combining maps
 * without a fence (MMAP_OFFSET_WC and _UC, dumb buffers) are of the memory
 * always: gem_object_open_memory. A purged object's has size 0.
 * Errors: as gem_object_open_memory; -ENOMEM.
 */
int gem_object_map_fd(struct gem_object *obj, enum gem_view_kind way, int *fd);

/* Before the object is tiled: its maps through the GTT will need a view. No lock held. */
void gem_view_part_gtt(struct gem_object *obj);

/* ---- inside of gem/; mm.lock held ---- */

/*
 * pages: the memory, pinned. tiling and stride are those that memory has now.
 * Bytes of the view that a partial row of tiles leaves without memory stay as
 * they are (the fence's scratch pages).
 */
void gem_view_sync(struct gem_view *view, uint8_t *pages, enum gem_tiling tiling,
	uint32_t stride);
/* A part of a CPU view: the lines that hold the bytes from offset on. */
void gem_view_sync_lines(struct gem_view *view, uint8_t *pages, uint64_t offset, uint64_t len);
/* Contents gone, for clients that map it too (SIGBUS): the object was purged. */
void gem_object_purge_views(struct gem_object *obj);
/* The object dies. No lock needed. */
void gem_object_destroy_views(struct gem_object *obj);

#endif
