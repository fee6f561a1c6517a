/* Sync objects below the ioctls: races, bounds, what outlives what. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gem_fence_array.h"
#include "gem_interrupt.h"
#include "gem_syncobj.h"
#include "test.h"

enum { MS = 1000000 };

static struct gem_fence *new_fence(void)
{
	struct gem_fence *fence;

	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, GEM_FENCE_NO_ENGINE, &fence), 0);
	return fence;
}

static void end(struct gem_fence *fence, int error)
{
	gem_fence_signal(fence, error);
	gem_fence_put(fence);
}

static struct gem_syncobj *new_syncobj(void)
{
	struct gem_syncobj *syncobj;

	CHECK_INT(gem_syncobj_create(false, &syncobj), 0);
	return syncobj;
}

/* New reference to the fence that was put there. */
static struct gem_fence *add_point(struct gem_syncobj *syncobj, uint64_t point)
{
	struct gem_syncobj_point *memory = gem_syncobj_point_alloc();
	struct gem_fence *fence = new_fence();

	CHECK(memory);
	gem_syncobj_add_point(syncobj, memory, fence, point);
	return fence;
}

static struct gem_fence *find(struct gem_syncobj *syncobj, uint64_t point)
{
	struct gem_fence *fence;

	CHECK_INT(gem_syncobj_find_fence(syncobj, point, &fence), 0);
	return fence;
}

static int64_t after(int64_t ns)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec + ns;
}

TEST(point_has_its_own_error)
{
	struct gem_syncobj *syncobj = new_syncobj();
	struct gem_fence *one = add_point(syncobj, 1), *two = add_point(syncobj, 2);
	struct gem_fence *first = find(syncobj, 1), *second = find(syncobj, 2);

	CHECK(gem_fence_is_later(second, first) && second->context == first->context);
	end(two, 0);
	CHECK_INT(gem_fence_status(second), 0);
	end(one, -EIO);
	CHECK_INT(gem_fence_status(first), -EIO);
	CHECK_INT(gem_fence_status(second), 1);
	gem_fence_put(first);
	gem_fence_put(second);
	gem_syncobj_put(syncobj);
}

TEST(points_outlive_object_and_reset)
{
	struct gem_syncobj *syncobj = new_syncobj();
	struct gem_fence *one = add_point(syncobj, 1), *first = find(syncobj, 1);

	gem_syncobj_replace_fence(syncobj, NULL);
	CHECK_INT(gem_syncobj_query(syncobj, true), 0);
	struct gem_fence *again = add_point(syncobj, 1), *other = find(syncobj, 1);
	gem_syncobj_put(syncobj);
	/* The new chain does not wait for the old one. */
	end(again, 0);
	CHECK_INT(gem_fence_status(other), 1);
	CHECK_INT(gem_fence_status(first), 0);
	end(one, 0);
	CHECK_INT(gem_fence_status(first), 1);
	gem_fence_put(first);
	gem_fence_put(other);
}

/* Signalled points leave the chain: adding for ever takes no memory. */
TEST(signalled_points_are_collected)
{
	struct gem_syncobj *syncobj = new_syncobj();

	for (uint64_t i = 1; i <= GEM_SYNCOBJ_POINTS_MAX * 2ull; i++)
		end(add_point(syncobj, i), 0);
	CHECK_INT(gem_syncobj_query(syncobj, false), GEM_SYNCOBJ_POINTS_MAX * 2ull);
	gem_syncobj_put(syncobj);
}

TEST(pending_points_are_bounded)
{
	struct gem_syncobj *syncobj = new_syncobj();
	struct gem_fence *fence = new_fence();
	struct gem_syncobj_point *memory;

	for (uint64_t i = 1; i <= GEM_SYNCOBJ_POINTS_MAX; i++) {
		memory = gem_syncobj_point_alloc();
		CHECK(memory);
		gem_syncobj_add_point(syncobj, memory, fence, i);
	}
	CHECK(!gem_syncobj_point_alloc());
	/* One signal, a quarter of a million points: no recursion. */
	end(fence, 0);
	CHECK_INT(gem_syncobj_query(syncobj, false), GEM_SYNCOBJ_POINTS_MAX);
	memory = gem_syncobj_point_alloc();
	CHECK(memory);
	gem_syncobj_point_free(memory);
	gem_syncobj_put(syncobj);
}

/* ---- races ---- */

enum { ROUNDS = 2000 };

struct race {
	struct gem_syncobj *syncobj;
	pthread_barrier_t barrier;
	struct gem_fence *fences[2];
};

static void *signal_one(void *data)
{
	struct race *race = data;

	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&race->barrier);
		gem_fence_signal(race->fences[1], 0);
		pthread_barrier_wait(&race->barrier);
	}
	return NULL;
}

/* The first point over a binary fence, both signalled while it is added and waited for. */
TEST(signalled_while_added)
{
	struct race race;
	pthread_t thread;

	CHECK_INT(pthread_barrier_init(&race.barrier, NULL, 2), 0);
	CHECK_INT(pthread_create(&thread, NULL, signal_one, &race), 0);
	for (int i = 0; i < ROUNDS; i++) {
		unsigned first;

		race.syncobj = new_syncobj();
		race.fences[0] = new_fence();
		race.fences[1] = new_fence();
		gem_syncobj_replace_fence(race.syncobj, race.fences[i % 2]);
		struct gem_syncobj_point *memory = gem_syncobj_point_alloc();
		pthread_barrier_wait(&race.barrier);
		gem_syncobj_add_point(race.syncobj, memory, race.fences[(i + 1) % 2], 1);
		gem_fence_signal(race.fences[0], 0);
		CHECK_INT(gem_syncobj_wait(&race.syncobj, (uint64_t[]){1}, 1, 0,
			after(2000ll * MS), &first), 0);
		gem_syncobj_put(race.syncobj);
		pthread_barrier_wait(&race.barrier);
		gem_fence_put(race.fences[0]);
		gem_fence_put(race.fences[1]);
	}
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&race.barrier);
}

static void *submit_later(void *data)
{
	struct gem_syncobj *syncobj = data;

	for (uint64_t i = 1; i <= 200; i++)
		end(add_point(syncobj, i), 0);
	return NULL;
}

TEST(many_wait_for_what_is_not_submitted)
{
	struct gem_syncobj *syncobj = new_syncobj(), *both[2] = {syncobj, syncobj};
	pthread_t thread;
	unsigned first;

	CHECK_INT(pthread_create(&thread, NULL, submit_later, syncobj), 0);
	for (uint64_t i = 1; i < 200; i++)
		CHECK_INT(gem_syncobj_wait(both, (uint64_t[]){i, i + 1}, 2,
			GEM_SYNCOBJ_WAIT_ALL | GEM_SYNCOBJ_WAIT_FOR_SUBMIT, after(5000ll * MS),
			&first), 0);
	pthread_join(thread, NULL);
	gem_syncobj_put(syncobj);
}

static bool always(void *data)
{
	++*(int *)data;
	return true;
}

TEST(wait_of_who_is_gone)
{
	struct gem_syncobj *syncobj = new_syncobj();
	struct gem_fence *fence = new_fence();
	int asked = 0;
	unsigned first;

	gem_interrupt_set(always, &asked);
	CHECK_INT(gem_syncobj_wait(&syncobj, NULL, 1, GEM_SYNCOBJ_WAIT_FOR_SUBMIT, INT64_MAX,
		&first), -EINTR);
	CHECK_INT(gem_fence_wait_interruptible(fence), -EINTR);
	CHECK_INT(asked, 2);
	gem_interrupt_set(NULL, NULL);
	end(fence, 0);
	gem_syncobj_put(syncobj);
}

TEST(no_eventfd)
{
	struct gem_syncobj *syncobj = new_syncobj();

	CHECK_INT(gem_syncobj_register_eventfd(syncobj, 0, false, open("/dev/null", O_RDWR)),
		-EINVAL);
	gem_syncobj_put(syncobj);
}
