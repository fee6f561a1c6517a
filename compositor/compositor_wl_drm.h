/*
 * Mesa's wl_drm, all of it: buffers by flink name, in planes, by dma-buf, and
 * authentication. wlroots' own has no flink names.
 *
 * A buffer that comes by name is held as a dma-buf from then on: it takes the
 * way of all dma-bufs, to the GPU and onto planes, and its name may die.
 */
#ifndef COMPOSITOR_WL_DRM_H
#define COMPOSITOR_WL_DRM_H

struct compositor_exchange;
struct compositor_wl_drm;
struct wl_display;
struct wlr_renderer;

/*
 * The global, for clients that run with the library that has the device. The
 * renderer takes dma-bufs. What it is given must outlive it. Negative errno.
 */
int compositor_wl_drm_create(struct wl_display *display, struct wlr_renderer *renderer,
	struct compositor_exchange *exchange, struct compositor_wl_drm **out);
/* The clients are gone. NULL is fine. */
void compositor_wl_drm_destroy(struct compositor_wl_drm *drm);

#endif
