#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kms_queue_sink.h"

/* "<dir>/<prefix>crtc<index>" */
struct png_files {
	char start[PATH_MAX];
};

static int write_frame(void *data, const struct kms_queued_frame *frame)
{
	const struct png_files *files = data;
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s-%08llu.png", files->start,
		(unsigned long long)frame->sequence);
	return kms_png_write(path, frame->pixels, frame->width, frame->height, frame->width * 4);
}

static int finish(void *data)
{
	free(data);
	return 0;
}

int kms_png_sink_create(struct kms_crtc *crtc, const char *dir, const char *prefix,
	struct kms_sink **out)
{
	static const struct kms_queue_ops ops = {write_frame, finish};
	struct png_files *files;
	int ret = 0;

	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		return -errno;
	files = malloc(sizeof(*files));
	if (!files)
		return -ENOMEM;
	if (snprintf(files->start, sizeof(files->start), "%s/%scrtc%u", dir, prefix,
			crtc->index) >= (int)sizeof(files->start))
		ret = -ENAMETOOLONG;
	if (ret == 0)
		ret = kms_queue_sink_create(crtc, dir, &ops, files, out);
	if (ret < 0)
		free(files);
	return ret;
}
