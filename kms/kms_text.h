/*
 * Text into XRGB8888 pixels. No lock, no allocation, no libc state: the oops draws with it.
 */
#ifndef KMS_TEXT_H
#define KMS_TEXT_H

#include "kms_font.h"

struct kms_canvas {
	uint8_t *pixels; /* XRGB8888, 4-byte aligned */
	uint32_t width, height, pitch; /* pixels, pixels, bytes */
};

struct kms_text_style {
	const struct kms_font *font;
	uint32_t scale;      /* a font's pixel is so many wide and high; from 1 */
	uint32_t fg, bg;     /* 0xXXRRGGBB */
};

/* All that is outside of the canvas is cut. */
void kms_text_fill(const struct kms_canvas *canvas, uint32_t x, uint32_t y, uint32_t width,
	uint32_t height, uint32_t color);
void kms_text_glyph(const struct kms_canvas *canvas, uint32_t x, uint32_t y, uint32_t code,
	const struct kms_text_style *style);
/* The next character of UTF-8 *text, which moves on; 0 at its end, U+FFFD for what is none. */
uint32_t kms_text_next(const char **text);
/* One line, from x to the right; pixels that it took. */
uint32_t kms_text_line(const struct kms_canvas *canvas, uint32_t x, uint32_t y, const char *text,
	const struct kms_text_style *style);

#endif
