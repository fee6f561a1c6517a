/* Buffer objects: creation, sharing, contents, i915's requests. */
#include <fcntl.h>
#include <string.h>

#include <drm_mode.h>
#include <i915_drm.h>

#include "fuzz_client.h"

static uint64_t some_size(struct fuzz_client *client)
{
	if (fuzz_one_in(&client->rng, 30))
		return fuzz_odd(&client->rng);
	if (fuzz_one_in(&client->rng, 3))
		return 3 << 20; /* what the preferred mode shows */
	return (uint64_t)(1 + fuzz_below(&client->rng, 32)) << (8 + fuzz_below(&client->rng, 10));
}

static void create_dumb(struct fuzz_client *client)
{
	static const uint32_t bpps[] = {32, 32, 32, 16, 8, 24, 64};
	struct drm_mode_create_dumb args = {
		.width = 1 + fuzz_below(&client->rng, 1100),
		.height = 1 + fuzz_below(&client->rng, 800),
		.bpp = bpps[fuzz_below(&client->rng, GEM_ARRAY_SIZE(bpps))],
	};

	/* One that the preferred mode can show. */
	if (fuzz_one_in(&client->rng, 2)) {
		args.width = 1024;
		args.height = 768;
	}
	fuzz_ioctl(client, DRM_IOCTL_MODE_CREATE_DUMB, &args);
}

static void destroy_dumb(struct fuzz_client *client)
{
	struct drm_mode_destroy_dumb args = {fuzz_handle(client)};

	fuzz_ioctl(client, DRM_IOCTL_MODE_DESTROY_DUMB, &args);
}

static void remember_offset(struct fuzz_client *client, uint64_t offset)
{
	client->world->offsets[client->card][fuzz_below(&client->rng, FUZZ_IDS)] = offset;
}

static void map_dumb(struct fuzz_client *client)
{
	struct drm_mode_map_dumb args = {.handle = fuzz_handle(client)};

	if (fuzz_ioctl(client, DRM_IOCTL_MODE_MAP_DUMB, &args) == 0)
		remember_offset(client, args.offset);
}

static void close_handle(struct fuzz_client *client)
{
	struct drm_gem_close args = {.handle = fuzz_handle(client)};

	fuzz_ioctl(client, DRM_IOCTL_GEM_CLOSE, &args);
}

static void flink(struct fuzz_client *client)
{
	struct drm_gem_flink args = {.handle = fuzz_handle(client)};

	if (fuzz_ioctl(client, DRM_IOCTL_GEM_FLINK, &args) == 0)
		fuzz_remember(client, client->world->names, args.name);
}

static void open_name(struct fuzz_client *client)
{
	struct drm_gem_open args = {.name = fuzz_recall(client, client->world->names)};

	fuzz_ioctl(client, DRM_IOCTL_GEM_OPEN, &args);
}

static void prime_export(struct fuzz_client *client)
{
	struct drm_prime_handle args = {.handle = fuzz_handle(client),
		.flags = fuzz_below(&client->rng, 2) * DRM_CLOEXEC +
			fuzz_below(&client->rng, 2) * DRM_RDWR};

	fuzz_ioctl(client, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);
}

static void prime_import(struct fuzz_client *client)
{
	struct drm_prime_handle args = {.fd = fuzz_passed(client)};

	fuzz_ioctl(client, DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);
}

static void i915_create(struct fuzz_client *client)
{
	struct drm_i915_gem_create args = {.size = some_size(client)};

	fuzz_ioctl(client, DRM_IOCTL_I915_GEM_CREATE, &args);
}

static void i915_create_ext(struct fuzz_client *client)
{
	static const uint16_t classes[] = {I915_MEMORY_CLASS_SYSTEM, I915_MEMORY_CLASS_DEVICE, 2,
		0x7400, 9};
	struct drm_i915_gem_create_ext_memory_regions *link = fuzz_array(client, sizeof(*link));
	uint32_t count = 1 + fuzz_below(&client->rng, 3);
	struct drm_i915_gem_memory_class_instance *regions =
		fuzz_array(client, 4 * sizeof(*regions));
	struct drm_i915_gem_create_ext args = {.size = some_size(client),
		.extensions = (uintptr_t)link};

	memset(link, 0, sizeof(*link));
	link->num_regions = count;
	link->regions = (uintptr_t)regions;
	if (fuzz_one_in(&client->rng, 20)) /* a ring */
		link->base.next_extension = (uintptr_t)link;
	for (unsigned i = 0; i < 4; i++) {
		regions[i].memory_class = classes[fuzz_below(&client->rng,
			GEM_ARRAY_SIZE(classes))];
		regions[i].memory_instance = 0;
	}
	if (fuzz_one_in(&client->rng, 8))
		fuzz_mutate(&client->rng, link, sizeof(*link));
	fuzz_ioctl(client, DRM_IOCTL_I915_GEM_CREATE_EXT, &args);
}

static void i915_mmap(struct fuzz_client *client)
{
	struct drm_i915_gem_mmap args = {.handle = fuzz_handle(client), .size = 4096,
		.flags = fuzz_below(&client->rng, 2)};

	if (fuzz_ioctl(client, DRM_IOCTL_I915_GEM_MMAP, &args) == 0)
		remember_offset(client, args.addr_ptr);
}

static void i915_mmap_offset(struct fuzz_client *client)
{
	struct drm_i915_gem_mmap_offset args = {.handle = fuzz_handle(client),
		.flags = fuzz_below(&client->rng, 5)};

	if (fuzz_ioctl(client, DRM_IOCTL_I915_GEM_MMAP_OFFSET, &args) == 0)
		remember_offset(client, args.offset);
}

static void access(struct fuzz_client *client, unsigned long request)
{
	uint32_t size = 1 + fuzz_below(&client->rng, fuzz_one_in(&client->rng, 4) ? 600000 : 6000);
	struct drm_i915_gem_pwrite args = {
		.handle = fuzz_handle(client),
		.offset = fuzz_below(&client->rng, 3) * 4096 + fuzz_below(&client->rng, 70),
		.size = size,
		.data_ptr = (uintptr_t)fuzz_array(client, size),
	};

	fuzz_ioctl(client, request, &args);
}

static void i915_pread(struct fuzz_client *client)
{
	access(client, DRM_IOCTL_I915_GEM_PREAD);
}

static void i915_pwrite(struct fuzz_client *client)
{
	access(client, DRM_IOCTL_I915_GEM_PWRITE);
}

static void i915_set_domain(struct fuzz_client *client)
{
	static const uint32_t domains[] = {I915_GEM_DOMAIN_CPU, I915_GEM_DOMAIN_GTT,
		I915_GEM_DOMAIN_WC, 0};
	struct drm_i915_gem_set_domain args = {.handle = fuzz_handle(client),
		.read_domains = domains[fuzz_below(&client->rng, GEM_ARRAY_SIZE(domains))]};

	if (fuzz_one_in(&client->rng, 2))
		args.write_domain = args.read_domains;
	fuzz_ioctl(client, DRM_IOCTL_I915_GEM_SET_DOMAIN, &args);
}

static void i915_sw_finish(struct fuzz_client *client)
{
	struct drm_i915_gem_sw_finish args = {fuzz_handle(client)};

	fuzz_ioctl(client, DRM_IOCTL_I915_GEM_SW_FINISH, &args);
}

static void i915_busy(struct fuzz_client *client)
{
	struct drm_i915_gem_busy args = {.handle = fuzz_handle(client)};

	fuzz_ioctl(client, DRM_IOCTL_I915_GEM_BUSY, &args);
}

static void i915_wait(struct fuzz_client *client)
{
	struct drm_i915_gem_wait args = {.bo_handle = fuzz_handle(client),
		.timeout_ns = fuzz_below(&client->rng, 3) * 1000};

	fuzz_ioctl(client, DRM_IOCTL_I915_GEM_WAIT, &args);
}

static void i915_madvise(struct fuzz_client *client)
{
	struct drm_i915_gem_madvise args = {.handle = fuzz_handle(client),
		.madv = fuzz_below(&client->rng, 2)};

	fuzz_ioctl(client, DRM_IOCTL_I915_GEM_MADVISE, &args);
}

static void i915_tiling(struct fuzz_client *client)
{
	struct drm_i915_gem_get_tiling get = {.handle = fuzz_handle(client)};
	struct drm_i915_gem_set_tiling args = {.handle = fuzz_handle(client),
		.tiling_mode = fuzz_below(&client->rng, 3),
		.stride = 128u << fuzz_below(&client->rng, 8)};

	if (fuzz_one_in(&client->rng, 4))
		fuzz_ioctl(client, DRM_IOCTL_I915_GEM_GET_TILING, &get);
	else
		fuzz_ioctl(client, DRM_IOCTL_I915_GEM_SET_TILING, &args);
}

static void i915_caching(struct fuzz_client *client)
{
	struct drm_i915_gem_caching args = {.handle = fuzz_handle(client),
		.caching = fuzz_below(&client->rng, 3)};

	fuzz_ioctl(client, fuzz_one_in(&client->rng, 3) ? DRM_IOCTL_I915_GEM_GET_CACHING :
		DRM_IOCTL_I915_GEM_SET_CACHING, &args);
}

static void i915_context(struct fuzz_client *client)
{
	struct drm_i915_gem_context_create_ext_setparam *link = fuzz_array(client, sizeof(*link));
	struct drm_i915_gem_context_create_ext create = {
		.flags = I915_CONTEXT_CREATE_FLAGS_USE_EXTENSIONS, .extensions = (uintptr_t)link};
	struct drm_i915_gem_context_destroy destroy = {.ctx_id = fuzz_below(&client->rng, 10)};
	struct drm_i915_gem_context_param param = {.ctx_id = fuzz_below(&client->rng, 10),
		.param = fuzz_below(&client->rng, 14), .value = fuzz_odd(&client->rng)};
	struct drm_i915_reset_stats stats = {.ctx_id = fuzz_below(&client->rng, 10)};

	memset(link, 0, sizeof(*link));
	link->base.name = I915_CONTEXT_CREATE_EXT_SETPARAM;
	link->param = param;
	link->param.ctx_id = 0;
	if (fuzz_one_in(&client->rng, 2))
		create.extensions = create.flags = 0;
	switch (fuzz_below(&client->rng, 5)) {
	case 0:
		fuzz_ioctl(client, DRM_IOCTL_I915_GEM_CONTEXT_CREATE_EXT, &create);
		break;
	case 1:
		fuzz_ioctl(client, DRM_IOCTL_I915_GEM_CONTEXT_DESTROY, &destroy);
		break;
	case 2:
		fuzz_ioctl(client, DRM_IOCTL_I915_GEM_CONTEXT_GETPARAM, &param);
		break;
	case 3:
		fuzz_ioctl(client, DRM_IOCTL_I915_GEM_CONTEXT_SETPARAM, &param);
		break;
	default:
		fuzz_ioctl(client, DRM_IOCTL_I915_GET_RESET_STATS, &stats);
	}
}

static void i915_getparam(struct fuzz_client *client)
{
	int *value = fuzz_array(client, sizeof(*value));
	struct drm_i915_getparam args = {.param = fuzz_below(&client->rng, 64), .value = value};
	struct drm_i915_gem_get_aperture aperture = {0};

	if (fuzz_one_in(&client->rng, 3))
		fuzz_ioctl(client, DRM_IOCTL_I915_GEM_GET_APERTURE, &aperture);
	else
		fuzz_ioctl(client, DRM_IOCTL_I915_GETPARAM, &args);
}

/* Any number at all, with any bytes. */
static void any_request(struct fuzz_client *client)
{
	uint8_t bytes[512];
	unsigned long request = _IOC(3u, 'd', fuzz_below(&client->rng, 256),
		fuzz_below(&client->rng, sizeof(bytes)));

	for (unsigned i = 0; i < sizeof(bytes); i += 8) {
		uint64_t value = fuzz_one_in(&client->rng, 2) ? fuzz_odd(&client->rng) : 0;
		memcpy(bytes + i, &value, 8);
	}
	fuzz_ioctl(client, request, bytes);
}

const struct fuzz_generator fuzz_gem_generators[] = {
	{create_dumb, 24},
	{destroy_dumb, 6},
	{map_dumb, 10},
	{close_handle, 16},
	{flink, 8},
	{open_name, 8},
	{prime_export, 12},
	{prime_import, 16},
	{i915_create, 24},
	{i915_create_ext, 16},
	{i915_mmap, 8},
	{i915_mmap_offset, 16},
	{i915_pread, 24},
	{i915_pwrite, 32},
	{i915_set_domain, 16},
	{i915_sw_finish, 3},
	{i915_busy, 3},
	{i915_wait, 3},
	{i915_madvise, 12},
	{i915_tiling, 16},
	{i915_caching, 6},
	{i915_context, 10},
	{i915_getparam, 3},
	{any_request, 6},
	{NULL, 0},
};
