/*
 * Frames of a compositor in one batch: a background and overlapping windows, by
 * the simulated GPU with its thread alone and with one helper, beside pixman
 * drawing the same in order; the three take turns. The last column is the
 * machine's memcpy of a frame. No goal is checked here.
 *
 * Arguments: substrings of the scenes to run.
 */
#include <errno.h>
#include <stdbool.h>

#include "bench.h"
#include "gem_base.h"
#include "gpu_engine.h"
#include "gpu_packet.h"

enum { MOST = 16, RING_AT = 1 << 16, BATCH_AT = 1 << 20, SCREEN_AT = 2 << 20,
	WINDOWS_AT = 64 << 20, WINDOW_SPACE = 24 << 20, SPACE = WINDOWS_AT + MOST * WINDOW_SPACE };

struct scene {
	uint32_t width, height, windows;
	bool translucent;
	uint32_t alpha;  /* of every window as a whole */
	int scale;       /* 0 none; 2: windows of half the size, bilinear */
	bool tiled;      /* screen and windows, X; pixman's are linear all the same */
	unsigned damage; /* percent */
};

static uint8_t *space;
static struct gpu_engine *engines[2]; /* alone; with a helper */
static pixman_image_t *screen, *windows[MOST];

static void *translate(const struct gpu_bus *bus, uint64_t address, uint64_t length, bool write)
{
	return address + length <= SPACE ? space + address : NULL;
}

static const struct gpu_bus bus = {translate, NULL};

/* Seven tenths of the screen a side, from the left top to the right bottom and back. */
static pixman_box32_t place(const struct scene *scene, unsigned i)
{
	int32_t w = scene->width * 7 / 10, h = scene->height * 7 / 10;
	int32_t x = (scene->width - w) * (i * 5 % MOST) / (MOST - 1);
	int32_t y = (scene->height - h) * (i * 11 % MOST) / (MOST - 1);

	return (pixman_box32_t){x, y, x + w, y + h};
}

static pixman_box32_t damaged(const struct scene *scene)
{
	int32_t w = scene->width / 10, h = scene->height / 10;

	if (scene->damage == 100)
		return (pixman_box32_t){0, 0, scene->width, scene->height};
	return (pixman_box32_t){w * 4, h * 4, w * 5, h * 5};
}

static uint32_t side(const struct scene *scene, int32_t length)
{
	return scene->scale ? length / scene->scale : length;
}

/* A window's buffer has the pitch of the screen. */
static unsigned emit(const struct scene *scene, uint32_t *out)
{
	uint32_t layout = GPU_COMPOSITE_LAYOUT(GPU_FORMAT_X8R8G8B8, scene->width * 4);
	uint32_t size = GPU_XY(scene->width, scene->height);
	uint32_t one = scene->scale ? 65536 / scene->scale : 65536;
	pixman_box32_t damage = damaged(scene);
	uint32_t tiled = scene->tiled ? GPU_COMPOSITE_TILED_X : 0;
	uint32_t start[] = {GPU_COMPOSITE_TARGET, SCREEN_AT, layout | tiled, size,
		GPU_COMPOSITE_SCISSOR(1), 0, GPU_XY(damage.x1, damage.y1),
		GPU_XY(damage.x2, damage.y2), GPU_COMPOSITE_SOLID, 0xff203040,
		GPU_COMPOSITE_DRAW, GPU_COMPOSITE_SRC | 255, 0, size, 0, 0};
	unsigned count = GEM_ARRAY_SIZE(start);

	if (scene->translucent)
		layout |= GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8R8G8B8, 0);
	if (scene->scale)
		layout |= GPU_COMPOSITE_BILINEAR;
	layout |= tiled;
	memcpy(out, start, sizeof(start));
	for (unsigned i = 0; i < scene->windows; i++) {
		pixman_box32_t box = place(scene, i);
		uint32_t draw[] = {GPU_COMPOSITE_SURFACE, WINDOWS_AT + i * WINDOW_SPACE, layout,
			GPU_XY(side(scene, box.x2 - box.x1), side(scene, box.y2 - box.y1)),
			one, 0, 0, 0, one, 0, GPU_COMPOSITE_DRAW, GPU_COMPOSITE_OVER | scene->alpha,
			GPU_XY(box.x1, box.y1), GPU_XY(box.x2, box.y2), 0, 0};

		memcpy(out + count, draw, sizeof(draw));
		count += GEM_ARRAY_SIZE(draw);
	}
	out[count] = GPU_MI_BATCH_BUFFER_END;
	return count + 1;
}

static double run_engine(struct gpu_engine *engine)
{
	uint32_t *ring = (uint32_t *)(space + RING_AT);
	double start = bench_now_ns();
	enum gpu_run state;

	ring[0] = GPU_MI_BATCH_BUFFER_START;
	ring[1] = BATCH_AT;
	gpu_engine_reset(engine);
	gpu_engine_write(engine, 0x38, RING_AT);
	gpu_engine_write(engine, 0x3c, GPU_CTL_ENABLE);
	gpu_engine_write(engine, 0x30, 8);
	while ((state = gpu_engine_run(engine, 16384)) == GPU_RUN_MORE)
		;
	if (state != GPU_RUN_IDLE)
		bench_require(-EIO, "the engine faulted");
	return bench_now_ns() - start;
}

static pixman_image_t *image(pixman_format_code_t format, uint32_t width, uint32_t height,
	uint32_t at, uint32_t pitch)
{
	return pixman_image_create_bits_no_clear(format, width, height, (uint32_t *)(space + at),
		pitch);
}

static void make_images(const struct scene *scene)
{
	uint32_t pitch = scene->width * 4;

	screen = image(PIXMAN_x8r8g8b8, scene->width, scene->height, SCREEN_AT, pitch);
	for (unsigned i = 0; i < scene->windows; i++) {
		pixman_box32_t box = place(scene, i);
		pixman_transform_t transform;

		windows[i] = image(scene->translucent ? PIXMAN_a8r8g8b8 : PIXMAN_x8r8g8b8,
			side(scene, box.x2 - box.x1), side(scene, box.y2 - box.y1),
			WINDOWS_AT + i * WINDOW_SPACE, pitch);
		if (!scene->scale)
			continue;
		pixman_transform_init_scale(&transform, 65536 / scene->scale, 65536 / scene->scale);
		pixman_image_set_transform(windows[i], &transform);
		pixman_image_set_filter(windows[i], PIXMAN_FILTER_BILINEAR, NULL, 0);
	}
}

static void free_images(const struct scene *scene)
{
	pixman_image_unref(screen);
	for (unsigned i = 0; i < scene->windows; i++)
		pixman_image_unref(windows[i]);
}

static double run_pixman(const struct scene *scene)
{
	pixman_image_t *background = pixman_image_create_solid_fill(&(pixman_color_t){.red = 0x2020,
		.green = 0x3030, .blue = 0x4040, .alpha = 0xffff});
	pixman_image_t *faded = pixman_image_create_solid_fill(&(pixman_color_t){
		.alpha = scene->alpha * 257});
	pixman_box32_t damage = damaged(scene);
	pixman_region32_t clip;
	double start = bench_now_ns();

	pixman_region32_init_with_extents(&clip, &damage);
	pixman_image_set_clip_region32(screen, &clip);
	pixman_image_composite32(PIXMAN_OP_SRC, background, NULL, screen, 0, 0, 0, 0, 0, 0,
		scene->width, scene->height);
	for (unsigned i = 0; i < scene->windows; i++) {
		pixman_box32_t box = place(scene, i);

		pixman_image_composite32(PIXMAN_OP_OVER, windows[i],
			scene->alpha < 255 ? faded : NULL, screen, 0, 0, 0, 0, box.x1, box.y1,
			box.x2 - box.x1, box.y2 - box.y1);
	}
	pixman_region32_fini(&clip);
	start = bench_now_ns() - start;
	pixman_image_unref(background);
	pixman_image_unref(faded);
	return start;
}

static double run_memcpy(const struct scene *scene)
{
	double start = bench_now_ns();

	memcpy(space + SCREEN_AT, space + WINDOWS_AT, scene->width * scene->height * 4);
	return bench_now_ns() - start;
}

/* What both drew must be the same but for the unused byte. */
static void check(const struct scene *scene)
{
	uint32_t *pixels = (uint32_t *)(space + SCREEN_AT), *want;
	size_t count = (size_t)scene->width * scene->height;

	want = malloc(count * 4);
	bench_require(want ? 0 : -ENOMEM, "memory");
	memset(pixels, 0x11, count * 4);
	run_pixman(scene);
	memcpy(want, pixels, count * 4);
	memset(pixels, 0x11, count * 4);
	run_engine(engines[1]);
	for (size_t i = 0; i < count && !scene->tiled; i++)
		if ((pixels[i] ^ want[i]) & 0xffffff)
			bench_require(-EILSEQ, "pixels differ");
	free(want);
}

static double least(double best, double ns)
{
	return best && best < ns ? best : ns;
}

static void run(const struct scene *scene, const char *name)
{
	unsigned rounds = scene->damage == 100 ? scene->scale ? 4 : 12 : 60;
	double pixman = 0, one = 0, two = 0, copy = 0;

	make_images(scene);
	emit(scene, (uint32_t *)(space + BATCH_AT));
	check(scene);
	for (unsigned i = 0; i < rounds; i++) {
		pixman = least(pixman, run_pixman(scene));
		one = least(one, run_engine(engines[0]));
		two = least(two, run_engine(engines[1]));
		copy = least(copy, run_memcpy(scene));
	}
	printf("%-34s %8.3f %8.3f %8.3f   %5.2fx %5.2fx %8.3f\n", name, pixman / 1e6, one / 1e6,
		two / 1e6, pixman / one, pixman / two, copy / 1e6);
	fflush(stdout);
	free_images(scene);
}

static void fill_windows(void)
{
	uint32_t *pixels = (uint32_t *)(space + WINDOWS_AT), seed = 1;

	/* Translucent everywhere, premultiplied: nothing can be skipped. */
	for (size_t i = 0; i < (size_t)MOST * WINDOW_SPACE / 4; i++)
		pixels[i] = 0xc0000000 | (bench_random(&seed) & 0x7f7f7f);
}

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	static const struct kind {
		const char *name;
		bool translucent;
		uint32_t alpha;
		int scale;
		bool tiled;
	} kinds[] = {
		{"opaque", false, 255, 0, false}, {"translucent", true, 255, 0, false},
		{"faded", true, 160, 0, false}, {"scaled", false, 255, 2, false},
		{"tiled opaque", false, 255, 0, true}, {"tiled translucent", true, 255, 0, true}};
	static const uint32_t sizes[][2] = {{1920, 1080}, {3840, 2160}};
	struct gem_pool *pool;

	space = aligned_alloc(2 << 20, SPACE);
	bench_require(space ? 0 : -ENOMEM, "memory");
	fill_windows();
	bench_require(gem_pool_create(1, "gpu-tiles", &pool), "pool");
	for (unsigned i = 0; i < 2; i++)
		bench_require(gpu_engine_create(GPU_ENGINE_RENDER, &bus, &engines[i]), "engine");
	engines[1]->pool = pool;
	printf("%-34s %8s %8s %8s   %6s %6s %8s\n", "ms a frame", "pixman", "1 thread", "2",
		"1", "2", "memcpy");
	for (unsigned size = 0; size < 2; size++)
		for (unsigned kind = 0; kind < GEM_ARRAY_SIZE(kinds); kind++)
			for (unsigned damage = 100; damage; damage = damage == 100 ? 1 : 0)
				for (unsigned n = 1; n <= MOST; n *= 2) {
					struct scene scene = {sizes[size][0], sizes[size][1], n,
						kinds[kind].translucent, kinds[kind].alpha,
						kinds[kind].scale, kinds[kind].tiled, damage};
					char name[80];

					snprintf(name, sizeof(name), "%up %s, %u windows, %u %%",
						scene.height, kinds[kind].name, n, damage);
					if (wanted(name, argc, argv))
						run(&scene, name);
				}
	for (unsigned i = 0; i < 2; i++)
		gpu_engine_destroy(engines[i]);
	gem_pool_destroy(pool);
	free(space);
	return 0;
}
