/* Dma-bufs of clients and of the allocator as surfaces of the GPU. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>
#include <i915_drm.h>
#include <xf86drm.h>

#include "compositor_layout.h"
#include "compositor_log.h"
#include "compositor_renderer.h"
#include "compositor_video.h"
#include "gem_base.h"
#include "gpu_packet.h"

/* A packet has 18 bits for it. */
#define PITCH_MAX 0x3fffcu

static void addon_destroy(struct wlr_addon *addon)
{
	struct compositor_import *import = gem_container_of(addon, struct compositor_import, addon);

	wlr_addon_finish(&import->addon);
	wl_list_remove(&import->link);
	compositor_bo_put(import->surface.bo);
	free(import);
}

static const struct wlr_addon_interface addon_impl = {
	.name = "compositor_import",
	.destroy = addon_destroy,
};

bool compositor_import_add_formats(struct wlr_drm_format_set *set, bool textures)
{
	size_t count;
	const struct compositor_format *formats = compositor_formats(&count);
	unsigned tiling_count, video_count;
	const struct compositor_tiling *tilings = compositor_tilings(&tiling_count);
	bool ok = true;

	for (size_t i = 0; i < count; i++) {
		if (!compositor_format_is_native(&formats[i]))
			continue;
		for (unsigned j = 0; j < (textures ? tiling_count : 1); j++)
			ok &= wlr_drm_format_set_add(set, formats[i].fourcc, tilings[j].modifier);
		ok &= wlr_drm_format_set_add(set, formats[i].fourcc, DRM_FORMAT_MOD_INVALID);
	}
	const uint32_t *video = compositor_video_formats(&video_count);
	for (unsigned i = 0; textures && i < video_count; i++) {
		ok &= wlr_drm_format_set_add(set, video[i], DRM_FORMAT_MOD_LINEAR);
		ok &= wlr_drm_format_set_add(set, video[i], DRM_FORMAT_MOD_INVALID);
	}
	return ok;
}

/* Without a modifier the layout is what the object's owner has told the kernel. */
static const struct compositor_tiling *find_tiling(const struct compositor_bo *bo,
	uint64_t modifier)
{
	struct drm_i915_gem_get_tiling args = {.handle = bo->handle};

	if (modifier != DRM_FORMAT_MOD_INVALID)
		return compositor_tiling_find(modifier);
	if (drmIoctl(bo->bos->fd, DRM_IOCTL_I915_GEM_GET_TILING, &args) != 0)
		args.tiling_mode = I915_TILING_NONE;
	return compositor_tiling_of_mode(args.tiling_mode);
}

/* What a surface of the GPU can say, whatever its layout. */
static const struct compositor_format *check(const struct wlr_dmabuf_attributes *attribs)
{
	const struct compositor_format *format = compositor_format_find(attribs->format);

	if (!format || !compositor_format_is_native(format) || attribs->n_planes != 1)
		return NULL;
	if (attribs->width < 1 || attribs->width > GPU_COMPOSITE_MAX_SIZE ||
	    attribs->height < 1 || attribs->height > GPU_COMPOSITE_MAX_SIZE)
		return NULL;
	if (attribs->stride[0] > PITCH_MAX ||
	    attribs->stride[0] < attribs->width * format->cpp)
		return NULL;
	return format;
}

const struct compositor_format *compositor_import_format(
	const struct wlr_dmabuf_attributes *attribs)
{
	return check(attribs);
}

/* bo: at least a page of it is there, which is all that was asked for. */
static int make_surface(struct compositor_surface *surface, struct compositor_renderer *renderer,
	const struct wlr_dmabuf_attributes *attribs)
{
	const struct compositor_tiling *tiling = find_tiling(surface->bo, attribs->modifier);
	struct compositor_bo *whole;

	if (!tiling || attribs->offset[0] % tiling->offset_align ||
	    attribs->stride[0] % tiling->pitch_align)
		return -EINVAL;
	surface->tiling = tiling->mode;
	surface->offset = attribs->offset[0];
	surface->pitch = attribs->stride[0];
	surface->width = attribs->width;
	surface->height = attribs->height;
	/* All of the rows' bytes: the GPU faults when there are less. */
	uint64_t size = attribs->offset[0] + (uint64_t)attribs->stride[0] *
		GEM_ALIGN(surface->height, tiling->row_align);
	int err = compositor_bo_import(&renderer->bos, attribs->fd[0], size, &whole);
	if (err == 0)
		compositor_bo_put(whole); /* it is bo */
	return err;
}

static struct compositor_import *import_dmabuf(struct compositor_renderer *renderer,
	const struct wlr_dmabuf_attributes *attribs)
{
	const struct compositor_format *format = check(attribs);
	struct compositor_import *import = format ? calloc(1, sizeof(*import)) : NULL;

	if (!import)
		return NULL;
	import->format = format;
	import->surface.format = format->gpu;
	if (compositor_bo_import(&renderer->bos, attribs->fd[0], 1, &import->surface.bo) < 0) {
		free(import);
		return NULL;
	}
	if (make_surface(&import->surface, renderer, attribs) < 0) {
		compositor_bo_put(import->surface.bo);
		free(import);
		return NULL;
	}
	return import;
}

const struct compositor_import *compositor_renderer_import(struct compositor_renderer *renderer,
	struct wlr_buffer *buffer)
{
	struct wlr_addon *addon = wlr_addon_find(&buffer->addons, renderer, &addon_impl);
	struct wlr_dmabuf_attributes attribs;

	if (addon)
		return gem_container_of(addon, struct compositor_import, addon);
	if (renderer->fd < 0 || !wlr_buffer_get_dmabuf(buffer, &attribs))
		return NULL;
	struct compositor_import *import = import_dmabuf(renderer, &attribs);
	if (!import) {
		compositor_debug("a dma-buf of %dx%d is nothing for the GPU", buffer->width,
			buffer->height);
		return NULL;
	}
	wlr_addon_init(&import->addon, &buffer->addons, renderer, &addon_impl);
	wl_list_insert(&renderer->imports, &import->link);
	return import;
}
