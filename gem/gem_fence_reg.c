#include <errno.h>
#include <stdlib.h>

#include "gem_vm_private.h"

int gem_fence_regs_create(unsigned count, struct gem_fence_regs **out)
{
	struct gem_fence_regs *regs;

	if (count > GEM_FENCE_REGS_MAX)
		return -EINVAL;
	regs = calloc(1, sizeof(*regs));
	if (!regs)
		return -ENOMEM;
	regs->count = count ? count : GEM_FENCE_REGS_DEFAULT;
	gem_list_init(&regs->lru);
	for (unsigned i = 0; i < regs->count; i++)
		gem_list_add_tail(&regs->lru, &regs->regs[i].link);
	*out = regs;
	return 0;
}

/* ---- under dev->vm_lock ---- */

static struct gem_fence_reg *reg_of(struct gem_vma *vma)
{
	return vma->fence_reg < 0 ? NULL : &vma->obj->dev->fence_regs->regs[vma->fence_reg];
}

static void use(struct gem_fence_regs *regs, struct gem_fence_reg *reg)
{
	gem_list_del(&reg->link);
	gem_list_add_tail(&regs->lru, &reg->link);
}

void gem_fence_reg_revoke_locked(struct gem_vma *vma)
{
	struct gem_fence_reg *reg = reg_of(vma);

	if (!reg)
		return;
	reg->vma = NULL;
	vma->fence_reg = -1;
}

/* An unpinned register: free, else of an idle object, else of a busy one. NULL = none. */
static struct gem_fence_reg *choose(struct gem_fence_regs *regs)
{
	struct gem_fence_reg *reg, *idle = NULL, *busy = NULL;

	gem_list_for_each(reg, &regs->lru, link) {
		if (reg->pin_count)
			continue;
		if (!reg->vma)
			return reg;
		if (!gem_object_busy(reg->vma->obj, NULL, NULL))
			idle = idle ? idle : reg;
		else
			busy = busy ? busy : reg;
	}
	return idle ? idle : busy;
}

/* vma gets a register, pinned. -EAGAIN: after the work in *waits. */
static int take(struct gem_vma *vma, const struct gem_fence_window *window,
	struct gem_fence_set *waits)
{
	struct gem_fence_regs *regs = vma->obj->dev->fence_regs;
	struct gem_fence_reg *reg = choose(regs);

	if (!reg)
		return -EDEADLK;
	if (reg->vma) {
		int ret = gem_object_pending(reg->vma->obj, true, waits);

		if (ret)
			return ret;
		if (waits->count)
			return -EAGAIN;
		gem_fence_reg_revoke_locked(reg->vma);
		regs->steals++;
	}
	reg->vma = vma;
	reg->window = *window;
	reg->pin_count = 1;
	vma->fence_reg = reg - regs->regs;
	use(regs, reg);
	return 0;
}

/* vma has a register: pins it, with the right contents. -EAGAIN: after *waits. */
static int reuse(struct gem_vma *vma, const struct gem_fence_window *want,
	struct gem_fence_set *waits)
{
	struct gem_fence_reg *reg = reg_of(vma);

	if (reg->window.tiling != want->tiling || reg->window.stride != want->stride) {
		if (reg->pin_count)
			return -EBUSY;
		int ret = gem_object_pending(vma->obj, true, waits);
		if (ret)
			return ret;
		if (waits->count)
			return -EAGAIN;
		reg->window = *want;
	}
	reg->pin_count++;
	use(vma->obj->dev->fence_regs, reg);
	return 0;
}

/* ---- get and put ---- */

static bool in_aperture(const struct gem_vma *vma, const struct gem_fence_window *window)
{
	return vma->vm->mappable_end && window->size <= vma->node.size &&
		!(window->start & (window->size - 1)) &&
		window->start + window->size <= vma->vm->mappable_end;
}

static int try_get(struct gem_vma *vma, const struct gem_fence_window *window,
	struct gem_fence_set *waits)
{
	struct gem_device *dev = vma->obj->dev;

	pthread_mutex_lock(&dev->vm_lock);
	int ret = vma->fence_reg >= 0 ? reuse(vma, window, waits) : take(vma, window, waits);
	pthread_mutex_unlock(&dev->vm_lock);
	return ret;
}

int gem_fence_reg_get(struct gem_vma *vma)
{
	struct gem_object *obj = vma->obj;
	struct gem_fence_window window = {.start = vma->node.start};
	int ret;

	pthread_mutex_lock(&obj->mm.lock);
	window.tiling = obj->tiling;
	window.stride = obj->stride;
	pthread_mutex_unlock(&obj->mm.lock);
	if (window.tiling == GEM_TILING_NONE)
		return gem_object_drop_fence_reg(obj);
	window.size = gem_fence_size(obj->size, window.tiling);
	if (!in_aperture(vma, &window))
		return -EINVAL;
	do {
		struct gem_fence_set waits = {0};

		ret = try_get(vma, &window, &waits);
		if (ret == -EAGAIN)
			gem_fence_set_wait(&waits, -1, NULL);
		gem_fence_set_finish(&waits);
	} while (ret == -EAGAIN);
	return ret;
}

void gem_fence_reg_put(struct gem_vma *vma)
{
	struct gem_device *dev = vma->obj->dev;

	pthread_mutex_lock(&dev->vm_lock);
	struct gem_fence_reg *reg = reg_of(vma);
	if (reg && reg->pin_count > 0)
		reg->pin_count--;
	pthread_mutex_unlock(&dev->vm_lock);
}

int gem_object_drop_fence_reg(struct gem_object *obj)
{
	struct gem_device *dev = obj->dev;
	int ret = 0;

	pthread_mutex_lock(&dev->vm_lock);
	struct gem_vma *vma = gem_vma_find_locked(obj, dev->ggtt);
	struct gem_fence_reg *reg = vma ? reg_of(vma) : NULL;
	if (reg && (reg->pin_count || gem_object_busy(obj, NULL, NULL)))
		ret = -EBUSY;
	else if (reg)
		gem_fence_reg_revoke_locked(vma);
	pthread_mutex_unlock(&dev->vm_lock);
	return ret;
}

void gem_object_use_aperture(struct gem_object *obj)
{
	struct gem_vma *vma;

	if (gem_vma_pin(obj, obj->dev->ggtt, 0, 0, GEM_PIN_MAPPABLE | GEM_PIN_NONBLOCK, &vma))
		return;
	if (gem_fence_reg_get(vma) == 0)
		gem_fence_reg_put(vma);
	gem_vma_unpin(vma);
}

bool gem_fence_reg_lookup(struct gem_device *dev, uint64_t address,
	struct gem_fence_window *window)
{
	bool found = false;

	pthread_mutex_lock(&dev->vm_lock);
	for (unsigned i = 0; i < dev->fence_regs->count && !found; i++) {
		const struct gem_fence_reg *reg = &dev->fence_regs->regs[i];

		if (reg->vma && address - reg->window.start < reg->window.size) {
			*window = reg->window;
			found = true;
		}
	}
	pthread_mutex_unlock(&dev->vm_lock);
	return found;
}

void gem_fence_regs_walk(struct gem_device *dev,
	void (*visit)(unsigned index, const struct gem_fence_reg *reg, void *data), void *data)
{
	pthread_mutex_lock(&dev->vm_lock);
	for (unsigned i = 0; i < dev->fence_regs->count; i++)
		visit(i, &dev->fence_regs->regs[i], data);
	pthread_mutex_unlock(&dev->vm_lock);
}
