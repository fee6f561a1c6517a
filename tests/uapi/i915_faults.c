/*
 * Addresses that the program does not have, in i915's requests over the wire: a
 * system call's EFAULT, and what could be copied is copied.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm.h>
#include <i915_drm.h>

#include "test.h"

enum { PAGE = 4096, LARGE = 1 << 20 };

static int open_card(void)
{
	int fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static uint32_t create(int fd, uint64_t size)
{
	struct drm_i915_gem_create args = {.size = size};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_CREATE, &args), 0);
	return args.handle;
}

/* size bytes that can be used, then a page that cannot. */
static uint8_t *fenced(size_t size, int prot)
{
	uint8_t *memory = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED);
	memset(memory, 0x5a, size);
	CHECK_INT(mprotect(memory + size, PAGE, prot), 0);
	return memory;
}

TEST(fault_pwrite)
{
	static const size_t sizes[] = {PAGE, LARGE};
	int fd = open_card();

	for (unsigned i = 0; i < 2; i++) {
		uint8_t *memory = fenced(sizes[i], PROT_NONE);
		struct drm_i915_gem_pwrite args = {.handle = create(fd, sizes[i] + PAGE),
			.size = sizes[i] + 1, .data_ptr = (uintptr_t)memory};

		CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GEM_PWRITE, &args), EFAULT);
		args.size = sizes[i];
		CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_PWRITE, &args), 0);
		munmap(memory, sizes[i] + PAGE);
		CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GEM_PWRITE, &args), EFAULT);
	}
	close(fd);
}

TEST(fault_pread)
{
	static const size_t sizes[] = {PAGE, LARGE};
	int fd = open_card();

	for (unsigned i = 0; i < 2; i++) {
		uint8_t *memory = fenced(sizes[i], PROT_READ);
		struct drm_i915_gem_pread args = {.handle = create(fd, sizes[i] + PAGE),
			.size = sizes[i] + 1, .data_ptr = (uintptr_t)memory};

		CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GEM_PREAD, &args), EFAULT);
		memset(memory, 0x5a, sizes[i]);
		args.size = sizes[i];
		CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_PREAD, &args), 0);
		CHECK_INT(memory[0] | memory[sizes[i] - 1], 0);
		munmap(memory, sizes[i] + PAGE);
	}
	close(fd);
}

TEST(fault_getparam)
{
	int fd = open_card();
	uint8_t *memory = fenced(PAGE, PROT_READ);
	struct drm_i915_getparam args = {.param = I915_PARAM_HAS_GEM,
		.value = (int *)(memory + PAGE - 4)};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GETPARAM, &args), 0);
	CHECK_INT(*args.value, 1);
	args.value = (int *)(memory + PAGE);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GETPARAM, &args), EFAULT);
	munmap(memory, 2 * PAGE);
	close(fd);
}

/* A chain that ends in nowhere, and one that never ends. */
TEST(fault_chains)
{
	int fd = open_card();
	struct drm_i915_gem_memory_class_instance region = {I915_MEMORY_CLASS_SYSTEM, 0};
	struct drm_i915_gem_create_ext_memory_regions link = {
		.base = {.name = I915_GEM_CREATE_EXT_MEMORY_REGIONS, .next_extension = 4096},
		.num_regions = 1, .regions = (uintptr_t)&region,
	};
	struct drm_i915_gem_create_ext args = {.size = PAGE, .extensions = (uintptr_t)&link};
	struct drm_i915_gem_context_create_ext_setparam loop = {
		.base = {.name = I915_CONTEXT_CREATE_EXT_SETPARAM,
			.next_extension = (uintptr_t)&loop},
		.param = {.param = I915_CONTEXT_PARAM_BANNABLE, .value = 1},
	};
	struct drm_i915_gem_context_create_ext context = {
		.flags = I915_CONTEXT_CREATE_FLAGS_USE_EXTENSIONS,
		.extensions = (uintptr_t)&loop,
	};

	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GEM_CREATE_EXT, &args), EFAULT);
	link.base.next_extension = 0;
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_CREATE_EXT, &args), 0);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GEM_CONTEXT_CREATE_EXT, &context), E2BIG);
	close(fd);
}

/* The struct itself is where the answer cannot go. */
TEST(fault_mmap)
{
	int fd = open_card();
	struct drm_i915_gem_mmap *args = (struct drm_i915_gem_mmap *)fenced(PAGE, PROT_NONE);

	*args = (struct drm_i915_gem_mmap){.handle = create(fd, PAGE), .size = PAGE};
	CHECK_INT(mprotect(args, PAGE, PROT_READ), 0);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GEM_MMAP, args), EFAULT);
	munmap(args, 2 * PAGE);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GEM_MMAP, args), EFAULT);
	close(fd);
}
