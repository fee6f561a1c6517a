/* From a list of objects to a request on its way (kernel: i915_gem_execbuffer.c). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gem_domain.h"
#include "gem_resv.h"
#include "gem_vma.h"
#include "gpu_lut.h"
#include "gpu_private.h"
#include "gpu_reloc.h"

/* An address that a packet can name ends here. */
#define ZONE_END (1ull << 32)

/*
 * Waits for objects that are to be relocated happen without the address space's
 * turn, so that one client's batches hold up nobody else's. Somebody who makes
 * them busy again each time loses that favour.
 */
enum { FAIR_TRIES = 8 };

_Static_assert((int)GPU_CLASS_COUNT == (int)GEM_CONTEXT_TIMELINES, "a timeline for each class");

struct submit {
	struct gpu_device *gpu;
	struct gpu_exec *exec;
	struct gem_vm *vm;
	struct gem_bind *binds;      /* by object, as the two below */
	struct gem_resv_use *uses;
	bool *todo;
	unsigned batch;              /* index */
	struct gpu_request *request;
};

#define BYTES_EACH (sizeof(struct gem_bind) + sizeof(struct gem_resv_use) + sizeof(bool))

/* Most lists are short: theirs are on the stack. */
enum { FEW = 16 };
struct few {
	_Alignas(struct gem_bind) uint8_t bytes[FEW * BYTES_EACH];
};

/* ---- checks: nothing is changed ---- */

static int check_object(const struct submit *submit, const struct gpu_exec_object *object)
{
	uint64_t unknown = __EXEC_OBJECT_UNKNOWN_FLAGS;

	/* There is no global binding beside a context's own. */
	if (!submit->vm->global)
		unknown |= EXEC_OBJECT_NEEDS_GTT;
	if (object->flags & unknown)
		return -EINVAL;
	if (object->alignment & (object->alignment - 1))
		return -EINVAL;
	if (object->flags & EXEC_OBJECT_PINNED &&
	    object->offset != gpu_canonical(object->offset & ~(GEM_PAGE_SIZE - 1)))
		return -EINVAL;
	if (object->flags & EXEC_OBJECT_PAD_TO_SIZE && object->pad_to_size & (GEM_PAGE_SIZE - 1))
		return -EINVAL;
	return 0;
}

static int check_few_twice(const struct gpu_exec *exec)
{
	for (unsigned i = 1; i < exec->object_count; i++)
		for (unsigned j = 0; j < i; j++)
			if (exec->objects[i].obj == exec->objects[j].obj)
				return -EINVAL;
	return 0;
}

static int check_twice(const struct gpu_exec *exec)
{
	struct gpu_lut seen = {0};

	if (exec->object_count <= FEW)
		return check_few_twice(exec);
	int ret = gpu_lut_init(&seen, exec->object_count);
	for (unsigned i = 0; i < exec->object_count && ret == 0; i++) {
		if (!gpu_lut_add(&seen, (uintptr_t)exec->objects[i].obj, i))
			ret = -EINVAL;
	}
	gpu_lut_finish(&seen);
	return ret;
}

static int check_batch(const struct submit *submit)
{
	const struct gpu_exec *exec = submit->exec;
	const struct gpu_exec_object *batch = &exec->objects[submit->batch];
	uint64_t size = batch->obj->size;

	if (batch->flags & EXEC_OBJECT_WRITE)
		return -EINVAL; /* a batch that rewrites itself */
	if ((exec->batch_start | exec->batch_len) & 7)
		return -EINVAL;
	if (exec->batch_start >= size || exec->batch_len > size - exec->batch_start)
		return -EINVAL;
	return 0;
}

static int check(const struct submit *submit)
{
	const struct gpu_exec *exec = submit->exec;
	int ret = 0;

	if (exec->object_count == 0)
		return -EINVAL;
	if (gem_context_is_banned(exec->context) || gpu_device_wedged(submit->gpu))
		return -EIO;
	for (unsigned i = 0; i < exec->object_count && ret == 0; i++)
		ret = check_object(submit, &exec->objects[i]);
	if (ret == 0)
		ret = check_batch(submit);
	return ret ? ret : check_twice(exec);
}

/* ---- addresses ---- */

/* Only the first 4 GiB can be in a packet: who has pointers of his own may go beyond. */
static bool is_low(const struct submit *submit, unsigned index)
{
	return index == submit->batch ||
		!(submit->exec->objects[index].flags & EXEC_OBJECT_SUPPORTS_48B_ADDRESS);
}

static bool needs_fence(const struct submit *submit, const struct gpu_exec_object *object)
{
	struct gem_object *obj = object->obj;

	/* Fence registers are of the global space. */
	if (!(object->flags & EXEC_OBJECT_NEEDS_FENCE) || !submit->vm->global)
		return false;
	pthread_mutex_lock(&obj->mm.lock);
	bool tiled = obj->tiling != GEM_TILING_NONE;
	pthread_mutex_unlock(&obj->mm.lock);
	return tiled;
}

static int describe_bind(const struct submit *submit, unsigned index, struct gem_bind *bind)
{
	const struct gpu_exec_object *object = &submit->exec->objects[index];
	uint64_t end = submit->vm->size;

	*bind = (struct gem_bind){.obj = object->obj, .align = object->alignment,
		.fence_reg = needs_fence(submit, object)};
	if (object->flags & EXEC_OBJECT_PAD_TO_SIZE)
		bind->pad_to_size = object->pad_to_size;
	if (is_low(submit, index) && end > ZONE_END) {
		bind->flags |= GEM_PIN_ZONE_4G;
		end = ZONE_END;
	}
	if (!(object->flags & EXEC_OBJECT_PINNED))
		return 0;
	bind->flags |= GEM_PIN_FIXED;
	bind->offset = object->offset & (UINT64_MAX >> 16);
	/* An address where the object can not be, in contrast to one that is taken. */
	if (object->obj->size > end || bind->offset > end - object->obj->size)
		return -EINVAL;
	return 0;
}

static int describe_binds(struct submit *submit)
{
	int ret = 0;

	for (unsigned i = 0; i < submit->exec->object_count && ret == 0; i++)
		ret = describe_bind(submit, i, &submit->binds[i]);
	return ret;
}

static void release(struct submit *submit)
{
	gem_vm_release(submit->vm, submit->binds, submit->exec->object_count);
}

/* Objects have their addresses: tells the client's list. */
static void note_offsets(struct submit *submit)
{
	struct gpu_exec *exec = submit->exec;

	for (unsigned i = 0; i < exec->object_count; i++) {
		uint64_t address = gpu_canonical(submit->binds[i].vma->node.start);

		exec->moved |= exec->objects[i].offset != address;
		exec->objects[i].offset = address;
	}
}

/* -EAGAIN: *busy (reference) has to become idle first. */
static int relocate(struct submit *submit, bool patient, struct gem_object **busy)
{
	struct gpu_reloc reloc;

	if (!submit->exec->moved)
		return 0;
	int ret = gpu_reloc_check(&reloc, submit->exec, submit->todo);
	if (ret)
		return ret;
	struct gem_object *obj = patient ? gpu_reloc_busy(&reloc) : NULL;
	if (obj) {
		*busy = gem_object_get(obj);
		return -EAGAIN;
	}
	return gpu_reloc_write(&reloc);
}

/* On success the space's turn is ours, and all addresses in all objects are right. */
static int bind_and_relocate(struct submit *submit)
{
	int ret;

	for (unsigned tries = 0;; tries++) {
		struct gem_object *busy = NULL;

		ret = gem_vm_acquire(submit->vm, submit->binds, submit->exec->object_count);
		if (ret)
			return ret;
		note_offsets(submit);
		ret = relocate(submit, tries < FAIR_TRIES, &busy);
		if (ret == 0)
			return 0;
		release(submit);
		if (!busy)
			return ret;
		ret = gem_object_wait_interruptible(busy);
		gem_object_put(busy);
		if (ret)
			return ret;
	}
}

/* ---- the request ---- */

static int fill_range(const struct submit *submit, unsigned index, struct gpu_range *range)
{
	const struct gpu_exec_object *object = &submit->exec->objects[index];
	bool write = object->flags & EXEC_OBJECT_WRITE;
	void *pages;

	int ret = gem_object_flush_for_gpu(object->obj, write);
	if (ret == 0)
		ret = gem_object_pin_pages(object->obj, &pages);
	if (ret)
		return ret;
	range->obj = gem_object_get(object->obj);
	range->pages = pages;
	range->start = submit->binds[index].vma->node.start;
	range->size = object->obj->size;
	range->write = write;
	/*
	 * Only for those who asked: one that another client's map left there
	 * would tile, or not, by chance.
	 */
	if (submit->binds[index].fence_reg)
		gem_fence_reg_lookup(object->obj->dev, range->start, &range->window);
	submit->uses[index] = (struct gem_resv_use){.obj = object->obj, .write = write,
		.async = object->flags & EXEC_OBJECT_ASYNC};
	return 0;
}

static int make_request(struct submit *submit)
{
	struct gpu_exec *exec = submit->exec;
	struct gpu_request *request;

	int ret = gpu_request_create(submit->gpu, exec->context, exec->class, exec->object_count,
		&request);
	if (ret)
		return ret;
	request->priority = exec->context->priority;
	request->batch = submit->binds[submit->batch].vma->node.start + exec->batch_start;
	for (unsigned i = 0; i < exec->object_count && ret == 0; i++)
		ret = fill_range(submit, i, &request->ranges[i]);
	for (unsigned i = 0; i < exec->wait_count && ret == 0; i++)
		ret = gem_fence_set_add(&request->waits, exec->waits[i]);
	if (ret == 0)
		ret = gpu_request_prepare(request);
	if (ret)
		gpu_request_destroy(request);
	else
		submit->request = request;
	return ret;
}

/* Gives the request its place in all orders: it has to be submitted after that. */
static int enter_order(struct submit *submit)
{
	struct gpu_exec *exec = submit->exec;
	struct gem_timeline *timeline = &exec->context->timelines[exec->class];
	struct gpu_request *request = submit->request;
	int ret = 0;

	pthread_mutex_lock(&timeline->lock);
	if (exec->context->closed)
		ret = -ENOENT;
	if (ret == 0 && timeline->last)
		ret = gem_fence_set_add(&request->waits, timeline->last);
	if (ret == 0) {
		gpu_request_init_fence(request, timeline->context, timeline->seqno + 1);
		ret = gem_resv_submit(submit->uses, exec->object_count, &request->fence,
			&request->waits);
	}
	if (ret == 0) {
		request->submit_ns = gpu_now_ns();
		gem_timeline_push_locked(timeline, &request->fence, request->submit_ns);
	}
	pthread_mutex_unlock(&timeline->lock);
	return ret;
}

static int submit_bound(struct submit *submit)
{
	int ret = make_request(submit);

	if (ret)
		return ret;
	ret = enter_order(submit);
	if (ret)
		gpu_request_destroy(submit->request);
	return ret;
}

static int submit_all(struct submit *submit)
{
	int ret = check(submit);

	if (ret == 0)
		ret = describe_binds(submit);
	if (ret == 0)
		ret = bind_and_relocate(submit);
	if (ret)
		return ret;
	ret = submit_bound(submit);
	release(submit);
	/* Without the space's turn: a short one is executed before this returns. */
	if (ret == 0)
		gpu_request_submit(submit->request);
	return ret;
}

/*
 * The arrays by object, in one piece of memory: few's, or to be freed as *memory. Each is
 * written for all objects before it is read.
 */
static int allocate(struct submit *submit, struct few *few, void **memory)
{
	size_t count = submit->exec->object_count;

	*memory = NULL;
	if (count <= FEW) {
		submit->binds = (void *)few->bytes;
	} else {
		submit->binds = *memory = malloc(count * BYTES_EACH);
	}
	if (!submit->binds)
		return -ENOMEM;
	submit->uses = (void *)(submit->binds + count);
	submit->todo = (void *)(submit->uses + count);
	return 0;
}

int gpu_submit(struct gpu_device *gpu, struct gpu_exec *exec, struct gem_fence **fence)
{
	struct submit submit = {.gpu = gpu, .exec = exec, .vm = exec->context->vm,
		.batch = exec->flags & I915_EXEC_BATCH_FIRST ? 0 : exec->object_count - 1};
	struct few few;
	void *memory;

	exec->moved = !(exec->flags & I915_EXEC_NO_RELOC);
	int ret = gpu_request_wait_room(gpu, exec->context);
	if (ret)
		return ret;
	ret = allocate(&submit, &few, &memory);
	if (ret)
		return ret;
	ret = submit_all(&submit);
	free(memory);
	if (ret == 0)
		*fence = &submit.request->fence;
	return ret;
}
