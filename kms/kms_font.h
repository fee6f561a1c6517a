/*
 * Fonts of the console and the oops: glyphs of one size, one bit a pixel. They come from
 * a PSF file (version 1 or 2, as the kbd package documents them and setfont reads them;
 * gzip too) or from kms_font_builtin. A font does not change once it is there: any thread
 * and any signal handler may draw with it.
 */
#ifndef KMS_FONT_H
#define KMS_FONT_H

#include <stddef.h>
#include <stdint.h>

/* Of files from who knows where: a glyph is at most so wide and high, a file so large. */
#define KMS_FONT_SIZE_MAX 64
#define KMS_FONT_GLYPHS_MAX 65536
#define KMS_FONT_FILE_MAX (8u << 20)

struct kms_font_code {
	uint32_t code, glyph;
};

struct kms_font {
	uint32_t width, height; /* of a glyph, pixels */
	uint32_t row_bytes;     /* leftmost pixel = highest bit of the first byte */
	uint32_t count;
	const uint8_t *glyphs;  /* count * height * row_bytes */
	/* Which glyph a character has: codes, or, when there are none, code - first. */
	const struct kms_font_code *codes; /* sorted by code; code_count of them */
	uint32_t code_count;
	uint32_t first;
	uint32_t missing;       /* the glyph for characters that have none */
};

/* 8x16, ASCII. */
const struct kms_font *kms_font_builtin(void);
/*
 * A font from a PSF file's bytes, which it copies. -EINVAL: no PSF, or one that says more
 * than its size holds; -ENOMEM.
 */
int kms_font_parse(const void *data, size_t size, struct kms_font **out);
/* The same from a file, gzipped or not. -errno of the file; -EFBIG. */
int kms_font_load(const char *path, struct kms_font **out);
void kms_font_destroy(struct kms_font *font);

/* Rows of code's glyph, or of the missing one's. Never NULL; safe in a signal handler. */
const uint8_t *kms_font_glyph(const struct kms_font *font, uint32_t code);

#endif
