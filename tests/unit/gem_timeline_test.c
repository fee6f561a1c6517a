#include "gem_timeline.h"
#include "test.h"

enum { MS = 1000000 };

/* The next fence of timeline, at that time; a reference of the caller's. */
static struct gem_fence *push(struct gem_timeline *timeline, int64_t ns)
{
	struct gem_fence *fence;

	pthread_mutex_lock(&timeline->lock);
	CHECK_INT(gem_fence_create(timeline->context, timeline->seqno + 1, 0, &fence), 0);
	gem_timeline_push_locked(timeline, fence, ns);
	CHECK(timeline->last == fence);
	CHECK_INT(timeline->seqno, fence->seqno);
	pthread_mutex_unlock(&timeline->lock);
	return fence;
}

static void end(struct gem_fence *fence)
{
	gem_fence_signal(fence, 0);
	gem_fence_put(fence);
}

/* Seqno of the fence that is waited for, 0 = none. */
static uint64_t older(struct gem_timeline *timeline, int64_t before)
{
	struct gem_fence_set set = {0};
	uint64_t seqno = 0;

	CHECK_INT(gem_timeline_add_older(timeline, before, &set), 0);
	if (set.count)
		seqno = set.fences[0]->seqno;
	gem_fence_set_finish(&set);
	return seqno;
}

TEST(older_than)
{
	struct gem_timeline timeline;
	struct gem_fence *fences[6];

	gem_timeline_init(&timeline);
	CHECK_INT(older(&timeline, INT64_MAX), 0);
	for (int i = 0; i < 6; i++)
		fences[i] = push(&timeline, (100 + 10 * i) * (int64_t)MS);
	CHECK_INT(older(&timeline, 90 * (int64_t)MS), 0);
	CHECK_INT(older(&timeline, 105 * (int64_t)MS), 1);
	CHECK_INT(older(&timeline, 135 * (int64_t)MS), 4);
	CHECK_INT(older(&timeline, INT64_MAX), 6);
	for (int i = 0; i < 4; i++)
		end(fences[i]);
	CHECK_INT(older(&timeline, 135 * (int64_t)MS), 0); /* done */
	end(fences[4]);
	end(fences[5]);
	gem_timeline_finish(&timeline);
}

/* However many there are in a moment: references to some, and the last. */
TEST(many_fences)
{
	enum { FENCES = 5000 };
	static struct gem_fence *fences[FENCES];
	struct gem_timeline timeline;
	int64_t ns = 1000 * (int64_t)MS;
	unsigned kept = 0;

	gem_timeline_init(&timeline);
	for (int i = 0; i < FENCES; i++, ns += MS / 50)
		fences[i] = push(&timeline, ns);
	for (int i = 0; i < FENCES; i++)
		kept += fences[i]->refcount > 1;
	CHECK(kept <= GEM_TIMELINE_MARKS + 1);
	/* One from at least 20 ms ago, and at most a step more. */
	uint64_t seqno = older(&timeline, ns - 20 * MS);
	CHECK(seqno <= FENCES - 20 * 50);
	CHECK(seqno >= FENCES - 20 * 50 - 1 - GEM_TIMELINE_STEP_NS / (MS / 50));
	for (int i = 0; i < FENCES; i++)
		end(fences[i]);
	gem_timeline_finish(&timeline);
}

TEST(timelines_are_different)
{
	struct gem_timeline a, b;

	gem_timeline_init(&a);
	gem_timeline_init(&b);
	CHECK(a.context != b.context);
	gem_timeline_finish(&a);
	gem_timeline_finish(&b);
}
