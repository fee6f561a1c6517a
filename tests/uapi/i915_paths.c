/*
 * i915's memory requests as a client uses them, contents included: one source,
 * run in process (preload_self.c) and in another process (preload_client.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm.h>
#include <drm_mode.h>
#include <i915_drm.h>

#include "preload_test.h"
#include "test.h"

#define CARD "/dev/dri/card0"

enum { SIZE = 64 << 10, LARGE = (20 << 20) + 4096, STRIDE = 1024, MEMORY = PROT_READ | PROT_WRITE };

static int begin(void)
{
	preload_test_begin();
	int fd = open(CARD, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static void end(int fd)
{
	close(fd);
	preload_test_end();
}

static uint32_t create(int fd, uint64_t size)
{
	struct drm_i915_gem_create args = {.size = size};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_CREATE, &args), 0);
	CHECK(args.handle != 0);
	CHECK_INT(args.size, (size + 4095) / 4096 * 4096);
	return args.handle;
}

static void put(int fd, uint32_t handle, uint64_t offset, const void *data, uint64_t size)
{
	struct drm_i915_gem_pwrite args = {.handle = handle, .offset = offset, .size = size,
		.data_ptr = (uintptr_t)data};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_PWRITE, &args), 0);
}

static void get(int fd, uint32_t handle, uint64_t offset, void *data, uint64_t size)
{
	struct drm_i915_gem_pread args = {.handle = handle, .offset = offset, .size = size,
		.data_ptr = (uintptr_t)data};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_PREAD, &args), 0);
}

static uint8_t *map(int fd, uint32_t handle, uint64_t size, uint64_t flags)
{
	struct drm_i915_gem_mmap_offset args = {.handle = handle, .flags = flags};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_MMAP_OFFSET, &args), 0);
	uint8_t *memory = mmap(NULL, size, MEMORY, MAP_SHARED, fd, args.offset);
	CHECK(memory != MAP_FAILED);
	return memory;
}

static void set_domain(int fd, uint32_t handle, uint32_t domain, bool write)
{
	struct drm_i915_gem_set_domain args = {handle, domain, write ? domain : 0};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_SET_DOMAIN, &args), 0);
}

TEST(new_objects_are_zero)
{
	int fd = begin();
	uint8_t bytes[4096], zero[4096] = {0};

	uint32_t handle = create(fd, 1);
	memset(bytes, 1, sizeof(bytes));
	get(fd, handle, 0, bytes, sizeof(bytes));
	CHECK(!memcmp(bytes, zero, sizeof(bytes)));
	end(fd);
}

TEST(pwrite_and_pread_of_every_alignment)
{
	static const struct { uint32_t offset, size; } parts[] = {
		{0, 1}, {1, 1}, {4095, 2}, {63, 130}, {5000, 12345}, {SIZE - 1, 1}, {0, SIZE},
		{17, 48 << 10}, {0, 4096}, {4096, 4097},
	};
	int fd = begin();
	uint8_t *want = calloc(1, SIZE), *got = malloc(SIZE), *data = malloc(SIZE);

	uint32_t handle = create(fd, SIZE);
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (unsigned k = 0; k < parts[i].size; k++)
			data[k] = k * 7 + i * 31 + 1;
		memcpy(want + parts[i].offset, data, parts[i].size);
		put(fd, handle, parts[i].offset, data, parts[i].size);
		memset(got, 0xee, SIZE);
		get(fd, handle, 0, got, SIZE);
		CHECK(!memcmp(got, want, SIZE));
		/* A part lands where it was asked for and nowhere else. */
		memset(got, 0xee, SIZE);
		get(fd, handle, parts[i].offset, got, parts[i].size);
		CHECK(!memcmp(got, data, parts[i].size));
		CHECK(parts[i].size == SIZE || got[parts[i].size] == 0xee);
	}
	free(want);
	free(got);
	free(data);
	end(fd);
}

TEST(many_megabytes_at_once)
{
	int fd = begin();
	uint32_t *data = malloc(LARGE), *got = malloc(LARGE);

	uint32_t handle = create(fd, LARGE);
	for (unsigned i = 0; i < LARGE / 4; i++)
		data[i] = i * 2654435761u;
	put(fd, handle, 0, data, LARGE);
	get(fd, handle, 0, got, LARGE);
	CHECK(!memcmp(got, data, LARGE));
	get(fd, handle, 4, got, LARGE - 4);
	CHECK(!memcmp(got, data + 1, LARGE - 4));
	free(data);
	free(got);
	end(fd);
}

TEST(all_maps_show_the_same_bytes)
{
	static const uint64_t ways[] = {I915_MMAP_OFFSET_GTT, I915_MMAP_OFFSET_WC,
		I915_MMAP_OFFSET_WB, I915_MMAP_OFFSET_UC};
	int fd = begin();
	uint8_t *maps[4], byte;

	uint32_t handle = create(fd, SIZE);
	for (unsigned i = 0; i < 4; i++)
		maps[i] = map(fd, handle, SIZE, ways[i]);
	for (unsigned i = 0; i < 4; i++) {
		maps[i][100 + i] = 50 + i;
		for (unsigned k = 0; k < 4; k++)
			CHECK_INT(maps[k][100 + i], 50 + i);
		get(fd, handle, 100 + i, &byte, 1);
		CHECK_INT(byte, 50 + i);
	}
	for (unsigned i = 0; i < 4; i++)
		munmap(maps[i], SIZE);
	end(fd);
}

TEST(mmap_returns_an_address)
{
	int fd = begin();
	uint32_t handle = create(fd, SIZE);
	struct drm_i915_gem_mmap whole = {.handle = handle, .size = SIZE};
	struct drm_i915_gem_mmap part = {.handle = handle, .offset = 8192, .size = 100,
		.flags = I915_MMAP_WC};
	struct drm_gem_close close_args = {.handle = handle};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_MMAP, &whole), 0);
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_MMAP, &part), 0);
	uint8_t *all = (uint8_t *)(uintptr_t)whole.addr_ptr;
	uint8_t *some = (uint8_t *)(uintptr_t)part.addr_ptr;
	CHECK(all && some && all != some);
	put(fd, handle, 8192, "part", 4);
	CHECK(!memcmp(all + 8192, "part", 4));
	CHECK(!memcmp(some, "part", 4));
	some[99] = 7;
	CHECK_INT(all[8192 + 99], 7);
	all[SIZE - 1] = 9;
	/* The mapping is the client's own: it outlives handle and file. */
	CHECK_INT(ioctl(fd, DRM_IOCTL_GEM_CLOSE, &close_args), 0);
	CHECK_INT(all[SIZE - 1], 9);
	CHECK_INT(munmap(all, SIZE), 0);
	CHECK_INT(munmap(some, 100), 0);
	end(fd);
}

/* The struct of before there were flags. */
TEST(mmap_of_an_old_client)
{
	int fd = begin();
	struct { struct drm_i915_gem_mmap args; uint8_t after[16]; } old;
	unsigned long request = _IOC(_IOC_READ | _IOC_WRITE, DRM_IOCTL_BASE,
		_IOC_NR(DRM_IOCTL_I915_GEM_MMAP), offsetof(struct drm_i915_gem_mmap, flags));

	memset(&old, 0xff, sizeof(old));
	old.args.handle = create(fd, 4096);
	old.args.offset = 0;
	old.args.size = 4096;
	CHECK_INT(ioctl(fd, request, &old), 0);
	CHECK(old.args.flags == ~0ull);
	uint8_t *memory = (uint8_t *)(uintptr_t)old.args.addr_ptr;
	memory[0] = 1;
	munmap(memory, 4096);
	end(fd);
}

TEST(imports_are_mapped_by_their_own_means)
{
	int fd = begin(), other = open(CARD, O_RDWR | O_CLOEXEC);
	struct drm_prime_handle prime = {.handle = create(fd, SIZE),
		.flags = DRM_CLOEXEC | DRM_RDWR};

	put(fd, prime.handle, 0, "shared", 6);
	CHECK_INT(ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
	CHECK_INT(ioctl(other, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), 0);
	/* One device: it is the same object, no import. */
	uint8_t *memory = map(other, prime.handle, SIZE, I915_MMAP_OFFSET_WB);
	CHECK(!memcmp(memory, "shared", 6));
	munmap(memory, SIZE);
	close(prime.fd);

	int foreign = memfd_create("foreign", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CHECK_INT(ftruncate(foreign, SIZE), 0);
	CHECK_INT(pwrite(foreign, "memfd", 5, 0), 5);
	fcntl(foreign, F_ADD_SEALS, F_SEAL_SHRINK);
	prime.fd = foreign;
	CHECK_INT(ioctl(other, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), 0);
	struct drm_i915_gem_mmap cpu = {.handle = prime.handle, .size = 4096};
	CHECK_ERRNO(ioctl(other, DRM_IOCTL_I915_GEM_MMAP, &cpu), ENXIO);
	struct drm_i915_gem_mmap_offset args = {.handle = prime.handle,
		.flags = I915_MMAP_OFFSET_WB};
	CHECK_ERRNO(ioctl(other, DRM_IOCTL_I915_GEM_MMAP_OFFSET, &args), ENODEV);
	memory = map(other, prime.handle, SIZE, I915_MMAP_OFFSET_GTT);
	CHECK(!memcmp(memory, "memfd", 5));
	munmap(memory, SIZE);
	char got[5];
	get(other, prime.handle, 0, got, 5);
	CHECK(!memcmp(got, "memfd", 5));
	close(foreign);
	close(other);
	end(fd);
}

/* A GTT map is linear; the memory behind it is in tiles of 512 bytes x 8 rows. */
TEST(tiling_through_the_aperture)
{
	int fd = begin();
	uint32_t handle = create(fd, SIZE);
	struct drm_i915_gem_set_tiling set = {.handle = handle, .tiling_mode = I915_TILING_X,
		.stride = STRIDE};
	struct drm_i915_gem_get_tiling tiling = {.handle = handle};
	uint8_t byte;

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_SET_TILING, &set), 0);
	CHECK_INT(set.tiling_mode, I915_TILING_X);
	CHECK_INT(set.stride, STRIDE);
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_GET_TILING, &tiling), 0);
	CHECK_INT(tiling.tiling_mode, I915_TILING_X);
	CHECK_INT(tiling.swizzle_mode, I915_BIT_6_SWIZZLE_NONE);
	CHECK_INT(tiling.phys_swizzle_mode, I915_BIT_6_SWIZZLE_NONE);

	uint8_t *linear = map(fd, handle, SIZE, I915_MMAP_OFFSET_GTT);
	set_domain(fd, handle, I915_GEM_DOMAIN_GTT, true);
	linear[0 * STRIDE + 3] = 1;
	linear[1 * STRIDE + 3] = 2;   /* the next row of the first tile */
	linear[0 * STRIDE + 515] = 3; /* the second tile */
	linear[8 * STRIDE + 3] = 4;   /* the second row of tiles */
	set_domain(fd, handle, I915_GEM_DOMAIN_CPU, false);
	static const struct { uint32_t offset; uint8_t value; } bytes[] = {
		{3, 1}, {512 + 3, 2}, {4096 + 3, 3}, {8 * STRIDE + 3, 4},
	};
	for (unsigned i = 0; i < 4; i++) {
		get(fd, handle, bytes[i].offset, &byte, 1);
		CHECK_INT(byte, bytes[i].value);
	}
	byte = 5;
	put(fd, handle, 4096 + 512 + 3, &byte, 1);
	set_domain(fd, handle, I915_GEM_DOMAIN_GTT, false);
	CHECK_INT(linear[1 * STRIDE + 515], 5);
	munmap(linear, SIZE);

	/* A refusal says what it is; linear again forgets the stride. */
	set.tiling_mode = I915_TILING_NONE;
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_SET_TILING, &set), 0);
	CHECK_INT(set.stride, 0);
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_GET_TILING, &tiling), 0);
	CHECK_INT(tiling.tiling_mode, I915_TILING_NONE);
	end(fd);
}

TEST(framebuffers_keep_their_tiling)
{
	int fd = begin();
	uint32_t handle = create(fd, 64 * 256);
	struct drm_mode_fb_cmd2 fb = {.width = 64, .height = 64, .pixel_format = 0x34325258,
		.handles = {handle}, .pitches = {256}};
	struct drm_i915_gem_set_tiling set = {.handle = handle, .tiling_mode = I915_TILING_X,
		.stride = 512};

	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_ADDFB2, &fb), 0);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GEM_SET_TILING, &set), EBUSY);
	CHECK_INT(set.tiling_mode, I915_TILING_NONE);
	CHECK_INT(set.stride, 0);
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_RMFB, &fb.fb_id), 0);
	set.tiling_mode = I915_TILING_X;
	set.stride = 512;
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_SET_TILING, &set), 0);
	end(fd);
}

TEST(caching_is_kept)
{
	int fd = begin();
	struct drm_i915_gem_caching args = {.handle = create(fd, 4096)};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_GET_CACHING, &args), 0);
	CHECK_INT(args.caching, I915_CACHING_NONE);
	args.caching = I915_CACHING_CACHED;
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_SET_CACHING, &args), 0);
	args.caching = 55;
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_GET_CACHING, &args), 0);
	CHECK_INT(args.caching, I915_CACHING_CACHED);
	args.caching = I915_CACHING_DISPLAY;
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_SET_CACHING, &args), 0);
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_GET_CACHING, &args), 0);
	CHECK_INT(args.caching, I915_CACHING_NONE); /* there is no write-through */
	end(fd);
}

TEST(idle_objects_are_not_waited_for)
{
	int fd = begin();
	uint32_t handle = create(fd, 4096);
	struct drm_i915_gem_busy busy = {.handle = handle, .busy = 77};
	struct drm_i915_gem_wait wait = {.bo_handle = handle, .timeout_ns = -1};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_BUSY, &busy), 0);
	CHECK_INT(busy.busy, 0);
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_WAIT, &wait), 0);
	CHECK_INT(wait.timeout_ns, -1);
	wait.timeout_ns = 0;
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_WAIT, &wait), 0);
	wait.timeout_ns = 1000000000;
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_WAIT, &wait), 0);
	CHECK(wait.timeout_ns > 0 && wait.timeout_ns <= 1000000000);
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_THROTTLE, NULL), 0);
	end(fd);
}

TEST(advice)
{
	int fd = begin();
	uint32_t used = create(fd, 4096), unused = create(fd, 4096);
	struct drm_i915_gem_madvise args = {.handle = used, .madv = I915_MADV_DONTNEED};
	uint8_t byte = 5;

	put(fd, used, 0, &byte, 1);
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_MADVISE, &args), 0);
	CHECK_INT(args.retained, 1); /* nobody was short of memory */
	args.madv = I915_MADV_WILLNEED;
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_MADVISE, &args), 0);
	CHECK_INT(args.retained, 1);
	get(fd, used, 0, &byte, 1);
	CHECK_INT(byte, 5);
	/* Nothing is there to be kept: gone at once, and for good. */
	args = (struct drm_i915_gem_madvise){.handle = unused, .madv = I915_MADV_DONTNEED};
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_MADVISE, &args), 0);
	CHECK_INT(args.retained, 0);
	args.madv = I915_MADV_WILLNEED;
	args.retained = 1;
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_MADVISE, &args), 0);
	CHECK_INT(args.retained, 0);
	struct drm_i915_gem_pwrite write_args = {.handle = unused, .size = 1,
		.data_ptr = (uintptr_t)&byte};
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GEM_PWRITE, &write_args), EFAULT);
	struct drm_i915_gem_set_domain domain = {unused, I915_GEM_DOMAIN_CPU, 0};
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GEM_SET_DOMAIN, &domain), EFAULT);
	end(fd);
}

struct param_row {
	const char *name;
	int param, want;
};

static const struct param_row params[] = {
	{"chipset", I915_PARAM_CHIPSET_ID, 0x29c2},
	{"revision", I915_PARAM_REVISION, 2},
	{"gem", I915_PARAM_HAS_GEM, 1},
	{"fences", I915_PARAM_NUM_FENCES_AVAIL, 16},
	{"overlay", I915_PARAM_HAS_OVERLAY, 0},
	{"flips", I915_PARAM_HAS_PAGEFLIPPING, 1},
	{"execbuf2", I915_PARAM_HAS_EXECBUF2, 1},
	{"bsd", I915_PARAM_HAS_BSD, 0},
	{"relaxed fencing", I915_PARAM_HAS_RELAXED_FENCING, 1},
	{"llc", I915_PARAM_HAS_LLC, 0},
	{"wait timeout", I915_PARAM_HAS_WAIT_TIMEOUT, 1},
	{"mmap version", I915_PARAM_MMAP_VERSION, 1},
	{"mmap gtt version", I915_PARAM_MMAP_GTT_VERSION, 4},
};

TEST_ROWS(param, struct param_row, params)
{
	int fd = begin(), value = -1;
	struct drm_i915_getparam args = {.param = row->param, .value = &value};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GETPARAM, &args), 0);
	CHECK_INT(value, row->want);
	end(fd);
}

TEST(aperture)
{
	int fd = begin();
	struct drm_i915_gem_get_aperture args = {0};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_GET_APERTURE, &args), 0);
	CHECK_INT(args.aper_size, 512ull << 20);
	CHECK(args.aper_available_size <= args.aper_size);
	CHECK(args.aper_available_size > 256ull << 20);
	end(fd);
}

static int context_param(int fd, unsigned long request, uint32_t id, uint64_t param,
	uint64_t *value)
{
	struct drm_i915_gem_context_param args = {.ctx_id = id, .param = param, .value = *value};

	int ret = ioctl(fd, request, &args);
	*value = args.value;
	return ret;
}

TEST(contexts)
{
	int fd = begin(), other = open(CARD, O_RDWR | O_CLOEXEC);
	struct drm_i915_gem_context_create_ext_setparam link = {
		.base.name = I915_CONTEXT_CREATE_EXT_SETPARAM,
		.param = {.param = I915_CONTEXT_PARAM_RECOVERABLE, .value = 0},
	};
	struct drm_i915_gem_context_create plain = {0};
	struct drm_i915_gem_context_create_ext args = {
		.flags = I915_CONTEXT_CREATE_FLAGS_USE_EXTENSIONS,
		.extensions = (uintptr_t)&link,
	};
	uint64_t value = 0;

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_CONTEXT_CREATE, &plain), 0);
	CHECK(plain.ctx_id != 0);
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_CONTEXT_CREATE_EXT, &args), 0);
	CHECK(args.ctx_id != 0 && args.ctx_id != plain.ctx_id);
#define GET DRM_IOCTL_I915_GEM_CONTEXT_GETPARAM
#define SET DRM_IOCTL_I915_GEM_CONTEXT_SETPARAM
	CHECK_INT(context_param(fd, GET, args.ctx_id, I915_CONTEXT_PARAM_RECOVERABLE, &value), 0);
	CHECK_INT(value, 0);
	CHECK_INT(context_param(fd, GET, plain.ctx_id, I915_CONTEXT_PARAM_RECOVERABLE, &value), 0);
	CHECK_INT(value, 1);
	CHECK_INT(context_param(fd, GET, plain.ctx_id, I915_CONTEXT_PARAM_GTT_SIZE, &value), 0);
	CHECK(value == 1ull << 48);
	CHECK_INT(context_param(fd, GET, 0, I915_CONTEXT_PARAM_GTT_SIZE, &value), 0);
	CHECK(value == 512ull << 20);
	value = -5ull;
	CHECK_INT(context_param(fd, SET, plain.ctx_id, I915_CONTEXT_PARAM_PRIORITY, &value), 0);
	value = 0;
	CHECK_INT(context_param(fd, GET, plain.ctx_id, I915_CONTEXT_PARAM_PRIORITY, &value), 0);
	CHECK(value == -5ull);
	/* Contexts are the file's own. */
	CHECK_ERRNO(context_param(other, GET, plain.ctx_id, I915_CONTEXT_PARAM_PRIORITY,
		&value), ENOENT);
	struct drm_i915_reset_stats stats = {.ctx_id = plain.ctx_id, .batch_active = 5,
		.batch_pending = 5};
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GET_RESET_STATS, &stats), 0);
	CHECK_INT(stats.reset_count + stats.batch_active + stats.batch_pending, 0);
	struct drm_i915_gem_context_destroy destroy = {.ctx_id = plain.ctx_id};
	CHECK_ERRNO(ioctl(other, DRM_IOCTL_I915_GEM_CONTEXT_DESTROY, &destroy), ENOENT);
	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_CONTEXT_DESTROY, &destroy), 0);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GEM_CONTEXT_DESTROY, &destroy), ENOENT);
	close(other);
	end(fd);
}

TEST(render_node_has_memory_and_no_names)
{
	preload_test_begin();
	int fd = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);
	struct drm_gem_flink flink = {0};
	struct drm_i915_get_pipe_from_crtc_id pipe = {0};

	CHECK(fd >= 0);
	flink.handle = create(fd, 4096);
	put(fd, flink.handle, 0, "render", 6);
	uint8_t *memory = map(fd, flink.handle, 4096, I915_MMAP_OFFSET_WB);
	CHECK(!memcmp(memory, "render", 6));
	munmap(memory, 4096);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_GEM_FLINK, &flink), EACCES);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_GET_PIPE_FROM_CRTC_ID, &pipe), EACCES);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_I915_FLUSH, NULL), EACCES);
	end(fd);
}
