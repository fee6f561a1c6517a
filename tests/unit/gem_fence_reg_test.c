/* Fence registers. */
#include <pthread.h>
#include <unistd.h>

#include "gem_domain.h"
#include "gem_gtt.h"
#include "gem_view.h"

enum { MIB = 1 << 20, REGS = 4, COUNT = 8 };

/* More tiled objects in the aperture than registers. */
struct scene {
	struct gem_device dev;
	struct gem_object *objs[COUNT];
	struct gem_vma *vmas[COUNT];
};

static void scene_init(struct scene *scene)
{
	struct gem_memory_options options = {.gtt = 32 * MIB, .mappable = 16 * MIB,
		.fence_regs = REGS};

	CHECK_INT(gem_device_init(&scene->dev, &options), 0);
	for (int i = 0; i < COUNT; i++) {
		scene->objs[i] = tiled_object(&scene->dev, 16 * PAGE);
		scene->vmas[i] = pin(scene->objs[i], scene->dev.ggtt, GEM_PIN_MAPPABLE);
	}
}

static void scene_finish(struct scene *scene)
{
	for (int i = 0; i < COUNT; i++) {
		gem_vma_unpin(scene->vmas[i]);
		gem_object_put(scene->objs[i]);
	}
	for (int i = 0; i < REGS; i++) {
		CHECK(scene->dev.fence_regs->regs[i].vma == NULL);
		CHECK_INT(scene->dev.fence_regs->regs[i].pin_count, 0);
	}
	gtt_finish(&scene->dev);
}

static void use(struct gem_vma *vma)
{
	CHECK_INT(gem_fence_reg_get(vma), 0);
	CHECK(vma->fence_reg >= 0);
	gem_fence_reg_put(vma);
}

TEST(sixteen_by_default)
{
	struct gem_memory_options options = {.fence_regs = 33};
	struct gem_device dev;

	CHECK_INT(gem_device_init(&dev, &options), -EINVAL);
	CHECK_INT(gem_device_init(&dev, NULL), 0);
	CHECK_INT(dev.fence_regs->count, 16);
	gem_device_finish(&dev);
}

TEST(deadlock_when_all_are_pinned)
{
	struct scene scene;

	scene_init(&scene);
	for (int i = 0; i < REGS; i++)
		CHECK_INT(gem_fence_reg_get(scene.vmas[i]), 0);
	CHECK_INT(gem_fence_reg_get(scene.vmas[REGS]), -EDEADLK);
	CHECK_INT(scene.vmas[REGS]->fence_reg, -1);
	CHECK_INT(gem_fence_reg_get(scene.vmas[1]), 0); /* has one: pinned twice */
	gem_fence_reg_put(scene.vmas[1]);
	CHECK_INT(gem_fence_reg_get(scene.vmas[REGS]), -EDEADLK);
	gem_fence_reg_put(scene.vmas[2]);
	CHECK_INT(gem_fence_reg_get(scene.vmas[REGS]), 0);
	CHECK_INT(scene.vmas[2]->fence_reg, -1);
	CHECK_INT(scene.dev.fence_regs->steals, 1);
	gem_fence_reg_put(scene.vmas[2]); /* has none: nothing happens */
	gem_fence_reg_put(scene.vmas[REGS]);
	for (int i = 0; i < REGS; i++)
		if (i != 2)
			gem_fence_reg_put(scene.vmas[i]);
	scene_finish(&scene);
}

TEST(steals_the_least_recently_used)
{
	struct scene scene;

	scene_init(&scene);
	for (int i = 0; i < REGS; i++)
		use(scene.vmas[i]);
	CHECK_INT(scene.dev.fence_regs->steals, 0);
	use(scene.vmas[0]);
	use(scene.vmas[4]); /* from 1 */
	use(scene.vmas[5]); /* from 2 */
	CHECK_INT(scene.dev.fence_regs->steals, 2);
	CHECK(scene.vmas[0]->fence_reg >= 0 && scene.vmas[3]->fence_reg >= 0);
	CHECK(scene.vmas[1]->fence_reg < 0 && scene.vmas[2]->fence_reg < 0);
	/* A register that an unbind has freed is taken first. */
	CHECK_INT(gem_object_unbind_all(scene.objs[0]), -EBUSY);
	gem_vma_unpin(scene.vmas[0]);
	CHECK_INT(gem_object_unbind_all(scene.objs[0]), 0);
	use(scene.vmas[6]);
	CHECK_INT(scene.dev.fence_regs->steals, 2);
	scene.vmas[0] = pin(scene.objs[0], scene.dev.ggtt, GEM_PIN_MAPPABLE);
	CHECK_INT(scene.vmas[0]->fence_reg, -1);
	scene_finish(&scene);
}

static void *end_later(void *data)
{
	usleep(30000);
	gem_fence_signal(data, 0);
	return NULL;
}

TEST(busy_objects_keep_theirs)
{
	struct gem_fence *fences[REGS];
	struct scene scene;
	pthread_t thread;

	scene_init(&scene);
	for (int i = 0; i < REGS; i++)
		use(scene.vmas[i]);
	for (int i = 0; i < REGS - 1; i++)
		fences[i] = make_busy(scene.objs[i]);
	use(scene.vmas[4]);
	CHECK_INT(scene.vmas[REGS - 1]->fence_reg, -1); /* idle, though used last */
	CHECK_INT(gem_object_drop_fence_reg(scene.objs[0]), -EBUSY);
	fences[REGS - 1] = make_busy(scene.objs[4]);
	pthread_create(&thread, NULL, end_later, fences[0]);
	use(scene.vmas[5]); /* waits for the oldest */
	CHECK(gem_fence_signalled(fences[0]));
	CHECK_INT(scene.vmas[0]->fence_reg, -1);
	pthread_join(thread, NULL);
	for (int i = 0; i < REGS; i++)
		end_work(fences[i]);
	CHECK_INT(gem_object_drop_fence_reg(scene.objs[1]), 0);
	CHECK_INT(scene.vmas[1]->fence_reg, -1);
	scene_finish(&scene);
}

TEST(windows_and_tiling)
{
	struct gem_fence_window window;
	struct scene scene;

	scene_init(&scene);
	struct gem_vma *vma = scene.vmas[3];
	CHECK_INT(vma->node.start % MIB, 0);
	CHECK(!gem_fence_reg_lookup(&scene.dev, vma->node.start, &window));
	CHECK_INT(gem_fence_reg_get(vma), 0);
	CHECK(gem_fence_reg_lookup(&scene.dev, vma->node.start, &window));
	CHECK_INT(window.start, vma->node.start);
	CHECK_INT(window.size, MIB);
	CHECK_INT(window.tiling, GEM_TILING_X);
	CHECK_INT(window.stride, 512);
	CHECK(gem_fence_reg_lookup(&scene.dev, vma->node.start + MIB - 1, &window));
	CHECK(!gem_fence_reg_lookup(&scene.dev, vma->node.start + MIB, &window));
	CHECK(!gem_fence_reg_lookup(&scene.dev, vma->node.start - 1, &window));
	/* Another tiling only when nobody relies on the old one. */
	CHECK_INT(gem_object_drop_fence_reg(scene.objs[3]), -EBUSY);
	scene.objs[3]->stride = 1024;
	CHECK_INT(gem_fence_reg_get(vma), -EBUSY);
	gem_fence_reg_put(vma);
	use(vma);
	CHECK(gem_fence_reg_lookup(&scene.dev, vma->node.start, &window));
	CHECK_INT(window.stride, 1024);
	/* Linear: none, and the old one is off. */
	scene.objs[3]->tiling = GEM_TILING_NONE;
	CHECK_INT(gem_fence_reg_get(vma), 0);
	CHECK_INT(vma->fence_reg, -1);
	gem_fence_reg_put(vma);
	CHECK(!gem_fence_reg_lookup(&scene.dev, vma->node.start, &window));
	scene_finish(&scene);
}

TEST(only_well_placed_ones)
{
	struct gem_device dev;
	struct gem_vma *vma;
	struct gem_vm *vm;

	gtt_init(&dev, 32 * MIB, 16 * MIB);
	CHECK_INT(gem_vm_create(&dev, 64 * MIB, 0, false, &vm), 0);
	struct gem_object *obj = tiled_object(&dev, 3 * MIB);
	vma = pin(obj, dev.ggtt, 0); /* as large as itself, beyond the aperture */
	CHECK_INT(vma->node.size, 3 * MIB);
	CHECK_INT(gem_fence_reg_get(vma), -EINVAL);
	gem_vma_unpin(vma);
	vma = pin(obj, vm, 0);
	CHECK_INT(gem_fence_reg_get(vma), -EINVAL);
	gem_vma_unpin(vma);
	vma = pin(obj, dev.ggtt, GEM_PIN_MAPPABLE); /* moves, grows */
	CHECK_INT(vma->node.size, 4 * MIB);
	CHECK_INT(vma->node.start % (4 * MIB), 0);
	CHECK_INT(gem_fence_reg_get(vma), 0);
	gem_fence_reg_put(vma);
	gem_vma_unpin(vma);
	gem_object_put(obj);
	gem_vm_put(vm);
	gtt_finish(&dev);
}

TEST(lists_ask_for_registers)
{
	struct gem_bind binds[REGS + 1] = {0};
	struct scene scene;

	scene_init(&scene);
	for (int i = 0; i < REGS + 1; i++)
		binds[i] = (struct gem_bind){.obj = scene.objs[i], .fence_reg = true};
	CHECK_INT(gem_vm_acquire(scene.dev.ggtt, binds, REGS + 1), -EDEADLK);
	for (int i = 0; i < REGS; i++)
		CHECK_INT(scene.dev.fence_regs->regs[i].pin_count, 0);
	CHECK_INT(scene.vmas[0]->pin_count, 1);
	CHECK_INT(gem_vm_acquire(scene.dev.ggtt, binds, REGS), 0);
	for (int i = 0; i < REGS; i++)
		CHECK(binds[i].vma->fence_reg >= 0);
	gem_vm_release(scene.dev.ggtt, binds, REGS);
	binds[0].fence_reg = false; /* linear ones and those that ask for none do not count */
	scene.objs[0]->tiling = GEM_TILING_NONE;
	CHECK_INT(gem_object_drop_fence_reg(scene.objs[0]), 0);
	CHECK_INT(gem_vm_acquire(scene.dev.ggtt, binds, REGS + 1), 0);
	gem_vm_release(scene.dev.ggtt, binds, REGS + 1);
	scene_finish(&scene);
}

/* A client maps 17 tiled objects and a linear one through the GTT. */
TEST(gtt_maps_use_registers)
{
	struct gem_object *objs[18];
	struct gem_device dev;
	unsigned with = 0;
	int fd;

	CHECK_INT(gem_device_init(&dev, NULL), 0);
	for (int i = 0; i < 18; i++) {
		CHECK_INT(gem_object_create(&dev, 16 * PAGE, GEM_REGION_SYSTEM, &objs[i]), 0);
		if (i < 17)
			CHECK_INT(gem_object_set_tiling(objs[i], GEM_TILING_X, 512), 0);
		CHECK_INT(gem_object_map_fd(objs[i], GEM_VIEW_GTT, &fd), 0);
		close(fd);
		CHECK_INT(bindings(objs[i]), 1);
	}
	for (int i = 0; i < 16; i++)
		with += dev.fence_regs->regs[i].vma != NULL;
	CHECK_INT(with, 16);
	CHECK_INT(dev.fence_regs->steals, 1);
	CHECK(objs[0]->vmas->fence_reg < 0);
	CHECK(objs[17]->vmas->fence_reg < 0);
	for (int i = 0; i < 18; i++)
		gem_object_put(objs[i]);
	gtt_finish(&dev);
}

/* Threads use more objects than there are registers. */
enum { THREADS = 3 };

static void *use_thread(void *data)
{
	struct scene *scene = data;
	unsigned seed = (uintptr_t)pthread_self();

	for (int round = 0; round < 2000; round++) {
		struct gem_vma *vma = scene->vmas[rand_r(&seed) % COUNT];
		struct gem_fence_window window;

		CHECK_INT(gem_fence_reg_get(vma), 0);
		CHECK(gem_fence_reg_lookup(&scene->dev, vma->node.start, &window));
		CHECK_INT(window.start, vma->node.start);
		gem_fence_reg_put(vma);
	}
	return NULL;
}

TEST(registers_between_threads)
{
	pthread_t threads[THREADS];
	struct scene scene;

	scene_init(&scene);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, use_thread, &scene);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK(scene.dev.fence_regs->steals > 0);
	scene_finish(&scene);
}
