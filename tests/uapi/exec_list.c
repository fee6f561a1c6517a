#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exec_list.h"
#include "gpu_packet.h"
#include "preload_test.h"
#include "test.h"

#define CARD "/dev/dri/card0"

int exec_open(void)
{
	int fd = open(CARD, O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

int exec_begin(void)
{
	preload_test_begin();
	return exec_open();
}

void exec_end(int fd)
{
	close(fd);
	preload_test_end();
}

/* ---- objects ---- */

uint32_t exec_create(int fd, uint64_t size)
{
	struct drm_i915_gem_create args = {.size = size};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_CREATE, &args), 0);
	return args.handle;
}

void exec_close(int fd, uint32_t handle)
{
	struct drm_gem_close args = {.handle = handle};

	CHECK_INT(ioctl(fd, DRM_IOCTL_GEM_CLOSE, &args), 0);
}

void exec_write(int fd, uint32_t handle, uint64_t offset, const void *data, size_t size)
{
	struct drm_i915_gem_pwrite args = {.handle = handle, .offset = offset, .size = size,
		.data_ptr = (uintptr_t)data};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_PWRITE, &args), 0);
}

void exec_read(int fd, uint32_t handle, uint64_t offset, void *data, size_t size)
{
	struct drm_i915_gem_pread args = {.handle = handle, .offset = offset, .size = size,
		.data_ptr = (uintptr_t)data};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_PREAD, &args), 0);
}

uint32_t exec_read_dword(int fd, uint32_t handle, uint64_t offset)
{
	uint32_t value;

	exec_read(fd, handle, offset, &value, sizeof(value));
	return value;
}

static void *map_by(int fd, uint32_t handle, size_t size, uint64_t flags)
{
	struct drm_i915_gem_mmap_offset args = {.handle = handle, .flags = flags};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_MMAP_OFFSET, &args), 0);
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, args.offset);
	CHECK(map != MAP_FAILED);
	return map;
}

uint32_t *exec_map(int fd, uint32_t handle, size_t size)
{
	return map_by(fd, handle, size, I915_MMAP_OFFSET_WC);
}

bool exec_busy(int fd, uint32_t handle)
{
	struct drm_i915_gem_busy args = {.handle = handle};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_BUSY, &args), 0);
	return args.busy;
}

int exec_wait(int fd, uint32_t handle, int64_t timeout_ns)
{
	struct drm_i915_gem_wait args = {.bo_handle = handle, .timeout_ns = timeout_ns};

	return ioctl(fd, DRM_IOCTL_I915_GEM_WAIT, &args);
}

uint32_t exec_context(int fd)
{
	struct drm_i915_gem_context_create args = {0};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_CONTEXT_CREATE, &args), 0);
	return args.ctx_id;
}

/* ---- lists ---- */

void list_init(struct list *list, int fd, uint64_t flags)
{
	memset(list, 0, sizeof(*list));
	list->fd = fd;
	list->batch = exec_create(fd, BATCH_SIZE);
	list->args.flags = flags;
}

void list_finish(struct list *list)
{
	if (list->spin)
		CHECK_INT(munmap(list->spin, BATCH_SIZE), 0);
	exec_close(list->fd, list->batch);
}

unsigned list_add(struct list *list, uint32_t handle, uint64_t flags)
{
	CHECK(list->object_count < LIST_OBJECTS);
	list->objects[list->object_count].handle = handle;
	list->objects[list->object_count].flags = flags;
	list->objects[list->object_count].offset = UINT64_MAX; /* never right */
	return list->object_count++;
}

void list_dword(struct list *list, uint32_t value)
{
	CHECK(list->dword_count < LIST_DWORDS);
	list->dwords[list->dword_count++] = value;
}

void list_reloc(struct list *list, unsigned target, uint32_t delta, bool write)
{
	CHECK(list->reloc_count < LIST_RELOCS);
	list->relocs[list->reloc_count++] = (struct drm_i915_gem_relocation_entry){
		.target_handle = list->args.flags & I915_EXEC_HANDLE_LUT ? target :
			list->objects[target].handle,
		.delta = delta,
		.offset = list->dword_count * sizeof(uint32_t),
		.presumed_offset = UINT64_MAX,
		.read_domains = I915_GEM_DOMAIN_RENDER,
		.write_domain = write ? I915_GEM_DOMAIN_RENDER : 0,
	};
	list_dword(list, 0xdead0000);
}

void list_close(struct list *list)
{
	struct drm_i915_gem_exec_object2 *batch = &list->objects[list->object_count];

	list_dword(list, GPU_MI_BATCH_BUFFER_END);
	exec_write(list->fd, list->batch, 0, list->dwords, list->dword_count * sizeof(uint32_t));
	*batch = (struct drm_i915_gem_exec_object2){
		.handle = list->batch,
		.relocation_count = list->reloc_count,
		.relocs_ptr = (uintptr_t)list->relocs,
		.flags = list->spin ? EXEC_OBJECT_PINNED : 0,
		.offset = list->spin ? list->batch_offset : UINT64_MAX,
	};
	list->args.buffers_ptr = (uintptr_t)list->objects;
	list->args.buffer_count = list->object_count + 1;
}

int list_submit(struct list *list)
{
	return ioctl(list->fd, DRM_IOCTL_I915_GEM_EXECBUFFER2, &list->args);
}

void list_run(struct list *list)
{
	list_close(list);
	CHECK_INT(list_submit(list), 0);
}

/* ---- packets ---- */

#define BR13(rop, pitch) (GPU_BLT_DEPTH_32 | GPU_BLT_ROP(rop) | (pitch))
#define ALL_BYTES (GPU_BLT_WRITE_ALPHA | GPU_BLT_WRITE_RGB)

void list_fill(struct list *list, unsigned target, uint32_t pitch, int x1, int y1, int x2, int y2,
	uint32_t color)
{
	list_dword(list, GPU_XY_COLOR_BLT | ALL_BYTES);
	list_dword(list, BR13(0xf0, pitch));
	list_dword(list, GPU_XY(x1, y1));
	list_dword(list, GPU_XY(x2, y2));
	list_reloc(list, target, 0, true);
	list_dword(list, color);
}

void list_copy(struct list *list, unsigned to, uint32_t to_pitch, int x, int y, int width,
	int height, unsigned from, uint32_t from_pitch, int from_x, int from_y)
{
	list_dword(list, GPU_XY_SRC_COPY_BLT | ALL_BYTES);
	list_dword(list, BR13(0xcc, to_pitch));
	list_dword(list, GPU_XY(x, y));
	list_dword(list, GPU_XY(x + width, y + height));
	list_reloc(list, to, 0, true);
	list_dword(list, GPU_XY(from_x, from_y));
	list_dword(list, from_pitch);
	list_reloc(list, from, 0, false);
}

void list_store(struct list *list, unsigned target, uint32_t offset, uint32_t value)
{
	list_dword(list, GPU_MI_STORE_DWORD_IMM);
	list_reloc(list, target, offset, true);
	list_dword(list, value);
}

/* ---- spinning ---- */

static pthread_t ender;
static unsigned ender_ms;

/*
 * The jump's address is below 8 MiB, so that it is a no-op itself once the jump's
 * header is: one store ends the spinning.
 */
void spin_init(struct list *list, int fd, uint64_t flags, unsigned index)
{
	list_init(list, fd, flags);
	list->batch_offset = (uint64_t)index << 20;
	list->spin = exec_map(fd, list->batch, BATCH_SIZE);
	list_dword(list, GPU_MI_BATCH_BUFFER_START);
	list_dword(list, list->batch_offset);
}

void spin_end(struct list *list)
{
	__atomic_store_n(list->spin, GPU_MI_NOOP, __ATOMIC_SEQ_CST);
}

static void *end_later(void *data)
{
	usleep(ender_ms * 1000);
	spin_end(data);
	return NULL;
}

void spin_end_later(struct list *list, unsigned ms)
{
	ender_ms = ms;
	CHECK_INT(pthread_create(&ender, NULL, end_later, list), 0);
}

void spin_join(struct list *list)
{
	CHECK_INT(pthread_join(ender, NULL), 0);
	CHECK(*list->spin == GPU_MI_NOOP);
}

/* ---- pictures ---- */

struct picture picture_create(int fd, uint32_t width, uint32_t height, uint32_t tiling)
{
	struct picture picture = {.width = width, .height = height, .tiling = tiling};

	picture.pitch = tiling == I915_TILING_NONE ? (width * 4 + 63) & ~63u : 512;
	while (picture.pitch < width * 4)
		picture.pitch *= 2;
	picture.handle = exec_create(fd, (uint64_t)picture.pitch * ((height + 31) & ~31u));
	if (tiling != I915_TILING_NONE) {
		struct drm_i915_gem_set_tiling args = {.handle = picture.handle,
			.tiling_mode = tiling, .stride = picture.pitch};

		CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_SET_TILING, &args), 0);
		CHECK_INT(args.tiling_mode, tiling);
	}
	return picture;
}

uint32_t picture_pixel(unsigned seed, uint32_t x, uint32_t y)
{
	return (x + seed * 31) * 2654435761u ^ (y + 7) * 40503u * (seed + 1);
}

static void set_domain(int fd, uint32_t handle, bool write)
{
	struct drm_i915_gem_set_domain args = {handle, I915_GEM_DOMAIN_GTT,
		write ? I915_GEM_DOMAIN_GTT : 0};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_SET_DOMAIN, &args), 0);
}

void picture_fill(int fd, const struct picture *picture, unsigned seed)
{
	size_t size = (size_t)picture->pitch * picture->height;
	uint8_t *map = map_by(fd, picture->handle, size, I915_MMAP_OFFSET_GTT);

	set_domain(fd, picture->handle, true);
	for (uint32_t y = 0; y < picture->height; y++) {
		for (uint32_t x = 0; x < picture->width; x++)
			((uint32_t *)(map + (size_t)y * picture->pitch))[x] =
				picture_pixel(seed, x, y);
	}
	CHECK_INT(munmap(map, size), 0);
}

void picture_get(int fd, const struct picture *picture, uint32_t *pixels)
{
	size_t size = (size_t)picture->pitch * picture->height;
	uint8_t *map = map_by(fd, picture->handle, size, I915_MMAP_OFFSET_GTT);

	set_domain(fd, picture->handle, false);
	for (uint32_t y = 0; y < picture->height; y++)
		memcpy(pixels + (size_t)y * picture->width, map + (size_t)y * picture->pitch,
			picture->width * 4);
	CHECK_INT(munmap(map, size), 0);
}

unsigned list_add_picture(struct list *list, const struct picture *picture, bool write)
{
	bool tiled = picture->tiling != I915_TILING_NONE;

	return list_add(list, picture->handle, (tiled ? EXEC_OBJECT_NEEDS_FENCE : 0) |
		(write ? EXEC_OBJECT_WRITE : 0));
}
