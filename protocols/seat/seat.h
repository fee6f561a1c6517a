/*
 * A seat: who has the screen and the keyboard, of several that want them.
 *
 * A session is a set of device files that are paused and resumed together. One session
 * is active at most. Paused means what seatd makes of it: the card's files lose the
 * master (commits give EACCES from then on), input files are revoked (ENODEV, for good)
 * before the session is even told, so that nobody can keep the seat by not answering.
 * Told, a session has SEAT_ACK_MS to let go of the rest, then the next one is resumed.
 *
 * Sessions come from libseat's clients (seat_server.h) and from programs that
 * switch virtual terminals themselves (seat_vt.h); a number is what a terminal's is.
 *
 * Files are opened through the vfs, by the seat's right and not the client's, which is
 * what a seat is for: who may use it is decided by who may connect.
 *
 * Our own server and not Debian's seatd on the device: seatd wants root (for /run) or a
 * virtual terminal, can not be told to switch, knows one device only that it opens
 * through the preload library, and is a process more for each `testcard exec`. With
 * SEATD_VTBOUND=0 and as root it does run on the device (tests/e2e, "over_seatd").
 */
#ifndef SEAT_H
#define SEAT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "vfs.h"

#define SEAT_NAME "seat0"
#define SEAT_ACK_MS 10000
#define SEAT_DEVICES_MAX 128 /* of a session; seatd's number */
#define SEAT_SESSION_MAX 63  /* highest number, as of a virtual terminal */

struct seat;
struct seat_session;

/* What a session hears. Called with the seat's lock: they only pass it on. */
struct seat_session_ops {
	/* It has the seat; its card files are master again. */
	void (*enable)(void *data);
	/*
	 * Its files are paused; seat_session_ack() when it is done with the rest. False: it
	 * can not be told and is not waited for.
	 */
	bool (*disable)(void *data);
	/* Optional: an abandoned session is closed and data is not used any more. Without the lock. */
	void (*closed)(void *data);
};

struct seat_options {
	int ack_ms; /* 0 = SEAT_ACK_MS */
	/*
	 * Optional. A session is about to become active: waits, for two frames at most, until the
	 * screens show what the one before has committed. Else the first commit of the new one
	 * may be refused (EBUSY), and weston and kwin try no second one. With the seat's lock.
	 */
	void (*settle)(void *data);
	void *data;
};

int seat_create(struct vfs *vfs, const struct seat_options *options, struct seat **out);
/* Without sessions. */
void seat_destroy(struct seat *seat);
/* From now on nobody is waited for: the end is near. */
void seat_hurry(struct seat *seat);

/*
 * number 0: the lowest free one. -EBUSY the number is taken, or all are. A first
 * session is enabled before this returns. ops and data: until seat_session_close.
 */
int seat_session_open(struct seat *seat, const struct seat_session_ops *ops, void *data,
	pid_t pid, unsigned number, struct seat_session **out);
/* Pauses and closes its files; the next session is enabled when it was active. */
void seat_session_close(struct seat_session *session);
/*
 * Has the thread that serves the seat close it, soon, or the next open: for who may be
 * called in the middle of anything, as a file's release. session is the seat's from then on.
 */
void seat_session_abandon(struct seat_session *session);
/* The answer to ops->disable. False: nobody has asked. */
bool seat_session_ack(struct seat_session *session);
/* It has not got the seat, and has answered, or its time is over. */
bool seat_session_is_paused(struct seat_session *session);
/* Of whatever session has that number: the answer, or (accept false) that it stays. False: as above. */
bool seat_answer(struct seat *seat, unsigned number, bool accept);
unsigned seat_session_number(const struct seat_session *session);
/* Only from the active one. -EPERM; -EINVAL no such session. */
int seat_session_switch(struct seat_session *session, int number);

/*
 * A file of the node path, /dev/dri/... or /dev/input/..., opened once a session: again
 * gives the same file. *fd is the seat's; the caller duplicates it. -EPERM the session
 * is paused; -ENOENT no such node; -EMFILE; vfs_open's.
 */
int seat_device_open(struct seat_session *session, const char *path, int *id, int *fd);
/* -ENOENT. */
int seat_device_close(struct seat_session *session, int id);

/*
 * Switches, as a person at the keyboard would. They return when the session that leaves has
 * answered or its time is over (*late then); late may be NULL. -ENOENT no such session.
 */
int seat_switch(struct seat *seat, unsigned number, bool *late);
/*
 * To terminal number, whether it has a session or not; does not wait. Nobody has the
 * seat at a terminal without session, until one opens with its number, or another is
 * switched to.
 */
void seat_switch_terminal(struct seat *seat, unsigned number);
/* The terminal in front; *settled: and nobody is leaving it. */
unsigned seat_terminal(struct seat *seat, bool *settled);
/* One bit a number: terminals with a session. */
uint64_t seat_terminals(struct seat *seat);
/* Nobody has the seat, until somebody is switched to or it is enabled. */
void seat_disable(struct seat *seat, bool *late);
/* Whoever had it last. -ENOENT: there is no session. */
int seat_enable(struct seat *seat);

/* 0: nobody is active. */
unsigned seat_active(struct seat *seat);
/* "active" and "sessions" as members of a JSON object. */
void seat_print(struct seat *seat, FILE *out);

/*
 * For the thread that serves the seat: milliseconds until seat_expire has something to do, or -1;
 * the fd is readable when that has changed.
 */
int seat_timeout(struct seat *seat);
int seat_wake_fd(struct seat *seat);
void seat_expire(struct seat *seat);

#endif
