#include <errno.h>
#include <string.h>

#include <i915_drm.h>

#include "gem_domain.h"
#include "gem_private.h"
#include "gem_view.h"

#define GPU_DOMAINS (I915_GEM_DOMAIN_RENDER | I915_GEM_DOMAIN_SAMPLER | I915_GEM_DOMAIN_COMMAND | \
	I915_GEM_DOMAIN_INSTRUCTION | I915_GEM_DOMAIN_VERTEX)

/* mm.lock held until end: nobody takes the pages away meanwhile. */
static int begin(struct gem_object *obj, uint8_t **pages)
{
	void *ptr;

	pthread_mutex_lock(&obj->mm.lock);
	if (!obj->mm.pages) {
		pthread_mutex_unlock(&obj->mm.lock);
		int ret = gem_object_pin_pages(obj, &ptr);
		if (ret)
			return ret;
		pthread_mutex_lock(&obj->mm.lock);
		obj->mm.pages_pin_count--;
	}
	*pages = obj->mm.pages;
	gem_region_touch(obj);
	return 0;
}

static void end(struct gem_object *obj)
{
	pthread_mutex_unlock(&obj->mm.lock);
}

/* ---- what the rules are made of; mm.lock held ---- */

static void set_coherency(struct gem_object *obj, enum gem_cache_level level)
{
	obj->cache_level = level;
	obj->cache_coherent = level != GEM_CACHE_NONE;
	obj->cache_dirty = !obj->cache_coherent;
}

void gem_object_init_domains(struct gem_object *obj)
{
	obj->read_domains = obj->write_domain = I915_GEM_DOMAIN_CPU;
	set_coherency(obj, GEM_CACHE_NONE);
}

/*
 * The views that need no flush, since the hardware keeps them coherent: the
 * GTT's, and the CPU's where the GPU snoops it.
 */
static void sync_coherent(struct gem_object *obj, uint8_t *pages)
{
	if (obj->cpu_view && obj->cache_coherent)
		gem_view_sync(obj->cpu_view, pages, GEM_TILING_NONE, 0);
	if (obj->gtt_view)
		gem_view_sync(obj->gtt_view, pages, obj->tiling, obj->stride);
}

/* Writes back and invalidates. */
static void clflush(struct gem_object *obj, uint8_t *pages)
{
	if (obj->cpu_view)
		gem_view_sync(obj->cpu_view, pages, GEM_TILING_NONE, 0);
	obj->cache_dirty = false;
}

static void flush_write_domain(struct gem_object *obj, uint8_t *pages, uint32_t keep)
{
	uint32_t leaves = obj->write_domain & ~keep;

	if (!leaves)
		return;
	if (leaves & I915_GEM_DOMAIN_CPU && !obj->cache_coherent)
		clflush(obj, pages);
	/* A snooping GPU wrote into the CPU's cache. */
	if (leaves & I915_GEM_DOMAIN_RENDER && obj->cache_level != GEM_CACHE_NONE)
		obj->cache_dirty = true;
	obj->write_domain = 0;
}

static void move_to_cpu(struct gem_object *obj, uint8_t *pages, bool write)
{
	sync_coherent(obj, pages);
	flush_write_domain(obj, pages, I915_GEM_DOMAIN_CPU);
	if (!(obj->read_domains & I915_GEM_DOMAIN_CPU)) {
		if (!obj->cache_coherent)
			clflush(obj, pages);
		obj->read_domains |= I915_GEM_DOMAIN_CPU;
	}
	if (!write)
		return;
	obj->read_domains = obj->write_domain = I915_GEM_DOMAIN_CPU;
	/* The display snoops nobody: a framebuffer's cache has to be flushed in any case. */
	if (!obj->cache_coherent || obj->framebuffers)
		obj->cache_dirty = true;
}

/* domain: GTT, or WC, a map of the memory without a fence. */
static void move_to_uncached(struct gem_object *obj, uint8_t *pages, uint32_t domain, bool write)
{
	flush_write_domain(obj, pages, domain);
	sync_coherent(obj, pages);
	obj->read_domains |= domain;
	if (write)
		obj->read_domains = obj->write_domain = domain;
}

static void flush_for_display(struct gem_object *obj, uint8_t *pages)
{
	flush_write_domain(obj, pages, I915_GEM_DOMAIN_CPU);
	if (obj->cache_dirty)
		clflush(obj, pages);
	obj->write_domain = 0;
}

/* ---- transitions ---- */

int gem_domains_check(uint32_t read_domains, uint32_t write_domain)
{
	if ((read_domains | write_domain) & GPU_DOMAINS)
		return -EINVAL;
	return write_domain && read_domains != write_domain ? -EINVAL : 0;
}

int gem_object_set_domain(struct gem_object *obj, uint32_t read_domains, uint32_t write_domain)
{
	uint8_t *pages;
	int ret = gem_domains_check(read_domains, write_domain);

	if (ret || !read_domains)
		return ret;
	ret = begin(obj, &pages);
	if (ret)
		return ret;
	/* Who writes there may go on. A GTT view has to be brought up to date all the same. */
	if (obj->write_domain == read_domains)
		sync_coherent(obj, pages);
	else if (read_domains & I915_GEM_DOMAIN_WC)
		move_to_uncached(obj, pages, I915_GEM_DOMAIN_WC, write_domain);
	else if (read_domains & I915_GEM_DOMAIN_GTT)
		move_to_uncached(obj, pages, I915_GEM_DOMAIN_GTT, write_domain);
	else
		move_to_cpu(obj, pages, write_domain);
	end(obj);
	return 0;
}

int gem_object_sw_finish(struct gem_object *obj)
{
	/* Its pages are pinned by the framebuffer while there is one. */
	pthread_mutex_lock(&obj->mm.lock);
	if (obj->framebuffers)
		flush_for_display(obj, obj->mm.pages);
	pthread_mutex_unlock(&obj->mm.lock);
	return 0;
}

int gem_object_set_caching(struct gem_object *obj, enum gem_cache_level level)
{
	uint8_t *pages;

	int ret = begin(obj, &pages);
	if (ret)
		return ret;
	if (obj->cache_level != level) {
		sync_coherent(obj, pages); /* for the last time, if it was snooped */
		set_coherency(obj, level);
		obj->cache_dirty = true; /* stale lines go with the next flush */
	}
	end(obj);
	return 0;
}

int gem_object_flush_for_gpu(struct gem_object *obj, bool write)
{
	uint8_t *pages;

	int ret = begin(obj, &pages);
	if (ret)
		return ret;
	if (obj->cache_dirty && !obj->cache_coherent)
		clflush(obj, pages);
	sync_coherent(obj, pages);
	uint32_t reads = obj->pending_read_domains, writes = obj->pending_write_domain;
	if (!reads)
		reads = GPU_DOMAINS;
	if (write && !writes)
		writes = I915_GEM_DOMAIN_RENDER;
	/* What the GPU writes makes all other caches old. */
	obj->read_domains = reads | (writes ? 0 : obj->read_domains);
	obj->write_domain = writes;
	obj->pending_read_domains = obj->pending_write_domain = 0;
	end(obj);
	return 0;
}

int gem_object_flush_for_display(struct gem_object *obj)
{
	uint8_t *pages;

	int ret = begin(obj, &pages);
	if (ret)
		return ret;
	if (obj->cache_level != GEM_CACHE_NONE)
		set_coherency(obj, GEM_CACHE_NONE);
	flush_for_display(obj, pages);
	end(obj);
	return 0;
}

int gem_object_flush_for_writeback(struct gem_object *obj)
{
	uint8_t *pages;

	int ret = begin(obj, &pages);
	if (ret)
		return ret;
	if (obj->cache_dirty)
		clflush(obj, pages);
	obj->read_domains = obj->write_domain = I915_GEM_DOMAIN_RENDER;
	end(obj);
	return 0;
}

void gem_object_scanout(struct gem_object *obj)
{
	pthread_mutex_lock(&obj->mm.lock);
	if (obj->gtt_view && obj->mm.pages)
		gem_view_sync(obj->gtt_view, obj->mm.pages, obj->tiling, obj->stride);
	pthread_mutex_unlock(&obj->mm.lock);
}

/* ---- framebuffers and tiling ---- */

void gem_object_get_framebuffer(struct gem_object *obj, enum gem_tiling *tiling, uint32_t *stride)
{
	pthread_mutex_lock(&obj->mm.lock);
	obj->framebuffers++;
	*tiling = obj->tiling;
	*stride = obj->stride;
	pthread_mutex_unlock(&obj->mm.lock);
}

void gem_object_put_framebuffer(struct gem_object *obj)
{
	pthread_mutex_lock(&obj->mm.lock);
	obj->framebuffers--;
	pthread_mutex_unlock(&obj->mm.lock);
}

/*
 * The old layout's last writes go to memory, then the view shows the memory in
 * the new one. mm.lock held; pages NULL when there is no view.
 */
static int lay_out(struct gem_object *obj, uint8_t *pages, enum gem_tiling tiling, uint32_t stride)
{
	if (obj->tiling == tiling && obj->stride == stride)
		return 0;
	if (obj->framebuffers)
		return -EBUSY;
	if (obj->gtt_view)
		gem_view_sync(obj->gtt_view, pages, obj->tiling, obj->stride);
	obj->tiling = tiling;
	obj->stride = stride;
	if (obj->gtt_view)
		gem_view_sync(obj->gtt_view, pages, tiling, stride);
	return 0;
}

/* -EAGAIN: it takes pages, or another memfd. */
static int lay_out_quickly(struct gem_object *obj, enum gem_tiling tiling, uint32_t stride)
{
	int ret = -EAGAIN;

	pthread_mutex_lock(&obj->mm.lock);
	if (!obj->gtt_view && (!obj->mapped_gtt || obj->mm.madv == GEM_MADV_PURGED))
		ret = lay_out(obj, NULL, tiling, stride);
	pthread_mutex_unlock(&obj->mm.lock);
	return ret;
}

int gem_object_set_tiling(struct gem_object *obj, uint32_t tiling, uint32_t stride)
{
	uint8_t *pages;

	if (!gem_tiling_ok(tiling, stride))
		return -EINVAL;
	if (tiling == GEM_TILING_NONE)
		stride = 0;
	/* Most objects are tiled before anyone needs their pages: they stay unmade. */
	int ret = lay_out_quickly(obj, tiling, stride);
	if (ret != -EAGAIN)
		return ret;
	if (tiling != GEM_TILING_NONE)
		gem_view_part_gtt(obj);
	ret = begin(obj, &pages);
	if (ret)
		return ret;
	ret = lay_out(obj, pages, tiling, stride);
	end(obj);
	return ret;
}

/* ---- pread, pwrite ---- */

static int check_range(const struct gem_object *obj, uint64_t offset, size_t len)
{
	return offset > obj->size || len > obj->size - offset ? -EINVAL : 0;
}

/* The processor's side of the bytes: its cache where we have one of our own. */
static uint8_t *cpu_bytes(struct gem_object *obj, uint8_t *pages)
{
	return obj->cpu_view ? obj->cpu_view->map : pages;
}

int gem_object_pread(struct gem_object *obj, uint64_t offset, void *dst, size_t len)
{
	uint8_t *pages;

	int ret = check_range(obj, offset, len);
	if (ret == 0)
		ret = begin(obj, &pages);
	if (ret)
		return ret;
	if (obj->cache_coherent) {
		move_to_cpu(obj, pages, false);
	} else {
		sync_coherent(obj, pages);
		flush_write_domain(obj, pages, I915_GEM_DOMAIN_CPU);
		/* Old lines go; those of a dirty cache are the newest. */
		if (obj->cpu_view && !obj->cache_dirty &&
		    !(obj->read_domains & I915_GEM_DOMAIN_CPU))
			gem_view_sync_lines(obj->cpu_view, pages, offset, len);
	}
	memcpy(dst, cpu_bytes(obj, pages) + offset, len);
	end(obj);
	return 0;
}

int gem_object_pwrite(struct gem_object *obj, uint64_t offset, const void *src, size_t len)
{
	uint8_t *pages;

	int ret = check_range(obj, offset, len);
	if (ret == 0)
		ret = begin(obj, &pages);
	if (ret)
		return ret;
	if (obj->cache_coherent) {
		move_to_cpu(obj, pages, true);
	} else {
		sync_coherent(obj, pages);
		flush_write_domain(obj, pages, I915_GEM_DOMAIN_CPU);
	}
	bool flush = obj->cpu_view && !obj->cache_coherent && !obj->cache_dirty;
	/* A line that is written in part is read before. */
	if (flush && !(obj->read_domains & I915_GEM_DOMAIN_CPU))
		gem_view_sync_lines(obj->cpu_view, pages, offset, len);
	memcpy(cpu_bytes(obj, pages) + offset, src, len);
	if (flush)
		gem_view_sync_lines(obj->cpu_view, pages, offset, len);
	/* Maps through the GTT show it without being asked to. */
	sync_coherent(obj, pages);
	end(obj);
	return 0;
}
