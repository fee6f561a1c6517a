/* Address spaces: placement, eviction, lists, and what dies while it is bound. */
#include <pthread.h>
#include <unistd.h>

#include "gem_gtt.h"

TEST(where_things_go)
{
	struct gem_device dev;
	struct gem_vm *ppgtt;
	struct gem_vma *vma;

	gtt_init(&dev, 64 * PAGE, 16 * PAGE);
	CHECK_INT(gem_vm_create(&dev, GEM_PPGTT_SIZE, 0, false, &ppgtt), 0);
	struct gem_object *a = fake_object(&dev, 2 * PAGE), *b = fake_object(&dev, 4 * PAGE);

	CHECK_INT(bind(a, dev.ggtt, GEM_PIN_MAPPABLE), 0);
	CHECK_INT(bind(b, dev.ggtt, 0), 60 * PAGE); /* leaves the aperture to others */
	CHECK_INT(bind(b, dev.ggtt, GEM_PIN_MAPPABLE), 2 * PAGE); /* moves */
	CHECK_INT(bind(b, dev.ggtt, 0), 2 * PAGE); /* good enough where it is */
	CHECK_INT(bind(a, ppgtt, 0), PAGE); /* 0 faults */
	CHECK_INT(bind(b, ppgtt, GEM_PIN_ZONE_4G), 3 * PAGE);
	CHECK_INT(gem_vma_pin(b, ppgtt, 0, 1ull << 40, GEM_PIN_FIXED, &vma), 0);
	CHECK_INT(vma->node.start, 1ull << 40);
	gem_vma_unpin(vma);
	CHECK_INT(bind(b, ppgtt, 0), 1ull << 40);
	CHECK_INT(bind(b, ppgtt, GEM_PIN_ZONE_4G), 3 * PAGE);
	CHECK_INT(gem_vma_pin(b, ppgtt, 1 << 20, 0, 0, &vma), 0);
	CHECK_INT(vma->node.start, 1 << 20);
	gem_vma_unpin(vma);
	CHECK_INT(bindings(b), 2);
	gem_object_put(a);
	gem_object_put(b);
	gem_vm_put(ppgtt);
	gtt_finish(&dev);
}

TEST(bad_arguments)
{
	struct gem_device dev, other;
	struct gem_vm *vm;
	struct gem_vma *vma;

	gtt_init(&dev, 64 * PAGE, 16 * PAGE);
	gtt_init(&other, 64 * PAGE, 16 * PAGE);
	CHECK_INT(gem_vm_create(&dev, PAGE + 1, 0, true, &vm), -EINVAL);
	CHECK_INT(gem_vm_create(&dev, 8 * PAGE, 9 * PAGE, true, &vm), -EINVAL);
	CHECK_INT(gem_vm_create(&dev, 8 * PAGE, PAGE, false, &vm), -EINVAL);
	CHECK_INT(gem_vm_create(&dev, 0, 0, true, &vm), -EINVAL);
	CHECK_INT(gem_vm_create(&dev, 8 * PAGE, 0, false, &vm), 0);
	struct gem_object *a = fake_object(&dev, PAGE), *big = fake_object(&dev, 65 * PAGE);
	struct gem_object *wide = fake_object(&dev, 17 * PAGE);

	CHECK_INT(gem_vma_pin(a, dev.ggtt, 3 * PAGE, 0, 0, &vma), -EINVAL);
	CHECK_INT(gem_vma_pin(a, other.ggtt, 0, 0, 0, &vma), -EINVAL);
	CHECK_INT(gem_vma_pin(a, vm, 0, 0, GEM_PIN_MAPPABLE, &vma), -EINVAL);
	CHECK_INT(gem_vma_pin(a, dev.ggtt, 0, 100, GEM_PIN_FIXED, &vma), -EINVAL);
	CHECK_INT(gem_vma_pin(a, dev.ggtt, 2 * PAGE, PAGE, GEM_PIN_FIXED, &vma), -EINVAL);
	CHECK_INT(gem_vma_pin(a, dev.ggtt, 0, 64 * PAGE, GEM_PIN_FIXED, &vma), -ENOSPC);
	CHECK_INT(gem_vma_pin(a, dev.ggtt, 0, -PAGE, GEM_PIN_FIXED, &vma), -ENOSPC);
	CHECK_INT(gem_vma_pin(a, vm, 0, 0, GEM_PIN_FIXED, &vma), -ENOSPC);
	CHECK_INT(gem_vma_pin(a, dev.ggtt, 0, 16 * PAGE, GEM_PIN_FIXED | GEM_PIN_MAPPABLE, &vma),
		-ENOSPC);
	CHECK_INT(gem_vma_pin(big, dev.ggtt, 0, 0, 0, &vma), -E2BIG);
	CHECK_INT(gem_vma_pin(wide, dev.ggtt, 0, 0, GEM_PIN_MAPPABLE, &vma), -E2BIG);
	CHECK_INT(gem_vma_pin(wide, dev.ggtt, 0, 0, 0, &vma), 0);
	gem_vma_unpin(vma);
	CHECK_INT(gem_vma_pin(a, vm, 1ull << 63, 0, 0, &vma), -ENOSPC);
	CHECK_INT(bindings(a), 0);
	CHECK_INT(a->mm.pages_pin_count, 0);
	gem_object_put(a);
	gem_object_put(big);
	gem_object_put(wide);
	gem_vm_put(vm);
	gtt_finish(&dev);
	gtt_finish(&other);
}

/* A full space of 8 pages, object i at page i. */
struct full {
	struct gem_device dev;
	struct gem_object *objs[8];
};

static void full_init(struct full *full)
{
	gtt_init(&full->dev, 8 * PAGE, 8 * PAGE);
	for (int i = 0; i < 8; i++) {
		full->objs[i] = fake_object(&full->dev, PAGE);
		CHECK_INT(bind(full->objs[i], full->dev.ggtt, GEM_PIN_MAPPABLE), i * PAGE);
	}
}

static void full_finish(struct full *full)
{
	for (int i = 0; i < 8; i++)
		gem_object_put(full->objs[i]);
	gtt_finish(&full->dev);
}

/* One bit per object that is bound. */
static unsigned bound(struct full *full)
{
	unsigned mask = 0;

	for (int i = 0; i < 8; i++)
		mask |= bindings(full->objs[i]) << i;
	return mask;
}

TEST(least_recently_used_goes)
{
	struct full full;

	full_init(&full);
	struct gem_object *more = fake_object(&full.dev, PAGE);
	bind(full.objs[0], full.dev.ggtt, 0); /* used: now 1 is the oldest */
	CHECK_INT(bind(more, full.dev.ggtt, 0), PAGE);
	CHECK_INT(bound(&full), 0xff & ~2);
	CHECK_INT(full.dev.ggtt->evictions, 1);
	gem_object_put(more);
	full_finish(&full);
}

TEST(only_what_is_in_the_way_goes)
{
	struct full full;

	full_init(&full);
	struct gem_object *more = fake_object(&full.dev, 2 * PAGE);
	for (int i = 7; i >= 0; i--) /* the oldest: 0, 5, 3, 1, ... */
		if (i != 0 && i != 5 && i != 3 && i != 1)
			bind(full.objs[i], full.dev.ggtt, 0);
	static const int order[] = {0, 5, 3, 1, 7, 6, 4, 2};
	for (int i = 0; i < 8; i++)
		bind(full.objs[order[i]], full.dev.ggtt, 0);
	CHECK_INT(bind(more, full.dev.ggtt, 0), 0); /* 0 and 1; 5 and 3 were looked at too */
	CHECK_INT(bound(&full), 0xff & ~3);
	CHECK_INT(full.dev.ggtt->evictions, 2);
	/* Those that came back are where they were. */
	CHECK_INT(bind(full.objs[5], full.dev.ggtt, 0), 5 * PAGE);
	CHECK_INT(bind(full.objs[3], full.dev.ggtt, 0), 3 * PAGE);
	gem_object_put(more);
	full_finish(&full);
}

TEST(pins_and_enospc_are_exact)
{
	struct gem_vma *vmas[8], *vma;
	uint64_t size, available;
	struct full full;

	full_init(&full);
	struct gem_object *more = fake_object(&full.dev, PAGE), *two = fake_object(&full.dev, 2 * PAGE);
	CHECK_INT(gem_vma_pin(more, full.dev.ggtt, 0, 0, GEM_PIN_NOEVICT, &vma), -ENOSPC);
	for (int i = 0; i < 8; i++)
		vmas[i] = pin(full.objs[i], full.dev.ggtt, 0);
	gem_vm_aperture(full.dev.ggtt, &size, &available);
	CHECK_INT(size, 8 * PAGE);
	CHECK_INT(available, 0);
	CHECK_INT(gem_vma_pin(more, full.dev.ggtt, 0, 0, 0, &vma), -ENOSPC);
	gem_vma_unpin(pin(full.objs[3], full.dev.ggtt, 0)); /* pinned twice, and once less */
	CHECK_INT(gem_vma_pin(more, full.dev.ggtt, 0, 0, 0, &vma), -ENOSPC);
	gem_vma_unpin(vmas[3]);
	gem_vma_unpin(vmas[6]);
	gem_vm_aperture(full.dev.ggtt, &size, &available);
	CHECK_INT(available, 2 * PAGE);
	CHECK_INT(gem_vma_pin(two, full.dev.ggtt, 0, 0, 0, &vma), -ENOSPC); /* two holes of one */
	CHECK_INT(bound(&full), 0xff); /* a refusal costs nobody his place */
	CHECK_INT(gem_object_unbind_all(full.objs[0]), -EBUSY);
	CHECK_INT(gem_vma_pin(more, full.dev.ggtt, 0, 0, 0, &vma), 0);
	CHECK_INT(vma->node.start, 6 * PAGE); /* 3 was pinned once more after it */
	gem_vma_unpin(vma);
	for (int i = 0; i < 8; i++)
		if (i != 3 && i != 6)
			gem_vma_unpin(vmas[i]);
	CHECK_INT(gem_object_unbind_all(full.objs[0]), 0);
	CHECK_INT(bindings(full.objs[0]), 0);
	gem_object_put(more);
	gem_object_put(two);
	full_finish(&full);
}

TEST(fixed_places)
{
	struct gem_vma *vma, *other;
	struct full full;

	full_init(&full);
	struct gem_object *more = fake_object(&full.dev, 2 * PAGE);
	struct gem_vma *pinned = pin(full.objs[5], full.dev.ggtt, 0);
	CHECK_INT(gem_vma_pin(more, full.dev.ggtt, 0, 4 * PAGE, GEM_PIN_FIXED, &vma), -ENOSPC);
	CHECK_INT(bound(&full), 0xff);
	CHECK_INT(gem_vma_pin(more, full.dev.ggtt, 0, 3 * PAGE,
		GEM_PIN_FIXED | GEM_PIN_NOEVICT, &vma), -ENOSPC);
	CHECK_INT(gem_vma_pin(more, full.dev.ggtt, 0, 3 * PAGE, GEM_PIN_FIXED, &vma), 0);
	CHECK_INT(bound(&full), 0xff & ~0x18);
	CHECK_INT(vma->node.start, 3 * PAGE);
	CHECK_INT(gem_vma_pin(more, full.dev.ggtt, 0, 3 * PAGE, GEM_PIN_FIXED, &other), 0);
	CHECK(other == vma);
	gem_vma_unpin(other);
	CHECK_INT(gem_vma_pin(more, full.dev.ggtt, 0, PAGE, GEM_PIN_FIXED, &other), -EBUSY);
	gem_vma_unpin(vma);
	CHECK_INT(gem_vma_pin(more, full.dev.ggtt, 0, PAGE, GEM_PIN_FIXED, &vma), 0);
	CHECK_INT(vma->node.start, PAGE);
	CHECK_INT(bindings(more), 1);
	gem_vma_unpin(vma);
	gem_vma_unpin(pinned);
	gem_object_put(more);
	full_finish(&full);
}

static void *end_later(void *data)
{
	struct gem_fence **fences = data;

	for (int i = 0; fences[i]; i++) {
		usleep(20000);
		gem_fence_signal(fences[i], 0);
	}
	return NULL;
}

TEST(busy_ones_go_last_and_after_their_work)
{
	struct gem_fence *fences[9] = {0};
	struct gem_vma *vma;
	struct full full;
	pthread_t thread;

	full_init(&full);
	struct gem_object *more = fake_object(&full.dev, PAGE), *last = fake_object(&full.dev, PAGE);
	for (int i = 0; i < 7; i++)
		fences[i] = make_busy(full.objs[i]);
	CHECK_INT(bind(more, full.dev.ggtt, 0), 7 * PAGE); /* idle, though used last */
	CHECK_INT(gem_object_unbind_all(full.objs[2]), -EBUSY);
	fences[7] = make_busy(more);
	CHECK_INT(gem_vma_pin(last, full.dev.ggtt, 0, 0, GEM_PIN_NONBLOCK, &vma), -ENOSPC);
	CHECK_INT(gem_vma_pin(last, full.dev.ggtt, 0, 2 * PAGE, GEM_PIN_NONBLOCK | GEM_PIN_FIXED,
		&vma), -ENOSPC);
	CHECK_INT(gem_vma_pin(full.objs[0], full.dev.ggtt, 0, PAGE,
		GEM_PIN_NONBLOCK | GEM_PIN_FIXED, &vma), -ENOSPC);
	CHECK_INT(bound(&full), 0x7f);
	pthread_create(&thread, NULL, end_later, fences);
	CHECK_INT(gem_vma_pin(last, full.dev.ggtt, 0, 0, 0, &vma), 0);
	CHECK(gem_fence_signalled(fences[0]));
	CHECK_INT(vma->node.start, 0);
	gem_vma_unpin(vma);
	CHECK_INT(gem_vma_pin(last, full.dev.ggtt, 0, 6 * PAGE, GEM_PIN_FIXED, &vma), 0);
	CHECK(gem_fence_signalled(fences[6]));
	gem_vma_unpin(vma);
	pthread_join(thread, NULL);
	for (int i = 0; i < 8; i++)
		gem_fence_put(fences[i]);
	gem_object_put(more);
	gem_object_put(last);
	full_finish(&full);
}

/* ---- ends ---- */

TEST(object_dies_bound_everywhere)
{
	struct gem_vm *vms[50];
	struct gem_device dev;
	uint64_t offset;

	gtt_init(&dev, 64 * PAGE, 64 * PAGE);
	struct gem_object *obj = fake_object(&dev, PAGE), *stays = fake_object(&dev, PAGE);
	bind(obj, dev.ggtt, 0);
	bind(stays, dev.ggtt, 0);
	for (int i = 0; i < 50; i++) {
		CHECK_INT(gem_vm_create(&dev, 1 << 20, 0, false, &vms[i]), 0);
		CHECK_INT(bind(obj, vms[i], 0), PAGE);
		CHECK_INT(bind(stays, vms[i], 0), 2 * PAGE);
	}
	CHECK_INT(bindings(obj), 51);
	gem_vm_put(vms[20]);
	gem_vm_put(vms[0]);
	gem_vm_put(vms[49]);
	CHECK_INT(bindings(obj), 48);
	gem_object_put(obj);
	for (int i = 0; i < 50; i++) {
		if (i == 20 || i == 0 || i == 49)
			continue;
		CHECK(gem_vm_lookup(vms[i], PAGE, &offset) == NULL);
		CHECK_INT(vms[i]->bound_count, 1);
		gem_vm_put(vms[i]);
	}
	CHECK_INT(bindings(stays), 1);
	gem_object_put(stays);
	gtt_finish(&dev);
}

/* With a real object: who takes the pages away unbinds; pins and work keep both. */
TEST(shrinker_unbinds)
{
	struct gem_memory_options options = {.budget = 1 << 20, .swap_limit = 4 << 20};
	struct gem_object *idle, *pinned, *busy;
	struct gem_device dev;
	void *pages;

	CHECK_INT(gem_device_init(&dev, &options), 0);
	CHECK_INT(gem_object_create(&dev, 4 * PAGE, GEM_REGION_SYSTEM, &idle), 0);
	CHECK_INT(gem_object_create(&dev, 4 * PAGE, GEM_REGION_SYSTEM, &pinned), 0);
	CHECK_INT(gem_object_create(&dev, 4 * PAGE, GEM_REGION_SYSTEM, &busy), 0);
	uint64_t start = bind(idle, dev.ggtt, 0);
	bind(busy, dev.ggtt, 0);
	CHECK_INT(gem_object_pin_pages(idle, &pages), 0);
	*(uint32_t *)pages = 0x600df00d;
	gem_object_unpin_pages(idle);
	struct gem_vma *vma = pin(pinned, dev.ggtt, 0);
	struct gem_fence *fence = make_busy(busy);
	CHECK_INT(gem_memory_shrink(&dev, UINT64_MAX), 4 * PAGE);
	CHECK_INT(bindings(idle), 0);
	CHECK_INT(bindings(pinned), 1);
	CHECK_INT(bindings(busy), 1);
	CHECK_INT(gem_object_migrate(busy, GEM_REGION_PHYS), -EBUSY);
	end_work(fence);
	CHECK_INT(gem_memory_shrink(&dev, UINT64_MAX), 4 * PAGE);
	CHECK_INT(bindings(busy), 0);
	CHECK_INT(bind(idle, dev.ggtt, 0), start);
	CHECK_INT(gem_object_pin_pages(idle, &pages), 0);
	CHECK_INT(*(uint32_t *)pages, 0x600df00d);
	gem_object_unpin_pages(idle);
	gem_vma_unpin(vma);
	gem_object_put(idle);
	gem_object_put(pinned);
	gem_object_put(busy);
	gtt_finish(&dev);
}

/* ---- the GPU's view ---- */

TEST(lookup_and_faults)
{
	struct gem_device dev;
	struct gem_vma *vma;
	uint64_t offset = 0;

	gtt_init(&dev, 16 << 20, 8 << 20);
	struct gem_object *obj = tiled_object(&dev, 3 * PAGE), *found;
	CHECK_INT(gem_vma_pin(obj, dev.ggtt, 0, 2 << 20, GEM_PIN_MAPPABLE | GEM_PIN_FIXED, &vma), 0);
	CHECK_INT(vma->node.size, 1 << 20); /* as large as its fence */
	CHECK(gem_vm_lookup(dev.ggtt, (2 << 20) - 1, &offset) == NULL);
	found = gem_vm_lookup(dev.ggtt, 2 << 20, &offset);
	CHECK(found == obj);
	CHECK_INT(offset, 0);
	gem_object_put(found);
	found = gem_vm_lookup(dev.ggtt, (2 << 20) + 3 * PAGE - 1, &offset);
	CHECK(found == obj);
	CHECK_INT(offset, 3 * PAGE - 1);
	gem_object_put(found);
	CHECK(gem_vm_lookup(dev.ggtt, (2 << 20) + 3 * PAGE, &offset) == NULL); /* padding */
	CHECK(gem_vm_lookup(dev.ggtt, 3 << 20, &offset) == NULL);
	CHECK(gem_vm_lookup(dev.ggtt, UINT64_MAX, &offset) == NULL);
	gem_vma_unpin(vma);
	gem_object_put(obj);
	CHECK(gem_vm_lookup(dev.ggtt, 2 << 20, &offset) == NULL);
	gtt_finish(&dev);
}

static void check_order(const struct gem_vma *vma, void *data)
{
	uint64_t *end = data;

	CHECK(vma->node.start >= *end);
	*end = vma->node.start + vma->node.size;
}

/* Random pins in a crowded space: addresses never overlap, and all is as wished. */
TEST(random_bindings)
{
	enum { OBJECTS = 64, ROUNDS = 20000, SPACE = 256 };
	struct gem_object *objs[OBJECTS], *found;
	struct gem_vma *pins[OBJECTS] = {0};
	struct gem_device dev;
	uint64_t offset;

	srand(3);
	gtt_init(&dev, SPACE * PAGE, SPACE / 2 * PAGE);
	for (int i = 0; i < OBJECTS; i++)
		objs[i] = fake_object(&dev, (1 + rand() % 16) * PAGE);
	for (int round = 0; round < ROUNDS; round++) {
		int i = rand() % OBJECTS;
		uint64_t align = PAGE << rand() % 4, end = 0;
		unsigned flags = rand() % 3 ? 0 : GEM_PIN_MAPPABLE;
		struct gem_vma *vma;

		if (pins[i]) {
			gem_vma_unpin(pins[i]);
			pins[i] = NULL;
		} else if (gem_vma_pin(objs[i], dev.ggtt, align, 0, flags, &vma) == 0) {
			CHECK_INT(vma->node.start & (align - 1), 0);
			CHECK(!flags || vma->node.start + objs[i]->size <= SPACE / 2 * PAGE);
			pins[i] = vma;
		}
		if (round % 50 == 0)
			gem_vm_walk(dev.ggtt, check_order, &end);
		for (int j = 0; j < OBJECTS; j += 7) {
			if (!pins[j])
				continue;
			found = gem_vm_lookup(dev.ggtt, pins[j]->node.start + PAGE / 2, &offset);
			CHECK(found == objs[j] && offset == PAGE / 2);
			gem_object_put(found);
		}
	}
	for (int i = 0; i < OBJECTS; i++) {
		if (pins[i])
			gem_vma_unpin(pins[i]);
		gem_object_put(objs[i]);
	}
	gtt_finish(&dev);
}

/* ---- lists ---- */

TEST(list_that_fits_exactly)
{
	struct gem_bind binds[9] = {0};
	struct full full;

	full_init(&full);
	struct gem_object *olds[8];
	for (int i = 0; i < 8; i++) { /* others are there; all leave */
		olds[i] = full.objs[i];
		full.objs[i] = fake_object(&full.dev, PAGE);
		binds[i].obj = full.objs[i];
	}
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 8), 0);
	for (int i = 0; i < 8; i++) {
		CHECK_INT(binds[i].vma->pin_count, 1);
		CHECK_INT(bindings(olds[i]), 0);
	}
	gem_vm_release(full.dev.ggtt, binds, 8);
	/* One more page is one too many, and costs nobody his place. */
	binds[8].obj = olds[0];
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 9), -ENOSPC);
	CHECK_INT(bound(&full), 0xff);
	CHECK_INT(full.dev.ggtt->pinned, 0);
	for (int i = 0; i < 9; i++)
		CHECK(binds[i].vma == NULL);
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 0), 0);
	gem_vm_release(full.dev.ggtt, binds, 0);
	for (int i = 0; i < 8; i++)
		gem_object_put(olds[i]);
	full_finish(&full);
}

TEST(list_with_a_pin_in_the_way)
{
	struct gem_bind binds[2] = {0};
	struct full full;

	full_init(&full);
	struct gem_object *four = fake_object(&full.dev, 4 * PAGE);
	struct gem_vma *scanout = pin(full.objs[4], full.dev.ggtt, 0);
	binds[0].obj = four;
	binds[1].obj = fake_object(&full.dev, 4 * PAGE);
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 2), -ENOSPC); /* 4 and 3 are left */
	CHECK_INT(full.dev.ggtt->pinned, PAGE);
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 1), 0);
	CHECK_INT(binds[0].vma->node.start, 0);
	gem_vm_release(full.dev.ggtt, binds, 1);
	gem_vma_unpin(scanout);
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 2), 0);
	gem_vm_release(full.dev.ggtt, binds, 2);
	gem_object_put(four);
	gem_object_put(binds[1].obj);
	full_finish(&full);
}

/* Objects of the list itself are spread so that the large one has no hole. */
TEST(list_defragments)
{
	struct gem_bind binds[5] = {0};
	struct full full;

	full_init(&full);
	for (int i = 0; i < 4; i++)
		binds[i].obj = full.objs[2 * i];
	binds[4].obj = fake_object(&full.dev, 4 * PAGE);
	struct gem_fence *fence = make_busy(full.objs[2]), *fences[] = {fence, NULL};
	pthread_t thread;
	pthread_create(&thread, NULL, end_later, fences);
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 5), 0);
	CHECK(gem_fence_signalled(fence)); /* it had to move */
	for (int i = 0; i < 5; i++)
		CHECK(binds[i].vma->obj == binds[i].obj);
	gem_vm_release(full.dev.ggtt, binds, 5);
	pthread_join(thread, NULL);
	gem_fence_put(fence);
	gem_object_put(binds[4].obj);
	full_finish(&full);
}

TEST(list_keeps_what_is_well_placed)
{
	struct gem_bind binds[8] = {0};
	struct full full;

	full_init(&full);
	for (int i = 0; i < 4; i++)
		binds[i].obj = full.objs[i];
	for (int i = 4; i < 8; i++)
		binds[i].obj = fake_object(&full.dev, PAGE);
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 8), 0);
	for (int i = 0; i < 4; i++)
		CHECK_INT(binds[i].vma->node.start, i * PAGE);
	CHECK_INT(full.dev.ggtt->evictions, 4);
	gem_vm_release(full.dev.ggtt, binds, 8);
	/* A fixed one takes the place of another of the list: that one moves. */
	binds[7].flags = GEM_PIN_FIXED;
	binds[7].offset = PAGE;
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 8), 0);
	CHECK_INT(binds[7].vma->node.start, PAGE);
	gem_vm_release(full.dev.ggtt, binds, 8);
	/* Two at one place cannot be. */
	binds[6].flags = GEM_PIN_FIXED;
	binds[6].offset = PAGE;
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 8), -ENOSPC);
	binds[6].offset = 1;
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 8), -EINVAL);
	for (int i = 4; i < 8; i++)
		gem_object_put(binds[i].obj);
	full_finish(&full);
}

/* ---- threads ---- */

enum { THREADS = 4 };

struct player {
	struct gem_device *dev;
	struct gem_object **objs; /* shared */
	unsigned seed;
};

/* Each list fits alone, no two together. */
static void *list_thread(void *data)
{
	struct player *player = data;
	struct gem_bind binds[6] = {0};

	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < 6; i++)
			binds[i] = (struct gem_bind){.obj = player->objs[(player->seed + i) % 12]};
		CHECK_INT(gem_vm_acquire(player->dev->ggtt, binds, 6), 0);
		struct gem_fence *fence;
		struct gem_resv_use uses[6];
		struct gem_fence_set waits = {0};

		for (int i = 0; i < 6; i++)
			uses[i] = (struct gem_resv_use){binds[i].obj, .write = i == 0};
		CHECK_INT(gem_fence_create(player->seed, round + 1, 0, &fence), 0);
		CHECK_INT(gem_resv_submit(uses, 6, fence, &waits), 0);
		usleep(100); /* relocations: the others come meanwhile */
		gem_vm_release(player->dev->ggtt, binds, 6);
		CHECK_INT(gem_fence_set_wait(&waits, 20000000000ll, NULL), 0);
		gem_fence_set_finish(&waits);
		end_work(fence);
	}
	return NULL;
}

TEST(lists_take_turns)
{
	struct gem_object *objs[12];
	struct player players[THREADS];
	pthread_t threads[THREADS];
	struct gem_device dev;

	gtt_init(&dev, 8 * PAGE, 8 * PAGE);
	for (int i = 0; i < 12; i++)
		objs[i] = fake_object(&dev, PAGE);
	for (int i = 0; i < THREADS; i++) {
		players[i] = (struct player){&dev, objs, 1 + 3 * i};
		pthread_create(&threads[i], NULL, list_thread, &players[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 12; i++)
		gem_object_put(objs[i]);
	gtt_finish(&dev);
}

struct waiter {
	struct gem_vm *vm;
	struct gem_bind *binds;
	unsigned count;
	int ret;
};

static void *acquire_thread(void *data)
{
	struct waiter *waiter = data;

	waiter->ret = gem_vm_acquire(waiter->vm, waiter->binds, waiter->count);
	if (waiter->ret == 0)
		gem_vm_release(waiter->vm, waiter->binds, waiter->count);
	return NULL;
}

/* Who waits for work that does not end holds up only itself. */
TEST(waiting_list_does_not_keep_the_turn)
{
	struct gem_bind large[4], small;
	struct waiter waiter = {.binds = large, .count = 4};
	struct gem_object *objs[5];
	struct gem_fence *gate;
	struct gem_vma *vma;
	struct gem_device dev;
	pthread_t thread;

	gtt_init(&dev, 4 * PAGE, 4 * PAGE);
	waiter.vm = dev.ggtt;
	for (int i = 0; i < 5; i++)
		objs[i] = fake_object(&dev, PAGE);
	for (int i = 0; i < 4; i++)
		large[i] = (struct gem_bind){.obj = objs[i + 1]};
	CHECK_INT(gem_vma_pin(objs[0], dev.ggtt, 0, 0, 0, &vma), 0);
	gem_vma_unpin(vma);
	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, GEM_FENCE_NO_ENGINE, &gate), 0);
	CHECK_INT(gem_object_add_fence(objs[0], gate, true), 0);
	CHECK_INT(pthread_create(&thread, NULL, acquire_thread, &waiter), 0);
	for (int i = 0; i < 20; i++) {
		usleep(5000);
		small = (struct gem_bind){.obj = objs[0]};
		CHECK_INT(gem_vm_acquire(dev.ggtt, &small, 1), 0);
		gem_vm_release(dev.ggtt, &small, 1);
	}
	gem_fence_signal(gate, 0);
	gem_fence_put(gate);
	pthread_join(thread, NULL);
	CHECK_INT(waiter.ret, 0);
	for (int i = 0; i < 5; i++)
		gem_object_put(objs[i]);
	gtt_finish(&dev);
}

/* Pins, looks up, creates and frees objects and spaces, shrinks: all at once. */
static void *chaos_thread(void *data)
{
	struct player *player = data;
	struct gem_device *dev = player->dev;
	struct gem_vma *vma;
	struct gem_vm *vm;
	uint64_t offset;

	for (int round = 0; round < 300; round++) {
		struct gem_object *shared = player->objs[rand_r(&player->seed) % 8], *own;

		CHECK_INT(gem_object_create(dev, PAGE << round % 3, GEM_REGION_SYSTEM, &own), 0);
		CHECK_INT(gem_vm_create(dev, 1 << 20, 0, false, &vm), 0);
		CHECK_INT(gem_vma_pin(shared, vm, 0, 0, 0, &vma), 0);
		gem_vma_unpin(vma);
		if (gem_vma_pin(shared, dev->ggtt, 0, 0, 0, &vma) == 0) {
			CHECK(vma->obj == shared);
			gem_vma_unpin(vma);
		}
		if (gem_vma_pin(own, dev->ggtt, 0, 0, 0, &vma) == 0)
			gem_vma_unpin(vma);
		CHECK_INT(gem_vma_pin(own, vm, 0, 0, 0, &vma), 0);
		gem_vma_unpin(vma);
		struct gem_object *found = gem_vm_lookup(dev->ggtt,
			rand_r(&player->seed) % (16 * PAGE), &offset);
		if (found)
			gem_object_put(found);
		if (round % 16 == 0)
			gem_memory_shrink(dev, 8 * PAGE);
		if (round % 2)
			gem_object_put(own);
		gem_vm_put(vm);
		if (round % 2 == 0)
			gem_object_put(own);
	}
	return NULL;
}

TEST(everything_at_once)
{
	struct gem_memory_options options = {.gtt = 16 * PAGE, .budget = 1 << 20};
	struct gem_object *objs[8];
	struct player players[THREADS];
	pthread_t threads[THREADS];
	struct gem_device dev;

	CHECK_INT(gem_device_init(&dev, &options), 0);
	for (int i = 0; i < 8; i++)
		CHECK_INT(gem_object_create(&dev, 2 * PAGE, GEM_REGION_SYSTEM, &objs[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		players[i] = (struct player){&dev, objs, 1 + i};
		pthread_create(&threads[i], NULL, chaos_thread, &players[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 8; i++)
		gem_object_put(objs[i]);
	gtt_finish(&dev);
}

/* A padded object takes the room; one that was bound with less moves. */
TEST(list_pads)
{
	struct gem_bind binds[2] = {0};
	struct full full;

	full_init(&full);
	binds[0].obj = full.objs[0];
	binds[0].pad_to_size = 3 * PAGE;
	binds[1].obj = full.objs[1];
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 2), 0);
	CHECK_INT(binds[0].vma->node.size, 3 * PAGE);
	CHECK_INT(binds[1].vma->node.size, PAGE);
	gem_vm_release(full.dev.ggtt, binds, 2);
	/* 8 pages are there. */
	binds[0].pad_to_size = 8 * PAGE;
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 1), 0);
	gem_vm_release(full.dev.ggtt, binds, 1);
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 2), -ENOSPC);
	binds[0].pad_to_size = 9 * PAGE;
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 1), -ENOSPC);
	binds[0].pad_to_size = UINT64_MAX & ~(PAGE - 1);
	CHECK_INT(gem_vm_acquire(full.dev.ggtt, binds, 1), -ENOSPC);
	full_finish(&full);
}
