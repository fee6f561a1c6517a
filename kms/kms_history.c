#include <stdlib.h>

#include "kms_framebuffer.h"
#include "kms_history.h"
#include "kms_vblank.h"

struct kms_history {
	uint64_t count; /* vblanks ever written down; dev->lock, as all below */
	struct kms_history_vblank vblanks[KMS_HISTORY_VBLANKS];
};

struct kms_history *kms_history_create(void)
{
	/* Pages that no vblank needs are never touched. */
	return calloc(1, sizeof(struct kms_history));
}

static void describe(struct kms_history_plane *out, const struct kms_plane *plane)
{
	struct kms_framebuffer *fb = plane->scanout.fb;
	struct gem_object *obj = fb->planes[0].object;
	int32_t client = atomic_load(&fb->client);

	out->plane_id = plane->base.id;
	out->fb_id = fb->base.id;
	out->owner = client ? client : fb->maker;
	out->buffer = obj->serial;
	/* No lock of a client's here. The creator was there before the framebuffer, and stays. */
	out->creator = obj->creator;
	out->name = atomic_load(&obj->name);
	out->ino = atomic_load(&obj->identity.st_ino);
}

void kms_history_add_locked(struct kms_crtc *crtc)
{
	struct kms_history *history = crtc->history;
	struct kms_history_vblank *vblank =
		&history->vblanks[history->count++ % KMS_HISTORY_VBLANKS];
	const struct kms_device *dev = crtc->base.dev;

	vblank->count = crtc->vblank->count;
	vblank->time_ns = crtc->vblank->time_ns;
	vblank->flips = crtc->flip_count;
	vblank->plane_count = 0;
	for (unsigned i = 0; i < dev->plane_count; i++) {
		const struct kms_plane *plane = &dev->planes[i];

		if (plane->scanout.crtc != crtc || !plane->scanout.fb)
			continue;
		if (vblank->plane_count < KMS_HISTORY_PLANES)
			describe(&vblank->planes[vblank->plane_count], plane);
		vblank->plane_count++;
	}
}

unsigned kms_history_read(struct kms_crtc *crtc, struct kms_history_vblank *vblanks,
	unsigned max)
{
	const struct kms_history *history = crtc->history;

	pthread_mutex_lock(&crtc->base.dev->lock);
	uint64_t count = history->count < max ? history->count : max;
	if (count > KMS_HISTORY_VBLANKS)
		count = KMS_HISTORY_VBLANKS;
	for (uint64_t i = 0; i < count; i++)
		vblanks[i] = history->vblanks[(history->count - count + i) % KMS_HISTORY_VBLANKS];
	pthread_mutex_unlock(&crtc->base.dev->lock);
	return count;
}
