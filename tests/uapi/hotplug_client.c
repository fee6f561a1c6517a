/*
 * What a program sees while somebody pulls plugs: monitors that come, go and change,
 * a link that fails, the whole device unplugged and put back; by control commands,
 * libdrm, sysfs and libudev's monitor. An ordinary program under "testcard exec".
 */
#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include "test.h"

enum { WIDTH = 1024, HEIGHT = 768, EDID_SIZE = 128 };

static int fd = -1;
static uint32_t connector_id, crtc_id;
static struct udev *udev;
static struct udev_monitor *monitor;

/* The library's connection to the device is made before tests count descriptors. */
__attribute__((constructor))
static void connect_early(void)
{
	access("/dev/dri/card0", F_OK);
}

/* ---- the one who pulls ---- */

/* True when the command was done. */
static bool control(const char *line)
{
	char text[512], reply[4096] = "";
	int socket_fd = test_device_connect();
	int len = snprintf(text, sizeof(text), "%s\n", line);
	CHECK_INT(write(socket_fd, text, len), len);
	CHECK(read(socket_fd, reply, sizeof(reply) - 1) > 10);
	close(socket_fd);
	return strncmp(reply, "{\"ok\":true", 10) == 0;
}

static void begin(void)
{
	fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	drmModeRes *res = drmModeGetResources(fd);
	CHECK(res && res->count_crtcs == 1 && res->count_connectors == 1);
	connector_id = res->connectors[0];
	crtc_id = res->crtcs[0];
	drmModeFreeResources(res);
	udev = udev_new();
	monitor = udev_monitor_new_from_netlink(udev, "udev");
	CHECK(udev_monitor_filter_add_match_subsystem_devtype(monitor, "drm", NULL) >= 0);
	CHECK(udev_monitor_enable_receiving(monitor) >= 0);
}

static void end(void)
{
	udev_monitor_unref(monitor);
	udev_unref(udev);
	close(fd);
}

/* ---- what is seen ---- */

static struct udev_device *next_event(void)
{
	struct pollfd polled = {.fd = udev_monitor_get_fd(monitor), .events = POLLIN};

	CHECK_INT(poll(&polled, 1, 5000), 1);
	struct udev_device *device = udev_monitor_receive_device(monitor);
	CHECK(device != NULL);
	return device;
}

static bool is(const char *got, const char *want)
{
	return got && strcmp(got, want) == 0;
}

/* property 0: the event names none. */
static void expect_hotplug(uint32_t property)
{
	struct udev_device *device = next_event();
	const char *named = udev_device_get_property_value(device, "PROPERTY");

	CHECK(is(udev_device_get_action(device), "change"));
	CHECK(is(udev_device_get_property_value(device, "HOTPLUG"), "1"));
	CHECK_INT(atoi(udev_device_get_property_value(device, "CONNECTOR")), connector_id);
	CHECK_INT(named ? atoi(named) : 0, property);
	udev_device_unref(device);
}

static size_t read_sysfs(const char *name, void *data, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/drm/card0-Virtual-1/%s", name);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(file >= 0);
	ssize_t got = read(file, data, size);
	CHECK(got >= 0);
	close(file);
	return (size_t)got;
}

static void check_sysfs(const char *name, const char *want)
{
	char text[64] = "";

	read_sysfs(name, text, sizeof(text) - 1);
	if (strcmp(text, want) != 0)
		test_fail(__FILE__, __LINE__, "%s is %s", name, text);
}

static uint64_t property(const char *name, uint32_t *id)
{
	drmModeObjectProperties *list = drmModeObjectGetProperties(fd, connector_id,
		DRM_MODE_OBJECT_CONNECTOR);
	uint64_t value = 0;

	*id = 0;
	CHECK(list != NULL);
	for (uint32_t i = 0; i < list->count_props; i++) {
		drmModePropertyRes *prop = drmModeGetProperty(fd, list->props[i]);

		if (strcmp(prop->name, name) == 0) {
			*id = prop->prop_id;
			value = list->prop_values[i];
		}
		drmModeFreeProperty(prop);
	}
	drmModeFreeObjectProperties(list);
	CHECK(*id != 0);
	return value;
}

static void check_connection(bool connected)
{
	drmModeConnector *connector = drmModeGetConnector(fd, connector_id);

	CHECK(connector != NULL);
	CHECK_INT(connector->connection, connected ? DRM_MODE_CONNECTED : DRM_MODE_DISCONNECTED);
	CHECK(connected == (connector->count_modes > 0));
	drmModeFreeConnector(connector);
	check_sysfs("status", connected ? "connected\n" : "disconnected\n");
}

static uint32_t framebuffer(uint8_t **pixels)
{
	struct drm_mode_create_dumb dumb = {.width = WIDTH, .height = HEIGHT, .bpp = 32};
	struct drm_mode_map_dumb map = {0};
	uint32_t id;

	CHECK_INT(drmIoctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	CHECK_INT(drmModeAddFB(fd, WIDTH, HEIGHT, 24, 32, dumb.pitch, dumb.handle, &id), 0);
	map.handle = dumb.handle;
	CHECK_INT(drmIoctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	*pixels = mmap(NULL, dumb.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, map.offset);
	CHECK(*pixels != MAP_FAILED);
	return id;
}

static void light_up(uint32_t fb)
{
	drmModeConnector *connector = drmModeGetConnector(fd, connector_id);

	CHECK(connector && connector->count_modes > 0);
	for (int i = 0; i < connector->count_modes; i++) {
		drmModeModeInfo *mode = &connector->modes[i];

		if (mode->hdisplay == WIDTH && mode->vdisplay == HEIGHT) {
			CHECK_INT(drmModeSetCrtc(fd, crtc_id, fb, 0, 0, &connector_id, 1, mode), 0);
			break;
		}
		CHECK(i + 1 < connector->count_modes);
	}
	drmModeFreeConnector(connector);
}

/* ---- monitors ---- */

TEST(monitor_goes_and_comes)
{
	begin();
	CHECK(control("disconnect Virtual-1"));
	expect_hotplug(0);
	check_connection(false);
	CHECK(control("connect Virtual-1"));
	expect_hotplug(0);
	check_connection(true);
	CHECK(!control("connect HDMI-A-1"));
	CHECK(!control("connect Writeback-1"));
	CHECK(!control("connect Virtual-1 card 1"));
	end();
}

TEST(edid)
{
	uint8_t old[EDID_SIZE], edid[EDID_SIZE], seen[EDID_SIZE];
	char path[] = "/tmp/hotplug-edid-XXXXXX", line[64];
	uint32_t id;

	begin();
	CHECK_INT(read_sysfs("edid", old, sizeof(old)), EDID_SIZE);
	memcpy(edid, old, sizeof(edid));
	edid[12]++; /* the serial number, and the checksum */
	edid[EDID_SIZE - 1]--;
	int file = mkstemp(path);
	CHECK(write(file, edid, sizeof(edid)) == EDID_SIZE);
	snprintf(line, sizeof(line), "edid %s Virtual-1", path);
	CHECK(control(line));
	expect_hotplug(0);
	CHECK(read_sysfs("edid", seen, sizeof(seen)) == EDID_SIZE);
	CHECK(memcmp(seen, edid, EDID_SIZE) == 0);
	drmModePropertyBlobRes *blob = drmModeGetPropertyBlob(fd, property("EDID", &id));
	CHECK(blob && blob->length == EDID_SIZE && memcmp(blob->data, edid, EDID_SIZE) == 0);
	drmModeFreePropertyBlob(blob);
	check_connection(true);
	/* One that is none changes nothing. */
	edid[20]++;
	CHECK(pwrite(file, edid, sizeof(edid), 0) == EDID_SIZE);
	CHECK(!control(line));
	CHECK(ftruncate(file, 100) == 0 && !control(line));
	CHECK(!control("edid /nowhere") && !control("edid /dev/null") && !control("edid"));
	CHECK(read_sysfs("edid", seen, sizeof(seen)) == EDID_SIZE && seen[12] == old[12] + 1);
	/* It is the monitor's, also when that was away. */
	CHECK(control("disconnect") && control("connect"));
	CHECK(read_sysfs("edid", seen, sizeof(seen)) == EDID_SIZE && seen[12] == old[12] + 1);
	CHECK(control("edid built \"Another one\""));
	CHECK(read_sysfs("edid", seen, sizeof(seen)) == EDID_SIZE);
	CHECK(memmem(seen, EDID_SIZE, "Another one", 11) && seen[12] == old[12]);
	unlink(path);
	close(file);
	end();
}

TEST(link_goes_bad)
{
	uint8_t *pixels;
	uint32_t id;

	begin();
	uint32_t fb = framebuffer(&pixels);
	light_up(fb);
	CHECK_INT(property("link-status", &id), DRM_MODE_LINK_STATUS_GOOD);
	CHECK(control("link-status bad Virtual-1"));
	expect_hotplug(id);
	CHECK_INT(property("link-status", &id), DRM_MODE_LINK_STATUS_BAD);
	light_up(fb);
	CHECK_INT(property("link-status", &id), DRM_MODE_LINK_STATUS_GOOD);
	CHECK(!control("link-status good"));
	end();
}

TEST(vrr_capable)
{
	uint32_t id;

	begin();
	CHECK(control("vrr-capable off"));
	CHECK_INT(property("vrr_capable", &id), 0);
	expect_hotplug(id);
	CHECK(control("vrr-capable on"));
	expect_hotplug(id);
	CHECK_INT(property("vrr_capable", &id), 1);
	CHECK(!control("vrr-capable perhaps"));
	end();
}

/* ---- the whole device ---- */

static void expect_device(const char *action, const char *devtype, const char *name)
{
	struct udev_device *device = next_event();

	CHECK(is(udev_device_get_action(device), action));
	if (!is(udev_device_get_sysname(device), name))
		test_fail(__FILE__, __LINE__, "%s of %s, want %s", action,
			udev_device_get_sysname(device), name);
	CHECK(is(udev_device_get_devtype(device), devtype));
	udev_device_unref(device);
}

static void put_back(void)
{
	CHECK(control("plug"));
	expect_device("add", "drm_minor", "card0");
	expect_device("add", "drm_connector", "card0-Virtual-1");
	expect_device("add", "drm_connector", "card0-Writeback-1");
	expect_device("add", "drm_minor", "renderD128");
}

static void pull_out(void)
{
	CHECK(control("unplug"));
	expect_device("remove", "drm_connector", "card0-Virtual-1");
	expect_device("remove", "drm_connector", "card0-Writeback-1");
	expect_device("remove", "drm_minor", "card0");
	expect_device("remove", "drm_minor", "renderD128");
}

TEST(unplugged)
{
	static const char *const gone[] = {
		"/dev/dri/card0", "/dev/dri/renderD128", "/sys/class/drm/card0",
		"/sys/class/drm/card0-Virtual-1", "/sys/dev/char/226:0", "/run/udev/data/c226:0",
		"/dev/dri/by-path/platform-testcard-card", "/sys/kernel/debug/dri/0/name",
		"/sys/class/drm/card0-Virtual-1/enabled",
	};
	struct drm_get_cap cap = {.capability = DRM_CAP_DUMB_BUFFER};
	uint8_t *pixels;

	begin();
	uint32_t fb = framebuffer(&pixels);
	light_up(fb);
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		CHECK(access(gone[i], F_OK) == 0);
	int render = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);
	CHECK(render >= 0);
	pixels[0] = 77;
	pull_out();
	CHECK(!control("unplug") && !control("mode 640x480"));
	/* Every request, known or not. */
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_GET_CAP, &cap), ENODEV);
	CHECK_ERRNO(ioctl(render, DRM_IOCTL_GET_CAP, &cap), ENODEV);
	CHECK_ERRNO(ioctl(fd, DRM_IO(0xff), 0), ENODEV);
	CHECK_INT(drmModePageFlip(fd, crtc_id, fb, 0, NULL), -ENODEV);
	CHECK(!drmModeGetResources(fd) && errno == ENODEV);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0x100000) == MAP_FAILED);
	CHECK_INT(errno, ENODEV);
	/* What is mapped stays. */
	CHECK_INT(pixels[0], 77);
	pixels[1] = 78;
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		CHECK_ERRNO(open(gone[i], O_RDONLY | O_CLOEXEC), ENOENT);
		CHECK(access(gone[i], F_OK) < 0);
	}
	put_back();
	CHECK(!control("plug"));
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		CHECK(access(gone[i], F_OK) == 0);
	/* The old files are of the old device. */
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_GET_CAP, &cap), ENODEV);
	CHECK_ERRNO(ioctl(render, DRM_IOCTL_GET_CAP, &cap), ENODEV);
	int old = fd;
	fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	check_sysfs("enabled", "disabled\n");
	uint8_t *others;
	light_up(framebuffer(&others)); /* its first file is master */
	/* The end of the old file does not touch the new one's screen. */
	close(old);
	close(render);
	check_sysfs("enabled", "enabled\n");
	end();
}

static void on_flip(int from, unsigned frame, unsigned sec, unsigned usec, void *data)
{
	(void)from;
	(void)frame;
	(void)sec;
	(void)usec;
	++*(unsigned *)data;
}

static void *wait_for_ever(void *data)
{
	drmVBlank wait = {.request.type = DRM_VBLANK_RELATIVE, .request.sequence = 60 * 60 * 24};

	(void)data;
	drmWaitVBlank(fd, &wait);
	return NULL;
}

/* A flip that is under way has an end, and so have those who wait. */
TEST(unplugged_in_flight)
{
	drmEventContext context = {.version = 2, .page_flip_handler = on_flip};
	unsigned flips = 0, asked = 0;
	pthread_t waiter;
	uint8_t *pixels;

	begin();
	uint32_t fb = framebuffer(&pixels);
	light_up(fb);
	CHECK_INT(pthread_create(&waiter, NULL, wait_for_ever, NULL), 0);
	/* Until one is under way. */
	for (int i = 0; i < 20; i++) {
		if (drmModePageFlip(fd, crtc_id, fb, DRM_MODE_PAGE_FLIP_EVENT, &flips) == 0)
			asked++;
		usleep(1000);
	}
	pull_out();
	pthread_join(waiter, NULL);
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	while (flips < asked && poll(&polled, 1, 2000) == 1)
		CHECK_INT(drmHandleEvent(fd, &context), 0);
	CHECK(asked > 0);
	CHECK_INT(flips, asked);
	/* Nothing more will come; the file has not hung up. */
	CHECK_INT(poll(&polled, 1, 20), 0);
	put_back();
	end();
}

TEST(unplugged_many_times)
{
	uint8_t *pixels;

	begin();
	for (unsigned i = 0; i < 50; i++) {
		light_up(framebuffer(&pixels));
		pull_out();
		put_back();
		close(fd);
		fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
		CHECK(fd >= 0);
		munmap(pixels, WIDTH * HEIGHT * 4);
	}
	end();
}
