/* MODE_ATOMIC and OBJ_SETPROPERTY (kernel: drm_atomic_uapi.c). */
#include <errno.h>
#include <stdlib.h>

#include "kms_atomic.h"
#include "kms_legacy.h"
#include "uapi_atomic_fence.h"
#include "uapi_handlers.h"
#include "uapi_lease.h"

/*
 * More than every property of every object of the largest device: a client can
 * not make the server hold more than this, nor keep it busy for long.
 */
#define MAX_OBJECTS 4096u
#define MAX_PROPERTIES 65536u

/* The request's arrays, copied in before any lock is taken. */
struct atomic_request {
	const struct drm_mode_atomic *args;
	uint32_t *objects, *counts; /* args->count_objs each */
	uint32_t *properties;
	uint64_t *values;           /* one allocation with properties */
	struct uapi_atomic_fences fences;
};

static void request_finish(struct atomic_request *request)
{
	free(request->objects);
	free(request->values);
}

static int copy_objects(struct atomic_request *request, struct vfs_caller *caller)
{
	const struct drm_mode_atomic *args = request->args;
	size_t size = (size_t)args->count_objs * sizeof(uint32_t);

	if (args->count_objs > MAX_OBJECTS)
		return -ENOMEM;
	request->objects = malloc(2 * size + 1);
	if (!request->objects)
		return -ENOMEM;
	request->counts = request->objects + args->count_objs;
	if (vfs_copy_from(caller, request->objects, args->objs_ptr, size) ||
	    vfs_copy_from(caller, request->counts, args->count_props_ptr, size))
		return -EFAULT;
	return 0;
}

static int copy_properties(struct atomic_request *request, struct vfs_caller *caller)
{
	const struct drm_mode_atomic *args = request->args;
	uint64_t total = 0;

	for (uint32_t i = 0; i < args->count_objs; i++)
		total += request->counts[i];
	if (total > MAX_PROPERTIES)
		return -ENOMEM;
	request->values = malloc(total * (sizeof(uint64_t) + sizeof(uint32_t)) + 1);
	if (!request->values)
		return -ENOMEM;
	request->properties = (uint32_t *)(request->values + total);
	if (vfs_copy_from(caller, request->properties, args->props_ptr, total * sizeof(uint32_t)) ||
	    vfs_copy_from(caller, request->values, args->prop_values_ptr, total * sizeof(uint64_t)))
		return -EFAULT;
	return 0;
}

/* Descriptors and addresses of the caller's, before any lock is taken. */
static int resolve_fences(struct atomic_request *request, struct uapi_call *call)
{
	uint32_t at = 0;
	int ret = 0;

	request->fences.test = request->args->flags & DRM_MODE_ATOMIC_TEST_ONLY;
	for (uint32_t i = 0; i < request->args->count_objs; i++) {
		for (uint32_t end = at + request->counts[i]; at < end && !ret; at++)
			ret = uapi_atomic_fences_add(&request->fences, call, at,
				request->objects[i], request->properties[at],
				request->values[at]);
	}
	return ret;
}

/* The request's properties from first on are obj's. */
static int set_object(struct kms_atomic_state *state, const struct uapi_file *file,
	struct kms_object *obj, const struct atomic_request *request, uint32_t first,
	uint32_t count)
{
	int ret = obj->property_count ? 0 : -ENOENT;

	for (uint32_t i = first; i < first + count && !ret; i++) {
		const struct uapi_atomic_fence *fence =
			uapi_atomic_fences_find(&request->fences, i);
		uint32_t property = request->properties[i];

		ret = uapi_lease_check_value(file, property, request->values[i]);
		if (!ret)
			ret = fence ? uapi_atomic_fence_set(state, obj, property, fence) :
				kms_atomic_set_property(state, obj, property, request->values[i]);
	}
	return ret;
}

static int fill_state(struct kms_atomic_state *state, const struct uapi_file *file,
	const struct atomic_request *request)
{
	uint32_t next = 0;
	int ret = 0;

	for (uint32_t i = 0; i < request->args->count_objs && !ret; i++) {
		struct kms_object *obj = uapi_object_lookup(file, request->objects[i],
			DRM_MODE_OBJECT_ANY);

		if (!obj) {
			gem_debug("atomic", "refused: no object %u", request->objects[i]);
			return -ENOENT;
		}
		ret = set_object(state, file, obj, request, next, request->counts[i]);
		next += request->counts[i];
		kms_object_put(obj);
	}
	return ret;
}

static int try_once_locked(struct uapi_file *uapi, const struct atomic_request *request)
{
	struct kms_file *file = &uapi->kms;
	const struct drm_mode_atomic *args = request->args;
	struct kms_atomic_state *state;
	int ret = kms_atomic_state_create(file->dev, &state);

	if (ret)
		return ret;
	state->allow_modeset = args->flags & DRM_MODE_ATOMIC_ALLOW_MODESET;
	state->async_flip = args->flags & DRM_MODE_PAGE_FLIP_ASYNC;
	ret = fill_state(state, uapi, request);
	if (!ret && args->flags & DRM_MODE_PAGE_FLIP_EVENT)
		ret = kms_atomic_reserve_events(state, file, args->user_data);
	if (!ret && args->flags & DRM_MODE_ATOMIC_TEST_ONLY)
		ret = kms_atomic_check(state);
	else if (!ret)
		ret = kms_atomic_commit(state, args->flags & DRM_MODE_ATOMIC_NONBLOCK
						       ? KMS_COMMIT_NONBLOCK : 0);
	kms_atomic_state_destroy(state);
	return ret;
}

static int check_flags(const struct kms_file *file, const struct drm_mode_atomic *args)
{
	if (!file->atomic) {
		gem_debug("atomic", "refused: client did not ask for DRM_CLIENT_CAP_ATOMIC");
		return -EINVAL;
	}
	if (args->flags & ~DRM_MODE_ATOMIC_FLAGS || args->reserved)
		return -EINVAL;
	if (args->flags & DRM_MODE_PAGE_FLIP_ASYNC && !file->dev->async_page_flip) {
		gem_debug("atomic", "refused: the device has no async page flips");
		return -EINVAL;
	}
	if (args->flags & DRM_MODE_ATOMIC_TEST_ONLY && args->flags & DRM_MODE_PAGE_FLIP_EVENT)
		return -EINVAL;
	return 0;
}

static int run_request(struct uapi_file *file, const struct atomic_request *request)
{
	struct kms_device *kms = file->dev->kms;
	int ret;

	pthread_mutex_lock(&kms->lock);
	do {
		ret = try_once_locked(file, request);
	} while (ret == -EAGAIN);
	pthread_mutex_unlock(&kms->lock);
	return ret;
}

UAPI_HANDLER(mode_atomic)
{
	struct atomic_request request = {.args = data};
	struct kms_file *file = &call->file->kms;
	int ret;

	pthread_mutex_lock(&file->dev->lock);
	ret = check_flags(file, request.args);
	pthread_mutex_unlock(&file->dev->lock);
	if (ret)
		return ret;
	ret = copy_objects(&request, call->caller);
	if (!ret)
		ret = copy_properties(&request, call->caller);
	if (!ret)
		ret = resolve_fences(&request, call);
	if (!ret)
		ret = run_request(call->file, &request);
	uapi_atomic_fences_finish(&request.fences, call->caller, ret);
	request_finish(&request);
	return ret;
}

UAPI_HANDLER(mode_obj_setproperty)
{
	const struct drm_mode_obj_set_property *args = data;
	struct kms_object *obj = uapi_object_lookup(call->file, args->obj_id, args->obj_type);
	int ret = -EINVAL;

	if (!obj)
		return -ENOENT;
	if (obj->property_count)
		ret = uapi_lease_check_value(call->file, args->prop_id, args->value);
	if (obj->property_count && !ret)
		ret = kms_set_property(obj, args->prop_id, args->value);
	kms_object_put(obj);
	/* The kernel looks the property up first, and says EINVAL for it here. */
	return ret == -ENOENT ? -EINVAL : ret;
}

UAPI_HANDLER(mode_setproperty)
{
	const struct drm_mode_connector_set_property *args = data;
	struct drm_mode_obj_set_property generic = {
		.value = args->value,
		.prop_id = args->prop_id,
		.obj_id = args->connector_id,
		.obj_type = DRM_MODE_OBJECT_CONNECTOR,
	};

	return uapi_mode_obj_setproperty(call, &generic);
}
