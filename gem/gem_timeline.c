#include "gem_lock.h"
#include "gem_timeline.h"

void gem_timeline_init(struct gem_timeline *timeline)
{
	*timeline = (struct gem_timeline){.context = gem_fence_context_alloc()};
	gem_lock_init(&timeline->lock);
}

void gem_timeline_finish(struct gem_timeline *timeline)
{
	gem_fence_put(timeline->last);
	for (unsigned i = 0; i < GEM_TIMELINE_MARKS; i++)
		gem_fence_put(timeline->marks[i].fence);
	pthread_mutex_destroy(&timeline->lock);
}

void gem_timeline_push_locked(struct gem_timeline *timeline, struct gem_fence *fence,
	int64_t now_ns)
{
	gem_fence_put(timeline->last);
	timeline->last = gem_fence_get(fence);
	timeline->seqno = fence->seqno;
	if (now_ns - timeline->marks[timeline->newest].ns < GEM_TIMELINE_STEP_NS)
		return;
	timeline->newest = (timeline->newest + 1) % GEM_TIMELINE_MARKS;
	gem_fence_put(timeline->marks[timeline->newest].fence);
	timeline->marks[timeline->newest].fence = gem_fence_get(fence);
	timeline->marks[timeline->newest].ns = now_ns;
}

int gem_timeline_add_older(struct gem_timeline *timeline, int64_t before_ns,
	struct gem_fence_set *set)
{
	int ret = 0;

	pthread_mutex_lock(&timeline->lock);
	for (unsigned i = 0; i < GEM_TIMELINE_MARKS; i++) {
		unsigned at = (timeline->newest + GEM_TIMELINE_MARKS - i) % GEM_TIMELINE_MARKS;

		if (!timeline->marks[at].fence)
			break;
		if (timeline->marks[at].ns < before_ns) {
			ret = gem_fence_set_add(set, timeline->marks[at].fence);
			break;
		}
	}
	pthread_mutex_unlock(&timeline->lock);
	return ret;
}
