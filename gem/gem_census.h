/*
 * The census: everything that is known about one object, for people and tests who want
 * to see how buffers are shared. Nothing in the engine decides by it.
 *
 * Who has handles is known to files; who the files are, to protocols/drm
 * (uapi_census.h), which asks each of them.
 */
#ifndef GEM_CENSUS_H
#define GEM_CENSUS_H

#include <stdbool.h>
#include <stdint.h>

#include "gem_file.h"
#include "gem_object.h"

/* Where an object's bytes are. */
enum gem_residence {
	GEM_RESIDENCE_UNTOUCHED, /* nowhere: all zeros, never needed */
	GEM_RESIDENCE_RESIDENT,
	GEM_RESIDENCE_SWAPPED,
	GEM_RESIDENCE_PURGED,
};

/* One moment of an object: taken under all of its locks at once, but for busy. */
struct gem_census {
	uint64_t serial; /* gem_object.serial */
	uint64_t size;   /* bytes */
	int32_t creator; /* process that had the first handle; 0 = nobody ever had one */
	unsigned refcount;
	unsigned handle_count; /* of all files */
	uint32_t handle_moves; /* changes whenever handle_count does, and when it did in between */
	uint32_t name;         /* flink name, 0 = none */
	/*
	 * The dma-buf: the st_dev and st_ino that fstat(2) of its descriptors says. 0 = it
	 * never was one. exported: it has handles and a dma-buf now.
	 */
	uint64_t dma_buf_dev, dma_buf_ino;
	bool exported;
	/*
	 * imported: the bytes are another's. exporter: of which device (never followed),
	 * and which of its objects; NULL = foreign memory.
	 */
	bool imported;
	const struct gem_device *exporter;
	uint64_t exporter_serial;
	unsigned imports;      /* objects of other devices that stand for the same memory */
	uint32_t read_domains, write_domain; /* I915_GEM_DOMAIN_* */
	enum gem_tiling tiling;
	uint32_t stride;       /* bytes; 0 while linear */
	enum gem_cache_level cache_level;
	enum gem_madv madv;
	unsigned pins;         /* pages_pin_count */
	unsigned framebuffers; /* made of it */
	const char *backing;   /* "shmem", "phys", "stolen", "local", "imported"; static */
	const char *region;    /* where its bytes count, "system", ...; static; NULL = nowhere */
	enum gem_residence residence;
	bool busy;             /* has fences that are not signalled; of a moment later */
};

/*
 * The caller has a reference to obj, which is not counted. Takes memory.lock, mm.lock,
 * object_name_lock.
 */
void gem_object_take_census(struct gem_object *obj, struct gem_census *census);

/*
 * How many handles file has for obj, and one of them at *handle: the one its dma-buf has,
 * else the lowest; 0 when it is not among the file's first GEM_CENSUS_HANDLES. Takes
 * table_lock.
 */
#define GEM_CENSUS_HANDLES 4096
unsigned gem_file_count_handles(struct gem_file *file, const struct gem_object *obj,
	uint32_t *handle);

/* "untouched", "resident", "swapped", "purged"; "linear", "x", "y". Static. */
const char *gem_residence_name(enum gem_residence residence);
const char *gem_tiling_name(enum gem_tiling tiling);

#endif
