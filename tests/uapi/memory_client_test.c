/*
 * An ordinary program under "testcard exec --memory budget=16M,...": more dumb
 * buffers than the budget holds, mapped now and then, as clients do.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm.h>
#include <drm_mode.h>

#include "test.h"

enum { BUFFERS = 64, MIB = 1 << 20, BUDGET = 16, THREADS = 2, STEPS = 400 };

struct buffer {
	uint32_t handle, seed;
	pthread_mutex_t lock; /* of the contents */
};

static int card;
static struct buffer buffers[BUFFERS];

/* The library's connection is a descriptor: there before the first test counts them. */
__attribute__((constructor))
static void connect_early(void)
{
	access("/dev/dri/card0", F_OK);
}

static uint32_t *map(uint32_t handle, int prot)
{
	struct drm_mode_map_dumb args = {.handle = handle};

	CHECK_INT(ioctl(card, DRM_IOCTL_MODE_MAP_DUMB, &args), 0);
	return mmap(NULL, MIB, prot, MAP_SHARED, card, args.offset);
}

static uint32_t *must_map(uint32_t handle, int prot)
{
	uint32_t *words = map(handle, prot);

	if (words == MAP_FAILED)
		test_fail(__FILE__, __LINE__, "mmap: %s", strerror(errno));
	return words;
}

static uint32_t number(uint32_t seed, size_t i)
{
	return (seed * 2654435761u ^ (uint32_t)i * 40503u) | 1;
}

static void fill(struct buffer *buffer, uint32_t seed)
{
	uint32_t *words = must_map(buffer->handle, PROT_READ | PROT_WRITE);

	for (size_t i = 0; i < MIB / 4; i++)
		words[i] = number(seed, i);
	buffer->seed = seed;
	munmap(words, MIB);
}

static void check(const struct buffer *buffer)
{
	uint32_t *words = must_map(buffer->handle, PROT_READ);

	for (size_t i = 0; i < MIB / 4; i++) {
		if (words[i] != number(buffer->seed, i))
			test_fail(__FILE__, __LINE__, "word %zu is %x, want %x", i, words[i],
				number(buffer->seed, i));
	}
	munmap(words, MIB);
}

static uint32_t create(void)
{
	struct drm_mode_create_dumb args = {.width = 512, .height = 512, .bpp = 32};

	CHECK_INT(ioctl(card, DRM_IOCTL_MODE_CREATE_DUMB, &args), 0);
	CHECK_INT(args.size, MIB);
	return args.handle;
}

static void begin(void)
{
	card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	CHECK(card >= 0);
	for (int i = 0; i < BUFFERS; i++) {
		pthread_mutex_init(&buffers[i].lock, NULL);
		buffers[i].handle = create();
		fill(&buffers[i], i);
	}
}

TEST(four_times_the_budget)
{
	srand(2);
	begin();
	for (int step = 0; step < STEPS; step++) {
		struct buffer *buffer = &buffers[rand() % BUFFERS];
		check(buffer);
		if (rand() % 2)
			fill(buffer, rand());
	}
	close(card);
}

static void *touch(void *arg)
{
	unsigned random = (uintptr_t)arg + 1;

	for (int step = 0; step < STEPS; step++) {
		struct buffer *buffer = &buffers[rand_r(&random) % BUFFERS];
		pthread_mutex_lock(&buffer->lock);
		check(buffer);
		if (step % 2)
			fill(buffer, rand_r(&random));
		pthread_mutex_unlock(&buffer->lock);
	}
	return NULL;
}

/* What one thread is about to map goes to swap because of the other. */
TEST(four_times_the_budget_from_threads)
{
	pthread_t threads[THREADS];

	begin();
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, touch, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	close(card);
}

/* What is mapped stays, so there is an end to it; until something is unmapped. */
TEST(all_of_the_budget_mapped)
{
	uint32_t *mapped[BUDGET];

	begin();
	for (int i = 0; i < BUDGET; i++)
		mapped[i] = must_map(buffers[i].handle, PROT_READ | PROT_WRITE);
	CHECK(map(buffers[BUDGET].handle, PROT_READ) == MAP_FAILED);
	CHECK_INT(errno, ENOMEM);
	for (int i = 0; i < BUDGET; i++)
		CHECK_INT(mapped[i][77], number(i, 77));
	munmap(mapped[3], MIB);
	check(&buffers[BUDGET]);
	for (int i = 0; i < BUDGET; i++) {
		if (i != 3)
			munmap(mapped[i], MIB);
	}
	for (int i = 0; i < BUFFERS; i++)
		check(&buffers[i]);
	close(card);
}
