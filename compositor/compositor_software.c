#include <pixman.h>

#include "compositor_bo.h"
#include "compositor_format.h"
#include "compositor_log.h"
#include "compositor_software.h"

static pixman_image_t *image(const struct compositor_surface *surface, bool write)
{
	uint8_t *bytes = surface->tiling ? NULL : compositor_bo_access(surface->bo, write);

	if (!bytes)
		return NULL;
	return pixman_image_create_bits_no_clear(compositor_format_pixman(surface->format),
		surface->width, surface->height, (uint32_t *)(bytes + surface->offset),
		surface->pitch);
}

static pixman_image_t *solid(uint32_t color)
{
	return pixman_image_create_solid_fill(&(pixman_color_t){
		.alpha = (color >> 24) * 0x101, .red = (color >> 16 & 0xff) * 0x101,
		.green = (color >> 8 & 0xff) * 0x101, .blue = (color & 0xff) * 0x101});
}

static pixman_image_t *source(const struct compositor_draw *draw)
{
	const int32_t *t = draw->transform;
	const pixman_transform_t transform = {{
		{t[0], t[1], t[2]}, {t[3], t[4], t[5]}, {0, 0, pixman_fixed_1}}};

	if (!draw->source.bo)
		return solid(draw->color);
	pixman_image_t *made = image(&draw->source, false);
	if (made)
		pixman_image_set_transform(made, &transform);
	return made;
}

static bool run(const struct compositor_draw *draw)
{
	pixman_image_t *to = image(&draw->target, true);
	pixman_image_t *from = to ? source(draw) : NULL;
	pixman_image_t *mask = draw->alpha < 255 ? solid((uint32_t)draw->alpha << 24) : NULL;
	bool done = to && from && (mask || draw->alpha == 255);

	if (done)
		pixman_image_composite32(draw->over ? PIXMAN_OP_OVER : PIXMAN_OP_SRC, from, mask,
			to, draw->source_x, draw->source_y, 0, 0, draw->x1, draw->y1,
			draw->x2 - draw->x1, draw->y2 - draw->y1);
	if (mask)
		pixman_image_unref(mask);
	if (from)
		pixman_image_unref(from);
	if (to)
		pixman_image_unref(to);
	return done;
}

void compositor_software_draw(const struct compositor_draw *draws, unsigned count)
{
	unsigned failed = 0;

	for (unsigned i = 0; i < count; i++) {
		if (run(&draws[i]))
			continue;
		/* Perhaps for want of memory, which maps of earlier ones keep. */
		compositor_bos_unmap(draws[i].target.bo->bos);
		failed += !run(&draws[i]);
	}
	if (failed > 0)
		compositor_warn("%u of %u draws could not be made", failed, count);
}
