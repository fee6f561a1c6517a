/*
 * The seat's socket: dir/seatd.sock, SOCK_STREAM, seatd's protocol, for unmodified
 * programs with libseat (LIBSEAT_BACKEND=seatd SEATD_SOCK=...). Beside it, for libseat newer
 * than Debian 12's, which waits for two more answers, seatd9.sock. One thread.
 *
 * Who can connect may use the seat, as with seatd: the socket's mode says who (0660, the
 * device's user and group). Beyond that a client is not trusted: each message has its
 * exact size or the connection ends, a client that does not read what it is sent is
 * dropped, and one that does not answer loses the seat all the same (seat.h). Nobody can
 * take all connections (vfs_share.h): who has his share is still let in for a moment, to
 * be told why not when he opens the seat, EMFILE or ENFILE.
 */
#ifndef SEAT_SERVER_H
#define SEAT_SERVER_H

#include "seat.h"

#define SEAT_SOCKET_NAME "seatd.sock"
#define SEAT_ACK_SOCKET_NAME "seatd9.sock" /* libseat 0.9's */
#define SEAT_CLIENTS_MAX 64
#define SEAT_CLIENTS_OF_PROCESS 8
#define SEAT_CLIENTS_SCARCE 1

struct seat_server;

/* Serves seat until it is destroyed. Paths left there are replaced. -ENAMETOOLONG, -errno. */
int seat_server_create(struct seat *seat, const char *dir, struct seat_server **out);
/* Closes all sessions of clients. */
void seat_server_destroy(struct seat_server *server);

#endif
