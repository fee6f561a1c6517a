#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <i915_drm.h>
#include <xf86drm.h>

#include "compositor_bo.h"
#include "compositor_log.h"

int compositor_bos_open_device(int device_fd)
{
	char *path = drmGetDeviceNameFromFd2(device_fd);
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

	free(path);
	return fd < 0 ? -ENODEV : fd;
}

void compositor_bos_init(struct compositor_bos *bos, int fd)
{
	bos->fd = fd;
	bos->gone = false;
	wl_list_init(&bos->list);
}

void compositor_bos_finish(struct compositor_bos *bos)
{
	if (!wl_list_empty(&bos->list))
		compositor_error("%d buffer objects are left over", wl_list_length(&bos->list));
}

static struct compositor_bo *add(struct compositor_bos *bos, uint32_t handle, uint64_t size)
{
	struct compositor_bo *bo = calloc(1, sizeof(*bo));

	if (!bo) {
		drmCloseBufferHandle(bos->fd, handle);
		return NULL;
	}
	bo->bos = bos;
	bo->references = 1;
	bo->handle = handle;
	bo->size = size;
	wl_list_insert(&bos->list, &bo->link);
	return bo;
}

static void *map_anonymous(uint64_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

static int create_without_device(struct compositor_bos *bos, uint64_t size,
	struct compositor_bo **out)
{
	void *at = map_anonymous(size);
	struct compositor_bo *bo = at ? add(bos, 0, size) : NULL;

	if (!bo) {
		if (at)
			munmap(at, size);
		return -ENOMEM;
	}
	bo->own = true;
	bo->map = at;
	*out = bo;
	return 0;
}

/* The last request's errno. */
static bool is_gone(struct compositor_bos *bos)
{
	bos->gone |= errno == ENODEV;
	return errno == ENODEV;
}

int compositor_bo_create(struct compositor_bos *bos, uint64_t size, struct compositor_bo **out)
{
	struct drm_i915_gem_create args = {.size = size};

	if (bos->fd < 0)
		return create_without_device(bos, size, out);
	if (drmIoctl(bos->fd, DRM_IOCTL_I915_GEM_CREATE, &args) != 0)
		return is_gone(bos) ? create_without_device(bos, size, out) : -errno;
	*out = add(bos, args.handle, args.size);
	if (!*out)
		return -ENOMEM;
	(*out)->own = true;
	return 0;
}

/* ---- mapping ---- */

static void *map(const struct compositor_bo *bo, uint64_t way, uint64_t size)
{
	struct drm_i915_gem_mmap_offset args = {.handle = bo->handle, .flags = way};

	if (drmIoctl(bo->bos->fd, DRM_IOCTL_I915_GEM_MMAP_OFFSET, &args) != 0) {
		is_gone(bo->bos);
		return NULL;
	}
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bo->bos->fd, args.offset);
	return at == MAP_FAILED ? NULL : at;
}

/*
 * Memory that comes from elsewhere is not mapped through the processor's cache.
 * False also when the object has not got size bytes: the device maps nothing
 * beyond the end. (lseek of a dma-buf would ask the one who sent it.)
 */
static bool ensure_map(struct compositor_bo *bo, uint64_t size)
{
	if (bo->map && bo->size >= size)
		return true;
	if (!bo->handle)
		return false;
	void *at = map(bo, I915_MMAP_OFFSET_WB, size);
	if (!at)
		at = map(bo, I915_MMAP_OFFSET_GTT, size);
	if (!at)
		return false;
	if (bo->map)
		munmap(bo->map, bo->size);
	bo->map = at;
	bo->size = size;
	return true;
}

void compositor_bos_unmap(struct compositor_bos *bos)
{
	struct compositor_bo *bo;

	/* What is mapped is all that is left then. */
	if (bos->gone)
		return;
	wl_list_for_each(bo, &bos->list, link) {
		if (!bo->map || bo->uncached)
			continue;
		munmap(bo->map, bo->size);
		bo->map = NULL;
	}
}

/* ---- import ---- */

static struct compositor_bo *find(struct compositor_bos *bos, uint32_t handle)
{
	struct compositor_bo *bo;

	wl_list_for_each(bo, &bos->list, link) {
		if (bo->handle == handle)
			return bo;
	}
	return NULL;
}

int compositor_bo_import(struct compositor_bos *bos, int dmabuf_fd, uint64_t size,
	struct compositor_bo **out)
{
	uint32_t handle;

	if (drmPrimeFDToHandle(bos->fd, dmabuf_fd, &handle) != 0) {
		int err = -errno;
		is_gone(bos);
		return err;
	}
	struct compositor_bo *bo = find(bos, handle);
	if (bo)
		compositor_bo_get(bo);
	else
		bo = add(bos, handle, 0);
	if (!bo)
		return -ENOMEM;
	if (!ensure_map(bo, size)) {
		compositor_bo_put(bo);
		return -EINVAL;
	}
	*out = bo;
	return 0;
}

/* A handle of its own each time, unlike PRIME: the caller's bo has it alone. */
int compositor_bo_open(struct compositor_bos *bos, uint32_t name, struct compositor_bo **out)
{
	struct drm_gem_open args = {.name = name};

	if (drmIoctl(bos->fd, DRM_IOCTL_GEM_OPEN, &args) != 0)
		return -errno;
	*out = add(bos, args.handle, args.size);
	return *out ? 0 : -ENOMEM;
}

bool compositor_bo_reaches(struct compositor_bo *bo, uint64_t size)
{
	return bo->size >= size || ensure_map(bo, size);
}

struct compositor_bo *compositor_bo_get(struct compositor_bo *bo)
{
	bo->references++;
	return bo;
}

void compositor_bo_put(struct compositor_bo *bo)
{
	if (!bo || --bo->references > 0)
		return;
	if (bo->map)
		munmap(bo->map, bo->size);
	if (bo->handle)
		drmCloseBufferHandle(bo->bos->fd, bo->handle);
	wl_list_remove(&bo->link);
	free(bo);
}

/* ---- access ---- */

bool compositor_bo_busy(const struct compositor_bo *bo)
{
	struct drm_i915_gem_busy args = {.handle = bo->handle};

	return bo->handle && drmIoctl(bo->bos->fd, DRM_IOCTL_I915_GEM_BUSY, &args) == 0 && args.busy;
}

void *compositor_bo_access(struct compositor_bo *bo, bool write)
{
	struct drm_i915_gem_set_domain args = {
		.handle = bo->handle,
		.read_domains = I915_GEM_DOMAIN_CPU,
		.write_domain = write ? I915_GEM_DOMAIN_CPU : 0,
	};

	if (!ensure_map(bo, bo->size))
		return NULL;
	if (!bo->handle)
		return bo->map;
	/* EIO: the GPU is gone, ENODEV: all of it is, and with it who could still write. */
	if (drmIoctl(bo->bos->fd, DRM_IOCTL_I915_GEM_SET_DOMAIN, &args) != 0 && errno != EIO &&
	    !is_gone(bo->bos))
		return NULL;
	return bo->map;
}

void *compositor_bo_access_alone(struct compositor_bo *bo, bool write)
{
	void *bytes = compositor_bo_access(bo, write);

	if (bytes)
		return bytes;
	compositor_bos_unmap(bo->bos);
	return compositor_bo_access(bo, write);
}

void compositor_bo_wait(const struct compositor_bo *bo)
{
	struct drm_i915_gem_wait args = {.bo_handle = bo->handle, .timeout_ns = -1};

	if (bo->handle)
		drmIoctl(bo->bos->fd, DRM_IOCTL_I915_GEM_WAIT, &args);
}

bool compositor_bo_map_uncached(struct compositor_bo *bo)
{
	if (!bo->handle)
		return false;
	bo->map = map(bo, I915_MMAP_OFFSET_WC, bo->size);
	bo->uncached = true;
	return bo->map != NULL;
}

/* ---- a device that goes and comes ---- */

/* The copy is made while the file is open: what nobody has open is somebody else's memory. */
static void keep_bytes(struct compositor_bo *bo)
{
	void *copy = map_anonymous(bo->size);

	if (copy && bo->map)
		memcpy(copy, bo->map, bo->size);
	if (bo->map)
		munmap(bo->map, bo->size);
	bo->map = copy;
	bo->uncached = false;
}

void compositor_bos_lost(struct compositor_bos *bos)
{
	struct compositor_bo *bo;

	wl_list_for_each(bo, &bos->list, link) {
		if (bo->own && bo->handle)
			keep_bytes(bo);
		bo->handle = 0;
		bo->address = 0;
	}
	bos->fd = -1;
	bos->gone = true;
}

/* False: it stays as it is. The device may be gone again. */
static bool move_bytes(struct compositor_bo *bo)
{
	struct drm_i915_gem_create args = {.size = bo->size};
	struct compositor_bo before = *bo;

	if (drmIoctl(bo->bos->fd, DRM_IOCTL_I915_GEM_CREATE, &args) != 0) {
		is_gone(bo->bos);
		return false;
	}
	bo->handle = args.handle;
	bo->size = args.size;
	bo->map = NULL;
	void *to = compositor_bo_access(bo, true);
	if (!to) {
		if (bo->map)
			munmap(bo->map, bo->size);
		drmCloseBufferHandle(bo->bos->fd, bo->handle);
		bo->handle = 0;
		bo->size = before.size;
		bo->map = before.map;
		return false;
	}
	if (before.map) {
		memcpy(to, before.map, before.size);
		munmap(before.map, before.size);
	}
	return true;
}

void compositor_bos_found(struct compositor_bos *bos, int fd)
{
	struct compositor_bo *bo;
	unsigned failed = 0;

	bos->fd = fd;
	bos->gone = false;
	wl_list_for_each(bo, &bos->list, link)
		failed += bo->own && !bo->handle && !move_bytes(bo);
	if (failed > 0 && !bos->gone)
		compositor_error("%u pictures have no place on the device: the processor draws",
			failed);
}
