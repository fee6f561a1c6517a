/*
 * The control socket: dir/control.sock, SOCK_STREAM. A request is one line of
 * words; the reply is one line of JSON: {"ok":true,...} or
 * {"ok":false,"error":"..."}. testcardctl is a thin client.
 *
 *   help                          list of commands
 *   state                         planes, crtcs, connectors, files as JSON
 *   history [N] [crtc N]          what each plane showed at the last N vblanks, and whose
 *   trace start FILE [json]       records what happens, for ui.perfetto.dev
 *   trace stop                    and how many events that were
 *   screenshot PATH [crtc N]      PNG of what the crtc shows now (scanout pixels)
 *   wait-vblank [N]               replies after N vblanks
 *   key CODE|NAME [down|up]       KEY_* name or number; both edges by default
 *   type TEXT...                  types TEXT on a US keyboard ("\n" = Enter)
 *   move DX DY | move-to X Y      relative pointer / absolute (tablet), pixels
 *   button NAME [down|up]         left, right, middle
 *   scroll N                      wheel notches
 *   touch down|move FINGER X Y | touch up FINGER     on the touchscreen, pixels
 *   pen X Y [pressure N] [tilt DX DY] [eraser]       a graphics tablet's pen, pixels; it
 *                                 touches when there is pressure (0-4095)
 *   pen away | pen button 1|2 down|up
 *   pad button N down|up | pad ring N                what is around the tablet
 *   switch lid|tablet-mode on|off
 *   input list                    the input devices
 *   input add KIND [NAME]         one more: keyboard, pointer, tablet (absolute pointer), touch,
 *                                 pen, pad, switch or gamepad; replies its id
 *   input remove ID
 *   input event ID TYPE CODE VALUE [TYPE CODE VALUE]...
 *                                 one frame of evdev events, as EV_ABS 0 100; numbers, or
 *                                 EV_ and KEY_ names
 *   mode WIDTHxHEIGHT [CONNECTOR] hotplug: the connector's preferred mode changes
 *   connect | disconnect [CONNECTOR]         hotplug; names like HDMI-A-1, else the first
 *   edid FILE|built [NAME] [CONNECTOR]       hotplug: another EDID
 *   link-status bad [CONNECTOR]   the link failed, until a modeset
 *   vrr-capable on|off [CONNECTOR]
 *   unplug | plug                 the whole device is pulled out, put back
 *   time [now]                    the device's time, and each crtc's vblanks (kms_time.h)
 *   time freeze | real | fast     stops it, lets it run, lets it leap to what is waited for
 *   time step [N] [commit] [crtc N]
 *                                 frozen time goes on by N vblanks of a crtc; with commit, each
 *                                 comes when the crtc has a commit to show. The reply comes
 *                                 when events are sent and sinks have run.
 *   time step-ns N                by N ns of it
 *   flip delay N [crtc N]         the next flip is shown N vblanks late
 *   flip lose [crtc N]            the next flip is shown, its event never comes
 *   gpu hang [render|copy]        what that engine class runs now, or next, hangs
 *   gpu reset                     what runs starts anew, innocent
 *   gpu wedge | unwedge           every batch fails with EIO, from now to unwedge
 *   gpu error | clear-error       the error state as text; forgets it
 *   gpu info                      engines and queues as text
 *   session                       who has the seat, and who wants it (seat.h)
 *   session N | disable | enable  switches to session N, to nobody, back
 *   console print TEXT...         on the text console that shows while nobody has the card
 *   ioctls [reset]                calls of each ioctl, and who answered (uapi_count.h)
 *   oops [REASON...]              every screen shows an oops; the program goes on
 *   oops-clear                    the screens show their planes again
 *   quit                          ends the server
 *
 * "card N" after a command about the screen or the GPU (state, screenshot,
 * wait-vblank, mode, connect, disconnect, time, flip, gpu) makes it about /dev/dri/cardN; else it is about card 0.
 *
 * A program may add commands of its own (the compositor: windows, ...).
 *
 * Words are split at blanks. A word in double quotes may hold blanks; in it \"
 * and \\ stand for " and \, and \n for a newline. Outside quotes a backslash is
 * itself. A line is at most CONTROL_LINE_MAX bytes with its newline; a longer
 * one is answered with an error and skipped. Every line gets one reply, in
 * order; an empty line gets none.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>
#include <stdio.h>

#define CONTROL_SOCKET_NAME "control.sock"
#define CONTROL_LINE_MAX 4096
#define CONTROL_WORDS_MAX 64
#define CONTROL_CLIENTS_MAX 64
/* Bytes; a handler that writes more is answered with EMSGSIZE. */
#define CONTROL_REPLY_MAX (1u << 20)

struct control_server;

/*
 * Writes one JSON object without newline to out. argv[0] is the command.
 * Each client has a thread, on which its handlers run; control_add()'s never
 * two at once. 0, or -errno: what it wrote is dropped and the server replies
 * with the error's text.
 */
typedef int (*control_handler)(void *data, int argc, char **argv, FILE *out);

/* No socket yet: the owner adds commands first. -errno. */
int control_server_create(struct control_server **out);
/*
 * Listens on dir/control.sock. The path appears when clients can connect, so
 * that waiting for it is enough. The folder is the caller's alone: a path left
 * there is replaced. -ENAMETOOLONG, -errno.
 */
int control_server_start(struct control_server *server, const char *dir);
/*
 * Lets running handlers end and their replies go out, then removes the socket.
 * Not from a handler.
 */
void control_server_destroy(struct control_server *server);
/*
 * Before or after start. command and help (one line, arguments and meaning) are the caller's and
 * outlive the server. -EEXIST when there is such a command, -ENOMEM.
 */
int control_add(struct control_server *server, const char *command, const char *help,
	control_handler handler, void *data);
/*
 * The same for a command that waits: it runs beside all others. It must look at
 * control_ending() at least once a second.
 */
int control_add_waiting(struct control_server *server, const char *command, const char *help,
	control_handler handler, void *data);
/* control_server_destroy has begun. */
bool control_ending(struct control_server *server);

/* {"ok":false,"error":"..."}: a refusal with a better text than an errno's. Returns 0. */
__attribute__((format(printf, 2, 3)))
int control_refuse(FILE *out, const char *format, ...);

/* JSON string with quotes and escapes; what is not UTF-8 becomes U+FFFD. */
void control_json_string(FILE *out, const char *text);

/*
 * Splits line (changed in place) into at most max words. Returns their number,
 * -EINVAL for an open quote or an unknown escape, -E2BIG for too many words.
 */
int control_split(char *line, char **words, int max);

#endif
