/* PSF files, honest and hostile; text, pixel by pixel against the font. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "gem_base.h"
#include "kms_text.h"
#include "test.h"

struct file {
	uint8_t bytes[64 * 1024];
	size_t size;
};

static void put(struct file *file, const void *bytes, size_t size)
{
	memcpy(file->bytes + file->size, bytes, size);
	file->size += size;
}

static void put32(struct file *file, uint32_t value)
{
	const uint8_t bytes[4] = {value, value >> 8, value >> 16, value >> 24};

	put(file, bytes, 4);
}

/* 256 glyphs of 8xheight: row r of glyph g is g ^ r. */
static void make_psf1(struct file *file, uint8_t mode, uint8_t height)
{
	const uint8_t header[4] = {0x36, 0x04, mode, height};

	file->size = 0;
	put(file, header, 4);
	for (unsigned g = 0; g < (mode & 1 ? 512u : 256u); g++) {
		for (unsigned r = 0; r < height; r++) {
			uint8_t row = g ^ r;
			put(file, &row, 1);
		}
	}
}

static void make_psf2(struct file *file, uint32_t flags, uint32_t count, uint32_t width,
	uint32_t height)
{
	const uint8_t magic[4] = {0x72, 0xb5, 0x4a, 0x86};
	uint32_t row_bytes = (width + 7) / 8;

	file->size = 0;
	put(file, magic, 4);
	put32(file, 0);
	put32(file, 32);
	put32(file, flags);
	put32(file, count);
	put32(file, height * row_bytes);
	put32(file, height);
	put32(file, width);
	for (unsigned i = 0; i < count * height * row_bytes; i++) {
		uint8_t byte = i * 37 + i / row_bytes;
		put(file, &byte, 1);
	}
}

/* On a heap block of just that size: a sanitizer sees what reads beyond it. */
static int parse(const void *bytes, size_t size, struct kms_font **font)
{
	void *copy = malloc(size ? size : 1);

	memcpy(copy, bytes, size);
	int ret = kms_font_parse(copy, size, font);
	free(copy);
	return ret;
}

TEST(builtin_has_every_character)
{
	const struct kms_font *font = kms_font_builtin();
	const uint8_t *missing = kms_font_glyph(font, 0x1f600);

	for (uint32_t a = ' '; a < 0x7f; a++) {
		CHECK(kms_font_glyph(font, a) != missing);
		for (uint32_t b = a + 1; b < 0x7f; b++)
			CHECK(memcmp(kms_font_glyph(font, a), kms_font_glyph(font, b), 16) != 0);
	}
	CHECK(kms_font_glyph(font, 31) == missing);
	CHECK(kms_font_glyph(font, UINT32_MAX) == missing);
}

TEST(psf1_without_table)
{
	struct kms_font *font;
	struct file file;

	make_psf1(&file, 0, 14);
	CHECK_INT(parse(file.bytes, file.size, &font), 0);
	CHECK_INT(font->width, 8);
	CHECK_INT(font->height, 14);
	CHECK_INT(font->count, 256);
	CHECK_INT(kms_font_glyph(font, 'x')[5], 'x' ^ 5);
	/* 256 is not there: the question mark is shown. */
	CHECK_INT(kms_font_glyph(font, 256)[5], '?' ^ 5);
	kms_font_destroy(font);
}

TEST(psf1_table)
{
	const uint8_t first[] = {0xac, 0x20, 0xfe, 0xff, 'q', 0, 0xff, 0xff}; /* euro; a sequence */
	const uint8_t end[] = {0xff, 0xff};
	struct kms_font *font;
	struct file file;

	make_psf1(&file, 2, 16);
	put(&file, first, sizeof(first));
	for (unsigned i = 1; i < 256; i++) {
		const uint8_t code[] = {i == 7 ? '?' : i, i == 7 ? 0 : 1};
		put(&file, code, 2);
		put(&file, end, 2);
	}
	CHECK_INT(parse(file.bytes, file.size, &font), 0);
	CHECK_INT(kms_font_glyph(font, 0x20ac)[3], 0 ^ 3);
	CHECK_INT(kms_font_glyph(font, 0x100 + 99)[3], 99 ^ 3);
	CHECK_INT(kms_font_glyph(font, 'q')[3], 7 ^ 3);
	kms_font_destroy(font);
	/* A table that ends early. */
	CHECK_INT(parse(file.bytes, file.size - 2, &font), -EINVAL);
}

TEST(psf2_with_table)
{
	struct kms_font *font;
	struct file file;

	make_psf2(&file, 1, 3, 12, 20);
	put(&file, "A\xff" "\xe2\x82\xac" "B\xfe" "AB\xff" "?\xff", 12);
	CHECK_INT(parse(file.bytes, file.size, &font), 0);
	CHECK_INT(font->width, 12);
	CHECK_INT(font->row_bytes, 2);
	CHECK(kms_font_glyph(font, 'A') == font->glyphs);
	CHECK(kms_font_glyph(font, 'B') == font->glyphs + 40);
	CHECK(kms_font_glyph(font, 0x20ac) == font->glyphs + 40);
	CHECK(kms_font_glyph(font, 'C') == font->glyphs + 80);
	CHECK(memcmp(font->glyphs, file.bytes + 32, 120) == 0);
	kms_font_destroy(font);
}

static const struct lie {
	const char *name;
	unsigned at;
	uint32_t value;
} lies[] = {
	{"version", 4, 1}, {"header beyond the file", 8, 1 << 20}, {"header too small", 8, 31},
	{"header of 4 GB", 8, 0xfffffff0}, {"no glyphs", 16, 0}, {"4 G glyphs", 16, 0xffffffff},
	{"one glyph more", 16, 4}, {"glyph size", 20, 41}, {"no height", 24, 0},
	{"height", 24, 0x40000000}, {"no width", 28, 0}, {"width", 28, 0xffffffff},
	{"magic", 0, 0x12345678},
};

TEST_ROWS(psf2_lies, struct lie, lies)
{
	struct kms_font *font;
	struct file file;

	make_psf2(&file, 0, 3, 12, 20);
	for (unsigned i = 0; i < 4; i++)
		file.bytes[row->at + i] = row->value >> i * 8;
	CHECK_INT(parse(file.bytes, file.size, &font), -EINVAL);
}

static void try_all_of_it(const struct file *file, size_t size)
{
	struct kms_font *font;

	if (parse(file->bytes, size, &font) < 0)
		return;
	uint32_t pixels[32 * 32];
	const struct kms_canvas canvas = {(uint8_t *)pixels, 32, 32, 128};
	const struct kms_text_style style = {font, 1, 1, 0};

	for (uint32_t code = 0; code < 0x300; code++)
		kms_text_glyph(&canvas, 3, 3, code, &style);
	kms_font_destroy(font);
}

/* Cut anywhere, and with bytes changed anywhere: an error or a font that can be drawn. */
TEST(hostile_files)
{
	struct file whole, file;
	unsigned seed = 7;

	for (unsigned kind = 0; kind < 2; kind++) {
		if (kind == 0) {
			make_psf1(&whole, 2, 3);
			for (unsigned i = 0; i < 256; i++)
				put(&whole, (uint8_t[]) {i, 0, 0xff, 0xff}, 4);
		} else {
			make_psf2(&whole, 1, 3, 9, 5);
			put(&whole, "A\xff" "\xe2\x82\xac\xfe" "AB\xff" "\xf0\x9f\x98\x80\xff", 14);
		}
		for (size_t size = 0; size <= whole.size; size++)
			try_all_of_it(&whole, size);
		for (unsigned round = 0; round < 3000; round++) {
			file = whole;
			for (unsigned i = 0; i < 1 + round % 4; i++)
				file.bytes[rand_r(&seed) % (i % 2 ? 40 : whole.size)] = rand_r(&seed);
			try_all_of_it(&file, whole.size);
		}
	}
}

TEST(gzipped_file)
{
	char path[] = "/tmp/kms_font_XXXXXX";
	struct kms_font *font;
	struct file file;

	make_psf1(&file, 0, 8);
	int fd = mkstemp(path);
	CHECK(fd >= 0);
	gzFile packed = gzdopen(fd, "wb");
	CHECK_INT(gzwrite(packed, file.bytes, file.size), file.size);
	gzclose(packed);
	CHECK_INT(kms_font_load(path, &font), 0);
	CHECK_INT(kms_font_glyph(font, 'g')[1], 'g' ^ 1);
	kms_font_destroy(font);
	/* Longer than any font, packed to nearly nothing. */
	packed = gzopen(path, "wb");
	for (unsigned i = 0; i < KMS_FONT_FILE_MAX / sizeof(file.bytes) + 1; i++)
		gzwrite(packed, file.bytes, sizeof(file.bytes));
	gzclose(packed);
	CHECK_INT(kms_font_load(path, &font), -EFBIG);
	unlink(path);
	CHECK_INT(kms_font_load(path, &font), -ENOENT);
}

/* ---- text ---- */

enum { WIDTH = 40, HEIGHT = 24, PITCH = 48 };

struct picture {
	uint32_t pixels[PITCH * (HEIGHT + 2)]; /* a row before and after */
	struct kms_canvas canvas;
};

static void picture_init(struct picture *picture)
{
	for (unsigned i = 0; i < PITCH * (HEIGHT + 2); i++)
		picture->pixels[i] = 0xdeadbeef;
	picture->canvas = (struct kms_canvas) {
		(uint8_t *)(picture->pixels + PITCH), WIDTH, HEIGHT, PITCH * 4,
	};
}

/* What may not be written was not. */
static void check_outside(const struct picture *picture)
{
	for (unsigned i = 0; i < PITCH * (HEIGHT + 2); i++) {
		unsigned x = i % PITCH, y = i / PITCH;

		if (x >= WIDTH || y < 1 || y > HEIGHT)
			CHECK_INT(picture->pixels[i], 0xdeadbeef);
	}
}

static void check_glyph(const struct picture *picture, uint32_t code, unsigned x, unsigned y,
	unsigned scale)
{
	const uint8_t *rows = kms_font_glyph(kms_font_builtin(), code);

	for (unsigned dy = 0; dy < 16 * scale && y + dy < HEIGHT; dy++) {
		for (unsigned dx = 0; dx < 8 * scale && x + dx < WIDTH; dx++) {
			bool ink = rows[dy / scale] & 0x80 >> dx / scale;
			CHECK_INT(picture->pixels[(y + dy + 1) * PITCH + x + dx], ink ? 11 : 22);
		}
	}
}

TEST(glyphs_are_drawn_and_cut)
{
	for (unsigned scale = 1; scale <= 3; scale++) {
		for (unsigned x = 0; x < WIDTH + 2; x += 3) {
			struct picture picture;
			const struct kms_text_style style = {kms_font_builtin(), scale, 11, 22};

			picture_init(&picture);
			kms_text_glyph(&picture.canvas, x, x / 2, 'R', &style);
			check_glyph(&picture, 'R', x, x / 2, scale);
			check_outside(&picture);
		}
	}
}

TEST(line_of_utf8)
{
	const struct kms_text_style style = {kms_font_builtin(), 1, 11, 22};
	struct picture picture;

	picture_init(&picture);
	/* A euro sign and a broken byte are a box each. */
	CHECK_INT(kms_text_line(&picture.canvas, 0, 3, "a\xe2\x82\xac\x80z", &style), 32);
	check_glyph(&picture, 'a', 0, 3, 1);
	check_glyph(&picture, 0x20ac, 8, 3, 1);
	check_glyph(&picture, 0xfffd, 16, 3, 1);
	check_glyph(&picture, 'z', 24, 3, 1);
	CHECK_INT(picture.pixels[4 * PITCH + 32], 0xdeadbeef);
	kms_text_line(&picture.canvas, 5, 0, "longer than it is wide", &style);
	kms_text_line(&picture.canvas, 0, 0, "cut\xe2\x82", &style);
	check_outside(&picture);
}

TEST(fill_is_cut)
{
	struct picture picture;

	picture_init(&picture);
	kms_text_fill(&picture.canvas, 10, 5, UINT32_MAX, UINT32_MAX, 1);
	kms_text_fill(&picture.canvas, WIDTH, 0, 1, 1, 1);
	kms_text_fill(&picture.canvas, 0, HEIGHT, 1, 1, 1);
	check_outside(&picture);
	CHECK_INT(picture.pixels[6 * PITCH + 10], 1);
	CHECK_INT(picture.pixels[6 * PITCH + 9], 0xdeadbeef);
	CHECK_INT(picture.pixels[HEIGHT * PITCH + WIDTH - 1], 1);
}
