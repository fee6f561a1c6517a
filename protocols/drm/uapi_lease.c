#include <errno.h>

#include "uapi_file.h"
#include "uapi_lease.h"

/* The set in lease that objects of this kind are in, and obj's bit there; NULL: not leasable. */
static const _Atomic uint64_t *find_set(const struct uapi_lease *lease,
	const struct kms_object *obj, uint64_t *bit)
{
	switch (obj->type) {
	case DRM_MODE_OBJECT_CRTC:
		*bit = 1ull << gem_container_of(obj, const struct kms_crtc, base)->index;
		return &lease->crtcs;
	case DRM_MODE_OBJECT_CONNECTOR:
		*bit = 1ull << gem_container_of(obj, const struct kms_connector, base)->index;
		return &lease->connectors;
	case DRM_MODE_OBJECT_PLANE:
		*bit = 1ull << gem_container_of(obj, const struct kms_plane, base)->index;
		return &lease->planes;
	default:
		return NULL;
	}
}

bool uapi_lease_holds(const struct uapi_file *file, const struct kms_object *obj)
{
	uint64_t bit;

	if (!file->lease)
		return true;
	const _Atomic uint64_t *set = find_set(file->lease, obj, &bit);
	return !set || atomic_load_explicit(set, memory_order_acquire) & bit;
}

uint32_t uapi_lease_filter_crtcs(const struct uapi_file *file, uint32_t crtcs)
{
	uint32_t filtered = 0;
	unsigned at = 0;

	if (!file->lease)
		return crtcs;
	uint64_t held = atomic_load_explicit(&file->lease->crtcs, memory_order_acquire);
	for (unsigned i = 0; i < KMS_MAX_CRTCS; i++) {
		if (!(held >> i & 1))
			continue;
		filtered |= (crtcs >> i & 1) << at;
		at++;
	}
	return filtered;
}

struct kms_crtc *uapi_lease_crtc(const struct uapi_file *file, unsigned index)
{
	struct kms_device *kms = file->dev->kms;

	for (unsigned i = 0; i < kms->crtc_count; i++) {
		if (uapi_lease_holds(file, &kms->crtcs[i].base) && index-- == 0)
			return &kms->crtcs[i];
	}
	return NULL;
}

struct kms_object *uapi_object_lookup(const struct uapi_file *file, uint32_t id, uint32_t type)
{
	struct kms_object *obj = kms_object_lookup(file->dev->kms, id, type);

	if (!obj || uapi_lease_holds(file, obj))
		return obj;
	gem_debug("lease", "refused: object %u is not in lease %u", id, file->master->lessee_id);
	kms_object_put(obj);
	return NULL;
}

int uapi_lease_check_value(const struct uapi_file *file, uint32_t property_id, uint64_t value)
{
	const struct kms_standard_props *props = &file->dev->kms->props;

	if (!file->lease || value == 0 || value > UINT32_MAX ||
	    (property_id != props->plane_crtc_id->base.id &&
	     property_id != props->connector_crtc_id->base.id))
		return 0;
	struct kms_object *crtc = kms_object_lookup(file->dev->kms, (uint32_t)value,
		DRM_MODE_OBJECT_CRTC);
	return crtc && !uapi_lease_holds(file, crtc) ? -EACCES : 0;
}

static void empty(struct uapi_lease *lease)
{
	atomic_store(&lease->crtcs, 0);
	atomic_store(&lease->connectors, 0);
	atomic_store(&lease->planes, 0);
}

void uapi_lease_revoke_locked(struct uapi_device *dev, struct uapi_master *master)
{
	struct uapi_master *lessee;

	empty(&master->lease);
	/* Leases of leases there are none. */
	gem_list_for_each(lessee, &master->lessees, lessee_link)
		empty(&lessee->lease);
	gem_publish_move(dev->access_changes);
}

void uapi_lease_end_locked(struct uapi_device *dev, struct uapi_master *master)
{
	struct uapi_master *lessor = master->lessor;

	gem_idr_remove(&lessor->lessee_ids, master->lessee_id);
	gem_list_del(&master->lessee_link);
	master->lessor = NULL;
	dev->lease_ended = true;
	uapi_master_put_locked(dev, lessor);
}
