/* What a batch can reach: the ranges of its request, whole, and nothing else. */
#include <errno.h>
#include <string.h>

#include "gpu_rig.h"
#include "gpu_space.h"
#include "test.h"

static uint8_t host[8][4096];

static const struct gpu_range ranges[] = {
	{.start = 0x3000, .size = 4096, .pages = host[2], .write = true},
	{.start = 0x1000, .size = 4096, .pages = host[0]},
	{.start = 0x2000, .size = 100, .pages = host[1], .write = true},
	{.start = UINT64_MAX - 4096, .size = 4096, .pages = host[3]},
	{.start = 0x10000, .size = 4096, .pages = host[4],
		.window = {0x10000, 8192, GEM_TILING_X, 512}},
};

struct rig {
	struct gem_device dev;
	struct gem_file file;
	struct gem_context *context;
	struct gpu_request request;
	struct gpu_range ranges[GEM_ARRAY_SIZE(ranges)];
};

static void rig_init(struct rig *rig, bool global, bool strict)
{
	struct gem_memory_options memory = {.strict = strict};
	uint32_t id = 0;

	memset(rig, 0, sizeof(*rig));
	CHECK_INT(gem_device_init(&rig->dev, &memory), 0);
	CHECK_INT(gem_file_init(&rig->file, &rig->dev), 0);
	if (!global)
		CHECK_INT(gem_context_create(&rig->file, &id), 0);
	CHECK_INT(gem_context_lookup(&rig->file, id, &rig->context), 0);
	memcpy(rig->ranges, ranges, sizeof(ranges));
	rig->request.context = rig->context;
	rig->request.ranges = rig->ranges;
	rig->request.range_count = GEM_ARRAY_SIZE(ranges);
	gpu_space_init(&rig->request);
	CHECK_INT(gpu_space_sort(&rig->request), 0);
}

static void rig_finish(struct rig *rig)
{
	gem_context_put(rig->context);
	gem_file_finish(&rig->file);
	gem_device_finish(&rig->dev);
}

struct access {
	const char *name;
	uint64_t address, length;
	const uint8_t *want;
};

static const struct access accesses[] = {
	{"first byte", 0x1000, 1, host[0]},
	{"last byte", 0x1fff, 1, host[0] + 4095},
	{"whole", 0x3000, 4096, host[2]},
	{"up to the end of a short one", 0x2032, 50, host[1] + 50},
	{"one too many of a short one", 0x2032, 51, NULL},
	{"behind a short one", 0x2064, 1, NULL},
	{"over two neighbours", 0x1ffc, 8, NULL},
	{"before the first", 0xfff, 1, NULL},
	{"into the first", 0xffc, 8, NULL},
	{"behind the last but one", 0x11000, 4, NULL},
	{"address 0", 0, 4, NULL},
	{"top", UINT64_MAX - 4096, 4096, host[3]},
	{"over the top", UINT64_MAX - 1, 8, NULL},
	{"last address", UINT64_MAX, 1, NULL},
	{"endless", 0x3000, UINT64_MAX, NULL},
	{"wraps", 0x3004, UINT64_MAX - 3, NULL},
};

TEST_ROWS(translate, struct access, accesses)
{
	static const uint64_t before[] = {0x1000, 0x2000, 0x3000, 0x10000, 0};
	struct rig rig;

	rig_init(&rig, false, false);
	/* Whatever was found last. */
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(before); i++) {
		const struct gpu_bus *bus = &rig.request.bus;

		bus->translate(bus, before[i], 1, false);
		CHECK(bus->translate(bus, row->address, row->length, false) == row->want);
		CHECK(bus->translate(bus, row->address, row->length, true) == row->want);
	}
	rig_finish(&rig);
}

TEST(nothing)
{
	struct rig rig;

	rig_init(&rig, false, false);
	rig.request.range_count = 0;
	CHECK_INT(gpu_space_sort(&rig.request), 0);
	CHECK(!rig.request.bus.translate(&rig.request.bus, 0x1000, 1, false));
	rig_finish(&rig);
}

TEST(windows)
{
	struct gem_fence_window window;
	struct rig rig;

	rig_init(&rig, false, false);
	CHECK(!rig.request.bus.fence);
	rig_finish(&rig);

	rig_init(&rig, true, false);
	const struct gpu_bus *bus = &rig.request.bus;
	for (uint64_t address = 0x10000; address < 0x12000; address += 0x7ff) {
		memset(&window, 0, sizeof(window));
		CHECK(bus->fence(bus, address, &window));
		CHECK_INT(window.start, 0x10000);
		CHECK_INT(window.size, 8192);
		CHECK_INT(window.tiling, GEM_TILING_X);
		CHECK_INT(window.stride, 512);
	}
	CHECK(!bus->fence(bus, 0xffff, &window));
	CHECK(!bus->fence(bus, 0x12000, &window));
	CHECK(!bus->fence(bus, 0x1000, &window));
	CHECK(!bus->fence(bus, 0, &window));
	CHECK(!bus->fence(bus, UINT64_MAX, &window));
	/* The window is larger than its object: behind it is nothing. */
	CHECK(!bus->translate(bus, 0x11000, 1, false));
	rig_finish(&rig);
}

TEST(strict)
{
	struct rig rig;

	rig_init(&rig, false, true);
	const struct gpu_bus *bus = &rig.request.bus;
	CHECK(bus->translate(bus, 0x1000, 4, false));
	CHECK(!bus->translate(bus, 0x1000, 4, true));
	CHECK(bus->translate(bus, 0x3000, 4, true));
	rig_finish(&rig);
}

TEST(bad_lists)
{
	struct rig rig;

	rig_init(&rig, false, false);
	for (unsigned i = 1; i < GEM_ARRAY_SIZE(ranges); i++)
		CHECK(rig.ranges[i].start > rig.ranges[i - 1].start);
	rig.ranges[0].size++;
	CHECK_INT(gpu_space_sort(&rig.request), -EINVAL);
	rig.ranges[0].size = 0;
	CHECK_INT(gpu_space_sort(&rig.request), -EINVAL);
	rig.ranges[0].size = 4096;
	rig.ranges[0].start = rig.ranges[1].start;
	CHECK_INT(gpu_space_sort(&rig.request), -EINVAL);
	rig.ranges[0].start = UINT64_MAX - 4094;
	CHECK_INT(gpu_space_sort(&rig.request), -EINVAL);
	rig_finish(&rig);
}
