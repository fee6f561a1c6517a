/*
 * Leases on the default device, as a compositor and a program that has its screen
 * make and use them: through libdrm, with a framebuffer and events of the lessee's,
 * and the uevent when it closes. One source, run in process (preload_self.c) and in
 * another process (preload_client.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include "preload_test.h"
#include "test.h"

enum { WIDTH = 1024, HEIGHT = 768 };

static int lessor;
static uint32_t objects[4]; /* connector, crtc, primary plane; and one more plane */

static void begin(void)
{
	preload_test_begin();
	lessor = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	CHECK(lessor >= 0);
	CHECK_INT(drmSetClientCap(lessor, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1), 0);
	drmModeRes *res = drmModeGetResources(lessor);
	CHECK(res && res->count_crtcs == 1 && res->count_connectors == 1);
	drmModePlaneRes *planes = drmModeGetPlaneResources(lessor);
	CHECK(planes && planes->count_planes > 1);
	objects[0] = res->connectors[0];
	objects[1] = res->crtcs[0];
	objects[2] = planes->planes[0];
	objects[3] = planes->planes[1];
	drmModeFreePlaneResources(planes);
	drmModeFreeResources(res);
}

static void end(void)
{
	close(lessor);
	preload_test_end();
}

static uint32_t make_framebuffer(int fd)
{
	struct drm_mode_create_dumb dumb = {.width = WIDTH, .height = HEIGHT, .bpp = 32};
	uint32_t id;

	CHECK_INT(drmIoctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	CHECK_INT(drmModeAddFB(fd, WIDTH, HEIGHT, 24, 32, dumb.pitch, dumb.handle, &id), 0);
	return id;
}

static void light_up(int fd, uint32_t fb)
{
	drmModeConnector *connector = drmModeGetConnector(fd, objects[0]);

	CHECK(connector && connector->count_modes > 0);
	CHECK_INT(drmModeSetCrtc(fd, objects[1], fb, 0, 0, &objects[0], 1, &connector->modes[0]),
		0);
	drmModeFreeConnector(connector);
}

static void on_flip(int fd, unsigned frame, unsigned sec, unsigned usec, void *data)
{
	(void)fd;
	(void)frame;
	(void)sec;
	(void)usec;
	*(bool *)data = true;
}

TEST(lessee_has_a_screen)
{
	drmEventContext context = {.version = 2, .page_flip_handler = on_flip};
	struct stat of_lessor, of_lessee;
	bool shown = false;
	uint32_t id;

	begin();
	int fd = drmModeCreateLease(lessor, objects, 3, O_CLOEXEC, &id);
	CHECK(fd >= 0 && id > 0);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	/* It is a file of the card's node. */
	CHECK(fstat(fd, &of_lessee) == 0 && fstat(lessor, &of_lessor) == 0);
	CHECK(S_ISCHR(of_lessee.st_mode) && of_lessee.st_rdev == of_lessor.st_rdev);
	uint32_t fb = make_framebuffer(fd);
	light_up(fd, fb);
	CHECK_INT(drmModePageFlip(fd, objects[1], fb, DRM_MODE_PAGE_FLIP_EVENT, &shown), 0);
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	CHECK_INT(poll(&polled, 1, 2000), 1);
	CHECK_INT(drmHandleEvent(fd, &context), 0);
	CHECK(shown);
	/* A plane that it has not. */
	CHECK_INT(drmModeSetPlane(fd, objects[3], objects[1], fb, 0, 0, 0, 8, 8, 0, 0, 8 << 16,
		8 << 16), -ENOENT);
	/* What the lessee shows ends with it; a close is seen at such a request, at the latest. */
	close(fd);
	CHECK_INT(drmModeRevokeLease(lessor, id), -ENOENT);
	drmModeCrtc *crtc = drmModeGetCrtc(lessor, objects[1]);
	CHECK(crtc && crtc->buffer_id == 0);
	drmModeFreeCrtc(crtc);
	end();
}

TEST(flags_of_the_descriptor)
{
	uint32_t id;

	begin();
	int fd = drmModeCreateLease(lessor, objects, 3, 0, &id);
	CHECK(fd >= 0);
	CHECK_INT(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	close(fd);
	fd = drmModeCreateLease(lessor, objects, 3, O_CLOEXEC | O_NONBLOCK, &id);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	CHECK_INT(drmModeCreateLease(lessor, objects, 3, O_APPEND, &id), -EINVAL);
	end();
}

static void check_sysfs(const char *name, const char *want)
{
	char path[64], text[32] = "";

	snprintf(path, sizeof(path), "/sys/class/drm/card0-Virtual-1/%s", name);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(file >= 0 && read(file, text, sizeof(text) - 1) > 0);
	close(file);
	if (strcmp(text, want) != 0)
		test_fail(__FILE__, __LINE__, "%s is %s", name, text);
}

/* Who opens sysfs' files sees the commit before, whoever made it. */
TEST(sysfs_follows_commits)
{
	uint32_t id, dpms = 0;

	begin();
	check_sysfs("enabled", "disabled\n");
	int fd = drmModeCreateLease(lessor, objects, 3, O_CLOEXEC, &id);
	CHECK(fd >= 0);
	light_up(fd, make_framebuffer(fd));
	check_sysfs("enabled", "enabled\n");
	check_sysfs("dpms", "On\n");
	drmModeConnector *connector = drmModeGetConnector(fd, objects[0]);
	for (int i = 0; i < connector->count_props && !dpms; i++) {
		drmModePropertyRes *prop = drmModeGetProperty(fd, connector->props[i]);

		if (strcmp(prop->name, "DPMS") == 0)
			dpms = prop->prop_id;
		drmModeFreeProperty(prop);
	}
	drmModeFreeConnector(connector);
	CHECK_INT(drmModeConnectorSetProperty(fd, objects[0], dpms, DRM_MODE_DPMS_OFF), 0);
	check_sysfs("dpms", "Off\n");
	check_sysfs("enabled", "enabled\n");
	CHECK_INT(drmModeSetCrtc(fd, objects[1], 0, 0, 0, NULL, 0, NULL), 0);
	check_sysfs("enabled", "disabled\n");
	close(fd);
	end();
}

TEST(revoked)
{
	uint32_t id;

	begin();
	int fd = drmModeCreateLease(lessor, objects, 3, O_CLOEXEC, &id);
	CHECK(fd >= 0);
	uint32_t fb = make_framebuffer(fd);
	light_up(fd, fb);
	drmModeLesseeListPtr lessees = drmModeListLessees(lessor);
	CHECK(lessees && lessees->count == 1 && lessees->lessees[0] == id);
	drmFree(lessees);
	drmModeObjectListPtr leased = drmModeGetLease(fd);
	CHECK(leased && leased->count == 3);
	for (unsigned i = 0; i < 3; i++)
		CHECK(leased->objects[i] == objects[0] || leased->objects[i] == objects[1] ||
			leased->objects[i] == objects[2]);
	drmFree(leased);
	CHECK_INT(drmModeRevokeLease(lessor, id), 0);
	lessees = drmModeListLessees(lessor);
	CHECK(lessees && lessees->count == 0);
	drmFree(lessees);
	CHECK_INT(drmModePageFlip(fd, objects[1], fb, 0, NULL), -ENOENT);
	drmModeRes *res = drmModeGetResources(fd);
	CHECK(res && res->count_crtcs == 0 && res->count_connectors == 0 && res->count_fbs == 1);
	drmModeFreeResources(res);
	/* The lessor may have its screen again while the lessee's file is open. */
	uint32_t own = make_framebuffer(lessor);
	light_up(lessor, own);
	close(fd);
	CHECK_INT(drmModeRevokeLease(lessor, id), -ENOENT);
	end();
}

TEST(uevent_when_a_lessee_is_gone)
{
	uint32_t id;

	begin();
	struct udev *udev = udev_new();
	struct udev_monitor *monitor = udev_monitor_new_from_netlink(udev, "udev");
	CHECK(udev_monitor_filter_add_match_subsystem_devtype(monitor, "drm", NULL) >= 0);
	CHECK(udev_monitor_enable_receiving(monitor) >= 0);
	int fd = drmModeCreateLease(lessor, objects, 3, O_CLOEXEC, &id);
	CHECK(fd >= 0);
	struct pollfd polled = {.fd = udev_monitor_get_fd(monitor), .events = POLLIN};
	CHECK_INT(poll(&polled, 1, 50), 0);
	close(fd);
	CHECK_INT(drmModeRevokeLease(lessor, id), -ENOENT);
	CHECK_INT(poll(&polled, 1, 2000), 1);
	struct udev_device *device = udev_monitor_receive_device(monitor);
	CHECK(device);
	CHECK(strcmp(udev_device_get_action(device), "change") == 0);
	CHECK(strcmp(udev_device_get_property_value(device, "LEASE"), "1") == 0);
	CHECK(!udev_device_get_property_value(device, "HOTPLUG"));
	CHECK_INT(udev_device_get_devnum(device), makedev(226, 0));
	udev_device_unref(device);
	udev_monitor_unref(monitor);
	udev_unref(udev);
	end();
}

/* The lease is there while anybody holds the file, and not a moment longer. */
TEST(lessee_dies)
{
	uint32_t id, other;
	int status, ends[2];
	char byte;

	begin();
	int fd = drmModeCreateLease(lessor, objects, 3, O_CLOEXEC, &id);
	CHECK(fd >= 0);
	light_up(fd, make_framebuffer(fd));
	CHECK_INT(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1));
	}
	close(fd);
	CHECK_INT(drmModeCreateLease(lessor, objects, 3, O_CLOEXEC, &other), -EBUSY);
	close(ends[0]);
	close(ends[1]);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	CHECK_INT(drmModeRevokeLease(lessor, id), -ENOENT);
	fd = drmModeCreateLease(lessor, objects, 3, O_CLOEXEC, &id);
	CHECK(fd >= 0);
	close(fd);
	end();
}
