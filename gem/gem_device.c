#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>

#include "gem_base.h"
#include "gem_device.h"
#include "gem_fence_reg.h"
#include "gem_guard.h"
#include "gem_lock.h"

static int gtt_init(struct gem_device *dev, const struct gem_memory_options *options)
{
	uint64_t size = options && options->gtt ? options->gtt : GEM_GTT_SIZE;
	uint64_t mappable = options && options->mappable ? options->mappable :
		size < GEM_GTT_MAPPABLE ? size : GEM_GTT_MAPPABLE;

	int ret = gem_fence_regs_create(options ? options->fence_regs : 0, &dev->fence_regs);
	if (ret)
		return ret;
	ret = gem_vm_create(dev, size, mappable, true, &dev->ggtt);
	if (ret) {
		free(dev->fence_regs);
		return ret;
	}
	gem_lock_init(&dev->vm_lock);
	return 0;
}

static void gtt_finish(struct gem_device *dev)
{
	gem_vm_put(dev->ggtt);
	free(dev->fence_regs);
	pthread_mutex_destroy(&dev->vm_lock);
}

int gem_device_init(struct gem_device *dev, const struct gem_memory_options *memory)
{
	if (getrandom(&dev->instance, sizeof(dev->instance), 0) != sizeof(dev->instance))
		return -EIO;
	int ret = gem_guard_install();
	if (ret == 0)
		ret = gtt_init(dev, memory);
	if (ret)
		return ret;
	ret = gem_memory_init(&dev->memory, memory);
	if (ret) {
		gtt_finish(dev);
		return ret;
	}
	pthread_mutex_init(&dev->object_name_lock, NULL);
	gem_idr_init(&dev->name_idr, 1);
	gem_vma_manager_init(&dev->vma_manager);
	atomic_init(&dev->object_count, 0);
	atomic_init(&dev->object_serial, 0);
	atomic_init(&dev->object_bytes, 0);
	return 0;
}

void gem_device_finish(struct gem_device *dev)
{
	if (dev->object_count)
		gem_error("gem", "device closed with %" PRIu64 " objects (%" PRIu64 " bytes) left",
			(uint64_t)dev->object_count, (uint64_t)dev->object_bytes);
	gtt_finish(dev);
	gem_memory_finish(&dev->memory);
	gem_vma_manager_finish(&dev->vma_manager);
	gem_idr_finish(&dev->name_idr);
	pthread_mutex_destroy(&dev->object_name_lock);
}
