/* Pictures of libdrm_intel as images that go to other processes. */
#ifndef DEMO_INTEL_H
#define DEMO_INTEL_H

#include "demo_window.h"
#include "intel_paint.h"

/* XRGB8888, linear or X-tiled; by_fd: as a dma-buf, the caller's to close, else by flink name. */
struct demo_image demo_image_of(struct picture *picture, bool by_fd);
/* What is drawn on these is not to be checked. */
struct picture *demo_picture_create(drm_intel_bufmgr *manager, uint32_t width, uint32_t height,
	uint32_t tiling);
/* Another process' picture. NULL = nobody has a handle any more, and so the name is gone. */
struct picture *demo_picture_open(drm_intel_bufmgr *manager, const struct demo_image *image);

#endif
