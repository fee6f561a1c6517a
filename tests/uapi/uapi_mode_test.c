/* What a program sees of planes, crtcs, encoders and connectors. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "kms_mode.h"
#include "test.h"
#include "libdrm_fixture.h"

enum { GUARD = 0x5aa5 };
#define BAD_POINTER 0x10ull

static struct uapi_fixture *fixture;
static int fd;

static void setup(void)
{
	fixture = libdrm_fixture_create();
	fd = fixture_open_card(fixture);
}

static void teardown(void)
{
	close(fd);
	libdrm_fixture_destroy();
}

static struct drm_mode_card_res counts(void)
{
	struct drm_mode_card_res res = {0};

	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), 0);
	return res;
}

TEST(resources)
{
	setup();
	struct drm_mode_card_res res = counts();
	CHECK_INT(res.count_fbs, 0);
	CHECK_INT(res.count_crtcs, 1);
	CHECK_INT(res.count_connectors, 1);
	CHECK_INT(res.count_encoders, 2); /* the second is the writeback's, which hides */
	CHECK_INT(res.min_width, 0);
	CHECK_INT(res.max_width, 8192);
	CHECK_INT(res.max_height, 8192);
	drmModeRes *seen = drmModeGetResources(fd);
	CHECK(seen && seen->crtcs[0] == fixture->dev->kms->crtcs[0].base.id);
	CHECK(seen->connectors[0] == fixture->dev->kms->connectors[0].base.id);
	CHECK(seen->encoders[0] == fixture->dev->kms->encoders[0].base.id);
	drmModeFreeResources(seen);
	teardown();
}

/* A short array gets what fits; the count is the whole, as drm_mode_getresources does. */
TEST(resources_fill_short_arrays)
{
	setup();
	uint32_t ids[3] = {0, 0, GUARD}, fbs[3];
	for (int i = 0; i < 3; i++)
		fbs[i] = libdrm_fixture_framebuffer(fd, 64, 64, DRM_FORMAT_XRGB8888);
	struct drm_mode_card_res res = {.fb_id_ptr = (uintptr_t)ids, .count_fbs = 2};
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), 0);
	CHECK_INT(res.count_fbs, 3);
	CHECK_INT(ids[0], fbs[0]);
	CHECK_INT(ids[1], fbs[1]);
	CHECK_INT(ids[2], GUARD);
	teardown();
}

TEST(resources_show_own_framebuffers_only)
{
	setup();
	int other = fixture_open_card(fixture);
	libdrm_fixture_framebuffer(other, 64, 64, DRM_FORMAT_XRGB8888);
	CHECK_INT(counts().count_fbs, 0);
	close(other);
	teardown();
}

TEST(resources_bad_pointer)
{
	setup();
	struct drm_mode_card_res res = {.crtc_id_ptr = BAD_POINTER, .count_crtcs = 1};
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), EFAULT);
	CHECK_INT(counts().count_crtcs, 1);
	teardown();
}

TEST(planes_by_client_cap)
{
	setup();
	struct drm_mode_get_plane_res res = {0};
	uint32_t ids[4] = {0, 0, GUARD, GUARD};
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETPLANERESOURCES, &res), 0);
	CHECK_INT(res.count_planes, 2);
	res.plane_id_ptr = (uintptr_t)ids;
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETPLANERESOURCES, &res), 0);
	CHECK_INT(ids[0], fixture->dev->kms->planes[1].base.id); /* the overlays */
	CHECK_INT(ids[1], fixture->dev->kms->planes[3].base.id);
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1), 0);
	res.count_planes = 2;
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETPLANERESOURCES, &res), 0);
	CHECK_INT(res.count_planes, 4);
	CHECK_INT(ids[0], fixture->dev->kms->planes[0].base.id);
	CHECK_INT(ids[2], GUARD);
	teardown();
}

TEST(plane)
{
	setup();
	const struct kms_plane *overlay = &fixture->dev->kms->planes[1];
	uint32_t formats[KMS_MAX_FORMATS] = {0};
	struct drm_mode_get_plane req = {.plane_id = overlay->base.id,
		.format_type_ptr = (uintptr_t)formats, .count_format_types = 4};
	/* Formats are all or nothing. */
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETPLANE, &req), 0);
	CHECK_INT(req.count_format_types, overlay->format_count);
	CHECK_INT(formats[0], 0);
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETPLANE, &req), 0);
	CHECK_INT(formats[0], DRM_FORMAT_XRGB8888);
	CHECK_INT(formats[4], DRM_FORMAT_RGB565);
	CHECK_INT(req.possible_crtcs, 1);
	CHECK_INT(req.crtc_id, 0);
	CHECK_INT(req.fb_id, 0);
	CHECK_INT(req.gamma_size, 0);
	req.format_type_ptr = BAD_POINTER;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETPLANE, &req), EFAULT);
	req.plane_id = fixture->dev->kms->crtcs[0].base.id;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETPLANE, &req), ENOENT);
	drmModePlane *cursor = drmModeGetPlane(fd, fixture->dev->kms->planes[2].base.id);
	CHECK(cursor && cursor->count_formats == 1 && cursor->formats[0] == DRM_FORMAT_ARGB8888);
	drmModeFreePlane(cursor);
	teardown();
}

TEST(connector)
{
	setup();
	uint32_t id = fixture->dev->kms->connectors[0].base.id;
	drmModeConnector *seen = drmModeGetConnector(fd, id);
	CHECK(seen != NULL);
	CHECK_INT(seen->connection, DRM_MODE_CONNECTED);
	CHECK_INT(seen->connector_type, DRM_MODE_CONNECTOR_VIRTUAL);
	CHECK_INT(seen->connector_type_id, 1);
	CHECK_INT(seen->subpixel, DRM_MODE_SUBPIXEL_UNKNOWN);
	CHECK_INT(seen->encoder_id, 0); /* not in use */
	CHECK_INT(seen->count_encoders, 1);
	CHECK_INT(seen->encoders[0], fixture->dev->kms->encoders[0].base.id);
	CHECK_INT(seen->mmWidth, 271);
	CHECK_INT(seen->mmHeight, 203);
	CHECK_INT(seen->count_modes, 10);
	CHECK(strcmp(seen->modes[0].name, "1024x768") == 0);
	CHECK_INT(seen->modes[0].clock, 65000);
	CHECK_INT(seen->modes[0].htotal, 1344);
	CHECK_INT(seen->modes[0].vtotal, 806);
	CHECK_INT(seen->modes[0].vrefresh, 60);
	CHECK(seen->modes[0].type & DRM_MODE_TYPE_PREFERRED);
	CHECK(!(seen->modes[1].type & DRM_MODE_TYPE_PREFERRED));
	CHECK_INT(seen->count_props, 10); /* no atomic CRTC_ID */
	drmModeFreeConnector(seen);
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1), 0);
	seen = drmModeGetConnectorCurrent(fd, id);
	CHECK_INT(seen->count_props, 11);
	drmModeFreeConnector(seen);
	CHECK(!drmModeGetConnector(fd, fixture->dev->kms->crtcs[0].base.id));
	CHECK_INT(errno, ENOENT);
	teardown();
}

/* Modes and encoders are all or nothing, properties as many as fit. */
TEST(connector_short_arrays)
{
	setup();
	struct drm_mode_modeinfo modes[10];
	uint32_t props[16] = {0}, encoder = GUARD;
	uint64_t values[16];
	struct drm_mode_get_connector req = {
		.connector_id = fixture->dev->kms->connectors[0].base.id,
		.modes_ptr = (uintptr_t)modes, .count_modes = 9,
		.props_ptr = (uintptr_t)props, .prop_values_ptr = (uintptr_t)values,
		.count_props = 2,
		.encoders_ptr = (uintptr_t)&encoder, .count_encoders = 0,
	};
	modes[0].clock = GUARD;
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETCONNECTOR, &req), 0);
	CHECK_INT(req.count_modes, 10);
	CHECK_INT(modes[0].clock, GUARD);
	CHECK_INT(req.count_props, 10);
	CHECK(props[1] != 0 && props[2] == 0);
	CHECK_INT(req.count_encoders, 1);
	CHECK_INT(encoder, GUARD);
	req.modes_ptr = BAD_POINTER;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETCONNECTOR, &req), EFAULT);
	teardown();
}

TEST(connector_after_hotplug)
{
	setup();
	struct kms_connector *connector = &fixture->dev->kms->connectors[0];
	struct drm_mode_modeinfo mode;
	CHECK_INT(kms_mode_cvt(801, 603, 60, &mode), 0);
	CHECK_INT(kms_connector_set(connector, true, &mode, 1), 0);
	drmModeConnector *seen = drmModeGetConnector(fd, connector->base.id);
	CHECK(seen && seen->count_modes == 1 && seen->modes[0].hdisplay == 801);
	drmModeFreeConnector(seen);
	CHECK_INT(kms_connector_set(connector, false, NULL, 0), 0);
	seen = drmModeGetConnector(fd, connector->base.id);
	CHECK(seen && seen->count_modes == 0 && seen->connection == DRM_MODE_DISCONNECTED);
	CHECK_INT(seen->mmWidth, 0);
	drmModeFreeConnector(seen);
	teardown();
}

TEST(getters_follow_setcrtc)
{
	setup();
	struct kms_device *kms = fixture->dev->kms;
	uint32_t crtc_id = kms->crtcs[0].base.id, connector_id = kms->connectors[0].base.id;
	drmModeCrtc *crtc = drmModeGetCrtc(fd, crtc_id);
	CHECK(crtc && !crtc->mode_valid && crtc->buffer_id == 0 && crtc->gamma_size == 256);
	drmModeFreeCrtc(crtc);
	drmModeEncoder *encoder = drmModeGetEncoder(fd, kms->encoders[0].base.id);
	CHECK(encoder && encoder->crtc_id == 0 && encoder->possible_crtcs == 1);
	CHECK(encoder->encoder_type == DRM_MODE_ENCODER_VIRTUAL && encoder->possible_clones == 3);
	drmModeFreeEncoder(encoder);

	uint32_t fb = libdrm_fixture_framebuffer(fd, 1100, 800, DRM_FORMAT_XRGB8888);
	CHECK_INT(drmModeSetCrtc(fd, crtc_id, fb, 7, 9, &connector_id, 1,
		(drmModeModeInfo *)&kms->connectors[0].modes[0]), 0);
	crtc = drmModeGetCrtc(fd, crtc_id);
	CHECK(crtc && crtc->mode_valid && crtc->buffer_id == fb && crtc->x == 7 && crtc->y == 9);
	CHECK(strcmp(crtc->mode.name, "1024x768") == 0);
	CHECK_INT(crtc->width, 1024);
	drmModeFreeCrtc(crtc);
	encoder = drmModeGetEncoder(fd, kms->encoders[0].base.id);
	CHECK_INT(encoder->crtc_id, crtc_id);
	drmModeFreeEncoder(encoder);
	drmModePlane *plane = drmModeGetPlane(fd, kms->planes[0].base.id);
	CHECK(plane && plane->fb_id == fb && plane->crtc_id == crtc_id);
	drmModeFreePlane(plane);
	drmModeConnector *connector = drmModeGetConnectorCurrent(fd, connector_id);
	CHECK_INT(connector->encoder_id, kms->encoders[0].base.id);
	drmModeFreeConnector(connector);

	/* RMFB of what is shown takes the plane off; the crtc stays on. */
	CHECK_INT(drmModeRmFB(fd, fb), 0);
	crtc = drmModeGetCrtc(fd, crtc_id);
	CHECK(crtc && crtc->mode_valid && crtc->buffer_id == 0);
	drmModeFreeCrtc(crtc);
	teardown();
}

TEST(unknown_crtc_and_encoder)
{
	setup();
	CHECK(!drmModeGetCrtc(fd, 12345));
	CHECK_INT(errno, ENOENT);
	CHECK(!drmModeGetEncoder(fd, fixture->dev->kms->crtcs[0].base.id));
	CHECK_INT(errno, ENOENT);
	teardown();
}

TEST(gamma)
{
	setup();
	uint32_t crtc_id = fixture->dev->kms->crtcs[0].base.id;
	uint16_t ramp[256] = {0}, green[256] = {0};
	CHECK_INT(drmModeCrtcGetGamma(fd, crtc_id, 256, ramp, green, ramp), 0);
	/* The straight line, from the start. */
	CHECK(ramp[0] == 0 && ramp[128] == 0x8080 && ramp[255] == 0xffff && green[1] == 0x0101);
	for (int i = 0; i < 256; i++)
		green[i] = (uint16_t)(0xffff - ramp[i]);
	CHECK_INT(drmModeCrtcSetGamma(fd, crtc_id, 256, ramp, green, ramp), 0);
	memset(green, 0, sizeof(green));
	CHECK_INT(drmModeCrtcGetGamma(fd, crtc_id, 256, ramp, green, ramp), 0);
	CHECK(ramp[255] == 0xffff && green[0] == 0xffff && green[255] == 0);
	struct drm_mode_crtc_lut lut = {.crtc_id = crtc_id, .gamma_size = 255,
		.red = (uintptr_t)ramp, .green = (uintptr_t)ramp, .blue = (uintptr_t)ramp};
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETGAMMA, &lut), EINVAL);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_SETGAMMA, &lut), EINVAL);
	lut.gamma_size = 256;
	lut.blue = BAD_POINTER;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETGAMMA, &lut), EFAULT);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_SETGAMMA, &lut), EFAULT);
	lut.crtc_id = 1;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETGAMMA, &lut), ENOENT);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_SETGAMMA, &lut), ENOENT);
	teardown();
}

TEST(render_node_has_no_modes)
{
	setup();
	int render = fixture_open_render(fixture);
	struct drm_mode_card_res res = {0};
	CHECK_ERRNO(ioctl(render, DRM_IOCTL_MODE_GETRESOURCES, &res), EACCES);
	struct drm_mode_create_dumb dumb = {.width = 8, .height = 8, .bpp = 32};
	CHECK_ERRNO(ioctl(render, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), EACCES);
	fixture->dev->render_dumb = true;
	CHECK_INT(ioctl(render, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	CHECK_ERRNO(ioctl(render, DRM_IOCTL_MODE_GETRESOURCES, &res), EACCES);
	close(render);
	teardown();
}
