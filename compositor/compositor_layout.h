/*
 * How a client says that a picture lies in its objects, and whether that can be:
 * arithmetic only, no device and no Wayland.
 */
#ifndef COMPOSITOR_LAYOUT_H
#define COMPOSITOR_LAYOUT_H

#include <stdint.h>

enum { COMPOSITOR_LAYOUT_PLANES = 4 };

/* What a modifier asks of pitch (bytes), rows and offset (bytes). */
struct compositor_tiling {
	uint64_t modifier;
	uint32_t mode; /* I915_TILING_* */
	uint32_t pitch_align, row_align, offset_align;
};

struct compositor_layout {
	uint32_t width, height, format; /* pixels; DRM_FORMAT_* */
	uint64_t modifier;              /* of all planes */
	unsigned plane_count;
	struct {
		uint32_t offset, stride; /* bytes */
	} planes[COMPOSITOR_LAYOUT_PLANES];
};

enum compositor_fault {
	COMPOSITOR_FAULT_NONE,
	COMPOSITOR_FAULT_FORMAT, /* the device knows no such format or modifier */
	COMPOSITOR_FAULT_PLANES, /* fewer or more than the format has */
	COMPOSITOR_FAULT_SIZE,   /* 0, or larger than COMPOSITOR_LAYOUT_MAX */
	COMPOSITOR_FAULT_BOUNDS, /* offset or stride: rows that overlap, no alignment, too far */
	COMPOSITOR_FAULT_OBJECT, /* no such object */
	COMPOSITOR_FAULT_MEMORY,
};

/* Pixels; what a framebuffer may have (DRM_CAP limits are not larger). */
enum { COMPOSITOR_LAYOUT_MAX = 16384 };

/* NULL: none that the device has. */
const struct compositor_tiling *compositor_tiling_find(uint64_t modifier);
const struct compositor_tiling *compositor_tiling_of_mode(uint32_t mode);
const struct compositor_tiling *compositor_tilings(unsigned *count);

/* layout.modifier is one that compositor_tiling_find knows, else the fault is FORMAT. */
enum compositor_fault compositor_layout_check(const struct compositor_layout *layout);
/* Bytes that the plane's object must have at least; layout has been checked. */
uint64_t compositor_layout_need(const struct compositor_layout *layout, unsigned plane);

/* In words, for messages to the client's programmer. */
const char *compositor_fault_text(enum compositor_fault fault);

#endif
