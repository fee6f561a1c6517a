#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "gem_fence.h"
#include "gem_pool.h"
#include "kms_atomic.h"
#include "kms_connector.h"
#include "kms_event.h"
#include "kms_fence.h"
#include "kms_framebuffer.h"
#include "kms_history.h"
#include "kms_plane.h"
#include "kms_standard.h"
#include "kms_vblank.h"
#include "kms_writeback.h"

/* ---- crtcs ---- */

/* The kernel's order: the core's, then those of drm_crtc_enable_color_mgmt. */
static void attach_crtc_properties(struct kms_crtc *crtc)
{
	struct kms_object *obj = &crtc->base;
	const struct kms_standard_props *props = &obj->dev->props;
	const struct kms_crtc_desc *desc = &crtc->desc;

	kms_object_attach_property(obj, props->active, 0);
	kms_object_attach_property(obj, props->mode_id, 0);
	kms_object_attach_property(obj, props->out_fence_ptr, 0);
	kms_object_attach_property(obj, props->vrr_enabled, 0);
	if (desc->degamma_size) {
		kms_object_attach_property(obj, props->degamma_lut, 0);
		kms_object_attach_property(obj, props->degamma_lut_size, desc->degamma_size);
	}
	if (desc->ctm)
		kms_object_attach_property(obj, props->ctm, 0);
	if (desc->gamma_size) {
		kms_object_attach_property(obj, props->gamma_lut, 0);
		kms_object_attach_property(obj, props->gamma_lut_size, desc->gamma_size);
	}
}

/* primary, cursor: indices, -1 = none. */
static int crtc_init(struct kms_device *dev, const struct kms_crtc_desc *desc, int primary,
	int cursor)
{
	struct kms_crtc *crtc = &dev->crtcs[dev->crtc_count];
	int ret;

	crtc->index = dev->crtc_count;
	if (desc)
		crtc->desc = *desc;
	crtc->primary = &dev->planes[primary];
	crtc->cursor = cursor < 0 ? NULL : &dev->planes[cursor];
	gem_list_init(&crtc->sinks);
	crtc->fence_context = gem_fence_context_alloc();
	crtc->history = kms_history_create();
	if (!crtc->history)
		return -ENOMEM;
	ret = kms_object_add(dev, &crtc->base, DRM_MODE_OBJECT_CRTC, NULL);
	if (ret < 0) {
		free(crtc->history);
		return ret;
	}
	attach_crtc_properties(crtc);
	dev->crtc_count++;
	return 0;
}

/* ---- the device ---- */

static int create_objects(struct kms_device *dev, const struct kms_device_desc *desc)
{
	int primaries[KMS_MAX_CRTCS], cursors[KMS_MAX_CRTCS];
	int ret = kms_standard_create(dev);

	for (unsigned i = 0; ret == 0 && i < desc->plane_count; i++)
		ret = kms_plane_init(dev, &desc->planes[i]);
	kms_device_desc_match(desc, KMS_PLANE_PRIMARY, primaries);
	kms_device_desc_match(desc, KMS_PLANE_CURSOR, cursors);
	for (unsigned i = 0; ret == 0 && i < desc->crtc_count; i++)
		ret = crtc_init(dev, desc->crtcs ? &desc->crtcs[i] : NULL, primaries[i],
			cursors[i]);
	for (unsigned i = 0; ret == 0 && i < desc->connector_count; i++)
		ret = kms_connector_init(dev, &desc->connectors[i]);
	return ret;
}

static void destroy_objects(struct kms_device *dev)
{
	for (unsigned i = 0; i < dev->connector_count; i++)
		kms_connector_finish(&dev->connectors[i]);
	for (unsigned i = 0; i < dev->plane_count; i++)
		kms_plane_finish(&dev->planes[i]);
	for (unsigned i = 0; i < dev->crtc_count; i++)
		free(dev->crtcs[i].history);
	gem_pool_destroy(dev->compose_pool);
	kms_property_destroy_all(dev);
	gem_idr_finish(&dev->objects);
	gem_publish_free(dev->state_changes);
	pthread_mutex_destroy(&dev->object_lock);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

/* One thread a core with the vblank thread's; it does without where there are none. */
static struct gem_pool *create_compose_pool(void)
{
	enum { HELPERS_MAX = 7 };
	struct gem_pool *pool;
	cpu_set_t cores;
	int count = sched_getaffinity(0, sizeof(cores), &cores) < 0 ? 1 : CPU_COUNT(&cores);

	if (count < 2 || gem_pool_create(count - 1 < HELPERS_MAX ? count - 1 : HELPERS_MAX,
			"tc-compose", &pool) < 0)
		return NULL;
	return pool;
}

int kms_device_create(const struct kms_device_desc *desc, struct kms_device **out)
{
	struct kms_device *dev;
	int ret = kms_device_desc_check(desc);

	if (ret < 0)
		return ret;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	pthread_mutex_init(&dev->lock, NULL);
	pthread_mutex_init(&dev->object_lock, NULL);
	gem_idr_init(&dev->objects, 1);
	gem_list_init(&dev->done_fences);
	dev->fence_patience_ns = KMS_FENCE_PATIENCE_NS;
	dev->state_changes = gem_publish_alloc();
	dev->vblank_changes = dev->state_changes + 1;
	dev->life = dev->state_changes + 2;
	dev->min_width = desc->min_width;
	dev->max_width = desc->max_width;
	dev->min_height = desc->min_height;
	dev->max_height = desc->max_height;
	dev->cursor_width = desc->cursor_width;
	dev->cursor_height = desc->cursor_height;
	dev->async_page_flip = desc->async_page_flip;
	dev->compose_pool = create_compose_pool();
	ret = create_objects(dev, desc);
	if (ret == 0)
		ret = kms_clock_create(dev);
	if (ret < 0) {
		destroy_objects(dev);
		return ret;
	}
	*out = dev;
	return 0;
}

void kms_device_destroy(struct kms_device *dev)
{
	kms_atomic_shutdown(dev);
	kms_clock_destroy(dev);
	for (unsigned i = 0; i < dev->crtc_count; i++)
		kms_writeback_finish_all(&dev->crtcs[i]);
	destroy_objects(dev);
}

/* ---- files ---- */

void kms_file_init(struct kms_file *file, struct kms_device *dev,
	const struct kms_event_ops *event_ops)
{
	*file = (struct kms_file){.dev = dev, .event_ops = event_ops,
		.changes = gem_publish_alloc()};
	gem_list_init(&file->framebuffers);
	gem_list_init(&file->blobs);
	gem_list_init(&file->events);
}

void kms_file_finish(struct kms_file *file)
{
	pthread_mutex_lock(&file->dev->lock);
	kms_events_cancel_file_locked(file);
	pthread_mutex_unlock(&file->dev->lock);
	kms_framebuffer_remove_all(file);
	pthread_mutex_lock(&file->dev->lock);
	kms_blob_release_all_locked(file);
	pthread_mutex_unlock(&file->dev->lock);
	gem_publish_free(file->changes);
}
