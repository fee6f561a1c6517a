/*
 * Mesa's wl_drm, all of it: buffers by flink name, in planes, by dma-buf, and
 * authentication. wlroots' own has no flink names.
 *
 * A buffer that comes by name is held as a dma-buf from then on: it takes the
 * way of all dma-bufs, to the GPU and onto planes, and its name may die.
 */
#ifndef COMPOSITOR_WL_DRM_H
#define COMPOSITOR_WL_DRM_H

#include <stdint.h>

#include <wlr/types/wlr_buffer.h>

struct compositor_exchange;
struct compositor_wl_drm;
struct wlr_renderer;

/*
 * The global, for clients that run with the library that has the device. The
 * renderer takes dma-bufs. What it is given must outlive it. Negative errno.
 */
int compositor_wl_drm_create(struct wl_display *display, struct wlr_renderer *renderer,
	struct compositor_exchange *exchange, struct compositor_wl_drm **out);
/* The clients are gone. NULL is fine. */
void compositor_wl_drm_destroy(struct compositor_wl_drm *drm);

/* The flink name that a buffer came by; 0 = it came otherwise. */
uint32_t compositor_wl_drm_name(struct wlr_buffer *buffer);

#endif
