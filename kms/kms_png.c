#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <png.h>

#include "kms_sink.h"

static void png_failed(png_structp png, png_const_charp text)
{
	gem_warn("kms", "libpng: %s", text);
	png_longjmp(png, 1);
}

static void png_warned(png_structp png, png_const_charp text)
{
	gem_debug("kms", "libpng: %s", text);
}

/* XRGB8888 words to R, G, B bytes. */
static void convert_row(uint8_t *to, const uint8_t *from, uint32_t width)
{
	for (uint32_t x = 0; x < width; x++, from += 4, to += 3) {
		to[0] = from[2];
		to[1] = from[1];
		to[2] = from[0];
	}
}

/* False when libpng gave up; errno of the stream is the caller's to ask. */
static bool encode(FILE *file, const uint8_t *pixels, uint32_t width, uint32_t height,
	uint32_t pitch, uint8_t *row)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, png_failed,
		png_warned);
	png_infop info = png ? png_create_info_struct(png) : NULL;

	if (!info || setjmp(png_jmpbuf(png))) {
		png_destroy_write_struct(&png, &info);
		return false;
	}
	png_init_io(png, file);
	/* Frames come 60 a second: speed before size. */
	png_set_compression_level(png, 1);
	/* Screens have flat areas: no filter is as small, and faster to write and read. */
	png_set_filter(png, 0, PNG_FILTER_NONE);
	png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
		PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	for (uint32_t y = 0; y < height; y++) {
		convert_row(row, pixels + (size_t)y * pitch, width);
		png_write_row(png, row);
	}
	png_write_end(png, info);
	png_destroy_write_struct(&png, &info);
	return true;
}

static int write_file(const char *path, const uint8_t *pixels, uint32_t width, uint32_t height,
	uint32_t pitch)
{
	FILE *file = fopen(path, "wbe");
	int ret = 0;

	if (!file)
		return -errno;
	uint8_t *row = malloc((size_t)width * 3);
	errno = 0;
	if (!row)
		ret = -ENOMEM;
	else if (!encode(file, pixels, width, height, pitch, row))
		ret = errno ? -errno : -EIO;
	free(row);
	if (fclose(file) != 0 && ret == 0)
		ret = -errno;
	return ret;
}

/* Written beside and renamed: whoever watches the folder never reads half a picture. */
int kms_png_write(const char *path, const uint8_t *pixels, uint32_t width, uint32_t height,
	uint32_t pitch)
{
	char temporary[PATH_MAX];

	if (width == 0 || height == 0)
		return -EINVAL;
	if (snprintf(temporary, sizeof(temporary), "%s.part-%d", path, (int)gettid()) >=
			(int)sizeof(temporary))
		return -ENAMETOOLONG;
	int ret = write_file(temporary, pixels, width, height, pitch);
	if (ret == 0 && rename(temporary, path) < 0)
		ret = -errno;
	if (ret < 0)
		unlink(temporary);
	return ret;
}
