/*
 * Writing a CTA-861 extension block: data blocks (each a byte of tag and length, then
 * its bytes), then detailed timings.
 */
#include <string.h>

#include "kms_edid.h"

enum {
	TAG_VIDEO = 2, TAG_VENDOR = 3, TAG_EXTENDED = 7,
	DESCRIPTOR = 18,
	HDMI_1_MAX_CLOCK = 340000, /* kHz; beyond it HDMI 2 has a block of its own */
};

/* Data blocks grow from byte 4; what has no room is left out. */
struct cta {
	uint8_t *block;
	unsigned used;
};

static void put_block(struct cta *cta, unsigned tag, const uint8_t *data, unsigned length)
{
	if (length > 31 || cta->used + 1 + length > 127)
		return;
	cta->block[cta->used++] = tag << 5 | length;
	memcpy(cta->block + cta->used, data, length);
	cta->used += length;
}

/*
 * Every mode with a code is in it, said elsewhere or not: sinks do, and sources look
 * here. 640x480 (code 1) is in it in any case: no sink may be without.
 */
static uint64_t put_video(struct cta *cta, const struct kms_edid_wish *wish)
{
	uint8_t vics[31];
	unsigned count = 0;
	uint64_t said = 0;

	for (unsigned i = 0; i < wish->mode_count && count < sizeof(vics) - 1; i++) {
		unsigned vic = kms_vic_of_mode(&wish->modes[i]);

		if (!vic)
			continue;
		vics[count++] = vic;
		said |= 1ull << i;
	}
	if (!memchr(vics, 1, count))
		vics[count++] = 1;
	put_block(cta, TAG_VIDEO, vics, count);
	return said;
}

static uint32_t highest_clock(const struct kms_edid_wish *wish)
{
	uint32_t clock = 0;

	for (unsigned i = 0; i < wish->mode_count; i++) {
		if (wish->modes[i].clock > clock)
			clock = wish->modes[i].clock;
	}
	return clock;
}

/* TMDS clocks are in 5 MHz. */
static void put_hdmi(struct cta *cta, const struct kms_edid_wish *wish)
{
	uint32_t clock = highest_clock(wish);
	uint32_t first = clock < HDMI_1_MAX_CLOCK ? clock : HDMI_1_MAX_CLOCK;
	uint32_t second = clock < 600000 ? clock : 600000;
	/* HDMI Licensing; address 1.0.0.0; nothing optional; the highest clock */
	const uint8_t hdmi[] = {0x03, 0x0c, 0x00, 0x10, 0x00, 0x00, (first + 4999) / 5000};
	/* HDMI Forum; version 1; the highest clock; SCDC is there; no deep 4:2:0 */
	const uint8_t forum[] = {0xd8, 0x5d, 0xc4, 1, (second + 4999) / 5000, 0x80, 0x00};

	put_block(cta, TAG_VENDOR, hdmi, sizeof(hdmi));
	if (clock > HDMI_1_MAX_CLOCK)
		put_block(cta, TAG_VENDOR, forum, sizeof(forum));
}

static void put_capabilities(struct cta *cta, const struct kms_edid_wish *wish)
{
	/* Video capabilities: RGB range selectable; IT and CE formats are underscanned. */
	static const uint8_t video[] = {0, 0x40 | 2 << 2 | 2};
	/* Colorimetry: BT.2020 RGB. */
	static const uint8_t colorimetry[] = {5, 0x80, 0x00};
	/* HDR static metadata type 1: SDR and PQ; 400 and 200 cd/m2 at most, 0.05 at least. */
	static const uint8_t hdr[] = {6, 0x01 | 0x04, 0x01, 96, 64, 28};

	put_block(cta, TAG_EXTENDED, video, sizeof(video));
	if (!wish->hdr)
		return;
	put_block(cta, TAG_EXTENDED, colorimetry, sizeof(colorimetry));
	put_block(cta, TAG_EXTENDED, hdr, sizeof(hdr));
}

void kms_edid_put_cta(uint8_t *block, const struct kms_edid_wish *wish, uint64_t modes,
	unsigned mm_width, unsigned mm_height)
{
	struct cta cta = {block, 4};

	block[0] = 0x02;
	block[1] = 3;
	modes &= ~put_video(&cta, wish);
	put_capabilities(&cta, wish);
	if (kms_edid_is_hdmi(wish))
		put_hdmi(&cta, wish);
	block[2] = cta.used;
	block[3] = 0x80 | 1; /* IT formats are underscanned; one native timing, the preferred */
	for (unsigned i = 0; i < wish->mode_count && cta.used + DESCRIPTOR <= 127; i++) {
		if (!(modes >> i & 1) || !kms_edid_fits_detailed(&wish->modes[i]))
			continue;
		kms_edid_put_detailed(block + cta.used, &wish->modes[i], mm_width, mm_height);
		cta.used += DESCRIPTOR;
	}
	kms_edid_put_sum(block);
}
