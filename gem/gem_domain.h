/*
 * Domains: which cache holds an object's bytes, and what has to be flushed when
 * it goes to another (kernel: i915_gem_domain.c). The words are i915's, with
 * its I915_GEM_DOMAIN_* bits:
 *
 *   write_domain   where the newest bytes are; 0 = in memory
 *   read_domains   which caches hold nothing older than memory
 *   pending_*      what the execution that is being put together needs
 *   cache_dirty    the CPU's cache may hold bytes that memory lacks
 *   cache_coherent the GPU snoops the CPU's cache (I915_CACHING_CACHED; G33 can
 *                  snoop but has no shared cache); the display never does
 *
 * The rules decide *when* a clflush happens; gem_view.h says what it does. When
 * the caller needs the object idle it has waited before (gem_fence.h): nothing
 * here sleeps for the GPU.
 *
 * All functions take mm.lock, and pin the pages meanwhile: errors of
 * gem_object_pin_pages, -EFAULT for a purged object among them.
 *
 * Decision: PREAD and PWRITE copy the memory's bytes as they are, tiled bytes in
 * tiled order. The list says "pread/pwrite detile", yet no kernel did
 * that: they copy the object's pages (i915_gem_shmem_pread, and the aperture
 * path takes no fence: i915_gem_gtt_prepare binds tiled objects page by page and
 * drops the fence); only bit-17 swizzling is undone, which this part does not
 * have. libdrm_intel documents nothing else, and intel-gpu-tools'
 * gem_tiled_pread_basic tests for exactly the tiled order. What does hold: bytes
 * written through a GTT map (which detiles) are there for pread, and the reverse.
 */
#ifndef GEM_DOMAIN_H
#define GEM_DOMAIN_H

#include <stddef.h>
#include <stdint.h>

#include "gem_object.h"

/* As of a new object: the CPU has just zeroed it. Called by gem_object_init. */
void gem_object_init_domains(struct gem_object *obj);

/*
 * What SET_DOMAIN refuses, before it looks the handle up: -EINVAL for a GPU
 * domain, or a write domain that is not the one read domain. Bits that mean
 * nothing count as the CPU's, as in the kernel.
 */
int gem_domains_check(uint32_t read_domains, uint32_t write_domain);
/* Check, then move. Nothing to do without read domains. */
int gem_object_set_domain(struct gem_object *obj, uint32_t read_domains, uint32_t write_domain);
/* SW_FINISH, DIRTYFB: a framebuffer's CPU writes become visible. Others: nothing to do. */
int gem_object_sw_finish(struct gem_object *obj);
/* SET_CACHING. Bindings, which carry the level too, are the caller's business. */
int gem_object_set_caching(struct gem_object *obj, enum gem_cache_level level);

/*
 * Execution: memory is what the GPU may read from now on, and is to write when
 * write. The pending domains become the domains (when they are 0: RENDER for
 * writing, else all of the GPU's).
 */
int gem_object_flush_for_gpu(struct gem_object *obj, bool write);
/*
 * A commit puts the object on the screen (kernel:
 * i915_gem_object_pin_to_display_plane): it becomes uncached, and a dirty CPU
 * cache is flushed, once. What the CPU writes later is visible only after
 * set_domain, sw_finish or another commit, all of which look at cache_dirty, so
 * that set_domain(CPU, CPU) has to come before the writing.
 */
int gem_object_flush_for_display(struct gem_object *obj);
/*
 * The display is to write into the object (writeback): the CPU's cache is flushed now,
 * so that nothing old gets into the memory later, and counts as old itself, as after a
 * batch that wrote: set_domain(CPU) comes before the reading.
 */
int gem_object_flush_for_writeback(struct gem_object *obj);
/* The display reads a frame: what is on its way through the GTT arrives before.
 * After a writeback: the GTT's view has what was written. */
void gem_object_scanout(struct gem_object *obj);

/*
 * A framebuffer made of the object exists: it can not be tiled anew. Counted.
 * The caller has the pages pinned from before get until after put. *tiling and
 * *stride are what it has, and keeps.
 */
void gem_object_get_framebuffer(struct gem_object *obj, enum gem_tiling *tiling,
	uint32_t *stride);
void gem_object_put_framebuffer(struct gem_object *obj);

/*
 * PREAD, PWRITE. -EINVAL for bytes beyond the end. They go through the CPU's
 * cache, as the kernel's do.
 */
int gem_object_pread(struct gem_object *obj, uint64_t offset, void *dst, size_t len);
int gem_object_pwrite(struct gem_object *obj, uint64_t offset, const void *src, size_t len);

/*
 * SET_TILING. The memory's bytes stay where they are; what a GTT map shows of
 * them changes. stride is ignored (and 0 from then on) for NONE. -EINVAL
 * gem_tiling_ok says no; -EBUSY a framebuffer. Fence registers that do not fit
 * any more are the caller's business.
 */
int gem_object_set_tiling(struct gem_object *obj, uint32_t tiling, uint32_t stride);

#endif
