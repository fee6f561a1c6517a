/* The requests from before atomic (kernel: drm_crtc.c, drm_plane.c). */
#include <errno.h>
#include <limits.h>

#include "kms_legacy.h"
#include "uapi_handlers.h"
#include "uapi_lease.h"

/* Crtcs, planes and connectors live as long as the device: no reference to keep. */
static struct kms_object *find(struct uapi_call *call, uint32_t id, uint32_t type)
{
	return uapi_object_lookup(call->file, id, type);
}

static struct kms_crtc *find_crtc(struct uapi_call *call, uint32_t id)
{
	struct kms_object *obj = find(call, id, DRM_MODE_OBJECT_CRTC);

	return obj ? gem_container_of(obj, struct kms_crtc, base) : NULL;
}

static void put_fb(struct kms_framebuffer *fb)
{
	if (fb)
		kms_object_put(&fb->base);
}

/* ---- SETCRTC ---- */

#define CURRENT_FB UINT32_MAX

static int get_fb(struct kms_crtc *crtc, uint32_t id, struct kms_framebuffer **out)
{
	struct kms_device *dev = crtc->base.dev;

	if (id != CURRENT_FB) {
		*out = kms_framebuffer_lookup(dev, id);
		return *out ? 0 : -ENOENT;
	}
	pthread_mutex_lock(&dev->lock);
	*out = crtc->primary->state.fb;
	if (*out)
		kms_object_get(&(*out)->base);
	pthread_mutex_unlock(&dev->lock);
	return *out ? 0 : -EINVAL;
}

static int check_aspect_ratio(struct uapi_call *call, const struct drm_mode_modeinfo *mode)
{
	struct kms_file *file = &call->file->kms;

	pthread_mutex_lock(&file->dev->lock);
	bool allowed = file->aspect_ratio || !(mode->flags & DRM_MODE_FLAG_PIC_AR_MASK);
	pthread_mutex_unlock(&file->dev->lock);
	return allowed ? 0 : -EINVAL;
}

static int copy_connectors(struct uapi_call *call, const struct drm_mode_crtc *args,
	struct kms_connector **connectors)
{
	uint32_t ids[KMS_MAX_CONNECTORS];

	if (args->count_connectors > call->file->dev->kms->connector_count)
		return -EINVAL;
	if (vfs_copy_from(call->caller, ids, args->set_connectors_ptr,
		    args->count_connectors * sizeof(ids[0])))
		return -EFAULT;
	for (uint32_t i = 0; i < args->count_connectors; i++) {
		struct kms_object *obj = find(call, ids[i], DRM_MODE_OBJECT_CONNECTOR);

		if (!obj)
			return -ENOENT;
		connectors[i] = gem_container_of(obj, struct kms_connector, base);
	}
	return 0;
}

static int set_crtc(struct uapi_call *call, const struct drm_mode_crtc *args,
	struct kms_mode_set *set)
{
	int ret;

	if (set->mode) {
		ret = check_aspect_ratio(call, set->mode);
		if (ret)
			return ret;
	}
	if (!set->mode != !args->count_connectors)
		return -EINVAL;
	ret = copy_connectors(call, args, set->connectors);
	if (ret)
		return ret;
	set->connector_count = args->count_connectors;
	return kms_set_crtc(set);
}

UAPI_HANDLER(mode_setcrtc)
{
	const struct drm_mode_crtc *args = data;
	struct kms_connector *connectors[KMS_MAX_CONNECTORS];
	struct kms_mode_set set = {.x = args->x, .y = args->y, .connectors = connectors};
	int ret = 0;

	if (args->x > UINT16_MAX || args->y > UINT16_MAX)
		return -ERANGE;
	set.crtc = find_crtc(call, args->crtc_id);
	if (!set.crtc)
		return -ENOENT;
	/* To switch it off, the crtc alone will do. */
	if (args->mode_valid && !uapi_lease_holds(call->file, &set.crtc->primary->base))
		return -EACCES;
	if (args->mode_valid) {
		set.mode = &args->mode;
		ret = get_fb(set.crtc, args->fb_id, &set.fb);
	}
	if (!ret)
		ret = set_crtc(call, args, &set);
	put_fb(set.fb);
	return ret;
}

/* ---- flips and planes ---- */

UAPI_HANDLER(mode_page_flip)
{
	/* The older struct's reserved member, in the same place, is sequence. */
	const struct drm_mode_crtc_page_flip_target *args = data;
	struct kms_framebuffer *fb;
	struct kms_crtc *crtc;
	int ret;

	ret = kms_page_flip_check(call->file->dev->kms, args->flags, args->sequence);
	if (ret)
		return ret;
	crtc = find_crtc(call, args->crtc_id);
	if (!crtc)
		return -ENOENT;
	if (!uapi_lease_holds(call->file, &crtc->primary->base))
		return -EACCES;
	fb = kms_framebuffer_lookup(crtc->base.dev, args->fb_id);
	ret = kms_page_flip(&call->file->kms, crtc, fb, args->flags, args->sequence,
		args->user_data);
	put_fb(fb);
	return ret;
}

static int set_plane_on(struct uapi_call *call, struct kms_plane *plane,
	const struct drm_mode_set_plane *args)
{
	struct kms_framebuffer *fb = kms_framebuffer_lookup(plane->base.dev, args->fb_id);
	struct kms_crtc *crtc;
	int ret = -ENOENT;

	if (!fb)
		return ret;
	crtc = find_crtc(call, args->crtc_id);
	if (crtc)
		ret = kms_set_plane(plane, crtc, fb, args);
	put_fb(fb);
	return ret;
}

UAPI_HANDLER(mode_setplane)
{
	const struct drm_mode_set_plane *args = data;
	struct kms_object *obj = find(call, args->plane_id, DRM_MODE_OBJECT_PLANE);
	struct kms_plane *plane;

	if (!obj)
		return -ENOENT;
	plane = gem_container_of(obj, struct kms_plane, base);
	return args->fb_id ? set_plane_on(call, plane, args)
			   : kms_set_plane(plane, NULL, NULL, args);
}

/* ---- cursors ---- */

UAPI_HANDLER(mode_cursor2)
{
	const struct drm_mode_cursor2 *args = data;
	struct kms_crtc *crtc;

	/* Before the crtc is looked up, as in the kernel. */
	if (!args->flags || args->flags & ~(uint32_t)DRM_MODE_CURSOR_FLAGS)
		return -EINVAL;
	crtc = find_crtc(call, args->crtc_id);
	if (!crtc)
		return -ENOENT;
	if (crtc->cursor && !uapi_lease_holds(call->file, &crtc->cursor->base))
		return -EACCES;
	return kms_set_cursor(&call->file->kms, &call->file->gem, crtc, args);
}

UAPI_HANDLER(mode_cursor)
{
	const struct drm_mode_cursor *args = data;
	struct drm_mode_cursor2 with_hot_spot = {
		.flags = args->flags,
		.crtc_id = args->crtc_id,
		.x = args->x,
		.y = args->y,
		.width = args->width,
		.height = args->height,
		.handle = args->handle,
	};

	return uapi_mode_cursor2(call, &with_hot_spot);
}
