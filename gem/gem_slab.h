/*
 * Memory for many structs of one size, in chunks of 2 MiB.
 *
 * Why not malloc: with 10^6 objects nearly every look-up is a miss of the TLB,
 * which costs several times the miss of the object's own cache line. From the
 * second chunk on the kernel is asked for huge pages: few devices have so many
 * objects, and those that do not pay for no page that they do not use.
 *
 * Under a sanitizer it is malloc, which finds uses after free.
 */
#ifndef GEM_SLAB_H
#define GEM_SLAB_H

#include <pthread.h>
#include <stddef.h>

#include "gem_base.h"

struct gem_slab {
	pthread_mutex_t lock;  /* innermost */
	size_t size;           /* between structs, bytes; immutable */
	struct gem_list usable; /* chunks with room, lock */
	struct gem_list full;  /* the others, lock */
	unsigned chunks, empty; /* chunks; those of usable without a struct in use; lock */
};

/* size at most 1 MiB. */
void gem_slab_init(struct gem_slab *slab, size_t size);
/* A chunk with structs in use stays: whoever has one can still touch it. */
void gem_slab_finish(struct gem_slab *slab);

/* Aligned to 64, contents undefined; NULL = no memory. */
void *gem_slab_alloc(struct gem_slab *slab);
void gem_slab_free(struct gem_slab *slab, void *ptr);

#endif
