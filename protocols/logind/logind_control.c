/* The controller, and what it hears when the session is switched. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "logind.h"

static sd_bus_message *new_signal(struct logind *logind, const char *member,
	const struct logind_device *device)
{
	sd_bus_message *signal = NULL;

	if (!logind->controller_name ||
	    sd_bus_message_new_signal(logind->bus, &signal, logind->path, LOGIND_SESSION,
		member) < 0)
		return NULL;
	if (sd_bus_message_set_destination(signal, logind->controller_name) < 0 ||
	    sd_bus_message_append(signal, "uu", major(device->number),
		minor(device->number)) < 0)
		return sd_bus_message_unref(signal);
	return signal;
}

static void send_pause(struct logind *logind, const struct logind_device *device)
{
	sd_bus_message *signal = new_signal(logind, "PauseDevice", device);

	if (signal && sd_bus_message_append(signal, "s", "force") >= 0)
		sd_bus_send(logind->bus, signal, NULL);
	sd_bus_message_unref(signal);
}

static void send_resume(struct logind *logind, const struct logind_device *device)
{
	sd_bus_message *signal = new_signal(logind, "ResumeDevice", device);

	if (signal && device->fd >= 0 && sd_bus_message_append(signal, "h", device->fd) >= 0)
		sd_bus_send(logind->bus, signal, NULL);
	sd_bus_message_unref(signal);
}

static void set_active(struct logind *logind, bool active)
{
	logind->active = active;
	if (!logind->bus)
		return; /* before there is anybody to tell */
	logind_files_write(logind);
	sd_bus_emit_properties_changed(logind->bus, logind->path, LOGIND_SESSION,
		"Active", "State", NULL);
	sd_bus_emit_properties_changed(logind->bus, LOGIND_SEAT_PATH, LOGIND_SEAT,
		"ActiveSession", NULL);
}

void logind_control_deactivated(struct logind *logind)
{
	if (!logind->active)
		return;
	for (unsigned i = 0; i < logind->device_count; i++) {
		send_pause(logind, &logind->devices[i]);
		logind_device_pause(logind, &logind->devices[i]);
	}
	set_active(logind, false);
}

int logind_control_reply_active(const struct logind *logind, sd_bus_message *message,
	sd_bus_error *error)
{
	/* A seat is switched by the one that has it. */
	if (!logind->active)
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
			"Another session has the seat");
	return sd_bus_reply_method_return(message, NULL);
}

void logind_control_activated(struct logind *logind)
{
	if (logind->active)
		return;
	/* Devices first: who hears that the session is active may use them. */
	for (unsigned i = 0; i < logind->device_count; i++) {
		logind_device_resume(logind, &logind->devices[i]);
		send_resume(logind, &logind->devices[i]);
	}
	set_active(logind, true);
}

void logind_control_release(struct logind *logind)
{
	while (logind->device_count)
		logind_device_release(logind, &logind->devices[logind->device_count - 1]);
	logind->controller = sd_bus_track_unref(logind->controller);
	free(logind->controller_name);
	logind->controller_name = NULL;
}

static int controller_gone(sd_bus_track *track, void *data)
{
	logind_control_release(data);
	return 0;
}

int logind_control_take(struct logind *logind, sd_bus_message *message)
{
	const char *sender = sd_bus_message_get_sender(message);
	int ret;

	if (logind->controller_name)
		return strcmp(logind->controller_name, sender) == 0 ? 0 : -EBUSY;
	logind->controller_name = strdup(sender);
	if (!logind->controller_name)
		return -ENOMEM;
	ret = sd_bus_track_new(logind->bus, &logind->controller, controller_gone, logind);
	if (ret >= 0)
		ret = sd_bus_track_add_sender(logind->controller, message);
	if (ret < 0)
		logind_control_release(logind);
	return ret < 0 ? ret : 0;
}

int logind_control_check(struct logind *logind, sd_bus_message *message, sd_bus_error *error)
{
	if (logind->controller_name &&
	    strcmp(logind->controller_name, sd_bus_message_get_sender(message)) == 0)
		return 0;
	return sd_bus_error_set(error, LOGIND_NAME ".NotInControl",
		"You are not in control of this session");
}
