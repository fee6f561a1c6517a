/* Frames as one stream; the formats are in kms_sink.h. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kms_queue_sink.h"

struct video {
	char path[PATH_MAX];
	size_t suffix;           /* place of ".y4m" or ".raw" in path */
	bool y4m;
	FILE *file;              /* NULL: nothing came yet, or it failed */
	unsigned part;           /* of the next file */
	uint32_t width, height;  /* of the open file, as all below */
	uint64_t sequence;       /* of the last frame */
	uint8_t *bytes;          /* the last frame as it is in the file */
	size_t size;
};

/* ---- BT.601, limited range, the nearest whole number ---- */

static uint8_t luma(const uint8_t *pixel)
{
	return 16 + (219 * (299 * pixel[2] + 587 * pixel[1] + 114 * pixel[0]) + 127500) / 255000;
}

/* 224 * (b - y) / (2 * (1 - 0.114)) / 255 + 128, in whole numbers. */
static uint8_t blue_difference(const uint8_t *pixel)
{
	int sum = 224 * (-299 * pixel[2] - 587 * pixel[1] + 886 * pixel[0]);

	return (sum + 128 * 451860 + 225930) / 451860;
}

static uint8_t red_difference(const uint8_t *pixel)
{
	int sum = 224 * (701 * pixel[2] - 587 * pixel[1] - 114 * pixel[0]);

	return (sum + 128 * 357510 + 178755) / 357510;
}

static void convert(struct video *video, const struct kms_queued_frame *frame)
{
	size_t count = (size_t)frame->width * frame->height;
	uint8_t *y = video->bytes, *u = y + count, *v = u + count;

	if (!video->y4m) {
		memcpy(video->bytes, frame->pixels, video->size);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		y[i] = luma(frame->pixels + 4 * i);
		u[i] = blue_difference(frame->pixels + 4 * i);
		v[i] = red_difference(frame->pixels + 4 * i);
	}
}

/* ---- the file ---- */

static int close_file(struct video *video)
{
	int ret = video->file && fclose(video->file) != 0 ? -errno : 0;

	video->file = NULL;
	free(video->bytes);
	video->bytes = NULL;
	return ret;
}

static int write_header(struct video *video, const struct kms_queued_frame *frame)
{
	unsigned long long num = 60, den = 1;

	if (!video->y4m)
		return 0;
	if (frame->period_num) { /* 1e9 ns; divided by 1000 so that players' 32 bits do */
		num = frame->period_den * 1000;
		den = frame->period_num / 1000000;
	}
	return fprintf(video->file, "YUV4MPEG2 W%u H%u F%llu:%llu Ip A1:1 C444\n", frame->width,
		frame->height, num, den) < 0 ? -errno : 0;
}

/* The first is PATH.y4m, those of later sizes PATH-1.y4m and so on. */
static int open_file(struct video *video, const struct kms_queued_frame *frame)
{
	char path[PATH_MAX + 32];

	if (video->part == 0)
		snprintf(path, sizeof(path), "%s", video->path);
	else
		snprintf(path, sizeof(path), "%.*s-%u%s", (int)video->suffix, video->path,
			video->part, video->path + video->suffix);
	video->part++;
	video->width = frame->width;
	video->height = frame->height;
	video->sequence = frame->sequence - 1;
	video->size = (size_t)frame->width * frame->height * (video->y4m ? 3 : 4);
	video->bytes = malloc(video->size);
	if (!video->bytes)
		return -ENOMEM;
	video->file = fopen(path, "wbe");
	return video->file ? write_header(video, frame) : -errno;
}

static int write_bytes(struct video *video)
{
	if (video->y4m && fputs("FRAME\n", video->file) < 0)
		return -errno;
	return fwrite(video->bytes, video->size, 1, video->file) == 1 ? 0 : -errno;
}

static int write_frame(void *data, const struct kms_queued_frame *frame)
{
	struct video *video = data;
	int ret = 0;

	if (!video->file || frame->width != video->width || frame->height != video->height) {
		ret = close_file(video);
		if (ret == 0)
			ret = open_file(video, frame);
		if (ret < 0) {
			close_file(video);
			return ret;
		}
	}
	/* Until now the last one was on the screen. */
	while (++video->sequence < frame->sequence && ret == 0)
		ret = write_bytes(video);
	convert(video, frame);
	video->sequence = frame->sequence;
	return ret < 0 ? ret : write_bytes(video);
}

static int finish(void *data)
{
	struct video *video = data;
	int ret = close_file(video);

	free(video);
	return ret;
}

int kms_video_sink_create(struct kms_crtc *crtc, const char *path, struct kms_sink **out)
{
	static const struct kms_queue_ops ops = {write_frame, finish};
	const char *suffix = strrchr(path, '.');
	struct video *video;
	int ret;

	if (!suffix || (strcmp(suffix, ".y4m") != 0 && strcmp(suffix, ".raw") != 0))
		return -EINVAL;
	if (strlen(path) >= sizeof(video->path))
		return -ENAMETOOLONG;
	video = calloc(1, sizeof(*video));
	if (!video)
		return -ENOMEM;
	strcpy(video->path, path);
	video->suffix = suffix - path;
	video->y4m = strcmp(suffix, ".y4m") == 0;
	/* Errors of the place are told now, not with the first frame. */
	video->file = fopen(path, "wbe");
	ret = video->file ? close_file(video) : -errno;
	if (ret == 0)
		ret = kms_queue_sink_create(crtc, path, &ops, video, out);
	if (ret < 0)
		free(video);
	return ret;
}
