/*
 * A whole platform: vfs, cards, input devices, the generated tree, the wire
 * server and the control socket, put together. Used by the device server
 * (testcard-device) and by the compositor, which carries the platform in its
 * own process.
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include "control.h"
#include "evdev.h"
#include "fbdev.h"
#include "kms_time.h"
#include "seat_server.h"
#include "seat_vt.h"
#include "tree.h"
#include "uapi.h"
#include "uapi_debugfs.h"
#include "wire_server.h"

#define PLATFORM_CARDS_MAX 4
#define PLATFORM_INPUT_DEFAULT "keyboard,pointer,tablet"
#define PLATFORM_WATCHDOG_MAX 3600 /* seconds */

#define PLATFORM_RIGHTS_MAX 5

/* Who may open the nodes. */
struct platform_rights {
	struct vfs_rule rules[PLATFORM_RIGHTS_MAX];
	unsigned count;
};

struct platform_options {
	const char *driver_name;               /* NULL = "testcard" */
	const struct kms_device_desc *kms;     /* NULL = default */
	struct gem_memory_options memory;      /* of each card; zeroed = defaults */
	struct gpu_options gpu;                /* the same */
	unsigned cards;                        /* 0 = 1; at most PLATFORM_CARDS_MAX; all alike */
	enum kms_time_mode clock;              /* how the cards' time begins */
	bool render_node;                      /* also /dev/dri/renderD128, one a card */
	bool render_dumb;                      /* uapi.h */
	bool seat;                             /* sessions for programs (seat.h), and /dev/tty0... */
	/* Input devices that are there from the start: kinds, commas in between; NULL = none. */
	const char *input;
	/*
	 * NULL, or every changed frame of every crtc goes there as PNG: card 0's as
	 * crtcN-SEQUENCE.png, card M's as cardM-crtcN-SEQUENCE.png.
	 */
	const char *frames_dir;
	/*
	 * NULL, or what crtc 0 of card 0 shows goes there as a video, NAME.y4m or NAME.raw
	 * (kms_sink.h); of the others NAME-crtcN.y4m, NAME-cardM-crtcN.y4m.
	 */
	const char *video_path;
	/* Screens show a text console while no program has the card open, and there is /dev/fb0. */
	bool fbdev;
	/* NULL, or what happens is recorded there until the end (platform_trace.h). */
	const char *trace_path;
	const char *console_font; /* a PSF file; NULL = the built-in font */
	const struct platform_rights *rights; /* NULL = 0666, the server's user's; outlives it */
	const char *dir; /* runtime folder, made if missing; NULL = a new private one */
	/*
	 * The oops (kms_oops.h). on: platform_create forks its reporter, so that it comes
	 * before the process's other threads.
	 */
	struct platform_oops_options {
		bool on;
		const char *version;
		unsigned watchdog_ms; /* 0 = none */
	} oops;
};

/* /dev/dri/card<index>, with GEM and KMS devices of its own. */
struct platform_card {
	struct platform *platform;
	unsigned index;
	struct uapi_device *dev;
	struct vfs_node card_node, render_node; /* render_node.path NULL = there is none */
	struct uapi_debugfs *debugfs; /* NULL while unplugged */
	bool unplugged; /* control thread */
	/* fb's, both; NULL = none, or unplugged. */
	struct kms_fbdev *fbdev;
	struct kms_console *console;
	struct fbdev_device *fb;
	struct fbdev_node fb_node;   /* path "" = the card never had one */
	/* By crtc; NULL without frames_dir, video_path. */
	struct kms_sink *png_sinks[KMS_MAX_CRTCS], *video_sinks[KMS_MAX_CRTCS];
	/*
	 * By connector: what "connect" and "mode" offer, its modes before the last change, in the
	 * beginning its description's. Control thread.
	 */
	struct platform_monitor {
		struct drm_mode_modeinfo modes[KMS_MAX_MODES];
		unsigned mode_count;
	} monitors[KMS_MAX_CONNECTORS];
};

/*
 * What a program adds to "state": members that begin with a comma. On a control thread,
 * which may wait; no lock is held.
 */
typedef void (*platform_state_printer)(void *data, FILE *out);

struct platform {
	struct vfs *vfs;
	struct platform_card cards[PLATFORM_CARDS_MAX];
	unsigned card_count;
	struct uapi_device *card; /* cards[0].dev */
	struct platform_inputs {
		pthread_mutex_t lock;
		struct evdev_device *devices[EVDEV_INDEX_MAX + 1]; /* by index of eventN; lock */
	} inputs;
	struct vfs_node sw_sync_node;
	struct tree *tree;
	struct wire_server *wire;
	struct control_server *control;
	struct seat *seat;            /* NULL = none, as seat_server then */
	struct seat_server *seat_server;
	struct seat_vts *vts;
	struct kms_font *font;        /* of the consoles; NULL = the built-in one */
	struct platform_pulse *pulse; /* of the watchdog, or NULL */
	bool oops;                    /* we started it */
	struct platform_trace *trace; /* NULL = none; control thread, while there is one */
	platform_state_printer print_state; /* NULL = nothing; set before the control server starts */
	void *print_state_data;
	char dir[108];     /* runtime folder = TESTCARD_DIR of clients */
	bool owns_dir;     /* we made it, we remove it */
	int dir_fd;        /* holds the folder's lock: one platform a folder */
	/*
	 * RLIMIT_NOFILE's soft limit before platform_create raised it to the hard
	 * one (a buffer is a descriptor): what programs started from here get.
	 */
	unsigned long files_limit;
};

/*
 * Everything but the control socket is up on return: the program adds commands
 * of its own ("quit" among them) and then calls
 * control_server_start(platform->control, platform->dir).
 * Errors: -EINVAL too many cards; -EADDRINUSE another platform lives in dir; those of the parts.
 */
int platform_create(const struct platform_options *options, struct platform **out);
/* How often to kms_oops_beat() for a watchdog of so many ms. */
unsigned platform_pulse_ms(unsigned watchdog_ms);
/* Ends channels, files and threads; removes the runtime folder. */
void platform_destroy(struct platform *platform);

/*
 * The first device of a kind with a new reference, to be put after use; NULL when there
 * is none. Any thread.
 */
struct evdev_device *platform_input_get(struct platform *platform, enum evdev_kind kind);
/*
 * A new device, which programs are told of when they run already. name NULL = the
 * kind's; *index: N of its eventN. -ENOSPC. Any thread.
 */
int platform_input_add(struct platform *platform, enum evdev_kind kind, const char *name,
	unsigned *index);
/* -ENODEV: there is none of that index. Any thread. */
int platform_input_remove(struct platform *platform, unsigned index);

/*
 * "udev", or words with commas in between, KIND=MODE[:USER[:GROUP]]: KIND card, render,
 * input, fb or tty, MODE octal, USER and GROUP names or numbers (default: the server's).
 * udev is what Debian's rules make: card 0660 root:video, render 0660 root:render,
 * input 0660 root:input, fb 0660 root:video, tty 0620 root:tty. False and *why for the user.
 */
bool platform_parse_rights(const char *text, struct platform_rights *rights, const char **why);

/* "real", "virtual" (frozen) or "fast", as --clock has them. False: none of these. */
bool platform_parse_clock(const char *text, enum kms_time_mode *mode);

#endif
