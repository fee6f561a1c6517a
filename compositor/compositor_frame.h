/*
 * One frame of a screen: which surfaces go on planes, what is left to composite
 * for the others, and telling clients about it. Instead of
 * wlr_scene_output_commit, which knows only one buffer for one output.
 */
#ifndef COMPOSITOR_FRAME_H
#define COMPOSITOR_FRAME_H

#include <stdio.h>

#include "compositor_lift.h"
#include "compositor_server.h"

void compositor_frame_init(struct compositor_screen *screen);
void compositor_frame_finish(struct compositor_screen *screen);
/* Shows what has changed, if anything has. No flip may be under way. */
void compositor_frame_commit(struct compositor_screen *screen);
/* A frame event in a while, unless one comes by itself: the device refused something. */
void compositor_frame_retry(struct compositor_screen *screen);
/* Whether planes are used at all; without them the cursor is composited too. */
void compositor_frame_set_planes(struct compositor_server *server, bool use);

/* ---- compositor_report.c ---- */

/* Members of a JSON object: what is on which plane of every screen, and all surfaces. */
void compositor_report_planes(struct compositor_server *server, FILE *out);

/* ---- compositor_sheets.c ---- */

/* What of the scene is visible on the screen, into frame.sheets. False = no memory. */
bool compositor_sheets_collect(struct compositor_screen *screen);

/* ---- compositor_feedback.c ---- */

/* The commit that was just made shows the surface on a plane: for presentation-time clients. */
void compositor_feedback_add(struct compositor_screen *screen, struct wlr_surface *surface);
void compositor_feedback_init(struct compositor_screen *screen);
/* What was never shown is discarded. */
void compositor_feedback_finish(struct compositor_screen *screen);

/* ---- compositor_usage.c ---- */

/* How a surface has been shown since it exists. */
struct compositor_usage {
	uint64_t scanned;    /* frames in which a plane read its buffer */
	uint64_t composited; /* frames that were composited with it */
	/* That compositing wrote for it, 4 a pixel. What shm clients' textures cost is not in it. */
	uint64_t bytes;
};

/* NULL = no memory, or not there yet and create is false. */
struct compositor_usage *compositor_usage_of(struct wlr_surface *surface, bool create);

#endif
