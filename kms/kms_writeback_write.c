/* A frame into a writeback framebuffer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gem_tiling.h"
#include "kms_writeback_write.h"

static bool is_deep(uint32_t fourcc)
{
	return fourcc == DRM_FORMAT_XRGB16161616 || fourcc == DRM_FORMAT_ARGB16161616;
}

static bool is_plain(uint32_t fourcc)
{
	return fourcc == DRM_FORMAT_XRGB8888 || fourcc == DRM_FORMAT_ARGB8888;
}

/* A share of 255 as the nearest one of most. */
static unsigned reduce(unsigned value, unsigned most)
{
	return (2 * value * most + 255) / 510;
}

static void pack_565(uint8_t *to, const uint8_t *from, uint32_t width)
{
	for (uint32_t x = 0; x < width; x++, from += 4) {
		uint16_t pixel = reduce(from[2], 31) << 11 | reduce(from[1], 63) << 5 |
			reduce(from[0], 31);
		memcpy(to + 2 * x, &pixel, sizeof(pixel));
	}
}

static void write_row(const struct kms_framebuffer *fb, uint32_t y, const uint8_t *row)
{
	uint8_t *pixels = (uint8_t *)fb->planes[0].pixels;
	uint32_t pitch = fb->planes[0].pitch, bytes = fb->width * fb->format->cpp[0];

	if (fb->modifier == I915_FORMAT_MOD_X_TILED)
		gem_linear_to_tile(pixels, pitch, GEM_TILING_X, row, bytes, 0, y, bytes, 1);
	else
		memcpy(pixels + (size_t)y * pitch, row, bytes);
}

static int copy(const struct kms_framebuffer *fb, const uint8_t *pixels)
{
	uint8_t *packed = NULL;

	if (fb->format->fourcc == DRM_FORMAT_RGB565) {
		packed = malloc(fb->width * 2);
		if (!packed)
			return -ENOMEM;
	}
	for (uint32_t y = 0; y < fb->height; y++) {
		const uint8_t *row = pixels + (size_t)y * fb->width *
			(is_deep(fb->format->fourcc) ? 8 : 4);
		if (packed)
			pack_565(packed, row, fb->width);
		write_row(fb, y, packed ? packed : row);
	}
	free(packed);
	return 0;
}

/* Composed right where it belongs. False: not that kind of framebuffer. */
static bool target_in_place(const struct kms_framebuffer *fb, struct kms_compose_target *target)
{
	bool deep = is_deep(fb->format->fourcc);
	unsigned mask = deep ? 7 : 3;

	if ((!deep && !is_plain(fb->format->fourcc)) || fb->modifier != DRM_FORMAT_MOD_LINEAR ||
			((uintptr_t)fb->planes[0].pixels & mask) || (fb->planes[0].pitch & mask))
		return false;
	*target = (struct kms_compose_target) {
		.pixels = (uint8_t *)fb->planes[0].pixels, .width = fb->width,
		.height = fb->height, .pitch = fb->planes[0].pitch, .deep = deep,
	};
	return true;
}

static int compose_and_copy(const struct kms_snapshot *shot, const struct kms_framebuffer *fb)
{
	struct kms_compose_target target = {
		.width = fb->width, .height = fb->height, .deep = is_deep(fb->format->fourcc),
	};

	target.pitch = fb->width * (target.deep ? 8 : 4);
	target.pixels = malloc((size_t)target.pitch * target.height);
	if (!target.pixels)
		return -ENOMEM;
	int ret = kms_snapshot_compose(shot, &target);
	if (ret == 0)
		ret = copy(fb, target.pixels);
	free(target.pixels);
	return ret;
}

int kms_writeback_write(const struct kms_snapshot *shot, const uint8_t *composed,
	const struct kms_framebuffer *fb)
{
	struct kms_compose_target target;
	uint32_t fourcc = fb->format->fourcc;

	if (fb->width != shot->width || fb->height != shot->height)
		return -EINVAL;
	if (!is_deep(fourcc) && !is_plain(fourcc) && fourcc != DRM_FORMAT_RGB565)
		return -EINVAL;
	if (composed && !is_deep(fourcc))
		return copy(fb, composed);
	if (target_in_place(fb, &target))
		return kms_snapshot_compose(shot, &target);
	return compose_and_copy(shot, fb);
}
