#include <errno.h>
#include <stddef.h>

#include "gem_base.h"
#include "gem_range.h"

/* What a hole is looked for. */
struct wish {
	uint64_t size, align, low, high;
	bool topmost;
};

static uint64_t end_of(const struct gem_range_node *node)
{
	return node->start + node->size;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Recomputes what node says about its subtree. */
static void update(struct gem_range_node *node)
{
	const struct gem_range_node *left = node->left, *right = node->right;

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

static struct gem_range_node *merge(struct gem_range_node *a, struct gem_range_node *b)
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
static void split(struct gem_range_node *node, uint64_t start, struct gem_range_node **below,
	struct gem_range_node **above)
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

/* Where the wish fits into the hole from <= a < to: its lowest place, or highest. */
static bool fits(uint64_t from, uint64_t to, const struct wish *wish, uint64_t *start)
{
	uint64_t low = larger(from, wish->low), high = to < wish->high ? to : wish->high;

	if (low > UINT64_MAX - (wish->align - 1))
		return false;
	low = GEM_ALIGN(low, wish->align);
	if (low >= high || high - low < wish->size)
		return false;
	*start = wish->topmost ? (high - wish->size) & ~(wish->align - 1) : low;
	return true;
}

/* Lowest (or highest) fitting hole of node's subtree and its edges: from and to are the neighbours. */
static bool find_hole(const struct gem_range_node *node, uint64_t from, uint64_t to,
	const struct wish *wish, uint64_t *start)
{
	if (!node)
		return fits(from, to, wish, start);
	if (to <= wish->low || from >= wish->high)
		return false;
	if (larger(node->hole, larger(node->first - from, to - node->last)) < wish->size)
		return false;
	if (wish->topmost && find_hole(node->right, end_of(node), to, wish, start))
		return true;
	return find_hole(node->left, from, node->start, wish, start) ||
		(!wish->topmost && find_hole(node->right, end_of(node), to, wish, start));
}

static uint32_t next_random(struct gem_range *range)
{
	/* xorshift32: balance needs no better one */
	range->random ^= range->random << 13;
	range->random ^= range->random >> 17;
	range->random ^= range->random << 5;
	return range->random;
}

static void place(struct gem_range *range, struct gem_range_node *node, uint64_t start)
{
	struct gem_range_node *below, *above;

	node->start = start;
	node->placed = true;
	node->priority = next_random(range);
	node->left = node->right = NULL;
	update(node);
	split(range->root, start, &below, &above);
	range->root = merge(merge(below, node), above);
	range->used += node->size;
}

void gem_range_init(struct gem_range *range, uint64_t base, uint64_t end)
{
	*range = (struct gem_range){.base = base, .end = end, .random = 2463534242u};
}

static int insert(struct gem_range *range, struct gem_range_node *node, const struct wish *wish)
{
	uint64_t start;

	if (node->placed)
		return 0;
	if (!find_hole(range->root, range->base, range->end, wish, &start))
		return -ENOSPC;
	place(range, node, start);
	return 0;
}

int gem_range_insert(struct gem_range *range, struct gem_range_node *node, uint64_t align,
	uint64_t low, uint64_t high)
{
	return insert(range, node,
		&(struct wish){node->size, align ? align : 1, low, high, .topmost = false});
}

int gem_range_insert_high(struct gem_range *range, struct gem_range_node *node, uint64_t align,
	uint64_t low, uint64_t high)
{
	return insert(range, node,
		&(struct wish){node->size, align ? align : 1, low, high, .topmost = true});
}

int gem_range_insert_at(struct gem_range *range, struct gem_range_node *node, uint64_t start)
{
	if (start < range->base || start > range->end || node->size > range->end - start)
		return -ENOSPC;
	const struct gem_range_node *next = gem_range_next(range, start);
	if (next && next->start < start + node->size)
		return -ENOSPC;
	place(range, node, start);
	return 0;
}

void gem_range_remove(struct gem_range *range, struct gem_range_node *node)
{
	struct gem_range_node *below, *above, *self;

	if (!node->placed)
		return;
	split(range->root, node->start, &below, &above);
	split(above, node->start + 1, &self, &above);
	range->root = merge(below, above);
	range->used -= node->size;
	node->placed = false;
	node->start = 0;
}

struct gem_range_node *gem_range_next(const struct gem_range *range, uint64_t address)
{
	struct gem_range_node *node = range->root, *found = NULL;

	while (node) {
		if (end_of(node) > address) {
			found = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return found;
}

struct gem_range_node *gem_range_find(const struct gem_range *range, uint64_t address)
{
	struct gem_range_node *node = gem_range_next(range, address);

	return node && node->start <= address ? node : NULL;
}

void gem_range_hole(const struct gem_range *range, uint64_t address, uint64_t *from, uint64_t *to)
{
	const struct gem_range_node *node = range->root;

	*from = range->base;
	*to = range->end;
	while (node) {
		if (node->start > address) {
			*to = node->start;
			node = node->left;
		} else {
			*from = end_of(node);
			node = node->right;
		}
	}
}
