/* What there is and how it is set up (kernel: drm_mode_config.c, drm_crtc.c, drm_connector.c). */
#include <errno.h>
#include <stdlib.h>

#include "kms_framebuffer.h"
#include "kms_gamma.h"
#include "uapi_handlers.h"
#include "uapi_lease.h"
#include "uapi_property.h"

/* drm_connector_status of the kernel; libdrm has the values only in its own API. */
enum { STATUS_CONNECTED = 1, STATUS_DISCONNECTED = 2, STATUS_UNKNOWN = 3 };

static struct kms_object *lookup(struct uapi_call *call, uint32_t id, uint32_t type)
{
	return uapi_object_lookup(call->file, id, type);
}

/* As many as fit into *room entries of the caller; *room becomes how many there are. */
static int copy_ids(struct uapi_call *call, uint64_t ptr, uint32_t *room, const uint32_t *ids,
	uint32_t count)
{
	uint32_t fit = *room < count ? *room : count;

	*room = count;
	return vfs_copy_to(call->caller, ptr, ids, fit * sizeof(ids[0])) ? -EFAULT : 0;
}

/* All or nothing: a caller whose array is too short only learns the count. */
static int copy_all(struct uapi_call *call, uint64_t ptr, uint32_t *room, const void *items,
	uint32_t count, size_t size)
{
	bool fits = *room >= count;

	*room = count;
	return fits && vfs_copy_to(call->caller, ptr, items, count * size) ? -EFAULT : 0;
}

/* Ids of file's framebuffers, malloc'd; NULL when there are none or no memory. */
static uint32_t *collect_framebuffers(struct kms_file *file, uint32_t *count)
{
	struct kms_framebuffer *fb;
	uint32_t *ids = NULL;

	*count = 0;
	pthread_mutex_lock(&file->dev->lock);
	if (file->framebuffer_count)
		ids = malloc(file->framebuffer_count * sizeof(ids[0]));
	if (ids) {
		gem_list_for_each(fb, &file->framebuffers, file_link)
			ids[(*count)++] = fb->base.id;
	}
	pthread_mutex_unlock(&file->dev->lock);
	return ids;
}

int uapi_mode_getresources(struct uapi_call *call, void *data)
{
	struct kms_device *kms = call->file->dev->kms;
	struct drm_mode_card_res *res = data;
	uint32_t crtcs[KMS_MAX_CRTCS], encoders[KMS_MAX_CONNECTORS], connectors[KMS_MAX_CONNECTORS];
	uint32_t framebuffer_count, crtc_count = 0, connector_count = 0;
	uint32_t *framebuffers = collect_framebuffers(&call->file->kms, &framebuffer_count);
	int ret;

	pthread_mutex_lock(&kms->lock);
	bool writeback = call->file->kms.writeback;
	pthread_mutex_unlock(&kms->lock);
	for (unsigned i = 0; i < kms->crtc_count; i++) {
		if (uapi_lease_holds(call->file, &kms->crtcs[i].base))
			crtcs[crtc_count++] = kms->crtcs[i].base.id;
	}
	for (unsigned i = 0; i < kms->encoder_count; i++)
		encoders[i] = kms->encoders[i].base.id;
	for (unsigned i = 0; i < kms->connector_count; i++) {
		if (!uapi_lease_holds(call->file, &kms->connectors[i].base))
			continue;
		/* Older clients would take a writeback connector for a monitor. */
		if (writeback || kms->connectors[i].type != DRM_MODE_CONNECTOR_WRITEBACK)
			connectors[connector_count++] = kms->connectors[i].base.id;
	}
	res->min_width = kms->min_width;
	res->max_width = kms->max_width;
	res->min_height = kms->min_height;
	res->max_height = kms->max_height;
	ret = copy_ids(call, res->fb_id_ptr, &res->count_fbs, framebuffers, framebuffer_count);
	if (ret == 0)
		ret = copy_ids(call, res->encoder_id_ptr, &res->count_encoders, encoders,
			kms->encoder_count);
	if (ret == 0)
		ret = copy_ids(call, res->crtc_id_ptr, &res->count_crtcs, crtcs, crtc_count);
	if (ret == 0)
		ret = copy_ids(call, res->connector_id_ptr, &res->count_connectors, connectors,
			connector_count);
	free(framebuffers);
	return ret;
}

int uapi_mode_getplaneresources(struct uapi_call *call, void *data)
{
	struct kms_device *kms = call->file->dev->kms;
	struct drm_mode_get_plane_res *res = data;
	uint32_t planes[KMS_MAX_PLANES];
	uint32_t count = 0;

	pthread_mutex_lock(&kms->lock);
	bool universal = call->file->kms.universal_planes;
	pthread_mutex_unlock(&kms->lock);
	for (unsigned i = 0; i < kms->plane_count; i++) {
		if (!uapi_lease_holds(call->file, &kms->planes[i].base))
			continue;
		/* Older clients know no other planes than overlays. */
		if (universal || kms->planes[i].type == KMS_PLANE_OVERLAY)
			planes[count++] = kms->planes[i].base.id;
	}
	return copy_ids(call, res->plane_id_ptr, &res->count_planes, planes, count);
}

/* 0 for none, and for one that the caller has not leased. */
static uint32_t crtc_seen(struct uapi_call *call, const struct kms_crtc *crtc)
{
	return crtc && uapi_lease_holds(call->file, &crtc->base) ? crtc->base.id : 0;
}

int uapi_mode_getplane(struct uapi_call *call, void *data)
{
	struct drm_mode_get_plane *req = data;
	struct kms_object *obj = lookup(call, req->plane_id, DRM_MODE_OBJECT_PLANE);
	struct kms_plane *plane = gem_container_of(obj, struct kms_plane, base);

	if (!obj)
		return -ENOENT;
	pthread_mutex_lock(&obj->dev->lock);
	req->crtc_id = crtc_seen(call, plane->state.crtc);
	req->fb_id = plane->state.fb ? plane->state.fb->base.id : 0;
	pthread_mutex_unlock(&obj->dev->lock);
	req->possible_crtcs = uapi_lease_filter_crtcs(call->file, plane->possible_crtcs);
	req->gamma_size = 0;
	return copy_all(call, req->format_type_ptr, &req->count_format_types, plane->formats,
		plane->format_count, sizeof(plane->formats[0]));
}

int uapi_mode_getcrtc(struct uapi_call *call, void *data)
{
	struct drm_mode_crtc *req = data;
	struct kms_object *obj = lookup(call, req->crtc_id, DRM_MODE_OBJECT_CRTC);
	struct kms_crtc *crtc = gem_container_of(obj, struct kms_crtc, base);

	if (!obj)
		return -ENOENT;
	pthread_mutex_lock(&obj->dev->lock);
	const struct kms_plane_state *primary = &crtc->primary->state;
	req->gamma_size = kms_crtc_gamma_size(crtc);
	req->fb_id = primary->fb ? primary->fb->base.id : 0;
	req->x = primary->src_x >> 16;
	req->y = primary->src_y >> 16;
	req->mode_valid = crtc->state.enable;
	if (crtc->state.enable) {
		req->mode = crtc->state.mode;
		if (!call->file->kms.aspect_ratio)
			req->mode.flags &= ~DRM_MODE_FLAG_PIC_AR_MASK;
	}
	pthread_mutex_unlock(&obj->dev->lock);
	return 0;
}

int uapi_mode_getencoder(struct uapi_call *call, void *data)
{
	struct drm_mode_get_encoder *req = data;
	struct kms_object *obj = lookup(call, req->encoder_id, DRM_MODE_OBJECT_ENCODER);
	struct kms_encoder *encoder = gem_container_of(obj, struct kms_encoder, base);

	if (!obj)
		return -ENOENT;
	struct kms_device *dev = obj->dev;
	req->crtc_id = 0;
	pthread_mutex_lock(&dev->lock);
	for (unsigned i = 0; i < dev->connector_count; i++) {
		const struct kms_connector *connector = &dev->connectors[i];
		if (connector->encoder == encoder && connector->state.crtc)
			req->crtc_id = crtc_seen(call, connector->state.crtc);
	}
	pthread_mutex_unlock(&dev->lock);
	req->encoder_type = encoder->type;
	req->possible_crtcs = uapi_lease_filter_crtcs(call->file, encoder->possible_crtcs);
	req->possible_clones = encoder->possible_clones;
	return 0;
}

/* Returns the number of modes copied to modes. */
static uint32_t snapshot_connector(const struct kms_file *file, struct kms_connector *connector,
	struct drm_mode_get_connector *req, struct drm_mode_modeinfo modes[KMS_MAX_MODES])
{
	struct kms_device *dev = file->dev;

	pthread_mutex_lock(&dev->lock);
	uint32_t count = connector->mode_count;
	for (uint32_t i = 0; i < count; i++) {
		modes[i] = connector->modes[i];
		if (!file->aspect_ratio)
			modes[i].flags &= ~DRM_MODE_FLAG_PIC_AR_MASK;
	}
	req->connection = connector->type == DRM_MODE_CONNECTOR_WRITEBACK ? STATUS_UNKNOWN :
		connector->connected ? STATUS_CONNECTED : STATUS_DISCONNECTED;
	req->mm_width = connector->mm_width;
	req->mm_height = connector->mm_height;
	req->encoder_id = connector->state.crtc ? connector->encoder->base.id : 0;
	pthread_mutex_unlock(&dev->lock);
	return count;
}

/*
 * A forced probe (count_modes 0) finds nothing that is not known: the modes
 * change by kms_connector_set only.
 */
int uapi_mode_getconnector(struct uapi_call *call, void *data)
{
	struct drm_mode_get_connector *req = data;
	struct kms_object *obj = lookup(call, req->connector_id, DRM_MODE_OBJECT_CONNECTOR);
	struct kms_connector *connector = gem_container_of(obj, struct kms_connector, base);
	struct drm_mode_modeinfo modes[KMS_MAX_MODES];
	int ret;

	if (!obj)
		return -ENOENT;
	uint32_t mode_count = snapshot_connector(&call->file->kms, connector, req, modes);
	req->connector_type = connector->type;
	req->connector_type_id = connector->type_id;
	req->subpixel = connector->desc.subpixel;
	ret = copy_all(call, req->encoders_ptr, &req->count_encoders,
		&connector->encoder->base.id, 1, sizeof(uint32_t));
	if (ret == 0)
		ret = copy_all(call, req->modes_ptr, &req->count_modes, modes, mode_count,
			sizeof(modes[0]));
	if (ret == 0)
		ret = uapi_copy_properties(call, obj, req->props_ptr, req->prop_values_ptr,
			&req->count_props);
	return ret;
}

/* ---- the gamma table: three arrays of the caller's ---- */

enum { GAMMA_ENTRIES = 256 }; /* kms_crtc_gamma_size is at most that */

static int find_gamma(struct uapi_call *call, const struct drm_mode_crtc_lut *req,
	struct kms_crtc **out)
{
	struct kms_object *obj = lookup(call, req->crtc_id, DRM_MODE_OBJECT_CRTC);

	if (!obj)
		return -ENOENT;
	*out = gem_container_of(obj, struct kms_crtc, base);
	return 0;
}

int uapi_mode_getgamma(struct uapi_call *call, void *data)
{
	struct drm_mode_crtc_lut *req = data;
	struct drm_color_lut lut[GAMMA_ENTRIES];
	uint16_t values[3][GAMMA_ENTRIES];
	struct kms_crtc *crtc;
	int ret = find_gamma(call, req, &crtc);

	if (ret)
		return ret;
	if (req->gamma_size != kms_crtc_gamma_size(crtc))
		return -EINVAL;
	kms_gamma_get(crtc, lut);
	for (uint32_t i = 0; i < req->gamma_size; i++) {
		values[0][i] = lut[i].red;
		values[1][i] = lut[i].green;
		values[2][i] = lut[i].blue;
	}
	size_t size = req->gamma_size * sizeof(values[0][0]);
	return vfs_copy_to(call->caller, req->red, values[0], size) ||
		vfs_copy_to(call->caller, req->green, values[1], size) ||
		vfs_copy_to(call->caller, req->blue, values[2], size) ? -EFAULT : 0;
}

int uapi_mode_setgamma(struct uapi_call *call, void *data)
{
	struct drm_mode_crtc_lut *req = data;
	struct drm_color_lut lut[GAMMA_ENTRIES] = {0};
	uint16_t values[3][GAMMA_ENTRIES];
	struct kms_crtc *crtc;
	int ret = find_gamma(call, req, &crtc);

	if (ret)
		return ret;
	if (kms_crtc_gamma_size(crtc) == 0)
		return -ENOSYS;
	if (req->gamma_size != kms_crtc_gamma_size(crtc))
		return -EINVAL;
	size_t size = req->gamma_size * sizeof(values[0][0]);
	if (vfs_copy_from(call->caller, values[0], req->red, size) ||
		vfs_copy_from(call->caller, values[1], req->green, size) ||
		vfs_copy_from(call->caller, values[2], req->blue, size))
		return -EFAULT;
	for (uint32_t i = 0; i < req->gamma_size; i++)
		lut[i] = (struct drm_color_lut) {
			.red = values[0][i], .green = values[1][i], .blue = values[2][i],
		};
	return kms_gamma_set(crtc, lut);
}
