/*
 * Pixel formats of the renderer: what clients may bring, what the GPU draws
 * with. A format without a GPU format is converted while it is uploaded.
 */
#ifndef COMPOSITOR_FORMAT_H
#define COMPOSITOR_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pixman.h>

struct compositor_format {
	uint32_t fourcc;             /* DRM_FORMAT_* */
	pixman_format_code_t pixman;
	uint32_t cpp;                /* bytes a pixel */
	bool alpha;
	/* What textures made of it have: this very format, or one to convert to. */
	uint32_t texture_fourcc;
	uint32_t gpu; /* enum gpu_composite_format; only when texture_fourcc is fourcc */
};

/* NULL = not supported. */
const struct compositor_format *compositor_format_find(uint32_t fourcc);
/* Whether the GPU reads and writes it. */
bool compositor_format_is_native(const struct compositor_format *format);
/* The table. */
const struct compositor_format *compositor_formats(size_t *count);
/* All fourccs, for wl_shm; XRGB8888 and ARGB8888 are among them. */
const uint32_t *compositor_format_fourccs(size_t *count);
/* pixman's code of a GPU format. */
pixman_format_code_t compositor_format_pixman(uint32_t gpu);

#endif
