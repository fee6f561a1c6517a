#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gem_guard.h"
#include "gem_fence_reg.h"
#include "gem_private.h"
#include "gem_view.h"

/* What clflush moves, and the size of the reads that the fast paths compare. */
enum { LINE = 64, WORD = 8 };

/* ---- twin, view and memory become the same ---- */

/* 0xff in each byte that is not 0. */
static uint64_t nonzero_bytes(uint64_t value)
{
	const uint64_t low = 0x7f7f7f7f7f7f7f7full;

	return ((((value & low) + low) | value) & ~low) / 0x80 * 0xff;
}

/* The bytes of value that mask names, and no others: those may be somebody's right now. */
static void store_bytes(uint64_t *memory, uint64_t value, uint64_t mask)
{
	if (mask == UINT64_MAX) {
		__atomic_store_n(memory, value, __ATOMIC_RELAXED);
		return;
	}
	uint8_t *to = (uint8_t *)memory, *from = (uint8_t *)&value, *chosen = (uint8_t *)&mask;
	for (int i = 0; i < WORD; i++) {
		if (chosen[i])
			__atomic_store_n(&to[i], from[i], __ATOMIC_RELAXED);
	}
}

/*
 * Other threads and processes write to view and memory at any time: each is
 * read once. whole: what differs in the view's line makes all of it written.
 */
static void sync_word(uint64_t *view, uint64_t *twin, uint64_t *memory, bool whole)
{
	uint64_t seen = __atomic_load_n(view, __ATOMIC_RELAXED);
	uint64_t stored = __atomic_load_n(memory, __ATOMIC_RELAXED);
	uint64_t wrote = whole ? UINT64_MAX : nonzero_bytes(seen ^ *twin);
	uint64_t merged = (seen & wrote) | (stored & ~wrote);

	if (merged != stored)
		store_bytes(memory, seen, wrote);
	*twin = seen;
	/* Not over what a client wrote just now; that is merged the next time. */
	if (merged != seen && __atomic_compare_exchange_n(view, &seen, merged, false,
			__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		*twin = merged;
}

static inline bool same(const uint8_t *view, const uint8_t *twin, const uint8_t *memory, size_t len)
{
	return memcmp(view, twin, len) == 0 && memcmp(memory, twin, len) == 0;
}

/* len: a line or a part of it. */
static void sync_line(enum gem_view_kind kind, uint8_t *view, uint8_t *twin, uint8_t *memory,
	size_t len)
{
	if (same(view, twin, memory, len))
		return;
	bool whole = kind == GEM_VIEW_CPU && memcmp(view, twin, len) != 0;
	for (size_t i = 0; i < len; i += WORD)
		sync_word((uint64_t *)(view + i), (uint64_t *)(twin + i),
			(uint64_t *)(memory + i), whole);
}

/* len bytes that are neighbours in view and memory: a multiple of 16, or of LINE. */
static void sync_span(struct gem_view *view, uint64_t at, uint8_t *memory, size_t len)
{
	if (same(view->map + at, view->twin + at, memory, len))
		return;
	for (size_t i = 0; i < len; i += LINE)
		sync_line(view->kind, view->map + at + i, view->twin + at + i, memory + i,
			len - i < LINE ? len - i : LINE);
}

static void sync_linear(struct gem_view *view, uint8_t *pages)
{
	for (uint64_t at = 0; at < view->size; at += GEM_PAGE_SIZE)
		sync_span(view, at, pages + at, GEM_PAGE_SIZE);
}

/* A row through the eight columns of a Y tile, the first of them at memory. */
static void sync_y_row(struct gem_view *view, uint64_t at, uint8_t *memory)
{
	const uint64_t *seen = (const uint64_t *)(view->map + at);
	const uint64_t *twin = (const uint64_t *)(view->twin + at);
	uint64_t differs = 0;

	for (unsigned i = 0; i < 16; i++) {
		const uint64_t *stored = (const uint64_t *)(memory + i / 2 * 512) + i % 2;

		differs |= (__atomic_load_n(&seen[i], __ATOMIC_RELAXED) ^ twin[i]) |
			(__atomic_load_n(stored, __ATOMIC_RELAXED) ^ twin[i]);
	}
	for (unsigned column = 0; differs && column < 8; column++)
		sync_span(view, at + column * 16, memory + column * 512, 16);
}

/*
 * Row by row through the tiles that a row crosses; both tilings have a whole
 * tile's width at a time. A tile that the object has no memory for is scratch.
 */
static void sync_tiled(struct gem_view *view, uint8_t *pages, enum gem_tiling tiling,
	uint32_t stride)
{
	uint32_t width = gem_tile_width(tiling);
	uint64_t at = 0;

	for (uint32_t y = 0; at < view->size; y++) {
		for (uint32_t x = 0; x < stride && at < view->size; x += width, at += width) {
			uint64_t place = gem_tile_offset(tiling, stride, x, y);

			if (place >= view->size)
				continue;
			if (tiling == GEM_TILING_X)
				sync_span(view, at, pages + place, width);
			else
				sync_y_row(view, at, pages + place);
		}
	}
}

void gem_view_sync(struct gem_view *view, uint8_t *pages, enum gem_tiling tiling, uint32_t stride)
{
	if (tiling == GEM_TILING_NONE || view->kind == GEM_VIEW_CPU)
		sync_linear(view, pages);
	else
		sync_tiled(view, pages, tiling, stride);
}

void gem_view_sync_lines(struct gem_view *view, uint8_t *pages, uint64_t offset, uint64_t len)
{
	uint64_t start = offset & ~(uint64_t)(LINE - 1), end = GEM_ALIGN(offset + len, LINE);

	for (uint64_t at = start; at < end; at += LINE)
		sync_span(view, at, pages + at, LINE);
}

/* ---- making and ending views ---- */

/*
 * Not sealed: a purge truncates it. So may a client, whose mapping is then as
 * dead as it wished; the guard keeps ours alive.
 */
static int create_fd(uint64_t size)
{
	int fd = memfd_create("testcard-view", MFD_CLOEXEC);

	if (fd < 0)
		return -ENOMEM;
	if (fchmod(fd, 0600) < 0 || ftruncate(fd, size) < 0) {
		close(fd);
		return -ENOMEM;
	}
	return fd;
}

static uint8_t *map_bytes(size_t size, int fd)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

/*
 * fd (taken over on success) with its twin zero: right for an fd of zeros, whose
 * first sync fetches the memory.
 */
static int view_create(enum gem_view_kind kind, size_t size, int fd, struct gem_view **out)
{
	struct gem_view *view = calloc(1, sizeof(*view));

	if (!view)
		return -ENOMEM;
	view->kind = kind;
	view->size = size;
	view->fd = fd;
	view->map = map_bytes(size, fd);
	if (!view->map)
		goto free_view;
	view->twin = map_bytes(size, -1);
	if (!view->twin)
		goto unmap;
	if (gem_guard_add(view->map, size, &view->faulted))
		goto unmap_twin;
	*out = view;
	return 0;

unmap_twin:
	munmap(view->twin, size);
unmap:
	munmap(view->map, size);
free_view:
	free(view);
	return -ENOMEM;
}

static int view_create_empty(enum gem_view_kind kind, size_t size, struct gem_view **out)
{
	int fd = create_fd(size);

	if (fd < 0)
		return fd;
	int ret = view_create(kind, size, fd, out);
	if (ret)
		close(fd);
	return ret;
}

static void view_destroy(struct gem_view *view)
{
	if (!view)
		return;
	gem_guard_remove(view->map);
	munmap(view->map, view->size);
	munmap(view->twin, view->size);
	close(view->fd);
	free(view);
}

void gem_object_destroy_views(struct gem_object *obj)
{
	view_destroy(obj->cpu_view);
	view_destroy(obj->gtt_view);
	obj->cpu_view = obj->gtt_view = NULL;
}

static void empty(struct gem_view *view)
{
	if (view && ftruncate(view->fd, 0) < 0)
		gem_debug("gem", "a view keeps its bytes: somebody sealed it");
}

void gem_object_purge_views(struct gem_object *obj)
{
	empty(obj->cpu_view);
	empty(obj->gtt_view);
	gem_object_destroy_views(obj);
}

static bool needs_view(const struct gem_object *obj, enum gem_view_kind way)
{
	return way == GEM_VIEW_CPU ? obj->dev->memory.strict : obj->tiling != GEM_TILING_NONE;
}

/*
 * mm.lock held. The CPU's view is fetched once: another map of it is no reason
 * for its cache to learn what is new in memory.
 */
static int open_view(struct gem_object *obj, enum gem_view_kind way, uint8_t *pages, int *fd)
{
	struct gem_view **view = way == GEM_VIEW_CPU ? &obj->cpu_view : &obj->gtt_view;
	bool fresh = !*view;

	if (fresh) {
		int ret = view_create_empty(way, obj->size, view);
		if (ret)
			return ret;
	}
	if (fresh || way == GEM_VIEW_GTT)
		gem_view_sync(*view, pages, obj->tiling, obj->stride);
	*fd = fcntl((*view)->fd, F_DUPFD_CLOEXEC, 0);
	return *fd < 0 ? -EMFILE : 0;
}

int gem_object_map_fd(struct gem_object *obj, enum gem_view_kind way, int *fd)
{
	void *pages;
	int ret = gem_object_pin_pages(obj, &pages);

	if (ret == -EFAULT) /* purged */
		return gem_object_open_memory(obj, fd);
	if (ret)
		return ret;
	if (way == GEM_VIEW_GTT)
		gem_object_use_aperture(obj);
	pthread_mutex_lock(&obj->mm.lock);
	/* Who mapped the view earlier and who maps now shall see the same. */
	bool viewed = needs_view(obj, way) || (way == GEM_VIEW_GTT && obj->gtt_view);
	if (viewed)
		ret = open_view(obj, way, pages, fd);
	pthread_mutex_unlock(&obj->mm.lock);
	if (!viewed)
		ret = gem_storage_open(obj, way == GEM_VIEW_GTT, fd);
	gem_object_unpin_pages(obj);
	return ret;
}

/* mm.lock and memory.lock held. */
static int part_gtt(struct gem_object *obj)
{
	struct gem_view *view;
	int fd;

	if (obj->gtt_view || !obj->mapped_gtt)
		return 0;
	int ret = obj->mapped_memory ? -EBUSY : gem_storage_split(obj, &fd);
	if (ret)
		return ret;
	ret = view_create(GEM_VIEW_GTT, obj->size, fd, &view);
	if (ret) {
		/* The memory that clients have stays the object's. */
		int copy = obj->filp;
		obj->filp = fd;
		close(copy);
		return ret;
	}
	memcpy(view->twin, view->map, obj->size);
	obj->gtt_view = view;
	obj->mapped_gtt = false;
	return 0;
}

void gem_view_part_gtt(struct gem_object *obj)
{
	pthread_mutex_lock(&obj->dev->memory.lock);
	pthread_mutex_lock(&obj->mm.lock);
	int ret = part_gtt(obj);
	pthread_mutex_unlock(&obj->mm.lock);
	pthread_mutex_unlock(&obj->dev->memory.lock);
	if (ret)
		gem_debug("gem", "a GTT map from before the tiling shows tiles (%d)", ret);
}
