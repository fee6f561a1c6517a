#include <stddef.h>

#include "gem_base.h"
#include "kms_layout.h"

/* name, cpp, {shift, bits} of red, green, blue, alpha, pixman's words for it */
#define RGB(name, cpp_, rs, rb, gs, gb, bs, bb, as, ab, code, opaque)                     \
	{.fourcc = DRM_FORMAT_##name, .kind = KMS_LAYOUT_RGB, .cpp = cpp_, .r = {rs, rb}, \
	 .g = {gs, gb}, .b = {bs, bb}, .a = {as, ab}, .alpha = ab > 0, .deep = gb > 8,    \
	 .pixman = code, .pixman_opaque = opaque, .streams = {{.step = cpp_}}, .stream_count = 1}
#define WORDS(name, kind_, swap_, alpha_)                                                \
	{.fourcc = DRM_FORMAT_##name, .kind = KMS_LAYOUT_##kind_, .cpp = 8, .swap = swap_, \
	 .alpha = alpha_, .deep = true, .streams = {{.step = 8}}, .stream_count = 1}
#define BYTES(name, kind_)                                                               \
	{.fourcc = DRM_FORMAT_##name, .kind = KMS_LAYOUT_##kind_, .cpp = 1,              \
	 .streams = {{.step = 1}}, .stream_count = 1}

/* Luma in plane 0, chroma pairs in plane 1; u, v: place in the pair. */
#define SEMIPLANAR(name, bits, bytes, u, v, h, vs)                                       \
	{.fourcc = DRM_FORMAT_##name, .kind = KMS_LAYOUT_YUV, .deep = bits > 8,          \
	 .streams = {{0, 0, bytes, false}, {1, (u) * bytes, 2 * bytes, true},            \
		     {1, (v) * bytes, 2 * bytes, true}},                                 \
	 .stream_count = 3, .sample_bits = bits, .hsub = h, .vsub = vs}
/* Planes of their own; u, v: which. */
#define PLANAR(name, u, v, h, vs)                                                        \
	{.fourcc = DRM_FORMAT_##name, .kind = KMS_LAYOUT_YUV,                            \
	 .streams = {{0, 0, 1, false}, {u, 0, 1, true}, {v, 0, 1, true}},                \
	 .stream_count = 3, .sample_bits = 8, .hsub = h, .vsub = vs}
/* Two pixels in four bytes; y, u, v: place of the first. */
#define PACKED(name, y, u, v)                                                            \
	{.fourcc = DRM_FORMAT_##name, .kind = KMS_LAYOUT_YUV,                            \
	 .streams = {{0, y, 2, false}, {0, u, 4, true}, {0, v, 4, true}},                \
	 .stream_count = 3, .sample_bits = 8, .hsub = 2, .vsub = 1}

static const struct kms_layout layouts[] = {
	RGB(XRGB8888, 4, 16, 8, 8, 8, 0, 8, 0, 0, PIXMAN_x8r8g8b8, PIXMAN_x8r8g8b8),
	RGB(ARGB8888, 4, 16, 8, 8, 8, 0, 8, 24, 8, PIXMAN_a8r8g8b8, PIXMAN_x8r8g8b8),
	RGB(XBGR8888, 4, 0, 8, 8, 8, 16, 8, 0, 0, PIXMAN_x8b8g8r8, PIXMAN_x8b8g8r8),
	RGB(ABGR8888, 4, 0, 8, 8, 8, 16, 8, 24, 8, PIXMAN_a8b8g8r8, PIXMAN_x8b8g8r8),
	RGB(RGBX8888, 4, 24, 8, 16, 8, 8, 8, 0, 0, PIXMAN_r8g8b8x8, PIXMAN_r8g8b8x8),
	RGB(RGBA8888, 4, 24, 8, 16, 8, 8, 8, 0, 8, PIXMAN_r8g8b8a8, PIXMAN_r8g8b8x8),
	RGB(BGRX8888, 4, 8, 8, 16, 8, 24, 8, 0, 0, PIXMAN_b8g8r8x8, PIXMAN_b8g8r8x8),
	RGB(BGRA8888, 4, 8, 8, 16, 8, 24, 8, 0, 8, PIXMAN_b8g8r8a8, PIXMAN_b8g8r8x8),
	RGB(RGB888, 3, 16, 8, 8, 8, 0, 8, 0, 0, PIXMAN_r8g8b8, PIXMAN_r8g8b8),
	RGB(BGR888, 3, 0, 8, 8, 8, 16, 8, 0, 0, PIXMAN_b8g8r8, PIXMAN_b8g8r8),
	RGB(RGB565, 2, 11, 5, 5, 6, 0, 5, 0, 0, PIXMAN_r5g6b5, PIXMAN_r5g6b5),
	RGB(BGR565, 2, 0, 5, 5, 6, 11, 5, 0, 0, PIXMAN_b5g6r5, PIXMAN_b5g6r5),
	RGB(XRGB1555, 2, 10, 5, 5, 5, 0, 5, 0, 0, PIXMAN_x1r5g5b5, PIXMAN_x1r5g5b5),
	RGB(ARGB1555, 2, 10, 5, 5, 5, 0, 5, 15, 1, PIXMAN_a1r5g5b5, PIXMAN_x1r5g5b5),
	RGB(XBGR1555, 2, 0, 5, 5, 5, 10, 5, 0, 0, PIXMAN_x1b5g5r5, PIXMAN_x1b5g5r5),
	RGB(ABGR1555, 2, 0, 5, 5, 5, 10, 5, 15, 1, PIXMAN_a1b5g5r5, PIXMAN_x1b5g5r5),
	RGB(XRGB4444, 2, 8, 4, 4, 4, 0, 4, 0, 0, PIXMAN_x4r4g4b4, PIXMAN_x4r4g4b4),
	RGB(ARGB4444, 2, 8, 4, 4, 4, 0, 4, 12, 4, PIXMAN_a4r4g4b4, PIXMAN_x4r4g4b4),
	RGB(XBGR4444, 2, 0, 4, 4, 4, 8, 4, 0, 0, PIXMAN_x4b4g4r4, PIXMAN_x4b4g4r4),
	RGB(ABGR4444, 2, 0, 4, 4, 4, 8, 4, 12, 4, PIXMAN_a4b4g4r4, PIXMAN_x4b4g4r4),
	RGB(XRGB2101010, 4, 20, 10, 10, 10, 0, 10, 0, 0, 0, 0),
	RGB(ARGB2101010, 4, 20, 10, 10, 10, 0, 10, 30, 2, 0, 0),
	RGB(XBGR2101010, 4, 0, 10, 10, 10, 20, 10, 0, 0, 0, 0),
	RGB(ABGR2101010, 4, 0, 10, 10, 10, 20, 10, 30, 2, 0, 0),
	RGB(RGBX1010102, 4, 22, 10, 12, 10, 2, 10, 0, 0, 0, 0),
	RGB(RGBA1010102, 4, 22, 10, 12, 10, 2, 10, 0, 2, 0, 0),
	RGB(BGRX1010102, 4, 2, 10, 12, 10, 22, 10, 0, 0, 0, 0),
	RGB(BGRA1010102, 4, 2, 10, 12, 10, 22, 10, 0, 2, 0, 0),
	WORDS(XRGB16161616, RGB16, false, false),
	WORDS(ARGB16161616, RGB16, false, true),
	WORDS(XBGR16161616, RGB16, true, false),
	WORDS(ABGR16161616, RGB16, true, true),
	WORDS(XRGB16161616F, HALF, false, false),
	WORDS(ARGB16161616F, HALF, false, true),
	WORDS(XBGR16161616F, HALF, true, false),
	WORDS(ABGR16161616F, HALF, true, true),
	BYTES(C8, GREY),
	BYTES(R8, RED),
	SEMIPLANAR(NV12, 8, 1, 0, 1, 2, 2),
	SEMIPLANAR(NV21, 8, 1, 1, 0, 2, 2),
	SEMIPLANAR(NV16, 8, 1, 0, 1, 2, 1),
	SEMIPLANAR(NV61, 8, 1, 1, 0, 2, 1),
	SEMIPLANAR(NV24, 8, 1, 0, 1, 1, 1),
	SEMIPLANAR(NV42, 8, 1, 1, 0, 1, 1),
	SEMIPLANAR(P010, 10, 2, 0, 1, 2, 2),
	SEMIPLANAR(P012, 12, 2, 0, 1, 2, 2),
	SEMIPLANAR(P016, 16, 2, 0, 1, 2, 2),
	PLANAR(YUV420, 1, 2, 2, 2),
	PLANAR(YVU420, 2, 1, 2, 2),
	PLANAR(YUV422, 1, 2, 2, 1),
	PLANAR(YVU422, 2, 1, 2, 1),
	PLANAR(YUV444, 1, 2, 1, 1),
	PLANAR(YVU444, 2, 1, 1, 1),
	PACKED(YUYV, 0, 1, 3),
	PACKED(YVYU, 0, 3, 1),
	PACKED(UYVY, 1, 0, 2),
	PACKED(VYUY, 1, 2, 0),
};

const struct kms_layout *kms_layout_find(uint32_t fourcc)
{
	for (size_t i = 0; i < GEM_ARRAY_SIZE(layouts); i++) {
		if (layouts[i].fourcc == fourcc)
			return &layouts[i];
	}
	return NULL;
}
