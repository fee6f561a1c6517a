/* Contexts. */
#include <errno.h>
#include <unistd.h>

#include "gem_context.h"
#include "uapi_handlers.h"
#include "uapi_i915.h"

/* Root, and who provides the device: what draws the screen is its own program. */
static bool is_privileged(const struct uapi_call *call)
{
	return call->caller->uid == 0 || call->caller->pid == getpid();
}

/* The parameters that are a number in value. False for all others. */
static bool find_param(uint64_t param, enum gem_context_param *found)
{
	switch (param) {
	case I915_CONTEXT_PARAM_GTT_SIZE:
		*found = GEM_CONTEXT_GTT_SIZE;
		return true;
	case I915_CONTEXT_PARAM_NO_ERROR_CAPTURE:
		*found = GEM_CONTEXT_NO_ERROR_CAPTURE;
		return true;
	case I915_CONTEXT_PARAM_BANNABLE:
		*found = GEM_CONTEXT_BANNABLE;
		return true;
	case I915_CONTEXT_PARAM_PRIORITY:
		*found = GEM_CONTEXT_PRIORITY;
		return true;
	case I915_CONTEXT_PARAM_RECOVERABLE:
		*found = GEM_CONTEXT_RECOVERABLE;
		return true;
	default:
		return false;
	}
}

static int set_param(struct uapi_call *call, struct gem_context *context,
	const struct drm_i915_gem_context_param *args)
{
	enum gem_context_param param;

	if (args->param == I915_CONTEXT_PARAM_PERSISTENCE) {
		if (args->size)
			return -EINVAL;
		/* To end work with its context takes an engine that can be preempted. */
		return args->value ? 0 : -ENODEV;
	}
	if (args->param == I915_CONTEXT_PARAM_SSEU)
		return args->size < sizeof(struct drm_i915_gem_context_param_sseu) ? -EINVAL :
			-ENODEV;
	if (!find_param(args->param, &param) || args->size)
		return -EINVAL;
	return gem_context_set_param(context, param, args->value, is_privileged(call));
}

static int create_set_param(struct uapi_call *call, uint64_t address, void *data)
{
	struct drm_i915_gem_context_create_ext_setparam link;

	if (vfs_copy_from(call->caller, &link, address, sizeof(link)))
		return -EFAULT;
	if (link.param.ctx_id)
		return -EINVAL;
	return set_param(call, data, &link.param);
}

int uapi_i915_gem_context_create(struct uapi_call *call, void *data)
{
	static const uapi_extension extensions[] = {
		[I915_CONTEXT_CREATE_EXT_SETPARAM] = create_set_param,
	};
	struct drm_i915_gem_context_create_ext *args = data;
	struct gem_file *gem = &call->file->gem;
	struct gem_context *context;
	uint32_t id;

	if (args->flags & I915_CONTEXT_CREATE_FLAGS_UNKNOWN)
		return -EINVAL;
	if (gpu_device_wedged(call->file->dev->gpu))
		return -EIO;
	int ret = gem_context_create(gem, &id);
	if (ret)
		return ret;
	if (args->flags & I915_CONTEXT_CREATE_FLAGS_USE_EXTENSIONS) {
		ret = gem_context_lookup(gem, id, &context);
		if (ret == 0) {
			ret = uapi_walk_extensions(call, args->extensions, extensions,
				GEM_ARRAY_SIZE(extensions), context);
			gem_context_put(context);
		}
	}
	if (ret)
		gem_context_destroy(gem, id);
	else
		args->ctx_id = id;
	return ret;
}

int uapi_i915_gem_context_destroy(struct uapi_call *call, void *data)
{
	const struct drm_i915_gem_context_destroy *args = data;

	if (args->pad)
		return -EINVAL;
	return gem_context_destroy(&call->file->gem, args->ctx_id);
}

int uapi_i915_gem_context_getparam(struct uapi_call *call, void *data)
{
	struct drm_i915_gem_context_param *args = data;
	struct gem_context *context;
	enum gem_context_param param;

	int ret = gem_context_lookup(&call->file->gem, args->ctx_id, &context);
	if (ret)
		return ret;
	if (args->param == I915_CONTEXT_PARAM_PERSISTENCE)
		args->value = 1;
	else if (find_param(args->param, &param))
		args->value = gem_context_get_param(context, param);
	else
		/* Address spaces are not for sharing: that takes full PPGTT, as VM_CREATE does. */
		ret = args->param == I915_CONTEXT_PARAM_VM ? -ENODEV : -EINVAL;
	if (ret == 0)
		args->size = 0;
	gem_context_put(context);
	return ret;
}

int uapi_i915_gem_context_setparam(struct uapi_call *call, void *data)
{
	const struct drm_i915_gem_context_param *args = data;
	struct gem_context *context;

	int ret = gem_context_lookup(&call->file->gem, args->ctx_id, &context);
	if (ret)
		return ret;
	ret = set_param(call, context, args);
	gem_context_put(context);
	return ret;
}

int uapi_i915_get_reset_stats(struct uapi_call *call, void *data)
{
	struct drm_i915_reset_stats *args = data;
	struct gem_context *context;

	if (args->flags || args->pad)
		return -EINVAL;
	int ret = gem_context_lookup(&call->file->gem, args->ctx_id, &context);
	if (ret)
		return ret;
	/* Who is not root does not learn of others' hangs. */
	args->reset_count = is_privileged(call) ? gpu_device_reset_count(call->file->dev->gpu) : 0;
	args->batch_active = context->guilty_count;
	args->batch_pending = context->active_count;
	gem_context_put(context);
	return 0;
}
