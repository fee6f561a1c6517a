/* Properties as views of atomic state (kernel: drm_atomic_uapi.c). */
#include <errno.h>

#include "kms_atomic_internal.h"
#include "kms_atomic_props.h"
#include "kms_state.h"

/* ---- what values name ---- */

static struct kms_object *find(struct kms_device *dev, uint64_t id, uint32_t type)
{
	return id > UINT32_MAX ? NULL : kms_object_lookup(dev, (uint32_t)id, type);
}

int kms_props_find_crtc(struct kms_device *dev, uint64_t id, struct kms_crtc **out)
{
	struct kms_object *obj = id ? find(dev, id, DRM_MODE_OBJECT_CRTC) : NULL;

	/* Crtcs live as long as the device: no reference to keep. */
	*out = obj ? gem_container_of(obj, struct kms_crtc, base) : NULL;
	return id && !obj ? -EINVAL : 0;
}

int kms_props_find_fb(struct kms_device *dev, uint64_t id, struct kms_framebuffer **out)
{
	struct kms_object *obj = id ? find(dev, id, DRM_MODE_OBJECT_FB) : NULL;

	*out = obj ? gem_container_of(obj, struct kms_framebuffer, base) : NULL;
	return id && !obj ? -EINVAL : 0;
}

int kms_props_find_blob(struct kms_device *dev, uint64_t id, struct kms_blob **out)
{
	struct kms_object *obj = id ? find(dev, id, DRM_MODE_OBJECT_BLOB) : NULL;

	*out = obj ? gem_container_of(obj, struct kms_blob, base) : NULL;
	return id && !obj ? -EINVAL : 0;
}

int kms_props_replace_blob(struct kms_device *dev, struct kms_blob **slot, uint64_t value,
	size_t size, size_t element)
{
	struct kms_blob *blob;
	int ret = kms_props_find_blob(dev, value, &blob);

	if (ret)
		return ret;
	if (blob && ((size && blob->length != size) || blob->length % element)) {
		gem_debug("atomic", "refused: blob %u has %zu bytes", blob->base.id, blob->length);
		ret = -EINVAL;
	} else {
		kms_state_set_blob(slot, blob);
	}
	if (blob)
		kms_object_put(&blob->base);
	return ret;
}

/* ---- setting ---- */

static struct kms_property *find_property(const struct kms_object *obj, uint32_t id)
{
	for (unsigned i = 0; i < obj->property_count; i++) {
		if (obj->property_ids[i] == id)
			return obj->properties[i];
	}
	return NULL;
}

static bool names_object(const struct kms_property *prop)
{
	return prop->flags & DRM_MODE_PROP_BLOB ||
	       (prop->flags & DRM_MODE_PROP_EXTENDED_TYPE) == DRM_MODE_PROP_OBJECT;
}

static bool get_copy(const struct kms_atomic_state *state, struct kms_object *obj,
	enum kms_property_kind kind, uint64_t *value)
{
	switch (obj->type) {
	case DRM_MODE_OBJECT_PLANE:
		return kms_plane_get_property(kms_atomic_new_plane(state,
			gem_container_of(obj, struct kms_plane, base)), kind, value);
	case DRM_MODE_OBJECT_CRTC:
		return kms_crtc_get_property(kms_atomic_new_crtc(state,
			gem_container_of(obj, struct kms_crtc, base)), kind, value);
	case DRM_MODE_OBJECT_CONNECTOR:
		return kms_connector_get_property(kms_atomic_new_connector(state,
			gem_container_of(obj, struct kms_connector, base)), kind, value);
	}
	return false;
}

/*
 * An asynchronous flip changes nothing but the picture (kernel:
 * drm_atomic_set_property); other properties may be named with the value that
 * they have.
 */
static int check_async_flip(const struct kms_atomic_state *state, struct kms_object *obj,
	const struct kms_property *prop, uint64_t value)
{
	const struct kms_plane *plane = gem_container_of(obj, struct kms_plane, base);
	uint64_t old;

	if (get_copy(state, obj, prop->kind, &old) && old == value)
		return 0;
	if (prop->kind != KMS_PROPERTY_FB_ID && prop->kind != KMS_PROPERTY_IN_FENCE_FD &&
	    prop->kind != KMS_PROPERTY_DAMAGE_CLIPS) {
		gem_debug("atomic", "refused: async flip changes %s of object %u", prop->name,
			obj->id);
		return -EINVAL;
	}
	if (plane->desc.async_flip)
		return 0;
	gem_debug("atomic", "refused: plane %u has no async flips", obj->id);
	return -EINVAL;
}

static int set_property(struct kms_atomic_state *state, struct kms_object *obj,
	struct kms_property *prop, uint64_t value)
{
	int ret = 0;

	if (prop->flags & DRM_MODE_PROP_IMMUTABLE)
		return -EINVAL;
	if (!names_object(prop))
		ret = kms_property_check_value(state->dev, prop, value);
	if (!ret && state->async_flip)
		ret = check_async_flip(state, obj, prop, value);
	if (ret)
		return ret;
	switch (obj->type) {
	case DRM_MODE_OBJECT_PLANE:
		return kms_plane_set_property(state, gem_container_of(obj, struct kms_plane, base),
			prop, value);
	case DRM_MODE_OBJECT_CRTC:
		return kms_crtc_set_property(state, gem_container_of(obj, struct kms_crtc, base),
			prop, value);
	case DRM_MODE_OBJECT_CONNECTOR:
		return kms_connector_set_property(state,
			gem_container_of(obj, struct kms_connector, base), prop, value);
	default:
		return -EINVAL;
	}
}

int kms_atomic_set_property(struct kms_atomic_state *state, struct kms_object *obj,
	uint32_t property_id, uint64_t value)
{
	struct kms_property *prop = find_property(obj, property_id);
	int ret;

	if (!prop) {
		gem_debug("atomic", "refused: object %u has no property %u", obj->id, property_id);
		return -ENOENT;
	}
	ret = set_property(state, obj, prop, value);
	if (ret)
		gem_debug("atomic", "refused: %s = %llu on object %u", prop->name,
			(unsigned long long)value, obj->id);
	return ret;
}

/* ---- getting ---- */

int kms_object_get_property(struct kms_object *obj, struct kms_property *prop, uint64_t *value)
{
	int index = kms_object_property_index(obj, prop);
	bool known = false;

	if (index < 0)
		return -EINVAL;
	if (obj->type == DRM_MODE_OBJECT_PLANE)
		known = kms_plane_get_property(
			&gem_container_of(obj, struct kms_plane, base)->state, prop->kind, value);
	else if (obj->type == DRM_MODE_OBJECT_CRTC)
		known = kms_crtc_get_property(
			&gem_container_of(obj, struct kms_crtc, base)->state, prop->kind, value);
	else if (prop->kind == KMS_PROPERTY_DPMS)
		*value = gem_container_of(obj, struct kms_connector, base)->dpms, known = true;
	else if (obj->type == DRM_MODE_OBJECT_CONNECTOR)
		known = kms_connector_get_property(
			&gem_container_of(obj, struct kms_connector, base)->state, prop->kind,
			value);
	if (!known)
		*value = obj->values[index];
	return 0;
}
