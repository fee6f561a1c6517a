/* Properties as views of atomic state (kernel: drm_atomic_uapi.c). */
#include <errno.h>

#include "kms_atomic_internal.h"

static int set_plane_fb(struct kms_atomic_state *state, struct kms_plane *plane, uint64_t id)
{
	struct kms_framebuffer *fb = NULL;

	if (id) {
		fb = id > UINT32_MAX ? NULL : kms_framebuffer_lookup(state->dev, (uint32_t)id);
		if (!fb)
			return -EINVAL;
	}
	kms_atomic_set_plane_fb(state, plane, fb);
	if (fb)
		kms_object_put(&fb->base);
	return 0;
}

/* *crtc = NULL for id 0. Crtcs live as long as the device: no reference to keep. */
static int find_crtc(struct kms_device *dev, uint64_t id, struct kms_crtc **crtc)
{
	struct kms_object *obj;

	*crtc = NULL;
	if (id == 0)
		return 0;
	if (id > UINT32_MAX)
		return -EINVAL;
	obj = kms_object_lookup(dev, (uint32_t)id, DRM_MODE_OBJECT_CRTC);
	if (!obj)
		return -EINVAL;
	*crtc = gem_container_of(obj, struct kms_crtc, base);
	kms_object_put(obj);
	return 0;
}

static int set_plane_geometry(struct kms_atomic_state *state, struct kms_plane *plane,
	struct kms_property *prop, uint64_t value)
{
	const struct kms_device *dev = state->dev;
	struct kms_plane_state *copy = kms_atomic_plane(state, plane);

	if (kms_property_check_value(state->dev, prop, value))
		return -EINVAL;
	if (prop == dev->props.crtc_x)
		copy->crtc_x = (int32_t)(int64_t)value;
	else if (prop == dev->props.crtc_y)
		copy->crtc_y = (int32_t)(int64_t)value;
	else if (prop == dev->props.crtc_w)
		copy->crtc_w = (uint32_t)value;
	else if (prop == dev->props.crtc_h)
		copy->crtc_h = (uint32_t)value;
	else if (prop == dev->props.src_x)
		copy->src_x = (uint32_t)value;
	else if (prop == dev->props.src_y)
		copy->src_y = (uint32_t)value;
	else if (prop == dev->props.src_w)
		copy->src_w = (uint32_t)value;
	else if (prop == dev->props.src_h)
		copy->src_h = (uint32_t)value;
	else
		return -EINVAL;
	return 0;
}

static int set_plane_property(struct kms_atomic_state *state, struct kms_plane *plane,
	struct kms_property *prop, uint64_t value)
{
	struct kms_crtc *crtc;
	int ret;

	if (prop == state->dev->props.fb_id)
		return set_plane_fb(state, plane, value);
	if (prop != state->dev->props.plane_crtc_id)
		return set_plane_geometry(state, plane, prop, value);
	ret = find_crtc(state->dev, value, &crtc);
	if (ret)
		return ret;
	kms_atomic_set_plane_crtc(state, plane, crtc);
	return 0;
}

static int set_crtc_mode(struct kms_atomic_state *state, struct kms_crtc *crtc, uint64_t id)
{
	struct kms_blob *blob = NULL;

	if (id) {
		struct kms_object *obj = id > UINT32_MAX ? NULL
			: kms_object_lookup(state->dev, (uint32_t)id, DRM_MODE_OBJECT_BLOB);

		if (!obj)
			return -EINVAL;
		blob = gem_container_of(obj, struct kms_blob, base);
	}
	int ret = kms_atomic_set_mode_blob(state, crtc, blob);
	if (blob)
		kms_object_put(&blob->base);
	return ret;
}

static int set_crtc_property(struct kms_atomic_state *state, struct kms_crtc *crtc,
	struct kms_property *prop, uint64_t value)
{
	if (prop == state->dev->props.mode_id)
		return set_crtc_mode(state, crtc, value);
	if (prop != state->dev->props.active || kms_property_check_value(state->dev, prop, value))
		return -EINVAL;
	kms_atomic_crtc(state, crtc)->active = value;
	return 0;
}

static int set_connector_property(struct kms_atomic_state *state,
	struct kms_connector *connector, struct kms_property *prop, uint64_t value)
{
	struct kms_crtc *crtc;
	int ret;

	/*
	 * DPMS is for legacy clients only, who come by kms_set_dpms; an atomic
	 * request that names it is refused, as the kernel does.
	 */
	if (prop == state->dev->props.link_status) {
		ret = kms_property_check_value(state->dev, prop, value);
		if (!ret) /* never bad here, so that "good" is all there is to say */
			kms_atomic_connector(state, connector);
		return ret;
	}
	if (prop != state->dev->props.connector_crtc_id)
		return -EINVAL;
	ret = find_crtc(state->dev, value, &crtc);
	if (ret)
		return ret;
	kms_atomic_set_connector_crtc(state, connector, crtc);
	return 0;
}

static struct kms_property *find_property(const struct kms_object *obj, uint32_t id)
{
	for (unsigned i = 0; i < obj->property_count; i++) {
		if (obj->properties[i]->base.id == id)
			return obj->properties[i];
	}
	return NULL;
}

static int set_property(struct kms_atomic_state *state, struct kms_object *obj,
	struct kms_property *prop, uint64_t value)
{
	if (prop->flags & DRM_MODE_PROP_IMMUTABLE)
		return -EINVAL;
	switch (obj->type) {
	case DRM_MODE_OBJECT_PLANE:
		return set_plane_property(state, gem_container_of(obj, struct kms_plane, base),
			prop, value);
	case DRM_MODE_OBJECT_CRTC:
		return set_crtc_property(state, gem_container_of(obj, struct kms_crtc, base),
			prop, value);
	case DRM_MODE_OBJECT_CONNECTOR:
		return set_connector_property(state,
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

static bool get_plane_property(const struct kms_plane *plane, const struct kms_property *prop,
	uint64_t *value)
{
	const struct kms_device *dev = plane->base.dev;
	const struct kms_plane_state *state = &plane->state;
	const struct {
		const struct kms_property *prop;
		uint64_t value;
	} table[] = {
		{dev->props.fb_id, state->fb ? state->fb->base.id : 0},
		{dev->props.plane_crtc_id, state->crtc ? state->crtc->base.id : 0},
		{dev->props.crtc_x, (uint64_t)(int64_t)state->crtc_x},
		{dev->props.crtc_y, (uint64_t)(int64_t)state->crtc_y},
		{dev->props.crtc_w, state->crtc_w},
		{dev->props.crtc_h, state->crtc_h},
		{dev->props.src_x, state->src_x},
		{dev->props.src_y, state->src_y},
		{dev->props.src_w, state->src_w},
		{dev->props.src_h, state->src_h},
	};

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(table); i++) {
		if (table[i].prop == prop) {
			*value = table[i].value;
			return true;
		}
	}
	return false;
}

static bool get_crtc_property(const struct kms_crtc *crtc, const struct kms_property *prop,
	uint64_t *value)
{
	if (prop == crtc->base.dev->props.active)
		*value = crtc->state.active;
	else if (prop == crtc->base.dev->props.mode_id)
		*value = crtc->state.mode_blob ? crtc->state.mode_blob->base.id : 0;
	else
		return false;
	return true;
}

static bool get_connector_property(const struct kms_connector *connector,
	const struct kms_property *prop, uint64_t *value)
{
	if (prop == connector->base.dev->props.connector_crtc_id)
		*value = connector->state.crtc ? connector->state.crtc->base.id : 0;
	else if (prop == connector->base.dev->props.dpms)
		*value = connector->dpms;
	else
		return false;
	return true;
}

int kms_object_get_property(struct kms_object *obj, struct kms_property *prop, uint64_t *value)
{
	int index = kms_object_property_index(obj, prop);
	bool known = false;

	if (index < 0)
		return -EINVAL;
	if (obj->type == DRM_MODE_OBJECT_PLANE)
		known = get_plane_property(gem_container_of(obj, struct kms_plane, base), prop,
			value);
	else if (obj->type == DRM_MODE_OBJECT_CRTC)
		known = get_crtc_property(gem_container_of(obj, struct kms_crtc, base), prop, value);
	else if (obj->type == DRM_MODE_OBJECT_CONNECTOR)
		known = get_connector_property(gem_container_of(obj, struct kms_connector, base),
			prop, value);
	if (!known)
		*value = obj->values[index];
	return 0;
}
