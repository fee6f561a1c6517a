/* Pixel formats the display engine reads, and their layout. */
#ifndef KMS_FORMAT_H
#define KMS_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include <drm_fourcc.h>

struct kms_format {
	uint32_t fourcc;
	uint8_t planes;
	uint8_t cpp[4];     /* bytes per sample of each plane */
	uint8_t hsub, vsub; /* subsampling of planes 1.. */
	uint8_t depth, bpp; /* what GETFB says of it */
	bool has_alpha;
	bool is_yuv;
};

/* NULL for a fourcc that no plane of ours could ever take. */
const struct kms_format *kms_format_find(uint32_t fourcc);
/* Legacy ADDFB's depth/bpp pair; 0 when unknown (kernel: drm_mode_legacy_fb_format). */
uint32_t kms_format_from_legacy(uint32_t bpp, uint32_t depth);

#endif
