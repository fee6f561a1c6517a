/*
 * Two cards in one server: what is drawn on card0 is shown by card1, whoever ends
 * first; and memory of a client that means harm is shown without harm.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <drm_mode.h>

#include "kms_sink.h"
#include "uapi_fixture.h"

#define IOCTL(fd, request, arg) fixture_ioctl(&fixture, fd, request, arg)

enum { WIDTH = 1024, HEIGHT = 768, SIZE = WIDTH * HEIGHT * 4 };

static struct uapi_fixture fixture; /* card0 */
static struct uapi_device *second;
static struct vfs_node second_node;

static void cards_start(void)
{
	fixture_init(&fixture);
	CHECK_INT(uapi_device_create(kms_device_desc_default(), NULL, NULL, &second), 0);
	uapi_node_init(&second_node, second, UAPI_NODE_PRIMARY, 1);
	CHECK_INT(vfs_add_node(fixture.vfs, &second_node), 0);
}

static void cards_stop(void)
{
	/* Closes the files of both. */
	vfs_reap(fixture.vfs);
	CHECK_INT(second->gem.object_count, 0);
	fixture_finish(&fixture);
	CHECK_INT(second->gem.object_count, 0);
	uapi_device_destroy(second);
}

static int open_second(void)
{
	int fd = fixture_open(&fixture, "/dev/dri/card1", O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static uint32_t colour_at(uint32_t x, uint32_t y, uint32_t salt)
{
	return (x * 7 + y * 1031 + salt * 77773) & 0xffffff;
}

static void draw(uint32_t *pixels, uint32_t salt)
{
	for (uint32_t y = 0; y < HEIGHT; y++) {
		for (uint32_t x = 0; x < WIDTH; x++)
			pixels[y * WIDTH + x] = colour_at(x, y, salt);
	}
}

/* All pixels of what dev scans out. black: zeros instead of the drawing. */
static void check_shown(struct uapi_device *dev, uint32_t salt, bool black)
{
	uint32_t width, height, *pixels;
	uint64_t sequence;

	CHECK_INT(kms_screenshot(&dev->kms->crtcs[0], (uint8_t **)&pixels, &width, &height,
		&sequence), 0);
	CHECK_INT(width, WIDTH);
	CHECK_INT(height, HEIGHT);
	for (uint32_t y = 0; y < HEIGHT; y++) {
		for (uint32_t x = 0; x < WIDTH; x++) {
			uint32_t want = black ? 0 : colour_at(x, y, salt);
			if ((pixels[y * WIDTH + x] & 0xffffff) != want)
				test_fail(__FILE__, __LINE__, "pixel %u,%u is %06x, want %06x", x,
					y, pixels[y * WIDTH + x], want);
		}
	}
	free(pixels);
}

static uint32_t create(int fd, uint32_t **pixels)
{
	struct drm_mode_create_dumb dumb = {.width = WIDTH, .height = HEIGHT, .bpp = 32};
	struct drm_mode_map_dumb map = {0};

	CHECK_INT(IOCTL(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	CHECK_INT(dumb.size, SIZE);
	map.handle = dumb.handle;
	CHECK_INT(IOCTL(fd, DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	*pixels = fixture_mmap(&fixture, fd, map.offset, SIZE, PROT_READ | PROT_WRITE);
	CHECK(*pixels != MAP_FAILED);
	return dumb.handle;
}

static int export(int fd, uint32_t handle)
{
	struct drm_prime_handle prime = {.handle = handle, .flags = DRM_RDWR | DRM_CLOEXEC};

	CHECK_INT(IOCTL(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
	return prime.fd;
}

static uint32_t import(int fd, int dma_buf)
{
	struct drm_prime_handle prime = {.fd = dma_buf};

	CHECK_INT(IOCTL(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), 0);
	CHECK(prime.handle != 0);
	return prime.handle;
}

static void close_handle(int fd, uint32_t handle)
{
	CHECK_INT(IOCTL(fd, DRM_IOCTL_GEM_CLOSE, &(struct drm_gem_close){.handle = handle}), 0);
}

/* The framebuffer, on dev's screen. */
static uint32_t show(struct uapi_device *dev, int fd, uint32_t handle)
{
	struct drm_mode_fb_cmd2 fb = {.width = WIDTH, .height = HEIGHT, .handles = {handle},
		.pixel_format = DRM_FORMAT_XRGB8888, .pitches = {WIDTH * 4}};
	uint32_t connector = dev->kms->connectors[0].base.id;
	struct drm_mode_crtc crtc = {.crtc_id = dev->kms->crtcs[0].base.id, .mode_valid = 1,
		.mode = dev->kms->connectors[0].modes[0], .count_connectors = 1,
		.set_connectors_ptr = (uintptr_t)&connector};

	CHECK_INT(IOCTL(fd, DRM_IOCTL_MODE_ADDFB2, &fb), 0);
	crtc.fb_id = fb.fb_id;
	CHECK_INT(IOCTL(fd, DRM_IOCTL_MODE_SETCRTC, &crtc), 0);
	return fb.fb_id;
}

static struct gem_object *object_of(struct uapi_device *dev, int fd, uint32_t handle)
{
	struct vfs_file *file;
	struct gem_object *obj;

	CHECK_INT(vfs_file_from_fd(fixture.vfs, fd, &file), 0);
	CHECK_INT(gem_object_lookup(&gem_container_of(file, struct uapi_file, base)->gem, handle,
		&obj), 0);
	vfs_file_put(file);
	gem_object_put(obj); /* the handle keeps it */
	CHECK(obj->dev == &dev->gem);
	return obj;
}

TEST(drawn_on_one_shown_on_the_other)
{
	uint32_t *pixels;

	cards_start();
	int a = fixture_open_card(&fixture), b = open_second();
	uint32_t handle = create(a, &pixels);
	int dma_buf = export(a, handle);
	uint32_t imported = import(b, dma_buf);
	draw(pixels, 1);
	show(second, b, imported);
	check_shown(second, 1, false);
	draw(pixels, 2);
	check_shown(second, 2, false);
	/* Both show it at once. */
	show(fixture.dev, a, handle);
	check_shown(fixture.dev, 2, false);
	/* The exporter's client dies; what it drew stays, and can still be drawn to. */
	close(dma_buf);
	close(a);
	vfs_reap(fixture.vfs);
	check_shown(second, 2, false);
	draw(pixels, 3);
	check_shown(second, 3, false);
	CHECK_INT(fixture.dev->gem.object_count, 1);
	munmap(pixels, SIZE);
	/* The importer's close lets go of the exporter's memory. */
	close(b);
	vfs_reap(fixture.vfs);
	CHECK_INT(second->gem.object_count, 0);
	CHECK_INT(fixture.dev->gem.object_count, 0);
	cards_stop();
}

TEST(identity)
{
	uint32_t *pixels;

	cards_start();
	int a = fixture_open_card(&fixture), b = open_second(), c = open_second();
	uint32_t handle = create(a, &pixels);
	struct gem_object *obj = object_of(fixture.dev, a, handle);
	int first = export(a, handle), again = export(a, handle);
	CHECK_INT(import(a, first), handle);
	CHECK_INT(import(a, again), handle);
	uint32_t imported = import(b, first);
	CHECK_INT(import(b, again), imported);
	struct gem_object *other = object_of(second, b, imported);
	CHECK(other != obj && other->import_attach && !obj->import_attach);
	CHECK_INT(other->size, obj->size);
	/* Another file of that card gets the same object, with a handle of its own. */
	CHECK(object_of(second, c, import(c, first)) == other);
	CHECK_INT(other->handle_count, 2);
	/* While shared the object is pinned in place. */
	CHECK(obj->mm.shared && other->mm.shared);
	/* What the importer exports is the exporter's dma-buf. */
	int back = export(b, imported);
	CHECK_INT(import(a, back), handle);
	/* It is not the importer's to map as its own dumb buffer. */
	struct drm_mode_map_dumb map = {.handle = imported};
	CHECK_ERRNO(IOCTL(b, DRM_IOCTL_MODE_MAP_DUMB, &map), EINVAL);
	/* Names are of one card. */
	struct drm_gem_flink flink = {.handle = imported};
	CHECK_INT(IOCTL(b, DRM_IOCTL_GEM_FLINK, &flink), 0);
	CHECK_INT(flink.name, 1);
	CHECK_INT(obj->name, 0);
	close_handle(b, imported);
	CHECK(import(b, first) != 0);
	munmap(pixels, SIZE);
	for (const int *fd = (int[]){first, again, back, a, b, c, -1}; *fd >= 0; fd++)
		close(*fd);
	cards_stop();
}

/* The exporter's object went, a dma-buf was kept: it is the same memory when it returns. */
TEST(dma_buf_outlives_its_object)
{
	uint32_t *pixels;

	cards_start();
	int a = fixture_open_card(&fixture), b = open_second();
	uint32_t handle = create(a, &pixels);
	int dma_buf = export(a, handle);
	draw(pixels, 4);
	close_handle(a, handle);
	CHECK_INT(fixture.dev->gem.object_count, 0);
	uint32_t imported = import(b, dma_buf);
	show(second, b, imported);
	check_shown(second, 4, false);
	munmap(pixels, SIZE);
	close(dma_buf);
	close(a);
	close(b);
	cards_stop();
}

/* ---- a client's own memory ---- */

/* A memfd is shown; then its owner truncates it. Sealed at import: it cannot. */
static void show_and_truncate(unsigned flags, bool can)
{
	cards_start();
	int b = open_second();
	int memory = memfd_create("mine", MFD_CLOEXEC | flags);
	CHECK_INT(ftruncate(memory, SIZE), 0);
	uint32_t *pixels = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	draw(pixels, 5);
	uint32_t handle = import(b, memory);
	show(second, b, handle);
	check_shown(second, 5, false);
	if (can) {
		CHECK_INT(ftruncate(memory, 0), 0);
		check_shown(second, 5, true);
		/* Given back, it may be shown as it is then, or as zeros; but shown. */
		CHECK_INT(ftruncate(memory, SIZE), 0);
		check_shown(second, 5, true);
	} else {
		CHECK_ERRNO(ftruncate(memory, 0), EPERM);
		check_shown(second, 5, false);
	}
	munmap(pixels, SIZE);
	close(memory);
	close(b);
	cards_stop();
}

TEST(truncated_while_shown)
{
	show_and_truncate(0, true);
}

TEST(sealed_at_import)
{
	show_and_truncate(MFD_ALLOW_SEALING, false);
}

struct bad_row {
	const char *name;
	int (*make)(void);
	int error;
};

static int make_write_sealed(void)
{
	int fd = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	CHECK_INT(ftruncate(fd, SIZE), 0);
	CHECK_INT(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	return fd;
}

static int make_empty(void)
{
	return memfd_create("empty", MFD_CLOEXEC);
}

static int make_unaligned(void)
{
	int fd = memfd_create("unaligned", MFD_CLOEXEC);

	CHECK_INT(ftruncate(fd, SIZE + 1), 0);
	return fd;
}

static int make_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int make_pipe(void)
{
	int ends[2];

	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	close(ends[1]);
	return ends[0];
}

static int make_file(void)
{
	return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

static int make_folder(void)
{
	return open("/", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
}

static int make_device(void)
{
	return open("/dev/zero", O_RDWR | O_CLOEXEC);
}

static int make_card(void)
{
	return fixture_open_card(&fixture);
}

static int make_nothing(void)
{
	return -1;
}

static const struct bad_row bad_rows[] = {
	{"memfd sealed against writing", make_write_sealed, EINVAL},
	{"empty memfd", make_empty, EINVAL},
	{"memfd of no whole pages", make_unaligned, EINVAL},
	{"socket", make_socket, EINVAL},
	{"pipe", make_pipe, EINVAL},
	{"file", make_file, EINVAL},
	{"folder", make_folder, EINVAL},
	{"device", make_device, EINVAL},
	{"a card", make_card, EINVAL},
	{"no descriptor", make_nothing, EBADF},
};

TEST_ROWS(no_dma_buf, struct bad_row, bad_rows)
{
	struct drm_prime_handle prime = {0};

	cards_start();
	int b = open_second();
	prime.fd = row->make();
	CHECK_ERRNO(IOCTL(b, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), row->error);
	CHECK_INT(second->gem.object_count, 0);
	if (prime.fd >= 0)
		close(prime.fd);
	close(b);
	cards_stop();
}
