/* Dma-bufs of clients and of the allocator as surfaces of the GPU. */
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>
#include <i915_drm.h>
#include <xf86drm.h>

#include "compositor_log.h"
#include "compositor_renderer.h"
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

/* What a surface of the GPU can say. */
static const struct compositor_format *check(const struct wlr_dmabuf_attributes *attribs)
{
	const struct compositor_format *format = compositor_format_find(attribs->format);

	if (!format || !compositor_format_is_native(format) || attribs->n_planes != 1)
		return NULL;
	if (attribs->modifier != DRM_FORMAT_MOD_LINEAR &&
	    attribs->modifier != DRM_FORMAT_MOD_INVALID)
		return NULL;
	if (attribs->width < 1 || attribs->width > GPU_COMPOSITE_MAX_SIZE ||
	    attribs->height < 1 || attribs->height > GPU_COMPOSITE_MAX_SIZE)
		return NULL;
	if (attribs->offset[0] % 4 || attribs->stride[0] % 4 ||
	    attribs->stride[0] > PITCH_MAX ||
	    attribs->stride[0] < attribs->width * format->cpp)
		return NULL;
	return format;
}

/* Without a modifier the layout is what the object's owner told the kernel. */
static bool is_linear(const struct compositor_bo *bo, uint64_t modifier)
{
	struct drm_i915_gem_get_tiling args = {.handle = bo->handle};

	return modifier == DRM_FORMAT_MOD_LINEAR ||
		drmIoctl(bo->bos->fd, DRM_IOCTL_I915_GEM_GET_TILING, &args) != 0 ||
		args.tiling_mode == I915_TILING_NONE;
}

static struct compositor_import *import_dmabuf(struct compositor_renderer *renderer,
	const struct wlr_dmabuf_attributes *attribs)
{
	const struct compositor_format *format = check(attribs);
	struct compositor_import *import = format ? calloc(1, sizeof(*import)) : NULL;

	if (!import)
		return NULL;
	import->format = format;
	import->surface = (struct compositor_surface){
		.offset = attribs->offset[0],
		.pitch = attribs->stride[0],
		.width = attribs->width,
		.height = attribs->height,
		.format = format->gpu,
	};
	/* All of the rows' bytes: the GPU faults when there are less. */
	uint64_t size = attribs->offset[0] + (uint64_t)attribs->stride[0] * attribs->height;
	if (compositor_bo_import(&renderer->bos, attribs->fd[0], size, &import->surface.bo) < 0) {
		free(import);
		return NULL;
	}
	if (!is_linear(import->surface.bo, attribs->modifier)) {
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
	if (!wlr_buffer_get_dmabuf(buffer, &attribs))
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
