/* org.freedesktop.login1.Seat */
#include <errno.h>
#include <string.h>

#include "logind.h"

static int switch_to(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct logind *logind = data;
	uint32_t vt;
	int ret = sd_bus_message_read(message, "u", &vt);

	if (ret < 0)
		return ret;
	if (vt < 1 || vt > 63)
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "No such terminal");
	/* Where there is no session, nobody goes. */
	if (libseat_switch_session(logind->seat, vt) < 0)
		return -errno;
	return sd_bus_reply_method_return(message, NULL);
}

static int activate_session(sd_bus_message *message, void *data, sd_bus_error *error)
{
	const struct logind *logind = data;
	const char *id;
	int ret = sd_bus_message_read(message, "s", &id);

	if (ret < 0)
		return ret;
	if (strcmp(id, logind->id))
		return sd_bus_error_set(error, LOGIND_NAME ".NoSuchSession", "No such session");
	return logind_control_reply_active(logind, message, error);
}

static int get_id(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *data, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "s", LOGIND_SEAT_ID);
}

static int get_can(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *data, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "b", true);
}

static int get_active(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *data, sd_bus_error *error)
{
	const struct logind *logind = data;

	return logind->active ?
		sd_bus_message_append(reply, "(so)", logind->id, logind->path) :
		sd_bus_message_append(reply, "(so)", "", "/");
}

static int get_sessions(sd_bus *bus, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *data, sd_bus_error *error)
{
	const struct logind *logind = data;

	return sd_bus_message_append(reply, "a(so)", 1, logind->id, logind->path);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	LOGIND_METHOD("SwitchTo", "u", "", switch_to),
	LOGIND_METHOD("ActivateSession", "s", "", activate_session),
	SD_BUS_PROPERTY("Id", "s", get_id, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("CanTTY", "b", get_can, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("CanGraphical", "b", get_can, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("Sessions", "a(so)", get_sessions, 0, LOGIND_CONSTANT),
	SD_BUS_PROPERTY("ActiveSession", "(so)", get_active, 0, LOGIND_CHANGES),
	SD_BUS_VTABLE_END
};

static int find(sd_bus *bus, const char *path, const char *interface, void *data, void **found,
	sd_bus_error *error)
{
	*found = data;
	return logind_is_ours(path + strlen(LOGIND_PATH "/seat/"), LOGIND_SEAT_ID);
}

int logind_seat_add(struct logind *logind)
{
	int ret = sd_bus_add_fallback_vtable(logind->bus, NULL, LOGIND_PATH "/seat", LOGIND_SEAT,
		vtable, find, logind);

	return ret < 0 ? ret : 0;
}
