/*
 * Packets of the simulated GPU beside what moves the same bytes at best, in the
 * same run: memset, memcpy, the same call of pixman. MB/s of the target, 1080p
 * with 32 bits a pixel. No goal is checked here.
 */
#include <errno.h>

#include "bench.h"
#include "gem_base.h"
#include "gpu_engine.h"
#include "gpu_packet.h"

enum { WIDTH = 1920, HEIGHT = 1080, PITCH = 8192, SIZE = PITCH * HEIGHT, ROUNDS = 40,
	A_AT = 16 << 20, B_AT = 48 << 20, TILED_AT = 64 << 20, BATCH_AT = 1 << 20, RING_AT = 1 << 16,
	SPACE = 80 << 20, NOOPS = 100000 };

static uint8_t *space;

static void *translate(const struct gpu_bus *bus, uint64_t address, uint64_t length, bool write)
{
	return address + length <= SPACE ? space + address : NULL;
}

static bool fence(const struct gpu_bus *bus, uint64_t address, struct gem_fence_window *window)
{
	*window = (struct gem_fence_window){TILED_AT, 16 << 20, GEM_TILING_X, PITCH};
	return address >= TILED_AT && address < TILED_AT + (16 << 20);
}

static const struct gpu_bus bus = {translate, fence};
static struct gpu_engine *engine;

static double run(const uint32_t *dwords, unsigned count)
{
	uint32_t *batch = (uint32_t *)(space + BATCH_AT), *ring = (uint32_t *)(space + RING_AT);
	enum gpu_run state;
	double start;

	memcpy(batch, dwords, count * 4);
	batch[count] = GPU_MI_BATCH_BUFFER_END;
	ring[0] = GPU_MI_BATCH_BUFFER_START;
	ring[1] = BATCH_AT;
	gpu_engine_reset(engine);
	gpu_engine_write(engine, 0x38, RING_AT);
	gpu_engine_write(engine, 0x3c, GPU_CTL_ENABLE);
	start = bench_now_ns();
	gpu_engine_write(engine, 0x30, 8);
	while ((state = gpu_engine_run(engine, 1 << 20)) == GPU_RUN_MORE)
		;
	if (state != GPU_RUN_IDLE)
		bench_require(-EIO, "the engine faulted");
	return bench_now_ns() - start;
}

static double host_set(void)
{
	double start = bench_now_ns();

	for (unsigned y = 0; y < HEIGHT; y++)
		memset(space + B_AT + y * PITCH, start > 0, WIDTH * 4);
	return bench_now_ns() - start;
}

static double host_copy(void)
{
	double start = bench_now_ns();

	for (unsigned y = 0; y < HEIGHT; y++)
		memcpy(space + B_AT + y * PITCH, space + A_AT + y * PITCH, WIDTH * 4);
	return bench_now_ns() - start;
}

static double host_pixman(pixman_op_t op, bool scale)
{
	pixman_transform_t scaled = {{{49152, 0, 0}, {0, 49152, 0}, {0, 0, 65536}}};
	pixman_image_t *from, *to;
	double start = bench_now_ns();

	from = pixman_image_create_bits_no_clear(PIXMAN_a8r8g8b8, WIDTH, HEIGHT,
		(uint32_t *)(space + A_AT), PITCH);
	to = pixman_image_create_bits_no_clear(PIXMAN_a8r8g8b8, WIDTH, HEIGHT,
		(uint32_t *)(space + B_AT), PITCH);
	if (scale) {
		pixman_image_set_transform(from, &scaled);
		pixman_image_set_filter(from, PIXMAN_FILTER_BILINEAR, NULL, 0);
	}
	pixman_image_composite32(op, from, NULL, to, 0, 0, 0, 0, 0, 0, WIDTH, HEIGHT);
	pixman_image_unref(from);
	pixman_image_unref(to);
	return bench_now_ns() - start;
}

static double color(uint32_t at)
{
	uint32_t dwords[] = {GPU_XY_COLOR_BLT | 3 << 20, GPU_BLT_DEPTH_32 | GPU_BLT_ROP(0xf0) | PITCH,
		0, GPU_XY(WIDTH, HEIGHT), at, 0x12345678};

	return run(dwords, 6);
}

static double copy(uint32_t from, uint32_t to)
{
	uint32_t dwords[] = {GPU_XY_SRC_COPY_BLT | 3 << 20,
		GPU_BLT_DEPTH_32 | GPU_BLT_ROP(0xcc) | PITCH, 0, GPU_XY(WIDTH, HEIGHT), to, 0, PITCH,
		from};

	return run(dwords, 8);
}

static double composite(uint32_t op, bool scale)
{
	uint32_t layout = GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8R8G8B8, PITCH);
	uint32_t one = scale ? 49152 : 65536, size = GPU_XY(WIDTH, HEIGHT);
	uint32_t dwords[] = {GPU_COMPOSITE_TARGET, B_AT, layout, size, GPU_COMPOSITE_SURFACE, A_AT,
		layout | (scale ? GPU_COMPOSITE_BILINEAR : 0), size, one, 0, 0, 0, one, 0,
		GPU_COMPOSITE_DRAW, op | 255, 0, size, 0, 0};

	return run(dwords, GEM_ARRAY_SIZE(dwords));
}

static double noops(void)
{
	static uint32_t dwords[NOOPS];

	return run(dwords, NOOPS);
}

static void row(const char *name, double gpu_ns, const char *rival, double ns)
{
	double mb = WIDTH * HEIGHT * 4 / 1e6;

	printf("%-28s %8.0f MB/s   %-16s %8.0f MB/s   ratio %.2f\n", name, mb / gpu_ns * 1e9, rival,
		mb / ns * 1e9, ns / gpu_ns);
}

static double least(double best, double ns)
{
	return best && best < ns ? best : ns;
}

/* The two take turns, so that what else the machine does hits both. */
#define ROW(name, gpu, rival, host)                                      \
	do {                                                             \
		double gpu_ns_ = 0, ns_ = 0;                             \
		for (int round_ = 0; round_ < ROUNDS; round_++) {        \
			gpu_ns_ = least(gpu_ns_, gpu);                   \
			ns_ = least(ns_, host);                          \
		}                                                        \
		row(name, gpu_ns_, rival, ns_);                          \
	} while (0)

int main(void)
{
	space = aligned_alloc(4096, SPACE);
	if (!space)
		return 1;
	/* Translucent everywhere: OVER has to read and to blend. */
	memset(space, 0x60, SPACE);
	bench_require(gpu_engine_create(GPU_ENGINE_RENDER, &bus, &engine), "engine");
	ROW("color, linear", color(B_AT), "memset", host_set());
	ROW("color, X", color(TILED_AT), "memset", host_set());
	ROW("copy, linear", copy(A_AT, B_AT), "memcpy", host_copy());
	ROW("copy, X to linear", copy(TILED_AT, B_AT), "memcpy", host_copy());
	ROW("copy, linear to X", copy(A_AT, TILED_AT), "memcpy", host_copy());
	ROW("composite SRC", composite(GPU_COMPOSITE_SRC, false), "pixman",
		host_pixman(PIXMAN_OP_SRC, false));
	ROW("composite OVER", composite(GPU_COMPOSITE_OVER, false), "pixman",
		host_pixman(PIXMAN_OP_OVER, false));
	ROW("composite OVER, bilinear", composite(GPU_COMPOSITE_OVER, true), "pixman",
		host_pixman(PIXMAN_OP_OVER, true));
	printf("%-28s %8.1f ns a packet\n", "MI_NOOP", BENCH_BEST(ROUNDS, noops()) / NOOPS);
	gpu_engine_destroy(engine);
	free(space);
	return 0;
}
