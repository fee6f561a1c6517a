/*
 * Tiled copies and the syncing of a GTT view, in GB/s of the buffer, beside
 * memcpy of the same bytes in the same run. No goal is checked here.
 *
 *   usage: bench_tiling [SECONDS PER ROW]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "gem_domain.h"
#include "gem_view.h"

enum { STRIDE = 8192, ROWS = 1024, BYTES = STRIDE * ROWS };

static uint8_t *linear, *tiled;
static struct gem_object *obj;
static uint8_t *gtt, *memory; /* a client's map, the server's */
static unsigned round_;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void copy(void)
{
	memcpy(linear, tiled, BYTES);
}

static void detile_x(void)
{
	gem_tile_to_linear(linear, STRIDE, tiled, STRIDE, GEM_TILING_X, 0, 0, STRIDE, ROWS);
}

static void tile_x(void)
{
	gem_linear_to_tile(tiled, STRIDE, GEM_TILING_X, linear, STRIDE, 0, 0, STRIDE, ROWS);
}

static void detile_y(void)
{
	gem_tile_to_linear(linear, STRIDE, tiled, STRIDE, GEM_TILING_Y, 0, 0, STRIDE, ROWS);
}

static void tile_y(void)
{
	gem_linear_to_tile(tiled, STRIDE, GEM_TILING_Y, linear, STRIDE, 0, 0, STRIDE, ROWS);
}

static void sync_clean(void)
{
	gem_object_scanout(obj);
}

/* The memset is part of the time; compare with the row of the memset alone. */
static void fill_gtt(void)
{
	memset(gtt, ++round_, BYTES);
}

static void sync_written_by_client(void)
{
	fill_gtt();
	gem_object_scanout(obj);
}

static void sync_written_in_memory(void)
{
	memset(memory, ++round_, BYTES);
	gem_object_scanout(obj);
}

static void measure(const char *name, void (*run)(void), double seconds)
{
	unsigned count = 0;

	run(); /* pages are there */
	double start = now(), passed;
	do {
		run();
		__asm__ volatile("" : : : "memory");
		count++;
		passed = now() - start;
	} while (passed < seconds);
	printf("%-44s %8.2f GB/s %8.2f ms\n", name, BYTES / 1e9 * count / passed,
		passed / count * 1e3);
}

static int make_view(struct gem_device *dev, enum gem_tiling tiling)
{
	int fd;

	if (gem_object_create(dev, BYTES, GEM_REGION_SYSTEM, &obj) ||
	    gem_object_set_tiling(obj, tiling, STRIDE) ||
	    gem_object_map_fd(obj, GEM_VIEW_GTT, &fd) ||
	    gem_object_pin_pages(obj, (void **)&memory))
		return -1;
	gtt = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return gtt == MAP_FAILED ? -1 : 0;
}

static void drop_view(void)
{
	munmap(gtt, BYTES);
	gem_object_unpin_pages(obj);
	gem_object_put(obj);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 0.5;
	struct gem_device dev;

	linear = aligned_alloc(4096, BYTES);
	tiled = aligned_alloc(4096, BYTES);
	if (!linear || !tiled || gem_device_init(&dev, NULL))
		return 1;
	memset(tiled, 1, BYTES);
	memset(linear, 2, BYTES);
	printf("8 MiB, stride %d\n", STRIDE);
	measure("memcpy", copy, seconds);
	measure("X to linear", detile_x, seconds);
	measure("linear to X", tile_x, seconds);
	measure("Y to linear", detile_y, seconds);
	measure("linear to Y", tile_y, seconds);
	for (enum gem_tiling tiling = GEM_TILING_X; tiling <= GEM_TILING_Y; tiling++) {
		if (make_view(&dev, tiling))
			return 1;
		printf("GTT view of %s\n", tiling == GEM_TILING_X ? "X" : "Y");
		measure("  nothing changed", sync_clean, seconds);
		measure("  memset of the client", fill_gtt, seconds);
		measure("  memset of the client, all of it flushed", sync_written_by_client, seconds);
		measure("  memset of memory, all of it fetched", sync_written_in_memory, seconds);
		drop_view();
	}
	gem_device_finish(&dev);
	return 0;
}
