/*
 * Who draws, and into what: the one place that chooses renderer and allocator.
 * Today wlroots' pixman renderer into dumb buffers of the device; a renderer
 * on the simulated GPU replaces both here and nowhere else.
 */
#ifndef COMPOSITOR_RENDER_H
#define COMPOSITOR_RENDER_H

struct wlr_allocator;
struct wlr_renderer;

struct compositor_render {
	struct wlr_renderer *renderer;
	struct wlr_allocator *allocator;
};

/* device_fd: the backend's KMS file; it must outlive what is made here. -ENOMEM. */
int compositor_render_init(struct compositor_render *render, int device_fd);
void compositor_render_finish(struct compositor_render *render);

#endif
