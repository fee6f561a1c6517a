#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "kms_atomic.h"
#include "kms_connector.h"
#include "kms_desc.h"
#include "kms_event.h"
#include "kms_framebuffer.h"
#include "kms_vblank.h"

/* ---- standard properties: names, flags and ranges are the kernel's ---- */

#define ATOMIC DRM_MODE_PROP_ATOMIC
#define IMMUTABLE DRM_MODE_PROP_IMMUTABLE

static const struct kms_property_enum plane_type_enums[] = {
	{KMS_PLANE_OVERLAY, "Overlay"},
	{KMS_PLANE_PRIMARY, "Primary"},
	{KMS_PLANE_CURSOR, "Cursor"},
};
static const struct kms_property_enum dpms_enums[] = {
	{DRM_MODE_DPMS_ON, "On"},
	{DRM_MODE_DPMS_STANDBY, "Standby"},
	{DRM_MODE_DPMS_SUSPEND, "Suspend"},
	{DRM_MODE_DPMS_OFF, "Off"},
};
static const struct kms_property_enum link_status_enums[] = {
	{DRM_MODE_LINK_STATUS_GOOD, "Good"},
	{DRM_MODE_LINK_STATUS_BAD, "Bad"},
};

/* How a standard property is made; slot says which member of kms_device.props. */
struct property_row {
	size_t slot;
	const char *name;
	uint32_t flags; /* with the type */
	uint64_t min, max; /* ranges; object properties: min = the type */
	const struct kms_property_enum *enums;
	unsigned enum_count;
};

#define SLOT(member) offsetof(struct kms_device, props.member)
#define RANGE(member, name, flags, min, max) \
	{SLOT(member), name, DRM_MODE_PROP_RANGE | (flags), min, max, NULL, 0}
#define SIGNED(member, name, flags, min, max)                                         \
	{SLOT(member), name, DRM_MODE_PROP_SIGNED_RANGE | (flags), (uint64_t)(min),   \
		(uint64_t)(max), NULL, 0}
#define OBJECT(member, name, flags, type) \
	{SLOT(member), name, DRM_MODE_PROP_OBJECT | (flags), type, 0, NULL, 0}
#define BLOB(member, name, flags) {SLOT(member), name, DRM_MODE_PROP_BLOB | (flags), 0, 0, NULL, 0}
#define ENUM(member, name, flags, list) \
	{SLOT(member), name, DRM_MODE_PROP_ENUM | (flags), 0, 0, list, GEM_ARRAY_SIZE(list)}

static const struct property_row standard_properties[] = {
	ENUM(plane_type, "type", IMMUTABLE, plane_type_enums),
	OBJECT(fb_id, "FB_ID", ATOMIC, DRM_MODE_OBJECT_FB),
	OBJECT(plane_crtc_id, "CRTC_ID", ATOMIC, DRM_MODE_OBJECT_CRTC),
	SIGNED(crtc_x, "CRTC_X", ATOMIC, INT_MIN, INT_MAX),
	SIGNED(crtc_y, "CRTC_Y", ATOMIC, INT_MIN, INT_MAX),
	RANGE(crtc_w, "CRTC_W", ATOMIC, 0, INT_MAX),
	RANGE(crtc_h, "CRTC_H", ATOMIC, 0, INT_MAX),
	RANGE(src_x, "SRC_X", ATOMIC, 0, UINT_MAX),
	RANGE(src_y, "SRC_Y", ATOMIC, 0, UINT_MAX),
	RANGE(src_w, "SRC_W", ATOMIC, 0, UINT_MAX),
	RANGE(src_h, "SRC_H", ATOMIC, 0, UINT_MAX),
	BLOB(in_formats, "IN_FORMATS", IMMUTABLE),
	RANGE(active, "ACTIVE", ATOMIC, 0, 1),
	BLOB(mode_id, "MODE_ID", ATOMIC),
	BLOB(edid, "EDID", IMMUTABLE),
	ENUM(dpms, "DPMS", 0, dpms_enums),
	ENUM(link_status, "link-status", 0, link_status_enums),
	RANGE(non_desktop, "non-desktop", IMMUTABLE, 0, 1),
	BLOB(tile, "TILE", IMMUTABLE),
	OBJECT(connector_crtc_id, "CRTC_ID", ATOMIC, DRM_MODE_OBJECT_CRTC),
};

static int create_property(struct kms_device *dev, const struct property_row *row,
	struct kms_property **out)
{
	uint32_t flags = row->flags & (ATOMIC | IMMUTABLE);

	switch (row->flags & ~(ATOMIC | IMMUTABLE)) {
	case DRM_MODE_PROP_RANGE:
		return kms_property_create_range(dev, row->name, flags, row->min, row->max, out);
	case DRM_MODE_PROP_SIGNED_RANGE:
		return kms_property_create_signed_range(dev, row->name, flags, (int64_t)row->min,
			(int64_t)row->max, out);
	case DRM_MODE_PROP_OBJECT:
		return kms_property_create_object(dev, row->name, flags, (uint32_t)row->min, out);
	case DRM_MODE_PROP_BLOB:
		return kms_property_create_blob(dev, row->name, flags, out);
	default:
		return kms_property_create_enum(dev, row->name, flags, row->enums, row->enum_count,
			out);
	}
}

static int create_standard_properties(struct kms_device *dev)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(standard_properties); i++) {
		const struct property_row *row = &standard_properties[i];
		struct kms_property **slot = (struct kms_property **)((char *)dev + row->slot);
		int ret = create_property(dev, row, slot);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* ---- planes ---- */

enum { MODIFIERS = 2 };

/* Those that plane takes, for every format of it. */
static unsigned modifiers_of(const struct kms_plane *plane, uint64_t modifiers[MODIFIERS])
{
	modifiers[0] = DRM_FORMAT_MOD_LINEAR;
	modifiers[1] = I915_FORMAT_MOD_X_TILED;
	return plane->type == KMS_PLANE_CURSOR ? 1 : 2;
}

bool kms_plane_takes(const struct kms_plane *plane, uint32_t fourcc, uint64_t modifier)
{
	uint64_t modifiers[MODIFIERS];
	bool known = false;

	for (unsigned i = modifiers_of(plane, modifiers); i > 0; i--)
		known |= modifiers[i - 1] == modifier;
	for (unsigned i = 0; known && i < plane->format_count; i++) {
		if (plane->formats[i] == fourcc)
			return true;
	}
	return false;
}

/* Blob of IN_FORMATS: every format with every modifier. */
static int create_in_formats(struct kms_device *dev, const struct kms_plane *plane,
	struct kms_blob **out)
{
	struct {
		struct drm_format_modifier_blob head;
		uint32_t formats[64];
		struct drm_format_modifier modifiers[MODIFIERS]; /* 8-aligned, as it must be */
	} blob = {
		.head = {
			.version = FORMAT_BLOB_CURRENT,
			.count_formats = plane->format_count,
			.formats_offset = sizeof(blob.head),
		},
	};
	size_t used = GEM_ALIGN(sizeof(blob.head) + plane->format_count * sizeof(uint32_t), 8ul);
	uint64_t modifiers[MODIFIERS];

	memcpy(blob.formats, plane->formats, plane->format_count * sizeof(uint32_t));
	blob.head.modifiers_offset = used;
	blob.head.count_modifiers = modifiers_of(plane, modifiers);
	for (unsigned i = 0; i < blob.head.count_modifiers; i++) {
		const struct drm_format_modifier modifier = {
			.formats = ~0ull >> (64 - plane->format_count),
			.modifier = modifiers[i],
		};
		memcpy((char *)&blob + used, &modifier, sizeof(modifier));
		used += sizeof(modifier);
	}
	return kms_blob_create(dev, NULL, &blob, used, out);
}

static void attach_plane_properties(struct kms_plane *plane, uint32_t in_formats)
{
	struct kms_object *obj = &plane->base;
	struct kms_device *dev = obj->dev;

	kms_object_attach_property(obj, dev->props.plane_type, plane->type);
	kms_object_attach_property(obj, dev->props.fb_id, 0);
	kms_object_attach_property(obj, dev->props.plane_crtc_id, 0);
	kms_object_attach_property(obj, dev->props.crtc_x, 0);
	kms_object_attach_property(obj, dev->props.crtc_y, 0);
	kms_object_attach_property(obj, dev->props.crtc_w, 0);
	kms_object_attach_property(obj, dev->props.crtc_h, 0);
	kms_object_attach_property(obj, dev->props.src_x, 0);
	kms_object_attach_property(obj, dev->props.src_y, 0);
	kms_object_attach_property(obj, dev->props.src_w, 0);
	kms_object_attach_property(obj, dev->props.src_h, 0);
	kms_object_attach_property(obj, dev->props.in_formats, in_formats);
	kms_object_attach_property(obj, dev->props.zpos[plane->index], plane->zpos);
}

static int plane_init(struct kms_device *dev, const struct kms_plane_desc *desc)
{
	struct kms_plane *plane = &dev->planes[dev->plane_count];
	struct kms_blob *in_formats;
	int ret;

	plane->index = dev->plane_count;
	plane->type = desc->type;
	plane->possible_crtcs = desc->possible_crtcs;
	plane->zpos = desc->zpos;
	plane->format_count = desc->format_count;
	plane->formats = malloc(desc->format_count * sizeof(plane->formats[0]));
	if (!plane->formats)
		return -ENOMEM;
	memcpy(plane->formats, desc->formats, desc->format_count * sizeof(plane->formats[0]));
	ret = kms_object_add(dev, &plane->base, DRM_MODE_OBJECT_PLANE, NULL);
	if (ret < 0)
		goto free_formats;
	ret = kms_property_create_range(dev, "zpos", IMMUTABLE, desc->zpos, desc->zpos,
		&dev->props.zpos[plane->index]);
	if (ret < 0)
		goto free_formats;
	ret = create_in_formats(dev, plane, &in_formats);
	if (ret < 0)
		goto free_formats;
	attach_plane_properties(plane, in_formats->base.id);
	dev->plane_count++;
	return 0;

free_formats:
	free(plane->formats);
	return ret;
}

static void plane_finish(struct kms_plane *plane)
{
	struct kms_device *dev = plane->base.dev;
	int index = kms_object_property_index(&plane->base, dev->props.in_formats);
	struct kms_blob *in_formats = kms_blob_lookup(dev, (uint32_t)plane->base.values[index]);

	/* The reference of this lookup and the one from its creation. */
	kms_object_put(&in_formats->base);
	kms_object_put(&in_formats->base);
	free(plane->formats);
}

/* ---- crtcs ---- */

static struct kms_plane *find_plane(struct kms_device *dev, uint32_t type, unsigned crtc)
{
	for (unsigned i = 0; i < dev->plane_count; i++) {
		struct kms_plane *plane = &dev->planes[i];
		if (plane->type == type && __builtin_ctz(plane->possible_crtcs) == (int)crtc)
			return plane;
	}
	return NULL;
}

static int crtc_init(struct kms_device *dev)
{
	struct kms_crtc *crtc = &dev->crtcs[dev->crtc_count];
	int ret;

	crtc->index = dev->crtc_count;
	crtc->primary = find_plane(dev, KMS_PLANE_PRIMARY, crtc->index);
	crtc->cursor = find_plane(dev, KMS_PLANE_CURSOR, crtc->index);
	gem_list_init(&crtc->sinks);
	ret = kms_object_add(dev, &crtc->base, DRM_MODE_OBJECT_CRTC, NULL);
	if (ret < 0)
		return ret;
	kms_object_attach_property(&crtc->base, dev->props.active, 0);
	kms_object_attach_property(&crtc->base, dev->props.mode_id, 0);
	dev->crtc_count++;
	return 0;
}

/* ---- the device ---- */

static int create_objects(struct kms_device *dev, const struct kms_device_desc *desc)
{
	int ret = create_standard_properties(dev);

	for (unsigned i = 0; ret == 0 && i < desc->plane_count; i++)
		ret = plane_init(dev, &desc->planes[i]);
	for (unsigned i = 0; ret == 0 && i < desc->crtc_count; i++)
		ret = crtc_init(dev);
	for (unsigned i = 0; ret == 0 && i < desc->connector_count; i++)
		ret = kms_connector_init(dev, &desc->connectors[i]);
	return ret;
}

static void destroy_objects(struct kms_device *dev)
{
	for (unsigned i = 0; i < dev->connector_count; i++) {
		if (dev->connectors[i].edid)
			kms_object_put(&dev->connectors[i].edid->base);
	}
	for (unsigned i = 0; i < dev->plane_count; i++)
		plane_finish(&dev->planes[i]);
	kms_property_destroy_all(dev);
	gem_idr_finish(&dev->objects);
	pthread_mutex_destroy(&dev->object_lock);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

int kms_device_create(const struct kms_device_desc *desc, struct kms_device **out)
{
	struct kms_device *dev;
	int ret = kms_device_desc_check(desc);

	if (ret < 0)
		return ret;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	pthread_mutex_init(&dev->lock, NULL);
	pthread_mutex_init(&dev->object_lock, NULL);
	gem_idr_init(&dev->objects, 1);
	dev->min_width = desc->min_width;
	dev->max_width = desc->max_width;
	dev->min_height = desc->min_height;
	dev->max_height = desc->max_height;
	dev->cursor_width = desc->cursor_width;
	dev->cursor_height = desc->cursor_height;
	ret = create_objects(dev, desc);
	if (ret == 0)
		ret = kms_clock_create(dev);
	if (ret < 0) {
		destroy_objects(dev);
		return ret;
	}
	*out = dev;
	return 0;
}

void kms_device_destroy(struct kms_device *dev)
{
	kms_atomic_shutdown(dev);
	kms_clock_destroy(dev);
	destroy_objects(dev);
}

/* ---- files ---- */

void kms_file_init(struct kms_file *file, struct kms_device *dev,
	const struct kms_event_ops *event_ops)
{
	*file = (struct kms_file){.dev = dev, .event_ops = event_ops};
	gem_list_init(&file->framebuffers);
	gem_list_init(&file->blobs);
	gem_list_init(&file->events);
}

void kms_file_finish(struct kms_file *file)
{
	pthread_mutex_lock(&file->dev->lock);
	kms_events_cancel_file_locked(file);
	pthread_mutex_unlock(&file->dev->lock);
	kms_framebuffer_remove_all(file);
	pthread_mutex_lock(&file->dev->lock);
	kms_blob_release_all_locked(file);
	pthread_mutex_unlock(&file->dev->lock);
}
