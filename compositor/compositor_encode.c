#include <string.h>

#include "compositor_bo.h"
#include "compositor_encode.h"
#include "gpu_packet.h"

static void put(struct compositor_packets *packets, uint32_t dword)
{
	packets->dwords[packets->dword_count++] = dword;
}

static void put_surface(struct compositor_packets *packets,
	const struct compositor_surface *surface, bool write)
{
	packets->relocs[packets->reloc_count++] = (struct drm_i915_gem_relocation_entry){
		.target_handle = surface->bo->slot - 1,
		.delta = surface->offset,
		.offset = packets->dword_count * sizeof(uint32_t),
		.presumed_offset = surface->bo->address,
		.read_domains = I915_GEM_DOMAIN_RENDER,
		.write_domain = write ? I915_GEM_DOMAIN_RENDER : 0,
	};
	put(packets, surface->bo->address + surface->offset);
	put(packets, GPU_COMPOSITE_LAYOUT(surface->format, surface->pitch) |
		GPU_COMPOSITE_TILED_X * surface->tiling);
	put(packets, GPU_XY(surface->width, surface->height));
}

static bool same_surface(const struct compositor_surface *a, const struct compositor_surface *b)
{
	return a->bo == b->bo && a->offset == b->offset && a->pitch == b->pitch &&
		a->width == b->width && a->height == b->height && a->format == b->format &&
		a->tiling == b->tiling;
}

static bool same_source(const struct compositor_draw *a, const struct compositor_draw *b)
{
	if (!a->source.bo || !b->source.bo)
		return a->source.bo == b->source.bo && a->color == b->color;
	return same_surface(&a->source, &b->source) &&
		memcmp(a->transform, b->transform, sizeof(a->transform)) == 0;
}

static void put_source(struct compositor_packets *packets, const struct compositor_draw *draw)
{
	if (!draw->source.bo) {
		put(packets, GPU_COMPOSITE_SOLID);
		put(packets, draw->color);
		return;
	}
	put(packets, GPU_COMPOSITE_SURFACE);
	put_surface(packets, &draw->source, false);
	for (unsigned i = 0; i < 6; i++)
		put(packets, draw->transform[i]);
}

void compositor_encode(struct compositor_packets *packets, const struct compositor_draw *draws,
	unsigned count)
{
	const struct compositor_draw *last = NULL;

	packets->dword_count = 0;
	packets->reloc_count = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct compositor_draw *draw = &draws[i];

		if (!last || !same_surface(&last->target, &draw->target)) {
			put(packets, GPU_COMPOSITE_TARGET);
			put_surface(packets, &draw->target, true);
		}
		if (!last || !same_source(last, draw))
			put_source(packets, draw);
		put(packets, GPU_COMPOSITE_DRAW);
		put(packets, (draw->over ? GPU_COMPOSITE_OVER : GPU_COMPOSITE_SRC) | draw->alpha);
		put(packets, GPU_XY(draw->x1, draw->y1));
		put(packets, GPU_XY(draw->x2, draw->y2));
		put(packets, GPU_XY(draw->source_x, draw->source_y));
		put(packets, 0);
		last = draw;
	}
	put(packets, GPU_MI_BATCH_BUFFER_END);
	if (packets->dword_count % 2)
		put(packets, GPU_MI_NOOP);
}
