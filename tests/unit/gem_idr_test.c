#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gem_idr.h"
#include "test.h"

static void *value(uint32_t id)
{
	return (void *)(uintptr_t)(id * 16ull + 16);
}

static void fill(struct gem_idr *idr, uint32_t count)
{
	uint32_t id;

	for (uint32_t i = 0; i < count; i++) {
		CHECK_INT(gem_idr_alloc(idr, value(idr->base + i), &id), 0);
		CHECK_INT(id, idr->base + i);
	}
}

TEST(idr_empty)
{
	struct gem_idr idr;
	uint32_t id = 0;

	gem_idr_init(&idr, 1);
	CHECK(gem_idr_find(&idr, 0) == NULL);
	CHECK(gem_idr_find(&idr, 1) == NULL);
	CHECK(gem_idr_find(&idr, UINT32_MAX) == NULL);
	CHECK(gem_idr_remove(&idr, 1) == NULL);
	CHECK(gem_idr_replace(&idr, 1, &idr) == NULL);
	CHECK(gem_idr_next(&idr, &id) == NULL);
	gem_idr_finish(&idr);
}

TEST(idr_below_base_and_beyond_tree_miss)
{
	struct gem_idr idr;

	gem_idr_init(&idr, 5);
	fill(&idr, 3);
	CHECK(gem_idr_find(&idr, 4) == NULL);
	CHECK(gem_idr_find(&idr, 0) == NULL);
	CHECK(gem_idr_find(&idr, 5) == value(5));
	CHECK(gem_idr_find(&idr, 8) == NULL);
	/* same low bits as id 5, outside the tree */
	CHECK(gem_idr_find(&idr, 5 + 64) == NULL);
	CHECK(gem_idr_find(&idr, 5 + (1u << 30)) == NULL);
	CHECK(gem_idr_remove(&idr, 5 + 64) == NULL);
	CHECK_INT(idr.count, 3);
	gem_idr_finish(&idr);
}

TEST(idr_hundred_thousand)
{
	enum { COUNT = 100000 };
	struct gem_idr idr;

	gem_idr_init(&idr, 1);
	fill(&idr, COUNT);
	CHECK_INT(idr.count, COUNT);
	for (uint32_t id = 1; id <= COUNT; id++)
		CHECK(gem_idr_find(&idr, id) == value(id));
	CHECK(gem_idr_find(&idr, COUNT + 1) == NULL);
	for (uint32_t id = 1; id <= COUNT; id++)
		CHECK(gem_idr_remove(&idr, id) == value(id));
	CHECK_INT(idr.count, 0);
	CHECK(idr.root == NULL);
	gem_idr_finish(&idr);
}

TEST(idr_reuses_lowest)
{
	static const uint32_t holes[] = {3, 64, 65, 4097, 4200, 9999};
	struct gem_idr idr;
	uint32_t id;

	gem_idr_init(&idr, 1);
	fill(&idr, 10000);
	for (int i = 5; i >= 0; i--)
		CHECK(gem_idr_remove(&idr, holes[i]) == value(holes[i]));
	for (int i = 0; i < 6; i++) {
		CHECK(gem_idr_find(&idr, holes[i]) == NULL);
		CHECK_INT(gem_idr_alloc(&idr, value(holes[i]), &id), 0);
		CHECK_INT(id, holes[i]);
	}
	CHECK_INT(gem_idr_alloc(&idr, value(10001), &id), 0);
	CHECK_INT(id, 10001);
	gem_idr_finish(&idr);
}

TEST(idr_shrinks_and_grows)
{
	struct gem_idr idr;
	uint32_t id;

	gem_idr_init(&idr, 1);
	fill(&idr, 5000);
	for (id = 5000; id > 10; id--)
		gem_idr_remove(&idr, id);
	CHECK_INT(idr.height, 0);
	for (id = 1; id <= 10; id++)
		CHECK(gem_idr_find(&idr, id) == value(id));
	for (uint32_t i = 11; i <= 5000; i++) {
		CHECK_INT(gem_idr_alloc(&idr, value(i), &id), 0);
		CHECK_INT(id, i);
	}
	gem_idr_finish(&idr);
}

TEST(idr_reserved_id)
{
	struct gem_idr idr;
	uint32_t id, other;

	gem_idr_init(&idr, 1);
	CHECK_INT(gem_idr_alloc(&idr, NULL, &id), 0);
	CHECK(gem_idr_find(&idr, id) == NULL);
	CHECK_INT(gem_idr_alloc(&idr, &idr, &other), 0);
	CHECK(other != id);
	other = 0;
	CHECK(gem_idr_next(&idr, &other) == &idr);
	CHECK_INT(other, 2);
	CHECK(gem_idr_replace(&idr, id, &id) == NULL);
	CHECK(gem_idr_find(&idr, id) == &id);
	gem_idr_finish(&idr);
}

TEST(idr_next_is_sparse_and_ordered)
{
	static const uint32_t keep[] = {1, 63, 64, 65, 130, 4096, 4097, 8000, 20000};
	struct gem_idr idr;
	unsigned at = 0;

	gem_idr_init(&idr, 1);
	fill(&idr, 20000);
	for (uint32_t id = 1; id <= 20000; id++) {
		if (id == keep[at])
			at++;
		else
			gem_idr_remove(&idr, id);
	}
	uint32_t id = 0;
	for (at = 0; at < 9; at++, id++) {
		CHECK(gem_idr_next(&idr, &id) == value(keep[at]));
		CHECK_INT(id, keep[at]);
	}
	CHECK(gem_idr_next(&idr, &id) == NULL);
	id = UINT32_MAX;
	CHECK(gem_idr_next(&idr, &id) == NULL);
	gem_idr_finish(&idr);
}

/* Against a plain array, with a fixed random sequence. */
TEST(idr_against_reference)
{
	enum { RANGE = 3000, STEPS = 200000 };
	static void *reference[RANGE + 2];
	struct gem_idr idr;
	uint32_t count = 0, id;

	srand(7);
	gem_idr_init(&idr, 1);
	for (int step = 0; step < STEPS; step++) {
		/* phases that grow and phases that shrink */
		bool grow = rand() % 100 < (step / 20000 % 2 ? 35 : 65);
		if (grow && count < RANGE) {
			uint32_t lowest = 1;
			while (reference[lowest])
				lowest++;
			CHECK_INT(gem_idr_alloc(&idr, value(step), &id), 0);
			CHECK_INT(id, lowest);
			reference[id] = value(step);
			count++;
		} else {
			id = 1 + rand() % RANGE;
			CHECK(gem_idr_remove(&idr, id) == reference[id]);
			count -= reference[id] != NULL;
			reference[id] = NULL;
		}
		CHECK_INT(idr.count, count);
	}
	for (id = 1; id <= RANGE; id++)
		CHECK(gem_idr_find(&idr, id) == reference[id]);
	gem_idr_finish(&idr);
}

TEST(idr_ids_are_positive_ints)
{
	struct gem_idr idr;
	uint32_t id;

	gem_idr_init(&idr, (uint32_t)INT_MAX - 1);
	CHECK_INT(gem_idr_alloc(&idr, &idr, &id), 0);
	CHECK_INT(gem_idr_alloc(&idr, &idr, &id), 0);
	CHECK_INT(id, INT_MAX);
	CHECK_INT(gem_idr_alloc(&idr, &idr, &id), -ENOSPC);
	CHECK(gem_idr_remove(&idr, INT_MAX - 1) == &idr);
	CHECK_INT(gem_idr_alloc(&idr, &idr, &id), 0);
	CHECK_INT(id, INT_MAX - 1);
	gem_idr_finish(&idr);
}
