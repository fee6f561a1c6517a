/*
 * A whole platform: vfs, one card, input devices, the generated tree, the wire
 * server and the control socket, put together. Used by the device server
 * (testcard-device) and by the compositor, which carries the platform in its
 * own process.
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include "control.h"
#include "evdev.h"
#include "tree.h"
#include "uapi.h"
#include "wire_server.h"

struct platform_options {
	const char *driver_name;               /* NULL = "testcard" */
	const struct kms_device_desc *kms;     /* NULL = default */
	bool render_node;                      /* also /dev/dri/renderD128 */
	bool input;                            /* keyboard, pointer, tablet */
	const char *frames_dir;                /* NULL, or every changed frame goes there as PNG */
	const char *dir; /* runtime folder, made if missing; NULL = a new private one */
};

struct platform {
	struct vfs *vfs;
	struct uapi_device *card;
	struct vfs_node card_node, render_node;
	struct evdev_device *keyboard, *pointer, *tablet; /* NULL without input */
	struct tree *tree;
	struct wire_server *wire;
	struct control_server *control;
	char dir[108];     /* runtime folder = TESTCARD_DIR of clients */
	bool owns_dir;     /* we made it, we remove it */
	int dir_fd;        /* holds the folder's lock: one platform a folder */
	struct kms_sink *png_sink;
	/*
	 * RLIMIT_NOFILE's soft limit before platform_create raised it to the hard
	 * one (a buffer is a descriptor): what programs started from here get.
	 */
	unsigned long files_limit;
	/* What "connect" and "mode" offer: the modes before the last change. Control thread. */
	struct drm_mode_modeinfo modes[KMS_MAX_MODES];
	unsigned mode_count;
};

/*
 * Everything but the control socket is up on return: the program adds commands
 * of its own ("quit" among them) and then calls
 * control_server_start(platform->control, platform->dir).
 * Errors: -EADDRINUSE another platform lives in dir; those of the parts.
 */
int platform_create(const struct platform_options *options, struct platform **out);
/* Ends channels, files and threads; removes the runtime folder. */
void platform_destroy(struct platform *platform);

#endif
