/*
 * Races between names, handles and dma-bufs. Each test lets threads do what clients
 * could do at once, and then looks for what must hold whoever was first. Build with
 * -Db_sanitize=thread to look for the races themselves.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <drm.h>

#include "gem_card.h"
#include "gem_prime.h"
#include "gem_report.h"

enum { ROUNDS = 4000, THREADS = 4 };

static struct card card;
static pthread_barrier_t barrier;
static atomic_bool ending;

/* Everybody starts a round at once. */
static void together(void)
{
	pthread_barrier_wait(&barrier);
}

static void run(void *(*const *mains)(void *), unsigned count)
{
	pthread_t threads[THREADS];

	atomic_store(&ending, false);
	pthread_barrier_init(&barrier, NULL, count);
	for (unsigned i = 0; i < count; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, mains[i], (void *)(uintptr_t)i), 0);
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
}

#define RUN(...)                                                                  \
	do {                                                                      \
		void *(*const mains[])(void *) = {__VA_ARGS__};                   \
		run(mains, GEM_ARRAY_SIZE(mains));                                \
	} while (0)

static bool one_of(int ret, int a, int b)
{
	return ret == a || ret == b;
}

/* ---- close against open by name ---- */

static atomic_uint offered; /* a name that was good a moment ago */

static void *names_come_and_go(void *unused)
{
	uint32_t name;

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t handle = dumb(&card.a);
		CHECK_INT(gem_flink(&card.a, handle, &name), 0);
		atomic_store(&offered, name);
		CHECK_INT(gem_handle_delete(&card.a, handle), 0);
	}
	atomic_store(&ending, true);
	return NULL;
}

static void *open_offered(void *unused)
{
	uint32_t handle, again;
	uint64_t size;

	while (!atomic_load(&ending)) {
		uint32_t name = atomic_load(&offered);
		int ret = gem_open(&card.b, name, &handle, &size);
		CHECK(one_of(ret, 0, -ENOENT));
		if (ret)
			continue;
		CHECK_INT(size, 16384);
		/* It has a handle now, so it keeps that name. */
		CHECK_INT(gem_flink(&card.b, handle, &again), 0);
		CHECK_INT(again, name);
		CHECK_INT(gem_handle_delete(&card.b, handle), 0);
		/* Here the name may be gone, or given to the next one. */
	}
	return NULL;
}

TEST(close_against_open_by_name)
{
	card_init(&card);
	RUN(names_come_and_go, open_offered, open_offered);
	card_finish(&card);
}

/* ---- one round each: flink, export, mmap against the last close ---- */

static uint32_t shared_handle;
static int flink_ret, export_ret, export_fd;
static uint64_t shared_offset;

static void *close_shared(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t handle = shared_handle = dumb(&card.a);
		struct gem_object *obj = object_of(&card.a, handle);
		CHECK_INT(gem_object_create_mmap_offset(obj, &shared_offset), 0);
		together();
		CHECK_INT(gem_handle_delete(&card.a, handle), 0);
		together();
		/* Nothing is left of it, whoever came first. */
		CHECK_INT(card.dev.name_idr.count, 0);
		if (export_ret == 0)
			close(export_fd);
		CHECK_INT(card.dev.object_count, 0);
	}
	return NULL;
}

static void *flink_shared(void *unused)
{
	uint32_t name;

	for (int i = 0; i < ROUNDS; i++) {
		together();
		flink_ret = gem_flink(&card.a, shared_handle, &name);
		CHECK(one_of(flink_ret, 0, -ENOENT));
		together();
	}
	return NULL;
}

static void *export_shared(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		together();
		export_ret = gem_prime_handle_to_fd(&card.a, shared_handle, DRM_RDWR, &export_fd);
		CHECK(one_of(export_ret, 0, -ENOENT));
		together();
	}
	return NULL;
}

static void *map_shared(void *unused)
{
	struct gem_object *obj;

	for (int i = 0; i < ROUNDS; i++) {
		together();
		int ret = gem_mmap_lookup(&card.a, shared_offset, 16384, &obj);
		CHECK(ret == 0 || ret == -EINVAL || ret == -EACCES);
		if (ret == 0)
			gem_object_put(obj);
		together();
	}
	return NULL;
}

TEST(last_close_against_flink)
{
	card_init(&card);
	export_ret = -1;
	RUN(close_shared, flink_shared, flink_shared);
	card_finish(&card);
}

TEST(last_close_against_export)
{
	card_init(&card);
	RUN(close_shared, export_shared);
	card_finish(&card);
}

TEST(last_close_against_mmap)
{
	card_init(&card);
	export_ret = -1;
	RUN(close_shared, map_shared, flink_shared);
	card_finish(&card);
}

/* ---- imports ---- */

static uint32_t imported[2];

/* Both import the same dma-buf into the same file: one handle. */
static void *import_one(void *arg)
{
	unsigned me = (uintptr_t)arg;

	for (int i = 0; i < ROUNDS; i++) {
		if (me == 0) {
			uint32_t handle = dumb(&card.a);
			CHECK_INT(gem_prime_handle_to_fd(&card.a, handle, DRM_RDWR, &export_fd),
				0);
			shared_handle = handle;
		}
		together();
		CHECK_INT(gem_prime_fd_to_handle(&card.b, export_fd, &imported[me]), 0);
		together();
		if (me == 0) {
			CHECK_INT(imported[0], imported[1]);
			CHECK_INT(object_of(&card.b, imported[0])->handle_count, 2);
			CHECK_INT(gem_handle_delete(&card.b, imported[0]), 0);
			CHECK_INT(gem_handle_delete(&card.a, shared_handle), 0);
			close(export_fd);
			CHECK_INT(card.dev.object_count, 0);
		}
	}
	return NULL;
}

TEST(import_against_import)
{
	card_init(&card);
	RUN(import_one, import_one);
	card_finish(&card);
}

/* All of them import the same dma-buf into one file and close what they got. */
static void *import_and_close(void *arg)
{
	uint32_t handle;

	for (int i = 0; i < ROUNDS; i++) {
		CHECK_INT(gem_prime_fd_to_handle(&card.b, export_fd, &handle), 0);
		/* Another thread, given the same handle, may have closed it. */
		CHECK(one_of(gem_handle_delete(&card.b, handle), 0, -EINVAL));
	}
	return NULL;
}

/* The exporter's file meanwhile loses it and takes it back. */
static void *exporter_closes(void *arg)
{
	uint32_t handle = shared_handle;

	for (int i = 0; i < ROUNDS; i++) {
		CHECK_INT(gem_handle_delete(&card.a, handle), 0);
		CHECK_INT(gem_prime_fd_to_handle(&card.a, export_fd, &handle), 0);
	}
	CHECK_INT(gem_handle_delete(&card.a, handle), 0);
	return NULL;
}

TEST(import_against_close)
{
	card_init(&card);
	shared_handle = dumb(&card.a);
	CHECK_INT(gem_prime_handle_to_fd(&card.a, shared_handle, DRM_RDWR, &export_fd), 0);
	RUN(import_and_close, import_and_close, exporter_closes);
	CHECK_INT(card.dev.object_count, 0);
	close(export_fd);
	card_finish(&card);
}

/* ---- two devices ---- */

static struct card other;

static void *import_on_other(void *unused)
{
	struct stat memory, dma_buf;
	uint32_t handle;

	CHECK_INT(fstat(export_fd, &dma_buf), 0);
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_INT(gem_prime_fd_to_handle(&other.a, export_fd, &handle), 0);
		/* With or without the exporter's object it is the same memory. */
		struct gem_object *obj = object_of(&other.a, handle);
		CHECK_INT(fstat(obj->filp, &memory), 0);
		CHECK(memory.st_ino == dma_buf.st_ino && memory.st_dev == dma_buf.st_dev);
		CHECK(obj->import_attach != NULL);
		CHECK_INT(gem_handle_delete(&other.a, handle), 0);
	}
	return NULL;
}

TEST(import_on_another_device_against_exporters_close)
{
	card_init(&card);
	card_init(&other);
	shared_handle = dumb(&card.a);
	CHECK_INT(gem_prime_handle_to_fd(&card.a, shared_handle, DRM_RDWR, &export_fd), 0);
	RUN(import_on_other, exporter_closes);
	CHECK_INT(other.dev.object_count, 0);
	CHECK_INT(card.dev.object_count, 0);
	close(export_fd);
	card_finish(&other);
	card_finish(&card);
}

/* ---- a file that ends ---- */

enum { FILES = 60, NAMES = 20 };

static void *files_with_names_end(void *unused)
{
	struct gem_file file;
	uint32_t name;

	for (int i = 0; i < FILES; i++) {
		CHECK_INT(gem_file_init(&file, &card.dev), 0);
		for (int j = 0; j < NAMES; j++) {
			uint32_t handle = dumb(&file);
			CHECK_INT(gem_flink(&file, handle, &name), 0);
			if (j % 3 == 0)
				CHECK_INT(gem_open(&file, name, &handle, &(uint64_t){0}), 0);
		}
		gem_file_finish(&file);
	}
	atomic_store(&ending, true);
	return NULL;
}

static void *open_all_names(void *unused)
{
	uint32_t handle;
	uint64_t size;

	while (!atomic_load(&ending)) {
		for (uint32_t name = 1; name <= NAMES; name++) {
			int ret = gem_open(&card.b, name, &handle, &size);
			CHECK(one_of(ret, 0, -ENOENT));
			if (ret == 0)
				CHECK_INT(gem_handle_delete(&card.b, handle), 0);
		}
	}
	return NULL;
}

static void *report(void *unused)
{
	struct gem_file_usage usage;
	FILE *nowhere = fopen("/dev/null", "w");

	while (!atomic_load(&ending)) {
		gem_report_names(&card.dev, nowhere);
		gem_file_get_usage(&card.b, &usage);
		CHECK_INT(usage.total, usage.objects * 16384);
	}
	fclose(nowhere);
	return NULL;
}

TEST(file_close_against_open_by_name)
{
	card_init(&card);
	RUN(files_with_names_end, open_all_names, report);
	card_finish(&card);
}
