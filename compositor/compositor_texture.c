#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>

#include "compositor_log.h"
#include "compositor_texture.h"
#include "compositor_video.h"
#include "gem_base.h"
#include "gpu_packet.h"

static const struct wlr_texture_impl texture_impl;

struct compositor_texture *compositor_texture_of(struct wlr_texture *base)
{
	return base->impl == &texture_impl ?
		gem_container_of(base, struct compositor_texture, base) : NULL;
}

/* ---- versions ---- */

static bool add_version(struct compositor_texture *texture)
{
	unsigned at = texture->version_count;
	const struct compositor_surface *surface = &texture->surface;

	if (at == COMPOSITOR_VERSIONS_MAX ||
	    compositor_bo_create(&texture->renderer->bos,
		(uint64_t)surface->pitch * surface->height, &texture->versions[at].bo) < 0)
		return false;
	pixman_region32_init_rect(&texture->versions[at].stale, 0, 0, surface->width,
		surface->height);
	texture->version_count++;
	return true;
}

/* The version to write: one the GPU is done with, if that can be had. */
static unsigned choose_version(struct compositor_texture *texture)
{
	for (unsigned i = 0; i < texture->version_count; i++) {
		unsigned at = (texture->current + i) % texture->version_count;

		if (!compositor_bo_busy(texture->versions[at].bo))
			return at;
	}
	return add_version(texture) ? texture->version_count - 1 : texture->current;
}

static bool copy_boxes(struct compositor_texture *texture, uint8_t *to, pixman_region32_t *region)
{
	uint32_t pitch = texture->surface.pitch, cpp = texture->format->cpp;
	int count;

	if (!compositor_format_is_native(texture->format))
		cpp = 4;
	const pixman_box32_t *boxes = pixman_region32_rectangles(region, &count);
	if (count == 0)
		return true;
	const uint8_t *from =
		compositor_bo_access(texture->versions[texture->current].bo, false);
	if (!from)
		return false;
	for (int i = 0; i < count; i++) {
		for (int32_t y = boxes[i].y1; y < boxes[i].y2; y++) {
			size_t at = (size_t)y * pitch + boxes[i].x1 * cpp;

			memcpy(to + at, from + at, (boxes[i].x2 - boxes[i].x1) * cpp);
		}
	}
	return true;
}

/*
 * Gives a version what the current one has but for the box, which is to be written
 * anyway: mostly it is all of it. Reading the current one waits for nobody.
 */
static bool catch_up(struct compositor_texture *texture, unsigned version, uint8_t *to,
	const pixman_box32_t *written)
{
	pixman_region32_t box, missing;

	pixman_region32_init_with_extents(&box, written);
	pixman_region32_init(&missing);
	bool done = pixman_region32_subtract(&missing, &texture->versions[version].stale, &box) &&
		copy_boxes(texture, to, &missing);
	pixman_region32_fini(&missing);
	pixman_region32_fini(&box);
	return done;
}

/* ---- pixels ---- */

static bool convert_pixels(const struct compositor_texture *texture, uint8_t *to,
	const void *data, uint32_t stride, uint32_t width, uint32_t height, uint32_t src_x,
	uint32_t src_y, uint32_t dst_x, uint32_t dst_y)
{
	const struct compositor_surface *surface = &texture->surface;
	pixman_image_t *from = pixman_image_create_bits_no_clear(texture->format->pixman,
		src_x + width, src_y + height, (uint32_t *)data, stride);
	pixman_image_t *image = pixman_image_create_bits_no_clear(
		compositor_format_pixman(surface->format), surface->width, surface->height,
		(uint32_t *)to, surface->pitch);
	bool done = from && image;

	if (done)
		pixman_image_composite32(PIXMAN_OP_SRC, from, NULL, image, src_x, src_y, 0, 0,
			dst_x, dst_y, width, height);
	if (from)
		pixman_image_unref(from);
	if (image)
		pixman_image_unref(image);
	return done;
}

static void copy_pixels(const struct compositor_texture *texture, uint8_t *to, const uint8_t *data,
	uint32_t stride, uint32_t width, uint32_t height, uint32_t src_x, uint32_t src_y,
	uint32_t dst_x, uint32_t dst_y)
{
	uint32_t pitch = texture->surface.pitch, cpp = texture->format->cpp;

	data += (size_t)src_y * stride + src_x * cpp;
	to += (size_t)dst_y * pitch + dst_x * cpp;
	for (uint32_t y = 0; y < height; y++)
		memcpy(to + (size_t)y * pitch, data + (size_t)y * stride, width * cpp);
}

static bool texture_write_pixels(struct wlr_texture *base, uint32_t stride, uint32_t width,
	uint32_t height, uint32_t src_x, uint32_t src_y, uint32_t dst_x, uint32_t dst_y,
	const void *data)
{
	struct compositor_texture *texture = compositor_texture_of(base);

	if (texture->buffer || dst_x > base->width || width > base->width - dst_x ||
	    dst_y > base->height || height > base->height - dst_y)
		return false;
	unsigned version = choose_version(texture);
	uint8_t *to = compositor_bo_access_alone(texture->versions[version].bo, true);
	const pixman_box32_t written = {dst_x, dst_y, dst_x + width, dst_y + height};
	if (!to || (version != texture->current && !catch_up(texture, version, to, &written)))
		return false;
	if (!compositor_format_is_native(texture->format)) {
		if (!convert_pixels(texture, to, data, stride, width, height, src_x, src_y, dst_x,
				dst_y))
			return false;
	} else {
		copy_pixels(texture, to, data, stride, width, height, src_x, src_y, dst_x, dst_y);
	}
	pixman_region32_clear(&texture->versions[version].stale);
	texture->current = version;
	texture->surface.bo = texture->versions[version].bo;
	for (unsigned i = 0; i < texture->version_count; i++) {
		if (i != version)
			pixman_region32_union_rect(&texture->versions[i].stale,
				&texture->versions[i].stale, dst_x, dst_y, width, height);
	}
	return true;
}

/* ---- coming and going ---- */

static bool texture_is_opaque(struct wlr_texture *base)
{
	return compositor_texture_of(base)->opaque;
}

static void texture_destroy(struct wlr_texture *base)
{
	struct compositor_texture *texture = compositor_texture_of(base);

	for (unsigned i = 0; i < texture->version_count; i++) {
		compositor_bo_put(texture->versions[i].bo);
		pixman_region32_fini(&texture->versions[i].stale);
	}
	compositor_video_close(texture->video);
	if (texture->buffer)
		wlr_buffer_unlock(texture->buffer);
	wl_list_remove(&texture->link);
	free(texture);
}

static const struct wlr_texture_impl texture_impl = {
	.is_opaque = texture_is_opaque,
	.write_pixels = texture_write_pixels,
	.destroy = texture_destroy,
};

static struct compositor_texture *create(struct compositor_renderer *renderer,
	const struct compositor_format *format, uint32_t width, uint32_t height)
{
	struct compositor_texture *texture = calloc(1, sizeof(*texture));

	if (!texture)
		return NULL;
	wlr_texture_init(&texture->base, &texture_impl, width, height);
	texture->renderer = renderer;
	texture->format = format;
	texture->opaque = !format->alpha;
	wl_list_insert(&renderer->textures, &texture->link);
	return texture;
}

/* A picture as the GPU reads it, whose object is still to be made. */
static void describe_surface(struct compositor_texture *texture,
	const struct compositor_format *stored, uint32_t width, uint32_t height)
{
	texture->surface = (struct compositor_surface){
		.pitch = GEM_ALIGN(width * stored->cpp, 64),
		.width = width,
		.height = height,
		.format = stored->gpu,
	};
}

static struct wlr_texture *from_pixels(struct compositor_renderer *renderer, uint32_t fourcc,
	uint32_t width, uint32_t height, size_t stride, const void *data)
{
	const struct compositor_format *format = compositor_format_find(fourcc);

	if (!format || width == 0 || height == 0 || width > GPU_COMPOSITE_MAX_SIZE ||
	    height > GPU_COMPOSITE_MAX_SIZE || stride > UINT32_MAX)
		return NULL;
	struct compositor_texture *texture = create(renderer, format, width, height);
	if (!texture)
		return NULL;
	describe_surface(texture, compositor_format_find(format->texture_fourcc), width, height);
	if (!add_version(texture)) {
		texture_destroy(&texture->base);
		return NULL;
	}
	pixman_region32_clear(&texture->versions[0].stale);
	if (!texture_write_pixels(&texture->base, stride, width, height, 0, 0, 0, 0, data)) {
		texture_destroy(&texture->base);
		return NULL;
	}
	return &texture->base;
}

static struct wlr_texture *from_video(struct compositor_renderer *renderer,
	struct wlr_buffer *buffer, const struct wlr_dmabuf_attributes *attribs)
{
	const struct compositor_format *format = compositor_format_find(DRM_FORMAT_XRGB8888);
	struct compositor_video *video = NULL;

	if (buffer->width > GPU_COMPOSITE_MAX_SIZE || buffer->height > GPU_COMPOSITE_MAX_SIZE)
		return NULL;
	video = compositor_video_open(&renderer->bos, attribs);
	struct compositor_texture *texture = video || renderer->bos.gone ?
		create(renderer, format, buffer->width, buffer->height) : NULL;

	if (!texture) {
		compositor_video_close(video);
		return NULL;
	}
	describe_surface(texture, format, buffer->width, buffer->height);
	texture->video = video;
	texture->buffer = wlr_buffer_lock(buffer);
	return &texture->base;
}

void compositor_texture_lose_device(struct compositor_texture *texture)
{
	if (!texture->buffer)
		return;
	compositor_video_close(texture->video);
	texture->video = NULL;
	texture->surface.bo = NULL;
}

static bool prepare_import(struct compositor_texture *texture)
{
	const struct compositor_import *import =
		compositor_renderer_import(texture->renderer, texture->buffer);

	if (import)
		texture->surface = import->surface;
	return import;
}

bool compositor_texture_prepare(struct compositor_texture *texture)
{
	struct wlr_dmabuf_attributes attribs;

	if (texture->surface.bo)
		return true;
	if (!texture->buffer || !wlr_buffer_get_dmabuf(texture->buffer, &attribs))
		return false;
	if (!compositor_video_has(attribs.format))
		return prepare_import(texture);
	if (!texture->video)
		texture->video = compositor_video_open(&texture->renderer->bos, &attribs);
	if (!texture->video)
		return false;
	if (texture->version_count == 0 && !add_version(texture))
		return false;
	struct compositor_bo *bo = texture->versions[0].bo;
	uint8_t *to = compositor_bo_access_alone(bo, true);
	if (!to || !compositor_video_convert(texture->video, to, texture->surface.pitch))
		return false;
	texture->surface.bo = bo;
	return true;
}

/* While the device is gone nobody knows what the buffer is: that is seen when it is drawn. */
static struct wlr_texture *from_import(struct compositor_renderer *renderer,
	struct wlr_buffer *buffer, const struct wlr_dmabuf_attributes *attribs)
{
	const struct compositor_import *import = compositor_renderer_import(renderer, buffer);
	const struct compositor_format *format = import ? import->format :
		renderer->bos.gone ? compositor_import_format(attribs) : NULL;

	if (!format)
		return NULL;
	struct compositor_texture *texture =
		create(renderer, format, buffer->width, buffer->height);
	if (!texture)
		return NULL;
	if (import)
		texture->surface = import->surface;
	texture->buffer = wlr_buffer_lock(buffer);
	return &texture->base;
}

struct wlr_texture *compositor_texture_from_buffer(struct wlr_renderer *base,
	struct wlr_buffer *buffer)
{
	struct compositor_renderer *renderer = compositor_renderer_from(base);
	struct wlr_dmabuf_attributes attribs;
	uint32_t fourcc;
	size_t stride;
	void *data;

	if (wlr_buffer_get_dmabuf(buffer, &attribs))
		return compositor_video_has(attribs.format) ?
			from_video(renderer, buffer, &attribs) :
			from_import(renderer, buffer, &attribs);
	if (!wlr_buffer_begin_data_ptr_access(buffer, WLR_BUFFER_DATA_PTR_ACCESS_READ, &data,
			&fourcc, &stride))
		return NULL;
	struct wlr_texture *texture =
		from_pixels(renderer, fourcc, buffer->width, buffer->height, stride, data);
	wlr_buffer_end_data_ptr_access(buffer);
	return texture;
}
