/* The budget: who goes to swap and comes back, who stays, who is purged. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gem_card.h"
#include "gem_fence.h"
#include "gem_prime.h"
#include "gem_resv.h"

enum { SIZE = 64 << 10, BUDGET_OBJECTS = 16, MANY = 4 * BUDGET_OBJECTS };

static const struct gem_memory_options small = {.budget = BUDGET_OBJECTS * SIZE};

static struct card card;

static struct gem_object *create(void)
{
	struct gem_object *obj;

	CHECK_INT(gem_shmem_create(&card.dev, SIZE, &obj), 0);
	return obj;
}

static uint32_t *pin(struct gem_object *obj)
{
	void *pages;

	CHECK_INT(gem_object_pin_pages(obj, &pages), 0);
	return pages;
}

/* Numbers that depend on seed and place, none of them 0. */
static uint32_t number(uint32_t seed, size_t i)
{
	return (seed * 2654435761u ^ (uint32_t)i * 40503u) | 1;
}

static void fill(struct gem_object *obj, uint32_t seed)
{
	uint32_t *pages = pin(obj);

	for (size_t i = 0; i < obj->size / 4; i++)
		pages[i] = number(seed, i);
	gem_object_unpin_pages(obj);
}

static void check(struct gem_object *obj, uint32_t seed)
{
	uint32_t *pages = pin(obj);

	for (size_t i = 0; i < obj->size / 4; i++) {
		if (pages[i] != number(seed, i))
			test_fail(__FILE__, __LINE__, "word %zu is %x, want %x", i, pages[i],
				number(seed, i));
	}
	gem_object_unpin_pages(obj);
}

static bool is_resident(struct gem_object *obj)
{
	pthread_mutex_lock(&obj->mm.lock);
	bool resident = obj->filp >= 0;
	pthread_mutex_unlock(&obj->mm.lock);
	return resident;
}

TEST(four_times_the_budget_reads_back)
{
	struct gem_object *objects[MANY];
	uint32_t seeds[MANY];

	srand(11);
	card_init_with(&card, &small);
	for (int i = 0; i < MANY; i++) {
		objects[i] = create();
		fill(objects[i], seeds[i] = i + 1);
		CHECK(card.dev.memory.resident <= card.dev.memory.budget);
	}
	CHECK_INT(card.dev.memory.stats.swapped_out, MANY - BUDGET_OBJECTS);
	for (int step = 0; step < 1500; step++) {
		int i = rand() % MANY;
		check(objects[i], seeds[i]);
		if (rand() % 2)
			fill(objects[i], seeds[i] = rand());
		CHECK(card.dev.memory.resident <= card.dev.memory.budget);
	}
	for (int i = 0; i < MANY; i++)
		check(objects[i], seeds[i]);
	CHECK(card.dev.memory.stats.swapped_in > 100);
	CHECK_INT(card.dev.memory.swap.places.used, (MANY - BUDGET_OBJECTS) * SIZE);
	for (int i = 0; i < MANY; i++)
		gem_object_put(objects[i]);
	card_finish(&card);
}

/* Pages that were never touched are holes in the swap file, and zeros afterwards. */
TEST(holes_stay_holes)
{
	struct gem_object *obj;

	card_init_with(&card, &(struct gem_memory_options){.budget = 64 << 20});
	CHECK_INT(gem_shmem_create(&card.dev, 64 << 20, &obj), 0);
	uint8_t *bytes = (uint8_t *)pin(obj);
	bytes[33 << 20] = 9;
	gem_object_unpin_pages(obj);
	CHECK_INT(gem_memory_shrink(&card.dev, 1), 64 << 20);
	CHECK_INT(card.dev.memory.resident, 0);
	bytes = (uint8_t *)pin(obj);
	CHECK_INT(bytes[33 << 20], 9);
	CHECK_INT(bytes[(33 << 20) + 4096], 0);
	CHECK_INT(bytes[0], 0);
	gem_object_unpin_pages(obj);
	gem_object_put(obj);
	card_finish(&card);
}

TEST(least_recently_used_goes_first)
{
	struct gem_object *objects[4];

	card_init_with(&card, &small);
	for (int i = 0; i < 4; i++)
		fill(objects[i] = create(), i);
	check(objects[0], 0);
	check(objects[2], 2);
	CHECK_INT(gem_memory_shrink(&card.dev, 1), SIZE);
	CHECK(is_resident(objects[0]) && !is_resident(objects[1]));
	CHECK_INT(gem_memory_shrink(&card.dev, 1), SIZE);
	CHECK(is_resident(objects[0]) && is_resident(objects[2]) && !is_resident(objects[3]));
	CHECK_INT(gem_memory_shrink(&card.dev, 1), SIZE);
	CHECK(is_resident(objects[2]) && !is_resident(objects[0]));
	CHECK_INT(gem_memory_shrink(&card.dev, UINT64_MAX), SIZE);
	CHECK_INT(gem_memory_shrink(&card.dev, UINT64_MAX), 0);
	for (int i = 0; i < 4; i++) {
		check(objects[i], i);
		gem_object_put(objects[i]);
	}
	card_finish(&card);
}

/* Fills the budget with objects; makes others of the rest of it. */
static void press(void)
{
	struct gem_object *others[BUDGET_OBJECTS];

	for (int i = 0; i < BUDGET_OBJECTS; i++) {
		others[i] = create();
		void *pages;
		int ret = gem_object_pin_pages(others[i], &pages);
		CHECK(ret == 0 || ret == -ENOMEM);
		if (ret == 0)
			gem_object_unpin_pages(others[i]);
	}
	CHECK(card.dev.memory.stats.swapped_out > 0);
	for (int i = 0; i < BUDGET_OBJECTS; i++)
		gem_object_put(others[i]);
}

TEST(pinned_objects_stay)
{
	card_init_with(&card, &small);
	struct gem_object *obj = create(), *more = create();
	fill(more, 4);
	fill(obj, 3);
	uint32_t *pages = pin(obj);
	press();
	CHECK_INT(pages[1000], number(3, 1000));
	CHECK(is_resident(obj) && !is_resident(more));
	pages[1000] = 77;
	gem_object_unpin_pages(obj);
	CHECK_INT(gem_memory_shrink(&card.dev, SIZE), SIZE);
	CHECK(!is_resident(obj));
	CHECK_INT(pin(obj)[1000], 77);
	gem_object_unpin_pages(obj);
	gem_object_put(obj);
	gem_object_put(more);
	card_finish(&card);
}

TEST(busy_objects_stay_until_the_fence)
{
	struct gem_fence *reads, *writes;

	card_init_with(&card, &small);
	struct gem_object *read = create(), *written = create();
	fill(read, 1);
	fill(written, 2);
	CHECK_INT(gem_fence_create(1, 1, 0, &reads), 0);
	CHECK_INT(gem_fence_create(2, 1, 0, &writes), 0);
	CHECK_INT(gem_object_add_fence(read, reads, false), 0);
	CHECK_INT(gem_object_add_fence(written, writes, true), 0);
	CHECK_INT(gem_memory_shrink(&card.dev, UINT64_MAX), 0);
	CHECK_INT(gem_object_migrate(read, GEM_REGION_PHYS), -EBUSY);
	press();
	CHECK(is_resident(read) && is_resident(written));
	gem_fence_signal(reads, 0);
	CHECK_INT(gem_memory_shrink(&card.dev, UINT64_MAX), SIZE);
	CHECK(!is_resident(read));
	gem_fence_signal(writes, 0);
	CHECK_INT(gem_memory_shrink(&card.dev, UINT64_MAX), SIZE);
	check(read, 1);
	check(written, 2);
	gem_fence_put(reads);
	gem_fence_put(writes);
	gem_object_put(read);
	gem_object_put(written);
	card_finish(&card);
}

TEST(mapped_objects_stay_while_they_are_mapped)
{
	int fd;

	card_init_with(&card, &small);
	struct gem_object *obj = create();
	fill(obj, 3);
	CHECK_INT(gem_object_open_memory(obj, &fd), 0);
	uint32_t *mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(mapped != MAP_FAILED);
	close(fd);
	CHECK_INT(gem_memory_shrink(&card.dev, SIZE), 0);
	mapped[5] = 55;
	CHECK_INT(pin(obj)[5], 55);
	gem_object_unpin_pages(obj);
	munmap(mapped, SIZE);
	CHECK_INT(gem_memory_shrink(&card.dev, SIZE), SIZE);
	CHECK_INT(pin(obj)[5], 55);
	gem_object_unpin_pages(obj);
	gem_object_put(obj);
	card_finish(&card);
}

/* The memory went after the client got the descriptor and before it mapped it. */
TEST(a_descriptor_of_memory_that_went_is_recognised)
{
	int fd;

	card_init_with(&card, &small);
	struct gem_object *obj = create();
	fill(obj, 3);
	CHECK_INT(gem_object_open_memory(obj, &fd), 0);
	CHECK_INT(gem_memory_shrink(&card.dev, SIZE), SIZE);
	CHECK(fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE);
	CHECK(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	CHECK_INT(errno, EPERM);
	CHECK_INT(lseek(fd, 0, SEEK_END), 0); /* a descriptor keeps no memory */
	close(fd);
	CHECK_INT(gem_object_open_memory(obj, &fd), 0);
	CHECK_INT(fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE, 0);
	close(fd);
	check(obj, 3);
	gem_object_put(obj);
	card_finish(&card);
}

TEST(exported_objects_stay)
{
	int fd;

	card_init_with(&card, &small);
	uint32_t handle;
	struct gem_object *obj = create();
	fill(obj, 8);
	CHECK_INT(gem_memory_shrink(&card.dev, SIZE), SIZE);
	CHECK_INT(gem_handle_create(&card.a, obj, &handle), 0);
	CHECK_INT(gem_prime_handle_to_fd(&card.a, handle, O_CLOEXEC, &fd), 0);
	uint32_t *mapped = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(mapped != MAP_FAILED);
	CHECK_INT(mapped[9], number(8, 9)); /* export brought it back */
	press();
	CHECK_INT(gem_memory_shrink(&card.dev, UINT64_MAX), 0);
	CHECK_INT(gem_object_migrate(obj, GEM_REGION_PHYS), -EBUSY);
	pin(obj)[9] = 1;
	gem_object_unpin_pages(obj);
	CHECK_INT(mapped[9], 1);
	munmap(mapped, SIZE);
	close(fd);
	gem_object_put(obj);
	card_finish(&card);
}

TEST(no_memory_only_when_nothing_can_go)
{
	struct gem_object *objects[BUDGET_OBJECTS + 1], *huge;
	void *pages;

	card_init_with(&card, &small);
	for (int i = 0; i <= BUDGET_OBJECTS; i++)
		objects[i] = create();
	for (int i = 0; i < BUDGET_OBJECTS; i++)
		pin(objects[i]);
	CHECK_INT(gem_object_pin_pages(objects[BUDGET_OBJECTS], &pages), -ENOMEM);
	CHECK_INT(objects[BUDGET_OBJECTS]->mm.pages_pin_count, 0);
	gem_object_unpin_pages(objects[3]);
	CHECK_INT(gem_object_pin_pages(objects[BUDGET_OBJECTS], &pages), 0);
	CHECK(!is_resident(objects[3]));
	CHECK_INT(gem_shmem_create(&card.dev, small.budget + SIZE, &huge), 0);
	CHECK_INT(gem_object_pin_pages(huge, &pages), -ENOMEM);
	gem_object_put(huge);
	for (int i = 0; i <= BUDGET_OBJECTS; i++) {
		if (i != 3)
			gem_object_unpin_pages(objects[i]);
		gem_object_put(objects[i]);
	}
	card_finish(&card);
}

TEST(full_swap_loses_nothing)
{
	enum { FIT = BUDGET_OBJECTS + 4 };
	struct gem_object *objects[MANY];
	struct gem_memory_options options = {.budget = small.budget, .swap_limit = 4 * SIZE};
	void *pages;

	card_init_with(&card, &options);
	for (int i = 0; i < MANY; i++)
		objects[i] = create();
	for (int i = 0; i < FIT; i++)
		fill(objects[i], i);
	CHECK_INT(gem_object_pin_pages(objects[FIT], &pages), -ENOMEM);
	/* what is in swap cannot come back for now: nobody could make room */
	for (int i = 4; i < FIT; i++)
		check(objects[i], i);
	CHECK_INT(gem_object_pin_pages(objects[0], &pages), -ENOMEM);
	for (int i = 12; i < FIT; i++)
		gem_object_put(objects[i]);
	for (int i = 0; i < 12; i++)
		check(objects[i], i);
	for (int i = 0; i < MANY; i++) {
		if (i < 12 || i >= FIT)
			gem_object_put(objects[i]);
	}
	card_finish(&card);
}

/* The disk fails after the object was taken from the clients. */
TEST(failed_write_is_undone)
{
	card_init_with(&card, &small);
	struct gem_object *obj = create();
	fill(obj, 21);
	struct gem_swap *swap = &card.dev.memory.swap;
	swap->fd = memfd_create("takes no byte", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CHECK_INT(fcntl(swap->fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	CHECK_INT(gem_memory_shrink(&card.dev, SIZE), 0);
	CHECK_INT(swap->places.used, 0);
	CHECK_INT(card.dev.memory.resident, SIZE);
	check(obj, 21);
	fill(obj, 22);
	int fd;
	CHECK_INT(gem_memory_shrink(&card.dev, SIZE), 0);
	CHECK_INT(gem_object_open_memory(obj, &fd), 0);
	uint32_t *mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(mapped != MAP_FAILED);
	CHECK_INT(mapped[6], number(22, 6));
	munmap(mapped, SIZE);
	close(fd);
	gem_object_put(obj);
	card_finish(&card);
}

TEST(purgeable_objects_go_before_others)
{
	struct gem_object *objects[4];
	bool retained;
	void *pages;

	card_init_with(&card, &small);
	for (int i = 0; i < 4; i++)
		fill(objects[i] = create(), i);
	CHECK_INT(gem_object_madvise(objects[3], GEM_MADV_DONTNEED, &retained), 0);
	CHECK(retained);
	CHECK_INT(gem_object_madvise(objects[2], GEM_MADV_DONTNEED, &retained), 0);
	CHECK_INT(gem_object_madvise(objects[2], GEM_MADV_WILLNEED, &retained), 0);
	CHECK(retained);
	CHECK_INT(gem_memory_shrink(&card.dev, 1), SIZE);
	CHECK_INT(card.dev.memory.stats.purged, 1);
	CHECK_INT(card.dev.memory.stats.swapped_out, 0);
	CHECK_INT(gem_object_pin_pages(objects[3], &pages), -EFAULT);
	CHECK_INT(gem_object_madvise(objects[3], GEM_MADV_WILLNEED, &retained), 0);
	CHECK(!retained);
	for (int i = 0; i < 4; i++) {
		if (i < 3)
			check(objects[i], i);
		gem_object_put(objects[i]);
	}
	card_finish(&card);
}

/* ---- threads ---- */

enum { THREADS = 4, SHARED_OBJECTS = 40 };

static struct {
	pthread_mutex_t lock; /* of the contents */
	struct gem_object *obj;
	uint32_t seed;
} shared_objects[SHARED_OBJECTS];

static void *touch_at_random(void *arg)
{
	unsigned random = (uintptr_t)arg + 1;

	for (int step = 0; step < 300; step++) {
		int i = rand_r(&random) % SHARED_OBJECTS;
		int fd = -1;
		pthread_mutex_lock(&shared_objects[i].lock);
		check(shared_objects[i].obj, shared_objects[i].seed);
		fill(shared_objects[i].obj, shared_objects[i].seed = rand_r(&random));
		pthread_mutex_unlock(&shared_objects[i].lock);
		struct gem_object *own = create();
		bool retained;
		fill(own, step);
		CHECK_INT(gem_object_madvise(own, GEM_MADV_DONTNEED, &retained), 0);
		if (step % 8 == 0)
			CHECK_INT(gem_object_open_memory(own, &fd), 0);
		if (step % 8 == 1)
			gem_memory_shrink(&card.dev, 3 * SIZE);
		gem_object_put(own);
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

TEST(threads_under_pressure)
{
	pthread_t threads[THREADS];

	card_init_with(&card, &small);
	for (int i = 0; i < SHARED_OBJECTS; i++) {
		pthread_mutex_init(&shared_objects[i].lock, NULL);
		fill(shared_objects[i].obj = create(), 0);
	}
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, touch_at_random, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK(card.dev.memory.stats.swapped_in > 100);
	CHECK(card.dev.memory.stats.purged > 0);
	for (int i = 0; i < SHARED_OBJECTS; i++) {
		check(shared_objects[i].obj, shared_objects[i].seed);
		gem_object_put(shared_objects[i].obj);
	}
	card_finish(&card);
}
