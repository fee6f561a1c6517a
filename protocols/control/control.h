/*
 * The control socket: dir/control.sock, SOCK_STREAM. A request is one line of
 * words; the reply is one line of JSON: {"ok":true,...} or
 * {"ok":false,"error":"..."}. testcardctl is a thin client.
 *
 *   help                          list of commands
 *   state                         planes, crtcs, connectors, files as JSON
 *   screenshot PATH [crtc N]      PNG of what the crtc shows now (scanout pixels)
 *   wait-vblank [N]               replies after N vblanks
 *   key CODE|NAME [down|up]       KEY_* name or number; both edges by default
 *   type TEXT...                  types TEXT on a US keyboard ("\n" = Enter)
 *   move DX DY | move-to X Y      relative pointer / absolute (tablet), pixels
 *   button NAME [down|up]         left, right, middle
 *   scroll N                      wheel notches
 *   mode WIDTHxHEIGHT             hotplug: the connector's preferred mode changes
 *   connect | disconnect          hotplug
 *   quit                          ends the server
 *
 * A program may add commands of its own (the compositor: windows, ...).
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdio.h>

struct control_server;

/*
 * Writes one JSON object without newline to out. argv[0] is the command.
 * Runs on the control thread. 0, or -errno when it wrote nothing: the server
 * then replies with the error's text.
 */
typedef int (*control_handler)(void *data, int argc, char **argv, FILE *out);

int control_server_create(const char *dir, struct control_server **out);
void control_server_destroy(struct control_server *server);
/* Before clients come. help: one line, arguments and meaning. */
int control_add(struct control_server *server, const char *command, const char *help,
	control_handler handler, void *data);

/* JSON string with quotes and escapes. */
void control_json_string(FILE *out, const char *text);

#endif
