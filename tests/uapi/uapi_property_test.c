/* Properties and blobs through the ioctls; names and shapes as the kernel's vkms shows them. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "test.h"
#include "libdrm_fixture.h"

#define BAD_POINTER 0x10ull

static struct uapi_fixture *fixture;
static int fd;

static void setup(void)
{
	fixture = libdrm_fixture_create();
	fd = fixture_open_card(fixture);
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1), 0);
}

static void teardown(void)
{
	close(fd);
	libdrm_fixture_destroy();
}

enum object { PRIMARY, OVERLAY, CURSOR, CRTC, CONNECTOR };

static uint32_t object_id(enum object object)
{
	const struct kms_device *kms = fixture->dev->kms;
	const uint32_t ids[] = {kms->planes[0].base.id, kms->planes[1].base.id,
		kms->planes[2].base.id, kms->crtcs[0].base.id, kms->connectors[0].base.id};

	return ids[object];
}

/* The property's description, to be freed; *value its value on object. */
static drmModePropertyRes *find(enum object object, const char *name, uint64_t *value)
{
	drmModePropertyRes *found = NULL;
	drmModeObjectProperties *list = drmModeObjectGetProperties(fd, object_id(object),
		DRM_MODE_OBJECT_ANY);

	CHECK(list != NULL);
	for (uint32_t i = 0; i < list->count_props && !found; i++) {
		found = drmModeGetProperty(fd, list->props[i]);
		*value = list->prop_values[i];
		if (found && strcmp(found->name, name) != 0) {
			drmModeFreeProperty(found);
			found = NULL;
		}
	}
	drmModeFreeObjectProperties(list);
	return found;
}

#define RANGE DRM_MODE_PROP_RANGE
#define SIGNED DRM_MODE_PROP_SIGNED_RANGE
#define OBJECT DRM_MODE_PROP_OBJECT
#define BLOB DRM_MODE_PROP_BLOB
#define ENUM DRM_MODE_PROP_ENUM
#define BITMASK DRM_MODE_PROP_BITMASK
#define ATOMIC DRM_MODE_PROP_ATOMIC
#define IMMUTABLE DRM_MODE_PROP_IMMUTABLE

static const struct property_row {
	const char *name;
	enum object object;
	uint32_t flags;
	int count_values;
	uint64_t first, second; /* values; enums: first is the number of names */
	uint64_t value;
} property_rows[] = {
	{"type", PRIMARY, ENUM | IMMUTABLE, 3, 3, 0, DRM_PLANE_TYPE_PRIMARY},
	{"type", OVERLAY, ENUM | IMMUTABLE, 3, 3, 0, DRM_PLANE_TYPE_OVERLAY},
	{"type", CURSOR, ENUM | IMMUTABLE, 3, 3, 0, DRM_PLANE_TYPE_CURSOR},
	{"FB_ID", PRIMARY, OBJECT | ATOMIC, 1, DRM_MODE_OBJECT_FB, 0, 0},
	{"CRTC_ID", PRIMARY, OBJECT | ATOMIC, 1, DRM_MODE_OBJECT_CRTC, 0, 0},
	{"CRTC_X", PRIMARY, SIGNED | ATOMIC, 2, (uint64_t)INT_MIN, INT_MAX, 0},
	{"CRTC_Y", PRIMARY, SIGNED | ATOMIC, 2, (uint64_t)INT_MIN, INT_MAX, 0},
	{"CRTC_W", PRIMARY, RANGE | ATOMIC, 2, 0, INT_MAX, 0},
	{"CRTC_H", PRIMARY, RANGE | ATOMIC, 2, 0, INT_MAX, 0},
	{"SRC_X", PRIMARY, RANGE | ATOMIC, 2, 0, UINT_MAX, 0},
	{"SRC_Y", PRIMARY, RANGE | ATOMIC, 2, 0, UINT_MAX, 0},
	{"SRC_W", PRIMARY, RANGE | ATOMIC, 2, 0, UINT_MAX, 0},
	{"SRC_H", PRIMARY, RANGE | ATOMIC, 2, 0, UINT_MAX, 0},
	{"zpos", PRIMARY, RANGE | IMMUTABLE, 2, 0, 0, 0},
	{"zpos", OVERLAY, RANGE, 2, 1, 2, 1},
	{"zpos", CURSOR, RANGE | IMMUTABLE, 2, 3, 3, 3},
	{"IN_FENCE_FD", PRIMARY, SIGNED | ATOMIC, 2, (uint64_t)-1, INT_MAX, (uint64_t)-1},
	{"rotation", PRIMARY, BITMASK, 4, 4, 0, DRM_MODE_ROTATE_0},
	{"rotation", OVERLAY, BITMASK, 6, 6, 0, DRM_MODE_ROTATE_0},
	{"alpha", OVERLAY, RANGE, 2, 0, 0xffff, 0xffff},
	{"pixel blend mode", OVERLAY, ENUM, 3, 3, 0, 0},
	{"COLOR_ENCODING", OVERLAY, ENUM, 3, 3, 0, 0},
	{"COLOR_RANGE", OVERLAY, ENUM, 2, 2, 0, 0},
	{"FB_DAMAGE_CLIPS", OVERLAY, BLOB | ATOMIC, 0, 0, 0, 0},
	{"OUT_FENCE_PTR", CRTC, RANGE | ATOMIC, 2, 0, UINT64_MAX, 0},
	{"VRR_ENABLED", CRTC, RANGE, 2, 0, 1, 0},
	{"DEGAMMA_LUT", CRTC, BLOB, 0, 0, 0, 0},
	{"DEGAMMA_LUT_SIZE", CRTC, RANGE | IMMUTABLE, 2, 0, UINT_MAX, 256},
	{"CTM", CRTC, BLOB, 0, 0, 0, 0},
	{"GAMMA_LUT", CRTC, BLOB, 0, 0, 0, 0},
	{"GAMMA_LUT_SIZE", CRTC, RANGE | IMMUTABLE, 2, 0, UINT_MAX, 256},
	{"content type", CONNECTOR, ENUM, 5, 5, 0, 0},
	{"max bpc", CONNECTOR, RANGE, 2, 6, 12, 12},
	{"HDR_OUTPUT_METADATA", CONNECTOR, BLOB, 0, 0, 0, 0},
	{"Colorspace", CONNECTOR, ENUM, 16, 16, 0, 0},
	{"vrr_capable", CONNECTOR, RANGE | IMMUTABLE, 2, 0, 1, 1},
	{"ACTIVE", CRTC, RANGE | ATOMIC, 2, 0, 1, 0},
	{"MODE_ID", CRTC, BLOB | ATOMIC, 0, 0, 0, 0},
	{"DPMS", CONNECTOR, ENUM, 4, 4, 0, 0},
	{"link-status", CONNECTOR, ENUM, 2, 2, 0, 0},
	{"non-desktop", CONNECTOR, RANGE | IMMUTABLE, 2, 0, 1, 0},
	{"TILE", CONNECTOR, BLOB | IMMUTABLE, 0, 0, 0, 0},
	{"CRTC_ID", CONNECTOR, OBJECT | ATOMIC, 1, DRM_MODE_OBJECT_CRTC, 0, 0},
};

TEST_ROWS(property, struct property_row, property_rows)
{
	uint64_t value;

	setup();
	drmModePropertyRes *prop = find(row->object, row->name, &value);
	CHECK(prop != NULL);
	CHECK_INT(prop->flags, row->flags);
	CHECK_INT(prop->count_values, row->count_values);
	CHECK_INT(value, row->value);
	if (row->flags & (ENUM | BITMASK)) {
		CHECK_INT(prop->count_enums, row->first);
		CHECK_INT(prop->values[1], prop->enums[1].value);
	} else if (row->count_values > 0) {
		CHECK_INT(prop->values[0], row->first);
		CHECK(row->count_values == 1 || prop->values[1] == row->second);
	}
	drmModeFreeProperty(prop);
	teardown();
}

TEST(enum_names)
{
	uint64_t value;

	setup();
	drmModePropertyRes *prop = find(PRIMARY, "type", &value);
	CHECK(strcmp(prop->enums[DRM_PLANE_TYPE_OVERLAY].name, "Overlay") == 0);
	CHECK(strcmp(prop->enums[DRM_PLANE_TYPE_CURSOR].name, "Cursor") == 0);
	drmModeFreeProperty(prop);
	prop = find(CONNECTOR, "DPMS", &value);
	CHECK(strcmp(prop->enums[3].name, "Off") == 0 && prop->enums[3].value == DRM_MODE_DPMS_OFF);
	drmModeFreeProperty(prop);
	teardown();
}

TEST(in_formats)
{
	uint64_t id;

	setup();
	drmModePropertyRes *prop = find(OVERLAY, "IN_FORMATS", &id);
	CHECK_INT(prop->flags, BLOB | IMMUTABLE);
	drmModeFreeProperty(prop);
	drmModePropertyBlobRes *blob = drmModeGetPropertyBlob(fd, id);
	CHECK(blob != NULL);
	drmModeFormatModifierIterator walk = {0};
	uint32_t formats[] = {DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888, DRM_FORMAT_XBGR8888,
		DRM_FORMAT_ABGR8888, DRM_FORMAT_RGB565};
	for (int i = 0; i < 10; i++) {
		CHECK(drmModeFormatModifierBlobIterNext(blob, &walk));
		CHECK_INT(walk.fmt, formats[i / 2]);
		CHECK_INT(walk.mod, i % 2 ? I915_FORMAT_MOD_X_TILED : DRM_FORMAT_MOD_LINEAR);
	}
	/* Videos come last, and are not tiled. */
	while (drmModeFormatModifierBlobIterNext(blob, &walk)) {
		if (walk.fmt == DRM_FORMAT_NV12)
			CHECK_INT(walk.mod, DRM_FORMAT_MOD_LINEAR);
	}
	drmModeFreePropertyBlob(blob);
	teardown();
}

TEST(edid_blob)
{
	uint64_t id;

	setup();
	drmModeFreeProperty(find(CONNECTOR, "EDID", &id));
	drmModePropertyBlobRes *blob = drmModeGetPropertyBlob(fd, id);
	CHECK(blob && blob->length == 128 && memcmp(blob->data, "\0\xff\xff\xff", 4) == 0);
	drmModeFreePropertyBlob(blob);
	CHECK_INT(kms_connector_set(&fixture->dev->kms->connectors[0], false, NULL, 0), 0);
	CHECK(!drmModeGetPropertyBlob(fd, id));
	drmModeFreeProperty(find(CONNECTOR, "EDID", &id));
	CHECK_INT(id, 0);
	teardown();
}

TEST(atomic_properties_are_hidden)
{
	setup();
	drmModeObjectProperties *list;
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 0), 0);
	list = drmModeObjectGetProperties(fd, object_id(PRIMARY), DRM_MODE_OBJECT_PLANE);
	CHECK_INT(list->count_props, 6); /* type, IN_FORMATS, rotation, alpha, blend, zpos */
	drmModeFreeObjectProperties(list);
	list = drmModeObjectGetProperties(fd, object_id(CRTC), DRM_MODE_OBJECT_CRTC);
	CHECK_INT(list->count_props, 6); /* VRR_ENABLED, colours */
	drmModeFreeObjectProperties(list);
	teardown();
}

TEST(object_properties_refusals)
{
	setup();
	uint32_t ids[3] = {0};
	uint64_t values[3];
	struct drm_mode_obj_get_properties req = {.obj_id = object_id(PRIMARY),
		.obj_type = DRM_MODE_OBJECT_PLANE, .count_props = 2, .props_ptr = (uintptr_t)ids,
		.prop_values_ptr = (uintptr_t)values};
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &req), 0);
	CHECK_INT(req.count_props, 18);
	CHECK(ids[1] != 0 && ids[2] == 0);
	req.count_props = 2;
	req.props_ptr = BAD_POINTER;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &req), EFAULT);
	req.obj_type = DRM_MODE_OBJECT_CRTC;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &req), ENOENT);
	req.obj_type = DRM_MODE_OBJECT_ANY;
	req.obj_id = fixture->dev->kms->encoders[0].base.id;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &req), EINVAL);
	teardown();
}

TEST(getproperty_short_arrays)
{
	setup();
	struct drm_mode_property_enum enums[4] = {{0}};
	uint64_t values[4] = {0, 0, 77, 77};
	struct drm_mode_get_property req = {
		.prop_id = fixture->dev->kms->props.dpms->base.id,
		.values_ptr = (uintptr_t)values, .count_values = 2,
		.enum_blob_ptr = (uintptr_t)enums, .count_enum_blobs = 3,
	};
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETPROPERTY, &req), 0);
	CHECK_INT(req.count_values, 4);
	CHECK_INT(values[1], 1);
	CHECK_INT(values[2], 77);
	CHECK_INT(req.count_enum_blobs, 4);
	CHECK(strcmp(enums[2].name, "Suspend") == 0 && enums[3].name[0] == '\0');
	req.count_values = 0;
	CHECK(strcmp(req.name, "DPMS") == 0);
	req.enum_blob_ptr = BAD_POINTER;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETPROPERTY, &req), EFAULT);
	req.prop_id = object_id(CRTC);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETPROPERTY, &req), ENOENT);
	teardown();
}

TEST(blobs)
{
	setup();
	int other = fixture_open_card(fixture);
	uint32_t id;
	CHECK_INT(drmModeCreatePropertyBlob(fd, "hello", 5, &id), 0);
	drmModePropertyBlobRes *blob = drmModeGetPropertyBlob(other, id);
	CHECK(blob && blob->length == 5 && memcmp(blob->data, "hello", 5) == 0);
	drmModeFreePropertyBlob(blob);
	CHECK_INT(drmModeDestroyPropertyBlob(other, id), -EPERM);
	CHECK_INT(drmModeDestroyPropertyBlob(fd, id), 0);
	CHECK_INT(drmModeDestroyPropertyBlob(fd, id), -ENOENT);
	CHECK(!drmModeGetPropertyBlob(fd, id));
	uint64_t formats;
	drmModeFreeProperty(find(PRIMARY, "IN_FORMATS", &formats));
	CHECK_INT(drmModeDestroyPropertyBlob(fd, formats), -EPERM); /* the device's own */
	close(other);
	teardown();
}

TEST(blob_refusals)
{
	setup();
	char byte = 0;
	struct drm_mode_create_blob req = {.data = (uintptr_t)&byte, .length = 0};
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_CREATEPROPBLOB, &req), EINVAL);
	req.length = 0xffffffff;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_CREATEPROPBLOB, &req), EINVAL);
	req.length = KMS_FILE_MAX_BLOB_BYTES + 1;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_CREATEPROPBLOB, &req), ENOMEM);
	req.length = 4096;
	req.data = BAD_POINTER;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_CREATEPROPBLOB, &req), EFAULT);
	teardown();
}

/* A wrong length only asks for the right one. */
TEST(getpropblob_length)
{
	setup();
	char out[8] = "unread";
	uint32_t id;
	CHECK_INT(drmModeCreatePropertyBlob(fd, "hello", 5, &id), 0);
	struct drm_mode_get_blob req = {.blob_id = id, .length = 8, .data = (uintptr_t)out};
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETPROPBLOB, &req), 0);
	CHECK_INT(req.length, 5);
	CHECK(strcmp(out, "unread") == 0);
	req.data = BAD_POINTER;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETPROPBLOB, &req), EFAULT);
	teardown();
}

/* A mode in use outlives its creator's DESTROYPROPBLOB, and is readable by its id. */
TEST(mode_in_use_keeps_its_blob)
{
	setup();
	struct kms_device *kms = fixture->dev->kms;
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	uint32_t fb = libdrm_fixture_framebuffer(fd, 1024, 768, DRM_FORMAT_XRGB8888), blob_id;
	uint64_t mode_id;
	CHECK_INT(drmModeCreatePropertyBlob(fd, &kms->connectors[0].modes[0],
		sizeof(struct drm_mode_modeinfo), &blob_id), 0);
	drmModeAtomicAddProperty(req, object_id(CRTC), kms->props.mode_id->base.id, blob_id);
	drmModeAtomicAddProperty(req, object_id(CRTC), kms->props.active->base.id, 1);
	drmModeAtomicAddProperty(req, object_id(CONNECTOR),
		kms->props.connector_crtc_id->base.id, object_id(CRTC));
	const struct { struct kms_property *prop; uint64_t value; } plane[] = {
		{kms->props.fb_id, fb}, {kms->props.plane_crtc_id, object_id(CRTC)},
		{kms->props.src_w, 1024 << 16}, {kms->props.src_h, 768 << 16},
		{kms->props.crtc_w, 1024}, {kms->props.crtc_h, 768},
	};
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(plane); i++)
		drmModeAtomicAddProperty(req, object_id(PRIMARY), plane[i].prop->base.id,
			plane[i].value);
	CHECK_INT(drmModeAtomicCommit(fd, req, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL), 0);
	CHECK_INT(drmModeDestroyPropertyBlob(fd, blob_id), 0);
	drmModeFreeProperty(find(CRTC, "MODE_ID", &mode_id));
	CHECK_INT(mode_id, blob_id);
	drmModePropertyBlobRes *blob = drmModeGetPropertyBlob(fd, mode_id);
	CHECK(blob && memcmp(blob->data, &kms->connectors[0].modes[0], blob->length) == 0);
	drmModeFreePropertyBlob(blob);
	/* Off: the last reference goes, and the id with it. */
	CHECK_INT(drmModeSetCrtc(fd, object_id(CRTC), 0, 0, 0, NULL, 0, NULL), 0);
	CHECK(!drmModeGetPropertyBlob(fd, blob_id));
	CHECK_INT(drmModeRmFB(fd, fb), 0);
	drmModeAtomicFree(req);
	teardown();
}
