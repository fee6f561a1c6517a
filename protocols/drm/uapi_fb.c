/* Framebuffers (kernel: drm_framebuffer.c). */
#include <errno.h>

#include "kms_framebuffer.h"
#include "uapi_handlers.h"

static int create(struct uapi_call *call, const struct drm_mode_fb_cmd2 *cmd, uint32_t *id)
{
	struct kms_framebuffer *fb;
	int ret = kms_framebuffer_create(&call->file->kms, &call->file->gem, cmd, &fb);

	if (ret < 0)
		return ret;
	*id = fb->base.id;
	kms_object_put(&fb->base);
	return 0;
}

int uapi_mode_addfb2(struct uapi_call *call, void *data)
{
	struct drm_mode_fb_cmd2 *cmd = data;

	return create(call, cmd, &cmd->fb_id);
}

int uapi_mode_addfb(struct uapi_call *call, void *data)
{
	struct drm_mode_fb_cmd *req = data;
	const struct drm_mode_fb_cmd2 cmd = {
		.width = req->width,
		.height = req->height,
		.pixel_format = kms_format_from_legacy(req->bpp, req->depth),
		.handles = {req->handle},
		.pitches = {req->pitch},
	};

	if (cmd.pixel_format == 0)
		return -EINVAL;
	return create(call, &cmd, &req->fb_id);
}

int uapi_mode_rmfb(struct uapi_call *call, void *data)
{
	const uint32_t *id = data;

	return kms_framebuffer_remove(&call->file->kms, *id);
}

/*
 * A handle gives the pixels away, and GETFB needs no privilege: only who may
 * show something on the screen may read what is on it.
 */
static bool may_have_handles(struct uapi_call *call)
{
	return call->caller->uid == 0 || uapi_file_is_master(call->file);
}

int uapi_mode_getfb(struct uapi_call *call, void *data)
{
	struct drm_mode_fb_cmd *req = data;
	struct kms_framebuffer *fb = kms_framebuffer_lookup(call->file->dev->kms, req->fb_id);
	int ret = 0;

	if (!fb)
		return -ENOENT;
	req->width = fb->width;
	req->height = fb->height;
	req->depth = fb->format->depth;
	req->bpp = fb->format->bpp;
	req->pitch = fb->planes[0].pitch;
	req->handle = 0;
	/* Several planes: only GETFB2 can say it. */
	if (fb->format->planes > 1)
		ret = -EINVAL;
	else if (may_have_handles(call))
		ret = gem_handle_create(&call->file->gem, fb->planes[0].object, &req->handle);
	kms_object_put(&fb->base);
	return ret;
}

static uint32_t find_handle(const struct kms_framebuffer *fb, int count, const uint32_t *handles,
	const struct gem_object *object)
{
	for (int i = 0; i < count; i++) {
		if (fb->planes[i].object == object)
			return handles[i];
	}
	return 0;
}

/* Planes in one object share its handle. On error no new handle is left. */
static int create_handles(struct gem_file *gem, const struct kms_framebuffer *fb,
	uint32_t handles[4])
{
	uint32_t created[4];
	int count = 0;

	for (int i = 0; i < fb->format->planes; i++) {
		handles[i] = find_handle(fb, i, handles, fb->planes[i].object);
		if (handles[i] != 0)
			continue;
		int ret = gem_handle_create(gem, fb->planes[i].object, &handles[i]);
		if (ret < 0) {
			while (--count >= 0)
				gem_handle_delete(gem, created[count]);
			return ret;
		}
		created[count++] = handles[i];
	}
	return 0;
}

int uapi_mode_getfb2(struct uapi_call *call, void *data)
{
	struct drm_mode_fb_cmd2 *req = data;
	struct kms_framebuffer *fb = kms_framebuffer_lookup(call->file->dev->kms, req->fb_id);
	int ret = 0;

	if (!fb)
		return -ENOENT;
	*req = (struct drm_mode_fb_cmd2){
		.fb_id = req->fb_id,
		.width = fb->width,
		.height = fb->height,
		.pixel_format = fb->format->fourcc,
		.flags = DRM_MODE_FB_MODIFIERS,
	};
	for (int i = 0; i < fb->format->planes; i++) {
		req->pitches[i] = fb->planes[i].pitch;
		req->offsets[i] = fb->planes[i].offset;
		req->modifier[i] = fb->modifier;
	}
	if (may_have_handles(call))
		ret = create_handles(&call->file->gem, fb, req->handles);
	kms_object_put(&fb->base);
	return ret;
}

/* Composition redraws the whole crtc: of the clips, only their validity counts. */
static int check_clips(struct uapi_call *call, const struct drm_mode_fb_dirty_cmd *req)
{
	struct drm_clip_rect clips[DRM_MODE_FB_DIRTY_MAX_CLIPS];

	if (!req->num_clips != !req->clips_ptr)
		return -EINVAL;
	if ((req->flags & DRM_MODE_FB_DIRTY_ANNOTATE_COPY) && req->num_clips % 2)
		return -EINVAL;
	if (req->num_clips > DRM_MODE_FB_DIRTY_MAX_CLIPS)
		return -EINVAL;
	if (vfs_copy_from(call->caller, clips, req->clips_ptr, req->num_clips * sizeof(clips[0])))
		return -EFAULT;
	return 0;
}

int uapi_mode_dirtyfb(struct uapi_call *call, void *data)
{
	struct drm_mode_fb_dirty_cmd *req = data;
	struct kms_framebuffer *fb = kms_framebuffer_lookup(call->file->dev->kms, req->fb_id);

	if (!fb)
		return -ENOENT;
	int ret = check_clips(call, req);
	if (ret == 0)
		kms_framebuffer_dirty(fb);
	kms_object_put(&fb->base);
	return ret;
}
