/*
 * libdrm's calls through the door: one source, run in process (preload_self.c)
 * and in another process (preload_client.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include "preload_test.h"
#include "test.h"

#define CARD "/dev/dri/card0"

enum { WIDTH = 64, HEIGHT = 48, THREADS = 64, ROUNDS = 50 };

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

TEST(door_version)
{
	int fd = begin();
	drmVersion *version = drmGetVersion(fd);
	struct drm_version bare = {0};
	char name[8] = "zzzzzzz";

	CHECK(version);
	CHECK(!strcmp(version->name, "testcard"));
	CHECK_INT(version->name_len, 8);
	CHECK(version->desc_len > 0 && strlen(version->desc) == (size_t)version->desc_len);
	drmFreeVersion(version);
	/* A short buffer gets what fits; the length is the whole one. */
	bare.name = name;
	bare.name_len = 4;
	CHECK_INT(ioctl(fd, DRM_IOCTL_VERSION, &bare), 0);
	CHECK(!memcmp(name, "testzzz", 8));
	CHECK_INT(bare.name_len, 8);
	end(fd);
}

TEST(door_lists)
{
	int fd = begin();
	drmModeRes *res;
	drmModeConnector *connector;

	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1), 0);
	res = drmModeGetResources(fd);
	CHECK(res);
	CHECK_INT(res->count_crtcs, 1);
	CHECK_INT(res->count_connectors, 1);
	connector = drmModeGetConnector(fd, res->connectors[0]);
	CHECK(connector);
	CHECK_INT(connector->connection, DRM_MODE_CONNECTED);
	CHECK(connector->count_modes > 3);
	/* Whichever an earlier test made the preferred one, all are 4:3. */
	CHECK(connector->modes[0].type & DRM_MODE_TYPE_PREFERRED);
	CHECK_INT(connector->modes[0].vdisplay, connector->modes[0].hdisplay * 3 / 4);
	CHECK_INT(connector->count_encoders, 1);
	CHECK_INT(connector->encoders[0], res->encoders[0]);

	bool edid = false;
	for (int i = 0; i < connector->count_props; i++) {
		drmModePropertyRes *prop = drmModeGetProperty(fd, connector->props[i]);
		CHECK(prop);
		if (!strcmp(prop->name, "EDID")) {
			drmModePropertyBlobRes *blob =
				drmModeGetPropertyBlob(fd, connector->prop_values[i]);
			CHECK(blob && blob->length >= 128);
			CHECK(!memcmp(blob->data, "\x00\xff\xff\xff\xff\xff\xff\x00", 8));
			drmModeFreePropertyBlob(blob);
			edid = true;
		} else if (!strcmp(prop->name, "DPMS")) {
			CHECK_INT(prop->count_enums, 4);
			CHECK(!strcmp(prop->enums[3].name, "Off"));
		}
		drmModeFreeProperty(prop);
	}
	CHECK(edid);
	drmModeFreeConnector(connector);
	drmModeFreeResources(res);

	drmModePlaneRes *planes = drmModeGetPlaneResources(fd);
	CHECK(planes && planes->count_planes == 4);
	for (unsigned i = 0; i < planes->count_planes; i++) {
		drmModePlane *plane = drmModeGetPlane(fd, planes->planes[i]);
		CHECK(plane && plane->count_formats > 0 && plane->formats[0] != 0);
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(planes);
	end(fd);
}

/* The kernel writes what it has and leaves the rest of a longer array alone. */
TEST(door_writes_no_more_than_it_has)
{
	int fd = begin();
	uint32_t crtcs[16], connectors[16];
	struct drm_mode_card_res res = {
		.crtc_id_ptr = (uintptr_t)crtcs, .count_crtcs = 16,
		.connector_id_ptr = (uintptr_t)connectors, .count_connectors = UINT32_MAX,
	};

	memset(crtcs, 0x5a, sizeof(crtcs));
	memset(connectors, 0x5a, sizeof(connectors));
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), 0);
	CHECK_INT(res.count_crtcs, 1);
	CHECK_INT(res.count_connectors, 1);
	CHECK(crtcs[0] != 0x5a5a5a5a && connectors[0] != 0x5a5a5a5a);
	for (int i = 1; i < 16; i++) {
		CHECK_INT(crtcs[i], 0x5a5a5a5a);
		CHECK_INT(connectors[i], 0x5a5a5a5a);
	}
	end(fd);
}

static uint32_t create(int fd, uint32_t *pitch, uint64_t *size)
{
	struct drm_mode_create_dumb dumb = {.width = WIDTH, .height = HEIGHT, .bpp = 32};

	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	*pitch = dumb.pitch;
	*size = dumb.size;
	return dumb.handle;
}

static uint32_t *map(int fd, uint32_t handle, size_t size)
{
	struct drm_mode_map_dumb request = {.handle = handle};
	uint32_t *pixels;

	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &request), 0);
	pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, request.offset);
	CHECK(pixels != MAP_FAILED);
	return pixels;
}

TEST(door_prime_between_files)
{
	int fd = begin(), second = open(CARD, O_RDWR | O_CLOEXEC), dmabuf, inherited;
	uint32_t pitch, handle, imported, again;
	uint64_t size;
	struct stat st, st2;

	handle = create(fd, &pitch, &size);
	uint32_t *pixels = map(fd, handle, size);
	for (unsigned i = 0; i < size / 4; i++)
		pixels[i] = 0xff000000u + i * 3;
	CHECK_INT(drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), 0);
	CHECK_INT(fcntl(dmabuf, F_GETFD), FD_CLOEXEC);
	CHECK_INT(drmPrimeHandleToFD(fd, handle, DRM_RDWR, &inherited), 0);
	CHECK_INT(fcntl(inherited, F_GETFD), 0);
	CHECK_INT(lseek(dmabuf, 0, SEEK_END), size);
	CHECK_INT(fstat(dmabuf, &st), 0);
	CHECK_INT(fstat(inherited, &st2), 0);
	CHECK(st.st_ino == st2.st_ino);

	CHECK_INT(drmPrimeFDToHandle(second, dmabuf, &imported), 0);
	CHECK_INT(drmPrimeFDToHandle(second, inherited, &again), 0);
	CHECK_INT(again, imported);
	uint32_t *seen = map(second, imported, size);
	CHECK_INT(seen[size / 4 - 1], pixels[size / 4 - 1]);
	seen[0] = 42;
	CHECK_INT(pixels[0], 42);
	munmap(seen, size);
	munmap(pixels, size);
	close(dmabuf);
	close(inherited);
	close(second);
	end(fd);
}

TEST(door_prime_bad_descriptors)
{
	int fd = begin(), ends[2];
	uint32_t handle = 0;
	struct drm_prime_handle unknown = {.handle = 9999, .flags = DRM_CLOEXEC, .fd = -7};

	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	CHECK_ERRNO(drmPrimeFDToHandle(fd, -1, &handle), EBADF);
	CHECK_ERRNO(drmPrimeFDToHandle(fd, 5555, &handle), EBADF);
	CHECK_ERRNO(drmPrimeFDToHandle(fd, ends[0], &handle), EINVAL);
	CHECK_ERRNO(drmPrimeFDToHandle(fd, fd, &handle), EINVAL);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &unknown), ENOENT);
	close(ends[0]);
	close(ends[1]);
	end(fd);
}

static uint32_t property(int fd, uint32_t object, uint32_t type, const char *name)
{
	drmModeObjectProperties *list = drmModeObjectGetProperties(fd, object, type);
	uint32_t id = 0;

	CHECK(list);
	for (unsigned i = 0; i < list->count_props && !id; i++) {
		drmModePropertyRes *prop = drmModeGetProperty(fd, list->props[i]);
		CHECK(prop);
		if (!strcmp(prop->name, name))
			id = prop->prop_id;
		drmModeFreeProperty(prop);
	}
	drmModeFreeObjectProperties(list);
	CHECK(id);
	return id;
}

TEST(door_atomic_test_only)
{
	int fd = begin();
	uint32_t blob;

	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1), 0);
	drmModeRes *res = drmModeGetResources(fd);
	drmModeConnector *connector = drmModeGetConnector(fd, res->connectors[0]);
	uint32_t crtc = res->crtcs[0];

	CHECK_INT(drmModeCreatePropertyBlob(fd, &connector->modes[0],
		sizeof(connector->modes[0]), &blob), 0);
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	drmModeAtomicAddProperty(request, crtc,
		property(fd, crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID"), blob);
	drmModeAtomicAddProperty(request, crtc,
		property(fd, crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE"), 1);
	drmModeAtomicAddProperty(request, connector->connector_id,
		property(fd, connector->connector_id, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID"), crtc);
	CHECK_INT(drmModeAtomicCommit(fd, request,
		DRM_MODE_ATOMIC_TEST_ONLY | DRM_MODE_ATOMIC_ALLOW_MODESET, NULL), 0);
	/* Without leave to set a mode the same is refused; with a wrong object too. */
	CHECK_INT(drmModeAtomicCommit(fd, request, DRM_MODE_ATOMIC_TEST_ONLY, NULL), -EINVAL);
	drmModeAtomicAddProperty(request, 99999, 1, 1);
	CHECK_INT(drmModeAtomicCommit(fd, request,
		DRM_MODE_ATOMIC_TEST_ONLY | DRM_MODE_ATOMIC_ALLOW_MODESET, NULL), -ENOENT);
	drmModeAtomicFree(request);
	CHECK_INT(drmModeDestroyPropertyBlob(fd, blob), 0);
	drmModeFreeConnector(connector);
	drmModeFreeResources(res);
	end(fd);
}

TEST(door_blob_comes_back)
{
	/* Above what fits in a packet of the wire. */
	static uint8_t data[200000];
	int fd = begin();
	uint32_t id;

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + i / 251;
	for (unsigned size = 1; size <= sizeof(data); size = size < 20 ? 49000 : size * 2) {
		CHECK_INT(drmModeCreatePropertyBlob(fd, data, size, &id), 0);
		drmModePropertyBlobRes *blob = drmModeGetPropertyBlob(fd, id);
		CHECK(blob);
		CHECK_INT(blob->length, size);
		CHECK(!memcmp(blob->data, data, size));
		drmModeFreePropertyBlob(blob);
		CHECK_INT(drmModeDestroyPropertyBlob(fd, id), 0);
	}
	end(fd);
}

static void *make_buffers(void *data)
{
	int fd = *(int *)data;

	for (int i = 0; i < ROUNDS; i++) {
		struct drm_mode_destroy_dumb destroy;
		uint32_t pitch, value = i * 1000 + (uint32_t)(uintptr_t)&pitch;
		uint64_t size, cap;

		destroy.handle = create(fd, &pitch, &size);
		uint32_t *pixels = map(fd, destroy.handle, size);
		pixels[0] = value;
		CHECK_INT(drmGetCap(fd, DRM_CAP_DUMB_BUFFER, &cap), 0);
		CHECK_INT(cap, 1);
		/* Nobody else got this handle. */
		CHECK_INT(pixels[0], value);
		munmap(pixels, size);
		CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy), 0);
	}
	return NULL;
}

TEST(door_in_64_threads)
{
	int fd = begin();
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, make_buffers, &fd), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	end(fd);
}
