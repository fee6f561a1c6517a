#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "kms_fence.h"
#include "uapi_atomic_fence.h"
#include "uapi_lease.h"
#include "uapi_sync.h"

static struct uapi_atomic_fence *append(struct uapi_atomic_fences *fences, uint32_t at)
{
	enum { FIRST_CAPACITY = 8 };

	if (fences->count == fences->capacity) {
		uint32_t capacity = fences->capacity ? fences->capacity * 2 : FIRST_CAPACITY;
		struct uapi_atomic_fence *list = realloc(fences->list, capacity * sizeof(*list));

		if (!list)
			return NULL;
		fences->list = list;
		fences->capacity = capacity;
	}
	struct uapi_atomic_fence *fence = &fences->list[fences->count++];
	*fence = (struct uapi_atomic_fence){.at = at, .fd = -1};
	return fence;
}

static int look_up_in_fence(struct uapi_call *call, int64_t value, struct gem_fence **fence)
{
	if (value == -1)
		return 0;
	if (value < 0 || value > INT_MAX ||
	    uapi_sync_file_fence(call->file->base.vfs, call->caller, (int)value, fence))
		return -EINVAL;
	return 0;
}

/* A crtc's is signalled when its frame is shown, a writeback connector's when it is written. */
static int create_fence(const struct uapi_file *file, uint32_t obj_id, struct gem_fence **fence)
{
	struct kms_object *obj = uapi_object_lookup(file, obj_id, DRM_MODE_OBJECT_CRTC);
	int ret;

	if (!obj)
		return gem_fence_create(gem_fence_context_alloc(), 1, GEM_FENCE_NO_ENGINE, fence);
	ret = kms_out_fence_create(gem_container_of(obj, struct kms_crtc, base), fence);
	kms_object_put(obj);
	return ret;
}

static int make_out_fence(struct uapi_atomic_fences *fences, struct uapi_call *call,
	uint32_t obj_id, struct uapi_atomic_fence *out)
{
	const int32_t none = -1;

	if (!out->pointer)
		return 0;
	if (vfs_copy_to(call->caller, out->pointer, &none, sizeof(none))) {
		out->error = -EFAULT;
		return 0;
	}
	if (fences->test)
		return 0;
	int ret = create_fence(call->file, obj_id, &out->fence);
	if (ret == 0)
		ret = uapi_sync_file_create(call->file->base.vfs, out->fence, NULL, &out->fd);
	return ret;
}

int uapi_atomic_fences_add(struct uapi_atomic_fences *fences, struct uapi_call *call, uint32_t at,
	uint32_t obj_id, uint32_t property_id, uint64_t value)
{
	const struct kms_standard_props *props = &call->file->dev->kms->props;
	bool in = property_id == props->in_fence_fd->base.id;
	bool out = property_id == props->out_fence_ptr->base.id ||
		property_id == props->writeback_out_fence_ptr->base.id;

	if (!in && !out)
		return 0;
	struct uapi_atomic_fence *fence = append(fences, at);
	if (!fence)
		return -ENOMEM;
	if (in) {
		fence->error = look_up_in_fence(call, (int64_t)value, &fence->fence);
		return 0;
	}
	fence->pointer = value;
	return make_out_fence(fences, call, obj_id, fence);
}

static int compare(const void *key, const void *element)
{
	uint32_t at = *(const uint32_t *)key, other =
		((const struct uapi_atomic_fence *)element)->at;

	return at < other ? -1 : at > other;
}

const struct uapi_atomic_fence *uapi_atomic_fences_find(const struct uapi_atomic_fences *fences,
	uint32_t at)
{
	return fences->count ? bsearch(&at, fences->list, fences->count, sizeof(*fences->list),
		compare) : NULL;
}

static bool has_property(const struct kms_object *obj, uint32_t property_id)
{
	for (unsigned i = 0; i < obj->property_count; i++) {
		if (obj->property_ids[i] == property_id)
			return true;
	}
	return false;
}

int uapi_atomic_fence_set(struct kms_atomic_state *state, struct kms_object *obj,
	uint32_t property_id, const struct uapi_atomic_fence *fence)
{
	if (!has_property(obj, property_id))
		return -ENOENT;
	if (fence->error) {
		gem_debug("atomic", "refused: fence of object %u", obj->id);
		return fence->error;
	}
	switch (obj->type) {
	case DRM_MODE_OBJECT_PLANE: {
		struct kms_plane *plane = gem_container_of(obj, struct kms_plane, base);

		kms_atomic_plane(state, plane);
		return fence->fence ? kms_atomic_set_in_fence(state, plane, fence->fence) : 0;
	}
	case DRM_MODE_OBJECT_CRTC: {
		struct kms_crtc *crtc = gem_container_of(obj, struct kms_crtc, base);

		kms_atomic_crtc(state, crtc);
		return fence->fence ? kms_atomic_set_out_fence(state, crtc, fence->fence) : 0;
	}
	default: {
		struct kms_connector *connector = gem_container_of(obj, struct kms_connector,
			base);

		kms_atomic_connector(state, connector);
		return fence->fence ? kms_atomic_set_writeback_fence(state, connector,
			fence->fence) : 0;
	}
	}
}

/* The commit is done: a client that has no room for the descriptor keeps its -1. */
static void hand_out(struct uapi_atomic_fence *out, struct vfs_caller *caller)
{
	int32_t number = caller->ops->install_fd(caller, out->fd, true);

	if (number >= 0 && vfs_copy_to(caller, out->pointer, &number, sizeof(number)))
		gem_debug("atomic", "out-fence %d can not be told", number);
}

void uapi_atomic_fences_finish(struct uapi_atomic_fences *fences, struct vfs_caller *caller,
	int result)
{
	for (uint32_t i = 0; i < fences->count; i++) {
		struct uapi_atomic_fence *fence = &fences->list[i];

		if (fence->fd >= 0 && result == 0) {
			hand_out(fence, caller);
		} else if (fence->fd >= 0) {
			close(fence->fd);
		}
		/* Of a commit that did not come to be; nobody else will. */
		if (fence->pointer && fence->fence && result)
			gem_fence_signal(fence->fence, -ECANCELED);
		gem_fence_put(fence->fence);
	}
	free(fences->list);
}
