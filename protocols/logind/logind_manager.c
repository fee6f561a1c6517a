/* org.freedesktop.login1.Manager */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "logind.h"

bool logind_is_ours(const char *name, const char *id)
{
	return !strcmp(name, id) || !strcmp(name, "auto") || !strcmp(name, "self");
}

static int reply_path(sd_bus_message *message, const char *path)
{
	return sd_bus_reply_method_return(message, "o", path);
}

static int get_session(sd_bus_message *message, void *data, sd_bus_error *error)
{
	const struct logind *logind = data;
	const char *id;
	int ret = sd_bus_message_read(message, "s", &id);

	if (ret < 0)
		return ret;
	if (*id && !logind_is_ours(id, logind->id))
		return sd_bus_error_set(error, LOGIND_NAME ".NoSuchSession", "No such session");
	return reply_path(message, logind->path);
}

/* Whoever finds this bus is of the session. */
static int get_session_by_pid(sd_bus_message *message, void *data, sd_bus_error *error)
{
	const struct logind *logind = data;

	return reply_path(message, logind->path);
}

static int get_seat(sd_bus_message *message, void *data, sd_bus_error *error)
{
	const char *id;
	int ret = sd_bus_message_read(message, "s", &id);

	if (ret < 0)
		return ret;
	if (*id && !logind_is_ours(id, LOGIND_SEAT_ID))
		return sd_bus_error_set(error, LOGIND_NAME ".NoSuchSeat", "No such seat");
	return reply_path(message, LOGIND_SEAT_PATH);
}

static int list_sessions(sd_bus_message *message, void *data, sd_bus_error *error)
{
	const struct logind *logind = data;
	const struct passwd *user = getpwuid(getuid());

	return sd_bus_reply_method_return(message, "a(susso)", 1, logind->id, (uint32_t)getuid(),
		user ? user->pw_name : "", LOGIND_SEAT_ID, logind->path);
}

static int list_seats(sd_bus_message *message, void *data, sd_bus_error *error)
{
	return sd_bus_reply_method_return(message, "a(so)", 1, LOGIND_SEAT_ID, LOGIND_SEAT_PATH);
}

/* Nobody sleeps here: the caller gets a descriptor to close, as always. */
static int inhibit(sd_bus_message *message, void *data, sd_bus_error *error)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	int ret = sd_bus_reply_method_return(message, "h", ends[1]);
	close(ends[0]);
	close(ends[1]);
	return ret;
}

static int can_not(sd_bus_message *message, void *data, sd_bus_error *error)
{
	return sd_bus_reply_method_return(message, "s", "na");
}

static int get_false(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *data, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "b", false);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	LOGIND_METHOD("GetSession", "s", "o", get_session),
	LOGIND_METHOD("GetSessionByPID", "u", "o", get_session_by_pid),
	LOGIND_METHOD("GetSeat", "s", "o", get_seat),
	LOGIND_METHOD("ListSessions", "", "a(susso)", list_sessions),
	LOGIND_METHOD("ListSeats", "", "a(so)", list_seats),
	LOGIND_METHOD("Inhibit", "ssss", "h", inhibit),
	LOGIND_METHOD("CanPowerOff", "", "s", can_not),
	LOGIND_METHOD("CanReboot", "", "s", can_not),
	LOGIND_METHOD("CanSuspend", "", "s", can_not),
	LOGIND_METHOD("CanHibernate", "", "s", can_not),
	LOGIND_METHOD("CanHybridSleep", "", "s", can_not),
	SD_BUS_SIGNAL("PrepareForSleep", "b", 0),
	SD_BUS_SIGNAL("PrepareForShutdown", "b", 0),
	SD_BUS_PROPERTY("PreparingForSleep", "b", get_false, 0, 0),
	SD_BUS_PROPERTY("PreparingForShutdown", "b", get_false, 0, 0),
	SD_BUS_PROPERTY("IdleHint", "b", get_false, 0, 0),
	SD_BUS_VTABLE_END
};

int logind_manager_add(struct logind *logind)
{
	int ret = sd_bus_add_object_vtable(logind->bus, NULL, LOGIND_PATH, LOGIND_MANAGER, vtable,
		logind);

	return ret < 0 ? ret : 0;
}
