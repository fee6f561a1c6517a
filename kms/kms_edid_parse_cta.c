/* Reading a CTA-861 extension block: data blocks from byte 4, then detailed timings. */
#include "kms_edid.h"

enum {
	TAG_VIDEO = 2, TAG_VENDOR = 3, TAG_EXTENDED = 7,
	EXTENDED_HDR_STATIC = 6,
	DESCRIPTOR = 18,
};

/* A short video descriptor; codes up to 64 have a bit for "native". */
static unsigned vic_of(uint8_t svd)
{
	return svd > 128 && svd <= 192 ? svd & 127 : svd;
}

static void take_video(struct kms_edid_info *info, const uint8_t *data, unsigned length)
{
	for (unsigned i = 0; i < length; i++) {
		const struct drm_mode_modeinfo *mode = kms_vic_mode(vic_of(data[i]));

		if (mode)
			kms_edid_add_mode(info, mode);
	}
}

static void take_data_block(struct kms_edid_info *info, unsigned tag, const uint8_t *data,
	unsigned length)
{
	switch (tag) {
	case TAG_VIDEO:
		take_video(info, data, length);
		break;
	case TAG_VENDOR: /* IEEE's number of HDMI's, lowest byte first */
		if (length >= 5 && data[0] == 0x03 && data[1] == 0x0c && data[2] == 0x00)
			info->hdmi = true;
		break;
	case TAG_EXTENDED:
		if (length >= 3 && data[0] == EXTENDED_HDR_STATIC)
			info->eotfs = data[1] & 0x3f;
		break;
	}
}

void kms_edid_parse_cta(struct kms_edid_info *info, const uint8_t *block)
{
	unsigned timings = block[2], at = 4;

	/* 0: nothing of either; below 4 it would be the header. The last byte is the sum. */
	if (timings < 4 || timings > 127)
		return;
	/* Data blocks are of revision 3. */
	while (block[1] >= 3 && at < timings) {
		unsigned length = block[at] & 31;

		if (at + 1 + length > timings)
			break;
		take_data_block(info, block[at] >> 5, block + at + 1, length);
		at += 1 + length;
	}
	for (at = timings; at + DESCRIPTOR <= 127 && (block[at] || block[at + 1]);
	     at += DESCRIPTOR)
		kms_edid_add_detailed(info, block + at);
}
