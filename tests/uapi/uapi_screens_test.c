/*
 * Many crtcs at once, each with planes and a sink of its own, as many as a device may
 * have; and two connectors on one crtc. Set by libdrm, seen by sinks.
 */
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "kms_mode.h"
#include "kms_sink.h"
#include "libdrm_fixture.h"

enum { WIDTH = 640, HEIGHT = 480, SIDE = 32, CRTCS = KMS_MAX_CRTCS };

static const uint32_t formats[] = {DRM_FORMAT_XRGB8888};
static struct drm_mode_modeinfo mode;
static struct kms_plane_desc planes[2 * CRTCS];
static struct kms_connector_desc connectors[CRTCS];

static struct uapi_fixture *fixture;
static struct kms_device *kms;
static int fd;

/* connector i reaches crtc i; clones: all of them reach the only crtc. */
static struct kms_device_desc describe(unsigned crtc_count, unsigned connector_count, bool clones)
{
	CHECK_INT(kms_mode_standard(WIDTH, HEIGHT, &mode), 0);
	for (unsigned i = 0; i < 2 * crtc_count; i++)
		planes[i] = (struct kms_plane_desc) {
			.type = i < crtc_count ? KMS_PLANE_PRIMARY : KMS_PLANE_OVERLAY,
			.possible_crtcs = 1u << i % crtc_count, .formats = formats,
			.format_count = 1, .zpos = i < crtc_count ? 0 : 1,
		};
	for (unsigned i = 0; i < connector_count; i++)
		connectors[i] = (struct kms_connector_desc) {
			.type = DRM_MODE_CONNECTOR_HDMIA, .connected = true, .modes = &mode,
			.mode_count = 1, .possible_crtcs = clones ? 1 : 1u << i,
			.possible_clones = clones ? (1u << connector_count) - 1 : 0,
		};
	return (struct kms_device_desc) {
		.max_width = 2048, .max_height = 2048, .cursor_width = 64, .cursor_height = 64,
		.crtc_count = crtc_count, .planes = planes, .plane_count = 2 * crtc_count,
		.connectors = connectors, .connector_count = connector_count,
	};
}

static void start(const struct kms_device_desc *desc)
{
	fixture = libdrm_fixture_create_desc(desc);
	kms = fixture->dev->kms;
	fd = fixture_open_card(fixture);
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1), 0);
}

static void finish(void)
{
	close(fd);
	libdrm_fixture_destroy();
}

/* ---- pictures: one colour each, so that it tells whose it is ---- */

static uint32_t color_of(unsigned crtc, unsigned what)
{
	return (crtc + 1) * 0x070503 + what * 0x400000;
}

static uint32_t make_picture(uint32_t width, uint32_t height, uint32_t color)
{
	struct drm_mode_fb_cmd2 cmd = {.width = width, .height = height,
		.pixel_format = DRM_FORMAT_XRGB8888};
	struct drm_mode_map_dumb map = {0};

	cmd.handles[0] = libdrm_fixture_dumb(fd, width, height, 32, &cmd.pitches[0]);
	map.handle = cmd.handles[0];
	CHECK_INT(drmIoctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	size_t size = (size_t)cmd.pitches[0] * height;
	uint32_t *pixels = fixture_mmap(fixture, fd, map.offset, size, PROT_READ | PROT_WRITE);
	CHECK(pixels != MAP_FAILED);
	for (size_t i = 0; i < size / 4; i++)
		pixels[i] = color;
	CHECK_INT(munmap(pixels, size), 0);
	CHECK_INT(drmIoctl(fd, DRM_IOCTL_MODE_ADDFB2, &cmd), 0);
	CHECK_INT(drmCloseBufferHandle(fd, cmd.handles[0]), 0);
	return cmd.fb_id;
}

/* ---- sinks ---- */

struct screen {
	struct kms_sink sink;
	unsigned index;
	atomic_uint good[2], bad; /* frames with the first or second picture, and others */
};

static struct screen screens[CRTCS];

/* The overlay is at another place on each crtc. */
static bool is_picture(const struct kms_frame *frame, unsigned crtc, unsigned which)
{
	uint32_t left = crtc * 10, top = crtc * 5;

	for (uint32_t y = 0; y < HEIGHT; y++) {
		const uint32_t *row = (const uint32_t *)(frame->pixels + (size_t)y * frame->pitch);
		for (uint32_t x = 0; x < WIDTH; x++) {
			bool over = x >= left && y >= top && x < left + SIDE && y < top + SIDE;
			if (row[x] != (color_of(crtc, over ? 2 : which) | 0xff000000))
				return false;
		}
	}
	return true;
}

static void look(struct kms_sink *sink, const struct kms_frame *frame)
{
	struct screen *screen = gem_container_of(sink, struct screen, sink);

	if (frame->width != WIDTH || frame->height != HEIGHT)
		atomic_fetch_add(&screen->bad, 1);
	else if (is_picture(frame, screen->index, 0))
		atomic_fetch_add(&screen->good[0], 1);
	else if (is_picture(frame, screen->index, 1))
		atomic_fetch_add(&screen->good[1], 1);
	else
		atomic_fetch_add(&screen->bad, 1);
}

static void watch(unsigned crtc)
{
	screens[crtc].index = crtc;
	screens[crtc].sink.frame = look;
	kms_sink_attach(&screens[crtc].sink, &kms->crtcs[crtc]);
}

static void wait_for_picture(unsigned crtc, unsigned which)
{
	for (unsigned i = 0; i < 2000 && !atomic_load(&screens[crtc].good[which]); i++)
		usleep(5000);
	CHECK(atomic_load(&screens[crtc].good[which]) > 0);
	CHECK_INT(atomic_load(&screens[crtc].bad), 0);
}

/* ---- commits ---- */

static void set(drmModeAtomicReq *req, const struct kms_object *obj,
	const struct kms_property *prop, uint64_t value)
{
	CHECK(drmModeAtomicAddProperty(req, obj->id, prop->base.id, value) > 0);
}

static void put(drmModeAtomicReq *req, unsigned plane, unsigned crtc, uint32_t fb, uint32_t width,
	uint32_t height)
{
	const struct kms_object *obj = &kms->planes[plane].base;

	set(req, obj, kms->props.fb_id, fb);
	set(req, obj, kms->props.plane_crtc_id, kms->crtcs[crtc].base.id);
	set(req, obj, kms->props.src_w, (uint64_t)width << 16);
	set(req, obj, kms->props.src_h, (uint64_t)height << 16);
	set(req, obj, kms->props.crtc_w, width);
	set(req, obj, kms->props.crtc_h, height);
}

static void light(drmModeAtomicReq *req, unsigned crtc, uint32_t mode_blob)
{
	unsigned overlay = CRTCS + crtc;

	set(req, &kms->crtcs[crtc].base, kms->props.mode_id, mode_blob);
	set(req, &kms->crtcs[crtc].base, kms->props.active, 1);
	set(req, &kms->connectors[crtc].base, kms->props.connector_crtc_id,
		kms->crtcs[crtc].base.id);
	put(req, crtc, crtc, make_picture(WIDTH, HEIGHT, color_of(crtc, 0)), WIDTH, HEIGHT);
	put(req, overlay, crtc, make_picture(SIDE, SIDE, color_of(crtc, 2)), SIDE, SIDE);
	set(req, &kms->planes[overlay].base, kms->props.crtc_x, crtc * 10);
	set(req, &kms->planes[overlay].base, kms->props.crtc_y, crtc * 5);
}

/* One event of each crtc. */
static void read_events(void)
{
	uint32_t seen = 0;
	char buffer[1024];

	while (seen != UINT32_MAX) {
		struct pollfd poller = {.fd = fd, .events = POLLIN};

		CHECK_INT(poll(&poller, 1, 10000), 1);
		ssize_t length = read(fd, buffer, sizeof(buffer));
		CHECK(length > 0);
		for (ssize_t at = 0; at < length;) {
			struct drm_event_vblank *event = (void *)(buffer + at);
			CHECK_INT(event->base.type, DRM_EVENT_FLIP_COMPLETE);
			unsigned crtc = 0;
			while (crtc < CRTCS && kms->crtcs[crtc].base.id != event->crtc_id)
				crtc++;
			CHECK(crtc < CRTCS && !(seen & 1u << crtc));
			seen |= 1u << crtc;
			at += event->base.length;
		}
	}
}

TEST(thirty_two_crtcs)
{
	const struct kms_device_desc desc = describe(CRTCS, CRTCS, false);
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	uint32_t mode_blob;

	start(&desc);
	CHECK_INT(drmModeCreatePropertyBlob(fd, &mode, sizeof(mode), &mode_blob), 0);
	for (unsigned i = 0; i < CRTCS; i++)
		light(req, i, mode_blob);
	CHECK_INT(drmModeAtomicCommit(fd, req, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL), 0);
	drmModeAtomicFree(req);
	for (unsigned i = 0; i < CRTCS; i++)
		watch(i);
	for (unsigned i = 0; i < CRTCS; i++)
		wait_for_picture(i, 0);
	/* All flip in one commit. */
	req = drmModeAtomicAlloc();
	for (unsigned i = 0; i < CRTCS; i++)
		set(req, &kms->planes[i].base, kms->props.fb_id,
			make_picture(WIDTH, HEIGHT, color_of(i, 1)));
	CHECK_INT(drmModeAtomicCommit(fd, req, DRM_MODE_ATOMIC_NONBLOCK |
		DRM_MODE_PAGE_FLIP_EVENT, NULL), 0);
	drmModeAtomicFree(req);
	read_events();
	for (unsigned i = 0; i < CRTCS; i++) {
		wait_for_picture(i, 1);
		kms_sink_detach(&screens[i].sink);
	}
	finish();
}

/* ---- clones ---- */

static void check_routes(unsigned count)
{
	for (unsigned i = 0; i < 2; i++) {
		drmModeEncoder *encoder = drmModeGetEncoder(fd, kms->encoders[i].base.id);

		CHECK(encoder != NULL);
		CHECK_INT(encoder->crtc_id, i < count ? kms->crtcs[0].base.id : 0);
		drmModeFreeEncoder(encoder);
	}
}

static int show_on(unsigned count, uint32_t fb)
{
	uint32_t ids[2] = {kms->connectors[0].base.id, kms->connectors[1].base.id};

	return drmModeSetCrtc(fd, kms->crtcs[0].base.id, fb, 0, 0, ids, (int)count,
		(drmModeModeInfo *)&mode);
}

TEST(clones_show_one_picture)
{
	struct kms_device_desc desc = describe(1, 2, true);
	struct kms_crtc *crtc;

	start(&desc);
	crtc = &kms->crtcs[0];
	uint32_t first = make_picture(WIDTH, HEIGHT, color_of(0, 0));
	uint32_t second = make_picture(WIDTH, HEIGHT, color_of(0, 1));
	uint32_t corner = make_picture(SIDE, SIDE, color_of(0, 2));
	CHECK_INT(show_on(2, first), 0);
	CHECK_INT(drmModeSetPlane(fd, kms->planes[1].base.id, crtc->base.id, corner, 0, 0, 0, SIDE,
		SIDE, 0, 0, SIDE << 16, SIDE << 16), 0);
	check_routes(2);
	watch(0);
	wait_for_picture(0, 0);
	/* One connector off: the other one still shows it. Both: nobody does. */
	CHECK_INT(drmModeConnectorSetProperty(fd, kms->connectors[0].base.id,
		kms->props.dpms->base.id, DRM_MODE_DPMS_OFF), 0);
	CHECK(crtc->state.active);
	CHECK_INT(drmModePageFlip(fd, crtc->base.id, second, 0, NULL), 0);
	wait_for_picture(0, 1);
	kms_sink_detach(&screens[0].sink);
	CHECK_INT(drmModeConnectorSetProperty(fd, kms->connectors[1].base.id,
		kms->props.dpms->base.id, DRM_MODE_DPMS_OFF), 0);
	CHECK(!crtc->state.active);
	CHECK_INT(show_on(1, first), 0);
	check_routes(1);
	finish();
}
