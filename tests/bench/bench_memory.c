/*
 * Memory of objects: 8 MiB made, written and given back beside a memfd and a
 * memset of the same run; pins; objects that nobody touches; the ways to swap
 * and out of local memory. Prints JSON, one line.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "gem_file.h"

enum { MIB = 1 << 20, SIZE = 8 * MIB, ROUNDS = 41, PINS = 2000000, FEW = 1000, MANY = 1000000,
	SWAPPED = 32 };

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static void require(int ret, const char *what)
{
	if (ret == 0)
		return;
	fprintf(stderr, "%s: %d\n", what, ret);
	exit(1);
}

static void write_mapped(int fd)
{
	void *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	require(map == MAP_FAILED, "mmap");
	memset(map, 0x5a, SIZE);
	munmap(map, SIZE);
	close(fd);
}

static double memfd_round(void)
{
	double start = now_us();
	int fd = memfd_create("rival", MFD_CLOEXEC);

	require(ftruncate(fd, SIZE), "ftruncate");
	write_mapped(fd);
	return now_us() - start;
}

/* As a client does: through a descriptor of the memory. */
static double client_round(struct gem_device *dev)
{
	double start = now_us();
	struct gem_object *obj;
	int fd;

	require(gem_shmem_create(dev, SIZE, &obj), "create");
	require(gem_object_open_memory(obj, &fd), "memory");
	write_mapped(fd);
	gem_object_put(obj);
	return now_us() - start;
}

static double server_round(struct gem_device *dev)
{
	double start = now_us();
	struct gem_object *obj;
	void *pages;

	require(gem_shmem_create(dev, SIZE, &obj), "create");
	require(gem_object_pin_pages(obj, &pages), "pin");
	memset(pages, 0x5a, SIZE);
	gem_object_unpin_pages(obj);
	gem_object_put(obj);
	return now_us() - start;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

/* Interleaved, so that a busy machine is busy for all. */
static void whole_lives(struct gem_device *dev)
{
	double memfd[ROUNDS], client[ROUNDS], server[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		memfd[i] = memfd_round();
		client[i] = client_round(dev);
		server[i] = server_round(dev);
	}
	printf("{\"memfd_8mib_us\": %.0f, \"object_8mib_client_us\": %.0f, "
		"\"object_8mib_server_us\": %.0f, ", median(memfd), median(client), median(server));
}

static void pins(struct gem_device *dev)
{
	struct gem_object *obj;
	void *pages;

	require(gem_shmem_create(dev, SIZE, &obj), "create");
	double start = now_us();
	for (int i = 0; i < PINS; i++) {
		require(gem_object_pin_pages(obj, &pages), "pin");
		gem_object_unpin_pages(obj);
	}
	printf("\"pin_unpin_ns\": %.1f, ", (now_us() - start) * 1e3 / PINS);
	gem_object_put(obj);
}

static void untouched(struct gem_device *dev, int count)
{
	struct gem_object **objects = calloc(count, sizeof(*objects));

	require(!objects, "memory");
	double start = now_us();
	for (int i = 0; i < count; i++)
		require(gem_shmem_create(dev, GEM_PAGE_SIZE, &objects[i]), "create");
	double made = now_us();
	for (int i = 0; i < count; i++)
		gem_object_put(objects[i]);
	printf("\"create_%d_ns\": %.0f, \"put_%d_ns\": %.0f, ", count,
		(made - start) * 1e3 / count, count, (now_us() - made) * 1e3 / count);
	free(objects);
}

static void touch(struct gem_object *obj, int value)
{
	void *pages;

	require(gem_object_pin_pages(obj, &pages), "pin");
	memset(pages, value, obj->size);
	gem_object_unpin_pages(obj);
}

static void swapping(struct gem_device *dev)
{
	struct gem_object *objects[SWAPPED];
	void *pages;

	for (int i = 0; i < SWAPPED; i++) {
		require(gem_shmem_create(dev, SIZE, &objects[i]), "create");
		touch(objects[i], i + 1);
	}
	double start = now_us();
	uint64_t bytes = gem_memory_shrink(dev, UINT64_MAX);
	double out = now_us();
	for (int i = 0; i < SWAPPED; i++) {
		require(gem_object_pin_pages(objects[i], &pages), "pin");
		gem_object_unpin_pages(objects[i]);
	}
	double in = now_us();
	printf("\"swap_out_mb_s\": %.0f, \"swap_in_mb_s\": %.0f, ", bytes / (out - start),
		bytes / (in - out));
	for (int i = 0; i < SWAPPED; i++)
		gem_object_put(objects[i]);
}

/* Two objects of which only one fits: each use evicts the other. */
static double evictions(enum gem_tiling tiling)
{
	static const struct gem_memory_options options = {.local = SIZE};
	struct gem_object *objects[2];
	struct gem_device dev;
	void *pages;

	require(gem_device_init(&dev, &options), "device");
	for (int i = 0; i < 2; i++) {
		require(gem_object_create(&dev, SIZE, GEM_REGION_LOCAL, &objects[i]), "create");
		objects[i]->tiling = tiling;
		objects[i]->stride = tiling ? 4096 : 0;
		touch(objects[i], i + 1);
	}
	double start = now_us();
	for (int i = 0; i < ROUNDS; i++) {
		require(gem_object_pin_pages(objects[i % 2], &pages), "pin");
		gem_object_unpin_pages(objects[i % 2]);
	}
	double each = (now_us() - start) / ROUNDS;
	gem_object_put(objects[0]);
	gem_object_put(objects[1]);
	gem_device_finish(&dev);
	return each;
}

int main(void)
{
	struct gem_device dev;

	require(gem_device_init(&dev, NULL), "device");
	whole_lives(&dev);
	pins(&dev);
	untouched(&dev, FEW);
	untouched(&dev, MANY);
	swapping(&dev);
	gem_device_finish(&dev);
	printf("\"evict_8mib_linear_us\": %.0f, \"evict_8mib_x_tiled_us\": %.0f}\n",
		evictions(GEM_TILING_NONE), evictions(GEM_TILING_X));
	return 0;
}
