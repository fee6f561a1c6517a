/*
 * From wlroots' matrices to draws. Pure.
 *
 * wlroots hands over a matrix that takes the unit square to pixels of the
 * target. The arithmetic here is that of its pixman renderer to the last bit (the
 * same 16.16 rounding before the inversion, nearest sampling), so that pixels
 * can be compared; but the source box, whose corner that one ignores, is kept.
 */
#ifndef COMPOSITOR_GEOMETRY_H
#define COMPOSITOR_GEOMETRY_H

#include <pixman.h>
#include <wlr/util/box.h>

#include "compositor_draw.h"

/*
 * Fills in transform, box and source point of a draw of draw->source, of which
 * box (source pixels) is shown; nothing outside of clip is drawn. *inside: every
 * pixel of the draw's box has a pixel of the source. False = nothing to draw.
 */
bool compositor_geometry_texture(struct compositor_draw *draw, const float matrix[static 9],
	const struct wlr_fbox *box, const pixman_box32_t *clip, bool *inside);

enum compositor_quad {
	COMPOSITOR_QUAD_NONE,
	COMPOSITOR_QUAD_BOX,   /* draw's box is all of it */
	COMPOSITOR_QUAD_TURNED /* draw is that of a source of *width x *height pixels of the colour */
};
enum compositor_quad compositor_geometry_quad(struct compositor_draw *draw,
	const float matrix[static 9], const pixman_box32_t *clip, uint32_t *width,
	uint32_t *height);

#endif
