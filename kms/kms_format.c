#include <stddef.h>

#include "gem_base.h"
#include "kms_format.h"

/*
 * What composition reads (kms_layout.c has the bits); a device's planes take some of
 * it. Depths as the kernel's; bpp is that of plane 0.
 */
static const struct kms_format formats[] = {
	{DRM_FORMAT_XRGB8888, 1, {4}, 1, 1, 24, 32, false, false},
	{DRM_FORMAT_ARGB8888, 1, {4}, 1, 1, 32, 32, true, false},
	{DRM_FORMAT_XBGR8888, 1, {4}, 1, 1, 24, 32, false, false},
	{DRM_FORMAT_ABGR8888, 1, {4}, 1, 1, 32, 32, true, false},
	{DRM_FORMAT_RGBX8888, 1, {4}, 1, 1, 24, 32, false, false},
	{DRM_FORMAT_RGBA8888, 1, {4}, 1, 1, 32, 32, true, false},
	{DRM_FORMAT_BGRX8888, 1, {4}, 1, 1, 24, 32, false, false},
	{DRM_FORMAT_BGRA8888, 1, {4}, 1, 1, 32, 32, true, false},
	{DRM_FORMAT_RGB888, 1, {3}, 1, 1, 24, 24, false, false},
	{DRM_FORMAT_BGR888, 1, {3}, 1, 1, 24, 24, false, false},
	{DRM_FORMAT_RGB565, 1, {2}, 1, 1, 16, 16, false, false},
	{DRM_FORMAT_BGR565, 1, {2}, 1, 1, 16, 16, false, false},
	{DRM_FORMAT_XRGB1555, 1, {2}, 1, 1, 15, 16, false, false},
	{DRM_FORMAT_ARGB1555, 1, {2}, 1, 1, 15, 16, true, false},
	{DRM_FORMAT_XBGR1555, 1, {2}, 1, 1, 15, 16, false, false},
	{DRM_FORMAT_ABGR1555, 1, {2}, 1, 1, 15, 16, true, false},
	{DRM_FORMAT_XRGB4444, 1, {2}, 1, 1, 0, 16, false, false},
	{DRM_FORMAT_ARGB4444, 1, {2}, 1, 1, 0, 16, true, false},
	{DRM_FORMAT_XBGR4444, 1, {2}, 1, 1, 0, 16, false, false},
	{DRM_FORMAT_ABGR4444, 1, {2}, 1, 1, 0, 16, true, false},
	{DRM_FORMAT_XRGB2101010, 1, {4}, 1, 1, 30, 32, false, false},
	{DRM_FORMAT_ARGB2101010, 1, {4}, 1, 1, 30, 32, true, false},
	{DRM_FORMAT_XBGR2101010, 1, {4}, 1, 1, 30, 32, false, false},
	{DRM_FORMAT_ABGR2101010, 1, {4}, 1, 1, 30, 32, true, false},
	{DRM_FORMAT_RGBX1010102, 1, {4}, 1, 1, 30, 32, false, false},
	{DRM_FORMAT_RGBA1010102, 1, {4}, 1, 1, 30, 32, true, false},
	{DRM_FORMAT_BGRX1010102, 1, {4}, 1, 1, 30, 32, false, false},
	{DRM_FORMAT_BGRA1010102, 1, {4}, 1, 1, 30, 32, true, false},
	{DRM_FORMAT_XRGB16161616, 1, {8}, 1, 1, 0, 64, false, false},
	{DRM_FORMAT_ARGB16161616, 1, {8}, 1, 1, 0, 64, true, false},
	{DRM_FORMAT_XBGR16161616, 1, {8}, 1, 1, 0, 64, false, false},
	{DRM_FORMAT_ABGR16161616, 1, {8}, 1, 1, 0, 64, true, false},
	{DRM_FORMAT_XRGB16161616F, 1, {8}, 1, 1, 0, 64, false, false},
	{DRM_FORMAT_ARGB16161616F, 1, {8}, 1, 1, 0, 64, true, false},
	{DRM_FORMAT_XBGR16161616F, 1, {8}, 1, 1, 0, 64, false, false},
	{DRM_FORMAT_ABGR16161616F, 1, {8}, 1, 1, 0, 64, true, false},
	{DRM_FORMAT_C8, 1, {1}, 1, 1, 8, 8, false, false},
	{DRM_FORMAT_R8, 1, {1}, 1, 1, 8, 8, false, false},
	{DRM_FORMAT_NV12, 2, {1, 2}, 2, 2, 0, 8, false, true},
	{DRM_FORMAT_NV21, 2, {1, 2}, 2, 2, 0, 8, false, true},
	{DRM_FORMAT_NV16, 2, {1, 2}, 2, 1, 0, 8, false, true},
	{DRM_FORMAT_NV61, 2, {1, 2}, 2, 1, 0, 8, false, true},
	{DRM_FORMAT_NV24, 2, {1, 2}, 1, 1, 0, 8, false, true},
	{DRM_FORMAT_NV42, 2, {1, 2}, 1, 1, 0, 8, false, true},
	{DRM_FORMAT_P010, 2, {2, 4}, 2, 2, 0, 16, false, true},
	{DRM_FORMAT_P012, 2, {2, 4}, 2, 2, 0, 16, false, true},
	{DRM_FORMAT_P016, 2, {2, 4}, 2, 2, 0, 16, false, true},
	{DRM_FORMAT_YUV420, 3, {1, 1, 1}, 2, 2, 0, 8, false, true},
	{DRM_FORMAT_YVU420, 3, {1, 1, 1}, 2, 2, 0, 8, false, true},
	{DRM_FORMAT_YUV422, 3, {1, 1, 1}, 2, 1, 0, 8, false, true},
	{DRM_FORMAT_YVU422, 3, {1, 1, 1}, 2, 1, 0, 8, false, true},
	{DRM_FORMAT_YUV444, 3, {1, 1, 1}, 1, 1, 0, 8, false, true},
	{DRM_FORMAT_YVU444, 3, {1, 1, 1}, 1, 1, 0, 8, false, true},
	{DRM_FORMAT_YUYV, 1, {2}, 2, 1, 0, 16, false, true},
	{DRM_FORMAT_YVYU, 1, {2}, 2, 1, 0, 16, false, true},
	{DRM_FORMAT_UYVY, 1, {2}, 2, 1, 0, 16, false, true},
	{DRM_FORMAT_VYUY, 1, {2}, 2, 1, 0, 16, false, true},
};

const struct kms_format *kms_format_find(uint32_t fourcc)
{
	for (size_t i = 0; i < GEM_ARRAY_SIZE(formats); i++) {
		if (formats[i].fourcc == fourcc)
			return &formats[i];
	}
	return NULL;
}

static const struct {
	uint32_t bpp, depth, fourcc;
} legacy_formats[] = {
	{8, 8, DRM_FORMAT_C8},
	{16, 15, DRM_FORMAT_XRGB1555},
	{16, 16, DRM_FORMAT_RGB565},
	{24, 24, DRM_FORMAT_RGB888},
	{32, 24, DRM_FORMAT_XRGB8888},
	{32, 30, DRM_FORMAT_XRGB2101010},
	{32, 32, DRM_FORMAT_ARGB8888},
};

uint32_t kms_format_from_legacy(uint32_t bpp, uint32_t depth)
{
	for (size_t i = 0; i < GEM_ARRAY_SIZE(legacy_formats); i++) {
		if (legacy_formats[i].bpp == bpp && legacy_formats[i].depth == depth)
			return legacy_formats[i].fourcc;
	}
	return 0;
}
