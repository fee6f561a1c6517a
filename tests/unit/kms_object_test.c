/* Mode objects: ids, properties, blobs, the device's description, hotplug. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "kms_device.h"
#include "kms_format.h"
#include "kms_mode.h"
#include "test.h"

static struct kms_device *create_device(void)
{
	struct kms_device *dev;

	CHECK_INT(kms_device_create(kms_device_desc_default(), &dev), 0);
	return dev;
}

static size_t no_unread(struct kms_file *file)
{
	return 0;
}

static void no_send(struct kms_file *file, const void *event, size_t len)
{
}

static const struct kms_event_ops event_ops = {.send = no_send, .unread = no_unread};

/* ---- default device ---- */

TEST(default_device)
{
	struct kms_device *dev = create_device();
	const struct kms_connector *connector = &dev->connectors[0];

	CHECK_INT(dev->crtc_count, 1);
	CHECK_INT(dev->plane_count, 4);
	CHECK_INT(dev->connector_count, 2); /* the second is for writeback */
	CHECK(dev->crtcs[0].primary == &dev->planes[0]);
	CHECK(dev->crtcs[0].cursor == &dev->planes[2]);
	CHECK_INT(dev->planes[1].type, KMS_PLANE_OVERLAY);
	CHECK(strcmp(connector->name, "Virtual-1") == 0);
	CHECK_INT(connector->mode_count, 10);
	CHECK(strcmp(connector->modes[0].name, "1024x768") == 0);
	CHECK_INT(connector->modes[0].type, DRM_MODE_TYPE_PREFERRED | DRM_MODE_TYPE_DRIVER);
	CHECK_INT(connector->modes[1].type, DRM_MODE_TYPE_DRIVER);
	CHECK_INT(connector->mm_width, 271);
	CHECK(connector->edid && connector->edid->length == KMS_EDID_SIZE);
	kms_device_destroy(dev);
}

TEST(ids_are_unique_and_typed)
{
	struct kms_device *dev = create_device();
	const struct kms_object *plane = &dev->planes[0].base;

	CHECK(dev->props.plane_type->base.id == 1);
	CHECK(kms_object_lookup(dev, plane->id, DRM_MODE_OBJECT_PLANE) == plane);
	CHECK(kms_object_lookup(dev, plane->id, DRM_MODE_OBJECT_ANY) == plane);
	CHECK(!kms_object_lookup(dev, plane->id, DRM_MODE_OBJECT_CRTC));
	CHECK(!kms_object_lookup(dev, 0, DRM_MODE_OBJECT_ANY));
	CHECK(!kms_object_lookup(dev, 1u << 31, DRM_MODE_OBJECT_ANY));
	kms_device_destroy(dev);
}

/* ---- descriptions that are refused ---- */

static const uint32_t xrgb[] = {DRM_FORMAT_XRGB8888}, unknown[] = {0x31313131};
static const struct kms_plane_desc good_planes[] = {{KMS_PLANE_PRIMARY, 1, xrgb, 1, 0}};
static const struct kms_plane_desc no_primary[] = {{KMS_PLANE_OVERLAY, 1, xrgb, 1, 0}};
static const struct kms_plane_desc two_primaries[] = {
	{KMS_PLANE_PRIMARY, 1, xrgb, 1, 0}, {KMS_PLANE_PRIMARY, 1, xrgb, 1, 1},
};
static const struct kms_plane_desc far_crtc[] = {{KMS_PLANE_PRIMARY, 2, xrgb, 1, 0}};
static const struct kms_plane_desc no_crtc[] = {{KMS_PLANE_PRIMARY, 0, xrgb, 1, 0}};
static const struct kms_plane_desc bad_type[] = {{3, 1, xrgb, 1, 0}};
static const struct kms_plane_desc bad_format[] = {{KMS_PLANE_PRIMARY, 1, unknown, 1, 0}};
static const struct kms_plane_desc no_format[] = {{KMS_PLANE_PRIMARY, 1, xrgb, 0, 0}};
#define PLANE(...) \
	{{.type = KMS_PLANE_PRIMARY, .possible_crtcs = 1, .formats = xrgb, .format_count = 1, \
		__VA_ARGS__}}
static const struct kms_modifier_desc y_tiled[] = {{I915_FORMAT_MOD_Y_TILED, 0}};
static const struct kms_modifier_desc far_format[] = {{DRM_FORMAT_MOD_LINEAR, 2}};
static const struct kms_plane_desc all_right[] = PLANE(.zpos = 3, .zpos_mutable = true,
	.zpos_min = 3, .zpos_max = 3, .rotations = 0x3f, .blends = 7, .color_encodings = 4,
	.color_ranges = 1, .color_encoding = KMS_BT2020, .min_scale = 1, .max_scale = ~0u);
static const struct kms_plane_desc bad_modifier[] = PLANE(.modifiers = y_tiled,
	.modifier_count = 1);
static const struct kms_plane_desc bad_mask[] = PLANE(.modifiers = far_format,
	.modifier_count = 1);
static const struct kms_plane_desc no_upright[] = PLANE(.rotations = DRM_MODE_ROTATE_90);
static const struct kms_plane_desc no_premulti[] = PLANE(.blends = 1 << KMS_BLEND_NONE);
static const struct kms_plane_desc no_range[] = PLANE(.color_encodings = 1);
static const struct kms_plane_desc odd_encoding[] = PLANE(.color_encodings = 1,
	.color_ranges = 1, .color_encoding = KMS_BT709);
static const struct kms_plane_desc odd_zpos[] = PLANE(.zpos = 4, .zpos_mutable = true,
	.zpos_max = 3);
static const struct kms_plane_desc never_one[] = PLANE(.min_scale = KMS_SCALE_ONE + 1);
static const uint8_t no_edid[128];
static const struct kms_connector_desc bad_edid = {.possible_crtcs = 1, .edid = no_edid,
	.edid_size = 128};
static const struct kms_connector_desc bad_clones = {.possible_crtcs = 1, .possible_clones = 2};
static const struct kms_connector_desc bad_bpc = {.possible_crtcs = 1, .min_bpc = 8};
static const struct kms_connector_desc no_write = {.possible_crtcs = 1,
	.type = DRM_MODE_CONNECTOR_WRITEBACK};
static const struct drm_mode_modeinfo zero_mode;
static const struct kms_connector_desc unplugged = {.possible_crtcs = 1};
static const struct kms_connector_desc no_modes = {.possible_crtcs = 1, .connected = true};
static const struct kms_connector_desc bad_mode = {.possible_crtcs = 1, .connected = true,
	.modes = &zero_mode, .mode_count = 1};
static const struct kms_connector_desc bad_crtcs = {.possible_crtcs = 4};

static const struct desc_row {
	const char *name;
	unsigned crtcs, width;
	const struct kms_plane_desc *planes;
	unsigned plane_count;
	const struct kms_connector_desc *connector;
	int want;
} desc_rows[] = {
	{"good", 1, 64, good_planes, 1, &unplugged, 0},
	{"no crtc", 0, 64, good_planes, 1, &unplugged, -EINVAL},
	{"33 crtcs", 33, 64, good_planes, 1, &unplugged, -EINVAL},
	{"65 planes", 1, 64, good_planes, 65, &unplugged, -EINVAL},
	{"no size", 1, 0, good_planes, 1, &unplugged, -EINVAL},
	{"no primary", 1, 64, no_primary, 1, &unplugged, -EINVAL},
	{"two primaries", 1, 64, two_primaries, 2, &unplugged, -EINVAL},
	{"plane of a crtc that is not there", 1, 64, far_crtc, 1, &unplugged, -EINVAL},
	{"plane of no crtc", 1, 64, no_crtc, 1, &unplugged, -EINVAL},
	{"unknown plane type", 1, 64, bad_type, 1, &unplugged, -EINVAL},
	{"unknown format", 1, 64, bad_format, 1, &unplugged, -EINVAL},
	{"no format", 1, 64, no_format, 1, &unplugged, -EINVAL},
	{"every ability", 1, 64, all_right, 1, &unplugged, 0},
	{"modifier that nobody reads", 1, 64, bad_modifier, 1, &unplugged, -EINVAL},
	{"modifier of a format that is not there", 1, 64, bad_mask, 1, &unplugged, -EINVAL},
	{"rotations without upright", 1, 64, no_upright, 1, &unplugged, -EINVAL},
	{"blend modes without the first", 1, 64, no_premulti, 1, &unplugged, -EINVAL},
	{"encodings without ranges", 1, 64, no_range, 1, &unplugged, -EINVAL},
	{"first encoding not one of them", 1, 64, odd_encoding, 1, &unplugged, -EINVAL},
	{"zpos outside of its range", 1, 64, odd_zpos, 1, &unplugged, -EINVAL},
	{"scaling without 1", 1, 64, never_one, 1, &unplugged, -EINVAL},
	{"bad EDID", 1, 64, good_planes, 1, &bad_edid, -EINVAL},
	{"clones that are not there", 1, 64, good_planes, 1, &bad_clones, -EINVAL},
	{"bpc from 8 to 0", 1, 64, good_planes, 1, &bad_bpc, -EINVAL},
	{"writeback of no format", 1, 64, good_planes, 1, &no_write, -EINVAL},
	{"connected without modes", 1, 64, good_planes, 1, &no_modes, -EINVAL},
	{"bad mode", 1, 64, good_planes, 1, &bad_mode, -EINVAL},
	{"connector of no crtc", 1, 64, good_planes, 1, &bad_crtcs, -EINVAL},
};

TEST_ROWS(description, struct desc_row, desc_rows)
{
	const struct kms_device_desc desc = {
		.max_width = row->width, .max_height = 64, .crtc_count = row->crtcs,
		.planes = row->planes, .plane_count = row->plane_count,
		.connectors = row->connector, .connector_count = 1,
	};
	struct kms_device *dev;

	CHECK_INT(kms_device_create(&desc, &dev), row->want);
	if (row->want == 0)
		kms_device_destroy(dev);
}

TEST(largest_description)
{
	static struct kms_plane_desc planes[KMS_MAX_PLANES];
	static struct kms_connector_desc connectors[KMS_MAX_CONNECTORS];
	struct kms_device_desc desc = *kms_device_desc_default();
	struct kms_device *dev;

	for (unsigned i = 0; i < KMS_MAX_PLANES; i++)
		planes[i] = (struct kms_plane_desc){i < KMS_MAX_CRTCS ? KMS_PLANE_PRIMARY :
			KMS_PLANE_CURSOR, 1u << i % KMS_MAX_CRTCS, xrgb, 1, i};
	for (unsigned i = 0; i < KMS_MAX_CONNECTORS; i++) {
		connectors[i] = desc.connectors[0];
		connectors[i].possible_crtcs = ~0u;
	}
	desc.crtc_count = KMS_MAX_CRTCS;
	desc.crtcs = NULL;
	desc.planes = planes;
	desc.plane_count = KMS_MAX_PLANES;
	desc.connectors = connectors;
	desc.connector_count = KMS_MAX_CONNECTORS;
	CHECK_INT(kms_device_create(&desc, &dev), 0);
	CHECK(dev->crtcs[31].cursor == &dev->planes[63]);
	CHECK(strcmp(dev->connectors[31].name, "Virtual-32") == 0);
	kms_device_destroy(dev);
}

/* ---- property values ---- */

enum value_kind { PLAIN, A_CRTC, A_PLANE, A_BLOB };

static const struct value_row {
	const char *name;
	size_t property; /* offset in kms_device.props */
	enum value_kind kind;
	uint64_t value;
	int want;
} value_rows[] = {
#define PROP(member) offsetof(struct kms_device, props.member)
	{"ACTIVE 1", PROP(active), PLAIN, 1, 0},
	{"ACTIVE 2", PROP(active), PLAIN, 2, -EINVAL},
	{"CRTC_X minimum", PROP(crtc_x), PLAIN, (uint64_t)(int64_t)INT_MIN, 0},
	{"CRTC_X 0", PROP(crtc_x), PLAIN, 0, 0},
	{"CRTC_X -1", PROP(crtc_x), PLAIN, UINT64_MAX, 0},
	{"CRTC_X maximum", PROP(crtc_x), PLAIN, INT_MAX, 0},
	{"CRTC_X below", PROP(crtc_x), PLAIN, (uint64_t)INT_MIN - 1, -EINVAL},
	{"CRTC_X as 32 bits", PROP(crtc_x), PLAIN, 0xffffffff, -EINVAL},
	{"CRTC_W maximum", PROP(crtc_w), PLAIN, INT_MAX, 0},
	{"CRTC_W beyond", PROP(crtc_w), PLAIN, (uint64_t)INT_MAX + 1, -EINVAL},
	{"SRC_W maximum", PROP(src_w), PLAIN, UINT_MAX, 0},
	{"SRC_W beyond", PROP(src_w), PLAIN, (uint64_t)UINT_MAX + 1, -EINVAL},
	{"type is immutable", PROP(plane_type), PLAIN, 0, -EINVAL},
	{"DPMS off", PROP(dpms), PLAIN, DRM_MODE_DPMS_OFF, 0},
	{"DPMS unknown", PROP(dpms), PLAIN, 4, -EINVAL},
	{"CRTC_ID none", PROP(plane_crtc_id), PLAIN, 0, 0},
	{"CRTC_ID of a crtc", PROP(plane_crtc_id), A_CRTC, 0, 0},
	{"CRTC_ID of a plane", PROP(plane_crtc_id), A_PLANE, 0, -EINVAL},
	{"CRTC_ID with high bits", PROP(plane_crtc_id), A_CRTC, 1ull << 32, -EINVAL},
	{"CRTC_ID of nothing", PROP(plane_crtc_id), PLAIN, 9999, -EINVAL},
	{"MODE_ID none", PROP(mode_id), PLAIN, 0, 0},
	{"MODE_ID of a blob", PROP(mode_id), A_BLOB, 0, 0},
	{"MODE_ID of a crtc", PROP(mode_id), A_CRTC, 0, -EINVAL},
};

TEST_ROWS(property_value, struct value_row, value_rows)
{
	struct kms_device *dev = create_device();
	struct kms_property *prop = *(struct kms_property **)((char *)dev + row->property);
	const uint32_t ids[] = {0, dev->crtcs[0].base.id, dev->planes[0].base.id,
		dev->connectors[0].edid->base.id};
	unsigned references = atomic_load(&dev->connectors[0].edid->base.refcount);

	CHECK_INT(kms_property_check_value(dev, prop, row->value + ids[row->kind]), row->want);
	CHECK_INT(atomic_load(&dev->connectors[0].edid->base.refcount), references);
	kms_device_destroy(dev);
}

TEST(bitmask_values)
{
	static const struct kms_property_enum bits[] = {{0, "rotate-0"}, {4, "reflect-x"}};
	struct kms_device *dev = create_device();
	struct kms_property *prop;

	CHECK_INT(kms_property_create_bitmask(dev, "rotation", 0, bits, 2, &prop), 0);
	CHECK_INT(kms_property_check_value(dev, prop, 0), 0);
	CHECK_INT(kms_property_check_value(dev, prop, 1 << 4 | 1), 0);
	CHECK_INT(kms_property_check_value(dev, prop, 2), -EINVAL);
	CHECK_INT(kms_property_check_value(dev, prop, 4), -EINVAL);
	kms_device_destroy(dev);
}

/* ---- blobs ---- */

TEST(blob_lifetime)
{
	struct kms_device *dev = create_device();
	struct kms_file file, other;
	struct kms_blob *blob;

	kms_file_init(&file, dev, &event_ops);
	kms_file_init(&other, dev, &event_ops);
	CHECK_INT(kms_blob_create(dev, &file, "mode", 5, &blob), 0);
	uint32_t id = blob->base.id;
	CHECK_INT(kms_blob_destroy(&other, id), -EPERM);
	CHECK_INT(kms_blob_destroy(&file, dev->connectors[0].edid->base.id), -EPERM);
	CHECK_INT(kms_blob_destroy(&file, dev->crtcs[0].base.id), -ENOENT);
	CHECK_INT(kms_blob_destroy(&file, id), 0);
	/* We hold it, as a crtc's state would: still there, but no longer ours to destroy. */
	CHECK_INT(kms_blob_destroy(&file, id), -EPERM);
	struct kms_blob *found = kms_blob_lookup(dev, id);
	CHECK(found == blob && memcmp(found->data, "mode", 5) == 0);
	kms_object_put(&found->base);
	kms_object_put(&blob->base);
	CHECK(!kms_blob_lookup(dev, id));
	CHECK_INT(kms_blob_destroy(&file, id), -ENOENT);
	kms_file_finish(&other);
	kms_file_finish(&file);
	kms_device_destroy(dev);
}

TEST(blobs_go_with_their_file)
{
	struct kms_device *dev = create_device();
	uint32_t before = dev->objects.count;
	struct kms_file file;
	struct kms_blob *blob;

	kms_file_init(&file, dev, &event_ops);
	for (int i = 0; i < 100; i++) {
		CHECK_INT(kms_blob_create(dev, &file, &i, sizeof(i), &blob), 0);
		kms_object_put(&blob->base);
	}
	CHECK_INT(dev->objects.count, before + 100);
	kms_file_finish(&file);
	CHECK_INT(dev->objects.count, before);
	kms_device_destroy(dev);
}

TEST(blob_flood_ends)
{
	struct kms_device *dev = create_device();
	size_t size = KMS_FILE_MAX_BLOB_BYTES / 4;
	char *data = calloc(1, size);
	struct kms_file file;
	struct kms_blob *blob;
	uint32_t id = 0;
	int count = 0, ret;

	kms_file_init(&file, dev, &event_ops);
	CHECK_INT(kms_blob_create(dev, &file, data, 0, &blob), -EINVAL);
	CHECK_INT(kms_blob_create(dev, &file, data, INT_MAX, &blob), -EINVAL);
	while ((ret = kms_blob_create(dev, &file, data, size, &blob)) == 0) {
		id = blob->base.id;
		kms_object_put(&blob->base);
		CHECK(++count < 5);
	}
	CHECK_INT(ret, -ENOMEM);
	CHECK_INT(count, 3); /* a blob has some bytes beside its data */
	CHECK_INT(kms_blob_destroy(&file, id), 0);
	CHECK_INT(kms_blob_create(dev, &file, data, size, &blob), 0);
	kms_object_put(&blob->base);
	kms_file_finish(&file);
	kms_device_destroy(dev);
	free(data);
}

/* ---- hotplug ---- */

static void count_hotplug(struct kms_device *dev, struct kms_connector *connector,
	uint32_t property_id, void *data)
{
	/* Without the lock: a listener may look at the device. */
	CHECK_INT(pthread_mutex_trylock(&dev->lock), 0);
	pthread_mutex_unlock(&dev->lock);
	++*(int *)data;
}

TEST(hotplug)
{
	struct kms_device *dev = create_device();
	struct kms_connector *connector = &dev->connectors[0];
	int edid = kms_object_property_index(&connector->base, dev->props.edid);
	struct drm_mode_modeinfo modes[KMS_MAX_MODES + 1] = {0};
	uint64_t epoch = connector->epoch;
	int calls = 0;

	dev->hotplug = count_hotplug;
	dev->hotplug_data = &calls;
	CHECK_INT(kms_mode_cvt(1001, 701, 60, &modes[0]), 0);
	modes[0].name[0] = '\0';
	CHECK_INT(kms_connector_set(connector, true, modes, 1), 0);
	CHECK_INT(calls, 1);
	CHECK(connector->epoch != epoch);
	CHECK_INT(connector->mode_count, 1);
	CHECK(strcmp(connector->modes[0].name, "1001x701") == 0);
	CHECK_INT(connector->modes[0].type, DRM_MODE_TYPE_PREFERRED | DRM_MODE_TYPE_DRIVER);
	CHECK_INT(connector->edid->data[56], 1001 & 0xff);
	CHECK_INT(connector->base.values[edid], connector->edid->base.id);

	/* Refusals change nothing. */
	epoch = connector->epoch;
	CHECK_INT(kms_connector_set(connector, true, NULL, 0), -EINVAL);
	CHECK_INT(kms_connector_set(connector, true, modes, 2), -EINVAL);
	CHECK_INT(kms_connector_set(connector, true, modes, KMS_MAX_MODES + 1), -EINVAL);
	CHECK_INT(calls, 1);
	CHECK_INT(connector->epoch, epoch);

	/* What it has now, given back. */
	CHECK_INT(kms_connector_set(connector, true, connector->modes, 1), 0);
	CHECK_INT(kms_connector_set(connector, false, NULL, 0), 0);
	CHECK_INT(calls, 3);
	CHECK(!connector->connected && !connector->edid && connector->mode_count == 0);
	CHECK_INT(connector->base.values[edid], 0);
	kms_device_destroy(dev);
}
