/*
 * Who draws, and into what: the one place that chooses renderer and allocator.
 * The renderer is ours on the simulated GPU, or wlroots' pixman renderer for
 * comparison; both draw into GEM objects of the device.
 */
#ifndef COMPOSITOR_RENDER_H
#define COMPOSITOR_RENDER_H

#include <stdbool.h>
#include <stdio.h>

struct wlr_allocator;
struct wlr_linux_dmabuf_v1;
struct wlr_renderer;
struct wl_display;

enum compositor_render_kind { COMPOSITOR_RENDER_GPU, COMPOSITOR_RENDER_PIXMAN };

struct compositor_render {
	struct wlr_renderer *renderer;
	struct wlr_allocator *allocator;
	struct wlr_linux_dmabuf_v1 *dmabuf; /* the display's; NULL = the renderer takes none */
	enum compositor_render_kind kind;
};

/* "gpu" or "pixman"; false = another name. */
bool compositor_render_parse(const char *name, enum compositor_render_kind *kind);

/*
 * device_fd: the backend's KMS file; it must outlive what is made here. -ENOMEM;
 * GPU: -ENODEV and what else the device says.
 */
int compositor_render_init(struct compositor_render *render, int device_fd,
	enum compositor_render_kind kind);
void compositor_render_finish(struct compositor_render *render);
/* wl_shm, and linux-dmabuf (with feedback) when the renderer takes dma-bufs. False = no memory. */
bool compositor_render_init_display(struct compositor_render *render, struct wl_display *display);

/*
 * The device was pulled out: what was drawn into goes with it, textures stay. It is back,
 * open as device_fd. Negative errno: nothing can be drawn.
 */
void compositor_render_lose_device(struct compositor_render *render);
int compositor_render_find_device(struct compositor_render *render, int device_fd);

/*
 * True once after the GPU lost something that was submitted (a hang): all that
 * is on buffers of the allocator has to be drawn anew.
 */
bool compositor_render_lost(struct compositor_render *render);
/* Members of a JSON object: which renderer, and what it has done. */
void compositor_render_print(const struct compositor_render *render, FILE *out);

#endif
