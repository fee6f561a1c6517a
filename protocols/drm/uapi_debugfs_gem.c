/* Text files about memory and address spaces (kernel: i915_debugfs.c, i915_gem_gtt.c). */
#include <inttypes.h>

#include "gem_fence_reg.h"
#include "gem_object.h"
#include "gem_vma.h"
#include "uapi_debugfs.h"

static const char *const tilings[] = {"linear", "X", "Y"};

int uapi_debugfs_gem_objects(struct uapi_device *dev, FILE *out)
{
	struct gem_device *gem = &dev->gem;
	struct gem_memory *memory = &gem->memory;

	fprintf(out, "%" PRIu64 " objects, %" PRIu64 " bytes\n",
		(uint64_t)atomic_load(&gem->object_count), (uint64_t)atomic_load(&gem->object_bytes));
	pthread_mutex_lock(&memory->lock);
	for (int i = 0; i < GEM_REGION_COUNT; i++) {
		const struct gem_region *region = &memory->regions[i];
		if (region->size)
			fprintf(out, "%s: total:%" PRIu64 ", used:%" PRIu64 " bytes\n", region->name,
				region->size, region->used);
	}
	fprintf(out, "resident: %" PRIu64 " of a budget of %" PRIu64 " bytes\n", memory->resident,
		memory->budget);
	fprintf(out, "swap: %" PRIu64 " of %" PRIu64 " bytes, %" PRIu64 " objects out, %" PRIu64
		" in\n", memory->swap.places.used, memory->swap.limit, memory->stats.swapped_out,
		memory->stats.swapped_in);
	fprintf(out, "purged: %" PRIu64 "; local memory: %" PRIu64 " evicted, %" PRIu64
		" returned\n", memory->stats.purged, memory->stats.evicted, memory->stats.returned);
	pthread_mutex_unlock(&memory->lock);
	return 0;
}

static void print_binding(const struct gem_vma *vma, void *data)
{
	FILE *out = data;
	const struct gem_object *obj = vma->obj;

	fprintf(out, "%016" PRIx64 "-%016" PRIx64 " %8" PRIu64 "KiB %s%s%s",
		vma->node.start, vma->node.start + vma->node.size, obj->size / 1024, obj->ops->name,
		vma->pin_count ? " pinned" : "", vma->fence_reg >= 0 ? "" : "\n");
	if (vma->fence_reg >= 0)
		fprintf(out, " (fence: %d)\n", vma->fence_reg);
}

int uapi_debugfs_gtt(struct uapi_device *dev, FILE *out)
{
	struct gem_vm *ggtt = dev->gem.ggtt;

	gem_vm_walk(ggtt, print_binding, out);
	pthread_mutex_lock(&dev->gem.vm_lock);
	fprintf(out, "%u bindings, %" PRIu64 " bytes pinned, %" PRIu64 " evictions; %" PRIu64
		" MiB, of which %" PRIu64 " MiB mappable\n", ggtt->bound_count, ggtt->pinned,
		ggtt->evictions, ggtt->size >> 20, ggtt->mappable_end >> 20);
	pthread_mutex_unlock(&dev->gem.vm_lock);
	return 0;
}

static void print_register(unsigned index, const struct gem_fence_reg *reg, void *data)
{
	FILE *out = data;

	if (!reg->vma) {
		fprintf(out, "Fence %u, pin count = %u, unused\n", index, reg->pin_count);
		return;
	}
	fprintf(out, "Fence %u, pin count = %u, %s tiled, stride %u, %016" PRIx64 " %" PRIu64
		"KiB\n", index, reg->pin_count, tilings[reg->window.tiling], reg->window.stride,
		reg->window.start, reg->window.size / 1024);
}

int uapi_debugfs_fence_regs(struct uapi_device *dev, FILE *out)
{
	fprintf(out, "Total fences = %u\n", dev->gem.fence_regs->count);
	gem_fence_regs_walk(&dev->gem, print_register, out);
	return 0;
}
