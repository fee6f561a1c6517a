/*
 * The server's side of the wire: accepts channels, runs each in a thread,
 * carries requests to the vfs. One more thread reaps closed files.
 *
 * Clients are not trusted: every packet is checked for exact size before use,
 * counts are bounded (wire.h), at most WIRE_CHANNELS_MAX channels are open, of which one
 * process can not take all (vfs_share.h), and a client that stops in mid-request costs
 * its own channel only.
 */
#ifndef WIRE_SERVER_H
#define WIRE_SERVER_H

#include "vfs.h"
#include "vfs_share.h"

#define WIRE_CHANNELS_MAX 2048
/* One is a thread of a client's: what has more of them at once is no client. */
#define WIRE_CHANNELS_OF_PROCESS 1024
#define WIRE_CHANNELS_SCARCE 8

struct tree;
struct wire_server;

/* Listens on dir/device.sock. tree serves WIRE_UEVENT through subscribe(). */
int wire_server_create(struct vfs *vfs, const char *dir,
	int (*subscribe_uevents)(void *data, int *fd), void *data, struct wire_server **out);
/* How long a client may take for an upcall's answer, instead of WIRE_PATIENCE_SECONDS. */
void wire_server_set_patience(struct wire_server *server, int milliseconds);
/* Other numbers than those above, from the next channel on. */
void wire_server_set_share(struct wire_server *server, const struct vfs_share *share);
/* Shuts every channel down and waits for the threads. */
void wire_server_destroy(struct wire_server *server);

#endif
