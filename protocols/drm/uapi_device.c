/* A card as a whole. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kms_atomic.h"
#include "uapi_file.h"

enum { DRM_MAJOR = 226, RENDER_MINOR_BASE = 128, PCI_SLOT_BASE = 2 };

/* DRM_IOCTL_VERSION. Clients of i915's private requests look for its name, some for 1.6. */
static void set_version(struct uapi_device *dev, const char *driver_name)
{
	bool i915 = driver_name && strcmp(driver_name, "i915") == 0;

	dev->place.pci = i915;
	dev->driver_name = driver_name ? driver_name : "testcard";
	dev->driver_desc = i915 ? "Intel Graphics" : "Testcard virtual display";
	dev->driver_date = i915 ? "20201103" : "20261121";
	dev->version[0] = 1;
	dev->version[1] = i915 ? 6 : 0;
}

int uapi_device_create(const struct kms_device_desc *kms_desc, const char *driver_name,
	const struct uapi_options *options, struct uapi_device **out)
{
	struct uapi_device *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return -ENOMEM;
	int ret = gem_device_init(&dev->gem, options ? &options->memory : NULL);
	if (ret)
		goto free_dev;
	ret = gpu_device_create(&dev->gem, options ? &options->gpu : NULL, &dev->gpu);
	if (ret)
		goto finish_gem;
	ret = kms_device_create(kms_desc, &dev->kms);
	if (ret)
		goto destroy_gpu;
	set_version(dev, driver_name);
	dev->render_dumb = options && options->render_dumb;
	dev->access_changes = gem_publish_alloc();
	pthread_mutex_init(&dev->master_lock, NULL);
	gem_list_init(&dev->files);
	*out = dev;
	return 0;

destroy_gpu:
	gpu_device_destroy(dev->gpu);
finish_gem:
	gem_device_finish(&dev->gem);
free_dev:
	free(dev);
	return ret;
}

void uapi_device_stop(struct uapi_device *dev)
{
	gpu_device_destroy(dev->gpu);
	dev->gpu = NULL;
}

void uapi_device_destroy(struct uapi_device *dev)
{
	/* Before the screen: what waits there for a batch is told how it ended. */
	uapi_device_stop(dev);
	kms_device_destroy(dev->kms);
	gem_device_finish(&dev->gem);
	gem_publish_free(dev->access_changes);
	pthread_mutex_destroy(&dev->master_lock);
	free(dev);
}

void uapi_device_unplug(struct uapi_device *dev)
{
	pthread_mutex_lock(&dev->master_lock);
	atomic_fetch_add(&dev->generation, 1);
	dev->open_count = 0;
	pthread_mutex_unlock(&dev->master_lock);
	gem_publish_move(dev->access_changes);
	uapi_master_drop(dev);
	gpu_device_wedge(dev->gpu);
	kms_atomic_shutdown(dev->kms);
}

void uapi_device_plug(struct uapi_device *dev)
{
	/* A request that was under way then may have lit a screen since. */
	kms_atomic_shutdown(dev->kms);
	gpu_device_unwedge(dev->gpu);
}

bool uapi_file_unplugged(const struct uapi_file *file)
{
	return file->generation != atomic_load(&file->dev->generation);
}

/* The graphics part of an Intel board is 00:02.0. Further cards follow. */
static void set_place(struct uapi_place *place, unsigned index)
{
	if (place->pci) {
		snprintf(place->name, sizeof(place->name), "0000:00:%02x.0",
			(PCI_SLOT_BASE + index) & 0x1f);
		snprintf(place->unique, sizeof(place->unique), "pci:%s", place->name);
	} else {
		snprintf(place->name, sizeof(place->name), index ? "testcard.%u" : "testcard",
			index);
		strcpy(place->unique, place->name);
	}
}

void uapi_node_init(struct vfs_node *node, struct uapi_device *dev, enum uapi_node_kind kind,
	unsigned index)
{
	bool render = kind == UAPI_NODE_RENDER;
	unsigned minor = index + (render ? RENDER_MINOR_BASE : 0);

	set_place(&dev->place, index);
	dev->gem.card = dev->kms->card = index;
	snprintf(dev->node_paths[kind], sizeof(dev->node_paths[kind]),
		render ? "/dev/dri/renderD%u" : "/dev/dri/card%u", minor);
	*node = (struct vfs_node){
		.path = dev->node_paths[kind],
		.major = DRM_MAJOR,
		.minor = minor,
		.mode = 0666,
		.uid = geteuid(),
		.gid = getegid(),
		.open = uapi_file_open,
		.opened = uapi_file_opened,
		.data = dev,
	};
}
