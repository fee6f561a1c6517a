/* Views of tiled objects and of the CPU's cache, as clients that map them see them. */
#include <errno.h>
#include <i915_drm.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gem_domain.h"
#include "gem_view.h"
#include "test.h"

enum { SIZE = 64 * 4096 };

struct scene {
	struct gem_device dev;
	struct gem_object *obj;
	uint8_t *gtt, *cpu; /* a client's maps */
};

static uint8_t *map(struct gem_object *obj, enum gem_view_kind way)
{
	int fd;

	CHECK_INT(gem_object_map_fd(obj, way, &fd), 0);
	uint8_t *bytes = mmap(NULL, obj->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(bytes != MAP_FAILED);
	close(fd);
	return bytes;
}

static void scene_init(struct scene *scene, bool strict, enum gem_tiling tiling, uint32_t stride)
{
	const struct gem_memory_options options = {.strict = strict};

	*scene = (struct scene) {0};
	CHECK_INT(gem_device_init(&scene->dev, &options), 0);
	CHECK_INT(gem_object_create(&scene->dev, SIZE, GEM_REGION_SYSTEM, &scene->obj), 0);
	CHECK_INT(gem_object_set_tiling(scene->obj, tiling, stride), 0);
}

static void scene_finish(struct scene *scene)
{
	if (scene->gtt)
		munmap(scene->gtt, SIZE);
	if (scene->cpu)
		munmap(scene->cpu, SIZE);
	gem_object_put(scene->obj);
	gem_device_finish(&scene->dev);
}

static uint8_t raw(struct gem_object *obj, uint64_t at)
{
	uint8_t *pages;

	CHECK_INT(gem_object_pin_pages(obj, (void **)&pages), 0);
	uint8_t byte = pages[at];
	gem_object_unpin_pages(obj);
	return byte;
}

static void poke(struct gem_object *obj, uint64_t at, uint8_t byte)
{
	uint8_t *pages;

	CHECK_INT(gem_object_pin_pages(obj, (void **)&pages), 0);
	pages[at] = byte;
	gem_object_unpin_pages(obj);
}

struct layout {
	const char *name;
	enum gem_tiling tiling;
	uint32_t stride;
	bool strict;
};

static const struct layout layouts[] = {
	{"X", GEM_TILING_X, 2048, false}, {"Y", GEM_TILING_Y, 512, false},
	{"X strict", GEM_TILING_X, 512, true}, {"Y strict", GEM_TILING_Y, 8192, true},
};

TEST_ROWS(gtt_writes_arrive_tiled, struct layout, layouts)
{
	struct scene scene;

	scene_init(&scene, row->strict, row->tiling, row->stride);
	scene.gtt = map(scene.obj, GEM_VIEW_GTT);
	CHECK_INT(gem_object_set_domain(scene.obj, I915_GEM_DOMAIN_GTT, I915_GEM_DOMAIN_GTT), 0);
	srandom(1);
	for (int i = 0; i < SIZE; i++)
		scene.gtt[i] = random();
	CHECK_INT(gem_object_flush_for_gpu(scene.obj, false), 0);
	for (uint32_t i = 0; i < SIZE; i++)
		CHECK_INT(raw(scene.obj, gem_tile_offset(row->tiling, row->stride,
			i % row->stride, i / row->stride)), scene.gtt[i]);
	scene_finish(&scene);
}

/* What others write to the memory shows after set_domain, and takes no client's bytes away. */
TEST_ROWS(gtt_reads_what_the_gpu_wrote, struct layout, layouts)
{
	struct scene scene;

	scene_init(&scene, row->strict, row->tiling, row->stride);
	scene.gtt = map(scene.obj, GEM_VIEW_GTT);
	for (uint32_t i = 0; i < SIZE; i += 3)
		scene.gtt[i] = 1 + i % 250;
	CHECK_INT(gem_object_flush_for_gpu(scene.obj, true), 0);
	for (uint32_t i = 1; i < SIZE; i += 3)
		poke(scene.obj, gem_tile_offset(row->tiling, row->stride, i % row->stride,
			i / row->stride), 2 + i % 250);
	for (uint32_t i = 2; i < SIZE; i += 3) /* meanwhile, and not asked for */
		scene.gtt[i] = 3 + i % 250;
	CHECK_INT(gem_object_set_domain(scene.obj, I915_GEM_DOMAIN_GTT, 0), 0);
	for (uint32_t i = 0; i < SIZE; i++) {
		uint8_t want = 1 + i % 3 + (i % 250);

		CHECK_INT(scene.gtt[i], want);
		CHECK_INT(raw(scene.obj, gem_tile_offset(row->tiling, row->stride, i % row->stride,
			i / row->stride)), want);
	}
	scene_finish(&scene);
}

TEST_ROWS(pread_and_pwrite_are_in_tiled_order, struct layout, layouts)
{
	struct scene scene;
	uint8_t bytes[5000], back[5000];

	scene_init(&scene, row->strict, row->tiling, row->stride);
	scene.gtt = map(scene.obj, GEM_VIEW_GTT);
	memset(scene.gtt, 0x11, SIZE);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 7;
	CHECK_INT(gem_object_pwrite(scene.obj, 777, bytes, sizeof(bytes)), 0);
	for (uint32_t i = 0; i < SIZE; i++) {
		uint64_t at = gem_tile_offset(row->tiling, row->stride, i % row->stride,
			i / row->stride);
		bool inside = at >= 777 && at < 777 + sizeof(bytes);

		CHECK_INT(scene.gtt[i], inside ? bytes[at - 777] : 0x11);
	}
	scene.gtt[0] = 0x99;
	CHECK_INT(gem_object_pread(scene.obj, 0, back, sizeof(back)), 0);
	CHECK_INT(back[0], 0x99);
	CHECK(memcmp(back + 777, bytes, sizeof(back) - 777) == 0);
	scene_finish(&scene);
}

TEST(another_tiling_lays_the_view_anew)
{
	struct scene scene;

	scene_init(&scene, false, GEM_TILING_X, 512);
	scene.gtt = map(scene.obj, GEM_VIEW_GTT);
	scene.gtt[512] = 0xaa; /* x 0, y 1: the same place in both */
	scene.gtt[3 * 512 + 20] = 0xbb;
	CHECK_INT(gem_object_set_tiling(scene.obj, GEM_TILING_X, 1024), 0);
	CHECK_INT(raw(scene.obj, 3 * 512 + 20), 0xbb);
	CHECK_INT(scene.gtt[1024], 0xaa);
	CHECK_INT(scene.gtt[3 * 1024 + 20], 0xbb);
	CHECK_INT(scene.gtt[3 * 512 + 20], 0);
	CHECK_INT(gem_object_set_tiling(scene.obj, GEM_TILING_NONE, 4711), 0);
	CHECK_INT(scene.obj->stride, 0);
	CHECK_INT(scene.gtt[3 * 512 + 20], 0xbb);
	scene.gtt[9] = 0xcc;
	CHECK_INT(gem_object_flush_for_gpu(scene.obj, false), 0);
	CHECK_INT(raw(scene.obj, 9), 0xcc);
	CHECK_INT(gem_object_set_tiling(scene.obj, GEM_TILING_Y, 384), -EINVAL);
	CHECK_INT(gem_object_set_tiling(scene.obj, 3, 512), -EINVAL);
	CHECK_INT(scene.obj->tiling, GEM_TILING_NONE);
	scene_finish(&scene);
}

/* libdrm_intel keeps maps of buffers that it reuses for something else. */
TEST(maps_from_before_the_tiling_go_on)
{
	struct scene scene;

	scene_init(&scene, false, GEM_TILING_NONE, 0);
	scene.gtt = map(scene.obj, GEM_VIEW_GTT);
	for (uint32_t i = 0; i < SIZE / 4; i++)
		((uint32_t *)scene.gtt)[i] = i;
	CHECK_INT(gem_object_set_tiling(scene.obj, GEM_TILING_X, 1024), 0);
	/* The memory's bytes did not move: the map shows them by the new layout. */
	for (uint32_t i = 0; i < SIZE / 4; i++)
		CHECK_INT(((uint32_t *)scene.gtt)[i], gem_tile_offset(GEM_TILING_X, 1024,
			i * 4 % 1024, i * 4 / 1024) / 4);
	memset(scene.gtt + 1024, 0x66, 1024); /* row 1 */
	CHECK_INT(gem_object_flush_for_gpu(scene.obj, false), 0);
	CHECK_INT(raw(scene.obj, 512), 0x66);
	CHECK_INT(raw(scene.obj, 4096 + 512 + 511), 0x66);
	CHECK_INT(raw(scene.obj, 1024), 0); /* row 2 of the first tile: pixel 256 */
	CHECK_INT(raw(scene.obj, 1025), 1);
	uint8_t *other = map(scene.obj, GEM_VIEW_GTT);
	CHECK_INT(other[1024 + 7], 0x66);
	munmap(other, SIZE);
	scene_finish(&scene);
}

/* Who maps the memory as such keeps it; the map through the GTT then shows tiles. */
TEST(maps_of_both_kinds_stay_the_memory)
{
	struct scene scene;

	scene_init(&scene, false, GEM_TILING_NONE, 0);
	scene.gtt = map(scene.obj, GEM_VIEW_GTT);
	scene.cpu = map(scene.obj, GEM_VIEW_CPU);
	CHECK_INT(gem_object_set_tiling(scene.obj, GEM_TILING_X, 1024), 0);
	scene.cpu[512] = 0x66;
	CHECK_INT(raw(scene.obj, 512), 0x66);
	CHECK_INT(scene.gtt[512], 0x66);
	uint8_t *fresh = map(scene.obj, GEM_VIEW_GTT);
	CHECK_INT(fresh[1024], 0x66);
	munmap(fresh, SIZE);
	scene_finish(&scene);
}

/* Rows of tiles are two pages; of the object's second row there is one. */
TEST(a_partial_row_of_tiles_has_scratch)
{
	struct gem_device dev;
	struct gem_object *obj;

	CHECK_INT(gem_device_init(&dev, NULL), 0);
	CHECK_INT(gem_object_create(&dev, 3 * 4096, GEM_REGION_SYSTEM, &obj), 0);
	CHECK_INT(gem_object_set_tiling(obj, GEM_TILING_X, 1024), 0);
	uint8_t *gtt = map(obj, GEM_VIEW_GTT);
	memset(gtt, 0x77, 3 * 4096);
	CHECK_INT(gem_object_flush_for_gpu(obj, false), 0);
	for (int i = 0; i < 3 * 4096; i++) {
		/* Of the third page, four rows of 512 bytes lie inside of the linear range. */
		CHECK_INT(raw(obj, i), i < 8192 + 4 * 512 ? 0x77 : 0);
	}
	CHECK_INT(gtt[8192 + 600], 0x77); /* stays what the client wrote */
	munmap(gtt, 3 * 4096);
	gem_object_put(obj);
	gem_device_finish(&dev);
}

TEST(linear_maps_are_the_memory)
{
	struct scene scene;

	scene_init(&scene, false, GEM_TILING_NONE, 0);
	scene.gtt = map(scene.obj, GEM_VIEW_GTT);
	scene.cpu = map(scene.obj, GEM_VIEW_CPU);
	scene.gtt[5000] = 0x42;
	CHECK_INT(scene.cpu[5000], 0x42);
	CHECK_INT(raw(scene.obj, 5000), 0x42);
	CHECK(!scene.obj->gtt_view && !scene.obj->cpu_view);
	scene_finish(&scene);
}

TEST(two_maps_of_a_view_are_one)
{
	struct scene scene;

	scene_init(&scene, false, GEM_TILING_Y, 128);
	scene.gtt = map(scene.obj, GEM_VIEW_GTT);
	uint8_t *other = map(scene.obj, GEM_VIEW_GTT);
	scene.gtt[4321] = 0x42;
	CHECK_INT(other[4321], 0x42);
	munmap(other, SIZE);
	scene_finish(&scene);
}

/* ---- the CPU's cache, strict ---- */

TEST(cache_lines_go_back_whole)
{
	struct scene scene;

	scene_init(&scene, true, GEM_TILING_NONE, 0);
	scene.cpu = map(scene.obj, GEM_VIEW_CPU);
	CHECK_INT(gem_object_set_domain(scene.obj, I915_GEM_DOMAIN_CPU, I915_GEM_DOMAIN_CPU), 0);
	scene.cpu[100] = 0x11;
	poke(scene.obj, 101, 0x22); /* in the same line: false sharing */
	poke(scene.obj, 200, 0x33); /* in another */
	CHECK_INT(raw(scene.obj, 100), 0);
	CHECK_INT(scene.cpu[200], 0);
	CHECK_INT(gem_object_set_domain(scene.obj, I915_GEM_DOMAIN_GTT, 0), 0);
	CHECK_INT(raw(scene.obj, 100), 0x11);
	CHECK_INT(raw(scene.obj, 101), 0);
	CHECK_INT(raw(scene.obj, 200), 0x33);
	scene_finish(&scene);
}

TEST(cpu_reads_are_stale_until_set_domain)
{
	struct scene scene;

	scene_init(&scene, true, GEM_TILING_NONE, 0);
	scene.cpu = map(scene.obj, GEM_VIEW_CPU);
	CHECK_INT(gem_object_flush_for_gpu(scene.obj, true), 0);
	poke(scene.obj, 64, 0x55); /* the GPU's result */
	CHECK_INT(scene.cpu[64], 0);
	uint8_t *again = map(scene.obj, GEM_VIEW_CPU); /* one more map flushes nothing */
	CHECK_INT(again[64], 0);
	munmap(again, SIZE);
	CHECK_INT(gem_object_set_domain(scene.obj, I915_GEM_DOMAIN_CPU, 0), 0);
	CHECK_INT(scene.cpu[64], 0x55);
	scene_finish(&scene);
}

TEST(gpu_misses_cpu_writes_without_set_domain)
{
	struct scene scene;

	scene_init(&scene, true, GEM_TILING_NONE, 0);
	scene.cpu = map(scene.obj, GEM_VIEW_CPU);
	scene.cpu[0] = 1; /* a new object is in the CPU's write domain: no set_domain needed */
	CHECK_INT(gem_object_flush_for_gpu(scene.obj, false), 0);
	CHECK_INT(raw(scene.obj, 0), 1);
	scene.cpu[0] = 2;
	CHECK_INT(gem_object_flush_for_gpu(scene.obj, false), 0);
	CHECK_INT(raw(scene.obj, 0), 1);
	CHECK_INT(gem_object_set_domain(scene.obj, I915_GEM_DOMAIN_CPU, I915_GEM_DOMAIN_CPU), 0);
	scene.cpu[0] = 3;
	CHECK_INT(raw(scene.obj, 0), 1);
	CHECK_INT(gem_object_flush_for_gpu(scene.obj, false), 0);
	CHECK_INT(raw(scene.obj, 0), 3);
	scene_finish(&scene);
}

TEST(a_snooped_object_needs_no_flush)
{
	struct scene scene;

	scene_init(&scene, true, GEM_TILING_NONE, 0);
	scene.cpu = map(scene.obj, GEM_VIEW_CPU);
	CHECK_INT(gem_object_set_caching(scene.obj, GEM_CACHE_LLC), 0);
	CHECK_INT(gem_object_flush_for_gpu(scene.obj, false), 0);
	scene.cpu[0] = 2;
	CHECK_INT(gem_object_flush_for_gpu(scene.obj, true), 0);
	CHECK_INT(raw(scene.obj, 0), 2);
	poke(scene.obj, 64, 3);
	CHECK_INT(gem_object_set_domain(scene.obj, I915_GEM_DOMAIN_CPU, 0), 0);
	CHECK_INT(scene.cpu[64], 3);
	scene_finish(&scene);
}

TEST(pread_and_pwrite_share_the_cpus_cache)
{
	struct scene scene;
	uint8_t byte = 0, seven = 7;

	scene_init(&scene, true, GEM_TILING_NONE, 0);
	scene.cpu = map(scene.obj, GEM_VIEW_CPU);
	scene.cpu[10] = 5;
	CHECK_INT(gem_object_pread(scene.obj, 10, &byte, 1), 0);
	CHECK_INT(byte, 5);
	CHECK_INT(gem_object_pwrite(scene.obj, 11, &seven, 1), 0);
	CHECK_INT(scene.cpu[11], 7);
	CHECK_INT(raw(scene.obj, 11), 0); /* the cache was dirty and stays so */
	CHECK_INT(gem_object_flush_for_gpu(scene.obj, true), 0);
	CHECK_INT(raw(scene.obj, 11), 7);
	poke(scene.obj, 12, 9); /* by the GPU */
	CHECK_INT(gem_object_pread(scene.obj, 12, &byte, 1), 0);
	CHECK_INT(byte, 9);
	CHECK_INT(gem_object_pwrite(scene.obj, 13, &seven, 1), 0);
	CHECK_INT(raw(scene.obj, 13), 7); /* a clean cache is flushed after the write */
	CHECK_INT(raw(scene.obj, 12), 9);
	scene_finish(&scene);
}

struct range {
	const char *name;
	uint64_t offset;
	size_t len;
	int want;
};

static const struct range ranges[] = {
	{"all", 0, SIZE, 0}, {"nothing at the end", SIZE, 0, 0}, {"one byte too many", 0, SIZE + 1, -EINVAL},
	{"beyond", SIZE, 1, -EINVAL}, {"far beyond", UINT64_MAX, 1, -EINVAL},
	{"wraps", 4096, SIZE_MAX, -EINVAL}, {"nothing beyond", SIZE + 1, 0, -EINVAL},
};

TEST_ROWS(ranges_of_pread_and_pwrite, struct range, ranges)
{
	struct scene scene;
	uint8_t *bytes = calloc(1, SIZE);

	scene_init(&scene, false, GEM_TILING_X, 512);
	CHECK_INT(gem_object_pread(scene.obj, row->offset, bytes, row->len), row->want);
	CHECK_INT(gem_object_pwrite(scene.obj, row->offset, bytes, row->len), row->want);
	scene_finish(&scene);
	free(bytes);
}

/* ---- clients that do what they like ---- */

TEST(a_client_that_truncates_its_view_hurts_nobody)
{
	struct scene scene;
	int fd;

	scene_init(&scene, false, GEM_TILING_X, 512);
	CHECK_INT(gem_object_map_fd(scene.obj, GEM_VIEW_GTT, &fd), 0);
	CHECK_INT(ftruncate(fd, 4096), 0);
	close(fd);
	CHECK_INT(gem_object_flush_for_gpu(scene.obj, false), 0);
	CHECK_INT(gem_object_set_domain(scene.obj, I915_GEM_DOMAIN_GTT, I915_GEM_DOMAIN_GTT), 0);
	CHECK(scene.obj->gtt_view->faulted);
	scene_finish(&scene);
}

/* The thread sanitizer takes 100 times as long. */
#ifdef __SANITIZE_THREAD__
enum { ROUNDS = 40 };
#else
enum { ROUNDS = 600 };
#endif
enum { WRITERS = 4 };

struct writer {
	uint8_t *bytes;
	unsigned first; /* of every fourth byte */
	pthread_barrier_t *barrier;
	atomic_uint *done;
};

static uint8_t round_value(unsigned round, unsigned i)
{
	return round * 5 + i % WRITERS;
}

/* Each byte once a round: a write that is lost stays lost. */
static void *keep_writing(void *data)
{
	struct writer *writer = data;

	for (unsigned round = 1; round <= ROUNDS; round++) {
		pthread_barrier_wait(writer->barrier);
		for (unsigned i = writer->first; i < SIZE; i += WRITERS)
			__atomic_store_n(&writer->bytes[i], round_value(round, i), __ATOMIC_RELAXED);
		atomic_fetch_add(writer->done, 1);
		pthread_barrier_wait(writer->barrier);
	}
	return NULL;
}

static void check_round(const struct scene *scene, const uint8_t *memory, unsigned round)
{
	gem_object_scanout(scene->obj);
	gem_object_scanout(scene->obj); /* what a race put off */
	for (unsigned i = 0; i < SIZE; i++) {
		/* Columns of 16 bytes keep a byte's place in its word. */
		if (scene->gtt[i] != round_value(round, i) || memory[i] != round_value(round, i))
			test_fail(__FILE__, __LINE__, "round %u, byte %u: %02x, %02x, want %02x", round,
				i, scene->gtt[i], memory[i], round_value(round, i));
	}
}

/*
 * Two clients write through the GTT, two to the memory (another device, say), in
 * each word all four of them, while flushes go on: no byte is lost.
 */
TEST(writers_on_both_sides_lose_nothing)
{
	struct scene scene;
	pthread_t threads[WRITERS];
	struct writer writers[WRITERS];
	pthread_barrier_t barrier;
	atomic_uint done = 0;
	int fd;

	scene_init(&scene, false, GEM_TILING_Y, 1024);
	scene.gtt = map(scene.obj, GEM_VIEW_GTT);
	CHECK_INT(gem_object_open_memory(scene.obj, &fd), 0);
	uint8_t *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(memory != MAP_FAILED);
	close(fd);
	pthread_barrier_init(&barrier, NULL, WRITERS + 1);
	for (unsigned i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer) {i & 1 ? memory : scene.gtt, i, &barrier, &done};
		CHECK_INT(pthread_create(&threads[i], NULL, keep_writing, &writers[i]), 0);
	}
	for (unsigned round = 1; round <= ROUNDS; round++) {
		pthread_barrier_wait(&barrier);
		while (atomic_load(&done) < round * WRITERS)
			gem_object_scanout(scene.obj);
		pthread_barrier_wait(&barrier);
		check_round(&scene, memory, round);
	}
	for (unsigned i = 0; i < WRITERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	pthread_barrier_destroy(&barrier);
	munmap(memory, SIZE);
	scene_finish(&scene);
}

struct requester {
	struct gem_object *obj;
	unsigned seed;
};

static void request(struct gem_object *obj, unsigned what, uint8_t *bytes)
{
	static const uint32_t domains[] = {I915_GEM_DOMAIN_CPU, I915_GEM_DOMAIN_GTT, I915_GEM_DOMAIN_WC};
	uint32_t domain = domains[what / 8 % 3];
	int fd;

	switch (what % 8) {
	case 0:
		CHECK_INT(gem_object_map_fd(obj, what & 8 ? GEM_VIEW_CPU : GEM_VIEW_GTT, &fd), 0);
		close(fd);
		break;
	case 1:
		CHECK_INT(gem_object_set_domain(obj, domain, what & 64 ? domain : 0), 0);
		break;
	case 2:
		CHECK_INT(gem_object_pwrite(obj, what & 4095, bytes, 4096), 0);
		break;
	case 3:
		CHECK_INT(gem_object_pread(obj, what & 4095, bytes, 4096), 0);
		break;
	case 4:
		CHECK_INT(gem_object_set_tiling(obj, what / 8 % 3, 512), 0);
		break;
	case 5:
		CHECK_INT(gem_object_flush_for_gpu(obj, what & 8), 0);
		break;
	case 6:
		gem_object_scanout(obj);
		CHECK_INT(gem_object_flush_for_display(obj), 0);
		break;
	case 7:
		CHECK_INT(gem_object_set_caching(obj, what / 8 % 2), 0);
		gem_memory_shrink(obj->dev, SIZE);
		break;
	}
}

static void *keep_requesting(void *data)
{
	struct requester *requester = data;
	uint8_t bytes[4096] = {0};

	for (int i = 0; i < 400; i++)
		request(requester->obj, rand_r(&requester->seed), bytes);
	return NULL;
}

/* For the thread and address sanitizers, and for deadlocks. */
TEST(requests_from_several_threads)
{
	struct scene scene;
	pthread_t threads[4];
	struct requester requesters[4];

	scene_init(&scene, true, GEM_TILING_X, 512);
	for (unsigned i = 0; i < 4; i++) {
		requesters[i] = (struct requester) {scene.obj, i};
		CHECK_INT(pthread_create(&threads[i], NULL, keep_requesting, &requesters[i]), 0);
	}
	for (unsigned i = 0; i < 4; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	scene_finish(&scene);
}
