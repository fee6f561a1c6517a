#include <errno.h>
#include <pthread.h>

#include "kms_desc.h"
#include "kms_format.h"
#include "kms_mode.h"

/* ---- the default device ---- */

static const uint32_t picture_formats[] = {
	DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888, DRM_FORMAT_XBGR8888, DRM_FORMAT_ABGR8888,
	DRM_FORMAT_RGB565,
};
static const uint32_t cursor_formats[] = {DRM_FORMAT_ARGB8888};

static const struct kms_plane_desc default_planes[] = {
	{KMS_PLANE_PRIMARY, 1, picture_formats, GEM_ARRAY_SIZE(picture_formats), 0},
	{KMS_PLANE_OVERLAY, 1, picture_formats, GEM_ARRAY_SIZE(picture_formats), 1},
	{KMS_PLANE_CURSOR, 1, cursor_formats, GEM_ARRAY_SIZE(cursor_formats), 2},
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

/* ---- checks ---- */

static int refuse(const char *what, unsigned index)
{
	gem_error("kms", "device description: %s %u", what, index);
	return -EINVAL;
}

static int check_planes(const struct kms_device_desc *desc, uint32_t all_crtcs)
{
	unsigned primaries[KMS_MAX_CRTCS] = {0};

	for (unsigned i = 0; i < desc->plane_count; i++) {
		const struct kms_plane_desc *plane = &desc->planes[i];
		if (plane->type > KMS_PLANE_CURSOR)
			return refuse("unknown type of plane", i);
		if (plane->possible_crtcs == 0 || (plane->possible_crtcs & ~all_crtcs))
			return refuse("possible crtcs of plane", i);
		if (plane->format_count == 0 || plane->format_count > 64)
			return refuse("number of formats of plane", i);
		for (unsigned j = 0; j < plane->format_count; j++) {
			if (!kms_format_find(plane->formats[j]))
				return refuse("unknown format of plane", i);
		}
		if (plane->type == KMS_PLANE_PRIMARY)
			primaries[__builtin_ctz(plane->possible_crtcs)]++;
	}
	for (unsigned i = 0; i < desc->crtc_count; i++) {
		if (primaries[i] != 1)
			return refuse("not one primary plane whose first crtc is crtc", i);
	}
	return 0;
}

static int check_connectors(const struct kms_device_desc *desc, uint32_t all_crtcs)
{
	for (unsigned i = 0; i < desc->connector_count; i++) {
		const struct kms_connector_desc *connector = &desc->connectors[i];
		if (connector->possible_crtcs == 0 || (connector->possible_crtcs & ~all_crtcs))
			return refuse("possible crtcs of connector", i);
		if (connector->mode_count > KMS_MAX_MODES ||
			(connector->connected && connector->mode_count == 0))
			return refuse("number of modes of connector", i);
		for (unsigned j = 0; j < connector->mode_count; j++) {
			if (kms_mode_check(&connector->modes[j]) < 0)
				return refuse("bad mode of connector", i);
		}
	}
	return 0;
}

int kms_device_desc_check(const struct kms_device_desc *desc)
{
	if (desc->crtc_count == 0 || desc->crtc_count > KMS_MAX_CRTCS)
		return refuse("number of crtcs:", desc->crtc_count);
	if (desc->plane_count > KMS_MAX_PLANES)
		return refuse("number of planes:", desc->plane_count);
	if (desc->connector_count > KMS_MAX_CONNECTORS)
		return refuse("number of connectors:", desc->connector_count);
	if (desc->max_width == 0 || desc->min_width > desc->max_width ||
		desc->max_height == 0 || desc->min_height > desc->max_height)
		return refuse("framebuffer limits, up to width", desc->max_width);

	uint32_t all_crtcs = (uint32_t)((1ull << desc->crtc_count) - 1);
	int ret = check_planes(desc, all_crtcs);
	return ret < 0 ? ret : check_connectors(desc, all_crtcs);
}
