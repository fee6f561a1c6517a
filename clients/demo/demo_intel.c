#include "demo_intel.h"

#include <drm_fourcc.h>

struct demo_image demo_image_of(struct picture *picture, bool by_fd)
{
	struct demo_image image = {
		.width = picture->width,
		.height = picture->height,
		.stride = picture->pitch,
		.format = DRM_FORMAT_XRGB8888,
		.modifier = picture->tiling == I915_TILING_X ? I915_FORMAT_MOD_X_TILED :
			DRM_FORMAT_MOD_LINEAR,
		.fd = -1,
	};

	if (by_fd)
		TRY(drm_intel_bo_gem_export_to_prime(picture->bo, &image.fd));
	else
		image.name = picture_name(picture);
	return image;
}

struct picture *demo_picture_create(drm_intel_bufmgr *manager, uint32_t width, uint32_t height,
	uint32_t tiling)
{
	struct picture *picture = picture_create(manager, width, height, tiling);

	picture_forget(picture);
	return picture;
}

struct picture *demo_picture_open(drm_intel_bufmgr *manager, const struct demo_image *image)
{
	drm_intel_bo *bo = image->name ?
		drm_intel_bo_gem_create_from_name(manager, "picture", image->name) :
		drm_intel_bo_gem_create_from_prime(manager, image->fd,
			image->stride * image->height);

	if (!bo && image->name && errno == ENOENT)
		return NULL;
	struct picture *picture = picture_of(bo, image->width, image->height, image->stride);
	picture_forget(picture);
	return picture;
}
