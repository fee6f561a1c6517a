/* What the census says of an object, through a life of handles, names and dma-bufs. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <drm.h>
#include <i915_drm.h>

#include "gem_card.h"
#include "gem_census.h"
#include "gem_domain.h"
#include "gem_prime.h"

static struct gem_census census_of(struct gem_file *file, uint32_t handle)
{
	struct gem_object *obj;
	struct gem_census census;

	CHECK_INT(gem_object_lookup(file, handle, &obj), 0);
	gem_object_take_census(obj, &census);
	gem_object_put(obj);
	return census;
}

static int export_fd(struct gem_file *file, uint32_t handle)
{
	int fd;

	CHECK_INT(gem_prime_handle_to_fd(file, handle, DRM_CLOEXEC | DRM_RDWR, &fd), 0);
	return fd;
}

TEST(a_new_object)
{
	struct card card;

	card_init(&card);
	card.a.pid = 100;
	uint32_t first = dumb(&card.a), second = dumb(&card.a);
	struct gem_census census = census_of(&card.a, first);
	CHECK_INT(census.serial, 1);
	CHECK_INT(census_of(&card.a, second).serial, 2);
	CHECK_INT(census.size, 16384);
	CHECK_INT(census.creator, 100);
	CHECK_INT(census.refcount, 1);
	CHECK_INT(census.handle_count, 1);
	CHECK_INT(census.name, 0);
	CHECK_INT(census.dma_buf_ino, 0);
	CHECK(!census.exported && !census.imported && !census.exporter && !census.busy);
	CHECK_INT(census.imports, 0);
	CHECK_INT(census.pins, 0);
	CHECK_INT(census.tiling, GEM_TILING_NONE);
	CHECK(strcmp(census.backing, "shmem") == 0);
	CHECK(census.region == NULL);
	CHECK_INT(census.residence, GEM_RESIDENCE_UNTOUCHED);
	/* A serial is never given again. */
	CHECK_INT(gem_handle_delete(&card.a, first), 0);
	CHECK_INT(census_of(&card.a, dumb(&card.a)).serial, 3);
	card_finish(&card);
}

TEST(memory_domains_and_tiling)
{
	struct card card;
	void *pages;

	card_init(&card);
	uint32_t handle = dumb(&card.a);
	struct gem_object *obj = object_of(&card.a, handle);
	CHECK_INT(gem_object_set_tiling(obj, GEM_TILING_X, 512), 0);
	CHECK_INT(gem_object_set_domain(obj, I915_GEM_DOMAIN_GTT, I915_GEM_DOMAIN_GTT), 0);
	CHECK_INT(gem_object_pin_pages(obj, &pages), 0);
	struct gem_census census = census_of(&card.a, handle);
	CHECK_INT(census.tiling, GEM_TILING_X);
	CHECK_INT(census.stride, 512);
	CHECK_INT(census.read_domains, I915_GEM_DOMAIN_GTT);
	CHECK_INT(census.write_domain, I915_GEM_DOMAIN_GTT);
	CHECK_INT(census.pins, 1);
	CHECK(strcmp(census.region, "system") == 0);
	CHECK_INT(census.residence, GEM_RESIDENCE_RESIDENT);
	gem_object_unpin_pages(obj);
	bool retained;
	CHECK_INT(gem_object_madvise(obj, GEM_MADV_DONTNEED, &retained), 0);
	CHECK_INT(gem_memory_shrink(&card.dev, 16384), 16384);
	census = census_of(&card.a, handle);
	CHECK_INT(census.residence, GEM_RESIDENCE_PURGED);
	CHECK_INT(census.madv, GEM_MADV_PURGED);
	CHECK(census.region == NULL);
	card_finish(&card);
}

TEST(names_and_handles_of_two_files)
{
	uint32_t name, opened, again, handle;
	struct card card;
	uint64_t size;

	card_init(&card);
	card.a.pid = 100;
	card.b.pid = 200;
	uint32_t first = dumb(&card.a);
	uint32_t moves = census_of(&card.a, first).handle_moves;
	CHECK_INT(gem_flink(&card.a, first, &name), 0);
	CHECK_INT(gem_open(&card.b, name, &opened, &size), 0);
	CHECK_INT(gem_open(&card.b, name, &again, &size), 0);
	struct gem_census census = census_of(&card.a, first);
	CHECK_INT(census.name, name);
	CHECK_INT(census.handle_count, 3);
	CHECK_INT(census.refcount, 3);
	CHECK_INT(census.creator, 100);
	CHECK_INT(census.handle_moves, moves + 2);
	struct gem_object *obj = object_of(&card.b, opened);
	CHECK_INT(gem_file_count_handles(&card.a, obj, &handle), 1);
	CHECK_INT(handle, first);
	CHECK_INT(gem_file_count_handles(&card.b, obj, &handle), 2);
	CHECK_INT(handle, opened);
	/* One gone and one made: the count is the same, the moves are not. */
	CHECK_INT(gem_handle_delete(&card.b, again), 0);
	CHECK_INT(gem_open(&card.b, name, &again, &size), 0);
	census = census_of(&card.a, first);
	CHECK_INT(census.handle_count, 3);
	CHECK_INT(census.handle_moves, moves + 4);
	CHECK_INT(gem_handle_delete(&card.a, first), 0);
	CHECK_INT(gem_file_count_handles(&card.a, obj, &handle), 0);
	CHECK_INT(handle, 0);
	CHECK_INT(census_of(&card.b, opened).name, name);
	card_finish(&card);
}

TEST(the_dma_buf_and_its_import)
{
	struct card card, other;
	uint32_t imported;
	struct stat st;

	card_init(&card);
	card_init(&other);
	uint32_t handle = dumb(&card.a);
	int fd = export_fd(&card.a, handle);
	CHECK_INT(fstat(fd, &st), 0);
	struct gem_census census = census_of(&card.a, handle);
	CHECK(census.exported && !census.imported);
	CHECK_INT(census.dma_buf_ino, st.st_ino);
	CHECK_INT(census.dma_buf_dev, st.st_dev);
	CHECK_INT(census.imports, 0);
	CHECK_INT(gem_prime_fd_to_handle(&other.a, fd, &imported), 0);
	struct gem_census import = census_of(&other.a, imported);
	CHECK(import.imported && !import.exported);
	CHECK(import.exporter == &card.dev);
	CHECK_INT(import.exporter_serial, census.serial);
	CHECK_INT(import.dma_buf_ino, st.st_ino);
	CHECK(strcmp(import.backing, "imported") == 0);
	CHECK_INT(import.imports, 1); /* the exporter's */
	CHECK_INT(census_of(&card.a, handle).imports, 1);
	/* The importer keeps the exporter's object, whose last handle goes. */
	CHECK_INT(gem_handle_delete(&card.a, handle), 0);
	CHECK_INT(census_of(&other.a, imported).exporter_serial, census.serial);
	close(fd);
	card_finish(&other);
	card_finish(&card);
}

TEST(foreign_memory)
{
	struct card card;
	uint32_t handle;

	card_init(&card);
	int fd = memfd_create("foreign", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CHECK(fd >= 0);
	CHECK_INT(ftruncate(fd, 8192), 0);
	CHECK_INT(gem_prime_fd_to_handle(&card.a, fd, &handle), 0);
	struct gem_census census = census_of(&card.a, handle);
	CHECK(census.imported && !census.exported && !census.exporter);
	CHECK_INT(census.exporter_serial, 0);
	CHECK_INT(census.size, 8192);
	close(fd);
	card_finish(&card);
}

/* A file of very many handles is asked in bounded time, and says at least how many. */
TEST(a_handle_far_away)
{
	uint32_t handle, last = 0;
	struct card card;

	card_init(&card);
	for (unsigned i = 0; i < GEM_CENSUS_HANDLES + 10; i++)
		last = dumb(&card.a);
	struct gem_object *obj = object_of(&card.a, last);
	CHECK_INT(gem_file_count_handles(&card.a, obj, &handle), 1);
	CHECK_INT(handle, 0);
	int fd = export_fd(&card.a, last);
	CHECK_INT(gem_file_count_handles(&card.a, obj, &handle), 1);
	CHECK_INT(handle, last);
	close(fd);
	card_finish(&card);
}
