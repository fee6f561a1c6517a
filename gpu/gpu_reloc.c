/* Relocations (kernel: eb_relocate_entry in i915_gem_execbuffer.c). */
#include <errno.h>
#include <string.h>

#include "gem_domain.h"
#include "gem_resv.h"
#include "gpu_lut.h"
#include "gpu_reloc.h"

#define GPU_DOMAINS (I915_GEM_DOMAIN_RENDER | I915_GEM_DOMAIN_SAMPLER | I915_GEM_DOMAIN_COMMAND | \
	I915_GEM_DOMAIN_INSTRUCTION | I915_GEM_DOMAIN_VERTEX)

/* Relocations name their targets by handle, or by index. */
struct targets {
	struct gpu_exec *exec;
	struct gpu_lut by_handle;
};

static int targets_init(struct targets *targets, struct gpu_exec *exec)
{
	*targets = (struct targets){.exec = exec};
	if (exec->flags & I915_EXEC_HANDLE_LUT)
		return 0;
	int ret = gpu_lut_init(&targets->by_handle, exec->object_count);
	for (unsigned i = 0; i < exec->object_count && ret == 0; i++)
		gpu_lut_add(&targets->by_handle, exec->objects[i].handle, i);
	return ret;
}

static struct gpu_exec_object *find_target(const struct targets *targets, uint32_t handle)
{
	struct gpu_exec *exec = targets->exec;

	if (exec->flags & I915_EXEC_HANDLE_LUT)
		return handle < exec->object_count ? &exec->objects[handle] : NULL;
	int index = gpu_lut_find(&targets->by_handle, handle);
	return index < 0 ? NULL : &exec->objects[index];
}

/* ---- checks ---- */

static int check_entry(const struct targets *targets, const struct gpu_exec_object *object,
	const struct drm_i915_gem_relocation_entry *entry, bool *todo)
{
	struct gpu_exec_object *target = find_target(targets, entry->target_handle);

	if (!target)
		return -ENOENT;
	if (entry->write_domain & (entry->write_domain - 1))
		return -EINVAL;
	if ((entry->write_domain | entry->read_domains) & ~GPU_DOMAINS)
		return -EINVAL;
	if (entry->write_domain)
		target->flags |= EXEC_OBJECT_WRITE;
	/* The right value is there already: nothing else of the entry counts. */
	if (entry->presumed_offset == target->offset)
		return 0;
	if (entry->offset > object->obj->size - sizeof(uint32_t) ||
	    entry->offset & (sizeof(uint32_t) - 1))
		return -EINVAL;
	*todo = true;
	return 0;
}

static bool is_tiled(struct gem_object *obj)
{
	pthread_mutex_lock(&obj->mm.lock);
	bool tiled = obj->tiling != GEM_TILING_NONE;
	pthread_mutex_unlock(&obj->mm.lock);
	return tiled;
}

static int check_object(const struct targets *targets, struct gpu_exec_object *object, bool *todo)
{
	int ret = 0;

	*todo = false;
	for (unsigned i = 0; i < object->reloc_count && ret == 0; i++)
		ret = check_entry(targets, object, &object->relocs[i], todo);
	if (ret || !*todo)
		return ret;
	/* Addresses in the order of tiles would be nowhere that the client can name. */
	if (is_tiled(object->obj))
		return -EINVAL;
	/* The object is written: in order, whatever the client said. */
	object->flags &= ~(uint64_t)EXEC_OBJECT_ASYNC;
	return 0;
}

int gpu_reloc_check(struct gpu_reloc *reloc, struct gpu_exec *exec, bool *todo)
{
	struct targets targets;

	*reloc = (struct gpu_reloc){.exec = exec, .todo = todo};
	int ret = targets_init(&targets, exec);
	for (unsigned i = 0; i < exec->object_count && ret == 0; i++) {
		ret = check_object(&targets, &exec->objects[i], &todo[i]);
		reloc->any |= todo[i];
	}
	gpu_lut_finish(&targets.by_handle);
	return ret;
}

struct gem_object *gpu_reloc_busy(const struct gpu_reloc *reloc)
{
	for (unsigned i = 0; reloc->any && i < reloc->exec->object_count; i++) {
		if (reloc->todo[i] && gem_object_busy(reloc->exec->objects[i].obj, NULL, NULL))
			return reloc->exec->objects[i].obj;
	}
	return NULL;
}

/* ---- writes ---- */

/*
 * As a write through the aperture: what the CPU's cache has goes to memory
 * first, and what it had is old afterwards.
 */
static int begin_writes(struct gem_object *obj, uint8_t **pages)
{
	void *ptr;

	int ret = gem_object_wait_interruptible(obj);
	if (ret == 0)
		ret = gem_object_flush_for_gpu(obj, false);
	if (ret == 0)
		ret = gem_object_set_domain(obj, I915_GEM_DOMAIN_GTT, I915_GEM_DOMAIN_GTT);
	if (ret == 0)
		ret = gem_object_pin_pages(obj, &ptr);
	if (ret == 0)
		*pages = ptr;
	return ret;
}

static int write_object(const struct targets *targets, struct gpu_exec_object *object)
{
	uint8_t *pages;

	int ret = begin_writes(object->obj, &pages);
	if (ret)
		return ret;
	for (unsigned i = 0; i < object->reloc_count; i++) {
		struct drm_i915_gem_relocation_entry *entry = &object->relocs[i];
		uint64_t address = find_target(targets, entry->target_handle)->offset;
		uint32_t value = (uint32_t)address + entry->delta;

		if (entry->presumed_offset == address)
			continue;
		memcpy(pages + entry->offset, &value, sizeof(value));
		entry->presumed_offset = address;
	}
	gem_object_unpin_pages(object->obj);
	object->relocated = true;
	return 0;
}

int gpu_reloc_write(struct gpu_reloc *reloc)
{
	struct gpu_exec *exec = reloc->exec;
	struct targets targets;

	if (!reloc->any)
		return 0;
	int ret = targets_init(&targets, exec);
	for (unsigned i = 0; i < exec->object_count && ret == 0; i++) {
		if (reloc->todo[i])
			ret = write_object(&targets, &exec->objects[i]);
	}
	gpu_lut_finish(&targets.by_handle);
	return ret;
}
