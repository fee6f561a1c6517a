/*
 * Who is master and who is authenticated (kernel: drm_auth.c). The first file
 * on the primary node is master; root's files are authenticated from the start.
 */
#include <errno.h>
#include <stdlib.h>

#include "uapi_file.h"
#include "uapi_handlers.h"
#include "uapi_lease.h"

struct uapi_master *uapi_master_create(void)
{
	struct uapi_master *master = calloc(1, sizeof(*master));

	if (!master)
		return NULL;
	master->refcount = 1;
	gem_idr_init(&master->magics, 1);
	gem_idr_init(&master->lessee_ids, 1);
	gem_list_init(&master->lessees);
	gem_list_init(&master->lessee_link);
	return master;
}

void uapi_master_free(struct uapi_master *master)
{
	gem_idr_finish(&master->magics);
	gem_idr_finish(&master->lessee_ids);
	free(master);
}

struct uapi_master *uapi_master_get_locked(struct uapi_master *master)
{
	master->refcount++;
	return master;
}

void uapi_master_put_locked(struct uapi_device *dev, struct uapi_master *master)
{
	if (--master->refcount > 0)
		return;
	if (master->lessor)
		uapi_lease_end_locked(dev, master);
	uapi_master_free(master);
}

void uapi_master_unlock(struct uapi_device *dev)
{
	void (*tell)(struct uapi_device *, void *) = dev->lease_ended ? dev->on_lease_end : NULL;
	void *data = dev->on_lease_end_data;

	dev->lease_ended = false;
	pthread_mutex_unlock(&dev->master_lock);
	if (tell)
		tell(dev, data);
}

/* A lessee is master while its lessor is. */
static bool is_current_locked(const struct uapi_file *file)
{
	const struct uapi_master *master = file->master;

	if (!file->is_master)
		return false;
	return (master->lessor ? master->lessor : master) == file->dev->master;
}

bool uapi_file_is_master(struct uapi_file *file)
{
	pthread_mutex_lock(&file->dev->master_lock);
	bool current = is_current_locked(file);
	pthread_mutex_unlock(&file->dev->master_lock);
	return current;
}

static void make_current_locked(struct uapi_file *file)
{
	file->dev->master = uapi_master_get_locked(file->master);
	file->was_master = true;
}

static void drop_current_locked(struct uapi_device *dev)
{
	struct uapi_master *old = dev->master;

	dev->master = NULL;
	uapi_master_put_locked(dev, old);
}

void uapi_master_drop(struct uapi_device *dev)
{
	pthread_mutex_lock(&dev->master_lock);
	if (dev->master)
		drop_current_locked(dev);
	uapi_master_unlock(dev);
}

static void forget_magic_locked(struct uapi_file *file)
{
	if (file->magic)
		gem_idr_remove(&file->master->magics, file->magic);
	file->magic = 0;
}

/* A master of file's own, current from now on. There is no other. */
static int new_current_locked(struct uapi_file *file)
{
	struct uapi_master *master = uapi_master_create();

	if (!master)
		return -ENOMEM;
	if (file->master) {
		forget_magic_locked(file);
		uapi_master_put_locked(file->dev, file->master);
	}
	file->master = master;
	file->is_master = true;
	file->authenticated = true;
	make_current_locked(file);
	return 0;
}

int uapi_master_open(struct uapi_file *file)
{
	struct uapi_device *dev = file->dev;
	int ret = 0;

	pthread_mutex_lock(&dev->master_lock);
	if (dev->master)
		file->master = uapi_master_get_locked(dev->master);
	else
		ret = new_current_locked(file);
	pthread_mutex_unlock(&dev->master_lock);
	return ret;
}

void uapi_master_leave_locked(struct uapi_file *file)
{
	struct uapi_device *dev = file->dev;

	forget_magic_locked(file);
	if (dev->master == file->master && file->is_master)
		drop_current_locked(dev);
	/* What a master leased out ends with it. */
	if (file->is_master)
		uapi_lease_revoke_locked(dev, file->master);
	uapi_master_put_locked(dev, file->master);
	file->master = NULL;
	file->is_master = false;
}

void uapi_master_release(struct uapi_file *file)
{
	pthread_mutex_lock(&file->dev->master_lock);
	if (file->master)
		uapi_master_leave_locked(file);
	uapi_master_unlock(file->dev);
}

int uapi_get_magic(struct uapi_call *call, void *data)
{
	struct uapi_file *file = call->file;
	struct drm_auth *auth = data;
	int ret = 0;

	pthread_mutex_lock(&file->dev->master_lock);
	if (!file->magic)
		ret = gem_idr_alloc(&file->master->magics, file, &file->magic);
	auth->magic = file->magic;
	pthread_mutex_unlock(&file->dev->master_lock);
	return ret;
}

int uapi_auth_magic(struct uapi_call *call, void *data)
{
	struct uapi_file *file = call->file;
	struct drm_auth *auth = data;

	/* The magic of a file that was just closed is no longer good. */
	vfs_reap(file->base.vfs);
	pthread_mutex_lock(&file->dev->master_lock);
	struct uapi_file *other = gem_idr_find(&file->master->magics, auth->magic);
	if (other) {
		other->authenticated = true;
		/* Used up, but not to be handed out again while its file lives. */
		gem_idr_replace(&file->master->magics, auth->magic, NULL);
	}
	pthread_mutex_unlock(&file->dev->master_lock);
	return other ? 0 : -EINVAL;
}

/* The process that opened the file and once was master may; others need root. */
static int check_switch_locked(const struct uapi_file *file, const struct vfs_caller *caller)
{
	if (file->was_master && file->base.pid == caller->pid)
		return 0;
	return caller->uid == 0 ? 0 : -EACCES;
}

static int set_master_locked(struct uapi_file *file, const struct vfs_caller *caller)
{
	int ret = check_switch_locked(file, caller);

	if (ret || is_current_locked(file))
		return ret;
	if (file->dev->master)
		return -EBUSY;
	if (file->lease)
		return -EINVAL;
	if (!file->is_master)
		return new_current_locked(file);
	make_current_locked(file);
	return 0;
}

int uapi_set_master(struct uapi_call *call, void *data)
{
	struct uapi_file *file = call->file;

	/* A master whose last descriptor was closed is master no more. */
	vfs_reap(file->base.vfs);
	pthread_mutex_lock(&file->dev->master_lock);
	int ret = set_master_locked(file, call->caller);
	pthread_mutex_unlock(&file->dev->master_lock);
	return ret;
}

int uapi_drop_master(struct uapi_call *call, void *data)
{
	struct uapi_file *file = call->file;

	pthread_mutex_lock(&file->dev->master_lock);
	int ret = check_switch_locked(file, call->caller);
	if (ret == 0 && (!is_current_locked(file) || file->lease))
		ret = -EINVAL;
	if (ret == 0)
		drop_current_locked(file->dev);
	pthread_mutex_unlock(&file->dev->master_lock);
	return ret;
}
