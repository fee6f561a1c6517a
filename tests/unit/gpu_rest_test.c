#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "gpu_rest.h"
#include "test.h"

enum { ROUNDS = 2000 };

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void check_once(struct gpu_rest *rest, bool watch)
{
	atomic_bool watched = watch;

	gpu_rest_wait(rest, watch ? &watched : NULL);
	CHECK(!watched);
	CHECK(sem_trywait(&rest->wake) != 0);
}

/* Somebody is faster than who goes to rest: each wake ends one wait. */
TEST(woken_before)
{
	struct gpu_rest rest;

	gpu_rest_init(&rest);
	CHECK(!gpu_rest_wants_watch(&rest));
	for (unsigned i = 0; i < 10; i++) {
		gpu_rest_wake(&rest, now_ns());
		check_once(&rest, i & 1);
	}
	/* It has always come soon. */
	CHECK(gpu_rest_wants_watch(&rest));
	gpu_rest_finish(&rest);
}

static void *wake_late(void *data)
{
	usleep(3000);
	gpu_rest_wake(data, now_ns());
	return NULL;
}

/* Nobody comes while it looks out: it sleeps, and after some of these it no longer looks. */
TEST(doubts)
{
	struct gpu_rest rest;
	unsigned waits = 0;

	gpu_rest_init(&rest);
	for (unsigned i = 0; i < 10; i++) {
		gpu_rest_wake(&rest, now_ns());
		check_once(&rest, true);
	}
	while (gpu_rest_wants_watch(&rest) && waits < 10) {
		struct timespec before, after;
		pthread_t thread;

		CHECK_INT(pthread_create(&thread, NULL, wake_late, &rest), 0);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
		check_once(&rest, true);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
		/* Slept through most of it. */
		CHECK((after.tv_sec - before.tv_sec) * 1000000000l + after.tv_nsec - before.tv_nsec <
			1000000);
		pthread_join(thread, NULL);
		waits++;
	}
	CHECK(waits >= 1 && waits <= 4);
	gpu_rest_finish(&rest);
}

struct pair {
	struct gpu_rest rests[2];
	unsigned turns; /* of who was woken last */
};

static void *answer(void *data)
{
	struct pair *pair = data;

	for (unsigned i = 0; i < ROUNDS; i++) {
		check_once(&pair->rests[1], gpu_rest_wants_watch(&pair->rests[1]));
		pair->turns++;
		gpu_rest_wake(&pair->rests[0], now_ns());
	}
	return NULL;
}

/* What one wrote before it woke the other is there for that one, asleep or not. */
TEST(hand_over)
{
	struct pair pair = {0};
	pthread_t thread;

	gpu_rest_init(&pair.rests[0]);
	gpu_rest_init(&pair.rests[1]);
	CHECK_INT(pthread_create(&thread, NULL, answer, &pair), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		CHECK_INT(pair.turns, 2 * i);
		pair.turns++;
		gpu_rest_wake(&pair.rests[1], now_ns());
		check_once(&pair.rests[0], i & 1);
	}
	pthread_join(thread, NULL);
	gpu_rest_finish(&pair.rests[0]);
	gpu_rest_finish(&pair.rests[1]);
}
