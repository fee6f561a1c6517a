/*
 * Virtual terminals, for launchers that switch them themselves (weston's, Xorg, chvt):
 * nodes /dev/tty0 (the one in front) to /dev/tty9 with the requests of linux/vt.h and
 * linux/kd.h. A terminal in VT_PROCESS mode is a session of the seat: its process
 * gets relsig and acqsig when sessions change, and answers by VT_RELDISP. The answer is
 * waited for as long as for any session's (seat.h; a kernel waits for ever).
 *
 * There is no text on them, and they are no ttys otherwise (tcgetattr fails). Differs
 * from a kernel: when a terminal's session ends, the seat goes back to who had it before;
 * the last close of the terminal ends its VT_PROCESS mode.
 */
#ifndef SEAT_VT_H
#define SEAT_VT_H

#include "seat.h"

#define SEAT_VT_COUNT 10 /* tty0 and up */

struct seat_vts;

/* With nodes in vfs. */
int seat_vts_create(struct seat *seat, struct vfs *vfs, struct seat_vts **out);
/* No nodes and no sessions any more. No request is running; the seat's thread still is. */
void seat_vts_remove(struct seat_vts *vts, struct vfs *vfs);
/* When the vfs is gone: its files may be open until then. */
void seat_vts_destroy(struct seat_vts *vts);

const struct vfs_node *seat_vts_node(const struct seat_vts *vts, unsigned index);

#endif
