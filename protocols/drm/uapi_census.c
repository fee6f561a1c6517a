#include <errno.h>

#include "gem_prime.h"
#include "kms_framebuffer.h"
#include "uapi_census.h"

/* Handles that come and go while one looks make one look again. */
#define ATTEMPTS 4

/* With dev->master_lock, which keeps the files. */
static void find_holders_locked(struct uapi_device *dev, const struct gem_object *obj,
	struct uapi_census *census)
{
	struct uapi_file *file;

	census->holder_count = 0;
	gem_list_for_each(file, &dev->files, link) {
		struct uapi_holder holder = {
			.file = file->base.id,
			.pid = file->base.pid,
			.render = file->kind == UAPI_NODE_RENDER,
		};

		holder.handles = gem_file_count_handles(&file->gem, obj, &holder.handle);
		if (holder.handles == 0)
			continue;
		if (census->holder_count < UAPI_CENSUS_HOLDERS)
			census->holders[census->holder_count] = holder;
		census->holder_count++;
	}
}

void uapi_census_take(struct gem_object *obj, struct uapi_census *census)
{
	struct uapi_device *dev = gem_container_of(obj->dev, struct uapi_device, gem);

	census->dev = dev;
	census->node = dev->node_paths[UAPI_NODE_PRIMARY];
	census->settled = false;
	pthread_mutex_lock(&dev->master_lock);
	gem_object_take_census(obj, &census->object);
	for (unsigned i = 0; i < ATTEMPTS && !census->settled; i++) {
		uint32_t moves = census->object.handle_moves;

		find_holders_locked(dev, obj, census);
		gem_object_take_census(obj, &census->object);
		census->settled = census->object.handle_moves == moves;
	}
	pthread_mutex_unlock(&dev->master_lock);
}

int uapi_census_take_dma_buf(int fd, struct uapi_census *census)
{
	struct gem_object *obj;
	int ret = gem_prime_lookup(fd, &obj);

	if (ret)
		return ret;
	uapi_census_take(obj, census);
	gem_object_put(obj);
	return 0;
}

int uapi_framebuffer_set_client(struct uapi_device *dev, uint32_t fb_id, pid_t pid)
{
	struct kms_framebuffer *fb = kms_framebuffer_lookup(dev->kms, fb_id);

	if (!fb)
		return -ENOENT;
	atomic_store(&fb->client, pid);
	kms_object_put(&fb->base);
	return 0;
}
