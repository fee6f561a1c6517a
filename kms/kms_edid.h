/*
 * EDIDs, read and written (VESA E-EDID A2, EDID 1.4; CTA-861-G extension blocks). What
 * is read may come from anywhere: every byte is checked before it is believed, and what
 * contradicts itself is left out.
 */
#ifndef KMS_EDID_H
#define KMS_EDID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kms_desc.h"

struct kms_edid_info {
	char vendor[4];       /* three letters */
	uint16_t product;
	uint32_t serial;
	unsigned year;
	char name[14], serial_text[14]; /* "" = not there; printable characters only */
	uint32_t mm_width, mm_height;   /* 0 = unknown, or it changes (projector) */
	unsigned bpc;                   /* 0 = not said */
	uint16_t chromaticity[8];       /* red, green, blue, white: x and y, of 1024 */
	/* Range limits, 0 = not there: Hz, kHz, kHz. */
	unsigned min_hz, max_hz, min_line_khz, max_line_khz, max_clock;
	bool continuous;      /* any refresh within the range, so VRR */
	bool hdmi;            /* HDMI's vendor block is there */
	uint8_t eotfs;        /* of HDR static metadata, bits as CTA-861's; 0 = no such block */
	/* First = preferred, none twice; names and rates filled in. */
	struct drm_mode_modeinfo modes[KMS_MAX_MODES];
	unsigned mode_count;
};

/*
 * -EINVAL: no EDID (size, header, the base block's sum). Extension blocks with a wrong sum
 * and those of other kinds do not count. info->mode_count may be 0.
 */
int kms_edid_parse(const void *edid, size_t size, struct kms_edid_info *info);

/* What an EDID is to say. */
struct kms_edid_wish {
	const char *name;       /* the first 13 characters count */
	uint32_t serial;
	const struct drm_mode_modeinfo *modes; /* first = preferred */
	unsigned mode_count;
	uint32_t mm_width, mm_height; /* 0 = from 96 dpi */
	uint32_t connector_type; /* DRM_MODE_CONNECTOR_*: the interface, HDMI's block */
	bool vrr;               /* any refresh from 48 Hz (or the modes' lowest) to the highest */
	bool hdr;               /* BT.2020 and the PQ curve; in the extension */
	/* With a CTA-861 block: HDMI's, and for what the base block has no room. */
	bool extension;
};

#define KMS_EDID_MADE_MAX 256
/*
 * Bytes of edid: 128, or 256 with the extension. Modes it cannot express are left out.
 * HDMI wants EDID 1.3, the others get 1.4.
 */
unsigned kms_edid_make(uint8_t edid[KMS_EDID_MADE_MAX], const struct kms_edid_wish *wish);

/* ---- between the files ---- */

static inline bool kms_edid_is_hdmi(const struct kms_edid_wish *wish)
{
	return wish->connector_type == DRM_MODE_CONNECTOR_HDMIA ||
		wish->connector_type == DRM_MODE_CONNECTOR_HDMIB;
}

/* Whether a detailed timing can say mode: its bits, and no clock below 10 MHz. */
bool kms_edid_fits_detailed(const struct drm_mode_modeinfo *mode);
/* 18 bytes; the size in millimetres. */
void kms_edid_put_detailed(uint8_t *out, const struct drm_mode_modeinfo *mode, unsigned mm_width,
	unsigned mm_height);
/* Modes of wish that only the extension can say, bit = index. */
void kms_edid_put_cta(uint8_t *block, const struct kms_edid_wish *wish, uint64_t modes,
	unsigned mm_width, unsigned mm_height);
/* The last byte of a block. */
void kms_edid_put_sum(uint8_t *block);

/* Adds mode when it is possible, new, and there is room. */
void kms_edid_add_mode(struct kms_edid_info *info, const struct drm_mode_modeinfo *mode);
/* An 18-byte descriptor that is a detailed timing; of interlaced ones both fields. */
void kms_edid_add_detailed(struct kms_edid_info *info, const uint8_t *d);
/* A CTA-861 extension block of 128 bytes. */
void kms_edid_parse_cta(struct kms_edid_info *info, const uint8_t *block);

/* Timings of a CTA-861 video identification code; NULL for those that are not known. */
const struct drm_mode_modeinfo *kms_vic_mode(unsigned vic);
/* The code of a mode, the first that has its timings; 0: none. */
unsigned kms_vic_of_mode(const struct drm_mode_modeinfo *mode);

#endif
