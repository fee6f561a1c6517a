/* Devices of the session, by libseat: opened, paused, resumed, closed. */
#include <errno.h>
#include <libudev.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "logind.h"

enum { SEAT_MILLISECONDS = 2000 }; /* an unused seat answers at once */

static void seat_enabled(struct libseat *seat, void *data)
{
	logind_control_activated(data);
}

static void seat_disabled(struct libseat *seat, void *data)
{
	logind_control_deactivated(data);
	libseat_disable_seat(seat);
}

static int dispatch(struct logind *logind)
{
	if (logind->gone || libseat_dispatch(logind->seat, 0) >= 0)
		return 0;
	fprintf(stderr, "testcard-logind: the seat is gone: %m\n");
	logind->gone = true;
	logind_control_deactivated(logind);
	return -EPIPE; /* not asked again */
}

static int seat_spoke(sd_event_source *source, int fd, uint32_t events, void *data)
{
	return dispatch(data);
}

/*
 * After whatever happened. libseat reads what there is when it waits for an answer: news that came
 * right behind that are not to be seen at the socket any more.
 */
static int look_again(sd_event_source *source, void *data)
{
	return dispatch(data);
}

int logind_device_open_seat(struct logind *logind)
{
	static const struct libseat_seat_listener listener = {
		.enable_seat = seat_enabled,
		.disable_seat = seat_disabled,
	};

	libseat_set_log_level(LIBSEAT_LOG_LEVEL_ERROR);
	logind->seat = libseat_open_seat(&listener, logind);
	if (!logind->seat)
		return errno ? -errno : -ENXIO;
	/* Somebody else may have it: then the session begins paused. */
	if (libseat_dispatch(logind->seat, SEAT_MILLISECONDS) < 0)
		return -errno;
	int ret = sd_event_add_io(logind->event, NULL, libseat_get_fd(logind->seat), EPOLLIN,
		seat_spoke, logind);
	if (ret >= 0)
		ret = sd_event_add_post(logind->event, NULL, look_again, logind);
	return ret < 0 ? ret : 0;
}

void logind_device_close_seat(struct logind *logind)
{
	if (logind->seat)
		libseat_close_seat(logind->seat);
	logind->seat = NULL;
}

/* As logind: nothing but graphics and input is handed out. */
static int find_node(dev_t number, char path[PATH_MAX], bool *drm)
{
	struct udev *udev = udev_new();
	struct udev_device *device = udev ? udev_device_new_from_devnum(udev, 'c', number) : NULL;
	const char *subsystem = device ? udev_device_get_subsystem(device) : NULL;
	const char *node = device ? udev_device_get_devnode(device) : NULL;
	int ret = -ENODEV;

	if (subsystem && node && (!strcmp(subsystem, "drm") || !strcmp(subsystem, "input"))) {
		*drm = !strcmp(subsystem, "drm");
		snprintf(path, PATH_MAX, "%s", node);
		ret = 0;
	}
	udev_device_unref(device);
	udev_unref(udev);
	return ret;
}

static int open_device(struct logind *logind, struct logind_device *device)
{
	device->id = libseat_open_device(logind->seat, device->path, &device->fd);
	if (device->id >= 0)
		return 0;
	device->fd = -1;
	return -errno;
}

static void close_device(struct logind *logind, struct logind_device *device)
{
	if (device->fd < 0)
		return;
	/* The controller may keep its copy: it is worth nothing from now on. */
	libseat_close_device(logind->seat, device->id);
	close(device->fd);
	device->fd = -1;
}

struct logind_device *logind_device_find(struct logind *logind, dev_t number)
{
	for (unsigned i = 0; i < logind->device_count; i++)
		if (logind->devices[i].number == number)
			return &logind->devices[i];
	return NULL;
}

int logind_device_take(struct logind *logind, dev_t number, struct logind_device **out)
{
	struct logind_device *device = &logind->devices[logind->device_count];
	int ret;

	if (logind_device_find(logind, number))
		return -EBUSY;
	if (logind->device_count == LOGIND_DEVICES_MAX)
		return -ENFILE;
	if (!logind->active)
		return -EPERM;
	*device = (struct logind_device) {.number = number, .fd = -1};
	ret = find_node(number, device->path, &device->drm);
	if (ret == 0)
		ret = open_device(logind, device);
	if (ret)
		return ret;
	logind->device_count++;
	*out = device;
	return 0;
}

void logind_device_release(struct logind *logind, struct logind_device *device)
{
	close_device(logind, device);
	*device = logind->devices[--logind->device_count];
}

void logind_device_pause(struct logind *logind, struct logind_device *device)
{
	if (!device->drm)
		close_device(logind, device);
}

void logind_device_resume(struct logind *logind, struct logind_device *device)
{
	if (!device->drm && device->fd < 0 && open_device(logind, device))
		fprintf(stderr, "testcard-logind: %s: %m\n", device->path);
}
