#include <stddef.h>

#include <drm_fourcc.h>
#include <i915_drm.h>

#include "compositor_layout.h"
#include "gem_base.h"
#include "kms_format.h"

static const struct compositor_tiling tilings[] = {
	{DRM_FORMAT_MOD_LINEAR, I915_TILING_NONE, 4, 1, 4},
	{I915_FORMAT_MOD_X_TILED, I915_TILING_X, 512, 8, 4096},
	{I915_FORMAT_MOD_Y_TILED, I915_TILING_Y, 128, 32, 4096},
};

const struct compositor_tiling *compositor_tiling_find(uint64_t modifier)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(tilings); i++) {
		if (tilings[i].modifier == modifier)
			return &tilings[i];
	}
	return NULL;
}

const struct compositor_tiling *compositor_tiling_of_mode(uint32_t mode)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(tilings); i++) {
		if (tilings[i].mode == mode)
			return &tilings[i];
	}
	return NULL;
}

const struct compositor_tiling *compositor_tilings(unsigned *count)
{
	*count = GEM_ARRAY_SIZE(tilings);
	return tilings;
}

static uint32_t plane_width(const struct compositor_layout *layout,
	const struct kms_format *format, unsigned plane)
{
	return plane ? (layout->width + format->hsub - 1) / format->hsub : layout->width;
}

static uint32_t plane_height(const struct compositor_layout *layout,
	const struct kms_format *format, unsigned plane)
{
	return plane ? (layout->height + format->vsub - 1) / format->vsub : layout->height;
}

enum compositor_fault compositor_layout_check(const struct compositor_layout *layout)
{
	const struct kms_format *format = kms_format_find(layout->format);
	const struct compositor_tiling *tiling = compositor_tiling_find(layout->modifier);

	if (!format || !tiling)
		return COMPOSITOR_FAULT_FORMAT;
	if (layout->plane_count != format->planes)
		return COMPOSITOR_FAULT_PLANES;
	if (layout->width == 0 || layout->width > COMPOSITOR_LAYOUT_MAX || layout->height == 0 ||
	    layout->height > COMPOSITOR_LAYOUT_MAX)
		return COMPOSITOR_FAULT_SIZE;
	for (unsigned i = 0; i < layout->plane_count; i++) {
		uint32_t stride = layout->planes[i].stride;

		/* Both are 32 bits wide on their way to the device, and their end has to be, too. */
		if (stride < plane_width(layout, format, i) * format->cpp[i] ||
		    stride % (layout->plane_count > 1 && !tiling->mode ? 1 : tiling->pitch_align) ||
		    layout->planes[i].offset % tiling->offset_align ||
		    compositor_layout_need(layout, i) > UINT32_MAX)
			return COMPOSITOR_FAULT_BOUNDS;
	}
	return COMPOSITOR_FAULT_NONE;
}

uint64_t compositor_layout_need(const struct compositor_layout *layout, unsigned plane)
{
	const struct kms_format *format = kms_format_find(layout->format);
	const struct compositor_tiling *tiling = compositor_tiling_find(layout->modifier);
	uint64_t rows = GEM_ALIGN((uint64_t)plane_height(layout, format, plane),
		tiling->row_align);

	return layout->planes[plane].offset + layout->planes[plane].stride * rows;
}

const char *compositor_fault_text(enum compositor_fault fault)
{
	switch (fault) {
	case COMPOSITOR_FAULT_NONE:
		return "nothing is wrong";
	case COMPOSITOR_FAULT_FORMAT:
		return "the device has no such format or modifier";
	case COMPOSITOR_FAULT_PLANES:
		return "the format has another number of planes";
	case COMPOSITOR_FAULT_SIZE:
		return "width or height are 0 or too large";
	case COMPOSITOR_FAULT_BOUNDS:
		return "offset and stride lie outside of the buffer, or are no layout";
	case COMPOSITOR_FAULT_OBJECT:
		return "there is no such buffer";
	case COMPOSITOR_FAULT_MEMORY:
		return "no memory";
	}
	return "?";
}
