/*
 * Draws as packets of the render engine, with relocations. Pure: nothing is
 * submitted here.
 */
#ifndef COMPOSITOR_ENCODE_H
#define COMPOSITOR_ENCODE_H

#include <i915_drm.h>

#include "compositor_draw.h"

enum {
	COMPOSITOR_DRAWS_MAX = 512,
	/* TARGET 4, SURFACE 10, DRAW 6; and the end. */
	COMPOSITOR_DWORDS_MAX = COMPOSITOR_DRAWS_MAX * 20 + 2,
	COMPOSITOR_RELOCS_MAX = COMPOSITOR_DRAWS_MAX * 2,
};

struct compositor_packets {
	uint32_t dwords[COMPOSITOR_DWORDS_MAX];
	unsigned dword_count; /* even: batches end at a multiple of 8 bytes */
	struct drm_i915_gem_relocation_entry relocs[COMPOSITOR_RELOCS_MAX];
	unsigned reloc_count;
};

/*
 * count <= COMPOSITOR_DRAWS_MAX. Objects have their slot and address set:
 * relocations name slot - 1 and presume address.
 */
void compositor_encode(struct compositor_packets *packets, const struct compositor_draw *draws,
	unsigned count);

#endif
