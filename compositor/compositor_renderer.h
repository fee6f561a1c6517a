/*
 * wlr_renderer on the simulated GPU: textures and targets are GEM objects,
 * drawing is batches of COMPOSITE packets through EXECBUFFER2. It is a client of
 * the device like any other: libdrm, an open file of its own, no call into gem/
 * or gpu/.
 *
 * Between begin and end nothing waits for the GPU: the draws are gathered, end
 * submits them, and the display's flip waits for them. read_pixels waits. What
 * wl_shm clients bring is copied once, into the texture (a client may truncate or
 * unmap its pool at any time; the GPU's threads must not read it). A dma-buf is
 * drawn from where it is.
 *
 * Sampling is nearest, as with wlroots' pixman renderer.
 */
#ifndef COMPOSITOR_RENDERER_H
#define COMPOSITOR_RENDERER_H

#include <wlr/render/drm_format_set.h>
#include <wlr/render/interface.h>
#include <wlr/render/wlr_renderer.h>
#include <wlr/types/wlr_buffer.h>
#include <wlr/util/addon.h>

#include "compositor_batch.h"
#include "compositor_format.h"
#include "compositor_geometry.h"

/* A dma-buf as a surface; lives as long as its wlr_buffer. */
struct compositor_import {
	struct wlr_addon addon; /* of the buffer */
	struct wl_list link;    /* compositor_renderer.imports */
	struct compositor_surface surface;
	const struct compositor_format *format;
};

struct compositor_renderer {
	struct wlr_renderer base;
	int fd; /* -1 = the device is gone */
	struct compositor_bos bos;
	struct compositor_batch *batch;
	struct wl_list textures; /* compositor_texture.link */
	struct wl_list imports;
	struct wlr_drm_format_set texture_formats, render_formats;
	/* What is bound, and where drawing goes: the clip is within the target. */
	struct wlr_buffer *target_buffer; /* locked */
	const struct compositor_import *target;
	pixman_box32_t viewport, clip;
};

/*
 * device_fd: any file of the device; not kept. -ENODEV: no such device file, or it
 * has no GPU; -ENOMEM; what CONTEXT_CREATE says.
 */
int compositor_renderer_create(int device_fd, struct wlr_renderer **out);
/* The renderer, or NULL when it is another one. */
struct compositor_renderer *compositor_renderer_from(struct wlr_renderer *base);

/*
 * The device was pulled out: textures stay, and new ones are made, but nothing can be drawn
 * into. It is back: what is drawn is the same as before. Negative errno: it is still gone.
 */
void compositor_renderer_lose_device(struct compositor_renderer *renderer);
int compositor_renderer_find_device(struct compositor_renderer *renderer, int device_fd);

/* The buffer's surface, imported at first use. NULL: no dma-buf that the GPU can take. */
const struct compositor_import *compositor_renderer_import(struct compositor_renderer *renderer,
	struct wlr_buffer *buffer);
/* By what it says of itself: the format it may be drawn in, or NULL. */
const struct compositor_format *compositor_import_format(
	const struct wlr_dmabuf_attributes *attribs);
/* Formats and modifiers of imports; tiled and YUV ones are for textures only. False = no memory. */
bool compositor_import_add_formats(struct wlr_drm_format_set *set, bool textures);

#endif
