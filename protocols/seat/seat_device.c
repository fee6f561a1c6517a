/* A session's device files. */
#include <drm.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "seat_private.h"

/* The seat acts as root does, in its own process. */
static void init_caller(struct vfs_caller *caller)
{
	vfs_caller_init_self(caller);
	caller->uid = 0;
	caller->gid = 0;
}

static long request(struct seat_device *device, unsigned int number)
{
	struct vfs_caller caller;

	init_caller(&caller);
	return device->file->ops->ioctl(device->file, number, 0, &caller);
}

void seat_device_pause(struct seat_device *device)
{
	if (device->paused)
		return;
	device->paused = true;
	/* -EINVAL: it was not master, or is a render node. -ENODEV: revoked or unplugged. */
	request(device, device->kind == SEAT_CARD ? DRM_IOCTL_DROP_MASTER : EVIOCREVOKE);
}

void seat_device_resume(struct seat_device *device)
{
	/* Input files stay revoked: their holder opens them anew. */
	if (!device->paused || device->kind != SEAT_CARD)
		return;
	long ret = request(device, DRM_IOCTL_SET_MASTER);
	if (ret == -EBUSY)
		gem_warn("seat", "%s: somebody else is master", device->path);
	device->paused = false;
}

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool kind_of(const char *path, enum seat_kind *kind)
{
	*kind = has_prefix(path, "/dev/dri/") ? SEAT_CARD : SEAT_INPUT;
	return *kind == SEAT_CARD || has_prefix(path, "/dev/input/");
}

/* A file with its holder's end, which is ours; a card's is master if that can be. */
static int open_file(struct seat *seat, struct seat_device *device)
{
	struct vfs_caller caller;

	init_caller(&caller);
	int ret = vfs_open(seat->vfs, device->path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK,
		&caller, &device->fd);
	if (ret)
		return ret == -ENXIO ? -ENOENT : ret;
	ret = vfs_file_from_fd(seat->vfs, device->fd, &device->file);
	if (ret) {
		close(device->fd);
		return ret;
	}
	if (device->kind == SEAT_CARD)
		request(device, DRM_IOCTL_SET_MASTER);
	return 0;
}

static int new_device(struct seat_session *session, const char *path, struct seat_device **out)
{
	struct seat_device *device = calloc(1, sizeof(*device)), *other;
	int ret;

	if (!device)
		return -ENOMEM;
	device->id = 1;
	device->users = 1;
	gem_list_for_each(other, &session->devices, link) {
		if (other->id >= device->id)
			device->id = other->id + 1;
	}
	ret = -ENOENT;
	if (!kind_of(path, &device->kind) || strlen(path) >= sizeof(device->path))
		goto free_device;
	strcpy(device->path, path);
	ret = open_file(session->seat, device);
	if (ret)
		goto free_device;
	gem_list_add_tail(&session->devices, &device->link);
	session->device_count++;
	*out = device;
	return 0;

free_device:
	free(device);
	return ret;
}

static int open_locked(struct seat_session *session, const char *path, int *id, int *fd)
{
	struct seat_device *device, *found = NULL;
	int ret = 0;

	if (session->state != SEAT_ACTIVE)
		return -EPERM;
	/* Not one that was revoked: its holder wants a new one. */
	gem_list_for_each(device, &session->devices, link) {
		if (strcmp(device->path, path) == 0 && !device->paused)
			found = device;
	}
	if (found)
		found->users++;
	else if (session->device_count >= SEAT_DEVICES_MAX)
		ret = -EMFILE;
	else
		ret = new_device(session, path, &found);
	if (ret)
		return ret;
	*id = found->id;
	*fd = found->fd;
	return 0;
}

int seat_device_open(struct seat_session *session, const char *path, int *id, int *fd)
{
	pthread_mutex_lock(&session->seat->lock);
	int ret = open_locked(session, path, id, fd);
	pthread_mutex_unlock(&session->seat->lock);
	return ret;
}

void seat_device_end_locked(struct seat_session *session, struct seat_device *device)
{
	seat_device_pause(device);
	gem_list_del(&device->link);
	session->device_count--;
	close(device->fd);
	vfs_file_put(device->file);
	free(device);
}

int seat_device_close(struct seat_session *session, int id)
{
	struct seat_device *device, *found = NULL;

	pthread_mutex_lock(&session->seat->lock);
	gem_list_for_each(device, &session->devices, link) {
		if (device->id == id)
			found = device;
	}
	if (found && --found->users == 0)
		seat_device_end_locked(session, found);
	pthread_mutex_unlock(&session->seat->lock);
	return found ? 0 : -ENOENT;
}
