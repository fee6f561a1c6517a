/* Dumb buffers (kernel: drm_dumb_buffers.c). */
#include <errno.h>

#include "gem_file.h"

/* Enough for any scanout or SIMD loop; pitches are free to be larger than asked. */
#define PITCH_ALIGN 64ull

/* The kernel's limits: the unaligned pitch and size have to fit 32 bits. */
static int check_size(uint32_t width, uint32_t height, uint32_t bpp)
{
	if (!width || !height || !bpp || bpp > UINT32_MAX - 8)
		return -EINVAL;
	uint32_t cpp = (bpp + 7) / 8;
	if (cpp > UINT32_MAX / width)
		return -EINVAL;
	uint32_t pitch = cpp * width;
	if (height > UINT32_MAX / pitch)
		return -EINVAL;
	/* What the kernel's 32-bit page alignment would wrap to zero. */
	return height * pitch > UINT32_MAX - (GEM_PAGE_SIZE - 1) ? -EINVAL : 0;
}

int gem_dumb_create(struct gem_file *file, uint32_t width, uint32_t height, uint32_t bpp,
	uint32_t *pitch, uint64_t *size, uint32_t *handle)
{
	struct gem_object *obj;

	int ret = check_size(width, height, bpp);
	if (ret)
		return ret;
	uint64_t row = GEM_ALIGN(((uint64_t)width * bpp + 7) / 8, PITCH_ALIGN);
	if (row > UINT32_MAX)
		return -EINVAL;
	*pitch = row;
	*size = GEM_ALIGN(row * height, GEM_PAGE_SIZE);
	ret = gem_shmem_create(file->dev, *size, &obj);
	if (ret)
		return ret;
	ret = gem_handle_create(file, obj, handle);
	gem_object_put(obj); /* the handle has its own */
	return ret;
}

int gem_dumb_map_offset(struct gem_file *file, uint32_t handle, uint64_t *offset)
{
	struct gem_object *obj;

	int ret = gem_object_lookup(file, handle, &obj);
	if (ret)
		return ret;
	/* Foreign memory is to be mapped by its own means. */
	if (obj->import_attach)
		ret = -EINVAL;
	else
		ret = gem_object_create_mmap_offset(obj, offset);
	gem_object_put(obj);
	return ret;
}
