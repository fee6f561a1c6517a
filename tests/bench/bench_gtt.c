/*
 * Cost of an address space by the number of bindings in it: bind, pin what is
 * bound, translate an address, list of 16 (acquire, submit, release), evict for
 * another one, unbind. One CSV line each: what, bindings, ns.
 *
 * Objects have no memory: only the address space is measured.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gem_resv.h"
#include "gem_vma.h"

enum { LIST = 16, OPS = 200000 };

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void fake_free(struct gem_object *obj)
{
	gem_object_finish(obj);
	free(obj);
}

static int fake_populate(struct gem_object *obj)
{
	(void)obj;
	return 0;
}

static int fake_get_pages(struct gem_object *obj, void **ptr)
{
	*ptr = obj;
	return 0;
}

static void fake_put_pages(struct gem_object *obj, void *ptr)
{
	(void)obj;
	(void)ptr;
}

static const struct gem_object_ops ops = {
	.name = "bench",
	.free = fake_free,
	.populate = fake_populate,
	.get_pages = fake_get_pages,
	.put_pages = fake_put_pages,
};

static void must(int ret, const char *what)
{
	if (ret == 0)
		return;
	fprintf(stderr, "%s: %d\n", what, ret);
	exit(1);
}

static struct gem_object *object(struct gem_device *dev)
{
	struct gem_object *obj = malloc(sizeof(*obj));

	if (!obj)
		must(-1, "malloc");
	must(gem_object_init(obj, dev, &ops, GEM_PAGE_SIZE), "object");
	return obj;
}

static void bind(struct gem_object *obj, struct gem_vm *vm)
{
	struct gem_vma *vma;

	must(gem_vma_pin(obj, vm, 0, 0, 0, &vma), "pin");
	gem_vma_unpin(vma);
}

static void report(const char *what, unsigned count, uint64_t start, unsigned operations)
{
	printf("gtt,%s,%u,%" PRIu64 "\n", what, count, (now_ns() - start) / operations);
}

static void bench_lookup(struct gem_vm *vm, unsigned count)
{
	uint64_t offset, start = now_ns();

	for (unsigned i = 0; i < OPS; i++) {
		struct gem_object *obj = gem_vm_lookup(vm,
			GEM_PAGE_SIZE * (i * 7919ull % count + 1) + 5, &offset);

		must(!obj || offset != 5, "lookup");
		gem_object_put(obj);
	}
	report("lookup", count, start, OPS);
}

static void bench_list(struct gem_vm *vm, struct gem_object **objs, unsigned count)
{
	uint64_t context = gem_fence_context_alloc(), start = now_ns();

	for (unsigned i = 0; i < OPS / LIST; i++) {
		struct gem_bind binds[LIST];
		struct gem_resv_use uses[LIST];
		struct gem_fence_set waits = {0};
		struct gem_fence *fence;

		for (unsigned j = 0; j < LIST; j++) {
			struct gem_object *obj = objs[(i * LIST + j) % count];

			binds[j] = (struct gem_bind){.obj = obj};
			uses[j] = (struct gem_resv_use){obj, .write = j == 0};
		}
		must(gem_vm_acquire(vm, binds, LIST), "acquire");
		must(gem_fence_create(context, i + 1, 0, &fence), "fence");
		must(gem_resv_submit(uses, LIST, fence, &waits), "submit");
		gem_vm_release(vm, binds, LIST);
		gem_fence_set_finish(&waits);
		gem_fence_signal(fence, 0);
		gem_fence_put(fence);
	}
	report("list_of_16", count, start, OPS / LIST);
}

static void bench_size(unsigned count)
{
	struct gem_object **objs = calloc(2 * count, sizeof(*objs));
	struct gem_device dev;
	struct gem_vm *vm;
	uint64_t start;

	must(gem_device_init(&dev, NULL), "device");
	/* Exactly full with the first half; its first page stays empty. */
	must(gem_vm_create(&dev, (count + 1) * GEM_PAGE_SIZE, 0, false, &vm), "vm");
	for (unsigned i = 0; i < 2 * count; i++)
		objs[i] = object(&dev);
	start = now_ns();
	for (unsigned i = 0; i < count; i++)
		bind(objs[i], vm);
	report("bind", count, start, count);
	start = now_ns();
	for (unsigned i = 0; i < OPS; i++)
		bind(objs[i * 7919ull % count], vm);
	report("pin_bound", count, start, OPS);
	bench_lookup(vm, count);
	bench_list(vm, objs, count);
	start = now_ns();
	for (unsigned i = 0; i < count; i++)
		bind(objs[count + i], vm);
	report("evict_and_bind", count, start, count);
	start = now_ns();
	for (unsigned i = 0; i < count; i++)
		must(gem_object_unbind_all(objs[count + i]), "unbind");
	report("unbind", count, start, count);
	for (unsigned i = 0; i < 2 * count; i++)
		gem_object_put(objs[i]);
	gem_vm_put(vm);
	gem_device_finish(&dev);
	free(objs);
}

int main(void)
{
	for (unsigned count = 1000; count <= 100000; count *= 10)
		bench_size(count);
	return 0;
}
