#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gem_domain.h"
#include "kms_device.h"
#include "kms_framebuffer.h"
#include "kms_legacy.h"

static struct kms_framebuffer *to_framebuffer(struct kms_object *obj)
{
	return gem_container_of(obj, struct kms_framebuffer, base);
}

/* ---- what ADDFB2 refuses, in the kernel's order (framebuffer_check) ---- */

static int refuse(int error, const char *why)
{
	gem_debug("kms", "framebuffer refused: %s", why);
	return error;
}

static int check_size(const struct kms_device *dev, const struct drm_mode_fb_cmd2 *cmd)
{
	if (cmd->flags & ~(DRM_MODE_FB_INTERLACED | DRM_MODE_FB_MODIFIERS))
		return refuse(-EINVAL, "unknown flags");
	if (cmd->width < dev->min_width || cmd->width > dev->max_width || cmd->width == 0)
		return refuse(-EINVAL, "width beyond the device's limits");
	if (cmd->height < dev->min_height || cmd->height > dev->max_height || cmd->height == 0)
		return refuse(-EINVAL, "height beyond the device's limits");
	return 0;
}

static uint32_t plane_width(const struct kms_format *format, uint32_t width, int plane)
{
	return plane == 0 ? width : (width + format->hsub - 1) / format->hsub;
}

static uint32_t plane_height(const struct kms_format *format, uint32_t height, int plane)
{
	return plane == 0 ? height : (height + format->vsub - 1) / format->vsub;
}

static int check_plane(const struct drm_mode_fb_cmd2 *cmd, const struct kms_format *format, int i)
{
	uint64_t min_pitch = (uint64_t)plane_width(format, cmd->width, i) * format->cpp[i];
	uint64_t height = plane_height(format, cmd->height, i);

	if (cmd->handles[i] == 0)
		return refuse(-EINVAL, "no handle for a plane of the format");
	if (min_pitch > UINT32_MAX)
		return refuse(-ERANGE, "row beyond 32 bits");
	if (height * cmd->pitches[i] + cmd->offsets[i] > UINT32_MAX)
		return refuse(-ERANGE, "end of a plane beyond 32 bits");
	if (cmd->pitches[i] < min_pitch)
		return refuse(-EINVAL, "pitch shorter than a row");
	if (cmd->modifier[i] && !(cmd->flags & DRM_MODE_FB_MODIFIERS))
		return refuse(-EINVAL, "modifier without DRM_MODE_FB_MODIFIERS");
	if ((cmd->flags & DRM_MODE_FB_MODIFIERS) && cmd->modifier[i] != cmd->modifier[0])
		return refuse(-EINVAL, "planes with different modifiers");
	return 0;
}

/* Clients older than modifiers left garbage in what they did not use: only then is it allowed. */
static int check_unused_plane(const struct drm_mode_fb_cmd2 *cmd, int i)
{
	if (cmd->modifier[i])
		return refuse(-EINVAL, "modifier for a plane the format does not have");
	if (!(cmd->flags & DRM_MODE_FB_MODIFIERS))
		return 0;
	if (cmd->handles[i] || cmd->pitches[i] || cmd->offsets[i])
		return refuse(-EINVAL, "handle, pitch or offset of a plane the format lacks");
	return 0;
}

static int check_layout(const struct kms_device *dev, uint32_t fourcc, uint64_t modifier)
{
	for (unsigned i = 0; i < dev->plane_count; i++) {
		if (kms_plane_takes(&dev->planes[i], fourcc, modifier))
			return 0;
	}
	return refuse(-EINVAL, "format or modifier that no plane takes");
}

static int check_request(const struct kms_device *dev, const struct drm_mode_fb_cmd2 *cmd,
	const struct kms_format *format)
{
	int ret = check_size(dev, cmd);

	if (ret < 0)
		return ret;
	if (!format)
		return refuse(-EINVAL, "unknown format");
	for (int i = 0; i < 4; i++) {
		ret = i < format->planes ? check_plane(cmd, format, i) : check_unused_plane(cmd, i);
		if (ret < 0)
			return ret;
	}
	return check_layout(dev, cmd->pixel_format, cmd->modifier[0]);
}

/* ---- memory ---- */

/* The object can be tiled anew again, and its pages can go. */
static void release_object(struct gem_object *object)
{
	gem_object_put_framebuffer(object);
	gem_object_unpin_pages(object);
	gem_object_put(object);
}

static void release_planes(struct kms_framebuffer *fb)
{
	for (int i = 0; i < 4; i++) {
		if (fb->planes[i].object)
			release_object(fb->planes[i].object);
	}
}

/*
 * The object's tiling against the modifier (kernel: intel_framebuffer_init): an
 * object without one is what the modifier says; without modifiers the framebuffer
 * is what the object's tiling says.
 */
static int check_tiling(struct kms_framebuffer *fb, const struct drm_mode_fb_cmd2 *cmd, int i,
	enum gem_tiling tiling, uint32_t stride)
{
	uint64_t modifier = tiling == GEM_TILING_X ? I915_FORMAT_MOD_X_TILED :
		DRM_FORMAT_MOD_LINEAR;

	if (tiling == GEM_TILING_Y)
		return refuse(-EINVAL, "no plane takes Y tiling");
	if (!(cmd->flags & DRM_MODE_FB_MODIFIERS) && i == 0)
		fb->modifier = modifier;
	if (tiling != GEM_TILING_NONE && fb->modifier != modifier)
		return refuse(-EINVAL, "modifier is not the object's tiling");
	if (tiling != GEM_TILING_NONE && cmd->pitches[i] != stride)
		return refuse(-EINVAL, "pitch is not the object's stride");
	if (fb->modifier != I915_FORMAT_MOD_X_TILED)
		return 0;
	if (cmd->pitches[i] % gem_tile_width(GEM_TILING_X) || cmd->offsets[i])
		return refuse(-EINVAL, "tiles cut by pitch or offset");
	return 0;
}

static int check_object_size(const struct kms_framebuffer *fb, const struct drm_mode_fb_cmd2 *cmd,
	int i, const struct gem_object *object)
{
	uint64_t rows = plane_height(fb->format, cmd->height, i);
	uint64_t row = (uint64_t)plane_width(fb->format, cmd->width, i) * fb->format->cpp[i];
	uint64_t size;

	/* Packed pairs of pixels: the last one is read whole, also when the width is odd. */
	if (fb->format->planes == 1 && fb->format->hsub == 2)
		row = GEM_ALIGN(row, 2ull * fb->format->cpp[0]);

	if (fb->modifier == I915_FORMAT_MOD_X_TILED)
		size = GEM_ALIGN(rows, (uint64_t)gem_tile_height(GEM_TILING_X)) * cmd->pitches[i];
	else /* the last row need not have a whole pitch */
		size = (rows - 1) * cmd->pitches[i] + row + cmd->offsets[i];
	return size > object->size ? refuse(-EINVAL, "object too small") : 0;
}

/* On error fb->planes[i] is as it was. */
static int attach_object(struct kms_framebuffer *fb, struct gem_file *gem,
	const struct drm_mode_fb_cmd2 *cmd, int i)
{
	struct gem_object *object;
	enum gem_tiling tiling;
	uint32_t stride;
	void *pages;
	int ret = gem_object_lookup(gem, cmd->handles[i], &object);

	if (ret < 0)
		return refuse(-ENOENT, "handle is not in use");
	ret = gem_object_pin_pages(object, &pages);
	if (ret < 0) {
		gem_object_put(object);
		return ret;
	}
	gem_object_get_framebuffer(object, &tiling, &stride);
	ret = check_tiling(fb, cmd, i, tiling, stride);
	if (ret == 0)
		ret = check_object_size(fb, cmd, i, object);
	if (ret < 0) {
		release_object(object);
		return ret;
	}
	fb->planes[i].object = object;
	fb->planes[i].pixels = (const uint8_t *)pages + cmd->offsets[i];
	fb->planes[i].pitch = cmd->pitches[i];
	fb->planes[i].offset = cmd->offsets[i];
	return 0;
}

static void framebuffer_free(struct kms_object *obj)
{
	struct kms_framebuffer *fb = to_framebuffer(obj);

	release_planes(fb);
	free(fb);
}

static int add_for_file(struct kms_file *file, struct kms_framebuffer *fb)
{
	struct kms_device *dev = file->dev;
	int ret;

	pthread_mutex_lock(&dev->lock);
	ret = file->framebuffer_count < KMS_FILE_MAX_FRAMEBUFFERS ?
		kms_object_add(dev, &fb->base, DRM_MODE_OBJECT_FB, framebuffer_free) :
		refuse(-ENOMEM, "too many framebuffers in one file");
	if (ret == 0) {
		kms_object_get(&fb->base);
		fb->owner = file;
		gem_publish_move(file->changes);
		gem_list_add_tail(&file->framebuffers, &fb->file_link);
		file->framebuffer_count++;
	}
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

int kms_framebuffer_create(struct kms_file *file, struct gem_file *gem,
	const struct drm_mode_fb_cmd2 *cmd, struct kms_framebuffer **out)
{
	const struct kms_format *format = kms_format_find(cmd->pixel_format);
	struct kms_framebuffer *fb;
	int ret = check_request(file->dev, cmd, format);

	if (ret < 0)
		return ret;
	fb = calloc(1, sizeof(*fb));
	if (!fb)
		return -ENOMEM;
	gem_list_init(&fb->file_link);
	fb->width = cmd->width;
	fb->height = cmd->height;
	fb->format = format;
	fb->modifier = cmd->modifier[0];
	fb->flags = cmd->flags;
	fb->maker = gem->pid;
	for (int i = 0; i < format->planes; i++) {
		ret = attach_object(fb, gem, cmd, i);
		if (ret < 0)
			goto release;
	}
	/* Without modifiers it is known only now. */
	ret = check_layout(file->dev, fb->format->fourcc, fb->modifier);
	if (ret == 0)
		ret = add_for_file(file, fb);
	if (ret < 0)
		goto release;
	*out = fb;
	return 0;

release:
	release_planes(fb);
	free(fb);
	return ret;
}

/* ---- removal ---- */

/* The list's reference is the caller's now. */
static void disown_locked(struct kms_framebuffer *fb)
{
	gem_publish_move(fb->owner->changes);
	fb->owner->framebuffer_count--;
	fb->owner = NULL;
	gem_list_del(&fb->file_link);
}

void kms_framebuffer_disown(struct kms_file *file, struct kms_framebuffer *fb)
{
	bool owned;

	pthread_mutex_lock(&file->dev->lock);
	owned = fb->owner == file; /* not when another thread was quick with RMFB */
	if (owned)
		disown_locked(fb);
	pthread_mutex_unlock(&file->dev->lock);
	if (owned)
		kms_object_put(&fb->base);
}

/*
 * The id goes first, so that nobody puts fb on a plane again while it is taken
 * off. Drops the list's reference. Under dev->lock, which the wait for the
 * planes may drop.
 */
static void remove_locked(struct kms_framebuffer *fb, bool crtcs)
{
	disown_locked(fb);
	kms_object_remove(&fb->base);
	kms_framebuffer_unuse_locked(fb->base.dev, fb, crtcs);
	kms_object_put(&fb->base);
}

int kms_framebuffer_remove(struct kms_file *file, uint32_t id)
{
	struct kms_device *dev = file->dev;
	struct kms_framebuffer *fb;
	int ret = -ENOENT;

	pthread_mutex_lock(&dev->lock);
	fb = kms_framebuffer_lookup(dev, id);
	if (fb && fb->owner == file) {
		remove_locked(fb, false);
		ret = 0;
	}
	pthread_mutex_unlock(&dev->lock);
	if (fb)
		kms_object_put(&fb->base);
	return ret;
}

void kms_framebuffer_remove_all(struct kms_file *file)
{
	pthread_mutex_lock(&file->dev->lock);
	while (!gem_list_empty(&file->framebuffers))
		remove_locked(gem_list_entry(file->framebuffers.next, struct kms_framebuffer,
			file_link), true);
	pthread_mutex_unlock(&file->dev->lock);
}

void kms_framebuffer_dirty(struct kms_framebuffer *fb)
{
	struct kms_device *dev = fb->base.dev;

	/* Of an old driver's front buffer: what the CPU wrote becomes visible. */
	for (int i = 0; i < 4; i++) {
		if (fb->planes[i].object)
			gem_object_sw_finish(fb->planes[i].object);
	}
	pthread_mutex_lock(&dev->lock);
	for (unsigned i = 0; i < dev->plane_count; i++) {
		struct kms_plane_state *shown = &dev->planes[i].scanout;
		if (shown->fb == fb && shown->crtc)
			shown->crtc->scanout_serial++;
	}
	pthread_mutex_unlock(&dev->lock);
}

struct kms_framebuffer *kms_framebuffer_lookup(struct kms_device *dev, uint32_t id)
{
	struct kms_object *obj = kms_object_lookup(dev, id, DRM_MODE_OBJECT_FB);

	return obj ? to_framebuffer(obj) : NULL;
}
