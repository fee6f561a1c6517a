#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <drm_fourcc.h>
#include <i915_drm.h>
#include <wlr/interfaces/wlr_output.h>
#include <wlr/render/dmabuf.h>
#include <wlr/render/drm_format_set.h>
#include <xf86drm.h>

#include "compositor_allocator.h"
#include "compositor_log.h"
#include "gem_base.h"
#include "kms_format.h"

/* Bytes; what the display and the GPU take. */
#define PITCH_ALIGN 64

struct allocator {
	struct wlr_allocator base;
	int fd;
	struct wl_list buffers; /* buffer.link */
};

struct buffer {
	struct wlr_buffer base;
	struct wl_list link; /* allocator.buffers, or itself: buffers may outlive it */
	int fd;          /* the allocator's when it was made */
	uint32_t handle; /* 0 = that file is no more */
	uint64_t size;
	void *data;
	struct wlr_dmabuf_attributes dmabuf;
};

static void buffer_destroy(struct wlr_buffer *base)
{
	struct buffer *buffer = gem_container_of(base, struct buffer, base);

	wlr_dmabuf_attributes_finish(&buffer->dmabuf);
	munmap(buffer->data, buffer->size);
	if (buffer->handle)
		drmCloseBufferHandle(buffer->fd, buffer->handle);
	wl_list_remove(&buffer->link);
	free(buffer);
}

static bool buffer_get_dmabuf(struct wlr_buffer *base, struct wlr_dmabuf_attributes *attribs)
{
	*attribs = gem_container_of(base, struct buffer, base)->dmabuf;
	return true;
}

/* For the processor, once the GPU and its fences allow it: waits. */
static bool buffer_begin_data_ptr_access(struct wlr_buffer *base, uint32_t flags, void **data,
	uint32_t *format, size_t *stride)
{
	struct buffer *buffer = gem_container_of(base, struct buffer, base);
	bool write = flags & WLR_BUFFER_DATA_PTR_ACCESS_WRITE;
	struct drm_i915_gem_set_domain args = {
		.handle = buffer->handle,
		.read_domains = I915_GEM_DOMAIN_CPU,
		.write_domain = write ? I915_GEM_DOMAIN_CPU : 0,
	};

	/* EIO: the GPU is gone, and with it who could still write. */
	if (buffer->handle &&
	    drmIoctl(buffer->fd, DRM_IOCTL_I915_GEM_SET_DOMAIN, &args) != 0 && errno != EIO)
		return false;
	*data = buffer->data;
	*format = buffer->dmabuf.format;
	*stride = buffer->dmabuf.stride[0];
	return true;
}

static void buffer_end_data_ptr_access(struct wlr_buffer *base)
{
	/* Who reads next flushes: the commit for the display, EXECBUFFER2 for the GPU. */
}

static const struct wlr_buffer_impl buffer_impl = {
	.destroy = buffer_destroy,
	.get_dmabuf = buffer_get_dmabuf,
	.begin_data_ptr_access = buffer_begin_data_ptr_access,
	.end_data_ptr_access = buffer_end_data_ptr_access,
};

uint32_t compositor_allocator_handle(struct wlr_buffer *base, int fd)
{
	if (base->impl != &buffer_impl)
		return 0;
	struct buffer *buffer = gem_container_of(base, struct buffer, base);
	return buffer->fd == fd ? buffer->handle : 0;
}

void compositor_allocator_set_device(struct wlr_allocator *base, int fd)
{
	struct allocator *allocator = gem_container_of(base, struct allocator, base);
	struct buffer *buffer, *next;

	wl_list_for_each_safe(buffer, next, &allocator->buffers, link) {
		buffer->handle = 0;
		wl_list_remove(&buffer->link);
		wl_list_init(&buffer->link);
	}
	allocator->fd = fd;
}

/* A list without modifiers means implicit layout, as DRM_FORMAT_MOD_INVALID in it. */
static bool choose_modifier(const struct wlr_drm_format *format, uint64_t *modifier)
{
	bool implicit = format->len == 0;

	for (size_t i = 0; i < format->len; i++) {
		if (format->modifiers[i] == DRM_FORMAT_MOD_LINEAR) {
			*modifier = DRM_FORMAT_MOD_LINEAR;
			return true;
		}
		implicit |= format->modifiers[i] == DRM_FORMAT_MOD_INVALID;
	}
	*modifier = DRM_FORMAT_MOD_INVALID;
	return implicit;
}

static bool create_memory(struct buffer *buffer, uint32_t cpp)
{
	uint64_t pitch = GEM_ALIGN((uint64_t)buffer->dmabuf.width * cpp, PITCH_ALIGN);
	struct drm_i915_gem_create args = {.size = pitch * buffer->dmabuf.height};

	if (pitch > UINT32_MAX || drmIoctl(buffer->fd, DRM_IOCTL_I915_GEM_CREATE, &args) != 0)
		return false;
	buffer->handle = args.handle;
	buffer->size = args.size;
	buffer->dmabuf.stride[0] = pitch;
	return true;
}

/* Maps and exports it. */
static bool open_memory(struct buffer *buffer)
{
	struct drm_i915_gem_mmap_offset args = {
		.handle = buffer->handle,
		.flags = I915_MMAP_OFFSET_WB,
	};

	if (drmIoctl(buffer->fd, DRM_IOCTL_I915_GEM_MMAP_OFFSET, &args) != 0)
		return false;
	buffer->data = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, buffer->fd,
		args.offset);
	if (buffer->data == MAP_FAILED)
		return false;
	if (drmPrimeHandleToFD(buffer->fd, buffer->handle, DRM_CLOEXEC | DRM_RDWR,
			&buffer->dmabuf.fd[0]) != 0) {
		munmap(buffer->data, buffer->size);
		return false;
	}
	return true;
}

static struct wlr_buffer *allocator_create_buffer(struct wlr_allocator *base, int width,
	int height, const struct wlr_drm_format *format)
{
	struct allocator *allocator = gem_container_of(base, struct allocator, base);
	const struct kms_format *info = kms_format_find(format->format);
	struct buffer *buffer = calloc(1, sizeof(*buffer));

	if (!buffer || !info || info->planes != 1 || width < 1 || height < 1 ||
	    !choose_modifier(format, &buffer->dmabuf.modifier)) {
		compositor_error("no buffer of format 0x%08x with these modifiers", format->format);
		free(buffer);
		return NULL;
	}
	buffer->fd = allocator->fd;
	buffer->dmabuf.width = width;
	buffer->dmabuf.height = height;
	buffer->dmabuf.format = format->format;
	buffer->dmabuf.n_planes = 1;
	if (!create_memory(buffer, info->cpp[0])) {
		compositor_error("no memory for a buffer of %dx%d", width, height);
		free(buffer);
		return NULL;
	}
	if (!open_memory(buffer)) {
		compositor_error("a buffer of %dx%d cannot be mapped or exported", width, height);
		drmCloseBufferHandle(buffer->fd, buffer->handle);
		free(buffer);
		return NULL;
	}
	wlr_buffer_init(&buffer->base, &buffer_impl, width, height);
	wl_list_insert(&allocator->buffers, &buffer->link);
	return &buffer->base;
}

static void allocator_destroy(struct wlr_allocator *base)
{
	struct allocator *allocator = gem_container_of(base, struct allocator, base);
	struct buffer *buffer, *next;

	wl_list_for_each_safe(buffer, next, &allocator->buffers, link) {
		wl_list_remove(&buffer->link);
		wl_list_init(&buffer->link);
	}
	free(allocator);
}

static const struct wlr_allocator_interface allocator_impl = {
	.create_buffer = allocator_create_buffer,
	.destroy = allocator_destroy,
};

struct wlr_allocator *compositor_allocator_create(int fd)
{
	struct allocator *allocator = calloc(1, sizeof(*allocator));

	if (!allocator)
		return NULL;
	allocator->fd = fd;
	wl_list_init(&allocator->buffers);
	wlr_allocator_init(&allocator->base, &allocator_impl,
		WLR_BUFFER_CAP_DATA_PTR | WLR_BUFFER_CAP_DMABUF);
	return &allocator->base;
}
