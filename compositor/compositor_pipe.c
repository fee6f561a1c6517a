#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>
#include <xf86drm.h>

#include "compositor_backend.h"
#include "compositor_lift.h"
#include "compositor_log.h"
#include "gem_base.h"

/* A property by name, and where its id goes. */
struct prop_slot {
	const char *name;
	uint32_t *id;
};

/* Fills in the slots from the object's properties; false when one is missing. */
static bool find_props(int fd, uint32_t object, uint32_t type, const struct prop_slot *slots,
	unsigned slot_count)
{
	drmModeObjectProperties *props = drmModeObjectGetProperties(fd, object, type);
	unsigned found = 0;

	for (uint32_t i = 0; props && i < props->count_props; i++) {
		drmModePropertyRes *prop = drmModeGetProperty(fd, props->props[i]);
		for (unsigned s = 0; prop && s < slot_count; s++) {
			if (strcmp(prop->name, slots[s].name) == 0) {
				*slots[s].id = prop->prop_id;
				found++;
			}
		}
		drmModeFreeProperty(prop);
	}
	drmModeFreeObjectProperties(props);
	return found == slot_count;
}

static bool get_prop_value(int fd, uint32_t object, uint32_t type, uint32_t prop, uint64_t *value)
{
	drmModeObjectProperties *props = drmModeObjectGetProperties(fd, object, type);
	bool found = false;

	for (uint32_t i = 0; props && i < props->count_props && !found; i++) {
		if (props->props[i] == prop) {
			*value = props->prop_values[i];
			found = true;
		}
	}
	drmModeFreeObjectProperties(props);
	return found;
}

static bool find_plane_props(int fd, uint32_t plane, struct compositor_plane_props *p)
{
	const struct prop_slot slots[] = {
		{"type", &p->type}, {"FB_ID", &p->fb_id}, {"CRTC_ID", &p->crtc_id},
		{"CRTC_X", &p->crtc_x}, {"CRTC_Y", &p->crtc_y},
		{"CRTC_W", &p->crtc_w}, {"CRTC_H", &p->crtc_h},
		{"SRC_X", &p->src_x}, {"SRC_Y", &p->src_y},
		{"SRC_W", &p->src_w}, {"SRC_H", &p->src_h},
	};
	const struct prop_slot optional[] = {{"IN_FORMATS", &p->in_formats}};

	find_props(fd, plane, DRM_MODE_OBJECT_PLANE, optional, GEM_ARRAY_SIZE(optional));
	return find_props(fd, plane, DRM_MODE_OBJECT_PLANE, slots, GEM_ARRAY_SIZE(slots));
}

/* Formats without modifier are always possible; IN_FORMATS adds explicit ones. */
static void read_formats(int fd, const drmModePlane *plane, struct compositor_plane *out)
{
	uint64_t blob_id = 0;

	for (uint32_t i = 0; i < plane->count_formats; i++)
		wlr_drm_format_set_add(&out->formats, plane->formats[i], DRM_FORMAT_MOD_INVALID);
	if (!out->props.in_formats || !get_prop_value(fd, plane->plane_id, DRM_MODE_OBJECT_PLANE,
			out->props.in_formats, &blob_id))
		return;
	drmModePropertyBlobRes *blob = drmModeGetPropertyBlob(fd, blob_id);
	if (!blob)
		return;
	drmModeFormatModifierIterator iter = {0};
	while (drmModeFormatModifierBlobIterNext(blob, &iter))
		wlr_drm_format_set_add(&out->formats, iter.fmt, iter.mod);
	drmModeFreePropertyBlob(blob);
}

static bool plane_is_taken(struct compositor_backend *backend, uint32_t id)
{
	struct compositor_pipe *pipe;

	wl_list_for_each(pipe, &backend->pipes, link) {
		if (pipe->primary.id == id || pipe->cursor.id == id)
			return true;
	}
	return false;
}

/* First free plane of this type that the crtc can use. */
static bool find_plane(struct compositor_backend *backend, unsigned crtc_index, uint64_t type,
	struct compositor_plane *out)
{
	drmModePlaneRes *planes = drmModeGetPlaneResources(backend->fd);

	for (uint32_t i = 0; planes && i < planes->count_planes && !out->id; i++) {
		drmModePlane *plane = drmModeGetPlane(backend->fd, planes->planes[i]);
		struct compositor_plane_props props = {0};
		uint64_t value = 0;

		if (plane && plane->possible_crtcs & (1u << crtc_index) &&
		    !plane_is_taken(backend, plane->plane_id) &&
		    find_plane_props(backend->fd, plane->plane_id, &props) &&
		    get_prop_value(backend->fd, plane->plane_id, DRM_MODE_OBJECT_PLANE,
			    props.type, &value) && value == type) {
			out->id = plane->plane_id;
			out->props = props;
			read_formats(backend->fd, plane, out);
		}
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(planes);
	return out->id != 0;
}

static bool crtc_is_taken(struct compositor_backend *backend, uint32_t id)
{
	struct compositor_pipe *pipe;

	wl_list_for_each(pipe, &backend->pipes, link) {
		if (pipe->crtc_id == id)
			return true;
	}
	return false;
}

/* Index into res->crtcs of a free crtc that the connector can use, or -1. */
static int find_crtc(struct compositor_backend *backend, const drmModeRes *res,
	const drmModeConnector *connector)
{
	uint32_t possible = drmModeConnectorGetPossibleCrtcs(backend->fd, connector);

	for (int i = 0; i < res->count_crtcs; i++) {
		if (possible & (1u << i) && !crtc_is_taken(backend, res->crtcs[i]))
			return i;
	}
	return -1;
}

static int pipe_create(struct compositor_backend *backend, const drmModeRes *res,
	const drmModeConnector *connector)
{
	int crtc_index = find_crtc(backend, res, connector);
	if (crtc_index < 0)
		return -EBUSY;
	struct compositor_pipe *pipe = calloc(1, sizeof(*pipe));
	if (!pipe)
		return -ENOMEM;
	const struct prop_slot of_connector[] = {
		{"CRTC_ID", &pipe->props.crtc_id}, {"EDID", &pipe->props.edid}};
	const struct prop_slot of_crtc[] = {
		{"ACTIVE", &pipe->props.active}, {"MODE_ID", &pipe->props.mode_id}};
	const struct prop_slot optional_of_connector[] = {
		{"non-desktop", &pipe->props.non_desktop},
		{"vrr_capable", &pipe->props.vrr_capable}};
	const struct prop_slot optional_of_crtc[] = {
		{"GAMMA_LUT", &pipe->props.gamma_lut},
		{"GAMMA_LUT_SIZE", &pipe->props.gamma_lut_size},
		{"VRR_ENABLED", &pipe->props.vrr_enabled}};
	uint64_t gamma_size;

	pipe->backend = backend;
	for (unsigned i = 0; i < COMPOSITOR_TICKETS; i++)
		pipe->tickets[i].pipe = pipe;
	pipe->connector_id = connector->connector_id;
	pipe->crtc_id = res->crtcs[crtc_index];
	pipe->crtc_index = crtc_index;
	wl_list_init(&pipe->link);
	if (!find_props(backend->fd, pipe->connector_id, DRM_MODE_OBJECT_CONNECTOR, of_connector,
			GEM_ARRAY_SIZE(of_connector)) ||
	    !find_props(backend->fd, pipe->crtc_id, DRM_MODE_OBJECT_CRTC, of_crtc,
			GEM_ARRAY_SIZE(of_crtc)) ||
	    !find_plane(backend, crtc_index, DRM_PLANE_TYPE_PRIMARY, &pipe->primary)) {
		compositor_pipe_destroy(pipe);
		return -ENODEV;
	}
	find_props(backend->fd, pipe->connector_id, DRM_MODE_OBJECT_CONNECTOR, optional_of_connector,
		GEM_ARRAY_SIZE(optional_of_connector));
	find_props(backend->fd, pipe->crtc_id, DRM_MODE_OBJECT_CRTC, optional_of_crtc,
		GEM_ARRAY_SIZE(optional_of_crtc));
	if (pipe->props.gamma_lut && get_prop_value(backend->fd, pipe->crtc_id,
			DRM_MODE_OBJECT_CRTC, pipe->props.gamma_lut_size, &gamma_size))
		pipe->gamma_size = gamma_size;
	/* Without a cursor plane wlroots draws the cursor itself. */
	find_plane(backend, crtc_index, DRM_PLANE_TYPE_CURSOR, &pipe->cursor);
	int err = compositor_lift_pipe_init(pipe);
	if (err < 0) {
		compositor_pipe_destroy(pipe);
		return err;
	}
	wl_list_insert(backend->pipes.prev, &pipe->link);
	return 0;
}

static int overlay_create(struct compositor_backend *backend, const drmModePlane *plane)
{
	struct compositor_plane_props props = {0};
	uint64_t type;

	if (!find_plane_props(backend->fd, plane->plane_id, &props) ||
	    !get_prop_value(backend->fd, plane->plane_id, DRM_MODE_OBJECT_PLANE, props.type, &type))
		return -ENODEV;
	if (type != DRM_PLANE_TYPE_OVERLAY)
		return 0;
	struct compositor_overlay *overlay = calloc(1, sizeof(*overlay));
	if (!overlay)
		return -ENOMEM;
	overlay->plane.id = plane->plane_id;
	overlay->plane.props = props;
	read_formats(backend->fd, plane, &overlay->plane);
	overlay->possible_crtcs = plane->possible_crtcs;
	wl_list_insert(backend->overlays.prev, &overlay->link);
	return 0;
}

static void overlays_create(struct compositor_backend *backend)
{
	drmModePlaneRes *planes = drmModeGetPlaneResources(backend->fd);

	for (uint32_t i = 0; planes && i < planes->count_planes; i++) {
		drmModePlane *plane = drmModeGetPlane(backend->fd, planes->planes[i]);
		int err = plane ? overlay_create(backend, plane) : -ENOENT;
		if (err < 0)
			compositor_debug("plane %u is left alone: %s", planes->planes[i],
				strerror(-err));
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(planes);
}

void compositor_overlays_destroy(struct compositor_backend *backend)
{
	struct compositor_overlay *overlay, *next;

	wl_list_for_each_safe(overlay, next, &backend->overlays, link) {
		wl_list_remove(&overlay->link);
		wlr_drm_format_set_finish(&overlay->plane.formats);
		free(overlay);
	}
}

int compositor_pipes_create(struct compositor_backend *backend)
{
	drmModeRes *res = drmModeGetResources(backend->fd);

	if (!res) {
		compositor_error("the device is no display device");
		return -ENODEV;
	}
	for (int i = 0; i < res->count_connectors; i++) {
		drmModeConnector *connector = drmModeGetConnector(backend->fd, res->connectors[i]);
		if (!connector)
			continue;
		int err = connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK ? -ENODEV :
			pipe_create(backend, res, connector);
		if (err < 0)
			compositor_debug("connector %u is left alone: %s", res->connectors[i],
				strerror(-err));
		drmModeFreeConnector(connector);
	}
	drmModeFreeResources(res);
	if (wl_list_empty(&backend->pipes)) {
		compositor_error("the device has no connector with a crtc and a primary plane");
		return -ENODEV;
	}
	overlays_create(backend);
	return 0;
}

int compositor_pipes_renew(struct compositor_backend *backend)
{
	struct compositor_pipe *pipe;
	int err = 0;

	/* No plane is anybody's: there are no outputs. */
	wl_list_for_each(pipe, &backend->pipes, link) {
		compositor_lift_pipe_finish(pipe);
		if (compositor_lift_pipe_init(pipe) < 0)
			err = -ENOMEM;
	}
	return err;
}

void compositor_pipe_destroy(struct compositor_pipe *pipe)
{
	compositor_lift_pipe_finish(pipe);
	wlr_drm_format_set_finish(&pipe->primary.formats);
	wlr_drm_format_set_finish(&pipe->cursor.formats);
	wl_list_remove(&pipe->link);
	free(pipe);
}
