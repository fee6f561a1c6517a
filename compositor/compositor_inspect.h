/*
 * The inspector: labels on the screen that say of every surface whose it is, what buffer
 * it has, who else holds that buffer and which plane shows it; and a strip with the last
 * second's flips, vblanks and GPU jobs. Of the pointer's picture a line in the strip says
 * it: a label would run after the pointer, and the others out of its way.
 *
 * It is one buffer over each output, transparent where it says nothing, and above all else
 * in the scene. So it can be on a plane of its own, and what it tells about is shown as it
 * would be without it: one overlay plane is what the inspector takes. Where there is none
 * left, what it covers is composited, and its labels say so.
 *
 * Main thread, like all of the shell.
 */
#ifndef COMPOSITOR_INSPECT_H
#define COMPOSITOR_INSPECT_H

#include <stdbool.h>
#include <stdio.h>

#include <wlr/util/box.h>

#include "compositor_server.h"

struct compositor_census_output;
struct compositor_census_surface;

struct compositor_inspect;

/* Off at first. -ENOMEM. */
int compositor_inspect_create(struct compositor_server *server, struct compositor_inspect **out);
/* NULL does nothing. */
void compositor_inspect_destroy(struct compositor_inspect *inspect);
void compositor_inspect_set(struct compositor_inspect *inspect, bool on);
bool compositor_inspect_is_on(const struct compositor_inspect *inspect);
/* Members of a JSON object: "on", and "outputs" with the labels as they are drawn. */
void compositor_inspect_print(struct compositor_inspect *inspect, FILE *out);

/* ---- compositor_inspect_place.c: where labels go ---- */

/* A label, and the surface that it is about; pixels of the output. */
struct compositor_inspect_spot {
	struct wlr_box about;  /* in: the surface */
	int width, height;     /* in: of the label */
	struct wlr_box box;    /* out: where it is; of width 0 = there is no room */
};

/*
 * Finds places on a screen for labels so that none is on another, on the screen's edge or
 * on `taken` (width 0 = nothing is): in a corner of what it is about if possible, else
 * beside it, else as near as there is room. The first ones choose first. Returns how many
 * have no place.
 */
unsigned compositor_inspect_place(int width, int height, const struct wlr_box *taken,
	struct compositor_inspect_spot *spots, unsigned count);

/* ---- compositor_inspect_text.c: what labels say ---- */

#define COMPOSITOR_INSPECT_LINES 5
#define COMPOSITOR_INSPECT_LINE 96

struct compositor_inspect_text {
	char lines[COMPOSITOR_INSPECT_LINES][COMPOSITOR_INSPECT_LINE]; /* UTF-8 */
	unsigned count;
};

/* extras: how many more surfaces the label is about (compositor_inspect_stands_for). */
void compositor_inspect_describe(const struct compositor_census_output *output,
	const struct compositor_census_surface *surface, unsigned extras,
	struct compositor_inspect_text *text);
/* The strip's line about the pointer's picture on output, which a client may have set. */
void compositor_inspect_describe_pointer(const struct compositor_census_output *output,
	char line[COMPOSITOR_INSPECT_LINE]);
/*
 * Whether one label is enough for both: other is a lesser shared-memory part (a frame, a
 * button) of the window that surface belongs to, shown in the same way.
 */
bool compositor_inspect_stands_for(const struct compositor_census_surface *surface,
	const struct compositor_census_surface *other);
/* Of what shows it: 0xRRGGBB. One for each plane of a kind, up to a few. */
uint32_t compositor_inspect_colour(const struct compositor_census_surface *surface);
#define COMPOSITOR_INSPECT_COMPOSITED 0xb4bec9u
#define COMPOSITOR_INSPECT_PRIMARY 0x4fc3f7u
#define COMPOSITOR_INSPECT_OVERLAY 0xffb74du /* the first one's */
#define COMPOSITOR_INSPECT_CURSOR 0xf48fb1u

#endif
