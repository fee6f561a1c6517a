#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <drm_mode.h>

#include "kms_reference.h"

#define RGB(name, cpp, r, rb, g, gb, b, bb, a, ab) \
	{#name, DRM_FORMAT_##name, {cpp}, {r, g, b, a}, {rb, gb, bb, ab}, 'i', 1, 1, 0, NULL}
#define FLOATS(name, r, g, b, a, ab) \
	{#name, DRM_FORMAT_##name, {8}, {r, g, b, a}, {16, 16, 16, ab}, 'f', 1, 1, 0, NULL}
#define YUV(name, c0, c1, c2, h, v, bits, order) \
	{#name, DRM_FORMAT_##name, {c0, c1, c2}, {0}, {0}, 'y', h, v, bits, order}

const struct reference_format reference_formats[] = {
	RGB(XRGB8888, 4, 16, 8, 8, 8, 0, 8, 0, 0),
	RGB(ARGB8888, 4, 16, 8, 8, 8, 0, 8, 24, 8),
	RGB(XBGR8888, 4, 0, 8, 8, 8, 16, 8, 0, 0),
	RGB(ABGR8888, 4, 0, 8, 8, 8, 16, 8, 24, 8),
	RGB(RGBX8888, 4, 24, 8, 16, 8, 8, 8, 0, 0),
	RGB(RGBA8888, 4, 24, 8, 16, 8, 8, 8, 0, 8),
	RGB(BGRX8888, 4, 8, 8, 16, 8, 24, 8, 0, 0),
	RGB(BGRA8888, 4, 8, 8, 16, 8, 24, 8, 0, 8),
	RGB(RGB888, 3, 16, 8, 8, 8, 0, 8, 0, 0),
	RGB(BGR888, 3, 0, 8, 8, 8, 16, 8, 0, 0),
	RGB(RGB565, 2, 11, 5, 5, 6, 0, 5, 0, 0),
	RGB(BGR565, 2, 0, 5, 5, 6, 11, 5, 0, 0),
	RGB(XRGB1555, 2, 10, 5, 5, 5, 0, 5, 0, 0),
	RGB(ARGB1555, 2, 10, 5, 5, 5, 0, 5, 15, 1),
	RGB(XBGR1555, 2, 0, 5, 5, 5, 10, 5, 0, 0),
	RGB(ABGR1555, 2, 0, 5, 5, 5, 10, 5, 15, 1),
	RGB(XRGB4444, 2, 8, 4, 4, 4, 0, 4, 0, 0),
	RGB(ARGB4444, 2, 8, 4, 4, 4, 0, 4, 12, 4),
	RGB(XBGR4444, 2, 0, 4, 4, 4, 8, 4, 0, 0),
	RGB(ABGR4444, 2, 0, 4, 4, 4, 8, 4, 12, 4),
	RGB(XRGB2101010, 4, 20, 10, 10, 10, 0, 10, 0, 0),
	RGB(ARGB2101010, 4, 20, 10, 10, 10, 0, 10, 30, 2),
	RGB(XBGR2101010, 4, 0, 10, 10, 10, 20, 10, 0, 0),
	RGB(ABGR2101010, 4, 0, 10, 10, 10, 20, 10, 30, 2),
	RGB(RGBX1010102, 4, 22, 10, 12, 10, 2, 10, 0, 0),
	RGB(RGBA1010102, 4, 22, 10, 12, 10, 2, 10, 0, 2),
	RGB(BGRX1010102, 4, 2, 10, 12, 10, 22, 10, 0, 0),
	RGB(BGRA1010102, 4, 2, 10, 12, 10, 22, 10, 0, 2),
	RGB(XRGB16161616, 8, 32, 16, 16, 16, 0, 16, 0, 0),
	RGB(ARGB16161616, 8, 32, 16, 16, 16, 0, 16, 48, 16),
	RGB(XBGR16161616, 8, 0, 16, 16, 16, 32, 16, 0, 0),
	RGB(ABGR16161616, 8, 0, 16, 16, 16, 32, 16, 48, 16),
	FLOATS(XRGB16161616F, 32, 16, 0, 0, 0),
	FLOATS(ARGB16161616F, 32, 16, 0, 48, 16),
	FLOATS(XBGR16161616F, 0, 16, 32, 0, 0),
	FLOATS(ABGR16161616F, 0, 16, 32, 48, 16),
	{"C8", DRM_FORMAT_C8, {1}, {0}, {8, 8, 8, 0}, 'c', 1, 1, 0, NULL},
	{"R8", DRM_FORMAT_R8, {1}, {0}, {8, 0, 0, 0}, 'r', 1, 1, 0, NULL},
	YUV(NV12, 1, 2, 0, 2, 2, 8, "Y,UV"),
	YUV(NV21, 1, 2, 0, 2, 2, 8, "Y,VU"),
	YUV(NV16, 1, 2, 0, 2, 1, 8, "Y,UV"),
	YUV(NV61, 1, 2, 0, 2, 1, 8, "Y,VU"),
	YUV(NV24, 1, 2, 0, 1, 1, 8, "Y,UV"),
	YUV(NV42, 1, 2, 0, 1, 1, 8, "Y,VU"),
	YUV(P010, 2, 4, 0, 2, 2, 10, "YY,UUVV"),
	YUV(P012, 2, 4, 0, 2, 2, 12, "YY,UUVV"),
	YUV(P016, 2, 4, 0, 2, 2, 16, "YY,UUVV"),
	YUV(YUV420, 1, 1, 1, 2, 2, 8, "Y,U,V"),
	YUV(YVU420, 1, 1, 1, 2, 2, 8, "Y,V,U"),
	YUV(YUV422, 1, 1, 1, 2, 1, 8, "Y,U,V"),
	YUV(YVU422, 1, 1, 1, 2, 1, 8, "Y,V,U"),
	YUV(YUV444, 1, 1, 1, 1, 1, 8, "Y,U,V"),
	YUV(YVU444, 1, 1, 1, 1, 1, 8, "Y,V,U"),
	YUV(YUYV, 2, 0, 0, 2, 1, 8, "YUYV"),
	YUV(YVYU, 2, 0, 0, 2, 1, 8, "YVYU"),
	YUV(UYVY, 2, 0, 0, 2, 1, 8, "UYVY"),
	YUV(VYUY, 2, 0, 0, 2, 1, 8, "VYUY"),
};
const unsigned reference_format_count = sizeof(reference_formats) / sizeof(reference_formats[0]);

const struct reference_format *reference_format_find(uint32_t fourcc)
{
	for (unsigned i = 0; i < reference_format_count; i++) {
		if (reference_formats[i].fourcc == fourcc)
			return &reference_formats[i];
	}
	abort();
}

unsigned reference_planes(const struct reference_format *format)
{
	return 1 + (format->cpp[1] > 0) + (format->cpp[2] > 0);
}

/* ---- fetch ---- */

struct color {
	uint32_t r, g, b, a; /* of 65535 */
};

static uint32_t divide(uint64_t a, uint64_t b)
{
	return (2 * a + b) / (2 * b);
}

static uint8_t byte_at(const struct kms_framebuffer *fb, unsigned plane, uint32_t x, uint32_t y)
{
	uint64_t stride = fb->planes[plane].pitch;
	const uint8_t *pixels = fb->planes[plane].pixels;

	if (fb->modifier == I915_FORMAT_MOD_X_TILED)
		return pixels[y / 8 * 8 * stride + x / 512 * 4096 + y % 8 * 512 + x % 512];
	return pixels[y * stride + x];
}

/* n bits, again and again, until 8 (of up to 8) or 16 are full; then 8 become 16. */
static uint32_t widen(uint32_t value, unsigned bits)
{
	unsigned full = bits > 8 ? 16 : 8;
	uint32_t wide = 0;

	for (int have = full; have > 0; have -= bits)
		wide |= have >= (int)bits ? value << (have - bits) : value >> (bits - have);
	return full == 8 ? wide * 257 : wide;
}

static uint32_t of_float(uint32_t half)
{
	int exponent = half >> 10 & 31;
	double value = exponent == 0 ? ldexp(half & 1023, -24) :
		ldexp(1024 + (half & 1023), exponent - 25);

	if (half & 0x8000 || (exponent == 31 && half & 1023))
		return 0;
	return exponent == 31 || value > 1 ? 65535 : (uint32_t)floor(value * 65535 + 0.5);
}

static uint32_t channel(const struct reference_format *format, uint64_t word, unsigned i,
	uint32_t absent)
{
	if (format->bits[i] == 0)
		return absent;
	uint32_t value = word >> format->shift[i] & ((1u << format->bits[i]) - 1);
	return format->kind == 'f' ? of_float(value) : widen(value, format->bits[i]);
}

/* The sample of component c ('Y', 'U', 'V') that counts for pixel x, y. */
static int64_t yuv_sample(const struct kms_framebuffer *fb, const struct reference_format *format,
	char c, uint32_t x, uint32_t y)
{
	unsigned plane = 0, at = 0, bytes = format->sample_bits > 8 ? 2 : 1, size = 0;
	const char *order = format->order;

	for (const char *p = order; *p && *p != c; p++) {
		at = *p == ',' ? 0 : at + 1;
		plane += *p == ',';
	}
	if (strlen(order) == 4 && !strchr(order, ',')) { /* packed: two pixels in 4 bytes */
		if (c == 'Y' && x % 2)
			at += 2;
		at += x / 2 * 4;
	} else {
		const char *start = order;
		for (unsigned i = 0; i < plane; i++)
			start = strchr(start, ',') + 1;
		size = strcspn(start, ",");
		if (c != 'Y') {
			x /= format->hsub;
			y /= format->vsub;
		}
		at += x * size;
	}
	if (bytes == 1)
		return byte_at(fb, plane, at, y);
	return (byte_at(fb, plane, at, y) | byte_at(fb, plane, at + 1, y) << 8) >>
		(16 - format->sample_bits);
}

static uint32_t clamp16(int64_t value)
{
	return value < 0 ? 0 : value > 65535 ? 65535 : value;
}

static int64_t rounded(double value)
{
	return value < 0 ? -(int64_t)floor(0.5 - value) : (int64_t)floor(value + 0.5);
}

static struct color fetch_yuv(const struct kms_compose_plane *plane,
	const struct reference_format *format, uint32_t x, uint32_t y)
{
	static const double weights[3][2] = {{0.299, 0.114}, {0.2126, 0.0722}, {0.2627, 0.0593}};
	double kr = weights[plane->encoding][0], kb = weights[plane->encoding][1];
	double kg = 1 - kr - kb, unit = pow(2, format->sample_bits - 8);
	bool full = plane->range == KMS_RANGE_FULL;
	double all = pow(2, format->sample_bits) - 1, one = 65535.0 * 8192;
	double luma = one / (full ? all : 219 * unit), chroma = one / (full ? all : 224 * unit);
	int64_t sy = yuv_sample(plane->fb, format, 'Y', x, y) - (full ? 0 : (int64_t)(16 * unit));
	int64_t su = yuv_sample(plane->fb, format, 'U', x, y) - (int64_t)(128 * unit);
	int64_t sv = yuv_sample(plane->fb, format, 'V', x, y) - (int64_t)(128 * unit);
	int64_t base = sy * rounded(luma);
	int64_t r = base + sv * rounded(2 * (1 - kr) * chroma);
	int64_t g = base - su * rounded(2 * (1 - kb) * kb / kg * chroma) -
		sv * rounded(2 * (1 - kr) * kr / kg * chroma);
	int64_t b = base + su * rounded(2 * (1 - kb) * chroma);

	return (struct color) {
		clamp16((int64_t)floor((r + 4096) / 8192.0)),
		clamp16((int64_t)floor((g + 4096) / 8192.0)),
		clamp16((int64_t)floor((b + 4096) / 8192.0)), 65535,
	};
}

static struct color fetch(const struct kms_compose_plane *plane, uint32_t x, uint32_t y)
{
	const struct reference_format *format = reference_format_find(plane->fb->format->fourcc);
	uint64_t word = 0;

	if (format->kind == 'y')
		return fetch_yuv(plane, format, x, y);
	for (unsigned i = 0; i < format->cpp[0]; i++)
		word |= (uint64_t)byte_at(plane->fb, 0, x * format->cpp[0] + i, y) << 8 * i;
	return (struct color) {
		channel(format, word, 0, 0), channel(format, word, 1, 0),
		channel(format, word, 2, 0), channel(format, word, 3, 65535),
	};
}

/* ---- where a pixel comes from ---- */

static uint32_t pick(uint32_t src, uint32_t src_size, uint32_t crtc_size, int64_t i, uint32_t limit)
{
	uint64_t at = src_size == (uint64_t)crtc_size << 16 ? (src >> 16) + i :
		(src + (2 * i + 1) * (uint64_t)src_size / (2 * (uint64_t)crtc_size)) / 65536;

	return at < limit ? at : limit - 1;
}

/*
 * Backwards through what happens to the picture, which is mirrored, then turned
 * counter-clockwise: what is at (u, v) of a turned picture of w x h was at
 * (h - 1 - v, u) of the one of h x w before that quarter.
 */
static struct color plane_pixel(const struct kms_compose_plane *plane, int64_t u, int64_t v)
{
	int64_t w = plane->crtc_w, h = plane->crtc_h, t;
	uint32_t rotation = plane->rotation;

	for (uint32_t turned = DRM_MODE_ROTATE_0; turned < (rotation & DRM_MODE_ROTATE_MASK);
			turned <<= 1) {
		t = u;
		u = h - 1 - v;
		v = t;
		t = w;
		w = h;
		h = t;
	}
	if (rotation & DRM_MODE_REFLECT_X)
		u = w - 1 - u;
	if (rotation & DRM_MODE_REFLECT_Y)
		v = h - 1 - v;
	return fetch(plane, pick(plane->src_x, plane->src_w, w, u, plane->fb->width),
		pick(plane->src_y, plane->src_h, h, v, plane->fb->height));
}

static bool on_plane(const struct kms_compose_plane *plane, uint32_t x, uint32_t y, int64_t *u,
	int64_t *v)
{
	*u = (int64_t)x - plane->crtc_x;
	*v = (int64_t)y - plane->crtc_y;
	return *u >= 0 && *v >= 0 && *u < plane->crtc_w && *v < plane->crtc_h;
}

static bool is_opaque(const struct kms_compose_plane *plane)
{
	const struct reference_format *format = reference_format_find(plane->fb->format->fourcc);

	return plane->alpha == 65535 && (format->bits[3] == 0 || plane->blend == KMS_BLEND_NONE);
}

static bool is_deep(const struct kms_compose_plane *plane)
{
	const struct reference_format *format = reference_format_find(plane->fb->format->fourcc);

	return format->sample_bits > 8 || format->bits[1] > 8;
}

/* Is some plane in sight that has more than 8 bits? */
static bool sees_deep(const struct kms_compose_plane *planes, unsigned count, uint32_t width,
	uint32_t height)
{
	int64_t u, v;

	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width; x++) {
			for (unsigned i = count; i-- > 0;) {
				if (!on_plane(&planes[i], x, y, &u, &v))
					continue;
				if (is_deep(&planes[i]))
					return true;
				if (is_opaque(&planes[i]))
					break;
			}
		}
	}
	return false;
}

/* ---- blending ---- */

static struct color modulate(const struct kms_compose_plane *plane, struct color c)
{
	uint32_t share = plane->alpha, cover;

	if (plane->blend == KMS_BLEND_NONE)
		c.a = 65535;
	cover = divide((uint64_t)c.a * plane->alpha, 65535);
	if (plane->blend == KMS_BLEND_COVERAGE)
		share = cover;
	return (struct color) {
		divide((uint64_t)c.r * share, 65535), divide((uint64_t)c.g * share, 65535),
		divide((uint64_t)c.b * share, 65535), cover,
	};
}

static uint32_t over(uint32_t to, uint32_t from, uint32_t alpha, bool wide)
{
	uint64_t sum = from + divide((uint64_t)to * (65535 - alpha), 65535);

	sum = sum > 65535 ? 65535 : sum;
	return wide ? sum : divide(sum, 257) * 257;
}

static struct color blend(const struct kms_compose_plane *planes, unsigned count, uint32_t x,
	uint32_t y, bool wide)
{
	struct color out = {0, 0, 0, 65535};
	int64_t u, v;

	for (unsigned i = 0; i < count; i++) {
		if (!on_plane(&planes[i], x, y, &u, &v))
			continue;
		struct color in = modulate(&planes[i], plane_pixel(&planes[i], u, v));
		out.r = over(out.r, in.r, in.a, wide);
		out.g = over(out.g, in.g, in.a, wide);
		out.b = over(out.b, in.b, in.a, wide);
	}
	return out;
}

/* ---- colour ---- */

static uint32_t lut(const struct drm_color_lut *entries, unsigned size, unsigned c, uint32_t value)
{
	if (!entries)
		return value;
	uint64_t at = (uint64_t)value * (size - 1) / 65535;
	uint64_t share = (uint64_t)value * (size - 1) - at * 65535;
	const struct drm_color_lut *low = &entries[at], *high = share ? low + 1 : low;
	uint64_t a = c == 0 ? low->red : c == 1 ? low->green : low->blue;
	uint64_t b = c == 0 ? high->red : c == 1 ? high->green : high->blue;
	return divide(a * (65535 - share) + b * share, 65535);
}

static void matrix(const struct drm_color_ctm *ctm, uint32_t v[3])
{
	uint32_t in[3] = {v[0], v[1], v[2]};

	for (unsigned row = 0; row < 3; row++) {
		__int128 sum = 0;
		for (unsigned i = 0; i < 3; i++) {
			uint64_t value = ctm->matrix[3 * row + i];
			__int128 size = (value & INT64_MAX) / 256 + (value >> 7 & 1);
			if (size > (__int128)65536 << 24)
				size = (__int128)65536 << 24;
			sum += (value >> 63 ? -size : size) * in[i];
		}
		sum += 1 << 23;
		v[row] = sum < 0 ? 0 : sum >> 24 > 65535 ? 65535 : (uint32_t)(sum >> 24);
	}
}

static struct color correct(const struct kms_compose_color *color, struct color c)
{
	uint32_t v[3] = {c.r, c.g, c.b};

	for (unsigned i = 0; i < 3; i++)
		v[i] = lut(color->degamma, color->degamma_size, i, v[i]);
	if (color->ctm)
		matrix(color->ctm, v);
	for (unsigned i = 0; i < 3; i++)
		v[i] = lut(color->gamma, color->gamma_size, i, v[i]);
	return (struct color) {v[0], v[1], v[2], 65535};
}

void reference_compose(uint8_t *out, uint32_t width, uint32_t height, bool deep,
	const struct kms_compose_plane *planes, unsigned count,
	const struct kms_compose_color *color)
{
	bool wide = deep || sees_deep(planes, count, width, height);

	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width; x++) {
			struct color c = blend(planes, count, x, y, wide);
			uint32_t v[4];
			if (color)
				c = correct(color, c);
			v[0] = c.b;
			v[1] = c.g;
			v[2] = c.r;
			v[3] = 65535;
			for (unsigned i = 0; i < 4; i++) {
				if (deep) {
					*out++ = v[i];
					*out++ = v[i] >> 8;
				} else {
					*out++ = divide(v[i], 257);
				}
			}
		}
	}
}
