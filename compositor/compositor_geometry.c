#include <math.h>
#include <string.h>

#include <wlr/types/wlr_matrix.h>

#include "compositor_geometry.h"

/* Coordinates that packets have room for, with a pixel to spare. */
#define FARTHEST 32766

/* The first pixel whose centre is not before a point, and likewise for the end. */
static int32_t bound(double value, double margin)
{
	value = round(value + margin);
	return value < -FARTHEST ? -FARTHEST : value > FARTHEST ? FARTHEST : value;
}

/* Pixels that the quadrangle may touch: one more than it does, at every side. */
static void bounds(const float m[static 9], const pixman_box32_t *clip, pixman_box32_t *box)
{
	double left = fmin(m[0], 0) + fmin(m[1], 0) + m[2];
	double right = fmax(m[0], 0) + fmax(m[1], 0) + m[2];
	double top = fmin(m[3], 0) + fmin(m[4], 0) + m[5];
	double bottom = fmax(m[3], 0) + fmax(m[4], 0) + m[5];

	box->x1 = bound(left, -1);
	box->x2 = bound(right, 1);
	box->y1 = bound(top, -1);
	box->y2 = bound(bottom, 1);
	if (box->x1 < clip->x1)
		box->x1 = clip->x1;
	if (box->y1 < clip->y1)
		box->y1 = clip->y1;
	if (box->x2 > clip->x2)
		box->x2 = clip->x2;
	if (box->y2 > clip->y2)
		box->y2 = clip->y2;
}

static bool is_empty(const pixman_box32_t *box)
{
	return box->x1 >= box->x2 || box->y1 >= box->y2;
}

/* Its numbers are well within 16.16: pixman_transform_from_pixman_f_transform sees to that. */
static bool is_move(const struct pixman_transform *transform)
{
	const pixman_fixed_t (*m)[3] = transform->matrix;

	return m[0][0] == pixman_fixed_1 && m[0][1] == 0 && m[1][0] == 0 &&
		m[1][1] == pixman_fixed_1 && m[2][0] == 0 && m[2][1] == 0 &&
		m[2][2] == pixman_fixed_1;
}

/* m takes source pixels to pixels of the target. */
static bool invert(const float m[static 9], int32_t inverse[static 6])
{
	struct pixman_f_transform wide;
	struct pixman_transform transform;

	for (unsigned i = 0; i < 9; i++)
		wide.m[i / 3][i % 3] = m[i];
	if (!pixman_transform_from_pixman_f_transform(&transform, &wide))
		return false;
	if (is_move(&transform)) {
		/* Most are, and this is what pixman comes to, too. */
		transform.matrix[0][2] = -transform.matrix[0][2];
		transform.matrix[1][2] = -transform.matrix[1][2];
	} else if (!pixman_transform_invert(&transform, &transform)) {
		return false;
	}
	memcpy(inverse, transform.matrix[0], 3 * sizeof(*inverse));
	memcpy(inverse + 3, transform.matrix[1], 3 * sizeof(*inverse));
	return true;
}

/* A source coordinate that depends on one target coordinate only. */
struct axis {
	int64_t step, start; /* 16.16 */
	double low, high;    /* what of the source is shown */
	int64_t size;        /* the source's, pixels */
};

/* Where pixel X is taken from, as pixman has it: centre, less the smallest number. */
static int64_t sample(const struct axis *axis, int64_t x)
{
	return ((axis->step * (2 * x + 1) + 1) >> 1) + axis->start - 1;
}

static bool is_shown(const struct axis *axis, int64_t x)
{
	double at = sample(axis, x) / 65536.0;

	return at >= axis->low && at < axis->high;
}

static void trim(const struct axis *axis, int32_t *first, int32_t *end)
{
	while (*first < *end && !is_shown(axis, *first))
		++*first;
	while (*first < *end && !is_shown(axis, *end - 1))
		--*end;
}

/* In the source by more than what rounding along a row may change. */
static bool is_inside(const struct axis *axis, int32_t first, int32_t end)
{
	int64_t a = sample(axis, first), b = sample(axis, end - 1);
	int64_t limit = (axis->size << 16) - 2;

	return a >= 2 && b >= 2 && a < limit && b < limit;
}

/*
 * Transforms that keep the axes: just the box's pixels. Without a crop, pixels at
 * the edge stay in when there is a doubt: outside of a source is transparent.
 */
static void trim_box(const struct compositor_draw *draw, const struct wlr_fbox *box, bool crop,
	pixman_box32_t *pixels, bool *inside)
{
	const int32_t *t = draw->transform;
	bool turned = t[0] == 0 && t[4] == 0;
	const struct axis u = {turned ? t[1] : t[0], t[2], box->x, box->x + box->width,
		draw->source.width};
	const struct axis v = {turned ? t[3] : t[4], t[5], box->y, box->y + box->height,
		draw->source.height};
	pixman_box32_t trimmed = *pixels;

	trim(turned ? &v : &u, &trimmed.x1, &trimmed.x2);
	trim(turned ? &u : &v, &trimmed.y1, &trimmed.y2);
	*inside = !is_empty(&trimmed) &&
		is_inside(turned ? &v : &u, trimmed.x1, trimmed.x2) &&
		is_inside(turned ? &u : &v, trimmed.y1, trimmed.y2);
	if (*inside || crop)
		*pixels = trimmed;
}

/* Whole pixels, and no scale: the transform is in the source's point. */
static bool make_copy(struct compositor_draw *draw, const pixman_box32_t *box)
{
	int32_t *t = draw->transform;
	int64_t x = box->x1 + (((int64_t)t[2] + 0x8000 - 1) >> 16);
	int64_t y = box->y1 + (((int64_t)t[5] + 0x8000 - 1) >> 16);

	if (x < -FARTHEST || x > FARTHEST || y < -FARTHEST || y > FARTHEST)
		return false;
	t[2] = t[5] = 0;
	draw->source_x = x;
	draw->source_y = y;
	return true;
}

/*
 * A crop that follows no axis: the surface begins and ends with the box, but at
 * the left, where its rows would go beyond the object's end (and at the top, when
 * it is tiled).
 */
static void crop_surface(struct compositor_draw *draw, const struct wlr_fbox *box)
{
	struct compositor_surface *source = &draw->source;
	double right = ceil(box->x + box->width), bottom = ceil(box->y + box->height);
	uint32_t y = box->y > 0 ? floor(box->y) : 0;

	if (right >= 1 && right < source->width)
		source->width = right;
	if (bottom >= 1 && bottom < source->height)
		source->height = bottom;
	if (y > 0 && y < source->height && !source->tiling) {
		source->offset += y * source->pitch;
		source->height -= y;
		draw->transform[5] -= (int32_t)(y << 16);
	}
}

static bool keeps_axes(const int32_t t[static 6])
{
	return (t[1] == 0 && t[3] == 0) || (t[0] == 0 && t[4] == 0);
}

/* matrix of the unit square, m of the source's pixels. crop: nothing outside of box, for sure. */
static bool place(struct compositor_draw *draw, const float matrix[static 9],
	const float m[static 9], const struct wlr_fbox *box, bool crop,
	const pixman_box32_t *clip, bool *inside)
{
	const int32_t *t = draw->transform;
	pixman_box32_t pixels;

	*inside = false;
	bounds(matrix, clip, &pixels);
	if (is_empty(&pixels) || !invert(m, draw->transform))
		return false;
	if (keeps_axes(t))
		trim_box(draw, box, crop, &pixels, inside);
	else if (crop)
		crop_surface(draw, box);
	if (is_empty(&pixels))
		return false;
	draw->x1 = pixels.x1;
	draw->y1 = pixels.y1;
	draw->x2 = pixels.x2;
	draw->y2 = pixels.y2;
	draw->source_x = pixels.x1;
	draw->source_y = pixels.y1;
	if (t[0] == pixman_fixed_1 && t[4] == pixman_fixed_1 && t[1] == 0 && t[3] == 0)
		return make_copy(draw, &pixels);
	return true;
}

bool compositor_geometry_texture(struct compositor_draw *draw, const float matrix[static 9],
	const struct wlr_fbox *box, const pixman_box32_t *clip, bool *inside)
{
	const struct compositor_surface *source = &draw->source;
	bool crop = box->x > 0 || box->y > 0 || box->x + box->width < source->width ||
		box->y + box->height < source->height;
	float m[9];

	*inside = false;
	if (!(box->width > 0 && box->height > 0))
		return false;
	memcpy(m, matrix, sizeof(m));
	wlr_matrix_scale(m, 1.0 / box->width, 1.0 / box->height);
	if (box->x != 0 || box->y != 0)
		wlr_matrix_translate(m, -box->x, -box->y);
	return place(draw, matrix, m, box, crop, clip, inside);
}

enum compositor_quad compositor_geometry_quad(struct compositor_draw *draw,
	const float matrix[static 9], const pixman_box32_t *clip, uint32_t *width,
	uint32_t *height)
{
	float across = hypotf(matrix[0], matrix[1]), down = hypotf(matrix[3], matrix[4]);
	float m[9];
	bool inside;

	/* Less than a pixel: wlroots makes a picture of whole pixels and turns it. */
	if (!(across >= 1 && across <= FARTHEST && down >= 1 && down <= FARTHEST))
		return COMPOSITOR_QUAD_NONE;
	*width = across;
	*height = down;
	draw->source.width = *width;
	draw->source.height = *height;
	memcpy(m, matrix, sizeof(m));
	wlr_matrix_scale(m, 1.0 / across, 1.0 / down);
	const struct wlr_fbox box = {0, 0, *width, *height};
	if (!place(draw, matrix, m, &box, true, clip, &inside))
		return COMPOSITOR_QUAD_NONE;
	return keeps_axes(draw->transform) ? COMPOSITOR_QUAD_BOX : COMPOSITOR_QUAD_TURNED;
}
