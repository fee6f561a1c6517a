/*
 * The renderer on the GPU against wlroots' pixman renderer: the same scene with
 * both, every pixel, tolerance 0.
 */
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>
#include <wlr/types/wlr_matrix.h>

#include "compositor_fixture.h"
#include "compositor_texture.h"
#include "test.h"

enum { SIDE_MAX = 160, TEXTURES = 4, OPS_MAX = 12 };

static int pick(int low, int high)
{
	return low + (int)(random() % (high - low + 1));
}

static float part(void)
{
	return pick(0, 4) == 0 ? 1 : pick(0, 1000) / 1000.0f;
}

/* ---- textures, alike in both renderers ---- */

struct texture {
	struct wlr_texture *gpu, *pixman;
	struct compositor_pixels {
		uint32_t fourcc, cpp;
		int width, height, stride;
		uint8_t *data;
	} pixels;
};

static void fill_random(struct compositor_pixels *pixels, const struct compositor_format *format,
	int width, int height)
{
	*pixels = (struct compositor_pixels){format->fourcc, format->cpp, width, height,
		(width * (int)format->cpp + 3) / 4 * 4 + pick(0, 3) * 4, NULL};
	pixels->data = malloc((size_t)pixels->stride * height);
	CHECK(pixels->data);
	for (int i = 0; i < pixels->stride * height; i++)
		pixels->data[i] = random() >> 7;
	/* Premultiplied: no channel is above the alpha. */
	for (int i = 0; format->alpha && format->texture_fourcc == DRM_FORMAT_ARGB8888 &&
	    i + 4 <= pixels->stride * height; i += 4) {
		uint32_t word;

		memcpy(&word, pixels->data + i, 4);
		unsigned alpha = word >> 24, less = (word & 0xff) * alpha / 255;
		word = alpha << 24 | less << 16 | less << 8 | less;
		memcpy(pixels->data + i, &word, 4);
	}
}

static struct wlr_texture *upload(struct wlr_renderer *renderer,
	const struct compositor_pixels *pixels)
{
	struct wlr_texture *texture = wlr_texture_from_pixels(renderer, pixels->fourcc,
		pixels->stride, pixels->width, pixels->height, pixels->data);

	CHECK(texture);
	return texture;
}

static const struct compositor_format *random_format(void)
{
	size_t count;
	const struct compositor_format *formats = compositor_formats(&count);

	return &formats[pick(0, count - 1)];
}

static void texture_init(struct compositor_bench *bench, struct texture *texture)
{
	fill_random(&texture->pixels, random_format(), pick(1, SIDE_MAX), pick(1, SIDE_MAX));
	texture->gpu = upload(bench->gpu.renderer, &texture->pixels);
	texture->pixman = upload(bench->pixman.renderer, &texture->pixels);
	CHECK_INT(wlr_texture_is_opaque(texture->gpu), wlr_texture_is_opaque(texture->pixman));
}

static void texture_finish(struct texture *texture)
{
	wlr_texture_destroy(texture->gpu);
	wlr_texture_destroy(texture->pixman);
	free(texture->pixels.data);
}

/* ---- scenes ---- */

struct op {
	enum { OP_CLEAR, OP_SCISSOR, OP_QUAD, OP_TEXTURE } kind;
	float color[4], matrix[9], alpha;
	struct wlr_box scissor;
	bool no_scissor;
	int texture;
};

static void random_color(float color[static 4])
{
	color[3] = part();
	for (int i = 0; i < 3; i++)
		color[i] = part() * color[3];
}

/* side_x, side_y: the texture's. As wlr_output's: the box may be turned, the output may be, and seldom by no right angle. */
static void random_matrix(float matrix[static 9], int width, int height, int side_x, int side_y,
	bool any_angle)
{
	int transform = pick(0, 7);
	bool turned = transform & 1;
	const struct wlr_box box = {pick(-60, width), pick(-60, height), turned ? side_y : side_x,
		turned ? side_x : side_y};
	float projection[9];

	wlr_matrix_identity(projection);
	if (pick(0, 1)) {
		wlr_matrix_translate(projection, width / 2.0, height / 2.0);
		wlr_matrix_transform(projection, pick(0, 7));
		wlr_matrix_translate(projection, -width / 2.0, -height / 2.0);
	}
	wlr_matrix_project_box(matrix, &box, transform,
		any_angle && pick(0, 3) == 0 ? pick(0, 628) / 100.0 : 0, projection);
}

static struct op random_op(const struct texture *textures, int width, int height)
{
	struct op op = {.kind = pick(0, 5), .alpha = part(), .texture = pick(0, TEXTURES - 1)};

	if (op.kind > OP_TEXTURE)
		op.kind = OP_TEXTURE;
	random_color(op.color);
	op.no_scissor = pick(0, 2) == 0;
	op.scissor = (struct wlr_box){pick(-20, width), pick(-20, height), pick(0, width),
		pick(0, height)};
	const struct compositor_pixels *pixels = &textures[op.texture].pixels;
	/* With 10 bits a channel pixman counts alphas in 16 bits; packets have 8. */
	if (PIXMAN_FORMAT_R(compositor_format_find(pixels->fourcc)->pixman) == 10)
		op.alpha = 1;
	if (op.kind == OP_TEXTURE && pick(0, 1))
		random_matrix(op.matrix, width, height, pixels->width, pixels->height, true);
	else
		random_matrix(op.matrix, width, height, pick(1, 2 * SIDE_MAX),
			pick(1, 2 * SIDE_MAX), true);
	return op;
}

static void run_op(struct wlr_renderer *renderer, const struct op *op, struct wlr_texture *texture)
{
	const struct wlr_fbox whole = {0, 0, texture->width, texture->height};
	struct wlr_box scissor = op->scissor;

	switch (op->kind) {
	case OP_CLEAR:
		wlr_renderer_clear(renderer, op->color);
		break;
	case OP_SCISSOR:
		wlr_renderer_scissor(renderer, op->no_scissor ? NULL : &scissor);
		break;
	case OP_QUAD:
		wlr_render_quad_with_matrix(renderer, op->color, op->matrix);
		break;
	case OP_TEXTURE:
		CHECK(wlr_render_subtexture_with_matrix(renderer, texture, &whole, op->matrix,
			op->alpha));
		break;
	}
}

static uint32_t *read_all(struct wlr_renderer *renderer, int width, int height)
{
	uint32_t *pixels = calloc(width * height, 4);

	CHECK(pixels);
	CHECK(wlr_renderer_read_pixels(renderer, DRM_FORMAT_ARGB8888, NULL, width * 4, width,
		height, 0, 0, 0, 0, pixels));
	return pixels;
}

static uint32_t *draw(struct wlr_renderer *renderer, struct wlr_buffer *buffer,
	const struct op *ops, int count, const struct texture *textures, bool gpu)
{
	static const float black[4] = {0, 0, 0, 1};

	CHECK(wlr_renderer_begin_with_buffer(renderer, buffer));
	wlr_renderer_scissor(renderer, NULL);
	wlr_renderer_clear(renderer, black);
	for (int i = 0; i < count; i++) {
		const struct texture *texture = &textures[ops[i].texture];

		run_op(renderer, &ops[i], gpu ? texture->gpu : texture->pixman);
	}
	wlr_renderer_scissor(renderer, NULL);
	uint32_t *pixels = read_all(renderer, buffer->width, buffer->height);
	wlr_renderer_end(renderer);
	return pixels;
}

static void compare(const uint32_t *got, const uint32_t *want, int width, int height, int seed)
{
	for (int i = 0; i < width * height; i++) {
		if (got[i] != want[i])
			test_fail(__FILE__, __LINE__, "scene %d: pixel %d,%d is %08x, want %08x",
				seed, i % width, i / width, got[i], want[i]);
	}
}

static void check_scene(struct compositor_bench *bench, int seed)
{
	static const uint32_t targets[] = {DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888,
		DRM_FORMAT_XBGR8888, DRM_FORMAT_ABGR8888, DRM_FORMAT_RGB565};
	struct texture textures[TEXTURES];
	struct op ops[OPS_MAX];

	srandom(seed);
	int width = pick(1, SIDE_MAX), height = pick(1, SIDE_MAX), count = pick(1, OPS_MAX);
	uint32_t fourcc = targets[pick(0, 4)];
	for (int i = 0; i < TEXTURES; i++)
		texture_init(bench, &textures[i]);
	for (int i = 0; i < count; i++)
		ops[i] = random_op(textures, width, height);
	struct wlr_buffer *ours = compositor_bench_buffer(bench, fourcc, width, height);
	struct wlr_buffer *theirs = compositor_bench_buffer(bench, fourcc, width, height);
	uint32_t *got = draw(bench->gpu.renderer, ours, ops, count, textures, true);
	uint32_t *want = draw(bench->pixman.renderer, theirs, ops, count, textures, false);
	compare(got, want, width, height, seed);
	free(got);
	free(want);
	wlr_buffer_drop(ours);
	wlr_buffer_drop(theirs);
	for (int i = 0; i < TEXTURES; i++)
		texture_finish(&textures[i]);
}

TEST(random_scenes_are_those_of_wlroots_pixman_renderer)
{
	struct compositor_bench bench;

	compositor_bench_init(&bench, NULL);
	for (int seed = 1; seed <= 400; seed++)
		check_scene(&bench, seed);
	compositor_bench_finish(&bench);
}

TEST(random_scenes_in_strict_memory)
{
	const struct gem_memory_options strict = {.strict = true};
	struct compositor_bench bench;

	compositor_bench_init(&bench, &strict);
	for (int seed = 1001; seed <= 1060; seed++)
		check_scene(&bench, seed);
	compositor_bench_finish(&bench);
}

TEST(it_is_the_gpu_that_draws)
{
	struct compositor_bench bench;

	compositor_bench_init(&bench, NULL);
	check_scene(&bench, 7);
	const struct compositor_batch_counts *counts =
		&compositor_renderer_from(bench.gpu.renderer)->batch->counts;
	CHECK(counts->batches > 0);
	CHECK_INT(counts->software, 0);
	compositor_bench_finish(&bench);
}

/* Every texture has 4 MiB; the GPU's own memory is swapped, or the processor draws. */
TEST(more_textures_than_memory)
{
	enum { COUNT = 12, SIDE = 1024 };
	const struct gem_memory_options small = {.budget = 20 << 20, .phys = 4 << 20,
		.swap_limit = 256 << 20};
	const struct wlr_fbox all = {0, 0, SIDE, SIDE};
	struct wlr_texture *textures[COUNT];
	struct compositor_bench bench;
	float matrix[9], projection[9];

	compositor_bench_init(&bench, &small);
	struct wlr_renderer *renderer = bench.gpu.renderer;
	struct wlr_buffer *target = compositor_bench_buffer(&bench, DRM_FORMAT_XRGB8888, SIDE, SIDE);
	uint32_t *pixels = malloc(SIDE * SIDE * 4);
	CHECK(pixels);
	for (int i = 0; i < COUNT; i++) {
		for (int at = 0; at < SIDE * SIDE; at++)
			pixels[at] = 0xff000000 + i * 0x101010 + at % 13;
		textures[i] = wlr_texture_from_pixels(renderer, DRM_FORMAT_XRGB8888, SIDE * 4, SIDE,
			SIDE, pixels);
		CHECK(textures[i]);
	}
	free(pixels);
	/* Each one a stripe further down: of all of them something is seen. */
	CHECK(wlr_renderer_begin_with_buffer(renderer, target));
	wlr_matrix_identity(projection);
	for (int i = 0; i < COUNT; i++) {
		wlr_matrix_project_box(matrix, &(struct wlr_box){0, i * 64, SIDE, SIDE}, 0, 0,
			projection);
		CHECK(wlr_render_subtexture_with_matrix(renderer, textures[i], &all, matrix, 1));
	}
	uint32_t *got = read_all(renderer, SIDE, SIDE);
	wlr_renderer_end(renderer);
	for (int y = 0; y < SIDE; y++) {
		int i = y / 64 < COUNT ? y / 64 : COUNT - 1;

		for (int x = 0; x < SIDE; x++)
			CHECK_INT(got[y * SIDE + x],
				0xff000000 + i * 0x101010 + ((y - i * 64) * SIDE + x) % 13);
	}
	free(got);
	for (int i = 0; i < COUNT; i++)
		wlr_texture_destroy(textures[i]);
	wlr_buffer_drop(target);
	compositor_bench_finish(&bench);
}

/* ---- source boxes, which wlroots' pixman renderer does not cut out ---- */

static void check_crop(struct compositor_bench *bench, int seed)
{
	struct texture whole, cut;
	float matrix[9];

	srandom(seed);
	texture_init(bench, &whole);
	const struct compositor_pixels *pixels = &whole.pixels;
	int x = pick(0, pixels->width - 1), y = pick(0, pixels->height - 1);
	int width = pick(1, pixels->width - x), height = pick(1, pixels->height - y);
	cut.pixels = (struct compositor_pixels){pixels->fourcc, pixels->cpp, width, height,
		(width * (int)pixels->cpp + 3) / 4 * 4, NULL};
	cut.pixels.data = calloc(cut.pixels.stride, height);
	for (int row = 0; row < height; row++)
		memcpy(cut.pixels.data + row * cut.pixels.stride,
			pixels->data + (y + row) * pixels->stride + x * pixels->cpp,
			width * pixels->cpp);
	cut.gpu = upload(bench->gpu.renderer, &cut.pixels);
	cut.pixman = upload(bench->pixman.renderer, &cut.pixels);
	/* Factors that floats have exactly. */
	int scale = 1 << pick(0, 2);
	random_matrix(matrix, 200, 200, width * scale, height * scale, false);
	const struct wlr_fbox box = {x, y, width, height}, all = {0, 0, width, height};
	struct wlr_buffer *ours = compositor_bench_buffer(bench, DRM_FORMAT_XRGB8888, 200, 200);
	struct wlr_buffer *theirs = compositor_bench_buffer(bench, DRM_FORMAT_XRGB8888, 200, 200);
	CHECK(wlr_renderer_begin_with_buffer(bench->gpu.renderer, ours));
	wlr_render_subtexture_with_matrix(bench->gpu.renderer, whole.gpu, &box, matrix, 1);
	uint32_t *got = read_all(bench->gpu.renderer, 200, 200);
	wlr_renderer_end(bench->gpu.renderer);
	CHECK(wlr_renderer_begin_with_buffer(bench->pixman.renderer, theirs));
	wlr_render_subtexture_with_matrix(bench->pixman.renderer, cut.pixman, &all, matrix, 1);
	uint32_t *want = read_all(bench->pixman.renderer, 200, 200);
	wlr_renderer_end(bench->pixman.renderer);
	compare(got, want, 200, 200, seed);
	free(got);
	free(want);
	wlr_buffer_drop(ours);
	wlr_buffer_drop(theirs);
	texture_finish(&whole);
	texture_finish(&cut);
}

TEST(a_source_box_shows_what_is_in_it_and_nothing_else)
{
	struct compositor_bench bench;

	compositor_bench_init(&bench, NULL);
	for (int seed = 1; seed <= 200; seed++)
		check_crop(&bench, seed);
	compositor_bench_finish(&bench);
}

/* ---- textures that change ---- */

static void write_both(struct texture *texture, struct compositor_pixels *next)
{
	const struct compositor_pixels *p = &texture->pixels;

	for (int i = pick(1, 3); i > 0; i--) {
		int x = pick(0, p->width - 1), y = pick(0, p->height - 1);
		int width = pick(1, p->width - x), height = pick(1, p->height - y);

		CHECK(wlr_texture_write_pixels(texture->gpu, next->stride, width, height, x, y, x,
			y, next->data));
		for (int row = y; row < y + height; row++)
			memcpy(p->data + row * p->stride + x * p->cpp,
				next->data + row * next->stride + x * p->cpp, width * p->cpp);
	}
}

/* Frames follow each other without a wait: each has the pixels of its own time. */
TEST(writing_while_the_gpu_reads_changes_no_earlier_frame)
{
	enum { FRAMES = 24, WIDTH = 300, HEIGHT = 200 };
	struct wlr_buffer *buffers[FRAMES];
	uint32_t *wants[FRAMES];
	struct compositor_bench bench;
	struct texture texture;
	float matrix[9], projection[9];

	compositor_bench_init(&bench, NULL);
	struct wlr_renderer *renderer = bench.gpu.renderer;
	wlr_matrix_identity(projection);
	wlr_matrix_project_box(matrix, &(struct wlr_box){0, 0, WIDTH, HEIGHT}, 0, 0, projection);
	fill_random(&texture.pixels, compositor_format_find(DRM_FORMAT_XRGB8888), WIDTH, HEIGHT);
	texture.gpu = upload(renderer, &texture.pixels);
	for (int frame = 0; frame < FRAMES; frame++) {
		const struct wlr_fbox all = {0, 0, WIDTH, HEIGHT};
		struct compositor_pixels next;

		buffers[frame] = compositor_bench_buffer(&bench, DRM_FORMAT_XRGB8888, WIDTH, HEIGHT);
		CHECK(wlr_renderer_begin_with_buffer(renderer, buffers[frame]));
		for (int i = 0; i < 20; i++) /* so that it takes its time */
			wlr_render_subtexture_with_matrix(renderer, texture.gpu, &all, matrix, 1);
		wlr_renderer_end(renderer);
		wants[frame] = calloc(WIDTH * HEIGHT, 4);
		for (int i = 0; i < WIDTH * HEIGHT; i++)
			memcpy(&wants[frame][i], texture.pixels.data +
				i / WIDTH * texture.pixels.stride + i % WIDTH * 4, 4);
		fill_random(&next, compositor_format_find(DRM_FORMAT_XRGB8888), WIDTH, HEIGHT);
		write_both(&texture, &next);
		free(next.data);
	}
	for (int frame = 0; frame < FRAMES; frame++) {
		CHECK(wlr_renderer_begin_with_buffer(renderer, buffers[frame]));
		uint32_t *got = read_all(renderer, WIDTH, HEIGHT);
		wlr_renderer_end(renderer);
		for (int i = 0; i < WIDTH * HEIGHT; i++)
			wants[frame][i] |= 0xff000000;
		compare(got, wants[frame], WIDTH, HEIGHT, frame);
		free(got);
		free(wants[frame]);
		wlr_buffer_drop(buffers[frame]);
	}
	wlr_texture_destroy(texture.gpu);
	free(texture.pixels.data);
	compositor_bench_finish(&bench);
}

/* ---- dma-bufs ---- */

TEST(a_dmabuf_texture_is_drawn_from_where_it_is)
{
	const struct wlr_fbox all = {0, 0, 64, 64};
	static const float red[4] = {1, 0, 0, 1}, green[4] = {0, 1, 0, 1};
	struct compositor_bench bench;
	float matrix[9], projection[9];

	compositor_bench_init(&bench, NULL);
	struct wlr_renderer *renderer = bench.gpu.renderer;
	wlr_matrix_identity(projection);
	wlr_matrix_project_box(matrix, &(struct wlr_box){0, 0, 64, 64}, 0, 0, projection);
	struct wlr_buffer *client = compositor_bench_buffer(&bench, DRM_FORMAT_XRGB8888, 64, 64);
	struct wlr_buffer *target = compositor_bench_buffer(&bench, DRM_FORMAT_XRGB8888, 64, 64);
	struct wlr_texture *texture = wlr_texture_from_buffer(renderer, client);
	CHECK(texture);
	CHECK(wlr_texture_is_opaque(texture));
	for (int i = 0; i < 2; i++) {
		CHECK(wlr_renderer_begin_with_buffer(renderer, client));
		wlr_renderer_clear(renderer, i ? green : red);
		wlr_renderer_end(renderer);
		CHECK(wlr_renderer_begin_with_buffer(renderer, target));
		wlr_render_subtexture_with_matrix(renderer, texture, &all, matrix, 1);
		uint32_t *got = read_all(renderer, 64, 64);
		wlr_renderer_end(renderer);
		CHECK_INT(got[64 * 33 + 7], i ? 0xff00ff00 : 0xffff0000);
		free(got);
	}
	CHECK(!wlr_texture_write_pixels(texture, 256, 1, 1, 0, 0, 0, 0, red));
	wlr_texture_destroy(texture);
	wlr_buffer_drop(client);
	wlr_buffer_drop(target);
	compositor_bench_finish(&bench);
}

static const struct bad_dmabuf {
	const char *name;
	struct wlr_dmabuf_attributes change; /* added to a good one, but for the modifier */
} bad_dmabufs[] = {
	{"taller than its memory", {.height = 1}},
	{"pitch beyond its memory", {.stride = {64}}},
	{"offset beyond its memory", {.offset = {4096}}},
	{"odd offset", {.offset = {2}, .height = -2}},
	{"pitch of less than a row", {.stride = {-64}}},
	{"two planes", {.n_planes = 1}},
	{"unknown modifier", {.modifier = 77}},
	{"format of another world", {.format = 1}},
	{"no width", {.width = -64}},
};

TEST_ROWS(a_dmabuf_that_does_not_fit_is_refused, struct bad_dmabuf, bad_dmabufs)
{
	struct wlr_dmabuf_attributes attribs;
	struct compositor_bench bench;

	compositor_bench_init(&bench, NULL);
	/* 64 rows of 256 bytes: 4 pages, and not a byte to spare. */
	struct wlr_buffer *buffer = compositor_bench_buffer(&bench, DRM_FORMAT_XRGB8888, 64, 64);
	CHECK(wlr_buffer_get_dmabuf(buffer, &attribs));
	struct wlr_texture *texture = wlr_texture_from_dmabuf(bench.gpu.renderer, &attribs);
	CHECK(texture);
	wlr_texture_destroy(texture);
	attribs.width += row->change.width;
	attribs.height += row->change.height;
	attribs.format += row->change.format;
	attribs.modifier += row->change.modifier;
	attribs.n_planes += row->change.n_planes;
	attribs.offset[0] += row->change.offset[0];
	attribs.stride[0] += row->change.stride[0];
	attribs.fd[1] = attribs.fd[0];
	CHECK(!wlr_texture_from_dmabuf(bench.gpu.renderer, &attribs));
	wlr_buffer_drop(buffer);
	compositor_bench_finish(&bench);
}
