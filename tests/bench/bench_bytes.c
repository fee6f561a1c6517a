/*
 * What GEM does with bytes, beside the least that the machine takes for it, in
 * one run: swapping and tiled layouts. TMPDIR or /var/tmp is where the swap file
 * and its rival are. (Making and touching them: bench_memory.)
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "gem_file.h"
#include "gem_prime.h"
#include "gem_tiling.h"

enum { ROUNDS = 7, COUNT = 32, CHUNK = 256 << 10, STRIDE = 8192 };
static const uint64_t SIZE = 8 << 20;

/* ---- swap: COUNT objects go to the file and come back ---- */

struct swapped {
	struct gem_device dev;
	struct gem_object *objects[COUNT];
};

static void touch_all(struct swapped *s, bool fill)
{
	void *pages;

	for (int i = 0; i < COUNT; i++) {
		bench_require(gem_object_pin_pages(s->objects[i], &pages), "pages");
		if (fill)
			memset(pages, 1 + i, SIZE);
		if (*(uint8_t *)pages != 1 + i)
			bench_require(-5, "contents");
		gem_object_unpin_pages(s->objects[i]);
	}
}

static double swap_out(struct swapped *s)
{
	double start = bench_now_ns();

	if (gem_memory_shrink(&s->dev, COUNT * SIZE) != COUNT * SIZE)
		bench_require(-28, "shrink");
	return bench_now_ns() - start;
}

static double swap_in(struct swapped *s)
{
	double start = bench_now_ns();

	touch_all(s, false);
	return bench_now_ns() - start;
}

/* Alternates, since each needs the other; best of both. */
static void measure_swap(double *out, double *in)
{
	static struct swapped s;

	bench_require(gem_device_init(&s.dev, NULL), "device");
	for (int i = 0; i < COUNT; i++)
		bench_require(gem_shmem_create(&s.dev, SIZE, &s.objects[i]), "object");
	touch_all(&s, true);
	for (int round = 0; round < ROUNDS; round++) {
		double ns = swap_out(&s);
		*out = *out == 0 || ns < *out ? ns : *out;
		ns = swap_in(&s);
		*in = *in == 0 || ns < *in ? ns : *in;
	}
	for (int i = 0; i < COUNT; i++)
		gem_object_put(s.objects[i]);
	gem_device_finish(&s.dev);
}

static int rival_file(void)
{
	const char *folder = getenv("TMPDIR");
	int fd = open(folder ? folder : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	bench_require(fd < 0 ? -5 : 0, "file");
	return fd;
}

static double file_round(int fd, uint8_t *bytes, bool out)
{
	double start = bench_now_ns();

	for (uint64_t at = 0; at < COUNT * SIZE; at += CHUNK) {
		ssize_t done = out ? pwrite(fd, bytes + at, CHUNK, at) :
			pread(fd, bytes + at, CHUNK, at);
		bench_require(done == CHUNK ? 0 : -5, "file");
	}
	return bench_now_ns() - start;
}

/*
 * As with the swap file, blocks are new at each write, and what is read goes to
 * memory that is new.
 */
static void measure_file(double *out, double *in)
{
	int fd = rival_file();

	for (int round = 0; round < 2 * ROUNDS; round++) {
		uint8_t *bytes = mmap(NULL, COUNT * SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		bench_require(bytes == MAP_FAILED ? -12 : 0, "mmap");
		if (round % 2 == 0)
			memset(bytes, 1, COUNT * SIZE);
		double ns = file_round(fd, bytes, round % 2 == 0);
		munmap(bytes, COUNT * SIZE);
		double *best = round % 2 == 0 ? out : in;
		*best = *best == 0 || ns < *best ? ns : *best;
		if (round % 2)
			bench_require(ftruncate(fd, 0), "file");
	}
	close(fd);
}

/* ---- tiles ---- */

static double tile_round(uint8_t *to, uint8_t *from, enum gem_tiling tiling, bool detile)
{
	double start = bench_now_ns();

	if (tiling == GEM_TILING_NONE)
		memcpy(to, from, SIZE);
	else if (detile)
		gem_tile_to_linear(to, STRIDE, from, STRIDE, tiling, 0, 0, STRIDE, SIZE / STRIDE);
	else
		gem_linear_to_tile(to, STRIDE, tiling, from, STRIDE, 0, 0, STRIDE, SIZE / STRIDE);
	return bench_now_ns() - start;
}

static void print_row(const char *what, double ns, double rival, uint64_t bytes)
{
	printf("%-34s%12.0f%12.0f%12.2f\n", what, bytes / ns * 1e9 / 1e6, bytes / rival * 1e9 / 1e6,
		ns / rival);
}

int main(void)
{
	uint8_t *a = malloc(SIZE), *b = malloc(SIZE);
	double out = 0, in = 0, file_out = 0, file_in = 0;

	printf("%-34s%12s%12s%12s\n", "MB/s", "gem", "rival", "time ratio");
	measure_file(&file_out, &file_in);
	measure_swap(&out, &in);
	print_row("swap out; rival: pwrite of a file", out, file_out, COUNT * SIZE);
	print_row("swap in; rival: pread to new memory", in, file_in, COUNT * SIZE);
	memset(a, 1, SIZE);
	double copy = BENCH_BEST(ROUNDS, tile_round(b, a, GEM_TILING_NONE, true));
	print_row("X tiles to rows; rival: memcpy", BENCH_BEST(ROUNDS,
		tile_round(b, a, GEM_TILING_X, true)), copy, SIZE);
	print_row("rows to X tiles", BENCH_BEST(ROUNDS,
		tile_round(b, a, GEM_TILING_X, false)), copy, SIZE);
	print_row("Y tiles to rows", BENCH_BEST(ROUNDS,
		tile_round(b, a, GEM_TILING_Y, true)), copy, SIZE);
	print_row("rows to Y tiles", BENCH_BEST(ROUNDS,
		tile_round(b, a, GEM_TILING_Y, false)), copy, SIZE);
	free(a);
	free(b);
	return 0;
}
