#include <errno.h>
#include <stdlib.h>

#include "gem_domain.h"
#include "kms_compose.h"
#include "kms_sink.h"
#include "kms_vblank.h"

/* What a crtc shows at one moment, with references: composed without dev->lock. */
struct kms_sink_snapshot {
	uint32_t width, height; /* 0x0 = off */
	uint64_t serial, sequence, time_ns;
	unsigned count;
	struct kms_compose_plane planes[KMS_MAX_PLANES]; /* bottom first */
};

static void snapshot_add(struct kms_sink_snapshot *shot, uint32_t *zpos, const struct kms_plane *plane)
{
	const struct kms_plane_state *state = &plane->scanout;
	unsigned at = shot->count++;

	for (; at > 0 && zpos[at - 1] > state->normalized_zpos; at--) {
		shot->planes[at] = shot->planes[at - 1];
		zpos[at] = zpos[at - 1];
	}
	kms_object_get(&state->fb->base);
	zpos[at] = state->normalized_zpos;
	shot->planes[at] = (struct kms_compose_plane) {
		.fb = state->fb,
		.crtc_x = state->crtc_x, .crtc_y = state->crtc_y,
		.crtc_w = state->crtc_w, .crtc_h = state->crtc_h,
		.src_x = state->src_x, .src_y = state->src_y,
		.src_w = state->src_w, .src_h = state->src_h,
		.rotation = state->rotation, .alpha = state->alpha, .blend = state->blend,
		.encoding = state->encoding, .range = state->range,
	};
}

static void snapshot_take_locked(struct kms_sink_snapshot *shot, struct kms_crtc *crtc)
{
	struct kms_device *dev = crtc->base.dev;
	uint32_t zpos[KMS_MAX_PLANES];

	shot->serial = crtc->scanout_serial;
	shot->count = 0;
	shot->width = shot->height = 0;
	if (!crtc->state.active)
		return;
	shot->width = crtc->state.mode.hdisplay;
	shot->height = crtc->state.mode.vdisplay;
	for (unsigned i = 0; i < dev->plane_count; i++) {
		if (dev->planes[i].scanout.crtc == crtc && dev->planes[i].scanout.fb)
			snapshot_add(shot, zpos, &dev->planes[i]);
	}
}

static void snapshot_drop(struct kms_sink_snapshot *shot)
{
	for (unsigned i = 0; i < shot->count; i++)
		kms_object_put((struct kms_object *)&shot->planes[i].fb->base);
}

static size_t snapshot_size(const struct kms_sink_snapshot *shot)
{
	return (size_t)shot->width * shot->height * 4;
}

/* Without dev->lock: what clients wrote through the GTT arrives in memory before. */
static void snapshot_compose(const struct kms_sink_snapshot *shot, uint8_t *pixels)
{
	for (unsigned i = 0; i < shot->count; i++) {
		const struct kms_framebuffer *fb = shot->planes[i].fb;

		for (int plane = 0; plane < 4; plane++) {
			if (fb->planes[plane].object)
				gem_object_scanout(fb->planes[plane].object);
		}
	}
	kms_compose(pixels, shot->width, shot->height, shot->width * 4, shot->planes, shot->count,
		NULL);
}

void kms_sink_attach(struct kms_sink *sink, struct kms_crtc *crtc)
{
	pthread_cond_init(&sink->idle, NULL);
	sink->crtc = crtc;
	sink->due = sink->busy = sink->served = false;
	pthread_mutex_lock(&crtc->base.dev->lock);
	gem_list_add_tail(&crtc->sinks, &sink->link);
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

/* True when some sink wants the frame with this serial. */
static bool mark_due_locked(struct kms_crtc *crtc)
{
	struct kms_sink *sink;
	bool any = false;

	gem_list_for_each(sink, &crtc->sinks, link) {
		bool changed = !sink->served || sink->last_serial != crtc->scanout_serial;
		/* Off stays off: one empty frame, also for those who want them all. */
		sink->due = changed || (sink->every_vblank && crtc->state.active);
		any |= sink->due;
	}
	return any;
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
	struct kms_sink_snapshot *shot;

	if (!mark_due_locked(crtc))
		return false;
	shot = malloc(sizeof(*shot));
	if (!shot) /* the sinks stay due for the next vblank */
		return false;
	snapshot_take_locked(shot, crtc);
	shot->sequence = sequence;
	shot->time_ns = time_ns;
	crtc->sink_snapshot = shot;
	crtc->sinks_running = true;
	return true;
}

void kms_sinks_run(struct kms_crtc *crtc)
{
	struct kms_sink_snapshot *shot = crtc->sink_snapshot;

	crtc->sink_snapshot = NULL;
	if (grow_buffer(crtc, snapshot_size(shot)) < 0) {
		gem_warn("kms", "no memory to compose %ux%u", shot->width, shot->height);
		snapshot_drop(shot);
		free(shot);
		abandon_run(crtc);
		return;
	}
	if (shot->width) {
		snapshot_compose(shot, crtc->sink_pixels);
		__atomic_fetch_add(&crtc->base.dev->frames_composed, 1, __ATOMIC_RELAXED);
	}
	snapshot_drop(shot);
	const struct kms_frame frame = {
		.pixels = crtc->sink_pixels,
		.width = shot->width, .height = shot->height, .pitch = shot->width * 4,
		.sequence = shot->sequence, .time_ns = shot->time_ns,
		.crtc_id = crtc->base.id, .scanout_serial = shot->serial,
	};
	free(shot);
	deliver(crtc, &frame);
}

int kms_screenshot(struct kms_crtc *crtc, uint8_t **pixels, uint32_t *width, uint32_t *height,
	uint64_t *sequence)
{
	struct kms_device *dev = crtc->base.dev;
	struct kms_sink_snapshot shot;

	pthread_mutex_lock(&dev->lock);
	snapshot_take_locked(&shot, crtc);
	*sequence = crtc->vblank->count;
	pthread_mutex_unlock(&dev->lock);
	if (!shot.width)
		return -ENODATA;

	*pixels = malloc(snapshot_size(&shot));
	if (!*pixels) {
		snapshot_drop(&shot);
		return -ENOMEM;
	}
	snapshot_compose(&shot, *pixels);
	__atomic_fetch_add(&dev->frames_composed, 1, __ATOMIC_RELAXED);
	snapshot_drop(&shot);
	*width = shot.width;
	*height = shot.height;
	return 0;
}
