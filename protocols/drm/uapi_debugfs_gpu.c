/* Text files about the GPU, its trouble and its end (kernel: i915_debugfs.c, intel_gt_debugfs.c). */
#include <errno.h>

#include "gpu_device.h"
#include "uapi_debugfs.h"

#define IDLE_NS 10000000000ll

int uapi_debugfs_engines(struct uapi_device *dev, FILE *out)
{
	return gpu_device_print_engines(dev->gpu, out);
}

int uapi_debugfs_error(struct uapi_device *dev, FILE *out)
{
	/* By the part, intel_error_decode knows how to read the rest. */
	if (dev->place.pci && gpu_device_has_error(dev->gpu))
		fprintf(out, "PCI ID: 0x%04x\n", UAPI_PCI_DEVICE);
	return gpu_device_print_error(dev->gpu, out);
}

int uapi_debugfs_clear_error(struct uapi_device *dev)
{
	gpu_device_clear_error(dev->gpu);
	return 0;
}

/* 1 = no batch is executed any more. */
int uapi_debugfs_wedged(struct uapi_device *dev, FILE *out)
{
	fprintf(out, "%d\n", gpu_device_wedged(dev->gpu));
	return 0;
}

/*
 * The kernel takes a mask of engines to be reset, with what they run as the
 * guilty, and gives a wedged device another chance. Here it is all of them.
 */
int uapi_debugfs_blame(struct uapi_device *dev)
{
	gpu_device_unwedge(dev->gpu);
	gpu_device_blame(dev->gpu);
	return 0;
}

int uapi_debugfs_drop_caches(struct uapi_device *dev, FILE *out)
{
	fputs("0x00000000\n", out);
	return 0;
}

/*
 * intel-gpu-tools writes to i915_gem_drop_caches before every run, to have the
 * GPU idle and its requests retired. Memory leaves by its budget only.
 */
int uapi_debugfs_wait_idle(struct uapi_device *dev)
{
	return gpu_device_wait_idle(dev->gpu, IDLE_NS) ? -EAGAIN : 0;
}
