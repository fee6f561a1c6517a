/*
 * wlr_texture on GEM objects.
 *
 * A texture of shared memory is written by the processor, never by the GPU: so
 * its content survives a hang. When the GPU still reads it, another version of it
 * is written, an object of its own that first gets what it missed; so nobody
 * waits, and what is copied is damage only. All but the current version are
 * spare.
 */
#ifndef COMPOSITOR_TEXTURE_H
#define COMPOSITOR_TEXTURE_H

#include "compositor_renderer.h"

enum { COMPOSITOR_VERSIONS_MAX = 3 };

struct compositor_texture {
	struct wlr_texture base;
	struct wl_list link; /* compositor_renderer.textures */
	struct compositor_renderer *renderer;
	const struct compositor_format *format; /* of the pixels that write_pixels takes */
	bool opaque;
	struct compositor_surface surface; /* bo: the current version's, or the import's */
	struct wlr_buffer *buffer;         /* of an import, locked; else NULL */
	/* A YUV import's, NULL while it need not be drawn; surface is what it becomes, without bo until it is drawn first. */
	struct compositor_video *video;
	struct {
		struct compositor_bo *bo;
		pixman_region32_t stale; /* what the current one has newer */
	} versions[COMPOSITOR_VERSIONS_MAX];
	unsigned version_count, current;
};

/* wlr_renderer_impl.texture_from_buffer */
struct wlr_texture *compositor_texture_from_buffer(struct wlr_renderer *base,
	struct wlr_buffer *buffer);
/* An import has nothing of the device any more, until it is drawn again. */
void compositor_texture_lose_device(struct compositor_texture *texture);
/* Before it is drawn: its pixels are there then. False = they cannot be had. */
bool compositor_texture_prepare(struct compositor_texture *texture);
/* The texture, or NULL when it is another renderer's. */
struct compositor_texture *compositor_texture_of(struct wlr_texture *base);

#endif
