#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "card_property.h"
#include "preload_test.h"
#include "screen_card.h"

static const uint32_t types[SCREEN_OBJECTS] = {
	DRM_MODE_OBJECT_PLANE, DRM_MODE_OBJECT_PLANE, DRM_MODE_OBJECT_PLANE,
	DRM_MODE_OBJECT_PLANE, DRM_MODE_OBJECT_CRTC, DRM_MODE_OBJECT_CONNECTOR,
	DRM_MODE_OBJECT_CONNECTOR,
};
static uint32_t ids[SCREEN_OBJECTS];
static drmModeModeInfo mode;
static struct screen_fb copy;
static int fd;

/* ---- properties ---- */

int screen_fd(void)
{
	return fd;
}

uint32_t screen_id(enum screen_object object)
{
	return ids[object];
}

uint32_t screen_property(enum screen_object object, const char *name, uint64_t *value)
{
	return card_property(fd, ids[object], types[object], name, value);
}

uint64_t screen_get(enum screen_object object, const char *name)
{
	uint64_t value;

	screen_property(object, name, &value);
	return value;
}

uint32_t screen_blob(const void *data, size_t size)
{
	uint32_t id;

	CHECK_INT(drmModeCreatePropertyBlob(fd, data, size, &id), 0);
	return id;
}

/* ---- framebuffers ---- */

static void make_plane(struct screen_fb *fb, unsigned i, uint32_t bytes, uint32_t rows, bool tiled)
{
	uint64_t size, offset;

	if (tiled) {
		bytes = (bytes + 511) & ~511u;
		rows = (rows + 7) & ~7u;
	}
	CHECK_INT(drmModeCreateDumbBuffer(fd, bytes, rows, 8, 0, &fb->handles[i],
		&fb->pitches[i], &size), 0);
	if (tiled)
		fb->pitches[i] = bytes;
	CHECK_INT(drmModeMapDumbBuffer(fd, fb->handles[i], &offset), 0);
	fb->planes[i] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
	CHECK(fb->planes[i] != MAP_FAILED);
	fb->sizes[i] = size;
	fb->count = i + 1;
}

static void make_planes(struct screen_fb *fb, uint32_t format, bool tiled)
{
	uint32_t width = fb->width, height = fb->height;

	switch (format) {
	case DRM_FORMAT_NV12:
		make_plane(fb, 0, width, height, false);
		make_plane(fb, 1, width, height / 2, false);
		break;
	case DRM_FORMAT_P010:
		make_plane(fb, 0, width * 2, height, false);
		make_plane(fb, 1, width * 2, height / 2, false);
		break;
	case DRM_FORMAT_YUV420:
		make_plane(fb, 0, width, height, false);
		make_plane(fb, 1, width / 2, height / 2, false);
		make_plane(fb, 2, width / 2, height / 2, false);
		break;
	case DRM_FORMAT_C8:
		make_plane(fb, 0, width, height, tiled);
		break;
	case DRM_FORMAT_YUYV:
	case DRM_FORMAT_RGB565:
		make_plane(fb, 0, width * 2, height, tiled);
		break;
	case DRM_FORMAT_XRGB16161616:
	case DRM_FORMAT_ARGB16161616:
	case DRM_FORMAT_ABGR16161616:
		make_plane(fb, 0, width * 8, height, tiled);
		break;
	default:
		make_plane(fb, 0, width * 4, height, tiled);
	}
}

struct screen_fb screen_fb_create(uint32_t width, uint32_t height, uint32_t format,
	uint64_t modifier)
{
	struct screen_fb fb = {.width = width, .height = height};
	uint64_t modifiers[4] = {0};
	uint32_t offsets[4] = {0};

	make_planes(&fb, format, modifier != DRM_FORMAT_MOD_LINEAR);
	for (unsigned i = 0; i < fb.count; i++)
		modifiers[i] = modifier;
	CHECK_INT(drmModeAddFB2WithModifiers(fd, width, height, format, fb.handles, fb.pitches,
		offsets, modifiers, &fb.id, DRM_MODE_FB_MODIFIERS), 0);
	return fb;
}

void screen_fb_destroy(struct screen_fb *fb)
{
	CHECK_INT(drmModeRmFB(fd, fb->id), 0);
	for (unsigned i = 0; i < fb->count; i++) {
		CHECK_INT(munmap(fb->planes[i], fb->sizes[i]), 0);
		CHECK_INT(drmCloseBufferHandle(fd, fb->handles[i]), 0);
	}
}

uint8_t *screen_fb_row(const struct screen_fb *fb, unsigned plane, uint32_t y)
{
	return fb->planes[plane] + (size_t)y * fb->pitches[plane];
}

void screen_fb_fill(const struct screen_fb *fb, uint32_t (*color)(int x, int y))
{
	for (uint32_t y = 0; y < fb->height; y++) {
		uint32_t *row = (uint32_t *)screen_fb_row(fb, 0, y);

		for (uint32_t x = 0; x < fb->width; x++)
			row[x] = color((int)x, (int)y);
	}
}

uint32_t screen_noise(int x, int y)
{
	return ((uint32_t)x * 2654435761u) ^ ((uint32_t)y * 2246822519u + (uint32_t)x);
}

/* ---- commits ---- */

drmModeAtomicReq *screen_request(void)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	CHECK(req != NULL);
	return req;
}

void screen_set(drmModeAtomicReq *req, enum screen_object object, const char *name,
	uint64_t value)
{
	CHECK(drmModeAtomicAddProperty(req, ids[object], screen_property(object, name, NULL),
		value) > 0);
}

void screen_put_scaled(drmModeAtomicReq *req, enum screen_object plane,
	const struct screen_fb *fb, int x, int y, uint32_t width, uint32_t height)
{
	screen_set(req, plane, "CRTC_ID", fb ? ids[SCREEN_CRTC] : 0);
	screen_set(req, plane, "FB_ID", fb ? fb->id : 0);
	screen_set(req, plane, "CRTC_X", (uint64_t)(int64_t)x);
	screen_set(req, plane, "CRTC_Y", (uint64_t)(int64_t)y);
	screen_set(req, plane, "CRTC_W", width);
	screen_set(req, plane, "CRTC_H", height);
	screen_set(req, plane, "SRC_X", 0);
	screen_set(req, plane, "SRC_Y", 0);
	screen_set(req, plane, "SRC_W", fb ? (uint64_t)fb->width << 16 : 0);
	screen_set(req, plane, "SRC_H", fb ? (uint64_t)fb->height << 16 : 0);
}

void screen_put(drmModeAtomicReq *req, enum screen_object plane, const struct screen_fb *fb,
	int x, int y)
{
	screen_put_scaled(req, plane, fb, x, y, fb ? fb->width : 0, fb ? fb->height : 0);
}

int screen_try(drmModeAtomicReq *req, uint32_t flags)
{
	int ret = drmModeAtomicCommit(fd, req, flags, NULL);

	drmModeAtomicFree(req);
	return ret;
}

void screen_commit(drmModeAtomicReq *req)
{
	CHECK_INT(screen_try(req, 0), 0);
}

void screen_change(enum screen_object object, const char *name, uint64_t value)
{
	drmModeAtomicReq *req = screen_request();

	screen_set(req, object, name, value);
	screen_commit(req);
}

/* ---- the lit crtc ---- */

static void find_connectors(void)
{
	drmModeRes *res = drmModeGetResources(fd);

	CHECK(res && res->count_crtcs == 1 && res->count_connectors == 2);
	ids[SCREEN_CRTC] = res->crtcs[0];
	ids[SCREEN_CONNECTOR] = res->connectors[0];
	ids[SCREEN_WRITEBACK] = res->connectors[1];
	drmModeConnector *connector = drmModeGetConnector(fd, ids[SCREEN_CONNECTOR]);
	mode.hdisplay = 0;
	for (int i = 0; connector && i < connector->count_modes; i++) {
		if (connector->modes[i].hdisplay == SCREEN_WIDTH &&
				connector->modes[i].vdisplay == SCREEN_HEIGHT)
			mode = connector->modes[i];
	}
	CHECK_INT(mode.hdisplay, SCREEN_WIDTH);
	drmModeFreeConnector(connector);
	drmModeFreeResources(res);
}

static void find_planes(void)
{
	drmModePlaneRes *planes = drmModeGetPlaneResources(fd);

	CHECK(planes && planes->count_planes == 4);
	ids[SCREEN_PRIMARY] = planes->planes[0];
	ids[SCREEN_OVERLAY] = planes->planes[1];
	ids[SCREEN_CURSOR] = planes->planes[2];
	ids[SCREEN_OVERLAY_2] = planes->planes[3];
	drmModeFreePlaneResources(planes);
}

/* Another test may have left its values. */
static void reset_plane(drmModeAtomicReq *req, enum screen_object plane)
{
	screen_put(req, plane, NULL, 0, 0);
	if (plane == SCREEN_CURSOR)
		return;
	screen_set(req, plane, "alpha", 0xffff);
	screen_set(req, plane, "pixel blend mode", 0);
	screen_set(req, plane, "rotation", DRM_MODE_ROTATE_0);
	if (plane == SCREEN_PRIMARY)
		return;
	screen_set(req, plane, "zpos", plane == SCREEN_OVERLAY ? 1 : 2);
	screen_set(req, plane, "COLOR_ENCODING", 0);
	screen_set(req, plane, "COLOR_RANGE", 0);
}

static void light(void)
{
	drmModeAtomicReq *req = screen_request();

	for (enum screen_object plane = SCREEN_PRIMARY; plane <= SCREEN_CURSOR; plane++)
		reset_plane(req, plane);
	screen_set(req, SCREEN_CRTC, "ACTIVE", 1);
	screen_set(req, SCREEN_CRTC, "MODE_ID", screen_blob(&mode, sizeof(mode)));
	screen_set(req, SCREEN_CRTC, "GAMMA_LUT", 0);
	screen_set(req, SCREEN_CRTC, "DEGAMMA_LUT", 0);
	screen_set(req, SCREEN_CRTC, "CTM", 0);
	screen_set(req, SCREEN_CRTC, "VRR_ENABLED", 0);
	screen_set(req, SCREEN_CONNECTOR, "CRTC_ID", ids[SCREEN_CRTC]);
	screen_set(req, SCREEN_WRITEBACK, "CRTC_ID", ids[SCREEN_CRTC]);
	CHECK_INT(screen_try(req, DRM_MODE_ATOMIC_ALLOW_MODESET), 0);
}

void screen_begin(void)
{
	preload_test_begin();
	fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	CHECK(fd >= 0);
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1), 0);
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1), 0);
	find_connectors();
	find_planes();
	light();
	copy = screen_fb_create(SCREEN_WIDTH, SCREEN_HEIGHT, DRM_FORMAT_XRGB8888,
		DRM_FORMAT_MOD_LINEAR);
}

void screen_end(void)
{
	screen_fb_destroy(&copy);
	close(fd);
	preload_test_end();
}

/* ---- what is seen ---- */

void screen_capture(const struct screen_fb *fb)
{
	struct pollfd poller = {.events = POLLIN};
	drmModeAtomicReq *req = screen_request();
	int32_t fence = -1;

	screen_set(req, SCREEN_WRITEBACK, "WRITEBACK_FB_ID", fb->id);
	screen_set(req, SCREEN_WRITEBACK, "WRITEBACK_OUT_FENCE_PTR", (uintptr_t)&fence);
	screen_commit(req);
	CHECK(fence >= 0);
	poller.fd = fence;
	CHECK_INT(poll(&poller, 1, 5000), 1);
	CHECK_INT(poller.revents, POLLIN);
	close(fence);
}

void screen_expect(uint32_t (*want)(int x, int y))
{
	memset(copy.planes[0], 0x5a, copy.sizes[0]);
	screen_capture(&copy);
	for (int y = 0; y < SCREEN_HEIGHT; y++) {
		const uint32_t *row = (const uint32_t *)screen_fb_row(&copy, 0, (uint32_t)y);

		for (int x = 0; x < SCREEN_WIDTH; x++) {
			uint32_t pixel = want(x, y) | 0xff000000;

			if (row[x] != pixel)
				test_fail(__FILE__, __LINE__, "%d,%d is %08x, want %08x", x, y, row[x],
					pixel);
		}
	}
}

uint32_t screen_divide(uint64_t numerator, uint64_t denominator)
{
	return (uint32_t)((2 * numerator + denominator) / (2 * denominator));
}
