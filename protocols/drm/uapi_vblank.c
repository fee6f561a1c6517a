/* Waiting for vblanks (kernel: drm_vblank.c). */
#include <errno.h>

#include "kms_vblank.h"
#include "uapi_handlers.h"
#include "uapi_lease.h"

#define WAIT_TIMEOUT_NS 3000000000ull
#define NS_PER_SECOND 1000000000ull

#define TYPE_BITS (_DRM_VBLANK_TYPES_MASK | _DRM_VBLANK_FLAGS_MASK | _DRM_VBLANK_HIGH_CRTC_MASK)

static struct kms_crtc *find_crtc(const struct uapi_file *file, uint32_t id)
{
	/* Crtcs live as long as the device; the lookup's reference counts nothing. */
	struct kms_object *obj = uapi_object_lookup(file, id, DRM_MODE_OBJECT_CRTC);

	return obj ? gem_container_of(obj, struct kms_crtc, base) : NULL;
}

/* The crtc in a WAIT_VBLANK's type: the newer high bits, or one bit for the second. */
static unsigned crtc_index(uint32_t type)
{
	uint32_t high = (type & _DRM_VBLANK_HIGH_CRTC_MASK) >> _DRM_VBLANK_HIGH_CRTC_SHIFT;

	return high ? high : type & _DRM_VBLANK_SECONDARY ? 1 : 0;
}

/*
 * The 64-bit count that the request's 32 bits mean, near count. Writes back
 * what a repeated request must say: the absolute sequence, as the kernel does.
 */
static uint64_t wait_target(union drm_wait_vblank *args, uint32_t type, uint64_t count)
{
	uint64_t target;

	if (type & _DRM_VBLANK_RELATIVE) {
		target = count + args->request.sequence;
		args->request.sequence = (uint32_t)target;
		args->request.type &= ~_DRM_VBLANK_RELATIVE;
	} else {
		target = count + (int64_t)(int32_t)(args->request.sequence - (uint32_t)count);
	}
	if (type & _DRM_VBLANK_NEXTONMISS && kms_vblank_passed(count, target)) {
		target = count + 1;
		args->request.type &= ~_DRM_VBLANK_NEXTONMISS;
		args->request.sequence = (uint32_t)target;
	}
	return target;
}

/* *target becomes the sequence at which the event is or was sent. */
static int queue_event_locked(struct uapi_call *call, struct kms_crtc *crtc, uint32_t type,
	uint64_t user_data, uint64_t *target)
{
	struct kms_event *event;
	int ret = kms_event_reserve_locked(&call->file->kms, type, user_data, &event);

	if (ret)
		return ret;
	if (kms_vblank_passed(crtc->vblank->count, *target)) {
		ret = kms_vblank_queue_event_locked(crtc, *target, event);
		*target = crtc->vblank->count;
		return ret;
	}
	return kms_vblank_queue_event_locked(crtc, *target, event);
}

static int wait_vblank_locked(struct uapi_call *call, struct kms_crtc *crtc,
	union drm_wait_vblank *args)
{
	const struct kms_vblank *vblank = crtc->vblank;
	uint32_t type = args->request.type;
	uint64_t target;
	int ret;

	if (!vblank->running)
		return -EINVAL;
	target = wait_target(args, type, vblank->count);
	/* What has come to pass may be said again; an event or a wait is something new. */
	if (type & _DRM_VBLANK_EVENT || target != vblank->count)
		call->caller->depends = 0;
	if (type & _DRM_VBLANK_EVENT) {
		ret = queue_event_locked(call, crtc, DRM_EVENT_VBLANK, args->request.signal,
			&target);
		if (!ret)
			args->reply.sequence = (uint32_t)target;
		return ret;
	}
	ret = target == vblank->count ? 0 : kms_vblank_wait_locked(crtc, target, WAIT_TIMEOUT_NS);
	args->reply.sequence = (uint32_t)vblank->count;
	args->reply.tval_sec = (long)(vblank->time_ns / NS_PER_SECOND);
	args->reply.tval_usec = (long)(vblank->time_ns % NS_PER_SECOND / 1000);
	return ret;
}

UAPI_HANDLER(wait_vblank)
{
	union drm_wait_vblank *args = data;
	struct kms_device *dev = call->file->dev->kms;
	struct kms_crtc *crtc;

	if (args->request.type & (_DRM_VBLANK_SIGNAL | ~(uint32_t)TYPE_BITS))
		return -EINVAL;
	crtc = uapi_lease_crtc(call->file, crtc_index(args->request.type));
	if (!crtc)
		return -EINVAL;
	pthread_mutex_lock(&dev->lock);
	int ret = wait_vblank_locked(call, crtc, args);
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

UAPI_HANDLER(crtc_get_sequence)
{
	struct drm_crtc_get_sequence *args = data;
	struct kms_device *dev = call->file->dev->kms;
	struct kms_crtc *crtc = find_crtc(call->file, args->crtc_id);
	int ret = -EINVAL;

	if (!crtc)
		return -ENOENT;
	pthread_mutex_lock(&dev->lock);
	if (crtc->vblank->running) {
		args->active = crtc->state.enable;
		args->sequence = crtc->vblank->count;
		args->sequence_ns = (int64_t)crtc->vblank->time_ns;
		ret = 0;
	}
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

static int queue_sequence_locked(struct uapi_call *call, struct kms_crtc *crtc,
	struct drm_crtc_queue_sequence *args)
{
	uint64_t count = crtc->vblank->count, target = args->sequence;
	int ret;

	if (!crtc->vblank->running)
		return -EINVAL;
	if (args->flags & DRM_CRTC_SEQUENCE_RELATIVE)
		target += count;
	if (args->flags & DRM_CRTC_SEQUENCE_NEXT_ON_MISS && kms_vblank_passed(count, target))
		target = count + 1;
	ret = queue_event_locked(call, crtc, DRM_EVENT_CRTC_SEQUENCE, args->user_data, &target);
	if (!ret)
		args->sequence = target;
	return ret;
}

UAPI_HANDLER(crtc_queue_sequence)
{
	struct drm_crtc_queue_sequence *args = data;
	struct kms_device *dev = call->file->dev->kms;
	struct kms_crtc *crtc = find_crtc(call->file, args->crtc_id);

	if (!crtc)
		return -ENOENT;
	if (args->flags & ~(DRM_CRTC_SEQUENCE_RELATIVE | DRM_CRTC_SEQUENCE_NEXT_ON_MISS))
		return -EINVAL;
	pthread_mutex_lock(&dev->lock);
	int ret = queue_sequence_locked(call, crtc, args);
	pthread_mutex_unlock(&dev->lock);
	return ret;
}
