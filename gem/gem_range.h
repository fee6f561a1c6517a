/*
 * Allocator of ranges of an address space: the fake mmap offsets, the regions
 * of memory, the GPU's address spaces and the swap file use it. The caller owns
 * the nodes and brings the lock.
 *
 * A treap of nodes ordered by start. Every node knows the largest hole below
 * it, so the lowest hole that fits is found in O(log n); an alignment above
 * what the other nodes have can cost more.
 */
#ifndef GEM_RANGE_H
#define GEM_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed = has no place. */
struct gem_range_node {
	uint64_t start; /* 0 while not placed */
	uint64_t size;  /* > 0; not changed while placed */
	bool placed;
	/* Inside of the treap. One cache line in all. */
	uint32_t priority;
	struct gem_range_node *left, *right;
	/* Of the subtree: lowest start, highest end, largest hole in between. */
	uint64_t first, last, hole;
};

struct gem_range {
	struct gem_range_node *root;
	uint64_t base, end; /* addresses are base <= a < end */
	uint64_t used;      /* sum of the nodes' sizes */
	uint32_t random;    /* for the treap's priorities */
};

void gem_range_init(struct gem_range *range, uint64_t base, uint64_t end);

/*
 * Places node (size set) at the lowest hole that starts at a multiple of align
 * (a power of two; 0 and 1 = any address) and lies in low <= a < high.
 * -ENOSPC. Nothing to do for a node that has a place.
 */
int gem_range_insert(struct gem_range *range, struct gem_range_node *node, uint64_t align,
	uint64_t low, uint64_t high);
/* The same at the highest address. */
int gem_range_insert_high(struct gem_range *range, struct gem_range_node *node, uint64_t align,
	uint64_t low, uint64_t high);
/* Places node at start; -ENOSPC when any of it is taken or outside. */
int gem_range_insert_at(struct gem_range *range, struct gem_range_node *node, uint64_t start);
/* Nothing to do for a node without a place. */
void gem_range_remove(struct gem_range *range, struct gem_range_node *node);

/* The node that holds address, or NULL. */
struct gem_range_node *gem_range_find(const struct gem_range *range, uint64_t address);
/*
 * The lowest node that ends above address: the one that holds it or the next
 * one; NULL at the end. Walk: address = node->start + node->size.
 */
struct gem_range_node *gem_range_next(const struct gem_range *range, uint64_t address);
/* The hole around address, which is in no node: *from <= address < *to. */
void gem_range_hole(const struct gem_range *range, uint64_t address, uint64_t *from, uint64_t *to);

#endif
