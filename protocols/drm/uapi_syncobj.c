/* Sync objects: handles, descriptors, content (kernel: drm_syncobj.c). The engine is in gem/. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "gem_fence_array.h"
#include "uapi_handlers.h"
#include "uapi_sync.h"

/* What a transfer waits for a point that is not there yet, as the kernel. */
#define SUBMIT_TIMEOUT_NS 5000000000ll

/* ---- lists ---- */

void uapi_syncobj_list_finish(struct uapi_syncobj_list *list)
{
	for (unsigned i = 0; i < list->count; i++)
		gem_syncobj_put(list->syncobjs[i]);
	free(list->syncobjs);
}

int uapi_syncobj_list_init(struct uapi_syncobj_list *list, struct uapi_call *call,
	uint64_t handles, uint32_t count)
{
	uint32_t *numbers;
	int ret = 0;

	if (count > UAPI_SYNCOBJS_MAX)
		return -ENOMEM;
	list->count = 0;
	list->syncobjs = malloc(count * sizeof(*list->syncobjs) + 1);
	numbers = malloc(count * sizeof(*numbers) + 1);
	if (!list->syncobjs || !numbers)
		ret = -ENOMEM;
	else if (vfs_copy_from(call->caller, numbers, handles, count * sizeof(*numbers)))
		ret = -EFAULT;
	while (ret == 0 && list->count < count) {
		ret = gem_syncobj_lookup(&call->file->gem.syncobjs, numbers[list->count],
			&list->syncobjs[list->count]);
		list->count += ret == 0;
	}
	free(numbers);
	if (ret)
		uapi_syncobj_list_finish(list);
	return ret;
}

int uapi_syncobj_copy_points(struct vfs_caller *caller, uint64_t from, uint32_t count,
	uint64_t **points)
{
	*points = calloc(count + 1, sizeof(**points));
	if (!*points)
		return -ENOMEM;
	if (!from || vfs_copy_from(caller, *points, from, count * sizeof(**points)) == 0)
		return 0;
	free(*points);
	return -EFAULT;
}

/* ---- handles ---- */

UAPI_HANDLER(syncobj_create)
{
	struct drm_syncobj_create *args = data;
	struct gem_syncobj *syncobj;

	if (args->flags & ~DRM_SYNCOBJ_CREATE_SIGNALED)
		return -EINVAL;
	int ret = gem_syncobj_create(args->flags & DRM_SYNCOBJ_CREATE_SIGNALED, &syncobj);
	if (ret)
		return ret;
	ret = gem_syncobj_handle_create(&call->file->gem.syncobjs, syncobj, &args->handle);
	gem_syncobj_put(syncobj);
	return ret;
}

UAPI_HANDLER(syncobj_destroy)
{
	const struct drm_syncobj_destroy *args = data;

	if (args->pad)
		return -EINVAL;
	return gem_syncobj_handle_delete(&call->file->gem.syncobjs, args->handle);
}

/* ---- descriptors of objects ---- */

struct syncobj_file {
	struct vfs_file base; /* first */
	struct gem_syncobj *syncobj; /* reference */
};

static long file_ioctl(struct vfs_file *base, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	return -ENOTTY;
}

static void file_release(struct vfs_file *base)
{
	struct syncobj_file *file = gem_container_of(base, struct syncobj_file, base);

	gem_syncobj_put(file->syncobj);
	vfs_file_finish(base);
	free(file);
}

static const struct vfs_file_ops syncobj_file_ops = {
	.ioctl = file_ioctl,
	.release = file_release,
};

/* Takes the reference to syncobj. */
static int open_file(struct vfs *vfs, struct gem_syncobj *syncobj, int *fd)
{
	struct syncobj_file *file = calloc(1, sizeof(*file));

	if (!file) {
		gem_syncobj_put(syncobj);
		return -ENOMEM;
	}
	vfs_file_init(&file->base, &syncobj_file_ops);
	file->syncobj = syncobj;
	int ret = vfs_open_anonymous(vfs, &file->base, "anon_inode:syncobj_file", fd);
	if (ret)
		file_release(&file->base);
	return ret;
}

static int export_sync_file(struct uapi_call *call, struct gem_syncobj *syncobj, int *fd)
{
	struct gem_fence *fence;
	int ret = gem_syncobj_find_fence(syncobj, 0, &fence);

	gem_syncobj_put(syncobj);
	if (ret)
		return ret;
	ret = uapi_sync_file_create(call->file->base.vfs, fence, NULL, fd);
	gem_fence_put(fence);
	return ret;
}

UAPI_HANDLER(syncobj_handle_to_fd)
{
	struct drm_syncobj_handle *args = data;
	bool sync_file = args->flags == DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE;
	struct gem_syncobj *syncobj;
	int fd;

	if (args->pad || (args->flags && !sync_file))
		return -EINVAL;
	int ret = gem_syncobj_lookup(&call->file->gem.syncobjs, args->handle, &syncobj);
	if (ret)
		return sync_file ? ret : -EINVAL;
	ret = sync_file ? export_sync_file(call, syncobj, &fd) :
		open_file(call->file->base.vfs, syncobj, &fd);
	if (ret)
		return ret;
	fd = call->caller->ops->install_fd(call->caller, fd, true);
	if (fd < 0)
		return fd;
	args->fd = fd;
	return 0;
}

static int import_sync_file(struct uapi_call *call, const struct drm_syncobj_handle *args)
{
	struct gem_syncobj *syncobj;
	struct gem_fence *fence;

	if (uapi_sync_file_fence(call->file->base.vfs, call->caller, args->fd, &fence))
		return -EINVAL;
	int ret = gem_syncobj_lookup(&call->file->gem.syncobjs, args->handle, &syncobj);
	if (ret == 0) {
		gem_syncobj_replace_fence(syncobj, fence);
		gem_syncobj_put(syncobj);
	}
	gem_fence_put(fence);
	return ret;
}

UAPI_HANDLER(syncobj_fd_to_handle)
{
	struct drm_syncobj_handle *args = data;
	struct vfs_file *file;

	if (args->pad ||
	    (args->flags && args->flags != DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE))
		return -EINVAL;
	if (args->flags)
		return import_sync_file(call, args);
	if (uapi_fetch_file(call->file->base.vfs, call->caller, args->fd, &syncobj_file_ops, &file))
		return -EINVAL;
	int ret = gem_syncobj_handle_create(&call->file->gem.syncobjs,
		gem_container_of(file, struct syncobj_file, base)->syncobj, &args->handle);
	vfs_file_put(file);
	return ret;
}

/* ---- content ---- */

static int64_t submit_deadline(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec + SUBMIT_TIMEOUT_NS;
}

/* With WAIT_FOR_SUBMIT, waits for a point that has no fence yet. */
static int find_fence(struct gem_syncobj *syncobj, uint64_t point, uint32_t flags,
	struct gem_fence **fence)
{
	int ret = gem_syncobj_find_fence(syncobj, point, fence);
	unsigned first;

	if (ret == 0 || !(flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT))
		return ret;
	ret = gem_syncobj_wait(&syncobj, &point, 1, GEM_SYNCOBJ_WAIT_AVAILABLE,
		submit_deadline(), &first);
	return ret ? ret : gem_syncobj_find_fence(syncobj, point, fence);
}

static int put_fence(struct gem_syncobj *syncobj, uint64_t point, struct gem_fence *fence)
{
	struct gem_syncobj_point *memory;

	if (!point) {
		gem_syncobj_replace_fence(syncobj, fence);
		return 0;
	}
	memory = gem_syncobj_point_alloc();
	if (!memory)
		return -ENOMEM;
	gem_syncobj_add_point(syncobj, memory, fence, point);
	return 0;
}

UAPI_HANDLER(syncobj_transfer)
{
	const struct drm_syncobj_transfer *args = data;
	struct gem_syncobjs *syncobjs = &call->file->gem.syncobjs;
	struct gem_syncobj *src, *dst;
	struct gem_fence *fence;

	if (args->pad || args->flags & ~DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT)
		return -EINVAL;
	int ret = gem_syncobj_lookup(syncobjs, args->dst_handle, &dst);
	if (ret)
		return ret;
	ret = gem_syncobj_lookup(syncobjs, args->src_handle, &src);
	if (ret)
		goto put_dst;
	ret = find_fence(src, args->src_point, args->flags, &fence);
	if (ret == 0) {
		ret = put_fence(dst, args->dst_point, fence);
		gem_fence_put(fence);
	}
	gem_syncobj_put(src);
put_dst:
	gem_syncobj_put(dst);
	return ret;
}

UAPI_HANDLER(syncobj_reset)
{
	const struct drm_syncobj_array *args = data;
	struct uapi_syncobj_list list;

	if (args->pad || !args->count_handles)
		return -EINVAL;
	int ret = uapi_syncobj_list_init(&list, call, args->handles, args->count_handles);
	if (ret)
		return ret;
	for (unsigned i = 0; i < list.count; i++)
		gem_syncobj_replace_fence(list.syncobjs[i], NULL);
	uapi_syncobj_list_finish(&list);
	return 0;
}

/* A fence that is done, at this time. */
static int create_done_fence(struct gem_fence **fence)
{
	int ret = gem_fence_create(gem_fence_context_alloc(), 1, GEM_FENCE_NO_ENGINE, fence);

	if (ret == 0)
		gem_fence_signal(*fence, 0);
	return ret;
}

UAPI_HANDLER(syncobj_signal)
{
	const struct drm_syncobj_array *args = data;
	struct uapi_syncobj_list list;
	struct gem_fence *done;

	if (args->pad || !args->count_handles)
		return -EINVAL;
	int ret = uapi_syncobj_list_init(&list, call, args->handles, args->count_handles);
	if (ret)
		return ret;
	ret = create_done_fence(&done);
	if (ret == 0) {
		for (unsigned i = 0; i < list.count; i++)
			gem_syncobj_replace_fence(list.syncobjs[i], done);
		gem_fence_put(done);
	}
	uapi_syncobj_list_finish(&list);
	return ret;
}

/* All points' memory first: then nothing can fail half way. */
static int signal_points(const struct uapi_syncobj_list *list, const uint64_t *points,
	struct gem_fence *done)
{
	struct gem_syncobj_point **memory = calloc(list->count, sizeof(*memory));
	int ret = memory ? 0 : -ENOMEM;

	for (unsigned i = 0; i < list->count && ret == 0; i++) {
		memory[i] = gem_syncobj_point_alloc();
		ret = memory[i] ? 0 : -ENOMEM;
	}
	for (unsigned i = 0; memory && i < list->count; i++) {
		if (ret)
			gem_syncobj_point_free(memory[i]);
		else
			gem_syncobj_add_point(list->syncobjs[i], memory[i], done, points[i]);
	}
	free(memory);
	return ret;
}

UAPI_HANDLER(syncobj_timeline_signal)
{
	const struct drm_syncobj_timeline_array *args = data;
	struct uapi_syncobj_list list;
	struct gem_fence *done;
	uint64_t *points;

	if (args->flags || !args->count_handles)
		return -EINVAL;
	int ret = uapi_syncobj_list_init(&list, call, args->handles, args->count_handles);
	if (ret)
		return ret;
	ret = uapi_syncobj_copy_points(call->caller, args->points, args->count_handles, &points);
	if (ret)
		goto finish_list;
	ret = create_done_fence(&done);
	if (ret == 0) {
		ret = signal_points(&list, points, done);
		gem_fence_put(done);
	}
	free(points);
finish_list:
	uapi_syncobj_list_finish(&list);
	return ret;
}

UAPI_HANDLER(syncobj_query)
{
	const struct drm_syncobj_timeline_array *args = data;
	bool submitted = args->flags & DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED;
	struct uapi_syncobj_list list;

	if (args->flags & ~DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED || !args->count_handles)
		return -EINVAL;
	int ret = uapi_syncobj_list_init(&list, call, args->handles, args->count_handles);
	if (ret)
		return ret;
	for (unsigned i = 0; i < list.count && ret == 0; i++) {
		uint64_t point = gem_syncobj_query(list.syncobjs[i], submitted);

		ret = vfs_copy_to(call->caller, args->points + i * sizeof(point), &point,
			sizeof(point)) ? -EFAULT : 0;
	}
	uapi_syncobj_list_finish(&list);
	return ret;
}
