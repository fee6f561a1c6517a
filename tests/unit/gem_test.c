/* Objects, handles, dumb buffers, mmap offsets, flink. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gem_card.h"
#include "gem_prime.h"

TEST(handles_per_file_and_lowest)
{
	struct card card;
	struct gem_object *obj;

	card_init(&card);
	CHECK_INT(dumb(&card.a), 1);
	CHECK_INT(dumb(&card.a), 2);
	CHECK_INT(dumb(&card.b), 1);
	CHECK(object_of(&card.a, 1) != object_of(&card.b, 1));
	CHECK_INT(gem_object_lookup(&card.b, 2, &obj), -ENOENT);
	CHECK_INT(gem_handle_delete(&card.b, 2), -EINVAL);
	CHECK_INT(gem_handle_delete(&card.a, 0), -EINVAL);
	CHECK_INT(gem_handle_delete(&card.a, 1), 0);
	CHECK_INT(gem_handle_delete(&card.a, 1), -EINVAL);
	CHECK_INT(gem_object_lookup(&card.a, 1, &obj), -ENOENT);
	CHECK_INT(dumb(&card.a), 1);
	card_finish(&card);
}

TEST(handle_and_reference_counts)
{
	struct card card;
	struct gem_object *obj;
	uint32_t first, second;

	card_init(&card);
	first = dumb(&card.a);
	CHECK_INT(gem_object_lookup(&card.a, first, &obj), 0);
	CHECK_INT(obj->handle_count, 1);
	CHECK_INT(obj->refcount, 2);
	CHECK_INT(gem_handle_create(&card.b, obj, &second), 0);
	CHECK_INT(obj->handle_count, 2);
	CHECK_INT(obj->refcount, 3);
	CHECK(gem_file_owns(&card.b, obj));
	CHECK_INT(gem_handle_delete(&card.b, second), 0);
	CHECK(!gem_file_owns(&card.b, obj));
	CHECK_INT(gem_handle_delete(&card.a, first), 0);
	CHECK_INT(obj->handle_count, 0);
	CHECK_INT(obj->refcount, 1); /* ours */
	CHECK_INT(card.dev.object_count, 1);
	gem_object_put(obj);
	CHECK_INT(card.dev.object_count, 0);
	card_finish(&card);
}

TEST(two_handles_in_one_file)
{
	struct card card;
	uint32_t first, second;

	card_init(&card);
	first = dumb(&card.a);
	struct gem_object *obj = object_of(&card.a, first);
	CHECK_INT(gem_handle_create(&card.a, obj, &second), 0);
	CHECK_INT(gem_handle_delete(&card.a, first), 0);
	CHECK(gem_file_owns(&card.a, obj));
	CHECK_INT(gem_handle_delete(&card.a, second), 0);
	CHECK_INT(card.dev.object_count, 0);
	card_finish(&card);
}

TEST(file_close_reaps_thousands)
{
	struct card card;
	uint32_t handle;

	card_init(&card);
	struct gem_object *obj = object_of(&card.a, dumb(&card.a));
	for (uint32_t i = 2; i <= 100000; i++) {
		CHECK_INT(gem_handle_create(&card.a, obj, &handle), 0);
		CHECK_INT(handle, i);
	}
	CHECK_INT(obj->handle_count, 100000);
	card_finish(&card);
}

/* The per-file table of objects: many entries, removed in another order. */
TEST(many_objects_in_a_file)
{
	enum { COUNT = 600 };
	struct rlimit limit;
	struct card card;
	static struct gem_object *objects[COUNT];
	static bool gone[COUNT];

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	card_init(&card);
	for (int i = 0; i < COUNT; i++)
		objects[i] = object_of(&card.a, dumb(&card.a));
	for (int i = 0; i < COUNT; i++) {
		int at = i * 7 % COUNT; /* 7 and 600 share no factor */
		CHECK(gem_file_owns(&card.a, objects[at]));
		CHECK_INT(gem_handle_delete(&card.a, at + 1), 0);
		gone[at] = true;
		if (i % 50)
			continue;
		for (int k = 0; k < COUNT; k++)
			CHECK(gone[k] || gem_file_owns(&card.a, objects[k]));
	}
	CHECK_INT(card.a.objects.count, 0);
	card_finish(&card);
}

enum { MANY = 400 };

/* Creates MANY dumb buffers and writes to each; how many could be written to. */
static int touch_many(struct card *card)
{
	for (int i = 0; i < MANY; i++) {
		uint32_t *pages;
		struct gem_object *obj = object_of(&card->a, dumb(&card->a));
		int ret = gem_object_pin_pages(obj, (void **)&pages);
		if (ret) {
			CHECK_INT(ret, -ENOMEM);
			return i;
		}
		pages[7] = i;
		gem_object_unpin_pages(obj);
	}
	return MANY;
}

TEST(untouched_objects_need_no_descriptor)
{
	struct card card;

	card_init(&card);
	int before = test_count_fds();
	for (int i = 0; i < 5000; i++)
		dumb(&card.a);
	CHECK_INT(test_count_fds(), before);
	card_finish(&card);
}

TEST(descriptors_are_kept_for_others)
{
	struct rlimit limit = {GEM_RESERVED_FDS + 40, GEM_RESERVED_FDS + 40};
	struct card card;

	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	card_init_with(&card, &(struct gem_memory_options){.no_swap = true});
	int made = touch_many(&card);
	CHECK(made > 10 && made <= 40);
	int fd = dup(0);
	CHECK(fd >= 0);
	close(fd);
	card_finish(&card);
}

TEST(descriptors_are_won_back_by_swap)
{
	struct rlimit limit = {GEM_RESERVED_FDS + 40, GEM_RESERVED_FDS + 40};
	struct card card;
	uint32_t *pages;

	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	card_init(&card);
	CHECK_INT(touch_many(&card), MANY);
	for (int i = 0; i < MANY; i++) {
		struct gem_object *obj = object_of(&card.a, i + 1);
		CHECK_INT(gem_object_pin_pages(obj, (void **)&pages), 0);
		CHECK_INT(pages[7], i);
		gem_object_unpin_pages(obj);
	}
	card_finish(&card);
}

struct dumb_row {
	const char *name;
	uint32_t width, height, bpp;
	int want;
	uint32_t pitch;
	uint64_t size;
};

static const struct dumb_row dumb_rows[] = {
	{"usual", 1024, 768, 32, 0, 4096, 4096 * 768},
	{"pitch is aligned to 64", 1, 1, 32, 0, 64, 4096},
	{"16 bpp", 100, 10, 16, 0, 256, 4096},
	{"1 bpp", 1000, 100, 1, 0, 128, 16384},
	{"24 bpp", 1366, 768, 24, 0, 4160, 3194880},
	{"no width", 0, 1, 32, -EINVAL},
	{"no height", 1, 0, 32, -EINVAL},
	{"no bpp", 1, 1, 0, -EINVAL},
	{"bpp overflows", 1, 1, UINT32_MAX, -EINVAL},
	{"bpp at the check's edge", 1, 9, UINT32_MAX - 7, -EINVAL},
	{"pitch overflows", UINT32_MAX, 1, 32, -EINVAL},
	{"pitch overflows by one", 1u << 30, 1, 32, -EINVAL},
	{"aligned pitch overflows", UINT32_MAX, 1, 8, -EINVAL},
	{"size overflows", 65536, 65536, 32, -EINVAL},
	{"size wraps to a small one", 65536, 16385, 32, -EINVAL},
	{"largest size that page-aligns", (UINT32_MAX - 4094) / 4, 1, 32, 0, 0xfffff000u, 0xfffff000u},
	{"page alignment overflows by one", 0xfffff001u, 1, 8, -EINVAL},
	{"all ones", UINT32_MAX, UINT32_MAX, UINT32_MAX, -EINVAL},
};

TEST_ROWS(dumb_create, struct dumb_row, dumb_rows)
{
	struct card card;
	uint32_t pitch = 0, handle = 0;
	uint64_t size = 0;

	card_init(&card);
	CHECK_INT(gem_dumb_create(&card.a, row->width, row->height, row->bpp, &pitch, &size,
		&handle), row->want);
	CHECK_INT(card.dev.object_count, row->want == 0);
	if (row->want == 0) {
		CHECK_INT(pitch, row->pitch);
		CHECK_INT(size, row->size);
		CHECK_INT(card.dev.object_bytes, row->size);
	}
	card_finish(&card);
}

TEST(exported_memfd_cannot_change_size)
{
	struct card card;
	int fd;

	card_init(&card);
	uint32_t handle = dumb(&card.a);
	struct gem_object *obj = object_of(&card.a, handle);
	CHECK_INT(obj->filp, -1);
	CHECK_INT(gem_prime_handle_to_fd(&card.a, handle, O_CLOEXEC, &fd), 0);
	CHECK_ERRNO(ftruncate(obj->filp, 0), EPERM);
	CHECK_ERRNO(ftruncate(obj->filp, 1 << 20), EPERM);
	CHECK(fcntl(obj->filp, F_GETFD) & FD_CLOEXEC);
	close(fd);
	card_finish(&card);
}

TEST(pages_are_pinned_and_kept)
{
	struct card card;
	void *first, *second;

	card_init(&card);
	struct gem_object *obj = object_of(&card.a, dumb(&card.a));
	CHECK(obj->mm.pages == NULL);
	CHECK_INT(gem_object_pin_pages(obj, &first), 0);
	memset(first, 0x5a, obj->size);
	CHECK_INT(gem_object_pin_pages(obj, &second), 0);
	CHECK(first == second);
	CHECK_INT(obj->mm.pages_pin_count, 2);
	gem_object_unpin_pages(obj);
	gem_object_unpin_pages(obj);
	CHECK_INT(gem_object_pin_pages(obj, &second), 0);
	CHECK_INT(((uint8_t *)second)[obj->size - 1], 0x5a);
	gem_object_unpin_pages(obj);
	card_finish(&card);
}

TEST(mmap_offset_rules)
{
	struct card card;
	struct gem_object *obj;
	uint64_t first, second, again;

	card_init(&card);
	uint32_t handle = dumb(&card.a);
	CHECK_INT(gem_dumb_map_offset(&card.a, handle, &first), 0);
	CHECK(first >= 4ull << 30);
	CHECK_INT(first % GEM_PAGE_SIZE, 0);
	CHECK_INT(gem_dumb_map_offset(&card.a, handle, &again), 0);
	CHECK_INT(again, first);
	CHECK_INT(gem_dumb_map_offset(&card.a, dumb(&card.a), &second), 0);
	CHECK(second >= first + 16384);
	CHECK_INT(gem_dumb_map_offset(&card.a, 99, &again), -ENOENT);

	CHECK_INT(gem_mmap_lookup(&card.a, first, 16384, &obj), 0);
	CHECK(obj == object_of(&card.a, handle));
	gem_object_put(obj);
	CHECK_INT(gem_mmap_lookup(&card.a, first, 1, &obj), 0);
	gem_object_put(obj);
	CHECK_INT(gem_mmap_lookup(&card.a, first, 16385, &obj), -EINVAL);
	CHECK_INT(gem_mmap_lookup(&card.a, first, 0, &obj), -EINVAL);
	CHECK_INT(gem_mmap_lookup(&card.a, first + 4096, 4096, &obj), -EINVAL);
	CHECK_INT(gem_mmap_lookup(&card.a, 0, 4096, &obj), -EINVAL);
	CHECK_INT(gem_mmap_lookup(&card.a, UINT64_MAX - 4095, 4096, &obj), -EINVAL);
	/* another file knows the offset but has no handle */
	CHECK_INT(gem_mmap_lookup(&card.b, first, 16384, &obj), -EACCES);
	CHECK_INT(gem_handle_delete(&card.a, handle), 0);
	CHECK_INT(gem_mmap_lookup(&card.a, first, 16384, &obj), -EINVAL);
	/* the lowest hole is used again */
	CHECK_INT(gem_dumb_map_offset(&card.a, dumb(&card.a), &again), 0);
	CHECK_INT(again, first);
	card_finish(&card);
}

/* First fit against a bitmap of pages. */
TEST(vma_lowest_hole)
{
	enum { NODES = 300, PAGES = 4000, STEPS = 30000 };
	static struct gem_range_node nodes[NODES];
	static bool used[PAGES];
	struct gem_vma_manager manager;

	srand(3);
	gem_vma_manager_init(&manager);
	for (int step = 0; step < STEPS; step++) {
		struct gem_range_node *node = &nodes[rand() % NODES];
		if (node->start) {
			uint64_t page = (node->start - GEM_MMAP_OFFSET_BASE) / GEM_PAGE_SIZE;
			memset(used + page, 0, node->size / GEM_PAGE_SIZE);
			gem_vma_remove(&manager, node);
			CHECK_INT(node->start, 0);
			continue;
		}
		uint64_t pages = 1 + rand() % 20, page = 0;
		while (memchr(used + page, true, pages))
			page++;
		node->size = pages * GEM_PAGE_SIZE;
		CHECK_INT(gem_vma_add(&manager, node), 0);
		CHECK_INT(node->start, GEM_MMAP_OFFSET_BASE + page * GEM_PAGE_SIZE);
		memset(used + page, 1, pages);
		CHECK(gem_vma_lookup_locked(&manager, node->start) == node);
		CHECK(gem_vma_lookup_locked(&manager, node->start + 1) == NULL);
	}
	for (int i = 0; i < NODES; i++)
		gem_vma_remove(&manager, &nodes[i]);
	CHECK(manager.range.root == NULL);
	gem_vma_manager_finish(&manager);
}

TEST(vma_space_is_finite)
{
	struct gem_range_node huge = {.size = GEM_MMAP_OFFSET_END - GEM_MMAP_OFFSET_BASE};
	struct gem_range_node more = {.size = GEM_PAGE_SIZE};
	struct gem_range_node wrap = {.size = UINT64_MAX & ~(GEM_PAGE_SIZE - 1)};
	struct gem_vma_manager manager;

	gem_vma_manager_init(&manager);
	CHECK_INT(gem_vma_add(&manager, &wrap), -ENOSPC);
	CHECK_INT(gem_vma_add(&manager, &huge), 0);
	CHECK_INT(gem_vma_add(&manager, &more), -ENOSPC);
	gem_vma_remove(&manager, &huge);
	CHECK_INT(gem_vma_add(&manager, &more), 0);
	gem_vma_remove(&manager, &more);
	gem_vma_manager_finish(&manager);
}

TEST(flink_names)
{
	struct card card;
	uint32_t name, again, handle, other;
	uint64_t size;

	card_init(&card);
	handle = dumb(&card.a);
	CHECK_INT(gem_flink(&card.a, 77, &name), -ENOENT);
	CHECK_INT(gem_flink(&card.a, handle, &name), 0);
	CHECK_INT(name, 1);
	CHECK_INT(gem_flink(&card.a, handle, &again), 0);
	CHECK_INT(again, 1);
	CHECK_INT(gem_open(&card.b, 2, &other, &size), -ENOENT);
	CHECK_INT(gem_open(&card.b, 0, &other, &size), -ENOENT);
	CHECK_INT(gem_open(&card.b, name, &other, &size), 0);
	CHECK_INT(size, 16384);
	CHECK(object_of(&card.b, other) == object_of(&card.a, handle));
	/* the name holds no reference, and lives as long as any handle */
	CHECK_INT(gem_handle_delete(&card.a, handle), 0);
	CHECK_INT(gem_open(&card.a, name, &handle, &size), 0);
	CHECK_INT(gem_handle_delete(&card.a, handle), 0);
	CHECK_INT(gem_handle_delete(&card.b, other), 0);
	CHECK_INT(gem_open(&card.a, name, &handle, &size), -ENOENT);
	CHECK_INT(card.dev.object_count, 0);
	card_finish(&card);
}
