/* Legacy cursors on the crtc's cursor plane (kernel: drm_mode_cursor_universal). */
#include <errno.h>

#include <drm_fourcc.h>

#include "kms_legacy_internal.h"

struct cursor_request {
	struct kms_crtc *crtc;
	struct kms_framebuffer *fb; /* NULL = hide */
	int32_t x, y;
};

static int fill_cursor(struct kms_atomic_state *state, const void *data)
{
	const struct cursor_request *request = data;
	struct kms_plane *cursor = request->crtc->cursor;
	struct kms_plane_state *plane;

	state->async = true;
	kms_atomic_set_plane_crtc(state, cursor, request->fb ? request->crtc : NULL);
	kms_atomic_set_plane_fb(state, cursor, request->fb);
	if (!request->fb)
		return 0;
	plane = kms_atomic_plane(state, cursor);
	plane->crtc_x = request->x;
	plane->crtc_y = request->y;
	plane->crtc_w = request->fb->width;
	plane->crtc_h = request->fb->height;
	plane->src_x = plane->src_y = 0;
	plane->src_w = plane->crtc_w << 16;
	plane->src_h = plane->crtc_h << 16;
	return 0;
}

/*
 * The cursor engine of old parts reads physical addresses (seed: "phys"). Memory
 * that can not move, being shared or in use, is read where it is.
 */
static void move_to_phys(struct gem_file *gem, uint32_t handle)
{
	struct gem_object *obj;

	if (gem_object_lookup(gem, handle, &obj) < 0)
		return;
	int ret = gem_object_migrate(obj, GEM_REGION_PHYS);
	if (ret)
		gem_debug("cursor", "image stays in %s memory: error %d", obj->ops->name, ret);
	gem_object_put(obj);
}

/*
 * The image as a framebuffer of nobody's: clients never hear its id, so no RMFB
 * will come for it, and it must outlive the file as the kernel's does.
 */
static int create_image(struct kms_file *file, struct gem_file *gem,
	const struct drm_mode_cursor2 *req, struct kms_framebuffer **out)
{
	struct drm_mode_fb_cmd2 cmd = {
		.width = req->width,
		.height = req->height,
		.pixel_format = DRM_FORMAT_ARGB8888,
		.pitches = {req->width * 4},
		.handles = {req->handle},
	};

	move_to_phys(gem, req->handle);
	int ret = kms_framebuffer_create(file, gem, &cmd, out);
	if (!ret)
		kms_framebuffer_disown(file, *out);
	return ret;
}

/* image: NULL = hide when req sets one. */
static int set_cursor_locked(struct kms_crtc *crtc, const struct drm_mode_cursor2 *req,
	struct kms_framebuffer *image)
{
	bool has_image = req->flags & DRM_MODE_CURSOR_BO, moves = req->flags & DRM_MODE_CURSOR_MOVE;
	struct cursor_request request = {
		.crtc = crtc,
		.fb = has_image ? image : crtc->cursor->state.fb,
		.x = moves ? req->x : crtc->cursor_x,
		.y = moves ? req->y : crtc->cursor_y,
	};
	int ret = kms_legacy_run_locked(crtc->base.dev, fill_cursor, &request, 0);

	if (ret)
		return ret;
	crtc->cursor_x = request.x;
	crtc->cursor_y = request.y;
	if (has_image) {
		crtc->cursor_hot_x = req->hot_x;
		crtc->cursor_hot_y = req->hot_y;
	}
	return 0;
}

int kms_set_cursor(struct kms_file *file, struct gem_file *gem, struct kms_crtc *crtc,
	const struct drm_mode_cursor2 *req)
{
	struct kms_device *dev = crtc->base.dev;
	struct kms_framebuffer *image = NULL;
	int ret = 0;

	if (!req->flags || req->flags & ~DRM_MODE_CURSOR_FLAGS)
		return -EINVAL;
	if (!crtc->cursor)
		return -ENXIO;
	if (req->flags & DRM_MODE_CURSOR_BO && req->handle) {
		/* Also keeps the pitch within 32 bits. */
		if (req->width > dev->cursor_width || req->height > dev->cursor_height)
			return -EINVAL;
		ret = create_image(file, gem, req, &image);
	}
	if (ret)
		return ret;
	pthread_mutex_lock(&dev->lock);
	ret = set_cursor_locked(crtc, req, image);
	pthread_mutex_unlock(&dev->lock);
	if (image)
		kms_object_put(&image->base);
	return ret;
}
