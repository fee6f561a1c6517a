/*
 * testcard-logind: what desktops ask of systemd-logind, for a session on our device.
 *
 * mutter and kwin open no device themselves: they take them, by D-Bus, from
 * org.freedesktop.login1. This program runs a private message bus (Debian's dbus-daemon),
 * is login1 on it, with one seat, "seat0", and one session, "c1" (or "c2", when another
 * desktop has joined the same device first), and runs a program that finds the bus by
 * DBUS_SYSTEM_BUS_ADDRESS. Devices, and when the session has them, are
 * libseat's: of our own seat (protocols/seat), through `testcard exec`, or of another.
 *
 * Paused is what logind makes of it when a virtual terminal is switched: at once
 * (PauseDevice "force"), the card without its master, input files revoked.
 *
 * Source of the rules: systemd's org.freedesktop.login1(5), sd-login(3).
 *
 * One thread: an sd_event loop; nothing here needs a lock. Functions return 0 or a
 * negative errno; what a caller of the bus gets is the error of that number, or one of
 * login1's names.
 */
#ifndef LOGIND_H
#define LOGIND_H

#include <libseat.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#define LOGIND_NAME "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define LOGIND_MANAGER "org.freedesktop.login1.Manager"
#define LOGIND_SESSION "org.freedesktop.login1.Session"
#define LOGIND_SEAT "org.freedesktop.login1.Seat"
#define LOGIND_SEAT_ID "seat0"
#define LOGIND_SESSIONS LOGIND_PATH "/session"
#define LOGIND_SEAT_PATH LOGIND_PATH "/seat/" LOGIND_SEAT_ID

/* Entries of the objects' tables. */
#define LOGIND_METHOD(name, in, out, handler) \
	SD_BUS_METHOD(name, in, out, handler, SD_BUS_VTABLE_UNPRIVILEGED)
#define LOGIND_CONSTANT SD_BUS_VTABLE_PROPERTY_CONST
#define LOGIND_CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

enum {
	LOGIND_DEVICES_MAX = 64,
	LOGIND_SESSIONS_MAX = 63,
};

struct logind_device {
	dev_t number;
	int id;          /* libseat's */
	int fd;          /* ours; the controller has a copy. -1: revoked */
	bool drm;        /* stays open while the session is paused; an input device does not */
	char path[PATH_MAX];
};

struct logind {
	sd_event *event;
	sd_bus *bus;
	struct libseat *seat;
	/* The one connection that may take devices; NULL = nobody. */
	sd_bus_track *controller;
	char *controller_name;
	struct logind_device devices[LOGIND_DEVICES_MAX];
	unsigned device_count;
	bool active;
	bool gone;           /* the seat's server is */
	unsigned number;     /* session cN; VTNr, too: libseat does not tell, a new seat counts so */
	char id[16];
	char path[64];       /* of its object */
	char type[16];      /* of the session: "wayland", "x11" ... */
	char run[PATH_MAX]; /* what programs see as /run/systemd; it goes with the device */
};

/* logind_bus.c: a private dbus-daemon. */
struct logind_bus {
	pid_t pid;
	char address[PATH_MAX + 64]; /* for DBUS_SYSTEM_BUS_ADDRESS */
	char config[PATH_MAX + 32];
	char socket[PATH_MAX + 32];
};
/* Starts it with its files in the session's folder and waits until it listens. */
int logind_bus_start(struct logind_bus *bus, const struct logind *logind);
void logind_bus_stop(struct logind_bus *bus);

/* A caller's name for our session or seat: its id, or as callers say "mine". */
bool logind_is_ours(const char *name, const char *id);
/* The objects on the bus, for as long as it lives. */
int logind_manager_add(struct logind *logind);
int logind_session_add(struct logind *logind);
int logind_seat_add(struct logind *logind);

/* logind_control.c: who controls the session, and what it hears when that is switched. */
int logind_control_take(struct logind *logind, sd_bus_message *message);
void logind_control_release(struct logind *logind);
/* -EPERM and error set, if the sender is not the controller. */
int logind_control_check(struct logind *logind, sd_bus_message *message, sd_bus_error *error);
/* Answers whoever wants the session to be active. */
int logind_control_reply_active(const struct logind *logind, sd_bus_message *message,
	sd_bus_error *error);
/* The session has its devices again, or has lost them. */
void logind_control_activated(struct logind *logind);
void logind_control_deactivated(struct logind *logind);

/* logind_device.c */
/* Opens the seat and waits, a little, until it is ours. */
int logind_device_open_seat(struct logind *logind);
void logind_device_close_seat(struct logind *logind);
/*
 * Opens the device: -ENODEV when there is none, -EBUSY when it is taken, -EPERM while the
 * session is paused (logind would give a revoked file), libseat's errors.
 */
int logind_device_take(struct logind *logind, dev_t number, struct logind_device **out);
struct logind_device *logind_device_find(struct logind *logind, dev_t number);
/* device is not valid after that, nor are others found before. */
void logind_device_release(struct logind *logind, struct logind_device *device);
/* The seat has revoked what is not a card; opens it again. */
void logind_device_pause(struct logind *logind, struct logind_device *device);
void logind_device_resume(struct logind *logind, struct logind_device *device);

/* logind_files.c: what sd-login(3) reads of the session in /run/systemd. */
/* Takes the lowest number that no other session has. -EBUSY: all are taken. */
int logind_files_claim(struct logind *logind);
int logind_files_write(const struct logind *logind);
void logind_files_remove(const struct logind *logind);

#endif
