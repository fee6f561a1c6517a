/*
 * Our wlr_backend on a KMS device, through libdrm and atomic commits only.
 *
 * A pipe is a connector with the crtc and planes it was given for good; while
 * something is connected, the pipe has a wlr_output. Everything here runs on
 * the compositor's main thread.
 */
#ifndef COMPOSITOR_BACKEND_H
#define COMPOSITOR_BACKEND_H

#include <wlr/backend/interface.h>
#include <wlr/backend/session.h>
#include <wlr/interfaces/wlr_output.h>
#include <wlr/render/drm_format_set.h>
#include <xf86drmMode.h>

struct compositor_output;
struct compositor_sheet;
struct liftoff_device;
struct liftoff_plane;
struct wlr_surface;

/* Property ids of one plane. */
struct compositor_plane_props {
	uint32_t fb_id, crtc_id, crtc_x, crtc_y, crtc_w, crtc_h;
	uint32_t src_x, src_y, src_w, src_h;
	uint32_t type, in_formats;
};

struct compositor_plane {
	uint32_t id; /* 0 = there is none */
	struct compositor_plane_props props;
	struct wlr_drm_format_set formats;
};

/* What a commit's event brings back: the last one's is the one that counts. */
struct compositor_ticket {
	struct compositor_pipe *pipe;
};

#define COMPOSITOR_TICKETS 4

struct compositor_pipe {
	struct compositor_backend *backend;
	struct compositor_ticket tickets[COMPOSITOR_TICKETS];
	unsigned ticket; /* of the last commit with an event */
	bool off_wanted; /* its output ended while a flip was under way, which time may keep */
	struct wl_list link; /* compositor_backend.pipes */
	uint32_t connector_id, crtc_id;
	unsigned crtc_index;
	struct {
		/* The connector's; 0 = it has no such property, for all but crtc_id. */
		uint32_t crtc_id, edid, non_desktop, vrr_capable;
		/* The crtc's; gamma and variable refresh may be 0. */
		uint32_t active, mode_id, gamma_lut, gamma_lut_size, vrr_enabled;
	} props;
	uint32_t gamma_size; /* entries of the crtc's LUT; 0 = none */
	/* Something that is no part of a desktop is connected: for leases, not for us. */
	bool offered;
	uint32_t lessee; /* who has it, 0 = nobody */
	struct compositor_plane primary, cursor;
	struct liftoff_device *liftoff; /* of this pipe's planes only */
	struct compositor_output *output; /* NULL while nothing is connected */
};

/* A plane that is nobody's for good: of one pipe at a time, of those that can use it. */
struct compositor_overlay {
	struct wl_list link; /* compositor_backend.overlays */
	struct compositor_plane plane;
	uint32_t possible_crtcs; /* bit = index of the crtc */
	struct compositor_pipe *pipe; /* NULL = nobody's */
	bool in_use; /* it shows something of the pipe's */
	struct liftoff_plane *liftoff; /* its registration with pipe->liftoff */
};

struct compositor_backend {
	struct wlr_backend base;
	struct wl_display *display;
	struct wlr_session *session;
	char *path;                /* of the device */
	struct wlr_device *device; /* NULL = it has been pulled out */
	int fd;                    /* device->fd, or -1 */
	struct wl_event_source *events;
	uint32_t cursor_width, cursor_height;
	bool started;
	bool gone; /* the device: no request of its outputs, which end, is of use */
	struct wl_list pipes;
	struct wl_list overlays; /* compositor_overlay.link */
	struct wl_list framebuffers; /* compositor_framebuffer.link */
	/* struct wlr_output *: the connector's modes changed; a custom mode joined the list. */
	struct wl_signal modes_changed, mode_added;
	/* Of a pipe offered or lessee may be another now. */
	struct wl_signal leases_changed;
	/*
	 * struct compositor_backend *: the device was pulled out, and there are no outputs any
	 * more; it is back, open as fd, and there are none yet.
	 */
	struct wl_signal lost, found;
	struct wl_listener device_change, device_remove; /* of device */
	struct wl_listener device_add, session_active, session_destroy;
};

/* A mode of an output with the device's timings. */
struct compositor_mode {
	struct wlr_output_mode base;
	drmModeModeInfo info;
};

/* A buffer the device can scan out; lives as long as the wlr_buffer. */
struct compositor_framebuffer {
	struct wlr_addon addon;
	struct compositor_backend *backend;
	struct wl_list link;
	struct wlr_buffer *buffer;
	uint32_t id, format;
	uint64_t modifier; /* DRM_FORMAT_MOD_INVALID = implicit */
	pid_t client; /* for whom it is shown, as the device knows; 0 = not told */
};

/* Planes that one output may show something on. */
#define COMPOSITOR_PLANES_MAX 32

/* Buffers that the device shows or is about to: locked. */
struct compositor_shown {
	struct wlr_buffer *buffers[COMPOSITOR_PLANES_MAX];
	unsigned count;
};

struct compositor_output {
	struct wlr_output base;
	struct compositor_pipe *pipe;
	/* Modes that left the list; clients' objects may still point to them. */
	struct wl_list retired_modes; /* wlr_output_mode.link */
	bool active;                  /* the crtc runs with info and mode_blob */
	drmModeModeInfo info;
	uint32_t mode_blob, gamma_blob;
	bool vrr_capable; /* of what is connected */
	struct compositor_shown front, queued; /* on the screen; waiting for the flip */
	struct wlr_buffer *composed; /* locked: what was composited last, shown or not */
	struct compositor_lift *lift; /* compositor_lift.c */
	/* What the next commit shows; NULL = all of it is in the commit's buffer. */
	struct compositor_sheet *sheets;
	unsigned sheet_count;
	bool busy; /* the last commit was refused because another one is under way */
	bool cursor_refused; /* no plane takes it: whoever composites has to draw it */
	bool flip_pending;
	uint32_t flip_commit_seq; /* wlr_output.commit_seq that the flip shows */
	struct {
		struct wlr_buffer *buffer; /* locked; NULL = hidden */
		int x, y;                  /* hot spot on the output, pixels */
		int hotspot_x, hotspot_y;
	} cursor;
};

/*
 * Opens path through the session and finds its pipes; outputs appear at
 * wlr_backend_start. When the device is pulled out they go, and come again with it:
 * its objects are the same ones then. The session must outlive the backend, which
 * wlr_backend_destroy ends. -ENODEV without a usable connector, or errno.
 */
int compositor_backend_create(struct wl_display *display, struct wlr_session *session,
	const char *path, struct compositor_backend **out);

/* ---- compositor_pipe.c ---- */

int compositor_pipes_create(struct compositor_backend *backend);
/* The device was pulled out and is back: pipes are as they were, on the file it has now. */
int compositor_pipes_renew(struct compositor_backend *backend);
void compositor_overlays_destroy(struct compositor_backend *backend);
void compositor_pipe_destroy(struct compositor_pipe *pipe);

/* ---- compositor_output.c ---- */

int compositor_output_create(struct compositor_pipe *pipe, const drmModeConnector *connector,
	struct compositor_output **out);
/* Takes over the connector's modes; true when the list changed. */
bool compositor_output_update_modes(struct compositor_output *out,
	const drmModeConnector *connector);
/* Modes an output may have on offer, custom ones included. */
#define COMPOSITOR_MODES_MAX 64

/* A mode of these timings from the list, added to it when it is new. NULL when it is full. */
struct compositor_mode *compositor_output_mode(struct compositor_output *out,
	const drmModeModeInfo *info);
/* The flip's event came: sequence and CLOCK_MONOTONIC time of its vblank. */
void compositor_output_flipped(struct compositor_output *out, unsigned sequence,
	const struct timespec *when);
/* The session is ours again: everything on the device may have changed. */
void compositor_output_restore(struct compositor_output *out);

/* ---- compositor_commit.c ---- */

/* wlr_output.pending against the device; test changes nothing. */
bool compositor_commit_test(struct compositor_output *out);
bool compositor_commit_run(struct compositor_output *out);
/*
 * Finds planes for output->sheets, on top of out->composed: says in them which
 * must be composited. Changes nothing on the device. False when it can not show them.
 */
bool compositor_commit_plan(struct compositor_output *out, bool *composite);
/* Crtc and planes off: at once, or when the flip under way has been shown. */
void compositor_commit_off(struct compositor_output *out);
/* pipe->off_wanted, and nothing is under way any more. */
void compositor_commit_pipe_off(struct compositor_pipe *pipe);

void compositor_shown_release(struct compositor_shown *shown);

/* ---- compositor_framebuffer.c ---- */

/* The buffer's framebuffer, made at first use. NULL when it cannot be shown. */
struct compositor_framebuffer *compositor_framebuffer_get(struct compositor_backend *backend,
	struct wlr_buffer *buffer);
/* Says in the device's history for which client it is shown: surface's. */
void compositor_framebuffer_tell_client(struct compositor_framebuffer *fb,
	struct wlr_surface *surface);
void compositor_framebuffer_destroy(struct compositor_framebuffer *fb);

#endif
