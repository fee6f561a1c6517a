/*
 * Composition of a 1080p desktop, in frames a second: alone and with the CRC of each
 * frame, on one core and on all, beside memcpy of the same pixels and beside a composer
 * of the kind that vkms has (line by line, every pixel of every plane widened to four
 * words of 16 bits and blended there, a CRC-32 by table), in the same run. No goal is
 * checked here; the table is for people and for comparing two runs on one machine.
 *
 *   usage: bench_compose [SECONDS PER ROW]
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <drm_mode.h>
#include <zlib.h>

#include "gem_pool.h"
#include "kms_compose.h"
#include "kms_device.h"

enum { WIDTH = 1920, HEIGHT = 1080, CURSOR = 64 };

static const struct kms_format xrgb = {.fourcc = DRM_FORMAT_XRGB8888, .planes = 1, .cpp = {4}};
static const struct kms_format argb = {.fourcc = DRM_FORMAT_ARGB8888, .planes = 1, .cpp = {4},
	.has_alpha = true};
static const struct kms_format rgb565 = {.fourcc = DRM_FORMAT_RGB565, .planes = 1, .cpp = {2}};

struct scene {
	const char *name;
	const struct kms_compose_plane *planes;
	unsigned count;
	const struct kms_compose_color *color;
};

static uint8_t *out;
static struct gem_pool *pool;

static double read_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static double now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* Pages of their own, written once: no zero page in the measurement. */
static uint8_t *pixels_create(size_t size)
{
	uint8_t *pixels = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);

	for (size_t i = 0; pixels && i < size; i++)
		pixels[i] = i * 7 >> 3;
	return pixels;
}

/* Translucent everywhere but premultiplied, which is the slow case of blending. */
static void make_translucent(uint8_t *pixels, size_t size)
{
	for (size_t i = 0; i < size; i += 4) {
		pixels[i] = pixels[i + 1] = pixels[i + 2] = i >> 6 & 0x7f;
		pixels[i + 3] = 0x80;
	}
}

static struct kms_framebuffer framebuffer(uint32_t width, uint32_t height,
	const struct kms_format *format)
{
	struct kms_framebuffer fb = {.width = width, .height = height, .format = format};

	fb.planes[0].pitch = width * format->cpp[0];
	fb.planes[0].pixels = pixels_create((size_t)width * height * format->cpp[0]);
	if (!fb.planes[0].pixels)
		exit(1);
	if (format->has_alpha)
		make_translucent((uint8_t *)fb.planes[0].pixels, (size_t)width * height * 4);
	return fb;
}

/* The same bytes count as tiles: 15 of them are a row of 1920 pixels, 135 rows the picture. */
static struct kms_framebuffer tiled_framebuffer(void)
{
	struct kms_framebuffer fb = {.width = WIDTH, .height = HEIGHT, .format = &xrgb,
		.modifier = I915_FORMAT_MOD_X_TILED};

	fb.planes[0].pitch = WIDTH * 4;
	fb.planes[0].pixels = pixels_create((size_t)fb.planes[0].pitch * HEIGHT);
	if (!fb.planes[0].pixels)
		exit(1);
	return fb;
}

static struct kms_framebuffer yuv_framebuffer(void)
{
	struct kms_framebuffer fb = {.width = WIDTH, .height = HEIGHT,
		.format = kms_format_find(DRM_FORMAT_NV12)};

	fb.planes[0].pitch = fb.planes[1].pitch = WIDTH;
	fb.planes[0].pixels = pixels_create((size_t)WIDTH * HEIGHT);
	fb.planes[1].pixels = pixels_create((size_t)WIDTH * HEIGHT / 2);
	if (!fb.planes[0].pixels || !fb.planes[1].pixels)
		exit(1);
	return fb;
}

static unsigned cores(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);
}

static struct kms_compose_plane plane(const struct kms_framebuffer *fb, int32_t x, int32_t y)
{
	return (struct kms_compose_plane) {
		.fb = fb, .crtc_x = x, .crtc_y = y, .crtc_w = fb->width, .crtc_h = fb->height,
		.src_w = fb->width << 16, .src_h = fb->height << 16, .alpha = 0xffff,
	};
}

static double rate_of_compose(const struct scene *scene, struct gem_pool *helpers, bool with_crc,
	double seconds)
{
	uint32_t crc;
	const struct kms_compose_target target = {out, WIDTH, HEIGHT, WIDTH * 4, false,
		with_crc ? &crc : NULL};
	/* Alone: seconds of the core, whatever else runs on it. */
	clockid_t clock = helpers ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
	unsigned frames = 0;
	double start = read_clock(clock), passed;

	do {
		if (kms_compose_to(&target, helpers, scene->planes, scene->count, scene->color))
			exit(1);
		frames++;
		passed = read_clock(clock) - start;
	} while (passed < seconds);
	return frames / passed;
}

/* ---- the rival: 8888 formats and RGB565, as they lie ---- */

struct wide {
	uint16_t b, g, r, a;
};

static struct wide widen(const struct kms_framebuffer *fb, const uint8_t *at)
{
	if (fb->format->cpp[0] == 2) {
		unsigned word = at[0] | at[1] << 8;
		return (struct wide) {(word & 31) * 65535 / 31, (word >> 5 & 63) * 65535 / 63,
			(word >> 11) * 65535 / 31, 65535};
	}
	return (struct wide) {at[0] * 257, at[1] * 257, at[2] * 257,
		fb->format->has_alpha ? at[3] * 257 : 65535};
}

static uint16_t blend(uint16_t from, uint16_t to, uint16_t alpha)
{
	return (from * 65535u + to * (65535u - alpha) + 32767) / 65535;
}

static void naive_line(const struct scene *scene, uint32_t y, struct wide *line)
{
	memset(line, 0, WIDTH * sizeof(*line));
	for (unsigned i = 0; i < scene->count; i++) {
		const struct kms_compose_plane *at = &scene->planes[i];
		const struct kms_framebuffer *fb = at->fb;
		if ((int32_t)y < at->crtc_y || y >= at->crtc_y + fb->height)
			continue;
		const uint8_t *row = fb->planes[0].pixels +
			(size_t)(y - at->crtc_y) * fb->planes[0].pitch;
		for (uint32_t x = 0; x < fb->width; x++) {
			struct wide in = widen(fb, row + x * fb->format->cpp[0]);
			struct wide *to = &line[at->crtc_x + x];
			to->b = blend(in.b, to->b, in.a);
			to->g = blend(in.g, to->g, in.a);
			to->r = blend(in.r, to->r, in.a);
		}
	}
}

static double rate_of_naive(const struct scene *scene, double seconds)
{
	static struct wide line[WIDTH];
	unsigned frames = 0;
	double start = now(), passed;
	uLong crc;

	do {
		crc = 0;
		for (uint32_t y = 0; y < HEIGHT; y++) {
			naive_line(scene, y, line);
			crc = crc32(crc, (const uint8_t *)line, sizeof(line));
		}
		out[0] = crc;
		frames++;
		passed = now() - start;
	} while (passed < seconds);
	return frames / passed;
}

/* The same planes, copied to the same buffer one after the other. */
static double rate_of_memcpy(const struct scene *scene, double seconds)
{
	unsigned frames = 0;
	double start = now(), passed;

	do {
		for (unsigned i = 0; i < scene->count; i++) {
			const struct kms_framebuffer *fb = scene->planes[i].fb;
			memcpy(out, fb->planes[0].pixels,
				(size_t)fb->planes[0].pitch * fb->height);
			__asm__ volatile("" : : "r"(out) : "memory");
		}
		frames++;
		passed = now() - start;
	} while (passed < seconds);
	return frames / passed;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 1.0;
	struct kms_framebuffer primary = framebuffer(WIDTH, HEIGHT, &xrgb);
	struct kms_framebuffer primary16 = framebuffer(WIDTH, HEIGHT, &rgb565);
	struct kms_framebuffer overlay = framebuffer(WIDTH / 2, HEIGHT / 2, &argb);
	struct kms_framebuffer video = framebuffer(WIDTH / 2, HEIGHT / 2, &xrgb);
	struct kms_framebuffer cursor = framebuffer(CURSOR, CURSOR, &argb);
	struct kms_compose_plane desktop[] = {
		plane(&primary, 0, 0), plane(&overlay, 300, 200), plane(&cursor, 700, 500),
	};
	struct kms_compose_plane opaque[] = {
		plane(&primary, 0, 0), plane(&video, 300, 200), plane(&cursor, 700, 500),
	};
	struct kms_framebuffer tiled = tiled_framebuffer();
	struct kms_compose_plane x_tiled[] = {plane(&tiled, 0, 0)};
	struct kms_compose_plane small[] = {plane(&primary16, 0, 0)};
	struct kms_framebuffer nv12 = yuv_framebuffer();
	struct kms_compose_plane video_on_top[] = {plane(&primary, 0, 0), plane(&nv12, 0, 0)};
	struct kms_compose_plane scaled[] = {plane(&primary, 0, 0), plane(&video, 0, 0)};
	struct kms_compose_plane faded[] = {plane(&primary, 0, 0), plane(&overlay, 300, 200)};
	struct drm_color_lut lut[256];
	struct kms_compose_color gamma = {.gamma = lut, .gamma_size = 256};
	const struct scene scenes[] = {
		{"primary XR24", desktop, 1, NULL},
		{"primary + translucent overlay + cursor", desktop, 3, NULL},
		{"primary + opaque overlay + cursor", opaque, 3, NULL},
		{"the same, gamma LUT", opaque, 3, &gamma},
		{"primary RG16", small, 1, NULL},
		{"primary XR24, X-tiled", x_tiled, 1, NULL},
		{"NV12 over all", video_on_top, 2, NULL},
		{"primary + overlay scaled to all", scaled, 2, NULL},
		{"primary + overlay of plane alpha 1/2", faded, 2, NULL},
	};

	for (unsigned i = 0; i < 256; i++)
		lut[i] = (struct drm_color_lut) {i * i, i * 257, i * 200, 0};
	scaled[1].crtc_w = WIDTH;
	scaled[1].crtc_h = HEIGHT;
	faded[1].alpha = 0x8000;
	out = pixels_create((size_t)WIDTH * HEIGHT * 4);
	if (!out || gem_pool_create(cores() - 1, "bench", &pool))
		return 1;
	printf("1920x1080, frames/s; %u cores\n", cores());
	printf("%-38s %8s %8s %8s %8s %8s %9s %8s\n", "", "1 core", "all", "all+CRC", "memcpy",
		"vkms-ish", "/vkms-ish", "/memcpy");
	for (unsigned i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		double one = rate_of_compose(&scenes[i], NULL, false, seconds);
		double all = rate_of_compose(&scenes[i], pool, false, seconds);
		double crc = rate_of_compose(&scenes[i], pool, true, seconds);
		double copied = rate_of_memcpy(&scenes[i], seconds);
		printf("%-38s %8.0f %8.0f %8.0f %8.0f", scenes[i].name, one, all, crc, copied);
		if (i < 5 && i != 3) {
			double naive = rate_of_naive(&scenes[i], seconds);
			printf(" %8.0f %8.1fx", naive, crc / naive);
		} else {
			printf(" %8s %9s", "", "");
		}
		printf(" %7.2fx\n", all / copied);
	}
	gem_pool_destroy(pool);
	return 0;
}
