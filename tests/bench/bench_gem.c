/*
 * GEM by number of objects: cost of an operation with 10^3 to 10^6 objects in a
 * file, and its ratio to the one with 10^3; goal 1.5 from end to end. Rows that
 * begin with "rival" are what memory itself costs: a plain array of pointers to
 * structs of malloc, of the same size, under one mutex.
 *
 * bench_gem [largest power of ten, default 6]
 */
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <drm.h>

#include "bench.h"
#include "gem_file.h"
#include "gem_prime.h"

enum { ROUNDS = 5, CALLS = 100000, NAMES = 20000, EXPORTS = 2000, EXPORTED = 1000 };
enum { FIRST_POWER = 3, LAST_POWER = 6, POWERS = LAST_POWER - FIRST_POWER + 1 };

enum row {
	FILL, CHURN, RIVAL_CHURN, SEQUENTIAL, RIVAL_SEQUENTIAL, RANDOM, RIVAL_RANDOM, FLINK, OPEN,
	PRIME, REAP, MEMORY, ROWS
};

static const char *const row_names[ROWS] = {
	[FILL] = "create (growing to the number)",
	[CHURN] = "create + close",
	[RIVAL_CHURN] = "  rival: calloc + free",
	[SEQUENTIAL] = "look-up in order",
	[RIVAL_SEQUENTIAL] = "  rival: array in order",
	[RANDOM] = "look-up at random",
	[RIVAL_RANDOM] = "  rival: array at random",
	[FLINK] = "flink (growing to the number)",
	[OPEN] = "open by name at random + close",
	[PRIME] = "export + import + close both",
	[REAP] = "close of the file, per object",
	[MEMORY] = "bytes of memory per object",
};

struct population {
	struct gem_device dev;
	struct gem_file file, other;
	uint32_t count;
	uint32_t *names;
	uint32_t random;
};

static double resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	if (!statm || fscanf(statm, "%*u %lu", &pages) != 1)
		bench_require(-5, "statm");
	fclose(statm);
	return pages * 4096.0;
}

static uint32_t create_object(struct population *p)
{
	struct gem_object *obj;
	uint32_t handle;

	bench_require(gem_shmem_create(&p->dev, GEM_PAGE_SIZE, &obj), "object");
	bench_require(gem_handle_create(&p->file, obj, &handle), "handle");
	gem_object_put(obj);
	return handle;
}

static double fill(struct population *p)
{
	double start = bench_now_ns();

	for (uint32_t i = 0; i < p->count; i++)
		create_object(p);
	return (bench_now_ns() - start) / p->count;
}

static double churn(struct population *p)
{
	double start = bench_now_ns();

	for (int i = 0; i < CALLS; i++)
		bench_require(gem_handle_delete(&p->file, create_object(p)), "close");
	return (bench_now_ns() - start) / CALLS;
}

static double look_up(struct population *p, bool at_random)
{
	struct gem_object *obj;
	double start = bench_now_ns();

	for (uint32_t i = 0; i < CALLS; i++) {
		uint32_t at = (at_random ? bench_random(&p->random) : i) % p->count;
		bench_require(gem_object_lookup(&p->file, 1 + at, &obj), "look-up");
		gem_object_put(obj);
	}
	return (bench_now_ns() - start) / CALLS;
}

static double flink(struct population *p)
{
	double start = bench_now_ns();

	for (uint32_t i = 0; i < p->count; i++)
		bench_require(gem_flink(&p->file, 1 + i, &p->names[i]), "flink");
	return (bench_now_ns() - start) / p->count;
}

static double open_by_name(struct population *p)
{
	double start = bench_now_ns();
	uint32_t handle;
	uint64_t size;

	for (int i = 0; i < NAMES; i++) {
		uint32_t name = p->names[bench_random(&p->random) % p->count];
		bench_require(gem_open(&p->other, name, &handle, &size), "open");
		bench_require(gem_handle_delete(&p->other, handle), "close");
	}
	return (bench_now_ns() - start) / NAMES;
}

static double prime_one(struct population *p, uint32_t handle)
{
	double start = bench_now_ns();
	uint32_t imported;
	int fd;

	bench_require(gem_prime_handle_to_fd(&p->file, handle, DRM_CLOEXEC | DRM_RDWR, &fd),
		"export");
	bench_require(gem_prime_fd_to_handle(&p->other, fd, &imported), "import");
	close(fd);
	bench_require(gem_handle_delete(&p->other, imported), "close");
	return bench_now_ns() - start;
}

/*
 * Exported ones keep a descriptor each, and the kernel has its own costs by the
 * number of those: EXPORTED of them in all populations.
 */
static double prime(struct population *p)
{
	uint32_t apart = p->count / EXPORTED;
	double sum = 0;

	for (int i = 0; i < EXPORTS; i++)
		sum += prime_one(p, 1 + bench_random(&p->random) % EXPORTED * apart);
	return sum / EXPORTS;
}

static void measure_gem(uint32_t count, double *ns)
{
	struct population p = {.count = count, .random = 1};

	p.names = calloc(count, sizeof(*p.names));
	memset(p.names, 0xff, count * sizeof(*p.names)); /* resident before we count */
	bench_require(gem_device_init(&p.dev, NULL), "device");
	bench_require(gem_file_init(&p.file, &p.dev), "file");
	bench_require(gem_file_init(&p.other, &p.dev), "file");
	double before = resident_bytes();
	ns[FILL] = fill(&p);
	ns[MEMORY] = (resident_bytes() - before) / count;
	ns[CHURN] = BENCH_BEST(ROUNDS, churn(&p));
	ns[SEQUENTIAL] = BENCH_BEST(ROUNDS, look_up(&p, false));
	ns[RANDOM] = BENCH_BEST(ROUNDS, look_up(&p, true));
	ns[FLINK] = flink(&p);
	ns[OPEN] = BENCH_BEST(ROUNDS, open_by_name(&p));
	prime(&p); /* makes the memory of most */
	ns[PRIME] = BENCH_BEST(ROUNDS, prime(&p));
	double start = bench_now_ns();
	gem_file_finish(&p.file);
	ns[REAP] = (bench_now_ns() - start) / count;
	gem_file_finish(&p.other);
	gem_device_finish(&p.dev);
	free(p.names);
}

/* ---- the rival ---- */

struct rival {
	pthread_mutex_t lock;
	struct gem_object **objects;
	uint32_t count;
	uint32_t random;
};

static double rival_churn(struct rival *r)
{
	double start = bench_now_ns();

	for (int i = 0; i < CALLS; i++) {
		struct gem_object *volatile obj = calloc(1, sizeof(*obj));
		free(obj);
	}
	return (bench_now_ns() - start) / CALLS;
}

static double rival_look_up(struct rival *r, bool at_random)
{
	double start = bench_now_ns();

	for (uint32_t i = 0; i < CALLS; i++) {
		uint32_t at = (at_random ? bench_random(&r->random) : i) % r->count;
		pthread_mutex_lock(&r->lock);
		struct gem_object *obj = gem_object_get(r->objects[at]);
		pthread_mutex_unlock(&r->lock);
		gem_object_put(obj);
	}
	return (bench_now_ns() - start) / CALLS;
}

static void measure_rival(uint32_t count, double *ns)
{
	struct rival r = {.lock = PTHREAD_MUTEX_INITIALIZER, .count = count, .random = 1};

	r.objects = calloc(count, sizeof(*r.objects));
	for (uint32_t i = 0; i < count; i++) {
		r.objects[i] = calloc(1, sizeof(*r.objects[i]));
		atomic_init(&r.objects[i]->refcount, 1);
	}
	ns[RIVAL_CHURN] = BENCH_BEST(ROUNDS, rival_churn(&r));
	ns[RIVAL_SEQUENTIAL] = BENCH_BEST(ROUNDS, rival_look_up(&r, false));
	ns[RIVAL_RANDOM] = BENCH_BEST(ROUNDS, rival_look_up(&r, true));
	for (uint32_t i = 0; i < count; i++)
		free(r.objects[i]);
	free(r.objects);
}

static void print_table(double (*ns)[ROWS], int powers)
{
	printf("%-34s", "ns");
	for (int power = 0; power < powers; power++)
		printf("%11s%d", "10^", FIRST_POWER + power);
	printf("%12s\n", "last/first");
	for (int row = 0; row < ROWS; row++) {
		printf("%-34s", row_names[row]);
		for (int power = 0; power < powers; power++)
			printf("%12.1f", ns[power][row]);
		printf("%12.2f\n", ns[powers - 1][row] / ns[0][row]);
	}
	printf("struct gem_object: %zu bytes\n", sizeof(struct gem_object));
}

/* The C library takes mutexes without atomics until there is a second thread. */
static void *second_thread(void *data)
{
	pause();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	double ns[POWERS][ROWS];
	int powers = argc > 1 ? atoi(argv[1]) - FIRST_POWER + 1 : POWERS;
	uint32_t count = 1000;

	if (powers < 1 || powers > POWERS)
		return 2;
	bench_require(-pthread_create(&thread, NULL, second_thread, NULL), "thread");
	for (int power = 0; power < powers; power++, count *= 10) {
		measure_gem(count, ns[power]);
		malloc_trim(0); /* the next number starts from nothing, too */
		measure_rival(count, ns[power]);
		malloc_trim(0);
	}
	print_table(ns, powers);
	return 0;
}
