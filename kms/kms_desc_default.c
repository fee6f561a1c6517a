/* The default device. */
#include <pthread.h>

#include "gem_base.h"
#include "kms_desc.h"
#include "kms_format.h"
#include "kms_mode.h"

/*
 * Pictures, then what video comes in, for overlays. A device offers what
 * composition reads: fill_planes leaves the others out.
 */
static const uint32_t picture_formats[] = {
	DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888, DRM_FORMAT_XBGR8888, DRM_FORMAT_ABGR8888,
	DRM_FORMAT_RGB565, DRM_FORMAT_XRGB2101010, DRM_FORMAT_ARGB2101010,
	DRM_FORMAT_XBGR2101010, DRM_FORMAT_ABGR2101010, DRM_FORMAT_XRGB16161616,
	DRM_FORMAT_ARGB16161616, DRM_FORMAT_XBGR16161616, DRM_FORMAT_ABGR16161616, DRM_FORMAT_C8,
};
static const uint32_t video_formats[] = {
	DRM_FORMAT_NV12, DRM_FORMAT_NV21, DRM_FORMAT_NV16, DRM_FORMAT_NV61, DRM_FORMAT_NV24,
	DRM_FORMAT_NV42, DRM_FORMAT_P010, DRM_FORMAT_YUV420, DRM_FORMAT_YVU420,
	DRM_FORMAT_YUV422, DRM_FORMAT_YUV444, DRM_FORMAT_YUYV, DRM_FORMAT_YVYU, DRM_FORMAT_UYVY,
	DRM_FORMAT_VYUY,
};
static const uint32_t cursor_formats[] = {DRM_FORMAT_ARGB8888};
static const uint32_t writeback_formats[] = {
	DRM_FORMAT_ARGB8888, DRM_FORMAT_XRGB8888, DRM_FORMAT_XRGB16161616, DRM_FORMAT_ARGB16161616,
	DRM_FORMAT_RGB565,
};

enum { PICTURES = GEM_ARRAY_SIZE(picture_formats), VIDEOS = GEM_ARRAY_SIZE(video_formats) };

/* Filled at first use: pictures first, so that the primary's are a part of it. */
static uint32_t overlay_formats[PICTURES + VIDEOS];
static struct kms_modifier_desc modifiers[] = {
	{DRM_FORMAT_MOD_LINEAR, 0}, {I915_FORMAT_MOD_X_TILED, 0}, /* pictures only: filled in */
};

#define BLENDS (1u << KMS_BLEND_NONE | 1u << KMS_BLEND_PREMULTI | 1u << KMS_BLEND_COVERAGE)
#define FLIPPED (DRM_MODE_ROTATE_0 | DRM_MODE_ROTATE_180 | DRM_MODE_REFLECT_X | DRM_MODE_REFLECT_Y)
#define OVERLAY(zpos_)                                                                        \
	{.type = KMS_PLANE_OVERLAY, .possible_crtcs = 1, .formats = overlay_formats,          \
		.modifiers = modifiers, .modifier_count = 2,                                  \
		.zpos = zpos_, .zpos_mutable = true, .zpos_min = 1, .zpos_max = 2,            \
		.rotations = FLIPPED | DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_270,              \
		.alpha = true, .blends = BLENDS, .damage_clips = true, .async_flip = true,    \
		.color_encodings = 7, .color_ranges = 3, .color_encoding = KMS_BT601,         \
		.color_range = KMS_RANGE_LIMITED,                                             \
		.min_scale = KMS_SCALE_ONE / 16, .max_scale = 4 * KMS_SCALE_ONE}

enum { PRIMARY, OVERLAY_1, CURSOR, OVERLAY_2, PLANES };

/* The formats' counts are known at first use. */
static struct kms_plane_desc default_planes[PLANES] = {
	[PRIMARY] = {.type = KMS_PLANE_PRIMARY, .possible_crtcs = 1, .formats = overlay_formats,
		.modifiers = modifiers, .modifier_count = 2, .rotations = FLIPPED, .alpha = true,
		.blends = BLENDS, .damage_clips = true, .async_flip = true},
	[OVERLAY_1] = OVERLAY(1),
	[CURSOR] = {.type = KMS_PLANE_CURSOR, .possible_crtcs = 1, .formats = cursor_formats,
		.format_count = GEM_ARRAY_SIZE(cursor_formats), .zpos = 3},
	[OVERLAY_2] = OVERLAY(2),
};

static const struct kms_crtc_desc default_crtcs[] = {
	{.degamma_size = 256, .gamma_size = 256, .ctm = true, .vrr = true},
};

/* The first is preferred; then from the largest down, as probed lists are sorted. */
static const uint16_t default_sizes[][2] = {
	{1024, 768}, {1920, 1080}, {1680, 1050}, {1600, 900}, {1280, 1024}, {1440, 900},
	{1280, 800}, {1280, 720}, {800, 600}, {640, 480},
};

static struct drm_mode_modeinfo default_modes[GEM_ARRAY_SIZE(default_sizes)];

static const struct kms_connector_desc default_connectors[] = {{
	.type = DRM_MODE_CONNECTOR_VIRTUAL,
	.possible_crtcs = 1,
	.connected = true,
	.monitor = "Testcard",
	.modes = default_modes,
	.mode_count = GEM_ARRAY_SIZE(default_modes),
	.content_type = true,
	.min_bpc = 6,
	.max_bpc = 12,
	.hdr_metadata = true,
	.colorspaces = 0xffff,
	.vrr = true,
	.vrr_capable = true,
	.possible_clones = 3,
}, {
	.type = DRM_MODE_CONNECTOR_WRITEBACK,
	.possible_crtcs = 1,
	.possible_clones = 3,
	.formats = writeback_formats,
	.format_count = GEM_ARRAY_SIZE(writeback_formats),
}};

static const struct kms_device_desc default_desc = {
	.max_width = 8192,
	.max_height = 8192,
	.cursor_width = 64,
	.cursor_height = 64,
	.crtc_count = GEM_ARRAY_SIZE(default_crtcs),
	.crtcs = default_crtcs,
	.planes = default_planes,
	.plane_count = GEM_ARRAY_SIZE(default_planes),
	.connectors = default_connectors,
	.connector_count = GEM_ARRAY_SIZE(default_connectors),
	.async_page_flip = true,
};

/* Known ones of formats at to; how many. */
static unsigned add_known(uint32_t *to, const uint32_t *formats, unsigned count)
{
	unsigned known = 0;

	for (unsigned i = 0; i < count; i++) {
		if (kms_format_find(formats[i]))
			to[known++] = formats[i];
	}
	return known;
}

static void fill(void)
{
	unsigned pictures = add_known(overlay_formats, picture_formats, PICTURES);
	unsigned videos = add_known(overlay_formats + pictures, video_formats, VIDEOS);

	modifiers[1].formats = (1ull << pictures) - 1;
	default_planes[PRIMARY].format_count = pictures;
	default_planes[OVERLAY_1].format_count = pictures + videos;
	default_planes[OVERLAY_2].format_count = pictures + videos;
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(default_sizes); i++)
		kms_mode_standard(default_sizes[i][0], default_sizes[i][1], &default_modes[i]);
}

const struct kms_device_desc *kms_device_desc_default(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fill);
	return &default_desc;
}
