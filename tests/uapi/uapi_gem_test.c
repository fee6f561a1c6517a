/* Buffer objects through the ioctl table. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm_mode.h>

#include "uapi_fixture.h"

#define IOCTL(fd, request, arg) fixture_ioctl(&fixture, fd, request, arg)

static struct uapi_fixture fixture;
static int card, other;

static void setup(void)
{
	fixture_init(&fixture);
	card = fixture_open_card(&fixture);
	other = fixture_open_card(&fixture);
}

static void teardown(void)
{
	close(card);
	close(other);
	fixture_finish(&fixture);
}

static uint32_t create(int fd)
{
	struct drm_mode_create_dumb args = {.width = 64, .height = 32, .bpp = 32};

	CHECK_INT(IOCTL(fd, DRM_IOCTL_MODE_CREATE_DUMB, &args), 0);
	CHECK_INT(args.pitch, 256);
	CHECK_INT(args.size, 8192);
	return args.handle;
}

static uint64_t map_offset(int fd, uint32_t handle)
{
	struct drm_mode_map_dumb args = {.handle = handle};

	CHECK_INT(IOCTL(fd, DRM_IOCTL_MODE_MAP_DUMB, &args), 0);
	return args.offset;
}

static int gem_close(int fd, uint32_t handle)
{
	struct drm_gem_close args = {.handle = handle};

	return IOCTL(fd, DRM_IOCTL_GEM_CLOSE, &args);
}

static int export_fd(int fd, uint32_t handle, uint32_t flags)
{
	struct drm_prime_handle args = {.handle = handle, .flags = flags, .fd = -1};

	return IOCTL(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args) < 0 ? -1 : args.fd;
}

static int64_t import_fd(int fd, int dma_buf)
{
	struct drm_prime_handle args = {.fd = dma_buf};

	return IOCTL(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &args) < 0 ? -1 : (int64_t)args.handle;
}

TEST(dumb_life)
{
	struct drm_mode_destroy_dumb destroy = {0};
	struct drm_mode_map_dumb map = {0};

	setup();
	uint32_t handle = create(card);
	uint64_t offset = map_offset(card, handle);
	CHECK(offset >= 4ull << 30);
	char *pixels = fixture_mmap(&fixture, card, offset, 8192, PROT_READ | PROT_WRITE);
	CHECK(pixels != MAP_FAILED);
	strcpy(pixels, "pixels");
	/* foreign handle, freed handle */
	map.handle = handle;
	CHECK_ERRNO(IOCTL(other, DRM_IOCTL_MODE_MAP_DUMB, &map), ENOENT);
	CHECK_ERRNO(gem_close(other, handle), EINVAL);
	destroy.handle = handle;
	CHECK_ERRNO(IOCTL(other, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy), EINVAL);
	CHECK_INT(IOCTL(card, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy), 0);
	CHECK_ERRNO(IOCTL(card, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy), EINVAL);
	CHECK_ERRNO(gem_close(card, handle), EINVAL);
	CHECK_ERRNO(IOCTL(card, DRM_IOCTL_MODE_MAP_DUMB, &map), ENOENT);
	CHECK_INT(export_fd(card, handle, DRM_CLOEXEC), -1);
	CHECK_INT(errno, ENOENT);
	/* the mapping outlives the object */
	CHECK(strcmp(pixels, "pixels") == 0);
	munmap(pixels, 8192);
	CHECK(fixture_mmap(&fixture, card, offset, 8192, PROT_READ) == MAP_FAILED);
	CHECK_INT(errno, EINVAL);
	teardown();
}

TEST(failed_create_gives_zeros)
{
	struct drm_mode_create_dumb args = {.width = 0, .height = 5, .bpp = 32, .handle = 7,
		.pitch = 8, .size = 9};

	setup();
	CHECK_ERRNO(IOCTL(card, DRM_IOCTL_MODE_CREATE_DUMB, &args), EINVAL);
	CHECK_INT(args.handle, 0);
	CHECK_INT(args.pitch, 0);
	CHECK_INT(args.size, 0);
	teardown();
}

TEST(mmap_of_the_device)
{
	setup();
	uint32_t handle = create(card);
	uint64_t offset = map_offset(card, handle);
	CHECK(fixture_mmap(&fixture, card, 0, 4096, PROT_READ) == MAP_FAILED);
	CHECK_INT(errno, EINVAL);
	CHECK(fixture_mmap(&fixture, card, offset + 4096, 4096, PROT_READ) == MAP_FAILED);
	CHECK_INT(errno, EINVAL);
	CHECK(fixture_mmap(&fixture, card, offset, 8193, PROT_READ) == MAP_FAILED);
	CHECK_INT(errno, EINVAL);
	CHECK(fixture_mmap(&fixture, other, offset, 8192, PROT_READ) == MAP_FAILED);
	CHECK_INT(errno, EACCES);
	/* a file opened read-only maps read-only */
	int read_only = fixture_open(&fixture, "/dev/dri/card0", O_RDONLY);
	CHECK(read_only >= 0);
	int dma_buf = export_fd(card, handle, DRM_CLOEXEC);
	offset = map_offset(read_only, import_fd(read_only, dma_buf));
	CHECK(fixture_mmap(&fixture, read_only, offset, 4096, PROT_READ | PROT_WRITE) ==
		MAP_FAILED);
	CHECK_INT(errno, EACCES);
	void *memory = fixture_mmap(&fixture, read_only, offset, 4096, PROT_READ);
	CHECK(memory != MAP_FAILED);
	munmap(memory, 4096);
	close(dma_buf);
	close(read_only);
	teardown();
}

TEST(prime_between_files)
{
	setup();
	uint32_t handle = create(card);
	CHECK_INT(export_fd(card, handle, 1), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(export_fd(card, 99, DRM_CLOEXEC), -1);
	CHECK_INT(errno, ENOENT);
	int dma_buf = export_fd(card, handle, DRM_CLOEXEC | DRM_RDWR);
	CHECK_INT(fcntl(dma_buf, F_GETFD), FD_CLOEXEC);
	int plain = export_fd(card, handle, 0);
	CHECK_INT(fcntl(plain, F_GETFD), 0);
	CHECK_INT(import_fd(card, plain), handle);
	int64_t imported = import_fd(other, dma_buf);
	CHECK(imported > 0);
	CHECK_INT(import_fd(other, plain), imported);
	/* both names of one memory */
	CHECK_INT(map_offset(card, handle), map_offset(other, imported));
	CHECK_INT(import_fd(other, 999), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(import_fd(other, card), -1); /* a device file is no dma-buf */
	CHECK_INT(errno, EINVAL);
	close(dma_buf);
	close(plain);
	teardown();
}

TEST(flink_between_files)
{
	struct drm_gem_flink flink = {0};
	struct drm_gem_open open_args = {0};

	setup();
	fixture.caller.uid = 0;
	int root = fixture_open_card(&fixture);
	flink.handle = create(card);
	CHECK_INT(IOCTL(card, DRM_IOCTL_GEM_FLINK, &flink), 0);
	open_args.name = flink.name;
	CHECK_INT(IOCTL(root, DRM_IOCTL_GEM_OPEN, &open_args), 0);
	CHECK_INT(open_args.size, 8192);
	CHECK_INT(map_offset(root, open_args.handle), map_offset(card, flink.handle));
	open_args.name = 1000;
	CHECK_ERRNO(IOCTL(root, DRM_IOCTL_GEM_OPEN, &open_args), ENOENT);
	flink.handle = 1000;
	CHECK_ERRNO(IOCTL(card, DRM_IOCTL_GEM_FLINK, &flink), ENOENT);
	close(root);
	teardown();
}

static int open_name(int fd, uint32_t name, uint32_t *handle)
{
	struct drm_gem_open args = {.name = name};
	int ret = IOCTL(fd, DRM_IOCTL_GEM_OPEN, &args);

	*handle = args.handle;
	return ret;
}

/* A mapping and a framebuffer keep the object; only handles keep its name. */
TEST(name_dies_with_the_last_handle)
{
	struct drm_gem_flink flink = {0};
	uint32_t second, third;

	setup();
	fixture.caller.uid = 0;
	int root = fixture_open_card(&fixture);
	flink.handle = create(card);
	CHECK_INT(IOCTL(card, DRM_IOCTL_GEM_FLINK, &flink), 0);
	uint64_t offset = map_offset(card, flink.handle);
	uint32_t *pixels = fixture_mmap(&fixture, card, offset, 8192, PROT_READ | PROT_WRITE);
	CHECK(pixels != MAP_FAILED);
	struct drm_mode_fb_cmd fb = {.width = 64, .height = 32, .pitch = 256, .bpp = 32,
		.depth = 24, .handle = flink.handle};
	CHECK_INT(IOCTL(card, DRM_IOCTL_MODE_ADDFB, &fb), 0);
	/* Another's handle keeps it when the owner's is gone. */
	CHECK_INT(open_name(root, flink.name, &second), 0);
	CHECK_INT(gem_close(card, flink.handle), 0);
	CHECK_INT(open_name(root, flink.name, &third), 0);
	CHECK_INT(gem_close(root, third), 0);
	if (second != third)
		CHECK_INT(gem_close(root, second), 0);
	CHECK_INT(open_name(root, flink.name, &third), -1);
	CHECK_INT(errno, ENOENT);
	CHECK_INT(fixture.dev->gem.object_count, 1);
	pixels[2047] = 0xabcdef;
	/* By the framebuffer there is a handle again, of the same memory, and without a name. */
	CHECK_INT(IOCTL(card, DRM_IOCTL_MODE_GETFB, &fb), 0);
	CHECK_INT(map_offset(card, fb.handle), offset);
	CHECK_INT(open_name(root, flink.name, &third), -1);
	flink = (struct drm_gem_flink){.handle = fb.handle};
	CHECK_INT(IOCTL(card, DRM_IOCTL_GEM_FLINK, &flink), 0);
	CHECK_INT(open_name(root, flink.name, &third), 0);
	CHECK_INT(pixels[2047], 0xabcdef);
	munmap(pixels, 8192);
	close(root);
	teardown();
}

TEST(close_frees_everything)
{
	setup();
	for (int i = 0; i < 50; i++)
		create(other);
	int dma_buf = export_fd(other, 1, DRM_CLOEXEC);
	CHECK_INT(fixture.dev->gem.object_count, 50);
	CHECK(fixture.dev->gem.object_bytes == 50 * 8192);
	close(other);
	other = fixture_open_card(&fixture);
	CHECK_INT(fixture.dev->gem.object_count, 0);
	CHECK_INT(fixture.dev->open_count, 2);
	close(dma_buf);
	teardown();
}

TEST(dup_is_the_same_file)
{
	setup();
	int copy = dup(card);
	uint32_t handle = create(copy);
	map_offset(card, handle);
	close(card);
	vfs_reap(fixture.vfs);
	card = copy;
	map_offset(card, handle);
	teardown();
}
