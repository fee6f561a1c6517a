/* The same through the libraries that programs use: libdrm, libudev, libinput. */
#include <errno.h>
#include <fcntl.h>
#include <libinput.h>
#include <libudev.h>
#include <linux/input.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <xf86drm.h>

#include "preload_test.h"
#include "test.h"

#define CARD "/dev/dri/card0"

static void check_string(const char *got, const char *want)
{
	if (!got || strcmp(got, want))
		test_fail(__FILE__, __LINE__, "\"%s\", want \"%s\"", got ? got : "(none)", want);
}

TEST(libdrm_devices)
{
	drmDevicePtr devices[4], device;
	drmVersionPtr version;
	char *name;
	int fd;

	preload_test_begin();
	CHECK_INT(drmGetDevices2(0, devices, 4), 1);
	CHECK_INT(devices[0]->bustype, DRM_BUS_PLATFORM);
	check_string(devices[0]->businfo.platform->fullname, "testcard");
	CHECK(devices[0]->available_nodes & 1 << DRM_NODE_PRIMARY);
	check_string(devices[0]->nodes[DRM_NODE_PRIMARY], CARD);
	drmFreeDevices(devices, 1);
	fd = open(CARD, O_RDWR | O_CLOEXEC);
	CHECK_INT(drmGetNodeTypeFromFd(fd), DRM_NODE_PRIMARY);
	CHECK_INT(drmIsMaster(fd), 1);
	name = drmGetDeviceNameFromFd2(fd);
	check_string(name, CARD);
	free(name);
	CHECK_INT(drmGetDevice2(fd, 0, &device), 0);
	check_string(device->nodes[DRM_NODE_PRIMARY], CARD);
	drmFreeDevice(&device);
	version = drmGetVersion(fd);
	CHECK(version);
	check_string(version->name, "testcard");
	drmFreeVersion(version);
	close(fd);
	preload_test_end();
}

TEST(udev_enumerate_drm)
{
	struct udev *udev;
	struct udev_enumerate *enumerate;
	struct udev_list_entry *entry;
	struct udev_device *device;
	int cards = 0;

	preload_test_begin();
	udev = udev_new();
	enumerate = udev_enumerate_new(udev);
	udev_enumerate_add_match_subsystem(enumerate, "drm");
	udev_enumerate_add_match_sysname(enumerate, "card[0-9]*");
	CHECK(udev_enumerate_scan_devices(enumerate) >= 0);
	udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate)) {
		device = udev_device_new_from_syspath(udev, udev_list_entry_get_name(entry));
		CHECK(device);
		if (udev_device_get_devnode(device)) {
			check_string(udev_device_get_devnode(device), CARD);
			check_string(udev_device_get_devtype(device), "drm_minor");
			CHECK_INT(udev_device_get_devnum(device), makedev(226, 0));
			CHECK(udev_device_get_is_initialized(device));
			check_string(udev_device_get_property_value(device, "ID_PATH"),
				"platform-testcard");
			CHECK(udev_device_has_tag(device, "master-of-seat"));
			check_string(udev_device_get_sysname(udev_device_get_parent_with_subsystem_devtype(
				device, "platform", NULL)), "testcard");
			cards++;
		} else {
			bool writeback = strstr(udev_device_get_sysname(device), "Writeback");

			check_string(udev_device_get_sysname(device),
				writeback ? "card0-Writeback-1" : "card0-Virtual-1");
			check_string(udev_device_get_sysattr_value(device, "status"),
				writeback ? "unknown" : "connected");
		}
		udev_device_unref(device);
	}
	CHECK_INT(cards, 1);
	udev_enumerate_unref(enumerate);
	device = udev_device_new_from_devnum(udev, 'c', makedev(13, 64));
	CHECK(device);
	check_string(udev_device_get_property_value(device, "ID_INPUT_KEYBOARD"), "1");
	check_string(udev_device_get_sysattr_value(udev_device_get_parent(device), "name"),
		"Testcard Keyboard");
	udev_device_unref(device);
	udev_unref(udev);
	preload_test_end();
}

TEST(udev_enumerate_by_tag)
{
	struct udev *udev;
	struct udev_enumerate *enumerate;

	preload_test_begin();
	udev = udev_new();
	enumerate = udev_enumerate_new(udev);
	udev_enumerate_add_match_tag(enumerate, "master-of-seat");
	CHECK(udev_enumerate_scan_devices(enumerate) >= 0);
	check_string(udev_list_entry_get_name(udev_enumerate_get_list_entry(enumerate)),
		"/sys/devices/platform/testcard/drm/card0");
	udev_enumerate_unref(enumerate);
	udev_unref(udev);
	preload_test_end();
}

static struct udev_monitor *start_monitor(struct udev *udev, const char *subsystem,
	const char *devtype)
{
	struct udev_monitor *monitor = udev_monitor_new_from_netlink(udev, "udev");

	CHECK(monitor);
	CHECK(udev_monitor_filter_add_match_subsystem_devtype(monitor, subsystem, devtype) >= 0);
	CHECK(udev_monitor_enable_receiving(monitor) >= 0);
	return monitor;
}

static int readable(struct udev_monitor *monitor, int ms)
{
	struct pollfd poll_fd = {.fd = udev_monitor_get_fd(monitor), .events = POLLIN};

	return poll(&poll_fd, 1, ms);
}

TEST(udev_monitor_hotplug)
{
	struct udev *udev;
	struct udev_monitor *drm, *card, *input;
	struct udev_device *device;

	preload_test_begin();
	udev = udev_new();
	drm = start_monitor(udev, "drm", NULL);
	card = start_monitor(udev, "drm", "drm_minor");
	input = start_monitor(udev, "input", NULL);
	preload_test_hotplug();
	CHECK_INT(readable(drm, 2000), 1);
	CHECK_INT(readable(card, 2000), 1);
	CHECK_INT(readable(input, 100), 0);
	device = udev_monitor_receive_device(drm);
	CHECK(device);
	check_string(udev_device_get_action(device), "change");
	check_string(udev_device_get_property_value(device, "HOTPLUG"), "1");
	CHECK(atoi(udev_device_get_property_value(device, "CONNECTOR")) > 0);
	CHECK_INT(udev_device_get_devnum(device), makedev(226, 0));
	check_string(udev_device_get_syspath(device), "/sys/devices/platform/testcard/drm/card0");
	udev_device_unref(device);
	CHECK_INT(readable(drm, 0), 0);
	udev_monitor_unref(drm);
	udev_monitor_unref(card);
	udev_monitor_unref(input);
	udev_unref(udev);
	preload_test_end();
}

static int open_restricted(const char *path, int flags, void *data)
{
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void close_restricted(int fd, void *data)
{
	close(fd);
}

static const struct libinput_interface interface = {
	.open_restricted = open_restricted,
	.close_restricted = close_restricted,
};

/* The next event of that type; NULL after two seconds. */
static struct libinput_event *next_event(struct libinput *libinput, enum libinput_event_type type)
{
	struct pollfd poll_fd = {.fd = libinput_get_fd(libinput), .events = POLLIN};

	for (int tries = 0; tries < 20; tries++) {
		struct libinput_event *event;

		poll(&poll_fd, 1, 100);
		libinput_dispatch(libinput);
		while ((event = libinput_get_event(libinput))) {
			if (libinput_event_get_type(event) == type)
				return event;
			libinput_event_destroy(event);
		}
	}
	return NULL;
}

TEST(libinput_key)
{
	struct udev *udev;
	struct libinput *libinput;
	struct libinput_event *event;
	int keyboards = 0, pointers = 0;

	preload_test_begin();
	udev = udev_new();
	libinput = libinput_udev_create_context(&interface, NULL, udev);
	CHECK_INT(libinput_udev_assign_seat(libinput, "seat0"), 0);
	libinput_dispatch(libinput);
	for (int i = 0; i < 3; i++) {
		struct libinput_device *device;

		event = next_event(libinput, LIBINPUT_EVENT_DEVICE_ADDED);
		CHECK(event);
		device = libinput_event_get_device(event);
		keyboards += libinput_device_has_capability(device, LIBINPUT_DEVICE_CAP_KEYBOARD);
		pointers += libinput_device_has_capability(device, LIBINPUT_DEVICE_CAP_POINTER);
		libinput_event_destroy(event);
	}
	CHECK_INT(keyboards, 1);
	CHECK_INT(pointers, 2);
	preload_test_key(KEY_Z, 1);
	event = next_event(libinput, LIBINPUT_EVENT_KEYBOARD_KEY);
	CHECK(event);
	CHECK_INT(libinput_event_keyboard_get_key(libinput_event_get_keyboard_event(event)), KEY_Z);
	CHECK_INT(libinput_event_keyboard_get_key_state(libinput_event_get_keyboard_event(event)),
		LIBINPUT_KEY_STATE_PRESSED);
	libinput_event_destroy(event);
	preload_test_key(KEY_Z, 0);
	event = next_event(libinput, LIBINPUT_EVENT_KEYBOARD_KEY);
	CHECK(event);
	libinput_device_led_update(libinput_event_get_device(event), LIBINPUT_LED_CAPS_LOCK);
	libinput_event_destroy(event);
	libinput_unref(libinput);
	udev_unref(udev);
	preload_test_end();
}
