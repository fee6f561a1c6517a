#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gem_guard.h"
#include "kms_sink.h"

enum { PNG_QUEUE_MAX = 32 };

struct png_frame {
	struct gem_list link; /* png_sink.queue; png_sink.lock */
	uint32_t width, height;
	uint64_t sequence;
	uint8_t pixels[]; /* width * 4 pitch */
};

struct png_sink {
	struct kms_sink base; /* first */
	unsigned crtc_index;
	char *dir, *prefix;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct gem_list queue; /* lock, as all below */
	unsigned queued;
	uint64_t dropped, failed;
	bool ending;
};

static void png_sink_frame(struct kms_sink *base, const struct kms_frame *frame)
{
	struct png_sink *sink = (struct png_sink *)base;

	if (frame->width == 0)
		return;
	size_t row = (size_t)frame->width * 4;
	pthread_mutex_lock(&sink->lock);
	bool full = sink->queued >= PNG_QUEUE_MAX;
	struct png_frame *copy = full ? NULL : malloc(sizeof(*copy) + row * frame->height);
	if (!copy) {
		sink->dropped++;
		pthread_mutex_unlock(&sink->lock);
		return;
	}
	sink->queued++;
	pthread_mutex_unlock(&sink->lock);

	copy->width = frame->width;
	copy->height = frame->height;
	copy->sequence = frame->sequence;
	for (uint32_t y = 0; y < frame->height; y++)
		memcpy(copy->pixels + y * row, frame->pixels + (size_t)y * frame->pitch, row);
	pthread_mutex_lock(&sink->lock);
	gem_list_add_tail(&sink->queue, &copy->link);
	pthread_cond_signal(&sink->changed);
	pthread_mutex_unlock(&sink->lock);
}

static int write_frame(const struct png_sink *sink, const struct png_frame *frame)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%scrtc%u-%08llu.png", sink->dir, sink->prefix,
			sink->crtc_index, (unsigned long long)frame->sequence) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return kms_png_write(path, frame->pixels, frame->width, frame->height, frame->width * 4);
}

static void *png_sink_thread(void *data)
{
	struct png_sink *sink = data;

	pthread_mutex_lock(&sink->lock);
	for (;;) {
		while (gem_list_empty(&sink->queue) && !sink->ending)
			pthread_cond_wait(&sink->changed, &sink->lock);
		if (gem_list_empty(&sink->queue))
			break;
		struct png_frame *frame = gem_list_entry(sink->queue.next, struct png_frame, link);
		gem_list_del(&frame->link);
		pthread_mutex_unlock(&sink->lock);
		int ret = write_frame(sink, frame);
		free(frame);
		pthread_mutex_lock(&sink->lock);
		sink->queued--;
		/* A full disk fails sixty times a second: say it once, count the rest. */
		if (ret < 0 && sink->failed++ == 0)
			gem_error("kms", "writing a frame to %s: %s", sink->dir, strerror(-ret));
	}
	pthread_mutex_unlock(&sink->lock);
	return NULL;
}

/* Signals are for the program's own threads. */
static int start_thread(struct png_sink *sink)
{
	sigset_t all, old;

	gem_guard_fill_signals(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int ret = pthread_create(&sink->thread, NULL, png_sink_thread, sink);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -ret;
}

int kms_png_sink_create(struct kms_crtc *crtc, const char *dir, const char *prefix,
	struct kms_sink **out)
{
	int ret = -ENOMEM;

	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		return -errno;
	struct png_sink *sink = calloc(1, sizeof(*sink));
	if (!sink)
		return ret;
	sink->dir = strdup(dir);
	sink->prefix = strdup(prefix);
	if (!sink->dir || !sink->prefix)
		goto free_names;
	sink->base.frame = png_sink_frame;
	sink->crtc_index = crtc->index;
	gem_list_init(&sink->queue);
	pthread_mutex_init(&sink->lock, NULL);
	pthread_cond_init(&sink->changed, NULL);
	ret = start_thread(sink);
	if (ret < 0)
		goto destroy_lock;
	kms_sink_attach(&sink->base, crtc);
	*out = &sink->base;
	return 0;

destroy_lock:
	pthread_cond_destroy(&sink->changed);
	pthread_mutex_destroy(&sink->lock);
free_names:
	free(sink->dir);
	free(sink->prefix);
	free(sink);
	return ret;
}

void kms_png_sink_destroy(struct kms_sink *base)
{
	struct png_sink *sink = (struct png_sink *)base;

	kms_sink_detach(base);
	pthread_mutex_lock(&sink->lock);
	sink->ending = true;
	pthread_cond_signal(&sink->changed);
	pthread_mutex_unlock(&sink->lock);
	pthread_join(sink->thread, NULL);
	if (sink->dropped || sink->failed)
		gem_warn("kms", "%s: %llu frames dropped, %llu not written", sink->dir,
			(unsigned long long)sink->dropped, (unsigned long long)sink->failed);
	pthread_cond_destroy(&sink->changed);
	pthread_mutex_destroy(&sink->lock);
	free(sink->dir);
	free(sink->prefix);
	free(sink);
}
