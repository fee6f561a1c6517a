#include <stdlib.h>

#include <drm_fourcc.h>
#include <wlr/render/dmabuf.h>

#include "compositor_bo.h"
#include "compositor_layout.h"
#include "compositor_video.h"
#include "gem_base.h"
#include "kms_layout.h"
#include "kms_pixel.h"
#include "kms_yuv.h"

/* Of 8 bits. */
static const uint32_t fourccs[] = {
	DRM_FORMAT_NV12, DRM_FORMAT_NV21, DRM_FORMAT_NV16, DRM_FORMAT_YUV420, DRM_FORMAT_YVU420,
	DRM_FORMAT_YUV422, DRM_FORMAT_YUV444, DRM_FORMAT_YUYV, DRM_FORMAT_UYVY,
};

struct compositor_video {
	struct compositor_layout layout;
	const struct kms_layout *format;
	struct compositor_bo *bos[COMPOSITOR_LAYOUT_PLANES];
};

const uint32_t *compositor_video_formats(unsigned *count)
{
	*count = GEM_ARRAY_SIZE(fourccs);
	return fourccs;
}

bool compositor_video_has(uint32_t fourcc)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(fourccs); i++) {
		if (fourccs[i] == fourcc)
			return true;
	}
	return false;
}

void compositor_video_close(struct compositor_video *video)
{
	for (unsigned i = 0; video && i < video->layout.plane_count; i++)
		compositor_bo_put(video->bos[i]);
	free(video);
}

static void describe(struct compositor_layout *layout,
	const struct wlr_dmabuf_attributes *attribs)
{
	layout->width = attribs->width;
	layout->height = attribs->height;
	layout->format = attribs->format;
	layout->modifier = attribs->modifier == DRM_FORMAT_MOD_INVALID ?
		DRM_FORMAT_MOD_LINEAR : attribs->modifier;
	layout->plane_count = attribs->n_planes;
	for (int i = 0; i < attribs->n_planes; i++) {
		layout->planes[i].offset = attribs->offset[i];
		layout->planes[i].stride = attribs->stride[i];
	}
}

struct compositor_video *compositor_video_open(struct compositor_bos *bos,
	const struct wlr_dmabuf_attributes *attribs)
{
	struct compositor_video *video = calloc(1, sizeof(*video));

	if (!video)
		return NULL;
	describe(&video->layout, attribs);
	video->format = kms_layout_find(attribs->format);
	bool ok = compositor_video_has(attribs->format) && video->format &&
		video->layout.modifier == DRM_FORMAT_MOD_LINEAR &&
		compositor_layout_check(&video->layout) == COMPOSITOR_FAULT_NONE;
	for (unsigned i = 0; ok && i < video->layout.plane_count; i++)
		ok = compositor_bo_import(bos, attribs->fd[i],
			compositor_layout_need(&video->layout, i), &video->bos[i]) == 0;
	if (!ok) {
		compositor_video_close(video);
		return NULL;
	}
	return video;
}

struct stream {
	const uint8_t *base;
	uint32_t stride, step;
	unsigned hsub, vsub;
};

static bool open_stream(const struct compositor_video *video, unsigned index,
	struct stream *stream)
{
	const struct kms_stream *from = &video->format->streams[index];
	const uint8_t *bytes = compositor_bo_access(video->bos[from->plane], false);

	if (!bytes)
		return false;
	stream->base = bytes + video->layout.planes[from->plane].offset + from->offset;
	stream->stride = video->layout.planes[from->plane].stride;
	stream->step = from->step;
	stream->hsub = from->subsampled ? video->format->hsub : 1;
	stream->vsub = from->subsampled ? video->format->vsub : 1;
	return true;
}

static int32_t sample(const struct stream *stream, uint32_t x, uint32_t y)
{
	return stream->base[(uint64_t)(y / stream->vsub) * stream->stride +
		x / stream->hsub * stream->step];
}

/* Encoding and range are the planes' default ones: nothing else is ever set. */
bool compositor_video_convert(const struct compositor_video *video, uint8_t *to, uint32_t pitch)
{
	struct stream streams[3];
	struct kms_yuv yuv;

	kms_yuv_init(&yuv, KMS_BT601, KMS_RANGE_LIMITED, 8);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(streams); i++) {
		if (!open_stream(video, i, &streams[i]))
			return false;
	}
	for (uint32_t y = 0; y < video->layout.height; y++) {
		uint8_t *row = to + (size_t)y * pitch;
		for (uint32_t x = 0; x < video->layout.width; x++) {
			struct kms_pixel pixel = kms_yuv_pixel(&yuv, sample(&streams[0], x, y),
				sample(&streams[1], x, y), sample(&streams[2], x, y));
			kms_pixel_store8(row + 4 * x, &pixel, 1);
		}
	}
	return true;
}
