#include <errno.h>
#include <stdlib.h>

#include "gem_domain.h"
#include "kms_sink.h"
#include "kms_snapshot.h"
#include "kms_vblank.h"
#include "kms_writeback.h"
#include "kms_writeback_write.h"

/* From kms_sinks_begin_locked to the end of kms_sinks_run. */
struct kms_sink_run {
	struct kms_snapshot shot;
	uint64_t sequence, time_ns;
	bool sinks, crc;                /* some sink is due; and wants the CRC */
	struct kms_writeback_job *jobs; /* list, owned */
};

void kms_sink_attach(struct kms_sink *sink, struct kms_crtc *crtc)
{
	pthread_cond_init(&sink->idle, NULL);
	sink->crtc = crtc;
	sink->due = sink->busy = sink->served = false;
	pthread_mutex_lock(&crtc->base.dev->lock);
	gem_list_add_tail(&crtc->sinks, &sink->link);
	kms_clock_attend_locked(crtc);
	pthread_mutex_unlock(&crtc->base.dev->lock);
}

/* The buffer goes with the last sink: no memory is kept for what nobody watches. */
static void free_buffer_locked(struct kms_crtc *crtc)
{
	if (crtc->sinks_running || !gem_list_empty(&crtc->sinks))
		return;
	free(crtc->sink_pixels);
	crtc->sink_pixels = NULL;
	crtc->sink_pixels_size = 0;
}

void kms_sink_detach(struct kms_sink *sink)
{
	struct kms_crtc *crtc = sink->crtc;
	struct kms_device *dev = crtc->base.dev;

	pthread_mutex_lock(&dev->lock);
	gem_list_del(&sink->link);
	while (sink->busy)
		pthread_cond_wait(&sink->idle, &dev->lock);
	free_buffer_locked(crtc);
	pthread_mutex_unlock(&dev->lock);
	pthread_cond_destroy(&sink->idle);
}

/* Which sinks want the frame with this serial. */
static void mark_due_locked(struct kms_crtc *crtc, struct kms_sink_run *run)
{
	struct kms_sink *sink;

	gem_list_for_each(sink, &crtc->sinks, link) {
		bool changed = !sink->served || sink->last_serial != crtc->scanout_serial;
		/* Off stays off: one empty frame, also for those who want them all. */
		sink->due = changed || (sink->every_vblank && crtc->state.active);
		run->sinks |= sink->due;
		run->crc |= sink->due && sink->wants_crc;
	}
}

static struct kms_sink *next_due_locked(struct kms_crtc *crtc)
{
	struct kms_sink *sink;

	gem_list_for_each(sink, &crtc->sinks, link) {
		if (sink->due)
			return sink;
	}
	return NULL;
}

/*
 * The list is looked at anew for each sink, as others may be detached while one
 * runs without the lock.
 */
static void deliver(struct kms_crtc *crtc, const struct kms_frame *frame)
{
	struct kms_device *dev = crtc->base.dev;
	struct kms_sink *sink;

	pthread_mutex_lock(&dev->lock);
	while ((sink = next_due_locked(crtc))) {
		sink->due = false;
		sink->busy = true;
		sink->served = true;
		sink->last_serial = frame->scanout_serial;
		pthread_mutex_unlock(&dev->lock);
		sink->frame(sink, frame);
		pthread_mutex_lock(&dev->lock);
		sink->busy = false;
		pthread_cond_broadcast(&sink->idle);
	}
	crtc->sinks_running = false;
	free_buffer_locked(crtc);
	pthread_mutex_unlock(&dev->lock);
}

/* 0, or -ENOMEM: the sinks stay due for the next vblank. */
static int grow_buffer(struct kms_crtc *crtc, size_t size)
{
	if (size <= crtc->sink_pixels_size)
		return 0;
	uint8_t *pixels = aligned_alloc(64, GEM_ALIGN(size, 64));
	if (!pixels)
		return -ENOMEM;
	free(crtc->sink_pixels);
	crtc->sink_pixels = pixels;
	crtc->sink_pixels_size = size;
	return 0;
}

static void abandon_run(struct kms_crtc *crtc)
{
	pthread_mutex_lock(&crtc->base.dev->lock);
	crtc->sinks_running = false;
	free_buffer_locked(crtc);
	pthread_mutex_unlock(&crtc->base.dev->lock);
}

bool kms_sinks_begin_locked(struct kms_crtc *crtc, uint64_t sequence, uint64_t time_ns)
{
	struct kms_sink_run *run, marks = {.sequence = sequence, .time_ns = time_ns};

	mark_due_locked(crtc, &marks);
	if (!marks.sinks && !crtc->writebacks)
		return false;
	run = malloc(sizeof(*run));
	if (!run) /* sinks stay due and jobs queued for the next vblank */
		return false;
	*run = marks;
	run->jobs = crtc->writebacks;
	crtc->writebacks = NULL;
	kms_snapshot_take_locked(&run->shot, crtc);
	crtc->sink_run = run;
	crtc->sinks_running = true;
	return true;
}

/* The picture in crtc->sink_pixels. */
static int compose(struct kms_crtc *crtc, const struct kms_sink_run *run, uint32_t *crc)
{
	const struct kms_snapshot *shot = &run->shot;
	int ret = grow_buffer(crtc, (size_t)shot->width * shot->height * 4);

	if (ret < 0 || shot->width == 0)
		return ret;
	const struct kms_compose_target target = {
		.pixels = crtc->sink_pixels, .width = shot->width, .height = shot->height,
		.pitch = shot->width * 4, .crc = run->crc ? crc : NULL,
	};
	return kms_snapshot_compose(shot, &target);
}

/* The GTT's view of a tiled fb is part of it, before and after. */
static int write_frame(const struct kms_sink_run *run, const uint8_t *composed,
	const struct kms_framebuffer *fb)
{
	struct gem_object *obj = fb->planes[0].object;

	if (obj)
		gem_object_scanout(obj);
	int ret = kms_writeback_write(&run->shot, composed, fb);
	if (obj)
		gem_object_scanout(obj);
	return ret;
}

static void run_jobs(const struct kms_sink_run *run, const uint8_t *composed)
{
	struct kms_writeback_job *job, *next;

	for (job = run->jobs; job; job = next) {
		next = job->next;
		kms_writeback_finish(job, job->error ? job->error :
			write_frame(run, composed, job->fb));
	}
}

void kms_sinks_run(struct kms_crtc *crtc)
{
	struct kms_sink_run *run = crtc->sink_run;
	struct kms_frame frame = {
		.width = run->shot.width, .height = run->shot.height,
		.pitch = run->shot.width * 4, .sequence = run->sequence,
		.time_ns = run->time_ns, .crtc_id = crtc->base.id,
		.scanout_serial = run->shot.serial, .since = run->shot.since,
	};
	int ret = run->sinks ? compose(crtc, run, &frame.crc) : 0;

	crtc->sink_run = NULL;
	if (ret < 0)
		gem_warn("kms", "no memory to compose %ux%u", frame.width, frame.height);
	frame.pixels = crtc->sink_pixels;
	run_jobs(run, run->sinks && ret == 0 ? crtc->sink_pixels : NULL);
	kms_snapshot_drop(&run->shot);
	if (run->sinks && ret == 0)
		deliver(crtc, &frame);
	else
		abandon_run(crtc);
	free(run);
}

int kms_screenshot(struct kms_crtc *crtc, uint8_t **pixels, uint32_t *width, uint32_t *height,
	uint64_t *sequence)
{
	struct kms_device *dev = crtc->base.dev;
	struct kms_snapshot shot;

	pthread_mutex_lock(&dev->lock);
	kms_snapshot_take_locked(&shot, crtc);
	*sequence = crtc->vblank->count;
	pthread_mutex_unlock(&dev->lock);
	if (!shot.width)
		return -ENODATA;
	const struct kms_compose_target target = {
		.pixels = malloc((size_t)shot.width * shot.height * 4), .width = shot.width,
		.height = shot.height, .pitch = shot.width * 4,
	};
	int ret = target.pixels ? kms_snapshot_compose(&shot, &target) : -ENOMEM;
	kms_snapshot_drop(&shot);
	if (ret < 0) {
		free(target.pixels);
		return ret;
	}
	*pixels = target.pixels;
	*width = target.width;
	*height = target.height;
	return 0;
}
