/* The helpers of the tile executor: everything once, several callers, sleep when idle. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "gem_base.h"
#include "gem_pool.h"
#include "gem_thread.h"
#include "test.h"

enum { MOST = 200, CALLERS = 4, RUNS = 300 };

struct counts {
	unsigned plain[MOST]; /* not atomic: each i has one thread, and the run's end publishes it */
	atomic_uint total;
};

static void count(void *data, unsigned i)
{
	struct counts *counts = data;

	counts->plain[i]++;
	atomic_fetch_add(&counts->total, 1);
}

static void runs(struct gem_pool *pool)
{
	static const unsigned sizes[] = {0, 1, 2, 3, 7, MOST};

	for (unsigned run = 0; run < RUNS; run++) {
		struct counts counts = {0};
		unsigned size = sizes[run % GEM_ARRAY_SIZE(sizes)];

		gem_pool_run(pool, count, &counts, size);
		CHECK_INT(atomic_load(&counts.total), size);
		for (unsigned i = 0; i < MOST; i++)
			CHECK_INT(counts.plain[i], i < size);
	}
}

TEST(each_once)
{
	static const unsigned threads[] = {0, 1, 3, GEM_POOL_MAX};

	runs(NULL);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(threads); i++) {
		struct gem_pool *pool;

		CHECK_INT(gem_pool_create(threads[i], "pool-test", &pool), 0);
		runs(pool);
		gem_pool_destroy(pool);
	}
	CHECK_INT(gem_pool_create(GEM_POOL_MAX + 1, "pool-test", &(struct gem_pool *){NULL}), -EINVAL);
	gem_pool_destroy(NULL);
}

static void *caller(void *pool)
{
	runs(pool);
	return NULL;
}

TEST(several_callers)
{
	pthread_t threads[CALLERS];
	struct gem_pool *pool;

	CHECK_INT(gem_pool_create(3, "pool-test", &pool), 0);
	for (unsigned i = 0; i < CALLERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, caller, pool), 0);
	for (unsigned i = 0; i < CALLERS; i++)
		pthread_join(threads[i], NULL);
	gem_pool_destroy(pool);
}

struct meeting {
	pthread_mutex_t lock;
	pthread_cond_t came;
	unsigned count;
};

/* Ends only when as many are in it at once. */
static void meet(void *data, unsigned i)
{
	struct meeting *meeting = data;

	pthread_mutex_lock(&meeting->lock);
	meeting->count++;
	pthread_cond_broadcast(&meeting->came);
	while (meeting->count < 4)
		pthread_cond_wait(&meeting->came, &meeting->lock);
	pthread_mutex_unlock(&meeting->lock);
}

TEST(helpers_work_at_once)
{
	struct gem_pool *pool;

	CHECK_INT(gem_pool_create(3, "pool-test", &pool), 0);
	for (unsigned run = 0; run < 50; run++) {
		struct meeting meeting = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

		gem_pool_run(pool, meet, &meeting, 4);
		CHECK_INT(meeting.count, 4);
	}
	gem_pool_destroy(pool);
}

static void note_policy(void *data, unsigned i)
{
	((int *)data)[i] = sched_getscheduler(0);
	usleep(1000); /* for the others to come */
}

/* What the caller may be, helpers become; and are not any more. */
TEST(urgent_helpers)
{
	enum { PARTS = 16 };
	int policies[PARTS], want;
	struct gem_pool *pool;

	CHECK_INT(gem_pool_create(3, "pool-test", &pool), 0);
	gem_pool_set_urgent(NULL, true);
	for (unsigned round = 0; round < 4; round++) {
		bool urgent = round % 2 == 0;
		gem_pool_set_urgent(pool, urgent);
		gem_thread_set_urgent(urgent);
		want = sched_getscheduler(0);
		gem_pool_run(pool, note_policy, policies, PARTS);
		for (unsigned i = 0; i < PARTS; i++)
			CHECK_INT(policies[i], want);
	}
	CHECK_INT(want, SCHED_OTHER);
	gem_pool_destroy(pool);
}

static long long cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

TEST(idle_helpers_sleep)
{
	struct gem_pool *pool;
	long long before;

	CHECK_INT(gem_pool_create(3, "pool-test", &pool), 0);
	runs(pool);
	before = cpu_ns();
	usleep(200000);
	CHECK(cpu_ns() - before < 20000000);
	gem_pool_destroy(pool);
}
