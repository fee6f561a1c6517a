/*
 * The device address space: a treap of ranges ordered by start. Every node
 * knows the largest hole below it, so the lowest hole that fits is found in
 * O(log n) too.
 */
#include <errno.h>
#include <stddef.h>

#include "gem_object.h"

static uint64_t end_of(const struct gem_vma_node *node)
{
	return node->start + node->size;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Recomputes what node says about its subtree. */
static void update(struct gem_vma_node *node)
{
	const struct gem_vma_node *left = node->left, *right = node->right;

	node->first = node->start;
	node->last = end_of(node);
	node->hole = 0;
	if (left) {
		node->first = left->first;
		node->hole = larger(left->hole, node->start - left->last);
	}
	if (right) {
		node->last = right->last;
		node->hole = larger(node->hole, larger(right->hole, right->first - end_of(node)));
	}
}

static struct gem_vma_node *merge(struct gem_vma_node *a, struct gem_vma_node *b)
{
	if (!a || !b)
		return a ? a : b;
	if (a->priority > b->priority) {
		a->right = merge(a->right, b);
		update(a);
		return a;
	}
	b->left = merge(a, b->left);
	update(b);
	return b;
}

/* *below: starts < start; *above: the others. */
static void split(struct gem_vma_node *node, uint64_t start, struct gem_vma_node **below,
	struct gem_vma_node **above)
{
	if (!node) {
		*below = *above = NULL;
	} else if (node->start < start) {
		split(node->right, start, &node->right, above);
		update(node);
		*below = node;
	} else {
		split(node->left, start, below, &node->left);
		update(node);
		*above = node;
	}
}

/* Lowest hole of size bytes inside node's subtree, 0 when there is none. */
static uint64_t find_inner_hole(const struct gem_vma_node *node, uint64_t size)
{
	while (node && node->hole >= size) {
		const struct gem_vma_node *left = node->left, *right = node->right;

		if (left && left->hole >= size) {
			node = left;
			continue;
		}
		if (left && node->start - left->last >= size)
			return left->last;
		if (right->first - end_of(node) >= size)
			return end_of(node);
		node = right;
	}
	return 0;
}

static int find_place(const struct gem_vma_node *root, uint64_t size, uint64_t *start)
{
	if (!root || root->first - GEM_MMAP_OFFSET_BASE >= size) {
		*start = GEM_MMAP_OFFSET_BASE;
	} else {
		*start = find_inner_hole(root, size);
		if (!*start)
			*start = root->last;
	}
	return size <= GEM_MMAP_OFFSET_END - *start ? 0 : -ENOSPC;
}

static uint32_t next_random(struct gem_vma_manager *manager)
{
	/* xorshift32: balance needs no better one */
	manager->random ^= manager->random << 13;
	manager->random ^= manager->random >> 17;
	manager->random ^= manager->random << 5;
	return manager->random;
}

void gem_vma_manager_init(struct gem_vma_manager *manager)
{
	pthread_mutex_init(&manager->lock, NULL);
	manager->root = NULL;
	manager->random = 2463534242u;
}

void gem_vma_manager_finish(struct gem_vma_manager *manager)
{
	pthread_mutex_destroy(&manager->lock);
}

static int add_locked(struct gem_vma_manager *manager, struct gem_vma_node *node)
{
	struct gem_vma_node *below, *above;
	uint64_t start;

	if (node->start)
		return 0;
	int ret = find_place(manager->root, node->size, &start);
	if (ret)
		return ret;
	node->start = start;
	node->priority = next_random(manager);
	node->left = node->right = NULL;
	update(node);
	split(manager->root, start, &below, &above);
	manager->root = merge(merge(below, node), above);
	return 0;
}

int gem_vma_add(struct gem_vma_manager *manager, struct gem_vma_node *node)
{
	pthread_mutex_lock(&manager->lock);
	int ret = add_locked(manager, node);
	pthread_mutex_unlock(&manager->lock);
	return ret;
}

void gem_vma_remove(struct gem_vma_manager *manager, struct gem_vma_node *node)
{
	struct gem_vma_node *below, *above;

	pthread_mutex_lock(&manager->lock);
	if (node->start) {
		split(manager->root, node->start, &below, &above);
		split(above, node->start + 1, &node, &above);
		manager->root = merge(below, above);
		node->start = 0;
	}
	pthread_mutex_unlock(&manager->lock);
}

struct gem_vma_node *gem_vma_lookup_locked(struct gem_vma_manager *manager, uint64_t start)
{
	struct gem_vma_node *node = manager->root;

	while (node && node->start != start)
		node = start < node->start ? node->left : node->right;
	return node;
}
