/* The shell's control commands: windows, focus, close, quit. */
#ifndef COMPOSITOR_CONTROL_H
#define COMPOSITOR_CONTROL_H

#include "compositor_call.h"
#include "compositor_server.h"

struct platform;

struct compositor_control {
	struct compositor_server *server;
	struct compositor_calls *calls;
};

/*
 * Adds the commands to platform's control server, which has not started, and the surfaces
 * to its "state". control stays the caller's and outlives the control server. -errno.
 */
int compositor_control_add(struct compositor_control *control, struct platform *platform);

#endif
