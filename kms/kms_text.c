#include "kms_text.h"

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

void kms_text_fill(const struct kms_canvas *canvas, uint32_t x, uint32_t y, uint32_t width,
	uint32_t height, uint32_t color)
{
	if (x >= canvas->width || y >= canvas->height)
		return;
	uint32_t right = x + least(width, canvas->width - x);
	uint32_t bottom = y + least(height, canvas->height - y);

	for (; y < bottom; y++) {
		uint32_t *row = (uint32_t *)(void *)(canvas->pixels + (uint64_t)y * canvas->pitch);

		for (uint32_t i = x; i < right; i++)
			row[i] = color;
	}
}

void kms_text_glyph(const struct kms_canvas *canvas, uint32_t x, uint32_t y, uint32_t code,
	const struct kms_text_style *style)
{
	const struct kms_font *font = style->font;
	const uint8_t *bits = kms_font_glyph(font, code);

	if (x >= canvas->width || y >= canvas->height)
		return;
	uint32_t width = least(font->width * style->scale, canvas->width - x);
	uint32_t height = least(font->height * style->scale, canvas->height - y);

	for (uint32_t dy = 0; dy < height; dy++) {
		const uint8_t *from = bits + dy / style->scale * font->row_bytes;
		uint32_t *to = (uint32_t *)(void *)(canvas->pixels +
			(uint64_t)(y + dy) * canvas->pitch) + x;

		for (uint32_t dx = 0; dx < width; dx++) {
			uint32_t at = dx / style->scale;

			to[dx] = from[at / 8] >> (7 - at % 8) & 1 ? style->fg : style->bg;
		}
	}
}

uint32_t kms_text_next(const char **text)
{
	const uint8_t *at = (const uint8_t *)*text;
	uint32_t lead = *at, code = lead;
	int more = 0;

	if (lead == 0)
		return 0;
	at++;
	if (lead >= 0xc2 && lead < 0xf5) {
		more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
		code = lead & (0x3f >> more);
	} else if (lead >= 0x80) {
		code = 0xfffd;
	}
	for (; more > 0; more--, at++) {
		if ((*at & 0xc0) != 0x80) {
			code = 0xfffd;
			break;
		}
		code = code << 6 | (*at & 0x3f);
	}
	*text = (const char *)at;
	return code;
}

uint32_t kms_text_line(const struct kms_canvas *canvas, uint32_t x, uint32_t y, const char *text,
	const struct kms_text_style *style)
{
	uint32_t start = x, code;

	while (x < canvas->width && (code = kms_text_next(&text))) {
		kms_text_glyph(canvas, x, y, code, style);
		x += style->font->width * style->scale;
	}
	return x - start;
}
