#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compositor_log.h"
#include "compositor_peer.h"
#include "compositor_server.h"

static void handle_destroy(struct wl_listener *listener, void *data)
{
	struct compositor_peer *peer = wl_container_of(listener, peer, destroy);

	wl_list_remove(&peer->destroy.link);
	peer->client = NULL;
	compositor_peer_put(peer); /* the client's own */
}

/*
 * A program without our library that is told of /dev/dri/card0 opens the real one, if there
 * is one, and gives us magics and names of that.
 */
static bool maps_library(pid_t pid)
{
	char path[32], line[512];
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, TESTCARD_PRELOAD_NAME);
	fclose(file);
	return found;
}

struct compositor_peer *compositor_peer_of(struct wl_client *client)
{
	struct wl_listener *listener = wl_client_get_destroy_listener(client, handle_destroy);
	struct compositor_peer *peer;
	uid_t uid;

	if (listener) {
		peer = wl_container_of(listener, peer, destroy);
		return compositor_peer_get(peer);
	}
	peer = calloc(1, sizeof(*peer));
	if (!peer)
		return NULL;
	wl_client_get_credentials(client, &peer->pid, &uid, NULL);
	/* As the device has it: root's files are in from the start. */
	peer->authenticated = uid == 0;
	peer->client = client;
	peer->has_device = maps_library(peer->pid);
	peer->references = 2; /* the client's, the caller's */
	peer->destroy.notify = handle_destroy;
	wl_client_add_destroy_listener(client, &peer->destroy);
	return peer;
}

void compositor_peers_forget_device(struct wl_display *display)
{
	struct wl_client *client;
	uid_t uid;

	wl_client_for_each(client, wl_display_get_client_list(display)) {
		struct wl_listener *listener = wl_client_get_destroy_listener(client, handle_destroy);
		if (!listener)
			continue;
		struct compositor_peer *peer = wl_container_of(listener, peer, destroy);
		wl_client_get_credentials(client, NULL, &uid, NULL);
		peer->authenticated = uid == 0;
	}
}

struct compositor_peer *compositor_peer_get(struct compositor_peer *peer)
{
	peer->references++;
	return peer;
}

void compositor_peer_put(struct compositor_peer *peer)
{
	if (peer && --peer->references == 0)
		free(peer);
}

static bool read_process_name(pid_t pid, char name[COMPOSITOR_PEER_NAME])
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool done = fgets(name, COMPOSITOR_PEER_NAME, file);
	fclose(file);
	if (done)
		name[strcspn(name, "\n")] = '\0';
	return done && name[0];
}

/* Not in the middle of a character. */
static void copy_cut(char name[COMPOSITOR_PEER_NAME], const char *text)
{
	size_t length = strlen(text);

	if (length >= COMPOSITOR_PEER_NAME) {
		length = COMPOSITOR_PEER_NAME - 1;
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
	}
	memcpy(name, text, length);
	name[length] = '\0';
}

void compositor_peer_name(struct compositor_server *server, const struct compositor_peer *peer,
	char name[COMPOSITOR_PEER_NAME])
{
	struct compositor_view *view;

	wl_list_for_each(view, &server->views, link) {
		const char *app_id = compositor_view_app_id(view);
		if (peer->client && wl_resource_get_client(view->xdg->resource) == peer->client &&
		    app_id[0]) {
			copy_cut(name, app_id);
			return;
		}
	}
	if (!read_process_name(peer->pid, name))
		copy_cut(name, "?");
}

void compositor_peer_fail(struct wl_resource *resource, uint32_t code, const char *format, ...)
{
	char text[200];
	va_list args;
	pid_t pid;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	wl_client_get_credentials(wl_resource_get_client(resource), &pid, NULL, NULL);
	compositor_warn("client %d: %s error %u: %s", (int)pid, wl_resource_get_class(resource),
		code, text);
	wl_resource_post_error(resource, code, "%s", text);
}
