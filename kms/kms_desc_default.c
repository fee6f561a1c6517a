/* The default device. */
#include <pthread.h>

#include "gem_base.h"
#include "kms_desc.h"
#include "kms_format.h"
#include "kms_mode.h"

static const uint32_t picture_formats[] = {
	DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888, DRM_FORMAT_XBGR8888, DRM_FORMAT_ABGR8888,
	DRM_FORMAT_RGB565,
};
static const uint32_t cursor_formats[] = {DRM_FORMAT_ARGB8888};

static const struct kms_modifier_desc picture_modifiers[] = {
	{DRM_FORMAT_MOD_LINEAR, 0}, {I915_FORMAT_MOD_X_TILED, 0},
};

#define PICTURES(type_, zpos_)                                                                	{.type = type_, .possible_crtcs = 1, .formats = picture_formats,                      		.format_count = GEM_ARRAY_SIZE(picture_formats), .zpos = zpos_,               		.modifiers = picture_modifiers,                                               		.modifier_count = GEM_ARRAY_SIZE(picture_modifiers)}

static const struct kms_plane_desc default_planes[] = {
	PICTURES(KMS_PLANE_PRIMARY, 0),
	PICTURES(KMS_PLANE_OVERLAY, 1),
	{.type = KMS_PLANE_CURSOR, .possible_crtcs = 1, .formats = cursor_formats,
		.format_count = GEM_ARRAY_SIZE(cursor_formats), .zpos = 2},
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
}};

static const struct kms_device_desc default_desc = {
	.max_width = 8192,
	.max_height = 8192,
	.cursor_width = 64,
	.cursor_height = 64,
	.crtc_count = 1,
	.planes = default_planes,
	.plane_count = GEM_ARRAY_SIZE(default_planes),
	.connectors = default_connectors,
	.connector_count = GEM_ARRAY_SIZE(default_connectors),
};

static void fill_default_modes(void)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(default_sizes); i++)
		kms_mode_standard(default_sizes[i][0], default_sizes[i][1], &default_modes[i]);
}

const struct kms_device_desc *kms_device_desc_default(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fill_default_modes);
	return &default_desc;
}

