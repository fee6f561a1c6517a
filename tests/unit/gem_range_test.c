/* The range allocator against a bitmap of pages that is searched in full. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gem_range.h"
#include "test.h"

enum { BASE = 16, PAGES = 512, NODES = 96, ROUNDS = 40000 };

struct model {
	struct gem_range range;
	struct gem_range_node nodes[NODES];
	uint8_t taken[BASE + PAGES]; /* node + 1 */
};

static bool is_free(const struct model *model, uint64_t start, uint64_t size)
{
	if (start < BASE || start + size > BASE + PAGES)
		return false;
	for (uint64_t i = start; i < start + size; i++) {
		if (model->taken[i])
			return false;
	}
	return true;
}

/* The lowest or highest place by trying all; 0 = none. */
static uint64_t search(const struct model *model, uint64_t size, uint64_t align, uint64_t low,
	uint64_t high, bool topmost)
{
	uint64_t found = 0;

	for (uint64_t start = 0; start < BASE + PAGES; start++) {
		if (start % align || start < low || start + size > high ||
		    !is_free(model, start, size))
			continue;
		found = start;
		if (!topmost)
			break;
	}
	return found;
}

static void mark(struct model *model, unsigned index, uint8_t value)
{
	memset(&model->taken[model->nodes[index].start], value, model->nodes[index].size);
}

static void insert_random(struct model *model, unsigned index)
{
	struct gem_range_node *node = &model->nodes[index];
	uint64_t align = 1u << rand() % 6, low = rand() % PAGES, high = low + rand() % PAGES;
	bool topmost = rand() % 2;

	node->size = 1 + rand() % 24;
	if (rand() % 3 == 0) {
		uint64_t start = rand() % (BASE + PAGES + 4);
		bool fits = is_free(model, start, node->size);

		CHECK_INT(gem_range_insert_at(&model->range, node, start), fits ? 0 : -ENOSPC);
		CHECK_INT(node->placed, fits);
	} else {
		uint64_t want = search(model, node->size, align, low, high, topmost);
		int ret = topmost ?
			gem_range_insert_high(&model->range, node, align, low, high) :
			gem_range_insert(&model->range, node, align, low, high);

		CHECK_INT(ret, want ? 0 : -ENOSPC);
		if (want)
			CHECK_INT(node->start, want);
	}
	if (node->placed)
		mark(model, index, index + 1);
}

static void check_lookups(struct model *model, uint64_t address)
{
	struct gem_range_node *node = gem_range_find(&model->range, address);
	uint64_t from, to, next = address;

	CHECK(node == (model->taken[address] ? &model->nodes[model->taken[address] - 1] : NULL));
	while (next < BASE + PAGES && !model->taken[next])
		next++;
	node = gem_range_next(&model->range, address);
	CHECK(node == (next < BASE + PAGES ? &model->nodes[model->taken[next] - 1] : NULL));
	if (model->taken[address])
		return;
	gem_range_hole(&model->range, address, &from, &to);
	CHECK_INT(to, next);
	while (address > BASE && !model->taken[address - 1])
		address--;
	CHECK_INT(from, address);
}

TEST(range_against_bitmap)
{
	static struct model model;
	uint64_t used = 0;

	srand(7);
	gem_range_init(&model.range, BASE, BASE + PAGES);
	for (int round = 0; round < ROUNDS; round++) {
		unsigned index = rand() % NODES;
		struct gem_range_node *node = &model.nodes[index];

		if (node->placed) {
			mark(&model, index, 0);
			used -= node->size;
			gem_range_remove(&model.range, node);
			CHECK(!node->placed);
		} else {
			insert_random(&model, index);
			used += node->placed ? node->size : 0;
		}
		CHECK_INT(model.range.used, used);
		check_lookups(&model, BASE + rand() % PAGES);
	}
}

TEST(range_edges)
{
	struct gem_range range;
	struct gem_range_node node = {.size = 8}, huge = {.size = UINT64_MAX};

	gem_range_init(&range, 0, 1ull << 48);
	CHECK_INT(gem_range_insert(&range, &huge, 1, 0, UINT64_MAX), -ENOSPC);
	CHECK_INT(gem_range_insert_at(&range, &huge, 4096), -ENOSPC);
	CHECK_INT(gem_range_insert_at(&range, &node, UINT64_MAX - 4), -ENOSPC);
	CHECK_INT(gem_range_insert(&range, &node, 1ull << 63, 1, UINT64_MAX), -ENOSPC);
	CHECK_INT(gem_range_insert(&range, &node, 1, 100, 100), -ENOSPC);
	CHECK_INT(gem_range_insert(&range, &node, 1, 200, 100), -ENOSPC);
	CHECK_INT(gem_range_insert_high(&range, &node, 1, 0, UINT64_MAX), 0);
	CHECK_INT(node.start, (1ull << 48) - 8);
	gem_range_remove(&range, &node);
	gem_range_remove(&range, &node);
	CHECK_INT(range.used, 0);
}
