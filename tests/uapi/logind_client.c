/*
 * What a program sees of testcard-logind: the session and its seat, by D-Bus and by
 * sd-login(3), its devices, and what happens to them when the session is switched away. An
 * ordinary program under "testcard exec --logind".
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include <xf86drm.h>

#include "test.h"

#define LOGIN1 "org.freedesktop.login1"
#define MANAGER_PATH "/org/freedesktop/login1"
#define SESSION_PATH "/org/freedesktop/login1/session/c1"
#define SEAT_PATH "/org/freedesktop/login1/seat/seat0"
#define MANAGER LOGIN1 ".Manager"
#define SESSION LOGIN1 ".Session"
#define SEAT LOGIN1 ".Seat"

enum { DRM = 226, INPUT = 13, KEYBOARD = 64, PATIENCE_US = 20000000 };

static sd_bus *bus;

/* The library's connection to the device is made before tests count descriptors. */
__attribute__((constructor))
static void connect_early(void)
{
	access("/dev/dri/card0", F_OK);
}

static void begin(void)
{
	CHECK(sd_bus_open_system(&bus) >= 0);
}

static void end(void)
{
	bus = sd_bus_flush_close_unref(bus);
}

static void check_text(const char *file, int line, const char *got, const char *want)
{
	if (!got || strcmp(got, want))
		test_fail(file, line, "got '%s', want '%s'", got ? got : "(nothing)", want);
}

#define CHECK_TEXT(got, want) check_text(__FILE__, __LINE__, got, want)

/* want is the error's name, or "" for none. */
#define CALL(want, path, interface, method, ...)                                          \
	do {                                                                              \
		sd_bus_error error_ = SD_BUS_ERROR_NULL;                                  \
		int ret_ = sd_bus_call_method(bus, LOGIN1, path, interface, method,       \
			&error_, NULL, __VA_ARGS__);                                      \
		CHECK_TEXT(ret_ < 0 ? error_.name : "", want);                            \
		sd_bus_error_free(&error_);                                               \
	} while (0)

/* Until condition holds; what it waits for comes from another process. */
#define WAIT_UNTIL(condition)                                     \
	do {                                                      \
		int left_ = PATIENCE_US / 10000;                  \
		while (!(condition) && left_-- > 0)               \
			usleep(10000);                            \
		CHECK(condition);                                 \
	} while (0)

/* The controller of the test before may still be seen to go. */
static void take_control(void)
{
	WAIT_UNTIL(sd_bus_call_method(bus, LOGIN1, SESSION_PATH, SESSION, "TakeControl", NULL, NULL,
		"b", 0) >= 0);
}

static void check_path(const char *method, const char *argument, const char *want)
{
	sd_bus_message *reply;
	const char *path;

	CHECK(sd_bus_call_method(bus, LOGIN1, MANAGER_PATH, MANAGER, method, NULL, &reply, "s",
		argument) >= 0);
	CHECK(sd_bus_message_read(reply, "o", &path) >= 0);
	CHECK_TEXT(path, want);
	sd_bus_message_unref(reply);
}

static void check_property(const char *property, const char *want)
{
	char *text;

	CHECK(sd_bus_get_property_string(bus, LOGIN1, SESSION_PATH, SESSION, property, NULL,
		&text) >= 0);
	CHECK_TEXT(text, want);
	free(text);
}

static bool is_active(void)
{
	int active;

	CHECK(sd_bus_get_property_trivial(bus, LOGIN1, SESSION_PATH, SESSION, "Active", NULL, 'b',
		&active) >= 0);
	return active;
}

/* The device's descriptor, the caller's. */
static int take(unsigned int major, unsigned int minor)
{
	sd_bus_message *reply;
	int fd, paused;

	CHECK(sd_bus_call_method(bus, LOGIN1, SESSION_PATH, SESSION, "TakeDevice", NULL, &reply,
		"uu", major, minor) >= 0);
	CHECK(sd_bus_message_read(reply, "hb", &fd, &paused) >= 0);
	CHECK_INT(paused, 0);
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	CHECK(fd >= 0);
	sd_bus_message_unref(reply);
	return fd;
}

static bool is_revoked(int fd)
{
	char event[256];

	return read(fd, event, sizeof(event)) < 0 && errno == ENODEV;
}

static void control(const char *line)
{
	char reply[4096] = "";
	int fd = test_device_connect();

	CHECK_INT(write(fd, line, strlen(line)), strlen(line));
	CHECK(read(fd, reply, sizeof(reply) - 1) > 10);
	CHECK(strncmp(reply, "{\"ok\":true", 10) == 0);
	close(fd);
}

TEST(the_session_and_its_seat_are_found)
{
	begin();
	check_path("GetSession", "c1", SESSION_PATH);
	check_path("GetSession", "auto", SESSION_PATH);
	check_path("GetSession", "", SESSION_PATH);
	check_path("GetSeat", "seat0", SEAT_PATH);
	CALL("", MANAGER_PATH, MANAGER, "GetSessionByPID", "u", (uint32_t)getpid());
	check_property("Id", "c1");
	check_property("State", "active");
	check_property("Class", "user");
	CHECK(is_active());
	end();
}

TEST(sd_login_finds_them_too)
{
	char *text;

	CHECK_TEXT(getenv("XDG_SESSION_ID"), "c1");
	CHECK_INT(sd_session_is_active("c1"), 1);
	CHECK_INT(sd_session_get_seat("c1", &text), 0);
	CHECK_TEXT(text, "seat0");
	free(text);
	CHECK(sd_uid_get_display(getuid(), &text) >= 0);
	CHECK_TEXT(text, "c1");
	free(text);
	CHECK(sd_seat_get_active("seat0", &text, NULL) >= 0);
	CHECK_TEXT(text, "c1");
	free(text);
	CHECK_INT(sd_session_is_active("c2"), -ENXIO);
}

TEST(names_that_there_are_not)
{
	begin();
	CALL(LOGIN1 ".NoSuchSession", MANAGER_PATH, MANAGER, "GetSession", "s", "c2");
	CALL(LOGIN1 ".NoSuchSeat", MANAGER_PATH, MANAGER, "GetSeat", "s", "seat1");
	CALL(LOGIN1 ".NoSuchSession", SEAT_PATH, SEAT, "ActivateSession", "s", "c2");
	CALL(SD_BUS_ERROR_INVALID_ARGS, SEAT_PATH, SEAT, "SwitchTo", "u", 0);
	CALL(SD_BUS_ERROR_INVALID_ARGS, SEAT_PATH, SEAT, "SwitchTo", "u", UINT_MAX);
	CALL(SD_BUS_ERROR_INVALID_ARGS, SEAT_PATH, SEAT, "SwitchTo", "s", "c1");
	CALL(SD_BUS_ERROR_UNKNOWN_OBJECT, MANAGER_PATH "/session/c2", SESSION, "Activate", NULL);
	CALL(SD_BUS_ERROR_UNKNOWN_METHOD, SESSION_PATH, SESSION, "Frobnicate", NULL);
	end();
}

TEST(devices_are_the_controllers)
{
	begin();
	CALL(LOGIN1 ".NotInControl", SESSION_PATH, SESSION, "TakeDevice", "uu", DRM, 0);
	CALL(LOGIN1 ".NotInControl", SESSION_PATH, SESSION, "ReleaseDevice", "uu", DRM, 0);
	CALL(LOGIN1 ".NotInControl", SESSION_PATH, SESSION, "PauseDeviceComplete", "uu", DRM, 0);
	CALL(LOGIN1 ".NotInControl", SESSION_PATH, SESSION, "ReleaseControl", NULL);
	take_control();
	CALL("", SESSION_PATH, SESSION, "TakeControl", "b", 0); /* once more is no error */
	CALL(LOGIN1 ".DeviceNotTaken", SESSION_PATH, SESSION, "ReleaseDevice", "uu", DRM, 0);
	CALL("", SESSION_PATH, SESSION, "ReleaseControl", NULL);
	CALL(LOGIN1 ".NotInControl", SESSION_PATH, SESSION, "TakeDevice", "uu", DRM, 0);
	end();
}

TEST(control_is_for_one)
{
	sd_bus *first;

	begin();
	take_control();
	first = bus;
	begin();
	CALL("System.Error.EBUSY", SESSION_PATH, SESSION, "TakeControl", "b", 0);
	CALL(LOGIN1 ".NotInControl", SESSION_PATH, SESSION, "TakeDevice", "uu", DRM, 0);
	sd_bus_flush_close_unref(first);
	take_control(); /* it is gone: soon anybody may */
	end();
}

TEST(a_card_is_taken_and_released)
{
	begin();
	take_control();
	int fd = take(DRM, 0);
	drmVersion *version = drmGetVersion(fd);
	CHECK(version);
	CHECK_TEXT(version->name, "testcard");
	drmFreeVersion(version);
	CHECK(drmIsMaster(fd));
	CALL(LOGIN1 ".DeviceIsTaken", SESSION_PATH, SESSION, "TakeDevice", "uu", DRM, 0);
	CALL("", SESSION_PATH, SESSION, "ReleaseDevice", "uu", DRM, 0);
	CHECK(!drmIsMaster(fd));
	close(fd);
	fd = take(DRM, 0);
	CHECK(drmIsMaster(fd));
	close(fd);
	end();
}

TEST(an_input_device_is_revoked_when_it_is_released)
{
	char event[256];

	begin();
	take_control();
	int fd = take(INPUT, KEYBOARD);
	CHECK(read(fd, event, sizeof(event)) < 0 && errno == EAGAIN);
	CALL("", SESSION_PATH, SESSION, "ReleaseDevice", "uu", INPUT, KEYBOARD);
	CHECK(is_revoked(fd));
	close(fd);
	end();
}

struct no_device {
	const char *name;
	unsigned int major, minor;
};

static const struct no_device no_devices[] = {
	{"null", 1, 3}, {"a card that is not there", DRM, 60}, {"zero", 0, 0},
	{"an input device that is not there", INPUT, 4000}, {"the highest", UINT_MAX, UINT_MAX},
};

TEST_ROWS(what_is_no_device_is_not_taken, struct no_device, no_devices)
{
	begin();
	take_control();
	CALL("System.Error.ENODEV", SESSION_PATH, SESSION, "TakeDevice", "uu", row->major,
		row->minor);
	CALL(SD_BUS_ERROR_INVALID_ARGS, SESSION_PATH, SESSION, "TakeDevice", "s", row->name);
	end();
}

TEST(a_controller_that_dies_leaves_nothing)
{
	begin();
	take_control();
	int card = take(DRM, 0), keyboard = take(INPUT, KEYBOARD);
	end();
	WAIT_UNTIL(!drmIsMaster(card));
	WAIT_UNTIL(is_revoked(keyboard));
	close(card);
	close(keyboard);
	begin();
	take_control();
	card = take(DRM, 0);
	CHECK(drmIsMaster(card));
	close(card);
	end();
}

/* ---- switching ---- */

struct heard {
	unsigned int paused, resumed; /* bits: 1 the card, 2 the keyboard */
	int keyboard;                 /* its new file */
};

static unsigned int bit_of(unsigned int major)
{
	return major == DRM ? 1 : 2;
}

static int device_paused(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct heard *heard = data;
	unsigned int major, minor;
	const char *how;

	CHECK(sd_bus_message_read(message, "uus", &major, &minor, &how) >= 0);
	CHECK_TEXT(how, "force");
	CHECK(!(heard->paused & bit_of(major)));
	heard->paused |= bit_of(major);
	return 0;
}

static int device_resumed(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct heard *heard = data;
	unsigned int major, minor;
	int fd;

	CHECK(sd_bus_message_read(message, "uuh", &major, &minor, &fd) >= 0);
	heard->resumed |= bit_of(major);
	if (major == INPUT)
		heard->keyboard = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return 0;
}

static void listen_to(struct heard *heard)
{
	CHECK(sd_bus_match_signal(bus, NULL, LOGIN1, SESSION_PATH, SESSION, "PauseDevice",
		device_paused, heard) >= 0);
	CHECK(sd_bus_match_signal(bus, NULL, LOGIN1, SESSION_PATH, SESSION, "ResumeDevice",
		device_resumed, heard) >= 0);
}

static void hear(const unsigned int *what)
{
	while (*what != 3) {
		int ret = sd_bus_process(bus, NULL);

		CHECK(ret >= 0);
		if (ret == 0)
			CHECK(sd_bus_wait(bus, PATIENCE_US) > 0);
	}
}

TEST(a_session_is_switched_away_and_back)
{
	struct heard heard = {.keyboard = -1};
	char event[256];

	begin();
	take_control();
	listen_to(&heard);
	int card = take(DRM, 0), keyboard = take(INPUT, KEYBOARD);

	control("session disable\n");
	hear(&heard.paused);
	CHECK(!drmIsMaster(card));
	CHECK(is_revoked(keyboard));
	WAIT_UNTIL(!is_active());
	check_property("State", "online");
	CHECK_INT(sd_session_is_active("c1"), 0);
	CALL(SD_BUS_ERROR_ACCESS_DENIED, SESSION_PATH, SESSION, "TakeDevice", "uu", INPUT,
		KEYBOARD + 1);
	CALL(SD_BUS_ERROR_ACCESS_DENIED, SESSION_PATH, SESSION, "Activate", NULL);
	CHECK_INT(heard.resumed, 0);

	control("session enable\n");
	hear(&heard.resumed);
	CHECK(drmIsMaster(card));
	CHECK(read(heard.keyboard, event, sizeof(event)) < 0 && errno == EAGAIN);
	WAIT_UNTIL(is_active());
	CHECK_INT(sd_session_is_active("c1"), 1);
	CALL("", SESSION_PATH, SESSION, "ReleaseDevice", "uu", INPUT, KEYBOARD);
	CHECK(is_revoked(heard.keyboard));
	close(heard.keyboard);
	close(keyboard);
	close(card);
	end();
}
