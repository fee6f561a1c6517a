/*
 * Bad input for every i915 request about memory, and the kernel's errno for each:
 * one source, run in process (preload_self.c) and in another process
 * (preload_client.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm.h>
#include <i915_drm.h>

#include "preload_test.h"
#include "test.h"

#define CARD "/dev/dri/card0"
#define PAST_USER 0x7ffffffff000ull

enum { SIZE = 8192 };

/* The handle that a row's struct begins with. */
enum handle {
	AS_IS,   /* the row's */
	GOOD,    /* an object of SIZE bytes */
	FREED,   /* closed before */
	FOREIGN, /* a number that another file has in use, and this one not */
};

union args {
	uint32_t handle;
	struct drm_i915_gem_create create;
	struct drm_i915_gem_create_ext create_ext;
	struct drm_i915_gem_pread pread;
	struct drm_i915_gem_pwrite pwrite;
	struct drm_i915_gem_mmap map;
	struct drm_i915_gem_mmap_offset map_offset;
	struct drm_i915_gem_set_domain domain;
	struct drm_i915_gem_sw_finish finish;
	struct drm_i915_gem_set_tiling tiling;
	struct drm_i915_gem_caching caching;
	struct drm_i915_gem_busy busy;
	struct drm_i915_gem_wait wait;
	struct drm_i915_gem_madvise madvise;
	struct drm_i915_gem_context_create_ext context;
	struct drm_i915_gem_context_destroy context_destroy;
	struct drm_i915_gem_context_param context_param;
	struct drm_i915_reset_stats stats;
	struct drm_i915_reg_read reg;
	struct drm_i915_getparam param;
	struct drm_i915_gem_userptr userptr;
	struct drm_i915_gem_vm_control vm;
	struct drm_i915_get_pipe_from_crtc_id pipe;
	struct drm_i915_gem_pin pin;
	struct drm_i915_gem_execbuffer execbuffer;
};

struct row {
	const char *name;
	unsigned long request;
	enum handle handle;
	int want; /* 0 = must be taken */
	union args args;
};

static char buffer[SIZE * 2];
static int answer;

/* Chains of extensions. */
static const struct i915_user_extension unknown_link = {.name = 77};
static const struct i915_user_extension flagged_link = {.flags = 1};
static const struct i915_user_extension reserved_link = {.rsvd = {0, 0, 0, 1}};
static const struct drm_i915_gem_memory_class_instance regions[] = {
	{I915_MEMORY_CLASS_SYSTEM, 0}, {I915_MEMORY_CLASS_SYSTEM, 0},
	{I915_MEMORY_CLASS_DEVICE, 0}, {I915_MEMORY_CLASS_SYSTEM, 1}, {99, 0},
};

#define REGIONS(id, first, count, pad_)                                                  \
	static const struct drm_i915_gem_create_ext_memory_regions id = {                \
		.base.name = I915_GEM_CREATE_EXT_MEMORY_REGIONS, .pad = pad_,            \
		.num_regions = count, .regions = (uintptr_t)&regions[first],             \
	}
REGIONS(system_link, 0, 1, 0);
REGIONS(padded_link, 0, 1, 1);
REGIONS(empty_link, 0, 0, 0);
REGIONS(twice_link, 0, 2, 0);
REGIONS(absent_link, 2, 1, 0);
REGIONS(instance_link, 3, 1, 0);
REGIONS(class_link, 4, 1, 0);
REGIONS(many_link, 0, 1000, 0);
static const struct drm_i915_gem_create_ext_memory_regions lost_link = {
	.base.name = I915_GEM_CREATE_EXT_MEMORY_REGIONS, .num_regions = 1,
};
static const struct drm_i915_gem_create_ext_memory_regions repeated_link = {
	.base = {.name = I915_GEM_CREATE_EXT_MEMORY_REGIONS,
		.next_extension = (uintptr_t)&system_link},
	.num_regions = 1, .regions = (uintptr_t)regions,
};
static const struct drm_i915_gem_create_ext_protected_content protected_link = {
	.base.name = I915_GEM_CREATE_EXT_PROTECTED_CONTENT,
};
static const struct drm_i915_gem_context_create_ext_setparam other_context_link = {
	.base.name = I915_CONTEXT_CREATE_EXT_SETPARAM,
	.param = {.ctx_id = 1, .param = I915_CONTEXT_PARAM_BANNABLE, .value = 1},
};
static const struct drm_i915_gem_context_create_ext_setparam bad_param_link = {
	.base.name = I915_CONTEXT_CREATE_EXT_SETPARAM,
	.param = {.param = I915_CONTEXT_PARAM_RINGSIZE},
};
static const struct i915_user_extension clone_link = {.name = I915_CONTEXT_CREATE_EXT_CLONE};

#define I915(op) DRM_IOCTL_I915_##op
/* Requests that begin with a handle look it up. */
#define HANDLES(op, ...)                                                      \
	{#op " handle 0", I915(op), AS_IS, ENOENT, {__VA_ARGS__}},            \
	{#op " freed handle", I915(op), FREED, ENOENT, {__VA_ARGS__}},        \
	{#op " foreign handle", I915(op), FOREIGN, ENOENT, {__VA_ARGS__}}

static const struct row rows[] = {
	{"CREATE size 0", I915(GEM_CREATE), AS_IS, EINVAL, {.create = {.size = 0}}},
	{"CREATE size ~0", I915(GEM_CREATE), AS_IS, EINVAL, {.create = {.size = ~0ull}}},
	{"CREATE size of 2^31 pages", I915(GEM_CREATE), AS_IS, E2BIG,
		{.create = {.size = 1ull << 43}}},
	{"CREATE size 2^63", I915(GEM_CREATE), AS_IS, E2BIG, {.create = {.size = 1ull << 63}}},
	{"CREATE pad is not looked at", I915(GEM_CREATE), AS_IS, 0,
		{.create = {.size = 1, .pad = 5}}},

	{"CREATE_EXT size 0", I915(GEM_CREATE_EXT), AS_IS, EINVAL, {.create_ext = {.size = 0}}},
	{"CREATE_EXT size ~0", I915(GEM_CREATE_EXT), AS_IS, EINVAL,
		{.create_ext = {.size = ~0ull}}},
	{"CREATE_EXT too large", I915(GEM_CREATE_EXT), AS_IS, E2BIG,
		{.create_ext = {.size = 1ull << 44}}},
	{"CREATE_EXT flags", I915(GEM_CREATE_EXT), AS_IS, EINVAL,
		{.create_ext = {.size = 4096, .flags = 2}}},
	{"CREATE_EXT CPU access to the only place", I915(GEM_CREATE_EXT), AS_IS, EINVAL,
		{.create_ext = {.size = 4096, .flags = I915_GEM_CREATE_EXT_FLAG_NEEDS_CPU_ACCESS}}},
	{"CREATE_EXT chain at a bad address", I915(GEM_CREATE_EXT), AS_IS, EFAULT,
		{.create_ext = {.size = 4096, .extensions = 16}}},
#define EXT(title, link, want_) {"CREATE_EXT " title, I915(GEM_CREATE_EXT), AS_IS, want_, \
	{.create_ext = {.size = 4096, .extensions = (uintptr_t)&link}}}
	EXT("unknown link", unknown_link, EINVAL),
	EXT("link with flags", flagged_link, EINVAL),
	EXT("link with reserved words", reserved_link, EINVAL),
	EXT("system region", system_link, 0),
	EXT("regions with pad", padded_link, EINVAL),
	EXT("no regions", empty_link, EINVAL),
	EXT("region twice", twice_link, EINVAL),
	EXT("no local memory", absent_link, EINVAL),
	EXT("region instance", instance_link, EINVAL),
	EXT("region class", class_link, EINVAL),
	EXT("many regions", many_link, EINVAL),
	EXT("regions at a bad address", lost_link, EFAULT),
	EXT("regions said twice", repeated_link, EINVAL),
	EXT("protected content", protected_link, ENODEV),

	HANDLES(GEM_PREAD, .pread = {.size = 1, .data_ptr = (uintptr_t)buffer}),
	{"PREAD size 0 looks at nothing", I915(GEM_PREAD), AS_IS, 0, {.pread = {.offset = ~0ull}}},
	{"PREAD size ~0", I915(GEM_PREAD), GOOD, EFAULT,
		{.pread = {.size = ~0ull, .data_ptr = (uintptr_t)buffer}}},
	{"PREAD beyond the end", I915(GEM_PREAD), GOOD, EINVAL,
		{.pread = {.offset = 1, .size = SIZE, .data_ptr = (uintptr_t)buffer}}},
	{"PREAD offset at the end", I915(GEM_PREAD), GOOD, EINVAL,
		{.pread = {.offset = SIZE, .size = 1, .data_ptr = (uintptr_t)buffer}}},
	{"PREAD offset that overflows", I915(GEM_PREAD), GOOD, EINVAL,
		{.pread = {.offset = ~0ull, .size = 2, .data_ptr = (uintptr_t)buffer}}},
	{"PREAD to NULL", I915(GEM_PREAD), GOOD, EFAULT, {.pread = {.size = 16}}},
	{"PREAD past user space", I915(GEM_PREAD), FREED, EFAULT,
		{.pread = {.size = 16, .data_ptr = PAST_USER - 8}}},
	{"PREAD to the kernel", I915(GEM_PREAD), GOOD, EFAULT,
		{.pread = {.size = 16, .data_ptr = ~0ull - 4095}}},
	{"PREAD pad is not looked at", I915(GEM_PREAD), GOOD, 0,
		{.pread = {.pad = 1, .size = 16, .data_ptr = (uintptr_t)buffer}}},

	HANDLES(GEM_PWRITE, .pwrite = {.size = 1, .data_ptr = (uintptr_t)buffer}),
	{"PWRITE size 0 looks at nothing", I915(GEM_PWRITE), AS_IS, 0,
		{.pwrite = {.offset = ~0ull}}},
	{"PWRITE size ~0", I915(GEM_PWRITE), GOOD, EFAULT,
		{.pwrite = {.size = ~0ull, .data_ptr = (uintptr_t)buffer}}},
	{"PWRITE beyond the end", I915(GEM_PWRITE), GOOD, EINVAL,
		{.pwrite = {.offset = 1, .size = SIZE, .data_ptr = (uintptr_t)buffer}}},
	{"PWRITE offset that overflows", I915(GEM_PWRITE), GOOD, EINVAL,
		{.pwrite = {.offset = ~0ull, .size = 2, .data_ptr = (uintptr_t)buffer}}},
	{"PWRITE from NULL", I915(GEM_PWRITE), GOOD, EFAULT, {.pwrite = {.size = 16}}},
	{"PWRITE past user space", I915(GEM_PWRITE), FREED, EFAULT,
		{.pwrite = {.size = 16, .data_ptr = PAST_USER}}},

	HANDLES(GEM_MMAP, .map = {.size = 4096}),
	{"MMAP size 0", I915(GEM_MMAP), GOOD, EINVAL, {.map = {.size = 0}}},
	{"MMAP size ~0", I915(GEM_MMAP), GOOD, EINVAL, {.map = {.size = ~0ull}}},
	{"MMAP beyond the end", I915(GEM_MMAP), GOOD, EINVAL,
		{.map = {.offset = 4096, .size = SIZE}}},
	{"MMAP offset at the end", I915(GEM_MMAP), GOOD, EINVAL,
		{.map = {.offset = SIZE, .size = 1}}},
	{"MMAP offset that overflows", I915(GEM_MMAP), GOOD, EINVAL,
		{.map = {.offset = ~4095ull, .size = 8192}}},
	{"MMAP offset unaligned", I915(GEM_MMAP), GOOD, EINVAL, {.map = {.offset = 8, .size = 8}}},
	{"MMAP flags", I915(GEM_MMAP), FREED, EINVAL, {.map = {.size = 4096, .flags = 2}}},

	HANDLES(GEM_MMAP_OFFSET, .map_offset = {.flags = I915_MMAP_OFFSET_WB}),
	HANDLES(GEM_MMAP_GTT),
	{"MMAP_GTT pad is not looked at", I915(GEM_MMAP_GTT), GOOD, 0, {.map_offset = {.pad = 9}}},
	{"MMAP_OFFSET flags", I915(GEM_MMAP_OFFSET), FREED, EINVAL, {.map_offset = {.flags = 5}}},
	{"MMAP_OFFSET flags ~0", I915(GEM_MMAP_OFFSET), GOOD, EINVAL,
		{.map_offset = {.flags = ~0ull}}},
	{"MMAP_OFFSET as the placement says", I915(GEM_MMAP_OFFSET), GOOD, ENODEV,
		{.map_offset = {.flags = I915_MMAP_OFFSET_FIXED}}},
	{"MMAP_OFFSET chain", I915(GEM_MMAP_OFFSET), GOOD, EINVAL,
		{.map_offset = {.extensions = (uintptr_t)&unknown_link}}},
	{"MMAP_OFFSET chain at a bad address", I915(GEM_MMAP_OFFSET), GOOD, EFAULT,
		{.map_offset = {.extensions = 1}}},

	HANDLES(GEM_SET_DOMAIN, .domain = {.read_domains = I915_GEM_DOMAIN_CPU}),
	{"SET_DOMAIN to nothing looks at nothing", I915(GEM_SET_DOMAIN), FREED, 0, {}},
	{"SET_DOMAIN to the GPU", I915(GEM_SET_DOMAIN), FREED, EINVAL,
		{.domain = {.read_domains = I915_GEM_DOMAIN_RENDER}}},
	{"SET_DOMAIN to write by the GPU", I915(GEM_SET_DOMAIN), GOOD, EINVAL,
		{.domain = {.read_domains = I915_GEM_DOMAIN_SAMPLER,
			.write_domain = I915_GEM_DOMAIN_SAMPLER}}},
	{"SET_DOMAIN write is not read", I915(GEM_SET_DOMAIN), GOOD, EINVAL,
		{.domain = {.read_domains = I915_GEM_DOMAIN_CPU,
			.write_domain = I915_GEM_DOMAIN_GTT}}},
	{"SET_DOMAIN write and more reads", I915(GEM_SET_DOMAIN), GOOD, EINVAL,
		{.domain = {.read_domains = I915_GEM_DOMAIN_CPU | I915_GEM_DOMAIN_GTT,
			.write_domain = I915_GEM_DOMAIN_CPU}}},
	{"SET_DOMAIN write without read", I915(GEM_SET_DOMAIN), GOOD, EINVAL,
		{.domain = {.write_domain = I915_GEM_DOMAIN_CPU}}},

	HANDLES(GEM_SW_FINISH),
	HANDLES(GEM_SET_TILING),
	{"SET_TILING unknown", I915(GEM_SET_TILING), GOOD, EINVAL,
		{.tiling = {.tiling_mode = 3, .stride = 512}}},
	{"SET_TILING ~0", I915(GEM_SET_TILING), GOOD, EINVAL,
		{.tiling = {.tiling_mode = ~0u, .stride = 512}}},
	{"SET_TILING stride 0", I915(GEM_SET_TILING), GOOD, EINVAL,
		{.tiling = {.tiling_mode = I915_TILING_X}}},
	{"SET_TILING stride ~0", I915(GEM_SET_TILING), GOOD, EINVAL,
		{.tiling = {.tiling_mode = I915_TILING_X, .stride = ~0u}}},
	{"SET_TILING stride unaligned", I915(GEM_SET_TILING), GOOD, EINVAL,
		{.tiling = {.tiling_mode = I915_TILING_X, .stride = 513}}},
	{"SET_TILING stride narrower than a tile", I915(GEM_SET_TILING), GOOD, EINVAL,
		{.tiling = {.tiling_mode = I915_TILING_X, .stride = 256}}},
	{"SET_TILING stride no power of two", I915(GEM_SET_TILING), GOOD, EINVAL,
		{.tiling = {.tiling_mode = I915_TILING_Y, .stride = 384}}},
	{"SET_TILING stride beyond the registers", I915(GEM_SET_TILING), GOOD, EINVAL,
		{.tiling = {.tiling_mode = I915_TILING_X, .stride = 16384}}},
	{"SET_TILING linear takes every stride", I915(GEM_SET_TILING), GOOD, 0,
		{.tiling = {.tiling_mode = I915_TILING_NONE, .stride = 77}}},
	HANDLES(GEM_GET_TILING),
	HANDLES(GEM_SET_CACHING),
	{"SET_CACHING unknown", I915(GEM_SET_CACHING), FREED, EINVAL, {.caching = {.caching = 3}}},
	{"SET_CACHING ~0", I915(GEM_SET_CACHING), GOOD, EINVAL, {.caching = {.caching = ~0u}}},
	HANDLES(GEM_GET_CACHING),

	HANDLES(GEM_BUSY),
	HANDLES(GEM_WAIT),
	{"WAIT flags", I915(GEM_WAIT), FREED, EINVAL, {.wait = {.flags = 1}}},
	HANDLES(GEM_MADVISE),
	{"MADVISE unknown", I915(GEM_MADVISE), FREED, EINVAL, {.madvise = {.madv = 2}}},
	{"MADVISE ~0", I915(GEM_MADVISE), GOOD, EINVAL, {.madvise = {.madv = ~0u}}},

	{"CONTEXT_CREATE flags", I915(GEM_CONTEXT_CREATE), AS_IS, EINVAL,
		{.context = {.flags = 4}}},
	{"CONTEXT_CREATE chain without the flag", I915(GEM_CONTEXT_CREATE_EXT), AS_IS, 0,
		{.context = {.extensions = 1}}},
#define CONTEXT(title, address, want_) \
	{"CONTEXT_CREATE " title, I915(GEM_CONTEXT_CREATE_EXT), AS_IS, want_, {.context = { \
		.flags = I915_CONTEXT_CREATE_FLAGS_USE_EXTENSIONS, .extensions = address}}}
	CONTEXT("chain at a bad address", 1, EFAULT),
	CONTEXT("unknown link", (uintptr_t)&unknown_link, EINVAL),
	CONTEXT("removed link", (uintptr_t)&clone_link, EINVAL),
	CONTEXT("parameter of another context", (uintptr_t)&other_context_link, EINVAL),
	CONTEXT("removed parameter", (uintptr_t)&bad_param_link, EINVAL),
	{"CONTEXT_DESTROY of 0", I915(GEM_CONTEXT_DESTROY), AS_IS, ENOENT, {}},
	{"CONTEXT_DESTROY of nothing", I915(GEM_CONTEXT_DESTROY), AS_IS, ENOENT,
		{.context_destroy = {.ctx_id = ~0u}}},
	{"CONTEXT_DESTROY pad", I915(GEM_CONTEXT_DESTROY), AS_IS, EINVAL,
		{.context_destroy = {.pad = 1}}},
	{"CONTEXT_GETPARAM of nothing", I915(GEM_CONTEXT_GETPARAM), AS_IS, ENOENT,
		{.context_param = {.ctx_id = 99, .param = I915_CONTEXT_PARAM_GTT_SIZE}}},
	{"CONTEXT_GETPARAM unknown", I915(GEM_CONTEXT_GETPARAM), AS_IS, EINVAL,
		{.context_param = {.param = 1000}}},
	{"CONTEXT_SETPARAM of nothing", I915(GEM_CONTEXT_SETPARAM), AS_IS, ENOENT,
		{.context_param = {.ctx_id = 99, .param = I915_CONTEXT_PARAM_BANNABLE,
			.value = 1}}},
	{"CONTEXT_SETPARAM unknown", I915(GEM_CONTEXT_SETPARAM), AS_IS, EINVAL,
		{.context_param = {.param = ~0ull}}},
	{"CONTEXT_SETPARAM read only", I915(GEM_CONTEXT_SETPARAM), AS_IS, EINVAL,
		{.context_param = {.param = I915_CONTEXT_PARAM_GTT_SIZE, .value = 1}}},
	{"CONTEXT_SETPARAM size", I915(GEM_CONTEXT_SETPARAM), AS_IS, EINVAL,
		{.context_param = {.param = I915_CONTEXT_PARAM_BANNABLE, .size = 8, .value = 1}}},
	{"CONTEXT_SETPARAM priority", I915(GEM_CONTEXT_SETPARAM), AS_IS, EINVAL,
		{.context_param = {.param = I915_CONTEXT_PARAM_PRIORITY, .value = 1024}}},
	{"CONTEXT_SETPARAM not persistent", I915(GEM_CONTEXT_SETPARAM), AS_IS, ENODEV,
		{.context_param = {.param = I915_CONTEXT_PARAM_PERSISTENCE}}},
	{"GET_RESET_STATS of nothing", I915(GET_RESET_STATS), AS_IS, ENOENT,
		{.stats = {.ctx_id = 99}}},
	{"GET_RESET_STATS flags", I915(GET_RESET_STATS), AS_IS, EINVAL, {.stats = {.flags = 1}}},
	{"GET_RESET_STATS pad", I915(GET_RESET_STATS), AS_IS, EINVAL, {.stats = {.pad = 1}}},

	{"GETPARAM 0", I915(GETPARAM), AS_IS, EINVAL, {.param = {.value = &answer}}},
	{"GETPARAM unknown", I915(GETPARAM), AS_IS, EINVAL,
		{.param = {.param = 1000, .value = &answer}}},
	{"GETPARAM -1", I915(GETPARAM), AS_IS, EINVAL, {.param = {.param = -1, .value = &answer}}},
	{"GETPARAM of old", I915(GETPARAM), AS_IS, ENODEV,
		{.param = {.param = I915_PARAM_IRQ_ACTIVE, .value = &answer}}},
	{"GETPARAM to NULL", I915(GETPARAM), AS_IS, EFAULT,
		{.param = {.param = I915_PARAM_HAS_GEM}}},
	{"REG_READ", I915(REG_READ), AS_IS, EINVAL, {.reg = {.offset = 0x2358}}},
	{"USERPTR flags", I915(GEM_USERPTR), AS_IS, EINVAL,
		{.userptr = {.user_size = 4096, .flags = 8}}},
	{"USERPTR size 0", I915(GEM_USERPTR), AS_IS, EINVAL, {.userptr = {.user_ptr = 4096}}},
	{"USERPTR size ~0", I915(GEM_USERPTR), AS_IS, E2BIG, {.userptr = {.user_size = ~0ull}}},
	{"USERPTR unaligned", I915(GEM_USERPTR), AS_IS, EINVAL,
		{.userptr = {.user_ptr = 1, .user_size = 4096}}},
	{"USERPTR past user space", I915(GEM_USERPTR), AS_IS, EFAULT,
		{.userptr = {.user_ptr = PAST_USER, .user_size = 4096}}},
	{"USERPTR", I915(GEM_USERPTR), AS_IS, ENODEV,
		{.userptr = {.user_ptr = 4096, .user_size = 4096}}},
	{"VM_CREATE", I915(GEM_VM_CREATE), AS_IS, ENODEV, {}},
	{"VM_DESTROY", I915(GEM_VM_DESTROY), AS_IS, ENODEV, {}},
	{"GET_PIPE_FROM_CRTC_ID of nothing", I915(GET_PIPE_FROM_CRTC_ID), AS_IS, ENOENT,
		{.pipe = {.crtc_id = ~0u}}},
	{"PIN", I915(GEM_PIN), AS_IS, ENODEV, {}},
	{"EXECBUFFER", I915(GEM_EXECBUFFER), AS_IS, EINVAL, {}},
};

static uint32_t create(int fd)
{
	struct drm_i915_gem_create args = {.size = SIZE};

	CHECK_INT(ioctl(fd, DRM_IOCTL_I915_GEM_CREATE, &args), 0);
	return args.handle;
}

static uint32_t make_handle(int fd, int other, enum handle kind)
{
	struct drm_gem_close close_args = {.handle = create(fd)};
	uint32_t last = 0;

	switch (kind) {
	case GOOD:
		return close_args.handle;
	case FREED:
		CHECK_INT(ioctl(fd, DRM_IOCTL_GEM_CLOSE, &close_args), 0);
		return close_args.handle;
	default:
		for (unsigned i = 0; i < 10; i++)
			last = create(other);
		return last;
	}
}

TEST_ROWS(bad, struct row, rows)
{
	preload_test_begin();
	int fd = open(CARD, O_RDWR | O_CLOEXEC), other = open(CARD, O_RDWR | O_CLOEXEC);
	union args args = row->args, before;

	CHECK(fd >= 0 && other >= 0);
	if (row->handle != AS_IS)
		args.handle = make_handle(fd, other, row->handle);
	before = args;
	if (row->want) {
		CHECK_ERRNO(ioctl(fd, row->request, &args), row->want);
		/* Nothing comes back from what was refused. */
		CHECK(!memcmp(&args, &before, sizeof(args)));
	} else {
		CHECK_INT(ioctl(fd, row->request, &args), 0);
	}
	close(fd);
	close(other);
	preload_test_end();
}
