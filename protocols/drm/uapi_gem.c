/* Buffer objects: handles, PRIME, dumb buffers. The engine is in gem/. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <drm_mode.h>

#include "gem_prime.h"
#include "uapi_handlers.h"

int uapi_gem_close(struct uapi_call *call, void *data)
{
	struct drm_gem_close *args = data;

	return gem_handle_delete(&call->file->gem, args->handle);
}

int uapi_gem_flink(struct uapi_call *call, void *data)
{
	struct drm_gem_flink *args = data;

	return gem_flink(&call->file->gem, args->handle, &args->name);
}

int uapi_gem_open(struct uapi_call *call, void *data)
{
	struct drm_gem_open *args = data;
	uint64_t size;

	/* Names end with the last handle, and those of a file just closed have ended. */
	vfs_reap(call->file->base.vfs);
	int ret = gem_open(&call->file->gem, args->name, &args->handle, &size);
	if (ret == 0)
		args->size = size;
	return ret;
}

int uapi_prime_handle_to_fd(struct uapi_call *call, void *data)
{
	struct drm_prime_handle *args = data;
	int fd;

	int ret = gem_prime_handle_to_fd(&call->file->gem, args->handle, args->flags, &fd);
	if (ret)
		return ret;
	fd = call->caller->ops->install_fd(call->caller, fd, args->flags & DRM_CLOEXEC);
	if (fd < 0)
		return fd;
	args->fd = fd;
	return 0;
}

int uapi_prime_fd_to_handle(struct uapi_call *call, void *data)
{
	struct drm_prime_handle *args = data;

	int fd = call->caller->ops->fetch_fd(call->caller, args->fd);
	if (fd < 0)
		return fd;
	int ret = gem_prime_fd_to_handle(&call->file->gem, fd, &args->handle);
	close(fd);
	return ret;
}

int uapi_mode_create_dumb(struct uapi_call *call, void *data)
{
	struct drm_mode_create_dumb *args = data;
	uint32_t pitch, handle;
	uint64_t size;

	int ret = gem_dumb_create(&call->file->gem, args->width, args->height, args->bpp, &pitch,
		&size, &handle);
	args->pitch = ret ? 0 : pitch;
	args->size = ret ? 0 : size;
	args->handle = ret ? 0 : handle;
	return ret;
}

int uapi_mode_map_dumb(struct uapi_call *call, void *data)
{
	struct drm_mode_map_dumb *args = data;
	uint64_t offset;

	int ret = gem_dumb_map_offset(&call->file->gem, args->handle, &offset);
	if (ret == 0)
		args->offset = offset;
	return ret;
}

int uapi_mode_destroy_dumb(struct uapi_call *call, void *data)
{
	struct drm_mode_destroy_dumb *args = data;

	return gem_handle_delete(&call->file->gem, args->handle);
}
