/* Regions and what clients see of memory that goes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gem_card.h"
#include "gem_prime.h"
#include "gem_tiling.h"

enum { MIB = 1 << 20 };

static struct card card;

static struct gem_object *create_in(enum gem_region_id where, uint64_t size)
{
	struct gem_object *obj;

	CHECK_INT(gem_object_create(&card.dev, size, where, &obj), 0);
	return obj;
}

static uint8_t *pin(struct gem_object *obj)
{
	void *pages;

	CHECK_INT(gem_object_pin_pages(obj, &pages), 0);
	return pages;
}

static void fill(struct gem_object *obj, uint8_t seed)
{
	uint8_t *bytes = pin(obj);

	for (uint64_t i = 0; i < obj->size; i++)
		bytes[i] = seed + i + (i >> 8) * 3 + (i >> 16) * 7;
	gem_object_unpin_pages(obj);
}

static void check(struct gem_object *obj, uint8_t seed)
{
	uint8_t *bytes = pin(obj);

	for (uint64_t i = 0; i < obj->size; i++) {
		if (bytes[i] != (uint8_t)(seed + i + (i >> 8) * 3 + (i >> 16) * 7))
			test_fail(__FILE__, __LINE__, "byte %zu of seed %u", (size_t)i, seed);
	}
	gem_object_unpin_pages(obj);
}

/* ---- creation ---- */

struct bad_row {
	const char *name;
	uint64_t size;
	enum gem_region_id regions[3];
	unsigned count;
	int want;
};

static const struct bad_row bad_rows[] = {
	{"size 0", 0, {GEM_REGION_SYSTEM}, 1, -EINVAL},
	{"size not whole pages", 4097, {GEM_REGION_SYSTEM}, 1, -EINVAL},
	{"size ~0", UINT64_MAX, {GEM_REGION_STOLEN}, 1, -EINVAL},
	{"largest size of pages in stolen", UINT64_MAX & ~4095ull, {GEM_REGION_STOLEN}, 1, -ENOSPC},
	{"no region", 4096, {0}, 0, -EINVAL},
	{"region out of range", 4096, {GEM_REGION_COUNT}, 1, -EINVAL},
	{"negative region", 4096, {-1}, 1, -EINVAL},
	{"region twice", 4096, {GEM_REGION_SYSTEM, GEM_REGION_SYSTEM}, 2, -EINVAL},
	{"no local memory", 4096, {GEM_REGION_LOCAL}, 1, -ENODEV},
	{"no local memory as a second choice", 4096, {GEM_REGION_SYSTEM, GEM_REGION_LOCAL}, 2,
		-ENODEV},
	{"larger than stolen", 16 * MIB, {GEM_REGION_STOLEN}, 1, -ENOSPC},
	{"larger than phys", 128 * MIB, {GEM_REGION_PHYS}, 1, -ENOSPC},
};

TEST_ROWS(create_refusals, struct bad_row, bad_rows)
{
	struct gem_object *obj;

	card_init(&card);
	CHECK_INT(gem_object_create_placed(&card.dev, row->size, row->regions, row->count, &obj),
		row->want);
	CHECK_INT(card.dev.memory.regions[GEM_REGION_STOLEN].used, 0);
	card_finish(&card);
}

struct text_row {
	const char *name; /* is the text */
	int want;
	struct gem_memory_options options;
};

static const struct text_row text_rows[] = {
	{"budget=64M", 0, {.budget = 64 << 20}},
	{"vram=1G,stolen=4096,phys=16K,swap=2M", 0,
		{.local = 1 << 30, .stolen = 4096, .phys = 16384, .swap_limit = 2 << 20}},
	{"strict,noswap", 0, {.strict = true, .no_swap = true}},
	{"budget=64M,", -EINVAL}, {"", -EINVAL}, {",", -EINVAL}, {"budget", -EINVAL},
	{"budget=", -EINVAL}, {"budget=M", -EINVAL}, {"budget=0", -EINVAL}, {"budget=4097", -EINVAL},
	{"budget=-4096", -EINVAL}, {"budget=64m", -EINVAL}, {"budget=64MM", -EINVAL},
	{"budget=99999999999G", -EINVAL}, {"budge=64M", -EINVAL}, {"strict=1", -EINVAL},
	{"budget=18446744073709555712", -EINVAL}, {"vram=64M strict", -EINVAL},
};

TEST_ROWS(options_as_text, struct text_row, text_rows)
{
	struct gem_memory_options options = {.budget = 1};

	CHECK_INT(gem_memory_parse_options(row->name, &options), row->want);
	if (row->want) {
		CHECK_INT(options.budget, 1);
		return;
	}
	CHECK_INT(options.budget, row->options.budget);
	CHECK_INT(options.local, row->options.local);
	CHECK_INT(options.stolen, row->options.stolen);
	CHECK_INT(options.phys, row->options.phys);
	CHECK_INT(options.swap_limit, row->options.swap_limit);
	CHECK_INT(options.strict, row->options.strict);
	CHECK_INT(options.no_swap, row->options.no_swap);
}

/* ---- contiguous regions ---- */

struct contiguous_row {
	const char *name;
	enum gem_region_id id;
	uint64_t resident; /* what four objects count in the budget */
};

static const struct contiguous_row contiguous_rows[] = {
	{"stolen", GEM_REGION_STOLEN, 0},
	{"phys", GEM_REGION_PHYS, 8 * MIB},
};

TEST_ROWS(contiguous, struct contiguous_row, contiguous_rows)
{
	struct gem_memory_options options = {.stolen = 8 * MIB, .phys = 8 * MIB};
	struct gem_object *objects[4], *more;
	enum gem_region_id fallback[] = {row->id, GEM_REGION_SYSTEM};

	card_init_with(&card, &options);
	for (int i = 0; i < 4; i++) {
		objects[i] = create_in(row->id, 2 * MIB);
		CHECK(objects[i]->place.placed);
		CHECK_INT(objects[i]->place.start, i * 2ull * MIB);
		fill(objects[i], i);
	}
	CHECK_INT(card.dev.memory.resident, row->resident);
	CHECK_INT(gem_object_create(&card.dev, 4096, row->id, &more), -ENOSPC);
	CHECK_INT(gem_object_create_placed(&card.dev, 4096, fallback, 2, &more), 0);
	CHECK(strcmp(more->ops->name, "shmem") == 0);
	gem_object_put(more);
	/* they are not swapped, purged or moved */
	bool retained;
	CHECK_INT(gem_object_madvise(objects[3], GEM_MADV_DONTNEED, &retained), 0);
	CHECK(retained);
	CHECK_INT(gem_memory_shrink(&card.dev, UINT64_MAX), 0);
	CHECK_INT(gem_object_migrate(objects[0], GEM_REGION_SYSTEM), -EINVAL);
	/* a hole that is too small, and one that fits */
	gem_object_put(objects[1]);
	CHECK_INT(gem_object_create(&card.dev, 2 * MIB + 4096, row->id, &more), -ENOSPC);
	objects[1] = create_in(row->id, MIB);
	CHECK_INT(objects[1]->place.start, 2 * MIB);
	fill(objects[1], 1);
	for (int i = 0; i < 4; i++) {
		check(objects[i], i);
		gem_object_put(objects[i]);
	}
	CHECK_INT(card.dev.memory.regions[row->id].used, 0);
	card_finish(&card);
}

TEST(a_cursor_gets_a_physical_place)
{
	int fd;

	card_init(&card);
	struct gem_object *obj = create_in(GEM_REGION_SYSTEM, 16384);
	fill(obj, 4);
	CHECK_INT(gem_object_open_memory(obj, &fd), 0);
	uint8_t *mapped = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(mapped != MAP_FAILED);
	close(fd);
	pin(obj);
	CHECK_INT(gem_object_migrate(obj, GEM_REGION_PHYS), -EBUSY);
	gem_object_unpin_pages(obj);
	CHECK_INT(gem_object_migrate(obj, GEM_REGION_PHYS), 0);
	CHECK(strcmp(obj->region->name, "phys") == 0);
	CHECK(obj->place.placed);
	CHECK_INT(card.dev.memory.resident, 16384);
	check(obj, 4);
	mapped[3] = 0x42; /* the client's mapping is still the memory */
	CHECK_INT(pin(obj)[3], 0x42);
	gem_object_unpin_pages(obj);
	CHECK_INT(gem_memory_shrink(&card.dev, UINT64_MAX), 0);
	CHECK_INT(gem_object_migrate(obj, GEM_REGION_LOCAL), -ENODEV);
	CHECK_INT(gem_object_migrate(obj, 17), -EINVAL);
	munmap(mapped, 16384);
	gem_object_put(obj);
	card_finish(&card);
}

/* ---- local memory ---- */

static const struct gem_memory_options with_vram = {.local = 4 * MIB, .budget = 6 * MIB};

TEST(local_memory_evicts_and_takes_back)
{
	enum { COUNT = 12 }; /* more than local and system together */
	struct gem_object *objects[COUNT];
	const struct gem_memory *memory = &card.dev.memory;

	srand(5);
	card_init_with(&card, &with_vram);
	for (int i = 0; i < COUNT; i++) {
		objects[i] = create_in(GEM_REGION_LOCAL, MIB);
		CHECK(!objects[i]->place.placed);
		fill(objects[i], i);
		CHECK_INT(objects[i]->region->id, GEM_REGION_LOCAL);
	}
	CHECK_INT(memory->regions[GEM_REGION_LOCAL].used, 4 * MIB);
	CHECK_INT(memory->resident, 6 * MIB);
	CHECK_INT(memory->stats.evicted, 8);
	CHECK_INT(memory->stats.swapped_out, 2);
	for (int step = 0; step < 100; step++) {
		int i = rand() % COUNT;
		check(objects[i], i);
		CHECK_INT(objects[i]->region->id, GEM_REGION_LOCAL);
		CHECK(memory->regions[GEM_REGION_LOCAL].used <= 4 * MIB);
		CHECK(memory->resident <= memory->budget);
	}
	CHECK(memory->stats.returned > 10);
	for (int i = 0; i < COUNT; i++)
		gem_object_put(objects[i]);
	CHECK_INT(memory->regions[GEM_REGION_LOCAL].used, 0);
	CHECK(memory->regions[GEM_REGION_LOCAL].places.root == NULL);
	card_finish(&card);
}

TEST(local_memory_full_of_pinned)
{
	struct gem_object *objects[4], *more, *either;
	enum gem_region_id regions[] = {GEM_REGION_LOCAL, GEM_REGION_SYSTEM};
	void *pages;

	card_init_with(&card, &with_vram);
	for (int i = 0; i < 4; i++)
		pin(objects[i] = create_in(GEM_REGION_LOCAL, MIB));
	more = create_in(GEM_REGION_LOCAL, 4096);
	CHECK_INT(gem_object_pin_pages(more, &pages), -ENOSPC);
	CHECK_INT(gem_object_create(&card.dev, 5 * MIB, GEM_REGION_LOCAL, &either), -ENOSPC);
	CHECK_INT(gem_object_create_placed(&card.dev, MIB, regions, 2, &either), 0);
	fill(either, 9);
	CHECK_INT(either->region->id, GEM_REGION_SYSTEM);
	/* room: the next use takes it home */
	gem_object_unpin_pages(objects[2]);
	gem_object_put(objects[2]);
	CHECK_INT(gem_memory_shrink(&card.dev, MIB), MIB);
	check(either, 9);
	CHECK_INT(either->region->id, GEM_REGION_LOCAL);
	for (int i = 0; i < 4; i++) {
		if (i == 2)
			continue;
		gem_object_unpin_pages(objects[i]);
		gem_object_put(objects[i]);
	}
	gem_object_put(more);
	gem_object_put(either);
	card_finish(&card);
}

/* A mapped object leaves local memory, its client does not notice. */
TEST(local_object_in_use_by_a_client)
{
	int fd;

	card_init_with(&card, &with_vram);
	struct gem_object *obj = create_in(GEM_REGION_LOCAL, MIB);
	struct gem_object *rival = create_in(GEM_REGION_LOCAL, 4 * MIB);
	fill(obj, 1);
	CHECK_INT(gem_object_open_memory(obj, &fd), 0);
	uint8_t *mapped = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(mapped != MAP_FAILED);
	close(fd);
	pin(rival);
	CHECK_INT(obj->region->id, GEM_REGION_SYSTEM);
	mapped[70000] = 0x99;
	gem_object_unpin_pages(rival);
	CHECK_INT(pin(obj)[70000], 0x99);
	CHECK_INT(obj->region->id, GEM_REGION_LOCAL);
	CHECK_INT(rival->region->id, GEM_REGION_SYSTEM);
	gem_object_unpin_pages(obj);
	/* with a layout to change it cannot go */
	obj->tiling = GEM_TILING_X;
	obj->stride = 1024;
	void *pages;
	CHECK_INT(gem_object_pin_pages(rival, &pages), -ENOSPC);
	munmap(mapped, MIB);
	CHECK_INT(gem_object_pin_pages(rival, &pages), 0);
	gem_object_unpin_pages(rival);
	gem_object_put(obj);
	gem_object_put(rival);
	card_finish(&card);
}

struct tiled_row {
	const char *name;
	enum gem_tiling tiling;
	uint32_t stride;
	uint64_t size;
	bool swap;
};

static const struct tiled_row tiled_rows[] = {
	{"X", GEM_TILING_X, 2048, MIB},
	{"Y", GEM_TILING_Y, 1024, MIB},
	{"X, by swap", GEM_TILING_X, 512, MIB, true},
	{"X, rows left over", GEM_TILING_X, 8192, MIB + 3 * 4096},
	{"Y, rows left over, by swap", GEM_TILING_Y, 2048, MIB + 4096, true},
};

static uint8_t byte_of_memory(const struct gem_object *obj, uint64_t offset)
{
	uint8_t byte;

	CHECK_INT(pread(obj->filp, &byte, 1, offset), 1);
	return byte;
}

TEST_ROWS(evicted_tiled_objects_are_linear, struct tiled_row, tiled_rows)
{
	card_init_with(&card, &with_vram);
	struct gem_object *obj = create_in(GEM_REGION_LOCAL, row->size);
	struct gem_object *rival = create_in(GEM_REGION_LOCAL, 4 * MIB);
	obj->tiling = row->tiling;
	obj->stride = row->stride;
	uint8_t *bytes = pin(obj);
	bytes[gem_tile_offset(row->tiling, row->stride, 300, 50)] = 0xaa;
	bytes[gem_tile_offset(row->tiling, row->stride, 511, 63)] = 0xbb;
	bytes[row->size - 1] = 0xcc;
	gem_object_unpin_pages(obj);
	pin(rival);
	CHECK_INT(obj->region->id, GEM_REGION_SYSTEM);
	CHECK_INT(byte_of_memory(obj, 50 * row->stride + 300), 0xaa);
	CHECK_INT(byte_of_memory(obj, 63 * row->stride + 511), 0xbb);
	CHECK_INT(byte_of_memory(obj, row->size - 1), 0xcc);
	if (row->swap) {
		CHECK_INT(gem_memory_shrink(&card.dev, row->size), row->size);
		CHECK(obj->region == NULL);
	}
	gem_object_unpin_pages(rival);
	/* SET_TILING meanwhile only says what the bytes mean from now on */
	obj->tiling = GEM_TILING_NONE;
	bytes = pin(obj);
	CHECK_INT(obj->region->id, GEM_REGION_LOCAL);
	CHECK_INT(bytes[gem_tile_offset(row->tiling, row->stride, 300, 50)], 0xaa);
	CHECK_INT(bytes[gem_tile_offset(row->tiling, row->stride, 511, 63)], 0xbb);
	CHECK_INT(bytes[row->size - 1], 0xcc);
	gem_object_unpin_pages(obj);
	gem_object_put(obj);
	gem_object_put(rival);
	card_finish(&card);
}

TEST(migration_between_system_and_local)
{
	card_init_with(&card, &with_vram);
	struct gem_object *obj = create_in(GEM_REGION_SYSTEM, MIB);
	fill(obj, 7);
	CHECK_INT(gem_memory_shrink(&card.dev, MIB), MIB); /* from swap, even */
	CHECK_INT(gem_object_migrate(obj, GEM_REGION_LOCAL), 0);
	CHECK_INT(obj->region->id, GEM_REGION_LOCAL);
	CHECK_INT(card.dev.memory.resident, 0);
	check(obj, 7);
	CHECK_INT(gem_object_migrate(obj, GEM_REGION_PHYS), -EINVAL);
	pin(obj);
	CHECK_INT(gem_object_migrate(obj, GEM_REGION_SYSTEM), -EBUSY);
	gem_object_unpin_pages(obj);
	/* migration keeps the layout, whichever way it goes */
	obj->tiling = GEM_TILING_X;
	obj->stride = 512;
	struct gem_object *rival = create_in(GEM_REGION_LOCAL, 4 * MIB);
	pin(rival);
	CHECK_INT(obj->mm.evicted_tiling, GEM_TILING_X);
	CHECK_INT(gem_object_migrate(obj, GEM_REGION_SYSTEM), 0);
	CHECK_INT(obj->mm.evicted_tiling, GEM_TILING_NONE);
	CHECK_INT(card.dev.memory.resident, MIB);
	check(obj, 7);
	CHECK_INT(obj->region->id, GEM_REGION_SYSTEM);
	CHECK_INT(gem_object_migrate(obj, GEM_REGION_LOCAL), -ENOSPC);
	check(obj, 7);
	gem_object_unpin_pages(rival);
	gem_object_put(rival);
	CHECK_INT(gem_object_migrate(obj, GEM_REGION_LOCAL), 0);
	CHECK_INT(gem_object_migrate(obj, GEM_REGION_SYSTEM), 0);
	check(obj, 7);
	gem_object_put(obj);
	card_finish(&card);
}

/* ---- purge ---- */

static volatile uint8_t *map_memory(struct gem_object *obj)
{
	int fd;

	CHECK_INT(gem_object_open_memory(obj, &fd), 0);
	void *map = mmap(NULL, obj->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	close(fd);
	return map;
}

/* A client process that touches its mapping. */
static bool dies_of_sigbus(volatile uint8_t *map)
{
	int status;

	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		signal(SIGBUS, SIG_DFL); /* a client has no guard */
		(void)map[0];
		_exit(0);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS;
}

TEST(purged_memory_is_gone_for_clients)
{
	bool retained;
	void *pages;
	int fd;

	card_init(&card);
	struct gem_object *obj = create_in(GEM_REGION_SYSTEM, MIB);
	volatile uint8_t *map = map_memory(obj);
	map[0] = 5;
	CHECK_INT(gem_object_madvise(obj, GEM_MADV_DONTNEED, &retained), 0);
	CHECK(retained);
	CHECK(!dies_of_sigbus(map));
	CHECK_INT(gem_memory_shrink(&card.dev, 1), MIB); /* mapped or not */
	CHECK(dies_of_sigbus(map));
	CHECK_INT(gem_object_pin_pages(obj, &pages), -EFAULT);
	CHECK_INT(gem_object_madvise(obj, GEM_MADV_WILLNEED, &retained), 0);
	CHECK(!retained);
	volatile uint8_t *again = map_memory(obj);
	CHECK(dies_of_sigbus(again));
	CHECK_INT(gem_object_migrate(obj, GEM_REGION_PHYS), -EFAULT);
	uint32_t handle;
	CHECK_INT(gem_handle_create(&card.a, obj, &handle), 0);
	CHECK_INT(gem_prime_handle_to_fd(&card.a, handle, O_CLOEXEC, &fd), -EFAULT);
	munmap((void *)map, MIB);
	munmap((void *)again, MIB);
	gem_object_put(obj);
	card_finish(&card);
}

TEST(pinned_and_exported_memory_is_not_purged)
{
	bool retained;
	int fd;

	card_init(&card);
	struct gem_object *obj = create_in(GEM_REGION_SYSTEM, MIB);
	fill(obj, 6);
	pin(obj);
	CHECK_INT(gem_object_madvise(obj, GEM_MADV_DONTNEED, &retained), 0);
	CHECK_INT(gem_memory_shrink(&card.dev, 1), 0);
	gem_object_unpin_pages(obj);
	uint32_t handle;
	CHECK_INT(gem_handle_create(&card.a, obj, &handle), 0);
	CHECK_INT(gem_prime_handle_to_fd(&card.a, handle, O_CLOEXEC, &fd), 0);
	CHECK_INT(gem_memory_shrink(&card.dev, 1), 0);
	CHECK_INT(gem_object_madvise(obj, GEM_MADV_WILLNEED, &retained), 0);
	CHECK(retained);
	check(obj, 6);
	close(fd);
	gem_object_put(obj);
	card_finish(&card);
}

TEST(what_has_no_pages_is_purged_at_once)
{
	bool retained;

	card_init(&card);
	struct gem_object *fresh = create_in(GEM_REGION_SYSTEM, MIB);
	struct gem_object *swapped = create_in(GEM_REGION_SYSTEM, MIB);
	fill(swapped, 1);
	CHECK_INT(gem_memory_shrink(&card.dev, 1), MIB);
	CHECK_INT(card.dev.memory.swap.places.used, MIB);
	CHECK_INT(gem_object_madvise(swapped, GEM_MADV_DONTNEED, &retained), 0);
	CHECK(!retained);
	CHECK_INT(card.dev.memory.swap.places.used, 0);
	CHECK_INT(gem_object_madvise(fresh, GEM_MADV_WILLNEED, &retained), 0);
	CHECK(retained);
	CHECK_INT(gem_object_madvise(fresh, GEM_MADV_DONTNEED, &retained), 0);
	CHECK(!retained);
	CHECK_INT(gem_object_madvise(fresh, GEM_MADV_PURGED, &retained), -EINVAL);
	gem_object_put(fresh);
	gem_object_put(swapped);
	card_finish(&card);
}

/* ---- hostile clients ---- */

TEST(a_client_truncates_what_the_server_reads)
{
	int fd;

	card_init(&card);
	struct gem_object *obj = create_in(GEM_REGION_SYSTEM, MIB);
	fill(obj, 6);
	CHECK_INT(gem_object_open_memory(obj, &fd), 0);
	volatile uint8_t *bytes = pin(obj);
	CHECK_INT(ftruncate(fd, 4096), 0);
	CHECK_INT(bytes[9], 6 + 9);
	CHECK_INT(bytes[MIB - 1], 0);
	CHECK(obj->mm.faulted);
	gem_object_unpin_pages(obj);
	/* and it goes to swap and comes back as what there is */
	CHECK_INT(gem_memory_shrink(&card.dev, 1), MIB);
	CHECK_INT(pin(obj)[9], 6 + 9);
	CHECK_INT(pin(obj)[MIB - 1], 0);
	gem_object_unpin_pages(obj);
	gem_object_unpin_pages(obj);
	close(fd);
	gem_object_put(obj);
	card_finish(&card);
}

struct seal_row {
	const char *name;
	int seals;
	int want_export;
	uint64_t want_swap;
};

static const struct seal_row seal_rows[] = {
	{"shrink", F_SEAL_SHRINK, 0, MIB},
	{"shrink, seal", F_SEAL_SHRINK | F_SEAL_SEAL, -EINVAL, 0},
	{"seal", F_SEAL_SEAL, -EINVAL, 0},
	{"shrink, grow, seal", F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL, 0, 0},
};

/* Clients get descriptors of unsealed memory, and can seal it themselves. */
TEST_ROWS(a_client_seals_its_memory, struct seal_row, seal_rows)
{
	uint32_t handle;
	int fd, dma_buf;

	card_init(&card);
	struct gem_object *obj = create_in(GEM_REGION_SYSTEM, MIB);
	fill(obj, 2);
	CHECK_INT(gem_object_open_memory(obj, &fd), 0);
	CHECK_INT(fcntl(fd, F_ADD_SEALS, row->seals), 0);
	CHECK_INT(gem_memory_shrink(&card.dev, 1), row->want_swap);
	check(obj, 2);
	CHECK_INT(gem_handle_create(&card.a, obj, &handle), 0);
	CHECK_INT(gem_prime_handle_to_fd(&card.a, handle, O_CLOEXEC, &dma_buf), row->want_export);
	if (row->want_export == 0)
		close(dma_buf);
	close(fd);
	gem_object_put(obj);
	card_finish(&card);
}
