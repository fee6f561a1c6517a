/*
 * Which plane shows what, decided by libliftoff with TEST_ONLY commits. An
 * output's picture is a stack of sheets; each is either on a plane of its own
 * or part of the composited picture, which is on the primary plane below all
 * the others.
 *
 * libliftoff counts every plane of its device into every request, those of
 * other crtcs too, whose commits would then wait for each other's flips: so
 * each pipe has a liftoff_device of its own with only its planes. Planes that
 * several crtcs can use are handed out among the pipes that have an output.
 */
#ifndef COMPOSITOR_LIFT_H
#define COMPOSITOR_LIFT_H

#include <wlr/util/box.h>
#include <xf86drmMode.h>

#include "compositor_backend.h"

struct wlr_scene_node;
struct wlr_surface;

/* Something on an output. */
struct compositor_sheet {
	const void *key; /* who it is, from one frame to the next; never followed */
	struct wlr_box box;     /* where, in pixels of the output */
	struct wlr_fbox source; /* which part of the buffer, in its pixels */
	struct wlr_buffer *buffer; /* what can be a framebuffer; NULL = composited in any case */
	struct wlr_buffer *hold;   /* what is locked while it is shown */
	bool opaque;
	/* Found for it: */
	uint32_t plane_id; /* 0 = composited */
	struct compositor_framebuffer *fb;
	/* Of the frame's own use. */
	struct wlr_scene_node *node;
	struct wlr_surface *surface; /* or NULL */
};

/* More than these of a stack are not tried on planes: the search is exponential. */
#define COMPOSITOR_LIFT_MAX 6

int compositor_lift_pipe_init(struct compositor_pipe *pipe);
void compositor_lift_pipe_finish(struct compositor_pipe *pipe);
int compositor_lift_create(struct compositor_output *out);
void compositor_lift_destroy(struct compositor_output *out);
/* An output came or goes (pipe->output says so): planes for all are handed out anew. */
void compositor_lift_share(struct compositor_backend *backend);

/*
 * Adds the planes of out's sheets (lowest first), of the composited picture
 * below and of the cursor above them (NULL = hidden) to a request that has all
 * else. Sets the sheets' plane_id and fb, out->cursor_refused and *composited
 * (picture is shown). Negative errno: the device can not, whatever is composited.
 */
int compositor_lift_apply(struct compositor_output *out,
	const struct compositor_framebuffer *picture, const struct compositor_framebuffer *cursor,
	drmModeAtomicReq *req, uint32_t flags, bool *composited);
/* The device now has what was applied last, or nothing at all. */
void compositor_lift_applied(struct compositor_output *out, bool active);
/* The planes are off: libliftoff forgets what it put there. */
void compositor_lift_forget(struct compositor_output *out);
/* The plane that the picture or the cursor is on, 0 = none; for reports. */
uint32_t compositor_lift_picture_plane(struct compositor_output *out);
uint32_t compositor_lift_cursor_plane(struct compositor_output *out);

#endif
