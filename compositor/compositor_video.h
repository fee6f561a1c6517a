/*
 * YUV buffers for the renderer. The GPU has no such formats; planes have, and that
 * is where video belongs. Where it is composited all the same (a screenshot by
 * screencopy, no plane free), the processor makes RGB of it, once a commit and only
 * when it is drawn, with the numbers that the display engine uses.
 */
#ifndef COMPOSITOR_VIDEO_H
#define COMPOSITOR_VIDEO_H

#include <stdbool.h>
#include <stdint.h>

struct compositor_bos;
struct compositor_video;
struct wlr_dmabuf_attributes;
struct wlr_drm_format_set;

/* What it takes: DRM_FORMAT_*, *count of them, linear only. */
const uint32_t *compositor_video_formats(unsigned *count);
bool compositor_video_has(uint32_t fourcc);

/* NULL: not such a buffer, or planes that do not lie in their objects. */
struct compositor_video *compositor_video_open(struct compositor_bos *bos,
	const struct wlr_dmabuf_attributes *attribs);
void compositor_video_close(struct compositor_video *video); /* NULL is fine */
/* XRGB8888; waits for the GPU when it writes the buffer. False = no mapping. */
bool compositor_video_convert(const struct compositor_video *video, uint8_t *to, uint32_t pitch);

#endif
