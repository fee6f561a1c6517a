#include <errno.h>
#include <stdlib.h>

#include <zlib.h>

#include "gem_base.h"
#include "kms_font.h"

const uint8_t *kms_font_glyph(const struct kms_font *font, uint32_t code)
{
	uint32_t glyph = font->missing, low = 0, high = font->code_count;

	if (!font->codes && code >= font->first && code - font->first < font->count)
		glyph = code - font->first;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (font->codes[middle].code == code) {
			glyph = font->codes[middle].glyph;
			break;
		}
		if (font->codes[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return font->glyphs + (size_t)glyph * font->height * font->row_bytes;
}

/* gzread also reads what is not compressed. Bytes, or -errno. */
static int read_all(gzFile file, uint8_t *data, size_t size)
{
	size_t used = 0;

	while (used < size) {
		int got = gzread(file, data + used, size - used);

		if (got < 0)
			return -EIO;
		if (got == 0)
			break;
		used += got;
	}
	return used;
}

int kms_font_load(const char *path, struct kms_font **out)
{
	errno = 0;
	gzFile file = gzopen(path, "rbe");
	if (!file)
		return errno ? -errno : -ENOMEM;
	/* One byte more than may be: a longer file shows. */
	uint8_t *data = malloc(KMS_FONT_FILE_MAX + 1);
	int ret = data ? read_all(file, data, KMS_FONT_FILE_MAX + 1) : -ENOMEM;

	gzclose(file);
	if (ret > (int)KMS_FONT_FILE_MAX)
		ret = -EFBIG;
	if (ret >= 0)
		ret = kms_font_parse(data, ret, out);
	free(data);
	return ret;
}

void kms_font_destroy(struct kms_font *font)
{
	free((void *)font->glyphs);
	free((void *)font->codes);
	free(font);
}
