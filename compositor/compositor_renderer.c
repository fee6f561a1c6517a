#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <i915_drm.h>
#include <xf86drm.h>

#include "compositor_log.h"
#include "compositor_renderer.h"
#include "compositor_texture.h"
#include "gem_base.h"
#include "gpu_packet.h"

static const struct wlr_renderer_impl renderer_impl;

struct compositor_renderer *compositor_renderer_from(struct wlr_renderer *base)
{
	return base->impl == &renderer_impl ?
		gem_container_of(base, struct compositor_renderer, base) : NULL;
}

/* ---- targets ---- */

static bool renderer_bind_buffer(struct wlr_renderer *base, struct wlr_buffer *buffer)
{
	struct compositor_renderer *renderer = compositor_renderer_from(base);
	const struct compositor_import *import = NULL;

	if (buffer) {
		import = compositor_renderer_import(renderer, buffer);
		if (!import || import->surface.tiling)
			return false;
		wlr_buffer_lock(buffer);
	}
	compositor_batch_flush(renderer->batch);
	if (renderer->target_buffer)
		wlr_buffer_unlock(renderer->target_buffer);
	renderer->target_buffer = buffer;
	renderer->target = import;
	return true;
}

static void renderer_begin(struct wlr_renderer *base, uint32_t width, uint32_t height)
{
	struct compositor_renderer *renderer = compositor_renderer_from(base);
	const struct compositor_surface *target = &renderer->target->surface;

	renderer->viewport = (pixman_box32_t){
		.x2 = width < target->width ? width : target->width,
		.y2 = height < target->height ? height : target->height,
	};
	renderer->clip = renderer->viewport;
}

static void renderer_end(struct wlr_renderer *base)
{
	compositor_batch_flush(compositor_renderer_from(base)->batch);
}

static int32_t clamp(int64_t value, int32_t low, int32_t high)
{
	return value < low ? low : value > high ? high : value;
}

static void renderer_scissor(struct wlr_renderer *base, struct wlr_box *box)
{
	struct compositor_renderer *renderer = compositor_renderer_from(base);
	const pixman_box32_t *whole = &renderer->viewport;

	renderer->clip = *whole;
	if (!box)
		return;
	renderer->clip.x1 = clamp(box->x, whole->x1, whole->x2);
	renderer->clip.y1 = clamp(box->y, whole->y1, whole->y2);
	renderer->clip.x2 = clamp((int64_t)box->x + box->width, whole->x1, whole->x2);
	renderer->clip.y2 = clamp((int64_t)box->y + box->height, whole->y1, whole->y2);
}

/* ---- drawing ---- */

/* 16 bits a channel, cut off, and of these the upper 8: pixman's solid images. */
static uint32_t channel(float value, unsigned shift)
{
	uint16_t wide = value <= 0 ? 0 : value >= 1 ? 0xffff : value * 0xffff;

	return (uint32_t)(wide >> 8) << shift;
}

static uint32_t pack(const float color[static 4])
{
	return channel(color[3], 24) | channel(color[0], 16) | channel(color[1], 8) |
		channel(color[2], 0);
}

static void renderer_clear(struct wlr_renderer *base, const float color[static 4])
{
	struct compositor_renderer *renderer = compositor_renderer_from(base);
	const struct compositor_draw draw = {
		.target = renderer->target->surface,
		.color = pack(color),
		.alpha = 255,
		.x1 = renderer->clip.x1,
		.y1 = renderer->clip.y1,
		.x2 = renderer->clip.x2,
		.y2 = renderer->clip.y2,
	};

	if (draw.x1 < draw.x2 && draw.y1 < draw.y2)
		compositor_batch_draw(renderer->batch, &draw);
}

static bool renderer_render_subtexture(struct wlr_renderer *base, struct wlr_texture *wlr_texture,
	const struct wlr_fbox *box, const float matrix[static 9], float alpha)
{
	struct compositor_renderer *renderer = compositor_renderer_from(base);
	struct compositor_texture *texture = compositor_texture_of(wlr_texture);
	bool inside;

	if (!texture || !compositor_texture_prepare(texture))
		return false;
	struct compositor_draw draw = {
		.target = renderer->target->surface,
		.source = texture->surface,
		.alpha = channel(alpha, 0),
	};
	if (draw.alpha == 0 ||
	    !compositor_geometry_texture(&draw, matrix, box, &renderer->clip, &inside))
		return true;
	/* What hides all that is below it need not be blended. */
	draw.over = !(texture->opaque && inside && draw.alpha == 255);
	compositor_batch_draw(renderer->batch, &draw);
	return true;
}

/* As wlroots does: a picture of the colour, turned. The kernel keeps it until it is drawn. */
static void draw_turned(struct compositor_renderer *renderer, struct compositor_draw *draw,
	uint32_t width, uint32_t height)
{
	struct compositor_bo *bo;
	struct compositor_surface picture = {
		.pitch = width * 4,
		.width = width,
		.height = height,
		.format = GPU_FORMAT_A8R8G8B8,
	};

	if (width > GPU_COMPOSITE_MAX_SIZE || height > GPU_COMPOSITE_MAX_SIZE ||
	    compositor_bo_create(&renderer->bos, (uint64_t)picture.pitch * height, &bo) < 0)
		return;
	picture.bo = bo;
	const struct compositor_draw fill = {
		.target = picture,
		.color = draw->color,
		.alpha = 255,
		.x2 = width,
		.y2 = height,
	};
	compositor_batch_draw(renderer->batch, &fill);
	draw->source = picture;
	compositor_batch_draw(renderer->batch, draw);
	compositor_bo_put(bo);
}

static void renderer_render_quad(struct wlr_renderer *base, const float color[static 4],
	const float matrix[static 9])
{
	struct compositor_renderer *renderer = compositor_renderer_from(base);
	struct compositor_draw draw = {
		.target = renderer->target->surface,
		.color = pack(color),
		.alpha = 255,
	};
	uint32_t width, height;

	draw.over = draw.color >> 24 != 255;
	switch (compositor_geometry_quad(&draw, matrix, &renderer->clip, &width, &height)) {
	case COMPOSITOR_QUAD_NONE:
		return;
	case COMPOSITOR_QUAD_BOX:
		draw.source = (struct compositor_surface){0};
		compositor_batch_draw(renderer->batch, &draw);
		return;
	case COMPOSITOR_QUAD_TURNED:
		draw.over = true;
		draw_turned(renderer, &draw, width, height);
		return;
	}
}

/* ---- reading ---- */

static uint32_t renderer_preferred_read_format(struct wlr_renderer *base)
{
	return compositor_renderer_from(base)->target->format->fourcc;
}

static bool renderer_read_pixels(struct wlr_renderer *base, uint32_t fourcc, uint32_t *flags,
	uint32_t stride, uint32_t width, uint32_t height, uint32_t src_x, uint32_t src_y,
	uint32_t dst_x, uint32_t dst_y, void *data)
{
	struct compositor_renderer *renderer = compositor_renderer_from(base);
	const struct compositor_import *target = renderer->target;
	const struct compositor_format *format = compositor_format_find(fourcc);

	if (!format)
		return false;
	compositor_batch_flush(renderer->batch);
	uint8_t *bytes = compositor_bo_access_alone(target->surface.bo, false);
	if (!bytes)
		return false;
	pixman_image_t *from = pixman_image_create_bits_no_clear(target->format->pixman,
		target->surface.width, target->surface.height,
		(uint32_t *)(bytes + target->surface.offset), target->surface.pitch);
	pixman_image_t *to = pixman_image_create_bits_no_clear(format->pixman, dst_x + width,
		dst_y + height, data, stride);
	bool done = from && to;
	if (done)
		pixman_image_composite32(PIXMAN_OP_SRC, from, NULL, to, src_x, src_y, 0, 0,
			dst_x, dst_y, width, height);
	if (from)
		pixman_image_unref(from);
	if (to)
		pixman_image_unref(to);
	return done;
}

/* ---- what there is ---- */

static const uint32_t *renderer_get_shm_texture_formats(struct wlr_renderer *base, size_t *count)
{
	return compositor_format_fourccs(count);
}

static const struct wlr_drm_format_set *renderer_get_dmabuf_texture_formats(
	struct wlr_renderer *base)
{
	return &compositor_renderer_from(base)->texture_formats;
}

static const struct wlr_drm_format_set *renderer_get_render_formats(struct wlr_renderer *base)
{
	return &compositor_renderer_from(base)->render_formats;
}

static int renderer_get_drm_fd(struct wlr_renderer *base)
{
	return compositor_renderer_from(base)->fd;
}

static uint32_t renderer_get_render_buffer_caps(struct wlr_renderer *base)
{
	return WLR_BUFFER_CAP_DMABUF;
}

/* ---- coming and going ---- */

static void renderer_destroy(struct wlr_renderer *base);

static const struct wlr_renderer_impl renderer_impl = {
	.bind_buffer = renderer_bind_buffer,
	.begin = renderer_begin,
	.end = renderer_end,
	.clear = renderer_clear,
	.scissor = renderer_scissor,
	.render_subtexture_with_matrix = renderer_render_subtexture,
	.render_quad_with_matrix = renderer_render_quad,
	.get_shm_texture_formats = renderer_get_shm_texture_formats,
	.get_dmabuf_texture_formats = renderer_get_dmabuf_texture_formats,
	.get_render_formats = renderer_get_render_formats,
	.preferred_read_format = renderer_preferred_read_format,
	.read_pixels = renderer_read_pixels,
	.destroy = renderer_destroy,
	.get_drm_fd = renderer_get_drm_fd,
	.get_render_buffer_caps = renderer_get_render_buffer_caps,
	.texture_from_buffer = compositor_texture_from_buffer,
};

static void drop_target(struct compositor_renderer *renderer)
{
	if (renderer->target_buffer)
		wlr_buffer_unlock(renderer->target_buffer);
	renderer->target_buffer = NULL;
	renderer->target = NULL;
}

static void drop_imports(struct compositor_renderer *renderer)
{
	struct compositor_import *import, *next;

	wl_list_for_each_safe(import, next, &renderer->imports, link)
		import->addon.impl->destroy(&import->addon);
}

static void renderer_destroy(struct wlr_renderer *base)
{
	struct compositor_renderer *renderer = compositor_renderer_from(base);
	struct compositor_texture *texture, *next_texture;

	drop_target(renderer);
	wl_list_for_each_safe(texture, next_texture, &renderer->textures, link)
		wlr_texture_destroy(&texture->base);
	drop_imports(renderer);
	compositor_batch_destroy(renderer->batch);
	compositor_bos_finish(&renderer->bos);
	wlr_drm_format_set_finish(&renderer->texture_formats);
	wlr_drm_format_set_finish(&renderer->render_formats);
	if (renderer->fd >= 0)
		close(renderer->fd);
	free(renderer);
}

static bool has_gpu(int fd)
{
	int value = 0;
	struct drm_i915_getparam args = {.param = I915_PARAM_HAS_EXECBUF2, .value = &value};

	return drmIoctl(fd, DRM_IOCTL_I915_GETPARAM, &args) == 0 && value;
}

int compositor_renderer_create(int device_fd, struct wlr_renderer **out)
{
	struct compositor_renderer *renderer = calloc(1, sizeof(*renderer));

	if (!renderer)
		return -ENOMEM;
	renderer->fd = compositor_bos_open_device(device_fd);
	if (renderer->fd < 0) {
		free(renderer);
		return -ENODEV;
	}
	wl_list_init(&renderer->textures);
	wl_list_init(&renderer->imports);
	compositor_bos_init(&renderer->bos, renderer->fd);
	int err = has_gpu(renderer->fd) ? compositor_batch_create(&renderer->bos,
		&renderer->batch) : -ENODEV;
	if (err < 0) {
		close(renderer->fd);
		free(renderer);
		return err;
	}
	wlr_renderer_init(&renderer->base, &renderer_impl);
	if (!compositor_import_add_formats(&renderer->texture_formats, true) ||
	    !compositor_import_add_formats(&renderer->render_formats, false)) {
		wlr_renderer_destroy(&renderer->base);
		return -ENOMEM;
	}
	*out = &renderer->base;
	return 0;
}

/* ---- a device that goes and comes ---- */

void compositor_renderer_lose_device(struct compositor_renderer *renderer)
{
	struct compositor_texture *texture;

	if (renderer->fd < 0)
		return;
	compositor_batch_lose_device(renderer->batch);
	drop_target(renderer);
	wl_list_for_each(texture, &renderer->textures, link)
		compositor_texture_lose_device(texture);
	drop_imports(renderer);
	compositor_bos_lost(&renderer->bos);
	close(renderer->fd);
	renderer->fd = -1;
}

int compositor_renderer_find_device(struct compositor_renderer *renderer, int device_fd)
{
	int fd = compositor_bos_open_device(device_fd);

	if (fd < 0)
		return fd;
	renderer->fd = fd;
	compositor_bos_found(&renderer->bos, fd);
	return compositor_batch_find_device(renderer->batch);
}
