/*
 * What we know of a Wayland client besides its objects: who it is and how much
 * it has of what is limited. Main thread.
 *
 * libwayland tells of a client's end before its objects go: so what belongs to a
 * client holds a reference.
 */
#ifndef COMPOSITOR_PEER_H
#define COMPOSITOR_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#include <wayland-server-core.h>

struct compositor_server;

/* What one client may have at a time. */
enum {
	COMPOSITOR_PEER_BUFFERS = 256, /* of wl_drm; each is a file descriptor of ours */
	COMPOSITOR_PEER_OFFERS = 64,
	COMPOSITOR_PEER_SHARES = 64,   /* accepted, or waiting for an answer */
	COMPOSITOR_PEER_PARAMS = 64,   /* offers that are being put together */
	COMPOSITOR_PEER_WATCHERS = 16,
};

struct compositor_peer {
	struct wl_listener destroy; /* of client */
	struct wl_client *client;   /* NULL once it is gone */
	unsigned references;
	pid_t pid;
	bool authenticated; /* may say flink names: a magic of its was taken, or it is root's */
	bool has_device;    /* it runs with the library that has the device */
	unsigned buffers, offers, shares, params, watchers;
};

/* A new reference, to be put. NULL = no memory. */
struct compositor_peer *compositor_peer_of(struct wl_client *client);
struct compositor_peer *compositor_peer_get(struct compositor_peer *peer);
void compositor_peer_put(struct compositor_peer *peer); /* NULL is fine */

/* The device was pulled out: no magic of any file of it is taken. */
void compositor_peers_forget_device(struct wl_display *display);

/* Room for a client's name, of which nothing but its length is known to be right. */
enum { COMPOSITOR_PEER_NAME = 64 };

/* The app_id of one of its windows, else its process' name, else "?". UTF-8, cut to fit. */
void compositor_peer_name(struct compositor_server *server, const struct compositor_peer *peer,
	char name[COMPOSITOR_PEER_NAME]);

/* wl_resource_post_error, and a line in the log. */
__attribute__((format(printf, 3, 4)))
void compositor_peer_fail(struct wl_resource *resource, uint32_t code, const char *format, ...);

#endif
