#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "gem_slab.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { PLAIN_MALLOC = 1 };
#else
enum { PLAIN_MALLOC = 0 };
#endif

enum { LINE = 64, CHUNK = 2 << 20 };

/* A struct that is not in use. */
struct vacancy {
	struct vacancy *next;
};

/* At the start of its memory, which is aligned to its size. */
struct chunk {
	struct gem_list link; /* slab->usable or ->full */
	struct vacancy *vacant;
	uint32_t fresh;       /* offset of what was never in use, so never touched */
	uint32_t used;
};

static struct chunk *chunk_of(void *ptr)
{
	return (struct chunk *)((uintptr_t)ptr & ~(uintptr_t)(CHUNK - 1));
}

/* CHUNK bytes at a multiple of CHUNK. */
static void *map_chunk(void)
{
	uint8_t *map = mmap(NULL, 2 * CHUNK, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return NULL;
	size_t before = GEM_ALIGN((uintptr_t)map, CHUNK) - (uintptr_t)map;
	if (before)
		munmap(map, before);
	munmap(map + before + CHUNK, CHUNK - before);
	return map + before;
}

static struct chunk *add_chunk(struct gem_slab *slab)
{
	struct chunk *chunk = map_chunk();

	if (!chunk)
		return NULL;
	if (slab->chunks > 0)
		madvise(chunk, CHUNK, MADV_HUGEPAGE); /* or it has none: no harm */
	*chunk = (struct chunk){.fresh = GEM_ALIGN(sizeof(*chunk), LINE)};
	gem_list_add_tail(&slab->usable, &chunk->link);
	slab->chunks++;
	slab->empty++;
	return chunk;
}

static void drop_chunk(struct gem_slab *slab, struct chunk *chunk)
{
	gem_list_del(&chunk->link);
	slab->chunks--;
	slab->empty--;
	munmap(chunk, CHUNK);
}

void gem_slab_init(struct gem_slab *slab, size_t size)
{
	pthread_mutex_init(&slab->lock, NULL);
	/* An odd number of lines: the first ones would use few of a cache's sets otherwise. */
	slab->size = GEM_ALIGN(size, LINE) | LINE;
	slab->chunks = slab->empty = 0;
	gem_list_init(&slab->usable);
	gem_list_init(&slab->full);
}

void gem_slab_finish(struct gem_slab *slab)
{
	struct chunk *chunk, *next;

	gem_list_for_each_safe(chunk, next, &slab->usable, link) {
		if (chunk->used == 0)
			drop_chunk(slab, chunk);
	}
	pthread_mutex_destroy(&slab->lock);
}

static bool is_full(const struct gem_slab *slab, const struct chunk *chunk)
{
	return !chunk->vacant && chunk->fresh + slab->size > CHUNK;
}

static void *take(struct gem_slab *slab, struct chunk *chunk)
{
	void *ptr = chunk->vacant;

	if (ptr) {
		chunk->vacant = chunk->vacant->next;
	} else {
		ptr = (uint8_t *)chunk + chunk->fresh;
		chunk->fresh += slab->size;
	}
	if (chunk->used++ == 0)
		slab->empty--;
	if (is_full(slab, chunk)) {
		gem_list_del(&chunk->link);
		gem_list_add_tail(&slab->full, &chunk->link);
	}
	return ptr;
}

void *gem_slab_alloc(struct gem_slab *slab)
{
	void *ptr = NULL;

	if (PLAIN_MALLOC)
		return aligned_alloc(LINE, slab->size);
	pthread_mutex_lock(&slab->lock);
	struct chunk *chunk = gem_list_empty(&slab->usable) ? add_chunk(slab) :
		gem_list_entry(slab->usable.next, struct chunk, link);
	if (chunk)
		ptr = take(slab, chunk);
	pthread_mutex_unlock(&slab->lock);
	return ptr;
}

void gem_slab_free(struct gem_slab *slab, void *ptr)
{
	struct chunk *chunk = chunk_of(ptr);
	struct vacancy *vacancy = ptr;

	if (PLAIN_MALLOC) {
		free(ptr);
		return;
	}
	pthread_mutex_lock(&slab->lock);
	if (is_full(slab, chunk)) {
		gem_list_del(&chunk->link);
		gem_list_add_tail(&slab->usable, &chunk->link);
	}
	vacancy->next = chunk->vacant;
	chunk->vacant = vacancy;
	if (--chunk->used == 0)
		slab->empty++;
	/* One empty chunk is kept: who makes and closes an object in turn does not map each time. */
	if (chunk->used == 0 && slab->empty > 1)
		drop_chunk(slab, chunk);
	pthread_mutex_unlock(&slab->lock);
}
