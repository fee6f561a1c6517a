/* org.freedesktop.login1.Session */
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "logind.h"

#define NO_SUCH_DEVICE "org.freedesktop.login1.DeviceNotTaken"
#define DEVICE_IS_TAKEN "org.freedesktop.login1.DeviceIsTaken"

/* What a session manager would care about. */
static int ignore(sd_bus_message *message, void *data, sd_bus_error *error)
{
	return sd_bus_reply_method_return(message, NULL);
}

static int take_control(sd_bus_message *message, void *data, sd_bus_error *error)
{
	int ret = logind_control_take(data, message);

	return ret ? ret : sd_bus_reply_method_return(message, NULL);
}

static int release_control(sd_bus_message *message, void *data, sd_bus_error *error)
{
	int ret = logind_control_check(data, message, error);

	if (ret)
		return ret;
	logind_control_release(data);
	return sd_bus_reply_method_return(message, NULL);
}

/* What a message about a device begins with; it has to be the controller's. */
static int read_number(struct logind *logind, sd_bus_message *message, sd_bus_error *error,
	dev_t *number)
{
	uint32_t parts[2];
	int ret = logind_control_check(logind, message, error);

	if (ret)
		return ret;
	ret = sd_bus_message_read(message, "uu", &parts[0], &parts[1]);
	*number = ret < 0 ? 0 : makedev(parts[0], parts[1]);
	return ret < 0 ? ret : 0;
}

static int take_device(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct logind *logind = data;
	struct logind_device *device;
	dev_t number;
	int ret = read_number(logind, message, error, &number);

	if (ret)
		return ret;
	ret = logind_device_take(logind, number, &device);
	if (ret == -EBUSY)
		return sd_bus_error_set(error, DEVICE_IS_TAKEN, "Device is taken");
	if (ret)
		return ret;
	ret = sd_bus_reply_method_return(message, "hb", device->fd, !logind->active);
	if (ret < 0)
		logind_device_release(logind, device);
	return ret;
}

/* A device that the controller has. */
static int read_taken(struct logind *logind, sd_bus_message *message, sd_bus_error *error,
	struct logind_device **out)
{
	dev_t number;
	int ret = read_number(logind, message, error, &number);

	if (ret)
		return ret;
	*out = logind_device_find(logind, number);
	return *out ? 0 : sd_bus_error_set(error, NO_SUCH_DEVICE, "Device has not been taken");
}

static int release_device(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct logind_device *device;
	int ret = read_taken(data, message, error, &device);

	if (ret)
		return ret;
	logind_device_release(data, device);
	return sd_bus_reply_method_return(message, NULL);
}

/* Nobody was asked to agree. */
static int pause_complete(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct logind_device *device;
	int ret = read_taken(data, message, error, &device);

	if (ret)
		return ret;
	return sd_bus_reply_method_return(message, NULL);
}

static int activate(sd_bus_message *message, void *data, sd_bus_error *error)
{
	return logind_control_reply_active(data, message, error);
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *data, sd_bus_error *error)
{
	const struct logind *logind = data;
	const struct passwd *user = getpwuid(getuid());
	const struct {
		const char *property, *value;
	} texts[] = {
		{"Id", logind->id},
		{"Name", user ? user->pw_name : ""},
		{"Type", logind->type},
		{"Class", "user"},
		{"State", logind->active ? "active" : "online"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(property, texts[i].property) == 0)
			return sd_bus_message_append(reply, "s", texts[i].value);
	return sd_bus_message_append(reply, "s", ""); /* TTY, Display, Desktop, ... */
}

static int get_bool(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *data, sd_bus_error *error)
{
	const struct logind *logind = data;

	return sd_bus_message_append(reply, "b", strcmp(property, "Active") == 0 &&
		logind->active);
}

static int get_number(sd_bus *bus, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *data, sd_bus_error *error)
{
	const struct logind *logind = data;

	return sd_bus_message_append(reply, "u",
		strcmp(property, "VTNr") == 0 ? logind->number : (uint32_t)getpid());
}

static int get_seat(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *data, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "(so)", LOGIND_SEAT_ID, LOGIND_SEAT_PATH);
}

static int get_user(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *data, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "(uo)", (uint32_t)getuid(), LOGIND_PATH "/user/self");
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	LOGIND_METHOD("TakeControl", "b", "", take_control),
	LOGIND_METHOD("ReleaseControl", "", "", release_control),
	LOGIND_METHOD("TakeDevice", "uu", "hb", take_device),
	LOGIND_METHOD("ReleaseDevice", "uu", "", release_device),
	LOGIND_METHOD("PauseDeviceComplete", "uu", "", pause_complete),
	LOGIND_METHOD("Activate", "", "", activate),
	LOGIND_METHOD("SetType", "s", "", ignore),
	LOGIND_METHOD("SetDisplay", "s", "", ignore),
	LOGIND_METHOD("SetIdleHint", "b", "", ignore),
	LOGIND_METHOD("SetLockedHint", "b", "", ignore),
	SD_BUS_SIGNAL("PauseDevice", "uus", 0),
	SD_BUS_SIGNAL("ResumeDevice", "uuh", 0),
	SD_BUS_SIGNAL("Lock", "", 0),
	SD_BUS_SIGNAL("Unlock", "", 0),
	SD_BUS_PROPERTY("Id", "s", get_text, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("Name", "s", get_text, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("User", "(uo)", get_user, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("Seat", "(so)", get_seat, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("VTNr", "u", get_number, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("Leader", "u", get_number, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("TTY", "s", get_text, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("Display", "s", get_text, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("Desktop", "s", get_text, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("Type", "s", get_text, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("Class", "s", get_text, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("Remote", "b", get_bool, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("IdleHint", "b", get_bool, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("LockedHint", "b", get_bool, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("Active", "b", get_bool, 0, LOGIND_CHANGES),
	SD_BUS_PROPERTY("State", "s", get_text, 0, LOGIND_CHANGES),
	SD_BUS_VTABLE_END
};

static int find(sd_bus *bus, const char *path, const char *interface, void *data, void **found,
	sd_bus_error *error)
{
	const struct logind *logind = data;

	*found = data;
	return logind_is_ours(path + strlen(LOGIND_SESSIONS "/"), logind->id);
}

int logind_session_add(struct logind *logind)
{
	int ret = sd_bus_add_fallback_vtable(logind->bus, NULL, LOGIND_SESSIONS,
		LOGIND_SESSION, vtable, find, logind);

	return ret < 0 ? ret : 0;
}
