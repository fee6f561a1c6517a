#include <drm_fourcc.h>

#include "compositor_format.h"
#include "gem_base.h"
#include "gpu_packet.h"

#define NATIVE(drm, code, bytes, has_alpha, gpu_format) \
	{DRM_FORMAT_##drm, PIXMAN_##code, bytes, has_alpha, DRM_FORMAT_##drm, gpu_format}
#define CONVERTED(drm, code, bytes, has_alpha, to) \
	{DRM_FORMAT_##drm, PIXMAN_##code, bytes, has_alpha, DRM_FORMAT_##to, 0}

/* Those of wlroots' pixman renderer: a client finds the same ones with either. */
static const struct compositor_format formats[] = {
	NATIVE(XRGB8888, x8r8g8b8, 4, false, GPU_FORMAT_X8R8G8B8),
	NATIVE(ARGB8888, a8r8g8b8, 4, true, GPU_FORMAT_A8R8G8B8),
	NATIVE(XBGR8888, x8b8g8r8, 4, false, GPU_FORMAT_X8B8G8R8),
	NATIVE(ABGR8888, a8b8g8r8, 4, true, GPU_FORMAT_A8B8G8R8),
	NATIVE(RGB565, r5g6b5, 2, false, GPU_FORMAT_R5G6B5),
	CONVERTED(BGR565, b5g6r5, 2, false, XRGB8888),
	CONVERTED(RGBX8888, r8g8b8x8, 4, false, XRGB8888),
	CONVERTED(RGBA8888, r8g8b8a8, 4, true, ARGB8888),
	CONVERTED(BGRX8888, b8g8r8x8, 4, false, XRGB8888),
	CONVERTED(BGRA8888, b8g8r8a8, 4, true, ARGB8888),
	NATIVE(XRGB2101010, x2r10g10b10, 4, false, GPU_FORMAT_X2R10G10B10),
	NATIVE(ARGB2101010, a2r10g10b10, 4, true, GPU_FORMAT_A2R10G10B10),
	CONVERTED(XBGR2101010, x2b10g10r10, 4, false, XRGB2101010),
	CONVERTED(ABGR2101010, a2b10g10r10, 4, true, ARGB2101010),
};

const struct compositor_format *compositor_format_find(uint32_t fourcc)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(formats); i++) {
		if (formats[i].fourcc == fourcc)
			return &formats[i];
	}
	return NULL;
}

bool compositor_format_is_native(const struct compositor_format *format)
{
	return format->texture_fourcc == format->fourcc;
}

const struct compositor_format *compositor_formats(size_t *count)
{
	*count = GEM_ARRAY_SIZE(formats);
	return formats;
}

const uint32_t *compositor_format_fourccs(size_t *count)
{
	static uint32_t fourccs[GEM_ARRAY_SIZE(formats)];

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(formats); i++)
		fourccs[i] = formats[i].fourcc;
	*count = GEM_ARRAY_SIZE(formats);
	return fourccs;
}

pixman_format_code_t compositor_format_pixman(uint32_t gpu)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(formats); i++) {
		if (compositor_format_is_native(&formats[i]) && formats[i].gpu == gpu)
			return formats[i].pixman;
	}
	return 0;
}
