#include <errno.h>
#include <string.h>

#include "kms_connector.h"
#include "kms_format.h"
#include "profile_names.h"

int profile_name(const struct profile_value *value, const struct profile_name *names,
	unsigned count, const char *what, uint64_t *out)
{
	const char *text;
	int ret = profile_string(value, &text);

	if (ret < 0)
		return ret;
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(names[i].name, text) == 0) {
			*out = names[i].value;
			return 0;
		}
	}
	return profile_wrong(value, "\"%s\" is no %s", text, what);
}

int profile_name_mask(const struct profile_value *value, const struct profile_name *names,
	unsigned count, const char *what, uint64_t *mask, uint64_t *first)
{
	unsigned entries;
	int ret = profile_list(value, 64, &entries);

	*mask = 0;
	for (unsigned i = 0; ret == 0 && i < entries; i++) {
		struct profile_value item = profile_item(value, i);
		uint64_t bit;

		ret = profile_name(&item, names, count, what, &bit);
		if (ret < 0)
			break;
		if (i == 0 && first)
			*first = bit;
		*mask |= 1ull << bit;
	}
	return ret;
}

/* ---- formats ---- */

#define FORMAT(name) {#name, DRM_FORMAT_##name}

static const struct profile_name formats[] = {
	FORMAT(XRGB8888), FORMAT(ARGB8888), FORMAT(XBGR8888), FORMAT(ABGR8888), FORMAT(RGBX8888),
	FORMAT(RGBA8888), FORMAT(BGRX8888), FORMAT(BGRA8888), FORMAT(RGB888), FORMAT(BGR888),
	FORMAT(RGB565), FORMAT(BGR565), FORMAT(XRGB1555), FORMAT(ARGB1555), FORMAT(XBGR1555),
	FORMAT(ABGR1555), FORMAT(XRGB4444), FORMAT(ARGB4444), FORMAT(XBGR4444), FORMAT(ABGR4444),
	FORMAT(XRGB2101010), FORMAT(ARGB2101010), FORMAT(XBGR2101010), FORMAT(ABGR2101010),
	FORMAT(RGBX1010102), FORMAT(RGBA1010102), FORMAT(BGRX1010102), FORMAT(BGRA1010102),
	FORMAT(XRGB16161616), FORMAT(ARGB16161616), FORMAT(XBGR16161616), FORMAT(ABGR16161616),
	FORMAT(XRGB16161616F), FORMAT(ARGB16161616F), FORMAT(XBGR16161616F),
	FORMAT(ABGR16161616F), FORMAT(C8), FORMAT(R8), FORMAT(NV12), FORMAT(NV21), FORMAT(NV16),
	FORMAT(NV61), FORMAT(NV24), FORMAT(NV42), FORMAT(P010), FORMAT(P012), FORMAT(P016),
	FORMAT(YUV420), FORMAT(YVU420), FORMAT(YUV422), FORMAT(YVU422), FORMAT(YUV444),
	FORMAT(YVU444), FORMAT(YUYV), FORMAT(YVYU), FORMAT(UYVY), FORMAT(VYUY),
};

static uint32_t fourcc_of(const char *text)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(formats); i++) {
		if (strcmp(formats[i].name, text) == 0)
			return formats[i].value;
	}
	return strlen(text) == 4 ? fourcc_code(text[0], text[1], text[2], text[3]) : 0;
}

static int read_format(const struct profile_value *value, uint32_t *out)
{
	const char *text;
	int ret = profile_string(value, &text);

	if (ret < 0)
		return ret;
	*out = fourcc_of(text);
	if (!kms_format_find(*out))
		return profile_wrong(value, "\"%s\" is no format that we can read", text);
	return 0;
}

int profile_formats(const struct profile_value *value, const uint32_t **out, unsigned *count)
{
	uint32_t *list;
	int ret = profile_list(value, KMS_MAX_FORMATS, count);

	if (ret < 0)
		return ret;
	list = profile_alloc(value->reader->profile, *count, sizeof(list[0]));
	if (!list)
		return profile_no_memory(value);
	for (unsigned i = 0; ret == 0 && i < *count; i++) {
		struct profile_value item = profile_item(value, i);

		ret = read_format(&item, &list[i]);
		for (unsigned j = 0; ret == 0 && j < i; j++) {
			if (list[j] == list[i])
				ret = profile_wrong(&item, "is there twice");
		}
	}
	*out = list;
	return ret;
}

int profile_modifier(const struct profile_value *value, uint64_t *out)
{
	static const struct profile_name modifiers[] = {
		{"LINEAR", DRM_FORMAT_MOD_LINEAR},
		{"X_TILED", I915_FORMAT_MOD_X_TILED},
	};
	int ret = profile_number(value, 0, UINT64_MAX, out);

	if (ret < 0)
		ret = profile_name(value, modifiers, GEM_ARRAY_SIZE(modifiers), "modifier", out);
	if (ret == 0 && *out != DRM_FORMAT_MOD_LINEAR && *out != I915_FORMAT_MOD_X_TILED)
		return profile_wrong(value, "is no layout that we can read");
	return ret;
}

/* ---- connectors ---- */

int profile_connector_type(const struct profile_value *value, uint32_t *out)
{
	const char *text;
	int ret = profile_string(value, &text);

	if (ret < 0)
		return ret;
	for (uint32_t type = 0; type <= DRM_MODE_CONNECTOR_USB; type++) {
		if (strcmp(kms_connector_type_name(type), text) == 0) {
			*out = type;
			return 0;
		}
	}
	return profile_wrong(value, "\"%s\" is no connector type (as \"HDMI-A\", \"DP\", "
		"\"Writeback\")", text);
}

int profile_encoder_type(const struct profile_value *value, uint32_t *out)
{
	static const struct profile_name types[] = {
		{"DAC", DRM_MODE_ENCODER_DAC}, {"TMDS", DRM_MODE_ENCODER_TMDS},
		{"LVDS", DRM_MODE_ENCODER_LVDS}, {"TVDAC", DRM_MODE_ENCODER_TVDAC},
		{"VIRTUAL", DRM_MODE_ENCODER_VIRTUAL}, {"DSI", DRM_MODE_ENCODER_DSI},
		{"DPMST", DRM_MODE_ENCODER_DPMST}, {"DPI", DRM_MODE_ENCODER_DPI},
	};
	uint64_t type;
	int ret = profile_name(value, types, GEM_ARRAY_SIZE(types), "encoder type", &type);

	if (ret == 0)
		*out = type;
	return ret;
}
