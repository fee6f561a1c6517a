#include <stdint.h>
#include <string.h>

#include "gem_slab.h"
#include "test.h"

enum { SIZE = 500, COUNT = 10000 };

static uint8_t *structs[COUNT];

static void fill(struct gem_slab *slab, int i)
{
	structs[i] = gem_slab_alloc(slab);
	CHECK(structs[i] != NULL);
	CHECK_INT((uintptr_t)structs[i] % 64, 0);
	memset(structs[i], i & 0xff, SIZE);
}

static void check(int i)
{
	CHECK_INT(structs[i][0], i & 0xff);
	CHECK_INT(structs[i][SIZE - 1], i & 0xff);
}

TEST(structs_do_not_overlap)
{
	struct gem_slab slab;

	gem_slab_init(&slab, SIZE);
	for (int i = 0; i < COUNT; i++)
		fill(&slab, i);
	for (int i = 0; i < COUNT; i++)
		check(i);
	/* Holes all over, filled again. */
	for (int i = 0; i < COUNT; i += 3)
		gem_slab_free(&slab, structs[i]);
	for (int i = 0; i < COUNT; i += 3)
		fill(&slab, i);
	for (int i = 0; i < COUNT; i++)
		check(i);
	for (int i = 0; i < COUNT; i++)
		gem_slab_free(&slab, structs[i]);
	gem_slab_finish(&slab);
}

TEST(memory_goes_back)
{
	struct gem_slab slab;
	unsigned most;

	gem_slab_init(&slab, SIZE);
	for (int i = 0; i < COUNT; i++)
		fill(&slab, i);
	most = slab.chunks;
	for (int i = COUNT - 1; i >= 0; i--)
		gem_slab_free(&slab, structs[i]);
	/* Under a sanitizer there are none. */
	if (most == 0)
		SKIP("malloc");
	CHECK(most >= COUNT * SIZE / (2 << 20));
	CHECK_INT(slab.chunks, 1);
	CHECK_INT(slab.empty, 1);
	gem_slab_finish(&slab);
	CHECK_INT(slab.chunks, 0);
}

TEST(one_in_turn_keeps_its_chunk)
{
	struct gem_slab slab;
	void *first;

	gem_slab_init(&slab, SIZE);
	first = gem_slab_alloc(&slab);
	gem_slab_free(&slab, first);
	for (int i = 0; i < 10; i++) {
		void *ptr = gem_slab_alloc(&slab);
		if (slab.chunks)
			CHECK(ptr == first);
		gem_slab_free(&slab, ptr);
	}
	gem_slab_finish(&slab);
}
