#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gem_thread.h"
#include "kms_queue_sink.h"
#include "kms_time.h"

struct queue_sink {
	struct kms_sink base; /* first */
	char *name;
	const struct kms_queue_ops *ops;
	void *data;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct gem_list queue; /* lock, as all below */
	unsigned queued;
	uint64_t dropped, failed;
	bool ending;
};

static enum kms_time_mode time_mode(const struct queue_sink *sink)
{
	return kms_time_mode(sink->base.crtc->base.dev);
}

/* A place in the queue, or NULL: full, or no memory. */
static struct kms_queued_frame *reserve(struct queue_sink *sink, const struct kms_frame *frame)
{
	size_t size = (size_t)frame->width * 4 * frame->height;
	struct kms_queued_frame *copy = NULL;

	pthread_mutex_lock(&sink->lock);
	while (sink->queued >= KMS_QUEUE_MAX && time_mode(sink) != KMS_TIME_REAL)
		pthread_cond_wait(&sink->changed, &sink->lock);
	if (sink->queued < KMS_QUEUE_MAX)
		copy = malloc(sizeof(*copy) + size);
	if (copy)
		sink->queued++;
	else
		sink->dropped++;
	pthread_mutex_unlock(&sink->lock);
	return copy;
}

/* The mode may be another one by now, and then a frame of its own tells it. */
static void read_period(const struct kms_sink *sink, struct kms_queued_frame *copy)
{
	struct kms_device *dev = sink->crtc->base.dev;

	pthread_mutex_lock(&dev->lock);
	copy->period_num = sink->crtc->vblank->period_num;
	copy->period_den = sink->crtc->vblank->period_den;
	pthread_mutex_unlock(&dev->lock);
}

static void queue_frame(struct kms_sink *base, const struct kms_frame *frame)
{
	struct queue_sink *sink = (struct queue_sink *)base;
	size_t row = (size_t)frame->width * 4;

	if (frame->width == 0)
		return;
	struct kms_queued_frame *copy = reserve(sink, frame);
	if (!copy)
		return;
	copy->width = frame->width;
	copy->height = frame->height;
	copy->sequence = frame->sequence;
	read_period(base, copy);
	for (uint32_t y = 0; y < frame->height; y++)
		memcpy(copy->pixels + y * row, frame->pixels + (size_t)y * frame->pitch, row);
	pthread_mutex_lock(&sink->lock);
	gem_list_add_tail(&sink->queue, &copy->link);
	pthread_cond_broadcast(&sink->changed);
	while (sink->queued > 0 && time_mode(sink) == KMS_TIME_FROZEN)
		pthread_cond_wait(&sink->changed, &sink->lock);
	pthread_mutex_unlock(&sink->lock);
}

static void *queue_thread(void *data)
{
	struct queue_sink *sink = data;

	pthread_mutex_lock(&sink->lock);
	for (;;) {
		while (gem_list_empty(&sink->queue) && !sink->ending)
			pthread_cond_wait(&sink->changed, &sink->lock);
		if (gem_list_empty(&sink->queue))
			break;
		struct kms_queued_frame *frame = gem_list_entry(sink->queue.next,
			struct kms_queued_frame, link);
		gem_list_del(&frame->link);
		pthread_mutex_unlock(&sink->lock);
		int ret = sink->ops->write(sink->data, frame);
		free(frame);
		pthread_mutex_lock(&sink->lock);
		sink->queued--;
		pthread_cond_broadcast(&sink->changed);
		/* A full disk fails sixty times a second: say it once, count the rest. */
		if (ret < 0 && sink->failed++ == 0)
			gem_error("kms", "writing a frame to %s: %s", sink->name, strerror(-ret));
	}
	pthread_mutex_unlock(&sink->lock);
	return NULL;
}

int kms_queue_sink_create(struct kms_crtc *crtc, const char *name,
	const struct kms_queue_ops *ops, void *data, struct kms_sink **out)
{
	struct queue_sink *sink = calloc(1, sizeof(*sink));
	int ret = -ENOMEM;

	if (!sink)
		return ret;
	sink->name = strdup(name);
	if (!sink->name)
		goto free_sink;
	sink->base.frame = queue_frame;
	sink->ops = ops;
	sink->data = data;
	gem_list_init(&sink->queue);
	pthread_mutex_init(&sink->lock, NULL);
	pthread_cond_init(&sink->changed, NULL);
	ret = gem_thread_start(&sink->thread, NULL, queue_thread, sink);
	if (ret < 0)
		goto destroy_lock;
	kms_sink_attach(&sink->base, crtc);
	*out = &sink->base;
	return 0;

destroy_lock:
	pthread_cond_destroy(&sink->changed);
	pthread_mutex_destroy(&sink->lock);
	free(sink->name);
free_sink:
	free(sink);
	return ret;
}

void kms_queue_sink_destroy(struct kms_sink *base)
{
	struct queue_sink *sink = (struct queue_sink *)base;

	kms_sink_detach(base);
	pthread_mutex_lock(&sink->lock);
	sink->ending = true;
	pthread_cond_broadcast(&sink->changed);
	pthread_mutex_unlock(&sink->lock);
	pthread_join(sink->thread, NULL);
	int ret = sink->ops->finish(sink->data);
	if (ret < 0)
		gem_error("kms", "%s: %s", sink->name, strerror(-ret));
	if (sink->dropped || sink->failed)
		gem_warn("kms", "%s: %llu frames dropped, %llu not written", sink->name,
			(unsigned long long)sink->dropped, (unsigned long long)sink->failed);
	pthread_cond_destroy(&sink->changed);
	pthread_mutex_destroy(&sink->lock);
	free(sink->name);
	free(sink);
}
