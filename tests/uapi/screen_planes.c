/* Where planes' pixels come to lie on the screen, and what lies above what. */
#include <stdlib.h>
#include <string.h>

#include "screen_card.h"

enum { WIDTH = 96, HEIGHT = 40 }; /* of the overlay's framebuffer */

static struct screen_fb ground, picture;

/* The picture as the screen is to show it: its place, size and pixels. */
static int left, top, width, height;
static uint32_t shown[800 * 600];

static uint32_t picture_noise(int x, int y)
{
	return screen_noise(y + 1000, x);
}

static void begin(uint32_t format)
{
	screen_begin();
	ground = screen_fb_create(SCREEN_WIDTH, SCREEN_HEIGHT, DRM_FORMAT_XRGB8888,
		DRM_FORMAT_MOD_LINEAR);
	picture = screen_fb_create(WIDTH, HEIGHT, format, DRM_FORMAT_MOD_LINEAR);
	screen_fb_fill(&ground, screen_noise);
	screen_fb_fill(&picture, picture_noise);
	left = top = 0;
	width = WIDTH;
	height = HEIGHT;
	for (int y = 0; y < HEIGHT; y++) {
		for (int x = 0; x < WIDTH; x++)
			shown[y * WIDTH + x] = picture_noise(x, y);
	}
}

static void end(void)
{
	screen_fb_destroy(&picture);
	screen_fb_destroy(&ground);
	screen_end();
}

static bool covered(int x, int y)
{
	return x >= left && y >= top && x < left + width && y < top + height;
}

static uint32_t want_shown(int x, int y)
{
	return covered(x, y) ? shown[(y - top) * width + x - left] : screen_noise(x, y);
}

/* ---- alpha and blend modes ---- */

static uint32_t plane_alpha, blend_mode;

static uint32_t multiply(uint64_t a, uint64_t b)
{
	return screen_divide(a * b, 65535);
}

/* In shares of 65535, as the "pixel blend mode" property of the kernel's documentation says. */
static uint32_t blend_channel(uint32_t below, uint32_t above, uint32_t alpha)
{
	uint32_t sum;

	if (blend_mode == 2) /* None */
		alpha = 65535;
	alpha = multiply(alpha, plane_alpha);
	above = blend_mode == 1 ? multiply(above, alpha) : multiply(above, plane_alpha);
	sum = above + multiply(below, 65535 - alpha);
	return sum > 65535 ? 65535 : sum;
}

static uint32_t want_blended(int x, int y)
{
	uint32_t below = screen_noise(x, y), above, pixel = 0;

	if (!covered(x, y))
		return below;
	above = shown[(y - top) * width + x - left];
	for (unsigned shift = 0; shift < 24; shift += 8)
		pixel |= screen_divide(blend_channel((below >> shift & 255) * 257,
			(above >> shift & 255) * 257, (above >> 24) * 257), 257) << shift;
	return pixel;
}

static const struct blending {
	const char *name;
	uint32_t alpha, mode;
} blendings[] = {
	{"premultiplied", 65535, 0}, {"coverage", 65535, 1}, {"none", 65535, 2},
	{"premultiplied at half alpha", 0x8000, 0}, {"coverage at half alpha", 0x8000, 1},
	{"none at half alpha", 0x8000, 2}, {"hardly there", 1, 0}, {"almost whole", 65534, 0},
	{"coverage, almost whole", 65534, 1}, {"invisible", 0, 0}, {"invisible coverage", 0, 1},
	{"invisible none", 0, 2},
};

TEST_ROWS(blended, struct blending, blendings)
{
	begin(DRM_FORMAT_ARGB8888);
	left = 301;
	top = 77;
	plane_alpha = row->alpha;
	blend_mode = row->mode;
	drmModeAtomicReq *req = screen_request();
	screen_put(req, SCREEN_PRIMARY, &ground, 0, 0);
	screen_put(req, SCREEN_OVERLAY, &picture, left, top);
	screen_set(req, SCREEN_OVERLAY, "alpha", row->alpha);
	screen_set(req, SCREEN_OVERLAY, "pixel blend mode", row->mode);
	screen_commit(req);
	screen_expect(want_blended);
	end();
}

/* The primary plane is over black. */
TEST(primary_with_alpha)
{
	begin(DRM_FORMAT_XRGB8888);
	drmModeAtomicReq *req = screen_request();
	screen_put(req, SCREEN_PRIMARY, &ground, 0, 0);
	screen_set(req, SCREEN_PRIMARY, "alpha", 0);
	screen_put(req, SCREEN_OVERLAY, &picture, left, top);
	screen_commit(req);
	for (int i = 0; i < SCREEN_WIDTH * SCREEN_HEIGHT; i++)
		shown[i] = 0;
	for (int y = 0; y < HEIGHT; y++) {
		for (int x = 0; x < WIDTH; x++)
			shown[y * SCREEN_WIDTH + x] = picture_noise(x, y);
	}
	width = SCREEN_WIDTH;
	height = SCREEN_HEIGHT;
	screen_expect(want_shown);
	end();
}

/* ---- order ---- */

enum { UPPER_COLOR = 0xaa3311, LOWER_COLOR = 0x11cc55 };

static int upper_x, lower_x;

static bool within(int x, int y, int from)
{
	return x >= from && x < from + WIDTH && y >= 50 && y < 50 + HEIGHT;
}

static uint32_t want_order(int x, int y)
{
	return within(x, y, upper_x) ? UPPER_COLOR : within(x, y, lower_x) ? LOWER_COLOR : 0;
}

static uint32_t upper_color(int x, int y)
{
	(void)x, (void)y;
	return UPPER_COLOR;
}

static uint32_t lower_color(int x, int y)
{
	(void)x, (void)y;
	return LOWER_COLOR;
}

static void set_order(unsigned first, unsigned second)
{
	drmModeAtomicReq *req = screen_request();

	screen_set(req, SCREEN_OVERLAY, "zpos", first);
	screen_set(req, SCREEN_OVERLAY_2, "zpos", second);
	screen_commit(req);
}

TEST(zpos_says_who_is_above)
{
	begin(DRM_FORMAT_XRGB8888);
	struct screen_fb other = screen_fb_create(WIDTH, HEIGHT, DRM_FORMAT_XRGB8888,
		DRM_FORMAT_MOD_LINEAR);
	drmModeAtomicReq *req = screen_request();
	screen_put(req, SCREEN_OVERLAY, &other, 100, 50);
	screen_put(req, SCREEN_OVERLAY_2, &picture, 130, 50);
	screen_commit(req);
	/* The second overlay is above; then the first; then they are equal, and ids decide. */
	lower_x = 100, upper_x = 130;
	screen_fb_fill(&other, lower_color);
	screen_fb_fill(&picture, upper_color);
	screen_expect(want_order);
	set_order(2, 1);
	lower_x = 130, upper_x = 100;
	screen_fb_fill(&other, upper_color);
	screen_fb_fill(&picture, lower_color);
	screen_expect(want_order);
	set_order(2, 2);
	lower_x = 100, upper_x = 130;
	screen_fb_fill(&other, lower_color);
	screen_fb_fill(&picture, upper_color);
	screen_expect(want_order);
	screen_fb_destroy(&other);
	end();
}

/* ---- rotation and reflection: the picture is turned as a sheet of paper is ---- */

static uint32_t sheet[WIDTH * HEIGHT];

static void reflect(bool over_x, bool over_y)
{
	memcpy(sheet, shown, sizeof(sheet));
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++)
			shown[y * width + x] = sheet[(over_y ? height - 1 - y : y) * width +
				(over_x ? width - 1 - x : x)];
	}
}

/* Counter-clockwise: the right edge becomes the upper one. */
static void turn_once(void)
{
	int old_width = width;

	memcpy(sheet, shown, sizeof(sheet));
	width = height;
	height = old_width;
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++)
			shown[y * width + x] = sheet[x * old_width + old_width - 1 - y];
	}
}

static void turn(uint32_t rotation)
{
	reflect(rotation & DRM_MODE_REFLECT_X, rotation & DRM_MODE_REFLECT_Y);
	for (uint32_t angle = DRM_MODE_ROTATE_0; !(rotation & angle); angle <<= 1)
		turn_once();
}

static const struct turning {
	const char *name;
	uint32_t rotation;
} turnings[] = {
#define ANGLES(name, reflection) \
	{name "0", DRM_MODE_ROTATE_0 | reflection}, {name "90", DRM_MODE_ROTATE_90 | reflection}, \
	{name "180", DRM_MODE_ROTATE_180 | reflection}, {name "270", DRM_MODE_ROTATE_270 | reflection}
	ANGLES("", 0), ANGLES("x, ", DRM_MODE_REFLECT_X), ANGLES("y, ", DRM_MODE_REFLECT_Y),
	ANGLES("x, y, ", DRM_MODE_REFLECT_X | DRM_MODE_REFLECT_Y),
};

/* At the left edge a part of it is off the screen. */
TEST_ROWS(turned, struct turning, turnings)
{
	begin(DRM_FORMAT_XRGB8888);
	left = -13;
	top = 200;
	turn(row->rotation);
	drmModeAtomicReq *req = screen_request();
	screen_put(req, SCREEN_PRIMARY, &ground, 0, 0);
	screen_put_scaled(req, SCREEN_OVERLAY, &picture, left, top, (uint32_t)width,
		(uint32_t)height);
	screen_set(req, SCREEN_OVERLAY, "rotation", row->rotation);
	screen_commit(req);
	screen_expect(want_shown);
	end();
}

static uint32_t want_upside_down(int x, int y)
{
	return screen_noise(SCREEN_WIDTH - 1 - x, SCREEN_HEIGHT - 1 - y);
}

static uint32_t want_mirrored(int x, int y)
{
	return screen_noise(SCREEN_WIDTH - 1 - x, y);
}

TEST(primary_turned)
{
	begin(DRM_FORMAT_XRGB8888);
	drmModeAtomicReq *req = screen_request();
	screen_put(req, SCREEN_PRIMARY, &ground, 0, 0);
	screen_set(req, SCREEN_PRIMARY, "rotation", DRM_MODE_ROTATE_180);
	screen_commit(req);
	screen_expect(want_upside_down);
	screen_change(SCREEN_PRIMARY, "rotation", DRM_MODE_ROTATE_0 | DRM_MODE_REFLECT_X);
	screen_expect(want_mirrored);
	screen_change(SCREEN_PRIMARY, "rotation",
		DRM_MODE_ROTATE_180 | DRM_MODE_REFLECT_X | DRM_MODE_REFLECT_Y);
	screen_expect(screen_noise);
	end();
}

/* ---- scaling and cropping: the source pixel under the centre of each pixel ---- */

static const struct scaling {
	const char *name;
	int x, y;
	uint32_t width, height;
	double src_x, src_y, src_width, src_height;
	uint32_t rotation;
} scalings[] = {
	{"cropped", 10, 20, 30, 20, 40, 15, 30, 20, DRM_MODE_ROTATE_0},
	{"twice as large", 10, 20, 192, 80, 0, 0, 96, 40, DRM_MODE_ROTATE_0},
	{"sixteen times as wide", -700, 3, 1536, 40, 0, 0, 96, 40, DRM_MODE_ROTATE_0},
	{"half as large", 300, 100, 48, 20, 0, 0, 96, 40, DRM_MODE_ROTATE_0},
	{"a quarter", 300, 100, 24, 10, 0, 0, 96, 40, DRM_MODE_ROTATE_0},
	{"higher, not wider", 50, 60, 96, 133, 0, 0, 96, 40, DRM_MODE_ROTATE_0},
	{"uneven", 77, 99, 131, 57, 3, 2, 89, 35, DRM_MODE_ROTATE_0},
	{"from between pixels", 77, 99, 100, 60, 3.25, 2.5, 50.75, 30.125, DRM_MODE_ROTATE_0},
	{"over the edges", -50, -20, 800, 600, 0, 0, 96, 40, DRM_MODE_ROTATE_0},
	{"cropped, turned", 10, 20, 20, 30, 40, 15, 30, 20, DRM_MODE_ROTATE_90},
	{"enlarged, turned", 10, -20, 80, 192, 0, 0, 96, 40, DRM_MODE_ROTATE_270},
	{"enlarged, mirrored", -40, 20, 192, 80, 0, 0, 96, 40,
		DRM_MODE_ROTATE_0 | DRM_MODE_REFLECT_X},
};

/* Scaled last: first the part of the sheet that is seen, turned. */
static void scale(const struct scaling *row)
{
	static uint32_t turned[WIDTH * HEIGHT];
	int old_width = width;
	bool across = row->rotation & (DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_270);
	double from_x = row->src_x, from_y = row->src_y;
	double step_x = (across ? row->src_height : row->src_width) / row->width;
	double step_y = (across ? row->src_width : row->src_height) / row->height;

	memcpy(turned, shown, sizeof(turned));
	if (row->rotation == DRM_MODE_ROTATE_90) {
		from_x = row->src_y;
		from_y = WIDTH - row->src_x - row->src_width;
	} else if (row->rotation == DRM_MODE_ROTATE_270) {
		from_x = HEIGHT - row->src_y - row->src_height;
		from_y = row->src_x;
	} else if (row->rotation & DRM_MODE_REFLECT_X) {
		from_x = WIDTH - row->src_x - row->src_width;
	}
	width = (int)row->width;
	height = (int)row->height;
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++) {
			int at_x = (int)(from_x + (x + 0.5) * step_x);
			int at_y = (int)(from_y + (y + 0.5) * step_y);
			shown[y * width + x] = turned[at_y * old_width + at_x];
		}
	}
}

TEST_ROWS(scaled, struct scaling, scalings)
{
	begin(DRM_FORMAT_XRGB8888);
	left = row->x;
	top = row->y;
	turn(row->rotation);
	scale(row);
	drmModeAtomicReq *req = screen_request();
	screen_put(req, SCREEN_PRIMARY, &ground, 0, 0);
	screen_put_scaled(req, SCREEN_OVERLAY, &picture, row->x, row->y, row->width, row->height);
	screen_set(req, SCREEN_OVERLAY, "SRC_X", (uint64_t)(row->src_x * 65536));
	screen_set(req, SCREEN_OVERLAY, "SRC_Y", (uint64_t)(row->src_y * 65536));
	screen_set(req, SCREEN_OVERLAY, "SRC_W", (uint64_t)(row->src_width * 65536));
	screen_set(req, SCREEN_OVERLAY, "SRC_H", (uint64_t)(row->src_height * 65536));
	screen_set(req, SCREEN_OVERLAY, "rotation", row->rotation);
	screen_commit(req);
	screen_expect(want_shown);
	end();
}

/* ---- planes that are partly, or not at all, on the screen ---- */

static const struct place {
	const char *name;
	int x, y;
} places[] = {
	{"left and above", -WIDTH / 2, -HEIGHT / 3},
	{"right and below", SCREEN_WIDTH - 7, SCREEN_HEIGHT - 11},
	{"one pixel of it", 1 - WIDTH, SCREEN_HEIGHT - 1},
	{"just off to the left", -WIDTH, 0},
	{"just off below", 0, SCREEN_HEIGHT},
	{"far off", -100000, 100000},
};

TEST_ROWS(partly_off, struct place, places)
{
	begin(DRM_FORMAT_XRGB8888);
	left = row->x;
	top = row->y;
	drmModeAtomicReq *req = screen_request();
	screen_put(req, SCREEN_PRIMARY, &ground, 0, 0);
	screen_put(req, SCREEN_OVERLAY, &picture, left, top);
	screen_commit(req);
	screen_expect(want_shown);
	end();
}

/* ---- the legacy cursor: x and y are its corner, whatever its hot spot is ---- */

enum { CURSOR = 64 };

static uint32_t cursor_color(int x, int y)
{
	return 0xff000000 | screen_noise(x, y + 77);
}

static uint32_t want_cursor(int x, int y)
{
	bool in = x >= left && y >= top && x < left + CURSOR && y < top + CURSOR;

	return in ? cursor_color(x - left, y - top) : screen_noise(x, y);
}

static const struct hot_spot {
	const char *name;
	int x, y; /* of the pointer */
	int hot_x, hot_y;
} hot_spots[] = {
	{"in the middle", 320, 240, 5, 7}, {"corner of the screen", 0, 0, 0, 0},
	{"hot spot in the corner", 0, 0, 31, 33}, {"left edge", 0, 200, 63, 0},
	{"last pixel", SCREEN_WIDTH - 1, SCREEN_HEIGHT - 1, 0, 0},
	{"hot spot on the last pixel", SCREEN_WIDTH - 1, SCREEN_HEIGHT - 1, 63, 63},
};

TEST_ROWS(cursor, struct hot_spot, hot_spots)
{
	uint32_t crtc;

	begin(DRM_FORMAT_XRGB8888);
	struct screen_fb arrow = screen_fb_create(CURSOR, CURSOR, DRM_FORMAT_ARGB8888,
		DRM_FORMAT_MOD_LINEAR);
	screen_fb_fill(&arrow, cursor_color);
	drmModeAtomicReq *req = screen_request();
	screen_put(req, SCREEN_PRIMARY, &ground, 0, 0);
	screen_commit(req);
	crtc = screen_id(SCREEN_CRTC);
	CHECK_INT(drmModeSetCursor2(screen_fd(), crtc, arrow.handles[0], CURSOR, CURSOR,
		row->hot_x, row->hot_y), 0);
	left = row->x - row->hot_x;
	top = row->y - row->hot_y;
	CHECK_INT(drmModeMoveCursor(screen_fd(), crtc, left, top), 0);
	screen_expect(want_cursor);
	CHECK_INT(drmModeMoveCursor(screen_fd(), crtc, ++left, --top), 0);
	screen_expect(want_cursor);
	CHECK_INT(drmModeSetCursor(screen_fd(), crtc, 0, 0, 0), 0);
	screen_expect(screen_noise);
	screen_fb_destroy(&arrow);
	end();
}
