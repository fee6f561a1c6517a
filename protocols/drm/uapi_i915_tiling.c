/* How an object's bytes are laid out and cached. */
#include <errno.h>

#include "gem_domain.h"
#include "gem_fence_reg.h"
#include "gem_resv.h"
#include "gem_tiling.h"
#include "uapi_handlers.h"
#include "uapi_i915.h"

static void get_tiling(struct gem_object *obj, uint32_t *tiling, uint32_t *stride)
{
	pthread_mutex_lock(&obj->mm.lock);
	*tiling = obj->tiling;
	*stride = obj->stride;
	pthread_mutex_unlock(&obj->mm.lock);
}

/* A fence register describes the old layout: it goes, once nothing uses it. */
static int change_tiling(struct gem_object *obj, uint32_t tiling, uint32_t stride)
{
	uint32_t old_tiling, old_stride;

	get_tiling(obj, &old_tiling, &old_stride);
	if (old_tiling == tiling && old_stride == stride)
		return 0;
	int ret = gem_object_wait(obj, true, -1, NULL);
	if (ret == 0)
		ret = gem_object_drop_fence_reg(obj);
	return ret ? ret : gem_object_set_tiling(obj, tiling, stride);
}

int uapi_i915_gem_set_tiling(struct uapi_call *call, void *data)
{
	struct drm_i915_gem_set_tiling *args = data;
	struct gem_object *obj;

	int ret = gem_object_lookup(&call->file->gem, args->handle, &obj);
	if (ret)
		return ret;
	if (!gem_tiling_ok(args->tiling_mode, args->stride)) {
		gem_object_put(obj);
		return -EINVAL;
	}
	ret = change_tiling(obj, args->tiling_mode,
		args->tiling_mode == I915_TILING_NONE ? 0 : args->stride);
	/* What it is now goes back, after a refusal too. */
	get_tiling(obj, &args->tiling_mode, &args->stride);
	args->swizzle_mode = I915_BIT_6_SWIZZLE_NONE;
	gem_object_put(obj);
	return ret;
}

int uapi_i915_gem_get_tiling(struct uapi_call *call, void *data)
{
	struct drm_i915_gem_get_tiling *args = data;
	struct gem_object *obj;
	uint32_t stride;

	int ret = gem_object_lookup(&call->file->gem, args->handle, &obj);
	if (ret)
		return ret;
	get_tiling(obj, &args->tiling_mode, &stride);
	args->swizzle_mode = I915_BIT_6_SWIZZLE_NONE;
	args->phys_swizzle_mode = I915_BIT_6_SWIZZLE_NONE;
	gem_object_put(obj);
	return 0;
}

int uapi_i915_gem_set_caching(struct uapi_call *call, void *data)
{
	const struct drm_i915_gem_caching *args = data;
	enum gem_cache_level level;
	struct gem_object *obj;

	switch (args->caching) {
	case I915_CACHING_CACHED:
		level = GEM_CACHE_LLC;
		break;
	case I915_CACHING_NONE:
	case I915_CACHING_DISPLAY: /* no write-through on this part */
		level = GEM_CACHE_NONE;
		break;
	default:
		return -EINVAL;
	}
	int ret = gem_object_lookup(&call->file->gem, args->handle, &obj);
	if (ret)
		return ret;
	ret = gem_object_wait(obj, true, -1, NULL);
	if (ret == 0)
		ret = gem_object_set_caching(obj, level);
	gem_object_put(obj);
	return ret;
}

int uapi_i915_gem_get_caching(struct uapi_call *call, void *data)
{
	struct drm_i915_gem_caching *args = data;
	struct gem_object *obj;

	int ret = gem_object_lookup(&call->file->gem, args->handle, &obj);
	if (ret)
		return ret;
	pthread_mutex_lock(&obj->mm.lock);
	args->caching = obj->cache_level == GEM_CACHE_LLC ? I915_CACHING_CACHED :
		I915_CACHING_NONE;
	pthread_mutex_unlock(&obj->mm.lock);
	gem_object_put(obj);
	return 0;
}
