/* Explicit fences of EXECBUFFER2: sync objects, and sync_files in and out. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "uapi_i915_exec.h"
#include "uapi_sync.h"

#define IN_FENCES (I915_EXEC_FENCE_IN | I915_EXEC_FENCE_SUBMIT)

/* ---- sync objects ---- */

/* Into exec->fences, which has room. What it has got so far is there on failure, too. */
static int add_fence(struct uapi_exec *exec, const struct drm_i915_gem_exec_fence *user,
	uint64_t point)
{
	struct uapi_exec_fence *fence = &exec->fences[exec->fence_count];
	bool wait = user->flags & I915_EXEC_FENCE_WAIT;

	*fence = (struct uapi_exec_fence){.point = point,
		.signal = user->flags & I915_EXEC_FENCE_SIGNAL};
	if (user->flags & __I915_EXEC_FENCE_UNKNOWN_FLAGS)
		return -EINVAL;
	int ret = gem_syncobj_lookup(&exec->call->file->gem.syncobjs, user->handle,
		&fence->syncobj);
	if (ret)
		return ret;
	exec->fence_count++;
	/* A point is signalled once: nobody can wait for it before. */
	if (wait && fence->signal && point)
		return -EINVAL;
	if (wait)
		ret = gem_syncobj_find_fence(fence->syncobj, point, &fence->wait);
	if (ret == 0 && fence->signal && point) {
		fence->memory = gem_syncobj_point_alloc();
		ret = fence->memory ? 0 : -ENOMEM;
	}
	return ret;
}

static int make_room(struct uapi_exec *exec, uint64_t count)
{
	if (count > UAPI_SYNCOBJS_MAX - exec->fence_count)
		return -ENOMEM;
	struct uapi_exec_fence *fences = realloc(exec->fences,
		(exec->fence_count + count) * sizeof(*fences));
	if (!fences)
		return -ENOMEM;
	exec->fences = fences;
	return 0;
}

/* handles: user address of count struct drm_i915_gem_exec_fence. points NULL = binary. */
static int add_fences(struct uapi_exec *exec, uint64_t handles, uint64_t count,
	const uint64_t *points)
{
	struct drm_i915_gem_exec_fence *user;

	int ret = make_room(exec, count);
	if (ret)
		return ret;
	user = malloc(count * sizeof(*user));
	if (!user)
		return -ENOMEM;
	ret = vfs_copy_from(exec->call->caller, user, handles, count * sizeof(*user));
	for (uint64_t i = 0; i < count && ret == 0; i++)
		ret = add_fence(exec, &user[i], points ? points[i] : 0);
	free(user);
	return ret;
}

static int add_timeline_fences(struct uapi_call *call, uint64_t address, void *data)
{
	struct drm_i915_gem_execbuffer_ext_timeline_fences link;
	struct uapi_exec *exec = data;
	uint64_t *points;

	if (vfs_copy_from(call->caller, &link, address, sizeof(link)))
		return -EFAULT;
	if (link.fence_count == 0)
		return 0;
	if (link.fence_count > UAPI_SYNCOBJS_MAX)
		return -ENOMEM;
	points = malloc(link.fence_count * sizeof(*points));
	if (!points)
		return -ENOMEM;
	int ret = vfs_copy_from(call->caller, points, link.values_ptr,
		link.fence_count * sizeof(*points));
	if (ret == 0)
		ret = add_fences(exec, link.handles_ptr, link.fence_count, points);
	free(points);
	return ret;
}

static int walk_extensions(struct uapi_exec *exec)
{
	static const uapi_extension extensions[] = {
		[DRM_I915_GEM_EXECBUFFER_EXT_TIMELINE_FENCES] = add_timeline_fences,
	};

	/* One pointer can not be both. */
	if (exec->args->flags & I915_EXEC_FENCE_ARRAY || exec->args->num_cliprects)
		return -EINVAL;
	return uapi_walk_extensions(exec->call, exec->args->cliprects_ptr, extensions,
		GEM_ARRAY_SIZE(extensions), exec);
}

/* ---- sync_files ---- */

/*
 * FENCE_SUBMIT would be satisfied when the other batch starts; here it waits for
 * its end, which GETPARAM owns up to.
 */
static int get_in_fence(struct uapi_exec *exec)
{
	uint64_t flags = exec->args->flags & IN_FENCES;

	if (!flags)
		return 0;
	if (flags == IN_FENCES)
		return -EINVAL;
	int ret = uapi_sync_file_fence(exec->call->file->base.vfs, exec->call->caller,
		(int32_t)exec->args->rsvd2, &exec->in_fence);
	return ret == -EBADF ? -EINVAL : ret;
}

static int collect_waits(struct uapi_exec *exec)
{
	struct gpu_exec *gpu = &exec->gpu;

	gpu->waits = malloc((exec->fence_count + 1) * sizeof(*gpu->waits));
	if (!gpu->waits)
		return -ENOMEM;
	for (unsigned i = 0; i < exec->fence_count; i++) {
		if (exec->fences[i].wait)
			gpu->waits[gpu->wait_count++] = exec->fences[i].wait;
	}
	if (exec->in_fence)
		gpu->waits[gpu->wait_count++] = exec->in_fence;
	return 0;
}

int uapi_exec_get_fences(struct uapi_exec *exec)
{
	const struct drm_i915_gem_execbuffer2 *args = exec->args;
	int ret = 0;

	if (args->flags & I915_EXEC_USE_EXTENSIONS)
		ret = walk_extensions(exec);
	else if (args->flags & I915_EXEC_FENCE_ARRAY && args->num_cliprects)
		ret = add_fences(exec, args->cliprects_ptr, args->num_cliprects, NULL);
	if (ret == 0)
		ret = get_in_fence(exec);
	if (ret == 0 && (exec->fence_count || exec->in_fence))
		ret = collect_waits(exec);
	return ret;
}

int uapi_exec_prepare_out(struct uapi_exec *exec)
{
	struct uapi_exec_out *out;

	if (!(exec->args->flags & I915_EXEC_FENCE_OUT))
		return 0;
	out = malloc(sizeof(*out));
	if (!out)
		return -ENOMEM;
	int ret = gem_fence_create(gem_fence_context_alloc(), 1, exec->gpu.class, &out->fence);
	if (ret)
		goto free_out;
	ret = uapi_sync_file_create(exec->call->file->base.vfs, out->fence, NULL, &out->fd);
	if (ret)
		goto put_fence;
	exec->out = out;
	return 0;

put_fence:
	gem_fence_signal(out->fence, -ECANCELED);
	gem_fence_put(out->fence);
free_out:
	free(out);
	return ret;
}

static void finish_out(struct uapi_exec_out *out, int error)
{
	gem_fence_signal(out->fence, error);
	gem_fence_put(out->fence);
	free(out);
}

static void run_out(struct gem_fence *fence, struct gem_fence_callback *callback)
{
	int status = gem_fence_status(fence);

	finish_out(gem_container_of(callback, struct uapi_exec_out, callback),
		status < 0 ? status : 0);
}

static int install_out(struct uapi_exec *exec, struct gem_fence *fence)
{
	struct uapi_exec_out *out = exec->out;
	struct vfs_caller *caller = exec->call->caller;

	if (!out)
		return 0;
	int fd = out->fd;
	exec->out = NULL;
	if (gem_fence_add_callback(fence, &out->callback, run_out))
		run_out(fence, &out->callback);
	fd = caller->ops->install_fd(caller, fd, true);
	if (fd < 0)
		return fd;
	exec->args->rsvd2 = (uint32_t)exec->args->rsvd2 | (uint64_t)fd << 32;
	return 0;
}

int uapi_exec_signal_fences(struct uapi_exec *exec, struct gem_fence *fence)
{
	for (unsigned i = 0; i < exec->fence_count; i++) {
		struct uapi_exec_fence *each = &exec->fences[i];

		if (each->memory)
			gem_syncobj_add_point(each->syncobj, each->memory, fence, each->point);
		else if (each->signal)
			gem_syncobj_replace_fence(each->syncobj, fence);
		each->memory = NULL;
	}
	return install_out(exec, fence);
}

void uapi_exec_put_fences(struct uapi_exec *exec)
{
	for (unsigned i = 0; i < exec->fence_count; i++) {
		gem_syncobj_put(exec->fences[i].syncobj);
		gem_fence_put(exec->fences[i].wait);
		gem_syncobj_point_free(exec->fences[i].memory);
	}
	free(exec->fences);
	free(exec->gpu.waits);
	gem_fence_put(exec->in_fence);
	if (exec->out) {
		close(exec->out->fd);
		finish_out(exec->out, -ECANCELED);
	}
}
