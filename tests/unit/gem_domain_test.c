/* Which domain an object is in after which request, and what is refused (kernel: i915_gem_domain.c). */
#include <errno.h>
#include <i915_drm.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gem_domain.h"
#include "gem_view.h"
#include "test.h"

#define CPU I915_GEM_DOMAIN_CPU
#define RENDER I915_GEM_DOMAIN_RENDER
#define SAMPLER I915_GEM_DOMAIN_SAMPLER
#define COMMAND I915_GEM_DOMAIN_COMMAND
#define INSTRUCTION I915_GEM_DOMAIN_INSTRUCTION
#define VERTEX I915_GEM_DOMAIN_VERTEX
#define GTT I915_GEM_DOMAIN_GTT
#define WC I915_GEM_DOMAIN_WC
#define GPU (RENDER | SAMPLER | COMMAND | INSTRUCTION | VERTEX)

struct request {
	const char *name;
	uint32_t reads, writes;
	int want;
};

static const struct request requests[] = {
	{"nothing", 0, 0, 0},
	{"read cpu", CPU, 0, 0}, {"write cpu", CPU, CPU, 0},
	{"read gtt", GTT, 0, 0}, {"write gtt", GTT, GTT, 0},
	{"read wc", WC, 0, 0}, {"write wc", WC, WC, 0},
	{"read cpu and gtt", CPU | GTT, 0, 0},
	{"write one of two", CPU | GTT, CPU, -EINVAL},
	{"write both", CPU | GTT, CPU | GTT, 0},
	{"write another", CPU, GTT, -EINVAL},
	{"write without reading", 0, CPU, -EINVAL},
	{"write gtt without reading", 0, GTT, -EINVAL},
	{"read render", RENDER, 0, -EINVAL}, {"write render", RENDER, RENDER, -EINVAL},
	{"read sampler", SAMPLER, 0, -EINVAL}, {"read command", COMMAND, 0, -EINVAL},
	{"read instruction", INSTRUCTION, 0, -EINVAL}, {"read vertex", VERTEX, 0, -EINVAL},
	{"read cpu and render", CPU | RENDER, 0, -EINVAL},
	{"read cpu, write render", CPU, RENDER, -EINVAL},
	{"all bits", UINT32_MAX, UINT32_MAX, -EINVAL},
	{"read of a bit without meaning", 0x100, 0, 0},
	{"write of a bit without meaning", 0x80000000, 0x80000000, 0},
};

static void create(struct gem_device *dev, struct gem_object **obj)
{
	CHECK_INT(gem_device_init(dev, NULL), 0);
	CHECK_INT(gem_object_create(dev, 8192, GEM_REGION_SYSTEM, obj), 0);
}

static void destroy(struct gem_device *dev, struct gem_object *obj)
{
	gem_object_put(obj);
	gem_device_finish(dev);
}

TEST_ROWS(what_set_domain_takes, struct request, requests)
{
	struct gem_device dev;
	struct gem_object *obj;

	create(&dev, &obj);
	CHECK_INT(gem_domains_check(row->reads, row->writes), row->want);
	CHECK_INT(gem_object_set_domain(obj, row->reads, row->writes), row->want);
	if (row->want) {
		CHECK_INT(obj->read_domains, CPU);
		CHECK_INT(obj->write_domain, CPU);
	}
	destroy(&dev, obj);
}

enum step_kind { SET, GPU_READS, GPU_WRITES, DISPLAY, WRITEBACK, FINISH, CACHED, UNCACHED };

struct step {
	enum step_kind kind;
	uint32_t reads, writes; /* of SET */
};

struct walk {
	const char *name;
	struct step steps[4];
	unsigned count;
	uint32_t reads, writes;
	bool dirty;
};

/* A new object is CPU/CPU and dirty. */
static const struct walk walks[] = {
	{"new", {{0}}, 0, CPU, CPU, true},
	{"to read through the gtt", {{SET, GTT, 0}}, 1, CPU | GTT, 0, false},
	{"to write through the gtt", {{SET, GTT, GTT}}, 1, GTT, GTT, false},
	{"to write through wc", {{SET, WC, WC}}, 1, WC, WC, false},
	{"from wc to gtt", {{SET, WC, WC}, {SET, GTT, 0}}, 2, WC | GTT, 0, false},
	{"gtt and back to read", {{SET, GTT, GTT}, {SET, CPU, 0}}, 2, CPU | GTT, 0, false},
	{"gtt and back to write", {{SET, GTT, GTT}, {SET, CPU, CPU}}, 2, CPU, CPU, true},
	{"read where it is written", {{SET, CPU, 0}}, 1, CPU, CPU, true},
	{"gpu reads", {{GPU_READS}}, 1, CPU | GPU, 0, false},
	{"gpu writes", {{GPU_WRITES}}, 1, GPU, RENDER, false},
	{"cpu reads what the gpu wrote", {{GPU_WRITES}, {SET, CPU, 0}}, 2, GPU | CPU, 0, false},
	{"gtt reads what the gpu wrote", {{GPU_WRITES}, {SET, GTT, 0}}, 2, GPU | GTT, 0, false},
	{"cpu writes again", {{GPU_READS}, {SET, CPU, CPU}}, 2, CPU, CPU, true},
	{"display", {{DISPLAY}}, 1, CPU, 0, false},
	{"cpu writes a shown one", {{DISPLAY}, {SET, CPU, CPU}}, 2, CPU, CPU, true},
	{"writeback", {{WRITEBACK}}, 1, RENDER, RENDER, false},
	{"cpu reads what the display wrote", {{WRITEBACK}, {SET, CPU, 0}}, 2, RENDER | CPU, 0, false},
	{"sw_finish of no framebuffer", {{SET, CPU, CPU}, {FINISH}}, 2, CPU, CPU, true},
	{"cached", {{CACHED}}, 1, CPU, CPU, true},
	{"cached and clean", {{SET, GTT, GTT}, {CACHED}, {GPU_READS}}, 3, GTT | GPU, 0, true},
	{"a cached one goes to the screen", {{CACHED}, {GPU_READS}, {DISPLAY}}, 3, CPU | GPU, 0, false},
	{"uncached again", {{CACHED}, {UNCACHED}, {SET, GTT, 0}}, 3, CPU | GTT, 0, false},
};

static void take(struct gem_object *obj, const struct step *step)
{
	switch (step->kind) {
	case SET:
		CHECK_INT(gem_object_set_domain(obj, step->reads, step->writes), 0);
		break;
	case GPU_READS:
	case GPU_WRITES:
		CHECK_INT(gem_object_flush_for_gpu(obj, step->kind == GPU_WRITES), 0);
		break;
	case DISPLAY:
		CHECK_INT(gem_object_flush_for_display(obj), 0);
		CHECK_INT(obj->cache_level, GEM_CACHE_NONE);
		break;
	case WRITEBACK:
		CHECK_INT(gem_object_flush_for_writeback(obj), 0);
		break;
	case FINISH:
		CHECK_INT(gem_object_sw_finish(obj), 0);
		break;
	case CACHED:
	case UNCACHED:
		CHECK_INT(gem_object_set_caching(obj,
			step->kind == CACHED ? GEM_CACHE_LLC : GEM_CACHE_NONE), 0);
		CHECK_INT(obj->cache_coherent, step->kind == CACHED);
		break;
	}
}

TEST_ROWS(walks_through_the_domains, struct walk, walks)
{
	struct gem_device dev;
	struct gem_object *obj;

	create(&dev, &obj);
	for (unsigned i = 0; i < row->count; i++)
		take(obj, &row->steps[i]);
	CHECK_INT(obj->read_domains, row->reads);
	CHECK_INT(obj->write_domain, row->writes);
	CHECK_INT(obj->cache_dirty, row->dirty);
	destroy(&dev, obj);
}

TEST(pending_domains_move_at_the_flush)
{
	struct gem_device dev;
	struct gem_object *obj;

	create(&dev, &obj);
	obj->pending_read_domains = SAMPLER;
	CHECK_INT(obj->read_domains, CPU);
	CHECK_INT(gem_object_flush_for_gpu(obj, false), 0);
	CHECK_INT(obj->read_domains, CPU | SAMPLER);
	CHECK_INT(obj->write_domain, 0);
	CHECK_INT(obj->pending_read_domains, 0);
	obj->pending_read_domains = obj->pending_write_domain = INSTRUCTION;
	CHECK_INT(gem_object_flush_for_gpu(obj, true), 0);
	CHECK_INT(obj->read_domains, INSTRUCTION);
	CHECK_INT(obj->write_domain, INSTRUCTION);
	CHECK_INT(obj->pending_write_domain, 0);
	destroy(&dev, obj);
}

TEST(a_framebuffer_is_flushed_by_sw_finish_and_not_tiled)
{
	struct gem_device dev;
	struct gem_object *obj;
	enum gem_tiling tiling;
	uint32_t stride;
	void *pages;

	create(&dev, &obj);
	CHECK_INT(gem_object_set_tiling(obj, GEM_TILING_X, 512), 0);
	CHECK_INT(gem_object_pin_pages(obj, &pages), 0);
	gem_object_get_framebuffer(obj, &tiling, &stride);
	CHECK_INT(tiling, GEM_TILING_X);
	CHECK_INT(stride, 512);
	CHECK_INT(gem_object_sw_finish(obj), 0);
	CHECK_INT(obj->write_domain, 0);
	CHECK(!obj->cache_dirty);
	CHECK_INT(gem_object_set_tiling(obj, GEM_TILING_Y, 512), -EBUSY);
	CHECK_INT(gem_object_set_tiling(obj, GEM_TILING_X, 512), 0); /* as it is */
	CHECK_INT(gem_object_set_tiling(obj, GEM_TILING_X, 513), -EINVAL);
	gem_object_put_framebuffer(obj);
	CHECK_INT(gem_object_set_tiling(obj, GEM_TILING_Y, 512), 0);
	gem_object_unpin_pages(obj);
	destroy(&dev, obj);
}

/* CREATE and SET_TILING of a million objects cost no memory. */
TEST(tiling_needs_no_pages)
{
	struct gem_device dev;
	struct gem_object *obj;

	create(&dev, &obj);
	CHECK_INT(gem_object_set_tiling(obj, GEM_TILING_X, 512), 0);
	CHECK_INT(obj->filp, -1);
	destroy(&dev, obj);
}

TEST(nothing_reaches_a_purged_object)
{
	struct gem_device dev;
	struct gem_object *obj;
	uint8_t byte = 1;
	bool retained;
	int fd, gone;

	create(&dev, &obj);
	CHECK_INT(gem_object_map_fd(obj, GEM_VIEW_GTT, &fd), 0);
	CHECK_INT(gem_object_madvise(obj, GEM_MADV_DONTNEED, &retained), 0);
	gem_memory_shrink(&dev, UINT64_MAX);
	CHECK_INT(gem_object_madvise(obj, GEM_MADV_WILLNEED, &retained), 0);
	CHECK(!retained);
	CHECK_INT(gem_object_set_domain(obj, CPU, 0), -EFAULT);
	CHECK_INT(gem_object_pread(obj, 0, &byte, 1), -EFAULT);
	CHECK_INT(gem_object_pwrite(obj, 0, &byte, 1), -EFAULT);
	CHECK_INT(gem_object_flush_for_gpu(obj, false), -EFAULT);
	CHECK_INT(gem_object_set_tiling(obj, GEM_TILING_X, 512), 0);
	CHECK_INT(gem_object_sw_finish(obj), 0);
	CHECK_INT(lseek(fd, 0, SEEK_END), 0);
	CHECK_INT(gem_object_map_fd(obj, GEM_VIEW_GTT, &gone), 0);
	CHECK_INT(lseek(gone, 0, SEEK_END), 0);
	close(fd);
	close(gone);
	destroy(&dev, obj);
}

/* A purge takes the views' bytes, too. */
TEST(views_of_a_purged_object_are_empty)
{
	struct gem_device dev;
	struct gem_object *obj;
	bool retained;
	int fd;

	create(&dev, &obj);
	CHECK_INT(gem_object_set_tiling(obj, GEM_TILING_X, 512), 0);
	CHECK_INT(gem_object_map_fd(obj, GEM_VIEW_GTT, &fd), 0);
	CHECK_INT(lseek(fd, 0, SEEK_END), 8192);
	CHECK_INT(gem_object_madvise(obj, GEM_MADV_DONTNEED, &retained), 0);
	CHECK(retained);
	gem_memory_shrink(&dev, UINT64_MAX);
	CHECK_INT(lseek(fd, 0, SEEK_END), 0);
	CHECK(obj->gtt_view == NULL);
	close(fd);
	destroy(&dev, obj);
}

/* What the CPU wrote before does not come over the frame later, and the frame is there for it. */
TEST(writeback_and_the_cpus_cache)
{
	const struct gem_memory_options options = {.strict = true};
	struct gem_device dev;
	struct gem_object *obj;
	uint8_t *map, byte;
	void *pages;
	int fd;

	CHECK_INT(gem_device_init(&dev, &options), 0);
	CHECK_INT(gem_object_create(&dev, 8192, GEM_REGION_SYSTEM, &obj), 0);
	CHECK_INT(gem_object_map_fd(obj, GEM_VIEW_CPU, &fd), 0);
	map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	close(fd);
	CHECK_INT(gem_object_set_domain(obj, CPU, CPU), 0);
	memset(map, 1, 8192);
	CHECK_INT(gem_object_flush_for_writeback(obj), 0);
	CHECK_INT(gem_object_pin_pages(obj, &pages), 0);
	CHECK_INT(*(uint8_t *)pages, 1);
	memset(pages, 2, 8192); /* the frame */
	CHECK_INT(map[100], 1);
	CHECK_INT(gem_object_flush_for_display(obj), 0);
	CHECK_INT(*(uint8_t *)pages, 2);
	gem_object_unpin_pages(obj);
	CHECK_INT(gem_object_set_domain(obj, CPU, 0), 0);
	CHECK_INT(map[100], 2);
	CHECK_INT(gem_object_pread(obj, 8191, &byte, 1), 0);
	CHECK_INT(byte, 2);
	munmap(map, 8192);
	destroy(&dev, obj);
}
