/*
 * EXECBUFFER2 in process: batches that do nothing, submitted and waited for,
 * beside two threads that hand each other a turn by a mutex and a condition; and
 * what a second render engine brings when two contexts draw at once. The helpers
 * that draw tiles for whoever has some use the other cores with one engine already:
 * they are left out of the first rows, to tell what engines bring, and then there,
 * to tell what is left of that. Rounds take turns, the best counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "bench.h"
#include "bench_exec.h"
#include "gpu_packet.h"
#include "uapi.h"

enum { ROUNDS = 11, CALLS = 3000, WIDTH = 1920, HEIGHT = 1080, PITCH = WIDTH * 4 };

struct card {
	struct vfs *vfs;
	struct uapi_device *dev;
	struct vfs_node node;
	int fd;
};

static struct card card;

int bench_ioctl(int fd, unsigned long request, void *arg)
{
	struct vfs_caller caller;
	struct vfs_file *file;

	vfs_caller_init_self(&caller);
	bench_require(vfs_file_from_own_fd(card.vfs, fd, &file), "file");
	long ret = file->ops->ioctl(file, request, (uintptr_t)arg, &caller);
	vfs_file_put(file);
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

static void open_card(unsigned engines, unsigned helpers)
{
	struct uapi_options options = {.gpu = {.render_engines = engines, .tile_threads = helpers}};
	struct vfs_caller caller;

	vfs_caller_init_self(&caller);
	bench_require(vfs_create(&card.vfs), "vfs");
	bench_require(uapi_device_create(kms_device_desc_default(), "i915", &options, &card.dev),
		"device");
	uapi_node_init(&card.node, card.dev, UAPI_NODE_PRIMARY, 0);
	bench_require(vfs_add_node(card.vfs, &card.node), "node");
	bench_require(vfs_open(card.vfs, card.node.path, O_RDWR | O_CLOEXEC, &caller, &card.fd),
		"open");
}

static void close_card(void)
{
	close(card.fd);
	vfs_destroy(card.vfs);
	uapi_device_destroy(card.dev);
}

/* ---- the rival ---- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned turn; /* odd: the other thread's; 0 = end */
} table = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 2};

static void pass_turn(void)
{
	pthread_mutex_lock(&table.lock);
	table.turn++;
	pthread_cond_broadcast(&table.cond);
	while (table.turn & 1)
		pthread_cond_wait(&table.cond, &table.lock);
	pthread_mutex_unlock(&table.lock);
}

static void *answer(void *data)
{
	pthread_mutex_lock(&table.lock);
	while (table.turn) {
		if (table.turn & 1) {
			table.turn++;
			pthread_cond_broadcast(&table.cond);
		}
		pthread_cond_wait(&table.cond, &table.lock);
	}
	pthread_mutex_unlock(&table.lock);
	return data;
}

static double ping_pong(void)
{
	double start = bench_now_ns();

	for (unsigned i = 0; i < CALLS; i++)
		pass_turn();
	return (bench_now_ns() - start) / CALLS;
}

static void keep_least(double *best, double value)
{
	if (*best == 0 || value < *best)
		*best = value;
}

static void bench_nops(void)
{
	double rival = 0, trip = 0, row = 0;
	struct bench_batch batch;
	pthread_t thread;

	bench_require(-pthread_create(&thread, NULL, answer, NULL), "thread");
	open_card(0, 0);
	bench_batch_nop(&batch, card.fd, I915_EXEC_RENDER);
	for (unsigned i = 0; i < ROUNDS; i++) {
		keep_least(&rival, ping_pong());
		keep_least(&trip, bench_round_trip(&batch, CALLS));
		keep_least(&row, bench_throughput(&batch, CALLS));
	}
	close_card();
	pthread_mutex_lock(&table.lock);
	table.turn = 0;
	pthread_cond_broadcast(&table.cond);
	pthread_mutex_unlock(&table.lock);
	pthread_join(thread, NULL);
	printf("%-44s %8.2f us\n", "two threads, mutex and condition, round trip", rival / 1e3);
	printf("%-44s %8.2f us  %5.2f of that\n", "a nop, submitted and waited for", trip / 1e3,
		trip / rival);
	printf("%-44s %8.2f us  %5.2f of that, %.0f a second\n", "nops in a row, each", row / 1e3,
		row / rival, 1e9 / row);
}

/* ---- engines ---- */

/* Fills stay in the caches: what is larger is as fast as the memory, whoever writes. */
enum { CONTEXTS = 2, BATCHES = 6, DRAWS = 4, FILLS = 160, SIDE = 256, DWORDS_MAX = 1024 };

static unsigned make_fills(uint32_t *dwords)
{
	unsigned count = 0;

	for (unsigned i = 0; i < FILLS; i++) {
		const uint32_t packet[] = {
			GPU_XY_COLOR_BLT | GPU_BLT_WRITE_ALPHA | GPU_BLT_WRITE_RGB,
			GPU_BLT_DEPTH_32 | GPU_BLT_ROP(0xf0) | PITCH, GPU_XY(0, 0),
			GPU_XY(SIDE, SIDE), BENCH_TARGET, i,
		};

		memcpy(dwords + count, packet, sizeof(packet));
		count += GEM_ARRAY_SIZE(packet);
	}
	dwords[count++] = GPU_MI_BATCH_BUFFER_END;
	return count;
}

static unsigned make_draws(uint32_t *dwords)
{
	const uint32_t state[] = {
		GPU_COMPOSITE_TARGET, BENCH_TARGET,
		GPU_COMPOSITE_LAYOUT(GPU_FORMAT_A8R8G8B8, PITCH), WIDTH | HEIGHT << 16,
		GPU_COMPOSITE_SOLID, 0x80402010,
	};
	const uint32_t draw[] = {
		GPU_COMPOSITE_DRAW, GPU_COMPOSITE_OVER | 255, GPU_XY(0, 0), GPU_XY(WIDTH, HEIGHT),
		GPU_XY(0, 0), GPU_XY(0, 0),
	};
	unsigned count = GEM_ARRAY_SIZE(state);

	memcpy(dwords, state, sizeof(state));
	for (unsigned i = 0; i < DRAWS; i++) {
		memcpy(dwords + count, draw, sizeof(draw));
		count += GEM_ARRAY_SIZE(draw);
	}
	dwords[count++] = GPU_MI_BATCH_BUFFER_END;
	return count;
}

/* ms until the batches of all contexts are done. */
static double draw_in_contexts(unsigned engines, unsigned helpers,
	unsigned (*make)(uint32_t *dwords))
{
	struct bench_batch batches[CONTEXTS];
	uint32_t dwords[DWORDS_MAX];
	unsigned count = make(dwords);

	open_card(engines, helpers);
	for (unsigned i = 0; i < CONTEXTS; i++) {
		bench_batch_draw(&batches[i], card.fd, I915_EXEC_RENDER, bench_context(card.fd),
			bench_object(card.fd, (uint64_t)PITCH * HEIGHT), dwords, count);
		bench_submit(&batches[i]); /* the pages come in */
		bench_wait(&batches[i]);
	}
	double start = bench_now_ns();
	for (unsigned i = 0; i < CONTEXTS * BATCHES; i++)
		bench_submit(&batches[i % CONTEXTS]);
	for (unsigned i = 0; i < CONTEXTS; i++)
		bench_wait(&batches[i]);
	double ms = (bench_now_ns() - start) / 1e6;
	close_card();
	return ms;
}

static void bench_engines(const char *what, unsigned (*make)(uint32_t *dwords))
{
	static const unsigned helpers[2] = {GPU_TILE_THREADS_NONE, 1};
	double best[2][2] = {0};

	for (unsigned i = 0; i < ROUNDS; i++) {
		for (unsigned j = 0; j < 4; j++)
			keep_least(&best[j / 2][j % 2],
				draw_in_contexts(j % 2 + 1, helpers[j / 2], make));
	}
	for (unsigned j = 0; j < 2; j++)
		printf("%-38s %s %8.2f ms on one engine, %8.2f ms on two: %4.2f times as fast\n",
			what, j ? "helped" : "alone ", best[j][0], best[j][1],
			best[j][0] / best[j][1]);
}

int main(void)
{
	bench_nops();
	bench_engines("two contexts, fills of 256x256", make_fills);
	bench_engines("two contexts, COMPOSITE of 1920x1080", make_draws);
	return 0;
}
