/* Making leases and looking at them (kernel: drm_lease.c). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "uapi_file.h"
#include "uapi_handlers.h"
#include "uapi_lease.h"

/* More than there are objects to lease: a longer list repeats some. */
#define MAX_OBJECTS 4096u

/* What a lease shall have: bits by index. */
struct lease_set {
	uint64_t crtcs, connectors, planes;
};

/* ---- CREATE_LEASE ---- */

static int add_bit(uint64_t *set, unsigned index)
{
	uint64_t bit = 1ull << index;

	if (*set & bit)
		return -ENOSPC; /* twice: what the kernel's id table says of it */
	*set |= bit;
	return 0;
}

/* Who does not know of primary and cursor planes leases them with the crtc. */
static int add_crtc(struct lease_set *set, const struct kms_crtc *crtc, bool universal)
{
	int ret = add_bit(&set->crtcs, crtc->index);

	if (ret == 0 && !universal)
		ret = add_bit(&set->planes, crtc->primary->index);
	if (ret == 0 && !universal && crtc->cursor)
		ret = add_bit(&set->planes, crtc->cursor->index);
	return ret;
}

static int add_object(struct lease_set *set, struct kms_object *obj, bool universal)
{
	switch (obj->type) {
	case DRM_MODE_OBJECT_CRTC:
		return add_crtc(set, gem_container_of(obj, struct kms_crtc, base), universal);
	case DRM_MODE_OBJECT_CONNECTOR:
		return add_bit(&set->connectors,
			gem_container_of(obj, struct kms_connector, base)->index);
	default:
		return add_bit(&set->planes, gem_container_of(obj, struct kms_plane, base)->index);
	}
}

static bool leasable(uint32_t type)
{
	return type == DRM_MODE_OBJECT_CRTC || type == DRM_MODE_OBJECT_CONNECTOR ||
		type == DRM_MODE_OBJECT_PLANE;
}

/* All are there, and of kinds that make a screen together. */
static int find_objects(struct kms_device *kms, const uint32_t *ids, uint32_t count,
	bool universal, struct kms_object **objects)
{
	bool crtc = false, connector = false, plane = !universal;

	for (uint32_t i = 0; i < count; i++) {
		struct kms_object *obj = kms_object_lookup(kms, ids[i], DRM_MODE_OBJECT_ANY);

		if (!obj)
			return -ENOENT;
		uint32_t type = obj->type;
		/* What can be leased lives as long as the device. */
		kms_object_put(obj);
		if (!leasable(type))
			return -EINVAL;
		objects[i] = obj;
		crtc |= type == DRM_MODE_OBJECT_CRTC;
		connector |= type == DRM_MODE_OBJECT_CONNECTOR;
		plane |= type == DRM_MODE_OBJECT_PLANE;
	}
	return crtc && connector && plane ? 0 : -EINVAL;
}

static int collect_objects(struct uapi_call *call, const uint32_t *ids, uint32_t count,
	struct lease_set *set)
{
	struct kms_device *kms = call->file->dev->kms;
	struct kms_object **objects = malloc(count * sizeof(*objects));

	if (!objects)
		return -ENOMEM;
	pthread_mutex_lock(&kms->lock);
	bool universal = call->file->kms.universal_planes;
	pthread_mutex_unlock(&kms->lock);
	int ret = find_objects(kms, ids, count, universal, objects);
	for (uint32_t i = 0; i < count && ret == 0; i++)
		ret = add_object(set, objects[i], universal);
	free(objects);
	return ret;
}

static int copy_objects(struct uapi_call *call, const struct drm_mode_create_lease *req,
	struct lease_set *set)
{
	size_t size = (size_t)req->object_count * sizeof(uint32_t);

	/* A lease of nothing is one, too: something to be told by when the lessee is gone. */
	if (req->object_count == 0)
		return 0;
	if (req->object_count > MAX_OBJECTS)
		return -ENOMEM;
	uint32_t *ids = malloc(size);
	if (!ids)
		return -ENOMEM;
	int ret = vfs_copy_from(call->caller, ids, req->object_ids, size) ? -EFAULT :
		collect_objects(call, ids, req->object_count, set);
	free(ids);
	return ret;
}

static bool is_leased_locked(const struct uapi_master *lessor, const struct lease_set *set)
{
	struct uapi_master *lessee;

	gem_list_for_each(lessee, &lessor->lessees, lessee_link) {
		if (atomic_load(&lessee->lease.crtcs) & set->crtcs ||
		    atomic_load(&lessee->lease.connectors) & set->connectors ||
		    atomic_load(&lessee->lease.planes) & set->planes)
			return true;
	}
	return false;
}

static int create_lessee_locked(struct uapi_master *lessor, const struct lease_set *set,
	struct uapi_master **out)
{
	struct uapi_master *lessee;

	if (is_leased_locked(lessor, set))
		return -EBUSY;
	lessee = uapi_master_create();
	if (!lessee)
		return -ENOMEM;
	int ret = gem_idr_alloc(&lessor->lessee_ids, lessee, &lessee->lessee_id);
	if (ret) {
		uapi_master_free(lessee);
		return ret;
	}
	atomic_store(&lessee->lease.crtcs, set->crtcs);
	atomic_store(&lessee->lease.connectors, set->connectors);
	atomic_store(&lessee->lease.planes, set->planes);
	lessee->lessor = uapi_master_get_locked(lessor);
	gem_list_add_tail(&lessor->lessees, &lessee->lessee_link);
	*out = lessee;
	return 0;
}

/* A new file of the lessor's node. Its flags are the lessor's, but for what a descriptor has. */
static int open_file(struct uapi_call *call, struct uapi_file **out, int *fd)
{
	struct uapi_file *lessor = call->file;
	struct vfs_file *base;

	int ret = vfs_open_again(&lessor->base, lessor->base.flags | O_CLOEXEC, call->caller, fd);
	if (ret)
		return ret;
	ret = vfs_file_from_fd(lessor->base.vfs, *fd, &base);
	if (ret) {
		close(*fd);
		return ret;
	}
	*out = gem_container_of(base, struct uapi_file, base);
	return 0;
}

/* Nobody holds file yet. Takes over lessee's reference. */
static void give_lease_locked(struct uapi_file *file, struct uapi_master *lessee)
{
	uapi_master_leave_locked(file);
	file->master = lessee;
	file->lease = &lessee->lease;
	file->is_master = true;
	file->authenticated = true;
}

/* *fd is the server's own; *lessee_id the lease's. */
static int create_lease(struct uapi_call *call, const struct lease_set *set, int *fd,
	uint32_t *lessee_id)
{
	struct uapi_device *dev = call->file->dev;
	struct uapi_master *lessee;
	struct uapi_file *file;

	/* What a lessee had whose last descriptor was closed is free again. */
	vfs_reap(call->file->base.vfs);
	pthread_mutex_lock(&dev->master_lock);
	int ret = create_lessee_locked(call->file->master, set, &lessee);
	*lessee_id = ret ? 0 : lessee->lessee_id;
	pthread_mutex_unlock(&dev->master_lock);
	if (ret)
		return ret;
	ret = open_file(call, &file, fd);
	pthread_mutex_lock(&dev->master_lock);
	if (ret)
		uapi_master_put_locked(dev, lessee);
	else
		give_lease_locked(file, lessee);
	uapi_master_unlock(dev);
	if (ret == 0)
		vfs_file_put(&file->base);
	return ret;
}

int uapi_mode_create_lease(struct uapi_call *call, void *data)
{
	struct drm_mode_create_lease *req = data;
	struct lease_set set = {0};
	uint32_t lessee_id;
	int fd;

	if (req->flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	if (call->file->lease)
		return -EINVAL;
	int ret = copy_objects(call, req, &set);
	if (ret == 0)
		ret = create_lease(call, &set, &fd, &lessee_id);
	if (ret)
		return ret;
	ret = call->caller->ops->install_fd(call->caller, fd, req->flags & O_CLOEXEC);
	if (ret < 0)
		return ret;
	req->fd = (uint32_t)ret;
	req->lessee_id = lessee_id;
	return 0;
}

/* ---- looking at leases ---- */

/* As many ids as fit into the caller's *room; *room becomes how many there are. */
static int copy_ids(struct uapi_call *call, uint64_t to, uint32_t *room, const uint32_t *ids,
	uint32_t count)
{
	uint32_t fit = *room < count ? *room : count;

	if (vfs_copy_to(call->caller, to, ids, (size_t)fit * sizeof(ids[0])))
		return -EFAULT;
	*room = count;
	return 0;
}

/* A revoked lease, or one of nothing. */
static bool is_empty(const struct uapi_lease *lease)
{
	return !(atomic_load(&lease->crtcs) | atomic_load(&lease->connectors) |
		atomic_load(&lease->planes));
}

int uapi_mode_list_lessees(struct uapi_call *call, void *data)
{
	struct drm_mode_list_lessees *req = data;
	struct uapi_device *dev = call->file->dev;
	struct uapi_master *lessor, *lessee;
	uint32_t count = 0;

	if (req->pad)
		return -EINVAL;
	pthread_mutex_lock(&dev->master_lock);
	lessor = call->file->master;
	uint32_t *ids = malloc(lessor->lessee_ids.count * sizeof(*ids) + 1);
	gem_list_for_each(lessee, &lessor->lessees, lessee_link) {
		if (ids && !is_empty(&lessee->lease))
			ids[count++] = lessee->lessee_id;
	}
	pthread_mutex_unlock(&dev->master_lock);
	if (!ids)
		return -ENOMEM;
	int ret = copy_ids(call, req->lessees_ptr, &req->count_lessees, ids, count);
	free(ids);
	return ret;
}

/* Ids of every object of the device that file has, ascending; malloc'd. */
static uint32_t *collect_ids(const struct uapi_file *file, uint32_t *count)
{
	struct kms_device *kms = file->dev->kms;
	struct kms_object *obj;
	uint32_t id = 0;

	*count = 0;
	pthread_mutex_lock(&kms->object_lock);
	uint32_t *ids = malloc(kms->objects.count * sizeof(*ids) + 1);
	while (ids && (obj = gem_idr_next(&kms->objects, &id))) {
		if (!file->lease || (leasable(obj->type) && uapi_lease_holds(file, obj)))
			ids[(*count)++] = id;
		id++;
	}
	pthread_mutex_unlock(&kms->object_lock);
	return ids;
}

int uapi_mode_get_lease(struct uapi_call *call, void *data)
{
	struct drm_mode_get_lease *req = data;
	uint32_t count;

	if (req->pad)
		return -EINVAL;
	uint32_t *ids = collect_ids(call->file, &count);
	if (!ids)
		return -ENOMEM;
	int ret = copy_ids(call, req->objects_ptr, &req->count_objects, ids, count);
	free(ids);
	return ret;
}

int uapi_mode_revoke_lease(struct uapi_call *call, void *data)
{
	const struct drm_mode_revoke_lease *req = data;
	struct uapi_device *dev = call->file->dev;
	int ret = 0;

	/* A lessee whose last descriptor was closed is none any more. */
	vfs_reap(call->file->base.vfs);
	pthread_mutex_lock(&dev->master_lock);
	struct uapi_master *master = call->file->master;
	struct uapi_master *owner = master->lessor ? master->lessor : master;
	struct uapi_master *lessee = gem_idr_find(&owner->lessee_ids, req->lessee_id);
	if (!lessee)
		ret = -ENOENT;
	else if (lessee->lessor != master)
		ret = -EACCES;
	else
		uapi_lease_revoke_locked(dev, lessee);
	pthread_mutex_unlock(&dev->master_lock);
	return ret;
}
