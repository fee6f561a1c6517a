/* Every kind of framebuffer format on the screen, and into writeback's formats. */
#include <math.h>
#include <string.h>

#include "screen_card.h"

enum { WIDTH = 64, HEIGHT = 32, LEFT = 31, TOP = 101 };

static struct screen_fb picture;
static uint32_t shown[WIDTH * HEIGHT];

static bool covered(int x, int y)
{
	return x >= LEFT && y >= TOP && x < LEFT + WIDTH && y < TOP + HEIGHT;
}

static uint32_t want_shown(int x, int y)
{
	return covered(x, y) ? shown[(y - TOP) * WIDTH + x - LEFT] : 0;
}

static void show_overlay(void)
{
	drmModeAtomicReq *req = screen_request();

	screen_put(req, SCREEN_OVERLAY, &picture, LEFT, TOP);
	screen_commit(req);
}

/* ---- YUV ---- */

static const struct yuv_format {
	const char *name;
	uint32_t fourcc;
	int hsub, vsub, bits;
} yuv_formats[] = {
	{"NV12", DRM_FORMAT_NV12, 2, 2, 8},
	{"YUYV", DRM_FORMAT_YUYV, 2, 1, 8},
	{"P010", DRM_FORMAT_P010, 2, 2, 10},
	{"YUV420", DRM_FORMAT_YUV420, 2, 2, 8},
};

struct yuv {
	unsigned y, u, v;
};

static struct yuv sample(const struct yuv_format *format, int x, int y)
{
	uint32_t luma = screen_noise(x, y);
	uint32_t chroma = screen_noise(x / format->hsub + 3000, y / format->vsub);
	unsigned mask = (1u << format->bits) - 1;

	return (struct yuv) {luma >> 8 & mask, chroma >> 4 & mask, chroma >> 16 & mask};
}

/* Bits below the sample are not part of it. */
static uint16_t word(unsigned value)
{
	return (uint16_t)(value << 6 | (value & 63));
}

static void put_sample(const struct yuv_format *format, int x, int y)
{
	struct yuv at = sample(format, x, y);
	uint8_t *row = screen_fb_row(&picture, 0, (uint32_t)y);
	uint8_t *chroma = format->vsub == 2 ? screen_fb_row(&picture, 1, (uint32_t)y / 2) : row;

	switch (format->fourcc) {
	case DRM_FORMAT_NV12:
		row[x] = (uint8_t)at.y;
		chroma[x / 2 * 2] = (uint8_t)at.u;
		chroma[x / 2 * 2 + 1] = (uint8_t)at.v;
		break;
	case DRM_FORMAT_YUYV:
		row[2 * x] = (uint8_t)at.y;
		row[x / 2 * 4 + 1] = (uint8_t)at.u;
		row[x / 2 * 4 + 3] = (uint8_t)at.v;
		break;
	case DRM_FORMAT_P010:
		((uint16_t *)row)[x] = word(at.y);
		((uint16_t *)chroma)[x / 2 * 2] = word(at.u);
		((uint16_t *)chroma)[x / 2 * 2 + 1] = word(at.v);
		break;
	case DRM_FORMAT_YUV420:
		row[x] = (uint8_t)at.y;
		chroma[x / 2] = (uint8_t)at.u;
		screen_fb_row(&picture, 2, (uint32_t)y / 2)[x / 2] = (uint8_t)at.v;
		break;
	}
}

static const struct coding {
	const char *name;
	unsigned encoding, range; /* values of COLOR_ENCODING and COLOR_RANGE */
	double red, blue;         /* their parts of luma */
} codings[] = {
	{"BT.601 limited", 0, 0, 0.299, 0.114}, {"BT.601 full", 0, 1, 0.299, 0.114},
	{"BT.709 limited", 1, 0, 0.2126, 0.0722}, {"BT.709 full", 1, 1, 0.2126, 0.0722},
	{"BT.2020 limited", 2, 0, 0.2627, 0.0593}, {"BT.2020 full", 2, 1, 0.2627, 0.0593},
};

static double nearest(double value)
{
	return floor(value + 0.5);
}

/* A sum of whole samples times coefficients of 1/8192, in shares of 65535, as a byte. */
static uint32_t to_byte(double sum)
{
	double value = nearest(sum / 8192);

	return screen_divide(value < 0 ? 0 : value > 65535 ? 65535 : (uint64_t)value, 257);
}

/* The standards' equations, with coefficients that are multiples of 1/8192. */
static uint32_t to_rgb(const struct coding *coding, unsigned bits, struct yuv in)
{
	double unit = 1 << (bits - 8), most = (1 << bits) - 1, white = 65535.0 * 8192;
	double luma = white / (coding->range ? most : 219 * unit);
	double chroma = white / (coding->range ? most : 224 * unit);
	double y = (in.y - (coding->range ? 0 : 16 * unit)) * nearest(luma);
	double cb = in.u - 128 * unit, cr = in.v - 128 * unit;
	double red = 2 * (1 - coding->red), blue = 2 * (1 - coding->blue);
	double green = 1 - coding->red - coding->blue;
	double g = y + nearest(-chroma * blue * coding->blue / green) * cb +
		nearest(-chroma * red * coding->red / green) * cr;

	return to_byte(y + nearest(chroma * red) * cr) << 16 | to_byte(g) << 8 |
		to_byte(y + nearest(chroma * blue) * cb);
}

static void check_coding(const struct yuv_format *format, const struct coding *coding)
{
	drmModeAtomicReq *req = screen_request();

	for (int y = 0; y < HEIGHT; y++) {
		for (int x = 0; x < WIDTH; x++)
			shown[y * WIDTH + x] = to_rgb(coding, (unsigned)format->bits,
				sample(format, x, y));
	}
	screen_set(req, SCREEN_OVERLAY, "COLOR_ENCODING", coding->encoding);
	screen_set(req, SCREEN_OVERLAY, "COLOR_RANGE", coding->range);
	screen_commit(req);
	screen_expect(want_shown);
}

TEST_ROWS(yuv, struct yuv_format, yuv_formats)
{
	screen_begin();
	picture = screen_fb_create(WIDTH, HEIGHT, row->fourcc, DRM_FORMAT_MOD_LINEAR);
	for (int y = 0; y < HEIGHT; y++) {
		for (int x = 0; x < WIDTH; x++)
			put_sample(row, x, y);
	}
	show_overlay();
	for (unsigned i = 0; i < sizeof(codings) / sizeof(codings[0]); i++)
		check_coding(row, &codings[i]);
	screen_fb_destroy(&picture);
	screen_end();
}

/* Colours that each standard's numbers mean, by hand. */
static const struct known {
	const char *name;
	unsigned encoding, range;
	uint8_t y, u, v;
	uint32_t rgb;
} knowns[] = {
	{"601 limited black", 0, 0, 16, 128, 128, 0x000000},
	{"601 limited white", 0, 0, 235, 128, 128, 0xffffff},
	{"601 limited below black", 0, 0, 1, 128, 128, 0x000000},
	{"601 limited above white", 0, 0, 254, 128, 128, 0xffffff},
	{"601 limited red", 0, 0, 81, 90, 240, 0xfe0000},
	{"601 limited blue", 0, 0, 41, 240, 110, 0x0000ff},
	{"709 limited green", 1, 0, 173, 42, 26, 0x00ff01},
	{"709 limited red", 1, 0, 63, 102, 240, 0xff0100},
	{"601 full black", 0, 1, 0, 128, 128, 0x000000},
	{"601 full white", 0, 1, 255, 128, 128, 0xffffff},
	{"601 full grey", 0, 1, 77, 128, 128, 0x4d4d4d},
	{"709 full red", 1, 1, 54, 99, 255, 0xfe0000},
};

TEST_ROWS(yuv_known_colors, struct known, knowns)
{
	screen_begin();
	picture = screen_fb_create(WIDTH, HEIGHT, DRM_FORMAT_NV12, DRM_FORMAT_MOD_LINEAR);
	for (int y = 0; y < HEIGHT; y++) {
		memset(screen_fb_row(&picture, 0, (uint32_t)y), row->y, WIDTH);
		for (int x = 0; x < WIDTH; x++)
			screen_fb_row(&picture, 1, (uint32_t)y / 2)[x] = x & 1 ? row->v : row->u;
	}
	for (int i = 0; i < WIDTH * HEIGHT; i++)
		shown[i] = row->rgb;
	show_overlay();
	screen_change(SCREEN_OVERLAY, "COLOR_ENCODING", row->encoding);
	screen_change(SCREEN_OVERLAY, "COLOR_RANGE", row->range);
	screen_expect(want_shown);
	screen_fb_destroy(&picture);
	screen_end();
}

/* ---- RGB: pixels of noise, the picture that they mean, tiles ---- */

static const struct rgb_format {
	const char *name;
	uint32_t fourcc;
	unsigned cpp;
	uint64_t modifier;
	uint8_t red[2], green[2], blue[2]; /* first bit, bits */
} rgb_formats[] = {
#define LAYOUTS(modifier) \
	{"XRGB8888 " #modifier, DRM_FORMAT_XRGB8888, 4, modifier, {16, 8}, {8, 8}, {0, 8}}, \
	{"XBGR8888 " #modifier, DRM_FORMAT_XBGR8888, 4, modifier, {0, 8}, {8, 8}, {16, 8}}, \
	{"RGB565 " #modifier, DRM_FORMAT_RGB565, 2, modifier, {11, 5}, {5, 6}, {0, 5}}, \
	{"XRGB2101010 " #modifier, DRM_FORMAT_XRGB2101010, 4, modifier, {20, 10}, {10, 10}, \
		{0, 10}}, \
	{"XBGR2101010 " #modifier, DRM_FORMAT_XBGR2101010, 4, modifier, {0, 10}, {10, 10}, \
		{20, 10}}, \
	{"XRGB16161616 " #modifier, DRM_FORMAT_XRGB16161616, 8, modifier, {32, 16}, {16, 16}, \
		{0, 16}}, \
	{"ABGR16161616 " #modifier, DRM_FORMAT_ABGR16161616, 8, modifier, {0, 16}, {16, 16}, \
		{32, 16}}, \
	{"C8 " #modifier, DRM_FORMAT_C8, 1, modifier, {0, 8}, {0, 8}, {0, 8}}
#define X_TILED I915_FORMAT_MOD_X_TILED
	LAYOUTS(DRM_FORMAT_MOD_LINEAR), LAYOUTS(X_TILED),
};

/* Opaque where there is alpha. */
static uint64_t noise_pixel(const struct rgb_format *format, int x, int y)
{
	uint64_t pixel = screen_noise(x, y) | (uint64_t)screen_noise(x + 555, y) << 32;

	if (format->fourcc == DRM_FORMAT_ABGR16161616)
		pixel |= 0xffffull << 48;
	return format->cpp == 8 ? pixel : pixel & ((1ull << 8 * format->cpp) - 1);
}

/* Tiles of 512 bytes by 8 rows, one after the other in rows of tiles. */
static uint8_t *pixel_at(const struct rgb_format *format, uint32_t x, uint32_t y)
{
	uint32_t at = x * format->cpp, pitch = picture.pitches[0];

	if (format->modifier == DRM_FORMAT_MOD_LINEAR)
		return picture.planes[0] + y * pitch + at;
	return picture.planes[0] + y / 8 * (8 * pitch) + at / 512 * 4096 + y % 8 * 512 + at % 512;
}

/* As a share of 65535; the bits of few bits are repeated. */
static uint32_t channel16(uint64_t pixel, const uint8_t *place)
{
	uint32_t value = pixel >> place[0] & ((1u << place[1]) - 1);

	switch (place[1]) {
	case 5: return (value << 3 | value >> 2) * 257;
	case 6: return (value << 2 | value >> 4) * 257;
	case 8: return value * 257;
	case 10: return value << 6 | value >> 4;
	default: return value;
	}
}

static void check_deep(const struct rgb_format *format)
{
	struct screen_fb copy = screen_fb_create(SCREEN_WIDTH, SCREEN_HEIGHT,
		DRM_FORMAT_XRGB16161616, DRM_FORMAT_MOD_LINEAR);

	screen_capture(&copy);
	for (int y = 0; y < SCREEN_HEIGHT; y++) {
		const uint16_t *at = (const uint16_t *)screen_fb_row(&copy, 0, (uint32_t)y);
		for (int x = 0; x < SCREEN_WIDTH; x++, at += 4) {
			uint64_t pixel = noise_pixel(format, x - LEFT, y - TOP);
			bool in = covered(x, y);
			CHECK_INT(at[0], in ? channel16(pixel, format->blue) : 0);
			CHECK_INT(at[1], in ? channel16(pixel, format->green) : 0);
			CHECK_INT(at[2], in ? channel16(pixel, format->red) : 0);
			CHECK_INT(at[3], 65535);
		}
	}
	screen_fb_destroy(&copy);
}

static uint32_t to_xrgb(const struct rgb_format *format, uint64_t pixel)
{
	return screen_divide(channel16(pixel, format->red), 257) << 16 |
		screen_divide(channel16(pixel, format->green), 257) << 8 |
		screen_divide(channel16(pixel, format->blue), 257);
}

TEST_ROWS(rgb, struct rgb_format, rgb_formats)
{
	screen_begin();
	picture = screen_fb_create(WIDTH, HEIGHT, row->fourcc, row->modifier);
	for (int y = 0; y < HEIGHT; y++) {
		for (int x = 0; x < WIDTH; x++) {
			uint64_t pixel = noise_pixel(row, x, y);
			memcpy(pixel_at(row, (uint32_t)x, (uint32_t)y), &pixel, row->cpp);
			shown[y * WIDTH + x] = to_xrgb(row, pixel);
		}
	}
	show_overlay();
	screen_expect(want_shown);
	check_deep(row);
	screen_fb_destroy(&picture);
	screen_end();
}

/* C8 gets its colours from the gamma LUT. */
TEST(c8_through_the_lut)
{
	struct drm_color_lut palette[256];

	screen_begin();
	picture = screen_fb_create(WIDTH, HEIGHT, DRM_FORMAT_C8, DRM_FORMAT_MOD_LINEAR);
	for (int i = 0; i < 256; i++) {
		uint32_t color = i ? screen_noise(i, 9) : 0;
		palette[i] = (struct drm_color_lut) {
			.red = (uint16_t)((color >> 16 & 255) * 257),
			.green = (uint16_t)((color >> 8 & 255) * 257),
			.blue = (uint16_t)((color & 255) * 257),
		};
	}
	for (int y = 0; y < HEIGHT; y++) {
		for (int x = 0; x < WIDTH; x++) {
			int index = (x + y * WIDTH) & 255;
			screen_fb_row(&picture, 0, (uint32_t)y)[x] = (uint8_t)index;
			shown[y * WIDTH + x] = index ? screen_noise(index, 9) : 0;
		}
	}
	screen_change(SCREEN_CRTC, "GAMMA_LUT", screen_blob(palette, sizeof(palette)));
	show_overlay();
	screen_expect(want_shown);
	screen_fb_destroy(&picture);
	screen_end();
}

/* ---- writeback ---- */

static uint32_t wide_noise(int x, int y)
{
	return screen_noise(x, y) & 0x3fffffff;
}

/* The channel of a primary plane of XRGB2101010 or, if not deep, of XRGB8888. */
static uint32_t screen_channel(bool deep, int x, int y, unsigned channel)
{
	uint32_t ten = wide_noise(x, y) >> 10 * channel & 1023;

	return deep ? ten << 6 | ten >> 4 : (screen_noise(x, y) >> 8 * channel & 255) * 257;
}

static void check_written(uint32_t format, const uint8_t *at, bool deep, int x, int y)
{
	uint32_t want[3], got32;
	uint16_t got[4];

	for (unsigned i = 0; i < 3; i++)
		want[i] = screen_channel(deep, x, y, i);
	if (format == DRM_FORMAT_XRGB16161616 || format == DRM_FORMAT_ARGB16161616) {
		memcpy(got, at + 8 * x, 8);
		for (unsigned i = 0; i < 3; i++)
			CHECK_INT(got[i], want[i]);
		CHECK_INT(got[3], 65535);
		return;
	}
	for (unsigned i = 0; i < 3; i++)
		want[i] = screen_divide(want[i], 257);
	if (format == DRM_FORMAT_RGB565) {
		memcpy(got, at + 2 * x, 2);
		CHECK_INT(got[0], screen_divide(want[2] * 31, 255) << 11 |
			screen_divide(want[1] * 63, 255) << 5 | screen_divide(want[0] * 31, 255));
	} else {
		memcpy(&got32, at + 4 * x, 4);
		CHECK_INT(got32, 0xff000000 | want[2] << 16 | want[1] << 8 | want[0]);
	}
}

static void check_copy(uint32_t format, bool deep)
{
	struct screen_fb copy = screen_fb_create(SCREEN_WIDTH, SCREEN_HEIGHT, format,
		DRM_FORMAT_MOD_LINEAR);

	screen_capture(&copy);
	for (int y = 0; y < SCREEN_HEIGHT; y++) {
		for (int x = 0; x < SCREEN_WIDTH; x++)
			check_written(format, screen_fb_row(&copy, 0, (uint32_t)y), deep, x, y);
	}
	screen_fb_destroy(&copy);
}

/* Every format that the connector names, and it names five. */
TEST(writeback_equals_the_screen)
{
	screen_begin();
	struct screen_fb narrow = screen_fb_create(SCREEN_WIDTH, SCREEN_HEIGHT,
		DRM_FORMAT_XRGB8888, DRM_FORMAT_MOD_LINEAR);
	struct screen_fb wide = screen_fb_create(SCREEN_WIDTH, SCREEN_HEIGHT,
		DRM_FORMAT_XRGB2101010, DRM_FORMAT_MOD_LINEAR);
	screen_fb_fill(&narrow, screen_noise);
	screen_fb_fill(&wide, wide_noise);
	drmModePropertyBlobRes *blob = drmModeGetPropertyBlob(screen_fd(),
		(uint32_t)screen_get(SCREEN_WRITEBACK, "WRITEBACK_PIXEL_FORMATS"));
	CHECK(blob && blob->length == 5 * 4);
	for (unsigned deep = 0; deep < 2; deep++) {
		drmModeAtomicReq *req = screen_request();
		screen_put(req, SCREEN_PRIMARY, deep ? &wide : &narrow, 0, 0);
		screen_commit(req);
		for (unsigned i = 0; i < 5; i++)
			check_copy(((const uint32_t *)blob->data)[i], deep);
	}
	drmModeFreePropertyBlob(blob);
	screen_fb_destroy(&wide);
	screen_fb_destroy(&narrow);
	screen_end();
}
