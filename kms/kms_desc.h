/*
 * What a display device can, as plain data: kms_device_create makes a device of
 * it, and nothing else in kms knows of particular devices. Descriptions come
 * from C (kms_desc_default.c), files or dumps of real devices. Zero means "not
 * there" everywhere, so that a description names only what its device has.
 */
#ifndef KMS_DESC_H
#define KMS_DESC_H

#include <stdbool.h>
#include <stdint.h>

#include <drm_mode.h>

#include "kms_color.h"

#define KMS_MAX_CRTCS 32
#define KMS_MAX_PLANES 64
#define KMS_MAX_CONNECTORS 32
#define KMS_MAX_MODES 64
#define KMS_MAX_FORMATS 64 /* of a plane: IN_FORMATS' masks have as many bits */
#define KMS_MAX_MODIFIERS 16
#define KMS_MAX_LUT_SIZE 4096
#define KMS_MAX_EDID_SIZE (256 * 128)

/* Scaling factors are 16.16, source through destination: below KMS_SCALE_ONE = enlarged. */
#define KMS_SCALE_ONE (1u << 16)

/* Values of the planes' "type" property; the uAPI headers have no names for them. */
enum kms_plane_type {
	KMS_PLANE_OVERLAY,
	KMS_PLANE_PRIMARY,
	KMS_PLANE_CURSOR,
};

/* One modifier that a plane takes, and for which of its formats. */
struct kms_modifier_desc {
	uint64_t modifier; /* LINEAR or I915_FORMAT_MOD_X_TILED: what composition reads */
	uint64_t formats;  /* bit i = kms_plane_desc.formats[i]; 0 = all */
};

struct kms_size_hint {
	uint16_t width, height;
};

struct kms_plane_desc {
	uint32_t type;           /* enum kms_plane_type */
	uint32_t possible_crtcs; /* bit i = crtc i */
	const uint32_t *formats; /* fourccs */
	unsigned format_count;
	/*
	 * zpos: immutable has range {zpos, zpos} in its property (a wider one
	 * makes clients set it, and fail); mutable {zpos_min, zpos_max}.
	 */
	uint32_t zpos;
	bool zpos_mutable;
	uint32_t zpos_min, zpos_max;
	const struct kms_modifier_desc *modifiers; /* none = LINEAR for all formats */
	unsigned modifier_count;
	uint32_t rotations;       /* DRM_MODE_ROTATE_* and REFLECT_*; with it, ROTATE_0 must be in */
	bool alpha;
	uint32_t blends;          /* bit = enum kms_blend; 0 = no property, premultiplied */
	uint32_t color_encodings; /* bit = enum kms_color_encoding; both or none */
	uint32_t color_ranges;    /* bit = enum kms_color_range */
	enum kms_color_encoding color_encoding; /* the first values */
	enum kms_color_range color_range;
	uint32_t min_scale, max_scale; /* bounds of src / dst; 0 = KMS_SCALE_ONE: none */
	uint32_t max_src_width, max_src_height; /* pixels read by it; 0 = no limit */
	/* A primary plane may leave parts of its crtc free; other types always may. */
	bool positionable;
	bool damage_clips; /* FB_DAMAGE_CLIPS */
	bool async_flip;   /* may flip with DRM_MODE_PAGE_FLIP_ASYNC */
	const struct kms_size_hint *size_hints; /* SIZE_HINTS, best first */
	unsigned size_hint_count;
};

struct kms_crtc_desc {
	uint32_t degamma_size, gamma_size; /* LUT entries; 0 = no such LUT */
	bool ctm;
	bool vrr;            /* can follow VRR_ENABLED */
	bool needs_primary;  /* can not be active without its primary plane */
	/* Limits, 0 = none. */
	unsigned max_planes;     /* on it at once */
	unsigned max_scalers;    /* planes on it that scale, at once */
	uint32_t max_clock;      /* of a mode, kHz */
	uint64_t max_pixel_rate; /* pixels that its planes read in a second */
};

/* Values of the "panel orientation" property, plus one. */
enum kms_panel_orientation {
	KMS_PANEL_UNKNOWN, /* no property */
	KMS_PANEL_NORMAL,
	KMS_PANEL_UPSIDE_DOWN,
	KMS_PANEL_LEFT_UP,
	KMS_PANEL_RIGHT_UP,
};

/*
 * A connector and its encoder, which have the same index. A writeback connector
 * (DRM_MODE_CONNECTOR_WRITEBACK) has no monitor: only type, possible_crtcs,
 * possible_clones and formats count.
 */
struct kms_connector_desc {
	uint32_t type;           /* DRM_MODE_CONNECTOR_* */
	uint32_t possible_crtcs;
	bool connected;
	const char *monitor;     /* name in the EDID, <= 13 characters */
	const struct drm_mode_modeinfo *modes; /* first = preferred */
	unsigned mode_count;
	uint32_t possible_clones; /* encoders that may share its crtc; its own is always in */
	uint32_t encoder_type;    /* DRM_MODE_ENCODER_*; NONE = VIRTUAL */
	const void *edid;         /* whole blocks of 128 bytes; NULL = built from the modes */
	unsigned edid_size;
	uint32_t mm_width, mm_height; /* 0 = from 96 dpi */
	uint32_t subpixel;        /* as GETCONNECTOR has it; 0 = unknown */
	bool non_desktop;
	enum kms_panel_orientation panel_orientation;
	const char *tile;         /* TILE, as the kernel prints it: "1:1:2:1:0:0:1920:2160" */
	bool content_type;        /* "content type" */
	uint32_t min_bpc, max_bpc; /* range of "max bpc"; 0 = no property */
	bool hdr_metadata;        /* HDR_OUTPUT_METADATA */
	uint32_t colorspaces;     /* bit = DRM_MODE_COLORIMETRY_*; 0 = no property */
	bool vrr;                 /* "vrr_capable" is there */
	bool vrr_capable;         /* its value */
	const uint32_t *formats;  /* writeback: fourccs */
	unsigned format_count;
};

struct kms_device_desc {
	uint32_t min_width, min_height, max_width, max_height; /* framebuffers, pixels */
	uint32_t cursor_width, cursor_height;                  /* DRM_CAP_CURSOR_* */
	unsigned crtc_count;
	const struct kms_crtc_desc *crtcs; /* crtc_count of them; NULL = all zero */
	const struct kms_plane_desc *planes;
	unsigned plane_count;
	const struct kms_connector_desc *connectors;
	unsigned connector_count;
	bool async_page_flip; /* DRM_CAP_ASYNC_PAGE_FLIP and its atomic sister */
};

/*
 * One crtc with primary, two overlays (which scale, rotate and blend) and a
 * cursor; one connected Virtual connector with 1024x768 preferred and the
 * standard sizes up to 1920x1080; a writeback connector.
 */
const struct kms_device_desc *kms_device_desc_default(void);

/*
 * Which plane of type (PRIMARY, CURSOR) is each crtc's own: in their order, each is
 * that of the first crtc it reaches that has none yet. Index, or -1 for none.
 */
void kms_device_desc_match(const struct kms_device_desc *desc, enum kms_plane_type type,
	int planes[KMS_MAX_CRTCS]);

/*
 * -EINVAL: counts beyond the limits or zero, a crtc without a primary plane of
 * its own, a plane or connector that reaches no crtc, an unknown format or
 * modifier, masks with unknown bits, values outside of their ranges, a bad
 * mode or EDID. The log names what is wrong.
 */
int kms_device_desc_check(const struct kms_device_desc *desc);

#endif
