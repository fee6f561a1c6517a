/* Fences and reservations. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <drm.h>

#include "gem_card.h"
#include "gem_fence.h"
#include "gem_prime.h"
#include "gem_resv.h"
#include "gem_trace.h"

enum { RENDER = 0, COPY = 1, MS = 1000000 };

static struct gem_fence *fence_of(uint64_t context, uint64_t seqno, unsigned engine)
{
	struct gem_fence *fence;

	CHECK_INT(gem_fence_create(context, seqno, engine, &fence), 0);
	return fence;
}

static void end(struct gem_fence *fence)
{
	gem_fence_signal(fence, 0);
	gem_fence_put(fence);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* ---- fences ---- */

struct counter {
	struct gem_fence_callback callback;
	int runs, order;
};

static int order;

static void count(struct gem_fence *fence, struct gem_fence_callback *callback)
{
	struct counter *counter = gem_container_of(callback, struct counter, callback);
	struct counter other;

	/* No lock is held: the fence can be asked and used. */
	CHECK(gem_fence_signalled(fence));
	CHECK_INT(gem_fence_add_callback(fence, &other.callback, count), -ENOENT);
	counter->runs++;
	counter->order = ++order;
}

TEST(callbacks_run_once_in_order)
{
	struct gem_fence *fence = fence_of(1, 1, RENDER);
	struct counter a = {0}, b = {0}, c = {0}, late = {0};

	CHECK_INT(gem_fence_add_callback(fence, &a.callback, count), 0);
	CHECK_INT(gem_fence_add_callback(fence, &b.callback, count), 0);
	CHECK_INT(gem_fence_add_callback(fence, &c.callback, count), 0);
	CHECK(gem_fence_remove_callback(fence, &b.callback));
	CHECK(!gem_fence_remove_callback(fence, &b.callback));
	CHECK_INT(gem_fence_status(fence), 0);
	gem_fence_signal(fence, -EIO);
	gem_fence_signal(fence, 0);
	CHECK_INT(gem_fence_status(fence), -EIO);
	CHECK(fence->signalled_ns > 0 && fence->signalled_ns <= now_ns());
	CHECK_INT(a.runs, 1);
	CHECK_INT(b.runs, 0);
	CHECK_INT(c.runs, 1);
	CHECK(a.order < c.order);
	CHECK(!gem_fence_remove_callback(fence, &a.callback));
	CHECK_INT(gem_fence_add_callback(fence, &late.callback, count), -ENOENT);
	CHECK_INT(late.runs, 0);
	gem_fence_put(fence);
}

static void *signal_later(void *data)
{
	usleep(30000);
	gem_fence_signal(data, 0);
	return NULL;
}

TEST(wait_reports_what_is_left)
{
	struct gem_fence *fence = fence_of(1, 1, RENDER);
	int64_t remaining = 77, start = now_ns();
	pthread_t thread;

	CHECK_INT(gem_fence_wait(fence, 0, &remaining), -ETIME);
	CHECK_INT(remaining, 0);
	CHECK_INT(gem_fence_wait(fence, 20 * MS, &remaining), -ETIME);
	CHECK_INT(remaining, 0);
	CHECK(now_ns() - start >= 20 * MS);
	pthread_create(&thread, NULL, signal_later, fence);
	start = now_ns();
	CHECK_INT(gem_fence_wait(fence, 60000ll * MS, &remaining), 0);
	/* Not more than it took, which on a machine that stalls is anything. */
	CHECK(remaining >= 60000ll * MS - (now_ns() - start) && remaining <= 60000ll * MS);
	pthread_join(thread, NULL);
	CHECK_INT(gem_fence_wait(fence, 500, &remaining), 0);
	CHECK_INT(remaining, 500);
	CHECK_INT(gem_fence_wait(fence, -1, &remaining), 0);
	CHECK_INT(remaining, -1);
	CHECK_INT(gem_fence_wait(fence, INT64_MAX, NULL), 0);
	gem_fence_put(fence);
}

TEST(wait_without_limit_and_huge_limit)
{
	for (int i = 0; i < 2; i++) {
		struct gem_fence *fence = fence_of(1, 1, RENDER);
		int64_t remaining;
		pthread_t thread;

		pthread_create(&thread, NULL, signal_later, fence);
		CHECK_INT(gem_fence_wait(fence, i ? INT64_MAX : -5, &remaining), 0);
		CHECK(i ? remaining > INT64_MAX - 10000ll * MS : remaining == -5);
		pthread_join(thread, NULL);
		gem_fence_put(fence);
	}
}

struct slow {
	struct gem_fence_callback callback;
	atomic_bool began, ended;
};

static void run_slowly(struct gem_fence *fence, struct gem_fence_callback *callback)
{
	struct slow *slow = gem_container_of(callback, struct slow, callback);

	(void)fence;
	slow->began = true;
	usleep(50000);
	slow->ended = true;
}

TEST(remove_waits_for_a_running_callback)
{
	struct gem_fence *fence = fence_of(1, 1, RENDER);
	struct slow slow = {0};
	pthread_t thread;

	CHECK_INT(gem_fence_add_callback(fence, &slow.callback, run_slowly), 0);
	pthread_create(&thread, NULL, signal_later, fence);
	while (!slow.began)
		usleep(1000);
	CHECK(!gem_fence_remove_callback(fence, &slow.callback));
	CHECK(slow.ended);
	pthread_join(thread, NULL);
	gem_fence_put(fence);
}

/* Adders, removers, waiters and one that signals, all at once. */
enum { RACERS = 6, RACE_ROUNDS = 300 };

struct race {
	struct gem_fence *fence;
	pthread_barrier_t barrier;
	atomic_int runs, expected;
};

struct race_callback {
	struct gem_fence_callback callback;
	struct race *race;
};

static void race_run(struct gem_fence *fence, struct gem_fence_callback *callback)
{
	(void)fence;
	atomic_fetch_add(&gem_container_of(callback, struct race_callback, callback)->race->runs, 1);
}

static void *race_thread(void *data)
{
	struct race *race = data;
	struct race_callback own = {.race = race};

	for (int round = 0; round < RACE_ROUNDS; round++) {
		pthread_barrier_wait(&race->barrier);
		/* On this stack: must be over when remove returns. */
		if (gem_fence_add_callback(race->fence, &own.callback, race_run) == 0) {
			if (round % 2)
				sched_yield();
			if (!gem_fence_remove_callback(race->fence, &own.callback))
				atomic_fetch_add(&race->expected, 1);
		}
		CHECK_INT(gem_fence_wait(race->fence, -1, NULL), 0);
		pthread_barrier_wait(&race->barrier);
	}
	return NULL;
}

TEST(fence_races)
{
	struct race race = {0};
	pthread_t threads[RACERS];

	pthread_barrier_init(&race.barrier, NULL, RACERS + 1);
	race.fence = fence_of(1, 1, RENDER);
	for (int i = 0; i < RACERS; i++)
		pthread_create(&threads[i], NULL, race_thread, &race);
	for (int round = 0; round < RACE_ROUNDS; round++) {
		pthread_barrier_wait(&race.barrier);
		if (round % 3)
			sched_yield();
		gem_fence_signal(race.fence, 0);
		pthread_barrier_wait(&race.barrier);
		CHECK_INT(race.runs, race.expected);
		/* Nobody looks at it between the barriers. */
		gem_fence_put(race.fence);
		race.fence = fence_of(1, round + 2, RENDER);
	}
	for (int i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	end(race.fence);
	pthread_barrier_destroy(&race.barrier);
}

/* ---- reservations ---- */

TEST(busy_names_engines_and_writer)
{
	struct card card;
	struct gem_object *obj;
	uint32_t readers = 9, writer = 9;

	card_init(&card);
	obj = object_of(&card.a, dumb(&card.a));
	CHECK(!gem_object_busy(obj, &readers, &writer));
	CHECK_INT(readers, 0);
	CHECK_INT(writer, 0);
	CHECK(obj->resv == NULL); /* asking makes none */

	struct gem_fence *read = fence_of(10, 1, COPY), *write = fence_of(11, 1, RENDER);
	struct gem_fence *soft = fence_of(12, 1, GEM_FENCE_NO_ENGINE);
	CHECK_INT(gem_object_add_fence(obj, read, false), 0);
	CHECK(gem_object_busy(obj, &readers, &writer));
	CHECK_INT(readers, 1 << COPY);
	CHECK_INT(writer, 0);
	CHECK(gem_object_busy_for(obj, true));
	CHECK(!gem_object_busy_for(obj, false));
	CHECK_INT(gem_object_wait(obj, false, 0, NULL), 0);
	CHECK_INT(gem_object_wait(obj, true, 0, NULL), -ETIME);

	CHECK_INT(gem_object_add_fence(obj, write, true), 0);
	CHECK(gem_object_busy(obj, &readers, &writer));
	CHECK_INT(readers, 1 << COPY | 1 << RENDER); /* the writer is among the readers */
	CHECK_INT(writer, RENDER + 1);
	CHECK_INT(gem_object_wait(obj, false, 0, NULL), -ETIME);
	end(write);
	CHECK_INT(gem_object_wait(obj, false, 0, NULL), 0);
	CHECK(gem_object_busy(obj, &readers, &writer));
	CHECK_INT(readers, 1 << COPY);
	CHECK_INT(writer, 0);
	end(read);
	CHECK(!gem_object_busy(obj, NULL, NULL));

	CHECK_INT(gem_object_add_fence(obj, soft, true), 0);
	CHECK(gem_object_busy(obj, &readers, &writer));
	CHECK_INT(readers | writer, 0);
	end(soft);
	card_finish(&card);
}

TEST(resv_does_not_grow)
{
	struct card card;
	struct gem_object *obj;
	struct gem_fence *last[4] = {0}, *fence;

	card_init(&card);
	obj = object_of(&card.a, dumb(&card.a));
	/* Signalled ones go. */
	for (int i = 0; i < 1000; i++) {
		fence = fence_of(100 + i, 1, RENDER);
		CHECK_INT(gem_object_add_fence(obj, fence, i % 2), 0);
		end(fence);
		CHECK(gem_object_fence_count(obj) <= 1);
	}
	/* Pending ones: two per context at most. */
	for (int i = 0; i < 1000; i++) {
		fence = fence_of(1 + i % 2, 10 + i, RENDER);
		CHECK_INT(gem_object_add_fence(obj, fence, i % 8 < 2), 0);
		CHECK(gem_object_fence_count(obj) <= 4);
		struct gem_fence **kept = &last[i % 2 + (i % 8 < 2 ? 0 : 2)];
		if (*kept)
			end(*kept); /* in order, but only later */
		*kept = fence;
	}
	for (int i = 0; i < 4; i++)
		end(last[i]);
	CHECK(!gem_object_busy(obj, NULL, NULL));
	card_finish(&card);
}

/* Whatever a client piles up on an object that others use. */
TEST(pending_work_of_an_object_is_limited)
{
	static struct gem_fence *fences[GEM_RESV_MAX];
	struct gem_fence_set set = {0};
	struct gem_fence *more;
	struct card card;

	card_init(&card);
	struct gem_object *obj = object_of(&card.a, dumb(&card.a));
	for (unsigned i = 0; i < GEM_RESV_MAX; i++) {
		CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, GEM_FENCE_NO_ENGINE,
			&fences[i]), 0);
		CHECK_INT(gem_object_add_fence(obj, fences[i], true), 0);
	}
	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, GEM_FENCE_NO_ENGINE, &more), 0);
	CHECK_INT(gem_object_add_fence(obj, more, true), -ENOMEM);
	CHECK_INT(gem_object_pending(obj, true, &set), 0);
	CHECK_INT(set.count, GEM_RESV_MAX);
	gem_fence_set_finish(&set);
	gem_fence_signal(fences[500], 0);
	CHECK_INT(gem_object_add_fence(obj, more, true), 0);
	gem_fence_signal(more, 0);
	gem_fence_put(more);
	for (unsigned i = 0; i < GEM_RESV_MAX; i++) {
		gem_fence_signal(fences[i], 0);
		gem_fence_put(fences[i]);
	}
	card_finish(&card);
}

/* A context's later read does not hide its pending write; a later write says all. */
TEST(one_context_replaces_its_own)
{
	struct card card;
	struct gem_object *obj;
	uint32_t readers, writer;

	card_init(&card);
	obj = object_of(&card.a, dumb(&card.a));
	struct gem_fence *w1 = fence_of(5, 1, RENDER), *r2 = fence_of(5, 2, RENDER);
	struct gem_fence *w3 = fence_of(5, 3, RENDER), *r1 = fence_of(5, 1, RENDER);
	CHECK_INT(gem_object_add_fence(obj, w1, true), 0);
	CHECK_INT(gem_object_add_fence(obj, r2, false), 0);
	CHECK_INT(gem_object_fence_count(obj), 2);
	gem_object_busy(obj, &readers, &writer);
	CHECK_INT(writer, RENDER + 1);
	CHECK_INT(gem_object_add_fence(obj, w3, true), 0);
	CHECK_INT(gem_object_fence_count(obj), 1);
	CHECK_INT(gem_object_add_fence(obj, r1, false), 0); /* earlier than what is there */
	CHECK_INT(gem_object_fence_count(obj), 1);
	end(w1);
	end(r1);
	end(r2);
	CHECK(gem_object_busy_for(obj, false));
	end(w3);
	CHECK(!gem_object_busy(obj, NULL, NULL));
	card_finish(&card);
}

TEST(wait_is_for_what_was_there)
{
	struct card card;
	struct gem_object *obj;
	struct gem_fence_set set = {0};

	card_init(&card);
	obj = object_of(&card.a, dumb(&card.a));
	struct gem_fence *first = fence_of(1, 1, RENDER), *second = fence_of(2, 1, RENDER);
	CHECK_INT(gem_object_add_fence(obj, first, true), 0);
	CHECK_INT(gem_object_pending(obj, false, &set), 0);
	CHECK_INT(gem_object_add_fence(obj, second, true), 0);
	CHECK_INT(set.count, 1);
	end(first);
	CHECK_INT(gem_fence_set_wait(&set, 0, NULL), 0);
	CHECK_INT(gem_object_wait(obj, false, 0, NULL), -ETIME);
	gem_fence_set_finish(&set);
	end(second);
	card_finish(&card);
}

/* The other device sees the work, whichever of them does it. */
TEST(import_shares_the_reservation)
{
	struct card one, two;
	uint32_t handle, imported;
	int fd;

	card_init(&one);
	card_init(&two);
	handle = dumb(&one.a);
	CHECK_INT(gem_prime_handle_to_fd(&one.a, handle, DRM_RDWR, &fd), 0);
	CHECK_INT(gem_prime_fd_to_handle(&two.a, fd, &imported), 0);
	struct gem_object *obj = object_of(&one.a, handle), *other = object_of(&two.a, imported);
	CHECK(obj != other);
	struct gem_fence *render = fence_of(1, 1, RENDER), *copy = fence_of(2, 1, COPY);
	CHECK_INT(gem_object_add_fence(obj, render, true), 0);
	CHECK(gem_object_busy_for(other, false));
	end(render);
	CHECK_INT(gem_object_add_fence(other, copy, false), 0);
	CHECK(gem_object_busy_for(obj, true));
	CHECK(!gem_object_busy_for(obj, false));
	CHECK_INT(gem_handle_delete(&two.a, imported), 0); /* the fence stays with the other */
	CHECK(gem_object_busy_for(obj, true));
	end(copy);
	close(fd);
	card_finish(&two);
	card_finish(&one);
}

TEST(who_drew_it_last)
{
	struct card card;

	card_init(&card);
	struct gem_object *obj = object_of(&card.a, dumb(&card.a));
	CHECK(gem_object_last_written(obj) == NULL);
	CHECK(obj->resv == NULL); /* asking makes none */

	struct gem_fence *first = fence_of(1, 1, RENDER), *second = fence_of(2, 1, COPY);
	struct gem_fence *soft = fence_of(3, 1, GEM_FENCE_NO_ENGINE), *read = fence_of(4, 1, COPY);
	struct gem_fence *late = fence_of(5, 1, RENDER), *last;
	CHECK_INT(gem_object_add_fence(obj, second, true), 0);
	CHECK_INT(gem_object_add_fence(obj, first, true), 0);
	CHECK_INT(gem_object_add_fence(obj, soft, true), 0);
	CHECK_INT(gem_object_add_fence(obj, read, false), 0);
	CHECK_INT(gem_object_add_fence(obj, late, true), 0);
	CHECK(gem_object_last_written(obj) == NULL);
	end(first);
	last = gem_object_last_written(obj);
	CHECK(last == first);
	gem_fence_put(last);
	while (gem_trace_now() <= (uint64_t)first->signalled_ns)
		continue;
	end(second);
	end(soft);
	end(read);
	last = gem_object_last_written(obj);
	CHECK(last == second);
	gem_fence_put(last);
	end(late);
	card_finish(&card);
}

TEST(submit_orders_batches)
{
	struct card card;
	struct gem_fence_set waits = {0};

	card_init(&card);
	struct gem_object *a = object_of(&card.a, dumb(&card.a));
	struct gem_object *b = object_of(&card.a, dumb(&card.a));
	struct gem_fence *one = fence_of(1, 1, RENDER), *two = fence_of(2, 1, COPY);
	struct gem_fence *again = fence_of(1, 2, RENDER), *free_one = fence_of(3, 1, COPY);
	struct gem_resv_use uses[] = {{a, .write = true}, {b, .write = false}};
	struct gem_resv_use swapped[] = {{b, .write = true}, {a, .write = false}};
	struct gem_resv_use async[] = {{a, .write = true, .async = true}};

	CHECK_INT(gem_resv_submit(uses, 2, one, &waits), 0);
	CHECK_INT(waits.count, 0);
	CHECK_INT(gem_resv_submit(swapped, 2, two, &waits), 0);
	CHECK_INT(waits.count, 1);
	CHECK(waits.fences[0] == one);
	gem_fence_set_finish(&waits);
	/* Its own earlier batch is no reason to wait. */
	CHECK_INT(gem_resv_submit(uses, 2, again, &waits), 0);
	CHECK_INT(waits.count, 1);
	CHECK(waits.fences[0] == two);
	gem_fence_set_finish(&waits);
	CHECK_INT(gem_resv_submit(async, 1, free_one, &waits), 0);
	CHECK_INT(waits.count, 0);
	CHECK(gem_object_busy(a, NULL, NULL));
	end(one);
	end(two);
	end(again);
	end(free_one);
	gem_fence_set_finish(&waits);
	card_finish(&card);
}

/*
 * Threads submit over the same objects in either order, and wait for what they
 * must: never two of them at work, and never a circle.
 */
enum { SUBMITTERS = 4, SUBMITS = 200, SHARED = 64 };

struct submitter {
	struct gem_object **objs;
	uint64_t context;
	atomic_int *at_work;
};

static void *submit_thread(void *data)
{
	struct submitter *submitter = data;
	struct gem_resv_use uses[SHARED];

	for (int i = 0; i < SHARED; i++) {
		int index = submitter->context % 2 ? i : SHARED - 1 - i;
		uses[i] = (struct gem_resv_use){submitter->objs[index], .write = i % 3 != 1};
	}
	for (int i = 0; i < SUBMITS; i++) {
		struct gem_fence *fence = fence_of(submitter->context, i + 1, RENDER);
		struct gem_fence_set waits = {0};

		CHECK_INT(gem_resv_submit(uses, SHARED, fence, &waits), 0);
		CHECK_INT(gem_fence_set_wait(&waits, 5000ll * MS, NULL), 0); /* a circle ends here */
		gem_fence_set_finish(&waits);
		CHECK_INT(atomic_fetch_add(submitter->at_work, 1), 0);
		sched_yield();
		atomic_fetch_sub(submitter->at_work, 1);
		end(fence);
	}
	return NULL;
}

TEST(submits_have_one_order)
{
	struct submitter submitters[SUBMITTERS];
	struct gem_object *objs[SHARED];
	pthread_t threads[SUBMITTERS];
	atomic_int at_work = 0;
	struct card card;

	card_init(&card);
	for (int i = 0; i < SHARED; i++)
		objs[i] = object_of(&card.a, dumb(&card.a));
	for (int i = 0; i < SUBMITTERS; i++) {
		submitters[i] = (struct submitter){objs, 1 + i, &at_work};
		pthread_create(&threads[i], NULL, submit_thread, &submitters[i]);
	}
	for (int i = 0; i < SUBMITTERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < SHARED; i++)
		CHECK(!gem_object_busy(objs[i], NULL, NULL));
	card_finish(&card);
}
