/* Sync objects and their handles; binary content. */
#include <errno.h>
#include <stdlib.h>

#include "gem_fence_array.h"
#include "gem_syncobj_private.h"

/* ---- handles ---- */

void gem_syncobjs_init(struct gem_syncobjs *syncobjs)
{
	pthread_mutex_init(&syncobjs->lock, NULL);
	gem_idr_init(&syncobjs->idr, 1);
}

void gem_syncobjs_finish(struct gem_syncobjs *syncobjs)
{
	uint32_t handle = 0;

	while (gem_idr_next(&syncobjs->idr, &handle))
		gem_syncobj_handle_delete(syncobjs, handle);
	gem_idr_finish(&syncobjs->idr);
	pthread_mutex_destroy(&syncobjs->lock);
}

int gem_syncobj_handle_create(struct gem_syncobjs *syncobjs, struct gem_syncobj *syncobj,
	uint32_t *handle)
{
	pthread_mutex_lock(&syncobjs->lock);
	int ret = gem_idr_alloc(&syncobjs->idr, syncobj, handle);
	if (ret == 0)
		gem_syncobj_get(syncobj);
	pthread_mutex_unlock(&syncobjs->lock);
	return ret;
}

int gem_syncobj_handle_delete(struct gem_syncobjs *syncobjs, uint32_t handle)
{
	pthread_mutex_lock(&syncobjs->lock);
	struct gem_syncobj *syncobj = gem_idr_remove(&syncobjs->idr, handle);
	pthread_mutex_unlock(&syncobjs->lock);
	gem_syncobj_put(syncobj);
	return syncobj ? 0 : -EINVAL;
}

int gem_syncobj_lookup(struct gem_syncobjs *syncobjs, uint32_t handle, struct gem_syncobj **out)
{
	pthread_mutex_lock(&syncobjs->lock);
	*out = gem_idr_find(&syncobjs->idr, handle);
	if (*out)
		gem_syncobj_get(*out);
	pthread_mutex_unlock(&syncobjs->lock);
	return *out ? 0 : -ENOENT;
}

/* ---- objects ---- */

int gem_syncobj_create(bool signalled, struct gem_syncobj **out)
{
	struct gem_syncobj *syncobj = calloc(1, sizeof(*syncobj));

	if (!syncobj)
		return -ENOMEM;
	atomic_init(&syncobj->refcount, 1);
	pthread_mutex_init(&syncobj->lock, NULL);
	gem_list_init(&syncobj->waiters);
	if (signalled)
		syncobj->fence = gem_fence_stub();
	*out = syncobj;
	return 0;
}

struct gem_syncobj *gem_syncobj_get(struct gem_syncobj *syncobj)
{
	atomic_fetch_add_explicit(&syncobj->refcount, 1, memory_order_relaxed);
	return syncobj;
}

void gem_syncobj_put(struct gem_syncobj *syncobj)
{
	if (!syncobj ||
	    atomic_fetch_sub_explicit(&syncobj->refcount, 1, memory_order_acq_rel) != 1)
		return;
	gem_syncobj_eventfds_finish(syncobj);
	gem_fence_put(syncobj->fence);
	gem_syncobj_timeline_put(syncobj->timeline);
	pthread_mutex_destroy(&syncobj->lock);
	free(syncobj);
}

/* ---- content ---- */

int gem_syncobj_find_fence_locked(struct gem_syncobj *syncobj, uint64_t point,
	struct gem_fence **fence)
{
	if (syncobj->timeline)
		return gem_syncobj_timeline_find(syncobj->timeline, point, fence);
	if (!syncobj->fence || point)
		return -EINVAL;
	*fence = gem_fence_get(syncobj->fence);
	return 0;
}

int gem_syncobj_find_fence(struct gem_syncobj *syncobj, uint64_t point, struct gem_fence **fence)
{
	pthread_mutex_lock(&syncobj->lock);
	int ret = gem_syncobj_find_fence_locked(syncobj, point, fence);
	pthread_mutex_unlock(&syncobj->lock);
	return ret;
}

void gem_syncobj_notify_locked(struct gem_syncobj *syncobj)
{
	struct gem_syncobj_waiter *waiter, *next;

	gem_list_for_each_safe(waiter, next, &syncobj->waiters, link)
		waiter->changed(syncobj, waiter);
}

void gem_syncobj_replace_fence(struct gem_syncobj *syncobj, struct gem_fence *fence)
{
	pthread_mutex_lock(&syncobj->lock);
	struct gem_fence *old = syncobj->fence;
	struct gem_syncobj_timeline *timeline = syncobj->timeline;
	syncobj->fence = fence ? gem_fence_get(fence) : NULL;
	syncobj->timeline = NULL;
	if (fence)
		gem_syncobj_notify_locked(syncobj);
	pthread_mutex_unlock(&syncobj->lock);
	gem_fence_put(old);
	gem_syncobj_timeline_put(timeline);
}

uint64_t gem_syncobj_query(struct gem_syncobj *syncobj, bool submitted)
{
	uint64_t point = 0;

	pthread_mutex_lock(&syncobj->lock);
	if (syncobj->timeline)
		point = gem_syncobj_timeline_query(syncobj->timeline, submitted);
	pthread_mutex_unlock(&syncobj->lock);
	return point;
}
