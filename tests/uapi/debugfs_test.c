/* debugfs and fdinfo of a card: the kernel's formats, and the numbers in them. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <drm_mode.h>

#include "uapi_debugfs.h"
#include "uapi_fixture.h"
#include "uapi_i915.h"
#include "vfs_text.h"

#define IOCTL(fd, request, arg) fixture_ioctl(&fixture, fd, request, arg)

static struct uapi_fixture fixture;
static struct uapi_debugfs *debugfs;

static void start(void)
{
	fixture_init(&fixture);
	CHECK_INT(uapi_debugfs_create(fixture.dev, fixture.vfs, 0, &debugfs), 0);
}

static void stop(void)
{
	uapi_debugfs_destroy(debugfs);
	CHECK_ERRNO(fixture_open(&fixture, UAPI_DEBUGFS_FOLDER "/0/name", O_RDONLY), ENXIO);
	fixture_finish(&fixture);
}

static const char *text_of_fd(int fd)
{
	static _Thread_local char text[1 << 16];
	ssize_t got = read(fd, text, sizeof(text) - 1);

	CHECK(got >= 0);
	text[got] = '\0';
	close(fd);
	return text;
}

static const char *text_of(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), UAPI_DEBUGFS_FOLDER "/0/%s", name);
	int fd = fixture_open(&fixture, path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	return text_of_fd(fd);
}

static const char *fdinfo_of(int fd)
{
	struct vfs_file *file;
	int text;

	CHECK_INT(vfs_file_from_fd(fixture.vfs, fd, &file), 0);
	CHECK_INT(vfs_file_fdinfo(file, &text), 0);
	vfs_file_put(file);
	return text_of_fd(text);
}

static void check_is(const char *text, const char *want)
{
	if (strcmp(text, want) != 0)
		test_fail(__FILE__, __LINE__, "text is:\n%s\nwant:\n%s", text, want);
}

static void check_has(const char *text, const char *want)
{
	if (!strstr(text, want))
		test_fail(__FILE__, __LINE__, "no '%s' in:\n%s", want, text);
}

static uint32_t create(int fd, uint32_t width, uint32_t height)
{
	struct drm_mode_create_dumb dumb = {.width = width, .height = height, .bpp = 32};

	CHECK_INT(IOCTL(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	return dumb.handle;
}

static void touch(int fd, uint32_t handle, size_t bytes)
{
	struct drm_mode_map_dumb map = {.handle = handle};

	CHECK_INT(IOCTL(fd, DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	char *memory = fixture_mmap(&fixture, fd, map.offset, bytes, PROT_READ | PROT_WRITE);
	CHECK(memory != MAP_FAILED);
	memset(memory, 1, bytes);
	munmap(memory, bytes);
}

static uint32_t flink(int fd, uint32_t handle)
{
	struct drm_gem_flink arg = {.handle = handle};

	CHECK_INT(IOCTL(fd, DRM_IOCTL_GEM_FLINK, &arg), 0);
	return arg.name;
}

TEST(name)
{
	start();
	check_is(text_of("name"), "testcard dev=testcard unique=testcard\n");
	stop();
}

TEST(gem_names)
{
	struct drm_gem_open open_arg = {0};

	start();
	check_is(text_of("gem_names"), "  name     size handles refcount\n");
	int master = fixture_open_card(&fixture);
	uint32_t first = create(master, 64, 64), second = create(master, 1024, 1024);
	CHECK_INT(flink(master, first), 1);
	open_arg.name = flink(master, second);
	CHECK_INT(open_arg.name, 2);
	CHECK_INT(IOCTL(master, DRM_IOCTL_GEM_OPEN, &open_arg), 0);
	check_is(text_of("gem_names"), "  name     size handles refcount\n"
		"     1    16384       1        1\n"
		"     2  4194304       2        2\n");
	CHECK_INT(IOCTL(master, DRM_IOCTL_GEM_CLOSE, &(struct drm_gem_close){.handle = first}), 0);
	check_is(text_of("gem_names"), "  name     size handles refcount\n"
		"     2  4194304       2        2\n");
	close(master);
	/* Names end with their last handle: the close has happened for who opens this. */
	check_is(text_of("gem_names"), "  name     size handles refcount\n");
	stop();
}

TEST(clients)
{
	char want[256], comm[16];
	struct drm_auth auth = {0};

	start();
	const char *header = "             command  tgid dev master a   uid      magic    id objects"
		"        total     resident\n";
	check_is(text_of("clients"), header);
	uapi_debugfs_comm(getpid(), comm);
	int master = fixture_open_card(&fixture), plain = fixture_open_card(&fixture);
	int render = fixture_open_render(&fixture);
	CHECK_INT(IOCTL(plain, DRM_IOCTL_GET_MAGIC, &auth), 0);
	uint32_t handle = create(plain, 64, 64);
	create(plain, 1024, 1024);
	touch(plain, handle, 16384);
	/* The latest first, as the kernel's list. */
	snprintf(want, sizeof(want), "%s%20s %5d 128   n    n  1000          0     3       0"
		"            0            0\n", header, comm, (int)getpid());
	check_has(text_of("clients"), want);
	snprintf(want, sizeof(want), "\n%20s %5d   0   n    n  1000          1     2       2"
		"      4210688        16384\n", comm, (int)getpid());
	check_has(text_of("clients"), want);
	snprintf(want, sizeof(want), "\n%20s %5d   0   y    y  1000          0     1       0"
		"            0            0\n", comm, (int)getpid());
	check_has(text_of("clients"), want);
	close(plain);
	close(render);
	close(master);
	check_is(text_of("clients"), header);
	stop();
}

TEST(fdinfo)
{
	struct drm_prime_handle prime = {.flags = DRM_CLOEXEC};

	start();
	int fd = fixture_open_card(&fixture), render = fixture_open_render(&fixture);
	check_is(fdinfo_of(render), "drm-driver:\ttestcard\ndrm-client-id:\t2\n"
		"drm-total-memory:\t0\ndrm-shared-memory:\t0\ndrm-active-memory:\t0\n"
		"drm-resident-memory:\t0\ndrm-purgeable-memory:\t0\n");
	uint32_t small = create(fd, 64, 64), large = create(fd, 1024, 1024);
	flink(fd, large); /* a name alone shares nothing */
	check_has(fdinfo_of(fd), "drm-total-memory:\t4112 KiB\ndrm-shared-memory:\t0\n");
	touch(fd, large, 4 << 20);
	check_has(fdinfo_of(fd), "drm-resident-memory:\t4 MiB\n");
	prime.handle = small;
	CHECK_INT(IOCTL(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
	check_has(fdinfo_of(fd), "drm-shared-memory:\t16 KiB\n");
	CHECK_INT(IOCTL(render, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), 0);
	check_has(fdinfo_of(render), "drm-total-memory:\t16 KiB\ndrm-shared-memory:\t16 KiB\n");
	close(prime.fd);
	close(render);
	close(fd);
	stop();
}

TEST(fdinfo_of_a_pci_card)
{
	struct vfs_node node;
	struct uapi_device *i915;

	start();
	CHECK_INT(uapi_device_create(kms_device_desc_default(), "i915", NULL, &i915), 0);
	uapi_node_init(&node, i915, UAPI_NODE_PRIMARY, 1);
	CHECK_INT(vfs_add_node(fixture.vfs, &node), 0);
	int fd = fixture_open(&fixture, "/dev/dri/card1", O_RDWR);
	check_has(fdinfo_of(fd), "drm-driver:\ti915\ndrm-client-id:\t1\ndrm-pdev:\t0000:00:03.0\n");
	close(fd);
	vfs_reap(fixture.vfs);
	vfs_remove_node(fixture.vfs, &node);
	uapi_device_destroy(i915);
	stop();
}

TEST(framebuffer_and_state)
{
	struct drm_mode_fb_cmd2 fb = {.width = 1024, .height = 768,
		.pixel_format = DRM_FORMAT_XRGB8888, .pitches = {4096}};
	char want[512], comm[16];

	start();
	struct kms_device *kms = fixture.dev->kms;
	uint32_t connector = kms->connectors[0].base.id;
	struct drm_mode_crtc crtc = {.crtc_id = kms->crtcs[0].base.id, .mode_valid = 1,
		.mode = kms->connectors[0].modes[0], .count_connectors = 1,
		.set_connectors_ptr = (uintptr_t)&connector};
	check_is(text_of("framebuffer"), "");
	snprintf(want, sizeof(want), "plane[%u]: plane-0\n\tcrtc=(null)\n\tfb=0\n"
		"\tcrtc-pos=0x0+0+0\n\tsrc-pos=0.000000x0.000000+0.000000+0.000000\n",
		kms->planes[0].base.id);
	check_has(text_of("state"), want);
	int fd = fixture_open_card(&fixture);
	fb.handles[0] = create(fd, 1024, 768);
	flink(fd, fb.handles[0]);
	CHECK_INT(IOCTL(fd, DRM_IOCTL_MODE_ADDFB2, &fb), 0);
	uapi_debugfs_comm(getpid(), comm);
	snprintf(want, sizeof(want), "framebuffer[%u]:\n\tallocated by = %s\n\trefcount=1\n"
		"\tformat=XR24 little-endian (0x34325258)\n\tmodifier=0x0\n\tsize=1024x768\n"
		"\tlayers:\n\t\tpitch[0]=4096\n\t\toffset[0]=0\n\t\tobj[0]:\n\t\t\tname=1\n"
		"\t\t\trefcount=2\n\t\t\tsize=3145728\n\t\t\timported=no\n", fb.fb_id, comm);
	check_is(text_of("framebuffer"), want);
	crtc.fb_id = fb.fb_id;
	CHECK_INT(IOCTL(fd, DRM_IOCTL_MODE_SETCRTC, &crtc), 0);
	snprintf(want, sizeof(want), "plane[%u]: plane-0\n\tcrtc=crtc-0\n\tfb=%u\n"
		"\t\tallocated by = %s\n", kms->planes[0].base.id, fb.fb_id, comm);
	check_has(text_of("state"), want);
	check_has(text_of("state"), "\tcrtc-pos=1024x768+0+0\n"
		"\tsrc-pos=1024.000000x768.000000+0.000000+0.000000\n");
	snprintf(want, sizeof(want), "crtc[%u]: crtc-0\n\tenable=1\n\tactive=1\n\tplane_mask=1\n"
		"\tconnector_mask=1\n\tencoder_mask=1\n\tmode: \"1024x768\": 60 65000 1024",
		crtc.crtc_id);
	check_has(text_of("state"), want);
	snprintf(want, sizeof(want), "connector[%u]: Virtual-1\n\tcrtc=crtc-0\n", connector);
	check_has(text_of("state"), want);
	close(fd);
	stop();
}

/* Names end with the last handle, though a framebuffer, a mapping and a dma-buf stay. */
TEST(names_end_with_the_last_handle)
{
	struct drm_mode_fb_cmd2 fb = {.width = 64, .height = 64, .pitches = {256},
		.pixel_format = DRM_FORMAT_XRGB8888};
	struct drm_prime_handle prime = {.flags = DRM_CLOEXEC};
	struct drm_mode_map_dumb map = {0};
	struct drm_gem_open open_arg = {0};

	start();
	int fd = fixture_open_card(&fixture);
	fb.handles[0] = prime.handle = map.handle = create(fd, 64, 64);
	CHECK_INT(IOCTL(fd, DRM_IOCTL_MODE_ADDFB2, &fb), 0);
	CHECK_INT(IOCTL(fd, DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	void *memory = fixture_mmap(&fixture, fd, map.offset, 16384, PROT_READ);
	CHECK(memory != MAP_FAILED);
	CHECK_INT(IOCTL(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
	open_arg.name = flink(fd, map.handle);
	CHECK_INT(flink(fd, map.handle), open_arg.name);
	struct drm_gem_close closing = {.handle = map.handle};
	CHECK_INT(IOCTL(fd, DRM_IOCTL_GEM_CLOSE, &closing), 0);
	CHECK_INT(fixture.dev->gem.object_count, 1);
	CHECK_ERRNO(IOCTL(fd, DRM_IOCTL_GEM_OPEN, &open_arg), ENOENT);
	CHECK_ERRNO(IOCTL(fd, DRM_IOCTL_GEM_CLOSE, &closing), EINVAL);
	CHECK_ERRNO(IOCTL(fd, DRM_IOCTL_GEM_FLINK, &(struct drm_gem_flink){.handle = 77}), ENOENT);
	/* The dma-buf brings the object back, unnamed; its next name is the lowest free one. */
	CHECK_INT(IOCTL(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), 0);
	CHECK_INT(fixture.dev->gem.object_count, 1);
	check_is(text_of("gem_names"), "  name     size handles refcount\n");
	CHECK_INT(flink(fd, prime.handle), 1);
	munmap(memory, 16384);
	close(prime.fd);
	close(fd);
	stop();
}

/* ---- threads: who reads meets who opens, authenticates and closes ---- */

enum { ROUNDS = 300 };

static void *client(void *unused)
{
	struct drm_auth auth = {0};

	for (int i = 0; i < ROUNDS; i++) {
		int fd = fixture_open_card(&fixture);
		uint32_t handle = create(fd, 64, 64);
		CHECK_INT(IOCTL(fd, DRM_IOCTL_GET_MAGIC, &auth), 0);
		if (i % 2)
			IOCTL(fd, DRM_IOCTL_GEM_FLINK, &(struct drm_gem_flink){.handle = handle});
		fdinfo_of(fd);
		close(fd);
	}
	return NULL;
}

static void *authenticator(void *arg)
{
	int master = *(int *)arg;

	for (int i = 0; i < ROUNDS; i++) {
		for (uint32_t magic = 1; magic < 5; magic++) {
			int ret = IOCTL(master, DRM_IOCTL_AUTH_MAGIC, &(struct drm_auth){magic});
			CHECK(ret == 0 || errno == EINVAL);
		}
	}
	return NULL;
}

static void *reader(void *unused)
{
	static const char *const names[] = {"clients", "gem_names", "framebuffer", "state"};
	char path[64];

	for (int i = 0; i < ROUNDS; i++) {
		snprintf(path, sizeof(path), UAPI_DEBUGFS_FOLDER "/0/%s", names[i % 4]);
		int fd = fixture_open(&fixture, path, O_RDONLY | O_CLOEXEC);
		CHECK(fd >= 0);
		close(fd);
	}
	return NULL;
}

TEST(readers_meet_closing_clients)
{
	void *(*const mains[])(void *) = {client, authenticator, reader, client};
	pthread_t threads[GEM_ARRAY_SIZE(mains)];

	start();
	int master = fixture_open_card(&fixture);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(mains); i++)
		CHECK_INT(pthread_create(&threads[i], NULL, mains[i], &master), 0);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(mains); i++)
		pthread_join(threads[i], NULL);
	close(master);
	vfs_reap(fixture.vfs);
	CHECK_INT(fixture.dev->gem.object_count, 0);
	CHECK_INT(fixture.dev->gem.name_idr.count, 0);
	stop();
}

/* The object's handle, or -1 and errno. */
static int create_in(int fd, uint64_t size, unsigned count, const uint16_t *classes)
{
	struct drm_i915_gem_memory_class_instance regions[4] = {0};
	struct drm_i915_gem_create_ext_memory_regions where = {
		.base.name = I915_GEM_CREATE_EXT_MEMORY_REGIONS,
		.num_regions = count,
		.regions = (uintptr_t)regions,
	};
	struct drm_i915_gem_create_ext args = {.size = size, .extensions = (uintptr_t)&where};

	for (unsigned i = 0; i < count; i++)
		regions[i].memory_class = classes[i];
	return IOCTL(fd, DRM_IOCTL_I915_GEM_CREATE_EXT, &args) ? -1 : (int)args.handle;
}

static void close_handle(int fd, uint32_t handle)
{
	struct drm_gem_close args = {.handle = handle};

	CHECK_INT(IOCTL(fd, DRM_IOCTL_GEM_CLOSE, &args), 0);
}

TEST(objects_are_where_they_were_asked_for)
{
	static const uint16_t stolen[] = {UAPI_MEMORY_CLASS_STOLEN};
	static const uint16_t phys[] = {UAPI_MEMORY_CLASS_PHYS};
	static const uint16_t either[] = {UAPI_MEMORY_CLASS_STOLEN, I915_MEMORY_CLASS_SYSTEM};

	start();
	int fd = fixture_open_card(&fixture);
	check_has(text_of("i915_gem_objects"), "stolen: total:8388608, used:0 bytes\n");
	int first = create_in(fd, 6 << 20, 1, stolen);
	CHECK(first > 0);
	check_has(text_of("i915_gem_objects"), "stolen: total:8388608, used:6291456 bytes\n");
	/* A place that is contiguous, or none. */
	CHECK_ERRNO(create_in(fd, 4 << 20, 1, stolen), ENOSPC);
	int second = create_in(fd, 4 << 20, 2, either);
	CHECK(second > 0);
	check_has(text_of("i915_gem_objects"), "stolen: total:8388608, used:6291456 bytes\n");
	int third = create_in(fd, 1 << 20, 1, phys);
	CHECK(third > 0);
	check_has(text_of("i915_gem_objects"), "phys: total:67108864, used:1048576 bytes\n");
	check_has(text_of("i915_gem_objects"), "3 objects, 11534336 bytes\n");
	close_handle(fd, first);
	close_handle(fd, third);
	check_has(text_of("i915_gem_objects"), "stolen: total:8388608, used:0 bytes\n");
	check_has(text_of("i915_gem_objects"), "phys: total:67108864, used:0 bytes\n");
	close_handle(fd, second);
	close(fd);
	stop();
}

TEST(cursor_image_goes_to_phys)
{
	start();
	int fd = fixture_open_card(&fixture);
	uint32_t image = create(fd, 64, 64);
	touch(fd, image, 64 * 64 * 4);
	struct drm_mode_cursor cursor = {
		.flags = DRM_MODE_CURSOR_BO,
		.crtc_id = fixture.dev->kms->crtcs[0].base.id,
		.width = 64, .height = 64, .handle = image,
	};
	CHECK_INT(IOCTL(fd, DRM_IOCTL_MODE_CURSOR, &cursor), 0);
	check_has(text_of("i915_gem_objects"), "phys: total:67108864, used:16384 bytes\n");
	/* What is shared stays where it is, and is shown all the same. */
	uint32_t shared = create(fd, 64, 64);
	struct drm_prime_handle prime = {.handle = shared, .flags = DRM_CLOEXEC};
	CHECK_INT(IOCTL(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
	cursor.handle = shared;
	CHECK_INT(IOCTL(fd, DRM_IOCTL_MODE_CURSOR, &cursor), 0);
	check_has(text_of("i915_gem_objects"), "phys: total:67108864, used:16384 bytes\n");
	close(prime.fd);
	close(fd);
	stop();
}

TEST(tiled_maps_are_in_the_aperture)
{
	start();
	int fd = fixture_open_card(&fixture);
	check_has(text_of("i915_gem_gtt"), "0 bindings, 0 bytes pinned, 0 evictions; "
		"512 MiB, of which 256 MiB mappable\n");
	check_has(text_of("i915_gem_fence_regs"), "Total fences = 16\nFence 0, pin count = 0, unused\n");
	struct drm_i915_gem_create object = {.size = 1 << 20};
	CHECK_INT(IOCTL(fd, DRM_IOCTL_I915_GEM_CREATE, &object), 0);
	struct drm_i915_gem_set_tiling tiling = {.handle = object.handle,
		.tiling_mode = I915_TILING_X, .stride = 2048};
	CHECK_INT(IOCTL(fd, DRM_IOCTL_I915_GEM_SET_TILING, &tiling), 0);
	struct drm_i915_gem_mmap_gtt map = {.handle = object.handle};
	CHECK_INT(IOCTL(fd, DRM_IOCTL_I915_GEM_MMAP_GTT, &map), 0);
	void *memory = fixture_mmap(&fixture, fd, map.offset, 1 << 20, PROT_READ | PROT_WRITE);
	CHECK(memory != MAP_FAILED);
	check_has(text_of("i915_gem_gtt"), "0000000000000000-0000000000100000     1024KiB shmem "
		"(fence: 0)\n");
	check_has(text_of("i915_gem_fence_regs"),
		"Fence 0, pin count = 0, X tiled, stride 2048, 0000000000000000 1024KiB\n");
	munmap(memory, 1 << 20);
	close(fd);
	vfs_reap(fixture.vfs);
	check_has(text_of("i915_gem_fence_regs"), "Fence 0, pin count = 0, unused\n");
	stop();
}
