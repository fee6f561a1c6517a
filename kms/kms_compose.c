#include <stdlib.h>
#include <string.h>

#include <pixman.h>

#include "gem_base.h"
#include "kms_compose.h"
#include "kms_device.h"

/* Little endian fourccs and pixman's words for the same bits (drm_fourcc.h, pixman.h). */
static const struct {
	uint32_t fourcc;
	pixman_format_code_t pixman;
} formats[] = {
	{DRM_FORMAT_XRGB8888, PIXMAN_x8r8g8b8},
	{DRM_FORMAT_ARGB8888, PIXMAN_a8r8g8b8},
	{DRM_FORMAT_XBGR8888, PIXMAN_x8b8g8r8},
	{DRM_FORMAT_ABGR8888, PIXMAN_a8b8g8r8},
	{DRM_FORMAT_RGBX8888, PIXMAN_r8g8b8x8},
	{DRM_FORMAT_RGBA8888, PIXMAN_r8g8b8a8},
	{DRM_FORMAT_BGRX8888, PIXMAN_b8g8r8x8},
	{DRM_FORMAT_BGRA8888, PIXMAN_b8g8r8a8},
	{DRM_FORMAT_RGB888, PIXMAN_r8g8b8},
	{DRM_FORMAT_BGR888, PIXMAN_b8g8r8},
	{DRM_FORMAT_RGB565, PIXMAN_r5g6b5},
	{DRM_FORMAT_BGR565, PIXMAN_b5g6r5},
	{DRM_FORMAT_XRGB1555, PIXMAN_x1r5g5b5},
	{DRM_FORMAT_ARGB1555, PIXMAN_a1r5g5b5},
	{DRM_FORMAT_XRGB2101010, PIXMAN_x2r10g10b10},
	{DRM_FORMAT_ARGB2101010, PIXMAN_a2r10g10b10},
	{DRM_FORMAT_XBGR2101010, PIXMAN_x2b10g10r10},
	{DRM_FORMAT_ABGR2101010, PIXMAN_a2b10g10r10},
};

static pixman_format_code_t find_format(uint32_t fourcc)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(formats); i++) {
		if (formats[i].fourcc == fourcc)
			return formats[i].pixman;
	}
	return 0;
}

/* The visible part of a plane. */
struct compose_rect {
	int32_t x, y;          /* on the crtc */
	uint32_t width, height;
	uint32_t skip_x, skip_y; /* crtc pixels of the plane cut off left and above */
};

/* False when nothing of the plane is on the screen. Works in 64 bits: any crtc_x is legal. */
static bool clip(const struct kms_compose_plane *plane, uint32_t width, uint32_t height,
	struct compose_rect *rect)
{
	int64_t left = plane->crtc_x, top = plane->crtc_y;
	int64_t right = left + plane->crtc_w, bottom = top + plane->crtc_h;

	left = left < 0 ? 0 : left;
	top = top < 0 ? 0 : top;
	right = right > width ? width : right;
	bottom = bottom > height ? height : bottom;
	if (left >= right || top >= bottom)
		return false;
	*rect = (struct compose_rect) {
		.x = left, .y = top, .width = right - left, .height = bottom - top,
		.skip_x = left - plane->crtc_x, .skip_y = top - plane->crtc_y,
	};
	return true;
}

/*
 * Source pixel under destination pixel i: the one under its centre. Without
 * scaling that is the integer part of the 16.16 offset plus i. The last line
 * guards against a source rectangle that leaves the framebuffer.
 */
static uint32_t source_index(uint32_t src, uint32_t src_size, uint32_t crtc_size, uint32_t i,
	uint32_t limit)
{
	uint64_t at;

	if (src_size == (uint64_t)crtc_size << 16)
		at = (src >> 16) + (uint64_t)i;
	else
		at = (src + (2 * (uint64_t)i + 1) * src_size / (2 * (uint64_t)crtc_size)) >> 16;
	return at < limit ? at : limit - 1;
}

static bool is_tiled(const struct kms_framebuffer *fb)
{
	return fb->modifier == I915_FORMAT_MOD_X_TILED;
}

/* Screen pixels are the framebuffer's pixels, none of them beyond its sides. */
static bool is_unscaled(const struct kms_compose_plane *plane, const struct compose_rect *rect)
{
	const struct kms_framebuffer *fb = plane->fb;
	uint64_t right = (plane->src_x >> 16) + (uint64_t)rect->skip_x + rect->width;
	uint64_t bottom = (plane->src_y >> 16) + (uint64_t)rect->skip_y + rect->height;

	return plane->src_w == (uint64_t)plane->crtc_w << 16 &&
		plane->src_h == (uint64_t)plane->crtc_h << 16 &&
		right <= fb->width && bottom <= fb->height;
}

/* pixman reads 32-bit words. */
static bool is_aligned(const struct kms_framebuffer *fb)
{
	return ((uintptr_t)fb->planes[0].pixels & 3) == 0 && (fb->planes[0].pitch & 3) == 0;
}

/* A row of pixels, linear. scratch (of pitch bytes): used for a tiled framebuffer. */
static const uint8_t *linear_row(const struct kms_framebuffer *fb, uint32_t row, uint8_t *scratch)
{
	uint32_t pitch = fb->planes[0].pitch;

	if (!is_tiled(fb))
		return fb->planes[0].pixels + (size_t)row * pitch;
	gem_tile_to_linear(scratch, pitch, fb->planes[0].pixels, pitch, GEM_TILING_X, 0, row,
		fb->width * fb->format->cpp[0], 1);
	return scratch;
}

/*
 * A copy of the visible part in the plane's own format, scaled (nearest) and
 * aligned, for what pixman's untransformed paths cannot take. NULL: no memory.
 */
static uint8_t *gather(const struct kms_compose_plane *plane, const struct compose_rect *rect,
	uint32_t *pitch)
{
	const struct kms_framebuffer *fb = plane->fb;
	unsigned cpp = fb->format->cpp[0];

	*pitch = GEM_ALIGN(rect->width * cpp, 4u);
	uint8_t *copy = malloc((size_t)*pitch * rect->height);
	uint32_t *columns = malloc(rect->width * sizeof(*columns));
	uint8_t *scratch = malloc(fb->planes[0].pitch);
	if (!copy || !columns || !scratch) {
		free(copy);
		free(columns);
		free(scratch);
		return NULL;
	}
	for (uint32_t x = 0; x < rect->width; x++)
		columns[x] = cpp * source_index(plane->src_x, plane->src_w, plane->crtc_w,
			rect->skip_x + x, fb->width);
	for (uint32_t y = 0; y < rect->height; y++) {
		uint32_t row = source_index(plane->src_y, plane->src_h, plane->crtc_h,
			rect->skip_y + y, fb->height);
		const uint8_t *from = linear_row(fb, row, scratch);
		uint8_t *to = copy + (size_t)y * *pitch;
		for (uint32_t x = 0; x < rect->width; x++, to += cpp)
			memcpy(to, from + columns[x], cpp);
	}
	free(columns);
	free(scratch);
	return copy;
}

/* Only the visible part is an image, so that no read can leave the framebuffer. */
static void compose_pixels(pixman_image_t *out, const struct kms_format *format,
	const uint8_t *pixels, uint32_t pitch, const struct compose_rect *rect)
{
	pixman_image_t *image = pixman_image_create_bits_no_clear(find_format(format->fourcc),
		rect->width, rect->height, (uint32_t *)pixels, pitch);

	if (!image)
		return;
	pixman_image_composite32(format->has_alpha ? PIXMAN_OP_OVER : PIXMAN_OP_SRC, image, NULL,
		out, 0, 0, 0, 0, rect->x, rect->y, rect->width, rect->height);
	pixman_image_unref(image);
}

/* Two rows of tiles at a time: they are still in the cache when pixman reads them. */
static void compose_tiled(pixman_image_t *out, const struct kms_compose_plane *plane,
	const struct compose_rect *rect)
{
	const struct kms_framebuffer *fb = plane->fb;
	uint32_t cpp = fb->format->cpp[0], band = 2 * gem_tile_height(GEM_TILING_X);
	uint32_t left = ((plane->src_x >> 16) + rect->skip_x) * cpp;
	uint32_t top = (plane->src_y >> 16) + rect->skip_y;
	uint32_t pitch = GEM_ALIGN(rect->width * cpp, 4u);
	uint8_t *linear = malloc((size_t)pitch * band);

	for (uint32_t done = 0; linear && done < rect->height;) {
		uint32_t rows = band - (top + done) % band;
		struct compose_rect part = *rect;

		part.y += done;
		part.height = rows < rect->height - done ? rows : rect->height - done;
		gem_tile_to_linear(linear, pitch, fb->planes[0].pixels, fb->planes[0].pitch,
			GEM_TILING_X, left, top + done, rect->width * cpp, part.height);
		compose_pixels(out, fb->format, linear, pitch, &part);
		done += part.height;
	}
	free(linear);
}

static void compose_plane(pixman_image_t *out, const struct kms_compose_plane *plane,
	const struct compose_rect *rect)
{
	const struct kms_framebuffer *fb = plane->fb;
	uint32_t pitch = fb->planes[0].pitch;
	bool unscaled = is_unscaled(plane, rect);

	if (unscaled && is_tiled(fb)) {
		compose_tiled(out, plane, rect);
	} else if (unscaled && is_aligned(fb)) {
		compose_pixels(out, fb->format, fb->planes[0].pixels +
			((plane->src_y >> 16) + (size_t)rect->skip_y) * pitch +
			((plane->src_x >> 16) + (size_t)rect->skip_x) * fb->format->cpp[0],
			pitch, rect);
	} else {
		uint8_t *copy = gather(plane, rect, &pitch);
		if (copy)
			compose_pixels(out, fb->format, copy, pitch, rect);
		free(copy);
	}
}

static bool covers(const struct kms_compose_plane *plane, const struct compose_rect *rect,
	uint32_t width, uint32_t height)
{
	return !plane->fb->format->has_alpha && rect->width == width && rect->height == height;
}

void kms_compose(uint8_t *out, uint32_t width, uint32_t height, uint32_t pitch,
	const struct kms_compose_plane *planes, unsigned count,
	const struct kms_compose_color *color)
{
	struct compose_rect rects[KMS_MAX_PLANES];
	bool visible[KMS_MAX_PLANES];
	unsigned first = count;

	/* What lies below an opaque plane that covers the screen is not looked at. */
	for (unsigned i = 0; i < count; i++)
		visible[i] = find_format(planes[i].fb->format->fourcc) &&
			clip(&planes[i], width, height, &rects[i]);
	while (first > 0 && !(visible[first - 1] &&
			covers(&planes[first - 1], &rects[first - 1], width, height)))
		first--;

	/* Target with alpha: pixman then writes X = 0xff, and OVER on it keeps it. */
	pixman_image_t *image = pixman_image_create_bits_no_clear(PIXMAN_a8r8g8b8, width, height,
		(uint32_t *)out, pitch);
	if (!image)
		return;
	if (first == 0)
		pixman_fill((uint32_t *)out, pitch / 4, 32, 0, 0, width, height, 0xff000000);
	for (unsigned i = first ? first - 1 : 0; i < count; i++) {
		if (visible[i])
			compose_plane(image, &planes[i], &rects[i]);
	}
	pixman_image_unref(image);
}
