/*
 * Where the bits of a format's pixels are: what a sampler needs to read them.
 * Little endian, as drm_fourcc.h defines all of them.
 */
#ifndef KMS_LAYOUT_H
#define KMS_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <drm_fourcc.h>
#include <pixman.h>

enum kms_layout_kind {
	KMS_LAYOUT_RGB,   /* channels of up to 10 bits in a word of 8 to 32 */
	KMS_LAYOUT_RGB16, /* four words of 16 bits */
	KMS_LAYOUT_HALF,  /* four floats of 16 bits */
	KMS_LAYOUT_GREY,  /* C8: an index, which the gamma LUT makes a colour */
	KMS_LAYOUT_RED,
	KMS_LAYOUT_YUV,
};

struct kms_channel {
	uint8_t shift, bits;
};

/* Where one component's samples are. */
struct kms_stream {
	uint8_t plane;  /* of the framebuffer */
	uint8_t offset; /* bytes, of the first sample */
	uint8_t step;   /* bytes from one to the next */
	bool subsampled; /* by the layout's hsub, vsub */
};

struct kms_layout {
	uint32_t fourcc;
	enum kms_layout_kind kind;
	uint8_t cpp;                      /* of plane 0; not YUV */
	struct kms_channel r, g, b, a;    /* RGB; a.bits 0 = opaque */
	bool swap;                        /* RGB16, HALF: red is the lowest word */
	bool alpha;
	bool deep;                        /* more than 8 bits a channel */
	pixman_format_code_t pixman;      /* 0 = pixman cannot, or not in 8 bits */
	pixman_format_code_t pixman_opaque; /* the same with its alpha ignored */
	struct kms_stream streams[3];     /* Y, U, V; the others: streams[0] only */
	uint8_t stream_count;
	uint8_t sample_bits;              /* YUV: of a sample, at the top of its word */
	uint8_t hsub, vsub;               /* YUV */
};

/* NULL for a format that composition does not read. */
const struct kms_layout *kms_layout_find(uint32_t fourcc);

#endif
