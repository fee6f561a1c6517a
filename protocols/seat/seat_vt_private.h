/* Shared by the files of the virtual terminals. */
#ifndef SEAT_VT_PRIVATE_H
#define SEAT_VT_PRIVATE_H

#include <linux/vt.h>
#include <stdatomic.h>

#include "gem_base.h"
#include "seat_vt.h"

/* A process that has said VT_PROCESS: the data of a session. */
struct seat_vt_process {
	struct seat_session *session;
	int pidfd;
	pid_t pid;
	atomic_int relsig, acqsig; /* 0 = none */
};

struct seat_vt {
	struct seat_vts *vts;
	unsigned number;
	char path[16];
	struct vfs_node node;
	atomic_uint opens;
	/*
	 * The process of VT_PROCESS by its number, which no other ever has; 0: VT_AUTO.
	 * Whoever makes it 0 (compare and exchange) ends its session. Others use process
	 * under vts->lock only, as they put it there, before the number.
	 */
	_Atomic uint64_t owner;
	_Atomic(struct seat_vt_process *) process;
	/* vts->lock */
	struct vt_mode mode;
	int kd_mode, kb_mode;
	uint8_t leds;
};

struct seat_vts {
	struct seat *seat;
	pthread_mutex_t lock; /* outside of the seat's; not taken by release or by sessions' ops */
	uint64_t last_owner; /* lock */
	struct seat_vt vts[SEAT_VT_COUNT];
};

struct seat_vt_file {
	struct vfs_file base; /* first */
	struct seat_vt *vt;
	_Atomic uint64_t owner; /* the process set through this file, to know it at release */
};

/* VT_SETMODE; seat_vt_process.c. vts->lock. */
int seat_vt_set_mode_locked(struct seat_vt_file *file, struct seat_vt *vt,
	const struct vt_mode *mode, pid_t pid);
/* VT_AUTO. */
void seat_vt_end_process(struct seat_vt *vt);
/* The file's last close: the session of its process is left to the seat's thread. */
void seat_vt_forget(struct seat_vt_file *file);

/* vfs_file_ops.ioctl; seat_vt_ioctl.c */
long seat_vt_ioctl(struct vfs_file *base, unsigned int request, uint64_t arg,
	struct vfs_caller *caller);

#endif
