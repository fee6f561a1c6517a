/* Waiting for sync objects, and descriptors that tell of them. */
#include <errno.h>
#include <stdlib.h>

#include "uapi_handlers.h"
#include "uapi_sync.h"

_Static_assert(GEM_SYNCOBJ_WAIT_ALL == DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL &&
	GEM_SYNCOBJ_WAIT_FOR_SUBMIT == DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT &&
	GEM_SYNCOBJ_WAIT_AVAILABLE == DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE,
	"the engine's flags are the requests'");

UAPI_HANDLER(syncobj_wait)
{
	struct drm_syncobj_wait *args = data;
	struct uapi_syncobj_list list;
	unsigned first = UINT32_MAX;

	if (args->flags &
	    ~(DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL | DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT))
		return -EINVAL;
	if (!args->count_handles)
		return 0;
	int ret = uapi_syncobj_list_init(&list, call, args->handles, args->count_handles);
	if (ret)
		return ret;
	ret = gem_syncobj_wait(list.syncobjs, NULL, list.count, args->flags, args->timeout_nsec,
		&first);
	uapi_syncobj_list_finish(&list);
	if (ret == 0)
		args->first_signaled = first;
	return ret;
}

UAPI_HANDLER(syncobj_timeline_wait)
{
	struct drm_syncobj_timeline_wait *args = data;
	struct uapi_syncobj_list list;
	unsigned first = UINT32_MAX;
	uint64_t *points;

	if (args->flags & ~(DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL |
			DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT |
			DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE))
		return -EINVAL;
	if (!args->count_handles)
		return 0;
	int ret = uapi_syncobj_list_init(&list, call, args->handles, args->count_handles);
	if (ret)
		return ret;
	ret = uapi_syncobj_copy_points(call->caller, args->points, args->count_handles, &points);
	if (ret == 0) {
		ret = gem_syncobj_wait(list.syncobjs, points, list.count, args->flags,
			args->timeout_nsec, &first);
		free(points);
	}
	uapi_syncobj_list_finish(&list);
	if (ret == 0)
		args->first_signaled = first;
	return ret;
}

UAPI_HANDLER(syncobj_eventfd)
{
	const struct wire_syncobj_eventfd *args = data;
	struct gem_syncobj *syncobj;

	if (args->flags & ~DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE || args->pad)
		return -EINVAL;
	int ret = gem_syncobj_lookup(&call->file->gem.syncobjs, args->handle, &syncobj);
	if (ret)
		return ret;
	int fd = call->caller->ops->fetch_fd(call->caller, args->fd);
	ret = fd < 0 ? fd : gem_syncobj_register_eventfd(syncobj, args->point, args->flags, fd);
	gem_syncobj_put(syncobj);
	return ret;
}
