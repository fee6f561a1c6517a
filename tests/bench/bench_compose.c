/*
 * Composition of a 1080p desktop, in frames a second, beside memcpy of the same
 * pixels in the same run. No goal is checked here; the table is for people and
 * for comparing two runs on one machine.
 *
 *   usage: bench_compose [SECONDS PER ROW]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
};

static uint8_t *out;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
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

static struct kms_compose_plane plane(const struct kms_framebuffer *fb, int32_t x, int32_t y)
{
	return (struct kms_compose_plane) {
		.fb = fb, .crtc_x = x, .crtc_y = y, .crtc_w = fb->width, .crtc_h = fb->height,
		.src_w = fb->width << 16, .src_h = fb->height << 16,
	};
}

static double rate_of_compose(const struct scene *scene, double seconds)
{
	unsigned frames = 0;
	double start = now(), passed;

	do {
		kms_compose(out, WIDTH, HEIGHT, WIDTH * 4, scene->planes, scene->count,
			NULL);
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
	const struct scene scenes[] = {
		{"primary XR24", desktop, 1},
		{"primary + translucent overlay + cursor", desktop, 3},
		{"primary + opaque overlay + cursor", opaque, 3},
		{"primary RG16", small, 1},
		{"primary XR24, X-tiled", x_tiled, 1},
	};

	out = pixels_create((size_t)WIDTH * HEIGHT * 4);
	if (!out)
		return 1;
	printf("%-42s %10s %10s %7s\n", "1920x1080", "compose/s", "memcpy/s", "ratio");
	for (unsigned i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		double composed = rate_of_compose(&scenes[i], seconds);
		double copied = rate_of_memcpy(&scenes[i], seconds);
		printf("%-42s %10.0f %10.0f %6.2fx\n", scenes[i].name, composed, copied,
			composed / copied);
	}
	return 0;
}
