/* Inside of the seat. */
#ifndef SEAT_PRIVATE_H
#define SEAT_PRIVATE_H

#include <stdatomic.h>

#include "gem_base.h"
#include "seat.h"

enum seat_state {
	SEAT_PAUSED,
	SEAT_ACTIVE,
	SEAT_LEAVING, /* told, and not yet answered */
};

enum seat_kind { SEAT_CARD, SEAT_INPUT };

struct seat_device {
	struct gem_list link;
	enum seat_kind kind;
	int id, fd;             /* fd: the holder's end, which keeps the file open */
	struct vfs_file *file;  /* a reference */
	unsigned users;         /* opens without a close */
	bool paused;
	char path[64];
};

struct seat_session {
	struct seat *seat;
	struct gem_list link; /* seat->sessions */
	const struct seat_session_ops *ops;
	void *data;
	pid_t pid;
	unsigned number;
	atomic_bool abandoned;
	/* seat->lock, all below. */
	enum seat_state state;
	struct gem_list devices;
	unsigned device_count;
};

struct seat {
	struct vfs *vfs;
	int wake_fd;          /* eventfd */
	pthread_mutex_t lock; /* outside the vfs' and the devices'; all below */
	pthread_cond_t settled; /* nobody is SEAT_LEAVING any more */
	struct gem_list sessions;
	struct seat_session *active;    /* ACTIVE or LEAVING, or NULL */
	struct seat_session *last; /* who was active before, or NULL */
	unsigned next;        /* the terminal that is switched to, 0 = to who wants it */
	unsigned foreground;  /* the terminal in front */
	bool vacant;          /* that has no session, and nobody else gets the seat */
	bool off;             /* nobody is enabled */
	int ack_ms;
	void (*settle)(void *data); /* or NULL; fixed, as settle_data */
	void *settle_data;
	uint64_t deadline_ns; /* of the one that leaves, CLOCK_MONOTONIC */
	unsigned late_count;  /* sessions that did not answer in time */
};

/* What seatd does to files by their ioctls; whether it was done does not matter to it either. */
void seat_device_pause(struct seat_device *device);
void seat_device_resume(struct seat_device *device);
/* Paused, closed and freed, whoever uses it. */
void seat_device_end_locked(struct seat_session *session, struct seat_device *device);

#endif
