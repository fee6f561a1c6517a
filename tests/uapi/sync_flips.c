/* IN_FENCE_FD and OUT_FENCE_PTR of MODE_ATOMIC. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <string.h>
#include <unistd.h>

#include <xf86drmMode.h>

#include "sync_client.h"

enum { WIDTH = 640, HEIGHT = 480 };

static struct {
	int fd;
	uint32_t crtc, connector, plane, fbs[2], blob;
	uint32_t fb_id, crtc_id, in_fence, out_fence, active, mode_id, connector_crtc_id;
	uint32_t crtc_x, crtc_y, crtc_w, crtc_h, src_x, src_y, src_w, src_h;
} card;

static uint32_t find_property(uint32_t object, uint32_t type, const char *name, uint64_t *value)
{
	drmModeObjectProperties *list = drmModeObjectGetProperties(card.fd, object, type);
	uint32_t found = 0;

	for (unsigned i = 0; i < list->count_props && !found; i++) {
		drmModePropertyRes *prop = drmModeGetProperty(card.fd, list->props[i]);

		if (strcmp(prop->name, name) == 0) {
			found = prop->prop_id;
			if (value)
				*value = list->prop_values[i];
		}
		drmModeFreeProperty(prop);
	}
	drmModeFreeObjectProperties(list);
	if (!found)
		test_fail(__FILE__, __LINE__, "no property %s", name);
	return found;
}

static void find_plane(void)
{
	drmModePlaneRes *planes = drmModeGetPlaneResources(card.fd);

	card.plane = 0;
	for (unsigned i = 0; i < planes->count_planes && !card.plane; i++) {
		uint64_t type = 0;

		find_property(planes->planes[i], DRM_MODE_OBJECT_PLANE, "type", &type);
		if (type == DRM_PLANE_TYPE_PRIMARY)
			card.plane = planes->planes[i];
	}
	drmModeFreePlaneResources(planes);
	CHECK(card.plane);
}

static void find_properties(void)
{
	const struct {
		uint32_t *id, object, type;
		const char *name;
	} wanted[] = {
		{&card.fb_id, card.plane, DRM_MODE_OBJECT_PLANE, "FB_ID"},
		{&card.crtc_id, card.plane, DRM_MODE_OBJECT_PLANE, "CRTC_ID"},
		{&card.in_fence, card.plane, DRM_MODE_OBJECT_PLANE, "IN_FENCE_FD"},
		{&card.crtc_x, card.plane, DRM_MODE_OBJECT_PLANE, "CRTC_X"},
		{&card.crtc_y, card.plane, DRM_MODE_OBJECT_PLANE, "CRTC_Y"},
		{&card.crtc_w, card.plane, DRM_MODE_OBJECT_PLANE, "CRTC_W"},
		{&card.crtc_h, card.plane, DRM_MODE_OBJECT_PLANE, "CRTC_H"},
		{&card.src_x, card.plane, DRM_MODE_OBJECT_PLANE, "SRC_X"},
		{&card.src_y, card.plane, DRM_MODE_OBJECT_PLANE, "SRC_Y"},
		{&card.src_w, card.plane, DRM_MODE_OBJECT_PLANE, "SRC_W"},
		{&card.src_h, card.plane, DRM_MODE_OBJECT_PLANE, "SRC_H"},
		{&card.out_fence, card.crtc, DRM_MODE_OBJECT_CRTC, "OUT_FENCE_PTR"},
		{&card.active, card.crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE"},
		{&card.mode_id, card.crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID"},
		{&card.connector_crtc_id, card.connector, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID"},
	};

	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		*wanted[i].id = find_property(wanted[i].object, wanted[i].type, wanted[i].name,
			NULL);
}

static void add_fb(uint32_t *fb)
{
	uint32_t handle, pitch;
	uint64_t size;

	CHECK_INT(drmModeCreateDumbBuffer(card.fd, WIDTH, HEIGHT, 32, 0, &handle, &pitch, &size),
		0);
	CHECK_INT(drmModeAddFB(card.fd, WIDTH, HEIGHT, 24, 32, pitch, handle, fb), 0);
	CHECK_INT(drmModeDestroyDumbBuffer(card.fd, handle), 0);
}

static drmModeAtomicReq *plane_request(uint32_t fb)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();

	drmModeAtomicAddProperty(request, card.plane, card.fb_id, fb);
	drmModeAtomicAddProperty(request, card.plane, card.crtc_id, card.crtc);
	drmModeAtomicAddProperty(request, card.plane, card.crtc_x, 0);
	drmModeAtomicAddProperty(request, card.plane, card.crtc_y, 0);
	drmModeAtomicAddProperty(request, card.plane, card.crtc_w, WIDTH);
	drmModeAtomicAddProperty(request, card.plane, card.crtc_h, HEIGHT);
	drmModeAtomicAddProperty(request, card.plane, card.src_x, 0);
	drmModeAtomicAddProperty(request, card.plane, card.src_y, 0);
	drmModeAtomicAddProperty(request, card.plane, card.src_w, WIDTH << 16);
	drmModeAtomicAddProperty(request, card.plane, card.src_h, HEIGHT << 16);
	return request;
}

/* 0 or -errno; frees request. */
static int commit(drmModeAtomicReq *request, uint32_t flags, void *data)
{
	int ret = drmModeAtomicCommit(card.fd, request, flags, data);

	drmModeAtomicFree(request);
	return ret;
}

static void light(drmModeConnector *connector)
{
	drmModeAtomicReq *request = plane_request(card.fbs[0]);
	drmModeModeInfo mode = connector->modes[0];

	for (int i = 0; i < connector->count_modes; i++) {
		if (connector->modes[i].hdisplay == WIDTH && connector->modes[i].vdisplay == HEIGHT)
			mode = connector->modes[i];
	}
	CHECK_INT(mode.hdisplay, WIDTH);
	CHECK_INT(drmModeCreatePropertyBlob(card.fd, &mode, sizeof(mode), &card.blob), 0);
	drmModeAtomicAddProperty(request, card.crtc, card.mode_id, card.blob);
	drmModeAtomicAddProperty(request, card.crtc, card.active, 1);
	drmModeAtomicAddProperty(request, card.connector, card.connector_crtc_id, card.crtc);
	CHECK_INT(commit(request, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL), 0);
}

static void start(void)
{
	card.fd = sync_begin();
	CHECK_INT(drmSetClientCap(card.fd, DRM_CLIENT_CAP_ATOMIC, 1), 0);
	drmModeRes *res = drmModeGetResources(card.fd);
	card.crtc = res->crtcs[0];
	card.connector = res->connectors[0];
	drmModeFreeResources(res);
	find_plane();
	find_properties();
	add_fb(&card.fbs[0]);
	add_fb(&card.fbs[1]);
	drmModeConnector *connector = drmModeGetConnector(card.fd, card.connector);
	light(connector);
	drmModeFreeConnector(connector);
}

static void on_flip(int fd, unsigned int sequence, unsigned int sec, unsigned int usec,
	unsigned int crtc, void *data)
{
	*(int64_t *)data = sec * 1000000000ll + usec * 1000ll;
}

static void handle_event(void)
{
	drmEventContext context = {.version = 3, .page_flip_handler2 = on_flip};

	CHECK(sync_readable(card.fd, 2000));
	CHECK_INT(drmHandleEvent(card.fd, &context), 0);
}

TEST(in_fence_holds_the_flip_and_out_fence_tells_of_it)
{
	start();
	int timeline = sync_timeline(), fence = sync_fence(timeline, 1);
	int32_t out = 77;
	int64_t shown = 0;
	uint64_t value = 0;
	drmModeAtomicReq *request = plane_request(card.fbs[1]);

	drmModeAtomicAddProperty(request, card.plane, card.in_fence, fence);
	drmModeAtomicAddProperty(request, card.crtc, card.out_fence, (uintptr_t)&out);
	CHECK_INT(commit(request, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT, &shown), 0);
	close(fence);
	CHECK(out >= 0 && out != 77);
	CHECK_INT(fcntl(out, F_GETFD), FD_CLOEXEC);
	/* Reading them back says nothing. */
	find_property(card.plane, DRM_MODE_OBJECT_PLANE, "IN_FENCE_FD", &value);
	CHECK_INT(value, -1);
	find_property(card.crtc, DRM_MODE_OBJECT_CRTC, "OUT_FENCE_PTR", &value);
	CHECK_INT(value, 0);
	CHECK(!sync_readable(card.fd, 60) && !sync_readable(out, 0));
	CHECK_INT(commit(plane_request(card.fbs[0]), DRM_MODE_ATOMIC_NONBLOCK, NULL), -EBUSY);
	int64_t done = sync_after(0);
	sync_inc(timeline, 1);
	handle_event();
	CHECK(shown + 1000 > done);
	CHECK(sync_readable(out, 2000));
	CHECK_INT(sync_status(out), 1);
	close(out);
	close(timeline);
	sync_end(card.fd);
}

/* The out-fence of one flip as the in-fence of the next: a chain without a round trip. */
TEST(out_fence_as_in_fence)
{
	start();
	int32_t out = -1;
	int64_t shown = 0;
	drmModeAtomicReq *request = plane_request(card.fbs[1]);

	drmModeAtomicAddProperty(request, card.crtc, card.out_fence, (uintptr_t)&out);
	CHECK_INT(commit(request, 0, NULL), 0);
	CHECK(out >= 0);
	request = plane_request(card.fbs[0]);
	drmModeAtomicAddProperty(request, card.plane, card.in_fence, out);
	CHECK_INT(commit(request, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT, &shown), 0);
	handle_event();
	CHECK(shown > 0);
	close(out);
	sync_end(card.fd);
}

TEST(blocking_commit_waits_for_its_in_fence)
{
	start();
	int timeline = sync_timeline(), fence = sync_fence(timeline, 0);
	drmModeAtomicReq *request = plane_request(card.fbs[1]);

	drmModeAtomicAddProperty(request, card.plane, card.in_fence, fence);
	CHECK_INT(commit(request, 0, NULL), 0);
	close(fence);
	close(timeline);
	sync_end(card.fd);
}

/* ---- refusals; out-fences say -1 first ---- */

static int try(uint32_t object, uint32_t property, uint64_t value, uint32_t flags, int32_t *out)
{
	drmModeAtomicReq *request = plane_request(card.fbs[1]);

	*out = 77;
	drmModeAtomicAddProperty(request, card.crtc, card.out_fence, (uintptr_t)out);
	if (property)
		drmModeAtomicAddProperty(request, object, property, value);
	return commit(request, flags, NULL);
}

TEST(refused_fences)
{
	start();
	int timeline = sync_timeline(), fence = sync_fence(timeline, 1);
	int32_t out;
	drmModeAtomicReq *request;

	CHECK_INT(try(0, 0, 0, DRM_MODE_ATOMIC_TEST_ONLY, &out), 0);
	CHECK_INT(out, -1);
	CHECK_INT(try(card.plane, card.in_fence, card.fd, 0, &out), -EINVAL);
	CHECK_INT(out, -1);
	CHECK_INT(try(card.plane, card.in_fence, 999, 0, &out), -EINVAL);
	CHECK_INT(try(card.plane, card.in_fence, -2, 0, &out), -EINVAL);
	CHECK_INT(try(card.plane, card.in_fence, 1ull << 32, 0, &out), -EINVAL);
	CHECK_INT(try(card.crtc, card.in_fence, fence, 0, &out), -ENOENT);
	CHECK_INT(try(card.plane, card.out_fence, 0, 0, &out), -ENOENT);
	/* None is none. */
	CHECK_INT(try(card.plane, card.in_fence, -1, 0, &out), 0);
	CHECK(out >= 0);
	close(out);
	request = plane_request(card.fbs[0]);
	drmModeAtomicAddProperty(request, card.crtc, card.out_fence, 8);
	CHECK_INT(commit(request, 0, NULL), -EFAULT);
	request = plane_request(card.fbs[0]);
	drmModeAtomicAddProperty(request, card.crtc, card.out_fence, 0);
	CHECK_INT(commit(request, 0, NULL), 0);
	close(fence);
	close(timeline);
	sync_end(card.fd);
}
