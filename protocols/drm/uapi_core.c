/* Requests about the device and the file as such (kernel: drm_ioctl.c). */
#include <errno.h>
#include <string.h>

#include "uapi_handlers.h"

enum {
	INTERFACE_MAJOR = 1, INTERFACE_MINOR = 4, /* DRM_IF_MAJOR, DRM_IF_MINOR */
	OVERFLOW_UID = 65534,
	PREFERRED_DEPTH = 24,
	/* DRM_CAP_ATOMIC_ASYNC_PAGE_FLIP: newer than this libdrm. */
	ATOMIC_ASYNC_PAGE_FLIP = 0x15,
};

/* *len in: room at dst; out: the whole length, whether it fitted or not. */
static int copy_string(struct vfs_caller *caller, char *dst, __kernel_size_t *len,
	const char *text)
{
	size_t whole = strlen(text);
	size_t part = *len < whole ? *len : whole;

	*len = whole;
	return dst ? vfs_copy_to(caller, (uintptr_t)dst, text, part) : 0;
}

int uapi_version(struct uapi_call *call, void *data)
{
	struct uapi_device *dev = call->file->dev;
	struct drm_version *version = data;

	version->version_major = dev->version[0];
	version->version_minor = dev->version[1];
	version->version_patchlevel = dev->version[2];
	int ret = copy_string(call->caller, version->name, &version->name_len, dev->driver_name);
	if (ret == 0)
		ret = copy_string(call->caller, version->date, &version->date_len,
			dev->driver_date);
	if (ret == 0)
		ret = copy_string(call->caller, version->desc, &version->desc_len,
			dev->driver_desc);
	return ret;
}

int uapi_get_unique(struct uapi_call *call, void *data)
{
	struct uapi_file *file = call->file;
	struct drm_unique *unique = data;

	pthread_mutex_lock(&file->dev->master_lock);
	size_t len = file->master->unique_set ? strlen(file->dev->place.unique) : 0;
	pthread_mutex_unlock(&file->dev->master_lock);
	size_t room = unique->unique_len;
	unique->unique_len = len;
	/* All or nothing: no part of it. */
	return room < len ? 0 : vfs_copy_to(call->caller, (uintptr_t)unique->unique,
		file->dev->place.unique, len);
}

int uapi_get_client(struct uapi_call *call, void *data)
{
	struct uapi_file *file = call->file;
	struct drm_client *client = data;

	/* The kernel kept what libva asks: am I authenticated? */
	if (client->idx != 0)
		return -EINVAL;
	pthread_mutex_lock(&file->dev->master_lock);
	client->auth = file->authenticated;
	pthread_mutex_unlock(&file->dev->master_lock);
	client->pid = call->caller->pid;
	client->uid = OVERFLOW_UID;
	client->magic = 0;
	client->iocs = 0;
	return 0;
}

int uapi_get_stats(struct uapi_call *call, void *data)
{
	memset(data, 0, sizeof(struct drm_stats));
	return 0;
}

int uapi_noop(struct uapi_call *call, void *data)
{
	return 0;
}

int uapi_get_cap(struct uapi_call *call, void *data)
{
	const struct kms_device *kms = call->file->dev->kms;
	struct drm_get_cap *cap = data;

	cap->value = 0;
	switch (cap->capability) {
	case DRM_CAP_TIMESTAMP_MONOTONIC:
	case DRM_CAP_DUMB_BUFFER:
	case DRM_CAP_VBLANK_HIGH_CRTC:
	case DRM_CAP_PAGE_FLIP_TARGET:
	case DRM_CAP_ADDFB2_MODIFIERS:
	case DRM_CAP_CRTC_IN_VBLANK_EVENT:
	case DRM_CAP_SYNCOBJ:
	case DRM_CAP_SYNCOBJ_TIMELINE:
		cap->value = 1;
		return 0;
	case DRM_CAP_PRIME:
		cap->value = DRM_PRIME_CAP_IMPORT | DRM_PRIME_CAP_EXPORT;
		return 0;
	case DRM_CAP_DUMB_PREFERRED_DEPTH:
		cap->value = PREFERRED_DEPTH;
		return 0;
	case DRM_CAP_ASYNC_PAGE_FLIP:
	case ATOMIC_ASYNC_PAGE_FLIP:
		cap->value = kms->async_page_flip;
		return 0;
	case DRM_CAP_CURSOR_WIDTH:
		cap->value = kms->cursor_width;
		return 0;
	case DRM_CAP_CURSOR_HEIGHT:
		cap->value = kms->cursor_height;
		return 0;
	case DRM_CAP_DUMB_PREFER_SHADOW: /* dumb buffers are plain cached memory */
		return 0;
	default:
		return -EINVAL;
	}
}

static int set_client_cap_locked(struct kms_file *kms, const struct drm_set_client_cap *cap)
{
	/* Newer atomic users ask for 2; everything else is a boolean. */
	if (cap->value > (cap->capability == DRM_CLIENT_CAP_ATOMIC ? 2 : 1))
		return -EINVAL;
	switch (cap->capability) {
	case DRM_CLIENT_CAP_STEREO_3D:
		kms->stereo_3d = cap->value;
		return 0;
	case DRM_CLIENT_CAP_UNIVERSAL_PLANES:
		kms->universal_planes = cap->value;
		return 0;
	case DRM_CLIENT_CAP_ATOMIC:
		kms->atomic = cap->value;
		kms->universal_planes = cap->value;
		kms->aspect_ratio = cap->value;
		return 0;
	case DRM_CLIENT_CAP_ASPECT_RATIO:
		kms->aspect_ratio = cap->value;
		return 0;
	case DRM_CLIENT_CAP_WRITEBACK_CONNECTORS:
		if (!kms->atomic)
			return -EINVAL;
		kms->writeback = cap->value;
		return 0;
	default:
		return -EINVAL;
	}
}

int uapi_set_client_cap(struct uapi_call *call, void *data)
{
	struct kms_device *kms = call->file->dev->kms;

	pthread_mutex_lock(&kms->lock);
	gem_publish_move(call->file->kms.changes);
	int ret = set_client_cap_locked(&call->file->kms, data);
	pthread_mutex_unlock(&kms->lock);
	return ret;
}

/* Checks the interface version; 1.1 and later also ask for the bus id. */
static int set_interface_version(struct uapi_file *file, const struct drm_set_version *version)
{
	if (version->drm_di_major == -1)
		return 0;
	if (version->drm_di_major != INTERFACE_MAJOR ||
	    version->drm_di_minor < 0 || version->drm_di_minor > INTERFACE_MINOR)
		return -EINVAL;
	if (version->drm_di_minor >= 1) {
		pthread_mutex_lock(&file->dev->master_lock);
		file->master->unique_set = true;
		pthread_mutex_unlock(&file->dev->master_lock);
	}
	return 0;
}

int uapi_set_version(struct uapi_call *call, void *data)
{
	const struct uapi_device *dev = call->file->dev;
	struct drm_set_version *version = data;

	int ret = set_interface_version(call->file, version);
	if (ret == 0 && version->drm_dd_major != -1 &&
	    (version->drm_dd_major != dev->version[0] ||
	     version->drm_dd_minor < 0 || version->drm_dd_minor > dev->version[1]))
		ret = -EINVAL;
	/* What we have goes back in any case. */
	version->drm_di_major = INTERFACE_MAJOR;
	version->drm_di_minor = INTERFACE_MINOR;
	version->drm_dd_major = dev->version[0];
	version->drm_dd_minor = dev->version[1];
	return ret;
}
