/*
 * Radix tree of 64-way nodes. Each node has a bitmap of what exists below and
 * one of what is full below, so the lowest free id is found with one
 * count-trailing-zeros per level.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

#include "gem_idr.h"

enum { NODE_BITS = 6, NODE_SLOTS = 1 << NODE_BITS, MAX_LEVELS = 6 };
#define ALL_FULL UINT64_MAX

struct gem_idr_node {
	uint64_t used; /* leaf: id taken; inner: child exists (and is not empty) */
	uint64_t full; /* no id free below this slot; of a leaf the same as used */
	void *slots[NODE_SLOTS];
};

/* The way from the root (path[height]) to a leaf (path[0]). */
struct path {
	struct gem_idr_node *nodes[MAX_LEVELS];
	uint32_t index;
};

static unsigned slot_at(uint32_t index, unsigned level)
{
	return index >> (level * NODE_BITS) & (NODE_SLOTS - 1);
}

/* Ids a tree of this height can name. */
static uint64_t capacity(uint32_t height)
{
	return 1ull << ((height + 1) * NODE_BITS);
}

void gem_idr_init(struct gem_idr *idr, uint32_t base)
{
	*idr = (struct gem_idr){.base = base};
}

static void free_tree(struct gem_idr_node *node, uint32_t level)
{
	for (uint64_t left = level ? node->used : 0; left; left &= left - 1)
		free_tree(node->slots[__builtin_ctzll(left)], level - 1);
	free(node);
}

void gem_idr_finish(struct gem_idr *idr)
{
	if (idr->root)
		free_tree(idr->root, idr->height);
	gem_idr_init(idr, idr->base);
}

/* Frees nodes that became empty on the path, and roots with one small child. */
static void prune(struct gem_idr *idr, struct path *path)
{
	for (uint32_t level = 0; level <= idr->height; level++) {
		if (!path->nodes[level])
			continue;
		if (path->nodes[level]->used)
			break;
		free(path->nodes[level]);
		if (level == idr->height) {
			idr->root = NULL;
			idr->height = 0;
			return;
		}
		unsigned slot = slot_at(path->index, level + 1);
		path->nodes[level + 1]->used &= ~(1ull << slot);
		path->nodes[level + 1]->full &= ~(1ull << slot);
		path->nodes[level + 1]->slots[slot] = NULL;
	}
	while (idr->height > 0 && idr->root->used == 1) {
		struct gem_idr_node *old = idr->root;
		idr->root = old->slots[0];
		idr->height--;
		free(old);
	}
}

static int ensure_free_root(struct gem_idr *idr)
{
	struct gem_idr_node *root;

	if (idr->root && idr->root->full != ALL_FULL)
		return 0;
	root = calloc(1, sizeof(*root));
	if (!root)
		return -ENOMEM;
	if (idr->root) {
		root->used = root->full = 1;
		root->slots[0] = idr->root;
		idr->height++;
	}
	idr->root = root;
	return 0;
}

/* Walks to the lowest free slot and makes the nodes on the way. */
static int descend_to_free(struct gem_idr *idr, struct path *path)
{
	struct gem_idr_node *node = idr->root;

	for (uint32_t level = idr->height;; level--) {
		unsigned slot = __builtin_ctzll(~node->full);
		path->nodes[level] = node;
		path->index |= slot << (level * NODE_BITS);
		if (level == 0)
			return 0;
		if (!(node->used & 1ull << slot)) {
			node->slots[slot] = calloc(1, sizeof(*node));
			if (!node->slots[slot])
				return -ENOMEM;
			node->used |= 1ull << slot;
		}
		node = node->slots[slot];
	}
}

int gem_idr_alloc(struct gem_idr *idr, void *ptr, uint32_t *id)
{
	struct path path = {0};

	/* As the kernel's: ids are positive ints. No hole is left below count. */
	if ((uint64_t)idr->base + idr->count > INT_MAX)
		return -ENOSPC;
	int ret = ensure_free_root(idr);
	if (ret)
		return ret;
	ret = descend_to_free(idr, &path);
	if (ret) {
		prune(idr, &path);
		return ret;
	}
	unsigned slot = slot_at(path.index, 0);
	path.nodes[0]->slots[slot] = ptr;
	path.nodes[0]->used |= 1ull << slot;
	path.nodes[0]->full |= 1ull << slot;
	for (uint32_t level = 1; level <= idr->height; level++) {
		if (path.nodes[level - 1]->full != ALL_FULL)
			break;
		path.nodes[level]->full |= 1ull << slot_at(path.index, level);
	}
	idr->count++;
	*id = idr->base + path.index;
	return 0;
}

/* The leaf that holds id, when id is in use; path is optional. Tells free from reserved. */
static struct gem_idr_node *find_leaf(const struct gem_idr *idr, uint32_t id, struct path *path)
{
	struct gem_idr_node *node = idr->root;
	uint32_t index = id - idr->base;

	if (!node || id < idr->base || index >= capacity(idr->height))
		return NULL;
	for (uint32_t level = idr->height;; level--) {
		unsigned slot = slot_at(index, level);
		if (path)
			path->nodes[level] = node;
		if (!(node->used & 1ull << slot))
			return NULL;
		if (level == 0)
			return node;
		node = node->slots[slot];
	}
}

/*
 * The hot path: a free slot holds NULL, so the bitmaps need not be looked at
 * (they are other cache lines, which is what counts with 10^6 entries).
 */
void *gem_idr_find(const struct gem_idr *idr, uint32_t id)
{
	void *entry = idr->root;
	uint32_t index = id - idr->base;

	if (id < idr->base || index >= capacity(idr->height))
		return NULL;
	for (uint32_t level = idr->height; entry; level--) {
		entry = ((struct gem_idr_node *)entry)->slots[slot_at(index, level)];
		if (level == 0)
			break;
	}
	return entry;
}

void *gem_idr_replace(struct gem_idr *idr, uint32_t id, void *ptr)
{
	struct gem_idr_node *leaf = find_leaf(idr, id, NULL);
	unsigned slot = slot_at(id - idr->base, 0);

	if (!leaf)
		return NULL;
	void *old = leaf->slots[slot];
	leaf->slots[slot] = ptr;
	return old;
}

void *gem_idr_remove(struct gem_idr *idr, uint32_t id)
{
	struct path path = {.index = id - idr->base};
	struct gem_idr_node *leaf = find_leaf(idr, id, &path);

	if (!leaf)
		return NULL;
	void *old = leaf->slots[slot_at(path.index, 0)];
	leaf->slots[slot_at(path.index, 0)] = NULL;
	leaf->used &= ~(1ull << slot_at(path.index, 0));
	for (uint32_t level = 0; level <= idr->height; level++)
		path.nodes[level]->full &= ~(1ull << slot_at(path.index, level));
	idr->count--;
	prune(idr, &path);
	return old;
}

/* First non-NULL entry at or after *index in this subtree. */
static void *next_in(const struct gem_idr_node *node, uint32_t level, uint32_t *index)
{
	unsigned first = slot_at(*index, level);

	for (uint64_t left = node->used & ALL_FULL << first; left; left &= left - 1) {
		unsigned slot = __builtin_ctzll(left);
		if (slot != first) {
			uint32_t above = level + 1 < MAX_LEVELS ?
				*index >> ((level + 1) * NODE_BITS) << ((level + 1) * NODE_BITS) : 0;
			*index = above | slot << (level * NODE_BITS);
		}
		void *found = level == 0 ? node->slots[slot] :
			next_in(node->slots[slot], level - 1, index);
		if (found)
			return found;
		first = NODE_SLOTS; /* the rest starts at the slot's beginning */
	}
	return NULL;
}

void *gem_idr_next(const struct gem_idr *idr, uint32_t *id)
{
	uint32_t index = *id > idr->base ? *id - idr->base : 0;

	if (!idr->root || index >= capacity(idr->height))
		return NULL;
	void *found = next_in(idr->root, idr->height, &index);
	if (found)
		*id = idr->base + index;
	return found;
}
