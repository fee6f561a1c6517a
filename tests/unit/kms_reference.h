/*
 * The obvious composer: for every pixel of the screen every plane from the bottom up,
 * fetch, convert, blend, as the headers of kms/ define it. It shares no code with them.
 */
#ifndef KMS_REFERENCE_H
#define KMS_REFERENCE_H

#include "kms_compose.h"

struct reference_format {
	const char *name;
	uint32_t fourcc;
	uint8_t cpp[3];
	/* position and width of red, green, blue, alpha; YUV: none */
	uint8_t shift[4], bits[4];
	char kind; /* 'i' integer channels, 'f' floats, 'c' C8, 'r' R8, 'y' YUV */
	uint8_t hsub, vsub, sample_bits; /* YUV */
	const char *order;               /* YUV: of the bytes of a plane each, "Y,UV" */
};

extern const struct reference_format reference_formats[];
extern const unsigned reference_format_count;
const struct reference_format *reference_format_find(uint32_t fourcc);
unsigned reference_planes(const struct reference_format *format);

/* XRGB8888, or with deep XRGB16161616, in rows without padding. */
void reference_compose(uint8_t *out, uint32_t width, uint32_t height, bool deep,
	const struct kms_compose_plane *planes, unsigned count,
	const struct kms_compose_color *color);

#endif
