/*
 * A device of three crtcs with few planes, scalers and pixels per second, clones and
 * a writeback connector: what of it clients see, and that its limits hold.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "kms_atomic.h"
#include "kms_mode.h"
#include "libdrm_fixture.h"

enum { WIDTH = 640, HEIGHT = 480, CRTCS = 3 };
enum { HDMI_1, HDMI_2, DP, WRITEBACK, CONNECTORS };

static const uint32_t formats[] = {DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888};
static struct drm_mode_modeinfo modes[2];

#define PRIMARY(crtc) \
	{.type = KMS_PLANE_PRIMARY, .possible_crtcs = 1 << crtc, .formats = formats, \
		.format_count = 2, .positionable = crtc == 1}
/* Those of crtc 0 take any order; one is of immutable zpos, in its range. */
#define OVERLAY(z, mutable_) \
	{.type = KMS_PLANE_OVERLAY, .possible_crtcs = 3, .formats = formats, .format_count = 2, \
		.zpos = z, .zpos_mutable = mutable_, .zpos_max = 10, \
		.min_scale = KMS_SCALE_ONE / 4, .max_scale = 4 * KMS_SCALE_ONE, \
		.max_src_width = 320}

static const struct kms_plane_desc planes[] = {
	PRIMARY(0), PRIMARY(1), PRIMARY(2), OVERLAY(1, true), OVERLAY(2, true), OVERLAY(3, true),
	OVERLAY(5, false),
};
static const struct kms_crtc_desc crtcs[CRTCS] = {
	{.max_planes = 4, .max_scalers = 1, .degamma_size = 33, .gamma_size = 1024},
	{.max_pixel_rate = (uint64_t)2 * WIDTH * HEIGHT * 60, .max_clock = 30000},
	{.needs_primary = true},
};

static struct kms_device_desc describe(void)
{
	static struct kms_connector_desc connectors[CONNECTORS];

	CHECK_INT(kms_mode_standard(WIDTH, HEIGHT, &modes[0]), 0);
	CHECK_INT(kms_mode_standard(1024, 768, &modes[1]), 0);
	for (unsigned i = 0; i < WRITEBACK; i++)
		connectors[i] = (struct kms_connector_desc) {
			.type = i == DP ? DRM_MODE_CONNECTOR_DisplayPort : DRM_MODE_CONNECTOR_HDMIA,
			.possible_crtcs = 7, .connected = true, .modes = modes, .mode_count = 2,
			/* The HDMI ones and the writeback are clones; DP says so of one, alone. */
			.possible_clones = i == DP ? 1 << HDMI_1 : 1 << HDMI_1 | 1 << HDMI_2 |
				1 << WRITEBACK,
		};
	connectors[DP].tile = "1:1:2:1:0:0:640:480";
	connectors[DP].panel_orientation = KMS_PANEL_RIGHT_UP;
	connectors[DP].non_desktop = true;
	connectors[DP].mm_width = 700;
	connectors[DP].mm_height = 390;
	connectors[DP].subpixel = 2;
	connectors[WRITEBACK] = (struct kms_connector_desc) {
		.type = DRM_MODE_CONNECTOR_WRITEBACK, .possible_crtcs = 1, .formats = formats,
		.format_count = 1, .possible_clones = 1 << HDMI_1 | 1 << HDMI_2,
	};
	return (struct kms_device_desc) {
		.max_width = 2048, .max_height = 2048, .cursor_width = 64, .cursor_height = 64,
		.crtc_count = CRTCS, .crtcs = crtcs, .planes = planes,
		.plane_count = GEM_ARRAY_SIZE(planes), .connectors = connectors,
		.connector_count = CONNECTORS,
	};
}

static struct kms_device *kms;
static uint32_t screen, half, mode_blob, large_mode_blob;
static int fd;

static void start(void)
{
	const struct kms_device_desc desc = describe();
	struct uapi_fixture *fixture = libdrm_fixture_create_desc(&desc);

	kms = fixture->dev->kms;
	fd = fixture_open_card(fixture);
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1), 0);
	screen = libdrm_fixture_framebuffer(fd, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888);
	half = libdrm_fixture_framebuffer(fd, WIDTH / 2, HEIGHT / 2, DRM_FORMAT_XRGB8888);
	CHECK_INT(drmModeCreatePropertyBlob(fd, &modes[0], sizeof(modes[0]), &mode_blob), 0);
	CHECK_INT(drmModeCreatePropertyBlob(fd, &modes[1], sizeof(modes[1]), &large_mode_blob), 0);
}

static void finish(void)
{
	close(fd);
	libdrm_fixture_destroy();
}

static void set(drmModeAtomicReq *req, const struct kms_object *obj,
	const struct kms_property *prop, uint64_t value)
{
	CHECK(drmModeAtomicAddProperty(req, obj->id, prop->base.id, value) > 0);
}

/* src and dst at 0,0; fb 0: off. */
static void put_plane(drmModeAtomicReq *req, unsigned plane, unsigned crtc, uint32_t fb,
	uint32_t src_width, uint32_t src_height, uint32_t width, uint32_t height)
{
	const struct kms_object *obj = &kms->planes[plane].base;

	set(req, obj, kms->props.fb_id, fb);
	set(req, obj, kms->props.plane_crtc_id, fb ? kms->crtcs[crtc].base.id : 0);
	set(req, obj, kms->props.src_w, (uint64_t)src_width << 16);
	set(req, obj, kms->props.src_h, (uint64_t)src_height << 16);
	set(req, obj, kms->props.crtc_w, width);
	set(req, obj, kms->props.crtc_h, height);
}

static void put_overlay(drmModeAtomicReq *req, unsigned plane, unsigned crtc)
{
	put_plane(req, plane, crtc, half, WIDTH / 2, HEIGHT / 2, WIDTH / 2, HEIGHT / 2);
}

static void connect(drmModeAtomicReq *req, unsigned connector, unsigned crtc)
{
	set(req, &kms->connectors[connector].base, kms->props.connector_crtc_id,
		kms->crtcs[crtc].base.id);
}

static void light(drmModeAtomicReq *req, unsigned crtc, unsigned connector)
{
	set(req, &kms->crtcs[crtc].base, kms->props.mode_id, mode_blob);
	set(req, &kms->crtcs[crtc].base, kms->props.active, 1);
	put_plane(req, crtc, crtc, screen, WIDTH, HEIGHT, WIDTH, HEIGHT);
	connect(req, connector, crtc);
}

static int commit(drmModeAtomicReq *req, uint32_t flags)
{
	int ret = drmModeAtomicCommit(fd, req, flags, NULL);

	drmModeAtomicFree(req);
	return ret;
}

static int modeset(drmModeAtomicReq *req)
{
	return commit(req, DRM_MODE_ATOMIC_ALLOW_MODESET);
}

static void start_lit(unsigned crtc, unsigned connector)
{
	start();
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	light(req, crtc, connector);
	CHECK_INT(modeset(req), 0);
}

/* ---- what clients see ---- */

TEST(writeback_is_for_those_who_ask)
{
	start();
	drmModeRes *res = drmModeGetResources(fd);
	CHECK_INT(res->count_connectors, 3);
	CHECK_INT(res->count_encoders, 4);
	drmModeFreeResources(res);
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1), 0);
	res = drmModeGetResources(fd);
	CHECK_INT(res->count_connectors, 4);
	CHECK_INT(res->connectors[3], kms->connectors[WRITEBACK].base.id);
	drmModeConnector *connector = drmModeGetConnector(fd, res->connectors[3]);
	CHECK(connector && connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK);
	CHECK_INT(connector->connection, DRM_MODE_UNKNOWNCONNECTION);
	CHECK_INT(connector->count_modes, 0);
	CHECK_INT(connector->count_props, 8);
	for (int i = 0; i < connector->count_props; i++) {
		drmModePropertyRes *prop = drmModeGetProperty(fd, connector->props[i]);
		static const char *const names[] = {"DPMS", "link-status", "non-desktop", "TILE",
			"CRTC_ID", "WRITEBACK_OUT_FENCE_PTR", "WRITEBACK_FB_ID",
			"WRITEBACK_PIXEL_FORMATS"};
		CHECK(strcmp(prop->name, names[i]) == 0);
		drmModeFreeProperty(prop);
	}
	drmModePropertyBlobRes *blob = drmModeGetPropertyBlob(fd,
		(uint32_t)connector->prop_values[7]);
	CHECK(blob && blob->length == 4 && memcmp(blob->data, formats, 4) == 0);
	drmModeFreePropertyBlob(blob);
	drmModeFreeConnector(connector);
	drmModeFreeResources(res);
	finish();
}

TEST(clones_are_told)
{
	static const uint32_t want[CONNECTORS] = {0xb, 0xb, 0x5, 0xb};

	start();
	for (unsigned i = 0; i < CONNECTORS; i++) {
		drmModeEncoder *encoder = drmModeGetEncoder(fd, kms->encoders[i].base.id);

		CHECK(encoder != NULL);
		CHECK_INT(encoder->possible_clones, want[i]);
		CHECK_INT(encoder->possible_crtcs, i == WRITEBACK ? 1 : 7);
		drmModeFreeEncoder(encoder);
	}
	finish();
}

TEST(a_monitor_s_facts)
{
	start();
	drmModeConnector *dp = drmModeGetConnector(fd, kms->connectors[DP].base.id);
	CHECK(dp && dp->mmWidth == 700 && dp->mmHeight == 390);
	CHECK_INT(dp->subpixel, 3); /* libdrm counts from 1 */
	unsigned found = 0;
	for (int i = 0; i < dp->count_props; i++) {
		drmModePropertyRes *prop = drmModeGetProperty(fd, dp->props[i]);
		if (strcmp(prop->name, "TILE") == 0) {
			drmModePropertyBlobRes *tile = drmModeGetPropertyBlob(fd,
				(uint32_t)dp->prop_values[i]);
			CHECK(tile && strcmp(tile->data, "1:1:2:1:0:0:640:480") == 0);
			drmModeFreePropertyBlob(tile);
			found |= 1;
		}
		if (strcmp(prop->name, "panel orientation") == 0 && dp->prop_values[i] == 3)
			found |= 2;
		if (strcmp(prop->name, "non-desktop") == 0 && dp->prop_values[i] == 1)
			found |= 4;
		drmModeFreeProperty(prop);
	}
	CHECK_INT(found, 7);
	drmModeFreeConnector(dp);
	finish();
}

/* ---- order ---- */

static void zpos(drmModeAtomicReq *req, unsigned plane, uint32_t value)
{
	set(req, &kms->planes[plane].base, kms->plane_props[plane].zpos, value);
}

static void check_order(unsigned first, unsigned second, unsigned third, unsigned fourth)
{
	pthread_mutex_lock(&kms->lock);
	CHECK_INT(kms->planes[first].scanout.normalized_zpos, 0);
	CHECK_INT(kms->planes[second].scanout.normalized_zpos, 1);
	CHECK_INT(kms->planes[third].scanout.normalized_zpos, 2);
	CHECK_INT(kms->planes[fourth].scanout.normalized_zpos, 3);
	pthread_mutex_unlock(&kms->lock);
}

TEST(zpos_is_made_dense)
{
	start_lit(0, HDMI_1);
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	put_overlay(req, 3, 0);
	put_overlay(req, 4, 0);
	put_overlay(req, 6, 0);
	CHECK_INT(commit(req, 0), 0);
	check_order(0, 3, 4, 6); /* 0, 1, 2, 5 */
	req = drmModeAtomicAlloc();
	zpos(req, 3, 10);
	CHECK_INT(commit(req, 0), 0);
	check_order(0, 4, 6, 3); /* 0, 2, 5, 10 */
	/* Equal ones: the older id is below, also beside the immutable one. */
	req = drmModeAtomicAlloc();
	zpos(req, 3, 5);
	zpos(req, 4, 5);
	CHECK_INT(commit(req, 0), 0);
	check_order(0, 3, 4, 6);
	req = drmModeAtomicAlloc();
	zpos(req, 4, 0);
	CHECK_INT(commit(req, 0), 0);
	check_order(0, 4, 3, 6);
	/* One leaves: those above come down. */
	req = drmModeAtomicAlloc();
	put_plane(req, 4, 0, 0, 0, 0, 0, 0);
	CHECK_INT(commit(req, 0), 0);
	pthread_mutex_lock(&kms->lock);
	CHECK_INT(kms->planes[3].scanout.normalized_zpos, 1);
	CHECK_INT(kms->planes[6].scanout.normalized_zpos, 2);
	pthread_mutex_unlock(&kms->lock);
	finish();
}

/* A test finds the order, and leaves it. */
TEST(zpos_of_a_test_stays)
{
	start_lit(0, HDMI_1);
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	put_overlay(req, 3, 0);
	put_overlay(req, 4, 0);
	put_overlay(req, 6, 0);
	CHECK_INT(commit(req, 0), 0);
	req = drmModeAtomicAlloc();
	zpos(req, 3, 10);
	CHECK_INT(commit(req, DRM_MODE_ATOMIC_TEST_ONLY), 0);
	CHECK_INT(kms->planes[3].state.normalized_zpos, 1);
	check_order(0, 3, 4, 6);
	finish();
}

/* ---- limits ---- */

TEST(planes_at_once)
{
	start_lit(0, HDMI_1);
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	for (unsigned i = 3; i < 7; i++)
		put_overlay(req, i, 0);
	CHECK_INT(commit(req, DRM_MODE_ATOMIC_TEST_ONLY), -EINVAL); /* five */
	req = drmModeAtomicAlloc();
	for (unsigned i = 3; i < 6; i++)
		put_overlay(req, i, 0);
	CHECK_INT(commit(req, 0), 0);
	req = drmModeAtomicAlloc();
	put_overlay(req, 6, 0);
	CHECK_INT(commit(req, 0), -EINVAL);
	req = drmModeAtomicAlloc();
	put_overlay(req, 6, 0);
	put_plane(req, 3, 0, 0, 0, 0, 0, 0);
	CHECK_INT(commit(req, 0), 0);
	finish();
}

TEST(scalers_at_once)
{
	start_lit(0, HDMI_1);
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	put_plane(req, 3, 0, half, 320, 240, 640, 240);
	CHECK_INT(commit(req, 0), 0);
	req = drmModeAtomicAlloc();
	put_plane(req, 4, 0, half, 320, 240, 320, 480);
	CHECK_INT(commit(req, 0), -EINVAL);
	req = drmModeAtomicAlloc();
	put_plane(req, 4, 0, half, 320, 240, 320, 480);
	put_overlay(req, 3, 0);
	CHECK_INT(commit(req, 0), 0);
	finish();
}

TEST(pixels_in_a_second)
{
	start_lit(1, HDMI_1);
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	/* Twice the screen: itself and four quarters; a fifth is too much. */
	for (unsigned i = 3; i < 7; i++)
		put_overlay(req, i, 1);
	CHECK_INT(commit(req, 0), 0);
	req = drmModeAtomicAlloc();
	set(req, &kms->crtcs[1].base, kms->props.mode_id, large_mode_blob);
	CHECK_INT(modeset(req), -EINVAL); /* 65 MHz */
	finish();

	start_lit(1, HDMI_1);
	req = drmModeAtomicAlloc();
	for (unsigned i = 3; i < 7; i++)
		put_overlay(req, i, 1);
	uint32_t more = libdrm_fixture_framebuffer(fd, 320, 241, DRM_FORMAT_XRGB8888);
	put_plane(req, 6, 1, more, 320, 241, 320, 241);
	CHECK_INT(commit(req, 0), -ENOSPC);
	finish();
}

TEST(what_a_plane_reads)
{
	start_lit(0, HDMI_1);
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	put_plane(req, 3, 0, screen, 321, 240, 321, 240);
	CHECK_INT(commit(req, 0), -EINVAL);
	req = drmModeAtomicAlloc();
	put_plane(req, 3, 0, half, 320, 240, 79, 240);
	CHECK_INT(commit(req, 0), -ERANGE);
	req = drmModeAtomicAlloc();
	put_plane(req, 3, 0, half, 320, 240, 80, 60);
	CHECK_INT(commit(req, 0), 0);
	req = drmModeAtomicAlloc();
	put_plane(req, 3, 0, half, 100, 100, 401, 400);
	CHECK_INT(commit(req, 0), -ERANGE);
	finish();
}

TEST(primaries)
{
	/* A positionable one may leave some of its crtc free. */
	start_lit(1, HDMI_1);
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	put_plane(req, 1, 1, half, 320, 240, 320, 240);
	CHECK_INT(commit(req, 0), 0);
	finish();

	start_lit(0, HDMI_1);
	req = drmModeAtomicAlloc();
	put_plane(req, 0, 0, half, 320, 240, 320, 240);
	CHECK_INT(commit(req, 0), -EINVAL);
	req = drmModeAtomicAlloc();
	put_plane(req, 0, 0, 0, 0, 0, 0, 0);
	CHECK_INT(commit(req, 0), 0);
	finish();

	start_lit(2, HDMI_1);
	req = drmModeAtomicAlloc();
	put_plane(req, 2, 2, 0, 0, 0, 0, 0);
	CHECK_INT(commit(req, 0), -EINVAL);
	finish();
}

TEST(luts_of_both_sizes)
{
	static const struct drm_color_lut entries[1024];
	static const struct {
		unsigned count;
		int degamma, gamma;
	} rows[] = {{33, 0, -EINVAL}, {256, 0, 0}, {1024, -EINVAL, 0}, {34, -EINVAL, -EINVAL}};

	start_lit(0, HDMI_1);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(rows); i++) {
		drmModeAtomicReq *req = drmModeAtomicAlloc();
		uint32_t id;

		CHECK_INT(drmModeCreatePropertyBlob(fd, entries, rows[i].count * 8, &id), 0);
		set(req, &kms->crtcs[0].base, kms->props.degamma_lut, id);
		CHECK_INT(commit(req, 0), rows[i].degamma);
		req = drmModeAtomicAlloc();
		set(req, &kms->crtcs[0].base, kms->props.gamma_lut, id);
		CHECK_INT(commit(req, 0), rows[i].gamma);
	}
	drmModeCrtc *crtc = drmModeGetCrtc(fd, kms->crtcs[0].base.id);
	CHECK_INT(crtc->gamma_size, 256);
	drmModeFreeCrtc(crtc);
	uint16_t ramp[256] = {0};
	/* crtc 1 has no table. */
	CHECK_INT(drmModeCrtcSetGamma(fd, kms->crtcs[1].base.id, 256, ramp, ramp, ramp), -ENOSYS);
	CHECK_INT(drmModeCrtcGetGamma(fd, kms->crtcs[1].base.id, 256, ramp, ramp, ramp), -EINVAL);
	finish();
}

TEST(no_async_flips_here)
{
	uint64_t cap = 7;

	start_lit(0, HDMI_1);
	CHECK_INT(drmGetCap(fd, DRM_CAP_ASYNC_PAGE_FLIP, &cap), 0);
	CHECK_INT(cap, 0);
	CHECK_INT(drmModePageFlip(fd, kms->crtcs[0].base.id, screen, DRM_MODE_PAGE_FLIP_ASYNC, NULL),
		-EINVAL);
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	set(req, &kms->planes[0].base, kms->props.fb_id, screen);
	CHECK_INT(commit(req, DRM_MODE_PAGE_FLIP_ASYNC | DRM_MODE_ATOMIC_NONBLOCK), -EINVAL);
	finish();
}

/* ---- clones, link-status ---- */

TEST(clones)
{
	start();
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	light(req, 0, HDMI_1);
	connect(req, HDMI_2, 0);
	CHECK_INT(modeset(req), 0);
	CHECK(kms->connectors[HDMI_2].state.crtc == &kms->crtcs[0]);
	/* DP is HDMI_1's clone, but not the reverse. */
	req = drmModeAtomicAlloc();
	connect(req, DP, 0);
	CHECK_INT(modeset(req), -EINVAL);
	CHECK(!kms->connectors[DP].state.crtc);
	/* All three crtcs at once. */
	req = drmModeAtomicAlloc();
	light(req, 1, HDMI_2);
	light(req, 2, DP);
	CHECK_INT(modeset(req), 0);
	CHECK(kms->crtcs[0].state.active && kms->crtcs[1].state.active && kms->crtcs[2].state.active);
	/* Legacy: both connectors by one SETCRTC take crtc 1's from it. */
	uint32_t both[2] = {kms->connectors[HDMI_1].base.id, kms->connectors[HDMI_2].base.id};
	CHECK_INT(drmModeSetCrtc(fd, kms->crtcs[0].base.id, screen, 0, 0, both, 2,
		(drmModeModeInfo *)&modes[0]), 0);
	CHECK(!kms->crtcs[1].state.active && !kms->crtcs[1].state.enable);
	both[1] = kms->connectors[DP].base.id;
	CHECK_INT(drmModeSetCrtc(fd, kms->crtcs[0].base.id, screen, 0, 0, both, 2,
		(drmModeModeInfo *)&modes[0]), -EINVAL);
	CHECK(kms->connectors[DP].state.crtc == &kms->crtcs[2]);
	finish();
}

static void spoil_link(unsigned connector)
{
	pthread_mutex_lock(&kms->lock);
	kms->connectors[connector].state.link_status = DRM_MODE_LINK_STATUS_BAD;
	pthread_mutex_unlock(&kms->lock);
}

TEST(link_status)
{
	const struct kms_connector *connector;

	start_lit(0, HDMI_1);
	connector = &kms->connectors[HDMI_1];
	/* A client can not say that a link is bad. */
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	set(req, &connector->base, kms->props.link_status, DRM_MODE_LINK_STATUS_BAD);
	CHECK_INT(commit(req, 0), 0);
	CHECK_INT(connector->state.link_status, DRM_MODE_LINK_STATUS_GOOD);
	/* That it is good again takes a modeset. */
	spoil_link(HDMI_1);
	req = drmModeAtomicAlloc();
	set(req, &connector->base, kms->props.link_status, DRM_MODE_LINK_STATUS_GOOD);
	CHECK_INT(commit(req, 0), -EINVAL);
	CHECK_INT(connector->state.link_status, DRM_MODE_LINK_STATUS_BAD);
	req = drmModeAtomicAlloc();
	set(req, &connector->base, kms->props.link_status, DRM_MODE_LINK_STATUS_GOOD);
	CHECK_INT(modeset(req), 0);
	CHECK_INT(connector->state.link_status, DRM_MODE_LINK_STATUS_GOOD);
	/* SETCRTC is one. */
	spoil_link(HDMI_1);
	uint32_t id = connector->base.id;
	CHECK_INT(drmModeSetCrtc(fd, kms->crtcs[0].base.id, screen, 0, 0, &id, 1,
		(drmModeModeInfo *)&modes[0]), 0);
	CHECK_INT(connector->state.link_status, DRM_MODE_LINK_STATUS_GOOD);
	finish();
}

/* ---- writeback ---- */

static drmModeAtomicReq *write_to(uint32_t fb, unsigned crtc)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	connect(req, WRITEBACK, crtc);
	set(req, &kms->connectors[WRITEBACK].base, kms->props.writeback_fb_id, fb);
	return req;
}

TEST(writeback_refused)
{
	start_lit(0, HDMI_1);
	const struct kms_connector *writeback = &kms->connectors[WRITEBACK];
	uint32_t small = libdrm_fixture_framebuffer(fd, WIDTH, HEIGHT - 1, DRM_FORMAT_XRGB8888);
	uint32_t alpha = libdrm_fixture_framebuffer(fd, WIDTH, HEIGHT, DRM_FORMAT_ARGB8888);
	CHECK_INT(modeset(write_to(small, 0)), -EINVAL);
	CHECK_INT(modeset(write_to(alpha, 0)), -EINVAL); /* not of its formats */
	CHECK_INT(modeset(write_to(99999, 0)), -EINVAL);
	CHECK_INT(modeset(write_to(screen, 1)), -EINVAL); /* not its crtc */
	CHECK_INT(commit(write_to(screen, 0), 0), -EINVAL); /* a modeset, that first time */
	/* An fb, but no crtc. */
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	set(req, &writeback->base, kms->props.writeback_fb_id, screen);
	CHECK_INT(modeset(req), -EINVAL);
	/* On a crtc that is off. */
	req = write_to(screen, 0);
	set(req, &kms->crtcs[0].base, kms->props.active, 0);
	CHECK_INT(modeset(req), -EINVAL);
	/* On another kind of connector. */
	req = drmModeAtomicAlloc();
	set(req, &kms->connectors[HDMI_1].base, kms->props.writeback_fb_id, screen);
	CHECK_INT(modeset(req), -ENOENT);
	CHECK(!writeback->state.crtc && !kms->crtcs[0].pending.writebacks);
	finish();
}

TEST(writeback_is_of_one_commit)
{
	start_lit(0, HDMI_1);
	struct kms_connector *writeback = &kms->connectors[WRITEBACK];
	uint64_t value = 1;
	uint32_t fb = libdrm_fixture_framebuffer(fd, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888);
	CHECK_INT(modeset(write_to(fb, 0)), 0);
	pthread_mutex_lock(&kms->lock);
	CHECK_INT(kms_object_get_property(&writeback->base, kms->props.writeback_fb_id, &value), 0);
	pthread_mutex_unlock(&kms->lock);
	CHECK_INT(value, 0);
	/* Connected now, it needs no further modeset, and nothing is written without an fb. */
	CHECK_INT(commit(write_to(fb, 0), 0), 0);
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	set(req, &kms->crtcs[0].base, kms->props.vrr_enabled, 1);
	CHECK_INT(commit(req, 0), 0);
	pthread_mutex_lock(&kms->lock);
	CHECK(!kms->crtcs[0].pending.writebacks);
	pthread_mutex_unlock(&kms->lock);
	finish();
}

/* A crtc that cannot do without its primary plane goes off with the framebuffer. */
TEST(rmfb_where_the_primary_is_needed)
{
	start_lit(2, HDMI_1);
	CHECK_INT(drmModeRmFB(fd, screen), 0);
	CHECK(!kms->crtcs[2].state.active && !kms->planes[2].state.fb);
	finish();
}
