/* The crtc's colour pipeline: degamma LUT, then CTM, then gamma LUT. */
#include <math.h>
#include <string.h>

#include "screen_card.h"

static struct drm_color_lut degamma[256], gamma_lut[256];
static double matrix[9]; /* multiples of 2^-24 */
static bool has_degamma, has_matrix, has_gamma, deep;
static struct screen_fb ground;

static uint32_t wide_noise(int x, int y)
{
	return screen_noise(x, y) & 0x3fffffff;
}

static uint16_t entry(const struct drm_color_lut *lut, unsigned at, unsigned channel)
{
	return channel == 0 ? lut[at].red : channel == 1 ? lut[at].green : lut[at].blue;
}

/* Between two entries of 256: in proportion. */
static uint32_t look_up(const struct drm_color_lut *lut, unsigned channel, uint32_t value)
{
	unsigned at = value * 255 / 65535, share = value * 255 % 65535;

	if (share == 0)
		return entry(lut, at, channel);
	return screen_divide((uint64_t)entry(lut, at, channel) * (65535 - share) +
		(uint64_t)entry(lut, at + 1, channel) * share, 65535);
}

static uint32_t want_color(int x, int y)
{
	uint32_t in[3], out = 0;

	for (unsigned i = 0; i < 3; i++) {
		uint32_t ten = wide_noise(x, y) >> 10 * (2 - i) & 1023;
		uint32_t eight = screen_noise(x, y) >> 8 * (2 - i) & 255;
		in[i] = deep ? ten << 6 | ten >> 4 : eight * 257;
		if (has_degamma)
			in[i] = look_up(degamma, i, in[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		uint32_t value = in[i];
		if (has_matrix) {
			double sum = floor(matrix[3 * i] * in[0] + matrix[3 * i + 1] * in[1] +
				matrix[3 * i + 2] * in[2] + 0.5);
			value = sum < 0 ? 0 : sum > 65535 ? 65535 : (uint32_t)sum;
		}
		if (has_gamma)
			value = look_up(gamma_lut, i, value);
		out = out << 8 | screen_divide(value, 257);
	}
	return out;
}

static void fill_tables(void)
{
	static const double coefficients[9] = {0.5, -0.25, 0.8125, 0, 1.5, -0.375, 0.25, 0.25, 0.25};

	memcpy(matrix, coefficients, sizeof(matrix));
	for (unsigned i = 0; i < 256; i++) {
		degamma[i] = (struct drm_color_lut) {
			.red = (uint16_t)(i * i), .green = (uint16_t)(i * 257),
			.blue = (uint16_t)(65535 - i * i),
		};
		gamma_lut[i] = (struct drm_color_lut) {
			.red = (uint16_t)(sqrt(i / 255.0) * 65535),
			.green = (uint16_t)(i * 7919), .blue = (uint16_t)(i / 16 * 4369),
		};
	}
}

static void set_pipeline(void)
{
	drmModeAtomicReq *req = screen_request();
	struct drm_color_ctm ctm;

	for (unsigned i = 0; i < 9; i++) /* S31.32: sign and magnitude */
		ctm.matrix[i] = (uint64_t)(fabs(matrix[i]) * 4294967296.0) |
			(matrix[i] < 0 ? 1ull << 63 : 0);
	screen_set(req, SCREEN_CRTC, "DEGAMMA_LUT",
		has_degamma ? screen_blob(degamma, sizeof(degamma)) : 0);
	screen_set(req, SCREEN_CRTC, "CTM", has_matrix ? screen_blob(&ctm, sizeof(ctm)) : 0);
	screen_set(req, SCREEN_CRTC, "GAMMA_LUT",
		has_gamma ? screen_blob(gamma_lut, sizeof(gamma_lut)) : 0);
	screen_commit(req);
}

static void begin(void)
{
	screen_begin();
	ground = screen_fb_create(SCREEN_WIDTH, SCREEN_HEIGHT,
		deep ? DRM_FORMAT_XRGB2101010 : DRM_FORMAT_XRGB8888, DRM_FORMAT_MOD_LINEAR);
	screen_fb_fill(&ground, deep ? wide_noise : screen_noise);
	drmModeAtomicReq *req = screen_request();
	screen_put(req, SCREEN_PRIMARY, &ground, 0, 0);
	screen_commit(req);
	fill_tables();
}

static void end(void)
{
	screen_fb_destroy(&ground);
	screen_end();
}

static const struct pipeline {
	const char *name;
	bool degamma, matrix, gamma, deep;
} pipelines[] = {
	{"degamma", true, false, false, false}, {"ctm", false, true, false, false},
	{"gamma", false, false, true, false}, {"degamma and gamma", true, false, true, false},
	{"all", true, true, true, false}, {"degamma of 10 bits", true, false, false, true},
	{"ctm of 10 bits", false, true, false, true}, {"all of 10 bits", true, true, true, true},
};

TEST_ROWS(colors, struct pipeline, pipelines)
{
	has_degamma = row->degamma;
	has_matrix = row->matrix;
	has_gamma = row->gamma;
	deep = row->deep;
	begin();
	set_pipeline();
	screen_expect(want_color);
	/* And off again. */
	has_degamma = has_matrix = has_gamma = false;
	set_pipeline();
	screen_expect(want_color);
	end();
}

TEST(legacy_gamma)
{
	uint16_t tables[3][256];

	begin();
	for (unsigned i = 0; i < 256; i++) {
		tables[0][i] = gamma_lut[i].red;
		tables[1][i] = gamma_lut[i].green;
		tables[2][i] = gamma_lut[i].blue;
	}
	CHECK_INT(drmModeCrtcSetGamma(screen_fd(), screen_id(SCREEN_CRTC), 256, tables[0],
		tables[1], tables[2]), 0);
	has_gamma = true;
	screen_expect(want_color);
	end();
}
