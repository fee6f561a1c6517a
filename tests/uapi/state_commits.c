/*
 * Mode state by atomic commits, as libdrm's users make them, on the default
 * device: what is refused and with which errno, that a refused commit changed
 * nothing, and what accepted ones read back. One source, run in process
 * (preload_self.c) and in another process (preload_client.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "card_property.h"
#include "preload_test.h"
#include "test.h"

enum { WIDTH = 1024, HEIGHT = 768 };
enum object { PRIMARY, OVERLAY, OVERLAY_2, CURSOR, CRTC, CONNECTOR, OBJECTS };

static const uint32_t types[OBJECTS] = {
	DRM_MODE_OBJECT_PLANE, DRM_MODE_OBJECT_PLANE, DRM_MODE_OBJECT_PLANE, DRM_MODE_OBJECT_PLANE,
	DRM_MODE_OBJECT_CRTC, DRM_MODE_OBJECT_CONNECTOR,
};
static uint32_t ids[OBJECTS];
static uint32_t mode_blob, screen, back, picture;
static int fd;

/* ---- properties by name ---- */

static uint32_t property(enum object object, const char *name, uint64_t *value)
{
	return card_property(fd, ids[object], types[object], name, value);
}

static uint64_t get(enum object object, const char *name)
{
	uint64_t value;

	property(object, name, &value);
	return value;
}

static void set(drmModeAtomicReq *req, enum object object, const char *name, uint64_t value)
{
	CHECK(drmModeAtomicAddProperty(req, ids[object], property(object, name, NULL), value) > 0);
}

/* Every value of every object, to be compared. */
struct values {
	unsigned count;
	uint64_t values[OBJECTS * 32];
};

static void read_values(struct values *all)
{
	all->count = 0;
	for (unsigned i = 0; i < OBJECTS; i++) {
		drmModeObjectProperties *list = drmModeObjectGetProperties(fd, ids[i], types[i]);

		CHECK(list != NULL && all->count + list->count_props <= OBJECTS * 32);
		for (uint32_t j = 0; j < list->count_props; j++)
			all->values[all->count++] = list->prop_values[j];
		drmModeFreeObjectProperties(list);
	}
}

/* ---- a lit screen ---- */

static uint32_t framebuffer(uint32_t width, uint32_t height, uint32_t format)
{
	uint32_t handles[4] = {0}, pitches[4] = {0}, offsets[4] = {0}, id;
	uint64_t size;

	CHECK_INT(drmModeCreateDumbBuffer(fd, width, height, 32, 0, handles, pitches, &size), 0);
	CHECK_INT(drmModeAddFB2(fd, width, height, format, handles, pitches, offsets, &id, 0), 0);
	CHECK_INT(drmCloseBufferHandle(fd, handles[0]), 0);
	return id;
}

static void find_objects(void)
{
	drmModeRes *res = drmModeGetResources(fd);
	drmModePlaneRes *planes = drmModeGetPlaneResources(fd);

	CHECK(res && res->count_crtcs == 1 && res->count_connectors >= 1);
	CHECK(planes && planes->count_planes == 4);
	ids[CRTC] = res->crtcs[0];
	ids[CONNECTOR] = res->connectors[0];
	ids[PRIMARY] = planes->planes[0];
	ids[OVERLAY] = planes->planes[1];
	ids[CURSOR] = planes->planes[2];
	ids[OVERLAY_2] = planes->planes[3];
	drmModeConnector *connector = drmModeGetConnector(fd, ids[CONNECTOR]);
	CHECK(connector && connector->count_modes > 0);
	CHECK_INT(drmModeCreatePropertyBlob(fd, &connector->modes[0],
		sizeof(connector->modes[0]), &mode_blob), 0);
	drmModeFreeConnector(connector);
	drmModeFreePlaneResources(planes);
	drmModeFreeResources(res);
}

static void put_plane(drmModeAtomicReq *req, enum object plane, uint32_t fb, uint32_t width,
	uint32_t height)
{
	set(req, plane, "CRTC_ID", fb ? ids[CRTC] : 0);
	set(req, plane, "FB_ID", fb);
	set(req, plane, "CRTC_X", 0);
	set(req, plane, "CRTC_Y", 0);
	set(req, plane, "CRTC_W", width);
	set(req, plane, "CRTC_H", height);
	set(req, plane, "SRC_X", 0);
	set(req, plane, "SRC_Y", 0);
	set(req, plane, "SRC_W", (uint64_t)width << 16);
	set(req, plane, "SRC_H", (uint64_t)height << 16);
}

static int commit(drmModeAtomicReq *req, uint32_t flags)
{
	int ret = drmModeAtomicCommit(fd, req, flags, NULL);

	drmModeAtomicFree(req);
	return ret;
}

/* The screen and an overlay of 64x32. */
static void start(void)
{
	preload_test_begin();
	fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	CHECK(fd >= 0);
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1), 0);
	find_objects();
	screen = framebuffer(WIDTH, HEIGHT, DRM_FORMAT_XRGB8888);
	back = framebuffer(WIDTH, HEIGHT, DRM_FORMAT_XRGB8888);
	picture = framebuffer(64, 32, DRM_FORMAT_ARGB8888);
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	put_plane(req, PRIMARY, screen, WIDTH, HEIGHT);
	put_plane(req, OVERLAY, picture, 64, 32);
	set(req, CRTC, "ACTIVE", 1);
	set(req, CRTC, "MODE_ID", mode_blob);
	set(req, CONNECTOR, "CRTC_ID", ids[CRTC]);
	CHECK_INT(commit(req, DRM_MODE_ATOMIC_ALLOW_MODESET), 0);
}

static void finish(void)
{
	close(fd);
	preload_test_end();
}

static uint32_t blob(const void *data, size_t size)
{
	uint32_t id;

	CHECK_INT(drmModeCreatePropertyBlob(fd, data, size, &id), 0);
	return id;
}

/* ---- what is refused ---- */

enum value_kind { PLAIN, SCREEN_FB, PICTURE_FB, WIDE_FB, ZEROES, DAMAGE, A_CRTC, AN_FB_BLOB };

struct change {
	const char *name;
	enum object object;
	uint64_t value;
	enum value_kind kind; /* what value means: see resolve */
};

static uint64_t resolve(const struct change *change)
{
	static const uint8_t zeroes[4096 * 8 + 8];
	struct drm_mode_rect rect = {0, 0, (int32_t)change->value, 8};

	switch (change->kind) {
	case SCREEN_FB: return screen;
	case PICTURE_FB: return picture;
	case WIDE_FB: return framebuffer(128, 8, DRM_FORMAT_ARGB8888);
	case ZEROES: return blob(zeroes, change->value); /* of so many bytes */
	case DAMAGE: return blob(&rect, sizeof(rect));   /* of that width */
	case A_CRTC: return ids[CRTC];
	case AN_FB_BLOB: return screen; /* an fb where a blob belongs */
	default: return change->value;
	}
}

#define ROTATED(angle) DRM_MODE_ROTATE_##angle

static const struct refusal {
	const char *name;
	int error;
	struct change changes[6];
} refusals[] = {
	/* values that a property does not take */
	{"two angles", EINVAL, {{"rotation", OVERLAY, ROTATED(0) | ROTATED(90)}}},
	{"no angle", EINVAL, {{"rotation", OVERLAY, DRM_MODE_REFLECT_X}}},
	{"angle the plane has not", EINVAL, {{"rotation", PRIMARY, ROTATED(90)}}},
	{"unknown bit of rotation", EINVAL, {{"rotation", OVERLAY, ROTATED(0) | 64}}},
	{"alpha beyond 16 bits", EINVAL, {{"alpha", OVERLAY, 0x10000}}},
	{"unknown blend mode", EINVAL, {{"pixel blend mode", OVERLAY, 3}}},
	{"zpos below its range", EINVAL, {{"zpos", OVERLAY, 0}}},
	{"zpos above its range", EINVAL, {{"zpos", OVERLAY, 3}}},
	{"immutable zpos", EINVAL, {{"zpos", PRIMARY, 0}}},
	{"unknown encoding", EINVAL, {{"COLOR_ENCODING", OVERLAY, 3}}},
	{"unknown range", EINVAL, {{"COLOR_RANGE", OVERLAY, 2}}},
	{"VRR_ENABLED = 2", EINVAL, {{"VRR_ENABLED", CRTC, 2}}},
	{"max bpc too low", EINVAL, {{"max bpc", CONNECTOR, 5}}},
	{"max bpc too high", EINVAL, {{"max bpc", CONNECTOR, 13}}},
	{"unknown content type", EINVAL, {{"content type", CONNECTOR, 5}}},
	{"unknown colorspace", EINVAL, {{"Colorspace", CONNECTOR, 16}}},
	{"link-status = 2", EINVAL, {{"link-status", CONNECTOR, 2}}},
	{"vrr_capable is immutable", EINVAL, {{"vrr_capable", CONNECTOR, 1}}},
	{"GAMMA_LUT_SIZE is immutable", EINVAL, {{"GAMMA_LUT_SIZE", CRTC, 256}}},
	{"in-fence below -1", EINVAL, {{"IN_FENCE_FD", OVERLAY, (uint64_t)-2}}},
	{"in-fence of a device file", EINVAL, {{"IN_FENCE_FD", OVERLAY, 0x7ffffff}}},
	/* blobs of the wrong shape */
	{"gamma of a part of an entry", EINVAL, {{"GAMMA_LUT", CRTC, 256 * 8 + 1, ZEROES}}},
	{"gamma of 255 entries", EINVAL, {{"GAMMA_LUT", CRTC, 255 * 8, ZEROES}}},
	{"degamma of 4096 entries", EINVAL, {{"DEGAMMA_LUT", CRTC, 4096 * 8, ZEROES}}},
	{"short ctm", EINVAL, {{"CTM", CRTC, 71, ZEROES}}},
	{"long ctm", EINVAL, {{"CTM", CRTC, 80, ZEROES}}},
	{"short HDR metadata", EINVAL, {{"HDR_OUTPUT_METADATA", CONNECTOR, 8, ZEROES}}},
	{"unknown blob", EINVAL, {{"GAMMA_LUT", CRTC, 99999}}},
	{"fb as blob", EINVAL, {{"CTM", CRTC, 0, AN_FB_BLOB}}},
	{"damage of half a rectangle", EINVAL, {{"FB_DAMAGE_CLIPS", OVERLAY, 8, ZEROES}}},
	{"empty damage rectangle", EINVAL, {{"FB_DAMAGE_CLIPS", OVERLAY, 0, DAMAGE}}},
	{"damage outside of the fb", EINVAL, {{"FB_DAMAGE_CLIPS", OVERLAY, 65, DAMAGE}}},
	{"mode of 4 bytes", EINVAL, {{"MODE_ID", CRTC, 4, ZEROES}}},
	{"mode of zeroes", EINVAL, {{"MODE_ID", CRTC, sizeof(struct drm_mode_modeinfo), ZEROES}}},
	/* planes */
	{"plane without an fb", EINVAL, {{"FB_ID", OVERLAY, 0}}},
	{"plane without a crtc", EINVAL, {{"CRTC_ID", OVERLAY, 0}}},
	{"enlarged too much", ERANGE, {{"CRTC_W", OVERLAY, 64 * 17}}},
	{"reduced too much", ERANGE, {{"CRTC_H", OVERLAY, 7}}},
	{"primary scaled", ERANGE, {{"SRC_W", PRIMARY, (WIDTH - 1) << 16}}},
	{"turned, then too small", ERANGE, {{"rotation", OVERLAY, ROTATED(90)},
		{"FB_ID", OVERLAY, 0, WIDE_FB}, {"SRC_W", OVERLAY, 128 << 16},
		{"SRC_H", OVERLAY, 8 << 16}, {"CRTC_W", OVERLAY, 128}, {"CRTC_H", OVERLAY, 8}}},
	{"nothing wide", ERANGE, {{"CRTC_W", OVERLAY, 0}}},
	{"place beyond 31 bits", ERANGE, {{"CRTC_X", OVERLAY, 0x7fffffff}}},
	{"source outside of the fb", ENOSPC, {{"SRC_X", OVERLAY, 1}}},
	{"source higher than the fb", ENOSPC, {{"SRC_H", OVERLAY, (32 << 16) + 1}}},
	{"primary does not cover", EINVAL, {{"CRTC_X", PRIMARY, 1}}},
	{"format the plane has not", EINVAL, {{"FB_ID", CURSOR, 0, SCREEN_FB},
		{"CRTC_ID", CURSOR, 0, A_CRTC}, {"CRTC_W", CURSOR, 64}, {"CRTC_H", CURSOR, 64},
		{"SRC_W", CURSOR, 64 << 16}, {"SRC_H", CURSOR, 64 << 16}}},
	{"cursor too large", EINVAL, {{"FB_ID", CURSOR, 0, WIDE_FB},
		{"CRTC_ID", CURSOR, 0, A_CRTC}, {"CRTC_W", CURSOR, 128}, {"CRTC_H", CURSOR, 8},
		{"SRC_W", CURSOR, 128 << 16}, {"SRC_H", CURSOR, 8 << 16}}},
	/* crtcs and connectors */
	{"active without a mode", EINVAL, {{"MODE_ID", CRTC, 0}}},
	{"mode without a connector", EINVAL, {{"CRTC_ID", CONNECTOR, 0}}},
	{"DPMS is for legacy clients", EINVAL, {{"DPMS", CONNECTOR, 0}}},
};

/*
 * Each with a change before it that is all right by itself: the refusal must
 * take that along. A test says the same as a commit.
 */
TEST_ROWS(refused, struct refusal, refusals)
{
	static const uint32_t flags[] = {DRM_MODE_ATOMIC_TEST_ONLY, DRM_MODE_ATOMIC_NONBLOCK, 0};
	struct values before, after;

	start();
	read_values(&before);
	for (unsigned i = 0; i < 3; i++) {
		drmModeAtomicReq *req = drmModeAtomicAlloc();

		set(req, OVERLAY, "alpha", 0x1234);
		set(req, CRTC, "VRR_ENABLED", 1);
		for (unsigned j = 0; j < 6 && row->changes[j].name; j++)
			set(req, row->changes[j].object, row->changes[j].name,
				resolve(&row->changes[j]));
		CHECK_INT(commit(req, flags[i] | DRM_MODE_ATOMIC_ALLOW_MODESET), -row->error);
	}
	read_values(&after);
	CHECK_INT(after.count, before.count);
	for (unsigned i = 0; i < before.count; i++)
		CHECK_INT(after.values[i], before.values[i]);
	finish();
}

/* ---- what is accepted, and read back ---- */

static const struct change accepted[] = {
	{"rotation", OVERLAY, ROTATED(180) | DRM_MODE_REFLECT_Y},
	{"rotation", PRIMARY, ROTATED(0) | DRM_MODE_REFLECT_X},
	{"alpha", OVERLAY, 0},
	{"alpha", PRIMARY, 0x8000},
	{"pixel blend mode", OVERLAY, 1},
	{"zpos", OVERLAY, 2},
	{"COLOR_ENCODING", OVERLAY, 2},
	{"COLOR_RANGE", OVERLAY, 1},
	{"CRTC_W", OVERLAY, 64 * 16},
	{"CRTC_W", OVERLAY, 16},
	{"VRR_ENABLED", CRTC, 1},
	{"GAMMA_LUT", CRTC, 256 * 8, ZEROES},
	{"DEGAMMA_LUT", CRTC, 256 * 8, ZEROES},
	{"CTM", CRTC, 72, ZEROES},
	{"GAMMA_LUT", CRTC, 0},
	{"max bpc", CONNECTOR, 8},
	{"content type", CONNECTOR, 4},
	{"Colorspace", CONNECTOR, 9},
	{"HDR_OUTPUT_METADATA", CONNECTOR, sizeof(struct hdr_output_metadata), ZEROES},
};

TEST_ROWS(accepted, struct change, accepted)
{
	struct values before, after;

	start();
	uint64_t value = resolve(row);
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	read_values(&before);
	set(req, row->object, row->name, value);
	CHECK_INT(commit(req, DRM_MODE_ATOMIC_TEST_ONLY), 0);
	read_values(&after); /* a test changes nothing */
	CHECK(memcmp(before.values, after.values, before.count * sizeof(uint64_t)) == 0);
	req = drmModeAtomicAlloc();
	set(req, row->object, row->name, value);
	CHECK_INT(commit(req, 0), 0);
	CHECK_INT(get(row->object, row->name), value);
	finish();
}

TEST(turned_sizes_change_places)
{
	start();
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	set(req, OVERLAY, "rotation", ROTATED(90));
	set(req, OVERLAY, "CRTC_W", 32 * 16);
	set(req, OVERLAY, "CRTC_H", 64 * 16);
	CHECK_INT(commit(req, 0), 0);
	finish();
}

/* The damage of one commit is not that of the next, and not to be read back after it. */
TEST(damage_is_of_one_commit)
{
	start();
	struct drm_mode_rect rects[2] = {{0, 0, 64, 32}, {1, 2, 3, 4}};
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	set(req, OVERLAY, "FB_DAMAGE_CLIPS", blob(rects, sizeof(rects)));
	CHECK_INT(commit(req, 0), 0);
	req = drmModeAtomicAlloc();
	set(req, OVERLAY, "CRTC_X", 5);
	CHECK_INT(commit(req, 0), 0);
	CHECK_INT(get(OVERLAY, "FB_DAMAGE_CLIPS"), 0);
	finish();
}

/* ---- flips that do not wait for the vblank ---- */

static bool event_waits(int timeout)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};

	return poll(&poller, 1, timeout) == 1;
}

static void read_flip(struct drm_event_vblank *event)
{
	CHECK(event_waits(2000));
	CHECK_INT(read(fd, event, sizeof(*event)), sizeof(*event));
	CHECK_INT(event->base.type, DRM_EVENT_FLIP_COMPLETE);
}

/* Many within one frame, each at once, without a new vblank's number. */
TEST(async_flips)
{
	struct drm_event_vblank event, first;
	uint64_t cap;

	start();
	CHECK_INT(drmGetCap(fd, DRM_CAP_ASYNC_PAGE_FLIP, &cap), 0);
	CHECK_INT(cap, 1);
	CHECK_INT(drmGetCap(fd, 0x15, &cap), 0); /* DRM_CAP_ATOMIC_ASYNC_PAGE_FLIP */
	CHECK_INT(cap, 1);
	for (unsigned i = 0; i < 50; i++) {
		CHECK_INT(drmModePageFlip(fd, ids[CRTC], i % 2 ? screen : back,
			DRM_MODE_PAGE_FLIP_EVENT | DRM_MODE_PAGE_FLIP_ASYNC, NULL), 0);
		CHECK(event_waits(0));
		read_flip(&event);
		if (i == 0)
			first = event;
	}
	CHECK(event.sequence - first.sequence < 50);
	CHECK_INT(get(PRIMARY, "FB_ID"), screen);
	finish();
}

static int async_commit(enum object object, const char *name, uint64_t value, uint32_t flags)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	set(req, object, name, value);
	return commit(req, DRM_MODE_PAGE_FLIP_ASYNC | DRM_MODE_ATOMIC_NONBLOCK | flags);
}

TEST(atomic_async_flips_change_the_picture_only)
{
	struct drm_event_vblank event;

	start();
	CHECK_INT(async_commit(PRIMARY, "FB_ID", back, DRM_MODE_PAGE_FLIP_EVENT), 0);
	CHECK(event_waits(0));
	read_flip(&event);
	CHECK_INT(get(PRIMARY, "FB_ID"), back);
	/* What stays as it is may be named. */
	CHECK_INT(async_commit(PRIMARY, "CRTC_W", WIDTH, 0), 0);
	CHECK_INT(async_commit(CRTC, "ACTIVE", 1, 0), 0);
	CHECK_INT(async_commit(CURSOR, "FB_ID", 0, 0), 0);
	/* Not even in a test. */
	CHECK_INT(async_commit(OVERLAY, "CRTC_X", 1, 0), -EINVAL);
	CHECK_INT(async_commit(OVERLAY, "alpha", 1, DRM_MODE_ATOMIC_TEST_ONLY), -EINVAL);
	CHECK_INT(async_commit(CRTC, "ACTIVE", 0, DRM_MODE_ATOMIC_ALLOW_MODESET), -EINVAL);
	CHECK_INT(async_commit(CURSOR, "FB_ID", picture, 0), -EINVAL); /* it has none */
	CHECK_INT(get(OVERLAY, "CRTC_X"), 0);
	finish();
}

TEST(async_flip_waits_its_turn)
{
	struct drm_event_vblank event;

	start();
	CHECK_INT(drmModePageFlip(fd, ids[CRTC], back, DRM_MODE_PAGE_FLIP_EVENT, NULL), 0);
	if (!event_waits(0)) {
		CHECK_INT(drmModePageFlip(fd, ids[CRTC], screen, DRM_MODE_PAGE_FLIP_ASYNC, NULL),
			-EBUSY);
	}
	read_flip(&event);
	finish();
}

/* ---- flips with a target ---- */

static uint32_t vblank_now(void)
{
	drmVBlank vblank = {.request.type = DRM_VBLANK_RELATIVE, .request.sequence = 0};

	CHECK_INT(drmWaitVBlank(fd, &vblank), 0);
	return vblank.reply.sequence;
}

TEST(flip_targets)
{
	struct drm_event_vblank event;
	uint64_t cap;
	uint32_t now;

	start();
	CHECK_INT(drmGetCap(fd, DRM_CAP_PAGE_FLIP_TARGET, &cap), 0);
	CHECK_INT(cap, 1);
	for (uint32_t relative = 0; relative < 2; relative++) {
		now = vblank_now();
		CHECK_INT(drmModePageFlipTarget(fd, ids[CRTC], back,
			DRM_MODE_PAGE_FLIP_EVENT | DRM_MODE_PAGE_FLIP_TARGET_RELATIVE, NULL,
			relative), 0);
		read_flip(&event);
		CHECK((int32_t)(event.sequence - now) >= 1);
	}
	now = vblank_now();
	CHECK_INT(drmModePageFlipTarget(fd, ids[CRTC], screen,
		DRM_MODE_PAGE_FLIP_EVENT | DRM_MODE_PAGE_FLIP_TARGET_ABSOLUTE, NULL, now + 1), 0);
	read_flip(&event);
	CHECK((int32_t)(event.sequence - now) >= 1);
	/* Asynchronous, but not before the next vblank. */
	now = vblank_now();
	CHECK_INT(drmModePageFlipTarget(fd, ids[CRTC], back, DRM_MODE_PAGE_FLIP_EVENT |
		DRM_MODE_PAGE_FLIP_ASYNC | DRM_MODE_PAGE_FLIP_TARGET_RELATIVE, NULL, 1), 0);
	read_flip(&event);
	CHECK((int32_t)(event.sequence - now) >= 1);
	finish();
}

TEST(flip_targets_refused)
{
	const uint32_t absolute = DRM_MODE_PAGE_FLIP_TARGET_ABSOLUTE;
	const uint32_t relative = DRM_MODE_PAGE_FLIP_TARGET_RELATIVE;

	start();
	/* A busy machine may pass some vblanks in between, not hundreds. */
	CHECK_INT(drmModePageFlipTarget(fd, ids[CRTC], back, absolute, NULL, vblank_now() + 600),
		-EINVAL);
	CHECK_INT(drmModePageFlipTarget(fd, ids[CRTC], back, relative, NULL, 2), -EINVAL);
	CHECK_INT(drmModePageFlipTarget(fd, ids[CRTC], back, absolute | relative, NULL, 0), -EINVAL);
	CHECK_INT(drmModePageFlipTarget(fd, ids[CRTC], back, 0, NULL, 1), -EINVAL);
	CHECK_INT(drmModePageFlipTarget(fd, 99999, back, absolute, NULL, 1), -ENOENT);
	CHECK_INT(drmModeSetCrtc(fd, ids[CRTC], 0, 0, 0, NULL, 0, NULL), 0);
	CHECK_INT(drmModePageFlipTarget(fd, ids[CRTC], back, relative, NULL, 1), -EINVAL);
	finish();
}

/* ---- the older requests on the same state ---- */

TEST(gamma_is_a_lut)
{
	uint16_t red[256], green[256], blue[256];

	start();
	for (int i = 0; i < 256; i++) {
		red[i] = (uint16_t)(i * 257);
		green[i] = (uint16_t)(0xffff - i * 257);
		blue[i] = 0x8000;
	}
	CHECK_INT(drmModeCrtcSetGamma(fd, ids[CRTC], 256, red, green, blue), 0);
	drmModePropertyBlobRes *lut = drmModeGetPropertyBlob(fd, (uint32_t)get(CRTC, "GAMMA_LUT"));
	CHECK(lut && lut->length == 256 * sizeof(struct drm_color_lut));
	const struct drm_color_lut *entries = lut->data;
	CHECK(entries[3].red == 771 && entries[255].green == 0 && entries[0].blue == 0x8000);
	/* And back: what atomic sets, GETGAMMA reads. */
	struct drm_color_lut mine[256] = {0};
	mine[7].green = 4711;
	drmModeFreePropertyBlob(lut);
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	set(req, CRTC, "GAMMA_LUT", blob(mine, sizeof(mine)));
	CHECK_INT(commit(req, 0), 0);
	CHECK_INT(drmModeCrtcGetGamma(fd, ids[CRTC], 256, red, green, blue), 0);
	CHECK(green[7] == 4711 && red[255] == 0);
	finish();
}

/* OBJ_SETPROPERTY of every kind of object is a commit. */
TEST(properties_one_by_one)
{
	start();
	CHECK_INT(drmModeObjectSetProperty(fd, ids[OVERLAY], DRM_MODE_OBJECT_PLANE,
		property(OVERLAY, "alpha", NULL), 0x4000), 0);
	CHECK_INT(get(OVERLAY, "alpha"), 0x4000);
	CHECK_INT(drmModeObjectSetProperty(fd, ids[CRTC], DRM_MODE_OBJECT_CRTC,
		property(CRTC, "VRR_ENABLED", NULL), 1), 0);
	CHECK_INT(get(CRTC, "VRR_ENABLED"), 1);
	CHECK_INT(drmModeConnectorSetProperty(fd, ids[CONNECTOR],
		property(CONNECTOR, "max bpc", NULL), 10), 0);
	CHECK_INT(get(CONNECTOR, "max bpc"), 10);
	CHECK_INT(drmModeConnectorSetProperty(fd, ids[CONNECTOR],
		property(CONNECTOR, "max bpc", NULL), 99), -EINVAL);
	CHECK_INT(drmModeConnectorSetProperty(fd, ids[CONNECTOR],
		property(CONNECTOR, "DPMS", NULL), DRM_MODE_DPMS_OFF), 0);
	CHECK_INT(get(CRTC, "ACTIVE"), 0);
	CHECK_INT(drmModeConnectorSetProperty(fd, ids[CONNECTOR],
		property(CONNECTOR, "DPMS", NULL), DRM_MODE_DPMS_ON), 0);
	CHECK_INT(get(CRTC, "ACTIVE"), 1);
	finish();
}

TEST(getfb2)
{
	start();
	drmModeFB2 *fb = drmModeGetFB2(fd, picture);
	CHECK(fb && fb->width == 64 && fb->height == 32);
	CHECK_INT(fb->pixel_format, DRM_FORMAT_ARGB8888);
	CHECK(fb->flags == DRM_MODE_FB_MODIFIERS && fb->modifier == DRM_FORMAT_MOD_LINEAR);
	CHECK(fb->handles[0] != 0 && fb->handles[1] == 0 && fb->pitches[0] >= 256);
	CHECK_INT(drmCloseBufferHandle(fd, fb->handles[0]), 0);
	drmModeFreeFB2(fb);
	CHECK(!drmModeGetFB2(fd, ids[CRTC]));
	CHECK_INT(errno, ENOENT);
	finish();
}
