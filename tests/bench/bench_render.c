/*
 * Frames a second of the compositor's renderer on the simulated GPU beside
 * wlroots' pixman renderer: overlapping windows of 3/4 of the screen's width and
 * height on a background, as a scene would draw them. "flight" builds frames while
 * earlier ones are executed (4 buffers, as a swapchain has); "wait" waits for each;
 * "upload" is "flight" with the damage's pixels of the uppermost window written by
 * a wl_shm client before every frame, which we copy (wlroots' pixman renderer reads
 * such a client's memory while it draws: its number is the first, all the same).
 * "memcpy" is what the machine copies of the damage's bytes, on one core.
 *
 * Each is the best of many short rounds, by turns.
 *
 *   usage: bench_render [SECONDS A MEASUREMENT [SUBSTRING OF A ROW]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>
#include <i915_drm.h>
#include <wlr/types/wlr_matrix.h>
#include <xf86drm.h>

#include "bench.h"
#include "compositor_fixture.h"

enum { BUFFERS = 4, WINDOWS_MAX = 16 };

struct row {
	int width, height, windows, damage; /* per cent */
	bool translucent;
};

struct scene {
	const struct row *row;
	struct wlr_renderer *renderer;
	struct wlr_buffer *buffers[BUFFERS];
	struct wlr_texture *windows[WINDOWS_MAX];
	float matrices[WINDOWS_MAX][9];
	struct wlr_box damage;
	uint32_t *pixels; /* what uploads write */
	int fd; /* of the GPU; -1 = nothing to wait for */
	uint32_t handles[BUFFERS];
};

static struct wlr_texture *make_window(struct wlr_renderer *renderer, const struct row *row,
	int number)
{
	int width = row->width * 3 / 4, height = row->height * 3 / 4;
	uint32_t *pixels = malloc((size_t)width * height * 4);

	for (int i = 0; i < width * height; i++)
		pixels[i] = row->translucent ? 0x80000000 + (i * (number + 3) & 0x7f7f7f) :
			0xff000000 + (uint32_t)i * (number + 3);
	struct wlr_texture *texture = wlr_texture_from_pixels(renderer, row->translucent ?
		DRM_FORMAT_ARGB8888 : DRM_FORMAT_XRGB8888, width * 4, width, height, pixels);
	free(pixels);
	return texture;
}

static void scene_init(struct scene *scene, struct compositor_bench *bench,
	struct wlr_renderer *renderer, bool gpu, const struct row *row)
{
	float projection[9];
	struct wlr_dmabuf_attributes attribs;

	*scene = (struct scene){.row = row, .renderer = renderer,
		.fd = gpu ? wlr_renderer_get_drm_fd(renderer) : -1};
	wlr_matrix_identity(projection);
	for (int i = 0; i < BUFFERS; i++) {
		scene->buffers[i] = compositor_bench_buffer(bench, DRM_FORMAT_XRGB8888, row->width,
			row->height);
		wlr_buffer_get_dmabuf(scene->buffers[i], &attribs);
		if (gpu)
			drmPrimeFDToHandle(scene->fd, attribs.fd[0], &scene->handles[i]);
	}
	for (int i = 0; i < row->windows; i++) {
		const struct wlr_box box = {row->width / 4 * i / row->windows,
			row->height / 4 * i / row->windows, row->width * 3 / 4, row->height * 3 / 4};

		scene->windows[i] = make_window(renderer, row, i);
		wlr_matrix_project_box(scene->matrices[i], &box, 0, 0, projection);
	}
	scene->pixels = malloc((size_t)row->width * row->height * 4);
	memset(scene->pixels, 0x7f, (size_t)row->width * row->height * 4);
	scene->damage = (struct wlr_box){0, 0, row->width, row->height};
	if (row->damage == 1)
		scene->damage = (struct wlr_box){row->width * 2 / 5, row->height * 2 / 5,
			row->width / 10, row->height / 10};
}

static void scene_finish(struct scene *scene)
{
	for (int i = 0; i < scene->row->windows; i++)
		wlr_texture_destroy(scene->windows[i]);
	free(scene->pixels);
	for (int i = 0; i < BUFFERS; i++)
		wlr_buffer_drop(scene->buffers[i]); /* and with it the handle, by the renderer */
}

static void wait_for(struct scene *scene, int buffer)
{
	struct drm_i915_gem_wait args = {.bo_handle = scene->handles[buffer], .timeout_ns = -1};

	if (scene->fd >= 0)
		drmIoctl(scene->fd, DRM_IOCTL_I915_GEM_WAIT, &args);
}

static void draw(struct scene *scene, int buffer)
{
	static const float slate[4] = {0.16f, 0.20f, 0.25f, 1};
	const struct row *row = scene->row;
	const struct wlr_fbox all = {0, 0, row->width * 3 / 4, row->height * 3 / 4};

	wlr_renderer_begin_with_buffer(scene->renderer, scene->buffers[buffer]);
	wlr_renderer_scissor(scene->renderer, &scene->damage);
	wlr_renderer_clear(scene->renderer, slate);
	for (int i = 0; i < row->windows; i++)
		wlr_render_subtexture_with_matrix(scene->renderer, scene->windows[i], &all,
			scene->matrices[i], 1);
	wlr_renderer_scissor(scene->renderer, NULL);
	wlr_renderer_end(scene->renderer);
}

/* The damage of the uppermost window, which is in the middle of it. */
static void upload(struct scene *scene)
{
	const struct row *row = scene->row;
	struct wlr_texture *texture = scene->windows[row->windows - 1];
	uint32_t width = scene->damage.width, height = scene->damage.height;

	if (width > texture->width)
		width = texture->width;
	if (height > texture->height)
		height = texture->height;
	wlr_texture_write_pixels(texture, texture->width * 4, width, height, 0, 0,
		(texture->width - width) / 2, (texture->height - height) / 2, scene->pixels);
}

enum how { FLIGHT, WAIT, UPLOAD, HOW_COUNT };

static void warm_up(struct scene *scene)
{
	for (int i = 0; i < BUFFERS; i++) {
		draw(scene, i);
		wait_for(scene, i);
	}
}

/* Frames a second, of a round that is short enough to find the processor its own. */
static double measure(struct scene *scene, enum how how)
{
	const double round_ns = 2e6;
	int frames = 0;

	double start = bench_now_ns();
	do {
		int buffer = frames % BUFFERS;

		wait_for(scene, buffer); /* the flip that shows it is over */
		if (how == UPLOAD)
			upload(scene);
		draw(scene, buffer);
		if (how == WAIT)
			wait_for(scene, buffer);
		frames++;
	} while (frames < BUFFERS || bench_now_ns() - start < round_ns);
	for (int i = 0; i < BUFFERS; i++)
		wait_for(scene, i);
	return frames * 1e9 / (bench_now_ns() - start);
}

static double measure_memcpy(const struct scene *scene)
{
	enum { ROUNDS = 20 };
	const struct wlr_box *damage = &scene->damage;
	size_t pitch = scene->row->width * 4, size = pitch * scene->row->height;
	uint8_t *from = malloc(size), *to = malloc(size);
	double best = 0;

	memset(from, 1, size);
	memset(to, 2, size);
	for (int i = 0; i < ROUNDS; i++) {
		double start = bench_now_ns();

		for (int y = damage->y; y < damage->y + damage->height; y++)
			memcpy(to + y * pitch + damage->x * 4, from + y * pitch + damage->x * 4,
				damage->width * 4);
		double rate = 1e9 / (bench_now_ns() - start);
		best = rate > best ? rate : best;
	}
	free(from);
	free(to);
	return best;
}

static void run_row(struct compositor_bench *bench, const struct row *row, double seconds,
	const char *filter)
{
	struct scene gpu, pixman;
	char name[64];

	snprintf(name, sizeof(name), "%dp %s %d%% %d", row->height,
		row->translucent ? "translucent" : "opaque", row->damage, row->windows);
	if (filter && !strstr(name, filter))
		return;
	scene_init(&gpu, bench, bench->gpu.renderer, true, row);
	scene_init(&pixman, bench, bench->pixman.renderer, false, row);
	warm_up(&gpu);
	warm_up(&pixman);
	/* By turns, and the best of each: what else the machine does, takes from all. */
	double ours[HOW_COUNT] = {0}, theirs = 0;
	double end = bench_now_ns() + (1 + HOW_COUNT) * seconds * 1e9;
	do {
		double value = measure(&pixman, FLIGHT);
		theirs = value > theirs ? value : theirs;
		for (enum how how = 0; how < HOW_COUNT; how++) {
			value = measure(&gpu, how);
			ours[how] = value > ours[how] ? value : ours[how];
		}
	} while (bench_now_ns() < end);
	printf("%-24s %9.1f", name, theirs);
	for (enum how how = 0; how < HOW_COUNT; how++)
		printf(" %9.1f %6.2f", ours[how], ours[how] / theirs);
	printf(" %10.1f\n", measure_memcpy(&gpu));
	fflush(stdout);
	scene_finish(&gpu);
	scene_finish(&pixman);
}

int main(int argc, char **argv)
{
	static const int windows[] = {1, 2, 4, 8, 16};
	double seconds = argc > 1 ? atof(argv[1]) : 0.6;
	struct compositor_bench bench;

	compositor_bench_init(&bench, NULL);
	printf("frames/s %25s %9s %6s %9s %6s %9s %6s %10s\n", "pixman", "flight", "ratio", "wait",
		"ratio", "upload", "ratio", "memcpy");
	for (int i = 0; i < 8; i++) {
		for (unsigned j = 0; j < GEM_ARRAY_SIZE(windows); j++) {
			struct row row = {i & 4 ? 3840 : 1920, i & 4 ? 2160 : 1080, windows[j],
				i & 1 ? 1 : 100, i & 2};

			run_row(&bench, &row, seconds, argc > 2 ? argv[2] : NULL);
		}
	}
	compositor_bench_finish(&bench);
	return 0;
}
