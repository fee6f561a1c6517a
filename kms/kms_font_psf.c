/*
 * The two versions of PSF: a header, glyphs, and optionally which characters each glyph
 * is for: lists of code points (version 1: 16 bits each, version 2: UTF-8), in which
 * sequences of several code points may follow; those are of no use to us.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gem_base.h"
#include "kms_font.h"

enum {
	PSF1_MAGIC = 0x0436, PSF1_HEADER = 4,
	PSF1_512 = 1, PSF1_HAS_TABLE = 2, PSF1_HAS_SEQUENCES = 4,
	PSF1_SEQUENCE = 0xfffe, PSF1_END = 0xffff,
	PSF2_HEADER = 32, PSF2_HAS_TABLE = 1,
	PSF2_SEQUENCE = 0xfe, PSF2_END = 0xff,
};
#define PSF2_MAGIC 0x864ab572u

struct reader {
	const uint8_t *at, *end;
};

static uint32_t le16(const uint8_t *at)
{
	return at[0] | at[1] << 8;
}

static uint32_t le32(const uint8_t *at)
{
	return le16(at) | le16(at + 2) << 16;
}

/* ---- which glyph a character has ---- */

enum token { TOKEN_CODE, TOKEN_SEQUENCE, TOKEN_END, TOKEN_NOTHING };

static enum token next_token1(struct reader *reader, uint32_t *code)
{
	if (reader->end - reader->at < 2)
		return TOKEN_NOTHING;
	*code = le16(reader->at);
	reader->at += 2;
	return *code == PSF1_END ? TOKEN_END : *code == PSF1_SEQUENCE ? TOKEN_SEQUENCE : TOKEN_CODE;
}

/* A byte that is no UTF-8 counts as the character U+FFFD: the table goes on. */
static enum token next_token2(struct reader *reader, uint32_t *code)
{
	if (reader->at == reader->end)
		return TOKEN_NOTHING;
	uint8_t lead = *reader->at++;
	if (lead == PSF2_END || lead == PSF2_SEQUENCE)
		return lead == PSF2_END ? TOKEN_END : TOKEN_SEQUENCE;
	int more = lead < 0x80 ? 0 : lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;

	*code = lead < 0x80 ? lead : lead & (0x3f >> more);
	if (lead >= 0x80 && lead < 0xc0)
		*code = 0xfffd;
	for (; more > 0 && *code != 0xfffd; more--) {
		if (reader->at == reader->end || (*reader->at & 0xc0) != 0x80)
			*code = 0xfffd;
		else
			*code = *code << 6 | (*reader->at++ & 0x3f);
	}
	return TOKEN_CODE;
}

static int compare_codes(const void *a, const void *b)
{
	const struct kms_font_code *x = a, *y = b;

	if (x->code != y->code)
		return x->code < y->code ? -1 : 1;
	return x->glyph < y->glyph ? -1 : x->glyph > y->glyph;
}

/* Every byte of the table gives at most one code. */
static int parse_table(struct kms_font *font, struct reader reader,
	enum token (*next)(struct reader *reader, uint32_t *code))
{
	size_t room = reader.end - reader.at;
	struct kms_font_code *codes = room ? malloc(room * sizeof(*codes)) : NULL;
	uint32_t glyph = 0, count = 0, code = 0;
	bool sequence = false;

	if (!codes)
		return room ? -ENOMEM : -EINVAL;
	while (glyph < font->count) {
		enum token token = next(&reader, &code);

		if (token == TOKEN_NOTHING)
			break;
		if (token == TOKEN_END) {
			glyph++;
			sequence = false;
		} else if (token == TOKEN_SEQUENCE) {
			sequence = true;
		} else if (!sequence) {
			codes[count++] = (struct kms_font_code){code, glyph};
		}
	}
	qsort(codes, count, sizeof(*codes), compare_codes);
	font->codes = codes;
	font->code_count = count;
	return glyph == font->count && count > 0 ? 0 : -EINVAL;
}

/* ---- the files ---- */

static bool size_is_sane(const struct kms_font *font, uint64_t glyph_bytes)
{
	return font->width > 0 && font->width <= KMS_FONT_SIZE_MAX &&
	       font->height > 0 && font->height <= KMS_FONT_SIZE_MAX &&
	       font->count > 0 && font->count <= KMS_FONT_GLYPHS_MAX &&
	       glyph_bytes == (uint64_t)font->height * font->row_bytes;
}

/* Takes the glyphs out of reader. */
static int take_glyphs(struct kms_font *font, struct reader *reader)
{
	size_t size = (size_t)font->count * font->height * font->row_bytes;

	if ((size_t)(reader->end - reader->at) < size)
		return -EINVAL;
	uint8_t *glyphs = malloc(size);
	if (!glyphs)
		return -ENOMEM;
	memcpy(glyphs, reader->at, size);
	font->glyphs = glyphs;
	reader->at += size;
	return 0;
}

static int parse_psf1(struct kms_font *font, struct reader reader)
{
	uint8_t mode = reader.at[2];

	*font = (struct kms_font) {
		.width = 8, .height = reader.at[3], .row_bytes = 1,
		.count = mode & PSF1_512 ? 512 : 256,
	};
	reader.at += PSF1_HEADER;
	if (!size_is_sane(font, font->height))
		return -EINVAL;
	int ret = take_glyphs(font, &reader);
	if (ret == 0 && mode & (PSF1_HAS_TABLE | PSF1_HAS_SEQUENCES))
		ret = parse_table(font, reader, next_token1);
	return ret;
}

static int parse_psf2(struct kms_font *font, struct reader reader)
{
	const uint8_t *header = reader.at;
	uint32_t header_size = le32(header + 8);
	bool has_table = le32(header + 12) & PSF2_HAS_TABLE;

	*font = (struct kms_font) {
		.count = le32(header + 16), .height = le32(header + 24),
		.width = le32(header + 28),
	};
	font->row_bytes = font->width / 8 + (font->width % 8 != 0);
	if (le32(header + 4) != 0 || header_size < PSF2_HEADER ||
	    header_size > (size_t)(reader.end - reader.at) ||
	    !size_is_sane(font, le32(header + 20)))
		return -EINVAL;
	reader.at += header_size;
	int ret = take_glyphs(font, &reader);
	if (ret == 0 && has_table)
		ret = parse_table(font, reader, next_token2);
	return ret;
}

/* A box or a question mark, when the font has one. */
static uint32_t find_missing(const struct kms_font *font)
{
	static const uint32_t codes[] = {0xfffd, '?'};

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(codes); i++) {
		const uint8_t *glyph = kms_font_glyph(font, codes[i]);

		if (glyph != font->glyphs)
			return (glyph - font->glyphs) / ((size_t)font->height * font->row_bytes);
	}
	return 0;
}

int kms_font_parse(const void *data, size_t size, struct kms_font **out)
{
	struct reader reader = {data, (const uint8_t *)data + size};
	int ret = -EINVAL;

	struct kms_font *font = calloc(1, sizeof(*font));
	if (!font)
		return -ENOMEM;
	if (size >= PSF2_HEADER && le32(reader.at) == PSF2_MAGIC)
		ret = parse_psf2(font, reader);
	else if (size >= PSF1_HEADER && le16(reader.at) == PSF1_MAGIC)
		ret = parse_psf1(font, reader);
	if (ret < 0) {
		kms_font_destroy(font);
		return ret;
	}
	font->missing = find_missing(font);
	*out = font;
	return 0;
}
