/* Who may lease what, and what a lessee sees of a device of three crtcs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "kms_mode.h"
#include "libdrm_fixture.h"

enum { CRTCS = 3, PLANES = 5, WIDTH = 640, HEIGHT = 480 };

static const uint32_t formats[] = {DRM_FORMAT_XRGB8888};
static struct uapi_fixture *fixture;
static int lessor;

static void setup(bool universal)
{
	static const struct kms_crtc_desc crtcs[CRTCS] = {{.gamma_size = 256}};
	static struct kms_connector_desc connectors[CRTCS];
	static struct kms_plane_desc planes[PLANES];
	static struct drm_mode_modeinfo mode;

	CHECK_INT(kms_mode_standard(WIDTH, HEIGHT, &mode), 0);
	for (unsigned i = 0; i < PLANES; i++)
		planes[i] = (struct kms_plane_desc) {
			.type = i < CRTCS ? KMS_PLANE_PRIMARY : i == 3 ? KMS_PLANE_CURSOR :
				KMS_PLANE_OVERLAY,
			.possible_crtcs = i < CRTCS ? 1 << i : i == 3 ? 2 : 6, /* a cursor for crtc 1 */
			.formats = formats, .format_count = 1, .positionable = i >= CRTCS,
		};
	for (unsigned i = 0; i < CRTCS; i++)
		connectors[i] = (struct kms_connector_desc) {
			.type = DRM_MODE_CONNECTOR_HDMIA, .possible_crtcs = 7, .connected = true,
			.modes = &mode, .mode_count = 1,
		};
	const struct kms_device_desc desc = {
		.max_width = 2048, .max_height = 2048, .cursor_width = 64, .cursor_height = 64,
		.crtcs = crtcs, .crtc_count = CRTCS, .planes = planes, .plane_count = PLANES,
		.connectors = connectors, .connector_count = CRTCS,
	};
	fixture = libdrm_fixture_create_desc(&desc);
	lessor = fixture_open_card(fixture);
	if (universal)
		CHECK_INT(drmSetClientCap(lessor, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1), 0);
}

static void teardown(void)
{
	close(lessor);
	libdrm_fixture_destroy();
}

static uint32_t crtc(unsigned i) { return fixture->dev->kms->crtcs[i].base.id; }
static uint32_t connector(unsigned i) { return fixture->dev->kms->connectors[i].base.id; }
static uint32_t plane(unsigned i) { return fixture->dev->kms->planes[i].base.id; }

/* The fd, or -errno. */
static int lease(int fd, const uint32_t *ids, int count, uint32_t *id)
{
	return drmModeCreateLease(fd, ids, count, O_CLOEXEC, id);
}

/* crtcs 1 and 2 with connector 2, primary of 1, and the overlay */
static int lease_some(uint32_t *id)
{
	const uint32_t ids[] = {crtc(2), connector(2), plane(1), crtc(1), plane(4)};
	int fd = lease(lessor, ids, 5, id);

	CHECK(fd >= 0);
	return fd;
}

TEST(lessee_sees_what_it_has)
{
	uint32_t id;

	setup(true);
	int fd = lease_some(&id);
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1), 0);
	drmModeRes *res = drmModeGetResources(fd);
	CHECK_INT(res->count_crtcs, 2);
	CHECK(res->crtcs[0] == crtc(1) && res->crtcs[1] == crtc(2));
	CHECK_INT(res->count_connectors, 1);
	CHECK(res->connectors[0] == connector(2));
	CHECK_INT(res->count_encoders, CRTCS);
	/* Its crtcs counted from 0: of 0..2 it has 1 and 2. */
	drmModeEncoder *encoder = drmModeGetEncoder(fd, res->encoders[0]);
	CHECK_INT(encoder->possible_crtcs, 3);
	drmModeFreeEncoder(encoder);
	drmModeFreeResources(res);
	drmModePlaneRes *planes = drmModeGetPlaneResources(fd);
	CHECK_INT(planes->count_planes, 2);
	CHECK(planes->planes[0] == plane(1) && planes->planes[1] == plane(4));
	drmModeFreePlaneResources(planes);
	drmModePlane *primary = drmModeGetPlane(fd, plane(1));
	CHECK_INT(primary->possible_crtcs, 1);
	drmModeFreePlane(primary);
	/* The others are not there, whatever the request. */
	CHECK(!drmModeGetCrtc(fd, crtc(0)));
	CHECK(errno == ENOENT && !drmModeGetConnector(fd, connector(0)));
	CHECK(errno == ENOENT && !drmModeGetPlane(fd, plane(0)));
	CHECK(errno == ENOENT && !drmModeObjectGetProperties(fd, plane(2), DRM_MODE_OBJECT_PLANE));
	CHECK_INT(errno, ENOENT);
	/* The lessor has everything, as before. */
	res = drmModeGetResources(lessor);
	CHECK_INT(res->count_crtcs, CRTCS);
	drmModeFreeResources(res);
	close(fd);
	teardown();
}

TEST(lessee_uses_what_it_has)
{
	uint32_t id;

	setup(true);
	int fd = lease_some(&id);
	uint32_t fb = libdrm_fixture_framebuffer(fd, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888);
	uint32_t connectors[] = {connector(2)};
	drmModeConnector *screen = drmModeGetConnector(fd, connectors[0]);
	drmModeModeInfo mode = screen->modes[0];
	drmModeFreeConnector(screen);
	CHECK_INT(drmModeSetCrtc(fd, crtc(0), fb, 0, 0, connectors, 1, &mode), -ENOENT);
	/* It has the crtc, and not its primary plane. */
	CHECK_INT(drmModeSetCrtc(fd, crtc(2), fb, 0, 0, connectors, 1, &mode), -EACCES);
	CHECK_INT(drmModePageFlip(fd, crtc(2), fb, 0, NULL), -EACCES);
	CHECK_INT(drmModeSetCrtc(fd, crtc(2), 0, 0, 0, NULL, 0, NULL), 0);
	CHECK_INT(drmModeSetCursor(fd, crtc(1), 0, 64, 64), -EACCES);
	CHECK_INT(drmModeSetCrtc(fd, crtc(1), fb, 0, 0, connectors, 1, &mode), 0);
	connectors[0] = connector(0);
	CHECK_INT(drmModeSetCrtc(fd, crtc(1), fb, 0, 0, connectors, 1, &mode), -ENOENT);
	/* Its first crtc is the device's second, and runs; its second does not; there is no third. */
	drmVBlank wait = {.request.type = DRM_VBLANK_RELATIVE, .request.sequence = 1};
	CHECK_INT(drmWaitVBlank(fd, &wait), 0);
	wait = (drmVBlank) {.request.type = DRM_VBLANK_RELATIVE};
	CHECK_INT(drmWaitVBlank(lessor, &wait), -1);
	wait = (drmVBlank) {.request.type = DRM_VBLANK_RELATIVE | 2 << DRM_VBLANK_HIGH_CRTC_SHIFT};
	CHECK_INT(drmWaitVBlank(fd, &wait), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(drmCrtcGetSequence(fd, crtc(0), NULL, NULL), -1);
	CHECK_INT(errno, ENOENT);
	close(fd);
	teardown();
}

TEST(atomic_of_a_lessee)
{
	uint32_t id;

	setup(true);
	int fd = lease_some(&id);
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1), 0);
	const struct kms_standard_props *props = &fixture->dev->kms->props;
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	/* A crtc it has not, as a value: EACCES; as an object: ENOENT. */
	drmModeAtomicAddProperty(req, plane(4), props->plane_crtc_id->base.id, crtc(0));
	CHECK_INT(drmModeAtomicCommit(fd, req, DRM_MODE_ATOMIC_TEST_ONLY, NULL), -EACCES);
	drmModeAtomicSetCursor(req, 0);
	drmModeAtomicAddProperty(req, connector(2), props->connector_crtc_id->base.id, crtc(0));
	CHECK_INT(drmModeAtomicCommit(fd, req, DRM_MODE_ATOMIC_TEST_ONLY, NULL), -EACCES);
	drmModeAtomicSetCursor(req, 0);
	drmModeAtomicAddProperty(req, crtc(0), props->active->base.id, 0);
	CHECK_INT(drmModeAtomicCommit(fd, req, DRM_MODE_ATOMIC_TEST_ONLY, NULL), -ENOENT);
	drmModeAtomicSetCursor(req, 0);
	drmModeAtomicAddProperty(req, crtc(2), props->active->base.id, 0);
	CHECK_INT(drmModeAtomicCommit(fd, req, 0, NULL), 0);
	CHECK_INT(drmModeRevokeLease(lessor, id), 0);
	CHECK_INT(drmModeAtomicCommit(fd, req, 0, NULL), -ENOENT);
	drmModeAtomicFree(req);
	close(fd);
	teardown();
}

/* ---- what can not be leased ---- */

enum { FB = 1000, NOTHING, PROPERTY };

static uint32_t resolve(unsigned code)
{
	switch (code / 100) {
	case 1: return crtc(code % 100);
	case 2: return connector(code % 100);
	case 3: return plane(code % 100);
	}
	return code == NOTHING ? 0x7fffffff : code == PROPERTY ?
		fixture->dev->kms->props.active->base.id :
		libdrm_fixture_framebuffer(lessor, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888);
}

static const struct {
	const char *name;
	bool universal;
	unsigned objects[5]; /* 100: crtc 0, 200: connector 0, 300: plane 0 */
	int count, error;
} refusals[] = {
	{"no crtc", true, {200, 300}, 2, EINVAL},
	{"no connector", true, {100, 300}, 2, EINVAL},
	{"no plane", true, {100, 200}, 2, EINVAL},
	{"no plane, which needs none", false, {100, 200}, 2, 0},
	{"all", true, {100, 200, 300}, 3, 0},
	{"nothing", true, {0}, 0, 0},
	{"twice", true, {100, 200, 300, 200}, 4, ENOSPC},
	{"primary, twice", false, {100, 200, 300}, 3, ENOSPC},
	{"cursor, twice", false, {101, 200, 303}, 3, ENOSPC},
	{"overlay beside", false, {101, 200, 304}, 3, 0},
	{"unknown", true, {100, 200, 300, NOTHING}, 4, ENOENT},
	{"framebuffer", true, {100, 200, 300, FB}, 4, EINVAL},
	{"property", true, {100, 200, 300, PROPERTY}, 4, EINVAL},
	{"unknown before no crtc", true, {200, NOTHING}, 2, ENOENT},
};

TEST_ROWS(lists, __typeof__(refusals[0]), refusals)
{
	uint32_t ids[5], id;

	setup(row->universal);
	for (int i = 0; i < row->count; i++)
		ids[i] = resolve(row->objects[i]);
	int fd = lease(lessor, ids, row->count, &id);
	CHECK_INT(fd < 0 ? fd : 0, -row->error);
	/* A refused lease has taken nothing. */
	const uint32_t whole[] = {crtc(0), connector(0), plane(0)};
	int other = lease(lessor, whole, row->universal ? 3 : 2, &id);
	CHECK_INT(other < 0 ? other : 0, fd >= 0 && row->count ? -EBUSY : 0);
	close(other);
	close(fd);
	teardown();
}

TEST(implicit_planes)
{
	uint32_t id;

	setup(false);
	const uint32_t ids[] = {crtc(1), connector(1)};
	int fd = lease(lessor, ids, 2, &id);
	CHECK(fd >= 0);
	drmModeObjectListPtr leased = drmModeGetLease(fd);
	CHECK(leased && leased->count == 4);
	drmFree(leased);
	CHECK_INT(drmModeSetCursor(fd, crtc(1), 0, 64, 64), 0);
	close(fd);
	teardown();
}

TEST(short_arrays_and_bad_memory)
{
	uint32_t id, ids[2] = {0, 77};

	setup(true);
	int fd = lease_some(&id);
	struct drm_mode_get_lease get = {.count_objects = 1, .objects_ptr = (uintptr_t)ids};
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GET_LEASE, &get), 0);
	CHECK_INT(get.count_objects, 5);
	CHECK(ids[0] != 0 && ids[1] == 77);
	get = (struct drm_mode_get_lease) {.count_objects = 1, .objects_ptr = 0x10};
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GET_LEASE, &get), EFAULT);
	get = (struct drm_mode_get_lease) {.pad = 1};
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GET_LEASE, &get), EINVAL);
	struct drm_mode_list_lessees list = {.pad = 1};
	CHECK_ERRNO(ioctl(lessor, DRM_IOCTL_MODE_LIST_LESSEES, &list), EINVAL);
	list = (struct drm_mode_list_lessees) {.count_lessees = 1, .lessees_ptr = 0x10};
	CHECK_ERRNO(ioctl(lessor, DRM_IOCTL_MODE_LIST_LESSEES, &list), EFAULT);
	struct drm_mode_create_lease create = {.object_ids = 0x10, .object_count = 2};
	CHECK_ERRNO(ioctl(lessor, DRM_IOCTL_MODE_CREATE_LEASE, &create), EFAULT);
	create.object_count = UINT32_MAX;
	CHECK_ERRNO(ioctl(lessor, DRM_IOCTL_MODE_CREATE_LEASE, &create), ENOMEM);
	/* The owner's list is of all objects, properties among them. */
	get = (struct drm_mode_get_lease) {0};
	CHECK_INT(ioctl(lessor, DRM_IOCTL_MODE_GET_LEASE, &get), 0);
	CHECK(get.count_objects > CRTCS * 3 + PLANES);
	close(fd);
	teardown();
}

TEST(lessee_is_master_with_its_lessor)
{
	uint32_t id, other_id;

	setup(true);
	int stranger = fixture_open_card(fixture);
	const uint32_t whole[] = {crtc(0), connector(0), plane(0)};
	CHECK_INT(lease(stranger, whole, 3, &id), -EACCES);
	int fd = lease_some(&id), other = lease(lessor, whole, 3, &other_id);
	CHECK(other >= 0 && other_id != id);
	/* No leases of leases, and it is not the lessee's to end others. */
	CHECK_INT(lease(fd, whole, 3, &id), -EINVAL);
	CHECK_INT(drmModeRevokeLease(fd, other_id), -EACCES);
	CHECK_INT(drmModeRevokeLease(fd, id), -EACCES);
	CHECK_INT(drmModeRevokeLease(fd, 99), -ENOENT);
	drmModeLesseeListPtr lessees = drmModeListLessees(fd);
	CHECK(lessees && lessees->count == 0);
	drmFree(lessees);
	/* It can neither drop nor become what its lessor is. */
	fixture->caller.uid = 0;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_DROP_MASTER, 0), EINVAL);
	CHECK_INT(ioctl(fd, DRM_IOCTL_SET_MASTER, 0), 0);
	CHECK_INT(ioctl(lessor, DRM_IOCTL_DROP_MASTER, 0), 0);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_SET_MASTER, 0), EINVAL);
	uint32_t fb = libdrm_fixture_framebuffer(fd, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888);
	CHECK_INT(drmModePageFlip(fd, crtc(1), fb, 0, NULL), -EACCES);
	CHECK_INT(ioctl(lessor, DRM_IOCTL_SET_MASTER, 0), 0);
	CHECK_INT(drmModePageFlip(fd, crtc(1), fb, 0, NULL), -EBUSY); /* the crtc is off */
	close(other);
	close(fd);
	close(stranger);
	teardown();
}

TEST(lessor_closes)
{
	uint32_t id;

	setup(true);
	int fd = lease_some(&id);
	close(lessor);
	lessor = fixture_open_card(fixture); /* a new master */
	CHECK_INT(drmSetClientCap(lessor, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1), 0);
	struct drm_mode_get_lease get = {0};
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GET_LEASE, &get), EACCES);
	CHECK(!drmModeGetCrtc(fd, crtc(1)) && errno == ENOENT);
	const uint32_t whole[] = {crtc(1), connector(2), plane(1)};
	int other = lease(lessor, whole, 3, &id);
	CHECK(other >= 0);
	close(other);
	close(fd);
	teardown();
}

static unsigned ends;

static void count_end(struct uapi_device *dev, void *data)
{
	ends++;
}

TEST(many_leases_leave_nothing)
{
	int fds[64];
	uint32_t id;

	setup(true);
	fixture->dev->on_lease_end = count_end;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < GEM_ARRAY_SIZE(fds); i++) {
			fds[i] = lease(lessor, NULL, 0, &id);
			CHECK(fds[i] >= 0);
			CHECK_INT(id, i + 1);
		}
		int some = lease_some(&id);
		close(some);
		/* Any order; the lessor goes first in the last round. */
		if (round == 2)
			close(lessor);
		for (unsigned i = 0; i < GEM_ARRAY_SIZE(fds); i++)
			close(fds[i * 5 % GEM_ARRAY_SIZE(fds)]);
		vfs_reap(fixture->vfs);
		CHECK_INT(ends, (GEM_ARRAY_SIZE(fds) + 1) * (round + 1));
	}
	lessor = -1;
	teardown();
}
